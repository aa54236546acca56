"""Submissions of one student to a course without TensorFlow, and how the command that grades one answers."""

import json
import signal
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import nbformat
import pytest
import tiny_course
from nbformat import NotebookNode

from autograder.cli.submission import SubmissionApp


@dataclass
class Answer:
    """What the command wrote and said."""

    code: int
    folder: Path
    said: str
    results: dict[str, Any] = field(default_factory=dict)

    @property
    def told(self) -> str:
        """What the student reads about all of the submission."""
        return str(self.results["output"])


def course(folder: Path) -> Path:
    """The tiny course, and how its notebooks are read."""
    folder.mkdir()
    tiny_course.build(folder)
    return folder


def notebook(folder: Path, assignment: str = "numbers", *, solved: bool = True) -> NotebookNode:
    """A student's notebook."""
    made = tiny_course.released(folder, assignment)
    if solved:
        tiny_course.solve(made, assignment)
    return made


def hand_in(folder: Path, name: str, made: NotebookNode) -> Path:
    """Put a notebook into a folder of what was handed in."""
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(made, path)
    return path


def arguments(base: Path, course_folder: Path, *more: str) -> list[str]:
    """For the submission in `base`/in, with results in `base`/out."""
    if not (base / "out").exists():
        (base / "out").mkdir()
    return [f"--course-dir={course_folder}", f"--submission={base / 'in'}", f"--results={base / 'out'}", *more]


def grade(base: Path, course_folder: Path, capfd: pytest.CaptureFixture[str], *more: str) -> Answer:
    """Grade it in this process."""
    handler = signal.getsignal(signal.SIGTERM)
    app = SubmissionApp()
    capfd.readouterr()
    try:
        app.initialize(arguments(base, course_folder, *more))
        with pytest.raises(SystemExit) as ended:
            app.start()
    finally:
        signal.signal(signal.SIGTERM, handler)
    shown = capfd.readouterr()
    return read(base, int(ended.value.code or 0), shown.out + shown.err)


def start(base: Path, course_folder: Path, *more: str) -> "subprocess.Popen[str]":
    """Grade it in a process of its own."""
    command = [sys.executable, "-m", "autograder.cli.submission", *arguments(base, course_folder, *more)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def read(base: Path, code: int, said: str) -> Answer:
    """The answer that is in `base`/out."""
    path = base / "out" / "results.json"
    return Answer(code, base / "out", said, json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {})
