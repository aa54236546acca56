"""Tests as introductory courses write them, under plain nbgrader and in isolation: no silent difference, few withheld.

The table in docs/styles-of-tests.md is made here: `WRITE_STYLES=1 pytest tests/full/test_catalogue.py` writes it.
"""

import json
import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import catalogue
import pytest
from catalogue import ASSIGNMENT, CATALOGUE, NOTEBOOKS, STUDENTS, exercises
from engines import Marks, add_config, autograder, marks, plain_copy
from launch import run
from repository import ROOT

from autograder.cli.check import CheckApp
from autograder.course import build

PAGE = ROOT / "docs" / "styles-of-tests.md"
BEGIN, END = "<!-- made by tests/full/test_catalogue.py -->", "<!-- end -->"
NOT_ISOLATED = {  # style, exercise -> what can't cross, and how such a test can be written
    (
        "after a test that is not isolated",
        "not isolated",
    ): "log records stay with the student's code; look at what is returned",
    ("not isolated", "doctests"): "a test can't run the student's docstrings; call the function",
    ("not isolated", "environment"): "each side has its own `os.environ`; pass the function what it needs",
    ("not isolated", "threads"): "only the thread that runs a cell can call the test's functions; call them directly",
    ("not isolated", "namespace"): "a student's object never equals one of the test's; compare its attributes",
}


ALLOWED = ("others", "test_after_a_test_that_is_not_isolated_0")  # notebook, grade_id


CHECKED = ("shared", "more code")  # notebooks whose tests share most with the student's code


@dataclass
class Graded:
    """By plain nbgrader, by this engine, and by this engine once ALLOWED is named; and what was said."""

    plain: Marks
    ours: Marks
    said: str
    allowed: Marks
    said_then: str
    record: dict[str, Any]
    folder: Path


@pytest.fixture(scope="module")
def graded(tmp_path_factory: pytest.TempPathFactory) -> Graded:
    base = tmp_path_factory.mktemp("catalogue")
    catalogue.make(base / "ours")
    plain = plain_copy(base / "ours", base / "plain")
    build.nbgrader(plain, "autograde", ASSIGNMENT)
    said = autograder(base / "ours", "grade", ASSIGNMENT)
    ours = marks(base / "ours", ASSIGNMENT)
    add_config(base / "ours", f"c.Grading.not_isolated = [{'/'.join(ALLOWED)!r}]")
    said_then = autograder(base / "ours", "grade", ASSIGNMENT)
    record = (base / "ours" / "autograded" / "wrong" / ASSIGNMENT / f"{ALLOWED[0]}.record.json").read_text()
    allowed = marks(base / "ours", ASSIGNMENT)
    return Graded(marks(plain, ASSIGNMENT), ours, said, allowed, said_then, json.loads(record), base / "ours")


def names() -> dict[str, tuple[str, str]]:
    """By grade_id of the test, its style and its exercise."""
    return {test: (style, name) for notebook in NOTEBOOKS for style, name, test, _ in exercises(notebook)}


def test_what_is_graded_in_isolation_has_plain_nbgraders_score(graded: Graded) -> None:
    assert graded.ours.keys() == graded.plain.keys()
    differing = {
        (student, names()[test]): (graded.plain[student, notebook, test], mark)
        for (student, notebook, test), mark in graded.ours.items()
        if mark[0] is not None and mark != graded.plain[student, notebook, test]
    }
    assert differing == {}


def test_each_exercise_has_right_and_wrong_answers(graded: Graded) -> None:
    found = {(names()[test], student): score for (student, _, test), (score, _) in graded.plain.items()}
    everywhere = ("a point for everybody", "no question")
    for exercise in set(names().values()) - {everywhere}:
        scores = [found[exercise, student] for student in STUDENTS]
        assert scores == ([0, 0, 0, 0] if exercise == ("plots", "after a cell") else [1, 1, 0, 0]), exercise
    assert [found[everywhere, student] for student in STUDENTS] == [1, 1, 1, 1]


def test_few_cannot_be_isolated_and_those_are_listed_by_name(graded: Graded) -> None:
    withheld = {(notebook, test) for (_, notebook, test), (score, _) in graded.ours.items() if score is None}
    assert {names()[test] for _, test in withheld} == NOT_ISOLATED.keys()
    assert len(withheld) <= 0.05 * len(names())
    (listed,) = [line for line in graded.said.splitlines() if "c.Grading.not_isolated = [" in line]
    assert all(f"{notebook}/{test}" in listed for notebook, test in withheld)


def test_one_that_is_allowed_by_name_has_plain_nbgraders_score_and_the_record_says_so(graded: Graded) -> None:
    notebook, test = ALLOWED
    marks_of_it = {student: graded.allowed[student, notebook, test] for student in STUDENTS}
    assert marks_of_it == {student: graded.plain[student, notebook, test] for student in STUDENTS}
    assert {score for score, _ in marks_of_it.values()} == {0, 1}
    others = {key: mark for key, mark in graded.ours.items() if key[1:] != ALLOWED}
    assert others == {key: mark for key, mark in graded.allowed.items() if key[1:] != ALLOWED}
    assert f"{notebook}, {test}: runs in the student's kernel, as you allowed" in graded.said_then
    assert graded.record["not_isolated"] == [test]
    assert graded.record["sandboxed"] is True


@pytest.mark.parametrize("notebook", CHECKED)
def test_the_references_work_passes_the_check_of_a_course_that_has_no_solutions(
    notebook: str, graded: Graded, tmp_path: Path
) -> None:
    for part in ("release", "nbgrader_config.py"):
        copy = shutil.copytree if (graded.folder / part).is_dir() else shutil.copy
        copy(graded.folder / part, tmp_path / part)
    work = graded.folder / "submitted" / "reference" / ASSIGNMENT / f"{notebook}.ipynb"
    done = run(CheckApp, tmp_path, str(work), f"--course-dir={tmp_path}")
    assert done.returncode == 0, done.stdout


def test_points_that_the_released_notebook_earns_are_told(graded: Graded) -> None:
    told = [line for line in graded.said.splitlines() if "the released notebook" in line]
    assert len(told) == 1
    assert "with nothing solved, gets 1 of 1" in told[0]


def test_the_table_in_the_docs_is_of_these_exercises() -> None:
    rows = ["| style | exercises | in isolation | not isolated, and why |", "|---|---|---|---|"]
    for style, found in CATALOGUE.items():
        why = "; ".join(f"{name}: {NOT_ISOLATED[style, name]}" for name in found if (style, name) in NOT_ISOLATED)
        apart = sum((style, name) not in NOT_ISOLATED for name in found)
        rows.append(f"| {style} ({', '.join(found)}) | {len(found)} | {apart} | {why} |")
    total = sum(map(len, CATALOGUE.values()))
    rows.append(f"| all | {total} | {total - len(NOT_ISOLATED)} | |")
    text = PAGE.read_text(encoding="utf-8")
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    made = "\n".join([before + BEGIN, *rows, END + after])
    if os.environ.get("WRITE_STYLES"):
        PAGE.write_text(made, encoding="utf-8")
    assert Path(PAGE).read_text(encoding="utf-8") == made
