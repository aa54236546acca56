"""nbgrader's autograding, with our engine in it.

    submitted/ --read, mend--> jobs --stored, or else computed in parallel--> outcomes
    outcomes --nbgrader's own conversion, `Examine` in the place of `Execute`--> autograded/ and the gradebook

One submission after the other is written, as its outcomes come; nothing else writes to the gradebook.
"""

import contextlib
import functools
import os
import re
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NoReturn

from nbformat import NotebookNode
from nbgrader.converters.base import NbGraderException
from nbgrader.coursedir import CourseDirectory
from nbgrader.preprocessors import Execute
from nbgrader.utils import find_all_files
from sqlalchemy.exc import SQLAlchemyError

from autograder.common.errors import AutograderError
from autograder.common.text import printable
from autograder.grading.backup import BackupError, Backups
from autograder.grading.engine import Engine, EngineError
from autograder.grading.gradebook import Marks, expected_points, open_gradebook
from autograder.grading.job import FAULTS, Event, GradingJob, Outcome, Status
from autograder.grading.lateness import LatePenalties
from autograder.grading.record import Statuses, SubmissionStatus
from autograder.grading.rehearsal import Rehearsal
from autograder.grading.result_store import Store
from autograder.grading.settings import Grading
from autograder.grading.submission import NotebookTask, Submission, read_submission, untimely
from autograder.grading.submission_writer import SubmissionWriter
from autograder.notebooks.handed_in import matching_folders
from autograder.notebooks.instructor_version import VersionError, notebooks, read_version
from autograder.sandbox.limits import Limits
from autograder.training.client import TrainerProcess
from autograder.training.settings import Trainer
from autograder.training.training_record import TrainerStatus


class NotAllGraded(AutograderError, NbGraderException):  # type: ignore[misc]
    """Some submissions need a person or met a fault of ours; all others are graded."""


class ProgressListener:
    """Is told how a grading goes; this one ignores it."""

    def planned(self, submissions: Sequence[Submission], unchanged: Sequence[str]) -> None:
        """These submissions are graded now; those of the students `unchanged` are as they should be."""

    def rehearsed(self, notebook: str, rehearsal: Rehearsal, allowed: Sequence[str]) -> None:
        """The instructor's own solution of a notebook has been graded both ways; of what differs, this is allowed."""

    def event(self, event: Event) -> None:
        """A notebook has come to a cell."""

    def trainings(self, trainings: TrainerStatus) -> None:
        """How the trainer stands."""

    def finished(self, submission: Submission, status: SubmissionStatus) -> None:
        """A submission is graded and written, or has its reason why not."""

    def set_aside(self, folder: str, why: str) -> None:
        """A submission that can't even be read is left alone."""

    def would_change(self, submission: Submission, old: float | None, new: float | None) -> None:
        """In a dry run: a submission's points in the gradebook, and after a grading (None: no grade)."""


