"""What is kept of each grading: the status of every submission, and a record beside every autograded notebook.

    .autograder/status/<assignment>/<student>.json          how the last try at each of its notebooks ended
    autograded/<student>/<assignment>/<notebook>.record.json    what the grade came from; for people to read

Decisions are made on the status alone: students can hand in a file that is called like a record.
"""

import enum
import json
from collections.abc import Iterable
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from autograder.common.files import write_atomic
from autograder.common.language import english
from autograder.common.serialization import load, to_data
from autograder.grading.job import GradingJob, GradingRun, Outcome, ReviewItem, SeedPolicy, Status
from autograder.grading.result_digest import digest_of, ingredients
from autograder.kernel.kernelspec import Kernel
from autograder.notebooks.reading import Mend
from autograder.sandbox.limits import LimitKind
from autograder.training.reproducibility import FLAGS

RECORD_SUFFIX = ".record.json"
MAX_BYTES = 20_000_000  # of a record that is read

_VERSIONS = ("autograder", "ipykernel", "keras", "nbgrader", "numpy", "tensorflow")


class GradeStatus(enum.StrEnum):
    """How a submission stands, in the words that users read."""

    GRADED = english("graded")
    MENDED = english("graded after fixes")
    NEEDS_PERSON = english("needs review")
    FAULT = english("not graded: grader error")
    BY_HAND = english("needs manual grading")
    NOT_YET = english("not graded yet")
    NOT_SUBMITTED = english("not submitted")

    @property
    def is_graded(self) -> bool:
        """Whether the last try gave a grade."""
        return self in (GradeStatus.GRADED, GradeStatus.MENDED)


@dataclass(frozen=True)
class NotebookStatus:
    """How the last try at one notebook ended."""

    status: Status
    digest: str = ""
    message: str = ""
    mends: tuple[Mend, ...] = ()
    scores: dict[str, float | None] = field(default_factory=dict)
    reasons: dict[str, str] = field(default_factory=dict)
    limit: LimitKind | None = None
    submitted: str = ""  # SHA-256 of the file that was handed in
    file: str = ""  # that file's path in the submission's folder; empty: the notebook's name with .ipynb
    seed_policy: SeedPolicy | None = None  # by which the outcomes of several seeds may have become one

    @classmethod
    def of(
        cls,
        outcome: Outcome,
        digest: str,
        mends: tuple[Mend, ...],
        submitted: str,
        file: str,
        seed_policy: SeedPolicy | None = None,
    ) -> "NotebookStatus":
        """The status that an outcome gives."""
        found = (outcome.status, digest, outcome.message, mends, outcome.scores, outcome.reasons, outcome.limit)
        return cls(*found, submitted, file, seed_policy)

    def path(self, folder: Path, notebook: str) -> Path:
        """The file that was handed in as `notebook`, in the submission's `folder`."""
        return folder / (self.file or f"{notebook}.ipynb")


@dataclass(frozen=True)
class SubmissionStatus:
    """How the last try at a submission ended, notebook by notebook. `review` is what a person should look at.

    `late`: what its late penalty depended on (see the module `lateness`); empty where that is not known. `lateness`:
    how the penalty came about, in words, as of then.
    """

    student: str
    assignment: str
    time: str
    notebooks: dict[str, NotebookStatus]
    review: tuple[ReviewItem, ...] = ()
    late: str = ""
    lateness: tuple[str, ...] = ()

    @property
    def label(self) -> GradeStatus:
        """The worst of its notebooks'."""
        found = {notebook.status for notebook in self.notebooks.values()}
        if Status.FAULT in found:
            return GradeStatus.FAULT
        if Status.NEEDS_PERSON in found or not found:
            return GradeStatus.NEEDS_PERSON
        mended = any(mend.repairs for notebook in self.notebooks.values() for mend in notebook.mends)
        return GradeStatus.MENDED if mended else GradeStatus.GRADED


class Statuses:
    """The statuses of a course, in its folder `.autograder/status`."""

    def __init__(self, root: Path) -> None:
        """Of the course in `root`."""
        self.folder = root / ".autograder" / "status"

    def get(self, assignment: str, student: str) -> SubmissionStatus | None:
        """The status of a submission; None where none is known, or where its file is damaged."""
        try:
            return load((self.folder / assignment / f"{student}.json").read_bytes(), SubmissionStatus)
        except (OSError, ValueError):
            return None

    def put(self, status: SubmissionStatus) -> None:
        """Keep a status, in the place of the submission's last one."""
        write_atomic(self.folder / status.assignment / f"{status.student}.json", _pretty(status).encode())

    def students(self, assignment: str) -> list[str]:
        """The students of whom a status is known."""
        return sorted(path.stem for path in (self.folder / assignment).glob("*.json"))


def now() -> str:
    """The time, in UTC, as ISO 8601."""
    return datetime.now(UTC).isoformat(timespec="seconds")


