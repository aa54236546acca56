"""One notebook, run before the deadline as grading will run it, but for what students can't see.

It is held against the released notebook: no hidden test, no solution and no gradebook is needed. Three things are not
looked at, as only the reference solution tells them: what a student's objects may be asked in a test, which tests can't
be run apart from the student's code (`c.Grading.not_isolated` has those by name), and how long the reference takes, by
which grading limits cells further (here: `c.Grading.cell_seconds` by name, else `c.Limits.cell_seconds`).
"""

import ast
import hashlib
import time
from collections.abc import Collection, Mapping
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from nbgrader.utils import find_all_files

from autograder.common.error_outputs import error_with_line, is_unanswered
from autograder.common.errors import AutograderError
from autograder.common.language import gettext, ngettext, translated
from autograder.examiner.bindings import effects
from autograder.examiner.statements import parse
from autograder.grading.backend import LocalBackend
from autograder.grading.dispatcher import Dispatcher
from autograder.grading.job import Event, GradingJob, Listener, Outcome, Status
from autograder.grading.pipeline import Autograde
from autograder.grading.rehearsal import cell_limits
from autograder.grading.student_results import spoken_error, tests_of
from autograder.grading.submission import NotebookTask
from autograder.kernel.kernelspec import KernelError
from autograder.notebooks.attachments import attachments
from autograder.notebooks.instructor import InstructorCell, Version
from autograder.notebooks.mending import Unreadable, mend
from autograder.notebooks.reading import read_regular
from autograder.notebooks.released import NotReleased, Released, origin, released
from autograder.training.training_record import TrainedBy, TrainerStatus

STUDENT = "(check)"


class CheckError(AutograderError):
    """There is nothing that could be checked; the message says why, and what to do."""


@dataclass(frozen=True)
class Subject:
    """What is checked: the work as grading would have it, and what it is held against."""

    work: NotebookTask
    job: GradingJob
    against: Released
    left_out: tuple[str, ...]  # files beside the notebook that it will not have, and why

    @property
    def in_place(self) -> bool:
        """Whether the file is the released one itself, in which the student has worked."""
        return self.work.path.resolve() == self.against.path.resolve()


@dataclass(frozen=True)
class Tested:
    """One cell that has points. `score` is None where a person gives them, or where `message` says why there is none.

    `seconds`: wall time of the cells since the test before it, and of itself.
    """

    name: str
    points: float
    score: float | None
    message: str
    by_hand: bool
    hidden: bool  # its tests are all hidden: nothing is looked at before the deadline
    seconds: float
    unanswered: bool  # whether the exercise has no answer yet

    @property
    def passed(self) -> bool:
        """Whether it gave all its points."""
        return self.score == self.points

    @property
    def in_part(self) -> bool:
        """Whether it gave some of its points: the others may be a hidden test's to give."""
        return self.score is not None and 0 < self.score < self.points


@dataclass(frozen=True)
class Checked:
    """What came of it."""

    outcome: Outcome
    seconds: float
    tests: list[Tested] = field(default_factory=list)
    failing: list[str] = field(default_factory=list)  # cells that are no tests, and the error each ended with

    @property
    def tried(self) -> list[Tested]:
        """All but what a person grades, and what is looked at by hidden tests alone."""
        return [test for test in self.tests if not test.by_hand and not (test.hidden and test.passed)]

    @property
    def unanswered(self) -> list[Tested]:
        """The tests of exercises that have no answer yet."""
        return [test for test in self.tried if test.unanswered]

    @property
    def passed(self) -> int:
        """How many gave all their points."""
        return sum(test.passed for test in self.tried)

    @property
    def all_pass(self) -> bool:
        """Whether no test that can be run before the deadline fails."""
        return self.outcome.status == Status.GRADED and all(test.passed or test.in_part for test in self.tried)

    @property
    def over_budget(self) -> list[str]:
        """What exceeded a limit of the notebook, or a budget of its trainings; a sentence each."""
        limit = self.outcome.limit
        said = [gettext("The notebook hit a limit: %(limit)s.", limit=translated(limit))] if limit else []
        return said + [translated(one.refused) for one in self.outcome.run.trainings if one.refused]

    @property
    def trained(self) -> list[str]:
        """How its models were trained, a line each."""
        lines = []
        for one in self.outcome.run.trainings:
            if one.by == TrainedBy.TRAINER:
                words = ngettext(
                    "%(count)s epoch in %(seconds)s s, from %(weights)s weights",
                    "%(count)s epochs in %(seconds)s s, from %(weights)s weights",
                    len(one.epoch_seconds),
                    seconds=f"{one.seconds:.0f}",
                    weights=translated(one.weights or ""),
                )
                lines.append(words + gettext(" (reused from an earlier run)") if one.remembered else words)
            elif one.by == TrainedBy.CANDIDATE:
                lines.append(
                    gettext(
                        "in the notebook and within its limits, instead of by the trainer: %(reason)s",
                        reason=translated(one.reason),
                    )
                )
        return lines


