"""`autograder check`: what grading will say of a notebook, before the deadline."""

import contextlib
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from shlex import quote
from typing import Any, ClassVar

from nbgrader.apps.baseapp import NbGrader
from nbgrader.converters import BaseConverter
from nbgrader.coursedir import CourseDirectory
from rich.text import Text
from traitlets import Enum, Unicode
from traitlets.config import Application

from autograder.cli.base import CourseApp
from autograder.cli.console import Console, Table, plain
from autograder.cli.options import FLAGS, aliases
from autograder.common.files import write_atomic
from autograder.common.language import Course, english, gettext, ngettext, speaking, translated
from autograder.grading import check
from autograder.grading.check import Checked, Subject, Tested
from autograder.grading.job import Event, Listener, Status
from autograder.grading.pipeline import Autograde
from autograder.grading.record import now
from autograder.grading.settings import Grading
from autograder.grading.student_results import Test
from autograder.lms.platforms import PLATFORMS, Ending, SubmissionResult
from autograder.sandbox.bubblewrap import check as lacking_sandbox
from autograder.sandbox.limits import Limits
from autograder.training.settings import Trainer
from autograder.training.training_record import TrainerStatus
from autograder.version import __version__

PASSED, FAILED, UNREADABLE = 0, 1, 2  # exit codes
SHOWN = 5  # of cells that ended in an error, and of files left out
FAULT = english("The check failed. The cause is the checker or this computer, not your notebook:")
PERSON = english("Its tests could not be completed, so your instructor would have to grade it by hand:")


class CheckApp(CourseApp):
    """Run the visible tests of one notebook as grading will."""

    name = "autograder-check"
    description = "Run a notebook's visible tests as grading will, before you submit it"
    arguments = "NOTEBOOK"
    examples = """
        autograder check foundations.ipynb
        autograder check ~/homework/foundations.ipynb --course-dir ~/course
        autograder check foundations.ipynb --format classroom50

        Exit code 0: all visible tests pass. 1: some do not. 2: the file can't be read or is not from this course.
    """
    format = Enum(
        ["", *PLATFORMS], "", help="Platform in whose format the results of the visible tests are written; empty: none."
    ).tag(config=True)
    results = Unicode(".", help="Folder for these results.").tag(config=True)
    aliases: ClassVar[dict[str, Any]] = {
        **aliases(),
        "format": ("CheckApp.format", f"Write results for a platform, too: {', '.join(PLATFORMS)}."),
        "results": ("CheckApp.results", "Folder for these results (default: this one)."),
    }
    flags: ClassVar[dict[Any, Any]] = {
        "no-sandbox": ({"Grading": {"sandbox": False}}, "Run its cells without a sandbox, with all your permissions."),
        **FLAGS,
    }
    classes = [NbGrader, CourseDirectory, BaseConverter, Autograde, Course, Grading, Limits, Trainer]  # noqa: RUF012  a trait, not a class variable

    def load_config_file(self, **kwargs: Any) -> None:
        """nbgrader's, and the course's own where it is elsewhere: its limits are what is checked."""
        self.quiet_log()
        super().load_config_file(**kwargs)
        root = self.config.CourseDirectory.get("root")
        if isinstance(root, str) and os.path.realpath(root) != os.getcwd():
            Application.load_config_file(self, self.config_file_name, root)

    @property
    def here(self) -> str:
        """Nothing: what comes next is done in the student's own folder."""
        return ""

    def start(self) -> None:
        """Check the notebook named, print what came of it, and exit."""
        super().start()
        with speaking(Course(parent=self).language):
            self._check()

    def _check(self) -> None:
        if len(self.extra_args) != 1:
            given = ", ".join(self.extra_args) or gettext("none")
            self.fail(gettext("Give one notebook (received %(given)s): autograder check NOTEBOOK", given=given))
        again = f"autograder check {quote(self.extra_args[0])}{super().here}"
        converter = Autograde(coursedir=self.coursedir, parent=self)
        try:
            what = check.subject(Path(self.extra_args[0]), converter)
        except check.CheckError as error:
            self.fail("%s", error, then=again, why=gettext("once that is fixed"), code=UNREADABLE)
        if not what.job.version.is_graded:
            text = gettext(
                "%(notebook)s: nothing in this notebook is graded, so it need not be submitted.",
                notebook=what.against.name,
            )
            self.out.say(text)
            return
        sandboxed = converter.grading.sandbox
        if sandboxed and (lacking := lacking_sandbox()):
            self.fail(
                "%s", lacking, then=f"{again} --no-sandbox", why=gettext("runs its cells with all your permissions")
            )
        try:
            with _progress(self.out) as listener:
                checked = check.run(what, converter, listener)
        except KeyboardInterrupt:
            self.stopped(gettext("Interrupted before the check was done."), again, code=FAILED)
        _show(self.out, what, checked, sandboxed)
        if self.format:
            self._write(what, checked)
        then, why = _next(checked, again, what.against.assignment)
        if checked.all_pass:
            self.next(then, why)
        else:
            self.stop(then, why, FAILED)

    def _write(self, what: Subject, checked: Checked) -> None:
        """Write the results for a platform, in the place of those of an earlier check."""
        endings = {Status.GRADED: Ending.GRADED, Status.NEEDS_PERSON: Ending.TO_REVIEW, Status.FAULT: Ending.FAULT}
        ending = endings[checked.outcome.status]
        tests = [Test(test.name, test.score, test.points, test.message) for test in checked.tried]
        told = [checked.outcome.message] if checked.outcome.message else []
        result = SubmissionResult(what.against.assignment, ending, checked.outcome.status, told, tests)
        platform, folder = PLATFORMS[self.format], Path(self.results)
        try:
            for name in platform.files:
                (folder / name).unlink(missing_ok=True)
            for name, content in platform.write(result).items():
                write_atomic(folder / name, content)
                self.out.say(f"Results: {folder / name}")
        except OSError as error:
            self.fail("%s can't be written: %s", folder, error.strerror, code=FAILED)


