"""Control groups: what they leave this process of the machine, and one of its own for each candidate.

A container's `--cpus` and `--memory` and a batch system's share are limits of groups, of version 2 or of version 1. A
limit holds for the group that sets it and all groups below, so each from this process's own up to the outermost that
can be seen is asked, and the least counts.

A control group for each candidate, where this process has been delegated one: the kernel's own limit of memory.

    version 2                                   version 1
    <this process's group>                      memory/<this process's group>   pids/<this process's group>
      autograder-graders    this process, and     autograder-<pid>-…              autograder-<pid>-…
                            what was beside it
      autograder-<pid>-…    one candidate

In version 2 a group that limits the groups below it holds no process itself. So what is in this process's group moves
into one below, and graders, workers, examiner and trainer stay out of what candidates are limited to. Whoever makes a
group has a lock on its folder: one that nobody has locked is left over from a grader that was killed.

Where nothing is delegated, or the kernel refuses any of it, there is no group, and the watchdog in `limits` is what
bounds memory.
"""

import contextlib
import errno
import fcntl
import functools
import math
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from autograder.sandbox.host import read

ROOT = Path("/sys/fs/cgroup")
OWN = Path("/proc/self/cgroup")


def processors(root: Path = ROOT, own: Path = OWN) -> float:
    """How many processors' time this process may have; infinity where no group limits it."""
    return min((_quota(group) for group in paths("cpu", root, own)), default=math.inf)


def memory(root: Path = ROOT, own: Path = OWN) -> float:
    """How many bytes this process may still take, page cache counted as free; infinity where no group limits it."""
    return min((_left(group) for group in paths("memory", root, own)), default=math.inf)


def paths(controller: str, root: Path, own: Path) -> Iterator[Path]:
    """The folders of a controller's groups, from this process's own to the outermost.

    /proc/self/cgroup has a line for each hierarchy: `0::/path` is version 2, `4:memory:/path` a controller of version
    1.
    """
    for line in read(own).splitlines():
        _, controllers, path = line.split(":", 2)
        if controllers and controller not in controllers.split(","):
            continue
        top = root / controller if controllers else root
        # in a container the path may be the machine's, and the container's own group be the top
        group = top / path.strip("/")
        while group != top:
            yield group
            group = group.parent
        yield top


def _quota(group: Path) -> float:
    quota = read(group / "cpu.max") or f"{read(group / 'cpu.cfs_quota_us')} {read(group / 'cpu.cfs_period_us')}"
    numbers = [int(word) for word in quota.split() if word.isdigit()]  # others: "max", and -1 for the same
    return numbers[0] / numbers[1] if len(numbers) == 2 and numbers[1] else math.inf


def _left(group: Path) -> float:
    limit = read(group / "memory.max") or read(group / "memory.limit_in_bytes")
    used = read(group / "memory.current") or read(group / "memory.usage_in_bytes")
    if not (limit.isdigit() and used.isdigit()):
        return math.inf
    cached = dict(line.split() for line in read(group / "memory.stat").splitlines())
    return max(0, int(limit) - int(used) + int(cached.get("total_inactive_file") or cached.get("inactive_file") or 0))


_PREFIX = "autograder-"
_GRADERS = "autograder-graders"
_LAST = 1 << 20  # bytes: who still has that much isn't killed for want of them
_TRIES = 50
_WAIT = 0.05  # seconds between two tries
_SYSTEMD = Path("/run/systemd/system")  # there where systemd manages the groups
_ENTER = """import os, sys
for path in sys.argv[1].split(":"):
    try:
        with open(path, "w") as file:
            file.write(str(os.getpid()))
    except OSError:
        pass
os.execv(sys.argv[2], sys.argv[2:])"""


