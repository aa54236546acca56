"""The pages of `autograder watch`: one for each student, one for instructors; on tornado, in a thread of the watcher.

    /                                               the class, for instructors; else the visitor's own attempts
    /student/<student>                              a student's attempts, for instructors
    /feedback/<student>/<assignment>/<attempt>/<notebook>   a page of feedback that is released to the student
    /grade, /release                                what an instructor asks for (POST)
    /enter/<token>, /leave                          without a JupyterHub: a one-time link, and its end

Students see their own; of anything else they are told that there is no such page. Each page's Content-Security-Policy
lets in its own style and script; pages of feedback run none, and come from an origin of their own (`sandbox`).
"""

import asyncio
import os
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from urllib.parse import quote, unquote, urlsplit

from markupsafe import Markup
from tornado.httpserver import HTTPServer
from tornado.netutil import bind_sockets
from tornado.web import Application, HTTPError, RequestHandler

from autograder.common.errors import AutograderError
from autograder.common.language import ENGLISH, gettext, speaking, spoken
from autograder.reports.pages import digest, source, templates
from autograder.watch.one_time_links import OneTimeLinks, Visitor
from autograder.watch.overview import Overview
from autograder.watch.watcher import Watcher

SESSION_DAYS = 120  # a semester
MAX_REQUEST = 64 * 1024  # bytes; the largest that is sent honestly has some hundred
COOKIE = "autograder-session"
FEEDBACK_POLICY = (
    "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)


class NotServed(AutograderError):
    """The pages can't be served; the message says why."""


@contextmanager
def served(watcher: Watcher, address: str) -> Iterator[str]:
    """Serve the pages of an opened watcher; gives where: what the operating system chose for port 0.

    `address` is ADDRESS:PORT, or PORT on this machine alone. Raises NotServed.
    """
    host, _, port = address.rpartition(":")
    try:
        sockets = bind_sockets(int(port), host.strip("[]") or "127.0.0.1")
    except (OSError, ValueError, OverflowError) as error:
        raise NotServed(f"no pages at {address!r}: {error}. Give ADDRESS:PORT, such as 127.0.0.1:8090.") from None
    links = OneTimeLinks(watcher.root)
    application, prefix = _application(watcher, links)
    started = threading.Event()
    stop: list[Any] = []

    async def serve() -> None:
        end = asyncio.Event()
        stop.extend((asyncio.get_running_loop(), end))
        server = HTTPServer(application, xheaders=False, max_body_size=MAX_REQUEST, max_header_size=MAX_REQUEST)
        server.add_sockets(sockets)
        started.set()
        await end.wait()
        server.stop()
        await server.close_all_connections()

    def speak() -> None:
        with speaking(watcher.language):
            asyncio.run(serve())

    thread = threading.Thread(target=speak, daemon=True)
    thread.start()
    started.wait()
    try:
        yield f"http://{host or '127.0.0.1'}:{sockets[0].getsockname()[1]}{prefix}"
    finally:
        stop[0].call_soon_threadsafe(stop[1].set)
        thread.join()


def is_hub_service() -> bool:
    """Whether JupyterHub started this process as one of its services, or its operator set it up to be one."""
    return bool(os.environ.get("JUPYTERHUB_SERVICE_NAME") and os.environ.get("JUPYTERHUB_API_TOKEN"))


def hub_address() -> str:
    """Where JupyterHub expects its service; empty where it does not say."""
    url = urlsplit(os.environ.get("JUPYTERHUB_SERVICE_URL", "")) if is_hub_service() else urlsplit("")
    return url.netloc


def _application(watcher: Watcher, links: OneTimeLinks) -> tuple[Application, str]:
    made = {"watcher": watcher, "overview": Overview(watcher), "links": links}
    routes: list[tuple[str, type[_Page]]] = [
        ("", _Start),
        ("student/([^/]+)", _Student),
        ("feedback/([^/]+)/([^/]+)/([^/]+)/([^/]+)", _Feedback),
        ("grade", _Grade),
        ("release", _Release),
    ]
    base: type[Any] = _LinkSession
    prefix, handlers = "/", list[Any]()
    if is_hub_service():
        from autograder.watch.hub_session import HubOAuthCallbackHandler, HubSession  # needs the extra `hub`

        base, prefix = HubSession, os.environ["JUPYTERHUB_SERVICE_PREFIX"]
        handlers.append((f"{prefix}oauth_callback", HubOAuthCallbackHandler))
    else:
        routes += [("enter/([A-Za-z0-9_-]{20,64})", _Enter), ("leave", _Leave)]
    handlers += [(f"{prefix}{path}", type(page.__name__, (base, page), {}), made) for path, page in routes]
    secure = watcher.policy.url.startswith("https:")
    application = Application(
        handlers,
        default_handler_class=type("_Missing", (base, _Missing), {}),
        default_handler_args=made,
        cookie_secret=links.key(),
        xsrf_cookies=True,
        xsrf_cookie_kwargs={"httponly": True, "samesite": "Strict", "secure": secure},
        log_function=lambda handler: None,
    )
    return application, prefix


class _Page(RequestHandler):
    """What all pages share; `visitor`, who looks at them, is the session's."""

    watcher: Watcher
    overview: Overview
    links: OneTimeLinks
    prefix = "/"
    can_leave = False  # whether the session is ours to end

    def initialize(self, watcher: Watcher, overview: Overview, links: OneTimeLinks) -> None:
        self.watcher, self.overview, self.links = watcher, overview, links

    @property
    def visitor(self) -> Visitor | None:
        """Who looks at the page; None: it is not known."""
        raise NotImplementedError

    def sign_in(self) -> None:
        """Send to where a visitor signs in, or say how."""
        raise NotImplementedError

    def set_default_headers(self) -> None:
        self.set_header("Content-Security-Policy", FEEDBACK_POLICY)
        self.set_header("X-Content-Type-Options", "nosniff")
        self.set_header("Referrer-Policy", "same-origin")
        self.set_header("Cache-Control", "no-store")
        self.clear_header("Server")

    def show(self, template: str, **content: Any) -> None:
        """Finish with a page."""
        style, script = source("feedback.css") + source("watch.css"), source("watch.js")
        self.set_header(
            "Content-Security-Policy",
            f"default-src 'none'; style-src '{digest(style)}'; script-src '{digest(script)}'; connect-src 'self'; "
            "img-src data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
        )
        page = templates().get_template(template)
        values = {"style": Markup(style), "script": Markup(script), "prefix": self.prefix, "quote": _quoted}
        values["language"] = spoken()
        self.finish(page.render(**values, xsrf=self.xsrf_token.decode(), can_leave=self.can_leave, **content))

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        """A page that says what is wrong, and nothing of what was asked for."""
        said = {
            403: (
                gettext("Not allowed"),
                gettext("This page was left open for too long, or another site sent you. Reload the page."),
            ),
            404: (gettext("No such page"), gettext("There is no such page, or it is not yours.")),
        }
        title, text = said.get(status_code, (gettext("Error"), gettext("This request could not be answered.")))
        self.show("watch_message.html.j2", title=title, text=text, token="", visitor=None)

    def known(self) -> Visitor | None:
        """Who looks at the page; where that is not known, the visitor is sent to sign in."""
        visitor = self.visitor
        if visitor is None:
            self.sign_in()
        return visitor

    def instructor(self) -> None:
        """Raises HTTPError where it is no instructor who asks."""
        if self.visitor is None or not self.visitor.is_instructor:
            raise HTTPError(404)

    def show_student(self, student: str, visitor: Visitor) -> None:
        """Show a student's attempts."""
        found = self.overview.of_student(student)
        self.show("watch_student.html.j2", student=student, assignments=found, visitor=visitor)

    def chosen(self) -> tuple[str, str]:
        """The assignment and the student that a button of the class's page names. Raises HTTPError for any other."""
        self.instructor()
        assignment, _, student = self.get_body_argument("of", "").partition("/")
        assignment, student = (unquote(name, errors="surrogateescape") for name in (assignment, student))
        store = self.watcher.store
        if assignment not in store.assignments() or student not in ("", *store.students(assignment)):
            raise HTTPError(404)
        return assignment, student


class _Start(_Page):
    def get(self) -> None:
        if visitor := self.known():
            if visitor.is_instructor:
                with speaking(ENGLISH):
                    self.show("watch_class.html.j2", assignments=self.overview.of_class(), visitor=visitor)
            else:
                self.show_student(visitor.name, visitor)


class _Student(_Page):
    def get(self, student: str) -> None:
        if visitor := self.known():
            self.instructor()
            if not self.overview.of_student(student):
                raise HTTPError(404)
            self.show_student(student, visitor)


class _Feedback(_Page):
    def get(self, student: str, assignment: str, number: str, notebook: str) -> None:
        if visitor := self.known():
            may = visitor.is_instructor or visitor.name == student
            page = self.overview.page(student, assignment, number, notebook) if may else None
            if page is None:
                raise HTTPError(404)
            self.set_header("Content-Type", "text/html; charset=utf-8")
            self.finish(page)


class _Grade(_Page):
    def post(self) -> None:
        assignment, student = self.chosen()
        if not student:
            raise HTTPError(404)
        self.watcher.grade_again(assignment, student)
        self.redirect(self.prefix, status=303)


class _Release(_Page):
    def post(self) -> None:
        assignment, student = self.chosen()
        for one in [student] if student else self.watcher.store.students(assignment):
            self.watcher.release_again(assignment, one)
        self.redirect(self.prefix, status=303)


class _Missing(_Page):
    def prepare(self) -> None:
        raise HTTPError(404)


# without a JupyterHub


class _LinkSession(_Page):
    """A visitor is who the signed cookie says."""

    can_leave = True

    @property
    def visitor(self) -> Visitor | None:
        found = self.get_signed_cookie(COOKIE, max_age_days=SESSION_DAYS)
        role, _, name = (found or b"").decode(errors="replace").partition(" ")
        return Visitor(name, role == "instructor") if name else None

    def sign_in(self) -> None:
        self.set_status(401)
        text = gettext(
            "You are not signed in. Open the link that your instructor sent you, or ask for a new one: each works once."
        )
        self.show("watch_message.html.j2", title=gettext("Sign in"), text=text, token="", visitor=None)


class _Enter(_Page):
    def get(self, token: str) -> None:
        """Ask first: programs that look at the links in a message must not use them up."""
        whose = self.links.peek(token)
        if whose is None:
            raise HTTPError(404)
        title, text = gettext("Sign in"), gettext("Sign in as %(name)s.", name=whose.name)
        self.show("watch_message.html.j2", title=title, text=text, token=token, visitor=None)

    def post(self, token: str) -> None:
        whose = self.links.use(token)
        if whose is None:
            raise HTTPError(404)
        role = "instructor" if whose.is_instructor else "student"
        secure = self.watcher.policy.url.startswith("https:")
        options: Mapping[str, Any] = {"httponly": True, "samesite": "Lax", "secure": secure}
        self.set_signed_cookie(COOKIE, f"{role} {whose.name}", expires_days=SESSION_DAYS, **options)
        self.redirect(self.prefix, status=303)


class _Leave(_Page):
    def post(self) -> None:
        self.clear_cookie(COOKIE)
        self.redirect(self.prefix, status=303)


def _quoted(text: str) -> str:
    """A name as a part of an address."""
    return quote(text, safe="", errors="surrogateescape")
