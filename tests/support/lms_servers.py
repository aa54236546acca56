"""A Moodle and a Canvas, as far as this package uses them, written to their documented functions and strict about them.

Each answers on loopback from a thread. Both refuse parameters and paths that the real ones don't have, count what is
saved, and keep every request's address and headers, so that a test can look for a secret in them.
"""

import json
import re
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from tornado.httputil import HTTPFile, HTTPHeaders, parse_body_arguments

COURSE, ASSIGNMENT = 12, 77


class Closed(Exception):
    """The connection is closed without an answer."""


@dataclass
class Attempt:
    """What a student has submitted: its time in seconds since 1970, and files by name."""

    time: int
    files: dict[str, bytes]


@dataclass
class Override:
    """A due date for some: in seconds since 1970, 0 if nothing is due, None if it stays as it is for all."""

    due: int | None
    user: int = 0
    group: int = 0
    section: int = 0  # Canvas alone has them


@dataclass
class Person:
    """Somebody there. `role` is "student", "teacher", or Canvas's "test student"; whoever has left is not `active`."""

    id: int
    name: str
    login: str = ""
    email: str = ""
    institution_id: str = ""
    attempts: list[Attempt] = field(default_factory=list)
    extension: int = 0
    score: float | None = None
    saved: int = 0  # when, on the server's clock
    comments: list[str] = field(default_factory=list)
    pages: dict[str, bytes] = field(default_factory=dict)
    excused: bool = False
    role: str = "student"
    active: bool = True
    groups: tuple[int, ...] = ()
    sections: tuple[int, ...] = ()

    @property
    def names(self) -> tuple[str, str]:
        """First and last name."""
        first, _, last = self.name.rpartition(" ")
        return first, last


@dataclass
class Answer:
    """An answer to a request."""

    body: Any
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)


class LmsServer:
    """What both have in common. `on_save` is called after a grade was saved, and before that is answered."""

    def __init__(self, token: str, points: float) -> None:
        self.token, self.points = token, points
        self.people: dict[int, Person] = {}
        self.overrides: list[Override] = []
        self.title, self.due = "ps1", 1_790_000_000
        self.by_group = self.individually = False  # an assignment for groups; in which each student has a grade
        self.saves: list[int] = []  # whose grade was saved, in order
        self.requests: list[str] = []  # addresses and headers, without the header or field that may have the token
        self.asked: list[str] = []  # functions that were called, or paths
        self.put_off_each = 0  # every so many requests, one is put off
        self.broken: tuple[str, ...] = ()  # parts of the addresses of requests that fail with status 500
        self.before: Callable[[str], None] = lambda target: None  # called with the address of each request
        self.on_save: Callable[[int], None] = lambda number: None
        self.clock = 1_795_000_000
        self.url = self.store_url = ""
        self._lock = threading.Lock()

    def add(self, person: Person) -> Person:
        self.people[person.id] = person
        return person

    @property
    def students(self) -> list[Person]:
        return [one for one in self.people.values() if one.role == "student" and one.active]

    def save(self, person: Person, score: float) -> None:
        """Save a grade, as a push does."""
        person.score, person.saved = score, self.tick()
        self.saves.append(person.id)
        self.on_save(len(self.saves))

    def change_by_hand(self, number: int, score: float) -> None:
        """As somebody does in the browser."""
        self.people[number].score, self.people[number].saved = score, self.tick()

    def tick(self) -> int:
        self.clock += 60
        return self.clock

    def answer(self, method: str, path: str, query: Any, headers: HTTPHeaders, body: bytes) -> Answer:
        raise NotImplementedError

    def put_off(self) -> Answer:
        return Answer({"message": "Too many"}, 429, {"Retry-After": "0"})

    def handle(self, method: str, target: str, headers: HTTPHeaders, body: bytes) -> Answer:
        parts = urlsplit(target)
        self.before(target)
        with self._lock:
            shown = {name: value for name, value in headers.get_all() if name.lower() != "authorization"}
            self.requests.append(f"{method} {target} {shown}")
            if self.put_off_each and len(self.requests) % self.put_off_each == 0:
                return self.put_off()
            if any(part in target for part in self.broken):
                return Answer(b"It failed", 500)
            return self.answer(method, parts.path, parse_qsl(parts.query, keep_blank_values=True), headers, body)

    @contextmanager
    def running(self) -> Iterator["LmsServer"]:
        server = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True  # else each answer, of two parts, takes 40 ms

            def _do(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                try:
                    answer = server.handle(self.command, self.path, HTTPHeaders(dict(self.headers)), body)
                except Closed:
                    self.close_connection = True
                    return
                raw = answer.body if isinstance(answer.body, bytes) else json.dumps(answer.body).encode()
                self.send_response(answer.status)
                for name, value in {"Content-Type": "application/json", **answer.headers}.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(raw)))
                self.end_headers()
                self.wfile.write(raw)

            do_GET = do_POST = do_PUT = _do

            def log_message(self, *_: object) -> None:
                pass

        httpd = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        httpd.daemon_threads = True
        self.url = self.store_url = f"http://127.0.0.1:{httpd.server_port}"
        thread = threading.Thread(target=httpd.serve_forever, daemon=True)
        thread.start()
        try:
            yield self
        finally:
            httpd.shutdown()
            httpd.server_close()


