"""The build and its gates; each gate is shown to fail on a planted fault."""

import copy
import os
import subprocess
import sys
from io import BytesIO
from pathlib import Path

import gates
import nbformat
import pytest
from babel.messages.pofile import read_po
from repository import ASSIGNMENTS, GRADED, ROOT, UNGRADED, copy_course, release, source

from autograder.course import build


@pytest.fixture(scope="module")
def rebuilt(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = copy_course(tmp_path_factory.mktemp("rebuilt"), "solutions", "locale")
    subprocess.run([sys.executable, "-m", "autograder", "build"], cwd=folder, check=True)
    return folder


def test_the_assignments_are_there_in_the_order_of_the_course() -> None:
    assert ASSIGNMENTS == ["foundations", "mnist", "fashion_mnist", "cifar", "gallery"]


@pytest.mark.parametrize("assignment", ASSIGNMENTS)
def test_something_is_graded_in_each_but_the_gallery(assignment: str) -> None:
    marks = [cell.metadata.get("nbgrader", {}) for cell in source(assignment).cells]
    assert any(mark.get("grade") or mark.get("task") for mark in marks) is (assignment not in UNGRADED)


def test_rebuilt_equals_committed_byte_for_byte(rebuilt: Path) -> None:
    assert gates.differing_files(ROOT, rebuilt) == []


def test_a_changed_and_a_superfluous_file_are_found(rebuilt: Path, tmp_path: Path) -> None:
    other = copy_course(tmp_path / "other", "source", "release", "ru")
    path = other / "release" / "mnist" / "mnist.ipynb"
    path.write_bytes(path.read_bytes().replace(b"digits", b"digit5", 1))
    (other / "source" / "mnist" / "notes.txt").write_text("left over")
    assert gates.differing_files(other, rebuilt) == ["release/mnist/mnist.ipynb", "source/mnist/notes.txt"]


@pytest.mark.parametrize("assignment", ASSIGNMENTS)
def test_a_notebook_comes_back_unchanged_through_its_text(assignment: str) -> None:
    notebook = build.notebook_from_text((ROOT / "solutions" / f"{assignment}.py").read_text(encoding="utf-8"))
    assert build.notebook_from_text(build.text_from_notebook(notebook)) == notebook


@pytest.mark.parametrize("assignment", ASSIGNMENTS)
@pytest.mark.parametrize("read", [source, release])
def test_notebooks_have_no_outputs_and_unique_ids_and_parse(assignment: str, read) -> None:
    notebook = read(assignment)
    assert gates.outputs(notebook) == []
    assert gates.repeated_ids(notebook) == []
    assert gates.unparsable(notebook) == []


def test_a_planted_output_id_and_syntax_error_are_found() -> None:
    notebook = copy.deepcopy(release("mnist"))
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    code[0].outputs = [nbformat.v4.new_output("stream", text="hello")]
    code[1].execution_count = 3
    code[2].source = "def broken(:"
    code[4].id = code[3].id
    code[4].metadata.nbgrader.grade_id = code[3].metadata.nbgrader.grade_id
    assert gates.outputs(notebook) == [code[0].id, code[1].id]
    assert [fault.split(":")[0] for fault in gates.unparsable(notebook)] == [code[2].id]
    assert gates.repeated_ids(notebook) == [code[3].id, code[3].metadata.nbgrader.grade_id]


@pytest.mark.parametrize("assignment", GRADED)
def test_no_released_file_holds_a_solution_or_hidden_test(assignment: str) -> None:
    assert len(gates.secrets(source(assignment), 16)) > 10
    for path in (ROOT / "release").rglob("*"):
        if path.is_file():
            # Another assignment may have a short line of its own that is the same.
            shortest = 16 if assignment in path.parts else 40
            assert gates.leaks(source(assignment), path.read_text(encoding="utf-8"), shortest) == [], path


def test_a_planted_solution_is_found_even_without_its_delimiters() -> None:
    notebook = copy.deepcopy(release("mnist"))
    assert gates.leaks(source("mnist"), nbformat.writes(notebook)) == []
    notebook.cells[-1].source += '\n    return np.expand_dims(images.astype("float32") / 255.0, axis=-1)'
    assert len(gates.leaks(source("mnist"), nbformat.writes(notebook))) == 1
    assert gates.leaks(source("mnist"), nbformat.writes(source("mnist")))[:2] == [
        "BEGIN SOLUTION",
        "BEGIN HIDDEN",
    ]


def test_points_add_up_to_the_readmes() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert gates.points_in_readme(readme) == {name: gates.points(source(name)) for name in ASSIGNMENTS}


@pytest.mark.parametrize("assignment", ASSIGNMENTS)
def test_points_in_headings_are_those_of_the_cells(assignment: str) -> None:
    assert gates.misnumbered(source(assignment)) == []


def test_a_planted_point_is_found_in_heading_and_readme() -> None:
    notebook = source("mnist")
    graded = next(cell for cell in notebook.cells if cell.metadata.get("nbgrader", {}).get("grade"))
    before = gates.points(notebook)
    graded.metadata.nbgrader.points += 1
    assert len(gates.misnumbered(notebook)) == 1
    assert gates.points_in_readme(
        "\n\n| assignment | what a student does |\n|---|---|\n| `mnist` | words | 60 |\n\n"
    ) == {"mnist": before}
    assert before != gates.points(notebook)


@pytest.mark.parametrize("assignment", GRADED)
def test_setup_helpers_are_the_same_everywhere(assignment: str) -> None:
    cells = {cell.id: cell.source for cell in source(assignment).cells}
    assert cells["expect"] == {cell.id: cell.source for cell in source("mnist").cells}["expect"]


def test_what_is_the_same_in_two_notebooks_is_translated_alike() -> None:
    folder = ROOT / "locale" / "ru" / "LC_MESSAGES"
    catalogues = [read_po(BytesIO((folder / f"{assignment}.po").read_bytes())) for assignment in ASSIGNMENTS]
    assert gates.translated_differently(catalogues) == []
    same = catalogues[2].get("the same training twice gives the same network", "setup")
    same.string = "сеть та же"
    assert gates.translated_differently(catalogues) == [same.id]


def test_two_cells_with_one_grade_id_are_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / "solutions").mkdir()
    cell = '# %% nbgrader={"grade_id": "twice", "locked": true}\nx = 1\n\n'
    (tmp_path / "solutions" / "a.py").write_text(cell * 2)
    with pytest.raises(build.CourseError, match="two cells are called 'twice'"):
        build.build_source(tmp_path, "a")


