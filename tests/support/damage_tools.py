"""How a damage enters the catalogue, and what it takes to write one."""

import json
from collections.abc import Callable
from typing import Any

Notebook = dict[str, Any]
Cell = dict[str, Any]

DAMAGES: dict[str, Callable[[Notebook], bytes]] = {}


def damage(change: Callable[[Notebook], Any]) -> Callable[[Notebook], Any]:
    """Add a function to the catalogue; it changes a copy in place, or returns the file's bytes."""

    def damaged(notebook: Notebook) -> bytes:
        copy = json.loads(json.dumps(notebook))
        result = change(copy)
        return result if isinstance(result, bytes) else json.dumps(copy).encode()

    DAMAGES[change.__name__] = damaged
    return change


def marks(cell: Cell) -> dict[str, Any]:
    """nbgrader's metadata of a cell."""
    return cell["metadata"].get("nbgrader", {})


def text(cell: Cell) -> str:
    """A cell's source as one string."""
    return "".join(cell["source"])


def solutions(notebook: Notebook) -> list[Cell]:
    """The cells that hold answers."""
    return [cell for cell in notebook["cells"] if marks(cell).get("solution")]


def tests(notebook: Notebook) -> list[Cell]:
    """The cells that test."""
    return [cell for cell in notebook["cells"] if marks(cell).get("grade") and not marks(cell).get("solution")]


def fixed(notebook: Notebook) -> list[Cell]:
    """The cells that nbgrader keeps as they were."""
    return [cell for cell in notebook["cells"] if marks(cell) and not marks(cell).get("solution")]


def unmark(cells: list[Cell]) -> None:
    """Take nbgrader's metadata off."""
    for cell in cells:
        cell["metadata"].pop("nbgrader", None)


def remove(notebook: Notebook, cells: list[Cell]) -> None:
    """Take cells out."""
    gone = {id(cell) for cell in cells}
    notebook["cells"] = [cell for cell in notebook["cells"] if id(cell) not in gone]


def place(notebook: Notebook, cell: Cell) -> int:
    """Where a cell is."""
    return next(n for n, other in enumerate(notebook["cells"]) if other is cell)


def is_answer(cell: Cell) -> bool:
    """Whether the cell holds an answer."""
    return bool(marks(cell).get("solution"))