@contextlib.contextmanager
def _progress(console: Console) -> Iterator[Listener]:
    """Show which cell or epoch runs, in a terminal; yields the listener that is to be called with events."""
    with console.status(gettext("starting …")) as status:

        def listener(event: Event | TrainerStatus) -> None:
            if isinstance(event, Event):
                status.update(_where(event))
            elif event.running and event.running[0].epoch is not None:
                one = event.running[0]
                status.update(
                    Text(gettext("training: epoch %(epoch)s of %(epochs)s", epoch=one.epoch, epochs=one.epochs))
                )

        yield listener


def _where(event: Event) -> Text:
    where = gettext("cell %(number)s of %(count)s", number=event.done + 1, count=event.total)
    return Text(f"{plain(translated(event.what))}: {where}")


def _show(console: Console, what: Subject, checked: Checked, sandboxed: bool) -> None:
    def say(heading: str, lines: Sequence[str]) -> None:
        if lines:
            console.heading(heading)
            console.say(*(f"  {line}" for text in lines for line in text.split("\n")))

    against = what.against
    console.say(f"{what.work.path.name}: {against.assignment}, {against.name}", style="title")
    if what.in_place:
        console.say(
            gettext(
                "This is the released file itself. There is no original to compare it with, so changes to the cells "
                "that were given to you can't be detected."
            )
        )
    say(gettext("Fix this first: your cells that end in an error"), _first(checked.failing))
    if checked.outcome.status == Status.GRADED:
        if checked.failing:
            console.print()
        console.show(_table(checked))
        missing = checked.unanswered
        failed = [test for test in checked.tried if not test.passed and test not in missing]
        say(gettext("What the tests say"), [f"{test.name}\n  {_message(test)}" for test in failed])
        say(gettext("Exercises without an answer yet"), [test.name for test in missing])
    else:
        why = FAULT if checked.outcome.status == Status.FAULT else PERSON
        say(translated(why), [translated(checked.outcome.message)])
    say(gettext("Limits and training budgets exceeded"), checked.over_budget)
    say(gettext("Training runs"), checked.trained)
    mends = [f"{translated(mend.cell)}: {translated(mend.to_student)}" for mend in what.work.mends]
    say(gettext("What grading will fix"), mends)
    say(gettext("Files that grading will leave out"), _first([*map(translated, what.left_out)]))
    parts = sum(test.in_part for test in checked.tried)
    in_part = gettext(", %(count)s partly", count=parts) if parts else ""
    most, factor = what.job.limits.cell_seconds, what.job.cell_time.reference_factor
    limit = gettext("%(seconds)s s per cell", seconds=f"{most:g}")
    if factor > 0:
        limit += gettext(
            "; usually less in grading: %(factor)s times as long as the instructor's solution takes",
            factor=f"{factor:g}",
        )
    passed = ngettext(
        "%(passed)s of %(count)s tests%(partly)s, in %(seconds)s s",
        "%(passed)s of %(count)s tests%(partly)s, in %(seconds)s s",
        len(checked.tried),
        passed=checked.passed,
        partly=in_part,
        seconds=f"{checked.seconds:.0f}",
    )
    file = f"{against.assignment}/{against.name}.ipynb"
    sandbox = gettext("in a sandbox") if sandboxed else gettext("without a sandbox")
    receipt = {
        gettext("file"): gettext("%(file)s, for %(notebook)s", file=what.work.path.name, notebook=file),
        "SHA-256": what.work.submitted,
        gettext("time"): now(),
        gettext("checker"): f"autograder {__version__}, {sandbox}",
        gettext("limit"): limit,
        gettext("passed"): passed,
    }
    width = max(map(len, receipt)) + 2
    say(gettext("Receipt"), [f"{name:{width}}{value}" for name, value in receipt.items()])
    console.print()


