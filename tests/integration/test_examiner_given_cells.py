"""Locked cells that put a student's function into containers, defaults and classes, or call it, before a test does.

One small course, graded once: for each kind a locked cell and a test of one point. Whatever students do between them,
nobody gains by it; who solved the exercise has all points.
"""

import json
import os
from pathlib import Path

import nbformat
import pytest
from attacks.table import GIVEN
from engines import Marks, add_config, autograder, hand_in, marks, plain_copy
from nbformat.v4 import new_code_cell, new_notebook
from report_pages import report

from autograder.course import build
from autograder.examiner.ownership import BECAUSE, Reason

TOOLS = """
import dataclasses, functools, random, unittest
calls, TABLE, REGISTRY = [], [(0, 0), (3, 6), (-2, -4)], {}

def check(function, value=3, wanted=6):
    assert function(value) == wanted

def times(function):
    return lambda value, wanted: check(function, value, wanted)

def register(name, function):
    REGISTRY[name] = function

def traced(function):
    @functools.wraps(function)
    def inner(value):
        calls.append(value)
        return function(value)
    return inner

def at_once(test):
    return test() or True
"""
ALL = "for function, value, wanted in {}:\n    assert function(value) == wanted"
EACH = "for function in {}.values():\n    assert function(3) == 6"
KINDS = {  # what a locked cell says, and the test
    "list": ("CASES = [(double, 3, 6)]", ALL.format("CASES")),
    "append": ("MORE = []\nMORE.append((double, 3, 6))\nMORE += [(double, 4, 8)]", ALL.format("MORE")),
    "dict": ('SUITE = {"twice": double}', EACH.format("SUITE")),
    "update": ("KNOWN = {}\nKNOWN.update(twice=double)\nKNOWN.setdefault('more', double)", EACH.format("KNOWN")),
    "register": ('register("double", double)', EACH.format("REGISTRY")),
    "default": ("def check_fn(fn=double, *, gn=double):\n    assert fn(3) == gn(3) == 6", "check_fn()"),
    "lambda": ("called = lambda x, fn=double: fn(x)", "assert called(3) == 6"),
    "partial": ("bound = functools.partial(check, double)", "bound(3, 6)"),
    "closure": ("checker = times(double)", "checker(3, 6)"),
    "class": ("class Suite:\n    function = staticmethod(double)", "assert Suite.function(3) == 6"),
    "setattr": ("class Box: pass\nsetattr(Box, 'fn', staticmethod(double))", "assert Box.fn(3) == 6"),
    "dataclass": ("@dataclasses.dataclass\nclass Case:\n    fn: object = double", "assert Case().fn(3) == 6"),
    "decorator": ("own = traced(double)", "assert own(3) == 6"),
    "decorated": ("@at_once\ndef agreed():\n    assert double(3) == 6", "assert agreed is True"),
    "unittest": (
        "class TestDouble(unittest.TestCase):\n    fn = staticmethod(double)\n"
        "    def test_it(self): self.assertEqual([self.fn(3), double(4)], [6, 8])",
        "ran = unittest.TextTestRunner().run(unittest.defaultTestLoader.loadTestsFromTestCase(TestDouble))\n"
        "assert ran.wasSuccessful() and ran.testsRun == 1",
    ),
    "comprehension": ("NAMED = {f.__name__: f for f in (double,)}", EACH.format("NAMED")),
    "sorted": ("order = sorted([3, -1, 2], key=double)", "assert order == [-1, 2, 3]"),
    "f-string": ('text = f"{double(3)}"', 'assert text == "6"'),
    "call": ("result = double(3)", "assert result == 6"),
    "calls": ("passed = all(double(x) == y for x, y in TABLE)", "assert passed"),
    "derived": ("outcome = [double(x) for x, _ in TABLE]\nlast = outcome[-1]", "assert last == -4"),
    "loop": ("failures = 0\nfor x, y in TABLE:\n    if double(x) != y: failures += 1", "assert failures == 0"),
    "rebound": ("double = traced(double)", "calls.clear()\nassert double(3) == 6\nassert calls == [3]"),
}
BESIDE = {  # what has to run beside the student's code, and why it is said to
    "seed": ("random.seed(3)\ndrawn = draw()", "random.seed(3)\nassert drawn == random.random()"),
    "state": ("account.add(5)\nheld = [account]", "assert held[0].total == account.total == 5"),
    "own": ("total = worth(account)", "assert total == 5"),
}
KEPT = {  # data of the instructor's that a student's function is given
    "argument": ("labels = [1, 2]\nsaid = size(labels)", "assert said == 2\nassert labels == [1, 2]"),
}
DOUBLE = "def double(x):\n    return 2 * x"
OTHERS = """
import random
class Account:
    total = 0
    def add(self, n): self.total += n
account = Account()
def worth(account): return account.total
def draw(): return random.random()
def size(values): return len(values)
"""
WRONG = "def double(x):\n    return None"
REBINDS = """
CASES, MORE, TABLE, SUITE, KNOWN, REGISTRY, NAMED = [], [], [], {}, {}, {}, {}
check = check_fn = bound = checker = lambda *a: None
called = own = lambda x: 2 * x
class Suite: fn = function = staticmethod(called)
Box, Case, agreed = Suite, Suite, True
class TestDouble(unittest.TestCase):
    def test_it(self): pass
order, text, result, passed, last, failures = [-1, 2, 3], "6", 6, True, -4, 0
"""
CHANGES = """
for box in (CASES, MORE, TABLE, SUITE, KNOWN, REGISTRY, NAMED):
    box.clear()
Suite.function = Box.fn = Case.fn = staticmethod(lambda x: 2 * x)
check.__code__ = (lambda function, value=3, wanted=6: None).__code__
check_fn.__code__ = check_fn.__code__.replace(co_code=(lambda: None).__code__.co_code)
"""
HOOK = f"{WRONG}\nget_ipython().events.register('post_run_cell', lambda *_: exec({REBINDS!r}, globals()))"
STUDENTS = {  # answer to `double`, and a cell of their own after the locked ones
    "solves": (DOUBLE, ""),
    "otherwise": ("double = lambda value: value + value", ""),
    "wrong": (WRONG, ""),
    "rebinds": (WRONG, REBINDS),
    "changes": (WRONG, CHANGES),
    "hooks": (HOOK, ""),
    "raises": ("def double(x):\n    raise ValueError(x)", REBINDS),
    "misses": ("pass", ""),
}
CLOBBERS = OTHERS.replace("return len(values)", "values[:] = [7, 7]; return 2")


