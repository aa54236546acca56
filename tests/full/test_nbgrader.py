"""The README's commands for students and instructors, run in order with a real exchange and a real gradebook."""

import csv
import sys
from pathlib import Path

import nbformat
import pytest
from nbgrader.api import Gradebook
from readme import Place
from repository import ROOT, copy_course

from autograder.course import sample_class


@pytest.fixture(scope="module")
def course_run(tmp_path_factory: pytest.TempPathFactory) -> tuple[Place, Place]:
    """The whole way of `foundations`, from the build to the student's feedback: (instructor, student)."""
    base = tmp_path_factory.mktemp("workflow")
    exchange = base / "exchange"
    exchange.mkdir(mode=0o777)
    exchange.chmod(0o777)
    config = base / "config"
    config.mkdir()
    (config / "nbgrader_config.py").write_text(
        f"c = get_config()\nc.Exchange.root = {str(exchange)!r}\nc.Exchange.cache = {str(base / 'cache')!r}\n"
    )
    instructor = Place(copy_course(base / "course", "solutions", "source", "release"))
    (base / "student").mkdir()
    student = Place(base / "student")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("JUPYTER_CONFIG_DIR", str(config))
        patch.setenv("PATH", str(Path(sys.executable).parent), prepend=":")
        instructor.block("hand out")
        student.block("fetch")
        solved = sample_class.solved(ROOT, "foundations")
        nbformat.write(solved, student.folder / "foundations" / "foundations.ipynb")
        student.block("submit")
        instructor.block("grade")
        student.block("feedback")
        nbformat.write(solved, instructor.folder / "foundations.ipynb")  # a student who has the project
        instructor.block("check")
    return instructor, student


def test_every_command_of_the_way_is_run(course_run: tuple[Place, Place]) -> None:
    instructor, student = course_run
    assert {"autograder build", "nbgrader release_assignment", "nbgrader collect"} <= set(instructor.ran)
    assert {"autograder grade", "autograder feedback", "nbgrader release_feedback"} <= set(instructor.ran)
    assert {"autograder export", "autograder report", "autograder check"} <= set(instructor.ran)
    assert {"nbgrader fetch_assignment", "nbgrader validate", "nbgrader submit"} <= set(student.ran)
    assert "nbgrader fetch_feedback" in student.ran


def test_the_student_gets_full_points_in_gradebook_and_export(course_run: tuple[Place, Place]) -> None:
    instructor, _ = course_run
    with Gradebook(f"sqlite:///{instructor.folder / 'gradebook.db'}") as gradebook:
        (submission,) = gradebook.assignment_submissions("foundations")
        assert (submission.score, submission.max_score) == (100, 100)
        who = submission.student.id
    with (instructor.folder / "grades.csv").open(newline="", encoding="utf-8-sig") as file:
        rows = {(row["assignment"], row["student_id"]): row for row in csv.DictReader(file)}
    assert float(rows["foundations", who]["score"]) == 100


def test_the_student_gets_a_feedback_page(course_run: tuple[Place, Place]) -> None:
    _, student = course_run
    (page,) = (student.folder / "foundations" / "feedback").rglob("foundations.html")
    assert "test_dense" in page.read_text(encoding="utf-8")


def test_validate_tells_a_student_what_was_expected_and_received(tmp_path: Path) -> None:
    notebook = sample_class.solved(ROOT, "foundations")
    for cell in notebook.cells:
        if cell.metadata.get("nbgrader", {}).get("grade_id") == "max_pool":
            cell.source = "def max_pool(image, size, stride):\n    return image"
    nbformat.write(notebook, tmp_path / "foundations.ipynb")
    printed = Place(tmp_path).run(["nbgrader", "validate", "foundations.ipynb"])
    assert "VALIDATION FAILED ON 1 CELL" in printed.upper()
    assert "expected shape (2, 2)" in printed
    assert "received shape (4, 4)" in printed
    assert "Look at which four numbers make a block, and where blocks start." in printed
