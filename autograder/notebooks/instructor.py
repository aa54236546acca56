"""The instructor's version of a notebook, as data; `instructor_version` reads it from a course.

A worker needs no more than this, and nbgrader takes a second to import.
"""

import hashlib
import re
from dataclasses import dataclass, field
from typing import Any

from jupyter_client.kernelspec import KernelSpecManager, NoSuchKernel

from autograder.common.serialization import dump

_PYTHON = re.compile(r"i?python[\d.]*")  # names of kernels that are Python, and of that language


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
    def other_language(self) -> str:
        """Why its cells can't be run as Python: the kernel that it names; empty where they can.

        The language is what its kernelspec says, else its `language_info`, else the kernel of that name on this
        machine. A notebook that names no kernel is for Python, as nbgrader has it.
        """
        kernel = str(self.metadata.get("kernelspec", {}).get("name") or "")
        language = str(self.metadata.get("kernelspec", {}).get("language") or "")
        language = language or str(self.metadata.get("language_info", {}).get("name") or "")
        if not language and kernel and not _PYTHON.fullmatch(kernel):
            try:
                language = str(KernelSpecManager().get_kernel_spec(kernel).language)
            except NoSuchKernel:
                return f"the kernel {kernel!r}, which is not installed here, and whose language nothing tells"
        if not language or _PYTHON.fullmatch(language.lower()):
            return ""
        return f"the kernel {kernel!r}, whose language is {language}"

    @property
    def digest(self) -> str:
        """SHA-256 of all that is in it, as hexadecimal digits."""
        return hashlib.sha256(dump(self, sort_keys=True).encode()).hexdigest()
