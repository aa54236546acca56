"""nbgrader's `generate_feedback`, with our page in the place of its own."""

import glob
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from nbconvert.exporters import HTMLExporter
from nbconvert.exporters.exporter import Exporter
from nbformat import NotebookNode
from nbgrader.converters import GenerateFeedback as NbgraderGenerateFeedback
from nbgrader.preprocessors import ClearHiddenTests
from nbgrader.utils import temp_attrs
from traitlets import Bool

from autograder.common.language import Course, speaking
from autograder.grading.job import FAULTS
from autograder.grading.lateness import LatePenalties
from autograder.grading.record import RECORD_SUFFIX, GradeRecord, Statuses, read_record
from autograder.notebooks.handed_in import FindsNotebooks
from autograder.reports.exercises import read_marks
from autograder.reports.feedback import page, read
from autograder.reports.shown import without_hidden_tests

RESOURCE = "autograder_feedback"  # where the converter puts what the exporter has to know


class FeedbackExporter(HTMLExporter):  # type: ignore[misc]
    """A graded notebook as its student's page. Preprocessors run as in every exporter of nbconvert's."""

    def from_notebook_node(
        self, nb: NotebookNode, resources: dict[str, Any] | None = None, **kwargs: Any
    ) -> tuple[str, dict[str, Any]]:
        """The page."""
        nb, resources = Exporter.from_notebook_node(self, nb, resources, **kwargs)
        assert resources is not None
        names, found = resources["nbgrader"], resources[RESOURCE]
        which = (names["assignment"], names["student"], names["notebook"])
        marks = read_marks(names["db_url"], found["course"], *which, LatePenalties(self))
        if found["hidden"] is not None:
            nb = without_hidden_tests(nb, ClearHiddenTests(**found["hidden"]))
        feedback = read(nb, names, marks, found["record"])
        return page(feedback, nb, whole=found["hidden"] is None), resources


class GenerateFeedback(FindsNotebooks, NbgraderGenerateFeedback):  # type: ignore[misc]
    """Generates a page for each student that says how it went and what to do next."""

    show_hidden_tests = Bool(
        False, help="Show students the hidden tests: their code, and the lines of it in error messages."
    ).tag(config=True)

    def _exporter_class_default(self) -> type[FeedbackExporter]:
        return FeedbackExporter

    def init_single_notebook_resources(self, notebook_filename: str) -> dict[str, Any]:
        """As nbgrader's, and what is known of how the notebook was graded."""
        resources: dict[str, Any] = super().init_single_notebook_resources(notebook_filename)
        clear = ClearHiddenTests(parent=self)
        delimiters = {name: getattr(clear, name) for name in ("begin_test_delimeter", "end_test_delimeter")}
        resources[RESOURCE] = {
            "course": self.coursedir.course_id,
            "hidden": None if self.show_hidden_tests else delimiters,
            "record": self._record(Path(notebook_filename), resources["nbgrader"]),
        }
        return resources

    def convert_single_notebook(self, notebook_filename: str) -> None:
        """As nbgrader's; what goes wrong with one page, whatever it is, costs nobody else's."""
        try:
            with speaking(Course(parent=self).language):
                super().convert_single_notebook(notebook_filename)
        except FAULTS as error:
            raise RuntimeError(f"no page of {notebook_filename}: {error}") from error  # nbgrader stops for some others

    def init_destination(self, assignment_id: str, student_id: str) -> bool:
        """As nbgrader's; pages that are older than the grade are written again, too."""
        with temp_attrs(self, force=self.force or self._outdated(assignment_id, student_id)):
            return bool(super().init_destination(assignment_id, student_id))

    def _outdated(self, assignment_id: str, student_id: str) -> bool:
        """Whether the student was graded again, or any grade was given by hand, since the pages were written."""
        pages = Path(self._format_dest(assignment_id, student_id)).glob("*.html")
        written = [path.stat().st_mtime for path in pages]
        kind, _, path = self.coursedir.db_url.partition(":///")
        if kind != "sqlite":  # nobody knows when it changed
            return bool(written)
        graded = [Path(path), *Path(self._format_source(assignment_id, student_id)).iterdir()]
        return bool(written) and max(one.stat().st_mtime for one in graded if one.exists()) > min(written)

    def init_assignment(self, assignment_id: str, student_id: str) -> None:
        """As nbgrader's; records, and files that the notebook wrote (in hidden tests too), stay with the instructor."""
        names = {"assignment": assignment_id, "student": student_id}
        records = [self._record(Path(path), {**names, "notebook": Path(path).stem}) for path in self.notebooks]
        written = {glob.escape(Path(name).name) for record in records if record for name in record.run.written}
        with temp_attrs(self.coursedir, ignore=[*self.coursedir.ignore, f"*{RECORD_SUFFIX}", *written]):
            super().init_assignment(assignment_id, student_id)

    def _record(self, path: Path, names: Mapping[str, str]) -> GradeRecord | None:
        """The notebook's record, where it has one."""
        status = Statuses(Path(self.coursedir.root).resolve()).get(names["assignment"], names["student"])
        return read_record(path.parent, names["notebook"], status)
