"""The texts of a notebook's cells that a student reads, each with its place: what a translation replaces.

In Markdown, a text is a heading, a paragraph (also one of a list), or a row of a table. In code, it is

- a comment (lines of comments below each other are one text) or a docstring;
- a string with a word and a space, or an f-string with a word;
- a string with a word where a text is shown: an argument of `print`, `expect`, … (`SHOWN_BY`), or of Matplotlib's
  methods and options for titles and labels.

A formula, code (in Markdown, between backticks), a number, and nbgrader's marks are never texts of their own. The words
of the notebook's `TERMS`, which tests accept in either language, are texts only where they are shown. What this rule
gets wrong is in `Exceptions`.
"""

import ast
import csv
import inspect
import io
import itertools
import re
import textwrap
import tokenize
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from markdown_it import MarkdownIt
from markdown_it.token import Token
from mdit_py_plugins.dollarmath import dollarmath_plugin
from nbformat import NotebookNode

from autograder.common.errors import AutograderError

MARKDOWN = MarkdownIt("commonmark").enable("table").use(dollarmath_plugin, double_inline=True)
# Functions and methods that show their arguments, by name; of some, only the arguments at these positions.
SHOWN_BY: dict[str, tuple[int, ...] | None] = {
    "print": None,
    "expect": (0, 3),
    "several": (0,),
    "unchanged": (0,),
    "WrongAnswer": (0,),
    **dict.fromkeys(
        ["annotate", "set_title", "set_xlabel", "set_ylabel", "suptitle", "title", "xlabel", "ylabel"], (0,)
    ),
    "legend": None,
    "text": (2,),
}
SHOWN_OPTIONS = {"label", "title", "xlabel", "ylabel"}
# Letters that are not a part of a name with dots or underscores, of a call, or of an assignment.
WORD = re.compile(r"(?<![\w.\\])[A-Za-z]{2,}(?![\w(\[]|\.\w| ?=)")
_CODE = re.compile(r"`[^`]*`")
_MARK = re.compile(r"(BEGIN|END) (SOLUTION|HIDDEN TESTS|MARK SCHEME)$")  # nbgrader's, in Markdown a heading
_LINE = 116  # of comments


class UntranslatableError(AutograderError):
    """A text stands where a translation can't replace it; the message says where, and what to change."""


class Kind(StrEnum):
    """Where a text stands; translators read it in the catalogue."""

    HEADING = "heading"
    PARAGRAPH = "paragraph"
    LIST_ITEM = "list item"
    TABLE_ROW = "table row"
    COMMENT = "comment"
    DOCSTRING = "docstring"
    STRING = "string"
    TEMPLATE = "template: what is in braces stays as it is"


@dataclass(frozen=True)
class Exceptions:
    """What is not by the rule in one notebook.

    `texts` are strings that are texts all the same, `code` the beginnings of strings that aren't, `names` words that
    a translation leaves as they are; `terms` the notebook's `TERMS`, words of answers with their translations.
    """

    texts: frozenset[str] = frozenset()
    code: tuple[str, ...] = ()
    names: frozenset[str] = frozenset()
    terms: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def read(cls, path: Path, assignment: str, notebook: NotebookNode) -> "Exceptions":
        """Those of an assignment in the CSV file `path`: notebook (* for all), text, what it is, and why.

        Raises UntranslatableError where a row says something else than text, code, or name, or has no reason.
        """
        found: dict[str, list[str]] = {"text": [], "code": [], "name": []}
        with path.open(encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file):
                if row["is"] not in found or not row["reason"]:
                    raise UntranslatableError(f"{path}: expected text, code, or name, and a reason; received {row}")
                if row["notebook"] in ("*", assignment):
                    found[row["is"]].append(row["text"])
        names = frozenset(word for text in found["name"] for word in text.split())
        return cls(frozenset(found["text"]), tuple(found["code"]), names, _terms(notebook))


@dataclass(frozen=True)
class Text:
    """A text of a cell: `message`, which is at `start` to `end` in its source; `write` gives the source of another."""

    message: str
    kind: Kind
    start: int
    end: int
    write: Callable[[str], str]


def texts(cell: NotebookNode, exceptions: Exceptions) -> list[Text]:
    """The texts of `cell`, in their order.

    Raises UntranslatableError where one is inside the braces of an f-string, and SyntaxError where code doesn't parse.
    """
    if cell.cell_type == "markdown":
        return list(_in_markdown(cell.source))
    if cell.cell_type == "code":
        return sorted([*_comments(cell.source), *_strings(cell.source, exceptions)], key=lambda text: text.start)
    return []


def with_translations(source: str, found: list[Text], translations: dict[str, str]) -> str:
    """`source` with each text in `found` that has a translation replaced by it."""
    for text in reversed(found):
        if translation := translations.get(text.message):
            source = source[: text.start] + text.write(translation) + source[text.end :]
    return source


