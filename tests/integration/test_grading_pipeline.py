"""From submissions and their results into nbgrader's gradebook, through nbgrader's own conversion."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from io import StringIO
from pathlib import Path
from typing import Any

import nbformat
import pytest
from graded_course import ERROR, POINTS, Course, notebook, shown, stream
from nbformat import NotebookNode
from nbformat.v4 import new_markdown_cell
from nbgrader.api import MissingEntry
from nbgrader.apps import api, autogradeapp, generateassignmentapp
from nbgrader.apps.api import NbGraderAPI
from nbgrader.converters.base import NbGraderException
from nbgrader.preprocessors import Execute
from nbgrader.utils import determine_grade
from traitlets.config import Config
from traitlets.config.loader import DeferredConfigString

from autograder import configure
from autograder.cli.console import Console
from autograder.cli.progress import LiveTable
from autograder.grading.job import Event, Status
from autograder.grading.pipeline import Autograde, NotAllGraded
from autograder.grading.preprocessors import Examine, graded_outputs
from autograder.grading.record import GradeStatus, NotebookStatus, SubmissionStatus
from autograder.grading.submission import Submission

ADD, MUL = "def add(a, b):\n    return a + b", "def mul(a, b):\n    return a * b"
SOLVED = {"add": ADD, "mul": MUL, "essay": "Sums come before products."}
FULL = {"test_add": 2.0, "test_mul": 3.0}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Course:
    return Course(tmp_path_factory.mktemp("course") / "course")


@pytest.fixture
def course(made: Course, tmp_path: Path) -> Course:
    return made.copy(tmp_path / "course")


def test_the_gradebook_has_the_scores_of_the_examination(course: Course) -> None:
    course.hand_in("ada", {"test_add": 2.0, "test_mul": 0.0}, **SOLVED)
    assert course.grade().statuses["ada"].label == "graded"
    assert course.scores("ada") == {"test_add": 2.0, "test_mul": 0.0, "essay": None}


def test_the_autograded_notebook_shows_the_outputs_and_the_hidden_tests(course: Course) -> None:
    course.hand_in("ada", FULL, outputs={"test_add": [stream("checked\n")]}, **SOLVED)
    course.grade()
    test = next(
        c for c in course.autograded("ada").cells if c.metadata.get("nbgrader", {}).get("grade_id") == "test_add"
    )
    assert test.outputs[0].text == "checked\n"
    assert "HIDDEN TESTS" in test.source


def test_the_submitted_file_stays_as_it_was(course: Course) -> None:
    path = course.hand_in("ada", FULL, **SOLVED)
    before = path.read_bytes()
    course.grade()
    assert path.read_bytes() == before


def test_a_chosen_notebook_is_graded_again_and_the_others_stay_as_they_are(tmp_path: Path) -> None:
    course = Course(tmp_path / "course", names=("p1", "p2"))
    for name in ("p1", "p2"):
        course.hand_in("ada", {"test_add": 2.0, "test_mul": 0.0}, name=name, add=ADD)
    course.hand_in("bob", FULL, name="p2", **SOLVED)
    autograded = course.folder / "autograded" / "ada" / "ps1"
    assert course.grade(notebook_id="p1").due == ["ada"]  # what bob has is another one, and no failure
    assert sorted(path.name for path in autograded.glob("*.ipynb")) == ["p1.ipynb"]
    assert course.grade(changed_too=False).due == ["ada", "bob"]  # p2 is not graded yet
    with course.gradebook() as gradebook:
        gradebook.find_grade("test_mul", "p2", "ps1", "ada").manual_score = 1.5
        gradebook.db.commit()
    before = (autograded / "p2.ipynb").read_bytes()
    for name in ("p1", "p2"):
        course.hand_in("ada", FULL, name=name, **SOLVED)
    course.grade(notebook_id="p1", force=True, changed_too=False)
    assert course.scores("ada", "p1") == {**FULL, "essay": None}
    assert course.scores("ada", "p2")["test_mul"] == 0.0
    assert (autograded / "p2.ipynb").read_bytes() == before
    (autograded / "p1.ipynb").unlink()
    assert course.grade(changed_too=False).due == []  # nbgrader looks at the folder alone
    assert course.grade(changed_too=False, notebook_id="p1").due == ["ada"]
    assert course.grade().due == ["ada"]  # p2 is another one by now
    with course.gradebook() as gradebook:
        assert gradebook.find_grade("test_mul", "p2", "ps1", "ada").manual_score == 1.5


def test_files_that_a_notebook_wrote_are_beside_it_and_nothing_that_counts_is_replaced(course: Course) -> None:
    (course.folder / "source" / "ps1" / "data.csv").write_text("the instructor's")
    folder = course.folder / "submitted" / "ada" / "ps1"
    folder.mkdir(parents=True)
    (folder / "mine.csv").write_text("as handed in")
    (folder / "sub").write_text("no folder")
    course.rehearsed(POINTS)
    theirs = ("data.csv", "timestamp.txt", "Submission_Secret.txt", "p1.ipynb", "p1.record.json", "sub/x", "a.pyc")
    written = {"plots/a.png": b"\x89PNG", "mine.csv": b"as written", **dict.fromkeys(theirs, b"forged")}
    course.hand_in("ada", FULL, written=written, **SOLVED)
    for _ in range(2):  # the second time from the store, over what is there
        assert course.grade(force=True).statuses["ada"].label == "graded"
        autograded = course.folder / "autograded" / "ada" / "ps1"
        found = {path.relative_to(autograded).as_posix() for path in autograded.rglob("*") if path.is_file()}
        assert found == {"plots/a.png", "mine.csv", "data.csv", "sub", "p1.ipynb", "p1.record.json"}
        assert (autograded / "plots" / "a.png").read_bytes() == b"\x89PNG"
        assert (autograded / "mine.csv").read_text() == "as written"
        assert (autograded / "data.csv").read_text() == "the instructor's"
        assert (autograded / "sub").read_text() == "no folder"
        assert b"forged" not in (autograded / "p1.ipynb").read_bytes() + (autograded / "p1.record.json").read_bytes()
    assert (folder / "mine.csv").read_text() == "as handed in"
    course.hand_in("ada", FULL, **{**SOLVED, "add": "def add(a, b):\n    return b + a"})
    course.grade()
    assert not (autograded / "plots" / "a.png").exists()
    assert (autograded / "mine.csv").read_text() == "as handed in"


OUTPUTS: dict[str, list[dict[str, Any]]] = {
    "nothing": [],
    "stderr": [stream("a warning\n", "stderr")],
    "error": ERROR,
    "number": [shown("0.5")],
    "numpy scalar": [shown("np.float64(0.5)")],
    "NaN": [shown("nan")],
    "too much": [shown("7.0")],
    "text": [shown("'done'")],
    "number and stderr": [stream("a warning\n", "stderr"), shown("1.0")],
    "two numbers": [shown("1.0"), shown("0.25")],
    "number, then error": [shown("2.0"), *ERROR],
}


@pytest.mark.parametrize("score", [0.0, 0.1, 1.0, 2.0])
@pytest.mark.parametrize("name", OUTPUTS)
def test_nbgrader_reads_the_examinations_score_off_any_output(name: str, score: float) -> None:
    given = [nbformat.from_dict(output) for output in OUTPUTS[name]]
    outputs = graded_outputs(given, score, "", points=2.0)
    cell = nbformat.v4.new_code_cell(metadata={"nbgrader": {"grade": True, "solution": False, "points": 2.0}})
    cell.outputs = outputs
    assert determine_grade(cell)[0] == score
    nbformat.v4.nbbase.validate(cell, "code_cell")
    for output in given:
        if output.output_type == "stream":
            assert output.text in [shown.get("text") for shown in outputs]


def test_a_cell_without_score_waits_for_a_person_and_says_why(course: Course) -> None:
    reasons = {"test_add": "the test asks for what can't cross"}
    course.hand_in("ada", {"test_add": None, "test_mul": 3.0}, reasons=reasons, **SOLVED)
    course.grade()
    with course.gradebook() as gradebook:
        grade = gradebook.find_grade("test_add", "p1", "ps1", "ada")
        assert grade.auto_score is None
        assert grade.needs_manual_grade
    assert "Not graded: the test asks for what can't cross" in json.dumps(course.autograded("ada"))


@pytest.mark.parametrize("place", ["before", "after", "after an empty one"])
def test_an_answer_written_beside_its_cell_waits_for_a_person(course: Course, place: str) -> None:
    path = course.hand_in("ada", add=ADD, mul=MUL)
    node = nbformat.read(path, as_version=4)
    (at,) = [n for n, cell in enumerate(node.cells) if cell.metadata.get("nbgrader", {}).get("grade_id") == "essay"]
    own = [new_markdown_cell(""), new_markdown_cell("Mine.")] if "empty" in place else [new_markdown_cell("Mine.")]
    node.cells[at + (place != "before") : at + (place != "before")] = own
    nbformat.write(node, path)
    course.know(path, FULL, {}, {})
    course.hand_in("bob", FULL, add=ADD, mul=MUL)
    course.grade()
    with course.gradebook() as gradebook:
        found = {name: gradebook.find_grade("essay", "p1", "ps1", name) for name in ("ada", "bob")}
        assert (found["ada"].auto_score, found["ada"].needs_manual_grade) == (None, True)
        assert (found["bob"].auto_score, found["bob"].needs_manual_grade) == (0, False)


def test_a_damaged_notebook_is_graded_after_mending(course: Course) -> None:
    path = course.hand_in("ada", **SOLVED)
    node = nbformat.read(path, as_version=4)
    node.cells = [c for c in node.cells if c.metadata.get("nbgrader", {}).get("grade_id") != "test_mul"]
    nbformat.write(node, path)
    course.know(path, FULL, {}, {})
    status = course.grade().statuses["ada"]
    assert status.label == "graded after fixes"
    assert "test_mul" in {mend.cell for mend in status.notebooks["p1"].mends}
    assert course.scores("ada")["test_mul"] == 3.0
    told = course.autograded("ada").cells[0]
    assert told.source.startswith("**Fixed before grading**")
    assert "**test_mul**: This cell was missing from your notebook" in told.source


def test_an_unreadable_notebook_gets_no_grade_and_stops_nobody(course: Course) -> None:
    course.hand_in("ada").write_text("{ this is no notebook")
    course.hand_in("bob", FULL, **SOLVED)
    with pytest.raises(NotAllGraded, match="ada: needs review"):
        course.grade()
    assert course.scores("bob")["test_mul"] == 3.0
    with course.gradebook() as gradebook, pytest.raises(MissingEntry):
        gradebook.find_submission("ps1", "ada")


def test_the_older_grade_stays_when_a_newer_submission_is_unreadable(course: Course) -> None:
    path = course.hand_in("ada", FULL, **SOLVED)
    course.grade()
    path.write_text("[]")
    with pytest.raises(NotAllGraded):
        course.grade(force=True)
    assert course.scores("ada") == {"test_add": 2.0, "test_mul": 3.0, "essay": None}
    assert course.autograded("ada")
    status = course.statuses.get("ps1", "ada")
    assert status is not None
    assert status.label == "needs review"


def test_a_notebook_that_is_a_link_to_the_solution_is_not_followed(course: Course) -> None:
    path = course.hand_in("mallory")
    path.unlink()
    path.symlink_to(course.folder / "source" / "ps1" / "p1.ipynb")
    with pytest.raises(NotAllGraded, match="mallory: needs review"):
        course.grade()


def test_a_pipe_in_the_place_of_a_notebook_does_not_hang(course: Course) -> None:
    path = course.hand_in("mallory")
    path.unlink()
    os.mkfifo(path)
    with pytest.raises(NotAllGraded, match="mallory: needs review"):
        course.grade()


def test_a_link_among_a_students_files_is_not_copied(course: Course) -> None:
    path = course.hand_in("mallory", **SOLVED)
    (path.parent / "data.csv").symlink_to(course.folder / "gradebook.db")
    course.know(path, FULL, {}, {})
    course.grade()
    assert not (course.folder / "autograded" / "mallory" / "ps1" / "data.csv").exists()


def test_a_record_that_a_student_hands_in_is_not_taken_for_ours(course: Course) -> None:
    path = course.hand_in("mallory", **SOLVED)
    (path.parent / "p2.record.json").write_text("{}")
    course.know(path, {"test_add": 0.0, "test_mul": 0.0}, {}, {})
    course.grade()
    folder = course.folder / "autograded" / "mallory" / "ps1"
    assert not (folder / "p2.record.json").exists()
    assert json.loads((folder / "p1.record.json").read_text())["scores"]["test_add"] == 0.0


def test_the_record_has_what_went_in_and_no_path_of_this_machine(course: Course) -> None:
    path = course.hand_in("ada", **SOLVED)
    (path.parent / "helper.py").write_text("x = 1")
    course.know(path, FULL, {}, {})
    course.grade()
    text = (course.folder / "autograded" / "ada" / "ps1" / "p1.record.json").read_text()
    record = json.loads(text)
    assert record["status"] == "graded"
    assert record["scores"] == FULL
    assert record["sandboxed"] is True
    assert record["went_in"]["student's files"].keys() == {"helper.py"}
    assert record["went_in"]["limits"]["cell_seconds"] == 60
    assert record["environment"]["versions"]["nbgrader"]
    assert str(course.folder) not in text


def test_what_is_graded_is_not_graded_again(course: Course) -> None:
    course.hand_in("ada", FULL, **SOLVED)
    course.grade()
    assert course.grade().unchanged == ["ada"]


def test_a_changed_submission_is_graded_again_without_force(course: Course) -> None:
    course.hand_in("ada", {"test_add": 0.0, "test_mul": 3.0}, mul=MUL)
    course.grade()
    course.hand_in("ada", FULL, **SOLVED)
    assert course.grade().due == ["ada"]
    assert course.scores("ada")["test_add"] == 2.0


def test_nbgraders_own_command_skips_what_is_not_newer(course: Course) -> None:
    course.hand_in("ada", {"test_add": 0.0, "test_mul": 3.0}, mul=MUL)
    course.grade()
    path = course.hand_in("ada", FULL, **SOLVED)
    assert course.grade(changed_too=False).unchanged == ["ada"]
    (path.parent / "timestamp.txt").write_text("2030-01-01 00:00:00 UTC")
    shutil.copy(path.parent / "timestamp.txt", course.folder / "autograded" / "ada" / "ps1")
    (path.parent / "timestamp.txt").write_text("2030-01-02 00:00:00 UTC")
    course.know(path, FULL, {}, {})
    assert course.grade(changed_too=False).due == ["ada"]


def test_a_gradebook_that_lost_the_grades_is_filled_again(course: Course) -> None:
    course.hand_in("ada", FULL, **SOLVED)
    empty = (course.folder / "gradebook.db").read_bytes()
    course.grade()
    (course.folder / "gradebook.db").write_bytes(empty)
    assert course.grade().due == ["ada"]
    assert course.scores("ada")["test_mul"] == 3.0


def test_a_grading_that_was_killed_while_writing_is_undone_and_done_again(course: Course) -> None:
    course.hand_in("ada", {"test_add": 0.0, "test_mul": 3.0}, mul=MUL)
    course.grade()
    course.score_by_hand("ada", "essay", manual_score=4.0)
    converter = course.converter()
    converter.previous("ps1", "ada").keep(converter.marks("ps1", "ada"))  # as far as the killed one came
    (course.folder / "autograded" / "ada" / "ps1" / "p1.ipynb").unlink()
    course.score_by_hand("ada", "test_mul", auto_score=0.0)
    assert course.grade().due == ["ada"]
    assert course.scores("ada")["test_mul"] == 3.0
    with course.gradebook() as gradebook:
        assert not gradebook.find_grade("essay", "p1", "ps1", "ada").needs_manual_grade


@pytest.mark.parametrize(
    "damaged", [b'[{"notebook": "p1", "cell": ', b"\x00\xff\xfe", b"", b'[{"notebook": "p1"}]', None]
)
def test_what_was_before_a_killed_grading_is_damaged(course: Course, damaged: bytes | None) -> None:
    course.hand_in("ada", {"test_add": 0.0, "test_mul": 3.0}, mul=MUL)
    course.grade()
    course.score_by_hand("ada", "essay", manual_score=4.0)
    converter = course.converter()
    previous = converter.previous("ps1", "ada")
    previous.keep(converter.marks("ps1", "ada"))
    marks = previous.folder / "marks.json"
    if damaged is None:
        marks.unlink()
    else:
        marks.write_bytes(damaged)
    (course.folder / "autograded" / "ada" / "ps1" / "p1.ipynb").unlink()
    course.hand_in("bob", FULL, **SOLVED)
    seen = course.grade()  # nobody stops it
    assert {student: status.label for student, status in seen.statuses.items()} == {
        "ada": GradeStatus.GRADED,
        "bob": GradeStatus.GRADED,
    }
    assert course.scores("ada")["test_mul"] == 3.0
    with course.gradebook() as gradebook:
        assert gradebook.find_grade("essay", "p1", "ps1", "ada").manual_score == 4.0
    (aside,) = (course.folder / ".autograder" / "damaged").iterdir()
    assert (aside / "autograded" / "p1.ipynb").is_file()
    assert not (aside / "marks.json").exists() if damaged is None else (aside / "marks.json").read_bytes() == damaged
    (item,) = seen.statuses["ada"].review
    remark = item.text
    assert "marks.json: " in remark
    assert "autograder restore" in remark
    assert str(aside) in remark
    assert course.grade().due == []


def test_two_equal_submissions_share_a_result(course: Course) -> None:
    """Whenever they were handed in."""
    course.hand_in("ada", FULL, **SOLVED)
    course.hand_in("bob", **SOLVED).with_name("timestamp.txt").write_text("2026-03-01 12:00:00 UTC")
    assert sorted(course.grade().statuses) == ["ada", "bob"]
    assert course.scores("bob") == course.scores("ada") == {**FULL, "essay": None}


def test_nbgraders_options_choose_the_students(course: Course) -> None:
    for student in ("ada", "bob", "eve"):
        course.hand_in(student, FULL, **SOLVED)
    assert course.grade(student_id="bob").due == ["bob"]
    assert course.grade(student_id_exclude="eve").due == ["ada"]


def test_a_missing_notebook_gets_zero_as_nbgrader_gives_it(tmp_path: Path) -> None:
    course = Course(tmp_path / "course", names=("p1", "p2"))
    course.hand_in("ada", FULL, **SOLVED)
    course.grade()
    assert course.scores("ada", "p2") == {"test_add": 0.0, "test_mul": 0.0, "essay": 0.0}


def test_one_unreadable_notebook_of_two_leaves_the_other_its_grade(tmp_path: Path) -> None:
    course = Course(tmp_path / "course", names=("p1", "p2"))
    course.hand_in("ada", FULL, **SOLVED)
    course.hand_in("ada", name="p2").write_text("")
    with pytest.raises(NotAllGraded):
        course.grade()
    assert course.scores("ada") == {**FULL, "essay": None}
    assert course.scores("ada", "p2") == {"test_add": None, "test_mul": None, "essay": None}


def test_a_folder_whose_name_is_no_text_is_set_aside_and_the_others_are_graded(course: Course) -> None:
    course.hand_in("ada", FULL, **SOLVED)
    odd = os.fsencode(course.folder / "submitted") + b"/b\xff/ps1"
    os.makedirs(odd)
    shutil.copy(course.hand_in("eve"), odd + b"/p1.ipynb")
    with pytest.raises(NotAllGraded, match=r"rename it"):
        course.grade()
    assert course.scores("ada") == {**FULL, "essay": None}
    assert os.path.isfile(odd + b"/p1.ipynb")


@pytest.mark.parametrize("text", [b"yesterday", b"\xff", b"9" * 400])
def test_a_timestamp_that_is_none_is_told_and_the_others_are_graded(course: Course, text: bytes) -> None:
    course.hand_in("ada", FULL, **SOLVED)
    stamp = course.hand_in("eve", FULL, **SOLVED).with_name("timestamp.txt")
    for _ in range(2):
        stamp.write_bytes(text)
        with pytest.raises(
            NotAllGraded, match=r"eve: needs review: timestamp\.txt says '.*', which is not a time: correct it"
        ):
            course.grade(changed_too=False)
        assert course.scores("ada") == {**FULL, "essay": None}
        stamp.unlink()
        course.grade()


def test_source_and_gradebook_that_disagree_stop_the_grading(course: Course) -> None:
    course.hand_in("ada", FULL, **SOLVED)
    node = notebook()
    node.cells[2].source = "assert True"
    nbformat.write(node, course.folder / "source" / "ps1" / "p1.ipynb")
    with pytest.raises(NbGraderException, match="source/ and the gradebook disagree"):
        course.grade()


class Shout(Examine):
    """An instructor's own step that breaks."""

    def preprocess(self, nb: NotebookNode, resources: dict[str, Any]) -> Any:
        raise RuntimeError("broken")


