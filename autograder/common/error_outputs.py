"""What an output of the kind "error" says: nbformat's JSON, of which a student may have had a hand in any part."""

import re
from collections.abc import Mapping
from typing import Any

from autograder.common.language import gettext

SYNTAX = ("SyntaxError", "IndentationError", "TabError")  # the cell has not run at all
_PLACE = re.compile(r"\s*\([^()\n]*\bline (\d+)\)\s*$")  # of a SyntaxError: a temporary file and the line
_ANSI = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]")
_FRAME = re.compile(r"(?:Cell In\s*\[\d+\]|Input In\s*\[\d+\]|<ipython-input[^>\n]*>), line (\d+)")


def stands_alone(output: Mapping[str, Any]) -> bool:
    """Whether the notebook shows the message and nothing else.

    So it is for a class with `_render_traceback_`, by which a test speaks for itself: its name says nothing to readers.
    """
    traceback, text = output.get("traceback"), str(output.get("evalue", ""))
    shown = "\n".join(map(str, traceback)) if isinstance(traceback, list) else ""
    return bool(text.strip()) and shown.splitlines() == text.splitlines()


def error_text(output: Mapping[str, Any]) -> str:
    """What the error says, after the name of its class unless the message stands alone; empty for nothing."""
    name, text = str(output.get("ename", "")), str(output.get("evalue", ""))
    return text if stands_alone(output) else ": ".join(filter(None, (name, text)))


def is_unanswered(output: Mapping[str, Any]) -> bool:
    """Whether it is of the `raise NotImplementedError` that a released notebook has in place of an answer."""
    return output.get("ename") == "NotImplementedError" and not str(output.get("evalue", "")).strip()


def error_with_line(output: Mapping[str, Any]) -> str:
    """As `error_text`, with the line of the cell at which it arose, where that is known, in the language spoken."""
    name, text = str(output.get("ename", "")), str(output.get("evalue", ""))
    line = line_of(output)
    if not line:
        return error_text(output)
    place = gettext("%(error)s in line %(line)s", error=name, line=line)
    return ": ".join(filter(None, (place, _PLACE.sub("", text) if name in SYNTAX else text)))


def line_of(output: Mapping[str, Any]) -> int | None:
    """The line of the cell that could not be read, or at which it stopped; None where that is not known."""
    if output.get("ename") in SYNTAX and (place := _PLACE.search(str(output.get("evalue", "")))):
        return int(place[1])
    traceback = output.get("traceback")
    shown = "\n".join(map(str, traceback[:50])) if isinstance(traceback, list) else ""
    frame = _FRAME.search(_ANSI.sub("", shown[:20_000]))
    return int(frame[1]) if frame else None
