"""Entries on disk by digest, each whole or not there, whatever was killed when.

    <folder>/<first two digits>/<digest><suffix>      the SHA-256 of the content, and the content

Any number of processes may use one store at once.
"""

import contextlib
import hashlib
import re
from pathlib import Path

from autograder.common.files import write_atomic

_DIGEST = re.compile(r"[0-9a-f]{64}")
_CHECKSUM = hashlib.sha256().digest_size


class ChecksummedStore:
    """A folder of bytes; an entry that is damaged counts as missing, and is removed."""

    def __init__(self, folder: Path, suffix: str = "") -> None:
        """Use `folder`, which need not exist yet."""
        self.folder = folder
        self._suffix = suffix

    def get(self, digest: str) -> bytes | None:
        """The content under a digest; None where none can be read."""
        with contextlib.suppress(OSError):
            entry = self.path(digest).read_bytes()
            content = entry[_CHECKSUM:]
            if hashlib.sha256(content).digest() == entry[:_CHECKSUM]:
                return content
            self.remove(digest)
        return None

    def put(self, digest: str, content: bytes) -> None:
        """Store a content, in the place of what is there. Raises OSError where that can't be done."""
        write_atomic(self.path(digest), hashlib.sha256(content).digest() + content)

    def remove(self, digest: str) -> None:
        """Remove an entry, which need not be there. Raises OSError where that can't be done."""
        self.path(digest).unlink(missing_ok=True)

    def path(self, digest: str) -> Path:
        """Where an entry is. Raises ValueError for what is no digest."""
        if not _DIGEST.fullmatch(digest):
            raise ValueError(f"digest (={digest!r}) must be 64 hexadecimal digits")
        return self.folder / digest[:2] / f"{digest}{self._suffix}"
