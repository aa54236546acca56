"""What students are told of an attempt before the deadline, in pages: results, waits, and the policy's reasons."""

import math
import os
import time
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from autograder.common.files import write_atomic
from autograder.common.language import gettext, ngettext, speaking, translated
from autograder.common.text import printable
from autograder.grading.job import Status
from autograder.grading.student_results import Test, describe_mends, tests_of
from autograder.grading.submission import NotebookTask, Submission
from autograder.notebooks.instructor import InstructorCell
from autograder.notebooks.instructor_version import existing_gradebook
from autograder.reports.early_feedback import EarlyFeedback, ExerciseResult, early_feedback_page
from autograder.watch.attempt_grader import has_visible_tests, scored_cells
from autograder.watch.attempts import Attempt
from autograder.watch.policy import Decision, Delay
from autograder.watch.watched import WatchedCourse

Hidden = Mapping[str, Mapping[str, bool]]  # by notebook and grade_id, whether a cell with hidden tests passes


class AttemptPages:
    """Writes the pages of attempts; `releases` releases them."""

    def __init__(self, course: WatchedCourse) -> None:
        """Of this course."""
        self._course, self._policy, self._store = course, course.policy, course.store

    def tell(self, attempt: Attempt, notices: Sequence[str]) -> None:
        """Release a page that says what becomes of an attempt, at once: it depends on no test."""
        names = [Path(name).stem for name in sorted(os.listdir(self._store.files(attempt))) if name.endswith(".ipynb")]
        known = [name for name in names if name in self._notebooks(attempt.assignment)]
        pages = [self.feedback(attempt, name, notices=notices) for name in known or self._notebooks(attempt.assignment)]
        self.write(attempt, pages, time.time())

    def feedback(self, attempt: Attempt, notebook: str, **found: Any) -> EarlyFeedback:
        """What is told of one notebook of an attempt."""
        arrived = moment(attempt.arrived)
        student = printable(attempt.student)
        return EarlyFeedback(student, attempt.assignment, notebook, attempt.number, arrived, **found)

    def rules(self, attempt: Attempt) -> list[str]:
        """What a page says of further attempts, once this one is graded."""
        said = []
        if self._policy.attempts:
            known = self._store.of(attempt.assignment, attempt.student)
            used = sum(one.graded or one.number == attempt.number for one in known)
            said.append(
                ngettext(
                    "Graded before the deadline: %(used)s of %(count)s attempt.",
                    "Graded before the deadline: %(used)s of %(count)s attempts.",
                    self._policy.attempts,
                    used=used,
                )
            )
        if self._policy.wait_seconds and (not self._policy.attempts or used < self._policy.attempts):
            said.append(
                gettext(
                    "Your next attempt is graded at %(time)s at the earliest, so that there is time to find out what "
                    "is wrong without the tests.",
                    time=moment(attempt.due + self._policy.wait_seconds),
                )
            )
        return said

    def write(self, attempt: Attempt, pages: Iterable[EarlyFeedback], at: float, **changes: Any) -> Attempt:
        """Write an attempt's pages, to be released at that time; `changes` of the attempt are kept with that."""
        for page in pages:
            write_atomic(self._store.pages(attempt) / f"{page.notebook}.html", early_feedback_page(page).encode())
        return self._store.change(attempt, release=at, released=False, **changes)

    def write_results(self, attempt: Attempt, visible: Submission, hidden: Hidden) -> None:
        """Write what the policy lets a student know of a graded attempt: how its visible tests ended, and `hidden`."""
        policy = self._policy
        with speaking(self._course.language):
            rules = self.rules(attempt)
            pages = [
                self.feedback(
                    attempt,
                    work.name,
                    notices=_notices(work, hidden.get(work.name), policy.hidden),
                    exercises=_exercises(work, hidden.get(work.name, {}) if policy.hidden == "exercises" else {}),
                    fixes=describe_mends(work.mends),
                    rules=rules,
                )
                for work in visible.works
            ]
            self.write(attempt, pages, policy.released_at(attempt.due, time.time()), told="")

    def why(self, decision: Decision, now: float) -> str:
        """When an attempt that is delayed is graded, and why not now, in sentences for its student."""
        if decision.delay == Delay.LIMIT:
            limit = ngettext(
                "Before the deadline, %(count)s attempt can be graded, and that many were.",
                "Before the deadline, %(count)s attempts can be graded, and that many were.",
                self._policy.attempts,
            )
            return f"{_when(decision.at)} {limit}"
        wait = math.ceil(self._policy.wait_seconds / 60)
        why = gettext(
            "That is %(left)s from now: at least %(wait)s lie between two graded attempts, so that there is time to "
            "find out what is wrong without the tests.",
            left=_minutes(math.ceil((decision.at - now) / 60)),
            wait=_minutes(wait),
        )
        return f"{_when(decision.at)} {why}"

    def of_later_attempts(self) -> str:
        """What comes of submitting again while an attempt is delayed."""
        if self._policy.counts == "last":
            return gettext(
                "You can submit again meanwhile; the newest attempt is then graded instead. Your last attempt counts."
            )
        return gettext(
            "You can submit again meanwhile; the newest attempt is then graded instead. Your best attempt that is "
            "graded counts."
        )

    def _notebooks(self, assignment: str) -> list[str]:
        with existing_gradebook(self._course.directory(assignment), assignment) as gradebook:
            return sorted(notebook.name for notebook in gradebook.find_assignment(assignment).notebooks)


