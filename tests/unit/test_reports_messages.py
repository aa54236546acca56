"""What a failed test said, in its parts; and what learning curves say."""

from typing import Any

import pytest

from autograder.reports.learning import pairs, verdict
from autograder.reports.test_messages import NEXT, Measure, failure, measure, said


def raised(name: str, text: str, *traceback: str) -> list[dict[str, Any]]:
    return [{"output_type": "error", "ename": name, "evalue": text, "traceback": list(traceback)}]


def test_a_message_of_our_own_course_comes_in_its_parts() -> None:
    text = "Exercise 3, dense of two rows:\n  expected [[1 2]\n [3 4]]\n  received [[1 2]\n [3 5]]\nLook at `bias`."
    found = failure(raised("AssertionError", text))
    assert found is not None
    assert found.what == "Exercise 3, dense of two rows"
    assert found.expected == "[[1 2]\n [3 4]]"
    assert found.received == "[[1 2]\n [3 5]]"
    assert found.look == "Look at `bias`."


def test_expected_and_received_are_found_in_one_line() -> None:
    found = failure(raised("AssertionError", "expected 9.0, received 8.0"))
    assert found is not None
    assert (found.expected, found.received, found.look) == ("9.0", "8.0", NEXT["AssertionError"])


def test_an_assertion_without_words_is_said_to_be_one() -> None:
    found = failure(raised("AssertionError", ""))
    assert found is not None
    assert found.text == "What the test checks does not hold; it says no more."


@pytest.mark.parametrize("name", ["NotImplementedError", "NameError", "CellTimeLimit"])
def test_other_errors_are_told_with_what_to_do_next(name: str) -> None:
    found = failure(raised(name, "why"))
    assert found is not None
    assert found.text == f"{name}: why"
    assert found.look == NEXT[name]
    assert not found.expected


def test_the_lines_of_a_traceback_are_not_told() -> None:
    found = failure(raised("ValueError", "no", "----> 3 assert secret(7) == 13", "ValueError: no"))
    assert "secret" not in repr(found)


def test_a_test_that_raised_nothing_has_no_failure() -> None:
    outputs = [{"output_type": "stream", "name": "stdout", "text": "\x1b[31m2 of 3\x1b[0m\n"}]
    assert failure(outputs) is None
    assert said(outputs) == "2 of 3"


def test_what_was_measured_is_read_off_what_was_said() -> None:
    text = "Accuracy on 10,000 test images: expected at least 0.985, received 0.9786: 8.2 of 12 points."
    assert measure(text) == Measure(0.985, 0.9786)
    assert measure("expected at least 3, received 2") is None
    assert measure("all well") is None


@pytest.mark.parametrize(
    "text",
    [
        "expected " * 5000,
        "expected a received " * 2000,
        "a:" * 20000,
        "\n expected 1\n" * 3000 + "received",
        "\0" * 9999,
    ],
)
def test_long_messages_are_cut(text: str) -> None:
    found = failure(raised("AssertionError", text))
    assert found is not None
    assert len(found.text) < 5000


def curves(training: list[float | None], validation: list[float | None] | None = None) -> str:
    history = {"loss": training} | ({"val_loss": validation} if validation else {})
    return verdict(pairs(history)).name


@pytest.mark.parametrize(
    ("training", "validation", "name"),
    [
        ([1.0, 0.6, 0.4, 0.2, 0.1], [1.0, 0.7, 0.6, 0.7, 0.8], "overfitting: trained too long"),
        ([1.0, 0.9, 0.8, 0.7], [1.0, 0.9, 0.8, 0.7], "not yet converged"),
        ([1.1, 1.098, 1.096], [1.1, 1.098, 1.096], "not yet converged"),
        ([1.0, 0.3, 0.21, 0.2, 0.2, 0.2], [1.0, 0.3, 0.21, 0.21, 0.21, 0.21], "fine"),
        ([1.0, 0.3, 0.1, 0.05, 0.05, 0.05], [1.0, 0.5, 0.4, 0.4, 0.4, 0.4], "converged, with a gap"),
        ([1.0, 2.0, 9.0], [1.0, 2.0, 9.0], "diverging"),
        ([1.0, None, None], [1.0, None, None], "diverging"),
        ([1.0, 0.5], None, "no validation to compare with"),
        ([1.0], [1.0], "too few epochs to say"),
    ],
)
def test_curves_are_named_for_what_they_are(training: Any, validation: Any, name: str) -> None:
    assert curves(training, validation) == name


def test_overfitting_says_from_which_epoch_on() -> None:
    found = verdict(pairs({"loss": [1.0, 0.6, 0.4, 0.2, 0.1], "val_loss": [1.0, 0.7, 0.6, 0.7, 0.8]}))
    assert "lowest in epoch 3 of 5, with 0.6, and rose after it by 33 %" in found.why


@pytest.mark.parametrize("history", [None, 3, {"loss": "text"}, {"loss": {}}, {3: [None]}, {"loss": [{}, "x"]}])
def test_a_history_that_is_none_has_no_curves(history: Any) -> None:
    assert verdict(pairs(history)).advice
