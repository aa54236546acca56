"""Moodle, by its web service functions (`mod/assign/externallib.php`, `webservice/` of moodle/moodle).

A call is a POST to `webservice/rest/server.php`; the token is in its body, never in an address. The answer is JSON with
status 200, also of what failed: `{"exception": …, "errorcode": …, "message": …}`. Used are

    mod_assign_get_assignments     titles, due dates, maxima, which feedback an assignment takes
    core_enrol_get_enrolled_users  the students of the course
    mod_assign_list_participants   the students who can be graded in an assignment
    mod_assign_get_user_flags      their extensions
    mod_assign_get_participant     a student's due date, after overrides
    mod_assign_get_submissions     each student's last attempt; files are at webservice/pluginfile.php
    mod_assign_get_grades          the grades there
    mod_assign_get_submission_status   a student's comments
    mod_assign_save_grade          grade, comment, and files, which webservice/upload.php takes first
"""

import functools
import html
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any, ParamSpec, TypeVar

import requests

from autograder.lms.remote.lms_api import (
    Account,
    Extensions,
    LmsApi,
    LmsError,
    NotOffered,
    RemoteAssignment,
    RemoteFeedback,
    RemoteFile,
    RemoteGrade,
    RemoteSubmission,
    RequestRefused,
    TokenError,
)
from autograder.lms.remote.patient_session import PatientSession, Token

P = ParamSpec("P")
T = TypeVar("T")
_BAD_TOKEN = {"invalidtoken", "invalidtimedtoken", "forbiddenwsuser", "servicenotavailable"}
_HTML = 1  # Moodle's FORMAT_HTML
_NO_GRADE = -1.0
_LATEST = -1  # attempt number


def _understood(ask: Callable[P, T]) -> Callable[P, T]:
    """The method, with an answer that is not as documented as an LmsError."""

    @functools.wraps(ask)
    def asked(*given: P.args, **named: P.kwargs) -> T:
        try:
            return ask(*given, **named)
        except (KeyError, IndexError, TypeError, ValueError, AttributeError) as error:
            raise LmsError(f"Moodle's answer is not as documented ({type(error).__name__}: {error})") from None

    return asked


