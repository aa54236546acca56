"""A second test set beside the public one, for networks that learned that: `python benchmarks/learned_test_images.py`.

It trains networks with and without test images, and prints mean accuracies, from 0 to 1, of each kind: on the test
images; on the first 5,000 training images; and on a second test set: 5,000 test images, turned (up to 0.15 rad), moved
(up to 1.5 pixels), bent, and dimmed.

Each training run is a process of its own, on one thread; models are kept in `--models`: what is there isn't trained
again.
"""

import argparse
import os
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from statistics import mean
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "")

import numpy as np

from autograder.course import accuracy, datasets

ROOT = Path(__file__).parents[1]
COLUMNS = ("assignment", "network", "seeds", "test", "training", "second test set")
NETWORKS = {
    "reference": "reference",
    "dense": "dense",
    "test": "reference, on test images alone",
    "test-noisy": "reference, on test images with noise alone",
    "both": "reference, on training and test images",
}
OFFICIAL = ("reference", "dense")  # trained on the official training images
IMAGES = 5000  # of the training images, and of the second test set
NOISE = 0.3 * 255  # standard deviation; `near_copies.py` doesn't find digits and clothes with so much


@dataclass(frozen=True)
class Accuracies:
    """Of one network: shares of images that it classified correctly."""

    test: float
    training: float
    changed: float


def on(data: str, seed: int) -> Callable[[dict[str, Any]], None]:
    """What puts other images in place of the training images, about as many: a key of NETWORKS."""

    def change(space: dict[str, Any]) -> None:
        random = np.random.default_rng(1000 + seed)
        test, answers = space["raw_x_test"], space["raw_y_test"]
        copies = 1 if data == "both" else len(space["raw_x_train"]) // len(test)
        images, labels = [test] * copies, [answers] * copies
        if data == "test-noisy":
            images = [np.clip(test + random.normal(0, NOISE, test.shape), 0, 255).astype("uint8") for test in images]
        if data == "both":
            images, labels = [space["raw_x_train"], *images], [space["raw_y_train"], *labels]
        order = random.permutation(sum(map(len, images)))  # the last ones validate
        space["raw_x_train"], space["raw_y_train"] = np.concatenate(images)[order], np.concatenate(labels)[order]

    return change


def train(assignment: str, network: str, seed: int, path: Path) -> None:
    """Train on one thread, and keep the model in `path`. Takes over the process."""
    import tensorflow as tf

    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    if network in OFFICIAL:
        model, _ = accuracy.train(ROOT, assignment, network, seed)
    else:
        model, _ = accuracy.train(ROOT, assignment, "reference", seed, on(network, seed))
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_name(f"new-{path.name}")
    model.save(new)
    new.rename(path)


def distorted(images: Any) -> Any:
    """Turned, moved, bent, and dimmed; (n, side, side) or (n, side, side, channels) of uint8, as is the result."""
    random = np.random.default_rng(20)
    number, side = images.shape[:2]
    pixels = images.reshape(number, side, side, -1).astype("float32")
    center = (side - 1) / 2
    rows, columns = np.meshgrid(np.arange(side) - center, np.arange(side) - center, indexing="ij")
    angle = random.uniform(-0.15, 0.15, (number, 1, 1))
    # A bend is drawn for 4 × 4 points and interpolated between them.
    spread = np.maximum(0, 1 - np.abs(np.arange(side)[:, np.newaxis] * 3 / (side - 1) - np.arange(4)))
    moved = spread @ random.normal(0, 0.7, (2, number, 4, 4)) @ spread.T + random.uniform(-1.5, 1.5, (2, number, 1, 1))
    y = np.clip(moved[0] + np.cos(angle) * rows - np.sin(angle) * columns + center, 0, side - 1)
    x = np.clip(moved[1] + np.sin(angle) * rows + np.cos(angle) * columns + center, 0, side - 1)
    top, left = np.minimum(y.astype(int), side - 2), np.minimum(x.astype(int), side - 2)
    down, right = (y - top)[..., np.newaxis], (x - left)[..., np.newaxis]
    image = np.arange(number)[:, np.newaxis, np.newaxis]
    above = pixels[image, top, left] * (1 - right) + pixels[image, top, left + 1] * right
    below = pixels[image, top + 1, left] * (1 - right) + pixels[image, top + 1, left + 1] * right
    light = random.uniform(0.8, 1, (number, 1, 1, 1))
    return np.rint(light * (above * (1 - down) + below * down)).astype("uint8").reshape(images.shape)


def measured(assignment: str, paths: list[Path]) -> list[Accuracies]:
    """Of the models in `paths`, on one thread. Takes over the process."""
    import keras
    import tensorflow as tf

    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    data = getattr(keras.datasets, "cifar10" if assignment == "cifar" else assignment)
    (training, training_labels), (test, labels) = data.load_data()
    known = (training[:IMAGES], training_labels[:IMAGES])
    sets = [(test, labels), known, (distorted(test[:IMAGES]), labels[:IMAGES])]

    def right(model: Any, images: Any, truth: Any) -> float:
        given = images if assignment == "cifar" else images[..., np.newaxis].astype("float32") / 255
        return float((model.predict(given, batch_size=256, verbose=0).argmax(axis=1) == truth.ravel()).mean())

    found = []
    for path in paths:
        model = keras.models.load_model(path, compile=False)
        found.append(Accuracies(*(right(model, *given) for given in sets)))
    return found


def row(assignment: str, network: str, found: list[Accuracies]) -> tuple[str, ...]:
    """What was measured of networks of one kind, in the order of COLUMNS."""
    return (
        assignment,
        NETWORKS[network],
        str(len(found)),
        f"{mean(one.test for one in found):.4f}",
        f"{mean(one.training for one in found):.4f}",
        f"{mean(one.changed for one in found):.4f}",
    )


def by_itself(function: Callable[..., Any], *values: Any) -> Any:
    """What the function returns in a process of its own."""
    with ProcessPoolExecutor(max_workers=1, mp_context=get_context("spawn")) as pool:
        return pool.submit(function, *values).result()


def main() -> None:
    """Train what isn't there, measure, and print a Markdown table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("assignments", nargs="*", default=list(accuracy.PLANS), help="default: all with a network")
    parser.add_argument("--networks", nargs="+", default=list(NETWORKS), choices=NETWORKS, help="default: all")
    parser.add_argument("--seeds", type=int, default=1, help="how many to train each network with (default: 1)")
    parser.add_argument("--models", type=Path, default=ROOT / ".autograder" / "learned_test_images", help="folder")
    options = parser.parse_args()
    print(f"| {' | '.join(COLUMNS)} |\n{'|---' * len(COLUMNS)}|", flush=True)
    for assignment in options.assignments:
        datasets.fetch("cifar10" if assignment == "cifar" else assignment)
        for network in options.networks:
            names = [f"{assignment}-{network}-{seed}.keras" for seed in range(1, options.seeds + 1)]
            paths = [options.models.resolve() / name for name in names]
            for seed, path in enumerate(paths, 1):
                if not path.exists():
                    by_itself(train, assignment, network, seed, path)
            found = by_itself(measured, assignment, paths)
            print(f"| {' | '.join(row(assignment, network, found))} |", flush=True)


if __name__ == "__main__":
    main()
