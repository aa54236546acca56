"""Where our scores differ from plain nbgrader's on purpose: the list that docs/differences.md gives instructors."""

from pathlib import Path

import nbformat
import pytest
from engines import Marks, add_config, autograder, hand_in, marks, plain_copy
from nbformat.v4 import new_code_cell, new_notebook

from autograder.course import build

TESTS = {  # two points each; `answer` is the student's, and the reference's is "right"
    "test_stderr": 'import sys\nprint("a warning", file=sys.stderr)\nassert answer',
    "test_stderr_wrong": 'print("a warning", file=sys.stderr)\nassert answer == "right"',
    "test_numpy": 'import numpy as np\nnp.float64({"odd": 0.5}.get(answer, 2))',
    "test_nan": '{"odd": float("nan")}.get(answer, 2)',
    "test_negative": '{"odd": -1}.get(answer, 2)',
    "test_much": '{"greedy": 7}.get(answer, 2)',
    "test_partial": '{"odd": 0.25}.get(answer, 2)',
}


def _marked(source: str, grade_id: str, **flags: object) -> nbformat.NotebookNode:
    flags = {"grade": False, "solution": False, "locked": False, "task": False, "schema_version": 3, **flags}
    return new_code_cell(source, metadata={"nbgrader": {"grade_id": grade_id, **flags}})


class Both:
    """A class graded by both."""

    def __init__(self, base: Path) -> None:
        """Make the course in `base`, and grade it."""
        folder = base / "ours"
        (folder / "source" / "ps1").mkdir(parents=True)
        answer = '### BEGIN SOLUTION\nanswer = "right"\n### END SOLUTION'
        cells = [_marked(answer, "answer", solution=True)]
        cells += [_marked(text, name, grade=True, locked=True, points=2.0) for name, text in TESTS.items()]
        kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
        nbformat.write(new_notebook(cells=cells, metadata={"kernelspec": kernel}), folder / "source/ps1/p1.ipynb")
        add_config(folder)
        build.nbgrader(folder, "generate_assignment", "ps1", "--create")
        for answer in ("right", "odd", "greedy"):
            hand_in(folder, answer, "ps1", "p1", answer=f'answer = "{answer}"')
        plain = plain_copy(folder, base / "plain")
        with pytest.raises(build.CourseError, match="partial credit cannot be greater"):  # "greedy", which stops there
            build.nbgrader(plain, "autograde", "ps1")
        self.said = autograder(folder, "grade", "ps1")
        self._ours, self._plain = marks(folder, "ps1"), marks(plain, "ps1")
        self.notebook = (folder / "autograded" / "odd" / "ps1" / "p1.ipynb").read_text()

    def scores(self, student: str, test: str) -> tuple[float | None, float | None]:
        """Plain nbgrader's score, and ours."""
        found: list[Marks] = [self._plain, self._ours]
        return found[0][student, "p1", test][0], found[1][student, "p1", test][0]

    def waits(self, student: str, test: str) -> bool:
        """Whether it waits for a person."""
        return self._ours[student, "p1", test][1]


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Both:
    return Both(tmp_path_factory.mktemp("differences"))


def test_what_a_test_writes_to_stderr_costs_no_points(both: Both) -> None:
    assert both.scores("right", "test_stderr") == (0, 2)


def test_a_test_that_fails_and_writes_to_stderr_gives_none(both: Both) -> None:
    assert both.scores("odd", "test_stderr_wrong") == (0, 0)


def test_partial_credit_as_a_numpy_scalar_counts(both: Both) -> None:
    assert both.scores("odd", "test_numpy") == (2, 0.5)
    assert both.scores("right", "test_numpy") == (2, 2)


def test_partial_credit_as_a_plain_number_is_as_ever(both: Both) -> None:
    assert both.scores("odd", "test_partial") == (0.25, 0.25)


@pytest.mark.parametrize("test", ["test_nan", "test_negative"])
def test_a_score_that_is_none_is_the_instructors_mistake_and_waits_for_a_person(both: Both, test: str) -> None:
    plain, ours = both.scores("odd", test)
    assert (plain, ours) == (2, None)
    assert both.waits("odd", test)
    assert "can only give 0 to 2" in next(line for line in both.said.splitlines() if f"p1, {test}:" in line)


def test_too_many_points_stop_the_notebook_in_nbgrader_and_only_the_cell_here(both: Both) -> None:
    assert both.scores("greedy", "test_much") == (None, None)
    assert both.waits("greedy", "test_much")
    assert both.scores("greedy", "test_partial") == (None, 2)  # the cell after it


def test_the_autograded_notebook_says_why_there_is_no_score(both: Both) -> None:
    assert "Not graded: the test gave nan points" in both.notebook
