"""Small models of each kind, to be trained here and by the trainer, and a start for them that is no fresh one."""

from collections.abc import Callable
from typing import Any

import keras

layers = keras.layers
Make = Callable[[], Any]
CROSSENTROPY = "sparse_categorical_crossentropy"


def sequential() -> Any:
    model = keras.Sequential(
        [
            layers.Input((8, 8, 1)),
            layers.Conv2D(4, 3, activation="relu"),
            layers.Flatten(),
            layers.Dense(4, activation="softmax"),
        ]
    )
    model.compile("adam", CROSSENTROPY, metrics=["accuracy"], weighted_metrics=["accuracy"])
    return model


def with_state() -> Any:
    model = keras.Sequential(
        [
            layers.Input((8, 8, 1)),
            layers.RandomFlip(seed=3),
            layers.Conv2D(4, 3, use_bias=False, kernel_regularizer="l2"),
            layers.BatchNormalization(),
            layers.ReLU(),
            layers.Flatten(),
            layers.Dropout(0.3, seed=5),
            layers.Dense(4, kernel_constraint="max_norm"),
        ]
    )
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    schedule = keras.optimizers.schedules.ExponentialDecay(0.05, 2, 0.9)
    optimizer = keras.optimizers.SGD(schedule, momentum=0.9)
    model.compile(optimizer, loss, metrics=[keras.metrics.SparseCategoricalAccuracy("right")])
    return model


def functional() -> Any:
    inputs = keras.Input((8, 8, 1))
    flat = layers.Flatten()(layers.Rescaling(0.5)(inputs))
    hidden = layers.Dense(8, activation="relu")(flat)
    joined = layers.Concatenate()([hidden, keras.ops.mean(flat, axis=1, keepdims=True)])
    model = keras.Model(inputs, layers.Dense(4, activation="softmax")(joined))
    model.compile("rmsprop", CROSSENTROPY, metrics=["accuracy"])
    return model


def nested() -> Any:
    base = keras.Sequential([layers.Input((8, 8, 1)), layers.Conv2D(3, 3), layers.BatchNormalization()], name="base")
    base.trainable = False
    model = keras.Sequential([base, layers.GlobalAveragePooling2D(), layers.Dense(4, activation="softmax")])
    model.build((None, 8, 8, 1))
    model.compile(keras.optimizers.AdamW(0.01), CROSSENTROPY, metrics=["accuracy"])
    return model


def two_outputs() -> Any:
    left, right = keras.Input((8, 8, 1), name="left"), keras.Input((4,), name="right")
    hidden = layers.Concatenate()([layers.Flatten()(left), right])
    outputs = {
        "class": layers.Dense(4, activation="softmax", name="class")(hidden),
        "size": layers.Dense(1, name="size")(hidden),
    }
    model = keras.Model({"left": left, "right": right}, outputs)
    losses = {"class": CROSSENTROPY, "size": "mse"}
    model.compile("adam", losses, metrics={"class": ["accuracy"]}, loss_weights={"class": 1.0, "size": 0.5})
    return model


def half_precision() -> Any:
    model = keras.Sequential(
        [layers.Input((8, 8, 1)), layers.Flatten(), layers.Dense(4, dtype="float32", activation="softmax")]
    )
    model.compile(keras.optimizers.Adam(0.01, ema_momentum=0.9, use_ema=True), CROSSENTROPY, metrics=["accuracy"])
    return model


def given(make: Make) -> Any:
    """A model whose start is no fresh one, so that the trainer takes it as it is."""
    model = make()
    for variable in model.trainable_variables:
        variable.assign(variable * 1.25 + 0.01)
    for variable in model.non_trainable_variables:
        if "seed" not in variable.path:
            variable.assign(variable * 1.0 + 0.01)
    return model
