"""Results of trainings on disk, by key: whole or not there, bounded, the oldest unused first out.

    <folder>/<first two digits>/<key>       the frame of the result, in a `ChecksummedStore`
    <folder>/students/<student>/<key>       empty: that student asked for it

Any number of processes may use it at once.
"""

import contextlib
import os
import time
from pathlib import Path
from urllib.parse import quote

from autograder.common.store import ChecksummedStore
from autograder.rpc.frames import RpcError
from autograder.training import protocol
from autograder.training.fit_messages import TrainingResult

_WRITING = 3600  # seconds after which a part of an entry is one that a killed process left


class TrainingCache:
    """A folder of results."""

    def __init__(self, folder: Path, size: int) -> None:
        """Use `folder`, which need not exist yet, and at most `size` bytes of it."""
        self.folder = folder
        self.size = size
        self._entries = ChecksummedStore(folder)

    def get(self, key: str, student: str) -> TrainingResult | None:
        """The result under a key, for that student. A damaged entry counts as missing, and is removed."""
        content = self._entries.get(key)
        result = None if content is None else _read(content)
        if result is None:
            if content is not None:  # of another version of this package
                self._entries.remove(key)
            return None
        with contextlib.suppress(OSError):
            os.utime(self._entries.path(key))
        self._note(key, student)
        return result

    def put(self, key: str, student: str, result: TrainingResult) -> None:
        """Keep a result, if it fits at all; what was unused longest makes room for it."""
        entry = _write(result)
        if len(entry) > self.size:
            return
        self._entries.put(key, entry)
        self._note(key, student)
        self._bound()

    def forget(self, student: str) -> int:
        """Forget what only that student asked for, and that they asked; gives how many results are gone."""
        own, gone = self._student(student), 0
        keys = [path.name for path in own.iterdir()] if own.is_dir() else []
        for key in keys:
            (own / key).unlink(missing_ok=True)
            if not any((self.folder / "students").glob(f"*/{key}")):
                self._entries.remove(key)
                gone += 1
        with contextlib.suppress(OSError):
            own.rmdir()
        return gone

    def _bound(self) -> None:
        found = []
        for path in self.folder.glob("[0-9a-f][0-9a-f]/*"):
            with contextlib.suppress(OSError):
                status = path.stat()
                if path.name.startswith(".") and time.time() - status.st_mtime < _WRITING:
                    continue  # somebody is writing it
                found.append((status.st_mtime_ns, status.st_size, path))
        total = sum(size for _, size, _ in found)
        for _, size, path in sorted(found):
            if total <= self.size:
                return
            path.unlink(missing_ok=True)
            for note in (self.folder / "students").glob(f"*/{path.name}"):
                note.unlink(missing_ok=True)
            total -= size

    def _note(self, key: str, student: str) -> None:
        note = self._student(student) / key
        with contextlib.suppress(OSError):
            note.parent.mkdir(parents=True, exist_ok=True)
            note.touch()

    def _student(self, student: str) -> Path:
        return self.folder / "students" / f"s-{quote(student, safe='')}"


def _write(result: TrainingResult) -> bytes:
    return protocol.pack(*protocol.encode(result))


def _read(content: bytes) -> TrainingResult | None:
    try:
        return protocol.read(protocol.decode(*protocol.unpack(content)), TrainingResult)
    except RpcError:
        return None
