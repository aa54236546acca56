"""How a model is compiled: optimizer with its variables, loss, metrics; or why that can't cross."""

import importlib
import types
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NoReturn

from autograder.common.language import english
from autograder.keras_codec import allow_list
from autograder.keras_codec.budget import Budget, ModelError, pack
from autograder.keras_codec.config import Reader
from autograder.keras_codec.construction import allocate, as_model_errors, deserialize, unallocated, undisturbed

SETTINGS = (
    *("optimizer", "loss", "loss_weights", "metrics", "weighted_metrics"),
    *("run_eagerly", "steps_per_execution", "jit_compile"),
)
PARTS = Budget(layers=50)  # ten times as many objects
MAX_METRICS = 10_000_000  # numbers in the states of all metrics


@dataclass(frozen=True)
class Compiled:
    """Compile settings, clean. `reason`: why they can't be rebuilt; then there is nothing else."""

    settings: dict[str, Any] | None
    built_for: list[int] | None  # which of the model's variables the optimizer was built for
    reason: str | None


class Missing:
    """What stands for a part of a model that couldn't cross. Any use raises RuntimeError with the reason."""

    def __init__(self, reason: str) -> None:
        """`reason`: why it could not cross."""
        self._reason = reason

    def __getattr__(self, name: str) -> NoReturn:
        """Raise the reason; AttributeError for private names, which Keras and Python look for by themselves."""
        if name.startswith("_"):
            raise AttributeError(name)
        raise RuntimeError(self._reason)

    def __call__(self, *arguments: Any, **named: Any) -> NoReturn:
        """Raise RuntimeError with the reason."""
        raise RuntimeError(self._reason)

    __eq__ = __ne__ = __iter__ = __len__ = __getitem__ = __str__ = __call__
    __hash__ = object.__hash__

    def __repr__(self) -> str:
        """The reason, in angle brackets: what Python prints of objects must not raise."""
        return f"<missing: {self._reason}>"


def describe_compiled(model: Any) -> tuple[dict[str, Any] | None, list[Any]]:
    """The compile settings and the optimizer's variables; None where the model isn't compiled."""
    optimizer = getattr(model, "optimizer", None)
    if not model.compiled:
        return ({"reason": optimizer._reason}, []) if isinstance(optimizer, Missing) else (None, [])
    try:
        with undisturbed(), as_model_errors(english("its compile settings can't cross")):
            settings = _serialized(model, optimizer)
            Reader([], PARTS).settings(settings)
            built_for = _built_for(model, optimizer)
    except ModelError as error:
        return {"reason": english("this model is not compiled here, as %(reason)s", reason=error)}, []
    convert = importlib.import_module("keras").ops.convert_to_numpy
    variables = [] if optimizer is None else [convert(variable) for variable in optimizer.variables]
    return {"settings": settings, "built_for": built_for}, variables


def _serialized(model: Any, optimizer: Any) -> dict[str, Any]:
    values = {**model._compile_config.config, "optimizer": optimizer}
    serialize = importlib.import_module("keras.saving").serialize_keras_object
    settings: dict[str, Any] = {}
    for name in SETTINGS:
        _check_functions(values.get(name), name)
        constants: list[Any] = []
        settings[name] = pack(serialize(values.get(name)), constants)
        if constants:
            raise ModelError(english("%(name)s holds an array: use numbers or a list", name=name))
    return settings


def _check_functions(value: Any, name: str) -> None:
    """Raise ModelError where a function is not Keras's own; Keras would send nothing but its name."""
    if isinstance(value, list | tuple):
        for item in value:
            _check_functions(item, name)
    elif isinstance(value, dict):
        for item in value.values():
            _check_functions(item, name)
    elif isinstance(value, types.FunctionType) and not allow_list.is_function(value):
        raise ModelError(
            english(
                "%(name)s is a function of your own, %(function)s: use one of Keras's by its name",
                name=name,
                function=f"`{value.__name__}`",
            )
        )
    else:
        function = getattr(value, "_fn", getattr(value, "fn", None))
        if isinstance(function, types.FunctionType) and not function.__module__.startswith("keras.src."):
            raise ModelError(
                english(
                    "%(name)s calls a function of your own, %(function)s: use one of Keras's",
                    name=name,
                    function=f"`{function.__name__}`",
                )
            )


