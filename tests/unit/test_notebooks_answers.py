"""Mending, one case each: what becomes of answers, copies, edits and cells of the student's own."""

import json
from collections.abc import Callable

import pytest
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_notebook
from nbgrader.utils import compute_checksum

from autograder.notebooks.instructor_version import InstructorCell, Version
from autograder.notebooks.mending import Mended, Unreadable, mend
from autograder.notebooks.reading import read_notebook

DOUBLE = "def double(x):\n    return 2 * x"
HALF = "def half(x):\n    return x / 2"
EMPTY_DOUBLE = "def double(x):\n    raise NotImplementedError"
EMPTY_HALF = "def half(x):\n    raise NotImplementedError"
TEST_DOUBLE = "assert double(2) == 4, 'twice two is four'"
TEST_HALF = "assert half(Fraction(2)) == 1, 'half of two is one'"


def instructor(grade_id: str | None, source: str, released: str | None = None, **kind: bool) -> InstructorCell:
    points = 1.0 if kind.get("grade") else 0.0
    return InstructorCell(grade_id, "code", source, released or source, points=points, checksum="0" * 32, **kind)


VERSION = Version(
    "small",
    "small",
    (
        instructor("setup", "import math\nfrom fractions import Fraction", locked=True),
        instructor("double", DOUBLE, EMPTY_DOUBLE, solution=True),
        instructor(None, "double(21)"),
        instructor("test_double", f"{TEST_DOUBLE}\nassert double(0) == 0", TEST_DOUBLE, grade=True, locked=True),
        instructor("half", HALF, EMPTY_HALF, solution=True),
        instructor("test_half", TEST_HALF, grade=True, locked=True),
    ),
    {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}},
)


def cell(source: str, grade_id: str | None = None) -> NotebookNode:
    """A student's cell, marked as nbgrader does."""
    node = new_code_cell(source)
    for wanted in VERSION.cells:
        if grade_id and wanted.grade_id == grade_id:
            flags = {name: getattr(wanted, name) for name in ("grade", "solution", "locked", "task")}
            node.metadata["nbgrader"] = {"grade_id": grade_id, **flags, "schema_version": 3}
            if wanted.grade:
                node.metadata.nbgrader["points"] = wanted.points
    return node


def solved() -> list[NotebookNode]:
    answers = {"double": DOUBLE, "half": HALF}
    return [cell(answers.get(wanted.grade_id or "", wanted.released), wanted.grade_id) for wanted in VERSION.cells]


def mended(cells: list[NotebookNode]) -> Mended:
    return mend(json.dumps(new_notebook(cells=cells)).encode(), VERSION)


def sources(result: Mended) -> list[str]:
    return [node.source for node in result.notebook.cells]


def answer(result: Mended, grade_id: str) -> str:
    (node,) = [n for n in result.notebook.cells if n.metadata.get("nbgrader", {}).get("grade_id") == grade_id]
    return str(node.source)


def told(result: Mended, name: str) -> str:
    return "; ".join(mend.what for mend in result.mends if mend.cell == name)


def test_a_deleted_cell_comes_back_at_its_place() -> None:
    for position in range(len(VERSION.cells)):
        cells = solved()
        del cells[position]
        result = mended(cells)
        assert [node.metadata.autograder["position"] for node in result.notebook.cells] == list(range(6))
        assert len(result.mends) == 1


def test_a_stub_left_below_the_answer_is_left_out() -> None:
    cells = solved()
    cells.insert(2, cell(EMPTY_DOUBLE, "double"))
    result = mended(cells)
    assert sources(result) == sources(mended(solved()))
    assert "left out" in told(result, "double")


def test_a_stub_left_below_the_answer_without_metadata_is_left_out() -> None:
    cells = solved()
    cells.append(cell(EMPTY_DOUBLE))
    assert sources(mended(cells)) == sources(mended(solved()))


def test_of_several_answers_the_last_is_marked_and_the_others_stay_as_ordinary_cells() -> None:
    cells = solved()
    cells.insert(2, cell("def double(x):\n    return x + x", "double"))
    result = mended(cells)
    assert answer(result, "double").endswith("x + x")
    assert sources(result)[1] == DOUBLE
    assert "nbgrader" not in result.notebook.cells[1].metadata


