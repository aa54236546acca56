"""The points of a notebook, exercise by exercise, from the gradebook and the notebook's headings."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from nbformat import NotebookNode
from nbgrader.utils import is_grade, is_solution, is_task

from autograder.grading.gradebook import open_gradebook
from autograder.grading.lateness import LatePenalties
from autograder.notebooks.headings import last_heading

State = Literal["full", "part", "none", "pending", "no points"]
Kind = Literal["test", "answer", "written answer", "code graded by hand", "task"]


@dataclass(frozen=True)
class CellScore:
    """The points of one cell."""

    points: float
    most: float
    extra: float = 0.0
    pending: bool = False  # a person is to look at it
    by_hand: bool = False


@dataclass(frozen=True)
class Marks:
    """What the gradebook has of one notebook of one student: by grade_id, and in all."""

    marks: Mapping[str, CellScore]
    comments: Mapping[str, str]
    points: float
    most: float
    late: float  # taken off, and already taken off `points`
    lateness: str = ""  # how that comes about


@dataclass(frozen=True)
class ExerciseItem:
    """One cell that has points."""

    grade_id: str
    index: int  # of its cell
    kind: Kind
    mark: CellScore
    comment: str
    cell: NotebookNode
    answer: int | None = None  # index of the student's cell that it is about

    @property
    def state(self) -> State:
        """How it went."""
        if self.mark.pending:
            return "pending"
        if self.mark.most == 0:
            return "no points"
        return "full" if self.mark.points >= self.mark.most else "none" if self.mark.points <= 0 else "part"


@dataclass
class Exercise:
    """A heading of the notebook, and what has points under it."""

    title: str
    items: list[ExerciseItem] = field(default_factory=list)

    @property
    def points(self) -> float:
        """Of its items, together."""
        return sum(item.mark.points for item in self.items)

    @property
    def most(self) -> float:
        """Of its items, together."""
        return sum(item.mark.most for item in self.items)

    @property
    def state(self) -> State:
        """How it went."""
        states = {item.state for item in self.items} - {"no points"}
        if "pending" in states:
            return "pending"
        return "part" if len(states) > 1 else states.pop() if states else "no points"


def read_marks(
    db_url: str, course: str, assignment: str, student: str, notebook: str, penalties: LatePenalties
) -> Marks:
    """What the gradebook has. Raises nbgrader's MissingEntry where it has nothing.

    The arithmetic of a late penalty, by `penalties`, is left out where the gradebook has another one.
    """
    with open_gradebook(db_url, course) as gradebook:
        found = gradebook.find_submission_notebook(notebook, assignment, student)
        marks = {
            grade.name: CellScore(
                grade.score,
                grade.max_score,
                grade.extra_credit or 0.0,
                bool(grade.needs_manual_grade),
                grade.manual_score is not None,
            )
            for grade in found.grades
        }
        comments = {comment.name: str(comment.comment) for comment in found.comments if comment.comment}
        late = found.late_submission_penalty or 0.0
        current = penalties.is_current(found.assignment)
        lateness = penalties.charge(found, found.score).words if current else ""
        return Marks(marks, comments, found.score - late, found.max_score, late, lateness)


def exercises(notebook: NotebookNode, marks: Marks) -> list[Exercise]:
    """The notebook's headings under which something has points, in their order."""
    title, found = "", list[Exercise]()
    answer: int | None = None
    for index, cell in enumerate(notebook.cells):
        if cell.cell_type == "markdown" and not is_solution(cell):
            title = last_heading(cell.source) or title
        if cell.cell_type == "code" and is_solution(cell):
            answer = index
        grade_id = cell.metadata.get("nbgrader", {}).get("grade_id")
        comment = marks.comments.get(grade_id, "")
        if not (is_grade(cell) or is_task(cell)):
            if comment:  # to an answer whose points are in a test
                mark = CellScore(0.0, 0.0)
                _under(found, title or grade_id).items.append(
                    ExerciseItem(grade_id, index, "answer", mark, comment, cell, index)
                )
            continue
        mark = marks.marks.get(grade_id, CellScore(0.0, 0.0))
        about = index if is_solution(cell) or is_task(cell) else answer
        _under(found, title or grade_id).items.append(
            ExerciseItem(grade_id, index, _kind(cell), mark, comment, cell, about)
        )
    return found


def _under(found: list[Exercise], title: str) -> Exercise:
    if not found or found[-1].title != title:
        found.append(Exercise(title))
    return found[-1]


def _kind(cell: NotebookNode) -> Kind:
    if is_task(cell):
        return "task"
    if not is_solution(cell):
        return "test"
    return "written answer" if cell.cell_type == "markdown" else "code graded by hand"
