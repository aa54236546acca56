"""The sample class, graded: each student gets the score that what they handed in deserves."""

import json
import re
from collections.abc import Callable
from pathlib import Path

import gates
import nbformat
import pytest
from engines import sample_graded
from nbgrader.api import Gradebook, MissingEntry
from repository import ROOT
from sample_scores import ENDLESS, EXPECTED, STUDENTS

from autograder.grading.job import ReviewKind


@pytest.fixture(scope="module")
def graded() -> Callable[[str], Path]:
    """Gives, for an assignment, a course in which the whole class has been graded in one run, on small data."""

    def grade(assignment: str) -> Path:
        return sample_graded(assignment, STUDENTS[assignment])

    return grade


def score(folder: Path, assignment: str, student: str) -> float:
    with Gradebook(f"sqlite:///{folder / 'gradebook.db'}") as gradebook:
        return gradebook.find_submission(assignment, student).score


@pytest.mark.parametrize(
    ("assignment", "student"),
    [
        (name, student)
        for name, expected in EXPECTED.items()
        for student in expected
        if expected[student] is not None and student != ENDLESS
    ],
)
def test_student_gets_the_expected_score(graded: Callable[[str], Path], assignment: str, student: str) -> None:
    assert score(graded(assignment), assignment, student) == EXPECTED[assignment][student]


def test_who_validates_on_the_test_images_is_named(graded: Callable[[str], Path]) -> None:
    folder = graded("fashion_mnist") / "autograded"
    flags = {
        student: json.loads((folder / student / "fashion_mnist" / "fashion_mnist.record.json").read_text())["run"][
            "flags"
        ]
        for student in ("perfect", "validated_on_test")
    }
    assert flags["perfect"] == []
    assert {flag["kind"] for flag in flags["validated_on_test"]} == {ReviewKind.LEAKAGE}
    assert flags["validated_on_test"][0]["text"].startswith("test_accuracy: the notebook gave 500 of the 500 inputs")


def test_cells_that_never_end_cost_their_own_points_alone() -> None:
    folder = sample_graded("foundations", (ENDLESS,))
    assert score(folder, "foundations", ENDLESS) == EXPECTED["foundations"][ENDLESS]


def test_who_hands_in_nothing_has_no_grade(graded: Callable[[str], Path]) -> None:
    with pytest.raises(MissingEntry):
        score(graded("foundations"), "foundations", "untrained")


@pytest.mark.parametrize("assignment", EXPECTED)
def test_a_released_notebook_runs_to_its_first_unsolved_exercise(
    graded: Callable[[str], Path], assignment: str
) -> None:
    path = graded(assignment) / "autograded" / "blank" / assignment / f"{assignment}.ipynb"
    assert gates.first_error(nbformat.read(path, as_version=4)) == "NotImplementedError"


def test_an_earlier_error_is_found() -> None:
    notebook = nbformat.v4.new_notebook()
    for name in ("NameError", "NotImplementedError"):
        cell = nbformat.v4.new_code_cell(outputs=[nbformat.v4.new_output("error", ename=name, evalue="", traceback=[])])
        notebook.cells.append(cell)
    assert gates.first_error(notebook) == "NameError"


@pytest.mark.parametrize("assignment", ["mnist", "fashion_mnist", "cifar"])
def test_accuracy_is_scored_by_a_ramp_and_not_a_cliff(assignment: str) -> None:
    source = nbformat.read(ROOT / "source" / assignment / f"{assignment}.ipynb", as_version=4)
    (cell,) = (c for c in source.cells if c.metadata.get("nbgrader", {}).get("grade_id") == "test_accuracy")
    limits = re.search(r"^MINIMUM, BASELINE, POINTS = .*$", cell.source, re.MULTILINE).group()
    formula = re.search(r"^_points = .*$", cell.source, re.MULTILINE).group()

    def points(share: float) -> float:
        """The points of an accuracy that lies at `share` of the way from baseline to minimum."""
        space: dict[str, float] = {}
        exec(limits, space)
        space["_accuracy"] = space["BASELINE"] + share * (space["MINIMUM"] - space["BASELINE"])
        exec(formula, space)
        return space["_points"]

    most = points(1)
    assert most == cell.metadata.nbgrader.points
    assert [points(share) / most for share in (-1, 0, 0.25, 0.5, 2)] == pytest.approx([0, 0, 0.25, 0.5, 1])


def test_the_accuracy_that_is_printed_gives_the_points(graded: Callable[[str], Path]) -> None:
    path = graded("mnist") / "autograded" / "hasty" / "mnist" / "mnist.ipynb"
    cells = {
        c.metadata.nbgrader.grade_id: c for c in nbformat.read(path, as_version=4).cells if "nbgrader" in c.metadata
    }
    printed = "".join(output.get("text", "") for output in cells["test_accuracy"].outputs)
    points = float(re.search(r"received [\d.]+: ([\d.]+) of 20 points", printed).group(1))
    assert score(graded("mnist"), "mnist", "hasty") == pytest.approx(60 - 4 - 20 + points, abs=0.06)
