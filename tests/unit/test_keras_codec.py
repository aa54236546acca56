"""Keras models by RPC: they arrive as they were, and change back in place."""

import json
import random
import re
import sys
from typing import Any

import keras
import numpy as np
import pytest
from english_left import english_in

from autograder.common.language import speaking, translated
from autograder.keras_codec import construction, models

layers, ops = keras.layers, keras.ops
BUDGET = models.Budget()
X = np.random.default_rng(0).uniform(0, 1, (32, 12, 12, 1)).astype("float32")
Y = keras.utils.to_categorical(np.arange(32) % 10, 10)


def lecture_network() -> Any:
    """The lecture's network, for smaller images."""
    return keras.Sequential(
        [
            keras.Input((12, 12, 1)),
            layers.Conv2D(8, kernel_size=(3, 3), activation="relu"),
            layers.MaxPooling2D(pool_size=(2, 2)),
            layers.Conv2D(8, (3, 3), activation="relu"),
            layers.MaxPooling2D(pool_size=(2, 2)),
            layers.Flatten(),
            layers.Dense(16, activation="relu"),
            layers.BatchNormalization(),
            layers.Dropout(0.5),
            layers.Dense(10, activation="softmax"),
        ]
    )


def trained() -> Any:
    model = lecture_network()
    model.compile(optimizer="adam", loss="categorical_crossentropy", metrics=["accuracy"])
    model.fit(X, Y, batch_size=16, epochs=2, verbose=0)
    return model


def across(model: Any) -> Any:
    description, arrays = models.describe(model)
    return models.rebuild(json.loads(json.dumps(description)), arrays, BUDGET)


def same_predictions(one: Any, other: Any, x: Any) -> bool:
    pairs = zip(keras.tree.flatten(one(x)), keras.tree.flatten(other(x)), strict=True)
    return all(np.array_equal(a, b) for a, b in pairs)


def test_a_sequential_of_many_layers_is_traced_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(construction, "MAX_TENSORS", 3 * 40)
    model = keras.Sequential([keras.Input((4,)), *(layers.Dense(4) for _ in range(40))])
    assert same_predictions(model, across(model), np.ones((2, 4)))
    monkeypatch.setattr(construction, "MAX_TENSORS", 39)
    with pytest.raises(models.ModelError, match="39 tensors"):
        across(model)


def test_a_trained_network_predicts_and_scores_the_same() -> None:
    model = trained()
    again = across(model)
    assert type(again) is keras.Sequential
    np.testing.assert_array_equal(model.predict(X, verbose=0), again.predict(X, verbose=0))
    assert model.evaluate(X, Y, verbose=0) == again.evaluate(X, Y, verbose=0)
    assert again.loss == "categorical_crossentropy"
    assert [layer.name for layer in again.layers] == [layer.name for layer in model.layers]


def test_training_continues_with_the_optimizers_moments_and_dropouts_seeds() -> None:
    model = trained()
    again = across(model)
    assert int(again.optimizer.iterations) == 4
    losses = [m.fit(X, Y, epochs=2, shuffle=False, verbose=0).history["loss"] for m in (model, again)]
    np.testing.assert_allclose(*losses, rtol=1e-6)


def test_the_history_of_the_training_comes_along() -> None:
    model = trained()
    again = across(model)
    assert again.history.history == model.history.history
    assert again.history.model is again


def test_an_unbuilt_sequential_stays_unbuilt() -> None:
    again = across(keras.Sequential([layers.Dense(3), layers.Dropout(0.5)]))
    assert not again.built
    assert again.weights == []


def test_a_functional_model_with_shared_and_nested_parts_crosses() -> None:
    inputs = keras.Input((4,), name="features")
    shared = layers.Dense(4, name="shared")
    block = keras.Sequential([layers.Dense(4), layers.BatchNormalization()], name="block")
    middle = block(shared(shared(inputs)))
    inner_input = keras.Input((4,))
    inner = keras.Model(inner_input, [layers.Dense(2)(inner_input), inner_input * 2.0], name="inner")
    first, second = inner(middle)
    model = keras.Model({"x": inputs}, {"first": first, "sum": ops.sum(second, axis=-1)})
    again = across(model)
    x = {"x": np.random.default_rng(1).normal(size=(5, 4)).astype("float32")}
    assert same_predictions(model, again, x)
    assert len(again.weights) == len(model.weights)
    assert again(x).keys() == {"first", "sum"}


