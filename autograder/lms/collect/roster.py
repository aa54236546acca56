"""Whose submission: the roster, and the look-up in it of what an LMS says of a student."""

import csv
import io
import unicodedata
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from nbgrader.api import Gradebook

from autograder.common.errors import AutograderError

COLUMNS = ("id", "first_name", "last_name", "email", "lms_user_id")


class RosterError(AutograderError):
    """The roster can't be used; the message is for the instructor."""


class NotMatched(AutograderError):
    """No student, or more than one, fits; `students` has the ids of those who may be meant."""

    def __init__(self, message: str, students: Iterable[str] = ()) -> None:
        """With a message that names them, too."""
        super().__init__(message)
        self.students = tuple(students)


@dataclass(frozen=True)
class Person:
    """What an LMS says of a student: its id (or several, of which one is right), the institution's, e-mail, a name.

    `by_name` says whether the name alone may decide.
    """

    ids: tuple[str, ...] = ()
    sid: str = ""
    email: str = ""
    name: str = ""
    by_name: bool = False

    def __str__(self) -> str:
        return ", ".join(filter(None, [self.name, self.email, self.sid, " or ".join(self.ids)]))


@dataclass(frozen=True)
class RosterStudent:
    """A row of the roster; `id` is nbgrader's."""

    id: str
    first_name: str = ""
    last_name: str = ""
    email: str = ""
    lms_user_id: str = ""


class Roster:
    """The students of the course, by id, and how to find the one whom an LMS describes."""

    def __init__(self, students: Iterable[RosterStudent]) -> None:
        """Raises RosterError where an id comes twice or can't be the name of a folder."""
        self.students: dict[str, RosterStudent] = {}
        for student in students:
            if student.id in self.students:
                raise RosterError(f"the id {student.id!r} appears twice")
            if not can_be_id(student.id):
                raise RosterError(f"the id {student.id!r} can't be the name of a folder")
            self.students[student.id] = student

    def find(self, person: Person) -> str:
        """The id of the one student that `person` describes. Raises NotMatched where it is none, or may be several.

        Ids and e-mail come first. Only where they find nobody, and the name may decide, names are compared: exactly,
        and then with ever more ignored (`_FOLDS`), until somebody is found.
        """
        found = {student.id for student in self.students.values() if _is(student, person)}
        if not found and person.by_name:
            # Canvas's ids are on the roster or not: where they are, a name does not overrule them.
            open_ = [student for student in self.students.values() if not (person.ids and student.lms_user_id)]
            called = ({one.id for one in open_ if _is_called(one, person.name, fold)} for fold in _FOLDS)
            found = next(filter(None, called), set())  # Müller is Müller, though Muller is on the roster, too
        if not found:
            raise NotMatched(f"nobody on the roster is this: {person}")
        if len(found) > 1:
            raise NotMatched(f"it could be of {' or '.join(sorted(found))}: {person}", sorted(found))
        return found.pop()


def can_be_id(text: str) -> bool:
    """Whether a student's id can be so: it is the name of folders."""
    return bool(text) and not text.startswith(".") and not set(text) & set("/\\\0")


def read_roster(path: Path) -> Roster:
    """Read a CSV with the columns of `nbgrader db student import`, from which only `id` must be there."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise RosterError(f"{path} can't be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise RosterError(f"{path} is not UTF-8: in Excel, save it as “CSV UTF-8”") from error
    first = text.partition("\n")[0]
    delimiter = max(",;\t", key=first.count)
    reader = csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter)
    reader.fieldnames = [name.strip() for name in reader.fieldnames or ()]
    if "id" not in reader.fieldnames:
        raise RosterError(f"{path} has no column `id` (columns: {', '.join(COLUMNS)})")
    try:
        rows = [{name: (row.get(name) or "").strip() for name in COLUMNS} for row in reader]
        return Roster(RosterStudent(**row) for row in rows if row["id"])
    except (csv.Error, RosterError) as error:
        raise RosterError(f"{path}: {error}") from error


def gradebook_roster(db_url: str, course_id: str) -> Roster:
    """The students that the gradebook has."""
    with Gradebook(db_url, course_id) as gradebook:
        return Roster(
            RosterStudent(**{name: (getattr(student, name) or "").strip() for name in COLUMNS})
            for student in gradebook.students
        )


def _is(student: RosterStudent, person: Person) -> bool:
    known = person.sid and person.sid in (student.id, student.lms_user_id)
    same_email = person.email and person.email.casefold() == student.email.casefold()
    return bool(known or same_email or student.lms_user_id in person.ids)


def _is_called(student: RosterStudent, name: str, fold: Callable[[str], str]) -> bool:
    """Whether a name has the words of the student's, in whatever order, or its letters in Canvas's ("lovelaceada")."""
    words, others = _words(f"{student.last_name} {student.first_name}", fold), _words(name, fold)
    return bool(words) and (sorted(words) == sorted(others) or "".join(words) == "".join(others))


def _words(text: str, fold: Callable[[str], str]) -> list[str]:
    return list(filter(None, map(fold, unicodedata.normalize("NFC", text).replace("_", " ").split())))


def _without_signs(word: str) -> str:
    """The letters and digits of a word: LMSs leave other signs out of files' names."""
    return "".join(filter(str.isalnum, word))


def _without_accents(word: str) -> str:
    """The letters and digits of a word, without case and accents: `Müller` is `muller`, `ё` is `е`."""
    plain = "".join(sign for sign in unicodedata.normalize("NFKD", word) if not unicodedata.combining(sign))
    return _without_signs(plain.casefold())


# Names are compared as they are written, and then with ever more left out, until somebody is found.
_FOLDS: tuple[Callable[[str], str], ...] = (
    str,
    _without_signs,
    lambda word: _without_signs(word.lower()),
    lambda word: _without_signs(word.casefold()),
    _without_accents,
)
