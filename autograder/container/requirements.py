"""Whether students' code can be run here, in a container or on a machine, and trainings on its GPU."""

import functools

from autograder.sandbox import bubblewrap, cgroups
from autograder.sandbox.limits import Limits
from autograder.training import cuda_libraries, devices
from autograder.version import __version__

NO_PROC = (
    "A sandbox has no /proc of its own here, and training on a GPU needs one. Start the container with "
    "`--security-opt unmask=/proc/*` (podman), `--security-opt systempaths=unconfined` (docker) or "
    "`procMount: Unmasked` (Kubernetes)."
)


@functools.cache
def missing_requirement() -> str:
    """What is lacking here, and how to start it; empty where nothing is lacking."""
    if why := bubblewrap.check():
        return f"{why} docs/sandbox.md says what allows one, and docs/container.md which flags a container needs."
    return NO_PROC if devices.gpus() and not bubblewrap.has_proc() else ""


def health() -> tuple[bool, list[str]]:
    """Whether this machine can grade; and, in lines, its sandbox, how much it does at once, and where it trains models.

    It can't where no sandbox can be made, or where TensorFlow can't use the GPU.
    """
    found, problem = devices.gpus(), missing_requirement()
    works = "works" if bubblewrap.has_proc() else "works, without a /proc of its own (docs/container.md)"
    trained = ", ".join(f"{gpu.name} ({gpu.memory} MiB)" for gpu in found) or f"{devices.cores()} cores"
    lines: list[str] = []
    unusable = False
    if found or cuda_libraries.installed():
        slot = devices.Slot(next(iter(found), None), 1, None)
        libraries = cuda_libraries.in_slot(slot, sandboxed=not problem)
        unusable = bool(found) and any(library.needed and library.problem for library in libraries)
        told = f"TensorFlow opens {', '.join(map(str, libraries))}" if libraries else "no TensorFlow tells of them"
        lines = [f"CUDA libraries: {cuda_libraries.missing(libraries) or told}"]
    return not (problem or unusable), [
        f"autograder {__version__}",
        f"sandbox: {problem or works}",
        f"memory limit: {'cgroup' if cgroups.parents() else 'watchdog'}",
        f"notebooks at once: {devices.parallel_processes(Limits().memory_bytes)}",
        f"training on: {trained}",
        *lines,
    ]
