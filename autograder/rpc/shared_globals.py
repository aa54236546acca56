"""Names of a test that the student's functions read, kept equal on both sides around each call.

Under plain nbgrader a test and the functions that it calls have one namespace: a test that sets `WIDTH`, deletes a
helper, replaces `input`, or seeds `random` thereby changes what they do, and one that reads `calls` sees what they have
counted. Which names a cell shares is read from the instructor's version (`examiner.plan`), never from a student's; so
the student's code gets no value of a test that the reference's functions would not read.

The examiner sends, with a request, what has changed there since it last did; with the answer come the names that the
student's functions bind.
"""

import builtins
import contextlib
import functools
import importlib
import re
import sys
import types
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from autograder.common.language import english
from autograder.rpc import numeric
from autograder.rpc.decoder import Decoder
from autograder.rpc.encoder import Encoder, is_mutable
from autograder.rpc.exposed import is_mock
from autograder.rpc.fingerprints import fingerprint, same
from autograder.rpc.frames import RpcError
from autograder.rpc.proxies import is_handle

_MISSING = object()
SEEDS = re.compile(r"seed\s*\(")
DRAWS = re.compile(r"random|torch|keras|tensorflow|\btf\.")
# What seeds generators whose state can't be told as data: it is called on the other side as well.
SEEDERS = ("keras.utils.set_random_seed", "tensorflow.random.set_seed", "torch.manual_seed")


@dataclass(frozen=True)
class Shares:
    """What one cell shares.

    given: names that it binds, changes or deletes and that the student's functions read
    hidden: names of built-ins that it binds; the student's functions see that they are no longer those
    patched: names of built-ins that it replaces in `builtins`, and of modules' attributes (`random.choice`)
    bound: names that the student's functions bind
    seeds: whether it seeds generators of random numbers
    """

    given: tuple[str, ...] = ()
    hidden: tuple[str, ...] = ()
    patched: tuple[str, ...] = ()
    bound: tuple[str, ...] = ()
    seeds: bool = False


NOTHING = Shares()


class TestGlobals:
    """The examiner's side, during one cell."""

    __test__ = False

    def __init__(self, namespace: dict[str, Any], shares: Shares) -> None:
        """Both sides are taken to be equal now."""
        self._namespace = namespace
        self._shares = shares
        self._original: dict[str, Any] = {}  # what a module's attribute was when the cell began
        self._known = {name: _mark(self._value(name)) for name in self._names()}
        self._state = _random_state() if shares.seeds else None
        self._seeded = count_seedings() if shares.seeds else [0]
        self._times = self._seeded[0]

    def _names(self) -> Sequence[str]:
        return (*self._shares.given, *self._shares.hidden, *self._shares.patched)

    def _value(self, name: str) -> Any:
        if name in self._shares.patched and "." not in name:
            value = getattr(builtins, name, _MISSING)
            return _MISSING if value is _BUILTINS.get(name) else value
        if name in self._shares.patched:
            value = _attribute(*_parted(name, self._namespace))
            return _MISSING if value is self._original.setdefault(name, value) else value
        return self._namespace.get(name, _MISSING)

    def message(self, encoder: Encoder) -> dict[str, Any] | None:
        """What has changed since the last message; None where nothing has, and nothing is to come back."""
        changed: list[list[Any]] = []
        imported: list[list[str]] = []
        gone: list[str] = []
        for name in self._names():
            value = self._value(name)
            mark = _mark(value)
            if _equal(self._known[name], mark):
                continue
            self._known[name] = mark
            if "." in name:
                name = ".".join(_parted(name, self._namespace))
            if value is _MISSING:
                gone.append(name)
            elif isinstance(value, types.ModuleType) and not is_handle(value):
                imported.append([name, value.__name__])
            elif "." not in name or self._can_go(encoder, value):
                changed.append([name, encoder.child(self._given(name, value))])
        message: dict[str, Any] = {}
        if changed or gone or imported:
            patched = [name for name in self._shares.patched if "." not in name]
            message |= {"set": changed, "imported": imported, "gone": gone, "patched": patched}
        if self._shares.seeds and ((state := _random_state()) != self._state or self._seeded[0] != self._times):
            self._state, self._times = state, self._seeded[0]
            message["seeded"] = _take_seedings()
            message["random"] = [
                [name, encoder.child(_parts(name))] for name in ("random", "numpy") if name in sys.modules
            ]
        if self._shares.bound:
            message["bound"] = list(self._shares.bound)
        return message or None

    def _can_go(self, encoder: Encoder, value: Any) -> bool:
        """Whether a module's attribute may be given: a stream that the test captures what is printed by may not."""
        try:
            encoder.child(self._given("", value))
        except RpcError:
            return False
        return True

    def _given(self, name: str, value: Any) -> Any:
        """What the other side gets: of a name that only hides a built-in, nothing but that, and how it is called."""
        if name in self._shares.hidden and not callable(value):
            return None
        return _caller(value) if is_mock(value) and callable(value) else value

    def take(self, bound: Any, decoder: Decoder) -> None:
        """Bind what the student's functions have bound. Raises RpcError for what was not asked for."""
        if not isinstance(bound, list):
            raise RpcError("malformed names")
        for pair in bound:
            match pair:
                case [str() as name, child] if name in self._shares.bound:
                    self._namespace[name] = decoder.value(child)
                    if name in self._known:
                        self._known[name] = _mark(self._namespace[name])
                case _:
                    raise RpcError(english("a name that was not asked for"))


