"""What a test may find out about a student's function, as data: its signature, its source text, facts of its code.

A handle answers `inspect.signature` by its `__signature__`, and `__code__` by an object with plain facts. For
`inspect.getsource` and its like, which look for a file, `install` puts functions that ask the handle.
"""

import functools
import inspect
import types
from collections.abc import Callable
from typing import Any

from autograder.rpc.frames import RpcError

CODE = (
    *("co_argcount", "co_posonlyargcount", "co_kwonlyargcount", "co_nlocals", "co_stacksize", "co_flags"),
    *("co_name", "co_names", "co_varnames", "co_freevars", "co_cellvars", "co_firstlineno"),
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


# By operation, what the side that has the object says of it.
FACTS: dict[str, Callable[[Any], Any]] = {"signature": _signature, "code": _code, "source": inspect.getsource}


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


def install(source_of: Callable[[Any], str | None]) -> None:
    """Have `inspect.getsource` and `getsourcelines` ask `source_of` first: the text of a handle's object, else None."""
    original, original_lines = inspect.getsource, inspect.getsourcelines

    @functools.wraps(original)
    def getsource(value: Any) -> str:
        text = source_of(value)
        return original(value) if text is None else text

    @functools.wraps(original_lines)
    def getsourcelines(value: Any) -> tuple[list[str], int]:
        text = source_of(value)
        return original_lines(value) if text is None else (text.splitlines(keepends=True), 1)

    inspect.getsource, inspect.getsourcelines = getsource, getsourcelines  # type: ignore[assignment]
