"""Trainings that wait and run: each job once, however many ask for it; the largest first; a thread for each slot."""

import threading
import time
from collections.abc import Callable, Sequence
from typing import Any

from autograder.training.devices import Slot
from autograder.training.jobs import TrainingJob
from autograder.training.worker_process import WorkerDied, WorkerProcess

Answer = dict[str, Any]
PAUSE = 2.0  # seconds until a process that could not be started is tried again
TOO_LARGE = "This training was too large for the trainer, whose process ended twice."


class QueuedTraining:
    """One job in flight."""

    def __init__(self, key: str, job: TrainingJob, seed: int, budget: dict[str, float], student: str) -> None:
        """Asked for by that student; others may join."""
        self.key = key
        self.order: dict[str, Any] | None = {"content": job.content, "seed": seed, "budget": budget}
        self.size = job.size
        self.seconds = budget["seconds"]
        self.students = [student]
        self.waiters = 1
        self.done = threading.Event()
        self.died = False  # its first slot did, which may have been another's doing
        self.answer: Answer = {}
        self.progress: dict[str, Any] = {}
        self.process: WorkerProcess | None = None
        self.began: float | None = None  # at a slot


class Queue:
    """Hands trainings to slots."""

    def __init__(self, slots: Sequence[Slot], new: Callable[[Slot], WorkerProcess], keep: Callable[..., None]) -> None:
        """`keep(training, result)` is called for a result before anybody gets it."""
        self.trained = 0
        self._keep = keep
        self._lock = threading.Condition()
        self._waiting: list[QueuedTraining] = []
        self._flying: dict[str, QueuedTraining] = {}
        for slot in slots:
            threading.Thread(target=self._work, args=[slot, new], daemon=True).start()

    def join(self, key: str, job: TrainingJob, seed: int, budget: dict[str, float], student: str) -> QueuedTraining:
        """The training of that key, started if it is not in flight. Whoever joins has to `leave`."""
        with self._lock:
            training = self._flying.get(key)
            if training is not None:
                training.waiters += 1
                training.students.append(student)
                return training
            training = self._flying[key] = QueuedTraining(key, job, seed, budget, student)
            self._waiting.append(training)
            self._lock.notify()
            return training

    def leave(self, training: QueuedTraining) -> None:
        """Wait for it no longer; what nobody waits for is stopped."""
        with self._lock:
            training.waiters -= 1
            if training.waiters or training.done.is_set():
                return
            if self._flying.get(training.key) is training:
                del self._flying[training.key]
            if training in self._waiting:
                self._waiting.remove(training)
            elif training.process is not None:
                training.process.kill()

    def status(self) -> dict[str, Any]:
        """What runs, with its epoch and the seconds left, and how many wait."""
        with self._lock:
            running = [t for t in self._flying.values() if t not in self._waiting]
            return {
                "running": [{"students": list(t.students), **t.progress, "left": _left(t.progress)} for t in running],
                "waiting": len(self._waiting),
                "trained": self.trained,
            }

    def _work(self, slot: Slot, new: Callable[[Slot], WorkerProcess]) -> None:
        process: WorkerProcess | None = None
        while True:
            with self._lock:
                while not self._waiting:
                    self._lock.wait()
                training = max(self._waiting, key=lambda waiting: waiting.size)
                self._waiting.remove(training)
                try:
                    if process is None or not process.alive:
                        process = new(slot)  # by this thread, which lives as long as the server: so does the slot
                except OSError as error:  # no room, no memory, no descriptor: that may pass
                    process, problem = None, f"The trainer could not start a process: {error}"
                training.process, training.began = process, time.monotonic()
            answer: Answer | None
            if process is not None:
                answer = self._train(training, process)
            else:
                answer = {"declined": problem} if training.died else None
                time.sleep(PAUSE)
            with self._lock:
                if answer is None and training.waiters and not training.died:
                    training.died, training.process = True, None
                    self._waiting.append(training)
                    self._lock.notify()
                    continue
            training.order = None
            answer = answer or {"refused": TOO_LARGE}
            if "result" in answer:
                self._keep(training, answer["result"])
            with self._lock:
                self.trained += "result" in answer
                training.answer, training.process = answer, None
                if self._flying.get(training.key) is training:
                    del self._flying[training.key]
                training.done.set()

    def _train(self, training: QueuedTraining, process: WorkerProcess) -> Answer | None:
        """What came of it; None where the slot died."""
        deadline = time.monotonic() + training.seconds
        try:
            process.send(training.order)
            while True:
                message = process.receive(deadline - time.monotonic())
                if "epoch" not in message:
                    return message
                training.progress = message["epoch"]
        except TimeoutError:
            process.kill()
            return {
                "refused": f"This training ran longer than {training.seconds:,.0f} seconds, the assignment's budget."
            }
        except WorkerDied:
            process.kill()
            return None


def _left(progress: dict[str, Any]) -> float | None:
    if not progress:
        return None
    return round(float(progress["seconds"]) * max(0, int(progress["epochs"]) - int(progress["epoch"])), 1)
