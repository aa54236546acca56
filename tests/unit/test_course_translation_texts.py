"""Which texts of a cell are translated, and that nothing else of it changes."""

import ast

import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell

from autograder.course.translation.texts import Exceptions, Kind, UntranslatableError, texts, with_translations

MARKDOWN = {
    "## Adding (2 points)": [("Adding (2 points)", Kind.HEADING)],
    "One\nsentence.\n\n$$a + b$$\n\n`x`, $y$, 3": [("One sentence.", Kind.PARAGRAPH)],
    "1. first\n   of all\n   - within": [("first of all", Kind.LIST_ITEM), ("within", Kind.LIST_ITEM)],
    "| a | word |\n|---|---|\n| 1 | 2 |\n| one | `x` |": [
        ("a | word", Kind.TABLE_ROW),
        ("one | `x`", Kind.TABLE_ROW),
    ],
    "```\nsome code\n```": [],
    "### BEGIN SOLUTION\nWords.\n### END SOLUTION": [("Words.", Kind.PARAGRAPH)],
}
CODE = {
    "# One\n# sentence.\nx = 1  # another": [("One sentence.", Kind.COMMENT), ("another", Kind.COMMENT)],
    "### BEGIN HIDDEN TESTS\n# answer_x = …\n# y = 2\n### END HIDDEN TESTS": [],
    'def f():\n    """Words."""': [("Words.", Kind.DOCSTRING)],
    'def f():\n    """Words.\n\n    More.\n    """': [("Words.\n\nMore.", Kind.DOCSTRING)],
    'a = "two words"\nb = "float32"': [("two words", Kind.STRING)],
    'print("x_train:", "word")': [("word", Kind.STRING)],
    'axes.plot(x, color="gray", label="loss")': [("loss", Kind.STRING)],
    'expect("a sum", f(x), "float32", "type")': [("a sum", Kind.STRING), ("type", Kind.STRING)],
    'axes.legend(loc="upper left")': [],
    'history["of two words"] == "two words"': [("of two words", Kind.STRING), ("two words", Kind.STRING)],
    'a = f"{x:.2f} of {y!r} and {{z}}"': [("{x:.2f} of {y!r} and {{z}}", Kind.TEMPLATE)],
    'a = f"{x}{y}"': [],
    'a = ("one text "\n     "in two")': [("one text in two", Kind.STRING)],
    'a = ["too small"]\nplt.title("too small")': [("too small", Kind.STRING)],
    'a = ["known", "upper left corner"]': [("known", Kind.STRING)],
    '%matplotlib inline\na = "ä two words"': [("ä two words", Kind.STRING)],
}
EXCEPTIONS = Exceptions(frozenset({"known"}), ("upper left",), terms={"too small": "слишком мало"})


@pytest.mark.parametrize(("source", "expected"), MARKDOWN.items(), ids=MARKDOWN)
def test_texts_of_markdown(source: str, expected: list[tuple[str, Kind]]) -> None:
    assert [(text.message, text.kind) for text in texts(new_markdown_cell(source), EXCEPTIONS)] == expected


@pytest.mark.parametrize(("source", "expected"), CODE.items(), ids=CODE)
def test_texts_of_code(source: str, expected: list[tuple[str, Kind]]) -> None:
    assert [(text.message, text.kind) for text in texts(new_code_cell(source), EXCEPTIONS)] == expected


def test_markdown_keeps_what_is_around_a_text() -> None:
    source = "# Head\n\n> quoted\n> words\n\n1. item\n   of two lines\n\n| a | bc |\n|---|---|\n| d | `x` |"
    found = texts(new_markdown_cell(source), EXCEPTIONS)
    expected = "# ГОЛОВА\n\n> ЦИТАТА\n\n1. ПУНКТ\n\n| a | бв |\n|---|---|\n| d | `x` |"
    messages = {"Head": "ГОЛОВА", "quoted words": "ЦИТАТА", "item of two lines": "ПУНКТ", "a | bc": "a | бв"}
    assert with_translations(source, found, messages) == expected


@pytest.mark.parametrize(
    ("source", "value"),
    [
        ('"" + "two words"', '«а» "б"\n\\в'),
        ("'ä' + 'two words'", "слова"),
        ('f"{x} words"', 'слова {x} "а" {{б}}'),
        ('f"{x:>{width}} words"', "слова {x:>{width}}"),
        ('(\n    "two words\\n"\n    f"and {x}"\n)', "одна строка\nвторая {x}"),
    ],
)
def test_a_string_says_its_translation_and_the_code_is_the_same(source: str, value: str) -> None:
    found = texts(new_code_cell(source), EXCEPTIONS)
    new = with_translations(source, found, {text.message: value for text in found})
    names = {"x": 3, "width": 5}
    wanted = eval(f'f"""{value}"""', names) if "{x" in value else value
    assert str(eval(new, names)).removeprefix("ä") == wanted
    assert type(ast.parse(new, mode="eval").body) is type(ast.parse(source, mode="eval").body)


def test_a_long_comment_is_wrapped_and_a_docstring_is_indented() -> None:
    source = 'def f():\n    """Words.\n\n    More.\n    """\n    # One\n    # comment\n    return 1'
    found = texts(new_code_cell(source), EXCEPTIONS)
    new = with_translations(source, found, {"Words.\n\nMore.": "Слова.\n\nЕщё.", "One comment": "слово " * 30})
    lines = new.splitlines()
    assert lines[1:5] == ['    """Слова.', "", "    Ещё.", '    """']
    assert all(line.startswith("    # слово") and len(line) <= 120 for line in lines[5:-1])
    assert len(lines) == 5 + 2 + 1


@pytest.mark.parametrize("said", ['Слова "а"', 'Слова """а""" \\ и'])
def test_quotes_do_not_end_a_docstring(said: str) -> None:
    source = 'def f():\n    """Words."""'
    new = with_translations(source, texts(new_code_cell(source), EXCEPTIONS), {"Words.": said})
    (function,) = ast.parse(new).body
    assert ast.get_docstring(function) == said


@pytest.mark.parametrize("source", ["f\"{'two words' if x else ''} of it\"", "f\"{x or 'known'}\""])
def test_a_text_in_braces_is_refused(source: str) -> None:
    with pytest.raises(UntranslatableError, match="is inside the braces of an f-string: give it a name"):
        texts(new_code_cell(source), EXCEPTIONS)
