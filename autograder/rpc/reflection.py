"""What a test asks of a student's classes and objects where Python itself would look at the handle: it asks their side.

`type(x)`, `issubclass(A, B)` and `A.__init__` look at what is there, which is a handle. So `Reflective` has a test's
own text ask by the functions here, which differ from the built-in ones for handles alone. Functions of libraries that
look into what they are given (`inspect.getsource`) are replaced by `install`.
"""

import ast
import builtins
import doctest
import functools
import importlib
import sys
from collections.abc import Callable, Mapping
from typing import Any

from autograder.common.language import english
from autograder.rpc import introspection
from autograder.rpc.proxies import ask, is_handle, masquerade, name_of, owner
from autograder.rpc.subclassing import StandIn

NAME = "__reflection__"  # of this module, among the built-in names of a test
ASKING = {"type": (1,), "issubclass": (2,), "hasattr": (2,), "getattr": (2, 3)}  # function -> numbers of arguments
_FACTS = ("__signature__", "__code__")  # which cross as data, not as handles
_built_in = builtins.getattr


def type(value: Any) -> Any:
    """The class of `value`: of a handle, this side's own where there is one of that name, else the other side's."""
    if not is_handle(value):
        return builtins.type(value)
    known = masquerade(value)
    if isinstance(known, StandIn):
        return known.handle
    return known if known is not None and known.__qualname__ == name_of(value) else ask(value, "class")


def issubclass(kind: Any, others: Any) -> bool:
    """Whether a class is derived from another one, or from one of several (nested) in a tuple."""
    if isinstance(others, tuple) and not is_handle(others):
        return any(issubclass(kind, other) for other in others)
    if not is_handle(kind):
        return not is_handle(others) and builtins.issubclass(kind, others)
    if not is_handle(others) and _built_in(others, "__module__", "") == "__main__":  # the notebook's, there by its name
        own_class = owner(kind)[0].exposed.own_class  # type: ignore[attr-defined]
        lineage = ask(kind, "lineage")
        return any(path[:1] == ["__main__"] and own_class(path[1]) is others for path in lineage)
    return ask(kind, "issubclass", others) is True


def getattr(value: Any, name: str, *default: Any) -> Any:
    """An attribute. A handle has special methods of its own: they are asked of its object."""
    special = isinstance(name, str) and name.startswith("__") and name.endswith("__") and name not in _FACTS
    if not (special and is_handle(value)):
        return _built_in(value, name, *default)
    if name == "__class__":
        return type(value)
    try:
        return ask(value, "getattr", name)
    except AttributeError:
        if default:
            return default[0]
        raise


def is_(value: Any, other: Any) -> bool:
    """`value is other`; a function or class of a module is the same on both sides."""
    if is_handle(value) != is_handle(other):
        return bool(value == other if is_handle(value) else other == value) and callable(value) and callable(other)
    return value is other


def hasattr(value: Any, name: str) -> bool:
    """Whether there is such an attribute."""
    try:
        getattr(value, name)
    except AttributeError:
        return False
    return True


class Reflective(ast.NodeTransformer):
    """Has a cell's text ask by the functions of this module; of what `names` binds, nothing is changed."""

    def __init__(self, names: Mapping[str, Any]) -> None:
        """`names`: of the notebook, now and later."""
        self._names = names

    def visit_Call(self, node: ast.Call) -> ast.AST:
        """`type(x)` and the like."""
        self.generic_visit(node)
        match node:
            case ast.Call(func=ast.Name(id=name), keywords=[]) if name in ASKING and name not in self._names:
                starred = any(isinstance(argument, ast.Starred) for argument in node.args)
                if len(node.args) in ASKING[name] and not starred:
                    node.func = _own(name, node.func)
        return node

    def visit_Compare(self, node: ast.Compare) -> ast.AST:
        """`f is math.sin`."""
        self.generic_visit(node)
        match node:
            case ast.Compare(ops=[ast.Is() | ast.IsNot() as operator], comparators=[other]) if not any(
                isinstance(side, ast.Constant) for side in (node.left, other)
            ):
                asked: ast.expr = ast.copy_location(ast.Call(_own("is_", node), [node.left, other], []), node)
                if isinstance(operator, ast.IsNot):
                    asked = ast.copy_location(ast.UnaryOp(ast.Not(), asked), node)
                return asked
        return node

    def visit_Attribute(self, node: ast.Attribute) -> ast.AST:
        """`x.__class__` and the like, but of `super()`."""
        self.generic_visit(node)
        match node:
            case ast.Attribute(value=ast.Call(func=ast.Name(id="super"))):
                return node
            case ast.Attribute(attr=name, ctx=ast.Load()) if name.startswith("__") and name.endswith("__"):
                arguments = [node.value, ast.copy_location(ast.Constant(name), node)]
                return ast.copy_location(ast.Call(_own("getattr", node), arguments, []), node)
        return node


def _own(name: str, at: ast.AST) -> ast.expr:
    module = ast.copy_location(ast.Name(NAME, ast.Load()), at)
    return ast.copy_location(ast.Attribute(module, name, ast.Load()), at)


def install() -> None:
    """Have functions of libraries, called with a handle, be called on its side; and let tests find this module."""
    setattr(builtins, NAME, sys.modules[__name__])
    doctest.testmod = _no_doctests  # it would find none, and be content
    for path in introspection.LIBRARY:
        module, _, name = path.partition(".")
        setattr(importlib.import_module(module), name, _asking(path))


def _no_doctests(*arguments: Any, **named: Any) -> Any:
    raise TypeError(english("the doctests of submitted code can't be run here"))


def _asking(path: str) -> Callable[..., Any]:
    original = introspection.FACTS[path]

    @functools.wraps(original)
    def function(*arguments: Any, **named: Any) -> Any:
        if arguments and is_handle(arguments[0]):
            return ask(arguments[0], path, *arguments[1:], **named)
        return original(*arguments, **named)

    return function
