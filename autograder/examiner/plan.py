"""Whose name is it? What the examiner runs itself, and what it fetches from the candidate.

Read from the instructor's version of a notebook alone, never from what a student wrote:

1. What its import statements bind is the instructor's, unless a solution binds the same name after them: an exercise
   to write a function that is imported as well. What a solution alone imports is there once the student's kernel
   binds that name: the instructor's where it is bound to the same function, class or any module, else what it is there.
2. The student's are the names that its solution cells bind, delete or change.
3. A statement of a locked or unmarked cell is the instructor's, and so is what it binds or changes: the examiner runs
   it, with the student's names as they stand there, where a grade cell needs what comes of it. It runs beside the
   student's code alone, and what it binds or changes is the student's, where it trains, changes an object of the
   student's, or has the student's code work on the student's own objects (`Reason`); or where the rehearsal found that
   the reference solution gets something else of it. One that does without the student's code runs on both sides, so
   that there are two of each object it makes; where a test asks which of them a solution took, the rehearsal finds
   that too.
4. Bound by both: whoever did so last before the grade cell.
"""

import re
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from typing import Literal, Protocol

from autograder.examiner.bindings import effects
from autograder.examiner.ownership import Ownership, Reason, Statement, StudentsName
from autograder.examiner.references import Effects
from autograder.examiner.statements import Statements, only, parse
from autograder.rpc.shared_globals import DRAWS, NOTHING, SEEDS, Shares, touched_in_text

Kind = Literal["text", "solution", "given", "grade"]


# How a notebook finds a name by its text: `"total" in globals()`, `eval("f(3)")`
LOOKS_UP = re.compile(
    r"\b(?:globals|locals|vars|dir)\(\s*\)|\b(?:eval|exec)\s*\(|\buser_ns\b"
    r"|\bimport\s+__main__|\bfrom\s+__main__|modules\[.__main__.\]"
)


class PlannedCell(Protocol):
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
    locked or unmarked cell, the imports of a solution. Before a cell it fetches the student's names `fetch`, and
    of `maybe`, which nothing in the version binds (a star import or `%run` may), those that it lacks itself. A name
    that the candidate lacks stays unbound: the cell may bind it itself.
    """

    index: int
    grade_id: str | None
    kind: Kind
    code: str = ""
    fetch: tuple[str, ...] = ()
    maybe: tuple[str, ...] = ()
    numbers: tuple[int, ...] = ()  # of a locked or unmarked cell that needs the student's code: statements of `code`
    after: bool = False  # and needs what the student's kernel binds in that cell
    looked_up: tuple[str, ...] = ()  # names of the student's that it may look up by their text; see `LOOKS_UP`
    imports: tuple[str, ...] = ()  # of a solution: what `code` binds, for those who bind it themselves
    awaits: tuple[str, ...] = ()  # such names that the cell needs
    # Of a grade cell: statements with the student's code that what it uses comes from, and names that it fetches though
    # a locked or unmarked cell binds them.
    feeds: tuple[Statement, ...] = ()
    doubled: tuple[int, ...] = ()  # positions of cells that made, on either side, what it and the solutions use
    shares: Shares = NOTHING  # names that it and the student's functions both use
    modules: bool = False  # those with a state are the student's: it looks at what their code has drawn or set there
    left: tuple[StudentsName, ...] = ()

    @property
    def across(self) -> bool:
        """Whether it is a locked or unmarked cell of which something needs the student's code."""
        return bool(self.numbers)


def plan(cells: Sequence[PlannedCell], beside: Collection[int] = (), modules: Collection[int] = ()) -> tuple[Step, ...]:
    """One step for each of the instructor's `cells`, in their order.

    In the cells at the positions `beside`, what needs the student's code, or makes what solutions use, runs beside it
    alone. Grade cells at the
    positions `modules` use the student's `matplotlib.pyplot`, and theirs of the course's own modules.
    """
    everything = _Plan(cells, lambda at: True, beside)
    needed = _Plan(cells, lambda at: at in everything.needed, beside)
    return tuple(
        replace(step, left=all_run.left, modules=step.index in modules)
        for step, all_run in zip(needed.steps, everything.steps, strict=True)
    )


