"""Holds the unit tests to what they are: no process is started."""

import sys
from collections.abc import Iterator

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


@pytest.fixture(scope="session", autouse=True)
def _no_process() -> Iterator[None]:
    global _forbidden
    _forbidden = True
    yield
    _forbidden = False
