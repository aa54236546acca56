"""Models that came in an earlier cell: one that comes again unchanged is not built, nor its functions traced, again."""

import hashlib
import json
from collections.abc import Sequence
from typing import Any

from autograder.common.arrays import array_digest
from autograder.keras_codec import models
from autograder.keras_codec.usage import Use

MAX_BYTES = 64 << 20  # of the weights of all models that are cached


class ModelCache:
    """The models that came in this cell and in cells before, newest last, up to `MAX_BYTES`."""

    def __init__(self) -> None:
        """An empty cache."""
        self._models: list[_Model] = []

    def begin(self) -> None:
        """A cell begins: each may be given once more. Within a cell, what came twice is two models."""
        for one in self._models:
            one.free = True

    def take(self, came: str) -> Use | None:
        """A cached model that came with this digest and has not been changed since; None where there is none.

        It is given once a cell: what comes twice in one cell is two models.
        """
        for one in [one for one in self._models if one.free and one.came == came]:
            self._models.remove(one)
            if digest_of(one.use.model) == one.built:
                self._models.append(one)
                one.free = False
                one.use.begin()
                return one.use
        return None

    def keep(self, came: str, size: int, use: Use) -> None:
        """Remember a model that was built of `size` bytes, before it is used; the oldest make room."""
        if came and (built := digest_of(use.model)):
            self._models.append(_Model(came, built, size, use))
        while sum(one.size for one in self._models) > MAX_BYTES:
            self._models.pop(0)


class _Model:
    def __init__(self, came: str, built: str, size: int, use: Use) -> None:
        self.came, self.built, self.size, self.use = came, built, size, use
        self.free = False


def digest(description: Any, arrays: Sequence[Any]) -> str:
    """SHA-256 of a model's description and arrays; empty where they are malformed, or larger than the cache."""
    if not all(map(models.is_weights, arrays)) or sum(array.nbytes for array in arrays) > MAX_BYTES:
        return ""
    try:
        text = json.dumps(description, sort_keys=True)
    except (TypeError, ValueError, RecursionError):
        return ""
    return hashlib.sha256("\n".join([text, *map(array_digest, arrays)]).encode()).hexdigest()


def digest_of(model: Any) -> str:
    """The digest of a model as it is now; empty where it can't be described, and so is not cached."""
    try:
        return digest(*models.describe(model))
    except Exception:  # Keras's own, for what a test may have made of it
        return ""
