"""Holds the unit tests to what they are: no process is started."""

import multiprocessing.process
import sys
from collections.abc import Generator
from pathlib import Path

import jupytext  # noqa: F401  asks pandoc for its version while it is imported
import pytest

STARTS = {
    "os.exec",
    "os.fork",
    "os.forkpty",
    "os.posix_spawn",
    "os.system",
    "subprocess.Popen",
}  # CPython's audit events
_forbidden = False


class ProcessStarted(AssertionError):
    """A unit test has started a process: it belongs to tests/integration."""


def _refuse(event: str, arguments: tuple[object, ...]) -> None:
    if _forbidden and event in STARTS:
        raise ProcessStarted(f"{event}{arguments!r:.200}")


sys.addaudithook(_refuse)
_start = multiprocessing.process.BaseProcess.start


def _start_unless_forbidden(process: multiprocessing.process.BaseProcess) -> None:
    _refuse("os.fork", (process,))  # multiprocessing forks by a function that tells no audit hook
    _start(process)


multiprocessing.process.BaseProcess.start = _start_unless_forbidden  # type: ignore[method-assign]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """Within a unit test, its fixtures included, no process may be started; other tests run in this process too."""
    global _forbidden
    _forbidden = Path(__file__).parent in item.path.parents
    try:
        return (yield)
    finally:
        _forbidden = False
