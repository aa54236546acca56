"""How much a candidate may use, and the watchdog that ends one that uses more.

Messages about an exceeded limit are shown to students: they say how much is allowed, and name no setting.
"""

import contextlib
import enum
import functools
import os
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import psutil
from traitlets import Float, Integer
from traitlets.config import Configurable

from autograder.common.language import english
from autograder.sandbox.cgroups import Group
from autograder.sandbox.cpu_time import Clock
from autograder.sandbox.host import read

_INTERVAL = 0.2  # seconds between two looks
_GROWTH = 512 << 20  # bytes that the worker itself may grow by, reading what a candidate sends
_TERMINALS = 64  # of the machine's some thousands
_DESCRIPTOR = 8192  # bytes that an open descriptor may stand for: the two pages of a pipe, beyond a user's first ones
_INODES = 200_000  # files of all tmpfs; empty ones cost memory that no size limit counts


class Limits(Configurable):  # type: ignore[misc]
    """Limits of one candidate, set as `c.Limits.cell_seconds = 120` in nbgrader_config.py."""

    cell_seconds = Float(
        60, help="Time limit for one cell, in seconds (wall time); see also c.Grading.reference_factor."
    ).tag(config=True)
    total_seconds = Float(3600, help="Time limit for a whole notebook, in seconds.").tag(config=True)
    start_seconds = Float(60, help="Time limit for the kernel to start, in seconds.").tag(config=True)
    memory_bytes = Integer(4 << 30, help="Memory limit for all of a notebook's processes and files, in bytes.").tag(
        config=True
    )
    processes = Integer(512, help="Number of processes and threads that a notebook may have.").tag(config=True)
    disk_bytes = Integer(
        1 << 30, help="Size of each folder that a notebook can write to, in bytes (they are kept in memory)."
    ).tag(config=True)
    output_bytes = Integer(
        10_000_000,
        help="Output of a notebook, in bytes. The rest is left out; eight times this much ends the notebook.",
    ).tag(config=True)
    output_messages = Integer(20_000, help="Number of output messages of a notebook.").tag(config=True)
    written_files = Integer(
        100, help="Number of files written by a notebook that are kept in autograded/ for whoever grades by hand."
    ).tag(config=True)
    written_bytes = Integer(20_000_000, help="Total size of the files kept in autograded/, in bytes.").tag(config=True)


class LimitKind(enum.StrEnum):
    """What ended a candidate or a test, in words that are stored with results."""

    CELL_TIME = english("cell time")  # a cell, or a test's call, that did not stop when interrupted
    TOTAL_TIME = english("total time")
    MEMORY = english("memory")
    PROCESSES = english("processes")  # and threads, and pseudo-terminals
    DISK = english("disk")
    OUTPUT = english("output")
    CRASH = english("crash")  # no limit: the kernel died
    CLOSED = "closed"  # no limit: the grader had no more use for it
    WEIGHTS = "weights"  # no limit: a model whose weights the trainer did not make


@dataclass(frozen=True)
class Termination:
    """Why a candidate has ended, and a sentence on it to the student."""

    limit: LimitKind
    message: str
    starved: float = 0.0  # the part of the time in which the machine kept it from running: see `Clock`


@dataclass(frozen=True)
class CellLimit:
    """How long a cell may take; and, where the reference solution's own time decides it, how long that is at most."""

    seconds: float
    reference: float | None = None

    def __str__(self) -> str:
        """As messages to students have it."""
        if self.reference is None:
            return english("%(seconds)s s, the limit of this assignment", seconds=f"{self.seconds:g}")
        return english(
            "%(seconds)s s; the reference solution takes less than %(reference)s s",
            seconds=f"{self.seconds:g}",
            reference=f"{self.reference:.2g}",
        )


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
        self,
        pid: int,
        limits: Limits,
        folders: Sequence[str] = (),
        *,
        paused: Callable[[], float] = lambda: 0.0,
        group: Group | None = None,
    ) -> None:
        """The time runs from now on, but for the `paused` seconds. `group`: the control group that they are in."""
        super().__init__(name="watchdog", daemon=True)
        self.ended: Termination | None = None
        self._pid = pid
        self._limits = limits
        self.folders = folders
        self.clock: Clock | None = None  # of the kernel's process, when it is known
        self._paused = paused
        self._group = group
        self._deadline = time.monotonic() + limits.total_seconds
        self._stopped = threading.Event()
        self._self = psutil.Process()
        self._own = self._self.memory_info().rss
        self._kills = _kills()

    def run(self) -> None:
        """Look every 0.2 s, until stopped, or until there is a reason to kill the processes; `ended` then has it."""
        while not self._stopped.wait(_INTERVAL):
            self.ended = self._reason(tree(self._pid))
            if self.ended:
                kill_tree(self._pid)
                return

    def stop(self) -> None:
        """Stop looking; waits for a look that is going on."""
        self._stopped.set()
        if self.is_alive() and threading.current_thread() is not self:
            self.join()

    def killed(self) -> Termination | None:
        """The limit of memory, where Linux has killed a process of the control group at it; else None."""
        return self._out_of_memory() if self._group is not None and self._group.ran_out() else None

    def starved_of_memory(self) -> bool:
        """Whether Linux has killed processes since the start because the machine, or its share of it, was full."""
        return _kills() > self._kills and self.killed() is None

    def _out_of_memory(self) -> Termination:
        most = size(self._limits.memory_bytes)
        text = english("The notebook used more than %(size)s of memory, the limit of this assignment.", size=most)
        return Termination(LimitKind.MEMORY, text)

    def _reason(self, processes: Sequence[psutil.Process]) -> Termination | None:
        limits = self._limits
        if time.monotonic() > self._deadline and time.monotonic() > self._deadline + self._paused():
            text = english(
                "The notebook ran longer than %(seconds)s s, the limit of this assignment.",
                seconds=f"{limits.total_seconds:g}",
            )
            return Termination(LimitKind.TOTAL_TIME, text, starved=self.clock.starved() if self.clock else 0.0)
        if self._self.memory_info().rss - self._own > _GROWTH:
            return Termination(LimitKind.OUTPUT, english("The notebook sent more than the grader can store."))
        if _threads(processes) >= limits.processes:
            text = english(
                "The notebook had %(count)s processes and threads, the limit of this assignment.",
                count=limits.processes,
            )
            return Termination(LimitKind.PROCESSES, text)
        stored, files = _stored(self.folders)
        if files > _INODES:
            return Termination(
                LimitKind.DISK, english("The notebook made more than %(count)s files.", count=f"{_INODES:,}")
            )
        inside = _inside(processes)
        if inside and _terminals(inside) > _TERMINALS:
            return Termination(
                LimitKind.PROCESSES,
                english("The notebook had more than %(count)s pseudo-terminals.", count=_TERMINALS),
            )
        # shared pages count once in the PSS, which is slow to read, and in every process in what is resident
        kernel = stored + _descriptors(processes) * _DESCRIPTOR + (_sockets(inside) if inside else 0)
        over = kernel + sum(map(_memory, processes)) > limits.memory_bytes
        if over and kernel + sum(_memory(process, shared_once=True) for process in processes) > limits.memory_bytes:
            return self._out_of_memory()
        return self.killed()


