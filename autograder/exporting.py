"""Export of grades with a status: what nobody has graded is blank, where nbgrader's own exporter writes 0.0.

nbgrader export --exporter=autograder.exporting.StatusExporter
"""

import csv
from pathlib import Path
from typing import Any

from nbgrader.api import Assignment, Gradebook, MissingEntry
from nbgrader.plugins import ExportPlugin

from autograder.grading.record import FAULT, GRADED, PERSON, Statuses

NOT_SUBMITTED = "not submitted"
NOT_YET = "not graded yet"
BY_HAND = "needs manual grading"

COLUMNS = (
    *("assignment", "duedate", "timestamp", "student_id", "last_name", "first_name", "email"),
    *("raw_score", "late_submission_penalty", "score", "max_score", "status", "reason"),
)


class StatusExporter(ExportPlugin):  # type: ignore[misc]
    """nbgrader's CSV with two more columns, `status` and `reason`; `score` is there only when it is final."""

    def export(self, gradebook: Gradebook) -> None:
        """Write the grades to the file that `--to` names, else grades.csv."""
        coursedir = self.parent.coursedir
        self._coursedir = coursedir
        self._statuses = Statuses(Path(coursedir.root).resolve())
        path = Path(self.to or "grades.csv")
        self.log.info("Exporting grades to %s", path)
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, COLUMNS)
            writer.writeheader()
            for assignment in gradebook.assignments:
                if self.assignment and assignment.name not in map(str, self.assignment):
                    continue
                writer.writerows(self._rows(gradebook, assignment))

    def _rows(self, gradebook: Gradebook, assignment: Assignment) -> list[dict[str, Any]]:
        people = {student.id: student for student in gradebook.students}
        for student in self._statuses.students(assignment.name):
            people.setdefault(student, None)  # handed in, and never graded
        return [
            {
                "assignment": assignment.name,
                "duedate": assignment.duedate,
                "student_id": student,
                "last_name": getattr(person, "last_name", None),
                "first_name": getattr(person, "first_name", None),
                "email": getattr(person, "email", None),
                "max_score": assignment.max_score,
                **self._grade(gradebook, assignment.name, student),
            }
            for student, person in people.items()
            if not self.student or student in map(str, self.student)
        ]

    def _grade(self, gradebook: Gradebook, assignment: str, student: str) -> dict[str, Any]:
        """Score and status of one submission; `raw_score` has the points so far where some are still to be given."""
        status = self._statuses.get(assignment, student)
        if status and status.label in (PERSON, FAULT):
            said = [f"{name}: {last.message}" for name, last in status.notebooks.items() if last.status != "graded"]
            return {"status": status.label, "reason": "; ".join(said)}
        try:
            submission = gradebook.find_submission(assignment, student)
        except MissingEntry:
            folder = Path(self._coursedir.format_path(self._coursedir.submitted_directory, student, assignment))
            return {"status": NOT_YET if folder.is_dir() else NOT_SUBMITTED}
        found = {"timestamp": submission.timestamp, "raw_score": submission.score}
        if submission.needs_manual_grade:
            cells = {grade.name for book in submission.notebooks for grade in book.grades if grade.needs_manual_grade}
            return {**found, "status": BY_HAND, "reason": f"cells {', '.join(sorted(cells))}" if cells else ""}
        penalty = submission.late_submission_penalty
        return {
            **found,
            "late_submission_penalty": penalty,
            "score": max(0.0, submission.score - penalty),
            "status": status.label if status else GRADED,
        }
