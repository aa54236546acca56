"""Copies a folder of downloads, with the archives in it opened: regular files alone, in bounded number and size.

Students choose what is in a file and, in their own archives, how it is called. An archive `x.zip` becomes a folder
`x.zip`; what is refused is listed, and is not copied. `tarfile`'s filters refuse a whole archive for one bad member and
know nothing of zips, so members are judged one by one here.
"""

import functools
import os
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from lzma import LZMAError
from pathlib import Path
from typing import IO

from autograder.common.files import open_regular

ARCHIVES = (".zip", ".tar", ".tar.gz", ".tgz")
DEPTH = 3  # archives within archives
FOLDERS = 30  # within one another
FILES = 50_000  # in an archive
RATIO = 50  # an archive's content to its own size; notebooks have 3 to 10
_BLOCK = 1 << 20
_CLOSED = ".closed"
_TOO_DEEP = f"more than {FOLDERS} folders within one another"
Opener = Callable[[], IO[bytes]]
_JUNK = frozenset({"__MACOSX", ".DS_Store", "Thumbs.db", "desktop.ini"})
_DAMAGED = (
    *(OSError, ValueError, EOFError, NotImplementedError, RuntimeError),
    *(zipfile.BadZipFile, tarfile.TarError, zlib.error, LZMAError),
)


@dataclass(frozen=True)
class Caps:
    """Bytes of a file, and of a student's archive in all."""

    file: int
    archive: int


