"""What a worker and its notebook's examination say to each other over the control socket, as JSON in frames."""

from dataclasses import dataclass
from typing import Any

import msgspec

from autograder.examiner.model_insight import ModelInsight
from autograder.examiner.plan import Step
from autograder.training.leakage import EncodedProbe
from autograder.training.training_record import ModelDigests


class Request(msgspec.Struct, frozen=True, tag_field="do", forbid_unknown_fields=True):
    """What to do next."""


class Begin(Request, tag="begin", frozen=True):
    """First of all: the plan; and the assignment's files, whose contents are the frame's buffers."""

    steps: tuple[Step, ...]
    files: tuple[str, ...]
    memory_bytes: int
    model_parameters: int  # of a model that is rebuilt for a test


class RunGiven(Request, tag="given", frozen=True):
    """Run the instructor's statements of a locked or unmarked cell, after fetching the student's names they need."""

    index: int
    permitted: tuple[str, ...] | None = None  # what handles may be asked there; None: everything


class RunTest(Request, tag="test", frozen=True):
    """Fetch the student's names, run a grade cell, and score it."""

    index: int
    points: float
    permitted: tuple[str, ...] | None


class Inspect(Request, tag="inspect", frozen=True):
    """Say what there is to learn of the model that this grade cell has just used."""

    index: int


Requests = Begin | RunGiven | RunTest | Inspect


@dataclass(frozen=True)
class Answer:
    """What came of a request; each kind of request fills in its own."""

    delay: float = 0.0  # seconds for which the examination could have run and the machine did not let it
    pid: int = 0  # of its process, once it has begun
    outputs: tuple[dict[str, Any], ...] = ()  # of a grade cell, as nbformat has them
    score: float | None = None  # points of a grade cell; None where there are none, for that reason
    reason: str = ""
    asked: tuple[str, ...] = ()  # what handles were asked
    calls: int = 0  # that crossed so far
    models: tuple[ModelDigests, ...] = ()  # that the test used
    rows: tuple[str, ...] = ()  # digests, as hexadecimal digits, of the rows that they were tested on
    probes: tuple[EncodedProbe, ...] = ()  # by which near copies of those rows are found
    insight: ModelInsight | None = None
    contested: tuple[str, ...] = ()  # the assignment's files that the submitted code has written, so far
