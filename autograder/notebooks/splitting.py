"""Cells that a student merged, taken apart again where that is safe."""

from collections.abc import Iterable
from dataclasses import replace

from autograder.notebooks.cell_text import bound_by_line, is_telling, key
from autograder.notebooks.instructor_version import Version
from autograder.notebooks.reading import SubmittedCell


def cut_out(
    cells: list[SubmittedCell], version: Version
) -> tuple[list[SubmittedCell], list[tuple[str, SubmittedCell]]]:
    """Cut out each text of the instructor's that stands in no cell of its own but, word for word, inside another.

    Returns the cells, and (the instructor's cell, the student's cell it was cut out of) for each cut.
    """
    cuts: list[tuple[str, SubmittedCell]] = []
    present = {cell.key for cell in cells}
    for wanted in version.cells:
        text = key(wanted.released)
        if wanted.solution or text in present or not is_telling(text):
            continue
        for index, cell in enumerate(cells):
            if parts := _around(cell.source, text):
                before, after = parts
                is_its_own = cell.grade_id is not None and cell.grade_id == wanted.grade_id
                middle = _part(cell, wanted.released, marked=is_its_own)
                rest = [_part(cell, part, marked=False) for part in (before, after) if part.strip()]
                if rest and not is_its_own:
                    rest[0].marks = cell.marks
                cells[index : index + 1] = [*rest[: bool(before.strip())], middle, *rest[bool(before.strip()) :]]
                cuts.append((wanted.grade_id or f"cell {cell.number}", cell))
                break
    return cells, cuts


def split_at(cell: SubmittedCell, names: Iterable[str]) -> tuple[str, str] | None:
    """The cell's text before and from the first line that binds one of the names; None where no safe place is."""
    wanted = set(names)
    lines = cell.source.split("\n")
    number = next((n for n, bound in enumerate(bound_by_line(cell.source)) if bound & wanted), 0)
    while number and lines[number - 1].startswith(("@", "#")):
        number -= 1
    before, after = "\n".join(lines[:number]), "\n".join(lines[number:])
    return (before.strip("\n"), after.strip("\n")) if before.strip() and _is_whole(before) else None


def _part(cell: SubmittedCell, source: str, marked: bool) -> SubmittedCell:
    return replace(cell, source=source.strip("\n"), marks=cell.marks if marked else {}, is_part=True)


def _around(source: str, text: str) -> tuple[str, str] | None:
    """What stands before and after `text` where it fills whole lines of the source, and something is left."""
    if text.split("\n", 1)[0] not in source:
        return None
    lines = source.split("\n")
    trimmed = "\n".join(line.rstrip() for line in lines)
    found = f"\n{trimmed}\n".find(f"\n{text}\n")
    if found < 0:
        return None
    first = trimmed[:found].count("\n")
    before, after = "\n".join(lines[:first]), "\n".join(lines[first + text.count("\n") + 1 :])
    return (before, after) if (before + after).strip() and _is_whole(before) else None


def _is_whole(text: str) -> bool:
    """Whether no triple-quoted string is open at the end of a text, as far as counting tells."""
    return text.count('"""') % 2 == 0 and text.count("'''") % 2 == 0
