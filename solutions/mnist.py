# %% [markdown]
# # Homework 2: a convolutional network for MNIST
#
# This notebook follows the practical part of the lecture, from loading the data to saving a trained network. Then it goes one
# step further: the network reads digits that you wrote yourself. The slides use Keras 2 and this notebook uses Keras 3;
# where the two differ, the text says so.
#
# **You will** prepare images for a network, predict the sizes of its layers before you build it, find the mistakes in
# other people's networks and training runs, train your own network, read its learning curves, look inside it, save it,
# and let it read your handwriting.
#
# **The lecture's homework slide** has three items: play with the layers and their parameters (1), Fashion-MNIST (2), and
# CIFAR (3). This notebook builds the network that all three start from. Exercises 3 and 5 begin item 1, which Homework 3
# continues.
#
# **Time**: two to three hours, including 2 to 10 minutes of training. **Memory**: 2 GB. **Points**: 60.
#
# **How to work**: run the cells from top to bottom (Shift+Enter). Replace each `raise NotImplementedError` with your code,
# then run the test cell below it. If it shows no error, the visible tests pass. Grading runs further tests on other
# inputs, so solve the exercise rather than its tests.
#
# Exercise 8 trains your network with the `train` of Exercise 7, and the plot of your learning curves needs that training. Otherwise
# you can solve the exercises in any order: if Exercise 1, 2, 4, or 6 is not solved when the training starts, a stand-in
# takes its place. *Run All* stops at the first cell that fails. To leave an exercise for later, select the
# heading of the next exercise and choose *Run → Run Selected Cell and All Below* (in Colab: *Runtime → Run cell and below*).
#
# Before you submit, choose *Kernel → Restart Kernel and Run All Cells* (in Colab: *Runtime → Restart session and run all*), check
# that everything still works, and save. Don't rename the file.
#
# **In a hurry?** Set `QUICK = True` in the next cell: the notebook then uses 2,000 training images and one epoch, and training
# takes seconds. The accuracy is then meaningless. Grading always uses `QUICK = False`.

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
from keras.datasets import mnist
from keras.layers import Conv2D, Dense, Dropout, Flatten, MaxPooling2D
from keras.models import Sequential
from keras.optimizers import Adam
from keras.utils import to_categorical

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


# %% nbgrader={"grade_id": "localized", "locked": true}
LANGUAGE = "en"  # of this notebook
TERMS = {  # English: Russian
    "more": "больше",
    "fewer": "меньше",
    "same": "столько же",
    "healthy": "всё в порядке",
    "overfitting": "переобучение",
    "learning rate too small": "скорость обучения слишком мала",
    "learning rate too large": "скорость обучения слишком велика",
    "sorted by label": "отсортировано по меткам",
    "epoch": "эпоха",
    "accuracy": "доля верных ответов",
}


def localized(answer):
    """Return `answer` with each of TERMS in this notebook's language; answers may be in either language."""
    if isinstance(answer, dict):
        return {localized(key): localized(value) for key, value in answer.items()}
    if isinstance(answer, np.ndarray):
        return localized(answer.tolist())
    if isinstance(answer, (list, tuple, set)):
        return type(answer)(map(localized, answer))
    terms = TERMS if LANGUAGE == "ru" else {russian: english for english, russian in TERMS.items()}
    return terms.get(answer, answer) if isinstance(answer, str) else answer


# %% [markdown]
# ## Shared variables and data
#
# `batch_size` is the number of images per step, `epochs` the number of passes through the training images, and `num_classes`
# the number of digits. `load_data` downloads 11 MB once and keeps them in `~/.keras`. If the download fails (the
# slides warn of this), try again later or on another network. In Colab, save the notebook to your Drive (*File → Save a
# copy in Drive*): a session ends after some hours, and all its variables and files are lost.

# %% nbgrader={"grade_id": "load", "locked": true}
batch_size = 256
num_classes = 10
epochs = 1 if QUICK else 10

(raw_x_train, raw_y_train), (raw_x_test, raw_y_test) = mnist.load_data()
if QUICK:
    raw_x_train, raw_y_train = raw_x_train[:2000], raw_y_train[:2000]
    raw_x_test, raw_y_test = raw_x_test[:1000], raw_y_test[:1000]

print(f"training: images {raw_x_train.shape} {raw_x_train.dtype}, labels {raw_y_train.shape}")
print(f"test:     images {raw_x_test.shape} {raw_x_test.dtype}, labels {raw_y_test.shape}")

# %% [markdown]
# What does this data look like? Here are fifteen digits with their labels. (The slide's code plots
# `x_train[i,:,:,:0]`, which has no channel, so Matplotlib refuses to draw it; it should say `x_train[i,:,:,0]`.)

# %% nbgrader={"grade_id": "look", "locked": true}
figure = plt.figure(figsize=(8, 5))
for i in range(15):
    axes = figure.add_subplot(3, 5, i + 1, xticks=[], yticks=[])
    axes.set_xlabel(f"label {raw_y_train[i]}")
    axes.imshow(raw_x_train[i], cmap="gray")
figure.suptitle("The first 15 training images")
figure.tight_layout()
plt.show()

# %% [markdown]
# ## Exercise 1: preprocess (2 points)
#
# The images are whole numbers from 0 to 255 in an array of shape (images, 28, 28). A `Conv2D` layer expects one more
# axis, the *channels* (one for gray, three for color), and a network trains best on small numbers.
#
# Write `preprocess(images)`: turn the uint8 array `images` of shape (n, height, width) into a NumPy array of float32, of shape
# (n, height, width, 1), with values from 0 to 1. Use `images.astype("float32")`, a division by 255, and `reshape` or
# `np.expand_dims(..., axis=-1)`. Leave `images` itself unchanged.
#
# (The slide calls `K.image_data_format()` to find out where the channels go. In Keras 3 that is
# `keras.config.image_data_format()`, and unless someone changed it the answer is `channels_last`, as here.)


# %% nbgrader={"grade_id": "preprocess", "solution": true}
def preprocess(images):
    """Turn uint8 images (n, height, width) into float32 (n, height, width, 1), from 0.0 to 1.0."""
    ### BEGIN SOLUTION
    return np.expand_dims(images.astype("float32") / 255.0, axis=-1)
    ### END SOLUTION


# %% nbgrader={"grade_id": "test_preprocess", "grade": true, "locked": true, "points": 2}
_prepared = preprocess(np.array([[[0, 51], [102, 204]]], dtype="uint8"))
expect(
    "Exercise 1, preprocess of one 2×2 image, its shape",
    _prepared if _prepared is None else np.shape(_prepared),
    (1, 2, 2, 1),
    "the new last axis",
)
expect(
    "Exercise 1, the type of what preprocess returns",
    type(_prepared).__name__,
    "ndarray",
    "whether it is a NumPy array; `np.array(...)` makes one",
)
expect(
    "Exercise 1, preprocess of [[0, 51], [102, 204]]",
    _prepared[0, :, :, 0],
    [[0, 0.2], [0.4, 0.8]],
    "the division: always by 255, whatever the largest value is",
)
expect("Exercise 1, the dtype after preprocess", str(_prepared.dtype), "float32", "`astype`")
### BEGIN HIDDEN TESTS
_raw = np.arange(3 * 5 * 7).reshape(3, 5, 7).astype("uint8")
_before = _raw.copy()
_prepared = preprocess(_raw)
expect(
    "Exercise 1, preprocess of 3 images of 5×7, its shape",
    np.shape(_prepared),
    (3, 5, 7, 1),
    "where the sizes come from",
)
expect("Exercise 1, pixel (4, 6) of image 2 of 3", _prepared[2, 4, 6, 0], 104 / 255, "the order of the axes")
expect(
    "Exercise 1, the images given, after the call",
    _raw,
    _before,
    "such operators as `/=`, which change their array",
)
### END HIDDEN TESTS

# %% nbgrader={"grade_id": "prepare", "locked": true}
x_train, x_test = preprocess(raw_x_train), preprocess(raw_x_test)
input_shape = x_train.shape[1:]
print("smallest and largest value:", x_train.min(), x_train.max())
print("input_shape:", input_shape)


# %% [markdown]
# From here on, the network sees numbers from 0 to 1 instead of 0 to 255.
#
# ## Exercise 2: one-hot labels (2 points)
#
# The last layer will have ten outputs, one per digit. So the label 5 has to become ten numbers too: a 1 at index 5 and
# 0 elsewhere. Write `one_hot(labels, num_classes)` with `to_categorical(labels, num_classes)`, which turns whole numbers of
# shape (n,) into an array of shape (n, num_classes). Don't leave out `num_classes`: without it, Keras makes only as many
# columns as the largest label needs.


# %% nbgrader={"grade_id": "one_hot", "solution": true}
def one_hot(labels, num_classes):
    """Turn labels (n,) into rows (n, num_classes) with one 1 each."""
    ### BEGIN SOLUTION
    return to_categorical(labels, num_classes)
    ### END SOLUTION


# %% nbgrader={"grade_id": "test_one_hot", "grade": true, "locked": true, "points": 2}
expect(
    "Exercise 2, one_hot([2, 0], 4)",
    one_hot(np.array([2, 0]), 4),
    [[0, 0, 1, 0], [1, 0, 0, 0]],
    "the index of the 1, and the argument `num_classes`",
)
### BEGIN HIDDEN TESTS
_labels = np.array([3, 1, 1, 0])
_expected = np.eye(6)[_labels]
expect(
    "Exercise 2, one_hot of four labels, two of them equal, with 6 classes",
    one_hot(_labels, 6),
    _expected,
    "which row belongs to which label",
)
expect(
    "Exercise 2, the labels given, after the call",
    _labels,
    [3, 1, 1, 0],
    "what changes an array in place, such as `+=`",
)
### END HIDDEN TESTS

