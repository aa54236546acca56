"""When a folder that somebody writes is complete: nothing in it changes any more, and its notebooks are whole."""

import hashlib
import math
import os
import stat
import time
from dataclasses import dataclass
from pathlib import Path

import msgspec

from autograder.common.errors import AutograderError
from autograder.common.files import open_regular
from autograder.notebooks.selection import MAX_ENTRIES

MAX_DEPTH = 50  # folders in folders; what copies and deletes them calls itself for each
PATIENCE = 60.0  # seconds until a notebook that is no JSON is taken as it is: somebody may still be copying it

Signature = tuple[tuple[str, int, int, int, int], ...]  # of each entry: path, mode, size, times of change


class TooLarge(AutograderError, OSError):
    """A folder has more in it than is taken in; the message says of what."""


@dataclass
class _Seen:
    signature: Signature
    since: float  # by the monotonic clock
    digest: str = ""  # of the files, once they have been read


class Arrivals:
    """Folders in which submissions arrive. A look costs a `stat` of each file; files are read after they changed."""

    def __init__(self, settle_seconds: float, max_bytes: float = math.inf) -> None:
        """A folder is complete when it has not changed for so long; its files have at most so many bytes in all."""
        self._settle, self._max_bytes = settle_seconds, max_bytes
        self._seen: dict[Path, _Seen] = {}

    def digest(self, folder: Path) -> str:
        """SHA-256 of the files in a folder, as hexadecimal digits; empty where it is not complete, or has no files.

        Raises TooLarge.
        """
        try:
            now = signature(folder)
            check_size(now, self._max_bytes)
            seen = self._seen.get(folder)
            if seen is None or seen.signature != now:
                seen = self._seen[folder] = _Seen(now, time.monotonic())
            if not now or not _is_quiet(seen, self._settle):
                return ""
            if not seen.digest and (_is_quiet(seen, PATIENCE) or _are_whole(folder, now)):
                found = digest(folder)
                seen.digest = found if signature(folder) == now else ""
            return seen.digest
        except TooLarge:
            raise
        except OSError:  # it is being replaced
            return ""

    def is_unchanged(self, folder: Path) -> bool:
        """Whether a folder is as it was at the last look."""
        try:
            return folder in self._seen and signature(folder) == self._seen[folder].signature
        except OSError:
            return False


def _is_quiet(seen: _Seen, seconds: float) -> bool:
    """Whether nothing has changed for so long: as seen here, or by the file system's clock."""
    last = max((changed for *_, changed in seen.signature), default=0) / 1e9
    return max(time.monotonic() - seen.since, time.time() - last) >= seconds


def signature(folder: Path) -> Signature:
    """What changes when anything in a folder does. Raises OSError."""
    found = []
    for entry in _entries(folder):
        at = entry.stat(follow_symlinks=False)
        found.append((entry.path, at.st_mode, at.st_size, at.st_mtime_ns, at.st_ctime_ns))
    return tuple(sorted(found))


def check_size(found: Signature, max_bytes: float) -> int:
    """The bytes of the files in a folder. Raises TooLarge."""
    size = sum(size for _, mode, size, *_ in found if stat.S_ISREG(mode))
    if size > max_bytes:
        raise TooLarge(
            f"{size / 1e6:,.1f} MB, and at most {max_bytes / 1e6:,.1f} MB are taken in (c.CourseDirectory.max_dir_size)"
        )
    return size


def last_change(folder: Path) -> float:
    """When a folder or anything in it last changed, in seconds since 1970; no program can forge it. Raises OSError."""
    return max([folder.stat().st_ctime, *(at / 1e9 for *_, at in signature(folder))])


def digest(folder: Path) -> str:
    """SHA-256 of names and contents of the files in a folder, and of where links lead. Raises OSError."""
    found = hashlib.sha256()
    for entry in sorted(_entries(folder), key=lambda entry: entry.path):
        if entry.is_symlink():
            content = b"link " + os.fsencode(os.readlink(entry.path))
        elif entry.is_file():
            with open_regular(entry.path) as file:
                content = hashlib.file_digest(file, "sha256").digest()
        else:
            continue
        name = os.fsencode(os.path.relpath(entry.path, folder))
        found.update(b"%d %b %d %b" % (len(name), name, len(content), content))
    return found.hexdigest()


def _entries(folder: Path) -> list[os.DirEntry[str]]:
    """What is in a folder, and in the folders in it. Raises TooLarge, OSError."""
    found: list[os.DirEntry[str]] = []
    pending = [(str(folder), 1)]
    while pending:
        path, depth = pending.pop()
        if depth > MAX_DEPTH:
            raise TooLarge(f"folders in folders, {MAX_DEPTH} deep or more")
        with os.scandir(path) as entries:
            for entry in entries:
                found.append(entry)
                if len(found) > MAX_ENTRIES:
                    raise TooLarge(f"more than {MAX_ENTRIES:,} files and folders")
                if entry.is_dir(follow_symlinks=False):
                    pending.append((entry.path, depth + 1))
    return found


def _are_whole(folder: Path, found: Signature) -> bool:
    """Whether each notebook is JSON: what copies a file slowly leaves a beginning that lies still."""
    for path, *_ in found:
        if path.endswith(".ipynb") and not os.path.islink(path) and os.path.isfile(path):
            try:
                with open_regular(path) as file:  # which is read, and nothing made of it: that could take much memory
                    text = file.read()
                for number in (b"NaN", b"Infinity"):  # which Python writes, and nbformat reads
                    text = text.replace(number, b"0")
                msgspec.json.decode(text, type=msgspec.Raw)
            except (ValueError, RecursionError):
                return False
    return True
