"""The gradebook over regradings: what people did stays, backups, dry runs; and the export with its statuses."""

import contextlib
import csv
import re
import sqlite3
from pathlib import Path

import launch
import pytest
from graded_course import Course, shown, stream
from launch import Done
from nbgrader.api import Gradebook
from nbgrader.converters.base import NbGraderException
from traitlets.utils.importstring import import_item

from autograder.grading.backup import KEEP, BackupError, Backups
from autograder.grading.gradebook import INDEXED, one_engine
from autograder.grading.job import ReviewItem, ReviewKind
from autograder.grading.pipeline import NotAllGraded

ADD, MUL = "def add(a, b):\n    return a + b", "def mul(a, b):\n    return a * b"
OTHER_ADD = "def add(a, b):\n    return sum([a, b])"
SOLVED = {"add": ADD, "mul": MUL, "essay": "Sums come before products."}
FULL = {"test_add": 2.0, "test_mul": 3.0}
HALF = {"test_add": 0.0, "test_mul": 3.0}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Course:
    return Course(tmp_path_factory.mktemp("course") / "course")


@pytest.fixture
def course(made: Course, tmp_path: Path) -> Course:
    return made.copy(tmp_path / "course")


def mark(course: Course, cell: str) -> tuple[float | None, float | None, bool]:
    with course.gradebook() as gradebook:
        grade = gradebook.find_grade(cell, "p1", "ps1", "ada")
        return grade.manual_score, grade.extra_credit, grade.needs_manual_grade


def run(course: Course, app: str, *arguments: str) -> Done:
    """Run one of our commands in the course folder."""
    return launch.run(import_item(app), course.folder, *arguments)


def test_a_score_given_by_hand_stays_and_is_not_asked_for_again(course: Course) -> None:
    course.hand_in("ada", HALF, **SOLVED)
    course.grade()
    course.score_by_hand("ada", "essay", manual_score=3.5, extra_credit=1.0)
    course.hand_in("ada", FULL, **{**SOLVED, "add": OTHER_ADD})
    status = course.grade().statuses["ada"]
    assert mark(course, "essay") == (3.5, 1.0, False)
    assert status.review == ()


def test_a_page_of_feedback_is_written_again_where_the_grade_is_newer_and_else_left(course: Course) -> None:
    page = course.folder / "feedback" / "ada" / "ps1" / "p1.html"

    def written() -> tuple[str, int]:
        run(course, "autograder.cli.feedback.FeedbackApp", "ps1")
        return page.read_text(encoding="utf-8"), page.stat().st_mtime_ns

    course.hand_in("ada", HALF, **SOLVED)
    course.grade()
    first = written()
    assert written() == first
    course.score_by_hand("ada", "essay", manual_score=3.5)
    by_hand, _ = written()
    assert by_hand != first[0]
    assert "3.5" in by_hand
    course.hand_in("ada", FULL, **{**SOLVED, "add": OTHER_ADD})
    course.grade()
    assert written()[0] != by_hand


def test_a_score_given_by_hand_for_an_answer_that_has_changed_stays_and_is_listed(course: Course) -> None:
    course.hand_in("ada", FULL, **SOLVED)
    course.grade()
    course.score_by_hand("ada", "essay", manual_score=3.5)
    course.hand_in("ada", FULL, **{**SOLVED, "essay": "Another text."})
    status = course.grade().statuses["ada"]
    assert mark(course, "essay") == (3.5, None, True)
    assert [item.text for item in status.review] == [
        "p1, essay: the answer has changed since 3.5 points were given by hand; please check it again"
    ]


def test_an_override_that_hides_a_new_automatic_score_is_listed(course: Course) -> None:
    outputs = {"test_add": [shown("0.5")]}
    course.hand_in("ada", {"test_add": 0.5, "test_mul": 3.0}, outputs=outputs, **SOLVED)
    course.grade()
    course.score_by_hand("ada", "test_add", manual_score=1.5)
    path = course.folder / "submitted" / "ada" / "ps1" / "p1.ipynb"
    course.know(path, {"test_add": 0.0, "test_mul": 3.0}, outputs, {})  # as after a change of the points, say
    review = course.grade(force=True).statuses["ada"].review
    text = "p1, test_add: the automatic score is now 0 (was 0.5), which the 1.5 given by hand hides"
    assert review == (ReviewItem(ReviewKind.ANSWER_CHANGED, text),)
    assert mark(course, "test_add") == (1.5, None, True)


