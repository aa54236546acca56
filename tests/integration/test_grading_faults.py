"""Whatever goes wrong with one submission is a fault in its own outcome: the others are graded, it is tried again."""

import json
import shutil
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

import pytest
from graded_course import Course, Seen
from launch import launch
from nbformat import NotebookNode
from nbgrader.preprocessors import NbGraderPreprocessor
from sqlalchemy.exc import OperationalError

from autograder.cli.export import ExportApp
from autograder.cli.grade import GradeApp
from autograder.cli.report import ReportApp
from autograder.grading.pipeline import NotAllGraded
from autograder.grading.record import GradeStatus, SubmissionStatus
from autograder.grading.submission import Submission
from autograder.reports.generate import GenerateFeedback

STUDENTS = ("ada", "bob", "eve")
ADD, MUL = "def add(a, b):\n    return a + b", "def mul(a, b):\n    return a * b"
FULL = {"test_add": 2.0, "test_mul": 3.0}
HALF = {"test_add": 2.0, "test_mul": 0.0}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Course:
    """All have been graded with HALF of the points, and have handed in again what has them all."""
    course = Course(tmp_path_factory.mktemp("course") / "course")
    for student in STUDENTS:
        course.hand_in(student, HALF, add=ADD)
    course.grade()
    for student in STUDENTS:
        course.hand_in(student, FULL, add=ADD, mul=MUL)
    return course


@pytest.fixture
def course(made: Course, tmp_path: Path) -> Course:
    return made.copy(tmp_path / "course")


def grade(course: Course, *steps: type, seen: Seen | None = None) -> tuple[Seen, str]:
    """Grade with more steps of the instructor's at the end; returns what was told, and how it ended."""
    converter = course.converter()
    converter.autograde_preprocessors = [*converter.autograde_preprocessors, *steps]
    converter.changed_too = True
    converter.watcher = seen = seen or Seen()
    try:
        converter.start()
    except NotAllGraded as error:
        return seen, str(error)
    return seen, ""


def assert_only_bob_met_it(course: Course, seen: Seen, ended: str, reason: str) -> None:
    """The others have their new grade, bob the old one, and a fault that says why; the end names bob alone."""
    assert {student: status.label for student, status in seen.statuses.items()} == {
        "ada": "graded",
        "bob": GradeStatus.FAULT,
        "eve": "graded",
    }
    assert reason in seen.statuses["bob"].notebooks["p1"].message
    assert f"bob: {GradeStatus.FAULT}" in ended
    assert "ada" not in ended
    assert {student: course.scores(student)["test_mul"] for student in ("ada", "eve")} == {"ada": 3.0, "eve": 3.0}


def assert_the_next_grading_grades_bob(course: Course) -> None:
    seen, ended = grade(course)
    assert (seen.due, ended) == (["bob"], "")
    assert course.scores("bob")["test_mul"] == 3.0
    assert MUL in json.loads(json.dumps(course.autograded("bob")))["cells"][3]["source"]


ERRORS: dict[str, BaseException] = {
    "exit": SystemExit(3),
    "recursion": RecursionError("too deep"),
    "memory": MemoryError("no room"),
    "unicode": UnicodeEncodeError("utf-8", "\ud800", 0, 1, "surrogates not allowed"),
    "database": OperationalError("SELECT 1", {}, Exception("disk I/O error")),
    "disk": OSError(28, "No space left on device"),
}


class Raises(NbGraderPreprocessor):  # type: ignore[misc]
    """A step of the instructor's that fails for bob."""

    error: ClassVar[BaseException]

    def preprocess(self, nb: NotebookNode, resources: dict[str, Any]) -> Any:
        if resources["nbgrader"]["student"] == "bob":
            raise self.error
        return nb, resources


