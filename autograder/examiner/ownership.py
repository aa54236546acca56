"""Who owns a name at one point of a notebook, as statement after statement binds it anew."""

import builtins
import enum
from collections.abc import Collection, Iterable
from dataclasses import dataclass

from autograder.common.language import english
from autograder.examiner.references import Effects, Uses
from autograder.rpc.shared_globals import Shares

# There in each notebook without being bound.
HISTORY = {"In", "Out", "_", "__", "___", "_i", "_ii", "_iii", "_ih", "_oh", "_dh"}
ALWAYS = {*dir(builtins), "get_ipython", "display", "exit", "quit", "__file__", *HISTORY}


Statement = tuple[int, int]  # one of the instructor's: position of its cell, and its place there


class Reason(str, enum.Enum):  # noqa: UP042  Python 3.10 has no StrEnum
    """Why a statement of the instructor's runs beside the student's code, and what it binds is the student's."""

    TRAINS = "trains"  # it trains or loads a model, itself or by what it calls
    CHANGES = "changes"  # it changes an object of the student's
    OWN = "own"  # it has the student's code work on the student's own objects
    DIFFERS = "differs"  # the rehearsal: run by the examiner it gives the reference solution something else
    UNUSED = "unused"  # no test needs it


BECAUSE = {  # in words, of names that stay the student's
    Reason.TRAINS: english("the cell trains or loads a model"),
    Reason.CHANGES: english("the cell changes an object of the student's"),
    Reason.OWN: english("the cell runs the student's code on the student's own objects"),
    Reason.DIFFERS: english("in isolation, the cell gives a different result for the reference solution"),
}


@dataclass(frozen=True)
class StudentsName:
    """A name that a locked or unmarked cell binds and that is the student's all the same."""

    name: str
    position: int  # of that cell
    reason: Reason


