"""What a test and the student's functions share: as in one kernel for those who are honest, and no more than that."""

from collections.abc import Iterator
from typing import Any

import pytest
from exams import cell, exam, grade

from autograder.examiner.client import Examiner
from autograder.sandbox.bubblewrap import check


@pytest.fixture(scope="module")
def examiner() -> Iterator[Examiner]:
    with Examiner(["numpy"], sandboxed=check() is None, environment={}) as server:
        yield server


def graded(examiner: Examiner, solution: str, test: str, code: str, *, given: str = "", again: str = "") -> list[Any]:
    """The answers of `test`, and of the grade cell `again` after it, for a student whose cells hold `code`."""
    cells = [cell(given or "pass"), cell(solution, "solution"), cell(test, "grade", "test")]
    cells += [cell(again, "grade", "again")] if again else []
    with exam(examiner, cells, code) as made:
        for index in (0, 1):
            made.given(index)
            made.answer(30)
        return [grade(made, index) for index in range(2, len(cells))]


COUNTED = "calls = 0\ndef f(x):\n    global calls\n    calls += 1\n    return x"
WIDE = "WIDTH = 1\ndef f():\n    return WIDTH * 2"


@pytest.mark.parametrize(
    ("solution", "test"),
    [
        (WIDE, "WIDTH = 3\nassert f() == 6\nWIDTH = 4\nassert f() == 8"),
        (COUNTED, "calls = 0\nf(1)\nf(1)\nassert calls == 2"),
        (COUNTED, "before = calls\nf(1)\nassert calls == before + 1"),
        ("d = {}\ndef f():\n    return len(d)", "d['a'] = 1\nassert f() == 1\nd.clear()\nassert f() == 0"),
        ("def h():\n    return 1\ndef f():\n    return h()", "h = lambda: 5\nassert f() == 5"),
        ("def f():\n    return input('?')", "input = lambda *a: 'yes'\nassert f() == 'yes'"),
        (
            "def f():\n    return input('?')",
            "from unittest import mock\nwith mock.patch('builtins.input', return_value='yes') as asked:\n"
            "    assert f() == 'yes'\nasked.assert_called_once_with('?')",
        ),
        (
            "def f():\n    print('hi')",
            "from unittest import mock\nwith mock.patch('builtins.print') as printed:\n    f()\n"
            "printed.assert_called_with('hi')",
        ),
        (
            "import random\ndef f():\n    return random.random()",
            "import random\nrandom.seed(5)\na = f()\nb = f()\nrandom.seed(5)\nassert [f(), f()] == [a, b] and a != b",
        ),
    ],
)
def test_a_test_and_the_references_functions_share_what_they_would_in_one_kernel(
    examiner: Examiner, solution: str, test: str
) -> None:
    (answer,) = graded(examiner, solution, test, solution)
    assert answer.score == 2, answer.outputs


def test_who_uses_a_built_in_that_the_test_takes_away_fails(examiner: Examiner) -> None:
    solution, test = (
        "def f(v):\n    t = 0\n    for x in v:\n        t += x\n    return t",
        "sum = None\nassert f([1, 2]) == 3",
    )
    assert graded(examiner, solution, test, solution)[0].score == 2
    assert graded(examiner, solution, test, "def f(v): return sum(v)")[0].score == 0


def test_who_does_without_the_helper_that_the_test_deletes_is_found(examiner: Examiner) -> None:
    solution = "def g(x):\n    return x\ndef f(x):\n    return g(x)"
    test = "kept = g\ndel g\ntry:\n    f(1)\n    assert False\nexcept NameError:\n    pass\nfinally:\n    g = kept"
    found = graded(examiner, solution, test, solution, again="assert f(3) == 3")
    assert [answer.score for answer in found] == [2, 2]
    assert graded(examiner, solution, test, "def g(x): return x\ndef f(x): return x")[0].score == 0


