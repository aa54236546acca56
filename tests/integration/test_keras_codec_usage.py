"""What a student's model measures of itself, held to what the reference's does."""

import os
import socket
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np
import pytest
from keras import layers, metrics

from autograder.keras_codec import models
from autograder.rpc.peer import Peer

LABELS = np.eye(4)[[0, 1, 2, 3, 0, 1]]
INPUTS = np.linspace(-1, 1, 18).reshape(6, 3)


def watched(measures: list[Any], permitted: set[str] | None, units: int = 4, **settings: Any) -> tuple[Any, Peer]:
    """A model with these metrics, as the examiner rebuilds it; None: in the rehearsal."""
    model = keras.Sequential([keras.Input((3,)), layers.Dense(units, activation="softmax")])
    model.compile("sgd", "mse", metrics=measures, **settings)
    ours, _ = socket.socketpair()
    peer = Peer(ours, {}, trusted=True)
    peer.permitted = permitted
    again = models.rebuild(*models.describe(model), models.Budget())
    models.watch(again, peer.permits_as)
    return again, peer


@pytest.fixture(scope="module", params=[False, True], ids=["by place", "by name"])
def rehearsed(request: pytest.FixtureRequest) -> tuple[dict[str, Any], set[str]]:
    """How a test evaluates, and what the reference, compiled with `accuracy`, was asked."""
    named = {"verbose": 0, "return_dict": request.param}
    model, peer = watched(["accuracy"], None)
    model.evaluate(INPUTS, LABELS, **named)
    return named, peer.asked


@pytest.mark.parametrize(
    "measures",
    [
        ["acc"],
        ["categorical_accuracy"],
        [metrics.CategoricalAccuracy("accuracy")],
        ["accuracy", metrics.AUC(), "mae"],
    ],
    ids=["short", "by its whole name", "as an object", "with more"],
)
def test_the_same_otherwise_written_is_the_same(
    rehearsed: tuple[dict[str, Any], set[str]], measures: list[Any]
) -> None:
    named, permitted = rehearsed
    model, _ = watched(measures, permitted, loss_weights=[1.0])
    measured = model.evaluate(INPUTS, LABELS, **named)
    accuracy = next(v for k, v in measured.items() if "acc" in k) if named["return_dict"] else measured[1]
    assert accuracy == pytest.approx(np.mean(model.predict(INPUTS, verbose=0).argmax(1) == LABELS.argmax(1)))


@pytest.mark.parametrize(
    ("measures", "units", "settings"),
    [
        ([metrics.TopKCategoricalAccuracy(4, name="accuracy")], 4, {}),
        ([metrics.BinaryAccuracy("accuracy")], 4, {}),
        ([metrics.CategoricalAccuracy("accuracy")], 1, {}),
        (["accuracy"], 4, {"loss_weights": [0.0]}),
    ],
    ids=["top four of four", "binary", "of one unit", "no weight"],
)
def test_another_number_is_refused(
    rehearsed: tuple[dict[str, Any], set[str]], measures: list[Any], units: int, settings: dict[str, Any]
) -> None:
    named, permitted = rehearsed
    model, _ = watched(measures, permitted, units, **settings)
    with pytest.raises(RuntimeError, match="which is not what is measured here"):
        model.evaluate(INPUTS, LABELS, **named)


def test_a_training_of_the_tests_own_is_held_to_the_same() -> None:
    model, peer = watched(["accuracy"], None)
    model.fit(INPUTS, LABELS, verbose=0)
    model, _ = watched([metrics.BinaryAccuracy(name="accuracy")], peer.asked)
    with pytest.raises(RuntimeError, match="fit gives binary_accuracy"):
        model.fit(INPUTS, LABELS, verbose=0)


def test_several_outputs_are_told_apart() -> None:
    inputs = keras.Input((3,))
    model = keras.Model(inputs, [layers.Dense(4, name="kind")(inputs), layers.Dense(2, name="size")(inputs)])
    model.compile("sgd", ["mse", "mae"], metrics=[["accuracy"], ["mae"]])
    asked: list[str] = []
    models.watch(model, lambda prefix, question: asked.append(question) or True)
    model.evaluate(INPUTS, [LABELS, INPUTS[:, :2]], verbose=0, return_dict=True)
    assert {"measures kind_accuracy categorical_accuracy", "measures size_mae mean_absolute_error"} < set(asked)