def _first(lines: Sequence[str]) -> list[str]:
    more = len(lines) - SHOWN
    return [*lines[:SHOWN], *([gettext("and %(count)s more", count=more)] if more > 0 else [])]


def _table(checked: Checked) -> Table:
    worth, time = gettext("worth"), gettext("time")
    table = Table("", gettext("test"), worth, time, right=(worth, time))
    unanswered = checked.unanswered
    for test in checked.tests:
        mark, style = (gettext("✔ passes"), "good") if test.passed else (gettext("✘ fails"), "bad")
        if test.by_hand:
            mark, style = gettext("by hand"), "quiet"
        elif test.score is None:
            mark, style = gettext("no score"), "look"
        elif test.hidden and test.passed:
            mark, style = gettext("hidden"), "quiet"
        elif test.in_part:
            mark, style = gettext("◐ partly"), "look"
        elif test in unanswered:
            mark, style = gettext("– no answer"), "quiet"
        seconds = "" if test.by_hand else gettext("%(seconds)s s", seconds=f"{test.seconds:.1f}")
        table.add_row(Text(mark, style=style), test.name, f"{test.points:g}", seconds)
    return table


def _message(test: Tested) -> str:
    text = test.message.strip()
    if test.in_part:
        text += "\n" + ngettext(
            "%(points)s of %(most)s points so far. A better answer, or hidden tests, may give the rest.",
            "%(points)s of %(most)s points so far. A better answer, or hidden tests, may give the rest.",
            test.points,
            points=f"{test.score:g}",
            most=f"{test.points:g}",
        )
    text = text.strip() or gettext("It gave no points and no message.")
    return "\n  ".join(text.split("\n"))


def _next(checked: Checked, again: str, assignment: str) -> tuple[str, str]:
    if checked.outcome.status != Status.GRADED:
        return again, gettext("try again; if it fails the same way, submit what you have and tell your instructor")
    if not checked.all_pass:
        return again, gettext("once you have fixed what fails above and saved the notebook")
    if checked.failing or checked.over_budget:
        return f"nbgrader submit {assignment}", gettext(
            "submits it, unless your instructor told you another way; but look at what is listed above first"
        )
    return f"nbgrader submit {assignment}", gettext("submits it, unless your instructor told you another way")
