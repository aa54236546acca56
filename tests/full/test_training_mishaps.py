"""What goes wrong between a notebook and the trainer costs that training and no other: nothing waits for ever."""

import contextlib
import inspect
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from trainers import BUDGET, Notebook, fitting, images, trainer_at
from waiting import until

from autograder.sandbox.limits import kill_tree
from autograder.training import client, jobs, protocol
from autograder.training.client import TrainerProcess
from autograder.training.cost_history import CostHistory, Workload
from autograder.training.devices import Slot
from autograder.training.fit_messages import Declined, FitRequest, Trained
from autograder.training.kernel_side.request import request
from autograder.training.protocol import Cancel, Message
from autograder.training.queue import Queue
from autograder.training.training_record import TrainedBy
from autograder.training.worker_messages import TrainingOrder
from autograder.training.worker_process import WorkerProcess

X, Y = images()
WORK = Workload("", 1.0, 1.0)


@pytest.fixture(scope="module")
def trainer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TrainerProcess]:
    with trainer_at(tmp_path_factory.mktemp("course")) as process:
        yield process


def network() -> Any:
    model = keras.Sequential([keras.Input((8, 8, 1)), keras.layers.Flatten(), keras.layers.Dense(4)])
    model.compile("sgd", "mse")
    return model


def asked(epochs: int) -> FitRequest:
    model = network()
    arguments = inspect.signature(keras.Model.fit).bind(model, X, np.eye(4)[Y], epochs=epochs)
    arguments.apply_defaults()
    return request(model, arguments.arguments)


def order(epochs: int) -> TrainingOrder:
    return TrainingOrder(jobs.training_job(asked(epochs)).content, 0, BUDGET)


def fitted(notebook: Notebook, epochs: int) -> Any:
    model = network()
    with fitting(notebook):
        model.fit(X, np.eye(4)[Y], epochs=epochs, verbose=0)
    return model


@pytest.mark.parametrize("during", [FitRequest, Cancel])
def test_an_interrupt_while_something_is_sent_leaves_no_answer_for_the_next(
    trainer: TrainerProcess, monkeypatch: pytest.MonkeyPatch, during: type[Message]
) -> None:
    send, came = protocol.send, []

    def interrupted(sock: Any, message: Any) -> None:
        send(sock, message)
        if isinstance(message, FitRequest | during):
            came.append(type(message))
            os.kill(os.getpid(), signal.SIGINT)

    notebook = Notebook(trainer)
    with monkeypatch.context() as changed:
        changed.setattr(protocol, "send", interrupted)
        with pytest.raises(KeyboardInterrupt):
            fitted(notebook, 400)
    assert during in came
    assert [fitted(notebook, epochs).history.epoch for epochs in (1, 2)] == [[0], [0, 1]]
    assert [training.by for training in notebook.trainings()] == [TrainedBy.TRAINER] * 2


def test_half_a_message_stops_its_training_and_not_the_clock(trainer: TrainerProcess) -> None:
    notebook = Notebook(trainer, epochs=10**6)
    protocol.send(notebook.socket, asked(100_000))
    until(lambda: any(job.epoch for job in client.status(trainer.address).running))
    notebook.socket.send(b"A")
    until(lambda: not client.status(trainer.address).running)
    waited = client.waiting(trainer.address, notebook.key)
    time.sleep(1)
    assert client.waiting(trainer.address, notebook.key) == waited
    assert fitted(Notebook(trainer), 1).history.epoch == [0]


def test_what_was_stopped_counts_for_the_notebooks_budget(trainer: TrainerProcess) -> None:
    notebook = Notebook(trainer, seconds=1, notebook_seconds=1.5, epochs=10**6)
    said = []
    for _ in range(3):
        with pytest.raises(ValueError, match="budget") as caught:
            fitted(notebook, 100_000)
        said.append(str(caught.value))
    assert ["ran longer" in text for text in said] == [True, True, False]
    assert "used up" in said[2]


def test_a_process_that_ends_before_it_is_ready_is_not_the_trainings_fault() -> None:
    def new(slot: Slot) -> WorkerProcess:
        process = WorkerProcess(slot, 4 << 30, sandboxed=False)
        kill_tree(process._process.pid)
        return process

    queue = Queue([Slot(None, 1, None)], new, lambda *_: None, CostHistory(None))
    training = queue.join("a" * 64, order(1), WORK, "ada")
    assert training.done.wait(60)
    assert training.answer == Declined("The trainer's process ended before it was ready.")


@pytest.mark.parametrize("failures", [1, 4])
def test_a_process_that_cannot_be_started_is_tried_again(tmp_path: Path, failures: int) -> None:
    started: list[WorkerProcess] = []

    def new(slot: Slot) -> WorkerProcess:
        nonlocal failures
        failures -= 1
        if failures >= 0:
            raise OSError(28, "No space left on device")
        started.append(WorkerProcess(slot, 4 << 30, sandboxed=False))
        return started[-1]

    few = failures == 1
    queue = Queue([Slot(None, 1, None)], new, lambda *_: None, CostHistory(None))
    with contextlib.ExitStack() as stack:
        stack.callback(lambda: [process.kill() for process in started])
        training = queue.join("a" * 64, order(1), WORK, "ada")
        assert training.done.wait(60)
        assert isinstance(training.answer, Trained) == few
        if not few:
            assert isinstance(training.answer, Declined)
            assert training.answer.reason.endswith("No space left on device")
            other = queue.join("b" * 64, order(2), WORK, "ada")
            assert other.done.wait(60)
            assert isinstance(other.answer, Declined)
            third = queue.join("c" * 64, order(2), WORK, "ada")
            assert third.done.wait(60)
            assert isinstance(third.answer, Trained)
