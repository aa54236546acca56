"""What a failed test said, in its parts: what it looked at, expected and received, and where to look next."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from nbconvert.filters import strip_ansi

MAX_TEXT = 4000  # characters of a message that are shown

# The form in which tests of this project's own course speak, and the short one that others use.
_PARTS = re.compile(
    r"(?:(?P<what>.*?):)?\s*\bexpected:?\s+(?P<expected>.+?)[,;]?\s+(?:but )?received:?\s+(?P<received>.+?)"
    r"(?:\s+Look at (?P<look>.+?)\.?)?\s*",
    re.DOTALL,
)
_MEASURED = re.compile(r"expected at least (?P<least>\d+(?:\.\d+)?), received (?P<received>\d+(?:\.\d+)?)")

NEXT = {
    "NotImplementedError": "This exercise is not answered yet: `raise NotImplementedError` still stands in its cell. "
    "Write your answer in its place.",
    "NameError": "The test uses a name that does not exist when your notebook is run from the top. Choose Kernel → "
    "Restart & Run All, and see which cell stops; look for a name that is spelled otherwise than the exercise asks.",
    "AttributeError": "Something is of another kind than the test expects. Print `type(...)` of what your code gives, "
    "and compare it with what the exercise asks for.",
    "TypeError": "Something is of another kind, or takes other arguments, than the test expects. Compare the "
    "arguments and what is returned with the exercise; a function without `return` gives None.",
    "ValueError": "A value or a shape does not fit. Print the shapes on the way, and compare them with the exercise.",
    "IndexError": "Your code asks for a place that is not there. Try it by hand on a small input, an empty one too.",
    "KeyError": "Your code asks for a key that is not there. Print the keys, and compare them with the exercise.",
    "ZeroDivisionError": "Your code divides by zero on one of the test's inputs. Which inputs could make it so?",
    "RecursionError": "Your code calls itself without an end. What ends it, and does each call come nearer to that?",
    "AssertionError": "Read the exercise again, and try your code on small inputs whose answer you know.",
    "ModuleNotFoundError": "Your code needs a package that is not there in grading. Use those of the first cell alone.",
    "FileNotFoundError": "Your code reads a file that is not there in grading. Hand it in too, by a relative path.",
    "CellTimeLimit": "Your code took too long. Look for loops over single numbers that NumPy could do at once.",
    "TotalTimeLimit": "Your notebook took too long as a whole. What in it could be done once, or on less data?",
    "MemoryLimit": "Your notebook needed too much memory. What in it is kept and not needed, or could be smaller?",
    "NotebookCrashed": "The kernel of your notebook died. Choose Kernel → Restart & Run All to see where.",
    "WeightsRefused": "Train the model by `fit` in the notebook itself, from new weights.",
    "CannotCross": "The test could not get your result. The message says what to use instead.",
}
_OTHERWISE = "Run the visible tests again, and print what your code gives on the way."


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
    """A measured number and the least that gets all points, as a test said it; both from 0 to 1."""

    least: float
    received: float


def failure(outputs: Iterable[Any]) -> TestMessage | None:
    """What the error among a test's outputs says; None where there is none. Its traceback is left out."""
    for output in outputs:
        if output.get("output_type") == "error":
            name, text = str(output.get("ename", "")), _shorten(strip_ansi(str(output.get("evalue", ""))))
            return _read(name, text)
    return None


def _read(name: str, text: str) -> TestMessage:
    look = NEXT.get(name, _OTHERWISE)
    found = _PARTS.fullmatch(text) if name in ("AssertionError", "ValueError") else None
    if found:
        seen = found["look"]
        look = f"Look at {_one_line(seen)}." if seen else look
        return TestMessage(
            text, look, _one_line(found["what"] or ""), found["expected"].strip(), found["received"].strip()
        )
    if name in ("AssertionError", "") and not text.strip():
        return TestMessage("What the test checks does not hold; it says no more.", look)
    return TestMessage(text if name in ("AssertionError", "") else f"{name}: {text}", look)


def said(outputs: Iterable[Any]) -> str:
    """What a test printed."""
    texts = [strip_ansi(str(output.get("text", ""))) for output in outputs if output.get("output_type") == "stream"]
    return _shorten("".join(texts).strip())


def measure(text: str) -> Measure | None:
    """The number that a test of a model's quality said it measured."""
    found = _MEASURED.search(text)
    if found is None:
        return None
    numbers = Measure(float(found["least"]), float(found["received"]))
    return numbers if 0 < numbers.least <= 1 and 0 <= numbers.received <= 1 else None


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _shorten(text: str) -> str:
    return text if len(text) <= MAX_TEXT else f"{text[:MAX_TEXT]} …"
