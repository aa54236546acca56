"""The host's side of the trainer: starts it, hands it candidates' sockets, asks how things stand."""

import os
import socket
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import TypeVar

from autograder.common.errors import AutograderError
from autograder.common.serialization import dump
from autograder.common.text import clean
from autograder.rpc import frames
from autograder.sandbox.host import place_for_sockets
from autograder.training import protocol
from autograder.training.cache import TrainingCache
from autograder.training.server_messages import Close, Connect, GetStatus, GetWaited, Judge, Question
from autograder.training.settings import ServerSettings, Trainer, TrainerSettings
from autograder.training.tested_models import ModelDigests, ModelInputs
from autograder.training.training_record import Judgement, TrainerStatus, TrainingRecord

T = TypeVar("T")


class TrainerError(AutograderError):
    """The trainer broke down: our fault or the machine's, never the student's."""


class TrainerProcess:
    """The trainer, from here on until `close`; `address` is where workers reach it."""

    def __init__(self, settings: ServerSettings) -> None:
        """Start it."""
        self._folder = tempfile.TemporaryDirectory(
            prefix="autograder-trainer-",
            dir=place_for_sockets(),
            ignore_cleanup_errors=True,  # a slot's process may outlive the server by a moment and write there
        )
        self._settings = settings
        self._count = 0
        self._start()

    def _start(self) -> None:
        self._count += 1
        self.address = str(Path(self._folder.name) / f"socket-{self._count}")
        lifeline, self._lifeline = os.pipe()
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(self.address)
            listener.listen(64)
            argv = [sys.executable, "-m", "autograder.training.server", str(listener.fileno()), str(lifeline)]
            self._process = subprocess.Popen(
                [*argv, dump(self._settings)],
                env={**os.environ, "TMPDIR": self._folder.name},  # slots' folders go with it
                stdin=subprocess.DEVNULL,
                pass_fds=[listener.fileno(), lifeline],
                start_new_session=True,  # Ctrl-C in the terminal is for the grader, which then ends this
            )
            os.close(lifeline)

    def revive(self) -> None:
        """Start it anew, at a new address, where it has died."""
        if self._process.poll() is not None:
            os.close(self._lifeline)
            self._start()

    def close(self) -> None:
        """End it, and what it trains."""
        os.close(self._lifeline)
        self._process.wait()
        self._folder.cleanup()

    def __enter__(self) -> "TrainerProcess":
        """Itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End it."""
        self.close()


def training_cache(root: Path, settings: Trainer) -> TrainingCache:
    """The remembered trainings of the course in `root`."""
    folder = Path(settings.cache_folder) if settings.cache_folder else Path(".autograder", "trainings")
    return TrainingCache((root / folder).resolve(), settings.cache_bytes)


def connect(address: str, sock: socket.socket, *, key: str, student: str, settings: TrainerSettings) -> None:
    """Hand the host's end of a candidate's socket to the trainer. `key` names this run of a notebook from now on."""
    _ask(address, Connect(key, student, settings), type(None), [sock.fileno()])
    sock.close()


def waiting(address: str, key: str) -> float:
    """Seconds that the candidate has waited for the trainer: for a slot, or for its training."""
    return _ask(address, GetWaited(key), float) or 0.0


def close(address: str, key: str) -> tuple[TrainingRecord, ...]:
    """Forget this run of a notebook; gives its trainings, for the record."""
    return _ask(address, Close(key), tuple[TrainingRecord, ...]) or ()


def judge(address: str, key: str, models: Sequence[ModelDigests], inputs: Sequence[ModelInputs] = ()) -> Judgement:
    """What is known of models in a test, and of what the test gave to them."""
    found = _ask(address, Judge(key, tuple(models), tuple(inputs)), Judgement)
    if found is None:
        raise TrainerError("the trainer broke down: the one that was started after it does not know this notebook")
    return found


def status(address: str, *, of_slots: bool = False) -> TrainerStatus:
    """What runs, and how many trainings wait, were trained, or were remembered; `of_slots`: as of `GetStatus`."""
    found = _ask(address, GetStatus(of_slots), TrainerStatus)
    assert found is not None
    return found


def _ask(address: str, question: Question, kind: type[T], descriptors: Sequence[int] = ()) -> T | None:
    """The answer, or None: there is none, or the trainer doesn't know the key. Raises TrainerError."""
    try:
        with socket.socket(socket.AF_UNIX) as sock:
            sock.settimeout(60)
            sock.connect(address)
            socket.send_fds(sock, [b"?"], descriptors)
            protocol.send(sock, question)
            answer = clean(protocol.receive(sock))
            return None if answer is None else protocol.read(answer, kind)
    except (OSError, frames.RpcError) as error:
        raise TrainerError(f"the trainer broke down: {error}") from None
