"""A notebook in its sandbox, and the trainer: what a student sees."""

import socket
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from candidates import both, needs_sandbox, text
from trainers import SETTINGS, trainer_at

from autograder.kernel.candidate import Candidate
from autograder.sandbox.limits import Limits
from autograder.training import client
from autograder.training.client import TrainerProcess
from autograder.training.training_record import TrainedBy, WeightsOrigin

BUILD = """
import keras, numpy as np
x = np.random.default_rng(0).normal(size=(64, 10)); y = np.arange(64) % 2
model = keras.Sequential([keras.layers.Dense(8, activation="relu"), keras.layers.Dense(1, activation="sigmoid")])
model.compile("adam", "binary_crossentropy", metrics=["accuracy"])
"""
Start = Callable[..., Candidate]


@pytest.fixture(scope="module")
def trainer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TrainerProcess]:
    with trainer_at(tmp_path_factory.mktemp("course")) as process:
        yield process


@pytest.fixture
def start(trainer: TrainerProcess) -> Iterator[Start]:
    started: list[Candidate] = []

    def new(key: str, *, sandboxed: bool, **limits: Any) -> Candidate:
        host_end, kernel_end = socket.socketpair()
        client.connect(trainer.address, host_end, key=key, student=key, settings=SETTINGS)
        paused = lambda: client.waiting(trainer.address, key)  # noqa: E731
        candidate = Candidate(Limits(**limits), {}, sandboxed=sandboxed, trainer=kernel_end, paused=paused)
        started.append(candidate)
        candidate.start()
        return candidate

    yield new
    for candidate in started:
        candidate.close()


@both
def test_a_cell_that_fits_is_trained_elsewhere(trainer: TrainerProcess, start: Start, sandboxed: bool) -> None:
    key = f"ada-{sandboxed}"
    candidate = start(key, sandboxed=sandboxed)
    assert candidate.run(BUILD).ok
    shown = candidate.run("history = model.fit(x, y, epochs=2, verbose=2)")
    assert "Epoch 2/2" in text(shown)
    assert "loss" in text(candidate.run("sorted(history.history)"))
    (training,) = client.close(trainer.address, key)
    assert (training.by, training.weights) == (TrainedBy.TRAINER, WeightsOrigin.FRESH)


@needs_sandbox
def test_time_at_the_trainer_is_not_the_students(trainer: TrainerProcess, start: Start) -> None:
    key = "bob"
    candidate = start(key, sandboxed=True, cell_seconds=40)
    assert candidate.run(BUILD).ok
    candidate.limits.cell_seconds = 3
    run = candidate.run("h = model.fit(np.tile(x, (100, 1)), np.tile(y, 100), epochs=60, verbose=0)")
    assert run.ok, run.outputs
    assert client.waiting(trainer.address, key) > 3
    assert not candidate.run("import time; time.sleep(30)").ok


@needs_sandbox
def test_an_interrupted_cell_leaves_the_trainer_usable(start: Start) -> None:
    import threading

    candidate = start("eve", sandboxed=True)
    assert candidate.run(BUILD).ok
    threading.Timer(6, candidate.interrupt).start()
    run = candidate.run("h = model.fit(np.tile(x, (100, 1)), np.tile(y, 100), epochs=450, verbose=0)")
    assert run.outputs[-1].ename == "KeyboardInterrupt"
    assert candidate.run("h = model.fit(x, y, epochs=1, verbose=0)").ok
