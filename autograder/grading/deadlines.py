"""Due dates and extensions: the course's `deadlines.csv`, and nbgrader's gradebook, into which grading writes them.

    assignment,student,due,hours,reason
    mnist,,2026-03-01 23:59,,                  no student: the due date of all
    mnist,ada,2026-03-03 23:59,,illness        an extension, up to a time
    mnist,bob,,48,two exams                    or by hours, from the due date of all

Where the file exists, it alone says who has an extension; a row without a student takes the place of the gradebook's
due date. In the gradebook, times are in UTC, without a zone. In the file they are in the course's time zone, unless an
offset follows.
"""

import csv
import io
import math
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from nbgrader.api import Assignment, Gradebook, SubmittedAssignment
from nbgrader.coursedir import CourseDirectory
from traitlets import Unicode
from traitlets.config import Configurable

from autograder.common.errors import AutograderError
from autograder.common.files import write_atomic
from autograder.common.tables import csv_text, original
from autograder.common.text import printable
from autograder.notebooks.handed_in import students_with

LAST_MINUTE = time(23, 59, 59)  # of a day that is given without a time


class DeadlineError(AutograderError):
    """The file of deadlines, or the time zone, can't be used; the message is for the instructor."""


@dataclass(frozen=True)
class Deadline:
    """A row of the file. Either `due` (aware, or in the course's time zone) or `hours` is given."""

    assignment: str
    student: str = ""  # empty: all
    due: datetime | None = None
    hours: float | None = None
    reason: str = ""


COLUMNS = tuple(field.name for field in fields(Deadline))


@dataclass(frozen=True)
class DueDates:
    """Who has to submit what by when. All times are in UTC, without a zone, as in the gradebook."""

    zone: ZoneInfo
    rows: Mapping[tuple[str, str], Deadline] | None = (
        None  # of the file, by assignment and student; None: there is none
    )

    def of_all(self, assignment: Assignment) -> datetime | None:
        """The due date of those without an extension; None: there is none."""
        row = (self.rows or {}).get((assignment.name, ""))
        found: datetime | None = in_utc(row.due, self.zone) if row and row.due else assignment.duedate
        return found

    def of(self, assignment: Assignment, student: str) -> datetime | None:
        """A student's due date, by the file alone."""
        due = self.of_all(assignment)
        row = (self.rows or {}).get((assignment.name, student))
        if row is None:
            return due
        if row.due is not None:
            return in_utc(row.due, self.zone)
        assert row.hours is not None
        return due + timedelta(hours=row.hours) if due else None

    def of_submission(self, submission: SubmittedAssignment) -> datetime | None:
        """The due date of a submission in the gradebook, with the extension that file or gradebook has."""
        due: datetime | None
        if self.rows is not None:
            return self.of(submission.assignment, submission.student.id)
        due = submission.assignment.duedate
        return due + submission.extension if due and submission.extension else due

    def of_students(self, assignment: Assignment, submissions: Sequence[SubmittedAssignment]) -> dict[str, datetime]:
        """By student, the due dates of those who have an extension."""
        if self.rows is None:
            due = assignment.duedate
            return {one.student.id: due + one.extension for one in submissions if due and one.extension}
        students = [student for name, student in self.rows if name == assignment.name and student]
        return {student: due for student in students if (due := self.of(assignment, student))}

    def apply(self, submission: SubmittedAssignment) -> None:
        """Put what the file says of a submission into the gradebook, whose changes the caller commits."""
        if self.rows is None:
            return
        assignment = submission.assignment
        everybody, own = self.of_all(assignment), self.of_submission(submission)
        if assignment.duedate != everybody:
            assignment.duedate = everybody
        extension = own - everybody if own and everybody and own != everybody else None
        if submission.extension != extension:
            submission.extension = extension


