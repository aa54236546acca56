"""The graded cells of a graded notebook, as a student reads of them, in the language spoken."""

import re
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from nbformat import NotebookNode

from autograder.common.error_outputs import error_text, error_with_line, is_unanswered
from autograder.common.language import english, gettext, translated
from autograder.grading.failed_answers import failed_answer
from autograder.grading.submission import NotebookTask
from autograder.notebooks.headings import last_heading
from autograder.notebooks.instructor import InstructorCell
from autograder.notebooks.reading import Mend

MAX_MESSAGE = 2_000
NOT_RUN = english("it has not been run")
UNANSWERED = english("You have not answered this exercise yet.")
# Errors that grading raises itself: why a cell was stopped, and why a test got no value, under Python's names as well.
_OURS = re.compile(
    r"\w+Limit|NotebookCrashed|WeightsRefused|DeadKernelError|LimitExceeded|CellTimeoutError"
    r"|CannotCross|RpcError|TimeoutError|RuntimeError|TypeError|AttributeError"
)
_ADDED = ("Not graded: ", "… further output is left out")  # how what grading adds to a cell's output begins
_CONTROL = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]|[\x00-\x08\x0b-\x1f\x7f]")  # colours, and what else steers a terminal


@dataclass(frozen=True)
class Test:
    """One graded cell. `score` is None where there is none yet: a person gives it, and `message` says why."""

    __test__ = False  # not a test class, whatever pytest makes of its name

    name: str
    score: float | None
    points: float
    message: str = ""
    unanswered: bool = False  # whether the message says so


def tests_of(work: NotebookTask, told: Collection[int]) -> list[Test]:
    """A test for each cell that has points, in the instructor's order, named by the heading above it.

    `told`: the cells of the notebook, by index, of whose errors the reader knows already.
    """
    assert work.job is not None
    assert work.notebook is not None
    assert work.outcome is not None
    places = {cell.metadata.get("nbgrader", {}).get("grade_id", ""): i for i, cell in enumerate(work.notebook.cells)}
    tests = []
    known = set(told)
    for cell, name in _named(work.job.version.cells):
        grade_id = str(cell.grade_id)
        if cell.solution or cell.task or cell.cell_type != "code":
            tests.append(Test(name, None, cell.points, gettext("This is graded by hand.")))
            continue
        score = work.outcome.scores.get(grade_id)
        if score is None:
            reason = work.outcome.reasons.get(grade_id, NOT_RUN)
            tests.append(Test(name, None, cell.points, translated(not_graded(reason))))
        else:
            lost = score != cell.points and grade_id in places
            message = message_of(work.notebook.cells, work.outcome.outputs, places[grade_id], known) if lost else ""
            tests.append(Test(name, score, cell.points, message, message == translated(UNANSWERED)))
    return tests


def not_graded(reason: str) -> str:
    """What is said in English, in a notebook's output too, of a test that has no points for that reason."""
    return english("Not graded: %(reason)s. Your instructor will look at it.", reason=reason)


def spoken_error(error: Mapping[str, Any]) -> dict[str, Any]:
    """An error among a notebook's outputs, with what it says in the language spoken if it is grading that says it."""
    if not _OURS.fullmatch(str(error.get("ename", ""))):
        return dict(error)
    lines = str(error.get("evalue", "")).split("\n")  # one for each value that a test could not get
    return {**error, "evalue": "\n".join(map(translated, lines))}


def spoken_text(text: str) -> str:
    """What one output of the kind "stream" says: as it is, but what grading added is in the language spoken."""
    added = text.startswith(_ADDED) and text.endswith("\n")
    return f"{translated(text[:-1])}\n" if added else text


def describe_mends(mends: Sequence[Mend]) -> list[str]:
    """What was put right before grading: a line for each kind, with the cells that it was done to."""
    cells: dict[str, list[str]] = {}
    for mend in mends:
        cells.setdefault(mend.to_student, []).append(mend.cell)
    return [f"{', '.join(map(translated, names))}: {translated(what)}" for what, names in cells.items()]


def _named(cells: Sequence[InstructorCell]) -> list[tuple[InstructorCell, str]]:
    """The cells that have points, each with a name of its own."""
    heading, found = "", []
    for cell in cells:
        if cell.cell_type == "markdown":
            heading = last_heading(cell.released) or heading
        if (cell.grade or cell.task) and cell.points:
            found.append((cell, heading or str(cell.grade_id)))
    count = Counter(name for _, name in found)
    return [(cell, name if count[name] == 1 else f"{name} ({cell.grade_id})") for cell, name in found]


def message_of(
    cells: Sequence[NotebookNode], outputs: Sequence[Sequence[dict[str, Any]]], test: int, told: set[int]
) -> str:
    """What the test at that index said, which did not give all its points: its error, else what it printed.

    No traceback: it shows the test. Where it lacks a name because the student's own cell ended in an error, that error,
    once: the cell is added to those that are `told`.
    """
    errors = [output for output in outputs[test] if output["output_type"] == "error"]
    answer = failed_answer(cells, outputs, test) if errors else None
    if any(map(is_unanswered, errors)) or (answer and answer.explains and is_unanswered(answer.error)):
        said = translated(UNANSWERED)
    elif answer and answer.explains:
        name = cells[answer.index].metadata.get("nbgrader", {}).get("grade_id", "")
        if answer.index in told:
            said = gettext("Your cell %(cell)s ended in an error (see above).", cell=name)
        else:
            said = gettext(
                "Your cell %(cell)s ended in an error. %(error)s",
                cell=name,
                error=error_with_line(spoken_error(answer.error)),
            )
        told.add(answer.index)
    elif errors:
        said = error_text(spoken_error(errors[-1]))
    else:
        printed = (output["text"] for output in outputs[test] if output["output_type"] == "stream")
        said = "".join(spoken_text(_text(text)) for text in printed)
    said = _CONTROL.sub("", said).strip()
    return said if len(said) <= MAX_MESSAGE else f"{said[:MAX_MESSAGE]}…"


def _text(value: Any) -> str:
    return "".join(value) if isinstance(value, list) else str(value)
