"""The trainer: a process at the host that reads candidates' requests, remembers results, and hands jobs to slots.

`python -m autograder.training.server`, started by `client.TrainerProcess`. Arguments: a listening socket, a pipe
that is closed when the grader is gone, and `ServerSettings` as JSON. A caller connects, sends one byte with the
candidate's socket beside it if there is one, then one `Question`, and gets one answer.
"""

import os
import select
import signal
import socket
import sys
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np

from autograder.common.language import english
from autograder.common.serialization import load
from autograder.rpc import frames
from autograder.training import jobs, leakage, protocol
from autograder.training.cache import TrainingCache
from autograder.training.connection import Connection, SeenData
from autograder.training.cost import exceeded
from autograder.training.cost_history import CostHistory
from autograder.training.devices import Slot
from autograder.training.fit_messages import Answer, Declined, Refused, Request, Trained, TrainingResult
from autograder.training.jobs import TrainingJob
from autograder.training.leakage import row_digests
from autograder.training.protocol import Cancel, Cancelled, Note
from autograder.training.queue import Queue, QueuedTraining, Trainings
from autograder.training.reproducibility import environment
from autograder.training.server_messages import Close, Connect, Done, GetStatus, GetWaited, Judge, Question, Train
from autograder.training.settings import ServerSettings
from autograder.training.tested_models import ModelInputs
from autograder.training.training_record import Judgement, SeenInputs
from autograder.training.upstream import Upstream
from autograder.training.worker_messages import TrainingOrder, WorkerAnswer
from autograder.training.worker_process import WorkerProcess

_LOOK = 0.05  # seconds between looks at whether a candidate that waits is still there
ARRAYS = 8  # whose rows are at hand


class Server:
    """All of its state."""

    def __init__(self, settings: ServerSettings) -> None:
        """Nothing is trained yet."""
        slots = settings.slots()
        self._environment = environment(slots[0])
        self._cache = None if settings.upstream else TrainingCache(Path(settings.cache), settings.cache_bytes)
        self._connections: dict[str, Connection] = {}
        self._remembered = 0
        self._known: dict[str, SeenData] = {}  # by digests of arrays
        self._lock = threading.Lock()

        def start(slot: Slot) -> WorkerProcess:
            return WorkerProcess(slot, settings.memory_bytes, sandboxed=settings.sandboxed)

        history = CostHistory(None if self._cache is None else self._cache.folder)
        self._queue = Queue(slots, start, self._store, history)
        self._trainings: Trainings = Upstream(settings.upstream) if settings.upstream else self._queue

    def serve(self, listener: socket.socket) -> None:
        """Answer callers, for ever."""
        while True:
            caller, _ = listener.accept()
            threading.Thread(target=self._call, args=[caller], daemon=True).start()

    def _call(self, caller: socket.socket) -> None:
        with caller:
            try:
                caller.settimeout(30)
                descriptors = _descriptors(caller)
                question: Question = protocol.read(protocol.receive(caller), Question)
                if isinstance(question, Train):
                    self._train_for(caller, question)
                else:
                    protocol.send(caller, self._answer(question, descriptors))
            except (OSError, frames.RpcError):
                return

    def _train_for(self, caller: socket.socket, question: Train) -> None:
        """Do a training at a slot of this trainer's for another one's notebook."""
        order = protocol.read(protocol.receive(caller), TrainingOrder)
        training = self._queue.join(question.key, order, question.work, question.student)
        del order
        answer = _answer_of(self._queue, training, caller)
        if answer is not None:
            protocol.send(caller, Done(answer, False))

    def _answer(self, question: Connect | GetWaited | Judge | Close | GetStatus, descriptors: list[int]) -> Any:
        """See `server_messages`."""
        if isinstance(question, GetStatus):
            return (self._queue if question.of_slots else self._trainings).status(self._remembered)
        if isinstance(question, Connect):
            new = Connection(socket.socket(fileno=descriptors[0]), question.student, question.settings)
            self._connections[question.key] = new
            threading.Thread(target=self._converse, args=[new], daemon=True).start()
            return None
        connection = self._connections.get(question.key)
        if connection is None:
            return None
        if isinstance(question, Judge):
            return _judgement(connection, question)
        if isinstance(question, Close):
            del self._connections[question.key]
            return connection.trainings
        return connection.waited()

    def _converse(self, connection: Connection) -> None:
        """Answer one candidate until it is gone."""
        sock = connection.socket
        try:
            with sock:
                while True:
                    try:
                        answer = self._request(connection, jobs.read(protocol.receive(sock)))
                    except frames.Disconnected:
                        return
                    except frames.RpcError as error:
                        connection.note(str(error))
                        answer = Declined(str(error))
                    if answer is not None:
                        protocol.send(sock, answer)
        except (OSError, frames.RpcError):
            return

    def _request(self, connection: Connection, request: Request) -> Answer | None:
        if isinstance(request, Note):
            connection.note(request.reason)
            return None
        if isinstance(request, Cancel):
            return Cancelled()
        job = jobs.training_job(request)
        del request
        budget = connection.settings.budget
        if connection.spent >= budget.notebook_seconds:
            return Refused(
                english(
                    "This notebook's training runs have used up the assignment's total budget of %(seconds)s seconds.",
                    seconds=f"{budget.notebook_seconds:,.0f}",
                )
            )
        seed = _seed(connection.settings.seed, connection.count(job.digest))
        key = jobs.digest([job.digest, seed, self._environment])
        with connection.waiting():
            found = self._cache.get(key, connection.student) if self._cache is not None else None
            answer, remembered = (Trained(found), True) if found else self._train(connection, key, job, seed)
        if answer is None:
            return None  # what came in the meantime is read next, in the notebook's own time
        if isinstance(answer, Trained) and (problem := exceeded(answer.result.cost, budget)):
            answer = Refused(problem)
        if isinstance(answer, Trained):
            self._remembered += remembered and not connection.settings.detached
            connection.trained(key, job, answer.result, self._seen(job), remembered=remembered)
        elif isinstance(answer, Refused):
            connection.note("", refused=answer.reason)
        else:
            connection.note(answer.reason)
        return answer

    def _train(self, connection: Connection, key: str, job: TrainingJob, seed: int) -> tuple[WorkerAnswer | None, bool]:
        """What came of it, None where the candidate is gone, or was interrupted; and whether it was remembered."""
        order = TrainingOrder(job.content, seed, connection.settings.budget)
        detached = connection.settings.detached
        training = self._trainings.join(key, order, job.work, connection.student, detached=detached)
        answer = _answer_of(self._trainings, training, connection.socket)
        if not isinstance(training.answer, Trained) and training.began is not None:
            connection.spent += time.monotonic() - training.began  # stopped, or too long: it took its time too
        return answer, training.remembered

    def _seen(self, job: TrainingJob) -> list[SeenData]:
        """Its data, validation data too; what is known of the last few arrays is at hand."""
        found: list[SeenData] = []
        for key, array in job.data.items():
            known = self._known.get(key)
            if known is None:
                descriptors = leakage.sample(leakage.descriptors(array), leakage.MAX_ROWS)
                known = SeenData(key, frozenset(row_digests(array)), descriptors)
                with self._lock:
                    self._known[key] = known
                    while len(self._known) > ARRAYS:
                        del self._known[next(iter(self._known))]
            found.append(known)
        return found

    def _store(self, training: QueuedTraining, result: TrainingResult) -> None:
        if self._cache is None:
            return
        try:
            for student in training.students:
                self._cache.put(training.key, student, result)
        except OSError:  # a full disk loses nobody a training
            return


