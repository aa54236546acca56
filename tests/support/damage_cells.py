"""Damage to cells: metadata, copies, edits, types, merges, order."""

import random
from copy import deepcopy

from damage_tools import Cell, Notebook, damage, fixed, is_answer, marks, place, remove, solutions, tests, text, unmark

# nbgrader's metadata


@damage
def metadata_lost(notebook: Notebook) -> None:
    for cell in notebook["cells"]:
        cell["metadata"] = {}


@damage
def metadata_lost_on_answers(notebook: Notebook) -> None:
    unmark(solutions(notebook))


@damage
def metadata_lost_on_tests(notebook: Notebook) -> None:
    unmark(fixed(notebook) or solutions(notebook))


@damage
def metadata_null(notebook: Notebook) -> None:
    for cell in notebook["cells"]:
        cell["metadata"] = None


@damage
def metadata_junk(notebook: Notebook) -> None:
    for cell in notebook["cells"]:
        cell["metadata"] = {"nbgrader": [{"grade_id": [{}]}], "tags": {"a": [1]}, "x": [[[[[]]]]]}


@damage
def metadata_of_odd_types(notebook: Notebook) -> None:
    for cell in notebook["cells"]:
        if marks(cell):
            marks(cell).update(grade="yes", points="many", solution=1, locked=[], schema_version="3")


@damage
def ids_swapped(notebook: Notebook) -> None:
    if tests(notebook):
        answer, test = solutions(notebook)[0], tests(notebook)[0]
        answer["metadata"], test["metadata"] = test["metadata"], answer["metadata"]
    else:
        unmark(solutions(notebook))


@damage
def points_changed(notebook: Notebook) -> None:
    for cell in notebook["cells"]:
        if "points" in marks(cell):
            marks(cell)["points"] = 1000


@damage
def flags_changed(notebook: Notebook) -> None:
    for cell in notebook["cells"]:
        if marks(cell):
            marks(cell).update(grade=False, solution=False, locked=False, task=False)


@damage
def everything_locked(notebook: Notebook) -> None:
    for cell in notebook["cells"]:
        cell["metadata"]["nbgrader"] = {**marks(cell), "locked": True, "solution": False, "grade": False}


@damage
def schema_1(notebook: Notebook) -> None:
    for cell in notebook["cells"]:
        if marks(cell):
            marks(cell)["schema_version"] = 1


@damage
def schema_2(notebook: Notebook) -> None:
    for cell in notebook["cells"]:
        if marks(cell):
            marks(cell)["schema_version"] = 2


@damage
def schema_99(notebook: Notebook) -> None:
    for cell in notebook["cells"]:
        if marks(cell):
            marks(cell).update(schema_version=99, invented=True)


@damage
def schema_missing(notebook: Notebook) -> None:
    for cell in notebook["cells"]:
        marks(cell).pop("schema_version", None)


@damage
def ids_of_another_assignment(notebook: Notebook) -> None:
    for cell in notebook["cells"]:
        if marks(cell):
            marks(cell)["grade_id"] = "other-" + marks(cell)["grade_id"]


@damage
def skip_execution(notebook: Notebook) -> None:
    for cell in notebook["cells"]:
        cell["metadata"]["tags"] = ["skip-execution", "raises-exception"]


# Deleted


@damage
def test_deleted(notebook: Notebook) -> None:
    remove(notebook, fixed(notebook)[-1:] or solutions(notebook)[:0])
    unmark(solutions(notebook)[:1])


@damage
def all_fixed_cells_deleted(notebook: Notebook) -> None:
    remove(notebook, fixed(notebook))
    unmark(solutions(notebook)[:1])


@damage
def text_cells_deleted(notebook: Notebook) -> None:
    remove(notebook, [cell for cell in notebook["cells"] if cell["cell_type"] == "markdown" and not marks(cell)])


@damage
def code_cells_deleted(notebook: Notebook) -> None:
    remove(notebook, [cell for cell in notebook["cells"] if cell["cell_type"] == "code" and not is_answer(cell)])


@damage
def only_the_answers_left(notebook: Notebook) -> None:
    notebook["cells"] = solutions(notebook)
    unmark(notebook["cells"][:1])


# Duplicated


@damage
def answer_copied(notebook: Notebook) -> None:
    cell = solutions(notebook)[0]
    notebook["cells"].insert(place(notebook, cell) + 1, deepcopy(cell))


@damage
def answers_copied_to_the_end(notebook: Notebook) -> None:
    notebook["cells"] += deepcopy(solutions(notebook))


@damage
def empty_copy_below(notebook: Notebook) -> None:
    cell = solutions(notebook)[0]
    notebook["cells"].insert(place(notebook, cell) + 1, {**deepcopy(cell), "source": ""})


@damage
def test_copied_above(notebook: Notebook) -> None:
    cell = (tests(notebook) or solutions(notebook))[0]
    notebook["cells"].insert(0, deepcopy(cell))


