"""What the grader asks the server. Answers are those of `training_record`; None where it does not know the key."""

from autograder.training.protocol import Message
from autograder.training.settings import TrainerSettings
from autograder.training.tested_models import EncodedProbe, ModelDigests


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
    rows: tuple[str, ...]  # digests, in hexadecimal
    probes: tuple[EncodedProbe, ...]


class Close(Message, tag="close", frozen=True):
    """Forget the candidate. Answered by its `TrainingRecord`s."""

    key: str


class GetStatus(Message, tag="status", frozen=True):
    """How do things stand? Answered by a `TrainerStatus`."""


Question = Connect | GetWaited | Judge | Close | GetStatus
