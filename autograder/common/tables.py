"""Tables as CSV that a spreadsheet opens without running anything in it."""

import csv
import io
import re
from collections.abc import Iterable, Sequence
from typing import Any

# Where a cell may begin, before a sign that begins a formula; the full-width signs count as the others do.
_FORMULA = re.compile(r"(?:\A|(?<=[;\t\r\n]))(?=\s*[=+\-@\uff1d\uff0b\uff0d\uff20]|[\t\r])")


def csv_text(rows: Iterable[Sequence[Any]]) -> str:
    """Rows as CSV; None is an empty cell, and a text is made `inert`."""
    text = io.StringIO(newline="")
    csv.writer(text).writerows([inert(cell) if isinstance(cell, str) else cell for cell in row] for row in rows)
    return text.getvalue()


def inert(text: str) -> str:
    """The text, so that a spreadsheet shows it: what starts like a formula would be run there.

    Where cells are divided by semicolons, as in Excel in many languages, what follows one is a cell, too.
    """
    return text if len(text) == 1 else _FORMULA.sub("'", text)


def original(text: str) -> str:
    """A text as it was before `inert`, if that put a sign before it."""
    return text[1:] if text.startswith("'") and inert(text[1:]) == text else text
