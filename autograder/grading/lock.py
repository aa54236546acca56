"""A course's locks: what grades it, generates an assignment of it or brings a backup back does so alone.

So does what watches it, by a lock of its own.
"""

import os
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

from filelock import FileLock, Timeout

from autograder.common.errors import AutograderError
from autograder.common.files import write_atomic


class BusyError(AutograderError):
    """Another process holds the course's lock; the message says which."""


@contextmanager
def course_lock(
    root: Path, doing: str, waiting: Callable[[str], object] | None = None, *, name: str = "lock"
) -> Iterator[None]:
    """Hold the lock of the course in `root`; the system gives it back when the process ends, however it ends.

    `doing` is what others are told: "`grade` of ps1". `waiting` is told once who holds it, and then it is waited for;
    without it, raises BusyError at once. `name`: of the lock's file; those of different names don't exclude each other.
    """
    folder = root / ".autograder"
    folder.mkdir(parents=True, exist_ok=True)
    lock, holder = FileLock(folder / name, mode=0o664), folder / f"{name}.holder"
    try:
        lock.acquire(timeout=0)
    except Timeout:
        who = _read(holder)
        if waiting is None:
            message = f"{who} is running in this course, so nothing was changed. Try again when it is done."
            raise BusyError(message) from None
        waiting(f"{who} is running in this course. Waiting for it to finish (press Ctrl-C to stop waiting).")
        lock.acquire()
    try:
        since = f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S} UTC"
        write_atomic(holder, f"{doing} (process {os.getpid()} on {socket.gethostname()}, since {since})".encode())
        yield
    finally:
        with suppress(OSError):
            holder.unlink()
        lock.release()


def _read(holder: Path) -> str:
    try:
        return holder.read_text(encoding="utf-8", errors="replace")[:300]
    except OSError:  # it has just begun, or ended
        return "another command"
