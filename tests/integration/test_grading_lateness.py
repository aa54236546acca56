"""A late policy and the file of deadlines: gradebook, feedback, records, and exports have the same penalty."""

import csv
import io
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from graded_course import Course
from launch import launch
from nbgrader.api import Gradebook, SubmittedAssignment
from nbgrader.converters.base import NbGraderException
from traitlets.config import Config, Configurable

from autograder.cli.export import ExportApp
from autograder.cli.feedback import FeedbackApp
from autograder.grading.lateness import LatePenalties

SOLVED = {"add": "def add(a, b):\n    return a + b", "mul": "def mul(a, b):\n    return a * b", "essay": "Sums first."}
FULL = {"test_add": 2.0, "test_mul": 3.0}
HEADER = "assignment,student,due,hours,reason\n"
SETTINGS = """
c.LatePolicy.penalty = 10
c.LatePolicy.cap = 50
c.Deadlines.timezone = "Europe/Berlin"
"""
STAMPS = {"ada": "2026-03-05 00:59 UTC", "bob": "2026-03-05 00:59 UTC", "cy": "", "dan": "2026-03-01 12:00 UTC"}
ADA = "Submitted 26 h after the deadline (extended to March 3, 2026, 23:59): 2 days × 10 % of 5 points = −1."
BOB = "Submitted 74 h after the deadline (March 1, 2026, 23:59): 4 days × 10 % of 5 points = −2."
CY = "No time of submission is known (there is no timestamp.txt), so there is no late penalty."


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Course:
    course = Course(tmp_path_factory.mktemp("course") / "course")
    (course.folder / "nbgrader_config.py").write_text(f"c = get_config()\n{SETTINGS}", encoding="utf-8")
    with course.gradebook() as gradebook:
        for student in STAMPS:
            gradebook.add_student(student)
    for student, stamp in STAMPS.items():
        path = course.hand_in(student, FULL, **SOLVED)
        if stamp:
            path.with_name("timestamp.txt").write_text(stamp)
    return course


@pytest.fixture
def course(made: Course, tmp_path: Path) -> Course:
    course = made.copy(tmp_path / "course")
    course.config.LatePolicy = Config(penalty=10.0, cap=50.0)
    course.config.Deadlines = Config(timezone="Europe/Berlin")
    return course


def deadlines(course: Course, *rows: str) -> None:
    (course.folder / "deadlines.csv").write_text(HEADER + "\n".join(rows), encoding="utf-8")


def penalties(course: Course) -> dict[str, float]:
    with course.gradebook() as gradebook:
        found = gradebook.assignment_submissions("ps1")
        return {one.student.id: float(one.late_submission_penalty) for one in found}


def exported(course: Course) -> dict[str, dict[str, str]]:
    launch(ExportApp, course.folder, "--to", "grades.csv")
    text = (course.folder / "grades.csv").read_text(encoding="utf-8-sig")
    return {row["student_id"]: row for row in csv.DictReader(io.StringIO(text, newline=""))}


def test_gradebook_feedback_status_and_export_have_the_same_penalty(course: Course) -> None:
    deadlines(course, "ps1,,2026-03-01 23:59,,", "ps1,ada,2026-03-03 23:59,,illness")
    statuses = course.grade().statuses
    assert penalties(course) == pytest.approx({"ada": 1.0, "bob": 2.0, "cy": 0.0, "dan": 0.0})
    with course.gradebook() as gradebook:  # what formgrader shows
        ada = gradebook.find_submission("ps1", "ada")
        assert ada.assignment.duedate == datetime(2026, 3, 1, 22, 59)
        assert ada.extension == timedelta(days=2)
    said = {student: status.lateness for student, status in statuses.items()}
    assert said == {"ada": (ADA,), "bob": (BOB,), "cy": (CY,), "dan": ()}
    launch(FeedbackApp, course.folder, "ps1")
    for student, words in {"ada": ADA, "bob": BOB, "cy": CY}.items():
        page = (course.folder / "feedback" / student / "ps1" / "p1.html").read_text(encoding="utf-8")
        assert words in page
        assert "illness" not in page
    assert course.grade().due == []
    # a person gives points: the penalty is of all points, and until it is, the grade is not final
    for student in STAMPS:
        course.score_by_hand(student, "essay", manual_score=4.0)
    rows = exported(course)
    assert (rows["dan"]["score"], rows["ada"]["score"], rows["ada"]["raw_score"]) == ("9.0", "", "9.0")
    assert "grade it again" in rows["ada"]["reason"]
    assert course.grade().due == ["ada", "bob"]
    rows = exported(course)
    found = {name: (row["raw_score"], row["late_submission_penalty"], row["score"]) for name, row in rows.items()}
    assert found["ada"] == ("9.0", "1.8", "7.2")
    assert found["bob"] == ("9.0", "3.6", "5.4")
    assert "2 days × 10 % of 9 points = −1.8" in rows["ada"]["reason"]


