"""A collection: downloads in, `counted/`, `kept/`, `unmatched/` and a list of what became of each file out."""

import os
import shutil
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from autograder.common.text import printable
from autograder.lms.collect.choose import Choice, FateKind, choose
from autograder.lms.collect.downloads import DownloadedFile, Downloads, Stray, collected
from autograder.lms.collect.roster import Roster
from autograder.lms.collect.unpack import Caps, Unpacking
from autograder.lms.export.table import write_table
from autograder.notebooks.instructor import Version

COUNTED, KEPT, UNMATCHED, LIST = "counted", "kept", "unmatched", "collected.csv"
UNPACKED = ".unpacked-"  # begins the name of the folder in which downloads are unpacked
SHOWN = 20  # lines of a kind


@dataclass
class Collection:
    """What was found in the downloads of an assignment."""

    roster: Roster
    choices: dict[str, Choice] = field(default_factory=dict)
    strays: list[Stray] = field(default_factory=list)
    refused: list[tuple[str, str]] = field(default_factory=list)

    @property
    def nothing(self) -> list[str]:
        """The ids of the students without a notebook."""
        return sorted(student for student in self.roster.students if not self.has(student))

    def has(self, student: str) -> bool:
        """Whether there is a notebook of a student."""
        return student in self.choices and any(name.endswith(".ipynb") for name in self.choices[student].counted)

    def lines(self) -> list[str]:
        """What an instructor should see: what was not matched or refused, then student by student."""
        nothing = self.nothing
        late = [student for student, choice in self.choices.items() if choice.late]
        looks = [f"{student}: {look}" for student, choice in self.choices.items() for look in choice.look]
        hint = "  To assign them to students, also collect a folder with the files in subfolders named by student id."
        found = [
            *_section("Not matched", [f"{_short(stray.where)}: {stray.why}" for stray in self.strays]),
            *([hint] if self.strays else []),
            *_section("Left out", [f"{_short(where)}: {why}" for where, why in self.refused]),
            *_section("Please look", looks),
        ]
        if late:
            found.append(f"Late according to the LMS ({len(late)}): {', '.join(late)}")
        if nothing:
            who = ", ".join(nothing[:SHOWN])
            more = f", … and {len(nothing) - SHOWN} more, in {LIST}" if len(nothing) > SHOWN else ""
            found.append(
                f"No notebook in the downloads from {len(nothing)} of {len(self.roster.students)}: {who}{more}"
            )
        return [printable(line) for line in found]


def collect(
    archive: Path,
    target: Path,
    roster: Roster,
    notebooks: Sequence[str],
    others: Mapping[str, str],
    caps: Caps,
    released: Mapping[str, Version] | None = None,
) -> Collection:
    """Read the downloads in `archive`, which stays as it is, and write what is found into the folder `target`."""
    collection = Collection(roster)
    target.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=UNPACKED) as place:
        unpacking = Unpacking(Path(place), caps)
        unpacking.folder(archive)
        collection.refused = unpacking.refused
        files: dict[str, list[DownloadedFile]] = {}
        for found in Downloads(Path(place), roster).files():
            if isinstance(found, Stray):
                collection.strays.append(found)
                _copy(found.path, target / UNMATCHED, found.where)
            else:
                files.setdefault(found.student, []).append(found)
        for student in sorted(files):
            choice = collection.choices[student] = choose(files[student], notebooks, others, released)
            _write(student, choice, target)
    write_table(target / LIST, _rows(collection), "utf-8-sig")  # Excel takes it for UTF-8 by the byte order mark
    return collection


def _write(student: str, choice: Choice, target: Path) -> None:
    for name, file in choice.counted.items():
        _copy(file.path, target / COUNTED / student, name)
    if choice.time:
        (target / COUNTED / student / "timestamp.txt").write_text(choice.time.isoformat(" "), encoding="utf-8")
    for file, fate in choice.fates:
        if fate.kind is FateKind.KEPT:
            _copy(file.path, target / KEPT / student, file.where)


def _copy(path: Path, folder: Path, name: str) -> None:
    """Copy a file to a path below a folder; where a student's names make that a file and a folder, by another name."""
    wanted = folder / name
    try:
        wanted.parent.mkdir(parents=True, exist_ok=True)
        if os.path.lexists(wanted):
            raise FileExistsError
    except OSError:
        wanted = Path(tempfile.mkdtemp(dir=_made(folder), prefix="again-")) / PurePosixPath(name).name
    shutil.copyfile(path, wanted)


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _rows(collection: Collection) -> Iterable[Sequence[str]]:
    yield "student", "file", "what happened to it", "submitted (UTC)", "late", "please look"
    for student, choice in collection.choices.items():
        for file, fate in choice.fates:
            time = file.time.isoformat(" ") if file.time else ""
            look = "; ".join(choice.look) if fate.kind is FateKind.COUNTS else ""
            yield student, file.where, fate.text, time, "late" if file.late else "", look
    for stray in collection.strays:
        yield "", stray.where, f"not matched: {stray.why}", "", "", ""
    for where, why in collection.refused:
        yield "", where, f"left out: {why}", "", "", ""
    for student in collection.nothing:
        yield student, "", "no notebook", "", "", ""


def _section(title: str, lines: Sequence[str]) -> list[str]:
    if not lines:
        return []
    more = [f"  … and {len(lines) - SHOWN} more, in {LIST}"] if len(lines) > SHOWN else []
    return [f"{title} ({len(lines)}):", *(f"  {line}" for line in lines[:SHOWN]), *more]


def _short(where: str) -> str:
    """A path among the downloads without the folder that `autograder collect` made for the download."""
    first, _, rest = where.partition("/")
    return rest if rest and collected(first) else where