def test_an_override_stays_settled_when_the_tested_answer_and_its_score_are_the_same(course: Course) -> None:
    course.hand_in("ada", HALF, **SOLVED)
    course.grade()
    course.score_by_hand("ada", "test_add", manual_score=1.0)
    course.hand_in("ada", HALF, **{**SOLVED, "mul": "def mul(a, b):\n    return b * a"})
    status = course.grade().statuses["ada"]
    assert mark(course, "test_add") == (1.0, None, False)
    assert status.review == ()


def test_an_override_is_asked_about_when_the_tested_answer_has_changed(course: Course) -> None:
    course.hand_in("ada", HALF, **SOLVED)
    course.grade()
    course.score_by_hand("ada", "test_add", manual_score=1.0)
    course.hand_in("ada", HALF, **{**SOLVED, "add": "def add(a, b):\n    return a"})
    status = course.grade().statuses["ada"]
    assert mark(course, "test_add") == (1.0, None, True)
    assert len(status.review) == 1


def test_an_object_s_address_in_an_output_is_no_change(course: Course) -> None:
    for address in ("0x7f0000000001", "0x7f0000000002"):
        outputs = {"test_add": [stream(f"<object at {address}>")]}
        course.hand_in("ada", HALF, outputs=outputs, **SOLVED)
        seen = course.grade(force=True)
        course.score_by_hand("ada", "test_add", manual_score=1.0)
    assert seen.statuses["ada"].review == ()


def test_a_comment_stays_and_is_listed_where_the_answer_has_changed(course: Course) -> None:
    course.hand_in("ada", FULL, **SOLVED)
    course.grade()
    with course.gradebook() as gradebook:
        gradebook.find_comment("add", "p1", "ps1", "ada").manual_comment = "Well done"
        gradebook.db.commit()
    course.hand_in("ada", FULL, **{**SOLVED, "add": OTHER_ADD})
    status = course.grade().statuses["ada"]
    with course.gradebook() as gradebook:
        assert gradebook.find_comment("add", "p1", "ps1", "ada").comment == "Well done"
    text = "p1, add: the answer has changed since a comment was written; please check it again"
    assert [item.text for item in status.review] == [text]


def test_a_dry_run_shows_old_and_new_points_and_writes_nothing(course: Course) -> None:
    course.hand_in("ada", HALF, **SOLVED)
    course.grade()
    course.score_by_hand("ada", "essay", manual_score=3.5, extra_credit=0.5)
    course.hand_in("ada", FULL, **{**SOLVED, "add": OTHER_ADD})
    course.hand_in("bob", {"test_add": 0.5, "test_mul": 0.0}, mul=MUL)
    before = {path: path.read_bytes() for path in course.folder.rglob("*") if path.is_file()}
    seen = course.grade(dry_run=True)
    assert seen.changes == {"ada": (7.0, 9.0), "bob": (None, 0.5)}
    assert {path: path.read_bytes() for path in course.folder.rglob("*") if path.is_file()} == before
    assert course.grade().changes == {}
    with course.gradebook() as gradebook:
        assert gradebook.find_submission("ps1", "ada").score == 9.0
        assert gradebook.find_submission("ps1", "bob").score == 0.5


def test_each_grading_backs_the_gradebook_up_first(course: Course) -> None:
    course.hand_in("ada", FULL, **SOLVED)
    course.grade()
    (backup,) = Backups(course.folder, course.coursedir.db_url).paths()
    assert sqlite3.connect(backup).execute("SELECT count(*) FROM submitted_assignment").fetchone() == (0,)
    course.grade()
    assert Backups(course.folder, course.coursedir.db_url).paths() == [backup]  # there was nothing to grade


