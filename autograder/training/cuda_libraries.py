"""Which of CUDA's libraries TensorFlow can open, as TensorFlow itself tells; needs no GPU and no driver.

TensorFlow opens them by name once it has found a GPU's driver. Where one can't be opened, it tells no more than that
there is no GPU. Here the functions that it opens them with are called in a process without anything else: they know
which libraries and versions this TensorFlow was built for, and log what they opened, or why they could not.
"""

import contextlib
import ctypes
import importlib.util
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from autograder.training.devices import Slot, library_path
from autograder.training.worker_process import start_in_slot

BOOT = "import sys; sys.path.insert(0, sys.argv.pop(1)); from autograder.training import cuda_libraries as c; c.main()"
_SECONDS = 120
_LOGGING = {"TF_CPP_MIN_LOG_LEVEL": "0", "TF_CPP_VMODULE": "dso_loader=1"}
_ALL_FOR_A_GPU = "MaybeTryDlopenGPULibraries"
_OTHERS = ("GetNcclDsoHandle", "GetCuptiDsoHandle")  # for several GPUs at a training, and for profiles of one
_REST = "autograder: what follows is not needed"
_OPENED = re.compile(r"Successfully opened dynamic library (\S+)")
_FAILED = re.compile(r"Could not load dynamic library '(\S+)'; \w+: ([^;\n]*)")
_ABSENT = "{0}: cannot open shared object file: No such file or directory"


@dataclass(frozen=True)
class CudaLibrary:
    """A library that TensorFlow opens by name."""

    name: str  # libcudnn.so.9, say
    problem: str  # why it can't be opened; empty where it can
    needed: bool  # by a training

    def __str__(self) -> str:
        plain = self.problem in ("", _ABSENT.format(self.name))
        return self.name if plain else f"{self.name} ({self.problem})"


def installed() -> bool:
    """Whether NVIDIA's wheels are there, which have them."""
    return importlib.util.find_spec("nvidia") is not None


def in_slot(slot: Slot, *, sandboxed: bool) -> list[CudaLibrary]:
    """Those that a slot's process opens, in its sandbox. Empty where there is no TensorFlow, or it doesn't tell."""
    with tempfile.TemporaryDirectory() as home, tempfile.TemporaryFile() as said:
        more = {**_LOGGING, "LD_LIBRARY_PATH": library_path()}
        process = start_in_slot(slot, BOOT, (), home, sandboxed=sandboxed, stderr=said.fileno(), more=more)
        try:
            process.wait(_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        said.seek(0)
        return read(said.read().decode(errors="replace"))


def here() -> list[CudaLibrary]:
    """As `in_slot`, of a process that is in one already."""
    argv = [sys.executable, "-P", "-c", BOOT, str(Path(__file__).parents[2])]
    with contextlib.suppress(OSError, subprocess.TimeoutExpired):
        done = subprocess.run(argv, env=os.environ | _LOGGING, capture_output=True, timeout=_SECONDS, check=False)
        return read(done.stderr.decode(errors="replace"))
    return []


def read(log: str) -> list[CudaLibrary]:
    """The libraries of TensorFlow's log, each once."""
    found: dict[str, CudaLibrary] = {}
    needed, _, others = log.partition(_REST)
    for part in (needed, others):
        for line in part.splitlines():
            if failed := _FAILED.search(line):
                found.setdefault(failed[1], CudaLibrary(failed[1], failed[2].strip(), part is needed))
            elif opened := _OPENED.search(line):
                found.setdefault(opened[1], CudaLibrary(opened[1], "", part is needed))
    return list(found.values())


def missing(libraries: Sequence[CudaLibrary]) -> str:
    """Which can't be opened, and what brings them; empty where none is missing."""
    names = [str(library) for library in libraries if library.problem]
    if not names:
        return ""
    try:
        wanted = f"tensorflow[and-cuda]=={version('tensorflow')}"
    except PackageNotFoundError:
        wanted = "tensorflow[and-cuda]"
    return f"TensorFlow can't open {', '.join(names)}; `pip install '{wanted}'` brings them."


def main() -> None:
    """In a process of its own: have TensorFlow open them all, and log that."""
    del sys.path[0]
    spec = importlib.util.find_spec("tensorflow")
    for folder in (spec.submodule_search_locations or ()) if spec else ():
        for path in sorted(Path(folder).glob("libtensorflow_framework.so*"))[:1]:
            _open_all(ctypes.CDLL(str(path)))


class _Status(ctypes.Structure):
    """What these functions give, or more: a C++ object that is returned in memory, and not looked at."""

    _fields_ = (("words", ctypes.c_void_p * 4),)


def _open_all(tensorflow: ctypes.CDLL) -> None:
    for name in (_ALL_FOR_A_GPU, *_OTHERS):
        if name == _OTHERS[0]:
            print(_REST, file=sys.stderr, flush=True)
        try:
            call = tensorflow[f"_ZN3tsl8internal9DsoLoader{len(name)}{name}Ev"]
        except AttributeError:
            continue
        call.restype = _Status
        call()
