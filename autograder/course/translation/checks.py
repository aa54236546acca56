"""What is checked of a translation before its notebook is built.

For each message: nothing missing or fuzzy; the same inline code, formulas, numbers, addresses, and placeholders as in
English; no English words but names; no Latin letter in a Cyrillic word; the terms of the glossary; «вы» in lower case.
For the notebook: the same code but for its texts, the same blocks of Markdown, the same metadata.
"""

import ast
import csv
import inspect
import re
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from babel.messages.catalog import Message
from markdown_it.token import Token
from nbformat import NotebookNode

from autograder.course.translation.catalogue import Edition
from autograder.course.translation.texts import MARKDOWN, WORD, Kind, f_string, placeholder, template

_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
_THOUSANDS = re.compile(r"(?<=\d)[,\u00a0\u202f](?=\d{3}(?!\d))")
_TEXT_IN_FORMULA = re.compile(r"\\text\{[^}]*\}")
_LETTERS = re.compile(r"[^\W\d_]+")
_LATIN, _CYRILLIC = re.compile("[A-Za-z]"), re.compile("[Ѐ-ӿ]")
_CAPITAL_YOU = re.compile(r"(?<![.!?:…»*|] )(?<!^)(?<![«*])\bВ(?:ы|ас|ам|ами|аш[а-яё]*)\b")


@dataclass(frozen=True)
class Fault:
    """What is wrong with a translation, and the line of the catalogue; 0 where it is the notebook as a whole."""

    line: int
    message: str


@dataclass(frozen=True)
class _Parts:
    """A message taken apart: what a reader reads as words, and what stays as it is."""

    prose: str
    code: list[str]
    formulas: list[str]
    addresses: list[str]
    emphasized: list[str]


def faults(edition: Edition) -> list[Fault]:
    """What is wrong with the translations in `edition`, in the order of the catalogue; missing ones are no faults."""
    glossary = read_glossary(edition.path.parents[1] / "glossary.csv")
    names = edition.exceptions.names
    known = names | _identifiers(edition.notebook)
    found = []
    for message in edition.catalogue:
        if message.id and message.string and not message.fuzzy:
            found += [
                Fault(message.lineno or 0, fault) for fault in _of_message(message, edition, names, known, glossary)
            ]
    return found or [Fault(0, fault) for fault in _of_notebook(edition)]


def read_glossary(path: Path) -> dict[str, list[str]]:
    """The glossary: English term → the beginnings of words that a translation may use, one or more words each."""
    with path.open(encoding="utf-8", newline="") as file:
        return {row["term"]: row["translations"].split("|") for row in csv.DictReader(file)}


def _of_message(
    message: Message, edition: Edition, names: frozenset[str], known: frozenset[str], glossary: dict[str, list[str]]
) -> Iterator[str]:
    english, other = str(message.id), str(message.string)
    if english[:1].isspace() != other[:1].isspace() or english[-1:].isspace() != other[-1:].isspace():
        yield "expected the same spaces at the beginning and the end as in English"
    if str(Kind.TEMPLATE) in message.auto_comments:
        try:
            fields = [_fields(f_string(text)) for text in (english, other)]
        except SyntaxError:
            yield "expected a template: each brace closed, or doubled"
            return
        yield from _differences("placeholders", fields[0], fields[1])
        for field in fields[0]:
            english = english.replace(field, " ")
        for field in fields[1]:
            other = other.replace(field, " ")
    a, b = _parts(english), _parts(other)
    terms = edition.exceptions.terms
    yield from _differences("inline code", a.code, b.code, lambda code: _in_english(code, terms))
    yield from _differences("formulas", a.formulas, b.formulas, lambda formula: _TEXT_IN_FORMULA.sub("", formula))
    yield from _differences("addresses", a.addresses, b.addresses)
    yield from _differences("numbers", _numbers(a.prose), _numbers(b.prose))
    if english.count("|") != other.count("|") and str(Kind.TABLE_ROW) in message.auto_comments:
        yield f"expected {english.count('|')} bars of the table, received {other.count('|')}"
    if left := _left_in_english(a, b, names if english == other else known):
        yield f"English words are left: {', '.join(left)}; if they are names, add them to locale/exceptions.csv"
    if mixed := [word for word in _LETTERS.findall(b.prose) if _LATIN.search(word) and _CYRILLIC.search(word)]:
        yield f"Latin letters in Cyrillic words: {', '.join(mixed)}"
    if single := sorted(set(_single_letters(b.prose)) - set(_single_letters(a.prose))):
        yield f"Latin letters that the English text doesn't have: {', '.join(single)}"
    if edition.language == "ru" and (capital := _CAPITAL_YOU.search(other)):
        yield f"expected «вы» in lower case, received {capital[0]}"
    for term, beginnings in glossary.items():
        if re.search(rf"(?<![\w-]){re.escape(term)}(?:e?s)?(?![\w-])", a.prose, re.IGNORECASE) and not any(
            _stands(beginning, b.prose) for beginning in beginnings
        ):
            yield f"expected the glossary's translation of {term!r}: a word that begins with {' or '.join(beginnings)}"


