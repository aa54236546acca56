"""What a test asks of a student's classes and objects, as of its own; and what answers can't do."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from exams import cell, exam, grade

from autograder.examiner.client import Examiner
from autograder.sandbox.bubblewrap import check

SHAPE = """
class Shape:
    def __init__(self, name):
        self.name = name
    def area(self):
        raise NotImplementedError
    def describe(self):
        return f"{self.name} {self.area()}"
    @property
    def label(self):
        return self.name.upper()
class Square(Shape):
    "A square."
    def __init__(self, a):
        super().__init__("square")
        self.a = a
    def area(self):
        return self.a ** 2
    def __len__(self):
        return 4
    def __add__(self, other):
        return Square(self.a + other.a)
    def __str__(self):
        return "[]"
"""
ALONE = SHAPE.replace("Square(Shape)", "Square").replace("super().__init__('square')", "self.name = 'square'")
BARE = """
class Shape:
    def __init__(self, name):
        self.name = name
class Square(Shape):
    def __init__(self, a):
        self.a = a
"""
BOOK = "import dataclasses\n@dataclasses.dataclass\nclass Book:\n    title: str\n    pages: int = 0"
NO_DATACLASS = "class Book:\n    def __init__(self, title, pages=0):\n        self.title, self.pages = title, pages"
ANIMAL = """
import abc
class Animal(abc.ABC):
    @abc.abstractmethod
    def speak(self): ...
class Dog(Animal):
    def speak(self):
        return "woof"
"""
SLOW = "import asyncio\nasync def slow(x):\n    await asyncio.sleep(0)\n    return x + 1"
POOR = """
class Poor(Exception):
    def __init__(self, need):
        super().__init__(f"need {need}")
        self.need = need
def pay():
    raise Poor(5)
"""
DERIVED = """
class Cube(Square):
    kind = "k"
    def __init__(self):
        super().__init__(3)
        self.more = 1
    def area(self):
        return super().area() + self.more
    @property
    def label(self):
        return super().label + "!"
    @staticmethod
    def two():
        return 2
    @classmethod
    def made(cls):
        return cls()
c = Cube.made()
assert c.describe() == "square 10" and c.label == "SQUARE!" and Cube.two() == 2 and Cube.kind == "k"
assert type(c) is Cube and issubclass(Cube, Shape) and isinstance(c, Square)
"""
ABSTRACT = """
class Cat(Animal):
    def speak(self):
        return "meow"
assert Cat().speak() == "meow"
class Silent(Animal):
    pass
for kind in (Animal, Silent):
    try:
        kind()
        assert False, "no error"
    except TypeError:
        pass
