"""What the examiner runs and fetches at each cell: grade cells, steps, the plans of whole assignments."""

from dataclasses import replace
from pathlib import Path

import nbformat
import nbgrader
import pytest
from planned import Cell, fetched, given, grade, solution

from autograder.common.serialization import dump, load
from autograder.examiner.plan import Step, plan

QUICKSTART = Path(nbgrader.__file__).parent / "docs" / "source" / "user_guide" / "source"

# Grade cells.


@pytest.mark.parametrize(
    ("source", "names"),
    [
        ("f(a)", "a f"),
        ("def t():\n    return f(1)\nt()", "f"),
        ("check(1)", "f"),
        ("outer()", "f"),
        ("[check][0](1)", "f"),
        ("kept = lambda: a\nkept()", "a"),
        ("a = 1\nf(a)", "f"),
        ("f(a)\na = 1", "a f"),
        ("for a in range(3):\n    f(a)", "f"),
        ("for a in range(3): pass\na", ""),
        ("with f() as a:\n    a", "f"),
        ("import a\na", ""),
        ("def a(): pass\na()", ""),
        ("if f:\n    a = 1\na", "a f"),
        ("a += 1", "a"),
        ("del a", "a"),
        ("kept = a\ndel a\ntry:\n    f(1)\nfinally:\n    a = kept", "a f"),
        ("a, kept = 1, a\na", "a"),
        ("[a for a in range(3)]", ""),
        ("lambda a: f(a)", "f"),
        ("%time f(1)", "f"),
        ("%%capture out\nf(1)", "f"),
        ("await f(1)", "f"),
        ("print(unknown)", ""),
    ],
)
def test_names_that_a_grade_cell_fetches(source: str, names: str) -> None:
    cells = [
        given("def check(x): return f(x)\ndef outer(): return check(1)"),
        solution("a = 0\nout = 0\ndef f(x):\n    return x"),
        grade(source),
    ]
    assert fetched(*cells) == names


def test_a_grade_cell_runs_as_it_is() -> None:
    source = "%%time\nassert f(1) == 2  # not the student's\n"
    assert plan([grade(source)])[0].code == source


def test_a_function_of_an_earlier_grade_cell_brings_its_names() -> None:
    assert fetched(solution("a = 1"), grade("def t():\n    return a"), grade("t()")) == "a"


def test_names_that_nothing_binds_may_be_fetched() -> None:
    cells = [given("from numpy import *\nx = linspace(0, 1)"), solution("y = linalg.norm(x)"), grade("linalg.norm(y)")]
    assert plan(cells)[0].code == cells[0].source
    assert (plan(cells)[-1].fetch, plan(cells)[-1].maybe) == (("y",), ("linalg",))


def test_builtins_and_ipythons_own_names_are_never_fetched() -> None:
    step = plan([grade("print(len(In), _, __name__, display(get_ipython()))\n!ls\nx")])[0]
    assert (step.fetch, step.maybe) == ((), ("x",))


def test_a_name_that_the_instructor_binds_later_is_not_asked_of_the_candidate() -> None:
    step = plan([grade("x"), given("x = 1")])[0]
    assert (step.fetch, step.maybe) == ((), ())


# Steps.


def test_text_cells_have_nothing_to_run() -> None:
    cells = [Cell("x", cell_type="markdown"), Cell("x", cell_type="markdown", grade=True, solution=True)]
    assert [(step.kind, step.code) for step in plan(cells)] == [("text", ""), ("text", "")]


def test_a_cell_that_is_no_python_is_run_as_it_is_and_binds_nothing() -> None:
    cells = [given("x = = 1"), solution("y = = 1"), grade("def ("), grade("x, y")]
    steps = plan(cells)
    assert [step.code for step in steps] == ["x = = 1", "", "def (", "x, y"]
    assert [step.fetch for step in steps] == [()] * 4


def test_no_other_expression_is_displayed_than_in_the_whole_cell() -> None:
    cells = [solution("x = 1"), given("'mine'\nx")]
    assert plan(cells)[1].code.split() == ["'mine'", "pass"]


def test_lines_keep_their_numbers() -> None:
    cells = [solution("x = 1"), given("# first\na = x\n\nb = 2; c = x\nd = 3")]
    assert plan(cells)[1].code == "# first\n\n\nb = 2\nd = 3\n"


