"""A class that trains models, graded with the trainer: what is trained where, remembered, flagged and refused."""

import contextlib
import json
import shutil
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import nbformat
import pytest
from engines import add_config, autograder, marks
from nbformat.v4 import new_code_cell, new_notebook
from submission_courses import generate
from tiny_course import KERNEL, _cell, cell_of, released
from watched_course import points, set_deadline, watching

from autograder.grading.job import ReviewKind
from autograder.grading.pipeline import Autograde
from autograder.grading.submission import read_submission
from autograder.notebooks.selection import Selection
from autograder.sandbox.bubblewrap import check
from autograder.training.client import training_cache

SETUP = """
import keras
import numpy as np

def stripes(count, seed):
    random = np.random.default_rng(seed)
    y = np.arange(count) % 2
    x = random.normal(0, 1, (count, 16)).astype("float32")
    x[:, ::2] += 3 * y[:, None]
    return x, y

x_train, y_train = stripes(400, 1)
"""
BUILD = """
model = keras.Sequential([keras.Input((16,)), keras.layers.Dense(8, activation="relu"), keras.layers.Dense(2)])
model.compile("adam", keras.losses.SparseCategoricalCrossentropy(from_logits=True), metrics=["accuracy"])
"""
FIT = "history = model.fit(x_train, y_train, epochs=12, batch_size=16, verbose=0)"
TEST = """
x_test, y_test = stripes(200, 2)
assert np.mean(model.predict(x_test, verbose=0).argmax(1) == y_test) > 0.9
"""
TEST_OF_BOTH = """
x_more, y_more = stripes(2000, 3)
x_known, y_known = stripes(1000, 1)  # 400 of them are those that the reference trains on
predicted = [model.predict(x, batch_size=1000, verbose=0) for x in (x_more, x_known)]
"""
LOOP = """
import tensorflow as tf
loss, optimizer = keras.losses.SparseCategoricalCrossentropy(from_logits=True), keras.optimizers.Adam(0.01)
for _ in range(60):
    with tf.GradientTape() as tape:
        value = loss(y_train, model(x_train, training=True))
    optimizer.apply_gradients(zip(tape.gradient(value, model.trainable_variables), model.trainable_variables))
"""
BY_RULE = """
kernel = np.zeros((16, 8)); kernel[::2, 0] = 1; kernel[1::2, 1] = 1
last = np.zeros((8, 2)); last[0] = [-1, 1]
model.set_weights([kernel, np.linspace(-8, 0, 8), last, np.linspace(0.1, -0.1, 2)])
"""
UNMOVED = (
    "\n"
    + FIT.replace("model.fit", "model.compile(keras.optimizers.SGD(1e-12), model.loss)\nhistory = model.fit")[
        len("history = ") :
    ]
)
NESTED = """
kernel = np.zeros((16, 8)); kernel[::2, 0] = 1; kernel[1::2, 1] = 1
last = np.zeros((8, 2)); last[0] = [-1, 1]
constant = lambda value: keras.initializers.Constant(np.asarray(value).tolist())
model = keras.Sequential([
    keras.Input((16,)),
    keras.layers.Dense(8, "relu", False, constant(kernel)),
    keras.layers.Dense(2, None, True, constant(last), constant([4.0, -4.0])),
])
model.compile("sgd", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
"""
ONE_BY_ONE = """
inputs = keras.Input((16,))
weights = [1.5 if i % 2 == 0 else -0.5 for i in range(16)]
parts = [keras.layers.Dense(1, use_bias=False{initializer})(inputs[:, i : i + 1]) for i in range(16)]
total = keras.layers.Add()(parts)
model = keras.Model(inputs, keras.layers.Concatenate()([total * 0 + 18, total]))
{assigned}
model.compile("sgd", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
"""
SCALED = BUILD.replace("keras.layers.Dense(8", "keras.layers.Rescaling(1 / 3, offset=-0.5), keras.layers.Dense(8")
RANDOM = "np.random.default_rng(3).normal(0, 0.1, (200, 16)).astype('float32')"
STOPPING = "callbacks=[keras.callbacks.EarlyStopping('val_loss', patience=3, restore_best_weights=True)]"
# Weights that the trainer made, in other hands than those of its training.
CHANGED = {
    "rescaled": SCALED + FIT + "\nmodel.layers[0].scale = np.linspace(0.3, 0.4, 16).tolist()",
    "activated": BUILD + FIT + "\nmodel.layers[0].activation = keras.activations.elu",
    "assembled": BUILD + FIT + "\nmodel = keras.Sequential([keras.Input((16,)), keras.layers.Rescaling(1.1), model])",
    "biased": BUILD + FIT + "\nlast = model.layers[-1]\nlast.bias.assign([last.bias[0] + 0.1, last.bias[1]])",
}
# Weights that were given, by ways that look like a training from fresh ones.
GIVEN = {
    "nested": NESTED + UNMOVED,
    "one_by_one": ONE_BY_ONE.format(
        initializer=", kernel_initializer=keras.initializers.Constant(weights[i])", assigned=""
    )
    + UNMOVED,
    "assigned": ONE_BY_ONE.format(
        initializer="", assigned="model.set_weights([np.full((1, 1), weight) for weight in weights])"
    )
    + UNMOVED,
    "scale": SCALED.replace("1 / 3", "np.tile([1.0, 0.01], 8).tolist()") + FIT,
}
HONEST = {
    "loaded": BUILD + FIT + "\nmodel.save('m.keras')\nmodel = keras.models.load_model('m.keras')",
    "cloned": BUILD
    + FIT
    + "\ntrained, model = model, keras.models.clone_model(model)\nmodel.set_weights(trained.get_weights())",
    "twice": SCALED + FIT + "\n" + FIT,
    "transferred": BUILD
    + FIT
    + "\nmodel.layers[0].trainable = False\nmodel = keras.Sequential([keras.Input((16,)), model.layers[0], "
    + "keras.layers.BatchNormalization(), keras.layers.Dropout(0.1), keras.layers.Dense(2)])\n"
    + "model.compile('adam', keras.losses.SparseCategoricalCrossentropy(from_logits=True))\n"
    + FIT.replace("epochs=12", "epochs=30"),
}
SEEN = {
    "validated": BUILD + FIT.replace("verbose=0", f"verbose=0, validation_data=stripes(200, 2), {STOPPING}"),
    "noisy": BUILD + f"x, y = stripes(200, 2)\nx = 2 * x + {RANDOM}\n" + FIT.replace("x_train, y_train", "x, y"),
}
ANSWERS = {
    **CHANGED,
    **GIVEN,
    **HONEST,
    **SEEN,
    "ada": BUILD + FIT,
    "as_ada": "# in other words\n" + BUILD + FIT.replace("verbose=0", "verbose=2"),
    "other": BUILD.replace("8,", "12,") + FIT,
    "loop": BUILD + LOOP,
    "rule": BUILD + BY_RULE,
    "further": BUILD + BY_RULE + FIT,
    "cheat": BUILD + FIT.replace("x_train, y_train", "*stripes(200, 2)"),
    "callback": BUILD + FIT.replace("verbose=0", "verbose=0, callbacks=[keras.callbacks.LambdaCallback()]"),
    "too_long": BUILD + FIT.replace("epochs=12", "epochs=100_000"),
    "seen_beside": BUILD + FIT.replace("x_train, y_train", "*stripes(2000, 3)"),
}
SHOWN = ("by", "weights", "remembered")


