"""What the grader asks the server. Answers are those of `training_record`; None where it does not know the key."""

from autograder.training.cost_history import Workload
from autograder.training.protocol import Message
from autograder.training.settings import TrainerSettings
from autograder.training.tested_models import ModelDigests, ModelInputs
from autograder.training.worker_messages import WorkerAnswer


class Connect(Message, tag="connect", frozen=True):
    """Serve a candidate, whose socket's other end comes beside this. Answered by None."""

    key: str  # of this run of a notebook, from now on
    student: str
    settings: TrainerSettings


class GetWaited(Message, tag="waited", frozen=True):
    """How many seconds has the candidate waited so far?"""

    key: str


class Judge(Message, tag="judge", frozen=True):
    """What is known of models in a test, and of what they were tested on? Answered by a `Judgement`."""

    key: str
    models: tuple[ModelDigests, ...]
    inputs: tuple[ModelInputs, ...]


class Close(Message, tag="close", frozen=True):
    """Forget the candidate. Answered by its `TrainingRecord`s."""

    key: str


class Train(Message, tag="train", frozen=True):
    """Do a training, whose `TrainingOrder` comes next, for as long as the caller waits. Answered by `Done`."""

    key: str
    student: str
    work: Workload


class Done(Message, tag="done", frozen=True, eq=False):
    """What came of a training."""

    answer: WorkerAnswer
    remembered: bool  # from the cache


class GetStatus(Message, tag="status", frozen=True):
    """How do things stand? Answered by a `TrainerStatus`.

    `of_slots`: of what is trained here, whoever asked for it; else of what its own notebooks asked for.
    """

    of_slots: bool = False


Question = Connect | GetWaited | Judge | Close | Train | GetStatus
