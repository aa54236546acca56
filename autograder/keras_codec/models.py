"""Keras models as configuration and weights, and back: never a pickle, never a saved file, never code.

allow_list     which of Keras's classes may cross    config        a configuration, read strictly, and its graph
construction   building it within what was sent      compilation   optimizer, loss, and metrics
history        `History`                             state         one digest of all that a model is
usage          what a test does with a model         model_cache   models that came before, unchanged
budget         how large a model may be
"""

import importlib
import sys
import types
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from autograder.common.language import english
from autograder.keras_codec import allow_list, construction
from autograder.keras_codec.budget import Budget, ModelError, pack, short
from autograder.keras_codec.compilation import (
    Compiled,
    compile_model,
    describe_compiled,
    leave_uncompiled,
    read_compiled,
    set_optimizer,
)
from autograder.keras_codec.config import Reader
from autograder.keras_codec.history import describe_history, is_history, rebuild_history, update_history
from autograder.keras_codec.state import state
from autograder.keras_codec.usage import Use, watch

__all__ = [
    "Budget",
    "ModelError",
    "Use",
    "describe",
    "describe_history",
    "is_history",
    "is_model",
    "is_weights",
    "rebuild",
    "rebuild_history",
    "state_of",
    "update",
    "update_history",
    "watch",
]

KEYS = {"model", "counts", "trainable", "compile", "history", "stop_training"}
DTYPES = frozenset("bool int8 int16 int32 int64 uint8 uint16 uint32 uint64 float16 bfloat16 float32 float64".split())


@dataclass(frozen=True)
class _Parts:
    """A description that has been checked, by its parts."""

    configuration: dict[str, Any]
    weights: list[Any]
    trainable: list[bool]
    compiled: Compiled | None
    optimizer: list[Any]
    history: Any
    stop_training: bool


def is_weights(value: object) -> bool:
    """Whether `value` is an array that can be a model's."""
    import numpy as np

    return type(value) is np.ndarray and value.dtype.name in DTYPES


def is_model(value: object) -> bool:
    """Whether `value` is a Keras model. Never imports Keras: without it there are none."""
    model = getattr(sys.modules.get("keras"), "Model", None)
    return isinstance(model, type) and isinstance(value, model)


def describe(model: Any) -> tuple[dict[str, Any], list[Any]]:
    """A model as JSON, and the arrays of its constants, weights, and optimizer.

    Raises ModelError that names the part which can't cross, and what to use instead.
    """
    _check_layers(model)
    constants: list[Any] = []
    who = english("model %(name)s can't cross", name=short(model.name))
    with construction.undisturbed(), construction.as_model_errors(who):
        configuration = _configuration(model, constants)
        Reader(constants, Budget()).model(configuration)
        convert = importlib.import_module("keras").ops.convert_to_numpy
        weights = [convert(variable) for variable in model.variables]
    compiled, optimizer = describe_compiled(model)
    history = getattr(model, "history", None)
    description = {
        "model": configuration,
        "counts": [len(constants), len(weights), len(optimizer)],
        "trainable": [layer.trainable for layer in model._flatten_layers()],
        "compile": compiled,
        "history": describe_history(history) if is_history(history) else None,
        "stop_training": bool(getattr(model, "stop_training", False)),
    }
    return description, [*constants, *weights, *optimizer]


def state_of(description: Any, arrays: Sequence[Any]) -> str:
    """One digest of a described model: of its configuration with its constants, and of its weights."""
    first, second, _ = description["counts"]
    return state(description["model"], arrays[:first], arrays[first : first + second])


def rebuild(description: object, arrays: Sequence[Any], budget: Budget) -> Any:
    """The described model. Whatever description and arrays hold, it is within the budget, or ModelError is raised."""
    parts = _read(description, arrays, budget)
    model = _build(parts, budget)
    if parts.compiled is not None:
        compile_model(model, parts.compiled, parts.optimizer)
    _set_training(model, parts)
    return model


