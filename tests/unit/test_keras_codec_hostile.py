"""Descriptions that someone crafted: each gives ModelError, at once and without memory; nothing else ever comes out."""

import copy
import json
import random
import resource
import time
from collections.abc import Callable, Iterator
from typing import Any

import keras
import numpy as np
import pytest

from autograder.keras_codec import models

layers, ops = keras.layers, keras.ops
Path = tuple[str | int, ...]
Description = dict[str, Any]


def functional() -> Any:
    inputs = keras.Input((4,), name="in")
    block = keras.Sequential([layers.Dense(4, name="inner")], name="block")
    joined = ops.concatenate([block(layers.Dense(4, name="first")(inputs)), inputs], axis=-1)
    return keras.Model(inputs, layers.Dense(2, name="last")(joined[:, 1:3]), name="model")


def recurrent() -> Any:
    cells = [layers.GRUCell(2), layers.LSTMCell(2)]
    return keras.Sequential([keras.Input((6, 3)), layers.RNN(cells), layers.Dropout(0.5), layers.Rescaling(np.ones(2))])


def compiled() -> Any:
    model = functional()
    metrics = ["accuracy", keras.metrics.AUC(num_thresholds=5)]
    schedule = keras.optimizers.schedules.ExponentialDecay(0.1, 5, 0.9)
    model.compile(keras.optimizers.Adam(schedule), keras.losses.BinaryCrossentropy(), metrics=metrics)
    model.fit(np.ones((4, 4)), np.ones((4, 2)), verbose=0)
    return model


@pytest.fixture(scope="module")
def valid() -> list[tuple[Description, list[Any]]]:
    return [models.describe(make()) for make in (functional, recurrent, compiled)]


def put(*path: str | int, to: Any) -> Callable[[Description], None]:
    def change(description: Description) -> None:
        place: Any = description
        for key in path[:-1]:
            place = place[key]
        place[path[-1]] = to

    return change


def loop(description: Description) -> None:
    """The first layer takes what the last one gives."""
    graph = description["model"]["config"]["layers"]
    graph[1]["inbound_nodes"][0]["args"][0]["config"]["keras_history"] = ["last", 0, 0]


def endless(description: Description) -> None:
    description["model"]["config"]["layers"].append(description["model"])


def deep(description: Description) -> None:
    for _ in range(2000):
        description["model"] = {**description["model"], "config": {"name": "m", "layers": [description["model"]]}}


def doubling(description: Description) -> None:
    """Models in models, each called twice: 2**40 calls from a few thousand values."""
    inner = keras.Sequential([layers.Dense(4)], name="inner")
    for level in range(6):
        inputs = keras.Input((4,))
        inner = keras.Model(inputs, inner(inner(inputs)), name=f"level{level}")
    config = models.describe(inner)[0]["model"]
    for level in range(9):
        outer = copy.deepcopy(config)
        outer["config"]["name"] = f"outer{level}"
        nested = next(part for part in outer["config"]["layers"] if part["class_name"] == "Functional")
        nested["config"] = config["config"]
        config = outer
    description["model"] = config


