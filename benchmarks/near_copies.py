"""How well near copies of test images are found in training data: `python benchmarks/near_copies.py`.

For each data set: which share of the test images that are looked at has a near copy among the honest training images
(also with augmented ones beside them), and among the test images themselves, changed in each of some ways. Then the
seconds for one notebook: descriptors of the training images, and the comparison. Grading lists a notebook where the
share is more than `autograder.grading.trainer_link.ALIKE`.
"""

import argparse
import time
from collections.abc import Callable
from typing import Any

import keras
import numpy as np

import autograder.course.verified_datasets  # noqa: F401  files from mirrors, before Keras is imported
from autograder.course import datasets
from autograder.grading.trainer_link import ALIKE
from autograder.training.leakage import descriptors, distances, near, probe


def shifted(images: Any, down: int, right: int) -> Any:
    """Moved by so many pixels; the edge is repeated."""
    room = max(abs(down), abs(right))
    padded = np.pad(images, ((0, 0), (room, room), (room, room), *((0, 0),) * (images.ndim - 3)), mode="edge")
    height, width = images.shape[1:3]
    return padded[:, room - down : room - down + height, room - right : room - right + width]


def noisy(images: Any, deviation: float) -> Any:
    """With normal noise, of images from 0 to 1."""
    return images + np.random.default_rng(0).normal(0, deviation, images.shape).astype("float32")


def with_square(images: Any, value: float, size: int) -> Any:
    """With a square of one value in place of what is there."""
    changed = images.copy()
    changed[:, 5 : 5 + size, 5 : 5 + size] = value
    return changed


CHANGES: dict[str, Callable[[Any], Any]] = {
    "as they are": lambda x: x,
    "scaled to -1…1": lambda x: 2 * x - 1,
    "inverted": lambda x: 1 - x,
    "one pixel set to 1": lambda x: with_square(x, 1, 1),
    "one pixel down": lambda x: shifted(x, 1, 0),
    "one pixel down and left": lambda x: shifted(x, 1, -1),
    "two pixels down and right": lambda x: shifted(x, 2, 2),
    "mirrored": lambda x: x[:, :, ::-1],
    "upside down": lambda x: x[:, ::-1],
    "turned by 90°": lambda x: np.rot90(x, axes=(1, 2)),
    "noise of 0.05": lambda x: noisy(x, 0.05),
    "noise of 0.1": lambda x: noisy(x, 0.1),
    "noise of 0.2": lambda x: noisy(x, 0.2),
    "noise of 0.3": lambda x: noisy(x, 0.3),
    "square root of values": np.sqrt,
    "square of 6×6 blanked": lambda x: with_square(x, 0, 6),
    "mirrored, moved, noise 0.05": lambda x: noisy(shifted(x[:, :, ::-1], 1, 1), 0.05),
    "frame of 2 pixels added": lambda x: np.pad(x, ((0, 0), (2, 2), (2, 2), *((0, 0),) * (x.ndim - 3))),
}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("names", nargs="*", default=["mnist", "fashion_mnist", "cifar10"])
    for name in parser.parse_args().names:
        datasets.fetch(name)
        (train, _), (test, _) = getattr(keras.datasets, name).load_data()
        train, test = (images.astype("float32") / 255 for images in (train, test))
        tested = probe(test)
        if tested is None:
            raise RuntimeError(f"{name}: too few images")
        started = time.perf_counter()
        honest = descriptors(train)
        described = time.perf_counter()
        found = [distances(tested, honest)]
        compared = time.perf_counter()
        seconds = f"{described - started:.1f} s for descriptors, {compared - described:.1f} s to compare"
        print(f"{name}: {len(train):,} training rows, {len(test):,} test rows; {seconds}")
        augmented = (shifted(train, 1, 0), shifted(train, -1, 2), train[:, :, ::-1], noisy(train, 0.1))
        print(f"  honest training images       {near(tested, found) / len(tested.own):6.1%}")
        found += [distances(tested, descriptors(images)) for images in augmented]
        print(f"  and four augmented of each   {near(tested, found) / len(tested.own):6.1%}")
        for what, change in CHANGES.items():
            share = near(tested, [distances(tested, descriptors(change(test)))]) / len(tested.own)
            print(f"  {what:28} {share:6.1%}{'' if share > ALIKE else '  not listed'}", flush=True)


if __name__ == "__main__":
    main()
