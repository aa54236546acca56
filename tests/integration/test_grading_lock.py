"""What writes into a course's gradebook does so alone: another command waits, or says who is at it and stops."""

import subprocess
import sys
from pathlib import Path

import launch
import pytest
from graded_course import Course
from nbgrader.converters.base import NbGraderException

from autograder.cli.generate import GenerateApp
from autograder.cli.restore import RestoreApp
from autograder.grading.backup import Backups
from autograder.grading.lock import BusyError, course_lock

FULL = {"test_add": 2.0, "test_mul": 3.0}
DOING = "`grade` of ps1"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Course:
    course = Course(tmp_path_factory.mktemp("course") / "course")
    for student in ("ada", "bob"):
        course.hand_in(student, FULL, add="def add(a, b):\n    return a + b")
    return course


@pytest.fixture
def course(made: Course, tmp_path: Path) -> Course:
    return made.copy(tmp_path / "course")


def test_a_second_grade_waits_says_so_and_then_grades(course: Course) -> None:
    command = [sys.executable, "-m", "autograder", "grade", "ps1"]
    with course_lock(course.folder, DOING):
        other = subprocess.Popen(command, cwd=course.folder, stdout=subprocess.PIPE, text=True)
        assert other.stdout is not None
        said = other.stdout.readline()
        assert not (course.folder / "autograded").exists()
    with other:
        said += other.stdout.read()
    assert other.returncode == 0, said
    assert DOING in said.splitlines()[0]
    assert "[2/2] bob:  graded" in said
    assert course.scores("ada")["test_mul"] == 3.0


def test_formgraders_button_and_other_commands_do_not_wait_but_say_what_is_running(course: Course) -> None:
    Backups(course.folder, course.coursedir.db_url).make()
    (backup,) = Backups(course.folder, course.coursedir.db_url).paths()
    before = (course.folder / "gradebook.db").read_bytes()
    with course_lock(course.folder, DOING):
        with pytest.raises(NbGraderException, match=DOING):
            course.grade()  # as the button does it
        assert DOING in launch.launch(GenerateApp, course.folder, "ps1", code=1)
        assert DOING in launch.launch(RestoreApp, course.folder, backup.name, code=1)
        assert course.grade(dry_run=True).changes.keys() == {"ada", "bob"}  # writes nothing
    assert (course.folder / "gradebook.db").read_bytes() == before
    course.grade()
    assert course.scores("bob")["test_mul"] == 3.0


def test_a_command_that_was_killed_holds_the_lock_no_longer(tmp_path: Path) -> None:
    program = (
        "import os, sys; from pathlib import Path; from autograder.grading.lock import course_lock\n"
        "with course_lock(Path(sys.argv[1]), 'the killed one'): print(flush=True); sys.stdin.read()"
    )
    command = [sys.executable, "-c", program, str(tmp_path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        assert other.stdout is not None
        other.stdout.readline()
        with pytest.raises(BusyError, match="the killed one"), course_lock(tmp_path, DOING):
            pytest.fail("two hold it")
        other.kill()
    with course_lock(tmp_path, DOING):
        assert DOING in (tmp_path / ".autograder" / "lock.holder").read_text()
