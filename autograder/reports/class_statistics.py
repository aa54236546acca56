"""A class in numbers: tests, exercises, accuracies, time and cost."""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean, median, quantiles

from autograder.examiner.ownership import BECAUSE, Reason
from autograder.reports.class_data import Class, ClassItem, Key, Student, most_common
from autograder.training.training_record import TrainedBy

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


@dataclass(frozen=True)
class ItemRow:
    """A test, or an exercise, in the class. All but `count` are None where nobody has points in it yet."""

    name: str
    exercise: str
    notebook: str
    points: float
    by_hand: bool
    count: int  # students who have points in it
    passing: int
    share: float | None  # mean, of its points
    separates: float | None  # discrimination: see class_statistics
    messages: Sequence[tuple[str, int]] = ()


@dataclass(frozen=True)
class Cost:
    """What grading took, in seconds."""

    notebooks: Spread  # of each graded notebook, as first computed
    seconds: float  # all of them
    trained: int  # trainings made by the trainer
    training_seconds: float
    remembered: int  # and those that did not have to be
    remembered_seconds: float
    in_notebooks: Sequence[tuple[str, int]]  # why some trained in the notebook
    refused: Sequence[tuple[str, int]]


@dataclass(frozen=True)
class RebindableRow:
    """Names that one locked or unmarked cell binds, that one test uses, and that students can rebind between them."""

    notebook: str
    test: str
    cell: str
    why: str
    names: Sequence[str]


def rebindable(of: Class) -> list[RebindableRow]:
    """A row for each test and cell that there are such names of, in the order of the tests."""
    found: dict[tuple[str, str, str, Reason], set[str]] = {}
    for student in of.students:
        for notebook, record in student.records.items():
            for test, names in record.run.rebindable.items():
                for one in names:
                    found.setdefault((notebook, test, one.cell, one.reason), set()).add(one.name)
    return [
        RebindableRow(item.notebook, item.cell, cell, BECAUSE[reason], sorted(names))
        for item in of.items
        for (notebook, test, cell, reason), names in found.items()
        if (notebook, test) == (item.notebook, item.cell) and reason in BECAUSE
    ]


def tests(of: Class) -> list[ItemRow]:
    """A row for each test."""
    rows = []
    for item in of.items:
        key = item.notebook, item.cell
        said = most_common(student.messages.get(key, "") for student in of.marked)
        rows.append(_row(of, [item], item.cell, item.by_hand, said))
    return rows


def exercises(of: Class) -> list[ItemRow]:
    """A row for each exercise: the tests below one heading."""
    found: dict[tuple[str, str], list[ClassItem]] = {}
    for item in of.items:
        found.setdefault((item.notebook, item.exercise), []).append(item)
    several = len({notebook for notebook, _ in found}) > 1
    return [
        _row(of, items, f"{notebook}: {exercise}" if several else exercise, all(item.by_hand for item in items))
        for (notebook, exercise), items in found.items()
    ]


def _row(of: Class, items: list[ClassItem], name: str, by_hand: bool, said: Sequence[tuple[str, int]] = ()) -> ItemRow:
    keys = {(item.notebook, item.cell) for item in items}
    points = sum(item.points for item in items)
    shares, rests, passing = [], [], 0
    for student in of.marked:
        got, total = _share(student, items, keys, inside=True)
        others, rest = _share(student, of.items, keys, inside=False)
        if not total or any(student.points.get(key) is None for key in keys):
            continue
        share = got / total
        passing += share >= 1 - 1e-9
        shares.append(share)
        rests.append(others / rest if rest else 0.0)
    separates = discrimination(shares, rests) if len(shares) > 1 else None
    mean = fmean(shares) if shares else None
    first = items[0]
    return ItemRow(name, first.exercise, first.notebook, points, by_hand, len(shares), passing, mean, separates, said)


def _share(student: Student, items: Sequence[ClassItem], keys: set[Key], *, inside: bool) -> tuple[float, float]:
    """A student's points, and how many there are, in those of `items` that are among `keys` or not."""
    got = total = 0.0
    for item in items:
        key = item.notebook, item.cell
        if (key in keys) is inside and (points := student.points.get(key)) is not None:
            got, total = got + points, total + item.points
    return got, total


def accuracies(of: Class) -> dict[Key, list[float]]:
    """What each test of a model measured, of each student who has one."""
    found: dict[Key, list[float]] = {}
    for student in of.marked:
        for notebook, record in student.records.items():
            for cell, model in record.run.models.items():
                if model.accuracy is not None:
                    found.setdefault((notebook, cell), []).append(model.accuracy)
    return found


def ramp(of: Class, key: Key) -> tuple[float, float] | None:
    """Between which accuracies a test's points go from none to all: what it said of most students; None if nothing."""
    measures = (student.measures.get(key) for student in of.marked)
    found = Counter((one.baseline, one.least) for one in measures if one is not None and one.baseline is not None)
    return found.most_common(1)[0][0] if found else None


def cost(of: Class) -> Cost:
    """Of all records."""
    runs = [record.run for student in of.students for record in student.records.values()]
    seconds = [run.seconds for run in runs]
    every = [training for run in runs for training in run.trainings]
    by_trainer = [training for training in every if training.by == TrainedBy.TRAINER]
    fresh = {training.job: training.seconds for training in by_trainer if not training.remembered}
    remembered = [training for training in by_trainer if training.remembered]
    return Cost(
        notebooks=spread(seconds),
        seconds=sum(seconds),
        trained=len(fresh),
        training_seconds=sum(fresh.values()),
        remembered=len(remembered),
        remembered_seconds=sum(training.seconds for training in remembered),
        in_notebooks=most_common(one.reason for one in every if one.by == TrainedBy.CANDIDATE),
        refused=most_common(one.refused for one in every if one.by == TrainedBy.NOBODY),
    )
