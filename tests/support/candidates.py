"""Candidates for tests: real kernels, in a real sandbox where one can be made."""

from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from autograder.kernel.candidate import Candidate, CellRun
from autograder.kernel.fork_server import ForkServerPool
from autograder.kernel.kernelspec import Kernel
from autograder.sandbox import bubblewrap
from autograder.sandbox.limits import Limits

needs_sandbox = pytest.mark.skipif(bubblewrap.check() is not None, reason=str(bubblewrap.check()))
Start = Callable[..., Candidate]


@pytest.fixture(scope="module")
def fork_servers() -> Iterator[ForkServerPool]:
    """One at a time, as a worker has them."""
    kept = ForkServerPool()
    yield kept
    kept.close()


# For what may differ between a candidate that is forked, as in a grading, and one that is started in its own sandbox.
forked_and_alone = pytest.mark.parametrize("start", ["forked", "alone"], indirect=True)


@pytest.fixture(name="start")
def starter(request: pytest.FixtureRequest, fork_servers: ForkServerPool) -> Iterator[Start]:
    """Starts candidates, forked in a fork server unless `forked_and_alone` says otherwise; closes them at the end."""
    started: list[Candidate] = []

    def new(files: dict[str, Path] | None = None, *, sandboxed: bool = True, **limits: float) -> Candidate:
        wanted, fork_server = Limits(**limits), None
        if sandboxed and getattr(request, "param", "forked") == "forked":
            fork_server = fork_servers.of(Kernel(), int(wanted.disk_bytes), [], {}, ["numpy"])
            assert fork_server is not None
        candidate = Candidate(wanted, files or {}, sandboxed=sandboxed, fork_server=fork_server)
        started.append(candidate)
        candidate.start()
        return candidate

    yield new
    for candidate in started:
        candidate.close()


def text(run: CellRun) -> str:
    """What a cell printed and showed."""
    return "".join(output.text if "text" in output else output.data["text/plain"] for output in run.outputs)


both = pytest.mark.parametrize(
    "sandboxed", [pytest.param(True, id="sandbox", marks=needs_sandbox), pytest.param(False, id="no-sandbox")]
)


def sleeping(seconds: str) -> list[int]:
    """The processes `sleep seconds`, anywhere on the machine."""
    found = []
    for process in psutil.process_iter(["cmdline"]):
        if process.info["cmdline"] == ["sleep", seconds]:
            found.append(process.pid)
    return found
