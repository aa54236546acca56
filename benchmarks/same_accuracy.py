"""Whether the trainer's models are as good as others': `python benchmarks/same_accuracy.py`.

The lecture's network on MNIST, for some seeds, trained twice from the same initial weights: by the trainer, and, by
default, by Keras in this process, without the trainer's determinism. With `--against bfloat16`: by the trainer in
float32 and by one with `c.Trainer.precision = "bfloat16"`. Test accuracies (always computed in float32), their means
and spread, the mean of the paired differences with its standard error, and the CPU time of both.
"""

import argparse
import os
import socket
import statistics
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "")

import keras
import numpy as np
import psutil
from training import network

import autograder.course.verified_datasets  # noqa: F401  files from mirrors, before Keras is imported
from autograder.course import datasets
from autograder.sandbox import bubblewrap
from autograder.training import client, kernel_side
from autograder.training.settings import Trainer

Fit = Callable[..., Any]
ORDINARY = keras.Model.fit


@contextmanager
def trainer(precision: str, seeds: int) -> Iterator[tuple[Fit, int]]:
    """Within, `fit` of a trainer of its own, and that trainer's process. Raises RuntimeError where others trained."""
    settings = Trainer(precision=precision)
    job = settings.job_settings()
    assert job is not None
    ours, theirs = socket.socketpair()
    keras.Model.fit = ORDINARY
    kernel_side.install(theirs)
    by_trainer, keras.Model.fit = keras.Model.fit, ORDINARY
    sandboxed = bubblewrap.check() is None
    with tempfile.TemporaryDirectory() as folder:
        server = settings.server_settings(Path(folder), sandboxed=sandboxed)
        with client.TrainerProcess(server) as process:
            client.connect(process.address, ours, key="notebook", student="ada", settings=job)
            small = network()
            by_trainer(small, np.zeros((256, 28, 28, 1)), np.zeros((256, 10)), batch_size=256, verbose=0)  # it starts
            yield by_trainer, process._process.pid
            trainings = client.close(process.address, "notebook")
    if [training.by for training in trainings] != ["trainer"] * (1 + seeds):
        raise RuntimeError(f"not all were trained by the trainer: {trainings}")


def cpu_seconds(process: int) -> float:
    """CPU time, so far, of a process and of all that it started and that still run."""
    one = psutil.Process(process)
    times = [each.cpu_times() for each in [one, *one.children(recursive=True)]]
    return sum(time.user + time.system for time in times)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--against", choices=["keras", "bfloat16"], default="keras")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--epochs", type=int, default=3)
    given = parser.parse_args()
    datasets.fetch("mnist")
    (x_train, y_train), (x_test, y_test) = keras.datasets.mnist.load_data()
    x_train, x_test = (x[..., None].astype("float32") / 255 for x in (x_train, x_test))
    y_train, y_test = (keras.utils.to_categorical(y, 10) for y in (y_train, y_test))
    with ExitStack() as stack:
        methods = {"trainer": stack.enter_context(trainer("float32", given.seeds))}
        if given.against == "keras":
            methods["keras"] = (ORDINARY, os.getpid())
        else:
            methods["bfloat16"] = stack.enter_context(trainer("bfloat16", given.seeds))
        found: dict[str, list[float]] = {name: [] for name in methods}
        cpu: dict[str, list[float]] = {name: [] for name in methods}
        for seed in range(1, given.seeds + 1):
            keras.utils.set_random_seed(seed)
            start = network().get_weights()
            for name, (method, process) in methods.items():
                model = network()
                model.set_weights(start)
                before = cpu_seconds(process)
                method(model, x_train, y_train, batch_size=256, epochs=given.epochs, validation_split=0.3, verbose=0)
                cpu[name].append(cpu_seconds(process) - before)
                found[name].append(float(np.mean(model.predict(x_test, verbose=0).argmax(1) == y_test.argmax(1))))
            each = ", ".join(f"{name} {found[name][-1]:.4f} in {cpu[name][-1]:.1f} CPU seconds" for name in methods)
            print(f"seed {seed}: {each}", flush=True)
    print(f"{given.seeds} seeds, {given.epochs} epochs")
    for name, values in found.items():
        print(f"{name:10} mean {statistics.mean(values):.4f}, spread {statistics.stdev(values):.4f}")
    one, other = found.values()
    differences = [b - a for a, b in zip(one, other, strict=True)]
    error = statistics.stdev(differences) / len(differences) ** 0.5
    print(f"spread of both {statistics.stdev([*one, *other]):.4f}")
    print(f"paired difference {statistics.mean(differences):+.4f}, its standard error {error:.4f}")
    first, second = map(sum, cpu.values())
    print(f"CPU seconds {first:.0f} and {second:.0f}, ratio {second / first:.2f}")


if __name__ == "__main__":
    main()
