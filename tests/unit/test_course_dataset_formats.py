"""The formats of the datasets, against arrays."""

import gzip
import hashlib
import json
import os
import pickle
import pickletools
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from small_datasets import DIGITS, PHOTOS, idx, ramp, tar

from autograder.course.datasets import formats


def same(received: formats.Arrays, expected: formats.Arrays) -> bool:
    return all(a.dtype == b.dtype and np.array_equal(a, b) for a, b in zip(received, expected, strict=True))


@pytest.mark.parametrize("pack", [bytes, gzip.compress], ids=["plain", "gzipped"])
def test_idx_gives_the_array_that_was_written(tmp_path, pack):
    path = tmp_path / "images"
    path.write_bytes(pack(idx(DIGITS.x_train)))
    assert np.array_equal(formats.read_idx(path), DIGITS.x_train)


@pytest.mark.parametrize(
    "data", [b"", b"<html>", idx(ramp(3))[:-1], idx(ramp(3)) + b"0", gzip.compress(idx(ramp(99)))[:-9]]
)
def test_idx_that_is_broken_is_named(tmp_path, data):
    path = tmp_path / "images"
    path.write_bytes(data)
    with pytest.raises(formats.FormatError, match=r"images: expected .* received"):
        formats.read_idx(path)


def png_sheets(folder: Path) -> Path:
    folder.mkdir()
    images = np.concatenate([PHOTOS.x_train, PHOTOS.x_test]).reshape(6, 2, 1024, 3)
    for batch, sheet in zip(formats.BATCHES, images, strict=True):
        Image.fromarray(sheet).save(folder / f"{batch}.png")
    (folder / "train_lables.json").write_text(json.dumps(PHOTOS.y_train.ravel().tolist()))
    (folder / "test_lables.json").write_text(json.dumps(PHOTOS.y_test.ravel().tolist()))
    return folder


def test_png_sheets_become_an_archive_with_the_same_arrays(tmp_path):
    archive = tmp_path / "archive"
    formats.stage_cifar10(png_sheets(tmp_path / "package"), [archive])
    assert same(formats.read_cifar10([archive]), PHOTOS)


def test_png_sheet_of_another_width_is_named(tmp_path):
    Image.fromarray(ramp(2, 1000, 3)).save(tmp_path / "sheet.png")
    with pytest.raises(formats.FormatError, match=r"sheet.png: expected RGB pixels, 1024 a row; received RGB, 1000"):
        formats.read_png_sheet(tmp_path / "sheet.png")


def python2(data: bytes) -> bytes:
    """The pickle `data` (protocol 3) as Python 2 wrote it: byte strings as `str`, NumPy's module under its old name."""
    written, ops = b"\x80\x02", list(pickletools.genops(data))
    for (op, value, start), (_, _, end) in zip(ops[1:], [*ops[2:], (None, None, len(data))], strict=True):
        if isinstance(value, bytes):
            written += b"T" + len(value).to_bytes(4, "little") + value
        elif op.name == "GLOBAL":
            written += data[start:end].replace(b"numpy._core", b"numpy.core")
        else:
            written += data[start:end]
    return written


def test_official_cifar100_archive_is_read(tmp_path):
    members = {}
    for part, x, y in (("train", PHOTOS.x_train, PHOTOS.y_train), ("test", PHOTOS.x_test, PHOTOS.y_test)):
        rows = np.ascontiguousarray(x.transpose(0, 3, 1, 2)).reshape(len(x), -1)
        batch = {b"data": rows, b"fine_labels": y.ravel().tolist(), b"filenames": [b"a.png"]}
        members[f"cifar-100-python/{part}"] = python2(pickle.dumps(batch, protocol=3))
    assert same(formats.read_cifar100([tar(tmp_path / "archive", members)]), PHOTOS)


def test_pickle_that_asks_for_anything_else_is_refused(tmp_path):
    path = tar(tmp_path / "archive", {"cifar-100-python/train": pickle.dumps(os.getcwd)})
    with pytest.raises(formats.FormatError, match=r"archive: .* it asks for posix.getcwd"):
        formats.read_cifar100([path])


def test_digest_is_of_name_type_shape_and_bytes_in_order():
    text = b"x_train uint8 (1, 2)\n\1\2y_train uint8 (1,)\n\3x_test uint8 (1, 2)\n\4\5y_test uint8 (1,)\n\6"
    arrays = formats.Arrays(*(np.array(a, np.uint8) for a in ([[1, 2]], [3], [[4, 5]], [6])))
    assert formats.digest(arrays) == hashlib.sha256(text).hexdigest()


def test_keras_reads_the_archive_made_of_png_sheets(tmp_path):
    from keras.src.datasets.cifar import load_batch
    from keras.src.utils.file_utils import extract_archive

    formats.stage_cifar10(png_sheets(tmp_path / "package"), [tmp_path / "archive"])
    assert extract_archive(str(tmp_path / "archive"), str(tmp_path / "out"))
    pixels, labels = load_batch(str(tmp_path / "out" / "cifar-10-batches-py" / "test_batch"))
    assert np.array_equal(pixels.transpose(0, 2, 3, 1), PHOTOS.x_test)
    assert np.array_equal(labels, PHOTOS.y_test.ravel())
