"""A submission made whole: each of the instructor's cells once, as nbgrader expects it, and the student's work in it.

What comes in is a student's file, in whatever state; what goes out is a new notebook, and a list of what was mended.

    bytes  --`reading`--> cells  --`splitting`--> merged cells apart  --`matching`--> which is which of the instructor's
      --`_slots`--> missing cells back  --`ordering`--> an order that can run  --`_node`--> a cell of the new notebook

The instructor's version decides all that counts: text and metadata of tests and given cells are taken from it, and
the metadata of answers. From the student's file come the order, the text of answers, of unmarked cells and of cells
that only the student has, and the pictures attached to cells. Nothing here runs or parses code.
"""

from dataclasses import dataclass
from typing import Any

import nbformat
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_raw_cell
from nbgrader.utils import compute_checksum

from autograder.common.language import english
from autograder.notebooks.cell_text import key
from autograder.notebooks.instructor_version import InstructorCell, Version
from autograder.notebooks.matching import Match
from autograder.notebooks.ordering import CellSlot, insert_missing, sort_by_dependencies
from autograder.notebooks.reading import Mend, SubmittedCell, Unreadable, language_of, read_notebook
from autograder.notebooks.splitting import cut_out

__all__ = ["Mend", "Mended", "Unreadable", "mend"]

ANSWERED_ELSEWHERE = english("# The answer is in another cell of this notebook.")
_NEW_CELL = {"code": new_code_cell, "markdown": new_markdown_cell, "raw": new_raw_cell}
_FEW = 3  # given cells with the text of another release, which are told one by one
_Difference = tuple[str, str, bool]  # as `Mend` has them: what, to the student, and whether it repairs


@dataclass(frozen=True)
class Mended:
    """A valid notebook (nbformat 4.5) that nbgrader takes, and what was put right to get it."""

    notebook: NotebookNode
    mends: tuple[Mend, ...]


def mend(raw: bytes, version: Version) -> Mended:
    """Make a submission whole. Raises Unreadable where it is no notebook, or another assignment's.

    A marked cell of the result has nbgrader's metadata, and every instructor's cell has
    `metadata["autograder"] = {"position": its index in version.cells}`.
    """
    submitted = read_notebook(raw)
    mends = submitted.mends
    language = language_of(version.metadata)
    if submitted.language and language and submitted.language != language:
        mends.append(
            Mend(
                english("notebook"),
                english(
                    "kernel of another language (%(found)s) set to %(wanted)s",
                    found=submitted.language,
                    wanted=language,
                ),
                english(
                    "Your notebook was set to %(submitted)s; it was graded with %(language)s instead.",
                    submitted=submitted.language,
                    language=language,
                ),
            )
        )
    cells, cuts = cut_out(submitted.cells, version)
    for name, cell in cuts:
        mends.append(
            Mend(
                name,
                english("split off from cell %(number)s, into which it had been merged", number=cell.number),
                english("This cell had been merged with another one, so they were split again."),
            )
        )
    match = Match(cells, version)
    if foreign := match.cells_of_another_notebook():
        names = ", ".join(f"{name[:60]!a}" for name in foreign[:5])
        raise Unreadable(
            english(
                "It is another notebook: it has %(count)s cells that %(notebook)s does not have (%(cells)s), and few "
                "or none of those that %(notebook)s has. It may have been submitted as the wrong assignment, or under "
                "the wrong name.",
                count=len(foreign),
                notebook=version.notebook,
                cells=f"{names}{', …' if len(foreign) > 5 else ''}",
            )
        )
    mends += _match_mends(match)
    slots, restored = _slots(match, version)
    mends += restored
    slots, moved = sort_by_dependencies(slots, version)
    for slot in moved:
        mends.append(
            Mend(
                _name(version, slot),
                english("out of order; moved between what it needs and what needs it"),
                english("This cell was out of order, so it was moved next to the cells it works with."),
            )
        )
    if other_texts := _texts_of_another_release(slots, version):
        mends.append(
            Mend(
                english("notebook"),
                english(
                    "of another release, as in another language: the text of %(count)s given cells is not today's",
                    count=other_texts,
                ),
                english(
                    "Your notebook is from another release of this assignment, such as one in another language; it was "
                    "graded as the assignment is now."
                ),
                repairs=False,
            )
        )
    nodes = []
    for number, slot in enumerate(slots, 1):
        node, found = _node(slot, version, tells_text=not other_texts)
        node["id"] = f"cell-{number}"
        nodes.append(node)
        mends += found
    notebook = new_notebook(cells=nodes, metadata=nbformat.from_dict(version.metadata))
    notebook.nbformat_minor = 5
    return Mended(notebook, tuple(mends))


