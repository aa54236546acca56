"""`autograder push`: final grades and feedback to Moodle or Canvas."""

from collections.abc import Sequence
from pathlib import Path
from shlex import quote
from typing import Any, ClassVar

from nbgrader.api import Gradebook
from nbgrader.apps.baseapp import NbGrader
from nbgrader.coursedir import CourseDirectory
from traitlets import Bool, List, Unicode

from autograder.cli.base import CourseApp
from autograder.cli.console import Table
from autograder.cli.options import FLAGS, aliases
from autograder.common.errors import AutograderError
from autograder.common.text import counted, printable
from autograder.grading.grades import Grade, GradesExporter, exercise_points
from autograder.lms.collect.roster import Roster, gradebook_roster
from autograder.lms.export.table import number
from autograder.lms.remote import Lms, open_lms
from autograder.lms.remote.accounts import Matches, match
from autograder.lms.remote.lms_api import LmsApi, LmsError, RemoteAssignment, RemoteFeedback
from autograder.lms.remote.push import (
    Ledger,
    LocalGrade,
    PushAction,
    PushRow,
    converted,
    opened_ledger,
    plan,
    push,
    summary,
)

_TITLES = {
    PushAction.NO_ACCOUNT: "Not sent, as it is not clear to whom",
    PushAction.CHANGED_THERE: "Not sent, as somebody else's grade is there (--overwrite STUDENT sends it all the same)",
    PushAction.REFUSED: "Refused",
    PushAction.NOT_FINAL: "Not sent, as the grade is not final",
}


