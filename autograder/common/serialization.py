"""Dataclasses and msgspec's structs as JSON and back, for messages between processes and for files.

Reading is strict: a value of another type than the class declares is refused, wherever it is. Settings (traitlets'
`Configurable`) are written as their values by name. Texts go through the `json` module, which escapes names of files
that are no Unicode.
"""

import json
from typing import Any, TypeVar

import msgspec
from traitlets import TraitError
from traitlets.config import Configurable

T = TypeVar("T")


def to_data(value: Any) -> Any:
    """The value as dicts, lists, texts, and numbers. Raises TypeError or RecursionError where it can't be."""
    return msgspec.to_builtins(value, enc_hook=_settings)


def from_data(data: Any, kind: type[T]) -> T:
    """The value of that class. Raises ValueError for whatever is malformed, with the path to what is wrong."""
    try:
        return msgspec.convert(data, kind, dec_hook=_configured, str_keys=True)
    except RecursionError:
        raise ValueError("nested too deep") from None


def dump(value: Any, *, sort_keys: bool = False) -> str:
    """The value as JSON in one line. Raises TypeError, ValueError or RecursionError where it can't be."""
    return json.dumps(to_data(value), sort_keys=sort_keys)


def load(text: str | bytes, kind: type[T]) -> T:
    """The value of that class. Raises ValueError for whatever is malformed, with the path to what is wrong."""
    try:
        return from_data(json.loads(text), kind)
    except RecursionError:
        raise ValueError("nested too deep") from None


def _settings(value: Any) -> Any:
    if isinstance(value, Configurable):
        return {name: getattr(value, name) for name in value.class_trait_names(config=True)}
    raise TypeError(f"{type(value).__name__} has no form in JSON")


def _configured(kind: Any, data: Any) -> Any:
    if not (issubclass(kind, Configurable) and isinstance(data, dict)):
        raise ValueError(f"expected {kind.__name__}, received {type(data).__name__}")
    if unknown := data.keys() - set(kind.class_trait_names(config=True)):
        raise ValueError(f"unknown settings of {kind.__name__}: {', '.join(sorted(unknown))}")
    try:
        return kind(**data)
    except TraitError as error:
        raise ValueError(str(error)) from error
