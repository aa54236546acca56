"""Who has which grade, and who has none and why: the one place that decides it, for every format."""

import hashlib
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, ClassVar

from nbgrader.api import Assignment, Gradebook, MissingEntry, Student, SubmittedAssignment
from nbgrader.coursedir import CourseDirectory
from nbgrader.plugins import ExportPlugin

from autograder.common.timestamps import parse_timestamp
from autograder.grading.job import FAULTS, Outcome, Status
from autograder.grading.record import GradeStatus, Statuses, SubmissionStatus
from autograder.grading.submission import read_regular
from autograder.notebooks.mending import Unreadable

CHANGED = "handed in again, after what is graded"


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


class GradesExporter(ExportPlugin):  # type: ignore[misc]
    """What our export plugins share: the grades of the assignments and students that nbgrader's options choose."""

    default_to: ClassVar[str] = "grades.csv"
    next_step: ClassVar[str] = ""  # what to do with the file

    def __init__(self, **kwargs: Any) -> None:
        """As nbgrader's plugins."""
        super().__init__(**kwargs)
        self.faults: dict[tuple[str, str], str] = {}  # by assignment and student: what went wrong in exporting it

    @property
    def destination(self) -> Path:
        """Where `--to` says, else the format's own name."""
        return Path(self.to or self.default_to)

    def assignments(self, gradebook: Gradebook) -> list[Assignment]:
        """The assignments chosen, in nbgrader's order; fails where one of them does not exist."""
        found = {assignment.name: assignment for assignment in gradebook.assignments}
        chosen = [str(name) for name in self.assignment] or list(found)
        if unknown := sorted(set(chosen) - set(found)):
            self.parent.fail(f"no such assignment: {', '.join(unknown)}; there are {', '.join(found) or 'none'}")
        return [assignment for name, assignment in found.items() if name in chosen]

    def people(self, gradebook: Gradebook, assignments: list[Assignment]) -> dict[str, Student | None]:
        """The students chosen, by id; None for one who handed in and is not in the gradebook."""
        people: dict[str, Student | None] = {student.id: student for student in gradebook.students}
        for assignment in assignments:
            for student in self.statuses.students(assignment.name):
                people.setdefault(student, None)
        chosen = [str(name) for name in self.student]
        return {name: person for name, person in people.items() if not chosen or name in chosen}

    def grade(self, gradebook: Gradebook, assignment: str, student: str) -> Grade:
        """Score and status of one submission; where they can't be read, that is a fault of ours in this one alone."""
        try:
            return self._grade(gradebook, assignment, student)
        except FAULTS as error:
            gradebook.db.rollback()
            return self.fault(assignment, student, "reading the grade", error)

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
            return Grade(student, status.label, "; ".join(said))
        folder = Path(self._coursedir.format_path(self._coursedir.submitted_directory, student, assignment))
        try:
            submission = gradebook.find_submission(assignment, student)
        except MissingEntry:
            return Grade(student, GradeStatus.NOT_YET if folder.is_dir() else GradeStatus.NOT_SUBMITTED)
        timestamp, score = submission.timestamp, submission.score
        newer = _handed_in(folder, str(self.config.Exchange.get("timezone", "UTC")))
        if newer and timestamp and newer > timestamp:
            reason = f"handed in again at {newer:%Y-%m-%d %H:%M} UTC, after what is graded"
            return Grade(student, GradeStatus.NOT_YET, reason, None, score, None, timestamp, submission)
        if status and _changed(folder, status):
            return Grade(student, GradeStatus.NOT_YET, CHANGED, None, score, None, timestamp, submission)
        if submission.needs_manual_grade:
            cells = {grade.name for book in submission.notebooks for grade in book.grades if grade.needs_manual_grade}
            reason = f"cells {', '.join(sorted(cells))}" if cells else ""
            return Grade(student, GradeStatus.BY_HAND, reason, None, score, None, timestamp, submission)
        penalty = submission.late_submission_penalty
        label = status.label if status else GradeStatus.GRADED
        return Grade(student, label, "", max(0.0, score - penalty), score, penalty, timestamp, submission)

    @property
    def statuses(self) -> Statuses:
        """The statuses of the course."""
        return Statuses(Path(self._coursedir.root).resolve())

    @property
    def _coursedir(self) -> CourseDirectory:
        return self.parent.coursedir


def _changed(folder: Path, status: SubmissionStatus) -> bool:
    """Whether a notebook in the folder is another than what is graded."""
    for name, last in status.notebooks.items():
        with suppress(Unreadable):
            if last.submitted and hashlib.sha256(read_regular(folder / f"{name}.ipynb")).hexdigest() != last.submitted:
                return True
    return False


def _handed_in(folder: Path, timezone: str) -> datetime | None:
    """When a submission was handed in, as far as its folder says so."""
    with suppress(OSError, ValueError):
        return parse_timestamp((folder / "timestamp.txt").read_text(encoding="utf-8"), timezone)
    return None
