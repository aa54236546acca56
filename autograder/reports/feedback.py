"""A student's page on one graded notebook: what is in it, from the notebook, its record and the gradebook."""

from collections.abc import Mapping
from dataclasses import dataclass

from markupsafe import Markup
from nbformat import NotebookNode

from autograder.common.error_outputs import is_unanswered
from autograder.common.language import gettext
from autograder.grading.failed_answers import FailedAnswer, failed_answer
from autograder.grading.record import GradeRecord
from autograder.reports import charts, pages, test_messages
from autograder.reports.exercises import Exercise, ExerciseItem, Marks, exercises
from autograder.reports.sanitize import markdown
from autograder.reports.shown import shown
from autograder.reports.trained_models import Model, TrainingSummary, models, trainings

NO_RESPONSE = "No response."  # nbgrader's comment on an answer that is as it was released
PUT_RIGHT = "put-right"  # id of the cell in which grading told what it mended


@dataclass(frozen=True)
class StoppedCell:
    """A student's cell that ended in an error."""

    index: int  # of the cell
    message: test_messages.TestMessage
    told: bool  # whether an earlier finding tells of it already
    explains: bool  # whether the test says nothing beyond that: it lacks a name that this cell should define


@dataclass(frozen=True)
class Finding:
    """What there is to say of a cell with points, beyond the points."""

    item: ExerciseItem
    failure: test_messages.TestMessage | None
    said: str
    ramp: charts.Ramp | None
    comment: Markup
    withheld: str  # why a test has no points yet
    stopped: StoppedCell | None  # the student's own cell that ended in an error, where the test failed because of it


@dataclass(frozen=True)
class Feedback:
    """All of a page."""

    student: str
    assignment: str
    notebook: str
    marks: Marks
    exercises: list[tuple[Exercise, list[Finding]]]
    models: list[Model]
    trainings: list[TrainingSummary]
    mends: list[tuple[str, str]]
    record: GradeRecord | None

    @property
    def pending(self) -> float:
        """Points that a person has not given yet."""
        return sum(item.mark.most for one, _ in self.exercises for item in one.items if item.mark.pending)

    @property
    def ramps(self) -> dict[str, charts.Ramp]:
        """What tests of a shown model measured, by grade_id; they stand beside the model."""
        shown = {model.grade_id for model in self.models}
        every = (finding for _, findings in self.exercises for finding in findings)
        return {one.item.grade_id: one.ramp for one in every if one.ramp and one.item.grade_id in shown}

    @property
    def advised(self) -> set[str]:
        """The tests of models, by grade_id, in which points are missing: for them there is advice on the training."""
        every = (finding.item for _, findings in self.exercises for finding in findings)
        return {item.grade_id for item in every if item.state in ("none", "part")}

    @property
    def unfinished(self) -> list[tuple[Exercise, list[Finding]]]:
        """Exercises in which points can still be got, or somebody wrote something."""
        return [
            (one, findings)
            for one, findings in self.exercises
            if one.state not in ("full", "no points") or any(finding.comment for finding in findings)
        ]


def read(notebook: NotebookNode, names: Mapping[str, str], marks: Marks, record: GradeRecord | None) -> Feedback:
    """The content of a page. `names` has student, assignment and notebook."""
    reasons = record.reasons if record else {}
    told = set[int]()
    found = [
        (one, [_finding(item, notebook, reasons, told) for item in one.items]) for one in exercises(notebook, marks)
    ]
    tested = models(record.run.models, record.run.seeds) if record else []
    return Feedback(
        names["student"],
        names["assignment"],
        names["notebook"],
        marks,
        found,
        tested,
        trainings(record.run.trainings, tested) if record else [],
        [(mend.cell, mend.to_student) for mend in record.mends] if record else [],
        record,
    )


def _finding(item: ExerciseItem, notebook: NotebookNode, reasons: Mapping[str, str], told: set[int]) -> Finding:
    """`told`: the cells of whose errors earlier findings tell; this one's is added."""
    outputs = item.cell.get("outputs", []) if item.kind == "test" else []
    failure = test_messages.failure(outputs) if item.state in ("none", "part", "pending") else None
    shown = [cell.get("outputs", []) for cell in notebook.cells]
    answer = failed_answer(notebook.cells, shown, item.index) if failure else None
    if answer and answer.explains and is_unanswered(answer.error):
        failure = test_messages.failure([answer.error])
    said = test_messages.said(outputs)
    measured = test_messages.measure(said)
    return Finding(
        item,
        failure,
        said if item.state in ("none", "part") or measured else "",
        charts.ramp(measured) if measured else None,
        markdown(_comment(item.comment), below=4) if item.comment else Markup(""),
        reasons.get(item.grade_id, "") if item.kind == "test" and item.state == "pending" else "",
        _stopped(answer, told),
    )


def _comment(text: str) -> str:
    return gettext("No response.") if text == NO_RESPONSE else text


def _stopped(found: FailedAnswer | None, told: set[int]) -> StoppedCell | None:
    message = test_messages.broken([found.error]) if found and not is_unanswered(found.error) else None
    if found is None or message is None:
        return None
    before = found.index in told
    told.add(found.index)
    return StoppedCell(found.index, message, before, found.explains)


def page(feedback: Feedback, notebook: NotebookNode, *, whole: bool = False) -> str:
    """The page, as HTML that needs nothing else. `whole`: the notebook has its hidden tests."""
    cells = [cell for cell in shown(notebook) if not (feedback.mends and _tells_mends(notebook.cells[cell.index]))]
    return pages.render(
        "feedback.html.j2",
        "feedback.css",
        feedback=feedback,
        cells=cells,
        cell_names={cell.index: cell.grade_id or gettext("number %(number)s", number=cell.index + 1) for cell in cells},
        items={finding.item.index: finding.item for _, findings in feedback.exercises for finding in findings},
        machine=_machine(feedback.record),
        whole=whole,
    )


def _tells_mends(cell: NotebookNode) -> bool:
    return bool(cell.cell_type == "markdown" and cell.get("id") == PUT_RIGHT)


def _machine(record: GradeRecord | None) -> list[tuple[str, str]]:
    """What a model's numbers depend on, in words; empty where nothing is known."""
    if record is None:
        return []
    environment, seed = record.environment, record.seeds.trainer
    found = [
        (gettext("Seed of the initial weights"), gettext("your notebook's own") if seed is None else str(seed)),
        (gettext("Device"), "GPU" if environment.device not in ("", "-1") else "CPU"),
        (gettext("Threads"), str(environment.threads)),
    ]
    kernel = record.kernel or environment  # of the same fields, as far as they are of interest here
    found += [("Python", kernel.python)] if kernel.python else []
    versions = kernel.versions
    return found + [(name, versions[name]) for name in ("tensorflow", "keras", "numpy") if name in versions]
