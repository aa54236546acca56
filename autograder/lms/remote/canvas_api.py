"""Canvas, by `canvasapi`; see https://developerdocs.instructure.com/services/canvas.

Grade, comment, and the files of the comment are saved by one request, so they are there together or not at all. Canvas
adds a comment to those that are there, and never replaces one.
"""

import logging
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from canvasapi.course import Course
from canvasapi.exceptions import (
    BadRequest,
    CanvasException,
    InvalidAccessToken,
    ResourceDoesNotExist,
    UnprocessableEntity,
)
from canvasapi.group import Group
from canvasapi.requester import Requester
from canvasapi.section import Section
from canvasapi.submission import Submission
from canvasapi.upload import Uploader
from dateutil import parser

from autograder.lms.remote.lms_api import (
    Account,
    Extensions,
    LmsApi,
    LmsError,
    RemoteAssignment,
    RemoteFeedback,
    RemoteFile,
    RemoteGrade,
    RemoteSubmission,
    RequestRefused,
    TokenError,
)
from autograder.lms.remote.patient_session import PatientSession, Token

logging.getLogger("canvasapi").setLevel(logging.CRITICAL)  # it logs the end of the token, and all that is answered


class _PatientRequester(Requester):  # type: ignore[misc]
    """canvasapi's, with a session that waits."""

    def __init__(self, url: str, token: Token, session: PatientSession) -> None:
        super().__init__(url, token.reveal())
        self._session = session


