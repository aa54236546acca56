"""What people see of the commands: lines that fit the terminal, plain text where it is piped, and what to do next."""

import contextlib
import io
import json
import os
import pty
import re
import shlex
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from graded_course import POINTS, Course
from launch import launch
from nbgrader.apps.nbgraderapp import NbGraderApp
from repository import ROOT, copy_course

from autograder.cli.base import Command
from autograder.cli.console import Console
from autograder.cli.root import AutograderApp
from autograder.grading.pipeline import NotAllGraded

COLUMNS = 80
ESCAPE = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
TEXT = """\
# %% nbgrader={"grade_id": "solve", "solution": true}
### BEGIN SOLUTION
x = 1
### END SOLUTION
# %% nbgrader={"grade_id": "test_x", "grade": true, "locked": true, "points": 1}
assert x == 1
"""
GOOD = (  # exit code, and what is typed
    (0, ""),
    (0, "rehearse ps1"),
    (1, "grade ps1"),
    (0, "grade ps1 --student ada --force"),
    (1, "grade ps1 --dry-run"),
    (0, "report ps1"),
    (0, "feedback ps1"),
    (0, "collect ps1 moodle.zip --roster roster.csv"),
    (1, "collect ps1 strays.zip --roster roster.csv"),
    (0, "export"),
    (0, "export --format canvas"),
    (0, "export --format moodle"),
    (0, "restore"),
    (0, "health"),
    (0, "forget ada"),
    (0, "build tiny"),
    (0, "unbuild mnist"),
    (0, "accuracy mnist --seeds 1"),
)
BAD = (
    (1, "gread"),
    (1, "rehearse"),
    (1, "rehearse ps9"),
    (1, "grade"),
    (1, "grade ps9"),
    (1, "grade ps1 --student zoe"),
    (1, "grade ps1 --student"),
    (1, "grade ps1 --bogus=1"),
    (1, "grade ps1 --workers=many"),
    (1, "grade ps1 --course-dir=empty"),
    (1, "report ps9"),
    (1, "feedback"),
    (1, "feedback ps9"),
    (1, "report ps1 --to=roster.csv/report.html"),
    (2, "check moodle.zip"),
    (2, "check nothing.ipynb"),
    (1, "check"),
    (1, "roster"),
    (1, "collect"),
    (1, "collect ps1 nothing.zip"),
    (1, "collect ps9 moodle.zip"),
    (1, "export --format=word"),
    (1, "export --assignment=ps9"),
    (1, "export --to=roster.csv/grades.csv"),
    (1, "restore nothing"),
    (1, "forget"),
    (1, "health now"),
    (1, "build ps9"),
    (1, "unbuild gone"),
    (1, "accuracy ps9"),
    (1, "data --verify --home=empty"),
    (1, "data mnits"),
)
HELP = tuple((0, f"{name} --help") for name, (app, _) in AutograderApp.subcommands.items() if issubclass(app, Command))


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A class of three, graded; one of them has handed in something that is no notebook."""
    course = Course(tmp_path_factory.mktemp("course") / "course")
    folder = copy_course(course.folder, "solutions")
    shutil.copytree(ROOT / "source" / "mnist", folder / "source" / "mnist")
    (folder / "nbgrader_config.py").unlink()
    (folder / "empty").mkdir()
    for name in ("tiny", "gone"):
        (folder / "solutions" / f"{name}.py").write_text(TEXT)
    measured = folder / "solutions" / "accuracy.json"
    rows = [row for row in json.loads(measured.read_text()) if (row["assignment"], row["seed"]) == ("mnist", 1)]
    measured.write_text(json.dumps(rows))
    (folder / "roster.csv").write_text("id,first_name,last_name\nada,Ada,Lovelace\n", encoding="utf-8")
    for name, student in (("moodle", "Ada Lovelace"), ("strays", "Mallory M")):
        with zipfile.ZipFile(folder / f"{name}.zip", "w") as archive:
            archive.writestr(f"{student}_101_assignsubmission_file_/p1.ipynb", "a notebook")
    course.hand_in("ada", POINTS)
    course.hand_in("алёна", POINTS, mul="pass")
    course.hand_in("eve").write_text("junk")
    with pytest.raises(NotAllGraded):
        course.grade()
    return folder


@pytest.fixture
def course(made: Path, tmp_path: Path) -> Path:
    return shutil.copytree(made, tmp_path / "course")


def run(folder: Path, code: int, typed: str) -> str:
    """What `autograder` and these words print, on stdout and stderr."""
    name, *arguments = shlex.split(typed) or [""]
    app, *_ = AutograderApp.subcommands.get(name, (AutograderApp,))
    return launch(app, folder, *(arguments if app is not AutograderApp else filter(None, [name])), code=code)


def in_terminal(monkeypatch: pytest.MonkeyPatch, **variables: str) -> None:
    """Have rich take the output for a terminal's."""
    for name, value in {"FORCE_COLOR": "1", "TERM": "xterm", "COLUMNS": str(COLUMNS), **variables}.items():
        monkeypatch.setenv(name, value)


