"""In which order the cells of the mended notebook stand.

The student's order stays, as the student's own cells may depend on it. Only the instructor's code (given cells and
tests) moves, and only where the student's order would have it run before what it needs (a test dragged above the
answer it tests), or an answer before what that needs (the setup cell dragged to the end). What a cell needs is read
from the instructor's version alone (`cell_text.dependencies`).
"""

from dataclasses import dataclass

from autograder.notebooks.cell_text import dependencies
from autograder.notebooks.instructor_version import InstructorCell, Version
from autograder.notebooks.reading import SubmittedCell


@dataclass(eq=False)
class CellSlot:
    """A cell of the mended notebook, of which the text is not decided yet.

    `position` is that of the instructor's cell in the version, None for a cell that only the student has; `cell` is
    the student's, None where the student's notebook lacks it.
    """

    position: int | None
    cell: SubmittedCell | None


def insert_missing(slots: list[CellSlot], position: int, version: Version) -> CellSlot:
    """Insert a slot for the instructor's cell at `position`, which the student's notebook lacks; returns the slot.

    It comes right after the last cell before it in the version that is there, or first where there is none. A grade
    cell comes also after the student's own cells that follow that one, as they may belong to the answer it tests.
    """
    before = [slot for slot in slots if slot.position is not None and slot.position < position]
    index = 0
    if before:
        index = slots.index(max(before, key=lambda slot: slot.position or 0)) + 1
        if version.cells[position].grade:
            while index < len(slots) and slots[index].position is None:
                index += 1
    missing = CellSlot(position, None)
    slots.insert(index, missing)
    return missing


def sort_by_dependencies(slots: list[CellSlot], version: Version) -> tuple[list[CellSlot], list[CellSlot]]:
    """Move the instructor's code to where it can run. Returns the slots in their new order, and those that moved.

    The slots are taken in the student's order, and only fixed cells (see `is_fixed`) leave it:

    - one that comes before a cell it needs waits, and is placed as soon as all that it needs has been;
    - one that comes after a cell that needs it is placed right before that cell, if it is ready itself.

    A cell is not waited for where the notebook lacks it. No two cells wait for each other, as a cell only needs cells
    before it in the version.
    """
    needed = dependencies(version)
    by_position = {slot.position: slot for slot in slots if slot.position is not None}
    placed: set[int] = set()  # positions of the cells in `result`
    waiting: dict[int, CellSlot] = {}
    result: list[CellSlot] = []
    moved: list[CellSlot] = []

    def is_ready(position: int) -> bool:
        return all(other in placed or other not in by_position for other in needed[position])

    def place(slot: CellSlot) -> None:
        result.append(slot)
        if slot.position is not None:
            placed.add(slot.position)
            waiting.pop(slot.position, None)

    def place_waiting() -> None:
        for position in sorted(waiting):
            if is_ready(position):
                place(waiting[position])

    for slot in slots:
        if slot.position in placed:  # a cell before it needed it
            continue
        if slot.position is not None:
            place_waiting()
            if is_fixed(version.cells[slot.position]) and not is_ready(slot.position):
                waiting[slot.position] = slot
                moved.append(slot)
                continue
            for other in sorted(needed[slot.position]):
                earlier = by_position.get(other)
                if earlier and other not in placed and is_fixed(version.cells[other]) and is_ready(other):
                    if other not in waiting:
                        moved.append(earlier)
                    place(earlier)
        place(slot)
    place_waiting()
    return result, moved


def is_fixed(cell: InstructorCell) -> bool:
    """Whether the cell is code that runs as the instructor wrote it, whatever the student's notebook has there."""
    return cell.cell_type == "code" and not cell.solution and (cell.grade or cell.locked)
