"""An instructor in formgrader, with the course's own configuration."""

import json
from pathlib import Path

import graded_course
import nbformat
import pytest
from browser import browser, jupyterlab, needs_chromium, picture, score
from engines import add_config, autograder, hand_in, marks
from nbgrader.api import Gradebook
from playwright.sync_api import expect
from repository import source

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
        form.get_by_role("link", name="arithmetic").click()
        expect(form.get_by_role("row", name="Submission #1")).to_contain_text("5 / 9")
        form.get_by_role("link", name="Manage Students").click()
        expect(form.get_by_role("row", name="ada")).to_contain_text("5 / 9")

    assert marks(handed_in, "ps1")["ada", "arithmetic", "essay"] == (None, False)
    with Gradebook(f"sqlite:///{handed_in / 'gradebook.db'}") as gradebook:
        assert gradebook.find_submission("ps1", "ada").score == 5.0


PRECISION = """def recall_per_class(labels, predictions, num_classes):
    return np.array([np.mean(labels[predictions == k] == k) for k in range(num_classes)])"""
CONCLUSION = (
    "Leaving dropout out helped most: 0.78 → 0.82. The runs differ in that entry alone, so it is the cause. One seed "
    "and 3,000 images can't tell 0.82 from 0.81. Next I would leave dropout out *and* train for longer."
)


@pytest.fixture
def excerpt(tmp_path: Path) -> Path:
    """A course with the two exercises of fashion_mnist that train nothing: a test failed, and an answer in words."""
    whole = source("fashion_mnist")
    kept = {"expect", "recall_per_class", "test_recall", "conclusion"}
    cells = {cell.id: cell for cell in whole.cells if cell.id in kept}
    assert cells.keys() == kept
    cells["expect"].source = f"import numpy as np\n\n\n{cells['expect'].source}"
    headings = [nbformat.v4.new_markdown_cell(f"## {text}") for text in ("Exercise 8: recall", "Conclusion in words")]
    order = [cells["expect"], headings[0], cells["recall_per_class"], cells["test_recall"], headings[1]]
    whole.cells = [*order, cells["conclusion"]]
    folder = tmp_path / "course"
    (folder / "source" / "fashion_mnist").mkdir(parents=True)
    nbformat.write(whole, folder / "source" / "fashion_mnist" / "fashion_mnist.ipynb")
    add_config(folder)
    build.nbgrader(folder, "generate_assignment", "fashion_mnist", "--create")
    hand_in(folder, "ada", "fashion_mnist", "fashion_mnist", recall_per_class=PRECISION, conclusion=CONCLUSION)
    autograder(folder, "grade", "fashion_mnist")
    return folder


@needs_chromium
def test_an_instructor_sees_a_failed_test_of_this_course_and_its_message(excerpt: Path, tmp_path: Path) -> None:
    with jupyterlab(excerpt) as address, browser(tmp_path) as page:
        page.goto(address)
        page.get_by_role("button", name="No", exact=True).click()
        page.keyboard.press("Control+b")
        page.get_by_role("menuitem", name="Nbgrader").click()
        page.get_by_role("menuitem", name="Formgrader", exact=True).click()
        form = page.frame_locator("iframe")
        form.get_by_role("link", name="Manual Grading").click()
        form.get_by_role("link", name="fashion_mnist").click()
        form.get_by_role("link", name="fashion_mnist").last.click()
        form.get_by_role("link", name="Submission #1").click()
        expect(form.get_by_text("Look at what you divide by.")).to_be_visible()
        essay = form.locator(".score").last
        expect(form.locator(".extra-credit").last).to_have_attribute("placeholder", "0")
        essay.fill("6")
        with page.expect_response(lambda got: got.request.method == "PUT" and "/api/grade/" in got.url) as saved:
            essay.press("Tab")
        assert saved.value.ok
        page.set_viewport_size({"width": 1280, "height": 1300})
        form.get_by_role("heading", name="Exercise 8: recall").evaluate("heading => heading.scrollIntoView()")
        picture(page, "formgrader.png")
    assert marks(excerpt, "fashion_mnist")["ada", "fashion_mnist", "test_recall"] == (0.0, False)