def _form(headers: HTTPHeaders, body: bytes) -> tuple[list[tuple[str, str]], dict[str, list[HTTPFile]]]:
    arguments: dict[str, list[bytes]] = {}
    files: dict[str, list[HTTPFile]] = {}
    parse_body_arguments(headers.get("Content-Type", ""), body, arguments, files)
    return [(name, one.decode()) for name, values in arguments.items() for one in values], files


class MoodleError(Exception):
    """An exception of Moodle's."""

    def __init__(self, kind: str, code: str, message: str) -> None:
        super().__init__(message)
        self.body = {"exception": kind, "errorcode": code, "message": message}


# Parameters of the functions: required ones, then optional ones.
FUNCTIONS: dict[str, tuple[set[str], set[str]]] = {
    "core_enrol_get_enrolled_users": ({"courseid"}, {"options"}),
    "mod_assign_get_participant": ({"assignid", "userid"}, {"embeduser"}),
    "mod_assign_get_assignments": (set(), {"courseids", "capabilities", "includenotenrolledcourses"}),
    "mod_assign_list_participants": (
        {"assignid", "groupid", "filter"},
        {"skip", "limit", "onlyids", "includeenrolments", "tablesort", "marking"},
    ),
    "mod_assign_get_user_flags": ({"assignmentids"}, set()),
    "mod_assign_get_submissions": ({"assignmentids"}, {"status", "since", "before"}),
    "mod_assign_get_grades": ({"assignmentids"}, {"since"}),
    "mod_assign_get_submission_status": ({"assignid"}, {"userid", "groupid"}),
    "mod_assign_save_grade": (
        {"assignmentid", "userid", "grade", "attemptnumber", "addattempt", "workflowstate", "applytoall"},
        {"plugindata", "advancedgradingdata"},
    ),
}
# Options of core_enrol_get_enrolled_users, and those of its fields that are used here.
OPTIONS = {
    *("withcapability", "groupid", "onlyactive", "userfields", "limitfrom", "limitnumber", "sortby", "sortdirection")
}
FIELDS = {"id", "fullname", "firstname", "lastname", "username", "email", "idnumber", "groups", "roles"}


