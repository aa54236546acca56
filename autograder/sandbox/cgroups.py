"""What control groups leave this process of the machine: a container's `--cpus` and `--memory`, a batch system's share.

Linux's groups of version 2 and of version 1. A limit holds for the group that sets it and all groups below, so each
from this process's own up to the outermost that can be seen is asked, and the least counts.
"""

import math
from collections.abc import Iterator
from pathlib import Path

ROOT = Path("/sys/fs/cgroup")
OWN = Path("/proc/self/cgroup")


def processors(root: Path = ROOT, own: Path = OWN) -> float:
    """How many processors' time it may have; infinity where that isn't limited."""
    return min((_quota(group) for group in _groups("cpu", root, own)), default=math.inf)


def memory(root: Path = ROOT, own: Path = OWN) -> float:
    """How many bytes it may still take, caches counted as free; infinity where that isn't limited."""
    return min((_left(group) for group in _groups("memory", root, own)), default=math.inf)


def _groups(controller: str, root: Path, own: Path) -> Iterator[Path]:
    """The folders of a controller's groups: this process's own, and those around it."""
    for line in _text(own).splitlines():
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
    said = _text(group / "cpu.max") or f"{_text(group / 'cpu.cfs_quota_us')} {_text(group / 'cpu.cfs_period_us')}"
    numbers = [int(word) for word in said.split() if word.isdigit()]  # others: "max", and -1 for the same
    return numbers[0] / numbers[1] if len(numbers) == 2 and numbers[1] else math.inf


def _left(group: Path) -> float:
    limit = _text(group / "memory.max") or _text(group / "memory.limit_in_bytes")
    used = _text(group / "memory.current") or _text(group / "memory.usage_in_bytes")
    if not (limit.isdigit() and used.isdigit()):
        return math.inf
    cached = dict(line.split() for line in _text(group / "memory.stat").splitlines())
    return max(0, int(limit) - int(used) + int(cached.get("total_inactive_file") or cached.get("inactive_file") or 0))


def _text(path: Path) -> str:
    try:
        return path.read_text().strip()
    except OSError:
        return ""
