# %% [markdown]
# # Homework 2: a convolutional network for MNIST
#
# The practical part of the lecture, in its order: load the digits, look at them, prepare them, build the network,
# train it, see how well it does, look inside, save it. The slides use Keras 2; here everything is Keras 3, and where
# the two differ the text says so.
#
# **You will** prepare images for a network, build and compile one layer by layer, predict its size before Keras tells
# you, train it, read its learning curves, and use, inspect, save and load it.
#
# **Time**: about 2 hours, of which one training of 2 to 4 minutes on two CPU cores (half a minute on a Colab GPU).
# **Memory**: 2 GB. **Points**: 60.
#
# **How to work**: run the cells from top to bottom (Shift+Enter). Write your code where `raise NotImplementedError`
# stands, then run the test cell below it: silence means that the visible tests pass. Grading runs further tests on
# other inputs, so solve the exercise rather than its tests.
# *Run All* stops at the first cell that fails. To leave an exercise for later, select the cell after its tests and
# choose *Run → Run Selected Cell and All Below* (in Colab: *Runtime → Run cell and below*). If a test cell shows a
# warning, find its cause: this course's grader takes no points for one, but plain nbgrader does. Before you hand in,
# choose *Kernel → Restart & Run All* (in Colab: *Runtime → Restart session and run all*), check that everything still
# works, and save. Don't rename the file.
#
# **In a hurry?** Set `QUICK = True` in the next cell: few images, one epoch, seconds instead of minutes. The accuracy
# is then meaningless. Grading always puts `QUICK = False` back.

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


# %% [markdown]
# ## Shared variables and data
#
# `batch_size` images make one step, `epochs` is how often the training sees all the images, `num_classes` is how many
# digits there are. `load_data` downloads 11 MB once and keeps them in `~/.keras`. If the download fails (the slides
# warn of it), try again later or on another network. In Colab, save the notebook to your Drive (*File → Save a copy in
# Drive*) and remember that a session ends after some hours, with all variables and files in it.

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
# What data is this? Fifteen digits, with their labels below them. (The slide's code plots `x_train[i,:,:,:0]`, which
# is an empty picture; it means `x_train[i,:,:,0]`.)

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
# ## Exercise 1: preprocess (4 points)
#
# The images are whole numbers from 0 to 255 in an array of shape (images, 28, 28). A `Conv2D` layer wants a third axis,
# the *channels* (one for grey, three for colour), and trains best on small numbers.
#
# Write `preprocess(images)`: turn uint8 `images` of shape (n, height, width) into float32 of shape
# (n, height, width, 1) with values from 0 to 1. Use `images.astype("float32")`, a division by 255, and `reshape` or
# `np.expand_dims(..., axis=-1)`. Don't change `images` itself: the tests use it again.
#
# (The slide asks `K.image_data_format()` where the channels go. In Keras 3 that is
# `keras.config.image_data_format()`, and unless someone changed it the answer is `channels_last`, as here.)


# %% nbgrader={"grade_id": "preprocess", "solution": true}
def preprocess(images):
    """Turn uint8 images (n, height, width) into float32 (n, height, width, 1), from 0.0 to 1.0."""
    ### BEGIN SOLUTION
    return np.expand_dims(images.astype("float32") / 255.0, axis=-1)
    ### END SOLUTION


