"""What students read, in the course's language: the catalogues are whole, and what is stored is found again."""

import ast
from collections.abc import Iterator

import message_catalogue
import pytest
from babel.messages import Catalog
from message_catalogue import PACKAGE, PLACEHOLDER
from traitlets import TraitError
from traitlets.config import Config

from autograder.common.language import (
    ENGLISH,
    LONGEST,
    STORED,
    Course,
    english,
    gettext,
    grouped,
    languages,
    ngettext,
    no_break,
    read_catalogue,
    speaking,
    spoken,
    translated,
)

OTHERS = [language for language in languages() if language != ENGLISH]
REFUSALS = {"RpcError", "ModelError", "as_model_errors", "_error", "_stop"}
FUNCTIONS = {"gettext": 1, "ngettext": 2, "english": 1}  # and how many of their arguments are texts


@pytest.fixture(scope="module")
def said() -> Catalog:
    return message_catalogue.said()


@pytest.mark.parametrize("language", OTHERS)
def test_a_catalogue_has_all_that_is_said_and_nothing_else(language: str, said: Catalog) -> None:
    """Else run `python tests/support/message_catalogue.py`, and translate what is new."""
    there = {(entry.id, entry.context) for entry in read_catalogue(language) if entry.id}
    assert there == {(entry.id, entry.context) for entry in said if entry.id}


@pytest.mark.parametrize("language", OTHERS)
def test_a_catalogue_is_translated_with_its_placeholders_and_code_and_without_english(language: str) -> None:
    assert message_catalogue.problems(read_catalogue(language)) == []


@pytest.mark.parametrize(
    ("translation", "problem"),
    [
        ("", "not translated"),
        ("Ячейка `fit`", "placeholders"),
        ("Ячейка %(name)s: `fit`, %(names)s", "placeholders"),
        ("Ячейка %(name)s: `fit` 5%", "percent"),
        ("Ячейка %(name)s: fit", "lacks"),
        ("Ячeйка %(name)s: `fit`", "Latin letters within words"),
        ("Ячейка cell %(name)s: `fit`", "English words"),
    ],
)
def test_a_translation_that_is_wrong_is_found(translation: str, problem: str) -> None:
    catalogue = Catalog(locale="ru")
    catalogue.add("Cell %(name)s: `fit`", translation)
    assert [problem in line for line in message_catalogue.problems(catalogue)][:1] == [True]


def test_each_form_of_a_plural_says_how_many_as_21_has_that_of_1() -> None:
    catalogue = Catalog(locale="ru")
    catalogue.add(("The last epoch", "The last %(count)s epochs"), ("Эпоха", "%(count)s эпохи", "%(count)s эпох"))
    found = message_catalogue.problems(catalogue)
    assert ["placeholders" in line for line in found] == [True, True]
    assert [line.rpartition(": ")[2] for line in found] == ["The last epoch", "Эпоха"]


def calls() -> Iterator[tuple[str, ast.Call, str]]:
    """All calls in the package that say something to students: of which function, and where."""
    for path in PACKAGE.rglob("*.py"):
        if path.name == "language.py":
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in FUNCTIONS:
                yield node.func.id, node, f"{path.relative_to(PACKAGE)}:{node.lineno}"


def test_all_that_the_code_says_is_extracted(said: Catalog) -> None:
    """Babel passes over what is no literal, and over f-strings."""
    known = {(text, entry.context) for entry in said for text in ([entry.id] if entry.context else entry.id or [])}
    known |= {(entry.id, None) for entry in said if isinstance(entry.id, str) and not entry.context}
    found, missed = 0, []
    for function, call, place in calls():
        context = STORED if function == "english" else None
        for text in call.args[: FUNCTIONS[function]]:
            found += 1
            if not isinstance(text, ast.Constant) or (text.value, context) not in known:
                missed.append(f"{place}: {ast.unparse(text)}")
    assert missed == []
    assert found > 300


