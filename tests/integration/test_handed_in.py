"""Everything that lies under `submitted/` is graded, or is listed with its reason wherever grades are shown."""

import csv
import html
import io
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from graded_course import Course, notebook
from launch import launch

from autograder.cli.export import ExportApp
from autograder.cli.grade import GradeApp
from autograder.cli.report import ReportApp
from autograder.grading.pipeline import NotAllGraded

ADD, MUL = "def add(a, b):\n    return a + b", "def mul(a, b):\n    return a * b"
SOLVED = {"add": ADD, "mul": MUL, "essay": "Sums come before products."}
FULL = {"test_add": 2.0, "test_mul": 3.0}
HOME = "submitted/<student>/ps1/"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Course:
    return Course(tmp_path_factory.mktemp("course") / "course")


@pytest.fixture
def course(made: Course, tmp_path: Path) -> Course:
    return made.copy(tmp_path / "course")


def rows(course: Course) -> dict[str, dict[str, str]]:
    """The rows of grades.csv, by student."""
    launch(ExportApp, course.folder)
    text = (course.folder / "grades.csv").read_text(encoding="utf-8-sig")
    return {row["student_id"]: row for row in csv.DictReader(io.StringIO(text, newline=""))}


def lists(course: Course, code: int) -> tuple[str, str, dict[str, dict[str, str]], str]:
    """What a dry run and a grading say, the rows of grades.csv, and the class report."""
    dry, said = (launch(GradeApp, course.folder, "ps1", *more, code=code) for more in (["--dry-run"], []))
    launch(ReportApp, course.folder, "ps1")
    return dry, said, rows(course), (course.folder / "reports" / "ps1.html").read_text(encoding="utf-8")


TAKEN = {  # student -> the file's path in the submission
    "capitals": "P1.IPYNB",
    "windows": "p1.ipynb.txt",
    "nested": "ps1/p1.ipynb",
    "named": "homework/hw.ipynb",
    "copied": "p1-Copy1.ipynb",
}


@pytest.fixture(scope="module")
def taken(made: Course, tmp_path_factory: pytest.TempPathFactory) -> tuple[Course, str, dict[str, dict[str, str]], str]:
    """A class of which each has handed in a solved notebook of another name; one the release as well."""
    course = made.copy(tmp_path_factory.mktemp("taken") / "course")
    for student, to in TAKEN.items():
        path = course.hand_in(student, FULL, **SOLVED)
        place = path.parent / to
        place.parent.mkdir(exist_ok=True)
        path.rename(place)
    course.hand_in("copied")
    _, said, table, page = lists(course, 0)
    return course, said, table, page


@pytest.mark.parametrize("student", TAKEN)
def test_a_file_of_another_name_is_taken_by_its_content_and_that_is_told(
    taken: tuple[Course, str, dict[str, dict[str, str]], str], student: str
) -> None:
    course, said, table, page = taken
    told = f"{TAKEN[student]} was graded as p1.ipynb"
    assert f"    {student}: {told}" in said
    assert course.scores(student) == {**FULL, "essay": None}
    assert table[student]["raw_score"] == "5.0"
    assert told in table[student]["reason"]
    assert told in page


def test_the_release_beside_a_worked_copy_does_not_count(
    taken: tuple[Course, str, dict[str, dict[str, str]], str], tmp_path: Path
) -> None:
    made, _, table, _ = taken
    assert "p1.ipynb was not graded: it is as released" in table["copied"]["reason"]
    course = made.copy(tmp_path / "course")
    assert course.grade().due == []
    course.hand_in("copied", {**FULL, "test_mul": 0.0}, add=ADD, mul="pass")
    assert course.grade().due == ["copied"]  # now it has something in it, and the right name
    assert course.scores("copied")["test_mul"] == 0.0


def empty(place: Path) -> None:
    (place.parent / place.name.removesuffix(".ipynb")).mkdir()
    place.unlink()


def archived(place: Path) -> None:
    shutil.make_archive(str(place.with_suffix("")), "zip", place.parent, place.name)
    place.unlink()


def damaged(place: Path) -> None:
    place.write_text("no notebook")


def bytes_name(place: Path) -> None:
    student = place.parent.parent
    os.rename(student, os.fsencode(student) + b"\xff")


def as_it_is(place: Path) -> None:
    """Nothing more is done to it."""


