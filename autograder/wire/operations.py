"""What can be done with an object across the wire, where the object is."""

import io
import operator
import sys
from typing import TYPE_CHECKING, Any

from autograder.wire.frames import WireError
from autograder.wire.handles import CONVERSIONS, OPERATORS

if TYPE_CHECKING:
    from autograder.wire.exposed import Exposed


class Stop(Exception):
    """An iterator has no more items."""


def perform(exposed: "Exposed", operation: Any, number: Any, arguments: Any, named: Any) -> Any:
    """Do `operation` with the object of that number; returns what came of it, raises what it raised."""
    if not (isinstance(arguments, list) and isinstance(named, dict) and all(isinstance(k, str) for k in named)):
        raise WireError("arguments that are none")
    if operation == "getattr":
        return getattr(exposed.get(number, operation, arguments), arguments[0])
    if operation in ("setattr", "delattr"):
        (setattr if operation == "setattr" else delattr)(exposed.get(number, operation, arguments), *arguments)
        return None
    if operation in ("repr", "str"):
        return (repr if operation == "repr" else str)(exposed.get(number, operation, []))
    if operation not in OPERATORS:
        raise WireError(f"an operation that is none: {operation!r}"[:200])
    value = exposed.get(number, operation, arguments)
    if operation == "__call__":
        return value(*arguments, **named)
    if operation == "__next__":
        try:
            return next(value)
        except StopIteration:
            raise Stop from None
    if operation == "__array__":
        import numpy

        return numpy.array(value)
    if operation == "__instancecheck__":
        return isinstance(arguments[0], value)
    if operation == "__iter__":
        return iter(value)
    if operation in CONVERSIONS and operation != "__index__":
        return CONVERSIONS[operation](value)
    if operation == "__len__":
        return len(value)
    if operation == "__contains__":
        return arguments[0] in value
    if operation == "__index__":
        return operator.index(value)
    return _special(value, operation, arguments)


def _special(value: Any, name: str, arguments: list[Any]) -> Any:
    result = getattr(type(value), name)(value, *arguments)
    if result is NotImplemented:
        raise TypeError(f"unsupported operand for {name}: {type(value).__name__}")
    return result


class Relay(io.TextIOBase):
    """Notes what is written to it, with the stream's name, up to a length."""

    def __init__(self, name: str, log: list[tuple[str, str]], room: list[int]) -> None:
        """`room[0]`: how many characters more are noted; shared by the streams of one call."""
        self._name, self._log, self._room = name, log, room

    def writable(self) -> bool:
        """Always."""
        return True

    def write(self, text: str) -> int:
        """Note it."""
        kept = str(text)[: self._room[0]]
        if kept:
            self._room[0] -= len(kept)
            if self._log and self._log[-1][0] == self._name:
                self._log[-1] = (self._name, self._log[-1][1] + kept)
            else:
                self._log.append((self._name, kept))
            if not self._room[0]:
                self._log.append((self._name, "\n… what was printed after this is left out\n"))
        return len(text)


def relay(log: Any) -> None:
    """Print here what was printed there."""
    for part in log if isinstance(log, list) else []:
        if isinstance(part, list) and len(part) == 2 and isinstance(part[1], str):
            (sys.stderr if part[0] == "stderr" else sys.stdout).write(part[1])


def type_of(value: Any) -> str:
    """A value's type, for a message."""
    kind = type(value)
    return kind.__name__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__name__}"
