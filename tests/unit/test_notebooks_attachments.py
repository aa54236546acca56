"""Which of a student's files go with the notebook."""

import os
from pathlib import Path

import pytest

from autograder.notebooks.attachments import attachments


def fill(folder: Path, *names: str) -> Path:
    """Files that hold their own names."""
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(name)
    return folder


def test_files_that_match_are_taken(tmp_path: Path) -> None:
    folder = fill(tmp_path, "helper.py", "data/a.csv", "data/b.txt", "notes.md")
    files, refused = attachments(folder, ["*.py", "data/*.csv"])
    assert files == {"helper.py": folder / "helper.py", "data/a.csv": folder / "data/a.csv"}
    assert refused == []


def test_links_are_refused(tmp_path: Path) -> None:
    outside = fill(tmp_path / "outside", "secret.py")
    folder = fill(tmp_path / "hers", "own.py")
    (folder / "link.py").symlink_to(outside / "secret.py")
    (folder / "folder").symlink_to(outside)
    files, refused = attachments(folder, ["*"])
    assert list(files) == ["own.py"]
    assert refused == ["folder: a symbolic link", "link.py: a symbolic link"]


def test_pipes_and_sockets_are_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.csv")
    assert attachments(tmp_path, ["*.csv"]) == ({}, ["pipe.csv: not a regular file"])


@pytest.mark.parametrize(
    "name",
    [
        *("model.keras", "model.H5", "m.weights.h5", "m.hdf5", "net.pt", "net.pth", "m.tflite", "m.onnx", "m.pkl"),
        *("ckpt/x.ckpt.index", "x.ckpt.data-00000-of-00001", "saved/saved_model.pb", "model.keras.zip"),
    ],
)
def test_saved_models_are_refused(tmp_path: Path, name: str) -> None:
    assert attachments(fill(tmp_path, name), ["*"]) == ({}, [f"{name}: a saved model"])


def test_all_of_a_saved_models_folder_is_refused(tmp_path: Path) -> None:
    folder = fill(tmp_path, "m/saved_model.pb", "m/variables/variables.index", "m/assets/words.txt", "words.txt")
    files, refused = attachments(folder, ["*"])
    assert list(files) == ["words.txt"]
    assert len(refused) == 3


def test_arrays_are_data(tmp_path: Path) -> None:
    assert list(attachments(fill(tmp_path, "x.npy", "x.npz"), ["*"])[0]) == ["x.npy", "x.npz"]


def test_the_size_of_all_is_limited(tmp_path: Path) -> None:
    for name in ("a.csv", "b.csv", "c.csv"):
        (tmp_path / name).write_bytes(b"x" * (600 if name != "c.csv" else 100))
    files, refused = attachments(tmp_path, ["*"], size=1000)
    assert list(files) == ["a.csv", "c.csv"]
    assert refused == ["b.csv: the files together have more than 1,000 bytes"]


def test_the_number_of_files_is_limited(tmp_path: Path) -> None:
    files, refused = attachments(fill(tmp_path, "a", "b", "c"), ["*"], count=2)
    assert (list(files), refused) == (["a", "b"], ["c: there are more than 2 files"])


def test_a_folder_that_is_not_there_has_no_files(tmp_path: Path) -> None:
    assert attachments(tmp_path / "none", ["*"]) == ({}, [])