@dataclass(frozen=True)
class Seeds:
    """Of whatever draws random numbers; the trainer's is None where notebooks train by themselves."""

    notebook: int = 0  # of `random` and NumPy, beside the student's code
    tests: int = 0  # and beside the tests
    hash: str = ""  # PYTHONHASHSEED
    trainer: int | None = None


@dataclass(frozen=True)
class RecordedEnvironment:
    """The machine and installation that a grade depends on (`result_digest.environment`), packages by digest."""

    python: str
    implementation: str
    machine: str
    system: str
    threads: int
    variables: dict[str, str]
    device: str  # CUDA_VISIBLE_DEVICES
    distributions: str  # digest of all packages with their versions
    code: str  # digest of what of this package grades
    versions: dict[str, str]  # of the packages that matter most
    trainer_flags: dict[str, str] = field(default_factory=dict)  # variables that are set for training runs


@dataclass(frozen=True)
class RecordedKernel:
    """The kernel that a notebook ran in, where that is not the grader's own Python.

    What is known of Python alone is empty for another language.
    """

    name: str
    language: str
    command: tuple[str, ...]
    variables: dict[str, str]  # that its kernelspec sets
    python: str = ""  # version
    distributions: str = ""  # digest of all packages with their versions
    versions: dict[str, str] = field(default_factory=dict)  # of the packages that matter most


@dataclass(frozen=True, kw_only=True)
class GradeRecord(NotebookStatus):
    """What a grade came from, and how it was made."""

    student: str
    assignment: str
    notebook: str
    time: str  # of writing it, UTC, ISO 8601
    sandboxed: bool
    not_isolated: tuple[str, ...]
    model_handles: bool
    went_in: dict[str, Any]  # what the digest is of, long things by their own digests
    seeds: Seeds
    environment: RecordedEnvironment
    kernel: RecordedKernel | None = None  # None: of the grader's own environment
    cell_seconds: dict[int, float]  # position in the instructor's notebook -> how long the cell took, in seconds
    run: GradingRun


def write_record(path: Path, job: GradingJob, status: NotebookStatus, outcome: Outcome) -> None:
    """Write the record of a grade: what went in, by digest, and what came out."""
    went_in = ingredients(job)
    environment = went_in.pop("environment")
    hash_seed = environment["variables"]["PYTHONHASHSEED"]
    record = GradeRecord(
        **{one.name: getattr(status, one.name) for one in fields(status)},
        student=job.student,
        assignment=job.assignment,
        notebook=job.notebook,
        time=now(),
        sandboxed=job.sandboxed,
        not_isolated=job.not_isolated,
        model_handles=job.model_handles,
        went_in={
            "mended notebook": digest_of(went_in["mended"]),
            "instructor's version": digest_of(went_in["version"]),
            "student's files": went_in["files"],
            "assignment's files": went_in["given"],
            "limits": went_in["limits"],
            "withheld": went_in["ungraded"],
            "trainer": went_in["trainer"],
        },
        seeds=Seeds(hash=hash_seed, trainer=job.trainer.seed if job.trainer else None),
        environment=RecordedEnvironment(
            **{
                **environment,
                "distributions": digest_of(environment["distributions"]),
                "versions": _versions(environment["distributions"]),
            },
            trainer_flags=FLAGS if job.trainer else {},
        ),
        kernel=None if job.kernel.is_own else _recorded_kernel(job.kernel),
        cell_seconds=outcome.seconds,
        run=outcome.run,
    )
    write_atomic(path, _pretty(record).encode())


def _versions(packages: Iterable[str]) -> dict[str, str]:
    found = dict(package.split("==", 1) for package in packages)
    return {name: found[name] for name in _VERSIONS if name in found}


def _recorded_kernel(kernel: Kernel) -> RecordedKernel:
    if kernel.plain is not None:
        return RecordedKernel(kernel.name, kernel.plain.language, kernel.plain.command, kernel.variables)
    return RecordedKernel(
        kernel.name,
        "python",
        (kernel.interpreter.executable,),
        kernel.variables,
        python=kernel.interpreter.version,
        distributions=digest_of(list(kernel.packages)),
        versions=_versions(kernel.packages),
    )


def read_record(folder: Path, notebook: str, status: SubmissionStatus | None) -> GradeRecord | None:
    """The record beside an autograded notebook in `folder`; None where it is not that of the submission's status.

    A student may have handed in a file that is called like a record: it has not the digest.
    """
    known = status.notebooks.get(notebook) if status else None
    path = folder / f"{notebook}{RECORD_SUFFIX}"
    try:
        if known is None or path.is_symlink() or path.stat().st_size > MAX_BYTES:
            return None
        record = load(path.read_bytes(), GradeRecord)
    except (OSError, ValueError):
        return None
    return record if record.digest == known.digest else None


def _pretty(value: Any) -> str:
    text = json.dumps(to_data(value), indent=1, ensure_ascii=False) + "\n"
    return text.encode("utf-8", "backslashreplace").decode()  # names of files may be no Unicode; JSON escapes them so
