"""Candidates forked from one process: what they share, and that nothing else passes between them."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from candidates import needs_sandbox, sleeping, text

from autograder.kernel.candidate import Candidate
from autograder.kernel.fork_server import ForkServer, ForkServerPool
from autograder.kernel.kernelspec import Kernel
from autograder.sandbox.limits import Limits

pytestmark = needs_sandbox


@pytest.fixture(scope="module")
def fork_server() -> Iterator[ForkServer]:
    kept = ForkServerPool()
    made = kept.of(Kernel(), int(Limits().disk_bytes), [], {}, ["numpy", "no_such_module"])
    assert made is not None
    yield made
    kept.close()


@pytest.fixture
def pair(fork_server: ForkServer) -> Iterator[tuple[Candidate, Candidate]]:
    both = tuple(Candidate(Limits(), {}, fork_server=fork_server) for _ in range(2))
    for candidate in both:
        candidate.start()
    yield both
    for candidate in both:
        candidate.close()


Pair = tuple[Candidate, Candidate]


def test_what_was_imported_is_there_at_once(pair: Pair) -> None:
    assert text(pair[0].run("import sys\nprint('numpy' in sys.modules, 'tensorflow' in sys.modules)")) == "True False\n"


def test_what_the_first_plot_and_the_first_test_import_is_there_at_once(fork_server: ForkServer) -> None:
    candidate = Candidate(Limits(), {}, fork_server=fork_server)
    try:
        candidate.start()
        names = "'autograder.rpc.peer', 'autograder.rpc.written_files', 'numpy.random'"
        assert text(candidate.run(f"import sys\nprint({{{names}}} - sys.modules.keys())")) == "set()\n"
    finally:
        candidate.close()


def test_each_has_processes_of_its_own(pair: Pair) -> None:
    for candidate in pair:
        shown = text(candidate.run("import os\nprint([name for name in os.listdir('/proc') if name.isdigit()])"))
        assert shown == "['1', '2']\n"


def test_one_does_not_reach_the_other_by_a_socket(pair: Pair) -> None:
    first, second = pair
    listening = "import socket\na = socket.socket(); a.bind(('127.0.0.1', 4711)); a.listen()\n"
    listening += "b = socket.socket(socket.AF_UNIX); b.bind('\\0note'); b.listen()"
    assert first.run(listening).ok
    assert first.run("socket.create_connection(('127.0.0.1', 4711))").ok
    assert not second.run("import socket\nsocket.create_connection(('127.0.0.1', 4711), timeout=3)").ok
    assert not second.run("socket.socket(socket.AF_UNIX).connect('\\0note')").ok


@pytest.mark.parametrize("call", ["umount2(b'/tmp', 2)", "umount2(b'/proc', 2)", "unshare(0x10000000)"])
def test_walls_can_not_be_taken_down(pair: Pair, call: str) -> None:
    script = f"import ctypes; print(ctypes.CDLL(None).{call})"  # a process with threads may not unshare anywhere
    cell = f"import subprocess, sys\nprint(subprocess.check_output([sys.executable, '-c', {script!r}], text=True))"
    assert text(pair[0].run(cell)).strip() == "-1"


def test_a_folder_does_not_grow_beyond_its_size(fork_server: ForkServer) -> None:
    candidate = Candidate(Limits(memory_bytes=8 << 30), {}, fork_server=fork_server)
    candidate.start()
    run = candidate.run("with open('/tmp/large', 'wb') as file:\n    for _ in range(1100): file.write(bytes(1 << 20))")
    assert "No space left" in run.outputs[-1].evalue
    candidate.close()


def test_the_next_one_finds_nothing_of_the_last(fork_server: ForkServer) -> None:
    for _ in range(2):
        candidate = Candidate(Limits(), {}, fork_server=fork_server)
        candidate.start()
        run = candidate.run(
            "import os, numpy\nprint('note' in os.listdir('/tmp'), hasattr(numpy, 'note'))\n"
            "numpy.note = 1\nopen('/tmp/note', 'w').close()"
        )
        assert text(run) == "False False\n"
        candidate.close()


@pytest.mark.parametrize(
    ("cell", "how"),
    [("import os; os._exit(7)", "exit code 7"), ("import os, signal; os.kill(os.getpid(), 11)", "signal 11")],
)
def test_one_that_dies_says_how_and_the_next_one_lives(fork_server: ForkServer, cell: str, how: str) -> None:
    candidate = Candidate(Limits(), {}, fork_server=fork_server)
    candidate.start()
    candidate.run(cell)
    assert candidate.ended is not None
    assert how in candidate.ended.message
    candidate.close()
    after = Candidate(Limits(), {}, fork_server=fork_server)
    after.start()
    assert after.run("1").ok
    after.close()


def test_two_draw_the_same_random_numbers(pair: Pair) -> None:
    cell = "import random, numpy\nprint(random.random(), numpy.random.random())"
    first, second = (text(candidate.run(cell)) for candidate in pair)
    assert first == second


def test_all_is_gone_after_the_grader_is_killed(tmp_path: Path) -> None:
    seconds = f"98{os.getpid() % 10000}"
    script = (
        "from autograder.kernel.candidate import Candidate\nfrom autograder.sandbox.limits import Limits\n"
        "from autograder.kernel.fork_server import ForkServerPool\n"
        "from autograder.kernel.kernelspec import Kernel\n"
        "fork_server = ForkServerPool().of(Kernel(), int(Limits().disk_bytes), [], {}, [])\n"
        "candidate = Candidate(Limits(), {}, fork_server=fork_server)\ncandidate.start()\n"
        f'candidate.run(\'import subprocess; p = subprocess.Popen(["sleep", "{seconds}"], start_new_session=True)\')\n'
        "print(fork_server._process.pid, candidate._process.pid, flush=True)\nimport time\ntime.sleep(60)"
    )
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    grader = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, env=environment)
    assert grader.stdout is not None
    pids = grader.stdout.readline().split()
    assert sleeping(seconds)
    grader.send_signal(signal.SIGKILL)
    grader.wait()
    grader.stdout.close()
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline and (
        sleeping(seconds) or any(Path(f"/proc/{int(pid)}").exists() for pid in pids)
    ):
        time.sleep(0.1)
    assert not sleeping(seconds)
    assert not any(Path(f"/proc/{int(pid)}").exists() for pid in pids)