def test_an_answer_written_into_an_own_cell_is_found() -> None:
    cells = solved()
    cells[1] = cell("def double(x):\n    return 2 * x  # mine")
    assert answer(mended(cells), "double").endswith("# mine")


def test_an_answer_in_an_own_cell_beside_the_stub_is_not_undone() -> None:
    cells = solved()
    cells[1] = cell(EMPTY_DOUBLE, "double")
    cells.insert(2, cell(DOUBLE))
    result = mended(cells)
    assert sources(result).index(DOUBLE) > sources(result).index(EMPTY_DOUBLE)


def test_an_answer_merged_below_a_test_is_taken_out() -> None:
    cells = solved()
    cells[3].source += "\n\n" + cells.pop(4).source
    result = mended(cells)
    assert answer(result, "half") == HALF
    assert answer(result, "test_double") == TEST_DOUBLE
    assert "split off from cell 4" in told(result, "test_double")


def test_two_merged_answers_are_taken_apart() -> None:
    cells = solved()
    cells[1].source += "\n\n" + cells.pop(4).source
    result = mended(cells)
    assert (answer(result, "double"), answer(result, "half")) == (DOUBLE, HALF)


def test_merged_answers_that_cannot_be_taken_apart_are_kept_and_not_undone() -> None:
    cells = solved()
    both = f'"""\n{HALF}\n"""\nhalf = double = lambda x: x'
    cells[1].source = both
    del cells[4]
    result = mended(cells)
    assert answer(result, "double") == both
    assert "another cell" in answer(result, "half")


def test_what_was_commented_out_by_a_string_is_not_cut_out() -> None:
    cells = solved()
    del cells[3]
    cells[1].source = f'{DOUBLE}\n"""\n{TEST_DOUBLE}\n"""'
    result = mended(cells)
    assert answer(result, "double") == cells[1].source
    assert answer(result, "test_double") == TEST_DOUBLE


def test_a_changed_test_gets_its_text_back_and_both_are_told() -> None:
    cells = solved()
    cells[3].source = "assert True"
    result = mended(cells)
    assert answer(result, "test_double") == TEST_DOUBLE
    assert "text had been changed" in told(result, "test_double")


def test_an_edited_unmarked_cell_stays_the_students() -> None:
    cells = solved()
    cells[2].source = "print(double(4711))"
    result = mended(cells)
    assert result.mends == ()
    assert result.notebook.cells[2].source == "print(double(4711))"
    assert result.notebook.cells[2].metadata.autograder == {"position": 2}


def test_the_students_own_cells_and_order_stay() -> None:
    cells = solved()
    cells = [*cells[:1], cell("mine = 1"), *cells[4:], *cells[1:4], cell("mine + 1")]
    result = mended(cells)
    assert sources(result) == [node.source for node in cells]
    assert result.mends == ()


def test_a_test_above_what_it_tests_moves_below_the_whole_answer() -> None:
    cells = solved()
    cells = [cells[3], *cells[:2], cell("def helper():\n    pass"), cells[2], *cells[4:]]
    result = mended(cells)
    order = [node.metadata.get("autograder", {}).get("position") for node in result.notebook.cells]
    assert order == [0, 1, None, 3, 2, 4, 5]
    assert "moved" in told(result, "test_double")


def test_a_notebook_of_another_assignment_gets_all_cells_and_no_answer() -> None:
    result = mended([cell("theirs = 1"), cell("print(theirs)")])
    assert [answer(result, name) for name in ("double", "half")] == [EMPTY_DOUBLE, EMPTY_HALF]
    assert "no answer found" in told(result, "half")
    assert {"theirs = 1", "print(theirs)"} <= set(sources(result))


def test_an_empty_notebook_gets_all_cells() -> None:
    assert sources(mended([])) == [wanted.released for wanted in VERSION.cells]


def test_tags_of_the_student_go_and_those_of_the_instructor_stay() -> None:
    cells = solved()
    cells[3].metadata["tags"] = ["skip-execution"]
    tagged = InstructorCell(**{**vars(VERSION.cells[0]), "tags": ("raises-exception",)})
    version = Version("small", "small", (tagged, *VERSION.cells[1:]))
    result = mend(json.dumps(new_notebook(cells=cells)).encode(), version)
    assert "skip-execution" in told(result, "test_double")
    assert [node.metadata.get("tags") for node in result.notebook.cells[:4]] == [["raises-exception"], None, None, None]


