"""How fast the trainer trains: `python benchmarks/training.py`.

The lecture's network (121,930 parameters) on made-up images of MNIST's form, batches of 256, by a trainer as grading
starts it. Its floating-point operations, as the trainer itself estimates them, by the seconds of its epochs after the
first (which builds the graph), beside this machine's sgemm rate with as many threads, measured before and after. Then
the same training again from memory, and the memory that server and slot have taken.
"""

import argparse
import os
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "")

import keras
import numpy as np
import psutil

from autograder.sandbox import bubblewrap
from autograder.training import client, kernel_side
from autograder.training.settings import Trainer

SIZE = 2048  # rows of the matrices
SGEMM = f"""
import time, numpy as np
a = np.random.default_rng(0).normal(size=({SIZE}, {SIZE})).astype("float32")
def seconds():
    started = time.perf_counter()
    a @ a
    return time.perf_counter() - started
print(min(seconds() for _ in range(7)))
"""


def sgemm(threads: int) -> float:
    """The machine's rate of multiplying float32 matrices, in FLOP/s: the best of some tries, in another process."""
    own = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), str(threads))
    command = [sys.executable, "-c", SGEMM]
    done = subprocess.run(command, env={**os.environ, **own}, capture_output=True, text=True, check=True)
    return 2 * SIZE**3 / float(done.stdout)


def network() -> Any:
    """The lecture's network, compiled."""
    layers = keras.layers
    model = keras.Sequential(
        [
            keras.Input((28, 28, 1)),
            layers.Conv2D(32, 3, activation="relu"),
            layers.MaxPooling2D(),
            layers.Conv2D(64, 3, activation="relu"),
            layers.MaxPooling2D(),
            layers.Flatten(),
            layers.Dense(64, activation="relu"),
            layers.Dropout(0.5),
            layers.Dense(10, activation="softmax"),
        ]
    )
    model.compile("adam", "categorical_crossentropy", metrics=["accuracy"])
    return model


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--images", type=int, default=12_000)
    parser.add_argument("--epochs", type=int, default=4)
    parser.add_argument("--threads", type=int, help="of the training run (default: as c.Trainer has it)")
    options = parser.parse_args()
    generator = np.random.default_rng(0)
    x = generator.random((options.images, 28, 28, 1), "float32")
    y = np.eye(10, dtype="float32")[generator.integers(0, 10, options.images)]
    settings = Trainer(max_flops=1e18, **({} if options.threads is None else {"threads": options.threads}))
    job = settings.job_settings()
    assert job is not None
    sandboxed = bubblewrap.check() is None
    load = os.getloadavg()[0]  # on a busy machine the two sides of the ratio are slowed at different moments
    threads = settings.server_settings(Path(), sandboxed=sandboxed).slots()[0].threads
    before = sgemm(threads)
    with (
        tempfile.TemporaryDirectory() as folder,
        client.TrainerProcess(settings.server_settings(Path(folder), sandboxed=sandboxed)) as trainer,
    ):
        ours, theirs = socket.socketpair()
        kernel_side.install(theirs)
        times = []
        for key in ("first", "again"):
            if key == "again":  # another notebook: the same job, from memory
                ours, other = socket.socketpair()
                os.dup2(other.fileno(), theirs.fileno())
                other.close()
            client.connect(trainer.address, ours, key=key, student=key, settings=job)
            model = network()
            started = time.perf_counter()
            model.fit(x, y, batch_size=256, epochs=options.epochs, verbose=0)
            times.append(time.perf_counter() - started)
        processes = psutil.Process(trainer._process.pid)
        taken = sum(p.memory_info().rss for p in [processes, *processes.children(recursive=True)])
        (first,), (again,) = client.close(trainer.address, "first"), client.close(trainer.address, "again")
    after = sgemm(threads)
    assert first.cost is not None
    flops = first.cost.flops / options.epochs
    rate = flops / min(first.epoch_seconds[1:])
    machine = max(before, after)
    busy = "" if load < 0.5 else ": too busy for the ratio to mean anything"
    where = f"{'sandboxed' if sandboxed else 'no sandbox'}, {threads} of {os.cpu_count()} cores"
    print(f"{where}, load before {load:.1f}{busy}")
    print(f"a training step of an image   {flops / options.images / 1e6:8.1f} MFLOP")
    print(f"training, best epoch          {rate / 1e9:8.1f} GFLOP/s")
    print(f"sgemm, before and after       {before / 1e9:8.1f} GFLOP/s, {after / 1e9:.1f} GFLOP/s")
    print(f"ratio                         {rate / machine:8.3f}")
    print(f"first time                    {times[0]:8.2f} s")
    print(f"again, from memory            {times[1]:8.2f} s  (remembered: {again.remembered})")
    print(f"server and slot               {taken / 2**30:8.2f} GiB")


if __name__ == "__main__":
    main()
