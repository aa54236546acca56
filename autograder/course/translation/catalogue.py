"""The catalogue of an assignment: its texts with their translations, a gettext file that Poedit and Weblate open.

    solutions/<a>.py --build--> source/<a>/<a>.ipynb --update--> locale/<language>/LC_MESSAGES/<a>.po
                                                       <--translated-- (a translator)

The context of a message (`msgctxt`) is its cell's `grade_id`, so equal texts of two cells may differ in translation;
the texts of cells without one share theirs.
"""

import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import nbformat
from babel.messages.catalog import Catalog, Message
from babel.messages.pofile import read_po, write_po
from nbformat import NotebookNode

from autograder.common.language import no_break
from autograder.course.translation.texts import Exceptions, Text, UntranslatableError, texts, with_translations

_WIDTH = 100
# Without dates and versions, so that the same texts and translations are the same bytes.
_HEADER = """\
# Translation of solutions/{assignment}.py; `autograder build` keeps the messages up to date.
msgid ""
msgstr ""
"Language: {language}\\n"
"MIME-Version: 1.0\\n"
"Content-Type: text/plain; charset=UTF-8\\n"
"Content-Transfer-Encoding: 8bit\\n"

"""


@dataclass(frozen=True)
class Edition:
    """An assignment's notebook in English, and its catalogue for `language`, read from `path`."""

    assignment: str
    language: str
    notebook: NotebookNode
    exceptions: Exceptions
    catalogue: Catalog
    path: Path

    @property
    def missing(self) -> list[Message]:
        """The messages without a translation, or with a fuzzy one: the English text has changed since."""
        return [message for message in self.catalogue if message.id and (message.fuzzy or not message.string)]

    def texts(self) -> Iterator[tuple[NotebookNode, list[Text]]]:
        """The cells of the notebook with their texts."""
        for cell in self.notebook.cells:
            yield cell, _texts(cell, self.exceptions)

    def translations(self, cell: NotebookNode, found: list[Text]) -> dict[str, str]:
        """The messages of the texts `found` in `cell` with their translations, as far as there are any.

        In Markdown, the space before a dash is one that does not break.
        """
        messages = {text.message: self.catalogue.get(text.message, _context(cell)) for text in found}
        translated = {
            text: str(entry.string) for text, entry in messages.items() if entry and entry.string and not entry.fuzzy
        }
        is_prose = cell.cell_type == "markdown"
        return {text: no_break(other) for text, other in translated.items()} if is_prose else translated

    def translated(self) -> NotebookNode:
        """The notebook in this language; English is where there is no translation."""
        cells = []
        for cell, found in self.texts():
            source = with_translations(cell.source, found, self.translations(cell, found))
            cells.append(nbformat.from_dict({**cell, "source": source}))
        return nbformat.from_dict({**self.notebook, "cells": cells})


def languages(root: Path) -> list[str]:
    """The languages in `root`/locale that have catalogues."""
    return sorted(folder.parent.name for folder in (root / "locale").glob("*/LC_MESSAGES"))


def edition(root: Path, assignment: str, language: str, notebook: NotebookNode) -> Edition:
    """Bring the catalogue of an assignment up to date with its English `notebook`, and return both.

    New texts are added without a translation; those that resemble an earlier one get its translation as fuzzy; texts
    that are gone become obsolete. The file is written only where this changes it.

    Raises UntranslatableError where a text can't be replaced, or the catalogue can't be read.
    """
    path = root / "locale" / language / "LC_MESSAGES" / f"{assignment}.po"
    exceptions = Exceptions.read(root / "locale" / "exceptions.csv", assignment, notebook)
    template = Catalog(locale=language)
    for cell in notebook.cells:
        for text in _texts(cell, exceptions):
            template.add(text.message, context=_context(cell), auto_comments=[str(text.kind)])
    catalogue, before = template, ""
    if path.is_file():
        before = path.read_text(encoding="utf-8")
        try:
            catalogue = read_po(io.StringIO(before), locale=language, abort_invalid=True)
        except ValueError as error:
            raise UntranslatableError(f"{path}: {error}") from error
        catalogue.update(template, update_creation_date=False)
    for message in catalogue:
        message.flags.intersection_update({"fuzzy"})  # Babel takes any % or brace for a format
    after = io.BytesIO()
    write_po(after, catalogue, width=_WIDTH, omit_header=True, include_previous=True)
    content = _HEADER.format(assignment=assignment, language=language) + after.getvalue().decode().lstrip("\n")
    if content != before:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8")
    catalogue = read_po(io.StringIO(content), locale=language)  # with the lines of the file
    return Edition(assignment, language, notebook, exceptions, catalogue, path)


def _texts(cell: NotebookNode, exceptions: Exceptions) -> list[Text]:
    try:
        return texts(cell, exceptions)
    except (UntranslatableError, SyntaxError) as error:
        raise UntranslatableError(f"cell {cell.id}: {error}") from error


def _context(cell: NotebookNode) -> str | None:
    grade_id: str | None = cell.metadata.get("nbgrader", {}).get("grade_id")
    return grade_id
