"""What a test may find out about a student's function, class or object, as the side that has it says.

Facts cross as data: a signature, facts of a code object, names, or what a function of the standard library says of it
(`inspect.getsource`, `dataclasses.asdict`), called there. `rpc.reflection` has the other half, which asks.
"""

import asyncio
import importlib
import inspect
import types
from collections.abc import Callable
from typing import Any

from autograder.rpc.frames import RpcError

CODE = (
    *("co_argcount", "co_posonlyargcount", "co_kwonlyargcount", "co_nlocals", "co_stacksize", "co_flags"),
    *("co_name", "co_names", "co_varnames", "co_freevars", "co_cellvars", "co_firstlineno"),
)
# Functions of the standard library that look into what they are given: called with a handle, they are called there.
LIBRARY = (
    *("inspect.getsource", "inspect.getsourcelines", "inspect.getdoc", "inspect.getfullargspec", "inspect.getmro"),
    *("inspect.getmembers", "inspect.isabstract", "inspect.ismethod", "inspect.isgenerator", "inspect.iscoroutine"),
    *("inspect.isgeneratorfunction", "inspect.iscoroutinefunction", "inspect.isasyncgenfunction"),
    *("inspect.getattr_static", "asyncio.iscoroutinefunction", "typing.get_type_hints"),
    *("dataclasses.is_dataclass", "dataclasses.fields", "dataclasses.asdict", "dataclasses.astuple"),
    "dataclasses.replace",
)
_PLAIN = (int, float, complex, bool, str, bytes, type(None))
_EMPTY = inspect.Parameter.empty


def _signature(value: Any) -> list[Any]:
    found = inspect.signature(value)
    parameters = [
        [one.name, int(one.kind), [] if one.default is _EMPTY else [one.default], _annotation(one.annotation)]
        for one in found.parameters.values()
    ]
    return [parameters, _annotation(found.return_annotation)]


def _annotation(value: Any) -> list[Any]:
    return [] if value is _EMPTY else [value]


def _code(value: Any) -> dict[str, Any]:
    code = value.__code__
    constants = [constant for constant in code.co_consts if isinstance(constant, _PLAIN)]
    return {**{name: getattr(code, name) for name in CODE}, "co_consts": tuple(constants)}


def _lineage(value: type) -> list[list[str]]:
    return [[kind.__module__, kind.__qualname__] for kind in value.__mro__]


def _inherited(value: type, name: str, instance: Any) -> Any:
    """What `super()` finds in a class and those that it is derived from, bound to an object of a class below."""
    found = inspect.getattr_static(value, name)
    return found.__get__(instance, type(instance)) if hasattr(type(found), "__get__") else found


def _derived(value: type, name: str, bases: list[Any], members: list[list[Any]]) -> type:
    """A class derived from these, whose functions are those of the other side."""
    body = {"__module__": "__main__", "__qualname__": name}
    body |= {member: _member(kind, content) for member, kind, content in members}
    return types.new_class(name, tuple(bases), {}, lambda namespace: namespace.update(body))


def _member(kind: str, content: Any) -> Any:
    if kind == "property":
        get, put, delete = (None if one is None else _function(one) for one in content)
        return property(get, put, delete)
    made = {"function": _function, "staticmethod": _static, "classmethod": _class_method}.get(kind)
    return content if made is None else made(content)


def _function(call: Callable[..., Any]) -> Callable[..., Any]:
    return lambda *arguments, **named: call(*arguments, **named)


def _static(call: Callable[..., Any]) -> Any:
    return staticmethod(_function(call))


def _class_method(call: Callable[..., Any]) -> Any:
    return classmethod(_function(call))


def _awaited(value: Any) -> Any:
    """The result of a coroutine, run in a loop of its own: the notebook's stands still while a call is answered."""
    running = asyncio._get_running_loop()
    asyncio._set_running_loop(None)
    loop = asyncio.new_event_loop()
    try:
        return loop.run_until_complete(value)
    finally:
        loop.close()
        asyncio._set_running_loop(running)


def _cloned(value: Any) -> Any:
    """An estimator of scikit-learn's kind with the same parameters, not fitted."""
    return importlib.import_module("sklearn.base").clone(value)


def function(path: str) -> Callable[..., Any]:
    """The function of that dotted name in the standard library."""
    module, name = path.split(".")
    return getattr(importlib.import_module(module), name)  # type: ignore[no-any-return]


# By operation, what the side that has the object says of it.
FACTS: dict[str, Callable[..., Any]] = {
    **{path: function(path) for path in LIBRARY},
    "signature": _signature,
    "code": _code,
    "class": type,
    "dir": dir,
    "lineage": _lineage,
    "issubclass": issubclass,
    "inherited": _inherited,
    "derived": _derived,
    "await": _awaited,
    "clone": _cloned,
}


def signature_of(facts: Any) -> inspect.Signature:
    """The signature of such facts. Raises RpcError where they are none."""
    try:
        parameters, returns = facts
        made = [
            inspect.Parameter(
                name, inspect._ParameterKind(kind), default=_first(default), annotation=_first(annotation)
            )
            for name, kind, default, annotation in parameters
        ]
        return inspect.Signature(made, return_annotation=_first(returns))
    except (TypeError, ValueError) as error:
        raise RpcError(f"malformed signature: {error}") from None


def _first(values: list[Any]) -> Any:
    return values[0] if values else _EMPTY


def code_of(facts: Any) -> types.SimpleNamespace:
    """An object with the facts of a code object. Raises RpcError where they are none."""
    if not isinstance(facts, dict) or not facts.keys() <= {*CODE, "co_consts"}:
        raise RpcError("malformed code")
    return types.SimpleNamespace(**facts)