def test_a_step_that_breaks_while_writing_is_our_fault_and_changes_nothing(course: Course) -> None:
    course.hand_in("ada", FULL, **SOLVED)
    course.grade()
    course.hand_in("ada", {"test_add": 0.0, "test_mul": 0.0})
    converter = course.converter()
    converter.autograde_preprocessors = [*converter.autograde_preprocessors, Shout]
    converter.changed_too = True
    with pytest.raises(NotAllGraded, match="ada: not graded: grader error"):
        converter.start()
    assert course.scores("ada") == {**FULL, "essay": None}
    assert ADD in json.dumps(course.autograded("ada"), ensure_ascii=False).replace("\\n", "\n")


def test_no_execute_is_refused(course: Course) -> None:
    course.config.Execute.enabled = False
    with pytest.raises(NbGraderException, match="--no-execute"):
        course.grade()


def test_the_time_limit_that_a_course_sets_for_nbgrader_is_ours_too(course: Course) -> None:
    course.config.Execute.timeout = 77
    assert course.converter().limits.cell_seconds == 77
    course.config.Execute.timeout = DeferredConfigString("2")  # as of the command line: --Execute.timeout=2
    assert course.converter().limits.cell_seconds == 2
    course.config.Limits.cell_seconds = 5
    assert course.converter().limits.cell_seconds == 5


