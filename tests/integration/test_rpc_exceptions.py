"""Exceptions given to the submitted code: a test that fails within its `with` is told as that test's failure."""

import contextlib
import json
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from rpc_pair import examining

STUDENT = """
import contextlib
seen = []
class Managed:
    def __init__(self, swallow=False): self.swallow = swallow
    def __enter__(self): return self
    def __exit__(self, kind, error, trace):
        seen.append([None if kind is None else kind.__name__, isinstance(error, Exception), str(error)])
        return self.swallow
managed, swallowing = Managed(), Managed(True)
@contextlib.contextmanager
def timer():
    try:
        yield 1
    finally:
        seen.append("end")
def echo(*values): return values
def describe(error): return [type(error).__name__, isinstance(error, Exception), list(error.args)]
def again(error): raise error
def numbers():
    while True:
        try:
            yield 1
        except ValueError as error:
            yield str(error)
"""


class OwnError(ValueError):
    """As an instructor's cell defines one."""


OwnError.__module__ = "__main__"


@contextlib.contextmanager
def plainly(value: Any) -> Any:
    with value:
        yield


@contextlib.contextmanager
def stacked(value: Any) -> Any:
    with contextlib.ExitStack() as stack:
        stack.enter_context(value)
        yield


@pytest.mark.parametrize("within", [plainly, stacked])
@pytest.mark.parametrize("name", ["managed", "timer"])
@pytest.mark.parametrize(
    "error",
    [
        AssertionError("expected 3, received 4"),
        OwnError("expected 3, received 4"),
        np.linalg.LinAlgError("expected 3, received 4"),
        json.JSONDecodeError("expected 3", "received 4", 0),
        ExceptionGroup("expected 3", [ValueError("received 4")]),
        AssertionError(sys),  # with what can't cross
        KeyboardInterrupt(),
    ],
    ids=lambda error: type(error).__name__,
)
def test_what_fails_within_a_students_object_is_what_is_told(
    name: str, within: Callable[..., Any], error: BaseException
) -> None:
    with examining(STUDENT, OwnError=OwnError) as (_, fetch):
        value = fetch(name)
        value = value() if name == "timer" else value
        with pytest.raises(BaseException) as caught, within(value):  # noqa: PT011  it is compared
            raise error
        assert caught.value is error
        assert len(fetch("seen")) == 1


def test_the_students_object_learns_what_was_raised() -> None:
    with examining(STUDENT) as (_, fetch):
        with contextlib.suppress(AssertionError), fetch("managed"):
            raise AssertionError("expected 3")
        assert fetch("seen") == [["AssertionError", True, "expected 3"]]


def test_an_exception_is_swallowed_only_where_the_references_object_swallowed_one_of_its_kind() -> None:
    with examining(STUDENT) as (peer, fetch):
        peer.begin(None)  # as in the rehearsal
        with fetch("swallowing"):
            raise OwnError("meant to be swallowed")
        peer.begin(peer.asked)
        with fetch("swallowing"):
            raise ValueError("meant to be swallowed")
        with pytest.raises(AssertionError), fetch("swallowing"):
            raise AssertionError("the test has failed")


def test_tracebacks_and_exceptions_are_arguments_like_others() -> None:
    with examining(STUDENT, OwnError=OwnError) as (_, fetch):
        try:
            raise KeyError("k")
        except KeyError:
            kind, error, trace = fetch("echo")(*sys.exc_info())
        assert (kind, type(error), error.args, trace) == (KeyError, KeyError, ("k",), None)
        assert fetch("describe")(OwnError("no", 3)) == ["OwnError", True, ["no", 3]]
        assert fetch("describe")(np.linalg.LinAlgError("singular")) == ["LinAlgError", True, ["singular"]]
        with pytest.raises(OwnError, match="no"):
            fetch("again")(OwnError("no"))


def test_an_exception_can_be_thrown_into_a_students_generator() -> None:
    with examining(STUDENT) as (_, fetch):
        generator = fetch("numbers")()
        assert next(generator) == 1
        with pytest.raises(ValueError, match="thrown") as caught:
            raise ValueError("thrown")
        assert generator.throw(caught.value) == "thrown"
        assert next(generator) == 1
        assert generator.throw(ValueError, ValueError("again"), caught.tb) == "again"
