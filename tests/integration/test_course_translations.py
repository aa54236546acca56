"""Notebooks in two languages: how they are built, and that a course takes either."""

import ast
import os
import re
import shutil
from pathlib import Path

import gates
import launch
import nbformat
import pytest
from matplotlib.font_manager import FontProperties, findfont, get_font
from nbclient import NotebookClient
from nbformat import NotebookNode
from repository import ASSIGNMENTS, GRADED, ROOT, release
from tiny_course import cell_of
from translated_course import RUSSIAN, TEXT, make, translate

from autograder.cli.build import BuildApp, UnbuildApp
from autograder.cli.translations import TranslationsApp
from autograder.course import build
from autograder.notebooks.mending import Mend, mend
from autograder.notebooks.released import Released


def read(path: Path) -> NotebookNode:
    return nbformat.read(path, as_version=4)


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A course with the assignment `sums`, built in English; a translation is there, too."""
    folder, before = make(tmp_path_factory.mktemp("built")), os.environ["PATH"]
    launch.launch(BuildApp, folder)
    assert os.environ["PATH"] == before  # nbgrader changes it on the way
    return folder


@pytest.fixture
def course(built: Path, tmp_path: Path) -> Path:
    return shutil.copytree(built, tmp_path / "course")


def sources(folder: Path, *parts: str) -> list[str]:
    return [cell.source for cell in read(folder.joinpath(*parts, "sums", "sums.ipynb")).cells]


def test_a_complete_translation_is_released_beside_the_english_notebook(built: Path) -> None:
    english, russian = (read(built.joinpath(*top, "sums", "sums.ipynb")) for top in (["release"], ["ru", "release"]))
    assert [cell.metadata.get("nbgrader", {}).get("grade_id") for cell in english.cells] == [
        cell.metadata.get("nbgrader", {}).get("grade_id") for cell in russian.cells
    ]
    assert gates.points(english) == gates.points(russian) == 2
    assert cell_of(russian, "total").source == (
        'def total(numbers):\n    """Сложить `numbers`.\n\n    Возвращает сумму.\n    """\n'
        '    raise NotImplementedError\n\n\nanswer_size = "too small"'
    )
    assert "**складывает** числа\N{NO-BREAK SPACE}— пишут" in russian.cells[1].source
    assert "HIDDEN" not in cell_of(russian, "test_total").source
    assert "трёх чисел" not in str(russian)
    assert russian.metadata["autograder"] == {"language": "ru"}
    assert "autograder" not in english.metadata
    assert sorted(path.name for path in built.iterdir() if path.is_dir()) == sorted(
        [".autograder", "locale", "release", "ru", "solutions", "source"]
    )


def test_a_build_leaves_out_a_translation_that_is_not_complete(course: Path) -> None:
    shutil.rmtree(course / "ru")
    translate(course, {"Sums": ""})
    said = launch.launch(BuildApp, course)
    assert "In 'ru', 1 text not translated yet." in said
    assert not (course / "ru").exists()
    said = launch.launch(BuildApp, course, "--language", "ru", code=1)
    assert "sums.po: 1 text not translated" in " ".join(said.split())
    assert sources(course, "source")[0].startswith("# Sums")


def test_a_translation_with_a_fault_stops_the_build(course: Path) -> None:
    translate(course, {"Sums": "Суммa"})
    said = launch.launch(BuildApp, course, code=1)
    assert re.search(r"sums\.po:\d+: Latin letters in Cyrillic words: Суммa", said)
    said = launch.launch(TranslationsApp, course, code=1)
    assert re.search(r"sums\.po:\d+: Latin letters in Cyrillic words: Суммa", said)


def test_a_course_in_russian_is_built_and_goes_back_to_english(course: Path) -> None:
    with (course / "nbgrader_config.py").open("a", encoding="utf-8") as config:
        config.write('c.Course.language = "ru"\n')
    launch.launch(BuildApp, course)
    assert sources(course, "source")[0].startswith("# Суммы")
    assert "### BEGIN HIDDEN TESTS" in sources(course, "source")[-2]
    assert sources(course, "release")[1:] == sources(course, "ru", "release")[1:]
    said = launch.launch(UnbuildApp, course, code=1)
    assert "edit solutions/sums.py or locale/ru/" in " ".join(said.split())
    launch.launch(BuildApp, course, "--language", "en")
    assert sources(course, "source")[0].startswith("# Sums")


def test_a_build_does_not_discard_an_edit_in_a_russian_source(course: Path) -> None:
    launch.launch(BuildApp, course, "--language", "ru")
    path = course / "source" / "sums" / "sums.ipynb"
    path.write_text(path.read_text(encoding="utf-8").replace("Суммы", "Все суммы"), encoding="utf-8")
    for language in ("ru", "en"):
        with pytest.raises(build.CourseError, match=r"was edited after .*sums\.po: `autograder build --force sums`"):
            build.build_source(course, "sums", language=language)


def test_a_changed_text_is_doubtful_a_new_one_is_missing_and_one_that_is_gone_is_kept_aside(tmp_path: Path) -> None:
    make(tmp_path)
    text = TEXT.replace("Both sums are right.", "All of the sums are right.").replace("# Sums\n", "# Averages\n")
    (tmp_path / "solutions" / "sums.py").write_text(text, encoding="utf-8")
    (edition,) = build.editions(tmp_path, "sums")
    assert {(message.id, message.string, message.fuzzy) for message in edition.missing} == {
        ("All of the sums are right.", "Обе суммы верны.", True),
        ("Averages", "", False),
    }
    assert [message.id for message in edition.catalogue.obsolete.values()] == ["Sums"]
    assert translate(tmp_path, RUSSIAN).missing == edition.missing  # fuzzy, until a translator says otherwise


@pytest.mark.parametrize(("handed_in", "graded_by"), [("ru/release", "release"), ("release", "ru/release")])
def test_a_notebook_in_the_other_language_is_told_once_and_nothing_in_it_is_mended(
    handed_in: str, graded_by: str
) -> None:
    name = "foundations"
    raw = (ROOT / handed_in / name / f"{name}.ipynb").read_bytes()
    version = Released(name, name, ROOT / graded_by / name / f"{name}.ipynb").version
    (told,) = mend(raw, version).mends
    assert told == Mend(
        "notebook",
        told.what,
        "Your notebook is from another release of this assignment, such as one in another language; it was graded as "
        "the assignment is now.",
        repairs=False,
    )
    assert re.fullmatch(
        r"of another release, as in another language: the text of \d\d given cells is not today's", told.what
    )


@pytest.fixture(scope="module")
def run() -> NotebookNode:
    """The Russian `foundations` with its solutions, as it ran in a kernel."""
    (edition,) = (edition for edition in build.editions(ROOT, "foundations") if edition.language == "ru")
    notebook = build.translation(edition)
    NotebookClient(notebook, timeout=300, kernel_name="python3").execute()
    return notebook


def outputs(notebook: NotebookNode) -> list[str]:
    return [str(o.get("text", "")) for cell in notebook.cells for o in cell.get("outputs", []) if "text" in o]


def test_plots_with_cyrillic_labels_lack_no_glyph(run: NotebookNode) -> None:
    pictures = [o for cell in run.cells for o in cell.get("outputs", []) if "image/png" in o.get("data", {})]
    assert len(pictures) == 7
    assert [text for text in outputs(run) if "lyph" in text or "Warning" in text] == []


@pytest.mark.parametrize("assignment", GRADED)
def test_each_character_of_a_russian_notebooks_strings_has_a_glyph_in_the_font_of_plots(assignment: str) -> None:
    (edition,) = (edition for edition in build.editions(ROOT, assignment) if edition.language == "ru")
    font = get_font(findfont(FontProperties()))
    codes = [ast.parse(cell.source) for cell in edition.translated().cells if cell.cell_type == "code"]
    strings = [node.value for code in codes for node in ast.walk(code) if isinstance(node, ast.Constant)]
    characters = set("".join(text for text in strings if isinstance(text, str)))
    assert set("авеийклмнопрстуы") <= characters  # it is the Russian text
    assert [character for character in sorted(characters - {"\n"}) if not font.get_char_index(ord(character))] == []


def test_the_outputs_of_the_russian_notebook_are_in_russian(run: NotebookNode) -> None:
    said = "\n".join(outputs(run))
    assert "наибольш" in said
    assert re.findall(r"\b(?:the|of|is|and|are|with|not)\b", said) == []


@pytest.mark.parametrize("assignment", ASSIGNMENTS)
def test_the_committed_russian_release_has_the_cells_of_the_english_one(assignment: str) -> None:
    english, russian = release(assignment), read(ROOT / "ru" / "release" / assignment / f"{assignment}.ipynb")
    assert [(cell.id, cell.cell_type, cell.metadata.get("nbgrader", {}).get("points")) for cell in english.cells] == [
        (cell.id, cell.cell_type, cell.metadata.get("nbgrader", {}).get("points")) for cell in russian.cells
    ]
    assert gates.outputs(russian) == []
    assert gates.unparsable(russian) == []
