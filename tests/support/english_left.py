"""Words of English that are left in a Russian text."""

import re
from html.parser import HTMLParser
from typing import Any

# Names: of students, notebooks, cells, files, errors, programs, and menus.
NAMES = set(
    "ada bob cyd dan p1 ps1 mul add test_add test_mul essay AssertionError CellTimeLimit CPU Python SHA autograder "
    "None Kernel Restart and Run All Cells UTC NumPy numpy keras Keras ops tensorflow".split()
)


class Prose(HTMLParser):
    """The text of a page but for code, and for what a notebook printed."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.words: list[str] = []
        self._within: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        if tag not in ("meta", "img", "link", "br", "input"):
            self._within.append(tag)
        self.words += [value or "" for name, value in attrs if name in ("alt", "aria-label", "title", "data-text")]

    def handle_endtag(self, tag: str) -> None:
        while self._within and self._within.pop() != tag:
            pass

    def handle_data(self, data: str) -> None:
        if not {"code", "pre", "style", "script"} & set(self._within):
            self.words.append(data)


def english_in(text: str, *names: str) -> list[str]:
    """The words of Latin letters in a text that are no names."""
    text = re.sub(r"`[^`]*`|[0-9a-f]{64}|\d{4}-\d\d-\d\dT\S+", "", text)
    return sorted(set(re.findall(r"[A-Za-z_]\w+", text)) - NAMES - set(names))
