"""Files that are whole or not there, whatever was killed when; and files of others, opened with care."""

import contextlib
import os
import stat
import tempfile
from io import BufferedReader
from pathlib import Path

from autograder.common.errors import AutograderError


def write_atomic(path: Path, content: bytes) -> None:
    """Write a file so that a reader, now or after a crash, finds the old content or the new, and nothing between."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".part")
    try:
        with open(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(name, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(name)
        raise
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Make renames in a folder last through a power cut, where the system can."""
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


class NotRegular(AutograderError, OSError):
    """What was to be read is no regular file; the message says what it is."""


def open_regular(path: str | Path) -> BufferedReader:
    """Open a regular file to read it.

    Raises NotRegular for a symbolic link, even one that has come since the file was seen, a pipe, or a folder, none of
    which is followed or waited for; OSError for what can't be opened.
    """
    flags = os.O_RDONLY | os.O_CLOEXEC | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
    try:
        descriptor = os.open(path, flags)
    except OSError:
        if os.path.islink(path):
            raise NotRegular("a link to another file") from None
        raise
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise NotRegular("not a regular file")
    return open(descriptor, "rb")
