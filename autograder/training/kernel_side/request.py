"""A call of `fit` as data: what the trainer needs to do the same, or why that can't be expressed."""

import importlib
import sys
from collections.abc import Mapping
from typing import Any

from autograder.common.arrays import array_bytes
from autograder.common.language import english
from autograder.keras_codec import models
from autograder.rpc import numeric
from autograder.training.fit_messages import FitArguments, FitRequest, ModelDescription
from autograder.training.kernel_side.callbacks import NotSerializable, flatten, serialize

INITIAL = "_autograder_initial"  # attribute of a variable: digest of the value that its initializer gave
NUMBERS = ("batch_size", "steps_per_epoch", "validation_steps", "validation_batch_size")
OVERRIDDEN = ("fit", "train_step", "test_step", "call", "compute_loss", "compute_metrics", "make_train_function")


def digest(variable: Any) -> bytes:
    """A digest of a variable's present value."""
    import hashlib

    value = importlib.import_module("keras").ops.convert_to_numpy(variable)
    return hashlib.blake2b(array_bytes(value), digest_size=16).digest()


def request(model: Any, arguments: Mapping[str, Any]) -> FitRequest:
    """What `model.fit(**arguments)` asks for. Raises NotSerializable, and whatever Keras raises while it builds."""
    _check_settings(model)
    callbacks = serialize(flatten(arguments["callbacks"]))
    x, y, weight = (_data(arguments[name], name) for name in ("x", "y", "sample_weight"))
    if x is None:
        raise NotSerializable(english("no x"))
    validation = _validation(arguments["validation_data"])
    numbers = {name: _number(arguments[name], name) for name in NUMBERS}
    epochs, initial_epoch = (_required(arguments[name], name) for name in ("epochs", "initial_epoch"))
    if epochs <= initial_epoch:
        raise NotSerializable(english("no epoch to train"))
    settings = FitArguments(
        **numbers,
        epochs=epochs,
        initial_epoch=initial_epoch,
        class_weight=_class_weight(arguments["class_weight"]),
        shuffle=_flag(arguments["shuffle"]),
        validation_split=float(arguments["validation_split"] or 0.0),
        validation_freq=_frequency(arguments["validation_freq"]),
    )
    _build(model, x, y, weight, numbers["batch_size"])
    description, arrays, fresh = _described(model)
    return FitRequest(
        model=description.as_text(),
        arrays=arrays,
        fresh=fresh,
        data=[x, y, weight],
        validation=validation,
        arguments=settings,
        callbacks=callbacks,
    )


def _check_settings(model: Any) -> None:
    keras = sys.modules["keras"]
    if keras.config.backend() != "tensorflow":
        raise NotSerializable(english("Keras runs on %(backend)s", backend=keras.config.backend()))
    usual = keras.config.floatx() == "float32" and keras.config.image_data_format() == "channels_last"
    if not usual or keras.config.epsilon() != 1e-7:
        raise NotSerializable(english("keras.config is not as it comes"))
    if keras.config.max_epochs() or keras.config.max_steps_per_epoch() or getattr(model, "_initial_epoch", 0):
        raise NotSerializable(english("epochs or steps are limited from elsewhere"))
    if model.run_eagerly:
        raise NotSerializable("run_eagerly")
    if (
        model.distribute_strategy is not None
        and type(model.distribute_strategy).__name__ != "_DefaultDistributionStrategy"
    ):
        raise NotSerializable(english("a distribution strategy"))
    for name in OVERRIDDEN:
        if any(name in vars(layer) for layer in (model, *model._flatten_layers())):
            raise NotSerializable(english("%(name)s is a function of your own", name=name))
    for optimizer in (model.optimizer, getattr(model.optimizer, "inner_optimizer", None)):
        if any(getattr(optimizer, f"_exclude_from_weight_decay{end}", None) for end in ("", "_pattern")):
            raise NotSerializable("exclude_from_weight_decay")


def _data(value: Any, name: str, depth: int = 0) -> Any:
    """Arrays, alone or in lists, tuples and dicts. Raises NotSerializable."""
    if value is None:
        return None
    if type(value) in (list, tuple) and value and depth < 5:
        return type(value)(_data(item, name, depth + 1) for item in value)
    if type(value) is dict and value and all(type(key) is str for key in value) and depth < 5:
        return {key: _data(item, name, depth + 1) for key, item in value.items()}
    return _array(value, name)