def _answer_of(trainings: Trainings, training: QueuedTraining, asking: socket.socket) -> WorkerAnswer | None:
    """What came of a training; None where the other end of `asking` is gone, or has been interrupted, before that."""
    try:
        while not training.done.wait(_LOOK):
            if select.select([asking], [], [], 0)[0]:
                return None
        return training.answer
    finally:
        trainings.leave(training)


def _judgement(connection: Connection, question: Judge) -> Judgement:
    """Raises RpcError for rows or probes that are none."""
    try:
        inputs = tuple(_seen(connection, given) for given in question.inputs)
    except ValueError as error:
        raise frames.RpcError(f"malformed rows or probes: {error}") from None
    return Judgement(tuple(map(connection.provenance, question.models)), inputs)


def _seen(connection: Connection, given: ModelInputs) -> SeenInputs:
    seen = connection.seen(map(bytes.fromhex, given.digests))
    if given.probe is None:
        return SeenInputs(seen, 0, 0)
    probe = leakage.Probe.decoded(given.probe)
    return SeenInputs(seen, connection.near(probe), len(probe.own))


def _seed(seed: int, count: int) -> int:
    return int(np.random.SeedSequence([abs(seed), count]).generate_state(1)[0])


def _descriptors(caller: socket.socket) -> list[int]:
    return socket.recv_fds(caller, 1, 1)[1]


def _end_with_grader(lifeline: int) -> None:
    os.read(lifeline, 1)
    os._exit(0)


def main() -> None:
    """Serve until the grader is gone; slots end with this process."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    listener, lifeline = socket.socket(fileno=int(sys.argv[1])), int(sys.argv[2])
    threading.Thread(target=_end_with_grader, args=[lifeline], daemon=True).start()
    Server(load(sys.argv[3], ServerSettings)).serve(listener)


if __name__ == "__main__":
    main()
