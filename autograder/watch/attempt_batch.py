"""Attempts are graded, some at once; the one that counts goes where nbgrader looks for it.

Before the deadline, each is graded with the visible tests alone, for its student's page, and then with all tests.
"""

import math
import shutil
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from autograder.grading.backup import Backups
from autograder.grading.job import FAULTS, Status
from autograder.grading.pipeline import NotAllGraded, ProgressListener
from autograder.grading.record import GradeStatus, SubmissionStatus
from autograder.grading.submission import Submission
from autograder.watch.arrivals import digest
from autograder.watch.attempt_grader import AttemptGrader, GivenSubmission, hidden_results
from autograder.watch.attempt_pages import AttemptPages, work_status
from autograder.watch.attempts import Attempt, copy
from autograder.watch.watched import WatchedCourse

DAY = 86_400.0


class BatchGrader:
    """Grades the attempts of one course."""

    def __init__(self, course: WatchedCourse, pages: AttemptPages, rehearsals: ProgressListener) -> None:
        """`pages` tells students what came of it; `rehearsals` hears of the rehearsal of each assignment."""
        self._course, self._pages, self._rehearsals = course, pages, rehearsals
        self._versions: dict[str, tuple[str, ...]] = {}  # by assignment, what its attempts were last graded against
        self._rehearsed: set[str] = set()
        self._backed_up = -math.inf

    def rehearse(self, assignment: str) -> None:
        """Rehearse an assignment, as students' notebooks will be graded; once, as a grading notices changes itself."""
        if assignment in self._rehearsed:
            return
        for visible in (False, True):
            grader = self._grader(assignment, [], lambda submission: None, visible=visible)
            grader.watcher = ProgressListener() if visible else self._rehearsals
            grader.start()
        self._rehearsed.add(assignment)

    def _grader(
        self,
        assignment: str,
        given: Sequence[GivenSubmission],
        graded: Callable[[Submission], Path | None],
        *,
        visible: bool,
        early: bool = False,
    ) -> AttemptGrader:
        coursedir = self._course.directory(assignment)
        return AttemptGrader(coursedir, given, graded, visible=visible, early=early, parent=self._course.app)

    def grade(self, assignment: str, attempts: Sequence[Attempt], *, early: bool) -> None:
        """Grade attempts, no two of one student; `early`: before the deadline.

        Raises NbGraderException where the assignment can't be graded.
        """
        self._back_up(assignment)
        batch = _Batch(self._course, self._pages, attempts, is_early=early)
        if batch.is_early:
            self._run(self._grader(assignment, batch.given(), batch.seen, visible=True, early=True))
            batch.told_visible()
        grader = self._grader(assignment, batch.given(), batch.counts, visible=False, early=batch.is_early)
        grader.watcher = _Graded(
            lambda *found: batch.finished(*found, short=grader.is_short(found[0])), self._course.say
        )
        self._run(grader)
        before = self._versions.get(assignment, grader.versions)
        self._versions[assignment] = grader.versions
        if grader.versions != before and grader.given:
            self._course.say(
                f"{assignment} has changed: attempts are graded by the new version from now on. To grade those again "
                f"that count, run `autograder grade {assignment}`."
            )

    def _run(self, grader: AttemptGrader) -> None:
        if grader.given:
            with suppress(NotAllGraded):  # each says why
                grader.start()

    def _back_up(self, assignment: str) -> None:
        if time.monotonic() - self._backed_up > DAY:
            Backups(self._course.root, self._course.directory(assignment).db_url).make()
            self._backed_up = time.monotonic()


def put(course: WatchedCourse, attempt: Attempt) -> Path | None:
    """Put an attempt's files into `submitted/`; None where something lies there that has not been taken in yet.

    Raises OSError.
    """
    coursedir = course.directory(attempt.assignment)
    target = Path(coursedir.format_path(coursedir.submitted_directory, attempt.student, attempt.assignment))
    if target.exists():
        there = digest(target)
        if there == attempt.digest:
            return target
        if there not in {one.digest for one in course.store.of(attempt.assignment, attempt.student)}:
            return None
    new, old = (target.with_name(f".{target.name}.{name}") for name in ("new", "old"))
    for folder in (new, old):
        shutil.rmtree(folder, ignore_errors=True)
    copy(course.store.files(attempt), new)
    if target.exists():
        target.rename(old)
    new.rename(target)
    shutil.rmtree(old, ignore_errors=True)
    return target


