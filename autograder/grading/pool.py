"""Many notebooks at once: worker processes, one examiner, and what is tried again.

A fault of ours is tried once more. A notebook that met a limit of time or memory is graded a second time, alone, after
all others, so that a busy machine costs nobody points; the second result counts.
"""

import json
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

from autograder.candidate.limits import Limits
from autograder.examiner.client import Examiner
from autograder.examiner.plan import modules
from autograder.grading.job import Event, Job, Listener, Outcome, Trainings
from autograder.submission.instructor import Version
from autograder.trainer.client import TrainerError, TrainerProcess, status

AGAIN_ALONE = ("cell time", "total time", "memory")
TRIES = 2
LOOK = 1.0  # seconds between looks at how the trainer stands
KERAS = ("keras", "tensorflow")


def default_workers(limits: Limits) -> int:
    """As many notebooks at once as there are cores, and as the free memory holds."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, min(cores, int(psutil.virtual_memory().available) // int(limits.memory)))


def run(
    jobs: Sequence[Job], workers: int, listener: Listener, new_trainer: Callable[[], TrainerProcess]
) -> Iterator[tuple[Job, Outcome]]:
    """Grade all `jobs`; yields each with its outcome as it comes. Closing the iterator ends what runs.

    A trainer is started where the jobs are to have one, and import Keras.
    """
    if not jobs:
        return
    versions = {(job.assignment, job.notebook): job.version for job in jobs}
    preload = sorted({name for data in versions.values() for name in modules(Version.from_dict(data).cells)})
    visible = [Path(folder) for folder in jobs[0].visible]
    variables = jobs[0].variables
    with ExitStack() as stack:
        examiner = Examiner(preload, sandboxed=jobs[0].sandboxed, environment=variables, visible=visible)
        stack.enter_context(examiner)
        trains = jobs[0].trainer is not None and any(name.partition(".")[0] in KERAS for name in preload)
        trainer = stack.enter_context(new_trainer()) if trains else None
        alone: list[Job] = []
        for job, outcome in _pass(jobs, workers, examiner.address, trainer, listener):
            if outcome.limit in AGAIN_ALONE:
                alone.append(job)
                listener(Event(job.student, job.notebook, f"again, alone, later ({outcome.limit})", 0, 1))
            else:
                yield job, outcome
        yield from _pass(alone, 1, examiner.address, trainer, listener)


def _pass(
    jobs: Sequence[Job], workers: int, examiner: str, trainer: TrainerProcess | None, listener: Listener
) -> Iterator[tuple[Job, Outcome]]:
    waiting = [(job, 1) for job in reversed(jobs)]
    with ExitStack() as stack, selectors.DefaultSelector() as selector:

        def put(worker: "_Worker | None") -> None:
            """Give the next job to a worker, a new one if need be."""
            if not waiting:
                return
            worker = worker or stack.enter_context(_Worker())
            if trainer is not None:
                trainer.revive()
            worker.give(*waiting.pop(), examiner, "" if trainer is None else trainer.address)
            selector.register(worker.out, selectors.EVENT_READ, worker)

        for _ in range(max(1, min(workers, len(jobs)))):
            put(None)
        while selector.get_map():
            if trainer is not None:
                with suppress(TrainerError):
                    listener(Trainings(**status(trainer.address)))
            for key, _ in selector.select(LOOK):
                worker: _Worker = key.data
                for message in worker.read():
                    if "event" in message:
                        listener(Event(**message["event"]))
                        continue
                    selector.unregister(worker.out)
                    job, tries = worker.job, worker.tries
                    outcome = Outcome.from_dict(message["outcome"])
                    if outcome.status == "fault" and tries < TRIES:
                        waiting.append((job, tries + 1))
                        put(worker if worker.alive else None)
                        continue
                    put(worker if worker.alive else None)
                    yield job, _named(outcome)


def _named(outcome: Outcome) -> Outcome:
    """What breaks the examiner each time needs a person; other faults are ours."""
    if outcome.status == "fault" and outcome.message.startswith("ExaminerError"):
        return replace(outcome, status="needs a person")
    return outcome


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
        self.job: Job
        self.tries = 0

    def give(self, job: Job, tries: int, examiner: str, trainer: str) -> None:
        """Start a job; the others are addresses."""
        self.job, self.tries = job, tries
        order = {"job": job.as_dict(), "examiner": examiner, "trainer": trainer}
        try:
            self._in.write(json.dumps(order).encode() + b"\n")
            self._in.flush()
        except OSError:
            self.alive = False  # read() says so

    def read(self) -> list[dict[str, Any]]:
        """The messages that have come; a fault where the worker has died."""
        data = os.read(self.out.fileno(), 1 << 20)
        if not data:
            self.alive = False
            code = self._process.wait()
            return [{"outcome": Outcome("fault", f"a worker died (exit code {code})").as_dict()}]
        *lines, self._rest = (self._rest + data).split(b"\n")
        return [json.loads(line) for line in lines]

    def __enter__(self) -> "_Worker":
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.wait()
        self._in.close()
        self.out.close()
