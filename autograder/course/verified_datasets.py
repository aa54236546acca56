"""Keras accepts a dataset in its cache that we decoded from a mirror and verified.

Each time Keras loads mnist.npz or a CIFAR archive from its cache, it checks the SHA-256 of the *file*, and replaces a
file that differs. A file built from a mirror holds the same arrays in other bytes. Beside such a file
`autograder.course.datasets` writes a note, `<file>.verified.json`, with the SHA-256 of that file and of its arrays.
Importing this module makes `keras.src.utils.file_utils.validate_file` also accept a file whose own SHA-256 is that
of its note, where the note's arrays are the arrays of the file that Keras asked for. Whatever else is in the cache,
Keras judges as ever.

A line in a `.pth` file (`autograder.course.datasets.startup`) imports this module at each start of Python. So it stands
outside the package `datasets`, imports little, most of it only once it is needed, and
waits for Keras instead of importing it.
"""

from __future__ import annotations  # `typing` and `collections.abc` are too slow for each start of Python

from autograder.common.import_hook import when_imported

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from os import PathLike
    from pathlib import Path
    from types import ModuleType

FILE_UTILS = "keras.src.utils.file_utils"
NOTE_SUFFIX = ".verified.json"

# SHA-256 of the official files, from keras/src/datasets/{mnist,cifar10}.py.
MNIST_NPZ = "731c5ac602752760c8e48fbffcf8c3b850d9dc2a2aedcf2cc48468fc17b673d1"
CIFAR10_ARCHIVE = "6d958be074577803d12ecdefd02955f39262c83c16fe9348329d7fe0b5c001ce"
# Official file -> SHA-256 of the arrays that Keras loads from it, as `datasets.formats.digest` has it.
ARRAYS = {
    MNIST_NPZ: "796354bf1a5bdb3f752e23f487245288f2c35b1e0bc343e07448cffbb5f56624",
    CIFAR10_ARCHIVE: "6ab674dba5564b581b045cdf74274696387f064de90c85f9d90ff615b416dcb5",
}


def note_path(file: str | PathLike[str]) -> Path:
    """The path of the note on `file`: `<file>.verified.json` beside it."""
    from pathlib import Path

    path = Path(file)
    return path.with_name(path.name + NOTE_SUFFIX)


def file_sha256(file: str | PathLike[str]) -> str:
    """SHA-256 of the bytes of `file`, in hexadecimal. Raises OSError."""
    import hashlib

    found = hashlib.sha256()
    with open(file, "rb") as opened:
        while part := opened.read(1 << 20):
            found.update(part)
    return found.hexdigest()


def is_noted(file: str | PathLike[str], file_hash: str | None, known: Mapping[str, str] = ARRAYS) -> bool:
    """Whether the note on `file` says that it holds the arrays of the official file with SHA-256 `file_hash`.

    `known` gives the SHA-256 of the arrays for that of each official file. False where there is no note, where it
    can't be read, and where it is about other bytes than `file` has now.
    """
    import json

    arrays = known.get(file_hash or "")
    if arrays is None:
        return False
    try:
        note = json.loads(note_path(file).read_text(encoding="utf-8"))
    except (OSError, ValueError):  # no note, or a broken one: Keras's own check decides
        return False
    if not isinstance(note, dict) or note.get("arrays_sha256") != arrays:
        return False
    return note.get("file_sha256") == file_sha256(file)


def accept_noted_files(file_utils: ModuleType, known: Mapping[str, str] = ARRAYS) -> None:
    """Make `validate_file` of Keras's module `file_utils` accept noted files too. See `is_noted` for `known`.

    Does nothing where that is done already, or where this version of Keras has no such function.
    """
    import functools

    original: Callable[..., bool] | None = getattr(file_utils, "validate_file", None)
    if original is None or getattr(original, "known", None) is known:
        return

    @functools.wraps(original)
    def validate_file(
        fpath: str | PathLike[str], file_hash: str, algorithm: str = "auto", chunk_size: int = 65535
    ) -> bool:
        return is_noted(fpath, file_hash, known) or original(fpath, file_hash, algorithm, chunk_size)

    validate_file.known = known  # type: ignore[attr-defined]
    file_utils.validate_file = validate_file  # type: ignore[attr-defined]


when_imported(FILE_UTILS, accept_noted_files)
