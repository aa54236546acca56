# %% [markdown]
# # Homework 4: color images, CIFAR-10 and CIFAR-100
#
# This notebook answers item 3 of the homework on the lecture's last slide: "if this turns out to be easy, try `cifar10`,
# `cifar100`", with its hint that the images are RGB, so "where the dimensions of the data are concerned, 1 has to become
# 3". CIFAR-10 has ten classes again, but they are photographs: a cat may sit anywhere, in any pose, in front of any
# background. With 3 channels and no other change, the lecture's network reaches a test accuracy of about 0.60 after 10
# epochs; a network without convolutions reaches about 0.39.
#
# **You will**
#
# - adapt a network to color, and keep its memory and its parameters within a budget;
# - check a network before a long training: can it learn 20 images by heart, and with which learning rate?
# - add batch normalization, L2 regularization, augmentation and early stopping in Keras, and measure what they do;
# - train a network of your own design, and analyze its errors in words;
# - go on to the hundred classes of CIFAR-100.
#
# **Time**: 4 to 5 hours, with one training run of 2 to 7 minutes on two CPU cores and several shorter ones. **Memory**:
# 4 GB. **Points**: 80, of which 8 are given by hand.
#
# **How to work**: run the cells from top to bottom (Shift+Enter). Write your code where `raise NotImplementedError`
# stands, then run the test cell below it: no error means that the visible tests pass. Grading runs further tests on
# other inputs, so solve the exercise rather than its tests. An exercise that you leave out costs its own points only.
# *Run All* stops at the first cell that fails. To leave an exercise for later, select the heading of the next
# exercise and choose *Run → Run Selected Cell and All Below* (in Colab: *Runtime → Run cell and below*). If a test cell shows a
# warning, find its cause: this course's grader takes no points for one, but plain nbgrader does. Before you submit,
# choose *Kernel → Restart Kernel and Run All Cells* (in Colab: *Runtime → Restart session and run all*), check that everything still
# works, and save. Don't rename the file.
#
# **In a hurry?** Set `QUICK = True` in the next cell: few images and few epochs, seconds instead of minutes. The
# accuracies, the curves of Part 3 included, are then meaningless. Grading always puts `QUICK = False` back.

# %% nbgrader={"grade_id": "setup", "locked": true}
import os
import warnings

# Before TensorFlow: only errors in its log, and the faster convolutions on CPUs.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")

import keras
import matplotlib.pyplot as plt
import numpy as np
import tensorflow as tf
from keras.datasets import cifar10
from keras.layers import BatchNormalization, Conv2D, Dense, Dropout, Flatten, MaxPooling2D, Rescaling
from keras.models import Sequential
from keras.optimizers import Adam
from keras.optimizers.schedules import CosineDecay

QUICK = False  # True: 2,000 images and 1 epoch, for trying things
SEED = 1

tf.get_logger().setLevel("ERROR")
tf.config.experimental.enable_op_determinism()  # the same training twice gives the same network
keras.utils.set_random_seed(SEED)
# The slides give the first layer an `input_shape`; Keras 3 still takes it, and warns.
warnings.filterwarnings("ignore", message="Do not pass an `input_shape`")


# %% nbgrader={"grade_id": "expect", "locked": true}
class WrongAnswer(AssertionError):
    """What a test found wrong. Jupyter shows its message alone, without the lines of the test around it."""

    def _render_traceback_(self):
        return str(self).splitlines()


def expect(what, received, expected, look, tolerance=1e-6):
    """Raise WrongAnswer unless `received` has the shape of `expected` and its values within `tolerance`."""
    try:
        same = np.shape(received) == np.shape(expected) and np.allclose(
            received, expected, rtol=tolerance, atol=tolerance
        )
    except (TypeError, ValueError, OverflowError):  # not numbers
        same = type(received) is type(expected) and received == expected
    if same:
        return
    if received is None:
        received = "None (is a `return` missing?)"
    elif isinstance(received, np.ndarray):
        expected = np.asarray(expected)
        if received.shape != expected.shape:
            expected, received = f"shape {expected.shape}", f"shape {received.shape}"
    lines = [f"{what}:"]
    for label, value in (("expected", expected), ("received", received)):
        lines.append(f"  {label} " + str(value).replace("\n", "\n" + " " * 11))
    raise WrongAnswer("\n".join([*lines, f"Look at {look}."]))


# %% [markdown]
# # Part 1: three channels
#
# `load_data` downloads 170 MB once and keeps them in `~/.keras`. If the download fails, try again later or on another
# network.
#
# Everybody has the same budget for the network that is graded: `epochs` epochs in batches of `batch_size`, and at most
# `max_parameters` parameters.

# %% nbgrader={"grade_id": "load", "locked": true}
batch_size = 128
epochs = 1 if QUICK else 8
max_parameters = 300_000
class_names = ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"]
num_classes = len(class_names)

(raw_x_train, raw_y_train), (raw_x_test, raw_y_test) = cifar10.load_data()
if QUICK:
    raw_x_train, raw_y_train = raw_x_train[:2000], raw_y_train[:2000]
    raw_x_test, raw_y_test = raw_x_test[:1000], raw_y_test[:1000]

print(f"training: images {raw_x_train.shape} {raw_x_train.dtype}, labels {raw_y_train.shape}")
print(f"test:     images {raw_x_test.shape} {raw_x_test.dtype}, labels {raw_y_test.shape}")

# %% nbgrader={"grade_id": "look", "locked": true}
figure = plt.figure(figsize=(8, 5))
for i in range(15):
    axes = figure.add_subplot(3, 5, i + 1, xticks=[], yticks=[])
    axes.set_xlabel(class_names[raw_y_train[i, 0]])
    axes.imshow(raw_x_train[i])
figure.suptitle("The first 15 training images")
figure.tight_layout()
plt.show()

# %% [markdown]
# The images have a channel axis already, with 3 channels: red, green, blue. At 32×32 pixels, some are hard to recognize
# even for people.
#
# ## Exercise 1: labels (2 points)
#
# The labels come as a *column*, an array of shape (n, 1). Write `flatten_labels(labels)`: return an array of shape (n,)
# with the same whole numbers, made by `labels.reshape(-1)` or `labels[:, 0]`. Why bother? With a column, nothing fails
# and everything is wrong: `predictions == labels` compares (n,) with (n, 1), which broadcasts to n × n answers.


# %% nbgrader={"grade_id": "flatten_labels", "solution": true}
def flatten_labels(labels):
    """Turn labels (n, 1) into labels (n,)."""
    ### BEGIN SOLUTION
    return labels.reshape(-1)
    ### END SOLUTION


# %% nbgrader={"grade_id": "test_flatten_labels", "grade": true, "locked": true, "points": 2}
_flat = flatten_labels(np.array([[6], [9], [4]], dtype="uint8"))
expect("Exercise 1, what flatten_labels returns", type(_flat).__name__, "ndarray", "`return`: an array is wanted")
expect("Exercise 1, flatten_labels of [[6], [9], [4]]", _flat, [6, 9, 4], "the second axis")
expect(
    "Exercise 1, the kind of numbers that flatten_labels returns",
    "whole numbers" if _flat.dtype.kind in "iu" else str(_flat.dtype),
    "whole numbers",
    "what changes the dtype",
)
expect(
    "Exercise 1, flatten_labels of a single label, [[7]]",
    flatten_labels(np.array([[7]], dtype="uint8")),
    [7],
    "`squeeze`, which removes the first axis too",
)
### BEGIN HIDDEN TESTS
_column = np.array([[250], [3]], dtype="uint8")
expect("Exercise 1, flatten_labels of [[250], [3]]", flatten_labels(_column), [250, 3], "the values")
expect("Exercise 1, the labels given, after the call", _column, [[250], [3]], "what changes an array in place")
### END HIDDEN TESTS

# %% [markdown]
# ## Exercise 2: questions about color (4 points)
#
# 1. `answer_first_layer`: a list of two whole numbers, the parameters of a first layer `Conv2D(32, (3, 3))` for images
#    with 1 channel and for images with 3 channels. Biases count.
# 2. `answer_megabytes`: a list of two numbers, the megabytes (1 MB = 1,000,000 bytes) that all 50,000 training images
#    take in memory as `uint8` and as `float32`.

# %% nbgrader={"grade_id": "answers", "solution": true}
# answer_first_layer, answer_megabytes = …
### BEGIN SOLUTION
answer_first_layer = [320, 896]
answer_megabytes = [153.6, 614.4]
### END SOLUTION

# %% nbgrader={"grade_id": "test_answer_first_layer", "grade": true, "locked": true, "points": 2}
expect(
    "Exercise 2, the length of answer_first_layer", len(answer_first_layer), 2, "one number for 1 channel and one for 3"
)
### BEGIN HIDDEN TESTS
for _received, _channels in zip(answer_first_layer, (1, 3)):
    if _received != 32 * (3 * 3 * _channels + 1):
        raise WrongAnswer(
            f"Exercise 2, answer_first_layer for {_channels} channel(s): {_received} is not right.\nLook at the size of a kernel: height × width × input channels."
        )
### END HIDDEN TESTS

