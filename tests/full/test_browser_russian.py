"""A student in JupyterLab with a Russian notebook, and the page of feedback on it."""

import shutil
from pathlib import Path

from browser import browser, code, jupyterlab, needs_chromium, picture
from engines import autograder, sample_graded_in
from playwright.sync_api import expect
from repository import ROOT
from sample_scores import STUDENTS

ASSIGNMENT, STUDENT = "foundations", "anna"
SWAPPED = """def encode_people(rows):
    X = np.array([[*row[:3], float(row[3] == "f"), row[4]] for row in rows])
    return X, np.array([int(row[6] == "yes") for row in rows]), np.array([row[5] for row in rows])"""
TASKS = """answer_tasks = {
    "a": "классификация", "b": "регрессия", "c": "кластеризация",
    "d": "ранжирование", "e": "предсказание", "f": "классификация",
}"""


@needs_chromium
def test_a_student_answers_validates_and_reads_feedback_in_russian(tmp_path: Path) -> None:
    home, course = tmp_path / "home", tmp_path / "course"
    notebook = shutil.copytree(ROOT / "ru" / "release" / ASSIGNMENT, home / ASSIGNMENT) / f"{ASSIGNMENT}.ipynb"
    with jupyterlab(home) as address, browser(tmp_path) as page:
        page.goto(address.replace("/lab?", f"/lab/tree/{ASSIGNMENT}/{ASSIGNMENT}.ipynb?"))
        page.get_by_role("button", name="No", exact=True).click()  # JupyterLab asks whether it may fetch news
        answer, test = (
            code(page, "def encode_people(rows)"),
            code(page, "unchanged(_what, encode_people, list(people))"),
        )
        outputs = test.locator(".jp-OutputArea-output")
        answer.get_by_role("textbox").fill(SWAPPED)
        test.get_by_role("textbox").click()
        page.get_by_role("menuitem", name="Run", exact=True).click()
        page.get_by_role("menuitem", name="Run All Above Selected Cell").click()
        test.get_by_role("textbox").press("Control+Enter")
        expect(outputs).to_contain_text("Упражнение 1, encode_people(people), X третьего человека:")
        expect(outputs).to_contain_text("Смотрите: как пол становится числом")
        page.keyboard.press("Control+b")  # hides the list of files
        page.get_by_role("heading", name="Упражнение 1: примеры").evaluate("heading => heading.scrollIntoView()")
        picture(page, "jupyterlab.ru.png")

        answer.get_by_role("textbox").fill(SWAPPED.replace('"f"', '"m"'))
        code(page, "# answer_tasks = …").get_by_role("textbox").fill(TASKS)
        page.get_by_role("button", name="Validate", exact=True).click()  # it saves the notebook, too
        expect(page.get_by_role("dialog")).to_contain_text("Упражнение 2, ")
        expect(page.get_by_role("dialog")).not_to_contain_text("Упражнение 1, ")

    shutil.copytree(sample_graded_in("ru", ASSIGNMENT, STUDENTS[ASSIGNMENT]), course, symlinks=True)
    submitted = course / "submitted" / STUDENT / ASSIGNMENT
    submitted.mkdir(parents=True)
    shutil.copy(notebook, submitted)
    autograder(course, "grade", ASSIGNMENT, "--student", STUDENT)
    autograder(course, "feedback", ASSIGNMENT, "--student", STUDENT)
    with browser(tmp_path) as page:
        page.goto((course / "feedback" / STUDENT / ASSIGNMENT / f"{ASSIGNMENT}.html").as_uri())
        expect(page.locator("html")).to_have_attribute("lang", "ru")
        expect(page.locator("body")).to_contain_text("5 из 100 баллов")
        picture(page, "feedback.ru.png")
