"""What in a class a person should look at, and why."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from autograder.grading.grades import NOT_YET
from autograder.grading.job import ReviewKind
from autograder.grading.record import FAULT, PERSON
from autograder.notebooks.reading import Mend
from autograder.reports.class_data import Class, Student, readable, without_names
from autograder.training.training_record import WeightsOrigin

FEW = 4  # things that are named one by one

# In the order in which they are listed: what keeps a student from a grade comes first.
KINDS = {
    "needs a person": "not graded: it can't be read, or breaks the examiner each time",
    "our fault": "not graded, through no fault of the student's: grade again",
    "not graded yet": "handed in, and not graded since",
    "no score": "a test that could not be scored: give its points by hand",
    "by hand": "answers that wait for points by hand",
    "weights": "weights that are not the trainer's, or only in part",
    "flagged": "counts, and should be looked at",
    "limit": "a limit of time, memory or the like ended the notebook",
    "mended": "put right before grading",
}


@dataclass(frozen=True)
class Concern:
    """One thing to look at."""

    student: Student
    kind: str  # one of KINDS
    said: str


def concerns(of: Class) -> list[Concern]:
    """All of a class's, by kind."""
    found = [
        Concern(student, kind, readable(without_names(said, student.hidden)))
        for student in of.students
        for kind, said in _of(student)
    ]
    order = list(KINDS)
    return sorted(found, key=lambda concern: order.index(concern.kind))


def _of(student: Student) -> Iterator[tuple[str, str]]:
    grade, status = student.grade, student.status
    if grade.status in (PERSON, FAULT):
        yield ("needs a person" if grade.status == PERSON else "our fault"), grade.reason
    elif grade.status == NOT_YET:
        yield "not graded yet", grade.reason or "handed in, and not graded"
    unscored = set()
    for name, notebook in status.notebooks.items() if status and student.marked else ():
        for cell, score in notebook.scores.items():
            if score is None and (name, cell) in student.waiting:
                unscored.add((name, cell))
                yield "no score", f"{name}, {cell}: {notebook.reasons.get(cell, 'it has not been run')}"
        if notebook.limit:
            yield "limit", f"{name}: {notebook.limit}"
        if notebook.mends:
            yield "mended", f"{name}: {_mended(notebook.mends)}"
    if waiting := [cell for name, cell in student.waiting if (name, cell) not in unscored]:
        yield "by hand", ", ".join(waiting)
    review = status.review if status else ()
    for item in review:
        yield ("weights" if item.kind == ReviewKind.WEIGHTS else "flagged"), item.text
    if not any(item.kind == ReviewKind.WEIGHTS for item in review):
        for name, record in student.records.items():
            if count := sum(one.weights == WeightsOrigin.GIVEN for one in record.run.trainings):
                yield "weights", f"{name}: {count} trainings began with weights that were not made by the trainer"


def _mended(mends: Sequence[Mend]) -> str:
    """What was put right, once however many cells it was: a notebook that lost its metadata has it in each of them."""
    cells: dict[str, list[str]] = {}
    for mend in mends:
        cells.setdefault(mend.what, []).append(mend.cell)
    said = [f"{what} ({', '.join(of) if len(of) <= FEW else f'{len(of)} cells'})" for what, of in cells.items()]
    return "; ".join(said[:FEW]) + (f"; and {len(said) - FEW} more" if len(said) > FEW else "")
