"""What in a class a person should look at, and why."""

import enum
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from autograder.grading.job import ReviewKind
from autograder.grading.record import GradeStatus
from autograder.notebooks.reading import Mend
from autograder.reports.class_data import Class, Student, normalised, readable, without_names
from autograder.training.training_record import WeightsOrigin

FEW = 4  # things that are named one by one


class ConcernKind(enum.StrEnum):
    """Why somebody should look at something, in the words of the page."""

    NEEDS_PERSON = "needs a person"
    FAULT = "our fault"
    NOT_YET = "not graded yet"
    ELSEWHERE = "lies elsewhere"
    NO_SCORE = "no score"
    BY_HAND = "by hand"
    WEIGHTS = "weights"
    FLAGGED = "flagged"
    LIMIT = "limit"
    MENDED = "mended"


# In the order in which they are listed: what keeps a student from a grade comes first.
EXPLAINED = {
    ConcernKind.NEEDS_PERSON: "not graded: it can't be read, or breaks the examiner each time",
    ConcernKind.FAULT: "not graded, through no fault of the student's: grade again",
    ConcernKind.NOT_YET: "handed in, and not graded since",
    ConcernKind.ELSEWHERE: "not graded, as it lies where no submission does; the grade is for something else",
    ConcernKind.NO_SCORE: "a test that could not be scored: give its points by hand",
    ConcernKind.BY_HAND: "answers that wait for points by hand",
    ConcernKind.WEIGHTS: "weights that are not the trainer's, or only in part",
    ConcernKind.FLAGGED: "counts, and should be looked at",
    ConcernKind.LIMIT: "a limit of time, memory or the like ended the notebook",
    ConcernKind.MENDED: "put right before grading",
}


@dataclass(frozen=True)
class Concern:
    """One thing to look at, with each student of whom it is said in the same words, but for numbers."""

    students: tuple[Student, ...]
    kind: ConcernKind
    said: str


def concerns(of: Class) -> list[Concern]:
    """All of a class's, by kind."""
    found: dict[tuple[ConcernKind, str], list[tuple[Student, str]]] = {}
    for student in of.students:
        for kind, words in _of(student):
            said = readable(without_names(words, student.hidden))
            found.setdefault((kind, normalised(said)), []).append((student, said))
    grouped = [
        Concern(
            tuple({student.name: student for student, _ in those}.values()),
            kind,
            _common(general, [said for _, said in those]),
        )
        for (kind, general), those in found.items()
    ]
    order = list(EXPLAINED)
    return sorted(grouped, key=lambda concern: order.index(concern.kind))


def _common(general: str, said: Sequence[str]) -> str:
    """What was said, where it was the same of all; else what they have in common."""
    return said[0] if len(set(said)) == 1 else general


def _of(student: Student) -> Iterator[tuple[ConcernKind, str]]:
    grade, status = student.grade, student.status
    if grade.status in (GradeStatus.NEEDS_PERSON, GradeStatus.FAULT):
        person = grade.status == GradeStatus.NEEDS_PERSON
        yield (ConcernKind.NEEDS_PERSON if person else ConcernKind.FAULT), grade.reason
    elif grade.status == GradeStatus.NOT_YET:
        yield ConcernKind.NOT_YET, grade.reason or "handed in, and not graded"
    if grade.elsewhere and student.marked:
        yield ConcernKind.ELSEWHERE, grade.elsewhere
    unscored = set()
    for name, notebook in status.notebooks.items() if status and student.marked else ():
        for cell, score in notebook.scores.items():
            if score is None and (name, cell) in student.waiting:
                unscored.add((name, cell))
                yield ConcernKind.NO_SCORE, f"{name}, {cell}: {notebook.reasons.get(cell, 'it has not been run')}"
        if notebook.limit:
            yield ConcernKind.LIMIT, f"{name}: {notebook.limit}"
        if notebook.mends:
            yield ConcernKind.MENDED, f"{name}: {_mended(notebook.mends)}"
    if waiting := [cell for name, cell in student.waiting if (name, cell) not in unscored]:
        yield ConcernKind.BY_HAND, ", ".join(waiting)
    review = status.review if status else ()
    for item in review:
        yield (ConcernKind.WEIGHTS if item.kind == ReviewKind.WEIGHTS else ConcernKind.FLAGGED), item.text
    if not any(item.kind == ReviewKind.WEIGHTS for item in review):
        for name, record in student.records.items():
            if count := sum(one.weights == WeightsOrigin.GIVEN for one in record.run.trainings):
                yield (
                    ConcernKind.WEIGHTS,
                    f"{name}: {count} trainings began with weights that were not made by the trainer",
                )


def _mended(mends: Sequence[Mend]) -> str:
    """What was put right, once however many cells it was: a notebook that lost its metadata has it in each of them."""
    cells: dict[str, list[str]] = {}
    for mend in mends:
        cells.setdefault(mend.what, []).append(mend.cell)
    said = [f"{what} ({', '.join(of) if len(of) <= FEW else f'{len(of)} cells'})" for what, of in cells.items()]
    return "; ".join(said[:FEW]) + (f"; and {len(said) - FEW} more" if len(said) > FEW else "")
