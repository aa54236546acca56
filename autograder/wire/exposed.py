"""Objects of this side that the other side holds a handle to, and the handles to objects of the other side."""

import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from autograder.wire.frames import WireError
from autograder.wire.handles import OPERATORS, handle_class, is_handle, number_of, operators_of
from autograder.wire.plain import EXCEPTIONS, TYPES, exception_base, type_name

if TYPE_CHECKING:
    from autograder.wire.decoder import Decoder
    from autograder.wire.peer import Peer

FUNCTIONS = (
    "function builtin_function_or_method method method_descriptor ufunc partial wrapper_descriptor _lru_cache_wrapper "
    "_ArrayFunctionDispatcher method-wrapper"
).split()
MAX_MRO = 20
MAX_HANDLES = 200_000


class Exposed:
    """The two tables of one side."""

    def __init__(self, peer: "Peer", namespace: dict[str, Any], trusted: bool) -> None:
        """`trusted`: give away only what the instructor wrote for it."""
        self._peer = peer
        self._namespace = namespace
        self._trusted = trusted
        self._objects: list[Any] = []
        self._numbers: dict[int, int] = {}
        self._handles: dict[int, Any] = {}  # the other side's number -> handle, or exception class made for it

    def get(self, number: Any, operation: str, arguments: list[Any]) -> Any:
        """The object of that number, if that operation may be done with it."""
        if type(number) is not int or not 0 <= number < len(self._objects):
            raise WireError("a handle to nothing")
        value = self._objects[number]
        if operation.endswith("attr") and not (arguments and isinstance(arguments[0], str)):
            raise WireError("an attribute without a name")
        if self._trusted:
            own = self._instructors(value)
            if operation in ("setattr", "delattr") or not (own or operation in ("__call__", "__iter__", "__next__")):
                raise WireError(f"{operation} of the test's {type(value).__name__} is not allowed")
            if operation == "getattr" and arguments[0].startswith("_"):
                raise AttributeError(arguments[0])
        return value

    def _instructors(self, value: Any) -> bool:
        """Whether `value` is an instance of, or is, a class that the notebook itself defines."""
        kind = value if isinstance(value, type) else type(value)
        return kind.__module__ == "__main__" and kind.__name__ != "Handle"

    def describe(self, value: Any) -> dict[str, Any]:
        """The node of something that is not data. Raises WireError where it must not be given away."""
        if is_handle(value):
            number = number_of(value, self._peer)
            if number is not None:
                return {"t": "yours", "h": number}
        if isinstance(value, type) and issubclass(value, Exception):
            for number, known in self._handles.items():
                if known is value:
                    return {"t": "yours", "h": number}
        path = self._path(value)
        if path is not None and self._trusted:
            return {"t": "import", "m": path[0], "q": path[1], **self._node(value)}
        if self._trusted and not self._may_give(value):
            raise WireError(f"an object of type {type(value).__name__} can't be given to the submitted code")
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
            node |= {"e": exception_base(value), "n": value.__name__}
        return node

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

    def read(self, decoder: "Decoder", node: dict[str, Any]) -> Any:
        """The value of a node that is not data: an object of this side, or a handle to one of the other."""
        kind, number = node["t"], node.get("h")
        if kind == "yours":
            if type(number) is not int or not 0 <= number < len(self._objects):
                raise WireError("a handle to nothing")
            return self._objects[number]
        if kind == "import" and not self._trusted:
            found = _imported(node.get("m"), node.get("q"))
            return self._handle(node) if found is None else found
        if kind == "handle":
            return self._handle(node)
        raise WireError(f"a node of no known kind: {kind!r}"[:200])

    def _handle(self, node: dict[str, Any]) -> Any:
        number, name, operators, mro = node.get("h"), node.get("n"), node.get("o"), node.get("m")
        if type(number) is not int or not isinstance(name, str) or not isinstance(operators, list):
            raise WireError("a handle that is none")
        if number not in self._handles:
            if len(name) > 200 or not all(isinstance(o, str) and o in OPERATORS for o in operators):
                raise WireError("a handle that is none")
            if len(self._handles) >= MAX_HANDLES:
                raise WireError(f"more than {MAX_HANDLES:,} objects that are no plain data")
            base = node.get("e")
            if isinstance(base, str) and base in EXCEPTIONS:
                self._handles[number] = type(name, (EXCEPTIONS[base],), {"__module__": "__main__"})
            else:
                kind = handle_class(frozenset(operators))
                self._handles[number] = kind(self._peer, number, name, self._masquerade(mro))
        return self._handles[number]

    def _masquerade(self, mro: Any) -> type | None:
        """The first class of `mro` that is loaded here and is no class of data: isinstance answers by it."""
        for path in mro[:MAX_MRO] if isinstance(mro, list) else []:
            if not (isinstance(path, list) and len(path) == 2 and all(isinstance(part, str) for part in path)):
                return None
            module, name = path
            if module == "__main__":
                found = self._namespace.get(name)
                if isinstance(found, type) and found.__module__ == "__main__" and not is_handle(found):
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


def _find(module: str, name: str) -> Any:
    """The object of that name in a module that is loaded, else None."""
    value: Any = sys.modules.get(module)
    for part in name.split("."):
        value = getattr(value, part, None) if value is not None else None
    return value


def _imported(module: Any, name: Any) -> Any:
    """The object of that name, after importing its module; None where that fails."""
    import importlib

    try:
        importlib.import_module(module)
        return _find(module, name)
    except Exception:
        return None
