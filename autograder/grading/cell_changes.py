"""What a new version of an assignment changes in a gradebook that has submissions, and the change itself.

nbgrader refuses to add or remove cells once there are submissions. Here the rows of what is kept stay as they were:
points and comments given by hand, automatic scores, submissions. A new cell has no score yet; a renamed one keeps its
marks; what goes with a removed one is listed first (`lost`).
"""

import enum
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any

from nbformat import NotebookNode
from nbgrader import api
from nbgrader.api import Gradebook
from nbgrader.utils import is_grade, is_locked, is_solution, is_task

from autograder.grading.gradebook import Mark, read_marks
from autograder.notebooks.instructor_version import Stored, StoredCell, marked_id

_CELLS = {"grade": api.GradeCell, "solution": api.SolutionCell, "task": api.TaskCell}  # tables, by kind of cell
_GRADED, _COMMENTED = (
    ("grade", "task"),
    ("solution", "task"),
)  # which of them have a Grade, or a Comment, per submission


class ChangeKind(enum.StrEnum):
    """What becomes of a cell."""

    ADDED = "new"
    REMOVED = "removed"
    RENAMED = "renamed"
    POINTS = "other points"
    KIND = "another kind of cell"
    TEXT = "another text"


@dataclass(frozen=True)
class CellChange:
    """A change of one cell: its grade_id and points (None: a cell without) before and after; empty where it is not."""

    kind: ChangeKind
    notebook: str
    old: str
    new: str
    old_points: float | None = None
    new_points: float | None = None

    def __str__(self) -> str:
        """In words: "p1, test_add: 2 → 3 points"."""
        what = f"{self.notebook}, {self.old or self.new}"
        match self.kind:
            case ChangeKind.ADDED:
                return f"{what}: new{_in_brackets(self.new_points)}"
            case ChangeKind.REMOVED:
                return f"{what}: removed{_in_brackets(self.old_points)}"
            case ChangeKind.RENAMED:
                return f"{what} → {self.new}: renamed; its points and comments stay"
            case ChangeKind.POINTS:
                return f"{what}: {self.old_points:g} → {self.new_points:g} points"
            case _:
                return f"{what}: {self.kind}"


def stored(notebook: NotebookNode, assignment: str) -> Stored:
    """What nbgrader keeps in the gradebook of an instructor's notebook, as it is when its tests are still in it."""
    cells = {name: cell for cell in notebook.cells if (name := marked_id(cell)) is not None}
    kinds = {"grade": is_grade, "solution": is_solution, "task": is_task}
    return Stored(
        assignment=assignment,
        cells={
            name: StoredCell(cell.cell_type, cell.source, bool(is_locked(cell)), cell.metadata.nbgrader.get("checksum"))
            for name, cell in cells.items()
        },
        points={
            name: float(cell.metadata.nbgrader["points"])
            for name, cell in cells.items()
            if is_grade(cell) or is_task(cell)
        },
        kinds={kind: {name for name, cell in cells.items() if has(cell)} for kind, has in kinds.items()},
        kernelspec=dict(notebook.metadata.get("kernelspec", {})),
    )


def renames(old: Stored, new: Stored, before: Sequence[NotebookNode], after: Sequence[NotebookNode]) -> dict[str, str]:
    """Cells that have only another grade_id: the old one -> the new one.

    `before` and `after` are the released cells. A renamed cell is of the same kind, with the same text (hidden tests
    included), between the same cells. An answer has no text of its own: it also follows the same cell as before.
    """

    def tokens(cells: Sequence[NotebookNode], version: Stored) -> list[tuple[Any, ...]]:
        return [_token(cell, version, both) for cell in cells]

    both = old.cells.keys() & new.cells.keys()
    first, second = tokens(before, old), tokens(after, new)
    found = {}
    for block in SequenceMatcher(None, first, second, autojunk=False).get_matching_blocks():
        for a, b in zip(range(block.a, block.a + block.size), range(block.b, block.b + block.size), strict=True):
            name, other = marked_id(before[a]), marked_id(after[b])
            if name is None or other is None or name in both:
                continue
            follows = (first[a - 1] if a else None) == (second[b - 1] if b else None)
            if follows or name not in old.kinds["solution"]:
                found[name] = other
    return found


def _token(cell: NotebookNode, version: Stored, both: set[str]) -> tuple[Any, ...]:
    name = marked_id(cell)
    if name is None or name not in version.cells:
        return cell.cell_type, cell.source
    if name in both:
        return (name,)
    return cell.cell_type, version.cells[name].source, tuple(_kinds(version, name))


def _kinds(version: Stored, name: str) -> list[str]:
    return [kind for kind, names in version.kinds.items() if name in names]