def _match_mends(match: Match) -> list[Mend]:
    """What matching had to mend: answers split off, copies left out, and grade_ids that are another cell's."""
    mends = []
    for position, cell in match.split_answers:
        mends.append(
            Mend(
                match.version.cells[position].grade_id or "",
                english("answer split off from cell %(number)s, into which it had been merged", number=cell.number),
                english("Your answer had been merged with another one, so they were split again."),
            )
        )
    for cell, grade_id in match.copies.items():
        mends.append(
            Mend(
                grade_id,
                english("a copy, cell %(number)s, left out", number=cell.number),
                english(
                    "Your notebook had this cell more than once, so a copy without any work of yours was left out."
                ),
            )
        )
    accounted = set(match.matched.values()) | match.copies.keys()
    known = {cell.grade_id for cell in match.version.cells}
    for cell in match.cells:
        if cell not in accounted and cell.is_marked:
            name = f"{(cell.grade_id or '')[:60]!a}"
            if cell.grade_id in known:
                what = english(
                    "has the grading metadata of %(name)s, which is another cell; kept as an ordinary cell", name=name
                )
                to_student = english(
                    "This cell had another cell's grading metadata, as copies do. It was run as an ordinary cell."
                )
            else:  # removed since the release, or of another assignment
                what = english(
                    "is %(name)s, which the assignment does not have now; kept as an ordinary cell", name=name
                )
                to_student = english(
                    "The assignment does not have this cell now. It was run as an ordinary cell, without points."
                )
            mends.append(
                Mend(english("cell %(number)s", number=cell.number), what, to_student, repairs=cell.grade_id in known)
            )
    return mends


def _slots(match: Match, version: Version) -> tuple[list[CellSlot], list[Mend]]:
    """A slot for each of the student's cells but copies, in their order, and one for each cell that was restored.

    Put back is what is missing of the instructor's cells, but for unmarked text and empty cells. An answer comes back
    as released, or, where another cell binds its names, as a comment: the released text would undo that.
    """
    positions = {cell: position for position, cell in match.matched.items()}
    slots = [CellSlot(positions.get(cell), cell) for cell in match.cells if cell not in match.copies]
    mends = []
    for position, cell in enumerate(version.cells):
        if position in match.matched or (
            cell.grade_id is None and (cell.cell_type != "code" or not cell.source.strip())
        ):
            continue
        slot = insert_missing(slots, position, version)
        what = english("missing; restored")
        to_student = english("This cell was missing from your notebook and was restored.")
        if cell.solution:
            source = cell.released
            if match.answered_elsewhere(position):
                source = ANSWERED_ELSEWHERE
                what = english("missing, with its answer in another cell; restored empty")
                to_student = english(
                    "This answer's own cell was missing; your answer was taken from where you wrote it."
                )
            else:
                what = english("missing, and no answer found; restored as released")
                to_student = english(
                    "The cell for this answer was missing, and no answer to it was found in your notebook."
                )
            slot.cell = SubmittedCell(source, cell.cell_type)
        mends.append(Mend(_name(version, slot), what, to_student))
    return slots, mends


def _name(version: Version, slot: CellSlot) -> str:
    """What a cell is called in a list of mends: its grade_id, else its number in the file of the student."""
    if slot.position is not None and (grade_id := version.cells[slot.position].grade_id):
        return grade_id
    if slot.cell:
        return english("cell %(number)s", number=slot.cell.number)
    return english("cell %(number)s as released", number=(slot.position or 0) + 1)


def _texts_of_another_release(slots: list[CellSlot], version: Version) -> int:
    """How many given cells have the text of another release; 0 where those are a few, or less than half of them."""
    given = [(slot.cell, version.cells[slot.position]) for slot in slots if slot.cell and slot.position is not None]
    given = [(student, wanted) for student, wanted in given if wanted.grade_id and not wanted.solution]
    other = sum(_has_other_text(student, wanted) and _is_as_released(student) for student, wanted in given)
    return other if other > max(_FEW, len(given) / 2) else 0


def _node(slot: CellSlot, version: Version, tells_text: bool) -> tuple[NotebookNode, list[Mend]]:
    """The new notebook's cell for a slot, and what in it was mended; with `tells_text`, also a text that is new.

    Its text is the student's in answers, in unmarked cells, and in cells that only the student has; else as released.
    """
    student = slot.cell
    wanted = None if slot.position is None else version.cells[slot.position]
    mends: list[_Difference] = []
    if wanted is None:
        assert student is not None
        node = _NEW_CELL[student.cell_type](student.source)
    else:
        is_editable = wanted.solution or wanted.grade_id is None
        node = _NEW_CELL[wanted.cell_type](student.source if student and is_editable else wanted.released)
        node.metadata = nbformat.from_dict(_metadata(wanted, slot.position))
        if student is not None and student.number:
            mends = _differences(student, wanted, tells_text)
    if student is not None:
        if "skip-execution" in student.tags and not (wanted and "skip-execution" in wanted.tags):
            mends.append(
                (
                    english("tag skip-execution removed"),
                    english("A tag that keeps this cell from running was removed."),
                    True,
                )
            )
        if student.attachments and node.cell_type != "code":
            node["attachments"] = nbformat.from_dict(student.attachments)
    return node, [Mend(_name(version, slot), *found) for found in mends]