class Group:
    """The control group of one candidate: a folder, or in version 1 one for memory and one for processes."""

    def __init__(self, memory: int, processes: int, parents: Sequence[Path]) -> None:
        """Below the `parents`, with at most `memory` bytes and that many `processes` and threads.

        Raises OSError where it can't be made.
        """
        self._memory = memory
        self._folders: list[Path] = []
        self._locks: list[int] = []
        try:
            for parent in parents:
                with _locked(parent):
                    folder = tempfile.mkdtemp(prefix=f"{_PREFIX}{os.getpid()}-", dir=parent)
                    self._folders.append(Path(folder))
                    self._locks.append(os.open(folder, os.O_RDONLY | os.O_DIRECTORY))
                    fcntl.flock(self._locks[-1], fcntl.LOCK_EX)
            self._limit(processes)
        except OSError:
            self.close()
            raise

    def _limit(self, processes: int) -> None:
        memory = self._memory
        for folder in self._folders:
            if (folder / "memory.max").exists():
                _write(folder / "memory.max", memory)
                _write_if_there(folder / "memory.swap.max", 0)
                _write_if_there(folder / "memory.oom.group", 1)
            elif (folder / "memory.limit_in_bytes").exists():
                _write(folder / "memory.limit_in_bytes", memory)
                _write_if_there(folder / "memory.memsw.limit_in_bytes", memory)
                _write_if_there(folder / "memory.kmem.tcp.limit_in_bytes", memory)  # counted apart
            _write_if_there(folder / "pids.max", processes)

    def entering(self, command: Sequence[str]) -> list[str]:
        """The command, run by a process that is in the group already, so that all it starts is too."""
        files = ":".join(str(folder / "cgroup.procs") for folder in self._folders)
        return [sys.executable, "-I", "-S", "-c", _ENTER, files, *command]

    def add(self, pid: int) -> None:
        """Move a process in; what it starts from now on is in it, and what memory it has stays charged where it was."""
        for folder in self._folders:
            _write_if_there(folder / "cgroup.procs", pid)

    def __contains__(self, pid: int) -> bool:
        """Whether the process is in all its folders."""
        return all(pid in _processes(folder) for folder in self._folders)

    def ran_out(self) -> bool:
        """Whether the kernel has killed a process of it because it was at its limit of memory.

        Not so where the whole machine, or a group around this one, had no memory left.
        """
        for folder in self._folders:
            events = _numbers(folder / "memory.events")  # version 2
            if events.get("oom_kill", 0) and events.get("oom", 0):
                return True
            if _numbers(folder / "memory.oom_control").get("oom_kill", 0):  # version 1
                peak = read(folder / "memory.max_usage_in_bytes")
                return int(peak or 0) > self._memory - _LAST
        return False

    def close(self) -> None:
        """Kill what is left in it, and remove it."""
        for folder in self._folders:
            _remove(folder)
        for lock in self._locks:
            os.close(lock)
        self._folders, self._locks = [], []


def make(memory: int, processes: int) -> Group | None:
    """A group with at most `memory` bytes, and that many `processes` and threads; None where there can't be one."""
    try:
        return Group(memory, processes, parents()) if parents() else None
    except OSError:
        return None


@functools.cache
def parents() -> tuple[Path, ...]:
    """The groups below which candidates have theirs, made ready for it; empty where this process may not make any."""
    if sys.platform != "linux":
        return ()
    try:
        found = find(ROOT, OWN, os.getpid())
        for parent in found:
            with _locked(parent):
                if (parent / "cgroup.subtree_control").exists():
                    _divide(parent)
                _remove_left_over(parent)
    except OSError:
        return ()
    return found


def find(root: Path, own: Path, pid: int, systemd: Path = _SYSTEMD) -> tuple[Path, ...]:
    """The groups of process `pid` below which groups may be made; empty where that is not so for memory.

    `root`: where control groups are mounted; `own`: what /proc/PID/cgroup says; `systemd`: is there where it runs.
    """
    found: list[Path] = []
    for controller in ("memory", "pids"):
        group = next((path for path in paths(controller, root, own) if pid in _processes(path)), None)
        if group is not None and group.name == _GRADERS:
            group = group.parent
        if group is not None and group not in found and _may_divide(group, controller):
            if systemd.exists() and not _delegated(group.relative_to(root)):
                return ()
            found.append(group)
        elif controller == "memory":
            return ()
    return tuple(found)


