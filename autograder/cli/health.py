"""`autograder health`: whether this machine can grade."""

from typing import Any, ClassVar

from autograder.cli.base import Command
from autograder.cli.options import FLAGS
from autograder.container.requirements import health


class HealthApp(Command):
    """Say whether students' code can be run in a sandbox here, and what grading and training have to work with."""

    name = "autograder-health"
    description = "Say whether a sandbox can be made here, how many notebooks run at once, where models are trained"
    aliases: ClassVar[dict[str, Any]] = {}
    flags: ClassVar[dict[Any, Any]] = {"debug": FLAGS["debug"]}

    def start(self) -> None:
        """Print what was found; exit with 1 where students' code can't be run, or TensorFlow can't use the GPU."""
        if self.extra_args:
            self.fail(f"Give no arguments (received {' '.join(self.extra_args)})")
        works, lines = health()
        self.out.say(*lines)
        if not works:
            self.stop("autograder health", "once that is fixed")
        self.next("autograder rehearse ASSIGNMENT", "grades the reference solution; run it in the course folder")


if __name__ == "__main__":
    HealthApp.launch_instance()