class Deadlines(Configurable):  # type: ignore[misc]
    """Where due dates and extensions are, and in which time zone."""

    file = Unicode(
        "deadlines.csv",
        help="CSV file of due dates and extensions, in the course folder, with the columns assignment, student, due, "
        "hours, reason. It is read if it exists.",
    ).tag(config=True)
    timezone = Unicode(
        "",
        help="Time zone of the course, such as Europe/Berlin: in it due dates are read and shown, and days end. Empty: "
        "that of c.Exchange.timezone, which is UTC by default.",
    ).tag(config=True)

    def zone(self) -> ZoneInfo:
        """The course's time zone. Raises DeadlineError where it is not known."""
        name = self.timezone or str(self.config.Exchange.get("timezone", "UTC"))
        try:
            return ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            raise DeadlineError(
                f"The time zone {name!r} is not known (c.Deadlines.timezone, c.Exchange.timezone): expected a name "
                "such as Europe/Berlin. If no zone is known here, run `pip install tzdata`."
            ) from None

    def read(self, coursedir: CourseDirectory, gradebook: Gradebook) -> DueDates:
        """Those of a course. Raises DeadlineError, with every line that is wrong."""
        zone, path = self.zone(), Path(coursedir.root, self.file)
        if not path.is_file():
            if self.file != Deadlines.file.default_value:
                raise DeadlineError(f"c.Deadlines.file: there is no file {path}.")
            return DueDates(zone)
        rows = read_rows(path)
        due = {assignment.name: assignment.duedate for assignment in gradebook.assignments}
        sources = Path(coursedir.format_path(coursedir.source_directory, ".", "*")).parent
        known = {*due, *(folder.name for folder in sources.glob("*") if folder.is_dir())}
        students = {student.id for student in gradebook.students}
        students |= {
            one for name in {row.assignment for _, row in rows} & set(due) for one in students_with(coursedir, name)
        }
        dated = {name for name, date in due.items() if date} | {row.assignment for _, row in rows if not row.student}
        wrong = [f"line {line}: {why}" for line, row in rows for why in _wrong(row, zone, known, students, dated)]
        if wrong:
            raise DeadlineError(f"{path} can't be used, so nothing is graded: {'; '.join(wrong)}.")
        return DueDates(zone, {(row.assignment, row.student): row for _, row in rows})


def in_utc(moment: datetime, zone: ZoneInfo) -> datetime:
    """A time in UTC, without a zone; one without an offset is in `zone`: the later one, where clocks show it twice."""
    aware = moment if moment.tzinfo else moment.replace(tzinfo=zone, fold=1)
    return aware.astimezone(UTC).replace(tzinfo=None)


def in_zone(moment: datetime, zone: ZoneInfo) -> datetime:
    """A time of the gradebook's as clocks in `zone` show it."""
    return moment.replace(tzinfo=UTC).astimezone(zone)


