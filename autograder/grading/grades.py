"""Who has which grade, and who has none and why: the one place that decides it, for every format."""

import functools
import hashlib
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any, ClassVar

from nbgrader.api import Assignment, Gradebook, MissingEntry, Student, SubmittedAssignment
from nbgrader.coursedir import CourseDirectory
from nbgrader.plugins import ExportPlugin
from traitlets import Bool

from autograder.common.language import english
from autograder.common.timestamps import parse_timestamp
from autograder.grading.job import FAULTS, Outcome, ReviewKind, Status
from autograder.grading.lateness import LatePenalties
from autograder.grading.record import GradeStatus, Statuses, SubmissionStatus
from autograder.notebooks.handed_in import students_with
from autograder.notebooks.headings import headings_of_cells
from autograder.notebooks.known import known_notebooks
from autograder.notebooks.misplaced import misplaced
from autograder.notebooks.reading import Unreadable, read_regular

CHANGED = english("submitted again after grading")
STALE = english("its late penalty is not that of its points, deadline, and rule: grade it again")


@dataclass(frozen=True)
class Grade:
    """How a student stands in an assignment. `score` is final, or None: then `status` says why.

    `raw_score` is before the late penalty, and has the points so far where some are still to be given.
    """

    student: str
    status: GradeStatus
    reason: str = ""
    score: float | None = None
    raw_score: float | None = None
    penalty: float | None = None
    timestamp: datetime | None = None
    submission: SubmittedAssignment | None = None
    lateness: tuple[str, ...] = ()  # how the penalty comes about
    elsewhere: str = ""  # what else of this student's is not graded, as it lies where no submission does


