"""Objects that stay where they are: a handle asks the other side for whatever is done with it.

A handle is made by the peer, and offers only the operators that its object has. Two rules keep answers from being
forged (they bind the examiner's handles to the student's objects; the other way they do no harm):

- a handle never equals data, and comparing them asks nobody: the data doesn't cross. (What is data itself, an object of
  a class derived from `list` or `int`, is compared here by its content.) Two handles are compared by the
  student's own `==`, as the test chose to: `grading.mutants` finds tests that are content with one that is always true;
- what tells nothing to the other side (`ALWAYS`: length, items, conversions) may be asked of any handle. All else,
  `result - expected` or `model.evaluate(x, y)`, is asked only in cells where the reference solution's own objects were
  asked the same. So an object that pretends to be an array or a model is not asked how well it does.
"""

import collections
import operator as operator_module
import types
from collections.abc import Callable, Generator, Iterator
from typing import Any, Protocol

from autograder.common.language import english
from autograder.rpc import introspection, numeric
from autograder.rpc.builtin_names import exception_base

ARITHMETIC = "add sub mul truediv floordiv mod pow matmul and or xor lshift rshift divmod".split()
BINARY = frozenset(
    [f"__{prefix}{name}__" for name in ARITHMETIC for prefix in ("", "r", "i")] + ["__contains__"],
) - {"__idivmod__"}
COMPARISONS = frozenset(("__lt__", "__le__", "__gt__", "__ge__"))
UNARY = frozenset("__len__ __neg__ __pos__ __abs__ __invert__ __reversed__ __iter__ __enter__ __aenter__".split())
OTHER = frozenset("__call__ __getitem__ __setitem__ __delitem__ __exit__ __round__".split())
CONVERSIONS: dict[str, type] = {
    "__bool__": bool,
    "__int__": int,
    "__float__": float,
    "__complex__": complex,
    "__index__": int,
}
SPECIAL = frozenset("__next__ __array__ __instancecheck__ __mro_entries__ __await__ __eq__ __hash__ data".split())
OPERATORS = BINARY | COMPARISONS | UNARY | OTHER | SPECIAL | frozenset(CONVERSIONS)
ALWAYS = frozenset(
    "repr str __len__ __iter__ __next__ __getitem__ __reversed__ __array__ __eq__ __instancecheck__".split()
)
ALWAYS |= COMPARISONS | frozenset(CONVERSIONS) | {"data"}
# Of an object whose class is derived from one of these, its content as one of these. The built-in class's own methods
# read it, not the object's.
DERIVED: dict[type, Callable[[Any], Any]] = {
    str: str.__str__,
    int: int.__int__,
    float: float.__float__,
    bytes: lambda value: bytes.__add__(value, b""),
    tuple: lambda value: tuple(tuple.__iter__(value)),
    list: lambda value: list(list.__iter__(value)),
    dict: lambda value: {key: dict.__getitem__(value, key) for key in dict.__iter__(value)},
    set: lambda value: set(set.__iter__(value)),
    frozenset: lambda value: frozenset(frozenset.__iter__(value)),
    collections.UserList: lambda value: list(value.data),
    collections.UserDict: lambda value: dict(value.data),
    collections.UserString: lambda value: str(value.data),
    collections.ChainMap: dict,
    types.MappingProxyType: dict,
}
READABLE = frozenset(
    "__name__ __qualname__ __doc__ __annotations__ __dict__ __defaults__ __wrapped__ "
    "__bases__ __mro__ __members__".split()
)


class Caller(Protocol):
    """What a handle needs of the peer that made it."""

    trusted: bool

    def permits(self, question: str) -> bool:
        """Whether a handle may be asked that in this cell."""

    def ask(self, operation: str, number: int, arguments: tuple[Any, ...] = (), named: Any = None) -> Any:
        """Have the other side do `operation` with its object `number`; returns its result, or raises what it raised."""


def content_of(value: Any) -> Any:
    """What an object holds whose class is derived from a class of data, as that class."""
    if _is_array(value):
        return value.view(numeric.loaded("numpy").ndarray)
    return next(content for kind, content in DERIVED.items() if isinstance(value, kind))(value)


