"""nbgrader's zip_collect, for downloads from an LMS. In nbgrader_config.py:

c.ZipCollectApp.extractor_plugin = "autograder.lms.collect.LmsExtractor"
c.ZipCollectApp.collector_plugin = "autograder.lms.collect.LmsCollector"
"""

import glob
import os
from contextlib import suppress
from pathlib import Path
from typing import Any

from nbgrader.coursedir import CourseDirectory
from nbgrader.plugins import ExtractorPlugin, FileNameCollectorPlugin
from traitlets import Instance, Unicode

from autograder.common.timestamps import parse_timestamp
from autograder.lms.collect.collection import COUNTED, KEPT, LIST, UNMATCHED, Collection, collect
from autograder.lms.collect.roster import Roster, RosterError, gradebook_roster, read_roster
from autograder.lms.collect.unpack import Caps
from autograder.notebooks.instructor import Version
from autograder.notebooks.released import NotReleased, released


class LmsExtractor(ExtractorPlugin):  # type: ignore[misc]
    """Unpacks downloads, finds whose each file is and which of them count, and lists all that needs a look."""

    roster = Unicode(
        "", help="CSV of the students (columns id, first_name, last_name, email, lms_user_id); else the gradebook's"
    ).tag(config=True)
    collection = Instance(Collection, allow_none=True)

    def extract(self, archive_path: str, extracted_path: str) -> None:
        """Fill the folder `extracted_path` from the downloads in `archive_path`."""
        coursedir: CourseDirectory = self.parent.coursedir
        try:
            roster = self._roster(coursedir)
        except RosterError as error:
            self.parent.fail("%s", error)
        assignments = _notebooks(coursedir)
        own = assignments.pop(coursedir.assignment_id, [])
        if not own:
            self.parent.fail(
                "There is no notebook of %s in source/ or release/; there are assignments: %s",
                coursedir.assignment_id,
                ", ".join(sorted(assignments)) or "none",
            )
        others = {name: assignment for assignment, names in assignments.items() for name in names if name not in own}
        caps = Caps(coursedir.max_file_size * 1000, coursedir.max_dir_size * 1000)  # nbgrader gives them in kilobytes
        self.collection = collect(
            Path(archive_path), Path(extracted_path), roster, sorted(own), others, caps, _released(coursedir)
        )
        for line in self.collection.lines():
            self.log.warning("%s", line)
        self.log.info("What happened to each file: %s", Path(extracted_path) / LIST)

    def _roster(self, coursedir: CourseDirectory) -> Roster:
        if self.roster:
            given = Path(self.roster)
            return read_roster(given if given.exists() else Path(coursedir.root) / given)
        roster = gradebook_roster(coursedir.db_url, coursedir.course_id)
        if not roster.students:
            raise RosterError(
                "The gradebook has no students to match downloads to. Put them into a CSV with the columns id, "
                "first_name, last_name, email, lms_user_id, and: nbgrader db student import FILE"
            )
        return roster


class LmsCollector(FileNameCollectorPlugin):  # type: ignore[misc]
    """Hands nbgrader the files that `LmsExtractor` found to count; of them, those with an extension in `valid_ext`."""

    def collect(self, submitted_file: str) -> dict[str, Any] | None:
        """Whose a file is, its name, and when it was handed in; None for one that does not count."""
        path = Path(submitted_file)
        root = Path(self.parent._format_collect_path(self.parent.extracted_directory))
        parts = path.relative_to(root).parts
        if parts[0] not in (COUNTED, KEPT, UNMATCHED, LIST):
            setting = 'c.ZipCollectApp.extractor_plugin = "autograder.lms.collect.LmsExtractor"'
            self.parent.fail("%s is not from LmsExtractor, which LmsCollector needs: %s", submitted_file, setting)
        if parts[0] != COUNTED or path.suffix not in self.valid_ext:
            return None
        found = {"student_id": parts[1], "file_id": "/".join(parts[2:])}
        stamp = root / COUNTED / parts[1] / "timestamp.txt"
        return {**found, "timestamp": parse_timestamp(stamp.read_text(encoding="utf-8"))} if stamp.is_file() else found


def _released(coursedir: CourseDirectory) -> dict[str, Version]:
    """The notebooks of the assignment as released, as far as they are in `release/`."""
    found = {}
    with suppress(NotReleased):
        for one in released(coursedir):
            with suppress(NotReleased):
                found[one.name] = one.version
    return found


def _notebooks(coursedir: CourseDirectory) -> dict[str, list[str]]:
    """The notebooks of each assignment of the course, in its `source/` or else its `release/`."""
    found: dict[str, list[str]] = {}
    for step in (coursedir.release_directory, coursedir.source_directory):
        structure = coursedir.directory_structure.format(nbgrader_step=step, student_id=".", assignment_id="*")
        for folder in map(Path, glob.glob(os.path.join(glob.escape(coursedir.root), structure))):
            if names := [path.stem for path in folder.glob("*.ipynb")]:
                found[folder.name] = names
    return found
