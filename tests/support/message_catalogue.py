"""The catalogues of what the autograder says to students: brought up to date with the code, and checked.

`python tests/support/message_catalogue.py` adds to each what is new, without a translation, marks what has changed as
fuzzy, drops what is no longer said, and lists the problems; `tests/unit/test_language.py` allows none.
"""

import re
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

from babel.messages import Catalog
from babel.messages.catalog import Message
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import write_po

from autograder.common.language import DOMAIN, ENGLISH, STORED, catalogue_path, languages, read_catalogue

PACKAGE = Path(__file__).resolve().parents[2] / "autograder"
METHODS = [("**.py", "python"), ("**.j2", "jinja2")]
OPTIONS = {"**.j2": {"silent": "false", "trim_blocks": "true", "lstrip_blocks": "true"}}
HEADER = """msgid ""
msgstr ""
"Language: {}\\n"
"MIME-Version: 1.0\\n"
"Content-Type: text/plain; charset=UTF-8\\n"
"Content-Transfer-Encoding: 8bit\\n"
"Plural-Forms: {}\\n"

"""
SPOKEN: dict[str, Any] = {"gettext": None, "_": None, "ngettext": (1, 2)}
KEPT: dict[str, Any] = {"english": None}

PLACEHOLDER = re.compile(r"%\(\w+\)s")
# Code and titles stay as they are, and what is emphasized is a menu's.
MARKUP = re.compile(r"<(?:cite|code)>[^<]*</(?:cite|code)>|<[^>]+>|`[^`]*`|\*[^*]+\*")
ALIKE = re.compile(r"\b\w*(?:[a-zA-Z]\w*[а-яёА-ЯЁ]|[а-яёА-ЯЁ]\w*[a-zA-Z])\w*\b")
LATIN = re.compile(r"[A-Za-z]{2,}")
# What is called so in every language: programs, formats, menus, and names out of Python and Keras.
NAMES = set(
    "Kernel Restart and Run All Cells Jupyter Python NumPy Keras JSON SHA autograder nbgrader ipynb FOLDER NOTEBOOK "
    "TIME course dir check None dropout pandas Colab timestamp txt nbformat UTF UTC CR Limits autograded skip "
    "execution Guilford Ebel and Frisbie Sequential History Rescaling True dtype bool MiB keras ops len iter".split()
)


def said() -> Catalog:
    """A catalogue of all that the code says to students, without translations."""
    found = Catalog(domain=DOMAIN)
    for keywords, context in ((SPOKEN, None), (KEPT, STORED)):
        for file, _, text, *_ in extract_from_dir(PACKAGE, METHODS, OPTIONS, keywords):
            found.add(text, locations=[(f"autograder/{file}", 0)], context=context)
    return found


def updated(language: str) -> bytes:
    """The file of a language, brought up to date."""
    catalogue = read_catalogue(language)
    catalogue.update(said(), update_creation_date=False)
    catalogue.obsolete.clear()
    file = BytesIO()
    write_po(file, catalogue, sort_by_file=True, include_lineno=False, width=110, omit_header=True)
    return HEADER.format(language, catalogue.plural_forms).encode() + file.getvalue()


def problems(catalogue: Catalog) -> list[str]:
    """What is wrong with a catalogue of a language that is not written in Latin letters, a line each."""
    return [f"{entry.id!r}: {what}" for entry in catalogue if entry.id for what in _problems(entry)]


def _problems(entry: Message) -> Iterator[str]:
    ids = [entry.id] if isinstance(entry.id, str) else list(entry.id)
    texts = [entry.string] if isinstance(entry.string, str) else list(entry.string)
    if not all(texts):
        yield "is not translated"
        return
    if entry.fuzzy:
        yield "is fuzzy: read the translation again, and take the mark away"
    needed = sorted(PLACEHOLDER.findall(ids[-1]))
    for text in [*ids[:-1], *texts]:  # every form of a plural: in Russian, 21 has that of 1
        if sorted(PLACEHOLDER.findall(text)) != needed:
            yield f"has other placeholders than {needed}: {text}"
    for text in texts:
        if "%" in PLACEHOLDER.sub("", text).replace("%%", ""):
            yield f"has a percent sign that is not doubled: {text}"
        if missing := set(MARKUP.findall(ids[0])) - set(MARKUP.findall(text)):
            yield f"lacks {sorted(missing)}: {text}"
        plain = PLACEHOLDER.sub(" ", MARKUP.sub(" ", text))
        if alike := ALIKE.findall(plain):
            yield f"has Latin letters within words: {alike}"
        words = {word for word in LATIN.findall(plain) if word not in NAMES and not _is_code(word, ids[0])}
        if words:
            yield f"has English words: {sorted(words)}"


def _is_code(word: str, text: str) -> bool:
    """Whether a word is a name in code rather than English: the text has it with a capital letter within, or a `_`."""
    return any(word in name for name in re.findall(r"\w*(?:[a-z][A-Z]|_)\w*", text))


if __name__ == "__main__":
    for language in languages():
        if language != ENGLISH:
            catalogue_path(language).write_bytes(updated(language))
            print(language, *problems(read_catalogue(language)), sep="\n  ")
