"""Moodle's or Canvas's assignments as a source: what students submit there, as `autograder collect --from` fetches it.

    a thread --asks every `c.Watch.lms_seconds`; fetches what is new, and due dates--> downloaded/<assignment>/archive/
    a look   --the same collection as `autograder collect`--> `FETCHED`, from which attempts are taken in

Only the thread waits for the LMS. Where nothing is new, it asks for the list of submissions alone. What is in the
archive is not fetched again; the folder `FETCHED` is made again from it, also while the LMS can't be asked.
"""

import shutil
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC
from pathlib import Path
from typing import Any

from autograder.common.text import printable
from autograder.common.timestamps import parse_timestamp
from autograder.grading.deadlines import Deadlines
from autograder.grading.job import FAULTS
from autograder.lms.collect.collection import SHOWN
from autograder.lms.collect.zip_collect import ZipCollect
from autograder.lms.remote import Lms, LmsApi, open_lms
from autograder.lms.remote.fetch import attempt_name, fetch_into
from autograder.lms.remote.lms_api import RemoteAssignment, ServerError, TokenError, Unreachable
from autograder.watch.attempts import Attempt
from autograder.watch.failures import Failures
from autograder.watch.source import NewSubmission, NotReached, Source
from autograder.watch.student_deadlines import StudentDeadlines
from autograder.watch.watched import course_directory

FETCHED = ".autograder/fetched"  # nbgrader's step, as `submitted`, into which submissions are collected
PARTS = ".autograder/fetching"  # what is not whole yet
REFRESH = 3600.0  # seconds after which due dates are asked for
PATIENCE = 5.0  # seconds that a watcher that stops waits for an answer; what is half fetched is fetched again


@dataclass(frozen=True)
class _Known:
    """What is known of an assignment there, since `asked`, in seconds since 1970."""

    there: RemoteAssignment
    attempts: frozenset[str]
    has_left_out: bool
    asked: float


