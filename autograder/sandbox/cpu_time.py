"""Whether a process got what it needed of the machine's time: whose fault it is that it took long.

Linux counts for each thread how long it could have run and did not ("run delay"), and for the machine how long
something stalled for want of memory or of a disk ("pressure stall information").
"""

import contextlib
import os
import time

from autograder.sandbox.host import read

BUSY = 0.75  # of the wall time as processor time: it had what one thread can use
STARVED = 0.25  # of the wall time in which it could not run though it would: then the machine was too busy


class Clock:
    """Measures a process, its main thread and its descendants from the moment it is made."""

    def __init__(self, pid: int) -> None:
        """`pid`: the process whose main thread does the work."""
        self._pid = pid
        self._began = time.monotonic()
        self._used, self._stalls = _used(pid), _stalls(pid)

    def starved(self) -> float:
        """The part of the time until now, from 0 to 1, in which the machine kept the process from running.

        0 where the process had what one thread can use.
        """
        wall = time.monotonic() - self._began
        if _used(self._pid) - self._used >= BUSY * wall:
            return 0.0
        lost = max(after - before for before, after in zip(self._stalls, _stalls(self._pid), strict=True))
        return min(1.0, lost / wall) if wall > 0 else 0.0


def _used(pid: int) -> float:
    """Seconds of processor time of a process and all below it, and of those of their children that have ended."""
    ticks = 0
    for process in (pid, *_below(pid)):
        fields = read(f"/proc/{process}/stat").rpartition(")")[2].split()
        ticks += sum(map(int, fields[11:15]))  # utime, stime, cutime, cstime: see proc_pid_stat(5)
    return ticks / os.sysconf("SC_CLK_TCK")


def _below(pid: int) -> list[int]:
    """The processes below one, as far as they can be seen.

    Where Linux was built to tell a thread's children, no other process of the machine is looked at: this is done before
    each cell. That list may lack one that starts or ends meanwhile.
    """
    if not os.path.exists(f"/proc/{pid}/task/{pid}/children"):
        import psutil  # the examiner's environment may lack it, and the examiner does not need it

        with contextlib.suppress(psutil.Error):
            return [process.pid for process in psutil.Process(pid).children(recursive=True)]
        return []
    found, at = [pid], 0
    while at < len(found):
        with contextlib.suppress(OSError):
            for thread in os.listdir(f"/proc/{found[at]}/task"):
                found += map(int, read(f"/proc/{found[at]}/task/{thread}/children").split())
        at += 1
    return found[1:]


def run_delay(task: str) -> float:
    """Seconds for which a thread could have run and did not; `task`: its folder in /proc."""
    delay = read(f"{task}/schedstat").split()
    return int(delay[1]) / 1e9 if len(delay) > 1 else 0.0


def _stalls(pid: int) -> tuple[float, float, float]:
    """Seconds in which its main thread waited for a processor, and something on the machine for memory or a disk."""
    return run_delay(f"/proc/{pid}/task/{pid}"), _pressure("memory"), _pressure("io")


def _pressure(resource: str) -> float:
    first = read(f"/proc/pressure/{resource}").partition("\n")[0]  # some avg10=0.00 avg60=0.00 avg300=0.00 total=0
    total = first.rpartition("total=")[2]
    return int(total) / 1e6 if total.isdigit() else 0.0
