"""A model that a test used, as its record tells of it. A record that tells something else is left out, not believed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from autograder.reports import charts, learning

MAX_TRAININGS = 12  # whose curves are drawn
MATRIX = 20  # classes of a confusion matrix that is shown whole
PAIRS = 15  # most frequent confusions that are listed beside


@dataclass(frozen=True)
class Curves:
    """How a training went."""

    charts: tuple[charts.Chart, ...]
    pairs: tuple[learning.Pair, ...]
    verdict: learning.Verdict

    @property
    def epochs(self) -> int:
        """How many there were."""
        return max((len(pair.training) for pair in self.pairs), default=0)


@dataclass(frozen=True)
class Mistake:
    """A test image that was taken for something else."""

    picture: str  # a data: URL; empty where the input is no image
    truth: str
    predicted: str
    confidence: float


@dataclass(frozen=True)
class Confusion:
    """How often what was taken for what. `shades` has 0 (never) to 9 (most) for each cell, by row."""

    classes: tuple[str, ...]
    counts: tuple[tuple[int, ...], ...]
    shades: tuple[tuple[int, ...], ...]
    most: tuple[tuple[int, str, str], ...]  # count, truth, taken for

    @property
    def whole(self) -> bool:
        """Whether the matrix is small enough to be read."""
        return len(self.classes) <= MATRIX


@dataclass(frozen=True)
class Model:
    """A model in a test."""

    grade_id: str
    layers: tuple[tuple[str, str, str, str], ...]  # name, class, output shape, parameters
    parameters: int
    rows: int
    accuracy: float | None
    confusion: Confusion | None
    mistakes: tuple[Mistake, ...]
    curves: Curves | None
    history: Any


@dataclass(frozen=True)
class TrainingSummary:
    """A training that is not a tested model's last one."""

    words: str
    curves: Curves | None


def models(found: Mapping[str, Any]) -> list[Model]:
    """The models of a record, by grade_id; each one once, where several tests used the same.

    One that was neither trained nor given data is no work of the student's: a test had it built, of sizes of its own.
    """
    read = []
    for grade_id, data in found.items():
        try:
            model = _model(str(grade_id), data)
        except (KeyError, TypeError, ValueError, IndexError, AttributeError):
            continue
        if model.rows or model.history:
            read.append(model)
    best = {_key(model): model for model in sorted(read, key=lambda model: (model.accuracy is not None, model.rows))}
    return [model for model in read if best[_key(model)] is model]


def _key(model: Model) -> str:
    return repr((model.layers, model.history))


def _model(grade_id: str, data: Mapping[str, Any]) -> Model:
    names = [str(name) for name in data.get("classes") or []]
    counts = data.get("confusion") or []
    classes = tuple(names if len(names) == len(counts) else map(str, range(len(counts))))
    layers = tuple(
        (
            str(name),
            str(kind),
            _shape(shape),
            "not built" if count is None else f"{int(count):,}",
        )
        for name, kind, shape, count in data["layers"]
    )
    mistakes = tuple(
        Mistake(
            f"data:image/png;base64,{one['image']}" if one["image"] else "",
            classes[one["truth"]],
            classes[one["predicted"]],
            float(one["confidence"]),
        )
        for one in data.get("mistakes") or []
    )
    accuracy = data.get("accuracy")
    return Model(
        grade_id,
        layers,
        int(data["parameters"]),
        int(data.get("rows") or 0),
        None if accuracy is None else float(accuracy),
        _confusion(classes, counts) if counts else None,
        mistakes,
        curves(data.get("history")),
        data.get("history"),
    )


def _shape(shape: Any) -> str:
    if not isinstance(shape, Sequence):
        return "not built"
    sizes = ["any" if size is None else str(size) for size in shape]
    return " × ".join(sizes[1:]) or sizes[0]


def _confusion(classes: tuple[str, ...], counts: Sequence[Sequence[int]]) -> Confusion:
    table = tuple(tuple(int(count) for count in row) for row in counts)
    if any(len(row) != len(classes) for row in table):
        raise ValueError("no square table")
    shades = tuple(tuple(-(-9 * count // (sum(row) or 1)) for count in row) for row in table)
    wrong = [
        (count, classes[i], classes[j])
        for i, row in enumerate(table)
        for j, count in enumerate(row)
        if i != j and count
    ]
    return Confusion(classes, table, shades, tuple(sorted(wrong, key=lambda one: -one[0])[:PAIRS]))


def curves(history: Any) -> Curves | None:
    """The curves of a history; None where nothing can be drawn."""
    pairs = learning.pairs(history)
    drawn = tuple(chart for pair in pairs if (chart := charts.chart(pair)))
    return Curves(drawn, tuple(pairs), learning.verdict(pairs)) if drawn else None


def trainings(found: Any, tested: Sequence[Model]) -> list[TrainingSummary]:
    """The trainings of a record that no tested model shows already."""
    shown = [model.history for model in tested]
    read = []
    for data in found if isinstance(found, list) else []:
        if not isinstance(data, Mapping):
            continue
        if data.get("refused"):
            read.append(TrainingSummary(f"Refused: {data['refused']}", None))
        elif data.get("by") == "candidate":
            reason = str(data.get("reason") or "it can't be told as data")
            read.append(
                TrainingSummary(f"Trained within your notebook, as this could not be handed on: {reason}.", None)
            )
        elif data.get("by") == "trainer" and data.get("history") not in shown:
            epochs = len(data.get("epoch_seconds") or [])
            read.append(TrainingSummary(f"Trained for {epochs} epochs.", curves(data.get("history"))))
    return read[:MAX_TRAININGS]
