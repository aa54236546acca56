"""The pages of `autograder watch`: each visitor sees what is theirs, whatever they ask for."""

import base64
import http.client
import os
import re
import stat
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http.cookiejar import CookieJar
from pathlib import Path

import pytest
from watched_course import DOUBLE, SHIFT, Watched, build, hand_in, points, set_deadline, watching

from autograder.watch.one_time_links import OneTimeLinks, Visitor
from autograder.watch.overview import SHOWN_FILES
from autograder.watch.pages_server import MAX_REQUEST, served

PAST = datetime.now(UTC).replace(tzinfo=None) - timedelta(hours=1)
EVE = "<img src=x onerror=alert(1)>\"'&"  # a student's id is the name of a folder, and these are allowed in one
NAMES = (  # of other files, and of no student's choice where they are shown
    *("<img src=x onerror=alert(2)>.ipynb", "a\nb\x1b[31m.ipynb", "\u202egnp.ipynb", "../p1.ipynb".replace("/", "%2f")),
    *(os.fsdecode(b"\xff\xfe.ipynb"), "-p1.ipynb", ".ipynb", "n" * 249 + ".ipynb", "{{ 7 * 7 }}.ipynb"),
)


@dataclass
class Site:
    """The pages of a course, served, in which Ada's attempt is graded and released, and Eve's has arrived."""

    watched: Watched
    folder: Path
    url: str

    def visitor(self, name: str, *, is_instructor: bool = False) -> "Browser":
        """A visitor who has used their link."""
        browser = Browser(self.url)
        token = OneTimeLinks(self.folder).make(Visitor(name, is_instructor))
        assert browser.get(f"enter/{token}")[0] == 200
        assert browser.post(f"enter/{token}")[0] == 200
        return browser


class Browser:
    """Keeps cookies, follows redirects, and sends the token of the last page that it got."""

    def __init__(self, url: str) -> None:
        self._url, self._token = url, ""
        self.headers: Mapping[str, str] = {}  # of the last page that was there
        self.cookies = CookieJar()
        self._opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(self.cookies))

    def get(self, path: str = "", **data: str) -> tuple[int, str]:
        """Status and text of a page."""
        body = urllib.parse.urlencode(data).encode() if data else None
        try:
            with self._opener.open(self._url + path, body, timeout=60) as answer:
                status, self.headers, text = answer.status, answer.headers, answer.read().decode()
        except urllib.error.HTTPError as error:
            status, text = error.code, error.read().decode()
        if found := re.search(r'name="_xsrf" value="([^"]+)"', text):
            self._token = found[1]
        return status, text

    def post(self, path: str, **data: str) -> tuple[int, str]:
        """What comes of pressing a button of the last page."""
        return self.get(path, **{"_xsrf": self._token, **data})


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder = build(tmp_path_factory.mktemp("pages") / "course", settings="c.Watch.wait_seconds = 3600")
    hand_in(folder, "ada", double=DOUBLE, shift=SHIFT)
    with watching(folder) as watched:
        watched.graded("ada")
        path = hand_in(folder, EVE, double=DOUBLE, shift="import os\nos._exit(0)")
        for name in NAMES:
            (path.parent / name).write_text("{}")
        (path.parent / "many").mkdir()
        for number in range(SHOWN_FILES):
            (path.parent / "many" / str(number)).touch()
        watched.graded(EVE)
        with served(watched.watcher, "127.0.0.1:0") as url:
            yield Site(watched, folder, url)


