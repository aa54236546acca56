"""Which kernel runs a notebook: the one that its kernelspec names, as Jupyter finds it on this machine.

A Python kernel (ipykernel) is run by the Python of its own environment, virtual or conda. Any other kernel can't be
graded in isolation; it is run as it is where the instructor allows it by name.
"""

import contextlib
import os
import re
import shutil
import stat
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from string import Template
from typing import Any

from jupyter_client.kernelspec import NATIVE_KERNEL_NAME, KernelSpec, KernelSpecManager

from autograder.common.errors import AutograderError
from autograder.sandbox import interpreter
from autograder.sandbox.interpreter import Interpreter, Unknown

OLDEST, NEWEST = (3, 10), (3, 14)
_PYTHON = re.compile(r"i?python[\d.]*")  # names of that language
_LAUNCHERS = ("ipykernel_launcher", "ipykernel")
OWN = Interpreter("", "", (), "", "", "")  # stands for the grader's own, wherever that is


class KernelError(AutograderError):
    """A notebook's kernel can't be run here; the message says what was found, and what to do."""


@dataclass(frozen=True)
class PlainKernel:
    """A kernel that is run as it is, whatever its language."""

    language: str
    command: tuple[str, ...]  # in which {connection_file} stands for that file's path
    folders: tuple[str, ...]  # that it is in
    by_signal: bool  # it is interrupted by a signal, else by a message


@dataclass(frozen=True)
class Kernel:
    """What runs a notebook's cells.

    `packages` are those of `interpreter`'s environment, where it is not the grader's own. A `plain` kernel is started
    by the grader's own interpreter; nothing of it can be isolated.
    """

    name: str = NATIVE_KERNEL_NAME
    interpreter: Interpreter = field(default_factory=interpreter.own)
    packages: tuple[str, ...] = ()  # as "name==version"
    variables: dict[str, str] = field(default_factory=dict)  # that its kernelspec sets
    plain: PlainKernel | None = None

    @property
    def shown(self) -> tuple[str, ...]:
        """The folders that it is in, beside those of its interpreter."""
        return () if self.plain is None else self.plain.folders

    @property
    def is_own(self) -> bool:
        """Whether it runs in the grader's own environment."""
        return self.plain is None and self.interpreter == interpreter.own()

    @property
    def abroad(self) -> "Kernel":
        """It for another machine: the grader's own Python is the one that the grader has there."""
        return replace(self, interpreter=OWN) if self.interpreter == interpreter.own() else self

    @property
    def here(self) -> "Kernel":
        """What was `abroad`, for this machine."""
        return replace(self, interpreter=interpreter.own()) if self.interpreter == OWN else self


def find_kernel(metadata: Mapping[str, Any], chosen: str = "", plain: Collection[str] = ()) -> Kernel:
    """The kernel of a notebook with this `metadata`, or the one of the name `chosen`. Raises KernelError.

    As in nbgrader, a notebook that names none is run by the kernel `python3`, which is the grader's own Python unless
    Jupyter finds another kernelspec of that name first. `plain`: names of kernels that may be run as they are.
    """
    named = chosen or str(metadata.get("kernelspec", {}).get("name") or "")
    name = NATIVE_KERNEL_NAME if named in ("", "python") else named
    spec = _kernelspec(name, _language(metadata))
    language = _language(metadata) or spec.language
    other = bool(chosen) and language.lower() != spec.language.lower() and not _is_python(language)
    if other or _is_python(language) != _is_python(spec.language):
        raise KernelError(
            f"its language is {language}, and its kernel {name!r} is one for {spec.language} here. Set the right "
            "kernel in source/ and run `autograder generate ASSIGNMENT`."
        )
    if name in plain:
        return _plain_kernel(name, spec)
    if not _is_python(language):
        raise KernelError(
            f"its kernel is {name!r}, whose language is {spec.language}. Only Python is graded in isolation. "
            + _as_plain(name)
        )
    return _python_kernel(name, spec)


def _as_plain(name: str) -> str:
    return (
        f"`c.Grading.plain_kernels = [{name!r}]` in nbgrader_config.py has such notebooks graded as plain nbgrader "
        "does, with tests beside the students' code, in a sandbox; every record says that they are not isolated."
    )


def _language(metadata: Mapping[str, Any]) -> str:
    """The language that a notebook says it is in; empty where it does not."""
    said = metadata.get("kernelspec", {}).get("language") or metadata.get("language_info", {}).get("name")
    return str(said or "")


def _is_python(language: str) -> bool:
    return _PYTHON.fullmatch(language.lower()) is not None


def _kernelspec(name: str, language: str) -> KernelSpec:
    manager = KernelSpecManager()
    try:
        return manager.get_kernel_spec(name)
    except Exception as error:  # what is installed may be malformed in any way
        if name in (there := sorted(manager.find_kernel_specs())):
            raise KernelError(f"its kernel {name!r} has a kernelspec that can't be used: {error}.") from None
    which = f"{name!r} ({language})" if language else repr(name)
    further = f"run `python -m ipykernel install --user --name {name}` in the environment that it stands for, or, "
    further += f'if any Python will do, set `c.Execute.kernel_name = "{NATIVE_KERNEL_NAME}"` in nbgrader_config.py'
    raise KernelError(
        f"its kernel {which} is not installed here. Installed are: {', '.join(there) or 'none'}. Install it"
        + (f": {further}" if _is_python(language or "python") else "")
        + ". `jupyter kernelspec list` shows what is found; or set another kernel in source/ and run "
        "`autograder generate ASSIGNMENT`."
    )


