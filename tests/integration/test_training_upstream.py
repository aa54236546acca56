"""A trainer that hands its trainings to another one: each is done there once, with the same result, or not at all."""

import contextlib
import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from trainers import Notebook, fit_request, images, trainer_at
from waiting import until

from autograder.rpc import frames
from autograder.sandbox.bubblewrap import check
from autograder.training import client, protocol
from autograder.training.client import TrainerProcess
from autograder.training.fit_messages import Declined, Refused, Trained
from autograder.training.server_messages import Train
from autograder.training.settings import Trainer

X, Y = images()


def asked(epochs: int, units: int = 4) -> Any:
    model = keras.Sequential([keras.Input((8, 8, 1)), keras.layers.Flatten(), keras.layers.Dense(units)])
    model.compile("sgd", "mse")
    return fit_request(model, X, np.eye(units)[Y % units], epochs=epochs, verbose=0)


class Between:
    """What takes trainings from one trainer to another, as a cluster does."""

    def __init__(self, folder: Path, below: TrainerProcess) -> None:
        self.address = str(folder / "upstream")
        self.wanted: list[Train] = []
        self._below = below
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(self.address)
        self._listener.listen()
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                asking, _ = self._listener.accept()
                threading.Thread(target=self._take, args=[asking], daemon=True).start()

    def _take(self, asking: socket.socket) -> None:
        with asking, socket.socket(socket.AF_UNIX) as sock, contextlib.suppress(frames.RpcError):
            self.wanted.append(protocol.read(protocol.receive(asking), Train))
            sock.connect(self._below.address)
            socket.send_fds(sock, [b"?"], [])
            protocol.send(sock, self.wanted[-1])
            _forward(asking, sock)
            while True:
                with contextlib.suppress(TimeoutError):
                    frames.wait_for(sock, 0.05)
                    _forward(sock, asking)
                    return
                with contextlib.suppress(TimeoutError):
                    frames.wait_for(asking, 0)
                    return  # nobody waits for it any more


def _forward(source: socket.socket, target: socket.socket) -> None:
    frame, buffers = frames.receive(source)
    frames.send(target, frame, [memoryview(buffer) for buffer in buffers])


@pytest.fixture(scope="module")
def below(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TrainerProcess]:
    """Who trains."""
    with trainer_at(tmp_path_factory.mktemp("below"), threads=1) as process:
        yield process


@pytest.fixture(scope="module")
def between(tmp_path_factory: pytest.TempPathFactory, below: TrainerProcess) -> Between:
    return Between(tmp_path_factory.mktemp("between"), below)


@pytest.fixture(scope="module")
def above(tmp_path_factory: pytest.TempPathFactory, between: Between) -> Iterator[TrainerProcess]:
    """Whose notebooks ask."""
    cache = tmp_path_factory.mktemp("above") / "cache"
    settings = Trainer(threads=1).server_settings(cache, sandboxed=check() is None, upstream=between.address)
    with TrainerProcess(settings) as process:
        yield process
    assert not cache.exists()


def test_it_is_trained_below_once_for_all_who_wait_as_it_is_without_another_trainer(
    above: TrainerProcess, below: TrainerProcess, between: Between
) -> None:
    request, before = asked(200), len(between.wanted)
    with ThreadPoolExecutor(3) as threads:
        notebooks = [Notebook(above, student) for student in ("ada", "bob", "eve")]
        answers = list(threads.map(lambda notebook: notebook.ask(request), notebooks))
    [wanted] = between.wanted[before:]
    assert wanted.student in ("ada", "bob", "eve")
    own = Notebook(below, seed=0).ask(request)
    for answer in [*answers, own]:
        assert isinstance(answer, Trained)
        for one, other in zip(answer.result.weights, own.result.weights, strict=True):
            np.testing.assert_array_equal(one, other)
    [[training], *_] = [notebook.trainings() for notebook in notebooks]
    assert (training.by, training.job) == ("trainer", wanted.key)


def test_what_nobody_waits_for_any_more_is_stopped_below(above: TrainerProcess, below: TrainerProcess) -> None:
    notebook = Notebook(above, epochs=10**6)
    protocol.send(notebook.socket, asked(100_000))
    until(lambda: bool(client.status(below.address).running))
    notebook.socket.close()
    until(lambda: not client.status(below.address).running)
    until(lambda: not client.status(above.address).running)


def test_a_budget_holds_below(above: TrainerProcess) -> None:
    answer = Notebook(above, seconds=1, epochs=10**6).ask(asked(100_000))
    assert isinstance(answer, Refused)
    assert "longer than 1 seconds" in answer.reason


def test_where_nobody_listens_the_notebook_trains_by_itself(tmp_path: Path) -> None:
    settings = Trainer(threads=1).server_settings(
        tmp_path / "cache", sandboxed=check() is None, upstream=str(tmp_path / "nowhere")
    )
    with TrainerProcess(settings) as process:
        began = time.monotonic()
        answer = Notebook(process).ask(asked(1))
    assert isinstance(answer, Declined)
    assert "reached" in answer.reason
    assert time.monotonic() - began < 60
