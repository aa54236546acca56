"""What people did in the gradebook, kept over a regrading; and what a grading would change."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import nbformat
import nbgrader.api
from nbformat import NotebookNode
from nbgrader.api import BaseCell, Gradebook, MissingEntry
from nbgrader.utils import determine_grade, is_grade, is_locked, is_solution, is_task
from sqlalchemy import Engine, inspect
from sqlalchemy import text as statement

from autograder.common.language import english
from autograder.grading.job import Outcome, ReviewItem, ReviewKind
from autograder.grading.preprocessors import is_scored

INDEXED = {"grade": "notebook_id", "comment": "notebook_id", "submitted_notebook": "assignment_id"}  # column of table
_ADDRESS = re.compile(r"0x[0-9a-fA-F]{6,}")


@dataclass(frozen=True)
class Mark:
    """What the gradebook holds of one cell of a submission. `automatic` is None for a cell without points."""

    notebook: str
    cell: str
    automatic: float | None = None
    manual: float | None = None
    extra: float | None = None
    needs_manual_grade: bool = False
    comment: str | None = None

    @property
    def by_hand(self) -> bool:
        """Whether a person gave points or wrote a comment."""
        return self.manual is not None or bool(self.extra) or bool(self.comment)

    @property
    def points(self) -> float:
        """The cell's points, as nbgrader counts them."""
        given = self.manual if self.manual is not None else self.automatic
        return 0.0 if given is None else given + (self.extra or 0.0)


Marks = dict[tuple[str, str], Mark]  # by notebook and cell


def read_marks(gradebook: Gradebook, assignment: str, student: str) -> Marks | None:
    """The marks of a submission; None where the gradebook does not know it."""
    try:
        submission = gradebook.find_submission(assignment, student)
    except MissingEntry:
        return None
    found: Marks = {}
    notebooks = [notebook.notebook_id for notebook in submission.notebooks]
    # asked for at once, and held here, they are not asked for one by one
    cells = gradebook.db.query(BaseCell).filter(BaseCell.notebook_id.in_(notebooks)).all()
    for notebook in submission.notebooks:
        comments = {comment.name: comment.manual_comment for comment in notebook.comments}
        for grade in notebook.grades:
            found[notebook.name, grade.name] = Mark(
                notebook.name,
                grade.name,
                grade.auto_score,
                grade.manual_score,
                grade.extra_credit,
                grade.needs_manual_grade,
                comments.pop(grade.name, None),
            )
        for cell, comment in comments.items():
            found[notebook.name, cell] = Mark(notebook.name, cell, comment=comment)
    del cells
    return found


def dump(found: Marks | None) -> str:
    """Marks as JSON text."""
    return json.dumps(None if found is None else [asdict(mark) for mark in found.values()])


def load(text: str) -> Marks | None:
    """The marks that `dump` wrote."""
    data = json.loads(text)
    return None if data is None else {(item["notebook"], item["cell"]): Mark(**item) for item in data}


def settle(
    gradebook: Gradebook,
    assignment: str,
    student: str,
    before: Marks | None,
    notebooks: Mapping[str, tuple[Path, Path]],
) -> list[ReviewItem]:
    """After regrading: what people did stays; returns what of it somebody should look at.

    `notebooks` has the autograded notebook before and after, by name. nbgrader asks for every hand-given score again
    after each regrading; here only for those whose answer or automatic score has changed.
    """
    after = read_marks(gradebook, assignment, student) or {}
    review = []
    for name, (old_path, new_path) in notebooks.items():
        old, new = answers(old_path), answers(new_path)
        for mark in (mark for mark in (before or {}).values() if mark.notebook == name and mark.by_hand):
            now = after.get((name, mark.cell))
            if now is None:
                continue
            changed = mark.cell not in old or old[mark.cell] != new.get(mark.cell)
            rescored = mark.automatic != now.automatic
            if rescored and mark.manual is not None and now.automatic is not None:
                text = english(
                    "the automatic score is now %(now)s (was %(before)s), which the %(manual)s given by hand hides",
                    now=_number(now.automatic),
                    before=_number(mark.automatic),
                    manual=_number(mark.manual),
                )
                review.append(ReviewItem(ReviewKind.ANSWER_CHANGED, f"{name}, {mark.cell}: {text}"))
            elif changed:
                text = english("the answer has changed since %(what)s; please check it again", what=_what(mark))
                review.append(ReviewItem(ReviewKind.ANSWER_CHANGED, f"{name}, {mark.cell}: {text}"))
            _ask(gradebook, assignment, student, mark, now, again=changed or rescored)
    gradebook.db.commit()
    return review


def put_back(gradebook: Gradebook, assignment: str, student: str, before: Marks | None) -> None:
    """Undo what a grading that failed has written: the automatic scores are as they were."""
    if before is None:
        with suppress(MissingEntry):
            gradebook.remove_submission(assignment, student)
        return
    for mark in before.values():
        with suppress(MissingEntry):
            grade = gradebook.find_grade(mark.cell, mark.notebook, assignment, student)
            grade.auto_score, grade.needs_manual_grade = mark.automatic, mark.needs_manual_grade
    gradebook.db.commit()