def test_an_unknown_assignment_is_refused_with_the_known_ones() -> None:
    with pytest.raises(build.CourseError, match=r"'mnits'.*there are \['foundations', 'mnist'"):
        build.build_source(ROOT, "mnits")


def test_an_edit_in_source_comes_back_into_solutions(tmp_path: Path) -> None:
    folder = copy_course(tmp_path / "course", "solutions", "source")
    assert build.unbuild(folder, "mnist") is False
    path = folder / "source" / "mnist" / "mnist.ipynb"
    notebook = nbformat.read(path, as_version=4)
    notebook.cells[0].source += "\n\nOne more sentence."
    # What JupyterLab leaves behind when an instructor has run and saved the notebook:
    notebook.cells[1].execution_count = 1
    notebook.cells[1].outputs = [nbformat.v4.new_output("stream", text="noise")]
    notebook.cells[1].metadata["collapsed"] = True
    nbformat.write(notebook, path)
    assert build.unbuild(folder, "mnist") is True
    before = (ROOT / "solutions" / "mnist.py").read_text(encoding="utf-8")
    after = (folder / "solutions" / "mnist.py").read_text(encoding="utf-8")
    assert set(after.splitlines()) - set(before.splitlines()) == {"# One more sentence."}
    build.build_source(folder, "mnist")
    assert gates.outputs(nbformat.read(path, as_version=4)) == []


def test_a_build_does_not_discard_an_edit_in_source(tmp_path: Path) -> None:
    folder = copy_course(tmp_path / "course", "solutions", "source")
    path = folder / "source" / "mnist" / "mnist.ipynb"
    path.write_text(path.read_text().replace("Homework 2", "Homework II"))
    os.utime(folder / "solutions" / "mnist.py", (0, 0))
    with pytest.raises(build.CourseError, match="autograder unbuild mnist` keeps the edit"):
        build.build_source(folder, "mnist")
    assert "Homework II" in path.read_text()
    build.build_source(folder, "mnist", force=True)
    assert "Homework II" not in path.read_text()


def test_a_command_outside_of_a_course_says_so(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "autograder", "build"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "run this in the course folder" in done.stderr


def test_unbuild_says_what_it_rewrote(tmp_path: Path) -> None:
    folder = copy_course(tmp_path / "course", "solutions", "source")
    command = [sys.executable, "-m", "autograder", "unbuild", "foundations"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True)
    assert "solutions/foundations.py: unchanged" in done.stdout
