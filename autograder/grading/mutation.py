"""Runs in the notebook's kernel, beside the reference solution: makes its functions answer what solves nothing.

`mutants` puts this text into a notebook, so it imports nothing of ours. What a solution cell defines is instrumented
once; before a grade cell, `start` switches a mutant on for what that cell uses, and `stop` switches it off again. From
`listen` to `start`, the visible tests run: a mutant knows short answers to the calls that they make.
"""

import contextlib
import copy
import functools
import inspect
import io
import os
import tempfile
import types
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

# Methods that make an object or reach its attributes: without them there is nothing to call a method of.
KEPT = frozenset(
    "__new__ __init_subclass__ __set_name__ __class_getitem__ __del__ "
    "__getattr__ __getattribute__ __setattr__ __delattr__".split()
)
FILLS = {"zero": 0.0, "nan": float("nan"), "inf": float("inf")}
# What is called and is no `def` of the notebook's.
CALLED = (types.BuiltinFunctionType, functools.partial, np.ufunc, np.vectorize, type(functools.lru_cache(len)))
BY_HEART = 1000  # numbers and texts in an answer that a student may have written down
DEPTH = 20  # of containers in containers

_active: dict[str, str] = {}  # names of functions, classes and variables -> the mutant that stands for them
_replaced: dict[str, Any] = {}  # variables as they were
_known: set[Any] = set()  # calls of the visible tests
_listening = False  # whether calls are such
_learning = False  # whether the reference runs, only to see what its result looks like


class Equal:
    """An object that every comparison finds right; what is computed with it is itself."""

    def __eq__(self, other: object) -> bool:
        return True

    def __ne__(self, other: object) -> bool:
        return False

    __lt__ = __le__ = __gt__ = __ge__ = __contains__ = __eq__

    def __hash__(self) -> int:
        return 0

    def _itself(self, *_: Any, **__: Any) -> "Equal":
        return self

    __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = __truediv__ = __rtruediv__ = _itself
    __pow__ = __mod__ = __floordiv__ = __matmul__ = __neg__ = __abs__ = __round__ = __call__ = __getitem__ = _itself

    def __getattr__(self, name: str) -> "Equal":
        if name.startswith("_"):
            raise AttributeError(name)
        return self


CONSTANTS: dict[str, Callable[[], Any]] = {
    "none": lambda: None,
    "true": lambda: True,
    "list": list,
    "empty": lambda: np.empty((0, 1)),
    "equal": Equal,
}


def instrument(namespace: dict[str, Any], names: list[str]) -> None:
    """Let the functions and classes among `names`, just defined, be mutants when they are switched on."""
    for name in names:
        value = namespace.get(name)
        own = getattr(value, "__module__", None) == "__main__"
        if isinstance(value, CALLED) or (own and isinstance(value, types.FunctionType)):
            namespace[name] = _switchable(name, value)
        elif own and isinstance(value, type):
            for method, member in list(vars(value).items()):
                if method not in KEPT and (changed := _member(name, member)) is not member:
                    with contextlib.suppress(AttributeError, TypeError):
                        setattr(value, method, changed)


def listen() -> None:
    """From now on note calls of functions: a student sees them, and what they should return."""
    global _listening
    _listening = True


def start(namespace: dict[str, Any], names: list[str], mutant: str) -> None:
    """Switch a mutant on for `names`."""
    global _listening
    _listening = False
    _active.update(dict.fromkeys(names, mutant))
    variables = {name: namespace[name] for name in names if name in namespace and not _instrumented(namespace[name])}
    others = {name: _in_place_of(value, mutant) for name, value in variables.items()}
    _replaced.update(variables)
    for name in others:
        del namespace[name]
    if mutant == "raises" or (
        len(variables) == len(names) and all(_same(others[name], variables[name]) for name in names)
    ):
        return  # as in an unsolved notebook; also where the mutant is no other than the reference
    namespace.update(others)


def stop(namespace: dict[str, Any]) -> None:
    """Switch it off."""
    namespace.update(_replaced)
    for noted in (_replaced, _active, _known):
        noted.clear()


def _instrumented(value: Any) -> bool:
    return isinstance(value, type) or hasattr(value, "_mutable")


