"""A graded class, read from what grading left: gradebook, statuses, records, autograded notebooks."""

import json
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

import nbformat
from nbgrader.api import Gradebook
from nbgrader.coursedir import CourseDirectory

from autograder.exports.grades import Grade, GradesExporter
from autograder.grading.gradebook import Mark, open_gradebook, read_marks
from autograder.grading.job import FAULTS
from autograder.grading.record import RECORD_SUFFIX, Statuses, SubmissionStatus
from autograder.report.class_messages import normalised, outputs_of, readable, said, without_names
from autograder.report.class_numbers import numbers
from autograder.report.class_runs import MAX_BYTES, Run, read_run

_HEADING = re.compile(r"^#+[ \t]+(.+?)(?:[ \t]*\([\d.]+ points?\))?[ \t]*$", re.MULTILINE)


@dataclass(frozen=True)
class Item:
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
    runs: dict[str, Run] = field(default_factory=dict)
    feedback: dict[str, str] = field(default_factory=dict)  # links, by notebook
    hidden: tuple[str, ...] = ()  # names that must not be shown
    share: float = 0.0  # of all points, with those so far where some are still to come, before a late penalty

    @property
    def accuracy(self) -> float | None:
        """The best that a test measured of this student's models."""
        return max((value for run in self.runs.values() for value in run.accuracy.values()), default=None)

    @property
    def seconds(self) -> float | None:
        """What grading took."""
        found = [run.seconds for run in self.runs.values() if run.seconds is not None]
        return sum(found) if found else None

    @property
    def trainings(self) -> int:
        """How many models were trained, wherever."""
        return sum(training.by != "nobody" for run in self.runs.values() for training in run.trainings)

    @property
    def marked(self) -> bool:
        """Whether the gradebook has an up-to-date submission: its points count in the statistics."""
        return self.grade.raw_score is not None


@dataclass(frozen=True)
class Class:
    """All of it."""

    assignment: str
    max_score: float
    items: list[Item]
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
        kept = gradebook.find_assignment(assignment)
        people = exporter.people(gradebook, [kept])
        shown = numbers(root, people) if anonymous else {}
        items = _items(coursedir, kept)
        students = []
        for student, person in sorted(people.items()):
            names = [str(getattr(person, part, None) or "") for part in ("first_name", "last_name")]
            full = " ".join(filter(None, names))
            name = f"Student {shown[student]}" if anonymous else f"{student} ({full})" if full else student
            hidden = (student, full, *names) if anonymous else ()
            grade = exporter.grade(gradebook, assignment, student)
            one = Student(readable(name), shown.get(student), grade, hidden=hidden)
            try:
                one.status = Statuses(root).get(assignment, student)
                one.share = (one.grade.raw_score or 0.0) / float(kept.max_score) if kept.max_score else 0.0
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
        return Class(assignment, float(kept.max_score), items, students)


def _items(coursedir: CourseDirectory, kept: Any) -> list[Item]:
    """The cells that have points, in the order of the instructor's notebooks."""
    items = []
    for notebook in sorted(kept.notebooks, key=lambda one: str(one.name)):
        headings = _headings(coursedir, kept.name, notebook.name)
        order = list(headings)
        by_hand = {cell.name for cell in [*notebook.solution_cells, *notebook.task_cells]}
        cells = {cell.name: float(cell.max_score) for cell in [*notebook.grade_cells, *notebook.task_cells]}
        for cell in sorted(cells, key=lambda name: (order.index(name) if name in headings else len(order), name)):
            exercise = headings.get(cell) or notebook.name
            items.append(Item(notebook.name, cell, readable(exercise), cells[cell], cell in by_hand))
    return items


def _headings(coursedir: CourseDirectory, assignment: str, name: str) -> dict[str, str]:
    """The heading above each marked cell, in order; {} where no instructor's notebook is there."""
    for step in (coursedir.source_directory, coursedir.release_directory):
        path = Path(coursedir.format_path(step, ".", assignment), f"{name}.ipynb")
        try:
            cells = nbformat.read(path, as_version=4).cells
        except (OSError, ValueError, nbformat.ValidationError):
            continue
        heading, found = "", {}
        for cell in cells:
            grade_id = cell.metadata.get("nbgrader", {}).get("grade_id")
            if cell.cell_type == "markdown" and (lines := _HEADING.findall(cell.source)):
                heading = lines[-1]
            if grade_id:
                found[grade_id] = heading
        return found
    return {}


def _marks(one: Student, gradebook: Gradebook, assignment: str, student: str) -> None:
    found = read_marks(gradebook, assignment, student) or {} if one.marked else {}
    for key, mark in found.items():
        one.points[key] = _points(mark)
        if mark.needs_manual_grade:
            one.waiting.append(key)


def _points(mark: Mark) -> float | None:
    return None if mark.automatic is None and mark.manual is None else mark.points


def _left(one: Student, coursedir: CourseDirectory, items: Sequence[Item], assignment: str, student: str) -> None:
    """What is in the folder of autograded notebooks: records, and what failed tests said."""
    folder = Path(coursedir.format_path(coursedir.autograded_directory, student, assignment))
    for notebook in {item.notebook for item in items}:
        if one.status and (run := read_run(folder / f"{notebook}{RECORD_SUFFIX}")):
            one.runs[notebook] = run
        failed = [item for item in items if item.notebook == notebook and not item.by_hand and _lost(one, item)]
        if failed:
            outputs = outputs_of(_json(folder / f"{notebook}.ipynb"))
            for item in failed:
                if text := normalised(without_names(said(outputs.get(item.cell)), one.hidden)):
                    one.messages[item.notebook, item.cell] = text


def _lost(one: Student, item: Item) -> bool:
    points = one.points.get((item.notebook, item.cell))
    return points is not None and points < item.points


def _json(path: Path) -> dict[str, Any]:
    try:
        if path.is_symlink() or path.stat().st_size > MAX_BYTES * 5:
            return {}
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _links(
    one: Student, coursedir: CourseDirectory, items: Sequence[Item], assignment: str, student: str, beside: Path
) -> None:
    folder = Path(coursedir.format_path(coursedir.feedback_directory, student, assignment))
    for notebook in dict.fromkeys(item.notebook for item in items):
        path = folder / f"{notebook}.html"
        if path.is_file():
            way = Path(os.path.relpath(path.resolve(), beside.resolve())).as_posix()
            # With a dot in front, so that no student's name is taken for a scheme such as javascript:
            one.feedback[notebook] = f"./{quote(way)}"
