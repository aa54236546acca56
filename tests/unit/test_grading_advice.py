"""What the instructor is told of a test that can't be graded in isolation: by what it said, else by its text.

The table in docs/styles-of-tests.md is made here: `WRITE_STYLES=1 pytest tests/unit/test_grading_advice.py` writes it.
"""

import os

import pytest
from repository import ROOT

from autograder.grading.advice import Refusal, advice, refusal

# What tests said that failed in isolation, and the text of each; as real ones of such courses did.
SAID = [
    ("RuntimeError: only the thread that runs the cell can call across", "", Refusal.THREAD),
    ("TypeError: <lambda>() missing 1 required positional argument: 'self'\nassert s.a() == 7", "", Refusal.METHOD),
    ("TypeError: setattr of the test's Box is not allowed", "", Refusal.CHANGED),
    ("RpcError: an object of type Connection can't be given to the submitted code", "", Refusal.GIVEN),
    ("AttributeError: write\nwr(b)", "b = io.StringIO(); wr(b)", Refusal.OPEN_FILE),
    ("AttributeError: readlines", "", Refusal.OPEN_FILE),
    ("PicklingError: Can't pickle <class 'Handle'>", "", Refusal.PICKLED),
    ("FileNotFoundError: [Errno 2] No such file\np = os.path.join(tempfile.mkdtemp(), 'a')", "", Refusal.OUTSIDE),
    ("RecursionError: maximum recursion depth exceeded", "", Refusal.PROCESS),
    ("RpcError: more than 1,000,000 parts", "", Refusal.SIZE),
    ("ModelError: a Lambda in a model's configuration can't cross: use a layer", "", Refusal.MODEL),
    ("", "assert answer() == 3", Refusal.PLAIN),
]
GUESSED = [
    ("KeyError: 'ABC'\nassert ev() == 'x'", "os.environ['ABC'] = 'x'\nassert ev() == 'x'", Refusal.PROCESS),
    ("AssertionError: assert False", "with np.errstate(all='raise'):\n    f()", Refusal.RECORDED),
]


@pytest.mark.parametrize(("said", "test", "kind"), SAID)
def test_what_a_test_said_tells_why_it_cannot_be_isolated(said: str, test: str, kind: Refusal) -> None:
    assert refusal(said, test) == (kind, True)


@pytest.mark.parametrize(("said", "test", "kind"), GUESSED)
def test_what_only_its_text_tells_is_said_to_be_a_guess(said: str, test: str, kind: Refusal) -> None:
    assert refusal(said, test) == (kind, False)
    assert advice(said, test) == f"probably {kind.does}; {kind.instead}"


@pytest.mark.parametrize(
    ("said", "test"),
    [
        ("AssertionError: assert f(2) == 4", "assert f(2) == 4"),
        ("AssertionError: assert text == 'a'", "with open('a.txt') as file:\n    text = file.read()"),
        ("AttributeError: writes", "assert x.writes"),
    ],
)
def test_an_ordinary_failure_is_none_of_the_kinds(said: str, test: str) -> None:
    assert refusal(said, test) == (Refusal.OTHERWISE, True)


def test_the_table_in_the_docs_is_of_these_kinds() -> None:
    page = ROOT / "docs" / "styles-of-tests.md"
    begin, end = "<!-- made by tests/unit/test_grading_advice.py -->", "<!-- end of the advice -->"
    kinds = [kind for kind in Refusal if kind not in (Refusal.OTHERWISE, Refusal.PLAIN)]
    rows = ["| what the test does | what it can do instead |", "|---|---|"]
    rows += [f"| {kind.does} | {kind.instead} |" for kind in kinds]
    before, _, rest = page.read_text(encoding="utf-8").partition(begin)
    _, _, after = rest.partition(end)
    made = "\n".join([before + begin, *rows, end + after])
    if os.environ.get("WRITE_STYLES"):
        page.write_text(made, encoding="utf-8")
    assert page.read_text(encoding="utf-8") == made
