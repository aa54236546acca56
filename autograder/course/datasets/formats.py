"""The formats of the datasets: idx, PNG sheets and pickled batches are read, Keras's cache formats are written.

`digest` is the SHA-256 that says which arrays these are, whatever file they came from.
"""

import gzip
import hashlib
import io
import json
import os
import pickle
import shutil
import tarfile
import zipfile
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from autograder.common.errors import AutograderError

Bytes = npt.NDArray[np.uint8]
IDX_FILES = ("train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte")
BATCHES = (*(f"data_batch_{number}" for number in range(1, 6)), "test_batch")


class FormatError(AutograderError):
    """A file doesn't hold what it should; the message names it, what was expected and what was received."""


class Arrays(NamedTuple):
    """What `keras.datasets.….load_data()` returns, uint8.

    MNIST and its kin: n images (n, 28, 28), labels (n,). CIFAR: n images (n, 32, 32, 3), labels (n, 1).
    """

    x_train: Bytes
    y_train: Bytes
    x_test: Bytes
    y_test: Bytes


def digest(arrays: Arrays) -> str:
    """SHA-256 over the arrays in order: of each one the line `name dtype shape`, then its bytes in C order."""
    total = hashlib.sha256()
    for name, array in arrays._asdict().items():
        total.update(f"{name} {array.dtype.name} {array.shape}\n".encode())
        total.update(np.ascontiguousarray(array).data)
    return total.hexdigest()


def read_idx(path: Path) -> Bytes:
    """The uint8 array in the idx file `path`, which may be gzipped.

    The format: two zero bytes, the type 8 (uint8), the number of dimensions, each of them as a big-endian 32-bit
    integer, then the bytes (http://yann.lecun.com/exdb/mnist/). Raises FormatError.
    """
    data = path.read_bytes()
    if data[:2] == b"\x1f\x8b":
        try:
            data = gzip.decompress(data)
        except (OSError, EOFError, zlib.error) as error:
            raise FormatError(f"{path}: expected a gzip file, received: {error}") from error
    if len(data) < 4 or data[:3] != b"\0\0\x08" or len(data) < 4 + 4 * data[3]:
        raise FormatError(f"{path}: expected an idx file of uint8, received the first bytes {data[:4].hex(' ')!r}")
    start = 4 + 4 * data[3]
    shape = tuple(int(n) for n in np.frombuffer(data[4:start], dtype=">u4"))
    if len(data) - start != np.prod(shape, dtype=int):
        raise FormatError(f"{path}: expected {shape} bytes after its header, received {len(data) - start}")
    return np.frombuffer(data, np.uint8, offset=start).reshape(shape)


def read_png_sheet(path: Path) -> Bytes:
    """The images (n, 32, 32, 3) of a PNG sheet: an image a row, its 1024 pixels from top left. Raises FormatError."""
    from PIL import Image, UnidentifiedImageError  # of the extra `keras`

    try:
        with Image.open(path) as image:
            if image.mode != "RGB" or image.width != 32 * 32:
                expected = f"{path}: expected RGB pixels, 1024 a row"
                raise FormatError(f"{expected}; received {image.mode}, {image.width} a row")
            return np.asarray(image, dtype=np.uint8).reshape(image.height, 32, 32, 3)
    except (UnidentifiedImageError, OSError, SyntaxError, zlib.error) as error:  # SyntaxError: Pillow on broken chunks
        raise FormatError(f"{path}: expected a PNG sheet, received: {error}") from error


def _read_labels(path: Path) -> Bytes:
    """The labels (n, 1) in a JSON list of integers. Raises FormatError."""
    try:
        return np.array(json.loads(path.read_bytes()), dtype=np.uint8).reshape(-1, 1)
    except (ValueError, TypeError, OverflowError) as error:
        raise FormatError(f"{path}: expected a JSON list of integers from 0 to 255, received: {error}") from error


class _BatchUnpickler(pickle.Unpickler):
    """Builds NumPy arrays and plain containers, nothing else, whatever a pickle asks for."""

    def find_class(self, module: str, name: str) -> Any:
        allowed = {("numpy", "ndarray"), ("numpy", "dtype")}
        allowed |= {(f"numpy.{core}.multiarray", "_reconstruct") for core in ("core", "_core")}
        if (module, name) not in allowed:
            raise pickle.UnpicklingError(f"it asks for {module}.{name}")
        return super().find_class(module, name)


def _read_batch(archive: tarfile.TarFile, member: str, labels: bytes = b"labels") -> tuple[Bytes, Bytes]:
    """The images (n, 32, 32, 3) and labels (n, 1) of one pickled batch in a CIFAR archive."""
    opened = archive.extractfile(member)
    if opened is None:
        raise FormatError(f"expected {member} to be a file")
    batch = _BatchUnpickler(io.BytesIO(opened.read()), encoding="bytes").load()
    pixels = np.asarray(batch[b"data"], dtype=np.uint8).reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1)
    return pixels, np.array(batch[labels], dtype=np.uint8).reshape(-1, 1)


