"""A course in Russian: the same grades, and nothing in English left of what the autograder says to students."""

import json
import shutil
from pathlib import Path
from typing import Any

import nbformat
import pytest
from candidates import needs_sandbox
from engines import add_config
from english_left import Prose, english_in
from feedback_pages import FAILED, generate, page
from graded_course import Course, notebook, stream
from launch import launch, run
from report_pages import report
from tiny_course import build, cell_of, released, solve
from watched_course import DOUBLE, SHIFT, watching
from watched_course import build as build_watched
from watched_course import hand_in as hand_in_watched

from autograder.cli.check import CheckApp
from autograder.cli.export import ExportApp
from autograder.common.language import english, speaking
from autograder.container.submitted_notebook import NotGradable, find
from autograder.notebooks.mending import ANSWERED_ELSEWHERE
from autograder.watch.overview import Overview

MESSAGE = "Упражнение 2, mul от 2 и 3:\n  ожидалось 6\n  получено 5\nСмотрите: знак."
WRONG = [{"output_type": "error", "ename": "AssertionError", "evalue": MESSAGE, "traceback": [MESSAGE]}]
LIMIT = "This test ran longer than 60 s, the limit of this assignment."
SLOW = [{"output_type": "error", "ename": "CellTimeLimit", "evalue": LIMIT, "traceback": [f"CellTimeLimit: {LIMIT}"]}]
LEFT_OUT = english(
    "… further output is left out. %(reason)s",
    reason=english("The notebook's output is over %(size)s, the limit of this assignment.", size="10 MB"),
)
BROKEN = [{"output_type": "error", "ename": "NameError", "evalue": "name 'mul' is not defined", "traceback": ["x"]}]
# In the class report: literature, the course's name, and what Python said.
CITED = (
    "Guilford Educational and Psychological Measurement Ebel Frisbie Essentials of cnn homework "
    "NameError name is not defined"
)


def russian() -> Any:
    made = notebook()
    made.cells[0].source = "# Арифметика"
    return made


@pytest.fixture(scope="module")
def graded(tmp_path_factory: pytest.TempPathFactory) -> Course:
    """Ada failed one test and was too slow for another; Bob has all; Cyd's test has no score; Dan lacks a cell."""
    course = Course(tmp_path_factory.mktemp("course") / "course", made=russian(), Course={"language": "ru"})
    outputs = {"test_mul": WRONG, "test_add": SLOW, "add": [stream("1\n"), stream(f"{LEFT_OUT}\n")]}
    course.hand_in("ada", {"test_mul": 0.0, "test_add": 0.0}, outputs=outputs, essay="Думаю.", mul=ANSWERED_ELSEWHERE)
    course.hand_in("bob", {}, essay="Итак.")
    why = "the test gave 7 points, but it can only give 0 to 2: the test has a mistake"
    course.hand_in("cyd", {"test_add": None}, reasons={"test_add": why}, essay="Вот.")
    path = course.hand_in("dan", essay="Нет.")
    node = nbformat.read(path, as_version=4)
    node.cells = [cell for cell in node.cells if cell.metadata.get("nbgrader", {}).get("grade_id") != "test_add"]
    nbformat.write(node, path)
    course.know(path, {"test_mul": 0.0}, {"mul": BROKEN, "test_mul": BROKEN}, {})
    course.grade()
    return course


@pytest.mark.parametrize("student", ["ada", "bob", "cyd", "dan"])
def test_no_english_is_left_on_a_page_of_feedback(graded: Course, student: str) -> None:
    found = page(graded, student)
    assert '<html lang="ru">' in found.html
    assert english_in(" ".join(Prose(found.html).words)) == []


