"""Which of a student's files counts as which notebook: by what is in it, then by its name, and never silently."""

import json
import os
from collections.abc import Mapping
from pathlib import Path

import pytest
from nbformat.v4 import new_code_cell, new_notebook

from autograder.notebooks.instructor import InstructorCell, Version
from autograder.notebooks.selection import MAX_READ, select

HELP = "def check(found, right):\n    assert found == right, 'not so'"  # the same in both notebooks


def version(name: str) -> Version:
    """A notebook with an answer and a test; both notebooks use the same grade_ids but for `own`."""
    cells = (
        InstructorCell(None, "code", "NAME = 'who?'", "NAME = 'who?'"),
        InstructorCell("setup", "code", HELP, HELP, locked=True),
        InstructorCell("q1", "code", f"{name} = 1", "raise NotImplementedError", solution=True),
        InstructorCell("test_q1", "code", f"check({name}, 1)", f"check({name}, 1)", grade=True, locked=True, points=1),
        InstructorCell(f"own_{name}", "code", "pass", "pass", grade=True, locked=True, points=1),
    )
    return Version("ps1", name, cells)


SUMS, MEANS = version("sums"), version("means")


def written(of: Version, *, answer: str = "", ids: bool = True) -> bytes:
    """A student's file: as released but for the answer, with nbgrader's metadata or without."""
    cells = []
    for cell in of.cells:
        source = answer if cell.solution and answer else cell.released
        marks = {"grade": cell.grade, "solution": cell.solution, "locked": cell.locked, "schema_version": 3}
        metadata = {"nbgrader": {"grade_id": cell.grade_id, **marks}} if ids and cell.grade_id else {}
        cells.append(new_code_cell(source, metadata=metadata))
    return json.dumps(new_notebook(cells=cells)).encode()


NAMED = written(SUMS).replace(b"who?", b"Ada")
EMPTY, WORKED, OTHER = written(SUMS), written(SUMS, answer="sums = 1"), written(SUMS, answer="sums = 2")


def put(folder: Path, files: Mapping[str, bytes]) -> Path:
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    return folder


ONE = {
    "a copy beside the release": ({"sums.ipynb": EMPTY, "sums-Copy1.ipynb": WORKED}, "sums-Copy1.ipynb"),
    "the release as a copy": ({"sums.ipynb": WORKED, "sums-Copy1.ipynb": EMPTY}, "sums.ipynb"),
    "a browser's copy": ({"sums.ipynb": EMPTY, "sums (1).ipynb": WORKED}, "sums (1).ipynb"),
    "a name of its own": ({"sums.ipynb": EMPTY, "my final work.ipynb": WORKED}, "my final work.ipynb"),
    "several copies": (
        {"sums.ipynb": EMPTY, "sums-Copy1.ipynb": EMPTY, "sums-Copy2.ipynb": WORKED},
        "sums-Copy2.ipynb",
    ),
    "two that are worked": ({"sums.ipynb": OTHER, "sums-Copy1.ipynb": WORKED}, "sums.ipynb"),
    "two copies that are worked": ({"sums_final.ipynb": OTHER, "sums-Copy1.ipynb": WORKED}, "sums_final.ipynb"),
    "in folders": ({"b/sums.ipynb": OTHER, "a/b/sums.ipynb": WORKED}, "b/sums.ipynb"),
    "a name filled in, and the answers elsewhere": (
        {"sums.ipynb": NAMED, "sums-Copy1.ipynb": WORKED},
        "sums-Copy1.ipynb",
    ),
    "a name filled in": ({"sums.ipynb": EMPTY, "sums-Copy1.ipynb": NAMED}, "sums-Copy1.ipynb"),
    "damaged, beside the release": ({"sums.ipynb": b"{ no JSON", "sums-Copy1.ipynb": EMPTY}, "sums.ipynb"),
    "damaged, beside answers": ({"sums.ipynb": b"{ no JSON", "sums-Copy1.ipynb": WORKED}, "sums-Copy1.ipynb"),
    "capitals": ({"SUMS.IPYNB": WORKED}, "SUMS.IPYNB"),
    "Windows's name": ({"sums.ipynb.txt": WORKED}, "sums.ipynb.txt"),
    "a text": ({"sums.txt": WORKED, "data.json": b"{}"}, "sums.txt"),
    "no ending": ({"work": WORKED}, "work"),
    "a folder": ({"ps1/sums.ipynb": WORKED}, "ps1/sums.ipynb"),
    "another name": ({"homework/hw.ipynb": WORKED}, "homework/hw.ipynb"),
    "another name, and no metadata": ({"hw.ipynb": written(SUMS, answer="x = 1", ids=False)}, "hw.ipynb"),
    "a checkpoint": ({"sums.ipynb": EMPTY, ".ipynb_checkpoints/sums-checkpoint.ipynb": WORKED}, "sums.ipynb"),
    "macOS": ({"sums.ipynb": EMPTY, "__MACOSX/sums.ipynb": WORKED, "._sums.ipynb": WORKED}, "sums.ipynb"),
}


