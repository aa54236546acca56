"""The student's page: what is in it, and what must not be."""

import json
import shutil
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import nbformat
import nbgrader.apps.api
import nbgrader.apps.autogradeapp
import nbgrader.apps.generateassignmentapp
import nbgrader.apps.generatefeedbackapp
import pytest
from feedback_pages import FAILED, HIDDEN_LINE, page
from graded_course import Course, stream
from launch import launch
from nbgrader.api import Gradebook
from nbgrader.apps.api import NbGraderAPI
from nbgrader.coursedir import CourseDirectory
from traitlets.config import Config

from autograder import configure
from autograder.cli.feedback import FeedbackApp


def raised(name: str, text: str) -> dict[str, Any]:
    return {"output_type": "error", "ename": name, "evalue": text, "traceback": [text]}


@pytest.fixture(scope="module")
def graded(tmp_path_factory: pytest.TempPathFactory) -> Course:
    """Ada has failed a test and written an essay; Bob has all that can be had; Cyd's test could not be scored."""
    course = Course(tmp_path_factory.mktemp("course") / "course")
    course.hand_in("ada", {"test_mul": 0.0}, outputs={"test_mul": FAILED}, essay="I *think*.", mul="def mul(a, b): 5")
    course.hand_in("bob", {}, essay="Thus.")
    course.hand_in("cyd", {"test_add": None}, reasons={"test_add": "the test gave nan points"}, essay="So.")
    course.grade()
    with Gradebook(f"sqlite:///{course.folder / 'gradebook.db'}") as gradebook:
        grade = gradebook.find_grade("essay", "p1", "ps1", "bob")
        grade.manual_score, grade.needs_manual_grade = 4.0, False
        gradebook.find_comment("essay", "p1", "ps1", "bob").manual_comment = "Well **said**."
        gradebook.db.commit()
    return course


def test_the_score_says_what_is_still_to_come(graded: Course) -> None:
    text = page(graded, "ada").text
    assert "2 of 9 points so far" in text
    assert "4 of these points have not been graded yet" in text
    assert "9 of 9 points" in page(graded, "bob").text


def test_a_failed_test_is_told_in_parts_without_the_code_of_the_test(graded: Course) -> None:
    found = page(graded, "ada")
    assert "Exercise 2, mul of 2 and 3:" in found.text
    assert "Expected 6 Received 5 Where to look Look at the sign." in found.text
    assert "assert mul(2, 2) == 4" in found.text  # the visible part
    assert "mul(2, 3)" not in found.text
    assert HIDDEN_LINE not in found.text
    assert "HIDDEN" not in found.html


def test_what_stopped_the_students_own_cell_is_told_with_the_test(graded: Course, tmp_path: Path) -> None:
    course = graded.copy(tmp_path / "course")
    outputs = {
        "test_mul": [raised("NameError", "name 'mul' is not defined")],
        "mul": [raised("SyntaxError", "expected ':' (12.py, line 1)")],
    }
    course.hand_in("fay", {"test_mul": 0.0}, outputs=outputs, mul="def mul(a, b) 5")
    course.grade()
    text = page(course, "fay").text.partition("Your notebook Code and outputs")[0]
    assert "Your cell mul ended in an error. Fix this first: SyntaxError in line 1: expected ':'" in text
    assert text.count("SyntaxError") == 1
    assert "NameError" not in text


def test_one_cell_that_stopped_is_told_once_for_all_that_need_it(graded: Course, tmp_path: Path) -> None:
    course = graded.copy(tmp_path / "course")
    outputs = {
        "add": [raised("SyntaxError", "'(' was never closed (12.py, line 2)")],
        "test_add": [raised("NameError", "name 'add' is not defined")],
        "mul": [raised("NotImplementedError", "")],
        "test_mul": [raised("NameError", "name 'add' is not defined")],
    }
    answers = {"add": "def add(a, b):\n    return (a + b", "mul": "def mul(a, b):\n    return add(a, b)"}
    course.hand_in("gil", {"test_add": 0.0, "test_mul": 0.0}, outputs=outputs, **answers)
    course.grade()
    text = page(course, "gil").text.partition("Your notebook Code and outputs")[0]
    assert "Fix this first: SyntaxError in line 2: '(' was never closed" in text
    assert text.count("SyntaxError") == 1


