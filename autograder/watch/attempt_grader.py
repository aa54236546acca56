"""Grading attempts wherever they lie: with the visible tests alone, which writes nothing, and with all of them.

What a student reads before the deadline comes of the first: no hidden test runs in it, so nothing that a notebook does
(remembering what it is called with, printing it later, ending its kernel) can tell of one. Of the second, students
read no more than `c.Watch.hidden` gives.
"""

import ast
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from nbgrader.coursedir import CourseDirectory

from autograder.grading.job import GradingJob, Status
from autograder.grading.pipeline import Autograde
from autograder.grading.record import SubmissionStatus
from autograder.grading.seeds import further_jobs
from autograder.grading.submission import NotebookTask, Submission
from autograder.notebooks.instructor import InstructorCell, Version


@dataclass(frozen=True)
class GivenSubmission:
    """A submission to grade: a student's, in a folder."""

    student: str
    folder: Path


class AttemptGrader(Autograde):
    """Grades given submissions of one assignment, in their order."""

    waits = True

    def __init__(
        self,
        coursedir: CourseDirectory,
        given: Sequence[GivenSubmission],
        graded: Callable[[Submission], Path | None],
        *,
        visible: bool = False,
        early: bool = False,
        **kwargs: Any,
    ) -> None:
        """`graded` gets each submission with its outcomes, and raises nothing.

        The folder that it returns has the same files where nbgrader looks for them, and the grade is written; None:
        it is not. `visible`: run the visible tests alone, and write nothing. `early`: train with no further seeds.
        """
        super().__init__(coursedir=coursedir, **kwargs)
        self.given = given
        self.versions: tuple[str, ...] = ()  # digests of the instructor's notebooks, once they have been read
        self.force = True  # they are to be graded, whatever is there
        self._graded, self._visible, self._early = graded, visible, early
        self.dry_run = visible

    def init_notebooks(self) -> None:
        """Nothing is looked for."""
        self.assignments, self.notebooks, self._misplaced = {}, [], []

    def notebook_jobs(self, assignment: str) -> list[GradingJob]:
        """As for every grading, or with the tests as they were released."""
        jobs = super().notebook_jobs(assignment)
        self.versions = tuple(job.version.digest for job in jobs)
        if self._early:
            jobs = [replace(job, seed_policy=None) for job in jobs]
        return [replace(job, version=as_released(job.version)) for job in jobs] if self._visible else jobs

    def is_short(self, submission: Submission) -> bool:
        """Whether further seeds, which an early grading leaves out, may add to what a graded submission has."""
        policy = self.grading.seed_policy()
        graded = [(work.job, work.outcome) for work in submission.works if work.job and work.outcome]
        return self._early and any(further_jobs(replace(job, seed_policy=policy), outcome) for job, outcome in graded)

    def _read_all(self, settings: dict[str, GradingJob]) -> tuple[list[Submission], list[str]]:
        self._late = {}
        assignment, wanted = self.coursedir.assignment_id, list(settings)
        read = [self._read(given.student, assignment, given.folder, settings, wanted) for given in self.given]
        return [submission for submission in read if isinstance(submission, Submission)], []

    def _back_up(self) -> None:
        """Make none: the watcher does, when it starts and once a day. One for each submission would push out others."""

    def _compare(self, submission: Submission) -> SubmissionStatus:
        self._graded(submission)
        return self._status(submission, [])

    def write(self, submission: Submission) -> SubmissionStatus:
        """Write the grade where the submission counts."""
        folder = self._graded(submission)
        if folder is None:
            return self._status(submission, [])
        for work in submission.works:
            work.path = folder / work.path.relative_to(submission.folder)
        submission.folder = folder
        return super().write(submission)


def as_released(version: Version) -> Version:
    """The instructor's version with its tests as students have them; the reference's answers stay."""
    cells = (cell if cell.solution else replace(cell, source=cell.released) for cell in version.cells)
    return replace(version, cells=tuple(cells))


def scored_cells(version: Version) -> list[InstructorCell]:
    """The cells that have points, in the order in which `student_results.tests_of` tells of them."""
    return [cell for cell in version.cells if (cell.grade or cell.task) and cell.points]


def has_visible_tests(cell: InstructorCell) -> bool:
    """Whether students were given any code in a test; a comment is none."""
    try:
        return bool(ast.parse(cell.released).body)
    except SyntaxError:  # a magic, say
        return True


def hidden_results(works: Sequence[NotebookTask]) -> Mapping[str, Mapping[str, bool]]:
    """By notebook and grade_id, whether a cell with hidden tests has all its points."""
    return {
        work.name: {
            str(cell.grade_id): bool(work.outcome and work.outcome.scores.get(str(cell.grade_id)) == cell.points)
            for cell in scored_cells(work.job.version)
            if is_hidden(cell)
        }
        for work in works
        if work.job and work.outcome and work.outcome.status == Status.GRADED
    }


def is_hidden(cell: InstructorCell) -> bool:
    """Whether a cell is a test that students were not given all of."""
    return cell.grade and not cell.solution and cell.cell_type == "code" and cell.source != cell.released
