"""Dataclasses and msgspec's structs as JSON and back, for messages between processes and for files.

Reading is strict: a value of another type than the class declares is refused, wherever it is in there. Texts go
through the `json` module, as names of files may be no Unicode, which it escapes.
"""

import json
from typing import Any, TypeVar

import msgspec

T = TypeVar("T")


def dump(value: Any) -> str:
    """The value as JSON in one line. Raises TypeError, ValueError or RecursionError where it can't be."""
    return json.dumps(msgspec.to_builtins(value))


def load(text: str | bytes, kind: type[T]) -> T:
    """The value of that class. Raises ValueError for whatever is malformed, with the path to what is wrong."""
    try:
        return msgspec.convert(json.loads(text), kind)
    except RecursionError:
        raise ValueError("nested too deep") from None
