"""Courses whose kernelspec is of another environment, or of another language, than the grader's Python."""

import json
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import nbformat
import pytest
from engines import Marks, add_config, autograder, hand_in, marks
from environments import add_environment, add_kernel, other_environment
from graded_course import marked_cell
from nbformat.v4 import new_code_cell, new_notebook
from nbgrader.coursedir import CourseDirectory
from repository import ROOT
from traitlets.config import Config

from autograder.course import build
from autograder.examiner import fork_server
from autograder.grading.pipeline import Autograde
from autograder.grading.record import RECORD_SUFFIX
from autograder.kernel import agent, forking
from autograder.kernel.kernelspec import OLDEST, KernelError, find_kernel
from autograder.notebooks.instructor_version import VersionError
from autograder.sandbox import interpreter

SETUP = """
import importlib.util
import os
import sys

from only_here import half

LACKING = ("numpy", "msgspec", "tensorflow")
"""
PYTHON = {  # solution, test; half of what is asked needs something else than data to cross
    "half": ("def quarter(x):\n    return half(half(x))", "assert quarter(8) == 2.0\nassert half(quarter(8)) == 1.0"),
    "here": (
        "mine = {'prefix': sys.prefix, 'version': sys.version_info[:2]}",
        "assert mine == {'prefix': sys.prefix, 'version': sys.version_info[:2]}",
    ),
    "calls": (
        "def apply(f, *values):\n    return [f(value) for value in values]\n\n"
        "class Tally:\n    def __init__(self):\n        self.total = 0\n\n    def add(self, n):\n"
        "        self.total += n\n        if n < 0:\n            raise ValueError('negative')",
        "assert apply(lambda x: x + 1, 1, 2) == [2, 3]\ntally = Tally()\ntally.add(3)\nassert tally.total == 3\n"
        "try:\n    tally.add(-1)\nexcept ValueError as error:\n    assert str(error) == 'negative'\n"
        "else:\n    raise AssertionError('no ValueError')",
    ),
    "lacks": (
        "lacks = [name for name in LACKING if importlib.util.find_spec(name) is None]",
        "assert lacks == [name for name in LACKING if importlib.util.find_spec(name) is None]",
    ),
    "variables": (
        "given = {name: os.environ.get(name) for name in ('COURSE', 'GREETING', 'LEAK', 'AUTOGRADER_SECRET')}",
        "assert given == {'COURSE': 'ml', 'GREETING': 'hello /home/student', 'LEAK': '${AUTOGRADER_SECRET}', "
        "'AUTOGRADER_SECRET': None}\n"
        "assert os.environ['GREETING'] == given['GREETING']",
    ),
}
SHELL = {
    "add": ("add() { echo $(($1 + $2)); }", '[ "$(add 1 2)" = 3 ]\n### BEGIN HIDDEN TESTS\n[ "$(add 2 2)" = 4 ]'),
    "read": ("rows=$(wc -l < data.csv)", '### BEGIN HIDDEN TESTS\n[ "$rows" = 3 ]'),
    "greet": ("greet() { echo $COURSE; }", '### BEGIN HIDDEN TESTS\n[ "$(greet)" = shell ]'),
}
NOTEBOOKS = {  # kernel, language, cells
    "p1": ("course", "python", PYTHON),
    "p2": ("shell", "bash", {name: (code, f"{test}\n### END HIDDEN TESTS") for name, (code, test) in SHELL.items()}),
}
LOOKS = """
import os
seen = [path for path in {paths!r} if os.path.lexists(path)]
written = []
for folder in (sys.prefix, os.path.dirname(os.__file__), os.path.dirname(half.__code__.co_filename)):
    try:
        open(os.path.join(folder, "left"), "w").close()
        written.append(folder)
    except OSError:
        pass
print("seen", seen, "written", written)
def quarter(x):
    return x / 4
"""
SHELL_LOOKS = """
for path in {paths}; do [ -e "$path" ] && echo "seen $path"; done
touch {left} && echo written
echo kept > notes.txt
greet() {{ echo $COURSE; }}
"""


