"""What the pages of `autograder watch` show: a student's attempts, and a class's.

Before the deadline, what a student sees depends on when attempts arrived and on which pages are released, and on
nothing else: never on whether an attempt has been graded meanwhile, which would tell how long hidden tests took.
"""

import os
import time
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from autograder.common.files import open_regular
from autograder.common.language import gettext, ngettext
from autograder.common.text import counted, printable
from autograder.grading.job import Status
from autograder.grading.record import Statuses
from autograder.watch.attempt_pages import moment
from autograder.watch.attempts import Attempt
from autograder.watch.watcher import Watcher

SHOWN_FILES = 100  # of an attempt, which may have thousands, on a page that is asked for every five seconds
FINAL = "final"  # in the place of an attempt's number: the feedback after the deadline


@dataclass(frozen=True)
class SubmittedFile:
    """A file of an attempt: its path in the submission, and its size in bytes."""

    name: str
    size: int


@dataclass(frozen=True)
class AttemptOverview:
    """What a student sees of an attempt."""

    number: int
    arrived: str
    state: str  # in a sentence
    digest: str  # of its files: the receipt
    files: tuple[SubmittedFile, ...]  # the first ones
    has_more_files: bool
    lists_files: bool
    pages: tuple[str, ...]  # the notebooks whose feedback of before the deadline is released
    is_late: bool
    counts: bool  # told after the deadline alone


@dataclass(frozen=True)
class StudentOverview:
    """What a student sees of an assignment; the newest attempt comes first."""

    assignment: str
    deadline: str
    final: tuple[str, ...]  # the notebooks whose feedback of after the deadline is released
    attempts: tuple[AttemptOverview, ...]


@dataclass(frozen=True)
class ClassRow:
    """What an instructor sees of a student."""

    student: str
    attempts: int
    graded: int
    arrived: str
    state: str
    points: float | None  # of the tests of the attempt that counts
    counting: int | None  # its number
    problem: str  # what needs a person
    may_release: bool


@dataclass(frozen=True)
class ClassOverview:
    """What an instructor sees of an assignment; what needs a person comes first."""

    assignment: str
    deadline: str
    is_over: bool
    rows: tuple[ClassRow, ...]

    @property
    def words(self) -> str:
        """How the class stands, in a sentence."""
        waiting = sum(1 for row in self.rows if row.graded == 0)
        attempts = counted(sum(row.attempts for row in self.rows), "attempt")
        needy = sum(1 for row in self.rows if row.problem)
        return (
            f"{counted(len(self.rows), 'student')} submitted {attempts}; "
            f"{waiting} have no graded attempt yet; {needy} need a person."
        )