# %% nbgrader={"grade_id": "test_answer_megabytes", "grade": true, "locked": true, "points": 2}
expect(
    "Exercise 2, the length of answer_megabytes", len(answer_megabytes), 2, "one number for uint8 and one for float32"
)
### BEGIN HIDDEN TESTS
for _received, _dtype in zip(answer_megabytes, ("uint8", "float32")):
    if not abs(_received - 50_000 * 32 * 32 * 3 * np.dtype(_dtype).itemsize / 1e6) <= 1:
        raise WrongAnswer(
            f"Exercise 2, answer_megabytes as {_dtype}: {_received} is not right.\nLook at the bytes per number, and at how many numbers an image has."
        )
### END HIDDEN TESTS

# %% [markdown]
# That is why the images stay `uint8` here. The division by 255 moves into the network, as its first layer
# `Rescaling(1 / 255)`, so that only the images of the current batch are ever floating-point numbers. This has another
# advantage: whoever loads the saved network can't forget the division, or do it twice.


# %% nbgrader={"grade_id": "preprocess", "locked": true}
def preprocess(images):
    """Return `images` as they are, uint8 (n, height, width, 3): the network scales them."""
    return images


# %% nbgrader={"grade_id": "prepare", "locked": true}
x_train, x_test = preprocess(raw_x_train), preprocess(raw_x_test)
y_train, y_test = flatten_labels(raw_y_train), flatten_labels(raw_y_test)
print(f"images {x_train.shape} {x_train.dtype}, {x_train.nbytes / 1e6:.1f} MB; labels {y_train.shape}")

# %% [markdown]
# The next cell defines a helper function for the tests; you may find it useful too.


# %% nbgrader={"grade_id": "all_layers", "locked": true}
def all_layers(network):
    """The layers of `network` in order, those of networks inside it included, without its `Input`."""
    layers = []
    for layer in network.layers:
        if hasattr(layer, "layers"):
            layers += all_layers(layer)
        elif type(layer).__name__ != "InputLayer":
            layers.append(layer)
    return layers


# %% [markdown]
# ## Exercise 3: the network (10 points)
#
# Write `build_model(input_shape, num_classes)`: return a network of your own design, not compiled, for images of
# `input_shape` (height, width, channels). The rules:
#
# - its first layer is `Rescaling(1 / 255)`, so it takes raw uint8 images, and it has at least one `Conv2D`;
# - its last layer is `Dense(num_classes, activation="softmax")`;
# - it has at most `max_parameters` parameters;
# - the outputs of all its layers for one batch, stored as float32 and counted twice (training stores gradients of the
#   same size), take at most 4 GB.
#
# Build it with `Sequential` or the functional API, from layers that come with Keras. The tests also build it for gray
# images of 40×36 pixels and for 4 classes.
#
# The lecture's network (`Conv2D` with 32 filters, pooling, `Conv2D` with 64, pooling, `Dense` with 64 units and dropout)
# meets all of these, and makes a good first version: the next exercises examine it, and you come back here before the
# long training. Ideas for a better one: a third convolution, `BatchNormalization()` after a convolution or a pooling
# layer, less dropout or dropout elsewhere, `padding="same"`, `keras.layers.RandomFlip("horizontal")` after the scaling (a
# mirrored horse is still a horse). Doubling the filters in every layer means about four times the work.


# %% nbgrader={"grade_id": "build_model", "solution": true}
def build_model(input_shape, num_classes):
    """Return a network for raw uint8 images, not compiled, of at most `max_parameters` parameters."""
    ### BEGIN SOLUTION
    return Sequential(
        [
            keras.Input(shape=input_shape),
            Rescaling(1 / 255),
            Conv2D(32, (3, 3), activation="relu"),
            MaxPooling2D((2, 2)),
            BatchNormalization(),
            Conv2D(64, (3, 3), activation="relu"),
            MaxPooling2D((2, 2)),
            BatchNormalization(),
            Conv2D(64, (3, 3), activation="relu"),
            BatchNormalization(),
            Flatten(),
            Dropout(0.4),
            Dense(64, activation="relu"),
            Dense(num_classes, activation="softmax"),
        ]
    )
    ### END SOLUTION


# %% nbgrader={"grade_id": "test_channels", "grade": true, "locked": true, "points": 2}
_network = build_model((32, 32, 3), 10)
expect("Exercise 3, the input's shape", tuple(_network.input_shape), (None, 32, 32, 3), "the argument `input_shape`")
expect(
    "Exercise 3, the input's shape for gray images of 40×36",
    tuple(build_model((40, 36, 1), 10).input_shape),
    (None, 40, 36, 1),
    "the argument `input_shape`",
)
_convolutions = [layer for layer in all_layers(_network) if isinstance(layer, Conv2D)]
expect("Exercise 3, the number of Conv2D layers (at least 1)", min(len(_convolutions), 1), 1, "the layers")
expect(
    "Exercise 3, the channels that the first Conv2D gets",
    _convolutions[0].input.shape[-1],
    3,
    "the layers before the first `Conv2D`",
)

# %% nbgrader={"grade_id": "test_sizes", "grade": true, "locked": true, "points": 2}
_network = build_model((32, 32, 3), 10)
expect("Exercise 3, the output's shape", tuple(_network.output_shape), (None, 10), "the last layer")
_numbers = sum(int(np.prod(layer.output.shape[1:])) for layer in all_layers(_network))
_gigabytes = 2 * 4 * _numbers * 128 / 1e9
expect(
    "Exercise 3, the gigabytes that a batch of 128 takes (at most 4)",
    max(_gigabytes, 4),
    4,
    "the largest outputs in `summary()`",
)
_images = np.linspace(0, 255, 2 * 32 * 32 * 3).reshape(2, 32, 32, 3).astype("uint8")
_sums = keras.ops.convert_to_numpy(_network(_images)).sum(axis=1)
expect(
    "Exercise 3, the sum of the outputs for two images", _sums, [1, 1], "the last layer's activation", tolerance=1e-5
)

# %% nbgrader={"grade_id": "test_budget", "grade": true, "locked": true, "points": 2}
_count = build_model((32, 32, 3), 10).count_params()
expect(
    f"Exercise 3, the number of parameters (at most {max_parameters})",
    max(_count, max_parameters),
    max_parameters,
    "the layer with the most parameters in `summary()`: often the first `Dense`",
)

# %% nbgrader={"grade_id": "test_raw", "grade": true, "locked": true, "points": 2}
_first = all_layers(build_model((32, 32, 3), 10))[0]
expect("Exercise 3, the first layer", type(_first).__name__, "Rescaling", "the layer after `keras.Input`")
_scaled = keras.ops.convert_to_numpy(_first(np.array([[0.0, 51.0, 255.0]], dtype="float32")))
expect(
    "Exercise 3, the values 0, 51 and 255 after the Rescaling", _scaled, [[0, 0.2, 1]], "its argument", tolerance=1e-5
)

# %% nbgrader={"grade_id": "test_classes", "grade": true, "locked": true, "points": 2}
expect(
    "Exercise 3, the output's shape for 4 classes",
    tuple(build_model((32, 32, 3), 4).output_shape),
    (None, 4),
    "the argument `num_classes`",
)

# %% nbgrader={"grade_id": "summary", "locked": true}
keras.utils.set_random_seed(SEED)  # the starting weights don't depend on what ran before
model = build_model(x_train.shape[1:], num_classes)
model.summary()

# %% [markdown]
# Compared with MNIST, only the first layer is different: its kernels are 3×3×3 instead of 3×3×1. The layers behind it get
# feature maps, as before.
#
# ## Exercise 4: loss, optimizer, metric (3 points)
#
# Write `compile_model(model)`: compile `model` with the loss `"sparse_categorical_crossentropy"` (the cross-entropy for
# labels that are whole numbers of shape (n,), without one-hot rows), the metric `"accuracy"`, and an optimizer with a
# learning rate of your choice. Return the same model.
#
# The learning rate may fall during training: in place of the number, an optimizer also takes a schedule such as
# `CosineDecay(start, steps)`, which goes from `start` to 0 in `steps` steps. For the whole training, `steps` is
# `int(epochs * 0.9 * len(x_train) / batch_size)`; 0.9, because Exercise 10 sets 10 % of the images aside to validate.


# %% nbgrader={"grade_id": "compile_model", "solution": true}
def compile_model(model):
    """Compile `model` for labels that are whole numbers. Returns `model`."""
    ### BEGIN SOLUTION
    steps = epochs * int(0.9 * len(x_train) / batch_size)
    optimizer = Adam(CosineDecay(0.003, steps))
    model.compile(loss="sparse_categorical_crossentropy", optimizer=optimizer, metrics=["accuracy"])
    return model
    ### END SOLUTION


# %% nbgrader={"grade_id": "test_compile", "grade": true, "locked": true, "points": 3}
_tiny = Sequential([keras.Input(shape=(4,)), Dense(3, activation="softmax")])
_compiled = compile_model(_tiny)
expect(
    "Exercise 4, what compile_model returns", type(_compiled).__name__, "Sequential", "`return`: the model is wanted"
)
_x = np.linspace(-2, 2, 24, dtype="float32").reshape(6, 4)
_y = np.array([0, 1, 2, 1, 0, 2])
_p = keras.ops.convert_to_numpy(_tiny(_x))
try:
    _measured = _tiny.evaluate(_x, _y, verbose=0, return_dict=True)
