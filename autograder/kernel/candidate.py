"""The candidate: a student's kernel, as the grader sees it.

Nothing that the kernel sends or does makes an exception come out of here, keeps it waiting longer than the limits, or
fills its memory: it ends the candidate, and `ended` says why.
"""

import contextlib
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import psutil
import zmq

from autograder.common.language import english
from autograder.kernel import relay
from autograder.kernel.channels import FLOOD, Channel, Channels, Manager, context
from autograder.kernel.fork_server import ForkServer
from autograder.kernel.jupyter_messages import KernelMessage, KernelOutput, OutputCollector, error, printed, read_output
from autograder.kernel.kernelspec import Kernel
from autograder.kernel.provisioner import PORTS, CandidateProvisioner, LaunchSpec
from autograder.rpc import written_files
from autograder.rpc.frames import RpcError
from autograder.rpc.written_files import WrittenFiles
from autograder.sandbox import cgroups
from autograder.sandbox.bubblewrap import WRITABLE, SandboxError
from autograder.sandbox.cpu_time import Clock
from autograder.sandbox.host import place_for_sockets
from autograder.sandbox.limits import CellLimit, LimitKind, Limits, Termination, Watchdog, kill_tree, size, tree

_SERVE = "__import__('autograder.kernel.agent').kernel.agent.serve()"
_HAND_OVER = "__import__('autograder.kernel.agent').kernel.agent.hand_over_files({}, {})"
_GRACE = 5.0  # seconds in which an interrupted cell must come to its end
_IDLE = 4.0  # seconds from a reply to the last output, as nbgrader waits
_LOOK = 0.1  # seconds between looks at whether the kernel is alive


@dataclass(frozen=True)
class CellRun:
    """The outputs of a cell, whether it ran without error, and whether outputs were left out."""

    outputs: list[KernelOutput]
    ok: bool
    dropped: bool = False


