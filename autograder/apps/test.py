"""`autograder test`: everything that CI checks."""

import subprocess
import sys
import time

from autograder.apps.base import CourseApp

STEPS = {
    "format": ["ruff", "format", "--check", "."],
    "lint": ["ruff", "check", "."],
    "types": ["mypy"],
    "tests": ["pytest", "-v"],
}


class TestApp(CourseApp):
    """Run ruff, mypy and pytest."""

    name = "autograder-test"
    description = "Run all checks: format, lint, types, tests (arguments after -- go to pytest)"
    __test__ = False  # not a test class, whatever pytest makes of its name

    def start(self) -> None:
        """Run each step, in order; exit with 1 where one failed."""
        super().start()
        failed = []
        for number, (name, command) in enumerate(STEPS.items(), start=1):
            more = self.extra_args if name == "tests" else []
            print(f"[{number}/{len(STEPS)}] {name}: {' '.join([*command, *more])}", flush=True)
            started = time.monotonic()
            if subprocess.run([sys.executable, "-m", *command, *more], cwd=self.root, check=False).returncode:
                failed.append(name)
            print(f"[{number}/{len(STEPS)}] {name}: {time.monotonic() - started:.0f} s", flush=True)
        if failed:
            self.fail(f"failed: {', '.join(failed)}")
        print("All checks passed.")