def _notices(work: NotebookTask, hidden: Mapping[str, bool] | None, policy: str) -> list[str]:
    if work_status(work) != Status.GRADED:
        return [
            gettext(
                "This notebook can't be graded: %(reason)s. Submit it again, or ask your instructor.",
                reason=translated(work.outcome.message if work.outcome else ""),
            )
        ]
    if policy == "nothing":
        return [gettext("Hidden tests are run as well; what they say follows after the deadline.")]
    if hidden is None:
        return [gettext("The hidden tests could not be run. Your instructor will look at it.")]
    if not hidden:
        return [gettext("This notebook has no hidden tests.")]
    passed = sum(hidden.values())
    return [
        ngettext(
            "%(passed)s of %(count)s cell with hidden tests pass all their tests.",
            "%(passed)s of %(count)s cells with hidden tests pass all their tests.",
            len(hidden),
            passed=passed,
        )
    ]


def _exercises(work: NotebookTask, hidden: Mapping[str, bool]) -> list[ExerciseResult]:
    if work_status(work) != Status.GRADED or work.job is None:
        return []
    words = {True: gettext("pass"), False: gettext("do not all pass")}
    return [
        ExerciseResult(
            test.name,
            _visible(cell, test),
            words[hidden[str(cell.grade_id)]] if cell.grade_id in hidden else "",
            test.message if test.score is not None and has_visible_tests(cell) else "",
        )
        for cell, test in zip(scored_cells(work.job.version), tests_of(work, ()), strict=True)
    ]


def _visible(cell: InstructorCell, test: Test) -> str:
    if test.score is None:
        return test.message
    if not has_visible_tests(cell):
        return gettext("none")
    if test.score == test.points:
        return gettext("pass")
    if not test.score:
        return gettext("fail")
    return ngettext(
        "%(points)s of %(most)s points; hidden tests may add to them",
        "%(points)s of %(most)s points; hidden tests may add to them",
        test.points,
        points=f"{test.score:g}",
        most=f"{test.points:g}",
    )


def _when(at: float) -> str:
    return gettext("It is not graded.") if math.isinf(at) else gettext("It is graded at %(time)s.", time=moment(at))


def _minutes(count: int) -> str:
    """How many, after "at least" and before "from now"."""
    return ngettext("%(count)s minute", "%(count)s minutes", count)


def moment(at: float) -> str:
    """A time as a person reads it."""
    return f"{datetime.fromtimestamp(at, UTC):%Y-%m-%d %H:%M:%S} UTC" if math.isfinite(at) else gettext("never")


def work_status(work: NotebookTask) -> Status | None:
    """How the last try at a notebook ended; None where there was none."""
    return work.outcome.status if work.outcome else None