def _is_array(value: Any) -> bool:
    numpy = numeric.loaded("numpy")
    return numpy is not None and isinstance(value, numpy.ndarray) and not isinstance(value, numpy.ma.MaskedArray)


def operators_of(value: Any) -> list[str]:
    """The operators that a handle to `value` should offer."""
    kind = type(value)
    found = [name for name in OPERATORS if getattr(kind, name, None) is not None and name not in SPECIAL]
    found += [name for name in ("__next__", "__array__", "__await__") if hasattr(kind, name)]
    if hasattr(kind, "__array_interface__") and "__array__" not in found:
        found.append("__array__")
    if isinstance(value, type):
        found += ["__instancecheck__", "__mro_entries__"]
    if not isinstance(value, type) and (isinstance(value, tuple(DERIVED)) or _is_array(value)):
        found.append("data")
    if getattr(kind, "__eq__", None) is not object.__eq__:
        found.append("__eq__")
        if kind.__hash__ is not None:
            found.append("__hash__")
    return sorted(found)


class Handle:
    """An object of the other side. `owner(handle)` gives its peer and number."""

    __slots__ = ("__weakref__", "_handle_class", "_handle_name", "_handle_number", "_handle_peer")
    __array_ufunc__ = None  # so that `array + handle` asks the handle, and not each element

    def __init__(self, peer: Caller, number: int, name: str, masquerade: type | None) -> None:
        """Called by the peer. `number`: of the object there; `name`: of its type; `masquerade`: see `__class__`."""
        for slot, value in (("peer", peer), ("number", number), ("name", name), ("class", masquerade)):
            object.__setattr__(self, f"_handle_{slot}", value)

    @property  # type: ignore[misc]
    def __class__(self) -> type:
        """The class that the object says it has, where the instructor has imported or defined that class."""
        return object.__getattribute__(self, "_handle_class") or type(self)

    def __copy__(self) -> Any:
        return ask(self, "copy")

    def __deepcopy__(self, memo: Any) -> Any:
        return ask(self, "deepcopy")

    def __getattr__(self, name: str) -> Any:
        if name in ("__signature__", "__code__") and owner(self)[0].trusted:
            read = introspection.signature_of if name == "__signature__" else introspection.code_of
            return read(ask(self, name.strip("_")))
        if name.startswith("__sklearn_"):  # what scikit-learn asks of its own classes, whose answers hang on the object
            kind = masquerade(self)
            if kind is None or not kind.__module__.startswith("sklearn."):
                raise AttributeError(name)
            if kind.__qualname__ != name_of(self):  # of a class of the student's own
                return (lambda: ask(self, "clone")) if name == "__sklearn_clone__" else ask(self, "getattr", name)
            return types.MethodType(getattr(kind, name), self)
        hidden = name.startswith("__") and name not in READABLE
        if hidden or name.startswith(("_repr_", "_ipython_", "_handle_")):
            raise AttributeError(name)
        return ask(self, "getattr", name)

    def __dir__(self) -> list[str]:
        return list(map(str, ask(self, "dir"))) if owner(self)[0].trusted else []

    def __setattr__(self, name: str, value: Any) -> None:
        if not _is_sklearns(self, name):
            ask(self, "setattr", name, value)

    def __delattr__(self, name: str) -> None:
        if not _is_sklearns(self, name):
            ask(self, "delattr", name)

    def __repr__(self) -> str:
        text = ask(self, "repr")
        return text if isinstance(text, str) else f"<{name_of(self)}>"

    def __str__(self) -> str:
        text = ask(self, "str")
        return text if isinstance(text, str) else f"<{name_of(self)}>"

    def __format__(self, spec: str) -> str:
        return format(str(self), spec)

    def __hash__(self) -> int:
        peer, number = owner(self)
        own = peer.trusted and "__hash__" in type(self).operators and peer.permits("__hash__")  # type: ignore[attr-defined]
        if own:
            return hash(ask(self, "__hash__"))
        return hash(data_of(self)) if peer.trusted and "data" in type(self).operators else hash(number)  # type: ignore[attr-defined]

    def __eq__(self, other: object) -> bool:
        if not is_handle(other):
            if "data" in type(self).operators:  # type: ignore[attr-defined]
                return bool(data_of(self) == other)
            if not owner(self)[0].trusted:
                return NotImplemented
            return owner(self)[0].exposed.is_same(self, other)  # type: ignore[attr-defined,no-any-return]
        if owner(self) == owner(other):
            return True
        return "__eq__" in type(self).operators and _truth(ask(self, "__eq__", other))  # type: ignore[attr-defined]

    def __ne__(self, other: object) -> bool:
        equal = self.__eq__(other)
        return equal if equal is NotImplemented else not equal


