"""Numbers about a class: how hard each test is, how well it tells strong from weak, how scores are spread."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean, median, quantiles

FEWEST = 10  # students, below whom a correlation says nothing


@dataclass(frozen=True)
class Spread:
    """Some values: how many, and where they lie. All but `count` are None where there are none."""

    count: int
    mean: float | None = None
    median: float | None = None
    lower: float | None = None  # quartiles
    upper: float | None = None
    least: float | None = None
    most: float | None = None


def spread(values: Sequence[float]) -> Spread:
    """Of these values."""
    if not values:
        return Spread(0)
    quarters = quantiles(values, n=4, method="inclusive") if len(values) > 1 else [values[0]] * 3
    return Spread(len(values), fmean(values), median(values), quarters[0], quarters[2], min(values), max(values))


def bins(values: Sequence[float], edges: Sequence[float]) -> list[int]:
    """How many values lie between each two edges; the last bin has its upper edge, the first all below, too."""
    counts = [0] * (len(edges) - 1)
    for value in values:
        place = sum(value >= edge for edge in edges[1:-1])
        counts[place] += 1
    return counts


def discrimination(shares: Sequence[float], rests: Sequence[float]) -> float | None:
    """Pearson's correlation of students' shares of one item's points with their shares of all others'.

    The item-remainder correlation: for an item that is passed or not, the point-biserial correlation, corrected for the
    item's own part in the total (Guilford 1953, Educational and Psychological Measurement 13, 87-93). None for fewer
    than ten students, or where one of the two does not vary.
    """
    if len(shares) < FEWEST or max(shares) - min(shares) < 1e-9 or max(rests) - min(rests) < 1e-9:
        return None
    a, b = fmean(shares), fmean(rests)
    both = math.fsum((x - a) * (y - b) for x, y in zip(shares, rests, strict=True))
    return both / math.sqrt(math.fsum((x - a) ** 2 for x in shares) * math.fsum((y - b) ** 2 for y in rests))
