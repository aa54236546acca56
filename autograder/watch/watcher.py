"""Grading what arrives, until stopped.

    submitted/, each `source` (nbgrader's `exchange`, `lms_source`)
                        --complete (`arrivals`), by the `intake`--> .autograder/attempts (`attempts`)
    an attempt --`policy`: now, later, or not--> an `attempt_batch`
                                --graded with the visible tests alone--> the student's page (`attempt_pages`)
                                --graded with all tests (`attempt_grader`)--> if it counts: submitted/, autograded/,
                                                                              the gradebook
    pages, and after the deadline the usual feedback --> `releases`

The state is the attempts, the stored results, and the gradebook. Each step is done again until what it leads to is
there, and comes out the same, so the process may be killed at any moment; one at a time watches a course, others wait.
The attempt that counts is the one in `submitted/`, in `autograded/`, and in the gradebook, before the deadline as after
it, so that formgrader, `autograder grade`, and `autograder export` know nothing of attempts. An attempt that arrived in
`submitted/` and does not count is taken out of it again; its files stay among the attempts.
"""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from autograder.common.language import Course, speaking
from autograder.grading.gradebook import one_engine
from autograder.grading.lock import course_lock
from autograder.grading.pipeline import ProgressListener
from autograder.watch.attempt_batch import BatchGrader
from autograder.watch.attempt_pages import AttemptPages
from autograder.watch.attempts import Attempt, AttemptStore
from autograder.watch.exchange import CourseExchange
from autograder.watch.failures import Failures
from autograder.watch.intake import Intake
from autograder.watch.lms_source import CourseLms
from autograder.watch.policy import Watch
from autograder.watch.releases import Releases, finishing
from autograder.watch.source import Source
from autograder.watch.student_deadlines import StudentDeadlines
from autograder.watch.watched import WatchedCourse

BATCH = 16  # attempts that are graded before the next look for new ones