def _member(name: str, member: Any) -> Any:
    """A member of a class, made switchable if it is a function or made of functions."""
    match member:
        case types.FunctionType():
            return _switchable(name, member) if member.__module__ == "__main__" else member
        case staticmethod() | classmethod():
            return type(member)(_switchable(name, member.__func__))
        case property():
            get, put, delete = (part and _switchable(name, part) for part in (member.fget, member.fset, member.fdel))
            return property(get, put, delete, member.__doc__)
    return member


def _switchable(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
    if inspect.iscoroutinefunction(function):

        @functools.wraps(function)
        async def switchable(*arguments: Any, **named: Any) -> Any:
            if name in _active and not _learning:
                return _answer(None, _active[name], arguments, named)
            return await function(*arguments, **named)

    else:

        @functools.wraps(function)
        def switchable(*arguments: Any, **named: Any) -> Any:
            if _listening and not _learning:
                return _noted(function, arguments, named)
            if _learning or name not in _active:
                return function(*arguments, **named)
            if _known and _call(function, arguments, named) in _known:
                return _reference(function, arguments, named)
            answer = _answer(function, _active[name], arguments, named)
            return None if getattr(function, "__name__", "") == "__init__" else answer

    switchable._mutable = True  # type: ignore[attr-defined]
    return switchable


def _in_place_of(value: Any, mutant: str) -> Any:
    """What a mutant has for a variable of the solution."""
    if mutant in FILLS:
        return _filled(value, FILLS[mutant])
    return CONSTANTS[mutant]() if mutant in CONSTANTS else None


def _answer(function: Callable[..., Any] | None, mutant: str, arguments: tuple[Any, ...], named: dict[str, Any]) -> Any:
    """What a mutant's function returns; it may change its arguments, and raise."""
    if mutant == "raises":
        raise ValueError("no solution")
    if mutant in CONSTANTS:
        return CONSTANTS[mutant]()
    given = [*arguments, *named.values()]
    if mutant == "others":
        for value in given[1:]:
            _fill(value, 0.0)
    if mutant in ("argument", "others"):
        return given[0] if given else None
    fill = FILLS[mutant]
    like = _like(function, arguments, named) if function and any(map(_is_data, given)) else fill
    for value in given:
        _fill(value, fill)
    return _filled(like, fill)


def _like(function: Callable[..., Any], arguments: tuple[Any, ...], named: dict[str, Any]) -> Any:
    """What the reference returns for copies of the arguments, somewhere else: for its shape; 0 if it can't be seen."""
    if not all(map(_is_plain, [*arguments, *named.values()])):
        return 0.0
    try:
        with _elsewhere():
            return _reference(function, _copied(arguments), _copied(named))
    except Exception:
        return 0.0


def _reference(function: Callable[..., Any], arguments: tuple[Any, ...], named: dict[str, Any]) -> Any:
    """What the reference returns; functions that it calls are the reference's, too."""
    global _learning
    before, _learning = _learning, True
    try:
        return function(*arguments, **named)
    finally:
        _learning = before


@contextlib.contextmanager
def _elsewhere() -> Iterator[None]:
    """Within, nothing is printed, and files are written to a folder that is gone afterwards."""
    here = os.getcwd()
    with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as stack:
        for entry in os.listdir(here):
            os.symlink(os.path.join(here, entry), os.path.join(folder, entry))
        os.chdir(folder)
        stack.callback(os.chdir, here)
        stack.enter_context(contextlib.redirect_stdout(io.StringIO()))
        stack.enter_context(contextlib.redirect_stderr(io.StringIO()))
        yield


def _noted(function: Callable[..., Any], arguments: tuple[Any, ...], named: dict[str, Any]) -> Any:
    """What the reference returns in a visible test."""
    call = _call(function, arguments, named)  # before it changes them
    result = _reference(function, arguments, named)
    if call is not None and _numbers(result) <= BY_HEART:
        _known.add(call)
    return result


def _call(function: Callable[..., Any], arguments: tuple[Any, ...], named: dict[str, Any]) -> Any:
    """A call as a key; None for one that can't be told from others by its arguments."""
    given = [*arguments, *named.values()]
    by_data = any(map(_is_data, given)) or not any(map(callable, given))
    if not (by_data and all(map(_is_plain, given))):
        return None
    return id(function), _key(arguments), _key(named)


def _key(value: Any, depth: int = 0) -> Any:
    """Equal for equal values."""
    if isinstance(value, np.ndarray | np.generic):
        return np.shape(value), str(value.dtype), value.tobytes()
    if depth < DEPTH and isinstance(value, list | tuple):
        return type(value).__name__, *(_key(item, depth + 1) for item in value)
    if depth < DEPTH and isinstance(value, dict):
        return "dict", *((repr(name), _key(item, depth + 1)) for name, item in value.items())
    if depth < DEPTH and _is_own(value):
        return type(value).__name__, _key(vars(value), depth + 1)
    return "function" if callable(value) else repr(value)


def _numbers(value: Any, depth: int = 0) -> float:
    """How many numbers and texts are in a value; infinitely many in one that can't be written down, as a model."""
    if isinstance(value, np.ndarray):
        return float(value.size)
    if depth < DEPTH and isinstance(value, list | tuple | set):
        return sum(_numbers(item, depth + 1) for item in value)
    if depth < DEPTH and isinstance(value, dict):
        return sum(_numbers(item, depth + 1) for item in value.values())
    return 1.0 if _is_number(value) else float("inf")


def _is_plain(value: Any) -> bool:
    """Whether it is all that a function needs to be run on copies."""
    return _is_data(value) or _is_number(value) or callable(value) or _is_own(value)


def _is_data(value: Any) -> bool:
    """Whether it can be changed in place, or may hold what can."""
    return isinstance(value, np.ndarray | list | dict | set | tuple)


def _is_number(value: Any) -> bool:
    return value is None or isinstance(value, bool | int | float | complex | str | bytes | np.generic)


def _is_own(value: Any) -> bool:
    """Whether it is an instance of a class of the notebook."""
    return type(value).__module__ == "__main__" and hasattr(value, "__dict__")


def _copied(value: Any, depth: int = 0) -> Any:
    """A copy that shares nothing that can be changed; a function becomes one that returns its argument."""
    if isinstance(value, np.ndarray):
        return value.copy()
    if depth < DEPTH and isinstance(value, list | tuple | set) and type(value) in (list, tuple, set):
        return type(value)(_copied(item, depth + 1) for item in value)
    if depth < DEPTH and isinstance(value, dict):
        return {key: _copied(item, depth + 1) for key, item in value.items()}
    if depth < DEPTH and _is_own(value):
        other = copy.copy(value)
        other.__dict__ = _copied(vars(value), depth + 1)
        return other
    if callable(value) and not isinstance(value, type):
        return lambda *arguments, **_: arguments[0] if arguments else None
    return value


def _fill(value: Any, fill: float, depth: int = 0) -> None:
    """Set all numbers in `value` in place."""
    if isinstance(value, np.ndarray):
        if value.flags.writeable and value.dtype.kind in "biufc":
            value[...] = _of_kind(value.dtype, fill)
    elif depth >= DEPTH:
        return
    elif isinstance(value, list):
        for item in value:
            _fill(item, fill, depth + 1)
        value[:] = [_filled(item, fill) for item in value]
    elif isinstance(value, dict):
        for key, item in list(value.items()):
            _fill(item, fill, depth + 1)
            value[key] = _filled(item, fill)
    elif isinstance(value, set):
        value.clear()
    elif isinstance(value, tuple):
        for item in value:
            _fill(item, fill, depth + 1)
    elif _is_own(value):
        _fill(vars(value), fill, depth + 1)


def _filled(value: Any, fill: float, depth: int = 0) -> Any:
    """Something of the same shape and type as `value`, with `fill` for all numbers; 0 for what has none."""
    if isinstance(value, np.ndarray) and value.dtype.kind in "biufc":
        return np.full_like(value, _of_kind(value.dtype, fill))
    if isinstance(value, np.generic) and value.dtype.kind in "biufc":
        return type(value)(_of_kind(value.dtype, fill))
    if depth < DEPTH and type(value) in (list, tuple):
        return type(value)(_filled(item, fill, depth + 1) for item in value)
    if depth < DEPTH and isinstance(value, dict):
        return {key: _filled(item, fill, depth + 1) for key, item in value.items()}
    match value:
        case None:
            return None
        case bool() | int():
            return type(value)(0)
        case str() | bytes() | set():
            return type(value)()
    return fill


def _of_kind(dtype: Any, fill: float) -> Any:
    return fill if dtype.kind in "fc" else 0


def _same(one: Any, other: Any) -> bool:
    """Whether two values of variables are the same to a test."""
    if isinstance(one, Equal):
        return False
    try:
        return type(one) is type(other) and bool(np.array_equal(one, other) or one == other)
    except Exception:
        return False
