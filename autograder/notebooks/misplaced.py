"""What lies under `submitted/` where no submission does, and may be one: nbgrader would pass it over without a word.

Submissions lie in `submitted/<student>/<assignment>/`. A file or folder of another name or at another level is the
assignment's by its notebooks' grade_ids, else by its name; where neither tells, by its student lacking that folder.
"""

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from nbgrader.coursedir import CourseDirectory

from autograder.common.language import english
from autograder.common.text import printable
from autograder.notebooks.handed_in import is_text
from autograder.notebooks.known import KnownNotebook, notebook_by_ids
from autograder.notebooks.notebook_names import is_called_notebook, notebook_of
from autograder.notebooks.reading import Unreadable, read_notebook, read_regular
from autograder.notebooks.selection import MAX_READ, PASSED_OVER, files_below

ARCHIVES = (".zip", ".tar", ".gz", ".tgz", ".7z", ".rar")
_JUNK = ("Thumbs.db", "desktop.ini")
_LONGEST = 200  # characters of a path that are shown


@dataclass(frozen=True)
class Misplaced:
    """A file or folder that is not graded: whose it seems to be, its path in the course, why, and what to do."""

    student: str
    path: str
    why: str


def misplaced(coursedir: CourseDirectory, assignment: str, known: Sequence[KnownNotebook]) -> list[Misplaced]:
    """What may be a submission to the assignment, in order of its path. `known`: the notebooks of all assignments.

    Nothing is found in a course whose `directory_structure` is not step, student, assignment.
    """
    if Path(coursedir.directory_structure).parts[-3:] != ("{nbgrader_step}", "{student_id}", "{assignment_id}"):
        return []
    top = Path(coursedir.format_path(coursedir.submitted_directory, "x", "x")).parent.parent
    return list(_Search(coursedir, top, assignment, known).found())


