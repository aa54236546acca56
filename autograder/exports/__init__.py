"""Grades out: as a table, for Canvas, for Moodle, for Gradescope.

    gradebook, statuses --`grades`: who has which grade, or why none--> `table`, `canvas`, `moodle`, `gradescope`

Each format is an nbgrader export plugin: `nbgrader export --exporter=autograder.exports.CanvasExporter`.
"""

from autograder.exports.canvas import CanvasExporter
from autograder.exports.grades import BY_HAND, NOT_SUBMITTED, NOT_YET, Grade, GradesExporter
from autograder.exports.gradescope import GradescopeExporter
from autograder.exports.moodle import MoodleExporter
from autograder.exports.table import StatusExporter

__all__ = [
    "BY_HAND",
    "NOT_SUBMITTED",
    "NOT_YET",
    "CanvasExporter",
    "Grade",
    "GradesExporter",
    "GradescopeExporter",
    "MoodleExporter",
    "StatusExporter",
]
