"""The instructor's version of a notebook: what nbgrader holds to be it.

Grade, locked and task cells are as in the gradebook (instantiated autotests exist only there), solutions and unmarked
cells as in `source/`. Where the two disagree there is no version, but a `VersionError` that says what to do.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
from nbconvert.exporters.exporter import ResourcesDict
from nbconvert.preprocessors import ExecutePreprocessor
from nbformat import NotebookNode
from nbgrader.converters import GenerateAssignment
from nbgrader.coursedir import CourseDirectory
from nbgrader.preprocessors import IncludeHeaderFooter, InstantiateTests, SaveCells
from nbgrader.utils import is_grade, is_locked, is_solution, is_task
from traitlets.config import Config
from traitlets.utils.importstring import import_item

from autograder.submission.instructor import InstructorCell, Version
from autograder.submission.stored import Stored, VersionError, marked_id, notebooks, read_stored

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
    kept = stored.cells.get(grade_id) if grade_id else None
    return InstructorCell(
        grade_id=grade_id,
        cell_type=cell.cell_type,
        source=kept.source if kept and not is_solution(cell) else cell.metadata.get("autograder_source", cell.source),
        released=cell.source,
        grade=bool(is_grade(cell)),
        solution=bool(is_solution(cell)),
        locked=bool(is_locked(cell)),
        task=bool(is_task(cell)),
        points=stored.points.get(grade_id, 0.0) if grade_id else 0.0,
        checksum=kept.checksum if kept else None,
        tags=tuple(cell.metadata.get("tags", [])),
    )
