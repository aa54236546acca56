"""Colab's badge on the released notebooks."""

import subprocess
import sys
from pathlib import Path

import gates
import nbformat
import pytest
from engines import add_config
from nbformat import NotebookNode
from repository import ASSIGNMENTS, ROOT, UNGRADED, copy_course
from traitlets import TraitError
from traitlets.config import Config

from autograder.course import build
from autograder.course.colab import ColabBadge, badge

BUILD = [sys.executable, "-m", "autograder", "build", "foundations"]
IMAGE = "[![Open in Colab](https://colab.research.google.com/assets/colab-badge.svg)]"


def release(folder: Path, assignment: str) -> NotebookNode:
    return nbformat.read(folder / "release" / assignment / f"{assignment}.ipynb", as_version=4)


def with_badge(cells: list[NotebookNode]) -> list[int]:
    return [number for number, cell in enumerate(cells) if "colab-badge" in cell.source]


@pytest.mark.parametrize("assignment", ASSIGNMENTS)
def test_each_released_notebook_begins_with_one_badge(assignment: str) -> None:
    cells = release(ROOT, assignment).cells
    assert with_badge(cells) == [0]
    assert cells[0].cell_type == "markdown"
    assert cells[0].source.startswith(f"{IMAGE}(https://colab.research.google.com/)\n")
    assert "*File → Upload notebook*" in cells[0].source
    assert f"`{assignment}.ipynb`" in cells[0].source
    assert ("To submit" in cells[0].source) is (assignment not in UNGRADED)


def test_the_rest_of_a_released_notebook_is_as_without_a_badge(tmp_path: Path) -> None:
    folder = copy_course(tmp_path / "course", "source")
    add_config(folder, "c.ColabBadge.enabled = False")
    build.nbgrader(folder, "generate_assignment", "mnist", "--create")
    assert release(folder, "mnist").cells == release(ROOT, "mnist").cells[1:]


def test_the_badge_opens_the_notebook_where_the_course_is_on_github(tmp_path: Path) -> None:
    folder = copy_course(tmp_path / "course", "solutions")
    add_config(folder, 'c.ColabBadge.repository = "ada/cnn-course/blob/main/homework"')
    subprocess.run(BUILD, cwd=folder, check=True)
    address = "github/ada/cnn-course/blob/main/homework/release/foundations/foundations.ipynb"
    (first, *rest) = release(folder, "foundations").cells
    assert first.source.startswith(f"{IMAGE}(https://colab.research.google.com/{address})\n")
    assert "*File → Save a copy in Drive*" in first.source
    assert rest == release(ROOT, "foundations").cells[1:]
    assert gates.differing_files(ROOT, folder).count("source/foundations/foundations.ipynb") == 0


@pytest.mark.parametrize(
    "address",
    [
        "https://github.com/ada/course/blob/main",
        "ada/course/tree/main",
        "ada/course",
        "ada/course/blob/",
        "ada/course/blob/main) [click](http://example.com",
        "ada/course/blob/main//x",
    ],
)
def test_what_is_no_place_on_github_is_refused_by_name(address: str) -> None:
    with pytest.raises(TraitError, match=r"c\.ColabBadge\.repository .* must be 'owner/repository/blob/branch'"):
        ColabBadge(config=Config({"ColabBadge": {"repository": address}}))


def test_a_build_with_such_a_setting_says_so(tmp_path: Path) -> None:
    folder = copy_course(tmp_path / "course", "solutions")
    add_config(folder, 'c.ColabBadge.repository = "ada/course"')
    done = subprocess.run(BUILD, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "c.ColabBadge.repository (='ada/course') must be" in done.stderr


def test_names_with_spaces_and_brackets_stay_one_address() -> None:
    link = badge("ada/course/blob/main", "week 1", "сети (1)").split("\n")[0].removeprefix(IMAGE)
    assert link.endswith("/release/week%201/%D1%81%D0%B5%D1%82%D0%B8%20%281%29.ipynb)")


def test_an_old_notebook_gets_a_cell_without_an_id() -> None:
    notebook = nbformat.from_dict({"nbformat": 4, "nbformat_minor": 2, "metadata": {}, "cells": []})
    notebook, _ = ColabBadge()(notebook, {"nbgrader": {"assignment": "ps1", "notebook": "problem1"}})
    nbformat.validate(notebook)
    assert "id" not in notebook.cells[0]