except Exception as error:
    raise WrongAnswer(
        f"Exercise 4, evaluate with labels [0, 1, 2, 1, 0, 2]:\n  expected a loss\n  received {type(error).__name__}\nLook at the argument `loss`, and at which model you compile."
    ) from None
_accuracies = [_measured[name] for name in ("accuracy", "acc", "sparse_categorical_accuracy") if name in _measured]
expect(
    "Exercise 4, the accuracy of six known predictions",
    _accuracies[:1],
    [float((_p.argmax(1) == _y).mean())],
    "the argument `metrics`",
    tolerance=1e-5,
)
### BEGIN HIDDEN TESTS
expect(
    "Exercise 4, the loss of six known predictions",
    _measured["loss"],
    float(-np.log(_p[np.arange(6), _y]).mean()),
    "the argument `loss`",
    tolerance=1e-4,
)
### END HIDDEN TESTS

# %% [markdown]
# A learning rate that falls lets the first epochs take large steps and the last ones settle.
#
# # Part 2: before a long training
#
# A long training is a bad way to find a mistake. Two short checks come first.
#
# ## Exercise 5: overfit 20 images first (4 points)
#
# A network that can learn at all can learn 20 images by heart. If it can't, then something is wrong: labels that belong
# to other images, a learning rate far off, the wrong loss, an activation where none should be. Make this check a habit
# before any long training: it takes seconds.
#
# Write `overfit(model, x, y, epochs)`: `fit` the compiled `model` on the first 20 images and labels alone, `x[:20]` and
# `y[:20]`, with `batch_size=20`, `epochs=epochs`, `verbose=0` and no validation. Return the largest training accuracy of
# all epochs, a number; the `History` that `fit` returns has the list `history.history["accuracy"]`.


# %% nbgrader={"grade_id": "overfit", "solution": true}
def overfit(model, x, y, epochs):
    """Fit the compiled `model` on the first 20 of the images `x` and labels `y`. Returns its best training accuracy."""
    ### BEGIN SOLUTION
    history = model.fit(x[:20], y[:20], batch_size=20, epochs=epochs, verbose=0)
    return max(history.history["accuracy"])
    ### END SOLUTION


# %% nbgrader={"grade_id": "test_overfit", "grade": true, "locked": true, "points": 4}
_x = np.where(np.arange(40) % 2, 1.0, -1.0)[:, np.newaxis].astype("float32")
_y = np.where(np.arange(40) < 20, np.arange(40) % 2, 1 - np.arange(40) % 2)  # from the 21st on the other way round
_tiny = Sequential([keras.Input(shape=(1,)), Dense(2, activation="softmax", kernel_initializer="zeros")])
_tiny.compile(loss="sparse_categorical_crossentropy", optimizer="sgd", metrics=["accuracy"])
expect(
    "Exercise 5, overfit of 20 numbers labeled by their sign, 4 epochs",
    overfit(_tiny, _x, _y, 4),
    1.0,
    "which images you fit on, and what you return",
)
expect("Exercise 5, training steps in 4 epochs", int(_tiny.optimizer.iterations), 4, "`batch_size` and `epochs`")
### BEGIN HIDDEN TESTS
# 19 of 20 are right at first. The last one, far on the other side, turns the weights round: only that one is right then.
# Of those after the 20th none is ever right.
_x = np.array([*[-1.0, 1.0] * 9, 1.0, -100.0, *[1.0] * 20], dtype="float32")[:, np.newaxis]
_y = np.array([*[0, 1] * 9, 1, 1, *[0] * 20])
_tiny = Sequential([keras.Input(shape=(1,)), Dense(2, activation="softmax", use_bias=False)])
_tiny.set_weights([np.array([[-0.02, 0.02]], dtype="float32")])
_tiny.compile(loss="sparse_categorical_crossentropy", optimizer="sgd", metrics=["accuracy"])
expect(
    "Exercise 5, the largest accuracy, where the first epoch has it",
    overfit(_tiny, _x, _y, 3),
    0.95,
    "`max` of the list",
)
### END HIDDEN TESTS

# %% nbgrader={"grade_id": "run_overfit", "locked": true}
keras.utils.set_random_seed(SEED)
learned = overfit(compile_model(build_model(x_train.shape[1:], num_classes)), x_train, y_train, epochs=100)
print(f"Your network learned {learned:.0%} of 20 training images by heart.")

# %% [markdown]
# Expect 100 %: the reference network (of Exercise 11) gets there within 20 of the 100 epochs; the lecture's network, with
# `Adam(0.001)` and a dropout of 0.5, needs almost all of them. Is yours below 90 %? Then look for the mistake now, and not
# after a long training.
#
# Two things may surprise you. With `QUICK = True`, a learning rate that falls over all training steps reaches 0 after the
# first few of these epochs: use a constant rate for this check. And `evaluate` may give less than the accuracy during
# training, which you see here: outside training, batch normalization uses averages that take many steps to settle.
#
# ## Exercise 6: a sweep of learning rates (5 points)
#
# The learning rate matters more than any other setting. The lecture calls rates from 0.0001 to 0.1 typical. Short
# runs, with each rate ten times the one before, show which ones are usable for your network.
#
# Write `sweep(build, rates, x, y)`, where `build()` returns a new network that is not compiled. For each rate, call
# `keras.utils.set_random_seed(SEED)`, then `build()`, so that all runs start from the same weights; compile the network
# with the loss `"sparse_categorical_crossentropy"` and `Adam(learning_rate=rate)`; `fit` it on `x` and `y` with
# `batch_size=batch_size`, `epochs=3` and `verbose=0`. Return a list: per rate, the training loss of the last epoch.
#
# Write `best_rate(rates, losses)`: the rate with the smallest loss. A rate that is far too large can make the loss
# `nan`; `np.nanargmin` passes over these.


# %% nbgrader={"grade_id": "sweep", "solution": true}
def sweep(build, rates, x, y):
    """Train a new network `build()` for 3 epochs with each of the learning `rates`. Returns a list of last losses."""
    ### BEGIN SOLUTION
    losses = []
    for rate in rates:
        keras.utils.set_random_seed(SEED)
        network = build()
        network.compile(loss="sparse_categorical_crossentropy", optimizer=Adam(learning_rate=rate))
        history = network.fit(x, y, batch_size=batch_size, epochs=3, verbose=0)
        losses.append(history.history["loss"][-1])
    return losses
    ### END SOLUTION


def best_rate(rates, losses):
    """The one of `rates` with the smallest of `losses`, `nan` left out."""
    ### BEGIN SOLUTION
    return rates[np.nanargmin(losses)]
    ### END SOLUTION


# %% nbgrader={"grade_id": "test_sweep", "grade": true, "locked": true, "points": 3}
def _build():
    """A network of two weights, both 0, that counts how often it was asked for."""
    _built.append(1)
    return Sequential(
        [keras.Input(shape=(1,)), Dense(2, activation="softmax", use_bias=False, kernel_initializer="zeros")]
    )


_built = []
_x, _y = np.ones((100, 1), dtype="float32"), np.zeros(100, dtype="uint8")
_losses = sweep(_build, [0.1, 0.0], _x, _y)
expect("Exercise 6, the length of what sweep returns for 2 rates", len(_losses), 2, "what you append, and when")
expect("Exercise 6, the number of calls of build() for 2 rates", len(_built), 2, "where a network is built")
expect(
    "Exercise 6, the second loss, with rate 0: ln 2, as at the start",
    _losses[1],
    np.log(2),
    "the argument of `Adam`, and which network you train",
)
### BEGIN HIDDEN TESTS
# Adam by hand: the loss of the third epoch is the one after two steps.
_weights, _mean, _square = np.zeros(2), np.zeros(2), np.zeros(2)
for _step in (1, 2):
    _gradient = np.exp(_weights) / np.exp(_weights).sum() - [1, 0]
    _mean, _square = 0.9 * _mean + 0.1 * _gradient, 0.999 * _square + 0.001 * _gradient**2
    _weights = _weights - 0.1 * (_mean / (1 - 0.9**_step)) / (np.sqrt(_square / (1 - 0.999**_step)) + 1e-7)
expect(
    "Exercise 6, the loss of the third epoch with rate 0.1",
    _losses[0],
    float(-np.log(np.exp(_weights[0]) / np.exp(_weights).sum())),
    "`batch_size`, `epochs`, the optimizer, and which loss of the history you take",
    tolerance=1e-4,
)
### END HIDDEN TESTS

# %% nbgrader={"grade_id": "test_best_rate", "grade": true, "locked": true, "points": 2}
expect(
    "Exercise 6, best_rate of [0.1, 0.01, 1] with the losses [1.2, 0.7, nan]",
    best_rate([0.1, 0.01, 1.0], [1.2, 0.7, float("nan")]),
    0.01,
    "what it returns: a rate, and that of the smallest loss",
)
### BEGIN HIDDEN TESTS
expect(
    "Exercise 6, best_rate of [0.03, 3, 0.3, 0.1] with the losses [nan, 2.2, 2.1, 2.4]",
    best_rate([0.03, 3.0, 0.3, 0.1], [float("nan"), 2.2, 2.1, 2.4]),
    0.3,
    "losses that are `nan`",
)
### END HIDDEN TESTS