def test_pages_say_in_russian_what_tests_and_grading_said(graded: Course) -> None:
    text, _, notebook_shown = page(graded, "ada").text.partition("Код и вывод, как они получились")
    assert "Тест выполнялся дольше, чем 60 с" in notebook_shown
    assert "# Ответ находится в другой ячейке этого ноутбука." in notebook_shown
    assert "дальнейший вывод опущен. Вывод ноутбука больше" in notebook_shown
    assert "Пока 0 из 9 баллов" in text
    assert "Упражнение 2, mul от 2 и 3:" in text
    assert "Ожидалось 6 Получено 5 Куда смотреть Смотрите: знак." in text
    assert "CellTimeLimit: Тест выполнялся дольше, чем 60 с (ограничение задания)." in text
    assert "Ваш код работал слишком долго." in text
    text = page(graded, "cyd").text
    assert "тест дал баллы: 7, а может дать только от 0 до 2" in text
    assert "test_add: Этой ячейки в ноутбуке не было, она восстановлена." in page(graded, "dan").text


def test_scores_and_what_is_stored_are_those_of_the_course_in_english(graded: Course, tmp_path: Path) -> None:
    course = Course(tmp_path / "course", made=russian())
    course.hand_in("ada", {"test_mul": 0.0, "test_add": 0.0}, essay="Думаю.", mul=ANSWERED_ELSEWHERE)
    course.grade()
    assert course.scores("ada") == graded.scores("ada") == {"test_add": 0.0, "test_mul": 0.0, "essay": None}
    digests = [one.statuses.get("ps1", "ada").notebooks["p1"].digest for one in (course, graded)]  # type: ignore[union-attr]
    assert digests[0] == digests[1]
    generate(course, "ada")
    assert "Your score" in (course.folder / "feedback" / "ada" / "ps1" / "p1.html").read_text(encoding="utf-8")


def test_a_message_in_english_is_read_in_a_russian_course_too(graded: Course, tmp_path: Path) -> None:
    course = graded.copy(tmp_path / "course")
    course.hand_in("eve", {"test_mul": 0.0}, outputs={"test_mul": FAILED}, mul="def mul(a, b): 5")
    course.grade()
    assert "Ожидалось 6 Получено 5 Куда смотреть Look at the sign." in page(course, "eve").text


def test_no_english_is_left_in_the_class_report_named_or_numbered(graded: Course, tmp_path: Path) -> None:
    path = tmp_path / "class.html"
    for options in ((), ("--anonymous",)):
        page = report(graded.folder, f"--to={path}", "--Course.language=ru", *options, assignment="ps1")
        html = path.read_text(encoding="utf-8")
        assert '<html lang="ru">' in html
        assert english_in(" ".join(Prose(html).words), *CITED.split()) == []
        assert "сортировка по столбцу" in page.raw["script"]
        assert ": sorted by" not in page.raw["script"]
    concerns = {row[2] for row in page.tables["concerns"][1:]}
    assert "p1, test_add: тест дал баллы: 7, а может дать только от 0 до 2: в тесте ошибка" in concerns
    assert page.tables["fixes"][1][1] == "p1: отсутствовала; восстановлена (test_add)"
    assert ["test_add", "1", "CellTimeLimit: Тест выполнялся дольше, чем # с (ограничение задания)."] in page.tables[
        "messages"
    ]


def test_results_json_speaks_russian(graded: Course) -> None:
    with Course.gradebook(graded) as gradebook:
        for student in ("ada", "dan"):
            for grade in gradebook.find_submission_notebook("p1", "ps1", student).grades:
                if grade.name == "essay":
                    grade.manual_score, grade.needs_manual_grade = 1.0, False
        gradebook.db.commit()
    (graded.folder / "nbgrader_config.py").write_text("c = get_config()\nc.Course.language = 'ru'\n")
    launch(ExportApp, graded.folder, "--format", "gradescope", "--to", "results")
    shown = []
    for student in ("ada", "bob", "cyd", "dan"):
        results = json.loads((graded.folder / "results" / "ps1" / student / "results.json").read_text("utf-8"))
        shown += [results["output"], *(test["output"] for test in results.get("tests", []))]
    assert "CellTimeLimit: Тест выполнялся дольше, чем 60 с (ограничение задания)." in shown
    assert {"проверено", "проверено после исправлений", "нужна проверка вручную"} <= set(shown)
    assert english_in(" ".join(shown), *"NameError name is not defined".split()) == []


