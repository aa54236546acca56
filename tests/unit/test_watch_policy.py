"""When an attempt is graded, which one counts, and when its page is released: by the policy, and by nothing else."""

import math
from dataclasses import replace
from typing import Any

import pytest

from autograder.watch.attempts import Attempt
from autograder.watch.policy import Decision, Delay, Watch


def attempts(*arrived: float, **last: Any) -> list[Attempt]:
    """Attempts that arrived then; all but the last are graded, each due when it arrived."""
    made = [
        Attempt("ada", "ps1", number, "submitted", "", at, due=at, graded=True, points=1.0)
        for number, at in enumerate(arrived, 1)
    ]
    return [*made[:-1], replace(made[-1], **{"graded": False, "due": 0.0, "points": None, **last})]


def test_the_first_attempt_and_one_after_the_wait_are_graded_at_once() -> None:
    policy = Watch(wait_seconds=60.0)
    assert policy.decision(attempts(100.0), None, 100.0) == Decision(100.0)
    assert policy.decision(attempts(100.0, 160.0), None, 160.0) == Decision(160.0)


def test_an_attempt_waits_from_when_the_last_one_was_due_however_long_its_grading_took() -> None:
    policy = Watch(wait_seconds=60.0)
    assert policy.decision(attempts(100.0, 130.0), None, 5000.0) == Decision(160.0, Delay.WAIT)


@pytest.mark.parametrize(("deadline", "at"), [(900.0, 900.0), (None, math.inf)])
def test_after_the_last_grading_an_attempt_waits_for_the_deadline(deadline: float | None, at: float) -> None:
    policy = Watch(wait_seconds=0.0, attempts=2)
    assert policy.decision(attempts(100.0, 130.0, 140.0), deadline, 150.0) == Decision(at, Delay.LIMIT)


def test_files_of_the_newest_attempts_and_of_the_one_that_counts_are_kept() -> None:
    policy = Watch(kept_attempts=2, counts="best")
    known = attempts(1.0, 2.0, 3.0, 4.0, 5.0)
    known[1] = replace(known[1], points=2.0)
    assert [one.number for one in policy.superfluous(known)] == [1, 3]
    known[2] = replace(known[2], kept=False, points=3.0)
    assert [one.number for one in policy.superfluous(known)] == [1]
    assert policy.counting(known) == known[1]  # what has no files can't be put where nbgrader looks


def test_after_the_deadline_nothing_waits() -> None:
    policy = Watch(wait_seconds=3600.0, attempts=1)
    assert policy.decision(attempts(100.0, 130.0), 140.0, 150.0) == Decision(130.0)


def test_the_best_in_time_counts_and_of_equal_ones_the_last() -> None:
    found = [
        replace(one, graded=True, points=score) for one, score in zip(attempts(1, 2, 3, 4), (1, 3, 3, 2), strict=True)
    ]
    assert [Watch(counts=which).counting(found).number for which in ("last", "best")] == [4, 3]
    late = [*found[:3], replace(found[3], points=9.0, late=True)]
    assert Watch(counts="best").counting(late).number == 3
    assert Watch(counts="best").counting(attempts(1)) is None


def test_pages_are_released_at_multiples_of_the_slot_after_the_grading_was_due() -> None:
    policy = Watch(release_seconds=30.0)
    assert [policy.released_at(100.0, now) for now in (100.0, 101.0, 129.0, 131.0, 161.0)] == [130, 130, 130, 160, 190]
