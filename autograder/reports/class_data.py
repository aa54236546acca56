"""A graded class, read from what grading left: gradebook, statuses, records, autograded notebooks."""

import json
import os
import random
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

from nbgrader.api import Gradebook
from nbgrader.coursedir import CourseDirectory

from autograder.common.error_outputs import error_text
from autograder.common.files import write_atomic
from autograder.common.language import gettext
from autograder.examiner.model_insight import ModelInsight
from autograder.grading.gradebook import Mark, open_gradebook, read_marks
from autograder.grading.grades import Grade, GradesExporter
from autograder.grading.job import FAULTS
from autograder.grading.record import GradeRecord, Statuses, SubmissionStatus, read_record
from autograder.grading.student_results import spoken_error
from autograder.notebooks.headings import headings_of_cells
from autograder.reports.test_messages import Measure, measure
from autograder.training.training_record import TrainedBy


def numbers(root: Path, students: Iterable[str]) -> dict[str, int]:
    """A number for each student of the course in `root`; new ones get new numbers, and they are kept."""
    path = root / ".autograder" / "numbers.json"
    try:
        found = {str(student): int(number) for student, number in json.loads(path.read_text("utf-8")).items()}
    except (OSError, ValueError, TypeError, AttributeError):
        found = {}
    wanted = list(students)
    new = [student for student in wanted if student not in found]
    if new:
        random.SystemRandom().shuffle(new)
        first = max(found.values(), default=0) + 1
        found |= {student: first + count for count, student in enumerate(new)}
        write_atomic(path, json.dumps(found, indent=1).encode())
    return {student: found[student] for student in wanted}


