"""What users read is spelled as in American English, and has none of the constructions that we don't use."""

import prose
import pytest
from repository import ASSIGNMENTS

READ = {"page": dict(prose.pages()), "notebook": dict(prose.notebooks()), "message": dict(prose.messages())}
TEXTS = [pytest.param(text, id=name) for texts in READ.values() for name, text in texts.items()]


def test_pages_notebooks_and_messages_are_found() -> None:
    assert {"README.md", "docs/student.md", "docs/reference/settings.md"} <= READ["page"].keys()
    assert {f"solutions/{name}.py" for name in ASSIGNMENTS} == READ["notebook"].keys()
    assert {"autograder/cli/grade.py", "autograder/reports/templates/feedback.html.j2"} <= READ["message"].keys()


@pytest.mark.parametrize("text", TEXTS)
def test_words_are_spelled_right(text: str) -> None:
    assert prose.misspelled(text) == []


@pytest.mark.parametrize("text", TEXTS)
def test_sentences_are_idiomatic(text: str) -> None:
    assert prose.banned(text) == []


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
