"""A slot's process as the server sees it: started when there is something to train, and again after it died."""

import os
import socket
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

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
        package = Path(__file__).resolve().parents[1]
        settings = WorkerSettings(worker_end.fileno(), slot.threads, memory, slot.memory)
        place = PACKAGE if sandboxed else str(package.parent)
        argv = [sys.executable, "-P", "-c", BOOT, place, dump(settings)]
        data = memory_files() if sandboxed else {}
        keep = [worker_end.fileno(), *data.values()]
        home = HOME if sandboxed else self._folder.name
        if sandboxed:
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
        }
        self._process = subprocess.Popen(
            argv,
            env=variables,
            cwd="/",
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            pass_fds=keep,
        )
        worker_end.close()
        for descriptor in data.values():
            os.close(descriptor)
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


def device_files(slot: Slot) -> list[Path]:
    """Those of the slot's GPU, and of no other; none on a CPU."""
    if slot.gpu is None:
        return []
    files = [Path("/dev", name) for name in (f"nvidia{slot.gpu.minor}", *_NVIDIA)]
    return [file for file in files if file.exists()]
