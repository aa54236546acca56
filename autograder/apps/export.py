"""`autograder export`: nbgrader's export, with a status for every grade."""

from typing import Any, ClassVar

from nbgrader.apps.exportapp import ExportApp as NbgraderExportApp
from traitlets import Type

from autograder.exporting import StatusExporter


class ExportApp(NbgraderExportApp):  # type: ignore[misc]
    """Write the grades as CSV, blank where there is none."""

    name = "autograder-export"
    description = "Write all grades to grades.csv (or --to FILE), each with its status; what is not graded is blank"
    examples = ""
    aliases: ClassVar[dict[str, Any]] = {**NbgraderExportApp.aliases, "course-dir": "CourseDirectory.root"}
    plugin_class = Type(StatusExporter, klass="nbgrader.plugins.ExportPlugin").tag(config=True)

    def start(self) -> None:
        """Export, and say where to."""
        super().start()
        print(f"Grades: {self.plugin_inst.to or 'grades.csv'}")
