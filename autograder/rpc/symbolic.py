"""SymPy's expressions and matrices as text, by `sympy.srepr`, and rebuilt from its syntax tree, never by `eval`.

Only SymPy's own classes of expressions are called, with numbers and with what has been rebuilt. Text is an argument
of few of them: SymPy evaluates it as code elsewhere.
"""

import ast
from typing import Any

from autograder.common.language import english
from autograder.rpc import numeric
from autograder.rpc.builtin_names import bounded_integer
from autograder.rpc.frames import RpcError

MAX_TEXT = 100_000  # characters
NAMED = frozenset(("Symbol", "Dummy", "Function", "Float", "Str"))  # classes that take a text, as a name or a number
MATRICES = frozenset(("MutableDenseMatrix", "ImmutableDenseMatrix", "ImmutableMatrix", "Matrix"))


def text_of(value: Any) -> str | None:
    """The text of an expression or a matrix; None for anything else. Raises RpcError where it can't be rebuilt."""
    sympy = numeric.loaded("sympy")
    if sympy is None or not isinstance(value, sympy.Basic | sympy.MatrixBase):
        return None
    text = str(sympy.srepr(value))
    if len(text) > MAX_TEXT:
        raise RpcError(english("an expression of more than %(count)s characters", count=f"{MAX_TEXT:,}"))
    if rebuild(text) != value:
        raise RpcError(
            english("%(type)s, an expression that can't be rebuilt from its text", type=type(value).__name__)
        )
    return text


def rebuild(text: Any) -> Any:
    """The expression of such a text. Raises RpcError where it is none."""
    sympy = numeric.loaded("sympy")
    if sympy is None or not isinstance(text, str) or len(text) > MAX_TEXT:
        raise RpcError("malformed expression")
    try:
        return _Builder(sympy).of(ast.parse(text, mode="eval").body)
    except (SyntaxError, MemoryError, RecursionError, TypeError, ValueError, AttributeError) as error:
        raise RpcError(f"malformed expression: {error}"[:500]) from None


class _Builder:
    def __init__(self, sympy: Any) -> None:
        self._sympy = sympy

    def of(self, node: ast.expr, named: bool = False) -> Any:
        """The value of a node; `named`: a text is allowed there."""
        match node:
            case ast.Constant(value=bool() | None as value):
                return value
            case ast.Constant(value=int() as value):
                return bounded_integer(value)
            case ast.Constant(value=str() as value) if named:
                return value
            case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=int() as value)):
                return -bounded_integer(value)
            case ast.Name(id=name):
                return self._constant(name)
            case ast.List(elts=items):
                return [self.of(item) for item in items]
            case ast.Tuple(elts=items):
                return tuple(self.of(item) for item in items)
            case ast.Call(func=ast.Name(id=name)):
                return self._made(self._class(name), node, named=name in NAMED)
            case ast.Call(func=ast.Call(func=ast.Name(id="Function")) as function):
                return self._made(self.of(function), node, named=False)
        raise RpcError("malformed expression: what stands in no text of an expression")

    def _made(self, kind: Any, node: ast.Call, *, named: bool) -> Any:
        keywords = {}
        for keyword in node.keywords:
            if keyword.arg is None or not isinstance(keyword.value, ast.Constant):
                raise RpcError("malformed expression: an argument by name")
            keywords[keyword.arg] = self.of(keyword.value, named)
        return kind(*(self.of(argument, named) for argument in node.args), **keywords)

    def _class(self, name: str) -> Any:
        found = getattr(self._sympy, name, None)
        if name not in MATRICES and not (isinstance(found, type) and issubclass(found, self._sympy.Basic)):
            raise RpcError(english("%(name)s is no class of expressions", name=name[:100]))
        return found

    def _constant(self, name: str) -> Any:
        found = getattr(self._sympy, name, None)
        if not isinstance(found, self._sympy.Basic) or found.args:
            raise RpcError(english("%(name)s is no constant", name=name[:100]))
        return found