def test_each_student_sees_their_own_and_an_instructor_sees_all(site: Site) -> None:
    ada, kim = site.visitor("ada"), site.visitor("kim", is_instructor=True)
    _, page = ada.get()
    assert "Attempts of ada" in page
    assert "Graded: see the feedback." in page
    assert site.watched.attempts("ada")[0].digest in page
    status, feedback = ada.get("feedback/ada/ps1/1/p1")
    assert (status, feedback) == (200, site.watched.page("ada"))
    _, page = kim.get()
    assert "2 students submitted 2 attempts" in page
    assert page.count("Grade again") == 2
    assert "4 (attempt 1)" in page
    assert kim.get("student/ada")[0] == 200
    assert kim.get("feedback/ada/ps1/1/p1")[0] == 200
    other = urllib.parse.quote(EVE, safe="")
    answers = [ada.get(path) for path in (f"student/{other}", f"feedback/{other}/ps1/1/p1", "student/ada")]
    missing = [ada.get(path) for path in ("student/nobody", "feedback/nobody/ps1/1/p1", "nothing")]
    assert {status for status, _ in [*answers, *missing]} == {404}
    assert len({re.sub('value="[^"]+"', "", text) for _, text in [*answers, *missing]}) == 1
    assert "Attempts of bob" in site.visitor("bob").get()[1]  # who has submitted nothing


PATHS = (
    "feedback/ada/ps1/1/..%2f..%2f..%2f..%2f..%2f..%2fgradebook",
    "feedback/ada/ps1/1/..%2fattempt",
    "feedback/ada/..%2f..%2f..%2fsource/1/p1",
    "feedback/ada/ps1/..%2f1/p1",
    "feedback/..%2fada/ps1/1/p1",
    "feedback/ada/ps1/final/p1",  # before the deadline
    "feedback/ada/ps1/1/%00p1",
    "feedback/ada/ps1/1/p1.html",
    "feedback/ada/ps1/1/%ff",
    "../../gradebook.db",
    "static/../../gradebook.db",
    "student/..",
)


@pytest.mark.parametrize("path", PATHS)
def test_no_path_leads_to_another_file(site: Site, path: str) -> None:
    pages = site.watched.watcher.store.pages(site.watched.attempts("ada")[0])
    for planted in (pages.parent / "attempt.html", site.folder / "gradebook.html"):  # else there is nothing to find
        planted.write_text("secret")
    for visitor in (site.visitor("ada"), site.visitor("kim", is_instructor=True)):
        assert visitor.get(path)[0] in (400, 404)


def test_what_is_asked_for_from_elsewhere_is_not_done(site: Site) -> None:
    kim, ada = site.visitor("kim", is_instructor=True), site.visitor("ada")
    for path in ("grade", "release", "leave"):
        assert kim.get(path, of="ps1/ada")[0] == 403  # no token
        assert kim.get(path, of="ps1/ada", _xsrf="0" * 32)[0] == 403
        assert kim.get(path)[0] in (404, 405)
    ada.get()
    assert [ada.post(path, of="ps1/ada")[0] for path in ("grade", "release")] == [404, 404]
    kim.get()
    for of in ("ps1/nobody", "..%2fps1/ada", "ps1", "/ada", ""):
        assert kim.post("grade", of=of)[0] == 404
    assert not site.watched.attempts("ada")[0].again


def test_a_cookie_of_another_key_or_another_name_is_nobodys(site: Site) -> None:
    ada = site.visitor("ada")
    (session,) = [one for one in ada.cookies if one.name == "autograder-session"]
    assert session.has_nonstandard_attr("HttpOnly")
    assert session.value is not None
    student, instructor = (base64.b64encode(f"{role} ada".encode()).decode() for role in ("student", "instructor"))
    assert student in session.value
    session.value = session.value.replace(student, instructor)
    assert ada.get()[0] == 401
    nobody = Browser(site.url)
    assert {nobody.get(path)[0] for path in ("", "student/ada", "feedback/ada/ps1/1/p1")} == {401}
    key = site.folder / ".autograder" / "pages" / "key"
    assert stat.S_IMODE(key.stat().st_mode) == 0o600


