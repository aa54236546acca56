"""Grading what arrives, until stopped.

    submitted/, each `source` (nbgrader's `exchange`, `lms_source`)
                        --complete (`arrivals`)--> .autograder/attempts (`attempts`)
    an attempt --`policy`: now, later, or not--> graded with the visible tests alone --> the student's page
                                             --> graded with all tests (`attempt_grader`)
                                                     --the attempt that counts--> submitted/, autograded/, the gradebook
    after the deadline --> the usual feedback, released

The state is the attempts, the stored results, and the gradebook. Each step is done again until what it leads to is
there, and comes out the same, so the process may be killed at any moment; one at a time watches a course, others wait.
The attempt that counts is the one in `submitted/`, in `autograded/`, and in the gradebook, before the deadline as after
it, so that formgrader, `autograder grade`, and `autograder export` know nothing of attempts. An attempt that arrived in
`submitted/` and does not count is taken out of it again; its files stay among the attempts.
"""

import math
import os
import shutil
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from nbgrader.api import MissingEntry
from nbgrader.converters.base import NbGraderException
from nbgrader.coursedir import CourseDirectory

from autograder.common.errors import AutograderError
from autograder.common.files import write_atomic
from autograder.common.language import Course, gettext, ngettext, speaking, translated
from autograder.common.text import printable
from autograder.common.timestamps import parse_timestamp
from autograder.grading.backup import Backups
from autograder.grading.deadlines import Deadlines
from autograder.grading.gradebook import one_engine
from autograder.grading.job import FAULTS, Status
from autograder.grading.lock import course_lock
from autograder.grading.pipeline import NotAllGraded, ProgressListener
from autograder.grading.record import GradeStatus, SubmissionStatus
from autograder.grading.student_results import Test, describe_mends, tests_of
from autograder.grading.submission import NotebookTask, Submission
from autograder.notebooks.handed_in import students_with
from autograder.notebooks.instructor import InstructorCell
from autograder.notebooks.instructor_version import VersionError, existing_gradebook
from autograder.reports.early_feedback import EarlyFeedback, ExerciseResult, early_feedback_page
from autograder.reports.generate import GenerateFeedback
from autograder.watch.arrivals import Arrivals, TooLarge, digest, last_change
from autograder.watch.attempt_grader import (
    AttemptGrader,
    GivenSubmission,
    has_visible_tests,
    hidden_results,
    scored_cells,
)
from autograder.watch.attempts import Attempt, AttemptStore, Changed, copy
from autograder.watch.exchange import CourseExchange
from autograder.watch.lms_source import CourseLms
from autograder.watch.policy import Decision, Delay, Watch
from autograder.watch.source import NotReached, Source, course_directory

BATCH = 16  # attempts that are graded before the next look for new ones
RETRY = 60.0  # seconds until what failed is tried again; each time twice as long, up to an hour
DAY = 86_400.0

