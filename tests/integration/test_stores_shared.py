"""What is stored on disk, used by several processes at once."""

import multiprocessing
from collections.abc import Callable
from pathlib import Path
from typing import Any

from store_writers import DIGEST, LIMIT, use_the_cache, write_one_outcome

from autograder.grading.result_store import Store


def exit_codes(run: Callable[..., None], *calls: tuple[Any, ...]) -> list[int | None]:
    """What processes that run at once, one for each call, ended with."""
    processes = [multiprocessing.get_context("spawn").Process(target=run, args=arguments) for arguments in calls]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    return [process.exitcode for process in processes]


def test_several_processes_write_one_outcome(tmp_path: Path) -> None:
    assert exit_codes(write_one_outcome, (tmp_path,), (tmp_path,)) == [0, 0]
    found = Store(tmp_path).get(DIGEST)
    assert found is not None
    assert found.message == "19"
    assert [path.suffix for path in tmp_path.rglob("*") if path.is_file()] == [".outcome"]


def test_several_processes_use_one_cache_of_trainings(tmp_path: Path) -> None:
    assert exit_codes(use_the_cache, *((tmp_path, seed) for seed in range(3))) == [0, 0, 0]
    total = sum(path.stat().st_size for path in tmp_path.glob("[0-9a-f][0-9a-f]/[!.]*"))
    assert 0 < total <= LIMIT + 3 * 5000
