"""What single statements read, bind and change."""

import pytest

from autograder.examiner.bindings import effects
from autograder.examiner.references import Effects
from autograder.examiner.statements import only, parse


def effect(source: str) -> Effects:
    cell = parse(source)
    assert cell is not None
    (one,) = effects(cell)
    return one


def words(text: str) -> set[str]:
    return set(text.split())


@pytest.mark.parametrize(
    ("source", "reads", "binds"),
    [
        ("x = a + b", "a b", "x"),
        ("x += a", "x a", "x"),
        ("x: int = a + 0", "int a", "x"),
        ("x: int", "int", ""),
        ("a, *b = f(c)", "f c", "a b"),
        ("del x", "x", "x"),
        ("print(x := y)", "print y", "x"),
        ("[last := i for i in xs]", "xs", "last"),
        ("sum(x for x in xs if x > low)", "sum xs low", ""),
        ("{k: v for k, v in pairs}", "pairs", ""),
        ("[y for x in xs for y in x]", "xs", ""),
        ("[x for x in x]", "x", ""),
        ("for i in range(n):\n    print(i)", "range n print", "i"),
        ("while q:\n    item = q.pop()", "q", "item"),
        ("with f() as g:\n    print(g)", "f print", "g"),
        ("try:\n    f()\nexcept E as e:\n    print(e)", "f E print", "e"),
        (
            "match p:\n    case [a, *b]: pass\n    case {'k': c, **d}: pass\n    case K(e) as g: pass",
            "p K",
            "a b c d e g",
        ),
        ("def f(a, b=c, *, d: T = e) -> R:\n    return g", "T R", "f"),
        ("@w\ndef f(): pass", "w", "f"),
        ("class C(B):\n    x = y\n    z = x + 1\n    def m(self): return u", "B", "C"),
        ("f(lambda a: a + b)", "f b", ""),
        ("if a:\n    x = 1\nelse:\n    x = 2\n    print(x)", "a print", "x"),
        ("if a:\n    x = 1\n    print(x)\nelse:\n    print(y)", "a print y", "x"),
        ("await f(x)", "f x", ""),
        ("async with f() as g:\n    pass", "f", "g"),
        ("f'{x!r:>{width}}'", "x width", ""),
        ("a.b[c].d = e + 1", "a c e", ""),
        ("x = a if b else c", "a b c", "x"),
        ("%time x = f(y)", "f y", "x"),
        ("x = %time f(y)", "f y", "x"),
        ("%timeit -n 10 x = f(y)", "f y", ""),
        ("%%time\nx = f(y)\nz = x + 1", "f y", "x z"),
        ("%%timeit a = b + 1\nx = f(a)", "b f", ""),
        ("%%capture out\nx = f(y)", "f y", "x out"),
        ("%%capture --no-stderr\n%time x = f(y)", "f y", "x"),
        ("%%bash\necho $x", "get_ipython", ""),
        ("%matplotlib inline", "get_ipython", ""),
        ("files = !ls", "get_ipython", "files"),
        ("x?", "get_ipython", ""),
    ],
)
def test_names_that_a_statement_reads_and_binds(source: str, reads: str, binds: str) -> None:
    found = effect(source)
    assert (found.now.reads, found.now.binds) == (words(reads), words(binds))


@pytest.mark.parametrize(
    ("source", "mentions", "reads"),
    [
        ("x = y", "y", ""),
        ("checks = [f, {'g': g}, (h, 1)]", "f g h", ""),
        ("def f(a=g, b=h()): pass", "g", "h"),
        ("f = lambda a=g: a", "g", ""),
        ("x = [*y]", "", "y"),
        ("x = y.z", "", "y"),
    ],
)
def test_names_that_are_only_given_on_are_mentioned(source: str, mentions: str, reads: str) -> None:
    found = effect(source)
    assert (found.mentions, found.now.reads) == (words(mentions), words(reads))


@pytest.mark.parametrize(
    ("source", "reads", "binds", "touched"),
    [
        ("def f(a):\n    b = a + c\n    return [b + d for d in e]", "c e", "", ""),
        ("def f():\n    global n\n    n += 1", "n", "n", ""),
        ("def f():\n    global np\n    import numpy as np", "", "np", ""),
        ("def f():\n    def g():\n        return h\n    return g", "h", "", ""),
        ("def f():\n    x = 1\n    def g():\n        nonlocal x\n        x = y\n    return g", "y", "", ""),
        ("def f():\n    seen.append(1)\n    own = []\n    own.append(2)", "seen", "", "seen"),
        ("def f(data):\n    data['k'] = table['k']\n    table['n'] = 0", "table", "", "table"),
        ("f = lambda x: x + y", "y", "", ""),
        ("fs = [lambda a: a + b, lambda b: a + b]", "a b", "", ""),
        (
            "class C:\n    k = 1\n    def m(self):\n        self.x = y\n        return k, super().m()",
            "y k super",
            "",
            "",
        ),
        ("class C:\n    def m(self, x):\n        x.append(z)\n    def n(self):\n        return x", "x z", "", ""),
    ],
)
def test_names_of_a_functions_body_come_later(source: str, reads: str, binds: str, touched: str) -> None:
    later = effect(source).later
    assert (later.reads, later.binds, later.changes | later.calls) == (words(reads), words(binds), words(touched))


