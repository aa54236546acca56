"""`autograder report`: one page about a whole class."""

from pathlib import Path
from shlex import quote
from typing import Any, ClassVar

from traitlets import Bool, Unicode

from autograder.cli.base import CourseApp, likely
from autograder.cli.options import FLAGS, aliases
from autograder.common.files import write_atomic
from autograder.common.language import Course, speaking
from autograder.grading.grades import GradesExporter
from autograder.notebooks.instructor_version import VersionError, notebooks
from autograder.reports.class_attention import concerns
from autograder.reports.class_data import read_class
from autograder.reports.class_page import page
from autograder.reports.class_statistics import rebindable


class ReportApp(CourseApp):
    """Write the class report of an assignment."""

    name = "autograder-report"
    description = "Write a report of an assignment's class: scores, tests, messages, time, what needs attention"
    arguments = "ASSIGNMENT"
    examples = """
        autograder report ps1                       reports/ps1.html
        autograder report ps1 --to ps1.html
        autograder report ps1 --anonymous           numbers instead of names, the same each time
    """
    to = Unicode("", help="File to write (default: reports/<assignment>.html in the course folder).").tag(config=True)
    anonymous = Bool(False, help="Leave names out.").tag(config=True)
    aliases: ClassVar[dict[str, Any]] = {"to": "ReportApp.to", **aliases("assignment", "db")}
    flags: ClassVar[dict[Any, Any]] = {
        **FLAGS,
        "anonymous": ({"ReportApp": {"anonymous": True}}, "Show numbers instead of names, the same each time."),
    }

    def start(self) -> None:
        """Read the class and write its page."""
        super().start()
        assignment = self.given_assignment()
        try:
            notebooks(self.coursedir, assignment)  # says what is wrong where there is no such assignment
        except VersionError as error:
            self.fail("%s", error, then=f"autograder report {quote(likely(self.coursedir))}")
        if self.says_ungraded(assignment):
            return
        root = Path(self.coursedir.root).resolve()
        path = Path(self.to).resolve() if self.to else root / "reports" / f"{assignment}.html"
        exporter = GradesExporter(parent=self)
        with speaking(Course(parent=self).language):
            found = read_class(self.coursedir, exporter, assignment, path.parent, anonymous=self.anonymous)
            text = page(found, self.coursedir.course_id, anonymous=self.anonymous)
        try:
            write_atomic(path, text.encode("utf-8", "replace"))
        except OSError as error:
            then = f"autograder report {quote(assignment)} --to FILE"
            self.fail("%s can't be written: %s", path, error.strerror, then=then)
        graded, waiting = len(found.marked), sum(len(concern.students) for concern in concerns(found))
        self.out.say(f"{assignment}: {len(found.students)} students, {graded} graded, {waiting} to check.")
        if names := sorted({name for row in rebindable(found) for name in row.names}):
            self.out.say(f"Students can redefine {', '.join(names)} before tests use them: see the report.")
        self.out.say(f"Open the report in a browser: {path}")
        if exporter.faults:
            lines = [f"{student}: {why}" for (_, student), why in exporter.faults.items()]
            self.fail(
                "%s", "\n".join(["some of it could not be read:", *lines]), then=f"autograder grade {quote(assignment)}"
            )
        first = "first check what needs attention; " if waiting else ""
        if graded:
            self.next(f"autograder feedback {quote(assignment)}", first + "writes each student's feedback page")
        else:
            self.next(f"autograder grade {quote(assignment)}", "nobody is graded yet")