# Where a notebook lies; what else is done to it; whom it is listed as; its path as listed; what to do.
LISTED: dict[str, tuple[str, Callable[[Path], None], str, str, str]] = {
    "capitals": ("a/PS1/p1.ipynb", as_it_is, "a", "submitted/a/PS1", "rename it"),
    "a space": ("b/ps1 /p1.ipynb", as_it_is, "b", "submitted/b/ps1 ", "rename it"),
    "a copy of the folder": ("c/ps1 (1)/p1.ipynb", as_it_is, "c", "submitted/c/ps1 (1)", "rename it"),
    "another folder": ("d/homework/p1.ipynb", as_it_is, "d", "submitted/d/homework", HOME),
    "another folder, deep": ("e/a/b/hw.ipynb", as_it_is, "e", "submitted/e/a", HOME),
    "damaged, in another folder": ("f/homework/x.ipynb", damaged, "f", "submitted/f/homework", HOME),
    "no folder": ("g/p1.ipynb", as_it_is, "g", "submitted/g/p1.ipynb", HOME),
    "no folder, another name": ("h/work.ipynb", as_it_is, "h", "submitted/h/work.ipynb", HOME),
    "no student's folder": ("i.ipynb", as_it_is, "i.ipynb", "submitted/i.ipynb", HOME),
    "swapped": ("ps1/j/p1.ipynb", as_it_is, "j", "submitted/ps1/j", "swapped"),
    "a group's folder": ("group/k/ps1/p1.ipynb", as_it_is, "group", "submitted/group/k", HOME),
    "an archive": ("l/p1.ipynb", archived, "l", "submitted/l/p1.zip", "unpack"),
    "a file called like the assignment": ("m/ps1", as_it_is, "m", "submitted/m/ps1", HOME),
    "an empty folder of a student": ("n.ipynb", empty, "n", "submitted/n", "it is empty"),
    "a name that is no text": ("o/ps1/p1.ipynb", bytes_name, r"o\udcff", r"submitted/o\udcff", "rename it"),
}


@pytest.fixture(scope="module")
def misplaced(
    made: Course, tmp_path_factory: pytest.TempPathFactory
) -> tuple[str, str, dict[str, dict[str, str]], str]:
    """A class in which one has handed in where submissions lie, and everybody else elsewhere."""
    course = made.copy(tmp_path_factory.mktemp("misplaced") / "course")
    course.hand_in("zoe", FULL, **SOLVED)
    for where, then, *_ in LISTED.values():
        place = course.folder / "submitted" / where
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(course.folder / "release" / "ps1" / "p1.ipynb", place)
        then(place)
    found = lists(course, 1)
    assert course.scores("zoe")["test_mul"] == 3.0
    return found


@pytest.mark.parametrize("case", LISTED)
def test_what_lies_elsewhere_is_listed_everywhere(
    misplaced: tuple[str, str, dict[str, dict[str, str]], str], case: str
) -> None:
    *_, student, path, advice = LISTED[case]
    dry, said, table, page = misplaced
    for shown in (dry, said):
        assert [line for line in shown.splitlines() if line.startswith(f"    {path}: ") and advice in line]
    row = table[student]
    assert (row["score"], row["status"]) == ("", "needs review")
    assert row["reason"].startswith(f"{path}: ")
    assert advice in row["reason"]
    assert html.escape(row["reason"]).replace("&#x27;", "&#39;") in page


def test_what_lies_elsewhere_is_counted(misplaced: tuple[str, str, dict[str, dict[str, str]], str]) -> None:
    _, said, table, page = misplaced
    assert f"not graded, because it is in the wrong folder: {len(LISTED)}" in said
    assert len(table) == len(LISTED) + 1
    assert f"<dd>{len(table)}<small>of {len(table)}</small></dd>" in page  # handed in


def test_what_lies_elsewhere_is_graded_once_it_is_put_right(course: Course) -> None:
    path = course.hand_in("ada", FULL, **SOLVED)
    elsewhere = path.parent.rename(path.parent.with_name("PS1"))
    launch(GradeApp, course.folder, "ps1", "--student", "ada", code=1)
    elsewhere.rename(path.parent)
    launch(GradeApp, course.folder, "ps1", "--student", "ada")
    shutil.copytree(path.parent, elsewhere)
    *_, table, page = lists(course, 1)
    assert table["ada"]["status"] == "needs manual grading"  # the essay
    assert "submitted/ada/PS1: its name is not ps1: rename it" in table["ada"]["reason"]
    assert "submitted/ada/PS1: its name is not ps1: rename it" in page


