"""A real trainer, and this process as its candidate: `fit` here is the candidate's."""

import contextlib
import socket
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import keras
import keras.src.models.model
import numpy as np
import pytest

from autograder.keras_codec import models
from autograder.keras_codec.usage import weight_digests
from autograder.sandbox import bubblewrap
from autograder.training import client
from autograder.training.client import TrainerProcess
from autograder.training.kernel_side import hook
from autograder.training.protocol import TrainerChannel
from autograder.training.settings import Trainer

BUDGET = Trainer().budget()
hook.watch_variables()  # from the first variable on, as in a notebook


class Notebook:
    """This process as a notebook at a trainer."""

    def __init__(self, trainer: TrainerProcess, student: str = "ada", seed: int = 0, **budget: float) -> None:
        self.address = trainer.address
        self.key = uuid.uuid4().hex
        ours, self.socket = socket.socketpair()
        client.connect(self.address, ours, key=self.key, student=student, seed=seed, budget={**BUDGET, **budget})
        self.conversation = TrainerChannel(self.socket)

    def trainings(self) -> list[dict[str, Any]]:
        """What the record would say. The end of the notebook."""
        return client.close(self.address, self.key)

    def provenance(self, model: Any) -> dict[str, Any]:
        description, arrays = models.describe(model)
        digests = weight_digests([keras.ops.convert_to_numpy(variable) for variable in model.variables])
        told = {"state": models.state_of(description, arrays), "weights": digests}
        (found,) = client.judge(self.address, self.key, [told])["models"]
        return dict(found)


@contextlib.contextmanager
def trainer_at(root: Path, **settings: Any) -> Iterator[TrainerProcess]:
    """A trainer with its memory in `root`, in a sandbox where one can be made."""
    with TrainerProcess(root, Trainer(**settings), sandboxed=bubblewrap.check() is None) as process:
        yield process


@contextlib.contextmanager
def fitting(notebook: Notebook) -> Iterator[None]:
    """Within, `keras.Model.fit` is the candidate's."""
    fit = keras.Model.fit
    hook.replace_fit(keras.src.models.model, notebook.conversation)
    try:
        yield
    finally:
        keras.Model.fit = fit


def images(count: int = 96, seed: int = 0) -> tuple[Any, Any]:
    """Small images whose class is where they are bright."""
    generator = np.random.default_rng(seed)
    y = np.arange(count) % 4
    x = generator.normal(0, 0.3, (count, 8, 8, 1)).astype("float32")
    for image, label in zip(x, y, strict=True):
        row, column = divmod(int(label), 2)
        image[4 * row : 4 * row + 4, 4 * column : 4 * column + 4] += 1
    return x, y


def until(condition: Callable[[], bool], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            pytest.fail("it did not come to that")
        time.sleep(0.05)
