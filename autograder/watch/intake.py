"""What arrives, in `submitted/` and from each source, becomes an attempt once it is complete."""

import math
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import UTC
from pathlib import Path

from nbgrader.coursedir import CourseDirectory

from autograder.common.language import gettext, speaking
from autograder.common.text import printable
from autograder.common.timestamps import parse_timestamp
from autograder.notebooks.handed_in import students_with
from autograder.watch.arrivals import Arrivals, TooLarge, last_change
from autograder.watch.attempt_pages import AttemptPages, moment
from autograder.watch.attempts import Attempt, Changed
from autograder.watch.source import NotReached, Source
from autograder.watch.student_deadlines import StudentDeadlines
from autograder.watch.watched import WatchedCourse


class Intake:
    """Takes in what arrives in one course."""

    def __init__(
        self, course: WatchedCourse, sources: Mapping[str, Source], deadlines: StudentDeadlines, pages: AttemptPages
    ) -> None:
        """`sources`, by step; an attempt that another replaces is told so by `pages`."""
        self._course, self._store, self._failures = course, course.store, course.failures
        self._sources, self._deadlines, self._pages = sources, deadlines, pages
        self._arrivals = Arrivals(course.policy.settle_seconds, 1000 * course.app.coursedir.max_dir_size)

    def take_in(self, assignment: str) -> None:
        """Collect what is new from each source; what is whole becomes an attempt."""
        for source in self._sources.values():
            self._collect(assignment, source)
        own = self._course.directory(assignment)
        others = (self._course.directory(assignment, submitted_directory=step) for step in self._sources)
        for coursedir in (own, *others):
            excluded = own.student_id_exclude.split(",")
            for student in students_with(coursedir, assignment):
                if student not in excluded:
                    self._take_in_one(coursedir, student)

    def _collect(self, assignment: str, source: Source) -> None:
        """Collect what is new. What can't be collected of one student delays nobody else, nor what they submit next."""
        for new in source.new(assignment):
            whose = (
                f"{printable(new.student)}: {assignment}, submitted {moment(new.changed)},"
                if new.student
                else assignment
            )
            what = f"{whose} can't be collected"
            try:
                if self._failures.may_try(what):
                    source.collect(assignment, new)
                    self._failures.succeeded(what)
            except NotReached as error:
                self._failures.failed(what, str(error))

    def _take_in_one(self, coursedir: CourseDirectory, student: str) -> None:
        step, assignment = str(coursedir.submitted_directory), str(coursedir.assignment_id)
        folder = Path(coursedir.format_path(step, student, assignment))
        what = f"{printable(student)}: {assignment} is not taken in"
        try:
            found = self._arrivals.digest(folder)
        except TooLarge as error:
            self._failures.say_once(what, f"{what}: {error}.")
            return
        self._failures.succeeded(what)
        known = self._store.of(assignment, student)
        if not found or not self._is_new(found, step, known):
            return
        try:
            arrived = self._arrived(folder, assignment, student, step)
            due = self._deadlines.due(assignment, student)
            late = due is not None and self._handed_in(folder, arrived) > due
            attempt = Attempt(student, assignment, 0, step, found, arrived, late)
            attempt = self._store.add(attempt, folder, lambda: self._arrivals.is_unchanged(folder))
        except (Changed, OSError):  # somebody goes on writing
            return
        for one in known:
            if not one.graded and not one.replaced:
                one = self._store.change(one, replaced=True)
                with speaking(self._course.language):
                    why = gettext(
                        "Attempt %(number)s arrived before this one was graded, and takes its place.",
                        number=attempt.number,
                    )
                    self._pages.tell(one, [why])
        for one in self._course.policy.superfluous(self._store.of(assignment, student)):
            try:
                self._store.drop_files(one)
            except OSError as error:
                self._failures.say_once(one.label, f"{one.label}: its files can't be deleted: {error}.")

    def _is_new(self, found: str, step: str, known: Sequence[Attempt]) -> bool:
        """Whether files are another attempt, and not one that was put there because it counts."""
        if step in self._sources:
            return self._sources[step].is_new(found, known)
        last = [attempt for attempt in known if attempt.source == step][-1:]
        counting = self._course.policy.counting(known)
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
        timezone = str(self._course.app.config.Exchange.get("timezone", "UTC"))
        with suppress(OSError, ValueError):
            text = (folder / "timestamp.txt").read_text(encoding="utf-8")
            return parse_timestamp(text, timezone).replace(tzinfo=UTC).timestamp()
        return arrived
