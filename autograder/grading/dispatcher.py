"""Many notebooks at once, by an executor: each is a task, and some are tried again.

A fault of ours is tried once more. A notebook that met a limit of time while its machine was too busy to run it is
graded a second time, by itself, after all others, and has PATIENCE times as long; where the machine's other
work leaves it less of that than the limit itself, it is not graded. So a busy machine costs nobody points.
"""

import queue
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import Future
from contextlib import closing, suppress
from dataclasses import replace

from autograder.common.serialization import dump, load
from autograder.examiner.plan import imported
from autograder.grading.backend import Backend
from autograder.grading.job import FAULTS, Event, GradingJob, Listener, Outcome, Status
from autograder.grading.node import Equipment, ExaminerSettings, OrderHead, grade
from autograder.kernel.kernelspec import Kernel
from autograder.sandbox.cpu_time import STARVED
from autograder.sandbox.limits import Limits
from autograder.training.settings import ServerSettings

TRIES = 2
LOOK = 1.0  # seconds between looks at how trainings stand
PATIENCE = 4  # times as long for a notebook that met a limit of time because the machine was busy
NEVER_ITS_TIME = 1 - 1 / PATIENCE  # the part of that in which it did not run, if it did not even get the limit itself
KERAS = ("keras", "tensorflow")
Message = bytes | Future[bytes]  # an event, or a task that is done


def _patient(job: GradingJob) -> GradingJob:
    """The same with PATIENCE times as long for each cell and for the notebook."""
    values = job.limits.trait_values(config=True)
    values |= {name: PATIENCE * values[name] for name in ("cell_seconds", "total_seconds")}
    return replace(job, limits=Limits(**values), seconds={at: PATIENCE * limit for at, limit in job.seconds.items()})


def _too_busy() -> Outcome:
    return Outcome(
        Status.FAULT,
        "the machine was so busy with other work that the notebook hit a limit of time twice, the second time alone "
        f"and with {PATIENCE} times as long. Grade it again when the machine is less busy",
    )


class Dispatcher:
    """Hands jobs to a backend."""

    def __init__(self, backend: Backend, trainer: ServerSettings, listener: Listener) -> None:
        """`trainer`: the one of each node, where jobs are to have one and import Keras."""
        self._backend = backend
        self._trainer = trainer
        self._listener = listener

    def run(self, jobs: Sequence[GradingJob]) -> Generator[tuple[GradingJob, Outcome]]:
        """Grade all `jobs`; yields each with its outcome as it comes. Closing the iterator ends what runs."""
        if not jobs:
            return
        order = self._orders(jobs)
        alone: dict[int, GradingJob] = {}
        again: list[GradingJob] = []
        with closing(self._pass(jobs, order)) as outcomes:
            for job, outcome in outcomes:
                if outcome.starved >= STARVED:
                    again.append(_patient(job))
                    alone[id(again[-1])] = job
                    self._listener(Event(job.student, job.notebook, f"again later, alone ({outcome.limit})", 0, 1))
                else:
                    yield job, outcome
        with closing(self._pass(again, order, most=1)) as outcomes:
            for longer, outcome in outcomes:
                yield alone[id(longer)], _too_busy() if outcome.starved > NEVER_ITS_TIME else outcome

    def _orders(self, jobs: Sequence[GradingJob]) -> Callable[[GradingJob], bytes]:
        """What makes the order of each of these jobs: for all of them, a node has the same running."""
        notebooks = {(job.assignment, job.notebook): job for job in jobs}
        kernels = {_environment(job.kernel): job.kernel for job in notebooks.values() if job.kernel.plain is None}
        preload = {name: set[str]() for name in sorted(kernels)}
        for job in notebooks.values():
            if job.kernel.plain is None:
                preload[_environment(job.kernel)] |= set(imported(job.version.cells))
        trains = any(
            job.trainer is not None and name.partition(".")[0] in KERAS
            for job in notebooks.values()
            for name in imported(job.version.cells)
        )
        equipment = Equipment(
            tuple(ExaminerSettings(kernels[name], tuple(sorted(modules))) for name, modules in preload.items()),
            jobs[0].sandboxed,
            jobs[0].variables,
            jobs[0].visible,
            self._trainer if trains else None,
        )
        places = {name: place for place, name in enumerate(preload)}

        def order(job: GradingJob) -> bytes:
            examiner = places[_environment(job.kernel)] if job.kernel.plain is None else None
            return f"{dump(OrderHead(equipment, examiner))}\n{dump(job)}".encode()

        return order

    def _pass(
        self, jobs: Sequence[GradingJob], order: Callable[[GradingJob], bytes], most: int = 0
    ) -> Generator[tuple[GradingJob, Outcome]]:
        """Grade jobs once, or again after a fault; at most `most` at once (0: as many as there is room for)."""
        if not jobs:
            return
        waiting = [(job, 1) for job in reversed(jobs)]
        running: dict[Future[bytes], tuple[GradingJob, int]] = {}
        came: queue.SimpleQueue[Message] = queue.SimpleQueue()
        with self._backend.executor(came.put) as executor:
            while waiting or running:
                while waiting and len(running) < max(1, most or self._backend.capacity()):
                    job, attempt = waiting.pop()
                    try:
                        future = executor.submit(grade, self._backend.session, order(job), attempt)
                    except FAULTS as error:
                        yield job, Outcome.fault("giving it to a worker", error)
                    else:
                        running[future] = job, attempt
                        future.add_done_callback(came.put)
                if trainings := self._backend.trainings():
                    self._listener(trainings)
                for message in _taken(came, LOOK if running else 0):
                    if isinstance(message, bytes):
                        with suppress(ValueError):
                            self._listener(load(message, Event))
                        continue
                    job, attempt = running.pop(message)
                    outcome = _outcome(message)
                    if outcome.status == Status.FAULT and attempt < TRIES:
                        waiting.append((job, attempt + 1))
                    else:
                        yield job, _named(outcome)


def _environment(kernel: Kernel) -> str:
    """What tells kernels apart whose notebooks can't share an examiner."""
    return dump((kernel.interpreter, kernel.variables), sort_keys=True)


def _taken(came: "queue.SimpleQueue[Message]", seconds: float) -> Iterator[Message]:
    """What has come, or comes within so many seconds."""
    with suppress(queue.Empty):
        yield came.get(timeout=seconds)
        while True:
            yield came.get_nowait()


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
