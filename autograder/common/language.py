"""What students read, in the course's language: English, which is in the code, or that of a catalogue.

    gettext, ngettext       a text that is written on a page now, in the language of the page
    message                 a text that is stored, or kept in a constant: in English, so that no grade and no stored
                            result depends on the language
      --`translated`-->     the same on a page, in its language

The catalogues are `autograder/locale/<language>/LC_MESSAGES/autograder.po`; in them, what `english` was given has the
context "stored". Placeholders are named, as in `%(points)s`; a percent sign is written `%%`.
"""

import functools
import gettext as gettext_module
import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from traitlets import Enum
from traitlets.config import Configurable

if TYPE_CHECKING:
    from babel.messages import Catalog

LOCALE = Path(__file__).resolve().parent.parent / "locale"
DOMAIN = "autograder"
STORED = "stored"  # context, in a catalogue, of texts that are stored in English
ENGLISH = "en"
LONGEST = 1000  # characters of a stored text that is looked up
_GROUPED = re.compile(r"\d{1,3}(?:,\d{3})+")
_PLACEHOLDER = re.compile(r"%\((\w+)\)s")
_BEFORE_DASH = re.compile(r"(?<=[^\s|]) (?=—)")

_spoken: ContextVar[str] = ContextVar("language", default=ENGLISH)


def catalogue_path(language: str) -> Path:
    """The file of a language's catalogue."""
    return LOCALE / language / "LC_MESSAGES" / f"{DOMAIN}.po"


def languages() -> list[str]:
    """English, and the languages that have a catalogue."""
    return [ENGLISH, *sorted(path.parent.parent.name for path in LOCALE.glob(f"*/LC_MESSAGES/{DOMAIN}.po"))]


class Course(Configurable):  # type: ignore[misc]
    """What an instructor may set about the course as a whole."""

    language = Enum(
        languages(),
        ENGLISH,
        help="Language in which students are addressed: in notebooks that `autograder build` makes, feedback, "
        "`autograder check`, results.json, the students' pages of `autograder watch`, and the class report. It changes "
        "no grade.",
    ).tag(config=True)


@contextmanager
def speaking(language: str) -> Iterator[None]:
    """Within, texts are in that language: in this thread, and in tasks that it starts."""
    token = _spoken.set(language)
    try:
        yield
    finally:
        _spoken.reset(token)


def spoken() -> str:
    """The language that is spoken here, as HTML's `lang` has it."""
    return _spoken.get()


def gettext(text: str, /, **values: object) -> str:
    """The text in the language spoken here, with values in its placeholders."""
    return template(text) % values


def ngettext(one: str, many: str, count: float, /, **values: object) -> str:
    """As `gettext`, in the plural form for `count`, which is `count` among the values; fractions are of the plural."""
    return plural_template(one, many, count) % {"count": count, **values}


def template(text: str) -> str:
    """As `gettext`, with its placeholders as they are."""
    return _catalogue(_spoken.get()).gettext(text)


def plural_template(one: str, many: str, count: float) -> str:
    """As `ngettext`, with its placeholders as they are."""
    return _catalogue(_spoken.get()).ngettext(one, many, int(count) if float(count).is_integer() else 2)


def grouped(number: int) -> str:
    """A number with its thousands apart: by commas in English, elsewhere by spaces, as a comma may be a decimal's."""
    text = f"{number:,}"
    return text if _spoken.get() == ENGLISH else text.replace(",", "\N{NO-BREAK SPACE}")


def no_break(text: str) -> str:
    """The text with no-break spaces before its dashes: in Russian, no line begins with a dash."""
    return _BEFORE_DASH.sub("\N{NO-BREAK SPACE}", text)


def english(text: str, /, **values: object) -> str:
    """The text in English, with values in its placeholders, which `translated` finds again."""
    return text % values


def translated(text: str) -> str:
    """A text of `english`, in the language spoken here; any other text as it is. So are values that are such texts."""
    if _spoken.get() == ENGLISH or not text or len(text) > LONGEST:
        return text
    catalogue = _catalogue(_spoken.get())
    for stored in _stored(_spoken.get()):
        if found := stored.pattern.fullmatch(text):
            values = {name: _value(value) for name, value in found.groupdict().items()}
            return catalogue.pgettext(STORED, stored.template) % values
    return text


def _value(text: str) -> str:
    return grouped(int(text.replace(",", ""))) if _GROUPED.fullmatch(text) else translated(text)


@dataclass(frozen=True)
class _StoredText:
    template: str
    pattern: re.Pattern[str]


@functools.cache
def _stored(language: str) -> list[_StoredText]:
    """The stored texts of a catalogue, in the order in which they are compared with a text.

    One that begins with words of its own comes before one that begins with any value; then, the one with more words.
    """
    found = [str(entry.id) for entry in read_catalogue(language) if entry.id and entry.context == STORED]
    found.sort(key=lambda text: (text.startswith("%("), -len(_PLACEHOLDER.sub("", text))))
    return [_StoredText(text, _pattern(text)) for text in found]


def _pattern(template: str) -> re.Pattern[str]:
    """Of the texts that a template makes."""
    pattern, seen = "", set[str]()
    for place, part in enumerate(_PLACEHOLDER.split(template)):
        if place % 2 == 0:
            pattern += re.escape(part.replace("%%", "%"))
        else:
            pattern += rf"(?P={part})" if part in seen else rf"(?P<{part}>.+?)"
            seen.add(part)
    return re.compile(pattern, re.DOTALL)


@functools.cache
def _catalogue(language: str) -> gettext_module.NullTranslations:
    """The catalogue of a language; English has none. Raises OSError where there is no such language."""
    if language == ENGLISH:
        return gettext_module.NullTranslations()
    from babel.messages.mofile import write_mo

    catalogue, compiled = read_catalogue(language), io.BytesIO()
    for entry in catalogue:
        if isinstance(entry.string, str):
            entry.string = no_break(entry.string)
        elif entry.string:
            entry.string = tuple(map(no_break, entry.string))
    write_mo(compiled, catalogue)
    compiled.seek(0)
    return gettext_module.GNUTranslations(compiled)


def read_catalogue(language: str) -> "Catalog":
    """A language's catalogue. Raises OSError where it has none."""
    from babel.messages.pofile import read_po  # not needed where English is spoken

    with catalogue_path(language).open("rb") as file:
        return read_po(file, locale=language, domain=DOMAIN, abort_invalid=True)
