"""Trainings that wait and run: each job once, however many ask for it; a thread for each slot.

The one that should take longest goes first, by what earlier ones took: see `cost_history`. A slot whose process has
started goes before one whose process has not: TensorFlow takes seconds to start.
"""

import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence

from autograder.common.language import english
from autograder.training.cost_history import CostHistory, Workload
from autograder.training.devices import Slot
from autograder.training.fit_messages import Declined, Refused, Trained, TrainingResult
from autograder.training.training_record import RunningTraining, TrainerStatus
from autograder.training.worker_messages import EpochProgress, TrainingOrder, WorkerAnswer
from autograder.training.worker_process import WorkerDied, WorkerProcess

PAUSE = 2.0  # seconds until a process that could not be started is tried again
NOT_READY = english("The trainer's process ended before it was ready.")
TOO_LARGE = english("This training was too large for the trainer, whose process ended twice.")


class QueuedTraining:
    """One job in flight."""

    def __init__(self, key: str, order: TrainingOrder, work: Workload) -> None:
        """Nobody waits for it yet."""
        self.key = key
        self.order: TrainingOrder | None = order
        self.work = work
        self.seconds = order.budget.seconds
        self.students: list[str] = []  # who asked for it
        self.waiters = 0
        self.detached = False  # whether somebody asked for it who need not wait: it is done in any case
        self.urgent = False  # whether somebody asked for it who has to
        self.done = threading.Event()
        self.died = False  # its first slot did, which may have been another's doing
        self.answer: WorkerAnswer | None = None  # until it is done
        self.remembered = False  # by who was asked
        self.progress: EpochProgress | None = None
        self.process: WorkerProcess | None = None
        self.began: float | None = None  # at a slot

    @property
    def is_wanted(self) -> bool:
        """Whether it should be done."""
        return self.detached or self.waiters > 0


class Trainings(ABC):
    """What is trained for this trainer's notebooks: each job once, however many ask for it."""

    def __init__(self) -> None:
        """Nothing is in flight."""
        self._lock = threading.Condition()
        self._in_flight: dict[str, QueuedTraining] = {}

    def join(
        self, key: str, order: TrainingOrder, work: Workload, student: str, *, detached: bool = False
    ) -> QueuedTraining:
        """The training of that key, started if it is not in flight. Whoever joins has to `leave`.

        `detached`: it is not stopped then, but begins after others.
        """
        with self._lock:
            training = self._in_flight.get(key)
            new = training is None
            if training is None:
                training = self._in_flight[key] = QueuedTraining(key, order, work)
            training.waiters += 1
            training.students.append(student)
            training.detached |= detached
            training.urgent |= not detached
            if new:
                self._start(training)
            return training

    def leave(self, training: QueuedTraining) -> None:
        """Wait for it no longer; what nobody waits for is stopped, unless somebody was `detached`."""
        with self._lock:
            training.waiters -= 1
            if training.is_wanted or training.done.is_set():
                return
            if self._in_flight.get(training.key) is training:
                del self._in_flight[training.key]
            self._stop(training)

    @abstractmethod
    def _start(self, training: QueuedTraining) -> None: ...

    @abstractmethod
    def _stop(self, training: QueuedTraining) -> None: ...

    @abstractmethod
    def status(self, remembered: int) -> TrainerStatus:
        """What runs, and how many wait and were trained; `remembered`: how many needed no training."""

    def _notebooks(self) -> int:
        """How many wait. With the lock held."""
        return sum(training.waiters for training in self._in_flight.values())

    def _finish(self, training: QueuedTraining, answer: WorkerAnswer) -> None:
        """With the lock held."""
        training.answer, training.process = answer, None
        if self._in_flight.get(training.key) is training:
            del self._in_flight[training.key]
        training.done.set()