# %% nbgrader={"grade_id": "test_preprocess", "grade": true, "locked": true, "points": 4}
_prepared = preprocess(np.array([[[0, 51], [102, 255]]], dtype="uint8"))
expect("Exercise 1, preprocess of one 2×2 image, its shape", _prepared.shape, (1, 2, 2, 1), "the new last axis")
expect(
    "Exercise 1, preprocess of [[0, 51], [102, 255]]",
    _prepared[0, :, :, 0],
    [[0, 0.2], [0.4, 1]],
    "the division",
)
expect("Exercise 1, the dtype after preprocess", str(_prepared.dtype), "float32", "`astype`")
### BEGIN HIDDEN TESTS
_raw = np.arange(3 * 5 * 7).reshape(3, 5, 7).astype("uint8")
_before = _raw.copy()
_prepared = preprocess(_raw)
expect(
    "Exercise 1, preprocess of 3 images of 5×7, its shape",
    _prepared.shape,
    (3, 5, 7, 1),
    "where the sizes come from",
)
expect("Exercise 1, pixel (4, 6) of image 2 of 3", _prepared[2, 4, 6, 0], 104 / 255, "the order of the axes")
expect(
    "Exercise 1, preprocess of an image that has no pixel of 255",
    float(_prepared.max()),
    104 / 255,
    "what you divide by: always 255",
)
expect(
    "Exercise 1, the images given, after the call",
    _raw,
    _before,
    "operators that change their array, as `/=`",
)
### END HIDDEN TESTS

# %% nbgrader={"grade_id": "prepare", "locked": true}
x_train, x_test = preprocess(raw_x_train), preprocess(raw_x_test)
input_shape = x_train.shape[1:]
print("smallest and largest value:", x_train.min(), x_train.max())
print("input_shape:", input_shape)


# %% [markdown]
# From here on the network sees numbers of one size, whatever the camera or scanner gave.
#
# ## Exercise 2: one-hot labels (3 points)
#
# The last layer will have ten outputs, one a digit. So the label 5 has to become ten numbers too: a 1 at place 5 and
# 0 elsewhere. Write `one_hot(labels, num_classes)` with `to_categorical(labels, num_classes)`: from whole numbers of
# shape (n,) to an array of shape (n, num_classes). Give `num_classes` to it: without that argument Keras takes the
# largest label it happens to see.


# %% nbgrader={"grade_id": "one_hot", "solution": true}
def one_hot(labels, num_classes):
    """Turn labels (n,) into rows (n, num_classes) with one 1 each."""
    ### BEGIN SOLUTION
    return to_categorical(labels, num_classes)
    ### END SOLUTION


# %% nbgrader={"grade_id": "test_one_hot", "grade": true, "locked": true, "points": 3}
expect(
    "Exercise 2, one_hot([2, 0], 3)",
    one_hot(np.array([2, 0]), 3),
    [[0, 0, 1], [1, 0, 0]],
    "the place of the 1",
)
### BEGIN HIDDEN TESTS
_labels = np.array([3, 1, 1, 0])
_expected = np.eye(6)[_labels]
expect(
    "Exercise 2, one_hot of labels up to 3 with 6 classes",
    one_hot(_labels, 6),
    _expected,
    "the argument `num_classes`",
)
expect("Exercise 2, the labels given, after the call", _labels, [3, 1, 1, 0], "what changes an array in place, as `+=`")
### END HIDDEN TESTS

# %% nbgrader={"grade_id": "labels", "locked": true}
y_train, y_test = one_hot(raw_y_train, num_classes), one_hot(raw_y_test, num_classes)
print(f"label {raw_y_train[0]} became {y_train[0]}")


# %% [markdown]
# The label is now a probability for each class, all of it on the right one: the same form as the network's output, so
# the loss can compare the two.
#
# ## Exercise 3: the network (13 points)
#
# | layer | what it does |
# |---|---|
# | `Conv2D(32, (3, 3), activation="relu")` | 32 learned 3×3 kernels, no padding |
# | `MaxPooling2D((2, 2))` | the largest of each 2×2 block |
# | `Conv2D(64, (3, 3), activation="relu")` | 64 kernels over all 32 channels |
# | `MaxPooling2D((2, 2))` | |
# | `Flatten()` | from a block of numbers to a row |
# | `Dense(64, activation="relu")` | fully connected |
# | `Dropout(0.5)` | in training, half of the inputs are set to 0 |
# | `Dense(num_classes, activation="softmax")` | one probability a class |
#
# Write `build_model(input_shape, num_classes)`: return a `Sequential` of `keras.Input(shape=input_shape)` and these
# eight layers. Only the last layer and the input depend on the arguments. Don't compile it yet.


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
# Each layer is looked at by itself, with the input that it really gets: a wrong kernel size costs the point of its own
# row and not of those below. The table says what is expected and what came; a right row is worth a point.

