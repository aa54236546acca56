"""A small assignment with a text of each kind, and its Russian translation."""

import shutil
from collections.abc import Mapping
from pathlib import Path

from babel.messages.pofile import write_po
from repository import ROOT

from autograder.course import build
from autograder.course.translation.catalogue import Edition

TEXT = '''\
# %% [markdown]
# # Sums
#
# A sum **adds** numbers;
# it is written $a + b$, or `sum(numbers)`. See [NumPy](https://numpy.org).
#
# | word | value |
# |---|---|
# | small | 1,000 |
#
# - the first of 2 items

# %% nbgrader={"grade_id": "setup", "locked": true}
LANGUAGE = "en"  # of this notebook
TERMS = {"too small": "слишком мало"}


def localized(answer):
    """Return `answer` in the language of this notebook."""
    terms = TERMS if LANGUAGE == "ru" else {russian: english for english, russian in TERMS.items()}
    return terms.get(answer, answer)


def expect(what, received, expected, look):
    if received != expected:
        raise AssertionError(f"{what}: expected {expected!r}, received {received}. Look at {look}.")


# %% [markdown]
# ## Exercise 1: adding (2 points)
#
# Write `total(numbers)`. Set `answer_size` to `"too small"`.

# %% nbgrader={"grade_id": "total", "solution": true}
def total(numbers):
    """Add `numbers`.

    Returns their sum.
    """
    ### BEGIN SOLUTION
    return sum(numbers)
    ### END SOLUTION


answer_size = "too small"

# %% nbgrader={"grade_id": "test_total", "grade": true, "locked": true, "points": 2}
# Two numbers,
# then none.
for _numbers in ([1, 2], []):
    expect(f"Exercise 1, the sum of {_numbers}", total(_numbers), sum(_numbers), "the numbers")
print("Both sums are right.")
expect("Exercise 1, answer_size", localized(answer_size), localized("too small"), "the text")
### BEGIN HIDDEN TESTS
expect("Exercise 1, the sum of three numbers", total([1, 2, 4]), 7, "the numbers")
### END HIDDEN TESTS

# %% nbgrader={"grade_id": "given", "locked": true}
style = {"color": "upper left"}
'''

RUSSIAN = {
    "Sums": "Суммы",
    "A sum **adds** numbers; it is written $a + b$, or `sum(numbers)`. See [NumPy](https://numpy.org).": (
        "Сумма **складывает** числа — пишут $a + b$ или `sum(numbers)`. См. [NumPy](https://numpy.org)."
    ),
    "word | value": "слово | значение",
    "small | 1,000": "мало | 1\N{NO-BREAK SPACE}000",
    "the first of 2 items": "первый из 2 пунктов",
    "en": "ru",
    "of this notebook": "язык этого ноутбука",
    "Return `answer` in the language of this notebook.": "Вернуть `answer` на языке этого ноутбука.",
    "{what}: expected {expected!r}, received {received}. Look at {look}.": (
        "{what}: ожидалось {expected!r}, получено {received}. Смотрите: {look}."
    ),
    "Exercise 1: adding (2 points)": "Упражнение 1: сложение (2 балла)",
    'Write `total(numbers)`. Set `answer_size` to `"too small"`.': (
        'Напишите `total(numbers)`. Положите в `answer_size` слова `"слишком мало"`.'
    ),
    "Add `numbers`.\n\nReturns their sum.": "Сложить `numbers`.\n\nВозвращает сумму.",
    "Two numbers, then none.": "Два числа, потом ни одного.",
    "Exercise 1, the sum of {_numbers}": "Упражнение 1, сумма {_numbers}",
    "the numbers": "числа",
    "Both sums are right.": "Обе суммы верны.",
    "Exercise 1, answer_size": "Упражнение 1, answer_size",
    "the text": "текст",
    "Exercise 1, the sum of three numbers": "Упражнение 1, сумма трёх чисел",
}
EXCEPTIONS = """\
notebook,text,is,reason
*,en,text,the language of the notebook
*,ru NumPy,name,names
sums,upper left,code,a place
"""
GLOSSARY = "term,translations\nnotebook,ноутбук\nsum,сумм\n"


def make(folder: Path, text: str = TEXT, translations: Mapping[str, str] = RUSSIAN) -> Path:
    """Make the course in `folder`, with the assignment `sums`."""
    shutil.copy(ROOT / "nbgrader_config.py", folder)
    locale = folder / "locale"
    (locale / "ru" / "LC_MESSAGES").mkdir(parents=True)
    (locale / "exceptions.csv").write_text(EXCEPTIONS, encoding="utf-8")
    (locale / "ru" / "glossary.csv").write_text(GLOSSARY, encoding="utf-8")
    (folder / "solutions").mkdir()
    (folder / "solutions" / "sums.py").write_text(text, encoding="utf-8")
    translate(folder, translations)
    return folder


def translate(folder: Path, translations: Mapping[str, str]) -> Edition:
    """Put translations into the catalogue, as a translator does; "" takes one out. Returns what there is then."""
    (edition,) = build.editions(folder, "sums")
    catalogue = edition.catalogue
    for message in catalogue:
        if message.id in translations:
            message.string = translations[message.id]
    with edition.path.open("wb") as file:
        write_po(file, catalogue)
    (edition,) = build.editions(folder, "sums")
    return edition