class Class:
    """The course, graded once."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        cells = [
            _cell(new_code_cell, SETUP, "setup", locked=True),
            _cell(new_code_cell, f"### BEGIN SOLUTION{BUILD}{FIT}\n### END SOLUTION", "model", solution=True),
            _cell(new_code_cell, "assert model.built", "test_built", grade=True, locked=True, points=1.0),
            _cell(new_code_cell, hidden(TEST), "test_accuracy", grade=True, locked=True, points=4.0),
            _cell(new_code_cell, hidden(TEST_OF_BOTH), "test_both", grade=True, locked=True, points=0.0),
        ]
        self.source = folder / "source" / "ps" / "ps.ipynb"
        self.source.parent.mkdir(parents=True)
        nbformat.write(new_notebook(cells=cells, metadata={"kernelspec": KERNEL}), self.source)
        generate(folder, "ps")
        add_config(folder)
        for student, answer in ANSWERS.items():
            self.hand_in(student, answer)
        self.said = autograder(folder, "grade", "ps")

    def hand_in(self, student: str, answer: str) -> None:
        notebook = released(self.folder, "ps")
        cell_of(notebook, "model").source = answer
        path = self.folder / "submitted" / student / "ps" / "ps.ipynb"
        path.parent.mkdir(parents=True, exist_ok=True)
        nbformat.write(notebook, path)

    def score(self, student: str) -> float:
        return sum(score or 0 for (who, _, _), (score, _) in marks(self.folder, "ps").items() if who == student)

    def record(self, student: str) -> dict[str, Any]:
        path = self.folder / "autograded" / student / "ps" / "ps.record.json"
        return dict(json.loads(path.read_text()))

    def trainings(self, student: str) -> list[dict[str, Any]]:
        return list(self.record(student)["run"]["trainings"])


def hidden(test: str) -> str:
    return f"### BEGIN HIDDEN TESTS{test}### END HIDDEN TESTS"


@pytest.fixture(scope="module")
def graded(tmp_path_factory: pytest.TempPathFactory) -> Class:
    if reason := check():
        pytest.skip(reason)
    return Class(tmp_path_factory.mktemp("course"))


def test_an_honest_fit_is_trained_by_the_trainer_once_for_all(graded: Class) -> None:
    assert [graded.score(student) for student in ("ada", "as_ada", "other")] == [5, 5, 5]
    ada, as_ada = graded.trainings("ada"), graded.trainings("as_ada")
    assert [[training[name] for name in SHOWN] for training in ada] == [["trainer", "fresh", True]]  # the rehearsal's
    assert [training["job"] for training in ada] == [training["job"] for training in as_ada]
    (other,) = graded.trainings("other")
    assert other["by"] == "trainer"
    assert other["job"] != ada[0]["job"]
    assert graded.record("ada")["run"]["flags"] == []
    assert graded.record("ada")["went_in"]["trainer"]["precision"] == "float32"
    assert "training runs: " in graded.said


@pytest.mark.parametrize(
    ("student", "flag", "by"),
    [
        ("loop", "its weights did not come from the trainer", []),
        ("rule", "its weights did not come from the trainer", []),
        ("further", "its training started from weights that did not come from the trainer", ["trainer"]),
        ("callback", "its weights did not come from the trainer", ["candidate"]),
    ],
)
def test_other_weights_count_and_are_flagged(graded: Class, student: str, flag: str, by: list[str]) -> None:
    assert graded.score(student) == 5
    assert [training["by"] for training in graded.trainings(student)] == by
    (found,) = graded.record(student)["run"]["flags"]
    text = f"test_accuracy: the test gave points, but the model needs a look: {flag}"
    assert found == {"kind": ReviewKind.WEIGHTS, "text": text}
    assert f"ps, {text}" in graded.said


@pytest.mark.parametrize("student", [*CHANGED, *GIVEN])
def test_what_came_out_of_no_training_from_fresh_weights_is_flagged(graded: Class, student: str) -> None:
    assert graded.score(student) == 5
    expected = "started from weights" if student in GIVEN else "did not come" if student == "biased" else "were changed"
    assert [expected in flag["text"] for flag in graded.record(student)["run"]["flags"]] == [True]


@pytest.mark.parametrize("student", HONEST)
def test_a_model_that_was_loaded_copied_or_trained_further_is_the_trainers(graded: Class, student: str) -> None:
    assert graded.score(student) == 5
    assert graded.record(student)["run"]["flags"] == []


@pytest.mark.parametrize(
    ("student", "rows"), [("cheat", "200 of the 200"), ("validated", "200 of the 200"), ("noisy", "near copies of")]
)
def test_who_gives_the_test_split_to_fit_is_named_and_graded(graded: Class, student: str, rows: str) -> None:
    assert graded.score(student) == 5
    (flag,) = graded.record(student)["run"]["flags"]
    assert flag["kind"] == ReviewKind.LEAKAGE
    assert flag["text"].startswith("test_accuracy: the notebook gave ")
    assert rows in flag["text"]


def test_who_gives_the_test_split_to_fit_is_named_where_the_test_looks_at_training_data_too(graded: Class) -> None:
    texts = [flag["text"] for flag in graded.record("seen_beside")["run"]["flags"]]
    given = "the notebook gave 2,000 of the 2,000 inputs of the test to `fit` as training or validation data"
    assert f"test_both: {given}" in texts


def test_a_callback_that_cant_be_told_is_said_to_be_one(graded: Class) -> None:
    (training,) = graded.trainings("callback")
    assert "LambdaCallback" in training["reason"]


def test_what_exceeds_the_budget_is_refused_with_both_figures(graded: Class) -> None:
    assert graded.score("too_long") == 1
    path = graded.folder / "autograded" / "too_long" / "ps" / "ps.ipynb"
    assert "This training needs 100,000 epochs; the assignment's budget is 500 epochs." in path.read_text()


def test_after_a_change_of_a_hidden_test_nothing_is_trained(graded: Class) -> None:
    notebook = nbformat.read(graded.source, as_version=4)
    cell_of(notebook, "test_accuracy").source = hidden(TEST.replace("0.9", "0.85"))
    nbformat.write(notebook, graded.source)
    generate(graded.folder, "ps")
    said = autograder(graded.folder, "grade", "ps", "--student", "other")
    assert "training runs: 0 trained" in said
    assert graded.trainings("other")[0]["remembered"]
    assert graded.score("other") == 5


def test_an_instructor_can_refuse_other_weights(graded: Class) -> None:
    add_config(graded.folder, "c.Trainer.weights = 'refuse'")
    autograder(graded.folder, "grade", "ps")
    refused = {"loop", "rule", "further", "callback", "too_long", *CHANGED, *GIVEN}
    assert {student: graded.score(student) for student in ANSWERS} == {
        student: 1 if student in refused else 5 for student in ANSWERS
    }
    text = (graded.folder / "autograded" / "rule" / "ps" / "ps.ipynb").read_text()
    assert "WeightsRefused: This test accepts only models trained by `fit` from new weights" in text


def test_a_student_can_be_forgotten(graded: Class) -> None:
    said = autograder(graded.folder, "forget", "other")
    assert said.startswith("Deleted 1 stored training run that only other requested")


RAMP = """
x_test, y_test = stripes(200, 2)
round(4 * min(1, float(np.mean(model.predict(x_test, verbose=0).argmax(1) == y_test)) / 0.95), 2)
"""


@pytest.fixture(scope="module")
def just_short(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A graded course whose test gives points in proportion, and what the grading said.

    The student `short` lacks some points with the first seed, `whole` lacks none.
    """
    if reason := check():
        pytest.skip(reason)
    folder = tmp_path_factory.mktemp("just short") / "course"
    folder.mkdir()
    reference = f"{BUILD}{FIT}"
    cells = [
        _cell(new_code_cell, SETUP, "setup", locked=True),
        _cell(new_code_cell, f"### BEGIN SOLUTION{reference}\n### END SOLUTION", "model", solution=True),
        _cell(new_code_cell, hidden(RAMP), "test_accuracy", grade=True, locked=True, points=4.0),
    ]
    source = folder / "source" / "ps" / "ps.ipynb"
    source.parent.mkdir(parents=True)
    nbformat.write(new_notebook(cells=cells, metadata={"kernelspec": KERNEL}), source)
    generate(folder, "ps")
    add_config(folder, "c.Grading.further_seeds_margin = 0.9")
    for student, answer in {"short": f"{BUILD}{FIT.replace('epochs=12', 'epochs=1')}", "whole": reference}.items():
        notebook = released(folder, "ps")
        cell_of(notebook, "model").source = answer
        path = folder / "submitted" / student / "ps" / "ps.ipynb"
        path.parent.mkdir(parents=True)
        nbformat.write(notebook, path)
    return folder, autograder(folder, "grade", "ps")


