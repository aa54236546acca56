"""What many tests start from, made once in a run, whichever of its processes needs it first.

`autograder test` runs tests in several processes; the folder below is common to both, and goes when the run ends.
"""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

from filelock import FileLock

VARIABLE = "AUTOGRADER_TESTS_SHARED"  # names the folder; set by tests/conftest.py


def made_once(name: str, make: Callable[[Path], object]) -> Path:
    """The folder that `make` has filled; no test may change it. What `make` raises is raised in each test."""
    top = Path(os.environ[VARIABLE])
    folder, done = top / name, top / f"{name}.done"
    with FileLock(top / f"{name}.lock"):
        if not done.exists():
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir(parents=True)
            make(folder)
            done.touch()
    return folder


def copy_of(name: str, make: Callable[[Path], object], to: Path) -> Path:
    """A copy of that folder at `to`, for a test to change."""
    return Path(shutil.copytree(made_once(name, make), to, dirs_exist_ok=True))
