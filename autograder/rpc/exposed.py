"""Both tables of handles of one side: its own objects by number, and its handles to the other side's objects.

`describe` and `read` are what encoder and decoder call for values that are not data. `get` and `perform` do what the
other side asks of an object of this side; the examiner's objects allow only what the instructor wrote for it.
"""

import copy
import enum
import importlib
import operator
import sys
import types
from collections.abc import Iterator
from typing import Any

from autograder.common.language import english
from autograder.rpc.builtin_names import EXCEPTIONS, TYPES, exception_base, type_name
from autograder.rpc.decoder import Decoder
from autograder.rpc.frames import RpcError
from autograder.rpc.introspection import FACTS
from autograder.rpc.proxies import (
    COMPARISONS,
    CONVERSIONS,
    OPERATORS,
    Caller,
    content_of,
    handle_class,
    is_handle,
    name_of,
    number_of,
    operators_of,
    owner,
)

FUNCTIONS = (
    "function builtin_function_or_method method method_descriptor ufunc partial wrapper_descriptor _lru_cache_wrapper "
    "_ArrayFunctionDispatcher method-wrapper"
).split()
CALLED = {  # so that `inspect.isfunction` and `asyncio.run` take the student's
    "function": types.FunctionType,
    "generator": types.GeneratorType,
    "coroutine": types.CoroutineType,
}
LIBRARIES = frozenset("numpy pandas scipy sklearn json decimal statistics csv configparser re struct zlib".split())
MAX_MRO = 20
MAX_HANDLES = 200_000


