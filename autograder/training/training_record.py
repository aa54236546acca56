"""What the trainer says of a notebook: its trainings, where models in its tests come from, and how things stand."""

import enum
from dataclasses import dataclass, field

from autograder.common.language import english
from autograder.training.cost import Estimate


class TrainedBy(enum.StrEnum):
    """Who did a training."""

    TRAINER = "trainer"
    CANDIDATE = "candidate"  # in the notebook
    NOBODY = "nobody"  # it was refused


class WeightsOrigin(enum.StrEnum):
    """With what weights a training began."""

    FRESH = english("fresh")  # drawn by the trainer
    CONTINUED = english("continued")  # all of them from trainings of the same notebook
    GIVEN = english("given")  # some from elsewhere


@dataclass(frozen=True)
class TrainingRecord:
    """One call of `fit` in a notebook."""

    by: TrainedBy
    job: str = ""  # its key
    weights: WeightsOrigin | None = None  # None: not by the trainer
    continued_from: tuple[str, ...] = ()  # keys of jobs
    remembered: bool = False
    epoch_seconds: tuple[float, ...] = ()
    history: dict[str, list[float | None]] = field(default_factory=dict)  # None: no finite number
    seconds: float = 0.0
    cost: Estimate | None = None
    refused: str = ""  # why
    reason: str = ""  # why it was in the notebook


class ModelOrigin(enum.StrEnum):
    """Where a model comes from."""

    TRAINER = "trainer"  # as it is, out of a training that began with fresh weights, or continued such a one
    GIVEN = "given"  # out of a training that began with others
    CHANGED = "changed"  # its weights come from such trainings, but not in such a model
    CANDIDATE = "candidate"  # some of its weights don't come from the trainer


@dataclass(frozen=True)
class Provenance:
    """Where a model comes from, and by which jobs."""

    weights: ModelOrigin
    jobs: tuple[str, ...]  # their keys


@dataclass(frozen=True)
class SeenInputs:
    """How much of what a test gave to a model in one call the notebook gave to `fit`."""

    seen: int  # rows
    near: int  # rows with near copies, among those that
    probed: int  # were looked at


@dataclass(frozen=True)
class Judgement:
    """What is known of the models in a test, and of the inputs that they were tested on."""

    models: tuple[Provenance, ...]
    inputs: tuple[SeenInputs, ...]  # of each call


@dataclass(frozen=True)
class RunningTraining:
    """A training at a slot; None where it has not finished an epoch yet."""

    students: tuple[str, ...]
    epoch: int | None = None
    epochs: int | None = None
    seconds: float | None = None  # of the last epoch
    left: float | None = None  # seconds, if all other epochs take as long
    key: str = ""


@dataclass(frozen=True)
class TrainerStatus:
    """How things stand."""

    running: tuple[RunningTraining, ...]
    waiting: int
    trained: int
    remembered: int
    notebooks: int = 0  # that wait for a training