def subject(path: Path, converter: Autograde) -> Subject:
    """Read and mend a notebook. Raises CheckError. `converter` has the course and its settings."""
    shown = path.name
    try:
        raw = read_regular(path)
        against = origin(raw, path.stem, released(converter.coursedir))
        mended = mend(raw, against.version)
    except (Unreadable, NotReleased) as error:
        text = translated(str(error))
        raise CheckError(f"{shown}: {text.removeprefix(f'{shown} ')}") from error
    except OSError as error:
        text = gettext("%(file)s: can't be read: %(problem)s.", file=shown, problem=error.strerror)
        raise CheckError(text) from error
    files, left_out = _beside(path.resolve().parent, converter)
    notebook: dict[str, Any] = dict(mended.notebook)
    try:
        settings = _settings(against, converter)
    except KernelError as error:
        text = gettext("%(file)s: the notebook %(name)s: %(problem)s", file=shown, name=against.name, problem=error)
        raise CheckError(text) from None
    version = _as_if_solved(settings.version, notebook)
    job = replace(settings, version=version, files=files, mended=notebook)
    submitted = hashlib.sha256(raw).hexdigest()
    work = NotebookTask(path, against.name, submitted, job, mended.notebook, mends=mended.mends)
    return Subject(work, job, against, left_out)


def run(what: Subject, converter: Autograde, listener: Listener) -> Checked:
    """Run its cells and tests, by the engine that grades; `listener` is told where it is."""
    began, starts = time.monotonic(), dict[int, float]()

    def heard(event: Event | TrainerStatus) -> None:
        if isinstance(event, Event) and event.total > 1:
            starts[event.done] = time.monotonic()  # of the last time, where a limit has it run again, alone
        listener(event)

    with closing(LocalBackend(converter.limits, workers=1)) as backend:
        dispatcher = Dispatcher(backend, converter.trainer_settings(), heard)
        ((_, outcome),) = dispatcher.run([what.job])
    ended = time.monotonic()
    what.work.outcome = outcome
    if outcome.status != Status.GRADED:
        return Checked(outcome, ended - began)
    failing = _failing(what, outcome)
    return Checked(outcome, ended - began, _tests(what, starts, ended, failing), list(failing.values()))


def _beside(folder: Path, converter: Autograde) -> tuple[dict[str, str], tuple[str, ...]]:
    """The files that the notebook may read: those of its own folder, unless that is where everything is."""
    if folder in (Path.home().resolve(), converter.root, *converter.root.parents):
        return {}, ()
    files, refused = attachments(folder, converter.grading.attachments)
    mine = {name: str(path) for name, path in files.items() if path.suffix.lower() != ".ipynb"}
    return mine, tuple(refused)


