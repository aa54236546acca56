"""Breaking the examiner, the grader or the machine. All of it is bounded, in case the defence fails."""

import json
from typing import Any

from attacks import Submission, attack
from attacks.messages import FORGE, wired


@attack(dangerous=True)
def memory(s: Submission) -> None:
    """Takes up to 3 GB of memory"""
    s.code("import mmap\nheld = []\nfor _ in range(30):\n    held.append(b'x' * 100_000_000)")


@attack(dangerous=True)
def shared_memory(s: Submission) -> None:
    """Takes up to 3 GB of memory as files, shared and mapped"""
    s.code(
        """
import mmap
held = [mmap.mmap(-1, 1 << 27) for _ in range(24)]
for place in held:
    place.write(b"x" * (1 << 27))
"""
    )


@attack(dangerous=True)
def unmapped_memory(s: Submission) -> None:
    """Takes up to 3 GB of memory in shared mappings, anonymous and of /dev/zero, and releases the pages that are
    visible
    """
    s.code(
        """
import mmap, os
held = []
for open_one in (lambda: -1, lambda: os.open("/dev/zero", os.O_RDWR)):
    try:
        descriptor = open_one()
        for _ in range(12):
            place = mmap.mmap(descriptor, 1 << 27)
            held.append(place)
            place.write(b"x" * (1 << 27))
            place.madvise(mmap.MADV_DONTNEED)
    except OSError as error:
        print(error)
"""
    )


@attack(dangerous=True)
def full_buffers(s: Submission) -> None:
    """Fills sockets, connections, and pipes with up to 3 GB"""
    s.code(
        """
import os, socket, time
server = socket.create_server(("127.0.0.1", 0), backlog=100)
def connection():
    end = socket.create_connection(server.getsockname())
    return end, server.accept()[0]
def pipe():
    ends = os.pipe()
    return [open(ends[1], "wb", 0), open(ends[0], "rb", 0)]
held = []
for make, most in ((socket.socketpair, 1000), (connection, 200), (pipe, 300)):
    for _ in range(most):
        ends = make()
        held.append(ends)
        os.set_blocking(ends[0].fileno(), False)
        try:
            while os.write(ends[0].fileno(), b"x" * 65536): pass
        except BlockingIOError:
            pass
time.sleep(1)
"""
    )


@attack(dangerous=True)
def page_tables(s: Submission) -> None:
    """Takes up to 2 GB of memory as page tables of a mapping without pages"""
    s.code(
        """
import mmap
place = mmap.mmap(-1, 1 << 40, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS, prot=mmap.PROT_READ)
for position in range(0, 1 << 40, 2 << 20): place[position]
"""
    )


@attack(dangerous=True)
def terminals(s: Submission) -> None:
    """Takes all of the machine's pseudo-terminals"""
    s.code("import os, time\nheld = []\nwhile len(held) < 6000:\n    held += os.openpty()\ntime.sleep(1)")


@attack(dangerous=True)
def files_of_memory(s: Submission) -> None:
    """Fills every folder that it can write to, with up to 1 GB each"""
    s.code(
        """
for folder in (".", "/tmp", "/dev/shm"):
    with open(folder + "/big", "wb", buffering=0) as file:
        for _ in range(64):
            file.write(b"x" * (1 << 24))
"""
    )


@attack(dangerous=True)
def forks(s: Submission) -> None:
    """Starts 300 processes"""
    s.code(
        """
import os, time
for _ in range(300):
    if os.fork() == 0:
        time.sleep(20)
        os._exit(0)
"""
    )


@attack()
def endless_cell(s: Submission) -> None:
    """Never ends, and can't be interrupted"""
    s.code("while True:\n    try:\n        while True: pass\n    except BaseException: pass")


@attack()
def endless_answer(s: Submission) -> None:
    """Never answers a test's call"""
    s.code("import time\ndef total(numbers):\n    while True:\n        time.sleep(1)")


@attack(dangerous=True)
def endless_output(s: Submission) -> None:
    """Prints 100 MB"""
    s.code("for _ in range(1000):\n    print('x' * 100_000)")


@attack()
def endless_callbacks(s: Submission) -> None:
    """Calls the test's function forever"""
    s.code("def twice(function, value):\n    while True:\n        function(value)", "twice")


@attack(dangerous=True)
def endless_sequence(s: Submission) -> None:
    """Returns an endless sequence with a length of 1"""
    s.code(
        """
class Endless:
    def __len__(self): return 10**9
    def __getitem__(self, place): return 9.0
    def __iter__(self):
        while True:
            yield 9.0
def total(numbers): return Endless()
"""
    )


@attack(dangerous=True)
def huge_range(s: Submission) -> None:
    """Returns a range of 10**12 numbers"""
    s.code("def total(numbers): return range(10**12)\ndef fibonacci(n): return range(10**12)")


@attack()
def huge_number(s: Submission) -> None:
    """Returns a number with a million digits"""
    s.code("def total(numbers): return 1 << 4_000_000\ndef fibonacci(n): return 1 << 4_000_000")


@attack(dangerous=True)
def huge_text(s: Submission) -> None:
    """Returns a string of 200 MB, and prints it"""
    s.code("def total(numbers):\n    text = 'x' * 200_000_000\n    print(text)\n    return text")


