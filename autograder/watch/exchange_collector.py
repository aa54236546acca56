"""nbgrader's collector of the plain exchange, which brings nothing but the student's own files.

A student owns the folder that is collected, and may change it meanwhile. nbgrader's collector follows links in it, with
the instructor's rights. This one copies the folder first, through no link, and hands the copy to nbgrader:

    inbound/<student>+<assignment>+<time>+…/ --`copy_own_files`--> a copy --nbgrader's `do_copy`--> submitted/<student>/
"""

import os
import stat
import tempfile
from datetime import datetime
from pathlib import Path
from typing import Any

from nbgrader.exchange import ExchangeError
from nbgrader.exchange.default import ExchangeCollect
from nbgrader.utils import parse_utc

from autograder.common.errors import AutograderError
from autograder.common.text import counted, printable
from autograder.grading.job import FAULTS
from autograder.notebooks.handed_in import is_text
from autograder.watch.arrivals import MAX_DEPTH, check_size, signature

NO_TIME = datetime.min  # of a folder whose name has none; any other one of that student is newer
_ANY_FILE = os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
_FOLDER = os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_DIRECTORY

_PART = 1 << 20  # bytes that are copied at a time
_CHANGED = "it changed while it was copied; collect again"


class NotOwnFiles(AutograderError):
    """A folder has something in it that is not the student's file; the message says what."""


class NotCollected(AutograderError, ExchangeError):  # type: ignore[misc]
    """Some submissions were not collected; all others were."""

    def __init__(self, reasons: dict[str, str]) -> None:
        """`reasons` says why, by student."""
        super().__init__(f"{counted(len(reasons), 'submission')} not collected: {', '.join(map(printable, reasons))}")
        self.reasons = reasons


class ExchangeCollector(ExchangeCollect):  # type: ignore[misc]
    """Collects what nbgrader's does, with the same options; a submission comes whole, or not at all."""

    def _path_to_record(self, path: str) -> dict[str, Any]:
        """As nbgrader's, but a name without a time, which anybody can give a folder, stops nothing."""
        name = os.path.basename(path)
        student, _, rest = name.rpartition(f"+{self.coursedir.assignment_id}+")
        try:
            timestamp = parse_utc(rest.split("+")[0])
        except Exception:  # of several kinds, as dateutil finds
            timestamp = NO_TIME
        return {"username": student, "filename": name, "timestamp": timestamp}

    def copy_files(self) -> None:
        """As nbgrader's. Of what can't be collected nothing is copied, and what was collected before stays.

        Raises NotCollected, after the others are collected.
        """
        assignment, course = self.coursedir.assignment_id, self.coursedir.course_id
        if not self.src_records:
            self.log.warning("No submissions of '%s' for course '%s' to collect", assignment, course)
            return
        self.log.info("Processing %d submissions of '%s' for course '%s'", len(self.src_records), assignment, course)
        reasons: dict[str, str] = {}
        for record in self.src_records:
            student = record["username"]
            try:
                self._collect(student, Path(self.inbound_path, record["filename"]), record["timestamp"])
            except FAULTS as error:
                reasons[student] = str(error) or type(error).__name__
                self.log.error("%s: %s is not collected: %s", printable(student), assignment, reasons[student])
        if reasons:
            raise NotCollected(reasons)

    def _collect(self, student: str, source: Path, timestamp: datetime) -> None:
        assignment = self.coursedir.assignment_id
        if not is_student(student):
            raise NotOwnFiles("this is no student's name")
        if timestamp == NO_TIME:
            raise NotOwnFiles("its folder's name does not say when it was submitted")
        target = Path(self.coursedir.format_path(self.coursedir.submitted_directory, student, assignment))
        there = target.is_dir()
        if there and not self._is_wanted(timestamp, target):
            there_is = "Submission already exists, use --update to update"
            why = "No newer submission to collect" if self.update else there_is
            self.log.info("%s: %s %s", why, printable(student), assignment)
            return
        self.log.info("%s submission: %s %s", "Updating" if there else "Collecting", printable(student), assignment)
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=target.parent, prefix=".collecting-") as place:
            copied, new = Path(place, "copied"), Path(place, "new")
            copy_own_files(source, copied, 1000 * self.coursedir.max_dir_size)
            self.do_copy(copied, new)  # what the course ignores is left out; permissions of a shared group
            self._check_owner(student, source)
            if there:
                target.rename(Path(place, "replaced"))
            new.rename(target)

    def _is_wanted(self, timestamp: datetime, target: Path) -> bool:
        """Whether a submission takes the place of the one that was collected before."""
        existing = self.coursedir.get_existing_timestamp(str(target))
        newer = existing is None or timestamp > existing
        return bool((self.update and newer) or (self.before_duedate and timestamp != existing))

    def _check_owner(self, student: str, source: Path) -> None:
        if not self.check_owner:
            return
        try:
            owner = source.owner()
        except KeyError:
            owner = "unknown id"
        if owner != student:
            self.log.warning(
                "%s claims to be submitted by %s but is owned by %s; cheating attempt? "
                "You may disable this warning by c.ExchangeCollect.check_owner = False",
                source,
                student,
                owner,
            )


