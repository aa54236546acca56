"""Each check of a translation, shown to fail on a planted fault."""

from pathlib import Path

import pytest
import translated_course
from repository import ROOT
from translated_course import RUSSIAN, make, translate

from autograder.course import build
from autograder.course.translation.checks import faults

FAULTS = {
    "a placeholder is missing": ("Exercise 1, the sum of {_numbers}", "Упражнение 1, сумма", "placeholders: missing"),
    "a placeholder is changed": (
        "Exercise 1, the sum of {_numbers}",
        "Упражнение 1, сумма {numbers}",
        "placeholders: missing {_numbers}; not in English {numbers}",
    ),
    "a brace is open": ("Exercise 1, the sum of {_numbers}", "Упражнение 1, сумма {_numbers", "expected a template"),
    "code is changed": (
        'Write `total(numbers)`. Set `answer_size` to `"too small"`.',
        'Напишите `total(number)`. Положите в `answer_size` слова `"слишком мало"`.',
        "inline code: missing total(numbers); not in English total(number)",
    ),
    "an answer is not in TERMS": (
        'Write `total(numbers)`. Set `answer_size` to `"too small"`.',
        'Напишите `total(numbers)`. Положите в `answer_size` слова `"маловато"`.',
        'inline code: missing "too small"; not in English "маловато"',
    ),
    "a formula is changed": (
        "A sum **adds** numbers; it is written $a + b$, or `sum(numbers)`. See [NumPy](https://numpy.org).",
        "Сумма складывает числа; пишут $a + c$ или `sum(numbers)`. См. [NumPy](https://numpy.org).",
        "formulas: missing a + b; not in English a + c",
    ),
    "an address is changed": (
        "A sum **adds** numbers; it is written $a + b$, or `sum(numbers)`. See [NumPy](https://numpy.org).",
        "Сумма складывает числа; пишут $a + b$ или `sum(numbers)`. См. [NumPy](https://numpy.com).",
        "addresses: missing https://numpy.org; not in English https://numpy.com",
    ),
    "a number is changed": ("small | 1,000", "мало | 10000", "numbers: missing 1000; not in English 10000"),
    "a bar is missing": ("word | value", "слово и значение", "expected 1 bars of the table, received 0"),
    "a space is missing": ("the text", "текст ", "expected the same spaces"),
    "English is left": ("the text", "the text", "English words are left: the, text"),
    "an English word is left": ("Both sums are right.", "Обе суммы right.", "English words are left: right"),
    "a letter looks Cyrillic": ("Sums", "Суммa", "Latin letters in Cyrillic words: Суммa"),
    "a word looks Cyrillic": ("the text", "o тексте", "Latin letters that the English text doesn't have: o"),
    "a capital «вы»": ("the text", "текст для Вас", "expected «вы» in lower case, received Вас"),
    "a term of the glossary": ("of this notebook", "язык этой тетради", "translation of 'notebook'"),
}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make(tmp_path_factory.mktemp("course"))


@pytest.fixture
def course(made: Path) -> Path:
    translate(made, RUSSIAN)
    return made


def test_a_good_translation_has_no_fault(course: Path) -> None:
    (edition,) = build.editions(course, "sums")
    assert edition.missing == []
    assert faults(edition) == []


@pytest.mark.parametrize(("english", "russian", "said"), FAULTS.values(), ids=FAULTS)
def test_a_fault_is_found_at_its_line(course: Path, english: str, russian: str, said: str) -> None:
    edition = translate(course, {english: russian})
    (fault,) = faults(edition)
    assert said in fault.message
    line = edition.path.read_text(encoding="utf-8").splitlines()[fault.line - 1]
    assert line.startswith(("msgctxt", "msgid"))
    with pytest.raises(build.CourseError, match=rf"sums\.po:{fault.line}: "):
        build.translation(edition)


@pytest.mark.parametrize(
    ("english", "russian", "said"),
    [
        ("the first of 2 items", "# первый из 2 пунктов", "cell cell-000: expected the same headings"),
        ("Sums", "Суммы\n\nещё", "cell cell-000: expected the same headings"),
    ],
)
def test_other_blocks_of_markdown_are_found(course: Path, english: str, russian: str, said: str) -> None:
    assert said in faults(translate(course, {english: russian}))[0].message


@pytest.mark.parametrize("russian", ["язык этого\nноутбука = язык", "язык этого ноутбука\n)"])
def test_code_that_would_change_is_found(course: Path, russian: str) -> None:
    (fault,) = faults(translate(course, {"of this notebook": russian}))
    assert fault.message == "cell setup: expected the same code as in English, but for the texts"


def test_menus_in_italics_and_names_may_stay_in_english(tmp_path: Path) -> None:
    text = "# %% [markdown]\n# Choose *Run → Run All*, then *keep it*. NumPy helps.\n"
    make(tmp_path, text, {})
    (message,) = (message for message in build.editions(tmp_path, "sums")[0].catalogue if message.id)
    good = translate(tmp_path, {message.id: "Выберите *Run → Run All*, потом *сохраните*. Поможет NumPy."})
    assert faults(good) == []
    bad = translate(tmp_path, {message.id: "Выберите *Run → Run All*, потом *keep it*. Поможет NumPy."})
    assert ["English words are left: keep, it" in fault.message for fault in faults(bad)] == [True]


def test_a_reason_is_wanted_of_each_exception(course: Path) -> None:
    path = course / "locale" / "exceptions.csv"
    path.write_text(translated_course.EXCEPTIONS + "*,word,name,\n", encoding="utf-8")
    try:
        with pytest.raises(build.CourseError, match="expected text, code, or name, and a reason"):
            build.editions(course, "sums")
    finally:
        path.write_text(translated_course.EXCEPTIONS, encoding="utf-8")


@pytest.mark.parametrize("assignment", build.assignments(ROOT))
def test_the_committed_catalogues_are_up_to_date_and_have_no_fault(assignment: str, tmp_path: Path) -> None:
    catalogues = {path: path.read_bytes() for path in (ROOT / "locale").glob(f"*/LC_MESSAGES/{assignment}.po")}
    assert catalogues
    for edition in build.editions(ROOT, assignment):
        changed = edition.path.read_bytes() != catalogues[edition.path]
        edition.path.write_bytes(catalogues[edition.path])
        assert not changed, f"run `autograder translations {assignment}`"
        assert faults(edition) == []
