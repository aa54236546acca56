"""Whose name is it? Small notebooks for each rule, then the plans of whole assignments."""

import json
from dataclasses import dataclass, replace
from pathlib import Path

import nbformat
import nbgrader
import pytest

from autograder.examiner.plan import Step, modules, plan

QUICKSTART = Path(nbgrader.__file__).parent / "docs" / "source" / "user_guide" / "source"


@dataclass(frozen=True)
class Cell:
    source: str
    grade: bool = False
    solution: bool = False
    locked: bool = False
    cell_type: str = "code"
    grade_id: str | None = None


def given(source: str) -> Cell:
    return Cell(source, locked=True)


def solution(source: str) -> Cell:
    return Cell(source, solution=True)


def grade(source: str) -> Cell:
    return Cell(source, grade=True, locked=True)


def fetched(*cells: Cell) -> str:
    """The names that the last cell, a grade cell, fetches."""
    return " ".join(plan(cells)[-1].fetch)


def run(*cells: Cell) -> str:
    """What the examiner runs at the last cell, without blank lines."""
    return "\n".join(line for line in plan(cells)[-1].code.split("\n") if line.strip())


# Rule 1: imports.


def test_an_imported_name_is_never_fetched() -> None:
    assert fetched(solution("import numpy as np\nx = np.ones(3)"), grade("np.sum(x)")) == "x"


def test_a_solution_gives_the_examiner_its_imports_and_nothing_else() -> None:
    cell = solution("import numpy as np\nfrom a.b import *\nx = np.ones(3)\n\ndef f():\n    import os")
    assert run(cell) == "import numpy as np\nfrom a.b import *\npass"


def test_a_conditional_import_runs_in_the_examiner() -> None:
    source = "try:\n    import fast as m\nexcept ImportError:\n    import slow as m"
    cells = [solution(source), grade("m.f()")]
    assert plan(cells)[0].code == source
    assert fetched(*cells) == ""


def test_an_import_that_hangs_on_a_students_name_stays_away_from_the_examiner() -> None:
    cells = [solution("extra = True"), given("if extra:\n    import m"), grade("m.f()")]
    assert plan(cells)[1].code == ""
    assert fetched(*cells) == ""


def test_using_a_module_does_not_make_it_the_students() -> None:
    cells = [given("import m"), solution("m.seed(1)\nm.x = 2\nm.t['a'] = 3\ny = 1"), grade("m.f(y)")]
    assert fetched(*cells) == "y"


def test_a_function_to_write_that_is_imported_too_is_the_students() -> None:
    cells = [given("from special import softmax"), solution("def softmax(x):\n    return x"), grade("softmax(1)")]
    assert fetched(*cells) == "softmax"


def test_an_import_after_the_solution_is_the_instructors() -> None:
    cells = [solution("def softmax(x):\n    return x"), given("from special import softmax"), grade("softmax(1)")]
    assert fetched(*cells) == ""


def test_modules_are_those_named_by_import_statements() -> None:
    cells = [
        given("import a.b, c as d\n%matplotlib inline"),
        solution("from e.f import g\nfrom . import h"),
        grade("def check():\n    import i"),
        given("def f(:"),
        Cell("import z", cell_type="markdown"),
    ]
    assert modules(cells) == ("a.b", "c", "e.f", "i")


# Rule 2: what solutions bind, delete or change.


@pytest.mark.parametrize(
    "source",
    [
        "x = 1",
        "x += 1",
        "del x",
        "x[0] = 1",
        "x.a = 1",
        "del x.a",
        "x.append(1)",
        "def x(): pass",
        "class x: pass",
        "for x in range(3): pass",
        "with open('f') as x: pass",
        "[x := i for i in range(3)]",
        "match 1:\n    case x: pass",
        "if False:\n    x = 1",
        "def f():\n    global x\n    x = 1",
        "def f():\n    x.append(1)",
        "def f():\n    x[0] = 1",
        "f = lambda: x.append(1)",
        "%time x = 1",
        "%%capture x\n1",
        "%%time\nx = 1",
    ],
)
def test_a_name_that_a_solution_binds_or_changes_is_the_students(source: str) -> None:
    assert fetched(given("x = []\ny = 0"), solution(source), grade("x, y")) == "x"


