"""Whether students' code can be run in this container, and trainings on its GPU."""

import functools

from autograder.sandbox import bubblewrap
from autograder.training import devices

NO_PROC = (
    "A sandbox has no /proc of its own here, and training on a GPU needs one. Start the container with "
    "`--security-opt unmask=/proc/*` (podman), `--security-opt systempaths=unconfined` (docker) or "
    "`procMount: Unmasked` (Kubernetes)."
)


@functools.cache
def missing_requirement() -> str:
    """What the container was started without, and how to start it; empty where nothing is lacking."""
    if why := bubblewrap.check():
        return f"{why} docs/container.md has the flags that a container needs, and what each is for."
    return NO_PROC if devices.gpus() and not bubblewrap.has_proc() else ""
