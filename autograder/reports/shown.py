"""A graded notebook as its student may see it: no hidden test, in its cell or in what that cell said."""

import base64
import binascii
import copy
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup
from nbconvert.filters import strip_ansi
from nbformat import NotebookNode
from nbgrader.preprocessors import ClearHiddenTests
from nbgrader.utils import is_grade, is_solution

from autograder.common.error_outputs import error_text
from autograder.common.language import english, gettext, ngettext, translated
from autograder.grading.student_results import spoken_error, spoken_text
from autograder.notebooks.mending import ANSWERED_ELSEWHERE
from autograder.reports.sanitize import clean, markdown, python

MAX_TEXT = 100_000  # characters of one output
MAX_OUTPUTS = 200  # of one cell
HIDDEN = english("# This test can't be shown.")


@dataclass(frozen=True)
class ShownOutput:
    """One output: a picture, text, or HTML that is harmless."""

    picture: str = ""  # a data: URL
    text: str = ""
    html: Markup | None = None


@dataclass(frozen=True)
class Shown:
    """One cell."""

    index: int
    kind: str  # "code", "text" or "test"
    grade_id: str
    source: Markup
    outputs: tuple[ShownOutput, ...]


def without_hidden_tests(notebook: NotebookNode, clear: ClearHiddenTests) -> NotebookNode:
    """A copy in which tests are as students were given them, and what they raised has no traceback.

    Tracebacks show lines of code. nbgrader's own feedback shows all of it.
    """
    notebook = copy.deepcopy(notebook)
    for cell in notebook.cells:
        if cell.cell_type != "code" or not is_grade(cell) or is_solution(cell):
            continue
        try:
            clear._remove_hidden_test_region(cell)
        except RuntimeError:  # a begin without an end
            cell.source = translated(HIDDEN)
        for output in cell.outputs:
            if output.output_type == "error":
                output.traceback = [error_text(output)]
    return notebook


def shown(notebook: NotebookNode, *, below: int = 2) -> list[Shown]:
    """Its cells, harmless."""
    found = []
    for index, cell in enumerate(notebook.cells):
        grade_id = str(cell.metadata.get("nbgrader", {}).get("grade_id") or "")
        if cell.cell_type != "code":
            attachments = cell.get("attachments", {})
            found.append(Shown(index, "text", grade_id, markdown(cell.source, attachments, below=below), ()))
            continue
        source = translated(ANSWERED_ELSEWHERE) if cell.source == ANSWERED_ELSEWHERE else cell.source
        kind = "test" if is_grade(cell) and not is_solution(cell) else "code"
        outputs = [_output(output, below) for output in cell.outputs[:MAX_OUTPUTS]]
        if len(cell.outputs) > MAX_OUTPUTS:
            outputs.append(ShownOutput(text=_more(len(cell.outputs) - MAX_OUTPUTS)))
        found.append(Shown(index, kind, grade_id, python(source), tuple(outputs)))
    return found


def _more(count: int) -> str:
    return ngettext(
        "… %(count)s more outputs are in your notebook.", "… %(count)s more outputs are in your notebook.", count
    )


def _output(output: NotebookNode, below: int) -> ShownOutput:
    if output.output_type == "stream":
        return ShownOutput(text=_text(spoken_text(joined(output.text))))
    if output.output_type == "error":
        shown = "\n".join(map(str, output.traceback))
        return ShownOutput(text=_text(error_text(spoken_error(output)) if shown in ("", error_text(output)) else shown))
    data: Mapping[str, Any] = output.get("data", {})
    for kind in ("image/png", "image/jpeg"):
        if kind in data and (url := picture(kind, data[kind])):
            return ShownOutput(picture=url)
    if "text/html" in data:
        return ShownOutput(html=clean(joined(data["text/html"]), below=below))
    if "text/markdown" in data:
        return ShownOutput(html=markdown(joined(data["text/markdown"]), below=below))
    return ShownOutput(text=_text(joined(data.get("text/latex") or data.get("text/plain", ""))))


def picture(kind: str, content: Any) -> str:
    """A data: URL; empty for what is no base64."""
    text = "".join(joined(content).split())
    try:
        base64.b64decode(text, validate=True)
    except (ValueError, binascii.Error):
        return ""
    return f"data:{kind};base64,{text}" if text else ""


def joined(content: Any) -> str:
    """The text of a MIME type's content, which a notebook may hold as a list of lines."""
    return "".join(map(str, content)) if isinstance(content, list) else str(content)


def _text(text: Any) -> str:
    plain = strip_ansi(joined(text))
    return (
        plain if len(plain) <= MAX_TEXT else "\n".join([plain[:MAX_TEXT], gettext("… the rest is in your notebook.")])
    )
