"""`autograder roster`: the students of the course on Moodle or Canvas into the gradebook."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from shlex import quote
from typing import Any, ClassVar

from nbgrader.apps.baseapp import NbGrader
from nbgrader.coursedir import CourseDirectory
from traitlets import Bool

from autograder.cli.base import CourseApp, likely
from autograder.cli.console import Table
from autograder.cli.options import FLAGS, aliases
from autograder.common.errors import AutograderError
from autograder.common.text import counted
from autograder.grading.gradebook import put_students
from autograder.grading.lock import course_lock
from autograder.lms.collect.roster import gradebook_roster
from autograder.lms.remote import Lms, LmsError, open_lms
from autograder.lms.remote.enrollment import RosterAction, RosterRow, plan_roster

_TITLES = {
    RosterAction.ADD: "New",
    RosterAction.CHANGE: "Changed",
    RosterAction.GONE: "In the gradebook, and not (or no longer) a student there; they stay, with their grades",
    RosterAction.UNCLEAR: "Left as it is, as it is not clear who this is",
}


class RosterApp(CourseApp):
    """Add the students of the LMS's course to the gradebook, and update the names and addresses of those in it."""

    name = "autograder-roster"
    description = "Fetch the students of the course on Moodle or Canvas into the gradebook; nobody is deleted"
    examples = """
        autograder roster --from moodle --dry-run   show who is new, who has changed, and who has left
        autograder roster --from moodle             put them into the gradebook (docs/lms-token.md)
    """
    dry_run = Bool(False, help="Show what would change, and change nothing.").tag(config=True)
    aliases: ClassVar[dict[str, Any]] = {
        "from": ("Lms.platform", "Where from: moodle or canvas (c.Lms says where the course is)."),
        **aliases("db", "course"),
    }
    flags: ClassVar[dict[Any, Any]] = {
        "dry-run": ({"RosterApp": {"dry_run": True}}, "Show what would change, and change nothing."),
        **FLAGS,
    }
    classes: ClassVar[list[Any]] = [NbGrader, CourseDirectory, Lms]

    def start(self) -> None:
        """Fetch; exit with 1 where it is not clear who somebody is, or where LMS or gradebook can't be used."""
        super().start()
        origin = self.cli_config.get("Lms", {}).get("platform")
        again = f"{self.called} --from {origin}" if origin else self.called
        if self.extra_args:
            self.fail("This command takes no assignment: the roster is that of the course.", then=again)
        settings = Lms(parent=self)
        try:
            rows = self._fetch(settings)
        except AutograderError as error:
            self.fail("%s", error, then=again, why="once that is fixed; nothing was changed")
        counts = {action: counted(len(found), "student") for action, found in rows.items()}
        if self.dry_run:
            added, changed = counts[RosterAction.ADD], len(rows[RosterAction.CHANGE])
            self.out.say("", f"Nothing was changed: {added} would be added, and {changed} updated.")
            self.next(again, "puts them into the gradebook")
            return
        same = len(rows[RosterAction.UNCHANGED])
        self.out.say("", f"Added {counts[RosterAction.ADD]}, updated {counts[RosterAction.CHANGE]}, {same} unchanged.")
        if rows[RosterAction.UNCLEAR]:
            self.stop(f"{again} --dry-run", "shows who is not clear")
        collect = f"autograder collect {quote(likely(self.coursedir))} --from {settings.platform}"
        self.next(collect, "fetches submissions; the same for other assignments")

    def _fetch(self, settings: Lms) -> Mapping[RosterAction, Sequence[RosterRow]]:
        """Fetch the students, show what that changes, and change it, unless it is a dry run; returns it by action."""
        platform = open_lms(settings, self.root, self.out.say)
        accounts = platform.students()
        if not accounts:
            raise LmsError(
                f"{platform.title} shows no students of the course {settings.course}: is this its number, and may the "
                "token's owner see its participants?"
            )
        with course_lock(self.root.resolve(), "`roster`"):
            roster = gradebook_roster(self.coursedir.db_url, self.coursedir.course_id)
            plan = plan_roster(roster, accounts)
            rows = {action: [row for row in plan if row.action == action] for action in RosterAction}
            self._show(rows)
            if not self.dry_run:
                students = [asdict(row.student) for row in (*rows[RosterAction.ADD], *rows[RosterAction.CHANGE])]
                put_students(self.coursedir.db_url, self.coursedir.course_id, students)
        return rows

    def _show(self, rows: Mapping[RosterAction, Sequence[RosterRow]]) -> None:
        for action, title in _TITLES.items():
            if not (found := rows[action]):
                continue
            self.out.heading(f"{title} ({len(found)})")
            table = Table("", "")
            for row in found:
                name = " ".join(filter(None, [row.student.first_name, row.student.last_name]))
                who = ", ".join(filter(None, [name, row.student.email]))
                said = {RosterAction.CHANGE: ", ".join(row.changes), RosterAction.UNCLEAR: row.why}
                table.add_row(row.student.id, said.get(action, who))
            self.out.show(table)
