"""The worker's side of the examiner: starts the fork server, and has it examine one notebook at a time."""

import contextlib
import json
import os
import socket
import subprocess
import tempfile
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from types import TracebackType

from autograder.common.errors import AutograderError
from autograder.common.serialization import from_data
from autograder.common.text import clean
from autograder.examiner.exam_messages import (
    Answer,
    Begin,
    ExamCell,
    Inspect,
    Planned,
    Request,
    RunGiven,
    RunTest,
    planned_data,
    request_data,
)
from autograder.examiner.plan import PlannedCell, Step
from autograder.kernel.environment import environment as notebook_environment
from autograder.kernel.environment import shared as shared_with_notebooks
from autograder.kernel.kernelspec import Kernel
from autograder.rpc import frames
from autograder.sandbox.bubblewrap import HOME, PACKAGE, Sandbox, SandboxError, memory_files
from autograder.sandbox.host import place_for_sockets
from autograder.sandbox.limits import kill_tree

START_SECONDS = 120
GRACE = 5.0  # seconds in which the fork server answers
DISK = 2 << 30  # bytes of each folder it can write to
FORK_SERVER = "autograder.examiner.fork_server"


class ExaminerError(AutograderError):
    """The examiner broke down: our fault, or what a student sent broke it."""


class Examiner:
    """The fork server, in a sandbox of its own; `address` is where workers reach it."""

    def __init__(
        self,
        modules: Sequence[str],
        *,
        sandboxed: bool,
        environment: Mapping[str, str],
        visible: Sequence[Path] = (),
        kernel: Kernel | None = None,
        outside: Mapping[str, str] = os.environ,
    ) -> None:
        """`modules` are imported before the first fork; `environment` is given to it, `visible` folders it may read.

        It runs in the environment of `kernel`, as the students' code does; the grader's own where none is given.
        `outside`: the grader's environment variables.
        """
        kernel = kernel or Kernel()
        self._folder = tempfile.TemporaryDirectory(prefix="autograder-examiner-", dir=place_for_sockets())
        self.address = str(Path(self._folder.name) / "socket")
        package = Path(__file__).resolve().parents[1]
        lifeline, self._lifeline = os.pipe()
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(self.address)
            listener.listen(64)
            place = PACKAGE if sandboxed else str(package.parent)
            arguments = [str(listener.fileno()), str(lifeline), *modules]
            argv = kernel.interpreter.command(FORK_SERVER, place, arguments)
            keep = [listener.fileno(), lifeline]
            home = HOME if sandboxed else self._folder.name
            if sandboxed:
                data = memory_files()
                shared = {path: f"{HOME}/{name}" for path, name in shared_with_notebooks(outside).items()}
                elsewhere = {**shared, package: f"{PACKAGE}/autograder"}
                sandbox = Sandbox(DISK, visible, elsewhere, interpreter=kernel.interpreter)
                argv, keep = sandbox.command(argv, data), [*keep, *data.values()]
            variables = notebook_environment(home, kernel, environment, outside)
            if not sandboxed:
                variables["TMPDIR"] = home  # goes with the folder
            self._process = subprocess.Popen(argv, env=variables, stdin=subprocess.DEVNULL, pass_fds=keep)
            for descriptor in keep[1:]:
                os.close(descriptor)

    def close(self) -> None:
        """End it and all its forks."""
        os.close(self._lifeline)
        kill_tree(self._process.pid)
        self._process.wait()
        self._folder.cleanup()

    def __enter__(self) -> "Examiner":
        """Itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End it."""
        self.close()


