"""The sample class in a course in Russian, and each language's notebook in a course of the other one."""

import re
from collections.abc import Callable
from html import unescape
from pathlib import Path

import nbformat
import pytest
from engines import autograder
from nbformat import NotebookNode
from nbgrader.api import Gradebook
from repository import ROOT, copy_course, release
from sample_scores import ENDLESS, EXPECTED

from autograder.common.language import ENGLISH
from autograder.course import sample_class

ASSIGNMENT, OTHER = "foundations", "the_other_language"
STUDENTS = [student for student in EXPECTED[ASSIGNMENT] if student != ENDLESS]
SCORES = {student: EXPECTED[ASSIGNMENT][student] for student in STUDENTS}


def course(folder: Path, language: str) -> Path:
    """A course in that language, built."""
    copy_course(folder, "solutions", "locale")
    path = folder / "nbgrader_config.py"
    path.write_text(f"{path.read_text()}\nc.Course.language = {language!r}\n")
    autograder(folder, "build", ASSIGNMENT)
    return folder


def graded(folder: Path, others: Path) -> dict[str, float]:
    """What each student gets who handed in, and one who hands in what is right in the notebook of another course."""
    path = folder / "submitted" / OTHER / ASSIGNMENT / f"{ASSIGNMENT}.ipynb"
    path.parent.mkdir(parents=True)
    nbformat.write(sample_class.solved(others, ASSIGNMENT), path)
    autograder(folder, "grade", ASSIGNMENT)
    with Gradebook(f"sqlite:///{folder / 'gradebook.db'}") as gradebook:
        return {found.student.id: found.score for found in gradebook.assignment_submissions(ASSIGNMENT)}


def grade_ids(notebook: NotebookNode) -> list[str]:
    """Of the cells that have one."""
    return [cell.metadata.nbgrader["grade_id"] for cell in notebook.cells if "nbgrader" in cell.metadata]


@pytest.fixture(scope="module")
def russian(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A course in Russian, graded: the sample class has done the Russian notebook, and one student the English one."""
    folder = course(tmp_path_factory.mktemp("russian"), "ru")
    for student in STUDENTS:
        assert sample_class.hand_in(folder, folder, student, ASSIGNMENT) is not None
    assert graded(folder, ROOT) == {**SCORES, OTHER: 100}
    return folder


@pytest.fixture(scope="module")
def page(russian: Path) -> Callable[[str], str]:
    """Gives the feedback page of a student, as text."""
    autograder(russian, "feedback", ASSIGNMENT)

    def text(student: str) -> str:
        html = (russian / "feedback" / student / ASSIGNMENT / f"{ASSIGNMENT}.html").read_text(encoding="utf-8")
        return unescape(re.sub(r"<[^>]+>", " ", html))

    return text


def test_the_notebook_is_russian_and_has_the_same_cells(russian: Path) -> None:
    found = sample_class.released(russian, ASSIGNMENT)
    assert grade_ids(found) == grade_ids(release(ASSIGNMENT))
    assert "Упражнение 1" in str(found)


def test_what_is_right_has_all_points_on_its_page(page: Callable[[str], str]) -> None:
    assert "100 из 100 баллов" in page("perfect")
    assert "100 из 100 баллов" in page(OTHER)


def test_who_did_the_other_language_is_told_once_and_nothing_was_mended(page: Callable[[str], str]) -> None:
    assert page(OTHER).count("Ваш ноутбук — из другого выпуска этого задания") == 1
    assert "из другого выпуска" not in page("perfect")


def test_a_test_that_fails_speaks_russian(page: Callable[[str], str]) -> None:
    assert "Вы ещё не ответили на это упражнение" in page("blank")


def test_a_russian_notebook_is_graded_alike_in_an_english_course(russian: Path, tmp_path: Path) -> None:
    assert graded(course(tmp_path / "english", ENGLISH), russian) == {OTHER: 100}
