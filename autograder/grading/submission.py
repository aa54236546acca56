"""A submission on its way to a grade: read, mended, made into jobs."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from nbformat import NotebookNode

from autograder.common.files import NotRegular, open_regular
from autograder.common.text import printable
from autograder.common.timestamps import parse_timestamp
from autograder.grading.job import GradingJob, Outcome, Status
from autograder.grading.record import NotebookStatus
from autograder.grading.result_digest import digest
from autograder.notebooks.attachments import attachments
from autograder.notebooks.mending import Mend, Unreadable, mend
from autograder.notebooks.reading import MAX_BYTES


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

    @property
    def graded(self) -> bool:
        """Whether there are scores."""
        return self.outcome is not None and self.outcome.status == Status.GRADED

    @property
    def status(self) -> NotebookStatus:
        """How it ended."""
        assert self.outcome is not None
        return NotebookStatus.of(self.outcome, self.digest, self.mends, self.submitted)


@dataclass
class Submission:
    """All of a student's notebooks that are to be graded now."""

    student: str
    assignment: str
    folder: Path
    works: list[NotebookTask]
    remarks: list[str] = field(default_factory=list)
    score: float | None = None
    max_score: float | None = None
    late: str = ""  # what its late penalty depended on, once it is written

    @property
    def complete(self) -> bool:
        """Whether every notebook has its outcome."""
        return all(work.outcome for work in self.works)


def read_submission(
    student: str,
    assignment: str,
    paths: Sequence[Path],
    settings: Mapping[str, GradingJob],
    patterns: Sequence[str],
) -> Submission:
    """Read and mend a student's notebooks; `settings` has, by notebook, a job that lacks only what is the student's.

    A notebook that can't be read has its outcome at once ("needs a person"). Raises nothing for what is in the files.
    """
    folder = paths[0].parent
    known = [path for path in paths if path.stem in settings]
    names = ", ".join(f"{name}.ipynb" for name in settings)
    remarks = [
        f"{printable(path.name)} is not a notebook of this assignment ({names})" for path in paths if path not in known
    ]
    submission = Submission(student, assignment, folder, [], remarks)
    if not known:
        outcome = Outcome(Status.NEEDS_PERSON, f"no notebook of this assignment was handed in: {'; '.join(remarks)}")
        submission.works = [NotebookTask(paths[0], paths[0].stem, outcome=outcome)]
        return submission
    files, refused = attachments(folder, patterns)
    remarks += [f"left out: {printable(what)}" for what in refused]
    # timestamp.txt is nbgrader's: by it, equal submissions would be different ones.
    mine = {name: str(path) for name, path in files.items() if path.suffix != ".ipynb" and name != "timestamp.txt"}
    submission.works = [_work(path, replace(settings[path.stem], student=student, files=mine)) for path in known]
    return submission


def untimely(folder: Path, timezone: str) -> str:
    """What is wrong with a submission's timestamp.txt, which nbgrader's code would stop the class for; or nothing."""
    path = folder / "timestamp.txt"
    text = ""
    if path.exists() and not path.is_file():
        return "timestamp.txt is no regular file: delete it"
    try:
        text = path.read_text(encoding="utf-8").strip() if path.exists() else ""
        if text:
            parse_timestamp(text, timezone)
    except (OSError, ValueError) as error:
        reason = f" ({error})" if "time zone" in str(error) else ""
        return f"timestamp.txt says {text[:50]!r}, which is no time{reason}: put it right, or delete it"
    return ""


def _work(path: Path, settings: GradingJob) -> NotebookTask:
    work = NotebookTask(path, path.stem)
    try:
        raw = read_regular(path)
        work.submitted = hashlib.sha256(raw).hexdigest()
        mended = mend(raw, settings.version)
        work.notebook, work.mends = mended.notebook, mended.mends
        data: dict[str, Any] = dict(mended.notebook)
        work.job = replace(settings, mended=data)
        work.digest = digest(work.job)
    except Unreadable as error:
        work.outcome = Outcome(Status.NEEDS_PERSON, str(error))
    except Exception as error:  # a fault of ours in one notebook, which must not stop the others
        work.job = None
        work.outcome = Outcome(Status.FAULT, f"reading {path.name}: {type(error).__name__}: {error}")
    return work


def read_regular(path: Path) -> bytes:
    """The bytes of a file that a student handed in. Raises Unreadable for a link (to the solution, say), a pipe, …"""
    try:
        with open_regular(path) as file:
            return file.read(MAX_BYTES + 1)
    except NotRegular as error:
        needed = "; the file itself is needed" if path.is_symlink() else ""
        raise Unreadable(f"{path.name} is {error}{needed}.") from None
    except OSError as error:
        raise Unreadable(f"{path.name} can't be read: {error.strerror}.") from error
