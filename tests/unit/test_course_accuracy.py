"""Measuring: what is proposed, what is kept."""

import json
from pathlib import Path

import pytest
from repository import ROOT, copy_course

from autograder.course import accuracy
from autograder.course.accuracy import Measurement, Summary


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = copy_course(tmp_path / "course", "solutions")
    (folder / "solutions" / "accuracy.json").unlink(missing_ok=True)
    return folder


def kept(folder: Path, values: list[float], network: str = "reference") -> list[Measurement]:
    digest = accuracy.digest(folder, "mnist", network)
    return [Measurement("mnist", network, seed, value, 10.0, digest) for seed, value in enumerate(values, start=1)]


def test_minimum_is_mean_minus_three_deviations_rounded_down_to_half_a_point() -> None:
    assert Summary("mnist", "reference", 10, 0.9890, 0.0010).minimum == 0.985  # 0.9860
    assert Summary("mnist", "reference", 10, 0.9880, 0.0010).minimum == 0.985  # 0.9850 exactly
    assert Summary("mnist", "reference", 10, 0.9879, 0.0010).minimum == 0.980


def test_baseline_is_the_mean_rounded_up_to_half_a_point() -> None:
    assert Summary("mnist", "dense", 10, 0.9601, 0).baseline == 0.965
    assert Summary("mnist", "dense", 10, 0.9650, 0).baseline == 0.965


def test_summary_gives_mean_and_sample_deviation(folder: Path) -> None:
    accuracy.save(folder, kept(folder, [0.5, 0.7, 0.9]))
    (summary,) = accuracy.summaries(folder)
    assert (summary.seeds, summary.mean) == (3, pytest.approx(0.7))
    assert summary.deviation == pytest.approx(0.2)
    assert "| mnist | reference | 3 | 0.7000 | 0.2000 | minimum 0.100 |" in accuracy.table(folder)


def test_measurements_of_a_changed_text_are_left_out(folder: Path) -> None:
    accuracy.save(folder, kept(folder, [0.5]))
    assert len(accuracy.load(folder)) == 1
    path = folder / "solutions" / "mnist.py"
    path.write_text(path.read_text().replace("Conv2D(32", "Conv2D(16"))
    assert accuracy.load(folder) == []


def test_a_missing_cell_is_named(folder: Path) -> None:
    path = folder / "solutions" / "mnist.py"
    path.write_text(path.read_text().replace('"grade_id": "run_training"', '"grade_id": "other"'))
    with pytest.raises(KeyError, match=r"mnist\.py has no cell run_training"):
        accuracy.cells(folder, "mnist")


def test_committed_measurements_are_all_of_the_committed_texts() -> None:
    rows = json.loads((ROOT / "solutions" / "accuracy.json").read_text())
    assert len(accuracy.load(ROOT)) == len(rows)


def test_a_half_written_file_never_replaces_the_measurements(folder: Path) -> None:
    rows = kept(folder, [0.5, 0.6])
    accuracy.save(folder, rows)
    (folder / "solutions" / "accuracy.new").write_text("[{")  # as after a kill
    assert accuracy.load(folder) == rows
    accuracy.save(folder, rows[:1])
    assert accuracy.load(folder) == rows[:1]
