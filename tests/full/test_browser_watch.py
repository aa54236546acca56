"""Two students and an instructor in a browser, with the pages of `autograder watch`, before a deadline and after it."""

import contextlib
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from axe_playwright_python.sync_playwright import Axe
from browser import PHONE, WIDE, browser, needs_chromium, picture
from playwright.sync_api import Page, expect
from watched_course import DOUBLE, SHIFT, build, hand_in, set_deadline

from autograder.watch.one_time_links import OneTimeLinks, Visitor

WRONG = "def double(n):\n    return 2 * n if n < 100 else 0"
DAY = timedelta(days=1)


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


@needs_chromium
def test_two_students_and_an_instructor_before_the_deadline_and_after_it(tmp_path: Path) -> None:
    folder = build(tmp_path / "course", settings="c.Watch.wait_seconds = 3600")
    now = datetime.now(UTC).replace(tzinfo=None)
    set_deadline(folder, now + DAY)
    with watching(folder) as url, browser(tmp_path) as page:
        errors: list[str] = []
        page.on("pageerror", lambda error: errors.append(error.message))
        page.on("console", lambda message: errors.append(message.text) if "Policy" in message.text else None)

        def enter(name: str, *, is_instructor: bool = False) -> None:
            page.context.clear_cookies()
            page.goto(f"{url}enter/{OneTimeLinks(folder).make(Visitor(name, is_instructor))}")
            page.get_by_role("button", name="Sign in").click()

        enter("ada")
        expect(page.get_by_text("Nothing has arrived from you yet.")).to_be_visible()
        hand_in(folder, "ada", double=WRONG, shift=SHIFT)
        expect(page.get_by_text("Graded: see the feedback.")).to_be_visible()  # the page was not loaded again
        expect(page.get_by_role("status")).to_contain_text("Updated at")
        page.get_by_role("link", name="p1").click()
        expect(page.get_by_text("1 of 2 cells with hidden tests pass all their tests.")).to_be_visible()
        page.go_back()

        hand_in(folder, "ada", double=DOUBLE, shift=SHIFT)
        expect(page.get_by_text("at least 60 minutes lie between two graded attempts")).to_be_visible()
        receipt = page.locator("summary").first
        receipt.focus()
        page.keyboard.press("Enter")
        expect(page.get_by_text("p1.ipynb").first).to_be_visible()
        check(page)
        picture(page, "watch_student.png")

        enter("bob")
        hand_in(folder, "bob", double=DOUBLE, shift=SHIFT)
        expect(page.get_by_text("Graded: see the feedback.")).to_be_visible()
        page.goto(f"{url}feedback/ada/ps1/1/p1")
        expect(page.get_by_text("There is no such page, or it is not yours.")).to_be_visible()

        enter("kim", is_instructor=True)
        expect(page.get_by_text("2 students submitted 3 attempts; 0 have no graded attempt yet")).to_be_visible()
        expect(page.get_by_role("row", name="ada")).to_contain_text("2 (attempt 1)")
        again = page.get_by_role("button", name="Grade ada again")
        again.focus()
        page.keyboard.press("Enter")  # the wait is over then: an instructor may
        expect(page.get_by_role("row", name="ada")).to_contain_text("4 (attempt 2)")
        check(page)
        picture(page, "watch_class.png")

        set_deadline(folder, now - DAY)
        expect(page.get_by_role("button", name="Release all feedback again")).to_be_visible()
        enter("ada")
        page.get_by_text("Feedback with all tests").get_by_role("link").click()
        expect(page.get_by_text("4 of 4 points")).to_be_visible()
        assert errors == [], errors