@dataclass(frozen=True)
class Change:
    """A new version of an assignment: of each of its notebooks, what the gradebook is to have.

    `old` is what it has, `renamed` by notebook the grade_ids that change. A notebook that is only in `old` goes.
    """

    assignment: str
    old: Mapping[str, Stored]
    new: Mapping[str, Stored]
    renamed: Mapping[str, Mapping[str, str]]

    def cells(self) -> Iterator[CellChange]:
        """What it changes, cell by cell."""
        nothing = Stored(self.assignment, {}, {}, {kind: set() for kind in _CELLS}, {})
        for notebook in sorted({*self.old, *self.new}):
            old, new = self.old.get(notebook, nothing), self.new.get(notebook, nothing)
            names = self.renamed.get(notebook, {})
            for name in old.cells:
                other = names.get(name, name)
                if other not in new.cells:
                    yield CellChange(ChangeKind.REMOVED, notebook, name, "", old.points.get(name))
                    continue
                points = old.points.get(name), new.points.get(other)
                if other != name:
                    yield CellChange(ChangeKind.RENAMED, notebook, name, other, *points)
                if _kinds(old, name) != _kinds(new, other):
                    yield CellChange(ChangeKind.KIND, notebook, name, other, *points)
                elif points[0] != points[1]:
                    yield CellChange(ChangeKind.POINTS, notebook, name, other, *points)
                elif old.cells[name].source != new.cells[other].source:
                    yield CellChange(ChangeKind.TEXT, notebook, name, other, *points)
            for name in new.cells:
                if name not in old.cells and name not in names.values():
                    yield CellChange(ChangeKind.ADDED, notebook, "", name, None, new.points.get(name))

    def dropped(self, notebook: str) -> set[str]:
        """The grade_ids in the gradebook of which something goes: the whole cell, or one of its kinds."""
        old, new, names = self.old[notebook], self.new.get(notebook), self.renamed.get(notebook, {})
        return {
            name
            for name in old.cells
            if new is None
            or set(_kinds(old, name)) - set(_kinds(new, names.get(name, name)))
            or names.get(name, name) not in new.cells
        }

    def lost(self, gradebook: Gradebook) -> dict[str, list[Mark]]:
        """By student, the marks of cells that go, where there is anything in them."""
        dropped = {(notebook, name) for notebook in self.old for name in self.dropped(notebook)}
        found: dict[str, list[Mark]] = {}
        for submission in gradebook.assignment_submissions(self.assignment) if dropped else ():
            student = submission.student.id
            for key, mark in (read_marks(gradebook, self.assignment, student) or {}).items():
                if key in dropped and (mark.by_hand or mark.automatic is not None):
                    found.setdefault(student, []).append(mark)
        return found

    def apply(self, gradebook: Gradebook) -> None:
        """Make the change in the gradebook, all of it or nothing. The assignment is made where it is not there."""
        gradebook.update_or_create_assignment(self.assignment)
        try:
            self._apply(gradebook)
            gradebook.db.commit()
        except BaseException:
            gradebook.db.rollback()
            raise

    def _apply(self, gradebook: Gradebook) -> None:
        session, assignment = gradebook.db, gradebook.find_assignment(self.assignment)
        there = {notebook.name: notebook for notebook in assignment.notebooks}
        for name in self.old.keys() - self.new.keys():
            _update(session, there[name], Stored(self.assignment, {}, {}, {kind: set() for kind in _CELLS}, {}))
            session.query(api.SubmittedNotebook).filter_by(notebook_id=there[name].id).delete()
            session.delete(there[name])
        for name, version in self.new.items():
            notebook = there.get(name)
            if notebook is None:
                notebook = api.Notebook(name=name, assignment=assignment)
                session.add(notebook)
                for submission in assignment.submissions:
                    session.add(api.SubmittedNotebook(notebook=notebook, assignment=submission))
                session.flush()
            for old, new in self.renamed.get(name, {}).items():
                for table in (api.BaseCell, api.SourceCell):
                    session.query(table).filter_by(notebook_id=notebook.id, name=old).update({"name": new})
            session.expire_all()
            notebook.kernelspec = json.dumps(version.kernelspec)
            _update(session, notebook, version)


def _update(session: Any, notebook: Any, version: Stored) -> None:
    """Have the gradebook's rows of a notebook's cells be those of a version."""
    submitted = [one.id for one in session.query(api.SubmittedNotebook).filter_by(notebook_id=notebook.id)]
    for kind, table in _CELLS.items():
        there = {cell.name: cell for cell in session.query(table).filter_by(notebook_id=notebook.id)}
        for name in there.keys() - version.kinds[kind]:
            for marks in (api.Grade, api.Comment):
                session.query(marks).filter_by(cell_id=there[name].id).delete()
            session.delete(there[name])
        for name in version.kinds[kind]:
            is_new = name not in there
            cell = table(name=name, notebook_id=notebook.id) if is_new else there[name]
            if kind in _GRADED:
                if not is_new and cell.max_score != version.points[name]:
                    by_hand = session.query(api.Grade).filter_by(cell_id=cell.id).filter(api.Grade.manual_score != None)  # noqa: E711
                    by_hand.update({"needs_manual_grade": True})
                cell.max_score, cell.cell_type = version.points[name], version.cells[name].cell_type
            session.add(cell)
            session.flush()
            if is_new:
                tables = [*([api.Grade] if kind in _GRADED else []), *([api.Comment] if kind in _COMMENTED else [])]
                session.add_all(marks(cell_id=cell.id, notebook_id=one) for one in submitted for marks in tables)
    sources = {cell.name: cell for cell in session.query(api.SourceCell).filter_by(notebook_id=notebook.id)}
    for name in sources.keys() - version.cells.keys():
        session.delete(sources[name])
    for name, text in version.cells.items():
        row = sources.get(name) or api.SourceCell(name=name, notebook_id=notebook.id)
        row.cell_type, row.source, row.locked, row.checksum = text.cell_type, text.source, text.locked, text.checksum
        session.add(row)
    session.flush()


def _in_brackets(points: float | None) -> str:
    return "" if points is None else f" ({points:g} point{'' if points == 1 else 's'})"
