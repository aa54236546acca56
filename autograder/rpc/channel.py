"""Messages on a socket, each with the files that have changed since the last one. Once broken, it stays so."""

import socket
from typing import Any

from autograder.rpc import frames
from autograder.rpc.encoder import Encoder
from autograder.rpc.file_sync import Folder
from autograder.rpc.frames import Disconnected, RpcError


class Channel:
    """One end of the RPC socket."""

    def __init__(self, sock: socket.socket, folder: Folder | None) -> None:
        """`folder`: the work folder, whose files are kept the same on both sides; None where none are."""
        self.broken = ""  # why nothing can cross any more
        self._socket = sock
        self._folder = folder

    def wait(self) -> None:
        """Return when there is something to receive, or the other end is closed. An interrupt here loses nothing."""
        frames.wait(self._socket)

    def send(self, message: dict[str, Any], encoder: Encoder) -> None:
        """Send `message`, whose values `encoder` holds, and the files that have changed."""
        if self.broken:
            raise Disconnected(self.broken)
        if self._folder is not None:
            files = self._folder.changes()
            message["files"] = [
                [name, [encoder.buffer(content)] if isinstance(content, bytes) else content] for name, content in files
            ]
        message["n"] = encoder.nodes
        frames.send(self._socket, message, encoder.buffers)

    def receive(self) -> tuple[dict[str, Any], list[bytearray]]:
        """The next message and its buffers; `take_files` writes its files. Raises Disconnected if it is malformed."""
        if self.broken:
            raise Disconnected(self.broken)
        self.wait()
        try:
            message, buffers = frames.receive(self._socket)
            if not isinstance(message, dict):
                raise RpcError("malformed message")
        except RpcError as error:
            self.broken = str(error)
            raise Disconnected(self.broken) from None
        except BaseException:  # an interrupt within a frame: where the next one begins is lost
            self.broken = "interrupted"
            raise
        return message, buffers

    def take_files(self, message: dict[str, Any], buffers: list[bytearray]) -> None:
        """Write the files that came with a message into the folder. Raises RpcError for a malformed list of files."""
        files = message.get("files") or []
        if self._folder is None or not files:
            return
        taken: list[tuple[Any, Any]] = []
        try:
            for name, content in files:
                taken.append((name, bytes(buffers[content[0]]) if isinstance(content, list) else content))
            self._folder.apply(taken)
        except (TypeError, ValueError, IndexError, KeyError, OSError) as error:
            raise RpcError(f"malformed file: {error}") from None
