"""Submissions of an LMS as a download, a folder that `autograder collect` takes like one from a file; and due dates.

moodle/
  <account>-<time>/…    the files of an attempt
  fetched.json          whose each is, and when it was submitted
"""

import errno
import shutil
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from nbgrader.coursedir import CourseDirectory

from autograder.common.errors import AutograderError
from autograder.common.files import write_atomic
from autograder.common.serialization import dump
from autograder.grading.deadlines import Deadline, Deadlines, merge_deadlines
from autograder.lms.collect.archive import add
from autograder.lms.collect.downloads import STAMP
from autograder.lms.collect.lms_names import FETCHED, MetadataError, Named, fetched
from autograder.lms.collect.roster import Roster, gradebook_roster
from autograder.lms.collect.unpack import Caps
from autograder.lms.collect.zip_collect import collecting
from autograder.lms.remote.accounts import match, person
from autograder.lms.remote.lms_api import LmsApi, LmsError, RemoteAssignment, RemoteSubmission, TokenError, Unreachable

_BAD_NAMES = (errno.EEXIST, errno.ENOTDIR, errno.EISDIR, errno.ENAMETOOLONG)  # of files that can't lie in one folder


class BadName(AutograderError):
    """A file's name leads out of its folder, or does not fit the others'."""


@dataclass(frozen=True)
class Fetched:
    """What a fetch has brought, besides submissions."""

    left_out: list[tuple[str, str]]  # which submissions, and why; they are tried again next time
    dates: int  # the LMS's due dates of the assignment
    own_dates: list[str]  # sentences on those in whose place a row of the instructor's own counts
    notes: list[str]  # sentences on due dates that are not known, or can't be a row
    file: Path  # of due dates


def fetch_into(
    archive: Path,
    platform: LmsApi,
    assignment: RemoteAssignment,
    submissions: Sequence[RemoteSubmission],
    coursedir: CourseDirectory,
    deadlines: Deadlines,
    parts: Path | None = None,
) -> Fetched:
    """Fetch what of an assignment's `submissions` the `archive` does not have, and due dates into the course's file.

    `coursedir` is of the assignment here. What is not whole yet lies in the folder `parts`, or else beside the archive.
    Raises LmsError, DeadlineError, and OSError: then, nothing has changed.
    """
    root, name = Path(coursedir.root), coursedir.assignment_id
    caps = Caps(coursedir.max_file_size * 1000, coursedir.max_dir_size * 1000)
    parts = parts or archive.parent
    parts.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=parts, prefix=".fetching-") as place:
        folder = Path(place, platform.title.lower())
        left_out = fetch(platform, assignment, submissions, folder, archive, caps)
        roster = gradebook_roster(coursedir.db_url, coursedir.course_id)  # grading knows no one else
        dates, notes = due_dates(platform, assignment, name, roster)
        path = Path(root, deadlines.file)
        with collecting(root):
            own = merge_deadlines(path, name, platform.title, dates) if dates or path.exists() else []
            add(archive, [folder] if folder.is_dir() else [])
    return Fetched(left_out, len(dates), own, notes, path)


def attempt_name(submission: RemoteSubmission) -> str:
    """What a fetched attempt is called; no other of the assignment's is called so."""
    return f"{submission.account}-{submission.time.strftime(STAMP)}"


def fetch(
    platform: LmsApi,
    assignment: RemoteAssignment,
    submissions: Iterable[RemoteSubmission],
    folder: Path,
    archive: Path,
    caps: Caps,
) -> list[tuple[str, str]]:
    """Fetch into `folder` the attempts that `archive` does not have; without any, there is no folder afterwards.

    An attempt that can't be fetched stops no other. Returns what was left out, and why; it is tried again next time.
    Raises LmsError and OSError.
    """
    accounts = platform.accounts(assignment)
    people = {account.id: person(account, accounts) for account in accounts}
    known = _known(archive.glob(f"*/{folder.name}"))
    refused: list[tuple[str, str]] = []
    done: dict[str, Named] = {}
    for submission in submissions:
        name = attempt_name(submission)
        if name in known:
            continue
        if submission.account not in people:
            refused.append((name, f"{platform.title} lists no student with the number {submission.account}"))
        elif why := _too_large(submission, caps):
            refused.append((name, why))
        else:
            try:
                _fetch_one(platform, submission, folder / name)
            except (TokenError, Unreachable):
                raise
            except (BadName, LmsError) as error:
                refused.append((name, str(error)))
                shutil.rmtree(folder / name, ignore_errors=True)
            else:
                done[name] = Named((people[submission.account],), time=submission.time, late=submission.late)
    if done:
        write_atomic(folder / FETCHED, dump(done).encode())
    else:
        shutil.rmtree(folder, ignore_errors=True)
    return refused


def _fetch_one(platform: LmsApi, submission: RemoteSubmission, folder: Path) -> None:
    """Fetch an attempt's files into `folder`. Raises BadName, LmsError, and OSError."""
    paths = [_below(folder, file.name) for file in submission.files]
    for path, file in zip(paths, submission.files, strict=True):
        content = platform.content(file)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            _free(path).write_bytes(content)
        except OSError as error:
            if error.errno in _BAD_NAMES:
                raise BadName(f"a file is called {file.name!r}, which does not fit the others") from None
            raise


def due_dates(
    platform: LmsApi, assignment: RemoteAssignment, name: str, roster: Roster
) -> tuple[list[Deadline], list[str]]:
    """The due date of the assignment that is called `name` here, and those of students who have another one.

    Also what is not known of them, or can't be a row, in sentences. Raises LmsError.
    """
    extensions = platform.extensions(assignment)
    accounts = match(roster, platform.accounts(assignment)).accounts
    dues = {student: extensions.dues.get(account.id, assignment.due) for student, account in accounts.items()}
    rows = [Deadline(name, due=assignment.due)] if assignment.due else []
    rows += [Deadline(name, student, due=due) for student, due in sorted(dues.items()) if due and due != assignment.due]
    notes = list(extensions.notes)
    if never := [student for student, due in sorted(dues.items()) if assignment.due and not due]:
        notes.append(
            f"By an override in {platform.title}, nothing is ever due for {', '.join(never)}. No row can say that: add "
            "one with a late date"
        )
    return rows, notes


def _known(downloads: Iterable[Path]) -> set[str]:
    """The attempts in earlier downloads. One whose metadata is damaged is fetched again."""
    found: set[str] = set()
    for download in downloads:
        try:
            found |= fetched(download).keys()
        except MetadataError:
            continue
    return found


def _too_large(submission: RemoteSubmission, caps: Caps) -> str:
    largest = max(file.size for file in submission.files)
    if largest > caps.file:
        return f"it has a file larger than {caps.file / 1e6:.3g} MB"
    whole = sum(file.size for file in submission.files)
    return f"it is larger than {caps.archive / 1e6:.3g} MB" if whole > caps.archive else ""


def _below(folder: Path, name: str) -> Path:
    """Where a file of this name goes. Raises BadName where that is not below the folder."""
    parts = [part for part in name.replace("\\", "/").split("/") if part not in ("", ".")]
    if not parts or ".." in parts or any("\0" in part or len(part.encode()) > 200 for part in parts):
        raise BadName(f"a file is called {name!r}")
    return folder.joinpath(*parts)


def _free(path: Path) -> Path:
    """The path, or where there is a file already, one with a number."""
    wanted, number = path, 1
    while wanted.exists():
        number += 1
        wanted = path.with_name(f"{path.stem} ({number}){path.suffix}")
    return wanted