class _Search:
    def __init__(self, coursedir: CourseDirectory, top: Path, assignment: str, known: Sequence[KnownNotebook]) -> None:
        self._top = top
        self._assignment = assignment
        self._known = known
        self._home = f"{coursedir.submitted_directory}/<student>/{assignment}/"
        self._assignments = {one.assignment for one in known} | _folders(coursedir)
        self._step = str(coursedir.submitted_directory)

    def found(self) -> Iterator[Misplaced]:
        if not self._top.is_dir():
            return
        for entry in _entries(self._top):
            student = printable(entry.name, _LONGEST)
            if not entry.is_dir():
                if self._is_ours(Path(entry.path)):
                    yield self._one(student, entry.path, f"not in a student's folder: {self._where(entry.name)}")
                continue
            try:
                inside = _entries(Path(entry.path))
            except OSError as error:
                yield self._one(student, entry.path, f"it can't be read: {error.strerror}")
                continue
            if not is_text(entry.name):
                yield self._one(student, entry.path, "its name is not UTF-8: rename it to the student's id")
            elif entry.name in self._assignments:
                yield from self._swapped(inside)
            else:
                yield from self._of_student(student, entry.path, inside)

    def _of_student(self, student: str, path: str, inside: "list[os.DirEntry[str]]") -> Iterator[Misplaced]:
        proper = {entry.name for entry in inside if entry.name in self._assignments and entry.is_dir()}
        others = [entry for entry in inside if entry.name not in proper]
        owners = {entry.name: self._owner(entry) for entry in others}
        lacking = self._assignment not in proper
        found = [
            self._one(student, entry.path, why)
            for entry in others
            if (why := self._why(entry, owners[entry.name], lacking=lacking))
        ]
        if not found and not proper and not any(owners.values()):
            names = ", ".join(printable(entry.name, _LONGEST) for entry in inside[:5])
            there = f"there is only {names}" if names else "it is empty"
            found = [
                self._one(student, path, f"it contains no submission: {there}; submissions belong in {self._home}")
            ]
        yield from found

    def _owner(self, entry: "os.DirEntry[str]") -> str | None:
        """The assignment whose an entry of a student's folder is, as far as its name or what is in it tells."""
        if called := notebook_of(f"{entry.name}.ipynb", sorted(self._assignments)):
            return called[0]
        files = _readable(Path(entry.path), []) if entry.is_dir() else [Path(entry.path)]
        owners = [owner for file in files if (owner := self._assignment_of(file))]
        return self._assignment if self._assignment in owners else owners[0] if owners else None

    def _why(self, entry: "os.DirEntry[str]", owner: str | None, *, lacking: bool) -> str:
        """Why an entry of a student's folder is listed; empty where it is not this assignment's."""
        if owner != self._assignment and (owner is not None or not lacking):
            return ""
        path = Path(entry.path)
        if not entry.is_dir():
            known = owner is not None or _may_be_handed_in(path)
            return english("not in the assignment's folder: %(where)s", where=self._where(entry.name)) if known else ""
        if owner and notebook_of(f"{entry.name}.ipynb", [owner]):
            return english("its name is not %(assignment)s: rename it", assignment=self._assignment)
        problems: list[str] = []
        for file in _readable(path, problems):
            if self._assignment_of(file) == owner:
                name = printable(file.relative_to(path).as_posix(), _LONGEST)
                return english(
                    "it has %(file)s and is not an assignment's folder: %(where)s",
                    file=name,
                    where=self._where(name),
                )
        return "; ".join(problems)

    def _swapped(self, inside: "list[os.DirEntry[str]]") -> Iterator[Misplaced]:
        """What is in a folder of `submitted/` that is called like an assignment."""
        for entry in inside:
            path = Path(entry.path)
            files = _readable(path, []) if entry.is_dir() else [path]
            if any(self._is_ours(file) for file in files):
                student = printable(entry.name, _LONGEST)
                why = english("student and assignment are swapped: %(where)s", where=self._where(entry.name))
                yield self._one(student, entry.path, why)

    def _is_ours(self, path: Path) -> bool:
        """Whether a file in no student's folder may be handed in for this assignment."""
        return _may_be_handed_in(path) and self._assignment_of(path) in (self._assignment, None)

    def _assignment_of(self, path: Path) -> str | None:
        """The assignment of a notebook, by its grade_ids, else by its name; None for another file."""
        if not is_called_notebook(path.name):
            return None
        try:
            ids = {cell.grade_id for cell in read_notebook(read_regular(path)).cells}
        except Unreadable:
            ids = set()
        if found := notebook_by_ids(ids, self._known):
            return found.assignment
        names = {one.notebook: one.assignment for one in self._known}
        names |= {one.notebook: one.assignment for one in self._known if one.assignment == self._assignment}
        called = notebook_of(path.name, sorted(names))
        return names[called[0]] if called else None

    def _where(self, name: str) -> str:
        if name.lower().endswith(ARCHIVES):
            return english("unpack it into %(folder)s, or give it to `autograder collect`", folder=self._home)
        return english("submissions belong in %(folder)s", folder=self._home)

    def _one(self, student: str, path: str, why: str) -> Misplaced:
        return Misplaced(student, self._shown(path), why)

    def _shown(self, path: str) -> str:
        return printable(f"{self._step}/{Path(path).relative_to(self._top).as_posix()}", _LONGEST)


def _entries(folder: Path) -> "list[os.DirEntry[str]]":
    with os.scandir(folder) as found:
        entries = sorted(found, key=lambda entry: entry.name)
    return [entry for entry in entries if not PASSED_OVER.match(entry.name) and entry.name not in _JUNK]


def _readable(folder: Path, problems: list[str]) -> list[Path]:
    """Files below a folder that may be handed in."""
    return list(filter(_may_be_handed_in, files_below(folder, problems)))[:MAX_READ]


def _may_be_handed_in(path: Path) -> bool:
    return is_called_notebook(path.name) or path.name.lower().endswith(ARCHIVES)


def _folders(coursedir: CourseDirectory) -> set[str]:
    """The names of assignments that have a folder in `source/` or `release/`."""
    found: set[str] = set()
    for step in (coursedir.source_directory, coursedir.release_directory):
        folder = Path(coursedir.format_path(step, ".", "x")).parent
        if folder.is_dir():
            found |= {path.name for path in folder.iterdir() if path.is_dir()}
    return found