class MoodleApi(LmsApi):
    """A course on a Moodle site."""

    title = "Moodle"

    def __init__(self, url: str, course: str, token: Token, say: Callable[[str], object]) -> None:
        """Of the course with this number at `url`; `say` is told when something is waited for."""
        self._url, self._course, self._token = url, course, token
        self._session = PatientSession(token, say)
        self._seen = 0  # the latest time, on Moodle's clock, at which a grade is known to have been saved

    @_understood
    def assignments(self) -> list[RemoteAssignment]:
        """The activities of the type Assignment."""
        answer = self._call("mod_assign_get_assignments", courseids=[self._course], includenotenrolledcourses=True)
        if not answer["courses"]:
            whys = "; ".join(one["message"] for one in answer["warnings"])
            raise LmsError(f"Moodle does not show the course {self._course}: {whys or 'there is none'}")
        return [_assignment(found) for found in answer["courses"][0]["assignments"]]

    @_understood
    def students(self) -> list[Account]:
        """Those with an active enrollment who may submit assignments, which Moodle allows to no teacher.

        They are asked for at once: a page may have fewer than its number without being the last one, as Moodle leaves
        out whom the token's owner may not see.
        """
        fields = "id,fullname,firstname,lastname,username,email,idnumber"
        options = {"withcapability": "mod/assign:submit", "onlyactive": 1, "userfields": fields}
        given = [{"name": name, "value": value} for name, value in options.items()]
        return [
            _account(one) for one in self._call("core_enrol_get_enrolled_users", courseid=self._course, options=given)
        ]

    @_understood
    def accounts(self, assignment: RemoteAssignment) -> list[Account]:
        """The participants. E-mail and ID number are there only if the token's owner may see them."""
        found = self._call(
            "mod_assign_list_participants", assignid=assignment.id, groupid=0, filter="", includeenrolments=False
        )
        return [_account(one) for one in found]

    @_understood
    def extensions(self, assignment: RemoteAssignment) -> Extensions:
        """The extensions granted in the assignment, and, of those who have none, the overrides of the due date.

        Moodle has no list of them for a token, but says when the assignment is due for one student.
        """
        answer = self._call("mod_assign_get_user_flags", assignmentids=[assignment.id])
        granted = {str(one["userid"]): _time(one["extensionduedate"]) for one in self._of(answer, "userflags")}
        dues: dict[str, datetime | None] = {account: due for account, due in granted.items() if due}
        unknown: dict[str, list[str]] = {}
        notes = []
        for account in (one.id for one in self.accounts(assignment) if one.id not in dues):
            try:
                dues[account] = _time(self._participant(assignment, account)["duedate"])
            except NotOffered as error:
                notes.append(f"Overrides of due dates in Moodle are not known. {error}")
                break
            except RequestRefused as error:
                unknown.setdefault(str(error), []).append(account)
        for why, found in unknown.items():
            notes.append(f"Whether these accounts have an override is not known: {', '.join(found)} ({why})")
        return Extensions(dues, notes)

    def _participant(self, assignment: RemoteAssignment, account: str) -> Any:
        return self._call(
            "mod_assign_get_participant", one=True, assignid=assignment.id, userid=account, embeduser=False
        )

    @_understood
    def submissions(self, assignment: RemoteAssignment) -> list[RemoteSubmission]:
        """Each student's last attempt, if it is submitted and has files."""
        answer = self._call("mod_assign_get_submissions", assignmentids=[assignment.id], status="submitted")
        found = []
        for one in self._of(answer, "submissions"):
            files = tuple(_files(one))
            time = _time(one["timemodified"])
            if files and time:
                found.append(RemoteSubmission(str(one["userid"]), time.replace(tzinfo=None), files))
        return found

    @_understood
    def content(self, file: RemoteFile) -> bytes:
        """A file of a submission. The token goes to this Moodle alone, whatever address a file has."""
        for place in ("/webservice/pluginfile.php/", "/pluginfile.php/"):
            if file.url.startswith(self._url + place):
                address = f"{self._url}/webservice/pluginfile.php/{file.url.removeprefix(self._url + place)}"
                break
        else:
            raise LmsError(f"{file.name} is not at {self._url}, so it was not fetched")
        response = self._post(address, {})
        if len(response.content) != file.size:  # a failure is told in JSON, which a file may also be
            self._raise_for(self._json(response))
            raise LmsError(f"{file.name}: expected {file.size} bytes, received {len(response.content)}")
        return response.content

    @_understood
    def grades(self, assignment: RemoteAssignment) -> dict[str, RemoteGrade]:
        """The grades as given, before Moodle's own penalty."""
        return self._grades(assignment, since=0)

    @_understood
    def comments(self, assignment: RemoteAssignment, account: str) -> str:
        """The feedback comment, as HTML."""
        answer = self._call("mod_assign_get_submission_status", assignid=assignment.id, userid=account)
        plugins = answer.get("feedback", {}).get("plugins", [])
        fields = [field for one in plugins if one["type"] == "comments" for field in one.get("editorfields", [])]
        return "\n".join(field["text"] for field in fields).strip()

    @_understood
    def send(self, assignment: RemoteAssignment, account: str, score: float, feedback: RemoteFeedback) -> RemoteGrade:
        """Save grade, comment, and files; they take the place of those that are there."""
        plugins: dict[str, Any] = {}
        if assignment.takes_comments:
            lines = "<br>".join(html.escape(line) for line in feedback.text.splitlines())
            plugins["assignfeedbackcomments_editor"] = {"text": f"<p>{lines}</p>", "format": _HTML}
        if assignment.takes_files and feedback.pages:
            plugins["files_filemanager"] = self._upload(feedback)
        self._call(
            "mod_assign_save_grade",
            one=True,
            assignmentid=assignment.id,
            userid=account,
            grade=score,
            attemptnumber=_LATEST,
            addattempt=False,
            workflowstate="",  # stays as it is
            applytoall=False,
            plugindata=plugins,
        )
        return self._grades(assignment, since=self._seen).get(account, RemoteGrade())

    def _upload(self, feedback: RemoteFeedback) -> int:
        """Put pages into a new draft area; returns its number."""
        area = 0
        for name, content in feedback.pages.items():
            form = {"filearea": "draft", "itemid": area, "filepath": "/"}
            answer = self._json(self._post(f"{self._url}/webservice/upload.php", form, {"file_1": (name, content)}))
            self._raise_for(answer, one=True)
            if not (isinstance(answer, list) and answer and "itemid" in answer[0]):
                why = answer[0].get("error", "") if isinstance(answer, list) and answer else "no answer"
                raise RequestRefused(f"Moodle does not take {name}: {why}")
            area = int(answer[0]["itemid"])
        return area

    def _grades(self, assignment: RemoteAssignment, since: int) -> dict[str, RemoteGrade]:
        answer = self._call("mod_assign_get_grades", assignmentids=[assignment.id], since=since)
        found = {}
        for one in self._of(answer, "grades"):
            score = float(one["grade"] or _NO_GRADE)
            self._seen = max(self._seen, one["timemodified"])
            found[str(one["userid"])] = RemoteGrade(None if score == _NO_GRADE else score, str(one["timemodified"]))
        return found

    def _of(self, answer: Any, key: str) -> list[Any]:
        """What an answer has of the one assignment that was asked for. Nothing found is no failure; no access is."""
        denied = [one["message"] for one in answer.get("warnings", []) if str(one["warningcode"]) == "1"]
        if denied:
            raise LmsError(f"Moodle: {denied[0]}")
        return [item for one in answer["assignments"] for item in one[key]]

    def _call(self, function: str, *, one: bool = False, **parameters: Any) -> Any:
        """Call a function. Raises LmsError; RequestRefused where it is about `one` student."""
        form = {
            "wsfunction": function,
            "moodlewsrestformat": "json",
            **{name: value for key, part in parameters.items() for name, value in _flat(key, part)},
        }
        answer = self._json(self._post(f"{self._url}/webservice/rest/server.php", form))
        self._raise_for(answer, one=one, doing=function)
        return answer

    def _post(self, address: str, form: dict[str, Any], files: Any = None) -> requests.Response:
        upload = "upload.php" in address or "pluginfile.php" in address
        form = {"token" if upload else "wstoken": self._token.reveal(), **form}
        response = self._session.post(address, data=form, files=files, allow_redirects=False)
        if response.is_redirect:
            raise LmsError(
                f"{self._url} leads to {self._token.scrub(response.headers['Location'])}: "
                "set c.Lms.url to where Moodle is"
            )
        return response

    def _json(self, response: requests.Response) -> Any:
        try:
            return response.json()
        except ValueError:
            raise LmsError(
                f"What answers at {self._url} (status {response.status_code}) is not Moodle's web service"
            ) from None

    def _raise_for(self, answer: Any, *, one: bool = False, doing: str = "") -> None:
        """Raise what an answer says failed."""
        if not isinstance(answer, dict) or "errorcode" not in answer:
            return
        code = str(answer["errorcode"])
        said = self._token.scrub(str(answer.get("message") or answer.get("error") or code))
        if code in _BAD_TOKEN:
            raise TokenError(f"Moodle does not accept the token ({said}). Make a new one")
        if code == "accessexception":
            raise NotOffered(
                f"The token's service does not include {doing or 'this'}, or its owner may not use it: {said}"
            )
        raise (RequestRefused if one else LmsError)(f"Moodle: {said}" + (f" ({code})" if code not in said else ""))


