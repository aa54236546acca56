"""Reading the instructor's version of real courses, and what is said where there is none."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nbformat
import pytest
import submission_courses
from nbformat import NotebookNode
from nbgrader.coursedir import CourseDirectory
from traitlets.config import Config

from autograder.common.serialization import dump, load
from autograder.notebooks.instructor_version import Version, VersionError, notebooks, read_version


@pytest.fixture(scope="module")
def quickstart(tmp_path_factory: pytest.TempPathFactory) -> tuple[CourseDirectory, Config]:
    return submission_courses.quickstart(tmp_path_factory.mktemp("quickstart"))


@pytest.fixture
def course(quickstart: tuple[CourseDirectory, Config], tmp_path: Path) -> tuple[CourseDirectory, Config]:
    """A copy to break."""
    shutil.copytree(quickstart[0].root, tmp_path / "course")
    config = Config({**quickstart[1], "CourseDirectory": {"root": str(tmp_path / "course")}})
    return CourseDirectory(config=config), config


def edit(coursedir: CourseDirectory, grade_id: str, change: Callable[[NotebookNode], None]) -> None:
    path = Path(coursedir.root, "source", "ps1", "problem1.ipynb")
    notebook = nbformat.read(path, as_version=4)
    change(next(c for c in notebook.cells if c.metadata.get("nbgrader", {}).get("grade_id") == grade_id))
    nbformat.write(notebook, path)


def released(coursedir: CourseDirectory, version: Version) -> NotebookNode:
    path = Path(coursedir.root, "release", version.assignment, f"{version.notebook}.ipynb")
    return nbformat.read(path, as_version=4)


def test_the_notebooks_are_those_of_the_gradebook(quickstart: tuple[CourseDirectory, Config]) -> None:
    assert notebooks(quickstart[0], "ps1") == ["problem1", "problem2"]


@pytest.mark.parametrize("notebook", ["problem1", "problem2"])
def test_the_released_text_is_what_nbgrader_released_header_included(
    quickstart: tuple[CourseDirectory, Config], notebook: str
) -> None:
    coursedir, config = quickstart
    version = read_version(coursedir, "ps1", notebook, config)
    assert [cell.released for cell in version.cells] == [cell.source for cell in released(coursedir, version).cells]
    assert version.cells[1].source.startswith("NAME = ")


def test_hidden_tests_and_solutions_are_in_the_source_only(tmp_path: Path) -> None:
    coursedir, config = submission_courses.foundations(tmp_path)
    version = read_version(coursedir, "foundations", "foundations", config)
    cells = {cell.grade_id: cell for cell in version.cells}
    assert [cell.released for cell in version.cells] == [cell.source for cell in released(coursedir, version).cells]
    assert "np.maximum" in cells["activation"].source or "SOLUTION" in cells["activation"].source
    assert "SOLUTION" not in cells["activation"].released
    assert "HIDDEN TESTS" in cells["test_dense"].source
    assert "HIDDEN TESTS" not in cells["test_dense"].released
    assert (cells["test_dense"].points, cells["test_dense"].locked) == (3, True)


def test_custom_delimiters_are_followed(tmp_path: Path) -> None:
    cell = nbformat.v4.new_code_cell("assert f() == 1\n### VERBORGEN\nassert f(2) == 2\n### ENDE")
    cell.metadata["nbgrader"] = {
        **{"grade": True, "solution": False, "locked": True, "points": 1, "grade_id": "t"},
        **{"schema_version": 3, "task": False},
    }
    (tmp_path / "source" / "a").mkdir(parents=True)
    nbformat.write(nbformat.v4.new_notebook(cells=[cell]), tmp_path / "source" / "a" / "n.ipynb")
    delimiters = {"begin_test_delimeter": "VERBORGEN", "end_test_delimeter": "ENDE"}
    coursedir, config = submission_courses.generate(tmp_path, "a", ClearHiddenTests=delimiters)
    (only,) = read_version(coursedir, "a", "n", config).cells
    assert only.released == "assert f() == 1"
    assert "f(2)" in only.source


def test_autotests_are_as_instantiated_in_the_gradebook(tmp_path: Path) -> None:
    coursedir, config = submission_courses.quickstart(tmp_path, autotest=True)
    version = read_version(coursedir, "ps1", "problem1", config)
    (cell,) = [cell for cell in version.cells if cell.grade_id == "correct_squares"]
    assert "AUTOTEST" not in cell.source
    assert "assert" in cell.source
    assert [cell.released for cell in version.cells] == [cell.source for cell in released(coursedir, version).cells]


def test_a_changed_line_beside_an_autotest_is_a_disagreement(tmp_path: Path) -> None:
    coursedir, config = submission_courses.quickstart(tmp_path, autotest=True)
    edit(coursedir, "correct_squares", lambda cell: cell.update(source=cell.source + "\nsquares(99)"))
    with pytest.raises(VersionError, match="correct_squares"):
        read_version(coursedir, "ps1", "problem1", config)


def test_a_version_survives_json(quickstart: tuple[CourseDirectory, Config]) -> None:
    version = read_version(quickstart[0], "ps1", "problem1", quickstart[1])
    again = load(dump(version), Version)
    assert again == version
    assert again.digest == version.digest


@pytest.mark.parametrize(
    ("grade_id", "change", "message"),
    [
        ("correct_squares", lambda cell: cell.update(source="assert True"), "line 1 is 'assert True' in source/"),
        ("correct_squares", lambda cell: cell.metadata.nbgrader.update(points=7), "has 7 points in source/, 1 there"),
        ("correct_squares", lambda cell: cell.metadata.pop("nbgrader"), "is in the gradebook but not in source/"),
        ("squares", lambda cell: cell.metadata.nbgrader.update(grade_id="new"), '"new".*in source/ but not'),
        (
            "squares",
            lambda cell: cell.metadata.nbgrader.update(grade=True, points=1),
            "is a grade cell in source/ only",
        ),
        ("jupyter", lambda cell: cell.update(source="Changed"), "line 1 is 'Changed' in source/"),
    ],
    ids=["text", "points", "gone", "new", "kind", "locked text"],
)
def test_a_disagreement_names_the_cell_and_the_way_out(
    course: tuple[CourseDirectory, Config], grade_id: str, change: Callable[[NotebookNode], None], message: str
) -> None:
    coursedir, config = course
    edit(coursedir, grade_id, change)
    with pytest.raises(VersionError, match=message) as caught:
        read_version(coursedir, "ps1", "problem1", config)
    assert "autograder generate ps1" in str(caught.value)


def test_another_reference_solution_is_no_disagreement(course: tuple[CourseDirectory, Config]) -> None:
    coursedir, config = course
    before = read_version(coursedir, "ps1", "problem1", config)
    edit(coursedir, "squares", lambda cell: cell.update(source=cell.source.replace("i ** 2", "i * i")))
    after = read_version(coursedir, "ps1", "problem1", config)
    assert after.digest != before.digest


def test_a_missing_source_is_told(course: tuple[CourseDirectory, Config]) -> None:
    coursedir, config = course
    Path(coursedir.root, "source", "ps1", "problem1.ipynb").unlink()
    with pytest.raises(VersionError, match=r"problem1\.ipynb, which holds the reference solution"):
        read_version(coursedir, "ps1", "problem1", config)


def test_a_source_that_nbgrader_would_refuse_is_told(course: tuple[CourseDirectory, Config]) -> None:
    coursedir, config = course
    edit(coursedir, "squares", lambda cell: cell.update(source="### BEGIN SOLUTION"))
    with pytest.raises(VersionError, match="no end solution statement"):
        read_version(coursedir, "ps1", "problem1", config)


def test_an_unknown_assignment_is_told(course: tuple[CourseDirectory, Config]) -> None:
    coursedir, config = course
    for call in (lambda: notebooks(coursedir, "ps9"), lambda: read_version(coursedir, "ps9", "problem1", config)):
        with pytest.raises(VersionError, match="autograder generate ps9"):
            call()


def test_a_missing_gradebook_is_told_and_not_made(course: tuple[CourseDirectory, Config]) -> None:
    coursedir, config = course
    gradebook = Path(coursedir.root, "gradebook.db")
    gradebook.unlink()
    with pytest.raises(VersionError, match="no gradebook at"):
        read_version(coursedir, "ps1", "problem1", config)
    assert not gradebook.exists()


def mark(grade_id: str, **kinds: Any) -> dict[str, Any]:
    return {
        "nbgrader": {
            **{"grade": False, "solution": False, "locked": False, "task": False, "schema_version": 3},
            **{"grade_id": grade_id, **kinds},
        }
    }
