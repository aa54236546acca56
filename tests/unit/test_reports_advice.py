"""The student's page on a model: advice where its test lost points, and facts alone where it did not."""

import pytest
from feedback_pages import Page
from nbformat.v4 import new_code_cell, new_notebook, new_output
from records import grade_record

from autograder.examiner.model_insight import ModelInsight
from autograder.grading.job import GradingRun
from autograder.reports.exercises import CellScore, Marks
from autograder.reports.feedback import page, read

FALLING = (1.0, 0.9, 0.8, 0.7)


def feedback(points: float) -> Page:
    """On a notebook whose network was still improving, with so many of 12 points for its accuracy."""
    marks = {"grade": True, "solution": False, "locked": True, "task": False, "schema_version": 3}
    metadata = {"nbgrader": {"grade_id": "test_accuracy", "points": 12, **marks}}
    told = f"expected at least 0.985 (no points up to 0.965), received 0.9786: {points} of 12 points."
    outputs = [new_output("stream", text=f"Accuracy on 10,000 test images: {told}\n")]
    notebook = new_notebook(cells=[new_code_cell("accuracy", metadata=metadata, outputs=outputs)])
    model = ModelInsight("m", (), 10, history={"loss": FALLING, "val_loss": FALLING}, rows=10_000, accuracy=0.9786)
    record = grade_record("ada", "mnist", GradingRun(models={"test_accuracy": model}))
    names = dict.fromkeys(("student", "assignment", "notebook"), "mnist")
    scores = {"test_accuracy": CellScore(points, 12)}
    return Page(page(read(notebook, names, Marks(scores, {}, points, 12, 0), record), notebook))


@pytest.mark.parametrize(("points", "advised"), [(12.0, False), (8.2, True), (0.0, True)])
def test_advice_is_given_where_points_are_missing(points: float, advised: bool) -> None:
    text = feedback(points).text
    assert "the validation loss was still falling, by 0.1 per epoch." in text
    assert ("What to do:" in text) is advised
    assert ("train for more" in text) is advised


def test_the_scale_shows_where_no_points_are_given() -> None:
    found = feedback(8.2)
    assert "no points up to 0.965" in found.text
    assert "all points from 0.985" in found.text
    assert "Measured 0.9786, which is 0.0064 short. All points from 0.985, no points up to 0.965." in found.text
