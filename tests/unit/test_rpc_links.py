"""Containers with a key: the other side finds its own again, with what has changed, and nothing of another kind."""

from typing import Any

import numpy as np
import pytest

from autograder.rpc.decoder import Decoder
from autograder.rpc.encoder import Encoder
from autograder.rpc.frames import RpcError
from autograder.rpc.links import MAX_ITEMS, MAX_LINKS, Links


def no_handle(*parts: Any) -> Any:
    raise RpcError(f"no data: {parts!r}")


def sent(value: Any, near: Links, far: Links, *, frozen: bool = False) -> Any:
    """`value` after a way from one side to the other."""
    encoder = Encoder(no_handle, links=near)
    child = encoder.again(value)
    decoder = Decoder(encoder.nodes, [bytearray(b) for b in encoder.buffers], no_handle, links=far)
    decoder.frozen = frozen
    found = decoder.value(child)
    far.settle()
    return found


@pytest.fixture
def sides() -> tuple[Links, Links]:
    return Links(0), Links(1)


@pytest.mark.parametrize(
    ("value", "change"),
    [
        ([1], lambda v: v.append(2)),
        ({"a": 1}, lambda v: v.update({len(v): 2})),
        ({1}, lambda v: v.add(len(v) + 1)),
        (bytearray(b"a"), lambda v: v.extend(b"b")),
        (np.zeros(2), lambda v: v.__setitem__(0, v[0] + 1)),
    ],
    ids=["list", "dict", "set", "bytearray", "array"],
)
def test_what_has_changed_is_found_and_brings_the_others_copy_to_the_same(
    sides: tuple[Links, Links], value: Any, change: Any
) -> None:
    near, far = sides
    copy = sent(value, near, far)
    assert near.changed() == []
    change(value)
    assert [one is value for one in near.changed()] == [True]
    assert sent(value, near, far) is copy
    assert np.array_equal(copy, value) if isinstance(value, np.ndarray) else copy == value
    change(copy)
    assert [one is copy for one in far.changed()] == [True]
    assert sent(copy, far, near) is value


def test_containers_within_containers_have_keys_of_their_own(sides: tuple[Links, Links]) -> None:
    near, far = sides
    inner = [1]
    copy = sent({"inner": inner}, near, far)
    inner.append(2)
    assert near.changed() == [inner]
    sent(inner, near, far)
    assert copy == {"inner": [1, 2]}


def test_where_nothing_may_change_the_copy_stays_and_what_is_new_arrives(sides: tuple[Links, Links]) -> None:
    near, far = sides
    for value in ([], [1], np.zeros(1)):
        before = list(value)
        copy = sent(value, near, far)
        copy.resize(1) if isinstance(copy, np.ndarray) else copy.append(7)
        copy[0] = 8
        assert sent(copy, far, near, frozen=True) is value
        assert list(value) == before
    assert sent([3], far, near, frozen=True) == [3]


def test_a_key_of_another_kind_of_container_is_refused(sides: tuple[Links, Links]) -> None:
    near, far = sides
    value = [1]
    sent(value, near, far)
    key = near.key(value)
    for kind in ("dict", "set", "deque"):
        node = {"t": kind, "v": [], "n": None, "k": key}
        with pytest.raises(RpcError, match="malformed key"):
            Decoder([node], [], no_handle, links=near).value([0])


@pytest.mark.parametrize("key", ["0", None, -1, 1.5, True, [0], 10**30])
def test_a_key_that_is_none_is_no_harm(sides: tuple[Links, Links], key: object) -> None:
    near, _ = sides
    value = [1]
    near.key(value)
    assert Decoder([{"t": "list", "v": [2], "k": key}], [], no_handle, links=near).value([0]) == [2]
    assert value == [1]


def test_another_cell_forgets_them_all_and_so_does_what_is_in_use_no_more(sides: tuple[Links, Links]) -> None:
    near, _ = sides
    value = [1]
    near.key(value)
    near.key([2])
    assert len(near._objects) == 2
    near.begin(0)
    assert list(near._objects.values()) == [value]
    value.append(3)
    assert near.changed() == [value]
    near.begin(1)
    assert value not in near
    assert near.changed() == []


def test_there_are_bounds(sides: tuple[Links, Links]) -> None:
    near, _ = sides
    assert near.key([0] * (MAX_ITEMS + 1)) is None
    assert near.key(np.zeros(1 << 20)) is None
    assert near.key((1,)) is None
    kept = [[n] for n in range(MAX_LINKS + 5)]
    assert sum(near.key(one) is not None for one in kept) == MAX_LINKS
