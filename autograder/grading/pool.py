"""Many notebooks at once: worker processes, an examiner for each environment, and what is tried again.

A fault of ours is tried once more. A notebook that met a limit of time while the machine was too busy to run it is
graded a second time, by itself, after all others, and has PATIENCE times as long; where the machine's other
work leaves it less of that than the limit itself, it is not graded. So a busy machine costs nobody points.
"""

import os
import selectors
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, suppress
from dataclasses import replace
from pathlib import Path
from typing import IO, Any

import psutil

from autograder.common.serialization import dump, load
from autograder.examiner.client import Examiner
from autograder.examiner.plan import imported
from autograder.grading.job import FAULTS, Event, GradingJob, Listener, Outcome, Status, WorkerMessage, WorkerOrder
from autograder.kernel.kernelspec import Kernel
from autograder.sandbox import cgroups
from autograder.sandbox.cpu_time import STARVED
from autograder.sandbox.limits import Limits
from autograder.training.client import TrainerError, TrainerProcess, status
from autograder.training.devices import cores

TRIES = 2
LOOK = 1.0  # seconds between looks at how the trainer stands
PATIENCE = 4  # times as long for a notebook that met a limit of time because the machine was busy
NEVER_ITS_TIME = 1 - 1 / PATIENCE  # the part of that in which it did not run, if it did not even get the limit itself
KERAS = ("keras", "tensorflow")


