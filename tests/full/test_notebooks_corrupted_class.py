"""A class with every kind of damage in it, graded in one run: intact answers keep all their points."""

import json
from pathlib import Path

import corrupted_class
import pytest
from corrupted_class import BY_HAND, POINTS, UNREADABLE
from damage import DAMAGES
from engines import Marks, autograder, marks
from nbgrader.api import Gradebook

UNREADABLE_KINDS = ["truncated", *UNREADABLE]


class Class:
    """The class, graded."""

    def __init__(self, folder: Path) -> None:
        """Make it in `folder`, and grade it in one run; the exit code says that not all could be graded."""
        corrupted_class.make(folder)
        self.folder = folder
        self.said = autograder(folder, "grade", "ps1", code=1)
        self.scores = corrupted_class.automatic(folder)
        self.marks: Marks = marks(folder, "ps1")


@pytest.fixture(scope="module")
def graded(tmp_path_factory: pytest.TempPathFactory) -> Class:
    return Class(tmp_path_factory.mktemp("corrupted") / "course")


@pytest.mark.parametrize("kind", ["whole", *DAMAGES])
def test_intact_answers_keep_all_their_points_and_what_a_person_grades_waits(graded: Class, kind: str) -> None:
    assert graded.scores[kind] == POINTS
    assert {graded.marks[kind, "problem1", cell] for cell in BY_HAND} == {(None, True)}


@pytest.mark.parametrize("kind", UNREADABLE_KINDS)
def test_an_unreadable_notebook_needs_a_person_and_gets_no_zero(graded: Class, kind: str) -> None:
    assert kind not in graded.scores
    status = json.loads((graded.folder / ".autograder" / "status" / "ps1" / f"{kind}.json").read_text())
    assert status["notebooks"]["problem1"]["status"] == "needs a person"
    assert status["notebooks"]["problem1"]["message"]
    assert [
        line
        for line in graded.said.splitlines()
        if f"problem1: {status['notebooks']['problem1']['message'][:40]}" in line and kind in line
    ]


def test_the_summary_counts_who_needs_a_person(graded: Class) -> None:
    assert f"needs review: {len(UNREADABLE_KINDS)}\n" in graded.said
    assert "fault" not in graded.said


def test_the_gradebook_has_a_submission_of_each_readable_notebook_alone(graded: Class) -> None:
    with Gradebook(f"sqlite:///{graded.folder / 'gradebook.db'}") as gradebook:
        found = {submission.student.id for submission in gradebook.assignment_submissions("ps1")}
    assert found == {"whole", *DAMAGES}


def test_at_least_thirty_kinds_of_damage_are_in_the_class() -> None:
    assert len(DAMAGES) >= 30


def test_what_plain_nbgrader_gives_has_been_measured_for_every_kind() -> None:
    measured = json.loads(corrupted_class.MEASURED.read_text())
    for kept in measured.values():
        assert kept.keys() == {"whole", *DAMAGES}
    assert measured["one by one"]["whole"] == sum(POINTS.values())
