"""After a training elsewhere, everything is as an ordinary `fit` of the same start leaves it."""

import contextlib
import copy
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import keras
import numpy as np
import pytest
from trained_models import (
    CROSSENTROPY,
    Make,
    functional,
    given,
    half_precision,
    nested,
    sequential,
    two_outputs,
    with_state,
)
from trainers import Notebook, fitting, images, trainer_at

from autograder.training.client import TrainerProcess
from autograder.training.training_record import TrainedBy

layers, callbacks = keras.layers, keras.callbacks


@pytest.fixture(scope="module")
def trainer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TrainerProcess]:
    with trainer_at(tmp_path_factory.mktemp("course")) as process:
        yield process


def both(trainer: TrainerProcess, make: Make, *data: Any, **arguments: Any) -> tuple[Any, Any, list[Any], list[Any]]:
    """The same fit here and by the trainer: two models and their callbacks."""
    ours, theirs = given(make), given(make)
    theirs.set_weights(ours.get_weights())
    arguments = {"shuffle": False, "verbose": 0, **arguments}
    found = arguments.pop("callbacks", [])
    own, other = copy.deepcopy(found), copy.deepcopy(found)
    ours.fit(*data, callbacks=own, **arguments)
    notebook = Notebook(trainer)
    with fitting(notebook):
        history = theirs.fit(*data, callbacks=other, **arguments)
    (training,) = notebook.trainings()
    assert training.by == TrainedBy.TRAINER, training
    assert history is theirs.history
    return ours, theirs, own, other


def assert_alike(ours: Any, theirs: Any) -> None:
    for name in ("variables", "metrics_variables"):
        _close(getattr(ours, name), getattr(theirs, name))
    _close(ours.optimizer.variables, theirs.optimizer.variables)
    assert ours.history.epoch == theirs.history.epoch
    assert ours.history.params == theirs.history.params
    assert list(ours.history.history) == list(theirs.history.history)
    for name, values in ours.history.history.items():
        np.testing.assert_allclose(values, theirs.history.history[name], rtol=1e-3, atol=1e-4, err_msg=name)
    assert ours.stop_training == theirs.stop_training


def _close(ours: Any, theirs: Any) -> None:
    for one, other in zip(ours, theirs, strict=True):
        one, other = keras.ops.convert_to_numpy(one), keras.ops.convert_to_numpy(other)
        np.testing.assert_allclose(one.astype("float64"), other.astype("float64"), rtol=1e-3, atol=1e-4)


X, Y = images()
TEST = images(40, seed=1)