def _is_sklearns(handle: Any, name: str) -> bool:
    """Whether it is a private note of scikit-learn's on an estimator, which concerns nobody there."""
    kind = masquerade(handle)
    return name.startswith("_") and kind is not None and kind.__module__.startswith("sklearn.")


def is_handle(value: Any) -> bool:
    """Whether `value` is a handle, whatever class it claims."""
    return issubclass(type(value), Handle)


def data_of(handle: Any) -> Any:
    """What an object holds whose class is derived from a class of data, as that class: a `Stack(list)` as a list."""
    found = ask(handle, "data")
    kind = type(found)
    if kind not in (str, int, float, bytes, tuple, list, dict, set, frozenset) and kind.__name__ != "ndarray":
        raise TypeError(
            english(
                "expected the content of %(type)s, received %(other)s", type=name_of(handle), other=type(found).__name__
            )
        )
    return found


def owner(handle: Any) -> tuple[Caller, int]:
    """The peer that made a handle, and its number there."""
    return object.__getattribute__(handle, "_handle_peer"), object.__getattribute__(handle, "_handle_number")


def number_of(handle: Any, peer: Caller) -> int | None:
    """The number of a handle of that peer, else None."""
    made_by, number = owner(handle)
    return number if made_by is peer else None


def masquerade(handle: Any) -> type | None:
    """The class here that a handle says it is of; see `Handle.__class__`."""
    return object.__getattribute__(handle, "_handle_class")  # type: ignore[no-any-return]


def name_of(handle: Any) -> str:
    """The qualified name of the object's type, as the other side gave it."""
    return str(object.__getattribute__(handle, "_handle_name"))


def ask(handle: Any, operation: str, *arguments: Any, **named: Any) -> Any:
    """Have the other side do `operation` with a handle's object; AttributeError or TypeError where it may not be."""
    peer, number = owner(handle)
    if operation not in ALWAYS:
        attribute = operation.endswith("attr")
        question = f"{operation}:{arguments[0]}" if attribute else operation
        if not peer.permits(question):
            if peer.trusted and "data" in type(handle).operators:
                return _ask_content(data_of(handle), operation, arguments, named)
            asked = question.removeprefix("getattr:")
            asked = english("attribute %(name)s", name=asked) if attribute else asked
            text = english(
                "received an object of type %(type)s, which can't be asked for %(what)s here",
                type=name_of(handle),
                what=asked,
            )
            raise AttributeError(text) if attribute else TypeError(text)
    return peer.ask(operation, number, arguments, named)


def _ask_content(content: Any, operation: str, arguments: tuple[Any, ...], named: dict[str, Any]) -> Any:
    """What the reference's object was not asked, as it may be no object of a derived class, is asked of its content."""
    if operation == "getattr":
        return getattr(content, *arguments)
    method = getattr(type(content), operation, None)
    if method is not None and (found := method(content, *arguments, **named)) is not NotImplemented:
        return found
    reflected = getattr(operator_module, operation.replace("__r", "__", 1), None)
    if reflected is None or operation not in BINARY:
        raise TypeError(f"unsupported operand for {operation}: {type(content).__name__}")
    return reflected(*arguments, content)


def _on_content(name: str) -> Callable[..., Any]:
    def operator(self: Any, *arguments: Any) -> Any:
        return _ask_content(data_of(self), name, arguments, {})

    return operator


def _array_ufunc(self: Any, function: Any, method: str, *inputs: Any, **named: Any) -> Any:
    """NumPy's functions work on the content of arrays of a derived class."""
    return getattr(function, method)(*(data_of(one) if is_handle(one) else one for one in inputs), **named)


def _truth(value: Any) -> bool:
    """What `bool` makes of an answer that is a truth value, NumPy's among them; of anything else, False."""
    return type(value).__name__ in ("bool", "bool_") and bool(value)


