"""Two sides of the wire: a student's code in a process of its own, and the examiner's peer here."""

import contextlib
import os
import signal
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from autograder.wire.folder import Folder
from autograder.wire.peer import Peer


@contextlib.contextmanager
def examining(code: str, folders: tuple[Path, Path] | None = None, **names: Any) -> Iterator[tuple[Peer, Any]]:
    """Run `code` in another process; yields the examiner's peer, and a function that fetches one name.

    The examiner's own names are `names`.
    """
    ours, theirs = socket.socketpair()
    pid = os.fork()
    if pid == 0:
        try:
            ours.close()
            space: dict[str, Any] = {"__name__": "__main__"}
            if folders:
                os.chdir(folders[0])
            exec(code, space)
            Peer(theirs, space, trusted=False, folder=Folder(folders[0], False) if folders else None).serve()
        finally:
            os._exit(0)
    theirs.close()
    peer = Peer(
        ours, {"__name__": "__main__", **names}, trusted=True, folder=Folder(folders[1], True) if folders else None
    )

    def fetch(name: str) -> Any:
        values, refused = peer.fetch([name])
        if name in refused:
            raise TypeError(refused[name])
        return values[name]

    try:
        yield peer, fetch
    finally:
        ours.close()
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
