"""Tests of a course that give points to mutants of its reference solution are listed, for exactly those mutants."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gates
import nbformat
import pytest
from engines import autograder
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_notebook
from submission_courses import generate

from autograder.grading.mutants import MUTANTS, Mutated, Weakness

SETUP = "import numpy as np\nfrom numpy.testing import assert_allclose\nfrom pathlib import Path"
IN_PLACE = {"zero", "nan", "inf"}


@dataclass(frozen=True)
class Exercise:
    """A solution, the tests of it that students see, those that they don't, and the mutants that get its points."""

    solution: str
    visible: str
    hidden: str = ""
    end: str = ""
    mutants: frozenset[str] | set[str] = frozenset()


DOUBLE = "def double(x):\n    return 2 * x"
VECTOR = """
class Vector:
    def __init__(self, x):
        self.x = x
    def __add__(self, other):
        return Vector(self.x + other.x)
    def __eq__(self, other):
        return self.x == other.x
"""
WEAK = {
    "expected_after_the_call": Exercise(
        DOUBLE, "x = np.arange(1.0, 4.0)\nassert_allclose(double(x), 2 * x)", mutants=IN_PLACE
    ),
    "hidden_expected_after_the_call": Exercise(
        "def triple(x):\n    return 3 * x",
        "assert triple(np.array([1.0])).tolist() == [3.0]",
        "x = np.arange(1.0, 4.0)\nassert_allclose(triple(x), 3 * x)",
        mutants=IN_PLACE,
    ),
    "one_argument_changed": Exercise(
        "def step(w, g):\n    return w - g",
        "w, g = np.array([2.0, 9.0]), np.array([1.0, 3.0])\nreceived = step(w, g)\nassert_allclose(received, w - g)",
        mutants={"zero", "others", "nan"},
    ),
    "broadcast": Exercise(
        "def halve(x):\n    return x / 2",
        "assert np.allclose(halve(np.array([2.0, 4.0])), [1.0, 2.0])",
        mutants={"empty"},
    ),
    "all_of_nothing": Exercise(
        "def negate(x):\n    return -x",
        "assert (negate(np.array([1, 2])) == np.array([-1, -2])).all()",
        mutants={"empty"},
    ),
    "loop_over_what_comes": Exercise(
        "def evens(n):\n    return list(range(0, n, 2))",
        "for found, right in zip(evens(6), [0, 2, 4]):\n    assert found == right",
        mutants={"list", "empty"},
    ),
    "own_equality": Exercise(VECTOR, "assert Vector(1) + Vector(2) == Vector(3)", mutants={"equal"}),
    "any_error": Exercise(
        "def root(x):\n    if x < 0:\n        raise ValueError(x)\n    return x**0.5",
        "try:\n    root(-1)\nexcept ValueError:\n    pass\nelse:\n    raise AssertionError('no error')",
        mutants={"raises"},
    ),
    "hidden_tests_of_nothing": Exercise(
        "def quarter(x):\n    return x / 4",
        "assert quarter(8) == 2",
        "try:\n    quarter(12)\nexcept Exception:\n    pass",
        mutants=set(MUTANTS),
    ),
    "type_alone": Exercise("answer = 42", "assert isinstance(answer, int)", mutants={"true", *IN_PLACE}),
}
STRONG = {
    "expected_before_the_call": Exercise(
        DOUBLE,
        "x, wanted = np.arange(1.0, 4.0), np.array([2.0, 4.0, 6.0])\nassert np.array_equal(double(x), wanted)",
        "x, wanted = np.arange(4.0, 8.0), 2 * np.arange(4.0, 8.0)\nassert np.array_equal(double(x), wanted)",
    ),
    "visible_tests_worth_half": Exercise(
        "def third(x):\n    return x / 3",
        "credit = 0.5 * (third(6) == 2)",
        "credit = credit + 0.5 * (third(12) == 4)",
        "float(credit)",
    ),
    "attributes": Exercise(VECTOR.replace("Vector", "Point"), "assert (Point(1) + Point(2)).x == 3"),
    "written_file": Exercise(
        "def save(numbers, path):\n    Path(path).write_text(str(sum(numbers)))",
        "save([1, 2], 'sum.txt')\nassert Path('sum.txt').read_text() == '3'",
    ),
    "change_asked_for": Exercise(
        "def append_sum(numbers):\n    numbers.append(sum(numbers))",
        "numbers = [1, 2]\nappend_sum(numbers)\nassert numbers == [1, 2, 3]",
    ),
    "one_answer": Exercise("capital = 'Paris'", "assert capital in ('Paris', 'Rome')", "assert capital == 'Paris'"),
    "own_helper": Exercise(
        "def inc(x):\n    return x + 1\n\ndef inc_all(xs):\n    return [inc(x) for x in xs]",
        "assert inc_all([1, 2]) == [2, 3]",
    ),
}