def _array(value: Any, name: str) -> Any:
    import numpy as np

    pandas = sys.modules.get("pandas")
    if pandas is not None and isinstance(value, pandas.DataFrame | pandas.Series):
        dtypes = value.dtypes if isinstance(value, pandas.DataFrame) else [value.dtype]
        if not all(isinstance(dtype, np.dtype) for dtype in dtypes):
            raise NotSerializable(english("%(name)s has columns of pandas' own types", name=name))
        value = value.to_numpy()
    elif numeric.is_tensor(value):
        value = np.asarray(value)
    if (
        type(value) is not np.ndarray
        or value.ndim == 0
        or not (value.dtype.kind in "biuf" or value.dtype.name == "bfloat16")
    ):
        kind = type(value).__name__
        raise NotSerializable(english("%(name)s is a %(kind)s, not an array of numbers", name=name, kind=kind))
    return value.astype(np.float32) if value.dtype == np.float64 else value  # as Keras does


def _validation(value: Any) -> list[Any] | None:
    if value is None:
        return None
    if type(value) not in (list, tuple) or not 1 <= len(value) <= 3:
        raise NotSerializable(english("validation_data is a %(type)s, not arrays", type=type(value).__name__))
    parts = [_data(item, "validation_data") for item in value]
    return [*parts, *[None] * (3 - len(parts))]


def _number(value: Any, name: str) -> int | None:
    import numpy as np

    if isinstance(value, np.integer):
        value = int(value)
    if value is not None and type(value) is not int:
        raise NotSerializable(
            english("%(name)s is a %(type)s, not a whole number", name=name, type=type(value).__name__)
        )
    return value


def _required(value: Any, name: str) -> int:
    number = _number(value, name)
    if number is None:
        raise NotSerializable(english("%(name)s is None, not a whole number", name=name))
    return number


def _flag(value: Any) -> bool:
    if type(value) is not bool:
        raise NotSerializable(f"shuffle={value!r}")
    return value


def _frequency(value: Any) -> int | list[int]:
    if type(value) is list:
        return [number for item in value if (number := _number(item, "validation_freq")) is not None]
    return _required(value, "validation_freq")


def _class_weight(value: Any) -> dict[int, float] | None:
    if not value:
        return None
    if not isinstance(value, dict):
        raise NotSerializable(english("class_weight that is no dict"))
    try:
        numbers = {int(key): float(item) for key, item in value.items()}
    except (TypeError, ValueError):
        raise NotSerializable(english("class_weight that holds no numbers")) from None
    if any(isinstance(key, str) or int(key) != key for key in value):
        raise NotSerializable(english("class_weight of other keys than the classes' numbers"))
    return numbers


def _build(model: Any, x: Any, y: Any, weight: Any, batch_size: int | None) -> None:
    """Build what an ordinary `fit` builds when it sees the first batch."""
    tree = importlib.import_module("keras").tree
    batch = tree.map_structure(lambda array: None if array is None else array[: batch_size or 32], (x, y, weight))
    model._symbolic_build(data_batch=batch)


def _described(model: Any) -> tuple[ModelDescription, list[Any], list[bool]]:
    """The model; where a variable still has the value that its initializer gave, None stands for its array.

    But not where it is frozen: no training changes that, so its random values stay as the notebook has seen them.
    """
    try:
        description, arrays = models.describe(model)
    except models.ModelError as error:
        raise NotSerializable(str(error)) from None
    _check_variables(model)
    compiled = description["compile"]
    if compiled is None or "reason" in compiled:
        raise NotSerializable(english("not compiled") if compiled is None else str(compiled["reason"]))
    variables = [*model.variables, *(model.optimizer.variables if model.optimizer is not None else ())]
    frozen = {id(v) for v in model.variables if not v.trainable and "float" in str(v.dtype)}
    fresh = [id(v) not in frozen and getattr(v, INITIAL, None) == digest(v) for v in variables]
    constants = description["counts"][0]
    values = [None if untouched else array for untouched, array in zip(fresh, arrays[constants:], strict=True)]
    used = {name: description[name] for name in ("model", "trainable", "compile", "counts")}
    return ModelDescription(**used), [*arrays[:constants], *values], fresh


def _check_variables(model: Any) -> None:
    """Refuse variables that are held to something else than their layers say: the layers are all that crosses."""
    for layer in model._flatten_layers():
        for name, setting in vars(layer).items():
            stem, _, kind = name.rpartition("_")
            if kind not in ("regularizer", "constraint") or not stem:
                continue
            variables = (getattr(layer, part, None) for part in (stem, f"{stem}_kernel"))
            variable = next((variable for variable in variables if hasattr(variable, kind)), None)
            if variable is not None and getattr(variable, kind) is not setting:
                raise NotSerializable(english("a %(kind)s that was set after the layer was built", kind=kind))