def test_an_exercise_without_an_answer_is_told_as_such(graded: Course, tmp_path: Path) -> None:
    course = graded.copy(tmp_path / "course")
    outputs = {
        "test_add": [raised("NotImplementedError", "")],
        "mul": [raised("NotImplementedError", "")],
        "test_mul": [raised("NameError", "name 'mul' is not defined")],
    }
    course.hand_in("hal", {"test_add": 0.0, "test_mul": 0.0}, outputs=outputs, mul="raise NotImplementedError")
    course.grade()
    text = page(course, "hal").text.partition("Your notebook Code and outputs")[0]
    assert text.count("You have not answered this exercise yet.") == 2
    assert "NameError" not in text
    assert "ended in an error" not in text


def test_an_instructor_can_show_hidden_tests(graded: Course) -> None:
    found = page(graded, "ada", show_hidden_tests=True)
    assert "assert mul(2, 3) == 2 * 3" in found.text
    assert "BEGIN HIDDEN TESTS" in found.text


def test_what_waits_for_a_person_says_why(graded: Course) -> None:
    text = page(graded, "cyd").text
    assert "This has no points yet: the test gave nan points. Your instructor will look at it." in text
    assert "Your instructor still has to read this." in page(graded, "ada").text


def test_comments_of_graders_are_shown(graded: Course) -> None:
    assert "Comment Well said." in page(graded, "bob").text


def test_the_page_names_the_record_and_shows_no_flags(graded: Course) -> None:
    record_path = graded.folder / "autograded" / "ada" / "ps1" / "p1.record.json"
    record = json.loads(record_path.read_text())
    record["run"]["flags"] = [{"kind": "weights", "text": "test_mul: suspicious"}]
    record_path.write_text(json.dumps(record))
    found = page(graded, "ada")
    assert record["digest"] in found.text
    assert "suspicious" not in found.html
    assert not list((graded.folder / "feedback").rglob("*.record.json"))


def test_what_was_mended_is_told_in_kind_words(graded: Course, tmp_path: Path) -> None:
    course = graded.copy(tmp_path / "course")
    path = course.hand_in("dan")
    notebook = nbformat.read(path, as_version=4)
    notebook.cells = [
        cell for cell in notebook.cells if cell.metadata.get("nbgrader", {}).get("grade_id") != "test_add"
    ]
    nbformat.write(notebook, path)
    course.know(path, {}, {}, {})
    course.grade()
    found = page(course, "dan")
    assert "test_add: This cell was missing from your notebook and was restored." in found.text
    assert found.text.count("was restored") == 1


def test_a_record_that_a_student_wrote_is_not_believed(graded: Course, tmp_path: Path) -> None:
    course = graded.copy(tmp_path / "course")
    record = course.folder / "autograded" / "ada" / "ps1" / "p1.record.json"
    record.write_text(json.dumps({"digest": "mine", "mends": [{"cell": "a", "to_student": "full marks"}]}))
    found = page(course, "ada")
    assert "full marks" not in found.text
    assert "mine" not in found.text


@pytest.mark.parametrize("text", ["", "[]", "{", "[" * 100_000, '{"digest": 3}'])
def test_without_a_record_the_page_is_made_of_the_notebook(graded: Course, tmp_path: Path, text: str) -> None:
    course = graded.copy(tmp_path / "course")
    (course.folder / "autograded" / "ada" / "ps1" / "p1.record.json").write_text(text)
    found = page(course, "ada")
    assert "2 of 9 points so far" in found.text
    assert "Tell your instructor which exercise and why." in found.text


