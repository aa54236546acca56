"""Each released notebook runs as it is with nothing but what Colab has, and nothing beside it.

Not Google's own Colab, which no test reaches: a kernel that can't import anything else; and, marked slow, an
environment made of the releases that Colab has.
"""

import functools
import json
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import gates
import nbformat
import pytest
from nbclient import NotebookClient
from nbformat import NotebookNode
from repository import ASSIGNMENTS, GRADED, ROOT, SMALL_DATA

from autograder.course import sample_class
from autograder.notebooks.cell_text import bound_names

KERNEL = (sys.executable, str(ROOT / "tests" / "support" / "colab_kernel.py"), "ipykernel_launcher")
# By Colab's announcements; the last two have not changed for years.
COLAB = "tensorflow==2.19.* keras==3.10.* numpy==2.0.* matplotlib==3.10.* ipykernel==6.17.* ipython==7.34.*".split()
ELSEWHERE = ("nbgrader", "autograder", "jupytext", "pandas")  # modules of the environment of the tests

FEW = {"SMALL_DIGITS": "1500", "SMALL_PHOTOS": "1000"}  # images, as what is learned from them is not looked at

Error = tuple[NotebookNode, str, str]  # the cell, the exception's name, its text


def run(folder: Path, command: tuple[str, ...], *notebooks: NotebookNode) -> list[Path]:
    """Run notebooks one after another in a kernel started by `command`, each with no variables yet.

    The folder they run in is empty at first, and so is the home. Returns the files that they left there.
    """
    work = folder / "work"
    kernel = folder / "jupyter" / "kernels" / "colab"
    for made in (work, kernel, folder / "home"):
        made.mkdir(parents=True)
    argv = [*command, "-f", "{connection_file}"]
    (kernel / "kernel.json").write_text(json.dumps({"argv": argv, "display_name": "Colab", "language": "python"}))
    client = NotebookClient(nbformat.v4.new_notebook(), kernel_name="colab", timeout=1800, allow_errors=True)
    client.resources = {"metadata": {"path": str(work)}}
    environment = {"PATH": "/usr/bin:/bin", "HOME": str(folder / "home"), "LANG": "C.UTF-8"} | SMALL_DATA | FEW
    if command == KERNEL:
        del environment["PYTHONPATH"]  # it makes the data small itself, later
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("JUPYTER_PATH", str(folder / "jupyter"))
        with client.setup_kernel(env=environment):
            for notebook in notebooks:
                forget = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("%reset -f")])
                for client.nb in (forget, notebook):
                    for number, cell in enumerate(client.nb.cells):
                        client.execute_cell(cell, number)  # does nothing to text
    return sorted(path.relative_to(work) for path in work.rglob("*"))


def errors(notebook: NotebookNode) -> list[Error]:
    return [
        (cell, output.ename, output.evalue)
        for cell in notebook.cells
        for output in cell.get("outputs", [])
        if output.output_type == "error"
    ]


def unexpected(assignment: str, notebook: NotebookNode) -> list[str]:
    """Errors of a released notebook that don't come of its exercises being unsolved."""
    source = nbformat.read(ROOT / "source" / assignment / f"{assignment}.ipynb", as_version=4)
    reference = {cell.id: cell.source for cell in source.cells}
    unbound: set[str] = set()  # names that the cells which failed would have bound
    found = []
    for cell, name, text in errors(notebook):
        missing = re.search(r"name '(\w+)' is not defined", text)
        excused = name == "NotImplementedError" or (name == "NameError" and missing and missing[1] in unbound)
        tests = bool(cell.metadata.get("nbgrader", {}).get("grade"))
        if not excused and not (tests and name in ("AssertionError", "WrongAnswer")):
            found.append(f"{cell.id}: {name}: {text}")
        unbound |= bound_names(reference[cell.id])
    return found


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("colab")


@dataclass(frozen=True)
class Ran:
    """Notebooks that ran where only Colab's packages are, and the files that they left."""

    imports: NotebookNode
    released: NotebookNode
    solved: NotebookNode  # with QUICK = True
    files: list[Path]


@functools.cache
def ran(base: Path, assignment: str) -> Ran:
    imports = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(f"import {name}") for name in ELSEWHERE])
    released = sample_class.released(ROOT, assignment)
    solved = sample_class.quick(sample_class.solved(ROOT, assignment), assignment)
    both = (released, solved) if assignment in GRADED else (solved,)  # the gallery has nothing to solve
    return Ran(imports, released, solved, run(base / assignment, KERNEL, imports, *both))


@pytest.mark.parametrize("assignment", ASSIGNMENTS)
def test_a_released_notebook_is_alone_in_its_folder(assignment: str) -> None:
    assert [path.name for path in (ROOT / "release" / assignment).iterdir()] == [f"{assignment}.ipynb"]


@pytest.mark.parametrize("assignment", GRADED)
def test_a_released_notebook_fails_by_its_unsolved_exercises_alone(base: Path, assignment: str) -> None:
    released = ran(base, assignment).released
    assert unexpected(assignment, released) == []
    assert gates.first_error(released) == "NotImplementedError"


@pytest.mark.parametrize("assignment", ASSIGNMENTS)
def test_a_solved_notebook_runs_to_its_end(base: Path, assignment: str) -> None:
    solved, files = ran(base, assignment).solved, ran(base, assignment).files
    assert [(cell.id, name, text) for cell, name, text in errors(solved)] == []
    assert [cell.id for cell in solved.cells if cell.cell_type == "code" and cell.execution_count is None] == []
    assert files == ([] if assignment in {"foundations", "gallery"} else [Path(f"{assignment}.keras")])


def test_what_colab_need_not_have_is_not_there(base: Path) -> None:
    assert [name for _, name, _ in errors(ran(base, "foundations").imports)] == ["ModuleNotFoundError"] * len(ELSEWHERE)


def test_an_error_of_another_kind_is_found() -> None:
    notebook = sample_class.released(ROOT, "mnist")
    cells = {cell.id: cell for cell in notebook.cells}
    for cell, name, text in (
        ("setup", "ModuleNotFoundError", "No module named 'pandas'"),
        ("prepare", "NotImplementedError", ""),
        ("summary", "NameError", "name 'input_shape' is not defined"),
        ("evaluate", "NameError", "name 'nothing' is not defined"),
    ):
        cells[cell].outputs = [nbformat.v4.new_output("error", ename=name, evalue=text, traceback=[])]
    assert unexpected("mnist", notebook) == [
        "setup: ModuleNotFoundError: No module named 'pandas'",
        "evaluate: NameError: name 'nothing' is not defined",
    ]


@pytest.fixture(scope="session")
def installed(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, ...]:
    """The kernel of a new environment with Colab's releases."""
    folder = tmp_path_factory.mktemp("environment")
    subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
    python = str(folder / "bin" / "python")
    subprocess.run([python, "-m", "pip", "install", "--quiet", *COLAB], check=True)
    return python, "-m", "ipykernel_launcher"


@pytest.mark.network
@pytest.mark.parametrize("assignment", ASSIGNMENTS)
def test_it_runs_with_the_releases_that_colab_has(installed: tuple[str, ...], tmp_path: Path, assignment: str) -> None:
    released, solved = sample_class.released(ROOT, assignment), sample_class.solved(ROOT, assignment)
    run(tmp_path, installed, *((released, solved) if assignment in GRADED else (solved,)))
    assert unexpected(assignment, released) == []
    assert [(cell.id, name, text) for cell, name, text in errors(solved)] == []
