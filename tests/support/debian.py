"""Packages of Debian's that tests need, installed by the tests themselves."""

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping


class Unavailable(Exception):
    """This machine lacks something that a test needs, and it can't be installed; the message says why."""


def install(commands: Mapping[str, str]) -> None:
    """Have commands, each of a package; none of a package's services is started. Raises Unavailable."""
    lacking = sorted({package for command, package in commands.items() if shutil.which(command) is None})
    if not lacking:
        return
    names = ", ".join(lacking)
    if sys.platform != "linux" or os.geteuid() != 0:
        raise Unavailable(f"{names} can be installed by root on Linux only")
    if shutil.which("apt-get") is None:
        raise Unavailable(f"{names} can't be installed: there is no apt-get")
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive", "RUNLEVEL": "1"}  # in which no service starts
    for step in (["update"], ["install", "--yes", "--no-install-recommends", *lacking]):
        done = subprocess.run(["apt-get", *step], env=environment, capture_output=True, text=True, check=False)
        if done.returncode:
            raise Unavailable(f"apt-get can't install {names}: {done.stderr.strip()[-300:]}")