def update(model: Any, description: object, arrays: Sequence[Any], budget: Budget) -> None:
    """Bring `model`, in place, to the described state, as after a `fit` elsewhere. Raises ModelError."""
    parts = _read(description, arrays, budget)
    fresh = _build(parts, budget)
    if type(model) is not type(fresh):
        raise ModelError(
            english("a %(old)s can't become a %(new)s", old=type(model).__name__, new=type(fresh).__name__)
        )
    if hasattr(model, "_functional"):
        _update_layers(model, fresh)
    elif not _same(_clean(model), parts.configuration):
        raise ModelError(
            english("the layers of model %(name)s were changed: build a new model instead", name=short(model.name))
        )
    who = english("model %(name)s can't be brought to its new state", name=short(model.name))
    with construction.as_model_errors(who):
        construction.check_weights(model.variables, parts.weights)
        for variable, value in zip(model.variables, parts.weights, strict=True):
            variable.assign(value)
        construction.finish(model)
        _set_trainable(model, parts.trainable)
    _update_compiled(model, parts.compiled, parts.optimizer)
    _set_training(model, parts)


def _update_layers(model: Any, fresh: Any) -> None:
    """Bring a Sequential to the layers of `fresh`; those that are the same stay the same objects."""
    serialize = importlib.import_module("keras.saving").serialize_keras_object
    before: dict[str, Any] = {layer.name: layer for layer in model._layers}
    after: list[Any] = []
    for layer in fresh._layers:
        old = before.get(layer.name, layer)
        unchanged = type(old) is type(layer) and _same(serialize(old.get_config()), serialize(layer.get_config()))
        after.append(old if unchanged else layer)
    if [id(layer) for layer in after] != [id(layer) for layer in model._layers] or model.built != fresh.built:
        model._layers = after
        model.built = False
        model._functional = None
        if fresh._functional is not None:
            who = english("a Sequential that Keras doesn't build")
            with construction.undisturbed(), construction.as_model_errors(who):
                model.build(fresh._layers[0].batch_shape)


def _update_compiled(model: Any, new: Compiled | None, variables: list[Any]) -> None:
    """Bring how a model is compiled to `new`, and its optimizer's variables to those."""
    now, _ = describe_compiled(model)
    own = read_compiled(now)
    if new is None:
        if own is not None:
            raise ModelError(english("model %(name)s can't become uncompiled", name=short(model.name)))
    elif new.reason is not None:
        if own is None or own.reason != new.reason:
            leave_uncompiled(model, new.reason)
    elif own is not None and _same(own.settings, new.settings) and own.built_for in (None, new.built_for):
        with construction.as_model_errors(english("an optimizer's variables")):
            set_optimizer(model, new, variables)
    else:
        compile_model(model, new, variables)


def _same(one: Any, other: Any) -> bool:
    """Whether two configurations are equal but for flags and learning rates, which cross beside them."""
    import numpy as np

    if isinstance(one, dict) and isinstance(other, dict):
        keys = one.keys() - {"trainable", "build_config"}
        if keys != other.keys() - {"trainable", "build_config"}:
            return False
        return all(_same(one[key], other[key]) or _rate(key, one[key], other[key]) for key in keys)
    if isinstance(one, list | tuple) and isinstance(other, list | tuple):
        return len(one) == len(other) and all(map(_same, one, other))
    if isinstance(one, np.ndarray) and isinstance(other, np.ndarray):
        return bool(one.dtype == other.dtype and np.array_equal(one, other))
    return bool(type(one) is type(other) and (one == other or one != one))


def _rate(key: str, one: Any, other: Any) -> bool:
    return key == "learning_rate" and isinstance(one, float) and isinstance(other, float)


def _check_layers(model: Any) -> None:
    """Refuse, by name, what is no layer of Keras's, or has a function that isn't."""
    if type(model) not in allow_list.model_classes().values():
        raise ModelError(
            english(
                "model %(name)s is a %(type)s, a class of your own: build it as Sequential or functional",
                name=short(model.name),
                type=type(model).__name__,
            )
        )
    parents: dict[int, int] = {}
    for layer in construction.operations(model):
        reason = allow_list.refusal(type(layer))
        if reason is not None:
            who = english("layer %(name)s is a %(type)s", name=short(layer.name), type=type(layer).__name__)
            raise ModelError(english("%(place)s: %(reason)s", place=who, reason=reason))
        for name in ("activation", "recurrent_activation"):
            function = getattr(layer, name, None)
            if (same := allow_list.of_tensorflow(function)) is not None:
                setattr(layer, name, same)
                continue
            if isinstance(function, types.FunctionType) and not allow_list.is_function(function):
                raise ModelError(
                    english(
                        "layer %(name)s is a %(type)s whose %(setting)s is a function of your own, %(function)s: "
                        "use one of Keras's by its name, or keras.ops operations in a functional model",
                        name=short(layer.name),
                        type=type(layer).__name__,
                        setting=name,
                        function=f"`{function.__name__}`",
                    )
                )
        for inner in getattr(layer, "_layers", ()):
            if parents.setdefault(id(inner), id(layer)) != id(layer):
                raise ModelError(
                    english(
                        "layer %(name)s stands in two models at once: use it in one, or a copy", name=short(inner.name)
                    )
                )


