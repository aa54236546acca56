"""A slot's process as the server sees it: started when there is something to train, and again after it died."""

import os
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

from autograder.common.errors import AutograderError
from autograder.common.serialization import dump
from autograder.rpc import frames
from autograder.sandbox.bubblewrap import HOME, PACKAGE, Sandbox, memory_files
from autograder.sandbox.limits import kill_tree
from autograder.training import protocol
from autograder.training.devices import Slot, library_path
from autograder.training.reproducibility import FLAGS
from autograder.training.worker_messages import (
    EpochProgress,
    TrainingOrder,
    WorkerAnswer,
    WorkerMessage,
    WorkerReady,
    WorkerSettings,
)

BOOT = "import sys; sys.path.insert(0, sys.argv.pop(1)); from autograder.training import worker; worker.main()"
DISK = 1 << 30  # bytes of each folder it can write to
_NVIDIA = ("nvidiactl", "nvidia-uvm", "nvidia-uvm-tools", "nvidia-modeset", "nvidia-caps")


class WorkerDied(AutograderError):
    """The process is gone; the message says how."""


class WorkerProcess:
    """One process, on the slot's device."""

    def __init__(self, slot: Slot, memory: int, *, sandboxed: bool) -> None:
        """`memory`: bytes that a training may take. Start it in a thread that lives as long as it should."""
        self.ready = False  # whether it has said so
        self._socket, worker_end = socket.socketpair()
        self._folder = tempfile.TemporaryDirectory(prefix="autograder-slot-")
        settings = WorkerSettings(worker_end.fileno(), slot.threads, memory, slot.memory, slot.precision)
        arguments = (dump(settings),)
        keep = (worker_end.fileno(),)
        self._process = start_in_slot(slot, BOOT, arguments, self._folder.name, sandboxed=sandboxed, keep=keep)
        worker_end.close()
        self._killing = threading.Lock()

    @property
    def alive(self) -> bool:
        """Whether it can take a job."""
        return self._process.poll() is None

    def send(self, order: TrainingOrder) -> None:
        """Give it a job. Raises WorkerDied."""
        try:
            protocol.send(self._socket, order)
        except frames.RpcError as error:
            raise WorkerDied(str(error)) from None

    def receive(self, seconds: float) -> EpochProgress | WorkerAnswer:
        """Its next message but the first, `WorkerReady`. Raises WorkerDied, and TimeoutError after so long."""
        deadline = time.monotonic() + seconds
        while True:
            frames.wait_for(self._socket, deadline - time.monotonic())
            try:
                message: WorkerMessage = protocol.read(protocol.receive(self._socket), WorkerMessage)
            except frames.RpcError:
                raise WorkerDied(self._how()) from None
            if not isinstance(message, WorkerReady):
                return message
            self.ready = True

    def kill(self) -> None:
        """End it."""
        with self._killing:
            if self._process.returncode is None:
                kill_tree(self._process.pid)
                self._process.wait()
            self._folder.cleanup()

    def _how(self) -> str:
        try:
            code = self._process.wait(5.0)
        except subprocess.TimeoutExpired:
            return "it disconnected"
        return f"signal {-code if code < 0 else code - 128}" if code < 0 or code > 128 else f"exit code {code}"


def start_in_slot(
    slot: Slot,
    code: str,
    arguments: Sequence[str],
    home: str,
    *,
    sandboxed: bool,
    keep: Sequence[int] = (),
    stderr: int = subprocess.DEVNULL,
    more: Mapping[str, str] = MappingProxyType({}),
) -> "subprocess.Popen[bytes]":
    """Start Python on a slot's device, with nothing of the grader's environment.

    code: gets the folder that has this package as its first argument, and `arguments` after it
    home: its home where it is not in a sandbox
    keep: descriptors that it inherits
    more: further environment variables
    """
    package = Path(__file__).resolve().parents[1]
    argv = [sys.executable, "-P", "-c", code, PACKAGE if sandboxed else str(package.parent), *arguments]
    data = memory_files() if sandboxed else {}
    if sandboxed:
        home = HOME
        sandbox = Sandbox(DISK, (), {package: f"{PACKAGE}/autograder"}, devices=device_files(slot))
        argv = sandbox.command(argv, data)
    variables = {
        **FLAGS,
        "LANG": "C.UTF-8",
        "PATH": f"{sys.prefix}/bin:/usr/local/bin:/usr/bin:/bin",
        "HOME": home,
        "KERAS_HOME": f"{home}/.keras",  # no settings of whoever runs the grader
        "OMP_NUM_THREADS": str(slot.threads),
        "CUDA_VISIBLE_DEVICES": "" if slot.gpu is None else slot.gpu.uuid,
        **({} if slot.gpu is None else {"LD_LIBRARY_PATH": library_path()}),
        **more,
    }
    try:
        return subprocess.Popen(
            argv,
            env=variables,
            cwd="/",
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=stderr,
            pass_fds=[*keep, *data.values()],
        )
    finally:
        for descriptor in data.values():
            os.close(descriptor)


def device_files(slot: Slot) -> list[Path]:
    """Those of the slot's GPU, and of no other; none on a CPU."""
    if slot.gpu is None:
        return []
    files = [Path("/dev", name) for name in (f"nvidia{slot.gpu.minor}", *_NVIDIA)]
    return [file for file in files if file.exists()]
