"""What can be read from the text of a cell: whether two are equal or similar, which names it binds, what it needs.

Texts are read line by line with regular expressions and never parsed, as `ast.parse` of a student's text can crash
Python (deep nesting). So a name is missed where a line hides it (`for`, `with`, `exec`); `symtable` is for trusted
texts, in `examiner.bindings`.
"""

import re
from collections import Counter
from functools import lru_cache
from keyword import iskeyword

from rapidfuzz import fuzz

from autograder.notebooks.instructor_version import InstructorCell, Version

_DEFINITION = re.compile(r"(?:async\s+def|def|class)\s+(\w+)")
_IMPORT = re.compile(r"(?:from\s+\S+\s+)?import\s+(.+)")
_TARGETS = re.compile(r"[\w\s.,*()\[\]]+")
_COMPARISON = re.compile(r"(?:!|(?<!<)<|(?<!>)>)$")
_WORD = re.compile(r"[^\W\d]\w*")


def key(text: str) -> str:
    """The text to compare by: without blank lines around it, and without spaces at the ends of lines."""
    return "\n".join(line.rstrip() for line in text.split("\n")).strip("\n")


def is_distinctive(text: str) -> bool:
    """Whether a text is long enough (30 characters) to tell a cell by; `plt.show()` is not."""
    return len(key(text)) >= 30


def similarity(text: str, other: str, at_least: float = 0.0) -> float:
    """How similar a student's text is to the instructor's `other`, from 0 to 100 (RapidFuzz's ratio).

    It is 0 where it is less than `at_least`, and for a text of far more than the instructor's length, which would take
    long to compare.
    """
    if len(text) > 3 * len(other) + 500:
        return 0.0
    return float(fuzz.ratio(text, other, score_cutoff=at_least))


@lru_cache(maxsize=20_000)
def bound_names(text: str) -> frozenset[str]:
    """The names that a text binds at the top level: functions, classes, imports, and assignments."""
    return frozenset(name for names in names_bound_by_line(text) for name in names)


def names_bound_by_line(text: str) -> list[set[str]]:
    """For each line of a text, the names that it binds at the top level; none within triple-quoted strings."""
    result: list[set[str]] = []
    in_string = False
    for line in text.split("\n"):
        result.append(set() if in_string else _names_bound_in_line(line))
        in_string ^= (line.count('"""') + line.count("'''")) % 2 == 1
    return result


def names_bound_by(cell: InstructorCell) -> frozenset[str]:
    """The names that an instructor's cell binds, in the reference solution or as released."""
    if cell.cell_type != "code":
        return frozenset()
    return bound_names(cell.source) | bound_names(cell.released)


def unique_names(version: Version) -> list[set[str]]:
    """For each cell of the version, the names that no other cell of it binds; what tests bind does not count.

    A student's answer is recognized by them whatever became of its metadata.
    """
    bindings = [names_bound_by(cell) if cell.solution or not cell.grade else frozenset() for cell in version.cells]
    times = Counter(name for names in bindings for name in names)
    return [{name for name in names if times[name] == 1} for names in bindings]


def dependencies(version: Version) -> list[set[int]]:
    """For each cell of the version, the positions of the cells before it that have to run before it.

    For each word in a code cell (in its strings and comments too) that is the last cell before it to bind that name.
    A grade cell also needs the answers that it tests, whatever they bind: those right before it and before the grade
    cells beside it. What a needed cell needs is needed as well.
    """
    result: list[set[int]] = []
    binder: dict[str, int] = {}  # name -> the last position that binds it
    answers: set[int] = set()  # the solution cells that a grade cell here would test
    tested = False  # whether a grade cell came after the last of them
    for position, cell in enumerate(version.cells):
        names = names_bound_by(cell)
        direct: set[int] = set()
        if cell.cell_type == "code":
            direct = {binder[word] for word in set(_WORD.findall(cell.source)) - names if word in binder}
        if cell.solution:
            answers, tested = ({position} if tested else answers | {position}), False
        elif cell.grade:
            direct |= answers
            tested = True
        result.append(direct.union(*(result[other] for other in direct)))
        binder.update(dict.fromkeys(names, position))
    return result


def _names_bound_in_line(line: str) -> set[str]:
    """The names that a line binds; none where it is indented, so not at the top level."""
    if not line or line[0].isspace() or line[0] in "#@":
        return set()
    if found := _DEFINITION.match(line):
        return {found[1]}
    if found := _IMPORT.match(line):
        parts = (part.strip(" ()").rsplit(" as ", 1)[-1] for part in found[1].split("#")[0].split(","))
        return {part.split(".")[0].strip() for part in parts if part.strip()}
    names: set[str] = set()
    left, equals, right = line.partition("=")
    while equals and not right.startswith("=") and not _COMPARISON.search(left):
        left = left.rstrip("+-*/%@&|^<> ").split(":")[0]
        if not _TARGETS.fullmatch(left) or left.count("(") != left.count(")") or iskeyword(left.split(" ")[0]):
            break
        names |= {name[0] for part in left.split(",") if (name := _WORD.match(part.strip(" *()[]")))}
        left, equals, right = right.partition("=")
    return names