# %% nbgrader={"grade_id": "labels", "locked": true}
y_train, y_test = one_hot(raw_y_train, num_classes), one_hot(raw_y_test, num_classes)
print(f"label {raw_y_train[0]} became {y_train[0]}")


# %% [markdown]
# Each label is now one probability per class: 1 for the right class and 0 for all others. The network's output has the
# same form, so the loss can compare the two.
#
# ## Exercise 3: predict before you build (3 points)
#
# This is the lecture's network. It takes images of 28×28 with one channel:
#
# | | layer | its arguments |
# |---|---|---|
# | 1 | convolution | 32 kernels of 3×3, no padding, ReLU |
# | 2 | max pooling | blocks of 2×2 |
# | 3 | convolution | 64 kernels of 3×3, no padding, ReLU |
# | 4 | max pooling | blocks of 2×2; a row or column left over is dropped |
# | 5 | flatten | |
# | 6 | fully connected | 64 neurons, ReLU |
# | 7 | dropout | sets half of its inputs to 0 while training |
# | 8 | fully connected | one neuron per class, softmax |
#
# Work out the following with pencil and paper. After Exercise 4 you can check the sizes and the parameters with `summary()`, and
# in Exercise 8 the progress bar shows the steps.
#
# 1. `answer_sizes`: a list of four whole numbers, the height of the output of each of the layers 1 to 4 (the width is the
#    same).
# 2. `answer_steps`: training uses the first 70 % of the 60,000 images, in batches of 256. How many steps (updates
#    of the weights) does one epoch take? The last batch may be smaller; it counts as a step.
# 3. `answer_changes`: how does each of the changes below, made one at a time, affect the number of parameters? A dictionary
#    from each letter to `"more"`, `"fewer"`, or `"same"`, such as `{"a": "more", "b": "same", …}`. A convolution has
#    (height × width × input channels + 1) × kernels parameters, a fully connected layer (inputs + 1) × neurons.
#    - a: 16 kernels instead of 32 in layer 1
#    - b: 32 neurons instead of 64 in layer 6
#    - c: no dropout
#    - d: no second pooling (layer 4)
#    - e: kernels of 5×5 instead of 3×3 in both convolutions
# 4. `answer_smallest`: the letter of the change that leaves the fewest parameters.

# %% nbgrader={"grade_id": "answers", "solution": true}
# answer_sizes, answer_steps, answer_changes, answer_smallest = …
### BEGIN SOLUTION
answer_sizes = [26, 13, 11, 5]
answer_steps = 165
answer_changes = {"a": "fewer", "b": "fewer", "c": "same", "d": "more", "e": "fewer"}
answer_smallest = "b"
### END SOLUTION

# %% nbgrader={"grade_id": "test_answer_sizes", "grade": true, "locked": true, "points": 1}
expect("Exercise 3, the shape of answer_sizes", np.shape(answer_sizes), (4,), "layers 1 to 4: one number per layer")
### BEGIN HIDDEN TESTS
for _i, (_received, _expected) in enumerate(zip(answer_sizes, (26, 13, 11, 5))):
    if _received != _expected:
        raise WrongAnswer(
            f"Exercise 3, answer_sizes: {_received} is not right for layer {_i + 1}. Look at how many positions the kernel or the block has."
        )
### END HIDDEN TESTS