DENSE = ("model", "config", "layers", 1)
LAMBDA = {"class_name": "__lambda__", "config": {"value": ["4wAAAA==", None, None]}}
CRAFTED: dict[str, Callable[[Description], None]] = {
    "class": put(*DENSE, "class_name", to="Lambda"),
    "module": put(*DENSE, "module", to="os"),
    "module of Keras": put(*DENSE, "module", to="keras.src.layers.core.dense"),
    "file": put(*DENSE, to={"module": "keras.layers", "class_name": "TFSMLayer", "config": {"filepath": "/etc"}}),
    "function that loads": put(
        *DENSE,
        "config",
        "activation",
        to={
            "module": "keras.models",
            "class_name": "function",
            "config": "load_model",
            "registered_name": "load_model",
        },
    ),
    "function of Python": put(
        *DENSE,
        "config",
        "activation",
        to={"module": "builtins", "class_name": "function", "config": "eval", "registered_name": "eval"},
    ),
    "lambda": put(*DENSE, "config", "activation", to=LAMBDA),
    "registered": put(*DENSE, "registered_name", to="Custom>Dense"),
    "shared": put(*DENSE, "shared_object_id", to=1),
    "compiled inside": put(*DENSE, "compile_config", to={"optimizer": "adam"}),
    "raw array": put(*DENSE, "config", "bias_initializer", to={"class_name": "__numpy__", "config": {"value": [1]}}),
    "no array": put(*DENSE, "config", "bias_initializer", to={"__array__": 7, "as": "numpy"}),
    "quantized": put(*DENSE, "config", "dtype", to="int8_from_float32"),
    "many units": put(*DENSE, "config", "units", to=10**9),
    "more units": put(*DENSE, "config", "units", to=10**15),
    "few units": put(*DENSE, "config", "units", to=3),
    "no units": put(*DENSE, "config", "units", to=-1),
    "units in words": put(*DENSE, "config", "units", to="four"),
    "units beyond": put(*DENSE, "config", "units", to=1 << 70),
    "no name": put(*DENSE, "config", "name", to=float("nan")),
    "name of another": put(*DENSE, "name", to="last"),
    "extra key": put(*DENSE, "config", "extra", to=1),
    "extra part": put(*DENSE, "extra", to=1),
    "shape in words": put("model", "config", "layers", 0, "config", "batch_shape", to="big"),
    "large shape": put("model", "config", "layers", 0, "config", "batch_shape", to=[None, 10**6, 10**6]),
    "negative shape": put("model", "config", "layers", 0, "config", "batch_shape", to=[None, -4]),
    "loop": loop,
    "no such input": put(*DENSE, "inbound_nodes", 0, "args", 0, "config", "keras_history", to=["nobody", 0, 0]),
    "no input": put(*DENSE, "inbound_nodes", 0, "args", to=[]),
    "no call": put(*DENSE, "inbound_nodes", to=[]),
    "calls as words": put(*DENSE, "inbound_nodes", to="x"),
    "end outside": put("model", "config", "output_layers", to=["last", 5, 0]),
    "no end": put("model", "config", "output_layers", to=[]),
    "itself": endless,
    "deep": deep,
    "doubling": doubling,
    "object": put(*DENSE, "config", "units", to=object()),
    "set": put(*DENSE, "config", to={1, 2}),
    "key": put(*DENSE, "config", to={1: 2}),
    "no model": put("model", to=None),
    "layer": put("model", to={"module": "keras.layers", "class_name": "Dense", "config": {"units": 1, "name": "d"}}),
    "counts": put("counts", to=[0, 10**9, 0]),
    "negative counts": put("counts", to=[-1, 5, 0]),
    "flags": put("trainable", to=[True]),
    "flags in words": put("trainable", to=["yes"] * 6),
    "stop": put("stop_training", to="no"),
    "history": put("history", to={"history": {}, "epoch": 1, "params": {}}),
    "huge list": put(*DENSE, "config", "units", to=[0] * 10**6),
}
OPTIMIZER = ("compile", "settings", "optimizer")
CRAFTED_COMPILED: dict[str, Callable[[Description], None]] = {
    "optimizer's class": put(*OPTIMIZER, "module", to="subprocess"),
    "no optimizer": put(*OPTIMIZER, to={"module": "keras.losses", "class_name": "Huber", "config": {}}),
    "two losses": put(
        "compile", "settings", "loss", to={"module": "keras.src.losses", "class_name": "X", "config": {}}
    ),
    "lambda": put("compile", "settings", "loss", to=LAMBDA),
    "large metric": put(
        "compile",
        "settings",
        "metrics",
        to=[{"module": "keras.metrics", "class_name": "MeanIoU", "config": {"num_classes": 10**6, "name": "m"}}],
    ),
    "many thresholds": put(
        "compile",
        "settings",
        "metrics",
        to=[{"module": "keras.metrics", "class_name": "AUC", "config": {"num_thresholds": 10**9, "name": "m"}}],
    ),
    "many metrics": put(
        "compile",
        "settings",
        "metrics",
        to=[{"module": "keras.metrics", "class_name": "Mean", "config": {"name": "m"}}] * 10_000,
    ),
    "many steps": put("compile", "settings", "steps_per_execution", to=10**9),
    "eager in words": put("compile", "settings", "run_eagerly", to="x"),
    "patterns": put(
        *OPTIMIZER,
        to={
            "module": "keras.optimizers",
            "class_name": "Muon",
            "config": {"exclude_layers": ["(a+)+$"], "learning_rate": 0.1},
        },
    ),
    "extra setting": put("compile", "settings", "extra", to=1),
    "built for nothing": put("compile", "built_for", to=[99]),
    "built for one twice": put("compile", "built_for", to=[0, 0]),
    "built for words": put("compile", "built_for", to=["x"]),
}


def memory() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


def refused(description: Description, arrays: list[Any], budget: models.Budget | None = None) -> str:
    started, before = time.monotonic(), memory()
    with pytest.raises(models.ModelError) as caught:
        models.rebuild(description, arrays, budget or models.Budget())
    assert time.monotonic() - started < 3, "a refusal took too long"
    assert memory() - before < 300, "a refusal took too much memory"
    return str(caught.value)


@pytest.mark.parametrize("name", CRAFTED)
def test_a_crafted_description_is_refused(name: str, valid: list[tuple[Description, list[Any]]]) -> None:
    description, arrays = copy.deepcopy(valid[0][0]), valid[0][1]
    CRAFTED[name](description)
    assert len(refused(description, arrays)) < 2000


@pytest.mark.parametrize("name", CRAFTED_COMPILED)
def test_crafted_compile_settings_are_refused(name: str, valid: list[tuple[Description, list[Any]]]) -> None:
    description, arrays = copy.deepcopy(valid[2][0]), valid[2][1]
    CRAFTED_COMPILED[name](description)
    refused(description, arrays)


