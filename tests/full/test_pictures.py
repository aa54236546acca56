"""The plots that the documentation shows are made by cells that are there, and can be made again."""

import base64

import nbformat
import pictures
import pytest
from nbclient import NotebookClient
from repository import ROOT, source

from autograder.course import sample_class

PLOTS = [(assignment, cell) for assignment, plots in pictures.PLOTS.items() for cell in plots.values()]
DOT = base64.b64encode(b"a picture").decode()


@pytest.mark.parametrize(("assignment", "cell"), PLOTS)
def test_the_cell_of_each_picture_shows_a_plot(assignment: str, cell: str) -> None:
    sources = {one.metadata.get("nbgrader", {}).get("grade_id"): one.source for one in source(assignment).cells}
    assert "plt.show()" in sources[cell]


def test_every_picture_of_the_documentation_is_shown_and_is_there() -> None:
    shown = "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "README.md", *(ROOT / "docs").glob("*.md")))
    for name in (name for plots in pictures.PLOTS.values() for name in plots):
        assert name in shown
        assert (ROOT / "docs" / name).read_bytes().startswith(b"\x89PNG")


def test_the_last_plot_of_a_cell_is_written_where_it_is_asked_for(tmp_path, monkeypatch) -> None:
    notebook = source("foundations")
    cell = next(cell for cell in notebook.cells if cell.id == "race")
    with pytest.raises(LookupError, match="'race' shows no picture"):
        pictures.last_plot(notebook, "race")
    cell.outputs = [nbformat.v4.new_output("display_data", {"image/png": DOT})]
    monkeypatch.delenv("PICTURES", raising=False)
    assert pictures.save(notebook, "foundations") == []
    monkeypatch.setenv("PICTURES", str(tmp_path))
    assert pictures.save(notebook, "foundations") == [tmp_path / "race.png"]
    assert (tmp_path / "race.png").read_bytes() == b"a picture"


def test_the_race_of_foundations(tmp_path, monkeypatch) -> None:
    """Needs no data; the other pictures are those of `test_real_data.py`."""
    notebook = sample_class.solved(ROOT, "foundations")
    last = next(number for number, cell in enumerate(notebook.cells) if cell.id == "race")
    notebook.cells = [cell for cell in notebook.cells[: last + 1] if not cell.metadata.get("nbgrader", {}).get("grade")]
    NotebookClient(notebook, timeout=300, resources={"metadata": {"path": str(tmp_path)}}).execute()
    assert pictures.last_plot(notebook, "race").startswith(b"\x89PNG")
    pictures.save(notebook, "foundations")
