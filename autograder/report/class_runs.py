"""What the records beside autograded notebooks say of time, trainings and accuracy.

Where a course was graded by plain nbgrader, a file of that name is a student's: nothing in it is believed to be of the
right type, and it is only read where our own status knows of the grading.
"""

import json
import math
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

MAX_BYTES = 20_000_000


@dataclass(frozen=True)
class Training:
    """One training: by "trainer", "candidate" (in the notebook) or "nobody" (refused)."""

    by: str
    job: str = ""
    seconds: float = 0.0
    remembered: bool = False
    given: bool = False  # it began with weights that nobody knows
    said: str = ""  # why it was in the notebook, or refused


@dataclass(frozen=True)
class Run:
    """What grading one notebook took."""

    seconds: float | None = None
    sandboxed: bool = True
    not_isolated: tuple[str, ...] = ()
    trainings: tuple[Training, ...] = ()
    accuracy: dict[str, float] = field(default_factory=dict)  # by the grade_id of the test that measured it


def read_run(path: Path) -> Run | None:
    """The run that a record tells of; None where there is none, or where it can't be read."""
    try:
        if path.is_symlink() or path.stat().st_size > MAX_BYTES:
            return None
        record = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return None
    run = _dict(_dict(record).get("run"))
    models = _dict(run.get("models"))
    accuracy = {cell: _number(_dict(model).get("accuracy")) for cell, model in models.items()}
    return Run(
        _number(run.get("seconds")),
        _dict(record).get("sandboxed") is not False,
        tuple(name for name in _list(_dict(record).get("not_isolated")) if isinstance(name, str)),
        tuple(_training(_dict(one)) for one in _list(run.get("trainings"))),
        {cell: value for cell, value in accuracy.items() if value is not None and 0 <= value <= 1},
    )


def _training(one: dict[str, Any]) -> Training:
    return Training(
        by=str(one.get("by")),
        job=str(one.get("job", "")),
        seconds=_number(one.get("seconds")) or 0.0,
        remembered=one.get("remembered") is True,
        given=one.get("weights") == "given",
        said=str(one.get("refused") or one.get("reason") or ""),
    )


def _dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _number(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    return float(value) if abs(value) < 1e15 and math.isfinite(value) else None
