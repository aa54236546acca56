"""A machine that grades: its worker processes, an examiner for each environment, and its trainer.

`grade` is the task that an executor runs, here or on another machine: bytes in, bytes out. What it is given names
the node by a session's name, as one process may be the node of several gradings (`nodes`).
"""

import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import IO
from weakref import WeakValueDictionary

from autograder.common.errors import AutograderError
from autograder.common.serialization import dump, load
from autograder.examiner.client import Examiner
from autograder.grading.contents import Contents, NoRoom
from autograder.grading.job import FAULTS, Outcome, Status
from autograder.grading.order import Equipment, OrderHead, WorkerOrder
from autograder.training.client import TrainerError, TrainerProcess, status
from autograder.training.settings import ServerSettings
from autograder.training.training_record import TrainerStatus

EVENT, OUTCOME = b"event", b"outcome"  # what a worker's line is, before a space and JSON


class WorkerLost(AutograderError):
    """A worker process is gone, or says what can't be understood; the message says how."""


class Node:
    """What one machine has running for a grading; starts nothing before the first job, and keeps it until `close`."""

    def __init__(
        self,
        environment: Mapping[str, str] = os.environ,
        folder: Path | None = None,
        name: str = "",
        slowness: float = 1.0,
    ) -> None:
        """`environment`: the grader's, as it is on this machine; `folder`: for files of jobs that come as bytes.

        `name`: in a cluster; `slowness`: how many times as long as the grader's machine it takes for the same work.
        Jobs may come from any threads, many at once.
        """
        self._environment = environment
        self._lock = threading.Condition()
        # bubblewrap ends with the *thread* that started it: this one, which lives as long as the node
        self._starter = ThreadPoolExecutor(1, "node")
        self._contents = Contents(folder)
        self._name, self._slowness = name, slowness
        self._stack = ExitStack()
        self._equipment: Equipment | None = None
        self._examiners: list[Examiner] = []
        self._trainer: TrainerProcess | None = None
        self._device = ""  # its slots'
        self._idle: list[_Worker] = []
        self._busy: set[_Worker] = set()
        self._using = 0  # jobs with the equipment as it is
        self._report: Callable[[bytes], None] | None = None  # None: it takes no jobs now

    def open(self, report: Callable[[bytes], None]) -> None:
        """Take jobs from now on, and report events of theirs, each as JSON, from any thread."""
        with self._lock:
            self._report = report

    def stop(self) -> None:
        """Take no jobs, and end those that run: they are faults."""
        with self._lock:
            self._report = None
            for worker in self._busy:
                worker.kill()

    def restart(self) -> None:
        """End what runs, and take jobs as before."""
        with self._lock:
            report = self._report
            self.stop()
            self._report = report

    def grade(self, order: bytes, contents: Mapping[str, str | bytes]) -> bytes:
        """Have a worker grade the job of an order; gives the outcome as JSON, which is a fault where none came.

        `contents`: by digest, the files that the job names, each as a path of this machine or as bytes. Raises NoRoom
        where these bytes find none.
        """
        try:
            head, _, job = order.partition(b"\n")
            with self._contents.at_hand(contents) as places:
                return self._graded(load(head, OrderHead), job, places)
        except NoRoom:
            raise
        except WorkerLost as error:
            outcome = Outcome(Status.FAULT, str(error))
        except FAULTS as error:
            outcome = Outcome.fault("giving it to a worker", error)
        return dump(outcome).encode()

    def trainings(self) -> TrainerStatus | None:
        """How the trainer stands; None where there is none, or it does not say."""
        with suppress(TrainerError):
            return None if (trainer := self._trainer) is None else status(trainer.address)
        return None

    def close(self) -> None:
        """End everything."""
        self.stop()
        with self._lock:
            self._lock.wait_for(lambda: not self._using)
            self._drop()
        self._contents.close()
        self._starter.shutdown()

    def _graded(self, head: OrderHead, job: bytes, places: dict[str, str]) -> bytes:
        with self._equipped(head.equipment):
            examiner = "" if head.examiner is None else self._examiners[head.examiner].address
            with self._worker() as (worker, report):
                order = WorkerOrder(examiner, self._address(), places, self._name, self._device, self._slowness)
                worker.give(dump(order).encode(), job)
                for kind, content in worker.lines():
                    if kind == OUTCOME:
                        return content
                    report(content)
        raise AssertionError("a worker's lines end with an outcome, or in an exception")

    @contextmanager
    def _equipped(self, wanted: Equipment) -> Iterator[None]:
        """Within, the node has this equipment; what it had before is ended once no job uses it."""
        with self._lock:
            self._lock.wait_for(lambda: self._equipment == wanted or not self._using)
            if self._equipment != wanted:
                self._drop()
                self._starter.submit(self._equip, wanted).result()
            self._using += 1
        try:
            yield
        finally:
            with self._lock:
                self._using -= 1
                self._lock.notify_all()

    def _equip(self, wanted: Equipment) -> None:
        visible = [Path(folder) for folder in wanted.visible]
        for settings in wanted.examiners:
            examiner = Examiner(
                settings.modules,
                sandboxed=wanted.sandboxed,
                environment=wanted.variables,
                visible=visible,
                kernel=settings.kernel.here,
                outside=self._environment,
            )
            self._examiners.append(self._stack.enter_context(examiner))
        if wanted.trainer is not None:
            self._trainer = self._trainer_of(wanted.trainer)
            self._device = wanted.trainer.slots()[0].kind
        self._equipment = wanted

    def _trainer_of(self, settings: ServerSettings) -> TrainerProcess:
        """A trainer that ends with the equipment."""
        return self._stack.enter_context(TrainerProcess(settings))

    def _drop(self) -> None:
        self._equipment, self._trainer, self._device, self._examiners = None, None, "", []
        while self._idle:
            self._idle.pop().close()
        self._stack.close()

    def _address(self) -> str:
        """The trainer's, which is started anew where it has died; empty where there is none."""
        with self._lock:
            if self._trainer is None:
                return ""
            self._trainer.revive()
            return self._trainer.address

    @contextmanager
    def _worker(self) -> Iterator[tuple["_Worker", Callable[[bytes], None]]]:
        """A worker, a new one if need be, and where its events go. Raises WorkerLost where no jobs are taken."""
        with self._lock:
            if (report := self._report) is None:
                raise WorkerLost("the grading has ended")
            worker = self._idle.pop() if self._idle else _Worker(self._environment)
            self._busy.add(worker)
        try:
            yield worker, report
        except BaseException:
            worker.kill()
            raise
        finally:
            with self._lock:
                self._busy.remove(worker)
                if worker.alive:
                    self._idle.append(worker)
                else:
                    worker.close()