def _may_divide(group: Path, controller: str) -> bool:
    """Whether this process can make groups below one that this controller limits."""
    if not os.access(group, os.W_OK):
        return False
    if not (group / "cgroup.controllers").exists():
        return True  # version 1: each has its hierarchy
    if controller not in read(group / "cgroup.controllers").split():
        return False
    return all(os.access(group / f"cgroup.{name}", os.W_OK) for name in ("procs", "subtree_control"))


def _delegated(path: Path) -> bool:
    """Whether systemd leaves a group to those in it; elsewhere it undoes what root, or the units' user, does there."""
    units = [name for name in path.parts if name.endswith((".scope", ".service", ".slice"))]
    if not units:
        return True
    user = ["--user"] if any(name.startswith("user@") for name in units[:-1]) else []
    command = ["systemctl", *user, "show", "--property=Delegate", "--value", "--", units[-1]]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=10, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.stdout.strip() == "yes"


def _divide(group: Path) -> None:
    """Let the groups below one of version 2 limit memory and processes. Raises OSError where that can't be.

    Linux refuses it (EBUSY) while processes are in the group itself: these are moved into a group below, and as others
    may be started meanwhile, both are tried again.
    """
    there = read(group / "cgroup.controllers").split()
    wanted = {name for name in ("memory", "pids") if name in there}
    for _ in range(_TRIES):
        if wanted <= set(read(group / "cgroup.subtree_control").split()):
            return
        try:
            _write(group / "cgroup.subtree_control", " ".join(f"+{name}" for name in sorted(wanted)))
        except OSError as error:
            if error.errno != errno.EBUSY:
                raise
            inside = _processes(group)
            if 0 in inside:
                raise OSError(errno.EBUSY, "processes that can't be seen from here are in it") from None
            (group / _GRADERS).mkdir(exist_ok=True)
            for pid in inside:  # some may have ended meanwhile, or started others
                with contextlib.suppress(ProcessLookupError):
                    _write(group / _GRADERS / "cgroup.procs", pid)
    raise OSError(errno.EBUSY, "its processes can't be moved")


def _remove_left_over(parent: Path) -> None:
    for folder in parent.glob(f"{_PREFIX}*"):
        if folder.name == _GRADERS:
            continue
        with contextlib.suppress(OSError):
            descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                _remove(folder)
            finally:
                os.close(descriptor)


def _remove(folder: Path) -> None:
    """Kill what is in a group until it is empty, and remove it; it stays where that takes longer than some seconds."""
    for _ in range(_TRIES):
        try:
            folder.rmdir()
        except FileNotFoundError:
            return
        except OSError:
            if not _write_if_there(folder / "cgroup.kill", 1):  # Linux 5.14, version 2
                for pid in _processes(folder) - {0}:
                    with contextlib.suppress(ProcessLookupError):
                        os.kill(pid, signal.SIGKILL)
            time.sleep(_WAIT)
        else:
            return


@contextlib.contextmanager
def _locked(group: Path) -> Iterator[None]:
    """Within, this process has the lock on a group's folder, which all graders take. Raises OSError."""
    descriptor = os.open(group, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _processes(group: Path) -> set[int]:
    """The processes in a group itself; 0 stands for those that have no number here."""
    return {int(word) for word in read(group / "cgroup.procs").split()}


def _numbers(path: Path) -> dict[str, int]:
    """The numbers in the lines `name number` of a control group's file, by name; empty where it can't be read."""
    pairs = (line.split() for line in read(path).splitlines())
    return {pair[0]: int(pair[1]) for pair in pairs if len(pair) == 2}


def _write(path: Path, value: int | str) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CLOEXEC)
    try:
        os.write(descriptor, str(value).encode())
    finally:
        os.close(descriptor)


def _write_if_there(path: Path, value: int) -> bool:
    """Write where the file is there and takes the value; returns whether it did."""
    try:
        _write(path, value)
    except OSError:
        return False
    return True
