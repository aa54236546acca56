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

from autograder.grading.job import FAULTS
from autograder.watch.arrivals import TooLarge, last_change
from autograder.watch.attempts import EXCHANGE_FILES, Attempt
from autograder.watch.exchange_collector import ExchangeCollector, NotCollected, is_student
from autograder.watch.source import NewSubmission, NotReached, Source
from autograder.watch.watched import course_directory

COLLECTED = ".autograder/collected"  # nbgrader's step, as `submitted`, into which its collector copies
RELEASING = ".autograder/releasing"  # and the one that it releases feedback from
PAUSE = 10.0  # seconds between two questions to a plugin, which may ask a server


class CourseExchange(Source):
    """The exchange of one course."""

    step = COLLECTED

    def __init__(self, app: Any, settle_seconds: float) -> None:
        """`app` has nbgrader's configuration. In the plain exchange a submission is complete after `settle_seconds`."""
        self._app, self._settle = app, settle_seconds
        self._factory = ExchangeFactory(parent=app)
        self._is_plain = issubclass(ExchangeCollector, self._factory.collect)
        self._asked: dict[str, float] = {}  # by assignment, when a plugin was asked last
        self._collected: dict[tuple[str, str], float] = {}  # by assignment and student, when that folder last changed
        folder = Path(CourseDirectory(parent=app).root, COLLECTED)
        shutil.rmtree(folder, ignore_errors=True)  # after a kill, half of a submission may be there

    def collect(self, assignment: str, new: NewSubmission) -> None:
        """Have the collector copy what is new, the student's newest submission, into `COLLECTED`.

        Raises NotReached.
        """
        if new.problem:
            raise NotReached(new.problem)
        coursedir = self._coursedir(assignment, submitted_directory=COLLECTED)
        if new.student:
            coursedir.student_id = glob.escape(new.student)
        self._run(self._collector(coursedir, update=True))
        self._collected[assignment, new.student] = new.changed

    def is_new(self, digest: str, known: Sequence[Attempt]) -> bool:
        """Whether it is not the last that came through the exchange."""
        last = [attempt.digest for attempt in known if attempt.source == COLLECTED][-1:]
        return last != [digest]

    def arrived(self, assignment: str, student: str, folder: Path) -> float | None:
        """When a student's newest submission in the plain exchange last changed; None: that is not known."""
        return self._collected.get((assignment, student))

    def new(self, assignment: str) -> list[NewSubmission]:
        """What there is to collect. Of the plain exchange: what is written to its end."""
        if not self._is_plain:
            if time.monotonic() - self._asked.get(assignment, -PAUSE) < PAUSE:
                return []
            self._asked[assignment] = time.monotonic()
            return [NewSubmission()]
        newest: dict[str, NewSubmission] = {}
        for folder in self._inbound(self._coursedir(assignment)):
            student = folder.name.rsplit(f"+{assignment}+", 1)[0]
            try:
                found = _submission(student, folder)
            except OSError:  # it is being written
                continue
            newest[student] = max(found, newest.get(student, found), key=lambda one: one.changed)
        return [
            new
            for student, new in newest.items()
            if time.time() - new.changed >= self._settle and self._collected.get((assignment, student)) != new.changed
        ]

    def _inbound(self, coursedir: CourseDirectory) -> list[Path]:
        """What students have put into the plain exchange."""
        inbound = Path(self._collector(coursedir).root, coursedir.course_id, "inbound")
        pattern = f"*+{glob.escape(coursedir.assignment_id)}+*"
        return [*inbound.glob(pattern)] if coursedir.course_id and inbound.is_dir() else []

    def release(self, attempt: Attempt, files: Path, pages: Sequence[Path]) -> bool:
        """Release pages of an attempt, whose files are in a folder; whether it came through an exchange.

        Raises NotReached.
        """
        named = [files / name for name in EXCHANGE_FILES]
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

    def _collector(self, coursedir: CourseDirectory, **settings: Any) -> Any:
        return self._made(ExchangeCollector if self._is_plain else self._factory.Collect, coursedir, **settings)

    def _made(self, make: Any, coursedir: CourseDirectory, **settings: Any) -> Any:
        made = make(coursedir=coursedir, authenticator=Authenticator(parent=self._app), parent=self._app)
        for name, value in settings.items():
            setattr(made, name, value)
        return made

    def _run(self, step: Any) -> None:
        try:
            step.start()
        except NotCollected as error:
            raise NotReached("; ".join(error.reasons.values())) from error
        except FAULTS as error:
            raise NotReached(f"{type(step).__name__}: {error or type(error).__name__}") from error


def _submission(student: str, folder: Path) -> NewSubmission:
    """What lies in a folder of the plain exchange, where students make folders of any name. Raises OSError."""
    if not is_student(student):
        return NewSubmission(student, folder.stat().st_ctime, "this is no student's name")
    try:
        return NewSubmission(student, last_change(folder))
    except TooLarge as error:
        return NewSubmission(student, folder.stat().st_ctime, str(error))
