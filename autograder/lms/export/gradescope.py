"""Gradescope: a results.json for each submission.

The format: https://gradescope-autograders.readthedocs.io/en/latest/specs/#output-format. It has no way to say "no
score yet" but to have no score, so that is what a submission without a final score gets; what Gradescope shows to the
student is the status, and the reason is in `extra_data`, which only staff sees.
"""

import json
from pathlib import Path
from typing import Any

import nbformat
from nbgrader.api import Gradebook, SubmittedAssignment
from nbgrader.utils import is_grade, is_solution

from autograder.common.files import write_atomic
from autograder.common.language import Course, gettext, speaking, translated
from autograder.grading.grades import Grade, GradesExporter
from autograder.grading.job import FAULTS
from autograder.grading.record import GradeStatus, SubmissionStatus, read_record
from autograder.grading.student_results import message_of
from autograder.lms.export.table import number


class GradescopeExporter(GradesExporter):
    """`<to>/<assignment>/<student>/results.json`; where `--to` ends in .json, that file, for one submission."""

    default_to = "gradescope"

    def export(self, gradebook: Gradebook) -> None:
        """Write the results of each submission that was handed in."""
        found = {
            (assignment.name, student): grade
            for assignment in self.assignments(gradebook)
            for student in self.people(gradebook, [assignment])
            if (grade := self.grade(gradebook, assignment.name, student)).status != GradeStatus.NOT_SUBMITTED
        }
        single = self.destination.suffix == ".json"
        if single and len(found) != 1:
            self.parent.fail(
                f"{self.destination} is for one submission, and there are {len(found)}: give --assignment and "
                "--student, or a folder"
            )
        for (assignment, student), grade in found.items():
            path = self.destination if single else self.destination / assignment / student / "results.json"
            try:
                results = self._results(assignment, grade)
            except FAULTS as error:
                gradebook.db.rollback()
                results = self._results(assignment, self.fault(assignment, student, "reading its tests", error))
            text = json.dumps(results, indent=1, ensure_ascii=False)
            try:
                write_atomic(path, text.encode("utf-8", "backslashreplace"))
            except OSError as error:
                self.fault(assignment, student, f"writing {path}", error)

    def _results(self, assignment: str, grade: Grade) -> dict[str, Any]:
        with speaking(Course(parent=self.parent).language):
            return self._spoken_results(assignment, grade)

    def _spoken_results(self, assignment: str, grade: Grade) -> dict[str, Any]:
        results: dict[str, Any] = {
            "output": translated(grade.status),
            "visibility": "visible",
            "stdout_visibility": "hidden",
            "extra_data": {"student": grade.student, "status": grade.status, "reason": grade.reason},
        }
        if grade.score is None or grade.submission is None:
            return results
        if grade.penalty:
            results["output"] = gettext(
                "%(status)s; %(points)s points, less %(penalty)s for lateness",
                status=results["output"],
                points=number(grade.raw_score),
                penalty=number(grade.penalty),
            )
        results["output"] = "\n".join([results["output"], *map(translated, grade.lateness)])
        directory = self._coursedir.autograded_directory
        folder = Path(self._coursedir.format_path(directory, grade.student, assignment))
        return {
            "score": round(grade.score, 4),
            "execution_time": _seconds(folder, grade.submission, self.statuses.get(assignment, grade.student)),
            **results,
            "tests": _tests(folder, grade.submission),
        }


def _tests(folder: Path, submission: SubmittedAssignment) -> list[dict[str, Any]]:
    """The graded cells with their points, what those that lost some have to say, and the comments."""
    tests = []
    several = len(submission.notebooks) > 1
    for notebook in submission.notebooks:
        messages = _messages(folder / f"{notebook.name}.ipynb")
        comments = {comment.name: comment.comment or "" for comment in notebook.comments}
        for grade in notebook.grades:
            lost = grade.score < grade.max_score
            texts = [messages.get(grade.name, "") if lost else "", comments.get(grade.name, "")]
            tests.append(
                {
                    "name": f"{notebook.name}: {grade.name}" if several else grade.name,
                    "score": round(grade.score, 4),
                    "max_score": grade.max_score,
                    "output": "\n".join(filter(None, texts)),
                    "visibility": "visible",
                }
            )
    return tests


def _messages(path: Path) -> dict[str, str]:
    """What each test's error says, or what it printed. Tracebacks have the text of hidden tests, and stay here."""
    try:
        notebook = nbformat.read(path, as_version=4)
    except (OSError, ValueError, nbformat.ValidationError):
        return {}
    found, told = {}, set[int]()
    outputs = [cell.get("outputs", []) for cell in notebook.cells]
    for index, cell in enumerate(notebook.cells):
        if cell.cell_type == "code" and is_grade(cell) and not is_solution(cell):
            found[cell.metadata.nbgrader["grade_id"]] = message_of(notebook.cells, outputs, index, told)
    return found


def _seconds(folder: Path, submission: SubmittedAssignment, status: SubmissionStatus | None) -> float:
    """Seconds that its notebooks ran, by their records; a missing record counts as 0."""
    records = [read_record(folder, notebook.name, status) for notebook in submission.notebooks]
    return round(sum(record.run.seconds for record in records if record), 1)
