"""Grades out: as a table, for Canvas, for Moodle, for Gradescope.

    gradebook, statuses --`grades`: who has which grade, or why none--> `table`, `canvas`, `moodle`, `gradescope`

Each format is an nbgrader export plugin: `nbgrader export --exporter=autograder.lms.export.CanvasExporter`.
"""

from autograder.grading.grades import Grade, GradesExporter
from autograder.lms.export.canvas import CanvasExporter
from autograder.lms.export.gradescope import GradescopeExporter
from autograder.lms.export.moodle import MoodleExporter
from autograder.lms.export.table import StatusExporter

__all__ = [
    "CanvasExporter",
    "Grade",
    "GradesExporter",
    "GradescopeExporter",
    "MoodleExporter",
    "StatusExporter",
]