@attack(dangerous=True)
def huge_array(s: Submission) -> None:
    """Returns an array whose contents would take a terabyte"""
    s.code("def total(numbers): return np.broadcast_to(9.0, (10**6, 10**5))")


@attack(dangerous=True)
def huge_file(s: Submission) -> None:
    """Writes a report of one terabyte that is one large hole"""
    s.code("answer = 41.5\ndef report(path):\n    open(path, 'wb').truncate(10**12)", "report")


@attack(dangerous=True)
def many_files(s: Submission) -> None:
    """Writes 20,000 files"""
    s.code("for n in range(20_000):\n    open(f'f{n}.csv', 'w').close()")


@attack()
def deep_values(s: Submission) -> None:
    """Returns lists nested 10,000 levels deep, and one that contains itself"""
    s.code(
        """
deep = []
for _ in range(10_000):
    deep = [deep]
loop = []
loop.append(loop)
def total(numbers): return deep
def fibonacci(n): return loop
"""
    )


@attack()
def deep_recursion(s: Submission) -> None:
    """Recurses endlessly in whatever a test asks for"""
    s.code(
        """
import sys
sys.setrecursionlimit(10**6)
class Deep:
    def __repr__(self): return repr(self)
    __float__ = __len__ = __repr__
    def __getattr__(self, name): return getattr(self, name + "x")
def total(numbers): return total(numbers)
def fibonacci(n): return Deep()
"""
    )


@attack()
def crash(s: Submission) -> None:
    """Crashes the interpreter"""
    s.code("import ctypes\nctypes.string_at(0)")


@attack()
def stopped(s: Submission) -> None:
    """Stops its process in the middle of a test"""
    s.code("import os, signal\ndef total(numbers):\n    os.kill(os.getpid(), signal.SIGSTOP)")


@attack()
def descriptors_closed(s: Submission) -> None:
    """Closes every file descriptor of its kernel"""
    s.code("import os\ndef total(numbers):\n    os.closerange(3, 1000)\n    return 9.0")


@attack(ours=True)
def colliding_keys(s: Submission) -> None:
    """Sends a set of 40,000 numbers with the same hash"""
    wired(
        s,
        """
keys = [{"t": "int", "v": hex(k * (2**61 - 1))} for k in range(1, 40_001)]
def forge(peer, message):
    if not called(message): return None
    return {"re": "ok", "v": [40_000], "n": [*keys, {"t": "set", "v": [[n] for n in range(40_000)]}]}
""",
    )


@attack(ours=True)
def nan_in_messages(s: Submission) -> None:
    """Sends numbers that JSON does not have, everywhere a number is expected"""
    s.code(
        FORGE
        + """
def total(numbers): return 0
values = iter([float("nan"), float("inf"), 1e999, -0.0] * 30)
def forge(peer, message):
    number = next(values)
    if message["op"] == "end": return None
    nodes = [{"t": "list", "v": number}]
    return {"re": "ok", "v": [number], "changed": [[number, [number]]], "n": nodes, "out": number}
"""
    )


@attack()
def deep_notebook(s: Submission) -> None:
    """Submits a notebook whose metadata is nested 50,000 levels deep"""
    text = json.dumps({**s.notebook, "metadata": {**s.notebook.metadata, "deep": "DEEP"}})
    s.files["numbers.ipynb"] = text.replace('"DEEP"', "[" * 50_000 + "]" * 50_000).encode()


@attack()
def no_notebook(s: Submission) -> None:
    """Submits a file that is not a notebook"""
    s.files["numbers.ipynb"] = b"\x80\x04\x95 not a notebook"


@attack()
def broken_notebook(s: Submission) -> None:
    """Submits a notebook with wrong types everywhere"""
    cells: list[Any] = [None, 3, {"cell_type": 5}, {"cell_type": "code", "source": {"a": 1}, "metadata": []}]
    s.files["numbers.ipynb"] = json.dumps(
        {"nbformat": 4, "nbformat_minor": "x", "metadata": 7, "cells": cells}
    ).encode()


@attack()
def texts_that_no_file_takes(s: Submission) -> None:
    """Raises, prints, and returns strings that can't be written to a file"""
    s.code(
        """
class Named:
    def __repr__(self): return "\\ud800"
def total(numbers): raise ValueError("\\ud800")
def fibonacci(n):
    print("\\ud800\\0\\x1b[2J")
    return Named()
def twice(function, value): return "\\ud800"
def report(path): raise type("Own", (Exception,), {})("\\ud800", {"\\ud800": Named()})
answer = {"\\ud800": "\\ud800"}
"""
    )


@attack()
def numbers_that_take_days(s: Submission) -> None:
    """Returns short numbers that would take days to write out, and keys that would take days to look up"""
    s.code(
        """
import decimal, fractions
def total(numbers): return decimal.Decimal("1e999999999")
def fibonacci(n): return fractions.Fraction((1 << 3_000_000) + 1, (1 << 2_000_000) + 1)
def twice(function, value): return {i * ((1 << 61) - 1): i for i in range(1, 200_000)}
answer = decimal.Decimal("1e-999999999")
"""
    )
