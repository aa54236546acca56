"""What the trainer is told of a test: the models that it used, and what it gave to them."""

from dataclasses import dataclass


@dataclass(frozen=True)
class ModelDigests:
    """A model in a test."""

    state: str  # of all of it, see `keras_codec.state.state`
    weights: tuple[str, ...]  # of each array, see `common.arrays.array_digest`


@dataclass(frozen=True)
class EncodedProbe:
    """A `leakage.Probe` as texts: its arrays' bytes, as little-endian float32, in hexadecimal."""

    rows: str
    own: str


@dataclass(frozen=True)
class ModelInputs:
    """What a test gave to a model in one call."""

    rows: int
    digests: tuple[str, ...]  # of its rows, in hexadecimal; see `leakage.rows_tested`
    probe: EncodedProbe | None  # by which near copies of them are found; None where none are looked for