def test_an_array_in_an_operation_goes_as_an_array() -> None:
    matrix = np.random.default_rng(2).normal(size=(4, 300)).astype("float32")
    inputs = keras.Input((4,))
    model = keras.Model(
        inputs, layers.Dense(2, bias_initializer=keras.initializers.Constant(np.ones(2)))(ops.matmul(inputs, matrix))
    )
    description, arrays = models.describe(model)
    assert len(json.dumps(description)) < 10_000
    assert any(array.shape == matrix.shape for array in arrays)
    assert same_predictions(model, models.rebuild(description, arrays, BUDGET), np.ones((2, 4), "float32"))


def test_an_adapted_normalization_crosses() -> None:
    model = keras.Sequential([keras.Input((3,)), layers.Normalization()])
    model.layers[0].adapt(np.random.default_rng(3).normal(5, 2, (50, 3)))
    assert same_predictions(model, across(model), np.ones((2, 3), "float32"))


def test_a_frozen_layer_stays_frozen() -> None:
    model = lecture_network()
    model.layers[0].trainable = False
    assert [layer.trainable for layer in across(model).layers] == [False] + [True] * 8


def test_mixed_precision_crosses_with_its_loss_scale() -> None:
    model = keras.Sequential([keras.Input((4,)), layers.Dense(3, dtype="mixed_float16")])
    model.compile(keras.optimizers.LossScaleOptimizer(keras.optimizers.SGD(), initial_scale=1.0), "mse")
    model.fit(np.ones((4, 4)), np.ones((4, 3)), verbose=0)
    again = across(model)
    assert again.layers[0].compute_dtype == "float16"
    assert type(again.optimizer) is keras.optimizers.LossScaleOptimizer
    assert int(again.optimizer.iterations) == 1


def test_rebuilding_draws_no_random_numbers() -> None:
    description, arrays = models.describe(lecture_network())
    random.seed(1)
    expected = random.random()
    random.seed(1)
    models.rebuild(description, arrays, BUDGET)
    assert random.random() == expected


def test_a_custom_loss_leaves_the_model_uncompiled_with_the_reason_on_use() -> None:
    def mean_squared_error(y_true: Any, y_pred: Any) -> Any:
        return ops.mean(y_true - y_pred)

    model = lecture_network()
    model.compile("adam", loss=mean_squared_error)
    again = across(model)
    for use in (
        lambda: again.fit(X, Y, verbose=0),
        lambda: again.evaluate(X, Y, verbose=0),
        lambda: again.optimizer.learning_rate,
        lambda: again.loss == "mse",
    ):
        with pytest.raises(RuntimeError, match="loss is a function of your own, `mean_squared_error`"):
            use()
    again.predict(X, verbose=0)
    again.compile("sgd", "mse")
    again.fit(X, Y, verbose=0)


def relu(x: Any) -> Any:
    return x


class Doubled(layers.Layer):
    def call(self, x: Any) -> Any:
        return 2 * x


@keras.saving.register_keras_serializable()
class Registered(keras.initializers.Ones):
    pass


class Subclassed(keras.Model):
    pass


MENTIONED = (
    "Lambda Rescaling Doubled Dense LSTM Registered Subclassed Sequential True "
    "activation kernel_initializer bias_initializer unroll"
).split()


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: keras.Sequential([layers.Lambda(lambda x: x, name="x")]), "layer 'x' is a Lambda.*use Rescaling"),
        (lambda: keras.Sequential([Doubled(name="twice")]), "layer 'twice' is a Doubled.*class of your own"),
        (
            lambda: keras.Sequential([layers.Dense(2, activation=relu, name="d")]),
            "layer 'd'.*function of your own, `relu`",
        ),
        (lambda: keras.Sequential([layers.Dense(2, kernel_initializer=Registered())]), "Registered.*Keras's own"),
        (lambda: keras.Sequential([layers.Dense(2, bias_initializer=lambda s, dtype: 0)]), "bias_initializer.*lambda"),
        (lambda: keras.Sequential([layers.LSTM(2, unroll=True)]), "unroll"),
        (lambda: Subclassed(name="m"), "model 'm' is a Subclassed.*Sequential or functional"),
    ],
)
def test_what_is_not_keras_own_is_refused_by_name(make: Any, message: str) -> None:
    with pytest.raises(models.ModelError, match=f"(?s){message}") as raised:
        models.describe(make())
    with speaking("ru"):
        said = translated(str(raised.value))
    assert english_in(re.sub("'[^']*'", "", said), *MENTIONED) == []  # but for the names of layers