def _metadata(cell: InstructorCell, position: int | None) -> dict[str, Any]:
    metadata: dict[str, Any] = {"autograder": {"position": position}}
    if cell.tags:
        metadata["tags"] = list(cell.tags)
    if cell.grade_id is None:
        return metadata
    metadata["nbgrader"] = {
        "grade_id": cell.grade_id,
        "grade": cell.grade,
        "solution": cell.solution,
        "locked": cell.locked,
        "task": cell.task,
        "cell_type": cell.cell_type,
        "schema_version": 3,
    }
    if cell.grade or cell.task:
        metadata["nbgrader"]["points"] = cell.points
    if cell.checksum:
        metadata["nbgrader"]["checksum"] = cell.checksum
    return metadata


def _has_other_text(student: SubmittedCell, wanted: InstructorCell) -> bool:
    return bool(wanted.grade_id) and not wanted.solution and student.key != key(wanted.released)


def _differences(student: SubmittedCell, wanted: InstructorCell, tells_text: bool) -> list[_Difference]:
    """What of a matched cell is not as the assignment has it, other than an answer's text."""
    mends: list[_Difference] = []
    if student.cell_type != wanted.cell_type:
        mends.append(
            (
                english(
                    "type was %(found)s; changed back to %(wanted)s",
                    found=student.cell_type,
                    wanted=wanted.cell_type,
                ),
                english(
                    "This cell had become a %(found)s cell and was changed back to a %(wanted)s cell.",
                    found=student.cell_type,
                    wanted=wanted.cell_type,
                ),
                True,
            )
        )
    wrong = _wrong_marks(student, wanted)
    has_other_text = _has_other_text(student, wanted)
    new_points = wrong == ["points"] and type(student.marks.get("points")) in (int, float)
    new_text = has_other_text and _is_as_released(student)
    if new_points and new_text and tells_text:
        told = english(
            "The points and text of this cell changed after you got the notebook; it was graded as it is now."
        )
        mends.append((english("points and text changed since the notebook was released"), told, False))
    elif new_points:
        told = english("The points of this cell changed after you got the notebook; it was graded as it is now.")
        mends.append((english("points changed since the notebook was released"), told, False))
    elif new_text and tells_text:
        told = english("The text of this cell changed after you got the notebook; it was graded as it is now.")
        mends.append((english("text changed since the notebook was released"), told, False))
    if wrong and not new_points:
        mends.append(
            (
                english("nbgrader's metadata restored: %(names)s", names=", ".join(wrong)),
                english("This cell's grading metadata was lost or changed, so it was restored."),
                True,
            )
        )
    if has_other_text and not new_text:
        mends.append(
            (
                english("its text had been changed; the instructor's text restored"),
                english(
                    "This cell is not yours to change; it was graded with its original text. Write code into your own "
                    "cells instead."
                ),
                True,
            )
        )
    return mends


def _is_as_released(student: SubmittedCell) -> bool:
    """Whether the cell is as some release had it: nbgrader's checksum in its metadata is that of the cell.

    A student can forge it. Then the change is told as the assignment's; the instructor's text is run in any case.
    """
    names = ("grade", "solution", "locked", "grade_id", "points")
    marks = {name: student.marks[name] for name in names if name in student.marks}
    cell = _NEW_CELL[student.cell_type](student.source, metadata={"nbgrader": marks})
    try:
        return bool(compute_checksum(cell) == student.marks.get("checksum"))
    except (AttributeError, KeyError, TypeError, ValueError, OverflowError):  # marks that no release has
        return False


def _wrong_marks(student: SubmittedCell, wanted: InstructorCell) -> list[str]:
    """Which of a cell's nbgrader metadata differ from the instructor's, by name; empty where none do.

    Read as nbgrader reads them: a missing one is false, and a grade cell without `solution` is locked.
    """
    marks = student.marks
    if wanted.grade_id is None:
        return ["the cell is not marked"] if student.is_marked else []
    if not marks:
        return [] if student.is_part else ["all lost"]
    solution, grade = marks.get("solution", False), marks.get("grade", False)
    wrong = {
        "grade_id": marks.get("grade_id") != wanted.grade_id,
        "grade": grade is not wanted.grade,
        "solution": solution is not wanted.solution,
        "locked": bool(not solution and (grade or marks.get("locked", False))) is not wanted.locked,
        "task": marks.get("task", False) is not wanted.task,
        "points": (wanted.grade or wanted.task) and marks.get("points") != wanted.points,
        "cell_type": marks.get("cell_type", wanted.cell_type) != wanted.cell_type,
        "schema_version": marks.get("schema_version") != 3,
    }
    return [name for name, is_wrong in wrong.items() if is_wrong]