def test_a_file_that_is_handed_in_no_more_is_no_more_in_the_autograded_folder(course: Course) -> None:
    path = course.hand_in("ada", FULL, **SOLVED)
    data = path.parent / "data" / "x.csv"
    data.parent.mkdir()
    data.write_text("1")
    course.know(path, FULL, {}, {})
    course.grade()
    copy = course.folder / "autograded" / "ada" / "ps1" / "data" / "x.csv"
    assert copy.read_text() == "1"
    data.unlink()
    course.know(path, FULL, {}, {})
    course.grade(force=True)
    assert not copy.exists()
    assert course.autograded("ada").cells


@pytest.fixture
def _nbgraders_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """What `configure` changes in nbgrader is put back."""
    for module, name in (
        (autogradeapp, "Autograde"),
        (api, "Autograde"),
        (generateassignmentapp, "GenerateAssignment"),
        (api, "GenerateAssignment"),
    ):
        monkeypatch.setattr(module, name, getattr(module, name))


@pytest.mark.usefixtures("_nbgraders_own")
def test_configure_gives_formgraders_button_our_engine(course: Course) -> None:
    course.hand_in("ada", FULL, **SOLVED)
    config = Config(course.config)
    configure(config)
    assert Examine in config.Autograde.autograde_preprocessors
    assert Execute not in config.Autograde.autograde_preprocessors
    done = NbGraderAPI(course.coursedir, config=config).autograde("ps1", "ada")
    assert done["success"], done
    assert course.scores("ada") == {**FULL, "essay": None}


