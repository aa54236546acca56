"""Both sides of the RPC: a student's code in a process of its own, and the examiner's peer here."""

import contextlib
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from autograder.rpc.file_sync import Folder
from autograder.rpc.peer import Peer

STUDENT = """
import os, socket, sys
from pathlib import Path
from autograder.rpc.file_sync import Folder
from autograder.rpc.peer import Peer

end, folder, space = socket.socket(fileno=int(sys.argv[1])), sys.argv[2], {"__name__": "__main__"}
if os.path.isdir(folder):
    os.chdir(folder)
exec(sys.stdin.read(), space)
peer = Peer(end, space, trusted=False, folder=Folder(Path(folder), False) if folder else None)
while True:
    peer.serve()
"""


@contextlib.contextmanager
def student(code: str, folder: Path | str = "") -> Iterator[socket.socket]:
    """A new process that runs `code` in `folder`, then answers on the RPC socket; yields our end of it.

    It is no fork of this process: once TensorFlow has started its threads, a fork of it may wait for them for ever.
    """
    host_end, child_end = socket.socketpair()
    with host_end:
        with child_end:
            command = [sys.executable, "-c", STUDENT, str(child_end.fileno()), str(folder)]
            process = subprocess.Popen(command, stdin=subprocess.PIPE, pass_fds=[child_end.fileno()], text=True)
        assert process.stdin is not None
        with process.stdin as stdin:
            stdin.write(code)
        try:
            yield host_end
        finally:
            process.kill()
            process.wait()


@contextlib.contextmanager
def examining(code: str, folders: tuple[Path, Path] | None = None, **names: Any) -> Iterator[tuple[Peer, Any]]:
    """Run `code` in another process; yields the examiner's peer, and a function that fetches one name.

    The examiner's own names are `names`.
    """
    child_folder, own = folders or ("", None)
    with student(code, child_folder) as host_end:
        peer = Peer(
            host_end, {"__name__": "__main__", **names}, trusted=True, folder=Folder(own, True) if own else None
        )

        def fetch(name: str) -> Any:
            values, refused = peer.fetch([name])
            if name in refused:
                raise TypeError(refused[name])
            return values[name]

        yield peer, fetch