def _ask(gradebook: Gradebook, assignment: str, student: str, mark: Mark, now: Mark, *, again: bool) -> None:
    try:
        grade = gradebook.find_grade(mark.cell, mark.notebook, assignment, student)
    except MissingEntry:  # a comment on a cell without points
        return
    unscored = now.automatic is None and now.manual is None
    grade.needs_manual_grade = again or unscored or mark.needs_manual_grade


def answers(path: Path) -> dict[str, str]:
    """The answer that each marked cell of an autograded notebook is about, as text to compare; {} where it is none.

    For a test it is the student's cells it follows, and what it showed; for a task, all that the student wrote.
    """
    try:
        notebook = nbformat.read(path, as_version=4)
        nbformat.validate(notebook)
    except (OSError, ValueError, AttributeError, TypeError, KeyError, RecursionError, nbformat.ValidationError):
        return {}
    found: dict[str, str] = {}
    own: list[str] = []  # the student's cells just before
    tested = False
    written = [cell.source for cell in notebook.cells if not is_locked(cell)]
    for cell in notebook.cells:
        if not is_locked(cell) and not is_task(cell):
            own, tested = ([] if tested else own), False
            own.append(cell.source)
            if is_solution(cell) or is_grade(cell):
                found[cell.metadata.nbgrader["grade_id"]] = cell.source
            continue
        tested = tested or is_grade(cell)
        if is_task(cell):
            found[cell.metadata.nbgrader["grade_id"]] = "\n".join(written)
        elif is_grade(cell):
            found[cell.metadata.nbgrader["grade_id"]] = "\n".join([*own, *_shown(cell.get("outputs", []))])
    return found


def _shown(outputs: Iterable[NotebookNode]) -> list[str]:
    """What a cell showed, without what differs from run to run."""
    texts = []
    for output in outputs:
        if output.output_type == "error":
            texts.append(f"{output.ename}: {output.evalue}")
        else:
            texts.append(str(output.get("text", output.get("data", {}).get("text/plain", ""))))
    return [_ADDRESS.sub("0x", text) for text in texts]


def expected_points(before: Marks | None, graded: Mapping[str, tuple[NotebookNode, Outcome]]) -> float:
    """A submission's points after a grading, before late penalties; `graded` has the notebooks graded, by name."""
    before = before or {}
    total = sum(mark.points for mark in before.values() if mark.notebook not in graded)
    for name, (notebook, outcome) in graded.items():
        for cell in notebook.cells:
            if not is_grade(cell) and not is_task(cell):
                continue
            grade_id = cell.metadata.nbgrader["grade_id"]
            if is_task(cell):
                score = None
            elif is_scored(cell):
                score = outcome.scores.get(grade_id)
            else:
                score = determine_grade(cell)[0]
            old = before.get((name, grade_id), Mark(name, grade_id))
            total += Mark(name, grade_id, score, old.manual, old.extra).points
    return total


def open_gradebook(db_url: str, course_id: str) -> AbstractContextManager[Gradebook]:
    """The gradebook, to be used in a `with` statement."""
    gradebook: AbstractContextManager[Gradebook] = Gradebook(db_url, course_id)
    return gradebook


def put_students(db_url: str, course_id: str, students: Iterable[Mapping[str, str]]) -> None:
    """Add students, or change those that are there, as `nbgrader db student import` does.

    Of each student, `id` and the columns that are to have these values; an empty one is stored as NULL.
    """
    with open_gradebook(db_url, course_id) as gradebook:
        for columns in students:
            values = {name: text or None for name, text in columns.items() if name != "id"}
            gradebook.update_or_create_student(columns["id"], **values)


def add_indexes(db_url: str, course_id: str) -> None:
    """Have the database find a submission's rows without reading those of all, for which nbgrader has no indexes.

    With 10,000 submissions in the gradebook this was two thirds of what writing one cost. Nothing else changes.
    """
    with open_gradebook(db_url, course_id) as gradebook:
        for table, column in INDEXED.items():
            name = f"autograder_{table}_{column}"
            if name not in [index["name"] for index in inspect(gradebook.engine).get_indexes(table)]:
                gradebook.db.execute(statement(f"CREATE INDEX {name} ON {table} ({column})"))
        gradebook.db.commit()


@contextmanager
def one_engine() -> Iterator[None]:
    """Within, whatever opens a gradebook does so by one SQLAlchemy engine of its database.

    nbgrader's steps open it a dozen times for each submission, each by a new engine, which compiles all SQL anew: that
    was more than half of what writing a submission cost. Connections are closed as ever.
    """
    engines: dict[str, Engine] = {}
    create_engine = nbgrader.api.create_engine

    def known(url: str, **options: Any) -> Engine:
        if url not in engines:
            engines[url] = create_engine(url, **options)
        return engines[url]

    nbgrader.api.create_engine = known
    try:
        yield
    finally:  # which nbgrader's `temp_attrs` has not
        nbgrader.api.create_engine = create_engine


def _what(mark: Mark) -> str:
    if mark.manual is not None:
        return english("%(points)s points were given by hand", points=_number(mark.manual))
    if mark.extra:
        return english("%(points)s points of extra credit were given", points=_number(mark.extra))
    return english("a comment was written")


def _number(value: float | None) -> str:
    return "none" if value is None else f"{value:g}"
