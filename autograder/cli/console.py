"""What people see: the one place where the commands print.

Coloured, and wrapped between words, in a terminal; elsewhere plain and aligned, a message a line. Results go to stdout,
errors to stderr. What a student may have written can't steer the terminal.
"""

import codecs
import logging
import re
import textwrap
from collections.abc import Collection
from typing import Any

import rich.console
import rich.table
from rich.padding import Padding
from rich.text import Text
from rich.theme import Theme

from autograder.common.language import gettext

THEME = Theme(
    {"good": "green", "look": "yellow", "bad": "bold red", "quiet": "dim", "title": "bold", "command": "bold cyan"}
)
PIPED = 10_000  # columns where there is no terminal: nothing has to fit
_STEERING = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]|[\x00-\x08\x0b-\x1f\x7f-\x9f]")  # what moves a terminal's cursor
_NOISE = ("No nbgrader_config.py file found", "root '")  # no course needs one; a relative --course-dir is fine
_NOT_TAKEN = re.compile(r"The '(\w+)' trait of an? \w+ instance expected (.+), not the \w+ (.+)\.")  # traitlets'
_SPELLED = {"→": "->", "…": "...", "✔": "+", "✘": "x", "◐": "~", "−": "-", "×": "x", "“": '"', "”": '"', "’": "'"}


def _spell(error: UnicodeError) -> tuple[str, int]:
    """For a stream whose encoding lacks a sign: another way to write it."""
    assert isinstance(error, UnicodeEncodeError)
    signs = error.object[error.start : error.end]
    spelled = (_SPELLED.get(sign) or sign.encode("ascii", "backslashreplace").decode() for sign in signs)
    return "".join(spelled), error.end


codecs.register_error("autograder.spelled", _spell)


def plain(text: str) -> str:
    """A text without what steers a terminal, and without what is no Unicode."""
    return _STEERING.sub("", text.encode("utf-8", "backslashreplace").decode())


class Table(rich.table.Table):
    """Rows of columns. Texts are shown as they are, whoever wrote them."""

    def __init__(self, *columns: str, right: Collection[str] = (), **options: Any) -> None:
        """With headers, unless they are all empty; columns named in `right` hold numbers."""
        super().__init__(
            box=None, pad_edge=False, padding=(0, 2, 0, 0), show_header=any(columns), header_style="title", **options
        )
        for column in columns:
            self.add_column(column, justify="right" if column in right else "left", overflow="fold")

    def add_row(self, *cells: Any, **options: Any) -> None:
        """Add a row of texts, styled (`Text`) or not."""
        super().add_row(*(Text(plain(cell)) if isinstance(cell, str) else cell for cell in cells), **options)


class Console(rich.console.Console):
    """Where a command prints: rich's console, plain and unwrapped where there is no terminal."""

    def __init__(self, **options: Any) -> None:
        """On stdout, or on what rich's options say."""
        super().__init__(theme=THEME, highlight=False, markup=False, emoji=False, **options)
        if not self.is_terminal and "width" not in options:
            self.width = PIPED
        if callable(reconfigure := getattr(self.file, "reconfigure", None)):
            reconfigure(errors="autograder.spelled")

    def say(self, *lines: str, style: str = "", lead: str = "") -> None:
        """Print lines, after a word `lead` that then has the style. A wrapped line goes on two columns further in."""
        for number, line in enumerate(part for text in lines for part in text.split("\n")):
            first = f"{lead} " if lead and number == 0 else ""
            text = plain(first + line.lstrip(" "))
            indent = " " * (len(line) - len(line.lstrip(" ")))
            for shown in self._wrapped(text, indent):
                styled = Text(shown, style="" if lead else style)
                if first:
                    styled.stylize(style, 0, len(lead))
                    first = ""
                self.print(styled, soft_wrap=True)

    def _wrapped(self, text: str, indent: str) -> list[str]:
        if not self.is_terminal:
            return [(indent + text).rstrip()]
        how: dict[str, Any] = {"initial_indent": indent, "subsequent_indent": indent + "  "}
        # A path or a command that is longer than the line stays whole, so that it can be copied.
        return textwrap.wrap(text, self.width, break_long_words=False, break_on_hyphens=False, **how) or [""]

    def show(self, table: Table, indent: int = 0) -> None:
        """Print a table, `indent` columns further in; outside a terminal without spaces at the ends of lines."""
        with self.capture() as captured:
            self.print(Padding(table, (0, 0, 0, indent), expand=False))
        lines = captured.get().split("\n")[:-1]
        ends = lines if self.is_terminal else map(str.rstrip, lines)
        self.file.write("".join(f"{line}\n" for line in ends))
        self.file.flush()

    def heading(self, text: str) -> None:
        """Print a heading: a line in bold, after an empty one."""
        self.print()
        self.say(text, style="title")

    def closing(self, command: str, why: str = "") -> None:
        """The last line: the very command to type next, and as a shell's comment what it does."""
        line = Text.assemble((gettext("Next:"), "title"), " ", (plain(command), "command"))
        comment = Text(plain(f"# {why}" if why else ""), style="quiet")
        if why and self.is_terminal and line.cell_len + comment.cell_len + 3 > self.width:
            self.say(comment.plain, style="quiet")  # so that the command is on one line
        elif why:
            line = Text.assemble(line, "   ", comment)
        self.print(line, soft_wrap=True)


def readable(message: str) -> str:
    """What traitlets says of a value that it does not take, in other words."""
    return _NOT_TAKEN.sub(
        r"\1: expected \2, received \3.", message.removeprefix("Bad config encountered during initialization: ")
    )


class LogHandler(logging.Handler):
    """What nbgrader and traitlets log, as a person reads it, on stderr."""

    def emit(self, record: logging.LogRecord) -> None:
        """Print one record, after its level (or the logger's name); nothing for known noise of nbgrader's."""
        message = readable(record.getMessage())
        if message.startswith(_NOISE):
            return
        word, style = ("Error", "bad") if record.levelno >= logging.ERROR else ("Warning", "look")
        if record.levelno < logging.WARNING:
            word, style = record.name, "quiet"
        console = Console(stderr=True)
        console.say(message, lead=f"{word}:", style=style)
        if record.exc_info and record.exc_info[1] is not None:
            console.say(f"  {type(record.exc_info[1]).__name__}: {record.exc_info[1]}")