class _Plan:
    """The steps, where the examiner runs those statements that need the student's code and that `runs` has it run.

    `needed` are those that come to something in a grade cell.
    """

    def __init__(
        self, cells: Sequence[PlannedCell], runs: Callable[[Statement], bool], beside: Collection[int] = ()
    ) -> None:
        self.needed: set[Statement] = set()
        self._runs, self._beside = runs, beside
        self._looks_up = any(LOOKS_UP.search(cell.source) for cell in cells if not cell.solution)
        self._draws = any(cell.solution and DRAWS.search(cell.source) for cell in cells)
        kinds = [_kind(cell) for cell in cells]
        parsed = [None if kind == "text" else parse(cell.source) for kind, cell in zip(kinds, cells, strict=True)]
        found = [effects(cell) if cell is not None else [] for cell in parsed]
        self._ownership = Ownership(
            chain(*(found[i] for i, kind in enumerate(kinds) if kind == "solution")),
            chain(*(found[i] for i, kind in enumerate(kinds) if kind != "solution")),
        )
        steps = []
        for index, (cell, kind, statements) in enumerate(zip(cells, kinds, parsed, strict=True)):
            step = Step(index, cell.grade_id, kind)
            if statements is None:  # no Python: the text as it is, so that its error is told
                step = replace(step, code=cell.source if kind in ("given", "grade") else "")
            elif kind == "grade":
                step = self._graded(replace(step, code=cell.source), found[index])
            elif kind == "solution":
                step = self._solution(step, cell, statements, found[index])
            else:
                step = self._given(step, cell, statements, found[index])
            steps.append(step)
        self.steps = tuple(steps)

    def _solution(self, step: Step, cell: PlannedCell, statements: Statements, found: Sequence[Effects]) -> Step:
        """What the examiner runs of a solution: its imports, but for those that hang on what is the student's."""
        kept, imports = [], set[str]()
        for effect in found:
            kept.append(bool(effect.imports) and not self._ownership.needs(effect))
            self._ownership.to_student(effect)
            imports |= self._ownership.awaited(effect.imports) if kept[-1] else set()
        return replace(step, code=_kept(cell, statements, kept), imports=tuple(sorted(imports)))

    def _graded(self, step: Step, found: Sequence[Effects]) -> Step:
        """A grade cell's step."""
        ownership = self._ownership
        fetch, maybe, awaits, sources = set[str](), set[str](), set[str](), set[Statement]()
        used, bound, changed, imports = set[str](), set[str](), set[str](), set[str]()
        names_in_text, builtins_in_text = touched_in_text(step.code)
        seeds = self._draws and SEEDS.search(step.code) is not None
        left, before = dict[str, StudentsName](), ownership.students()
        if self._looks_up:
            awaits |= ownership.awaited()
        for effect in found:
            needed = ownership.reached(effect.now.reads | effect.mentions | effect.later.reads | names_in_text)
            used |= needed
            for uses in (effect.now, effect.later):
                bound |= uses.binds
                changed |= uses.changes | uses.calls
            sources |= ownership.sources(needed)
            students = set(filter(ownership.is_students, needed))
            left |= {name: given for name in students if (given := ownership.left(name)) is not None}
            fetch |= students
            maybe |= set(filter(ownership.is_unknown, needed))
            awaits |= ownership.awaited(needed)
            imports |= effect.imports
            live = bool(students or awaits.intersection(needed)) or ownership.is_live(effect)
            ownership.to_instructor(effect, live=live)
        self.needed |= sources
        doubled = ownership.doubled(used - bound)
        looked_up = tuple(sorted(before - fetch)) if self._looks_up else ()
        return replace(
            step,
            awaits=tuple(sorted(awaits)),
            fetch=tuple(sorted(fetch)),
            maybe=tuple(sorted(maybe)),
            looked_up=looked_up,
            feeds=tuple(sorted(sources)),
            doubled=tuple(sorted(doubled)),
            shares=ownership.shares(used, bound | names_in_text, changed, imports, builtins_in_text, seeds=seeds),
            left=tuple(left[name] for name in sorted(left)),
        )

    def _given(self, step: Step, cell: PlannedCell, statements: Statements, found: Sequence[Effects]) -> Step:
        """The step of a locked or unmarked cell."""
        ownership = self._ownership
        kept, fetch, awaits, here = list[bool](), set[str](), set[str](), set[str]()
        across = after = False
        for number, effect in enumerate(found):
            at, students = (step.index, number), ownership.needs(effect)
            awaited = ownership.awaited(ownership.reached(effect.now.reads) | effect.mentions)
            beside = step.index in self._beside
            doubled = beside and not effect.imports and ownership.is_used(effect)
            alone = not students and not awaited and not ownership.sources_of(effect) and not ownership.is_live(effect)
            if alone and not doubled:
                ownership.to_instructor(effect)
                ownership.made(effect, step.index)
                kept.append(True)
                continue
            reason = Reason.DIFFERS if beside else ownership.beside(effect)
            if reason is None and not self._runs(at):
                reason = Reason.UNUSED
            kept.append(reason is None)
            if reason is None:
                across, after = True, after or bool(students & here)
                fetch |= students
                awaits |= awaited
                ownership.to_instructor(effect, at)
            else:
                here |= effect.now.binds | effect.now.changes | effect.now.calls
                ownership.to_student(effect, step.index, reason)
        code = _kept(cell, statements, kept)
        numbers = [number for number, runs in enumerate(kept) if runs] if across else []
        awaits_sorted, fetch_sorted = tuple(sorted(awaits)), tuple(sorted(fetch))
        return replace(step, code=code, awaits=awaits_sorted, fetch=fetch_sorted, numbers=tuple(numbers), after=after)


def _kept(cell: PlannedCell, statements: Statements, kept: Sequence[bool]) -> str:
    return cell.source if kept and all(kept) else only(statements, kept)


def imported(cells: Sequence[PlannedCell]) -> tuple[str, ...]:
    """Modules that import statements of `cells` name, in functions as well: what the examiner may import."""
    parsed = [parse(cell.source) for cell in cells if cell.cell_type == "code"]
    return tuple(sorted({name for cell in parsed if cell for effect in effects(cell) for name in effect.modules}))


def _kind(cell: PlannedCell) -> Kind:
    if cell.cell_type != "code":
        return "text"
    return "solution" if cell.solution else "grade" if cell.grade else "given"
