"""Whose name is it? Small notebooks for each rule."""

import pytest
from planned import Cell, fetched, given, grade, run, solution

from autograder.examiner.plan import modules, plan

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
