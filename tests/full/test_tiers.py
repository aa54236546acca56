"""The three tiers of tests: each holds the one before, and what CI runs is everything but `network`."""

import shlex
import tomllib
from pathlib import Path

import pytest
from repository import ROOT
from tiers import NOT_IN_CI, never_run

from autograder.cli.test import PYTEST, steps

PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["pytest"]["ini_options"]
XDIST = PYTEST[1:]


def arguments(*, full: bool) -> list[str]:
    """What `autograder test` gives to pytest, but for how tests are divided among processes."""
    module, *given = steps(full=full)["tests"]
    assert module == "pytest"
    return [word for word in given if word not in XDIST]


def test_each_tier_holds_the_one_before_and_more() -> None:
    unit = [path for path in PYPROJECT["testpaths"] if path != "tests/gpu"]  # there so that `pytest -m gpu` finds it
    integration, full = arguments(full=False), arguments(full=True)
    assert set(unit) < set(integration) < set(full)
    assert all(any((ROOT / path).glob("test_*.py")) for path in full)


def test_ci_runs_the_full_tier() -> None:
    last = (ROOT / ".ci" / "run").read_text(encoding="utf-8").strip().splitlines()[-1]
    assert shlex.split(last) == ["exec", "python3", "-m", "autograder", "test", "--full"]


def test_no_test_is_left_out_of_every_tier() -> None:
    assert never_run(ROOT, arguments(full=True)) == set()


def test_the_only_marker_is_that_of_tests_that_ci_leaves_out() -> None:
    assert {marker.partition(":")[0] for marker in PYPROJECT["markers"]} == NOT_IN_CI


@pytest.mark.parametrize(
    "plant",
    ["import pytest\n\n@pytest.mark.slow\ndef test_planted(): pass\n", "def test_planted(): pass\n"],
    ids=["deselected", "in no folder of a tier"],
)
def test_a_test_that_nothing_runs_is_found(tmp_path: Path, plant: str) -> None:
    (tmp_path / "pyproject.toml").write_text('[tool.pytest.ini_options]\nmarkers = ["slow", "network"]\n')
    folder = tmp_path / "tests" / ("full" if "slow" in plant else "elsewhere")
    folder.mkdir(parents=True)
    (folder / "test_planted.py").write_text(plant)
    (tmp_path / "tests" / "full").mkdir(exist_ok=True)
    (tmp_path / "tests" / "full" / "test_other.py").write_text("def test_other(): pass\n")
    found = never_run(tmp_path, ["tests/full", "-m", "not slow and not network"])
    assert [name.rpartition("::")[2] for name in found] == ["test_planted"]