@pytest.mark.parametrize("name", ERRORS)
def test_an_exception_while_a_grade_is_written_is_that_submissions_alone(course: Course, name: str) -> None:
    step = type("Step", (Raises,), {"error": ERRORS[name]})
    seen, ended = grade(course, step)
    assert_only_bob_met_it(course, seen, ended, type(ERRORS[name]).__name__)
    assert course.scores("bob")["test_mul"] == 0.0
    assert seen.statuses["bob"] == course.statuses.get("ps1", "bob")
    assert_the_next_grading_grades_bob(course)


def test_ctrl_c_while_a_grade_is_written_stops_the_grading(course: Course) -> None:
    step = type("Step", (Raises,), {"error": KeyboardInterrupt()})
    with pytest.raises(KeyboardInterrupt):
        grade(course, step)
    assert course.scores("bob")["test_mul"] == 0.0
    assert course.scores("eve")["test_mul"] == 0.0


class Locks(NbGraderPreprocessor):  # type: ignore[misc]
    """A step of the instructor's after which another program locks the gradebook while bob's grade is written."""

    held: ClassVar[list[sqlite3.Connection]] = []

    def preprocess(self, nb: NotebookNode, resources: dict[str, Any]) -> Any:
        if resources["nbgrader"]["student"] == "bob":
            lock(Path(resources["nbgrader"]["db_url"].removeprefix("sqlite:///")))
        return nb, resources


def lock(database: Path) -> None:
    connection = sqlite3.connect(database, isolation_level=None)
    connection.execute("BEGIN EXCLUSIVE")
    Locks.held.append(connection)


def unlock() -> None:
    while Locks.held:
        Locks.held.pop().close()


@pytest.fixture(autouse=True)
def _unlocked() -> Iterator[None]:
    yield
    unlock()


class Unlocks(Seen):
    def finished(self, submission: Submission, status: SubmissionStatus) -> None:
        super().finished(submission, status)
        unlock()


def test_a_gradebook_that_is_locked_while_a_grade_is_written_costs_the_others_nothing(course: Course) -> None:
    converter = course.converter()
    steps = [Locks, *converter.autograde_preprocessors]
    converter.autograde_preprocessors, converter.changed_too, converter.watcher = steps, True, Unlocks()
    with pytest.raises(NotAllGraded) as ended:
        converter.start()
    assert isinstance(converter.watcher, Seen)
    assert_only_bob_met_it(course, converter.watcher, str(ended.value), "database is locked")
    assert_the_next_grading_grades_bob(course)


def test_a_gradebook_that_is_locked_all_the_time_stops_the_grading_with_a_reason(course: Course) -> None:
    lock(course.folder / "gradebook.db")
    with pytest.raises(Exception, match=r"gradebook.*locked"):
        course.grade()
    unlock()
    assert grade(course)[1] == ""


def test_a_status_that_cant_be_kept_is_that_submissions_alone(course: Course) -> None:
    status = course.folder / ".autograder" / "status" / "ps1" / "bob.json"
    status.unlink()
    (status / "in the way").mkdir(parents=True)
    seen, ended = grade(course)
    assert_only_bob_met_it(course, seen, ended, "bob.json")
    assert course.scores("bob")["test_mul"] == 0.0
    shutil.rmtree(status)
    assert_the_next_grading_grades_bob(course)


def test_an_autograded_folder_that_cant_be_written_is_that_submissions_alone(course: Course) -> None:
    folder = course.folder / "autograded" / "bob"
    shutil.rmtree(folder)
    folder.write_text("in the way")
    seen, ended = grade(course)
    assert_only_bob_met_it(course, seen, ended, "Error")
    folder.unlink()
    assert_the_next_grading_grades_bob(course)


