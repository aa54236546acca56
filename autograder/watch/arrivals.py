"""When a folder that somebody writes is complete: nothing in it changes any more, and its notebooks are whole."""

import hashlib
import json
import os
import time
from dataclasses import dataclass
from pathlib import Path

from autograder.common.files import open_regular

PATIENCE = 60.0  # seconds until a notebook that is no JSON is taken as it is: somebody may still be copying it

Signature = tuple[tuple[str, int, int, int, int], ...]  # of each entry: path, mode, size, times of change


@dataclass
class _Seen:
    signature: Signature
    since: float  # by the monotonic clock
    digest: str = ""  # of the files, once they have been read


class Arrivals:
    """Folders in which submissions arrive. A look costs a `stat` of each file; files are read after they changed."""

    def __init__(self, settle_seconds: float) -> None:
        """A folder is complete when it has not changed for so long."""
        self._settle = settle_seconds
        self._seen: dict[Path, _Seen] = {}

    def digest(self, folder: Path) -> str:
        """SHA-256 of the files in a folder, as hexadecimal digits; empty where it is not complete, or has no files."""
        try:
            now = signature(folder)
            seen = self._seen.get(folder)
            if seen is None or seen.signature != now:
                seen = self._seen[folder] = _Seen(now, time.monotonic())
            if not now or not _is_quiet(seen, self._settle):
                return ""
            if not seen.digest and (_is_quiet(seen, PATIENCE) or _are_whole(folder, now)):
                found = digest(folder)
                seen.digest = found if signature(folder) == now else ""
            return seen.digest
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
    """What is in a folder, and in the folders in it."""
    found = []
    for entry in os.scandir(folder):
        found.append(entry)
        if entry.is_dir(follow_symlinks=False):
            found += _entries(Path(entry.path))
    return found


def _are_whole(folder: Path, found: Signature) -> bool:
    """Whether each notebook is JSON: what copies a file slowly leaves a beginning that lies still."""
    for path, *_ in found:
        if path.endswith(".ipynb") and not os.path.islink(path) and os.path.isfile(path):
            try:
                with open_regular(path) as file:
                    json.load(file)
            except (ValueError, RecursionError):
                return False
    return True
