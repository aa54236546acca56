"""Notebooks to damage, and what must hold of each after it was mended."""

import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path

import damage
import nbformat
import submission_courses
from nbformat import NotebookNode
from nbgrader.coursedir import CourseDirectory
from nbgrader.preprocessors import (
    CheckCellMetadata,
    ClearOutput,
    DeduplicateIds,
    OverwriteCells,
    OverwriteKernelspec,
)
from traitlets.log import get_logger

from autograder.notebooks.cell_text import dependencies, key
from autograder.notebooks.instructor_version import Version, read_version
from autograder.notebooks.mending import Mended, mend
from autograder.notebooks.ordering import is_fixed


@dataclass(frozen=True)
class Subject:
    """A notebook to damage: the instructor's version, and a submission that answers everything."""

    coursedir: CourseDirectory
    version: Version
    solved: NotebookNode

    def damaged(self, kind: str) -> Mended:
        """What becomes of it."""
        return mend(damage.DAMAGES[kind](self.solved), self.version)


def foundations(folder: Path) -> Subject:
    """The largest notebook of our own course."""
    coursedir, config = submission_courses.foundations(folder)
    return _subject(coursedir, read_version(coursedir, "foundations", "foundations", config))


def quickstart(folder: Path, notebook: str, *, autotest: bool = False) -> Subject:
    """A notebook of nbgrader's quickstart course."""
    coursedir, config = submission_courses.quickstart(folder, autotest=autotest)
    return _subject(coursedir, read_version(coursedir, "ps1", notebook, config))


def _subject(coursedir: CourseDirectory, version: Version) -> Subject:
    return Subject(coursedir, version, submission_courses.solved(coursedir, version))


def assert_mended(subject: Subject, kind: str) -> None:
    """All that mending promises, for one kind of damage to one notebook."""
    mended = subject.damaged(kind)
    assert_marked_cells_are_as_nbgrader_expects(subject, mended)
    assert_answers_are_whole(subject, kind, mended)
    assert_order_of_instructors_code(subject, mended)
    assert bool(mended.mends) == (kind not in damage.HARMLESS), "what was put right is told, and nothing else"
    assert all(mend.cell and mend.what and mend.to_student for mend in mended.mends), "it is told to both"
    assert_nothing_is_left_to_mend(subject, mended)
    assert_nbgrader_takes_it(subject, mended)


def marked(notebook: NotebookNode) -> dict[str, NotebookNode]:
    """The cells that nbgrader knows, by grade_id."""
    cells = [cell for cell in notebook.cells if "nbgrader" in cell.metadata]
    result = {cell.metadata.nbgrader.grade_id: cell for cell in cells}
    assert len(result) == len(cells), "a cell appears twice"
    return result


def assert_marked_cells_are_as_nbgrader_expects(subject: Subject, mended: Mended) -> None:
    """Each cell of the instructor's is there once, with its metadata, and with its text where that is not an answer."""
    nbformat.validate(mended.notebook)
    assert (mended.notebook.nbformat, mended.notebook.nbformat_minor) == (4, 5)
    cells = marked(mended.notebook)
    wanted = {cell.grade_id: cell for cell in subject.version.cells if cell.grade_id}
    assert cells.keys() == wanted.keys()
    for grade_id, cell in cells.items():
        instructor = wanted[grade_id]
        assert cell.cell_type == instructor.cell_type
        assert cell.metadata.keys() == {"autograder", "nbgrader"}
        assert subject.version.cells[cell.metadata.autograder["position"]] is instructor
        if not instructor.solution:
            assert cell.source == instructor.released


def assert_answers_are_whole(subject: Subject, kind: str, mended: Mended) -> None:
    """No line of an answer is lost."""
    cells = marked(mended.notebook)
    for node in damage.solutions(subject.solved):
        grade_id, answer = node.metadata.nbgrader.grade_id, node.source
        if kind in damage.SPLIT:
            everything = "\n".join(cell.source for cell in mended.notebook.cells)
            assert all(line in everything for line in answer.split("\n")), grade_id
        elif kind in damage.MERGED:
            assert key(answer) in key(cells[grade_id].source), grade_id
        else:
            assert key(cells[grade_id].source) == key(answer), grade_id


def assert_order_of_instructors_code(subject: Subject, mended: Mended) -> None:
    """It runs after what it needs."""
    order = [cell.metadata.autograder["position"] for cell in mended.notebook.cells if "autograder" in cell.metadata]
    index = {position: number for number, position in enumerate(order)}
    for position, needed in enumerate(dependencies(subject.version)):
        for other in needed:
            if is_fixed(subject.version.cells[position]):
                assert index[other] < index[position]


def assert_nothing_is_left_to_mend(subject: Subject, mended: Mended) -> None:
    """Mended once more, it stays as it is."""
    again = mend(json.dumps(mended.notebook).encode(), subject.version)
    assert again.mends == ()
    assert again.notebook == mended.notebook


def assert_nbgrader_takes_it(subject: Subject, mended: Mended) -> None:
    """nbgrader's own preprocessors have nothing to complain about, and put the hidden tests back."""
    notebook = deepcopy(mended.notebook)
    names = {"assignment": subject.version.assignment, "notebook": subject.version.notebook}
    resources = {"nbgrader": {**names, "db_url": subject.coursedir.db_url}}
    with _complaints() as messages:
        for preprocessor in (ClearOutput, DeduplicateIds, OverwriteKernelspec, OverwriteCells, CheckCellMetadata):
            notebook, resources = preprocessor()(notebook, resources)
    hidden = {cell.grade_id for cell in subject.version.cells if cell.locked and cell.source != cell.released}
    # nbgrader itself says so of every honest submission: it puts the hidden tests back.
    expected = [m for m in messages if m.startswith("Attribute 'checksum' for cell ")]
    assert {message.split()[4] for message in expected} == hidden
    assert expected == messages
    sources = {cell.grade_id: cell.source for cell in subject.version.cells if cell.locked}
    overwritten = marked(notebook)
    assert {grade_id: overwritten[grade_id].source for grade_id in sources} == sources


class _Handler(logging.Handler):
    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.messages: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.messages.append(record.getMessage())


@contextmanager
def _complaints() -> Iterator[list[str]]:
    """What nbgrader logs within, from warnings up."""
    handler = _Handler()
    get_logger().addHandler(handler)
    try:
        yield handler.messages
    finally:
        get_logger().removeHandler(handler)
