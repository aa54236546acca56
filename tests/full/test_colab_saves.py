"""What Colab writes is mended: whole, told where there is something to tell, and graded with all points."""

import json
from pathlib import Path

import pytest
from colab_saves import OWN_CELLS, PICTURE, SAVES
from corrupted_class import BY_HAND, POINTS, automatic
from engines import Marks, autograder, marks, quickstart, reference_answers, released
from nbgrader.coursedir import CourseDirectory
from submission_courses import foundations, solved
from traitlets.config import Config

from autograder.notebooks.instructor_version import Version, read_version
from autograder.notebooks.mending import Mended, mend
from autograder.notebooks.notebook_names import notebook_of


class Class:
    """nbgrader's ps1, handed in from Colab in every way, and graded in one run."""

    def __init__(self, folder: Path) -> None:
        """Make it in `folder`; its notebooks are released with Colab's badge."""
        badges = ("from autograder.course.colab import add_badges", "add_badges(c)")
        quickstart(folder, notebooks=("problem1",), config=badges)
        self.released = released(folder, "ps1", "problem1")
        notebook = json.loads(json.dumps(self.released))
        answers = reference_answers(folder, "ps1", "problem1")
        for cell in notebook["cells"]:
            if (grade_id := cell["metadata"].get("nbgrader", {}).get("grade_id")) in answers:
                cell["source"] = answers[grade_id]
        for name, saved in SAVES.items():
            path = folder / "submitted" / name / "ps1" / "problem1.ipynb"
            path.parent.mkdir(parents=True)
            path.write_bytes(saved(notebook))
        self.folder = folder
        self.said = autograder(folder, "grade", "ps1")
        self.scores = automatic(folder)
        self.marks: Marks = marks(folder, "ps1")


@pytest.fixture(scope="module")
def graded(tmp_path_factory: pytest.TempPathFactory) -> Class:
    return Class(tmp_path_factory.mktemp("colab") / "course")


@pytest.fixture(scope="module")
def homework(tmp_path_factory: pytest.TempPathFactory) -> tuple[CourseDirectory, Config, Version]:
    """Our `foundations`."""
    coursedir, config = foundations(tmp_path_factory.mktemp("foundations"))
    return coursedir, config, read_version(coursedir, "foundations", "foundations", config)


@pytest.fixture(params=sorted(SAVES))
def way(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def mended(homework: tuple[CourseDirectory, Config, Version], way: str) -> Mended:
    coursedir, _, version = homework
    return mend(SAVES[way](solved(coursedir, version)), version)


def test_all_points_are_kept(graded: Class, way: str) -> None:
    assert graded.scores[way] == POINTS


def test_what_a_person_grades_still_waits_for_one(graded: Class, way: str) -> None:
    assert {graded.marks[way, "problem1", cell] for cell in BY_HAND} == {(None, True)}


def test_a_pasted_picture_is_there_for_the_person_who_grades(graded: Class) -> None:
    path = graded.folder / "autograded" / "pictures_pasted" / "ps1" / "problem1.ipynb"
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    texts = {cell["metadata"].get("nbgrader", {}).get("grade_id"): "".join(cell["source"]) for cell in cells}
    assert any(PICTURE in texts[name] for name in BY_HAND)


def test_nothing_that_colab_notes_of_the_student_is_kept(graded: Class) -> None:
    autograded = list((graded.folder / "autograded").rglob("problem1.ipynb"))
    assert len(autograded) == len(SAVES)
    for path in autograded:
        assert not {"displayName", "executionInfo", "authorship_tag"} & set(path.read_text().split('"')), path


def test_every_answer_is_whole(homework: tuple[CourseDirectory, Config, Version], way: str) -> None:
    coursedir, _, version = homework
    answers = {
        cell.metadata.nbgrader.grade_id: cell.source
        for cell in solved(coursedir, version).cells
        if cell.metadata.get("nbgrader", {}).get("solution")
    }
    found = {
        cell.metadata.nbgrader.grade_id: cell.source
        for cell in mended(homework, way).notebook.cells
        if "nbgrader" in cell.metadata
    }
    assert found.keys() == {cell.grade_id for cell in version.cells if cell.grade_id}
    for name, answer in answers.items():
        assert answer in found[name], name


def test_only_lost_marks_are_told(homework: tuple[CourseDirectory, Config, Version], way: str) -> None:
    told = {mend.what for mend in mended(homework, way).mends}
    assert told == ({"nbgrader's metadata restored: all lost"} if way == "cells_copied" else set())


def test_cells_that_only_colab_can_run_are_kept_and_cost_nothing(graded: Class) -> None:
    path = graded.folder / "autograded" / "cells_of_colab" / "ps1" / "problem1.ipynb"
    sources = ["".join(cell["source"]) for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]]
    assert set(OWN_CELLS) <= set(sources)
    assert graded.scores["cells_of_colab"] == POINTS


@pytest.mark.parametrize("name", ["Copy of mnist.ipynb", 'Копия блокнота "mnist.ipynb".ipynb', "mnist (1).ipynb"])
def test_colabs_names_of_copies_are_known(name: str) -> None:
    assert notebook_of(name, ["mnist", "fashion_mnist"]) == ("mnist", False)
