"""Training for real, minutes each: every reference earns all automatic points on the real data.

With PICTURES=docs the plots of `pictures.PLOTS` are written there.
"""

import csv
from pathlib import Path

import nbformat
import pictures
import pytest
from nbgrader.api import Gradebook
from readme import Place, commands
from repository import ROOT, copy_course

from autograder.course import build, datasets, sample_class

POINTS = {"mnist": 60, "fashion_mnist": 62, "cifar": 72}
DATA = {"cifar": "cifar10"}  # where it is not called as the assignment
LONGER = ("fashion_mnist", "cifar")  # ten minutes more


@pytest.mark.parametrize("assignment", ["mnist", *(pytest.param(name, marks=pytest.mark.network) for name in LONGER)])
def test_the_reference_earns_all_automatic_points(assignment: str, tmp_path: Path) -> None:
    try:
        datasets.fetch(DATA.get(assignment, assignment))
    except datasets.DataError as error:
        pytest.skip(f"no source of its data is reached: {error}")
    folder = copy_course(tmp_path / "course", "source")
    sample_class.hand_in(ROOT, folder, "perfect", assignment)
    build.nbgrader(folder, "generate_assignment", assignment, "--create")
    build.nbgrader(folder, "autograde", assignment)
    with Gradebook(f"sqlite:///{folder / 'gradebook.db'}") as gradebook:
        assert gradebook.find_submission(assignment, "perfect").score == POINTS[assignment]
    pictures.save(nbformat.read(folder / "autograded" / "perfect" / assignment / f"{assignment}.ipynb", 4), assignment)


@pytest.mark.network
def test_an_automated_run_grades_what_was_submitted(tmp_path: Path) -> None:
    place = Place(copy_course(tmp_path / "course", "solutions", "source", "release"))
    sample_class.hand_in(ROOT, place.folder, "perfect", "mnist")
    place.block("automated")
    with (place.folder / "grades.csv").open(newline="", encoding="utf-8-sig") as file:
        scores = {(row["assignment"], row["student_id"]): row["score"] for row in csv.DictReader(file)}
    assert float(scores["mnist", "perfect"]) == 60
    assert len(commands("automated")) == 4
