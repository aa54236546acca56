"""Whose name is it? What the examiner runs itself, and what it fetches from the candidate.

Read from the instructor's version of a notebook alone, never from what a student wrote:

1. What its import statements bind is the instructor's, unless a solution binds the same name after them: an exercise
   to write a function that is imported as well.
2. The student's are the names that its solution cells bind, delete or change.
3. A statement of a locked or unmarked cell that reads a student's name, itself or through the instructor's functions,
   runs in the candidate alone, and what it binds or changes is the student's. The others run in the examiner too.
4. Bound by both: whoever did so last before the grade cell.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import chain
from typing import Any, Literal, Protocol

from autograder.examiner.names import effects
from autograder.examiner.ownership import Ownership
from autograder.examiner.statements import only, parse
from autograder.examiner.uses import Effects

Kind = Literal["text", "solution", "given", "grade"]


class Cell(Protocol):
    """An instructor's cell: `source` with solutions and hidden tests."""

    @property
    def cell_type(self) -> str: ...  # noqa: D102
    @property
    def source(self) -> str: ...  # noqa: D102
    @property
    def grade(self) -> bool: ...  # noqa: D102
    @property
    def solution(self) -> bool: ...  # noqa: D102
    @property
    def grade_id(self) -> str | None: ...  # noqa: D102


@dataclass(frozen=True)
class Step:
    """What the examiner does at one cell.

    `code` is what it runs there, as IPython takes it: all of an autograded cell, the instructor's statements of a
    locked or unmarked cell, the imports of a solution. Before a grade cell it fetches the student's names `fetch`, and
    of `maybe`, which nothing in the version binds (a star import or `%run` may), those that it lacks itself. A name
    that the candidate lacks stays unbound: the cell may bind it itself.
    """

    index: int
    grade_id: str | None
    kind: Kind
    code: str = ""
    fetch: tuple[str, ...] = ()
    maybe: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """As JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> "Step":
        """What `as_dict` gave, before or after a way through JSON."""
        return cls(**{**data, "fetch": tuple(data["fetch"]), "maybe": tuple(data["maybe"])})


def plan(cells: Sequence[Cell]) -> tuple[Step, ...]:
    """One step for each of the instructor's `cells`, in their order."""
    kinds = [_kind(cell) for cell in cells]
    parsed = [None if kind == "text" else parse(cell.source) for kind, cell in zip(kinds, cells, strict=True)]
    found = [effects(cell) if cell is not None else [] for cell in parsed]
    ownership = Ownership(
        chain(*(found[i] for i, kind in enumerate(kinds) if kind == "solution")),
        chain(*(found[i] for i, kind in enumerate(kinds) if kind != "solution")),
    )
    steps = []
    for index, (cell, kind, statements) in enumerate(zip(cells, kinds, parsed, strict=True)):
        code, fetch, maybe = "", set[str](), set[str]()
        if statements is None:  # no Python: the text as it is, so that its error is told
            code = cell.source if kind in ("given", "grade") else ""
        elif kind == "grade":
            code = cell.source
            for effect in found[index]:
                needed = ownership.reached(effect.now.reads | effect.mentions | effect.later.reads)
                fetch |= set(filter(ownership.is_students, needed))
                maybe |= set(filter(ownership.is_unknown, needed))
                ownership.to_instructor(effect)
        else:
            kept = [_runs(effect, kind, ownership) for effect in found[index]]
            code = cell.source if kept and all(kept) else only(statements, kept)
        steps.append(Step(index, cell.grade_id, kind, code, tuple(sorted(fetch)), tuple(sorted(maybe))))
    return tuple(steps)


def _runs(effect: Effects, kind: Kind, ownership: Ownership) -> bool:
    """Whether the examiner runs this statement of a locked, unmarked or solution cell; moves `ownership` past it."""
    alone = ownership.reads_students(effect)
    if kind == "solution" or alone:
        ownership.to_student(effect)
    else:
        ownership.to_instructor(effect)
    return not alone and (kind == "given" or bool(effect.imports))


def modules(cells: Sequence[Cell]) -> tuple[str, ...]:
    """Modules that import statements of `cells` name, in functions as well: what the examiner may import."""
    parsed = [parse(cell.source) for cell in cells if cell.cell_type == "code"]
    return tuple(sorted({name for cell in parsed if cell for effect in effects(cell) for name in effect.modules}))


def _kind(cell: Cell) -> Kind:
    if cell.cell_type != "code":
        return "text"
    return "solution" if cell.solution else "grade" if cell.grade else "given"
