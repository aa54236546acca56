"""The container's entry point: `grade ASSIGNMENT`, `submission [ASSIGNMENT]`, `health`, or any of our commands; and
`scheduler` and `worker ADDRESS`, of a Dask cluster.

Any user may run it, with or without an entry in /etc/passwd, on a read-only root: all that is written beside what is
mounted goes to a home in /tmp.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NoReturn

from autograder.container.requirements import health, missing_requirement
from autograder.grading.cluster_tls import has_keys
from autograder.version import __version__

COURSE = Path("/course")
OWN_COURSE = Path("/opt/course")  # built into the image
OWN_HOME = Path("/opt/home")
KEYS = "/etc/dask"  # where Dask looks for settings of the whole machine
PRELOAD = "--preload=autograder.grading.cluster_openssl"
# Beside its port, where everybody needs keys, nothing of Dask's can be reached from outside the container.
DASK = {
    "scheduler": ("--protocol=tls", "--port=8786", "--dashboard-address=127.0.0.1:8787", PRELOAD),
    "worker": ("--dashboard-address=127.0.0.1:0", PRELOAD),
}
USAGE = f"""The autograder {__version__}, in a container.

  grade ASSIGNMENT [OPTION…]       grade /course/submitted, and write the gradebook, feedback, reports, and
                                   grades.csv to /course
  submission [ASSIGNMENT]          grade the one notebook in /submission, and write to /results; /cache, if it is
                                   mounted, keeps what other runs can use again
  scheduler [OPTION…]              start a Dask cluster's scheduler on port 8786, with the keys in /etc/dask
  worker ADDRESS [OPTION…]         start a worker of that cluster, which grades for `grade … --cluster=ADDRESS`;
                                   options are those of `dask scheduler` and `dask worker`
  health                           say whether students' code can be run here, and where models are trained
  nbgrader …, or any command of `autograder --help`, in /course
"""


def main(arguments: list[str]) -> int:
    """Run what is asked for; returns the exit code."""
    make_home()
    match arguments:
        case ["grade", *rest]:
            return grade(rest)
        case ["submission", *rest]:
            cache = ["--cache=/cache"] if os.access("/cache", os.W_OK) else []
            return become("autograder.cli.submission", *cache, *rest, folder=OWN_COURSE)
        case ["scheduler" | "worker" as role, *rest]:
            return take_part(role, rest)
        case ["health"]:
            works, lines = health()
            print(*lines, sep="\n")
            return 0 if works else 1
        case ["nbgrader", *rest]:
            return become("nbgrader", *rest)
        case [] | ["help"] | ["--help"] | ["-h"]:
            print(USAGE, end="")
            return 0
    return become("autograder", *arguments)


def make_home() -> None:
    """A home that can be written, with what the image has prepared for one; and a name for a user without one."""
    home = tempfile.mkdtemp(prefix="home-")
    if OWN_HOME.is_dir():
        shutil.copytree(OWN_HOME, home, dirs_exist_ok=True)
    os.environ |= {"HOME": home, "USER": "grader", "LOGNAME": "grader"}


def become(module: str, *arguments: str, folder: Path = COURSE) -> NoReturn:
    """Go on as a module of this Python, in `folder`."""
    os.chdir(folder)
    os.execv(sys.executable, [sys.executable, "-m", module, *arguments])


def run(module: str, *arguments: str) -> int:
    """Run a module of this Python in the course; returns its exit code."""
    return subprocess.call([sys.executable, "-m", module, *arguments], cwd=COURSE)


def grade(arguments: list[str]) -> int:
    """Grade a class, then write feedback, report and grades.csv; what could not be graded makes the exit code 1."""
    assignment = arguments[0] if arguments else "-"
    why = "" if assignment.startswith("--help") else unusable(COURSE, assignment)
    if why := why or ("" if "--no-sandbox" in arguments else missing_requirement()):
        print(f"autograder: {why}", file=sys.stderr)
        return 1
    code = run("autograder", "grade", *arguments)
    if {"--dry-run", "--help", "--help-all"} & set(arguments) or not (COURSE / "autograded").is_dir():
        return code
    code = run("autograder", "feedback", assignment) or code
    code = run("autograder", "report", assignment) or code
    return run("autograder", "export", "--to", "grades.csv", "--log-level=WARN") or code


def take_part(role: str, arguments: list[str]) -> int:
    """Become a Dask cluster's scheduler, or a worker of it; returns the exit code where that can't be."""
    why = missing_requirement() if role == "worker" else ""
    if not has_keys():
        why = f"{KEYS} has no keys of a cluster: mount a folder there with the file of `autograder certificates`."
    if why and "--help" not in arguments:
        print(f"autograder: {why}", file=sys.stderr)
        return 1
    return become(f"distributed.cli.dask_{role}", *DASK[role], *arguments, folder=Path(os.environ["HOME"]))


def unusable(folder: Path, assignment: str) -> str:
    """Why a class can't be graded in `folder`; empty where it can."""
    if assignment.startswith("-"):
        return "which assignment? It comes first: grade ASSIGNMENT [OPTION…]"
    user = os.geteuid()
    if not os.access(folder, os.R_OK | os.W_OK | os.X_OK):
        owner = "it is missing"
        if folder.exists():
            owner = f"it belongs to user {folder.stat().st_uid}, and this runs as user {user}"
        return f"{folder} can't be written ({owner}): mount the course there, and start as its owner (--user UID:GID)."
    if not (folder / "nbgrader_config.py").is_file():
        return f"there is no nbgrader_config.py in {folder}: mount an nbgrader course's folder there."
    return ""


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