class MoodleServer(LmsServer):
    """Moodle's web services."""

    INSTANCE = 500  # the assignment's own number; ASSIGNMENT is the one of its page
    comments_enabled = files_enabled = True
    rubric = False  # graded by a rubric: the grade that is sent is ignored

    def __init__(self, token: str, points: float) -> None:
        super().__init__(token, points)
        self.drafts: dict[int, dict[str, bytes]] = {}
        self.denied: dict[str, str] = {}  # by function, the code of the error that it gives
        self.filtered: set[int] = set()  # whom a filter of the grading page leaves out

    def answer(self, method: str, path: str, query: Any, headers: HTTPHeaders, body: bytes) -> Answer:
        form, files = _form(headers, body)
        given = {**dict(query), **dict(form)}
        try:
            if path == "/webservice/rest/server.php":
                if given.pop("wstoken", "") != self.token:
                    raise MoodleError(
                        "core\\exception\\moodle_exception", "invalidtoken", "Invalid token - token not found"
                    )
                assert given.pop("moodlewsrestformat") == "json"
                name = given.pop("wsfunction")
                return Answer(getattr(self, f"_{name}")(**self._checked(name, _nested(given))))
            if given.get("token") != self.token:
                return Answer({"error": "Invalid token", "errorcode": "invalidtoken", "stacktrace": None})
            if path == "/webservice/upload.php":
                return Answer(self._upload(given, files))
            if found := re.fullmatch(r"/webservice/pluginfile\.php/9/assignsubmission_file/(\d+)/(\d+)/(.+)", path):
                return Answer(self.people[int(found[1])].attempts[int(found[2])].files[found[3]])
        except MoodleError as error:
            return Answer(error.body)
        return Answer({"error": "not found"}, 404)

    def _checked(self, name: str, given: dict[str, Any]) -> dict[str, Any]:
        if name not in FUNCTIONS:
            raise MoodleError("dml_missing_record_exception", "invalidrecord", "Can't find data record in database")
        self.asked.append(name)
        if name in self.denied:
            raise MoodleError("core\\exception\\moodle_exception", self.denied[name], f"No access to {name}")
        required, optional = FUNCTIONS[name]
        if not required <= given.keys() <= required | optional:
            raise MoodleError(
                "invalid_parameter_exception",
                "invalidparameter",
                f"Invalid parameter value detected ({sorted(given)})",
            )
        return given

    def _mod_assign_get_assignments(self, courseids: list[str], **_: Any) -> Any:
        if courseids != [str(COURSE)]:
            warning = {"item": "course", "itemid": courseids[0], "warningcode": "2", "message": "User is not enrolled"}
            return {"courses": [], "warnings": [warning]}
        plugins = [("assignsubmission", "file", True), ("assignfeedback", "editpdf", True)]
        plugins += [
            ("assignfeedback", "comments", self.comments_enabled),
            ("assignfeedback", "file", self.files_enabled),
        ]
        configs = [
            {"plugin": plugin, "subtype": subtype, "name": "enabled", "value": "1"}
            for subtype, plugin, enabled in plugins
            if enabled
        ]
        assignment = {"id": self.INSTANCE, "cmid": ASSIGNMENT, "course": COURSE, "name": self.title, "configs": configs}
        assignment |= {"duedate": self.due, "grade": int(self.points), "gradepenalty": 0}
        assignment |= {"teamsubmission": int(self.by_group)}
        other = {**assignment, "id": 501, "cmid": 78, "name": "Another"}
        return {"courses": [{"id": COURSE, "assignments": [assignment, other]}], "warnings": []}

    def _core_enrol_get_enrolled_users(self, courseid: str, options: list[dict[str, str]]) -> Any:
        assert courseid == str(COURSE)
        given = {one["name"]: one["value"] for one in options}
        fields = set(given["userfields"].split(","))
        if not (given.keys() <= OPTIONS and fields <= FIELDS):
            raise MoodleError("invalid_parameter_exception", "invalidparameter", f"Invalid parameter value ({given})")
        assert given.get("withcapability", "mod/assign:submit") == "mod/assign:submit", "which is a student's alone"
        found = [
            {"id": one.id, "fullname": one.name, "firstname": one.names[0], "lastname": one.names[1]}
            | {"username": one.login, "email": one.email, "idnumber": one.institution_id}
            for one in self.people.values()
            if (one.role == "student" or "withcapability" not in given)
            and (one.active or given.get("onlyactive", "0") == "0")
        ]
        return [{name: value for name, value in one.items() if name in fields and value} for one in found]

    def _mod_assign_get_participant(self, assignid: str, userid: str, embeduser: str = "0") -> Any:
        assert (assignid, embeduser) == (str(self.INSTANCE), "0")
        one = self.people[int(userid)]
        if one.id in self.filtered:
            raise MoodleError("core\\exception\\moodle_exception", "userisfilteredout", "error/userisfilteredout")
        own = [override for override in self.overrides if override.user == one.id]
        its_groups = [override for override in self.overrides if override.group in one.groups]
        due = next((override.due for override in [*own, *its_groups]), None)
        found = {"id": one.id, "fullname": one.name, "submitted": bool(one.attempts), "blindmarking": False}
        return found | {"duedate": self.due if due is None else due, "cutoffdate": 0, "allowsubmissionsfromdate": 0}

    def _mod_assign_list_participants(self, assignid: str, **_: Any) -> Any:
        assert assignid == str(self.INSTANCE)
        return [
            {
                "id": one.id,
                "fullname": one.name,
                "username": one.login,
                **({"email": one.email} if one.email else {}),
                **({"idnumber": one.institution_id} if one.institution_id else {}),
                "submitted": bool(one.attempts),
                "recordid": -1,
            }
            for one in self.students
        ]

    def _mod_assign_get_user_flags(self, assignmentids: list[str]) -> Any:
        flags = [
            {"id": one.id, "userid": one.id, "locked": 0, "mailed": 0, "extensionduedate": one.extension}
            for one in self.people.values()
            if one.extension or one.id % 10 == 0
        ]
        return self._found(assignmentids, "userflags", flags, "No user flags found")

    def _mod_assign_get_submissions(self, assignmentids: list[str], status: str = "", **_: Any) -> Any:
        found = []
        for one in self.people.values():
            for number, attempt in list(enumerate(one.attempts))[-1:]:
                address = f"{self.store_url}/webservice/pluginfile.php/9/assignsubmission_file/{one.id}/{number}"
                files = [
                    {
                        "filename": name,
                        "filepath": "/",
                        "filesize": len(content),
                        "fileurl": f"{address}/{name}",
                        "timemodified": attempt.time,
                    }
                    for name, content in attempt.files.items()
                ]
                plugin = {"type": "file", "fileareas": [{"area": "submission_files", "files": files}]}
                submission = {"id": 1000 + one.id, "userid": one.id, "attemptnumber": number, "groupid": 0}
                submission |= {"timemodified": attempt.time, "status": "submitted", "plugins": [plugin]}
                found.append(submission)
        assert status in ("", "submitted")
        return self._found(assignmentids, "submissions", found, "No submissions found")

    def _mod_assign_get_grades(self, assignmentids: list[str], since: str = "0") -> Any:
        grades = [
            {
                "id": one.id,
                "userid": one.id,
                "attemptnumber": 0,
                "timemodified": one.saved,
                "grader": 2,
                "grade": f"{-1.0 if one.score is None else one.score:.5f}",
            }
            for one in self.people.values()
            if one.saved and one.saved >= int(since)
        ]
        return self._found(assignmentids, "grades", grades, "No grades found")

    def _mod_assign_get_submission_status(self, assignid: str, userid: str, **_: Any) -> Any:
        assert assignid == str(self.INSTANCE)
        one = self.people[int(userid)]
        if not one.saved:
            return {"warnings": []}
        field_ = {"name": "comments", "description": "Feedback comments", "text": "".join(one.comments), "format": 1}
        return {"feedback": {"plugins": [{"type": "comments", "editorfields": [field_]}]}, "warnings": []}

    def _mod_assign_save_grade(self, assignmentid: str, userid: str, grade: str, **given: Any) -> None:
        assert assignmentid == str(self.INSTANCE)
        assert (given["attemptnumber"], given["addattempt"], given["applytoall"]) == ("-1", "0", "0")
        one = self.people.get(int(userid))
        if one is None:
            raise MoodleError("core\\exception\\moodle_exception", "usernotincourse", "User is not in the course")
        plugins = given.get("plugindata", {})
        editor = plugins.get("assignfeedbackcomments_editor")
        if self.comments_enabled:
            one.comments = [editor["text"]]
        if area := plugins.get("files_filemanager"):
            one.pages = self.drafts.pop(int(area))
        self.save(one, (one.score or 0.0) if self.rubric else float(grade))

    def _upload(self, given: dict[str, str], files: dict[str, list[HTTPFile]]) -> Any:
        assert given["filearea"] == "draft", "the area 'private' is refused since Moodle 3.2"
        area = int(given["itemid"]) or self.tick()
        (file,) = [one for several in files.values() for one in several]
        self.drafts.setdefault(area, {})[file.filename] = file.body
        return [{"component": "user", "filearea": "draft", "filename": file.filename, "itemid": area}]

    def _found(self, assignmentids: list[str], key: str, items: list[Any], none: str) -> Any:
        assert assignmentids == [str(self.INSTANCE)]
        if not items:
            warning = {"item": "assignment", "itemid": self.INSTANCE, "warningcode": "3", "message": none}
            return {"assignments": [], "warnings": [warning]}
        return {"assignments": [{"assignmentid": self.INSTANCE, key: items}], "warnings": []}