class _Graded(ProgressListener):
    """Hears when a submission is written."""

    def __init__(
        self, finished: Callable[[Submission, SubmissionStatus], None], waiting: Callable[[str], None]
    ) -> None:
        self._finished, self._waiting = finished, waiting

    def finished(self, submission: Submission, status: SubmissionStatus) -> None:
        self._finished(submission, status)

    def waiting(self, why: str) -> None:
        self._waiting(why)


class _Batch:
    """Attempts that are graded together, no two of one student."""

    def __init__(
        self, course: WatchedCourse, pages: AttemptPages, attempts: Sequence[Attempt], *, is_early: bool
    ) -> None:
        self._course, self._pages = course, pages
        self._attempts = {attempt.student: attempt for attempt in attempts}
        self._visible: dict[str, Submission] = {}
        self._postponed: set[str] = set()
        self.is_early = is_early

    def given(self) -> list[GivenSubmission]:
        """What is to be graded, in order."""
        return [
            GivenSubmission(student, self._course.store.files(attempt)) for student, attempt in self._attempts.items()
        ]

    def seen(self, submission: Submission) -> None:
        """The visible tests of a submission have been run."""
        self._visible[submission.student] = submission

    def told_visible(self) -> None:
        """After the visible tests: where students are told of no others, their pages are ready."""
        for student, attempt in [*self._attempts.items()]:
            submission = self._visible.get(student)
            faults = [one for one in submission.works if work_status(one) == Status.FAULT] if submission else []
            if submission is None or faults:
                message = "; ".join(work.outcome.message for work in faults if work.outcome) or "it can't be read"
                self._course.failures.failed(attempt.label, f"{GradeStatus.FAULT}: {message}")
                del self._attempts[student]
            elif self._course.policy.hidden == "nothing":
                self._pages.write_results(attempt, submission, {})

    def counts(self, submission: Submission) -> Path | None:
        """Where the files of an attempt are, whose tests have all been run, if its grade is to be written."""
        attempt = self._attempts[submission.student]
        if self._counting(attempt, submission).number != attempt.number:
            return None
        why = "something in its folder in submitted/ is not complete yet, and would be lost"
        try:
            folder = put(self._course, attempt)
        except FAULTS as error:
            folder, why = None, str(error)
        if folder is None:
            self._postponed.add(submission.student)
            self._course.failures.failed(attempt.label, f"not graded: {why}")
        return folder

    def _counting(self, attempt: Attempt, submission: Submission) -> Attempt:
        known = self._course.store.of(attempt.assignment, attempt.student)
        now = replace(attempt, graded=True, points=_points(submission))
        found = self._course.policy.counting([now if one.number == now.number else one for one in known])
        assert found is not None
        return found

    def finished(self, submission: Submission, status: SubmissionStatus, *, short: bool) -> None:
        """A submission is written, or need not be; `short`: see `Attempt`."""
        if submission.student in self._postponed:
            return
        attempt, course = self._attempts[submission.student], self._course
        said = dict.fromkeys(one.message for one in status.notebooks.values() if one.status != Status.GRADED)
        if status.label == GradeStatus.FAULT:
            course.failures.failed(attempt.label, f"{status.label}: {'; '.join(said)}")
            return
        try:
            counting = self._counting(attempt, submission)
            if counting.number != attempt.number:
                put(course, counting)
            points = _points(submission)
            attempt = course.store.change(
                attempt, graded=True, due=attempt.due, points=points, short=short, again=False
            )
            if self.is_early and course.policy.hidden != "nothing":
                self._pages.write_results(attempt, self._visible[attempt.student], hidden_results(submission.works))
        except FAULTS as error:
            course.failures.failed(attempt.label, str(error))
            return
        course.failures.succeeded(attempt.label)
        of_tests = "" if points is None else f", {points:g} points of tests"
        counts = "" if counting.number == attempt.number else f"; attempt {counting.number} counts"
        course.say(f"{attempt.label}: {status.label}{of_tests}{counts}{': ' if said else ''}{'; '.join(said)}")


def _points(submission: Submission) -> float | None:
    """The points that the tests gave; None where a notebook has no grade."""
    if not all(work.graded for work in submission.works):
        return None
    return sum(score or 0.0 for work in submission.works if work.outcome for score in work.outcome.scores.values())