# %% nbgrader={"grade_id": "test_answer_steps", "grade": true, "locked": true, "points": 1}
expect("Exercise 3, the fraction of answer_steps", answer_steps % 1, 0, "the last batch: it is a step too")
### BEGIN HIDDEN TESTS
if answer_steps != -(-42_000 // 256):
    raise WrongAnswer(
        f"Exercise 3, answer_steps: {answer_steps} is not right. Look at how many images are used for training, and at the last, smaller batch."
    )
### END HIDDEN TESTS

# %% nbgrader={"grade_id": "test_answer_changes", "grade": true, "locked": true, "points": 1}
expect(
    "Exercise 3, the letters in answer_changes", sorted(answer_changes), list("abcde"), "the five changes in the text"
)
_words = localized(["more", "fewer", "same"])
expect(
    f"Exercise 3, the words in answer_changes other than {', '.join(_words)}",
    sorted(set(localized(answer_changes).values()) - set(_words)),
    [],
    "the example in the text",
)
expect(
    "Exercise 3, answer_smallest",
    answer_smallest,
    answer_smallest if answer_smallest in list("abcde") else "one of the letters a, b, c, d, e",
    "item 4",
)
### BEGIN HIDDEN TESTS
_expected = localized({"a": "fewer", "b": "fewer", "c": "same", "d": "more", "e": "fewer"})
for _letter in "abcde":
    if localized(answer_changes[_letter]) != _expected[_letter]:
        raise WrongAnswer(
            f"Exercise 3, answer_changes: {answer_changes[_letter]!r} is not right for {_letter}. Look at how many numbers reach layer 6."
        )
if answer_smallest != "b":
    raise WrongAnswer(
        f"Exercise 3, answer_smallest: {answer_smallest!r} is not right. Look at which layer has most of the parameters, and what changes its size."
    )
### END HIDDEN TESTS

# %% [markdown]
# ## Exercise 4: build it (6 points)
#
# Write `build_model(input_shape, num_classes)`: return a `Sequential` of `keras.Input(shape=input_shape)` and the eight
# layers of the table above: `Conv2D(filters, kernel_size, activation=...)`, `MaxPooling2D(pool_size)`, `Flatten()`,
# `Dense(units, activation=...)`, and `Dropout(rate)`. The activations are called `"relu"` and `"softmax"`, and "no padding"
# is Keras's default. Only the input and the last layer depend on the arguments of `build_model`. Don't compile
# the network yet.


# %% nbgrader={"grade_id": "build_model", "solution": true}
def build_model(input_shape, num_classes):
    """Return the lecture's network, not compiled, for images of `input_shape` (height, width, channels)."""
    ### BEGIN SOLUTION
    return Sequential(
        [
            keras.Input(shape=input_shape),
            Conv2D(32, kernel_size=(3, 3), activation="relu"),
            MaxPooling2D(pool_size=(2, 2)),
            Conv2D(64, (3, 3), activation="relu"),
            MaxPooling2D(pool_size=(2, 2)),
            Flatten(),
            Dense(64, activation="relu"),
            Dropout(0.5),
            Dense(num_classes, activation="softmax"),
        ]
    )
    ### END SOLUTION


# %% [markdown]
# The first test looks at each layer by itself, with the input that it really gets: a wrong kernel size costs the half point of
# its own row, not those of the rows below. Grading prints every row with what was expected. The second test, one point, counts
# the parameters of the whole network and looks at the order of the layers, the dropout rate, and the activations.
# The third, one point, builds networks for images of other sizes.

# %% nbgrader={"grade_id": "test_layers", "grade": true, "locked": true, "points": 4}
_network = build_model((28, 28, 1), 10)
if not getattr(_network, "built", False):
    raise WrongAnswer(
        f"Exercise 4, build_model: expected a network that knows the shape of its input, received {_network}.\nLook at `keras.Input`, and at the `return`."
    )


### BEGIN HIDDEN TESTS
def _row(kind, number, shape_and_parameters):
    """Print how the layer that is `number` of its `kind` compares; True where it is as expected."""
    layers = [layer for layer in _network.layers if type(layer).__name__ == kind]
    if len(layers) < number:
        print(f"✗ {kind} {number}: expected such a layer, received {len(layers)} of this kind")
        return False
    layer = layers[number - 1]
    shape = tuple(layer.input.shape[1:])
    if kind in ("Conv2D", "MaxPooling2D") and len(shape) != 3:
        print(f"✗ {kind} {number}: expected an input of height, width and channels, received one of shape {shape}")
        return False
    expected = shape_and_parameters(*shape)
    received = (tuple(layer.output.shape[1:]), layer.count_params())
    print(f"{'✓' if received == expected else '✗'} {kind} {number}: expected {expected}, received {received}")
    return received == expected


_rows = [
    _row("Conv2D", 1, lambda h, w, c: ((h - 2, w - 2, 32), 32 * (9 * c + 1))),
    _row("MaxPooling2D", 1, lambda h, w, c: ((h // 2, w // 2, c), 0)),
    _row("Conv2D", 2, lambda h, w, c: ((h - 2, w - 2, 64), 64 * (9 * c + 1))),
    _row("MaxPooling2D", 2, lambda h, w, c: ((h // 2, w // 2, c), 0)),
    _row("Flatten", 1, lambda *shape: ((int(np.prod(shape)),), 0)),
    _row("Dense", 1, lambda *shape: ((*shape[:-1], 64), 64 * (shape[-1] + 1))),
    _row("Dropout", 1, lambda *shape: (shape, 0)),
    _row("Dense", 2, lambda *shape: ((*shape[:-1], 10), 10 * (shape[-1] + 1))),
]
float(sum(_rows) / 2)
### END HIDDEN TESTS

# %% nbgrader={"grade_id": "test_parameters", "grade": true, "locked": true, "points": 1}
_network = build_model((28, 28, 1), 10)
expect("Exercise 4, the number of parameters", _network.count_params(), 121_930, "the table, and `summary()` below")
### BEGIN HIDDEN TESTS
_kinds = [type(layer).__name__ for layer in _network.layers]
expect(
    "Exercise 4, the layers in their order",
    [kind for kind in _kinds if kind not in ("InputLayer", "Activation", "ReLU", "Softmax")],
    ["Conv2D", "MaxPooling2D", "Conv2D", "MaxPooling2D", "Flatten", "Dense", "Dropout", "Dense"],
    "the table, from top to bottom",
)
_rates = [layer.rate for layer in _network.layers if isinstance(layer, Dropout)]
expect("Exercise 4, the rate of the dropout", _rates, [0.5], "the argument of `Dropout`")
_activations = [
    getattr(layer.activation, "__name__", type(layer.activation).__name__.lower())
    if hasattr(layer, "activation")
    else type(layer).__name__.lower()
    for layer in _network.layers
    if hasattr(layer, "activation") or type(layer).__name__ in ("ReLU", "Softmax")
]
expect(
    "Exercise 4, the activations",
    [name for name in _activations if name != "linear"],
    ["relu", "relu", "relu", "softmax"],
    "the argument `activation` of each layer",
)
### END HIDDEN TESTS

# %% nbgrader={"grade_id": "test_other_shape", "grade": true, "locked": true, "points": 1}
_other = build_model((20, 24, 1), 4)
expect(
    "Exercise 4, the input's and the output's shape for images of 20×24 and 4 classes",
    [tuple(_other.input_shape), tuple(_other.output_shape)],
    [(None, 20, 24, 1), (None, 4)],
    "the arguments `input_shape` and `num_classes`",
)
### BEGIN HIDDEN TESTS
_other = build_model((32, 32, 3), 7)
_by_hand = 32 * (9 * 3 + 1) + 64 * (9 * 32 + 1) + 64 * (6 * 6 * 64 + 1) + 7 * (64 + 1)
expect(
    "Exercise 4, parameters for 32×32 images with 3 channels and 7 classes",
    _other.count_params(),
    _by_hand,
    "numbers that should come from the arguments",
)
### END HIDDEN TESTS

# %% nbgrader={"grade_id": "summary", "locked": true}
keras.utils.set_random_seed(SEED)  # the starting weights don't depend on what ran before
model = build_model(input_shape, num_classes)
model.summary()

# %% [markdown]
# Compare the column *Output Shape* with your `answer_sizes`. The column *Param #* shows that one layer holds more than
# four fifths of the parameters. To check `answer_changes`, copy `build_model`, make the change, and call `count_params()`
# of the network.
#
# ## Exercise 5: find the mistakes in a network (3 points)
#
# The network below runs without an error message. It was trained on 3,000 images for ten epochs, in batches of 64, with the
# optimizer and the loss of Exercise 6, and its validation accuracy ended at 0.10, no better than guessing. With its
# mistakes repaired, the same network reached 0.92.
#
# There are **three** mistakes. None of them is in the `Conv2D`, the `MaxPooling2D`, the `Flatten`, or in a number; no layer is
# missing, and none is superfluous. Ask of each layer: which values can it give, and what happens to them next?
#
# Write `repaired_network(input_shape, num_classes)`: return the same network without the mistakes, not compiled. Where more
# than one repair is good, each of them counts.


# %% nbgrader={"grade_id": "faulty_network", "locked": true}
def faulty_network(input_shape, num_classes):
    """A network with three mistakes."""
    return Sequential(
        [
            keras.Input(shape=input_shape),
            Conv2D(16, (3, 3), activation="relu"),
            MaxPooling2D((2, 2)),
            Flatten(),
            Dense(32, activation="softmax"),
            Dense(num_classes, activation="relu"),
            Dropout(0.5),
        ]
    )


# %% nbgrader={"grade_id": "repaired_network", "solution": true}
def repaired_network(input_shape, num_classes):
    """Return `faulty_network` without its three mistakes."""
    ### BEGIN SOLUTION
    return Sequential(
        [
            keras.Input(shape=input_shape),
            Conv2D(16, (3, 3), activation="relu"),
            MaxPooling2D((2, 2)),
            Flatten(),
            Dense(32, activation="relu"),
            Dropout(0.5),
            Dense(num_classes, activation="softmax"),
        ]
    )
    ### END SOLUTION


# %% nbgrader={"grade_id": "test_repaired_network", "grade": true, "locked": true, "points": 3}
_network = repaired_network((12, 10, 1), 4)
expect(
    "Exercise 5, the number of parameters, which is the same without the mistakes",
    _network and _network.count_params(),
    faulty_network((12, 10, 1), 4).count_params(),
    "what you changed: no number and no size is wrong",
)
_images = np.linspace(0, 1, 3 * 12 * 10, dtype="float32").reshape(3, 12, 10, 1)
expect(
    "Exercise 5, the sum of the outputs for each of three images",
    _network.predict(_images, verbose=0).sum(axis=1),
    [1, 1, 1],
    "what the network should return: one probability per class",
    tolerance=1e-5,
)
### BEGIN HIDDEN TESTS
_layers = [layer for layer in _network.layers if not isinstance(layer, keras.layers.InputLayer)]
_kinds = [type(layer).__name__ for layer in _layers]
_activations = [getattr(layer, "activation", layer) for layer in _layers]
_names = [getattr(one, "__name__", type(one).__name__).lower() for one in _activations]
expect(
    "Exercise 5, the layers apart from activations, in alphabetical order",
    sorted(kind for kind in _kinds if kind not in ("Activation", "ELU", "LeakyReLU", "ReLU", "Softmax")),
    ["Conv2D", "Dense", "Dense", "Dropout", "Flatten", "MaxPooling2D"],
    "the layers: none was missing, and none was superfluous",
)
expect(
    "Exercise 5, the rate of the dropout",
    [layer.rate for layer in _layers if isinstance(layer, Dropout)],
    [0.5],
    "the numbers: none was wrong",
)
_flat = _kinds.index("Flatten")
expect(
    "Exercise 5, the activations before the `Flatten`",
    [name for name in _names[:_flat] if name not in ("linear", "maxpooling2d", "dropout")],
    ["relu"],
    "the convolution, which had no mistake",
)
if "Dense" not in _kinds[_kinds.index("Dropout") :]:
    raise WrongAnswer(
        f"Exercise 5, the layers from the dropout on: expected the last `Dense` among them, received {_kinds[_kinds.index('Dropout') :]}. Look at what a dropout after the last `Dense` does: in training it deletes half of the answers themselves."
    )
_hidden = [name for name in _names[_flat + 1 : -1] if name not in ("linear", "dropout")]
if not _hidden or "softmax" in _hidden:
    _first = _hidden[0] if _hidden else "none"
    raise WrongAnswer(
        f"Exercise 5, the activation of the first `Dense`: {_first} is not right. Look at what its 32 neurons can pass on: with a softmax they share a sum of 1, so one that is active silences the others, and without an activation two layers are no more than one."
    )
### END HIDDEN TESTS

# %% [markdown]
# None of the three mistakes raises an error: only the accuracy gives them away. So ask these questions of every network
# before you train it.
#
# ## Exercise 6: loss, optimizer, metric (2 points)
#
# Write `compile_model(model)`: call `model.compile(loss=..., optimizer=..., metrics=...)` with
# `keras.losses.categorical_crossentropy`, `Adam()` with its usual learning rate of 0.001, and a list with the metric
# `"accuracy"`, and return the model. (The slides' name `"acc"` works as well: Keras names the entries of the history after
# it, so yours are then called `acc` and `val_acc`.)


# %% nbgrader={"grade_id": "compile_model", "solution": true}
def compile_model(model):
    """Compile `model` for one-hot labels: cross-entropy, Adam, accuracy. Returns `model`."""
    ### BEGIN SOLUTION
    model.compile(loss=keras.losses.categorical_crossentropy, optimizer=Adam(), metrics=["accuracy"])
    return model
    ### END SOLUTION


# %% nbgrader={"grade_id": "test_compile", "grade": true, "locked": true, "points": 2}
_small = Sequential([keras.Input(shape=(4,)), Dense(3, activation="softmax")])
_compiled = compile_model(_small)
expect(
    "Exercise 6, the optimizer of the model that compile_model returns",
    _compiled and type(_compiled.optimizer).__name__,
    "Adam",
    "the argument `optimizer`",
)
### BEGIN HIDDEN TESTS
expect(
    "Exercise 6, the learning rate",
    float(_compiled.optimizer.learning_rate),
    0.001,
    "the argument of `Adam`",
    tolerance=1e-7,
)
_x = np.linspace(-1, 1, 20, dtype="float32").reshape(5, 4)
_y = np.eye(3, dtype="float32")[[0, 1, 2, 1, 0]]
_p = _compiled.predict(_x, verbose=0)
_measured = _compiled.evaluate(_x, _y, verbose=0, return_dict=True)
_right = float((_p.argmax(1) == _y.argmax(1)).mean())
expect(
    "Exercise 6, the loss of five known predictions",
    _measured["loss"],
    float(-np.log(_p[_y == 1]).mean()),
    "the argument `loss`",
    tolerance=1e-4,
)
expect(
    "Exercise 6, the accuracy of five known predictions",
    sorted((v for k, v in _measured.items() if "acc" in k), key=lambda v: abs(v - _right))[
        :1
    ],  # of several, the nearest
    [_right],
    "the argument `metrics`",
    tolerance=1e-5,
)
### END HIDDEN TESTS

# %% [markdown]
# The network now has a loss to minimize, and an optimizer that does it. It still knows nothing about digits: it would get
# about one in ten right, by chance.
#
# ## Exercise 7: training (4 points)
#
# Write `train(model, x, y)`: call `model.fit(x, y, batch_size=..., epochs=..., validation_split=0.3, verbose=1)` with
# the shared variables `batch_size` and `epochs`, and return the `History` that `fit` returns. Call `fit` once.
# `validation_split=0.3` holds out 30 % of the images for validation: Keras takes the *last* 30 % in their given order, before
# any shuffling.


# %% nbgrader={"grade_id": "train", "solution": true}
def train(model, x, y):
    """Fit the compiled `model` on images `x` and one-hot labels `y`; 30 % of them validate. Returns the History."""
    ### BEGIN SOLUTION
    return model.fit(x, y, batch_size=batch_size, epochs=epochs, validation_split=0.3, verbose=1)
    ### END SOLUTION


# %% nbgrader={"grade_id": "test_train", "grade": true, "locked": true, "points": 4}
# A network with two outputs, and examples without any content: the first 700 belong to class 0, the last 300 to class 1.
_tiny = Sequential([keras.Input(shape=(4,)), Dense(2, activation="softmax")])
_tiny.compile(optimizer="adam", loss="categorical_crossentropy", metrics=["accuracy"])
_trained = train(_tiny, np.zeros((1000, 4), dtype="float32"), np.eye(2, dtype="float32")[[0] * 700 + [1] * 300])
expect("Exercise 7, the type of what train returns", _trained and type(_trained).__name__, "History", "the `return`")
expect("Exercise 7, epochs in the history", len(_trained.history.get("loss", [])), epochs, "the argument `epochs`")
_entries = ["accuracy", "loss", "val_accuracy", "val_loss"]
expect(
    f"Exercise 7, which of {', '.join(_entries)} the history has",
    [entry for entry in _entries if entry in _trained.history],
    _entries,
    "the argument `validation_split`",
)
### BEGIN HIDDEN TESTS
expect(
    "Exercise 7, steps per epoch with 1,000 examples",
    _trained.params["steps"],
    -(-700 // batch_size),
    "the arguments `batch_size` and `validation_split`",
)
# The two outputs start equal (a loss of 0.6931 = ln 2), and Adam moves each bias by 0.001 per step: 0.6931, 0.6921, 0.6911.
expect(
    "Exercise 7, the loss of the first epoch, which begins with an untrained network",
    _trained.history["loss"][0],
    0.6922,
    "how often `fit` is called: once",
    tolerance=1e-3,
)
expect(
    "Exercise 7, accuracy and validation accuracy, if the last 30 % belong to another class than the rest",
    [_trained.history["accuracy"][-1], _trained.history["val_accuracy"][-1]],
    [1, 0],
    "which examples are used for training, and which for validation",
)
### END HIDDEN TESTS

# %% [markdown]
# ## Exercise 8: the training itself (20 points)
#
# There is nothing to write here: the cells below train *your* network with your functions of Exercises 1, 2, 4, 6, and 7, and
# measure how good it is. Solve Exercise 7 first. If one of the others is not solved yet, a stand-in takes its place. The
# stand-in for the network is a smaller one, whose test accuracy was 0.974.


# %% nbgrader={"grade_id": "stand_ins", "locked": true}
def check_array(array, *shape):
    """Raise ValueError unless `array` is an array of numbers of this shape."""
    if not isinstance(array, np.ndarray) or array.shape != shape or array.dtype.kind not in "fiu":
        raise ValueError("not such an array")


try:
    check_array(x_train, len(raw_x_train), 28, 28, 1)
    check_array(x_test, len(raw_x_test), 28, 28, 1)
except (NameError, ValueError):
    print("Exercise 1: a stand-in for preprocess is used.")

    def preprocess(raw):
        return keras.layers.Rescaling(1 / 255)(raw[..., np.newaxis]).numpy()

    x_train, x_test = preprocess(raw_x_train), preprocess(raw_x_test)

try:
    check_array(y_train, len(raw_y_train), num_classes)
    check_array(y_test, len(raw_y_test), num_classes)
except (NameError, ValueError):
    print("Exercise 2: a stand-in for one_hot is used.")
    y_train, y_test = (np.float32(labels[:, np.newaxis] == range(num_classes)) for labels in (raw_y_train, raw_y_test))

try:
    model
except NameError:  # without Exercise 1 there was no `input_shape` to build it for
    try:
        keras.utils.set_random_seed(SEED)
        model = build_model((28, 28, 1), num_classes)
    except Exception:
        pass  # the next lines see to it

try:
    if (model.input_shape, model.output_shape) != ((None, 28, 28, 1), (None, num_classes)):
        raise ValueError("another network's shapes")
except (NameError, AttributeError, ValueError):
    print("Exercise 4: a stand-in for build_model is used, a smaller network.")
    keras.utils.set_random_seed(SEED)
    _layers = [Conv2D(8, (5, 5), strides=2, activation="relu"), Flatten(), Dense(num_classes, activation="softmax")]
    model = Sequential([keras.Input(shape=(28, 28, 1)), *_layers])

_probe = Sequential([keras.Input(shape=(4,)), Dense(2, activation="softmax")])
try:
    compile_model(_probe)
    if not _probe.compiled:
        raise ValueError("not compiled")
except Exception:
    print("Exercise 6: a stand-in for compile_model is used.")

    def compile_model(model):
        model.compile("rmsprop", "categorical_crossentropy", metrics=["accuracy"])


# %% [markdown]
# The next cell trains your network for `epochs` = 10 epochs. On two CPU cores that also did other work, this took 3 to 10
# minutes.

# %% nbgrader={"grade_id": "run_training", "locked": true}
compile_model(model)
history = train(model, x_train, y_train)

# %% [markdown]
# The network learned most of what it can learn in the first epoch; later epochs refine it.
#
# Only now comes the test set: data "from the real world", untouched until every choice was made. `evaluate` gives the
# loss and the accuracy on it; the slide's network had an accuracy of 0.9892.
#
# The points rise in a straight line, from none at an accuracy of 0.965 (what a small network without convolutions reached)
# to all 20 at 0.985 and above. Grading trains your network again, so the graded accuracy may differ from yours by a few
# thousandths.

# %% nbgrader={"grade_id": "evaluate", "locked": true}
score = model.evaluate(x_test, y_test, verbose=0)
print("Test loss:", score[0])
print("Test accuracy:", score[1])

# %% nbgrader={"grade_id": "test_accuracy", "grade": true, "locked": true, "points": 20}
_right = int(np.sum(model.predict(preprocess(raw_x_test[:100]), verbose=0).argmax(axis=1) == raw_y_test[:100]))
if _right <= 20 and not QUICK:
    raise WrongAnswer(
        f"Exercise 8, of the first 100 test images:\n  expected more than 20 right, as guessing gets about 10\n  received {_right}\nLook at whether `train` trains the model that it is given."
    )
### BEGIN HIDDEN TESTS
# What `preprocess` makes of each value of a pixel. It doesn't get the test images themselves: these are looked up.
_values = (np.arange(28 * 28) % 256).reshape(1, 28, 28).astype("uint8")
_prepared = np.asarray(preprocess(_values))
_number_of = _prepared.reshape(-1)[:256]
expect(
    "Exercise 8, what pixels of the same value become, wherever they are",
    _prepared[..., 0],
    _number_of[_values],
    "Exercise 1: each pixel by itself",
)
MINIMUM, BASELINE, POINTS = 0.985, 0.965, 20
_images, _labels = mnist.load_data()[1]
_predictions = model.predict(_number_of[_images][..., np.newaxis], batch_size=256, verbose=0)
_accuracy = float(np.mean(np.argmax(_predictions, axis=1) == _labels))
_points = POINTS * min(1.0, max(0.0, (_accuracy - BASELINE) / (MINIMUM - BASELINE)))
print(
    f"Accuracy on {len(_labels):,} test images: expected at least {MINIMUM} (no points up to {BASELINE}), received {_accuracy:.4f}: {_points:.1f} of {POINTS} points."
)
float(_points)
### END HIDDEN TESTS

# %% [markdown]
# ## Exercise 9: learning curves (2 points)
#
# Write `plot_history(history)`, which draws the training accuracy `history.history["accuracy"]` and the validation accuracy
# `history.history["val_accuracy"]` against the number of the epoch:
#
# 1. Make new axes with `figure, axes = plt.subplots()`.
# 2. Draw both lines with `axes.plot(range(1, ...), ..., marker="o", label=...)`. The first epoch has the number 1.
# 3. Set a title and the axis labels `"epoch"` and `"accuracy"` with `axes.set(title=..., xlabel=..., ylabel=...)`, and
#    add a legend with `axes.legend()`.
# 4. Return `axes`. Don't call `plt.show()` in the function: it closes the figure. The cell below yours shows it.
#
# (If you chose `"acc"` in Exercise 6, the entries are `acc` and `val_acc`.)


# %% nbgrader={"grade_id": "plot_history", "solution": true}
def plot_history(history):
    """Draw training and validation accuracy by epoch, and return the axes."""
    ### BEGIN SOLUTION
    figure, axes = plt.subplots()
    number = range(1, len(history.history["accuracy"]) + 1)
    axes.plot(number, history.history["accuracy"], marker="o", label="training")
    axes.plot(number, history.history["val_accuracy"], marker="o", label="validation")
    axes.set(title="Accuracy of the model", xlabel="epoch", ylabel="accuracy")
    axes.legend(loc="lower right")
    return axes
    ### END SOLUTION


# %% nbgrader={"grade_id": "show_history", "locked": true}
axes = plot_history(history)
axes.locator_params(axis="x", integer=True, min_n_ticks=1)
axes.locator_params(axis="y", steps=[1, 2, 5, 10])
plt.show()

# %% nbgrader={"grade_id": "test_plot_history", "grade": true, "locked": true, "points": 2}
_made_up = keras.callbacks.History()
_made_up.history = {"accuracy": [0.5, 0.75, 0.875], "val_accuracy": [0.625, 0.7, 0.8], "loss": [3.0, 2.0, 1.0]}
_made_up.history |= {"acc": [0.5, 0.75, 0.875], "val_acc": [0.625, 0.7, 0.8]}  # as `metrics=["acc"]` names them
_axes = plot_history(_made_up)
plt.close("all")
expect(
    "Exercise 9, the number of lines in the axes that plot_history returns",
    _axes and len(getattr(_axes, "lines", ())),
    2,
    "what is plotted, and whether you return the axes alone; `plt.show()` closes the figure, and after it `plt.gca()` is an empty one",
)
expect(
    "Exercise 9, the epochs at which the lines are drawn",
    [list(map(float, line.get_xdata())) for line in _axes.lines],
    [[1, 2, 3], [1, 2, 3]],
    "the first argument of `axes.plot`",
)
expect(
    "Exercise 9, the axis labels",
    localized([_axes.get_xlabel().lower(), _axes.get_ylabel().lower()]),
    localized(["epoch", "accuracy"]),
    "`axes.set`",
)
expect(
    "Exercise 9, the number of lines that the legend names",
    _axes.get_legend() and len(_axes.get_legend().get_texts()),
    2,
    "`label=` and `axes.legend()`",
)
if not _axes.get_title():
    raise WrongAnswer("Exercise 9, the title: expected one, received none. Look at `axes.set`.")
### BEGIN HIDDEN TESTS
_drawn = sorted(list(map(float, line.get_ydata())) for line in _axes.lines)
expect(
    "Exercise 9, the heights of the two lines",
    _drawn,
    [[0.5, 0.75, 0.875], [0.625, 0.7, 0.8]],
    "which history is drawn: the argument's",
)
### END HIDDEN TESTS

# %% [markdown]
# ## Exercise 10: what the curves say (5 points)
#
# On the slides, and probably in your plot, the validation accuracy is *above* the training accuracy (0.9602 against 0.8058
# in the first epoch).
#
# 1. `answer_validation`: which of these reasons explain it? A set of letters, such as `{"a"}`.
#    - a: Keras picks easier images for validation
#    - b: dropout is active in training, and off in validation
#    - c: the training accuracy is the mean over an epoch in which the network was still improving; the
#      validation accuracy is measured at the end of the epoch
#    - d: the network overfits
#
# The next cell draws four other training runs of one small network. Each of them has one of these five diagnoses, and no two have
# the same: `"healthy"`, `"overfitting"`, `"learning rate too small"`, `"learning rate too large"`, `"sorted by label"` (the
# training images were in the order of their labels, first all zeros and last all nines).
#
# 2. `answer_curves`: a dictionary from each letter, `"A"` to `"D"`, to its diagnosis.

# %% nbgrader={"grade_id": "show_curves", "locked": true}
CURVES = {  # measured with one small network and 300 or 3,000 digits
    "A": {
        "accuracy": [0.51, 0.88, 0.92, 0.94, 0.95, 0.96, 0.96, 0.96, 0.97, 0.97],
        "val_accuracy": [0.02, 0.02, 0.02, 0.02, 0.02, 0.02, 0.02, 0.02, 0.02, 0.02],
        "loss": [1.56, 0.46, 0.27, 0.22, 0.18, 0.16, 0.14, 0.13, 0.11, 0.1],
        "val_loss": [5.98, 10.36, 11.91, 12.95, 13.85, 14.56, 15.21, 15.77, 16.23, 16.6],
    },
    "B": {
        "accuracy": [0.08, 0.09, 0.1, 0.12, 0.14, 0.16, 0.18, 0.21, 0.23, 0.24],
        "val_accuracy": [0.07, 0.08, 0.09, 0.11, 0.12, 0.15, 0.17, 0.2, 0.22, 0.23],
        "loss": [2.32, 2.31, 2.3, 2.29, 2.28, 2.27, 2.26, 2.25, 2.24, 2.23],
        "val_loss": [2.32, 2.31, 2.3, 2.29, 2.28, 2.27, 2.27, 2.25, 2.25, 2.23],
    },
    "C": {
        "accuracy": [0.3, 0.58, 0.69, 0.85, 0.87, 0.91, 0.93, 0.97, 0.98, 0.99, 0.99, 1.0, 1.0, 1.0, 1.0],
        "val_accuracy": [0.46, 0.49, 0.7, 0.7, 0.77, 0.79, 0.79, 0.8, 0.78, 0.79, 0.8, 0.82, 0.81, 0.81, 0.81],
        "loss": [2.19, 1.7, 1.2, 0.78, 0.53, 0.37, 0.26, 0.17, 0.12, 0.08, 0.06, 0.04, 0.03, 0.02, 0.01],
        "val_loss": [1.97, 1.58, 1.2, 1.04, 0.9, 0.85, 0.83, 0.85, 0.86, 0.86, 0.89, 0.93, 0.95, 0.97, 0.99],
    },
    "D": {
        "accuracy": [0.11, 0.11, 0.11, 0.11, 0.11, 0.11, 0.1, 0.1, 0.11, 0.1],
        "val_accuracy": [0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1],
        "loss": [108.1, 2.37, 2.35, 2.35, 2.36, 2.36, 2.36, 2.36, 2.36, 2.36],
        "val_loss": [2.46, 2.38, 2.41, 2.42, 2.42, 2.42, 2.42, 2.41, 2.41, 2.4],
    },
}
figure, panels = plt.subplots(2, 4, figsize=(12, 5), sharex="col")
for (letter, curves), (above, below) in zip(CURVES.items(), panels.T):
    number = range(1, len(curves["loss"]) + 1)
    above.plot(number, curves["accuracy"], label="training")
    above.plot(number, curves["val_accuracy"], label="validation")
    below.plot(number, curves["loss"], label="training")
    below.plot(number, curves["val_loss"], label="validation")
    above.set(title=letter, ylim=(-0.03, 1.03), yticks=np.linspace(0, 1, 6))
    below.set(xlabel="epoch", ylim=(0, 1.05 * max(curves["loss"] + curves["val_loss"])))
    below.xaxis.get_major_locator().set_params(integer=True)
panels[0, 0].set_ylabel("accuracy")
panels[1, 0].set_ylabel("loss")
panels[0, 0].legend()
figure.suptitle("Four training runs of one small network (each with its own scale for the loss)")
figure.tight_layout()
plt.show()

# %% nbgrader={"grade_id": "read_curves", "solution": true}
# answer_validation, answer_curves = …
### BEGIN SOLUTION
answer_validation = {"b", "c"}
answer_curves = {
    "A": "sorted by label",
    "B": "learning rate too small",
    "C": "overfitting",
    "D": "learning rate too large",
}
### END SOLUTION

# %% nbgrader={"grade_id": "test_answer_validation", "grade": true, "locked": true, "points": 1}
expect(
    "Exercise 10, the entries of answer_validation other than the letters a to d",
    sorted(set(answer_validation) - set("abcd")),
    [],
    "the example in the text",
)
### BEGIN HIDDEN TESTS
if set(answer_validation) != {"b", "c"}:
    raise WrongAnswer(
        f"Exercise 10, answer_validation: {sorted(answer_validation)} is not right. Look at how the two numbers are measured: with or without dropout, and during the epoch or at its end."
    )
### END HIDDEN TESTS

# %% nbgrader={"grade_id": "test_answer_curves", "grade": true, "locked": true, "points": 2}
_diagnoses = ("healthy", "overfitting", "learning rate too small", "learning rate too large", "sorted by label")
_diagnoses, _curves = localized(_diagnoses), localized(answer_curves)
expect(
    "Exercise 10, the letters in answer_curves that have one of the five diagnoses",
    sorted(letter for letter, diagnosis in _curves.items() if diagnosis in _diagnoses),
    list("ABCD"),
    "the spelling of the diagnoses in the text",
)
### BEGIN HIDDEN TESTS
_causes = {"A": _diagnoses[4], "B": _diagnoses[2], "C": _diagnoses[1], "D": _diagnoses[3]}
_wrong = [letter for letter in "ABCD" if _curves[letter] != _causes[letter]]
for _letter in _wrong:
    print(f"Exercise 10, answer_curves: {answer_curves[_letter]!r} is not right for {_letter}.")
float(2 - len(_wrong) / 2)
### END HIDDEN TESTS

# %% [markdown]
# 3. `shuffle_together(x, y, seed)` repairs the training run whose images were sorted: return `x` and `y` as new arrays, both
#    in the same random order, so that each image keeps its label. Draw the order with
#    `np.random.default_rng(seed).permutation(len(x))`, and index both arrays with it.


# %% nbgrader={"grade_id": "shuffle_together", "solution": true}
def shuffle_together(x, y, seed):
    """Return `x` and `y`, both in the same random order."""
    ### BEGIN SOLUTION
    order = np.random.default_rng(seed).permutation(len(x))
    return x[order], y[order]
    ### END SOLUTION


# %% nbgrader={"grade_id": "test_shuffle_together", "grade": true, "locked": true, "points": 2}
_labels = np.repeat(np.arange(10), 10)
_x, _y = shuffle_together(np.arange(100) / 4, _labels, 3)
expect(
    "Exercise 10, the labels that belong to the shuffled examples",
    np.floor(np.asarray(_x) / 2.5),
    _y,
    "whether `x` and `y` get the same order",
)
expect("Exercise 10, the shuffled examples, sorted again", np.sort(_x), np.arange(100) / 4, "`permutation`: each once")
if len(set(map(int, _y[70:]))) < 5:
    raise WrongAnswer(
        f"Exercise 10, the last 30 of 100 sorted labels after the shuffle: expected a mixture, received {list(map(int, _y[70:]))}.\nLook at how the order is drawn."
    )
### BEGIN HIDDEN TESTS
_images, _targets = np.arange(240.0).reshape(20, 3, 4), np.eye(20)
_before = _images.copy()
_x, _y = shuffle_together(_images, _targets, 5)
expect(
    "Exercise 10, images and one-hot labels after the shuffle",
    np.asarray(_x),
    _before[np.asarray(_y).argmax(axis=1)],
    "whether only the first axis is shuffled",
)
expect("Exercise 10, the images given, after the call", _images, _before, "new arrays: `x[order]`")
_again, _other = (np.asarray(shuffle_together(_images, _targets, seed)[0]) for seed in (5, 6))
expect("Exercise 10, the order with the same seed again", _again, np.asarray(_x), "the argument `seed`")
if np.array_equal(_other, _x):
    raise WrongAnswer(
        "Exercise 10, the order with another seed: expected another order, received the same. Look at the argument `seed`."
    )
### END HIDDEN TESTS

# %% [markdown]
# In the first epochs the training accuracy makes the network look worse than it is: the validation accuracy is the number
# to trust.
#
# A training run that goes wrong shows its own pattern. With overfitting, the training accuracy goes on improving while the
# validation loss rises. With a learning rate that is too small, both curves improve together, but too slowly. With one that
# is too large, the first steps throw the weights so far that nothing can be learned afterwards. With sorted data, the training
# accuracy looks perfect, and the network is nearly always wrong on the digits that it was never shown: `validation_split`
# takes the last 30 % in their given order. MNIST comes in a random order, but your own data may not.
#
# ## Exercise 11: read one digit (2 points)
#
# The slides' `predict_classes` no longer exists. `model.predict` gives ten probabilities per image, and the class is the
# index of the largest one. Write `predict_digit(model, image)`: take one raw uint8 `image` of shape (28, 28), make it a batch
# of one with `image[np.newaxis]`, apply `preprocess`, call `model.predict(..., verbose=0)`, and return the index of the
# largest probability (`np.argmax`) as a single whole number.


# %% nbgrader={"grade_id": "predict_digit", "solution": true}
def predict_digit(model, image):
    """Return the digit, an int, that `model` sees in one raw image (28, 28)."""
    ### BEGIN SOLUTION
    return int(np.argmax(model.predict(preprocess(image[np.newaxis]), verbose=0)))
    ### END SOLUTION


# %% nbgrader={"grade_id": "show_digit", "locked": true}
plt.imshow(raw_x_test[0], cmap="gray")
plt.title(f"The network reads {predict_digit(model, raw_x_test[0])}")
plt.axis("off")
plt.show()

# %% nbgrader={"grade_id": "test_predict_digit", "grade": true, "locked": true, "points": 2}
# A network without training: it sees the digit k where pixel k of the diagonal is bright, and a 7 in dark images.
_counter = Sequential([keras.Input(shape=(28, 28, 1)), Flatten(), Dense(10)])
_counter.set_weights([np.eye(784, dtype="float32")[:, :290:29], np.eye(10, dtype="float32")[7] / 2])
_image = np.zeros((28, 28), dtype="uint8")
_image[3, 3] = 200
expect(
    "Exercise 11, predict_digit with a network that sees a 3",
    predict_digit(_counter, _image),
    3,
    "the argument `model`, and `np.argmax`",
)
_image[3, 3] = 100  # divided by 255 this is less than a half
_expected = 7 if np.max(preprocess(_image.reshape(1, 28, 28))) < 0.5 else 3
expect(
    "Exercise 11, predict_digit with the same network and a darker image",
    predict_digit(_counter, _image),
    _expected,
    "whether the image is preprocessed",
)
### BEGIN HIDDEN TESTS
_image = np.zeros((28, 28), dtype="uint8")
_image[9, 9] = 250
_expected = _counter.predict(preprocess(_image[np.newaxis]), verbose=0)[0].argmax()
expect(
    "Exercise 11, predict_digit where pixel (9, 9) is 250",
    predict_digit(_counter, _image),
    int(_expected),
    "whether the largest probability is found among all ten",
)
expect(
    "Exercise 11, the pixels that are not 0 in the image given, after the call",
    np.argwhere(_image).tolist(),
    [[9, 9]],
    "what changes an array in place, such as `/=`",
)
### END HIDDEN TESTS

# %% [markdown]
# ## Exercise 12: look inside (2 points)
#
# What did the first layer learn? Its kernels are `layer.get_weights()[0]` of the first `Conv2D`, an array of
# shape (3, 3, input channels, 32). What they find in an image are its *feature maps*, the output of that layer.
#
# Write `feature_maps(model, images)`: find the **first `Conv2D`** in `model.layers`, build
# `keras.Model(model.inputs, layer.output)`, apply `preprocess` to the raw `images` of shape (n, 28, 28), and return what the
# new model's `predict` gives for them: an array of shape (n, 26, 26, 32) for our network.


# %% nbgrader={"grade_id": "feature_maps", "solution": true}
def feature_maps(model, images):
    """Return what the first Conv2D of `model` gives for raw images (n, height, width)."""
    ### BEGIN SOLUTION
    first = next(layer for layer in model.layers if isinstance(layer, Conv2D))
    return keras.Model(model.inputs, first.output).predict(preprocess(images), verbose=0)
    ### END SOLUTION


# %% nbgrader={"grade_id": "show_inside", "locked": true}
_kernels = next(layer for layer in model.layers if isinstance(layer, Conv2D)).get_weights()[0][:, :, 0, :8]
_maps = feature_maps(model, raw_x_test[:1])[0, :, :, :8]
_largest = np.abs(_kernels).max()
figure, rows = plt.subplots(2, 8, figsize=(12, 3.6), layout="constrained")
for i in range(8):
    shown = rows[0, i].imshow(_kernels[:, :, i], cmap="RdBu_r", vmin=-_largest, vmax=_largest)
    found = rows[1, i].imshow(_maps[:, :, i], cmap="gray", vmin=0, vmax=_maps.max())
    rows[0, i].set(xticks=[], yticks=[], title=f"kernel {i}")
    rows[1, i].set(xticks=[], yticks=[])
figure.colorbar(shown, ax=rows[0], label="weight")
figure.colorbar(found, ax=rows[1], label="output")
figure.suptitle("Eight learned kernels (red: positive, blue: negative), and what each finds in the first test image")
plt.show()

# %% nbgrader={"grade_id": "test_feature_maps", "grade": true, "locked": true, "points": 2}
_untrained = Sequential([keras.Input(shape=(28, 28, 1)), Conv2D(2, (3, 3)), Conv2D(4, (5, 5)), Flatten(), Dense(10)])
_found = feature_maps(_untrained, raw_x_test[:3])
expect(
    "Exercise 12, the shape of 3 images' feature maps with 2 kernels",
    _found if _found is None else np.shape(_found),
    (3, 26, 26, 2),
    "which layer's output you take",
)
### BEGIN HIDDEN TESTS
_kernel = np.linspace(-1, 1, 18, dtype="float32").reshape(3, 3, 1, 2)
_untrained.layers[0].set_weights([_kernel, np.array([0.5, -0.5], dtype="float32")])
_raw = raw_x_test[:2].copy()
_numbers = np.asarray(preprocess(_raw.copy()), dtype="float64")[..., 0]
_windows = np.lib.stride_tricks.sliding_window_view(_numbers, (3, 3), axis=(1, 2))
_by_hand = np.einsum("nijab,abk->nijk", _windows, _kernel[:, :, 0, :]) + [0.5, -0.5]
expect(
    "Exercise 12, feature maps of two digits with known kernels",
    feature_maps(_untrained, _raw),
    _by_hand,
    "the preprocessing, and the model given as an argument",
    tolerance=1e-4,
)
expect(
    "Exercise 12, the images given, after the call",
    _raw,
    raw_x_test[:2],
    "what changes an array in place, such as `/=`",
)
### END HIDDEN TESTS

# %% [markdown]
# A feature map is bright where its kernel fits: where the image is light under the red weights and dark under the blue
# ones. So some kernels find upper edges, and others strokes in one direction. Nobody told the network what to look for:
# gradient descent formed these kernels.
#
# ## Exercise 13: save and load (1 point)
#
# Write `save_and_load(model, path)`: save the model with `model.save(path)`, load it with `keras.models.load_model(path)`, and
# return the loaded model. The path ends in `.keras`, the format of Keras 3 (the slides' `.h5` is the older one).
# The cell below yours saves your trained network in the file `mnist.keras` beside the notebook: after a restart you can
# load it instead of training again.


# %% nbgrader={"grade_id": "save_and_load", "solution": true}
def save_and_load(model, path):
    """Save `model` to `path`, which ends in .keras, and return the model loaded from there."""
    ### BEGIN SOLUTION
    model.save(path)
    return keras.models.load_model(path)
    ### END SOLUTION


# %% nbgrader={"grade_id": "checkpoint", "locked": true}
saved_model = save_and_load(model, "mnist.keras")
print("The loaded network reads", saved_model.predict(x_test[:1], verbose=0).argmax())

# %% nbgrader={"grade_id": "test_save_and_load", "grade": true, "locked": true, "points": 1}
_two = Sequential([keras.Input(shape=(4,)), Dense(3, activation="relu"), Dense(2)])
_x = np.linspace(-1, 1, 12, dtype="float32").reshape(3, 4)
_expected = _two.predict(_x, verbose=0)
_loaded = save_and_load(_two, "test_two.keras")
_files = [name for name in os.listdir() if name == "test_two.keras"]
if _files:
    os.remove("test_two.keras")
expect("Exercise 13, the files that were saved", _files, ["test_two.keras"], "`model.save(path)`")
### BEGIN HIDDEN TESTS
_two.set_weights([np.zeros_like(weights) for weights in _two.get_weights()])  # the loaded model has its own
expect(
    "Exercise 13, what the loaded model predicts",
    _loaded and _loaded.predict(_x, verbose=0),
    _expected,
    "what you save, load, and return: the model that `load_model` returns",
    tolerance=1e-5,
)
### END HIDDEN TESTS

# %% [markdown]
# ## Exercise 14: a digit of your own (6 points)
#
# The network reads the test images almost without a mistake, and yet it would fail on your handwriting. It has seen nothing
# but MNIST, whose images were all made in the same way: light ink on black, scaled so that the longer side of the digit is
# 20 pixels long, and placed in an image of 28×28 so that the *center of mass* of the ink is in the middle. A photograph
# shows dark ink on unevenly lit paper, and the digit may be anywhere and of any size.
#
# Here are ten drawings, one per digit, as a phone might photograph them. You will write three functions that turn
# such a picture into an image like those of MNIST. Each takes an array of shape (height, width), returns a new array,
# and leaves its argument unchanged.


# %% nbgrader={"grade_id": "drawings", "locked": true}
def draw(strokes, left, top, size, pen=4, height=120, width=160):
    """Dark strokes on paper whose right side lies in the shade; each stroke is a list of points (x, y)."""
    rows, columns = np.mgrid[:height, :width]
    distance = np.full((height, width), np.inf)  # of each pixel from the nearest stroke
    for stroke in strokes:
        points = np.array([left, top]) + size * np.array(stroke)
        for (x0, y0), (x1, y1) in np.stack([points[:-1], points[1:]], axis=1):
            share = ((columns - x0) * (x1 - x0) + (rows - y0) * (y1 - y0)) / ((x1 - x0) ** 2 + (y1 - y0) ** 2)
            share = np.clip(share, 0, 1)
            distance = np.minimum(distance, np.hypot(columns - x0 - share * (x1 - x0), rows - y0 - share * (y1 - y0)))
    ink = np.clip(pen - distance, 0, 1)
    return (np.linspace(235, 165, width) * (1 - ink) + 45 * ink).astype("uint8")


STROKES = [
    [[(5, 0), (2, 1), (0, 5), (0, 9), (2, 13), (5, 14), (8, 12), (9, 8), (9, 4), (7, 1), (5, 0)]],
    [[(2, 3), (5, 0), (5, 14)]],
    [[(0, 3), (2, 0), (6, 0), (8, 3), (7, 6), (3, 10), (0, 14), (9, 14)]],
    [[(0, 1), (4, 0), (8, 2), (7, 5), (3, 7), (8, 9), (8, 12), (4, 14), (0, 13)]],
    [[(3, 0), (0, 8), (9, 8)], [(7, 3), (7, 14)]],
    [[(8, 0), (1, 0), (0, 6), (5, 5), (8, 8), (8, 11), (5, 14), (0, 13)]],
    [[(7, 0), (3, 3), (0, 9), (2, 13), (6, 14), (8, 11), (6, 8), (2, 8), (0, 10)]],
    [[(0, 1), (9, 0), (6, 6), (3, 14)]],
    [[(5, 7), (1, 4), (1, 1), (4, 0), (7, 1), (7, 4), (5, 7), (1, 10), (1, 13), (4, 14), (7, 13), (8, 10), (5, 7)]],
    [[(8, 4), (5, 6), (1, 5), (0, 2), (3, 0), (7, 1), (8, 4), (7, 9), (5, 14)]],
]
drawings = [draw(STROKES[digit], 12 + 11 * digit, 8 + 5 * (digit % 4), 3 + digit % 3) for digit in range(10)]
figure, panels = plt.subplots(2, 5, figsize=(10, 4.2))
for digit, (axes, drawing) in enumerate(zip(panels.flat, drawings)):
    axes.imshow(drawing, cmap="gray", vmin=0, vmax=255)
    axes.set(xticks=[], yticks=[], title=f"drawing {digit}")
figure.suptitle(f"Ten drawings of {drawings[0].shape[0]}×{drawings[0].shape[1]} pixels")
figure.tight_layout()
plt.show()

# %% [markdown]
# 1. `clean(picture)`: make it light ink on black. First convert the picture to floats (`astype("float64")`), as uint8 can't
#    hold numbers above 255: they wrap around. If the paper is light (the `np.median` of the picture is above
#    127), replace each value by 255 minus the value. Then set everything below half of the largest value to 0: that
#    removes paper and shadows. Finally, scale the rest so that the largest value is 255. Every picture has some ink on it.
# 2. `crop(picture)`: cut out the smallest rectangle that holds all pixels above 0. `picture.any(axis=1)` tells which
#    rows hold ink, and `np.flatnonzero(...)` gives their indices. Keep everything from the first of these rows to the last,
#    empty rows between them too. Do the same with the columns.
# 3. `center(digit)`: put `digit`, of at most 28×28, into `np.zeros((28, 28))` so that its center of mass is in the middle.
#    The row of the center of mass is $\sum \text{row index} \cdot \text{value} \,/ \sum \text{value}$ over all pixels
#    of `digit`. The middle of the 28 rows 0 to 27 is 13.5, so the digit's top row belongs in row 13.5 minus the row of the
#    center of mass, rounded to a whole number with `round` (`np.round` gives a float). That must not be below 0 or above
#    28 − height, or a part would be cut off: use `np.clip`. Do the same with the columns and the width.


# %% nbgrader={"grade_id": "own_digit", "solution": true}
def clean(picture):
    """Return `picture` as floats: light ink, up to 255, on a background of 0."""
    ### BEGIN SOLUTION
    picture = picture.astype("float64")
    if np.median(picture) > 127:
        picture = 255 - picture
    return np.where(picture < picture.max() / 2, 0, picture * 255 / picture.max())
    ### END SOLUTION


def crop(picture):
    """Return the smallest rectangle of `picture` with all its pixels above 0."""
    ### BEGIN SOLUTION
    rows, columns = np.flatnonzero(picture.any(axis=1)), np.flatnonzero(picture.any(axis=0))
    return picture[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1].copy()
    ### END SOLUTION


def center(digit):
    """Return an image (28, 28) with `digit` in it, its center of mass as near to the middle as it fits."""
    ### BEGIN SOLUTION
    image = np.zeros((28, 28))
    corner = []
    for axis in (0, 1):
        middle = np.average(np.arange(digit.shape[axis]), weights=digit.sum(axis=1 - axis))
        corner.append(int(np.clip(round(13.5 - middle), 0, 28 - digit.shape[axis])))
    image[corner[0] : corner[0] + digit.shape[0], corner[1] : corner[1] + digit.shape[1]] = digit
    return image
    ### END SOLUTION


# %% nbgrader={"grade_id": "test_clean", "grade": true, "locked": true, "points": 2}
_photo = np.array([[207, 215, 203], [211, 51, 135], [203, 219, 199]], dtype="uint8")
expect(
    "Exercise 14, clean of [[207, 215, 203], [211, 51, 135], [203, 219, 199]]",
    clean(_photo),
    [[0, 0, 0], [0, 255, 150], [0, 0, 0]],
    "255 minus the values, then half of the largest, then the scale; and what uint8 does with numbers above 255",
    tolerance=0.01,
)
### BEGIN HIDDEN TESTS
_board = np.array([[10, 30, 0, 10], [0, 100, 90, 20], [12, 48, 0, 5]], dtype="uint8")
_before = _board.copy()
expect(
    "Exercise 14, clean of a picture with light ink on a dark board",
    clean(_board),
    [[0, 0, 0, 0], [0, 255, 229.5, 0], [0, 0, 0, 0]],
    "when the values are replaced by 255 minus them",
    tolerance=0.01,
)
expect(
    "Exercise 14, clean of [[200, 10], [200, 10], [140, 150]], light paper with much ink",
    clean(np.array([[200, 10], [200, 10], [140, 150]], dtype="uint8")),
    [[0, 255], [0, 255], [0, 0]],
    "which number tells whether the paper is light: the median",
    tolerance=0.01,
)
expect(
    "Exercise 14, the picture given, after clean",
    _board,
    _before,
    "what changes an array in place, such as `picture[...] = 0`",
)
### END HIDDEN TESTS

# %% nbgrader={"grade_id": "test_crop", "grade": true, "locked": true, "points": 2}
_sheet = np.zeros((6, 8))
_sheet[1, 2], _sheet[3, 5], _sheet[4, 3] = 7, 8, 9
expect(
    "Exercise 14, crop of a picture with ink at (1, 2), (3, 5) and (4, 3)",
    crop(_sheet),
    [[7, 0, 0, 0], [0, 0, 0, 0], [0, 0, 0, 8], [0, 9, 0, 0]],
    "the first and the last row and column with ink; both belong to the rectangle",
)
### BEGIN HIDDEN TESTS
_sheet = np.zeros((5, 4))
_sheet[0, 3], _sheet[4, 2] = 7, 9
_before = _sheet.copy()
_cropped = crop(_sheet)
expect(
    "Exercise 14, crop of a picture with ink in its first and last row and its last column",
    _cropped,
    [[0, 7], [0, 0], [0, 0], [0, 0], [9, 0]],
    "pictures with ink at the border",
)
expect("Exercise 14, the picture given, after crop", _sheet, _before, "what changes an array in place")
### END HIDDEN TESTS

# %% nbgrader={"grade_id": "test_center", "grade": true, "locked": true, "points": 2}
_digit = np.full((10, 6), 50.0)
_digit[9] = 250  # heavier at its bottom: the center of mass is in row 5.79, column 2.5
_placed = center(_digit)
expect(
    "Exercise 14, the shape of center's image",
    _placed if _placed is None else np.shape(_placed),
    (28, 28),
    "`np.zeros((28, 28))`",
)
_placed = np.asarray(_placed)
expect(
    "Exercise 14, the rows and the columns with ink of a 10×6 digit that is heavier at its bottom",
    [np.flatnonzero(_placed.any(axis=1)).tolist(), np.flatnonzero(_placed.any(axis=0)).tolist()],
    [list(range(8, 18)), list(range(11, 17))],
    "13.5 minus the row (and column) of the center of mass, which is not the middle of the rectangle; and `round`",
)
### BEGIN HIDDEN TESTS
_digit = np.ones((20, 15))
_digit[0], _digit[:, 14] = 200, 90
_digit[19, 3] = 5
_before = _digit.copy()
_placed = np.asarray(center(_digit))
expect(
    "Exercise 14, the first row and the first column with ink of a 20×15 digit that is heaviest at its top and right",
    [np.flatnonzero(_placed.any(axis=1))[:1].tolist(), np.flatnonzero(_placed.any(axis=0))[:1].tolist()],
    [[8], [4]],
    "`np.clip`: the whole digit must stay in the image",
)
expect("Exercise 14, the digit in the image of center", _placed[8:28, 4:19], _before, "where its rows and columns go")
expect("Exercise 14, the digit given, after center", _digit, _before, "what changes an array in place")
### END HIDDEN TESTS

# %% [markdown]
# Between `crop` and `center` the digit is scaled. The function `resize` below does that: each new pixel is the mean of the
# pixels that it replaces. The next cell shows the drawings step by step, and what your network reads in them.


# %% nbgrader={"grade_id": "show_own", "locked": true}
def resize(picture, height, width):
    """`picture` in another size, each pixel the mean of those that it stands for."""
    channel = np.asarray(picture, dtype="float32")[..., np.newaxis]
    return tf.image.resize(channel, (height, width), antialias=True).numpy()[..., 0]


def fit_20(digit):
    """`digit` with its longer side scaled to 20 pixels."""
    height, width = (max(1, round(20 * side / max(digit.shape))) for side in digit.shape)
    return resize(digit, height, width)


def as_mnist(picture):
    """`picture` as an image of MNIST: uint8, (28, 28)."""
    return np.round(center(fit_20(crop(clean(picture))))).astype("uint8")


STAGES = {
    "as photographed": lambda picture: resize(picture, 28, 28),
    "light on black": lambda picture: resize(clean(picture), 28, 28),
    "cropped": lambda picture: resize(crop(clean(picture)), 28, 28),
    "as in MNIST": as_mnist,
}
figure, panels = plt.subplots(len(STAGES), 10, figsize=(12, 5.6))
for row, (stage, prepare) in zip(panels, STAGES.items()):
    images = np.stack([np.round(prepare(drawing)).astype("uint8") for drawing in drawings])
    readings = model.predict(preprocess(images), verbose=0).argmax(axis=1)
    print(f"{stage}: {sum(reading == digit for digit, reading in enumerate(readings))} of 10 are read correctly")
    for axes, image, reading in zip(row, images, readings):
        axes.imshow(image, cmap="gray", vmin=0, vmax=255)
        axes.set(xticks=[], yticks=[], title=f"read: {reading}")
    row[0].set_ylabel(stage)
figure.suptitle("The drawings 0 to 9, step by step")
figure.tight_layout()
plt.show()

# %% [markdown]
# A network with a test accuracy of 0.988 read 1 of the 10 drawings correctly as photographed, 1 after `clean`, 6 after
# `crop`, and all 10 once they were made like MNIST's images.
#
# Why? The convolutions find a stroke wherever it is, but the `Dense` layer behind them has separate weights for each place: it
# learned which places are usually dark and which are light. A digit that is shifted, stretched, or of another size
# activates the wrong weights, and light paper activates nearly all of them. A network can't be blamed for what it was never
# shown: either the images in use must be made like the training images, or the training images must contain the variety
# (Homework 4 does this with *augmentation*).
#
# **Now yours.** Write a digit on white paper with a thick pen, photograph it from above, and crop the photograph
# roughly around the digit. Put the file beside this notebook (in Colab: the folder icon on the left, then *Upload*), write
# its name into `OWN_PICTURE`, and run the cell. No camera at hand? Leave `None` and change the points of `OWN_STROKES`, or
# draw in any painting program and save a PNG. If the network is wrong, look at the image in the middle: is the whole digit
# there, and is anything else light? Nothing here is graded.

# %%
OWN_PICTURE = None  # or the name of a file: "my_digit.jpg"
OWN_STROKES = [[(0, 2), (3, 0), (6, 2), (5, 6), (0, 14), (4, 12), (9, 14)]]


def read_picture(path):
    """A PNG or JPEG file as gray values from 0 to 255; what is transparent counts as white paper."""
    from PIL import Image, ImageOps

    upright = ImageOps.exif_transpose(Image.open(path))  # a phone notes how it was held
    pixels = np.asarray(upright.convert("RGBA"), dtype="float64") / 255
    pixels = pixels[..., :3] * pixels[..., 3:] + 1 - pixels[..., 3:]
    return np.round(255 * pixels.mean(axis=2))


picture = read_picture(OWN_PICTURE) if OWN_PICTURE else draw(OWN_STROKES, 60, 20, 5)
image = as_mnist(picture)
probabilities = model.predict(preprocess(image[np.newaxis]), verbose=0)[0]
figure, (left, middle, right) = plt.subplots(1, 3, figsize=(11, 3))
left.imshow(picture, cmap="gray", vmin=0, vmax=255)
left.set(xticks=[], yticks=[], title="your picture")
middle.imshow(image, cmap="gray", vmin=0, vmax=255)
middle.set(xticks=[], yticks=[], title="as in MNIST")
right.bar(range(10), probabilities)
right.set(xticks=range(10), ylim=(0, 1), xlabel="digit", ylabel="probability", title="what the network reads")
figure.tight_layout()
plt.show()

# %% [markdown]
# ## Glossary
#
# The slides are in Russian. These are their terms, as far as this notebook uses them.
#
# | Russian | English | in one line |
# |---|---|---|
# | предобработка данных | preprocessing | bringing the data into the form that the network expects |
# | архитектура сети | architecture | which layers a network has, and in which order |
# | свёрточный слой | convolutional layer | kernels that slide over an image, with one feature map per kernel |
# | ядро свёртки | kernel | the small array of weights that slides over the image |
# | карта признаков | feature map | the output of one kernel |
# | слой подвыборки, пулинга | pooling layer | a layer that keeps the largest number of each block |
# | полносвязный слой | dense, fully connected layer | a layer in which each neuron is connected to every input |
# | параметры | parameters | the weights and biases, which training changes |
# | dropout | dropout | setting a random share of a layer's inputs to 0 in each training step |
# | функция активации | activation function | the function that a neuron applies to its sum |
# | ошибка, функция потерь | error, loss function | the number that training makes as small as possible |
# | градиентный спуск | gradient descent | many small steps against the gradient of the loss |
# | скорость обучения | learning rate | the factor by which a step multiplies the gradient |
# | мини-пакет | mini-batch | a small part of the examples for each step |
# | эпоха | epoch | one pass through all training data |
# | доля верных ответов | accuracy | the fraction of answers that are right |
# | обучающая выборка | training set | the examples that the network learns from |
# | валидационная выборка | validation set | the examples that choices are based on |
# | тестовая выборка | test set | the examples that nobody touches until the very end |
# | переобучение | overfitting | memorizing the training examples, including their noise |
#
# ## Before you submit
#
# Choose *Kernel → Restart Kernel and Run All Cells* (in Colab: *Runtime → Restart session and run all*), with
# `QUICK = False`, and check that every cell that worked before still works. Then save.
