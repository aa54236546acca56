"""What users read is spelled as in American English, and has none of the constructions that we don't use."""

import prose
import pytest

PAGES = dict(prose.pages())


@pytest.mark.parametrize("name", PAGES)
def test_pages_are_spelled_right(name: str) -> None:
    assert prose.misspelled(PAGES[name]) == []


@pytest.mark.parametrize("name", PAGES)
def test_pages_are_idiomatic(name: str) -> None:
    assert prose.banned(PAGES[name]) == []


@pytest.mark.parametrize("word", ["recieve", "colour", "initialiser", "gradeing", "studen's"])
def test_a_wrong_word_is_found(word: str) -> None:
    assert prose.misspelled(f"A page with {word}.") == [word.removesuffix("'s")]


def test_code_names_and_formulas_are_not_spelled() -> None:
    text = "`recieve` ConvNet snake_cas x2y\n```bash\nrecieve\n```\n<!-- recieve --> [text](recieve.md) $recieve$"
    assert prose.misspelled(prose.without_code(text)) == []


@pytest.mark.parametrize(
    "sentence",
    [
        "Hand in the notebook under its own name; how, your instructor says.",
        "The same time is counted as if one took as long in plain nbgrader.",
        "The command can measure anew what accuracy can be asked for.",
        "What it took for what",
        "The model of test test_accuracy",
        "Over the last 1 epochs the loss fell.",
        "The plot has one a digit.",
        "It has 784 weights a neuron.",
        "A fraction with 0 below is 0 here.",
        "Pencil and paper do.",
    ],
)
def test_a_construction_that_is_not_idiomatic_is_found(sentence: str) -> None:
    assert len(prose.banned(sentence)) == 1


def test_the_vocabulary_is_sorted_and_has_what_the_dictionary_lacks() -> None:
    words = prose.VOCABULARY.read_text(encoding="utf-8").split()
    assert words == sorted(set(words))
    assert [word for word in words if prose.dictionary().lookup(word)] == []