def test_outputs_go() -> None:
    cells = solved()
    cells[2].outputs = [{"output_type": "execute_result", "data": {}, "metadata": {}, "execution_count": 1}]
    cells[2].execution_count = 7
    node = mended(cells).notebook.cells[2]
    assert (node.outputs, node.execution_count) == ([], None)


def test_no_junk_gets_into_a_message() -> None:
    deep: object = "\x1b[31m\ud800"
    for _ in range(500):
        deep = [deep]
    for junk in (deep, "\x1b[31m\ud800", 10**4000, None):
        notebook = {"nbformat": junk, "metadata": {"kernelspec": {"language": junk}}, "cells": []}
        marks = {"grade_id": junk, "grade": True, "points": junk}
        notebook["cells"] = [{"cell_type": junk, "source": "1", "metadata": {"nbgrader": marks, "tags": [junk]}}]
        result = mend(json.dumps(notebook).encode(), VERSION)
        assert result.mends
        for text in (text for told in result.mends for text in (told.cell, told.what, told.to_student)):
            assert text.isascii()
            assert text.isprintable()


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        (b"", "it is not JSON"),
        (b"\x89PNG\r\n\x1a\n", "it is not JSON"),
        (b'{"cells": [{"cell_type": "code"', "it is not JSON"),
        (b"[1, 2]", "it holds a list"),
        (b"null", "it holds null"),
        (b"{}", "it has no list of cells"),
        (b'{"cells": {"0": {}}}', "it has no list of cells"),
        (b'{"cells":' + b"[" * 200_000, "nested too deeply"),
        (b'{"cells": [' + b"{}," * 6_000 + b"{}]}", "6001 cells; the limit is 5000"),
        (b'{"cells": [' + b"1," * 10_000_001 + b"1]}", "more than 10,000,000 values"),
        (b" " * 100_000_001, "the limit is 100 MB"),
        (b'{"cells": [{"source": "' + b"x" * 10_000_001 + b'"}]}', "more than 10,000,000 characters"),
    ],
    ids=lambda value: value if isinstance(value, str) else "file",
)
def test_what_is_no_notebook_is_refused_with_the_reason(raw: bytes, message: str) -> None:
    with pytest.raises(Unreadable, match=message):
        mend(raw, VERSION)


@pytest.mark.parametrize(
    "source",
    [
        lambda n: f"def double(x): {n}",
        lambda n: TEST_HALF.replace("half", "halv") + str(n),
        lambda n: "x = (" * 300,
        lambda n: "from " + " " * 1500,
    ],
    ids=["answers", "nearly tests", "brackets", "spaces"],
)
def test_thousands_of_cells_take_seconds(source: Callable[[int], str]) -> None:
    cells = [{"cell_type": "code", "metadata": {}, "source": source(number)} for number in range(4_000)]
    result = mend(json.dumps({"nbformat": 4, "cells": cells}).encode(), VERSION)
    assert len(result.notebook.cells) >= 4_000


RUSSIAN, GERMAN, FRENCH = "# Ответ: сумма квадратов чисел", "# Größe für die Übung", "# élève"


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        (RUSSIAN, "cp1251"),
        ("# да", "cp1251"),
        ("# ПЕРЦЕПТРОН", "cp1251"),
        (RUSSIAN, "koi8-r"),
        (GERMAN, "cp1252"),
        (FRENCH, "latin-1"),
        ("# café", "cp1252"),
        (RUSSIAN, "utf-16"),
        (RUSSIAN, "utf-8-sig"),
    ],
)
def test_letters_of_other_encodings_stay_what_they_are(text: str, encoding: str) -> None:
    notebook = new_notebook(cells=[new_code_cell(f"{DOUBLE}\n{text}")])
    read = read_notebook(json.dumps(notebook, ensure_ascii=False).encode(encoding))
    assert read.cells[0].source.endswith(text)
    assert ["not in plain UTF-8" in mend.what for mend in read.mends] == [True]


