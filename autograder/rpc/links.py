"""Containers that have crossed in this cell: kept equal on both sides, as if both had one.

Python passes lists, dicts, sets and arrays by reference, but what crosses is a copy. A class of the student's may keep
a list that a test gave it, and a test the list that is an attribute of the student's object: what either changes
later, the other finds changed. So a small container's node has a key by which the other side knows its copy again,
and what has changed since the last message comes with the next one, either way. The keys hold for one cell.

What is in use nowhere but here is forgotten. Large containers have no key: of those, what a call changes in its
arguments comes back with its answer, and nothing later.
"""

import collections
import sys
from typing import Any

from autograder.rpc import numeric
from autograder.rpc.fingerprints import fingerprint, same

MAX_LINKS = 1000  # containers at once
MAX_ITEMS = 1000  # of a container
MAX_BYTES = 1 << 16  # of an array
KINDS = frozenset((list, dict, set, bytearray, collections.OrderedDict, collections.defaultdict, collections.deque)) | {
    collections.Counter
}
_UNUSED = 2  # references to what only `_objects` holds: its own, and the call's that counts them


class Links:
    """One side's containers by key, as the other side knows them."""

    def __init__(self, first: int) -> None:
        """`first`: the first key that this side gives; it gives each second one."""
        self.cell = 0
        self._next = first
        self._objects: dict[int, Any] = {}
        self._keys: dict[int, int] = {}
        self._known: dict[int, Any] = {}  # what tells whether an object is as the other side has it
        self._came: set[int] = set()  # keys in the message that is being read

    def begin(self, cell: int) -> None:
        """A message of that cell comes: forget what is of another one, and what is in use no more."""
        if cell != self.cell:
            self.cell = cell
            self._objects, self._keys, self._known = {}, {}, {}
            return
        unused = [key for key in self._objects if sys.getrefcount(self._objects[key]) <= _UNUSED]
        for key in unused:
            del self._keys[id(self._objects.pop(key))], self._known[key]

    def key(self, value: Any) -> int | None:
        """The key of a container that is being written; None of what has none."""
        key = self._keys.get(id(value))
        if key is None:
            if not _is_small(value) or len(self._objects) >= MAX_LINKS:
                return None
            key, self._next = self._next, self._next + 2
            self.add(key, value)
        self._known[key] = fingerprint(value)
        return key

    def get(self, key: Any) -> Any:
        """The container of that key, which has come; None where it is not known."""
        if type(key) is not int or key not in self._objects:
            return None
        self._came.add(key)
        return self._objects[key]

    def add(self, key: Any, value: Any) -> None:
        """Know `value`, which has come or is about to go, by that key."""
        if type(key) is int and (key in self._objects or len(self._objects) < MAX_LINKS):
            if key in self._objects:
                self._keys.pop(id(self._objects[key]), None)
            self._objects[key], self._keys[id(value)] = value, key
            self._known[key] = None
            self._came.add(key)

    def __contains__(self, value: Any) -> bool:
        """Whether that container has a key."""
        return id(value) in self._keys

    def settle(self) -> None:
        """What came is now as the other side has it."""
        self._known |= {key: fingerprint(self._objects[key]) for key in self._came if key in self._objects}
        self._came.clear()

    def changed(self) -> list[Any]:
        """Containers that have been changed here since they were last sent, came, or were settled."""
        return [
            value
            for key, value in self._objects.items()
            if self._known[key] is None or not same(self._known[key], fingerprint(value))
        ]


def _is_small(value: Any) -> bool:
    if type(value) in KINDS:
        return len(value) <= MAX_ITEMS
    numpy = numeric.loaded("numpy")
    return numpy is not None and type(value) is numpy.ndarray and value.nbytes <= MAX_BYTES and value.dtype.kind != "O"
