"""What a call changed in its arguments: seen where it ran, and applied where they came from."""

import collections
import hashlib
import json
from typing import Any

from autograder.common.arrays import array_bytes
from autograder.keras_codec import models
from autograder.rpc import numeric
from autograder.rpc.decoder import Decoder
from autograder.rpc.frames import RpcError


def fingerprint(value: Any) -> Any:
    """Something that is equal later exactly if `value`, of a mutable kind, has not been changed in the meantime."""
    if isinstance(value, list | collections.deque):
        return [id(item) for item in value], list(value)  # the items too, so that no id is used twice
    if isinstance(value, dict):
        return [(id(key), id(item)) for key, item in value.items()], list(value.items())
    if isinstance(value, set):
        return {id(item) for item in value}, list(value)
    if isinstance(value, bytearray):
        return bytes(value)
    if numeric.is_table(value):
        return value.copy()
    if models.is_model(value):
        try:
            description, arrays = models.describe(value)
        except models.ModelError as error:
            return str(error)
        return json.dumps(description, default=repr), [_digest(array) for array in arrays]
    if models.is_history(value):
        return repr(models.describe_history(value))
    state = numeric.random_state(value)
    return repr(state) if state is not None else (_digest(value), value.shape, str(value.dtype))


def same(before: Any, after: Any) -> bool:
    """Whether two fingerprints are equal; the kept items are not compared, only their identities."""
    if numeric.is_table(before):
        return bool(before.equals(after)) and (before.ndim == 1 or list(before.columns) == list(after.columns))
    if isinstance(before, tuple) and isinstance(after, tuple) and len(before) == len(after) == 2:
        return bool(before[0] == after[0] and (isinstance(before[0], list | set) or before[1] == after[1]))
    return bool(before == after)


def _digest(array: Any) -> Any:
    if array.dtype.hasobject:
        return [id(item) for item in array.reshape(-1).tolist()]
    return hashlib.blake2b(array_bytes(array), digest_size=16).digest()


def apply(source: Any, decoder: Decoder, child: Any) -> None:
    """Bring `source` to the content of that node. Raises RpcError where that is of another kind."""
    kind = type(source)
    if models.is_model(source) or models.is_history(source):
        node = decoder.node(child[0] if isinstance(child, list) and child else None)
        try:
            if node["t"] == "model" and models.is_model(source):
                models.update(source, *decoder.model(node), decoder.budget)
            elif node["t"] == "history" and models.is_history(source):
                models.update_history(source, decoder.value(node.get("v")))
            else:
                raise RpcError("malformed model")
        except (models.ModelError, KeyError) as error:
            raise RpcError(str(error)) from None
        return
    if numeric.random_state(source) is not None:
        node = decoder.node(child[0] if isinstance(child, list) and child else None)
        if node["t"] != "random":
            raise RpcError("malformed random generator")
        numeric.rebuild_random(node.get("k"), decoder.value(node.get("v")), into=source)
        return
    changed = decoder.value(child)
    if type(changed) is not kind:
        raise RpcError(f"an argument of type {kind.__name__} came back as {type(changed).__name__}")
    if numeric.is_table(source):
        source._update_inplace(changed)
    elif isinstance(source, list | bytearray):
        source[:] = changed
    elif isinstance(source, dict | set):
        source.clear()
        source.update(changed)
    elif isinstance(source, collections.deque):
        source.clear()
        source.extend(changed)
    elif source.shape == changed.shape and source.dtype == changed.dtype and source.flags.writeable:
        source[...] = changed
    else:
        raise RpcError(f"an array of shape {source.shape} was changed to shape {changed.shape}, or was read-only")
