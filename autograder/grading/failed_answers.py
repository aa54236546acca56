"""Which of a student's cells is behind a failed test: one that ended in an error before the test ran."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from nbformat import NotebookNode
from nbgrader.utils import is_solution

_LACKING = re.compile(r"name '(\w+)' is not defined")


@dataclass(frozen=True)
class FailedAnswer:
    """A student's cell that ended in an error. `explains`: that is why a name is lacking which the test uses."""

    index: int
    error: Mapping[str, Any]
    explains: bool


def failed_answer(
    cells: Sequence[NotebookNode], outputs: Sequence[Sequence[Mapping[str, Any]]], test: int
) -> FailedAnswer | None:
    """The cell behind the failure of the test at index `test`: the answer above it, or one that binds what it lacks."""
    answers = [i for i in range(test) if cells[i].cell_type == "code" and is_solution(cells[i])]
    lacking = _lacking(outputs[test])
    binds = re.compile(rf"(?m)^\s*(?:(?:def|class)\s+{lacking}\b|{lacking}\s*(?::[^=\n]*)?=(?!=))")
    for index in reversed(answers):
        defines = bool(lacking and binds.search(cells[index].source))
        if (index == answers[-1] or defines) and (error := _error(outputs[index])):
            return FailedAnswer(index, error, bool(lacking) and (defines or index == answers[-1]))
    return None


def _error(outputs: Sequence[Mapping[str, Any]]) -> Mapping[str, Any] | None:
    return next((output for output in outputs if output.get("output_type") == "error"), None)


def _lacking(outputs: Sequence[Mapping[str, Any]]) -> str:
    """The name that is not defined; empty where something else is wrong."""
    error = _error(outputs) or {}
    found = _LACKING.match(str(error.get("evalue", ""))) if error.get("ename") == "NameError" else None
    return found[1] if found else ""
