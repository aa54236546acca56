"""A class in a course folder, graded by our engine, and by plain nbgrader; and what the gradebooks hold then."""

import functools
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import nbgrader
from nbformat import NotebookNode
from nbgrader.api import Gradebook
from repository import ROOT, SMALL_DATA, copy_course

from autograder import course, sample_class

GUIDE = Path(nbgrader.__file__).parent / "docs" / "source" / "user_guide"
OURS = "configure(c)"  # the line of nbgrader_config.py that makes the engine ours
CONFIG = f"""from autograder.grading.pipeline import configure

c = get_config()
c.CourseDirectory.course_id = "course"
c.Execute.timeout = 30
{OURS}
"""

Mark = tuple[float | None, bool]  # the automatic score, and whether a person has to look
Marks = dict[tuple[str, str, str], Mark]  # by student, notebook and cell


def add_config(folder: Path, *lines: str) -> None:
    """Add lines to a course's nbgrader_config.py, which is made where there is none."""
    path = folder / "nbgrader_config.py"
    text = path.read_text() if path.exists() else CONFIG
    path.write_text("\n".join([text, *lines, ""]))


def plain_copy(folder: Path, to: Path) -> Path:
    """The same course without our engine."""
    shutil.copytree(folder, to)
    path = to / "nbgrader_config.py"
    text, times = re.subn(f"^{re.escape(OURS)}$", "", path.read_text(), flags=re.MULTILINE)
    assert times == 1
    path.write_text(text)
    return to


def autograder(folder: Path, *arguments: str, code: int = 0) -> str:
    """Run one of our commands in a course; returns what it said. Fails where it exits otherwise than with `code`."""
    command = [sys.executable, "-m", "autograder", *arguments]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout


def marks(folder: Path, assignment: str) -> Marks:
    """The mark of every graded cell of every submission that the gradebook has."""
    with Gradebook(f"sqlite:///{folder / 'gradebook.db'}") as gradebook:
        return {
            (submission.student.id, notebook.name, grade.name): (grade.auto_score, grade.needs_manual_grade)
            for submission in gradebook.assignment_submissions(assignment)
            for notebook in submission.notebooks
            for grade in notebook.grades
        }


def released(folder: Path, assignment: str, name: str) -> NotebookNode:
    """The notebook as students of a course get it."""
    return nbformat.read(folder / "release" / assignment / f"{name}.ipynb", as_version=nbformat.NO_CONVERT)


def hand_in(folder: Path, student: str, assignment: str, name: str, **answers: str) -> Path:
    """Hand in the released notebook with these answers, by grade_id."""
    notebook = released(folder, assignment, name)
    for cell in notebook.cells:
        if (grade_id := cell.metadata.get("nbgrader", {}).get("grade_id")) in answers:
            cell["source"] = answers[grade_id]
    path = folder / "submitted" / student / assignment / f"{name}.ipynb"
    path.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(notebook, path, version=nbformat.NO_CONVERT)
    return path


def reference_answers(folder: Path, assignment: str, name: str) -> dict[str, str]:
    """The instructor's answers, by grade_id."""
    source = nbformat.read(folder / "source" / assignment / f"{name}.ipynb", as_version=4)
    return {
        cell.metadata.nbgrader["grade_id"]: "\n".join(line for line in cell.source.split("\n") if "###" not in line)
        for cell in source.cells
        if cell.metadata.get("nbgrader", {}).get("solution")
    }


def quickstart(folder: Path, *, autotest: bool = False, notebooks: tuple[str, ...] = ("problem1", "problem2")) -> Path:
    """nbgrader's quickstart course with its assignment ps1 released, and our engine."""
    shutil.copytree(GUIDE / "source" / ("ps1_autotest" if autotest else "ps1"), folder / "source" / "ps1")
    for path in (folder / "source" / "ps1").glob("*.ipynb"):
        if path.stem not in notebooks:
            path.unlink()
    shutil.copy(GUIDE / "source" / "header.ipynb", folder / "source")
    if autotest:
        shutil.copy(GUIDE / "autotests.yml", folder / "source" / "ps1")
    add_config(folder, 'c.IncludeHeaderFooter.header = "source/header.ipynb"')
    course.nbgrader(folder, "generate_assignment", "ps1", "--create")
    return folder


# The sample class

CELL_SECONDS = {"mnist": 45, "foundations": 10}  # some cells of one student never end; long enough for all others
_SMALL = (
    f"c.Grading.environment = {SMALL_DATA!r}",
    f"c.Grading.visible = [{SMALL_DATA['PYTHONPATH']!r}]",
)


@functools.cache
def sample_course(base: Path, assignment: str, students: tuple[str, ...]) -> Path:
    """A course in which these sample students have handed in; its data is small, for our engine."""
    folder = copy_course(base / f"sample_{assignment}_{len(students)}" / "ours", "source")
    add_config(folder, *_SMALL)
    for student in students:
        assert sample_class.hand_in(ROOT, folder, student, assignment) is not None
    course.nbgrader(folder, "generate_assignment", assignment, "--create")
    return folder


@functools.cache
def sample_graded(base: Path, assignment: str, students: tuple[str, ...]) -> Path:
    """That course, graded by our engine."""
    folder = sample_course(base, assignment, students)
    if assignment in CELL_SECONDS:
        add_config(folder, f"c.Limits.cell_seconds = {CELL_SECONDS[assignment]}")
    autograder(folder, "grade", assignment)
    return folder


@functools.cache
def sample_graded_plain(base: Path, assignment: str, students: tuple[str, ...]) -> Path:
    """That course, graded by plain nbgrader."""
    folder = sample_course(base, assignment, students)
    plain = plain_copy(folder, folder.with_name("plain"))
    for path in (plain / "autograded", plain / ".autograder", plain / "gradebook.db"):
        shutil.rmtree(path, ignore_errors=True) if path.is_dir() else path.unlink(missing_ok=True)
    course.nbgrader(plain, "generate_assignment", assignment, "--create", "--force")
    before = {name: os.environ.get(name) for name in SMALL_DATA}
    os.environ.update(SMALL_DATA)
    try:
        limit = [f"--Execute.timeout={CELL_SECONDS[assignment]}"] if assignment in CELL_SECONDS else []
        course.nbgrader(plain, "autograde", assignment, *limit)
    finally:
        for name, value in before.items():
            os.environ.pop(name) if value is None else os.environ.update({name: value})
    return plain
