"""`autograder check`: what grading will say of a notebook, before the deadline."""

import contextlib
import logging
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, ClassVar

from nbgrader.apps.baseapp import NbGrader, nbgrader_aliases, nbgrader_flags
from nbgrader.converters import BaseConverter
from rich.console import Console
from rich.table import Table
from rich.text import Text
from traitlets.config import Application

from autograder import __version__, checking
from autograder.candidate.limits import Limits
from autograder.candidate.sandbox import check as lacking_sandbox
from autograder.checking import Checked, Subject, Tested
from autograder.grading.job import Event, Listener, Trainings
from autograder.grading.pipeline import Autograde
from autograder.grading.record import now
from autograder.grading.settings import Grading
from autograder.trainer.settings import Trainer

PASSED, FAILED, UNREADABLE = 0, 1, 2  # exit codes
SHOWN = 5  # cells that ended in an error
FAULT = "It could not be checked. That is the checker's fault or this computer's, not yours:"
PERSON = "Its tests could not be run to the end; grading it would need a person:"


class CheckApp(NbGrader):  # type: ignore[misc]
    """Run the visible tests of one notebook as grading will."""

    name = "autograder-check"
    description = "Run a notebook's visible tests exactly as grading will, before handing it in"
    examples = """
        autograder check foundations.ipynb
        autograder check ~/homework/foundations.ipynb --course-dir ~/course

    Exit code 0: all visible tests pass. 1: not all. 2: the file can't be read, or is no notebook of this course.
    """
    aliases: ClassVar[dict[str, Any]] = {
        name: nbgrader_aliases[name] for name in ("log-level", "assignment", "course-dir")
    }
    flags: ClassVar[dict[str, Any]] = {
        **nbgrader_flags,
        "no-sandbox": ({"Grading": {"sandbox": False}}, "Run its cells without a sandbox, with all your rights."),
    }
    classes = [NbGrader, BaseConverter, Autograde, Grading, Limits, Trainer]  # noqa: RUF012  a trait, not a class variable

    def load_config_file(self, **kwargs: Any) -> None:
        """nbgrader's, and the course's own where it is elsewhere: its limits are what is checked."""
        if "log_level" not in self.config.Application:
            self.log.setLevel(logging.CRITICAL)  # what is said there is shown here, in other words
        super().load_config_file(**kwargs)
        root = self.config.CourseDirectory.get("root")
        if isinstance(root, str) and os.path.realpath(root) != os.getcwd():
            Application.load_config_file(self, self.config_file_name, root)

    def start(self) -> None:
        """Check the notebook named, print what came of it, and exit."""
        super().start()
        if len(self.extra_args) != 1:
            given = ", ".join(self.extra_args) or "none"
            self.fail(f"Give one notebook (received {given}): autograder check NOTEBOOK")
        console = Console(highlight=False, soft_wrap=True)
        converter = Autograde(coursedir=self.coursedir, parent=self)
        try:
            what = checking.subject(Path(self.extra_args[0]), converter)
        except checking.CheckError as error:
            console.print(str(error), markup=False)
            self.exit(UNREADABLE)
        sandboxed = converter.grading.sandbox
        if sandboxed and (lacking := lacking_sandbox()):
            again = f"autograder check {self.extra_args[0]} --no-sandbox"
            console.print(f"{lacking}\nWithout one, its cells run with all your rights: {again}", markup=False)
            self.exit(FAILED)
        try:
            with _progress(console) as listener:
                checked = checking.run(what, converter, listener)
        except KeyboardInterrupt:
            console.print("Stopped by you: nothing has been found out.")
            self.exit(FAILED)
        _show(console, what, checked, sandboxed)
        self.exit(PASSED if checked.all_pass else FAILED)


