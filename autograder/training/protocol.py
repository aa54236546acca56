"""Values on the sockets between candidate, trainer and slots: a part of what the wire knows, and no handles."""

import contextlib
import os
import signal
import socket
import threading
from collections.abc import Iterator
from typing import Any, NoReturn

from autograder.rpc import frames
from autograder.rpc.decoder import Decoder
from autograder.rpc.encoder import Encoder
from autograder.rpc.frames import RpcError

KINDS = frozenset(("int", "str", "list", "tuple", "dict", "array", "scalar"))


def send(sock: socket.socket, value: Any) -> None:
    """Write a value. Raises RpcError where it can't cross, and Disconnected where nobody reads."""
    encoder = Encoder(_refuse)
    root = encoder.child(value)
    frames.send(sock, {"value": root, "nodes": encoder.nodes}, encoder.buffers)


def receive(sock: socket.socket) -> Any:
    """Read a value. Raises RpcError for whatever is none, and Disconnected where the stream has ended."""
    return decode(*frames.receive(sock))


def decode(message: Any, buffers: list[bytearray]) -> Any:
    """The value of a frame. Raises RpcError."""
    if not (isinstance(message, dict) and message.keys() == {"value", "nodes"} and isinstance(message["nodes"], list)):
        raise RpcError("what came is no value")
    for node in message["nodes"]:
        if not (isinstance(node, dict) and node.get("t") in KINDS):
            raise RpcError("a value of a kind that doesn't cross here")
    try:
        return Decoder(message["nodes"], buffers, _refuse).value(message["value"])
    except (RecursionError, UnicodeError):
        raise RpcError("what came is no value") from None


def _refuse(*_: object) -> NoReturn:
    raise RpcError("a value of a kind that doesn't cross here")


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

    def ask(self, question: dict[str, Any]) -> dict[str, Any]:
        """The answer. An interrupt cancels the question. Raises RpcError where it can't cross."""
        with self._lock:
            try:
                self._whole(send, question)
                frames.wait(self._socket)
            except RpcError:
                raise
            except BaseException:
                with uninterrupted():
                    self._whole(send, {"do": "cancel"})
                    while self._whole(receive) != {"cancelled": True}:
                        pass
                raise
            answer: dict[str, Any] = self._whole(receive)
            return answer

    def notify(self, note: dict[str, Any]) -> None:
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