def _marked(source: str, grade_id: str, **flags: object) -> nbformat.NotebookNode:
    flags = {"grade": False, "solution": False, "locked": False, "task": False, "schema_version": 3, **flags}
    return new_code_cell(source.strip("\n"), metadata={"nbgrader": {"grade_id": grade_id, **flags}})


class Graded:
    """The class, graded by this engine."""

    def __init__(self, base: Path) -> None:
        """Make the course in `base`, and grade it."""
        self.folder = base / "ours"
        kinds = {**BESIDE, **KEPT, **KINDS}
        cells = [_marked(TOOLS, "tools", locked=True)]
        for name, text in (("double", DOUBLE), ("others", OTHERS.strip())):
            cells.append(_marked(f"### BEGIN SOLUTION\n{text}\n### END SOLUTION", name, solution=True))
        cells += [_marked(text, f"given_{name}", locked=True) for name, (text, _) in kinds.items()]
        tests = [
            _marked(text, f"test_{name}", grade=True, locked=True, points=1.0) for name, (_, text) in kinds.items()
        ]
        (self.folder / "source" / "ps1").mkdir(parents=True)
        kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
        notebook = new_notebook(cells=[*cells, *tests], metadata={"kernelspec": kernel})
        nbformat.write(notebook, self.folder / "source/ps1/p1.ipynb")
        add_config(self.folder)
        build.nbgrader(self.folder, "generate_assignment", "ps1", "--create")
        for student, (double, own) in STUDENTS.items():
            self._hand_in(student, double, OTHERS, own, len(cells))
        self._hand_in("clobbers", DOUBLE, CLOBBERS, "", len(cells))
        self.said = autograder(self.folder, "grade", "ps1")
        self.marks = marks(self.folder, "ps1")

    def _hand_in(self, student: str, double: str, others: str, own: str, place: int) -> None:
        path = hand_in(self.folder, student, "ps1", "p1", double=double, others=others)
        notebook = nbformat.read(path, as_version=4)
        if own:
            notebook.cells.insert(place, new_code_cell(own))
        nbformat.write(notebook, path)

    def score(self, student: str, kind: str) -> float | None:
        """Of the test of that kind."""
        return self.marks[student, "p1", f"test_{kind}"][0]


