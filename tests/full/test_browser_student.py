"""A student in JupyterLab, with nbgrader's extensions as `pip install` leaves them."""

import re
from pathlib import Path

import nbformat
import pytest
from browser import browser, code, jupyterlab, needs_chromium, picture
from playwright.sync_api import Page, expect
from repository import SMALL_DATA, copy_course

from autograder.course import build

NOT_DIVIDED = 'def preprocess(images):\n    return images.astype("float32")[..., np.newaxis]'


@pytest.fixture
def exchange(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An exchange where mnist has been released, and the student's part of the settings that say where it is."""
    folder, config = tmp_path / "exchange", tmp_path / "config"
    for made, mode in ((folder, 0o777), (config, 0o755)):
        made.mkdir()
        made.chmod(mode)
    text = f"c = get_config()\nc.Exchange.root = {str(folder)!r}\nc.Exchange.cache = {str(tmp_path / 'cache')!r}\n"
    (config / "nbgrader_config.py").write_text(text, encoding="utf-8")
    monkeypatch.setenv("JUPYTER_CONFIG_PATH", str(config))
    for name, value in SMALL_DATA.items():
        monkeypatch.setenv(name, value)
    build.nbgrader(copy_course(tmp_path / "course", "source", "release"), "release_assignment", "mnist")
    return folder


def fetch(page: Page) -> None:
    """Fetch the released assignment from nbgrader's list and open its notebook."""
    page.get_by_role("button", name="No", exact=True).click()  # JupyterLab asks whether it may fetch news
    page.get_by_role("menuitem", name="Nbgrader").click()
    page.get_by_role("menuitem", name="Assignment List").click()
    page.get_by_role("button", name="Fetch").click()
    page.get_by_role("button", name="mnist").click()
    page.get_by_role("link", name="mnist").click()


def look_at_failure(page: Page) -> None:
    """Show the exercise from its heading to the failed test's message, and take its picture."""
    page.set_viewport_size({"width": 1280, "height": 1000})
    page.keyboard.press("Control+b")  # hides the list of files
    page.get_by_role("heading", name="Exercise 1: preprocess").evaluate("heading => heading.scrollIntoView()")
    picture(page, "jupyterlab.png")


@needs_chromium
def test_a_student_mends_a_failing_exercise_validates_and_submits(exchange: Path, tmp_path: Path) -> None:
    (home := tmp_path / "student").mkdir()
    with jupyterlab(home) as address, browser(tmp_path) as page:
        page.goto(address)
        fetch(page)
        answer, test = code(page, "def preprocess(images)"), code(page, "_prepared = preprocess(")
        outputs = test.locator(".jp-OutputArea-output")

        answer.get_by_role("textbox").fill(NOT_DIVIDED)
        test.get_by_role("textbox").click()
        page.get_by_role("menuitem", name="Run", exact=True).click()
        page.get_by_role("menuitem", name="Run All Above Selected Cell").click()
        test.get_by_role("textbox").press("Control+Enter")
        expect(outputs).to_contain_text("Exercise 1, preprocess of [[0, 51], [102, 204]]:")
        expect(outputs).to_contain_text(
            re.compile(r"expected \[\[0\. +0\.2\]\s+\[0\.4 +0\.8\]\]\s+received \[\[ +0\. +51\.\]")
        )
        expect(outputs).to_contain_text("Look at the division: always by 255")
        expect(outputs).not_to_contain_text("Traceback")  # the message stands alone
        look_at_failure(page)

        answer.get_by_role("textbox").fill(f"{NOT_DIVIDED} / 255")
        answer.get_by_role("textbox").press("Control+Enter")
        test.get_by_role("textbox").press("Control+Enter")
        expect(outputs).to_have_count(0)  # silence
        expect(test.locator(".jp-InputPrompt").first).to_have_text(re.compile(r"\[\d+\]:"))

        page.get_by_role("button", name="Validate", exact=True).click()
        dialog = page.get_by_role("dialog")
        expect(dialog).to_contain_text("The following cell failed:")
        expect(dialog).to_contain_text("Exercise 2, one_hot")
        expect(dialog).to_contain_text("NotImplementedError")
        expect(dialog).not_to_contain_text("Exercise 1, preprocess")
        dialog.get_by_role("button", name="Ok").click()

        page.get_by_role("tab", name="Assignments").click()
        page.get_by_role("button", name="Submit").click()
        expect(page.locator("#submitted_assignments_list")).to_contain_text("mnist")

    (inbound,) = (exchange / "cnn-homework" / "inbound").glob("*+mnist+*")
    handed_in = nbformat.read(inbound / "mnist.ipynb", as_version=4)
    assert f"{NOT_DIVIDED} / 255" in [cell.source for cell in handed_in.cells]
