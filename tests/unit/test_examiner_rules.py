"""Whose name is it? Small notebooks for each rule."""

import pytest
from planned import Cell, fetched, given, grade, run, solution

from autograder.examiner.ownership import Reason
from autograder.examiner.plan import imported, plan

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


def test_an_import_of_a_solution_that_hangs_on_a_students_name_stays_away_from_the_examiner() -> None:
    cells = [solution("extra = True"), solution("if extra:\n    import m"), grade("m.f()")]
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
    assert imported(cells) == ("a.b", "c", "e.f", "i")


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

TOOLS = """
def check(x): return f(x)
def outer(): return check(1)
later = lambda x: f(x)
tests = [check, lambda: f(1)]
class K:
    def m(self): return f(1)
def times(g): return lambda x: g(x)
def register(g): data.append(g)
data = []
"""
F = solution("def f(x):\n    return x")


def examined(*cells: Cell, used: str = "y") -> tuple[str, str]:
    """What the examiner runs at the last of `cells`, without blank lines, and fetches there, where `used` is tested."""
    step = plan([*cells, grade(used)])[len(cells) - 1]
    return "\n".join(line for line in step.code.split("\n") if line.strip()), " ".join(step.fetch)


@pytest.mark.parametrize(
    "statement",
    [
        "y = [(f, 3, 6)]",
        'y = {"twice": f}',
        "def y(a=f): pass",
        "def y(*, a=f): pass",
        "y = lambda a=f: a(1)",
        "y = partial(check, f)",
        "y = times(f)",
        "class y:\n    a = staticmethod(f)",
        "class y(TestCase):\n    def test(self, g=f): pass",
        "@dataclass\nclass y:\n    a: object = f",
        "@register\n@times\ndef y(x): return f",
        "@times(f)\ndef y(): pass",
        "@f\ndef y(): pass",
        "y = [g for g in (f,)]",
        "y = {g.__name__: g for g in [f]}",
        "y = sorted([2, 1], key=f)",
        "y = f'{f(1)}'",
        "y = f(1)",
        "y = [f(i) for i in range(3)]",
        "y = list(map(lambda i: f(i), range(3)))",
        "for y in range(3):\n    f(y)",
        "with f() as y: pass",
        "y = f if f else None",
        "%time y = f(1)",
        "y = %time f(1)",
        "%%time\ny = f(1)",
        "%%capture y\nf(1)",
    ],
)
def test_a_statement_that_needs_a_students_name_is_run_with_it_and_what_it_binds_is_the_instructors(
    statement: str,
) -> None:
    assert examined(F, given(TOOLS), given(statement)) == (statement, "f")
    assert "y" not in fetched(F, given(TOOLS), given(statement), grade("y")).split()


@pytest.mark.parametrize(
    "statement",
    ["y = check(1)", "y = outer()", "y = list(map(check, [1]))", "y = tests[0]()", "y = later(1)", "y = K()"],
)
def test_so_is_one_that_needs_it_through_an_instructors_function(statement: str) -> None:
    assert examined(F, given(TOOLS), given(statement)) == (statement, "f")
    assert "y" not in fetched(F, given(TOOLS), given(statement), grade("y")).split()


@pytest.mark.parametrize(
    "statement",
    [
        "data.append((f, 3, 6))",
        "data += [(f, 3, 6)]",
        "data[:] = [f]",
        "data[0] = f",
        "data.update(twice=f)",
        "K.a = staticmethod(f)",
        "setattr(K, 'a', f)",
        "heappush(data, (1, f(1)))",
        "register(f)",
        "for i in range(3):\n    data.append(f(i))",
    ],
)
def test_what_such_a_statement_changes_stays_the_instructors(statement: str) -> None:
    cells = [F, given("from heapq import heappush"), given(TOOLS), given(statement)]
    assert examined(*cells, used="data, K") == (statement, "f")
    assert "data" not in fetched(*cells, grade("data, K")).split()
    assert "K" not in fetched(*cells, grade("data, K")).split()


def test_what_comes_of_such_a_statement_is_run_where_it_stands() -> None:
    cells = [F, given("CASES = [(f, 3, 6)]"), given("first = CASES[0]\ny = first[0](3)")]
    assert examined(*cells) == ("first = CASES[0]\ny = first[0](3)", "")
    assert plan([*cells, grade("y")])[-1].feeds == ((1, 0), (2, 0), (2, 1))


