"""A small nbgrader course: `numbers`, four exercises without TensorFlow, and `model`, one with a tiny Keras model.

Its tests are written as instructors write them, and not to be hard to deceive. `SECRET` stands in everything that no
student's code may read.
"""

import contextlib
import io
from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook
from shared import copy_of
from submission_courses import generate

SECRET = "kestrel" + "-4711"  # not as one word, so that no attack can hold it by accident
POINTS = {"test_total": 2.0, "test_fibonacci": 3.0, "test_twice": 3.0, "test_report": 2.0}
MODEL_POINTS = {"test_model": 3.0, "test_metric": 2.0}
KERNEL = {"display_name": "Python 3", "language": "python", "name": "python3"}

SETUP = """
import numpy as np

values = np.array([1.0, 2.0, 6.0])
wanted_sum = 9.0
np.savetxt("squares.csv", values**2)

def check(actual, wanted):
    assert np.allclose(actual, wanted), f"expected {wanted}, received {actual}"
"""

EXERCISES = {
    "total": (
        "def total(numbers):\n    return sum(numbers)",
        """
        check(total(values), wanted_sum)
        cases, wanted = [[1, 2], [4]], [3, 4]
        """,
        """
        cases.append([20, 3])
        wanted.append(23)
        for found, right in zip(map(total, cases), wanted):
            assert found == right
        """,
    ),
    "fibonacci": (
        "def fibonacci(n):\n    a, b = 0, 1\n    for _ in range(n):\n        a, b = b, a + b\n    return a",
        """
        def closeness(found, right):
            return max(1.0 - abs(found - right) / right, 0.0) if np.ndim(found) == 0 else found == right

        credit = 0.0
        for n, right in ((10, 55), (12, 144)):
            credit = credit + 1.0 * closeness(fibonacci(n), right)
        """,
        "credit = credit + 1.0 * closeness(fibonacci(25), 75025)",
    ),
    "twice": (
        "def twice(function, value):\n    return function(function(value))\n\n"
        "class Tally:\n    def __init__(self):\n        self.sum = 0\n    def add(self, n):\n        self.sum += n",
        "assert twice(lambda v: v + 1, 0) == 2\ntally = Tally()\ntally.add(3)\nassert tally.sum == 3",
        """
        key = 3
        assert twice(lambda v: v * key, 5) == 45
        tally.add(4)
        assert isinstance(tally, Tally)
        assert tally.sum == 7
        """,
    ),
    "report": (
        "answer = 41.5\n\ndef report(path):\n    np.savetxt(path, [1.0, 4.0, 36.0])",
        """
        report("report.csv")
        check(np.loadtxt("report.csv"), np.loadtxt("squares.csv"))
        assert 41 < answer < 42
        """,
        'check(np.loadtxt("report.csv"), np.loadtxt("reference.csv"))\nassert answer == 41.5',
    ),
}

MODEL_SETUP = """
import keras
import numpy as np

inputs = np.linspace(-1, 1, 20).reshape(-1, 1)
labels = (inputs > 0).astype(int)
"""
MODEL = """
model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1, activation="sigmoid")])
model.compile("sgd", "binary_crossentropy", metrics=["accuracy"])
model.set_weights([np.array([[50.0]]), np.array([0.0])])
history = model.fit(inputs, labels, epochs=1, verbose=0)
"""
MODEL_TESTS = {
    "test_model": (
        "assert isinstance(model, keras.Model)\nassert model.count_params() < 100",
        """
        hidden = np.array([[-0.73], [-0.2], [0.31], [0.9], [-0.4]])
        predicted = model.predict(hidden, verbose=0)
        assert predicted.shape == (5, 1)
        assert np.array_equal(predicted > 0.5, hidden > 0)
        """,
    ),
    "test_metric": (
        'assert history.history["loss"][-1] < 0.2',
        """
        hidden = np.array([[-0.6], [-0.1], [0.2], [-0.8], [-0.3]])
        measured = model.evaluate(hidden, (hidden > 0).astype(int), verbose=0, return_dict=True)
        assert measured["accuracy"] == 1.0
        assert measured["loss"] < 0.2
        """,
    ),
}


