"""Within a sandbox: a process that has imported what notebooks import, and forks a candidate for each of them.

No student's code runs in it. Each fork gets namespaces and mounts of its own before any does: its own processes,
network, IPC, mounts and folders to write to, in a user namespace of its own, in which it has no capability and can make
no other. What keeps the machine from it is the sandbox around all of them.
"""

import contextlib
import ctypes
import fcntl
import gc
import json
import os
import signal
import socket
import struct
import sys
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple, NoReturn

from autograder.common.preloading import preload
from autograder.kernel import agent

READY = b"+"
_TERMINALS = 64  # pseudo-terminals, of the machine's some thousands
MOST = 1 << 17  # bytes of an order
# of linux/sched.h: CLONE_NEWNS, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET
_NAMESPACES = 0x00020000 | 0x04000000 | 0x08000000 | 0x10000000 | 0x20000000 | 0x40000000
_REC_PRIVATE = 0x4000 | 0x40000  # of linux/mount.h: MS_REC, MS_PRIVATE
_BIND = 0x1000 | 0x4000  # MS_BIND, MS_REC; read-only as what is bound
_READ_ONLY = 1  # MS_RDONLY
_NO_SUID_DEV = 2 | 4  # MS_NOSUID, MS_NODEV
_NO_SUID_EXEC = 2 | 8  # MS_NOSUID, MS_NOEXEC
_NO_SUID_DEV_EXEC = 2 | 4 | 8  # and MS_NOEXEC
# What a candidate runs of this package: Python can't write what it compiles of it in the sandbox.
_OWN = ("autograder.course.verified_datasets", "autograder.rpc.peer", "autograder.rpc.written_files")
_OF_TRAINING = tuple(f"autograder.training.kernel_side.{name}" for name in ("hook", "request", "replay"))
_libc = ctypes.CDLL(None, use_errno=True)


class MountPlan(NamedTuple):
    """What a fork can write to, and what it reads below that."""

    disk: int  # bytes of each folder
    writable: list[str]
    binds: dict[str, str]  # what is there -> where it is to be
    hidden: list[str]  # below that


def main() -> None:
    """Arguments: the control socket, and JSON with the mounts and the `modules` to import."""
    control, setup = socket.socket(fileno=int(sys.argv.pop(1))), json.loads(sys.argv.pop(1))
    control.set_inheritable(False)
    null = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):  # libraries log what nobody needs
        os.dup2(null, descriptor)
    os.close(null)
    _preload(setup["modules"])
    mounts = MountPlan(**setup["mounts"])
    problem = _tried(mounts)
    control.sendall(problem.encode()[:1000] or READY)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # children are reaped by the system
    gc.collect()
    gc.freeze()
    while not problem:
        text, descriptors = _receive(control)
        if not text:
            return
        if os.fork() == 0:
            control.close()
            _spawn(json.loads(text), descriptors, mounts)
        for descriptor in descriptors:
            os.close(descriptor)


def _preload(modules: list[str]) -> None:
    os.environ.setdefault("MPLBACKEND", "module://matplotlib_inline.backend_inline")  # as ipykernel will
    sys.modules["debugpy"] = None  # type: ignore[assignment]  # see `agent`
    preload([*_OWN, "ipykernel.kernelapp", *modules])
    if "keras" in sys.modules:
        preload(_OF_TRAINING)
    del sys.modules["debugpy"]
    sys.modules.pop("doctest", None)  # it derives a class from the debugger that ipykernel replaces when it starts


def _tried(mounts: MountPlan) -> str:
    """Make the namespaces once in a child; returns why they can't be made, or an empty text."""
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        os._exit(_isolated(mounts, lambda: None, writing))
    os.close(writing)
    with open(reading, errors="replace") as errors:
        problem = errors.read()
    code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    return "" if code == 0 else problem.strip() or f"exit code {code}"


def _receive(control: socket.socket) -> tuple[bytes, list[int]]:
    """The next order: JSON in one packet, and descriptors; empty when the grader is gone."""
    try:
        text, descriptors, _, _ = socket.recv_fds(control, MOST, 32)
    except OSError:
        return b"", []
    return text, descriptors