def _python_kernel(name: str, spec: KernelSpec) -> Kernel:
    python = _starts_python(name, spec)
    variables = {str(key): str(value) for key, value in spec.env.items()}
    if python == [interpreter.own().executable]:
        return Kernel(name, variables=variables)
    outside = {key: value for key, value in os.environ.items() if not key.startswith("PYTHON")}
    asked = {**outside, **substituted(variables, outside), "PYTHONDONTWRITEBYTECODE": "1"}
    supported = f"Python {OLDEST[0]}.{OLDEST[1]} to {NEWEST[0]}.{NEWEST[1]}"
    try:
        found, packages = interpreter.ask(python, asked)
    except Unknown as error:
        raise KernelError(
            f"the command of its kernel {name!r}, {' '.join(python)!r}, starts no Python that can be used "
            f"({error}); {supported} can be."
        ) from None
    if (found.prefix, found.version) == (interpreter.own().prefix, interpreter.own().version):
        return Kernel(name, variables=variables)
    version = tuple(int(part) for part in found.version.split(".")[:2])
    if found.implementation != "CPython" or not OLDEST <= version <= NEWEST:
        raise KernelError(
            f"its kernel {name!r} is {found.implementation} {found.version} ({found.executable}); {supported} can be "
            "used."
        )
    packages_folder = f"{found.prefix}/lib/python{version[0]}.{version[1]}/site-packages"
    if anyones := [folder for folder in (found.prefix, packages_folder) if _is_anyones(folder)]:
        raise KernelError(
            f"the environment of its kernel {name!r} is in {anyones[0]}, to which everybody on this machine can write: "
            f"students could change what tests run with. Use another one, or `chmod o-w {anyones[0]}`."
        )
    if not any(package.startswith("ipykernel==") for package in packages):
        raise KernelError(
            f"the environment of its kernel {name!r}, {found.prefix}, has no ipykernel: run "
            f"`{found.executable} -m pip install ipykernel`."
        )
    return Kernel(name, found, packages, variables)


def _plain_kernel(name: str, spec: KernelSpec) -> Kernel:
    first, *rest = _command(name, spec)
    program = first if os.path.isabs(first) else shutil.which(first)
    if program is None or not os.access(program, os.X_OK):
        raise KernelError(f"the command of its kernel {name!r}, {' '.join(spec.argv)!r}, is not installed: no {first}.")
    places = {"resource_dir": spec.resource_dir, "prefix": interpreter.own().prefix}
    for place, value in places.items():
        rest = [part.replace(f"{{{place}}}", str(value)) for part in rest]
    folders = {str(_environment_of(path)) for path in (Path(program), Path(program).resolve())}
    folders |= {spec.resource_dir, f"/etc/{Path(program).name}"}  # Debian has the settings of R and Julia there
    variables = {str(key): str(value) for key, value in spec.env.items()}
    by_signal = spec.interrupt_mode == "signal"
    plain = PlainKernel(spec.language, (program, *rest), tuple(sorted(folders - {"/"})), by_signal)
    return Kernel(name, variables=variables, plain=plain)


def _environment_of(program: Path) -> Path:
    """The folder of all that a program belongs to: its environment's, else the one that its `bin` is in."""
    for folder in program.parents:
        if (folder / "conda-meta").is_dir() or (folder / "pyvenv.cfg").is_file():
            return folder
    return program.parents[1]


def _command(name: str, spec: KernelSpec) -> list[str]:
    """A kernelspec's command. Raises KernelError where it is not run on this machine."""
    provisioner = spec.metadata.get("kernel_provisioner", {}).get("provisioner_name", "local-provisioner")
    if provisioner != "local-provisioner":
        raise KernelError(
            f"its kernel {name!r} is started by the provisioner {provisioner!r}, and not on this machine."
        )
    if not spec.argv:
        raise KernelError(f"the kernelspec of its kernel {name!r} has no command.")
    return [interpreter.own().executable if spec.argv[0] in _own_names() else spec.argv[0], *spec.argv[1:]]


def _is_anyones(folder: str) -> bool:
    with contextlib.suppress(OSError):
        return bool(os.stat(folder).st_mode & stat.S_IWOTH)
    return False


def _starts_python(name: str, spec: KernelSpec) -> list[str]:
    """The part of a kernelspec's command that starts a Python, whatever that is wrapped in. Raises KernelError."""
    command = _command(name, spec)
    for launcher in _LAUNCHERS:
        if launcher in command[2:] and command[(at := command.index(launcher)) - 1] == "-m":
            return command[: at - 1]
    raise KernelError(
        f"the command of its kernel {name!r}, {' '.join(spec.argv)!r}, is not `python -m ipykernel_launcher …`: of "
        f"kernels for Python, only ipykernel is graded in isolation. {_as_plain(name)}"
    )


def _own_names() -> set[str]:
    """What a kernelspec may call the Python that starts it (jupyter_client's KernelManager.format_kernel_cmd)."""
    major, minor = interpreter.own().version.split(".")[:2]
    return {"python", f"python{major}", f"python{major}.{minor}"}


def substituted(variables: Mapping[str, str], known: Mapping[str, str]) -> dict[str, str]:
    """A kernelspec's variables, with `${NAME}` in them replaced by variables that are `known`."""
    return {name: Template(value).safe_substitute(known) for name, value in variables.items()}
