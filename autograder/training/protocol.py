"""Messages on the sockets between candidate, server and workers: a part of what RPC can carry, and no handles.

A message crosses as a dict of its fields, with its tag as `do`. Whoever receives one reads it by its class.
"""

import contextlib
import dataclasses
import enum
import json
import os
import signal
import socket
import struct
import threading
from collections.abc import Iterator, Sequence
from typing import Any, NoReturn, TypeVar, overload

import msgspec

from autograder.common.language import english
from autograder.rpc import frames
from autograder.rpc.decoder import Decoder
from autograder.rpc.encoder import Encoder
from autograder.rpc.frames import RpcError

KINDS = frozenset(("int", "str", "list", "tuple", "dict", "array", "scalar"))
EXPECTED = "expected numbers, texts, arrays, and lists, tuples or dicts of them"
MALFORMED = "expected a node with a kind, received something else"
T = TypeVar("T")
Buffer = bytes | bytearray | memoryview
_HEAD = struct.Struct("!QQ")  # bytes of the text, number of buffers


class Message(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="do"):
    """The base of messages; its subclasses say their tag."""


class Note(Message, tag="note", frozen=True):
    """A candidate trains by itself, for that reason. Has no answer."""

    reason: str


class Cancel(Message, tag="cancel", frozen=True):
    """A candidate was interrupted: its last request is not to be answered any more."""


class Cancelled(Message, tag="cancelled", frozen=True):
    """The answer to `Cancel`, and to nothing else."""


def send(sock: socket.socket, value: Any) -> None:
    """Write a message, or a value. Raises RpcError where it can't cross, and Disconnected where nobody reads."""
    frames.send(sock, *encode(value))


def receive(sock: socket.socket) -> Any:
    """Read a value. Raises RpcError for whatever is none, and Disconnected where the stream has ended."""
    return decode(*frames.receive(sock))


@overload
def read(value: Any, kind: type[T]) -> T: ...
@overload
def read(value: Any, kind: Any) -> Any: ...
def read(value: Any, kind: Any) -> Any:
    """The message of that class, or of one in that union. Raises RpcError for what is none, with expected, received."""
    try:
        return msgspec.convert(value, kind)
    except Exception as error:  # an array in a dict's place raises what NumPy likes
        raise RpcError(f"malformed message: {str(error)[:300]}") from None


def encode(value: Any) -> tuple[dict[str, Any], list[memoryview]]:
    """The frame of a message, or of a value: its JSON and its buffers. Raises RpcError where it can't cross."""

    def other(part: Any) -> Any:
        if isinstance(part, str) and isinstance(part, enum.Enum):
            return encoder.node(part.value)
        if isinstance(part, msgspec.Struct) or dataclasses.is_dataclass(part):
            return encoder.node(fields(part))
        raise RpcError(
            english(
                "expected numbers, texts, arrays, and lists, tuples or dicts of them, "
                "received an object of type %(type)s",
                type=type(part).__name__,
            )
        )

    encoder = Encoder(other)
    root = encoder.child(value)
    return {"value": root, "nodes": encoder.nodes}, encoder.buffers


def decode(frame: Any, buffers: list[bytearray]) -> Any:
    """The value of a frame. Raises RpcError."""
    if not (isinstance(frame, dict) and frame.keys() == {"value", "nodes"} and isinstance(frame["nodes"], list)):
        raise RpcError("expected a dict of `value` and a list of `nodes`, received something else")
    for node in frame["nodes"]:
        kind = node.get("t") if isinstance(node, dict) else None
        if not (isinstance(kind, str) and kind in KINDS):
            raise RpcError(f"{EXPECTED}, received a node of kind {kind!r:.40}" if isinstance(kind, str) else MALFORMED)
    try:
        return Decoder(frame["nodes"], buffers, _refuse).value(frame["value"])
    except (RecursionError, ValueError, TypeError, LookupError, ArithmeticError) as error:
        raise RpcError(f"malformed value: {str(error)[:300]}") from None


def pack(frame: Any, buffers: Sequence[Buffer]) -> bytes:
    """A frame as bytes, to be stored or to cross elsewhere than on a socket."""
    text = json.dumps(frame).encode()
    lengths = struct.pack(f"!{len(buffers)}Q", *map(len, buffers))
    return b"".join([_HEAD.pack(len(text), len(buffers)), lengths, text, *buffers])


def unpack(content: Buffer) -> tuple[Any, list[bytearray]]:
    """The frame that `pack` made. Raises RpcError."""
    view = memoryview(content)
    try:
        length, count = _HEAD.unpack_from(view)
        lengths = struct.unpack_from(f"!{count}Q", view, _HEAD.size)
        place = _HEAD.size + 8 * count
        frame = json.loads(bytes(view[place : place + length]))
        place += length
        buffers = []
        for size in lengths:
            buffers.append(bytearray(view[place : place + size]))
            place += size
    except (ValueError, struct.error, RecursionError) as error:
        raise RpcError(f"malformed frame: {str(error)[:300]}") from None
    return frame, buffers


def fields(message: Any) -> Any:
    """A message, or a dataclass, as it crosses, but for what is in it: a dict of its fields, or a list of them."""
    if not isinstance(message, msgspec.Struct):
        values = {field.name: getattr(message, field.name) for field in dataclasses.fields(message)}
        # as lists, of which long ones of numbers are a buffer
        return {name: list(value) if isinstance(value, tuple) else value for name, value in values.items()}
    if message.__struct_config__.array_like:
        return list(msgspec.structs.astuple(message))
    tag_field, tag = message.__struct_config__.tag_field, message.__struct_config__.tag
    return {**({tag_field: tag} if tag_field else {}), **msgspec.structs.asdict(message)}


def _refuse(*_: object) -> NoReturn:
    raise RpcError(f"{EXPECTED}, received a handle")


class TrainerChannel:
    """This process's questions to the trainer, one at a time."""

    def __init__(self, sock: socket.socket) -> None:
        """`sock`: this end of the socket whose other end the trainer has."""
        self._socket = sock
        self._lock = threading.Lock()
        self._pid = os.getpid()
        self._broken = False

    @property
    def possible(self) -> bool:
        """Whether the trainer can be asked: not in a fork, which shares the socket, and not when it has gone."""
        return os.getpid() == self._pid and not self._broken

    def ask(self, question: Any) -> Any:
        """The answer, to be `read`. An interrupt cancels the question. Raises RpcError where it can't cross."""
        with self._lock:
            try:
                self._whole(send, question)
                frames.wait(self._socket)
            except RpcError:
                raise
            except BaseException:
                with uninterrupted():
                    self._whole(send, Cancel())
                    while self._whole(receive) != fields(Cancelled()):
                        pass
                raise
            return self._whole(receive)

    def notify(self, note: Any) -> None:
        """Say something that has no answer."""
        with self._lock, contextlib.suppress(RpcError):
            self._whole(send, note)

    def _whole(self, action: Any, *arguments: Any) -> Any:
        try:
            with uninterrupted():
                return action(self._socket, *arguments)
        except frames.Disconnected:
            self._broken = True
            raise


@contextlib.contextmanager
def uninterrupted() -> Iterator[None]:
    """An interrupt within comes after it: half a message would be the end of the conversation."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    came: list[Any] = []
    before = signal.signal(signal.SIGINT, lambda *arguments: came.append(arguments))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
    if came and callable(before):
        before(*came[0])