def test_a_link_works_once_and_looking_at_it_does_not_use_it(site: Site) -> None:
    links = OneTimeLinks(site.folder)
    token = links.make(Visitor("ada", False))
    kept = [path.name + path.read_text() for path in (site.folder / ".autograder" / "pages" / "links").iterdir()]
    assert token not in "".join(kept)
    first, second = Browser(site.url), Browser(site.url)
    for browser in (first, second):
        assert "Sign in as ada." in browser.get(f"enter/{token}")[1]
    assert "Attempts of ada" in first.post(f"enter/{token}")[1]
    assert second.post(f"enter/{token}")[0] == 404
    assert second.get()[0] == 401
    first.get()
    assert first.post("leave")[0] == 401


def test_names_are_no_markup_and_nothing_is_loaded_from_elsewhere(site: Site) -> None:
    kim = site.visitor("kim", is_instructor=True)
    for path in ("", f"student/{urllib.parse.quote(EVE, safe='')}"):
        _, page = kim.get(path)
        assert "&lt;img src=x" in page
        assert "<img" not in page
        assert not re.search("[\x1b\u202e\ud800-\udfff]", page)
        assert re.findall(r'(?:src|href)="(?!/|#|data:,)[^"]*"', page) == []
    assert r"a\nb\x1b[31m.ipynb" in page
    assert "many/7" in page
    assert page.count(" bytes</li>") == SHOWN_FILES
    assert "<li>and others</li>" in page
    assert kim.headers["X-Content-Type-Options"] == "nosniff"
    policy = kim.headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'")
    assert "unsafe" not in policy
    kim.get("feedback/ada/ps1/1/p1")
    assert kim.headers["Content-Security-Policy"].startswith("sandbox;")


def test_huge_requests_are_refused_and_the_pages_stay(site: Site) -> None:
    host = urllib.parse.urlsplit(site.url).netloc
    for body, headers in ((b"x" * (MAX_REQUEST + 1), {}), (None, {"X-Huge": "x" * (MAX_REQUEST + 1)})):
        connection = http.client.HTTPConnection(host, timeout=60)
        try:
            connection.request("POST" if body else "GET", "/grade", body, headers)
            assert connection.getresponse().status in (400, 413, 431)
        except (ConnectionError, http.client.RemoteDisconnected):  # it hangs up while that is sent
            pass
        finally:
            connection.close()
    assert site.visitor("ada").get()[0] == 200


def test_a_student_can_not_tell_when_hidden_tests_have_ended(site: Site) -> None:
    ada = site.visitor("ada")
    store, attempt = site.watched.watcher.store, site.watched.attempts("ada")[0]
    seen = []
    for graded in (False, True):  # in both cases, its page is not released yet
        store.change(attempt, graded=graded, points=4.0 if graded else None, released=False, release=time.time() + 3600)
        seen.append(re.sub('value="[^"]+"', "", ada.get()[1]))
    store.change(attempt, graded=True, points=4.0, released=True, release=attempt.release)
    assert seen[0] == seen[1]
    assert "Being graded, or next in the queue." in seen[0]


def test_an_instructors_buttons_grade_again_and_after_the_deadline_release_again(site: Site) -> None:
    kim, watched = site.visitor("kim", is_instructor=True), site.watched
    kim.get()
    said = len(watched.said)
    assert kim.post("grade", of="ps1/ada")[0] == 200
    watched.until(lambda: not watched.attempts("ada")[0].again)
    assert watched.said[said:] == ["ada: ps1, attempt 1: graded, 4 points of tests"]
    set_deadline(site.folder, PAST)
    watched.until(lambda: watched.attempts("ada")[0].final)
    ada = site.visitor("ada")
    assert "Feedback with all tests" in ada.get()[1]
    assert "4 of 4 points" in ada.get("feedback/ada/ps1/final/p1")[1]
    page = site.folder / "feedback" / "ada" / "ps1" / "p1.html"
    before = page.stat().st_mtime_ns
    kim.get()
    assert kim.post("release", of="ps1/ada")[0] == 200
    watched.until(lambda: watched.attempts("ada")[0].final)
    assert page.stat().st_mtime_ns > before
    assert points(site.folder, "ada") == 4.0