def read_rows(path: Path) -> list[tuple[int, Deadline]]:
    """The rows of a file, each with its line. Raises DeadlineError, with every line that is wrong."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise DeadlineError(f"{path} can't be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise DeadlineError(f"{path} is not UTF-8: in Excel, save it as “CSV UTF-8”.") from error
    delimiter = max(",;\t", key=text.partition("\n")[0].count)
    reader = csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter)
    reader.fieldnames = [name.strip() for name in reader.fieldnames or ()]
    if lacking := {"assignment", "student", "due"} - set(reader.fieldnames):
        raise DeadlineError(f"{path} has no column {', '.join(sorted(lacking))} (columns: {', '.join(COLUMNS)}).")
    rows, wrong = list[tuple[int, Deadline]](), list[str]()
    seen = dict[tuple[str, str], int]()
    try:
        for found in reader:
            cells = {name: original((found.get(name) or "").strip()) for name in COLUMNS}
            if not any(cells.values()):
                continue
            line = reader.line_num
            try:
                row = _row(cells)
            except ValueError as error:
                wrong.append(f"line {line}: {error}")
                continue
            first = seen.setdefault((row.assignment, row.student), line)
            if first != line:
                wrong.append(
                    f"line {line}: {row.assignment} has a row for {row.student or 'all students'} in line {first}"
                )
            rows.append((line, row))
    except csv.Error as error:
        wrong.append(f"line {reader.line_num}: {error}")
    if wrong:
        raise DeadlineError(f"{path} can't be used, so nothing is graded: {'; '.join(wrong)}.")
    return rows


def _row(cells: Mapping[str, str]) -> Deadline:
    """A row of the file. Raises ValueError, which says what is wrong."""
    if not cells["assignment"]:
        raise ValueError("the assignment is missing")
    if bool(cells["due"]) == bool(cells["hours"]):
        raise ValueError("expected a date under `due`, or a number under `hours`, and not both")
    if cells["hours"] and not cells["student"]:
        raise ValueError("`hours` extend a student's time, and the student is missing")
    due = _date(cells["due"]) if cells["due"] else None
    hours = _hours(cells["hours"]) if cells["hours"] else None
    return Deadline(cells["assignment"], cells["student"], due, hours, cells["reason"])


def _date(text: str) -> datetime:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(
            f"`due` is {printable(text, 40)!r}: expected YYYY-MM-DD HH:MM, such as 2026-03-01 23:59"
        ) from None
    return datetime.combine(found, LAST_MINUTE) if len(text) <= len("2026-03-01") else found


def _hours(text: str) -> float:
    try:
        found = float(text.replace(",", "."))
    except ValueError:
        found = math.nan
    if not 0 < found <= 24 * 3660:
        raise ValueError(f"`hours` is {printable(text, 40)!r}: expected a number of hours above 0, such as 48")
    return found


def _wrong(
    row: Deadline, zone: ZoneInfo, known: Collection[str], students: Collection[str], dated: Collection[str]
) -> Iterator[str]:
    """What in a row does not fit the course."""
    if row.assignment not in known:
        yield f"there is no assignment {printable(row.assignment, 40)!r}"
    elif row.assignment not in dated:
        yield f"{row.assignment} has no due date: add a row without a student"
    if row.student and row.student not in students:
        student = printable(row.student, 40)
        yield f"nobody is known as {student!r}: if it is right, run `nbgrader db student add {student}`"
    if row.due and not row.due.tzinfo and in_zone(in_utc(row.due, zone), zone).replace(tzinfo=None, fold=0) != row.due:
        yield f"there is no {row.due:%Y-%m-%d %H:%M} in {zone.key}, where clocks are put forward"


def merge_deadlines(path: Path, assignment: str, origin: str, rows: Sequence[Deadline]) -> list[str]:
    """Put an LMS's due date and extensions of an assignment into the file, in the place of those it gave before.

    `origin` is the LMS's name, by which its rows are known: it is their `reason`. Rows that a person wrote stay, and
    come before the LMS's. Returns a sentence for each of the LMS's rows that is left out for that; the file is made
    where there is none, and not touched where nothing changes. Raises DeadlineError where it can't be used.
    """
    there = [row for _, row in read_rows(path)] if path.is_file() else []
    kept = [row for row in there if (row.assignment, row.reason) != (assignment, origin)]
    by_hand = {row.student for row in kept if row.assignment == assignment}
    new = [replace(row, assignment=assignment, reason=origin) for row in rows if row.student not in by_hand]
    if new != [row for row in there if row not in kept]:
        _write(path, [*kept, *new])
    return [
        f"{path.name} has a row of your own for {row.student or 'all students'} in {assignment}: {origin}'s is not used"
        for row in rows
        if row.student in by_hand
    ]


def _write(path: Path, rows: Sequence[Deadline]) -> None:
    table = [COLUMNS]
    for row in rows:
        due = row.due.isoformat(" ", "seconds") if row.due else ""
        hours = "" if row.hours is None else f"{row.hours:g}"
        table.append((row.assignment, row.student, due, hours, row.reason))
    write_atomic(path, csv_text(table).encode("utf-8-sig"))
