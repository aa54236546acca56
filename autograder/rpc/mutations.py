"""What a call changed in its arguments: found where it ran, and applied to the originals where they came from.

Python passes mutable arguments by reference, but a call across passes copies. So the side that answers takes a
fingerprint of each mutable argument before the call and another one after it, and sends back the content of those
that differ; the side that asked has `apply` bring its own objects to that content, in place. Small containers are kept
equal for longer: see `rpc.links`.
"""

import collections
from typing import Any

from autograder.common.language import english
from autograder.keras_codec import models
from autograder.rpc import numeric
from autograder.rpc.decoder import Decoder
from autograder.rpc.frames import RpcError


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
        raise RpcError(
            english("an argument of type %(old)s came back as %(new)s", old=kind.__name__, new=type(changed).__name__)
        )
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
        raise RpcError(
            english(
                "an array of shape %(old)s was changed to shape %(new)s, or was read-only",
                old=source.shape,
                new=changed.shape,
            )
        )
