"""An existing model brought to a new state in place, keeping as many of its objects as it can."""

import importlib
from typing import Any

from autograder.wire import keras_build
from autograder.wire.keras_compiled import (
    Compiled,
    compile_model,
    describe_compiled,
    leave_uncompiled,
    read_compiled,
    set_optimizer,
)
from autograder.wire.keras_parts import ModelError, short


def update_layers(model: Any, fresh: Any) -> None:
    """Bring a Sequential to the layers of `fresh`; those that are the same stay the same objects."""
    serialize = importlib.import_module("keras.saving").serialize_keras_object
    before: dict[str, Any] = {layer.name: layer for layer in model._layers}
    after: list[Any] = []
    for layer in fresh._layers:
        old = before.get(layer.name, layer)
        kept = type(old) is type(layer) and same(serialize(old.get_config()), serialize(layer.get_config()))
        after.append(old if kept else layer)
    if [id(layer) for layer in after] != [id(layer) for layer in model._layers] or model.built != fresh.built:
        model._layers = after
        model.built = False
        model._functional = None
        if fresh._functional is not None:
            with keras_build.undisturbed(), keras_build.as_model_errors("a Sequential that Keras doesn't build"):
                model.build(fresh._layers[0].batch_shape)


def update_compiled(model: Any, new: Compiled | None, variables: list[Any]) -> None:
    """Bring how a model is compiled to `new`, and its optimizer's variables to those."""
    now, _ = describe_compiled(model)
    own = read_compiled(now)
    if new is None:
        if own is not None:
            raise ModelError(f"model {short(model.name)} can't become uncompiled")
    elif new.reason is not None:
        if own is None or own.reason != new.reason:
            leave_uncompiled(model, new.reason)
    elif own is not None and same(own.settings, new.settings) and own.built_for in (None, new.built_for):
        with keras_build.as_model_errors("an optimizer's variables"):
            set_optimizer(model, new, variables)
    else:
        compile_model(model, new, variables)


def same(one: Any, other: Any) -> bool:
    """Whether two configurations are equal but for what is told apart from them: flags and learning rates."""
    import numpy as np

    if isinstance(one, dict) and isinstance(other, dict):
        keys = one.keys() - {"trainable", "build_config"}
        if keys != other.keys() - {"trainable", "build_config"}:
            return False
        return all(same(one[key], other[key]) or _rate(key, one[key], other[key]) for key in keys)
    if isinstance(one, list | tuple) and isinstance(other, list | tuple):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, np.ndarray) and isinstance(other, np.ndarray):
        return bool(one.dtype == other.dtype and np.array_equal(one, other))
    return bool(type(one) is type(other) and (one == other or one != one))


def _rate(key: str, one: Any, other: Any) -> bool:
    return key == "learning_rate" and isinstance(one, float) and isinstance(other, float)
