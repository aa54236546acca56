"""The host's side of the trainer: starts it, hands it candidates' sockets, asks how things stand."""

import json
import os
import socket
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

from autograder.common.errors import AutograderError
from autograder.common.text import clean
from autograder.rpc import frames
from autograder.sandbox.host import place_for_sockets
from autograder.training import protocol
from autograder.training.cache import TrainingCache
from autograder.training.settings import Trainer


class TrainerError(AutograderError):
    """The trainer broke down: our fault or the machine's, never the student's."""


class TrainerProcess:
    """The trainer, from here on until `close`; `address` is where workers reach it."""

    def __init__(self, root: Path, settings: Trainer, *, sandboxed: bool) -> None:
        """`root`: the course's folder."""
        self._folder = tempfile.TemporaryDirectory(
            prefix="autograder-trainer-",
            dir=place_for_sockets(),
            ignore_cleanup_errors=True,  # a slot's process may outlive the server by a moment and write there
        )
        place = str(training_cache(root, settings).folder)
        self._setup = json.dumps({"settings": settings.as_dict(), "cache": place, "sandboxed": sandboxed})
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
                [*argv, self._setup],
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


def connect(
    address: str, sock: socket.socket, *, key: str, student: str, seed: int, budget: Mapping[str, float]
) -> None:
    """Hand the host's end of a candidate's socket to the trainer. `key` names this run of a notebook from now on."""
    question = {"do": "connect", "key": key, "student": student, "seed": seed, "budget": dict(budget)}
    _ask(address, question, [sock.fileno()])
    sock.close()


def waiting(address: str, key: str) -> float:
    """Seconds that the candidate has waited for the trainer: for a slot, or for its training."""
    return float(_ask(address, {"do": "waiting", "key": key}).get("seconds", 0.0))


def close(address: str, key: str) -> list[dict[str, Any]]:
    """Forget this run of a notebook; gives its trainings, for the record."""
    return list(_ask(address, {"do": "close", "key": key}).get("trainings", []))


def judge(
    address: str,
    key: str,
    models: Sequence[Mapping[str, Any]],
    rows: Sequence[str] = (),
    probes: Sequence[Mapping[str, str]] = (),
) -> dict[str, Any]:
    """What is known of models in a test, told by digests of their state and weights, and of what they were tested on.

    "models": where each comes from, see `connection.Connection.provenance`; "seen": how many of the rows this run of a
    notebook gave to `fit`; "near": of each probe's inputs, how many have near copies there, and how many there are.
    """
    told = [dict(one) for one in models]
    question = {"do": "judge", "key": key, "models": told, "rows": list(rows), "probes": [dict(one) for one in probes]}
    return _ask(address, question)


def status(address: str) -> dict[str, Any]:
    """Jobs running (students, epoch, seconds left), and how many wait, were trained, or were remembered."""
    return _ask(address, {"do": "status"})


def _ask(address: str, question: dict[str, Any], descriptors: Sequence[int] = ()) -> dict[str, Any]:
    try:
        with socket.socket(socket.AF_UNIX) as sock:
            sock.settimeout(60)
            sock.connect(address)
            socket.send_fds(sock, [b"?"], descriptors)
            protocol.send(sock, question)
            answer: dict[str, Any] = clean(protocol.receive(sock))
            return answer
    except (OSError, frames.RpcError) as error:
        raise TrainerError(f"the trainer broke down: {error}") from None
