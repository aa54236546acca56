"""A Python that runs notebooks: the one that runs this, or that of another environment, which describes itself.

What describes a Python runs in it, and needs nothing but its standard library.
"""

from __future__ import annotations  # old Pythons are asked as well: they are to say which they are

import functools
import json
import os
import platform
import site
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

SECONDS = 60  # in which a Python must have described itself
# Another copy of this package may be there and imported already: what `course.datasets.startup` installs does that.
_BOOT = (
    "import sys; path = sys.path[:]; sys.path.insert(0, sys.argv.pop(1)); "
    "[sys.modules.pop(name) for name in [*sys.modules] if name.split('.')[0] == 'autograder']; "
    "import autograder; sys.path[:] = filter(None, path)"
)
_UNKNOWN = "it did not describe itself"


@dataclass(frozen=True)
class Interpreter:
    """A Python interpreter, as it describes itself."""

    executable: str
    prefix: str
    folders: tuple[str, ...]  # that it and its packages are in
    user_base: str  # of packages that its user has installed beside it; empty where it looks for none
    version: str  # as "3.12.4"
    implementation: str  # as "CPython"

    def command(self, module: str, package: str, arguments: Sequence[str] = ()) -> list[str]:
        """The command that calls `main()` of that module of this package.

        `package`: the folder that this package is in; only this package is looked for there. Arguments for `main` stand
        in `sys.argv[1:]`.
        """
        room, name = module.rsplit(".", 1)
        start = f"{_BOOT}; from {room} import {name}; {name}.main()"
        return [self.executable, "-c", start, package, *arguments]


class Unknown(Exception):
    """A command is none that starts a Python; the message says what came of it."""


@functools.cache
def own() -> Interpreter:
    """The one that runs this."""
    base = Path(sys.base_prefix)
    folders = {sys.prefix, sys.base_prefix, str(base.resolve()), str(Path(sys.executable).resolve().parent.parent)}
    user_base = site.getuserbase() if site.ENABLE_USER_SITE else ""
    if user_base:
        folders.add(site.getusersitepackages())
    version, implementation = platform.python_version(), platform.python_implementation()
    return Interpreter(sys.executable, sys.prefix, tuple(sorted(folders)), user_base, version, implementation)


def packages() -> list[str]:
    """What is installed beside the one that runs this, each as "name==version"."""
    from importlib.metadata import distributions

    found = {(one.metadata["Name"] or "", one.version) for one in distributions()}
    return sorted(f"{name.lower().replace('_', '-')}=={version}" for name, version in found)


def ask(python: Sequence[str], variables: Mapping[str, str]) -> tuple[Interpreter, tuple[str, ...]]:
    """Have the Python that the command `python` starts describe itself; returns it, and what `packages` gives there.

    Raises Unknown. `variables`: its environment.
    """
    return _asked(tuple(python), tuple(sorted(variables.items())))


@functools.cache  # environments do not change while notebooks are graded in them
def _asked(python: tuple[str, ...], variables: tuple[tuple[str, str], ...]) -> tuple[Interpreter, tuple[str, ...]]:
    package = str(Path(__file__).resolve().parents[2])
    command = [*python, *own().command(__name__, package)[1:]]
    try:
        done = subprocess.run(
            command, env=dict(variables), stdin=subprocess.DEVNULL, capture_output=True, timeout=SECONDS, check=False
        )
        found = json.loads(done.stdout.decode(errors="replace").strip().rpartition("\n")[2] or "null")
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Unknown(str(error)) from None
    except ValueError:
        found = None
    if not isinstance(found, dict):
        said = done.stderr.decode(errors="replace").strip().rpartition("\n")[2]
        raise Unknown(said or _UNKNOWN)
    installed = tuple(found.pop("packages"))
    return Interpreter(**{**found, "folders": tuple(found["folders"])}), installed


def main() -> None:
    """Describe the Python that runs this on standard output, in one line of JSON."""
    described: dict[str, Any] = {**vars(own()), "packages": packages()}
    sys.stdout.write(f"\n{json.dumps(described)}\n")
    sys.stdout.flush()
    os._exit(0)
