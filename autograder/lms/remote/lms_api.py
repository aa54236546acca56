"""What an LMS is to us, whichever it is: the small interface that `moodle_api` and `canvas_api` fill in."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import ClassVar

from autograder.common.errors import AutograderError


class LmsError(AutograderError):
    """The LMS did not do what it was asked; the message is for the instructor, and has no token in it."""


class TokenError(LmsError):
    """There is no token, or the LMS does not accept it (any more)."""


class Unreachable(LmsError):
    """The LMS does not answer; whether it has done what it was asked is not known."""


class ServerError(LmsError):
    """The LMS fails to answer a request (status 5xx); whether it has done what it was asked is not known."""


class RequestRefused(LmsError):
    """The LMS refuses this one request, of one student; others may succeed."""


class NotOffered(LmsError):
    """The LMS does not offer a function to the token."""


@dataclass(frozen=True)
class Account:
    """A student's account. `id` is the LMS's own; `institution_id` is Moodle's ID number, Canvas's SIS ID.

    `first_name` and `last_name` are known of those whom `LmsApi.students` lists.
    """

    id: str
    name: str
    login: str = ""
    email: str = ""
    institution_id: str = ""
    first_name: str = ""
    last_name: str = ""


@dataclass(frozen=True)
class RemoteAssignment:
    """An assignment there. `points`: its maximum, None if it is not graded by points. `due` has its zone, UTC."""

    id: str
    title: str
    number: str = ""  # as in the address of its page
    points: float | None = None
    due: datetime | None = None
    by_group: bool = False  # one submission, or one grade, for a whole group
    takes_comments: bool = True
    takes_files: bool = True


@dataclass(frozen=True)
class Extensions:
    """By account, due dates of students, in UTC, with the zone; None: nothing is ever due. Others have that of all.

    `notes`: what is not known of them, in sentences for the instructor.
    """

    dues: Mapping[str, datetime | None]
    notes: Sequence[str] = ()


@dataclass(frozen=True)
class RemoteFile:
    """A file of a submission: its name, its address, its size in bytes."""

    name: str
    url: str
    size: int


@dataclass(frozen=True)
class RemoteSubmission:
    """An attempt, of the account with this id. `time` is in UTC, without a zone, as nbgrader keeps times."""

    account: str
    time: datetime
    files: tuple[RemoteFile, ...]
    late: bool = False


@dataclass(frozen=True)
class RemoteGrade:
    """What is there for a student. `version` changes whenever somebody saves it, where the LMS says so; else empty.

    `locked`: why it must be left alone, such as "excused".
    """

    score: float | None = None
    version: str = ""
    locked: str = ""


@dataclass(frozen=True)
class RemoteFeedback:
    """What goes with a grade: a text, and pages by file name."""

    text: str
    pages: Mapping[str, bytes] = field(default_factory=dict)


class LmsApi(ABC):
    """A course on an LMS. Every method raises LmsError; `send` raises RequestRefused if others may succeed."""

    title: ClassVar[str]  # its name, as people know it
    without_groups: ClassVar[str] = ""  # how an assignment for groups can have a grade for each student there

    @abstractmethod
    def assignments(self) -> list[RemoteAssignment]:
        """The assignments of the course."""

    @abstractmethod
    def students(self) -> list[Account]:
        """The students who are enrolled in the course now; no teachers, no test students, nobody who has left."""

    @abstractmethod
    def accounts(self, assignment: RemoteAssignment) -> list[Account]:
        """The students who can be graded in an assignment."""

    @abstractmethod
    def extensions(self, assignment: RemoteAssignment) -> Extensions:
        """The due dates of those who have one of their own."""

    @abstractmethod
    def submissions(self, assignment: RemoteAssignment) -> list[RemoteSubmission]:
        """The attempts that the LMS hands out (Moodle: each student's last), drafts left out."""

    @abstractmethod
    def content(self, file: RemoteFile) -> bytes:
        """A file of a submission, whole."""

    @abstractmethod
    def grades(self, assignment: RemoteAssignment) -> dict[str, RemoteGrade]:
        """By account, the grades that are there now, before any penalty of the LMS's own."""

    @abstractmethod
    def comments(self, assignment: RemoteAssignment, account: str) -> str:
        """The comments that are there for a student, as text or HTML."""

    @abstractmethod
    def send(self, assignment: RemoteAssignment, account: str, score: float, feedback: RemoteFeedback) -> RemoteGrade:
        """Save grade and feedback, together; returns what is there afterwards."""

    def assignment(self, name: str, number: object) -> RemoteAssignment:
        """The assignment with this number, or, without one, with this title; and with one submission per student."""
        found = self.assignments()
        wanted = str(number or "").strip()
        chosen = [one for one in found if (one.number == wanted if wanted else one.title.strip() == name)]
        if len(chosen) != 1:
            there = ", ".join(f"{one.title} ({one.number})" for one in found) or "none"
            what = f"the number {wanted}" if wanted else f"the title {name}"
            number_of = f"c.Lms.assignments = {{{name!r}: …}}"
            several = "several assignments have" if chosen else "no assignment has"
            raise LmsError(f"In {self.title}, {several} {what}. Set {number_of}; there are: {there}")
        if chosen[0].by_group:
            raise LmsError(
                f"In {self.title}, {chosen[0].title} has one submission or grade for a whole group, which is not "
                f"supported. {self.without_groups}Put each group's notebook into fix/STUDENT/ of every member, and run "
                f"autograder collect {name} fix. Once that is graded, each member has a grade in what this writes: "
                f"autograder export --format {self.title.lower()} --assignment {name}"
            )
        return chosen[0]