def _read_archive(path: Path, train: Sequence[str], test: str, labels: bytes) -> Arrays:
    try:
        with tarfile.open(path) as archive:
            parts = [_read_batch(archive, member, labels) for member in (*train, test)]
    except (tarfile.TarError, pickle.UnpicklingError, zlib.error, OSError) as error:
        raise FormatError(f"{path}: expected a CIFAR archive, received: {error}") from error
    except (EOFError, LookupError, AttributeError, TypeError, ValueError, FormatError) as error:
        raise FormatError(f"{path}: expected Python's CIFAR batches in it, received: {error!r}") from error
    *images, x_test = (pixels for pixels, _ in parts)
    *classes, y_test = (numbers for _, numbers in parts)
    return Arrays(np.concatenate(images), np.concatenate(classes), x_test, y_test)


def read_mnist(files: Sequence[Path]) -> Arrays:
    """The arrays in Keras's mnist.npz, the one file of `files`. Raises FormatError."""
    try:
        with np.load(files[0], allow_pickle=False) as opened:
            return Arrays(*(opened[name] for name in Arrays._fields))
    except (zipfile.BadZipFile, zlib.error, OSError, EOFError, ValueError, KeyError, TypeError) as error:
        raise FormatError(f"{files[0]}: expected a .npz of {', '.join(Arrays._fields)}, received: {error}") from error


def read_fashion_mnist(files: Sequence[Path]) -> Arrays:
    """The arrays in Fashion-MNIST's four gzipped idx files, in the order of IDX_FILES. Raises FormatError."""
    return Arrays(*(read_idx(path) for path in files))


def read_cifar10(files: Sequence[Path]) -> Arrays:
    """The arrays in CIFAR-10's Python archive, the one file of `files`. Raises FormatError."""
    *train, test = (f"cifar-10-batches-py/{batch}" for batch in BATCHES)
    return _read_archive(files[0], train, test, b"labels")


def read_cifar100(files: Sequence[Path]) -> Arrays:
    """The arrays, with the 100 fine labels, in CIFAR-100's Python archive, the one of `files`. Raises FormatError."""
    return _read_archive(files[0], ["cifar-100-python/train"], "cifar-100-python/test", b"fine_labels")


def stage_mnist(folder: Path, files: Sequence[Path]) -> None:
    """Write Keras's mnist.npz, the one file of `files`, from the idx files in `folder`. Raises FormatError."""
    arrays = Arrays(*(read_idx(folder / name) for name in IDX_FILES))
    np.savez(files[0], **arrays._asdict())  # uncompressed: loads in two thirds of the time


def stage_fashion_mnist(folder: Path, files: Sequence[Path]) -> None:
    """Copy the gzipped idx files of `folder` to `files`: they are in Keras's own format. Raises FormatError."""
    for name, path in zip(IDX_FILES, files, strict=True):
        source = folder / f"{name}.gz"
        if not source.is_file():
            raise FormatError(f"{source}: expected this file, received a package without it")
        shutil.copyfile(source, path)


def stage_cifar10(folder: Path, files: Sequence[Path]) -> None:
    """Write CIFAR-10's Python archive, the one file of `files`, from the PNG sheets in `folder`. Raises FormatError.

    The tar is uncompressed, for Keras unpacks it at each load. Protocol 4 is the newest whose arrays Keras accepts.
    """
    train, test = (_read_labels(folder / f"{part}_lables.json") for part in ("train", "test"))
    start = 0
    with tarfile.open(files[0], "w") as archive:
        for batch in BATCHES:
            pixels = read_png_sheet(folder / f"{batch}.png")
            labels = test if batch == BATCHES[-1] else train[start : start + len(pixels)]
            if len(labels) != len(pixels):
                raise FormatError(f"{folder / batch}.png: expected a label an image, received {len(labels)} labels")
            start += len(pixels)
            rows = np.ascontiguousarray(pixels.transpose(0, 3, 1, 2)).reshape(len(pixels), -1)
            data = pickle.dumps({b"data": rows, b"labels": labels.ravel().tolist()}, protocol=4)
            member = tarfile.TarInfo(f"cifar-10-batches-py/{batch}")
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))


def move_into_place(staged: Path, target: Path) -> None:
    """Give the complete file `staged` the name `target`, on the same file system: all of it is there, or nothing."""
    with open(staged, "rb+") as opened:
        os.fsync(opened.fileno())
    target.parent.mkdir(parents=True, exist_ok=True)
    os.replace(staged, target)