def test_what_is_another_assignments_or_nobodys_is_not_this_ones(course: Course) -> None:
    path = course.hand_in("ada", FULL, **SOLVED)
    ada = path.parent.parent
    (course.folder / "source" / "ps2").mkdir()
    for other in ("ps2", "PS2", ".ipynb_checkpoints", "notes"):
        shutil.copytree(path.parent, ada / other) if other != "notes" else (ada / other).mkdir()
    (ada / "notes" / "talk.ipynb").write_text('{"cells": [], "nbformat": 4}')
    (ada / "letter.pdf").touch()
    (course.folder / "submitted" / "README.md").touch()
    shutil.copytree(ada / "PS2", course.folder / "submitted" / "bob" / "PS2")  # who has no folder of an assignment
    launch(GradeApp, course.folder, "ps1")
    assert list(rows(course)) == ["ada"]


NOTHING = {
    "empty": ({}, "the folder is empty"),
    "letter": ({"letter.pdf": b""}, "there is only letter.pdf"),
    "archive": ({"work.zip": b""}, "unpack the archive"),
    "talk": ({"talk.ipynb": b'{"cells": []}'}, "talk.ipynb is not a notebook of this assignment (p1.ipynb)"),
}


def test_a_submission_without_a_notebook_needs_a_person_and_says_what_is_there(course: Course) -> None:
    for student, (files, _) in NOTHING.items():
        folder = course.folder / "submitted" / student / "ps1"
        folder.mkdir(parents=True)
        for name, content in files.items():
            (folder / name).write_bytes(content)
    assert rows(course)["empty"]["status"] == "not graded yet"
    dry, said, table, page = lists(course, 1)
    for student, (_, why) in NOTHING.items():
        assert table[student]["status"] == "needs review"
        assert all(why in shown for shown in (dry, said, table[student]["reason"], page)), student


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> Course:
    """As `made`, with a second notebook that has the same grade_ids, but other tests."""
    other = notebook()
    for cell in other.cells:
        cell.source = cell.source.replace("(2, 3)", "(7, 4)").replace("(2, 2)", "(2, 2 + 0)").replace("2 +", "3 + 4 +")
    return Course(tmp_path_factory.mktemp("two") / "course", names=("p1", "p2"), others={"p2": other})


def test_of_two_notebooks_swapped_names_cost_nothing_and_a_missing_one_is_told(two: Course, tmp_path: Path) -> None:
    course = two.copy(tmp_path / "course")
    course.hand_in("bob", FULL, **SOLVED)
    course.hand_in("ada", {**FULL, "test_add": 0.0}, mul=MUL)
    path = course.hand_in("ada", FULL, name="p2", **SOLVED)
    first = path.with_name("p1.ipynb")
    first.rename(path.with_name("aside"))
    path.rename(first)
    path.with_name("aside").rename(path)
    course.grade()
    assert course.scores("ada", "p1") == {"test_add": 0.0, "test_mul": 3.0, "essay": 0.0}
    assert course.scores("ada", "p2") == {**FULL, "essay": None}
    table = rows(course)
    assert "p2.ipynb was graded as p1.ipynb" in table["ada"]["reason"]
    assert "not submitted: p2.ipynb" in table["bob"]["reason"]
    assert course.scores("bob", "p2") == {"test_add": 0.0, "test_mul": 0.0, "essay": 0.0}


def test_a_notebook_of_another_name_keeps_its_grade_where_it_is_not_written(two: Course, tmp_path: Path) -> None:
    course = two.copy(tmp_path / "course")
    for name in ("p1", "p2"):
        course.hand_in("ada", FULL, name=name, **SOLVED)
    path = course.folder / "submitted" / "ada" / "ps1" / "p1.ipynb"
    renamed = path.rename(path.with_name("P1.IPYNB"))
    course.grade()
    assert course.scores("ada", "p1")["test_mul"] == 3.0
    course.grade(notebook_id="p2", force=True)
    assert course.scores("ada", "p1")["test_mul"] == 3.0
    renamed.write_text("junk")
    with pytest.raises(NotAllGraded):
        course.grade(force=True)
    assert course.scores("ada", "p1")["test_mul"] == 3.0
    renamed.unlink()
    course.grade(force=True)
    assert course.scores("ada", "p1")["test_mul"] == 0.0