Hidden = Mapping[str, Mapping[str, bool]]  # by notebook and grade_id, whether a cell with hidden tests passes


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
        self._app, self._assignments, self.say, self._rehearsals = app, assignments, say, rehearsals
        self.root = Path(app.coursedir.root).resolve()
        self._arrivals = Arrivals(self.policy.settle_seconds, 1000 * app.coursedir.max_dir_size)
        self._said: dict[str, str] = {}  # by what it is about, what was last said
        self._failures: dict[str, tuple[int, float]] = {}  # of what: how often in a row, and when to try again
        self._versions: dict[str, tuple[str, ...]] = {}  # by assignment, what its attempts were last graded against
        self._rehearsed: set[str] = set()
        self._backed_up = -math.inf
        self.deadlines: dict[str, float | None] = {}  # by assignment, as of the last look
        self._due_date: dict[str, float | None] = {}  # without an extension
        self._extended: dict[str, dict[str, float]] = {}  # by student, with one

    def run(self, changed: Callable[[], bool]) -> None:
        """Within `opened`, watch until the settings have `changed`. Raises what can't be helped by trying again."""
        while not changed():
            if not self.look():
                time.sleep(self.policy.scan_seconds)

    @contextmanager
    def opened(self) -> Iterator[None]:
        """Within, this is the one that watches the course, and pages are released in their time."""
        with course_lock(self.root, "`watch`", self.say, name="watch.lock"), one_engine():
            self.store = AttemptStore(self.root)
            self._sources = {source.step: source for source in self._made_sources()}
            stopped = threading.Event()
            releases = threading.Thread(target=self._release_until, args=(stopped,), daemon=True)
            releases.start()
            try:
                with ExitStack() as running:
                    for source in self._sources.values():
                        running.enter_context(source.running())
                    yield
            finally:
                stopped.set()
                releases.join()

    def _made_sources(self) -> Iterator[Source]:
        """Where students submit, as the policy says. Raises LmsError."""
        if self.policy.exchange:
            yield CourseExchange(self._app, self.policy.settle_seconds)
        if self.policy.lms_seconds:
            yield CourseLms(self._app, self.policy.lms_seconds, self)

    def look(self) -> bool:
        """Take in what has arrived, and grade some of what is due; whether anything was graded."""
        deadlines: dict[str, float | None] = {}
        for assignment in self._assignments():
            with self._tried(f"{assignment} can't be watched") as may:
                if may:
                    self._rehearse(assignment)
                    deadline = self._deadline(assignment)
                    self._take_in(assignment)
                    deadlines[assignment] = self.deadlines[assignment] = deadline
        due = self._due(deadlines)[:BATCH]
        for assignment in dict.fromkeys(attempt.assignment for attempt in due):
            with self._tried(_grading(assignment)):
                self._grade(assignment, [one for one in due if one.assignment == assignment], deadlines[assignment])
        for assignment, deadline in deadlines.items():
            if deadline is not None and time.time() >= deadline:
                with self._tried(f"{assignment} can't be watched"):
                    if self._is_over(assignment, deadline):
                        self._finish(assignment)
        return bool(due)

    # what goes wrong, and is tried again

    def _tried(self, what: str) -> "_Trial":
        return _Trial(self, what)

    def may_try(self, what: str) -> bool:
        """Whether it is time to try something that failed; always for what has not."""
        return time.time() >= self._failures.get(what, (0, 0.0))[1]

    def failed(self, what: str, why: str) -> None:
        """Something failed: say so, unless that has been said, and try it again later."""
        times = self._failures.get(what, (0, 0.0))[0] + 1
        self._failures[what] = times, time.time() + min(3600.0, RETRY * 2 ** (times - 1))
        self.say_once(what, f"{what}: {why.rstrip('.')}. It is tried again.")

    def succeeded(self, what: str) -> None:
        """Something went well."""
        self._failures.pop(what, None)
        self._said.pop(what, None)

    def say_once(self, about: str, text: str) -> None:
        """Say something, unless it was the last thing said about that."""
        if self._said.get(about) != text:
            self._said[about] = text
            self.say(text)

    # what an instructor asks for

    def problem(self, attempt: Attempt) -> str:
        """Why an attempt can't be graded at the moment; empty where nothing has failed."""
        return self._said.get(_name(attempt), "") if _name(attempt) in self._failures else ""

    def grade_again(self, assignment: str, student: str) -> None:
        """Grade what counts of a student again at the next look; or, where the last attempt is not graded yet, that."""
        attempts = self.store.of(assignment, student)
        waiting = [attempt for attempt in attempts[-1:] if not attempt.graded]
        attempt = waiting[0] if waiting else self.policy.counting(attempts)
        if attempt is not None:
            self._failures.pop(_name(attempt), None)
            self.store.change(attempt, again=True)

    def release_again(self, assignment: str, student: str) -> None:
        """After the deadline, write and release the feedback on what counts once more, as the gradebook is by then."""
        counting = self.policy.counting(self.store.of(assignment, student))
        if counting is not None:
            self._failures.pop(_finishing(assignment, student), None)
            self.store.change(counting, final=False)

    # what arrives

    def _coursedir(self, assignment: str, **directories: str) -> CourseDirectory:
        return course_directory(self._app, assignment, **directories)

    def _rehearse(self, assignment: str) -> None:
        """Rehearse an assignment, as students' notebooks will be graded; once, as a grading notices changes itself."""
        if assignment in self._rehearsed:
            return
        for visible in (False, True):
            grader = self._grader(assignment, [], lambda submission: None, visible=visible)
            grader.watcher = ProgressListener() if visible else self._rehearsals
            grader.start()
        self._rehearsed.add(assignment)

    def _deadline(self, assignment: str) -> float | None:
        """When the last student's time is over, extensions included, in seconds since 1970; None: never.

        The due dates of single students are noted.
        """
        with existing_gradebook(self._coursedir(assignment), assignment) as gradebook:
            try:
                found = gradebook.find_assignment(assignment)
            except MissingEntry:
                raise VersionError(f"the gradebook does not know {assignment}.") from None
            coursedir = self._coursedir(assignment)
            dates = Deadlines(parent=self._app).read(coursedir, gradebook)
            due = dates.of_all(found)
            extended = dates.of_students(found, gradebook.assignment_submissions(assignment))
            self._extended[assignment] = {student: _seconds(date) for student, date in extended.items()}
            self._due_date[assignment] = _seconds(due) if due else None
            return _seconds(max([due, *extended.values()])) if due else None

    def due(self, assignment: str, student: str) -> float | None:
        """When a student's own time is over, as of the last look, in seconds since 1970; None: never."""
        return self._extended.get(assignment, {}).get(student, self._due_date.get(assignment))

    def _is_over(self, assignment: str, deadline: float) -> bool:
        """Whether no source has moved a deadline that has passed, in which case hidden tests must not be shown yet."""
        if not all(source.has_dates_since(assignment, deadline) for source in self._sources.values()):
            return False
        return self._deadline(assignment) == deadline  # which was read before the sources had their dates, maybe

    def _take_in(self, assignment: str) -> None:
        for source in self._sources.values():
            self._collect(assignment, source)
        own = self._coursedir(assignment)
        for coursedir in (own, *(self._coursedir(assignment, submitted_directory=step) for step in self._sources)):
            excluded = own.student_id_exclude.split(",")
            for student in students_with(coursedir, assignment):
                if student not in excluded:
                    self._take_in_one(coursedir, student)

    def _collect(self, assignment: str, source: Source) -> None:
        """Collect what is new. What can't be collected of one student delays nobody else, nor what they submit next."""
        for new in source.new(assignment):
            whose = (
                f"{printable(new.student)}: {assignment}, submitted {_time(new.changed)},"
                if new.student
                else assignment
            )
            what = f"{whose} can't be collected"
            try:
                if self.may_try(what):
                    source.collect(assignment, new)
                    self.succeeded(what)
            except NotReached as error:
                self.failed(what, str(error))

    def _take_in_one(self, coursedir: CourseDirectory, student: str) -> None:
        step, assignment = str(coursedir.submitted_directory), str(coursedir.assignment_id)
        folder = Path(coursedir.format_path(step, student, assignment))
        what = f"{printable(student)}: {assignment} is not taken in"
        try:
            found = self._arrivals.digest(folder)
        except TooLarge as error:
            self.say_once(what, f"{what}: {error}.")
            return
        self.succeeded(what)
        known = self.store.of(assignment, student)
        if not found or not self._is_new(found, step, known):
            return
        try:
            arrived = self._arrived(folder, assignment, student, step)
            due = self.due(assignment, student)
            late = due is not None and self._handed_in(folder, arrived) > due
            attempt = Attempt(student, assignment, 0, step, found, arrived, late)
            attempt = self.store.add(attempt, folder, lambda: self._arrivals.is_unchanged(folder))
        except (Changed, OSError):  # somebody goes on writing
            return
        for one in known:
            if not one.graded and not one.replaced:
                one = self.store.change(one, replaced=True)
                with speaking(self.language):
                    why = gettext(
                        "Attempt %(number)s arrived before this one was graded, and takes its place.",
                        number=attempt.number,
                    )
                    self._tell(one, [why])

    def _is_new(self, found: str, step: str, known: Sequence[Attempt]) -> bool:
        """Whether files are another attempt, and not one that was put there because it counts."""
        if step in self._sources:
            return self._sources[step].is_new(found, known)
        last = [attempt for attempt in known if attempt.source == step][-1:]
        counting = self.policy.counting(known)
        put = [attempt for attempt in known if attempt.source != step]
        return found not in {attempt.digest for attempt in (*last, *put, *([counting] if counting else []))}

    def _arrived(self, folder: Path, assignment: str, student: str, step: str) -> float:
        """When a submission was complete, whenever that is noticed: students are told, and what is noticed late may
        tell how long the attempts before took. Raises OSError.
        """
        at: float | None = last_change(folder)
        if step in self._sources:
            at = self._sources[step].arrived(assignment, student, folder)
        return min(time.time(), math.inf if at is None else at)

    def _handed_in(self, folder: Path, arrived: float) -> float:
        """When a submission was handed in, as far as its folder says so."""
        timezone = str(self._app.config.Exchange.get("timezone", "UTC"))
        with suppress(OSError, ValueError):
            text = (folder / "timestamp.txt").read_text(encoding="utf-8")
            return parse_timestamp(text, timezone).replace(tzinfo=UTC).timestamp()
        return arrived

    # what is due

    def _due(self, deadlines: Mapping[str, float | None]) -> list[Attempt]:
        """The attempts to grade now: the first ones of all students before the second ones, each by arrival."""
        now = time.time()
        found: list[tuple[int, float, Attempt]] = []
        for assignment, deadline in deadlines.items():
            for student in self.store.students(assignment) if self.may_try(_grading(assignment)) else ():
                attempts = self.store.of(assignment, student)
                last = attempts[-1]
                if last.graded:
                    counting = self.policy.counting(attempts)
                    is_over = deadline is not None and now >= deadline
                    is_wanted = counting and (counting.again or (is_over and _lacks_seeds(counting)))
                    if counting and is_wanted and self.may_try(_name(counting)):
                        found.append((len(attempts), counting.arrived, counting))
                    continue
                if not self.may_try(_name(last)):
                    continue
                decision = self.policy.decision(attempts, deadline, now)
                if last.again or decision.at <= now:
                    graded = sum(attempt.graded for attempt in attempts)
                    found.append((graded, last.arrived, replace(last, due=min(now, decision.at))))
                elif last.told != (told := f"{decision.delay} {decision.at:.0f}"):
                    last = self.store.change(last, told=told)
                    with speaking(self.language):
                        self._tell(last, [self.why(decision, now), self._of_later_attempts()])
                    self.say(f"{_name(last)}: {self.why(decision, now)}")
        return [attempt for *_, attempt in sorted(found, key=lambda one: one[:2])]

    def why(self, decision: Decision, now: float) -> str:
        """When an attempt that is delayed is graded, and why not now, in sentences for its student."""
        if decision.delay == Delay.LIMIT:
            limit = ngettext(
                "Before the deadline, %(count)s attempt can be graded, and that many were.",
                "Before the deadline, %(count)s attempts can be graded, and that many were.",
                self.policy.attempts,
            )
            return f"{_when(decision.at)} {limit}"
        wait = math.ceil(self.policy.wait_seconds / 60)
        why = gettext(
            "That is %(left)s from now: at least %(wait)s lie between two graded attempts, so that there is time to "
            "find out what is wrong without the tests.",
            left=_minutes(math.ceil((decision.at - now) / 60)),
            wait=_minutes(wait),
        )
        return f"{_when(decision.at)} {why}"

    def _of_later_attempts(self) -> str:
        if self.policy.counts == "last":
            return gettext(
                "You can submit again meanwhile; the newest attempt is then graded instead. Your last attempt counts."
            )
        return gettext(
            "You can submit again meanwhile; the newest attempt is then graded instead. Your best attempt that is "
            "graded counts."
        )

    # grading

    def _grader(
        self,
        assignment: str,
        given: Sequence[GivenSubmission],
        graded: Callable[[Submission], Path | None],
        *,
        visible: bool,
        early: bool = False,
    ) -> AttemptGrader:
        coursedir = self._coursedir(assignment)
        return AttemptGrader(coursedir, given, graded, visible=visible, early=early, parent=self._app)

    def _grade(self, assignment: str, attempts: Sequence[Attempt], deadline: float | None) -> None:
        """Grade attempts, no two of one student. Raises NbGraderException where the assignment can't be graded."""
        self._back_up(assignment)
        batch = _Batch(self, attempts, deadline)
        if batch.is_early:
            self._run(self._grader(assignment, batch.given(), batch.seen, visible=True, early=True))
            batch.told_visible()
        grader = self._grader(assignment, batch.given(), batch.counts, visible=False, early=batch.is_early)
        grader.watcher = _Graded(lambda *found: batch.finished(*found, short=grader.is_short(found[0])), self.say)
        self._run(grader)
        before = self._versions.get(assignment, grader.versions)
        self._versions[assignment] = grader.versions
        if grader.versions != before and grader.given:
            self.say(
                f"{assignment} has changed: attempts are graded by the new version from now on. To grade those again "
                f"that count, run `autograder grade {assignment}`."
            )

    def _run(self, grader: AttemptGrader) -> None:
        if grader.given:
            with suppress(NotAllGraded):  # each says why
                grader.start()

    def _back_up(self, assignment: str) -> None:
        if time.monotonic() - self._backed_up > DAY:
            Backups(self.root, self._coursedir(assignment).db_url).make()
            self._backed_up = time.monotonic()

    def put(self, attempt: Attempt) -> Path | None:
        """Put an attempt's files into `submitted/`; None where something lies there that has not been taken in yet.

        Raises OSError.
        """
        coursedir = self._coursedir(attempt.assignment)
        target = Path(coursedir.format_path(coursedir.submitted_directory, attempt.student, attempt.assignment))
        if target.exists():
            there = digest(target)
            if there == attempt.digest:
                return target
            if there not in {one.digest for one in self.store.of(attempt.assignment, attempt.student)}:
                return None
        new, old = (target.with_name(f".{target.name}.{name}") for name in ("new", "old"))
        for folder in (new, old):
            shutil.rmtree(folder, ignore_errors=True)
        copy(self.store.files(attempt), new)
        if target.exists():
            target.rename(old)
        new.rename(target)
        shutil.rmtree(old, ignore_errors=True)
        return target

    # what students are told

    def _tell(self, attempt: Attempt, notices: Sequence[str]) -> None:
        """Release a page that says what becomes of an attempt, at once: it depends on no test."""
        names = [Path(name).stem for name in sorted(os.listdir(self.store.files(attempt))) if name.endswith(".ipynb")]
        known = [name for name in names if name in self._notebooks(attempt.assignment)]
        pages = [self.feedback(attempt, name, notices=notices) for name in known or self._notebooks(attempt.assignment)]
        self.write_pages(attempt, pages, time.time())

    def _notebooks(self, assignment: str) -> list[str]:
        with existing_gradebook(self._coursedir(assignment), assignment) as gradebook:
            return sorted(notebook.name for notebook in gradebook.find_assignment(assignment).notebooks)

    def feedback_folder(self, assignment: str, student: str) -> Path:
        """The folder of a student's newest pages."""
        coursedir = self._coursedir(assignment)
        return Path(coursedir.format_path(coursedir.feedback_directory, student, assignment))

    def feedback(self, attempt: Attempt, notebook: str, **found: Any) -> EarlyFeedback:
        """What is told of one notebook of an attempt."""
        arrived = _time(attempt.arrived)
        student = printable(attempt.student)
        return EarlyFeedback(student, attempt.assignment, notebook, attempt.number, arrived, **found)

    def rules(self, attempt: Attempt) -> list[str]:
        """What a page says of further attempts, once this one is graded."""
        said = []
        if self.policy.attempts:
            known = self.store.of(attempt.assignment, attempt.student)
            used = sum(one.graded or one.number == attempt.number for one in known)
            said.append(
                ngettext(
                    "Graded before the deadline: %(used)s of %(count)s attempt.",
                    "Graded before the deadline: %(used)s of %(count)s attempts.",
                    self.policy.attempts,
                    used=used,
                )
            )
        if self.policy.wait_seconds and (not self.policy.attempts or used < self.policy.attempts):
            said.append(
                gettext(
                    "Your next attempt is graded at %(time)s at the earliest, so that there is time to find out what "
                    "is wrong without the tests.",
                    time=_time(attempt.due + self.policy.wait_seconds),
                )
            )
        return said

    def write_pages(self, attempt: Attempt, pages: Iterable[EarlyFeedback], at: float, **changes: Any) -> Attempt:
        """Write an attempt's pages, to be released at that time; `changes` of the attempt are kept with that."""
        for page in pages:
            write_atomic(self.store.pages(attempt) / f"{page.notebook}.html", early_feedback_page(page).encode())
        return self.store.change(attempt, release=at, released=False, **changes)

    def _release_until(self, stopped: threading.Event) -> None:
        """Release each page in its time, whatever is being graded meanwhile."""
        while not stopped.wait(min(1.0, self.policy.release_seconds / 4)):
            for attempt in self.store.all():
                if attempt.release and not attempt.released and attempt.release <= time.time():
                    try:
                        self._release(attempt)
                    except FAULTS as error:
                        self.say_once(f"release {_name(attempt)}", f"{_name(attempt)}: feedback not released: {error}")
                        self.store.change(attempt, release=time.time() + RETRY)

    def _release(self, attempt: Attempt) -> None:
        pages = sorted(self.store.pages(attempt).glob("*.html"))
        known = self.store.of(attempt.assignment, attempt.student)
        if attempt.number == known[-1].number and not any(one.final for one in known):
            folder = self.feedback_folder(attempt.assignment, attempt.student)
            for page in pages:
                write_atomic(folder / page.name, page.read_bytes())
                os.utime(folder / page.name, (0, 0))  # older than any grade, so that `autograder feedback` replaces it
        self._hand_back(attempt, pages)
        if attempt in self.store.of(attempt.assignment, attempt.student):  # else there may be other pages by now
            self.store.change(attempt, released=True)

    def _hand_back(self, attempt: Attempt, pages: Sequence[Path]) -> None:
        """Release pages through an attempt's source; what lay in `submitted/` may be from any. Raises NotReached."""
        for step, source in self._sources.items():
            if attempt.source == step or attempt.source not in self._sources:
                source.release(attempt, self.store.files(attempt), pages)

    def _finish(self, assignment: str) -> None:
        """After the deadline, write and release the usual feedback on what counts."""
        for student in self.store.students(assignment):
            attempts = self.store.of(assignment, student)
            counting = self.policy.counting(attempts)
            if not attempts[-1].graded or counting is None or counting.final or counting.points is None:
                continue
            if _lacks_seeds(counting):
                continue
            what = _finishing(assignment, student)
            if not self.may_try(what):
                continue
            try:
                coursedir = self._coursedir(assignment)
                coursedir.student_id = student
                converter = GenerateFeedback(coursedir=coursedir, parent=self._app)
                converter.force = True
                converter.start()
                pages = sorted(self.feedback_folder(assignment, student).glob("*.html"))
                self._hand_back(counting, pages)
                self.store.change(counting, final=True)
                for other in attempts:
                    if not other.release and other.number != counting.number:
                        with speaking(self.language):
                            why = gettext("Attempt %(number)s counts: see the feedback on it.", number=counting.number)
                            self._tell(other, [why])
                self.succeeded(what)
            except FAULTS as error:
                self.failed(what, str(error))