class Autograde(SubmissionWriter):
    """nbgrader's Autograde: submissions are mended, run isolated and in parallel, and stored results are used."""

    dry_run = False  # compute and compare only
    changed_too = False  # grade again what would come out differently, not only what is newer
    watcher = ProgressListener()

    def __init__(self, coursedir: CourseDirectory | None = None, **kwargs: Any) -> None:
        """As nbgrader's: `coursedir` says what to grade, `parent` or `config` has the settings."""
        super().__init__(coursedir=coursedir, **kwargs)
        self.grading = Grading(parent=self)
        self.limits = Limits(parent=self)
        self.trainer = Trainer(parent=self)
        if "cell_seconds" not in self.config.Limits and "timeout" in self.config.Execute:
            timeout = Execute(parent=self).timeout  # the limit that a course, or the command line, sets for nbgrader
            if timeout is not None and timeout > 0:
                self.limits.cell_seconds = timeout
        self.root = Path(self.coursedir.root).resolve()
        self.statuses = Statuses(self.root)
        self._late: dict[str, str] = {}  # by student, what late penalties depend on
        self.engine = Engine(
            Store(self.root / ".autograder" / "results"),
            self.limits,
            workers=self.grading.workers,
            sandboxed=self.grading.sandbox,
            new_trainer=lambda: TrainerProcess(self.root, self.trainer, sandboxed=self.grading.sandbox),
            listener=self._heard,
        )

    def _heard(self, event: Event | TrainerStatus) -> None:
        if isinstance(event, TrainerStatus):
            self._tell(self.watcher.trainings, event)
        else:
            self._tell(self.watcher.event, event)

    def _tell(self, tell: Callable[..., None], *what: Any) -> str:
        """Tell the watcher, whose problems stop no grading; returns what went wrong."""
        try:
            tell(*what)
        except Exception as error:
            self.log.error("it can't be shown: %s", error, exc_info=True)
            return f"{type(error).__name__}: {error}"
        return ""

    def start(self) -> None:
        """Grade what nbgrader's options choose. Raises NbGraderException where not all of it could be."""
        if self.config.Execute.get("enabled") is False:
            self._stop("--no-execute grades whatever a student's file claims to have shown; it can't be used here")
        try:
            super().start()
        except (VersionError, EngineError, BackupError) as error:
            self._stop(str(error))
        except SQLAlchemyError as error:  # before the first submission is looked at
            self._stop(f"The gradebook can't be read: {str(error).splitlines()[0]}. No submission has been touched.")

    def convert_notebooks(self) -> None:
        """Grade each submission that is due; the others stay as they are."""
        with contextlib.closing(self.engine):
            self._convert()

    def _convert(self) -> None:
        settings = self.settings(self.coursedir.assignment_id)
        due, unchanged, aside = self._due(settings)
        self.watcher.planned(due, unchanged)
        if due and not self.dry_run:
            self._back_up()
        failed = []
        for folder, why in aside.items():
            self.watcher.set_aside(folder, why)
            failed.append(f"{folder!r}: {why}")
        with contextlib.closing(self._computed(due)) as computed:
            for submission in computed:
                status = self._compare(submission) if self.dry_run else self.write(submission)
                if not status.label.is_graded:
                    failed.append(f"{submission.student}: {status.label}")
                if self.dry_run:
                    continue
                if problem := self._tell(self.watcher.finished, submission, status):
                    failed.append(f"{submission.student}: {status.label}, which can't be shown: {problem}")
        if failed:
            self._stop(f"Not graded: {'; '.join(failed)}. What they had before stays.", NotAllGraded)

    def _stop(self, message: str, kind: type[NbGraderException] = NbGraderException) -> NoReturn:
        self.log.error("%s", message)
        raise kind(message)

    def _back_up(self) -> None:
        backups = Backups(self.root, self.coursedir.db_url)
        if backups.database is None:
            self.log.warning("The gradebook is not a SQLite file: no backup of it is made.")
        backups.make()

    # what is due

    def _due(self, settings: dict[str, GradingJob]) -> tuple[list[Submission], list[str], dict[str, str]]:
        """The submissions to grade, read; students whose grades are as they should be; folders set aside, and why."""
        excluded = set(self.coursedir.student_id_exclude.split(","))
        pattern = re.compile(self._format_source("(?P<assignment_id>.*)", "(?P<student_id>.*)", escape=True))
        self._late = self._lateness()
        due, unchanged, aside = [], [], {}
        chosen = (self.coursedir.student_id, self.coursedir.assignment_id)
        folders = matching_folders(self.coursedir, self.coursedir.submitted_directory, *chosen)
        without: dict[str, list[str]] = {folder: [] for folder in folders}
        for folder, files in sorted({**without, **self.assignments}.items()):
            found = pattern.match(folder)
            if found is None or (student := found["student_id"]) in excluded:
                continue
            if any("\ud800" <= sign <= "\udfff" for sign in student):  # os.fsdecode's, for bytes that are no UTF-8
                aside[folder] = "the folder's name is no UTF-8: rename it to the student's id"
                continue
            if not files:
                names = printable(", ".join(sorted(os.listdir(folder))[:5]))
                aside[folder] = f"no notebook (.ipynb) is in it, but {names}" if names else "it is empty"
                continue
            if problem := untimely(Path(folder), self.timezone):
                aside[folder] = problem
                continue
            submission = self._read(student, found["assignment_id"], [Path(path) for path in sorted(files)], settings)
            if submission is None:
                unchanged.append(student)
            else:
                due.append(submission)
        return due, unchanged, aside

    def _read(
        self, student: str, assignment: str, paths: Sequence[Path], settings: dict[str, GradingJob]
    ) -> Submission | None:
        """A submission that is to be graded, read; None where its grade is as it should be."""
        known = [path for path in paths if path.stem in settings]
        old = not self.force and self._certainly(self._is_old, assignment, student, known)
        if old and not self.changed_too:
            return None
        try:
            submission = read_submission(student, assignment, paths, settings, self.grading.attachments)
            return None if old and self._certainly(self._is_unchanged, submission) else submission
        except FAULTS as error:
            self.log.error("%s: not graded: %s", student, error, exc_info=True)
            works = [
                NotebookTask(path, path.stem, outcome=Outcome.fault("reading it", error)) for path in known or paths
            ]
            return Submission(student, assignment, paths[0].parent, works)

    def _certainly(self, question: Callable[..., bool], *about: Any) -> bool:
        """The answer; no where it can't be told (something is damaged, say): what is not certain is graded again."""
        try:
            return question(*about)
        except FAULTS as error:
            self.log.error("%s", error, exc_info=True)
            return False

    def settings(self, assignment: str) -> dict[str, GradingJob]:
        """By notebook, a job that lacks only what is a student's."""
        settings = self.notebook_jobs(assignment)
        jobs = {}
        for job, rehearsal in zip(settings, self.engine.rehearse(settings), strict=True):
            allows = functools.partial(self.grading.allows_beside, assignment, job.notebook)
            jobs[job.notebook] = rehearsal.applied(job, allows)
            self.watcher.rehearsed(job.notebook, rehearsal, jobs[job.notebook].not_isolated)
        return jobs

    def notebook_jobs(self, assignment: str) -> list[GradingJob]:
        """A job for each notebook, as it is before the rehearsal and without a student."""
        source = Path(self.coursedir.format_path(self.coursedir.source_directory, ".", assignment))
        own = set(self.exclude_overwriting.get(assignment, []))  # files that students are to edit and hand in
        found = {
            Path(path).relative_to(source).as_posix(): path
            for path in find_all_files(str(source), [*self.coursedir.ignore, "*.ipynb"])
        }
        settings = []
        for name in notebooks(self.coursedir, assignment):
            version = read_version(self.coursedir, assignment, name, self.config)
            given = {file: path for file, path in found.items() if file not in own}
            trainer = self.trainer.job_settings()
            job = GradingJob("", assignment, name, {}, version, self.limits, given=given, trainer=trainer)
            settings.append(self.grading.applied(job))
        return settings

    def _is_old(self, assignment: str, student: str, paths: Sequence[Path]) -> bool:
        """nbgrader's rule: all is there, and nothing newer has been handed in. What was not graded is not old."""
        autograded = Path(self._format_dest(assignment, student))
        status = self.statuses.get(assignment, student)
        if self.previous(assignment, student).exists or (status and not status.label.is_graded):
            return False
        if status and self._has_other_lateness(status):
            return False
        if not all((autograded / path.name).is_file() for path in paths):
            return False
        new, old = map(self.timestamp, (self._format_source(assignment, student), str(autograded)))
        return autograded.is_dir() and not (new is not None and old is not None and new > old)

    def _lateness(self) -> dict[str, str]:
        """By student, what late penalties depend on now; nothing where that can't be told."""
        try:
            with open_gradebook(self.coursedir.db_url, self.coursedir.course_id) as gradebook:
                return LatePenalties(self).bases(gradebook, self.coursedir.assignment_id)
        except FAULTS as error:
            self.log.error("late penalties: %s", error, exc_info=True)
            return {}

    def _has_other_lateness(self, status: SubmissionStatus) -> bool:
        """Whether a deadline, an extension or the rule has changed, so that its late penalty may have."""
        return bool(status.late) and self._late.get(status.student, status.late) != status.late

    def _is_unchanged(self, submission: Submission) -> bool:
        """Whether the grade would come out the same: the same went in, and the gradebook still has what came out."""
        status = self.statuses.get(submission.assignment, submission.student)
        if status is None or not all((submission.folder / f"{name}.ipynb").exists() for name in status.notebooks):
            return False
        if self._has_other_lateness(status):
            return False
        found = self.marks(submission.assignment, submission.student) or {}
        for work in submission.works:
            last = status.notebooks.get(work.name)
            if last is None or last.status != Status.GRADED or last.digest != work.digest:
                return False
            for cell, score in last.scores.items():
                if (mark := found.get((work.name, cell))) is None or mark.automatic != score:
                    return False
        return True

    # outcomes

    def _computed(self, submissions: Sequence[Submission]) -> Generator[Submission]:
        """Each submission when all its outcomes are there. Equal jobs are computed once."""
        waiting: dict[str, list[NotebookTask]] = {}
        for submission in submissions:
            for work in submission.works:
                if work.job and not work.outcome:
                    waiting.setdefault(work.digest, []).append(work)
        pending = list(submissions)
        yield from _complete(pending)
        jobs = {key: job for key, works in waiting.items() if (job := works[0].job)}
        with contextlib.closing(self.engine.outcomes(jobs)) as outcomes:
            for key, outcome in outcomes:
                for work in waiting[key]:
                    work.outcome = outcome
                yield from _complete(pending)

    def _penalties(
        self, submission: Submission, before: Marks | None, graded: Mapping[str, tuple[NotebookNode, Outcome]]
    ) -> tuple[float, float]:
        """A submission's late penalty in the gradebook, and after a grading."""

        def points(name: str) -> float:
            own = {name: graded[name]} if name in graded else {}
            return expected_points(_of_notebook(before, name), own)

        with open_gradebook(self.coursedir.db_url, self.coursedir.course_id) as gradebook:
            found = gradebook.find_submission(submission.assignment, submission.student)
            return found.late_submission_penalty or 0.0, LatePenalties(self).penalty(found, points)

    def _compare(self, submission: Submission) -> SubmissionStatus:
        """Tell what a submission's grading would change; returns the status that it would give."""
        graded = {work.name: (work.notebook, work.outcome) for work in submission.works if work.outcome and work.graded}
        old = new = None
        try:
            before = self.marks(submission.assignment, submission.student)
            old = new = None if before is None else sum(mark.points for mark in before.values())
            new = expected_points(before, graded) if graded else old
            if old is not None and new is not None:
                was, will = self._penalties(submission, before, graded)
                old, new = max(0.0, old - was), max(0.0, new - will)
        except FAULTS as error:
            for work in submission.works:
                work.outcome = Outcome.fault("comparing it with the gradebook", error)
        self._tell(self.watcher.would_change, submission, old, new)
        return self._status(submission, [])


def _of_notebook(before: Marks | None, name: str) -> Marks:
    return {key: mark for key, mark in (before or {}).items() if key[0] == name}


def _complete(pending: list[Submission]) -> Iterator[Submission]:
    """The submissions that have all their outcomes now, taken out of `pending`."""
    for submission in [submission for submission in pending if submission.complete]:
        pending.remove(submission)
        yield submission
