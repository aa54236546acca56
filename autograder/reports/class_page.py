"""The page of a class: one HTML file that fetches nothing and runs one script, its own."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from autograder.common.language import gettext, spoken
from autograder.grading.record import GradeStatus, now
from autograder.reports.class_attention import EXPLAINED, concerns, fixes
from autograder.reports.class_data import Class
from autograder.reports.class_statistics import (
    FEWEST,
    accuracies,
    bins,
    cost,
    exercises,
    ramp,
    rebindable,
    spread,
    tests,
)
from autograder.reports.pages import digest, source, templates
from autograder.version import __version__

WIDTH, HEIGHT = 640.0, 220.0
LEFT, TOP, BOTTOM = 40.0, 16.0, 40.0  # margins
MARKED = 32.0  # more at the top, for the texts of vertical lines


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
    lines: tuple[tuple[float, str, str], ...] = ()  # vertical ones: place, text, and on which side that stands

    @property
    def in_words(self) -> str:
        """All that is drawn."""
        said = []
        for bar in self.bars:
            if bar.count + bar.count2:
                part = (
                    gettext(" (%(count)s of them %(series)s)", count=bar.count2, series=self.series[1])
                    if bar.count2
                    else ""
                )
                said.append(f"{bar.label}: {bar.count + bar.count2}{part}")
        if not said:
            return gettext("Nothing to show yet.")
        marks = "".join(f" {text[0].upper()}{text[1:]}." for _, text, _ in self.lines)
        what = gettext("Number of students by %(quantity)s.", quantity=self.x_title)
        return f"{what} {'; '.join(said)}.{marks}"


def histogram(
    title: str,
    x_title: str,
    series: Mapping[str, Sequence[float]],
    edges: Sequence[float],
    marks: Mapping[float, tuple[str, str]] | None = None,
) -> Histogram:
    """Of one or two series of percentages, in the same bins; the first bin holds all lower values, too.

    `marks`: vertical lines at some of the edges, each with a text and the side of the line on which it stands.
    """
    below = min((value for values in series.values() for value in values), default=edges[0]) < edges[0]
    counts = [bins(values, edges) for values in series.values()]
    lower, upper = counts[0], counts[1] if len(counts) > 1 else [0] * (len(edges) - 1)
    most = max(1, *(a + b for a, b in zip(lower, upper, strict=True)))
    step = _step(most)
    top = math.ceil(most / step) * step
    ground, scale = HEIGHT - BOTTOM, (HEIGHT - TOP - BOTTOM - (MARKED if marks else 0)) / top
    width = (WIDTH - LEFT) / len(lower)
    bars = []
    for place, (a, b) in enumerate(zip(lower, upper, strict=True)):
        y = ground - a * scale
        first = below and place == 0
        start, end = _figure(edges[place]), _figure(edges[place + 1])
        label = (
            gettext("below %(end)s%%", end=end) if first else gettext("%(start)s to %(end)s%%", start=start, end=end)
        )
        x = LEFT + place * width + 2
        bars.append(Bar(round(x, 1), round(width - 4, 1), y, a * scale, y - b * scale, b * scale, label, a, b))
    every = math.ceil(len(edges) / 11)
    x_marks = [
        (round(LEFT + place * width, 1), gettext("lower") if below and place == 0 else _figure(edge))
        for place, edge in enumerate(edges)
        if place % every == 0
    ]
    y_marks = [(ground - count * scale, str(count)) for count in range(0, top + 1, step)]
    lines = [
        (round(LEFT + place * width, 1), *marks[edge]) for place, edge in enumerate(edges) if marks and edge in marks
    ]
    return Histogram(title, tuple(series), tuple(bars), tuple(x_marks), tuple(y_marks), x_title, tuple(lines))


def ramp_edges(baseline: float, least: float, values: Sequence[float]) -> list[float]:
    """Edges of bins over the percentages between which points go from none to all: one below, and a few above."""
    span = least - baseline
    widths = (0.1, 0.2, 0.25, 0.5, 1, 2, 2.5, 5, 10)
    fitting = (width for width in widths if 3 <= round(span / width) <= 8 and abs(span / width % 1 - 0.5) > 0.499)
    width = next(fitting, span / 4)
    inside = round(span / width)
    above = max(1, min(8, math.ceil((min(max(values), 100) - least) / width - 1e-9)))
    return [round(baseline + place * width, 6) for place in range(-1, inside + above + 1)]


def fitting_edges(values: Sequence[float]) -> list[float]:
    """Edges of about ten bins around percentages; those that are far below the others lie before the first edge."""
    ordered = sorted(values)
    lower, upper = ordered[len(ordered) // 4], ordered[-1 - len(ordered) // 4]
    far = lower - 3 * max(upper - lower, 1)
    least, most = next(value for value in ordered if value >= far), ordered[-1]
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
    return f"{value:.2f}".rstrip("0").rstrip(".")


def page(of: Class, course: str, *, anonymous: bool) -> str:
    """The whole file, as text, in the language spoken."""
    environment = templates()
    environment.filters.update(percent=_percent, minutes=_minutes, signed=_signed)
    style, script = source("class.css"), f"{environment.get_template('class.js.j2').render()}\n"
    policy = (
        f"default-src 'none'; style-src '{digest(style)}'; script-src '{digest(script)}'; base-uri 'none'; "
        "form-action 'none'"
    )
    found = concerns(of)
    marked = of.marked
    records = [record for student in of.students for record in student.records.values()]
    return environment.get_template("class.html.j2").render(
        language=spoken(),
        policy=policy,
        style=Markup(style),
        script=Markup(script),
        of=of,
        course=course,
        made=now(),
        version=__version__,
        anonymous=anonymous,
        fewest=FEWEST,
        size={"width": WIDTH, "height": HEIGHT, "left": LEFT},
        handed_in=[student for student in of.students if student.grade.status != GradeStatus.NOT_SUBMITTED],
        final=[student for student in marked if student.grade.score is not None],
        scores=spread([student.share for student in marked]),
        score_chart=_scores(of),
        accuracy_charts=[_accuracy(of, key, values) for key, values in accuracies(of).items()],
        further=any(one.further_accuracy is not None for one in of.students),
        exercises=exercises(of),
        tests=tests(of),
        cost=cost(of),
        rebindable=rebindable(of),
        concerns=found,
        fixes=fixes(of),
        kinds={kind: sum(len(one.students) for one in found if one.kind == kind) for kind in EXPLAINED},
        explained=EXPLAINED,
        unsandboxed=sum(not record.sandboxed for record in records),
        not_isolated=sorted({cell for record in records for cell in record.not_isolated}),
    )


def _scores(of: Class) -> Histogram:
    final, waiting = list[float](), list[float]()
    for student in of.marked:
        (final if student.grade.score is not None else waiting).append(student.share * 100)
    series = {gettext("final"): final, gettext("still to be graded by hand or again"): waiting}
    return histogram(gettext("Scores"), gettext("score in percent"), series, [10 * place for place in range(11)])


def _accuracy(of: Class, key: tuple[str, str], values: list[float]) -> Histogram:
    notebook, cell = key
    several = len({item.notebook for item in of.items}) > 1
    percent = [100 * value for value in values]
    name = gettext("Accuracy in %(test)s", test=f"{notebook}, {cell}" if several else cell)
    x_title, series = gettext("test accuracy in percent"), {gettext("models"): percent}
    if (found := ramp(of, key)) is None:
        return histogram(name, x_title, series, fitting_edges(percent))
    baseline, least = (round(100 * edge, 6) for edge in found)
    marks = {
        baseline: (gettext("no points up to %(accuracy)s%%", accuracy=_figure(baseline)), "start"),
        least: (gettext("all points from %(accuracy)s%%", accuracy=_figure(least)), "end"),
    }
    return histogram(name, x_title, series, ramp_edges(baseline, least, percent), marks)


def _percent(value: Any) -> str:
    return "–" if value is None else f"{100 * value:.0f}%"


def _signed(value: Any) -> str:
    return "–" if value is None else f"{value:.2f}".replace("-", "−")


def _minutes(seconds: Any) -> str:
    """A time in words: 4.2 s, 3 min 20 s, 2 h 5 min."""
    if seconds is None:
        return "–"
    if seconds < 10:
        return gettext("%(seconds)s s", seconds=f"{seconds:.1f}")
    if seconds < 60:
        return gettext("%(seconds)s s", seconds=f"{seconds:.0f}")
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return gettext("%(minutes)s min %(seconds)s s", minutes=minutes, seconds=rest)
    return gettext("%(hours)s h %(minutes)s min", hours=minutes // 60, minutes=minutes % 60)
