"""nbgrader's exchange, whichever plugin a course has: what arrives through it, and feedback back through it."""

import glob
import shutil
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from nbgrader.auth import Authenticator
from nbgrader.coursedir import CourseDirectory
from nbgrader.exchange import ExchangeFactory
from nbgrader.exchange.default import ExchangeCollect

from autograder.common.errors import AutograderError
from autograder.grading.job import FAULTS
from autograder.watch.arrivals import last_change
from autograder.watch.attempts import Attempt

COLLECTED = ".autograder/collected"  # nbgrader's step, as `submitted`, into which its collector copies
RELEASING = ".autograder/releasing"  # and the one that it releases feedback from
PAUSE = 10.0  # seconds between two questions to a plugin, which may ask a server


class NotReached(AutograderError):
    """The exchange did not do what it should; the message says why."""


def course_directory(app: Any, assignment: str, **directories: str) -> CourseDirectory:
    """nbgrader's course directory for one assignment, with other folders in place of the course's own."""
    coursedir = CourseDirectory(parent=app)
    coursedir.assignment_id = assignment
    for name, value in directories.items():
        setattr(coursedir, name, value)
    return coursedir


class CourseExchange:
    """The exchange of one course."""

    def __init__(self, app: Any, settle_seconds: float) -> None:
        """`app` has nbgrader's configuration. In the plain exchange a submission is complete after `settle_seconds`."""
        self._app, self._settle = app, settle_seconds
        self._factory = ExchangeFactory(parent=app)
        self._is_plain = self._factory.collect is ExchangeCollect
        self._asked: dict[str, float] = {}  # by assignment, when a plugin was asked last
        self._collected: dict[tuple[str, str], float] = {}  # by assignment and student, when that folder last changed
        folder = Path(CourseDirectory(parent=app).root, COLLECTED)
        shutil.rmtree(folder, ignore_errors=True)  # after a kill, half of a submission may be there

    def collect(self, assignment: str) -> None:
        """Have nbgrader's collector copy each student's newest submission into `COLLECTED`. Raises NotReached."""
        coursedir = self._coursedir(assignment, submitted_directory=COLLECTED)
        collector = self._made(self._factory.Collect, coursedir, update=True)
        if not self._is_plain:
            if time.monotonic() - self._asked.get(assignment, -PAUSE) >= PAUSE:
                self._asked[assignment] = time.monotonic()
                self._run(collector)
            return
        failed = []
        for student, changed in self._new(collector).items():
            coursedir.student_id = glob.escape(student)
            try:
                self._run(collector)
                self._collected[assignment, student] = changed
            except NotReached as error:  # of one student; the others' are collected
                failed.append(f"{student}: {error}")
        if failed:
            raise NotReached("; ".join(failed))

    def changed(self, assignment: str, student: str) -> float | None:
        """When a student's newest submission in the plain exchange last changed; None: that is not known."""
        return self._collected.get((assignment, student))

    def _new(self, collector: Any) -> dict[str, float]:
        """The students who have something new in the plain exchange, written to its end, and when it last changed."""
        coursedir = collector.coursedir
        inbound = Path(collector.root, coursedir.course_id, "inbound")
        if not coursedir.course_id or not inbound.is_dir():
            return {}
        newest: dict[str, float] = {}
        for folder in inbound.glob(f"*+{glob.escape(coursedir.assignment_id)}+*"):
            student = folder.name.rsplit(f"+{coursedir.assignment_id}+", 1)[0]
            try:
                changed = last_change(folder)
            except OSError:
                continue
            newest[student] = max(changed, newest.get(student, 0.0))
        return {
            student: changed
            for student, changed in newest.items()
            if time.time() - changed >= self._settle
            and self._collected.get((coursedir.assignment_id, student)) != changed
        }

    def release(self, attempt: Attempt, files: Path, pages: Sequence[Path]) -> bool:
        """Release pages of an attempt, whose files are in a folder; whether it came through an exchange.

        Raises NotReached.
        """
        named = [files / name for name in ("timestamp.txt", "submission_secret.txt")]
        found = [path for path in named if path.is_file() and not path.is_symlink()]
        if not found or (self._is_plain and len(found) < len(named)):
            return False
        coursedir = self._coursedir(attempt.assignment, feedback_directory=RELEASING)
        coursedir.student_id = glob.escape(attempt.student)
        folder = Path(coursedir.format_path(RELEASING, attempt.student, attempt.assignment))
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        for path in (*found, *pages):
            shutil.copyfile(path, folder / path.name)
        self._run(self._made(self._factory.ReleaseFeedback, coursedir))
        shutil.rmtree(folder, ignore_errors=True)
        return True

    def _coursedir(self, assignment: str, **directories: str) -> CourseDirectory:
        return course_directory(self._app, assignment, **directories)

    def _made(self, make: Any, coursedir: CourseDirectory, **settings: Any) -> Any:
        made = make(coursedir=coursedir, authenticator=Authenticator(parent=self._app), parent=self._app)
        for name, value in settings.items():
            setattr(made, name, value)
        return made

    def _run(self, step: Any) -> None:
        try:
            step.start()
        except FAULTS as error:
            raise NotReached(f"{type(step).__name__}: {error or type(error).__name__}") from error