@contextlib.contextmanager
def _progress(console: Console) -> Iterator[Listener]:
    """Where it is, in a terminal."""
    with console.status("starting …") as status:

        def listener(event: Event | Trainings) -> None:
            if isinstance(event, Event):
                status.update(Text(f"{event.what}: cell {event.done + 1} of {event.total}"))
            elif event.running and "epoch" in event.running[0]:
                one = event.running[0]
                status.update(Text(f"training: epoch {one['epoch']} of {one['epochs']}"))

        yield listener


def _show(console: Console, what: Subject, checked: Checked, sandboxed: bool) -> None:
    def say(heading: str, lines: Sequence[str]) -> None:
        if lines:
            console.print(Text(f"\n{heading}", style="bold"))
            console.print(Text("\n".join(f"  {line}" for text in lines for line in text.split("\n"))))

    against = what.against
    console.print(Text(f"{checking.plain(what.work.path.name)}: {against.assignment}, {against.name}", style="bold"))
    if what.in_place:
        console.print(
            "This is the released file itself: what you changed in given cells can't be told from the original."
        )
    if checked.outcome.status == "graded":
        console.print(_table(checked))
        say("What the tests say", [f"{test.name}\n  {_said(test)}" for test in checked.tried if not test.passed])
    else:
        why = FAULT if checked.outcome.status == "fault" else PERSON
        say(why, [checking.plain(checked.outcome.message)])
    more = [f"and {len(checked.failing) - SHOWN} more"] if len(checked.failing) > SHOWN else []
    say("Cells of yours that end in an error", [*checked.failing[:SHOWN], *more])
    say("What exceeds a limit or a budget", checked.over_budget)
    say("Trainings", checked.trained)
    say("What grading will put right", [f"{mend.cell}: {mend.to_student}" for mend in what.work.mends])
    say("Files that the notebook will not have", what.left_out)
    parts = sum(test.in_part for test in checked.tried)
    in_part = f", {parts} in part" if parts else ""
    receipt = {
        "file": f"{checking.plain(what.work.path.name)}, for {against.assignment}/{against.name}.ipynb",
        "SHA-256": what.work.submitted,
        "time": now(),
        "checker": f"autograder {__version__}, {'in a sandbox' if sandboxed else 'without a sandbox'}",
        "passed": f"{checked.passed} of {len(checked.tried)} tests{in_part}, in {checked.seconds:.0f} s",
    }
    say("Receipt", [f"{name:9}{value}" for name, value in receipt.items()])
    console.print(f"\n{_next(checked)}")


def _table(checked: Checked) -> Table:
    table = Table("", "test", box=None, header_style="bold", pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column("worth", justify="right")
    table.add_column("time", justify="right")
    for test in checked.tests:
        mark, style = ("✔ passes", "green") if test.passed else ("✘ fails", "red")
        if test.by_hand:
            mark, style = "by hand", "dim"
        elif test.score is None:
            mark, style = "no score", "yellow"
        elif test.hidden and test.passed:
            mark, style = "hidden", "dim"
        elif test.in_part:
            mark, style = "◐ in part", "yellow"
        seconds = "" if test.by_hand else f"{test.seconds:.1f} s"
        table.add_row(Text(mark, style=style), Text(test.name), f"{test.points:g}", seconds)
    return table


def _said(test: Tested) -> str:
    said = test.message.strip()
    if test.in_part:
        said += (
            f"\nIt gave {test.score:g} of {test.points:g} points; hidden tests may give the others, or a better answer."
        )
    said = said.strip() or "It gave no points, and says nothing."
    return "\n  ".join(said.split("\n"))


def _next(checked: Checked) -> str:
    if checked.outcome.status != "graded":
        return "Next: try once more; if that ends the same way, hand in what you have and tell your instructor."
    if not checked.all_pass:
        return "Next: see to what fails above, save the notebook, and check it again."
    if checked.failing or checked.over_budget:
        return "Next: look at the cells above that end in an error, or hand it in: no visible test fails."
    return "Next: hand it in. Hidden tests, and what a person grades, are still to come."
