"""`autograder test`: format, lint, types, and the tests of a tier.

pytest                    tests/unit: no process is started, nothing is graded
autograder test           and tests/integration: real kernels, trainers, gradebooks, gradings of small courses
autograder test --full    and tests/full: every attack, browsers, the container, a real training, and the like
"""

import os
import platform
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, ClassVar

from traitlets import Bool

from autograder.cli.base import CourseApp
from autograder.cli.options import FLAGS

CHECKS = {
    "format": ["ruff", "format", "--check", "."],
    "lint": ["ruff", "check", "."],
    "types": ["mypy"],
}
PYTEST = ["pytest", "-n", "3", "--dist", "loadfile", "--no-loadscope-reorder"]
# The longest first, so that the processes end at about the same time.
TIERS = {"integration": ["tests/integration", "tests/unit"], "full": ["tests/full", "tests/integration", "tests/unit"]}
INSTALL_SECONDS = 300  # for each attempt; Chromium is a download of 100 to 200 MB


def steps(*, full: bool) -> dict[str, list[str]]:
    """The modules that are run, each with its arguments, by name."""
    return {**CHECKS, "tests": [*PYTEST, *TIERS["full" if full else "integration"]]}


class TestApp(CourseApp):
    """Run ruff, mypy and pytest."""

    name = "autograder-test"
    description = "Run all checks: format, lint, types, tests (arguments after -- go to pytest)"
    full = Bool(False, help="Also run the tests in tests/full.").tag(config=True)
    flags: ClassVar[dict[Any, Any]] = {
        "full": ({"TestApp": {"full": True}}, "Also run the tests in tests/full, as CI does."),
        **FLAGS,
    }
    __test__ = False  # not a test class, whatever pytest makes of its name

    def start(self) -> None:
        """Run each step, in order; exit with 1 where one failed."""
        super().start()
        if self.full and not find_chromium():
            self.out.say("Installing Chromium for the browser tests (once, up to a few minutes).")
            if not install_chromium():
                self.out.say("Chromium could not be installed, so the browser tests are skipped.", style="look")
        failed = []
        to_do = steps(full=self.full)
        for number, (name, command) in enumerate(to_do.items(), start=1):
            more = self.extra_args if name == "tests" else []
            self.out.say(f"[{number}/{len(to_do)}] {name}: {' '.join([*command, *more])}", style="title")
            started = time.monotonic()
            if subprocess.run([sys.executable, "-m", *command, *more], cwd=self.root, check=False).returncode:
                failed.append(name)
            self.out.say(f"[{number}/{len(to_do)}] {name}: {time.monotonic() - started:.0f} s")
        if failed:
            called = f"{self.called} --full" if self.full else self.called
            again = f"{called} -- --last-failed" if "tests" in failed else called
            self.fail(f"failed: {', '.join(failed)}", then=again, why="once that is fixed")
        self.out.say("All checks passed.", style="good")
        self.next("autograder demo", "grades a small class")


def find_chromium() -> str | None:
    """The system's Chromium or Chrome, else Playwright's own; None where none of them starts."""
    for name in ("chromium", "chromium-browser", "google-chrome"):
        if (path := shutil.which(name)) and _starts(path):
            return path
    from playwright.sync_api import sync_playwright  # only those who test have it

    with sync_playwright() as playwright:
        path = playwright.chromium.executable_path
    return path if Path(path).is_file() else None


def _starts(path: str) -> bool:
    done = subprocess.run([path, "--version"], stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    return done.returncode == 0 and "snap" not in done.stdout  # a snap's browser does not see the folders of tests


def install_chromium() -> str | None:
    """Install Chromium where that needs no question: by apt as root on Debian, else Playwright's own; its path."""
    attempts = [[sys.executable, "-m", "playwright", "install", "chromium"]]
    if shutil.which("apt-get") and os.geteuid() == 0:
        if platform.freedesktop_os_release().get("ID") == "debian":
            install = ["apt-get", "install", "-y", "--no-install-recommends", "chromium", "fonts-dejavu-core"]
            attempts = [install, ["apt-get", "update"], install, *attempts]
        else:  # Ubuntu's package is a snap
            attempts[0].append("--with-deps")
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for command in attempts:
        try:
            subprocess.run(
                command,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                check=False,
                env=environment,
                timeout=INSTALL_SECONDS,
            )
        except subprocess.TimeoutExpired:
            continue
        if found := find_chromium():
            return found
    return None
