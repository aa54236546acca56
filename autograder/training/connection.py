"""One candidate's notebook at the trainer: what it started, what it was given, and how long it has waited."""

import contextlib
import hashlib
import math
import socket
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from autograder.common.arrays import array_digest
from autograder.keras_codec.state import state
from autograder.training import leakage
from autograder.training.fit_messages import EpochRecord, ModelDescription, Snapshot, TrainingResult
from autograder.training.jobs import TrainingJob
from autograder.training.settings import TrainerSettings
from autograder.training.tested_models import ModelDigests
from autograder.training.training_record import (
    ModelOrigin,
    Provenance,
    TrainedBy,
    TrainingRecord,
    WeightsOrigin,
)

PROBES = 16  # whose distances to an array are at hand
MAX_TRAININGS = 1000  # in the record; a notebook may start more
MAX_CURVES, MAX_EPOCHS = 8, 1000  # of the history of each
FEW = 10  # numbers that a start may carry and still be fresh, where that is at most a tenth of its parameters


@dataclass(frozen=True)
class _Source:
    """Where a value comes from."""

    job: str
    own: bool  # whether that training began with fresh weights, or with such a one's


@dataclass(frozen=True)
class SeenData:
    """An array that was given to `fit`, as data."""

    digest: str
    rows: frozenset[bytes]  # digests
    descriptors: Any  # see `leakage`
    _found: dict[bytes, Any] = field(default_factory=dict)  # distances of probes, as a class has the same ones

    def distances(self, probe: leakage.Probe) -> Any:
        """Of each of the probe's inputs to the nearest row here."""
        key = hashlib.sha256(probe.rows.tobytes()).digest()
        if key not in self._found:
            while len(self._found) >= PROBES:
                del self._found[next(iter(self._found))]
            self._found[key] = leakage.distances(probe, self.descriptors)
        return self._found[key]


class Connection:
    """The host's end."""

    def __init__(self, sock: socket.socket, student: str, settings: TrainerSettings) -> None:
        """`settings`: the assignment's."""
        self.socket = sock
        self.student = student
        self.settings = settings
        self.trainings: list[TrainingRecord] = []
        self._counts: Counter[str] = Counter()
        self._made: dict[str, _Source] = {}  # digest of a variable's value -> where it comes from
        self._states: dict[str, _Source] = {}  # digest of a model's whole state -> where it comes from
        self.spent = 0.0  # seconds of all its trainings, remembered ones too
        self._rows: set[bytes] = set()  # digests of all rows that it gave to `fit`
        self._seen: dict[str, SeenData] = {}  # by their digests: the arrays that it gave to `fit`
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
        if refused:
            self._add(TrainingRecord(TrainedBy.NOBODY, refused=refused))
        else:
            self._add(TrainingRecord(TrainedBy.CANDIDATE, reason=reason[:1000]))

    def trained(
        self, key: str, job: TrainingJob, result: TrainingResult, seen: Iterable["SeenData"], *, remembered: bool
    ) -> None:
        """A training here, with the arrays in `seen` as data to train on or to validate."""
        self.spent += result.seconds
        for array in seen:
            self._rows.update(array.rows)
            self._seen.setdefault(array.digest, array)
        self._bound_seen()
        sources = [self._made.get(digest) for digest in job.given]
        given = None in sources or self._carried(job) > _few(result.weights)
        own = not given and all(source is not None and source.own for source in sources)
        began = WeightsOrigin.CONTINUED if sources else WeightsOrigin.FRESH
        self._note_results(_Source(key, own), job, result)
        self._add(
            TrainingRecord(
                TrainedBy.TRAINER,
                job=key,
                weights=WeightsOrigin.GIVEN if given else began,
                continued_from=tuple(sorted({source.job for source in sources if source is not None})),
                remembered=remembered,
                epoch_seconds=tuple(epoch.seconds for epoch in result.epochs),
                history=_history(result.epochs),
                seconds=result.seconds,
                cost=result.cost,
            )
        )

    def provenance(self, model: ModelDigests) -> Provenance:
        """Where a model comes from."""
        found = [self._made.get(digest) for digest in model.weights]
        known = [source for source in found if source is not None]
        state = self._states.get(model.state)
        if state is not None:
            return Provenance(ModelOrigin.TRAINER if state.own else ModelOrigin.GIVEN, (state.job,))
        if len(known) < len(found) or not found:
            origin = ModelOrigin.CANDIDATE
        else:
            origin = ModelOrigin.CHANGED if all(source.own for source in known) else ModelOrigin.GIVEN
        return Provenance(origin, tuple(sorted({source.job for source in known})))

    def seen(self, rows: Iterable[bytes]) -> int:
        """How many of these rows it gave to `fit`."""
        return len(self._rows.intersection(rows))

    def near(self, probe: leakage.Probe) -> int:
        """How many inputs of a test have near copies among what it gave to `fit`."""
        return leakage.near(probe, [array.distances(probe) for array in list(self._seen.values())])

    def _carried(self, job: TrainingJob) -> int:
        """Numbers in a start that come from nowhere: of its configuration, and of small weights that were given."""
        return job.numbers + sum(count for digest, count in job.few.items() if digest not in self._made)

    def _note_results(self, source: "_Source", job: TrainingJob, result: TrainingResult) -> None:
        """What came out of a training here stays the trainer's own, though others may end in the same."""
        description = ModelDescription.from_text(job.content.model)
        constants = job.content.arrays[: description.counts[0]]
        made: list[TrainingResult | Snapshot] = [result, *result.snapshots]
        for one in made:
            _add_source(self._states, state(description.model, constants, one.weights), source)
        for array in (array for one in made for array in [*one.weights, *one.optimizer]):
            _add_source(self._made, array_digest(array), source)

    def _bound_seen(self) -> None:
        total = sum(len(array.descriptors) for array in self._seen.values())
        if total > leakage.MAX_ROWS:
            for digest, array in self._seen.items():
                rows = leakage.sample(array.descriptors, len(array.descriptors) * leakage.MAX_ROWS // total)
                self._seen[digest] = replace(array, descriptors=rows, _found={})

    def _add(self, training: TrainingRecord) -> None:
        if len(self.trainings) < MAX_TRAININGS:
            self.trainings.append(training)


def _history(epochs: Sequence[EpochRecord]) -> dict[str, list[float | None]]:
    """By name, what was logged after each epoch; None for what is no finite number."""
    names = list(epochs[0].logs)[:MAX_CURVES] if epochs else []
    return {name: [_number(epoch.logs.get(name)) for epoch in epochs[:MAX_EPOCHS]] for name in names}


def _number(value: Any) -> float | None:
    return float(f"{value:.6g}") if isinstance(value, int | float) and math.isfinite(value) else None


def _few(weights: Sequence[Any]) -> int:
    parameters: int = sum(array.size for array in weights)
    return min(FEW, parameters // 10)


def _add_source(sources: dict[str, _Source], digest: str, source: _Source) -> None:
    if source.own or digest not in sources:
        sources[digest] = source
