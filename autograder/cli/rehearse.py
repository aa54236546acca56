"""`autograder rehearse`: what grading will make of an assignment's tests, before there are submissions."""

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from shlex import quote
from typing import Any, ClassVar

from nbgrader.apps.baseapp import NbGrader
from nbgrader.converters import BaseConverter
from nbgrader.coursedir import CourseDirectory
from rich.status import Status
from rich.text import Text
from traitlets import Bool

from autograder.cli.base import CourseApp
from autograder.cli.console import Console, Table, plain
from autograder.cli.options import FLAGS, aliases
from autograder.cli.progress import Lines
from autograder.grading.engine import EngineError
from autograder.grading.job import Event
from autograder.grading.mutants import MUTANTS, Mutated
from autograder.grading.pipeline import Autograde
from autograder.grading.rehearsal import Rehearsal
from autograder.grading.settings import Grading
from autograder.notebooks.instructor_version import VersionError
from autograder.sandbox.limits import Limits
from autograder.training.settings import Trainer


class RehearseApp(CourseApp):
    """Rehearse the grading of an assignment."""

    name = "autograder-rehearse"
    description = "Grade the reference solution; list tests that can't be isolated, or that wrong solutions pass"
    arguments = "ASSIGNMENT"
    examples = """
        autograder rehearse ps1                 the reference solution, in isolation and as plain nbgrader would
        autograder rehearse ps1 --mutants       also wrong solutions derived from it, which should earn nothing

        Exit code 0: all tests can be graded in isolation, give the reference all points and mutants none. 1: otherwise.
    """
    mutants = Bool(False, help="Look for tests that give points to mutants of the reference.").tag(config=True)
    aliases: ClassVar[dict[str, Any]] = {
        "workers": ("Grading.workers", "Notebooks to grade at once (default: as many as cores and memory allow)."),
        **aliases("assignment", "db", "course"),
    }
    flags: ClassVar[dict[Any, Any]] = {
        "mutants": (
            {"RehearseApp": {"mutants": True}},
            f"Look for tests that give points to mutants of the reference; takes {len(MUTANTS) + 2} grading runs.",
        ),
        "no-sandbox": ({"Grading": {"sandbox": False}}, "Run the notebooks without a sandbox."),
        **FLAGS,
    }
    classes = [NbGrader, CourseDirectory, BaseConverter, Autograde, Grading, Limits, Trainer]  # noqa: RUF012  a trait, not a class variable

    def start(self) -> None:
        """Rehearse, print what was found, and exit."""
        super().start()
        assignment = self.coursedir.assignment_id = self.one_assignment()
        if self.says_ungraded(assignment):
            return
        self.quiet_log()
        again = f"autograder rehearse {quote(assignment)}{' --mutants' if self.mutants else ''}"
        converter = Autograde(coursedir=self.coursedir, parent=self)
        mutated: list[Mutated] = []
        try:
            with contextlib.closing(converter.engine), _rehearsing(self.out) as watcher:
                converter.watcher = watcher
                settings = list(converter.settings(assignment).values())
                if self.mutants:
                    mutated = converter.engine.mutate(settings)
        except (VersionError, EngineError) as error:
            self.fail("%s", error, then=again, why="once that is fixed")
        except KeyboardInterrupt:
            self.stopped("Interrupted; finished work is kept.", again, "continues where it stopped", code=1)
        watcher.list_withheld()
        listed = show(self.out, mutated) + len(watcher.found)
        if listed:
            self.stop(again, "once those tests are changed")
        self.out.say(f"{assignment}: graded in isolation, the reference solution gets all its points.")
        if self.mutants:
            self.out.say(f"{len(MUTANTS)} wrong solutions derived from it get no points from any test.")
            self.next(f"autograder grade {quote(assignment)}", "once there are submissions")
        else:
            self.next(f"autograder rehearse {quote(assignment)} --mutants", "looks for tests that wrong solutions pass")


@dataclass
class _Rehearsing(Lines):
    """Says what the rehearsal finds, and where it is."""

    status: Status | None = None
    found: list[str] = field(default_factory=list)  # cells that the rehearsal lists

    def rehearsed(self, notebook: str, rehearsal: Rehearsal, allowed: Sequence[str]) -> None:
        """Print what was found, and add its cells to `found`, unless the instructor allowed them."""
        super().rehearsed(notebook, rehearsal, allowed)
        released = [cell for cell, score in rehearsal.released.items() if score.isolated != score.plain]
        self.found += [cell for cell in [*rehearsal.differing, *rehearsal.short, *released] if cell not in allowed]

    def event(self, event: Event) -> None:
        """Show which notebook and cell is being graded."""
        if self.status is not None:
            where = f"{event.student} {event.notebook}: cell {event.done + 1} of {event.total}"
            self.status.update(Text(plain(where)))


@contextlib.contextmanager
def _rehearsing(console: Console) -> Iterator[_Rehearsing]:
    with console.status("starting …") as status:
        yield _Rehearsing(console, status=status)


def show(console: Console, notebooks: Sequence[Mutated]) -> int:
    """Print which tests give points to which mutants, and which mutants have no grade; returns how many there are."""
    table = Table("notebook", "test", "worth", "gives", "to a solution that", right=("worth", "gives"))
    by_heart = " (but answers the visible tests correctly)"
    weak = [(one.notebook, weakness) for one in notebooks for weakness in one.weak]
    for notebook, found in weak:
        for number, (mutant, points) in enumerate(found.earned.items()):
            first = [notebook, found.grade_id, f"{found.points:g}"] if number == 0 else ["", "", ""]
            table.add_row(*first, f"{points:g}", MUTANTS[mutant] + (by_heart if found.hidden else ""))
    if weak:
        console.heading("Tests that give points to mutants of the reference")
        console.show(table)
        console.say("", "Points that the released notebook or the visible tests alone earn are not listed.")
    ungraded = [(one.notebook, *item) for one in notebooks for item in one.ungraded.items()]
    for notebook, name, why in ungraded:
        console.say(f"{notebook}: could not be graded, {MUTANTS.get(name, name)}: {why}")
    return len(weak) + len(ungraded)