class CanvasApi(LmsApi):
    """A course on Canvas."""

    title = "Canvas"
    without_groups = "Let it be graded there with “Assign grades to each student individually”. Or else: "

    def __init__(self, url: str, course: str, token: Token, say: Callable[[str], object]) -> None:
        """Of the course with this number at `url`; `say` is told when something is waited for."""
        self._url, self._number, self._token = url, course, token
        self._session = PatientSession(token, say)
        self._requester = _PatientRequester(url, token, self._session)
        self._course = Course(self._requester, {"id": course})

    def assignments(self) -> list[RemoteAssignment]:
        """The assignments of the course, each with the due date of everybody; by default, a teacher gets the latest."""
        with self._translated():
            return [
                RemoteAssignment(
                    id=str(one.id),
                    title=one.name,
                    number=str(one.id),
                    points=one.points_possible if one.grading_type != "not_graded" else None,
                    due=_time(one.due_at),
                    by_group=bool(one.group_category_id) and not one.grade_group_students_individually,
                )
                for one in self._course.get_assignments(override_assignment_dates=False)
            ]

    def students(self) -> list[Account]:
        """Those with an enrollment as a student that is active, or accepted later (Canvas's "invited").

        E-mail and SIS ID are there only if the token's owner may see them.
        """
        with self._translated():
            return [_account(one) for one in self._course.get_users(enrollment_type=["student"], include=["email"])]

    def accounts(self, assignment: RemoteAssignment) -> list[Account]:
        """The students of the course."""
        return self.students()

    def extensions(self, assignment: RemoteAssignment) -> Extensions:
        """The due dates that overrides give: a student's own, else the latest of their sections and groups.

        That is Canvas's order (`lib/effective_due_dates.rb` of instructure/canvas-lms), in which no due date at all is
        the latest. An override that leaves the due date as it is has no `due_at`.
        """
        own: dict[str, datetime] = {}
        shared: dict[str, datetime] = {}
        with self._translated():
            overrides = [one for one in self._assignment(assignment).get_overrides() if hasattr(one, "due_at")]
            for one in overrides:
                due = _time(one.due_at) or _NEVER
                of = own if getattr(one, "student_ids", None) else shared
                of |= {account: max(due, of.get(account, due)) for account in self._assigned_to(one)}
        return Extensions({one: None if due == _NEVER else due for one, due in {**shared, **own}.items()})

    def _assigned_to(self, override: Any) -> list[str]:
        """The accounts of the students to whom an override applies."""
        if students := getattr(override, "student_ids", None):
            return [str(student) for student in students]
        if group := getattr(override, "group_id", None):
            return [str(user.id) for user in Group(self._requester, {"id": group}).get_users()]
        if section := getattr(override, "course_section_id", None):
            found = Section(self._requester, {"id": section}).get_enrollments(type=["StudentEnrollment"])
            return [str(enrollment.user_id) for enrollment in found]
        return []

    def submissions(self, assignment: RemoteAssignment) -> list[RemoteSubmission]:
        """Every attempt that has files."""
        with self._translated():
            found = list(self._assignment(assignment).get_submissions(include=["submission_history"]))
        attempts = (attempt for one in found for attempt in getattr(one, "submission_history", None) or ())
        return [one for one in map(_submission, attempts) if one]

    def content(self, file: RemoteFile) -> bytes:
        """A file of a submission. The token goes to this Canvas alone, not to a store of files elsewhere."""
        home = urlsplit(file.url)[:2] == urlsplit(self._url)[:2]
        with self._translated():
            content: bytes = self._requester.request("GET", _url=file.url, use_auth=home).content
        if len(content) != file.size:
            raise LmsError(f"{file.name}: expected {file.size} bytes, received {len(content)}")
        return content

    def grades(self, assignment: RemoteAssignment) -> dict[str, RemoteGrade]:
        """The scores as entered, before Canvas's own late policy."""
        with self._translated():
            return {str(one.user_id): _grade(one) for one in self._assignment(assignment).get_submissions()}

    def comments(self, assignment: RemoteAssignment, account: str) -> str:
        """The texts of all comments on a student's submission."""
        with self._translated():
            found = self._assignment(assignment).get_submission(int(account), include=["submission_comments"])
        return "\n".join(one.get("comment") or "" for one in getattr(found, "submission_comments", ())).strip()

    def send(self, assignment: RemoteAssignment, account: str, score: float, feedback: RemoteFeedback) -> RemoteGrade:
        """Save grade, comment, and files."""
        with self._translated(one=True):
            there = {"course_id": self._number, "assignment_id": assignment.id, "user_id": account}
            files = [self._upload(there, name, content) for name, content in feedback.pages.items()]
            comment = {"text_comment": feedback.text, **({"file_ids": files} if files else {})}
            saved = Submission(self._requester, there).edit(
                submission={"posted_grade": f"{score:.4f}"}, comment=comment
            )
            return _grade(saved)

    def _upload(self, there: Mapping[str, str], name: str, content: bytes) -> int:
        """Upload a page to be attached to a comment; returns its number."""
        place = "courses/{course_id}/assignments/{assignment_id}/submissions/{user_id}/comments/files".format(**there)
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, name)
            path.write_bytes(content)
            done, answer = Uploader(self._requester, place, path).start()
        if not done or "id" not in answer:
            raise RequestRefused(f"Canvas does not take {name}: {self._token.scrub(str(answer.get('message') or ''))}")
        return int(answer["id"])

    def _assignment(self, assignment: RemoteAssignment) -> Any:
        from canvasapi.assignment import Assignment  # the library imports it where it needs it, too

        return Assignment(self._requester, {"id": int(assignment.id), "course_id": self._number})

    @contextmanager
    def _translated(self, *, one: bool = False) -> Iterator[None]:
        """The library's exceptions as ours; `one`: the request is about one student."""
        try:
            yield
        except LmsError:
            raise
        except InvalidAccessToken as error:
            said = self._said(error)
            raise TokenError(f"Canvas does not accept the token ({said}). Make a new one") from None
        except (BadRequest, UnprocessableEntity, ResourceDoesNotExist) as error:
            if one:
                raise RequestRefused(f"Canvas: {self._said(error)}") from None
            where = f"{self._url}/courses/{self._number}"
            raise LmsError(f"Canvas: {self._said(error)} (c.Lms says that the course is {where})") from None
        except CanvasException as error:
            raise LmsError(f"Canvas: {self._said(error)}") from None
        except (ValueError, AttributeError, KeyError, TypeError) as error:
            what = self._token.scrub(f"{type(error).__name__}: {error}")
            raise LmsError(f"What answers at {self._url} is not Canvas's API ({what})") from None

    def _said(self, error: CanvasException) -> str:
        message = error.message
        if isinstance(message, list) and message and isinstance(message[0], dict):
            message = message[0].get("message", message)
        return self._token.scrub(str(message))[:300]


_ACCOUNT_FIELDS = (("login", "login_id"), ("email", "email"), ("institution_id", "sis_user_id"))
_NEVER = datetime.max.replace(tzinfo=UTC)  # when it is due if it is never due


def _account(user: Any) -> Account:
    """An account. The name that Canvas sorts by is "last, first"."""
    last, _, first = user.sortable_name.partition(", ")
    fields = {ours: str(getattr(user, theirs, None) or "") for ours, theirs in _ACCOUNT_FIELDS}
    return Account(id=str(user.id), name=user.name, first_name=first, last_name=last, **fields)


def _submission(attempt: Mapping[str, Any]) -> RemoteSubmission | None:
    time = _time(attempt.get("submitted_at"))
    files = tuple(
        RemoteFile(one.get("display_name") or one["filename"], one["url"], int(one["size"]))
        for one in attempt.get("attachments") or ()
    )
    if not (time and files):
        return None
    return RemoteSubmission(str(attempt["user_id"]), time.replace(tzinfo=None), files, bool(attempt.get("late")))


def _grade(submission: Any) -> RemoteGrade:
    score = getattr(submission, "entered_score", None)
    if score is None:
        score = getattr(submission, "score", None)
    return RemoteGrade(score, locked="excused" if getattr(submission, "excused", None) else "")


def _time(text: str | None) -> datetime | None:
    return parser.isoparse(text).astimezone(UTC) if text else None
