"""Grades and feedback to an LMS: what is to be sent, and a ledger of what was.

    `pushed.jsonl` in the course folder, a line for each step, never changed:
      {"state": "sending", …}    before a grade is sent
      {"state": "sent", …}       afterwards, with what is there then

If the process dies between the two, the next push asks the LMS whether the grade has arrived: the comment has a
reference, the digest of what was sent. Whoever changed a grade there is left the last word: what is there is no longer
what we sent last.
"""

import enum
import hashlib
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

from autograder.common.errors import AutograderError
from autograder.common.files import sync_folder
from autograder.common.serialization import dump, load
from autograder.grading.lock import course_lock
from autograder.lms.remote.lms_api import LmsApi, RemoteAssignment, RemoteFeedback, RemoteGrade, RequestRefused

LEDGER = "pushed.jsonl"
_SAME = 1e-6  # points; LMSs round to five decimals


class LedgerError(AutograderError):
    """The ledger can't be read or written; without it, nothing is sent."""


class SendState(enum.StrEnum):
    """How far a grade has come."""

    SENDING = "sending"
    SENT = "sent"


@dataclass(frozen=True)
class LedgerEntry:
    """A line of the ledger. `there` and `version` are what the LMS has afterwards; before, what it had."""

    state: SendState
    time: str
    course: str  # the LMS's address and its number for the course
    assignment: str  # the LMS's id
    account: str
    student: str
    score: float
    reference: str
    there: float | None = None
    version: str = ""


class Ledger:
    """What was sent to one assignment, by account. One process at a time writes it."""

    def __init__(self, path: Path, course: str, assignment: str) -> None:
        """Read the file, if there is one. Raises LedgerError."""
        self._path, self._course, self._assignment = path, course, assignment
        self._torn = 0  # bytes at the end that are no line
        self.last: dict[str, LedgerEntry] = {}
        try:
            lines = path.read_bytes().splitlines(keepends=True) if path.exists() else []
        except OSError as error:
            raise LedgerError(f"{path} can't be read: {error.strerror}") from error
        for number, line in enumerate(lines, 1):
            try:
                entry = load(line, LedgerEntry)
            except ValueError as error:
                if number == len(lines) and not line.endswith(b"\n"):
                    self._torn = len(line)  # of a process that died; what it was about to do was not begun
                    continue
                raise LedgerError(
                    f"{path}, line {number}, is damaged ({error}), so what was sent is not known: restore the file, or "
                    "move it away, and every grade that is there counts as changed there"
                ) from error
            if (entry.course, entry.assignment) == (course, assignment):
                self.last[entry.account] = entry

    def sending(self, row: "PushRow") -> None:
        """Write down that a grade is about to be sent. Raises LedgerError."""
        self._add(SendState.SENDING, row, row.there)

    def sent(self, row: "PushRow", there: RemoteGrade) -> None:
        """Write down that a grade has arrived. Raises LedgerError."""
        self._add(SendState.SENT, row, there)

    def _add(self, state: SendState, row: "PushRow", there: RemoteGrade) -> None:
        assert row.score is not None
        entry = LedgerEntry(
            state,
            datetime.now(UTC).isoformat(" ", "seconds"),
            *(self._course, self._assignment, row.account, row.student, row.score, row.reference),
            *(there.score, there.version),
        )
        new = not self._path.exists()
        try:
            with self._path.open("ab") as file:
                if self._torn:
                    file.truncate(file.tell() - self._torn)
                    self._torn = 0
                file.write(dump(entry).encode() + b"\n")
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise LedgerError(f"{self._path} can't be written: {error.strerror}") from error
        if new:
            sync_folder(self._path.parent)
        self.last[row.account] = entry


class PushAction(enum.StrEnum):
    """What becomes of a student's grade."""

    SEND = "send"
    UNCHANGED = "unchanged"
    NOT_FINAL = "not final"
    NO_ACCOUNT = "no account"
    CHANGED_THERE = "changed there"
    REFUSED = "refused"

    @property
    def needs_person(self) -> bool:
        """Whether somebody should look at it."""
        return self in (PushAction.NO_ACCOUNT, PushAction.CHANGED_THERE, PushAction.REFUSED)


@dataclass(frozen=True)
class LocalGrade:
    """A student's grade here: the score on the LMS's scale, None if it is not final; why; the account."""

    student: str
    score: float | None
    why: str = ""
    account: str = ""
    why_no_account: str = ""
    feedback: RemoteFeedback = field(default_factory=lambda: RemoteFeedback(""))

    @property
    def reference(self) -> str:
        """The digest of what would be sent, 12 hexadecimal digits."""
        whole = hashlib.sha256(f"{self.score}\0{self.feedback.text}".encode())
        for name, content in sorted(self.feedback.pages.items()):
            whole.update(name.encode() + b"\0" + hashlib.sha256(content).digest())
        return whole.hexdigest()[:12]


