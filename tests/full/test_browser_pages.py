"""The pages for students and instructors, opened from the disk as they are sent."""

from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from browser import PHONE, WIDE, browser, needs_chromium
from feedback_pages import FAILED, generate
from graded_course import Course
from model_class import Class
from playwright.sync_api import Locator, Page, expect
from report_pages import report
from synthetic_class import ASSIGNMENT
from synthetic_class import build as build_class

pytestmark = needs_chromium

PAGES = ("a failed test", "a model", "class")


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Feedback on a failed test and on a trained model, and the report of a class of sixty."""
    folder = tmp_path_factory.mktemp("pages")
    failed = Course(folder / "failed")
    failed.hand_in("ada", {"test_mul": 0.0}, outputs={"test_mul": FAILED}, essay="I *think*.", mul="def mul(a, b): 5")
    failed.grade()
    failed.score_by_hand("ada", "essay", manual_score=3.0)
    generate(failed, "ada")
    (folder / "class").mkdir()
    build_class(folder / "class", 60)
    report(folder / "class")
    return {
        "a failed test": folder / "failed" / "feedback" / "ada" / "ps1" / "p1.html",
        "a model": Class().folder / "feedback" / "ada" / "ps" / "ps.html",
        "class": folder / "class" / "reports" / f"{ASSIGNMENT}.html",
    }


@pytest.mark.parametrize("name", PAGES)
def test_a_page_opens_without_an_error_and_asks_nobody(pages: dict[str, Path], name: str, tmp_path: Path) -> None:
    with browser(tmp_path) as page:
        asked: list[str] = []
        errors: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        page.on("console", lambda message: errors.append(message.text))
        page.on("pageerror", lambda error: errors.append(error.message))
        page.goto(pages[name].as_uri(), wait_until="load")
        expect(page.get_by_role("heading", level=1)).to_be_visible()
        for section in page.get_by_role("navigation").get_by_role("link").all():
            section.click()
        assert errors == []
        assert [url for url in asked if not url.startswith("data:")] == [pages[name].as_uri()]


@pytest.mark.parametrize("name", PAGES)
def test_axe_finds_no_fault_on_screen_on_a_phone_and_in_print(
    pages: dict[str, Path], name: str, tmp_path: Path
) -> None:
    with browser(tmp_path) as page:
        page.goto(pages[name].as_uri())
        page.locator("details").evaluate_all("all => all.forEach(one => { one.open = true })")
        for size, media in ((WIDE, "screen"), (PHONE, "screen"), (WIDE, "print")):
            page.set_viewport_size(size)
            page.emulate_media(media=media)
            found = Axe().run(page)
            assert found.violations_count == 0, f"{size}, {media}: {found.generate_report()}"
            assert found.response["passes"], "axe has looked at nothing"


@pytest.mark.parametrize("name", PAGES)
def test_on_a_phone_only_tables_scroll_sideways(pages: dict[str, Path], name: str, tmp_path: Path) -> None:
    with browser(tmp_path) as page:
        page.set_viewport_size(PHONE)
        page.goto(pages[name].as_uri())
        page.locator("details").evaluate_all("all => all.forEach(one => { one.open = true })")
        assert page.evaluate("document.documentElement.scrollWidth") == PHONE["width"]


def shares(page: Page) -> list[str]:
    """The column "Share" of the students' table, as it stands there, from the top."""
    column = page.locator("#students thead th").all_inner_texts()
    at = next(i for i, text in enumerate(column) if text.startswith("Share"))
    return page.locator(f"#students tbody tr > :nth-child({at + 1})").all_inner_texts()


def heading(page: Page, name: str) -> Locator:
    """A column's heading in the students' table."""
    return page.locator("#students thead th").filter(has=page.get_by_role("button", name=name, exact=True))


def ordered(texts: list[str], *, down: bool) -> list[str]:
    """Percentages in order; who has none comes last."""
    given = sorted((text for text in texts if text != "–"), key=lambda text: float(text.split("%")[0]), reverse=down)
    return given + ["–"] * (len(texts) - len(given))


def test_the_report_sorts_by_click_up_and_then_down(pages: dict[str, Path], tmp_path: Path) -> None:
    with browser(tmp_path) as page:
        page.goto(pages["class"].as_uri())
        before = shares(page)
        assert before != ordered(before, down=False)
        for way in ("ascending", "descending"):
            heading(page, "Share").get_by_role("button").click()
            expect(heading(page, "Share")).to_have_attribute("aria-sort", way)
            expect(page.get_by_role("status")).to_have_text(f"Students: sorted by Share, {way}")
            assert shares(page) == ordered(before, down=way == "descending")
        expect(page.locator("#students [aria-sort]")).to_have_count(1)


def test_the_report_sorts_by_keyboard(pages: dict[str, Path], tmp_path: Path) -> None:
    with browser(tmp_path) as page:
        page.goto(pages["class"].as_uri())
        before = shares(page)
        page.get_by_role("region", name="Table: Students").focus()
        for column in ("Student", "Status", "Score", "Share"):
            page.keyboard.press("Tab")
            expect(heading(page, column).get_by_role("button")).to_be_focused()
        for key, way in (("Enter", "ascending"), ("Space", "descending")):
            page.keyboard.press(key)
            expect(heading(page, "Share")).to_have_attribute("aria-sort", way)
            assert shares(page) == ordered(before, down=way == "descending")
        expect(heading(page, "Share").get_by_role("button")).to_be_focused()
