"""The attacks that grading has to withstand: submissions in which nothing is solved, each made hostile in its way.

    kernel     the kernel's machinery          objects    values that lie
    cells      metadata and structure          reading    what must not be read
    files      imports and files               outliving  what stays after the run
    names      names the tests use             network    others on this machine
    messages   forged messages, a forged wire  breaking   the examiner and the machine
    models     Keras models

`python tests/support/attacks/table.py` prints the table of docs/attacks.md from what was measured last.
"""

import importlib
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import nbformat
import tiny_course
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell

MODULES = "kernel cells files names messages objects reading outliving network breaking models".split()
GROUPS = {
    "kernel": "kernel machinery",
    "cells": "cells and metadata",
    "files": "imports and files",
    "names": "rebinding names",
    "messages": "forged messages",
    "objects": "lying objects",
    "reading": "reading what is hidden",
    "outliving": "outliving the run",
    "network": "network and other processes",
    "breaking": "breaking the examiner and the machine",
    "models": "models and weights",
}


@dataclass
class Submission:
    """What an attack makes hostile: a released notebook, and a student's folder."""

    notebook: NotebookNode
    folder: Path  # the student's, where the notebook will be
    course: Path
    outside: Path  # a folder of the grader's that must stay as it is
    port: int  # where a listener waits that must not be reached
    files: dict[str, bytes] = field(default_factory=dict)  # what is handed in beside the notebook

    def cell(self, grade_id: str) -> NotebookNode:
        """The first cell of that grade_id."""
        return tiny_course.cell_of(self.notebook, grade_id)

    def code(self, source: str, grade_id: str = "total") -> None:
        """Put code into a solution cell; `{course}`, `{outside}`, `{port}` and `{marker}` stand for what they say."""
        for name, value in self.places().items():
            source = source.replace(f"{{{name}}}", value)
        self.cell(grade_id).source = source.strip("\n")

    def append(self, source: str) -> None:
        """Put a cell of the student's own at the end."""
        self.notebook.cells.append(new_code_cell(source))

    def places(self) -> dict[str, str]:
        """Where things are, for the texts of attacks."""
        return {
            "course": str(self.course),
            "outside": str(self.outside),
            "port": str(self.port),
            "marker": self.folder.parent.name,
        }

    def write(self) -> None:
        """Hand it in."""
        self.folder.mkdir(parents=True, exist_ok=True)
        for name, content in self.files.items():
            path = self.folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        path = self.folder / f"{self.folder.name}.ipynb"
        if not path.exists() and not path.is_symlink():
            nbformat.write(self.notebook, path)


@dataclass(frozen=True)
class Attack:
    """One attack; its summary is what it does, in a line."""

    name: str
    group: str
    summary: str
    make: Callable[[Submission], None]
    assignment: str
    dangerous: bool  # to the machine or its other users, where there is no sandbox
    ours: bool  # it is against parts that only this engine has


ATTACKS: list[Attack] = []


def attack(
    *, dangerous: bool = False, ours: bool = False
) -> Callable[[Callable[[Submission], None]], Callable[[Submission], None]]:
    """Put a function into the catalogue."""

    def put(make: Callable[[Submission], None]) -> Callable[[Submission], None]:
        group = make.__module__.rpartition(".")[2]
        summary = " ".join((make.__doc__ or "").split()).rstrip(".")
        name = make.__name__
        assignment = "model" if group == "models" else "numbers"
        ATTACKS.append(Attack(name, group, summary, make, assignment, dangerous, ours))
        return make

    return put


def catalogue() -> list[Attack]:
    """All attacks, group by group, whichever of their modules was imported first."""
    for name in MODULES:
        importlib.import_module(f"{__name__}.{name}")
    return sorted(ATTACKS, key=lambda each: MODULES.index(each.group))