def test_steps_survive_json() -> None:
    cells = [solution("x = 1"), replace(grade("x, y"), grade_id="test")]
    steps = plan(cells)
    assert load(dump(steps), tuple[Step, ...]) == steps
    assert steps[1] == Step(1, "test", "grade", "x, y", ("x",), ("y",))


# Whole assignments.


def read(path: Path) -> list[Cell]:
    cells = []
    for cell in nbformat.read(path, 4).cells:
        marks = cell.metadata.get("nbgrader", {})
        kinds = {key: bool(marks.get(key)) for key in ("grade", "solution", "locked")}
        cells.append(Cell(cell.source, **kinds, cell_type=cell.cell_type, grade_id=marks.get("grade_id")))
    return cells


def fetches(path: Path) -> dict[str, str]:
    steps = plan(read(path))
    assert not any(step.maybe for step in steps)
    return {step.grade_id or "": " ".join(step.fetch) for step in steps if step.kind == "grade"}


ASSIGNMENTS = {
    "mnist": {
        "test_preprocess": "preprocess",
        "test_layers": "build_model",
        "test_answer_steps": "answer_steps",
        "test_compile": "compile_model",
        "test_train": "train",
        "test_accuracy": "model preprocess",
        "test_predict_digit": "predict_digit preprocess",
        "test_save_and_load": "save_and_load",
    },
    "fashion_mnist": {
        "test_plan": "plan",
        "test_results": "best histories plan results",
        "test_accuracy": "history model preprocess",
        "test_hardest": "answer_hardest model preprocess",
    },
    "cifar": {
        "test_budget": "build_model",
        "test_sweep": "sweep",
        "test_early_stopping": "train_until_best",
        "test_accuracy": "model",
        "test_superclasses": "superclasses to_superclasses",
    },
    "foundations": {
        "test_encode_people": "encode_people",
        "test_screening": "answer_a answer_b answer_screening",
        "test_conv2d_same": "conv2d",
        "test_parameters": "conv_parameters dense_parameters",
    },
}
# What a student may not have a say in: data as loaded, labels, limits, the comparison.
INSTRUCTORS = {
    *("np", "keras", "math", "os", "plt", "tf", "mnist", "cifar10", "fashion_mnist"),
    *(
        "expect",
        "QUICK",
        "SEED",
        "BASE",
        "people",
        "class_names",
        "epochs",
        "batch_size",
        "max_parameters",
        "max_epochs",
        "experiment_epochs",
        "all_layers",
        "train_small",
    ),
    *("raw_x_train", "raw_y_train", "raw_x_test", "raw_y_test", "subset_x", "subset_y", "variant_epochs"),
}


@pytest.mark.parametrize("assignment", ASSIGNMENTS)
def test_the_courses_grade_cells_fetch_what_they_test(root: Path, assignment: str) -> None:
    found = fetches(root / "source" / assignment / f"{assignment}.ipynb")
    assert {name: found[name] for name in ASSIGNMENTS[assignment]} == ASSIGNMENTS[assignment]


@pytest.mark.parametrize("assignment", ASSIGNMENTS)
def test_the_courses_data_labels_and_limits_are_the_instructors(root: Path, assignment: str) -> None:
    cells = read(root / "source" / assignment / f"{assignment}.ipynb")
    names = {name for step in plan(cells) for name in step.fetch}
    assert names
    assert not {name for name in names if name in INSTRUCTORS or name.startswith("_")}
    assert plan(cells)[1].code == cells[1].source  # the set-up


@pytest.mark.parametrize("assignment", ["mnist", "cifar"])
def test_the_courses_training_runs_in_the_candidate_alone(root: Path, assignment: str) -> None:
    steps = {step.grade_id: step for step in plan(read(root / "source" / assignment / f"{assignment}.ipynb"))}
    assert "train(" not in steps["run_training"].code
    assert "model" not in steps["evaluate"].code
    assert "load_data()" in steps["load"].code


def test_nbgraders_quickstart() -> None:
    assert fetches(QUICKSTART / "ps1" / "problem1.ipynb") == {
        "correct_squares": "squares",
        "squares_invalid_input": "squares",
        "correct_sum_of_squares": "sum_of_squares",
        "sum_of_squares_uses_squares": "squares sum_of_squares",
    }
    assert fetches(QUICKSTART / "ps1" / "problem2.ipynb") == {}


# What a test shares with the student's functions.