@dataclass(frozen=True)
class PushRow:
    """A line of the plan: what is there, what would be there, and what is done about it, and why."""

    student: str
    action: PushAction
    account: str = ""
    score: float | None = None
    there: RemoteGrade = field(default_factory=RemoteGrade)
    why: str = ""
    reference: str = ""
    feedback: RemoteFeedback = field(default_factory=lambda: RemoteFeedback(""))
    arrived: bool = False  # the last push died before it knew


def plan(
    platform: LmsApi,
    assignment: RemoteAssignment,
    ledger: Ledger,
    local: Sequence[LocalGrade],
    overwrite: Sequence[str] = (),
) -> list[PushRow]:
    """What a push would do, student by student. `overwrite`: whose grade is sent, whatever is there."""
    there = platform.grades(assignment)
    rows = []
    for grade in local:
        row = PushRow(
            grade.student,
            PushAction.SEND,
            grade.account,
            grade.score,
            there.get(grade.account, RemoteGrade()),
            reference=grade.reference,
            feedback=grade.feedback,
        )
        if grade.score is None:
            rows.append(replace(row, action=PushAction.NOT_FINAL, why=grade.why))
        elif not grade.account:
            rows.append(replace(row, action=PushAction.NO_ACCOUNT, why=grade.why_no_account))
        else:
            decided = _decided(platform, assignment, row, ledger.last.get(grade.account))
            forced = decided.action == PushAction.CHANGED_THERE and grade.student in overwrite
            rows.append(replace(row, why="overwrites what is there") if forced else decided)
    return rows


def _decided(platform: LmsApi, assignment: RemoteAssignment, row: PushRow, last: LedgerEntry | None) -> PushRow:
    there = row.there
    if there.locked:
        return replace(row, action=PushAction.CHANGED_THERE, why=there.locked)
    if last and last.state == SendState.SENDING:
        has_comment = last.reference in platform.comments(assignment, row.account)
        if not has_comment and _same(there.score, last.there) and there.version == last.version:
            return row  # nothing has arrived
        if not _same(there.score, last.score) or (assignment.takes_comments and not has_comment):
            return replace(row, action=PushAction.CHANGED_THERE, why="it changed while the last push was interrupted")
        if last.reference != row.reference:
            return row
        return replace(row, action=PushAction.UNCHANGED, arrived=True, why="the interrupted push had sent it")
    if last is None:
        if there.score is None and there.version and platform.comments(assignment, row.account):
            return replace(row, action=PushAction.CHANGED_THERE, why="a comment is there, which no push has sent")
        if there.score is None:
            return row
        if _same(there.score, row.score):
            return replace(row, action=PushAction.UNCHANGED, why="the same is there already")
        return replace(row, action=PushAction.CHANGED_THERE, why="there is a grade that no push has sent")
    if not _same(there.score, last.there) or there.version != last.version:
        was = f"{last.there:g} was sent" if last.there is not None else "it was sent"
        return replace(row, action=PushAction.CHANGED_THERE, why=f"{was} on {last.time}")
    if last.reference == row.reference:
        return replace(row, action=PushAction.UNCHANGED, why=f"sent on {last.time}")
    return row


def push(platform: LmsApi, assignment: RemoteAssignment, ledger: Ledger, rows: Sequence[PushRow]) -> Iterator[PushRow]:
    """Send what is to be sent, one after another; gives each row with what became of it.

    Raises LmsError where the LMS can't be used any more; what was sent until then is in the ledger.
    """
    for row in rows:
        if row.arrived:
            ledger.sent(row, row.there)
        if row.action != PushAction.SEND:
            continue
        ledger.sending(row)
        text = f"{row.feedback.text}\n\n[{row.reference}]"
        assert row.score is not None
        try:
            there = platform.send(assignment, row.account, row.score, RemoteFeedback(text, row.feedback.pages))
        except RequestRefused as error:
            yield replace(row, action=PushAction.REFUSED, why=str(error))
            continue
        if not _same(there.score, row.score):
            shown = "no grade" if there.score is None else f"{there.score:g}"
            why = f"{platform.title} has {shown} after {row.score:g} was sent"
            yield replace(row, action=PushAction.REFUSED, why=why)
            continue
        ledger.sent(row, there)
        yield replace(row, there=there)


@contextmanager
def opened_ledger(root: Path, course: str, assignment: str, doing: str) -> Iterator[Ledger]:
    """The ledger of the course in `root`, which no other process writes meanwhile. Raises BusyError, LedgerError."""
    with course_lock(root, doing, name="push.lock"):
        yield Ledger(root / LEDGER, course, assignment)


def converted(score: float, points: float, points_there: float) -> float:
    """A score of so many points on the scale of the LMS, to four decimal places."""
    return round(score * points_there / points, 4)


def _same(one: float | None, other: float | None) -> bool:
    return one == other if one is None or other is None else abs(one - other) < _SAME


def summary(rows: Sequence[PushRow]) -> Mapping[PushAction, list[PushRow]]:
    """The rows by what becomes of them."""
    return {action: [row for row in rows if row.action == action] for action in PushAction}
