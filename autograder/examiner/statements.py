"""A cell's text as Python statements, as IPython understands it."""

import ast
import functools
import re
import symtable
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from IPython.core.inputtransformer2 import TransformerManager

Scopes = dict[tuple[str, int], list[symtable.SymbolTable]]

# What may be a magic, a shell command or a request for help; in a cell without any, every line is Python as it stands.
_NO_PYTHON = re.compile(r"^\s*[%!?,;/]|=\s*[%!]|\?", re.MULTILINE)
TAKES_VALUE = {"-n", "-r", "-p", "-l", "-s", "-T", "-D"}  # options of %timeit and %prun


@dataclass(frozen=True)
class Statements:
    """A parsed cell.

    `text` is plain Python: magics are calls of `get_ipython()`. `scopes` has the symbol tables of functions and
    lambdas by name and line; two lambdas of one line share an entry, which does no harm, as their names add up.
    """

    text: str
    body: tuple[ast.stmt, ...]
    scopes: Scopes


@dataclass(frozen=True)
class Magic:
    """A line or cell magic: the Python that it runs, in the notebook's scope or its own, and names that it binds."""

    code: tuple[str, ...]
    own_scope: bool = False
    binds: tuple[str, ...] = ()


@functools.lru_cache(maxsize=1024)
def parse(source: str) -> Statements | None:
    """The statements of a cell's `source`; None where IPython could not run any of it. Nobody may change them."""
    try:
        text = python_of(source.replace("\r\n", "\n").replace("\r", "\n"))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about escapes and comparisons in the text: not ours to report
            tree = compile(text, "<cell>", "exec", ast.PyCF_ONLY_AST | ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
            compile(tree, "<cell>", "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)  # for what is no matter of grammar
            table = symtable.symtable(text, "<cell>", "exec")
    except (SyntaxError, ValueError):
        return None
    scopes: Scopes = {}
    for scope in family(table):
        scopes.setdefault((scope.get_name(), scope.get_lineno()), []).append(scope)
    return Statements(text, tuple(tree.body), scopes)


def python_of(source: str) -> str:
    """The Python that IPython makes of a cell.

    It reads a cell several times, token by token, for magics in the midst of Python. That is nearly all of the time
    that it takes, and is left out where there can be none.
    """
    manager: Any = TransformerManager()  # type: ignore[no-untyped-call]
    lines = (source if source.endswith("\n") else f"{source}\n").splitlines(keepends=True)
    for transform in (*manager.cleanup_transforms, *manager.line_transforms):
        lines = transform(lines)
    if _NO_PYTHON.search("".join(lines)):
        lines = manager.do_token_transforms(lines)
    return "".join(lines)


def family(table: symtable.SymbolTable) -> Iterator[symtable.SymbolTable]:
    """`table` and all within it."""
    yield table
    for child in table.get_children():
        yield from family(child)


def magic(call: ast.Call) -> Magic | None:
    """The magic that `call`, written by IPython, stands for, if it is one that runs Python."""
    match call:
        case ast.Call(
            func=ast.Attribute(value=ast.Call(func=ast.Name(id="get_ipython")), attr="run_line_magic"),
            args=[ast.Constant(value="prun" | "time" | "timeit" as name), ast.Constant(value=str(line))],
        ):
            return Magic((_without_options(line),), own_scope=name == "timeit")
        case ast.Call(
            func=ast.Attribute(value=ast.Call(func=ast.Name(id="get_ipython")), attr="run_cell_magic"),
            args=[ast.Constant(value=str(name)), ast.Constant(value=str(line)), ast.Constant(value=str(text))],
        ):
            match name:
                case "prun" | "time":
                    return Magic((text,))
                case "timeit":
                    return Magic((_without_options(line), text), own_scope=True)
                case "capture":
                    return Magic((text,), binds=tuple(word for word in line.split() if word.isidentifier()))
    return None


def _without_options(line: str) -> str:
    """The statement of `%timeit -n 10 -q x + 1`."""
    words = line.split(" ")
    while words and words[0].startswith("-"):
        words = words[2 if words[0] in TAKES_VALUE else 1 :]
    return " ".join(words)


def only(cell: Statements, kept: Sequence[bool]) -> str:
    """The text of `cell` with blank lines for the statements that are not `kept`.

    As in the whole cell, its last expression is displayed, and no other.
    """
    if not any(kept):
        return ""
    lines = cell.text.split("\n")
    for group in _sharing_lines(cell.body):
        if not all(kept[i] for i in group):
            first, last = _start(cell.body[group[0]]), cell.body[group[-1]].end_lineno or 0
            segments = [ast.get_source_segment(cell.text, cell.body[i]) or "" for i in group if kept[i]]
            text = "; ".join(segments).split("\n")
            lines[first - 1 : last] = text + [""] * (last - first + 1 - len(text))
    if not kept[-1]:
        end = (cell.body[-1].end_lineno or 0) - 1
        lines[end] += "; pass" if lines[end] else "pass"
    return "\n".join(lines)


def _start(statement: ast.stmt) -> int:
    decorators: list[ast.expr] = getattr(statement, "decorator_list", [])
    return min([statement.lineno, *(decorator.lineno for decorator in decorators)])


def _sharing_lines(body: tuple[ast.stmt, ...]) -> list[list[int]]:
    """Positions of statements, those that share a line together."""
    groups = [[0]]
    for position, (before, after) in enumerate(pairwise(body), start=1):
        if _start(after) <= (before.end_lineno or 0):
            groups[-1].append(position)
        else:
            groups.append([position])
    return groups