@dataclass
class Graded:
    folder: Path  # the course
    jupyter: Path  # on JUPYTER_PATH
    said: str
    marks: Marks

    def scores(self, student: str, notebook: str) -> list[float | None]:
        """The scores of a student's notebook; none waits for a person."""
        found = [self.marks[student, notebook, f"test_{name}"] for name in NOTEBOOKS[notebook][2]]
        assert not any(waits for _, waits in found)
        return [score for score, _ in found]

    def shown(self, student: str, notebook: str) -> str:
        """The outputs of a student's cells, as JSON."""
        path = self.folder / "autograded" / student / "ps1" / f"{notebook}.ipynb"
        return json.dumps([cell.get("outputs", []) for cell in nbformat.read(path, as_version=4).cells])

    def record(self, notebook: str) -> dict[str, object]:
        """The record of who solves it."""
        path = self.folder / "autograded" / "solves" / "ps1" / f"{notebook}{RECORD_SUFFIX}"
        return dict(json.loads(path.read_text()))


def _kernels(folder: Path) -> None:
    variables = {"COURSE": "ml", "GREETING": "hello ${HOME}", "LEAK": "${AUTOGRADER_SECRET}"}
    add_environment(folder, "course", other_environment(), variables)
    argv = ["python", "{resource_dir}/shell_kernel.py", "-f", "{connection_file}"]
    add_kernel(folder, "shell", argv, "bash", env={"COURSE": "shell"})
    shutil.copy(ROOT / "tests" / "support" / "shell_kernel.py", folder / "kernels" / "shell")


def _source(folder: Path) -> None:
    folder.mkdir(parents=True)
    for notebook, (kernel, language, exercises) in NOTEBOOKS.items():
        cells = [marked_cell(new_code_cell, SETUP.strip(), "setup", locked=True)] if language == "python" else []
        for name, (solution, test) in exercises.items():
            text = f"### BEGIN SOLUTION\n{solution}\n### END SOLUTION"
            cells.append(marked_cell(new_code_cell, text, name, solution=True))
            cells.append(marked_cell(new_code_cell, test, f"test_{name}", grade=True, locked=True, points=1.0))
        metadata = {"kernelspec": {"display_name": kernel, "language": language, "name": kernel}}
        nbformat.write(new_notebook(cells=cells, metadata=metadata), folder / f"{notebook}.ipynb")
    (folder / "data.csv").write_text("a,b\n1,2\n3,4\n")


@pytest.fixture(scope="module")
def graded(tmp_path_factory: pytest.TempPathFactory) -> Graded:
    folder = tmp_path_factory.mktemp("kernelspecs")
    course, jupyter = folder / "course", folder / "jupyter"
    _kernels(jupyter)
    _source(course / "source" / "ps1")
    stubs = {"python": "raise NotImplementedError", "bash": "# YOUR CODE HERE"}
    add_config(course, f"c.ClearSolutions.code_stub = {stubs!r}", "c.Limits.cell_seconds = 4")
    add_config(course, "c.Grading.plain_kernels = ['shell']")
    hidden = [sys.prefix, str(ROOT / "tests"), str(course), str(jupyter / "kernels" / "course")]
    changed = {
        ("looks", "p1"): {"half": LOOKS.format(paths=hidden)},
        ("looks", "p2"): {"greet": SHELL_LOOKS.format(paths=" ".join(hidden[1:]), left=jupyter / "kernels/shell/left")},
        ("visible only", "p2"): {"add": "add() { echo 3; }"},
        ("loops", "p2"): {"greet": "while true; do true; done"},
    }
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("JUPYTER_PATH", str(jupyter))
        patch.setenv("AUTOGRADER_SECRET", "of the grader's")
        build.nbgrader(course, "generate_assignment", "ps1", "--create")
        for student in ("solves", "blank", "another kernel", *dict.fromkeys(name for name, _ in changed)):
            for notebook, (_, _, exercises) in NOTEBOOKS.items():
                answers = {} if student == "blank" else {name: solution for name, (solution, _) in exercises.items()}
                path = hand_in(course, student, "ps1", notebook, **{**answers, **changed.get((student, notebook), {})})
                if student == "another kernel":
                    node = nbformat.read(path, as_version=4)
                    node.metadata.kernelspec = {"display_name": "R", "language": "R", "name": "ir"}
                    nbformat.write(node, path)
        said = autograder(course, "grade", "ps1")
    return Graded(course, jupyter, said, marks(course, "ps1"))