@pytest.mark.parametrize(
    ("source", "changes", "calls"),
    [
        ("x[0] = 1", "x", ""),
        ("x.a[1].b += 1", "x", ""),
        ("del x[0], y.a", "x y", ""),
        ("for x.a in y: pass", "x", ""),
        ("xs.append(1)", "", "xs"),
        ("xs[0].children.sort()", "", "xs"),
        ("m.fit(x)", "", "m"),
        ("y.argmax(1) + s.lower().count('a') + d.get('k')", "", ""),
        ("y.reshape(-1)", "", ""),
        ("y.fill(0)", "", "y"),
        ("y.sort()", "", "y"),
        ("y.__setitem__(0, 1)", "", "y"),
        ("df.drop('a')", "", ""),
        ("df.drop('a', inplace=True)", "", "df"),
        ("[x.pop() for x in xs]", "", ""),
        ("f(x).y = 1", "", ""),
    ],
)
def test_what_changes_an_object(source: str, changes: str, calls: str) -> None:
    now = effect(source).now
    assert (now.changes, now.calls) == (words(changes), words(calls))


@pytest.mark.parametrize(
    ("source", "names", "modules"),
    [
        ("import a.b.c", "a", "a.b.c"),
        ("import a.b as x, d", "x d", "a.b d"),
        ("from a.b import c, d as e", "c e", "a.b"),
        ("from . import c", "c", ""),
        ("try:\n    import a\nexcept ImportError:\n    a = None", "a", "a"),
        ("if q:\n    from a import b", "b", "a"),
        ("def f():\n    import a\n    from b.c import d", "", "a b.c"),
        ("class C:\n    import a", "", "a"),
        ("%%time\nimport a", "a", "a"),
    ],
)
def test_what_import_statements_bind(source: str, names: str, modules: str) -> None:
    found = effect(source)
    assert (found.imports, found.modules) == (words(names), words(modules))


@pytest.mark.parametrize(
    ("source", "sure"),
    [
        ("if a:\n    x = y = 1\nelse:\n    x = 2", "x"),
        ("if a:\n    x = 1", ""),
        ("if a:\n    x = 1\nelse:\n    raise E", "x"),
        ("for i in xs:\n    y = i", "i"),
        ("while a:\n    x = 1", ""),
        ("try:\n    x = 1\nexcept E:\n    x = 2\n    y = 3", "x"),
        ("try:\n    x = 1\nexcept E:\n    raise", "x"),
        ("try:\n    x = 1\nexcept E:\n    pass\nfinally:\n    z = 2", "z"),
        ("with f() as g:\n    x = 1", "g x"),
        ("match a:\n    case 1: x = 1", ""),
        ("a and (x := 1)", ""),
        ("[x := 1 for _ in y]", ""),
        ("try:\n    f()\nexcept E as e:\n    e = 1\n    del e", ""),
        ("def f(): pass", "f"),
    ],
)
def test_what_is_bound_whichever_way_a_statement_goes(source: str, sure: str) -> None:
    assert effect(source).sure == words(sure)


@pytest.mark.parametrize("source", ["def f(:", "x = = 1", "return 1", "x\0y", "def f(a, a): pass"])
def test_what_can_not_run_is_not_parsed(source: str) -> None:
    assert parse(source) is None


@pytest.mark.parametrize(
    ("source", "kept", "expected"),
    [
        ("a = 1\nb = 2\nc", "101", "a = 1\n\nc\n"),
        ("a = 1; b = 2; c = 3", "101", "a = 1; c = 3\n"),
        ("a; b = 2", "10", "a; pass\n"),
        ("a\n\nb = [\n    1,\n]", "10", "a\n\n\n\npass\n"),
        ("@w\ndef f():\n    pass\nx = 'ä'; y = 1", "001", "\n\n\ny = 1\n"),
        ("# about\nx = (1,\n  2); y = 3\nz", "101", "# about\nx = (1,\n  2)\nz\n"),
        ("a\nb", "00", ""),
    ],
)
def test_left_out_statements_leave_blank_lines(source: str, kept: str, expected: str) -> None:
    cell = parse(source)
    assert cell is not None
    assert only(cell, [char == "1" for char in kept]) == expected