@dataclass
class Unpacking:
    """A copy being made in the folder `target`. `refused` has what was left out, and why."""

    target: Path
    caps: Caps
    refused: list[tuple[str, str]] = field(default_factory=list)

    def folder(self, source: Path) -> None:
        """Copy the files of a folder, with archives among them opened."""
        for path in regular_files(source, self.refused):
            name = path.relative_to(source).as_posix()
            if is_archive(path.name):
                self._archive(path, name, depth=1)
                continue
            try:
                with open_regular(path) as file:
                    self._copy(file, name, self.caps.file)
            except _DAMAGED as error:
                self._refuse(name, _why(error))

    def _archive(self, path: Path, name: str, depth: int) -> None:
        """Open an archive into a folder of its name. A damaged file in a zip does not cost the others."""
        try:
            left = max(self.caps.archive, RATIO * path.stat().st_size) if depth == 1 else self.caps.archive
            self._free(name).mkdir(parents=True)
            for count, (entry, opened) in enumerate(_entries(path)):
                if count == FILES:
                    self._refuse(name, f"more than {FILES:,} files; the rest was left out")
                    return
                parts = _parts(entry)
                if parts is None:
                    self._refuse(f"{name}/{entry}", "its path leads out of the archive")
                elif len(parts) > FOLDERS:
                    self._refuse(f"{name}/{parts[0]}/…", _TOO_DEEP)
                elif _is_junk(parts):
                    continue
                elif isinstance(opened, str):
                    self._refuse(f"{name}/{entry}", opened)
                else:
                    left -= self._entry(opened, "/".join([name, *parts]), left, depth)
                if left <= 0:
                    self._refuse(name, "too large when unpacked; the rest was left out")
                    return
        except _DAMAGED as error:
            self._refuse(name, f"it can't be opened: {_why(error)}")

    def _entry(self, opened: Opener, name: str, left: int, depth: int) -> int:
        """Copy one file of an archive, of which `left` bytes may still be; returns how many it took."""
        try:
            with opened() as file:
                copied = self._copy(file, name, min(self.caps.file, left))
        except _DAMAGED as error:
            self._refuse(name, f"it can't be read: {_why(error)}")
            return 0
        if copied is None:
            return min(self.caps.file, left)  # so many were read
        size = copied.stat().st_size
        if is_archive(copied.name):
            self._nested(copied, depth)
        return size

    def _nested(self, path: Path, depth: int) -> None:
        name = path.relative_to(self.target).as_posix()
        if depth == DEPTH:
            self._refuse(name, "an archive nested too deep in others; it was not opened")
            return
        closed = path.with_name(f"{path.name}{_CLOSED}")
        path.rename(closed)
        self._archive(closed, name, depth + 1)
        closed.unlink()

    def _copy(self, file: IO[bytes], name: str, most: int) -> Path | None:
        """Copy a file; None where it has more bytes than `most`, whatever it says of itself."""
        path = self._free(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        size = 0
        try:
            with path.open("xb") as copy:
                while block := file.read(_BLOCK):
                    size += len(block)
                    if size > most:
                        break
                    copy.write(block)
        except BaseException:
            path.unlink(missing_ok=True)
            raise
        if size > most:
            path.unlink()
            self._refuse(name, f"larger than {most / 1e6:.3g} MB")
            return None
        return path

    def _free(self, name: str) -> Path:
        """The path of a name in the target; of two files of one name the second gets a number."""
        wanted = self.target / "/".join(_shortened(part) for part in name.split("/"))
        path, number = wanted, 1
        while os.path.lexists(path):
            number += 1
            path = wanted.with_name(f"{wanted.stem} ({number}){wanted.suffix}")
        return path

    def _refuse(self, name: str, why: str) -> None:
        self.refused.append((name, why))


def regular_files(folder: Path, refused: list[tuple[str, str]]) -> Iterator[Path]:
    """The regular files below a folder, in order of their names, through no link; the others go to `refused`."""
    for here, folders, files in os.walk(folder):
        folders[:] = sorted(name for name in folders if not _is_junk([name]))
        if folders and len(Path(here).relative_to(folder).parts) == FOLDERS:
            refused.append((Path(here).relative_to(folder).as_posix(), _TOO_DEEP))
            folders.clear()
        for name in sorted([*files, *(name for name in folders if (Path(here) / name).is_symlink())]):
            path = Path(here) / name
            if _is_junk([name]):
                continue
            mode = path.lstat().st_mode
            if stat.S_ISREG(mode):
                yield path
            else:
                why = "a link to another file" if stat.S_ISLNK(mode) else "not a regular file"
                refused.append((path.relative_to(folder).as_posix(), why))


def is_archive(name: str) -> bool:
    """Whether a file of this name is opened."""
    return name.lower().endswith(ARCHIVES)


def _entries(path: Path) -> Iterator[tuple[str, Opener | str]]:
    """Each file of an archive: its name, and what opens it, or why it is refused."""
    if path.name.removesuffix(_CLOSED).lower().endswith(".zip"):
        with zipfile.ZipFile(path) as archive:
            for entry in archive.infolist():
                kind = stat.S_IFMT(entry.external_attr >> 16)
                if entry.is_dir():
                    continue
                if kind not in (0, stat.S_IFREG):
                    yield _decoded(entry), "a link to another file" if kind == stat.S_IFLNK else "not a regular file"
                elif entry.flag_bits & 1:
                    yield _decoded(entry), "encrypted"
                else:
                    yield _decoded(entry), functools.partial(archive.open, entry)
        return
    with tarfile.open(path) as tar:
        for member in tar:
            if member.isreg():
                yield member.name, functools.partial(_member, tar, member)
            elif not member.isdir():
                yield member.name, "a link to another file, or a special file"


def _member(tar: tarfile.TarFile, member: tarfile.TarInfo) -> IO[bytes]:
    file = tar.extractfile(member)
    assert file is not None, f"{member.name} is a regular file"
    return file


def _decoded(entry: zipfile.ZipInfo) -> str:
    """An entry's name. Without the flag for UTF-8 it may be UTF-8 all the same (macOS), or cp866 (Russian Windows)."""
    if entry.flag_bits & 0x800 or entry.filename.isascii():
        return entry.filename
    try:
        raw = entry.filename.encode("cp437")
    except UnicodeEncodeError:
        return entry.filename
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        # Small Cyrillic letters are signs and Greek in cp437, which no Western name has.
        western = all(sign.isascii() or "\u00c0" <= sign <= "\u024f" for sign in entry.filename)
        return entry.filename if western else raw.decode("cp866")


def _parts(name: str) -> list[str] | None:
    """A path in an archive, part by part; None where it leads anywhere else."""
    name = name.replace("\\", "/")
    parts = [part for part in name.split("/") if part not in ("", ".")]
    bad = name.startswith("/") or ".." in parts or (parts and parts[0].endswith(":")) or "\0" in name
    return parts if parts and not bad else None


def _is_junk(parts: list[str]) -> bool:
    return any(part in _JUNK or part.startswith("._") or part == ".ipynb_checkpoints" for part in parts)


def _shortened(part: str) -> str:
    """A name of at most 240 bytes (a file system takes 255), its start and its end kept."""
    raw = part.encode("utf-8", "surrogateescape")
    if len(raw) <= 240:
        return part
    return raw[:180].decode("utf-8", "ignore") + "…" + raw[-50:].decode("utf-8", "ignore")


def _why(error: BaseException) -> str:
    return str(getattr(error, "strerror", None) or error) or type(error).__name__
