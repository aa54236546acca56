"""What crosses by its name alone, built-in types and exceptions, and the bounds of numbers and keys that cross."""

import builtins
import collections
import datetime
import decimal
import fractions
import sys
from typing import Any

from autograder.common.language import english
from autograder.rpc.frames import RpcError

TYPES: dict[str, type] = {
    t.__name__: t
    for t in (
        *(bool, int, float, complex, str, bytes, bytearray, list, tuple, set, frozenset, dict, range, slice, object),
        *(type(None), collections.OrderedDict, collections.defaultdict, collections.Counter, collections.deque),
        *(decimal.Decimal, fractions.Fraction, datetime.date, datetime.datetime, datetime.time),
        datetime.timedelta,
    )
}
_COMPARED = "__init__ __str__ __repr__ __hash__ __eq__ __ne__ __lt__ __le__ __gt__ __ge__".split()
SLOTS: dict[str, Any] = {name: vars(object)[name] for name in _COMPARED}  # what classes without one of their own have
SCALAR_TYPES = frozenset(
    "bool int8 int16 int32 int64 uint8 uint16 uint32 uint64 float16 float32 float64 longdouble complex64 complex128 "
    "str_ bytes_ datetime64 timedelta64".split()
)
EXCEPTIONS: dict[str, type[Exception]] = {
    name: value
    for name, value in vars(builtins).items()
    if isinstance(value, type) and issubclass(value, Exception) and not issubclass(value, StopIteration)
}

# Numbers are bounded so that arithmetic with one takes no more than about a second: `int` of the decimal 1e999999999
# would run for days, and nothing interrupts it.
MAX_INTEGER = 1 << 20  # bits
MAX_FRACTION = 1 << 16  # bits of numerator and denominator
MAX_DECIMAL = 20_000  # digits and exponent
MAX_ELEMENTS = 1 << 30  # of an array, counted as if none of its sides were 0: each row costs time, also an empty one
MAX_EQUAL_HASHES = 1000  # keys of a set or dict; finding one costs a look at all others


def bounded_integer(value: int, most: int = MAX_INTEGER) -> int:
    """The integer. Raises RpcError for one that is too large to cross."""
    if value.bit_length() > most:
        raise RpcError(
            english(
                "an integer of %(bits)s bits, and at most %(most)s can cross",
                bits=f"{value.bit_length():,}",
                most=f"{most:,}",
            )
        )
    return value


def bounded_fraction(value: fractions.Fraction) -> fractions.Fraction:
    """The fraction. Raises RpcError for one that is too large to cross."""
    for part in (value.numerator, value.denominator):
        bounded_integer(part, MAX_FRACTION)
    return value


def bounded_decimal(value: decimal.Decimal) -> decimal.Decimal:
    """The decimal. Raises RpcError for one with too many digits, written out."""
    if value.is_finite() and max(abs(value.adjusted()), len(value.as_tuple().digits)) > MAX_DECIMAL:
        raise RpcError(
            english("a decimal of more than %(count)s digits, written out, can't cross", count=f"{MAX_DECIMAL:,}")
        )
    return value


def bounded_keys(keys: list[Any]) -> list[Any]:
    """The keys of a set or dict. Raises RpcError where too many of them have one hash."""
    if len(keys) > MAX_EQUAL_HASHES and max(collections.Counter(map(hash, keys)).values()) > MAX_EQUAL_HASHES:
        raise RpcError(english("more than %(count)s keys of one hash can't cross", count=f"{MAX_EQUAL_HASHES:,}"))
    return keys


def type_name(value: type) -> str | None:
    """The name under which a type of the closed set crosses, or None."""
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


def is_plain_exception(kind: type) -> bool:
    """Whether that is a built-in exception which crosses by its name."""
    return EXCEPTIONS.get(kind.__name__) is kind


def ends_more(kind: type) -> bool:
    """Whether such an exception ends more than a call (Ctrl-C, `exit`): across, it is a RuntimeError."""
    return issubclass(kind, BaseException) and not issubclass(kind, Exception)


def new_exception(kind: type[Exception], arguments: list[Any]) -> Exception:
    """An exception of that kind with those arguments, also where its constructor wants others."""
    try:
        return kind(*arguments)
    except Exception:
        made = kind.__new__(kind)
        made.args = tuple(arguments)
        return made
