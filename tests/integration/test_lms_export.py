"""Grades out: Canvas's, Moodle's and Gradescope's formats, and what is in them of those without a grade."""

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest
from graded_course import ERROR, Course
from launch import launch
from nbgrader.apps.exportapp import ExportApp as NbgraderExportApp

from autograder.cli.export import ExportApp
from autograder.common.tables import inert, original
from autograder.grading.pipeline import NotAllGraded
from autograder.lms.export.table import number

SOLVED = {"add": "def add(a, b):\n    return a + b", "mul": "def mul(a, b):\n    return a * b", "essay": "Sums first."}
FULL = {"test_add": 2.0, "test_mul": 3.0}
FAILED = [{**ERROR[0], "evalue": "expected 5, \x1b[31mreceived 6", "traceback": ["assert secret == 5"]}]


@pytest.fixture(scope="module")
def graded(tmp_path_factory: pytest.TempPathFactory) -> Course:
    """Five students: ada and yan with final grades, bob waits for a person's points, eve is broken, zoe absent."""
    course = Course(tmp_path_factory.mktemp("course") / "course")
    with course.gradebook() as gradebook:
        gradebook.add_student("ada", first_name="Ада", last_name="Лавлейс", email="ada@uni.example", lms_user_id="4001")
        gradebook.add_student("bob", first_name="Bob", last_name='Smith, "Jr."', email="bob@uni.example")
        gradebook.add_student("eve", first_name="=HYPERLINK(1)", last_name="Eve", lms_user_id="12-b")
        gradebook.add_student("yan", first_name="Ян\nИванович", last_name="Ли", lms_user_id="4003")
        gradebook.add_student("zoe", lms_user_id="4004")
    course.hand_in("ada", FULL, **SOLVED)
    course.hand_in("bob", FULL, **SOLVED)
    course.hand_in("eve").write_text("junk")
    course.hand_in("yan", {"test_add": 0.0, "test_mul": 1 / 3}, outputs={"test_add": FAILED}, essay="Later.")
    with pytest.raises(NotAllGraded):
        course.grade()
    course.score_by_hand("ada", "essay", manual_score=4.0)
    course.score_by_hand("yan", "essay", manual_score=0.0)
    return course


def export(course: Course, *arguments: str, app: Any = ExportApp, code: int = 0) -> str:
    return launch(app, course.folder, *arguments, code=code)


def rows_of(path: Path) -> list[list[str]]:
    return list(csv.reader(io.StringIO(path.read_text(encoding="utf-8-sig"), newline="")))


@pytest.fixture(scope="module")
def canvas(graded: Course) -> list[list[str]]:
    columns = 'c.CanvasExporter.columns = {"ps1": "Problem set 1 (4711)"}\n'
    config = graded.folder / "nbgrader_config.py"
    config.write_text(config.read_text() + columns if config.exists() else f"c = get_config()\n{columns}")
    export(graded, "--exporter=autograder.lms.export.CanvasExporter", "--to", "canvas.csv", app=NbgraderExportApp)
    return rows_of(graded.folder / "canvas.csv")


def test_canvas_gets_its_header_and_the_points_possible(canvas: list[list[str]]) -> None:
    header = ["Student", "ID", "SIS User ID", "SIS Login ID", "Section", "Problem set 1 (4711)"]
    assert canvas[:2] == [header, ["    Points Possible", "", "", "", "", "9"]]


def test_canvas_gets_a_score_only_where_it_is_final(canvas: list[list[str]]) -> None:
    scores = {row[3]: row[-1] for row in canvas[2:]}
    assert scores == {"ada": "9", "bob": "", "eve": "", "yan": "0.3333", "zoe": ""}


def test_canvas_finds_students_by_number_and_never_by_the_start_of_another_id(canvas: list[list[str]]) -> None:
    ids = {row[3]: row[1:3] for row in canvas[2:]}
    assert ids == {"ada": ["4001", ""], "bob": ["", ""], "eve": ["", "12-b"], "yan": ["4003", ""], "zoe": ["4004", ""]}


def test_cyrillic_names_commas_quotes_and_newlines_come_through(canvas: list[list[str]]) -> None:
    names = {row[3]: row[0] for row in canvas[2:]}
    assert (names["ada"], names["bob"], names["yan"]) == ("Лавлейс, Ада", 'Smith, "Jr.", Bob', "Ли, Ян\nИванович")


