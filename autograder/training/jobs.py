"""A request of a candidate, read strictly, and its digest. Equal digests, equal trainings."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import msgspec
import numpy as np

from autograder.common.arrays import array_digest, is_informative
from autograder.keras_codec.state import canonical, is_counter, numbers
from autograder.rpc.frames import RpcError
from autograder.training import protocol
from autograder.training.cost_history import Workload
from autograder.training.fit_messages import FitRequest, JobContent, ModelDescription, Request
from autograder.training.kernel_side.callbacks import is_serializable

MALFORMED = (ValueError, TypeError, LookupError, AttributeError, OverflowError, RecursionError)


@dataclass(frozen=True)
class TrainingJob:
    """One training."""

    content: JobContent  # as it goes to a slot
    digest: str  # of all of it
    data: dict[str, Any]  # the arrays that it trains on and validates with, by their digests
    given: tuple[str, ...]  # digests of weights that came with it, but for what holds no information
    few: dict[str, int]  # digests of the others, of a number or two or of one value all over, and how many numbers
    numbers: int  # in its configuration, see `keras_codec.state.numbers`
    work: Workload


def read(value: object) -> Request:
    """What a candidate sent. Raises RpcError for whatever is no request."""
    request: Request = protocol.read(value, Request)
    try:
        exact = _same_types(value, request)
    except RecursionError:
        raise RpcError("nested too deep") from None
    if not exact:
        raise RpcError("malformed message: a number, a text or a list of another type than it has to be")
    return request


def _same_types(received: Any, read: Any) -> bool:
    """Whether reading changed no type: msgspec takes whole numbers for floats, and tuples for lists."""
    if isinstance(received, int | float | str):
        return type(received) is type(read) and type(received) in (bool, int, float, str)
    if received is read:
        return True
    if isinstance(read, msgspec.Struct):
        read = protocol.fields(read)
    if type(received) is not type(read):
        return False
    if isinstance(received, dict):
        return all(_same_types(item, read[name]) for name, item in received.items())
    return all(map(_same_types, received, read))


def training_job(request: FitRequest) -> TrainingJob:
    """The job that is asked for. Raises RpcError for whatever is none."""
    try:
        return _training_job(request)
    except MALFORMED as error:
        raise RpcError(f"malformed request: {str(error)[:300]}") from None


def _training_job(request: FitRequest) -> TrainingJob:
    arguments, arrays = request.arguments, request.arrays
    if not is_serializable(request.callbacks):
        raise RpcError("malformed callbacks")
    for parts in (request.data, request.validation):
        if parts is not None:
            _check_parts(parts)
    description = _description(request.model, request.data)
    constants, weights, _ = description.counts
    if len(arrays) != sum(description.counts):
        raise RpcError(f"expected the {sum(description.counts)} arrays of the model, received {len(arrays)}")
    if request.fresh != [array is None for array in arrays[constants:]]:
        raise RpcError("fresh variables that have values")
    if not all(_is_numeric(array) or (array is None and number >= constants) for number, array in enumerate(arrays)):
        raise RpcError("expected arrays of numbers as weights, received others")
    content = JobContent(
        description.as_text(), arrays, request.data, request.validation, arguments, list(request.callbacks)
    )
    carried = [array for array in arrays[constants:] if array is not None]
    given = tuple(array_digest(array) for array in carried if is_informative(array))
    small = [array for array in arrays[constants : constants + weights] if array is not None]
    few = {array_digest(array): _few(array) for array in small if not is_informative(array)}
    configured = numbers(description.model, [array for array in arrays[:constants] if array is not None])
    size = sum(array.size for array in arrays[: constants + weights] if array is not None) or len(content.model)
    rows = max((len(leaf) for leaf in leaves(content.data[0])), default=0)
    examples = float(rows) * (arguments.epochs or 1)
    work = Workload(digest(description.model), examples, size * examples)
    known: dict[int, str] = {}
    whole = digest(content, known)
    parts = [leaf for part in (*content.data, *(content.validation or ())) for leaf in leaves(part) if leaf is not None]
    data = {known[id(leaf)]: leaf for leaf in parts}
    return TrainingJob(content, whole, data, given, few, configured, work)


def _few(array: Any) -> int:
    """How many numbers a small array, or one of one value all over, can carry."""
    if is_counter(array) or not array.size or (array == 0).all() or (array == 1).all():
        return 0
    return int(array.size) if array.size <= 2 else 1


def _description(text: str, data: list[Any]) -> ModelDescription:
    try:
        description = json.loads(text)
        description["compile"]["settings"]["jit_compile"] = False  # determinism and XLA do not go together
        by_name = any(isinstance(part, dict) for part in data)
        return msgspec.convert(description if by_name else canonical(description), ModelDescription)
    except MALFORMED as error:
        raise RpcError(f"expected the description of a compiled model: {str(error)[:300]}") from None


def _check_parts(parts: list[Any]) -> None:
    """Of x, y and sample_weight."""
    found = [leaf for part in parts for leaf in leaves(part)]
    if parts[0] is None or not all(leaf is None or (_is_numeric(leaf) and leaf.ndim) for leaf in found):
        raise RpcError("expected data in arrays of numbers, received something else")


def leaves(value: Any, depth: int = 0) -> list[Any]:
    """What is in lists, tuples and dicts."""
    if depth > 10:
        raise RpcError("data nested too deep")
    if isinstance(value, list | tuple):
        return [leaf for item in value for leaf in leaves(item, depth + 1)]
    if isinstance(value, dict):
        return [leaf for item in value.values() for leaf in leaves(item, depth + 1)]
    return [value]


def _is_numeric(value: object) -> bool:
    return isinstance(value, np.ndarray) and (value.dtype.kind in "biuf" or value.dtype.name == "bfloat16")


def digest(value: Any, arrays: dict[int, str] | None = None) -> str:
    """SHA-256 of a value of the closed set, arrays by their own, messages by their fields.

    `arrays` gets the digests of the arrays in it, by their ids.
    """
    known = {} if arrays is None else arrays

    def plain(value: Any) -> Any:
        if isinstance(value, np.ndarray):
            if id(value) not in known:
                known[id(value)] = array_digest(value)
            return {"array": known[id(value)]}
        if isinstance(value, msgspec.Struct):
            return plain(protocol.fields(value))
        if isinstance(value, list | tuple):
            return [type(value).__name__, *map(plain, value)]
        if isinstance(value, Mapping):
            return {"dict": sorted(([repr(key), plain(item)] for key, item in value.items()), key=lambda pair: pair[0])}
        return [type(value).__name__, repr(value)]

    return hashlib.sha256(json.dumps(plain(value)).encode()).hexdigest()
