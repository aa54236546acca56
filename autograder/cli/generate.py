"""`autograder generate`: release/ from source/, also after submissions have been graded."""

from shlex import quote
from typing import Any, ClassVar

from nbgrader.apps.baseapp import NbGrader
from nbgrader.converters import BaseConverter
from nbgrader.converters.base import NbGraderException
from nbgrader.coursedir import CourseDirectory
from traitlets import Bool

from autograder.cli.base import CourseApp
from autograder.cli.options import FLAGS, aliases
from autograder.common.text import counted
from autograder.course import build
from autograder.grading.generate_assignment import GenerateAssignment
from autograder.notebooks.instructor_version import VersionError


class GenerateApp(CourseApp):
    """Make an assignment's release from its source."""

    name = "autograder-generate"
    description = "Make release/ from source/ (in any nbgrader course folder), even after submissions were graded"
    arguments = "ASSIGNMENT"
    examples = """
        autograder generate ps1                 even if tests were added, removed or renamed, or their points changed
        autograder generate ps1 --dry-run       show what would change in the gradebook; write nothing
    """
    dry_run = Bool(False, help="Show what would change in the gradebook, and write nothing.").tag(config=True)
    aliases: ClassVar[dict[str, Any]] = aliases("assignment", "notebook", "db", "course")
    flags: ClassVar[dict[Any, Any]] = {
        "dry-run": ({"GenerateApp": {"dry_run": True}}, "Show what would change in the gradebook, and write nothing."),
        **FLAGS,
    }
    classes = [NbGrader, CourseDirectory, BaseConverter, GenerateAssignment]  # noqa: RUF012  a trait, not a class variable

    def start(self) -> None:
        """Generate one assignment, and say what has changed for submissions that are graded."""
        super().start()
        assignment = self.coursedir.assignment_id = self.one_assignment()
        again = f"autograder generate {quote(assignment)}"
        try:
            converter = generate(self, assignment, dry_run=self.dry_run, removes=True)
        except build.CourseError as error:
            self.fail("%s", error, then=again, why="once that is fixed; nothing was changed")
        self.out.say(*(converter.summary() or [_unchanged(converter)]))
        if self.dry_run:
            self.out.say("Nothing was written.")
            self.next(again)
            return
        for path in converter.kept:
            self.out.say(f"What was there before: {path}")
        if converter.summary():
            self.next(f"autograder grade {quote(assignment)} --dry-run", "shows each student's old and new points")
        else:
            self.next(f"nbgrader release_assignment {quote(assignment)}", f"or hand out release/{assignment}/ yourself")


class RemovalRefused(build.CourseError):
    """The change would remove what people gave, or a notebook that has submissions; the message lists what."""


def generate(app: CourseApp, assignment: str, *, dry_run: bool = False, removes: bool = False) -> GenerateAssignment:
    """Generate an assignment for a command; returns the converter, which has what has changed.

    Raises CourseError, and RemovalRefused where it would remove what people gave, unless `removes`.
    """
    app.quiet_log()
    app.coursedir.assignment_id = assignment
    converter = GenerateAssignment(coursedir=app.coursedir, parent=app)
    converter.force, converter.removes, converter.dry_run = True, removes, dry_run
    try:
        converter.start()
    except (NbGraderException, VersionError) as error:
        if converter.refused:
            raise RemovalRefused("\n".join([converter.problem, *converter.summary()])) from error
        raise build.CourseError(converter.problem or str(error)) from error
    return converter


def _unchanged(converter: GenerateAssignment) -> str:
    there = f"; its {counted(converter.submissions, 'submission')} stay as they are" if converter.submissions else ""
    return f"No cell in the gradebook changed{there}."
