"""A request of a candidate, read strictly, and its digest. Equal digests, equal trainings."""

import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from autograder.common.arrays import array_digest, is_informative
from autograder.common.errors import AutograderError
from autograder.keras_codec.state import canonical, is_counter, numbers
from autograder.rpc.frames import RpcError
from autograder.training.kernel_side.callbacks import is_serializable

KEYS = {"do", "model", "arrays", "fresh", "data", "validation", "arguments", "callbacks"}
NUMBERS = {"batch_size": 1, "epochs": 0, "initial_epoch": 0, "steps_per_epoch": 1}
NUMBERS |= {"validation_steps": 1, "validation_batch_size": 1}
LARGEST = 10**9


class Refused(AutograderError):
    """The job exceeds its budget; the message says by what."""


class Declined(AutograderError):
    """The job can't be done here; the message says why."""


@dataclass(frozen=True)
class TrainingJob:
    """One training."""

    content: dict[str, Any]  # as it goes to a slot
    digest: str  # of all of it
    given: tuple[str, ...]  # digests of weights that came with it, but for what holds no information
    few: dict[str, int]  # digests of the others, of a number or two or of one value all over, and how many numbers
    numbers: int  # in its configuration, see `keras_codec.state.numbers`
    size: float  # how long it takes, compared with others


def read(request: object) -> TrainingJob:
    """The job that is asked for. Raises RpcError for whatever is none."""
    try:
        return _read(request)
    except (ValueError, TypeError, LookupError, AttributeError, OverflowError, RecursionError) as error:
        raise RpcError(f"malformed request: {error}") from None


def _read(request: object) -> TrainingJob:
    if not (isinstance(request, dict) and request.keys() == KEYS):
        raise RpcError("malformed request")
    arguments, arrays = _arguments(request["arguments"]), request["arrays"]
    if not is_serializable(request["callbacks"]):
        raise RpcError("malformed callbacks")
    data, validation = _parts(request["data"]), request["validation"]
    if validation is not None:
        validation = _parts(validation)
    description = _description(request["model"], request["data"])
    constants, weights, _ = counts = description["counts"]
    flags = request["fresh"]
    if not (isinstance(arrays, list) and isinstance(flags, list) and len(arrays) == sum(counts)):
        raise RpcError("other arrays than the model has")
    if flags != [array is None for array in arrays[constants:]]:
        raise RpcError("fresh variables that have values")
    if not all(_is_array(array) or (array is None and number >= constants) for number, array in enumerate(arrays)):
        raise RpcError("weights that are no arrays")
    content = {
        "model": json.dumps(description),  # in its order: Keras goes by that of outputs, losses and metrics
        "arrays": arrays,
        "data": data,
        "validation": validation,
        "arguments": arguments,
        "callbacks": request["callbacks"],
    }
    carried = [array for array in arrays[constants:] if array is not None]
    given = tuple(array_digest(array) for array in carried if is_informative(array))
    small = [array for array in arrays[constants : constants + weights] if array is not None]
    few = {array_digest(array): _few(array) for array in small if not is_informative(array)}
    configured = numbers(description["model"], arrays[:constants])
    size = sum(array.size for array in arrays[: constants + weights] if array is not None) or len(content["model"])
    rows = max((len(leaf) for leaf in leaves(data[0])), default=0)
    work = float(size) * rows * (arguments["epochs"] or 1)
    return TrainingJob(content, digest(content), given, few, configured, work)


def _few(array: Any) -> int:
    """How many numbers a small array, or one of one value all over, can carry."""
    if is_counter(array) or not array.size or (array == 0).all() or (array == 1).all():
        return 0
    return int(array.size) if array.size <= 2 else 1


def _description(text: object, data: list[Any]) -> dict[str, Any]:
    if not isinstance(text, str):
        raise RpcError("a model without description")
    try:
        description = json.loads(text)
        if set(description) != {"model", "trainable", "compile", "counts"}:
            raise RpcError("a model without description")
        settings = description["compile"]["settings"]
        settings["jit_compile"] = False  # determinism and XLA do not go together
        found = description if any(isinstance(part, dict) for part in data) else canonical(description)
        numbers = found["counts"]
        if not (len(numbers) == 3 and all(type(n) is int and 0 <= n < 1 << 20 for n in numbers)):
            raise RpcError("a model without description")
        return dict(found)
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        raise RpcError("a model without description") from None


def _arguments(value: object) -> dict[str, Any]:
    expected = {*NUMBERS, "class_weight", "shuffle", "validation_split", "validation_freq"}
    if not (isinstance(value, dict) and value.keys() == expected):
        raise RpcError("malformed arguments of `fit`")
    for name, least in NUMBERS.items():
        if not (value[name] is None or (type(value[name]) is int and least <= value[name] <= LARGEST)):
            raise RpcError(f"malformed {name}")
    frequency, weight = value["validation_freq"], value["class_weight"]
    listed = frequency if type(frequency) is list else [frequency]
    if not (listed and all(type(n) is int and 0 < n <= LARGEST for n in listed) and len(listed) <= 100_000):
        raise RpcError("malformed validation_freq")
    split = value["validation_split"]
    if type(split) is not float or not 0 <= split < 1 or type(value["shuffle"]) is not bool:
        raise RpcError("malformed arguments of `fit`")
    if type(value["epochs"]) is not int or type(value["initial_epoch"]) is not int:
        raise RpcError("malformed epochs")
    if weight is not None and not (
        type(weight) is dict
        and all(type(k) is int and type(v) is float and math.isfinite(v) for k, v in weight.items())
    ):
        raise RpcError("malformed class_weight")
    return dict(value)


def _parts(value: object) -> list[Any]:
    """x, y and sample_weight."""
    if not (isinstance(value, list) and len(value) == 3) or value[0] is None:
        raise RpcError("malformed data")
    found = [leaf for part in value for leaf in leaves(part)]
    if not found or not all(leaf is None or (_is_array(leaf) and leaf.ndim) for leaf in found):
        raise RpcError("data that are no arrays")
    return value


def leaves(value: Any, depth: int = 0) -> list[Any]:
    """What is in lists, tuples and dicts."""
    if depth > 10:
        raise RpcError("data nested too deep")
    if isinstance(value, list | tuple):
        return [leaf for item in value for leaf in leaves(item, depth + 1)]
    if isinstance(value, dict):
        return [leaf for item in value.values() for leaf in leaves(item, depth + 1)]
    return [value]


def _is_array(value: object) -> bool:
    return type(value) is np.ndarray and (value.dtype.kind in "biuf" or value.dtype.name == "bfloat16")


def digest(value: Any) -> str:
    """SHA-256 of a value of the closed set, arrays by their own."""
    known: dict[int, str] = {}

    def plain(value: Any) -> Any:
        if isinstance(value, np.ndarray):
            if id(value) not in known:
                known[id(value)] = array_digest(value)
            return {"array": known[id(value)]}
        if isinstance(value, list | tuple):
            return [type(value).__name__, *map(plain, value)]
        if isinstance(value, Mapping):
            return {"dict": sorted(([repr(key), plain(item)] for key, item in value.items()), key=lambda pair: pair[0])}
        return [type(value).__name__, repr(value)]

    return hashlib.sha256(json.dumps(plain(value)).encode()).hexdigest()
