"""nbgrader's autograding, with our engine in it.

    submitted/ --read, mend--> jobs --stored, or else computed in parallel--> outcomes
    outcomes --nbgrader's own conversion, `Examine` in the place of `Execute`--> autograded/ and the gradebook

One submission after the other is written, as its outcomes come; nothing else writes to the gradebook.
"""

import contextlib
import enum
import functools
import re
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import AbstractContextManager
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, NoReturn

from nbformat import NotebookNode
from nbgrader.converters.base import NbGraderException
from nbgrader.coursedir import CourseDirectory
from nbgrader.preprocessors import Execute
from nbgrader.utils import find_all_files
from sqlalchemy.exc import SQLAlchemyError

from autograder.common.errors import AutograderError
from autograder.grading.backend import Backend, BackendError, LocalBackend
from autograder.grading.backup import BackupError, Backups
from autograder.grading.deadlines import DeadlineError, Deadlines
from autograder.grading.engine import Engine, EngineError
from autograder.grading.gradebook import Marks, add_indexes, expected_points, one_engine, open_gradebook
from autograder.grading.job import FAULTS, Event, GradingJob, Outcome, Status
from autograder.grading.lateness import LatePenalties
from autograder.grading.lock import BusyError, course_lock
from autograder.grading.record import Statuses, SubmissionStatus
from autograder.grading.rehearsal import Rehearsal
from autograder.grading.result_store import Store
from autograder.grading.settings import Grading
from autograder.grading.submission import NotebookTask, Submission, not_gradable, read_submission, untimely
from autograder.grading.submission_writer import SubmissionWriter
from autograder.kernel.kernelspec import Kernel, KernelError, find_kernel
from autograder.notebooks.handed_in import is_text, matching_folders
from autograder.notebooks.instructor import Version
from autograder.notebooks.instructor_version import VersionError, existing_gradebook, notebooks, read_version
from autograder.notebooks.known import known_notebooks
from autograder.notebooks.misplaced import Misplaced, misplaced
from autograder.notebooks.selection import select
from autograder.sandbox.bubblewrap import check
from autograder.sandbox.limits import Limits
from autograder.training.client import training_cache
from autograder.training.settings import ServerSettings, Trainer
from autograder.training.training_record import TrainerStatus


class Unchanged(enum.Enum):
    """Why a submission is not graded now."""

    GRADED = enum.auto()  # its grade is as it should be
    NOT_WANTED = enum.auto()  # it has none of the notebooks that `--notebook` chooses


class NotAllGraded(AutograderError, NbGraderException):  # type: ignore[misc]
    """Some submissions need a person or met a fault of ours; all others are graded."""


class NothingHandedIn(AutograderError, NbGraderException):  # type: ignore[misc]
    """There is no submission that nbgrader's options choose."""


class ProgressListener:
    """Is told how a grading goes; this one ignores it."""

    def planned(self, submissions: Sequence[Submission], unchanged: Sequence[str]) -> None:
        """These submissions are graded now; those of the students `unchanged` are up to date."""

    def other_environment(self, notebook: str, kernel: Kernel, *, by_trainer: bool) -> None:
        """A notebook runs in another environment than the grader's; whether its models are trained by the trainer."""

    def rehearsed(self, notebook: str, rehearsal: Rehearsal, allowed: Sequence[str]) -> None:
        """The instructor's own solution of a notebook has been graded both ways; of what differs, this is allowed."""

    def event(self, event: Event) -> None:
        """A notebook has come to a cell."""

    def trainings(self, trainings: TrainerStatus) -> None:
        """How the trainer stands."""

    def finished(self, submission: Submission, status: SubmissionStatus) -> None:
        """A submission is graded and written, or has its reason why not."""

    def misplaced(self, found: Misplaced) -> None:
        """Something that may be a submission lies where none does, and is left alone."""

    def waiting(self, why: str) -> None:
        """Something else runs in this course, and is waited for."""

    def cluster(self, what: str) -> None:
        """Something about the cluster that a person should know, in a sentence. Comes from any thread."""

    def would_change(self, submission: Submission, old: float | None, new: float | None) -> None:
        """In a dry run: a submission's points in the gradebook, and after a grading (None: no grade)."""


