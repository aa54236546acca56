"""The instructor's version of a notebook, as data; `instructor_version` reads it from a course.

A worker needs no more than this, and nbgrader takes a second to import.
"""

import hashlib
from dataclasses import dataclass, field
from typing import Any

from autograder.common.serialization import dump


@dataclass(frozen=True)
class InstructorCell:
    """A cell of the instructor's; `grade_id` is None for one that nbgrader does not mark."""

    grade_id: str | None
    cell_type: str
    source: str  # with hidden tests, and for solutions with the reference's answer
    released: str  # as the students got it
    grade: bool = False
    solution: bool = False
    locked: bool = False  # nbgrader overwrites what a student made of it
    task: bool = False
    points: float = 0.0
    checksum: str | None = None
    tags: tuple[str, ...] = ()


@dataclass(frozen=True)
class Version:
    """The instructor's version of one notebook. `metadata` has its kernelspec and language_info."""

    assignment: str
    notebook: str
    cells: tuple[InstructorCell, ...]
    metadata: dict[str, Any] = field(default_factory=dict)

    @property
    def names(self) -> tuple[str, ...]:
        """The names of its cells for messages: the grade_id, else "cell 3"."""
        return tuple(cell.grade_id or f"cell {number}" for number, cell in enumerate(self.cells, 1))

    @property
    def tests(self) -> tuple[str, ...]:
        """The grade_ids of the cells that are graded by running them."""
        return tuple(
            str(cell.grade_id) for cell in self.cells if cell.grade and not cell.solution and cell.cell_type == "code"
        )

    @property
    def is_graded(self) -> bool:
        """Whether anything in it is graded, by a test or by a person."""
        return any(cell.grade or cell.task for cell in self.cells)

    @property
    def digest(self) -> str:
        """SHA-256 of all that is in it, as hexadecimal digits."""
        return hashlib.sha256(dump(self, sort_keys=True).encode()).hexdigest()