def test_a_layer_in_two_nested_models_is_refused() -> None:
    shared = layers.Dense(2, name="twice")
    one, two = keras.Sequential([shared]), keras.Sequential([shared])
    inputs = keras.Input((2,))
    with pytest.raises(models.ModelError, match="layer 'twice' stands in two models"):
        models.describe(keras.Model(inputs, two(one(inputs))))


def test_a_fit_elsewhere_comes_back_into_the_same_model() -> None:
    model = trained()
    optimizer, history = model.optimizer, model.history
    there = across(model)
    there.fit(X, Y, verbose=0)
    models.update(model, *models.describe(there), BUDGET)
    np.testing.assert_array_equal(model.predict(X, verbose=0), there.predict(X, verbose=0))
    assert model.optimizer is optimizer
    assert model.history is history
    assert history.history == there.history.history
    losses = [m.fit(X, Y, shuffle=False, verbose=0).history["loss"] for m in (model, there)]
    np.testing.assert_allclose(*losses, rtol=1e-6)


def test_layers_added_compiled_and_built_elsewhere_come_back() -> None:
    model = keras.Sequential([layers.Dense(3, name="kept")])
    kept, there = model.layers[0], across(model)
    there.add(layers.Dense(2))
    there.compile("sgd", "mse")
    there.fit(np.ones((4, 5)), np.ones((4, 2)), verbose=0)
    models.update(model, *models.describe(there), BUDGET)
    assert model.layers[0] is kept
    assert model.compiled
    assert same_predictions(model, there, np.ones((1, 5), "float32"))


def test_settings_of_ones_own_stay_when_the_model_comes_back() -> None:
    model = lecture_network()
    model.compile("adam", loss=lambda y_true, y_pred: ops.mean(y_true - y_pred))
    there = across(model)
    there.set_weights([0 * w for w in there.get_weights()])
    models.update(model, *models.describe(there), BUDGET)
    assert not model.get_weights()[0].any()
    model.fit(X, Y, verbose=0)


def test_a_changed_graph_cannot_come_back() -> None:
    inputs = keras.Input((4,))
    model = keras.Model(inputs, layers.Dense(3, activation="relu", name="d")(inputs))
    there = across(model)
    there.get_layer("d").activation = keras.activations.tanh
    with pytest.raises(models.ModelError, match="were changed"):
        models.update(model, *models.describe(there), BUDGET)


def test_a_history_crosses_alone() -> None:
    history = trained().history
    assert models.is_history(history)
    again = models.rebuild_history(models.describe_history(history))
    assert (again.history, again.epoch, again.params) == (history.history, history.epoch, history.params)
    again.history["loss"].append(0.5)
    models.update_history(history, models.describe_history(again))
    assert history.history["loss"][-1] == 0.5


@pytest.mark.parametrize(
    "content",
    [
        None,
        {},
        {"history": {"loss": 1.0}, "epoch": [], "params": {}},
        {"history": {"loss": ["x"]}, "epoch": [], "params": {}},
        {"history": {1: []}, "epoch": [], "params": {}},
        {"history": {}, "epoch": [], "params": {"model": 1}},
        {"history": {}, "epoch": [[]], "params": {}},
    ],
)
def test_a_history_that_is_none_is_refused(content: Any) -> None:
    with pytest.raises(models.ModelError, match="History"):
        models.rebuild_history(content)


def test_without_keras_nothing_is_a_model(monkeypatch: pytest.MonkeyPatch) -> None:
    model = lecture_network()
    assert models.is_model(model)
    monkeypatch.delitem(sys.modules, "keras")
    monkeypatch.delitem(sys.modules, "keras.callbacks", raising=False)
    assert not models.is_model(model)
    assert not models.is_history(trained)
    assert "keras" not in sys.modules
