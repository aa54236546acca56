"""What `autograder grade` shows while it runs."""

import io
from collections.abc import Callable
from typing import Any

import pytest

from autograder.cli.console import Console
from autograder.cli.progress import LiveTable
from autograder.grading.job import Event, ReviewItem, ReviewKind, Status
from autograder.grading.record import NotebookStatus, SubmissionStatus
from autograder.grading.submission import Submission
from autograder.notebooks.reading import Mend
from autograder.training.training_record import RunningTraining, TrainerStatus

RUNNING = RunningTraining(("ada", "bob"), epoch=3, epochs=10, seconds=2.0, left=14.0)
BEGUN = RunningTraining(("bob",), epoch=None, epochs=None, seconds=None, left=None)


@pytest.fixture
def watcher() -> LiveTable:
    """A table of two students, one of whom is at a cell."""
    made = LiveTable(Console(file=io.StringIO(), width=100, height=30))
    made.planned([Submission(student, "ps", None, []) for student in ("ada", "bob")], [])  # type: ignore[arg-type]
    made.event(Event("ada", "ps", "running", 3, 20))
    return made


def shown(watcher: LiveTable) -> str:
    text: Any = io.StringIO()
    Console(file=text, width=100).print(watcher.fitting())
    return " ".join(text.getvalue().split())


def test_the_table_says_where_each_student_is(watcher: LiveTable) -> None:
    assert "ps: running 3/20" in shown(watcher)
    assert "waiting" in shown(watcher)
    assert "0 of 2 done" in shown(watcher)


def test_the_table_says_on_which_worker_of_a_cluster_it_is(watcher: LiveTable) -> None:
    watcher.event(Event("bob", "ps", "test_add", 4, 20, node="worker-3"))
    assert "ps: test_add 4/20 on worker-3" in shown(watcher)


def test_the_table_says_what_is_trained_and_for_how_long(watcher: LiveTable) -> None:
    watcher.trainings(TrainerStatus((RUNNING,), waiting=2, trained=5, remembered=7))
    assert "training runs: 2 waiting, 5 trained, 7 reused" in shown(watcher)
    assert "ada and 1 more: epoch 3/10, about 14 s left" in shown(watcher)


def test_a_training_that_has_just_begun_has_no_epoch_yet(watcher: LiveTable) -> None:
    watcher.trainings(TrainerStatus((BEGUN,), waiting=0, trained=0, remembered=0))
    assert "bob: starting" in shown(watcher)


def test_the_summary_counts_the_trainings(watcher: LiveTable) -> None:
    watcher.trainings(TrainerStatus((), waiting=0, trained=5, remembered=7))
    assert "training runs: 5 trained, 7 reused" in dict(watcher.summary())


def test_what_needs_a_person_and_what_was_our_fault_are_told_apart_by_colour() -> None:
    out = io.StringIO()
    table = LiveTable(Console(file=out, force_terminal=True, color_system="standard", width=100))
    for student, status in (("eve", "needs a person"), ("bob", "fault")):
        table.statuses.append(SubmissionStatus(student, "ps", "", {"p1": NotebookStatus(status, message="why")}))
    table.conclude()
    assert "\x1b[33mneeds review: 1\x1b[0m\n    eve, p1: why\n" in out.getvalue()
    assert "\x1b[1;31mnot graded: grader error: 1\x1b[0m\n    bob, p1: why\n" in out.getvalue()


def summary(*statuses: SubmissionStatus) -> list[str]:
    table = LiveTable(Console(file=io.StringIO(), width=100))
    table.statuses.extend(statuses)
    return [line for line, _ in table.summary()]


def class_of(count: int, made: Callable[[int], NotebookStatus], *review: ReviewItem) -> list[SubmissionStatus]:
    return [SubmissionStatus(f"s{number}", "ps", "", {"p1": made(number)}, review) for number in range(count)]


def test_what_was_put_right_in_the_same_cell_of_everybody_is_one_line() -> None:
    def mended(number: int) -> NotebookStatus:
        text = "its text had been changed; the instructor's text restored"
        return NotebookStatus(Status.GRADED, mends=(Mend("test_mul", text, ""),))

    label, line = summary(*class_of(300, mended))
    assert label == "graded after fixes: 300"
    assert line.startswith("    300 students, p1: test_mul: its text had been changed")
    assert line.endswith("(s0, s1, s2, s3, …)")


def test_remarks_that_differ_in_numbers_and_cells_alone_are_one_line() -> None:
    def mended(number: int) -> NotebookStatus:
        text = f"split off from cell {number}, into which it had been merged"
        return NotebookStatus(Status.GRADED, mends=(Mend(f"test_{number}", text, ""),))

    _, line = summary(*class_of(30, mended))
    assert line.startswith("    30 students, p1: 30 cells: split off from cell #")
    _, line = summary(*class_of(1, mended))
    assert line == "    s0, p1: test_0: split off from cell 0, into which it had been merged"


def test_of_those_who_need_a_person_everybody_is_named() -> None:
    _, line = summary(*class_of(30, lambda number: NotebookStatus(Status.NEEDS_PERSON, message="no notebook")))
    assert all(f"s{number}" in line for number in range(30))


def test_what_a_person_should_look_at_in_every_submission_is_one_line() -> None:
    graded = NotebookStatus(Status.GRADED)
    lines = summary(*class_of(300, lambda number: graded, ReviewItem(ReviewKind.REMARK, "left out: x.pkl")))
    assert lines[-2:] == ["please check:", "    300 students: left out: x.pkl (s0, s1, s2, s3, …)"]
