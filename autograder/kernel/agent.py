"""What becomes the student's kernel: it sets the limits, unpacks the work folder, and starts ipykernel.

It runs before any student's code, and is trusted only until then. Until the limits hold it imports nothing but the
standard library, `seccomp` and `rpc`.
"""

import contextlib
import ctypes
import importlib
import json
import os
import random
import resource
import signal
import socket
import sys
import traceback
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from autograder.kernel.interactive import attend
from autograder.rpc.file_sync import Folder
from autograder.sandbox.seccomp import refuse_calls

# What it and `forking` import of this package, and all of the package that a sandbox with a student's code shows.
MODULES = (
    "__init__.py",
    "common/arrays.py",
    "common/errors.py",
    "common/files.py",
    "common/import_hook.py",
    "common/language.py",
    "common/preloading.py",
    "common/text.py",
    "course/__init__.py",
    "course/verified_datasets.py",
    "kernel/agent.py",
    "kernel/forking.py",
    "kernel/interactive.py",
    "keras_codec",
    "rpc",
    "sandbox/seccomp.py",
    "training/__init__.py",
    "training/cost.py",
    "training/fit_messages.py",
    "training/kernel_side",
    "training/protocol.py",
    "version.py",
)

_rpc_socket: socket.socket | None = None
_files_socket: socket.socket | None = None  # where the files that the notebook wrote go at its end
_folder: Any = None  # the work folder, which `rpc.file_sync` keeps equal to the examiner's


def main() -> None:
    """Become the kernel that the JSON in `sys.argv[1]` describes."""
    run(json.loads(sys.argv.pop(1)))


def run(setup: Mapping[str, Any]) -> None:
    """Become the kernel that `setup` describes (see `provisioner`); returns when the kernel ends."""
    global _rpc_socket, _files_socket, _folder
    given = setup["descriptors"]
    _limit(setup["memory"], setup["processes"])
    if setup["sandboxed"]:
        refuse_calls()
    else:
        _end_with_parent()
    with contextlib.suppress(OSError):
        os.setpgid(0, 0)  # an interrupt then reaches what a cell has started, as in Jupyter
    _rpc_socket = socket.socket(fileno=given[setup["rpc_socket"]])
    _rpc_socket.set_inheritable(False)
    _files_socket = socket.socket(fileno=given[setup["files_socket"]])
    _files_socket.set_inheritable(False)
    if _abandoned(_rpc_socket):
        return
    _unpack(given[setup["files"]], setup["folder"])
    _folder = Folder(Path(setup["folder"]), trusted=False)
    listening = {int(port): given[place] for port, place in setup["listening"].items()}
    if setup["command"] is not None:  # of another language's kernel, whose sandbox shows this module as well
        relay = importlib.import_module("autograder.kernel.relay")
        kernel = relay.start(setup["command"], setup["connection"], listening, setup["folder"], _end_with_parent)
        relay.serve(kernel, _rpc_socket, hand_over_files)
    with contextlib.suppress(ImportError):  # datasets from mirrors, which this Python's start could not see to
        importlib.import_module("autograder.course.verified_datasets")
    if setup["trainer"] is not None:
        importlib.import_module("autograder.training.kernel_side").install(
            socket.socket(fileno=given[setup["trainer"]])
        )
    errors = os.dup(2)  # not inheritable
    _silence()
    try:
        app = _kernel(setup["connection"], listening)
        # only now, as the work folder is on sys.path: no file of a student's stands in for a module of the kernel
        os.chdir(setup["folder"])
    except BaseException:
        os.write(errors, traceback.format_exc().encode())
        raise
    os.close(errors)
    _seed_first_cell(app.shell)
    attend(app.kernel)
    app.start()


def serve() -> None:
    """Answer the examiner on the RPC socket until it ends the serving."""
    from autograder.rpc.peer import serve as serve_rpc

    assert _rpc_socket is not None
    serve_rpc(_rpc_socket, _folder)


