"""Canvas: a CSV for Grades → Import.

The format is Canvas's own (`lib/gradebook_importer.rb` and `lib/gradebook_exporter.rb` of instructure/canvas-lms):
Student, ID, SIS User ID, SIS Login ID, Section, then a column for each assignment; a row "Points Possible"; a row for
each student. The importer finds a student by ID, then by the SIS ids, then by name; an assignment by the number in
brackets after its title, then by title. Any further column would become a new assignment, so statuses are in a
table beside.
"""

from typing import Any

from nbgrader.api import Gradebook
from traitlets import Dict

from autograder.grading.grades import GradesExporter
from autograder.lms.export.table import number, write_statuses, write_table


class CanvasExporter(GradesExporter):
    """Canvas's gradebook CSV, and beside it `….status.csv`, which says why a cell is blank."""

    default_to = "canvas.csv"
    next_step = "in Canvas, Grades > Import; it shows what changes, and a blank cell empties a grade that is there"
    columns = Dict(
        help="Canvas's title and number of each assignment, by its nbgrader name: {'ps1': 'Problem set 1 (4711)'}"
    ).tag(config=True)

    def export(self, gradebook: Gradebook) -> None:
        """Write the file that `--to` names, else canvas.csv."""
        assignments = self.assignments(gradebook)
        titles = [self.columns.get(assignment.name, assignment.name) for assignment in assignments]
        points = [number(assignment.max_score) for assignment in assignments]
        rows: list[list[Any]] = [
            ["Student", "ID", "SIS User ID", "SIS Login ID", "Section", *titles],
            ["    Points Possible", "", "", "", "", *points],
        ]
        for student, person in self.people(gradebook, assignments).items():
            last, first, known = (getattr(person, name, None) for name in ("last_name", "first_name", "lms_user_id"))
            known = (known or "").strip()
            # Canvas reads a number off the start of any text in ID, and so finds another student by "12-b".
            ids = [known, ""] if known.isascii() and known.isdigit() else ["", known]
            scores = [number(self.grade(gradebook, assignment.name, student).score) for assignment in assignments]
            rows.append([", ".join(filter(None, [last, first])) or student, *ids, student, "", *scores])
        # With the byte order mark Excel takes the file for UTF-8; Canvas reads it with and without.
        write_table(self.destination, rows, "utf-8-sig")
        beside = self.destination.with_suffix(".status.csv")
        write_statuses(beside, self, gradebook)
        self.log.warning("What is blank in %s, and why: %s", self.destination, beside)