class Ownership:
    """Owners of names, from the top of a notebook to where one has come with `to_student` and `to_instructor`.

    `functions` has, by name, what the instructor's functions do when they are called, as far as statements have come.
    A name is the instructor's also where a statement that needs the student's code has bound or changed it, so long as
    the examiner has run that; these statements are the name's `sources`. A name that a solution imports is `awaited`:
    it is the instructor's module where the student's kernel binds it to the same, else what is bound there.
    """

    def __init__(self, solutions: Iterable[Effects], others: Iterable[Effects]) -> None:
        """`solutions`: all statements of solution cells; `others`: of the instructor's other cells."""
        self.functions: dict[str, Uses] = {}
        self._students: dict[str, bool] = {}
        self._awaited: set[str] = set()
        self._defined: set[str] = set()  # functions and classes: no method called on them changes them
        solutions, others = list(solutions), list(others)
        everything = [*solutions, *others]
        self._imports = {name for effect in everything for name in effect.imports}
        self._variables = set[str]().union(*(effect.now.binds | effect.later.binds for effect in everything))
        self._sources: dict[str, frozenset[Statement]] = {}
        self._left: dict[str, StudentsName] = {}
        self._live: set[str] = set()  # bound by grade cells, from what is the student's: may need their code to be used
        self._made: dict[str, int] = {}  # by name, the position of the given cell that bound it as on the other side
        self._routines = set[str]().union(*(effect.defines for effect in solutions))
        self._bodies: dict[str, Uses] = {}  # of the solutions' functions
        for effect in solutions:
            for name in effect.now.binds:
                self._bodies.setdefault(name, Uses()).add(effect.later)
        self._solved = {name for effect in solutions for name in self._touched(effect)} - self._imports - ALWAYS
        self._used = set[str]().union(*(e.now.reads | e.mentions | e.later.reads for e in solutions)) - self._imports

    def is_students(self, name: str) -> bool:
        """Whether `name` is the student's here; before anything has bound it, whether a solution is to bind it."""
        return self._students.get(name, name in self._solved)

    def students(self) -> set[str]:
        """All names that are the student's here."""
        return set(filter(self.is_students, self._solved | self._students.keys()))

    def is_unknown(self, name: str) -> bool:
        """Whether nothing in the notebook binds `name`, nor Python, nor IPython."""
        return name not in self._variables | self._imports | ALWAYS

    def reached(self, names: Iterable[str]) -> set[str]:
        """`names` and what the instructor's functions among them read when they are called, and so on."""
        found: set[str] = set()
        left = set(names)
        while left:
            name = left.pop()
            found.add(name)
            if name in self.functions:
                left |= self.functions[name].reads - found
        return found

    def needs(self, effect: Effects) -> set[str]:
        """The names of the student's that a statement needs to run."""
        return set(filter(self.is_students, self.reached(effect.now.reads) | effect.mentions))

    def sources(self, names: Iterable[str]) -> frozenset[Statement]:
        """The statements that needed the student's code and that the values of `names` come from."""
        return frozenset[Statement]().union(*(self._sources.get(name, ()) for name in names))

    def sources_of(self, effect: Effects) -> frozenset[Statement]:
        """The same of all that a statement reads."""
        return self.sources(self.reached(effect.now.reads) | effect.mentions)

    def is_live(self, effect: Effects) -> bool:
        """Whether a statement reads what a grade cell made of the student's names, a network of their class, say."""
        return not self._live.isdisjoint(self.reached(effect.now.reads) | effect.mentions)

    def is_used(self, effect: Effects) -> bool:
        """Whether a solution uses what a statement binds."""
        return not self._used.isdisjoint(effect.now.binds)

    def made(self, effect: Effects, position: int) -> None:
        """The cell at `position` ran on both sides: what a solution uses of it, there are two of."""
        self._made |= dict.fromkeys(effect.now.binds & self._used, position)

    def doubled(self, names: Iterable[str]) -> set[int]:
        """The positions of locked or unmarked cells that made, on either side, those of `names` that solutions use."""
        return {self._made[name] for name in names if name in self._made and not self.is_students(name)}

    def awaited(self, names: Iterable[str] | None = None) -> set[str]:
        """Those of `names`, or all, that nobody but a solution imports."""
        return set(self._awaited) if names is None else self._awaited.intersection(names)

    def shares(
        self,
        used: set[str],
        bound: set[str],
        changed: set[str],
        imports: set[str],
        patched: Collection[str],
        *,
        seeds: bool,
    ) -> Shares:
        """What a cell shares that uses, binds, changes and imports those names, and replaces those built-ins."""
        bodies = Uses()
        for uses in self._bodies.values():
            bodies.add(uses)
        given = (bound | changed | imports) & bodies.reads - (self._imports - imports)
        return Shares(
            given=tuple(sorted(given)),
            hidden=tuple(sorted(bound.intersection(dir(builtins)) - given)),
            patched=tuple(sorted({name for name in patched if "." in name or name in bodies.reads} - given)),
            bound=tuple(sorted(bodies.binds & (used | bound))),
            seeds=seeds,
        )

    def left(self, name: str) -> StudentsName | None:
        """Of a name of the student's, the locked or unmarked cell that binds it, if one does."""
        return self._left.get(name)

    def beside(self, effect: Effects) -> Reason | None:
        """Why a statement of the instructor's has to run beside the student's code alone, if it has to."""
        uses = Uses()
        uses.add(effect.now)
        for name in self.reached(effect.now.reads) & self.functions.keys():
            uses.add(self.functions[name])
        if effect.now.trains or self._trains(effect.called):
            return Reason.TRAINS
        changed = uses.changes | (uses.calls - self._routines)
        if any(self.is_students(name) for name in changed & self._variables - self._imports):
            return Reason.CHANGES
        own = set(filter(self.is_students, effect.now.reads | effect.mentions))
        if own & effect.called and own - effect.called - self._routines:
            return Reason.OWN
        return None

    def _trains(self, called: Iterable[str]) -> bool:
        """Whether one of these functions, the student's as in the solution, trains, itself or through others."""
        seen, left = set[str](), set(called)
        while left:
            name = left.pop()
            seen.add(name)
            for bodies in (self.functions, self._bodies):
                if name in bodies:
                    if bodies[name].trains:
                        return True
                    left |= bodies[name].reads - seen
        return False

    def to_student(self, effect: Effects, position: int | None = None, reason: Reason | None = None) -> None:
        """The student's statement, or the candidate alone, ran: what it binds or changes is the student's.

        So is what came of the student's code and what it may have changed by being given it. `position` and `reason`
        are those of a statement of the instructor's.
        """
        touched = self._touched(effect)
        given = {name for _, name in effect.passed} if reason is None else effect.now.reads | effect.mentions
        touched |= {name for name in given if self._sources.get(name) and reason is not Reason.UNUSED}
        for name in touched:
            self._students[name] = True
            self.functions.pop(name, None)
            self._sources.pop(name, None)
            self._left.pop(name, None)
            self._defined.discard(name)
            if position is not None and reason is not None and reason is not Reason.UNUSED:
                self._left[name] = StudentsName(name, position, reason)
        self._awaited -= touched
        self._awaited |= {name for name in effect.imports if self._students.get(name) is not False}
        self._students |= dict.fromkeys(effect.imports, False)

    def to_instructor(self, effect: Effects, at: Statement | None = None, *, live: bool = False) -> None:
        """The examiner ran it: what it binds is the instructor's, but a student's name that it may leave as it is.

        `at`: where it stands, if it needed the student's code to run; `live`: a grade cell's, that needed it.
        """
        called = self.reached(effect.now.reads) & self.functions.keys()
        perhaps = effect.later.binds.union(*(self.functions[name].binds for name in called))
        later = Uses()
        later.add(effect.later)
        for name in effect.mentions & self.functions.keys():
            later.add(self.functions[name])
        sources = self.sources_of(effect) | ({at} if at is not None else set())
        if sources:
            for name in self._changed(effect):
                self._sources[name] = self._sources.get(name, frozenset()) | sources
        for name in effect.now.binds | effect.imports | perhaps:
            sure = name in effect.sure
            if live:
                self._live.add(name)
            elif sure:
                self._live.discard(name)
            if not sure and name not in effect.imports and self._students.get(name):
                continue
            self._students[name] = False
            if sure:
                self._awaited.discard(name)
            self._left.pop(name, None)
            self._sources[name] = sources if sure else self._sources.get(name, frozenset()) | sources
            before = self.functions.get(name)
            self.functions[name] = Uses()
            if before is not None and not sure:
                self.functions[name].add(before)
            if name in effect.now.binds:
                self.functions[name].add(later)
        self._defined = self._defined - effect.now.binds | effect.defines

    def _changed(self, effect: Effects) -> set[str]:
        """Names of the instructor's that a statement changes, itself or through functions that are the instructor's."""
        uses = Uses()
        uses.add(effect.now)
        for name in self.reached(effect.now.reads) & self.functions.keys():
            uses.add(self.functions[name])
        given = {
            name
            for function, name in effect.passed
            if not self.is_students(function) and (name not in self._defined or function in ("delattr", "setattr"))
        }
        changed = uses.changes | uses.calls | given
        return {name for name in changed & self._variables - self._imports if not self.is_students(name)}

    def _touched(self, effect: Effects) -> set[str]:
        """Names that a statement binds or changes, or may through functions.

        Modules are never changed, nor is what nothing binds: `linalg.norm` after a star import.
        """
        uses = Uses()
        uses.add(effect.now)
        uses.add(effect.later)
        for name in self.reached(uses.reads) & self.functions.keys():
            uses.add(self.functions[name])
        changed = uses.changes | (uses.calls - self._defined)
        return uses.binds | (changed & self._variables - self._imports)
