"""What a worker is given and what it gives back. Both cross process borders as JSON."""

import enum
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import Any

from autograder.common.text import clean_text

FAULTS = (Exception, SystemExit)  # what goes wrong with one submission, and stops no other


class Status(enum.StrEnum):
    """How a try at a notebook ended."""

    GRADED = "graded"
    NEEDS_PERSON = "needs a person"  # it can't be read, or breaks the examiner each time
    FAULT = "fault"  # ours or the machine's: it is tried again, and the old grade stays


class ReviewKind(enum.StrEnum):
    """Why a person should look at something."""

    WEIGHTS = "weights"  # a model that counts has weights that the trainer did not make, or not alone
    LEAKAGE = "leakage"  # a test's inputs, or near copies, were trained on or validated with
    ANSWER_CHANGED = "answer changed"  # since a person gave points or wrote a comment
    REMARK = "remark"  # what became of the files that were handed in


@dataclass(frozen=True)
class ReviewItem:
    """Something about a submission that a person should look at: why, and in words."""

    kind: ReviewKind
    text: str

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> "ReviewItem":
        """What `asdict` gave, after its way through JSON. Raises KeyError, TypeError or ValueError for what is none."""
        if not isinstance(data["text"], str):
            raise TypeError(f"text (={data['text']!r}) must be a str")
        return cls(ReviewKind(data["kind"]), data["text"])


@dataclass(frozen=True)
class GradingJob:
    """One mended notebook of one student, and all that its grade depends on."""

    student: str
    assignment: str
    notebook: str
    mended: dict[str, Any]  # the notebook as nbformat 4.5 JSON, each marked cell once
    version: dict[str, Any]  # the instructor's version: notebooks.instructor.Version.as_dict()
    files: dict[str, str] = field(default_factory=dict)  # the student's: name in the work folder -> path of a file
    given: dict[str, str] = field(default_factory=dict)  # the assignment's, which replace a student's of that name
    limits: dict[str, Any] = field(default_factory=dict)  # sandbox.limits.Limits.as_dict()
    pace: dict[str, Any] = field(default_factory=dict)  # settings of how long cells may take; see `rehearsal`
    seconds: dict[str, float] = field(default_factory=dict)  # position in the version -> how long that cell may take
    reference: dict[str, float] = field(default_factory=dict)  # where that comes of the reference's time: its most
    sandboxed: bool = True
    plain: bool = False  # all grade cells run in the student's kernel, as nbgrader does it: for the rehearsal
    not_isolated: tuple[str, ...] = ()  # grade_ids that the instructor allowed to run beside the student's code
    permitted: dict[str, list[str]] | None = None  # cell -> what handles may be asked there; None: the rehearsal
    model_handles: bool = False  # models that can't cross may be asked for predictions
    model_parameters: int = 50_000_000  # of a model that is rebuilt for a test
    variables: dict[str, str] = field(default_factory=dict)  # more of the environment that cells see
    visible: list[str] = field(default_factory=list)  # more folders that cells may read
    trainer: dict[str, Any] | None = None  # training.settings.Trainer.job_fields(); None: notebooks train by themselves
    ungraded: dict[str, str] = field(default_factory=dict)  # grade_id -> why the rehearsal withholds it
    beside: tuple[int, ...] = ()  # positions of cells of which nothing that needs the student's code is the examiner's

    def as_dict(self) -> dict[str, Any]:
        """As JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> "GradingJob":
        """What `as_dict` gave, after its way through JSON."""
        return cls(**{**data, "not_isolated": tuple(data["not_isolated"]), "beside": tuple(data["beside"])})


@dataclass(frozen=True)
class Outcome:
    """What came of a job.

    `outputs` has an entry for each cell of the mended notebook, in its order: nbformat outputs (empty for text).
    `scores` has each autograded cell: points, or None where it was not graded, with the reason in `reasons`.
    """

    status: Status
    message: str = ""  # for a fault or what needs a person: what happened
    outputs: list[list[dict[str, Any]]] = field(default_factory=list)
    scores: dict[str, float | None] = field(default_factory=dict)
    asked: dict[str, list[str]] = field(default_factory=dict)  # cell -> what handles were asked there
    reasons: dict[str, str] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)  # position -> how long the cell took, without trainings
    starved: bool = False  # a limit of time was met because the machine was busy
    limit: str = ""  # which limit ended the candidate ("memory", "total time", …); empty when none did
    broke_examiner: bool = False  # the fault may come of what the student sent: at the last try, a person looks
    record: dict[str, Any] = field(default_factory=dict)  # times, versions, what crossed, isolation

    @classmethod
    def fault(cls, doing: str, error: BaseException) -> "Outcome":
        """A fault of ours or of the machine: what was being done, and what went wrong."""
        said = clean_text(str(error)).strip().partition("\n")[0]
        return cls(Status.FAULT, f"{doing}: {type(error).__name__}{said and f': {said}'}")

    def as_dict(self) -> dict[str, Any]:
        """As JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> "Outcome":
        """What `as_dict` gave, after its way through JSON."""
        return cls(**{**data, "status": Status(data["status"])})


@dataclass(frozen=True)
class Event:
    """Where a job is: `done` of `total` cells; `what` is a few words."""

    student: str
    notebook: str
    what: str
    done: int
    total: int


@dataclass(frozen=True)
class Trainings:
    """How the trainer stands. `running` has of each training its students, epoch, epochs, and seconds left."""

    running: list[dict[str, Any]]
    waiting: int
    trained: int
    remembered: int


Listener = Callable[[Event | Trainings], None]
