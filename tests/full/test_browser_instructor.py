"""An instructor in formgrader, with the course's own configuration."""

import json
from pathlib import Path

import graded_course
import nbformat
import pytest
from browser import browser, jupyterlab, needs_chromium, picture, score
from engines import add_config, hand_in, marks
from nbgrader.api import Gradebook
from playwright.sync_api import expect

from autograder.course import build

ESSAY = (
    "Adding and multiplying differ: `add(2, 2) == mul(2, 2)`, but `add(2, 3) != mul(2, 3)`, so *two* cases are needed."
)


@pytest.fixture
def handed_in(tmp_path: Path) -> Path:
    """A course in which Ada has handed in: a right `add`, a `mul` that passes the visible test only, an essay."""
    folder = tmp_path / "course"
    (folder / "source" / "ps1").mkdir(parents=True)
    nbformat.write(graded_course.notebook(), folder / "source" / "ps1" / "arithmetic.ipynb")
    add_config(folder)
    build.nbgrader(folder, "generate_assignment", "ps1", "--create")
    answers = {name: f"def {name}(a, b):\n    return a + b" for name in ("add", "mul")}
    hand_in(folder, "ada", "ps1", "arithmetic", essay=ESSAY, **answers)
    return folder


@needs_chromium
def test_an_instructor_grades_by_the_button_and_by_hand(handed_in: Path, tmp_path: Path) -> None:
    with jupyterlab(handed_in) as address, browser(tmp_path) as page:
        page.goto(address)
        page.get_by_role("button", name="No", exact=True).click()  # JupyterLab asks whether it may fetch news
        page.keyboard.press("Control+b")  # hides the list of files
        page.get_by_role("menuitem", name="Nbgrader").click()
        page.get_by_role("menuitem", name="Formgrader", exact=True).click()
        form = page.frame_locator("iframe")
        form.get_by_role("row", name="ps1").get_by_role("link", name="1", exact=True).click()
        ada = form.get_by_role("row", name="ada")
        expect(ada).to_contain_text("needs autograding")
        ada.locator(".autograde a").click()
        expect(form.get_by_text("Successfully autograded 'ps1' for student 'ada'.")).to_be_visible()
        form.get_by_role("button", name="OK").click()
        expect(ada).to_contain_text("needs manual grading")
        expect(ada).to_contain_text("2 / 9")

        record = json.loads((handed_in / "autograded" / "ada" / "ps1" / "arithmetic.record.json").read_text())
        assert record["scores"] == {"test_add": 2.0, "test_mul": 0.0}  # only our engine writes it

        form.get_by_role("link", name="Manual Grading").click()
        form.get_by_role("link", name="ps1").click()
        form.get_by_role("link", name="arithmetic").click()
        form.get_by_role("link", name="Submission #1").click()
        essay = score(form)
        essay.fill("3")
        with page.expect_response(lambda got: got.request.method == "PUT" and "/api/grade/" in got.url) as saved:
            essay.press("Tab")
        assert saved.value.ok
        page.set_viewport_size({"width": 1280, "height": 1000})
        picture(page, "formgrader.png")

        form.get_by_role("link", name="arithmetic").click()
        expect(form.get_by_role("row", name="Submission #1")).to_contain_text("5 / 9")
        form.get_by_role("link", name="Manage Students").click()
        expect(form.get_by_role("row", name="ada")).to_contain_text("5 / 9")

    assert marks(handed_in, "ps1")["ada", "arithmetic", "essay"] == (None, False)
    with Gradebook(f"sqlite:///{handed_in / 'gradebook.db'}") as gradebook:
        assert gradebook.find_submission("ps1", "ada").score == 5.0