def _kills() -> int:
    """How many processes Linux has killed for lack of memory, anywhere on this machine, since it was started."""
    lines = read("/proc/vmstat").splitlines()
    return next((int(line.split()[1]) for line in lines if line.startswith("oom_kill ")), 0)


def _threads(processes: Sequence[psutil.Process]) -> int:
    count = 0
    for process in processes:
        with contextlib.suppress(psutil.Error):
            count += process.num_threads()
    return count


def _memory(process: psutil.Process, *, shared_once: bool = False) -> int:
    """Bytes that a process has, in swap and as huge pages too, and of its page tables."""
    status = _fields(f"/proc/{process.pid}/status")
    if not status:  # no Linux, or gone
        with contextlib.suppress(psutil.Error):
            return int(process.memory_info().rss)
        return 0
    tables = status.get("VmPTE", 0) + status.get("HugetlbPages", 0)
    rollup = _fields(f"/proc/{process.pid}/smaps_rollup") if shared_once else {}
    if "Pss" in rollup:
        return tables + rollup["Pss"] + rollup.get("SwapPss", rollup.get("Swap", 0))
    return tables + status.get("VmRSS", 0) + status.get("VmSwap", 0)


def _fields(path: str) -> dict[str, int]:
    """The lines `name: number kB` of a file in /proc, in bytes; none where it can't be read."""
    found = {}
    for line in read(path).splitlines():
        name, _, value = line.partition(":")
        if value.endswith(" kB"):
            found[name] = int(value.split()[0]) << 10
    return found


def _descriptors(processes: Sequence[psutil.Process]) -> int:
    count = 0
    for process in processes:
        with contextlib.suppress(OSError):
            count += len(os.listdir(f"/proc/{process.pid}/fd"))
    return count


def _inside(processes: Sequence[psutil.Process]) -> str:
    """The folder in /proc of the first process that is in a network of its own: the first one in the sandbox.

    Empty where there is none: without a sandbox, and while it is made.
    """
    for process in processes:
        with contextlib.suppress(OSError):
            if os.readlink(f"/proc/{process.pid}/ns/net") != os.readlink("/proc/self/ns/net"):
                return f"/proc/{process.pid}"
    return ""


def _sockets(inside: str) -> int:
    """Bytes that the kernel may have in the sockets of a process's network, as if each were full.

    So also in those that no process has open: what was sent is not received, or a descriptor is on its way.
    """
    used = connections = 0
    for name in ("sockstat", "sockstat6"):
        for line in read(f"{inside}/net/{name}").splitlines():
            match line.split():
                case ["sockets:", "used", count]:
                    used += int(count)
                case ["TCP:" | "TCP6:", "inuse", count, *_]:
                    connections += int(count)
    return used * _socket_bytes() + connections * _connection_bytes()


@functools.cache
def _socket_bytes() -> int:
    """What one socket holds at most: a message may go a whole buffer over its size."""
    return 2 * max(int(read(f"/proc/sys/net/core/{way}mem_default") or 0) for way in "rw")


@functools.cache
def _connection_bytes() -> int:
    """What TCP lets the buffers of one connection's end grow to."""
    return sum(int((read(f"/proc/sys/net/ipv4/tcp_{way}mem").split() or ["0"])[-1]) for way in "rw")


def _terminals(inside: str) -> int:
    """Pseudo-terminals in a process's own /dev/pts."""
    try:
        return sum(map(str.isdigit, os.listdir(f"{inside}/root/dev/pts")))
    except OSError:
        return 0


def _stored(folders: Sequence[str]) -> tuple[int, int]:
    """Bytes, and number of files, in the tmpfs of these folders together."""
    used = files = 0
    for folder in folders:
        with contextlib.suppress(OSError):
            found: Any = os.statvfs(folder)
            used += (found.f_blocks - found.f_bfree) * found.f_frsize
            files += found.f_files - found.f_ffree
    return used, files