def test_nbgrader_autograde_uses_our_engine_by_one_line_of_configuration(course: Course) -> None:
    course.hand_in("ada", FULL, **SOLVED)
    (course.folder / "nbgrader_config.py").write_text("from autograder import configure\nconfigure(get_config())\n")
    command = [sys.executable, "-m", "nbgrader", "autograde", "ps1"]
    done = subprocess.run(command, cwd=course.folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert course.scores("ada") == {**FULL, "essay": None}
    assert (course.folder / "autograded" / "ada" / "ps1" / "p1.record.json").is_file()


def test_examine_in_nbgraders_own_class_stops_and_says_what_is_missing(course: Course) -> None:
    with pytest.raises(TypeError, match=r"must call `autograder\.grading\.pipeline\.configure\(c\)`"):
        Examine().preprocess(notebook(), {})
    assert issubclass(Autograde, autogradeapp.Autograde)


def test_ctrl_c_stops_at_once_keeps_what_is_done_and_says_how_to_go_on(course: Course) -> None:
    course.hand_in("ada", FULL, **SOLVED)
    course.hand_in("slow", add="import time\ntime.sleep(50)")
    program = "import sys; from autograder.cli.grade import GradeApp; GradeApp.launch_instance(sys.argv[1:])"
    with subprocess.Popen(
        [sys.executable, "-u", "-c", program, "ps1"],
        cwd=course.folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert re.search(r"1/2\] ada: +graded", next(line for line in process.stdout if "[1/2]" in line))
        time.sleep(1)
        process.send_signal(signal.SIGINT)
        stopped = time.monotonic()
        rest = process.stdout.read()
    assert time.monotonic() - stopped < 10
    assert process.returncode == 1
    assert rest.splitlines()[-1] == "Next: autograder grade ps1   # continues where it stopped"
    assert course.scores("ada") == {**FULL, "essay": None}


def test_the_live_table_shows_where_each_is_and_fits_the_terminal(course: Course) -> None:
    screen = StringIO()
    console = Console(file=screen, force_terminal=True, width=80, height=12)
    submissions = [Submission(f"s{number}", "ps1", course.folder, []) for number in range(40)]
    with LiveTable(console) as table:
        table.planned(submissions, [])
        table.event(Event("s39", "p1", "test_add", 3, 6))
        table.finished(submissions[7], SubmissionStatus("s7", "ps1", "", {"p1": NotebookStatus(Status.GRADED)}))
        console.print(table.fitting())
        shown = screen.getvalue().split("40 to grade")[1]
    assert "p1: test_add 3/6" in shown
    assert "s7 " in shown
    assert "1 of 40 done" in shown
    assert "s38" not in shown


BRACKETS = ("a[1]", "[b]", "Дарья [3]", "c*", "d?")


def test_names_that_are_patterns_too_are_names(made: Course, tmp_path: Path) -> None:
    course = made.copy(tmp_path / "course [2026] *")
    for student in (*BRACKETS, "a1", "cc"):
        course.hand_in(student, FULL, **SOLVED)
    assert {status.label for status in course.grade().statuses.values()} == {GradeStatus.GRADED}
    assert all(course.scores(student)["test_mul"] == 3.0 for student in (*BRACKETS, "a1", "cc"))
    for student in BRACKETS:
        course.hand_in(student, {"test_add": 2.0, "test_mul": 0.0}, add=ADD)
        graded = course.grade(student_id=student, force=True)
        assert list(graded.statuses) == [student]  # the one that is called so, not those that match
        assert course.scores(student)["test_mul"] == 0.0
    assert course.scores("cc")["test_mul"] == 3.0
    assert list(course.grade(student_id="[ac][c1]", force=True).statuses) == ["a1", "cc"]  # else it is a pattern


@pytest.mark.parametrize(
    ("stamp", "late"),
    [
        ("2026-03-01 23:30:00.000000 MSK", 0),
        ("2026-03-01 23:30:00.000000 +0300", 0),
        ("2026-03-02 00:30:00.000000 MSK", 1800),
        ("2026-03-01 21:30:00.000000 UTC", 1800),
    ],
)
def test_a_deadline_is_met_or_missed_in_the_zone_of_the_timestamp(course: Course, stamp: str, late: int) -> None:
    course.config.Exchange.timezone = "Europe/Moscow"
    course.hand_in("ada", FULL, **SOLVED).with_name("timestamp.txt").write_text(stamp)
    with course.gradebook() as gradebook:
        gradebook.update_or_create_assignment("ps1", duedate="2026-03-02 00:00:00 Europe/Moscow")
    course.grade()
    with course.gradebook() as gradebook:
        assert gradebook.find_submission("ps1", "ada").total_seconds_late == late


def test_an_abbreviation_of_a_zone_that_nothing_explains_is_set_aside(course: Course) -> None:
    course.hand_in("ada", FULL, **SOLVED).with_name("timestamp.txt").write_text("2026-03-01 23:30:00 MSK")
    with pytest.raises(NotAllGraded, match=r"the time zone 'MSK' is not known; c.Exchange.timezone"):
        course.grade()


LATE = "2026-03-02 00:30:00 UTC"


@pytest.fixture
def late(course: Course) -> Course:
    """Ada handed in half an hour late, Bob in time; both are graded."""
    course.config.LateSubmissionPlugin.penalty_method = "zero"
    course.hand_in("ada", FULL, **SOLVED).with_name("timestamp.txt").write_text(LATE)
    course.hand_in("bob", FULL, **SOLVED).with_name("timestamp.txt").write_text("2026-03-01 12:00:00 UTC")
    due(course, "2026-03-02 00:00:00 UTC")
    course.grade()
    assert (points(course, "ada"), points(course, "bob")) == (0, 5)
    assert course.grade().due == []
    return course


def due(course: Course, date: str) -> None:
    with course.gradebook() as gradebook:
        gradebook.update_or_create_assignment("ps1", duedate=date)


def points(course: Course, student: str) -> float:
    with course.gradebook() as gradebook:
        found = gradebook.find_submission("ps1", student)
        return float(found.score - found.late_submission_penalty)


def test_a_deadline_that_is_moved_after_grading_changes_the_penalty(late: Course) -> None:
    due(late, "2026-03-02 01:00:00 UTC")
    dry = late.grade(dry_run=True)
    assert dry.due == ["ada"]
    assert dry.changes["ada"] == (0, 5)
    assert points(late, "ada") == 0
    assert late.grade().due == ["ada"]
    assert (points(late, "ada"), points(late, "bob")) == (5, 5)
    due(late, "2026-03-01 10:00:00 UTC")
    assert late.grade(dry_run=True).changes == {"ada": (5, 0), "bob": (5, 0)}
    late.grade()
    assert (points(late, "ada"), points(late, "bob")) == (0, 0)
    assert late.grade().due == []


def test_an_extension_or_another_rule_changes_the_penalty(late: Course) -> None:
    with late.gradebook() as gradebook:
        gradebook.grant_extension("ps1", "ada", hours=1)
    assert late.grade().due == ["ada"]
    assert points(late, "ada") == 5
    with late.gradebook() as gradebook:
        gradebook.grant_extension("ps1", "ada")
    assert late.grade().due == ["ada"]
    assert points(late, "ada") == 0
    late.config.LateSubmissionPlugin.penalty_method = "none"
    assert late.grade().due == ["ada"]
    assert points(late, "ada") == 5
