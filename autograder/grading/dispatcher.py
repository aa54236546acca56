"""Many notebooks at once, by an executor: each is a task, and some are tried again.

A fault of ours is tried once more, and what ran when the machines were lost is run again. A notebook that met a limit
of time while its machine was too busy to run it, or was killed because that had no memory left, is graded a second
time after all others, by itself on its machine, and has PATIENCE times as long. Where the machine's other work leaves
it less of that than the limit itself, or no memory, it is not graded. So a busy machine costs nobody points.
"""

import queue
from collections.abc import Generator, Iterator, Sequence
from concurrent.futures import Executor, Future
from contextlib import closing, suppress
from dataclasses import replace

from autograder.common.serialization import load
from autograder.grading.backend import Backend, BackendError, BackendLost
from autograder.grading.job import FAULTS, Event, GradingJob, Listener, Outcome, Status
from autograder.grading.node import grade
from autograder.grading.order import Order, Orders
from autograder.sandbox.cpu_time import STARVED
from autograder.sandbox.limits import LimitKind
from autograder.training.settings import ServerSettings

TRIES = 2
LOSSES = 5  # times in a row, without any outcome in between, that the machines may be lost
LOOK = 1.0  # seconds between looks at how trainings stand
PATIENCE = 4  # times as long for a notebook that met a limit of time because the machine was busy
NEVER_ITS_TIME = 1 - 1 / PATIENCE  # the part of that in which it did not run, if it did not even get the limit itself
Message = bytes | Future[bytes]  # an event, or a task that is done
_Running = dict[Future[bytes], tuple[GradingJob, int]]  # each with its attempt's number


def _too_busy(limit: LimitKind | None) -> Outcome:
    if limit == LimitKind.MEMORY:
        why = (
            "the machine ran out of memory twice while the notebook ran, the second time alone, although the notebook "
            "kept its limit. Grade it again on a machine with more memory"
        )
    else:
        why = (
            "the machine was so busy with other work that the notebook hit a limit of time twice, the second time "
            f"alone and with {PATIENCE} times as long. Grade it again when the machine is less busy"
        )
    return Outcome(Status.FAULT, why)


