"""Measuring: what is proposed, what is kept."""

import json
from pathlib import Path

import numpy as np
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


@pytest.mark.parametrize(("seeds", "factor"), [(5, 5.741), (10, 3.981), (20, 3.295), (50, 2.862)])
def test_the_tolerance_factor_is_that_of_the_published_tables(seeds: int, factor: float) -> None:
    """For 99 % of runs at 95 % confidence: table B1 of Krishnamoorthy and Mathew, Statistical Tolerance Regions."""
    assert accuracy.tolerance_factor(seeds, 0.99) == pytest.approx(factor, abs=0.0006)
    assert accuracy.covered(seeds, factor) == pytest.approx(0.99, abs=1e-4)


def test_three_deviations_of_ten_seeds_are_reached_by_95_6_of_100_runs() -> None:
    assert accuracy.covered(10, 3) == pytest.approx(0.956, abs=0.0005)


def test_as_many_drawn_runs_reach_the_limit_as_are_said_to() -> None:
    """10 seeds are drawn again and again; in 95 % of draws the limit is one that 99 % of all runs reach."""
    draw = np.random.default_rng(0)
    runs = draw.normal(0.9, 0.01, (20_000, 10))
    limits = runs.mean(axis=1) - accuracy.tolerance_factor(10, 0.99) * runs.std(axis=1, ddof=1)
    assert (limits <= 0.9 - 2.3263 * 0.01).mean() == pytest.approx(0.95, abs=0.005)


def test_the_minimum_is_the_tolerance_limit_rounded_down_to_half_a_point() -> None:
    assert Summary("mnist", "reference", 10, 0.98899, 0.0010).minimum == 0.985  # 0.98501
    assert Summary("mnist", "reference", 10, 0.98897, 0.0010).minimum == 0.980  # 0.98499
    assert Summary("mnist", "reference", 2, 0.5, 0.1).minimum == 0  # 37.1 deviations: two seeds tell nothing
    assert Summary("mnist", "reference", 10, 0.98853, 0.00071).coverage(0.985) > 0.99


def test_baseline_is_the_mean_rounded_up_to_half_a_point() -> None:
    assert Summary("mnist", "dense", 10, 0.9601, 0).baseline == 0.965
    assert Summary("mnist", "dense", 10, 0.9650, 0).baseline == 0.965


def test_summary_gives_mean_and_sample_deviation(folder: Path) -> None:
    accuracy.save(folder, kept(folder, [0.5, 0.7, 0.9]))
    (summary,) = accuracy.summaries(folder)
    assert (summary.seeds, summary.mean) == (3, pytest.approx(0.7))
    assert summary.deviation == pytest.approx(0.2)
    assert "| mnist | reference | 3 | 0.7000 | 0.2000 | minimum 0.000 | 72.1 % |  |" in accuracy.table(folder)


def test_runs_that_do_not_differ_all_reach_the_minimum(folder: Path) -> None:
    accuracy.save(folder, kept(folder, [0.987, 0.987]))
    assert "| mnist | reference | 2 | 0.9870 | 0.0000 | minimum 0.985 | 100.0 % |  |" in accuracy.table(folder)


def test_the_table_says_what_an_unlucky_run_loses(folder: Path) -> None:
    accuracy.save(folder, kept(folder, [0.5, 0.51, 0.49], "dense") + kept(folder, [0.980, 0.982, 0.984, 0.986, 0.988]))
    row = accuracy.table(folder).splitlines()[-1]
    # 5.74 deviations below 0.984 reach 99 %: 0.9658; 7.50 below: 0.9602. The minimum is 0.965, the baseline 0.5.
    assert row == "| mnist | reference | 5 | 0.9840 | 0.0032 | minimum 0.965 | 99.2 % | 1.1 % |"


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
