"""nbgrader's zip_collect with this package's plugins: it can be repeated, and loses nothing."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NoReturn

from nbgrader.apps.zipcollectapp import ZipCollectApp
from nbgrader.plugins import BasePlugin
from traitlets import Bool, Dict, Type, default

from autograder.common.errors import AutograderError
from autograder.common.timestamps import parse_timestamp
from autograder.grading.lock import course_lock
from autograder.lms.collect.collection import UNPACKED, Collection
from autograder.lms.collect.downloads import STAMP
from autograder.lms.collect.plugins import LmsCollector, LmsExtractor
from autograder.lms.collect.unpack import regular_files


class CollectionFailed(AutograderError):
    """A collection can't be made; the message says why."""


class ZipCollect(ZipCollectApp):  # type: ignore[misc]
    """From `archive`, where downloads are, to the submissions of one assignment, in the step `submitted_directory`."""

    extractor_plugin = Type(LmsExtractor, klass=BasePlugin).tag(config=True)
    collector_plugin = Type(LmsCollector, klass=BasePlugin).tag(config=True)
    keeps_replaced = Bool(True, help="Whether submissions that are replaced are kept, in `replaced/`.")
    done = Dict(help="By student, what became of the submission.")

    @default("classes")  # type: ignore[untyped-decorator]
    def _classes_default(self) -> list[Any]:
        return [*super()._classes_default(), LmsExtractor, LmsCollector]

    @property
    def archive(self) -> Path:
        """The folder of downloads."""
        return Path(self._format_collect_path(self.archive_directory))

    @property
    def collection(self) -> Collection | None:
        """What was found; None with other plugins, which have printed their own messages."""
        return getattr(self.extractor_plugin_inst, "collection", None)

    def start(self) -> None:
        """Collect. Raises CollectionFailed and OSError."""
        self.force = True  # `extracted` is made anew from the downloads, and nothing else is cleared
        self.done = {}
        with collecting(Path(self.coursedir.root)):
            extracted = Path(self._format_collect_path(self.extracted_directory))
            for part in extracted.parent.glob(f"{UNPACKED}*"):  # of a collection that was killed
                shutil.rmtree(part, ignore_errors=True)
            super().start()

    def fail(self, message: str, *values: object) -> NoReturn:
        """Raise what nbgrader, or a plugin, would exit with."""
        raise CollectionFailed(message % values if values else message)

    def _transfer_files(self, collected_data: dict[str, dict[str, Any]]) -> None:
        """Put each student's files where submissions are; what was there and is another may go into `replaced/`."""
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
                replaced = folder / student if self.keeps_replaced else Path(place, "replaced")
                self.done[student] = _place(new, dest, replaced)


@contextmanager
def collecting(root: Path) -> Iterator[None]:
    """Within, no other process, or thread, changes the downloads of the course in `root`; waits for that."""
    with course_lock(root, "`collect`", lambda who: None, name="collect.lock"):
        yield


def _place(new: Path, dest: Path, replaced: Path) -> str:
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


def _contents(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in regular_files(folder, [])}


def _time(folder: Path) -> datetime | None:
    try:
        return parse_timestamp((folder / "timestamp.txt").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
