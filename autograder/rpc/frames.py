"""Frames on a socket: one JSON text and some buffers.

    head       4 bytes "AGW1", length of the text (u32), number of buffers (u32), all big-endian
    lengths    of each buffer (u64)
    text       JSON in ASCII
    buffers

Lengths are checked against the limits before anything is read or allocated.
"""

import json
import selectors
import socket
import struct
from collections.abc import Sequence
from typing import Any

from autograder.common.errors import AutograderError
from autograder.common.language import english

HEAD = struct.Struct("!4sII")
MAGIC = b"AGW1"
MAX_TEXT = 16 << 20  # bytes of JSON; long texts, arrays and lists of numbers are buffers
MAX_BYTES = 1 << 30  # bytes of all buffers
MAX_BUFFERS = 100_000


class RpcError(AutograderError):
    """A value can't cross, or what was received is malformed; the message says which and why."""


class Disconnected(RpcError):
    """The stream has ended, or is corrupt; nothing further can cross."""


def send(sock: socket.socket, message: Any, buffers: Sequence[memoryview]) -> None:
    """Write one frame. Raises RpcError where it exceeds the limits, Disconnected where the other end is closed."""
    text = json.dumps(message, separators=(",", ":")).encode("ascii")
    total = sum(len(buffer) for buffer in buffers)
    if len(text) > MAX_TEXT or total > MAX_BYTES or len(buffers) > MAX_BUFFERS:
        size = f"{(len(text) + total) / 1e6:.0f} MB in {len(buffers)} parts"
        raise RpcError(
            english(
                "too large to cross: %(size)s; the limits are %(most)s MiB and %(parts)s parts",
                size=size,
                most=MAX_BYTES >> 20,
                parts=MAX_BUFFERS,
            )
        )
    lengths = struct.pack(f"!{len(buffers)}Q", *map(len, buffers))
    try:
        sock.sendall(HEAD.pack(MAGIC, len(text), len(buffers)) + lengths + text)
        for buffer in buffers:
            sock.sendall(buffer)
    except OSError as error:
        raise Disconnected(f"the other side is gone ({error})") from None


def wait(sock: socket.socket) -> None:
    """Return when there is something to read, or the stream has ended. An interrupt here loses nothing."""
    with selectors.DefaultSelector() as selector:
        selector.register(sock, selectors.EVENT_READ)
        selector.select()


def wait_for(sock: socket.socket, seconds: float) -> None:
    """As `wait`, for at most `seconds`. Raises TimeoutError after that."""
    with selectors.DefaultSelector() as selector:
        selector.register(sock, selectors.EVENT_READ)
        if not selector.select(max(0.0, seconds)):
            raise TimeoutError(f"nothing to read within {seconds:g} s")


def receive(sock: socket.socket, most: int = MAX_BYTES) -> tuple[Any, list[bytearray]]:
    """Read one frame: its JSON value and its buffers, of `most` bytes in all.

    Raises RpcError for a text that is not JSON, and Disconnected where the stream has ended, or where the head is
    malformed: the next frame can't be found then.
    """
    magic, length, count = HEAD.unpack(_exactly(sock, HEAD.size))
    if magic != MAGIC or length > MAX_TEXT or count > MAX_BUFFERS:
        raise Disconnected("malformed head of a frame")
    lengths = struct.unpack(f"!{count}Q", _exactly(sock, 8 * count))
    if sum(lengths) > most:
        raise Disconnected(f"a message of {sum(lengths) / 1e6:.0f} MB; the limit is {most / 1e6:.0f} MB")
    text = _exactly(sock, length)
    buffers = [_exactly(sock, n) for n in lengths]
    try:
        return json.loads(bytes(text)), buffers
    except (ValueError, RecursionError):
        raise RpcError("malformed frame: its text is not JSON") from None


def _exactly(sock: socket.socket, count: int) -> bytearray:
    data = bytearray()  # grows as bytes come: a length that is announced allocates nothing
    while len(data) < count:
        try:
            part = sock.recv(min(count - len(data), 1 << 20))
        except OSError as error:
            raise Disconnected(f"the other side is gone ({error})") from None
        if not part:
            raise Disconnected("the other side is gone")
        data += part
    return data
