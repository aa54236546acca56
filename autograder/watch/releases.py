"""Feedback is released: pages before the deadline, each in its time; after the deadline, the usual feedback."""

import os
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from autograder.common.files import write_atomic
from autograder.common.language import gettext, speaking
from autograder.common.text import printable
from autograder.grading.job import FAULTS
from autograder.reports.generate import GenerateFeedback
from autograder.watch.attempt_pages import AttemptPages
from autograder.watch.attempts import Attempt
from autograder.watch.failures import RETRY
from autograder.watch.source import Source
from autograder.watch.watched import WatchedCourse


class Releases:
    """Releases the feedback on attempts of one course, through the source of each."""

    def __init__(self, course: WatchedCourse, sources: Mapping[str, Source], pages: AttemptPages) -> None:
        """`sources`, by step."""
        self._course, self._store, self._failures = course, course.store, course.failures
        self._sources, self._pages = sources, pages
        self._lock = threading.Lock()  # else a page of before the deadline could take the place of the usual feedback

    @contextmanager
    def running(self) -> Iterator[None]:
        """Within, pages are released in their time."""
        stopped = threading.Event()
        releases = threading.Thread(target=self._release_until, args=(stopped,), daemon=True)
        releases.start()
        try:
            yield
        finally:
            stopped.set()
            releases.join()

    def _release_until(self, stopped: threading.Event) -> None:
        """Release each page in its time, whatever is being graded meanwhile."""
        while not stopped.wait(min(1.0, self._course.policy.release_seconds / 4)):
            for attempt in self._store.all():
                if attempt.release and not attempt.released and attempt.release <= time.time():
                    try:
                        with self._lock:
                            self._release(attempt)
                    except FAULTS as error:
                        why = f"{attempt.label}: feedback not released: {error}"
                        self._failures.say_once(f"release {attempt.label}", why)
                        self._store.change(attempt, release=time.time() + RETRY)

    def _release(self, attempt: Attempt) -> None:
        pages = sorted(self._store.pages(attempt).glob("*.html"))
        known = self._store.of(attempt.assignment, attempt.student)
        if attempt.number == known[-1].number and not any(one.final for one in known):
            folder = self.feedback_folder(attempt.assignment, attempt.student)
            for page in pages:
                write_atomic(folder / page.name, page.read_bytes())
                os.utime(folder / page.name, (0, 0))  # older than any grade, so that `autograder feedback` replaces it
        if not any(one.final for one in known if one.number == attempt.number):
            self._hand_back(attempt, pages)
        if attempt in self._store.of(attempt.assignment, attempt.student):  # else there may be other pages by now
            self._store.change(attempt, released=True)

    def _hand_back(self, attempt: Attempt, pages: Sequence[Path]) -> None:
        """Release pages through an attempt's source; what lay in `submitted/` may be from any. Raises NotReached."""
        for step, source in self._sources.items():
            if attempt.source == step or attempt.source not in self._sources:
                source.release(attempt, self._store.files(attempt), pages)

    def finish(self, assignment: str) -> None:
        """After the deadline, write and release the usual feedback on what counts."""
        for student in self._store.students(assignment):
            attempts = self._store.of(assignment, student)
            counting = self._course.policy.counting(attempts)
            if not attempts[-1].graded or counting is None or counting.final or counting.points is None:
                continue
            if counting.lacks_seeds:
                continue
            what = finishing(assignment, student)
            if not self._failures.may_try(what):
                continue
            try:
                with self._lock:
                    self._finish_one(counting)
                for other in attempts:
                    if not other.release and other.number != counting.number:
                        with speaking(self._course.language):
                            why = gettext("Attempt %(number)s counts: see the feedback on it.", number=counting.number)
                            self._pages.tell(other, [why])
                self._failures.succeeded(what)
            except FAULTS as error:
                self._failures.failed(what, str(error))

    def _finish_one(self, counting: Attempt) -> None:
        coursedir = self._course.directory(counting.assignment)
        coursedir.student_id = counting.student
        converter = GenerateFeedback(coursedir=coursedir, parent=self._course.app)
        converter.force = True
        converter.start()
        pages = sorted(self.feedback_folder(counting.assignment, counting.student).glob("*.html"))
        self._hand_back(counting, pages)
        self._store.change(counting, final=True)

    def feedback_folder(self, assignment: str, student: str) -> Path:
        """The folder of a student's newest pages."""
        coursedir = self._course.directory(assignment)
        return Path(coursedir.format_path(coursedir.feedback_directory, student, assignment))


def finishing(assignment: str, student: str) -> str:
    """What has failed where the feedback after the deadline is not released."""
    return f"{printable(student)}: {assignment}: feedback not released"
