"""Which of a student's files go with the notebook into the sandbox."""

import os
import stat
from collections.abc import Iterator, Sequence
from fnmatch import fnmatchcase
from pathlib import Path

from autograder.common.language import english

# A model trained elsewhere must not come as a file: the work is to train it here. Arrays (.npy, .npz) may be data.
_MODELS = frozenset(
    f".{kind}"
    for kind in (
        *("keras", "h5", "hdf5", "hdf", "weights", "pb", "pbtxt", "tflite", "ckpt"),
        *("pt", "pth", "safetensors", "onnx", "joblib", "pkl", "pickle"),
    )
)
_SAVED_MODEL = frozenset({"saved_model.pb", "saved_model.pbtxt", "keras_metadata.pb"})


def attachments(
    folder: Path, patterns: Sequence[str], *, size: int = 100_000_000, count: int = 1_000
) -> tuple[dict[str, Path], list[str]]:
    """The files of `folder` whose path in it matches a pattern (`data/*.csv`); for each that is refused a line, why.

    Regular files only, through no symbolic link, `size` bytes and `count` files in all, and no saved model.
    """
    files: dict[str, Path] = {}
    refused: list[str] = []
    total = 0
    for entry, saved_model in _walk(folder, refused):
        name = Path(entry.path).relative_to(folder).as_posix()
        if not any(fnmatchcase(name, pattern) for pattern in patterns):
            continue
        why = _why_not(entry, saved_model)
        if not why and len(files) == count:
            why = english("there are more than %(count)s files", count=f"{count:,}")
        if not why and total + entry.stat(follow_symlinks=False).st_size > size:
            why = english("the files together have more than %(size)s bytes", size=f"{size:,}")
        if why:
            refused.append(english("%(place)s: %(reason)s", place=name, reason=why))
        else:
            files[name] = Path(entry.path)
            total += entry.stat(follow_symlinks=False).st_size
    return files, refused


def _walk(folder: Path, refused: list[str]) -> Iterator[tuple["os.DirEntry[str]", bool]]:
    """All but folders below a folder, in order, each with whether it is part of a SavedModel."""
    pending = [(str(folder), False)]
    while pending:
        here, saved_model = pending.pop()
        try:
            with os.scandir(here) as found:
                entries = sorted(found, key=lambda entry: entry.name)
        except FileNotFoundError:
            continue
        except OSError as error:
            refused.append(f"{Path(here).relative_to(folder).as_posix()}: {error.strerror}")
            continue
        saved_model = saved_model or any(entry.name in _SAVED_MODEL for entry in entries)
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                pending.append((entry.path, saved_model))
            else:
                yield entry, saved_model


def _why_not(entry: "os.DirEntry[str]", saved_model: bool) -> str:
    try:
        mode = entry.stat(follow_symlinks=False).st_mode
    except OSError as error:
        return str(error.strerror)
    if stat.S_ISLNK(mode):
        return english("a symbolic link")
    if not stat.S_ISREG(mode):
        return english("not a regular file")
    if saved_model or any(suffix.lower() in _MODELS for suffix in Path(entry.name).suffixes):
        return english("a saved model")
    return "" if os.access(entry.path, os.R_OK) else english("not readable")