def test_what_cannot_be_graded_is_told_in_russian(tmp_path: Path) -> None:
    (tmp_path / "a.txt").touch()
    with speaking("ru"), pytest.raises(NotGradable) as raised:
        find(tmp_path, [])
    assert english_in(str(raised.value), "ipynb", "txt") == []


@needs_sandbox
def test_check_speaks_russian(tmp_path: Path) -> None:
    made, course = tmp_path / "made", tmp_path / "course"
    build(made)
    shutil.copytree(made / "release", course / "release")
    shutil.copy(made / "nbgrader_config.py", course)
    add_config(course, "c.Course.language = 'ru'")
    work = released(course, "numbers")
    solve(work, "numbers")
    cell_of(work, "total").source = "raise NotImplementedError"
    cell_of(work, "twice").source = "def twice(:"
    cell_of(work, "fibonacci").source = "import numpy\ndef fibonacci(n):\n    return numpy.zeros(2, 'V4')"
    cell_of(work, "report").source = "answer = numpy.zeros(2, 'V4')\ndef report(path):\n    pass"
    mine = tmp_path / "mine"
    mine.mkdir()
    path = mine / "numbers.ipynb"
    nbformat.write(work, path)
    (mine / "model.h5").touch()
    done = run(CheckApp, mine, str(path), f"--course-dir={course}")
    said = done.stdout + done.stderr
    assert done.returncode == 1
    assert "Упражнения, на которые ещё нет ответа" in said
    assert "model.h5: сохранённая модель" in said
    said = " ".join(said.split())  # lines are wrapped
    assert "TypeError: объект типа numpy.ndarray передать нельзя: массив с dtype |V4 передать нельзя" in said
    assert "CannotCross: `answer` (тип numpy.ndarray) передать тесту нельзя: массив с dtype |V4 передать нельзя" in said
    names = (
        "numbers Numbers ipynb course dir check mine twice test_total test_fibonacci test_twice test_report h5 model"
    )
    of_python = "SyntaxError invalid syntax ndarray dtype V4 TypeError CannotCross"
    left = english_in(said.replace(str(tmp_path), ""), *names.split(), *of_python.split())
    assert left == [], said


@needs_sandbox
def test_before_the_deadline_students_are_told_in_russian_and_the_instructor_in_english(tmp_path: Path) -> None:
    settings = "c.Course.language = 'ru'\nc.Watch.wait_seconds = 3600\nc.Watch.hidden = 'exercises'"
    folder = build_watched(tmp_path / "course", settings=settings)
    with watching(folder) as watched:
        hand_in_watched(folder, "ada", double=DOUBLE, shift="def shift(n):\n    return n")
        watched.graded("ada")
        hand_in_watched(folder, "ada", double=DOUBLE, shift=SHIFT)
        watched.until(lambda: watched.attempts("ada")[-1].told)
        pages = [watched.page("ada", 1), watched.page("ada", 2)]
        with speaking(watched.watcher.language):
            (told,) = Overview(watched.watcher).of_student("ada")
        said = watched.said
    assert "В 1 из 2 ячеек со скрытыми тестами" in pages[0] or "в 1 из 2 ячеек со скрытыми тестами" in pages[0]
    words = [word for one in pages for word in Prose(one).words]
    words += [told.deadline, *(attempt.state for attempt in told.attempts)]
    assert english_in(" ".join(words), "Exercise", "double", "shift") == []
    assert said[0] == "ada: ps1, attempt 1: graded, 2 points of tests"
    assert "minutes from now" in said[1]
