"""An examination of small notebooks by a real examiner."""

import contextlib
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from rpc_pair import student

from autograder.examiner.client import Exam, Examiner

MEMORY = 4 << 30


def cell(source: str, kind: str = "given", grade_id: str | None = None) -> Any:
    grade, solution = kind == "grade", kind == "solution"
    return SimpleNamespace(cell_type="code", source=source, grade=grade, solution=solution, grade_id=grade_id)


@contextlib.contextmanager
def exam(examiner: Examiner, cells: list[Any], code: str = "", **more: Any) -> Iterator[Exam]:
    """An examination of `cells`; the student's process has run `code`."""
    folder = more.get("folder", Path("/nonexistent"))
    with student(code, folder) as ours:
        made = Exam(
            examiner.address,
            ours,
            cells,
            more.get("files", {}),
            memory_bytes=more.get("memory", MEMORY),
            model_parameters=50_000_000,
        )
        try:
            yield made
        finally:
            made.close()


def grade(made: Exam, index: int, points: float = 2, permitted: list[str] | None = None, seconds: float = 30) -> Any:
    made.grade(index, points, permitted)
    return made.answer(seconds)


SQUARE = [
    cell("import numpy as np\nlimit = 10"),
    cell("def square(x):\n    return x * x", "solution"),
    cell("assert square(4) == 16\nassert limit == 10\nprint('fine')", "grade", "test_square"),
]
