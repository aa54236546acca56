"""What the server and a worker send to each other."""

from dataclasses import dataclass

import msgspec

from autograder.training.devices import Precision
from autograder.training.fit_messages import Declined, JobContent, Refused, Trained
from autograder.training.protocol import Message
from autograder.training.settings import TrainingBudget


@dataclass(frozen=True)
class WorkerSettings:
    """How a worker's process is started."""

    socket: int  # a descriptor
    threads: int
    memory: int  # bytes of a training
    gpu_memory: int | None  # MiB; None: no GPU
    precision: Precision = Precision.FLOAT32


class TrainingOrder(msgspec.Struct, frozen=True, forbid_unknown_fields=True, eq=False):
    """A training to do."""

    content: JobContent
    seed: int
    budget: TrainingBudget


class WorkerReady(Message, tag="ready", frozen=True):
    """It has started, TensorFlow too; its first message."""


class EpochProgress(Message, tag="epoch", frozen=True):
    """So many epochs of so many are done; the last one took so many seconds."""

    epoch: int
    epochs: int
    seconds: float


WorkerAnswer = Trained | Refused | Declined
WorkerMessage = WorkerReady | EpochProgress | WorkerAnswer