@pytest.mark.parametrize(
    ("test", "given", "hidden", "patched", "bound"),
    [
        ("WIDTH = 3\nwide()", "WIDTH", "", "", ""),
        ("del helper", "helper", "", "", ""),
        ("table['a'] = 1", "table", "", "", ""),
        ("table.clear()", "table", "", "", ""),
        ("wanted = 3\nwide()", "", "", "", ""),
        ("WIDTH", "", "", "", ""),
        ("calls = 0", "calls", "", "", "calls"),
        ("count()\ncalls", "", "", "", "calls"),
        ("sum = None", "", "sum", "", ""),
        ("str.join('a', [])", "", "", "", ""),
        ("input = 3", "input", "", "", ""),
        ("patch('builtins.input')", "", "", "input", ""),
        ("patch('builtins.open')", "", "", "", ""),
        ("patch('__main__.helper')", "helper", "", "", ""),
        ("math = 1", "", "", "", ""),
    ],
)
def test_names_that_a_grade_cell_shares(test: str, given: str, hidden: str, patched: str, bound: str) -> None:
    reads = "import math\nWIDTH, calls, table = 1, 0, {}\ndef helper(): pass\n"
    reads += "def wide():\n    return helper(WIDTH, table, input(), math.pi)\n"
    reads += "def count():\n    global calls\n    calls += 1"
    shares = plan([solution(reads), grade(test)])[-1].shares
    found = [" ".join(names) for names in (shares.given, shares.hidden, shares.patched, shares.bound)]
    assert found == [given, hidden, patched, bound]


@pytest.mark.parametrize(("draws", "seeds"), [("import random", True), ("x = 1", False)])
def test_a_seed_is_shared_where_the_solution_draws(draws: str, seeds: bool) -> None:
    assert plan([solution(draws), grade("np.random.seed(1)")])[-1].shares.seeds == seeds


def test_what_a_solution_alone_imports_is_awaited() -> None:
    cells = [given("import json"), solution("import json, math\nfrom os import path as p"), grade("json, math, p")]
    steps = plan(cells)
    assert steps[1].imports == ("math", "p")
    assert (steps[2].awaits, steps[2].fetch) == (("math", "p"), ())
    assert plan([*cells[:2], grade("import math\nmath, p")])[-1].awaits == ("p",)
    across = plan([solution("import math"), given("x = math.pi"), grade("x")])[1]
    assert (across.across, across.awaits) == (True, ("math",))


@pytest.mark.parametrize("lookup", ["'p' in dir()", "'p' in globals()", "eval('p.join')"])
def test_what_a_solution_alone_imports_is_found_by_its_text(lookup: str) -> None:
    cells = [given("import json"), solution("import json\nfrom os import path as p\nmade = 1"), grade(lookup)]
    assert (plan(cells)[-1].awaits, plan(cells)[-1].looked_up) == (("p",), ("made",))


# Given cells and objects.


def test_what_a_given_cell_makes_for_solutions_is_there_twice_until_the_cell_runs_beside_the_students_code() -> None:
    makes = "import numpy\nboxes, other = make(), 1\nboxes[0].open()"
    cells = [given(makes), solution("last = boxes[-1]"), grade("last is boxes[-1], other")]
    apart = plan(cells)
    assert (apart[0].code, apart[2].doubled, apart[2].fetch) == (makes, (0,), ("last",))
    beside = plan(cells, beside={0})
    assert beside[0].code.split() == ["import", "numpy", "pass"]
    assert (beside[2].doubled, beside[2].fetch) == ((), ("boxes", "last", "other"))


@pytest.mark.parametrize("given_before", ["boxes = 1", "def boxes(): pass"])
def test_what_no_solution_uses_or_a_test_binds_itself_counts_as_once(given_before: str) -> None:
    assert plan([given(given_before), solution("last = 1"), grade("last is boxes")])[-1].doubled == ()
    assert plan([given(given_before), solution("last = boxes"), grade("boxes = 2\nlast is boxes")])[-1].doubled == ()


def test_a_given_cell_that_uses_what_a_test_made_of_the_students_code_needs_that_code() -> None:
    cells = [solution("class Net: pass"), grade("net = Net()\nsize = 3"), given("shown = repr(net)"), given("size")]
    shown, size, use = plan([*cells, grade("shown")])[-3:]
    assert (shown.across, size.across, use.feeds) == (True, False, ((2, 0),))
    assert plan([*cells, grade("1")])[2].code == ""  # no test needs it
    rebound = [*cells[:2], grade("net = 1"), given("shown = net"), grade("shown")]
    assert not plan(rebound)[3].across
