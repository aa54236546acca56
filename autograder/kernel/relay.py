"""Within a sandbox: starts a kernel of any language, and passes on what it and the grader send each other.

The kernel listens on loopback, as every kernel can, and which nothing outside of the sandbox reaches; the grader's ends
are sockets that it has made and handed over open, as for `agent`. Nothing that passes is looked at.
"""

import contextlib
import json
import os
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NoReturn

FILE = "kernel/relay.py"  # this module, as `Sandbox` has it
INTERRUPT = b"interrupt\n"  # on the control socket: interrupt the kernel by a signal
HAND_OVER = b"hand over %d %d\n"  # and: hand over the files that were written, at most so many, of so many bytes
LOOPBACK = "127.0.0.1"
_WAIT = 0.05  # seconds between two tries to reach the kernel
_PART = 1 << 16  # bytes passed on at once


def start(
    command: Sequence[str],
    connection: Mapping[str, Any],
    listening: Mapping[int, int],
    folder: str,
    prepare: Callable[[], None],
) -> "subprocess.Popen[bytes]":
    """Start the kernel in `folder`, and pass on what comes from the grader.

    `command`: in it, {connection_file} stands for that file's path. `connection`: what the file has, with the grader's
    numbers as ports; `listening`: descriptors of the sockets of these numbers. `prepare` is called in the new process.
    """
    free = dict(zip(listening, _free_ports(len(listening)), strict=True))
    ports = {name: free.get(value) or _free_ports(1)[0] for name, value in connection.items() if name.endswith("_port")}
    file = Path(folder).parent / ".kernel.json"
    file.write_text(json.dumps({**connection, **ports, "transport": "tcp", "ip": LOOPBACK}))
    kernel = subprocess.Popen(
        [part.replace("{connection_file}", str(file)) for part in command],
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        start_new_session=True,  # an interrupt then reaches what a cell has started, and nothing else
        preexec_fn=prepare,
    )
    for number, descriptor in listening.items():
        ours = socket.socket(fileno=descriptor)
        ours.setblocking(True)
        threading.Thread(target=_accept, args=[ours, free[number]], daemon=True).start()
    threading.Thread(target=_pass_errors, args=[kernel], daemon=True).start()
    return kernel


def serve(kernel: "subprocess.Popen[bytes]", control: socket.socket, hand_over: Callable[[int, int], None]) -> NoReturn:
    """Do what comes on the control socket, and end with the kernel's exit code when it ends."""
    threading.Thread(target=_obey, args=[kernel, control, hand_over], daemon=True).start()
    code = kernel.wait()
    os._exit(code if code >= 0 else 128 - code)


def _free_ports(count: int) -> list[int]:
    with contextlib.ExitStack() as stack:
        found = [stack.enter_context(socket.socket()) for _ in range(count)]
        for one in found:
            one.bind((LOOPBACK, 0))
        return [int(one.getsockname()[1]) for one in found]


def _accept(listening: socket.socket, port: int) -> None:
    while True:
        ours, _ = listening.accept()
        threading.Thread(target=_join, args=[ours, port], daemon=True).start()


def _join(ours: socket.socket, port: int) -> None:
    """Pass on what comes at either end, from when the kernel listens until one of the two hangs up."""
    while True:
        try:
            theirs = socket.create_connection((LOOPBACK, port))
            break
        except OSError:  # this process ends with the kernel, whether that has listened or not
            time.sleep(_WAIT)
    theirs.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    threading.Thread(target=_pass_on, args=[ours, theirs], daemon=True).start()
    _pass_on(theirs, ours)


def _pass_on(source: socket.socket, target: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while part := source.recv(_PART):
            target.sendall(part)
    for end in (source, target):
        with contextlib.suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)


def _pass_errors(kernel: "subprocess.Popen[bytes]") -> None:
    """The grader reads errors until the kernel is ready; later ones are read and dropped, so that none waits."""
    assert kernel.stderr is not None
    while part := os.read(kernel.stderr.fileno(), _PART):
        with contextlib.suppress(OSError):
            os.write(2, part)


def _obey(kernel: "subprocess.Popen[bytes]", control: socket.socket, hand_over: Callable[[int, int], None]) -> None:
    with control.makefile("rb") as orders:
        for order in orders:
            with contextlib.suppress(OSError):
                if order == INTERRUPT:
                    os.killpg(kernel.pid, signal.SIGINT)
                else:
                    count, size = order.split()[-2:]
                    hand_over(int(count), int(size))
