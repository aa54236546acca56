"""What is said of a model that a test used."""

import base64
import io
from typing import Any

import numpy as np
import pytest
from PIL import Image

from autograder.examiner.model_inspection import curves, insight, instructors_names
from autograder.keras_codec.usage import Use, watch

keras = pytest.importorskip("keras")
TEST = """
images, labels = load()
predicted = model.predict(images)
right = np.mean(predicted.argmax(1) == labels)
"""
IMAGES = np.linspace(0, 1, 6 * 5 * 5).reshape(6, 5, 5, 1).astype("float32")
LABELS = np.array([0, 1, 2, 2, 1, 0])


def used(outputs: Any, inputs: Any = IMAGES, *, ask: str = "predict") -> Use:
    """A model that was asked, as a test asks it, and answers by a table: of input row i, row i of `outputs`."""
    width = np.asarray(outputs).shape[1]
    layers = [keras.Input(inputs.shape[1:]), keras.layers.Flatten(), keras.layers.Dense(width, name="table")]
    model = keras.Sequential(layers, name="net")
    flat = inputs.reshape(len(inputs), -1)
    kernel, *_ = np.linalg.lstsq(np.c_[flat, np.ones(len(flat))], np.asarray(outputs, dtype=float), rcond=None)
    model.set_weights([kernel[:-1], kernel[-1]])
    model.compile("sgd", "mse")
    use = watch(model, lambda prefix, question: True)
    if ask == "predict":
        model.predict(inputs, verbose=0)
    else:
        model.evaluate(inputs, np.asarray(outputs, dtype="float32"), verbose=0)
    return use


def logits(predicted: Any, sure: Any) -> Any:
    """Outputs of three classes that say `predicted`, each as sure as `sure`."""
    table = np.zeros((len(predicted), 3))
    table[np.arange(len(predicted)), predicted] = sure
    return table


def wide(rows: int = 6) -> Any:
    """Images that a linear model can tell apart."""
    return np.random.default_rng(1).random((rows, 8, 8, 1)).astype("float32")


def test_names_that_come_of_the_students_are_not_the_instructors() -> None:
    names = instructors_names(TEST, {"model"})
    assert {"images", "labels", "load"} <= names
    assert not names & {"predicted", "right", "model"}


def test_accuracy_confusion_and_mistakes_come_of_what_was_predicted() -> None:
    predicted = [0, 1, 1, 2, 0, 0]
    found = insight([used(logits(predicted, [9, 9, 2, 9, 5, 9]), wide())], {"labels": LABELS}, {})
    assert found is not None
    assert found.accuracy == pytest.approx(4 / 6, abs=1e-6)
    assert found.confusion == ((2, 0, 0), (1, 1, 0), (0, 1, 1))
    assert [(m.truth, m.predicted) for m in found.mistakes] == [(1, 0), (2, 1)]  # the surest first
    assert found.mistakes[0].confidence > 0.9
    picture = Image.open(io.BytesIO(base64.b64decode(found.mistakes[0].image)))
    assert picture.size == (8, 8)


def test_layers_are_told_with_shapes_and_parameters() -> None:
    found = insight([used(logits([0] * 6, 1), wide())], {}, {})
    assert found is not None
    assert [(one.kind, one.shape, one.parameters) for one in found.layers] == [
        ("Flatten", (None, 64), 0),
        ("Dense", (None, 3), 195),
    ]
    assert found.parameters == 195
    assert found.rows == 6
    assert found.accuracy is None


@pytest.mark.parametrize("labels", [LABELS.reshape(-1, 1), np.eye(3)[LABELS], LABELS.astype("uint8")])
def test_labels_are_whole_numbers_or_one_hot(labels: Any) -> None:
    found = insight([used(logits(LABELS, 5), wide())], {"y": labels}, {})
    assert found is not None
    assert found.accuracy == 1
    assert found.mistakes == ()


def test_two_arrays_that_may_be_the_labels_are_none() -> None:
    found = insight([used(logits(LABELS, 5), wide())], {"y": LABELS, "z": LABELS[::-1].copy() * 0}, {})
    assert found is not None
    assert found.accuracy is None


def test_two_names_of_the_same_labels_are_labels() -> None:
    found = insight([used(logits(LABELS, 5), wide())], {"y": LABELS, "one_hot": np.eye(3)[LABELS]}, {})
    assert found is not None
    assert found.accuracy == 1


def test_numbers_beyond_the_classes_are_no_labels() -> None:
    found = insight([used(logits(LABELS, 5), wide())], {"y": LABELS + 5}, {})
    assert found is not None
    assert found.accuracy is None


def test_a_model_that_was_only_measured_predicts_again() -> None:
    found = insight([used(logits(LABELS, 5), wide(), ask="evaluate")], {"y": LABELS}, {})
    assert found is not None
    assert found.accuracy == 1


def test_one_unit_is_two_classes() -> None:
    labels = np.array([0, 1, 1, 0, 1, 0])
    found = insight([used((labels * 2.0 - 1).reshape(-1, 1) * 4, wide())], {"y": labels}, {})
    assert found is not None
    assert found.confusion == ((3, 0), (0, 3))


def test_classes_have_the_instructors_names() -> None:
    lists = {"animals": ["cat", "dog", "eel"], "more": ["x"]}
    found = insight([used(logits(LABELS, 5), wide())], {"y": LABELS}, lists)
    assert found is not None
    assert found.classes == ("cat", "dog", "eel")


def test_of_two_models_it_is_the_one_tested_on_more_rows() -> None:
    few, many = used(logits([0] * 6, 1), wide()), used(logits([0] * 9, 1), wide(9))
    found = insight([few, many, few], {}, {})
    assert found is not None
    assert found.rows == 9


@pytest.mark.parametrize(("rows", "expected"), [(1000, 0.25), (999, None)])
def test_a_second_smaller_split_has_an_accuracy_of_its_own(rows: int, expected: float | None) -> None:
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(3, use_bias=False)])
    model.set_weights([np.eye(3)])
    use = watch(model, lambda prefix, question: True)
    truth = np.arange(2000) % 3
    further = (truth[:rows] + (np.arange(rows) % 4 != 0)) % 3  # every fourth is right
    for labels in (truth, truth[:rows], truth[:10]):
        model.predict(np.eye(3)[labels], verbose=0)
    found = insight([use], {"labels": truth, "further": further}, {})
    assert found is not None
    assert (found.rows, found.accuracy, found.further_accuracy) == (2000, 1, expected)


def test_without_a_model_there_is_nothing() -> None:
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    assert insight([], {}, {}) is None
    assert insight([watch(model, lambda prefix, question: True)], {}, {}) is None


@pytest.mark.parametrize(
    "outputs", [np.full((6, 3), np.nan), np.zeros((5, 3)), np.zeros((6, 3, 2)), "text", None, [np.zeros((6, 3))] * 2]
)
def test_odd_outputs_cost_nothing(outputs: Any) -> None:
    use = used(logits(LABELS, 5), wide())
    use.outputs[0] = outputs if outputs is not None else np.zeros((6, 0))
    found = insight([use], {"y": LABELS}, {})
    assert found is not None
    assert found.accuracy is None


def test_curves_are_finite_numbers_and_few() -> None:
    found = curves({"loss": [1.0, float("nan"), np.float32(0.5), "x"], "text": ["a"], "long": [1.0] * 5000})
    assert found["loss"] == (1.0, None, 0.5, None)
    assert "text" not in found
    assert len(found["long"]) == 1000
    assert len(curves({str(n): [1.0] for n in range(99)})) == 8
