"""Mending: every damage of the catalogue, on our foundations and on nbgrader's quickstart."""

import json
import logging
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass

import damage
import nbformat
import pytest
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

from autograder.submission.mend import Mended, mend
from autograder.submission.order import is_fixed
from autograder.submission.text import key, needs
from autograder.submission.version import InstructorCell, Version, read_version


@dataclass(frozen=True)
class Subject:
    """A notebook to damage: the instructor's version, and a submission that answers everything."""

    coursedir: CourseDirectory
    version: Version
    solved: NotebookNode

    def file(self) -> bytes:
        return json.dumps(self.solved).encode()


@pytest.fixture(scope="session")
def subjects(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Subject]:
    courses = {
        "foundations": submission_courses.foundations(tmp_path_factory.mktemp("foundations")),
        "ps1": submission_courses.quickstart(tmp_path_factory.mktemp("quickstart")),
        "autotest": submission_courses.quickstart(tmp_path_factory.mktemp("autotest"), autotest=True),
    }
    result = {}
    for name, course, assignment, notebook in (
        ("foundations", "foundations", "foundations", "foundations"),
        ("problem1", "ps1", "ps1", "problem1"),
        ("problem2", "ps1", "ps1", "problem2"),
        ("autotest", "autotest", "ps1", "problem1"),
    ):
        coursedir, config = courses[course]
        version = read_version(coursedir, assignment, notebook, config)
        result[name] = Subject(coursedir, version, submission_courses.solved(coursedir, version))
    return result


@pytest.fixture(params=["foundations", "problem1", "problem2", "autotest"])
def subject(subjects: dict[str, Subject], request: pytest.FixtureRequest) -> Subject:
    return subjects[request.param]


def marked(mended: Mended) -> dict[str, NotebookNode]:
    cells = [cell for cell in mended.notebook.cells if "nbgrader" in cell.metadata]
    result = {cell.metadata.nbgrader.grade_id: cell for cell in cells}
    assert len(result) == len(cells), "a cell stands there twice"
    return result


def intact(subject: Subject) -> dict[str, str]:
    return {cell.metadata.nbgrader.grade_id: cell.source for cell in damage.solutions(subject.solved)}


@pytest.fixture(params=sorted(damage.DAMAGES))
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def mended(subject: Subject, kind: str, memory: dict[tuple[int, str], Mended]) -> Mended:
    """What becomes of the damaged notebook; made once for all tests, which must not change it."""
    if (id(subject), kind) not in memory:
        memory[id(subject), kind] = mend(damage.DAMAGES[kind](subject.solved), subject.version)
    return memory[id(subject), kind]


@pytest.fixture(scope="session")
def memory() -> dict[tuple[int, str], Mended]:
    return {}


def test_an_untouched_notebook_is_only_stripped_of_outputs(subject: Subject) -> None:
    mended = mend(json.dumps(subject.solved).encode(), subject.version)
    assert mended.mends == ()
    assert [cell.source for cell in mended.notebook.cells] == [cell.source for cell in subject.solved.cells]


def test_every_marked_cell_stands_once_as_nbgrader_expects_it(subject: Subject, mended: Mended) -> None:
    nbformat.validate(mended.notebook)
    assert (mended.notebook.nbformat, mended.notebook.nbformat_minor) == (4, 5)
    cells = marked(mended)
    wanted = {cell.grade_id: cell for cell in subject.version.cells if cell.grade_id}
    assert cells.keys() == wanted.keys()
    for grade_id, cell in cells.items():
        instructor: InstructorCell = wanted[grade_id]
        assert cell.cell_type == instructor.cell_type
        assert cell.metadata.keys() == {"autograder", "nbgrader"}
        assert subject.version.cells[cell.metadata.autograder["position"]] is instructor
        if not instructor.solution:
            assert cell.source == instructor.released


def test_every_answer_is_whole(subject: Subject, kind: str, mended: Mended) -> None:
    cells = marked(mended)
    for grade_id, answer in intact(subject).items():
        if kind in damage.SPLIT:
            everything = "\n".join(cell.source for cell in mended.notebook.cells)
            assert all(line in everything for line in answer.split("\n"))
        elif kind in damage.MERGED:
            assert key(answer) in key(cells[grade_id].source)
        else:
            assert key(cells[grade_id].source) == key(answer)


def test_instructors_code_runs_after_what_it_needs_and_before_what_needs_it(subject: Subject, mended: Mended) -> None:
    order = [cell.metadata.autograder["position"] for cell in mended.notebook.cells if "autograder" in cell.metadata]
    index = {position: number for number, position in enumerate(order)}
    for position, needed in enumerate(needs(subject.version)):
        for other in needed:
            if is_fixed(subject.version.cells[position]):
                assert index[other] < index[position]


def test_what_was_put_right_is_told_to_both(kind: str, mended: Mended) -> None:
    assert bool(mended.mends) == (kind not in damage.HARMLESS)
    assert all(mend.cell and mend.what and mend.to_student for mend in mended.mends)


def test_a_mended_notebook_needs_no_more_mending(subject: Subject, mended: Mended) -> None:
    again = mend(json.dumps(mended.notebook).encode(), subject.version)
    assert again.mends == ()
    assert again.notebook == mended.notebook


class Complaints(logging.Handler):
    """Keeps what nbgrader logs from warnings up."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.messages: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.messages.append(record.getMessage())


@pytest.fixture
def complaints() -> Iterator[Complaints]:
    handler = Complaints()
    get_logger().addHandler(handler)
    yield handler
    get_logger().removeHandler(handler)


def test_nbgraders_own_preprocessors_take_the_result_without_complaint(
    subject: Subject, mended: Mended, complaints: Complaints
) -> None:
    notebook = deepcopy(mended.notebook)
    names = {"assignment": subject.version.assignment, "notebook": subject.version.notebook}
    resources = {"nbgrader": {**names, "db_url": subject.coursedir.db_url}}
    for preprocessor in (ClearOutput, DeduplicateIds, OverwriteKernelspec, OverwriteCells, CheckCellMetadata):
        notebook, resources = preprocessor()(notebook, resources)
    hidden = {cell.grade_id for cell in subject.version.cells if cell.locked and cell.source != cell.released}
    # nbgrader itself says so of every honest submission: it puts the hidden tests back.
    expected = [m for m in complaints.messages if m.startswith("Attribute 'checksum' for cell ")]
    assert {message.split()[4] for message in expected} == hidden
    assert expected == complaints.messages
    sources = {cell.grade_id: cell.source for cell in subject.version.cells if cell.locked}
    overwritten = marked(Mended(notebook, ()))
    assert {grade_id: overwritten[grade_id].source for grade_id in sources} == sources
