"""The hostile class: every attack a student of one course, graded once by this engine, and once by plain nbgrader."""

import hashlib
import json
import os
import socket
import subprocess
import sys
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import nbformat
import psutil
import tiny_course
from nbgrader.api import Gradebook, MissingEntry

from attacks import Attack, Submission

LIMITS = {
    "cell_seconds": 3,
    "total_seconds": 60,
    "processes": 100,
    "disk_bytes": 100_000_000,
    "output_bytes": 3_000_000,
}
MEMORY = {"numbers": 1 << 30, "model": 3 << 30}
HONEST = {"ada": True, "empty": False}


@dataclass
class Graded:
    """What came of the class."""

    scores: dict[str, float | None] = field(default_factory=dict)  # student/assignment -> points
    statuses: dict[str, dict[str, Any]] = field(default_factory=dict)
    outputs: dict[str, list[Any]] = field(default_factory=dict)  # by cell: (whether a test, outputs)
    log: str = ""


class HostileClass:
    """The course with all its submissions."""

    def __init__(self, folder: Path, attacks: list[Attack]) -> None:
        self.course, self.outside = folder / "course", folder / "outside"
        self.attacks = attacks
        self.course.mkdir(parents=True)
        (self.outside / "home").mkdir(parents=True)
        tiny_course.build(self.course)
        self.listener = Listener(self.outside / "listener")
        for assignment in tiny_course.ASSIGNMENTS:
            for student, solved in HONEST.items():
                submission = self._submission(student, assignment)
                if solved:
                    tiny_course.solve(submission.notebook, assignment)
                    submission.cell("model" if assignment == "model" else "total").source += f"\n# {tiny_course.SECRET}"
                submission.write()
        for attack in attacks:
            submission = self._submission(attack.name, attack.assignment)
            attack.make(submission)
            submission.write()
        self.before = self.state()

    def _submission(self, student: str, assignment: str) -> Submission:
        notebook = tiny_course.released(self.course, assignment)
        folder = self.course / "submitted" / student / assignment
        return Submission(notebook, folder, self.course, self.outside, self.listener.port)

    def state(self) -> dict[str, str]:
        """What must stay as it is: the course's files but for what a grading writes, and the grader's own."""
        found = {}
        for top in ("source", "release", "solutions", "submitted", "../outside"):
            for path in sorted((self.course / top).rglob("*")):
                if path.is_file() and not path.is_symlink():
                    found[str(path)] = hashlib.sha256(path.read_bytes()).hexdigest()
        return found

    def environment(self) -> dict[str, str]:
        """The grader's environment: a home of its own, and a token that nobody may see."""
        own = dict.fromkeys(
            ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "IPYTHONDIR"), str(self.course.parent / "jupyter")
        )
        path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
        return {**os.environ, **own, "HOME": str(self.outside / "home"), "GRADER_TOKEN": "token", "PATH": path}

    def grade(self) -> Graded:
        """Grade it with this engine."""
        graded = Graded()
        for assignment in tiny_course.ASSIGNMENTS:
            limits = {**LIMITS, "memory_bytes": MEMORY[assignment]}
            if assignment == "model":
                limits |= {"cell_seconds": 40, "total_seconds": 120}
            options = [f"--Limits.{name}={value}" for name, value in limits.items()]
            command = [sys.executable, "-m", "autograder", "grade", assignment, *options, "--workers=2"]
            done = subprocess.run(
                command, cwd=self.course, env=self.environment(), capture_output=True, text=True, check=False
            )
            graded.log += done.stdout + done.stderr
            self._collect(graded, assignment)
        return graded

    def _collect(self, graded: Graded, assignment: str) -> None:
        for status in (self.course / ".autograder" / "status" / assignment).glob("*.json"):
            key = f"{status.stem}/{assignment}"
            graded.statuses[key] = json.loads(status.read_text())
            graded.scores[key] = score(self.course, assignment, status.stem)
            path = self.course / "autograded" / status.stem / assignment / f"{assignment}.ipynb"
            if path.exists():
                cells = [cell for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "code"]
                graded.outputs[key] = [
                    (bool(cell.metadata.get("nbgrader", {}).get("grade")), cell.outputs) for cell in cells
                ]


def score(course: Path, assignment: str, student: str) -> float | None:
    """A student's points in the gradebook; None where there is no grade."""
    with Gradebook(f"sqlite:///{course}/gradebook.db") as gradebook:
        try:
            submission = gradebook.find_submission(assignment, student)
        except MissingEntry:
            return None
        points: float = submission.score
        return points


class Listener:
    """What must not be reached: a port of this machine, a socket without a file, and one with."""

    def __init__(self, path: Path) -> None:
        self.reached: list[str] = []
        tcp = socket.create_server(("127.0.0.1", 0))
        self.port: int = tcp.getsockname()[1]
        self._sockets = {"port": tcp}
        for name, address in (("abstract", f"\0autograder-attacks-{self.port}"), ("file", str(path))):
            self._sockets[name] = socket.socket(socket.AF_UNIX)
            self._sockets[name].bind(address)
            self._sockets[name].listen()
        for name, end in self._sockets.items():
            threading.Thread(target=self._listen, args=(name, end), daemon=True).start()

    def _listen(self, name: str, end: socket.socket) -> None:
        while True:
            try:
                end.accept()[0].close()
            except OSError:
                return
            self.reached.append(name)

    def close(self) -> None:
        for end in self._sockets.values():
            end.close()


def left_over() -> list[psutil.Process]:
    """Processes that attacks started: the argument `attack …` tells them."""
    found = []
    for process in psutil.process_iter(["cmdline"]):
        if any(part.startswith("attack ") for part in process.info["cmdline"] or ()):
            found.append(process)
    return found


def printed(outputs: list[tuple[bool, list[Any]]]) -> str:
    """What a student's code may have shown: all but tracebacks, which show the text of cells."""
    return json.dumps([output for _, cell in outputs for output in cell if output.output_type != "error"])
