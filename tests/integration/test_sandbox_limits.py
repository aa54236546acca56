"""Each limit, in a real sandbox: it holds, it says which it is, and what was before it stays."""

import time

import pytest
from candidates import Start, forked_and_alone, needs_sandbox, sleeping, text
from candidates import fork_servers as fork_servers
from candidates import starter as starter
from english_left import english_in

from autograder.common.language import speaking
from autograder.grading.student_results import spoken_text
from autograder.sandbox.limits import size

pytestmark = needs_sandbox
MIB = 1 << 20


def test_a_slow_cell_is_interrupted_and_the_kernel_goes_on(start: Start) -> None:
    candidate = start(cell_seconds=1)
    run = candidate.run("print('before')\nimport time\ntime.sleep(60)")
    assert not run.ok
    assert run.outputs[0].text == "before\n"
    assert run.outputs[-1].ename == "CellTimeoutError"
    assert "1 s, the limit of this assignment" in run.outputs[-1].evalue
    assert candidate.run("1").ok
    assert candidate.ended is None


def test_a_cell_that_ends_when_interrupted_is_late_all_the_same(start: Start) -> None:
    candidate = start(cell_seconds=1)
    run = candidate.run("import time\ntry: time.sleep(60)\nexcept KeyboardInterrupt: pass")
    assert (run.ok, run.outputs[-1].ename) == (False, "CellTimeoutError")
    assert candidate.run("1").ok


@pytest.mark.parametrize(
    "cell",
    [
        "import time\nwhile True:\n    try: time.sleep(60)\n    except BaseException: pass",
        "import signal, time\nsignal.signal(signal.SIGINT, signal.SIG_IGN)\ntime.sleep(60)",
        "import os, signal\nos.kill(os.getpid(), signal.SIGSTOP)",
        "(10**10_000_000) ** 10_000",
    ],
    ids=["catches", "ignores", "stops", "in C"],
)
def test_a_cell_that_does_not_stop_ends_the_candidate(start: Start, cell: str) -> None:
    candidate = start(cell_seconds=1)
    began = time.monotonic()
    run = candidate.run(cell)
    assert time.monotonic() - began < 9
    assert not run.ok
    assert candidate.ended is not None
    assert candidate.ended.limit == "cell time"
    assert "1 s, the limit of this assignment" in candidate.ended.message
    after = candidate.run("1")
    assert (after.ok, after.outputs[0].evalue) == (False, candidate.ended.message)


def test_the_whole_notebook_has_a_limit(start: Start) -> None:
    candidate = start(total_seconds=2)
    began = time.monotonic()
    assert candidate.run("print('before')").ok
    assert not candidate.run("import time; time.sleep(60)").ok
    assert time.monotonic() - began < 8
    assert candidate.ended is not None
    assert (candidate.ended.limit, "2 s, the limit of this assignment" in candidate.ended.message) == (
        "total time",
        True,
    )


def test_too_large_an_array_is_an_error_of_the_cell(start: Start) -> None:
    candidate = start(memory_bytes=1024 * MIB)
    assert candidate.run("x = bytearray(2 << 30)").outputs[-1].ename == "MemoryError"
    assert candidate.run("1").ok


@forked_and_alone
def test_the_memory_of_all_processes_counts_together(start: Start) -> None:
    candidate = start(memory_bytes=600 * MIB, cell_seconds=30)
    run = candidate.run(
        "import subprocess, sys, time\n"
        "code = 'import time; x = bytearray(b\"x\" * (90 << 20)); time.sleep(60)'\n"
        "for _ in range(8): subprocess.Popen([sys.executable, '-S', '-c', code])\n"
        "time.sleep(60)"
    )
    assert candidate.ended is not None
    assert (candidate.ended.limit, candidate.ended.message) == (
        "memory",
        "The notebook used more than 600 MiB of memory, the limit of this assignment.",
    )
    assert run.outputs[-1].evalue == candidate.ended.message


def test_forked_processes_share_their_memory(start: Start) -> None:
    candidate = start(memory_bytes=600 * MIB)
    run = candidate.run(
        "import os, time\nx = bytearray(b'x' * (200 << 20))\n"
        "for _ in range(5):\n    if os.fork() == 0:\n        time.sleep(2); os._exit(0)\n"
        "for _ in range(5): os.wait()"
    )
    assert run.ok
    assert candidate.ended is None


