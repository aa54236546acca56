"""What of this machine and installation can change the bits of a training."""

import functools
import hashlib
import platform
from collections.abc import Collection
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from autograder.training.devices import Slot

# Set for every slot, whatever the grader's own environment says.
FLAGS = {
    "TF_ENABLE_ONEDNN_OPTS": "1",  # off by default on AMD's processors, where it is faster too
    "TF_CPP_MIN_LOG_LEVEL": "3",
    "KERAS_BACKEND": "tensorflow",
    "PYTHONHASHSEED": "0",
}
_PACKAGES = ("tensorflow", "keras", "numpy", "ml_dtypes")
_CODE = ("worker.py", "job_model.py", "recorder.py", "../keras_codec/*.py")


def environment(slot: Slot) -> dict[str, Any]:
    """All of it, as JSON, for trainings in such a slot."""
    return {
        "python": platform.python_version(),
        "machine": platform.machine(),
        "processor": processor(),
        "device": slot.kind,
        "threads": slot.threads,
        "precision": slot.precision,
        "flags": FLAGS,
        "packages": {name: _version(name) for name in _PACKAGES},
        "code": _code(),
    }


def has_same_libraries(packages: Collection[str]) -> bool:
    """Whether an environment with these `packages`, each as "name==version", has what the trainer's has of `_PACKAGES`.

    And msgspec, which a notebook's messages to the trainer are made with.
    """
    found = dict(package.split("==", 1) for package in packages)
    return "msgspec" in found and all(found.get(name.replace("_", "-"), "") == _version(name) for name in _PACKAGES)


@functools.cache
def processor() -> str:
    """This machine's model; oneDNN chooses its code by what the processor can do."""
    try:
        lines = Path("/proc/cpuinfo").read_text(errors="replace").splitlines()
    except OSError:
        return platform.processor()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "")


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return ""


@functools.cache
def _code() -> str:
    here, found = Path(__file__).parent, hashlib.sha256()
    for pattern in _CODE:
        for path in sorted(here.glob(pattern)):
            found.update(path.read_bytes())
    return found.hexdigest()
