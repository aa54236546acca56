"""The digest of all that a grade depends on. Equal digests, equal grades."""

import functools
import hashlib
import json
import os
import platform
import sys
from collections.abc import Iterator, Mapping
from importlib.metadata import distributions
from pathlib import Path
from typing import Any

from autograder.common.serialization import to_data
from autograder.grading.job import GradingJob
from autograder.kernel.environment import variables
from autograder.kernel.kernelspec import Kernel

# What of this package a score comes out of; not what shows, collects, exports or writes it.
_CODE = (
    *("common", "examiner", "keras_codec", "kernel", "notebooks", "rpc", "sandbox", "training"),
    *("grading/grade_notebook.py", "grading/job.py", "grading/order.py", "grading/plain.py", "grading/rehearsal.py"),
    *("grading/submission.py", "grading/trainer_link.py", "grading/worker.py"),
)
# Of the extra `test`: tools that check this package. No notebook's result depends on one of them.
TOOLS = frozenset(
    "axe-playwright-python hypothesis kubernetes-validate mypy playwright pytest pytest-timeout pytest-xdist ruff "
    "types-psutil types-requests".split()
)


def digest(job: GradingJob) -> str:
    """SHA-256, as hexadecimal digits, of what went in: notebook, version, points, files, environment, limits, settings.

    The student's name is not in it: a grade does not depend on it.
    """
    parts = {name: digest_of(value) for name, value in ingredients(job).items()}
    return digest_of(parts)


def ingredients(job: GradingJob) -> dict[str, Any]:
    """What goes into the digest, by name, as dicts and lists."""
    data = to_data(job)
    del data["student"], data["seed_policy"]  # nothing of one seed's outcome depends on either
    data["files"] = _file_digests(job.files)
    data["given"] = _file_digests(job.given)
    data["kernel"] = _kernel(job.kernel)
    return {**data, "environment": environment()}


def digest_of(value: Any) -> str:
    """SHA-256 of a JSON value, as hexadecimal digits."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def environment() -> dict[str, Any]:
    """What of this machine and installation can change a grade."""
    return {
        "python": platform.python_version(),
        "implementation": platform.python_implementation(),
        "machine": platform.machine(),
        "system": platform.system(),
        "threads": threads(),
        "variables": variables(),
        "device": os.environ.get("CUDA_VISIBLE_DEVICES", ""),
        **_installed(),
    }


def _kernel(kernel: Kernel) -> dict[str, Any]:
    """What of a notebook's kernel can change a grade; not where it is. Empty for the grader's own, as it is."""
    if kernel.is_own and not kernel.variables:
        return {}
    if kernel.plain is not None:  # which packages a kernel of any language has, nothing tells
        return {"name": kernel.name, "command": list(kernel.plain.command), "variables": kernel.variables}
    python = {"python": kernel.interpreter.version, "implementation": kernel.interpreter.implementation}
    return {**python, "distributions": list(kernel.packages), "variables": kernel.variables}


def threads() -> int:
    """How many processors this process may use, which is how many threads TensorFlow starts."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@functools.cache  # it reads some hundred files, and an installation does not change under a running program
def _installed() -> dict[str, Any]:
    folders = [folder for folder in sys.path if Path(folder).name != "_vendor"]  # setuptools' own, once it is imported
    found = {(one.name.lower().replace("_", "-"), one.version) for one in distributions(path=folders)}
    libraries = sorted(f"{name}=={version}" for name, version in found if name not in TOOLS)
    return {"distributions": libraries, "code": code(Path(__file__).parents[1])}


def code(package: Path) -> str:
    """The digest of what grades, of the copy of this package in that folder."""
    names = sorted(path.relative_to(package).as_posix() for path in _sources(package))
    return digest_of({name: _file_digest(package / name) for name in names})


def _sources(package: Path) -> Iterator[Path]:
    for name in _CODE:
        yield from [package / name] if name.endswith(".py") else (package / name).rglob("*.py")


def _file_digests(files: Mapping[str, str]) -> dict[str, str]:
    return {name: _file_digest(Path(path)) for name, path in sorted(files.items())}


def _file_digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