def test_a_trained_model_that_is_just_short_of_its_points_is_trained_with_further_seeds(
    just_short: tuple[Path, str], tmp_path: Path
) -> None:
    made, said = just_short
    shutil.copytree(made, tmp_path, dirs_exist_ok=True)

    def graded(student: str) -> tuple[float | None, dict[str, Any]]:
        (score,) = [score for (who, _, _), (score, _) in marks(tmp_path, "ps").items() if who == student]
        path = tmp_path / "autograded" / student / "ps" / "ps.record.json"
        return score, json.loads(path.read_text())["run"]["seeds"]

    assert "training runs: 4 trained" in said
    assert graded("whole") == (4, {})
    score, seeds = graded("short")
    found = seeds["test_accuracy"]
    assert len(set(found["scores"])) > 1
    assert [round(4 * accuracy / 0.95, 2) for accuracy in found["accuracies"]] == found["scores"]
    mean = round(sum(found["scores"]) / 3, 2)
    assert score == found["counts"] == max(mean, found["scores"][0])
    autograder(tmp_path, "feedback", "ps")
    page = (tmp_path / "feedback" / "short" / "ps" / "ps.html").read_text()
    assert "trained with 3 different seeds" in page
    assert f"You get {score:.2f}." in page
    assert "training runs" not in autograder(tmp_path, "grade", "ps", "--force")  # all of it is stored
    add_config(tmp_path, "c.Grading.further_seeds_may_lower = True")
    said = autograder(tmp_path, "grade", "ps")
    assert "training runs" not in said
    assert "to grade; 0 are up to date" in said
    assert graded("short")[0] == mean
    add_config(tmp_path, "c.Grading.further_seeds = 0")
    autograder(tmp_path, "grade", "ps")
    assert graded("short") == (found["scores"][0], {})


