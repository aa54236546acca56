"""Whether students' code can be run here, in a container or on a machine, and trainings on its GPU."""

import functools

from autograder.sandbox import bubblewrap, cgroups
from autograder.sandbox.limits import Limits
from autograder.training import devices
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
    """Whether students' code can be run here; and, in lines, that, how much at once, and where models are trained."""
    found, problem = devices.gpus(), missing_requirement()
    works = "works" if bubblewrap.has_proc() else "works, without a /proc of its own (docs/container.md)"
    trained = ", ".join(f"{gpu.name} ({gpu.memory} MiB)" for gpu in found) or f"{devices.cores()} cores"
    return not problem, [
        f"autograder {__version__}",
        f"sandbox: {problem or works}",
        f"memory limit: {'cgroup' if cgroups.parents() else 'watchdog'}",
        f"notebooks at once: {devices.parallel_processes(Limits().memory_bytes)}",
        f"training on: {trained}",
    ]
