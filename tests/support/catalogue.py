"""Small exercises as introductory courses write them, each with a right answer in another form and a wrong one.

Whoever adds an exercise gives it names of its own within its notebook.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import nbformat
from engines import add_config, hand_in
from graded_course import marked_cell
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_notebook

from autograder.course import build

ASSIGNMENT = "ps1"
NOTEBOOKS = {  # the styles in each; those of one notebook share its names
    "data": ("values", "more values", "subclasses of data"),
    "code": ("functions", "names", "files"),
    "more code": ("more functions", "generators", "kept objects", "output", "more files", "looked up"),
    "objects": ("classes", "introspection"),
    "more objects": ("more classes", "more introspection"),
    "libraries": ("numpy", "pandas", "plots", "more arrays", "more tables", "more plots"),
    "models": ("scikit-learn", "SymPy"),
    "shared": ("globals", "input", "random", "helpers"),
    "modules": ("patched modules",),
    "built-ins": ("builtins",),
    "given cells": ("objects that given cells make",),
    "others": ("after a test that is not isolated", "a point for everybody", "not isolated"),
}
STUDENTS = ("reference", "other", "wrong", "stub")  # their answers: see `Exercise`; the stub is the release, untouched
KERNEL = {"display_name": "Python 3", "language": "python", "name": "python3"}


@dataclass(frozen=True)
class Exercise:
    """A solution, what stands locked before and after it, and a test of one point."""

    solution: str
    test: str
    wrong: str
    other: str = ""  # another right answer; empty: the solution
    given: str = ""
    before: str = ""

    def answer(self, student: str) -> str:
        return {"wrong": self.wrong, "other": self.other}.get(student, "") or self.solution


E = Exercise
COUNTED = "calls = 0\ndef counted(x):\n    global calls\n    calls += 1\n    return x"
POINT = "class Point:\n    def __init__(self, x, y):\n        self.x, self.y = x, y"
SHAPE = "class Shape:\n    def area(self):\n        raise NotImplementedError('area')\nclass Square(Shape):\n"
SHAPE += "    def __init__(self, a):\n        self.a = a\n    def area(self):\n        return self.a ** 2"
SQUARES = "def squares(n):\n    return [i ** 2 for i in range(1, n + 1)]"
USES_SQUARES = "def sum_of_squares(n):\n    return sum(squares(n))"
WITHOUT = "def sum_of_squares(n):\n    return n * (n + 1) * (2 * n + 1) // 6"

CATALOGUE: dict[str, dict[str, Exercise]] = {
    "values": {
        "number": E("answer = 42", "assert answer == 42", "answer = 41", "answer = 6 * 7"),
        "close": E("third = 1 / 3", "assert abs(third - 0.3333) < 1e-3", "third = 0.3", "third = 3 ** -1"),
        "text": E("name = 'ada'", "assert name.upper() == 'ADA'", "name = 'adam'", "name = 'a' + 'da'"),
        "type": E("count = 3", "assert isinstance(count, int) and count == 3", "count = 3.0", "count = len('abc')"),
        "list": E(
            "evens = [0, 2, 4]", "assert evens == [0, 2, 4]", "evens = (0, 2, 4)", "evens = list(range(0, 6, 2))"
        ),
        "set": E("letters = set('abba')", "assert letters == {'a', 'b'}", "letters = {'a'}", "letters = {'b', 'a'}"),
        "dict": E(
            "ages = {'ada': 36}", "assert ages['ada'] == 36 and len(ages) == 1", "ages = {}", "ages = dict(ada=36)"
        ),
        "none": E("nothing = None", "assert nothing is None", "nothing = 0"),
        "truth": E("flag = 3 > 2", "assert flag is True", "flag = 1", "flag = not False"),
        "complex": E("z = 3 + 4j", "assert abs(z) == 5", "z = 3 + 5j", "z = complex(3, 4)"),
        "bytes": E("raw = b'ab'", "assert raw.hex() == '6162'", "raw = b'ba'", "raw = 'ab'.encode()"),
        "nested": E("rows = [[1, 2], [3]]", "assert sum(map(sum, rows)) == 6", "rows = [[1], [2]]"),
        "range": E("steps = range(3)", "assert list(steps) == [0, 1, 2]", "steps = range(2)"),
        "counter": E(
            "from collections import Counter\ncounts = Counter('abb')",
            "assert counts.most_common(1) == [('b', 2)]",
            "counts = {'b': 2}",
        ),
        "defaultdict": E(
            "from collections import defaultdict\ngroups = defaultdict(list)\ngroups['a'].append(1)",
            "assert groups['a'] == [1] and groups['z'] == []",
            "groups = {'a': [1]}",
        ),
        "fraction": E("from fractions import Fraction\nhalf = Fraction(1, 2)", "assert half + half == 1", "half = 0.4"),
        "date": E(
            "import datetime\nday = datetime.date(2024, 2, 29)", "assert day.weekday() == 3", "day = '2024-02-29'"
        ),
        "enum": E(
            "import enum\nclass Color(enum.IntEnum):\n    RED = 1\nfavorite = Color.RED",
            "assert favorite == 1 and favorite.name == 'RED'",
            "favorite = 1",
        ),
        "str subclass": E(
            "class Word(str):\n    def loud(self):\n        return self.upper()\nword = Word('hi')",
            "assert word == 'hi' and word.loud() == 'HI' and len(word) == 2",
            "word = 'ho'",
        ),
        "dict subclass": E(
            "class Bag(dict):\n    def put(self, k):\n        self[k] = self.get(k, 0) + 1\nbag = Bag()",
            "bag.put('a')\nbag.put('a')\nassert bag == {'a': 2}",
            "class Bag(dict):\n    def put(self, k):\n        self[k] = 1\nbag = Bag()",
        ),
        "str enum": E(
            "class Suit(enum.StrEnum):\n    HEARTS = 'h'\nsuit = Suit.HEARTS",
            "assert suit == 'h' and isinstance(suit, Suit)",
            "class Suit(enum.StrEnum):\n    HEARTS = 'x'\nsuit = Suit.HEARTS",
        ),
        "user list": E(
            "import collections\nqueue = collections.UserList([1])\nqueue.append(2)",
            "assert queue == [1, 2]",
            "queue = [1]",
        ),
        "proxy": E(
            "import types\nfixed = types.MappingProxyType({'a': 1})",
            "assert fixed == {'a': 1} and fixed['a'] == 1",
            "fixed = {'a': 2}",
        ),
        "named tuple": E(
            "from typing import NamedTuple\nclass Pair(NamedTuple):\n    a: int\n    b: int\npair = Pair(1, 2)",
            "assert pair == (1, 2) and pair.b == 2",
            "pair = (1, 3)",
        ),
        "slices": E(
            "digits10 = list(range(10))",
            "assert digits10[::2] == [0, 2, 4, 6, 8] and digits10[-1] == 9",
            "digits10 = list(range(9))",
        ),
        "format": E("ratio = 2 / 3", "assert f'{ratio:.2f}' == '0.67'", "ratio = 0.5"),
        "matrix": E(
            "table2 = [[i * j for j in range(3)] for i in range(3)]",
            "assert table2[2][2] == 4 and all(len(r) == 3 for r in table2)",
            "table2 = [[0] * 3] * 3",
        ),
        "zip": E("pairs = list(zip('ab', [1, 2]))", "assert dict(pairs) == {'a': 1, 'b': 2}", "pairs = []"),
        "path": E(
            "import pathlib\nplace = pathlib.Path('a') / 'b'",
            "assert place.name == 'b' and str(place) == 'a/b'",
            "place = 'a'",
        ),
        "subclass": E(
            "class Stack(list):\n    pass\nstack = Stack([1, 2])",
            "assert stack == [1, 2] and len(stack) == 2",
            "stack = [1]",
            "stack = [1, 2]",
        ),
    },
    "functions": {
        "call": E(
            "def double(x):\n    return 2 * x",
            "assert double(4) == 8",
            "def double(x):\n    return x",
            "double = lambda x: x + x",
        ),
        "default": E(
            "def power(x, n=2):\n    return x ** n",
            "assert power(3) == 9 and power(2, n=3) == 8",
            "def power(x, n):\n    return x ** n",
        ),
        "star": E(
            "def total(*numbers, **more):\n    return sum(numbers) + sum(more.values())",
            "assert total(1, 2, a=3) == 6",
            "def total(*numbers):\n    return sum(numbers)",
        ),
        "raises": E(
            "def root(x):\n    if x < 0:\n        raise ValueError('negative')\n    return x ** 0.5",
            "try:\n    root(-1)\n    assert False, 'no error'\nexcept ValueError as error:\n"
            "    assert 'neg' in str(error)",
            "def root(x):\n    return x ** 0.5",
        ),
        "prints": E(
            "def greet(name):\n    print('Hello,', name)",
            "import io, contextlib\nout = io.StringIO()\nwith contextlib.redirect_stdout(out):\n"
            "    greet('Ada')\nassert out.getvalue() == 'Hello, Ada\\n'",
            "def greet(name):\n    return 'Hello, ' + name",
        ),
        "in place": E(
            "def grow(items):\n    items.append(0)",
            "box = [1]\ngrow(box)\nassert box == [1, 0]",
            "def grow(items):\n    return items + [0]",
            "def grow(items):\n    items += [0]",
        ),
        "generator": E(
            "def count(n):\n    for i in range(n):\n        yield i",
            "assert list(count(3)) == [0, 1, 2]",
            "def count(n):\n    return n",
            "def count(n):\n    return iter(range(n))",
        ),
        "higher": E(
            "def twice(f):\n    return lambda x: f(f(x))",
            "assert twice(lambda x: x + 3)(1) == 7",
            "def twice(f):\n    return f",
        ),
        "recursive": E(
            "def fact(n):\n    return 1 if n < 2 else n * fact(n - 1)",
            "assert fact(5) == 120",
            "def fact(n):\n    return n",
        ),
        "decorator": E(
            "def loud(f):\n    def inner(*a):\n        return f(*a).upper()\n    return inner",
            "@loud\ndef hello(name):\n    return 'hi ' + name\nassert hello('ada') == 'HI ADA'",
            "def loud(f):\n    return f",
        ),
        "sort key": E(
            "def last(word):\n    return word[-1]",
            "assert sorted(['ab', 'ba'], key=last) == ['ba', 'ab']",
            "def last(word):\n    return word[0]",
        ),
        "tuple": E(
            "def both(x):\n    return x, -x", "a, b = both(2)\nassert a == 2 and b == -2", "def both(x):\n    return x"
        ),
        "context": E(
            "import contextlib\n@contextlib.contextmanager\ndef opened(log):\n    log.append('in')\n    yield 7\n"
            "    log.append('out')",
            "log = []\nwith opened(log) as seven:\n    assert seven == 7\nassert log == ['in', 'out']",
            "import contextlib\n@contextlib.contextmanager\ndef opened(log):\n    yield 7",
        ),
        "random argument": E(
            "def roll(generator):\n    return generator.randint(1, 6)",
            "import random\nassert roll(random.Random(1)) == random.Random(1).randint(1, 6)",
            "def roll(generator):\n    return 0",
        ),
    },
    "names": {
        "helper in a test": E(
            "def cube(x):\n    return x ** 3",
            "def check(x):\n    assert cube(x) == x * x * x\ncheck(2)",
            "def cube(x):\n    return x",
        ),
        "helper of a test before": E(
            "def fifth(x):\n    return x ** 5", "check(2)\nassert fifth(2) == 32", "def fifth(x):\n    return x"
        ),
        "imported function": E(
            "import math\ndef area(r):\n    return math.pi * r * r",
            "assert math.floor(area(1)) == 3",
            "def area(r):\n    return 3",
            "from math import pi\nimport math\ndef area(r):\n    return pi * r ** 2",
        ),
        "module alone": E("import statistics", "assert statistics.mean([1, 3]) == 2", "pass"),
        "from alone": E("from string import digits", "assert digits.startswith('012')", "pass"),
        "alias": E("import json as js", "assert js.loads('1') == 1", "import json"),
        "two of one": E(
            "from itertools import chain, repeat",
            "assert list(chain([1], repeat(2, 2))) == [1, 2, 2]",
            "from itertools import chain",
        ),
        "import in the test": E(
            "def words(s):\n    return s.split()",
            "import re\nassert words('a b') == re.findall('\\\\w', 'a b')",
            "def words(s):\n    return s",
        ),
        "own name of a builtin": E(
            "def maximum(values):\n    return max(values)",
            "list_ = [3, 1]\nassert maximum(list_) == 3",
            "def maximum(values):\n    return values[-1]",
        ),
        "given constant": E(
            "def tax(x):\n    return x * RATE",
            "assert tax(10) == 2.5",
            "def tax(x):\n    return x",
            given="RATE = 0.25",
        ),
        "locked call": E(
            "def inc(x):\n    return x + 1",
            "assert eleven == 11",
            "def inc(x):\n    return x",
            given="eleven = inc(10)",
        ),
        "deferred import": E(
            "import bisect\ndef place(xs, x):\n    return bisect.bisect(xs, x)",
            "assert place([1, 3], 2) == insert",
            "def place(xs, x):\n    return 0",
            given="insert = bisect.bisect([1, 3], 2)",
        ),
    },
    "helpers": {
        "deleted": E(
            f"{SQUARES}\n{USES_SQUARES}",
            "kept = squares\ndel squares\ntry:\n    sum_of_squares(1)\n    assert False\nexcept NameError:\n    pass\nfinally:\n    squares = kept",
            f"{SQUARES}\n{WITHOUT}",
        ),
        "replaced": E(
            "def tax_rate():\n    return 0.5\ndef taxed(x):\n    return x * tax_rate()",
            "from unittest.mock import patch\nwith patch('__main__.tax_rate', return_value=0.1) as rate:\n    assert abs(taxed(10) - 1) < 1e-9\n    rate.assert_called_once()",
            "def tax_rate():\n    return 0.5\ndef taxed(x):\n    return x * 0.5",
        ),
    },
    "after a test that is not isolated": {
        "not isolated": E(
            "import logging\ndef shout():\n    logging.getLogger('hw').warning('hey')",
            "import logging, unittest\ndef check(f, n, wanted):\n    assert f(n) == wanted\n"
            "with unittest.TestCase().assertLogs('hw') as logs:\n    shout()\nassert 'hey' in logs.output[0]",
            "def shout():\n    print('hey')",
        ),
        "its function": E("def half(x):\n    return x / 2", "check(half, 4, 2)", "def half(x):\n    return x"),
    },
    "not isolated": {
        "doctests": E(
            "def doubled(x):\n    '>>> doubled(2)\\n4'\n    return 2 * x",
            "import doctest\nassert doctest.testmod().failed == 0 and doubled.__doc__",
            "def doubled(x):\n    '>>> doubled(2)\\n5'\n    return 2 * x",
        ),
        "environment": E(
            "import os\ndef token():\n    return os.environ['TOKEN']",
            "import os\nfrom unittest.mock import patch\nwith patch.dict(os.environ, TOKEN='x'):\n    assert token() == 'x'",
            "def token():\n    return 'y'",
        ),
        "threads": E(
            "import threading\ndef parallel(f, n):\n    threads = [threading.Thread(target=f, args=(i,)) for i in range(n)]\n"
            "    for thread in threads:\n        thread.start()\n    for thread in threads:\n        thread.join()",
            "out = []\nparallel(out.append, 3)\nassert sorted(out) == [0, 1, 2]",
            "def parallel(f, n):\n    pass",
        ),
        "namespace": E(
            "from types import SimpleNamespace\nspace = SimpleNamespace(a=1)",
            "from types import SimpleNamespace\nassert space == SimpleNamespace(a=1)",
            "space = {'a': 1}",
        ),
    },
    "a point for everybody": {
        "no question": E("spare = 1", "assert 1 + 1 == 2", "spare = 2"),
    },
    "globals": {
        "read": E(
            "WIDTH = 1\ndef wide():\n    return WIDTH * 2", "WIDTH = 3\nassert wide() == 6", "def wide():\n    return 2"
        ),
        "counted": E(COUNTED, "calls = 0\ncounted(4)\nassert calls == 1", "calls = 0\ndef counted(x):\n    return x"),
        "changed": E(
            "config = {'k': 1}\ndef read():\n    return config['k']",
            "config['k'] = 5\nassert read() == 5",
            "config = {'k': 1}\ndef read():\n    return 1",
        ),
    },
    "builtins": {
        "forbidden": E(
            "def added(xs):\n    t = 0\n    for x in xs:\n        t += x\n    return t",
            "sum = None\nassert added([1, 2]) == 3",
            "def added(xs):\n    return sum(xs)",
        ),
    },
    "input": {
        "patched": E(
            "def ask():\n    return int(input('n? ')) + 1",
            "from unittest.mock import patch\nwith patch('builtins.input', side_effect=['4']):\n    assert ask() == 5",
            "def ask():\n    return 0",
        ),
        "replaced": E(
            "def ask_twice():\n    return input() + input()",
            "answers = iter('ab')\ninput = lambda *_: next(answers)\nassert ask_twice() == 'ab'",
            "def ask_twice():\n    return 'aa'",
        ),
    },
    "random": {
        "seed": E(
            "import random\ndef draw():\n    return random.random()",
            "import random\nrandom.seed(3)\nfirst = draw()\nrandom.seed(3)\nassert draw() == first == random.Random(3).random()",
            "import random\ndef draw():\n    return 0.5",
        ),
        "numpy": E(
            "import numpy as np\ndef noise(n):\n    return np.random.normal(size=n)",
            "np.random.seed(7)\na = noise(3)\nnp.random.seed(7)\nassert np.allclose(a, np.random.normal(size=3))",
            "import numpy as np\ndef noise(n):\n    return np.zeros(n)",
        ),
        "shape": E(
            "import numpy as np\ndef uniform(n):\n    return np.random.rand(n)",
            "assert uniform(4).shape == (4,) and (uniform(4) < 1).all()",
            "def uniform(n):\n    return np.ones(n)",
        ),
    },
    "classes": {
        "attributes": E(
            POINT,
            "p = Point(1, 2)\nassert (p.x, p.y) == (1, 2)",
            "class Point:\n    def __init__(self, x, y):\n        self.x = x",
        ),
        "method": E(
            "class Account:\n    def __init__(self):\n        self.total = 0\n    def add(self, n):\n        self.total += n",
            "a = Account()\na.add(3)\na.add(4)\nassert a.total == 7",
            "class Account:\n    total = 0\n    def add(self, n):\n        pass",
        ),
        "operators": E(
            "class Vec:\n    def __init__(self, x):\n        self.x = x\n    def __add__(self, o):\n        return Vec(self.x + o.x)\n"
            "    def __eq__(self, o):\n        return self.x == o.x\n    def __repr__(self):\n        return f'Vec({self.x})'",
            "assert Vec(1) + Vec(2) == Vec(3) and repr(Vec(4)) == 'Vec(4)'",
            "class Vec:\n    def __init__(self, x):\n        self.x = x",
        ),
        "subclass of their own": E(
            SHAPE,
            "assert issubclass(Square, Shape) and Square(3).area() == 9",
            SHAPE.replace("Square(Shape)", "Square"),
        ),
        "isinstance": E(
            "class Dog:\n    pass\ndef adopt():\n    return Dog()",
            "assert isinstance(adopt(), Dog)",
            "class Dog:\n    pass\ndef adopt():\n    return None",
        ),
        "dataclass": E(
            "import dataclasses\n@dataclasses.dataclass\nclass Book:\n    title: str\n    pages: int = 0",
            "assert Book('a') == Book('a', 0) and Book('a', 1) != Book('a')",
            "class Book:\n    def __init__(self, title, pages=0):\n        self.title = title",
        ),
        "iteration": E(
            "class Deck:\n    def __init__(self):\n        self.cards = [1, 2]\n    def __len__(self):\n        return 2\n"
            "    def __getitem__(self, i):\n        return self.cards[i]\n    def __iter__(self):\n        return iter(self.cards)",
            "d = Deck()\nassert len(d) == 2 and d[0] == 1 and list(d) == [1, 2] and 2 in d",
            "class Deck:\n    def __len__(self):\n        return 2",
        ),
        "property": E(
            "class Circle:\n    def __init__(self, r):\n        self.r = r\n    @property\n    def d(self):\n        return 2 * self.r",
            "c = Circle(2)\nc.r = 3\nassert c.d == 6",
            "class Circle:\n    def __init__(self, r):\n        self.r = r\n        self.d = 4",
        ),
        "type is": E("class Cat:\n    pass", "assert type(Cat()) is Cat", "def Cat():\n    return {}"),
        "own exception": E(
            "class TooBig(ValueError):\n    pass\ndef fits(x):\n    if x > 9:\n        raise TooBig(x)\n    return True",
            "try:\n    fits(10)\n    assert False\nexcept TooBig as error:\n    assert error.args == (10,)\nassert fits(1)",
            "class TooBig(ValueError):\n    pass\ndef fits(x):\n    return True",
        ),
        "bases": E(
            SHAPE.replace("Shape", "Form").replace("Square", "Box"),
            "assert Box.__bases__ == (Form,) and Box.__mro__[1] is Form",
            "class Form:\n    pass\nclass Box:\n    pass",
        ),
        "class name": E(
            "class Robot:\n    def say(self):\n        return type(self).__name__",
            "r = Robot()\nassert type(r).__name__ == r.say() == 'Robot' and r.__class__.__name__ == 'Robot'",
            "class Robot:\n    def say(self):\n        return 'robot'",
        ),
        "special method": E(
            "class Money:\n    def __init__(self, n):\n        self.n = n\n    def __str__(self):\n        return f'{self.n} rubles'",
            "assert Money.__str__ is not object.__str__ and str(Money(3)) == '3 rubles' and '__str__' in vars(Money)",
            "class Money:\n    def __init__(self, n):\n        self.n = n",
        ),
        "derived in a test": E(
            "import abc\nclass Base(abc.ABC):\n    @abc.abstractmethod\n    def cost(self): ...\n    def twice(self):\n        return 2 * self.cost()",
            "class Ticket(Base):\n    def __init__(self, n):\n        super().__init__()\n        self.n = n\n    def cost(self):\n        return self.n\n"
            "assert Ticket(4).twice() == 8 and issubclass(Ticket, Base)\ntry:\n    Base()\n    assert False\nexcept TypeError:\n    pass",
            "class Base:\n    def twice(self):\n        return 8",
        ),
        "fields": E(
            "import dataclasses\n@dataclasses.dataclass\nclass Song:\n    name: str\n    year: int",
            "assert dataclasses.is_dataclass(Song) and dataclasses.asdict(Song('a', 1)) == {'name': 'a', 'year': 1}",
            "class Song:\n    def __init__(self, name, year):\n        self.name, self.year = name, year",
        ),
        "attribute of an exception": E(
            "class Short(Exception):\n    def __init__(self, lacking):\n        super().__init__('short')\n        self.lacking = lacking\ndef pay():\n    raise Short(5)",
            "try:\n    pay()\n    assert False\nexcept Short as error:\n    assert error.lacking == 5",
            "class Short(Exception):\n    pass\ndef pay():\n    raise Short(5)",
        ),
        "class and static methods": E(
            "class Temp:\n    def __init__(self, c):\n        self.c = c\n    @classmethod\n    def from_f(cls, f):\n        return cls((f - 32) / 1.8)\n"
            "    @staticmethod\n    def hot(c):\n        return c > 30",
            "assert round(Temp.from_f(212).c) == 100 and Temp.hot(31) and isinstance(Temp.from_f(0), Temp)",
            "class Temp:\n    def __init__(self, c):\n        self.c = c",
        ),
        "members": E(
            "class Kit:\n    size = 1\n    def use(self):\n        pass",
            "import inspect\nassert 'use' in dir(Kit) and inspect.isclass(Kit) and inspect.isfunction(Kit.use) and inspect.ismethod(Kit().use)",
            "class Kit:\n    use = 1",
        ),
        "awaited": E(
            "import asyncio\nasync def later(x):\n    await asyncio.sleep(0)\n    return x + 1",
            "assert await later(1) == 2",
            "async def later(x):\n    return x",
            "async def later(x):\n    return 1 + x",
        ),
        "copied": E(
            "class Bag:\n    def __init__(self):\n        self.items = []",
            "import copy\nb = Bag()\nc = copy.copy(b)\nassert c.items == []",
            "class Bag:\n    pass",
        ),
    },
    "introspection": {
        "doc": E(
            "def documented():\n    'It says so.'",
            "assert documented.__doc__ == 'It says so.'",
            "def documented():\n    pass",
        ),
        "name": E("def called_so():\n    pass", "assert called_so.__name__ == 'called_so'", "called_so = lambda: None"),
        "callable": E("def can():\n    pass", "assert callable(can)", "can = 3"),
        "signature": E(
            "def taking(a, b=2):\n    pass",
            "import inspect\nassert list(inspect.signature(taking).parameters) == ['a', 'b']",
            "def taking(a):\n    pass",
        ),
        "source": E(
            "def looped(xs):\n    for x in xs:\n        pass",
            "import inspect\nassert 'for' in inspect.getsource(looped)",
            "def looped(xs):\n    return list(map(len, xs))",
        ),
        "is function": E("def plain():\n    pass", "import inspect\nassert inspect.isfunction(plain)", "plain = 3"),
        "is generator": E(
            "def lazily():\n    yield 1",
            "import inspect\nassert inspect.isgeneratorfunction(lazily)",
            "def lazily():\n    return [1]",
        ),
        "code": E("def small(a):\n    return a", "assert small.__code__.co_argcount == 1", "def small():\n    pass"),
        "annotations": E(
            "def typed(a: int) -> str:\n    return str(a)",
            "assert typed.__annotations__ == {'a': int, 'return': str}",
            "def typed(a):\n    return str(a)",
        ),
        "hasattr": E(
            "class Has:\n    here = 1",
            "assert hasattr(Has, 'here') and not hasattr(Has, 'there')",
            "class Has:\n    pass",
        ),
    },
    "files": {
        "written by a function": E(
            "def save(path):\n    with open(path, 'w') as file:\n        file.write('7')",
            "save('seven.txt')\nassert open('seven.txt').read() == '7'",
            "def save(path):\n    open(path, 'w').close()",
        ),
        "written by a cell": E(
            "with open('new.txt', 'w') as file:\n    file.write('2')",
            "assert open('new.txt').read() == '2'",
            "with open('new.txt', 'w') as file:\n    file.write('3')",
        ),
        "read by a function": E(
            "def load(path):\n    return open(path).read()",
            "open('given.txt', 'w').write('x')\nassert load('given.txt') == 'x'",
            "def load(path):\n    return ''",
        ),
    },
    "numpy": {
        "array": E(
            "import numpy as np\nv = np.arange(3)",
            "assert v.shape == (3,) and np.array_equal(v, [0, 1, 2])",
            "v = [0, 1, 2]",
        ),
        "function": E(
            "def scale(a):\n    return a / a.max()",
            "assert np.allclose(scale(np.array([1.0, 2.0])), [0.5, 1])",
            "def scale(a):\n    return a",
        ),
        "testing": E(
            "def flip(a):\n    return a[::-1]",
            "np.testing.assert_array_equal(flip(np.arange(3)), [2, 1, 0])",
            "def flip(a):\n    return a",
        ),
        "dtype": E("counts8 = np.zeros(2, dtype='uint8')", "assert counts8.dtype == np.uint8", "counts8 = np.zeros(2)"),
        "in place": E(
            "def clear(a):\n    a[:] = 0",
            "grid = np.ones(3)\nclear(grid)\nassert not grid.any()",
            "def clear(a):\n    a = 0",
        ),
        "vectorize": E(
            "def step(x):\n    return 1.0 if x > 0 else 0.0",
            "assert np.vectorize(step)([-1, 2]).tolist() == [0, 1]",
            "def step(x):\n    return 0.0",
        ),
        "matrix": E(
            "def solve(a, b):\n    return np.linalg.solve(a, b)",
            "assert np.allclose(solve(np.eye(2) * 2, np.ones(2)), 0.5)",
            "def solve(a, b):\n    return b",
        ),
    },
    "pandas": {
        "frame": E(
            "import pandas as pd\ntable = pd.DataFrame({'a': [1, 2]})",
            "assert table['a'].sum() == 3 and list(table.columns) == ['a']",
            "import pandas as pd\ntable = pd.DataFrame({'a': [1]})",
        ),
        "function": E(
            "def top(df):\n    return df[df['a'] > 1]",
            "assert len(top(pd.DataFrame({'a': [1, 2, 3]}))) == 2",
            "def top(df):\n    return df",
        ),
        "groupby": E(
            "def by(df):\n    return df.groupby('k')['v'].mean()",
            "pd.testing.assert_series_equal(by(pd.DataFrame({'k': list('aab'), 'v': [1, 3, 5]})),\n"
            "    pd.Series([2.0, 5.0], index=pd.Index(['a', 'b'], name='k'), name='v'))",
            "def by(df):\n    return df['v']",
        ),
        "two keys": E(
            "def by2(df):\n    return df.groupby(['k', 'l']).sum()",
            "got = by2(pd.DataFrame({'k': list('aa'), 'l': [1, 1], 'v': [1, 3]}))\nassert got.loc[('a', 1), 'v'] == 4",
            "def by2(df):\n    return df",
        ),
        "apply": E(
            "def tidy(s):\n    return s.strip()",
            "assert pd.Series([' a']).apply(tidy).tolist() == ['a']",
            "def tidy(s):\n    return s",
        ),
    },
    "plots": {
        "axes": E(
            "import matplotlib.pyplot as plt\ndef draw(ax):\n    ax.plot([0, 1], [0, 1])\n    ax.set_title('line')",
            "fig, ax = plt.subplots()\ndraw(ax)\nassert ax.get_title() == 'line' and len(ax.lines) == 1",
            "import matplotlib.pyplot as plt\ndef draw(ax):\n    pass",
        ),
        "current": E(
            "def sketch(xs):\n    plt.plot(xs)\n    plt.xlabel('t')",
            "sketch([1, 2])\nax = plt.gca()\nassert ax.get_xlabel() == 't' and list(ax.lines[0].get_ydata()) == [1, 2]\n"
            "plt.close('all')",
            "def sketch(xs):\n    plt.plot(xs)",
            "def sketch(xs):\n    fig, ax = plt.subplots()\n    ax.plot(xs)\n    ax.set(xlabel='t')",
        ),
        "axes in a list": E(
            "def bars(axes, counts):\n    for ax, n in zip(axes, counts):\n        ax.bar(range(n), range(n))",
            "fig, axes = plt.subplots(1, 2)\nbars(axes, [2, 3])\nassert [len(ax.patches) for ax in axes] == [2, 3]\nplt.close(fig)",
            "def bars(axes, counts):\n    pass",
        ),
        "returned": E(
            "def made():\n    fig, ax = plt.subplots()\n    ax.scatter([1], [2])\n    return ax",
            "import matplotlib.axes\nax = made()\nassert isinstance(ax, matplotlib.axes.Axes) and len(ax.collections) == 1",
            "def made():\n    return None",
        ),
        "after a cell": E(
            "plt.figure()\nplt.plot([1, 2])\nplt.xlabel('t')",
            "assert plt.gca().get_xlabel() == 't'",
            "plt.figure()\nplt.plot([1, 2])",
        ),
    },
    "looked up": {
        "in globals": E(
            "total = 3", "assert 'total' in globals(), 'define total'\nassert globals()['total'] == 3", "pass"
        ),
        "in dir": E("tot2 = 3", "assert 'tot2' in dir()\nassert eval('tot2') == 3", "pass"),
        "locals": E("tot5 = 3", "assert locals()['tot5'] == 3", "pass"),
        "loop of names": E(
            "a1 = 1\nb1 = 2",
            "for name, want in [('a1', 1), ('b1', 2)]:\n    assert name in globals() and globals()[name] == want",
            "a1 = 1",
        ),
        "eval": E("k1 = 5", "assert eval('k1 + 1') == 6", "k1 = 4"),
        "exec": E("def sq(x):\n    return x*x", "exec('r = sq(3)')\nassert r == 9", "def sq(x):\n    return x"),
        "main module": E("mm = 4", "import __main__\nassert __main__.mm == 4", "mm = 5"),
        "get_ipython": E("tot4 = 3", "assert get_ipython().user_ns['tot4'] == 3", "pass"),
    },
    "kept objects": {
        "ident": E(
            "def same(x):\n    return x", "big = [1]\nassert same(big) is big", "def same(x):\n    return list(x)"
        ),
        "alias": E(
            "def pair(x):\n    return [x, x]",
            "p = pair([1])\nassert p[0] is p[1]",
            "def pair(x):\n    return [list(x), list(x)]",
        ),
        "return self": E(
            "class Chain:\n    def __init__(self):\n        self.n = 0\n    def inc(self):\n        self.n += 1\n        return self",
            "c = Chain()\nassert c.inc().inc() is c and c.n == 2",
            "class Chain:\n    n = 2\n    def inc(self):\n        return Chain()",
        ),
        "retained": E(
            "class Keep:\n    def __init__(self, xs):\n        self.xs = xs\n    def add(self, x):\n        self.xs.append(x)",
            "xs = []\nk = Keep(xs)\nk.add(1)\nassert xs == [1]",
            "class Keep:\n    def __init__(self, xs):\n        self.xs = list(xs)\n    def add(self, x):\n        self.xs.append(x)",
        ),
        "given later changed": E(
            "class Hold:\n    def __init__(self, xs):\n        self.xs = xs\n    def n(self):\n        return len(self.xs)",
            "xs = []\nh = Hold(xs)\nxs.append(1)\nassert h.n() == 1",
            "class Hold:\n    def __init__(self, xs):\n        self.xs = list(xs)\n    def n(self):\n        return len(self.xs)",
        ),
        "independent copy": E(
            "class Own:\n    def __init__(self, xs):\n        self.xs = list(xs)",
            "xs = [1]\no = Own(xs)\nxs.append(2)\nassert o.xs == [1]",
            "class Own:\n    def __init__(self, xs):\n        self.xs = xs",
        ),
        "attr list": E(
            "class Bin:\n    def __init__(self):\n        self.items = []\n    def add(self, x):\n        self.items.append(x)",
            "b = Bin()\nb.add(1)\nb.items.append(2)\nassert b.items == [1, 2]",
            "class Bin:\n    items = (1, 2)\n    def add(self, x):\n        pass",
        ),
        "global list": E(
            "log1 = []\ndef put(x):\n    log1.append(x)",
            "log1.clear()\nput(3)\nassert log1 == [3]",
            "log1 = []\ndef put(x):\n    pass",
        ),
        "default arg": E(
            "def app(x, to=None):\n    to = [] if to is None else to\n    to.append(x)\n    return to",
            "assert app(1) == [1] and app(2) == [2]",
            "def app(x, to=[]):\n    to.append(x)\n    return to",
        ),
        "memo": E(
            "memo = {}\ndef fm(n):\n    if n not in memo:\n        memo[n] = n * 2\n    return memo[n]",
            "memo.clear()\nfm(4)\nassert memo == {4: 8}",
            "def fm(n):\n    return n * 2",
        ),
        "closure": E(
            "def counter():\n    n = 0\n    def inc():\n        nonlocal n\n        n += 1\n        return n\n    return inc",
            "c = counter()\nc()\nassert c() == 2 and counter()() == 1",
            "def counter():\n    return lambda: 1",
        ),
    },
    "more values": {
        "keys": E(
            "def ks(d):\n    return set(d)",
            "assert ks({'a': 1}) == {'a'}",
            "def ks(d):\n    return ['a']",
            "def ks(d):\n    return d.keys()",
        ),
        "values": E(
            "def vs(d):\n    return d.values()",
            "assert list(vs({'a': 1})) == [1] and sum(vs({'a': 2})) == 2",
            "def vs(d):\n    return d.keys()",
        ),
        "items": E(
            "def its(d):\n    return d.items()",
            "assert its({'a': 1}) == {('a', 1)} and dict(its({'a': 1})) == {'a': 1}",
            "def its(d):\n    return list(d)",
        ),
        "time": E(
            "import datetime\nt1 = datetime.time(12, 30)",
            "assert t1 == datetime.time(12, 30) and t1.hour == 12",
            "t1 = '12:30'",
        ),
        "aware": E(
            "import datetime\nd1 = datetime.datetime(2024, 1, 1, tzinfo=datetime.timezone.utc)",
            "assert d1.utcoffset().total_seconds() == 0 and d1.tzinfo is not None",
            "d1 = datetime.datetime(2024,1,1)",
        ),
        "uuid": E("import uuid\nu1 = uuid.UUID(int=5)", "assert u1.int == 5 and u1 == uuid.UUID(int=5)", "u1 = 5"),
        "array": E(
            "import array\nar1 = array.array('i', [1, 2])",
            "assert list(ar1) == [1, 2] and ar1[0] == 1 and ar1.typecode == 'i'",
            "ar1 = [1, 2]",
        ),
        "regex": E(
            "import re\ndef m1(s):\n    return re.match(r'(\\w+)', s)",
            "assert m1('ab c').group(1) == 'ab'",
            "def m1(s):\n    return s",
        ),
        "pattern": E(
            "import re\npat1 = re.compile('a+')",
            "assert pat1.match('aa') and not pat1.match('b') and pat1.pattern == 'a+'",
            "pat1 = 'a+'",
        ),
        "map": E(
            "def mp(xs):\n    return map(str, xs)",
            "assert list(mp([1, 2])) == ['1', '2']",
            "def mp(xs):\n    return xs",
            "def mp(xs):\n    return [str(x) for x in xs]",
        ),
        "zip star": E(
            "def un(ps):\n    return zip(*ps)",
            "a, b = un([(1, 2), (3, 4)])\nassert a == (1, 3) and b == (2, 4)",
            "def un(ps):\n    return ps",
        ),
        "nan": E("nan1 = float('nan')", "import math\nassert math.isnan(nan1)", "nan1 = 0"),
    },
    "subclasses of data": {
        "int subclass": E(
            "def cnt(): return 3",
            "assert cnt() + 1 == 4 and cnt() - 1 == 2 and 10 % cnt() == 1",
            "def cnt(): return 2",
            "class I(int): pass\ndef cnt(): return I(3)",
        ),
        "list subclass": E(
            "def lst(): return [3, 1]",
            "assert sorted(lst()) == [1, 3] and lst() + [1] == [3, 1, 1] and lst().count(3) == 1 and lst()[0] == 3 and len(lst()) == 2",
            "def lst(): return (3,1)",
            "class L(list): pass\ndef lst(): return L([3,1])",
        ),
        "str subclass": E(
            "def st(): return 'ab'",
            "assert st().upper() == 'AB' and st() + 'c' == 'abc' and 'x' + st() == 'xab' and f'{st()}' == 'ab'",
            "def st(): return b'ab'",
            "class S(str): pass\ndef st(): return S('ab')",
        ),
    },
    "generators": {
        "next": E(
            "def evens():\n    n = 0\n    while True:\n        yield n\n        n += 2",
            "g = evens()\nassert [next(g) for _ in range(3)] == [0, 2, 4]",
            "def evens():\n    return iter([0])",
        ),
        "islice": E(
            "def nat():\n    n = 0\n    while True:\n        yield n\n        n += 1",
            "from itertools import islice\nassert list(islice(nat(), 3)) == [0, 1, 2]",
            "def nat():\n    yield 1",
        ),
        "send": E(
            "def echo():\n    x = yield\n    while True:\n        x = yield x",
            "e = echo()\nnext(e)\nassert e.send(3) == 3",
            "def echo():\n    yield 1",
        ),
        "generator close": E(
            "def gc1(log):\n    try:\n        yield 1\n    finally:\n        log.append('closed')",
            "log = []\ng = gc1(log)\nnext(g)\ng.close()\nassert log == ['closed']",
            "def gc1(log): yield 1",
        ),
        "yield from": E(
            "def flat(x):\n    for i in x:\n        if isinstance(i, list): yield from flat(i)\n        else: yield i",
            "assert list(flat([1, [2, [3]]])) == [1, 2, 3]",
            "def flat(x): return x",
        ),
    },
    "more classes": {
        "sorted objs": E(
            "class P:\n    def __init__(self, a):\n        self.a = a\n    def __lt__(self, o):\n        return self.a < o.a",
            "ps = sorted([P(2), P(1)])\nassert [p.a for p in ps] == [1, 2] and max(ps).a == 2",
            "class P:\n    def __init__(self, a):\n        self.a = a",
        ),
        "hash eq": E(
            "class K:\n    def __init__(self, a):\n        self.a = a\n    def __eq__(self, o):\n        return self.a == o.a\n    def __hash__(self):\n        return hash(self.a)",
            "assert len({K(1), K(1), K(2)}) == 2 and {K(1): 'x'}[K(1)] == 'x' and hash(K(3)) == hash(3)",
            "class K:\n    def __init__(self, a):\n        self.a = a",
        ),
        "linked list": E(
            "class Nd:\n    def __init__(self, v, n=None):\n        self.v, self.next = v, n\ndef rev(h):\n    p = None\n    while h:\n        h.next, p, h = p, h, h.next\n    return p",
            "h = rev(Nd(1, Nd(2, Nd(3))))\nout = []\nwhile h:\n    out.append(h.v)\n    h = h.next\nassert out == [3, 2, 1]",
            "class Nd:\n    def __init__(self, v, n=None):\n        self.v, self.next = v, n\ndef rev(h):\n    return h",
        ),
        "operators all": E(
            "class V:\n    def __init__(self, x):\n        self.x = x\n    def __mul__(self, k):\n        return V(self.x * k)\n    __rmul__ = __mul__\n    def __neg__(self):\n        return V(-self.x)\n    def __bool__(self):\n        return self.x != 0\n    def __call__(self, y):\n        return self.x + y\n    def __contains__(self, y):\n        return y == self.x\n    def __abs__(self):\n        return abs(self.x)\n    def __getattr__(self, n):\n        if n == 'magic':\n            return 42\n        raise AttributeError(n)",
            "v = V(3)\nassert (2 * v).x == (v * 2).x == 6 and (-v).x == -3 and v and not V(0) and v(1) == 4 and 3 in v and abs(V(-2)) == 2 and v.magic == 42",
            "class V:\n    def __init__(self, x):\n        self.x = x",
        ),
        "setter": E(
            "class T2:\n    def __init__(self):\n        self._c = 0\n    @property\n    def c(self):\n        return self._c\n    @c.setter\n    def c(self, v):\n        if v < -273:\n            raise ValueError('cold')\n        self._c = v",
            "t = T2()\nt.c = 5\nassert t.c == 5 and t._c == 5\ntry:\n    t.c = -300\n    assert False\nexcept ValueError:\n    pass",
            "class T2:\n    c = 0",
        ),
        "private": E(
            "class Pr:\n    def __init__(self):\n        self.__s = 1\n    def get(self):\n        return self.__s",
            "p = Pr()\nassert p.get() == 1 and not hasattr(p, '__s') and p._Pr__s == 1",
            "class Pr:\n    __s = 2\n    def get(self):\n        return 1",
        ),
        "class var": E(
            "class Cn:\n    count = 0\n    def __init__(self):\n        Cn.count += 1",
            "Cn.count = 0\nCn(); Cn()\nassert Cn.count == 2",
            "class Cn:\n    count = 2",
        ),
        "with file cm": E(
            "class Cm:\n    def __enter__(self):\n        self.on = True\n        return self\n    def __exit__(self, *a):\n        self.on = False\n        return False",
            "c = Cm()\nwith c as d:\n    assert d.on and d is c\nassert not c.on\ntry:\n    with Cm():\n        raise KeyError('k')\nexcept KeyError:\n    pass",
            "class Cm:\n    on = False",
        ),
        "iter protocol": E(
            "class It:\n    def __init__(self, n):\n        self.n = n\n        self.i = 0\n    def __iter__(self):\n        return self\n    def __next__(self):\n        if self.i >= self.n:\n            raise StopIteration\n        self.i += 1\n        return self.i",
            "assert list(It(3)) == [1, 2, 3] and sum(It(4)) == 10\ni = It(0)\ntry:\n    next(i)\n    assert False\nexcept StopIteration:\n    pass",
            "class It:\n    def __init__(self, n):\n        self.n = n",
        ),
        "matrix class": E(
            "class M:\n    def __init__(self, d): self.d = d\n    def __matmul__(self, o): return M([[sum(a*b for a, b in zip(r, c)) for c in zip(*o.d)] for r in self.d])\n    def __getitem__(self, ij): return self.d[ij[0]][ij[1]]\n    def __setitem__(self, ij, v): self.d[ij[0]][ij[1]] = v\n    def __eq__(self, o): return isinstance(o, M) and self.d == o.d\n    def __iadd__(self, o):\n        self.d = [[a+b for a, b in zip(r, s)] for r, s in zip(self.d, o.d)]\n        return self",
            "a = M([[1, 2], [3, 4]])\nb = a @ M([[1, 0], [0, 1]])\nassert b == a and b[1, 0] == 3\nb[0, 0] = 9\nassert b[0, 0] == 9\na += a\nassert a[1, 1] == 8",
            "class M:\n    def __init__(self, d): self.d = d",
        ),
        "total ordering": E(
            "import functools\n@functools.total_ordering\nclass Card:\n    def __init__(self, r): self.r = r\n    def __eq__(self, o): return self.r == o.r\n    def __lt__(self, o): return self.r < o.r",
            "assert Card(2) <= Card(3) and Card(4) > Card(1) and sorted([Card(3), Card(1)])[0].r == 1 and max(Card(1), Card(5)).r == 5",
            "class Card:\n    def __init__(self, r): self.r = r",
        ),
        "enum class": E(
            "import enum\nclass Col(enum.Enum):\n    RED = 1\n    BLUE = 2",
            "assert Col.RED.value == 1 and Col['BLUE'].name == 'BLUE' and len(Col) == 2 and [c.name for c in Col] == ['RED', 'BLUE'] and Col(2) is Col.BLUE and Col.RED in Col",
            "class Col: RED = 1",
        ),
        "frozen": E(
            "from dataclasses import dataclass, field, FrozenInstanceError\n@dataclass(frozen=True, order=True)\nclass Fz:\n    a: int\n    b: list = field(default_factory=list, compare=False)",
            "f = Fz(1)\ntry:\n    f.a = 2\n    assert False\nexcept Exception as e:\n    assert type(e).__name__ == 'FrozenInstanceError'\nassert Fz(1) < Fz(2) and hash(Fz(1)) == hash(Fz(1)) and Fz(1) == Fz(1, [3])",
            "class Fz:\n    def __init__(self, a): self.a = a",
        ),
        "slice obj": E(
            "class Sl:\n    def __getitem__(self, s): return (s.start, s.stop, s.step) if isinstance(s, slice) else s",
            "assert Sl()[1:5:2] == (1, 5, 2) and Sl()[3] == 3",
            "class Sl:\n    def __getitem__(self, s): return 3",
        ),
        "tree": E(
            "class T:\n    def __init__(self, v):\n        self.v = v; self.l = self.r = None\n    def insert(self, v):\n        side = 'l' if v < self.v else 'r'\n        k = getattr(self, side)\n        if k is None: setattr(self, side, T(v))\n        else: k.insert(v)\n    def __iter__(self):\n        if self.l: yield from self.l\n        yield self.v\n        if self.r: yield from self.r",
            "t = T(5)\nfor v in (3, 8, 1): t.insert(v)\nassert list(t) == [1, 3, 5, 8] and t.l.v == 3 and t.r.l is None and t.l.l.v == 1",
            "class T:\n    def __init__(self, v): self.v = v",
        ),
        "queue": E(
            "from collections import deque\nclass Q:\n    def __init__(self): self.q = deque()\n    def put(self, x): self.q.append(x)\n    def get(self): return self.q.popleft()\n    def __len__(self): return len(self.q)",
            "q = Q()\nfor i in range(3): q.put(i)\nassert q.get() == 0 and len(q) == 2 and list(q.q) == [1, 2]",
            "class Q:\n    def put(self, x): pass",
        ),
    },
    "more functions": {
        "partial": E(
            "from functools import partial\nadd5 = partial(lambda a, b: a + b, 5)", "assert add5(2) == 7", "add5 = 7"
        ),
        "lru": E(
            "from functools import lru_cache\n@lru_cache(maxsize=None)\ndef fb(n):\n    return n if n < 2 else fb(n-1) + fb(n-2)",
            "assert fb(30) == 832040\nassert fb.cache_info().hits > 0",
            "def fb(n):\n    return n",
        ),
        "recursion": E(
            "def depth(n):\n    return 0 if n == 0 else 1 + depth(n - 1)",
            "assert depth(500) == 500\ntry:\n    depth(10**6)\n    assert False\nexcept RecursionError:\n    pass",
            "def depth(n):\n    return n",
        ),
        "match": E(
            "def cls1(x):\n    match x:\n        case []:\n            return 'e'\n        case [a, *_]:\n            return a",
            "assert cls1([]) == 'e' and cls1([1, 2]) == 1",
            "def cls1(x):\n    return 'e'",
        ),
        "varargs": E(
            "def va(a, *args, k=1, **kw): return (a, args, k, kw)",
            "import inspect\nassert va(1, 2, 3, k=4, z=5) == (1, (2, 3), 4, {'z': 5})\nassert inspect.signature(va).parameters['k'].kind == inspect.Parameter.KEYWORD_ONLY and va.__kwdefaults__ == {'k': 1} and va.__code__.co_varnames[:1] == ('a',)",
            "def va(a): return a",
        ),
        "decor wraps": E(
            "import functools\ndef tw(f):\n    @functools.wraps(f)\n    def inner(*a):\n        inner.calls += 1\n        return f(*a)\n    inner.calls = 0\n    return inner",
            "@tw\ndef hi(x):\n    'doc'\n    return x\nhi(1)\nassert hi(2) == 2 and hi.calls == 2 and hi.__name__ == 'hi' and hi.__doc__ == 'doc'",
            "def tw(f): return f",
        ),
        "exc chain": E(
            "def ch():\n    try:\n        1/0\n    except ZeroDivisionError as e:\n        raise ValueError('bad') from e",
            "try:\n    ch()\n    assert False\nexcept ValueError as e:\n    assert isinstance(e.__cause__, ZeroDivisionError)",
            "def ch(): raise ValueError('bad')",
        ),
        "test imports": E(
            "class P:\n    def add(self, d):\n        self.d = copy(d)",
            "from copy import copy\np = P()\np.add([1])\nassert p.d == [1]",
            "class P:\n    pass",
        ),
        "test imports module": E(
            "def rt(x):\n    return math2.sqrt(x)",
            "import math as math2\nassert rt(4) == 2",
            "def rt(x):\n    return 1",
        ),
        "big int": E(
            "def fct(n):\n    r = 1\n    for i in range(2, n+1): r *= i\n    return r",
            "import math\nassert fct(100) == math.factorial(100)",
            "def fct(n): return 1",
        ),
    },
    "output": {
        "capsys": E(
            "def say():\n    print('a')\n    print('b')",
            "import io, sys\nold = sys.stdout\nsys.stdout = io.StringIO()\nsay()\nout = sys.stdout.getvalue()\nsys.stdout = old\nassert out.split() == ['a', 'b']",
            "def say():\n    print('a')",
        ),
        "capture magic": E(
            "def say2():\n    print('a')",
            "from IPython.utils.capture import capture_output\nwith capture_output() as cap:\n    say2()\nassert cap.stdout == 'a\\n'",
            "def say2():\n    pass",
        ),
        "stderr": E(
            "import sys\ndef warn():\n    print('w', file=sys.stderr)",
            "import io, contextlib\ne = io.StringIO()\nwith contextlib.redirect_stderr(e):\n    warn()\nassert e.getvalue() == 'w\\n'",
            "def warn():\n    print('w')",
        ),
        "warnings": E(
            "import warnings\ndef dep():\n    warnings.warn('old', DeprecationWarning)",
            "import warnings\nwith warnings.catch_warnings(record=True) as w:\n    warnings.simplefilter('always')\n    dep()\nassert len(w) == 1 and issubclass(w[0].category, DeprecationWarning)",
            "def dep():\n    pass",
        ),
    },
    "patched modules": {
        "mock time": E(
            "import time\ndef now(): return time.time()",
            "from unittest.mock import patch\nwith patch('time.time', return_value=5):\n    assert now() == 5",
            "def now(): return 4",
        ),
        "mock random": E(
            "import random\ndef flip(): return random.choice('HT')",
            "from unittest.mock import patch\nwith patch('random.choice', return_value='H'):\n    assert flip() == 'H'\nwith patch('random.choice', return_value='T'):\n    assert flip() == 'T'",
            "def flip(): return 'H'",
        ),
        "patch object": E(
            "class Svc:\n    def get(self): return 1\n    def twice(self): return 2 * self.get()",
            "from unittest.mock import patch\nwith patch.object(Svc, 'get', return_value=10):\n    assert Svc().twice() == 20",
            "class Svc:\n    def get(self): return 1\n    def twice(self): return 2",
        ),
        "mock arg": E(
            "def notify(sender, msg): sender.send(msg.upper())",
            "from unittest.mock import Mock\nm = Mock()\nnotify(m, 'a')\nm.send.assert_called_once_with('A')",
            "def notify(sender, msg): pass",
        ),
        "fake class": E(
            "def use(db): return db.get('k') + 1",
            "class Fake:\n    def __init__(self): self.seen = []\n    def get(self, k):\n        self.seen.append(k)\n        return 41\nf = Fake()\nassert use(f) == 42 and f.seen == ['k']",
            "def use(db): return 42",
        ),
        "print mock": E(
            "def pm(): print('x', 'y', sep='-')",
            "from unittest.mock import patch\nfrom io import StringIO\nwith patch('sys.stdout', new_callable=StringIO) as out:\n    pm()\nassert out.getvalue() == 'x-y\\n'",
            "def pm(): print('x')",
        ),
        "argv": E(
            "import sys\ndef first(): return sys.argv[1]",
            "import sys\nold = sys.argv\nsys.argv = ['x', 'y']\nassert first() == 'y'\nsys.argv = old",
            "def first(): return 'z'",
        ),
        "sleep": E(
            "import time\ndef wait(n):\n    time.sleep(n)\n    return n",
            "import time\nslept = []\nold = time.sleep\ntime.sleep = slept.append\nwait(100)\ntime.sleep = old\nassert slept == [100]",
            "def wait(n): return n",
        ),
    },
    "more files": {
        "cwd file": E(
            "import json\ndef dump(o, p):\n    with open(p, 'w') as f:\n        json.dump(o, f)",
            "import json, os, tempfile\nwith tempfile.TemporaryDirectory() as t:\n    p = os.path.join(t, 'a.json')\n    dump({'a': 1}, p)\n    assert json.load(open(p)) == {'a': 1}",
            "def dump(o, p):\n    pass",
        ),
    },
    "more introspection": {
        "ast of source": E(
            "def noloop(n):\n    return sum(range(n))",
            "import ast, inspect\ntree = ast.parse(inspect.getsource(noloop))\nassert not any(isinstance(x, (ast.For, ast.While)) for x in ast.walk(tree)) and noloop(4) == 6",
            "def noloop(n):\n    t = 0\n    for i in range(n):\n        t += i\n    return t",
        ),
    },
    "more arrays": {
        "matrix": E(
            "import numpy as np\ndef f(): return np.ones((2,2))",
            "import numpy as np\nassert f().shape == (2, 2) and np.allclose(f(), 1)",
            "def f(): return [[1,1],[1,1]]",
            "def f(): return np.matrix(np.ones((2,2)))",
        ),
        "array subclass": E(
            "def arr(): return np.arange(3)",
            "assert arr().shape == (3,) and (arr() - 1).tolist() == [-1, 0, 1] and arr().T.sum() == 3 and np.sin(arr()).size == 3",
            "def arr(): return [0,1,2]",
            "class A(np.ndarray): pass\ndef arr(): return np.arange(3).view(A)",
        ),
        "masked": E(
            "mk = np.ma.masked_less(np.array([1, -1, 3]), 0)",
            "assert mk.mean() == 2 and mk.mask.tolist() == [False, True, False]",
            "mk = np.array([1,-1,3])",
        ),
        "numpy int": E(
            "def ni(): return 5",
            "assert ni() == 5 and isinstance(ni(), (int, np.integer)) and str(ni()) == '5'",
            "def ni(): return 5.5",
            "def ni(): return np.int64(5)",
        ),
        "linked arrays": E(
            "def norm(a):\n    a -= a.mean()",
            "a = np.array([1.0, 3.0])\nnorm(a)\nassert a.tolist() == [-1, 1]\nb = a\nnorm(b)\nassert b is a",
            "def norm(a):\n    return a - a.mean()",
        ),
        "PIL": E(
            "from PIL import Image\nim = Image.new('L', (4, 3), 7)",
            "assert im.size == (4, 3) and im.mode == 'L' and np.array(im).sum() == 84",
            "im = Image.new('L', (4, 4), 7)",
        ),
    },
    "more tables": {
        "multi": E(
            "import pandas as pd\ndef mi(df): return df.set_index(['a', 'b'])",
            "df = pd.DataFrame({'a': [1, 1], 'b': [1, 2], 'c': [3, 4]})\nassert mi(df).loc[(1, 2), 'c'] == 4 and mi(df).index.names == ['a', 'b'] and list(df.columns) == ['a', 'b', 'c']",
            "def mi(df): return df",
        ),
        "multi cols": E(
            "def mc(df): return df.groupby('a').agg({'c': ['sum', 'mean']})",
            "r = mc(df)\nassert r[('c', 'sum')].iloc[0] == 7 and r.columns.nlevels == 2",
            "def mc(df): return df",
        ),
        "groupby obj": E(
            "gb = pd.DataFrame({'k': list('aab'), 'v': [1, 2, 3]}).groupby('k')",
            "assert gb['v'].sum().to_dict() == {'a': 3, 'b': 3} and gb.ngroups == 2",
            "gb = pd.DataFrame({'k': list('a')})",
        ),
        "inplace df": E(
            "def addc(df):\n    df['n'] = df['a'] * 2",
            "d2 = pd.DataFrame({'a': [1, 2]})\naddc(d2)\nassert list(d2['n']) == [2, 4]",
            "def addc(df): return df.assign(n=1)",
        ),
        "no mutate df": E(
            "def nom(df):\n    df = df.copy()\n    df['z'] = 1\n    return df",
            "d3 = pd.DataFrame({'a': [1]})\nr = nom(d3)\nassert 'z' not in d3 and 'z' in r",
            "def nom(df):\n    df['z'] = 1\n    return df",
        ),
        "dates": E(
            "def months(s): return pd.to_datetime(s).dt.month",
            "assert months(pd.Series(['2024-03-01', '2024-04-01'])).tolist() == [3, 4]",
            "def months(s): return s",
        ),
        "date index": E(
            "ts = pd.Series([1, 2, 3], index=pd.date_range('2024-01-01', periods=3, freq='D'))",
            "assert ts['2024-01-02'] == 2 and ts.index[0] == pd.Timestamp('2024-01-01') and ts.resample('2D').sum().iloc[0] == 3",
            "ts = pd.Series([1,2,3])",
        ),
        "period": E(
            "pe = pd.Period('2024-03', freq='M')",
            "assert pe.month == 3 and pe == pd.Period('2024-03', freq='M')",
            "pe = '2024-03'",
        ),
        "categorical": E(
            "ca = pd.Series(['a', 'b', 'a'], dtype='category')",
            "assert ca.dtype.name == 'category' and list(ca.cat.categories) == ['a', 'b']",
            "ca = pd.Series(['a', 'b', 'a'])",
        ),
        "cut": E(
            "def binned(s): return pd.cut(s, [0, 1, 2], labels=['lo', 'hi'])",
            "assert binned(pd.Series([0.5, 1.5])).tolist() == ['lo', 'hi']",
            "def binned(s): return s",
        ),
        "merge": E(
            "def mg(a, b): return a.merge(b, on='k')",
            "pd.testing.assert_frame_equal(mg(pd.DataFrame({'k': [1], 'x': [2]}), pd.DataFrame({'k': [1], 'y': [3]})), pd.DataFrame({'k': [1], 'x': [2], 'y': [3]}))",
            "def mg(a, b): return a",
        ),
        "pivot": E(
            "def pv(df): return df.pivot_table(index='a', columns='b', values='c')",
            "r = pv(pd.DataFrame({'a': [1, 1], 'b': ['x', 'y'], 'c': [1, 2]}))\nassert r.loc[1, 'y'] == 2 and r.columns.name == 'b'",
            "def pv(df): return df",
        ),
        "df apply": E(
            "def rowf(r): return r['a'] + r['b']",
            "assert pd.DataFrame({'a': [1], 'b': [2]}).apply(rowf, axis=1).tolist() == [3]",
            "def rowf(r): return 0",
        ),
    },
    "more plots": {
        "df plot": E(
            "import matplotlib.pyplot as plt\ndef dp(df): return df.plot(kind='bar')",
            "ax = dp(pd.DataFrame({'a': [1, 2]}))\nassert len(ax.patches) == 2 and ax.get_legend() is not None\nplt.close('all')",
            "def dp(df): return None",
        ),
        "hist": E(
            "def hs(x):\n    plt.hist(x, bins=5)\n    plt.title('h')",
            "hs([1, 2, 3])\nax = plt.gca()\nassert len(ax.patches) == 5 and ax.get_title() == 'h'\nplt.close()",
            "def hs(x): plt.title('h')",
        ),
        "fig size": E(
            "def fg():\n    return plt.figure(figsize=(3, 2))",
            "f = fg()\nassert tuple(f.get_size_inches()) == (3, 2) and len(f.axes) == 0\nplt.close(f)",
            "def fg(): return plt.figure()",
        ),
        "subplots n": E(
            "def sb():\n    fig, axs = plt.subplots(2, 2)\n    return fig, axs",
            "fig, axs = sb()\nassert axs.shape == (2, 2) and len(fig.axes) == 4\nplt.close('all')",
            "def sb(): return plt.subplots()",
        ),
        "line color": E(
            "def lc(ax): ax.plot([1, 2], color='red', label='r', linestyle='--'); ax.legend()",
            "fig, ax = plt.subplots()\nlc(ax)\nl = ax.get_lines()[0]\nassert l.get_color() == 'red' and l.get_linestyle() == '--' and ax.get_legend().get_texts()[0].get_text() == 'r'\nplt.close()",
            "def lc(ax): ax.plot([1, 2])",
        ),
        "savefig": E(
            "def sv(p):\n    plt.plot([1, 2])\n    plt.savefig(p)\n    plt.close()",
            "import os\nsv('a.png')\nassert os.path.getsize('a.png') > 100",
            "def sv(p): pass",
        ),
        "imshow": E(
            "def im(a):\n    return plt.imshow(a)",
            "import numpy as np\ni = im(np.eye(3))\nassert i.get_array().shape == (3, 3)\nplt.close()",
            "def im(a): return None",
        ),
    },
    "scikit-learn": {
        "sklearn": E(
            "from sklearn.linear_model import LinearRegression\ndef fit(X, y): return LinearRegression().fit(X, y)",
            "import numpy as np\nfrom sklearn.utils.validation import check_is_fitted\nm = fit(np.arange(4).reshape(-1, 1), np.arange(4) * 2)\nassert isinstance(m, LinearRegression) and abs(m.coef_[0] - 2) < 1e-9 and abs(m.predict([[5]])[0] - 10) < 1e-9 and m.score(np.array([[1], [2]]), [2, 4]) > 0.99",
            "def fit(X, y): return LinearRegression()",
        ),
        "own transformer": E(
            "import numpy as np\nfrom sklearn.base import BaseEstimator, TransformerMixin\n"
            "class Squares(BaseEstimator, TransformerMixin):\n    def fit(self, X, y=None):\n        return self\n"
            "    def transform(self, X):\n        return np.asarray(X) ** 2",
            "from sklearn.pipeline import make_pipeline\n"
            "both = make_pipeline(Squares(), LinearRegression()).fit([[1.0], [2.0], [3.0]], [1, 4, 9])\n"
            "assert abs(both.predict([[4.0]])[0] - 16) < 1e-9 and isinstance(Squares(), BaseEstimator)",
            "import numpy as np\nfrom sklearn.base import BaseEstimator, TransformerMixin\n"
            "class Squares(BaseEstimator, TransformerMixin):\n    def fit(self, X, y=None):\n        return self\n"
            "    def transform(self, X):\n        return np.asarray(X)",
        ),
        "own classifier": E(
            "from sklearn.base import ClassifierMixin\nclass Most(ClassifierMixin, BaseEstimator):\n    def fit(self, X, y):\n"
            "        self.classes_, counts = np.unique(y, return_counts=True)\n        self.most_ = self.classes_[counts.argmax()]\n"
            "        return self\n    def predict(self, X):\n        return np.full(len(X), self.most_)",
            "from sklearn.model_selection import cross_val_score\n"
            "found = cross_val_score(Most(), np.zeros((6, 1)), np.array([0, 0, 0, 0, 1, 1]), cv=2)\n"
            "assert np.allclose(found, 2 / 3)",
            "class Most(ClassifierMixin, BaseEstimator):\n    def fit(self, X, y):\n        self.classes_ = np.unique(y)\n"
            "        return self\n    def predict(self, X):\n        return np.ones(len(X), int)",
        ),
        "sk fitted": E(
            "def fit2(X, y): return LinearRegression().fit(X, y)",
            "from sklearn.utils.validation import check_is_fitted\ncheck_is_fitted(fit2([[1], [2]], [1, 2]))",
            "def fit2(X, y): return LinearRegression()",
        ),
        "sk pipe": E(
            "from sklearn.pipeline import make_pipeline\nfrom sklearn.preprocessing import StandardScaler\npipe = make_pipeline(StandardScaler(), LinearRegression())",
            "assert list(pipe.named_steps) == ['standardscaler', 'linearregression'] and isinstance(pipe.steps[0][1], StandardScaler)\npipe.fit([[1], [2], [3]], [1, 2, 3])\nassert abs(pipe.predict([[4]])[0] - 4) < 1e-9",
            "pipe = LinearRegression()",
        ),
        "sk cv": E(
            "model = LinearRegression()",
            "from sklearn.model_selection import cross_val_score\nimport numpy as np\nassert cross_val_score(model, np.arange(20).reshape(-1, 1), np.arange(20), cv=3).mean() > 0.9",
            "model = 3",
        ),
        "sk grid": E(
            "from sklearn.model_selection import GridSearchCV\nfrom sklearn.tree import DecisionTreeClassifier\ndef gs(X, y): return GridSearchCV(DecisionTreeClassifier(random_state=0), {'max_depth': [1, 2]}, cv=2).fit(X, y)",
            "g = gs([[0], [1], [0], [1]], [0, 1, 0, 1])\nassert g.best_params_ == {'max_depth': 1} and g.best_score_ == 1",
            "def gs(X, y): return None",
        ),
        "sk split": E(
            "from sklearn.model_selection import train_test_split\ndef sp2(X): return train_test_split(X, test_size=0.25, random_state=0)",
            "a, b = sp2(np.arange(8))\nassert len(a) == 6 and len(b) == 2 and set(a) | set(b) == set(range(8))",
            "def sp2(X): return X, X",
        ),
        "sk tree": E(
            "def tr(X, y): return DecisionTreeClassifier(max_depth=2, random_state=0).fit(X, y)",
            "t = tr([[0], [1]], [0, 1])\nassert t.get_depth() == 1 and t.tree_.node_count == 3 and t.classes_.tolist() == [0, 1] and t.get_params()['max_depth'] == 2",
            "def tr(X, y): return None",
        ),
    },
    "objects that given cells make": {
        "item": E(
            "last = boxes[-1]",
            "assert last is boxes[-1] and last is not boxes[0]",
            "last = boxes[0]",
            "last = boxes[len(boxes) - 1]",
            before="class Box:\n    pass\nboxes = [Box(), Box()]",
        ),
        "in an array": E(
            "corner = grid[1, 1]",
            "assert corner == grid.flatten()[-1]",
            "corner = grid[0, 0]",
            "corner = grid.ravel()[3]",
            before="import numpy as np\ngrid = np.array([[Box(), Box()], [Box(), Box()]], dtype=object)",
        ),
        "axes": E(
            "right = axes[1, 1]",
            "if right != axes.flatten()[-1]:\n    raise ValueError('not the lower right one')",
            "right = axes[0, 1]",
            "right = axes[-1][-1]",
            before="import matplotlib.pyplot as plt\nfigure, axes = plt.subplots(ncols=2, nrows=2)",
        ),
        "found in a dictionary": E(
            "def cheapest(shop):\n    return min(shop.values(), key=lambda one: one.price)",
            "assert cheapest(shop) is shop['pen'] and cheapest({'cup': shop['cup']}) is shop['cup']",
            "def cheapest(shop):\n    return max(shop.values(), key=lambda one: one.price)",
            "def cheapest(shop):\n    return sorted(shop.values(), key=lambda one: one.price)[0]",
            before="class Ware:\n    def __init__(self, price):\n        self.price = price\n"
            "shop = {'cup': Ware(5), 'pen': Ware(2)}",
        ),
        "made by a test": E(
            "class Lamp:\n    def __init__(self):\n        self.on = False\n"
            "    def press(self):\n        self.on = not self.on\n    def __repr__(self):\n        return f'Lamp({self.on})'",
            "lamp = Lamp()\nlamp.press()\nassert lamp.on",
            "class Lamp:\n    on = False\n    def press(self):\n        pass",
        ),
        "and shown by a given cell": E(
            "def label(lamp):\n    return 'on' if lamp.on else 'off'",
            "assert shown == repr(lamp) and label(lamp) == 'on'",
            "def label(lamp):\n    return 'off'",
            "def label(lamp):\n    return ['off', 'on'][bool(lamp.on)]",
            before="lamp",
            given="shown = repr(lamp)",
        ),
    },
    "SymPy": {
        "sympy": E(
            "import sympy\nx = sympy.symbols('x')\nex = sympy.diff(x**3, x)",
            "assert ex == 3*x**2 and sympy.simplify(ex - 3*x**2) == 0 and ex.subs(x, 2) == 12",
            "ex = x",
        ),
        "sympy fn": E(
            "def der(e, v): return sympy.diff(e, v)",
            "y = sympy.symbols('y')\nassert sympy.simplify(der(sympy.sin(y), y) - sympy.cos(y)) == 0",
            "def der(e, v): return e",
        ),
        "sympy solve": E("sol = sympy.solve(x**2 - 4, x)", "assert set(sol) == {2, -2}", "sol = [2]"),
        "sympy matrix": E(
            "Mx = sympy.Matrix([[1, x], [0, 2]])", "assert Mx.det() == 2 and Mx[0, 1] == x", "Mx = sympy.eye(2)"
        ),
        "sympy fun": E(
            "fs = sympy.Function('f')(x)\nod = sympy.dsolve(fs.diff(x) - fs)",
            "assert od.rhs.has(sympy.exp(x)) and od.lhs == fs",
            "fs = x\nod = x",
        ),
        "sympy assum": E(
            "p1 = sympy.symbols('p', positive=True)\nq1 = sympy.sqrt(p1**2)",
            "assert q1 == p1 and p1.is_positive",
            "p1 = sympy.symbols('p')\nq1 = sympy.sqrt(p1**2)",
        ),
        "sympy lambdify": E("lf = sympy.lambdify(x, x**2)", "assert lf(3) == 9", "lf = None"),
        "sympy rational": E(
            "ra = sympy.Rational(1, 3) + sympy.pi",
            "assert ra == sympy.pi + sympy.Rational(1, 3) and abs(float(ra) - 3.4749) < 1e-3",
            "ra = 3.4749",
        ),
        "sympy integral": E(
            "it = sympy.Integral(x, (x, 0, 1))",
            "assert it.doit() == sympy.Rational(1, 2) and isinstance(it, sympy.Integral)",
            "it = 0.5",
        ),
    },
}


def exercises(notebook: str) -> Iterator[tuple[str, str, str, Exercise]]:
    """Of a notebook: style, name, grade_id of the test, exercise."""
    for style in NOTEBOOKS[notebook]:
        for number, (name, exercise) in enumerate(CATALOGUE[style].items()):
            yield style, name, f"test_{style.replace(' ', '_')}_{number}", exercise


def make(folder: Path) -> None:
    """The course, released, with what STUDENTS handed in."""
    (folder / "source" / ASSIGNMENT).mkdir(parents=True)
    for notebook in NOTEBOOKS:
        nbformat.write(_notebook(notebook), folder / "source" / ASSIGNMENT / f"{notebook}.ipynb")
    add_config(folder)
    build.nbgrader(folder, "generate_assignment", ASSIGNMENT, "--create")
    for notebook in NOTEBOOKS:
        for student in STUDENTS:
            found = {test: exercise for _, _, test, exercise in exercises(notebook) if student != "stub"}
            answers = {f"answer_{test}": exercise.answer(student) for test, exercise in found.items()}
            hand_in(folder, student, ASSIGNMENT, notebook, **answers)


def _notebook(notebook: str) -> NotebookNode:
    cells = []
    for _, _, test, exercise in exercises(notebook):
        source = f"### BEGIN SOLUTION\n{exercise.solution}\n### END SOLUTION"
        if exercise.before:
            cells.append(marked_cell(new_code_cell, exercise.before, f"before_{test}", locked=True))
        cells.append(marked_cell(new_code_cell, source, f"answer_{test}", solution=True))
        if exercise.given:
            cells.append(marked_cell(new_code_cell, exercise.given, f"given_{test}", locked=True))
        cells.append(marked_cell(new_code_cell, exercise.test, test, grade=True, locked=True, points=1.0))
    return new_notebook(cells=cells, metadata={"kernelspec": KERNEL})
