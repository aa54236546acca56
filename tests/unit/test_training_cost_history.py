"""What earlier trainings took gives what others should take; a damaged or missing file is an empty one."""

from pathlib import Path

import pytest

from autograder.training.cost_history import ARCHITECTURES, NAME, CostHistory, Workload

SMALL = Workload("small", examples=100.0, size=1000.0)
LARGE = Workload("large", examples=100.0, size=5000.0)


def test_without_trainings_the_estimate_decides() -> None:
    history = CostHistory(None)
    assert history.expected(LARGE) == 5 * history.expected(SMALL)


def test_a_training_decides_for_its_architecture_in_proportion_to_examples() -> None:
    history = CostHistory(None)
    history.note(SMALL, 50.0)
    assert history.expected(Workload("small", examples=300.0, size=1.0)) == pytest.approx(150.0)


def test_others_are_estimated_by_the_median_of_what_was_seen() -> None:
    history = CostHistory(None)
    for name, seconds in (("a", 1.0), ("b", 2.0), ("c", 90.0)):
        history.note(Workload(name, 100.0, 1000.0), seconds)
    assert history.expected(LARGE) == pytest.approx(10.0)


def test_another_process_reads_what_was_noted(tmp_path: Path) -> None:
    CostHistory(tmp_path / "trainings").note(SMALL, 50.0)
    assert CostHistory(tmp_path / "trainings").expected(SMALL) == pytest.approx(50.0)


@pytest.mark.parametrize(
    "content", [b"", b"[]", b'{"small": 1}', b"\xff", b'{"small": {"per_example": "1", "per_size": 1}}']
)
def test_a_damaged_file_is_an_empty_one(tmp_path: Path, content: bytes) -> None:
    (tmp_path / NAME).write_bytes(content)
    history = CostHistory(tmp_path)
    assert history.expected(SMALL) == CostHistory(None).expected(SMALL)
    history.note(SMALL, 50.0)
    assert CostHistory(tmp_path).expected(SMALL) == pytest.approx(50.0)


def test_the_architecture_noted_longest_ago_is_forgotten_first() -> None:
    history = CostHistory(None)
    history.note(SMALL, 50.0)
    history.note(LARGE, 50.0)
    history.note(SMALL, 60.0)
    for number in range(ARCHITECTURES - 1):
        history.note(Workload(str(number), 100.0, 1000.0), 1.0)
    assert history.expected(SMALL) == pytest.approx(60.0)
    assert history.expected(LARGE) == pytest.approx(5.0)  # by the median