def _contains(self: Any, other: Any) -> bool:
    if owner(self)[0].permits("__contains__"):
        return ask(self, "__contains__", other) is True
    return any(item is other or item == other for item in self)


def _comparison(name: str) -> Callable[..., Any]:
    def operator(self: Any, other: Any) -> Any:
        if is_handle(other):
            return ask(self, name, other)
        if "data" in type(self).operators:
            return getattr(operator_module, name)(data_of(self), other)
        return NotImplemented

    return operator


def _plain(name: str) -> Callable[..., Any]:
    def operator(self: Any, *arguments: Any, **named: Any) -> Any:
        return ask(self, name, *arguments, **named)

    return operator


def _conversion(name: str, kind: type) -> Callable[..., Any]:
    def operator(self: Any) -> Any:
        value = ask(self, name)
        if type(value) is not kind:
            raise TypeError(
                english(
                    "%(method)s of %(type)s gave %(found)s, expected %(kind)s",
                    method=name,
                    type=name_of(self),
                    found=type(value).__name__,
                    kind=kind.__name__,
                )
            )
        return value

    return operator


def _len(self: Any) -> int:
    value = ask(self, "__len__")
    if type(value) is not int or value < 0:
        raise TypeError(
            english("len of %(type)s gave %(found)s, expected a number", type=name_of(self), found=type(value).__name__)
        )
    return value


def _iter(self: Any) -> Iterator[Any]:
    value = ask(self, "__iter__")
    if not hasattr(type(value), "__next__"):
        raise TypeError(
            english(
                "iter() of %(type)s returned %(found)s, no iterator", type=name_of(self), found=type(value).__name__
            )
        )
    return value  # type: ignore[no-any-return]


def _array(self: Any, dtype: Any = None, copy: Any = None) -> Any:
    import numpy as np

    value = ask(self, "__array__")
    if type(value) is not np.ndarray:
        raise TypeError(english("__array__ of %(type)s gave no array", type=name_of(self)))
    return value if dtype is None else value.astype(dtype)


def _exit(self: Any, kind: Any = None, error: Any = None, trace: Any = None) -> bool:
    """The end of a `with`. What was raised in it, a failed test too, is swallowed only as by the reference's object."""
    swallows = ask(self, "__exit__", kind, error, None)
    if kind is None or is_handle(swallows) or not swallows:
        return False
    return owner(self)[0].permits(f"__exit__:{exception_base(kind)}")


def _instancecheck(self: Any, instance: Any) -> bool:
    return is_handle(instance) and ask(self, "__instancecheck__", instance) is True


def _await(self: Any) -> Generator[None, None, Any]:
    """Run it to its end there: no other task of this side runs meanwhile."""
    yield from ()
    return ask(self, "await")


def _send(self: Any, value: Any) -> Any:
    raise StopIteration(ask(self, "await"))


METHODS: dict[str, Callable[..., Any]] = {  # of operators; `rpc.subclassing` adds one where classes may be derived
    **{name: _comparison(name) for name in COMPARISONS},
    **{name: _plain(name) for name in (BINARY | UNARY | OTHER | {"__next__"})},
    **{name: _conversion(name, kind) for name, kind in CONVERSIONS.items()},
    "__contains__": _contains,
    "__exit__": _exit,
    "__len__": _len,
    "__iter__": _iter,
    "__array__": _array,
    "__instancecheck__": _instancecheck,
    "__await__": _await,
}
_classes: dict[frozenset[str], type[Handle]] = {}


def handle_class(operators: frozenset[str]) -> type[Handle]:
    """The class of handles that offer those operators."""
    if operators not in _classes:
        methods: dict[str, Any] = {name: METHODS[name] for name in operators & METHODS.keys()}
        if "data" in operators:
            missing = {name: _on_content(name) for name in BINARY - operators if not name.startswith("__i")}
            methods |= {"__array_ufunc__": _array_ufunc} if "__array__" in operators else missing
        if "__await__" in operators:
            methods |= {"send": _send, "close": lambda self: None}  # `asyncio.run` drives what it is given by these
        methods |= {"__doc__": property(lambda self: ask(self, "getattr", "__doc__")), "__slots__": ()}
        _classes[operators] = type("Handle", (Handle,), {**methods, "operators": operators})
    return _classes[operators]