def _of_notebook(edition: Edition) -> Iterator[str]:
    for (cell, texts), other in zip(edition.texts(), edition.translated().cells, strict=True):
        if {**cell, "source": ""} != {**other, "source": ""}:
            yield f"cell {cell.id}: expected the metadata of the English cell"
        if cell.cell_type == "markdown":
            if _blocks(cell.source) != _blocks(other.source):
                yield f"cell {cell.id}: expected the same headings, paragraphs, lists, and tables as in English"
        elif cell.cell_type == "code":
            both = {text for pair in edition.translations(cell, texts).items() for text in pair}
            try:
                is_same = _code(cell.source, both) == _code(other.source, both)
            except SyntaxError:
                is_same = False
            if not is_same:
                yield f"cell {cell.id}: expected the same code as in English, but for the texts"


def _code(source: str, texts: Collection[str]) -> str:
    """The syntax tree of `source` without comments, with each of `texts` left out; fields of templates are in order."""
    tree = ast.parse(re.sub(r"^(\s*)[%!]", r"\1#", source, flags=re.MULTILINE))

    class Without(ast.NodeTransformer):
        def visit_Constant(self, node: ast.Constant) -> ast.AST:
            return (
                ast.Constant(None) if isinstance(node.value, str) and inspect.cleandoc(node.value) in cleaned else node
            )

        def visit_JoinedStr(self, node: ast.JoinedStr) -> ast.AST:
            return ast.Tuple([ast.Constant(field) for field in _fields(node)]) if template(node) in texts else node

    cleaned = {inspect.cleandoc(text) for text in texts}
    return ast.dump(Without().visit(tree))


def _blocks(markdown: str) -> list[tuple[str, int, str]]:
    return [(token.type, token.level, token.markup) for token in MARKDOWN.parse(markdown)]


def _fields(node: ast.JoinedStr) -> list[str]:
    return sorted(placeholder(value) for value in node.values if isinstance(value, ast.FormattedValue))


def _differences(
    what: str, english: list[str], other: list[str], same: Callable[[str], str] = lambda part: part
) -> Iterator[str]:
    expected, received = Counter(map(same, english)), Counter(map(same, other))
    if expected != received:
        missing, added = list((expected - received).elements()), list((received - expected).elements())
        lists = {"missing": missing, "not in English": added}
        yield f"{what}: " + "; ".join(f"{name} {', '.join(parts)}" for name, parts in lists.items() if parts)


def _parts(message: str) -> _Parts:
    prose, code, formulas, addresses, emphasized = list[str](), list[str](), list[str](), list[str](), list[str]()
    inside = False
    for token in MARKDOWN.parseInline(message)[0].children or []:
        if token.type in ("em_open", "em_close"):
            inside = token.type == "em_open"
            emphasized += [""] if inside else []
        elif token.type == "code_inline":
            code.append(token.content)
        elif token.type.startswith("math_"):
            formulas.append(" ".join(token.content.split()))
        elif address := _address(token):
            addresses.append(address)
        elif token.type == "text" and inside:
            emphasized[-1] += token.content
        elif token.type == "text":
            prose.append(token.content)
    return _Parts(" ".join(prose), code, formulas, addresses, emphasized)


def _address(token: Token) -> str:
    return str(token.attrGet("href") or token.attrGet("src") or "")


def _in_english(code: str, terms: Mapping[str, str]) -> str:
    """`code` with the words of answers in English, wherever they are in double quotes."""
    for english, other in terms.items():
        code = code.replace(f'"{other}"', f'"{english}"')
    return code


def _numbers(prose: str) -> list[str]:
    return _NUMBER.findall(_THOUSANDS.sub("", prose))


def _left_in_english(english: _Parts, other: _Parts, known: frozenset[str]) -> list[str]:
    if _CYRILLIC.search(english.prose):  # a row of the notebook's own glossary
        return []
    titles = {text for text in english.emphasized if len(text.split()) >= 3}  # of papers, and menus
    prose = " ".join([other.prose, *(text for text in other.emphasized if text not in titles)])
    return [word for word in WORD.findall(prose) if word not in known]


def _single_letters(prose: str) -> list[str]:
    return [word for word in _LETTERS.findall(prose) if len(word) == 1 and _LATIN.match(word)]


def _stands(beginnings: str, prose: str) -> bool:
    pattern = r"\w*\s+".join(rf"\b{re.escape(beginning)}" for beginning in beginnings.split())
    return re.search(pattern, prose.lower().replace("ё", "е")) is not None


def _identifiers(notebook: NotebookNode) -> frozenset[str]:
    """Names of functions, classes, variables, arguments, and attributes in the code of `notebook`."""
    found: set[str] = set()
    for cell in notebook.cells:
        if cell.cell_type == "code":
            for node in ast.walk(ast.parse(re.sub(r"^(\s*)[%!]", r"\1#", cell.source, flags=re.MULTILINE))):
                found |= {getattr(node, field) for field in ("id", "name", "arg", "attr") if hasattr(node, field)}
    return frozenset(name for name in found if name)