# %% nbgrader={"grade_id": "run_sweep", "locked": true}
sweep_rates = [0.0001, 0.001, 0.01, 0.1, 1.0]
sweep_losses = sweep(lambda: build_model((32, 32, 3), num_classes), sweep_rates, x_train[:1000], y_train[:1000])
figure, axes = plt.subplots(figsize=(6, 4), layout="constrained")
axes.semilogx(sweep_rates, sweep_losses, "o-", label="your network")
axes.axhline(np.log(num_classes), color="gray", linestyle=":", label="guessing, ln 10")
axes.set(
    title="Which learning rates are usable?",
    xlabel="learning rate of Adam",
    ylabel="training loss in epoch 3",
    ylim=(0, 2 * np.log(num_classes)),
)
axes.legend(loc="upper left")
plt.show()
for rate, loss in zip(sweep_rates, sweep_losses):
    print(f"learning rate {rate:<7g} training loss {loss:.2f}")
print("the smallest loss is that of the learning rate", best_rate(sweep_rates, sweep_losses))

# %% [markdown]
# On the left the steps are too small to get anywhere in three epochs; on the right they are so large that the loss is
# no better than guessing, or lies above the picture. Start near the lowest point; with a schedule that falls, a rate a
# little above it is often fine. Does your choice in Exercise 4 agree?
#
# ## How much faster is a GPU? (no points)
#
# The next cell times 10 batches of your network, and works out from that how long an epoch takes. In Colab, run it once
# more after *Runtime → Change runtime type → T4 GPU*. Small networks gain less than large ones, because a GPU is fast
# only when it has enough to do at once.


# %% nbgrader={"grade_id": "devices", "locked": true}
def seconds_per_epoch(device, batches=10):
    """Seconds for one training epoch of your network on `device`, from the time of some batches."""
    from time import perf_counter

    with tf.device(device):
        network = compile_model(build_model((32, 32, 3), num_classes))
        network.train_on_batch(x_train[:batch_size], y_train[:batch_size])  # the first one also prepares the others
        start = perf_counter()
        for _ in range(batches):
            network.train_on_batch(x_train[:batch_size], y_train[:batch_size])
        return (perf_counter() - start) / batches * 0.9 * len(x_train) / batch_size


print(f"CPU: about {seconds_per_epoch('/CPU:0'):.0f} s per epoch")
if tf.config.list_physical_devices("GPU"):
    print(f"GPU: about {seconds_per_epoch('/GPU:0'):.0f} s per epoch")
else:
    print("GPU: no GPU found")

# %% [markdown]
# # Part 3: against overfitting
#
# The lecture names L1 and L2 regularization, dropout and batch normalization. With images there is one more remedy, and
# often it is the best: *augmentation*, which changes each image at random whenever it is used, so that the network
# hardly ever sees the same one twice. Here you measure what some of them do, on 5,000 training images: all three runs
# together took one minute of CPU time.
#
# ## Exercise 7: regularization in Keras (8 points)
#
# Write `build_regularized(input_shape, num_classes, augment=False, l2=0.0)`: return a network, not compiled, of these
# layers in this order:
#
# 1. `Rescaling(1 / 255)`;
# 2. only with `augment=True`: `keras.layers.RandomFlip("horizontal")` and `keras.layers.RandomTranslation(0.1, 0.1)`,
#    which mirror an image left to right half of the time, and shift it by up to 10 % of its height and width. Both act
#    only during training;
# 3. these four layers with 16 filters, and then four more with 32 filters:
#    - `Conv2D(filters, 3, padding="same", use_bias=False, kernel_regularizer=keras.regularizers.L2(l2))`;
#    - `BatchNormalization()`, which adds a bias of its own, so the convolution needs none;
#    - `keras.layers.Activation("relu")`;
#    - `MaxPooling2D()`;
# 4. `Flatten()` and `Dense(num_classes, activation="softmax")`, without regularization.
#
# The regularization adds `l2` times the sum of the squared weights to the loss. (`keras.regularizers.L1(l1)` would add `l1`
# times the sum of their absolute values.)


# %% nbgrader={"grade_id": "build_regularized", "solution": true}
def build_regularized(input_shape, num_classes, augment=False, l2=0.0):
    """Return a network with batch normalization and, if wanted, augmentation and L2 regularization, not compiled."""
    ### BEGIN SOLUTION
    layers = [keras.Input(shape=input_shape), Rescaling(1 / 255)]
    if augment:
        layers += [keras.layers.RandomFlip("horizontal"), keras.layers.RandomTranslation(0.1, 0.1)]
    for filters in (16, 32):
        regularizer = keras.regularizers.L2(l2)
        layers += [
            Conv2D(filters, 3, padding="same", use_bias=False, kernel_regularizer=regularizer),
            BatchNormalization(),
            keras.layers.Activation("relu"),
            MaxPooling2D(),
        ]
    return Sequential([*layers, Flatten(), Dense(num_classes, activation="softmax")])
    ### END SOLUTION


# %% nbgrader={"grade_id": "test_normalization", "grade": true, "locked": true, "points": 3}
_network = build_regularized((32, 32, 3), 10)
expect(
    "Exercise 7, the number of parameters: 432 + 64 + 4,608 + 128 + 20,490",
    _network.count_params(),
    25_722,
    "filters, `padding` and `use_bias`, layer by layer in `summary()`",
)
_small = build_regularized((8, 8, 3), 4)
expect(
    "Exercise 7, the shapes of input and output for images of 8×8 and 4 classes",
    (tuple(_small.input_shape), tuple(_small.output_shape)),
    ((None, 8, 8, 3), (None, 4)),
    "the arguments `input_shape` and `num_classes`",
)
### BEGIN HIDDEN TESTS
_first = all_layers(_network)[0]
expect("Exercise 7, the first layer", type(_first).__name__, "Rescaling", "the layer after `keras.Input`")
_scaled = keras.ops.convert_to_numpy(_first(np.array([[0.0, 51.0, 255.0]], dtype="float32")))
expect("Exercise 7, 0, 51 and 255 after the Rescaling", _scaled, [[0, 0.2, 1]], "its argument", tolerance=1e-5)