class Queue(Trainings):
    """Hands trainings to slots."""

    def __init__(
        self,
        slots: Sequence[Slot],
        new: Callable[[Slot], WorkerProcess],
        store: Callable[[QueuedTraining, TrainingResult], None],
        history: CostHistory,
    ) -> None:
        """`store(training, result)` is called for a result before anybody gets it; `history` is told what it took."""
        super().__init__()
        self._trained = 0
        self._store = store
        self._history = history
        self._waiting: list[QueuedTraining] = []
        self._idle = 0  # slots that wait, with a process that has started
        for slot in slots:
            threading.Thread(target=self._work, args=[slot, new], daemon=True).start()

    def _start(self, training: QueuedTraining) -> None:
        self._waiting.append(training)
        self._lock.notify_all()

    def _stop(self, training: QueuedTraining) -> None:
        if training in self._waiting:
            self._waiting.remove(training)
        elif training.process is not None:
            training.process.kill()

    def status(self, remembered: int) -> TrainerStatus:
        """See `Trainings`."""
        with self._lock:
            at_slots = [t for t in self._in_flight.values() if t not in self._waiting]
            counts = (len(self._waiting), self._trained, remembered, self._notebooks())
            return TrainerStatus(tuple(map(running, at_slots)), *counts)

    def _work(self, slot: Slot, new: Callable[[Slot], WorkerProcess]) -> None:
        process: WorkerProcess | None = None
        problem = ""  # of the machine's, for which no training is to blame
        while True:
            with self._lock:
                started = process is not None and process.alive
                self._idle += started
                self._lock.wait_for(self._has_work if started else self._has_more_than_started_slots_take)
                self._idle -= started
                training = max(self._waiting, key=lambda one: (one.urgent, self._history.expected(one.work)))
                self._waiting.remove(training)
                try:
                    if process is None or not process.alive:
                        process = new(slot)  # by this thread, which lives as long as the server: so does the slot
                except OSError as error:  # no room, no memory, no descriptor: that may pass
                    process = None
                    problem = english("The trainer could not start a process: %(reason)s", reason=error)
                training.process, training.began = process, time.monotonic()
            answer: WorkerAnswer | None = None
            if process is not None:
                answer = self._train(training, process)
                problem = NOT_READY if answer is None and not process.ready else ""
            if problem:
                time.sleep(PAUSE)
            with self._lock:
                if answer is None and training.is_wanted and not training.died:
                    training.died, training.process, training.progress = True, None, None
                    self._waiting.append(training)
                    self._lock.notify_all()
                    continue
            training.order = None
            answer = answer or (Declined(problem) if problem else Refused(TOO_LARGE))
            if isinstance(answer, Trained):
                self._history.note(training.work, answer.result.seconds)
                self._store(training, answer.result)
            with self._lock:
                self._trained += isinstance(answer, Trained)
                self._finish(training, answer)

    def _has_work(self) -> bool:
        return bool(self._waiting)

    def _has_more_than_started_slots_take(self) -> bool:
        return len(self._waiting) > self._idle

    def _train(self, training: QueuedTraining, process: WorkerProcess) -> WorkerAnswer | None:
        """What came of it; None where the worker died."""
        deadline = time.monotonic() + training.seconds
        assert training.order is not None
        try:
            process.send(training.order)
            while True:
                message = process.receive(deadline - time.monotonic())
                if not isinstance(message, EpochProgress):
                    return message
                training.progress = message
        except TimeoutError:
            process.kill()
            return Refused(
                english(
                    "This training ran longer than %(seconds)s seconds, the assignment's budget.",
                    seconds=f"{training.seconds:,.0f}",
                )
            )
        except WorkerDied:
            process.kill()
            return None


def running(training: QueuedTraining) -> RunningTraining:
    """How far it is."""
    students, last = tuple(training.students), training.progress
    if last is None:
        return RunningTraining(students, key=training.key)
    left = round(last.seconds * max(0, last.epochs - last.epoch), 1)
    return RunningTraining(students, last.epoch, last.epochs, last.seconds, left, training.key)
