"""What several processes do at once to what is stored; a module of its own, so that each of them can import it."""

from pathlib import Path

import numpy as np

from autograder.grading.job import Outcome, Status
from autograder.grading.result_store import Store
from autograder.training.cache import TrainingCache
from autograder.training.cost import Estimate
from autograder.training.fit_messages import TrainingResult

DIGEST = "ab" * 32
KEYS = [f"{number:064x}" for number in range(10)]
LIMIT = 30_000  # bytes of trainings that are kept


def write_one_outcome(folder: Path) -> None:
    """Store one outcome after another under one digest."""
    for number in range(20):
        Store(folder).put(DIGEST, Outcome(Status.GRADED, outputs=[[]], scores={"t": 0.1}, message=str(number)))


def result(value: float) -> TrainingResult:
    """A training's result of about 4 KB."""
    return TrainingResult(
        weights=[np.full(1000, value, "float32")],
        optimizer=[],
        metrics=[],
        epochs=[],
        snapshots=[],
        steps=1,
        stop=False,
        nan=None,
        seconds=1.0,
        cost=Estimate(1000, 1.0, 1, 4000.0),
    )


def use_the_cache(folder: Path, seed: int) -> None:
    """Put and get trainings, as one student's notebook; what is found is whole."""
    cache, hits = TrainingCache(folder, LIMIT), 0
    for number in np.random.default_rng(seed).integers(0, len(KEYS), 150):
        cache.put(KEYS[number], f"student {seed}", result(float(number)))
        found = cache.get(KEYS[(number + 1) % len(KEYS)], "reader")
        assert found is None or found.weights[0][0] == (number + 1) % len(KEYS)
        hits += found is not None
    assert hits
