"""The examiner's fork server: imports what the instructor's notebooks import, once, and forks for each notebook.

It inherits a listening Unix socket. A worker connects and sends one line: `{"do": "examine"}` with three descriptors,
the wire, a pipe to interrupt by, and a file with what the plan is made of, after which the connection is the fork's
control socket; `{"do": "kill", "pid": n}`; or `{"do": "cpu", "pid": n}`, which is answered, as the fork itself may be
too busy to. The plan is made here, once for all notebooks of an assignment: it takes as long as their tests.
"""

import contextlib
import functools
import gc
import json
import os
import shutil
import signal
import socket
import sys
import tempfile
import threading
import time
import traceback
from pathlib import Path
from typing import Any, NoReturn

import autograder.course.verified_datasets  # noqa: F401  datasets from mirrors, which this Python's start could not see to
from autograder.common.preloading import preload
from autograder.examiner.exam_messages import planned_of
from autograder.examiner.examination import Examination, obey
from autograder.examiner.plan import Step, plan
from autograder.examiner.shell import Shell, new_shell
from autograder.rpc import frames

WITH_NUMPY = ("autograder.training.leakage", "autograder.examiner.model_inspection")  # imported where NumPy is


def serve(listener: socket.socket, modules: list[str]) -> None:
    """Answer on `listener`, for ever; preload `modules`."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # children are reaped by the system
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the grader, which ends this process
    loaded = frozenset(sys.modules)
    preload([*modules, *WITH_NUMPY])
    shell = new_shell()
    shell.preloaded = frozenset(sys.modules) - loaded
    folders: dict[int, Path] = {}
    gc.freeze()
    while True:
        connection, _ = listener.accept()
        with connection:
            try:
                request, descriptors = _receive(connection)
            except (OSError, frames.RpcError, ValueError):
                continue
            if request.get("do") == "kill":
                with contextlib.suppress(OSError):
                    os.kill(int(request["pid"]), signal.SIGKILL)
                continue
            if request.get("do") == "cpu":
                with contextlib.suppress(OSError):
                    connection.sendall(json.dumps(cpu_seconds(int(request["pid"]))).encode())
                continue
            _sweep(folders)
            if len(descriptors) == 3:
                with contextlib.suppress(Exception):  # the worker sees that it hangs up
                    steps = _plan(os.pread(descriptors[2], os.fstat(descriptors[2]).st_size, 0))
                    folder = Path(tempfile.mkdtemp(prefix="examination-"))
                    pid = os.fork()
                    if pid == 0:
                        listener.close()
                        _examine(shell, steps, connection, folder, *descriptors[:2])
                    folders[pid] = folder
            for descriptor in descriptors:
                os.close(descriptor)


@functools.lru_cache(maxsize=8)
def _plan(planned: bytes) -> tuple[Step, ...]:
    """The plan that all notebooks of an assignment have; nothing of a student's is in it."""
    made = planned_of(planned)
    steps = plan(made.cells, made.beside, made.modules)
    gc.freeze()
    return steps


def _examine(
    shell: Shell, steps: tuple[Step, ...], connection: socket.socket, folder: Path, rpc_socket: int, interrupt: int
) -> NoReturn:
    """What the fork does, to its end."""
    code = 1
    try:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        obey(interrupt)
        Examination(shell, steps, connection, socket.socket(fileno=rpc_socket), folder).run()
        code = 0
    finally:
        os._exit(code)


def cpu_seconds(pid: int) -> float:
    """The CPU time that a process has used. Raises OSError where there is none."""
    return time.clock_gettime(~pid << 3 | 2)  # its CPU-time clock's id, as clock_getcpuclockid(3) makes it


def _sweep(folders: dict[int, Path]) -> None:
    """Remove the folders of forks that have ended: they are in memory that all forks share."""
    for pid, folder in list(folders.items()):
        try:
            os.kill(pid, 0)
        except OSError:
            shutil.rmtree(folder, ignore_errors=True)
            del folders[pid]


def _receive(connection: socket.socket) -> tuple[dict[str, Any], list[int]]:
    """The first message of a connection: a line of JSON, and descriptors beside it."""
    text, descriptors, _, _ = socket.recv_fds(connection, 4096, 8)
    request = json.loads(text)
    return (request if isinstance(request, dict) else {}), descriptors


def _end_with_grader(lifeline: int) -> None:
    os.read(lifeline, 1)
    os._exit(1)


def main() -> None:
    """Arguments: the listening descriptor, a pipe that is closed when the grader is gone, and the modules."""
    threading.Thread(target=_end_with_grader, args=[int(sys.argv[2])], daemon=True).start()
    null = os.open(os.devnull, os.O_RDWR)
    errors = os.dup(2)
    for descriptor in (0, 1, 2):  # libraries log what nobody needs
        os.dup2(null, descriptor)
    try:
        serve(socket.socket(fileno=int(sys.argv[1])), sys.argv[3:])
    except BaseException:
        os.write(errors, traceback.format_exc().encode())
        raise
