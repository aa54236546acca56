"""What a call of `fit` asks for and what comes of it, as it crosses between candidate, server and worker."""

import json
import sys
from typing import Annotated, Any

import msgspec
import numpy as np
from msgspec import Meta

from autograder.training.cost import Estimate
from autograder.training.kernel_side.callbacks import MAX_CALLBACKS, CallbackState
from autograder.training.protocol import Cancel, Cancelled, Message, Note

Array = np.ndarray[Any, Any]
LARGEST = 10**9
Natural = Annotated[int, Meta(ge=0, le=LARGEST)]
Positive = Annotated[int, Meta(ge=1, le=LARGEST)]
Finite = Annotated[float, Meta(ge=-sys.float_info.max, le=sys.float_info.max)]
Count = Annotated[int, Meta(ge=0, lt=1 << 20)]
# x, y and sample_weight: each an array, lists, tuples and dicts of arrays, or None.
Parts = Annotated[list[Any], Meta(min_length=3, max_length=3)]


class ModelDescription(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A model without its arrays, of which only their numbers are known here; `keras_codec` reads the rest."""

    model: Any  # its configuration
    trainable: Any  # a flag for each layer
    compile: Any  # its compile settings
    counts: tuple[Count, Count, Count]  # of constants, variables, and variables of the optimizer

    def as_text(self) -> str:
        """It as JSON."""
        return json.dumps(msgspec.structs.asdict(self))  # in its order: Keras goes by that of outputs, losses, metrics

    @classmethod
    def from_text(cls, text: str) -> "ModelDescription":
        """What `as_text` gave. Raises ValueError or RecursionError for what is none."""
        return msgspec.convert(json.loads(text), cls)


class FitArguments(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Arguments of `fit`, by their names there."""

    batch_size: Positive | None
    epochs: Natural
    initial_epoch: Natural
    steps_per_epoch: Positive | None
    validation_steps: Positive | None
    validation_batch_size: Positive | None
    class_weight: dict[int, Finite] | None
    shuffle: bool
    validation_split: Annotated[float, Meta(ge=0, lt=1)]
    validation_freq: Positive | Annotated[list[Positive], Meta(min_length=1, max_length=100_000)]


class FitRequest(Message, tag="fit", frozen=True, eq=False):
    """A call of `fit`, as a candidate sends it."""

    model: str  # a `ModelDescription`
    arrays: list[Array | None]  # of the model; None: fresh
    fresh: list[bool]  # of each variable: whether it still has the value that its initializer gave
    data: Parts
    validation: Parts | None
    arguments: FitArguments
    callbacks: Annotated[list[CallbackState], Meta(max_length=MAX_CALLBACKS)]


Request = FitRequest | Note | Cancel


class JobContent(msgspec.Struct, frozen=True, forbid_unknown_fields=True, eq=False):
    """All that a training depends on, but for seed and device."""

    model: str  # a `ModelDescription`
    arrays: list[Array | None]
    data: list[Any]
    validation: list[Any] | None
    arguments: FitArguments
    callbacks: list[CallbackState]


class EpochRecord(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One epoch: what was logged, before any callback added to it."""

    logs: dict[str, Any]
    seconds: float


class Snapshot(msgspec.Struct, frozen=True, forbid_unknown_fields=True, eq=False):
    """The variables of a model and of its optimizer after an epoch."""

    epoch: int
    weights: list[Array]
    optimizer: list[Array]


class TrainingResult(msgspec.Struct, frozen=True, forbid_unknown_fields=True, eq=False):
    """All that an ordinary `fit` would have changed, and what the training took."""

    weights: list[Array]  # values of the model's variables
    optimizer: list[Array]
    metrics: list[Array]
    epochs: list[EpochRecord]
    snapshots: list[Snapshot]  # of epochs whose weights a callback wants to see
    steps: int | None  # of an epoch
    stop: bool  # whether a callback ended it
    nan: int | None  # the batch whose loss ended it
    seconds: float
    cost: Estimate


class Trained(Message, tag="result", frozen=True, eq=False):
    """The training is done."""

    result: TrainingResult


class Refused(Message, tag="refused", frozen=True):
    """It exceeds the assignment's budget."""

    reason: str


class Declined(Message, tag="declined", frozen=True):
    """It can't be done by the trainer; the notebook trains by itself."""

    reason: str


Answer = Trained | Refused | Declined | Cancelled
