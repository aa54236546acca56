"""How accurate the networks are over many seeds, and the minimum and baseline that follow for the accuracy tests.

A *measurement* is one training in a process of its own: the cells of an assignment that make a trained `model`, with
another seed (`reference`), or a network for comparison on the same data: `dense` (no convolutions) and `lecture`
(the network of the mnist assignment, untouched). Measurements are stored in `solutions/accuracy.json`.
"""

import contextlib
import functools
import hashlib
import io
import json
import math
import os
import re
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from autograder.course.build import notebook_from_text

STEP = 0.005  # minimum and baseline are multiples of half a percentage point
COVERAGE = 0.99  # the part of all runs of the reference that reach the minimum,
CONFIDENCE = 0.95  # at this confidence (one-sided)
UNLUCKY = 0.999  # all but 1 run in 1,000 do better than the unlucky one
COLUMNS = ("assignment", "network", "seeds", "mean", "deviation", "proposed", "runs that reach it", "1 in 1,000 loses")


@dataclass(frozen=True)
class Plan:
    """What to train for an assignment: the cells (grade_ids) up to a trained `model`, and the networks to compare."""

    cells: tuple[str, ...]
    compared: tuple[str, ...] = ("dense",)


PLANS = {
    "mnist": Plan(
        (
            *("setup", "load", "preprocess", "prepare", "one_hot", "labels"),
            *("build_model", "summary", "compile_model", "train", "run_training"),
        )
    ),
    "fashion_mnist": Plan(
        (
            *("setup", "load", "budget", "preprocess", "prepare"),
            *("build_own_model", "own_summary", "train_own", "run_training"),
        ),
        compared=("dense", "lecture"),
    ),
    "cifar": Plan(
        (
            *("setup", "load", "flatten_labels", "preprocess", "prepare"),
            *("build_model", "summary", "compile_model", "train", "run_training"),
        ),
        compared=("dense", "lecture"),
    ),
}


@dataclass(frozen=True)
class Measurement:
    """One training. `accuracy` on the test images, `seconds` of wall time, `text` a digest of the cells that ran."""

    assignment: str
    network: str
    seed: int
    accuracy: float
    seconds: float
    text: str


@dataclass(frozen=True)
class Summary:
    """All measurements of one network: their number, mean accuracy, and sample standard deviation."""

    assignment: str
    network: str
    seeds: int
    mean: float
    deviation: float

    def reached_by(self, coverage: float) -> float:
        """The accuracy that this part of all runs reach, at CONFIDENCE: a lower tolerance limit."""
        return self.mean - tolerance_factor(self.seeds, coverage) * self.deviation if self.deviation else self.mean

    @property
    def minimum(self) -> float:
        """What COVERAGE of all runs reach at CONFIDENCE, rounded down to half a percentage point."""
        return round(max(0, math.floor(round(self.reached_by(COVERAGE) / STEP, 6))) * STEP, 3)

    def coverage(self, minimum: float) -> float:
        """The part of all runs, from 0 to 1, that reach `minimum`: at least so many at CONFIDENCE."""
        if not self.deviation:
            return float(self.mean >= minimum)
        return covered(self.seeds, (self.mean - minimum) / self.deviation)

    @property
    def baseline(self) -> float:
        """Mean, rounded up to half a percentage point."""
        return round(math.ceil(round(self.mean / STEP, 6)) * STEP, 3)


def tolerance_factor(seeds: int, coverage: float) -> float:
    """How many standard deviations the one-sided tolerance limit is from the mean of `seeds` measurements.

    Exact for a normal distribution, by the noncentral t distribution: Krishnamoorthy and Mathew, Statistical Tolerance
    Regions (Wiley, 2009), section 2.2. For ten seeds and 99 %: 3.98.
    """
    from scipy.stats import nct, norm

    root = math.sqrt(seeds)
    return float(nct.ppf(CONFIDENCE, seeds - 1, norm.ppf(coverage) * root) / root)


