"""What a failed test said, in its parts: what it looked at, expected and received, and where to look next."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from nbconvert.filters import strip_ansi

from autograder.common.error_outputs import SYNTAX, error_with_line, stands_alone
from autograder.common.language import english, gettext, translated
from autograder.grading.student_results import UNANSWERED, spoken_error, spoken_text

MAX_TEXT = 4000  # characters of a message that are shown

# The form in which tests of this project's own course speak, and the short one that others use; in every language that
# a course may have, whichever the page has.
_PARTS = re.compile(
    r"(?:(?P<what>.*?):)?\s*\b(?:expected|ожидалось):?\s+(?P<expected>.+?)[,;]?\s+"
    r"(?:but |а )?(?:received|получено):?\s+(?P<received>.+?)"
    r"(?:\s+(?P<look>(?:Look at|Смотрите:|Посмотрите на) .+?)\.?)?\s*",
    re.DOTALL,
)
_INDENT = " " * len("  received ")
_FIGURE = r"\d+(?:\.\d+)?"
_MEASURED = re.compile(
    rf"(?:expected at least|ожидалось не меньше) (?P<least>{_FIGURE})"
    rf"(?: \((?:no points up to|без баллов до) (?P<baseline>{_FIGURE})\))?, "
    rf"(?:received|получено) (?P<received>{_FIGURE})"
)

NEXT = {
    "NotImplementedError": english("Replace `raise NotImplementedError` in the exercise's cell with your answer."),
    "SyntaxError": english(
        "Python cannot read this cell, so none of it ran. Look at that line and the one before it for a "
        "missing bracket, quotation mark or colon."
    ),
    "IndentationError": english(
        "Python cannot read this cell, so none of it ran. Indent that line like the others in its block."
    ),
    "TabError": english("Python cannot read this cell, so none of it ran. Use spaces instead of tabs."),
    "NameError": english(
        "The test uses a name that is not defined when your notebook runs from top to bottom. Choose "
        "Kernel → Restart Kernel and Run All Cells to see which cell stops, and check the spelling of the name."
    ),
    "AttributeError": english(
        "Something has a different type than the test expects. Print `type(...)` of what your code "
        "returns and compare it with the exercise."
    ),
    "TypeError": english(
        "Something has a different type, or takes different arguments, than the test expects. Compare the "
        "arguments and the return value with the exercise. A function without `return` returns None."
    ),
    "ValueError": english(
        "A value or a shape does not fit. Print the intermediate shapes and compare them with the exercise."
    ),
    "IndexError": english("Your code uses an index that does not exist. Try it on a small input, and on an empty one."),
    "KeyError": english(
        "Your code looks up a key that does not exist. Print the keys and compare them with the exercise."
    ),
    "ZeroDivisionError": english(
        "Your code divides by zero for one of the test's inputs. Which inputs could cause that?"
    ),
    "RecursionError": english(
        "Your function keeps calling itself. When should it stop, and does each call get closer to that?"
    ),
    "AssertionError": english(
        "Read the exercise again, and try your code on small inputs for which you know the answer."
    ),
    "ModuleNotFoundError": english(
        "Your code imports a package that is not available in grading. Use only those imported in the first cell."
    ),
    "FileNotFoundError": english(
        "Your code reads a file that is not available in grading. Submit it with your notebook, and "
        "use a relative path."
    ),
    "CellTimeLimit": english(
        "Your code took too long. Look for loops over single numbers that one NumPy call could replace."
    ),
    "TotalTimeLimit": english("Your notebook took too long overall. What could run only once, or on less data?"),
    "MemoryLimit": english("Your notebook used too much memory. What does it keep that it no longer needs?"),
    "NotebookCrashed": english(
        "Your notebook's kernel died. Choose Kernel → Restart Kernel and Run All Cells to see where."
    ),
    "WeightsRefused": english("Train the model with `fit` in the notebook itself, starting from new weights."),
    "CannotCross": english("The test could not use your result. The message says what to return instead."),
}
_OTHERWISE = english("Run the visible tests again, and print intermediate results to see where they go wrong.")


@dataclass(frozen=True)
class TestMessage:
    """One message. Without `expected` and `received`, `text` is all that was said. `look` says what to do next."""

    text: str
    look: str
    what: str = ""
    expected: str = ""
    received: str = ""


@dataclass(frozen=True)
class Measure:
    """A measured number and the least that gets all points, as a test said it; all from 0 to 1.

    `baseline`: the most that gets no points; None where the test does not say.
    """

    least: float
    received: float
    baseline: float | None = None


def failure(outputs: Iterable[Any]) -> TestMessage | None:
    """What the error among a test's outputs says; None where there is none. Its traceback is left out."""
    for output in outputs:
        if output.get("output_type") == "error":
            name, text = str(output.get("ename", "")), _shorten(strip_ansi(str(spoken_error(output).get("evalue", ""))))
            return _read("AssertionError" if stands_alone(output) else name, text)
    return None


def broken(outputs: Iterable[Any]) -> TestMessage | None:
    """What the error says that stopped a student's own cell, with its line; None where there is none."""
    for output in outputs:
        if output.get("output_type") == "error":
            name = str(output.get("ename", ""))
            look = translated(NEXT[name]) if name in SYNTAX else ""
            return TestMessage(_shorten(strip_ansi(error_with_line(spoken_error(output)))), look)
    return None


def _read(name: str, text: str) -> TestMessage:
    look = translated(NEXT.get(name, _OTHERWISE))
    if name == "NotImplementedError" and not text.strip():
        return TestMessage(translated(UNANSWERED), look)
    found = _PARTS.fullmatch(text) if name in ("AssertionError", "ValueError") else None
    if found:
        seen = found["look"]
        look = f"{_one_line(seen)}." if seen else look
        return TestMessage(
            text, look, _one_line(found["what"] or ""), _outdented(found["expected"]), _outdented(found["received"])
        )
    if name in ("AssertionError", "") and not text.strip():
        return TestMessage(gettext("The test found something wrong but gives no details."), look)
    return TestMessage(text if name in ("AssertionError", "") else f"{name}: {text}", look)


def said(outputs: Iterable[Any]) -> str:
    """What a test printed."""
    texts = [spoken_text(str(output.get("text", ""))) for output in outputs if output.get("output_type") == "stream"]
    return _shorten(strip_ansi("".join(texts)).strip())


def measure(text: str) -> Measure | None:
    """The number that a test of a model's quality said it measured."""
    found = _MEASURED.search(text)
    if found is None:
        return None
    baseline = None if found["baseline"] is None else float(found["baseline"])
    numbers = Measure(float(found["least"]), float(found["received"]), baseline)
    if not (0 < numbers.least <= 1 and 0 <= numbers.received <= 1 and 0 <= (baseline or 0) < numbers.least):
        return None
    return numbers


def _outdented(value: str) -> str:
    """A value of several lines without the spaces that align it with its first line, after "  received "."""
    first, *others = value.strip().split("\n")
    if all(line.startswith(_INDENT) for line in others):
        others = [line.removeprefix(_INDENT) for line in others]
    return "\n".join([first, *others])


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _shorten(text: str) -> str:
    return text if len(text) <= MAX_TEXT else f"{text[:MAX_TEXT]} …"
