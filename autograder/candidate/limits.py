"""How much a candidate may use, and the watchdog that ends one that uses more."""

import contextlib
import os
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import psutil
from traitlets import Float, Integer
from traitlets.config import Configurable

_INTERVAL = 0.2  # seconds between two looks
_GROWTH = 512 << 20  # bytes that the worker itself may grow by, reading what a candidate sends
_INODES = 200_000  # files of all tmpfs; empty ones cost memory that no size limit counts


class Limits(Configurable):  # type: ignore[misc]
    """Limits of one candidate, set as `c.Limits.cell_seconds = 120` in nbgrader_config.py."""

    cell_seconds = Float(60, help="Wall time of one cell, in seconds.").tag(config=True)
    total_seconds = Float(3600, help="Wall time of a whole notebook, in seconds.").tag(config=True)
    start_seconds = Float(60, help="Wall time in which the kernel must be ready, in seconds.").tag(config=True)
    memory = Integer(4 << 30, help="Memory of all the notebook's processes and files, in bytes.").tag(config=True)
    processes = Integer(512, help="Processes and threads of a notebook.").tag(config=True)
    disk = Integer(1 << 30, help="Size of each folder it can write to, in bytes (they are in memory).").tag(config=True)
    output_bytes = Integer(10_000_000, help="Output of a whole notebook, in bytes.").tag(config=True)
    output_messages = Integer(20_000, help="Output messages of a whole notebook.").tag(config=True)

    def as_dict(self) -> dict[str, float]:
        """The limits by name."""
        return {name: getattr(self, name) for name in self.class_trait_names(config=True)}

    @classmethod
    def from_dict(cls, limits: dict[str, float]) -> "Limits":
        """The limits that `as_dict` gave."""
        return cls(**limits)


@dataclass(frozen=True)
class Ended:
    """Why a candidate is dead: the limit's name in words ("memory", "total time", "crash", …), and a sentence."""

    limit: str
    message: str


def size(count: float) -> str:
    """A number of bytes in words: 4 GiB, 10 MB."""
    for unit, factor in (("GiB", 1 << 30), ("MiB", 1 << 20), ("MB", 10**6)):
        if count >= factor and count % factor == 0:
            return f"{count // factor:.0f} {unit}"
    return f"{count / 1e6:,.1f} MB" if count >= 1e6 else f"{count:,.0f} bytes"


def tree(pid: int) -> list[psutil.Process]:
    """A process and all below it; empty when it is gone."""
    try:
        top = psutil.Process(pid)
        return [top, *top.children(recursive=True)]
    except psutil.Error:
        return []


def kill_tree(pid: int) -> None:
    """SIGKILL for a process and all below it, stopped first, so that none of them starts others meanwhile."""
    stopped: set[psutil.Process] = set()
    for _ in range(20):
        found = set(tree(pid)) - stopped
        if not found:
            break
        for process in found:
            with contextlib.suppress(psutil.Error):
                process.suspend()
        stopped |= found
    for process in stopped:
        with contextlib.suppress(psutil.Error):
            process.kill()


class Watchdog(threading.Thread):
    """Ends the processes below `pid` when together they go over a limit; says why in `ended`.

    `folders` are the candidate's tmpfs as this process reaches them: what is in them is memory too. It also looks at
    this process, as a candidate can make its reader store what it sends (messages that never end, say).
    """

    def __init__(
        self, pid: int, limits: Limits, folders: Sequence[str] = (), *, paused: Callable[[], float] = lambda: 0.0
    ) -> None:
        """The time runs from now on, but for the `paused` seconds."""
        super().__init__(name="watchdog", daemon=True)
        self.ended: Ended | None = None
        self._pid = pid
        self._limits = limits
        self.folders = folders
        self._paused = paused
        self._deadline = time.monotonic() + limits.total_seconds
        self._stopped = threading.Event()
        self._self = psutil.Process()
        self._own = self._self.memory_info().rss

    def run(self) -> None:
        """Looks until stopped or until there is a reason to end it."""
        while not self._stopped.wait(_INTERVAL):
            self.ended = self._reason(tree(self._pid))
            if self.ended:
                kill_tree(self._pid)
                return

    def stop(self) -> None:
        """Looks no more."""
        self._stopped.set()
        if self.is_alive() and threading.current_thread() is not self:
            self.join()

    def _reason(self, processes: Sequence[psutil.Process]) -> Ended | None:
        limits = self._limits
        if time.monotonic() > self._deadline and time.monotonic() > self._deadline + self._paused():
            return Ended("total time", f"The notebook ran longer than {limits.total_seconds:g} s (total_seconds).")
        if self._self.memory_info().rss - self._own > _GROWTH:
            return Ended("output", "The notebook sent more than the grader can store.")
        if _threads(processes) >= limits.processes:
            return Ended(
                "processes", f"The notebook had {limits.processes} processes and threads, the limit (processes)."
            )
        stored, files = _stored(self.folders)
        if files > _INODES:
            return Ended("disk", f"The notebook made more than {_INODES:,} files.")
        # shared pages count once in the PSS, which is slow to read, and in every process in the RSS
        used = stored + _memory(processes, "rss")
        if used > limits.memory and stored + _memory(processes, "pss") > limits.memory:
            return Ended("memory", f"The notebook used more than {size(limits.memory)} of memory (memory).")
        return None


def _threads(processes: Sequence[psutil.Process]) -> int:
    count = 0
    for process in processes:
        with contextlib.suppress(psutil.Error):
            count += process.num_threads()
    return count


def _memory(processes: Sequence[psutil.Process], kind: str) -> int:
    total = 0
    for process in processes:
        with contextlib.suppress(psutil.Error):
            if kind == "pss":
                with contextlib.suppress(psutil.AccessDenied):
                    total += getattr(process.memory_full_info(), "pss", process.memory_info().rss)
                    continue
            total += process.memory_info().rss
    return total


def _stored(folders: Sequence[str]) -> tuple[int, int]:
    """Bytes and files in tmpfs."""
    used = files = 0
    for folder in folders:
        with contextlib.suppress(OSError):
            found: Any = os.statvfs(folder)
            used += (found.f_blocks - found.f_bfree) * found.f_frsize
            files += found.f_files - found.f_ffree
    return used, files