# %% nbgrader={"grade_id": "test_layers", "grade": true, "locked": true, "points": 8}
_network = build_model((28, 28, 1), 10)
expect("Exercise 3, whether there are layers", len(_network.layers) > 0, True, "what `build_model` returns")


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
float(sum(_rows))
### END HIDDEN TESTS

# %% nbgrader={"grade_id": "test_parameters", "grade": true, "locked": true, "points": 2}
expect(
    "Exercise 3, parameters in all",
    build_model((28, 28, 1), 10).count_params(),
    121_930,
    "`summary()` below and the table above",
)
### BEGIN HIDDEN TESTS
_kinds = [type(layer).__name__ for layer in build_model((28, 28, 1), 10).layers if type(layer).__name__ != "InputLayer"]
expect(
    "Exercise 3, the order of the layers",
    _kinds,
    ["Conv2D", "MaxPooling2D", "Conv2D", "MaxPooling2D", "Flatten", "Dense", "Dropout", "Dense"],
    "the table, from top to bottom",
)
_activations = [
    getattr(layer.activation, "__name__", type(layer.activation).__name__)
    for layer in build_model((28, 28, 1), 10).layers
    if hasattr(layer, "activation")
]
_rates = [layer.rate for layer in build_model((28, 28, 1), 10).layers if isinstance(layer, Dropout)]
expect("Exercise 3, the rates of the dropout layers", _rates, [0.5], "the argument of `Dropout`")
expect(
    "Exercise 3, the activations",
    _activations,
    ["relu", "relu", "relu", "softmax"],
    "the argument `activation` of each layer",
)
### END HIDDEN TESTS

# %% nbgrader={"grade_id": "test_other_shape", "grade": true, "locked": true, "points": 3}
_other = build_model((20, 24, 1), 4)
expect(
    "Exercise 3, the input's shape for images of 20×24",
    tuple(_other.input_shape),
    (None, 20, 24, 1),
    "the argument `input_shape`",
)
### BEGIN HIDDEN TESTS
_other = build_model((32, 32, 3), 7)
expect(
    "Exercise 3, the output's shape for 7 classes",
    tuple(_other.output_shape),
    (None, 7),
    "the argument `num_classes`",
)
_by_hand = 32 * (9 * 3 + 1) + 64 * (9 * 32 + 1) + 64 * (6 * 6 * 64 + 1) + 7 * (64 + 1)
expect(
    "Exercise 3, parameters for 32×32 images with 3 channels and 7 classes",
    _other.count_params(),
    _by_hand,
    "numbers that should come from the arguments",
)
_sums = keras.ops.convert_to_numpy(
    _other(np.linspace(0, 1, 2 * 32 * 32 * 3, dtype="float32").reshape(2, 32, 32, 3))
).sum(axis=1)
expect("Exercise 3, the sum of an image's outputs", _sums, [1, 1], "the last layer's activation", tolerance=1e-5)
### END HIDDEN TESTS

# %% nbgrader={"grade_id": "summary", "locked": true}
keras.utils.set_random_seed(SEED)  # the starting weights don't depend on what ran before
model = build_model(input_shape, num_classes)
model.summary()

# %% [markdown]
# ## Exercise 4: questions before training (8 points)
#
# Answer these before you train. Pencil and paper do; the network above gives some of it away, so say how the numbers
# arise rather than copying them.
#
# 1. `answer_parameters`: a list of eight whole numbers, the parameters of each layer of a network **like this one but
#    for images of 28×28 with 3 channels**, in the order of the table. A kernel has height × width × input channels
#    weights, and each filter or neuron one bias more.
# 2. `answer_steps`: training takes the first 70 % of the 60,000 images, in batches of 256. How many steps (updates of
#    the weights) make an epoch? The last batch may be smaller.
# 3. `answer_validation`: on the slides the validation accuracy is *above* the training accuracy in every epoch
#    (0.9602 against 0.8058 in the first). Which of these explain it? A set of letters, such as `{"a"}`.
#    - a: Keras picks easier images for the validation
#    - b: dropout is at work in training and off in validation
#    - c: the training accuracy is the mean over an epoch in which the network was still getting better; the
#      validation comes at the epoch's end
#    - d: the network overfits

