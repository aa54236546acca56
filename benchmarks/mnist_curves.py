"""The numbers that the text of `mnist` tells of networks which its students don't train themselves.

Four trainings, each with its own mistake (the cell `show_curves` draws their curves), the network with three mistakes
and that network repaired, and the stand-in for a network that isn't there. Takes some minutes on two cores:

    python benchmarks/mnist_curves.py
"""

import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")

import keras
import numpy as np
import tensorflow as tf
from keras.layers import Conv2D, Dense, Dropout, Flatten, MaxPooling2D

IMAGES = 3_000


def trained(layers: list[keras.Layer], optimizer: keras.Optimizer, x: np.ndarray, y: np.ndarray, **options: int):
    """The network of these layers after a training on images `x` and labels `y`; 30 % validate."""
    model = keras.Sequential([keras.Input(shape=(28, 28, 1)), *layers])
    model.compile(optimizer, "categorical_crossentropy", metrics=["accuracy"])
    model.fit(x, keras.utils.to_categorical(y, 10), validation_split=0.3, verbose=0, **options)
    return model


def small() -> list[keras.Layer]:
    """Layers of a small network; its starting weights are always the same."""
    keras.utils.set_random_seed(1)
    hidden = Dense(32, activation="relu")
    return [Conv2D(8, (5, 5), strides=2, activation="relu"), Flatten(), hidden, Dense(10, activation="softmax")]


def main() -> None:
    """Train, and print."""
    tf.config.experimental.enable_op_determinism()
    (x, y), (x_test, y_test) = keras.datasets.mnist.load_data()
    x, x_test = (images[..., np.newaxis] / np.float32(255) for images in (x, x_test))
    some_x, some_y = x[:IMAGES], y[:IMAGES]
    by_label = np.argsort(some_y, kind="stable")
    print("CURVES = {")
    for letter, images, labels, rate, epochs in (
        ("A", some_x[by_label], some_y[by_label], 1e-3, 10),
        ("B", some_x, some_y, 1e-5, 10),
        ("C", x[:300], y[:300], 3e-3, 15),
        ("D", some_x, some_y, 1.0, 10),
    ):
        model = trained(small(), keras.optimizers.Adam(rate), images, labels, batch_size=64, epochs=epochs)
        print(f'    "{letter}": {{')
        for name in ("accuracy", "val_accuracy", "loss", "val_loss"):
            print(f'        "{name}": {[round(value, 2) for value in model.history.history[name]]},')
        print("    },")
    print("}")
    for name, last in (
        ("faulty", [Dense(32, activation="softmax"), Dense(10, activation="relu"), Dropout(0.5)]),
        ("repaired", [Dense(32, activation="relu"), Dropout(0.5), Dense(10, activation="softmax")]),
    ):
        keras.utils.set_random_seed(1)
        layers = [Conv2D(16, (3, 3), activation="relu"), MaxPooling2D((2, 2)), Flatten(), *last]
        model = trained(layers, keras.optimizers.Adam(), some_x, some_y, batch_size=64, epochs=10)
        print(f"the {name} network's validation accuracy: {model.history.history['val_accuracy'][-1]:.2f}")
    keras.utils.set_random_seed(1)
    layers = [Conv2D(8, (5, 5), strides=2, activation="relu"), Flatten(), Dense(10, activation="softmax")]
    model = trained(layers, keras.optimizers.RMSprop(), x, y, batch_size=256, epochs=10)
    read = model.predict(x_test, verbose=0).argmax(axis=1)
    print(f"the stand-in's test accuracy: {np.mean(read == y_test):.3f}")


if __name__ == "__main__":
    main()