class Candidate:
    """A student's kernel in its sandbox.

    `start` it in the main thread of the process that uses it: the candidate dies with that thread. `files`: paths in
    the work folder -> regular files to copy; `visible`: more that it may read, at the same path.
    """

    rpc_socket: socket.socket  # the examiner's end of the RPC socket
    ended: Termination | None = None
    starved = 0.0  # the part of a limit's time in which the machine kept it from running; 1: killed for its memory
    memory_limit = "watchdog"  # what bounds its memory, once it has started: "cgroup" where it is in one of its own
    _group: cgroups.Group | None = None
    _serving: str | None = None  # id of the request that has it serve, while it does

    def __init__(
        self,
        limits: Limits,
        files: Mapping[str, Path],
        *,
        kernel: Kernel | None = None,
        sandboxed: bool = True,
        environment: Mapping[str, str] | None = None,
        visible: Sequence[Path] = (),
        trainer: socket.socket | None = None,
        fork_server: ForkServer | None = None,
        paused: Callable[[], float] = lambda: 0.0,
    ) -> None:
        """Starts nothing yet.

        `kernel`: which one it is; by default that of the grader's own Python. `trainer`: the candidate's end of its
        connection to the trainer; `paused`: gives the seconds so far that limits of time don't count (waiting for the
        trainer). `fork_server`: where it is forked; it was made with the same kernel, limits, environment and folders.
        """
        self.limits = limits
        self._paused = paused
        self._by_signal = kernel is not None and kernel.plain is not None and kernel.plain.by_signal
        self.rpc_socket, child_end = socket.socketpair()
        self._files_socket, files_end = socket.socketpair()
        self._folder = Path(tempfile.mkdtemp(prefix="candidate-", dir=place_for_sockets()))
        self._spec = LaunchSpec(
            *(limits, kernel or Kernel(), files, environment or {}, visible, sandboxed),
            *(child_end, files_end, self._folder, trainer, fork_server),
        )
        self._manager: Manager | None = None
        self._context = context(limits)

    def start(self) -> None:
        """Return when the kernel is ready. Raises SandboxError where it can't be; no student's code has run by then."""
        try:
            self._launch()
            self._watchdog.start()
            self._await_ready()
        except BaseException:
            self.close()
            raise
        assert self._process.stderr is not None
        self._process.stderr.close()
        agent, self._kernel = self._processes()
        self._watchdog.clock = self.clock()
        if self._group is not None and self._kernel in self._group:
            self.memory_limit = "cgroup"
        if self._spec.sandboxed:
            shutil.rmtree(self._folder, ignore_errors=True)  # all are connected: even a killed grader leaves nothing
            if agent != self._process.pid:
                self._watchdog.folders = [f"/proc/{agent}/root{folder}" for folder in WRITABLE]

    def clock(self) -> Clock:
        """A clock of the kernel's process that starts now."""
        return Clock(self._kernel)

    def run(self, source: str, limit: CellLimit | None = None) -> CellRun:
        """Run a cell. After the candidate has ended, its output is an error that says why.

        `limit`: of the wall time, in seconds; else `Limits.cell_seconds`.
        """
        limit = limit or CellLimit(self.limits.cell_seconds)
        if self.ended or not source.strip():
            return CellRun([self._termination_output()] if self.ended else [], not self.ended)
        outputs, before = OutputCollector(), self._channels.dropped
        request = self._request(source)
        clock = self.clock()
        reply = self._reply(request, outputs, limit.seconds)
        late = not reply and not self.ended
        if late:
            self.starved = max(self.starved, clock.starved())
            reply = self._interrupted(
                request,
                outputs,
                english("The cell ran longer than %(limit)s, and it did not stop when interrupted.", limit=limit),
            )
        found = outputs.done()
        dropped = self._channels.dropped > before
        if dropped:
            text = english("… further output is left out. %(reason)s", reason=self._channels.over)
            found.append(printed(f"{text}\n"))
        if late:
            found.append(
                error("CellTimeoutError", english("The cell ran longer than %(limit)s: interrupted.", limit=limit))
            )
        elif reply and reply.content.get("status") == "error" and not any(map(_is_error, found)):
            found.append(_error_of(reply))
        if self.ended:
            found.append(self._termination_output())
        ok = reply is not None and reply.content.get("status") == "ok"
        return CellRun(found, ok and not late and not any(map(_is_error, found)), dropped)

    @contextlib.contextmanager
    def serving(self) -> Iterator[None]:
        """Within it the candidate answers on the RPC socket; after it, it is idle again, or has ended."""
        self._serving = None if self.ended else self._request(_SERVE, silent=True)
        try:
            yield
        finally:
            if self.serves and self._serving and not self._reply(self._serving, None, 2.0) and not self.ended:
                self._interrupted(
                    self._serving,
                    None,
                    english("A test's call ran longer than the test allows, and it did not stop when interrupted."),
                )
            self._serving = None

    @property
    def serves(self) -> bool:
        """Whether it still answers on the RPC socket: a student's code may have made it stop, or never start."""
        if self._serving and self._reply(self._serving, None, 0.0):
            self._serving = None
        return self._serving is not None and not self.ended

    def written(self) -> WrittenFiles:
        """The files that the notebook has written, within `Limits.written_files` and `written_bytes`.

        None where it has ended or hands over anything else. Call it last of all.
        """
        most = self.limits.written_files, self.limits.written_bytes
        if self.ended or most[0] <= 0:
            return WrittenFiles()
        try:
            if self._spec.kernel.plain is not None:
                self.rpc_socket.sendall(relay.HAND_OVER % most)
            else:
                self._request(_HAND_OVER.format(*most), silent=True)
            return written_files.receive(self._files_socket, _GRACE, *most)
        except (OSError, RpcError):
            return WrittenFiles()

    def interrupt(self) -> None:
        """Interrupt what it is doing, as Jupyter does. Call it in the thread that started the candidate."""
        if self._by_signal and not self.ended:
            with contextlib.suppress(OSError):
                self.rpc_socket.sendall(relay.INTERRUPT)
        elif self._manager and not self.ended:
            with contextlib.suppress(zmq.ZMQError, RuntimeError):
                self._manager.interrupt_kernel()

    def stop_serving(self) -> None:
        """Kill it, as it does not answer and can't be interrupted; `ended` says so."""
        text = english("A test's call ran longer than the test allows and did not stop when interrupted.")
        self._end(Termination(LimitKind.CELL_TIME, text))

    def close(self) -> None:
        """Kill what is left of it, and remove its control group, sockets and folder."""
        if self._manager:
            self._watchdog.stop()
            kill_tree(self._process.pid)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(10)
            if self._process.stderr:
                self._process.stderr.close()
            self._manager.cleanup_resources()
            self._manager = None
            self.ended = self.ended or Termination(LimitKind.CLOSED, english("The notebook's kernel was closed."))
        if self._group is not None:
            self._group.close()
            self._group = None
        self._context.destroy(linger=0)
        for end in (self.rpc_socket, self._spec.rpc_socket, self._files_socket, self._spec.files_socket):
            end.close()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _launch(self) -> None:
        ports = {f"{name}_port": port for name, port in PORTS.items()}
        manager = Manager(context=self._context, transport="ipc", ip=f"{self._folder}/kernel", hb_port=5, **ports)
        manager.connection_file = f"{self._folder}/kernel.json"
        # the student's code has every key that its kernel has: it would prove nothing; but plain kernels want one
        manager.session.key = b"" if self._spec.kernel.plain is None else secrets.token_hex(16).encode()
        provisioner = CandidateProvisioner(kernel_id="candidate", kernel_spec=manager.kernel_spec, parent=manager)
        self._group = cgroups.make(self.limits.memory_bytes, self.limits.processes)
        provisioner.spec = replace(self._spec, group=self._group)
        manager.provisioner = provisioner
        manager.start_kernel()
        self._manager = manager
        assert provisioner.process is not None
        self._process: subprocess.Popen[bytes] = provisioner.process
        self._watchdog = Watchdog(self._process.pid, self.limits, paused=self._paused, group=self._group)
        self._channels = Channels(manager, self.limits)

    def _processes(self) -> tuple[int, int]:
        """Its first process within the sandbox, and the one that runs cells: the same but for plain kernels."""
        inside = tree(self._process.pid)
        if self._spec.kernel.plain is None or not inside:
            return (inside[-1].pid,) * 2 if inside else (self._process.pid,) * 2
        with contextlib.suppress(psutil.Error):
            started = (one for one in inside if one.cmdline()[:1] == [self._spec.kernel.interpreter.executable])
            agent = next(started, inside[-1])
            return agent.pid, next((child.pid for child in agent.children()), agent.pid)
        return (inside[-1].pid,) * 2

    def _await_ready(self) -> None:
        deadline = time.monotonic() + self.limits.start_seconds
        shell_ready = iopub_ready = False
        while not (shell_ready and iopub_ready):
            self._channels.send("kernel_info_request", {})
            for channel, message in self._receive(0.25 if shell_ready else 1.0):
                shell_ready = shell_ready or message.kind == "kernel_info_reply"
                iopub_ready = iopub_ready or channel == "iopub"
                if shell_ready and iopub_ready:
                    break
            if self.ended or time.monotonic() > deadline:
                kill_tree(self._process.pid)
                assert self._process.stderr is not None
                stderr = self._process.stderr.read(100_000).decode(errors="replace").strip()
                why = stderr or (self.ended.message if self.ended else f"not ready in {self.limits.start_seconds:g} s")
                raise SandboxError(f"The notebook's kernel did not start: {why}")

    def _request(self, source: str, *, silent: bool = False) -> str:
        content = {"code": source, "silent": silent, "store_history": not silent, "user_expressions": {}}
        return self._channels.send("execute_request", {**content, "allow_stdin": False, "stop_on_error": False})

    def _interrupted(self, request: str, outputs: OutputCollector | None, otherwise: str) -> KernelMessage | None:
        self.interrupt()
        reply = self._reply(request, outputs, _GRACE)
        if not reply:
            self._end(Termination(LimitKind.CELL_TIME, otherwise))
        return reply

    def _reply(self, request: str, outputs: OutputCollector | None, seconds: float) -> KernelMessage | None:
        """The reply to a request, once the kernel is idle again; None when it takes longer, or the candidate has ended.

        Outputs come on another channel than the reply, and may come after it: they are waited for until the kernel says
        that it is idle, or until none has come for `_IDLE` seconds. `outputs`: where to add them; None for no outputs.
        """
        paused, deadline = self._paused(), time.monotonic() + seconds
        last = deadline + 10 * _IDLE
        reply: KernelMessage | None = None
        idle = outputs is None
        while not self.ended:
            for channel, message in self._receive(_LOOK):
                if reply:
                    deadline = min(time.monotonic() + _IDLE, last)  # so long as something comes
                if message.parent != request:
                    continue
                if channel == "shell" and message.kind == "execute_reply" and not reply:
                    reply, deadline = message, time.monotonic() + _IDLE
                elif channel == "iopub" and message.kind == "status":
                    idle = idle or message.content.get("execution_state") == "idle"
                elif channel == "iopub" and outputs is not None:
                    outputs.add(message)
                if reply and idle:
                    return reply
            if time.monotonic() > deadline and (reply or time.monotonic() > deadline + self._paused() - paused):
                return reply
        return None

    def _receive(self, seconds: float) -> list[tuple[Channel, KernelMessage]]:
        """The messages that come within `seconds`; ends the candidate if a limit is exceeded or the kernel is gone."""
        channels = self._channels
        received = channels.receive(seconds)
        if self._watchdog.ended:
            self._end(self._watchdog.ended)
        elif channels.flooded:
            self._end(Termination(LimitKind.OUTPUT, channels.over))
        elif not received and (channels.hung_up or self._process.poll() is not None):
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(1.0)  # who dies hangs up first
            code = self._process.returncode
            limit = size(FLOOD * self.limits.output_bytes)
            if why := self._watchdog.killed():
                self._end(why)
            elif code is None:
                text = english("The notebook's kernel hung up, or sent a message of more than %(size)s.", size=limit)
                self._end(Termination(LimitKind.OUTPUT, text))
            elif _signal(code) == signal.SIGKILL and self._watchdog.starved_of_memory():
                text = english("The notebook's kernel was killed because the machine had no memory left.")
                self._end(Termination(LimitKind.MEMORY, text, starved=1.0))
            else:
                self._end(Termination(LimitKind.CRASH, _died(code)))
        return received

    def _end(self, why: Termination) -> None:
        self.ended = self.ended or self._watchdog.ended or why
        self.starved = max(self.starved, self.ended.starved)
        kill_tree(self._process.pid)

    def _termination_output(self) -> KernelOutput:
        assert self.ended
        return error("DeadKernelError" if self.ended.limit == LimitKind.CRASH else "LimitExceeded", self.ended.message)


def _is_error(output: KernelOutput) -> bool:
    return bool(output.output_type == "error")


def _error_of(reply: KernelMessage) -> KernelOutput:
    """The error that only a reply has, and no output, as nbgrader shows it."""
    output = read_output(KernelMessage("error", "", reply.content))
    assert output is not None
    return error(
        output.ename, output.evalue, output.traceback or ["An error occurred while showtraceback was disabled."]
    )


def _signal(code: int) -> int:
    """The signal that a process died of: bubblewrap gives 128 + the signal, Popen its negative."""
    return -code if code < 0 else code - 128


def _died(code: int) -> str:
    """That a kernel died, and how."""
    number = _signal(code)
    if number == signal.SIGKILL:
        return english("The notebook's kernel died: it was killed, by itself or for lack of memory.")
    if 0 < number < 65:
        return english("The notebook's kernel died (signal %(number)s).", number=number)
    return english("The notebook's kernel died (exit code %(code)s).", code=code)