def _built_for(model: Any, optimizer: Any) -> list[int] | None:
    if optimizer is None or not optimizer.built:
        return None
    numbers = {id(variable): number for number, variable in enumerate(model.variables)}
    inner = getattr(optimizer, "inner_optimizer", optimizer)
    if not all(id(variable) in numbers for variable in inner._trainable_variables):
        raise ModelError(english("its optimizer was used with another model: give each model one of its own"))
    return [numbers[id(variable)] for variable in inner._trainable_variables]


def read_compiled(description: object) -> Compiled | None:
    """The compile settings that `describe_compiled` gave, checked; None where there are none. Raises ModelError."""
    if description is None:
        return None
    if type(description) is not dict:
        raise ModelError("malformed compile settings")
    if description.keys() == {"reason"} and type(description["reason"]) is str:
        return Compiled(None, None, description["reason"][:1000])
    settings, built_for = description.get("settings"), description.get("built_for")
    if not (description.keys() == {"settings", "built_for"} and type(settings) is dict):
        raise ModelError("malformed compile settings")
    if settings.keys() != set(SETTINGS):
        raise ModelError(english("compile settings other than Keras has"))
    clean = Reader([], PARTS).settings(settings)
    if type(clean["run_eagerly"]) is not bool or type(clean["jit_compile"]) is not bool:
        raise ModelError(english("compile settings: run_eagerly and jit_compile have to be bool"))
    if type(clean["steps_per_execution"]) is not int or clean["steps_per_execution"] < 1:
        raise ModelError(english("compile settings: steps_per_execution has to be a number from 1"))
    if built_for is not None:
        if not (type(built_for) is list and all(type(number) is int and number >= 0 for number in built_for)):
            raise ModelError(english("optimizer built for malformed variables"))
        if len(set(built_for)) != len(built_for):
            raise ModelError(english("an optimizer that has a variable twice"))
    return Compiled(clean, None if built_for is None else list(built_for), None)


def compile_model(model: Any, compiled: Compiled, values: Sequence[Any]) -> None:
    """Compile `model` so, its optimizer's variables being `values`. Raises ModelError."""
    if compiled.settings is None:
        leave_uncompiled(model, compiled.reason or "")
        return
    with undisturbed(), as_model_errors(english("compile settings that Keras doesn't take")):
        clean = dict(compiled.settings)
        optimizer = deserialize(clean.pop("optimizer"))
        if not isinstance(optimizer, importlib.import_module("keras.optimizers").Optimizer | None):
            raise ModelError("malformed optimizer")
        with unallocated(MAX_METRICS, Budget()) as made:
            others = {name: deserialize(value) for name, value in clean.items()}
        for variable in made:
            allocate(variable)
        # The optimizer comes as it was, wrapped for mixed precision or not.
        model.compile(optimizer=optimizer, auto_scale_loss=False, **others)
        set_optimizer(model, compiled, values)


def set_optimizer(model: Any, compiled: Compiled, values: Sequence[Any]) -> None:
    """Bring the optimizer's variables to `values`, building it first where that has not been done yet."""
    optimizer, variables = model.optimizer, model.variables
    if compiled.built_for is not None and optimizer is not None and not optimizer.built:
        if max(compiled.built_for, default=-1) >= len(variables):
            raise ModelError(english("an optimizer for variables that the model doesn't have"))
        optimizer.build([variables[number] for number in compiled.built_for])
    own = [] if optimizer is None else optimizer.variables
    if [(tuple(v.shape), str(v._dtype)) for v in own] != [(a.shape, a.dtype.name) for a in values]:
        raise ModelError(english("variables that aren't those of its optimizer"))
    for variable, value in zip(own, values, strict=True):
        variable.assign(value)


def leave_uncompiled(model: Any, reason: str) -> None:
    """Make `model` raise RuntimeError with the reason where it would have to be compiled, until it is."""
    ordinary = type(model)._assert_compile_called

    def check(method_name: str | None = None) -> None:
        if not model.compiled:
            raise RuntimeError(reason)
        ordinary(model, method_name)

    model.compiled = False
    model.optimizer = model.loss = Missing(reason)
    model._assert_compile_called = check
