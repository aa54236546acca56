"""A student's model that comes to another test unchanged is not built again."""

import os
from collections.abc import Iterator
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
import pytest
from rpc_pair import examining

from autograder.keras_codec import model_cache
from autograder.rpc.peer import Peer

STUDENT = """
import keras
model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)])
model.compile("adam", "mse")
other = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)])
large = keras.Sequential([keras.Input((3,)), keras.layers.Dense(200)])

def change():
    model.layers[0].bias.assign_add([1.0, 2.0])

def spoil(given):
    given.layers[0].kernel.assign(given.layers[0].kernel * 0)
"""
INPUTS = np.ones((4, 3))


class Cells:
    """Each `fetch` is in a cell of its own."""

    def __init__(self, peer: Peer, fetch: Any) -> None:
        self.peer, self._fetch = peer, fetch

    def fetch(self, name: str = "model") -> Any:
        self.peer.begin(None)
        return self._fetch(name)

    def again(self) -> Any:
        return self._fetch("model")


@pytest.fixture
def cells() -> Iterator[Cells]:
    with examining(STUDENT) as (peer, fetch):
        yield Cells(peer, fetch)


def test_an_unchanged_model_is_the_one_that_came_before(cells: Cells) -> None:
    first = cells.fetch()
    before = first.predict(INPUTS, verbose=0)
    first.evaluate(INPUTS, np.zeros((4, 2)), verbose=0)
    assert cells.fetch() is first
    np.testing.assert_array_equal(first.predict(INPUTS, verbose=0), before)


def test_its_use_in_the_test_before_is_no_use_in_this_one(cells: Cells) -> None:
    cells.fetch().predict(INPUTS, verbose=0)
    (use,) = cells.peer.models
    assert (use.used, len(use.inputs), len(use.outputs)) == (True, 1, 1)
    digests = use.digests
    model = cells.fetch()
    (use,) = cells.peer.models
    assert (use.used, use.inputs, use.outputs) == (False, [], [])
    model.predict(INPUTS, verbose=0)
    assert (use.used, len(use.inputs), use.digests) == (True, 1, digests)


def test_within_one_test_a_model_that_comes_twice_is_two(cells: Cells) -> None:
    first = cells.fetch()
    assert cells.again() is not first
    assert len(cells.peer.models) == 2


def test_a_model_that_the_student_changed_comes_anew(cells: Cells) -> None:
    first = cells.fetch()
    cells.fetch("change")()
    second = cells.fetch()
    assert second is not first
    np.testing.assert_array_equal(second.layers[0].bias.numpy(), [1, 2])


@pytest.mark.parametrize(
    "change",
    [
        lambda model: model.layers[0].kernel.assign(np.zeros((3, 2))),
        lambda model: model.compile("sgd", "mae"),
        lambda model: setattr(model.layers[0], "trainable", False),
        lambda model: model.fit(INPUTS, np.zeros((4, 2)), verbose=0),
        lambda model: model.optimizer.learning_rate.assign(0.5),
    ],
    ids=["weights", "compiled", "frozen", "trained", "learning rate"],
)
def test_a_model_that_a_test_changed_comes_as_the_student_has_it(cells: Cells, change: Any) -> None:
    first = cells.fetch()
    weights = first.get_weights()
    change(first)
    second = cells.fetch()
    assert second is not first
    assert (second.loss, second.layers[0].trainable) == ("mse", True)
    assert float(second.optimizer.learning_rate.numpy()) == pytest.approx(0.001)
    for ours, theirs in zip(second.get_weights(), weights, strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_a_model_that_the_students_function_changed_comes_as_the_student_has_it(cells: Cells) -> None:
    first = cells.fetch()
    weights = first.get_weights()
    cells.peer.begin(None)
    cells.fetch("spoil")(first)
    assert not first.layers[0].kernel.numpy().any()
    second = cells.fetch()
    assert second is not first
    np.testing.assert_array_equal(second.get_weights()[0], weights[0])


@pytest.mark.parametrize(
    ("room", "stays"), [(10, False), (60, False), (1000, True)], ids=["for none", "for one", "for both"]
)
def test_the_oldest_goes_where_there_is_no_room_for_all(
    cells: Cells, monkeypatch: pytest.MonkeyPatch, room: int, stays: bool
) -> None:
    monkeypatch.setattr(model_cache, "MAX_BYTES", room)  # each has 32 bytes of weights, the first an optimizer, too
    first = cells.fetch()
    cells.fetch("other")
    assert (cells.fetch() is first) == stays


def test_one_that_is_too_large_pushes_no_other_out(cells: Cells, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(model_cache, "MAX_BYTES", 1000)
    first = cells.fetch()
    cells.fetch("large")
    assert cells.fetch() is first


@pytest.mark.parametrize(
    ("description", "arrays"), [({"a": object()}, []), ({1: 2, "a": 3}, []), ({}, ["x"]), ({}, [np.array(["x"])])]
)
def test_what_is_no_description_has_no_digest(description: Any, arrays: list[Any]) -> None:
    assert model_cache.digest(description, arrays) == ""
