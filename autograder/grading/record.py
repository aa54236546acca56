"""What is kept of each grading: the status of every submission, and a record beside every autograded notebook.

    .autograder/status/<assignment>/<student>.json          how the last try at each of its notebooks ended
    autograded/<student>/<assignment>/<notebook>.record.json    what the grade came from; for people to read

Decisions are made on the status alone: students can hand in a file that is called like a record.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from autograder.common.files import write_atomic
from autograder.grading.job import GradingJob, Outcome, ReviewItem, Status
from autograder.grading.result_digest import digest_of, ingredients
from autograder.notebooks.reading import Mend

RECORD_SUFFIX = ".record.json"
GRADED = "graded"
MENDED = "graded after mending"
PERSON = "needs a person"
FAULT = "not graded: our fault"

_VERSIONS = ("autograder", "ipykernel", "keras", "nbgrader", "numpy", "tensorflow")


@dataclass(frozen=True)
class NotebookStatus:
    """How the last try at one notebook ended."""

    status: Status
    digest: str = ""
    message: str = ""
    mends: tuple[Mend, ...] = ()
    scores: dict[str, float | None] = field(default_factory=dict)
    reasons: dict[str, str] = field(default_factory=dict)
    limit: str = ""
    submitted: str = ""  # SHA-256 of the file that was handed in

    @classmethod
    def of(cls, outcome: Outcome, digest: str, mends: tuple[Mend, ...], submitted: str) -> "NotebookStatus":
        """The status that an outcome gives."""
        found = (outcome.status, digest, outcome.message, mends, outcome.scores, outcome.reasons, outcome.limit)
        return cls(*found, submitted)


@dataclass(frozen=True)
class SubmissionStatus:
    """How the last try at a submission ended, notebook by notebook. `review` is what a person should look at."""

    student: str
    assignment: str
    time: str
    notebooks: dict[str, NotebookStatus]
    review: tuple[ReviewItem, ...] = ()

    @property
    def label(self) -> str:
        """In the words that users read: the worst of its notebooks."""
        found = {notebook.status for notebook in self.notebooks.values()}
        if Status.FAULT in found:
            return FAULT
        if Status.NEEDS_PERSON in found or not found:
            return PERSON
        return MENDED if any(notebook.mends for notebook in self.notebooks.values()) else GRADED


class Statuses:
    """The statuses of a course, in its folder `.autograder/status`."""

    def __init__(self, root: Path) -> None:
        """Of the course in `root`."""
        self.folder = root / ".autograder" / "status"

    def get(self, assignment: str, student: str) -> SubmissionStatus | None:
        """The status of a submission; None where none is known, or where its file is damaged."""
        try:
            data = json.loads((self.folder / assignment / f"{student}.json").read_text(encoding="utf-8"))
            notebooks = {name: _notebook_status(item) for name, item in data["notebooks"].items()}
            review = tuple(map(ReviewItem.from_dict, data["review"]))
            return SubmissionStatus(**{**data, "notebooks": notebooks, "review": review})
        except (OSError, ValueError, TypeError, KeyError, AttributeError):
            return None

    def put(self, status: SubmissionStatus) -> None:
        """Keep a status, in the place of the submission's last one."""
        write_atomic(self.folder / status.assignment / f"{status.student}.json", _pretty(asdict(status)).encode())

    def students(self, assignment: str) -> list[str]:
        """The students of whom a status is known."""
        return sorted(path.stem for path in (self.folder / assignment).glob("*.json"))


def now() -> str:
    """The time, in UTC, as ISO 8601."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def write_record(path: Path, job: GradingJob, status: NotebookStatus, run: Mapping[str, Any]) -> None:
    """Write the record of a grade: what went in, by digest, and what came out. `run` is the outcome's own record."""
    went_in = ingredients(job)
    environment = went_in.pop("environment")
    versions = dict(item.split("==", 1) for item in environment["distributions"])
    record = {
        "student": job.student,
        "assignment": job.assignment,
        "notebook": job.notebook,
        "time": now(),
        **{name: value for name, value in asdict(status).items() if name != "submitted"},
        "sandboxed": job.sandboxed,
        "not_isolated": job.not_isolated,
        "model_handles": job.model_handles,
        "went_in": {
            "submitted file": status.submitted,
            "mended notebook": digest_of(went_in["mended"]),
            "instructor's version": digest_of(went_in["version"]),
            "student's files": went_in["files"],
            "assignment's files": went_in["given"],
            "limits": went_in["limits"],
            "withheld": went_in["ungraded"],
            "trainer": went_in["trainer"],
        },
        "seeds": {
            "notebook's random": 0,
            "tests' random": 0,
            "PYTHONHASHSEED": environment["variables"]["PYTHONHASHSEED"],
            "trainer": job.trainer["seed"] if job.trainer else None,
        },
        "environment": {
            **environment,
            "distributions": digest_of(environment["distributions"]),
            "versions": {name: versions[name] for name in _VERSIONS if name in versions},
        },
        "run": dict(run),
    }
    write_atomic(path, _pretty(record).encode())


def _notebook_status(data: dict[str, Any]) -> NotebookStatus:
    """Raises TypeError or ValueError for what is none."""
    mends = tuple(Mend(**mend) for mend in data["mends"])
    status = NotebookStatus(**{**data, "mends": mends, "status": Status(data["status"])})
    texts = [status.digest, status.message, status.limit, status.submitted, *status.reasons.values()]
    scores = all(score is None or isinstance(score, int | float) for score in status.scores.values())
    if not (scores and all(isinstance(text, str) for text in texts)):
        raise TypeError("malformed status")
    return status


def _pretty(value: Any) -> str:
    text = json.dumps(value, indent=1, ensure_ascii=False) + "\n"
    return text.encode("utf-8", "backslashreplace").decode()  # names of files may be no Unicode; JSON escapes them so