def _settings(against: Released, converter: Autograde) -> GradingJob:
    """The job that lacks only what is the student's; `Autograde.notebook_jobs` makes it of `source/` and gradebook."""
    assignment, folder, grading = against.assignment, against.path.parent, converter.grading
    own = set(converter.exclude_overwriting.get(assignment, []))
    found = find_all_files(str(folder), [*converter.coursedir.ignore, "*.ipynb"])
    kernel = converter.kernel_of(against.version)
    given = {Path(path).relative_to(folder).as_posix(): str(path) for path in found}
    job = GradingJob(
        STUDENT,
        assignment,
        against.name,
        {},
        against.version,
        converter.limits,
        kernel,
        given={name: path for name, path in given.items() if name not in own},
        beside=tuple(range(len(against.version.cells))),  # without the solutions nobody knows what trains
        modules=tuple(range(len(against.version.cells))),  # or draws
        not_isolated=tuple(
            cell.grade_id
            for cell in against.version.cells
            if cell.grade_id and _is_test(cell) and grading.allows_beside(assignment, against.name, cell.grade_id)
        ),
        trainer=converter.trainer.job_settings(kernel.packages),
    )
    job = grading.applied(job)
    seconds, _ = cell_limits(job, {})
    return replace(job, seconds=seconds)


def _as_if_solved(version: Version, notebook: Mapping[str, Any]) -> Version:
    """With the student's statements in place of the reference's: they say what is the student's, and what tests share.

    But for those that bind a name of a locked or unmarked cell's, whose that is nobody knows without the reference.
    """
    given = (cell.source for cell in version.cells if cell.cell_type == "code" and not (cell.solution or cell.grade))
    instructors = {name for found in map(parse, given) if found for one in effects(found) for name in one.now.binds}
    own: dict[int, str] = {}
    for cell in notebook["cells"]:
        if cell["cell_type"] == "code" and (found := parse(cell["source"])) is not None:
            kept = (
                ast.unparse(statement)
                for statement, effect in zip(found.body, effects(found), strict=True)
                if not effect.now.binds & instructors
            )
            own[_position(cell)] = "\n".join(kept)
    solved = (
        replace(cell, source=f"{cell.source}\n{own[at]}") if cell.solution and own.get(at) else cell
        for at, cell in enumerate(version.cells)
    )
    return replace(version, cells=tuple(solved))


def _is_test(cell: InstructorCell) -> bool:
    return cell.grade and not cell.solution and cell.cell_type == "code"


def _tests(what: Subject, starts: Mapping[int, float], ended: float, failing: Collection[int]) -> list[Tested]:
    version = what.job.version
    places = {_position(cell): index for index, cell in enumerate(what.job.mended["cells"])}
    pointed = [(n, cell) for n, cell in enumerate(version.cells) if (cell.grade or cell.task) and cell.points]
    tests, before = [], min(starts.values(), default=ended)
    for (position, cell), test in zip(pointed, tests_of(what.work, failing), strict=True):
        test_runs = _is_test(cell)
        after = min((at for index, at in starts.items() if index > places[position]), default=ended)
        lines = (line.strip() for line in cell.released.split("\n"))
        tests.append(
            Tested(
                test.name,
                test.points,
                test.score,
                test.message,
                by_hand=not test_runs,
                hidden=test_runs and not any(line and not line.startswith("#") for line in lines),
                seconds=max(0.0, after - before) if test_runs else 0.0,
                unanswered=test.unanswered,
            )
        )
        before = max(before, after) if test_runs else before
    return tests


def _failing(what: Subject, outcome: Outcome) -> dict[int, str]:
    """By index, the cells that are no tests and ended in an error, and what it says; not those without an answer."""
    said = {}
    for index, (cell, outputs) in enumerate(zip(what.job.mended["cells"], outcome.outputs, strict=True)):
        grade_id = cell["metadata"].get("nbgrader", {}).get("grade_id", "")
        errors = [output for output in outputs if output["output_type"] == "error"]
        if errors and grade_id not in outcome.scores and not is_unanswered(errors[-1]):
            name = gettext("cell %(number)s", number=index + 1) + (f" ({grade_id})" if grade_id else "")
            said[index] = f"{name}: {error_with_line(spoken_error(errors[-1]))}"
    return said


def _position(cell: Mapping[str, Any]) -> Any:
    return cell["metadata"].get("autograder", {}).get("position")
