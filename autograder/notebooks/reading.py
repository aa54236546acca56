"""The bytes of a submission, read as cells: whatever state they are in, or Unreadable.

A file is read far more leniently than by nbformat: other encodings, versions 2 to 4, cells with malformed parts. What
was mended is listed. Sizes are bounded before anything is parsed or compared.
"""

import contextlib
import itertools
import json
import re
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from charset_normalizer import from_bytes

from autograder.common.errors import AutograderError
from autograder.common.files import NotRegular, open_regular
from autograder.common.language import english
from autograder.notebooks.cell_text import key

MAX_BYTES = 100_000_000
MAX_CELLS = 5_000
MAX_TEXT = 10_000_000  # characters in all cells' sources, which are compared with one another
# A byte of JSON can become a hundred in memory; this bounds how many values there are.
MAX_VALUES = 10_000_000
_BEFORE_UNICODE = ("cp1251", "cp1252", "koi8_r")
_FOREIGN = re.compile(rb"[^\x80-\xff]{0,30}[\x80-\xff]+")  # with what stands before: few letters tell little


class Unreadable(AutograderError):
    """The file is no notebook; the message is fit for instructor and student."""


@dataclass(frozen=True)
class Mend:
    """One thing that was mended: in which cell, what (to the instructor), and what it means (to the student).

    `repairs`: whether something was wrong with the notebook; False where the assignment has changed since its release.
    """

    cell: str
    what: str
    to_student: str
    repairs: bool = True


@dataclass(eq=False)
class SubmittedCell:
    """A cell of the student's. `marks` is its nbgrader metadata, which may be lost, copied or forged.

    Its text is not changed once it has been read.
    """

    source: str
    cell_type: str
    number: int = 0  # its place in the submission, from 1
    marks: dict[str, Any] = field(default_factory=dict)
    tags: frozenset[str] = frozenset()
    attachments: dict[str, dict[str, str]] = field(default_factory=dict)
    is_part: bool = False  # of a cell of the student's that was taken apart

    @cached_property
    def key(self) -> str:
        """Its text to compare by, see `cell_text.key`."""
        return key(self.source)

    @property
    def is_marked(self) -> bool:
        """Whether its metadata says that it is a cell of the assignment's."""
        return any(self.marks.get(name) for name in ("grade", "solution", "locked", "task"))

    @property
    def grade_id(self) -> str | None:
        """The grade_id in its metadata; None where that is missing or malformed."""
        claimed = self.marks.get("grade_id")
        return claimed if isinstance(claimed, str) and claimed else None


@dataclass(frozen=True)
class Submitted:
    """A submission as read: its cells, the language it names, and what was put right in reading."""

    cells: list[SubmittedCell]
    language: str
    mends: list[Mend]


def read_regular(path: Path) -> bytes:
    """The bytes of a file that a student handed in. Raises Unreadable for a link (to the solution, say), a pipe, …"""
    try:
        with open_regular(path) as file:
            return file.read(MAX_BYTES + 1)
    except NotRegular:
        if path.is_symlink():
            text = english("%(file)s is a link to another file; the file itself is needed.", file=path.name)
        else:
            text = english("%(file)s is not a regular file.", file=path.name)
        raise Unreadable(text) from None
    except OSError as error:
        raise Unreadable(
            english("%(file)s can't be read: %(problem)s.", file=path.name, problem=error.strerror)
        ) from error