def test_the_page_is_made_for_keyboards_and_screen_readers(graded: Course) -> None:
    found = page(graded, "ada")
    assert [attributes["lang"] for attributes in found.all("html")] == ["en"]
    assert [len(found.all(landmark)) for landmark in ("header", "nav", "main", "footer")] == [1, 1, 1, 1]
    levels = [int(tag[1]) for tag, _ in found.tags if tag in ("h1", "h2", "h3", "h4", "h5", "h6")]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))
    assert all("alt" in image for image in found.all("img"))
    assert all("scope" in header for header in found.all("th"))
    ids = [attributes["id"] for _, attributes in found.tags if "id" in attributes]
    assert len(ids) == len(set(ids))
    assert {link["href"][1:] for link in found.all("a") if link["href"].startswith("#")} <= set(ids)


def test_the_page_may_run_nothing_and_fetch_nothing(graded: Course) -> None:
    found = page(graded, "ada")
    (policy,) = [meta["content"] for meta in found.all("meta") if meta.get("http-equiv") == "Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert "script" not in policy
    assert "unsafe" not in policy
    assert not found.all("script", "link", "iframe")


@pytest.fixture
def _nbgraders_own() -> Iterator[None]:
    """`configure` changes nbgrader's modules; afterwards they are as they were."""
    places = [(nbgrader.apps.api, name) for name in ("Autograde", "GenerateAssignment", "GenerateFeedback")]
    places += [(nbgrader.apps.generateassignmentapp, "GenerateAssignment")]
    places += [(nbgrader.apps.autogradeapp, "Autograde"), (nbgrader.apps.generatefeedbackapp, "GenerateFeedback")]
    before = [(module, name, getattr(module, name)) for module, name in places]
    yield
    for module, name, value in before:
        setattr(module, name, value)


@pytest.mark.usefixtures("_nbgraders_own")
def test_formgraders_button_writes_the_same_page(graded: Course, tmp_path: Path) -> None:
    course = graded.copy(tmp_path / "course")
    shutil.rmtree(course.folder / "feedback", ignore_errors=True)
    config = Config({**course.config, "CourseDirectory": {"root": str(course.folder)}})
    configure(config)
    done = NbGraderAPI(CourseDirectory(config=config), config=config).generate_feedback("ps1", "ada")
    assert done["success"], done["log"]
    html = (course.folder / "feedback" / "ada" / "ps1" / "p1.html").read_text(encoding="utf-8")
    assert html == page(graded, "ada").html
    assert not (course.folder / "feedback" / "bob").exists()


def test_files_that_a_notebook_wrote_perhaps_in_a_hidden_test_do_not_go_out_with_the_page(
    graded: Course, tmp_path: Path
) -> None:
    course = graded.copy(tmp_path / "course")
    (course.hand_in("eve").parent / "mine.txt").write_text("handed in")
    course.hand_in("eve", {}, written={"seen.txt": b"what the hidden test gave it"})
    course.grade()
    page(course, "eve")
    names = {path.name for path in (course.folder / "feedback" / "eve" / "ps1").iterdir()}
    assert (course.folder / "autograded" / "eve" / "ps1" / "seen.txt").is_file()
    assert names == {"mine.txt", "p1.html"}


def test_what_a_test_printed_is_told_where_points_are_missing(graded: Course, tmp_path: Path) -> None:
    course = graded.copy(tmp_path / "course")
    course.hand_in("eve", {"test_mul": 1.5}, outputs={"test_mul": [stream("half of it: <b>right</b>\n")]})
    course.grade()
    found = page(course, "eve")
    assert "half of it: <b>right</b>" in found.text
    assert "1.5 of 3 points" in found.text


def test_our_command_writes_our_page_where_no_configuration_asks_for_it(graded: Course, tmp_path: Path) -> None:
    course = graded.copy(tmp_path / "course")
    assert not (course.folder / "nbgrader_config.py").exists()
    launch(FeedbackApp, course.folder, "ps1", "--student", "ada")
    html = (course.folder / "feedback" / "ada" / "ps1" / "p1.html").read_text(encoding="utf-8")
    assert "expected 6" in html
    assert HIDDEN_LINE not in html  # nbgrader's own page shows tracebacks through hidden tests
    assert "mul(2, 3) == 2 * 3" not in html