class Watcher:
    """Watches the assignments of one course."""

    def __init__(
        self,
        app: Any,
        assignments: Callable[[], Sequence[str]],
        say: Callable[[str], None],
        rehearsals: ProgressListener,
    ) -> None:
        """`app` has nbgrader's configuration; `assignments` gives those to watch, at each look.

        `say` gets a line for each submission, and for each thing that a person should know. `rehearsals` hears of the
        rehearsal of each assignment.
        """
        self.policy = Watch(parent=app)
        self.language = str(Course(parent=app).language)  # of what students are told
        self._app, self._assignments, self._say, self._rehearsals = app, assignments, say, rehearsals
        self.root = Path(app.coursedir.root).resolve()
        self.failures = Failures(say)
        self.deadlines = StudentDeadlines(app)

    def run(self, changed: Callable[[], bool]) -> None:
        """Within `opened`, watch until the settings have `changed`. Raises what can't be helped by trying again."""
        while not changed():
            if not self.look():
                time.sleep(self.policy.scan_seconds)

    @contextmanager
    def opened(self) -> Iterator[None]:
        """Within, this is the one that watches the course, and pages are released in their time."""
        with course_lock(self.root, "`watch`", self._say, name="watch.lock"), one_engine():
            self.store = AttemptStore(self.root)
            course = WatchedCourse(
                self._app, self.root, self.policy, self.language, self.store, self.failures, self._say
            )
            self._sources = {source.step: source for source in self._made_sources()}
            self.pages = AttemptPages(course)
            self.releases = Releases(course, self._sources, self.pages)
            self._intake = Intake(course, self._sources, self.deadlines, self.pages)
            self._grader = BatchGrader(course, self.pages, self._rehearsals)
            with self.releases.running(), ExitStack() as running:
                for source in self._sources.values():
                    running.enter_context(source.running())
                yield

    def _made_sources(self) -> Iterator[Source]:
        """Where students submit, as the policy says. Raises LmsError."""
        if self.policy.exchange:
            yield CourseExchange(self._app, self.policy.settle_seconds)
        if self.policy.lms_seconds:
            yield CourseLms(self._app, self.policy.lms_seconds, self.failures, self.deadlines)

    def look(self) -> bool:
        """Take in what has arrived, and grade some of what is due; whether anything was graded."""
        deadlines: dict[str, float | None] = {}
        for assignment in self._assignments():
            with self.failures.trial(f"{assignment} can't be watched") as may:
                if may:
                    self._grader.rehearse(assignment)
                    deadline = self.deadlines.read(assignment)
                    self._intake.take_in(assignment)
                    deadlines[assignment] = self.deadlines.last[assignment] = deadline
        due = self._due(deadlines)[:BATCH]
        for assignment in dict.fromkeys(attempt.assignment for attempt in due):
            with self.failures.trial(_grading(assignment)):
                attempts = [one for one in due if one.assignment == assignment]
                early = not self._is_over(assignment, deadlines[assignment])
                self._grader.grade(assignment, attempts, early=early)
        for assignment, deadline in deadlines.items():
            with self.failures.trial(f"{assignment} can't be watched"):
                if self._is_over(assignment, deadline):
                    self.releases.finish(assignment)
        return bool(due)

    def _is_over(self, assignment: str, deadline: float | None) -> bool:
        """Whether a deadline has passed, and no source has moved it: else, hidden tests must not be shown yet."""
        if deadline is None or time.time() < deadline:
            return False
        if not all(source.has_dates_since(assignment, deadline) for source in self._sources.values()):
            return False
        return self.deadlines.read(assignment) == deadline  # which was read before the sources had their dates, maybe

    def _due(self, deadlines: Mapping[str, float | None]) -> list[Attempt]:
        """The attempts to grade now: the first ones of all students before the second ones, each by arrival."""
        now = time.time()
        found: list[tuple[int, float, Attempt]] = []
        for assignment, deadline in deadlines.items():
            for student in self.store.students(assignment) if self.failures.may_try(_grading(assignment)) else ():
                attempts = self.store.of(assignment, student)
                last = attempts[-1]
                if last.graded:
                    counting = self.policy.counting(attempts)
                    is_over = deadline is not None and now >= deadline
                    is_wanted = counting and (counting.again or (is_over and counting.lacks_seeds))
                    if counting and is_wanted and self.failures.may_try(counting.label):
                        found.append((len(attempts), counting.arrived, counting))
                    continue
                if not self.failures.may_try(last.label):
                    continue
                decision = self.policy.decision(attempts, deadline, now)
                if last.again or decision.at <= now:
                    graded = sum(attempt.graded for attempt in attempts)
                    found.append((graded, last.arrived, replace(last, due=min(now, decision.at))))
                elif last.told != (told := f"{decision.delay} {decision.at:.0f}"):
                    last = self.store.change(last, told=told)
                    with speaking(self.language):
                        self.pages.tell(last, [self.pages.why(decision, now), self.pages.of_later_attempts()])
                    self._say(f"{last.label}: {self.pages.why(decision, now)}")
        return [attempt for *_, attempt in sorted(found, key=lambda one: one[:2])]

    # what an instructor asks for

    def grade_again(self, assignment: str, student: str) -> None:
        """Grade what counts of a student again at the next look; or, where the last attempt is not graded yet, that."""
        attempts = self.store.of(assignment, student)
        waiting = [attempt for attempt in attempts[-1:] if not attempt.graded]
        attempt = waiting[0] if waiting else self.policy.counting(attempts)
        if attempt is not None:
            self.failures.forget(attempt.label)
            self.store.change(attempt, again=True)

    def release_again(self, assignment: str, student: str) -> None:
        """After the deadline, write and release the feedback on what counts once more, as the gradebook is by then."""
        counting = self.policy.counting(self.store.of(assignment, student))
        if counting is not None:
            self.failures.forget(finishing(assignment, student))
            self.store.change(counting, final=False)


def _grading(assignment: str) -> str:
    return f"{assignment} can't be graded"