def _configuration(model: Any, constants: list[Any]) -> dict[str, Any]:
    serialize = importlib.import_module("keras.saving").serialize_keras_object
    key = next(key for key, kind in allow_list.model_classes().items() if kind is type(model))
    registered = key[1] if key[0].startswith("keras.src.") else None
    content = {"config": model.get_config(), "build_config": model.get_build_config()}
    packed = pack({name: serialize(value) for name, value in content.items()}, constants)
    return {"module": key[0], "class_name": key[1], "registered_name": registered, **packed}


def _clean(model: Any) -> dict[str, Any]:
    constants: list[Any] = []
    with construction.undisturbed():
        packed = _configuration(model, constants)
    return Reader(constants, Budget()).model(packed)


def _read(description: object, arrays: Sequence[Any], budget: Budget) -> _Parts:
    if not (type(description) is dict and description.keys() == KEYS):
        raise ModelError(english("a malformed description of a model"))
    if not all(map(is_weights, arrays)):
        raise ModelError(english("weights that are no arrays of numbers"))
    if sum(array.nbytes for array in arrays) > budget.bytes:
        raise ModelError(english("a model of more than %(count)s bytes can't cross", count=f"{budget.bytes:,}"))
    counts = description["counts"]
    if not (type(counts) is list and len(counts) == 3 and all(type(n) is int and n >= 0 for n in counts)):
        raise ModelError(english("a malformed description of a model"))
    first, last = counts[0], counts[0] + counts[1]
    constants, weights, optimizer = list(arrays[:first]), list(arrays[first:last]), list(arrays[last:])
    if (len(constants), len(weights), len(optimizer)) != tuple(counts):
        raise ModelError(english("a model with other arrays than its description says"))
    trainable, stop = description["trainable"], description["stop_training"]
    if not (type(trainable) is list and all(type(flag) is bool for flag in [*trainable, stop])):
        raise ModelError("malformed flags")
    with construction.as_model_errors(english("a malformed description of a model")):
        reader = Reader(constants, budget)
        configuration = reader.model(description["model"])
        compiled = read_compiled(description["compile"])
    if reader.constants + sum(array.size for array in weights) > budget.parameters:
        raise ModelError(
            english("a model of more than %(count)s parameters can't cross", count=f"{budget.parameters:,}")
        )
    history = None if description["history"] is None else rebuild_history(description["history"])
    return _Parts(configuration, weights, trainable, compiled, optimizer, history, stop)


def _build(parts: _Parts, budget: Budget) -> Any:
    model = construction.build(copy_of(parts.configuration), parts.weights, budget)
    _set_trainable(model, parts.trainable)
    return model


def copy_of(clean: Any) -> Any:
    """A copy, as Keras takes configurations apart; arrays are shared."""
    if isinstance(clean, dict):
        return {key: copy_of(value) for key, value in clean.items()}
    return [copy_of(value) for value in clean] if isinstance(clean, list) else clean


def _set_trainable(model: Any, trainable: list[bool]) -> None:
    layers = model._flatten_layers()
    if len(trainable) != len(layers):
        raise ModelError(
            english("%(flags)s flags for a model of %(layers)s layers", flags=len(trainable), layers=len(layers))
        )
    for layer, flag in zip(layers, trainable, strict=True):  # outer ones first, as they set the inner ones
        if layer.trainable != flag:
            layer.trainable = flag


def _set_training(model: Any, parts: _Parts) -> None:
    model.stop_training = parts.stop_training
    if parts.history is None:
        return
    if is_history(getattr(model, "history", None)):
        update_history(model.history, describe_history(parts.history))
    else:
        parts.history.set_model(model)
        model.history = parts.history