DAMAGES = {
    "timestamp": ("autograded/bob/ps1/timestamp.txt", "yesterday"),
    "notebook": ("autograded/bob/ps1/p1.ipynb", '{"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": [7]}'),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_what_is_damaged_of_an_old_grade_stops_nobody_and_is_replaced(course: Course, damage: str) -> None:
    name, text = DAMAGES[damage]
    (course.folder / name).write_text(text)
    seen, ended = grade(course)
    assert ended == ""
    assert seen.due == ["ada", "bob", "eve"]
    assert course.scores("bob")["test_mul"] == 3.0


class Breaks(Seen):
    def finished(self, submission: Submission, status: SubmissionStatus) -> None:
        if submission.student == "bob":
            raise BrokenPipeError("nobody reads this")
        super().finished(submission, status)


def test_what_cant_be_shown_of_one_submission_stops_nobody_and_is_said_in_the_end(course: Course) -> None:
    seen, ended = grade(course, seen=Breaks())
    assert set(seen.statuses) == {"ada", "eve"}
    assert "bob: graded" in ended
    assert "nobody reads this" in ended
    assert [course.scores(student)["test_mul"] for student in STUDENTS] == [3.0, 3.0, 3.0]


def test_a_dry_run_shows_the_others_where_one_cant_be_compared(course: Course) -> None:
    make_unreadable(course)
    said = launch(GradeApp, course.folder, "ps1", "--dry-run", code=1)  # as the grading itself would exit
    for line in (
        "ada:        2 → 5",
        "bob: no grade → no grade  (p1: ",
        "eve:        2 → 5",
        "Nothing was written.",
    ):
        assert line in said
    assert "Next: autograder grade ps1 --dry-run" in said


def make_unreadable(course: Course) -> None:
    """What the gradebook has of bob's submission is damaged."""
    with sqlite3.connect(course.folder / "gradebook.db") as connection:
        count = connection.execute("UPDATE submitted_assignment SET timestamp = 'soon' WHERE student_id = 'bob'")
        assert count.rowcount == 1


def test_an_export_has_the_others_where_one_cant_be_read(course: Course) -> None:
    grade(course)
    make_unreadable(course)
    said = launch(ExportApp, course.folder, code=1)
    assert "ps1, bob" in said
    lines = {line.split(",")[3]: line for line in (course.folder / "grades.csv").read_text().splitlines()[1:]}
    assert ",,," in lines["bob"]
    assert GradeStatus.FAULT in lines["bob"]
    assert GradeStatus.FAULT not in lines["ada"] + lines["eve"]


def test_gradescope_gets_the_others_where_one_notebook_is_damaged(course: Course) -> None:
    grade(course)
    path = course.folder / "autograded" / "bob" / "ps1" / "p1.ipynb"
    path.write_text('{"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": [7]}')
    for student in STUDENTS:
        course.score_by_hand(student, "essay", manual_score=1.0)
    said = launch(ExportApp, course.folder, "--format", "gradescope", code=1)
    assert "ps1, bob" in said
    results = {
        student: json.loads((course.folder / "gradescope" / "ps1" / student / "results.json").read_text())
        for student in STUDENTS
    }
    assert {student: one.get("score") for student, one in results.items()} == {"ada": 6.0, "bob": None, "eve": 6.0}
    assert results["bob"]["extra_data"]["status"] == GradeStatus.FAULT


def test_the_report_has_the_others_where_one_cant_be_read(course: Course) -> None:
    grade(course)
    make_unreadable(course)
    assert "bob" in launch(ReportApp, course.folder, "ps1", code=1)
    text = (course.folder / "reports" / "ps1.html").read_text()
    assert text.count(GradeStatus.FAULT) >= 1
    assert all(student in text for student in STUDENTS)


class LocksForFeedback(Locks):
    def preprocess(self, nb: NotebookNode, resources: dict[str, Any]) -> Any:
        unlock()
        return super().preprocess(nb, resources)


def test_feedback_has_the_others_where_the_gradebook_is_locked_for_one(course: Course) -> None:
    grade(course)
    generate = GenerateFeedback(coursedir=course.converter().coursedir, config=course.config)
    generate.preprocessors = [LocksForFeedback]
    with pytest.raises(Exception, match="errors"):
        generate.start()
    pages = sorted(path.parts[-3] for path in (course.folder / "feedback").rglob("*.html"))
    assert pages == ["ada", "eve"]