def covered(seeds: int, factor: float) -> float:
    """The coverage whose `tolerance_factor` is `factor`; 0 for less than 0.001, 0.9999 for more than that."""
    from scipy.optimize import brentq

    least, most = 0.001, 0.9999
    if factor <= tolerance_factor(seeds, least):
        return 0.0
    if factor >= tolerance_factor(seeds, most):
        return most
    return float(brentq(lambda coverage: tolerance_factor(seeds, coverage) - factor, least, most))


def cells(root: Path, assignment: str) -> list[str]:
    """Source of the assignment's cells that `PLANS` names, in the order of the notebook."""
    named = _by_grade_id((root / "solutions" / f"{assignment}.py").read_text(encoding="utf-8"))
    absent = [name for name in PLANS[assignment].cells if name not in named]
    if absent:
        raise KeyError(f"solutions/{assignment}.py has no cell {', '.join(absent)}, which measuring its accuracy needs")
    return [named[name] for name in PLANS[assignment].cells]


@functools.cache
def _by_grade_id(text: str) -> dict[str | None, str]:
    """Sources of a text's cells; parsing it takes long, and each measurement asks."""
    return {cell.metadata.get("nbgrader", {}).get("grade_id"): cell.source for cell in notebook_from_text(text).cells}


def digest(root: Path, assignment: str, network: str) -> str:
    """A digest of what a measurement depends on."""
    texts = cells(root, assignment) + ([] if network == "reference" else cells(root, "mnist"))
    return hashlib.sha256("\n".join([network, *texts]).encode()).hexdigest()[:16]


def _comparison(network: str, space: dict[str, Any], lecture: list[str], seed: int) -> Any:
    """Train the `dense` or the `lecture` network on the data in `space`, as the mnist assignment trains."""
    import keras

    x = space["preprocess"](space["raw_x_train"])
    layers = [keras.Input(shape=x.shape[1:])]
    if x.dtype == "uint8":
        layers.append(keras.layers.Rescaling(1 / 255))
    keras.utils.set_random_seed(seed)
    if network == "dense":
        layers += [keras.layers.Flatten(), keras.layers.Dense(64, activation="relu")]
        layers += [keras.layers.Dense(10, activation="softmax")]
    else:
        built: dict[str, Any] = {**space}
        exec(next(text for text in lecture if "def build_model" in text), built)
        layers += built["build_model"](x.shape[1:], 10).layers
    model = keras.Sequential(layers)
    model.compile(loss="sparse_categorical_crossentropy", optimizer="adam", metrics=["accuracy"])
    model.fit(x, space["raw_y_train"].ravel(), batch_size=256, epochs=10, validation_split=0.3, verbose=0)
    return model


def train(
    root: Path, assignment: str, network: str, seed: int, change: Callable[[dict[str, Any]], None] | None = None
) -> tuple[Any, dict[str, Any]]:
    """The trained model, and the names of the cells. Takes over the process: TensorFlow stays loaded.

    `change` may replace `raw_x_train` and `raw_y_train` among the names before anything is trained on them.
    """
    os.environ["MPLBACKEND"] = "Agg"
    root = root.resolve()
    texts = cells(root, assignment)
    given = 1 + next(i for i, text in enumerate(texts) if "def preprocess" in text)
    space: dict[str, Any] = {"__name__": "__main__"}

    def run(some: list[str]) -> None:
        for text in some:
            exec(re.sub(r"^SEED = \d+$", f"SEED = {seed}", text, flags=re.MULTILINE), space)

    with (
        contextlib.redirect_stdout(io.StringIO()),
        contextlib.redirect_stderr(io.StringIO()),
        tempfile.TemporaryDirectory() as folder,
        contextlib.chdir(folder),  # the cells save their model
    ):
        run(texts[:given])
        if change is not None:
            change(space)
        if network != "reference":
            return _comparison(network, space, cells(root, "mnist"), seed), space
        run(texts[given:])
    return space["model"], space


def measure(root: Path, assignment: str, network: str, seed: int) -> Measurement:
    """Train once, here and now, and measure. Takes over the process: TensorFlow stays loaded."""
    started = time.monotonic()
    model, space = train(root, assignment, network, seed)
    predicted = model.predict(space["preprocess"](space["raw_x_test"]), batch_size=256, verbose=0).argmax(axis=1)
    accuracy = float((predicted == space["raw_y_test"].ravel()).mean())
    seconds = round(time.monotonic() - started, 1)
    return Measurement(assignment, network, seed, accuracy, seconds, digest(root, assignment, network))