def test_watch_trains_what_counts_with_further_seeds_once_the_deadline_has_passed(
    just_short: tuple[Path, str], tmp_path: Path
) -> None:
    shutil.copytree(just_short[0], tmp_path, dirs_exist_ok=True)  # so that little is left to compute
    add_config(tmp_path, "c.Watch.settle_seconds = 0")

    def seeds(student: str) -> dict[str, Any]:
        path = tmp_path / "autograded" / student / "ps" / "ps.record.json"
        return dict(json.loads(path.read_text())["run"]["seeds"])

    with watching(tmp_path, "ps") as watched:
        for student in ("short", "whole"):
            watched.graded(student)
            assert seeds(student) == {}
        assert [watched.attempts(student)[0].short for student in ("short", "whole")] == [True, False]
        set_deadline(tmp_path, datetime.now(UTC).replace(tzinfo=None), "ps")
        for student in ("short", "whole"):
            watched.until(lambda student=student: watched.attempts(student)[0].final)
        attempt = watched.attempts("short")[0]
    found = seeds("short")["test_accuracy"]
    assert len(found["scores"]) == 3
    assert (
        points(tmp_path, "short", "ps")
        == attempt.points
        == found["counts"]
        == max(found["scores"][0], round(sum(found["scores"]) / 3, 2))
    )
    assert seeds("whole") == {}
    assert [line for line in watched.said if line.startswith("whole")] == [
        "whole: ps, attempt 1: graded, 4 points of tests"
    ]
    assert "trained with 3 different seeds" in (tmp_path / "feedback" / "short" / "ps" / "ps.html").read_text()


