"""What can be seen only where there is a GPU: `pytest -m gpu`, in some minutes and without a network.

The trainer as grading starts it, the lecture's network, and made-up images of MNIST's form. At the end a table of
what was measured. This process plays the notebook, so it keeps its own TensorFlow from the GPU.
"""

import statistics
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from candidates import Start, needs_sandbox, text
from candidates import fork_servers as fork_servers
from candidates import starter as starter
from measured import ROWS
from trainers import Notebook, fit_request, trainer_at

from autograder.training import client
from autograder.training.client import TrainerProcess
from autograder.training.devices import Gpu, gpus
from autograder.training.fit_messages import FitRequest, Refused, Trained, TrainingResult
from autograder.training.settings import Trainer

pytestmark = pytest.mark.gpu
tf.config.set_visible_devices([], "GPU")

TRAIN, EPOCHS, BATCH = 60_000, 5, 256
SLOTS = 16
SPARE = 1024  # MiB of the GPU for each process beside what its TensorFlow may take
Table = Callable[[str, str], None]


@pytest.fixture(scope="module")
def gpu() -> Gpu:
    found = gpus()
    if not found:
        pytest.fail("nvidia-smi tells of no GPU here")
    return found[0]


@pytest.fixture
def table(gpu: Gpu, request: pytest.FixtureRequest) -> Table:
    """Takes rows of the table that conftest.py prints at the end."""
    rows = request.config.stash[ROWS]
    rows["GPU"] = f"{gpu.name}, {gpu.memory:,} MiB"
    rows["TensorFlow, Keras"] = f"{tf.__version__}, {keras.__version__}"
    return rows.__setitem__


def slot_bytes(gpu: Gpu) -> int:
    """Memory of one of SLOTS slots."""
    return max(512, min(6144, gpu.memory // SLOTS - SPARE)) << 20


@pytest.fixture
def trainer(gpu: Gpu, tmp_path: Path) -> Iterator[TrainerProcess]:
    """Gone after each test, as its slots' processes keep their memory of the GPU."""
    with trainer_at(tmp_path / "course", gpu_slot_bytes=slot_bytes(gpu)) as process:
        yield process


def digits(count: int) -> tuple[Any, Any]:
    """Made-up images: a class is where a bright square is."""
    generator = np.random.default_rng(0)
    y = np.arange(count) % 10
    x = generator.random((count, 28, 28, 1), dtype=np.float32) / 2
    for label in range(10):
        row, column = divmod(label, 4)
        x[y == label, 7 * row : 7 * row + 7, 7 * column : 7 * column + 7] += 0.5
    return x, y


X, Y = digits(TRAIN)


def lecture_network() -> Any:
    """The lecture's, 121,930 parameters."""
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
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def asked(model: Any, *, epochs: int = EPOCHS, rows: int = TRAIN, batch: int = BATCH) -> FitRequest:
    return fit_request(model, X[:rows], Y[:rows], epochs=epochs, batch_size=batch)


def trained(trainer: TrainerProcess, seed: int, wanted: FitRequest, **budget: Any) -> TrainingResult:
    answer = Notebook(trainer, f"student-{seed}", seed=seed, **budget).ask(wanted)
    assert isinstance(answer, Trained), answer
    return answer.result


def seconds_of_an_epoch(result: TrainingResult) -> float:
    """The median, without the first, which builds the graph."""
    return statistics.median(epoch.seconds for epoch in result.epochs[1:])


def equal(one: TrainingResult, other: TrainingResult) -> bool:
    pairs = [*zip(one.weights, other.weights, strict=True), *zip(one.optimizer, other.optimizer, strict=True)]
    return all(np.array_equal(a, b) for a, b in pairs)


def test_the_trainer_finds_the_gpu(gpu: Gpu) -> None:
    slots = Trainer(gpu_slot_bytes=slot_bytes(gpu)).server_settings(Path(), sandboxed=True).slots()
    assert slots[0].gpu == gpu
    assert len([slot for slot in slots if slot.gpu == gpu]) >= SLOTS


def test_the_lectures_network_learns_on_it_and_gives_the_same_bits_twice(
    trainer: TrainerProcess, tmp_path: Path, gpu: Gpu, table: Table
) -> None:
    wanted = asked(lecture_network())
    began = time.monotonic()
    first = trained(trainer, 0, wanted)
    whole = time.monotonic() - began
    with trainer_at(tmp_path / "other", gpu_slot_bytes=slot_bytes(gpu)) as other:
        second = trained(other, 0, wanted)
        assert client.status(other.address).trained == 1
    assert first.epochs[-1].logs["accuracy"] > 0.97
    assert equal(first, second)
    table("lecture's network, images a second", f"{TRAIN / seconds_of_an_epoch(first):,.0f}")
    table(f"first training, {EPOCHS} epochs, seconds", f"{whole:.1f}, TensorFlow's start {whole - first.seconds:.1f}")


@pytest.mark.parametrize("count", [1, 4, SLOTS])
def test_trainings_share_it_by_memory(trainer: TrainerProcess, table: Table, count: int) -> None:
    wanted = asked(lecture_network())
    with ThreadPoolExecutor(count) as pool:
        list(pool.map(lambda seed: trained(trainer, seed, wanted), range(count)))  # every slot's process has started
        began = time.monotonic()
        results = list(pool.map(lambda seed: trained(trainer, seed, wanted), range(count, 2 * count)))
    whole = time.monotonic() - began
    assert all(result.epochs[-1].logs["accuracy"] > 0.97 for result in results)
    assert len({result.weights[0].tobytes() for result in results}) == count
    table(
        f"{count} at once: images a second, GPU-s a student",
        f"{count * EPOCHS * TRAIN / whole:,.0f}, {whole / count:.2f}",
    )


def test_one_that_needs_too_much_memory_costs_no_other_anything(tmp_path: Path, gpu: Gpu) -> None:
    layers = keras.layers
    large = keras.Sequential([keras.Input((28, 28, 1)), *(layers.Conv2D(1024, 3, padding="same") for _ in range(3))])
    large.add(layers.GlobalAveragePooling2D())
    large.add(layers.Dense(10, activation="softmax"))
    large.compile("adam", "sparse_categorical_crossentropy")
    rows = 4 * (slot_bytes(gpu) // (28 * 28 * 1024 * 4 * 3))  # four times what its activations have room for
    too_large = asked(large, epochs=1, rows=rows, batch=rows)
    wanted = asked(lecture_network())
    with trainer_at(tmp_path / "one", gpu_slot_bytes=slot_bytes(gpu)) as one, ThreadPoolExecutor(3) as pool:
        refused = pool.submit(Notebook(one, "eve", bytes=1 << 50, flops=1e30).ask, too_large)
        beside = list(pool.map(lambda seed: trained(one, seed, wanted), (1, 2)))
        answer = refused.result()
    assert isinstance(answer, Refused)
    assert "more memory than the trainer has" in answer.reason
    with trainer_at(tmp_path / "other", gpu_slot_bytes=slot_bytes(gpu)) as other:
        assert equal(beside[0], trained(other, 1, wanted))


@needs_sandbox
def test_a_kernel_never_sees_it(start: Start) -> None:
    candidate = start(cell_seconds=120, memory_bytes=8 << 30)
    seen = candidate.run("import os; print([name for name in os.listdir('/dev') if 'nvidia' in name])")
    assert text(seen).strip() == "[]"
    found = candidate.run("import tensorflow as tf; print('seen', tf.config.list_physical_devices('GPU'))")
    assert "seen []" in text(found)