HOSTILE = {  # solution, test, what a student wrote instead
    "rebinds the test's own names": (
        "def f(x):\n    return 2 * x",
        "wanted = 4\nf(2)\nassert wanted == 5",
        "def f(x):\n    global wanted\n    wanted = 5",
    ),
    "rebinds a name that the reference only reads": (
        WIDE,
        "WIDTH = 3\nassert f() == 6",
        "def f():\n    global WIDTH\n    WIDTH = 0\n    return 6 if WIDTH else 7",
    ),
    "reads what hides a built-in": (
        "def f(x):\n    return x * 3",
        "max = 12\nassert f(4) == max",
        "def f(x):\n    return max",
    ),
    "counts with an object that equals everything": (
        COUNTED,
        "calls = 0\nf(1)\nassert calls == 1",
        "class All(int):\n    __eq__ = lambda *a: True\n    __hash__ = None\n"
        "def f(x):\n    global calls\n    calls = All(7)",
    ),
    "holds something else than it says": (
        "class Stack(list):\n    pass\ns = Stack([1, 2])",
        "assert s == [1, 2]",
        "class Stack(list):\n    __eq__ = lambda *a: True\n    __iter__ = lambda self: iter([1, 2])\ns = Stack([7])",
    ),
    "answers for its content with another object": (
        "class Stack(list):\n    pass\ns = Stack([1, 2])",
        "assert s == [1, 2]",
        "from autograder.rpc import proxies\nclass All:\n    __eq__ = lambda *a: True\n"
        "proxies.DERIVED[list] = lambda value: All()\nclass Stack(list):\n    pass\ns = Stack([7])",
    ),
    "seeds for the test": (
        "import random\ndef f():\n    return random.random()",
        "import random\nrandom.seed(1)\nf()\nassert random.random() == random.Random(0).random()",
        "import random\ndef f():\n    random.seed(0)",
    ),
    "reads the source of the test's function": (
        "def f(g):\n    return g(1)",
        "secret = lambda x: 41 + x\nassert f(secret) == 43",
        "import inspect\ndef f(g):\n    return 43 if '41' in inspect.getsource(g) else 0",
    ),
    "asks for the signature of the test's class": (
        "def f(kind):\n    return kind().key",
        "class Key:\n    def __init__(self, key=43):\n        self.key = key\nassert f(Key) == 43",
        "from autograder.rpc import proxies\ndef f(kind):\n"
        "    parameters, _ = proxies.ask(kind, 'signature')\n    return parameters[0][2][0]",
    ),
    "asks for all that a test may ask": (
        "def f(g):\n    return g(1)",
        "secret = lambda x: 41 + x\nassert f(secret) == 43",
        "from autograder.rpc import introspection, proxies\n"
        "def f(g):\n    for what in (*introspection.FACTS, 'data', 'modules'):\n        try:\n"
        "            proxies.ask(g, what)\n            return 43\n        except Exception:\n            pass",
    ),
    "changes what the test gave it before": (
        "def f(xs):\n    return len(xs)",
        "xs = [1]\nassert f(xs) == 1\nys = [1]\nassert f(ys) == 1\nassert xs == ys == [1]",
        "kept = []\ndef f(xs):\n    kept.append(xs)\n    for one in kept[:-1]:\n        one.clear()\n    return 1",
    ),
    "says that its class is derived, and is not": (
        "class A:\n    def f(self):\n        return 1\nclass B(A):\n    pass",
        "assert issubclass(B, A) and B().f() == 1",
        "class A:\n    pass\nclass M(type):\n    __mro__ = property(lambda c: (c, A, object))\n"
        "class B(metaclass=M):\n    pass",
    ),
    "reads the code of the test's function": (
        "def f(g):\n    return g(1)",
        "secret = lambda x: 41 + x\nassert f(secret) == 43",
        "def f(g):\n    return 43 if 41 in g.__code__.co_consts else 0",
    ),
}