def load(root: Path) -> list[Measurement]:
    """The stored measurements, without those of cells whose text has changed since."""
    path = root / "solutions" / "accuracy.json"
    stored = [Measurement(**item) for item in json.loads(path.read_text())] if path.is_file() else []
    return [m for m in stored if m.assignment in PLANS and m.text == digest(root, m.assignment, m.network)]


def save(root: Path, measurements: list[Measurement]) -> None:
    """Store `measurements`, sorted, in place of those before."""
    rows = sorted(measurements, key=lambda m: (list(PLANS).index(m.assignment), m.network, m.seed))
    path = root / "solutions" / "accuracy.json"
    new = path.with_suffix(".new")
    new.write_text("[\n" + ",\n".join(json.dumps(asdict(row)) for row in rows) + "\n]\n")
    os.replace(new, path)


def missing(root: Path, names: list[str], seeds: int) -> Iterator[tuple[str, str, int]]:
    """(assignment, network, seed) of what isn't measured yet, for seeds 1 to `seeds` of the assignments `names`."""
    done = {(m.assignment, m.network, m.seed) for m in load(root)}
    for name in names:
        for network in (*PLANS[name].compared, "reference"):
            # The lecture's network is there to compare, not to derive a limit from: one seed does.
            last = min(seeds, 1) if network == "lecture" else seeds
            yield from ((name, network, seed) for seed in range(1, last + 1) if (name, network, seed) not in done)


def measure_missing(root: Path, names: list[str], seeds: int) -> Iterator[Measurement]:
    """Measure what is missing; each measurement is stored at once, and yielded."""
    known = load(root)
    for name, network, seed in missing(root, names, seeds):
        # A process of its own each: seeds, memory and threads start afresh.
        with ProcessPoolExecutor(max_workers=1, mp_context=get_context("spawn")) as pool:
            known.append(pool.submit(measure, root, name, network, seed).result())
        save(root, known)
        yield known[-1]


def summaries(root: Path) -> list[Summary]:
    """One summary per assignment and network, in the course's order."""
    found: dict[tuple[str, str], list[Measurement]] = {}
    for m in load(root):
        found.setdefault((m.assignment, m.network), []).append(m)
    return [
        Summary(
            *key,
            len(rows),
            statistics.mean(m.accuracy for m in rows),
            statistics.stdev(m.accuracy for m in rows) if len(rows) > 1 else 0.0,
        )
        for key, rows in sorted(found.items(), key=lambda item: (list(PLANS).index(item[0][0]), item[0][1]))
    ]


def rows(root: Path) -> list[tuple[str, ...]]:
    """The summaries as texts in the order of COLUMNS: with the minimum and baseline that they propose."""
    found = summaries(root)
    baselines = {s.assignment: s.baseline for s in found if s.network == "dense"}
    made: list[tuple[str, ...]] = []
    for s in found:
        proposed, coverage, lost = {"dense": f"baseline {s.baseline:.3f}"}.get(s.network, ""), "", ""
        if s.network == "reference" and s.seeds > 1:
            proposed = f"minimum {s.minimum:.3f}"
            coverage = f"{math.floor(1000 * s.coverage(s.minimum)) / 10:.1f} %"  # at least
            if baseline := baselines.get(s.assignment):
                part = (s.minimum - s.reached_by(UNLUCKY)) / (s.minimum - baseline)
                lost = f"{math.ceil(1000 * min(1.0, max(0.0, part))) / 10:.1f} %"  # at most
        deviation = f"{s.deviation:.4f}" if s.seeds > 1 else ""
        made.append((s.assignment, s.network, str(s.seeds), f"{s.mean:.4f}", deviation, proposed, coverage, lost))
    return made


def table(root: Path) -> str:
    """The rows as a Markdown table."""
    lines = [COLUMNS, *rows(root)]
    head, *body = (f"| {' | '.join(line)} |" for line in lines)
    return "\n".join([head, "|---" * len(COLUMNS) + "|", *body])
