"""What a function, a method and a variable of a solution become while a mutant is switched on."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from autograder.grading import mutation
from autograder.grading.mutants import MUTANTS

SOLUTION = """
import operator
from functools import lru_cache, partial
import numpy as np

def double(x):
    return 2 * x

def product(X, W):
    return X @ W

def double_all(xs):
    return [double(x) for x in xs]

def record(path):
    with open(path, "w") as file:
        file.write("done")
    return [1]

class Counter:
    def __init__(self, start):
        self.count = start
    def add(self, n):
        self.count += n
        return self.count
    @property
    def twice(self):
        return 2 * self.count
    @staticmethod
    def name():
        return "counter"

add_two = partial(operator.add, 2)
negated = np.vectorize(lambda x: -x)

@lru_cache
def cached(n):
    return n + 1

answer = [1, 2.5, "three"]
nothing = None
"""
NAMES = ["Counter", "add_two", "answer", "cached", "double", "double_all", "negated", "nothing", "product", "record"]


@pytest.fixture
def solution() -> dict[str, Any]:
    """The names of a notebook in which the solution has run and is instrumented."""
    namespace: dict[str, Any] = {"__name__": "__main__"}
    exec(SOLUTION, namespace)
    mutation.instrument(namespace, NAMES)
    return namespace


@pytest.fixture
def on(solution: dict[str, Any]) -> Callable[..., dict[str, Any]]:
    """Switches a mutant on, for some names or for all; off after the test."""

    def switch(mutant: str, *names: str) -> dict[str, Any]:
        mutation.start(solution, list(names or NAMES), mutant)
        return solution

    yield switch
    mutation.stop(solution)


def test_without_a_mutant_everything_is_the_references(solution: dict[str, Any]) -> None:
    counter = solution["Counter"](3)
    assert (solution["double"](4), counter.add(2), counter.twice, counter.name()) == (8, 5, 10, "counter")


def test_afterwards_everything_is_the_references_again(solution: dict[str, Any]) -> None:
    before = dict(solution)
    for mutant in MUTANTS:
        mutation.start(solution, NAMES, mutant)
        mutation.stop(solution)
        assert solution == before
        assert solution["double"](4) == 8


@pytest.mark.parametrize(("mutant", "expected"), [("none", None), ("true", True), ("list", []), ("argument", 4)])
def test_a_function_returns_a_constant(on: Callable[..., dict[str, Any]], mutant: str, expected: Any) -> None:
    assert on(mutant)["double"](4) == expected


def test_the_empty_array_broadcasts_to_nothing(on: Callable[..., dict[str, Any]]) -> None:
    assert np.allclose(on("empty")["double"](np.array([1.0, 2.0])), [2.0, 4.0])


def test_a_function_raises(on: Callable[..., dict[str, Any]]) -> None:
    with pytest.raises(ValueError, match="no solution"):
        on("raises")["double"](4)


@pytest.mark.parametrize(("mutant", "fill"), [("zero", 0.0), ("nan", np.nan), ("inf", np.inf)])
def test_arrays_are_filled_in_place_and_the_result_has_its_shape(
    on: Callable[..., dict[str, Any]], mutant: str, fill: float
) -> None:
    X, W = np.ones((2, 3)), np.ones((3, 4))
    result = on(mutant)["product"](X, W)
    for array, shape in ((X, (2, 3)), (W, (3, 4)), (result, (2, 4))):
        np.testing.assert_array_equal(array, np.full(shape, fill))


def test_arguments_but_the_first_are_set_to_0(on: Callable[..., dict[str, Any]]) -> None:
    X, W = np.ones((2, 3)), np.ones((3, 4))
    assert on("others")["product"](X, W) is X
    assert (X.sum(), W.sum()) == (6, 0)


def test_lists_are_filled_in_place_down_to_arrays_in_them(on: Callable[..., dict[str, Any]]) -> None:
    inner = np.ones(2)
    given = [1, [2.0, 3], inner]
    assert on("zero")["double_all"](given) == [0, [0.0, 0, 0.0, 0], pytest.approx(np.zeros(2))]
    assert given[:2] == [0, [0.0, 0]]
    assert inner.sum() == 0


def test_the_shape_is_found_without_writing_a_file(
    on: Callable[..., dict[str, Any]], tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    on("zero")["record"]("done.txt")
    on("zero")["record"](path="done.txt")
    assert list(tmp_path.iterdir()) == []


def test_a_function_that_it_does_not_stand_for_is_the_references(on: Callable[..., dict[str, Any]]) -> None:
    assert on("none", "double")["product"](np.ones((1, 1)), np.ones((1, 1))) == 1


@pytest.mark.parametrize("name", ["add_two", "cached", "negated"])
def test_what_is_called_and_no_def_changes_too(on: Callable[..., dict[str, Any]], name: str) -> None:
    assert on("true", "double")[name](1) == {"add_two": 3, "cached": 2, "negated": -1}[name]
    assert on("true", name)[name](1) is True


def test_methods_of_objects_made_before_change_too(solution: dict[str, Any]) -> None:
    counter = solution["Counter"](3)
    mutation.start(solution, ["Counter"], "true")
    try:
        assert (counter.add(1), counter.twice, counter.name(), vars(solution["Counter"](5))) == (True, True, True, {})
    finally:
        mutation.stop(solution)
    assert counter.count == 3


def test_variables_are_replaced(on: Callable[..., dict[str, Any]]) -> None:
    assert on("zero", "answer")["answer"] == [0, 0.0, ""]


def test_a_variable_that_a_mutant_would_leave_as_it_is_is_missing(on: Callable[..., dict[str, Any]]) -> None:
    assert "nothing" not in on("none", "nothing")


def test_a_raising_mutant_has_no_variables(on: Callable[..., dict[str, Any]]) -> None:
    assert "answer" not in on("raises")


def test_calls_of_the_visible_tests_are_answered_by_heart(solution: dict[str, Any]) -> None:
    mutation.listen()
    solution["double"](np.array([1.0, 2.0]))
    mutation.start(solution, ["double"], "none")
    try:
        assert solution["double"](np.array([1.0, 2.0])).tolist() == [2.0, 4.0]
        assert solution["double"](np.array([1.0, 3.0])) is None
    finally:
        mutation.stop(solution)


def test_answers_that_nobody_can_write_down_are_not_known(solution: dict[str, Any]) -> None:
    mutation.listen()
    solution["double"](np.zeros(10_000))
    mutation.start(solution, ["double"], "none")
    try:
        assert solution["double"](np.zeros(10_000)) is None
    finally:
        mutation.stop(solution)


def test_calls_that_functions_alone_tell_apart_are_not_known(solution: dict[str, Any]) -> None:
    mutation.listen()
    with pytest.raises(TypeError):
        solution["double"](len)
    mutation.start(solution, ["double"], "none")
    try:
        assert solution["double"](abs) is None
    finally:
        mutation.stop(solution)


def test_every_mutant_is_there() -> None:
    known = {*mutation.CONSTANTS, *mutation.FILLS, "raises", "argument", "others"}
    assert set(MUTANTS) == known