def assert_leads_on(line: str) -> None:
    """A closing line: a command that there is, with options that it has."""
    found = re.fullmatch(r"Next: (autograder|nbgrader) (\S+)(.*?)(   # .+)?", line)
    assert found, line
    program, name, rest = found[1], found[2], found[3]
    if program == "nbgrader":
        assert name in NbGraderApp.subcommands
        assert name != "generate_feedback"  # which shows hidden tests in a course without `configure(c)`
        return
    assert name == "--help" or name in AutograderApp.subcommands, line
    app = AutograderApp.subcommands[name][0] if name != "--help" else AutograderApp
    known = {"help", "help-all"}
    for names in (*app.flags, *app.aliases):
        known |= {names} if isinstance(names, str) else set(names)
    assert set(re.findall(r"(?<= --)[\w-]+", rest)) <= known, line


@pytest.mark.parametrize(("code", "typed"), [*GOOD, *BAD, *HELP])
def test_piped_output_is_plain_and_ends_with_what_to_do_next(course: Path, code: int, typed: str) -> None:
    said = run(course, code, typed)
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f]", said)
    assert "Traceback" not in said
    assert not re.search(r"^\[\w+ \| \w+\]", said, re.MULTILINE)  # as logs have it
    assert not re.search(r" $", said, re.MULTILINE)
    *_, last = said.splitlines()
    assert_leads_on(last)


@pytest.mark.parametrize(("code", "typed"), [*GOOD, *BAD, *HELP])
def test_lines_fit_the_terminal_but_for_one_long_word_or_command(
    course: Path, monkeypatch: pytest.MonkeyPatch, code: int, typed: str
) -> None:
    in_terminal(monkeypatch)
    said = run(course, code, typed)
    assert "\x1b[1m" in said
    for line in re.split(r"\r|\n|\x1b\[2K", said):
        shown = ESCAPE.sub("", line).rstrip()
        whole = shown.split(" ")[0] == "Next:" or " " not in shown.strip()
        assert len(shown) <= COLUMNS or whole, shown
    assert_leads_on(ESCAPE.sub("", said.splitlines()[-1]))


@pytest.mark.parametrize("variables", [{"NO_COLOR": "1"}, {"TERM": "dumb"}])
def test_there_is_no_colour_where_none_is_wanted(
    course: Path, monkeypatch: pytest.MonkeyPatch, variables: dict[str, str]
) -> None:
    in_terminal(monkeypatch, **variables)
    said = run(course, 1, "grade ps1")
    assert not re.search(r"\x1b\[[0-9;]*[349]\dm", said)
    assert ("\x1b" in said) == ("TERM" not in variables)


def test_columns_of_a_piped_grading_are_aligned(course: Path) -> None:
    lines = [line for line in run(course, 1, "grade ps1 --force").splitlines() if re.match(r"\[\d/3\]", line)]
    assert len(lines) == 3
    assert len({re.search(r"graded|needs", line).start() for line in lines}) == 1
    assert len({line.rindex("/") for line in lines if "/ 9" in line}) == 1


