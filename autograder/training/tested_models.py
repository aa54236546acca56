"""What the trainer is told of a test: the models that it used, and probes of the rows that they were tested on."""

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
