"""Files by the SHA-256 of what is in them: how a job that names files crosses to another machine, and is run there."""

import errno
import hashlib
import os
import tempfile
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from autograder.common.errors import AutograderError
from autograder.common.files import open_regular

FULL = (errno.ENOSPC, errno.EDQUOT)
KEPT = 8 << 30  # bytes of files that no job uses, which may be of use to the next


class WrongContent(AutograderError):
    """What came is not what was announced."""


class NoRoom(AutograderError):
    """This machine has no room for a job's files; the message says where."""


class Digests:
    """Digests of files that do not change meanwhile; each is read once."""

    def __init__(self) -> None:
        """None is known yet."""
        self._known: dict[str, str] = {}

    def of(self, path: str) -> str:
        """As hexadecimal digits. Raises OSError."""
        if path not in self._known:
            with open_regular(path) as file:
                self._known[path] = hashlib.file_digest(file, "sha256").hexdigest()
        return self._known[path]


class Contents:
    """Files that came as bytes, in a folder that goes with this; those that are used stay."""

    def __init__(self, place: Path | None = None, kept: int = KEPT) -> None:
        """Keep at most `kept` bytes of files that no job uses, the last used ones, in `place` (none: the system's)."""
        self._place, self._kept = place, kept
        self._lock = threading.Lock()
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self._sizes: dict[str, int] = {}  # by digest, the longest unused first
        self._used: dict[str, int] = {}  # by digest, how many use it now

    @contextmanager
    def at_hand(self, contents: Mapping[str, str | bytes]) -> Iterator[dict[str, str]]:
        """Within, each of `contents` is a file: a path where it is given as one, else one made of the bytes.

        Raises WrongContent for bytes of another digest, NoRoom where the disk is full, OSError where it is broken.
        """
        mine: list[str] = []
        try:
            with self._lock:
                for digest, content in contents.items():
                    if isinstance(content, bytes):
                        self._use(digest, content)
                        mine.append(digest)
            yield {digest: self._path(digest) if digest in mine else str(contents[digest]) for digest in contents}
        finally:
            with self._lock:
                for digest in mine:
                    self._used[digest] -= 1
                self._bound()

    def close(self) -> None:
        """Remove them all."""
        with self._lock:
            if self._folder is not None:
                self._folder.cleanup()
            self._folder, self._sizes, self._used = None, {}, {}

    def _use(self, digest: str, content: bytes) -> None:
        if digest not in self._sizes:
            if hashlib.sha256(content).hexdigest() != digest:
                raise WrongContent(f"expected a file of SHA-256 {digest}, received another of {len(content):,} bytes")
            try:
                self._store(digest, content)
            except OSError as error:
                if error.errno not in FULL:
                    raise
                place = self._place or tempfile.gettempdir()
                raise NoRoom(f"there is no room for a file of {len(content):,} bytes in {place}") from error
        self._sizes[digest] = self._sizes.pop(digest, len(content))
        self._used[digest] = self._used.get(digest, 0) + 1

    def _store(self, digest: str, content: bytes) -> None:
        if self._folder is None:
            self._folder = tempfile.TemporaryDirectory(
                prefix="autograder-files-", dir=self._place, ignore_cleanup_errors=True
            )
        part = Path(f"{self._path(digest)}.part")
        try:
            part.write_bytes(content)
            os.replace(part, self._path(digest))
        finally:
            part.unlink(missing_ok=True)

    def _path(self, digest: str) -> str:
        assert self._folder is not None
        return str(Path(self._folder.name, digest))

    def _bound(self) -> None:
        unused = [digest for digest in self._sizes if not self._used.get(digest)]
        total = sum(self._sizes[digest] for digest in unused)
        for digest in unused:
            if total <= self._kept:
                return
            Path(self._path(digest)).unlink(missing_ok=True)
            total -= self._sizes.pop(digest)
            self._used.pop(digest, None)