@pytest.mark.parametrize(
    "source",
    [
        "print(x)",
        "z = x",
        "x.argmax(1)",
        "x.reshape(-1).mean()",
        "def f(x):\n    x[0] = 1\n    x = 2",
        "def f():\n    x = []\n    x.append(1)",
        "[x for x in range(3)]",
        "lambda x: x.append(1)",
        "%timeit x = 1",
        "%%html\nx = 1",
        "x == 1",
    ],
)
def test_a_name_that_a_solution_only_reads_stays_the_instructors(source: str) -> None:
    assert fetched(given("x = []"), solution(source), grade("x")) == ""


def test_a_manually_graded_cell_is_a_solution() -> None:
    cells = [Cell("x = 1", grade=True, solution=True, locked=False), grade("x")]
    assert plan(cells)[0].kind == "solution"
    assert fetched(*cells) == "x"


def test_a_method_of_the_instructors_class_does_not_make_it_the_students() -> None:
    cells = [given("class V:\n    pass"), solution("v = V.zeros(3)"), grade("isinstance(v, V)")]
    assert fetched(*cells) == "v"


def test_a_method_set_on_the_instructors_class_makes_it_the_students() -> None:
    cells = [given("class V:\n    pass"), solution("V.norm = lambda v: 0"), grade("V().norm()")]
    assert fetched(*cells) == "V"


def test_what_a_solution_changes_through_an_instructors_function_is_the_students() -> None:
    cells = [given("log = []\ndef note(x):\n    log.append(x)"), solution("note(1)"), grade("log")]
    assert fetched(*cells) == "log"


def test_using_a_builtin_does_not_make_it_the_students() -> None:
    assert fetched(solution("d = dict.fromkeys('ab')"), grade("dict(d)")) == "d"


def test_a_builtin_that_a_solution_binds_is_the_students_from_there_on() -> None:
    cells = [given("top = max(1, 2)"), grade("max(1, top)"), solution("def max(a, b):\n    return a"), grade("max(1)")]
    first, last = (step for step in plan(cells) if step.kind == "grade")
    assert (first.fetch, last.fetch) == ((), ("max",))


# Rule 3: locked and unmarked cells.


@pytest.mark.parametrize(
    "statement",
    [
        "y = f(1)",
        "y = [f]",
        "y = [f(i) for i in range(3)]",
        "y = list(map(lambda i: f(i), range(3)))",
        "for y in range(3):\n    f(y)",
        "with f() as y: pass",
        "y = check(1)",
        "y = outer()",
        "y = list(map(check, [1]))",
        "y = tests[0]()",
        "y = later(1)",
        "y = K()",
        "class y:\n    a = f(1)",
        "@f\ndef y(): pass",
        "def y(a=f): pass",
        "data.append(f(1)); y = data[0]",
        "%time y = f(1)",
        "y = %time f(1)",
        "%%time\ny = f(1)",
        "%%capture y\nf(1)",
    ],
)
def test_a_statement_that_needs_a_students_name_runs_in_the_candidate_alone(statement: str) -> None:
    tools = """
def check(x): return f(x)
def outer(): return check(1)
later = lambda x: f(x)
tests = [check, lambda: f(1)]
class K:
    def m(self): return f(1)
data = []
"""
    cells = [solution("def f(x):\n    return x"), given(tools), given(statement)]
    assert run(*cells) == ""
    assert "y" in fetched(*cells, grade("y")).split()


@pytest.mark.parametrize(
    "statement",
    [
        "y = 1",
        "def y(): return f(1)",
        "y = lambda: f(1)",
        "y = [check, later]",
        "y = {'a': lambda: f(1)}",
        "class y:\n    def m(self): return f(1)",
        "y = check_nothing(1)",
        "y = [f for f in range(3)]",
        "for f in range(3): y = f",
        "async def y(): return await f(1)",
        "%%time\ny = 1",
    ],
)
def test_a_statement_that_needs_none_runs_in_the_examiner_too(statement: str) -> None:
    tools = "def check(x): return f(x)\nlater = lambda x: f(x)\ndef check_nothing(x): return x"
    cells = [solution("def f(x):\n    return x"), given(tools), given(statement)]
    assert run(*cells) == statement
    assert "y" not in fetched(*cells, grade("y")).split()


