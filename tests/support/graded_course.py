"""A small course with a real gradebook, and results for it that have been computed before."""

import shutil
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output
from nbgrader.api import Gradebook
from nbgrader.coursedir import CourseDirectory
from submission_courses import generate
from traitlets.config import Config

from autograder.grading.job import GradingJob, GradingRun, Outcome, Status
from autograder.grading.pipeline import Autograde, ProgressListener
from autograder.grading.record import Statuses, SubmissionStatus
from autograder.grading.rehearsal import compare, plain_job, reference_job, released_job, released_plain_job
from autograder.grading.result_digest import digest
from autograder.grading.result_store import Store
from autograder.grading.submission import Submission, read_submission
from autograder.notebooks.selection import Selection

POINTS = {"test_add": 2.0, "test_mul": 3.0}
ERROR = [{"output_type": "error", "ename": "AssertionError", "evalue": "", "traceback": ["AssertionError"]}]


def marked_cell(make: Any, source: str, grade_id: str, **marks: Any) -> NotebookNode:
    """A cell with nbgrader's marks."""
    marks = {"grade": False, "solution": False, "locked": False, "task": False, "schema_version": 3, **marks}
    return make(source, metadata={"nbgrader": {"grade_id": grade_id, **marks}})


def notebook() -> NotebookNode:
    """The instructor's notebook: two functions with their tests, and an essay."""
    cells = [new_markdown_cell("# Arithmetic")]
    for name, sign in (("add", "+"), ("mul", "*")):
        solution = f"def {name}(a, b):\n    ### BEGIN SOLUTION\n    return a {sign} b\n    ### END SOLUTION"
        cells.append(marked_cell(new_code_cell, solution, name, solution=True))
        test = (
            f"assert {name}(2, 2) == 4\n### BEGIN HIDDEN TESTS\nassert {name}(2, 3) == 2 {sign} 3\n### END HIDDEN TESTS"
        )
        points = POINTS[f"test_{name}"]
        cells.append(marked_cell(new_code_cell, test, f"test_{name}", grade=True, locked=True, points=points))
    cells.append(marked_cell(new_markdown_cell, "Your essay", "essay", grade=True, solution=True, points=4.0))
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    return new_notebook(cells=cells, metadata={"kernelspec": kernel})


class Seen(ProgressListener):
    """What a grading told."""

    def __init__(self) -> None:
        self.due: list[str] = []
        self.unchanged: list[str] = []
        self.changes: dict[str, tuple[float | None, float | None]] = {}
        self.statuses: dict[str, SubmissionStatus] = {}

    def planned(self, submissions: Any, unchanged: Any) -> None:
        self.due, self.unchanged = [submission.student for submission in submissions], list(unchanged)

    def finished(self, submission: Submission, status: SubmissionStatus) -> None:
        self.statuses[submission.student] = status

    def would_change(self, submission: Submission, old: float | None, new: float | None) -> None:
        self.changes[submission.student] = old, new


