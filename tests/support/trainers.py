"""A real trainer, and this process as its candidate: `fit` here is the candidate's."""

import contextlib
import inspect
import socket
import uuid
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import keras
import keras.src.models.model
import numpy as np

from autograder.keras_codec import models
from autograder.keras_codec.usage import weight_digests
from autograder.sandbox import bubblewrap
from autograder.training import client, protocol
from autograder.training.client import TrainerProcess
from autograder.training.fit_messages import Answer, FitRequest
from autograder.training.kernel_side import hook
from autograder.training.kernel_side.request import request
from autograder.training.protocol import TrainerChannel
from autograder.training.settings import Trainer, TrainerSettings, WeightsPolicy
from autograder.training.tested_models import ModelDigests
from autograder.training.training_record import Provenance, TrainingRecord

BUDGET = Trainer().budget()
SETTINGS = TrainerSettings(0, BUDGET, WeightsPolicy.FLAG, device="")
hook.watch_variables()  # from the first variable on, as in a notebook


class Notebook:
    """This process as a notebook at a trainer."""

    def __init__(
        self, trainer: TrainerProcess, student: str = "ada", seed: int = 0, *, detached: bool = False, **budget: Any
    ) -> None:
        self.address = trainer.address
        self.key = uuid.uuid4().hex
        host_end, self.socket = socket.socketpair()
        settings = replace(SETTINGS, seed=seed, budget=replace(BUDGET, **budget), detached=detached)
        client.connect(self.address, host_end, key=self.key, student=student, settings=settings)
        self.channel = TrainerChannel(self.socket)

    def ask(self, request: Any) -> Answer:
        """The trainer's answer to a request, or to something that is none."""
        answer: Answer = protocol.read(self.channel.ask(request), Answer)
        return answer

    def received(self) -> Answer:
        """What the trainer sent without having been asked by `ask`."""
        answer: Answer = protocol.read(protocol.receive(self.socket), Answer)
        return answer

    def trainings(self) -> tuple[TrainingRecord, ...]:
        """What the record would say. The end of the notebook."""
        return client.close(self.address, self.key)

    def provenance(self, model: Any) -> Provenance:
        description, arrays = models.describe(model)
        digests = weight_digests([keras.ops.convert_to_numpy(variable) for variable in model.variables])
        asked = ModelDigests(models.state_of(description, arrays), tuple(digests))
        (found,) = client.judge(self.address, self.key, [asked]).models
        return found


@contextlib.contextmanager
def trainer_at(root: Path, **settings: Any) -> Iterator[TrainerProcess]:
    """A trainer with its memory in `root`, in a sandbox where one can be made."""
    trainer = Trainer(**settings)
    cache = client.training_cache(root, trainer).folder
    with TrainerProcess(trainer.server_settings(cache, sandboxed=bubblewrap.check() is None)) as process:
        yield process


@contextlib.contextmanager
def fitting(notebook: Notebook) -> Iterator[None]:
    """Within, `keras.Model.fit` is the candidate's."""
    fit = keras.Model.fit
    hook.replace_fit(keras.src.models.model, notebook.channel)
    try:
        yield
    finally:
        keras.Model.fit = fit


def fit_request(model: Any, x: Any, y: Any, **arguments: Any) -> FitRequest:
    """What `model.fit(x, y, **arguments)` asks the trainer for."""
    bound = inspect.signature(keras.Model.fit).bind(model, x, y, **arguments)
    bound.apply_defaults()
    return request(model, bound.arguments)


def images(count: int = 96, seed: int = 0) -> tuple[Any, Any]:
    """Small images whose class is where they are bright."""
    generator = np.random.default_rng(seed)
    y = np.arange(count) % 4
    x = generator.normal(0, 0.3, (count, 8, 8, 1)).astype("float32")
    for image, label in zip(x, y, strict=True):
        row, column = divmod(int(label), 2)
        image[4 * row : 4 * row + 4, 4 * column : 4 * column + 4] += 1
    return x, y