@damage
def test_copy_edited(notebook: Notebook) -> None:
    cell = (tests(notebook) or solutions(notebook))[-1]
    copy = deepcopy(cell)
    if not is_answer(cell):
        copy["source"] = "print('my own try')\n" + text(cell).split("\n")[0]
    notebook["cells"].insert(place(notebook, cell) + 1, copy)


@damage
def everything_twice(notebook: Notebook) -> None:
    notebook["cells"] += deepcopy(notebook["cells"])


# Edited, retyped


@damage
def tests_edited(notebook: Notebook) -> None:
    for cell in fixed(notebook):
        cell["source"] = "# " + text(cell)
    unmark(solutions(notebook)[:1])


@damage
def tests_emptied(notebook: Notebook) -> None:
    for cell in fixed(notebook):
        cell["source"] = ""
    unmark(solutions(notebook)[:1])


def _retype(cells: list[Cell], cell_type: str) -> None:
    for cell in cells:
        cell["cell_type"] = cell_type
        for name in ("outputs", "execution_count"):
            cell.pop(name, None)
        if cell_type == "code":
            cell.update(outputs=[], execution_count=None)


@damage
def answers_retyped(notebook: Notebook) -> None:
    for cell in solutions(notebook):
        _retype([cell], "markdown" if cell["cell_type"] == "code" else "code")


@damage
def tests_made_raw(notebook: Notebook) -> None:
    _retype(tests(notebook) or solutions(notebook), "raw")


@damage
def everything_made_markdown(notebook: Notebook) -> None:
    _retype([c for c in notebook["cells"] if c["cell_type"] == "code"] or solutions(notebook)[:1], "markdown")
    unmark(solutions(notebook)[:1])


@damage
def code_turned_to_text_without_metadata(notebook: Notebook) -> None:
    _retype([c for c in notebook["cells"] if c["cell_type"] == "code"], "raw")
    unmark(notebook["cells"])


@damage
def unknown_types(notebook: Notebook) -> None:
    for cell in notebook["cells"]:
        if cell["cell_type"] == "code":
            cell["cell_type"] = "sql"
    notebook["cells"].append({"cell_type": 7, "metadata": {}, "source": "1 + 1"})


# Merged, split


def _merge(notebook: Notebook, first: Cell, second: Cell) -> None:
    first["source"] = text(first) + "\n\n" + text(second)
    remove(notebook, [second])


@damage
def merged_with_the_cell_below(notebook: Notebook) -> None:
    first = solutions(notebook)[0]
    _merge(notebook, first, notebook["cells"][place(notebook, first) + 1])


@damage
def merged_with_the_test(notebook: Notebook) -> None:
    first, second = [*solutions(notebook)[:1], *(tests(notebook) or notebook["cells"])][:2]
    _merge(notebook, first, second)


@damage
def test_merged_with_the_next_answer(notebook: Notebook) -> None:
    answer = solutions(notebook)[1]
    above = [c for c in notebook["cells"][: place(notebook, answer)] if not is_answer(c) and len(text(c)) > 40]
    _merge(notebook, above[-1], answer)


@damage
def two_answers_merged(notebook: Notebook) -> None:
    first, second = solutions(notebook)[:2]
    if first["cell_type"] == "code":
        _merge(notebook, first, second)
    else:
        first["metadata"] = {}


@damage
def all_code_merged(notebook: Notebook) -> None:
    code = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    for cell in code[1:]:
        _merge(notebook, code[0], cell)
    unmark(notebook["cells"] if len(code) > 1 else solutions(notebook)[:1])


@damage
def split(notebook: Notebook) -> None:
    cell = next((c for c in solutions(notebook) if text(c).count("\n\n\ndef ")), None)
    if cell is None:
        return unmark(solutions(notebook)[:1])
    head, tail = text(cell).split("\n\n\ndef ", 1)
    cell["source"] = head
    rest = {**deepcopy(cell), "source": "def " + tail, "metadata": {}}
    notebook["cells"].insert(place(notebook, cell) + 1, rest)
    return unmark([cell])


# Reordered


@damage
def test_moved_above(notebook: Notebook) -> None:
    if moved := tests(notebook)[:1]:
        remove(notebook, moved)
        notebook["cells"] = moved + notebook["cells"]
    else:
        unmark(solutions(notebook))


@damage
def tests_first(notebook: Notebook) -> None:
    moved = tests(notebook)
    remove(notebook, moved)
    notebook["cells"] = moved + notebook["cells"]
    unmark(solutions(notebook)[:1])


@damage
def backwards(notebook: Notebook) -> None:
    notebook["cells"].reverse()
    unmark(solutions(notebook)[:1])


@damage
def shuffled(notebook: Notebook) -> None:
    random.Random(0).shuffle(notebook["cells"])
    unmark([cell for cell in solutions(notebook) if cell["cell_type"] == "code"])
    notebook["nbformat"] = 5


@damage
def first_code_moved_to_the_end(notebook: Notebook) -> None:
    cell = next(c for c in notebook["cells"] if c["cell_type"] == "code" or is_answer(c))
    remove(notebook, [cell])
    notebook["cells"].append(cell)
    unmark([cell, *solutions(notebook)[:1]])
