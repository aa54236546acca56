"""`results.json` as Gradescope reads it, of one submission.

The format is that of its documentation for autograders. Nothing else of Gradescope has been tried.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

VISIBLE = "visible"


@dataclass(frozen=True)
class Test:
    """One graded cell. `score` is None where there is none yet: a person gives it, and `message` says why."""

    __test__ = False  # not a test class, whatever pytest makes of its name

    name: str
    score: float | None
    points: float
    message: str = ""


def graded(tests: Sequence[Test], said: Sequence[str], status: str) -> dict[str, Any]:
    """Results of a graded submission; `said` is told to the student about all of it."""
    waiting = sum(test.points for test in tests if test.score is None)
    lines = [*said, *([f"{waiting:g} points are still to be given by a person."] if waiting else [])]
    return {
        "score": sum(test.score for test in tests if test.score is not None),
        "output": "\n".join(lines),
        "output_format": "text",
        "visibility": VISIBLE,
        "tests": [_test(test) for test in tests],
        "extra_data": {"status": status, "points_by_hand": waiting},
    }


def not_gradable(why: str) -> dict[str, Any]:
    """Results of a submission in which there is nothing that could be graded: the student is told what is wrong.

    With a score: without one, Gradescope shows a failure of the autograder's in the place of the message.
    """
    return {"score": 0.0, **not_graded(f"Your submission was not graded. {why}", "not gradable")}


def not_graded(why: str, status: str) -> dict[str, Any]:
    """Results where the submission has no grade through no fault of the student's: no score, which is never a zero."""
    return {
        "output": why,
        "output_format": "text",
        "visibility": VISIBLE,
        "tests": [],
        "extra_data": {"status": status},
    }


def _test(test: Test) -> dict[str, Any]:
    score = {} if test.score is None else {"score": test.score, "max_score": test.points}
    return {"name": test.name, **score, "output": test.message, "output_format": "text", "visibility": VISIBLE}