class Overview:
    """Reads a watcher's attempts for its pages."""

    def __init__(self, watcher: Watcher) -> None:
        """The watcher is opened."""
        self._watcher, self._store = watcher, watcher.store
        self._statuses = Statuses(watcher.root)

    def of_student(self, student: str) -> list[StudentOverview]:
        """A student's attempts, by assignment; empty for who has none."""
        found = []
        for assignment in self._store.assignments():
            if attempts := self._store.of(assignment, student):
                told = tuple(self._attempt(one, attempts) for one in reversed(attempts))
                due = _deadline(self._watcher.deadlines.due(assignment, student))
                found.append(StudentOverview(assignment, due, self._final(attempts), told))
        return found

    def of_class(self) -> list[ClassOverview]:
        """All students who have attempts, by assignment."""
        found, queue = [], self._queue()
        for assignment in self._store.assignments():
            rows = [self._row(self._store.of(assignment, name), queue) for name in self._store.students(assignment)]
            rows.sort(key=lambda row: (not row.problem, row.student))
            over = self._is_over(assignment)
            last = _deadline(self._watcher.deadlines.last.get(assignment))
            found.append(ClassOverview(assignment, last, over, tuple(rows)))
        return found

    def page(self, student: str, assignment: str, number: str, notebook: str) -> bytes | None:
        """A page of feedback that its student may read now; None where there is none.

        What is given is compared with what is there, and never becomes part of a path before that.
        """
        if assignment not in self._store.assignments() or student not in self._store.students(assignment):
            return None
        attempts = self._store.of(assignment, student)
        if number == FINAL:
            folder, names = self._watcher.releases.feedback_folder(assignment, student), self._final(attempts)
        else:
            found = [one for one in attempts if str(one.number) == number and _has_feedback(one)]
            if not found:
                return None
            folder, names = self._store.pages(found[0]), self._pages(found[0])
        if notebook not in names:
            return None
        try:
            with open_regular(folder / f"{notebook}.html") as file:
                return file.read()
        except OSError:  # it is being replaced
            return None

    # of one attempt

    def _attempt(self, attempt: Attempt, attempts: Sequence[Attempt]) -> AttemptOverview:
        # Whether files of earlier attempts are kept depends on which attempt counts, and is not told.
        is_new = attempt in attempts[-self._watcher.policy.kept_attempts :]
        files = tuple(islice(_files(self._store.files(attempt)), SHOWN_FILES + 1)) if is_new else ()
        return AttemptOverview(
            attempt.number,
            moment(attempt.arrived),
            self._state(attempt, attempts),
            attempt.digest,
            files[:SHOWN_FILES],
            len(files) > SHOWN_FILES,
            is_new,
            self._pages(attempt) if _has_feedback(attempt) else (),
            attempt.late,
            attempt.final,
        )

    def _state(self, attempt: Attempt, attempts: Sequence[Attempt]) -> str:
        """What becomes of an attempt, in sentences for its student."""
        if attempt.final:
            return gettext("This attempt counts.")
        if attempt.replaced:
            return gettext("Not graded: a later attempt took its place.")
        if _has_feedback(attempt):
            return gettext("Graded: see the feedback.")
        deadline, now = self._watcher.deadlines.last.get(attempt.assignment), time.time()
        if deadline is not None and now >= deadline and attempt.graded:
            if attempt.points is not None:
                return gettext("Graded with all tests; the feedback follows.")
            return gettext("Graded with all tests; your instructor looks at it.")
        if attempt.number == attempts[-1].number and not attempt.again:
            decision = self._watcher.policy.decision(attempts, deadline, now)
            if decision.at > now:
                return self._watcher.pages.why(decision, now)
        before = bisect_left(self._queue(), _place(attempts))
        if not before:
            return gettext("Being graded, or next in the queue.")
        return ngettext(
            "In the queue: %(count)s attempt before it.", "In the queue: %(count)s attempts before it.", before
        )

    def _queue(self) -> list[tuple[int, float]]:
        """The places of the attempts that are due, and whose feedback is not released."""
        now, found = time.time(), []
        for assignment in self._store.assignments():
            deadline = self._watcher.deadlines.last.get(assignment)
            for student in self._store.students(assignment):
                *_, last = attempts = self._store.of(assignment, student)
                is_told = _has_feedback(last) or last.final
                if not is_told and self._watcher.policy.decision(attempts, deadline, now).at <= now:
                    found.append(_place(attempts))
        return sorted(found)

    def _row(self, attempts: Sequence[Attempt], queue: Sequence[tuple[int, float]]) -> ClassRow:
        last, counting = attempts[-1], self._watcher.policy.counting(attempts)
        now, deadline = time.time(), self._watcher.deadlines.last.get(last.assignment)
        decision = self._watcher.policy.decision(attempts, deadline, now)
        if last.again:
            state = "to be graded again"
        elif not last.graded:
            before = bisect_left(queue, _place(attempts))
            state = self._watcher.pages.why(decision, now) if decision.at > now else f"in the queue, {before} before it"
        elif counting and counting.final:
            state = "feedback of after the deadline is released"
        else:
            state = "graded; feedback is released" if last.released else "graded; feedback is to be released"
        return ClassRow(
            last.student,
            len(attempts),
            sum(one.graded for one in attempts),
            moment(last.arrived),
            state,
            counting.points if counting else None,
            counting.number if counting else None,
            self._problem(last, counting),
            bool(counting and counting.final),
        )

    def _problem(self, last: Attempt, counting: Attempt | None) -> str:
        """Why a person should look at a student's submission; empty where nobody needs to."""
        if failing := self._watcher.failures.problem(last.label):
            return failing
        status = self._statuses.get(last.assignment, last.student) if counting else None
        if status is None:
            return ""
        bad = [one.message for one in status.notebooks.values() if one.status == Status.NEEDS_PERSON]
        return printable("; ".join(dict.fromkeys([*bad, *(item.text for item in status.review)])))

    def _pages(self, attempt: Attempt) -> tuple[str, ...]:
        return _notebooks(self._store.pages(attempt))

    def _final(self, attempts: Sequence[Attempt]) -> tuple[str, ...]:
        if not any(one.final for one in attempts):
            return ()
        return _notebooks(self._watcher.releases.feedback_folder(attempts[0].assignment, attempts[0].student))

    def _is_over(self, assignment: str) -> bool:
        deadline = self._watcher.deadlines.last.get(assignment)
        return deadline is not None and time.time() >= deadline


def _deadline(at: float | None) -> str:
    if at is None:
        return gettext("No deadline is set.")
    if time.time() >= at:
        return gettext("The deadline was %(time)s.", time=moment(at))
    return gettext("The deadline is %(time)s.", time=moment(at))


def _has_feedback(attempt: Attempt) -> bool:
    """Whether feedback on a graded attempt is released; other pages say only when it is graded, or that it is not."""
    return attempt.released and 0 < attempt.release <= time.time() and not attempt.told and not attempt.replaced


def _place(attempts: Sequence[Attempt]) -> tuple[int, float]:
    """What the queue is ordered by: how many attempts of the student were graded before, and when the last arrived."""
    *earlier, last = attempts
    return sum(one.graded for one in earlier), last.arrived


def _notebooks(folder: Path) -> tuple[str, ...]:
    return tuple(sorted(path.stem for path in folder.glob("*.html") if not path.name.startswith(".")))


def _files(folder: Path) -> Iterator[SubmittedFile]:
    for place, folders, names in os.walk(folder):
        folders.sort()
        for path in (Path(place, name) for name in sorted(names)):
            if path.is_file() and not path.is_symlink():
                with suppress(FileNotFoundError):  # it is being deleted
                    yield SubmittedFile(printable(path.relative_to(folder).as_posix(), 200), path.stat().st_size)
