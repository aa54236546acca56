"""What students have handed in, attempt by attempt, as far as `autograder watch` has seen it.

    .autograder/attempts/<assignment>/<student>/<number>/attempt.json    an `Attempt`
                                                         files/          what was handed in, while it is `kept`
                                                         pages/          what the student is told before the deadline

An attempt is whole or not there, whatever was killed when. Times are seconds since 1970, UTC.
"""

import os
import shutil
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from autograder.common.errors import AutograderError
from autograder.common.files import open_regular, sync_folder, write_atomic
from autograder.common.serialization import dump, load
from autograder.common.text import printable

EXCHANGE_FILES = ("timestamp.txt", "submission_secret.txt")  # with which nbgrader's exchange releases feedback


class Changed(AutograderError):
    """A folder changed while it was copied."""


@dataclass(frozen=True)
class Attempt:
    """One submission of a student's, and what has become of it."""

    student: str
    assignment: str
    number: int  # 1 for the student's first
    source: str  # the folder in which it arrived: nbgrader's step, as `submitted`
    digest: str  # of its files
    arrived: float  # when its files last changed, or, where that is not known, when it was seen whole
    late: bool = False  # it was handed in after the deadline
    told: str = ""  # of which delay, and until when, the student has been told
    due: float = 0.0  # from when on it was to be graded
    again: bool = False  # an instructor asks for it to be graded now
    replaced: bool = False  # a later one arrived before it was graded
    graded: bool = False
    points: float | None = None  # of its tests; None where it has no grade
    short: bool = False  # further seeds, with which it was not trained before the deadline, may add to its points
    release: float = 0.0  # when its pages are to be released; 0: there are none
    released: bool = False
    final: bool = False  # the feedback after the deadline is written and released
    kept: bool = True  # its files are; else those alone by which its pages are released (`EXCHANGE_FILES`)

    @property
    def label(self) -> str:
        """Which attempt it is, at the beginning of a line."""
        return f"{printable(self.student)}: {self.assignment}, attempt {self.number}"

    @property
    def lacks_seeds(self) -> bool:
        """Whether it is to be trained with further seeds before its feedback after the deadline is written."""
        return self.short and not self.final


class AttemptStore:
    """All attempts of a course. One process at a time may use it, from any number of threads."""

    def __init__(self, root: Path) -> None:
        """Of the course in `root`."""
        self.folder = root / ".autograder" / "attempts"
        self._lock = threading.RLock()
        self._known: dict[tuple[str, str], dict[int, Attempt]] = {}
        for path in sorted(self.folder.glob("*/*/*/attempt.json")):
            try:
                found = load(path.read_bytes(), Attempt)
            except (OSError, ValueError):  # damaged: its files stay, and it is no attempt any more
                continue
            self._known.setdefault((found.assignment, found.student), {})[found.number] = found

    def of(self, assignment: str, student: str) -> list[Attempt]:
        """A student's attempts, in their order."""
        with self._lock:
            return [attempt for _, attempt in sorted(self._known.get((assignment, student), {}).items())]

    def assignments(self) -> list[str]:
        """The assignments of which there are attempts."""
        with self._lock:
            return sorted({name for name, _ in self._known})

    def students(self, assignment: str) -> list[str]:
        """The students who have attempts at an assignment."""
        with self._lock:
            return sorted(student for name, student in self._known if name == assignment)

    def all(self) -> list[Attempt]:
        """Every attempt of the course."""
        with self._lock:
            return [attempt for found in self._known.values() for attempt in found.values()]

    def files(self, attempt: Attempt) -> Path:
        """The folder of what was handed in."""
        return self._place(attempt) / "files"

    def pages(self, attempt: Attempt) -> Path:
        """The folder of the pages that the student gets before the deadline."""
        return self._place(attempt) / "pages"

    def add(self, attempt: Attempt, folder: Path, unchanged: Callable[[], bool]) -> Attempt:
        """Keep a new attempt, with its files from `folder`, under the next number.

        Raises Changed where the folder is not `unchanged` after it was copied; OSError.
        """
        with self._lock:
            known = self._known.setdefault((attempt.assignment, attempt.student), {})
            attempt = replace(attempt, number=max(known, default=0) + 1)
            place = self._place(attempt)
            if place.exists():  # it was damaged
                place.rename(place.with_name(f".{place.name}.damaged-{attempt.arrived:.0f}"))
            part = place.with_name(f".{place.name}.part")
            shutil.rmtree(part, ignore_errors=True)
            copy(folder, part / "files")
            if not unchanged():
                shutil.rmtree(part)
                raise Changed(f"{folder} changed while it was copied")
            write_atomic(part / "attempt.json", dump(attempt).encode())
            part.rename(place)
            sync_folder(place.parent)
            known[attempt.number] = attempt
            return attempt

    def drop_files(self, attempt: Attempt) -> None:
        """Keep an attempt without its files. Raises OSError."""
        attempt = self.change(attempt, kept=False)  # first: a kill then leaves files that nobody needs
        for path in self.files(attempt).iterdir():
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            elif path.name not in EXCHANGE_FILES:
                path.unlink()

    def change(self, attempt: Attempt, **changes: Any) -> Attempt:
        """Keep what has become of an attempt; returns it as it is now."""
        with self._lock:
            known = self._known[attempt.assignment, attempt.student]
            now = replace(known[attempt.number], **changes)
            write_atomic(self._place(now) / "attempt.json", dump(now).encode())
            known[now.number] = now
            return now

    def _place(self, attempt: Attempt) -> Path:
        return self.folder / attempt.assignment / attempt.student / f"{attempt.number:04}"


def copy(source: Path, target: Path) -> None:
    """Copy a folder: regular files with their times, links as links, and nothing of any other kind. Raises OSError."""
    target.mkdir(parents=True, exist_ok=True)
    for entry in os.scandir(source):
        path = target / entry.name
        if entry.is_symlink():
            path.symlink_to(os.readlink(entry.path))
        elif entry.is_dir():
            copy(Path(entry.path), path)
        elif entry.is_file():
            with open_regular(entry.path) as old, path.open("wb") as new:
                shutil.copyfileobj(old, new)
                seen = os.fstat(old.fileno())
            os.utime(path, ns=(seen.st_atime_ns, seen.st_mtime_ns))
