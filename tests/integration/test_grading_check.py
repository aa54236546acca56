"""`autograder check`, run by a student who has the released course and nothing else of it."""

import hashlib
import json
import shutil
from pathlib import Path

import nbformat
import pytest
from candidates import needs_sandbox
from engines import add_config
from launch import run
from nbformat import NotebookNode
from tiny_course import SECRET, build, cell_of, released, solve

from autograder.cli.check import CheckApp


@pytest.fixture(scope="module")
def course(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What students get: the release and the settings, no gradebook, no source."""
    made, given = tmp_path_factory.mktemp("made"), tmp_path_factory.mktemp("course")
    build(made)
    shutil.copytree(made / "release", given / "release")
    shutil.copy(made / "nbgrader_config.py", given)
    add_config(given, "c.Limits.cell_seconds = 3")
    return given


@pytest.fixture
def work(course: Path) -> NotebookNode:
    """The released notebook, solved."""
    notebook = released(course, "numbers")
    solve(notebook, "numbers")
    return notebook


def check(course: Path, path: Path, *options: str) -> tuple[int, str]:
    """Run the command in another folder than the course's; its exit code, and what it said of the notebook.

    What is said on stderr, an error or what to do next where not all is well, comes after that.
    """
    done = run(CheckApp, path.parent, str(path), f"--course-dir={course}", *options)
    assert (done.stderr == "") == (done.returncode == 0)
    return done.returncode, done.stdout + done.stderr


def saved(notebook: NotebookNode, folder: Path, name: str = "numbers") -> Path:
    path = folder / f"{name}.ipynb"
    nbformat.write(notebook, path)
    return path


@needs_sandbox
def test_a_long_path_of_temporary_files_is_no_hindrance(
    course: Path, work: NotebookNode, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A socket's path has 107 characters at most."""
    temporary = tmp_path / ("long" * 25)
    temporary.mkdir()
    monkeypatch.setenv("TMPDIR", str(temporary))
    code, said = check(course, saved(work, tmp_path))
    assert code == 0, said
    assert not list(temporary.iterdir())


@needs_sandbox
def test_all_visible_tests_pass_and_the_receipt_says_of_which_file(
    course: Path, work: NotebookNode, tmp_path: Path
) -> None:
    path = saved(work, tmp_path)
    code, said = check(course, path)
    assert code == 0
    assert hashlib.sha256(path.read_bytes()).hexdigest() in said
    assert "3 of 4 tests, 1 partly" in said
    assert "in a sandbox" in said
    assert (
        said.split("\n")[-2]
        == "Next: nbgrader submit numbers   # submits it, unless your instructor told you another way"
    )
    assert SECRET not in said


@needs_sandbox
def test_what_fails_is_told_with_its_message(course: Path, work: NotebookNode, tmp_path: Path) -> None:
    cell_of(work, "report").source = "answer = 41.4\ndef report(path):\n    np.savetxt(path, [1.0, 4.0, 35.0])"
    (tmp_path / "result.json").write_text("of the student")
    code, said = check(course, saved(work, tmp_path), "--format=classroom50")
    assert code == 1
    assert "2 of 4 tests, 1 partly" in said
    written = (tmp_path / "result.json").read_text(encoding="utf-8")
    result = json.loads(written)
    assert (result["score"], result["max-score"], len(result["tests"])) == (7, 10, 4)
    assert SECRET not in written
    assert "expected [ 1.  4. 36.], received [ 1.  4. 35.]" in said
    assert "test_report" in said
    assert said.split("\n")[-2].startswith(f"Next: autograder check {tmp_path}/numbers.ipynb --course-dir {course}")


@needs_sandbox
def test_an_answer_that_only_hidden_tests_find_wrong_passes(course: Path, work: NotebookNode, tmp_path: Path) -> None:
    cell_of(work, "report").source = cell_of(work, "report").source.replace("41.5", "41.4")
    assert check(course, saved(work, tmp_path))[0] == 0


@needs_sandbox
def test_a_renamed_notebook_without_metadata_is_known_and_what_is_mended_is_told(
    course: Path, work: NotebookNode, tmp_path: Path
) -> None:
    work.cells.remove(cell_of(work, "test_twice"))
    for cell in work.cells:
        cell.metadata.pop("nbgrader", None)
    code, said = check(course, saved(work, tmp_path, "Copy of homework (1)"))
    assert code == 0
    assert "What grading will fix" in said
    assert "test_twice: This cell was missing from your notebook and was restored." in said


@needs_sandbox
def test_a_cell_that_runs_too_long_is_told_with_the_limit_of_the_course(
    course: Path, work: NotebookNode, tmp_path: Path
) -> None:
    cell_of(work, "twice").source += "\nimport time\ntime.sleep(60)"
    code, said = check(course, saved(work, tmp_path))
    assert "The cell ran longer than 3 s, the limit of this assignment" in said
    assert code == 0  # interrupted, and what it defined stands, as in grading
    assert "3 s per cell; usually less in grading: 30 times as long as the instructor's solution takes" in " ".join(
        said.split()
    )


@needs_sandbox
def test_a_limit_that_the_course_gives_a_cell_by_name_is_that_of_the_check(
    course: Path, work: NotebookNode, tmp_path: Path
) -> None:
    cell_of(work, "twice").source += "\nimport time\ntime.sleep(60)"
    _, said = check(course, saved(work, tmp_path), "--Grading.cell_seconds=twice=1")
    assert "The cell ran longer than 1 s, the limit of this assignment" in said


@needs_sandbox
def test_what_a_student_wrote_does_not_steer_the_terminal(course: Path, work: NotebookNode, tmp_path: Path) -> None:
    cell_of(
        work, "total"
    ).source = "def total(numbers):\n    raise ValueError('\\x1b[2J\\x1b]0;title\\x07 [red]no[/red]')"
    code, said = check(course, saved(work, tmp_path))
    assert code == 1
    assert "\x1b" not in said
    assert "[red]no[/red]" in said


def test_without_a_sandbox_it_runs_where_that_is_asked_for(course: Path, work: NotebookNode, tmp_path: Path) -> None:
    code, said = check(course, saved(work, tmp_path), "--no-sandbox")
    assert code == 0
    assert "without a sandbox" in said


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "not a notebook"),
        (b"{", "not a notebook"),
        (b"[1]", "it holds a list"),
        (json.dumps({"cells": [], "nbformat": 4}).encode(), "none of the released notebooks (model/model.ipynb"),
        (None, "can't be read: No such file"),
    ],
    ids=["empty", "cut off", "other JSON", "another notebook", "missing"],
)
def test_a_file_that_cannot_be_checked_gives_one_clear_line_and_what_to_do(
    course: Path, tmp_path: Path, content: bytes | None, reason: str
) -> None:
    path = tmp_path / "essay.ipynb"
    if content is not None:
        path.write_bytes(content)
    code, said = check(course, path)
    assert code == 2
    error, following, end = said.split("\n")
    assert error.startswith("Error: essay.ipynb: ")
    assert reason in error
    assert following.startswith(f"Next: autograder check {path}")
    assert end == ""