class Course:
    """A course folder with the assignment ps1, generated."""

    def __init__(
        self,
        folder: Path,
        names: tuple[str, ...] = ("p1",),
        made: NotebookNode | None = None,
        others: Mapping[str, NotebookNode] | None = None,
        **sections: Any,
    ) -> None:
        """`made`: the instructor's notebook, if it is another; `others`: those that are another by their names."""
        self.folder = folder
        (folder / "source" / "ps1").mkdir(parents=True)
        for name in names:
            nbformat.write((others or {}).get(name) or made or notebook(), folder / "source" / "ps1" / f"{name}.ipynb")
        self.coursedir, self.config = generate(folder, "ps1", **sections)
        self.store = Store(folder / ".autograder" / "results")
        self.statuses = Statuses(folder)
        self.rehearsed(POINTS)

    def rehearsed(self, points: Mapping[str, float]) -> None:
        """Store what the rehearsal gives: the reference has these points, and the released notebook none."""
        for job in self.converter().notebook_jobs("ps1"):
            for rehearsed in (reference_job(job), plain_job(job)):
                self.store.put(digest(rehearsed), outcome_of(rehearsed, points))
            applied = compare(job, outcome_of(reference_job(job), points), outcome_of(plain_job(job), points)).applied(
                job, lambda cell: False
            )
            for unsolved in (released_job(applied), released_plain_job(applied)):
                self.store.put(digest(unsolved), outcome_of(unsolved, dict.fromkeys(points, 0.0)))

    def converter(self, **options: Any) -> Autograde:
        """Our Autograde for ps1; options are CourseDirectory's."""
        given = {"assignment_id": "ps1", "root": str(self.folder), **options}
        config = Config({**self.config, "CourseDirectory": given})
        return Autograde(coursedir=CourseDirectory(config=config), config=config)

    def hand_in(
        self,
        student: str,
        scores: Mapping[str, float | None] | None = None,
        *,
        name: str = "p1",
        outputs: Mapping[str, list[dict[str, Any]]] | None = None,
        reasons: Mapping[str, str] | None = None,
        written: Mapping[str, bytes] | None = None,
        **answers: str,
    ) -> Path:
        """Hand in the released notebook with these answers; with scores, what grading it gives is stored.

        `written`: the files that it writes.
        """
        node = nbformat.read(self.folder / "release" / "ps1" / f"{name}.ipynb", as_version=4)
        for cell in node.cells:
            grade_id = cell.metadata.get("nbgrader", {}).get("grade_id")
            if grade_id in answers:
                cell.source = answers[grade_id]
        path = self.folder / "submitted" / student / "ps1" / f"{name}.ipynb"
        path.parent.mkdir(parents=True, exist_ok=True)
        nbformat.write(node, path)
        if scores is not None:
            self.know(path, scores, outputs or {}, reasons or {}, written=written or {})
        return path

    def know(
        self,
        path: Path,
        scores: Mapping[str, float | None],
        outputs: Mapping[str, list[dict[str, Any]]],
        reasons: Mapping[str, str],
        name: str = "",
        written: Mapping[str, bytes] | None = None,
    ) -> str:
        """Store what grading this file, as the notebook `name` if it is called otherwise, gives; returns the digest."""
        settings = self.converter().settings("ps1")
        folder = self.folder / "submitted" / path.relative_to(self.folder / "submitted").parts[0] / "ps1"
        name = name or (path.stem if path.stem in settings else next(iter(settings)))
        work = read_submission(folder.parts[-2], "ps1", folder, Selection({name: path}), settings, ["*"]).works[0]
        work.complete_job(settings[name])
        assert work.job is not None
        found = outcome_of(work.job, {**POINTS, **scores}, outputs, reasons)
        files = dict(written or {})
        self.store.put(work.digest, replace(found, written=files, run=replace(found.run, written=tuple(files))))
        return work.digest

    def grade(self, *, force: bool = False, dry_run: bool = False, changed_too: bool = True, **options: Any) -> Seen:
        """Grade as `autograder grade` does."""
        converter = self.converter(**options)
        converter.force, converter.dry_run, converter.changed_too = force, dry_run, changed_too
        converter.watcher = seen = Seen()
        converter.start()
        return seen

    def gradebook(self) -> Gradebook:
        """The real gradebook."""
        return Gradebook(self.coursedir.db_url, self.coursedir.course_id)

    def scores(self, student: str, name: str = "p1") -> dict[str, float | None]:
        """The automatic scores that the gradebook has."""
        with self.gradebook() as gradebook:
            found = gradebook.find_submission_notebook(name, "ps1", student)
            return {grade.name: grade.auto_score for grade in found.grades}

    def score_by_hand(self, student: str, cell: str, **fields: Any) -> None:
        """What formgrader does when a person scores a cell."""
        with self.gradebook() as gradebook:
            grade = gradebook.find_grade(cell, "p1", "ps1", student)
            for name, value in {"needs_manual_grade": False, **fields}.items():
                setattr(grade, name, value)
            gradebook.db.commit()

    def autograded(self, student: str) -> NotebookNode:
        """The autograded notebook."""
        return nbformat.read(self.folder / "autograded" / student / "ps1" / "p1.ipynb", as_version=4)

    def copy(self, folder: Path) -> "Course":
        """The same course elsewhere, for a test to change."""
        shutil.copytree(self.folder, folder)
        other = object.__new__(Course)
        other.folder, other.config = folder, Config(self.config)
        other.coursedir = CourseDirectory(config=Config({"CourseDirectory": {"root": str(folder)}}))
        other.store, other.statuses = Store(folder / ".autograder" / "results"), Statuses(folder)
        return other


def outcome_of(
    job: GradingJob,
    scores: Mapping[str, float | None],
    outputs: Mapping[str, list[dict[str, Any]]] | None = None,
    reasons: Mapping[str, str] | None = None,
) -> Outcome:
    """A graded outcome of `job`; a test that gets no points has failed."""
    shown = []
    for cell in job.mended["cells"]:
        grade_id = cell["metadata"].get("nbgrader", {}).get("grade_id", "")
        shown.append((outputs or {}).get(grade_id, ERROR if scores.get(grade_id) == 0 else []))
    run = GradingRun(seconds=1.0)
    return Outcome(Status.GRADED, outputs=shown, scores=dict(scores), reasons=dict(reasons or {}), run=run)


def stream(text: str, name: str = "stdout") -> dict[str, Any]:
    """A printed text."""
    return dict(new_output("stream", name=name, text=text))


def shown(text: str) -> dict[str, Any]:
    """The value of a last expression."""
    return dict(new_output("execute_result", {"text/plain": text}, execution_count=1))
