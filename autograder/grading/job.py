"""What a worker is given and what it gives back. Both cross process borders as JSON (`common.serialization`)."""

import enum
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from autograder.common.text import clean_text
from autograder.examiner.model_insight import ModelInsight
from autograder.examiner.ownership import Reason
from autograder.kernel.kernelspec import Kernel
from autograder.notebooks.instructor import Version
from autograder.sandbox.limits import LimitKind, Limits
from autograder.training.settings import TrainerSettings
from autograder.training.training_record import TrainerStatus, TrainingRecord

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


@dataclass(frozen=True)
class CellTime:
    """How long cells may take, as the instructor set it (`c.Grading`): seconds of wall time."""

    cell_seconds: dict[str, float] = field(default_factory=dict)  # grade_id, or assignment/grade_id -> seconds
    reference_factor: float = 0.0  # times the reference's own time; 0: that does not decide
    reference_min_seconds: float = 0.0

    def chosen(self, assignment: str, grade_id: str | None) -> float | None:
        """What was set for that cell by name."""
        return self.cell_seconds.get(f"{assignment}/{grade_id}", self.cell_seconds.get(grade_id or ""))


@dataclass(frozen=True)
class SeedPolicy:
    """When a notebook is trained with further seeds, see `seeds`."""

    further: int  # how many
    margin: float  # the part of a test's points that may be missing
    may_lower: bool  # whether the mean counts where it is less than what the first seed gave


@dataclass(frozen=True)
class GradingJob:
    """One mended notebook of one student, and all that its grade depends on."""

    student: str
    assignment: str
    notebook: str
    mended: dict[str, Any]  # the notebook as nbformat 4.5 JSON, each marked cell once
    version: Version  # the instructor's
    limits: Limits = field(default_factory=Limits)
    kernel: Kernel = field(default_factory=Kernel)
    files: dict[str, str] = field(default_factory=dict)  # the student's: name in the work folder -> path of a file
    given: dict[str, str] = field(default_factory=dict)  # the assignment's, which replace a student's of that name
    cell_time: CellTime = field(default_factory=CellTime)
    seconds: dict[int, float] = field(default_factory=dict)  # position in the version -> how long that cell may take
    reference: dict[int, float] = field(default_factory=dict)  # where that comes of the reference's time: its most
    sandboxed: bool = True
    plain: bool = False  # all grade cells run in the student's kernel, as nbgrader does: for rehearsal, plain kernels
    not_isolated: tuple[str, ...] = ()  # grade_ids that the instructor allowed to run beside the student's code
    permitted: dict[str, tuple[str, ...]] | None = None  # cell -> what handles may be asked there; None: the rehearsal
    model_handles: bool = False  # models that can't cross may be asked for predictions
    model_parameters: int = 50_000_000  # of a model that is rebuilt for a test
    variables: dict[str, str] = field(default_factory=dict)  # more of the environment that cells see
    visible: tuple[str, ...] = ()  # more folders that cells may read
    trainer: TrainerSettings | None = None  # None: notebooks train by themselves
    ungraded: dict[str, str] = field(default_factory=dict)  # grade_id -> why the rehearsal withholds it
    beside: tuple[int, ...] = ()  # positions of cells of which nothing that needs the student's code is the examiner's
    modules: tuple[int, ...] = ()  # positions of grade cells in which modules with a state are the student's
    seed_policy: SeedPolicy | None = None

    def with_time(self, factor: float) -> "GradingJob":
        """The same with `factor` times as long for each cell and for the notebook."""
        values = self.limits.trait_values(config=True)
        values |= {name: factor * values[name] for name in ("cell_seconds", "total_seconds")}
        seconds = {position: factor * limit for position, limit in self.seconds.items()}
        return replace(self, limits=Limits(**values), seconds=seconds)


@dataclass(frozen=True)
class RebindableName:
    """A name that a locked or unmarked `cell` binds, that a test uses, and that a student can rebind between them."""

    name: str
    cell: str
    reason: Reason


@dataclass(frozen=True)
class SeedScores:
    """What a test of a trained model gave with several seeds, the course's own first."""

    scores: tuple[float, ...]
    accuracies: tuple[float | None, ...]  # as far as they are known
    counts: float  # the score that counts


@dataclass(frozen=True)
class GradingMachine:
    """The machine that a notebook was graded on; its training runs were there, or on one whose results are the same."""

    node: str = ""  # the worker of a cluster; empty: the grader's own machine
    processor: str = ""
    device: str = ""  # of its trainer's slots: a GPU's name, or "cpu"; empty: there is no trainer


@dataclass(frozen=True)
class GradingRun:
    """How one notebook was graded, for its record."""

    machine: GradingMachine = GradingMachine()
    seconds: float = 0.0  # wall time, with waiting for the trainer
    memory_limit: str = ""  # what enforced it
    calls: int = 0  # that crossed between tests and the student's code
    models: dict[str, ModelInsight] = field(default_factory=dict)  # by the grade_id of the test that used it
    rebindable: dict[str, tuple[RebindableName, ...]] = field(default_factory=dict)  # by the grade_id of the test
    cell_limits: dict[str, float] = field(default_factory=dict)  # grade_id -> seconds, where the cell has its own
    trainings: tuple[TrainingRecord, ...] = ()
    seeds: dict[str, SeedScores] = field(default_factory=dict)  # by the grade_id of a test of which several counted
    written: tuple[str, ...] = ()  # files that the notebook wrote, and that are kept
    flags: tuple[ReviewItem, ...] = ()


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
    asked: dict[str, tuple[str, ...]] = field(default_factory=dict)  # cell -> what handles were asked there
    reasons: dict[str, str] = field(default_factory=dict)
    seconds: dict[int, float] = field(default_factory=dict)  # position -> how long the cell took, without trainings
    feeds: dict[str, tuple[int, ...]] = field(default_factory=dict)  # grade_id -> see `Rehearsal.feeds`
    contested: tuple[str, ...] = ()  # the assignment's files that the submitted code has written as well
    starved: float = 0.0  # the part of a limit's time in which the machine kept it from running; 1: killed for memory
    limit: LimitKind | None = None  # which one ended the candidate, if any did
    written: dict[str, bytes] = field(
        default_factory=dict
    )  # files that the notebook wrote: path in its folder -> content
    broke_examiner: bool = False  # the fault may come of what the student sent: at the last try, a person looks
    run: GradingRun = field(default_factory=GradingRun)

    @classmethod
    def fault(cls, doing: str, error: BaseException) -> "Outcome":
        """A fault of ours or of the machine: what was being done, and what went wrong."""
        said = clean_text(str(error)).strip().partition("\n")[0]
        return cls(Status.FAULT, f"{doing}: {type(error).__name__}{said and f': {said}'}")


@dataclass(frozen=True)
class Event:
    """Where a job is: `done` of `total` cells; `what` is a few words. `node`: on which worker of a cluster."""

    student: str
    notebook: str
    what: str
    done: int
    total: int
    node: str = ""


Listener = Callable[[Event | TrainerStatus], None]
