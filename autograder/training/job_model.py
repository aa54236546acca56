"""A job's model in a worker: read strictly, counted while it is empty, then drawn from the seed or given its values."""

from collections.abc import Callable, Sequence
from typing import Any

from autograder.common.language import english
from autograder.keras_codec import construction, models
from autograder.keras_codec.budget import Budget, ModelError
from autograder.keras_codec.compilation import MAX_METRICS, Compiled, read_compiled
from autograder.keras_codec.config import Reader
from autograder.keras_codec.construction import allocate, as_model_errors, deserialize, unallocated, undisturbed
from autograder.training.fit_messages import JobContent, ModelDescription

UNBOUNDED = 1 << 50  # numbers of a model that is only counted


def build_model(content: JobContent, budget: Budget, check: Callable[[Any, int], None]) -> Any:
    """The compiled model. `check` gets it while its variables hold nothing, and how many constants it has.

    Raises ModelError for whatever isn't a model that can be built, and what `check` raises.
    """
    description, arrays = ModelDescription.from_text(content.model), content.arrays
    first, second, _ = description.counts
    constants, weights, optimizer = arrays[:first], arrays[first : first + second], arrays[first + second :]
    with as_model_errors(english("a malformed description of a model")):
        reader = Reader(constants, budget)
        configuration = reader.model(description.model)
        compiled = read_compiled(description.compile)
    if compiled is None or compiled.settings is None or compiled.built_for is None:
        raise ModelError(english("a model that isn't compiled"))
    with undisturbed():
        with as_model_errors(english("a model that Keras doesn't build")), unallocated(UNBOUNDED, budget) as made:
            model = deserialize(models.copy_of(configuration))
        check(model, reader.constants)
        with as_model_errors(english("a model that Keras doesn't build")):
            set_values(model.variables, weights, allocate)
            for variable in made:
                if variable._value is None:
                    allocate(variable)
            construction.finish(model)
            _set_trainable(model, description.trainable)
    _compile(model, compiled, optimizer)
    return model


def set_values(variables: Sequence[Any], values: Sequence[Any], assign: Callable[[Any, Any], None]) -> None:
    """Give variables their values; None is for one that draws its own. Raises ModelError where they don't fit."""
    if len(variables) != len(values):
        raise ModelError(english("%(found)s values for %(own)s variables", found=len(values), own=len(variables)))
    pairs = [(v, a) for v, a in zip(variables, values, strict=True) if a is not None]
    construction.check_weights([variable for variable, _ in pairs], [array for _, array in pairs])
    for variable, value in zip(variables, values, strict=True):
        assign(variable, value)


def _set_trainable(model: Any, flags: object) -> None:
    layers = model._flatten_layers()
    if not (type(flags) is list and len(flags) == len(layers) and all(type(flag) is bool for flag in flags)):
        raise ModelError("malformed flags")
    for layer, flag in zip(layers, flags, strict=True):  # outer ones first, as they set the inner ones
        if layer.trainable != flag:
            layer.trainable = flag


def _compile(model: Any, compiled: Compiled, values: Sequence[Any]) -> None:
    with undisturbed(), as_model_errors(english("compile settings that Keras doesn't take")):
        clean = dict(compiled.settings or {})
        optimizer = deserialize(clean.pop("optimizer"))
        with unallocated(MAX_METRICS, Budget()) as made:
            others = {name: deserialize(value) for name, value in clean.items()}
        for variable in made:
            allocate(variable)
        model.compile(optimizer=optimizer, auto_scale_loss=False, **others)
        variables = model.variables
        if optimizer is None or max(compiled.built_for or [], default=-1) >= len(variables):
            raise ModelError(english("an optimizer for variables that the model doesn't have"))
        if not optimizer.built:
            optimizer.build([variables[number] for number in compiled.built_for or []])
        set_values(optimizer.variables, values, _assign)


def _assign(variable: Any, value: Any) -> None:
    if value is not None:
        variable.assign(value)
