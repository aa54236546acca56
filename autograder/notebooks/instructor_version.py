"""The instructor's version of a notebook: what nbgrader holds to be it.

Grade, locked and task cells are as in the gradebook (instantiated autotests exist only there), solutions and unmarked
cells as in `source/`. Where the two disagree there is no version, but a `VersionError` that says what to do.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat
from nbconvert.exporters.exporter import ResourcesDict
from nbconvert.preprocessors import ExecutePreprocessor
from nbformat import NotebookNode
from nbgrader.api import Gradebook, MissingEntry
from nbgrader.converters import GenerateAssignment
from nbgrader.coursedir import CourseDirectory
from nbgrader.preprocessors import IncludeHeaderFooter, InstantiateTests, SaveCells
from nbgrader.utils import is_grade, is_locked, is_solution, is_task
from sqlalchemy.engine import make_url
from traitlets.config import Config
from traitlets.utils.importstring import import_item

from autograder.common.errors import AutograderError
from autograder.notebooks.instructor import InstructorCell, Version


class VersionError(AutograderError):
    """There is no instructor's version to grade against; the message says why, and what to do."""


@dataclass(frozen=True)
class StoredCell:
    """A marked cell, as the gradebook has it."""

    cell_type: str
    source: str
    locked: bool
    checksum: str | None


@dataclass(frozen=True)
class Stored:
    """What the gradebook has of a notebook: marked cells and points by grade_id, grade_ids by kind of cell."""

    assignment: str
    cells: dict[str, StoredCell]
    points: dict[str, float]
    kinds: dict[str, set[str]]
    kernelspec: dict[str, Any]

    def replace(self, node: NotebookNode, autotest: str) -> None:
        """Give each marked cell of `node`, which is from `source/`, the gradebook's text.

        Raises VersionError where the two disagree.

        They agree if they have the same marked cells, of the same kinds, types and points, with the same text; a line
        that asks for an autotest stands for the tests that were made of it. `autotest`: what such a line contains.
        """
        seen = set()
        for cell in node.cells:
            if (grade_id := marked_id(cell)) is None:
                continue
            seen.add(grade_id)
            if grade_id not in self.cells:
                raise self._differs(grade_id, "is in source/ but not in the gradebook")
            stored = self.cells[grade_id]
            for name, has in (("grade", is_grade(cell)), ("solution", is_solution(cell)), ("task", is_task(cell))):
                if bool(has) != (grade_id in self.kinds[name]):
                    raise self._differs(grade_id, f"is a {name} cell in {'source/' if has else 'the gradebook'} only")
            points = float(cell.metadata.nbgrader.get("points", 0))
            if (is_grade(cell) or is_task(cell)) and points != self.points[grade_id]:
                raise self._differs(grade_id, f"has {points:g} points in source/, {self.points[grade_id]:g} there")
            if (cell.cell_type, bool(is_locked(cell))) != (stored.cell_type, stored.locked):
                raise self._differs(grade_id, "has another type, or is locked in only one of the two")
            if not is_solution(cell) and not _same_text(cell.source, stored.source, autotest):
                raise self._differs(grade_id, f"has another text: {_first_difference(cell.source, stored.source)}")
            cell.source = stored.source
        for grade_id in self.cells.keys() - seen:
            raise self._differs(grade_id, "is in the gradebook but not in source/")

    def _differs(self, grade_id: str, what: str) -> VersionError:
        return VersionError(
            f'{self.assignment}, cell "{grade_id}": source/ and the gradebook disagree; the cell {what}. Undo the '
            f"change in source/, or run `autograder generate {self.assignment}` to make it count (with "
            "--dry-run first, to see what that changes for submissions that are graded)."
        )


def notebooks(coursedir: CourseDirectory, assignment: str) -> list[str]:
    """The names of the assignment's notebooks, as the gradebook knows them."""
    with existing_gradebook(coursedir, assignment) as gradebook:
        try:
            return sorted(notebook.name for notebook in gradebook.find_assignment(assignment).notebooks)
        except MissingEntry:
            raise VersionError(_not_generated(assignment)) from None


def nothing_graded(coursedir: CourseDirectory, assignment: str) -> str:
    """Says so, for people, if the gradebook has the assignment's notebooks and none has a cell to grade; else empty."""
    with existing_gradebook(coursedir, assignment) as gradebook:
        try:
            found = gradebook.find_assignment(assignment).notebooks
        except MissingEntry:
            raise VersionError(_not_generated(assignment)) from None
        if not found or any(notebook.grade_cells or notebook.task_cells for notebook in found):
            return ""
    return f"{assignment}: nothing in it is graded. It has no grade cells, so students have nothing to submit."


def read_stored(coursedir: CourseDirectory, assignment: str, name: str) -> Stored:
    """Read what the gradebook has of the notebook `name`. Raises VersionError where it does not know it."""
    with existing_gradebook(coursedir, assignment) as gradebook:
        try:
            notebook = gradebook.find_notebook(name, assignment)
        except MissingEntry:
            raise VersionError(f"Notebook {name}: {_not_generated(assignment)}") from None
        return Stored(
            assignment=assignment,
            cells={
                cell.name: StoredCell(cell.cell_type, cell.source or "", bool(cell.locked), cell.checksum)
                for cell in notebook.source_cells
            },
            points={cell.name: float(cell.max_score) for cell in [*notebook.grade_cells, *notebook.task_cells]},
            kinds={
                "grade": {cell.name for cell in notebook.grade_cells},
                "solution": {cell.name for cell in notebook.solution_cells},
                "task": {cell.name for cell in notebook.task_cells},
            },
            kernelspec=json.loads(notebook.kernelspec or "{}") or {},
        )