def read_notebook(raw: bytes) -> Submitted:
    """Read a submission. Raises Unreadable where it is no notebook."""
    if len(raw) > MAX_BYTES:
        raise Unreadable(
            english(
                "The notebook is %(size)s MB; the limit is %(limit)s MB. Clear its outputs and save it again.",
                size=f"{len(raw) / 1e6:.0f}",
                limit=f"{MAX_BYTES / 1e6:.0f}",
            )
        )
    text, mends = _decoded(raw)
    data = _parsed(text)
    found = _cells(data)
    if len(found) > MAX_CELLS:
        raise Unreadable(
            english("The notebook has %(cells)s cells; the limit is %(limit)s.", cells=len(found), limit=MAX_CELLS)
        )
    cells = []
    for number, item in enumerate(found, 1):
        if not isinstance(item, dict):
            mends.append(
                Mend(
                    english("cell %(number)s", number=number),
                    english("not a cell but %(kind)s; left out", kind=_json_type(item)),
                    english("This was not a cell that Jupyter could show, so it was left out."),
                )
            )
            continue
        cell, odd = _cell(item, number)
        cells.append(cell)
        if odd:
            mends.append(
                Mend(
                    english("cell %(number)s", number=number),
                    odd,
                    english("Part of this cell was damaged in the file and was repaired."),
                )
            )
    if sum(len(cell.source) for cell in cells) > MAX_TEXT:
        raise Unreadable(
            english(
                "The notebook's cells hold more than %(limit)s characters; delete what was pasted there.",
                limit=f"{MAX_TEXT:,}",
            )
        )
    if any("\r" in cell.source for cell in cells):
        for cell in cells:
            cell.source = cell.source.replace("\r\n", "\n").replace("\r", "\n")
        mends.append(
            Mend(
                english("notebook"),
                english("line endings of another system (CR) converted"),
                english("Your notebook's line endings were converted to the usual ones."),
            )
        )
    if data.get("nbformat") != 4:
        mends.append(
            Mend(
                english("notebook"),
                english("nbformat %(found)s read as 4.5", found=_short(data.get("nbformat"))),
                english("Your notebook was in another version of the file format; it was converted."),
            )
        )
    return Submitted(cells, language_of(data.get("metadata")), mends)


