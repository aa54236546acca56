"""A model that a test used, as its record has it, made ready for a page."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import mean, stdev

from autograder.common.language import english, gettext, grouped, ngettext, translated
from autograder.examiner.model_insight import ModelInsight
from autograder.grading.job import SeedScores
from autograder.reports import charts, learning
from autograder.training.training_record import TrainedBy, TrainingRecord

MAX_TRAININGS = 12  # whose curves are drawn
MATRIX = 20  # classes of a confusion matrix that is shown whole
PAIRS = 15  # most frequent confusions that are listed beside


History = Mapping[str, Sequence[float | None]]  # by name, a number for each epoch


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
    history: History
    seeds: str = ""  # what several seeds gave, in words; empty where one counted


@dataclass(frozen=True)
class TrainingSummary:
    """A training that is not a tested model's last one."""

    words: str
    curves: Curves | None


def models(found: Mapping[str, ModelInsight], seeds: Mapping[str, SeedScores]) -> list[Model]:
    """The models of a record, by grade_id; each one once, where several tests used the same. `seeds`: the record's.

    One that was neither trained nor given data is no work of the student's: a test had it built, of sizes of its own.
    """
    read = [_model(grade_id, insight) for grade_id, insight in found.items() if insight.rows or insight.history]
    best = {_key(model): model for model in sorted(read, key=lambda model: (model.accuracy is not None, model.rows))}
    return [
        replace(model, seeds=seed_words(seeds[model.grade_id], model.rows)) if model.grade_id in seeds else model
        for model in read
        if best[_key(model)] is model or model.grade_id in seeds
    ]


def seed_words(found: SeedScores, rows: int) -> str:
    """What a test of `rows` inputs gave with several seeds, and what counts."""
    known = [accuracy for accuracy in found.accuracies if accuracy is not None]
    words = ngettext(
        "This was just short of full points, so your notebook was trained with %(count)s different seed.",
        "This was just short of full points, so your notebook was trained with %(count)s different seeds.",
        len(found.scores),
    )
    if rows and len(known) == len(found.scores):
        middle = mean(known)
        error = (middle * (1 - middle) / rows) ** 0.5
        accuracy = gettext(
            "Accuracy: %(accuracies)s, on average %(mean)s ± %(deviation)s (standard deviation). Other test images, "
            "%(images)s of them, would change it by about ± %(error)s.",
            accuracies=", ".join(f"{one:.4f}" for one in known),
            mean=f"{middle:.4f}",
            deviation=f"{stdev(known):.4f}",
            images=grouped(rows),
            error=f"{error:.4f}",
        )
        words = f"{words} {accuracy}"
    points = gettext(
        "Points: %(points)s, on average %(mean)s. You get %(counts)s.",
        points=", ".join(f"{score:.2f}" for score in found.scores),
        mean=f"{mean(found.scores):.2f}",
        counts=f"{found.counts:.2f}",
    )
    return f"{words} {points}"


def _key(model: Model) -> str:
    return repr((model.layers, model.history))


def _model(grade_id: str, insight: ModelInsight) -> Model:
    counts = insight.confusion
    known = len(insight.classes) == len(counts)
    classes = insight.classes if known else tuple(map(str, range(len(counts))))
    layers = tuple(
        (
            layer.name,
            layer.kind,
            _shape(layer.shape),
            gettext("not built") if layer.parameters is None else grouped(layer.parameters),
        )
        for layer in insight.layers
    )
    mistakes = tuple(
        Mistake(
            f"data:image/png;base64,{one.image}" if one.image else "",
            classes[one.truth],
            classes[one.predicted],
            one.confidence,
        )
        for one in insight.mistakes
    )
    return Model(
        grade_id,
        layers,
        insight.parameters,
        insight.rows,
        insight.accuracy,
        _confusion(classes, counts) if counts else None,
        mistakes,
        curves(insight.history),
        insight.history,
    )


def _shape(shape: Sequence[int | None] | None) -> str:
    if shape is None:
        return gettext("not built")
    sizes = [gettext("any") if size is None else str(size) for size in shape]
    return " × ".join(sizes[1:]) or "".join(sizes)


def _confusion(classes: tuple[str, ...], counts: tuple[tuple[int, ...], ...]) -> Confusion:
    shades = tuple(tuple(-(-9 * count // (sum(row) or 1)) for count in row) for row in counts)
    wrong = [
        (count, classes[i], classes[j])
        for i, row in enumerate(counts)
        for j, count in enumerate(row)
        if i != j and count
    ]
    return Confusion(classes, counts, shades, tuple(sorted(wrong, key=lambda one: -one[0])[:PAIRS]))


def curves(history: History) -> Curves | None:
    """The curves of a history; None where nothing can be drawn."""
    pairs = learning.pairs(history)
    drawn = tuple(chart for pair in pairs if (chart := charts.chart(pair)))
    return Curves(drawn, tuple(pairs), learning.verdict(pairs)) if drawn else None


def trainings(found: Sequence[TrainingRecord], tested: Sequence[Model]) -> list[TrainingSummary]:
    """The trainings of a record that no tested model shows already."""
    shown = [{name: list(series) for name, series in model.history.items()} for model in tested]
    read = []
    for one in found:
        if one.refused:
            read.append(TrainingSummary(gettext("Refused: %(reason)s", reason=translated(one.refused)), None))
        elif one.by == TrainedBy.CANDIDATE:
            reason = one.reason or english("it can't be described as data")
            words = gettext(
                "Trained in your notebook itself, because the trainer can't do it: %(reason)s.",
                reason=translated(reason),
            )
            read.append(TrainingSummary(words, None))
        elif one.by == TrainedBy.TRAINER and {name: list(series) for name, series in one.history.items()} not in shown:
            words = ngettext("Trained for %(count)s epoch.", "Trained for %(count)s epochs.", len(one.epoch_seconds))
            read.append(TrainingSummary(words, curves(one.history)))
    return read[:MAX_TRAININGS]
