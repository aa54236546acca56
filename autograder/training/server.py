"""The trainer: a process at the host that reads candidates' requests, remembers results, and hands jobs to slots.

`python -m autograder.training.server`, started by `client.TrainerProcess`. Arguments: a listening socket, a pipe
that is closed when the grader is gone, and JSON. A caller connects, sends one byte with the candidate's socket beside
it if there is one, then one question, and gets one answer.
"""

import json
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

from autograder.common.arrays import array_digest
from autograder.rpc import frames
from autograder.training import jobs, leakage, protocol
from autograder.training.cache import TrainingCache
from autograder.training.connection import Connection, SeenData
from autograder.training.cost import exceeded
from autograder.training.devices import cores, gpus, place
from autograder.training.leakage import row_digests
from autograder.training.queue import Answer, Queue, QueuedTraining
from autograder.training.reproducibility import environment
from autograder.training.worker_process import WorkerProcess

_LOOK = 0.05  # seconds between looks at whether a candidate that waits is still there
ARRAYS = 8  # whose rows are kept
OVER = "The trainings of this notebook have used up the assignment's budget for all of them, {:,.0f} seconds."


class Server:
    """All of its state."""

    def __init__(self, settings: dict[str, Any], memory: TrainingCache, *, sandboxed: bool) -> None:
        """`settings`: as `Trainer.as_dict` gave them."""
        slots = place(
            gpus(), settings["gpu_slot_bytes"] >> 20, max(1, settings["cpu_slots"]), settings["threads"], cores()
        )
        self._environment = environment(slots[0])
        self._memory = memory
        self._connections: dict[str, Connection] = {}
        self._remembered = 0
        self._known: dict[str, SeenData] = {}  # by digests of arrays
        self._lock = threading.Lock()
        self._queue = Queue(
            slots, lambda slot: WorkerProcess(slot, settings["memory_bytes"], sandboxed=sandboxed), self._keep
        )

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
                question = protocol.receive(caller)
                protocol.send(caller, self._answer(question, descriptors))
            except (OSError, frames.RpcError):
                return

    def _answer(self, question: dict[str, Any], descriptors: list[int]) -> dict[str, Any]:
        if question["do"] == "status":
            return {**self._queue.status(), "remembered": self._remembered}
        if question["do"] == "connect":
            seed, budget = question["seed"], question["budget"]
            new = Connection(socket.socket(fileno=descriptors[0]), question["student"], seed, budget)
            self._connections[question["key"]] = new
            threading.Thread(target=self._converse, args=[new], daemon=True).start()
            return {"connected": True}
        connection = self._connections.get(question["key"])
        if connection is None:
            return {"unknown": True}
        if question["do"] == "judge":
            return _judge(connection, question)
        if question["do"] == "close":
            del self._connections[question["key"]]
            return {"trainings": connection.trainings}
        return {"seconds": connection.waited()}

    def _converse(self, connection: Connection) -> None:
        """Answer one candidate until it is gone."""
        sock = connection.socket
        try:
            with sock:
                while True:
                    try:
                        request = protocol.receive(sock)
                        answer = self._request(connection, request)
                    except frames.Disconnected:
                        return
                    except frames.RpcError as error:
                        connection.note(str(error))
                        answer = {"declined": str(error)}
                    if answer is not None:
                        protocol.send(sock, answer)
        except (OSError, frames.RpcError):
            return

    def _request(self, connection: Connection, request: Any) -> Answer | None:
        do = request.get("do") if isinstance(request, dict) else None
        if do == "note":
            connection.note(str(request.get("reason")))
            return None
        if do == "cancel":
            return {"cancelled": True}
        job = jobs.read(request)
        del request
        if connection.spent >= connection.budget["notebook_seconds"]:
            return {"refused": OVER.format(connection.budget["notebook_seconds"])}
        seed = _seed(connection.seed, connection.count(job.digest))
        key = jobs.digest([job.digest, seed, self._environment])
        with connection.waiting():
            found = self._memory.get(key, connection.student)
            remembered = found is not None
            answer: dict[str, Any] = {"result": found} if found is not None else self._train(connection, key, job, seed)
        if "cancelled" in answer:
            return None  # what came in the meantime is read next, in the notebook's own time
        if "result" in answer and (problem := exceeded(answer["result"]["cost"], connection.budget)):
            answer = {"refused": problem}
        if "result" in answer:
            self._remembered += remembered
            connection.trained(key, job, answer["result"], self._seen(job), remembered=remembered)
        else:
            connection.note(str(answer.get("declined") or ""), refused=str(answer.get("refused") or ""))
        return answer

    def _train(self, connection: Connection, key: str, job: jobs.TrainingJob, seed: int) -> Answer:
        training = self._queue.join(key, job, seed, connection.budget, connection.student)
        del job
        try:
            while not training.done.wait(_LOOK):
                if select.select([connection.socket], [], [], 0)[0]:  # it is gone, or was interrupted
                    return {"cancelled": True}
            return training.answer
        finally:
            self._queue.leave(training)
            if "result" not in training.answer and training.began is not None:
                connection.spent += time.monotonic() - training.began  # stopped, or too long: it took its time too

    def _seen(self, job: jobs.TrainingJob) -> list[SeenData]:
        """Its data, validation data too; what is known of the last few arrays is at hand."""
        found: list[SeenData] = []
        parts = [*job.content["data"], *(job.content["validation"] or ())]
        for leaf in (leaf for part in parts for leaf in jobs.leaves(part) if leaf is not None):
            key = array_digest(leaf)
            known = self._known.get(key)
            if known is None:
                descriptors = leakage.sample(leakage.descriptors(leaf), leakage.KEPT)
                known = SeenData(key, frozenset(row_digests(leaf)), descriptors)
                with self._lock:
                    self._known[key] = known
                    while len(self._known) > ARRAYS:
                        del self._known[next(iter(self._known))]
            found.append(known)
        return found

    def _keep(self, training: QueuedTraining, result: dict[str, Any]) -> None:
        try:
            for student in training.students:
                self._memory.put(training.key, student, result)
        except OSError:  # a full disk loses nobody a training
            return


def _judge(connection: Connection, question: dict[str, Any]) -> dict[str, Any]:
    probes = [leakage.Probe.from_dict(one) for one in question["probes"]]
    return {
        "models": [connection.provenance(one["state"], one["weights"]) for one in question["models"]],
        "seen": connection.seen(map(bytes.fromhex, question["rows"])),
        "near": [[connection.near(probe), len(probe.own)] for probe in probes],
    }


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
    setup = json.loads(sys.argv[3])
    settings = setup["settings"]
    memory = TrainingCache(Path(setup["cache"]), settings["cache_bytes"])
    Server(settings, memory, sandboxed=setup["sandboxed"]).serve(listener)


if __name__ == "__main__":
    main()
