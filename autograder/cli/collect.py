"""`autograder collect`: downloads from an LMS become submissions."""

import logging
from pathlib import Path
from shlex import quote
from typing import Any, ClassVar

from nbgrader.apps.baseapp import NbGrader
from traitlets import default

from autograder.cli.base import Command, sources
from autograder.cli.options import FLAGS, aliases
from autograder.common.text import counted, printable
from autograder.grading.deadlines import DeadlineError, Deadlines
from autograder.lms.collect.archive import add
from autograder.lms.collect.collection import LIST
from autograder.lms.collect.zip_collect import ZipCollect, collecting
from autograder.lms.remote import Lms, LmsError, open_lms
from autograder.lms.remote.fetch import fetch_into


class CollectApp(Command, ZipCollect):
    """nbgrader's zip_collect with this package's plugins; it can be repeated, and loses nothing."""

    name = "autograder-collect"
    description = "Turn downloads from Moodle, Canvas or Gradescope into submissions; fetch them with a token"
    arguments = "ASSIGNMENT [DOWNLOAD…]"
    examples = """
        autograder collect mnist moodle.zip                       students as in the gradebook
        autograder collect mnist moodle.zip --roster roster.csv   students as in a CSV
        autograder collect mnist                                  again, from earlier downloads
        autograder collect mnist --from moodle                    fetch what is new, by token (docs/lms-token.md)

        Every download is kept in downloaded/ASSIGNMENT/archive. Each student's last attempt counts.
    """
    aliases: ClassVar[dict[str, Any]] = {
        "roster": (
            "LmsExtractor.roster",
            "CSV of the students with their LMS ids (default: the gradebook's students).",
        ),
        "from": ("Lms.platform", "Fetch from the course's page there: moodle or canvas (c.Lms says where it is)."),
        **aliases("assignment", "db"),
    }
    flags: ClassVar[dict[Any, Any]] = FLAGS

    @default("classes")  # type: ignore[untyped-decorator]
    def _classes_default(self) -> list[Any]:
        return [*super()._classes_default(), Lms, Deadlines]

    def initialize(self, argv: list[str] | None = None) -> None:
        """Read the command line: ASSIGNMENT, then downloads."""
        NbGrader.initialize(self, argv)
        given = [*filter(None, [self.coursedir.assignment_id]), *self.extra_args]
        if not given:
            there = sources(self.coursedir)
            choices = f" (available: {', '.join(there)})" if there else ""
            then = f"autograder collect {quote(there[0]) if there else 'ASSIGNMENT'} DOWNLOAD"
            self.fail(f"Give an assignment: autograder collect ASSIGNMENT DOWNLOAD…{choices}", then=then)
        self.coursedir.assignment_id, *downloads = given
        self.downloads = [Path(name).resolve() for name in downloads]

    def start(self) -> None:
        """Collect; exit with 0 when every file was matched and none refused, else with 1."""
        assignment = self.coursedir.assignment_id
        again = f"autograder collect {quote(assignment)} {f'--from {self._remote}' if self._remote else 'DOWNLOAD'}"
        if missing := [str(path) for path in self.downloads if not path.exists()]:
            self.fail("No such download: %s", ", ".join(missing), then=again)
        self.quiet_log(logging.ERROR)
        archive = self.archive
        try:
            left_out = self._fetch(archive)
            with collecting(Path(self.coursedir.root)):
                _, refused = add(archive, self.downloads)
        except (LmsError, DeadlineError) as error:
            self.fail("%s", error, then=again, why="once that is fixed; nothing was collected")
        except OSError as error:
            self.fail("%s", error, then=again, why="once that is fixed")
        if not archive.is_dir() and self._remote and not left_out:
            self.out.say("Nothing has been submitted there yet.")
            self.next(again, "once something has")
            return
        if not archive.is_dir():
            lines = ["Nothing has been downloaded.", *(f"Left out: {name}: {why}" for name, why in left_out)]
            self.fail("%s", "\n".join(lines), then=again, why="" if self._remote else "a file or folder from an LMS")
        super().start()
        self._say([*left_out, *refused])

    @property
    def _remote(self) -> str:
        """The LMS that `--from` names, if any: that it is set in nbgrader_config.py does not mean to fetch."""
        return str(self.cli_config.get("Lms", {}).get("platform", ""))

    def _fetch(self, archive: Path) -> list[tuple[str, str]]:
        """Fetch what `--from` names into the archive; returns what was left out. Raises LmsError."""
        if not self._remote:
            return []
        settings = Lms(parent=self)
        platform = open_lms(settings, Path(self.coursedir.root), self.out.say)
        name = self.coursedir.assignment_id
        assignment = platform.assignment(name, settings.assignments.get(name))
        done = fetch_into(
            archive, platform, assignment, platform.submissions(assignment), self.coursedir, Deadlines(parent=self)
        )
        if done.dates:
            rows = counted(done.dates, "row")
            self.out.say(f"Due dates in {done.file.name}: {rows} from {platform.title}.", *done.own_dates)
        self.out.say(*done.notes)
        return done.left_out

    def _say(self, refused: list[tuple[str, str]]) -> None:
        collection = self.collection
        if collection is None:
            return
        collection.refused[:0] = refused
        assignment, look = self.coursedir.assignment_id, bool(collection.strays or collection.refused)
        self.out.say(*collection.lines())
        if older := [student for student, what in self.done.items() if what.startswith("older")]:
            names = ", ".join(map(printable, older))
            self.out.say(f"Older than the one in submitted/, so not used ({len(older)}): {names}")
        counts = {what: list(self.done.values()).count(what) for what in ("new", "replaced", "unchanged")}
        self.out.say(
            f"{len(self.done)} of {len(collection.roster.students)} students have a submission in the downloads: "
            f"{', '.join(f'{count} {what}' for what, count in counts.items())}.",
            f"What happened to each file: {Path(self._format_collect_path(self.extracted_directory)) / LIST}",
        )
        if self.done:
            self.next(f"autograder grade {quote(assignment)}", "or first check the files above" if look else "")
        else:
            self.next(f"autograder collect {quote(assignment)} DOWNLOAD", "nothing was found to grade")
        if look:
            self.exit(1)
