"""Histograms as numbers for the template to draw; with each, the same in words."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from autograder.report.class_statistics import bins

WIDTH, HEIGHT = 640.0, 220.0
LEFT, TOP, BOTTOM = 40.0, 16.0, 40.0  # margins


@dataclass(frozen=True)
class Bar:
    """One bin: the lower part of its bar is of the first series, the upper of the second."""

    x: float
    width: float
    y: float  # top of the lower part
    height: float
    y2: float  # top of the upper part
    height2: float
    label: str
    count: int
    count2: int


@dataclass(frozen=True)
class Histogram:
    """A chart. `marks` are the ticks of its two axes: place and text."""

    title: str
    series: tuple[str, ...]
    bars: tuple[Bar, ...]
    x_marks: tuple[tuple[float, str], ...]
    y_marks: tuple[tuple[float, str], ...]
    x_title: str

    @property
    def in_words(self) -> str:
        """All that is drawn."""
        said = []
        for bar in self.bars:
            if bar.count + bar.count2:
                second = f" ({bar.count2} of them {self.series[1]})" if bar.count2 else ""
                said.append(f"{bar.label}: {bar.count + bar.count2}{second}")
        return f"Number of students by {self.x_title}. {'; '.join(said)}." if said else "Nothing to show yet."


def histogram(
    title: str, x_title: str, series: Mapping[str, Sequence[float]], edges: Sequence[float], unit: str = " %"
) -> Histogram:
    """Of one or two series of values, in the same bins."""
    counts = [bins(values, edges) for values in series.values()]
    lower, upper = counts[0], counts[1] if len(counts) > 1 else [0] * (len(edges) - 1)
    most = max(1, *(a + b for a, b in zip(lower, upper, strict=True)))
    step = _step(most)
    top = math.ceil(most / step) * step
    ground, scale = HEIGHT - BOTTOM, (HEIGHT - TOP - BOTTOM) / top
    width = (WIDTH - LEFT) / len(lower)
    bars = []
    for place, (a, b) in enumerate(zip(lower, upper, strict=True)):
        y = ground - a * scale
        label = f"{_figure(edges[place])} to {_figure(edges[place + 1])}{unit}"
        x = LEFT + place * width + 2
        bars.append(Bar(round(x, 1), round(width - 4, 1), y, a * scale, y - b * scale, b * scale, label, a, b))
    every = math.ceil(len(edges) / 11)
    x_marks = [
        (round(LEFT + place * width, 1), _figure(edge)) for place, edge in enumerate(edges) if place % every == 0
    ]
    y_marks = [(ground - count * scale, str(count)) for count in range(0, top + 1, step)]
    return Histogram(title, tuple(series), tuple(bars), tuple(x_marks), tuple(y_marks), x_title)


def fitting_edges(values: Sequence[float]) -> list[float]:
    """Edges of about ten bins around values from 0 to 100."""
    least, most = min(values), max(values)
    width = next((width for width in (0.5, 1, 2, 5, 10) if (most - least) / width <= 12), 10)
    first = math.floor(least / width)
    last = max(math.ceil(most / width), first + 1)
    while last - first < 6:  # no chart of one bar
        first, last = max(0, first - 1), min(round(100 / width), last + 1)
    return [place * width for place in range(first, last + 1)]


def _step(most: int) -> int:
    """Between two ticks, so that there are about five."""
    rough = most / 5
    power = 10 ** math.floor(math.log10(max(rough, 1)))
    return int(next(factor * power for factor in (1, 2, 5, 10) if factor * power >= rough))


def _figure(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")