_ACCOUNT_FIELDS = (
    ("login", "username"),
    ("email", "email"),
    ("institution_id", "idnumber"),
    ("first_name", "firstname"),
    ("last_name", "lastname"),
)


def _account(user: Any) -> Account:
    fields = {ours: str(user.get(theirs) or "") for ours, theirs in _ACCOUNT_FIELDS}
    return Account(id=str(user["id"]), name=user["fullname"], **fields)


def _assignment(found: Any) -> RemoteAssignment:
    feedback = {
        one["plugin"]
        for one in found["configs"]
        if one["subtype"] == "assignfeedback" and one["name"] == "enabled" and str(one["value"]) == "1"
    }
    return RemoteAssignment(
        id=str(found["id"]),
        title=found["name"],
        number=str(found["cmid"]),
        points=float(found["grade"]) if found["grade"] > 0 else None,  # negative: the number of a scale
        due=_time(found["duedate"]),
        by_group=bool(found["teamsubmission"]),
        takes_comments="comments" in feedback,
        takes_files="file" in feedback,
    )


def _files(submission: Any) -> Iterator[RemoteFile]:
    for plugin in submission.get("plugins", []):
        if plugin["type"] != "file":
            continue
        for area in plugin.get("fileareas", []):
            for file in area.get("files", []):
                name = f"{file['filepath'].strip('/')}/{file['filename']}".lstrip("/")
                yield RemoteFile(name, file["fileurl"], int(file["filesize"]))


def _time(seconds: int) -> datetime | None:
    return datetime.fromtimestamp(seconds, UTC) if seconds else None


def _flat(name: str, value: Any) -> Iterator[tuple[str, str | int | float]]:
    """A parameter in PHP's form: `a[b][0]`."""
    if isinstance(value, dict):
        for key, part in value.items():
            yield from _flat(f"{name}[{key}]", part)
    elif isinstance(value, list):
        for number, part in enumerate(value):
            yield from _flat(f"{name}[{number}]", part)
    else:
        yield name, int(value) if isinstance(value, bool) else value
