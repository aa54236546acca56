"""`autograder report`: what its page says of a class, and that nothing in it can harm who opens it."""

import base64
import hashlib
import json
import re
import shutil
from pathlib import Path
from urllib.parse import unquote

import numpy as np
import pytest
import synthetic_class
from graded_course import Course
from nbgrader.api import Gradebook
from report_pages import Page, report
from synthetic_class import ASSIGNMENT, HOSTILE, TESTS

from autograder.cli.report import ReportApp
from autograder.examiner.ownership import BECAUSE, Reason
from autograder.reports.class_data import normalised, said
from autograder.reports.class_page import fitting_edges, histogram, ramp_edges
from autograder.reports.class_statistics import bins, discrimination

STUDENTS = 60
LINKED = re.compile(r"#[\w-]+|\./.+")


@pytest.fixture(scope="module")
def big(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("class") / "course"
    folder.mkdir()
    synthetic_class.build(folder, STUDENTS)
    return folder


@pytest.fixture(scope="module")
def page(big: Path) -> Page:
    return report(big)


def test_every_student_has_a_row_with_status_and_score(page: Page) -> None:
    rows = page.rows("students")
    assert len(rows) == STUDENTS
    statuses = {status for status, *_ in rows.values()}
    assert statuses == {"graded", "graded after fixes", "needs review", "needs manual grading", "not submitted"}
    assert rows["s039 (Ada39)"][:3] == ["needs review", "–", "–"]
    assert rows["s003 (Ada3)"][1].endswith("so far")


def test_tests_and_exercises_say_how_many_pass_and_what_share(big: Path, page: Page) -> None:
    with Gradebook(f"sqlite:///{big / 'gradebook.db'}") as gradebook:
        found = [
            grade.auto_score
            for submission in gradebook.assignment_submissions(ASSIGNMENT)
            for notebook in submission.notebooks
            for grade in notebook.grades
            if grade.name == "test_gradient"
        ]
    passing, count = sum(score == 5 for score in found), len(found)
    row = page.rows("tests")["test_gradient"]
    assert row[1:4] == ["5", str(count), f"{passing} ({100 * passing / count:.0f}%)"]
    assert row[4] == f"{100 * sum(found) / count / 5:.0f}%"
    assert page.rows("exercises")["Exercise 4: part <4>"][0] == "10"  # two tests below one heading
    assert page.rows("exercises")["Exercise 3: part <3>"][:3] == row[1:4]


def test_a_test_that_the_strong_fail_is_to_be_looked_at(page: Page) -> None:
    separates = {name: row[-1] for name, row in page.rows("tests").items()}
    assert separates["test_backwards"].startswith("−0.")
    assert separates["test_backwards"].endswith("check it")
    assert float(separates["test_gradient"]) > 0.3
    assert separates["essay (by hand)"] == "–"  # all have the same


def test_the_messages_of_many_students_are_one_message(page: Page) -> None:
    found = {row[0]: row[1:] for row in page.tables["messages"][1:]}
    assert set(found) == {"test_shapes", "test_loss", "test_gradient", "test_backwards", "test_accuracy"}
    assert found["test_loss"][1] == "AssertionError: cross_entropy: expected … received … Look at it."
    _, count, passing = page.rows("tests")["test_loss"][1:4]
    assert int(found["test_loss"][0]) == int(count) - int(passing.split()[0])


def test_what_needs_a_person_is_listed_with_its_reason(page: Page) -> None:
    rows = page.tables["concerns"][1:]
    found = {(student, row[1]): row[2] for row in rows for student in re.findall(r"\bs\d{3}\b", row[0])}
    (by_hand,) = [row for row in rows if row[1] == "by hand"]  # one row for all of whom the same is said
    assert by_hand[0].startswith(f"{STUDENTS // 10} students s003 (Ada3) , s013 (Ada13)")
    assert f"by hand ({STUDENTS // 10}): " in "".join(page.texts)
    assert found["s039", "needs review"] == f"{ASSIGNMENT}: The file is not a notebook: {HOSTILE}"
    assert found["s003", "by hand"] == "essay"
    assert "its weights were not made here" in found["s007", "weights"]
    assert "notes of the model.ipynb" in found["s011", "flagged"]  # a file's name hides nothing
    assert ("s011", "weights") not in found  # a training run from given weights, which no test counts
    assert "mended" not in {why for _, why in found}  # nobody has to do anything about it


def test_what_was_fixed_before_grading_is_told_apart_from_what_needs_attention(page: Page) -> None:
    ((who, what),) = page.tables["fixes"][1:]
    assert re.findall(r"\bs\d{3}\b", who) == ["s005", "s025", "s045"]
    assert what == f"{ASSIGNMENT}: missing; restored (test_loss)"


def test_names_that_students_can_rebind_are_listed_by_test_and_cell(page: Page) -> None:
    assert page.tables["rebindable"][1:] == [
        ["test_accuracy", ASSIGNMENT, "history, model", "train", "the cell trains or loads a model"],
        ["test_accuracy", ASSIGNMENT, "table", "cell <9>", BECAUSE[Reason.OWN]],
    ]


def test_trainings_made_and_remembered_are_told_apart(page: Page) -> None:
    text = " ".join(" ".join(page.texts).split())
    assert "Training runs 7 14 min 0 s" in text
    assert "saved" in text
    assert page.rows("cost1") == {"a callback in Python": ["2"]}


def test_charts_say_in_words_what_they_show(page: Page) -> None:
    words = [text for text in page.texts if text.startswith("Number of students by")]
    assert len(words) == 2
    assert sum(int(n) for n in re.findall(r"%: (\d+)", words[0])) == len(page.rows("students")) - 2  # not graded: two
    assert all(
        attrs.get("role") == "img" for tag, attrs in page.elements if tag == "svg" and "aria-hidden" not in attrs
    )


def test_accuracies_are_binned_between_no_points_and_all_points(page: Page) -> None:
    (words,) = [text for text in page.texts if text.startswith("Number of students by test accuracy")]
    assert "below 96.5%: 4;" in words
    assert words.endswith("No points up to 96.5%. All points from 98.5%.")
    assert ramp_edges(96.5, 98.5, [9.8, 99.1]) == [96.25 + 0.25 * place for place in range(13)]
    assert ramp_edges(39, 74, [10, 80])[:4] == [34, 39, 44, 49]
    assert fitting_edges([9.8, *(98 + place / 10 for place in range(10))])[0] > 90


def test_a_models_accuracies_stand_side_by_side(page: Page) -> None:
    head, *rows = page.tables["students"]
    at = head.index("Accuracy")
    assert head[at + 1] == "On further data"
    pairs = [(row[at], row[at + 1]) for row in rows if row[at] != "–"]
    assert len(pairs) > 50
    assert all(float(further) == pytest.approx(float(accuracy) / 2, abs=1e-4) for accuracy, further in pairs)


def test_names_and_messages_are_text_and_the_only_script_is_ours(page: Page) -> None:
    tags = [tag for tag, _ in page.elements]
    assert (tags.count("script"), tags.count("style"), tags.count("img")) == (1, 1, 0)
    attributes = [name for _, attrs in page.elements for name in attrs]
    assert not [name for name in attributes if name.startswith("on")]
    assert "style" not in attributes
    links = [str(attrs["href"]) for _, attrs in page.elements if "href" in attrs]
    assert all(LINKED.fullmatch(link) for link in links)
    assert "src" not in attributes
    assert any(HOSTILE in text for text in page.texts)


def test_the_policy_lets_in_this_script_and_this_style_alone(page: Page) -> None:
    policy = next(attrs["content"] for tag, attrs in page.elements if attrs.get("http-equiv"))
    assert policy is not None
    allowed = dict(part.split(" ", 1) for part in policy.split("; "))
    for kind in ("script", "style"):
        digest = base64.b64encode(hashlib.sha256(page.raw[kind].encode()).digest()).decode()
        assert allowed.pop(f"{kind}-src") == f"'sha256-{digest}'"
    assert set(allowed) == {"default-src", "base-uri", "form-action"}
    assert set(allowed.values()) == {"'none'"}


def test_links_lead_to_the_feedback_from_where_the_report_is(big: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "a folder" / "class.html"
    page = report(big, f"--to={elsewhere}")
    links = [str(attrs["href"]) for tag, attrs in page.elements if tag == "a" and str(attrs["href"]).startswith("./")]
    assert len(links) == len(page.rows("students")) - 2  # who has not handed in, and who needs a person
    assert all((elsewhere.parent / unquote(link)).is_file() for link in links)


def test_an_anonymous_report_has_no_name_and_keeps_its_numbers(big: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(big, tmp_path / "course")
    notebook = folder / "autograded" / "s001" / ASSIGNMENT / f"{ASSIGNMENT}.ipynb"
    node = json.loads(notebook.read_text())
    error = {"output_type": "error", "ename": "NameError", "evalue": "/home/s001/ada1.py", "traceback": []}
    for cell in node["cells"]:
        cell["outputs"] = [error]
    notebook.write_text(json.dumps(node))
    first = report(folder, "--anonymous")
    with Gradebook(f"sqlite:///{folder / 'gradebook.db'}") as gradebook:
        gradebook.add_student("a_new_one")
    second = report(folder, "--anonymous")
    text = json.dumps([second.elements, second.texts])
    assert not re.search(r"s0\d\d|[Aa]da\d|Ёлкин|a_new_one", text)
    rows, more = first.rows("students"), second.rows("students")
    assert len(more) == len(rows) + 1
    assert {name: more[name] for name in rows} == rows
    assert "Student 1" in rows


@pytest.mark.parametrize(
    "record",
    [
        '{"run": {"seconds": "<b>", "trainings": [1, {"seconds": true}], "models": {"t": {"accuracy": NaN}, "u": 3}}}',
        '{"run": {"seconds": 1e999, "models": [], "trainings": {"by": 1}}, "not_isolated": [{}]}',
        '{"run": {"rebindable": {"test_loss": [3, {"name": "x", "cell": 4, "reason": "own"}], "t": 1}}}',
        "[" * 100_000,
        "null",
        "",
    ],
)
def test_a_record_of_any_shape_is_borne(big: Path, tmp_path: Path, record: str) -> None:
    folder = shutil.copytree(big, tmp_path / "course")
    (folder / "autograded" / "s001" / ASSIGNMENT / f"{ASSIGNMENT}.record.json").write_text(record)
    (folder / "autograded" / "s002" / ASSIGNMENT / f"{ASSIGNMENT}.ipynb").write_text('{"cells": [3, {"metadata": []}]}')
    assert report(folder).rows("students")["s001 (Ada1)"][4] == "–"


def test_a_class_that_our_engine_graded(tmp_path: Path) -> None:
    course = Course(tmp_path / "course")
    course.hand_in("ada", {"test_add": 2.0, "test_mul": 0.0}, add="def add(a, b):\n    return a + b")
    course.hand_in("bob", {"test_add": None, "test_mul": 3.0}, reasons={"test_add": "a mistake in the test"})
    course.grade()
    page = report(course.folder, assignment="ps1")
    assert "rebindable" not in page.tables
    assert page.rows("tests")["test_mul"][1:] == ["3", "2", "1 (50%)", "50%", "–"]  # two students separate nothing
    assert page.rows("tests")["test_add"][1:4] == ["2", "1", "1 (100%)"]  # no score is no zero
    assert ["bob", "no score", "p1, test_add: a mistake in the test"] in page.tables["concerns"]
    assert page.tables["messages"][1:] == [["test_mul", "1", "AssertionError"]]
    assert page.rows("exercises")["Arithmetic"][0] == "9"


def test_an_assignment_that_nobody_has_handed_in(tmp_path: Path) -> None:
    page = report(Course(tmp_path / "course").folder, assignment="ps1")
    assert page.rows("students") == {}
    assert page.rows("tests")["test_mul"][1:] == ["3", "0", "–", "–", "–"]


@pytest.mark.parametrize("assignment", ["nothing", "../digits"])
def test_an_assignment_that_does_not_exist_is_said_to_be_unknown(
    big: Path, assignment: str, capsys: pytest.CaptureFixture[str]
) -> None:
    app = ReportApp()
    app.initialize([assignment, f"--course-dir={big}"])
    with pytest.raises(SystemExit) as stopped:
        app.start()
    assert stopped.value.code == 1
    assert f"{assignment}: the gradebook does not know this assignment" in capsys.readouterr().err


def test_separation_is_the_correlation_with_all_other_items() -> None:
    draw = np.random.default_rng(0)
    item, rest = (draw.random(40) < 0.4).astype(float), draw.random(40)
    assert discrimination(item.tolist(), rest.tolist()) == pytest.approx(np.corrcoef(item, rest)[0, 1])
    assert discrimination([0.0, 1.0] * 4, [0.0, 1.0] * 4) is None  # too few
    assert discrimination([1.0] * 40, rest.tolist()) is None


def test_every_value_is_in_one_bin() -> None:
    values = [-1.0, 0.0, 9.99, 10.0, 55.0, 100.0, 104.0]  # extra credit, too
    assert bins(values, [0, 10, 50, 100]) == [3, 1, 3]
    chart = histogram("Scores", "score in percent", {"all": values}, [0, 10, 50, 100])
    assert [bar.count for bar in chart.bars] == [3, 1, 3]
    for few in ([0.0], [100.0], [98.87, 98.91], [3.0, 97.0]):
        edges = fitting_edges(few)
        assert edges[0] <= min(few)
        assert max(few) <= edges[-1] <= 100 + 1e-9
        assert len(edges) > 6


def test_what_differs_between_students_is_taken_out_of_a_message() -> None:
    one = normalised("ValueError: shapes (3,4) and [[1. 2.]\n [3. 4.]] at 0x7f1 in x2 \x1b[31mred\x1b[0m, -1.5e-3")
    two = normalised("ValueError: shapes (8,9) and [[0. 2.]\n [9. 4.]] at 0xabc in x2 red, 12")
    assert one == two == "ValueError: shapes (#) and … at # in x2 red, #"
    assert len(normalised("x " * 10_000)) < 400
    assert said([{"output_type": "stream", "text": ["a\n", "last line\n"]}]) == "last line"
    assert said("nonsense") == said(None) == said([None, {"output_type": "stream", "text": 3}][:1]) == ""


def test_points_of_the_class_are_as_hard_as_they_were_made(page: Page) -> None:
    share = {name: int(row[4].removesuffix("%")) for name, row in page.rows("tests").items()}
    assert share["test_shapes"] > share["test_loss"] > share["test_gradient"]
    assert set(TESTS) <= set(share)