class CourseLms(Source):
    """The LMS of one course, as its settings (`c.Lms`) name it."""

    step = FETCHED

    def __init__(self, app: Any, seconds: float, failures: Failures, deadlines: StudentDeadlines) -> None:
        """`app` has nbgrader's configuration; it is asked every so many `seconds`. Raises LmsError."""
        self._app, self._seconds, self._failures, self._deadlines = app, seconds, failures, deadlines
        self._settings = Lms(parent=app)
        self._root = Path(app.coursedir.root)
        self._platform: LmsApi | None = self._opened()
        self.title = self._platform.title
        self._watched: dict[str, None] = {}  # the assignments, in order
        self._known: dict[str, _Known | None] = {}  # None: it could not be asked yet
        self._fetched: set[str] = set()  # assignments of which something is to be collected
        for folder in (FETCHED, PARTS):  # after a kill, half of a submission may be there
            shutil.rmtree(self._root / folder, ignore_errors=True)

    @contextmanager
    def running(self) -> Iterator[None]:
        """Within, the LMS is asked."""
        stopped = threading.Event()
        thread = threading.Thread(target=self._ask_until, args=(stopped,), daemon=True)
        thread.start()
        try:
            yield
        finally:
            stopped.set()
            thread.join(PATIENCE)

    def new(self, assignment: str) -> list[NewSubmission]:
        """What has been fetched and not collected yet: anybody's. From now on, this assignment is asked for."""
        self._watched[assignment] = None
        return [NewSubmission()] if assignment in self._fetched else []

    def collect(self, assignment: str, new: NewSubmission) -> None:
        """Collect from the archive into `FETCHED`; what is matched to nobody is said. Raises NotReached."""
        step = self._collection(assignment, submitted_directory=FETCHED)
        step.keeps_replaced = False  # attempts are kept
        self._fetched.discard(assignment)  # before, as more may be fetched meanwhile
        try:
            step.start()
        except FAULTS as error:
            self._fetched.add(assignment)
            raise NotReached(f"{self.title}: {error or type(error).__name__}") from error
        if step.collection is not None:
            found = step.collection
            strange = [*((one.where, one.why) for one in found.strays), *found.refused]
            about = f"{assignment}: not collected from the downloads"
            if strange:
                self._failures.say_once(about, f"{about}: {_listed(strange)}.")

    def is_new(self, digest: str, known: Sequence[Attempt]) -> bool:
        """Whether no attempt has these files, among which is the time of submission: it may have come by hand, too."""
        return digest not in {attempt.digest for attempt in known}

    def arrived(self, assignment: str, student: str, folder: Path) -> float | None:
        """When it was submitted, by the LMS's clock."""
        try:
            text = (folder / "timestamp.txt").read_text(encoding="utf-8")
            return parse_timestamp(text).replace(tzinfo=UTC).timestamp()
        except (OSError, ValueError):
            return None

    def has_dates_since(self, assignment: str, moment: float) -> bool:
        """Whether due dates were asked for after a moment, in seconds since 1970; or can't be, at present."""
        known = self._known.get(assignment)
        can = self._failures.may_try(self._reaching) and self._failures.may_try(self._fetching(assignment))
        return not can or (known is not None and known.asked >= moment)

    # the thread's

    @property
    def _reaching(self) -> str:
        return f"{self.title} can't be asked"

    def _fetching(self, assignment: str) -> str:
        return f"{assignment} can't be fetched from {self.title}"

    def _opened(self) -> LmsApi:
        name = f"waiting for {self._settings.platform}"
        return open_lms(self._settings, self._root, lambda text: self._failures.say_once(name, text))

    def _ask_until(self, stopped: threading.Event) -> None:
        asked = -self._seconds
        while not stopped.wait(min(1.0, self._seconds / 4)):
            if self._watched and time.monotonic() - asked >= self._seconds:
                for assignment in [*self._watched]:
                    if not (stopped.is_set() or self._try_to_ask(assignment) or assignment in self._known):
                        self._known[assignment] = None
                        self._to_collect(self._collection(assignment), assignment)  # it was fetched earlier, maybe
                asked = time.monotonic()

    def _try_to_ask(self, assignment: str) -> bool:
        what = self._fetching(assignment)
        if not (self._failures.may_try(self._reaching) and self._failures.may_try(what)):
            return False
        try:
            self._ask(assignment)
        except (TokenError, Unreachable, ServerError) as error:
            if self._settings.token_file:  # there may be another token in it by then
                self._platform = None
            self._failures.failed(self._reaching, str(error))
        except FAULTS as error:
            self._failures.failed(what, str(error) or type(error).__name__)
        else:
            self._failures.succeeded(self._reaching)
            self._failures.succeeded(what)
            return True
        return False

    def _ask(self, assignment: str) -> None:
        """Ask for what is new; fetch it, and due dates. Raises what `fetch_into` does."""
        platform = self._platform = self._platform or self._opened()
        known, now = self._known.get(assignment), time.time()
        deadline = self._deadlines.last.get(assignment) or 0.0
        left_out = f"{assignment}: left out of what {self.title} has"
        is_fresh = (
            known is not None
            and now - known.asked < REFRESH
            and not known.asked < deadline <= now
            and not (known.has_left_out and self._failures.may_try(left_out))
        )
        there = (
            known.there
            if known is not None and is_fresh
            else platform.assignment(assignment, self._settings.assignments.get(assignment))
        )
        submissions = platform.submissions(there)
        attempts = frozenset(map(attempt_name, submissions))
        if known is not None and is_fresh and attempts <= known.attempts:
            return
        step, dates = self._collection(assignment), Deadlines(parent=self._app)
        done = fetch_into(step.archive, platform, there, submissions, step.coursedir, dates, self._root / PARTS)
        if done.left_out:
            self._failures.failed(left_out, _listed(done.left_out))
        else:
            self._failures.succeeded(left_out)
        for note in done.notes:
            self._failures.say_once(f"{assignment}: {note}", f"{assignment}: {note}.")
        self._to_collect(step, assignment)
        self._known[assignment] = _Known(there, attempts, bool(done.left_out), now)

    def _to_collect(self, step: ZipCollect, assignment: str) -> None:
        """Have what is in the archive collected at the next look."""
        if step.archive.is_dir():
            self._fetched.add(assignment)

    def _collection(self, assignment: str, **directories: str) -> ZipCollect:
        step = ZipCollect(parent=self._app, log=self._app.log)
        step.coursedir = course_directory(self._app, assignment, **directories)
        return step


def _listed(found: list[tuple[str, str]]) -> str:
    """What was left out, each with its reason."""
    whats = [*dict.fromkeys(f"{printable(name)} ({why})" for name, why in found)]
    more = f"; and {len(whats) - SHOWN} more" if len(whats) > SHOWN else ""
    return "; ".join(whats[:SHOWN]) + more
