"""The files of a folder of downloads that is unpacked: whose each is."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from autograder.lms.collect.lms_names import (
    FETCHED,
    METADATA,
    MetadataError,
    Named,
    canvas,
    fetched,
    gradescope,
    moodle,
)
from autograder.lms.collect.roster import NotMatched, Roster
from autograder.lms.collect.unpack import is_archive

STAMP = "%Y%m%dT%H%M%SZ"  # how the name of a download in the archive begins
_STAMP = re.compile(r"\d{8}T\d{6}Z(?=-)")


@dataclass(frozen=True)
class DownloadedFile:
    """A file of a student's. `where` is its path among the downloads, `name` its path in the submission.

    `attempt` orders attempts, the last one last; files of equal `attempt` were handed in together.
    """

    path: Path
    where: str
    name: str
    student: str
    attempt: tuple[datetime, str]
    number: int = 0  # among those handed in together, rises with each upload
    time: datetime | None = None
    late: bool = False


@dataclass(frozen=True)
class Stray:
    """A file of which the student is not known, and why."""

    path: Path
    where: str
    why: str


@dataclass
class Downloads:
    """Reads the downloads in a folder that is unpacked; `roster` has the students."""

    root: Path
    roster: Roster

    def files(self) -> Iterator[DownloadedFile | Stray]:
        """Each file, download after download in the order of their names."""
        yield from self._level(self.root, in_archive=False)

    def _level(self, folder: Path, *, in_archive: bool) -> Iterator[DownloadedFile | Stray]:
        """The files of a folder: one download where a name in it is as an LMS gives them, else a folder of downloads.

        Names count in the downloads themselves alone: in a student's archive a student chooses them.
        """
        try:
            metadata = gradescope(folder) or fetched(folder)
        except MetadataError as error:
            yield from (self._stray(path, str(error)) for path in _below(folder))
            return
        entries = sorted(path for path in folder.iterdir() if not (metadata and path.name in (METADATA, FETCHED)))
        named = {path: self._named(path, metadata) for path in entries}
        is_download = any(named.values())
        for path, owner in named.items():
            of_canvas = canvas(path.name)
            a_students = metadata or (in_archive and is_archive(path.name)) or (is_download and of_canvas)
            if owner is not None:
                yield from self._owned(path, owner)
            elif path.is_dir() and not a_students:
                yield from self._level(path, in_archive=in_archive or is_archive(path.name))
            elif of_canvas:
                yield from self._owned(path, of_canvas)
            else:
                why = "its name is neither a student's id nor one that Moodle, Canvas or Gradescope gives"
                yield from (self._stray(found, why) for found in _below(path))

    def _named(self, path: Path, metadata: dict[str, Named]) -> Named | str | None:
        """What a name says; as text, a student's id: so an instructor says whose a folder is."""
        if path.name in metadata:
            return metadata[path.name]
        if not path.is_dir():
            return moodle(path.name) or canvas(path.name)
        if path.name in self.roster.students:
            return path.name
        found = moodle(path.name)
        if found is None and (found := canvas(path.name)):  # a student's archive, opened
            # "cs_101_2026_submissions.zip" may be a download's own name.
            found = found if any(self._students(found)) else None
        return found

    def _students(self, named: Named) -> Iterator[str]:
        for person in named.people:
            try:
                yield self.roster.find(person)
            except NotMatched:
                continue

    def _owned(self, path: Path, owner: Named | str) -> Iterator[DownloadedFile | Stray]:
        named = Named(()) if isinstance(owner, str) else owner
        students = {owner} if isinstance(owner, str) else set()
        whys = [] if isinstance(owner, str) or owner.people else ["the metadata names no student"]
        for person in named.people:
            try:
                students.add(self.roster.find(person))
            except NotMatched as error:
                whys.append(str(error))
        download = self._where(path.parent)
        # All that a download has of a student is one attempt: LMSs put only the last one into it.
        attempt = (named.time or collected(download) or datetime.min, download)
        for found in _below(path):
            name = found.relative_to(path).as_posix() if path.is_dir() else named.file or path.name
            for student in sorted(students):
                where = self._where(found)
                yield DownloadedFile(found, where, name, student, attempt, named.number, named.time, named.late)
            if whys:
                also = f" (it was collected for {', '.join(sorted(students))})" if students else ""
                yield self._stray(found, "; ".join(whys) + also)

    def _stray(self, path: Path, why: str) -> Stray:
        return Stray(path, self._where(path), why)

    def _where(self, path: Path) -> str:
        return path.relative_to(self.root).as_posix()


def collected(download: str) -> datetime | None:
    """When `autograder collect` was given a download: it came after all that is in it."""
    found = _STAMP.match(download)
    try:
        return datetime.strptime(found[0], STAMP) if found else None
    except ValueError:
        return None


def _below(path: Path) -> Iterator[Path]:
    """A file, or all files below a folder."""
    if not path.is_dir():
        yield path
        return
    for entry in sorted(path.iterdir()):
        yield from _below(entry)