def marked_id(cell: NotebookNode) -> str | None:
    """The id of a cell that nbgrader keeps in the gradebook; None for any other."""
    if is_grade(cell) or is_solution(cell) or is_locked(cell) or is_task(cell):
        return str(cell.metadata.nbgrader.grade_id)
    return None


@contextmanager
def existing_gradebook(coursedir: CourseDirectory, assignment: str) -> Iterator[Any]:
    """The course's gradebook. Raises VersionError where there is none."""
    url = make_url(coursedir.db_url)
    if url.drivername.startswith("sqlite") and url.database and not Path(url.database).is_file():
        # nbgrader would make an empty one.
        raise VersionError(f"There is no gradebook at {url.database}. {_not_generated(assignment)}")
    with Gradebook(coursedir.db_url, coursedir.course_id) as gradebook:
        yield gradebook


def _not_generated(assignment: str) -> str:
    return (
        f"{assignment}: the gradebook does not know this assignment. Check its name, and run "
        f"`autograder generate {assignment}`."
    )


def _same_text(written: str, stored: str, autotest: str) -> bool:
    """Whether the gradebook's text is what is written in `source/`, with each autotest line replaced by its tests."""
    lines = written.split("\n")
    plain = [line for line in lines if not (autotest in line and line.lstrip().startswith("#"))]
    if len(plain) == len(lines):
        return written == stored
    rest = iter(stored.split("\n"))
    return all(line in rest for line in plain)


def _first_difference(written: str, stored: str) -> str:
    lines, others = [*written.split("\n"), "(the end)"], [*stored.split("\n"), "(the end)"]
    number = next((n for n, (a, b) in enumerate(zip(lines, others, strict=False)) if a != b), 0)
    return f"line {number + 1} is {lines[number]!r} in source/ and {others[number]!r} in the gradebook"


__all__ = ["InstructorCell", "Version", "VersionError", "notebooks", "read_version"]


def read_version(coursedir: CourseDirectory, assignment: str, notebook: str, config: Config) -> Version:
    """Read the instructor's version from the course's `source/` and gradebook, as its configuration says.

    Raises VersionError where one of them is missing, or where they disagree. Runs no cell.
    """
    folder = Path(coursedir.format_path(coursedir.source_directory, ".", assignment))
    path = folder / f"{notebook}.ipynb"
    stored = read_stored(coursedir, assignment, notebook)
    if not path.is_file():
        raise VersionError(
            f"{assignment}: there is no {path}, which holds the reference solution. Put the instructor's notebook "
            "back there; the gradebook alone does not have it."
        )
    try:
        node = nbformat.read(path, as_version=4)
        resources = ResourcesDict(
            unique_key=notebook,
            metadata={"name": notebook, "path": str(folder)},
            nbgrader={"student": ".", "assignment": assignment, "notebook": notebook, "db_url": coursedir.db_url},
        )
        for step in _steps(coursedir, config):
            if isinstance(step, SaveCells):
                stored.replace(node, _autotest(config))
            else:
                node, resources = step(node, resources)
            if isinstance(step, IncludeHeaderFooter):
                for cell in node.cells:
                    cell.metadata["autograder_source"] = cell.source
    except VersionError:
        raise
    except Exception as error:
        raise VersionError(f"{assignment}: the students' version of {path} can't be made from it: {error}") from error
    cells = tuple(_instructor_cell(cell, stored) for cell in node.cells)
    metadata = {key: node.metadata[key] for key in ("kernelspec", "language_info") if node.metadata.get(key)}
    if stored.kernelspec:
        metadata["kernelspec"] = stored.kernelspec
    return Version(assignment, notebook, cells, json.loads(json.dumps(metadata)))


def _steps(coursedir: CourseDirectory, config: Config) -> Iterator[Any]:
    """What `nbgrader generate_assignment` does to a notebook, but for what runs its cells; SaveCells marks the place.

    The header's and footer's paths are relative to the course's root.
    """
    for name in GenerateAssignment(coursedir=coursedir, config=config).preprocessors:
        step = (import_item(name) if isinstance(name, str) else name)(config=config)
        if isinstance(step, IncludeHeaderFooter):
            step.header = str(Path(coursedir.root, step.header)) if step.header else ""
            step.footer = str(Path(coursedir.root, step.footer)) if step.footer else ""
        if not isinstance(step, (InstantiateTests, ExecutePreprocessor)):
            yield step


def _autotest(config: Config) -> str:
    return str(InstantiateTests(config=config).autotest_delimiter)


def _instructor_cell(cell: NotebookNode, stored: Stored) -> InstructorCell:
    grade_id = marked_id(cell)
    marked = stored.cells.get(grade_id) if grade_id else None
    return InstructorCell(
        grade_id=grade_id,
        cell_type=cell.cell_type,
        source=marked.source
        if marked and not is_solution(cell)
        else cell.metadata.get("autograder_source", cell.source),
        released=cell.source,
        grade=bool(is_grade(cell)),
        solution=bool(is_solution(cell)),
        locked=bool(is_locked(cell)),
        task=bool(is_task(cell)),
        points=stored.points.get(grade_id, 0.0) if grade_id else 0.0,
        checksum=marked.checksum if marked else None,
        tags=tuple(cell.metadata.get("tags", [])),
    )
