"""A candidate's control group: what bounds memory that no watchdog sees, and that nothing of it stays."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from candidates import Start, forked_and_alone, needs_sandbox
from candidates import fork_servers as fork_servers
from candidates import starter as starter

from autograder.sandbox import cgroups
from autograder.sandbox.host import find_bwrap

pytestmark = [
    needs_sandbox,
    pytest.mark.skipif(not cgroups.parents(), reason="no control group is delegated to this process (docs/sandbox.md)"),
]
MIB = 1 << 20
STARTED = (
    "import sys, time\nfrom autograder.kernel.candidate import Candidate\n"
    "from autograder.sandbox.limits import Limits\n"
    "candidate = Candidate(Limits(memory_bytes={memory}), {{}})\ncandidate.start()\nprint(candidate.memory_limit)\n"
)
# each of them has a list of mappings, of some MB, which shows nowhere but in the group
MAPPINGS = """
import ctypes, os, time
libc = ctypes.CDLL(None)
libc.mmap.restype = ctypes.c_void_p
libc.mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t, *[ctypes.c_int] * 3, ctypes.c_long]
libc.mprotect.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int]
for _ in range(100):
    if os.fork() == 0:
        place = libc.mmap(None, 60000 * 4096, 0, 0x22, -1, 0)
        for page in range(0, 60000, 2): libc.mprotect(place + page * 4096, 4096, 1)
        time.sleep(60)
time.sleep(60)
"""


def script(memory: int, then: str = "") -> list[str]:
    """The command of a grader that starts a candidate and says what bounds its memory."""
    return [sys.executable, "-c", STARTED.format(memory=memory) + then]


def names(parents: tuple[Path, ...]) -> set[str]:
    return {path.name for parent in parents for path in parent.glob("autograder-*")}


def of(pid: int) -> set[str]:
    """The groups that a process has made."""
    return {name for name in names(cgroups.parents()) if name.startswith(f"autograder-{pid}-")}


@forked_and_alone
def test_a_candidate_is_in_a_group_of_its_own_and_its_grader_is_not(start: Start) -> None:
    first, second = start(), start()
    assert (first.memory_limit, second.memory_limit) == ("cgroup", "cgroup")
    theirs = [Path(f"/proc/{candidate._kernel}/cgroup").read_text() for candidate in (first, second)]
    mine = Path("/proc/self/cgroup").read_text()
    for name in of(os.getpid()):
        assert name not in mine
        assert sum(name in shown for shown in theirs) == 1


@forked_and_alone
def test_memory_that_shows_nowhere_else_counts(start: Start) -> None:
    candidate = start(memory_bytes=300 * MIB, cell_seconds=60)
    run = candidate.run(MAPPINGS)
    assert candidate.ended is not None
    message = "The notebook used more than 300 MiB of memory, the limit of this assignment."
    assert (candidate.ended.limit, candidate.ended.message) == ("memory", message)
    assert (run.outputs[-1].ename, run.outputs[-1].evalue) == ("LimitExceeded", message)


def test_a_group_goes_with_its_candidate(start: Start) -> None:
    before = of(os.getpid())
    candidate = start()
    assert of(os.getpid()) > before
    candidate.run("import subprocess\nsubprocess.Popen(['sleep', '60'], start_new_session=True)")
    candidate.close()
    assert of(os.getpid()) == before


def test_what_a_killed_grader_left_is_removed_by_the_next(start: Start) -> None:
    kept = start()
    mine = of(os.getpid())
    grader = subprocess.Popen(script(512 * MIB, "sys.stdout.flush()\ntime.sleep(60)"), stdout=subprocess.PIPE)
    assert grader.stdout is not None
    assert grader.stdout.readline() == b"cgroup\n"
    assert of(grader.pid)
    grader.kill()
    grader.wait()
    grader.stdout.close()
    subprocess.run([sys.executable, "-c", "from autograder.sandbox import cgroups; cgroups.parents()"], check=True)
    assert not of(grader.pid)
    assert of(os.getpid()) == mine
    assert kept.run("1").ok


def test_graders_may_start_at_the_same_time() -> None:
    graders = [subprocess.Popen(script(512 * MIB, "candidate.close()"), stdout=subprocess.PIPE) for _ in range(3)]
    assert [grader.communicate()[0] for grader in graders] == [b"cgroup\n"] * 3
    assert not any(of(grader.pid) for grader in graders)


@pytest.fixture
def small() -> Iterator[Path]:
    """A group with 300 MiB, as a container may be."""
    parent = cgroups.parents()[0]
    folder = parent / f"outer-{os.getpid()}"
    folder.mkdir()
    limit = next(folder / name for name in ("memory.max", "memory.limit_in_bytes") if (folder / name).exists())
    limit.write_text(str(300 * MIB))
    yield folder
    for _ in range(50):
        try:
            for below in (*folder.glob("*/"), folder):
                below.rmdir()
        except OSError:
            time.sleep(0.1)
        else:
            break
    assert not folder.exists()


def test_a_notebook_is_not_to_blame_where_the_memory_around_it_is_short(small: Path) -> None:
    enter = f"open({str(small / 'cgroup.procs')!r}, 'w').write('0')\n"
    then = "candidate.run('x = b\"x\" * (600 << 20)')\nprint(candidate.ended.limit, candidate.starved)\n"
    command = script(4096 * MIB, f"{then}candidate.close()")
    command[-1] = enter + command[-1]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    kind, ended = done.stdout.splitlines()
    assert kind == "cgroup"
    assert ended == "memory 1.0"  # as if it had met a limit of time on a machine that never let it run


def test_where_none_can_be_made_the_watchdog_bounds_it() -> None:
    around = [str(find_bwrap()), "--die-with-parent", "--dev-bind", "/", "/"]
    around += ["--ro-bind", "/sys/fs/cgroup", "/sys/fs/cgroup", "--"]
    done = subprocess.run([*around, *script(512 * MIB, "candidate.close()")], stdout=subprocess.PIPE, check=True)
    assert done.stdout == b"watchdog\n"