@pytest.mark.parametrize("make", [sequential, with_state, functional, nested, half_precision])
def test_a_fit_of_any_built_in_model_is_as_here(trainer: TrainerProcess, make: Make) -> None:
    ours, theirs, _, _ = both(trainer, make, X, Y, epochs=3, validation_data=TEST)
    assert_alike(ours, theirs)
    np.testing.assert_allclose(ours.evaluate(*TEST, verbose=0), theirs.evaluate(*TEST, verbose=0), rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize(
    "arguments",
    [
        {"batch_size": 10},
        {"validation_split": 0.3, "validation_batch_size": 7},
        {"validation_data": TEST, "validation_freq": 2, "epochs": 5},
        {"validation_data": TEST, "validation_freq": [1, 4], "epochs": 4},
        {"validation_data": (*TEST, np.linspace(0, 1, 40)), "validation_steps": 1},
        {"steps_per_epoch": 2, "epochs": 3},
        {"initial_epoch": 2, "epochs": 4},
        {"class_weight": {0: 1.0, 1: 2.0, 2: 0.5, 3: 1}},
        {"sample_weight": np.linspace(0.5, 1.5, len(X))},
        {"epochs": np.int64(2)},
    ],
    ids=lambda arguments: "-".join(arguments),
)
def test_every_argument_of_fit_does_what_it_does_here(trainer: TrainerProcess, arguments: dict[str, Any]) -> None:
    ours, theirs, _, _ = both(trainer, sequential, X, Y, **{"epochs": 2, **arguments})
    assert_alike(ours, theirs)


def test_inputs_and_outputs_by_name(trainer: TrainerProcess) -> None:
    inputs = {"left": X, "right": np.eye(4)[Y]}
    ours, theirs, _, _ = both(
        trainer, two_outputs, inputs, {"class": Y, "size": Y * 0.1}, epochs=2, validation_split=0.2
    )
    assert_alike(ours, theirs)
    assert "val_class_accuracy" in theirs.history.history


def unsorted_outputs() -> Any:
    image = layers.Input((8, 8, 1))
    flat = layers.Flatten()(image)
    model = keras.Model(
        image, {"zeta": layers.Dense(1, name="zeta")(flat), "alpha": layers.Dense(2, name="alpha")(flat)}
    )
    model.compile("sgd", {"zeta": "mse", "alpha": "mae"}, metrics={"zeta": ["mae"], "alpha": ["mse"]})
    return model


def test_outputs_keep_their_order(trainer: TrainerProcess) -> None:
    ours, theirs, _, _ = both(trainer, unsorted_outputs, X, {"zeta": Y * 3.0, "alpha": np.eye(2)[Y % 2]})
    assert_alike(ours, theirs)
    one, other = ({name: float(v) for name, v in model.get_metrics_result().items()} for model in (ours, theirs))
    assert one == pytest.approx(other, rel=1e-3)


def two_classes() -> Any:
    model = keras.Sequential([layers.Input((8, 8, 1)), layers.Flatten(), layers.Dense(1, activation="sigmoid")])
    model.compile("sgd", "binary_crossentropy", metrics=[keras.metrics.F1Score(threshold=0.5, name="f1")])
    return model


def test_a_metric_with_a_value_for_each_class_stays_one(trainer: TrainerProcess) -> None:
    ours, theirs, _, _ = both(trainer, two_classes, X, (Y % 2)[:, None].astype("float32"))
    one, other = (model.history.history["f1"][0] for model in (ours, theirs))
    assert (type(other), np.shape(other)) == (type(one), np.shape(one))


def test_no_epoch_leaves_the_weights(trainer: TrainerProcess) -> None:
    model = sequential()
    model.build((None, 8, 8, 1))
    before = model.get_weights()
    with fitting(Notebook(trainer)):
        model.fit(X, Y, epochs=1, initial_epoch=1, verbose=0)
    _close(before, model.get_weights())


def test_an_argument_that_fit_does_not_have_is_told_by_keras(trainer: TrainerProcess) -> None:
    said = []
    for place in (contextlib.nullcontext(), fitting(Notebook(trainer))):
        with place, pytest.raises(TypeError) as caught:
            sequential().fit(X, Y, epoch=3)
        said.append(str(caught.value))
    assert said[0] == said[1]


def test_tensors_and_tables_are_data(trainer: TrainerProcess) -> None:
    import pandas as pd

    def table() -> Any:
        model = keras.Sequential([layers.Input((3,)), layers.Dense(1)])
        model.compile("sgd", "mse")
        return model

    frame = pd.DataFrame(np.random.default_rng(0).normal(size=(50, 3)), columns=list("abc"))
    ours, theirs, _, _ = both(trainer, table, frame, frame["a"] * 2, epochs=2)
    assert_alike(ours, theirs)
    ours, theirs, _, _ = both(trainer, sequential, keras.ops.convert_to_tensor(X), keras.ops.convert_to_tensor(Y))
    assert_alike(ours, theirs)


def test_early_stopping_ends_as_here(trainer: TrainerProcess, capsys: pytest.CaptureFixture[str]) -> None:
    stopping = callbacks.EarlyStopping("loss", mode="max", patience=2, restore_best_weights=True, verbose=1)
    ours, theirs, (own,), (other,) = both(trainer, sequential, X, Y, epochs=9, callbacks=[stopping])
    assert_alike(ours, theirs)
    assert len(theirs.history.epoch) == 3
    for name in ("wait", "stopped_epoch", "best_epoch", "min_delta"):
        assert getattr(own, name) == getattr(other, name), name
    assert own.best == pytest.approx(other.best, rel=1e-3)
    _close(own.best_weights, other.best_weights)
    first, second = capsys.readouterr().out.strip().split("\n", 1)[0], "Epoch 3: early stopping"
    assert first == second


def test_early_stopping_restores_a_best_epoch_in_the_middle(trainer: TrainerProcess) -> None:
    stopping = callbacks.EarlyStopping("val_loss", patience=3, restore_best_weights=True)

    def fast() -> Any:
        model = sequential()
        model.compile(keras.optimizers.SGD(0.4), CROSSENTROPY)
        return model

    ours, theirs, (own,), (other,) = both(
        trainer, fast, X, Y, epochs=12, callbacks=[stopping], validation_data=images(16, seed=9)
    )
    assert own.best_epoch == other.best_epoch
    _close(own.best_weights, other.best_weights)
    _close(ours.variables, theirs.variables)


def test_learning_rates_are_reduced_as_here(trainer: TrainerProcess) -> None:
    reduce = callbacks.ReduceLROnPlateau("loss", mode="max", factor=0.5, patience=1, cooldown=1, min_lr=1e-4)
    ours, theirs, (own,), (other,) = both(trainer, sequential, X, Y, epochs=6, callbacks=[reduce])
    assert_alike(ours, theirs)
    assert theirs.history.history["learning_rate"][-1] < 0.001
    assert (own.wait, own.cooldown_counter) == (other.wait, other.cooldown_counter)


def test_a_loss_that_is_no_number_ends_it_as_here(trainer: TrainerProcess, capsys: pytest.CaptureFixture[str]) -> None:
    def exploding() -> Any:
        model = sequential()
        model.compile("sgd", "mse")
        return model

    y = np.eye(4)[Y]
    y[40] = np.nan
    ours, theirs, _, _ = both(trainer, exploding, X, y, epochs=3, callbacks=[callbacks.TerminateOnNaN()])
    assert ours.stop_training
    assert theirs.stop_training
    assert ours.history.epoch == theirs.history.epoch
    assert capsys.readouterr().out.count("Batch 1: Invalid loss, terminating training") == 2


def test_files_are_written_as_here(trainer: TrainerProcess, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = []
    for name in ("ours", "theirs"):
        folder = tmp_path / name
        folder.mkdir()
        monkeypatch.chdir(folder)
        model = given(sequential) if name == "ours" else model_from(found[0][1], sequential)
        start = model.get_weights()
        cb = [
            callbacks.CSVLogger("log.csv"),
            callbacks.ModelCheckpoint("each-{epoch}.weights.h5", save_weights_only=True),
            callbacks.ModelCheckpoint("best.keras", "loss", save_best_only=True, initial_value_threshold=0.9),
            callbacks.ReduceLROnPlateau("loss", mode="max", patience=1),
        ]
        if name == "ours":
            model.fit(X, Y, epochs=3, shuffle=False, verbose=0, callbacks=cb)
        else:
            with fitting(Notebook(trainer)):
                model.fit(X, Y, epochs=3, shuffle=False, verbose=0, callbacks=cb)
        found.append((sorted(path.name for path in folder.iterdir()), start, folder, cb))
    assert found[0][0] == found[1][0]
    for file in found[0][0]:
        one, other = found[0][2] / file, found[1][2] / file
        if file.endswith(".csv"):
            np.testing.assert_allclose(
                *(np.loadtxt(p, delimiter=",", skiprows=1, usecols=(0, 1, 2)) for p in (one, other)), rtol=1e-3
            )
            assert one.read_text().splitlines()[0] == other.read_text().splitlines()[0]
        elif file.endswith(".keras"):
            first, second = (keras.saving.load_model(path) for path in (one, other))
            _close(first.variables, second.variables)
            _close(first.optimizer.variables, second.optimizer.variables)
        else:
            first, second = sequential(), sequential()
            first.load_weights(one)
            second.load_weights(other)
            _close(first.variables, second.variables)
    assert found[0][3][2].best == pytest.approx(found[1][3][2].best, rel=1e-3)


def model_from(weights: Any, make: Make) -> Any:
    model = make()
    model.set_weights(weights)
    return model


def test_a_second_fit_goes_on_as_here(trainer: TrainerProcess) -> None:
    ours, theirs = given(sequential), given(sequential)
    theirs.set_weights(ours.get_weights())
    notebook = Notebook(trainer)
    for epochs in (2, 3):
        ours.fit(X, Y, epochs=epochs, shuffle=False, verbose=0)
        with fitting(notebook):
            theirs.fit(X, Y, epochs=epochs, shuffle=False, verbose=0)
    assert_alike(ours, theirs)
    ours.fit(X, Y, shuffle=False, verbose=0)  # and by hand
    theirs.fit(X, Y, shuffle=False, verbose=0)
    assert_alike(ours, theirs)


@pytest.mark.parametrize("verbose", [0, 1, 2, "auto"])
def test_the_lines_are_those_of_keras(
    trainer: TrainerProcess, verbose: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    import re

    def printed(text: str) -> list[str]:
        """The last state of each line, without colours and times, numbers as #."""
        plain = re.sub(r"\x1b\[[0-9;]*m", "", text.replace("\r\n", "\n").replace("\x08", ""))
        lines = [line.split("\r")[-1] for line in plain.split("\n")]
        return [
            re.sub(r"\d+(ms|s|us)/step|\b\d+s\b|\d\.\d+(e[-+]\d+)?", "#", line).strip()
            for line in lines
            if line.strip()
        ]

    model = given(sequential)
    model.fit(X, Y, epochs=2, validation_split=0.25, verbose=verbose)
    here = printed(capsys.readouterr().out)
    with fitting(Notebook(trainer)):
        model = given(sequential)
        model.fit(X, Y, epochs=2, validation_split=0.25, verbose=verbose)
    there = printed(capsys.readouterr().out)
    assert there == here
    assert len(there) == (0 if verbose == 0 else 4)


class Custom(layers.Layer):
    def call(self, x: Any) -> Any:
        return x * 2


def custom_layer() -> Any:
    model = keras.Sequential([layers.Input((8, 8, 1)), Custom(), layers.Flatten(), layers.Dense(4)])
    model.compile("sgd", "mse")
    return model


def changed(how: Callable[[Any], None], optimizer: Any = "sgd") -> Make:
    """A network that was changed after it was built, in a way that its layers' configuration does not tell."""

    def make() -> Any:
        model = sequential()
        model.compile(optimizer() if callable(optimizer) else optimizer, CROSSENTROPY)
        how(model)
        return model

    return make


def held(name: str, value: Any, *, variable: bool) -> Make:
    def how(model: Any) -> None:
        model.build((None, 8, 8, 1))
        layer = model.layers[-1]
        setattr(layer.kernel if variable else layer, name if variable else f"kernel_{name}", value)

    return changed(how)


def adamw() -> Any:
    optimizer = keras.optimizers.AdamW(0.1, weight_decay=0.5)
    optimizer.exclude_from_weight_decay(var_names=["bias"])
    return optimizer


def doubled(model: Any) -> None:
    call = model.layers[-1].call
    model.layers[-1].call = lambda x, **named: 2 * call(x, **named)


class Weights(NamedTuple):
    all: Any


class Noisy(callbacks.Callback):
    seen = 0

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        Noisy.seen += 1


def generator() -> Any:
    while True:
        yield X, Y


@pytest.mark.parametrize(
    ("make", "data", "arguments", "reason"),
    [
        (custom_layer, (X, np.eye(4)[Y]), {}, "Custom"),
        (sequential, (X, Y), {"callbacks": [Noisy()]}, "the callback Noisy is code"),
        (sequential, (X, Y), {"callbacks": [callbacks.LambdaCallback(on_epoch_end=print)]}, "LambdaCallback is code"),
        (sequential, (generator(),), {"steps_per_epoch": 2}, "x is a generator"),
        (sequential, (X, Y), {"callbacks": [callbacks.LearningRateScheduler(lambda epoch: 0.1)]}, "is code"),
        (changed(lambda model: None, adamw), (X, Y), {}, "exclude_from_weight_decay"),
        (held("regularizer", keras.regularizers.L2(0.5), variable=False), (X, Y), {}, "regularizer that was set after"),
        (held("regularizer", keras.regularizers.L2(0.5), variable=True), (X, Y), {}, "regularizer that was set after"),
        (held("constraint", keras.constraints.NonNeg(), variable=True), (X, Y), {}, "constraint that was set after"),
        (changed(doubled), (X, Y), {}, "call is a function of your own"),
        (sequential, (X, Y), {"sample_weight": Weights(np.ones(len(X)))}, "sample_weight is a Weights"),
        (sequential, (X, Y), {"class_weight": {str(number): 2.0 for number in range(4)}}, "the classes' numbers"),
    ],
    ids=[
        *("layer", "callback", "lambda", "generator", "scheduler", "decay", "regularizer", "its variable's"),
        *("constraint", "call", "namedtuple", "class weight"),
    ],
)
def test_what_is_code_trains_in_the_notebook_and_the_record_says_why(
    trainer: TrainerProcess, make: Make, data: Any, arguments: dict[str, Any], reason: str
) -> None:
    notebook, model = Notebook(trainer), make()
    with fitting(notebook):
        model.fit(*data, verbose=0, **arguments)
    (training,) = notebook.trainings()
    assert training.by == TrainedBy.CANDIDATE
    assert reason in training.reason
    assert model.history.epoch == [0]


def test_eager_models_and_losses_of_ones_own_train_in_the_notebook(trainer: TrainerProcess) -> None:
    def loss(y: Any, p: Any) -> Any:
        return keras.ops.mean((y - p) ** 2)

    for settings, reason in (({"run_eagerly": True, "loss": "mse"}, "run_eagerly"), ({"loss": loss}, "`loss`")):
        notebook, model = Notebook(trainer), sequential()
        model.compile("sgd", **settings)
        with fitting(notebook):
            model.fit(X, np.eye(4)[Y], verbose=0)
        (training,) = notebook.trainings()
        assert reason in training.reason


@pytest.mark.parametrize("kind", ["shape", "labels", "uncompiled"])
def test_keras_itself_says_what_is_wrong(trainer: TrainerProcess, kind: str) -> None:
    data = {"shape": (X[:, :4], Y), "labels": (X, Y + 2), "uncompiled": (X, Y)}[kind]
    errors = []
    for number in range(2):
        model = sequential()
        model = keras.Sequential(model.layers) if kind == "uncompiled" else model
        with (
            fitting(Notebook(trainer)) if number else contextlib.nullcontext(),
            pytest.raises(Exception, match=r".+") as caught,
        ):
            model.fit(*data, verbose=0)
        errors.append((type(caught.value), str(caught.value)[:60]))
    assert errors[0] == errors[1]
