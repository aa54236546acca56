"""Dask clusters of real processes: a scheduler, and workers each with a folder of its own."""

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType

import dask
from networks import Machine


def free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


@dataclass
class Cluster:
    """A scheduler, from `with` on, and the workers that are started.

    `keys`: the file of `autograder certificates`; without one, nothing is encrypted. `host`: the scheduler's address.
    """

    folder: Path
    keys: Path | None = None
    host: str = "127.0.0.1"
    variables: dict[str, str] = field(default_factory=dict)  # of the scheduler's environment
    port: int = field(default_factory=free_port)
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)

    @property
    def address(self) -> str:
        return f"{self._scheme}{self.host}:{self.port}"

    @property
    def _scheme(self) -> str:
        return "tls://" if self.keys else "tcp://"

    def worker(self, *options: str, at: Machine | None = None, **variables: str) -> subprocess.Popen[bytes]:
        """Start a worker of one thread, here or on another machine."""
        folder = self.folder / f"worker-{len(self.processes)}"
        place = ["--host", f"{self._scheme}{at.host if at else self.host}", "--local-directory", str(folder)]
        more = ["--name", folder.name, "--nthreads", "1", "--no-dashboard", *options]
        return self._start("dask_worker", self.address, *place, *more, before=at.command if at else (), **variables)

    def log(self) -> str:
        """What they have said."""
        return "\n".join(path.read_text() for path in sorted(self.folder.glob("*.log")))

    def _start(
        self, module: str, *arguments: str, before: Sequence[str] = (), **variables: str
    ) -> subprocess.Popen[bytes]:
        keys = {"DASK_CONFIG": str(self.keys)} if self.keys else {}
        with open(self.folder / f"{len(self.processes)}.log", "wb") as log:
            process = subprocess.Popen(
                [*before, sys.executable, "-m", f"distributed.cli.{module}", *arguments],
                cwd=self.folder,
                env={**os.environ, **keys, **variables},
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self.processes.append(process)
        return process

    def scheduler(self) -> None:
        """Start the scheduler, until it listens."""
        place = ["--host", f"{self._scheme}{self.host}", "--port", str(self.port), "--dashboard-address", ":0"]
        self._start("dask_scheduler", *place, **self.variables)
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            with socket.socket() as sock:
                if sock.connect_ex((self.host, self.port)) == 0:
                    return
            time.sleep(0.1)
        raise AssertionError(self.log())

    def __enter__(self) -> "Cluster":
        self.folder.mkdir(parents=True, exist_ok=True)
        self.scheduler()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        for process in reversed(self.processes):  # the scheduler last: without one, a worker does not end for long
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:  # one whose cable was cut waits for its scheduler
                process.kill()
                process.wait()


@contextmanager
def with_keys(path: Path) -> Iterator[None]:
    """As if the file were in ~/.config/dask; and nothing is waited for long."""
    tls = json.loads(path.read_text())["distributed"]["comm"]["tls"]
    found = {f"distributed.comm.tls.{name}": value for name, value in tls.items()}
    more = {"distributed.comm.require-encryption": True, "distributed.comm.timeouts.connect": "5s"}
    with dask.config.set({**more, **found}):
        yield