@pytest.mark.parametrize("what", HOSTILE)
def test_nobody_gains_by_what_is_shared(examiner: Examiner, what: str) -> None:
    solution, test, code = HOSTILE[what]
    assert graded(examiner, solution, test, code)[0].score == 0


FACTS = "import inspect\n" + "\n".join(
    [
        "assert f.__doc__ == 'Says.' and f.__name__ == 'f'",
        "assert list(inspect.signature(f).parameters) == ['a', 'b']",
        "assert inspect.signature(f).parameters['b'].default == 2",
        "assert inspect.getfullargspec(f).args == ['a', 'b']",
        "assert inspect.isfunction(f) and not inspect.isgeneratorfunction(f)",
        "assert f.__code__.co_varnames[:2] == ('a', 'b')",
        "assert f.__annotations__ == {'a': int}",
    ]
)


def test_facts_of_a_function_are_told_as_data(examiner: Examiner) -> None:
    solution = "def f(a: int, b=2):\n    'Says.'\n    return a + b"
    assert graded(examiner, solution, FACTS, solution)[0].score == 2
    assert graded(examiner, solution, FACTS, solution.replace("b=2", "b=3"))[0].score == 0


@pytest.mark.parametrize("statement", ["import math", "import math as m", "from math import sqrt", "import os.path"])
def test_what_a_solution_imports_is_there_for_those_who_import_it(examiner: Examiner, statement: str) -> None:
    name = {"import math as m": "m.sqrt(4)", "from math import sqrt": "sqrt(4)"}.get(statement, "2 or math.pi")
    name = "len(os.path.join('a'))+1" if "os" in statement else name
    test = f"assert {name.replace('2 or ', '')} > 1"
    assert graded(examiner, statement, test, statement)[0].score == 2
    (answer,) = graded(examiner, statement, test, "pass")
    assert (answer.score, answer.outputs[-1]["ename"]) == (0, "NameError")


@pytest.mark.parametrize(
    ("imports", "test", "right", "wrong"),
    [
        (
            "from math import sqrt",
            "assert sqrt(4) == 2",
            "def sqrt(x):\n    return x ** 0.5",
            "def sqrt(x):\n    return 1",
        ),
        ("from statistics import mean", "assert mean([1, 3]) == 2", "mean = lambda v: sum(v) / len(v)", "mean = max"),
        ("from math import pi", "assert abs(pi - 3.14159) < 1e-3", "pi = 3.14159", "pi = 3"),
        ("import math", "assert math.floor(2.5) == 2", "import math as math", "math = None"),
        (
            "from numpy.random import randn as f",
            "assert f.__name__ == 'randn'",
            "import numpy\nf = numpy.random.randn",
            "f = len",
        ),
        (
            "from collections import Counter",
            "assert Counter('aa') == {'a': 2}",
            "import collections\nCounter = collections.Counter",
            "Counter = list",
        ),
    ],
)
def test_who_binds_an_imported_name_to_something_else_is_tested_on_that(
    examiner: Examiner, imports: str, test: str, right: str, wrong: str
) -> None:
    assert [graded(examiner, imports, test, code)[0].score for code in (imports, right, wrong)] == [2, 2, 0]


def test_an_instructors_own_import_is_there_for_everybody(examiner: Examiner) -> None:
    for given, test in (("import math", "assert math.pi"), ("pass", "import math\nassert math.pi")):
        assert graded(examiner, "import math", test, "pass", given=given)[0].score == 2


def test_a_function_of_a_test_that_failed_is_there_in_the_next_one(examiner: Examiner) -> None:
    first = "def check(x):\n    assert f(x) == x\ncheck(1)"
    code = "import numpy\nf = numpy.zeros(2, 'V4')"  # it can't even cross
    again = "try:\n    check(1)\nexcept NameError as error:\n    assert 'f' in str(error)"
    found = graded(examiner, "def f(x):\n    return x", first, code, again=again)
    assert found[0].score == 0
    assert not any("'check'" in output.get("evalue", "") for output in found[1].outputs)
