"""What the modules on Keras share: the error, the budget, and a configuration's arrays taken out of its JSON."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from autograder.common.errors import AutograderError
from autograder.common.language import english

ARRAY = "__array__"  # the key of a reference to an array
PACKED = 1000  # numbers in a list from which on it goes as an array
INSTEAD = english("use what Keras offers, by its own name, instead")


class ModelError(AutograderError):
    """A model, or a part of it, that can't cross; the message says which part, why, and what to use instead."""


@dataclass(frozen=True)
class Budget:
    """How large a model may be; what exceeds it is refused with a ModelError."""

    parameters: int = 50_000_000
    bytes: int = 1 << 30
    layers: int = 2_000  # calls of layers, so that one called twice counts twice
    depth: int = 50
    activations: int = 1 << 26  # numbers that one layer gives for one sample


def short(value: object) -> str:
    """`value` for a message, whatever its size."""
    text = repr(value) if isinstance(value, str | int | float | bool | None) else type(value).__name__
    return text if len(text) <= 80 else text[:77] + "..."


def pack(value: Any, arrays: list[Any]) -> Any:
    """What Keras serialized as JSON; arrays are appended to `arrays` and stand as references to it."""
    import numpy as np

    if value is None or type(value) in (bool, int, float, str):
        return value
    if isinstance(value, list | tuple):
        if len(value) >= PACKED and {type(item) for item in value} in ({int}, {float}):
            return _reference(np.array(value), "list", arrays)
        return [pack(item, arrays) for item in value]
    if isinstance(value, dict):
        kind = value.get("class_name")
        if kind in ("__numpy__", "__tensor__"):
            config = value["config"]
            return _reference(_array(config["value"], config["dtype"]), kind.strip("_"), arrays)
        return {key: pack(item, arrays) for key, item in value.items() if key != "compile_config"}
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, np.ndarray):
        return _reference(value, "numpy", arrays)
    raise ModelError(
        english(
            "a %(type)s in a model's configuration can't cross: %(instead)s", type=type(value).__name__, instead=INSTEAD
        )
    )


def _array(values: Any, dtype: str) -> Any:
    import numpy as np

    if dtype in np.sctypeDict or dtype == "bool":
        return np.array(values, dtype)
    import ml_dtypes

    return np.array(values, getattr(ml_dtypes, dtype))


def _reference(array: Any, kind: str, arrays: list[Any]) -> dict[str, Any]:
    arrays.append(array)
    return {ARRAY: len(arrays) - 1, "as": kind}


def size(shape: Iterable[int | None]) -> int:
    """How many numbers a tensor of that shape holds for one sample."""
    return math.prod(n for n in shape if n is not None)