def test_another_deadline_is_followed_and_told_before_it_is(course: Course) -> None:
    deadlines(course, "ps1,,2026-03-01 23:59,,", "ps1,ada,,1,")
    course.grade()
    assert penalties(course) == pytest.approx({"ada": 2.0, "bob": 2.0, "cy": 0.0, "dan": 0.0})
    deadlines(course, "ps1,,2026-03-02 23:59,,", "ps1,bob,,100,two exams")
    assert course.grade(dry_run=True).changes == {"ada": (3.0, 3.5), "bob": (3.0, 5.0)}
    assert course.grade().due == ["ada", "bob"]
    assert penalties(course) == pytest.approx({"ada": 1.5, "bob": 0.0, "cy": 0.0, "dan": 0.0})
    with course.gradebook() as gradebook:
        assert gradebook.find_submission("ps1", "ada").extension is None


def test_a_wrong_file_stops_the_grading_before_anything_is_graded(course: Course) -> None:
    deadlines(course, "ps1,,2026-03-01 23:59,,", "ps1,adda,,5,", "ps2,ada,,5,", "ps1,bob,2026-03-29 02:30,,")
    with pytest.raises(NbGraderException) as caught:
        course.grade()
    for part in (
        "line 3: nobody is known as 'adda'",
        "line 4: there is no assignment 'ps2'",
        "line 5: there is no 2026",
    ):
        assert part in str(caught.value)
    deadlines(course, "ps1,ada,,5,")
    with pytest.raises(NbGraderException, match="line 2: ps1 has no due date"):
        course.grade()
    assert penalties(course) == {}
    assert not (course.folder / "autograded").exists()


@pytest.fixture
def submission(tmp_path: Path) -> Iterator[SubmittedAssignment]:
    """Ada's, two days late: 8 of 10 points in p1, and 3 of 30 in p2."""
    with Gradebook(f"sqlite:///{tmp_path / 'gradebook.db'}") as gradebook:
        gradebook.add_assignment("ps1", duedate="2026-03-01 12:00 UTC")
        gradebook.add_student("ada")
        for name, most in (("p1", 10.0), ("p2", 30.0)):
            gradebook.add_notebook(name, "ps1")
            gradebook.add_grade_cell("test", name, "ps1", max_score=most, cell_type="code")
        found = gradebook.add_submission("ps1", "ada", timestamp=datetime(2026, 3, 3, 11))
        for name, points in (("p1", 8.0), ("p2", 3.0)):
            gradebook.find_grade("test", name, "ps1", "ada").auto_score = points
        gradebook.db.commit()
        yield found


def late_penalties(**settings: Any) -> LatePenalties:
    return LatePenalties(Configurable(config=Config(LatePolicy=Config(settings))))


def test_each_notebook_of_a_submission_loses_its_share(submission: SubmittedAssignment) -> None:
    late = late_penalties(penalty=4.0, unit="points")
    assert not late.is_current(submission)
    late.assign(submission)
    assert {one.name: one.late_submission_penalty for one in submission.notebooks} == {"p1": 2.0, "p2": 3.0}
    assert late.is_current(submission)
    ago = "Submitted 47 h after the deadline (March 1, 2026, 12:00)"
    assert list(late.words(submission)) == [
        f"p1: {ago}: 2 days × 4 points × 25 % of the assignment = −2.",
        f"p2: {ago}: 2 days × 4 points × 75 % of the assignment = −6, but only 3 were left.",
    ]


def test_without_a_time_nothing_is_lost_and_that_is_told_once(submission: SubmittedAssignment) -> None:
    submission.timestamp = None
    assert list(late_penalties(penalty=10.0).words(submission)) == [CY]
    assert list(late_penalties().words(submission)) == []
    assert late_penalties(penalty=10.0).penalty(submission, lambda name: 5.0) == 0