class _Trial:
    """A part of a look whose failure stops no other part."""

    def __init__(self, watcher: Watcher, what: str) -> None:
        self._watcher, self._what = watcher, what
        self._may = watcher.may_try(what)

    def __enter__(self) -> bool:
        return self._may

    def __exit__(self, kind: Any, error: BaseException | None, at: Any) -> bool:
        if error is None:
            if self._may:
                self._watcher.succeeded(self._what)
            return False
        if isinstance(error, AutograderError | NbGraderException | OSError):
            self._watcher.failed(self._what, str(error))
            return True
        return False


class _Batch:
    """Attempts that are graded together, no two of one student."""

    def __init__(self, watcher: Watcher, attempts: Sequence[Attempt], deadline: float | None) -> None:
        self._watcher = watcher
        self._attempts = {attempt.student: attempt for attempt in attempts}
        self._visible: dict[str, Submission] = {}
        self._postponed: set[str] = set()
        self.is_early = deadline is None or time.time() < deadline

    def given(self) -> list[GivenSubmission]:
        """What is to be graded, in order."""
        return [
            GivenSubmission(student, self._watcher.store.files(attempt)) for student, attempt in self._attempts.items()
        ]

    def seen(self, submission: Submission) -> None:
        """The visible tests of a submission have been run."""
        self._visible[submission.student] = submission

    def told_visible(self) -> None:
        """After the visible tests: where students are told of no others, their pages are ready."""
        for student, attempt in [*self._attempts.items()]:
            submission = self._visible.get(student)
            faults = [one for one in submission.works if _status(one) == Status.FAULT] if submission else []
            if submission is None or faults:
                message = "; ".join(work.outcome.message for work in faults if work.outcome) or "it can't be read"
                self._watcher.failed(_name(attempt), f"{GradeStatus.FAULT}: {message}")
                del self._attempts[student]
            elif self._watcher.policy.hidden == "nothing":
                self._write_pages(attempt, submission, {})

    def counts(self, submission: Submission) -> Path | None:
        """Where the files of an attempt are, whose tests have all been run, if its grade is to be written."""
        attempt = self._attempts[submission.student]
        if self._counting(attempt, submission).number != attempt.number:
            return None
        why = "something in its folder in submitted/ is not complete yet, and would be lost"
        try:
            folder = self._watcher.put(attempt)
        except FAULTS as error:
            folder, why = None, str(error)
        if folder is None:
            self._postponed.add(submission.student)
            self._watcher.failed(_name(attempt), f"not graded: {why}")
        return folder

    def _counting(self, attempt: Attempt, submission: Submission) -> Attempt:
        known = self._watcher.store.of(attempt.assignment, attempt.student)
        now = replace(attempt, graded=True, points=_points(submission))
        found = self._watcher.policy.counting([now if one.number == now.number else one for one in known])
        assert found is not None
        return found

    def finished(self, submission: Submission, status: SubmissionStatus, *, short: bool) -> None:
        """A submission is written, or need not be; `short`: see `Attempt`."""
        if submission.student in self._postponed:
            return
        attempt, watcher = self._attempts[submission.student], self._watcher
        said = dict.fromkeys(one.message for one in status.notebooks.values() if one.status != Status.GRADED)
        if status.label == GradeStatus.FAULT:
            watcher.failed(_name(attempt), f"{status.label}: {'; '.join(said)}")
            return
        try:
            counting = self._counting(attempt, submission)
            if counting.number != attempt.number:
                watcher.put(counting)
            points = _points(submission)
            attempt = watcher.store.change(
                attempt, graded=True, due=attempt.due, points=points, short=short, again=False
            )
            if self.is_early and watcher.policy.hidden != "nothing":
                self._write_pages(attempt, self._visible[attempt.student], hidden_results(submission.works))
        except FAULTS as error:
            watcher.failed(_name(attempt), str(error))
            return
        watcher.succeeded(_name(attempt))
        of_tests = "" if points is None else f", {points:g} points of tests"
        counts = "" if counting.number == attempt.number else f"; attempt {counting.number} counts"
        watcher.say(f"{_name(attempt)}: {status.label}{of_tests}{counts}{': ' if said else ''}{'; '.join(said)}")

    def _write_pages(self, attempt: Attempt, visible: Submission, hidden: Hidden) -> None:
        watcher = self._watcher
        policy = watcher.policy
        with speaking(watcher.language):
            rules = watcher.rules(attempt)
            pages = [
                watcher.feedback(
                    attempt,
                    work.name,
                    notices=_notices(work, hidden.get(work.name), policy.hidden),
                    exercises=_exercises(work, hidden.get(work.name, {}) if policy.hidden == "exercises" else {}),
                    fixes=describe_mends(work.mends),
                    rules=rules,
                )
                for work in visible.works
            ]
            watcher.write_pages(attempt, pages, policy.released_at(attempt.due, time.time()), told="")