def _decoded(raw: bytes) -> tuple[str, list[Mend]]:
    encoding = "utf-16" if raw[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    try:
        text, plain = raw.decode(encoding), raw[:1] not in (b"\xef", b"\xff", b"\xfe")
    except UnicodeDecodeError:
        encoding, plain = _encoding_before_unicode(raw), False
        text = raw.decode(encoding)
    if plain:
        return text, []
    return text, [
        Mend(
            english("notebook"),
            english("not in plain UTF-8; read as %(encoding)s", encoding=encoding),
            english("The file was not in the usual encoding, so letters other than English may look wrong."),
        )
    ]


def _encoding_before_unicode(raw: bytes) -> str:
    """The likeliest of the encodings that editors on Windows and Unix used before UTF-8, told by where letters stand.

    Latin-1, in which any bytes are a text, where it is none of them.
    """
    words = b"".join(match[0] for match in itertools.islice(_FOREIGN.finditer(raw), 5000))
    best = from_bytes(words, cp_isolation=list(_BEFORE_UNICODE)).best()
    with contextlib.suppress(UnicodeDecodeError):
        if best is not None:
            raw.decode(best.encoding)
            return str(best.encoding)
    return "latin-1"


def _parsed(text: str) -> dict[str, Any]:
    if sum(text.count(mark) for mark in ",[{") > MAX_VALUES:
        raise Unreadable(
            english(
                "The notebook holds more than %(limit)s values. Clear its outputs and save it again.",
                limit=f"{MAX_VALUES:,}",
            )
        )
    try:
        data = json.loads(text.strip("\0 \t\r\n"), parse_int=_small_int)
    except RecursionError:
        raise Unreadable(english("The file is nested too deeply to be a notebook.")) from None
    except ValueError as error:
        raise Unreadable(
            english(
                "The file is not a notebook: it is not JSON (%(problem)s). Perhaps it was cut off, or is another file "
                "under this name: check that it opens in Jupyter, and submit it again.",
                problem=str(error)[:200],
            )
        ) from None
    if not isinstance(data, dict):
        raise Unreadable(
            english("The file is not a notebook: it holds %(kind)s, not an object with cells.", kind=_json_type(data))
        )
    return data


def _small_int(digits: str) -> int:
    # Python refuses to read numbers of thousands of digits, and none that is used here has ten.
    return int(digits) if len(digits) < 20 else 0


def _cells(data: dict[str, Any]) -> list[Any]:
    if isinstance(cells := data.get("cells"), list):
        return cells
    if isinstance(sheets := data.get("worksheets"), list):  # nbformat 2 and 3
        return [
            cell
            for sheet in sheets
            if isinstance(sheet, dict) and isinstance(sheet.get("cells"), list)
            for cell in sheet["cells"]
        ]
    raise Unreadable(english("The file is not a notebook: it has no list of cells. Save it from Jupyter as .ipynb."))


def _cell(item: dict[str, Any], number: int) -> tuple[SubmittedCell, str]:
    """The cell, and what about it was malformed; empty where nothing was."""
    odd = []
    source, whole = _text(item["source"] if "source" in item else item.get("input", ""))
    if not whole:
        odd.append(english("source is not text"))
    cell_type = item.get("cell_type")
    if cell_type == "heading":
        level = item.get("level")
        source, cell_type = (
            "#" * (level if isinstance(level, int) and 1 <= level <= 6 else 1) + " " + source,
            "markdown",
        )
    elif cell_type not in ("code", "markdown", "raw"):
        odd.append(english("unknown type of cell, read as code"))
        cell_type = "code"
    metadata = item.get("metadata", {})
    if not isinstance(metadata, dict):
        odd.append(english("metadata is %(kind)s", kind=_json_type(metadata)))
        metadata = {}
    marks, tags = metadata.get("nbgrader", {}), metadata.get("tags", [])
    if not isinstance(marks, dict):
        odd.append(english("nbgrader's metadata is %(kind)s", kind=_json_type(marks)))
        marks = {}
    named = frozenset(tag for tag in tags if isinstance(tag, str)) if isinstance(tags, list) else frozenset()
    attachments = {} if cell_type == "code" else _attachments(item.get("attachments"))
    return SubmittedCell(source, cell_type, number, marks, named, attachments), "; ".join(odd)


def _text(value: Any) -> tuple[str, bool]:
    """A cell's source as one string, and whether it was well-formed: a string, or a list of lines."""
    if isinstance(value, str):
        return _encodable(value), True
    if not isinstance(value, list):
        return ("" if value is None or isinstance(value, dict) else str(value)), False
    lines = [line for line in value if isinstance(line, str)]
    separator = "" if any(line.endswith("\n") for line in lines[:-1]) else "\n"
    return _encodable(separator.join(lines)), len(lines) == len(value)


def _encodable(text: str) -> str:
    """The text without lone surrogates, which no file can hold."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _attachments(value: Any) -> dict[str, dict[str, str]]:
    if not isinstance(value, dict):
        return {}
    return {
        _encodable(name): {_encodable(kind): _encodable(data) for kind, data in bundle.items() if isinstance(data, str)}
        for name, bundle in value.items()
        if isinstance(bundle, dict)
    }


def language_of(metadata: Any) -> str:
    """The programming language that a notebook's metadata names, in small letters; empty where it names none."""
    if isinstance(metadata, dict):
        for part, name in (("kernelspec", "language"), ("language_info", "name")):
            if isinstance(spec := metadata.get(part), dict) and isinstance(language := spec.get(name), str):
                return (
                    re.sub(r"^ipython\d?$", "python", language.lower())
                    if re.fullmatch(r"[\w+#.-]{1,40}", language)
                    else ""
                )
    return ""


def _json_type(value: Any) -> str:
    names = {
        dict: english("an object"),
        list: english("a list"),
        str: english("a string"),
        bool: english("true or false"),
        type(None): "null",
    }
    return names.get(type(value), english("a number"))


def _short(value: Any) -> str:
    return f"{value:.3g}" if isinstance(value, (int, float)) else _json_type(value)
