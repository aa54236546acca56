"""Where notebooks are graded: what grading needs beside an `Executor`, and the machine that is always there: this one.

Above this line, grading knows `concurrent.futures.Executor` and nothing of machines: it submits `node.grade` with
bytes and gets bytes. Below it, a backend has that function run where there is room, on a `Node`.
"""

import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from typing import Any, Protocol

from autograder.common.errors import AutograderError
from autograder.grading.node import Node, nodes
from autograder.sandbox.limits import Limits
from autograder.training.devices import parallel_processes
from autograder.training.training_record import TrainerStatus

MOST = 2  # notebooks for each core, where some wait for trainings


class BackendError(AutograderError):
    """There is nothing that could grade; the message says why, and what to do."""


class BackendLost(BackendError):
    """The machines can't be reached any more; what ran there is lost, and `executor` may reach them again."""


class Backend(Protocol):
    """Machines that grade."""

    session: str  # by which `node.grade` finds its node there; another one after each time they were lost
    shares_home: bool  # whether its machines have the grader's own home: datasets, fonts

    def executor(self, report: Callable[[bytes], None], *, alone: bool = False) -> AbstractContextManager[Executor]:
        """An executor for `node.grade`; what still runs is ended when its context is left.

        `report` gets the events of what runs, each an `Event` as JSON, from any thread. `alone`: each machine grades
        one notebook at a time. Waits a while for machines that were lost. Raises BackendError.
        """

    def content(self, digest: str, path: str) -> Any:
        """What stands for a file among a task's arguments, so that the task gets its path there, or its bytes."""

    def capacity(self) -> int:
        """How many tasks should be submitted at once. Raises BackendLost where those that are will never be done."""

    def expect(self, notebooks: int) -> None:
        """So many are left, submitted or not: whoever has to ask for machines asks for no more than these need."""

    def trainings(self) -> TrainerStatus | None:
        """How trainings stand; None where none can be told."""

    def close(self) -> None:
        """End everything that was started for it."""


class LocalBackend:
    """This machine."""

    def __init__(self, limits: Limits, workers: int = 0) -> None:
        """Grade `workers` notebooks at once (0: as many as cores and memory allow). Starts nothing yet."""
        self.session = uuid.uuid4().hex
        self.shares_home = True
        self._limits = limits
        self._workers = workers
        self._node: Node | None = None
        self._capacity = self._most = 0
        self._waiting = 0  # notebooks that a training of others, or no slot, keeps from using a core

    @contextmanager
    def executor(self, report: Callable[[bytes], None], *, alone: bool = False) -> Iterator[Executor]:
        """See `Backend`."""
        if self._node is None:
            self._node = nodes[self.session] = Node()
        node = self._node
        memory = self._limits.memory_bytes
        self._capacity = 1 if alone else self._workers or parallel_processes(memory)
        self._most = self._capacity if alone or self._workers else parallel_processes(memory, MOST)
        self._waiting = 0
        node.open(report)
        threads = ThreadPoolExecutor(self._most, "grade")
        try:
            yield threads
        finally:
            threads.shutdown(wait=False, cancel_futures=True)
            node.stop()
            threads.shutdown()

    def content(self, digest: str, path: str) -> str:
        """See `Backend`."""
        return path

    def capacity(self) -> int:
        """See `Backend`. A core that neither a notebook nor a training uses gets another notebook."""
        return min(self._most, self._capacity + self._waiting)

    def expect(self, notebooks: int) -> None:
        """See `Backend`."""

    def trainings(self) -> TrainerStatus | None:
        """See `Backend`."""
        status = self._node.trainings() if self._node else None
        self._waiting = max(0, status.notebooks - len(status.running)) if status else 0
        return status

    def close(self) -> None:
        """See `Backend`. It is started anew when it is needed."""
        if self._node is not None:
            self._node.close()
            self._node = None