MAX_BYTES = 100_000_000  # of a notebook
MAX = 300  # characters of a message
COMMON = 3  # messages shown of a test
# Colours, and whatever else is no text: a page, a terminal or a reader must not be steered by it.
_STEERING = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]|[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
_ARRAY = re.compile(r"(?:array|Tensor|tensor)?\(?\[[^\[\]]{0,2000}\]\)?")
_ADDRESS = re.compile(r"0x[0-9a-fA-F]+")
_NUMBER = re.compile(r"(?<![\w#])[-+]?(?:\d[\d_,]*\.?\d*|\.\d+)(?:[eE][-+]?\d+)?(?!\w)")


def readable(text: str) -> str:
    """The text without what would steer a page or a terminal."""
    return _STEERING.sub("", text.encode("utf-8", "replace").decode())


def said(outputs: Any) -> str:
    """What a cell's outputs say of why it failed: its error, else the last line that it printed; empty for nothing.

    `outputs`: of a notebook's JSON, which a student may have had a hand in.
    """
    printed = ""
    for output in reversed(outputs) if isinstance(outputs, list) else ():
        if not isinstance(output, dict):
            continue
        if output.get("output_type") == "error":
            return error_text(spoken_error(output))
        if output.get("output_type") == "stream" and not printed:
            text = output.get("text", "")
            lines = ("".join(map(str, text)) if isinstance(text, list) else str(text)).strip().split("\n")
            printed = lines[-1]
    return printed


def normalised(message: str) -> str:
    """The message without what differs from student to student: numbers are #, lists and arrays […]."""
    text = " ".join(readable(message[: 10 * MAX]).split())
    for _ in range(3):  # of arrays of arrays, the innermost first
        text = _ARRAY.sub("…", text)
    text = _NUMBER.sub("#", _ADDRESS.sub("#", text))
    return text if len(text) <= MAX else f"{text[:MAX]}…"


def without_names(message: str, names: Iterable[str]) -> str:
    """The message with none of a student's names in it."""
    for name in sorted(filter(None, names), key=len, reverse=True):
        # A name of one or two letters is in too many words.
        pattern = re.escape(name) if len(name) > 2 else rf"(?<!\w){re.escape(name)}(?!\w)"
        message = re.sub(pattern, gettext("(name)"), message, flags=re.IGNORECASE)
    return message


def most_common(messages: Iterable[str]) -> list[tuple[str, int]]:
    """The most common of these normalised messages, with how many students got each."""
    return Counter(filter(None, messages)).most_common(COMMON)


def outputs_of(notebook: Mapping[str, Any]) -> dict[str, Any]:
    """The outputs of a notebook's marked cells, by grade_id; of JSON that may be anything."""
    found = {}
    cells = notebook.get("cells")
    for cell in cells if isinstance(cells, list) else ():
        metadata = cell.get("metadata") if isinstance(cell, dict) else None
        marks = metadata.get("nbgrader") if isinstance(metadata, dict) else None
        if isinstance(marks, dict) and isinstance(marks.get("grade_id"), str):
            found[marks["grade_id"]] = cell.get("outputs")
    return found


@dataclass(frozen=True)
class ClassItem:
    """A cell that has points. `exercise` is the heading above it."""

    notebook: str
    cell: str
    exercise: str
    points: float
    by_hand: bool


Key = tuple[str, str]  # notebook and cell


@dataclass
class Student:
    """A student of the class, and how the assignment went. `points` has None for what has no score (yet)."""

    name: str  # as shown: the id, with the name where there is one; a number instead
    number: int | None
    grade: Grade
    status: SubmissionStatus | None = None
    points: dict[Key, float | None] = field(default_factory=dict)
    waiting: list[Key] = field(default_factory=list)  # for points by hand
    messages: dict[Key, str] = field(default_factory=dict)  # of tests that did not give all points; normalised
    measures: dict[Key, Measure] = field(default_factory=dict)  # what tests of a model said they measured
    records: dict[str, GradeRecord] = field(default_factory=dict)  # by notebook
    feedback: dict[str, str] = field(default_factory=dict)  # links, by notebook
    hidden: tuple[str, ...] = ()  # names that must not be shown
    share: float = 0.0  # of all points, with those so far where some are still to come, before a late penalty

    @property
    def accuracy(self) -> float | None:
        """The best that a test measured of this student's models."""
        return max((model.accuracy for model in self._models if model.accuracy is not None), default=None)

    @property
    def further_accuracy(self) -> float | None:
        """The best that such a test measured on further data."""
        return max(
            (model.further_accuracy for model in self._models if model.further_accuracy is not None), default=None
        )

    @property
    def _models(self) -> list[ModelInsight]:
        return [model for record in self.records.values() for model in record.run.models.values()]

    @property
    def seconds(self) -> float | None:
        """How long grading took."""
        return sum(record.run.seconds for record in self.records.values()) if self.records else None

    @property
    def trainings(self) -> int:
        """How many models were trained, wherever."""
        return sum(one.by != TrainedBy.NOBODY for record in self.records.values() for one in record.run.trainings)

    @property
    def marked(self) -> bool:
        """Whether the gradebook has an up-to-date submission: its points count in the statistics."""
        return self.grade.raw_score is not None


@dataclass(frozen=True)
class Class:
    """All of it."""

    assignment: str
    max_score: float
    items: list[ClassItem]
    students: list[Student]

    @property
    def marked(self) -> list[Student]:
        """Those whose points count."""
        return [student for student in self.students if student.marked]


def read_class(
    coursedir: CourseDirectory, exporter: GradesExporter, assignment: str, beside: Path, *, anonymous: bool
) -> Class:
    """Read it. `beside` is the folder of the report, from which links start; `exporter` knows who has which grade."""
    root = Path(coursedir.root).resolve()
    with open_gradebook(coursedir.db_url, coursedir.course_id) as gradebook:
        graded = gradebook.find_assignment(assignment)
        people = exporter.people(gradebook, [graded])
        shown = numbers(root, people) if anonymous else {}
        items = _items(coursedir, graded)
        students = []
        for student, person in sorted(people.items()):
            names = [str(getattr(person, part, None) or "") for part in ("first_name", "last_name")]
            full = " ".join(filter(None, names))
            if anonymous:
                name = gettext("Student %(number)s", number=shown[student])
            else:
                name = f"{student} ({full})" if full else student
            hidden = (student, full, *names) if anonymous else ()
            grade = exporter.grade(gradebook, assignment, student)
            one = Student(readable(name), shown.get(student), grade, hidden=hidden)
            try:
                one.status = Statuses(root).get(assignment, student)
                one.share = (one.grade.raw_score or 0.0) / float(graded.max_score) if graded.max_score else 0.0
                _marks(one, gradebook, assignment, student)
                _left(one, coursedir, items, assignment, student)
                if not anonymous:
                    _links(one, coursedir, items, assignment, student, beside)
            except FAULTS as error:
                gradebook.db.rollback()
                grade = exporter.fault(assignment, student, "reading it for the report", error)
                one = Student(one.name, one.number, grade, hidden=hidden)
            students.append(one)
        if anonymous:
            students.sort(key=lambda one: one.number or 0)
        return Class(assignment, float(graded.max_score), items, students)


def _items(coursedir: CourseDirectory, assignment: Any) -> list[ClassItem]:
    """The cells that have points, in the order of the instructor's notebooks."""
    items = []
    for notebook in sorted(assignment.notebooks, key=lambda one: str(one.name)):
        headings = headings_of_cells(coursedir, assignment.name, notebook.name)
        order = list(headings)
        by_hand = {cell.name for cell in [*notebook.solution_cells, *notebook.task_cells]}
        cells = {cell.name: float(cell.max_score) for cell in [*notebook.grade_cells, *notebook.task_cells]}
        for cell in sorted(cells, key=lambda name: (order.index(name) if name in headings else len(order), name)):
            exercise = headings.get(cell) or notebook.name
            items.append(ClassItem(notebook.name, cell, readable(exercise), cells[cell], cell in by_hand))
    return items


def _marks(one: Student, gradebook: Gradebook, assignment: str, student: str) -> None:
    found = read_marks(gradebook, assignment, student) or {} if one.marked else {}
    for key, mark in found.items():
        one.points[key] = _points(mark)
        if mark.needs_manual_grade:
            one.waiting.append(key)


def _points(mark: Mark) -> float | None:
    return None if mark.automatic is None and mark.manual is None else mark.points


def _left(one: Student, coursedir: CourseDirectory, items: Sequence[ClassItem], assignment: str, student: str) -> None:
    """What is in the folder of autograded notebooks: records, and what failed tests said."""
    folder = Path(coursedir.format_path(coursedir.autograded_directory, student, assignment))
    for notebook in {item.notebook for item in items}:
        if record := read_record(folder, notebook, one.status):
            one.records[notebook] = record
        models = record.run.models if record else {}
        told = [item for item in items if item.notebook == notebook and not item.by_hand]
        told = [item for item in told if _lost(one, item) or item.cell in models]
        if told:
            outputs = outputs_of(_json(folder / f"{notebook}.ipynb"))
            for item in told:
                text = said(outputs.get(item.cell))
                if found := measure(text):
                    one.measures[item.notebook, item.cell] = found
                if _lost(one, item) and (text := normalised(without_names(text, one.hidden))):
                    one.messages[item.notebook, item.cell] = text


def _lost(one: Student, item: ClassItem) -> bool:
    points = one.points.get((item.notebook, item.cell))
    return points is not None and points < item.points


def _json(path: Path) -> dict[str, Any]:
    try:
        if path.is_symlink() or path.stat().st_size > MAX_BYTES:
            return {}
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _links(
    one: Student, coursedir: CourseDirectory, items: Sequence[ClassItem], assignment: str, student: str, beside: Path
) -> None:
    folder = Path(coursedir.format_path(coursedir.feedback_directory, student, assignment))
    for notebook in dict.fromkeys(item.notebook for item in items):
        path = folder / f"{notebook}.html"
        if path.is_file():
            way = Path(os.path.relpath(path.resolve(), beside.resolve())).as_posix()
            # With a dot in front, so that no student's name is taken for a scheme such as javascript:
            one.feedback[notebook] = f"./{quote(way)}"