def _spawn(setup: dict[str, Any], descriptors: list[int], mounts: MountPlan) -> NoReturn:
    """What a fork does, to its end. The last two descriptors: where it is announced, and where its errors go."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    exit_channel, errors = socket.socket(fileno=descriptors[-2]), descriptors[-1]

    def run() -> None:
        exit_channel.close()
        os.dup2(errors, 2)
        os.close(errors)
        agent.run({**setup, "descriptors": descriptors[:-2]})

    code = 1
    try:
        exit_channel.sendall(b"b")  # the system says beside it which process this is
        if exit_channel.recv(1):
            code = _isolated(mounts, run, errors, descriptors[:-2])
    finally:
        with contextlib.suppress(OSError):
            exit_channel.sendall(bytes([code & 255]))
        os._exit(code)


def _isolated(mounts: MountPlan, run: Callable[[], None], errors: int, its: Sequence[int] = ()) -> int:
    """Call `run` in new namespaces, in a child of their first process; returns its exit code.

    Linux ends all processes of a PID namespace with its first one, which must also reap those that lose their parent:
    so the first one does only that (`_init`), and `run` has a process of its own. `errors`: descriptor for tracebacks;
    `its`: descriptors that only `run` keeps.
    """
    try:
        user, group = os.getuid(), os.getgid()
        _call("unshare", _NAMESPACES)
        for name, text in (("setgroups", "deny"), ("uid_map", f"{user} {user} 1"), ("gid_map", f"{group} {group} 1")):
            Path("/proc/self", name).write_text(text)
        _end_with_parent()
        first = os.fork()
        if first:
            for descriptor in its:
                os.close(descriptor)
            return _code(os.waitpid(first, 0)[1])
    except OSError:
        os.write(errors, traceback.format_exc().encode())
        return 1
    code = 1
    try:
        _end_with_parent()
        _mount(mounts)
        code = _init(run)
    except BaseException:
        os.write(errors, traceback.format_exc().encode())
    finally:
        os._exit(code)


def _mount(mounts: MountPlan) -> None:
    """Mount what the fork sees, bring its loopback up, and give up all rights to change any of it."""
    _call("mount", b"none", b"/", None, _REC_PRIVATE, None)
    _call("mount", b"proc", b"/proc", b"proc", _NO_SUID_DEV_EXEC, None)
    _call("mount", b"devpts", b"/dev/pts", b"devpts", _NO_SUID_EXEC, b"newinstance,ptmxmode=0666,max=%d" % _TERMINALS)
    for folder in mounts.writable:
        _call("mount", b"tmpfs", folder.encode(), b"tmpfs", _NO_SUID_DEV, b"mode=700,size=%d" % mounts.disk)
    for source, name in mounts.binds.items():
        place = Path(name)
        if os.path.isdir(source):
            place.mkdir(parents=True, exist_ok=True)
        else:
            place.parent.mkdir(parents=True, exist_ok=True)
            place.touch()
        _call("mount", source.encode(), name.encode(), None, _BIND, None)
    for name in mounts.hidden:
        _call("mount", b"tmpfs", name.encode(), b"tmpfs", _NO_SUID_DEV | _READ_ONLY, None)
    with socket.socket() as any_socket:  # SIOCSIFFLAGS: IFF_UP and IFF_RUNNING
        fcntl.ioctl(any_socket, 0x8914, struct.pack("16sh22x", b"lo", 0x1 | 0x40))
    Path("/proc/sys/user/max_user_namespaces").write_text("0")
    for capability in range(64):
        if _libc.prctl(24, capability, 0, 0, 0):  # PR_CAPBSET_DROP: until there are no more
            break
    _call("prctl", 38, 1, 0, 0, 0)  # PR_SET_NO_NEW_PRIVS
    _call("capset", struct.pack("Ii", 0x20080522, 0), bytes(24))  # _LINUX_CAPABILITY_VERSION_3: none


def _init(run: Callable[[], None]) -> int:
    """Be the first process: call `run` in a child, and reap processes until it ends; returns the child's exit code."""
    child = os.fork()
    if child == 0:
        code = 1
        try:
            run()
            code = 0
        finally:
            os._exit(code)
    os.closerange(3, os.sysconf("SC_OPEN_MAX"))  # what runs can look at this process
    while True:
        pid, status = os.waitpid(-1, 0)
        if pid == child:
            return _code(status)


def _end_with_parent() -> None:
    _call("prctl", 1, signal.SIGKILL, 0, 0, 0)  # PR_SET_PDEATHSIG


def _code(status: int) -> int:
    code = os.waitstatus_to_exitcode(status)
    return code if code >= 0 else 128 - code


def _call(name: str, *arguments: Any) -> None:
    if getattr(_libc, name)(*arguments) != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{name}: {os.strerror(number)}")
