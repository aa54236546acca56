"""A course whose models are trained and graded for real."""

import json
from pathlib import Path
from typing import Any

import nbformat
from engines import add_config, autograder, hand_in
from feedback_pages import Page
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook
from shared import made_once
from submission_courses import generate
from tiny_course import KERNEL, _cell

from autograder.course import build

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
    """The course, graded once for all tests."""

    def __init__(self) -> None:
        self.folder = made_once("model class", self._make)

    def _make(self, folder: Path) -> None:
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
        build.nbgrader(folder, "generate_feedback", "ps")

    def page(self, student: str) -> Page:
        return Page((self.folder / "feedback" / student / "ps" / "ps.html").read_text(encoding="utf-8"))

    def record(self, student: str) -> dict[str, Any]:
        path = self.folder / "autograded" / student / "ps" / "ps.record.json"
        return dict(json.loads(path.read_text()))
