"""Whether the trainer's models are as good as an ordinary `fit`'s: `python benchmarks/same_accuracy.py`.

The lecture's network on MNIST, for some seeds: from the same initial weights once
by the trainer, once by Keras in this process, without the trainer's determinism. Test accuracies, their means, and the
difference of the means beside the spread of both.
"""

import argparse
import os
import socket
import statistics
import tempfile
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "")

import keras
import numpy as np
from training import network

import autograder.course.verified_datasets  # noqa: F401  files from mirrors, before Keras is imported
from autograder.course import datasets
from autograder.sandbox import bubblewrap
from autograder.training import client, kernel_side
from autograder.training.settings import Trainer


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--epochs", type=int, default=3)
    given = parser.parse_args()
    datasets.fetch("mnist")
    (x_train, y_train), (x_test, y_test) = keras.datasets.mnist.load_data()
    x_train, x_test = (x[..., None].astype("float32") / 255 for x in (x_train, x_test))
    y_train, y_test = (keras.utils.to_categorical(y, 10) for y in (y_train, y_test))
    settings = Trainer()
    job = settings.job_settings()
    assert job is not None
    sandboxed = bubblewrap.check() is None
    ordinary, ours, theirs = keras.Model.fit, *socket.socketpair()
    kernel_side.install(theirs)
    by_trainer = keras.Model.fit
    found: dict[str, list[float]] = {"trainer": [], "ordinary": []}
    with (
        tempfile.TemporaryDirectory() as folder,
        client.TrainerProcess(settings.server_settings(Path(folder), sandboxed=sandboxed)) as trainer,
    ):
        client.connect(trainer.address, ours, key="notebook", student="ada", settings=job)
        for seed in range(1, given.seeds + 1):
            keras.utils.set_random_seed(seed)
            start = network().get_weights()
            for name, method in (("trainer", by_trainer), ("ordinary", ordinary)):
                model = network()
                model.set_weights(start)
                method(model, x_train, y_train, batch_size=256, epochs=given.epochs, validation_split=0.3, verbose=0)
                found[name].append(float(np.mean(model.predict(x_test, verbose=0).argmax(1) == y_test.argmax(1))))
            print(f"seed {seed}: trainer {found['trainer'][-1]:.4f}, ordinary {found['ordinary'][-1]:.4f}", flush=True)
        trainings = client.close(trainer.address, "notebook")
    if [training.by for training in trainings] != ["trainer"] * given.seeds:
        raise RuntimeError(f"not all were trained by the trainer: {trainings}")
    means = {name: statistics.mean(values) for name, values in found.items()}
    spread = statistics.stdev([*found["trainer"], *found["ordinary"]])
    print(f"means of {given.seeds} seeds, {given.epochs} epochs: {means['trainer']:.4f} and {means['ordinary']:.4f}")
    print(f"their difference {abs(means['trainer'] - means['ordinary']):.4f}, the spread of both {spread:.4f}")


if __name__ == "__main__":
    main()
