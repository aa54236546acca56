"""Feedback on a model, from a course whose models are trained and graded for real."""

import json
from pathlib import Path
from typing import Any

import nbformat
import pytest
from engines import add_config, autograder, hand_in
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook
from submission_courses import generate
from test_feedback import Page
from tiny_course import KERNEL, _cell

from autograder import course
from autograder.candidate.sandbox import check
from autograder.report.model import models

SETUP = """
import keras
import numpy as np

shapes = ["bar", "column", "dot"]

def pictures(count, seed):
    random = np.random.default_rng(seed)
    y = np.arange(count) % 3
    x = random.normal(0.3, 0.35, (count, 8, 8, 1)).astype("float32")
    for image, label in zip(x, y):
        at = random.integers(1, 6)
        image[(slice(at, at + 2), slice(None)) if label == 0 else (slice(None), slice(at, at + 2))] += 0.5 * (label < 2)
        image[3:5, 3:5] += 0.5 * (label == 2)
    return x.clip(0, 1), y

x_train, y_train = pictures(600, 1)
"""
BUILD = """
model = keras.Sequential([
    keras.Input((8, 8, 1)),
    keras.layers.Conv2D(4, 3, activation="relu"),
    keras.layers.Flatten(),
    keras.layers.Dense(3, activation="softmax"),
])
model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
"""
FIT = "history = model.fit(x_train, y_train, epochs=EPOCHS, batch_size=32, validation_split=0.3, verbose=0)"
TEST = """
x_test, y_test = pictures(300, 2)
accuracy = float(np.mean(model.predict(x_test, verbose=0).argmax(1) == y_test))
print(f"Accuracy on {len(y_test)} test images: expected at least 0.99, received {accuracy:.4f}: "
      f"{4 * min(1, accuracy / 0.99):.1f} of 4 points.")
float(4 * min(1, accuracy / 0.99))
"""


class Class:
    """The course, graded once."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        answer = f"### BEGIN SOLUTION{BUILD}{FIT.replace('EPOCHS', '8')}\n### END SOLUTION"
        hidden = f"assert model.built\n### BEGIN HIDDEN TESTS{TEST}### END HIDDEN TESTS"
        cells = [
            new_markdown_cell("# Shapes"),
            _cell(new_code_cell, SETUP, "setup", locked=True),
            new_markdown_cell("## Exercise 1: a network (4 points)"),
            _cell(new_code_cell, answer, "model", solution=True),
            _cell(new_code_cell, hidden, "test_model", grade=True, locked=True, points=4.0),
        ]
        source = folder / "source" / "ps" / "ps.ipynb"
        source.parent.mkdir(parents=True)
        nbformat.write(new_notebook(cells=cells, metadata={"kernelspec": KERNEL}), source)
        generate(folder, "ps")
        add_config(folder)
        hand_in(folder, "ada", "ps", "ps", model=BUILD + FIT.replace("EPOCHS", "3"))
        loop = FIT.replace("EPOCHS", "2").replace(
            "verbose=0", "verbose=0, callbacks=[keras.callbacks.LambdaCallback()]"
        )
        hand_in(folder, "own", "ps", "ps", model=BUILD + loop)
        autograder(folder, "grade", "ps")
        course.nbgrader(folder, "generate_feedback", "ps")

    def page(self, student: str) -> Page:
        return Page((self.folder / "feedback" / student / "ps" / "ps.html").read_text(encoding="utf-8"))

    def record(self, student: str) -> dict[str, Any]:
        path = self.folder / "autograded" / student / "ps" / "ps.record.json"
        return dict(json.loads(path.read_text()))


@pytest.fixture(scope="module")
def graded(tmp_path_factory: pytest.TempPathFactory) -> Class:
    if reason := check():
        pytest.skip(reason)
    return Class(tmp_path_factory.mktemp("course"))


def test_the_record_tells_of_the_model_in_a_test(graded: Class) -> None:
    record = graded.record("ada")
    model = record["run"]["models"]["test_model"]
    assert [layer[1:] for layer in model["layers"]] == [
        ["Conv2D", [None, 6, 6, 4], 40],
        ["Flatten", [None, 144], 0],
        ["Dense", [None, 3], 435],
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
    built = {"layers": [["d", "Dense", [None, 2], 6]], "parameters": 6}
    found = {"a": built, "b": {**built, "rows": 5}, "c": {**built, "history": {"loss": [1.0]}}}
    assert [model.grade_id for model in models(found)] == ["b", "c"]


def test_the_record_has_the_history_of_each_training(graded: Class) -> None:
    run = graded.record("ada")["run"]
    (training,) = run["trainings"]
    assert training["history"].keys() == {"loss", "accuracy", "val_loss", "val_accuracy"}
    assert [len(series) for series in training["history"].values()] == [3] * 4
    assert run["models"]["test_model"]["history"] == training["history"]


def test_the_page_shows_how_the_model_did(graded: Class) -> None:
    found = graded.page("ada")
    assert "Not yet converged." in found.text
    assert "all points from 0.99 up" in found.text
    assert "Confusion matrix" in found.text
    pictures = [image["alt"] for image in found.all("img")]
    assert len(pictures) == 12
    assert all(" and was taken for " in words for words in pictures)
    assert "475 parameters in all" in found.text
    charts = found.all("svg")
    assert len(charts) == 3
    assert all(chart["role"] == "img" and chart["aria-labelledby"] for chart in charts)
    assert "Seed of the initial weights 0" in found.text
    assert "Other trainings" not in found.text


def test_a_training_within_the_notebook_is_shown_with_its_reason_and_no_flag(graded: Class) -> None:
    assert graded.record("own")["run"]["flags"]
    found = graded.page("own")
    assert "as this could not be handed on: the callback LambdaCallback is code." in found.text
    assert "its weights were not made by the trainer" not in found.html
    assert len(found.all("svg")) == 3  # its curves are those of its own history
