"""`autograder export`: nbgrader's export, with a status for every grade."""

from typing import Any, ClassVar

from nbgrader.apps.exportapp import ExportApp as NbgraderExportApp
from nbgrader.plugins import ExportPlugin
from traitlets import CaselessStrEnum, Type

from autograder.exports import (
    CanvasExporter,
    GradescopeExporter,
    GradesExporter,
    MoodleExporter,
    StatusExporter,
)

FORMATS: dict[str, type[GradesExporter]] = {
    "csv": StatusExporter,
    "canvas": CanvasExporter,
    "moodle": MoodleExporter,
    "gradescope": GradescopeExporter,
}


class ExportApp(NbgraderExportApp):  # type: ignore[misc]
    """Write the grades, blank where there is none."""

    name = "autograder-export"
    description = "Write all grades to grades.csv (or --to FILE), each with its status; what is not graded is blank"
    examples = """
        autograder export --to grades.csv               a table, with statuses
        autograder export --format canvas               canvas.csv, for Canvas's Grades > Import
        autograder export --format moodle               moodle.csv, for Moodle's Grades > Import > CSV file
        autograder export --format gradescope           gradescope/<assignment>/<student>/results.json
    """
    aliases: ClassVar[dict[str, Any]] = {
        **NbgraderExportApp.aliases,
        "course-dir": "CourseDirectory.root",
        "format": "ExportApp.format",
    }
    format = CaselessStrEnum(list(FORMATS), allow_none=True, default_value=None, help="How to write them.").tag(
        config=True
    )
    plugin_class = Type(StatusExporter, klass=ExportPlugin).tag(config=True)

    def start(self) -> None:
        """Export, and say where to."""
        if self.format:
            self.plugin_class = FORMATS[self.format]
        super().start()
        default = getattr(self.plugin_inst, "default_to", "grades.csv")
        print(f"Grades: {self.plugin_inst.to or default}")
        if step := getattr(self.plugin_inst, "next_step", ""):
            print(f"Next: {step}.")