class Dispatcher:
    """Hands jobs to a backend."""

    def __init__(self, backend: Backend, trainer: ServerSettings, listener: Listener) -> None:
        """`trainer`: the one of each node, where jobs are to have one and import Keras."""
        self._backend = backend
        self._trainer = trainer
        self._listener = listener

    def run(
        self, jobs: Sequence[GradingJob], meanwhile: Sequence[GradingJob] = ()
    ) -> Generator[tuple[GradingJob, Outcome]]:
        """Grade all `jobs`; yields each with its outcome as it comes. Closing the iterator ends what runs.

        Where there is room besides, jobs of `meanwhile`, which are of the same notebooks, run too: their outcomes are
        dropped, and they end with the last of `jobs`. Raises BackendError where there is nothing that could grade, or
        no longer.
        """
        if not jobs:
            return
        orders = Orders(jobs, self._trainer, with_home=not self._backend.shares_home)
        alone: dict[int, GradingJob] = {}
        again: list[GradingJob] = []
        left, dropped = len(jobs), {id(job) for job in meanwhile}
        with closing(self._pass([*jobs, *meanwhile], orders)) as outcomes:
            for job, outcome in outcomes:
                if id(job) in dropped:
                    continue
                left -= 1
                if outcome.starved >= STARVED:
                    again.append(job.with_time(PATIENCE))
                    alone[id(again[-1])] = job
                    self._listener(Event(job.student, job.notebook, f"again later, alone ({outcome.limit})", 0, 1))
                else:
                    yield job, outcome
                if not left:
                    break
        with closing(self._pass(again, orders, alone=True)) as outcomes:
            for longer, outcome in outcomes:
                too_busy = outcome.starved > NEVER_ITS_TIME
                yield alone[id(longer)], _too_busy(outcome.limit) if too_busy else outcome

    def _pass(
        self, jobs: Sequence[GradingJob], orders: Orders, *, alone: bool = False
    ) -> Generator[tuple[GradingJob, Outcome]]:
        """Grade jobs once, or again after a fault; `alone`: one at a time on each machine."""
        if not jobs:
            return
        waiting = [(job, 1) for job in reversed(jobs)]
        running: _Running = {}
        done: list[tuple[GradingJob, Outcome]] = []
        losses = 0
        while waiting:
            try:
                with closing(self._connected(waiting, running, done, orders, alone)) as grading:
                    for graded in grading:
                        losses = 0
                        yield graded
            except BackendError as error:
                losses = 0 if done else losses
                yield from _popped(done)
                if not isinstance(error, BackendLost):
                    raise
                if (losses := losses + 1) == LOSSES:
                    raise BackendError(f"{error}, {LOSSES} times without anything being graded in between") from None
                waiting += reversed(running.values())
                running.clear()

    def _connected(
        self,
        waiting: list[tuple[GradingJob, int]],
        running: _Running,
        done: list[tuple[GradingJob, Outcome]],
        orders: Orders,
        alone: bool,
    ) -> Generator[tuple[GradingJob, Outcome]]:
        """Grade what waits, each with its attempt's number; raises BackendLost where what is `running` is lost.

        What is done is yielded once others run in its place: whoever takes it may write for a while.
        """
        came: queue.SimpleQueue[Message] = queue.SimpleQueue()
        with self._backend.executor(came.put, alone=alone) as executor:
            while waiting or running:
                self._backend.expect(len(waiting) + len(running))
                room = self._backend.capacity()
                while waiting and len(running) < max(1, room):
                    job, attempt = waiting[-1]
                    try:
                        future = self._submitted(executor, orders.order(job), attempt)
                    except FAULTS as error:
                        self._backend.capacity()  # raises where it is not the job's fault
                        waiting.pop()
                        done.append((job, Outcome.fault("giving it to a worker", error)))
                    else:
                        waiting.pop()
                        running[future] = job, attempt
                        future.add_done_callback(came.put)
                yield from _popped(done)
                if trainings := self._backend.trainings():
                    self._listener(trainings)
                for message in _taken(came, LOOK if running else 0):
                    if isinstance(message, bytes):
                        with suppress(ValueError):
                            self._listener(load(message, Event))
                        continue
                    outcome = _outcome(message)
                    if outcome.status == Status.FAULT:
                        self._backend.capacity()  # raises where it is not the job's fault
                    job, attempt = running.pop(message)
                    if outcome.status == Status.FAULT and attempt < TRIES:
                        waiting.append((job, attempt + 1))
                    else:
                        done.append((job, _named(outcome)))
            yield from _popped(done)

    def _submitted(self, executor: Executor, order: Order, attempt: int) -> Future[bytes]:
        contents = {digest: self._backend.content(digest, path) for digest, path in order.files.items()}
        return executor.submit(grade, self._backend.session, order.data, contents, attempt)


def _taken(came: "queue.SimpleQueue[Message]", seconds: float) -> Iterator[Message]:
    """What has come, or comes within so many seconds."""
    with suppress(queue.Empty):
        yield came.get(timeout=seconds)
        while True:
            yield came.get_nowait()


def _popped(done: list[tuple[GradingJob, Outcome]]) -> Iterator[tuple[GradingJob, Outcome]]:
    while done:
        yield done.pop(0)


def _outcome(future: Future[bytes]) -> Outcome:
    """What came of a task; a fault where it is none, or was lost."""
    try:
        return load(future.result(), Outcome)
    except ValueError as error:
        return Outcome.fault("reading a worker's answer", error)
    except FAULTS as error:
        return Outcome.fault("grading it", error)


def _named(outcome: Outcome) -> Outcome:
    """What breaks the examiner each time needs a person; other faults are ours."""
    if outcome.broke_examiner:
        return replace(outcome, status=Status.NEEDS_PERSON)
    return outcome
