"""What the text of a cell tells."""

import pytest

from autograder.notebooks.cell_text import bound_names, key


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("def f(x):\n    y = 1", {"f"}),
        ("async def f(): pass", {"f"}),
        ("class C(Base):\n    a = 1", {"C"}),
        ("a = b = 1", {"a", "b"}),
        ("a, (b, *c) = 1, (2, 3)", {"a", "b", "c"}),
        ("a: int = 1", {"a"}),
        ("a += 1", {"a"}),
        ("a <<= 1", {"a"}),
        ("a[0] = 1\nb.c = 2", {"a", "b"}),
        ("import os.path, sys as s", {"os", "s"}),
        ("from x import (y, z as w)  # q", {"y", "w"}),
        ("f(a=1)\na == 1\na != 1\na <= 1\na >= 1\nif a: b = 1", set()),
        ("# a = 1\n@decorated(a=1)\n%magic a=1\n    a = 1", set()),
        ('"""\na = 1\n"""\nb = """c\nd = 1"""\ne = 1', {"b", "e"}),
        ("температура = 1", {"температура"}),
    ],
)
def test_names_bound_at_the_top_level_are_seen(text: str, names: set[str]) -> None:
    assert bound_names(text) == names


def test_two_texts_that_say_the_same_have_the_same_key() -> None:
    assert key("\na  \n\nb\n\n") == key("a\n\nb") != key("a\nb")