def test_bytes_of_no_encoding_are_still_read() -> None:
    raw = json.dumps(new_notebook(cells=[new_code_cell("x = '?'")])).encode().replace(b"?", bytes(range(128, 256)))
    assert read_notebook(raw).cells[0].source.startswith("x = '")


def foreign(number: int) -> list[NotebookNode]:
    """Cells of another assignment: given code, answers, and their tests."""
    cells = []
    for n in range(number):
        answer, test = new_code_cell(f"def other_{n}():\n    return {n}"), new_code_cell(f"assert other_{n}() == {n}")
        answer.metadata["nbgrader"] = {"grade_id": f"other_{n}", "solution": True, "schema_version": 3}
        flags = {"grade": True, "locked": True, "points": 1.0, "schema_version": 3}
        test.metadata["nbgrader"] = {"grade_id": f"test_other_{n}", **flags}
        cells += [answer, test]
    return cells


@pytest.mark.parametrize("shared", [0, 1, 2])
def test_another_assignments_notebook_is_not_graded_as_this_one(shared: int) -> None:
    with pytest.raises(Unreadable, match="'test_other_0'"):
        mended([*solved()[:shared], *foreign(3)])


def test_another_assignments_notebook_is_not_graded_as_one_without_marked_cells() -> None:
    cells = json.dumps(new_notebook(cells=foreign(1))).encode()
    with pytest.raises(Unreadable):
        mend(cells, Version("small", "small", (InstructorCell(None, "markdown", "Read this.", "Read this."),)))


def test_cells_pasted_from_another_assignment_cost_nothing() -> None:
    assert answer(mended([*solved(), *foreign(4)]), "half") == HALF


def test_a_notebook_whose_cells_have_other_names_by_now_is_this_one() -> None:
    cells = solved()
    for node in cells:
        if "nbgrader" in node.metadata:
            node.metadata.nbgrader.grade_id += "_of_last_year"
    assert answer(mended(cells), "double") == DOUBLE


def test_a_notebook_most_of_whose_tests_are_gone_by_now_is_this_one() -> None:
    assert answer(mended([*solved(), *foreign(9)]), "double") == DOUBLE


def test_a_notebook_with_nothing_of_the_assignment_and_nothing_of_another_is_mended() -> None:
    assert answer(mended([cell("x = 1")]), "double") == EMPTY_DOUBLE


def checked(node: NotebookNode) -> NotebookNode:
    """The cell as a release has it, with nbgrader's checksum."""
    node.metadata.nbgrader["checksum"] = compute_checksum(node)
    return node


@pytest.mark.parametrize(
    ("points", "text", "is_edited", "repairs"),
    [
        (1.0, TEST_DOUBLE, False, []),
        (4.0, TEST_DOUBLE, False, [False]),  # the points are others now
        (1.0, "assert double(3) == 6", False, [False]),  # and so is the text
        (4.0, "assert double(3) == 6", False, [False]),
        (1.0, "assert double(3) == 6", True, [True]),  # the student changed it
        (4.0, "assert double(3) == 6", True, [False, True]),
    ],
)
def test_a_change_of_the_assignment_is_no_fault_of_the_notebook(
    points: float, text: str, is_edited: bool, repairs: list[bool]
) -> None:
    cells = solved()
    test = cells[3]
    test.metadata.nbgrader["points"] = points
    if not is_edited:
        test.source = text
    checked(test)
    test.source = text
    assert [mend.repairs for mend in mended(cells).mends] == repairs


@pytest.mark.parametrize("name", ["test_old", "test_half"])
def test_a_cell_that_the_assignment_no_longer_has_is_no_fault_of_the_notebook(name: str) -> None:
    old = cell("assert half(4) == 2", "test_half")
    old.metadata.nbgrader["grade_id"] = name
    (found,) = mended([*solved(), old]).mends
    assert found.repairs is (name == "test_half")


@pytest.mark.parametrize("points", [None, "many", [], 10**400], ids=["none", "text", "list", "huge"])
def test_points_of_any_kind_are_taken(points: object) -> None:
    cells = solved()
    cells[3].source = "assert double(3) == 6"
    cells[3].metadata.nbgrader |= {"points": points, "checksum": "0" * 32}
    assert [mend.repairs for mend in mended(cells).mends] == [points != 10**400, True]