def test_a_table_beside_canvas_says_why_a_cell_is_blank(graded: Course, canvas: list[list[str]]) -> None:
    table = rows_of(graded.folder / "canvas.status.csv")
    statuses = {row[3]: row[-2] for row in table[1:]}
    assert statuses == {
        "ada": "graded",
        "bob": "needs manual grading",
        "eve": "needs review",
        "yan": "graded",
        "zoe": "not submitted",
    }


def test_excel_is_told_that_a_table_is_utf_8(graded: Course) -> None:
    for format_ in ("csv", "canvas", "moodle"):
        export(graded, "--format", format_, "--to", f"bom.{format_}.csv")
        assert (graded.folder / f"bom.{format_}.csv").read_bytes().startswith(b"\xef\xbb\xbf")


def test_the_table_has_the_points_of_each_exercise_where_they_are_asked_for(graded: Course) -> None:
    export(graded, "--exercises", "--to", "exercises.csv")
    header, *rows = rows_of(graded.folder / "exercises.csv")
    assert header[-2:] == ["reason", "ps1/p1: Arithmetic"]
    assert {row[3]: row[-1] for row in rows} == {"ada": "9.0", "bob": "", "eve": "", "yan": str(1 / 3), "zoe": ""}
    export(graded, "--to", "plain.csv")
    assert [row[:-1] for row in rows] == rows_of(graded.folder / "plain.csv")[1:]
    export(graded, "--exercises", "--format", "canvas")
    assert len(rows_of(graded.folder / "canvas.csv")[0]) == 6  # Canvas would make any other column an assignment
    assert rows_of(graded.folder / "canvas.status.csv") == [header, *rows]
    export(graded, "--exercises", "--format", "moodle", "--to", "exercises.moodle.csv")
    moodle = rows_of(graded.folder / "exercises.moodle.csv")
    assert {row[2]: row[-1] for row in moodle} == {
        **{"Username": "ps1/p1: Arithmetic", "ada": "9", "yan": "0.3333"},
        **dict.fromkeys(("bob", "eve", "zoe"), "-"),
    }


def test_moodle_gets_a_dash_and_a_status_where_there_is_no_grade(graded: Course) -> None:
    export(graded, "--format", "moodle")
    header, *rows = rows_of(graded.folder / "moodle.csv")
    grades = {row[header.index("Username")]: row[-2:] for row in rows}
    assert grades["ada"] == ["9", "graded"]
    assert grades["bob"] == ["-", "needs manual grading: cells essay"]
    assert grades["eve"][0] == "-"
    assert grades["eve"][1].startswith("needs review: p1: ")
    assert grades["zoe"] == ["-", "not submitted"]


def test_moodle_gets_no_identifier_that_some_student_lacks(graded: Course) -> None:
    said = export(graded, "--format", "moodle", "--to", "all.csv")
    assert rows_of(graded.folder / "all.csv")[0] == ["First name", "Last name", "Username", "ps1", "ps1 status"]
    assert "No column Email address: in the gradebook, these have none of their own: eve, yan, zoe\n" in said
    export(graded, "--format", "moodle", "--to", "some.csv", "--student", "ada", "--student", "yan")
    header = ["First name", "Last name", "Username", "ID number", "ps1", "ps1 status"]
    assert rows_of(graded.folder / "some.csv")[0] == header


def test_moodle_gets_no_identifier_that_a_spreadsheet_would_run(graded: Course, tmp_path: Path) -> None:
    course = graded.copy(tmp_path / "course")
    with course.gradebook() as gradebook:
        gradebook.update_or_create_student("yan", email="+yan@uni.example")
    arguments = ("--format", "moodle", "--to", "some.csv", "--student", "ada", "--student", "yan")
    assert "No column Email address" in export(course, *arguments)
    assert "Email address" not in rows_of(course.folder / "some.csv")[0]


def results(course: Course, student: str) -> dict[str, Any]:
    export(course, "--format", "gradescope", "--to", "results")
    found: dict[str, Any] = json.loads(
        (course.folder / "results" / "ps1" / student / "results.json").read_text("utf-8")
    )
    return found