# %% nbgrader={"grade_id": "answers", "solution": true}
### BEGIN SOLUTION
answer_parameters = [896, 0, 18_496, 0, 0, 102_464, 0, 650]
answer_steps = 165
answer_validation = {"b", "c"}
### END SOLUTION

# %% nbgrader={"grade_id": "test_answer_parameters", "grade": true, "locked": true, "points": 4}
expect("Exercise 4, the length of answer_parameters", len(answer_parameters), 8, "one number a row of the table")
### BEGIN HIDDEN TESTS
_by_hand = [32 * (3 * 3 * 3 + 1), 0, 64 * (3 * 3 * 32 + 1), 0, 0, 64 * (5 * 5 * 64 + 1), 0, 10 * (64 + 1)]
for _i, (_received, _expected) in enumerate(zip(answer_parameters, _by_hand)):
    if int(_received) != _expected:
        raise AssertionError(
            f"Exercise 4, answer_parameters of layer {_i + 1}: {_received} is not right. Look at what its input has: channels for a kernel, numbers for a neuron."
        )
### END HIDDEN TESTS

# %% nbgrader={"grade_id": "test_answer_steps", "grade": true, "locked": true, "points": 2}
expect("Exercise 4, the type of answer_steps", isinstance(answer_steps, int), True, "whole steps only")
### BEGIN HIDDEN TESTS
if answer_steps != -(-42_000 // 256):
    raise AssertionError(
        f"Exercise 4, answer_steps: {answer_steps} is not right. Look at how many images train, and at what happens to the last of them."
    )
### END HIDDEN TESTS

# %% nbgrader={"grade_id": "test_answer_validation", "grade": true, "locked": true, "points": 2}
expect(
    "Exercise 4, answer_validation is a set of letters a to d",
    set(answer_validation) <= set("abcd"),
    True,
    "the example in the text",
)
### BEGIN HIDDEN TESTS
if set(answer_validation) != {"b", "c"}:
    raise AssertionError(
        f"Exercise 4, answer_validation: {sorted(answer_validation)} is not right. Look at what differs between how the two numbers are measured."
    )
### END HIDDEN TESTS

# %% [markdown]
# A training accuracy is measured under harder conditions (dropout) and on average earlier (during the epoch) than the
# validation accuracy beside it. So in the first epochs the training looks worse than it is, and the validation is the
# number to trust.
#
# ## Exercise 5: loss, optimizer, metric (4 points)
#
# Write `compile_model(model)`: call `model.compile(loss=..., optimizer=..., metrics=...)` with
# `keras.losses.categorical_crossentropy`, `Adam()` with its usual learning rate of 0.001, and the metric `"accuracy"`,
# and return the model. (In Keras 2 the metric was called `acc`; in Keras 3 the history says `accuracy`.)


# %% nbgrader={"grade_id": "compile_model", "solution": true}
def compile_model(model):
    """Compile `model` for one-hot labels: cross-entropy, Adam, accuracy. Returns `model`."""
    ### BEGIN SOLUTION
    model.compile(loss=keras.losses.categorical_crossentropy, optimizer=Adam(), metrics=["accuracy"])
    return model
    ### END SOLUTION


# %% nbgrader={"grade_id": "test_compile", "grade": true, "locked": true, "points": 4}
_small = Sequential([keras.Input(shape=(4,)), Dense(3, activation="softmax")])
_compiled = compile_model(_small)
expect("Exercise 5, the optimizer", type(_compiled.optimizer).__name__, "Adam", "the argument `optimizer`")
### BEGIN HIDDEN TESTS
expect(
    "Exercise 5, the learning rate",
    float(_compiled.optimizer.learning_rate),
    0.001,
    "the argument of `Adam`",
    tolerance=1e-7,
)
_x = np.linspace(-1, 1, 20, dtype="float32").reshape(5, 4)
_y = np.eye(3, dtype="float32")[[0, 1, 2, 1, 0]]
_p = _compiled.predict(_x, verbose=0)
_measured = _compiled.evaluate(_x, _y, verbose=0, return_dict=True)
expect("Exercise 5, what evaluate measures", sorted(_measured), ["accuracy", "loss"], "the argument `metrics`")
expect(
    "Exercise 5, the loss of five known predictions",
    _measured["loss"],
    float(-np.log(_p[_y == 1]).mean()),
    "the argument `loss`",
    tolerance=1e-4,
)
expect(
    "Exercise 5, the accuracy of five known predictions",
    _measured["accuracy"],
    float((_p.argmax(1) == _y.argmax(1)).mean()),
    "the argument `metrics`",
    tolerance=1e-5,
)
### END HIDDEN TESTS

# %% [markdown]
# The network is built and knows what to make small, and how. It still knows nothing about digits: one of ten is right by
# chance.
#
# ## Exercise 6: training (4 points)
#
# Write `train(model, x, y)`: call `model.fit(x, y, batch_size=..., epochs=..., validation_split=0.3, verbose=1)` with
# the shared variables `batch_size` and `epochs`, and return the `History` that `fit` returns. `validation_split=0.3`
# holds out 30 % of the images: Keras takes the *last* 30 % as they stand, before any shuffling.
#
# **Before you start**: the training has a budget of 10 epochs, 2 to 4 minutes on two CPU cores.


# %% nbgrader={"grade_id": "train", "solution": true}
def train(model, x, y):
    """Fit the compiled `model` on images `x` and one-hot labels `y`; 30 % of them validate. Returns the History."""
    ### BEGIN SOLUTION
    return model.fit(x, y, batch_size=batch_size, epochs=epochs, validation_split=0.3, verbose=1)
    ### END SOLUTION


# %% nbgrader={"grade_id": "run_training", "locked": true}
compile_model(model)
history = train(model, x_train, y_train)

# %% nbgrader={"grade_id": "test_train", "grade": true, "locked": true, "points": 4}
expect("Exercise 6, epochs in the history", len(history.history["loss"]), epochs, "the argument `epochs`")
expect(
    "Exercise 6, the history has a validation",
    "val_accuracy" in history.history,
    True,
    "the argument `validation_split`",
)
### BEGIN HIDDEN TESTS
_training = len(raw_x_train) - int(len(raw_x_train) * 0.3)
expect(
    "Exercise 6, steps per epoch",
    history.params["steps"],
    -(-int(len(raw_x_train) * 0.7) // batch_size),
    "the arguments `batch_size` and `validation_split`",
)
### END HIDDEN TESTS

# %% [markdown]
# Most of what there is to learn came in the first epoch; the others file at it. If the validation loss rises while the
# training loss falls, it was trained too long.
#
# ## How good is it? (12 points)
#
# Only now comes the test set: data "from the real world", untouched until everything was chosen. `evaluate` gives its
# loss and accuracy; the slide's network had an accuracy of 0.9892.
#
# The points for it rise in a straight line: none at an accuracy of 0.965 (what a network without convolutions reaches),
# all 12 from 0.985 up. Grading trains your network anew, so your own number and the graded one may differ by
# a few thousandths.

# %% nbgrader={"grade_id": "evaluate", "locked": true}
score = model.evaluate(x_test, y_test, verbose=0)
print("Test loss:", score[0])
print("Test accuracy:", score[1])

# %% nbgrader={"grade_id": "test_accuracy", "grade": true, "locked": true, "points": 12}
_predictions = model.predict(preprocess(raw_x_test[:16]), verbose=0)
expect("Accuracy, the shape of the predictions", _predictions.shape, (16, 10), "the last layer")
### BEGIN HIDDEN TESTS
# What `preprocess` makes of each value of a pixel. It doesn't get the test images themselves: these are looked up.
_values = (np.arange(28 * 28) % 256).reshape(1, 28, 28).astype("uint8")
_prepared = np.asarray(preprocess(_values))
expect("Accuracy, the shape of an image after preprocess", _prepared.shape, (1, 28, 28, 1), "Exercise 1")
_number_of = _prepared.reshape(-1)[:256]
expect(
    "Accuracy, what pixels of the same value become, wherever they are",
    _prepared[..., 0],
    _number_of[_values],
    "Exercise 1: each pixel by itself",
)
MINIMUM, BASELINE, POINTS = 0.985, 0.965, 12
_images, _labels = mnist.load_data()[1]
_predictions = model.predict(_number_of[_images][..., np.newaxis], batch_size=256, verbose=0)
_accuracy = float(np.mean(np.argmax(_predictions, axis=1) == _labels))
_points = POINTS * min(1.0, max(0.0, (_accuracy - BASELINE) / (MINIMUM - BASELINE)))
print(
    f"Accuracy on {len(_labels):,} test images: expected at least {MINIMUM}, received {_accuracy:.4f}: {_points:.1f} of {POINTS} points."
)
float(_points)
### END HIDDEN TESTS

# %% [markdown]
# ## Exercise 7: learning curves (3 points)
#
# Write `plot_history(history)`: draw `history.history["accuracy"]` and `history.history["val_accuracy"]` with
# `axes.plot(..., label=...)` into a new `figure, axes = plt.subplots()`, with a title, the axis labels `epoch` and
# `accuracy`, and a legend; return `axes`.


# %% nbgrader={"grade_id": "plot_history", "solution": true}
def plot_history(history):
    """Draw training and validation accuracy by epoch, and return the axes."""
    ### BEGIN SOLUTION
    figure, axes = plt.subplots()
    axes.plot(history.history["accuracy"], label="training")
    axes.plot(history.history["val_accuracy"], label="validation")
    axes.set(title="Accuracy of the model", xlabel="epoch", ylabel="accuracy")
    axes.legend(loc="lower right")
    return axes
    ### END SOLUTION


# %% nbgrader={"grade_id": "show_history", "locked": true}
plot_history(history)
plt.show()

# %% nbgrader={"grade_id": "test_plot_history", "grade": true, "locked": true, "points": 3}
_made_up = keras.callbacks.History()
_made_up.history = {
    "accuracy": [0.5, 0.75, 0.875],
    "val_accuracy": [0.625, 0.7, 0.8],
    "loss": [3.0, 2.0, 1.0],
}
_axes = plot_history(_made_up)
plt.close(_axes.figure)
expect("Exercise 7, the number of lines", len(_axes.lines), 2, "what is plotted: accuracy and val_accuracy")
### BEGIN HIDDEN TESTS
_drawn = sorted(list(map(float, line.get_ydata())) for line in _axes.lines)
expect(
    "Exercise 7, the heights of the two lines",
    _drawn,
    [[0.5, 0.75, 0.875], [0.625, 0.7, 0.8]],
    "which history is drawn: the argument's",
)
expect(
    "Exercise 7, the axis labels",
    [_axes.get_xlabel(), _axes.get_ylabel()],
    ["epoch", "accuracy"],
    "`axes.set`",
)
expect(
    "Exercise 7, there are a title and a legend",
    bool(_axes.get_title()) and _axes.get_legend() is not None,
    True,
    "`axes.set` and `axes.legend`",
)
### END HIDDEN TESTS

# %% [markdown]
# The training curve climbs steadily; the validation curve starts above it (see Exercise 4) and flattens. Where the
# training curve passes it and goes on rising while the validation stays, the network has begun to overfit.
#
# ## Exercise 8: read one digit (3 points)
#
# `predict_classes` of the slides is gone; `model.predict` gives ten probabilities an image, and the class is the place
# of the largest. Write `predict_digit(model, image)`: take one raw uint8 `image` of shape (28, 28), make it a batch
# of one, `preprocess` it, call `model.predict(..., verbose=0)` and return `int(np.argmax(...))`.


# %% nbgrader={"grade_id": "predict_digit", "solution": true}
def predict_digit(model, image):
    """Return the digit, an int, that `model` sees in one raw image (28, 28)."""
    ### BEGIN SOLUTION
    return int(np.argmax(model.predict(preprocess(image[np.newaxis]), verbose=0)))
    ### END SOLUTION


# %% nbgrader={"grade_id": "show_digit", "locked": true}
plt.imshow(raw_x_test[0], cmap="gray")
plt.title(f"the network reads {predict_digit(model, raw_x_test[0])}")
plt.show()

# %% nbgrader={"grade_id": "test_predict_digit", "grade": true, "locked": true, "points": 3}
expect(
    "Exercise 8, the type of the answer",
    type(predict_digit(model, raw_x_test[0])).__name__,
    "int",
    "`int(...)`",
)
### BEGIN HIDDEN TESTS
# A network that counts: its largest output is at the place of the largest of the first ten pixels.
_counter = Sequential([keras.Input(shape=(28, 28, 1)), Flatten(), Dense(10, use_bias=False)])
_counter.set_weights([np.eye(784, 10, dtype="float32")])
for _digit in (0, 3, 9):
    _image = np.zeros((28, 28), dtype="uint8")
    _image[0, _digit] = 200
    expect(
        f"Exercise 8, predict_digit with a network that sees a {_digit}",
        predict_digit(_counter, _image),
        _digit,
        "the argument `model`, and `np.argmax`",
    )
    expect(
        "Exercise 8, the pixels that are not 0 in the image given, after the call",
        np.argwhere(_image).tolist(),
        [[0, _digit]],
        "what changes an array in place, as `/=`",
    )
### END HIDDEN TESTS

# %% [markdown]
# ## Exercise 9: look inside (3 points)
#
# What did the first layer learn? Its kernels are `layer.get_weights()[0]` of the first `Conv2D`, of
# shape (3, 3, input channels, 32). What they find in an image are its *feature maps*, the output of that layer.
#
# Write `feature_maps(model, images)`: build `keras.Model(model.inputs, layer.output)` for the **first `Conv2D`** of
# `model.layers`, and return its `predict` of the raw `images` (n, 28, 28), preprocessed: an array of shape
# (n, 26, 26, 32) for our network.


# %% nbgrader={"grade_id": "feature_maps", "solution": true}
def feature_maps(model, images):
    """Return what the first Conv2D of `model` gives for raw images (n, height, width)."""
    ### BEGIN SOLUTION
    first = next(layer for layer in model.layers if isinstance(layer, Conv2D))
    return keras.Model(model.inputs, first.output).predict(preprocess(images), verbose=0)
    ### END SOLUTION


# %% nbgrader={"grade_id": "show_inside", "locked": true}
_kernels = next(layer for layer in model.layers if isinstance(layer, Conv2D)).get_weights()[0]
_maps = feature_maps(model, raw_x_test[:1])
figure, rows = plt.subplots(2, 8, figsize=(10, 3))
for i in range(8):
    rows[0, i].imshow(_kernels[:, :, 0, i], cmap="gray")
    rows[1, i].imshow(_maps[0, :, :, i], cmap="gray")
    rows[0, i].set(xticks=[], yticks=[], title=f"kernel {i}")
    rows[1, i].set(xticks=[], yticks=[])
figure.suptitle("Eight learned kernels, and what each finds in the first test image")
figure.tight_layout()
plt.show()

# %% nbgrader={"grade_id": "test_feature_maps", "grade": true, "locked": true, "points": 3}
_untrained = Sequential([keras.Input(shape=(28, 28, 1)), Conv2D(2, (3, 3)), Flatten(), Dense(10)])
expect(
    "Exercise 9, the shape of 3 images' feature maps with 2 kernels",
    feature_maps(_untrained, raw_x_test[:3]).shape,
    (3, 26, 26, 2),
    "which layer's output you take",
)
### BEGIN HIDDEN TESTS
_kernel = np.linspace(-1, 1, 18, dtype="float32").reshape(3, 3, 1, 2)
_untrained.layers[0].set_weights([_kernel, np.array([0.5, -0.5], dtype="float32")])
_windows = np.lib.stride_tricks.sliding_window_view(raw_x_test[:2].astype("float64") / 255.0, (3, 3), axis=(1, 2))
_by_hand = np.einsum("nijab,abk->nijk", _windows, _kernel[:, :, 0, :]) + [0.5, -0.5]
_raw = raw_x_test[:2].copy()
expect(
    "Exercise 9, feature maps of two digits with known kernels",
    feature_maps(_untrained, _raw),
    _by_hand,
    "the preprocessing, and the model given as an argument",
    tolerance=1e-4,
)
expect("Exercise 9, the images given, after the call", _raw, raw_x_test[:2], "what changes an array in place, as `/=`")
### END HIDDEN TESTS

# %% [markdown]
# Bright places are where a kernel fits: one finds upper edges, another strokes to the right. Nobody told the network
# what to look for; the gradient did.
#
# ## Exercise 10: save and load (3 points)
#
# Write `save_and_load(model, path)`: save with `model.save(path)`, read it with `keras.models.load_model(path)`, and
# return the loaded model. The path ends in `.keras`, the format of Keras 3 (`.h5` of the slides is the old one).
# Your trained network stays in the file `mnist.keras` beside the notebook: after a restart you can load it instead of
# training again.


# %% nbgrader={"grade_id": "save_and_load", "solution": true}
def save_and_load(model, path):
    """Save `model` to `path`, which ends in .keras, and return the model loaded from there."""
    ### BEGIN SOLUTION
    model.save(path)
    return keras.models.load_model(path)
    ### END SOLUTION


# %% nbgrader={"grade_id": "checkpoint", "locked": true}
saved_model = save_and_load(model, "mnist.keras")
print("the loaded network reads", predict_digit(saved_model, raw_x_test[0]))

# %% nbgrader={"grade_id": "test_save_and_load", "grade": true, "locked": true, "points": 3}
expect("Exercise 10, there is a file mnist.keras", os.path.isfile("mnist.keras"), True, "`model.save(path)`")
### BEGIN HIDDEN TESTS
_two = Sequential([keras.Input(shape=(4,)), Dense(3, activation="relu"), Dense(2)])
_loaded = save_and_load(_two, "hidden_test.keras")
os.remove("hidden_test.keras")
expect("Exercise 10, the loaded model is another object", _loaded is _two, False, "what you return")
_x = np.linspace(-1, 1, 12, dtype="float32").reshape(3, 4)
expect(
    "Exercise 10, what the loaded model predicts",
    _loaded.predict(_x, verbose=0),
    _two.predict(_x, verbose=0),
    "what you save and load",
    tolerance=1e-5,
)
expect(
    "Exercise 10, what your loaded network predicts for 16 digits",
    saved_model.predict(x_test[:16], verbose=0),
    model.predict(x_test[:16], verbose=0),
    "whether `model` changed after it was saved",
    tolerance=1e-4,
)
### END HIDDEN TESTS

# %% [markdown]
# ## Before you hand in
#
# Choose *Kernel → Restart & Run All*, with `QUICK = False`, and see that no cell fails that worked before. Then save.
#
# | on the slides | in English |
# |---|---|
# | общие переменные | shared variables |
# | предобработка данных | preprocessing |
# | архитектура сети | architecture |
# | метод обучения и метрики | optimizer and metrics |
# | запуск обучения, процесс обучения | starting the training, its progress |
# | график обучения | learning curves |
# | как использовать, как сохранить | prediction, saving |