def test_results_go_to_stdout_and_errors_to_stderr(course: Path) -> None:
    out, err = io.StringIO(), io.StringIO()
    grade = AutograderApp.subcommands["grade"][0]
    with contextlib.chdir(course), contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        for name in ("ps1", "ps9"):
            with pytest.raises(SystemExit):
                grade.launch_instance([name])
            grade.clear_instance()
    assert "needs review: 1" in out.getvalue()
    assert "Error" not in out.getvalue()
    assert "Error: no such assignment: ps9 (available: mnist, ps1)" in err.getvalue()


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("c.Limits.memory_bytes = = 3", "line 2: SyntaxError"),
        ("c.Limits.memory_bytes = lots", "line 2: NameError: name 'lots' is not defined"),
        ("c.Limits.cell_seconds = 'many'", "cell_seconds: expected a float, received 'many'"),
    ],
)
def test_nothing_is_graded_by_a_configuration_that_cannot_be_read(course: Path, line: str, said: str) -> None:
    (course / "nbgrader_config.py").write_text(f"c = get_config()\n{line}\n")
    found = run(course, 1, "grade ps1 --force")
    assert said in found
    assert "to grade" not in found
    assert_leads_on(found.splitlines()[-1])


def test_a_setting_that_there_is_not_is_told_in_one_line(course: Path) -> None:
    (course / "nbgrader_config.py").write_text("c = get_config()\nc.Limits.cel_seconds = 3\n")
    assert "Warning: Config option `cel_seconds` not recognized by `Limits`." in run(course, 1, "grade ps1")


def test_a_course_elsewhere_is_named_in_the_closing_line_too(course: Path, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    last = run(tmp_path / "elsewhere", 1, f"grade ps1 --course-dir={course}").splitlines()[-1]
    assert f"autograder grade ps1 --course-dir {course}" in last


@pytest.mark.parametrize("typed", ["grade 'my ps'", "rehearse", "collect 'my ps'", "report", "feedback"])
def test_what_to_type_next_is_quoted_for_the_shell(course: Path, tmp_path: Path, typed: str) -> None:
    folder = tmp_path / "other"
    (folder / "source" / "my ps").mkdir(parents=True)
    shutil.copy(course / "source" / "ps1" / "p1.ipynb", folder / "source" / "my ps")
    (folder / "nbgrader_config.py").write_text("c = get_config()\n")
    *_, last = run(folder, 1, typed).splitlines()
    assert_leads_on(last)
    assert "'my ps'" in last


def test_signs_that_an_encoding_lacks_are_spelled(course: Path) -> None:
    environment = {**os.environ, "PYTHONIOENCODING": "ascii"}
    command = [sys.executable, "-m", "autograder", "grade", "ps1", "--dry-run", "--force"]
    done = subprocess.run(command, cwd=course, env=environment, capture_output=True, check=False)
    assert done.returncode == 1, done.stderr  # one submission needs a person
    said = done.stdout.decode("ascii")
    assert re.search(r"^ada: +5 -> 5$", said, re.MULTILINE)
    assert r"\u0430\u043b\u0451\u043d\u0430: " in said


def test_what_a_student_may_have_written_does_not_steer_the_terminal() -> None:
    out = io.StringIO()
    console = Console(file=out, force_terminal=True, width=40)
    console.say("a\x1b[2Jb\x1b]0;c\x07 \x9b1Ad [red]e[/red] \udcff")
    assert out.getvalue() == "ab]0;c 1Ad [red]e[/red] \\udcff\n"


def test_a_real_terminal_ends_with_the_closing_line_and_the_cursor_is_back(course: Path) -> None:
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "autograder", "grade", "ps1", "--student", "ada", "--force"]
    environment = {**os.environ, "TERM": "xterm-256color", "COLUMNS": str(COLUMNS)}
    said = b""
    with subprocess.Popen(command, cwd=course, stdin=theirs, stdout=theirs, stderr=theirs, env=environment) as process:
        os.close(theirs)
        with contextlib.suppress(OSError):  # as the other end is closed
            while part := os.read(ours, 65536):
                said += part
    os.close(ours)
    assert process.returncode == 0, said
    text = said.decode()
    assert text.rindex("\x1b[?25h") > text.rindex("\x1b[?25l")
    shown = ESCAPE.sub("", text).splitlines()
    assert re.match(r"ada +graded +5 / 9", shown[-4])
    assert shown[-1] == "Next: autograder report ps1   # then autograder feedback ps1"
