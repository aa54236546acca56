"""Two students and an instructor in a browser, with the pages of `autograder watch`, before a deadline and after it.

The same play twice: by one-time links, with submissions in `submitted/`; and as a service of a JupyterHub that runs on
this machine, with submissions through nbgrader's exchange.
"""

import contextlib
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from axe_playwright_python.sync_playwright import Axe
from browser import PHONE, WIDE, browser, needs_chromium, picture
from hub import jupyterhub
from playwright.sync_api import Page, expect
from watched_course import DOUBLE, SHIFT, Exchange, build, hand_in, set_deadline

from autograder.watch.one_time_links import OneTimeLinks, Visitor

WRONG = "def double(n):\n    return 2 * n if n < 100 else 0"
NOW = datetime.now(UTC).replace(tzinfo=None)
DAY = timedelta(days=1)
INSTRUCTOR = "kim"


@dataclass
class Stage:
    """A course that is watched, with a deadline tomorrow, and a browser."""

    page: Page
    folder: Path
    url: str  # of the pages
    sign_in: Callable[[str], None]  # ends on the pages
    submit: Callable[[str, str], None]  # as a student, an answer for `double`

    def enter(self, name: str) -> None:
        """Somebody else sits down before the browser."""
        self.page.context.clear_cookies()
        self.sign_in(name)


@contextlib.contextmanager
def watching(folder: Path) -> Iterator[str]:
    """The command, running; gives the address of its pages."""
    command = [sys.executable, "-m", "autograder", "watch", "ps1", "--serve=127.0.0.1:0"]
    with subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield next(line.split(": ")[1].strip() for line in process.stdout if line.startswith("Pages"))
        finally:
            process.terminate()


def check(page: Page) -> None:
    """That what is shown is accessible, on a screen and on a phone, where only tables scroll sideways."""
    for size in (PHONE, WIDE):
        page.set_viewport_size(size)
        found = Axe().run(page)
        assert found.violations_count == 0, f"{size}: {found.generate_report()}"
        assert found.response["passes"], "axe has looked at nothing"
        assert page.evaluate("document.documentElement.scrollWidth") == size["width"]


def play(stage: Stage, meanwhile: Callable[[], None] | None = None) -> None:
    """Ada submits, reads what is told of it, improves; Bob has his own; Kim sees both; the deadline passes."""
    page, errors = stage.page, list[str]()
    page.on("pageerror", lambda error: errors.append(error.message))
    page.on("console", lambda message: errors.append(message.text) if "Policy" in message.text else None)

    stage.enter("ada")
    expect(page.get_by_text("Nothing has arrived from you yet.")).to_be_visible()
    stage.submit("ada", WRONG)
    submitted = time.monotonic()
    stage.submit("bob", DOUBLE)
    if meanwhile:
        meanwhile()
        stage.enter("ada")
    expect(page.get_by_text("Graded: see the feedback.")).to_be_visible()
    print(f"The feedback was there {time.monotonic() - submitted:.0f} s after the submission.")
    if not meanwhile:  # the page has been open since, and was not loaded again
        expect(page.get_by_role("status")).to_contain_text("Updated at")
    page.get_by_role("link", name="p1").click()
    expect(page.get_by_text("1 of 2 cells with hidden tests pass all their tests.")).to_be_visible()
    page.go_back()

    stage.submit("ada", DOUBLE)
    expect(page.get_by_text("at least 30 minutes lie between two graded attempts")).to_be_visible()
    receipt = page.locator("summary").first
    receipt.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_text("p1.ipynb").first).to_be_visible()
    check(page)
    picture(page, "watch_student.png")

    stage.enter("bob")
    expect(page.get_by_text("Graded: see the feedback.")).to_be_visible()
    for path in ("feedback/ada/ps1/1/p1", "student/ada"):
        page.goto(f"{stage.url}{path}")
        expect(page.get_by_text("There is no such page, or it is not yours.")).to_be_visible()

    stage.enter(INSTRUCTOR)
    expect(page.get_by_text("2 students submitted 3 attempts; 0 have no graded attempt yet")).to_be_visible()
    expect(page.get_by_role("row", name="ada")).to_contain_text("2 (attempt 1)")
    again = page.get_by_role("button", name="Grade ada again")
    again.focus()
    page.keyboard.press("Enter")  # the wait is over then: an instructor may
    expect(page.get_by_role("row", name="ada")).to_contain_text("4 (attempt 2)")
    check(page)
    picture(page, "watch_class.png")

    set_deadline(stage.folder, NOW - DAY)
    expect(page.get_by_role("button", name="Release all feedback again")).to_be_visible()
    stage.enter("ada")
    page.get_by_text("Feedback with all tests").get_by_role("link").click()
    expect(page.get_by_text("4 of 4 points")).to_be_visible()
    assert errors == [], errors


@needs_chromium
def test_two_students_and_an_instructor_before_the_deadline_and_after_it(tmp_path: Path) -> None:
    folder = build(tmp_path / "course", settings="c.Watch.wait_seconds = 1800")
    set_deadline(folder, NOW + DAY)
    with watching(folder) as url, browser(tmp_path) as page:

        def sign_in(name: str) -> None:
            page.goto(f"{url}enter/{OneTimeLinks(folder).make(Visitor(name, name == INSTRUCTOR))}")
            page.get_by_role("button", name="Sign in").click()

        def submit(student: str, double: str) -> None:
            hand_in(folder, student, double=double, shift=SHIFT)

        play(Stage(page, folder, url, sign_in, submit))


@needs_chromium
def test_the_same_at_a_jupyterhub_with_the_policy_as_it_is_by_default_and_with_formgrader(tmp_path: Path) -> None:
    settings = f"c.pop('Watch')  # what makes other tests quick\nc.Watch.instructors = [{INSTRUCTOR!r}]"
    folder = build(tmp_path / "course", settings=settings)
    set_deadline(folder, NOW + DAY)
    exchange = Exchange(folder, tmp_path / "exchange")
    with jupyterhub(tmp_path / "hub", folder, "ps1") as hub, browser(tmp_path) as page:
        url = f"{hub}services/grades/"

        def sign_in(name: str) -> None:
            page.goto(url)  # which sends to the hub
            page.get_by_label("Username").fill(name)
            page.get_by_role("button", name="Sign in").click()
            page.wait_for_url(url)

        def submit(student: str, double: str) -> None:
            exchange.submit(student, double=double, shift=SHIFT)

        stage = Stage(page, folder, url, sign_in, submit)

        def formgrader() -> None:
            """In a tab of its own, and, as docs/watch.md says, in JupyterLab."""
            stage.enter(INSTRUCTOR)
            page.goto(f"{hub}hub/spawn")
            page.wait_for_url(re.compile(f"/user/{INSTRUCTOR}/lab"))
            page.get_by_role("button", name="No", exact=True).click()
            page.get_by_role("menuitem", name="Nbgrader").click()
            page.get_by_role("menuitem", name="Formgrader", exact=True).click()
            expect(page.frame_locator("iframe").get_by_role("row", name="ps1")).to_be_visible()
            page.goto(f"{hub}user/{INSTRUCTOR}/formgrader")
            expect(page.get_by_role("row", name="ps1")).to_be_visible()

        play(stage, formgrader)
