"""A table of all grades, and the writing of tables."""

import csv
import io
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from nbgrader.api import Gradebook
from traitlets import Bool

from autograder.common.files import write_atomic
from autograder.grading.grades import GradesExporter, exercise_points

COLUMNS = (
    *("assignment", "duedate", "timestamp", "student_id", "last_name", "first_name", "email"),
    *("raw_score", "late_submission_penalty", "score", "max_score", "status", "reason"),
)


class StatusExporter(GradesExporter):
    """nbgrader's CSV with two more columns, `status` and `reason`; `score` is there only when it is final."""

    exercises = Bool(False, help="Add a column for each exercise, with its points before a late penalty.").tag(
        config=True
    )

    def export(self, gradebook: Gradebook) -> None:
        """Write the grades to the file that `--to` names, else grades.csv."""
        self.log.info("Exporting grades to %s", self.destination)
        write_statuses(self.destination, self, gradebook, with_exercises=self.exercises)


def write_statuses(path: Path, exporter: GradesExporter, gradebook: Gradebook, *, with_exercises: bool = False) -> None:
    """Write the table of the grades that an exporter is to export, in UTF-8 with the byte order mark.

    With it Excel takes the file for UTF-8. `with_exercises`: also the points of each exercise of their assignments.
    """
    assignments = exporter.assignments(gradebook)
    found = {assignment.name: exporter.exercises_of(assignment) for assignment in assignments} if with_exercises else {}
    columns = [title for of in found.values() for title in of]
    rows: list[Sequence[Any]] = [[*COLUMNS, *columns]]
    for assignment in assignments:
        for student, person in exporter.people(gradebook, [assignment]).items():
            grade = exporter.grade(gradebook, assignment.name, student)
            names = (getattr(person, field, None) for field in ("last_name", "first_name", "email"))
            points = exercise_points(grade, found.get(assignment.name, {}))
            rows.append(
                (
                    *(assignment.name, assignment.duedate, grade.timestamp, student, *names),
                    *(grade.raw_score, grade.penalty, grade.score, assignment.max_score, grade.status, grade.reason),
                    *(points.get(title) for title in columns),
                )
            )
    write_table(path, rows, "utf-8-sig")


def write_table(path: Path, rows: Iterable[Sequence[Any]], encoding: str = "utf-8") -> None:
    """Write rows as CSV, whole or not at all; None is an empty cell."""
    text = io.StringIO(newline="")
    csv.writer(text).writerows([inert(cell) if isinstance(cell, str) else cell for cell in row] for row in rows)
    # What names and messages hold is not always Unicode.
    write_atomic(path, text.getvalue().encode(encoding, "backslashreplace"))


def inert(text: str) -> str:
    """The text, so that a spreadsheet shows it: one that starts like a formula would be run there."""
    return f"'{text}" if len(text) > 1 and text[0] in "=+-@\t\r" else text


def number(value: float | None) -> str:
    """A score as gradebooks take it, to four decimal places; empty for None."""
    return "" if value is None else f"{value:.4f}".rstrip("0").rstrip(".")
