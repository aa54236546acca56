"""What a worker and its notebook's examination say to each other over the control socket, as JSON in frames.

What the plan of the examination is made of (`Planned`) goes to the fork server before, in a file: the notebooks of one
assignment have the same plan, which their forks inherit.

The worker reads what it receives strictly (`common.serialization`). The examination may run in an environment that has
none of the packages that this needs; it makes its requests of what the worker sent as it is.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from autograder.examiner.model_insight import ModelInsight
from autograder.examiner.plan import PlannedCell, Step
from autograder.training.tested_models import ModelDigests, ModelInputs


@dataclass(frozen=True)
class ExamCell:
    """An instructor's cell, as far as the plan depends on it (`plan.PlannedCell`)."""

    cell_type: str
    source: str
    grade: bool
    solution: bool
    grade_id: str | None

    @classmethod
    def of(cls, cell: PlannedCell) -> "ExamCell":
        """A cell of an instructor's version."""
        return cls(cell.cell_type, cell.source, cell.grade, cell.solution, cell.grade_id)


@dataclass(frozen=True)
class Planned:
    """What the plan is made of: the arguments of `plan.plan`."""

    cells: Sequence[ExamCell]
    beside: Sequence[int]
    modules: Sequence[int]


def planned_data(planned: Planned) -> bytes:
    """`planned` as JSON."""
    return json.dumps(asdict(planned)).encode()


def planned_of(data: bytes) -> Planned:
    """What `planned_data` gave."""
    fields = json.loads(data)
    return Planned(**{**fields, "cells": [ExamCell(**cell) for cell in fields["cells"]]})


@dataclass(frozen=True)
class Begin:
    """First of all: the assignment's files, whose contents are the frame's buffers, and limits."""

    files: Sequence[str]
    memory_bytes: int
    model_parameters: int  # of a model that is rebuilt for a test


@dataclass(frozen=True)
class RunGiven:
    """Run the instructor's statements of a locked or unmarked cell, after fetching the student's names they need."""

    index: int
    permitted: Sequence[str] | None = None  # what handles may be asked there; None: everything


@dataclass(frozen=True)
class RunTest:
    """Fetch the student's names, run a grade cell, and score it."""

    index: int
    points: float
    permitted: Sequence[str] | None


@dataclass(frozen=True)
class Inspect:
    """Say what there is to learn of the model that this grade cell has just used."""

    index: int


Request = Begin | RunGiven | RunTest | Inspect
_KINDS = {kind.__name__: kind for kind in (Begin, RunGiven, RunTest, Inspect)}


def request_data(request: Request) -> dict[str, Any]:
    """The request as JSON."""
    return {"do": type(request).__name__, **asdict(request)}


def request_of(data: dict[str, Any]) -> Request:
    """The request that `request_data` gave."""
    return _KINDS[data["do"]](**{name: value for name, value in data.items() if name != "do"})


@dataclass(frozen=True)
class Answer:
    """What came of a request; each kind of request fills in its own."""

    delay: float = 0.0  # seconds for which the examination could have run and the machine did not let it
    pid: int = 0  # of its process, once it has begun
    steps: tuple[Step, ...] = ()  # the plan, once it has begun
    outputs: tuple[dict[str, Any], ...] = ()  # of a grade cell, as nbformat has them
    score: float | None = None  # points of a grade cell; None where there are none, for that reason
    reason: str = ""
    asked: tuple[str, ...] = ()  # what handles were asked
    calls: int = 0  # that crossed so far
    models: tuple[ModelDigests, ...] = ()  # that the test used
    inputs: tuple[ModelInputs, ...] = ()  # that the test gave to them, each once
    insight: ModelInsight | None = None
    contested: tuple[str, ...] = ()  # the assignment's files that the submitted code has written, so far