def _block(images, kernel):
    """A 3×3 convolution of the same size, normalization over the batch, ReLU and 2×2 pooling, in NumPy."""
    padded = np.pad(images, ((0, 0), (1, 1), (1, 1), (0, 0)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, (3, 3), axis=(1, 2))
    maps = np.einsum("nhwcij,ijcf->nhwf", windows, kernel)
    maps = (maps - maps.mean(axis=(0, 1, 2))) / np.sqrt(maps.var(axis=(0, 1, 2)) + 0.001)
    n, height, width, filters = maps.shape
    return np.maximum(maps, 0).reshape(n, height // 2, 2, width // 2, 2, filters).max(axis=(2, 4))


_images = (np.arange(4 * 8 * 8 * 3) * 37 % 251).reshape(4, 8, 8, 3).astype("uint8")
_maps = _images / 255
for _layer in all_layers(_small):
    if isinstance(_layer, Conv2D):
        _maps = _block(_maps, _layer.get_weights()[0])
    elif isinstance(_layer, Dense):
        _logits = _maps.reshape(4, -1) @ _layer.get_weights()[0]
_expected = np.exp(_logits) / np.exp(_logits).sum(axis=1, keepdims=True)
expect(
    "Exercise 7, the outputs for 4 images of 8×8, as in training",
    keras.ops.convert_to_numpy(_small(_images, training=True)),
    _expected,
    "the order of the layers, and the activations",
    tolerance=1e-3,
)
### END HIDDEN TESTS

# %% nbgrader={"grade_id": "test_l2", "grade": true, "locked": true, "points": 2}
_network = build_regularized((8, 8, 3), 4, l2=0.03)
_kernels = [layer.get_weights()[0] for layer in all_layers(_network) if isinstance(layer, Conv2D)]
expect(
    "Exercise 7, what is added to the loss with l2=0.03",
    float(sum(float(loss) for loss in _network.losses)),
    float(0.03 * sum((kernel.astype("float64") ** 2).sum() for kernel in _kernels)),
    "`kernel_regularizer` of the two convolutions",
    tolerance=1e-4,
)
### BEGIN HIDDEN TESTS
expect(
    "Exercise 7, what is added to the loss without l2",
    float(sum(float(loss) for loss in build_regularized((8, 8, 3), 4).losses)),
    0.0,
    "the argument `l2`",
)
### END HIDDEN TESTS

# %% nbgrader={"grade_id": "test_augmentation", "grade": true, "locked": true, "points": 3}
_plain = [type(layer).__name__ for layer in all_layers(build_regularized((32, 32, 3), 10))]
_augmented = all_layers(build_regularized((32, 32, 3), 10, augment=True))
_names = [type(layer).__name__ for layer in _augmented]
expect("Exercise 7, the layers before the first Conv2D", _plain[: _plain.index("Conv2D")], ["Rescaling"], "`augment`")
expect(
    "Exercise 7, the layers before the first Conv2D with augment=True",
    [_names[0], *sorted(_names[1 : _names.index("Conv2D")])],
    ["Rescaling", "RandomFlip", "RandomTranslation"],
    "`augment`, and the order of the layers",
)
### BEGIN HIDDEN TESTS
# One white square on black, 64 times. Where is its center afterwards?
_images = np.zeros((64, 32, 32, 3), dtype="float32")
_images[:, 11:14, 7:10] = 1
for _layer in _augmented[: _names.index("Conv2D")]:
    if "Random" in type(_layer).__name__:
        _images = _layer(_images, training=True)
_images = keras.ops.convert_to_numpy(_images).mean(axis=3)
_rows = (_images.sum(axis=2) @ np.arange(32)) / _images.sum(axis=(1, 2))
_columns = (_images.sum(axis=1) @ np.arange(32)) / _images.sum(axis=(1, 2))
_mirrored = _columns > 15.5
expect(
    "Exercise 7, mirrored ones of 64 images (at least 8, at most 56)",
    int(_mirrored.sum()),
    int(np.clip(_mirrored.sum(), 8, 56)),
    "the argument of `RandomFlip`",
)
expect("Exercise 7, images of 64 that are upside down", int((_rows > 15.5).sum()), 0, "the argument of `RandomFlip`")
_shifts = [float(np.abs(_rows - 12).max()), float(np.abs(np.where(_mirrored, 31 - _columns, _columns) - 8).max())]
expect(
    "Exercise 7, the largest of 64 shifts, up or down and sideways, in pixels (at least 2.4, at most 3.3)",
    _shifts,
    np.clip(_shifts, 2.4, 3.3),
    "the arguments of `RandomTranslation`",
)
### END HIDDEN TESTS

# %% [markdown]
# What augmentation does to one image:

# %% nbgrader={"grade_id": "show_augmentation", "locked": true}
augmented = np.repeat(x_train[:1], 10, axis=0) / 255
for layer in all_layers(build_regularized((32, 32, 3), num_classes, augment=True)):
    if type(layer).__name__.startswith("Random"):
        augmented = layer(augmented, training=True)
figure = plt.figure(figsize=(8, 3.6), layout="constrained")
for i in range(10):
    axes = figure.add_subplot(2, 5, i + 1, xticks=[], yticks=[])
    axes.imshow(np.clip(augmented[i], 0, 1))
figure.suptitle("One training image, augmented ten times")
plt.show()

# %% [markdown]
# ## Exercise 8: early stopping (4 points)
#
# Training for longer lowers the training loss, but not always the validation loss. Early stopping ends a training when
# the validation loss has not improved for `patience` epochs, and goes back to the weights of the best epoch.
#
# Write `train_until_best(model, x, y, validation, patience)`: `fit` the compiled `model` on `x` and `y` with
# `batch_size=64`, `epochs=experiment_epochs` (set in the next cell), `verbose=0` and `validation_data=validation`, a pair
# of images and labels.
# Give it the callback `keras.callbacks.EarlyStopping` with `monitor="val_loss"`, `patience=patience` and
# `restore_best_weights=True`, in a list: `callbacks=[…]`. Return the `History`.

# %% nbgrader={"grade_id": "experiment_budget", "locked": true}
experiment_epochs = 3 if QUICK else 12


# %% nbgrader={"grade_id": "train_until_best", "solution": true}
def train_until_best(model, x, y, validation, patience):
    """Fit the compiled `model`, stop early by its loss on `validation`, a pair (images, labels). Returns the History."""
    ### BEGIN SOLUTION
    stopping = keras.callbacks.EarlyStopping(monitor="val_loss", patience=patience, restore_best_weights=True)
    return model.fit(
        x,
        y,
        batch_size=64,
        epochs=experiment_epochs,
        validation_data=validation,
        callbacks=[stopping],
        verbose=0,
    )
    ### END SOLUTION


# %% nbgrader={"grade_id": "test_early_stopping", "grade": true, "locked": true, "points": 4}
def _tiny():
    """A compiled network of two weights, both 0."""
    network = Sequential(
        [keras.Input(shape=(1,)), Dense(2, activation="softmax", use_bias=False, kernel_initializer="zeros")]
    )
    network.compile(loss="sparse_categorical_crossentropy", optimizer="sgd", metrics=["accuracy"])
    return network


_x, _y = np.array([[1.0], [-1.0]] * 20, dtype="float32"), np.array([0, 1] * 20)
# The validation labels are the other way round, so the first epoch is the best one.
_network = _tiny()
_losses = train_until_best(_network, _x, _y, (_x, 1 - _y), 1).history["val_loss"]
expect(
    "Exercise 8, epochs with patience 1, where the first one is the best",
    len(_losses),
    2,
    "the callback and its arguments, and `validation_data`",
)
expect("Exercise 8, training steps in these 2 epochs", int(_network.optimizer.iterations), 2, "`batch_size`")
expect(
    "Exercise 8, the validation loss afterwards",
    _network.evaluate(_x, 1 - _y, verbose=0)[0],
    _losses[0],
    "`restore_best_weights`",
    tolerance=1e-5,
)
### BEGIN HIDDEN TESTS
# Here the validation loss falls to the end, while the validation accuracy is 1 from the first epoch on.
_history = train_until_best(_tiny(), _x, _y, (_x, _y), 1)
expect(
    "Exercise 8, epochs where each one is better than those before",
    len(_history.history["val_loss"]),
    experiment_epochs,
    "`monitor` and `epochs`",
)
### END HIDDEN TESTS

# %% [markdown]
# ## Exercise 9: read the curves (3 points)
#
# Write `at_best_epoch(curves)`, where `curves` is a dictionary such as `history.history`, with the lists `"accuracy"`,
# `"val_accuracy"` and `"val_loss"`, one number per epoch. Find the epoch with the smallest validation loss (`np.argmin`),
# and return three numbers in a tuple: that epoch, counted from 1, its training accuracy and its validation accuracy.


# %% nbgrader={"grade_id": "at_best_epoch", "solution": true}
def at_best_epoch(curves):
    """The epoch of the smallest validation loss, counted from 1, and its training and validation accuracy."""
    ### BEGIN SOLUTION
    best = int(np.argmin(curves["val_loss"]))
    return best + 1, curves["accuracy"][best], curves["val_accuracy"][best]
    ### END SOLUTION


# %% nbgrader={"grade_id": "test_at_best_epoch", "grade": true, "locked": true, "points": 3}
expect(
    "Exercise 9, at_best_epoch of val_loss [2, 1, 1.5], accuracy [0.3, 0.6, 0.7], val_accuracy [0.2, 0.4, 0.5]",
    at_best_epoch({"val_loss": [2.0, 1.0, 1.5], "accuracy": [0.3, 0.6, 0.7], "val_accuracy": [0.2, 0.4, 0.5]}),
    (2, 0.6, 0.4),
    "the first epoch, which is 1, and the order of the three numbers",
)
### BEGIN HIDDEN TESTS
expect(
    "Exercise 9, at_best_epoch where the last epoch is the best",
    at_best_epoch(
        {"val_loss": [3.0, 2.5], "accuracy": [0.5, 0.4375], "val_accuracy": [0.3, 0.2125], "loss": [0.1, 0.2]}
    ),
    (2, 0.4375, 0.2125),
    "which of the lists decides; nothing has to be rounded",
)
### END HIDDEN TESTS

# %% [markdown]
# Now the experiment: the same network three times, on the same 5,000 images and from the same seed. One thing changes at
# a time. Another 2,000 images are for validation.

# %% nbgrader={"grade_id": "run_experiment", "locked": true}
held_out = min(2000, len(x_train) // 4)
validation = (x_train[-held_out:], y_train[-held_out:])
subset_x, subset_y = x_train[:-held_out][:5000], y_train[:-held_out][:5000]
variants = {"plain": {}, "L2": {"l2": 0.001}, "augmentation": {"augment": True}}
curves = {}
for name, settings in variants.items():
    keras.utils.set_random_seed(SEED)
    network = build_regularized((32, 32, 3), num_classes, **settings)
    network.compile(loss="sparse_categorical_crossentropy", optimizer="adam", metrics=["accuracy"])
    curves[name] = train_until_best(network, subset_x, subset_y, validation, 4).history
    print(f"{name:13}{len(curves[name]['val_loss']):3} epochs trained")

# %% nbgrader={"grade_id": "show_experiment", "locked": true}
figure, panels = plt.subplots(1, 2, figsize=(10, 4), sharey=True, layout="constrained")
for axes, key, images in zip(panels, ("accuracy", "val_accuracy"), ("training", "validation")):
    for (name, history), style in zip(curves.items(), ("o-", "s--", "^:")):
        axes.plot(range(1, 1 + len(history[key])), history[key], style, markersize=4, label=name)
    axes.set(title=f"Accuracy on the {images} images", xlabel="epoch", ylim=(0, 1), yticks=np.arange(0, 1.01, 0.1))
    axes.set_xticks(range(1, experiment_epochs + 1))
    axes.grid(alpha=0.3)
    axes.legend(loc="lower right")
panels[0].set_ylabel("accuracy")
plt.show()
print(f"{'':13}   best epoch   training   validation     gap")
for name, history in curves.items():
    epoch, training, validated = at_best_epoch(history)
    print(f"{name:13} {epoch:12} {training:10.3f} {validated:12.3f} {training - validated:7.2f}")

# %% [markdown]
# (In the first epochs the validation curves lie low. Nothing is wrong: outside training, batch normalization uses averages
# over many batches, and these take a few hundred steps to settle.)
#
# The gap between the two accuracies is a measure of overfitting. Augmentation makes the training images much harder to
# learn by heart, so the gap nearly closes; a small L2 term changes little. Whether the validation accuracy rises as well
# depends on how long you train, as augmented networks learn more slowly. With 2,000 validation images, differences below
# 0.03 or so may be chance: two standard errors of one accuracy of 0.5 are $2\sqrt{0.5 \cdot 0.5 / 2000} \approx 0.022$,
# and those of the difference of two independent ones $\sqrt 2$ times as much.
#
# # Part 4: your network
#
# Go back to Exercise 3 and add to `build_model` what you have found to help; then go to Exercise 4 and choose the
# learning rate. Run their tests, the two checks of Part 2, and the cell that tells how long an epoch takes. Choose by the
# validation accuracy, never by the test images: those tell you once, at the end, how good your network is on images that
# had no say in any choice.
#
# ## Exercise 10: training (2 points)
#
# Write `train(model, x, y)`: `fit` the compiled `model` on the images `x` and the labels `y` with `batch_size`,
# `epochs` and `validation_split=0.1`, and return the `History`.


# %% nbgrader={"grade_id": "train", "solution": true}
def train(model, x, y):
    """Fit the compiled `model` on images `x` and labels `y` (n,); 10 % of them validate. Returns the History."""
    ### BEGIN SOLUTION
    return model.fit(x, y, batch_size=batch_size, epochs=epochs, validation_split=0.1, verbose=2)
    ### END SOLUTION


# %% nbgrader={"grade_id": "test_train", "grade": true, "locked": true, "points": 2}
_tiny = Sequential(
    [keras.Input(shape=(1,)), Dense(2, activation="softmax", use_bias=False, kernel_initializer="zeros")]
)
_tiny.compile(loss="sparse_categorical_crossentropy", optimizer="sgd", metrics=["accuracy"])
_x = np.repeat([1.0, 3.0], [270, 30])[:, np.newaxis].astype("float32")  # the last tenth is another number
_trained = train(_tiny, _x, np.zeros(300, dtype="uint8"))
expect("Exercise 10, what train returns", type(_trained).__name__, "History", "`return`")
expect("Exercise 10, epochs in the history", len(_trained.history["loss"]), epochs, "the argument `epochs`")
expect(
    "Exercise 10, validation losses in the history",
    len(_trained.history.get("val_loss", [])),
    epochs,
    "the argument `validation_split`",
)
### BEGIN HIDDEN TESTS
# Gradient descent by hand: the first 270 of 300 images, all equal, train in 3 batches. Those that validate are others.
_weights = np.zeros(2)
for _step in range(3 * epochs):
    _weights -= 0.01 * (np.exp(_weights) / np.exp(_weights).sum() - [1, 0])
expect(
    f"Exercise 10, the weights of a tiny network after {3 * epochs} steps",
    _tiny.get_weights()[0],
    _weights[np.newaxis],
    "`batch_size` and `validation_split`, which model you fit, on which images, and how often",
    tolerance=1e-4,
)
### END HIDDEN TESTS

# %% [markdown]
# ## Exercise 11: how good is it? (12 points)
#
# There is nothing to write here: run the training. The next cell builds a new network each time, so running it again
# starts from the beginning. The points for the test accuracy rise in a straight line: none at 0.39 (what a network
# without convolutions reaches), all 12 from 0.735 up. They are given only within the budgets of parameters and epochs.
# Grading trains your network again, so the graded accuracy may differ from yours by about a hundredth.
#
# The training of the reference network (123,210 parameters, 8 epochs) took 130 seconds on two CPU cores that did nothing
# else, and 5 to 7 minutes on two shared ones. Aim for at most twice that, so that you can afford to try more than one
# network.

# %% nbgrader={"grade_id": "run_training", "locked": true}
keras.utils.set_random_seed(SEED)
model = build_model(x_train.shape[1:], num_classes)  # a new one: training would go on from the weights of the old one
keras.utils.set_random_seed(SEED)
compile_model(model)
history = train(model, x_train, y_train)

# %% nbgrader={"grade_id": "show_history", "locked": true}
figure, axes = plt.subplots(figsize=(6, 4), layout="constrained")
for key, values in history.history.items():
    if key.removeprefix("val_") in ("accuracy", "acc", "sparse_categorical_accuracy"):
        label = "validation" if key.startswith("val_") else "training"
        axes.plot(range(1, len(values) + 1), values, "o-", label=label)
axes.set(title="Accuracy of your network", xlabel="epoch", ylabel="accuracy", ylim=(0, 1))
axes.set(xticks=range(1, epochs + 1), yticks=np.arange(0, 1.01, 0.1))
axes.grid(alpha=0.3)
axes.legend(loc="lower right")
plt.show()

# %% nbgrader={"grade_id": "evaluate", "locked": true}
predicted = np.argmax(model.predict(x_test, batch_size=256, verbose=0), axis=1)
print("Test accuracy:", np.mean(predicted == y_test))
for k in range(num_classes):
    print(f"{class_names[k]:11} {np.mean(predicted[y_test == k] == k):.2f} of its images recognized")

# %% nbgrader={"grade_id": "test_accuracy", "grade": true, "locked": true, "points": 12}
expect(
    "Exercise 11, the shape of the predictions for 16 images",
    model.predict(preprocess(raw_x_test[:16]), verbose=0).shape,
    (16, 10),
    "the last layer",
)
expect(
    f"Exercise 11, the number of parameters (at most {max_parameters})",
    max(model.count_params(), max_parameters),
    max_parameters,
    "Exercise 3",
)
_steps = epochs * -(-len(x_train) // batch_size)
expect(
    f"Exercise 11, training steps (at most {_steps}, which are {epochs} epochs)",
    max(int(model.optimizer.iterations), _steps),
    _steps,
    "Exercise 10, and whether the model was trained elsewhere too",
)
### BEGIN HIDDEN TESTS
MINIMUM, BASELINE, POINTS = 0.735, 0.39, 12
_images, _labels = cifar10.load_data()[1]
_predictions = np.argmax(model.predict(preprocess(_images), batch_size=256, verbose=0), axis=1)
_accuracy = float(np.mean(_predictions == _labels[:, 0]))
_points = POINTS * min(1.0, max(0.0, (_accuracy - BASELINE) / (MINIMUM - BASELINE)))
print(
    f"Accuracy on {len(_labels):,} test images: expected at least {MINIMUM} (no points up to {BASELINE}), received {_accuracy:.4f}: {_points:.1f} of {POINTS} points."
)
float(_points)
### END HIDDEN TESTS

# %% [markdown]
# ## Save it (2 points)
#
# A network is of use to others if the file alone is enough: raw uint8 photographs in, probabilities out. The next cell
# saves yours to `cifar.keras` and loads it again; there is nothing to write. It works for layers that come with Keras;
# a layer or function of your own can be saved, but not loaded elsewhere.


# %% nbgrader={"grade_id": "checkpoint", "locked": true}
def save_and_load(network, path):
    """Save `network` to `path`, and return what the file alone gives."""
    network.save(path)
    return keras.models.load_model(path)


saved_model = save_and_load(model, "cifar.keras")
print("the loaded network says", class_names[int(np.argmax(saved_model.predict(raw_x_test[:1], verbose=0)))])

# %% nbgrader={"grade_id": "test_saved", "grade": true, "locked": true, "points": 2}
expect("Saving, the input of the loaded network", tuple(saved_model.input_shape), (None, 32, 32, 3), "Exercise 3")
### BEGIN HIDDEN TESTS
_both = [network.predict(raw_x_test[:64], verbose=0) for network in (model, saved_model)]
expect(
    "Saving, what the loaded network predicts for 64 raw images",
    _both[1],
    _both[0],
    "layers of your own, and whether `model` changed after it was saved",
    tolerance=1e-4,
)
### END HIDDEN TESTS

# %% [markdown]
# # Part 5: what goes wrong
#
# One number doesn't say what a network gets wrong, so look at its mistakes. They lead to what you would change next, so
# they must not come from the test images. The next cell takes the last 10 % of the training images, the ones that
# `validation_split=0.1` sets aside, and shows the first ten of them that your network gets wrong.

# %% nbgrader={"grade_id": "show_mistakes", "locked": true}
checked_x, checked_y = x_train[-(len(x_train) // 10) :], y_train[-(len(x_train) // 10) :]
checked_predicted = np.argmax(model.predict(checked_x, batch_size=256, verbose=0), axis=1)
figure = plt.figure(figsize=(9, 5), layout="constrained")
for place, i in enumerate(np.flatnonzero(checked_predicted != checked_y)[:10]):
    axes = figure.add_subplot(2, 5, place + 1, xticks=[], yticks=[])
    axes.imshow(checked_x[i])
    axes.set_xlabel(f"true: {class_names[checked_y[i]]}\npredicted: {class_names[checked_predicted[i]]}")
figure.suptitle("The first ten mistakes on the validation images")
plt.show()

# %% [markdown]
# ## Exercise 12: the most frequent confusions (4 points)
#
# Write `most_confused(labels, predicted, k)` for two arrays of whole numbers of shape (n,): find the pairs (true class,
# predicted class) of the *wrong* predictions, and return the `k` most frequent ones as a list of tuples
# `(true, predicted, how often)`, the most frequent first. (2, 5) and (5, 2) are two different pairs. `Counter` of
# Python's `collections` counts pairs and has `most_common(k)`; with NumPy, count in a matrix (`np.add.at`) and sort.
# In the tests there are at least `k` pairs, and no two of them are equally frequent.


# %% nbgrader={"grade_id": "most_confused", "solution": true}
def most_confused(labels, predicted, k):
    """The `k` most frequent confusions, each (true class, predicted class, how often), the most frequent first."""
    ### BEGIN SOLUTION
    from collections import Counter

    pairs = Counter((int(true), int(said)) for true, said in zip(labels, predicted) if true != said)
    return [(true, said, count) for (true, said), count in pairs.most_common(k)]
    ### END SOLUTION


# %% nbgrader={"grade_id": "test_most_confused", "grade": true, "locked": true, "points": 4}
_labels = np.array([3, 3, 3, 5, 5, 5, 5, 5, 5, 0])
_predicted = np.array([3, 5, 5, 3, 3, 3, 5, 5, 5, 1])
expect(
    "Exercise 12, most_confused(labels, predicted, 2) of ten predictions",
    most_confused(_labels, _predicted, 2),
    [(5, 3, 3), (3, 5, 2)],
    "right predictions, which don't count, and the order",
)
### BEGIN HIDDEN TESTS
expect(
    "Exercise 12, the same for k = 1", most_confused(_labels, _predicted, 1), [(5, 3, 3)], "how many pairs are returned"
)
_labels = np.repeat(np.array([12, 7, 19, 7], dtype="uint8"), [9, 4, 11, 6])
_predicted = np.repeat(np.array([19, 12, 7, 0], dtype="uint8"), [9, 4, 11, 6])
expect(
    "Exercise 12, most_confused of 20 classes, with labels of the type uint8",
    most_confused(_labels, _predicted, 3),
    [(19, 7, 11), (12, 19, 9), (7, 0, 6)],
    "the number of classes, and numbers above 255, which uint8 can't hold",
)
### END HIDDEN TESTS

# %% nbgrader={"grade_id": "show_confused", "locked": true}
pairs = most_confused(checked_y, checked_predicted, 5)
for true, said, count in pairs:
    print(f"{count:4} times {class_names[true]} taken for {class_names[said]}")
for true, said, _ in pairs[:1]:
    figure = plt.figure(figsize=(9, 3), layout="constrained")
    for place, i in enumerate(np.flatnonzero((checked_y == true) & (checked_predicted == said))[:14]):
        axes = figure.add_subplot(2, 7, place + 1, xticks=[], yticks=[])
        axes.imshow(checked_x[i])
    figure.suptitle(f"The most frequent confusion: {class_names[true]} taken for {class_names[said]}")
    plt.show()

# %% [markdown]
# ## Exercise 13: error analysis in words (8 points)
#
# What did you find out? Write 150 to 200 words in the next cell. They are graded by hand, with two points for each of
# these:
#
# 1. **the experiment of Part 3**: which variant you would use and why, with the accuracies and the gap that it had and
#    those of the variant that you compare it with;
# 2. **the errors**: which classes your network confuses most, with numbers, and what the confused images that you looked
#    at have in common (background, pose, color, what is cut off);
# 3. **a cause**: one reason why these errors happen (in the data, in 32×32 pixels, in the network), and a measurement
#    that could show that it is not the reason;
# 4. **what next**: the one change that you would make now, which confusions it should reduce, and by how much the
#    accuracy must rise before you believe it.

# %% [markdown] nbgrader={"grade_id": "error_analysis", "grade": true, "points": 8, "solution": true}
# ### BEGIN SOLUTION
# What earns the points:
#
# 1. Two variants are named with the training accuracy, the validation accuracy and the gap of each, as the table prints
#    them; the choice follows from these numbers, and a difference below 0.03 isn't called an improvement.
# 2. At least two pairs with their counts, as printed (often cat and dog, in both directions), and something that can be
#    *seen* in several of the images: a pose, a background, a color, an animal that is cut off or fills a few pixels.
# 3. One cause, and a measurement that could refute it. "32×32 pixels are too few": let people label 100 of the confused
#    images; if they get most of them right, the pixels suffice. "Too few images of cats": train with half of them, and see
#    whether the confusions increase.
# 4. One change, the pair that it should help and why, and a size: with 5,000 validation images, two standard errors of an
#    accuracy of 0.75 are 0.012, so a rise of one or two percentage points is the least to believe, and two seeds are better.
# ### END SOLUTION

# %% [markdown]
# # Part 6: a hundred classes
#
# CIFAR-100 has as many images as CIFAR-10, of the same size, but in a **hundred** classes: 500 training images per class
# instead of 5,000. Each image has two labels: a *fine* one, its class (apple, aquarium fish, baby, …), and a *coarse*
# one, its superclass: one of 20, of five classes each (fish, flowers, insects, …).
#
# The points of this part are for functions, which are tested on small made-up arrays. No accuracy is asked for. The
# next cell downloads 169 MB. If it can't, it says so, and you lose nothing: the exercises and their tests need no
# download; only the last comparison needs one.

# %% nbgrader={"grade_id": "load_cifar100", "locked": true}
from keras.datasets import cifar100

superclass_names = """
    aquatic mammals, fish, flowers, food containers, fruit and vegetables, household electrical devices,
    household furniture, insects, large carnivores, large man-made outdoor things, large natural outdoor scenes,
    large omnivores and herbivores, medium-sized mammals, non-insect invertebrates, people, reptiles, small mammals,
    trees, vehicles 1, vehicles 2
""".replace("\n", " ").split(",")
superclass_names = [name.strip() for name in superclass_names]

try:
    (x_train_100, fine_train), (x_test_100, fine_test) = cifar100.load_data(label_mode="fine")
    (_, coarse_train), (_, coarse_test) = cifar100.load_data(label_mode="coarse")
    has_cifar100 = True
    print(f"CIFAR-100: images {x_train_100.shape}, fine labels {fine_train.shape}, coarse labels {coarse_train.shape}")
except Exception as error:  # no network, or the host can't be reached
    has_cifar100 = False
    print(
        f"CIFAR-100 could not be loaded ({type(error).__name__}). The exercises below don't need it and cost nothing;"
    )
    print("the comparison at the end is left out. To try again, run this cell once more.")

# %% [markdown]
# ## Exercise 14: top-1 and top-5 (3 points)
#
# With a hundred classes, a network that has the right class among its five best guesses is not bad. Write
# `top_k_accuracy(probabilities, labels, k)` for an array of shape (n, classes) and the labels, whole numbers of shape
# (n,): the fraction of images whose label is among the `k` classes with the largest probabilities. (`np.argsort` with
# `axis=1` sorts the classes of each image, the smallest probability first; `labels[:, np.newaxis]` lets you compare
# each label with `k` classes.) Top-1 is the ordinary accuracy. No two probabilities of an image are equal in the tests.


# %% nbgrader={"grade_id": "top_k_accuracy", "solution": true}
def top_k_accuracy(probabilities, labels, k):
    """The fraction of images whose label is among the `k` most probable classes; `probabilities` is (n, classes)."""
    ### BEGIN SOLUTION
    best = np.argsort(probabilities, axis=1)[:, -k:]
    return np.mean((best == labels[:, np.newaxis]).any(axis=1))
    ### END SOLUTION


# %% nbgrader={"grade_id": "test_top_k_accuracy", "grade": true, "locked": true, "points": 3}
_probabilities = np.array([[0.5, 0.3, 0.2], [0.1, 0.3, 0.6], [0.4, 0.25, 0.35], [0.2, 0.7, 0.1]])
_labels = np.array([0, 1, 1, 2])
for _k, _expected in ((1, 0.25), (2, 0.5), (3, 1.0)):
    _given = _probabilities.copy()
    expect(
        f"Exercise 14, top_k_accuracy of four images with three classes for k = {_k}",
        top_k_accuracy(_given, _labels, _k),
        _expected,
        "which `k` classes you take: those with the largest probabilities",
    )
    expect("Exercise 14, the probabilities after the call", _given, _probabilities, "what changes an array in place")
### BEGIN HIDDEN TESTS
# Image i ranks the classes i, i + 1, i + 2, … (modulo 10); its label is class i + i // 2.
_probabilities = (10 - (np.arange(10) - np.arange(8)[:, np.newaxis]) % 10) / 55
_labels = (np.arange(8) + np.arange(8) // 2) % 10
expect(
    "Exercise 14, top_k_accuracy of eight images with ten classes for k = 3",
    top_k_accuracy(_probabilities, _labels, 3),
    0.75,
    "how many images there are, and that a fraction is wanted",
)
### END HIDDEN TESTS

# %% [markdown]
# ## Exercise 15: as many parameters (3 points)
#
# To compare 10 and 100 classes fairly, both networks should have about as many parameters. In the comparison below they
# end in `Dense(units, activation="relu")`, which gets `features` numbers, and `Dense(classes, activation="softmax")`.
#
# Write `head_parameters(features, units, classes)`: the parameters of these two layers, biases included. Write
# `equal_units(features, units, classes, other_classes)`: the largest whole number of units for `other_classes` classes
# with which the two layers have no more parameters than with `units` units and `classes` classes. A loop or a division
# (`//`) does it.


# %% nbgrader={"grade_id": "equal_units", "solution": true}
def head_parameters(features, units, classes):
    """The parameters of Dense(units) on `features` numbers and Dense(classes) after it."""
    ### BEGIN SOLUTION
    return units * (features + 1) + classes * (units + 1)
    ### END SOLUTION


def equal_units(features, units, classes, other_classes):
    """The most units with which `other_classes` need no more parameters than `classes` with `units`."""
    ### BEGIN SOLUTION
    return (head_parameters(features, units, classes) - other_classes) // (features + 1 + other_classes)
    ### END SOLUTION


# %% nbgrader={"grade_id": "test_equal_units", "grade": true, "locked": true, "points": 3}
expect(
    "Exercise 15, head_parameters(3, 2, 5): 2 · 4 + 5 · 3", head_parameters(3, 2, 5), 23, "the biases of both layers"
)
expect(
    "Exercise 15, equal_units(3, 2, 5, 3): 2 units have 17 parameters, 3 have 24",
    equal_units(3, 2, 5, 3),
    2,
    "rounding: no more parameters than before",
)
### BEGIN HIDDEN TESTS
for _before, _after in ((10, 100), (100, 10)):
    # The first number of units that is too many, found by trying.
    _most = next(u for u in range(1, 99) if u * 2305 + _after * (u + 1) > 64 * 2305 + _before * 65) - 1
    expect(
        f"Exercise 15, equal_units(2304, 64, {_before}, {_after})",
        equal_units(2304, 64, _before, _after),
        _most,
        "where you stop: fewer classes may need more units",
    )
### END HIDDEN TESTS

# %% [markdown]
# ## Exercise 16: superclasses (3 points)
#
# Which class belongs to which superclass? The two kinds of labels say it. Write `superclasses(fine, coarse)` for two
# arrays of whole numbers of shape (n,), the fine and the coarse label of each image: return an array of whole numbers
# with one entry per fine class 0, 1, 2, …, its superclass. Every fine class occurs. (`result[fine] = coarse` fills an
# array.)
#
# Write `to_superclasses(predicted, superclass)`: turn predicted fine classes of shape (n,) into their superclasses,
# with what `superclasses` returned. NumPy's indexing does it in one step.


# %% nbgrader={"grade_id": "superclasses", "solution": true}
def superclasses(fine, coarse):
    """The superclass of each fine class: an array of shape (number of fine classes,)."""
    ### BEGIN SOLUTION
    result = np.zeros(fine.max() + 1, dtype=int)
    result[fine] = coarse
    return result
    ### END SOLUTION


def to_superclasses(predicted, superclass):
    """The superclasses (n,) of the predicted fine classes (n,)."""
    ### BEGIN SOLUTION
    return superclass[predicted]
    ### END SOLUTION


# %% nbgrader={"grade_id": "test_superclasses", "grade": true, "locked": true, "points": 3}
_found = superclasses(np.array([2, 0, 1, 2, 3]), np.array([1, 0, 0, 1, 1]))
expect(
    "Exercise 16, superclasses of fine labels [2, 0, 1, 2, 3] and coarse labels [1, 0, 0, 1, 1]",
    _found,
    [0, 0, 1, 1],
    "one entry per fine class, in the order of the classes",
)
expect(
    "Exercise 16, the kind of numbers that superclasses returns",
    "whole numbers" if np.asarray(_found).dtype.kind in "iu" else str(np.asarray(_found).dtype),
    "whole numbers",
    "the `dtype` of a new array",
)
expect(
    "Exercise 16, to_superclasses of the predictions [3, 0, 3]",
    to_superclasses(np.array([3, 0, 3]), np.array([0, 0, 1, 1])),
    [1, 0, 1],
    "one entry per prediction",
)
### BEGIN HIDDEN TESTS
_fine = np.repeat(np.arange(100, dtype="uint8"), 3)[::-1].copy()
_coarse = ((_fine.astype(int) * 7) % 20).astype("uint8")
expect(
    "Exercise 16, superclasses of 100 classes in 20 superclasses",
    superclasses(_fine, _coarse),
    np.arange(100) * 7 % 20,
    "the order of the classes, and superclasses that are not neighbors",
)
### END HIDDEN TESTS

# %% [markdown]
# ## The comparison (no points)
#
# The next cell trains three networks of about the same size on 10,000 images each: on CIFAR-10, on the fine labels of
# CIFAR-100, and on its coarse labels. What would you guess: does a network trained on the coarse labels find the
# superclass more often than one trained on the fine labels? And how does the top-5 accuracy with a hundred classes compare
# with the top-1 accuracy with ten?
#
# Compare each accuracy with the column "guessing", too: an accuracy of 0.25 is 2.5 times as good as guessing with ten
# classes, and 25 times with a hundred.


# %% nbgrader={"grade_id": "compare_cifar100", "locked": true}
def train_small(x, y, classes, units):
    """Train a network with `units` units before the last layer on 10,000 images for some epochs; returns it."""
    keras.utils.set_random_seed(SEED)
    network = Sequential(
        [
            keras.Input(shape=(32, 32, 3)),
            Rescaling(1 / 255),
            Conv2D(32, (3, 3), activation="relu"),
            MaxPooling2D(),
            Conv2D(64, (3, 3), activation="relu"),
            MaxPooling2D(),
            Flatten(),
            Dense(units, activation="relu"),
            Dense(classes, activation="softmax"),
        ]
    )
    network.compile(loss="sparse_categorical_crossentropy", optimizer="adam", metrics=["accuracy"])
    network.fit(x[:10_000], y[:10_000], batch_size=batch_size, epochs=1 if QUICK else 5, verbose=0)
    return network


if has_cifar100:
    tasks = {
        "CIFAR-10": (x_train, y_train, x_test, y_test, 10, 64),
        "CIFAR-100, fine": (x_train_100, fine_train, x_test_100, fine_test, 100, equal_units(2304, 64, 10, 100)),
        "CIFAR-100, coarse": (x_train_100, coarse_train, x_test_100, coarse_test, 20, equal_units(2304, 64, 10, 20)),
    }
    said_100 = {}
    print(f"{'':18} parameters   guessing   top-1   top-5")
    for name, (images, labels, test_images, test_labels, classes, units) in tasks.items():
        network = train_small(images, flatten_labels(labels), classes, units)
        said_100[name] = network.predict(test_images, batch_size=256, verbose=0)
        scores = [top_k_accuracy(said_100[name], flatten_labels(test_labels), k) for k in (1, 5)]
        print(f"{name:18} {network.count_params():10,} {1 / classes:10.2f} {scores[0]:7.3f} {scores[1]:7.3f}")
    true_superclass = flatten_labels(coarse_test)
    superclass = superclasses(flatten_labels(fine_train), flatten_labels(coarse_train))
    by_fine = to_superclasses(said_100["CIFAR-100, fine"].argmax(axis=1), superclass)
    by_coarse = said_100["CIFAR-100, coarse"].argmax(axis=1)
    print(f"superclass right: trained on fine labels {np.mean(by_fine == true_superclass):.3f},", end=" ")
    print(f"on coarse labels {np.mean(by_coarse == true_superclass):.3f}")
    print("The superclasses that are confused most:")
    for true, said, count in most_confused(true_superclass, by_fine, 5):
        print(f"{count:4} times {superclass_names[true]} taken for {superclass_names[said]}")
else:
    print("CIFAR-100 is not there: nothing to compare, and nothing lost.")

# %% [markdown]
# # Glossary
#
# The slides are in Russian. These are their terms, as far as this notebook uses them. The last four are not on the slides.
#
# | Russian | English | in one line |
# |---|---|---|
# | свёрточный слой | convolutional layer | kernels that slide over an image, with one feature map per kernel |
# | ядро свёртки | kernel | the small array of weights that slides over the image |
# | слой подвыборки, пулинга | pooling layer | a layer that keeps the largest number of each block |
# | полносвязный слой | dense, fully connected layer | a layer in which each neuron is connected to every input |
# | ошибка, функция потерь | error, loss function | the number that training makes as small as possible |
# | доля верных ответов | accuracy | the fraction of answers that are right |
# | скорость обучения | learning rate | the factor by which a step multiplies the gradient |
# | мини-пакет | mini-batch | a small part of the examples for each step |
# | эпоха | epoch | one pass through all training data |
# | обучающая выборка | training set | the examples that the network learns from |
# | валидационная выборка | validation set | the examples that choices are based on |
# | тестовая выборка | test set | the examples that nobody touches until the very end |
# | переобучение | overfitting | memorizing the training examples, including their noise |
# | регуляризация | regularization | whatever works against overfitting |
# | dropout | dropout | setting a random share of a layer's inputs to 0 in each training step |
# | batch normalization | batch normalization | bringing each feature to mean 0 and standard deviation 1 within a batch |
# | канал | channel | one number per pixel: a color, or one feature map |
# | аугментация | augmentation | random changes to the training images |
# | ранняя остановка | early stopping | ending a training run when the validation loss no longer falls |
# | расписание скорости обучения | learning-rate schedule | a rule by which the learning rate changes from step to step |

# %% [markdown]
# # Before you submit
#
# Choose *Kernel → Restart Kernel and Run All Cells*, with `QUICK = False`, and check that no cell fails that worked before. Then save.
#
# **What this course did**: it went from a neuron in NumPy to a network that tells horses from ships. What was new in
# this notebook is little code: 3 channels instead of 1, a few layers against overfitting, and short checks before long
# training runs. What leads to an accuracy of 0.95 and more is depth, more epochs, more augmentation, and a GPU.
