"""The demo's course. That it is graded as a whole is seen by running it: `autograder demo`."""

from pathlib import Path

import pytest
from conftest import ROOT

from autograder import course, demo


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
    with pytest.raises(course.CourseError, match="is not an earlier demo: move it away"):
        demo.make_course(ROOT, tmp_path / "mine")
    assert (tmp_path / "mine" / "thesis.txt").read_text() == "years of work"
