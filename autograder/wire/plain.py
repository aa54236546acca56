"""Names that stand for themselves on the wire: built-in types, and built-in exceptions."""

import builtins
import collections
import datetime
import decimal
import fractions
import sys
from typing import Any

TYPES: dict[str, type] = {
    t.__name__: t
    for t in (
        *(bool, int, float, complex, str, bytes, bytearray, list, tuple, set, frozenset, dict, range, slice, object),
        *(type(None), collections.OrderedDict, collections.defaultdict, collections.Counter, collections.deque),
        *(decimal.Decimal, fractions.Fraction, datetime.date, datetime.datetime, datetime.timedelta),
    )
}
SCALAR_TYPES = frozenset(
    "bool int8 int16 int32 int64 uint8 uint16 uint32 uint64 float16 float32 float64 longdouble complex64 complex128 "
    "str_ bytes_ datetime64 timedelta64".split()
)
EXCEPTIONS: dict[str, type[Exception]] = {
    name: value
    for name, value in vars(builtins).items()
    if isinstance(value, type) and issubclass(value, Exception) and not issubclass(value, StopIteration)
}


def type_name(value: type) -> str | None:
    """The wire's name of a type in the closed set, or None."""
    if TYPES.get(value.__name__) is value:
        return value.__name__
    if EXCEPTIONS.get(value.__name__) is value:
        return value.__name__
    numpy = sys.modules.get("numpy")
    if numpy is not None and value.__module__ == "numpy":
        name = "bool" if value is numpy.bool_ else value.__name__
        if name in SCALAR_TYPES and getattr(numpy, name, None) is value:
            return f"numpy.{name}"
        if value is numpy.ndarray:
            return "numpy.ndarray"
    return None


def named_type(name: Any) -> type | None:
    """The type of that name in the closed set, or None."""
    if not isinstance(name, str):
        return None
    if name in TYPES:
        return TYPES[name]
    if name in EXCEPTIONS:
        return EXCEPTIONS[name]
    if name.startswith("numpy.") and name[6:] in {*SCALAR_TYPES, "ndarray"}:
        import numpy

        found = getattr(numpy, name[6:])
        return found if isinstance(found, type) else None
    return None


def exception_base(kind: type) -> str:
    """Name of the nearest built-in exception that `kind` is, `Exception` at the least."""
    return next((base.__name__ for base in kind.__mro__ if EXCEPTIONS.get(base.__name__) is base), "Exception")


def new_exception(kind: type[Exception], arguments: list[Any]) -> Exception:
    """An exception of that kind with those arguments, also where its constructor wants others."""
    try:
        return kind(*arguments)
    except Exception:
        made = kind.__new__(kind)
        made.args = tuple(arguments)
        return made