def _nested(form: dict[str, str]) -> dict[str, Any]:
    """PHP's `a[b][0]=…` as dicts, and lists where keys are numbers."""
    found: dict[str, Any] = {}
    for name, value in form.items():
        *path, last = re.findall(r"[^\[\]]+", name)
        place = found
        for key in path:
            place = place.setdefault(key, {})
        place[last] = value
    return {name: _listed(value) for name, value in found.items()}


def _listed(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    inner = {key: _listed(part) for key, part in value.items()}
    return list(inner.values()) if all(key.isdigit() for key in inner) else inner


class CanvasServer(LmsServer):
    """Canvas's REST API: 25 items a page, files in three steps, comments that are added."""

    PAGE = 25
    _put_offs = 0

    def __init__(self, token: str, points: float) -> None:
        super().__init__(token, points)
        self.uploads: dict[int, tuple[str, bytes]] = {}

    def put_off(self) -> Answer:
        self._put_offs += 1
        if self._put_offs % 2:
            return Answer(b"403 Forbidden (Rate Limit Exceeded)\n", 403, {"Retry-After": "0"})
        return super().put_off()

    def answer(self, method: str, path: str, query: Any, headers: HTTPHeaders, body: bytes) -> Answer:
        form, files = _form(headers, body)
        self.asked.append(path)
        if method == "POST" and (found := re.fullmatch(r"/upload/(\d+)", path)):
            assert "Authorization" not in headers, "the token does not belong to the store of files"
            (file,) = files["file"]
            number = int(found[1])
            self.uploads[number] = (file.filename, file.body)
            return Answer(
                {"id": number, "url": f"{self.url}/files/{number}/download", "display_name": file.filename}, 201
            )
        if headers.get("Authorization") != f"Bearer {self.token}":
            body_ = {"errors": [{"message": "Invalid access token."}]}
            return Answer(body_, 401, {"WWW-Authenticate": 'Bearer realm="canvas-lms"'})
        if found := re.fullmatch(r"/files/(\d+)/(\d+)/(.+)", path):
            return Answer(self.people[int(found[1])].attempts[int(found[2])].files[found[3]])
        course = f"/api/v1/courses/{COURSE}"
        assignment = f"{course}/assignments/{ASSIGNMENT}"
        if (method, path) == ("GET", f"{course}/assignments"):
            assert {name for name, _ in query} <= {"override_assignment_dates", "page", "per_page"}
            overridden = dict(query).get("override_assignment_dates") != "false"  # for a teacher, the latest of all
            given = [*(one.extension for one in self.people.values()), *(one.due or 0 for one in self.overrides)]
            due = max([self.due, *given]) if overridden else self.due
            shown = [self._assignment(ASSIGNMENT, self.title, due), self._assignment(78, "Another", due)]
            return self._page(shown, path, query)
        if (method, path) == ("GET", f"{course}/search_users"):
            assert {name for name, _ in query} <= {"enrollment_type[]", "include[]", "page", "per_page"}
            assert ("enrollment_type[]", "student") in query
            return self._page([self._user(one) for one in self.students], path, query)
        if method == "GET" and (found := re.fullmatch(r"/api/v1/groups/(\d+)/users", path)):
            members = [one for one in self.students if int(found[1]) in one.groups]
            return self._page([self._user(one) for one in members], path, query)
        if method == "GET" and (found := re.fullmatch(r"/api/v1/sections/(\d+)/enrollments", path)):
            assert {name for name, _ in query} <= {"type[]", "state[]", "page", "per_page"}
            enrolled = [
                {"id": one.id, "user_id": one.id, "course_section_id": int(found[1]), "type": "StudentEnrollment"}
                for one in self.students
                if int(found[1]) in one.sections
            ]
            return self._page(enrolled, path, query)
        if (method, path) == ("GET", f"{assignment}/overrides"):
            overrides = [
                {"id": one.id, "assignment_id": ASSIGNMENT, "student_ids": [one.id], "due_at": _iso(one.extension)}
                for one in self.people.values()
                if one.extension
            ]
            return self._page([*overrides, *map(_override, self.overrides)], path, query)
        if (method, path) == ("GET", f"{assignment}/submissions"):
            return self._page([self._submission(one, query) for one in self.people.values()], path, query)
        if found := re.fullmatch(rf"{assignment}/submissions/(\d+)(/comments/files)?", path):
            one = self.people.get(int(found[1]))
            if one is None:
                return Answer({"errors": [{"message": "The specified resource does not exist."}]}, 404)
            if method == "POST" and found[2]:
                given = dict(form)
                assert set(given) == {"name", "size"}
                number = 5000 + len(self.uploads)
                return Answer({"upload_url": f"{self.url}/upload/{number}", "upload_params": {"key": "k", **given}})
            if method == "PUT" and not found[2]:
                return self._put(one, form, query)
            if method == "GET" and not found[2]:
                return Answer(self._submission(one, query))
        return Answer({"errors": [{"message": "The specified resource does not exist."}]}, 404)

    def _put(self, one: Person, form: list[tuple[str, str]], query: Any) -> Answer:
        allowed = {"submission[posted_grade]", "comment[text_comment]", "comment[file_ids][]"}
        assert {name for name, _ in form} <= allowed
        given = dict(form)
        for name, value in form:
            if name == "comment[file_ids][]":
                filename, content = self.uploads[int(value)]
                one.pages[filename] = content
        one.comments.append(given["comment[text_comment]"])
        self.save(one, float(given["submission[posted_grade]"]))
        return Answer(self._submission(one, query))

    def _page(self, items: list[Any], path: str, query: Any) -> Answer:
        given = dict(query)
        number = int(given.get("page", 1))
        shown = items[(number - 1) * self.PAGE : number * self.PAGE]
        following = [f"{name}={value}" for name, value in query if name != "page"]
        links = [f'<{self.url}{path}?page=1>; rel="first"']
        if number * self.PAGE < len(items):
            links.append(f'<{self.url}{path}?{"&".join([*following, f"page={number + 1}"])}>; rel="next"')
        return Answer(shown, 200, {"Link": ",".join(links)})

    def _assignment(self, number: int, title: str, due: int) -> Any:
        return {
            "id": number,
            "name": title,
            "course_id": COURSE,
            "points_possible": self.points,
            "grading_type": "points",
            "due_at": _iso(due),
            "group_category_id": 3 if self.by_group else None,
            "grade_group_students_individually": self.individually,
        }

    def _user(self, one: Person) -> Any:
        optional = {"login_id": one.login, "email": one.email, "sis_user_id": one.institution_id}
        shown = {name: value for name, value in optional.items() if value}
        return {"id": one.id, "name": one.name, "sortable_name": ", ".join(filter(None, one.names[::-1])), **shown}

    def _submission(self, one: Person, query: Any) -> Any:
        includes = {value for name, value in query if name == "include[]"}
        history = [self._attempt(one, number, attempt) for number, attempt in enumerate(one.attempts)]
        last = history[-1] if history else {"attempt": None, "submitted_at": None, "late": False}
        found = {**last, "id": 3000 + one.id, "user_id": one.id, "assignment_id": ASSIGNMENT, "excused": one.excused}
        found |= {"score": one.score, "entered_score": one.score}
        if "submission_history" in includes:
            found["submission_history"] = history or [found.copy()]
        if "submission_comments" in includes:
            found["submission_comments"] = [
                {"id": number, "author_id": 2, "comment": text} for number, text in enumerate(one.comments)
            ]
        return found

    def _attempt(self, one: Person, number: int, attempt: Attempt) -> Any:
        attachments = [
            {
                "id": one.id * 100 + position,
                "display_name": name,
                "filename": f"x_{name}",
                "size": len(content),
                "url": f"{self.store_url}/files/{one.id}/{number}/{name}",
            }
            for position, (name, content) in enumerate(attempt.files.items())
        ]
        return {
            "user_id": one.id,
            "attempt": number + 1,
            "submitted_at": _iso(attempt.time),
            "late": attempt.time > self.due,
            "attachments": attachments,
        }


def _iso(seconds: float) -> str:
    return datetime.fromtimestamp(seconds or time.time(), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _override(one: Override) -> Any:
    """An override as Canvas has it: only what it changes is in it."""
    targets = {"student_ids": [one.user] if one.user else None, "group_id": one.group, "course_section_id": one.section}
    found: dict[str, Any] = {name: value for name, value in targets.items() if value}
    if one.due is not None:
        found["due_at"] = _iso(one.due) if one.due else None
    return {"id": 1, "assignment_id": ASSIGNMENT, **found}


class FileStore(LmsServer):
    """Another host, which gives a file to everybody and must never see a token."""

    def answer(self, method: str, path: str, query: Any, headers: HTTPHeaders, body: bytes) -> Answer:
        assert method == "GET"
        assert "Authorization" not in headers
        return Answer(b"{}")


SERVERS: dict[str, type[LmsServer]] = {"moodle": MoodleServer, "canvas": CanvasServer}
