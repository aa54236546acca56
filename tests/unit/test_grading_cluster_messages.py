"""Trainings in parts: what two of them share crosses once, and each arrives as it was."""

import json
from typing import Any

import numpy as np
import pytest

from autograder.grading.cluster_messages import LARGE, joined, parted
from autograder.rpc.frames import RpcError
from autograder.training import protocol

IMAGES = np.arange(LARGE, dtype="float32")
LABELS = np.arange(LARGE, dtype="uint8")


def order(*arrays: np.ndarray, name: str = "") -> tuple[object, list[bytearray]]:
    """A frame as it is received."""
    frame, buffers = protocol.encode({"name": name, "arrays": list(arrays)})
    return json.loads(json.dumps(frame)), [bytearray(buffer) for buffer in buffers]


def arrived(parts: dict[str, bytes]) -> Any:
    frame, buffers = joined(list(parts.values()))
    return protocol.decode(frame, [bytearray(buffer) for buffer in buffers])


@pytest.mark.parametrize(
    "arrays", [(), (IMAGES[:3],), (IMAGES,), (LABELS[:9], IMAGES, IMAGES[:2], LABELS)], ids=lambda arrays: len(arrays)
)
def test_a_training_arrives_as_it_was(arrays: tuple[np.ndarray, ...]) -> None:
    parts = parted(*order(*arrays, name="first"))
    assert len(parts) == 1 + sum(array.nbytes >= LARGE for array in arrays)
    found = arrived(parts)
    assert found["name"] == "first"
    assert [array.tolist() for array in found["arrays"]] == [array.tolist() for array in arrays]


def test_data_that_trainings_share_has_one_name_and_what_differs_has_another() -> None:
    first, second = (parted(*order(IMAGES, name=name)) for name in ("first", "second"))
    assert len(first.keys() & second.keys()) == 1
    assert len(first.keys() | second.keys()) == 3
    other = parted(*order(IMAGES + 1, name="first"))
    assert first.keys() & other.keys() == first.keys() - second.keys()  # all but the data


def test_two_equal_arrays_in_one_training_both_arrive() -> None:
    parts = parted(*order(IMAGES, LABELS, IMAGES.copy()))
    assert len(parts) == 3
    found = arrived(parts)
    assert [array.tolist() for array in found["arrays"]] == [one.tolist() for one in (IMAGES, LABELS, IMAGES)]


@pytest.mark.parametrize("content", [b"", b"\x00" * 15, b"\xff" * 40, protocol.pack({}, [b"abc"])[:8]])
def test_what_is_no_packed_frame_is_refused(content: bytes) -> None:
    with pytest.raises(RpcError, match="malformed frame"):
        protocol.unpack(content)
