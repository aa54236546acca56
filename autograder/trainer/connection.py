"""One candidate's notebook at the trainer: what it started, what it was given, and how long it has waited."""

import contextlib
import math
import socket
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from autograder.trainer.jobs import Job
from autograder.wire.numeric import array_digest, is_informative

MAX_TRAININGS = 1000  # in the record; a notebook may start more
MAX_CURVES, MAX_EPOCHS = 8, 1000  # of the history of each


class Connection:
    """The host's end."""

    def __init__(self, sock: socket.socket, student: str, seed: int, budget: dict[str, float]) -> None:
        """`seed`: the assignment's."""
        self.socket = sock
        self.student = student
        self.seed = seed
        self.budget = budget
        self.trainings: list[dict[str, Any]] = []
        self._counts: Counter[str] = Counter()
        self._made: dict[str, tuple[str, bool]] = {}  # digest of weights -> job, and whether all of it is the trainer's
        self.spent = 0.0  # seconds of all its trainings, remembered ones too
        self._rows: set[bytes] = set()  # digests of all rows that it trained on
        self._waited = 0.0
        self._since: float | None = None

    def count(self, digest: str) -> int:
        """How many times this notebook has started this job before."""
        self._counts[digest] += 1
        return self._counts[digest] - 1

    @contextlib.contextmanager
    def waiting(self) -> Iterator[None]:
        """Within, the candidate waits for the trainer."""
        self._since = time.monotonic()
        try:
            yield
        finally:
            self._waited += time.monotonic() - self._since
            self._since = None

    def waited(self) -> float:
        """Seconds that it has waited so far."""
        since = self._since
        return self._waited + (time.monotonic() - since if since is not None else 0.0)

    def note(self, reason: str, *, refused: str = "") -> None:
        """A training in the candidate, for that reason; or one that was refused."""
        self._add({"by": "nobody", "refused": refused} if refused else {"by": "candidate", "reason": reason[:1000]})

    def trained(self, key: str, job: Job, result: dict[str, Any], rows: Iterable[bytes], *, remembered: bool) -> None:
        """A training here, on `rows`, told by their digests."""
        self.spent += result["seconds"]
        self._rows.update(rows)
        sources = [self._made.get(digest) for digest in job.given]
        weights = "given" if None in sources else "continued" if sources else "fresh"
        own = all(source is not None and source[1] for source in sources)
        parts = [result["weights"], result["optimizer"]]
        parts += [part for _, *pair in result["snapshots"] for part in pair]
        for array in (array for part in parts for array in part):
            if is_informative(array):
                self._made[array_digest(array)] = (key, own)
        self._add(
            {
                "by": "trainer",
                "job": key,
                "weights": weights,
                "from": sorted({source[0] for source in sources if source is not None}),
                "remembered": remembered,
                "epoch_seconds": [seconds for _, seconds in result["epochs"]],
                "history": _history([logs for logs, _ in result["epochs"]]),
                "seconds": result["seconds"],
                "cost": result["cost"],
            }
        )

    def provenance(self, digests: list[str]) -> dict[str, Any]:
        """Where weights come from, told by their digests, and by which jobs.

        "trainer": all from trainings here that began with fresh weights; "given": trained here, but from others;
        "candidate": at least one array is not known here.
        """
        found = [self._made.get(digest) for digest in digests]
        known = [source for source in found if source is not None]
        trainer = bool(found) and all(own for _, own in known)
        source = "candidate" if len(known) < len(found) or not found else "trainer" if trainer else "given"
        return {"weights": source, "jobs": sorted({key for key, _ in known})}

    def seen(self, rows: Iterable[bytes]) -> int:
        """How many of these rows it trained on."""
        return len(self._rows.intersection(rows))

    def _add(self, training: dict[str, Any]) -> None:
        if len(self.trainings) < MAX_TRAININGS:
            self.trainings.append(training)


def _history(epochs: Sequence[dict[str, Any]]) -> dict[str, list[float | None]]:
    """By name, what was logged after each epoch; None for what is no finite number."""
    names = list(epochs[0])[:MAX_CURVES] if epochs else []
    return {name: [_number(logs.get(name)) for logs in epochs[:MAX_EPOCHS]] for name in names}


def _number(value: Any) -> float | None:
    return float(f"{value:.6g}") if isinstance(value, int | float) and math.isfinite(value) else None