@pytest.fixture(scope="module")
def graded(tmp_path_factory: pytest.TempPathFactory) -> Graded:
    return Graded(tmp_path_factory.mktemp("given"))


@pytest.mark.parametrize("kind", [*KINDS, *BESIDE, *KEPT])
@pytest.mark.parametrize("student", ["solves", "otherwise"])
def test_who_solved_it_has_the_points(graded: Graded, student: str, kind: str) -> None:
    assert graded.score(student, kind) == 1, graded.said


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("student", sorted(STUDENTS.keys() - {"solves", "otherwise"}))
def test_who_did_not_gains_nothing(graded: Graded, student: str, kind: str) -> None:
    assert graded.score(student, kind) == 0


def test_a_students_function_changes_no_data_of_the_instructors_that_a_locked_cell_gives_it(graded: Graded) -> None:
    assert graded.score("clobbers", "argument") == 1


@pytest.mark.parametrize(
    ("kind", "name"), [("seed", "drawn"), ("state", "account"), ("own", "total")], ids=list(BESIDE)
)
def test_names_of_locked_cells_that_stay_the_students_are_listed(graded: Graded, kind: str, name: str) -> None:
    (line,) = [line for line in graded.said.splitlines() if f"given_{kind}:" in line]
    assert name in line
    assert f"test_{kind}" in line


def test_no_other_name_is_listed(graded: Graded) -> None:
    assert not [line for line in graded.said.splitlines() if any(f"given_{kind}:" in line for kind in KINDS)]


def test_the_class_report_lists_them_too(graded: Graded, capsys: pytest.CaptureFixture[str]) -> None:
    rows = report(graded.folder, assignment="ps1").rows("rebindable")
    assert rows == {
        "test_seed": ["p1", "drawn", "given_seed", BECAUSE[Reason.DIFFERS]],
        "test_state": ["p1", "account", "given_state", BECAUSE[Reason.CHANGES]],
        "test_own": ["p1", "total", "given_own", BECAUSE[Reason.OWN]],
    }
    assert "account, drawn, total" in capsys.readouterr().out


def test_plain_nbgrader_gives_points_to_who_rebinds_them(graded: Graded, tmp_path: Path) -> None:
    """Writes what is measured into `measured_given.json` where MEASURE_ATTACKS is set; else a run leaves no trace."""
    plain = plain_copy(graded.folder, tmp_path / "plain")
    build.nbgrader(plain, "autograde", "ps1", "--student=rebinds", "--force")
    found: Marks = marks(plain, "ps1")
    measured = [
        {
            "kind": kind,
            "cell": KINDS[kind][0],
            "there": found["rebinds", "p1", f"test_{kind}"][0],
            "here": graded.score("rebinds", kind),
        }
        for kind in KINDS
    ]
    path = GIVEN if os.environ.get("MEASURE_ATTACKS") else tmp_path / GIVEN.name
    path.write_text(json.dumps(measured, indent=1) + "\n", encoding="utf-8")
    assert sum(row["there"] or 0 for row in measured) >= len(KINDS) - 2


def test_what_was_measured_is_of_these_cells() -> None:
    rows = json.loads(GIVEN.read_text(encoding="utf-8"))
    assert [(row["kind"], row["cell"]) for row in rows] == [(kind, cell) for kind, (cell, _) in KINDS.items()]
    assert not any(row["here"] for row in rows)