def is_student(name: str) -> bool:
    """Whether a name can be that of a student's folder; students make folders of any name."""
    return name not in ("", ".", "..") and is_text(name)


def copy_own_files(source: Path, target: Path, max_bytes: float) -> None:
    """Copy a folder that its owner may be changing: folders and regular files, with permissions and times.

    No link is followed, not even one that takes the place of a file or a folder while this copies. Raises NotOwnFiles
    for anything else in it, a hard link to another user's file, and what changes meanwhile; TooLarge; OSError.
    """
    if source.is_symlink():
        raise NotOwnFiles("it has links to other files")
    before = signature(source)
    size = check_size(before, max_bytes)
    handle = os.open(source, _FOLDER)
    try:
        _Copy(os.fstat(handle).st_uid, len(before), size).folder(handle, target, "", 0)
    finally:
        os.close(handle)
    if signature(source) != before:
        raise NotOwnFiles(_CHANGED)


class _Copy:
    """A copy of one owner's folder, of as many entries and bytes as it had when it was looked at."""

    def __init__(self, owner: int, entries: int, size: int) -> None:
        self._owner, self._entries, self._size = owner, entries, size

    def folder(self, handle: int, target: Path, place: str, depth: int) -> None:
        """Copy an open folder; `place` is its path in the whole."""
        target.mkdir(mode=0o700)
        for name in os.listdir(handle):
            path = os.path.join(place, name)
            self._entries -= 1
            if self._entries < 0 or depth > MAX_DEPTH:
                raise NotOwnFiles(_CHANGED)
            mode = os.stat(name, dir_fd=handle, follow_symlinks=False).st_mode
            if stat.S_ISLNK(mode):
                raise NotOwnFiles(f"it has links to other files ({printable(path)})")
            if not (stat.S_ISDIR(mode) or stat.S_ISREG(mode)):
                raise NotOwnFiles(f"it has a pipe, a socket, or a device ({printable(path)})")
            opened = os.open(name, _FOLDER if stat.S_ISDIR(mode) else _ANY_FILE, dir_fd=handle)
            try:
                if stat.S_ISDIR(mode):
                    self.folder(opened, target / name, path, depth + 1)
                else:
                    self._file(opened, target / name, path)
            finally:
                os.close(opened)
        seen = os.fstat(handle)
        target.chmod(seen.st_mode & 0o777 | stat.S_IRWXU)  # its owner may have locked it

    def _file(self, handle: int, target: Path, path: str) -> None:
        seen = os.fstat(handle)
        if not stat.S_ISREG(seen.st_mode):
            raise NotOwnFiles(_CHANGED)
        if seen.st_nlink > 1 and seen.st_uid != self._owner:
            raise NotOwnFiles(f"it has a hard link to another user's file ({printable(path)})")
        self._size -= seen.st_size
        if self._size < 0:
            raise NotOwnFiles(_CHANGED)
        with open(handle, "rb", closefd=False) as old, target.open("wb") as new:
            left = seen.st_size  # and no more of a file that grows
            while left > 0 and (part := old.read(min(left, _PART))):
                new.write(part)
                left -= len(part)
        target.chmod(seen.st_mode & 0o777 | stat.S_IRUSR | stat.S_IWUSR)
        os.utime(target, ns=(seen.st_atime_ns, seen.st_mtime_ns))
