"""What the text of a cell tells: whether two are the same, which names it binds, what one cell needs of another.

Plain line by line reading, as parsing what a student wrote can bring Python down.
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
    """The text without blank lines around it and spaces at the ends of lines: two of the same key say the same."""
    return "\n".join(line.rstrip() for line in text.split("\n")).strip("\n")


def is_telling(text: str) -> bool:
    """Whether a text is long enough to be known by; `plt.show()` is not."""
    return len(key(text)) >= 30


def closeness(text: str, other: str, at_least: float = 0.0) -> float:
    """How close a student's text is to the instructor's `other`, 0 to 100; 0 when under `at_least`."""
    if len(text) > 3 * len(other) + 500:
        return 0.0
    return float(fuzz.ratio(text, other, score_cutoff=at_least))


@lru_cache(maxsize=20_000)
def bound(text: str) -> frozenset[str]:
    """The names that a text binds at the top level, as far as they can be seen line by line."""
    return frozenset(name for names in bound_by_line(text) for name in names)


def bound_by_line(text: str) -> list[set[str]]:
    """For each line of a text, the names that it binds at the top level; none within triple-quoted strings."""
    result: list[set[str]] = []
    in_string = False
    for line in text.split("\n"):
        result.append(set() if in_string else _bound_in_line(line))
        in_string ^= (line.count('"""') + line.count("'''")) % 2 == 1
    return result


def binds(cell: InstructorCell) -> frozenset[str]:
    """The names that the instructor's cell binds, in the reference and as released."""
    return bound(cell.source) | bound(cell.released) if cell.cell_type == "code" else frozenset()


def own_names(version: Version) -> list[set[str]]:
    """For each cell, the names that it alone binds, but for tests: an answer is known by them."""
    bindings = [binds(cell) if cell.solution or not cell.grade else frozenset() for cell in version.cells]
    times = Counter(name for names in bindings for name in names)
    return [{name for name in names if times[name] == 1} for names in bindings]


def needs(version: Version) -> list[set[int]]:
    """For each cell, the positions of those before it that it builds upon, directly or through others.

    That is: the last one before it to bind a name which occurs in it, and for a grade cell also the solution cells
    right before it.
    """
    result: list[set[int]] = []
    last: dict[str, int] = {}
    section: set[int] = set()
    tested = False
    for position, cell in enumerate(version.cells):
        names = binds(cell)
        direct: set[int] = set()
        if cell.cell_type == "code":
            direct = {last[word] for word in set(_WORD.findall(cell.source)) - names if word in last}
        if cell.solution:
            section, tested = ({position} if tested else section | {position}), False
        elif cell.grade:
            direct |= section
            tested = True
        result.append(direct.union(*(result[other] for other in direct)))
        last.update(dict.fromkeys(names, position))
    return result


def _bound_in_line(line: str) -> set[str]:
    """The names that a line binds at the top level."""
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