@pytest.mark.parametrize("student", ["solves", "another kernel"])
def test_code_and_tests_run_in_the_environment_of_the_instructors_kernel(graded: Graded, student: str) -> None:
    assert graded.scores(student, "p1") == [1] * len(PYTHON)
    assert graded.scores("blank", "p1") == [0] * len(PYTHON)


def test_the_record_and_the_command_say_which_it_was(graded: Graded) -> None:
    prefix = str(other_environment())
    assert prefix in graded.said
    assert f'"{prefix}/bin/python' in json.dumps(graded.record("p1")["kernel"])
    assert graded.record("p1")["not_isolated"] == []


def test_nothing_else_is_visible_there_and_nothing_of_it_can_be_changed(graded: Graded) -> None:
    assert graded.scores("looks", "p1") == [1] * len(PYTHON)
    assert "seen [] written []" in graded.shown("looks", "p1")


def test_another_language_is_refused_with_what_was_found_and_how_to_allow_it(
    graded: Graded, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JUPYTER_PATH", str(graded.jupyter))
    stub = {"code_stub": {"python": "raise NotImplementedError", "bash": "# YOUR CODE HERE"}}
    config = Config({"CourseDirectory": {"root": str(graded.folder)}, "ClearSolutions": stub})
    with pytest.raises(VersionError, match=r"p2.*'shell'.*bash.*c\.Grading\.plain_kernels = \['shell'\]"):
        Autograde(coursedir=CourseDirectory(config=config), config=config).notebook_jobs("ps1")


@pytest.mark.parametrize(
    ("student", "scores"),
    [
        ("solves", [1, 1, 1]),
        ("another kernel", [1, 1, 1]),
        ("blank", [0, 0, 0]),
        ("visible only", [0, 1, 1]),
        ("loops", [1, 1, 0]),
    ],
)
def test_where_that_is_allowed_its_own_kernel_runs_cells_and_tests(
    graded: Graded, student: str, scores: list[float]
) -> None:
    assert graded.scores(student, "p2") == scores


def test_a_kernel_of_another_language_is_interrupted(graded: Graded) -> None:
    shown = graded.shown("loops", "p2")
    assert "CellTimeoutError" in shown
    assert not any(ended in shown for ended in ("DeadKernelError", "LimitExceeded"))


def test_a_kernel_of_another_language_runs_in_the_sandbox(graded: Graded) -> None:
    assert graded.scores("looks", "p2") == [1, 1, 1]
    shown = graded.shown("looks", "p2")
    assert "Read-only file system" in shown
    assert not any(word in shown for word in ("seen", "written"))


def test_what_a_notebook_of_another_language_writes_is_kept(graded: Graded) -> None:
    assert (graded.folder / "autograded" / "looks" / "ps1" / "notes.txt").read_text() == "kept\n"


def test_record_report_and_feedback_say_that_it_is_not_isolated(graded: Graded) -> None:
    tests = [f"test_{name}" for name in SHELL]
    record = graded.record("p2")
    assert record["not_isolated"] == tests
    assert '"shell"' in json.dumps(record["kernel"])
    assert "'shell' (bash)" in graded.said
    for command, page, names in (
        ("report", "reports/ps1.html", sorted(tests)),
        ("feedback", "feedback/solves/ps1/p2.html", tests),
    ):
        autograder(graded.folder, command, "ps1")
        assert ", ".join(names) in (graded.folder / page).read_text()


DESCRIBED = {
    **{"executable": "/x/bin/python", "prefix": "/x", "folders": ["/x"], "user_base": "", "packages": []},
    **{"version": "3.12.1", "implementation": "CPython"},
}


def add_program(folder: Path, says: str) -> None:
    """Add the kernel `course`, whose Python is a program that says that, whatever it is asked."""
    program = folder / "python"
    program.write_text(f"#!/bin/sh\necho '{says}'\n")
    program.chmod(0o755)
    add_kernel(folder, "course", [str(program), "-m", "ipykernel_launcher", "-f", "{connection_file}"])


def test_an_environment_behind_a_wrapper_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path))
    python = str(other_environment() / "bin" / "python")
    wrapped = [
        "env",
        "WRAPPED=1",
        python,
        "-X",
        "frozen_modules=off",
        "-m",
        "ipykernel_launcher",
        "-f",
        "{connection_file}",
    ]
    add_kernel(tmp_path, "course", wrapped)
    found = find_kernel({"kernelspec": {"name": "course"}})
    assert (found.interpreter.prefix, found.is_own) == (str(other_environment()), False)
    assert any(package.startswith("ipykernel==") for package in found.packages)


