"""What a call changed in its arguments: found where it ran, and applied to the originals where they came from.

Python passes mutable arguments by reference, but a call across passes copies. So the side that answers takes a
`fingerprint` of each mutable argument before the call and another one after it, and sends back the content of those
that differ; the side that asked has `apply` bring its own objects to that content, in place.
"""

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
    """What `same` finds equal to a later fingerprint of `value` exactly if `value` has not been changed in between.

    Of a container it is the identities of its elements, as what they hold is compared for themselves; of arrays and
    models, digests; of a table, a copy.
    """
    if isinstance(value, list | collections.deque):
        return [id(item) for item in value], list(value)  # keeps the items alive, so that no id is reused
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
    """Whether two fingerprints are equal. Of lists and sets only identities are compared, not the items they hold."""
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
    """Bring `source`, in place, to the content of a node (`child` refers to it).

    Raises RpcError where that is of another type, shape or dtype than `source`, or malformed.
    """
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