@forked_and_alone
def test_files_in_memory_count_as_memory(start: Start) -> None:
    candidate = start(memory_bytes=400 * MIB, disk_bytes=300 * MIB, cell_seconds=30)
    candidate.run(
        "for path in ('/tmp/x', '/dev/shm/x'):\n"
        "    with open(path, 'wb') as f:\n        for _ in range(250): f.write(bytes(1 << 20))\n"
        "import time; time.sleep(20)"
    )
    assert candidate.ended is not None
    assert candidate.ended.limit == "memory"


UNSEEN = {
    "sockets": """
import os, socket, time
held = [end for _ in range(1000) for end in socket.socketpair()]
for end in held:
    end.setblocking(False)
    try:
        while True: end.send(bytes(65536))
    except BlockingIOError: pass
time.sleep(20)
""",
    "sockets on their way": """
import array, os, socket, time
for number in range(1000):
    if number % 100 == 0:
        road = [*road, *socket.socketpair()] if number else [*socket.socketpair()]
    pair = socket.socketpair()
    rights = array.array("i", [end.fileno() for end in pair])
    road[-1].sendmsg([b"x"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, rights)])
time.sleep(20)
""",
    "connections": """
import socket, time
server = socket.create_server(("127.0.0.1", 0), backlog=200)
held = [socket.create_connection(server.getsockname()) for _ in range(100)]
time.sleep(20)
""",
    "pipes": """
import os, time
for _ in range(20):
    if os.fork() == 0:
        try:
            while True: os.pipe()
        except OSError: time.sleep(20)
time.sleep(20)
""",
    "page tables": """
import mmap, time
place = mmap.mmap(-1, 1 << 39, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS, prot=mmap.PROT_READ)
for position in range(0, 1 << 39, 2 << 20): place[position]
time.sleep(20)
""",
}


@pytest.mark.parametrize("cell", UNSEEN.values(), ids=UNSEEN)
@forked_and_alone
def test_memory_that_the_kernel_has_for_a_notebook_counts(start: Start, cell: str) -> None:
    candidate = start(memory_bytes=500 * MIB, cell_seconds=15)
    candidate.run(cell)
    assert candidate.ended is not None
    assert candidate.ended.limit == "memory"


@forked_and_alone
def test_a_notebook_does_not_take_the_machines_terminals(start: Start) -> None:
    candidate = start(cell_seconds=15)
    run = candidate.run(
        "import os, time\nheld = []\ntry:\n    while True: held += os.openpty()\n"
        "except OSError: print(len(held), flush=True)\ntime.sleep(5)"
    )
    if candidate.ended is None:  # its own /dev/pts has no more
        assert text(run) == "128\n"
    else:
        assert "64 pseudo-terminals" in candidate.ended.message


@forked_and_alone
def test_a_folder_can_be_filled_only_to_its_size(start: Start) -> None:
    candidate = start(disk_bytes=20 * MIB)
    for folder in (".", "/home/student", "/tmp", "/dev/shm"):
        run = candidate.run(f"with open('{folder}/x', 'wb') as f:\n    for _ in range(40): f.write(bytes(1 << 20))")
        assert "No space left on device" in run.outputs[-1].evalue, folder
        assert candidate.run(f"import os; os.remove('{folder}/x')").ok


@forked_and_alone
def test_nothing_else_can_be_written(start: Start) -> None:
    candidate = start()
    for folder in ("/", "/dev", "/etc", "/run", "/usr/lib", "/proc", "/home", "/run/autograder"):
        run = candidate.run(f"open('{folder}/x', 'wb')")
        assert run.outputs[-1].ename in ("OSError", "PermissionError", "FileNotFoundError"), folder


def test_files_without_end_end_the_candidate(start: Start) -> None:
    candidate = start(cell_seconds=60)
    candidate.run("import os\nn = 0\nwhile True:\n    os.mknod(f'/tmp/{n}')\n    n += 1")
    assert candidate.ended is not None
    assert candidate.ended.limit == "disk"


@pytest.mark.parametrize(
    "cell",
    [
        "import os, time\nwhile True:\n    try: os.fork()\n    except OSError: time.sleep(1)",
        "import subprocess as s, time\ntry:\n    while True: s.Popen(['sleep', '60'])\nexcept OSError: time.sleep(9)",
        "import threading, time\nwhile True: threading.Thread(target=time.sleep, args=(60,)).start()",
    ],
    ids=["fork", "programs", "threads"],
)
@forked_and_alone
def test_a_fork_bomb_stops_at_the_limit(start: Start, cell: str) -> None:
    candidate = start(processes=64, cell_seconds=10)
    began = time.monotonic()
    candidate.run(cell)
    while candidate.ended is None and time.monotonic() - began < 18:
        candidate.run("pass")  # the watchdog looks five times a second
    assert time.monotonic() - began < 18
    assert candidate.ended is not None
    assert candidate.ended.limit == "processes"
    assert "64 processes and threads" in candidate.ended.message