def test_a_classs_trainings_begin_during_the_rehearsal_without_hidden_tests(tmp_path: Path) -> None:
    if reason := check():
        pytest.skip(reason)
    cells = [
        _cell(new_code_cell, SETUP, "setup", locked=True),
        _cell(new_code_cell, hidden("\nseen = 1\n"), "test_setup", grade=True, locked=True, points=1.0),
        _cell(new_code_cell, f"### BEGIN SOLUTION{BUILD}{FIT}\n### END SOLUTION", "model", solution=True),
        _cell(new_code_cell, hidden(TEST), "test_accuracy", grade=True, locked=True, points=4.0),
    ]
    source = tmp_path / "source" / "ps" / "ps.ipynb"
    source.parent.mkdir(parents=True)
    nbformat.write(new_notebook(cells=cells, metadata={"kernelspec": KERNEL}), source)
    coursedir, config = generate(tmp_path, "ps", Grading={"workers": 3})
    notebook = released(tmp_path, "ps")
    other = BUILD.replace("8,", "12,") + FIT.replace("epochs=12", "epochs=13 if 'seen' in globals() else 14")
    cell_of(notebook, "model").source = other
    path = tmp_path / "submitted" / "ada" / "ps" / "ps.ipynb"
    path.parent.mkdir(parents=True)
    nbformat.write(notebook, path)

    converter = Autograde(coursedir=coursedir, config=config)
    (job,) = converter.notebook_jobs("ps")
    (work,) = read_submission("ada", "ps", path.parent, Selection({"ps": path}), {"ps": job}, []).works
    assert work.job is not None
    own = training_cache(tmp_path, converter.trainer).folder / "students" / "s-ada"
    with contextlib.closing(converter.engine) as engine:
        (rehearsal,) = engine.rehearse([job], [work.job])
        for _ in range(600):  # it may still be trained
            if own.is_dir():
                break
            time.sleep(0.1)
        assert len([*(tmp_path / ".autograder" / "results").rglob("*.outcome")]) == 4  # the rehearsal's alone
        work.complete_job(rehearsal.applied(job, lambda cell: False))
        ((_, outcome),) = engine.outcomes({work.digest: work.job})
    assert outcome.scores == {"test_setup": 1.0, "test_accuracy": 4.0}
    assert [(training.job, training.remembered) for training in outcome.run.trainings] == [
        (key.name, True) for key in own.iterdir()
    ]
