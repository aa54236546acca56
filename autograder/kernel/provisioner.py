"""Starts ipykernel in its sandbox.

The grader makes the sockets that the kernel listens on, in a folder of its own, and hands them over open. So grader
and candidate have no folder in common, and a student's code finds no path that the grader will look at again.
"""

import contextlib
import io
import json
import os
import socket
import subprocess
import tarfile
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO, Any, cast

from jupyter_client.connect import KernelConnectionInfo
from jupyter_client.provisioning.local_provisioner import LocalProvisioner

from autograder.common.files import NotRegular, open_regular
from autograder.kernel import agent, relay
from autograder.kernel.environment import environment, shared
from autograder.kernel.fork_server import ForkServer
from autograder.kernel.kernelspec import Kernel
from autograder.sandbox import bubblewrap
from autograder.sandbox.bubblewrap import Sandbox, SandboxError
from autograder.sandbox.cgroups import Group
from autograder.sandbox.limits import Limits, kill_tree, size

PORTS = {"shell": 1, "iopub": 2, "stdin": 3, "control": 4}


@dataclass(frozen=True)
class LaunchSpec:
    """Everything that a candidate is started with."""

    limits: Limits
    kernel: Kernel
    files: Mapping[str, Path]  # path in the work folder -> regular file
    environment: Mapping[str, str]
    visible: Sequence[Path]
    sandboxed: bool
    rpc_socket: socket.socket  # the candidate's end
    files_socket: socket.socket  # its end of that on which it hands over the files that it wrote
    folder: Path  # the grader's own, for the sockets; without a sandbox the candidate's home is in it too
    trainer: socket.socket | None = None  # the candidate's end of its connection to the trainer
    fork_server: ForkServer | None = None  # forks it; else it is a new process
    group: Group | None = None  # the control group that it is put in


class CandidateProvisioner(LocalProvisioner):
    """Starts the agent, which becomes the kernel. `spec` is set before it starts."""

    spec: LaunchSpec

    async def pre_launch(self, **kwargs: Any) -> dict[str, Any]:
        """Nothing: there is no connection file for others to find, and no port to reserve."""
        return {"cmd": []}

    async def launch_kernel(self, cmd: list[str], **kwargs: Any) -> KernelConnectionInfo:
        """Start the agent, with the sockets that the kernel listens on; the connection is as the manager has it."""
        spec, manager = self.spec, self.parent
        home = bubblewrap.HOME if spec.sandboxed else str(spec.folder / "home")
        with contextlib.ExitStack() as stack:
            archive = stack.enter_context(pack(spec.files, spec.limits.disk_bytes))
            stack.enter_context(spec.rpc_socket)
            stack.enter_context(spec.files_socket)
            trainer = None if spec.trainer is None else stack.enter_context(spec.trainer)
            listening = {
                port: stack.enter_context(_listening(f"{manager.ip}-{port}")).fileno() for port in PORTS.values()
            }
            connection: dict[str, int | str] = {f"{name}_port": port for name, port in PORTS.items()}
            connection |= {"ip": f"{home}/.kernel", "transport": "ipc", "signature_scheme": "hmac-sha256"}
            connection["key"] = manager.session.key.decode()
            descriptors = [
                *(archive.fileno(), spec.rpc_socket.fileno(), spec.files_socket.fileno()),
                *listening.values(),
            ]
            descriptors += [] if trainer is None else [trainer.fileno()]
            setup = {
                "memory": spec.limits.memory_bytes,
                "processes": spec.limits.processes if spec.sandboxed else None,  # else it counts the user's others
                "sandboxed": spec.sandboxed,
                "connection": connection if spec.kernel.plain is None else {**connection, "hb_port": 0},
                "command": None if spec.kernel.plain is None else spec.kernel.plain.command,
                "folder": f"{home}/work",
                "files": 0,  # these are places in the list of descriptors
                "rpc_socket": 1,
                "files_socket": 2,
                "listening": {port: 3 + place for place, port in enumerate(listening)},
                "trainer": None if trainer is None else len(descriptors) - 1,
            }
            if spec.fork_server is not None:
                process = spec.fork_server.spawn(setup, descriptors, spec.group)
                self.process, self.pid = cast(Any, process), process.pid
                return manager.get_connection_info()  # type: ignore[no-any-return]
            setup["descriptors"] = descriptors
            package = bubblewrap.PACKAGE if spec.sandboxed else str(Path(agent.__file__).parents[2])
            command = spec.kernel.interpreter.command(agent.__name__, package, [json.dumps(setup)])
            if spec.sandboxed:
                data = bubblewrap.memory_files()
                for descriptor in data.values():
                    stack.callback(os.close, descriptor)
                descriptors += data.values()
                command = _sandbox(spec).command(command, data)
            else:
                _make_home(Path(home))
            self.process = subprocess.Popen(
                command if spec.group is None else spec.group.entering(command),
                env=environment(home, spec.kernel, spec.environment),
                cwd="/",
                pass_fds=descriptors,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                start_new_session=True,
            )
        self.pid = self.process.pid
        return manager.get_connection_info()  # type: ignore[no-any-return]

    async def send_signal(self, signum: int) -> None:
        """Only what ends it: interrupts go as messages, as the kernel's own process is below others."""
        if self.process:
            kill_tree(self.process.pid)


def pack(files: Mapping[str, Path], disk: int) -> IO[bytes]:
    """An archive of regular files under their names in the work folder, at its start; no link is followed."""
    archive = tempfile.TemporaryFile()  # noqa: SIM115
    total = 0
    with tarfile.open(fileobj=archive, mode="w:", format=tarfile.PAX_FORMAT) as packed:
        for name, path in files.items():
            pure = PurePosixPath(name)
            if pure.is_absolute() or ".." in pure.parts or not pure.parts or "\0" in name:
                raise SandboxError(f"{name!r} is no path within the work folder.")
            try:
                opened = open_regular(path)
            except NotRegular as error:
                raise SandboxError(f"{path} is {error}.") from None
            except OSError as error:
                raise SandboxError(f"{path} can't be read: {error.strerror}.") from None
            with opened as file:
                found = os.fstat(file.fileno())
                total += found.st_size
                if total > disk:
                    raise SandboxError(f"The notebook's files do not fit into {size(disk)} (c.Limits.disk_bytes).")
                member = tarfile.TarInfo(str(pure))
                member.size, member.mtime = found.st_size, int(found.st_mtime)
                packed.addfile(member, file)
    archive.flush()
    archive.seek(0, io.SEEK_SET)
    return archive


def _sandbox(spec: LaunchSpec) -> Sandbox:
    elsewhere = {path: f"{bubblewrap.HOME}/{name}" for path, name in shared().items()}
    python = spec.kernel.interpreter
    modules = agent.MODULES if spec.kernel.plain is None else (*agent.MODULES, relay.FILE)
    visible = [*spec.visible, *(Path(folder) for folder in spec.kernel.shown)]
    return Sandbox(spec.limits.disk_bytes, visible, elsewhere, modules, interpreter=python)


def _make_home(home: Path) -> None:
    """Make the folders of a candidate's home where there is no sandbox to do so."""
    for name in ("work", "tmp"):
        (home / name).mkdir(parents=True)
    for path, name in shared().items():
        (home / name).parent.mkdir(parents=True, exist_ok=True)
        (home / name).symlink_to(path)


def _listening(path: str) -> socket.socket:
    listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listening.setblocking(False)
    listening.bind(path)
    listening.listen()
    return listening
