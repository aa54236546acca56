"""Calls a function with a module once that is imported, without importing it.

Imported at each start of Python by way of a `.pth` file, so it imports next to nothing itself.
"""

from __future__ import annotations  # `typing` and `collections.abc` are too slow for each start of Python

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from importlib.machinery import ModuleSpec
    from types import ModuleType
    from typing import Any


def when_imported(name: str, act: Callable[[ModuleType], object]) -> None:
    """Call `act` with the module of that name: now where it is loaded, else as soon as it is."""
    if name in sys.modules:
        act(sys.modules[name])
    else:
        sys.meta_path.insert(0, _Finder(name, act))


class _Loader:
    """Wraps the module's loader; calls `act` once the module is loaded."""

    def __init__(self, loader: Any, act: Callable[[ModuleType], object]) -> None:
        self._loader = loader
        self._act = act

    def create_module(self, spec: ModuleSpec) -> Any:
        return self._loader.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        self._loader.exec_module(module)
        self._act(module)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._loader, name)


class _Finder:
    """Finds that one module by the other finders, and wraps its loader."""

    def __init__(self, name: str, act: Callable[[ModuleType], object]) -> None:
        self._name = name
        self._act = act

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname != self._name:
            return None
        for finder in sys.meta_path[sys.meta_path.index(self) + 1 :]:  # another one of these before it has asked it
            spec = finder.find_spec(fullname, path, target)
            if spec is not None:
                spec.loader = _Loader(spec.loader, self._act)  # type: ignore[assignment]
                return spec
        return None