nodes: WeakValueDictionary[str, Node] = WeakValueDictionary()  # of this process, by session


def grade(session: str, order: bytes, contents: Mapping[str, str | bytes], attempt: int) -> bytes:
    """Grade the job of an order at this process's node for that session; gives an `Outcome` as JSON.

    `contents`: as of `Node.grade`. `attempt` tells tries at the same order apart: an executor may run equal calls once.
    """
    del attempt
    return nodes[session].grade(order, contents)


class _Worker:
    """A worker process."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        # A session of its own: Ctrl-C in the terminal reaches the grader alone, which then ends the workers.
        self._process = subprocess.Popen(
            [sys.executable, "-m", "autograder.grading.worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=environment,
            start_new_session=True,
        )
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._in: IO[bytes] = self._process.stdin
        self._out: IO[bytes] = self._process.stdout
        self.alive = True

    def give(self, *lines: bytes) -> None:
        """Start a job."""
        with suppress(OSError):  # `lines` says so
            self._in.write(b"".join(line + b"\n" for line in lines))
            self._in.flush()

    def lines(self) -> Iterator[tuple[bytes, bytes]]:
        """What it says, and of which kind: EVENT or OUTCOME. Raises WorkerLost."""
        for line in self._out:
            kind, _, content = line.rstrip(b"\n").partition(b" ")
            if kind not in (EVENT, OUTCOME) or not line.endswith(b"\n"):
                self.kill()
                raise WorkerLost(f"reading a worker's answer: expected an event or an outcome, received {line[:40]!r}")
            yield kind, content
        code = self._process.wait()
        self.alive = False
        raise WorkerLost(f"a worker died (exit code {code})")

    def kill(self) -> None:
        """End it, and with it all that it started; whoever reads `lines` gets their end."""
        self.alive = False
        self._process.kill()
        self._process.wait()

    def close(self) -> None:
        """End it, where nobody reads its `lines` any more."""
        self.kill()
        self._out.close()
        with suppress(OSError):  # what was not written when it died
            self._in.close()