class GradesExporter(ExportPlugin):  # type: ignore[misc]
    """What our export plugins share: the grades of the assignments and students that nbgrader's options choose."""

    exercises = Bool(
        False, help="Also write the points of each exercise, before a late penalty, where the format can hold them."
    ).tag(config=True)
    default_to: ClassVar[str] = "grades.csv"
    next_step: ClassVar[str] = ""  # what to do with the file

    def __init__(self, **kwargs: Any) -> None:
        """As nbgrader's plugins."""
        super().__init__(**kwargs)
        self.faults: dict[tuple[str, str], str] = {}  # by assignment and student: what went wrong in exporting it
        self._misplaced: dict[str, dict[str, str]] = {}  # by assignment and student: what lies elsewhere

    @property
    def destination(self) -> Path:
        """Where `--to` says, else the format's own name."""
        return Path(self.to or self.default_to)

    def assignments(self, gradebook: Gradebook) -> list[Assignment]:
        """The assignments chosen, in nbgrader's order; else all in which something is graded.

        Fails where one of them does not exist.
        """
        found = {assignment.name: assignment for assignment in gradebook.assignments}
        graded = [name for name, assignment in found.items() if _has_grades(assignment)]
        chosen = [str(name) for name in self.assignment] or graded
        if unknown := sorted(set(chosen) - set(found)):
            self.parent.fail(f"no such assignment: {', '.join(unknown)} (available: {', '.join(found) or 'none'})")
        return [assignment for name, assignment in found.items() if name in chosen]

    def people(self, gradebook: Gradebook, assignments: list[Assignment]) -> dict[str, Student | None]:
        """The students chosen, by id; None for one who handed in and is not in the gradebook."""
        people: dict[str, Student | None] = {student.id: student for student in gradebook.students}
        for assignment in assignments:
            handed_in = students_with(self._coursedir, assignment.name)
            elsewhere = self._elsewhere(gradebook, assignment.name)
            for student in (*self.statuses.students(assignment.name), *handed_in, *elsewhere):
                people.setdefault(student, None)
        chosen = [str(name) for name in self.student]
        return {name: person for name, person in people.items() if not chosen or name in chosen}

    def exercises_of(self, assignment: Assignment) -> dict[str, list[tuple[str, str]]]:
        """By title, the exercises of an assignment: notebook and grade_id of the cells with points below a heading.

        A cell without a heading above it is one of its own.
        """
        found: dict[str, list[tuple[str, str]]] = {}
        for notebook in sorted(assignment.notebooks, key=lambda one: str(one.name)):
            headings = headings_of_cells(self._coursedir, assignment.name, notebook.name)
            order = list(headings)
            cells = {cell.name for cell in [*notebook.grade_cells, *notebook.task_cells]}
            for cell in sorted(cells, key=lambda name: (order.index(name) if name in headings else len(order), name)):
                title = f"{assignment.name}/{notebook.name}: {headings.get(cell) or cell}"
                found.setdefault(title, []).append((notebook.name, cell))
        return found

    def grade(self, gradebook: Gradebook, assignment: str, student: str) -> Grade:
        """Score and status of one submission; where they can't be read, that is a fault of ours in this one alone."""
        try:
            elsewhere = self._elsewhere(gradebook, assignment).get(student, "")
            found = self._grade(gradebook, assignment, student)
            if elsewhere and found.status == GradeStatus.NOT_SUBMITTED:
                found = replace(found, status=GradeStatus.NEEDS_PERSON)
            return replace(found, reason=_joined(found.reason, elsewhere), elsewhere=elsewhere)
        except FAULTS as error:
            gradebook.db.rollback()
            return self.fault(assignment, student, "reading the grade", error)

    def _elsewhere(self, gradebook: Gradebook, assignment: str) -> dict[str, str]:
        """By student, what is not graded as it lies where no submission does."""
        if assignment not in self._misplaced:
            said: dict[str, list[str]] = {}
            for one in misplaced(self._coursedir, assignment, known_notebooks(gradebook)):
                said.setdefault(one.student, []).append(f"{one.path}: {one.why}")
            self._misplaced[assignment] = {student: "; ".join(lines) for student, lines in said.items()}
        return self._misplaced[assignment]

    def fault(self, assignment: str, student: str, doing: str, error: BaseException) -> Grade:
        """The grade of a submission that can't be reported; `faults` has it."""
        reason = self.faults[assignment, student] = Outcome.fault(doing, error).message
        self.log.error("%s, %s: %s", assignment, student, reason, exc_info=error)
        return Grade(student, GradeStatus.FAULT, reason)

    def _grade(self, gradebook: Gradebook, assignment: str, student: str) -> Grade:
        status = self.statuses.get(assignment, student)
        if status and not status.label.is_graded:
            said = [
                f"{name}: {last.message}" for name, last in status.notebooks.items() if last.status != Status.GRADED
            ]
            return Grade(student, status.label, _joined(*said))
        folder = Path(self._coursedir.format_path(self._coursedir.submitted_directory, student, assignment))
        try:
            submission = gradebook.find_submission(assignment, student)
        except MissingEntry:
            return Grade(student, GradeStatus.NOT_YET if folder.is_dir() else GradeStatus.NOT_SUBMITTED)
        timestamp, score = submission.timestamp, submission.score
        newer = _handed_in(folder, str(self.config.Exchange.get("timezone", "UTC")))
        if newer and timestamp and newer > timestamp:
            reason = english("submitted again at %(time)s UTC, after grading", time=f"{newer:%Y-%m-%d %H:%M}")
            return Grade(student, GradeStatus.NOT_YET, reason, None, score, None, timestamp, submission)
        if status and _changed(folder, status):
            return Grade(student, GradeStatus.NOT_YET, CHANGED, None, score, None, timestamp, submission)
        review = status.review if status else ()
        remarks = [item.text for item in review if item.kind == ReviewKind.REMARK]
        if submission.needs_manual_grade:
            cells = {grade.name for book in submission.notebooks for grade in book.grades if grade.needs_manual_grade}
            reason = _joined(f"cells {', '.join(sorted(cells))}" if cells else "", *remarks)
            return Grade(student, GradeStatus.BY_HAND, reason, None, score, None, timestamp, submission)
        if not self._penalties.is_current(submission):
            return Grade(student, GradeStatus.NOT_YET, STALE, None, score, None, timestamp, submission)
        penalty, lateness = submission.late_submission_penalty, tuple(self._penalties.words(submission))
        label = status.label if status else GradeStatus.GRADED
        final = max(0.0, score - penalty)
        reason = _joined(*remarks, *(words.rstrip(".") for words in lateness))
        return Grade(student, label, reason, final, score, penalty, timestamp, submission, lateness)

    @property
    def statuses(self) -> Statuses:
        """The statuses of the course."""
        return Statuses(Path(self._coursedir.root).resolve())

    @functools.cached_property
    def _penalties(self) -> LatePenalties:
        return LatePenalties(self)

    @property
    def _coursedir(self) -> CourseDirectory:
        return self.parent.coursedir


def exercise_points(grade: Grade, exercises: dict[str, list[tuple[str, str]]]) -> dict[str, float]:
    """The points of those exercises (by title, their cells) of which every cell has its points."""
    if grade.submission is None:
        return {}
    points = {
        (notebook.name, one.name): one.score
        for notebook in grade.submission.notebooks
        for one in notebook.grades
        if not one.needs_manual_grade
    }
    return {
        title: sum(points[cell] for cell in cells)
        for title, cells in exercises.items()
        if all(cell in points for cell in cells)
    }


def _has_grades(assignment: Assignment) -> bool:
    """Whether there is anything to grade in it, as far as the gradebook has its notebooks."""
    notebooks = assignment.notebooks
    return not notebooks or any(notebook.grade_cells or notebook.task_cells for notebook in notebooks)


def _joined(*reasons: str) -> str:
    return "; ".join(filter(None, reasons))


def _changed(folder: Path, status: SubmissionStatus) -> bool:
    """Whether a notebook in the folder is another than what is graded."""
    for name, last in status.notebooks.items():
        with suppress(Unreadable):
            found = read_regular(last.path(folder, name)) if last.submitted else b""
            if last.submitted and hashlib.sha256(found).hexdigest() != last.submitted:
                return True
    return False


def _handed_in(folder: Path, timezone: str) -> datetime | None:
    """When a submission was handed in, as far as its folder says so."""
    with suppress(OSError, ValueError):
        return parse_timestamp((folder / "timestamp.txt").read_text(encoding="utf-8"), timezone)
    return None
