"""What a failed test said, in its parts; and what learning curves say."""

from typing import Any

import pytest

from autograder.common.error_outputs import error_text, error_with_line
from autograder.reports.charts import chart, ramp
from autograder.reports.learning import Pair, pairs, verdict
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


def test_arrays_that_are_aligned_in_the_message_are_aligned_in_their_parts() -> None:
    text = "dense:\n  expected [[1 2]\n            [3 4]]\n  received [[1 2]\n            [3 5]]\nLook at `bias`."
    found = failure(raised("WrongAnswer", text, *text.splitlines()))
    assert found is not None
    assert (found.expected, found.received) == ("[[1 2]\n [3 4]]", "[[1 2]\n [3 5]]")


def test_expected_and_received_are_found_in_one_line() -> None:
    found = failure(raised("AssertionError", "expected 9.0, received 8.0"))
    assert found is not None
    assert (found.expected, found.received, found.look) == ("9.0", "8.0", NEXT["AssertionError"])


def test_an_assertion_without_words_is_said_to_be_one() -> None:
    found = failure(raised("AssertionError", ""))
    assert found is not None
    assert found.text == "The test found something wrong but gives no details."


@pytest.mark.parametrize("name", ["NotImplementedError", "NameError", "CellTimeLimit"])
def test_other_errors_are_told_with_what_to_do_next(name: str) -> None:
    found = failure(raised(name, "why"))
    assert found is not None
    assert found.text == f"{name}: why"
    assert found.look == NEXT[name]
    assert not found.expected


def test_an_error_that_shows_its_message_alone_is_told_without_its_class() -> None:
    text = "Exercise 3, dense of two rows:\n  expected 6\n  received 5\nLook at `bias`."
    (output,) = raised("WrongAnswer", text, *text.splitlines())
    found = failure([output])
    assert found is not None
    assert (found.what, found.expected, found.received) == ("Exercise 3, dense of two rows", "6", "5")
    assert error_text(output) == text
    (with_class,) = raised("WrongAnswer", "no", "----> 3 check(2)", "WrongAnswer: no")
    assert error_text(with_class) == "WrongAnswer: no"


@pytest.mark.parametrize(
    ("output", "told"),
    [
        (
            raised("SyntaxError", "invalid syntax (3387044977.py, line 2)", "  Cell In[16], line 2\n    return x("),
            "SyntaxError in line 2: invalid syntax",
        ),
        (
            raised("NameError", "name 'y' is not defined", "---", "\x1b[32mCell In[5]\x1b[39m\x1b[32m, line 7\x1b[39m"),
            "NameError in line 7: name 'y' is not defined",
        ),
        (raised("KeyError", "3", "KeyError: 3"), "KeyError: 3"),
        (raised("ValueError", "x", "\n".join(["Cell In[" * 4000] * 50)), "ValueError: x"),
    ],
)
def test_an_error_in_a_students_cell_is_told_with_its_line(output: list[dict[str, Any]], told: str) -> None:
    assert error_with_line(output[0]) == told


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
    text = "Accuracy: expected at least 0.985 (no points up to 0.965), received 0.9786: 8.2 of 12 points."
    assert measure(text) == Measure(0.985, 0.9786, 0.965)
    assert measure("expected at least 0.5 (no points up to 0.6), received 0.7") is None
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
        ([1.0, 0.6, 0.4, 0.2, 0.1], [1.0, 0.7, 0.6, 0.7, 0.8], "overfitting"),
        ([1.0, 0.9, 0.8, 0.7], [1.0, 0.9, 0.8, 0.7], "still improving"),
        ([1.1, 1.098, 1.096], [1.1, 1.098, 1.096], "still improving"),
        ([1.0, 0.3, 0.21, 0.2, 0.2, 0.2], [1.0, 0.3, 0.21, 0.21, 0.21, 0.21], "fine"),
        ([1.0, 0.3, 0.1, 0.05, 0.05, 0.05], [1.0, 0.5, 0.4, 0.4, 0.4, 0.4], "converged, with a gap"),
        ([1.0, 2.0, 9.0], [1.0, 2.0, 9.0], "diverging"),
        ([1.0, None, None], [1.0, None, None], "diverging"),
        ([1.0, 0.5], None, "no validation data"),
        ([1.0], [1.0], "too few epochs to judge"),
    ],
)
def test_curves_are_named_for_what_they_are(training: Any, validation: Any, name: str) -> None:
    assert curves(training, validation) == name


def test_overfitting_says_from_which_epoch_on() -> None:
    found = verdict(pairs({"loss": [1.0, 0.6, 0.4, 0.2, 0.1], "val_loss": [1.0, 0.7, 0.6, 0.7, 0.8]}))
    assert "lowest in epoch 3 of 5, at 0.6, and then rose by 33%" in found.why


def test_a_single_epoch_is_not_told_as_several() -> None:
    found = verdict(pairs({"loss": [1.0, 0.8], "val_loss": [1.0, 0.8]}))
    assert found.name == "still improving"
    assert "At the end of training, the validation loss" in found.why


@pytest.mark.parametrize(
    ("series", "ticks"),
    [
        ([0.293, 0.362], ["0.28", "0.30", "0.32", "0.34", "0.36", "0.38"]),
        ([0.91, 0.9712, 0.9893], ["0.90", "0.92", "0.94", "0.96", "0.98", "1.00"]),
        ([3.0, 3.0], ["1", "2", "3", "4", "5"]),
        ([2e6, 1e-9], ["0", "500000", "1000000", "1500000", "2000000"]),
    ],
)
def test_ticks_are_round_and_enclose_the_values(series: list[float | None], ticks: list[str]) -> None:
    found = chart(Pair("accuracy", series, []))
    assert found is not None
    assert [text for _, text in found.y_ticks] == ticks
    assert found.x_ticks[0][1] == "1"


def test_a_scale_shows_the_most_that_gets_no_points() -> None:
    found = ramp(Measure(0.985, 0.9786, 0.965))
    assert "0.965" in found.words
    assert [found.x(value) for value in (0.965, 0.985)] == [133.3, 266.7]
    assert ramp(Measure(0.985, 0.1, 0.965)).x(0.1) == 0
    assert ramp(Measure(0.985, 0.1, 0.965)).is_below
    assert ramp(Measure(0.9, 0.95)).words == "Measured 0.95. All points from 0.9."


@pytest.mark.parametrize("history", [None, 3, {"loss": "text"}, {"loss": {}}, {3: [None]}, {"loss": [{}, "x"]}])
def test_a_history_that_is_none_has_no_curves(history: Any) -> None:
    assert verdict(pairs(history)).advice
