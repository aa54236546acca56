"""A `keras.callbacks.History` as data: what was logged, the epochs, and the parameters of the training."""

import importlib
import sys
from typing import Any

from autograder.common.language import english
from autograder.keras_codec.budget import ModelError, short

MAX_NUMBERS = 1_000_000
PARAMS = ("verbose", "epochs", "steps")


def is_history(value: object) -> bool:
    """Whether `value` is a History that Keras made."""
    callbacks = sys.modules.get("keras.callbacks")
    return callbacks is not None and type(value) is getattr(callbacks, "History", None)


def describe_history(history: Any) -> dict[str, Any]:
    """The history as lists and dicts of numbers. Raises ModelError where it holds something else."""
    return _read(
        {
            "history": {str(name): list(values) for name, values in dict(history.history).items()},
            "epoch": list(getattr(history, "epoch", None) or []),  # set when a training starts
            "params": {name: value for name, value in (history.params or {}).items() if name in PARAMS},
        }
    )


def rebuild_history(description: object) -> Any:
    """The History of a description, without a model. Raises ModelError."""
    history = importlib.import_module("keras.callbacks").History()
    update_history(history, description)
    return history


def update_history(history: Any, description: object) -> None:
    """Bring `history` to what is described. Raises ModelError, and then leaves it as it was."""
    content = _read(description)
    history.history = content["history"]
    history.epoch = content["epoch"]
    history.set_params(content["params"])


def _read(value: object) -> dict[str, Any]:
    """A copy that holds nothing but names and numbers. Raises ModelError where `value` holds anything else."""
    if not (type(value) is dict and value.keys() == {"history", "epoch", "params"}):
        raise ModelError("malformed History")
    history, epoch, params = value["history"], value["epoch"], value["params"]
    if not (type(history) is dict and type(epoch) is list and type(params) is dict):
        raise ModelError("malformed History")
    if len(epoch) + sum(len(values) for values in history.values() if type(values) is list) > MAX_NUMBERS:
        raise ModelError(english("a History of more than %(count)s numbers", count=f"{MAX_NUMBERS:,}"))
    if not params.keys() <= set(PARAMS):
        raise ModelError(english("a History with parameters that none has"))
    return {
        "history": {_name(name): _numbers(values, name) for name, values in history.items()},
        "epoch": _numbers(epoch, "epoch"),
        "params": {name: _number(number, name) for name, number in params.items()},
    }


def _name(value: object) -> str:
    if type(value) is not str or len(value) > 1000:
        raise ModelError(english("a History with a malformed name: %(name)s", name=short(value)))
    return value


def _numbers(values: object, name: object) -> list[Any]:
    if type(values) is not list:
        raise ModelError(english("History: %(name)s is no list", name=short(name)))
    return [_number(value, name) for value in values]


def _number(value: object, name: object) -> Any:
    import numpy as np

    if value is None or type(value) in (bool, int, float) or value == "auto":
        return value
    if isinstance(value, np.ndarray | np.generic) and value.dtype.kind in "biuf":
        return np.array(value) if value.ndim else value.item()
    raise ModelError(
        english("History: %(name)s holds a %(type)s, expected numbers", name=short(name), type=type(value).__name__)
    )