"""
CASES = [  # solution, test, a wrong answer
    (SHAPE, "assert issubclass(Square, Shape) and not issubclass(Shape, Square)", ALONE),
    (SHAPE, "assert issubclass(Square, (int, (Shape,))) and issubclass(Square, object)", ALONE),
    (SHAPE, "assert type(Square(1)) is Square and Square(2).__class__ == Square", "class Square:\n    a = 1"),
    (SHAPE, "assert type(Square(1)).__name__ == 'Square'", "Square = list"),
    (SHAPE, "import inspect\nassert inspect.isclass(Square) and isinstance(Square, type)", "def Square(a): pass"),
    (SHAPE, "assert Square.__bases__ == (Shape,) and Square.__mro__ == (Square, Shape, object)", ALONE),
    (SHAPE, "assert Square.__doc__ == 'A square.' and 'area' in dir(Square) and 'a' in dir(Square(1))", BARE),
    (SHAPE, "assert hasattr(Square, '__len__') and not hasattr(Shape, '__len__')", BARE),
    (SHAPE, "assert 'area' in Square.__dict__ and vars(Square(3)) == {'name': 'square', 'a': 3}", BARE),
    (SHAPE, "assert Square.area is not Shape.area and Square.describe is Shape.describe", ALONE),
    (SHAPE, "s = Square(1)\nassert s.__len__() == Square.__len__(s) == 4 and s.__add__(s).a == 2", BARE),
    (SHAPE, "assert Square.__str__ is not object.__str__ and Shape.__str__ is object.__str__", BARE),
    (SHAPE, DERIVED, BARE),
    (
        BOOK,
        "import dataclasses\nassert dataclasses.is_dataclass(Book) and dataclasses.is_dataclass(Book(''))",
        "Book = 1",
    ),
    (
        BOOK,
        "from dataclasses import asdict, astuple, fields, replace\nb = Book('a', 2)\nassert asdict(b)['pages'] == 2\n"
        "assert [f.name for f in fields(Book)] == ['title', 'pages']\n"
        "assert astuple(b) == ('a', 2) and replace(b, pages=3).pages == 3",
        NO_DATACLASS,
    ),
    (BOOK, "assert hasattr(Book, '__dataclass_fields__') and '__eq__' in Book.__dict__", NO_DATACLASS),
    (
        ANIMAL,
        "import abc, inspect\nassert issubclass(Animal, abc.ABC) and inspect.isabstract(Animal)",
        "class Animal: pass",
    ),
    (ANIMAL, ABSTRACT, "class Animal: pass"),
    (
        "class Stack(list):\n    pass",
        "import collections.abc\nassert issubclass(Stack, (collections.abc.Sequence)) and type(Stack()) is not list",
        "Stack = list",
    ),
    (SLOW, "import asyncio\nassert await slow(1) == 2\nassert asyncio.iscoroutinefunction(slow)", "slow = lambda x: 2"),
    (SLOW, "import asyncio\nassert await asyncio.gather(slow(1), slow(2)) == [2, 3]", "async def slow(x): pass"),
    (
        POOR,
        "try:\n    pay()\n    assert False\nexcept Poor as error:\n"
        "    assert error.need == 5 and str(error) == 'need 5'",
        "class Poor(Exception): pass\ndef pay(): raise Poor('need 5')",
    ),
    (
        "def gen():\n    yield 1",
        "import inspect, types\nassert inspect.isgenerator(gen()) and isinstance(gen(), types.GeneratorType)",
        "def gen(): return iter([1])",
    ),
    (
        "class A:\n    def f(self):\n        pass",
        "import inspect\nassert [n for n, _ in inspect.getmembers(A, inspect.isfunction)] == ['f']",
        "class A:\n    f = 1",
    ),
    (
        "import math\nimport numpy as np\nf, g, h = math.sin, np.sin, [sorted]\nclass A:\n    kind = dict",
        "import math\nimport numpy as np\nassert f is math.sin and g == np.sin and h[0] is sorted and A.kind is dict\n"
        "assert f is not math.cos and g is not math.sin and f is f and not f is g",
        "import math\nimport numpy as np\nf, g, h = lambda x: math.sin(x), np.sin, [sorted]\nclass A:\n    kind = dict",
    ),
    (
        "n = 1",
        "class Own:\n    n = 2\no = Own()\nassert type(o) is Own and o.__class__.__name__ == 'Own' and type(n) is int\n"
        "assert getattr(o, 'no', 3) == 3 and hasattr(o, 'n') and issubclass(Own, object) and not issubclass(Own, int)",
        "n = 1.0",
    ),
]


@pytest.fixture(scope="module")
def examiner() -> Iterator[Examiner]:
    with Examiner([], sandboxed=check() is None, environment={}) as server:
        yield server


def graded(examiner: Examiner, solution: str, test: str, code: str, given: str = "pass") -> Any:
    """The answer of `test`, for a student whose cells hold `code`."""
    with exam(examiner, [cell(given), cell(solution, "solution"), cell(test, "grade", "test")], code) as made:
        for index in (0, 1):
            made.given(index)
            made.answer(30)
        return grade(made, 2)


@pytest.mark.parametrize(("solution", "test", "wrong"), CASES)
def test_classes_are_asked_as_in_one_kernel(examiner: Examiner, solution: str, test: str, wrong: str) -> None:
    answer = graded(examiner, solution, test, solution)
    assert answer.score == 2, answer.outputs
    assert graded(examiner, solution, test, wrong).score == 0


def test_a_class_of_the_instructors_is_the_same_on_both_sides(examiner: Examiner) -> None:
    given = "class Node:\n    pass"
    solution = f"{given}\nclass Leaf(Node):\n    pass\ndef make():\n    return Node()"
    test = "assert issubclass(Leaf, Node) and isinstance(Leaf(), Node)\n"
    test += "assert type(make()) is Node and type(Leaf()) is Leaf"
    plan = solution.partition("\n")[2].partition("\n")[2]  # the instructor's solution does not define Node
    assert graded(examiner, plan, test, solution, given).score == 2
    assert graded(examiner, plan, test, solution.replace("Leaf(Node)", "Leaf"), given).score == 0


NODE = """
class Node:
    def __init__(self, value, next=None):
        self.value, self.next, self._owner = value, next, "test"