def _cell(source: str, grade_id: str, **marks: Any) -> NotebookNode:
    marks = {"grade": False, "solution": False, "locked": False, "task": False, "schema_version": 3, **marks}
    return new_code_cell(source.strip("\n"), metadata={"nbgrader": {"grade_id": grade_id, **marks}})


def notebook(tested: dict[str, Exercise]) -> NotebookNode:
    """The instructor's notebook of these exercises."""
    cells = [_cell(SETUP, "setup", locked=True)]
    for name, one in tested.items():
        answer = f"### BEGIN SOLUTION\n{one.solution}\n### END SOLUTION"
        cells.append(_cell(answer, f"{name}_solution", solution=True))
        hidden = f"### BEGIN HIDDEN TESTS\n{one.hidden}\n### END HIDDEN TESTS\n" if one.hidden else ""
        test = f"{one.visible}\n{hidden}{one.end}"
        cells.append(_cell(test, name, grade=True, locked=True, points=1.0))
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    return new_notebook(cells=cells, metadata={"kernelspec": kernel})


def course(folder: Path, **notebooks: dict[str, Exercise]) -> Path:
    """A course whose assignment ps1 has these notebooks."""
    (folder / "source" / "ps1").mkdir(parents=True)
    for name, tested in notebooks.items():
        nbformat.write(notebook(tested), folder / "source" / "ps1" / f"{name}.ipynb")
    generate(folder, "ps1")
    return folder


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return course(tmp_path_factory.mktemp("mutants") / "course", weak=WEAK, strong=STRONG)


@pytest.fixture(scope="module")
def mutated(folder: Path) -> dict[str, Mutated]:
    return {one.notebook: one for one in gates.mutated(folder, "ps1")}


@pytest.fixture(scope="module")
def weak(mutated: dict[str, Mutated]) -> dict[str, Weakness]:
    return {weakness.grade_id: weakness for one in mutated.values() for weakness in one.weak}


def test_every_mutant_is_graded_on_every_test(mutated: dict[str, Mutated]) -> None:
    assert {name: (one.tested, one.ungraded) for name, one in mutated.items()} == {
        "weak": (len(WEAK), {}),
        "strong": (len(STRONG), {}),
    }


def test_the_gate_of_our_own_assignments_finds_them(mutated: dict[str, Mutated]) -> None:
    found = {fault.split(":")[0] for fault in gates.weak_tests(list(mutated.values()))}
    assert found == set(WEAK)


@pytest.mark.parametrize("name", WEAK)
def test_a_weak_test_is_listed_for_the_mutants_that_pass_it(weak: dict[str, Weakness], name: str) -> None:
    assert weak[name].earned == dict.fromkeys(WEAK[name].mutants, 1.0)


@pytest.mark.parametrize("name", STRONG)
def test_a_strong_test_is_not_listed(weak: dict[str, Weakness], name: str) -> None:
    assert name not in weak


def test_the_command_lists_them_and_exits_with_1(folder: Path, mutated: dict[str, Mutated]) -> None:
    said = autograder(folder, "rehearse", "ps1", "--mutants", code=1)
    assert all(name in said for name in WEAK)
    assert not any(name in said for name in STRONG)
    assert MUTANTS["zero"] in said


def test_without_the_option_no_mutant_is_made(folder: Path, mutated: dict[str, Mutated]) -> None:
    said = autograder(folder, "rehearse", "ps1")
    assert not any(what in said for what in MUTANTS.values())


def test_mutants_are_graded_once(folder: Path, mutated: dict[str, Mutated]) -> None:
    results = folder / ".autograder" / "results"
    before = {path: path.stat().st_mtime_ns for path in results.rglob("*.outcome")}
    gates.mutated(folder, "ps1")
    assert {path: path.stat().st_mtime_ns for path in results.rglob("*.outcome")} == before
