"""Any bytes give a value or a clean error, in bounded memory and time."""

import contextlib
import json
import resource
import socket
import time
import tracemalloc
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from autograder.rpc import frames
from autograder.rpc.decoder import READERS, Decoder
from autograder.rpc.frames import RpcError
from autograder.rpc.peer import Peer

SETTINGS = settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
KINDS = [kind for kind in READERS if kind not in ("model", "history")]  # those have a fuzz of their own
NUMBERS = st.integers(-3, 6) | st.sampled_from([1 << 31, 1 << 40, -(1 << 63), 10**30])
SCALARS = (
    st.none() | st.booleans() | NUMBERS | st.floats() | st.text(max_size=6) | st.sampled_from(["<f8", "|O", "PCG64"])
)
CHILDREN = SCALARS | st.lists(st.integers(-1, 8), max_size=3)
JSON = st.recursive(
    CHILDREN, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=2), inner), max_leaves=12
)
NODES = st.fixed_dictionaries(
    {"t": st.sampled_from(KINDS) | st.text(max_size=5)},
    optional={key: JSON for key in ("v", "b", "s", "d", "n", "f", "q", "k", "a", "c", "i", "h", "o", "m", "e")},
)


def no_handle(_: Any, node: Any = None) -> Any:
    raise RpcError("no handle")


def decode(nodes: Any, buffers: list[bytes], child: Any) -> None:
    with contextlib.suppress(RpcError):
        Decoder(nodes, [bytearray(b) for b in buffers], no_handle).value(child)


@SETTINGS
@given(st.lists(NODES, max_size=8), st.lists(st.binary(max_size=64), max_size=3), CHILDREN)
def test_any_table_of_nodes_gives_a_value_or_a_clean_error(nodes: Any, buffers: list[bytes], child: Any) -> None:
    tracemalloc.start()
    started = time.monotonic()
    try:
        decode(json.loads(json.dumps(nodes)), buffers, child)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 64 << 20
    assert time.monotonic() - started < 5


def through_a_socket(data: bytes) -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.sendall(data)
        theirs.shutdown(socket.SHUT_WR)
        peer = Peer(ours, {}, trusted=True)
        with contextlib.suppress(RpcError, RuntimeError, AttributeError):  # what an answer may tell
            peer.fetch(["x"])


@SETTINGS
@given(st.binary(max_size=200))
def test_any_bytes_on_the_wire_end_cleanly(data: bytes) -> None:
    through_a_socket(data)


@SETTINGS
@given(JSON | st.fixed_dictionaries({"re": JSON, "n": st.lists(NODES, max_size=5), "v": CHILDREN}), st.integers(0, 5))
def test_any_message_in_a_frame_ends_cleanly(message: Any, count: int) -> None:
    text = json.dumps(message).encode("ascii", "surrogatepass")
    through_a_socket(frames.HEAD.pack(frames.MAGIC, len(text), count) + bytes(8 * count) + text)


def test_a_length_alone_takes_no_memory() -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    through_a_socket(frames.HEAD.pack(frames.MAGIC, 2, 1) + (1 << 30).to_bytes(8, "big") + b"{}")
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 50_000  # KiB
