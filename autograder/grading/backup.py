"""Copies of the gradebook, made before each grading, and the way back to one."""

import contextlib
import os
import sqlite3
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy.engine import make_url

from autograder.common.errors import AutograderError

KEEP = 20


class BackupError(AutograderError):
    """The gradebook can't be backed up or brought back; the message says why, and what to do."""


class Backups:
    """The backups of a course's gradebook, in `.autograder/backups`."""

    def __init__(self, root: Path, db_url: str) -> None:
        """Of the course in `root`, whose gradebook is at `db_url`."""
        url = make_url(db_url)
        self.folder = root / ".autograder" / "backups"
        self.database = Path(url.database) if url.get_backend_name() == "sqlite" and url.database else None

    def make(self) -> Path | None:
        """Back the gradebook up, and keep the last 20; None where there is none yet, or where it is not SQLite's."""
        if self.database is None or not self.database.is_file():
            return None
        path = self.folder / f"gradebook-{datetime.now(UTC):%Y-%m-%dT%H-%M-%S.%fZ}.db"
        part = path.with_suffix(".part")
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            try:
                _copy(self.database, part)
                os.replace(part, path)
            finally:
                part.unlink(missing_ok=True)
            for old in self.paths()[:-KEEP]:
                old.unlink(missing_ok=True)
        except OSError as error:
            raise BackupError(f"{self.database} can't be backed up into {self.folder}: {error.strerror}.") from error
        return path

    def paths(self) -> list[Path]:
        """The backups, oldest first."""
        return sorted(self.folder.glob("gradebook-*.db"))

    def restore(self, name: str) -> Path | None:
        """Bring a backup back; the present gradebook is backed up first (its backup is returned).

        Raises BackupError where there is no backup of that name, or where the gradebook is not SQLite's.
        """
        if self.database is None:
            raise BackupError("This course's gradebook is not a SQLite file: restore it with its own database's tools.")
        chosen = next((path for path in self.paths() if name in (path.name, str(path))), None)
        if chosen is None:
            raise BackupError(f"There is no backup {name!r} in {self.folder}; `autograder restore` lists them.")
        part = self.folder / f"restoring-{chosen.name}"
        try:
            _copy(chosen, part)  # as the backup of the present one may push the oldest out
            present = self.make()
            _copy(part, self.database)
        finally:
            part.unlink(missing_ok=True)
        return present


def _copy(source: Path, target: Path) -> None:
    """Copy a database through SQLite, which waits for writers and leaves no half of it."""
    try:
        with (
            contextlib.closing(sqlite3.connect(source)) as old,
            contextlib.closing(sqlite3.connect(target)) as new,
        ):
            if old.execute("PRAGMA quick_check(1)").fetchone() != ("ok",):
                raise BackupError(f"{source} is damaged; nothing was copied.")
            old.backup(new)
    except sqlite3.Error as error:
        raise BackupError(f"{source} can't be copied to {target}: {error}") from error
