"""Feedback on a model, from a course whose models are trained and graded for real."""

from dataclasses import replace

import pytest
from model_class import Class

from autograder.examiner.model_insight import LayerInsight, ModelInsight
from autograder.reports.trained_models import models
from autograder.sandbox.bubblewrap import check


@pytest.fixture(scope="module")
def graded() -> Class:
    if reason := check():
        pytest.skip(reason)
    return Class()


def test_the_record_tells_of_the_model_in_a_test(graded: Class) -> None:
    record = graded.record("ada")
    model = record["run"]["models"]["test_model"]
    assert [(layer["kind"], layer["shape"], layer["parameters"]) for layer in model["layers"]] == [
        ("Conv2D", [None, 6, 6, 4], 40),
        ("Flatten", [None, 144], 0),
        ("Dense", [None, 3], 435),
    ]
    assert model["parameters"] == 475
    assert model["rows"] == 300
    assert model["accuracy"] == pytest.approx(record["scores"]["test_model"] / 4 * 0.99, abs=1e-4)
    assert sum(map(sum, model["confusion"])) == 300
    assert model["classes"] == ["bar", "column", "dot"]
    assert len(model["mistakes"]) == 12
    confidences = [mistake["confidence"] for mistake in model["mistakes"]]
    assert confidences == sorted(confidences, reverse=True)


def test_a_model_that_a_test_only_built_is_not_the_students() -> None:
    built = ModelInsight("m", (LayerInsight("d", "Dense", (None, 2), 6),), 6)
    found = {"a": built, "b": replace(built, rows=5), "c": replace(built, history={"loss": (1.0,)})}
    assert [model.grade_id for model in models(found, {})] == ["b", "c"]


def test_the_record_has_the_history_of_each_training(graded: Class) -> None:
    run = graded.record("ada")["run"]
    (training,) = run["trainings"]
    assert training["history"].keys() == {"loss", "accuracy", "val_loss", "val_accuracy"}
    assert [len(series) for series in training["history"].values()] == [3] * 4
    assert run["models"]["test_model"]["history"] == training["history"]


def test_the_page_shows_how_the_model_did(graded: Class) -> None:
    found = graded.page("ada")
    assert "Still improving." in found.text
    assert "all points from 0.99" in found.text
    assert "Confusion matrix" in found.text
    pictures = [image["alt"] for image in found.all("img")]
    assert len(pictures) == 12
    assert all(", predicted as " in words for words in pictures)
    assert "475 parameters in total" in found.text
    charts = found.all("svg")
    assert len(charts) == 3
    assert all(chart["role"] == "img" and chart["aria-labelledby"] for chart in charts)
    assert "Seed of the initial weights 0" in found.text
    assert "Other training runs" not in found.text


def test_a_training_within_the_notebook_is_shown_with_its_reason_and_no_flag(graded: Class) -> None:
    assert graded.record("own")["run"]["flags"]
    found = graded.page("own")
    assert "because the trainer can't do it: the callback LambdaCallback is code." in found.text
    assert "its weights did not come from the trainer" not in found.html
    assert len(found.all("svg")) == 3  # its curves are those of its own history
