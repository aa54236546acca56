"""When the time of each student is over, extensions included, and when the last one's is."""

from datetime import UTC, datetime
from typing import Any

from nbgrader.api import MissingEntry

from autograder.grading.deadlines import Deadlines
from autograder.notebooks.instructor_version import VersionError, existing_gradebook
from autograder.watch.watched import course_directory


class StudentDeadlines:
    """As of the last look. Times are seconds since 1970, UTC."""

    def __init__(self, app: Any) -> None:
        """`app` has nbgrader's configuration."""
        self._app = app
        self.last: dict[str, float | None] = {}  # by assignment, the last student's; None: never
        self._due_date: dict[str, float | None] = {}  # without an extension
        self._extended: dict[str, dict[str, float]] = {}  # by student, with one

    def read(self, assignment: str) -> float | None:
        """When the last student's time is over, extensions included, in seconds since 1970; None: never.

        The due dates of single students are noted.
        """
        with existing_gradebook(course_directory(self._app, assignment), assignment) as gradebook:
            try:
                found = gradebook.find_assignment(assignment)
            except MissingEntry:
                raise VersionError(f"the gradebook does not know {assignment}.") from None
            coursedir = course_directory(self._app, assignment)
            dates = Deadlines(parent=self._app).read(coursedir, gradebook)
            due = dates.of_all(found)
            extended = dates.of_students(found, gradebook.assignment_submissions(assignment))
            self._extended[assignment] = {student: _seconds(date) for student, date in extended.items()}
            self._due_date[assignment] = _seconds(due) if due else None
            return _seconds(max([due, *extended.values()])) if due else None

    def due(self, assignment: str, student: str) -> float | None:
        """When a student's own time is over, as of the last look, in seconds since 1970; None: never."""
        return self._extended.get(assignment, {}).get(student, self._due_date.get(assignment))


def _seconds(utc: datetime) -> float:
    """A time of the gradebook's, in seconds since 1970."""
    return utc.replace(tzinfo=UTC).timestamp()