@pytest.mark.parametrize(
    ("says", "said"),
    [
        ("no JSON", "starts no Python"),
        ("[]", "starts no Python"),
        ({"version": "3.8.18"}, r"CPython 3\.8\.18 .*3\.10 to 3\.14"),
        ({"implementation": "PyPy"}, r"PyPy 3\.12\.1 .*3\.10 to 3\.14"),
        ({}, "-m pip install ipykernel"),
    ],
)
def test_an_environment_that_can_not_be_used_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, says: str | dict[str, str], said: str
) -> None:
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path))
    add_program(tmp_path, says if isinstance(says, str) else json.dumps({**DESCRIBED, **says}))
    with pytest.raises(KernelError, match=said) as error:
        find_kernel({"kernelspec": {"name": "course"}})
    assert "'course'" in str(error.value)


def test_an_environment_that_everybody_can_change_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path))
    add_program(tmp_path, json.dumps({**DESCRIBED, "prefix": str(tmp_path), "packages": ["ipykernel==7.0"]}))
    assert find_kernel({"kernelspec": {"name": "course"}}).interpreter.version == "3.12.1"
    for folder in (tmp_path / "lib" / "python3.12" / "site-packages", tmp_path):
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o777)
        with pytest.raises(KernelError, match=f"{folder}, to which everybody"):
            find_kernel({"kernelspec": {"name": "course"}})
        folder.chmod(0o755)


def test_what_runs_in_other_environments_needs_no_newer_python_than_the_oldest() -> None:
    """Nor a name of the standard library that came later: mypy knows which are when."""
    entries = (fork_server.__name__, *fork_server.WITH_NUMPY, forking.__name__, interpreter.__name__)
    started = f"import sys, {', '.join(entries)}"
    listing = f"{started}; print(*(m.__file__ for n, m in sys.modules.items() if n.startswith('autograder')))"
    done = subprocess.run([sys.executable, "-c", listing], capture_output=True, text=True, check=True)
    package = ROOT / "autograder"
    beside = [file for name in agent.MODULES for file in [package / name, *(package / name).rglob("*.py")]]
    files = {*done.stdout.split(), *(str(file) for file in beside if file.suffix == ".py")}
    assert len(files) > 60
    version = ".".join(map(str, OLDEST))
    command = [sys.executable, "-m", "mypy", f"--python-version={version}", "--follow-imports=silent", *sorted(files)]
    checked = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stdout
