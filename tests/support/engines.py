"""A class in a course folder, graded by our engine, and by plain nbgrader; and what the gradebooks hold then."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import nbgrader
import pytest
from nbformat import NotebookNode
from nbgrader.api import Gradebook
from repository import ROOT, SMALL_DATA, copy_course
from shared import copy_of, made_once

from autograder.course import build, sample_class

GUIDE = Path(nbgrader.__file__).parent / "docs" / "source" / "user_guide"
OURS = "configure(c)"  # the line of nbgrader_config.py that makes the engine ours
CONFIG = f"""from autograder import configure

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


def quickstart(
    folder: Path,
    *,
    autotest: bool = False,
    notebooks: tuple[str, ...] = ("problem1", "problem2"),
    config: tuple[str, ...] = (),
) -> Path:
    """nbgrader's quickstart course with its assignment ps1 released, and our engine; `config` are lines more."""
    name = f"our quickstart {autotest=} {' '.join(notebooks)} {len(config)}"
    return copy_of(name, lambda made: _quickstart(made, autotest, notebooks, config), folder)


def _quickstart(folder: Path, autotest: bool, notebooks: tuple[str, ...], config: tuple[str, ...]) -> None:
    shutil.copytree(GUIDE / "source" / ("ps1_autotest" if autotest else "ps1"), folder / "source" / "ps1")
    for path in (folder / "source" / "ps1").glob("*.ipynb"):
        if path.stem not in notebooks:
            path.unlink()
    shutil.copy(GUIDE / "source" / "header.ipynb", folder / "source")
    if autotest:
        shutil.copy(GUIDE / "autotests.yml", folder / "source" / "ps1")
    add_config(folder, 'c.IncludeHeaderFooter.header = "source/header.ipynb"', *config)
    build.nbgrader(folder, "generate_assignment", "ps1", "--create")


# The sample class

CELL_SECONDS = {"mnist": 45, "foundations": 10}  # some cells of one student never end; long enough for all others
SAMPLE_DATA = {**SMALL_DATA, "SMALL_DIGITS": "2000", "SMALL_PHOTOS": "6000"}  # so many are enough for the scores
_SMALL = (
    f"c.Grading.environment = {SAMPLE_DATA!r}",
    f"c.Grading.visible = [{SMALL_DATA['PYTHONPATH']!r}]",
)


def _sample_course(folder: Path, assignment: str, students: tuple[str, ...]) -> None:
    copy_course(folder, "source")
    _settings(folder, assignment)
    for student in students:
        assert sample_class.hand_in(ROOT, folder, student, assignment) is not None
    build.nbgrader(folder, "generate_assignment", assignment, "--create")


def _settings(folder: Path, assignment: str) -> None:
    add_config(folder, *_SMALL)
    if assignment in CELL_SECONDS:
        add_config(folder, f"c.Limits.cell_seconds = {CELL_SECONDS[assignment]}")


def sample_graded(assignment: str, students: tuple[str, ...]) -> Path:
    """A course in which these sample students have handed in, graded by our engine; its data is small."""

    def make(folder: Path) -> None:
        _sample_course(folder, assignment, students)
        share_results(folder)
        autograder(folder, "grade", assignment)

    return made_once(f"sample {assignment} {students[0]} {len(students)}", make)


OTHER = "the_other_language"


def sample_graded_in(language: str, assignment: str, students: tuple[str, ...]) -> Path:
    """The same in a course in that language, in whose notebook they have answered; OTHER has in the English one.

    Their pages of feedback are there.
    """

    def make(folder: Path) -> None:
        copy_course(folder, "solutions", "locale")
        _settings(folder, assignment)
        add_config(folder, f"c.Course.language = {language!r}")
        autograder(folder, "build", assignment)
        for student in students:
            assert sample_class.hand_in(folder, folder, student, assignment) is not None
        path = folder / "submitted" / OTHER / assignment / f"{assignment}.ipynb"
        path.parent.mkdir(parents=True)
        nbformat.write(sample_class.solved(ROOT, assignment), path)
        share_results(folder)
        autograder(folder, "grade", assignment)
        autograder(folder, "feedback", assignment)

    return made_once(f"sample {language} {assignment} {students[0]} {len(students)}", make)


def sample_graded_plain(assignment: str, students: tuple[str, ...]) -> Path:
    """The same, graded by plain nbgrader."""

    def make(folder: Path) -> None:
        ours = folder / "ours"
        ours.mkdir()
        _sample_course(ours, assignment, students)
        plain = plain_copy(ours, folder / "plain")
        limit = [f"--Execute.timeout={CELL_SECONDS[assignment]}"] if assignment in CELL_SECONDS else []
        with pytest.MonkeyPatch.context() as patch:
            for name, value in SAMPLE_DATA.items():
                patch.setenv(name, value)
            # 4 s is nbgrader's own wait for a cell's output, and other tests run beside this one
            build.nbgrader(plain, "autograde", assignment, "--Execute.iopub_timeout=60", *limit)

    return made_once(f"plain {assignment} {students[0]} {len(students)}", make) / "plain"


def share_results(folder: Path) -> None:
    """Keep the stored results and trainings of this course with those of all other courses of this run of tests."""
    common = made_once("results", lambda made: None)
    (folder / ".autograder").mkdir(exist_ok=True)
    for part in ("results", "trainings"):
        (common / part).mkdir(exist_ok=True)
        (folder / ".autograder" / part).symlink_to(common / part)
