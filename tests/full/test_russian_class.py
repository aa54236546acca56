"""The sample class in a course in Russian, and each language's notebook in a course of the other one."""

import re
import shutil
from pathlib import Path

import nbformat
import pytest
from engines import OTHER, autograder, sample_graded, sample_graded_in
from english_left import Prose, english_in
from nbformat import NotebookNode
from nbgrader.api import Gradebook
from repository import release
from sample_scores import STUDENTS

from autograder.course import sample_class
from autograder.grading.record import GradeRecord, Statuses, read_record

ASSIGNMENT, TRAINED = "foundations", "mnist"
GRADED = (ASSIGNMENT, TRAINED)
OF_KERAS = "InputLayer conv2d flatten max_pooling2d".split()
OF_PYTHON = "SyntaxError ValueError was never closed something is wrong here RMSprop".split()


def scores(folder: Path, assignment: str) -> dict[str, float]:
    """What each student has, cell by cell."""
    with Gradebook(f"sqlite:///{folder / 'gradebook.db'}") as gradebook:
        return {
            f"{found.student.id} {grade.name}": grade.auto_score
            for found in gradebook.assignment_submissions(assignment)
            for notebook in found.notebooks
            for grade in notebook.grades
        }


def record(folder: Path, assignment: str, student: str) -> GradeRecord:
    """Of a grade."""
    status = Statuses(folder).get(assignment, student)
    found = read_record(folder / "autograded" / student / assignment, assignment, status)
    assert found is not None
    return found


def grade_ids(notebook: NotebookNode) -> list[str]:
    """Of the cells that have one."""
    return [cell.metadata.nbgrader["grade_id"] for cell in notebook.cells if "nbgrader" in cell.metadata]


def in_russian(assignment: str) -> Path:
    """A course in Russian, graded: the sample class has done the Russian notebook, and one student the English one."""
    return sample_graded_in("ru", assignment, STUDENTS[assignment])


def page(student: str, assignment: str = ASSIGNMENT) -> str:
    """A student's page of feedback."""
    path = in_russian(assignment) / "feedback" / student / assignment / f"{assignment}.html"
    return path.read_text(encoding="utf-8")


def prose(student: str, assignment: str) -> str:
    """Its text without code, what the notebook printed, and names that Keras gives layers."""
    return re.sub(r"\w+_\d+", "", " ".join(Prose(page(student, assignment)).words))


@pytest.mark.parametrize("assignment", GRADED)
def test_each_student_has_the_same_scores_in_russian(assignment: str) -> None:
    english = scores(sample_graded(assignment, STUDENTS[assignment]), assignment)
    perfect = {key.replace("perfect", OTHER): score for key, score in english.items() if key.startswith("perfect ")}
    assert scores(in_russian(assignment), assignment) == {**english, **perfect}


def test_what_was_trained_in_english_is_not_trained_again() -> None:
    english = sample_graded(TRAINED, STUDENTS[TRAINED])
    for student in STUDENTS[TRAINED]:
        asked = [record(folder, TRAINED, student).run.trainings for folder in (english, in_russian(TRAINED))]
        assert [training.job for training in asked[0]] == [training.job for training in asked[1]]
    assert record(english, TRAINED, "perfect").run.trainings


@pytest.mark.parametrize("assignment", GRADED)
def test_no_english_is_left_on_any_page(assignment: str) -> None:
    """But for words that the Russian notebook has as well, such as names of functions, names of layers, and errors."""
    words = re.findall(r"[A-Za-z_]\w+", str(sample_class.released(in_russian(assignment), assignment)))
    names = (*words, *STUDENTS[assignment], *"Open In Colab".split(), *OF_KERAS, *OF_PYTHON)
    left = {student: english_in(prose(student, assignment), *names) for student in STUDENTS[assignment]}
    assert {student: found for student, found in left.items() if found} == {}


def test_the_notebook_is_russian_and_has_the_same_cells() -> None:
    found = sample_class.released(in_russian(ASSIGNMENT), ASSIGNMENT)
    assert grade_ids(found) == grade_ids(release(ASSIGNMENT))
    assert "Упражнение 1" in str(found)


def test_what_is_right_has_all_points_on_its_page() -> None:
    assert "100 из 100 баллов" in page("perfect")
    assert "100 из 100 баллов" in page(OTHER)


def test_who_did_the_other_language_is_told_once_and_nothing_was_mended() -> None:
    assert page(OTHER).count("Ваш ноутбук\N{NO-BREAK SPACE}— из другого выпуска этого задания") == 1
    assert "из другого выпуска" not in page("perfect")


def test_a_test_that_fails_speaks_russian() -> None:
    assert "Вы ещё не ответили на это упражнение" in page("blank")


def test_a_russian_notebook_is_graded_alike_in_an_english_course(tmp_path: Path) -> None:
    folder = shutil.copytree(sample_graded(ASSIGNMENT, STUDENTS[ASSIGNMENT]), tmp_path / "english", symlinks=True)
    path = folder / "submitted" / OTHER / ASSIGNMENT / f"{ASSIGNMENT}.ipynb"
    path.parent.mkdir(parents=True)
    nbformat.write(sample_class.solved(in_russian(ASSIGNMENT), ASSIGNMENT), path)
    autograder(folder, "grade", ASSIGNMENT)
    found = scores(folder, ASSIGNMENT)
    assert all(found[key.replace("perfect", OTHER)] == found[key] for key in found if key.startswith("perfect "))