class Exam:
    """One notebook's examination in a fork of the server at `address`.

    `steps` is the plan, made there: it is that environment's Python that has to understand the instructor's cells.
    """

    steps: tuple[Step, ...]  # one for each cell

    def __init__(
        self,
        address: str,
        rpc_socket: socket.socket,
        cells: Sequence[PlannedCell],
        files: Mapping[str, Path],
        *,
        beside: Collection[int] = (),
        modules: Collection[int] = (),
        memory_bytes: int,
        model_parameters: int,
    ) -> None:
        """`rpc_socket` is handed over: this process keeps no copy of it. `cells`, `beside` and `modules` are as of
        `plan.plan`.

        `memory_bytes`: that the examination may use; `model_parameters`: that a model may have to be rebuilt there.
        """
        self._address = address
        reading, self._interrupt = os.pipe()
        self._control = socket.socket(socket.AF_UNIX)
        try:
            self._control.connect(address)
        except OSError as error:
            raise SandboxError(
                f"The examiner does not answer ({error}): it could not start, or it has ended."
            ) from None
        request = json.dumps({"do": "examine"}).encode()
        planned = Planned([ExamCell.of(cell) for cell in cells], sorted(beside), sorted(modules))
        with tempfile.TemporaryFile() as file:
            file.write(planned_data(planned))
            file.flush()
            socket.send_fds(self._control, [request], [rpc_socket.fileno(), reading, file.fileno()])
        os.close(reading)
        rpc_socket.close()
        contents = [memoryview(path.read_bytes()) for path in files.values()]
        self._ask(Begin([*files], memory_bytes, model_parameters), contents)
        begun = self._answer(START_SECONDS)
        self._pid, self.steps = begun.pid, begun.steps
        if len(self.steps) != len(cells):
            raise ExaminerError(f"the examiner broke down: {len(self.steps)} steps for {len(cells)} cells")

    def given(self, index: int, permitted: Sequence[str] | None = None) -> None:
        """Start running a given cell; the candidate has to be serving where the cell needs it."""
        self._ask(RunGiven(index, None if permitted is None else tuple(permitted)))

    def grade(self, index: int, points: float, permitted: Sequence[str] | None) -> None:
        """Start grading a cell; the candidate has to be serving."""
        self._ask(RunTest(index, points, None if permitted is None else tuple(permitted)))

    def insight(self, index: int) -> None:
        """Start to look at the model that the grade cell which was just graded has used."""
        self._ask(Inspect(index))

    def answer(self, seconds: float) -> Answer | None:
        """What came of it; None where it isn't there within `seconds`. Raises ExaminerError where it broke down."""
        self._control.settimeout(seconds)
        try:
            frames.wait_for(self._control, seconds)
        except TimeoutError:
            return None
        return self._answer(START_SECONDS)

    def interrupt(self) -> None:
        """As Ctrl-C in its cell."""
        with contextlib.suppress(OSError):
            os.write(self._interrupt, b"i")

    def cpu_seconds(self) -> float:
        """The CPU time that it has used so far, whatever it does; 0 where that can't be told."""
        try:
            with socket.socket(socket.AF_UNIX) as other:
                other.settimeout(GRACE)
                other.connect(self._address)
                other.sendall(json.dumps({"do": "cpu", "pid": self._pid}).encode())
                return float(json.loads(other.recv(100)))
        except (OSError, ValueError):
            return 0.0

    def close(self) -> None:
        """End it, whatever it does."""
        with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX) as other:
            other.connect(self._address)
            other.sendall(json.dumps({"do": "kill", "pid": self._pid}).encode())
        self._control.close()
        with contextlib.suppress(OSError):
            os.close(self._interrupt)

    def _ask(self, request: Request, buffers: Sequence[memoryview] = ()) -> None:
        self._control.settimeout(None)
        try:
            frames.send(self._control, request_data(request), buffers)
        except frames.Disconnected as error:
            raise ExaminerError(f"the examiner broke down: {error}") from None

    def _answer(self, seconds: float) -> Answer:
        self._control.settimeout(seconds)
        try:
            message, _ = frames.receive(self._control)
            return from_data(clean(message), Answer)
        except (frames.RpcError, ValueError) as error:
            raise ExaminerError(f"the examiner broke down: {error}") from None
