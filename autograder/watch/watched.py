"""The course that is watched, as each part of `autograder watch` knows it."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nbgrader.coursedir import CourseDirectory

from autograder.watch.attempts import AttemptStore
from autograder.watch.failures import Failures
from autograder.watch.policy import Watch


@dataclass(frozen=True)
class WatchedCourse:
    """A course, its policy, and its attempts."""

    app: Any  # has nbgrader's configuration
    root: Path
    policy: Watch
    language: str  # of what students are told
    store: AttemptStore
    failures: Failures
    say: Callable[[str], None]  # gets a line for each submission, and for each thing that a person should know

    def directory(self, assignment: str, **directories: str) -> CourseDirectory:
        """See `course_directory`."""
        return course_directory(self.app, assignment, **directories)


def course_directory(app: Any, assignment: str, **directories: str) -> CourseDirectory:
    """nbgrader's course directory for one assignment, with other folders in place of the course's own."""
    coursedir = CourseDirectory(parent=app)
    coursedir.assignment_id = assignment
    for name, value in directories.items():
        setattr(coursedir, name, value)
    return coursedir
