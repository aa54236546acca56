"""The same class under plain nbgrader and under our engine: equal marks, cell for cell, and where they differ why."""

from pathlib import Path

import pytest
from engines import (
    GUIDE,
    Marks,
    autograder,
    hand_in,
    marks,
    plain_copy,
    quickstart,
    reference_answers,
    sample_graded,
    sample_graded_plain,
)
from sample_scores import ENDLESS, EXPECTED

from autograder.course import build

USES_SQUARES = "sum_of_squares_uses_squares"  # it deletes a helper of the student's
NO_CHECK = "def squares(n):\n    return [i ** 2 for i in range(1, n + 1)]"
OFF_BY_ONE = "def squares(n):\n    if n < 1:\n        raise ValueError\n    return [i ** 2 for i in range(n)]"
NOT_BY_SQUARES = "def sum_of_squares(n):\n    return n * (n + 1) * (2 * n + 1) // 6"


class Graded:
    """A quickstart course graded by plain nbgrader, and by ours."""

    def __init__(self, base: Path, *, autotest: bool) -> None:
        """Make it in `base`, with a class."""
        self.folder = quickstart(base / "ours", autotest=autotest)
        solved = {name: reference_answers(self.folder, "ps1", name) for name in ("problem1", "problem2")}
        for student, answers in {
            "solves_all": {},
            "no_check": {"squares": NO_CHECK},
            "off_by_one": {"squares": OFF_BY_ONE},
            "by_formula": {"sum_of_squares": NOT_BY_SQUARES},
            "raises": {"squares": "raise RuntimeError('half way')"},
            "prints": {"squares": f"print('hello')\n{solved['problem1']['squares']}\nprint(squares(3))"},
        }.items():
            hand_in(self.folder, student, "ps1", "problem1", **{**solved["problem1"], **answers})
        hand_in(self.folder, "solves_all", "ps1", "problem2", **solved["problem2"])  # no other has a problem2
        hand_in(self.folder, "blank", "ps1", "problem1")
        if not autotest:
            for student in ("bitdiddle", "hacker"):  # nbgrader's own
                for path in (GUIDE / "submitted" / student / "ps1").iterdir():
                    to = self.folder / "submitted" / student / "ps1" / path.name
                    to.parent.mkdir(parents=True, exist_ok=True)
                    to.write_bytes(path.read_bytes())
        plain = plain_copy(self.folder, base / "plain")
        build.nbgrader(plain, "autograde", "ps1")
        self.plain = marks(plain, "ps1")
        self.said = autograder(self.folder, "grade", "ps1")
        self.ours = marks(self.folder, "ps1")


@pytest.fixture(scope="module", params=[False, True], ids=["quickstart", "autotest"])
def graded(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Graded:
    return Graded(tmp_path_factory.mktemp("quickstart"), autotest=request.param)


def test_every_cell_is_isolated_and_has_nbgraders_score(graded: Graded) -> None:
    assert len({student for student, _, _ in graded.plain}) >= 7
    assert graded.ours == graded.plain
    assert "can't be graded in isolation" not in graded.said


def test_the_class_has_right_and_wrong_answers(graded: Graded) -> None:
    found = {(student, cell): score for (student, _, cell), (score, _) in graded.plain.items()}
    assert found["solves_all", "correct_squares"] == 1
    assert found["off_by_one", "correct_squares"] == 0
    assert found["blank", "correct_sum_of_squares"] == 0


def test_a_test_that_deletes_a_helper_sees_who_does_without_it(graded: Graded) -> None:
    found = {student: score for (student, _, cell), (score, _) in graded.ours.items() if cell == USES_SQUARES}
    assert found["solves_all"] > found["by_formula"] == 0


# Our own class


@pytest.fixture(scope="module")
def foundations() -> tuple[Marks, Marks]:
    """The marks of every second student of the sample class, and of `empty`: plain nbgrader's, and ours."""
    students = tuple(name for name in EXPECTED["foundations"] if name != ENDLESS)
    compared = {*students[::2], "empty"}
    plain = marks(sample_graded_plain("foundations", tuple(sorted(compared))), "foundations")
    ours = marks(sample_graded("foundations", students), "foundations")
    return plain, {key: mark for key, mark in ours.items() if key[0] in compared}


def test_foundations_has_nbgraders_scores_for_the_sample_class(foundations: tuple[Marks, Marks]) -> None:
    plain, ours = ({key: mark for key, mark in found.items() if key[0] != "empty"} for found in foundations)
    assert len({student for student, _, _ in ours}) >= len(EXPECTED["foundations"]) // 2 - 1
    assert ours == plain


def test_deleted_tests_are_put_back_and_scored_where_nbgrader_leaves_them_to_a_person(
    foundations: tuple[Marks, Marks],
) -> None:
    plain, ours = ({mark for (student, _, _), mark in found.items() if student == "empty"} for found in foundations)
    assert plain == {(None, True)}
    assert ours == {(0, False)}


def test_mnist_has_nbgraders_scores() -> None:
    students = ("perfect", "exception_half_way")
    ours = marks(sample_graded("mnist", tuple(name for name in EXPECTED["mnist"] if name != ENDLESS)), "mnist")
    plain = marks(sample_graded_plain("mnist", students), "mnist")
    assert {key: mark for key, mark in ours.items() if key[0] in students} == plain