def test_the_last_20_backups_are_kept(course: Course) -> None:
    backups = Backups(course.folder, course.coursedir.db_url)
    made = [backups.make() for _ in range(KEEP + 3)]
    assert backups.paths() == made[3:]


def test_a_restored_gradebook_is_as_it_was_and_the_present_one_is_backed_up(course: Course) -> None:
    course.hand_in("ada", FULL, **SOLVED)
    course.grade()
    (name,) = [path.name for path in Backups(course.folder, course.coursedir.db_url).paths()]
    done = run(course, "autograder.cli.restore.RestoreApp", name)
    assert done.returncode == 0, done.stderr
    with course.gradebook() as gradebook:
        assert gradebook.students == []
    present = Backups(course.folder, course.coursedir.db_url).paths()[-1].name
    assert f"To undo this: autograder restore {present}" in done.stdout
    run(course, "autograder.cli.restore.RestoreApp", present)
    assert course.scores("ada")["test_mul"] == 3.0


def test_the_oldest_backup_can_be_restored_when_there_are_20(course: Course) -> None:
    backups = Backups(course.folder, course.coursedir.db_url)
    for _ in range(KEEP):
        backups.make()
    backups.restore(backups.paths()[0].name)
    assert len(backups.paths()) == KEEP


def test_restore_without_a_name_lists_the_backups(course: Course) -> None:
    made = Backups(course.folder, course.coursedir.db_url).make()
    assert made is not None
    assert made.name in run(course, "autograder.cli.restore.RestoreApp").stdout


def test_a_backup_that_is_not_there_is_said_so(course: Course) -> None:
    done = run(course, "autograder.cli.restore.RestoreApp", "../../etc/passwd")
    assert done.returncode == 1
    assert "There is no backup '../../etc/passwd'" in done.stderr


def test_a_damaged_gradebook_is_not_graded_into(course: Course) -> None:
    backups = Backups(course.folder, course.coursedir.db_url)
    (course.folder / "gradebook.db").write_bytes(b"SQLite format 3\0" + bytes(5000))
    with pytest.raises(BackupError):
        backups.make()
    assert backups.paths() == []


def test_no_backup_is_made_of_another_kind_of_database(tmp_path: Path) -> None:
    backups = Backups(tmp_path, "postgresql://grader@db/course")
    assert backups.make() is None
    with pytest.raises(BackupError, match="not a SQLite file"):
        backups.restore("gradebook.db")


def export(course: Course, app: str = "autograder.cli.export.ExportApp", *arguments: str) -> dict[str, dict[str, str]]:
    done = run(course, app, *arguments)
    assert done.returncode == 0, done.stderr
    with (course.folder / "grades.csv").open(encoding="utf-8-sig", newline="") as file:
        return {row["student_id"]: row for row in csv.DictReader(file)}


def test_the_export_has_a_status_for_each_and_a_score_only_where_it_is_final(course: Course) -> None:
    course.hand_in("ada", FULL, **SOLVED)
    course.hand_in("bob", HALF, mul=MUL, essay="Products come first.")
    course.hand_in("eve").write_text("junk")
    with course.gradebook() as gradebook:
        gradebook.add_student("zoe", first_name="Зоя", last_name='Иванова, "мл."')
        gradebook.add_student("eve")
    with pytest.raises(NotAllGraded):
        course.grade()
    course.score_by_hand("ada", "essay", manual_score=4.0)
    course.hand_in("new")
    with course.gradebook() as gradebook:
        gradebook.add_student("new")
    rows = export(course)
    shown = {name: (row["raw_score"], row["score"], row["status"]) for name, row in rows.items()}
    assert shown == {
        "ada": ("9.0", "9.0", "graded"),
        "bob": ("3.0", "", "needs manual grading"),
        "eve": ("", "", "needs review"),
        "new": ("", "", "not graded yet"),
        "zoe": ("", "", "not submitted"),
    }
    assert rows["zoe"]["last_name"] == 'Иванова, "мл."'
    assert rows["bob"]["reason"] == "cells essay"
    assert "p1" in rows["eve"]["reason"]