def prose(markdown: str) -> str:
    """`markdown` (one text) without inline code, formulas, and addresses."""
    inline = MARKDOWN.parseInline(markdown)[0].children or []
    return " ".join(token.content for token in inline if token.type == "text")


def template(node: ast.JoinedStr) -> str:
    """What an f-string says, with the source of each expression in braces; other braces are doubled."""
    parts = []
    for value in node.values:
        if isinstance(value, ast.Constant):
            parts.append(str(value.value).replace("{", "{{").replace("}", "}}"))
        else:
            parts.append(placeholder(value))
    return "".join(parts)


def placeholder(value: ast.expr) -> str:
    """The source of one expression of an f-string with its conversion and its format, in braces."""
    assert isinstance(value, ast.FormattedValue)
    conversion = "" if value.conversion == -1 else "!" + chr(value.conversion)
    form = ":" + template(value.format_spec) if isinstance(value.format_spec, ast.JoinedStr) else ""
    return "{" + ast.unparse(value.value) + conversion + form + "}"


def f_string(text: str) -> ast.JoinedStr:
    """The f-string that the template `text` describes. Raises SyntaxError if it is none."""
    node = ast.parse(_literal(text, "f"), mode="eval").body
    assert isinstance(node, ast.JoinedStr)
    return node


# Markdown


def _in_markdown(source: str) -> Iterator[Text]:
    lines = source.splitlines(keepends=True)
    starts = [0, *itertools.accumulate(map(len, lines))]
    kinds = {"heading_open": Kind.HEADING, "list_item_open": Kind.LIST_ITEM}
    open_blocks: list[str] = []
    for token in MARKDOWN.parse(source):
        if token.nesting == 1:
            open_blocks.append(token.type)
        elif token.nesting == -1:
            open_blocks.pop()
        if token.type == "tr_open":
            yield from _row(token, lines, starts)
        elif token.type == "inline" and token.map and "tr_open" not in open_blocks and _is_prose(token.content):
            kind = next((kinds[block] for block in reversed(open_blocks) if block in kinds), Kind.PARAGRAPH)
            first, last = token.map[0], token.map[1] - 1
            start = starts[first] + lines[first].index(token.content.split("\n")[0])
            end = starts[last] + len(lines[last].rstrip())
            yield Text(" ".join(token.content.split("\n")), kind, start, end, lambda text: text)


def _is_prose(markdown: str) -> bool:
    return WORD.search(prose(markdown)) is not None and not _MARK.match(markdown)


def _row(token: Token, lines: list[str], starts: list[int]) -> Iterator[Text]:
    assert token.map
    line = lines[token.map[0]]
    row = line.strip().removeprefix("|").removesuffix("|").strip()
    if _is_prose(row):
        start = starts[token.map[0]] + line.index(row)
        yield Text(row, Kind.TABLE_ROW, start, start + len(row), lambda text: text)


# Python


def _comments(source: str) -> Iterator[Text]:
    lines = source.splitlines(keepends=True)
    starts = [0, *itertools.accumulate(map(len, lines))]
    group: list[tokenize.TokenInfo] = []
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type != tokenize.COMMENT or token.string.startswith("###") or not _has_word(token.string):
            continue
        row, column = token.start
        alone = not token.line[:column].strip()
        if group and not (alone and (row, column) == (group[-1].start[0] + 1, group[-1].start[1])):
            yield _comment(group, starts)
            group = []
        group.append(token)
        if not alone:
            yield _comment(group, starts)
            group = []
    if group:
        yield _comment(group, starts)


def _comment(group: list[tokenize.TokenInfo], starts: list[int]) -> Text:
    indent = " " * group[0].start[1]
    several = len(group) > 1

    def write(text: str) -> str:
        lines = textwrap.wrap(text, _LINE - len(indent), break_long_words=False) if several else [text]
        return f"\n{indent}".join(f"# {line}" for line in lines)

    message = " ".join(token.string.lstrip("#").strip() for token in group)
    (first, start), (last, end) = group[0].start, group[-1].end
    return Text(message, Kind.COMMENT, starts[first - 1] + start, starts[last - 1] + end, write)


