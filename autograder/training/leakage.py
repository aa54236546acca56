"""Near copies of a test's inputs among what was given to `fit`: changed a little, scaled, shifted, mirrored, noisy.

Each row has two descriptors. Of an image: how strong its lowest frequencies are, which no shift, mirroring or quarter
turn changes; and the image made coarse, which noise changes least, compared mirrored, too. Of other rows: the row
itself, projected to as few numbers. An input is near to what was given where, by either, the distance to it is less
than `NEAR` times that to the nearest other input of the same test: so the measure follows the data, where digits of one
class are as alike as copies of a photograph.

What is measured on data sets: `benchmarks/near_copies.py`.
"""

import hashlib
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from autograder.common.arrays import array_bytes
from autograder.training.tested_models import EncodedProbe

LEVELS = 255  # each row is stretched over so many steps, as most images are already
FEATURES = 16  # of fewer numbers, rows of a kind are alike too often
FEW, MANY = 50, 100_000  # rows of a test split
_TESTED_AT_ONCE = 1 << 24  # numbers normalised at once


def row_digests(rows: Any) -> list[bytes]:
    """A digest of each row, the same after any shift and positive scaling of it; empty for rows of few numbers."""
    array = np.asarray(rows)
    flat = array.reshape(len(array), -1) if array.ndim and len(array) else np.zeros((0, 0))
    if flat.shape[1] < FEATURES or flat.dtype.kind not in "biuf":
        return []
    found: list[bytes] = []
    step = max(1, _TESTED_AT_ONCE // flat.shape[1])
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


FREQUENCIES = 4  # along each side of an image
SIDE = 8  # of an image made coarse; smaller ones are no images
STRENGTHS, COARSE = 4 * (FREQUENCIES + 1) ** 2, SIDE * SIDE
SIZE = STRENGTHS + COARSE  # numbers of both descriptors
NUMBERS = 1 << 20  # of a row, at most
COMPARED = 10_000  # of a test's rows, among each other
LOOKED_AT = 1000  # of a test's rows
MAX_ROWS = 300_000  # rows of all that one notebook gave to `fit`
NEAR = 0.5
_CHUNK = 1 << 21  # numbers at once


@dataclass(frozen=True)
class Probe:
    """Inputs of one test: descriptors, and the distances of each to the nearest other input, by either of them."""

    rows: Any  # (n, SIZE)
    own: Any  # (n, 2)

    def encoded(self) -> EncodedProbe:
        """It as texts."""
        return EncodedProbe(*(array.astype("<f4").tobytes().hex() for array in (self.rows, self.own)))

    @classmethod
    def decoded(cls, encoded: EncodedProbe) -> "Probe":
        """What `encoded` gave. Raises ValueError for what it can't have given."""
        rows, own = (np.frombuffer(bytes.fromhex(text), "<f4") for text in (encoded.rows, encoded.own))
        return cls(rows.reshape(-1, SIZE), own.reshape(-1, 2))


def descriptors(rows: Any) -> Any:
    """Of each row, `SIZE` numbers as float16: the same after scaling it or adding a number to it; none where rows are
    no data of some numbers each.
    """
    array = np.asarray(rows)
    numbers = math.prod(array.shape[1:])
    if array.ndim < 2 or not len(array) or array.dtype.kind in "cSUMmO" or not FEATURES <= numbers <= NUMBERS:
        return np.zeros((0, SIZE), np.float16)
    step = max(1, _CHUNK // numbers)
    parts = [_described(array[start : start + step]) for start in range(0, len(array), step)]
    return np.concatenate(parts)


def sample(rows: Any, most: int) -> Any:
    """At most so many of the rows, drawn by what is in them: nobody can place rows where they aren't looked at."""
    if len(rows) <= most:
        return rows
    seed = int.from_bytes(hashlib.sha256(array_bytes(rows)).digest()[:8], "big")
    return rows[np.sort(np.random.default_rng(seed).choice(len(rows), most, replace=False))]


def probe(inputs: Any) -> Probe | None:
    """Of what a test gives to a model; None where it is too little to tell copies from what is alike."""
    if not (isinstance(inputs, np.ndarray) and inputs.ndim > 1 and FEW <= len(inputs) <= MANY):
        return None
    every = sample(descriptors(inputs), COMPARED).astype(np.float32)
    if not len(every):
        return None
    looked_at = min(LOOKED_AT, len(every))
    chosen = np.arange(looked_at) * len(every) // looked_at
    return Probe(every[chosen], _nearest(every[chosen], every, but=chosen))


def distances(tested: Probe, seen: Any) -> Any:
    """Of each of the probe's inputs, to the nearest of the rows with these descriptors, by either of them (n, 2)."""
    return _nearest(tested.rows, seen)


def near(tested: Probe, found: Sequence[Any]) -> int:
    """How many of the probe's inputs have a near copy, by distances to each of some arrays of rows."""
    least = np.min([np.full_like(tested.own, np.inf), *found], axis=0)
    return int(np.count_nonzero((least < NEAR * tested.own).any(axis=1)))


def _nearest(rows: Any, others: Any, but: Any = None) -> Any:
    """The distances (n, 2) of each row to the nearest of the others, by each descriptor.

    `but`: the number among them that is the row itself.
    """
    strengths, coarse = rows[:, :STRENGTHS], rows[:, STRENGTHS:]
    images = coarse.reshape(-1, SIDE, SIDE)
    mirrored = [images[:, ::down, ::across].reshape(-1, COARSE) for down in (1, -1) for across in (1, -1)]
    by_coarse = _least(mirrored, others[:, STRENGTHS:], but)
    return np.stack([_least([strengths], others[:, :STRENGTHS], but), by_coarse], axis=1)


def _least(variants: Sequence[Any], others: Any, but: Any) -> Any:
    """The distance of each row, in any of its variants or with the opposite sign, to the nearest of the others."""
    rows = variants[0]
    best = np.full(len(rows), np.inf, np.float32)
    step = max(1, _CHUNK // max(1, len(rows)))
    for start in range(0, len(others), step):
        part = others[start : start + step].astype(np.float32)
        alike = np.abs(rows @ part.T)
        for variant in variants[1:]:
            np.maximum(alike, np.abs(variant @ part.T), out=alike)
        squares = (part * part).sum(axis=1) - 2 * alike
        if but is not None:
            here = np.flatnonzero((but >= start) & (but < start + step))
            squares[here, but[here] - start] = np.inf
        best = np.minimum(best, squares.min(axis=1))
    return np.sqrt(np.maximum(0, (rows * rows).sum(axis=1) + best))


def _described(rows: Any) -> Any:
    values = np.nan_to_num(rows.astype(np.float32), posinf=0, neginf=0)
    images = _images(values)
    if images is None:
        flat = values.reshape(len(values), -1)
        return np.pad(_of_length_1(_projected(flat)), ((0, 0), (0, COARSE)))
    images = images - images.mean(axis=(1, 2), keepdims=True)
    images /= np.maximum(np.abs(images).max(axis=(1, 2), keepdims=True), 1e-6)
    return np.concatenate([_of_length_1(_frequencies(images)), _of_length_1(_coarse(images))], axis=1)


def _of_length_1(rows: Any) -> Any:
    length = np.linalg.norm(rows, axis=1, keepdims=True)
    return np.divide(rows, length, out=np.zeros_like(rows), where=length > 1e-6).astype(np.float16)


def _images(rows: Any) -> Any:
    """Rows as grey images (n, height, width); None where they are none."""
    if rows.ndim == 2:
        for channels in (1, 3):
            side = math.isqrt(rows.shape[1] // channels)
            if side >= SIDE and side * side * channels == rows.shape[1]:
                return rows.reshape(len(rows), side, side, channels).mean(axis=3)
        return None
    grey = rows.reshape(*rows.shape[:3], -1).mean(axis=3)
    return grey if min(grey.shape[1:]) >= SIDE else None


def _frequencies(images: Any) -> Any:
    down, across = (_waves(side) for side in images.shape[1:])
    strength = np.abs(down[FREQUENCIES:] @ images.astype(np.complex64) @ across.T)
    ahead, back = strength[:, :, FREQUENCIES:], strength[:, :, FREQUENCIES::-1]
    parts = []
    for part in (ahead + back, np.abs(ahead - back)):  # the same for the mirrored image
        turned = part.transpose(0, 2, 1)
        parts += [part + turned, np.abs(part - turned)]  # and for the turned one
    return np.concatenate([part.reshape(len(images), -1) for part in parts], axis=1)


def _waves(side: int) -> Any:
    numbers = np.arange(-FREQUENCIES, FREQUENCIES + 1)
    return np.exp(-2j * np.pi * np.outer(numbers, np.arange(side)) / side).astype(np.complex64)


def _coarse(images: Any) -> Any:
    down, across = (_means(side) for side in images.shape[1:])
    coarse = (down @ images @ across.T).reshape(len(images), -1)
    return coarse - coarse.mean(axis=1, keepdims=True)


def _means(side: int) -> Any:
    """Weights (SIDE, side) of overlapping means: the nearer a pixel to the middle of one, the more it counts."""
    step = side / SIDE
    middles = (np.arange(SIDE) + 0.5) * step - 0.5
    weights = np.maximum(0, 1 - np.abs(np.arange(side) - middles[:, np.newaxis]) / step)
    return (weights / weights.sum(axis=1, keepdims=True)).astype(np.float32)


def _projected(rows: Any) -> Any:
    rows = rows - rows.mean(axis=1, keepdims=True)
    if rows.shape[1] <= STRENGTHS:
        return np.pad(rows, ((0, 0), (0, STRENGTHS - rows.shape[1])))
    signs = np.random.default_rng(0).integers(0, 2, (rows.shape[1], STRENGTHS), dtype=np.int8)
    return rows @ (2 * signs - 1).astype(np.float32)
