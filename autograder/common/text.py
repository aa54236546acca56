"""JSON that every later reader can store and write again (notebooks, SQLite, files in UTF-8), and text for people.

Whatever is read from a process that has seen a student's values goes through `clean`, once, where it is read.
"""

import math
from typing import Any

MAX_DEPTH = 30
MAX_INTEGER = 10**300  # beyond, readers make it infinite, and Python refuses to write it at 4,300 digits


def clean(value: Any, depth: int = MAX_DEPTH) -> Any:
    """The value with keys and texts in real Unicode, and no NaN; what is no JSON, or nested too deep, as a text."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return clean_text(value)
    if isinstance(value, int):
        return int(value) if abs(value) < MAX_INTEGER else hex(value)
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else str(float(value))
    if depth > 0 and isinstance(value, dict):
        return {_key(key): clean(item, depth - 1) for key, item in value.items()}
    if depth > 0 and isinstance(value, list | tuple):
        return [clean(item, depth - 1) for item in value]
    return f"({type(value).__name__})"


def clean_text(text: str) -> str:
    """The text without lone surrogates, which no file in UTF-8 takes."""
    return str.encode(text, "utf-8", "replace").decode()


def printable(text: str, longest: int | None = None) -> str:
    """A text without what a terminal takes for commands, and what is no Unicode; of `longest` characters at most."""
    shown = "".join(part if part.isprintable() else part.encode("unicode_escape").decode() for part in text)
    return shown if longest is None or len(shown) <= longest else f"{shown[:longest]}…"


def counted(count: int, what: str) -> str:
    """How many there are of something: 1 epoch, 2 epochs."""
    return f"{count:,} {what}{'' if count == 1 else 's'}"


def _key(key: Any) -> str:
    return clean_text(key) if isinstance(key, str) else str(clean(key, 0))