def _strings(source: str, exceptions: Exceptions) -> Iterator[Text]:
    tree = ast.parse(_without_magics(source))
    docstrings = {
        node.body[0].value
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef)
        and ast.get_docstring(node)
        and isinstance(node.body[0], ast.Expr)
    }
    for node, shown in _literals(tree, shown=False):
        if isinstance(node, ast.JoinedStr):
            for inner in _in_braces(node):
                if inner in exceptions.texts or _is_text(inner, shown=False):
                    raise UntranslatableError(f"the text {inner!r} is inside the braces of an f-string: give it a name")
            if _has_word("".join(str(v.value) for v in node.values if isinstance(v, ast.Constant))):
                message = template(node)
                if '"' in "".join(placeholder(v) for v in node.values if isinstance(v, ast.FormattedValue)):
                    raise UntranslatableError(f"{message!r}: a double quote is inside braces: give the value a name")
                yield _string(node, message, Kind.TEMPLATE, source, "f")
            continue
        string = str(node.value)
        if node in docstrings:
            yield _docstring(node, string, source)
        elif string in exceptions.texts:
            yield _string(node, string, Kind.STRING, source, "")
        elif not shown and (string in exceptions.terms or string in exceptions.terms.values()):
            continue
        elif _is_text(string, shown) and not string.startswith(exceptions.code):
            yield _string(node, string, Kind.STRING, source, "")


def _terms(notebook: NotebookNode) -> dict[str, str]:
    """The dictionary `TERMS` of `notebook`, empty without one."""
    trees = [ast.parse(_without_magics(cell.source)) for cell in notebook.cells if cell.cell_type == "code"]
    for statement in (statement for tree in trees for statement in tree.body):
        if isinstance(statement, ast.Assign) and ast.unparse(statement.targets[0]) == "TERMS":
            return dict(ast.literal_eval(statement.value))
    return {}


def _literals(node: ast.AST, shown: bool) -> Iterator[tuple[ast.Constant | ast.JoinedStr, bool]]:
    """The strings below `node`, each with whether it is where a text is shown; an f-string is one string."""
    if isinstance(node, ast.JoinedStr):
        yield node, shown
        return
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node, shown
        return
    if isinstance(node, ast.Call):
        name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        positions = SHOWN_BY.get(name, ())
        yield from _literals(node.func, shown=False)
        for position, argument in enumerate(node.args):
            yield from _literals(argument, positions is None or position in positions)
        for option in node.keywords:
            if option.arg in SHOWN_OPTIONS:
                yield from _literals(option.value, shown=True)
            elif not isinstance(option.value, ast.Constant):
                yield from _literals(option.value, shown=False)
        return
    if isinstance(node, ast.Compare | ast.Subscript):
        shown = False
    for child in ast.iter_child_nodes(node):
        yield from _literals(child, shown)


def _in_braces(node: ast.JoinedStr) -> list[str]:
    values = [value.value for value in node.values if isinstance(value, ast.FormattedValue)]
    strings = [string for value in values for string, _ in _literals(value, shown=False)]
    return [str(string.value) for string in strings if isinstance(string, ast.Constant)]


def _is_text(string: str, shown: bool) -> bool:
    return _has_word(string) and (shown or " " in _CODE.sub("", string).strip())


def _has_word(text: str) -> bool:
    return WORD.search(_CODE.sub("", text)) is not None


def _docstring(node: ast.Constant, string: str, source: str) -> Text:
    start, end = _place(node, source)

    def write(text: str) -> str:
        text = text.replace("\\", "\\\\")
        if '"""' in f'{text}""':  # it would end the docstring
            text = text.replace('"', '\\"')
        several = "\n" in text
        indent = " " * node.col_offset
        body = "\n".join(indent + line if line and i else line for i, line in enumerate(text.split("\n")))
        return f'"""{body}\n{indent}"""' if several else f'"""{body}"""'

    return Text(inspect.cleandoc(string), Kind.DOCSTRING, start, end, write)


def _string(node: ast.expr, message: str, kind: Kind, source: str, prefix: str) -> Text:
    start, end = _place(node, source)
    indent = " " * node.col_offset
    in_lines = "\n" in source[start:end] and '"""' not in source[start:end]  # so it is in parentheses

    def write(text: str) -> str:
        parts = text.splitlines(keepends=True) if in_lines else [text]
        return f"\n{indent}".join(_literal(part, prefix) for part in parts)

    return Text(message, kind, start, end, write)


def _literal(text: str, prefix: str) -> str:
    for character, escape in [("\\", "\\\\"), ('"', '\\"'), ("\n", "\\n"), ("\t", "\\t")]:
        text = text.replace(character, escape)
    return f'{prefix}"{text}"'


def _place(node: ast.expr, source: str) -> tuple[int, int]:
    """Offsets of `node` in `source`; the positions of `ast` are in bytes of UTF-8."""
    lines = source.splitlines(keepends=True)

    def offset(row: int, column: int) -> int:
        return sum(map(len, lines[: row - 1])) + len(lines[row - 1].encode()[:column].decode())

    assert node.end_lineno is not None
    assert node.end_col_offset is not None
    return offset(node.lineno, node.col_offset), offset(node.end_lineno, node.end_col_offset)


def _without_magics(source: str) -> str:
    """`source` with IPython's lines (%, !) as comments of the same length."""
    return re.sub(r"^(\s*)[%!]", r"\1#", source, flags=re.MULTILINE)
