"""`python plain.py COURSE ASSIGNMENT STUDENT…`: plain nbgrader grades each; JSON lines of what each has then.

Each in a process of its own, which is ended after a time: some attacks would keep it for ever.
"""

import contextlib
import json
import os
import signal
import sys
import time
from pathlib import Path

from nbgrader.apps.api import NbGraderAPI
from nbgrader.coursedir import CourseDirectory
from traitlets.config import Config

from attacks.graded import score

SECONDS = 60


def autograde(course: Path, assignment: str, student: str) -> None:
    """In a process of its own."""
    config = Config(
        {"CourseDirectory": {"root": str(course)}, "Execute": {"timeout": 10 if assignment == "numbers" else 40}}
    )
    null = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(null, descriptor)
    with contextlib.suppress(Exception):
        NbGraderAPI(CourseDirectory(config=config), config=config).autograde(assignment, student, create=True)


def main() -> None:
    course, assignment, *students = sys.argv[1:]
    os.chdir(course)
    for student in students:
        child = os.fork()
        if child == 0:
            os.setsid()
            autograde(Path(course), assignment, student)
            os._exit(0)
        deadline = time.monotonic() + SECONDS
        while os.waitpid(child, os.WNOHANG)[0] == 0:
            if time.monotonic() > deadline:
                os.killpg(child, signal.SIGKILL)
            time.sleep(0.02)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child, signal.SIGKILL)
        print(json.dumps([student, score(Path(course), assignment, student)]), flush=True)


if __name__ == "__main__":
    main()
