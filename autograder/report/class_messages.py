"""What failed tests said, so that what many students met is counted as one message."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

MAX = 300  # characters of a message
COMMON = 3  # messages shown of a test
# Colours, and whatever else is no text: a page, a terminal or a reader must not be steered by it.
_STEERING = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]|[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
_ARRAY = re.compile(r"(?:array|Tensor|tensor)?\(?\[[^\[\]]{0,2000}\]\)?")
_ADDRESS = re.compile(r"0x[0-9a-fA-F]+")
_NUMBER = re.compile(r"(?<![\w#])[-+]?(?:\d[\d_,]*\.?\d*|\.\d+)(?:[eE][-+]?\d+)?(?!\w)")


def readable(text: str) -> str:
    """The text without what would steer a page or a terminal."""
    return _STEERING.sub("", text.encode("utf-8", "replace").decode())


def said(outputs: Any) -> str:
    """What a cell's outputs say of why it failed: its error, else the last line that it printed; empty for nothing.

    `outputs`: of a notebook's JSON, which a student may have had a hand in.
    """
    printed = ""
    for output in reversed(outputs) if isinstance(outputs, list) else ():
        if not isinstance(output, dict):
            continue
        if output.get("output_type") == "error":
            return ": ".join(filter(None, (str(output.get("ename", "")), str(output.get("evalue", "")))))
        if output.get("output_type") == "stream" and not printed:
            text = output.get("text", "")
            lines = ("".join(map(str, text)) if isinstance(text, list) else str(text)).strip().split("\n")
            printed = lines[-1]
    return printed


def normalised(message: str) -> str:
    """The message without what differs from student to student: numbers are #, lists and arrays […]."""
    text = " ".join(readable(message[: 10 * MAX]).split())
    for _ in range(3):  # of arrays of arrays, the innermost first
        text = _ARRAY.sub("…", text)
    text = _NUMBER.sub("#", _ADDRESS.sub("#", text))
    return text if len(text) <= MAX else f"{text[:MAX]}…"


def without_names(message: str, names: Iterable[str]) -> str:
    """The message with none of a student's names in it."""
    for name in sorted(filter(None, names), key=len, reverse=True):
        # A name of one or two letters is in too many words.
        pattern = re.escape(name) if len(name) > 2 else rf"(?<!\w){re.escape(name)}(?!\w)"
        message = re.sub(pattern, "(name)", message, flags=re.IGNORECASE)
    return message


def most_common(messages: Iterable[str]) -> list[tuple[str, int]]:
    """The most common of these normalised messages, with how many students got each."""
    return Counter(filter(None, messages)).most_common(COMMON)


def outputs_of(notebook: Mapping[str, Any]) -> dict[str, Any]:
    """The outputs of a notebook's marked cells, by grade_id; of JSON that may be anything."""
    found = {}
    cells = notebook.get("cells")
    for cell in cells if isinstance(cells, list) else ():
        metadata = cell.get("metadata") if isinstance(cell, dict) else None
        marks = metadata.get("nbgrader") if isinstance(metadata, dict) else None
        if isinstance(marks, dict) and isinstance(marks.get("grade_id"), str):
            found[marks["grade_id"]] = cell.get("outputs")
    return found
