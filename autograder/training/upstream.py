"""Trainings that another one does and remembers: this trainer is one of a cluster's nodes.

Whoever listens upstream gets a `Train` and its `TrainingOrder` by a connection of their own, and answers by a `Done`;
a connection that is closed is a training that nobody here waits for any more.
"""

import contextlib
import socket
import threading
import time

from autograder.common.language import english
from autograder.rpc import frames
from autograder.training import protocol
from autograder.training.fit_messages import Declined, Trained
from autograder.training.queue import QueuedTraining, Trainings, running
from autograder.training.server_messages import Done, Train
from autograder.training.training_record import TrainerStatus


class Upstream(Trainings):
    """Hands trainings to whoever listens at an address."""

    def __init__(self, address: str) -> None:
        """`address`: a Unix socket's path."""
        super().__init__()
        self._address = address
        self._trained = 0
        self._sockets: dict[str, socket.socket] = {}  # by key

    def _start(self, training: QueuedTraining) -> None:
        training.began = time.monotonic()  # as far as can be told here
        sock = self._sockets[training.key] = socket.socket(socket.AF_UNIX)
        threading.Thread(target=self._ask, args=[training, sock], daemon=True).start()

    def _stop(self, training: QueuedTraining) -> None:
        if (sock := self._sockets.pop(training.key, None)) is not None:
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)

    def status(self, remembered: int) -> TrainerStatus:
        """See `Trainings`."""
        with self._lock:
            counts = (0, self._trained, remembered, self._notebooks())
            return TrainerStatus(tuple(map(running, self._in_flight.values())), *counts)

    def _ask(self, training: QueuedTraining, sock: socket.socket) -> None:
        try:
            with sock:
                sock.connect(self._address)
                with self._lock:
                    if self._sockets.get(training.key) is not sock:
                        return  # it was stopped before there was anybody to tell
                protocol.send(sock, Train(training.key, training.students[0], training.work))
                protocol.send(sock, training.order)
                training.order = None
                done: Done = protocol.read(protocol.receive(sock), Done)
        except (OSError, frames.RpcError) as error:
            done = Done(Declined(english("The trainer could not be reached: %(reason)s", reason=error)), False)
        with self._lock:
            if self._sockets.get(training.key) is sock:
                del self._sockets[training.key]
            self._trained += isinstance(done.answer, Trained) and not done.remembered
            training.remembered = done.remembered
            self._finish(training, done.answer)
