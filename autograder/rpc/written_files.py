"""The files that a notebook wrote, as its kernel hands them over at the end: for people to look at, never to be run.

One frame: the names, how many files were left out, and the contents as buffers. The kernel may be taken over by then:
what it sends is checked whole, and nothing of what does not pass is taken.
"""

import socket
import threading
from dataclasses import dataclass, field

from autograder.rpc import frames
from autograder.rpc.file_sync import Folder, is_plain
from autograder.rpc.frames import RpcError


@dataclass(frozen=True)
class WrittenFiles:
    """Paths in the work folder -> contents; and how many more files there were."""

    files: dict[str, bytes] = field(default_factory=dict)
    left_out: int = 0


def send(sock: socket.socket, folder: Folder, count: int, size: int) -> None:
    """Hand over what was written in `folder`: by name, at most `count` files of `size` bytes in all."""
    names: list[str] = []
    contents: list[memoryview] = []
    left_out = 0
    for name in sorted(folder.written()):
        content = folder.read(name, size) if len(names) < count else None
        if content is None:
            left_out += 1
        else:
            names.append(name)
            contents.append(memoryview(content))
            size -= len(content)
    frames.send(sock, {"names": names, "left_out": left_out}, contents)


def receive(sock: socket.socket, seconds: float, count: int, size: int) -> WrittenFiles:
    """What comes within `seconds`. Raises RpcError for anything but what `send` sends with these limits."""
    alarm = threading.Timer(seconds, sock.shutdown, [socket.SHUT_RDWR])
    alarm.start()
    try:
        message, contents = frames.receive(sock, size)
    finally:
        alarm.cancel()
    match message:
        case {"names": [*names], "left_out": int(left_out)} if len(message) == 2 and type(left_out) is int:
            pass
        case _:
            raise RpcError("malformed files: no names")
    if not len({str(name) for name in names}) == len(names) == len(contents) <= count or left_out < 0:
        raise RpcError(f"malformed files: {len(names)} names, {len(contents)} contents")
    if not all(map(is_plain, names)):
        raise RpcError("malformed files: a name that leads elsewhere, is hidden, or can't be shown")
    return WrittenFiles(dict(zip(names, map(bytes, contents), strict=True)), left_out)