def test_why_a_value_cannot_cross_is_said_in_texts_that_are_translated() -> None:
    """But for what only code that forges its messages gets to read: that they are malformed."""
    found, wrong = 0, []
    for path in [*PACKAGE.glob("rpc/*.py"), *PACKAGE.glob("keras_codec/*.py"), PACKAGE / "training" / "job_model.py"]:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            name = ast.unparse(node.func).rpartition(".")[2] if isinstance(node, ast.Call) else ""
            if name not in REFUSALS or not node.args:
                continue
            found += 1
            first = node.args[0].values[0] if isinstance(node.args[0], ast.JoinedStr) else node.args[0]
            while isinstance(first, ast.Subscript | ast.BinOp):
                first = first.value if isinstance(first, ast.Subscript) else first.left
            if isinstance(first, ast.Constant | ast.FormattedValue) and not ast.unparse(first)[1:].startswith(
                "malformed"
            ):
                wrong.append(f"{path.name}:{node.lineno}: {ast.unparse(node)}")
    assert wrong == []
    assert found > 150


@pytest.mark.parametrize("language", OTHERS)
def test_what_is_stored_in_english_is_found_again_with_its_values(language: str) -> None:
    catalogue = read_catalogue(language)
    wrong = []
    for entry in catalogue:
        if entry.context != STORED:
            continue
        values = {name[2:-2]: f"v{place}.py" for place, name in enumerate(PLACEHOLDER.findall(str(entry.id)))}
        with speaking(language):
            if translated(english(str(entry.id), **values)) != no_break(str(entry.string)) % values:
                wrong.append(entry.id)
    assert wrong == []


def test_a_stored_text_within_another_and_its_numbers_are_translated_too() -> None:
    limit = english("%(seconds)s s, the limit of this assignment", seconds=60)
    text = english("This test ran longer than %(limit)s.", limit=limit)
    assert text == "This test ran longer than 60 s, the limit of this assignment."
    with speaking("ru"):
        assert translated(text) == "Тест выполнялся дольше, чем 60 с (ограничение задания)."
        assert translated(english("The notebook made more than %(count)s files.", count="200,000")) == (
            "Ноутбук создал файлов больше, чем 200\N{NO-BREAK SPACE}000."
        )


def test_any_other_text_stays_as_it_is() -> None:
    with speaking("ru"):
        for text in ("", "Print 5, please.", "x" * LONGEST + "notebook", "50% %(name)s"):
            assert translated(text) == text
    assert translated("notebook") == "notebook"


def test_english_is_spoken_unless_another_language_is_asked_for() -> None:
    assert gettext("Student: %(student)s", student="ada") == "Student: ada"
    with speaking("ru"):
        assert spoken() == "ru"
        assert gettext("Student: %(student)s", student="ada") == "Студент: ada"
    assert spoken() == ENGLISH


@pytest.mark.parametrize(
    ("count", "words"),
    [(1, "1 минута"), (2, "2 минуты"), (5, "5 минут"), (11, "11 минут"), (21, "21 минута"), (1.5, "1.5 минуты")],
)
def test_plural_forms_are_those_of_the_language(count: float, words: str) -> None:
    with speaking("ru"):
        assert ngettext("%(count)s minute", "%(count)s minutes", count) == words
    assert ngettext("%(count)s minute", "%(count)s minutes", count) == f"{count} minute{'' if count == 1 else 's'}"


def test_thousands_are_apart_by_no_comma_where_that_is_a_decimal_comma() -> None:
    assert grouped(10_000) == "10,000"
    with speaking("ru"):
        assert grouped(10_000) == "10\N{NO-BREAK SPACE}000"


def test_a_language_without_a_catalogue_is_refused() -> None:
    assert Course(config=Config({"Course": {"language": "ru"}})).language == "ru"
    assert Course().language == ENGLISH
    with pytest.raises(TraitError, match="'xx'"):
        Course(config=Config({"Course": {"language": "xx"}}))
    with speaking("xx"), pytest.raises(OSError, match="xx"):
        gettext("Test")