class Exposed:
    """The tables of one side: its objects that the other side has handles to, and its handles to the other side's."""

    def __init__(self, peer: Caller, namespace: dict[str, Any], trusted: bool) -> None:
        """`trusted`: this is the examiner's side, which exposes functions, iterators and the instructor's objects."""
        self._peer = peer
        self._namespace = namespace
        self._trusted = trusted
        self.modules = ""  # the folder of the course's own modules, on the examiner's side
        self._objects: list[Any] = []
        self._numbers: dict[int, int] = {}
        self.stand_ins: dict[str, type] = {}  # by name, for classes that the test derives from the student's
        self._handles: dict[int, Any] = {}  # the other side's number -> handle, or exception class made for it
        self._origins: dict[int, Any] = {}  # the other side's number -> `_origin` of a function, class or module

    def get(self, number: Any, operation: str, arguments: list[Any]) -> Any:
        """The object of that number, if that operation may be done with it."""
        if type(number) is not int or not 0 <= number < len(self._objects):
            raise RpcError("malformed handle: no such object")
        value = self._objects[number]
        if operation.endswith("attr") and not (arguments and isinstance(arguments[0], str)):
            raise RpcError(english("an attribute without a name"))
        if self._trusted:
            own = self._instructors(value)
            changes = operation in ("setattr", "delattr") and own and not arguments[0].startswith("_")
            if changes and self._peer.permits(f"given {operation}:{arguments[0]}"):  # the reference did so, too
                return value
            if operation == "getattr" and not own:
                if arguments[0] in ("__name__", "__qualname__", "__doc__") and type(value).__name__ in FUNCTIONS:
                    return value
                raise AttributeError(arguments[0])  # as of a name that it doesn't have: `functools.wraps` goes on
            if operation in ("setattr", "delattr", *FACTS) or not (
                own or operation in ("__call__", "__iter__", "__next__")
            ):
                raise RpcError(
                    english(
                        "%(operation)s of the test's %(type)s is not allowed",
                        operation=operation,
                        type=type(value).__name__,
                    )
                )
            if operation == "getattr" and arguments[0].startswith("_"):
                raise AttributeError(arguments[0])
        return value

    def _instructors(self, value: Any) -> bool:
        """Whether `value` is an instance of, or is, a class that the notebook itself or the course's module defines."""
        kind = value if isinstance(value, type) else type(value)
        if kind.__module__ == "__main__":
            return kind.__name__ != "Handle"
        file = getattr(sys.modules.get(kind.__module__), "__file__", None) or ""
        return is_mock(value) or bool(self.modules and file.startswith(self.modules))

    def describe(self, value: Any) -> dict[str, Any]:
        """The node of something that is not data. Raises RpcError where it must not be given away."""
        if is_handle(value):
            number = number_of(value, self._peer)
            if number is not None:
                return {"t": "yours", "h": number}
        elif isinstance(value, type) and issubclass(value, Exception):
            for number, known in self._handles.items():
                if known is value:
                    return {"t": "yours", "h": number}
        path = self._path(value)
        if path is not None and self._trusted:
            return {**self._node(value), "t": "import", "m": path[0], "q": path[1]}
        if self._trusted and not self._may_give(value):
            raise RpcError(
                english("an object of type %(type)s can't be given to the submitted code", type=type(value).__name__)
            )
        return self._node(value)

    def _may_give(self, value: Any) -> bool:
        plain = type(value).__name__ in FUNCTIONS or isinstance(value, Iterator)
        return plain or self._instructors(value)

    def _node(self, value: Any) -> dict[str, Any]:
        number = self._numbers.get(id(value))
        if number is None:
            number = self._numbers[id(value)] = len(self._objects)
            self._objects.append(value)
        kind = type(value)
        node: dict[str, Any] = {"t": "handle", "h": number, "o": operators_of(value), "n": kind.__qualname__}
        node["m"] = [[k.__module__, k.__qualname__] for k in kind.__mro__[:MAX_MRO] if k is not object]
        if isinstance(value, type) and issubclass(value, Exception):
            node |= {"e": exception_base(value), "n": value.__name__, "b": self._line(value)}
        if isinstance(value, enum.Enum):
            node["k"] = [kind.__qualname__, value.name]
        origin = None if self._trusted else _origin(value)
        if origin is not None:
            node["p"] = origin
        return node

    def same_origin(self, theirs: Any, own: Any) -> bool:
        """Whether a value of the other side is, as it says itself, the function, class or module that `own` is here."""
        if not is_handle(theirs):
            return theirs is own
        origin = _origin(own)
        said = self._origins.get(owner(theirs)[1])
        return said == origin if origin is not None else name_of(theirs) == type(own).__qualname__

    def is_same(self, theirs: Any, own: Any) -> bool:
        """The same of a function or class of a module: a handle to `math.sin` there is `math.sin` here."""
        origin = _origin(own)
        named = origin is not None and ":" in origin and not origin.startswith("__main__:")
        return named and is_handle(theirs) and self._origins.get(owner(theirs)[1]) == origin

    def _line(self, kind: type) -> list[list[Any]]:
        """An exception's class and the classes it is made from, down to a built-in one: number, module, name."""
        line: list[list[Any]] = []
        while issubclass(kind, Exception) and EXCEPTIONS.get(kind.__name__) is not kind and len(line) < MAX_MRO:
            number = self._numbers.get(id(kind))
            if number is None:
                number = self._numbers[id(kind)] = len(self._objects)
                self._objects.append(kind)
            line.append([number, kind.__module__, kind.__qualname__])
            kind = kind.__base__ or object
        return line

    def _path(self, value: Any) -> tuple[str, str] | None:
        """Where a function or class can be imported from, if it can."""
        module, name = getattr(value, "__module__", None), getattr(value, "__qualname__", None)
        if isinstance(getattr(value, "__self__", None), type(sys)) and module is None:
            module = value.__self__.__name__
        if type(value).__name__ == "ufunc":
            module, name = "numpy", value.__name__
        if not (isinstance(module, str) and isinstance(name, str)) or module == "__main__" or "<" in name:
            return None
        return (module, name) if _find(module, name) is value else None

    def read(self, decoder: Decoder, node: dict[str, Any]) -> Any:
        """The value of a node that is not data: an object of this side, or a handle to one of the other."""
        kind, number = node["t"], node.get("h")
        if kind == "yours":
            if type(number) is not int or not 0 <= number < len(self._objects):
                raise RpcError("malformed handle: no such object")
            return self._objects[number]
        if kind == "import" and not self._trusted:
            found = _imported(node.get("m"), node.get("q"))
            return self._handle(node) if found is None else found
        if kind == "handle":
            return self._handle(node)
        raise RpcError(f"malformed node: unknown kind {kind!r}"[:200])

    def _handle(self, node: dict[str, Any]) -> Any:
        number, name, operators, mro = node.get("h"), node.get("n"), node.get("o"), node.get("m")
        if type(number) is not int or not isinstance(name, str) or not isinstance(operators, list):
            raise RpcError("malformed handle")
        if isinstance(node.get("p"), str):
            self._origins[number] = node["p"]
        if number not in self._handles:
            if len(name) > 200 or not all(isinstance(o, str) and o in OPERATORS for o in operators):
                raise RpcError("malformed handle")
            if len(self._handles) >= MAX_HANDLES:
                raise RpcError(english("more than %(count)s objects that are no plain data", count=f"{MAX_HANDLES:,}"))
            base, member = node.get("e"), self._member(node.get("k"))
            if isinstance(base, str) and base in EXCEPTIONS:
                self._handles[number] = self._exception(number, name, EXCEPTIONS[base], node.get("b"))
            elif member is not None:
                self._handles[number] = member
            else:
                kind = handle_class(frozenset(operators))
                found = type if "__instancecheck__" in operators else self._masquerade(mro)
                self._handles[number] = kind(self._peer, number, name, found)
        return self._handles[number]

    def _exception(self, number: int, name: str, base: type, line: Any) -> Any:
        """The class here of an exception's class there: the instructor's or a library's own, else one made like it."""
        for part in reversed(line[:MAX_MRO] if isinstance(line, list) else []):
            match part:
                case [int() as other, str() as module, str() as own] if len(own) <= 200:
                    kind = self.own_class(own) if module == "__main__" else _library(module, own)
                    if not (kind is not None and issubclass(kind, base)):
                        kind = self._handles.get(other)
                    if not (isinstance(kind, type) and issubclass(kind, base)):
                        kind = type(own.rpartition(".")[2], (base,), {"__module__": "__main__"})
                    base = self._handles[other] = kind
        return self._handles.get(number) or type(name, (base,), {"__module__": "__main__"})

    def _member(self, path: Any) -> Any:
        """The member of the instructor's enumeration of that class name and member name; None where there is none."""
        match path:
            case [str() as name, str() as member]:
                kind = self.own_class(name)
                if kind is not None and issubclass(kind, enum.Enum):
                    return kind.__members__.get(member)
        return None

    def own_class(self, name: str) -> type | None:
        """The class of that name that the notebook on this side defines."""
        found = self._namespace.get(name)
        return found if isinstance(found, type) and found.__module__ == "__main__" and not is_handle(found) else None

    def _masquerade(self, mro: Any) -> type | None:
        """The first class of `mro` that is loaded here and is no class of data: isinstance answers by it."""
        match mro:
            case [["builtins", str() as name]] if self._trusted and name in CALLED:
                return CALLED[name]
        for path in mro[:MAX_MRO] if isinstance(mro, list) else []:
            if not (isinstance(path, list) and len(path) == 2 and all(isinstance(part, str) for part in path)):
                return None
            module, name = path
            if module == "__main__":
                found = self.stand_ins.get(name) or self.own_class(name)
                if found is not None:
                    return found
            elif module.split(".")[0] not in ("builtins", "numpy", "types", "autograder", "pandas", "decimal"):
                found = _find(module, name)
                if isinstance(found, type) and not self._is_data(found):
                    return found
        return None

    @staticmethod
    def _is_data(kind: type) -> bool:
        if type_name(kind) is not None or issubclass(kind, BaseException | type):
            return True
        return any(base in TYPES.values() for base in kind.__mro__[:-1] if base is not object)


