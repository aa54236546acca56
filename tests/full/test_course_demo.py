"""The demo's course and its grades; mnist is left to the demo itself, as it trains on the real data."""

from pathlib import Path

import pytest
from repository import ROOT

from autograder.course import build, demo


def test_the_demos_course_holds_a_submission_of_each_student(tmp_path: Path) -> None:
    submissions = demo.make_course(ROOT, tmp_path / "demo")
    assert len(submissions) == sum(map(len, demo.CLASS.values()))
    for student, assignment in submissions:
        assert (tmp_path / "demo" / "submitted" / student / assignment / f"{assignment}.ipynb").is_file()


def test_an_earlier_demo_is_replaced_and_anything_else_is_left_alone(tmp_path: Path) -> None:
    demo.make_course(ROOT, tmp_path / "demo")
    (tmp_path / "demo" / "left_over").touch()
    demo.make_course(ROOT, tmp_path / "demo")
    assert not (tmp_path / "demo" / "left_over").exists()
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("years of work")
    with pytest.raises(build.CourseError, match="is not an earlier demo: move it away"):
        demo.make_course(ROOT, tmp_path / "mine")
    assert (tmp_path / "mine" / "thesis.txt").read_text() == "years of work"


def test_the_demos_class_is_graded_and_each_grade_has_its_status(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(demo.CLASS, "mnist")
    folder = tmp_path / "demo"
    demo.make_course(ROOT, folder)
    demo.prepare(folder)
    demo.grade(folder, "foundations")
    grades = {grade.student: (grade.score, grade.status) for grade in demo.publish(folder)}
    assert grades == {
        "perfect": (100, "graded"),
        "colab": (100, "graded"),
        "syntax_error": (91, "graded"),
        "empty": (0, "graded after fixes"),
        "cut_off": (None, "needs review"),
    }
    assert (folder / "feedback" / "perfect" / "foundations" / "foundations.html").is_file()


def test_a_demo_in_which_nobody_is_graded_says_so(tmp_path: Path) -> None:
    demo.make_course(ROOT, tmp_path / "demo")
    with pytest.raises(build.CourseError, match="graded nothing; see the reason above"):
        demo.grade(tmp_path / "demo", "foundations")