@pytest.mark.parametrize(
    "change",
    [
        lambda arrays: arrays[:-1],
        lambda arrays: [*arrays, arrays[0]],
        lambda arrays: [arrays[0].T[:2], *arrays[1:]],
        lambda arrays: [arrays[0].astype("float64"), *arrays[1:]],
        lambda arrays: [arrays[0].astype(object), *arrays[1:]],
        lambda arrays: ["x", *arrays[1:]],
    ],
)
def test_weights_that_do_not_fit_are_refused(change: Any, valid: list[tuple[Description, list[Any]]]) -> None:
    refused(valid[0][0], change(valid[0][1]))


def test_a_model_beyond_the_budget_is_refused(valid: list[tuple[Description, list[Any]]]) -> None:
    assert "parameters" in refused(*valid[0], models.Budget(parameters=20))
    assert "bytes" in refused(*valid[0], models.Budget(bytes=100))
    assert "calls of layers" in refused(*valid[0], models.Budget(layers=3))
    assert "numbers" in refused(*valid[0], models.Budget(activations=3))


def test_an_array_counts_as_often_as_it_is_referred_to() -> None:
    inputs = keras.Input((4,))
    model = keras.Model(inputs, ops.matmul(inputs, np.ones((4, 1000), "float32")))
    description, arrays = models.describe(model)
    refused(description, arrays, models.Budget(parameters=3999))
    models.rebuild(description, arrays, models.Budget(parameters=4000))


@pytest.mark.parametrize("layer", [layers.Dense(5), layers.Embedding(5, 5), layers.LSTM(5), layers.Conv1D(5, 3)])
def test_a_small_description_cannot_ask_for_gigabytes(layer: Any) -> None:
    shape = (4,) if isinstance(layer, layers.Dense | layers.Embedding) else (8, 4)
    model = keras.Sequential([keras.Input(shape), layer])
    description, arrays = models.describe(keras.Sequential([keras.Input(shape), model]))
    text = json.dumps(description).replace("5,", "1000000000,").replace("5]", "1000000000]")
    assert "larger than what came" in refused(json.loads(text), arrays)


def test_nothing_is_left_that_keras_would_allocate_later(valid: list[tuple[Description, list[Any]]]) -> None:
    description, arrays = copy.deepcopy(valid[0][0]), valid[0][1]
    CRAFTED["many units"](description)
    refused(description, arrays)
    before = memory()
    with keras.StatelessScope():
        keras.Sequential([keras.Input((3,)), layers.Dense(2)])
    assert memory() - before < 100


def test_a_registered_class_of_the_examiner_is_not_reached(valid: list[tuple[Description, list[Any]]]) -> None:
    reached = []

    @keras.saving.register_keras_serializable("theirs", name="Dense")
    class Theirs(layers.Dense):
        def __init__(self, **arguments: Any) -> None:
            reached.append(arguments)
            super().__init__(**arguments)

    description, arrays = copy.deepcopy(valid[0][0]), valid[0][1]
    put(*DENSE, "registered_name", to="theirs>Dense")(description)
    refused(description, arrays)
    assert not reached
    assert keras.saving.get_registered_object("theirs>Dense") is Theirs


WORDS = [None, True, False, 0, -1, 1, 2, 7, 10**6, 10**9, 1 << 60, 0.5, float("nan"), float("inf"), "", "x", "relu"]
WORDS += [
    "keras.layers",
    "Dense",
    "__lambda__",
    "function",
    "float16",
    [],
    {},
    [None],
    [[0]],
    [2, 2],
    {"class_name": "x"},
]


def places(value: Any, path: Path = ()) -> Iterator[Path]:
    """The paths to all that is in `value`; those to plain values several times, as they get further into Keras."""
    if path:
        yield from [path] * (1 if isinstance(value, dict | list) else 3)
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        yield from places(item, (*path, key))


def mutate(description: Description, draw: random.Random) -> None:
    """One to three changes: a value replaced, removed, doubled, or copied from elsewhere."""
    for _ in range(draw.randint(1, 3)):
        found = list(places(description))
        *path, last = draw.choice(found)
        place: Any = description
        for key in path:
            place = place[key]
        kind = draw.randrange(10)
        if kind == 0:
            del place[last]
        elif kind == 1 and isinstance(place, list):
            place.insert(draw.randrange(len(place)), copy.deepcopy(place[last]))
        elif kind == 2:
            source: Any = description
            for key in draw.choice(found):
                if not isinstance(source, dict | list) or (isinstance(source, list) and key >= len(source)):
                    break
                source = source[key] if isinstance(source, list) else source.get(key)
            place[last] = copy.deepcopy(source)
        else:
            place[last] = copy.deepcopy(draw.choice(WORDS))


@pytest.mark.parametrize("seed", range(40))
def test_mutated_descriptions_give_a_model_or_model_error(
    seed: int, valid: list[tuple[Description, list[Any]]]
) -> None:
    draw, before, started, longest = random.Random(seed), memory(), time.monotonic(), 0
    for _ in range(12):
        original, arrays = draw.choice(valid)
        description = copy.deepcopy(original)
        mutate(description, draw)
        try:
            assert models.is_model(models.rebuild(description, arrays, models.Budget()))
        except models.ModelError as error:
            longest = max(longest, len(str(error)))
    assert longest < 3000
    assert time.monotonic() - started < 20
    assert memory() - before < 300
