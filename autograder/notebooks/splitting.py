"""Splits cells that a student merged (Jupyter's "Merge Cells"), which nbgrader would take for one cell.

`cut_out` comes before the cells are matched and finds the instructor's text within a cell, letter by letter; `split_at`
comes after it and finds a line that binds a name of another answer. Neither cuts within a triple-quoted string.
"""

from collections.abc import Iterable
from dataclasses import replace

from autograder.notebooks.cell_text import is_distinctive, key, names_bound_by_line
from autograder.notebooks.instructor_version import Version
from autograder.notebooks.reading import SubmittedCell


def cut_out(
    cells: list[SubmittedCell], version: Version
) -> tuple[list[SubmittedCell], list[tuple[str, SubmittedCell]]]:
    """Make each of the instructor's texts that stands, word for word, within another cell a cell of its own.

    Looked for are the distinctive texts of cells other than answers, where no student's cell has just that text. The
    part with the text keeps the student's nbgrader metadata if that has its grade_id; else the first other part does.

    Returns the student's cells, and for each cut the name of the instructor's cell and the student's cell as it was.
    """
    cuts: list[tuple[str, SubmittedCell]] = []
    present = {cell.key for cell in cells}
    for wanted in version.cells:
        text = key(wanted.released)
        if wanted.solution or text in present or not is_distinctive(text):
            continue
        for index, cell in enumerate(cells):
            if around := _around(cell.source, text):
                keeps_marks = cell.grade_id is not None and cell.grade_id == wanted.grade_id
                middle = _part(cell, wanted.released, marked=keeps_marks)
                before, after = ([_part(cell, part, marked=False)] if part.strip() else [] for part in around)
                if not keeps_marks:
                    (before or after)[0].marks = cell.marks
                cells[index : index + 1] = [*before, middle, *after]
                cuts.append((wanted.grade_id or f"cell {cell.number}", cell))
                break
    return cells, cuts


def split_at(cell: SubmittedCell, names: Iterable[str]) -> tuple[str, str] | None:
    """The cell's text before the first line that binds one of `names`, and from that line on.

    Decorators and comments right above the line go with it. None where nothing is before it, or where a triple-quoted
    string is open there.
    """
    wanted = set(names)
    lines = cell.source.split("\n")
    number = next((n for n, bound in enumerate(names_bound_by_line(cell.source)) if bound & wanted), 0)
    while number and lines[number - 1].startswith(("@", "#")):
        number -= 1
    before, after = "\n".join(lines[:number]), "\n".join(lines[number:])
    return (before.strip("\n"), after.strip("\n")) if before.strip() and _is_whole(before) else None


def _part(cell: SubmittedCell, source: str, marked: bool) -> SubmittedCell:
    return replace(cell, source=source.strip("\n"), marks=cell.marks if marked else {}, is_part=True)


def _around(source: str, text: str) -> tuple[str, str] | None:
    """What is before and after `text` in the source; None where it does not fill whole lines, or is all there is."""
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
    """Whether no triple-quoted string is open at the end of a text, judged by the number of quotes."""
    return text.count('"""') % 2 == 0 and text.count("'''") % 2 == 0
