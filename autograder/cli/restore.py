"""`autograder restore`: back to the gradebook as it was before a grading."""

from datetime import UTC, datetime
from shlex import quote
from typing import Any, ClassVar

from autograder.cli.base import CourseApp, likely
from autograder.cli.console import Table
from autograder.cli.options import aliases
from autograder.grading.backup import BackupError, Backups
from autograder.grading.lock import BusyError, course_lock


class RestoreApp(CourseApp):
    """List the gradebook's backups, or bring one back."""

    name = "autograder-restore"
    description = "List the backups of the gradebook, or restore one"
    arguments = "[NAME]"
    aliases: ClassVar[dict[str, Any]] = aliases("db")

    def start(self) -> None:
        """Restore the backup named, after a backup of the present gradebook; without a name, list them."""
        super().start()
        backups = Backups(self.root.resolve(), self.coursedir.db_url)
        grade = f"autograder grade {quote(likely(self.coursedir))}"
        listing = "autograder restore"
        if len(self.extra_args) > 1:
            self.fail("Give one backup's name, or none to list them", then=listing, why="lists them")
        if self.extra_args:
            try:
                with course_lock(self.root.resolve(), "`restore`"):
                    present = backups.restore(self.extra_args[0])
            except (BackupError, BusyError) as error:
                self.fail("%s", error, then=listing, why="lists them")
            self.out.say(f"{backups.database} was restored from {self.extra_args[0]}.")
            if present:
                self.out.say(f"To undo this: autograder restore {present.name}")
            self.next(grade, "brings its grades up to date again; the same for other assignments")
            return
        if backups.database is None:
            self.fail(
                "The gradebook is not a SQLite file, so it has no backups here", then=grade, why="works without backups"
            )
        if not (paths := backups.paths()):
            self.out.say("No backups yet: `autograder grade` makes one each time.")
            self.next(grade)
            return
        table = Table("backup", "made", "size", right=("size",))
        for path in paths:
            made = datetime.fromtimestamp(path.stat().st_mtime, UTC)
            table.add_row(path.name, f"{made:%Y-%m-%d %H:%M:%S} UTC", f"{path.stat().st_size / 1e6:.1f} MB")
        self.out.show(table)
        why = "restores the newest, made before the last grading or change of an assignment"
        self.next(f"autograder restore {quote(paths[-1].name)}", why)
