"""A class of the test that is derived from a student's class: `class Square(Shape)`, where `Shape` is a handle.

It is made where the student's class is, its functions are the test's and are called back; the test gets a handle to it.
Here a class stands in for it, so that `super()` in those functions finds what the student's class has.
"""

import types
from typing import Any

from autograder.common.language import english
from autograder.rpc.frames import RpcError
from autograder.rpc.proxies import METHODS, ask, is_handle, owner

# Python itself looks for these where a class is made or an object's attributes are looked up
_PYTHONS = frozenset(
    "__class__ __getattribute__ __getattr__ __setattr__ __delattr__ __new__ __init_subclass__ __subclasshook__ "
    "__dict__ __weakref__ __module__ __doc__ __slots__ __del__ __set_name__ __class_getitem__ __dir__".split()
)
_OF_THE_BODY = frozenset("__module__ __qualname__ __classcell__ __orig_bases__ __static_attributes__".split())


class _Inherited:
    """What `super()` finds by a name: the attribute of the student's class, bound to the object."""

    def __init__(self, base: Any, name: str) -> None:
        self._base, self._name = base, name

    def __get__(self, instance: Any, kind: Any = None) -> Any:
        return ask(self._base, "inherited", self._name, instance)


class StandIn(type):
    """The class of stand-ins. What is derived from one is made on the other side."""

    handle: Any

    def __new__(meta, name: str, bases: tuple[Any, ...], body: dict[str, Any], **keywords: Any) -> Any:
        """The handle of the new class."""
        if keywords:
            raise TypeError(english("a class derived from a submitted one can't have keywords here"))
        here = tuple(base for base in bases if isinstance(base, StandIn))
        there = [base.handle if isinstance(base, StandIn) else base for base in bases]
        cell = {name: body[name] for name in ("__classcell__",) if name in body}
        local = type.__new__(meta, name, here, {"__module__": "__main__", **cell})
        members = [_described(member, value) for member, value in body.items() if member not in _OF_THE_BODY]
        local.handle = ask(here[0].handle, "derived", name, there, members)
        if not (is_handle(local.handle) and hasattr(type(local.handle), "__instancecheck__")):
            raise RpcError(english("expected the class %(name)s", name=name))
        owner(local.handle)[0].exposed.stand_ins[name] = local  # type: ignore[attr-defined]
        return local.handle


def stand_in(handle: Any) -> type:
    """The class here that stands for a student's class, to be derived from."""
    names = [name for name in dir(handle) if name not in _PYTHONS]
    made = type.__new__(StandIn, "Base", (), {name: _Inherited(handle, name) for name in names})
    made.handle = handle
    return made


def _described(name: str, value: Any) -> list[Any]:
    if isinstance(value, types.FunctionType):
        return [name, "function", value]
    if isinstance(value, property):
        return [name, "property", [value.fget, value.fset, value.fdel]]
    if isinstance(value, staticmethod | classmethod):
        return [name, type(value).__name__, value.__func__]
    return [name, "value", value]


METHODS["__mro_entries__"] = lambda self, bases: (stand_in(self),)  # what Python derives a class from, for a handle