def test_nbgraders_export_takes_our_exporter(course: Course) -> None:
    course.hand_in("ada", {"test_add": 0.0, "test_mul": 0.0}, essay="")
    course.grade()
    course.score_by_hand("ada", "essay", manual_score=0.0)
    argument = "--exporter=autograder.lms.export.StatusExporter"
    rows = export(course, "nbgrader.apps.exportapp.ExportApp", argument)
    assert (rows["ada"]["score"], rows["ada"]["status"]) == ("0.0", "graded")


GRADE = "autograder.cli.grade.GradeApp"


def test_the_command_grades_and_says_what_is_next(course: Course) -> None:
    course.hand_in("ada", FULL, **SOLVED)
    done = run(course, GRADE, "ps1")
    assert done.returncode == 0, done.stderr
    assert re.search(r"^\[1/1\] ada:  graded +5 / 9$", done.stdout, re.MULTILINE)
    assert done.stdout.splitlines()[-1] == "Next: autograder report ps1   # then autograder feedback ps1"


def test_the_command_exits_with_1_and_names_who_was_not_graded_and_why(course: Course) -> None:
    course.hand_in("ada", FULL, **SOLVED)
    course.hand_in("eve").write_text("junk")
    done = run(course, GRADE, "ps1")
    assert done.returncode == 1
    assert "needs review: 1\n    eve, p1: " in done.stdout
    assert done.stderr.splitlines()[-1].startswith("Next: autograder grade ps1   # ")


def test_the_command_works_from_elsewhere_with_course_dir(course: Course, tmp_path: Path) -> None:
    course.hand_in("ada", FULL, **SOLVED)
    course.hand_in("bob", FULL, **SOLVED)
    options = [f"--course-dir={course.folder}", "--assignment=ps1", "--student=bob", "--workers=1"]
    done = launch.run(import_item(GRADE), tmp_path, *options)
    assert done.returncode == 0, done.stderr
    assert "[1/1] bob:" in done.stdout


def test_the_commands_dry_run_prints_old_and_new_points(course: Course) -> None:
    course.hand_in("ada", FULL, **SOLVED)
    done = run(course, GRADE, "ps1", "--dry-run")
    assert done.returncode == 0, done.stderr
    assert "ada: no grade → 5" in done.stdout
    assert not (course.folder / "autograded").exists()


def test_an_unknown_assignment_stops_the_command_with_one_line(course: Course) -> None:
    done = run(course, GRADE, "ps9")
    assert done.returncode == 1
    assert done.stderr.startswith("Error: no such assignment: ps9 (available: ps1)\n")
    assert "Traceback" not in done.stderr + done.stdout
    with pytest.raises(NbGraderException):
        course.grade(assignment_id="ps9")


def test_a_submissions_rows_are_found_by_indexes_after_a_grading(course: Course) -> None:
    """Without them, each submission that is written reads the rows of all submissions."""
    course.hand_in("ada", FULL, **SOLVED)
    course.grade()
    with sqlite3.connect(course.folder / "gradebook.db") as database:
        for table, column in INDEXED.items():
            ((_, _, _, how),) = database.execute(f"EXPLAIN QUERY PLAN SELECT * FROM {table} WHERE {column} = 'x'")
            assert how.startswith("SEARCH"), how


def test_a_gradebook_that_is_opened_again_and_again_has_one_engine(course: Course, tmp_path: Path) -> None:
    url, other = (f"sqlite:///{folder / 'gradebook.db'}" for folder in (course.folder, tmp_path))
    engines = []
    with contextlib.suppress(KeyError), one_engine():
        for place in (url, url, other):
            with Gradebook(place, "course") as gradebook:
                engines.append(gradebook.engine)
        raise KeyError("as where a submission is not graded")
    with Gradebook(url, "course") as gradebook:
        engines.append(gradebook.engine)
    assert [engine is engines[0] for engine in engines] == [True, True, False, False]