def _notices(work: NotebookTask, hidden: Mapping[str, bool] | None, policy: str) -> list[str]:
    if _status(work) != Status.GRADED:
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
    if _status(work) != Status.GRADED or work.job is None:
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


def _status(work: NotebookTask) -> Status | None:
    return work.outcome.status if work.outcome else None


def _points(submission: Submission) -> float | None:
    """The points that the tests gave; None where a notebook has no grade."""
    if not all(work.graded for work in submission.works):
        return None
    return sum(score or 0.0 for work in submission.works if work.outcome for score in work.outcome.scores.values())


def _lacks_seeds(attempt: Attempt) -> bool:
    """Whether an attempt is to be trained with further seeds before its feedback after the deadline is written."""
    return attempt.short and not attempt.final


def _grading(assignment: str) -> str:
    return f"{assignment} can't be graded"


def _finishing(assignment: str, student: str) -> str:
    return f"{printable(student)}: {assignment}: feedback not released"


def _name(attempt: Attempt) -> str:
    return f"{printable(attempt.student)}: {attempt.assignment}, attempt {attempt.number}"


def _seconds(utc: datetime) -> float:
    """A time of the gradebook's, in seconds since 1970."""
    return utc.replace(tzinfo=UTC).timestamp()


def _time(at: float) -> str:
    return f"{datetime.fromtimestamp(at, UTC):%Y-%m-%d %H:%M:%S} UTC"


def _when(at: float) -> str:
    return gettext("It is not graded.") if math.isinf(at) else gettext("It is graded at %(time)s.", time=_time(at))


def _minutes(count: int) -> str:
    """How many, after "at least" and before "from now"."""
    return ngettext("%(count)s minute", "%(count)s minutes", count)
