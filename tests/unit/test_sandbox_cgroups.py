"""What control groups leave of the machine, read from folders as the kernel shows them."""

import math
from pathlib import Path

import pytest

from autograder.sandbox import cgroups

GIB = 1 << 30


def shown(root: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(f"{text}\n")
    return root


@pytest.fixture
def own(tmp_path: Path) -> Path:
    return tmp_path / "own"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "cgroup"


def test_in_a_container_the_limits_are_those_of_the_outermost_group(root: Path, own: Path) -> None:
    own.write_text("0::/\n")
    shown(root, {"cpu.max": "150000 100000", "memory.max": str(8 * GIB), "memory.current": str(3 * GIB)})
    shown(root, {"memory.stat": f"anon {GIB}\nfile {2 * GIB}\ninactive_file {GIB}"})
    assert cgroups.processors(root, own) == 1.5
    assert cgroups.memory(root, own) == 6 * GIB


def test_the_least_of_all_groups_around_counts(root: Path, own: Path) -> None:
    own.write_text("0::/user.slice/job.scope\n")
    shown(root, {"user.slice/cpu.max": "200000 100000", "user.slice/job.scope/cpu.max": "max 100000"})
    shown(root, {"user.slice/memory.max": str(4 * GIB), "user.slice/memory.current": "0"})
    shown(root, {"user.slice/job.scope/memory.max": str(6 * GIB), "user.slice/job.scope/memory.current": "0"})
    assert cgroups.processors(root, own) == 2
    assert cgroups.memory(root, own) == 4 * GIB


def test_what_has_no_limit_is_not_limited(root: Path, own: Path) -> None:
    own.write_text("0::/\n")
    shown(root, {"cpu.max": "max 100000", "memory.max": "max", "memory.current": str(GIB)})
    assert cgroups.processors(root, own) == math.inf
    assert cgroups.memory(root, own) == math.inf


def test_groups_of_version_1_are_read_as_well(root: Path, own: Path) -> None:
    own.write_text("8:cpu,cpuacct:/machine/box\n4:memory:/machine/box\n1:name=systemd:/machine/box\n")
    shown(root, {"cpu/cpu.cfs_quota_us": "400000", "cpu/cpu.cfs_period_us": "100000"})
    shown(root, {"memory/memory.limit_in_bytes": str(8 * GIB), "memory/memory.usage_in_bytes": str(2 * GIB)})
    shown(root, {"memory/memory.stat": f"inactive_file 0\ntotal_inactive_file {GIB}"})
    assert cgroups.processors(root, own) == 4
    assert cgroups.memory(root, own) == 7 * GIB


def test_version_1_without_a_limit_is_not_limited(root: Path, own: Path) -> None:
    own.write_text("8:cpu:/\n")
    shown(root, {"cpu/cpu.cfs_quota_us": "-1", "cpu/cpu.cfs_period_us": "100000"})
    assert cgroups.processors(root, own) == math.inf


def test_a_group_that_is_full_leaves_nothing(root: Path, own: Path) -> None:
    own.write_text("0::/\n")
    shown(root, {"memory.max": str(GIB), "memory.current": str(2 * GIB)})
    assert cgroups.memory(root, own) == 0


def test_where_there_are_no_groups_nothing_is_limited(root: Path, own: Path) -> None:
    assert cgroups.processors(root, own) == math.inf
    assert cgroups.memory(root, own) == math.inf