@forked_and_alone
def test_processes_are_limited_before_they_are_counted(start: Start) -> None:
    run = start(processes=32).run(
        "import os, time\nn = 0\ntry:\n"
        "    while True:\n        if os.fork() == 0:\n            time.sleep(9); os._exit(0)\n"
        "        n += 1\nexcept OSError: print(n, flush=True)"
    )
    printed = [output.text for output in run.outputs if output.output_type == "stream"]
    assert not printed or int(printed[0]) < 32


@pytest.mark.parametrize(
    "cell",
    [
        "while True: print('x' * 1000)",
        "import os\nwhile True: os.write(1, b'x' * 1000)",
        "import os\nos.system('yes')",
        "while True: display('x' * 1000)",
        "print('x' * 20_000_000)",
    ],
    ids=["print", "descriptor", "subprocess", "display", "one message"],
)
def test_endless_output_ends_the_candidate(start: Start, cell: str) -> None:
    candidate = start(output_bytes=2_000_000, cell_seconds=20)
    assert not candidate.run(cell).ok
    assert candidate.ended is not None
    assert candidate.ended.limit == "output"
    assert "2 MB" in candidate.ended.message or "16 MB" in candidate.ended.message


@pytest.mark.parametrize(
    "cell", ["print('x' * 3_000_000)", "for _ in range(30): display('x' * 100_000)", "for n in range(900): display(n)"]
)
def test_output_beyond_the_limit_is_left_out_and_the_notebook_goes_on(start: Start, cell: str) -> None:
    candidate = start(output_bytes=2_000_000, output_messages=500)
    run = candidate.run(cell)
    assert run.ok
    assert run.dropped
    assert run.outputs[-1].text.startswith("… further output is left out. The notebook's output is over ")
    with speaking("ru"):
        assert english_in(spoken_text(run.outputs[-1].text), "MB") == []
    after = candidate.run("x = 1\nprint('unseen')\nx")
    assert after.ok
    assert after.dropped
    assert [output.output_type for output in after.outputs] == ["stream"]
    failed = candidate.run("assert x == 2")
    assert not failed.ok
    assert failed.outputs[-1].ename == "AssertionError"
    assert candidate.ended is None


def test_the_number_of_messages_is_limited(start: Start) -> None:
    candidate = start(output_messages=500)
    run = candidate.run("while True: display(1)")
    assert candidate.ended is not None  # after eight times as many
    assert candidate.ended.message == "The notebook's output is over 500 messages, the limit of this assignment."
    assert len(run.outputs) < 502


@pytest.mark.parametrize(
    ("cell", "told"),
    [
        ("import os; os._exit(3)", "exit code 3"),
        ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", "was killed"),
        ("import ctypes; ctypes.string_at(0)", "signal 11"),
    ],
)
@forked_and_alone
def test_a_crash_is_told(start: Start, cell: str, told: str) -> None:
    candidate = start()
    assert candidate.run("x = 1").ok
    run = candidate.run(cell)
    assert (run.ok, run.outputs[-1].ename) == (False, "DeadKernelError")
    assert candidate.ended is not None
    assert candidate.ended.limit == "crash"
    assert told in candidate.ended.message


@forked_and_alone
def test_what_a_killed_candidate_started_is_gone(start: Start) -> None:
    candidate = start(cell_seconds=1)
    candidate.run("import subprocess\np = subprocess.Popen(['sleep', '9997'], start_new_session=True)")
    assert sleeping("9997")
    candidate.run("import os; os._exit(0)")
    for _ in range(50):
        if not sleeping("9997"):
            break
        time.sleep(0.1)
    assert not sleeping("9997")


@pytest.mark.parametrize(
    ("count", "words"), [(4 << 30, "4 GiB"), (10_000_000, "10 MB"), (5 * MIB, "5 MiB"), (7, "7 bytes")]
)
def test_sizes_are_told_in_words(count: int, words: str) -> None:
    assert size(count) == words
