"""The words that users read: pages, notebooks, messages. Their spelling, and constructions that we don't use."""

import ast
import functools
import re
from collections.abc import Iterator
from pathlib import Path

import spylls.hunspell
from repository import ROOT
from spylls.hunspell import Dictionary

VOCABULARY = Path(__file__).parent / "vocabulary.txt"  # right words that the dictionary lacks, in lower case
CATALOGUES = ("attacks.md", "styles-of-tests.md")  # their tables are made of names
# Constructions that are not idiomatic English, and what to write.
BANNED = {
    r"; how, [^.;]* says": "say who tells the reader: 'your instructor will tell you how'",
    r"\bas if (?:one|it) took\b": "'assuming that it takes'",
    r"\bmeasured? anew\b": "'measure again'",
    r"\bwhat (?:it|each) (?:took|cost) for what\b": "name the quantities: 'training time per run'",
    r"\bthe model of test \w+": "name the exercise: 'your model in Exercise 3'",
    r"\bover the last 1 \w+s\b": "singular: 'in the last epoch'",
    r"\bone an? (?:digit|class|row|image|neuron|student|exercise|assignment|epoch|page|line)\b": "'one per …'",
    r"\b\d[\d,.]* \w+s an? (?:neuron|row|image|epoch|digit|class|notebook)\b": "'per …'",
    r"\bone page a task\b": "'one page per task'",
    r"\bfor you to see\b": "say what the reader should do",
    r"\b(?:is|are) told as\b": "'is reported as'",
    r"\b(?:comes?|came) of it\b": "'results from'",
    r"\bis of no account\b": "'does not matter'",
    r"\bfor ever\b": "'forever'",
    r"\bthe dullest\b": "'the simplest'",
    r"\bpencil and paper do\b": "'pencil and paper are enough'",
    r"\b(?:can|may) as well be\b.*\bturned\b": "say what is rotated, and why that does not matter",
    r"\bmachine learning is methods\b": "'is a set of methods'",
    r"\bwith \d+ below\b": "'with a denominator of …'",
    r"\bby its documentation\b": "'according to its documentation'",
    r"\bwants of\b|\bfor want of\b": "'for lack of', or 'because there is no'",
}
_CODE = re.compile(r"^ *(`{3,}|~{3,}).*?^ *\1 *$", re.MULTILINE | re.DOTALL)
_NOISE = re.compile(
    r"<!--.*?-->|``.+?``|`[^`]*`|\$\$.+?\$\$|\$[^$\n]+\$|<[^<>\n]+>|(?<=\])\([^)\s]*\)|https?://\S+|\{[%#{].*?[%#}]\}|&\w+;",
    re.DOTALL,
)


# A list of names has no sign of punctuation, a regular expression no three words in a row.
_SENTENCE = re.compile(r"^(?=.*(?:^[A-Z]|[.:,;?]))(?=.*[a-z]{2,} [a-z]{2,} [a-z]+)", re.DOTALL)


def without_code(text: str) -> str:
    """Markdown without what is no prose: code, formulas, tags, addresses."""
    return _NOISE.sub(" · ", _CODE.sub("\n", text))


def pages() -> Iterator[tuple[str, str]]:
    """Name and prose of each Markdown page."""
    for path in [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]:
        text = path.read_text(encoding="utf-8")
        if path.name in CATALOGUES:
            text = re.sub(r"^\|.*$", "", text, flags=re.MULTILINE)
        yield str(path.relative_to(ROOT)), without_code(text)


def notebooks() -> Iterator[tuple[str, str]]:
    """Name and prose of each assignment's Markdown cells."""
    for path in sorted((ROOT / "solutions").glob("*.py")):
        cells = re.split(r"^# %%", path.read_text(encoding="utf-8"), flags=re.MULTILINE)
        lines = [cell.partition("\n")[2] for cell in cells if cell.lstrip().startswith("[markdown]")]
        yield str(path.relative_to(ROOT)), without_code(re.sub(r"^# ?", "", "\n".join(lines), flags=re.MULTILINE))


def messages() -> Iterator[tuple[str, str]]:
    """Name and sentences of each module of the package and of each template of a page."""
    for path in sorted((ROOT / "autograder").rglob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        told = [literal for literal in _literals(tree) if _SENTENCE.search(literal)]
        if told:
            yield str(path.relative_to(ROOT)), without_code("\n".join(told))
    for path in sorted((ROOT / "autograder" / "reports" / "templates").glob("*.j2")):
        yield str(path.relative_to(ROOT)), without_code(path.read_text(encoding="utf-8"))


def _literals(tree: ast.AST) -> Iterator[str]:
    """Texts of a module, docstrings left out; a value within an f-string is a dot."""
    docstrings = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }
    inner = {id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in node.values}
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            yield "".join(str(part.value) if isinstance(part, ast.Constant) else "·" for part in node.values)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docstrings | inner:
            yield node.value


def words(text: str) -> Iterator[str]:
    """Its words. Names of things (CamelCase, snake_case, paths, with digits, not in Latin letters) are left out."""
    for token in re.split(r"[\s—–|·…(){}\[\],;:!?\"“”]+", text):
        bare = token.strip(".*_'’‘#>-=+/&%")
        for part in re.split(r"[-/]", bare):
            word = part.replace("’", "'").strip("'")
            word = re.sub(r"'s$", "", word)
            if re.fullmatch(r"[A-Za-z]?[a-z]+(?:'[a-z]+)?", word) and len(word) > 1:
                yield word


@functools.cache
def dictionary() -> Dictionary:
    """American English."""
    return Dictionary.from_files(str(Path(spylls.hunspell.__file__).parent / "data" / "en" / "en_US"))


@functools.cache
def vocabulary() -> frozenset[str]:
    """Our own words."""
    return frozenset(VOCABULARY.read_text(encoding="utf-8").split())


@functools.cache
def known(word: str) -> bool:
    """Whether a word is spelled right."""
    return word.lower() in vocabulary() or dictionary().lookup(word)


def misspelled(text: str) -> list[str]:
    """Its words that neither the dictionary nor our vocabulary has."""
    return sorted({word for word in words(text) if not known(word)})


def banned(text: str) -> list[str]:
    """Its constructions that are not idiomatic, each with what to write."""
    line = " ".join(text.split())
    return [
        f"{found.group()!r}: write {advice}"
        for find, advice in BANNED.items()
        for found in re.finditer(find, line, re.I)
    ]
