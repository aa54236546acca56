"""What came of a training, brought to the student's objects as an ordinary `fit` would have left them.

The callbacks are the student's own: they see each epoch as it was, with the weights of then where they need them. So
they print, write files and end in the state that they always do.
"""

import importlib
import time
from collections.abc import Mapping, Sequence
from typing import Any

from autograder.keras_codec import construction
from autograder.training.fit_messages import TrainingResult


def replay(model: Any, arguments: Mapping[str, Any], result: TrainingResult) -> Any:
    """Bring `model` to the result; gives its History."""
    verbose = arguments["verbose"]
    callbacks = importlib.import_module("keras.callbacks").CallbackList(
        arguments["callbacks"],
        add_history=True,
        add_progbar=verbose != 0,
        verbose=verbose,
        epochs=arguments["epochs"],
        steps=result.steps,
        model=model,
    )
    model.stop_training = False
    callbacks.on_train_begin()
    logs = None
    snapshots = {snapshot.epoch: snapshot for snapshot in result.snapshots}
    for number, done in enumerate(result.epochs):
        epoch, logs = arguments["initial_epoch"] + number, dict(done.logs)
        callbacks.on_epoch_begin(epoch)
        bar = getattr(callbacks._progbar, "progbar", None)
        if bar is not None:
            bar._start = time.time() - done.seconds
            if verbose != 2:  # as after a batch, which that doesn't show
                bar._values_order = [name for name in logs if not name.startswith("val_")]
        if result.nan is not None and number == len(result.epochs) - 1:
            callbacks.on_train_batch_end(result.nan, {**logs, "loss": float("nan")})
        if epoch in snapshots:
            _apply(model, snapshots[epoch].weights, snapshots[epoch].optimizer, with_rate=False)
        callbacks.on_epoch_end(epoch, logs)
    _apply(model, result.weights, result.optimizer, with_rate=True)
    metrics = model.metrics_variables
    if len(metrics) == len(result.metrics):
        _assign(metrics, result.metrics)
    model.stop_training = result.stop
    callbacks.on_train_end(logs)
    return model.history


def _apply(model: Any, weights: Sequence[Any], optimizer: Sequence[Any], *, with_rate: bool) -> None:
    """`with_rate`: the learning rate too; a callback sees to it otherwise."""
    _assign(model.variables, weights)
    construction.finish(model)
    inner = getattr(model.optimizer, "inner_optimizer", model.optimizer)
    rate = getattr(inner, "_learning_rate", None)
    for variable, value in zip(model.optimizer.variables if model.optimizer else (), optimizer, strict=True):
        if with_rate or variable is not rate:
            variable.assign(value)


def _assign(variables: Sequence[Any], values: Sequence[Any]) -> None:
    for variable, value in zip(variables, values, strict=True):
        variable.assign(value)