class PushApp(CourseApp):
    """Send the final grades of an assignment, with feedback, to the LMS; each once."""

    name = "autograder-push"
    description = "Send final grades and feedback to Moodle or Canvas; what is there already is not sent again"
    arguments = "ASSIGNMENT"
    examples = """
        autograder push mnist --to canvas --dry-run     show old -> new, and what is not sent and why
        autograder push mnist --to canvas               send
        autograder push mnist --overwrite ada           also ada's, which somebody changed there
    """
    dry_run = Bool(False, help="Show what would be sent, and send nothing.").tag(config=True)
    overwrite = List(Unicode(), help="Students whose grade is sent though somebody changed it there.").tag(config=True)
    student = List(Unicode(), help="The students; without any, all.").tag(config=True)
    aliases: ClassVar[dict[str, Any]] = {
        "to": ("Lms.platform", "Where to: moodle or canvas (c.Lms says where the course is)."),
        "overwrite": (
            "PushApp.overwrite",
            "A student whose grade is sent though somebody changed it there; repeatable.",
        ),
        "student": ("PushApp.student", "One student's id; more than once for several."),
        **aliases("assignment", "db", "course"),
    }
    flags: ClassVar[dict[Any, Any]] = {
        "dry-run": ({"PushApp": {"dry_run": True}}, "Show what would be sent, and send nothing."),
        **FLAGS,
    }
    classes: ClassVar[list[Any]] = [NbGrader, CourseDirectory, Lms]

    def start(self) -> None:
        """Send; exit with 1 where something needs a person, or the LMS could not be used to the end."""
        super().start()
        assignment = self.one_assignment()
        if self.says_ungraded(assignment):
            return
        to = self.cli_config.get("Lms", {}).get("platform")
        self.again = f"{self.called} {quote(assignment)}" + (f" --to {to}" if to else "")
        settings = Lms(parent=self)
        try:
            with Gradebook(self.coursedir.db_url, self.coursedir.course_id) as gradebook:
                self._push(gradebook, assignment, settings)
        except KeyboardInterrupt:
            self.stopped("Stopped; what was sent is in the ledger.", self.again, "continues where it stopped")
        except AutograderError as error:
            self.fail("%s", error, then=self.again, why="once that is fixed; what was sent is not sent again")

    def _push(self, gradebook: Gradebook, name: str, settings: Lms) -> None:
        roster = gradebook_roster(self.coursedir.db_url, self.coursedir.course_id)
        unknown = sorted({*self.student, *self.overwrite} - set(roster.students))
        if unknown:
            self.fail(f"not in the gradebook: {', '.join(map(printable, unknown))}", then=self.again)
        platform = open_lms(settings, self.root, self.out.say)
        there = platform.assignment(name, settings.assignments.get(name))
        course = f"{settings.url.rstrip('/')} {settings.course}"
        with opened_ledger(self.root.resolve(), course, there.id, f"`push` of {name}") as ledger:
            local, notes = self._local(gradebook, name, platform, there, roster, settings)
            rows = plan(platform, there, ledger, local, self.overwrite)
            self._show(rows, notes, platform)
            if self.dry_run:
                self.out.say("", f"Nothing was sent: {counted(len(summary(rows)[PushAction.SEND]), 'grade')} would be.")
                self.next(self.again, "sends them")
                return
            self._send(platform, there, ledger, rows)

    def _local(
        self,
        gradebook: Gradebook,
        name: str,
        platform: LmsApi,
        there: RemoteAssignment,
        roster: Roster,
        settings: Lms,
    ) -> tuple[list[LocalGrade], list[str]]:
        """The grades here, and what to tell of them all. Raises LmsError where maxima don't fit."""
        exporter = GradesExporter(parent=self)
        exporter.assignment, exporter.student = [name], list(self.student)
        (assignment,) = exporter.assignments(gradebook)
        points = float(assignment.max_score)
        if there.points is None or not points:
            raise LmsError(f"{platform.title} does not grade {there.title} by points, so no grade can be sent")
        if there.points != points and not settings.convert_points:
            raise LmsError(
                f"{name} has {points:g} points here and {there.points:g} in {platform.title}: change one of them, or "
                "set c.Lms.convert_points = True"
            )
        matches = match(roster, platform.accounts(there))
        exercises = exporter.exercises_of(assignment)
        found, old = [], []
        for student in exporter.people(gradebook, [assignment]):
            grade = exporter.grade(gradebook, name, student)
            score = None if grade.score is None else converted(grade.score, points, there.points)
            pages = self._pages(name, student) if score is not None and there.takes_files else {}
            if pages is None:
                old.append(student)
                pages = {}
            text = _text(grade, points, exercise_points(grade, exercises), bool(pages))
            why = ": ".join(filter(None, [grade.status, grade.reason]))
            account, why_none = _account(matches, student, platform.title)
            found.append(LocalGrade(student, score, why, account, why_none, RemoteFeedback(text, pages)))
        notes = []
        if old:
            notes.append(
                f"Feedback pages older than the grade are not sent ({len(old)}; autograder feedback {quote(name)}): "
                f"{', '.join(old)}"
            )
        if matches.strangers:
            who = ", ".join(f"{one.name} ({one.id})" for one in matches.strangers)
            notes.append(f"In {platform.title} and not in the gradebook ({len(matches.strangers)}): {who}")
        return found, notes

    def _pages(self, assignment: str, student: str) -> dict[str, bytes] | None:
        """The feedback pages of a student; None where they are older than what was graded."""

        def folder(step: str) -> Path:
            return Path(self.coursedir.format_path(step, student, assignment))

        pages = sorted(folder(str(self.coursedir.feedback_directory)).glob("*.html"))
        graded = [path.stat().st_mtime for path in folder(str(self.coursedir.autograded_directory)).glob("*.ipynb")]
        if pages and graded and min(page.stat().st_mtime for page in pages) < max(graded):
            return None
        return {page.name: page.read_bytes() for page in pages}

    def _send(self, platform: LmsApi, there: RemoteAssignment, ledger: Ledger, rows: Sequence[PushRow]) -> None:
        due = len(summary(rows)[PushAction.SEND])
        sent, refused = 0, []
        try:
            for row in push(platform, there, ledger, rows):
                if row.action == PushAction.REFUSED:
                    refused.append(row)
                    self.out.say(f"{printable(row.student)}: refused: {row.why}")
                else:
                    sent += 1
                    self.out.say(f"{printable(row.student)}: sent ({sent} of {due})")
        finally:
            self.out.say("", f"Sent {sent} of {counted(due, 'grade')} to {platform.title}.")
        if refused or any(row.action.needs_person for row in rows):
            self.stop(f"{self.again} --dry-run", "shows what was not sent, and why")
        self.next(f"{self.again} --dry-run", "shows that nothing is left to send")

    def _show(self, rows: Sequence[PushRow], notes: Sequence[str], platform: LmsApi) -> None:
        found = summary(rows)
        if sending := found[PushAction.SEND]:
            table = Table("student", "there → new")
            for row in sending:
                change = f"{number(row.there.score) or '-'} → {number(row.score)}"
                table.add_row(row.student, f"{change}  ({row.why})" if row.why else change)
            self.out.show(table)
        for action, title in _TITLES.items():
            if found[action]:
                self.out.heading(f"{title} ({len(found[action])})")
                table = Table("student", "there", "here", "", right=["there", "here"])
                for row in found[action]:
                    table.add_row(row.student, number(row.there.score) or "-", number(row.score) or "-", row.why)
                self.out.show(table)
        if same := found[PushAction.UNCHANGED]:
            self.out.say("", f"As in {platform.title} already: {counted(len(same), 'grade')}.")
        self.out.say(*notes)


def _account(matches: Matches, student: str, platform: str) -> tuple[str, str]:
    if student in matches.accounts:
        return matches.accounts[student].id, ""
    return "", matches.unclear.get(student) or f"no account in {platform}"


def _text(grade: Grade, points: float, exercises: dict[str, float], has_pages: bool) -> str:
    """The comment that goes with a grade."""
    lines = [f"{number(grade.score)} of {points:g} points."]
    if grade.penalty:
        lines += [f"{number(grade.raw_score)} points, less {number(grade.penalty)} for lateness.", *grade.lateness]
    lines += [f"{title.partition(': ')[2]}: {number(score)}" for title, score in exercises.items()]
    if has_pages:
        lines.append("The attached page says more.")
    return "\n".join(lines)
