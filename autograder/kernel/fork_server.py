"""The grader's side of `forking`: a sandbox in which candidates are forked from a process with most imports done.

Importing TensorFlow takes longer than most notebooks. Where the system allows no namespaces within a sandbox (in a
container that masks /proc, say), there is no fork server, and each candidate is a process and a sandbox of its own.
"""

import contextlib
import json
import os
import select
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, Any

from autograder.kernel import agent, forking
from autograder.kernel.environment import environment, shared
from autograder.kernel.kernelspec import Kernel
from autograder.sandbox.bubblewrap import HOME, PACKAGE, WRITABLE, Sandbox, SandboxError, memory_files, package_within
from autograder.sandbox.cgroups import Group
from autograder.sandbox.interpreter import Interpreter
from autograder.sandbox.limits import kill_tree

START_SECONDS = 120
SHARED = "/run/shared"


class ForkedProcess:
    """A candidate's process as seen from outside the sandbox, with the part of subprocess.Popen that its user needs."""

    returncode: int | None = None

    def __init__(self, pid: int, exit_channel: socket.socket, stderr: IO[bytes]) -> None:
        """`pid`: as the grader sees it; `exit_channel`: where its exit code will come."""
        self.pid = pid
        self.stderr: IO[bytes] | None = stderr
        self._exit_channel = exit_channel
        self._end = os.pidfd_open(pid)

    def poll(self) -> int | None:
        """The exit code; None while it runs."""
        try:
            return self.wait(0)
        except subprocess.TimeoutExpired:
            return None

    def wait(self, timeout: float | None = None) -> int:
        """The exit code, -9 where none came. Raises subprocess.TimeoutExpired where it still runs after `timeout` s."""
        if self.returncode is None:
            if not select.select([self._end], [], [], timeout)[0]:
                raise subprocess.TimeoutExpired("a notebook's kernel", timeout or 0)
            os.close(self._end)
            with self._exit_channel as exit_channel:
                exit_channel.setblocking(False)
                try:
                    code = exit_channel.recv(1)
                except BlockingIOError:
                    code = b""
            self.returncode = code[0] if code else -9
        return self.returncode


class ForkServer:
    """One sandbox, whose candidates have the same folders, variables, modules; it ends with the thread that made it."""

    def __init__(
        self,
        interpreter: Interpreter,
        disk: int,
        visible: Sequence[Path],
        elsewhere: Mapping[Path, str],
        variables: Mapping[str, str],
        modules: Sequence[str],
    ) -> None:
        """Its candidates have folders of `disk` bytes, may read `visible` and `elsewhere`, and have these `variables`.

        `interpreter` runs them; `modules` are imported where they can be. Raises SandboxError where no fork server can
        be made.
        """
        self._control, child_end = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        # mounts hide what is below the folders that can be written to, this Python perhaps: it waits beside them
        binds = Sandbox(disk, tuple(visible), interpreter=interpreter).binds()
        own = {path: place for path, place in binds.items() if _is_within(place)}
        places = {**own, **elsewhere}
        beside = {path: f"{SHARED}/{number}" for number, path in enumerate(places)}
        placed = {beside[path]: place for path, place in places.items()}
        mounts = {"disk": disk, "writable": WRITABLE, "binds": placed, "hidden": package_within(own.values())}
        setup = json.dumps({"mounts": mounts, "modules": list(modules)})
        command = interpreter.command(forking.__name__, PACKAGE, [str(child_end.fileno()), setup])
        sandbox = Sandbox(disk, tuple(visible), beside, agent.MODULES, nested=True, interpreter=interpreter)
        data = memory_files()
        with child_end:
            self._process = subprocess.Popen(
                sandbox.command(command, data),
                env=dict(variables),
                cwd="/",
                pass_fds=[child_end.fileno(), *data.values()],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
            )
        for descriptor in data.values():
            os.close(descriptor)
        ready = select.select([self._control], [], [], START_SECONDS)[0]
        answer = self._control.recv(4096) if ready else b""
        if answer != forking.READY:
            self.close()
            raise SandboxError(answer.decode(errors="replace") or "no answer")

    def spawn(self, setup: Mapping[str, Any], descriptors: Sequence[int], group: Group | None = None) -> ForkedProcess:
        """Fork a candidate with these descriptors, and put it into a control group. Raises SandboxError.

        The kernel itself says which process it is (SCM_CREDENTIALS), as its pid inside is another one; it waits for
        a byte, so that it runs nothing before it is in its group.
        """
        host_end, child_end = socket.socketpair()
        reading, writing = os.pipe()
        try:
            with child_end:
                host_end.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
                host_end.settimeout(START_SECONDS)
                order = json.dumps(setup).encode()
                socket.send_fds(self._control, [order], [*descriptors, child_end.fileno(), writing])
            announcement, ancillary, _, _ = host_end.recvmsg(1, socket.CMSG_SPACE(12))
            pids = [
                int.from_bytes(data[:4], sys.byteorder) for _, kind, data in ancillary if kind == socket.SCM_CREDENTIALS
            ]
            if not (announcement and pids and pids[0] > 0):
                raise SandboxError("The notebook's kernel did not start: its fork was not announced.")
            process = ForkedProcess(pids[0], host_end, open(reading, "rb"))  # noqa: SIM115
            if group is not None:
                group.add(process.pid)
            host_end.sendall(b"g")
        except OSError as error:
            os.close(reading)
            host_end.close()
            raise SandboxError(f"The notebook's kernel did not start: {error}") from None
        finally:
            os.close(writing)
        return process

    def close(self) -> None:
        """Kill it and all its candidates."""
        self._control.close()
        kill_tree(self._process.pid)
        self._process.wait()


def _is_within(place: str) -> bool:
    return any(Path(place).is_relative_to(folder) for folder in WRITABLE)


class ForkServerPool:
    """Keeps the fork server of the last notebook for the next one, which mostly needs the same."""

    def __init__(self) -> None:
        """Without a fork server yet."""
        self._key: tuple[Any, ...] | None = None
        self._fork_server: ForkServer | None = None

    def of(
        self, kernel: Kernel, disk: int, visible: Sequence[Path], given: Mapping[str, str], modules: Sequence[str]
    ) -> ForkServer | None:
        """A fork server with those arguments, as of ForkServer; None where none can be made."""
        elsewhere = {path: f"{HOME}/{name}" for path, name in shared().items()}
        key = (kernel.interpreter, disk, visible, elsewhere, environment(HOME, kernel, given), modules)
        if key != self._key:
            self.close()
            with contextlib.suppress(SandboxError):
                self._fork_server = ForkServer(*key)
            self._key = key
        return self._fork_server

    def close(self) -> None:
        """Kill the fork server, if there is one."""
        if self._fork_server is not None:
            self._fork_server.close()
        self._key, self._fork_server = None, None