def hand_over_files(count: int, size: int) -> None:
    """Send the files that the notebook wrote: at most `count`, of `size` bytes in all."""
    from autograder.rpc import written_files

    assert _files_socket is not None
    written_files.send(_files_socket, _folder, count, size)


def _limit(memory: int, processes: int | None) -> None:
    limits = [(resource.RLIMIT_CORE, 0), (resource.RLIMIT_NOFILE, 4096), (resource.RLIMIT_DATA, memory)]
    if hasattr(resource, "RLIMIT_MSGQUEUE"):  # Linux's
        limits += [(resource.RLIMIT_MSGQUEUE, 0), (resource.RLIMIT_SIGPENDING, 4096)]
    if processes is not None:
        limits.append((resource.RLIMIT_NPROC, processes))
    for name, value in limits:
        hard = resource.getrlimit(name)[1]
        least = value if hard == resource.RLIM_INFINITY else min(value, hard)
        resource.setrlimit(name, (least, least))
    with contextlib.suppress(OSError), open("/proc/self/oom_score_adj", "w") as file:
        file.write("1000")  # when the machine's memory is short, this goes first


def _end_with_parent() -> None:
    """Have Linux kill this process when the grader ends; in a sandbox, bubblewrap sees to that."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG


def _abandoned(rpc_socket: socket.socket) -> bool:
    """Whether the grader has gone already: bubblewrap can miss that while it starts."""
    try:
        return rpc_socket.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT) == b""
    except BlockingIOError:
        return False


def _unpack(descriptor: int, folder: str) -> None:
    """The work folder's files, from an archive that the grader made."""
    os.makedirs(folder, exist_ok=True)
    with open(descriptor, "rb") as file:
        import shutil
        import tarfile

        with tarfile.open(fileobj=file, mode="r:") as archive:
            for member in archive:
                target, content = os.path.join(folder, member.name), archive.extractfile(member)
                with contextlib.suppress(FileExistsError, NotADirectoryError):  # "a" and "a/b": the first one stays
                    os.makedirs(os.path.dirname(target), exist_ok=True)
                    with open(target, "xb") as copy:
                        shutil.copyfileobj(content, copy)  # type: ignore[arg-type]
                    os.utime(target, (member.mtime, member.mtime))


def _seed_first_cell(shell: Any) -> None:
    """Seed `random` and NumPy before the first cell: the kernel has drawn ports by them, and Keras draws seeds."""

    def seed(*_: Any) -> None:
        shell.events.unregister("pre_run_cell", seed)
        random.seed(0)
        if "numpy" in sys.modules:
            sys.modules["numpy"].random.seed(0)

    shell.events.register("pre_run_cell", seed)


def _silence() -> None:
    """Discard what is written to the descriptors 0 to 2 before ipykernel redirects them."""
    null = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(null, descriptor)
    os.close(null)


def _kernel(connection: Mapping[str, Any], listening: Mapping[int, int]) -> Any:
    import zmq
    from ipykernel.kernelapp import IPKernelApp

    class KernelApp(IPKernelApp):
        """ipykernel on sockets that listen already."""

        def _try_bind_socket(self, s: Any, port: int) -> Any:
            s.setsockopt(zmq.USE_FD, listening[port])
            return super()._try_bind_socket(s, port)  # type: ignore[no-untyped-call]

        def init_iopub(self, context: Any) -> None:
            """Keeps every output until the grader has read it; by default it drops what comes too fast."""
            context.sndhwm = 0
            super().init_iopub(context)  # type: ignore[no-untyped-call]

        def init_heartbeat(self) -> None:
            """Start none: the grader sees by process and sockets whether the kernel is alive."""

    file = f"{connection['ip']}.json"
    with open(file, "w") as written:
        json.dump(connection, written)
    app = KernelApp.instance()
    sys.modules["debugpy"] = None  # type: ignore[assignment]  # a fifth of the start, and nobody debugs here
    app.initialize(["-f", file, "--HistoryManager.hist_file=:memory:"])
    del sys.modules["debugpy"]
    return app
