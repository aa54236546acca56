"""A cell's text as Python: what IPython makes of it, in less time."""

import catalogue
import nbformat
import pytest
from hypothesis import given
from hypothesis import strategies as st
from IPython.core.inputtransformer2 import TransformerManager
from repository import ROOT

from autograder.examiner.statements import parse, python_of

CELLS = [
    "x = 5 % 3\nassert x != 2",
    "x = (5\n%3)",
    "%time x = 1",
    "  %time x = 1",
    "if True:\n    %time x = 1",
    "x = %who_ls",
    "x =  \t!ls",
    "x = \\\n%who_ls",
    "!ls",
    "print?",
    "  print??",
    "x = '?'",
    "/print 1",
    ",print a b",
    ";print a b",
    "%%time\nx = 1",
    "\n\n%%capture out\nprint(1)",
    "%%bash\nls?",
    ">>> x = 1\n>>> %time x",
    "In [1]: x = 1\n   ...: y = 2",
    "In [3]: !ls",
    "\n\n  x = 1\n  y = 2",
    "x = 1;",
    "f(a,\n  b)",
    "s = '''\n%time\n!ls\n?'''",
    "# what is it?\nx = 1",
    "",
    "\n",
    "x = 1\r\n",
]


def as_ipython(source: str) -> str:
    return str(TransformerManager().transform_cell(source))


@pytest.mark.parametrize("source", CELLS)
def test_it_is_what_ipython_makes_of_it(source: str) -> None:
    assert python_of(source) == as_ipython(source)


def test_it_is_what_ipython_makes_of_every_cell_of_the_course_and_the_catalogue() -> None:
    notebooks = [nbformat.read(path, 4) for path in sorted((ROOT / "source").glob("*/*.ipynb"))]
    found = [cell.source for notebook in notebooks for cell in notebook.cells if cell.cell_type == "code"]
    for _, exercises in catalogue.CATALOGUE.items():
        for exercise in exercises.values():
            found += [exercise.before, exercise.solution, exercise.given, exercise.test]
    assert len(found) > 900
    assert [source for source in found if python_of(source) != as_ipython(source)] == []


PARTS = [*"%!?,;/=x(1)'\n \\\t#", "if x:\n    ", ">>> ", "In [1]: ", "!=", "'''"]


@given(st.lists(st.sampled_from(PARTS), max_size=12))
def test_it_is_what_ipython_makes_of_any_text(parts: list[str]) -> None:
    source = "".join(parts)
    try:
        wanted = as_ipython(source)
    except SyntaxError:
        with pytest.raises(SyntaxError):
            python_of(source)
    else:
        assert python_of(source) == wanted


def test_what_is_no_python_has_no_statements() -> None:
    assert parse("x = = 1") is None
    assert parse("\0") is None
    assert parse("!ls\nx = 1") is not None
