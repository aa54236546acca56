"""What trainings took, by the network's architecture: it says which of those that wait should begin first.

Nothing else depends on it: no grade, no key, no budget. The file may be lost or damaged at any time, and where several
processes write it, the last one's stays.

    <folder of the cache>/seconds.json     by architecture, seconds for an example, and per unit of the estimate
"""

import contextlib
import statistics
import threading
from dataclasses import dataclass
from pathlib import Path

from autograder.common.files import write_atomic
from autograder.common.serialization import dump, load

NAME = "seconds.json"
ARCHITECTURES = 1000  # that are remembered; the one noted longest ago is forgotten first
PER_SIZE = 1e-7  # seconds per unit of `Workload.size` where nothing was trained yet: one core, the lecture's network


@dataclass(frozen=True)
class Workload:
    """What there is to do in a training, as far as that can be told before a model is built."""

    architecture: str  # digest of the model's configuration
    examples: float  # times epochs
    size: float  # the estimate: examples times numbers in the model, or characters in its configuration


@dataclass(frozen=True)
class _Noted:
    """What the latest training of an architecture took."""

    per_example: float  # seconds
    per_size: float


class CostHistory:
    """Expected times, which get better with each training. May be used by several threads."""

    def __init__(self, folder: Path | None) -> None:
        """Read what earlier processes noted in the cache's `folder`; None: it stays in memory."""
        self._path = None if folder is None else folder / NAME
        self._lock = threading.Lock()
        self._noted: dict[str, _Noted] = {}
        if self._path is not None:
            with contextlib.suppress(OSError, ValueError):
                self._noted = load(self._path.read_text(encoding="utf-8"), dict[str, _Noted])
        self._per_size = self._median()

    def expected(self, work: Workload) -> float:
        """Seconds that it should take: by trainings of its architecture, else by the estimate, scaled by all others."""
        noted = self._noted.get(work.architecture)
        return work.size * self._per_size if noted is None else work.examples * noted.per_example

    def note(self, work: Workload, seconds: float) -> None:
        """Remember what a training took."""
        if not (work.examples > 0 and work.size > 0):
            return
        with self._lock:
            self._noted.pop(work.architecture, None)
            self._noted[work.architecture] = _Noted(seconds / work.examples, seconds / work.size)
            while len(self._noted) > ARCHITECTURES:
                del self._noted[next(iter(self._noted))]
            self._per_size = self._median()
            if self._path is not None:
                with contextlib.suppress(OSError):  # a full disk loses nobody a training
                    write_atomic(self._path, dump(self._noted).encode())

    def _median(self) -> float:
        return statistics.median(one.per_size for one in self._noted.values()) if self._noted else PER_SIZE