class StudentGlobals:
    """The candidate's side."""

    def __init__(self, namespace: dict[str, Any]) -> None:
        """Nothing is shared yet."""
        self._namespace = namespace
        self._patched: set[str] = set()
        self._originals: dict[str, Any] = {}

    def apply(self, message: dict[str, Any], decoder: Decoder) -> None:
        """Do here what has changed there."""
        patched = set(message.get("patched", ()))
        for name, child in message.get("set", ()):
            if "." in name:
                self._patch(name, decoder.value(child))
                continue
            if name in patched:
                if name in self._namespace and name not in self._patched:
                    continue  # a function of the student's own, which hides the built-in one anyway
                self._patched.add(name)
            self._namespace[name] = decoder.value(child)
        for name, module in message.get("imported", ()):
            with contextlib.suppress(ImportError):
                self._namespace[name] = importlib.import_module(module)
        for name in message.get("gone", ()):
            if "." in name:
                if name in self._originals:
                    self._patch(name, self._originals[name])
                continue
            if name not in patched or name in self._patched:
                self._namespace.pop(name, None)
            self._patched.discard(name)
        for path, seed in message.get("seeded", ()):
            with contextlib.suppress(Exception):
                module, _, name = path.rpartition(".")
                getattr(importlib.import_module(module), name)(seed)
        for name, child in message.get("random", ()):
            state = decoder.value(child)
            with contextlib.suppress(Exception):  # the student's own `random`
                module = sys.modules[name]
                module.setstate(state) if name == "random" else module.random.set_state(state)

    def _patch(self, path: str, value: Any) -> None:
        """Set a module's attribute."""
        module, _, name = path.rpartition(".")
        with contextlib.suppress(Exception):  # the student's own of that name
            there = importlib.import_module(module)
            self._originals.setdefault(path, getattr(there, name))
            setattr(there, name, value)

    def bound(self, message: dict[str, Any], encoder: Encoder) -> list[list[Any]]:
        """The names that are asked for, as far as they are there and can cross."""
        found = []
        for name in message.get("bound", ()):
            if name in self._namespace:
                with contextlib.suppress(RpcError):
                    found.append([name, encoder.child(self._namespace[name])])
        return found


_BUILTINS = dict(vars(builtins))


def _mark(value: Any) -> Any:
    """What tells whether a name's value is another one, or has been changed. It keeps the value alive, and its id."""
    return value, fingerprint(value) if is_mutable(value) else None


def _equal(before: Any, after: Any) -> bool:
    return before[0] is after[0] and (after[1] is None or same(before[1], after[1]))


def _parted(path: str, namespace: dict[str, Any]) -> tuple[str, str]:
    """The module and the attribute in such a text, where the module may be a name of the notebook."""
    module, _, name = path.rpartition(".")
    found = namespace.get(module)
    return (found.__name__ if isinstance(found, types.ModuleType) else module), name


def _attribute(module: str, name: str) -> Any:
    return getattr(sys.modules.get(module), name, _MISSING)


def _caller(mock: Any) -> Callable[..., Any]:
    def call(*arguments: Any, **named: Any) -> Any:
        return mock(*arguments, **named)

    return call


def _parts(name: str) -> Any:
    return sys.modules[name].getstate() if name == "random" else sys.modules[name].random.get_state()


def _random_state() -> str:
    return "".join(repr(_parts(name)) for name in ("random", "numpy") if name in sys.modules)


def count_seedings() -> list[int]:
    """How often generators were seeded, as one number that grows; from the first call on."""
    owners: dict[str, Any] = {"random": sys.modules.get("random"), "numpy": numeric.loaded("numpy.random")}
    for name, owner in owners.items():
        if owner is not None and name not in _counted:
            _counted.add(name)
            owner.seed = _counting(owner.seed)
    for path in SEEDERS:
        module, _, name = path.rpartition(".")
        if path.partition(".")[0] in sys.modules and path not in _counted:
            with contextlib.suppress(Exception):  # another version of that library
                there = importlib.import_module(module)
                setattr(there, name, _counting(getattr(there, name), path))
                _counted.add(path)
    return _seedings


def _counting(seed: Callable[..., Any], path: str = "") -> Callable[..., Any]:
    @functools.wraps(seed)
    def counted(*arguments: Any, **named: Any) -> Any:
        _seedings[0] += 1
        for number in (*arguments, *named.values()):
            if path and type(number) is int and abs(number) < 1 << 53:
                _others.append([path, number])
        return seed(*arguments, **named)

    return counted


def _take_seedings() -> list[list[Any]]:
    """The calls of SEEDERS since the last message: which, and with what number."""
    taken = list(_others)
    _others.clear()
    return taken


_seedings, _counted = [0], set[str]()
_others: list[list[Any]] = []


def touched_in_text(source: str) -> tuple[set[str], set[str]]:
    """Names of the notebook, and of built-ins and modules, that a test replaces by text: `patch("__main__.helper")`."""
    paths = set(re.findall(r"""\bpatch\(\s*["']([\w.]+\.\w+)["']""", source))
    objects = re.findall(r"""\bpatch\.object\(\s*([\w.]+),\s*["'](\w+)""", source)
    paths |= {f"{module}.{name}" for module, name in objects}
    paths |= set(re.findall(r"^\s*([a-z]\w*\.\w+)\s*=[^=]", source, re.MULTILINE))
    own = {path for path in paths if path.partition(".")[0] not in ("__main__", "builtins")}
    built_in = set(re.findall(r"""["']builtins\.(\w+)""", source))
    return set(re.findall(r"""["']__main__\.(\w+)""", source)), built_in | own