def test_unmarked_cells_are_as_locked_ones() -> None:
    assert run(solution("x = 1"), Cell("a = x\nb = 2")) == "b = 2"


def test_what_such_a_statement_changes_is_the_students() -> None:
    cells = [
        solution("def f():\n    pass"),
        given("runs = []\nfor i in range(3):\n    runs.append(f())"),
        grade("runs"),
    ]
    assert plan(cells)[1].code == "runs = []\n\npass\n"
    assert fetched(*cells) == "runs"


def test_what_such_a_statement_passes_to_a_student_stays_the_instructors() -> None:
    cells = [solution("def f(x):\n    return x"), given("labels = [1]\nsaid = f(labels)"), grade("said == labels")]
    assert fetched(*cells) == "said"


def test_a_name_is_the_students_before_the_solution_binds_it() -> None:
    cells = [given("def check(): return f(1)\ny = check()"), solution("def f(x):\n    return x"), grade("y")]
    assert fetched(*cells) == "y"


def test_an_instructors_name_that_a_later_solution_binds_is_the_instructors_until_then() -> None:
    cells = [given("i = 0\nlabels = [i]"), solution("i = 5"), given("more = [i]"), grade("labels, more")]
    assert plan(cells)[0].code == "i = 0\nlabels = [i]"
    assert fetched(*cells) == "more"


def test_data_kept_under_another_name_does_not_follow_its_first_name() -> None:
    cells = [given("x = [1]\nkept = x"), solution("x = [2]"), given("y = kept[0]"), grade("y, kept")]
    assert plan(cells)[2].code == "y = kept[0]"
    assert fetched(*cells) == ""


def test_a_loop_variable_of_a_solution_makes_no_loop_the_students() -> None:
    cells = [solution("for i in range(3):\n    pass"), given("for i in range(3):\n    print(i)"), grade("i")]
    assert plan(cells)[1].code == cells[1].source
    assert fetched(*cells) == ""


# Rule 4: whoever bound it last.


def test_a_name_bound_again_by_the_instructor_is_the_instructors() -> None:
    assert fetched(solution("x = 1"), given("x = 2"), grade("x")) == ""


def test_a_name_bound_again_by_a_solution_is_the_students() -> None:
    assert fetched(given("x = 2"), solution("x = 1"), grade("x")) == "x"


def test_a_name_that_a_grade_cell_binds_is_the_instructors_afterwards() -> None:
    assert fetched(solution("x = 1"), grade("x = 2"), grade("x")) == ""


def test_a_students_name_that_may_be_bound_stays_the_students() -> None:
    assert fetched(solution("x = 1"), given("if len('a') > 1:\n    x = 2"), grade("x")) == "x"


def test_an_instructors_name_that_may_be_bound_again_stays_the_instructors() -> None:
    assert fetched(given("x = 1\nif x > 1:\n    x = 2"), solution("y = 1"), grade("x, y")) == "y"


def test_a_name_that_an_instructors_function_binds_is_the_instructors() -> None:
    cells = [given("def load():\n    global labels\n    labels = [1]\nload()"), solution("y = 1"), grade("labels, y")]
    assert fetched(*cells) == "y"


def test_statements_of_one_cell_count_in_their_order() -> None:
    assert fetched(solution("x = 1"), given("a = x\nx = 2\nb = x"), grade("a, b")) == "a"


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
    assert tuple(Step.from_dict(json.loads(json.dumps(step.as_dict()))) for step in steps) == steps
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
        "test_train": "history",
        "test_accuracy": "model preprocess",
        "test_predict_digit": "model predict_digit",
        "test_save_and_load": "model save_and_load saved_model x_test",
    },
    "fashion_mnist": {
        "test_plan": "plan",
        "test_results": "best histories plan results",
        "test_accuracy": "history model preprocess",
        "test_hardest": "answer_hardest model preprocess",
    },
    "cifar": {
        "test_budget": "build_model",
        "test_accuracy": "model",
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