"""
REVERSE = """
def reverse(head):
    before = None
    while head:
        head.next, before, head = before, head, head.next
    return before
"""
LINKED = """
first = Node(1, Node(2))
last = reverse(first)
assert [last.value, last.next.value, last.next.next] == [2, 1, None] and last.next is first
"""


def test_objects_of_the_instructors_class_are_changed_where_the_reference_changes_them(examiner: Examiner) -> None:
    cells = [cell(NODE), cell(REVERSE, "solution"), cell(LINKED, "grade", "test")]
    others = {
        "their own value": "def reverse(head):\n    head.value, head.next.value = 2, 1\n    return head",
        "what is private": "def reverse(head):\n    head._owner = 0\n    return head",
    }
    for answer, score in {REVERSE: 2, **dict.fromkeys(others.values(), 0)}.items():
        with exam(examiner, cells, f"{NODE}\n{answer}") as made:
            for index in (0, 1):
                made.given(index)
                made.answer(30)
            found = grade(made, 2, permitted=["__call__", "given setattr:next"])
            assert found.score == score, found.outputs
    with exam(examiner, cells, f"{NODE}\n{REVERSE}") as made:
        for index in (0, 1):
            made.given(index)
            made.answer(30)
        assert "given setattr:next" in grade(made, 2).asked


def test_a_module_of_the_courses_comes_before_an_installed_one_and_its_classes_are_the_instructors(
    tmp_path: Path,
) -> None:
    (tmp_path / "colorsys.py").write_text("class Color:\n    def __init__(self, name):\n        self.name = name\n")
    cells = [
        cell("import colorsys"),
        cell("def loud(color):\n    return color.name.upper()", "solution"),
        cell("assert loud(colorsys.Color('red')) == 'RED'", "grade", "test"),
    ]
    files = {"colorsys.py": tmp_path / "colorsys.py"}
    with (
        Examiner(["colorsys"], sandboxed=check() is None, environment={}) as server,
        exam(server, cells, cells[1].source, files=files, folder=tmp_path) as made,
    ):
        for index in (0, 1):
            made.given(index)
            made.answer(30)
        found = grade(made, 2)
        assert found.score == 2, found.outputs


def test_a_text_of_the_tests_own_class_equals_what_it_holds(examiner: Examiner) -> None:
    test = "class Name(str):\n    pass\nassert known(Name('ada')) == [True, True, False]"
    solution = "def known(name):\n    return [name == 'ada', name in ['ada', 'bo'], name == 'bo']"
    assert graded(examiner, solution, test, solution).score == 2


META = "class M(type):\n    {}\nclass A(metaclass=M): pass"
NO_CLASS = "def __new__(m, n, b, d): return 5 if b else type.__new__(m, n, b, d)"
LIES = [  # a student's class whose answers are no answers, and a test that must not be content with them
    (META.format("__mro__ = 5"), "assert A.__mro__ == (A, object)"),
    (
        "class A:\n    @property\n    def __class__(self): return 5",
        "assert type(A()) is A and A().__class__ is A",
    ),
    ("class A:\n    def __dir__(self): return 5", "assert 'x' in dir(A())"),
    (META.format("def __subclasscheck__(self, other): return 5"), "assert not issubclass(A, A)"),
    (META.format(NO_CLASS), "class B(A):\n    pass\nassert B"),
]


@pytest.mark.parametrize(("code", "test"), LIES)
def test_an_answer_of_another_form_fails_the_test_and_nothing_else(examiner: Examiner, code: str, test: str) -> None:
    answer = graded(examiner, "class A:\n    x = 1", test, code)
    assert answer.score == 0
    assert answer.outputs[-1]["output_type"] == "error"
