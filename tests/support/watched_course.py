"""A course with two small exercises, and a watcher of it in this process."""

import contextlib
import re
import time
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import nbformat
from graded_course import marked_cell
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook
from nbgrader.api import Gradebook
from nbgrader.auth import Authenticator
from nbgrader.coursedir import CourseDirectory
from nbgrader.exchange.default import ExchangeReleaseAssignment, ExchangeSubmit
from shared import copy_of
from submission_courses import generate
from traitlets.config import Config

from autograder.cli.watch import WatchApp
from autograder.grading.pipeline import ProgressListener
from autograder.watch.attempts import Attempt
from autograder.watch.watcher import Watcher

HIDDEN = 7919  # the number that the hidden tests ask for
DOUBLE, SHIFT = "def double(n):\n    return 2 * n", "def shift(n):\n    return n + 1"
_QUICK = (
    "c.Watch.settle_seconds = 0.2\nc.Watch.release_seconds = 1\nc.Watch.wait_seconds = 0\nc.Watch.scan_seconds = 0.2"
)


def build(folder: Path, hidden: int = HIDDEN, settings: str = "") -> Path:
    """The course in `folder`, rehearsed; `hidden` is the number that its hidden tests ask for."""
    copy_of(f"watched {hidden}", lambda place: _build(place, hidden), folder)
    with (folder / "nbgrader_config.py").open("a") as file:
        file.write(f"{settings}\n")
    return folder


def _build(folder: Path, hidden: int) -> None:
    cells = [new_markdown_cell("# Numbers")]
    for name, answer, right in (("double", "2 * n", 2 * hidden), ("shift", "n + 1", hidden + 1)):
        cells.append(new_markdown_cell(f"## Exercise: {name}"))
        solution = f"def {name}(n):\n    ### BEGIN SOLUTION\n    return {answer}\n    ### END SOLUTION"
        cells.append(marked_cell(new_code_cell, solution, name, solution=True))
        visible = f"assert {name}(2) == {4 if name == 'double' else 3}, '{name}(2) is wrong'"
        secret = f"assert {name}({hidden}) == {right}, 'hidden: {name}({hidden})'"
        test = f"{visible}\n### BEGIN HIDDEN TESTS\n{secret}\n### END HIDDEN TESTS"
        cells.append(marked_cell(new_code_cell, test, f"test_{name}", grade=True, locked=True, points=2.0))
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    source = folder / "source" / "ps1"
    source.mkdir(parents=True)
    nbformat.write(new_notebook(cells=cells, metadata={"kernelspec": kernel}), source / "p1.ipynb")
    generate(folder, "ps1")
    (folder / "nbgrader_config.py").write_text(f"c = get_config()\n{_QUICK}\n")
    with watching(folder) as watched:
        watched.watcher.look()


def notebook(folder: Path, **answers: str) -> NotebookNode:
    """The released notebook with these answers, by grade_id."""
    node = nbformat.read(folder / "release" / "ps1" / "p1.ipynb", as_version=4)
    for cell in node.cells:
        cell.source = answers.get(cell.metadata.get("nbgrader", {}).get("grade_id", ""), cell.source)
    return node


def hand_in(folder: Path, student: str, name: str = "p1.ipynb", **answers: str) -> Path:
    """Put a notebook with these answers into `submitted/`."""
    path = folder / "submitted" / student / "ps1" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(notebook(folder, **answers), path)
    return path


class Exchange:
    """nbgrader's plain exchange of a course, with its assignment released, and students who submit through it."""

    def __init__(self, course: Path, folder: Path) -> None:
        """Make it in `folder`, and have the course use it."""
        self.root, self._course, self._homes = folder / "exchange", course, folder / "homes"
        self.root.mkdir(parents=True)
        self.root.chmod(0o777)
        with (course / "nbgrader_config.py").open("a") as file:
            file.write(f"c.Exchange.root = {str(self.root)!r}\nc.CourseDirectory.course_id = 'c1'\n")
        self._config = Config({"Exchange": {"root": str(self.root), "cache": str(folder / "cache")}})
        self._run(ExchangeReleaseAssignment, "")

    def submit(self, student: str, **answers: str) -> None:
        """Submit a notebook with these answers, as `nbgrader submit` does."""
        home = self._homes / student
        (home / "ps1").mkdir(parents=True, exist_ok=True)
        nbformat.write(notebook(self._course, **answers), home / "ps1" / "p1.ipynb")
        with contextlib.chdir(home):
            self._run(ExchangeSubmit, student)

    def _run(self, step: Any, student: str) -> None:
        coursedir = CourseDirectory(config=self._config, root=str(self._course), course_id="c1", assignment_id="ps1")
        coursedir.student_id = student
        step(coursedir=coursedir, authenticator=Authenticator(), config=self._config).start()


def set_deadline(folder: Path, due: datetime, assignment: str = "ps1") -> None:
    """What an instructor does in formgrader."""
    with Gradebook(f"sqlite:///{folder / 'gradebook.db'}") as gradebook:
        gradebook.find_assignment(assignment).duedate = due
        gradebook.db.commit()


def points(folder: Path, student: str, assignment: str = "ps1") -> float:
    """What the gradebook has."""
    with Gradebook(f"sqlite:///{folder / 'gradebook.db'}") as gradebook:
        return float(gradebook.find_submission(assignment, student).score)


def normalized(page: str) -> str:
    """A page without what every student has another of: name, times, and numbers of attempts."""
    page = re.sub(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", "TIME", page)
    return re.sub(r"Student: \w+|Attempt \d+|\d+ of \d+ attempt", "", page)


class Watched:
    """A watcher, and what it said."""

    def __init__(self, folder: Path, assignment: str = "ps1") -> None:
        self.said: list[str] = []
        self.app = app = WatchApp()
        app.initialize([])
        app.log.disabled = True
        self.watcher = Watcher(app, lambda: [assignment], self.said.append, ProgressListener())
        self._folder, self._assignment = folder, assignment

    def until(self, done: Callable[[], Any], seconds: float = 120) -> Any:
        """Look until something is so."""
        end = time.monotonic() + seconds
        while not (found := done()):
            assert time.monotonic() < end, self.said
            self.watcher.look()
            time.sleep(0.1)
        return found

    def attempts(self, student: str) -> list[Attempt]:
        """A student's attempts."""
        return self.watcher.store.of(self._assignment, student)

    def graded(self, student: str, number: int = 1) -> Attempt:
        """Look until that attempt is graded and its pages are released."""

        def found() -> list[Attempt]:
            return [one for one in self.attempts(student)[number - 1 :] if one.graded and one.released]

        attempt: Attempt = self.until(found)[0]
        return attempt

    def page(self, student: str, number: int = 1) -> str:
        """What the student gets of an attempt before the deadline."""
        attempt = self.attempts(student)[number - 1]
        return (self.watcher.store.pages(attempt) / "p1.html").read_text(encoding="utf-8")


@contextlib.contextmanager
def watching(folder: Path, assignment: str = "ps1") -> Iterator[Watched]:
    """A watcher of the course, with its settings as they are now."""
    with contextlib.chdir(folder):
        watched = Watched(folder, assignment)
        with watched.watcher.opened():
            yield watched
