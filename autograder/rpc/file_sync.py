"""Files of the work folder: what a cell or a call wrote here also appears on the other side.

The examiner takes a student's files as data. A file that a library might run as code when it loads it (a pickle, a
saved model, a module) appears with its name and size, and zeros in it.
"""

import contextlib
import os
from pathlib import Path, PurePosixPath
from typing import Any

from autograder.common.files import open_regular
from autograder.common.language import english
from autograder.rpc.frames import MAX_BYTES, RpcError

MAX_FILE = 16 << 20
MAX_FILES = 500
MAX_TAKEN = 256 << 20  # bytes of files that the examiner takes from one notebook, in all
HARMLESS = frozenset(
    # Arrays and pickles are data in the examiner, which unpickles nothing else: see examiner.guard.
    ".csv .tsv .txt .json .md .xml .yaml .yml .html .svg .log .dat .png .jpg .jpeg .gif .bmp "
    ".npy .npz .pkl .pickle".split()
)
Stamp = tuple[int, int, int]
FOLDER: Stamp = (0, 0, 0)


def _parts(name: Any) -> tuple[str, ...]:
    """The parts of a path within the work folder. Raises RpcError for what leads out of it, or is no path."""
    parts = PurePosixPath(name).parts if isinstance(name, str) and len(name) < 250 else ()
    if not parts or ".." in parts or name.startswith("/") or "\0" in name or len(parts) > 8:
        raise RpcError("malformed name of a file: it leads out of the work folder")
    return parts


def is_plain(name: Any) -> bool:
    """Whether a person can be shown that name, and a file manager shows it."""
    try:
        parts = _parts(name)
    except RpcError:
        return False
    return name == "/".join(parts) and all(part.isprintable() and not part.startswith(".") for part in parts)


class Folder:
    """Keeps this side's work folder equal to the other side's. It is made while both hold the same files."""

    def __init__(self, path: Path, trusted: bool) -> None:
        """`trusted`: this is the examiner's side, which receives files from the student."""
        self.path = path
        self.trusted = trusted
        self._known = self._stamps(None)
        self._given = dict(self._known)  # as they came: by the assignment, the submission, or the other side
        self._own = set(self._known)  # the instructor's: a test may compare with them
        self.contested: set[str] = set()  # those of them that the other side wrote as well
        self._taken = 0

    def claim(self) -> None:
        """Count files written here since the last look as the instructor's, which the other side can't replace."""
        self._own |= {name for name, stamp in self._stamps(MAX_FILES).items() if self._known.get(name) != stamp}

    def changes(self) -> list[tuple[str, bytes | int | None]]:
        """Files written or removed here since the last look: content, or size where it is too large, or None."""
        now = self._stamps(MAX_FILES)
        if now == self._known:
            return []
        now = dict(sorted(now.items()))  # a folder before what is in it
        missing = [name for name in self._known.keys() - now.keys() if not (self.path / name).exists()]
        gone: list[tuple[str, bytes | int | None]] = [(name, None) for name in missing]
        written = [name for name, stamp in now.items() if self._known.get(name) != stamp]
        self._known = now
        return [*gone, *((name, content) for name in written if (content := self._content(name)) is not None)]

    def apply(self, changes: list[tuple[Any, Any]]) -> None:
        """Write what the other side wrote, but for the instructor's files, which stay as they are.

        Raises RpcError for a name that leads out of the folder.
        """
        if len(changes) > MAX_FILES:
            raise RpcError(english("more than %(count)s files", count=MAX_FILES))
        for name, content in changes:
            path = self._inside(name)
            if name.endswith("/"):
                self._apply_folder(name, path, there=content is not None)
                continue
            name = path.relative_to(self.path).as_posix()
            if self.trusted and name in self._own:
                self.contested.add(name)
                continue
            if content is None:
                path.unlink(missing_ok=True)
                self._known.pop(name, None)
                self._given.pop(name, None)
                continue
            path.parent.mkdir(parents=True, exist_ok=True)
            size = content if isinstance(content, int) else len(content)
            with path.open("wb") as file:
                if isinstance(content, int) or (self.trusted and path.suffix.lower() not in HARMLESS):
                    file.truncate(min(size, MAX_BYTES))  # a hole: takes no space
                else:
                    self._taken += size
                    if self.trusted and self._taken > MAX_TAKEN:
                        raise RpcError(english("files of more than %(size)s MiB in all", size=MAX_TAKEN >> 20))
                    file.write(content)
            self._known[name] = self._given[name] = self._stamp(path.stat())

    def written(self) -> list[str]:
        """The regular files that this side has written, hidden ones and those with odd names left out."""
        stamps = self._stamps(None)
        return [name for name, stamp in stamps.items() if self._given.get(name) != stamp and is_plain(name)]

    def read(self, name: str, most: int) -> bytes | None:
        """The content of a regular file; None where it has more than `most` bytes, or is gone."""
        try:
            with open_regular(self.path / name) as file:
                content = file.read(most + 1)
                return content if len(content) <= most else None
        except OSError:
            return None

    def _apply_folder(self, name: str, path: Path, *, there: bool) -> None:
        if there:
            path.mkdir(parents=True, exist_ok=True)
            self._known[name] = FOLDER
        elif name not in self._own:
            with contextlib.suppress(OSError):
                path.rmdir()
            self._known.pop(name, None)

    def _inside(self, name: Any) -> Path:
        path = self.path.joinpath(*_parts(name))
        if self.path.resolve() not in path.parent.resolve().parents and path.parent.resolve() != self.path.resolve():
            raise RpcError("malformed name of a file: it leads out of the work folder")
        if path.is_symlink() or (path.exists() and not (path.is_dir() if name.endswith("/") else path.is_file())):
            raise RpcError(english("%(file)s is not a regular file here", file=name))
        return path

    def _stamps(self, room: int | None) -> dict[str, Stamp]:
        """Name -> inode, size and time (ns) of each regular file; of files that are not the instructor's, of at most
        `room`. A folder's name ends in `/`.

        `room`: None for all.
        """
        found: dict[str, Stamp] = {}
        waiting = [("", self.path)]
        while waiting:
            prefix, folder = waiting.pop()
            try:
                entries = list(os.scandir(folder))
            except OSError:
                continue
            for entry in entries:
                if entry.name in ("__pycache__", ".ipynb_checkpoints", ".git"):
                    continue
                try:
                    is_folder = entry.is_dir(follow_symlinks=False)
                    name = f"{prefix}{entry.name}{'/' if is_folder else ''}"
                    if is_folder:
                        waiting.append((name, Path(entry.path)))
                    elif not entry.is_file(follow_symlinks=False):
                        continue
                    if room is not None and name not in self._own:
                        if not room:
                            continue
                        room -= 1
                    found[name] = FOLDER if is_folder else self._stamp(entry.stat(follow_symlinks=False))
                except OSError:
                    continue
        return found

    @staticmethod
    def _stamp(status: os.stat_result) -> Stamp:
        return status.st_ino, status.st_size, status.st_mtime_ns

    def _content(self, name: str) -> bytes | int | None:
        if name.endswith("/"):
            return 0
        try:
            with open_regular(self.path / name) as file:
                size = os.fstat(file.fileno()).st_size
                return size if size > MAX_FILE else file.read(MAX_FILE)
        except OSError:
            return None
