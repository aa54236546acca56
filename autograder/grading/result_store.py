"""Outcomes on disk, by digest. An entry is whole or not there, whatever was killed when."""

import contextlib
import hashlib
import json
import re
from pathlib import Path

from autograder.common.files import write_atomic
from autograder.grading.job import Outcome

_DIGEST = re.compile(r"[0-9a-f]{64}")


class Store:
    """A folder of outcomes; any number of processes may use it at once."""

    def __init__(self, folder: Path) -> None:
        """Use `folder`, which need not exist yet."""
        self.folder = folder

    def get(self, digest: str) -> Outcome | None:
        """The outcome stored under a digest; None where none can be read. A damaged entry is removed."""
        path = self._path(digest)
        with contextlib.suppress(OSError):
            if (outcome := _outcome(path.read_bytes())) is not None:
                return outcome
            path.unlink(missing_ok=True)
        return None

    def put(self, digest: str, outcome: Outcome) -> None:
        """Store a final outcome, in the place of a damaged one. Raises OSError where that can't be done."""
        content = json.dumps(outcome.as_dict())
        write_atomic(self._path(digest), f"{_checksum(content)}\n{content}".encode())

    def _path(self, digest: str) -> Path:
        if not _DIGEST.fullmatch(digest):
            raise ValueError(f"digest (={digest!r}) must be 64 hexadecimal digits")
        return self.folder / digest[:2] / f"{digest}.json"


def _checksum(content: str) -> str:
    return hashlib.sha256(content.encode()).hexdigest()


def _outcome(entry: bytes) -> Outcome | None:
    """What an entry says, if it is whole: its first line is the checksum of the rest."""
    try:
        checksum, content = entry.decode().split("\n", 1)
        if checksum != _checksum(content):
            return None
        return Outcome.from_dict(json.loads(content))
    except (ValueError, TypeError, RecursionError):
        return None
