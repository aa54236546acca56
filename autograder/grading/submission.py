"""A submission on its way to a grade: read, mended, made into jobs."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from nbformat import NotebookNode

from autograder.common.language import english
from autograder.common.text import printable
from autograder.common.timestamps import parse_timestamp
from autograder.grading.job import GradingJob, Outcome, SeedPolicy, Status
from autograder.grading.record import NotebookStatus
from autograder.grading.result_digest import digest
from autograder.notebooks.attachments import attachments
from autograder.notebooks.mending import Mend, Unreadable, mend
from autograder.notebooks.reading import read_regular
from autograder.notebooks.selection import Selection, files_below

FEW = 5  # files that are named
ARCHIVES = (".zip", ".tar", ".gz", ".tgz", ".7z", ".rar")


@dataclass
class NotebookTask:
    """One notebook of one student. Without a job it could not be read, and has its outcome already."""

    path: Path
    name: str
    submitted: str = ""  # SHA-256 of the file
    job: GradingJob | None = None
    notebook: NotebookNode | None = None
    digest: str = ""
    mends: tuple[Mend, ...] = ()
    outcome: Outcome | None = None
    file: str = ""  # its path in the submission's folder, where that is not its name alone

    def complete_job(self, settings: GradingJob) -> None:
        """Give it the job by which it is graded: what `settings` of its notebook have become, with what is its own."""
        if self.job is None or self.outcome is not None:
            return
        try:
            self.job = replace(settings, student=self.job.student, files=self.job.files, mended=self.job.mended)
            self.digest = digest(self.job)
        except Exception as error:  # a fault of ours in one notebook, which must not stop the others
            self.job, self.outcome = None, _unreadable(self.path, error)

    @property
    def graded(self) -> bool:
        """Whether there are scores."""
        return self.outcome is not None and self.outcome.status == Status.GRADED

    @property
    def status(self) -> NotebookStatus:
        """How it ended."""
        assert self.outcome is not None
        return NotebookStatus.of(self.outcome, self.digest, self.mends, self.submitted, self.file, self.seed_policy)

    @property
    def seed_policy(self) -> SeedPolicy | None:
        """By which the outcomes of several seeds may become one."""
        return self.job.seed_policy if self.job else None


@dataclass
class Submission:
    """All of a student's notebooks that are to be graded now."""

    student: str
    assignment: str
    folder: Path
    works: list[NotebookTask]  # of those that are graded now
    remarks: list[str] = field(default_factory=list)
    score: float | None = None
    max_score: float | None = None
    late: str = ""  # what its late penalty depended on, once it is written
    lateness: tuple[str, ...] = ()  # and how it came about
    selected: tuple[str, ...] = ()  # the notebooks that were handed in, also those that --notebook leaves out
    old: bool = False  # it is graded, and nothing newer has been handed in

    @property
    def complete(self) -> bool:
        """Whether every notebook has its outcome."""
        return all(work.outcome for work in self.works)


def read_submission(
    student: str,
    assignment: str,
    folder: Path,
    selection: Selection,
    settings: Mapping[str, GradingJob],
    patterns: Sequence[str],
) -> Submission:
    """Read and mend a student's notebooks; `settings` has, by notebook, a job that lacks only what is the student's.

    Before they are graded, `NotebookTask.complete_job` gives each the job that the rehearsal makes of these.
    A notebook that can't be read has its outcome at once ("needs a person"). Raises nothing for what is in the files.
    """
    submission = Submission(student, assignment, folder, [], list(selection.remarks))
    if not selection.files:
        return not_gradable(submission, list(settings), _nothing(folder, submission.remarks))
    folders = {path.parent for path in selection.files.values()}
    files, refused = attachments(folders.pop() if len(folders) == 1 else folder, patterns)
    submission.remarks += [english("left out: %(file)s", file=printable(what)) for what in refused]
    # timestamp.txt is nbgrader's: by it, equal submissions would be different ones.
    notebooks = {*selection.files.values(), *selection.others}
    mine = {
        name: str(path)
        for name, path in files.items()
        if path.suffix != ".ipynb" and name != "timestamp.txt" and path not in notebooks
    }
    submission.works = [
        _work(path, folder, replace(settings[name], student=student, files=mine))
        for name, path in selection.files.items()
        if name in settings
    ]
    submission.selected = tuple(selection.files)
    return submission


def not_gradable(submission: Submission, notebooks: Sequence[str], why: str) -> Submission:
    """The submission, in which there is nothing to grade: a person has to see to it."""
    outcome = Outcome(Status.NEEDS_PERSON, why)
    submission.works = [NotebookTask(submission.folder / f"{notebooks[0]}.ipynb", notebooks[0], outcome=outcome)]
    return submission


def _nothing(folder: Path, remarks: Sequence[str]) -> str:
    """What is said of a folder without a notebook that could be graded."""
    said = list(remarks)
    if not said:
        there = [printable(path.relative_to(folder).as_posix(), 200) for path in files_below(folder, said)]
        files = ", ".join(there[:FEW])
        if len(there) > FEW:
            files = english("%(files)s and %(count)s more", files=files, count=len(there) - FEW)
        said.append(english("there is only %(files)s", files=files) if there else english("the folder is empty"))
        if any(name.lower().endswith(ARCHIVES) for name in there):
            said.append(english("unpack the archive, or have `autograder collect` do it"))
    return english("no notebook of this assignment was submitted: %(said)s", said="; ".join(said))


def untimely(folder: Path, timezone: str) -> str:
    """What is wrong with a submission's timestamp.txt, which nbgrader's code would stop the class for; or nothing."""
    path = folder / "timestamp.txt"
    text = ""
    if path.exists() and not path.is_file():
        return "timestamp.txt is not a regular file: delete it"
    try:
        text = path.read_text(encoding="utf-8").strip() if path.exists() else ""
        if text:
            parse_timestamp(text, timezone)
    except (OSError, ValueError) as error:
        reason = f" ({error})" if "time zone" in str(error) else ""
        return f"timestamp.txt says {text[:50]!r}, which is not a time{reason}: correct it or delete it"
    return ""


def _work(path: Path, folder: Path, settings: GradingJob) -> NotebookTask:
    work = NotebookTask(path, settings.notebook)
    if path != folder / f"{settings.notebook}.ipynb":
        work.file = path.relative_to(folder).as_posix()
    try:
        raw = read_regular(path)
        work.submitted = hashlib.sha256(raw).hexdigest()
        mended = mend(raw, settings.version)
        work.notebook, work.mends = mended.notebook, mended.mends
        data: dict[str, Any] = dict(mended.notebook)
        work.job = replace(settings, mended=data)
    except Unreadable as error:
        work.outcome = Outcome(Status.NEEDS_PERSON, str(error))
    except Exception as error:  # a fault of ours in one notebook, which must not stop the others
        work.outcome = _unreadable(path, error)
    return work


def _unreadable(path: Path, error: Exception) -> Outcome:
    return Outcome(Status.FAULT, f"reading {path.name}: {type(error).__name__}: {error}")
