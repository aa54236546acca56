"""Who owns a name at one point of a notebook, as statement after statement binds it anew."""

import builtins
from collections.abc import Iterable

from autograder.examiner.uses import Effects, Uses

# There in each notebook without being bound.
HISTORY = {"In", "Out", "_", "__", "___", "_i", "_ii", "_iii", "_ih", "_oh", "_dh"}
ALWAYS = {*dir(builtins), "get_ipython", "display", "exit", "quit", "__file__", *HISTORY}


class Ownership:
    """Owners of names, from the top of a notebook to where one has come with `to_student` and `to_instructor`.

    `functions` has, by name, what the instructor's functions do when they are called, as far as statements have come.
    """

    def __init__(self, solutions: Iterable[Effects], others: Iterable[Effects]) -> None:
        """`solutions`: all statements of solution cells; `others`: of the instructor's other cells."""
        self.functions: dict[str, Uses] = {}
        self._students: dict[str, bool] = {}
        self._defined: set[str] = set()  # functions and classes: no method called on them changes them
        solutions, others = list(solutions), list(others)
        everything = [*solutions, *others]
        self._imports = {name for effect in everything for name in effect.imports}
        self._variables = set[str]().union(*(effect.now.binds | effect.later.binds for effect in everything))
        self._solved = {name for effect in solutions for name in self._touched(effect)} - self._imports - ALWAYS

    def is_students(self, name: str) -> bool:
        """Whether `name` is the student's here; before anything has bound it, whether a solution is to bind it."""
        return self._students.get(name, name in self._solved)

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

    def reads_students(self, effect: Effects) -> bool:
        """Whether a statement needs a student's name to run."""
        return any(self.is_students(name) for name in self.reached(effect.now.reads) | effect.mentions)

    def to_student(self, effect: Effects) -> None:
        """The student's statement, or the candidate alone, ran: what it binds or changes is the student's."""
        for name in self._touched(effect):
            self._students[name] = True
            self.functions.pop(name, None)
            self._defined.discard(name)
        self._students |= dict.fromkeys(effect.imports, False)

    def to_instructor(self, effect: Effects) -> None:
        """The examiner ran it: what it binds is the instructor's, but a student's name that it may leave as it is."""
        called = self.reached(effect.now.reads) & self.functions.keys()
        perhaps = effect.later.binds.union(*(self.functions[name].binds for name in called))
        later = Uses()
        later.add(effect.later)
        for name in effect.mentions & self.functions.keys():
            later.add(self.functions[name])
        for name in effect.now.binds | effect.imports | perhaps:
            sure = name in effect.sure
            if not sure and name not in effect.imports and self._students.get(name):
                continue
            self._students[name] = False
            before = self.functions.get(name)
            self.functions[name] = Uses()
            if before is not None and not sure:
                self.functions[name].add(before)
            if name in effect.now.binds:
                self.functions[name].add(later)
        self._defined = self._defined - effect.now.binds | effect.defines

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
