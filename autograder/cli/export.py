"""`autograder export`: nbgrader's export, with a status for every grade."""

from shlex import quote
from typing import Any, ClassVar

from nbgrader.apps.exportapp import ExportApp as NbgraderExportApp
from nbgrader.plugins import ExportPlugin
from traitlets import CaselessStrEnum, Type

from autograder.cli.base import Command, likely
from autograder.cli.options import FLAGS, aliases
from autograder.lms.export import CanvasExporter, GradescopeExporter, GradesExporter, MoodleExporter, StatusExporter

FORMATS: dict[str, type[GradesExporter]] = {
    "csv": StatusExporter,
    "canvas": CanvasExporter,
    "moodle": MoodleExporter,
    "gradescope": GradescopeExporter,
}


class ExportApp(Command, NbgraderExportApp):  # type: ignore[misc]
    """Write the grades; a submission without one gets a blank and its status."""

    name = "autograder-export"
    description = "Write all grades to grades.csv (or --to FILE), each with its status; what is not graded stays blank"
    examples = """
        autograder export --to grades.csv       a table, with statuses
        autograder export --exercises           and with the points of each exercise, as in every format
        autograder export --format canvas       canvas.csv, for Grades > Import
        autograder export --format moodle       moodle.csv, for Grades > Import
        autograder export --format gradescope   gradescope/, with results.json files
    """
    aliases: ClassVar[dict[str, Any]] = {
        "format": ("ExportApp.format", f"Format: {', '.join(FORMATS)} (default: csv)."),
        "to": ("ExportPlugin.to", "File to write (for gradescope, a folder); the default depends on the format."),
        "student": ("ExportPlugin.student", "One student's id; more than once for several."),
        "exporter": ("ExportApp.plugin_class", "Another exporter, as module.Class."),
        **aliases("db", "course"),
        "assignment": ("ExportPlugin.assignment", "One assignment; more than once for several."),
    }
    flags: ClassVar[dict[Any, Any]] = {
        "exercises": (
            {"GradesExporter": {"exercises": True}},
            "Add points by exercise, where the format can.",
        ),
        **FLAGS,
    }
    format = CaselessStrEnum(list(FORMATS), allow_none=True, default_value=None, help="Format of the grades.").tag(
        config=True
    )
    plugin_class = Type(StatusExporter, klass=ExportPlugin).tag(config=True)

    def start(self) -> None:
        """Write the grades in the chosen format; exit with 1 where some could not be read."""
        if self.extra_args:
            given = self.extra_args[0]
            self.fail(f"export takes no argument {given}", then=f"autograder export --assignment {quote(given)}")
        if self.format:
            self.plugin_class = FORMATS[self.format]
        super().start()
        default = getattr(self.plugin_inst, "default_to", "grades.csv")
        self.out.say(f"Grades: {self.plugin_inst.to or default}")
        if step := getattr(self.plugin_inst, "next_step", ""):
            self.out.say(f"To import: {step}.")
        names = [str(name) for name in self.plugin_inst.assignment] or [likely(self.coursedir)]
        if faults := getattr(self.plugin_inst, "faults", {}):
            lines = [f"{assignment}, {student}: {why}" for (assignment, student), why in faults.items()]
            self.fail(
                "%s", "\n".join([f"{len(lines)} not exported:", *lines]), then=f"autograder grade {quote(names[0])}"
            )
        self.next(f"autograder report {quote(names[0])}", "shows what is blank, and why")
