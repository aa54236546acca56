"""Whether students' code can be run in this container."""

import functools
import subprocess

from autograder.candidate import sandbox
from autograder.candidate.sandbox import Sandbox

NO_PROC = (
    "The sandbox has no /proc here, without which TensorFlow ends at once. Start the container with "
    "`--security-opt unmask=/proc/*` (podman), `--security-opt systempaths=unconfined` (docker) or "
    "`procMount: Unmasked` (Kubernetes)."
)


@functools.cache
def lacking() -> str:
    """What the container was started without, and how to start it; empty where nothing is lacking."""
    if why := sandbox.check():
        return f"{why} docs/container.md has the flags that a container needs, and what each is for."
    command = Sandbox(1 << 20).command(["/bin/sh", "-c", "test -e /proc/self/status"])
    return NO_PROC if subprocess.run(command, capture_output=True, check=False).returncode else ""
