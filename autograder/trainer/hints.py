"""Hints that a model was trained on the test split: its rows found among the training data, up to scaling."""

import hashlib
from typing import Any

import numpy as np

LEVELS = 255  # each row is stretched over so many steps, as most images are already
FEATURES = 16  # of fewer numbers, rows of a kind are alike too often
FEW, MANY = 50, 100_000  # rows of a test split
_CHUNK = 1 << 24  # numbers normalised at once


def row_digests(rows: Any) -> list[bytes]:
    """A digest of each row, the same after any shift and positive scaling of it; empty for rows of few numbers."""
    array = np.asarray(rows)
    flat = array.reshape(len(array), -1) if array.ndim and len(array) else np.zeros((0, 0))
    if flat.shape[1] < FEATURES or flat.dtype.kind not in "biuf":
        return []
    found: list[bytes] = []
    step = max(1, _CHUNK // flat.shape[1])
    for start in range(0, len(flat), step):
        part = flat[start : start + step].astype(np.float32)
        low = part.min(axis=1, keepdims=True)
        spread = part.max(axis=1, keepdims=True) - low
        with np.errstate(invalid="ignore", divide="ignore"):
            stretched = np.nan_to_num((part - low) / spread * LEVELS)
        levels = np.clip(np.rint(stretched), 0, LEVELS).astype(np.uint8)
        found += [hashlib.blake2b(row.tobytes(), digest_size=12).digest() for row in levels]
    return found


def rows_tested(inputs: Any) -> list[bytes]:
    """Digests of the rows that a model is tested on, but for those of one value all over; none where they are few."""
    if not (isinstance(inputs, np.ndarray) and len(inputs.shape) > 1 and FEW <= len(inputs) <= MANY):
        return []
    blank = hashlib.blake2b(bytes(inputs[:1].size), digest_size=12).digest()
    return [row for row in row_digests(inputs) if row != blank]
