"""A table of all grades, and the writing of tables."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from nbgrader.api import Gradebook

from autograder.common.files import write_atomic
from autograder.common.tables import csv_text
from autograder.grading.grades import GradesExporter, exercise_points

COLUMNS = (
    *("assignment", "duedate", "timestamp", "student_id", "last_name", "first_name", "email"),
    *("raw_score", "late_submission_penalty", "score", "max_score", "status", "reason"),
)


class StatusExporter(GradesExporter):
    """nbgrader's CSV with two more columns, `status` and `reason`; `score` is there only when it is final."""

    def export(self, gradebook: Gradebook) -> None:
        """Write the grades to the file that `--to` names, else grades.csv."""
        self.log.info("Exporting grades to %s", self.destination)
        write_statuses(self.destination, self, gradebook)


def write_statuses(path: Path, exporter: GradesExporter, gradebook: Gradebook) -> None:
    """Write the table of the grades that an exporter is to export, in UTF-8 with the byte order mark.

    With it Excel takes the file for UTF-8.
    """
    assignments = exporter.assignments(gradebook)
    wanted = assignments if exporter.exercises else []
    found = {assignment.name: exporter.exercises_of(assignment) for assignment in wanted}
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
    # What names and messages hold is not always Unicode.
    write_atomic(path, csv_text(rows).encode(encoding, "backslashreplace"))


def number(value: float | None) -> str:
    """A score as gradebooks take it, to four decimal places; empty for None."""
    return "" if value is None else f"{value:.4f}".rstrip("0").rstrip(".")
