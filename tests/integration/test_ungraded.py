"""An assignment in which nothing is graded is released as any other; grading has nothing to do, and says so."""

import csv
import shutil
from pathlib import Path

import nbformat
import pytest
from engines import add_config, autograder
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook
from nbgrader.api import Gradebook

from autograder.course import build

SAID = "reading: nothing in it is graded."
LOCKED = {"grade_id": "setup", "grade": False, "solution": False, "locked": True, "task": False, "schema_version": 3}
GRADED = {"grade_id": "sum", "grade": True, "solution": False, "locked": True, "task": False, "schema_version": 3}


@pytest.fixture(scope="module")
def course(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A course with `reading`, which has a locked cell and nothing to grade, and with `sums`; ada handed both in."""
    folder = tmp_path_factory.mktemp("course") / "course"
    folder.mkdir()
    add_config(folder)
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    cells = {
        "reading": [new_markdown_cell("# Read"), new_code_cell("x = 1", metadata={"nbgrader": LOCKED})],
        "sums": [new_code_cell("assert 1 + 1 == 2", metadata={"nbgrader": {**GRADED, "points": 1}})],
    }
    for name, those in cells.items():
        path = folder / "source" / name / f"{name}.ipynb"
        path.parent.mkdir(parents=True)
        nbformat.write(new_notebook(cells=those, metadata=kernel), path)
        autograder(folder, "generate", name)
        shutil.copytree(folder / "release" / name, folder / "submitted" / "ada" / name)
    return folder


def test_it_is_released_and_in_the_gradebook(course: Path) -> None:
    assert (course / "release" / "reading" / "reading.ipynb").is_file()
    with Gradebook(f"sqlite:///{course / 'gradebook.db'}") as gradebook:
        assert [notebook.name for notebook in gradebook.find_assignment("reading").notebooks] == ["reading"]
    add_config(course, f'c.Exchange.root = "{course.parent / "exchange"}"')
    (course.parent / "exchange").mkdir(mode=0o777)
    (course.parent / "exchange").chmod(0o777)
    build.nbgrader(course, "release_assignment", "reading")
    assert (course.parent / "exchange" / "course" / "outbound" / "reading" / "reading.ipynb").is_file()


@pytest.mark.parametrize("command", ["grade", "rehearse", "feedback", "report"])
def test_a_command_says_that_there_is_nothing_to_do(course: Path, command: str) -> None:
    said = autograder(course, command, "reading")
    assert SAID in said
    assert "nbgrader release_assignment reading" in said
    assert not any((course / made).exists() for made in ("autograded", "feedback", "reports"))


def test_check_says_so_to_a_student(course: Path) -> None:
    said = autograder(course, "check", "submitted/ada/reading/reading.ipynb")
    assert "nothing in this notebook is graded" in said


def test_it_has_no_row_in_an_export_even_when_nbgrader_has_run_it(course: Path) -> None:
    build.nbgrader(course, "autograde", "reading")
    autograder(course, "export", "--to", "grades.csv")
    with (course / "grades.csv").open(newline="", encoding="utf-8-sig") as file:
        assert {row["assignment"] for row in csv.DictReader(file)} == {"sums"}
