"""Where candidates may have control groups, read from folders as the kernel shows them."""

from pathlib import Path

import pytest

from autograder.sandbox.cgroups import find

PID = 4321
UNIFIED = {"cgroup.controllers": "cpu memory pids", "cgroup.subtree_control": "", "cgroup.procs": f"77\n{PID}"}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "cgroup"


@pytest.fixture
def own(tmp_path: Path) -> Path:
    return tmp_path / "own"


def group(folder: Path, files: dict[str, str]) -> Path:
    folder.mkdir(parents=True)
    for name, text in files.items():
        (folder / name).write_text(f"{text}\n")
    return folder


def found(root: Path, own: Path) -> tuple[Path, ...]:
    return find(root, own, PID, root / "no systemd")


def test_one_group_of_version_2_counts_memory_and_processes(root: Path, own: Path) -> None:
    own.write_text("0::/user.slice/job.scope\n")
    group(root, UNIFIED | {"cgroup.procs": "1"})
    scope = group(root / "user.slice/job.scope", UNIFIED)
    assert found(root, own) == (scope,)


def test_in_a_container_it_is_the_outermost_that_is_seen(root: Path, own: Path) -> None:
    own.write_text("0::/machine.slice/box.scope\n")  # the machine's path, which isn't there
    group(root, UNIFIED)
    assert found(root, own) == (root,)


def test_a_grader_that_has_been_moved_finds_the_group_around(root: Path, own: Path) -> None:
    own.write_text("0::/job.scope/autograder-graders\n")
    scope = group(root / "job.scope", UNIFIED | {"cgroup.procs": ""})
    group(scope / "autograder-graders", UNIFIED)
    assert found(root, own) == (scope,)


def test_version_1_has_a_group_for_each(root: Path, own: Path) -> None:
    own.write_text("8:pids:/\n4:memory:/box/job\n1:name=systemd:/\n0::/\n")
    pids = group(root / "pids", {"cgroup.procs": str(PID)})
    memory = group(root / "memory/box/job", {"cgroup.procs": str(PID)})
    assert found(root, own) == (memory, pids)


def test_version_1_does_without_a_limit_of_processes(root: Path, own: Path) -> None:
    own.write_text("4:memory:/box\n")
    assert found(root, own) == ()
    memory = group(root / "memory/box", {"cgroup.procs": str(PID)})
    assert found(root, own) == (memory,)


def test_a_group_that_this_process_is_not_in_is_not_its_own(root: Path, own: Path) -> None:
    own.write_text("0::/job.scope\n")
    group(root / "job.scope", UNIFIED | {"cgroup.procs": "77"})
    assert found(root, own) == ()


def test_without_a_controller_for_memory_there_is_none(root: Path, own: Path) -> None:
    own.write_text("0::/\n")
    group(root, UNIFIED | {"cgroup.controllers": "cpu pids"})
    assert found(root, own) == ()


def test_where_there_are_no_groups_there_is_none(root: Path, own: Path) -> None:
    assert found(root, own) == ()