def test_gradescope_gets_scores_and_messages_without_tracebacks(graded: Course) -> None:
    found = results(graded, "yan")
    assert (found["score"], found["output"], found["visibility"]) == (0.3333, "graded", "visible")
    assert isinstance(found["execution_time"], float)
    tests = {test["name"]: test for test in found["tests"]}
    assert tests["test_add"] == {
        "name": "test_add",
        "score": 0.0,
        "max_score": 2.0,
        "output": "AssertionError: expected 5, received 6",
        "visibility": "visible",
    }
    assert tests["essay"]["max_score"] == 4.0
    assert "secret" not in json.dumps(found)


def test_gradescope_gets_no_score_where_none_is_final(graded: Course) -> None:
    for student, status in (("bob", "needs manual grading"), ("eve", "needs review")):
        found = results(graded, student)
        assert found["output"] == found["extra_data"]["status"] == status
        assert not {"score", "tests"} & set(found)
    assert not (graded.folder / "results" / "ps1" / "zoe").exists()


def test_one_submissions_results_can_go_to_one_file(graded: Course) -> None:
    export(graded, "--format", "gradescope", "--student", "ada", "--to", "results/results.json")
    assert json.loads((graded.folder / "results" / "results.json").read_text("utf-8"))["score"] == 9.0
    said = export(graded, "--format", "gradescope", "--to", "results/results.json", code=1)
    assert "is for one submission, and there are 4" in said


def test_an_assignment_that_does_not_exist_is_an_error_and_no_empty_file(graded: Course) -> None:
    said = export(graded, "--assignment", "ps2", "--to", "none.csv", code=1)
    assert "no such assignment: ps2 (available: ps1)" in said
    assert not (graded.folder / "none.csv").exists()


def test_a_submission_newer_than_its_grade_has_no_score(graded: Course, tmp_path: Path) -> None:
    course = graded.copy(tmp_path / "course")
    stamp = course.folder / "submitted" / "ada" / "ps1" / "timestamp.txt"
    stamp.write_text("2026-01-01 10:00:00")
    course.grade(changed_too=False, force=True, student_id="ada")
    course.score_by_hand("ada", "essay", manual_score=4.0)
    stamp.write_text("2026-01-01 10:00:00")
    export(course, "--student", "ada")
    assert rows_of(course.folder / "grades.csv")[1][-2] == "graded"
    stamp.write_text("2026-01-02 10:00:00")
    export(course, "--student", "ada")
    row = rows_of(course.folder / "grades.csv")[1]
    assert row[-4:] == ["", "9.0", "not graded yet", "submitted again at 2026-01-02 10:00 UTC, after grading"]


def test_another_file_than_what_is_graded_has_no_score_without_a_timestamp_too(graded: Course, tmp_path: Path) -> None:
    course = graded.copy(tmp_path / "course")
    path = course.folder / "submitted" / "ada" / "ps1" / "p1.ipynb"
    (path.parent / "timestamp.txt").unlink(missing_ok=True)
    course.grade(changed_too=False, force=True, student_id="ada")
    course.score_by_hand("ada", "essay", manual_score=4.0)
    export(course, "--student", "ada")
    assert rows_of(course.folder / "grades.csv")[1][-2] == "graded"
    path.write_text(path.read_text() + "\n")
    export(course, "--student", "ada")
    row = rows_of(course.folder / "grades.csv")[1]
    assert row[-4:] == ["", "9.0", "not graded yet", "submitted again after grading"]
    course.grade(changed_too=False, force=True, student_id="ada")
    export(course, "--student", "ada")
    assert rows_of(course.folder / "grades.csv")[1][-2] == "graded"


def test_a_text_that_a_spreadsheet_would_run_is_made_a_text() -> None:
    run = ("=1+1", "@x", "+7", "-ada", "\tx", "\rx", " =1", "\uff1d1", "Smith;=1", "Smith; =1", "Smith\n=1")
    assert [inert(text).count("'") for text in run] == [1] * len(run)
    assert all(inert(text).split(";")[-1].split("\n")[-1].startswith("'") for text in run)
    for text in ("-", "Ли", "Smith, J.", "a-b@c", "О'Нил", "'single", "−9.6", "1e-5", ""):
        assert inert(text) == text
    assert [original(inert(text)) for text in ("=1", "'single", "Ли")] == ["=1", "'single", "Ли"]


def test_scores_are_written_as_gradebooks_take_them() -> None:
    assert [number(value) for value in (9.0, 0.0, 1 / 3, 12345.678, None)] == ["9", "0", "0.3333", "12345.678", ""]
