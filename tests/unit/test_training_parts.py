"""The trainer's parts: devices, memory, names, estimates, hints."""

import json
import os
from collections.abc import Callable
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

import keras
import numpy as np
import psutil
import pytest

from autograder.keras_codec import models
from autograder.keras_codec.state import canonical, numbers
from autograder.training import devices, reproducibility
from autograder.training.cache import TrainingCache
from autograder.training.cost import Estimate, estimate, exceeded
from autograder.training.devices import Gpu, Precision, Slot, has_bfloat16, library_path, place
from autograder.training.fit_messages import EpochRecord, Snapshot, TrainingResult
from autograder.training.leakage import LOOKED_AT, descriptors, distances, near, probe, row_digests, rows_tested, sample
from autograder.training.reproducibility import environment, has_same_libraries
from autograder.training.settings import Trainer
from autograder.training.worker_process import device_files

A100, T4 = "NVIDIA A100-SXM4-40GB", "Tesla T4"
KEYS = [f"{number:064x}" for number in range(10)]


def test_slots_fill_the_memory_of_each_gpu_and_spread_over_all_of_them() -> None:
    slots = place([Gpu("GPU-0", 0, T4, 15360), Gpu("GPU-1", 1, T4, 15360)], 6144, 1, 0, 8)
    assert [(slot.gpu.minor, slot.memory, slot.threads) for slot in slots if slot.gpu] == [
        (0, 6144, 2),
        (1, 6144, 2),
        (0, 6144, 2),
        (1, 6144, 2),
    ]


def test_a_small_gpu_has_one_slot_that_fits() -> None:
    assert place([Gpu("GPU-0", 0, "GTX 1050", 4096)], 6144, 1, 0, 4) == [
        Slot(Gpu("GPU-0", 0, "GTX 1050", 4096), 4, 3584)
    ]


def test_gpus_of_different_kinds_are_not_mixed() -> None:
    slots = place(
        [Gpu("GPU-0", 0, A100, 40960), Gpu("GPU-1", 1, T4, 15360), Gpu("GPU-2", 2, T4, 15360)], 12_000, 1, 0, 8
    )
    assert {slot.kind for slot in slots} == {T4}


def test_on_the_cpu_a_training_has_one_thread_unless_that_is_set() -> None:
    assert place([], 6144, 2, 0, 8) == [Slot(None, 1, None)] * 2
    assert place([], 6144, 2, 3, 8) == [Slot(None, 3, None)] * 2


def test_on_the_cpu_there_are_as_many_slots_as_cores_and_memory_allow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("autograder.training.settings.gpus", list)
    free = psutil.virtual_memory().available

    def slots(**settings: int) -> int:
        return len(Trainer(**settings).server_settings(Path(), sandboxed=True).slots())

    assert slots(memory_bytes=1) == devices.cores()
    assert slots(memory_bytes=2 * free) == 1
    assert slots(memory_bytes=2 * free, cpu_slots=3) == 3


def test_a_gpu_trains_in_float32_whatever_a_cpu_would() -> None:
    gpu = Gpu("GPU-0", 0, T4, 15360)
    assert {slot.precision for slot in place([gpu], 6144, 1, 0, 8, Precision.BFLOAT16)} == {Precision.FLOAT32}
    assert place([], 6144, 1, 0, 8, Precision.BFLOAT16) == [Slot(None, 1, None, Precision.BFLOAT16)]


@pytest.mark.parametrize(
    ("flags", "expected"),
    [("fpu avx512f avx512_bf16", True), ("avx512f amx_bf16 amx_tile", True), ("avx2 avx512f bf16 avx512_vnni", False)],
)
def test_processors_with_instructions_for_bfloat16_are_known(tmp_path: Path, flags: str, expected: bool) -> None:
    cpuinfo = tmp_path / "cpuinfo"
    cpuinfo.write_text(f"processor\t: 0\nmodel name\t: Some avx512_bf16\nflags\t\t: {flags}\nbugs\t\t:\n\n")
    assert has_bfloat16(cpuinfo) is expected
    assert not has_bfloat16(tmp_path / "nothing")


