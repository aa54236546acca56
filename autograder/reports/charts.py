"""Pictures of numbers, as what an SVG template has to draw. Each has the same in words beside it."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from autograder.common.language import gettext
from autograder.reports.learning import Pair, Series
from autograder.reports.test_messages import Measure

WIDTH, HEIGHT = 440, 250
LEFT, RIGHT, TOP, BOTTOM = 62, 96, 30, 42


@dataclass(frozen=True)
class Line:
    """A curve: its name, where that stands, and its points."""

    name: str
    kind: str  # "training" or "validation": colour, dashes and marks
    points: tuple[tuple[float, float], ...]
    label: tuple[float, float]


@dataclass(frozen=True)
class Chart:
    """A chart of curves over epochs."""

    title: str
    words: str
    lines: tuple[Line, ...]
    x_ticks: tuple[tuple[float, str], ...]
    y_ticks: tuple[tuple[float, str], ...]
    width: int = WIDTH
    height: int = HEIGHT


@dataclass(frozen=True)
class Ramp:
    """A measured number on a scale, against the least that gets all points and the most that gets none, where known."""

    received: float
    least: float
    baseline: float | None
    low: float  # the scale begins here
    high: float  # and ends here

    @property
    def words(self) -> str:
        """The same in words."""
        measured, least = f"{self.received:g}", f"{self.least:g}"
        words = (
            gettext("Measured %(accuracy)s.", accuracy=measured)
            if self.received >= self.least
            else gettext(
                "Measured %(accuracy)s, which is %(short)s short.",
                accuracy=measured,
                short=f"{self.least - self.received:.3g}",
            )
        )
        if self.baseline is None:
            scale = gettext("All points from %(least)s.", least=least)
        else:
            baseline = f"{self.baseline:g}"
            scale = gettext("All points from %(least)s, no points up to %(baseline)s.", least=least, baseline=baseline)
        return f"{words} {scale}"

    @property
    def is_below(self) -> bool:
        """Whether the number lies before the beginning of the scale."""
        return self.received < self.low

    @property
    def is_above(self) -> bool:
        """Whether it lies behind the end of the scale."""
        return self.received > self.high

    def x(self, value: float) -> float:
        """Where a value stands, from 0 to 400; at an end where it lies beyond."""
        return round(400 * (min(max(value, self.low), self.high) - self.low) / (self.high - self.low), 1)

    def anchor(self, value: float) -> str:
        """On which side of it its name stands."""
        return "start" if self.x(value) < 60 else "end" if self.x(value) > 340 else "middle"


def ramp(measure: Measure) -> Ramp:
    """A scale on which the numbers can be told apart: of three equal parts, the middle one from baseline to minimum."""
    received, least, baseline = measure.received, measure.least, measure.baseline
    if baseline is None:
        low = min(received, 2 * least - 1)
        return Ramp(received, least, None, max(0.0, math.floor((low - 0.01) * 20) / 20), 1.0)
    width = least - baseline
    return Ramp(received, least, baseline, baseline - width, least + width)


def chart(pair: Pair) -> Chart | None:
    """The curves of a quantity; None where there is nothing to draw."""
    values = [value for value in [*pair.training, *pair.validation] if value is not None and math.isfinite(value)]
    if not values:
        return None
    low, high = min(values), max(values)
    if low == high:
        low, high = low - 0.5 * (abs(low) or 1), high + 0.5 * (abs(high) or 1)
    steps, digits = _ticks(low, high)
    low, high = steps[0], steps[-1]
    epochs = max(len(pair.training), len(pair.validation))

    def x(epoch: int) -> float:
        return round(LEFT + (WIDTH - LEFT - RIGHT) * (epoch / (epochs - 1) if epochs > 1 else 0.5), 1)

    def y(value: float) -> float:
        return round(HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * (value - low) / (high - low), 1)

    lines = []
    for kind, name, series in (
        ("training", gettext("training"), pair.training),
        ("validation", gettext("validation"), pair.validation),
    ):
        points = tuple((x(i), y(value)) for i, value in enumerate(series) if value is not None)
        if points:
            lines.append(Line(name, kind, points, (points[-1][0] + 8, points[-1][1] + 4)))
    marks = sorted({round(i * (epochs - 1) / 4) for i in range(5)})
    return Chart(
        pair.name,
        " ".join(
            filter(
                None,
                (
                    gettext("%(name)s by epoch.", name=pair.name),
                    _words(gettext("Training"), pair.training),
                    _words(gettext("Validation"), pair.validation),
                ),
            )
        ),
        tuple(_apart(lines)),
        tuple((x(epoch), str(epoch + 1)) for epoch in marks),
        tuple((y(value), f"{value:.{digits}f}") for value in steps),
    )


def _ticks(low: float, high: float) -> tuple[list[float], int]:
    """About five round numbers, of which the first and the last enclose the values; and their decimal places."""
    rough = (high - low) / 4
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(factor * power for factor in (1, 2, 5, 10) if factor * power >= rough * 0.999)
    first, last = math.floor(low / step + 1e-6), math.ceil(high / step - 1e-6)
    return [place * step for place in range(first, last + 1)], min(8, max(0, -math.floor(math.log10(step) + 1e-9)))


def _words(name: str, series: Series) -> str:
    values = [value for value in series if value is not None]
    if not values:
        return ""
    return gettext(
        "%(name)s: from %(first)s to %(last)s, lowest %(lowest)s, highest %(highest)s.",
        name=name,
        first=f"{values[0]:.4g}",
        last=f"{values[-1]:.4g}",
        lowest=f"{min(values):.4g}",
        highest=f"{max(values):.4g}",
    )


def _apart(lines: Sequence[Line]) -> list[Line]:
    """Names of two curves that end near each other, moved apart."""
    if len(lines) < 2 or abs(lines[0].label[1] - lines[1].label[1]) >= 16:
        return list(lines)
    upper = 0 if lines[0].label[1] <= lines[1].label[1] else 1
    middle = sum(line.label[1] for line in lines) / 2
    return [
        Line(line.name, line.kind, line.points, (line.label[0], middle + (-8 if i == upper else 8)))
        for i, line in enumerate(lines)
    ]
