"""Small notebooks, and what the examiner's plan of them says."""

from dataclasses import dataclass

from autograder.examiner.plan import plan


@dataclass(frozen=True)
class Cell:
    source: str
    grade: bool = False
    solution: bool = False
    locked: bool = False
    cell_type: str = "code"
    grade_id: str | None = None


def given(source: str) -> Cell:
    return Cell(source, locked=True)


def solution(source: str) -> Cell:
    return Cell(source, solution=True)


def grade(source: str) -> Cell:
    return Cell(source, grade=True, locked=True)


def fetched(*cells: Cell) -> str:
    """The names that the last cell, a grade cell, fetches."""
    return " ".join(plan(cells)[-1].fetch)


def run(*cells: Cell) -> str:
    """What the examiner runs at the last cell, without blank lines."""
    return "\n".join(line for line in plan(cells)[-1].code.split("\n") if line.strip())
