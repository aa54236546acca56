"""`autograder report`: one page about a whole class."""

from pathlib import Path
from typing import Any, ClassVar

from nbgrader.apps.baseapp import NbGrader, nbgrader_aliases, nbgrader_flags
from traitlets import Bool, Unicode

from autograder.exports.grades import GradesExporter
from autograder.report.class_attention import concerns
from autograder.report.class_data import read_class
from autograder.report.class_page import page
from autograder.submission.stored import VersionError, notebooks
from autograder.whole import write_whole


class ReportApp(NbGrader):  # type: ignore[misc]
    """Write the class report of an assignment."""

    name = "autograder-report"
    description = "Write a report of an assignment's class: scores, tests, messages, cost, what needs a person"
    examples = """
        autograder report ps1                       reports/ps1.html
        autograder report ps1 --to ps1.html
        autograder report ps1 --anonymous           numbers in the place of names, the same ones each time
    """
    to = Unicode("", help="File to write; empty: reports/<assignment>.html in the course folder.").tag(config=True)
    anonymous = Bool(False, help="Leave names out.").tag(config=True)
    aliases: ClassVar[dict[str, Any]] = {
        **{name: nbgrader_aliases[name] for name in ("log-level", "assignment", "course-dir", "db")},
        "to": "ReportApp.to",
    }
    flags: ClassVar[dict[str, Any]] = {
        **nbgrader_flags,
        "anonymous": ({"ReportApp": {"anonymous": True}}, "Leave names out: numbers, the same ones each time."),
    }

    def start(self) -> None:
        """Read the class and write its page."""
        super().start()
        given = [*self.extra_args, *filter(None, [self.coursedir.assignment_id])]
        if len(given) != 1:
            self.fail(f"Give one assignment (received {', '.join(given) or 'none'}): autograder report ASSIGNMENT")
        assignment = given[0]
        try:
            notebooks(self.coursedir, assignment)  # says what is wrong where there is no such assignment
        except VersionError as error:
            self.fail("%s", error)
        root = Path(self.coursedir.root).resolve()
        path = Path(self.to).resolve() if self.to else root / "reports" / f"{assignment}.html"
        exporter = GradesExporter(parent=self)
        found = read_class(self.coursedir, exporter, assignment, path.parent, anonymous=self.anonymous)
        text = page(found, self.coursedir.course_id, anonymous=self.anonymous)
        try:
            write_whole(path, text.encode("utf-8", "replace"))
        except OSError as error:
            self.fail("%s can't be written: %s", path, error.strerror)
        graded, waiting = len(found.marked), concerns(found)
        print(f"{assignment}: {len(found.students)} students, {graded} graded, {len(waiting)} things to look at.")
        print(f"Next: open {path} in a browser.")
