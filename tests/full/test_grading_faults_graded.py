"""Submissions that are run: what one of them says or meets stops no other, and what is our fault is tried again."""

import os
import shutil
from contextlib import closing
from pathlib import Path

import pytest
from graded_course import Course, Seen, marked_cell
from nbformat.v4 import new_code_cell, new_notebook

from autograder.grading.backend import LocalBackend
from autograder.grading.dispatcher import Dispatcher
from autograder.grading.pipeline import NotAllGraded
from autograder.grading.record import GradeStatus
from autograder.grading.submission import read_submission
from autograder.notebooks.selection import Selection

SOLVED = {"add": "def add(a, b):\n    return a + b", "mul": "def mul(a, b):\n    return a * b"}
NO_TEXT = {
    "add": "def add(a, b):\n    raise ValueError('\\ud800')",
    "mul": "def mul(a, b):\n    print('\\ud800')\n    return a * b",
}
NO_JSON = """
import sys
if "autograder.grading.worker" in sys.orig_argv:
    sys.stdout.write('["this is no answer"]\\n')
    sys.stdout.flush()
"""


@pytest.fixture(scope="module")
def graded(tmp_path_factory: pytest.TempPathFactory) -> tuple[Course, Seen, str]:
    """Ada, bob and eve are run: nothing that eve's functions say is a text, and bob's result can't be stored."""
    course = Course(tmp_path_factory.mktemp("course") / "course")
    shutil.rmtree(course.store.folder)  # the rehearsal, too, is a real one
    course.hand_in("ada", essay="of ada", **SOLVED)
    path = course.hand_in("bob", essay="of bob", **SOLVED)
    course.hand_in("eve", **NO_TEXT)
    settings = course.converter().settings("ps1")
    (work,) = read_submission("bob", "ps1", path.parent, Selection({"p1": path}), settings, ["*"]).works
    work.complete_job(settings["p1"])
    key = work.digest
    in_the_way = course.folder / ".autograder" / "results" / key[:2] / f"{key}.outcome" / "in the way"
    in_the_way.mkdir(parents=True)
    converter = course.converter()
    converter.watcher = seen = Seen()
    with pytest.raises(NotAllGraded) as ended:
        converter.start()
    shutil.rmtree(in_the_way.parent)
    return course, seen, str(ended.value)


def test_a_text_that_no_file_takes_costs_only_the_points_of_its_test(graded: tuple[Course, Seen, str]) -> None:
    course, seen, _ = graded
    assert seen.statuses["eve"].label == "graded"
    assert course.scores("eve") == {"test_add": 0.0, "test_mul": 3.0, "essay": 0.0}
    shown = {
        cell.metadata.nbgrader["grade_id"]: cell.outputs
        for cell in course.autograded("eve").cells
        if cell.cell_type == "code"
    }
    assert shown["test_add"][0].ename == "ValueError"
    assert shown["test_mul"][0].text.strip("?\n") == ""


def test_a_result_that_cant_be_stored_is_that_submissions_fault_and_is_computed_again(
    graded: tuple[Course, Seen, str],
) -> None:
    course, seen, ended = graded
    assert seen.statuses["ada"].label == "graded"
    assert seen.statuses["bob"].label == GradeStatus.FAULT
    assert "storing the result" in seen.statuses["bob"].notebooks["p1"].message
    assert f"bob: {GradeStatus.FAULT}" in ended
    again = course.grade()
    assert again.due == ["bob"]
    assert again.statuses["bob"].label == "graded"
    assert course.scores("bob")["test_mul"] == 3.0


def test_a_workers_answer_that_is_none_is_a_fault_of_its_job_alone(
    graded: tuple[Course, Seen, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    course, _, _ = graded
    (tmp_path / "sitecustomize.py").write_text(NO_JSON)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")]))
    path = course.folder / "submitted" / "ada" / "ps1" / "p1.ipynb"
    job = (
        read_submission("ada", "ps1", path.parent, Selection({"p1": path}), course.converter().settings("ps1"), ["*"])
        .works[0]
        .job
    )
    assert job is not None
    converter = course.converter()
    with closing(LocalBackend(converter.limits, workers=1)) as backend:
        dispatcher = Dispatcher(backend, converter.trainer_settings(), lambda _: None)
        outcomes = [outcome for _, outcome in dispatcher.run([job, job])]
    assert [outcome.status for outcome in outcomes] == ["fault", "fault"]
    assert all("worker's answer" in outcome.message for outcome in outcomes)


SIZE = """
n = size()
assert n < 0 or sum(range(n)) == 3  # nothing interrupts that
assert all(True for _ in range(-n))
"""


@pytest.fixture(scope="module")
def slow(tmp_path_factory: pytest.TempPathFactory) -> tuple[Course, Seen]:
    """What ada and bob return keeps the test busy; another function of ada's is slow by itself."""
    cells = []
    for name, value, test in (("size", 3, SIZE), ("wait", 1, "assert wait() == 1")):
        solution = f"def {name}():\n    ### BEGIN SOLUTION\n    return {value}\n    ### END SOLUTION"
        cells.append(marked_cell(new_code_cell, solution, name, solution=True))
        cells.append(marked_cell(new_code_cell, test, f"test_{name}", grade=True, locked=True, points=1.0))
    made = new_notebook(cells=cells)
    course = Course(tmp_path_factory.mktemp("slow") / "course", made=made, Limits={"cell_seconds": 3.0})
    shutil.rmtree(course.store.folder)
    wait = "import time\n\ndef wait():\n    time.sleep(100)"
    course.hand_in("ada", size="def size():\n    return -(10**12)", wait=wait)
    course.hand_in("bob", size="def size():\n    return 10**12")
    converter = course.converter()
    converter.watcher = seen = Seen()
    with pytest.raises(NotAllGraded):
        converter.start()
    return course, seen


def test_the_time_that_a_test_spends_by_itself_is_not_told_as_the_submitted_codes(slow: tuple[Course, Seen]) -> None:
    course, seen = slow
    assert seen.statuses["ada"].label == "graded"
    said = {
        cell.metadata.nbgrader["grade_id"]: cell.outputs[0].evalue
        for cell in course.autograded("ada").cells
        if cell.metadata.nbgrader["grade"]
    }
    assert course.scores("ada") == {"test_size": 0.0, "test_wait": 0.0}
    assert "The test itself" in said["test_size"]
    assert "The test itself" not in said["test_wait"]


def test_a_test_that_nothing_interrupts_needs_a_person_who_is_told_whose_time_it_was(slow: tuple[Course, Seen]) -> None:
    _, seen = slow
    assert seen.statuses["bob"].label == GradeStatus.NEEDS_PERSON
    assert "test_size" in seen.statuses["bob"].notebooks["p1"].message
    assert "The test itself" in seen.statuses["bob"].notebooks["p1"].message
