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
    "data": ("values",),
    "code": ("functions", "names", "files"),
    "objects": ("classes", "introspection"),
    "libraries": ("numpy", "pandas", "plots"),
    "shared": ("globals", "input", "random", "helpers"),
    "built-ins": ("builtins",),
    "others": ("after a test that is not isolated", "a point for everybody"),
}
STUDENTS = ("reference", "other", "wrong", "stub")  # their answers: see `Exercise`; the stub is the release, untouched
KERNEL = {"display_name": "Python 3", "language": "python", "name": "python3"}


@dataclass(frozen=True)
class Exercise:
    """A solution, what stands locked after it, and a test of one point."""

    solution: str
    test: str
    wrong: str
    other: str = ""  # another right answer; empty: the solution
    given: str = ""

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
            "class Kept:\n    def __init__(self, items):\n        self.items = items\n    def add(self, item):\n        self.items.append(item)",
            "def check(f, n, wanted):\n    assert f(n) == wanted\nitems = []\nKept(items).add(1)\nassert items == [1]",
            "class Kept:\n    def __init__(self, items):\n        self.items = list(items)\n    def add(self, item):\n        self.items.append(item)",
        ),
        "its function": E("def half(x):\n    return x / 2", "check(half, 4, 2)", "def half(x):\n    return x"),
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
        cells.append(marked_cell(new_code_cell, source, f"answer_{test}", solution=True))
        if exercise.given:
            cells.append(marked_cell(new_code_cell, exercise.given, f"given_{test}", locked=True))
        cells.append(marked_cell(new_code_cell, exercise.test, test, grade=True, locked=True, points=1.0))
    return new_notebook(cells=cells, metadata={"kernelspec": KERNEL})