def test_without_a_release_it_says_where_to_look(tmp_path: Path, work: NotebookNode) -> None:
    code, said = check(tmp_path, saved(work, tmp_path))
    assert code == 2
    assert "no released notebook" in said
    assert "--course-dir" in said


@needs_sandbox
def test_a_test_that_is_all_hidden_is_not_said_to_pass(course: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(course, tmp_path / "course")
    path = folder / "release" / "numbers" / "numbers.ipynb"
    notebook = released(folder, "numbers")
    solve(notebook, "numbers")
    cell_of(notebook, "test_report").source = "# your report is tested here"
    nbformat.write(notebook, path)
    code, said = check(folder, path)
    assert code == 0
    assert "hidden" in next(line for line in said.split("\n") if "test_report" in line)
    assert "2 of 3 tests, 1 partly" in said
    assert "This is the released file itself" in said


@needs_sandbox
def test_of_many_files_left_out_the_first_are_named(course: Path, work: NotebookNode, tmp_path: Path) -> None:
    for number in range(9):
        (tmp_path / f"model{number}.keras").write_bytes(b"")
    _, said = check(course, saved(work, tmp_path))
    lines = said.partition("Files that grading will leave out\n")[2].partition("\n\n")[0].splitlines()
    assert len(lines) == 6
    assert all(".keras: " in line for line in lines[:5])
    assert lines[5] == "  and 4 more"


@needs_sandbox
def test_a_cell_that_cannot_be_read_is_told_first_and_once_with_its_line(
    course: Path, work: NotebookNode, tmp_path: Path
) -> None:
    cell_of(work, "twice").source = "def twice(function, value)\n    return function(function(value))"
    code, said = check(course, saved(work, tmp_path))
    assert code == 1
    first, _, rest = said.partition("test_twice")
    assert "(twice): SyntaxError in line 1: expected ':'" in first
    assert "SyntaxError" not in rest
    assert "Your cell twice ended in an error (see above)." in rest
    assert "NameError" not in said


@needs_sandbox
def test_a_test_that_speaks_for_itself_is_told_without_its_class(
    course: Path, work: NotebookNode, tmp_path: Path
) -> None:
    folder = shutil.copytree(course, tmp_path / "course")
    path = folder / "release" / "numbers" / "numbers.ipynb"
    notebook = nbformat.read(path, as_version=4)
    cell_of(notebook, "test_twice").source = (
        "class WrongAnswer(AssertionError):\n"
        "    def _render_traceback_(self):\n"
        "        return str(self).splitlines()\n\n"
        "raise WrongAnswer(f'twice of 2:\\n  expected   4\\n  received {twice(abs, 4)}5\\nLook at the sign.')"
    )
    nbformat.write(notebook, path)
    _, said = check(folder, saved(work, tmp_path))
    assert "(test_twice)\n    twice of 2:\n      expected   4\n      received 45\n    Look at the sign." in said
    assert "WrongAnswer" not in said


@needs_sandbox
def test_exercises_without_an_answer_are_listed_and_are_no_errors(course: Path, tmp_path: Path) -> None:
    code, said = check(course, saved(released(course, "numbers"), tmp_path))
    assert code == 1
    assert "NotImplementedError" not in said
    assert "Fix this first" not in said
    names = said.partition("Exercises without an answer yet\n")[2].partition("\n\n")[0]
    assert "test_total" in names
    assert "test_fibonacci" in names