def test_what_no_grade_cell_needs_runs_in_the_candidate_alone() -> None:
    cells = [F, given("seen = f(1)\nprint(f(2))\ny = [f]\nplot(seen)")]
    assert examined(*cells) == ("y = [f]\npass", "f")


@pytest.mark.parametrize(
    ("statement", "reason"),
    [
        ("y = model.fit(1)", Reason.TRAINS),
        ("y = train(1)", Reason.TRAINS),
        ("y = by_function(1)", Reason.TRAINS),
        ("y = reload(model)", Reason.TRAINS),
        ("y = state.add(1)", Reason.CHANGES),
        ("state.a = y = 1", Reason.CHANGES),
        ("state[0] = y = f(1)", Reason.CHANGES),
        ("y = note(1)", Reason.CHANGES),
        ("y = f(state)", Reason.OWN),
        ("y = [f(i) for i in state]", Reason.OWN),
    ],
)
def test_what_trains_or_works_on_the_students_own_objects_runs_beside_them_and_binds_names_of_the_students(
    statement: str, reason: Reason
) -> None:
    cells = [
        solution("def f(x):\n    return x\ndef train(x):\n    return build().fit(x)\nstate = thing()\nmodel = build()"),
        given("import keras\ndef by_function(x): return train(x)\ndef note(x): state.add(x)"),
        given("def reload(network): return keras.models.load_model(network.save())"),
        given(statement),
    ]
    assert examined(*cells) == ("", "")
    last = plan([*cells, grade("y")])[-1]
    assert last.fetch == ("y",)
    assert [(left.name, left.position, left.reason) for left in last.left] == [("y", 3, reason)]


def test_a_trained_model_is_the_students_wherever_it_was_made() -> None:
    cells = [
        solution("def build():\n    return 1\ndef train(m, x):\n    m.fit(x)"),
        given("model = build()"),
        given("history = train(model, [1])"),
        grade("model, history"),
    ]
    assert fetched(*cells) == "history model"
    assert [step.code for step in plan(cells)[1:3]] == ["", ""]


def test_what_a_solution_is_given_of_such_objects_is_the_students_afterwards() -> None:
    cells = [solution("def f():\n    pass"), given("y = f()"), solution("change(y)"), grade("y")]
    assert fetched(*cells) == "y"


def test_a_cell_that_the_rehearsal_found_to_differ_runs_beside_the_students_code() -> None:
    cells = [F, given("y = f(1)"), given("z = [f]"), grade("y, z")]
    steps = plan(cells, beside=[1])
    assert [step.code for step in steps[1:3]] == ["", "z = [f]"]
    assert steps[-1].fetch == ("y",)
    assert [(left.name, left.reason) for left in steps[-1].left] == [("y", Reason.DIFFERS)]


def test_a_name_that_the_same_cell_changes_beside_the_students_code_is_fetched_after_that() -> None:
    cells = [solution("state = thing()"), given("state.add(1)\ny = [state]"), grade("y")]
    assert plan(cells)[1].after
    assert not plan([F, given("f = times(f)\ny = [f]"), grade("y")])[1].after


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
    assert examined(*cells) == (statement, "")
    assert "y" not in fetched(*cells, grade("y")).split()


def test_unmarked_cells_are_as_locked_ones() -> None:
    assert run(solution("x = 1"), Cell("a = x\nb = 2")) == "b = 2"


def test_what_such_a_statement_gives_to_a_student_stays_the_instructors() -> None:
    cells = [F, given("labels = [1]\nsaid = f(labels)"), grade("said == labels")]
    assert fetched(*cells) == ""


def test_a_name_is_the_students_before_the_solution_binds_it() -> None:
    cells = [given("def check(): return f(1)\ny = check()"), F, grade("y")]
    assert plan(cells)[0].fetch == ("f",)


def test_an_instructors_name_that_a_later_solution_binds_is_the_instructors_until_then() -> None:
    cells = [given("i = 0\nlabels = [i]"), solution("i = 5"), given("more = [i]"), grade("labels, more")]
    assert plan(cells)[0].code == "i = 0\nlabels = [i]"
    assert (plan(cells)[0].fetch, plan(cells)[2].fetch) == ((), ("i",))


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
    cells = [solution("x = 1"), given("a = x\nx = 2\nb = x"), grade("a, b")]
    assert plan(cells)[1].fetch == ("x",)
    assert plan(cells)[-1].feeds == ((1, 0),)