def test_a_slot_has_the_device_files_of_its_own_gpu_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Path, "exists", lambda path: path.name in {"nvidia0", "nvidia1", "nvidiactl", "nvidia-uvm"})
    files = device_files(Slot(Gpu("GPU-1", 1, T4, 15360), 2, 6144))
    assert files == [Path("/dev/nvidia1"), Path("/dev/nvidiactl"), Path("/dev/nvidia-uvm")]
    assert device_files(Slot(None, 2, None)) == []


def test_cudas_libraries_are_those_of_nvidias_wheels_before_the_machines(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("cublas", "cusolver"):
        (tmp_path / "nvidia" / name / "lib").mkdir(parents=True)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setenv("LD_LIBRARY_PATH", "/usr/local/nvidia/lib64")
    found = library_path().split(":")
    ours = [str(tmp_path / "nvidia" / name / "lib") for name in ("cublas", "cusolver")]
    assert found[-1] == "/usr/local/nvidia/lib64"
    assert [path for path in found if path.startswith(str(tmp_path))] == ours


def test_the_environment_tells_devices_threads_and_precisions_apart() -> None:
    cpu = environment(Slot(None, 2, None))
    assert cpu != environment(Slot(None, 4, None))
    assert cpu != environment(Slot(Gpu("GPU-0", 0, T4, 15360), 2, 6144))
    assert cpu != environment(Slot(None, 2, None, Precision.BFLOAT16))
    assert json.loads(json.dumps(cpu)) == cpu


@pytest.mark.parametrize("pattern", reproducibility._CODE)
def test_the_code_that_the_environment_depends_on_is_there(pattern: str) -> None:
    assert list(Path(reproducibility.__file__).parent.glob(pattern))


def result(size: int = 1000, value: float = 0.5) -> TrainingResult:
    return TrainingResult(
        weights=[np.full(size, value, "float32")],
        optimizer=[],
        metrics=[],
        epochs=[EpochRecord({"loss": value}, 1.0)],
        snapshots=[Snapshot(0, [np.ones(2)], [])],
        steps=3,
        stop=False,
        nan=None,
        seconds=1.5,
        cost=Estimate(size, 1e6, 1, 4.0 * size),
    )


def test_a_result_comes_back_bit_for_bit(tmp_path: Path) -> None:
    memory = TrainingCache(tmp_path, 1 << 20)
    memory.put(KEYS[0], "ada", result(value=0.1))
    found = memory.get(KEYS[0], "bob")
    assert found is not None
    assert found.weights[0].tobytes() == result(value=0.1).weights[0].tobytes()
    assert found.epochs == [EpochRecord({"loss": 0.1}, 1.0)]
    assert found.cost == result().cost
    assert len(found.snapshots) == 1
    assert memory.get(KEYS[1], "ada") is None


@pytest.mark.parametrize("damage", ["empty", "cut", "changed", "other"])
def test_a_damaged_entry_is_dropped(tmp_path: Path, damage: str) -> None:
    memory = TrainingCache(tmp_path, 1 << 20)
    memory.put(KEYS[0], "ada", result())
    path = tmp_path / KEYS[0][:2] / KEYS[0]
    whole = path.read_bytes()
    path.write_bytes({"empty": b"", "cut": whole[:-7], "changed": whole[:-1] + b"\0", "other": b"x" * 500}[damage])
    assert memory.get(KEYS[0], "ada") is None
    assert not path.exists()


def test_the_oldest_unused_go_first(tmp_path: Path) -> None:
    memory = TrainingCache(tmp_path, 16_000)
    for number, key in enumerate(KEYS[:3]):
        memory.put(key, "ada", result())
        os.utime(tmp_path / key[:2] / key, (1000 + number, 1000 + number))
    assert memory.get(KEYS[0], "ada") is not None  # used, so it is the youngest now
    memory.put(KEYS[3], "ada", result())
    assert [memory.get(key, "ada") is not None for key in KEYS[:4]] == [True, False, True, True]
    memory.put(KEYS[4], "ada", result(10_000))
    assert memory.get(KEYS[4], "ada") is None


def test_a_student_is_forgotten_and_what_others_asked_for_stays(tmp_path: Path) -> None:
    memory = TrainingCache(tmp_path, 1 << 20)
    for student in ("../ada", "bob"):
        memory.put(KEYS[0], student, result())
    memory.put(KEYS[1], "../ada", result())
    assert memory.forget("../ada") == 1
    assert memory.get(KEYS[0], "bob") is not None
    assert memory.get(KEYS[1], "bob") is None
    assert [path.name for path in (tmp_path / "students").iterdir()] == ["s-bob"]
    assert memory.forget("nobody") == 0


def built(named: bool = False) -> Any:
    layers = keras.layers
    inputs = keras.Input((8, 8, 1), name="picture" if named else None)
    inner = keras.Sequential([layers.Input((8, 8, 1)), layers.Conv2D(2, 3), layers.Conv2D(2, 3)])
    joined = layers.Add()([inner(inputs), inner(inputs)])
    rows = layers.Bidirectional(layers.LSTM(2))(layers.Reshape((4, 8))(joined))
    model = keras.Model(inputs, layers.Dense(1)(rows))
    model.compile("adam", "mse")
    return model


def described(model: Any) -> dict[str, Any]:
    description: dict[str, Any] = json.loads(json.dumps(models.describe(model)[0]))
    return description


def test_automatic_names_do_not_matter() -> None:
    one = canonical(described(built()))
    for _ in range(3):
        keras.layers.Dense(1), keras.layers.Conv2D(1, 1), keras.optimizers.Adam()
    other = described(built())
    assert other["model"] != one["model"]
    assert canonical(other) == one


def test_a_name_that_was_given_stays() -> None:
    text = json.dumps(canonical(described(built(named=True))))
    assert '"picture"' in text
    assert text != json.dumps(canonical(described(built())))


def test_an_automatic_name_gives_way_to_one_that_was_given() -> None:
    layers = keras.layers
    model = keras.Sequential([layers.Input((2, 2)), layers.Flatten(), layers.Dense(1, name="flatten_0")])
    model.compile("sgd", "mse")
    names = [layer["config"]["name"] for layer in canonical(described(model))["model"]["config"]["layers"]]
    assert len(set(names)) == len(names)
    assert "flatten_0" in names


def test_names_that_the_history_shows_stay() -> None:
    inputs = keras.Input((3,))
    model = keras.Model(inputs, [keras.layers.Dense(1)(inputs), keras.layers.Dense(1)(inputs)])
    model.compile("sgd", ["mse", "mse"])
    description = described(model)
    assert canonical(description) == description


def test_a_model_under_canonical_names_is_rebuilt() -> None:
    description, arrays = models.describe(built())
    rebuilt = models.rebuild(canonical(json.loads(json.dumps(description))), arrays, models.Budget())
    x = np.random.default_rng(0).normal(size=(2, 8, 8, 1))
    assert rebuilt.predict(x, verbose=0).shape == (2, 1)


def carried(model: Any) -> int:
    description, arrays = models.describe(model)
    return numbers(description["model"], arrays[: description["counts"][0]])


def stack(*hidden: Any, inputs: int = 16) -> Any:
    return keras.Sequential([keras.Input((inputs,)), *hidden])


def branches(part: Callable[[Any, int], Any]) -> Any:
    inputs = keras.Input((16,))
    return keras.Model(inputs, keras.layers.Add()([part(inputs[:, i : i + 1], i) for i in range(16)]))


KERNEL = np.linspace(-1, 1, 48).reshape(16, 3)
CARRYING: dict[str, Callable[[], Any]] = {
    "a nested list": lambda: stack(
        keras.layers.Dense(3, kernel_initializer=keras.initializers.Constant(KERNEL.tolist()))
    ),
    "an array": lambda: stack(keras.layers.Dense(3, kernel_initializer=keras.initializers.Constant(KERNEL))),
    "a scale": lambda: stack(keras.layers.Rescaling(KERNEL[:, 0].tolist()), keras.layers.Dense(3)),
    "means": lambda: stack(
        keras.layers.Normalization(mean=KERNEL[:, 0], variance=KERNEL[:, 1] ** 2), keras.layers.Dense(3)
    ),
    "many small initializers": lambda: branches(
        lambda x, i: keras.layers.Dense(1, kernel_initializer=keras.initializers.Constant(float(i)))(x)
    ),
    "many small factors": lambda: branches(lambda x, i: x * (i / 10)),
    "layers that act as in training": lambda: branches(
        lambda x, i: keras.layers.RandomBrightness((i / 99, i / 99))(x[:, :, None, None], training=True)
    ),
    "an operation's argument": lambda: keras.Model(
        inputs := keras.Input((16,)), keras.layers.Dense(3)(keras.ops.multiply(inputs, KERNEL[:, 0]))
    ),
}


@pytest.mark.parametrize("how", CARRYING)
def test_numbers_of_a_configuration_are_counted_in_total(how: str) -> None:
    assert carried(CARRYING[how]()) > 10


def test_an_ordinary_network_carries_few_numbers() -> None:
    layers = keras.layers
    model = keras.Sequential([layers.Input((32, 32, 3)), layers.Rescaling(1 / 127.5, offset=-1.0)])
    model.add(layers.Normalization(mean=[0.1, 0.2, 0.3], variance=[1.0, 2.0, 3.0]))
    for add in (layers.RandomFlip("horizontal"), layers.RandomTranslation(0.1, 0.1), layers.RandomRotation(0.05)):
        model.add(add)
    for number, filters in enumerate((32, 64, 128)):
        model.add(layers.Conv2D(filters, 3, padding="same", kernel_regularizer=keras.regularizers.L2(1e-4 * number)))
        model.add(layers.BatchNormalization(momentum=0.9))
        model.add(layers.LeakyReLU(negative_slope=0.1))
        model.add(layers.MaxPooling2D(2))
        model.add(layers.Dropout(0.1 * number))
    model.add(layers.GlobalAveragePooling2D())
    model.add(layers.Dense(10, bias_initializer=keras.initializers.Constant(0.1)))
    assert carried(model) <= 10


def changed_state(change: Callable[[Any], Any]) -> bool:
    layers = keras.layers
    model = stack(layers.Rescaling(0.5), layers.Dense(3, activation="relu", name="first"), layers.Dense(2))
    before = models.state_of(*models.describe(model))
    return models.state_of(*models.describe(change(model) or model)) != before


@pytest.mark.parametrize(
    "change",
    [
        lambda model: setattr(model.layers[0], "scale", 0.25),
        lambda model: setattr(model.layers[0], "scale", KERNEL[:, 0].tolist()),
        lambda model: setattr(model.layers[1], "activation", keras.activations.tanh),
        lambda model: model.layers[2].set_weights([np.ones((3, 2)), np.array([1.0, 0.0])]),
        lambda model: keras.Model(model.inputs, model.layers[1].output),
        lambda model: keras.Model(model.inputs, model.layers[2](keras.ops.negative(model.layers[1].output))),
        lambda model: keras.Sequential([*model.layers, keras.layers.Softmax()]),
    ],
)
def test_the_state_of_a_model_is_more_than_its_weights(change: Callable[[Any], Any]) -> None:
    assert changed_state(change)


def test_a_copy_of_a_model_is_in_the_same_state() -> None:
    def copy(model: Any) -> Any:
        twin = keras.models.clone_model(model)
        twin.set_weights(model.get_weights())
        twin.layers[1].trainable = False
        return twin

    assert not changed_state(copy)


@pytest.mark.parametrize(
    ("layers", "shape", "flops", "parameters"),
    [
        ([keras.layers.Dense(10)], (20,), 2 * 20 * 10, 210),
        ([keras.layers.Conv2D(8, 3)], (10, 10, 3), 2 * 3 * 3 * 3 * 8 * 64, 224),
        ([keras.layers.Conv2D(9, 3, strides=2, groups=3)], (11, 11, 3), 2 * 3 * 3 * 1 * 9 * 25, 90),
        ([keras.layers.LSTM(5)], (7, 3), 7 * 2 * 4 * (3 * 5 + 5 * 5), 180),
        ([keras.layers.Conv2DTranspose(4, 2, strides=2)], (5, 5, 3), 2 * 2 * 2 * 3 * 4 * 25, 52),
        ([keras.layers.TimeDistributed(keras.layers.Dense(4))], (6, 3), 6 * 2 * 3 * 4, 16),
    ],
)  # fmt: skip
def test_operations_are_counted_from_shapes(
    layers: list[Any], shape: tuple[int, ...], flops: float, parameters: int
) -> None:
    model = keras.Sequential([keras.layers.Input(shape), *layers])
    cost = estimate(model, 0, samples=100, validated=0, batch=32, epochs=2, data=0)
    assert cost.parameters == parameters
    assert flops * 600 <= cost.flops <= 1.2 * flops * 600 + 600 * 600


def test_the_lectures_network_costs_what_it_does() -> None:
    layers = keras.layers
    model = keras.Sequential([keras.Input((28, 28, 1)), layers.Conv2D(32, 3, activation="relu"), layers.MaxPooling2D()])
    for layer in (layers.Conv2D(64, 3, activation="relu"), layers.MaxPooling2D(), layers.Flatten()):
        model.add(layer)  # each makes the graph anew
    for layer in (layers.Dense(64, activation="relu"), layers.Dropout(0.5), layers.Dense(10, activation="softmax")):
        model.add(layer)
    model.compile("sgd", "mse")
    description, arrays = models.describe(model)
    for one in (model, models.rebuild(description, arrays, models.Budget())):  # the latter as in a slot
        cost = estimate(one, 0, samples=1, validated=0, batch=1, epochs=1, data=0)
        assert cost.parameters == 121_930
        assert cost.flops == pytest.approx(15.2e6, rel=0.03)


def test_a_layer_called_twice_and_a_model_in_a_model_cost_twice() -> None:
    inputs, shared = keras.Input((50,)), keras.layers.Dense(50)
    inner = keras.Sequential([keras.Input((50,)), keras.layers.Dense(50)])
    model = keras.Model(inputs, inner(inner(shared(shared(inputs)))))
    cost = estimate(model, 0, samples=1, validated=0, batch=1, epochs=1, data=0)
    assert cost.flops == pytest.approx(3 * 4 * 2 * 50 * 50, rel=0.03)


def test_a_cost_within_the_budget_is_no_problem() -> None:
    budget = replace(Trainer().budget(), parameters=5, epochs=3)
    assert exceeded(Estimate(5, 1.0, 3, 1.0), budget) is None
    assert exceeded(Estimate(6, 1.0, 3, 1.0), budget) == (
        "This training needs 6 parameters; the assignment's budget is 5 parameters."
    )


def overlap(train: Any, test: Any) -> int:
    return len(set(row_digests(train)).intersection(rows_tested(test)))


@pytest.mark.parametrize("change", [lambda x: x, lambda x: x / 255, lambda x: (x / 255).astype("float32") * 2 - 1])
def test_rows_of_the_test_split_are_found_up_to_scaling(change: Any) -> None:
    images = np.random.default_rng(0).integers(0, 256, (300, 28, 28)).astype("uint8")
    train, test = images[:200], images[150:]
    assert overlap(change(train), test) == 50
    assert overlap(change(train)[..., None], test.reshape(150, -1)) == 50


def test_rows_that_are_only_like_others_are_not_found() -> None:
    generator = np.random.default_rng(0)
    images = generator.integers(0, 256, (100, 28, 28))
    changed = np.clip(images + generator.integers(-8, 9, images.shape), 0, 255)
    assert overlap(images, changed) == 0
    assert overlap(np.zeros((50, 28, 28)), np.zeros((50, 28, 28))) == 0
    assert overlap(np.arange(200).reshape(100, 2), np.arange(200).reshape(100, 2)) == 0
    assert overlap(images, np.zeros((0, 28, 28))) == 0


def pictures(count: int, seed: int) -> Any:
    """Blurred noise, from 0 to 1: no two are alike."""
    coarse = np.random.default_rng(seed).random((count, 9, 9, 1), "float32")
    return np.array(keras.ops.image.resize(coarse, (28, 28), "bicubic")).clip(0, 1)


def copies(given: Any, test: Any) -> float:
    tested = probe(test)
    assert tested is not None
    return near(tested, [distances(tested, descriptors(given))]) / len(tested.own)


TEST = pictures(300, 1)
NOISE = np.random.default_rng(0).normal(0, 0.1, TEST.shape)


@pytest.mark.parametrize(
    "change",
    [
        lambda x: np.where(np.arange(28 * 28).reshape(28, 28, 1) == 300, 1 - x, x),
        lambda x: (x * 255).astype("uint8"),
        lambda x: x * 2 - 1,
        lambda x: 1 - x,
        lambda x: np.roll(x, 1, axis=1),
        lambda x: np.roll(x, (-1, 1), axis=(1, 2)),
        lambda x: x + NOISE,
        lambda x: x[:, :, ::-1],
        lambda x: x[:, ::-1],
        lambda x: np.rot90(x, axes=(1, 2)),
        lambda x: (x[:, :, ::-1] + NOISE / 2).reshape(len(x), -1),
        lambda x: np.repeat(x, 3, axis=3),
    ],
)
def test_near_copies_of_images_are_found(change: Callable[[Any], Any]) -> None:
    others = pictures(400, 2)
    given = change(TEST)
    assert copies(given, TEST) > 0.5
    assert copies(change(others[:300]), TEST) < 0.02
    assert copies(np.concatenate([given] * 2), TEST) > 0.5  # twice, each other's nearest


def test_images_that_are_only_of_the_same_kind_are_no_near_copies() -> None:
    assert copies(pictures(3000, 2), TEST) < 0.02
    assert copies(np.zeros((100, 28, 28)), TEST) == 0
    assert copies(np.full((100, 28, 28), np.nan), TEST) == 0


def test_near_copies_of_rows_that_are_no_images_are_found() -> None:
    generator = np.random.default_rng(0)
    for features in (20, 1000):
        rows = generator.normal(size=(100, features))
        assert copies(3 * rows + generator.normal(0, 0.1, rows.shape), rows) > 0.9
        assert copies(generator.normal(size=(1000, features)), rows) < 0.02


def test_of_a_large_test_a_part_is_looked_at() -> None:
    rows = np.random.default_rng(0).normal(size=(5000, 20))
    tested = probe(rows)
    assert tested is not None
    assert len(tested.own) == LOOKED_AT
    assert near(tested, [distances(tested, descriptors(rows))]) == LOOKED_AT
    assert probe(rows[:10]) is None
    assert len(sample(descriptors(rows), 700)) == 700


def test_notebooks_of_another_environment_are_trained_by_the_trainer_where_that_has_the_same_libraries() -> None:
    same = [f"{name}=={version(name)}" for name in ("tensorflow", "keras", "numpy", "ml-dtypes", "msgspec")]
    assert has_same_libraries([*same, "pandas==1.0"])
    for other in ([*same[:2], "numpy==1.26.4", *same[3:]], same[:-1], same[1:], ["ipykernel==7.0"]):
        assert not has_same_libraries(other)
        assert Trainer().job_settings(other) is None