def default_workers(limits: Limits) -> int:
    """As many notebooks at once as there are cores, and as the free memory holds; the machine's, or the container's."""
    memory = min(psutil.virtual_memory().available, cgroups.memory())
    return max(1, min(cores(), int(memory // limits.memory_bytes)))


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


class Pool:
    """Workers, their examiners and their trainer, kept from one run to the next until `close`."""

    def __init__(self, listener: Listener, new_trainer: Callable[[], TrainerProcess]) -> None:
        """Starts nothing yet."""
        self._listener = listener
        self._new_trainer = new_trainer
        self._stack = ExitStack()
        self._key: tuple[Any, ...] | None = None
        self._idle: list[_Worker] = []
        self._examiners: dict[str, Examiner] = {}  # by kernel, see `_environment`
        self._trainer: TrainerProcess | None = None

    def run(self, jobs: Sequence[GradingJob], workers: int) -> Iterator[tuple[GradingJob, Outcome]]:
        """Grade all `jobs`; yields each with its outcome as it comes. Closing the iterator ends what runs.

        A trainer is started where the jobs are to have one, and import Keras.
        """
        if not jobs:
            return
        self._prepare(jobs)
        alone: dict[int, GradingJob] = {}
        again: list[GradingJob] = []
        for job, outcome in self._pass(jobs, workers):
            if outcome.starved >= STARVED:
                again.append(_patient(job))
                alone[id(again[-1])] = job
                self._listener(Event(job.student, job.notebook, f"again later, alone ({outcome.limit})", 0, 1))
            else:
                yield job, outcome
        for longer, outcome in self._pass(again, 1):
            yield alone[id(longer)], _too_busy() if outcome.starved > NEVER_ITS_TIME else outcome

    def close(self) -> None:
        """End everything."""
        self._key, self._idle, self._trainer, self._examiners = None, [], None, {}
        self._stack.close()

    def __enter__(self) -> "Pool":
        """Itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """End everything."""
        self.close()

    def _prepare(self, jobs: Sequence[GradingJob]) -> None:
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
        key = (preload, jobs[0].sandboxed, jobs[0].variables, jobs[0].visible, trains)
        if key == self._key:
            return
        self.close()
        visible = [Path(folder) for folder in jobs[0].visible]
        for environment, names in preload.items():
            examiner = Examiner(
                sorted(names),
                sandboxed=jobs[0].sandboxed,
                environment=jobs[0].variables,
                visible=visible,
                kernel=kernels[environment],
            )
            self._examiners[environment] = self._stack.enter_context(examiner)
        self._trainer = self._stack.enter_context(self._new_trainer()) if trains else None
        self._key = key

    def _pass(self, jobs: Sequence[GradingJob], workers: int) -> Iterator[tuple[GradingJob, Outcome]]:
        waiting = [(job, 1) for job in reversed(jobs)]
        with selectors.DefaultSelector() as selector:
            try:
                while waiting or selector.get_map():
                    while waiting and len(selector.get_map()) < max(1, workers):
                        job, tries = waiting.pop()
                        try:
                            worker = self._given(job, tries)
                        except FAULTS as error:
                            yield job, Outcome.fault("giving it to a worker", error)
                        else:
                            selector.register(worker.out, selectors.EVENT_READ, worker)
                    self._tell_trainings()
                    for key, _ in selector.select(LOOK if selector.get_map() else 0):
                        worker = key.data
                        for message in worker.read():
                            if isinstance(message, Event):
                                self._listener(message)
                                continue
                            selector.unregister(worker.out)
                            self._idle += [worker] if worker.alive else []
                            if message.status == Status.FAULT and worker.tries < TRIES:
                                waiting.append((worker.job, worker.tries + 1))
                            else:
                                yield worker.job, _named(message)
            finally:
                for key in list(selector.get_map().values()):
                    key.data.kill()

    def _given(self, job: GradingJob, tries: int) -> "_Worker":
        """A worker, a new one if need be, that has started a job."""
        worker = self._idle.pop() if self._idle else self._stack.enter_context(_Worker())
        examiner = self._examiners[_environment(job.kernel)].address if job.kernel.plain is None else ""
        worker.give(job, tries, examiner, self._address())
        return worker

    def _address(self) -> str:
        if self._trainer is None:
            return ""
        self._trainer.revive()
        return self._trainer.address

    def _tell_trainings(self) -> None:
        if self._trainer is not None:
            with suppress(TrainerError):
                self._listener(status(self._trainer.address))


def _environment(kernel: Kernel) -> str:
    """What tells kernels apart whose notebooks can't share an examiner."""
    return dump((kernel.interpreter, kernel.variables), sort_keys=True)


def _named(outcome: Outcome) -> Outcome:
    """What breaks the examiner each time needs a person; other faults are ours."""
    if outcome.broke_examiner:
        return replace(outcome, status=Status.NEEDS_PERSON)
    return outcome


def _read(line: bytes) -> Event | Outcome:
    message = load(line, WorkerMessage)
    found = message.event or message.outcome
    if found is None:
        raise ValueError("expected an event or an outcome, received neither")
    return found


class _Worker:
    """A worker process and the job that it has."""

    def __init__(self) -> None:
        # A session of its own: Ctrl-C in the terminal reaches this process alone, which then ends the workers.
        self._process = subprocess.Popen(
            [sys.executable, "-m", "autograder.grading.worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,
        )
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._in: IO[bytes] = self._process.stdin
        self.out: IO[bytes] = self._process.stdout
        self._rest = b""
        self.alive = True
        self.job: GradingJob
        self.tries = 0

    def give(self, job: GradingJob, tries: int, examiner: str, trainer: str) -> None:
        """Start a job; the others are addresses."""
        self.job, self.tries = job, tries
        order = dump(WorkerOrder(job, examiner, trainer))
        try:
            self._in.write(order.encode() + b"\n")
            self._in.flush()
        except OSError:
            self.alive = False  # read() says so

    def read(self) -> list[Event | Outcome]:
        """What has come; a fault where the worker has died, or says what can't be understood."""
        data = os.read(self.out.fileno(), 1 << 20)
        if not data:
            self.alive = False
            code = self._process.wait()
            return [Outcome(Status.FAULT, f"a worker died (exit code {code})")]
        *lines, self._rest = (self._rest + data).split(b"\n")
        try:
            return [_read(line) for line in lines]
        except ValueError as error:
            self._process.kill()
            self.alive = False
            return [Outcome.fault("reading a worker's answer", error)]

    def __enter__(self) -> "_Worker":
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()
        self._in.close()

    def kill(self) -> None:
        """End it, and with it all that it started."""
        self._process.kill()
        self._process.wait()
        self.out.close()
