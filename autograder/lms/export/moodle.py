"""Moodle: a CSV for Grades → Import → CSV file.

The importer (`grade/import/csv/classes/load_data.php` of moodle/moodle) lets the teacher say which column identifies a
student and which goes to which grade item, and leaves the rest alone. Two of its habits shape the file:

- a row whose identifying column is empty is imported to the student of the row before, so an identifier that some
  student lacks or shares is left out for all; so is one that a spreadsheet would run, and that has to be changed;
- an empty grade of a new grade item is not "no grade", but `-` is, there and for existing items.
"""

from collections import Counter
from typing import Any

from nbgrader.api import Gradebook

from autograder.common.tables import inert
from autograder.grading.grades import GradesExporter, exercise_points
from autograder.lms.export.table import number, write_table

NO_GRADE = "-"


class MoodleExporter(GradesExporter):
    """Moodle's gradebook CSV: who, then for each assignment the grade (`-`: none), the status, and maybe exercises."""

    default_to = "moodle.csv"
    next_step = (
        "in Moodle, Grades > Import > CSV file, encoding UTF-8; map a column that identifies students, and each grade"
    )

    def export(self, gradebook: Gradebook) -> None:
        """Write the file that `--to` names, else moodle.csv."""
        assignments = self.assignments(gradebook)
        people = self.people(gradebook, assignments)
        identifiers = {"Username": list(people)}
        for title, field in (("ID number", "lms_user_id"), ("Email address", "email")):
            values = [(getattr(person, field, None) or "").strip() for person in people.values()]
            times = Counter(values)
            lacking = sorted(
                student
                for student, value in zip(people, values, strict=True)
                if times[value] > 1 or not value or inert(value) != value
            )
            if any(values) and lacking:
                some = ", ".join([*lacking[:10], "…"] if len(lacking) > 10 else lacking)
                self.log.warning("No column %s: in the gradebook, these have none of their own: %s", title, some)
            if not lacking:
                identifiers[title] = values
        wanted = assignments if self.exercises else []
        exercises = {assignment.name: self.exercises_of(assignment) for assignment in wanted}
        titles = [
            title
            for assignment in assignments
            for title in (assignment.name, f"{assignment.name} status", *exercises.get(assignment.name, []))
        ]
        rows: list[list[Any]] = [["First name", "Last name", *identifiers, *titles]]
        for (student, person), *ids in zip(people.items(), *identifiers.values(), strict=True):
            cells = []
            for assignment in assignments:
                grade = self.grade(gradebook, assignment.name, student)
                cells += [number(grade.score) or NO_GRADE, ": ".join(filter(None, [grade.status, grade.reason]))]
                own = exercises.get(assignment.name, {})
                points = exercise_points(grade, own)
                cells += [number(points.get(title)) or NO_GRADE for title in own]
            rows.append([getattr(person, "first_name", None), getattr(person, "last_name", None), *ids, *cells])
        # With the byte order mark Excel takes the file for UTF-8; Moodle removes it (lib/csvlib.class.php).
        write_table(self.destination, rows, "utf-8-sig")
