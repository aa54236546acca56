"""`autograder restore`: back to the gradebook as it was before a grading."""

from datetime import UTC, datetime
from pathlib import Path

from nbgrader.apps.baseapp import NbGrader

from autograder.grading.backup import BackupError, Backups


class RestoreApp(NbGrader):  # type: ignore[misc]
    """List the gradebook's backups, or bring one back."""

    name = "autograder-restore"
    description = "List the backups of the gradebook, or bring one back (autograder restore NAME)"

    def start(self) -> None:
        """Restore the backup named, after a backup of the present gradebook; without a name, list them."""
        super().start()
        backups = Backups(Path(self.coursedir.root).resolve(), self.coursedir.db_url)
        if len(self.extra_args) > 1:
            self.fail("Give one backup's name, or none to list them")
        if self.extra_args:
            try:
                present = backups.restore(self.extra_args[0])
            except BackupError as error:
                self.fail("%s", error)
            print(f"{backups.database} is as in {self.extra_args[0]}.")
            if present:
                print(f"To undo this: autograder restore {present.name}")
            print("Next: autograder grade ASSIGNMENT brings its grades up to date again.")
            return
        if backups.database is None:
            self.fail("The gradebook is not a SQLite file: no backups are made of it")
        for path in backups.paths():
            made = datetime.fromtimestamp(path.stat().st_mtime, UTC)
            print(f"{path.name}   {made:%Y-%m-%d %H:%M:%S} UTC   {path.stat().st_size / 1e6:.1f} MB")
        if not backups.paths():
            print("No backups yet: `autograder grade` makes one each time.")
