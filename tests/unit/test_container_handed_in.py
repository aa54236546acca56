"""Which of the files in a folder is the notebook that was handed in, and what is said of the others."""

from pathlib import Path

import pytest

from autograder.container.submitted_notebook import NotGradable, find
from autograder.notebooks.known import KnownNotebook

KNOWN = [KnownNotebook("ps1", "p1", frozenset({"a", "b"})), KnownNotebook("ps2", "p2", frozenset({"c"}))]


def put(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("{}")


@pytest.mark.parametrize(
    ("names", "chosen"),
    [
        (("p1.ipynb", "old/p1.ipynb", "old/older/p1.ipynb"), "p1.ipynb"),
        (("hw/p1.ipynb", "hw/old/p1.ipynb", "hw/old/a/p1.ipynb"), "hw/p1.ipynb"),
        (("old/p1.ipynb", "p1 (1).ipynb"), "old/p1.ipynb"),
        (("p1.ipynb", "p1-Copy1.ipynb", "a.ipynb"), "p1.ipynb"),
    ],
)
def test_the_notebook_in_the_fewest_folders_that_has_just_the_name_counts_and_the_others_are_named(
    tmp_path: Path, names: tuple[str, ...], chosen: str
) -> None:
    put(tmp_path, *names)
    found = find(tmp_path, KNOWN)
    assert found.path == tmp_path / chosen
    assert found.known == KNOWN[0]
    assert all(name in found.remark for name in names)
    assert found.remark.startswith(chosen)


def test_nothing_is_said_of_a_notebook_that_is_alone(tmp_path: Path) -> None:
    put(tmp_path, "old/p1.ipynb", "data.csv")
    assert find(tmp_path, KNOWN).remark == ""


@pytest.mark.parametrize("names", [("a/p1.ipynb", "b/p1.ipynb", "b/c/p1.ipynb"), ("p1.ipynb", "old/p2.ipynb")])
def test_where_it_cant_be_told_which_counts_none_is_taken(tmp_path: Path, names: tuple[str, ...]) -> None:
    put(tmp_path, *names)
    with pytest.raises(NotGradable, match="is not clear"):
        find(tmp_path, KNOWN)


@pytest.mark.parametrize(
    ("names", "chosen"),
    [
        (("p1.ipynb", "p1-Copy1.ipynb"), "p1-Copy1.ipynb"),
        (("p1.ipynb", "old/p1.ipynb"), "old/p1.ipynb"),
    ],
)
def test_a_released_notebook_counts_only_where_it_is_alone(tmp_path: Path, names: tuple[str, ...], chosen: str) -> None:
    put(tmp_path, *names)
    found = find(tmp_path, KNOWN[:1], lambda path: path == tmp_path / "p1.ipynb")
    assert found.path == tmp_path / chosen
    assert found.remark.endswith("there is no work of yours in p1.ipynb.")
    (tmp_path / chosen).unlink()
    assert find(tmp_path, KNOWN, lambda path: True).path == tmp_path / "p1.ipynb"


def test_a_notebook_without_points_is_told_so_and_not_run(tmp_path: Path) -> None:
    known = [*KNOWN, KnownNotebook("show", "gallery", frozenset({"g"}), graded=False)]
    put(tmp_path, "gallery.ipynb")
    with pytest.raises(NotGradable, match=r"Nothing in gallery\.ipynb is graded"):
        find(tmp_path, known)
    (tmp_path / "gallery.ipynb").unlink()
    with pytest.raises(NotGradable, match=r"Submit p1\.ipynb or p2\.ipynb\."):
        find(tmp_path, known)
