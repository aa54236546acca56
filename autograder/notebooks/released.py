"""The released notebooks of a course, which is all that a student has of it: as versions to hold a notebook against."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import nbformat
from nbgrader.coursedir import CourseDirectory
from nbgrader.utils import is_grade, is_locked, is_solution, is_task

from autograder.common.errors import AutograderError
from autograder.common.language import english
from autograder.notebooks.identification import SHARE, CellSet
from autograder.notebooks.instructor import InstructorCell, Version
from autograder.notebooks.instructor_version import marked_id
from autograder.notebooks.reading import read_notebook


class NotReleased(AutograderError):
    """There is no released notebook to hold a file against; the message says why, and what to do."""


@dataclass(frozen=True)
class Released:
    """A released notebook: its file, and what it is called."""

    assignment: str
    name: str
    path: Path

    @cached_property
    def version(self) -> Version:
        """The instructor's version as far as it is released: without hidden tests and solutions. Raises NotReleased."""
        try:
            node = nbformat.read(self.path, as_version=4)
        except (OSError, ValueError, nbformat.ValidationError) as error:
            text = english(
                "the released notebook %(file)s can't be read (%(problem)s): release it again",
                file=self.path,
                problem=error,
            )
            raise NotReleased(text) from error
        kinds = ("kernelspec", "language_info")
        metadata = {kind: dict(node.metadata[kind]) for kind in kinds if node.metadata.get(kind)}
        return Version(self.assignment, self.name, tuple(map(_cell, node.cells)), metadata)


def released(coursedir: CourseDirectory) -> list[Released]:
    """The released notebooks of the course, or of the assignment that `--assignment` names.

    Raises NotReleased where there are none.
    """
    folder = Path(coursedir.format_path(coursedir.release_directory, ".", "*")).parent
    wanted = coursedir.assignment_id
    names = [wanted] if wanted else sorted(path.name for path in folder.glob("*") if path.is_dir())
    found = [
        Released(name, path.stem, path)
        for name in names
        for path in sorted(Path(coursedir.format_path(coursedir.release_directory, ".", name)).glob("*.ipynb"))
    ]
    if not found:
        if wanted:
            text = english(
                "there is no released notebook of %(assignment)s in %(folder)s to check against: run this in the "
                "course folder, or name it with --course-dir FOLDER",
                assignment=wanted,
                folder=folder,
            )
        else:
            text = english(
                "there is no released notebook in %(folder)s to check against: run this in the course folder, or name "
                "it with --course-dir FOLDER",
                folder=folder,
            )
        raise NotReleased(text)
    return found


def origin(raw: bytes, name: str, known: list[Released]) -> Released:
    """Which of the `known` notebooks a file began as, of which `raw` is the content and `name` is without suffix.

    It is the one with the greatest share of its cells in the file (`CellSet.share_of`), if that is at least `SHARE`;
    else the one of that name. Raises NotReleased where there is none, and Unreadable where the file is no notebook.
    """
    cells = CellSet.of(read_notebook(raw).cells)
    shares = {id(one): cells.share_of(one.version) for one in known}
    best = max(known, key=lambda one: (shares[id(one)], one.name == name))
    if shares[id(best)] >= SHARE:
        return best
    named = [one for one in known if one.name == name]
    if len(named) == 1:
        return named[0]
    there = ", ".join(f"{one.assignment}/{one.name}.ipynb" for one in known)
    raise NotReleased(
        english(
            "it matches none of the released notebooks (%(notebooks)s), neither by its cells nor by its name",
            notebooks=there,
        )
    )


def _cell(cell: Any) -> InstructorCell:
    marks = cell.metadata.get("nbgrader", {})
    return InstructorCell(
        grade_id=marked_id(cell),
        cell_type=cell.cell_type,
        source=cell.source,
        released=cell.source,
        grade=bool(is_grade(cell)),
        solution=bool(is_solution(cell)),
        locked=bool(is_locked(cell)),
        task=bool(is_task(cell)),
        points=float(marks.get("points", 0.0)),
        checksum=marks.get("checksum"),
        tags=tuple(cell.metadata.get("tags", [])),
    )