@pytest.mark.parametrize("case", ONE)
def test_the_file_with_the_students_work_counts_and_every_other_is_told(tmp_path: Path, case: str) -> None:
    files, counts = ONE[case]
    found = select(put(tmp_path, files), {"sums": SUMS})
    assert found.files == {"sums": tmp_path / counts}
    told = [name for name in files if any(remark.startswith(f"{name} ") for remark in found.remarks)]
    hidden = [name for name in files if name[0] in "._" or name == "data.json"]
    assert set(told) == set(files) - set(hidden) - ({"sums.ipynb"} if counts == "sums.ipynb" else set())


def test_files_in_another_order_give_the_same(tmp_path: Path) -> None:
    names = [f"sums ({number}).ipynb" for number in range(4)]
    for order in (names, names[::-1]):
        folder = put(tmp_path / order[0], dict.fromkeys(order, WORKED))
        assert select(folder, {"sums": SUMS}).files == {"sums": folder / "sums (3).ipynb"}


def pasted(first: bytes, *more: bytes) -> bytes:
    """One file with the cells of the first, and the last cell of each other one."""
    node = json.loads(first)
    node["cells"] += [json.loads(other)["cells"][-1] for other in more]
    return json.dumps(node).encode()


BOTH = {"sums": SUMS, "means": MEANS}
WORKED_MEANS = written(MEANS, answer="means = 1")
TWO = {
    "as they should be": ({"sums.ipynb": WORKED, "means.ipynb": WORKED_MEANS}, ("sums.ipynb", "means.ipynb")),
    "swapped": ({"sums.ipynb": WORKED_MEANS, "means.ipynb": WORKED}, ("means.ipynb", "sums.ipynb")),
    "one missing": ({"sums.ipynb": WORKED}, ("sums.ipynb", None)),
    "the same one twice": ({"sums.ipynb": WORKED, "means.ipynb": WORKED}, ("sums.ipynb", None)),
    "names of their own": ({"1.ipynb": WORKED_MEANS, "2.ipynb": WORKED}, ("2.ipynb", "1.ipynb")),
    "a stranger": ({"sums.ipynb": WORKED, "talk.ipynb": b'{"cells": []}'}, ("sums.ipynb", None)),
    "damaged": ({"sums.ipynb": b"[]", "means.ipynb": WORKED_MEANS}, ("sums.ipynb", "means.ipynb")),
    "half of one, and all of the other": (
        {"sums.ipynb": pasted(WORKED_MEANS, WORKED), "means.ipynb": WORKED_MEANS},
        ("sums.ipynb", "means.ipynb"),
    ),
    "half deleted": (
        {"sums.ipynb": WORKED, "means.ipynb": json.dumps(new_notebook(cells=[new_code_cell(HELP)])).encode()},
        ("sums.ipynb", "means.ipynb"),
    ),
}


@pytest.mark.parametrize("case", TWO)
def test_of_two_notebooks_each_is_taken_by_its_cells_and_a_missing_one_is_told(tmp_path: Path, case: str) -> None:
    files, counts = TWO[case]
    found = select(put(tmp_path, files), BOTH)
    assert found.files == {name: tmp_path / file for name, file in zip(BOTH, counts, strict=True) if file}
    expected = {name for name, file in zip(BOTH, counts, strict=True) if file != f"{name}.ipynb"}
    assert {name for name in BOTH if any(f"{name}.ipynb" in remark for remark in found.remarks)} >= expected
    assert bool(found.remarks) == (bool(expected) or len(files) > len(found.files))
    assert any("not submitted: means.ipynb" in remark for remark in found.remarks) == (None in counts)


def test_two_notebooks_with_the_same_cells_are_told_apart_by_their_names(tmp_path: Path) -> None:
    folder = put(tmp_path, {"one.ipynb": WORKED, "two.ipynb": WORKED})
    assert select(folder, {"one": SUMS, "two": SUMS}).files == {n: folder / f"{n}.ipynb" for n in ("one", "two")}


def test_nothing_is_opened_that_is_no_file(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "sums-Copy1.ipynb")
    (tmp_path / "secret").write_bytes(WORKED)
    (tmp_path / "sums.ipynb").symlink_to("secret")
    (tmp_path / "more").symlink_to(tmp_path)
    found = select(tmp_path, {"sums": SUMS})
    assert found.files == {"sums": tmp_path / "sums.ipynb"}  # of which grading says that it is a link


def test_however_many_files_there_are_few_are_read(tmp_path: Path) -> None:
    put(tmp_path, {f"sums ({number}).ipynb": b"[]" for number in range(MAX_READ + 5)})
    put(tmp_path, {"sums.ipynb": EMPTY})
    found = select(tmp_path, {"sums": SUMS})
    assert any(f"there are {MAX_READ + 6} notebooks" in remark for remark in found.remarks)


def test_a_folder_that_cant_be_read_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(tmp_path, {"sums.ipynb": WORKED, "closed/sums.ipynb": WORKED})
    real = os.scandir

    def scandir(path: Path) -> object:
        if Path(path).name == "closed":
            raise PermissionError(13, "Permission denied")
        return real(path)

    monkeypatch.setattr(os, "scandir", scandir)
    found = select(tmp_path, {"sums": SUMS})
    assert found.remarks == ("the folder closed can't be read: Permission denied",)
