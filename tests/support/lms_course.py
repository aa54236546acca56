"""A course of 60 students with a gradebook that is filled directly, and its LMS."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from graded_course import POINTS, Course
from launch import Done, run
from lms_servers import COURSE, SERVERS, LmsServer, Person
from nbgrader.api import Gradebook
from shared import copy_of

from autograder.cli.collect import CollectApp
from autograder.cli.grade import GradeApp
from autograder.cli.push import PushApp
from autograder.cli.roster import RosterApp
from autograder.lms.remote.settings import TOKEN_VARIABLE

TOKEN = "5ecre7t0ken5ecre7t0ken"
STUDENTS = [f"s{number:02}" for number in range(1, 61)]
TWINS, STRANGER, WAITING = ("s58", "s59"), "s60", "s57"  # of one name; without an account; for points by hand


SOLVED = "solved.ipynb"  # in the course folder: a notebook of which grading is known to give all points of the tests


def _make(folder: Path) -> None:
    course = Course(folder)
    solved = course.hand_in(
        "s01", POINTS, add="def add(a, b):\n    return a + b", mul="def mul(a, b):\n    return a * b"
    )
    solved.rename(folder / SOLVED)
    shutil.rmtree(folder / "submitted")
    with course.gradebook() as gradebook:
        for number, student in enumerate(STUDENTS, 1):
            name = ("Tim", "Twin") if student in TWINS else ("Студент", f"№{number}")
            ids = {"lms_user_id": str(4000 + number)} if number <= 30 else {"email": f"{student}@uni.example"}
            gradebook.add_student(student, first_name=name[0], last_name=name[1], **ids)
            submission = gradebook.add_submission("ps1", student)
            for grade in submission.notebooks[0].grades:
                grade.auto_score = {"test_add": 2.0, "test_mul": float(number % 4)}.get(grade.name)
                grade.manual_score = number % 5 if grade.name == "essay" else None
                grade.needs_manual_grade = grade.name == "essay" and student == WAITING
        gradebook.db.commit()


class LmsCourse:
    """The course, and the server on which it is."""

    def __init__(self, folder: Path, platform: str, server: LmsServer) -> None:
        self.folder, self.platform, self.server = folder, platform, server
        self.printed: list[str] = []  # by all commands
        self.settings()

    @property
    def solved(self) -> bytes:
        """A notebook with all points of the tests."""
        return (self.folder / SOLVED).read_bytes()

    def settings(self, *others: str, **more: object) -> None:
        """Write nbgrader_config.py: the LMS's settings, and lines with others."""
        given = {"platform": self.platform, "url": self.server.url, "course": str(COURSE), **more}
        lines = [f"c.Lms.{name} = {value!r}" for name, value in given.items()]
        (self.folder / "nbgrader_config.py").write_text(
            "\n".join(["c = get_config()", *lines, *others, ""]), encoding="utf-8"
        )

    def push(self, *arguments: str, code: int = 0) -> str:
        return self._run(PushApp, "ps1", *arguments, code=code)

    def collect(self, *arguments: str, code: int = 0) -> str:
        return self._run(CollectApp, "ps1", "--from", self.platform, *arguments, code=code)

    def grade(self, *, code: int = 0) -> str:
        return self._run(GradeApp, "ps1", code=code)

    def roster(self, *arguments: str, code: int = 0) -> str:
        return self._run(RosterApp, *arguments, code=code)

    def _run(self, app: type, *arguments: str, code: int) -> str:
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv(TOKEN_VARIABLE, self.server.token)
            done: Done = run(app, self.folder, *arguments)
        said = done.stdout + done.stderr
        self.printed.append(said)
        assert done.returncode == code, said
        return said

    def give(self, student: str, cell: str, **fields: object) -> None:
        """Change what the gradebook has of a student's cell."""
        with Gradebook(f"sqlite:///{self.folder / 'gradebook.db'}") as gradebook:
            grade = gradebook.find_grade(cell, "p1", "ps1", student)
            for name, value in fields.items():
                setattr(grade, name, value)
            gradebook.db.commit()

    def person(self, student: str) -> Person:
        """The student there."""
        return self.server.people[4000 + int(student[1:])]

    def files(self) -> Iterator[tuple[Path, bytes]]:
        """Everything that is in the course folder."""
        for path in sorted(self.folder.rglob("*")):
            if path.is_file():
                yield path, path.read_bytes()


@contextmanager
def lms_course(folder: Path, platform: str) -> Iterator[LmsCourse]:
    """The course, as a copy in `folder`, and its server, on which everybody but STRANGER has an account."""
    copy_of("a course of 60", _make, folder)
    server = SERVERS[platform](TOKEN, points=9)
    for number, student in enumerate(STUDENTS, 1):
        if student != STRANGER:
            name = "Tim Twin" if student in TWINS else f"Студент №{number}"
            server.add(Person(4000 + number, name, login=f"login{number}", email=f"{student}@uni.example"))
    with server.running():
        yield LmsCourse(folder, platform, server)
