"""What in a class a person should look at, and why."""

import enum
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

from autograder.common.language import english, gettext, ngettext, translated
from autograder.grading.job import ReviewKind
from autograder.grading.record import GradeStatus
from autograder.grading.student_results import NOT_RUN
from autograder.notebooks.reading import Mend
from autograder.reports.class_data import Class, Student, normalised, readable, without_names

FEW = 4  # things that are named one by one
K = TypeVar("K")


class ConcernKind(enum.StrEnum):
    """Why somebody should look at something, in the words of the page."""

    NEEDS_PERSON = english("needs review")
    FAULT = english("grader error")
    NOT_YET = english("not graded yet")
    ELSEWHERE = english("lies elsewhere")
    NO_SCORE = english("no score")
    BY_HAND = english("by hand")
    WEIGHTS = english("weights")
    FLAGGED = english("flagged")
    LIMIT = english("limit")


# In the order in which they are listed: what keeps a student from a grade comes first.
EXPLAINED = {
    ConcernKind.NEEDS_PERSON: english("not graded, because the file can't be read or makes the grader fail every time"),
    ConcernKind.FAULT: english("not graded, through no fault of the student's: grade it again"),
    ConcernKind.NOT_YET: english("submitted but not graded yet"),
    ConcernKind.ELSEWHERE: english("not graded, because it is in the wrong folder; the grade is for something else"),
    ConcernKind.NO_SCORE: english("a test that could not be scored: grade it by hand"),
    ConcernKind.BY_HAND: english("answers to grade by hand"),
    ConcernKind.WEIGHTS: english("weights that did not come from the trainer, or only in part"),
    ConcernKind.FLAGGED: english("graded, but worth a look"),
    ConcernKind.LIMIT: english("the notebook was stopped by a limit on time, memory or the like"),
}


@dataclass(frozen=True)
class Concern:
    """One thing to look at, with each student of whom it is said in the same words, but for numbers."""

    students: tuple[Student, ...]
    kind: ConcernKind
    said: str


@dataclass(frozen=True)
class Fix:
    """What was fixed in notebooks before grading, with each student in whose notebook it was."""

    students: tuple[Student, ...]
    said: str


def concerns(of: Class) -> list[Concern]:
    """All of a class's, by kind."""
    every = ((kind, student, words) for student in of.students for kind, words in _of(student))
    order = list(EXPLAINED)
    grouped = [Concern(students, kind, said) for kind, students, said in _grouped(every)]
    return sorted(grouped, key=lambda concern: order.index(concern.kind))


def fixes(of: Class) -> list[Fix]:
    """What was fixed before grading. Nobody has to do anything about it."""
    every = (
        ("", student, f"{name}: {_mended(notebook.mends)}")
        for student in of.students
        if student.status and student.marked
        for name, notebook in student.status.notebooks.items()
        if notebook.mends
    )
    return [Fix(students, said) for _, students, said in _grouped(every)]


def _grouped(every: Iterable[tuple[K, Student, str]]) -> list[tuple[K, tuple[Student, ...], str]]:
    """Of one kind and in the same words but for numbers: all students of whom it is said, together."""
    found: dict[tuple[K, str], list[tuple[Student, str]]] = {}
    for kind, student, words in every:
        said = readable(without_names(_spoken(words), student.hidden))
        found.setdefault((kind, normalised(said)), []).append((student, said))
    return [
        (
            kind,
            tuple({student.name: student for student, _ in those}.values()),
            _common(general, [said for _, said in those]),
        )
        for (kind, general), those in found.items()
    ]


def _common(general: str, said: Sequence[str]) -> str:
    """What was said, where it was the same of all; else what they have in common."""
    return said[0] if len(set(said)) == 1 else general


def _of(student: Student) -> Iterator[tuple[ConcernKind, str]]:
    grade, status = student.grade, student.status
    if grade.status in (GradeStatus.NEEDS_PERSON, GradeStatus.FAULT):
        person = grade.status == GradeStatus.NEEDS_PERSON
        yield (ConcernKind.NEEDS_PERSON if person else ConcernKind.FAULT), grade.reason
    elif grade.status == GradeStatus.NOT_YET:
        yield ConcernKind.NOT_YET, grade.reason or english("submitted but not graded")
    if grade.elsewhere and student.marked:
        yield ConcernKind.ELSEWHERE, grade.elsewhere
    unscored = set()
    for name, notebook in status.notebooks.items() if status and student.marked else ():
        for cell, score in notebook.scores.items():
            if score is None and (name, cell) in student.waiting:
                unscored.add((name, cell))
                yield ConcernKind.NO_SCORE, f"{name}, {cell}: {notebook.reasons.get(cell, NOT_RUN)}"
        if notebook.limit:
            yield ConcernKind.LIMIT, f"{name}: {notebook.limit}"
    if waiting := [cell for name, cell in student.waiting if (name, cell) not in unscored]:
        yield ConcernKind.BY_HAND, ", ".join(waiting)
    review = status.review if status else ()
    for item in review:
        yield (ConcernKind.WEIGHTS if item.kind == ReviewKind.WEIGHTS else ConcernKind.FLAGGED), item.text


def _mended(mends: Sequence[Mend]) -> str:
    """What was put right, once however many cells it was: a notebook that lost its metadata has it in each of them."""
    cells: dict[str, list[str]] = {}
    for mend in mends:
        cells.setdefault(mend.what, []).append(mend.cell)
    said = []
    for what, of in cells.items():
        names = (
            ", ".join(map(translated, of))
            if len(of) <= FEW
            else ngettext("%(count)s cells", "%(count)s cells", len(of))
        )
        said.append(f"{_spoken(what)} ({names})")
    more = gettext("; and %(count)s more", count=len(said) - FEW) if len(said) > FEW else ""
    return "; ".join(said[:FEW]) + more


def _spoken(said: str) -> str:
    """In the language of the page: what grading said of a submission, or its parts, as it joined them.

    Those are what stands after the name of a notebook or a cell, and what stands between semicolons.
    """
    found = translated(said)
    for mark in (": ", "; "):
        if found == said and mark in said:
            head, _, tail = said.partition(mark)
            found = f"{_spoken(head)}{mark}{_spoken(tail)}"
    return found
