"""`autograder collect`: downloads from an LMS become submissions."""

import logging
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from shlex import quote
from typing import Any, ClassVar

from nbgrader.apps.baseapp import NbGrader
from nbgrader.apps.zipcollectapp import ZipCollectApp
from nbgrader.plugins import BasePlugin
from traitlets import Type, default

from autograder.cli.base import Command, sources
from autograder.cli.options import FLAGS, aliases
from autograder.common.text import counted, printable
from autograder.common.timestamps import parse_timestamp
from autograder.grading.deadlines import DeadlineError, Deadlines, merge_deadlines
from autograder.lms.collect import LmsCollector, LmsExtractor
from autograder.lms.collect.archive import add
from autograder.lms.collect.collection import LIST
from autograder.lms.collect.downloads import STAMP
from autograder.lms.collect.roster import gradebook_roster
from autograder.lms.collect.unpack import Caps, regular_files
from autograder.lms.remote import Lms, LmsError, open_lms
from autograder.lms.remote.fetch import deadlines, fetch


class CollectApp(Command, ZipCollectApp):  # type: ignore[misc]
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
    extractor_plugin = Type(LmsExtractor, klass=BasePlugin).tag(config=True)
    collector_plugin = Type(LmsCollector, klass=BasePlugin).tag(config=True)

    @default("classes")  # type: ignore[untyped-decorator]
    def _classes_default(self) -> list[Any]:
        return [*super()._classes_default(), LmsExtractor, LmsCollector, Lms, Deadlines]

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
        self.force = True  # `extracted` is made anew from the downloads, and nothing else is cleared
        archive = Path(self._format_collect_path(self.archive_directory))
        try:
            with self._fetched(archive) as (fetched, left_out):
                _, refused = add(archive, [*self.downloads, *fetched])
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
        self.done: dict[str, str] = {}
        super().start()
        self._say([*left_out, *refused])

    @property
    def _remote(self) -> str:
        """The LMS that `--from` names, if any: that it is set in nbgrader_config.py does not mean to fetch."""
        return str(self.cli_config.get("Lms", {}).get("platform", ""))

    @contextmanager
    def _fetched(self, archive: Path) -> Iterator[tuple[list[Path], list[tuple[str, str]]]]:
        """What `--from` fetches: a folder, if there is anything new, and what was left out. Raises LmsError."""
        if not self._remote:
            yield [], []
            return
        settings = Lms(parent=self)
        platform = open_lms(settings, Path(self.coursedir.root), self.out.say)
        name = self.coursedir.assignment_id
        assignment = platform.assignment(name, settings.assignments.get(name))
        caps = Caps(self.coursedir.max_file_size * 1000, self.coursedir.max_dir_size * 1000)
        with tempfile.TemporaryDirectory(dir=_made(archive.parent), prefix=".fetching-") as place:
            folder = Path(place, str(settings.platform))
            left_out = fetch(platform, assignment, folder, archive, caps)
            roster = gradebook_roster(self.coursedir.db_url, self.coursedir.course_id)  # grading knows no one else
            path = Path(self.coursedir.root, Deadlines(parent=self).file)
            dates = deadlines(platform, assignment, name, roster)
            own = merge_deadlines(path, name, platform.title, dates) if dates or path.exists() else []
            if dates:
                self.out.say(f"Due dates in {path.name}: {counted(len(dates), 'row')} from {platform.title}.", *own)
            yield [folder] if folder.is_dir() else [], left_out

    def _transfer_files(self, collected_data: dict[str, dict[str, Any]]) -> None:
        """Put each student's files into `submitted/`; what was there and is another goes into `replaced/`."""
        folder = Path(self._format_collect_path(f"replaced/{datetime.now(UTC).strftime(STAMP)}"))
        for student, data in sorted(collected_data.items()):
            dest = Path(
                self.coursedir.format_path(self.coursedir.submitted_directory, student, self.coursedir.assignment_id)
            )
            dest.parent.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(dir=dest.parent, prefix=".collecting-") as place:
                new = Path(place) / "new"
                for source, target in zip(data["src_files"], data["dest_files"], strict=True):
                    path = new / Path(target).relative_to(dest)
                    path.parent.mkdir(parents=True, exist_ok=True)
                    shutil.copyfile(source, path)
                if data["timestamp"] is not None:
                    (new / "timestamp.txt").write_text(data["timestamp"].isoformat(" "), encoding="utf-8")
                self.done[student] = self._place(new, dest, folder / student)

    def _place(self, new: Path, dest: Path, replaced: Path) -> str:
        """Make `new` the submission `dest`; returns what was done."""
        if not dest.exists():
            new.rename(dest)
            return "new"
        if _contents(new) == _contents(dest):
            return "unchanged"
        old_time, new_time = _time(dest), _time(new)
        if old_time and new_time and old_time > new_time:
            return "older than the one there, which stays"
        replaced.parent.mkdir(parents=True, exist_ok=True)
        dest.rename(replaced)
        new.rename(dest)
        return "replaced"

    def _say(self, refused: list[tuple[str, str]]) -> None:
        collection = getattr(self.extractor_plugin_inst, "collection", None)
        if collection is None:  # other plugins, which have printed their own messages
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


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _contents(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in regular_files(folder, [])}


def _time(folder: Path) -> datetime | None:
    try:
        return parse_timestamp((folder / "timestamp.txt").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