def is_mock(value: Any) -> bool:
    """Whether that is one of `unittest.mock`'s: the test's own, made for the student's code to use."""
    mock = sys.modules.get("unittest.mock")
    return mock is not None and isinstance(value, mock.NonCallableMock)


def _origin(value: Any) -> str | None:
    """Where a function or class is defined, by module and name; one text for all modules; None for anything else."""
    if isinstance(value, types.ModuleType):
        return "module"
    if not (isinstance(value, type) or type(value).__name__ in FUNCTIONS):
        return None
    try:
        bound = getattr(value, "__self__", None)
        place = value.__module__ if isinstance(getattr(value, "__module__", None), str) else None
        if place is None:
            place = bound.__name__ if isinstance(bound, types.ModuleType) else type(bound).__module__
        return f"{place}:{getattr(value, '__qualname__', None) or value.__name__}"
    except Exception:
        return None


def _find(module: str, name: str) -> Any:
    """The object of that name in a module that is loaded, else None."""
    value: Any = sys.modules.get(module)
    for part in name.split("."):
        value = getattr(value, part, None) if value is not None else None
    return value


def _library(module: str, name: str) -> type | None:
    """The class of that name in a library that is loaded and whose exceptions tests may look for."""
    found = _find(module, name) if module.split(".")[0] in LIBRARIES else None
    return found if isinstance(found, type) else None


def _imported(module: Any, name: Any) -> Any:
    """The object of that name, after importing its module; None where that fails."""
    try:
        importlib.import_module(module)
        return _find(module, name)
    except Exception:
        return None


class Stop(Exception):
    """An iterator was exhausted: StopIteration of `next` alone, as one from a call is an error (a RuntimeError)."""


def perform(exposed: Exposed, operation: Any, number: Any, arguments: Any, named: Any) -> Any:
    """Do `operation` with the object of that number; returns its result, and raises what it raised."""
    if not (isinstance(arguments, list) and isinstance(named, dict) and all(isinstance(k, str) for k in named)):
        raise RpcError("malformed arguments")
    if operation == "getattr":
        return getattr(exposed.get(number, operation, arguments), arguments[0])
    if operation in ("setattr", "delattr"):
        (setattr if operation == "setattr" else delattr)(exposed.get(number, operation, arguments), *arguments)
        return None
    if operation in ("repr", "str"):
        return (repr if operation == "repr" else str)(exposed.get(number, operation, []))
    if operation in FACTS:
        return FACTS[operation](exposed.get(number, operation, []), *arguments, **named)
    if operation == "data":
        return content_of(exposed.get(number, operation, []))
    if operation in ("copy", "deepcopy"):
        return (copy.copy if operation == "copy" else copy.deepcopy)(exposed.get(number, operation, []))
    if operation not in OPERATORS:
        raise RpcError(f"malformed operation: {operation!r}"[:200])
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
    if operation == "__hash__":
        return hash(value)
    return _special(value, operation, arguments)


def _special(value: Any, name: str, arguments: list[Any]) -> Any:
    """A special method, by its operator where there is one: Python then tries the other operand's, too."""
    if name in COMPARISONS:
        return getattr(operator, name)(value, *arguments)
    result = getattr(type(value), name)(value, *arguments)
    if result is NotImplemented:
        raise TypeError(f"unsupported operand for {name}: {type(value).__name__}")
    return result


def type_of(value: Any) -> str:
    """A value's type, for a message."""
    kind = type(value)
    return kind.__name__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__name__}"
