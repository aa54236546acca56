"""What it saves that TensorFlow does several batches before it is asked again: `python benchmarks/steps.py`.

Two networks on made-up images, each trained in turn with one batch per call and with the trainer's number of them, in a
process set up as the trainer's are. CPU seconds of each training (medians), and whether the weights are the same bits.
"""

import argparse
import hashlib
import os
import time
from collections.abc import Callable
from statistics import median
from typing import Any

from autograder.training.reproducibility import FLAGS

os.environ.update(FLAGS, CUDA_VISIBLE_DEVICES="")

import keras
import numpy as np

from autograder.training.worker import STEPS, prepare

layers = keras.layers


def dense() -> list[Any]:
    """A small network, in whose steps little is computed."""
    return [layers.Flatten(), layers.Dense(64, activation="relu")]


def convolutional() -> list[Any]:
    """The lecture's network."""
    first = [layers.Conv2D(32, 3, activation="relu"), layers.MaxPooling2D(), layers.Conv2D(64, 3, activation="relu")]
    return [*first, layers.MaxPooling2D(), layers.Flatten(), layers.Dense(64, activation="relu"), layers.Dropout(0.5)]


def trained(network: Callable[[], list[Any]], steps: int, images: int, epochs: int) -> tuple[float, str]:
    """CPU seconds of a training, and a digest of the weights."""
    random = np.random.default_rng(0)
    x, y = random.random((images, 28, 28, 1), dtype=np.float32), random.integers(0, 10, images)
    keras.backend.clear_session()
    keras.utils.set_random_seed(0)
    model = keras.Sequential([keras.Input((28, 28, 1)), *network(), layers.Dense(10, activation="softmax")])
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"], steps_per_execution=steps)
    keras.utils.set_random_seed(0)
    started = time.process_time()
    model.fit(x, y, batch_size=64, epochs=epochs, validation_split=0.1, verbose=0)
    spent = time.process_time() - started
    return spent, hashlib.sha256(b"".join(weight.tobytes() for weight in model.get_weights())).hexdigest()


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--images", type=int, default=4000)
    parser.add_argument("--rounds", type=int, default=5)
    given = parser.parse_args()
    prepare(threads=1)
    for network, epochs in ((dense, 20), (convolutional, 3)):
        found: dict[int, list[tuple[float, str]]] = {1: [], STEPS: []}
        for _ in range(given.rounds):
            for steps, results in found.items():
                results.append(trained(network, steps, given.images, epochs))
        one, several = (median(seconds for seconds, _ in results) for results in found.values())
        bits = {digest for results in found.values() for _, digest in results}
        print(
            f"{network.__name__}: one batch {one:.2f} s, {STEPS} batches {several:.2f} CPU s ({several / one:.2f}), "
            f"{'the same bits' if len(bits) == 1 else 'OTHER BITS'}",
            flush=True,
        )


if __name__ == "__main__":
    main()