class Autograde(SubmissionWriter):
    """nbgrader's Autograde: submissions are mended, run isolated and in parallel, and stored results are used."""

    dry_run = False  # compute and compare only
    changed_too = False  # grade again what would come out differently, not only what is newer
    waits = False  # for another command that runs in this course; else it is an error
    watcher = ProgressListener()

    def __init__(self, coursedir: CourseDirectory | None = None, **kwargs: Any) -> None:
        """As nbgrader's: `coursedir` says what to grade, `parent` or `config` has the settings."""
        super().__init__(coursedir=coursedir, **kwargs)
        self.grading = Grading(parent=self)
        self.limits = Limits(parent=self)
        self.trainer = Trainer(parent=self)
        if self.grading.cluster and not self.trainer.threads:
            self.trainer.threads = 1  # nodes may have any number of cores, and results depend on it
        if "cell_seconds" not in self.config.Limits and "timeout" in self.config.Execute:
            timeout = Execute(parent=self).timeout  # the limit that a course, or the command line, sets for nbgrader
            if timeout is not None and timeout > 0:
                self.limits.cell_seconds = timeout
        self.root = Path(self.coursedir.root).resolve()
        self.statuses = Statuses(self.root)
        self._late: dict[str, str] = {}  # by student, what late penalties depend on
        self.engine = Engine(
            Store(self.root / ".autograder" / "results"),
            self._new_backend,
            self.trainer_settings(),
            self._heard,
        )

    def _new_backend(self) -> Backend:
        """What computes: this machine, or a cluster. Raises BackendError where that can't be."""
        sandboxed = self.grading.sandbox
        if self.grading.cluster:
            try:
                from autograder.grading.cluster import ClusterBackend
            except ModuleNotFoundError as error:
                if error.name not in ("dask", "distributed"):
                    raise
                raise BackendError("a cluster needs Dask: run `pip install autograder[cluster]`.") from None
            say = functools.partial(self._tell, self.watcher.cluster)
            about = (self.grading.cluster, self.limits, self.trainer_settings())
            wanted = {"visible": self.grading.visible, "hardware": self.grading.cluster_hardware}
            logs = self.root / ".autograder" / "jobs"
            return ClusterBackend(*about, sandboxed=sandboxed, say=say, logs=logs, **wanted)
        if sandboxed and (lacking := check()):
            raise BackendError(lacking)
        return LocalBackend(self.limits, self.grading.workers)

    def trainer_settings(self) -> ServerSettings:
        """Those of the trainer's server."""
        cache = training_cache(self.root, self.trainer).folder
        return self.trainer.server_settings(cache, sandboxed=self.grading.sandbox)

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
            self.log.error("progress can't be shown: %s", error, exc_info=True)
            return f"{type(error).__name__}: {error}"
        return ""

    def start(self) -> None:
        """Grade what nbgrader's options choose. Raises NbGraderException where not all of it could be."""
        if self.config.Execute.get("enabled") is False:
            self._stop("--no-execute would grade whatever outputs a student's file contains, so it can't be used here")
        try:
            with self._alone():
                super().start()
        except (VersionError, EngineError, BackupError, BusyError, DeadlineError) as error:
            self._stop(str(error))
        except SQLAlchemyError as error:  # before the first submission is looked at
            self._stop(f"The gradebook can't be read: {str(error).splitlines()[0]}. No submission has been touched.")

    def _alone(self) -> AbstractContextManager[None]:
        """While nothing else grades in this course; what writes nothing may run at any time."""
        if self.dry_run:
            return contextlib.nullcontext()
        waiting = functools.partial(self._tell, self.watcher.waiting) if self.waits else None
        return course_lock(self.root, f"`grade` of {self.coursedir.assignment_id}", waiting)

    def convert_notebooks(self) -> None:
        """Grade each submission that is due; the others stay as they are."""
        with contextlib.closing(self.engine), one_engine():
            self._convert()

    def _convert(self) -> None:
        jobs = self._described_jobs(self.coursedir.assignment_id)
        self._read_deadlines()
        read, unchanged = self._read_all({job.notebook: job for job in jobs})
        submitted = [work.job for submission in read for work in submission.works if work.job]
        due = self._due(read, self._rehearsed(jobs, submitted))
        unchanged = sorted([*unchanged, *({one.student for one in read} - {one.student for one in due})])
        self.watcher.planned(due, unchanged)
        if due and not self.dry_run:
            self._back_up()
            self._add_indexes()
        if not self.dry_run:
            self._apply_deadlines()
        failed = []
        for one in self._misplaced:
            self.watcher.misplaced(one)
            failed.append(f"{one.path}: {one.why}")
        with contextlib.closing(self._computed(due)) as computed:
            for submission in computed:
                status = self._compare(submission) if self.dry_run else self.write(submission)
                if not status.label.is_graded:
                    why = [one.message for one in status.notebooks.values() if one.status != Status.GRADED]
                    failed.append(f"{submission.student}: {status.label}: {'; '.join(dict.fromkeys(why))}")
                if self.dry_run:
                    continue
                if problem := self._tell(self.watcher.finished, submission, status):
                    failed.append(f"{submission.student}: {status.label}, which can't be shown: {problem}")
        if failed:
            self._stop(f"Not graded: {'; '.join(failed)}. Their earlier grades stay.", NotAllGraded)

    def _stop(self, message: str, kind: type[NbGraderException] = NbGraderException) -> NoReturn:
        self.log.error("%s", message)
        raise kind(message)

    def _back_up(self) -> None:
        backups = Backups(self.root, self.coursedir.db_url)
        if backups.database is None:
            self.log.warning("The gradebook is not a SQLite file, so it is not backed up.")
        backups.make()

    def _add_indexes(self) -> None:
        try:
            add_indexes(self.coursedir.db_url, self.coursedir.course_id)
        except SQLAlchemyError as error:  # then it takes longer
            self.log.warning("The gradebook got no indexes: %s", error)

    def _read_deadlines(self) -> None:
        with existing_gradebook(self.coursedir, self.coursedir.assignment_id) as gradebook:
            self.due_dates = Deadlines(parent=self).read(self.coursedir, gradebook)
        self.penalties = LatePenalties(self, self.due_dates)

    def _apply_deadlines(self) -> None:
        """Put due dates and extensions into the gradebook, also where no grade changes."""
        if self.due_dates.rows is None:
            return
        with open_gradebook(self.coursedir.db_url, self.coursedir.course_id) as gradebook:
            for submission in gradebook.assignment_submissions(self.coursedir.assignment_id):
                self.due_dates.apply(submission)
            gradebook.db.commit()

    # what is due

    def init_notebooks(self) -> None:
        """Find the folders of submissions; `select` finds the notebooks in each, whatever they are called."""
        chosen = (self.coursedir.student_id, self.coursedir.assignment_id)
        folders = matching_folders(self.coursedir, self.coursedir.submitted_directory, *chosen)
        self._misplaced = self._find_misplaced()
        self.assignments: dict[str, list[str]] = {folder: [] for folder in folders}
        self.notebooks = []
        if not folders and not self._misplaced:
            wanted = self.coursedir.format_path(self.coursedir.submitted_directory, *chosen)
            self._stop(f"nothing has been submitted: there is no {wanted}", NothingHandedIn)

    def _find_misplaced(self) -> list[Misplaced]:
        excluded = set(self.coursedir.student_id_exclude.split(","))
        with existing_gradebook(self.coursedir, self.coursedir.assignment_id) as gradebook:
            found = misplaced(self.coursedir, self.coursedir.assignment_id, known_notebooks(gradebook))
        wanted = self.coursedir.student_id
        return [
            one
            for one in found
            if (one.student == wanted or fnmatchcase(one.student, wanted)) and one.student not in excluded
        ]

    def _read_all(self, settings: dict[str, GradingJob]) -> tuple[list[Submission], list[str]]:
        """The submissions that may have to be graded, read; students whose grades are up to date whatever is in them.

        `settings`: by notebook, a job that lacks what is a student's, and what the rehearsal finds.
        """
        excluded = set(self.coursedir.student_id_exclude.split(","))
        pattern = re.compile(self._format_source("(?P<assignment_id>.*)", "(?P<student_id>.*)", escape=True))
        wanted = self._wanted(settings)
        self._late = self._lateness()
        read, unchanged = [], []
        for folder in sorted(self.assignments):
            found = pattern.match(folder)
            if found is None or (student := found["student_id"]) in excluded or not is_text(student):
                continue
            submission = self._read(student, found["assignment_id"], Path(folder), settings, wanted)
            if isinstance(submission, Submission):
                read.append(submission)
            elif submission is Unchanged.GRADED:
                unchanged.append(student)
        return read, unchanged

    def _due(self, read: Sequence[Submission], settings: Mapping[str, GradingJob]) -> list[Submission]:
        """Those to grade, by the jobs that the rehearsal has made of `settings`: not what would come out the same."""
        for submission in read:
            for work in submission.works:
                work.complete_job(settings[work.name])
        return [one for one in read if not (one.old and self._certainly(self._is_unchanged, one))]

    def _wanted(self, settings: Mapping[str, GradingJob]) -> list[str]:
        """The notebooks that `--notebook` chooses."""
        chosen = self.coursedir.notebook_id
        wanted = [chosen] if chosen in settings else [name for name in settings if fnmatchcase(name, chosen)]
        if not wanted:
            self._stop(f"{self.coursedir.assignment_id} has no notebook {chosen} (available: {', '.join(settings)})")
        return wanted

    def _read(
        self, student: str, assignment: str, folder: Path, settings: dict[str, GradingJob], wanted: Sequence[str]
    ) -> "Submission | Unchanged":
        """A submission that may have to be graded, read; else why there is nothing to do."""
        try:
            if problem := untimely(folder, self.timezone):
                return not_gradable(Submission(student, assignment, folder, []), wanted, problem)
            selection = select(folder, {name: job.version for name, job in settings.items()})
            chosen = [name for name in wanted if name in selection.files]
            if selection.files and not chosen:
                return Unchanged.NOT_WANTED
            old = not self.force and self._certainly(self._is_old, assignment, student, chosen)
            if old and not self.changed_too:
                return Unchanged.GRADED
            these = {name: settings[name] for name in wanted}
            submission = read_submission(student, assignment, folder, selection, these, self.grading.attachments)
            submission.old = old
            return submission
        except FAULTS as error:
            self.log.error("%s: not graded: %s", student, error, exc_info=True)
            outcome = Outcome.fault("reading it", error)
            works = [NotebookTask(folder / f"{name}.ipynb", name, outcome=outcome) for name in wanted]
            return Submission(student, assignment, folder, works)

    def _certainly(self, question: Callable[..., bool], *about: Any) -> bool:
        """The answer; no where it can't be told (something is damaged, say): what is not certain is graded again."""
        try:
            return question(*about)
        except FAULTS as error:
            self.log.error("%s", error, exc_info=True)
            return False

    def settings(self, assignment: str) -> dict[str, GradingJob]:
        """By notebook, a job that lacks only what is a student's."""
        return self._rehearsed(self._described_jobs(assignment))

    def _described_jobs(self, assignment: str) -> list[GradingJob]:
        """See `notebook_jobs`; environments that are not the grader's are told."""
        jobs = self.notebook_jobs(assignment)
        for job in jobs:
            if not job.kernel.is_own:
                self.watcher.other_environment(job.notebook, job.kernel, by_trainer=job.trainer is not None)
        return jobs

    def _rehearsed(self, settings: Sequence[GradingJob], submitted: Sequence[GradingJob] = ()) -> dict[str, GradingJob]:
        """By notebook, its job with what the rehearsal finds. `submitted`: see `Engine.rehearse`."""
        jobs = {}
        for job, rehearsal in zip(settings, self.engine.rehearse(settings, submitted), strict=True):
            allows = functools.partial(self.grading.allows_beside, job.assignment, job.notebook)
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
            try:
                kernel = self.kernel_of(version)
            except KernelError as error:
                raise VersionError(f"{assignment}: the notebook {name}: {error} No submission was touched.") from None
            trainer = self.trainer.job_settings(kernel.packages)
            job = GradingJob("", assignment, name, {}, version, self.limits, kernel, given=given, trainer=trainer)
            settings.append(self.grading.applied(job))
        return settings

    def kernel_of(self, version: Version) -> Kernel:
        """The kernel of a notebook, whose students' ones don't count. Raises KernelError where it can't be run here."""
        chosen = Execute(parent=self).kernel_name
        kernel = find_kernel(version.metadata, chosen, self.grading.plain_kernels)
        for folder in (*kernel.shown, *kernel.interpreter.folders):
            if self.root.is_relative_to(folder):
                raise KernelError(
                    f"the environment of its kernel {kernel.name!r}, {folder}, contains the course, so students' code "
                    "could read all of it. Move the environment, for example into a folder of the course."
                )
        return kernel

    def _is_old(self, assignment: str, student: str, names: Sequence[str]) -> bool:
        """nbgrader's rule: all is there, and nothing newer has been handed in. What was not graded is not old.

        Without `--notebook` nbgrader looks at the folder alone: a notebook that was graded and then taken out of it
        stays out, unless what has changed is graded, too.
        """
        autograded = Path(self._format_dest(assignment, student))
        status = self.statuses.get(assignment, student)
        if self.previous(assignment, student).exists or (status and not status.label.is_graded):
            return False
        if status and self._has_other_lateness(status):
            return False
        graded = status.notebooks if status and not self.changed_too and self.coursedir.notebook_id == "*" else {}
        if not names or not all(name in graded or (autograded / f"{name}.ipynb").is_file() for name in names):
            return False
        new, old = map(self.timestamp, (self._format_source(assignment, student), str(autograded)))
        return autograded.is_dir() and not (new is not None and old is not None and new > old)

    def _lateness(self) -> dict[str, str]:
        """By student, what late penalties depend on now; nothing where that can't be told."""
        try:
            with open_gradebook(self.coursedir.db_url, self.coursedir.course_id) as gradebook:
                return self.penalties.bases(gradebook, self.coursedir.assignment_id)
        except FAULTS as error:
            self.log.error("late penalties: %s", error, exc_info=True)
            return {}

    def _has_other_lateness(self, status: SubmissionStatus) -> bool:
        """Whether a deadline, an extension or the rule has changed, so that its late penalty may have."""
        return bool(status.late) and self._late.get(status.student, status.late) != status.late

    def _is_unchanged(self, submission: Submission) -> bool:
        """Whether the grade would come out the same: the same went in, and the gradebook still has what came out."""
        status = self.statuses.get(submission.assignment, submission.student)
        if status is None or not all(
            was.path(submission.folder, name).exists() for name, was in status.notebooks.items()
        ):
            return False
        if not {item.text for item in status.review} >= set(submission.remarks):
            return False
        if self._has_other_lateness(status):
            return False
        found = self.marks(submission.assignment, submission.student) or {}
        for work in submission.works:
            last = status.notebooks.get(work.name)
            if last is None or last.status != Status.GRADED:
                return False
            if (last.digest, last.file, last.seed_policy) != (work.digest, work.file, work.seed_policy):
                return False
            for cell, score in last.scores.items():
                if (mark := found.get((work.name, cell))) is None or mark.automatic != score:
                    return False
        return True

    # outcomes

    def _computed(self, submissions: Sequence[Submission]) -> Generator[Submission]:
        """Each submission when all its outcomes are there. Equal jobs are computed once."""
        waiting: dict[str, list[tuple[Submission, NotebookTask]]] = {}
        for submission in submissions:
            for work in submission.works:
                if work.job and not work.outcome:
                    waiting.setdefault(work.digest, []).append((submission, work))
        yield from (submission for submission in submissions if submission.complete)
        jobs = {key: job for key, found in waiting.items() if (job := found[0][1].job)}
        with contextlib.closing(self.engine.outcomes(jobs)) as outcomes:
            for key, outcome in outcomes:
                found = waiting.pop(key)
                for _, work in found:
                    work.outcome = outcome
                yield from {id(one): one for one, _ in found if one.complete}.values()

    def _penalties(
        self, submission: Submission, before: Marks | None, graded: Mapping[str, tuple[NotebookNode, Outcome]]
    ) -> tuple[float, float]:
        """A submission's late penalty in the gradebook, and after a grading."""

        def points(name: str) -> float:
            own = {name: graded[name]} if name in graded else {}
            return expected_points(_of_notebook(before, name), own)

        with open_gradebook(self.coursedir.db_url, self.coursedir.course_id) as gradebook:
            found = gradebook.find_submission(submission.assignment, submission.student)
            return found.late_submission_penalty or 0.0, self.penalties.penalty(found, points)

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