def _cell(make: Any, source: str, grade_id: str, **marks: Any) -> NotebookNode:
    marks = {"grade": False, "solution": False, "locked": False, "task": False, "schema_version": 3, **marks}
    return make(source.strip("\n"), metadata={"nbgrader": {"grade_id": grade_id, **marks}})


def _lines(text: str) -> str:
    return "\n".join(line.removeprefix("        ") for line in text.strip("\n").split("\n")).rstrip()


def _solution(name: str, source: str) -> NotebookNode:
    text = f"### BEGIN SOLUTION\n{source}  # {SECRET}\n### END SOLUTION"
    return _cell(new_code_cell, text, name, solution=True)


def _test(name: str, visible: str, hidden: str, points: float, end: str = "") -> NotebookNode:
    text = f"{_lines(visible)}\n### BEGIN HIDDEN TESTS\n# {SECRET}\n{_lines(hidden)}\n### END HIDDEN TESTS\n{end}"
    return _cell(new_code_cell, text, name, grade=True, locked=True, points=points)


def numbers() -> NotebookNode:
    """The instructor's notebook of `numbers`."""
    cells = [new_markdown_cell("# Numbers"), _cell(new_code_cell, SETUP, "setup", locked=True)]
    for name, (solution, visible, hidden) in EXERCISES.items():
        cells.append(_solution(name, solution))
        end = "credit" if name == "fibonacci" else ""
        cells.append(_test(f"test_{name}", visible, hidden, POINTS[f"test_{name}"], end))
    return new_notebook(cells=cells, metadata={"kernelspec": KERNEL})


def model() -> NotebookNode:
    """The instructor's notebook of `model`."""
    cells = [_cell(new_code_cell, MODEL_SETUP, "setup", locked=True), _solution("model", MODEL.strip())]
    cells += [_test(name, visible, hidden, MODEL_POINTS[name]) for name, (visible, hidden) in MODEL_TESTS.items()]
    return new_notebook(cells=cells, metadata={"kernelspec": KERNEL})


ASSIGNMENTS = {"numbers": numbers, "model": model}
FULL = {"numbers": sum(POINTS.values()), "model": sum(MODEL_POINTS.values())}


def build(folder: Path) -> None:
    """Make the course in `folder`: source, release and gradebook."""
    copy_of("tiny course", _build, folder)


def _build(folder: Path) -> None:
    stub = "raise NotImplementedError"
    (folder / "nbgrader_config.py").write_text(
        f"c = get_config()\nc.ClearSolutions.code_stub = {{'python': {stub!r}}}\n", encoding="utf-8"
    )
    for name, make in ASSIGNMENTS.items():
        source = folder / "source" / name
        source.mkdir(parents=True)
        nbformat.write(make(), source / f"{name}.ipynb")
        if name == "numbers":
            (source / "reference.csv").write_text("1.0\n4.0\n36.0\n")
        with contextlib.redirect_stderr(io.StringIO()):
            generate(folder, name, ClearSolutions={"code_stub": {"python": stub}})
    (folder / "solutions").mkdir()
    (folder / "solutions" / "numbers.py").write_text(f"# {SECRET}\n")


def released(folder: Path, assignment: str) -> NotebookNode:
    """What students get."""
    return nbformat.read(folder / "release" / assignment / f"{assignment}.ipynb", as_version=4)


def cell_of(notebook: NotebookNode, grade_id: str) -> NotebookNode:
    """The first cell of that grade_id."""
    return next(cell for cell in notebook.cells if cell.metadata.get("nbgrader", {}).get("grade_id") == grade_id)


def solve(notebook: NotebookNode, assignment: str) -> None:
    """Answer a released notebook as the reference does."""
    answers = {"model": MODEL.strip()} if assignment == "model" else {name: e[0] for name, e in EXERCISES.items()}
    for name, source in answers.items():
        cell_of(notebook, name).source = source
