# %% [markdown]
# # Homework 3: play with layers, then train your own network
#
# This assignment covers items 1 and 2 of the lecture's homework slide: play with layers and their parameters, and train
# your own network on `fashion_mnist`. Fashion-MNIST shows clothes instead of digits. It has as many classes (ten) and
# as many images as MNIST, and the images have the same size, but they are harder to tell apart. The lecture's network
# reaches a test accuracy of about 0.886 on clothes, compared with 0.989 on digits.
#
# **You will**
#
# - vary a network one thing at a time, choose by validation, and say what your numbers show and what they don't;
# - design and train a network of your own within a budget, and find out which clothes it confuses;
# - reuse what that network has learned about clothes to recognize digits from only a few labeled examples.
#
# **Time**: about 4 hours. On two CPU cores, the experiment of Part 1 runs for about a minute, your own training in Part
# 2 for 1 to 4 minutes, and the experiment of Part 3 for about a minute. **Memory**: 2 GB. **Points**: 70, of which 8
# are for a conclusion in words that your instructor reads.
#
# **How to work**: run the cells from top to bottom (Shift+Enter). Write your code where `raise NotImplementedError`
# stands, then run the test cell below it: no error, and no ✗, means that the visible tests pass. Grading runs further
# tests on other inputs, so solve the exercise rather than its tests. *Run All* stops at the first cell that fails. To
# leave an exercise for later, select the heading of the next exercise and choose *Run → Run Selected Cell and All
# Below* (in Colab: *Runtime → Run cell and below*). If a test cell shows a warning, find its cause: this course's
# grader takes no points off for a warning, but plain nbgrader does. Before you submit, choose *Kernel → Restart Kernel
# and Run All Cells* (in Colab: *Runtime → Restart session and run all*), check that everything still works, and save.
# Don't rename the file.
#
# **In a hurry?** Set `QUICK = True` in the next cell to use few images and a single epoch: seconds instead of minutes.
# The accuracies mean nothing then. Grading always sets `QUICK = False` again.

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
from keras.datasets import fashion_mnist
from keras.layers import BatchNormalization, Conv2D, Dense, Dropout, Flatten, MaxPooling2D
from keras.models import Sequential
from keras.optimizers import Adam
from keras.optimizers.schedules import ExponentialDecay

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
# ## The data
#
# The first time, `load_data` downloads 31 MB, which it keeps in `~/.keras`. If the download fails, try again later or on
# another network.

# %% nbgrader={"grade_id": "load", "locked": true}
class_names = ["T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"]
num_classes = len(class_names)

(raw_x_train, raw_y_train), (raw_x_test, raw_y_test) = fashion_mnist.load_data()
if QUICK:
    raw_x_train, raw_y_train = raw_x_train[:2000], raw_y_train[:2000]
    raw_x_test, raw_y_test = raw_x_test[:1000], raw_y_test[:1000]

print(f"training: images {raw_x_train.shape} {raw_x_train.dtype}, labels {raw_y_train.shape}")
print(f"test:     images {raw_x_test.shape} {raw_x_test.dtype}, labels {raw_y_test.shape}")

# %% nbgrader={"grade_id": "look", "locked": true}
figure = plt.figure(figsize=(8, 5))
for i in range(15):
    axes = figure.add_subplot(3, 5, i + 1, xticks=[], yticks=[])
    axes.set_xlabel(class_names[raw_y_train[i]])
    axes.imshow(raw_x_train[i], cmap="gray")
figure.suptitle("The first 15 training images")
figure.tight_layout()
plt.show()

# %% [markdown]
# # Part 1: play with layers and their parameters
#
# What does a larger kernel change? An experiment can tell you, if it
#
# - changes **one thing at a time** from a base configuration: if you change two things, you can't tell which of them
#   made the difference;
# - keeps everything else the same: the images, the number of epochs, and the random seed;
# - chooses by **validation accuracy**, never by the test set. Save the test images for the end: if you choose a network
#   by its test accuracy, that accuracy is no longer a fair estimate for new images.
#
# To save time, all runs use a **subset**: the first 10,000 training images. A network trains on the first 7,000 of them
# and is validated on the last 3,000 (`validation_split=0.3`), for 3 epochs.

# %% nbgrader={"grade_id": "subset", "locked": true}
BASE = {"kernel_size": 3, "depth": 2, "dropout": 0.5, "optimizer": "adam"}
variant_epochs = 1 if QUICK else 3

subset_x = np.expand_dims(raw_x_train[:10_000].astype("float32") / 255.0, axis=-1)
subset_y = raw_y_train[:10_000]
print(f"subset: images {subset_x.shape} {subset_x.dtype}, labels {subset_y.shape}")

# %% [markdown]
# ## Exercise 1: a network from a configuration (8 points)
#
# The aim: one function that builds every network of this part, so that two networks differ only where their
# configurations do.
#
# Write `build_variant(config, input_shape, num_classes)`: return a **compiled** network for the dictionary `config`,
# which has the same entries as `BASE`. Its layers are, in this order:
#
# | layers | how many |
# |---|---|
# | `keras.Input(shape=input_shape)` | one |
# | `Conv2D(filters, kernel_size, padding="same", activation="relu")`, then `MaxPooling2D((2, 2))` | `depth` pairs |
# | `Flatten()`, `Dense(64, activation="relu")`, `Dropout(dropout)`, `Dense(num_classes, activation="softmax")` | one each |
#
# The first convolution has 16 filters, and all others have 32. With `padding="same"`, Keras adds zeros around the image,
# so that the output is as large as the input for any kernel. Without it, a larger kernel would also make smaller feature
# maps: two changes at once.
#
# Compile with `optimizer=config["optimizer"]` (a name such as `"adam"` gives that optimizer with its default settings),
# `metrics=["accuracy"]`, and `loss="sparse_categorical_crossentropy"`. This is the cross-entropy for labels that are
# whole numbers of shape (n,); they don't have to be one-hot encoded.


# %% nbgrader={"grade_id": "build_variant", "solution": true}
def build_variant(config, input_shape, num_classes):
    """Return the compiled network that `config` describes, for images of `input_shape` (height, width, channels)."""
    ### BEGIN SOLUTION
    network = Sequential([keras.Input(shape=input_shape)])
    for block in range(config["depth"]):
        filters = 16 if block == 0 else 32
        network.add(Conv2D(filters, config["kernel_size"], padding="same", activation="relu"))
        network.add(MaxPooling2D((2, 2)))
    network.add(Flatten())
    network.add(Dense(64, activation="relu"))
    network.add(Dropout(config["dropout"]))
    network.add(Dense(num_classes, activation="softmax"))
    network.compile(loss="sparse_categorical_crossentropy", optimizer=config["optimizer"], metrics=["accuracy"])
    return network
    ### END SOLUTION


# %% [markdown]
# The test builds one network and prints a table of what it expected and what it found. Grading builds two others, and
# gives one point per correct row.

# %% nbgrader={"grade_id": "test_build_variant", "grade": true, "locked": true, "points": 6}
_first = build_variant({"kernel_size": 3, "depth": 2, "dropout": 0.75, "optimizer": "adam"}, (32, 32, 1), 4)
expect(
    "Exercise 1, the output's shape for 4 classes",
    getattr(_first, "output_shape", _first),
    (None, 4),
    "the last layer, and what you return",
)


def _rows(networks, depths, kernels, filters, pooled, rates, dense):
    """Print what is expected and what is found, row by row; returns how many rows are right."""
    layers = [["Conv2D", "MaxPooling2D"] * depth + ["Flatten", "Dense", "Dropout", "Dense"] for depth in depths]

    def kinds(network):
        return [kind for kind in (type(layer).__name__ for layer in network.layers) if kind != "InputLayer"]

    def each(kind, value):
        """`value` of each layer of this `kind`, network by network."""
        return [[value(layer) for layer in network.layers if type(layer).__name__ == kind] for network in networks]

    def activation(layer):
        function = layer.activation
        return getattr(function, "__name__", type(function).__name__).lower()

    found = {
        "layers, in this order": ([kinds(network) for network in networks], layers),
        "kernel sizes": (each("Conv2D", lambda layer: tuple(layer.kernel_size)), kernels),
        "filters, padding, activation": (
            each("Conv2D", lambda layer: (layer.filters, layer.padding, activation(layer))),
            filters,
        ),
        "sizes after pooling": (each("MaxPooling2D", lambda layer: tuple(layer.output.shape[1:3])), pooled),
        "dropout": (each("Dropout", lambda layer: layer.rate), rates),
        "dense layers: inputs, neurons, activation": (
            each("Dense", lambda layer: (layer.kernel.shape[0], layer.units, activation(layer))),
            dense,
        ),
    }
    for row, (received, expected) in found.items():
        print(f"{'✓' if received == expected else '✗'} {row}: expected {expected}, received {received}")
    return sum(received == expected for received, expected in found.values())


_ = _rows(
    [_first],
    depths=[2],
    kernels=[[(3, 3), (3, 3)]],
    filters=[[(16, "same", "relu"), (32, "same", "relu")]],
    pooled=[[(16, 16), (8, 8)]],
    rates=[[0.75]],
    dense=[[(2048, 64, "relu"), (64, 4, "softmax")]],
)
### BEGIN HIDDEN TESTS
float(
    _rows(
        [
            build_variant({"kernel_size": 5, "depth": 3, "dropout": 0.25, "optimizer": "sgd"}, (28, 28, 1), 10),
            build_variant({"kernel_size": 2, "depth": 1, "dropout": 0.125, "optimizer": "rmsprop"}, (20, 24, 3), 7),
        ],
        depths=[3, 1],
        kernels=[[(5, 5), (5, 5), (5, 5)], [(2, 2)]],
        filters=[[(16, "same", "relu"), (32, "same", "relu"), (32, "same", "relu")], [(16, "same", "relu")]],
        pooled=[[(14, 14), (7, 7), (3, 3)], [(10, 12)]],
        rates=[[0.25], [0.125]],
        dense=[[(288, 64, "relu"), (64, 10, "softmax")], [(1920, 64, "relu"), (64, 7, "softmax")]],
    )
)
### END HIDDEN TESTS

# %% nbgrader={"grade_id": "test_compile_variant", "grade": true, "locked": true, "points": 2}
_x, _y = np.linspace(0, 1, 5 * 28 * 28, dtype="float32").reshape(5, 28, 28, 1), np.array([3, 0, 9, 9, 1])


def _optimizer(network):
    """The name of a network's optimizer, and its learning rate; None without a network."""
    if network is None:
        return None
    optimizer = getattr(network, "optimizer", None)
    if optimizer is None:
        return "no optimizer: the network isn't compiled"
    return f"{type(optimizer).__name__}, learning rate {float(optimizer.learning_rate):.3g}"


for _name, _kind in [("adam", "Adam, learning rate 0.001"), ("sgd", "SGD, learning rate 0.01")]:
    _network = build_variant({**BASE, "optimizer": _name}, (28, 28, 1), 10)
    expect(
        f"Exercise 1, the optimizer for {_name!r}",
        _optimizer(_network),
        _kind,
        'the argument `optimizer`, which is given the name in `config["optimizer"]`',
    )
try:
    _measured = _network.evaluate(_x, _y, verbose=0, return_dict=True)
except Exception as error:
    raise WrongAnswer(
        f"Exercise 1, evaluate with the labels {_y.tolist()}:\n  expected a loss\n  received {type(error).__name__}\n"
        "Look at the argument `loss`."
    ) from None
expect(
    "Exercise 1, what evaluate measures (and perhaps more)",
    [_name for _name in ("accuracy", "loss") if _name in _measured],
    ["accuracy", "loss"],
    'the argument `metrics`, which has to name it "accuracy"',
)
### BEGIN HIDDEN TESTS
_p = _network.predict(_x, verbose=0)
expect(
    "Exercise 1, the loss of five known predictions",
    _measured["loss"],
    float(-np.log(_p[np.arange(5), _y]).mean()),
    "the argument `loss`",
    tolerance=1e-4,
)
_network = build_variant({**BASE, "optimizer": "rmsprop"}, (28, 28, 1), 10)
expect(
    "Exercise 1, the optimizer for 'rmsprop'",
    _optimizer(_network),
    "RMSprop, learning rate 0.001",
    'the argument `optimizer`, which is given the name in `config["optimizer"]`',
)
### END HIDDEN TESTS

# %% [markdown]
# Two networks of this part now differ in nothing but the entries of `config`.
#
# ## Exercise 2: plan the runs (5 points)
#
# The aim: decide what to try before you see any results.
#
# Write `plan`: a list of 5 to 10 configurations. The first is `BASE`; each of the others differs from `BASE` in
# **exactly one** entry, and no two are the same. Each of the four entries is varied at least once.
# `{**BASE, "depth": 1}` is a copy of `BASE` with another depth.
#
# You may use kernel sizes from 1 to 7, depths from 1 to 4, dropout from 0.0 to 0.9, and the optimizers `"adam"`,
# `"sgd"`, and `"rmsprop"`. Before you run them, write down a guess in a comment: which run will be the best, and which
# change will matter most?

# %% nbgrader={"grade_id": "plan", "solution": true}
# plan = …
### BEGIN SOLUTION
plan = [
    BASE,
    {**BASE, "kernel_size": 1},
    {**BASE, "kernel_size": 5},
    {**BASE, "depth": 1},
    {**BASE, "depth": 3},
    {**BASE, "dropout": 0.0},
    {**BASE, "optimizer": "sgd"},
    {**BASE, "optimizer": "rmsprop"},
]
### END SOLUTION

# %% nbgrader={"grade_id": "test_plan", "grade": true, "locked": true, "points": 5}
for _i, _run in enumerate(plan):
    expect(f"Exercise 2, the entries of plan[{_i}]", sorted(_run), sorted(BASE), "the names of the entries")
# Keras takes the names of optimizers in upper and lower case.
_runs = [{**_run, "optimizer": str(_run["optimizer"]).lower()} for _run in plan]
expect("Exercise 2, the first run", _runs[0], BASE, "where the plan starts")
expect(
    "Exercise 2, the number of runs (5 to 10)",
    len(plan),
    min(10, max(5, len(plan))),
    "how many configurations `plan` has",
)
_changes = [[entry for entry in BASE if run[entry] != BASE[entry]] for run in _runs]
for _i, _changed in enumerate(_changes[1:], start=1):
    expect(
        f"Exercise 2, how many entries of plan[{_i}] differ from BASE",
        len(_changed),
        1,
        "one thing at a time",
    )
expect(
    "Exercise 2, which entries are varied",
    ", ".join(sorted({entry for changed in _changes for entry in changed})),
    ", ".join(sorted(BASE)),
    "all four entries",
)
expect(
    "Exercise 2, how many runs repeat an earlier one",
    sum(run in _runs[:i] for i, run in enumerate(_runs)),
    0,
    "configurations that are the same",
)
for _i, _run in enumerate(_runs):
    _allowed = {
        "kernel_size": _run["kernel_size"] in range(1, 8),
        "depth": _run["depth"] in range(1, 5),
        "dropout": not isinstance(_run["dropout"], str) and 0.0 <= _run["dropout"] <= 0.9,
        "optimizer": _run["optimizer"] in ("adam", "sgd", "rmsprop"),
    }
    expect(
        f"Exercise 2, the entries of plan[{_i}] that have a value that isn't allowed",
        [f"{_entry}: {_run[_entry]}" for _entry in BASE if not _allowed[_entry]],
        [],
        "the values that the text allows",
    )

# %% [markdown]
# A plan that is written down before the runs keeps you honest: once you have seen the results, it is easy to find a
# reason for any of them.
#
# ## Exercise 3: one run (5 points)
#
# The aim: a run whose result doesn't depend on what ran before it. Keras draws the starting weights at random,
# and each network goes on drawing where the one before it stopped. Two networks start from the same numbers only if the
# seed is set again before each.
#
# Write `experiment(config, build)`, where `build` is a function such as your `build_variant`:
#
# 1. set the random seed with `keras.utils.set_random_seed(SEED)`;
# 2. build the network with `build(config, subset_x.shape[1:], num_classes)`;
# 3. `fit` on `subset_x` and `subset_y` with `batch_size=128`, `epochs=variant_epochs`, `validation_split=0.3` and
#    `verbose=0`, and return the `History`, which is what `fit` returns.


# %% nbgrader={"grade_id": "experiment", "solution": true}
def experiment(config, build):
    """Train the network of `config` on the subset, from the same random numbers each time. Returns the History."""
    ### BEGIN SOLUTION
    keras.utils.set_random_seed(SEED)
    network = build(config, subset_x.shape[1:], num_classes)
    return network.fit(subset_x, subset_y, batch_size=128, epochs=variant_epochs, validation_split=0.3, verbose=0)
    ### END SOLUTION


# %% [markdown]
# The test passes a function of its own that builds a small network, so it doesn't need Exercise 1.

# %% nbgrader={"grade_id": "test_experiment", "grade": true, "locked": true, "points": 5}
import random

_seen, _seeds = [], [None]
_original = random.seed


def _note(number=None, *_):
    """Note a seed, in place of `random.seed`, which `set_random_seed` calls: Keras draws the starting weights by it."""
    _seeds.append(number)


def _small_variant(config, input_shape, num_classes):
    """Note the arguments and the seed that was set for them, and return a network without convolutions."""
    _seen.append((config, tuple(input_shape), num_classes, _seeds[-1]))
    _seeds.append(None)
    network = Sequential([Flatten(), Dense(num_classes, activation="softmax")])
    network.compile(loss="sparse_categorical_crossentropy", optimizer="adam", metrics=["accuracy"])
    return network


random.seed = _note
try:
    _first = experiment({**BASE, "depth": 1}, _small_variant)
    experiment({**BASE, "depth": 4}, _small_variant)
finally:
    random.seed = _original
expect("Exercise 3, how often two experiments call build", len(_seen), 2, "step 2")
expect(
    "Exercise 3, the random seeds that are set just before each network is built",
    [_seed for *_, _seed in _seen],
    [SEED, SEED],
    "step 1: `keras.utils.set_random_seed`, on each call, before `build`",
)
expect(
    "Exercise 3, what experiment returns",
    None if _first is None else type(_first).__name__,
    "History",
    "what `fit` returns",
)
expect("Exercise 3, epochs in the history", len(_first.history["loss"]), variant_epochs, "the argument `epochs`")
expect(
    "Exercise 3, the curves in the history",
    ", ".join(_name for _name in ("accuracy", "loss", "val_accuracy", "val_loss") if _name in _first.history),
    "accuracy, loss, val_accuracy, val_loss",
    "the argument `validation_split`",
)
expect(
    "Exercise 3, steps per epoch",
    _first.params["steps"],
    -(-int(len(subset_x) * 0.7) // 128),
    "the arguments `batch_size` and `validation_split`, and which images train",
)
### BEGIN HIDDEN TESTS
expect(
    "Exercise 3, the depth, input shape and classes that build is given",
    [_seen[1][0]["depth"], *_seen[1][1], _seen[1][2]],
    [4, 28, 28, 1, 10],
    "the arguments of `build`",
)
### END HIDDEN TESTS

# %% [markdown]
# Now run the whole plan. This takes **about a minute** on two CPU cores.


# %% nbgrader={"grade_id": "run_plan", "locked": true}
def describe(config):
    """What `config` changes in BASE, as a text."""
    return ", ".join(f"{entry} {config[entry]}" for entry in BASE if config[entry] != BASE[entry]) or "base"


histories = []
for config in plan:
    histories.append(experiment(config, build_variant))
    print(f"{describe(config):20} validation accuracy by epoch:", np.round(histories[-1].history["val_accuracy"], 3))

# %% [markdown]
# ## Exercise 4: table and choice (7 points)
#
# The aim: all results side by side, and the best one by a rule instead of by eye.
#
# Write `results_table(configs, histories)`: return a list with one new dictionary per run. It has the entries of the
# run's configuration and one more, `"val_accuracy"`: the validation accuracy of the **last** epoch (a `float`, not
# rounded), which is in `history.history["val_accuracy"]`. Don't change the dictionaries in `configs`.
#
# Write `best_run(table)`: return the dictionary in such a table that has the largest `"val_accuracy"`.


# %% nbgrader={"grade_id": "results_table", "solution": true}
def results_table(configs, histories):
    """Return one dictionary per run: its configuration, and `val_accuracy` of its last epoch."""
    ### BEGIN SOLUTION
    return [
        {**config, "val_accuracy": history.history["val_accuracy"][-1]}
        for config, history in zip(configs, histories, strict=True)
    ]
    ### END SOLUTION


# %% nbgrader={"grade_id": "best_run", "solution": true}
def best_run(table):
    """Return the row of `table` with the largest `val_accuracy`."""
    ### BEGIN SOLUTION
    return max(table, key=lambda row: row["val_accuracy"])
    ### END SOLUTION


# %% nbgrader={"grade_id": "test_results_table", "grade": true, "locked": true, "points": 3}
def _history(**curves):
    """A History with made-up curves."""
    history = keras.callbacks.History()
    history.history = curves
    return history


_made_up = [
    _history(accuracy=[0.5, 0.9], val_accuracy=[0.75, 0.62541]),
    _history(accuracy=[0.4, 0.6], val_accuracy=[0.5, 0.68757]),
]
_configs = [dict(BASE), {**BASE, "depth": 1}]
_table = results_table(_configs, _made_up)
expect(
    "Exercise 4, the rows for two runs",
    "no list" if _table is None else len(_table),
    2,
    "one dictionary per run, and `return`",
)
expect("Exercise 4, the entries of a row", sorted(_table[1]), sorted([*BASE, "val_accuracy"]), "`{**config, ...}`")
expect(
    "Exercise 4, the validation accuracies of two made-up runs",
    [row["val_accuracy"] for row in _table],
    [0.62541, 0.68757],
    "which epoch and which curve; no rounding",
)
expect(
    "Exercise 4, the configurations given, after the call",
    _configs,
    [dict(BASE), {**BASE, "depth": 1}],
    "whether you write into them",
)
### BEGIN HIDDEN TESTS
expect("Exercise 4, the depths of two made-up runs", [row["depth"] for row in _table], [2, 1], "the configurations")
### END HIDDEN TESTS

# %% nbgrader={"grade_id": "test_best_run", "grade": true, "locked": true, "points": 2}
_three = [{"depth": 4, "val_accuracy": 0.25}, {"depth": 1, "val_accuracy": 0.875}, {"depth": 3, "val_accuracy": 0.5}]
_best = best_run(_three)
expect(
    "Exercise 4, the type of best_run's answer",
    None if _best is None else type(_best).__name__,
    "dict",
    "the whole row",
)
expect(
    "Exercise 4, best_run of accuracies 0.25, 0.875 and 0.5",
    _best,
    {"depth": 1, "val_accuracy": 0.875},
    "the largest `val_accuracy`",
)
### BEGIN HIDDEN TESTS
expect(
    "Exercise 4, best_run of the same table, with its last row first",
    best_run([_three[2], *_three[:2]]),
    {"depth": 1, "val_accuracy": 0.875},
    "the largest `val_accuracy`",
)
expect(
    "Exercise 4, depths and accuracies in the table given, after the calls",
    [[row["depth"], row["val_accuracy"]] for row in _three],
    [[4, 0.25], [1, 0.875], [3, 0.5]],
    "what changes a list or a dictionary in place",
)
### END HIDDEN TESTS

# %% nbgrader={"grade_id": "show_results", "locked": true}
results = results_table(plan, histories)
best = best_run(results)
for row in results:
    mark = "  <- the best" if row is best else ""
    print(f"{describe(row):20} {row['val_accuracy']:.4f}{mark}")

# %% nbgrader={"grade_id": "show_runs", "locked": true}
figure, (left, right) = plt.subplots(1, 2, figsize=(11, 4.5))
epochs = range(1, variant_epochs + 1)
for config, history in zip(plan, histories, strict=True):
    left.plot(epochs, history.history["val_accuracy"], marker="o", label=describe(config))
left.set(title="Validation accuracy by epoch", xlabel="epoch", ylabel="validation accuracy", xticks=epochs)
left.set(ylim=(0, 1), yticks=np.linspace(0, 1, 6))
left.legend(fontsize=8, loc="lower right")
_heights = [row["val_accuracy"] for row in results]
# The black lines: two standard errors to each side.
_errors = [2 * np.sqrt(height * (1 - height) / (0.3 * len(subset_x))) for height in _heights]
right.barh([describe(row) for row in results], _heights, xerr=_errors, color=[f"C{i}" for i in range(len(results))])
right.set(title="After the last epoch, ± 2 standard errors", xlabel="validation accuracy")
right.set(xlim=(0, 1), xticks=np.linspace(0, 1, 6))
right.invert_yaxis()
figure.tight_layout()
plt.show()

# %% nbgrader={"grade_id": "test_results", "grade": true, "locked": true, "points": 2}
expect("Exercise 4, the number of rows in `results`", len(results), len(plan), "`results_table`")
### BEGIN HIDDEN TESTS
for _i, (_config, _run, _result) in enumerate(zip(plan, histories, results)):
    expect(
        f"Exercise 4, the configuration in results[{_i}]",
        {entry: _result[entry] for entry in BASE},
        {entry: _config[entry] for entry in BASE},
        "`results_table`",
    )
    expect(
        f"Exercise 4, the validation accuracy in results[{_i}]",
        _result["val_accuracy"],
        _run.history["val_accuracy"][-1],
        "`results_table`",
    )
_largest = max(run.history["val_accuracy"][-1] for run in histories)
expect("Exercise 4, the validation accuracy of the best of your runs", best["val_accuracy"], _largest, "`best_run`")
### END HIDDEN TESTS

# %% [markdown]
# How far can you trust such a number? An accuracy `a` that is measured on `n` images has a standard error of
# `sqrt(a * (1 - a) / n)`; for 0.80 on 3,000 images, that is 0.0073. The black lines in the plot reach two standard
# errors to each side. The standard error of the difference of two such accuracies is up to `sqrt(2)` times as large,
# about 1.4 times. (It is smaller if both networks fail on the same images, as they often do.) Another seed changes the
# accuracy, too.
#
# ## Conclusion in words (8 points)
#
# What did you find out? Write about 120 words in the next cell. You get two points for each of
#
# 1. **a claim with its numbers**: which change helped or hurt most, and from which validation accuracy to which;
# 2. **one thing at a time**: what you may conclude about a single entry, and why about that entry alone;
# 3. **limits**: which differences are too small to count, given 3,000 validation images, 3 epochs, and one seed;
# 4. **what next**: the run that you would try now, and what you expect from it.

# %% [markdown] nbgrader={"grade_id": "conclusion", "grade": true, "points": 8, "solution": true}
# ### BEGIN SOLUTION
# Leaving dropout out helped most: the validation accuracy rose from about 0.78 (base) to 0.82. A single convolution did
# as much (0.82); plain SGD hurt most (0.45), and 1×1 kernels lost 0.06.
#
# Each run differs from the base in one entry, with the same images and seed, so the gain of 0.04 comes from dropout
# alone. Whether a single convolution without dropout would gain twice as much, I can't say: no run changed both.
#
# Two standard errors are 0.015, so the 5×5 kernel (0.78) and RMSprop (0.76) can hardly be told from the base. Three
# epochs favor what learns fast: SGD was still improving. A single seed doesn't show how much the results vary.
#
# Next I would train the base, depth 3, and dropout 0 for 10 epochs with three seeds. I expect depth 3 and dropout to
# catch up.
# ### END SOLUTION

# %% [markdown]
# # Part 2: your own network
#
# Now use what you have learned to train a network of your own on all 60,000 images. Two budgets make this a contest of
# ideas rather than of computers:
#
# - at most **100,000 parameters** (the lecture's network has 121,930);
# - at most **10 epochs**. Aim for less than 4 minutes on two CPU cores.
#
# Some ideas, none of which you need: more or fewer filters, `padding="same"`, a third convolution,
# `BatchNormalization()` after a convolution (it keeps the numbers that a layer passes on in one range, and the network
# learns faster), another batch size, or a learning rate that falls from epoch to epoch: give `Adam` an
# `ExponentialDecay(start, decay_steps, decay_rate)` in place of a number. It begins at `start` and is multiplied by
# `decay_rate` over every `decay_steps` steps of training (a step is one batch). (If you compute `decay_steps` from
# `len(x)`, round up: the test of Exercise 7 has 100 images, and 0 steps are an error.) Choose by validation here, too.

# %% nbgrader={"grade_id": "budget", "locked": true}
max_parameters = 100_000
max_epochs = 1 if QUICK else 10

# %% [markdown]
# ## Exercise 5: preprocess (3 points)
#
# The aim: turn raw images, as they are stored in files, into numbers that a network learns well from.
#
# Write `preprocess(images)`: turn raw uint8 images of shape (n, 28, 28) into what your network takes: floating-point
# numbers between -10 and 10, of shape (n, 28, 28, 1). `astype`, a division, and `np.expand_dims(images, axis=-1)` (or
# `reshape`) are enough.
#
# Do all the preparation in this function. The number that a pixel becomes may depend on that pixel's own value only,
# not on its position, its neighbors, or other images: grading asks your function what it makes of each value from 0 to
# 255, and prepares the test images accordingly. Anything that looks at more than one pixel is the network's job
# (`keras.layers` has layers for that).


# %% nbgrader={"grade_id": "preprocess", "solution": true}
def preprocess(images):
    """Turn raw uint8 images (n, 28, 28) into the float array (n, height, width, channels) for the network."""
    ### BEGIN SOLUTION
    return np.expand_dims(images.astype("float32") / 255.0, axis=-1)
    ### END SOLUTION


# %% nbgrader={"grade_id": "test_preprocess", "grade": true, "locked": true, "points": 3}
_raw = raw_x_train[:4].copy()
_prepared = preprocess(_raw)
expect(
    "Exercise 5, the shape of 4 images after preprocess",
    None if _prepared is None else np.shape(_prepared),
    (4, 28, 28, 1),
    "the channels",
)
_prepared = np.asarray(_prepared)
expect("Exercise 5, the kind of numbers after preprocess", _prepared.dtype.kind, "f", "`astype`: f is floating point")
_largest = float(np.max(np.abs(_prepared)))
expect("Exercise 5, the largest number, which may be 10", _largest, min(_largest, 10.0), "the division")
expect(
    "Exercise 5, the images given, after the call",
    _raw,
    raw_x_train[:4],
    "operators that change their array, such as `/=`",
)
_darker = raw_x_train[:4] // np.array([1, 2, 3, 4], dtype="uint8").reshape(4, 1, 1)
_difference = float(np.max(np.abs(np.asarray(preprocess(_darker[3:]))[0] - np.asarray(preprocess(_darker))[3])))
expect(
    "Exercise 5, the largest difference between an image alone and the same image among four",
    _difference,
    0.0,
    "means and maxima over all images",
    tolerance=1e-5,
)
### BEGIN HIDDEN TESTS
_raw = (np.arange(3 * 28 * 28) // 10).reshape(3, 28, 28).astype("uint8")
_prepared = np.asarray(preprocess(_raw.copy()))
_values = (np.arange(28 * 28) % 256).reshape(1, 28, 28).astype("uint8")
_number_of = np.asarray(preprocess(_values)).reshape(-1)[:256]
_different = len(np.unique(_number_of))
expect(
    "Exercise 5, how many numbers the values from 0 to 255 become (at least 2)",
    _different,
    max(2, _different),
    "what you return",
)
expect(
    "Exercise 5, what each pixel of three images becomes by its own value",
    _prepared[..., 0],
    _number_of[_raw],
    "what looks at more than one pixel: means, maxima, positions",
    tolerance=1e-5,
)
### END HIDDEN TESTS

# %% nbgrader={"grade_id": "prepare", "locked": true}
x_train, x_test = preprocess(raw_x_train), preprocess(raw_x_test)
input_shape = x_train.shape[1:]
print("input_shape:", input_shape)

# %% [markdown]
# With this function, anyone who has your network can use it on raw images, and grading does.
#
# ## Exercise 6: the network (4 points)
#
# The aim: spend your parameters where they help most.
#
# Write `build_own_model(input_shape, num_classes)`: return your network, not compiled. It starts with
# `keras.Input(shape=input_shape)`, has at least one `Conv2D` and at most `max_parameters` parameters, and its last
# layer is `Dense(num_classes, activation="softmax")`. `count_params()` of a network counts its parameters, and
# `summary()` shows where they are.


# %% nbgrader={"grade_id": "build_own_model", "solution": true}
def build_own_model(input_shape, num_classes):
    """Return a network of at most `max_parameters` parameters, not compiled."""
    ### BEGIN SOLUTION
    return Sequential(
        [
            keras.Input(shape=input_shape),
            Conv2D(16, (3, 3), padding="same", activation="relu"),
            MaxPooling2D((2, 2)),
            BatchNormalization(),
            Conv2D(32, (3, 3), padding="same", activation="relu"),
            MaxPooling2D((2, 2)),
            BatchNormalization(),
            Flatten(),
            Dropout(0.3),
            Dense(48, activation="relu"),
            Dense(num_classes, activation="softmax"),
        ]
    )
    ### END SOLUTION


# %% nbgrader={"grade_id": "test_build_own_model", "grade": true, "locked": true, "points": 4}
_own = build_own_model((28, 28, 1), 10)
expect(
    "Exercise 6, the output's shape",
    getattr(_own, "output_shape", _own),
    (None, 10),
    "the last layer, and what you return",
)
_count = _own.count_params()
expect(
    f"Exercise 6, parameters beyond the budget of {max_parameters:,}",
    max(0, _count - max_parameters),
    0,
    "the layer with the most parameters in `summary()`: often the first `Dense`",
)


def _layers(network):
    """All layers, also those of networks in it."""
    return [inner for layer in network.layers for inner in (_layers(layer) if hasattr(layer, "layers") else [layer])]


_convolutions = sum(isinstance(layer, Conv2D) for layer in _layers(_own))
expect("Exercise 6, convolutions (at least 1)", _convolutions, max(1, _convolutions), "`Conv2D`")
_sums = keras.ops.convert_to_numpy(_own(np.linspace(0, 1, 2 * 28 * 28, dtype="float32").reshape(2, 28, 28, 1))).sum(
    axis=1
)
expect(
    "Exercise 6, the sum of an image's ten outputs, for two images",
    _sums,
    [1, 1],
    "the last layer's activation",
    tolerance=1e-5,
)
### BEGIN HIDDEN TESTS
_other = build_own_model((28, 28, 3), 7)
expect(
    "Exercise 6, the input's shape for 3 channels", _other.input_shape, (None, 28, 28, 3), "the argument `input_shape`"
)
expect("Exercise 6, the output's shape for 7 classes", _other.output_shape, (None, 7), "the argument `num_classes`")
### END HIDDEN TESTS

# %% nbgrader={"grade_id": "own_summary", "locked": true}
keras.utils.set_random_seed(SEED)  # the starting weights don't depend on what ran before
model = build_own_model(input_shape, num_classes)
model.summary()

# %% [markdown]
# In most such networks, the first dense layer has most of the parameters. Pooling before it, or fewer filters, then saves
# more than smaller kernels do.
#
# ## Exercise 7: compile and train (3 points)
#
# The aim: the best training within a budget, without looking at the test images.
#
# Write `train_own(model, x, y)`: compile `model`, `fit` it on the prepared images `x` and the labels `y` (whole numbers
# of shape (n,)) for **at most `max_epochs` epochs**, and return the `History`. The loss, optimizer, learning rate,
# batch size, and number of epochs are up to you. The history has to hold `accuracy` and `val_accuracy`: use the metric
# `"accuracy"`, and hold back a part of `x` for validation (`validation_split`).
#
# Two rules make your accuracy a fair estimate:
#
# - **Call `fit` once.** The epochs of several calls add up, even if you compile again in between.
# - **Use no images but `x`**, neither to train nor to validate. In particular, `validation_data=(x_test, raw_y_test)`
#   breaks the rule of Part 1: anything that you choose by it, even just when to stop, is chosen by the test images. To
#   check this, the test calls your function with images of another shape. Grading also compares the images that were
#   given to `fit` with the test images.
#
# For comparison: a network of 80,794 parameters took 2 to 4 minutes for 8 epochs on two CPU cores.


# %% nbgrader={"grade_id": "train_own", "solution": true}
def train_own(model, x, y):
    """Compile and fit `model` on images `x` and labels `y` (n,), within the budget. Returns the History."""
    ### BEGIN SOLUTION
    steps = -(-int(0.9 * len(x)) // 128)  # an epoch's
    falling = ExponentialDecay(0.003, decay_steps=steps, decay_rate=0.6, staircase=True)
    model.compile(loss="sparse_categorical_crossentropy", optimizer=Adam(falling), metrics=["accuracy"])
    return model.fit(x, y, batch_size=128, epochs=min(8, max_epochs), validation_split=0.1, verbose=2)
    ### END SOLUTION


# %% [markdown]
# The next cell counts the training steps (batches) that your function takes, over all calls of `fit`.


# %% nbgrader={"grade_id": "train_small", "locked": true}
def train_small(train):
    """Have `train` train a small network on 100 made-up images of shape (28, 28, 3).

    Returns what `train` returned, the name of its type (of an error: its first line), and the number of steps taken.
    """
    network = Sequential([keras.Input(shape=(28, 28, 3)), Flatten(), Dropout(0.1), Dense(10, activation="softmax")])
    images = np.linspace(0, 1, 100 * 28 * 28 * 3, dtype="float32").reshape(100, 28, 28, 3)
    try:
        returned = train(network, images, np.arange(100) % 10)
    except Exception as error:
        return None, " ".join(f"{type(error).__name__}: {error}".split())[:300], 0
    # In each step of training, and in nothing else, the dropout layer draws random numbers once, and counts it.
    steps = int(keras.ops.convert_to_numpy(network.layers[1].seed_generator.state)[1])
    return returned, None if returned is None else type(returned).__name__, steps


# %% nbgrader={"grade_id": "test_train_own", "grade": true, "locked": true, "points": 3}
_small, _type, _steps = train_small(train_own)
expect(
    "Exercise 7, what train_own returns for images of shape (28, 28, 3)",
    _type,
    "History",
    "what `fit` returns. It was given 100 images of shape (28, 28, 3): use `x` and `y` only, never `x_test`",
)
expect(
    "Exercise 7, the curves in the history (and perhaps more)",
    ", ".join(_name for _name in ("accuracy", "val_accuracy") if _name in _small.history),
    "accuracy, val_accuracy",
    'the metric "accuracy", and `validation_split`',
)
expect(
    f"Exercise 7, epochs beyond the budget of {max_epochs}",
    max(0, len(_small.epoch) - max_epochs),
    0,
    "the argument `epochs`",
)
expect(
    "Exercise 7, the steps of training that the model given has taken, and those in the history returned",
    _steps,
    len(_small.epoch) * _small.params["steps"],
    "how often you call `fit`, and for which model",
)

# %% nbgrader={"grade_id": "run_training", "locked": true}
keras.utils.set_random_seed(SEED)
history = train_own(model, x_train, raw_y_train)
model.save("fashion_mnist.keras")  # after a restart: model = keras.models.load_model("fashion_mnist.keras")

# %% nbgrader={"grade_id": "show_history", "locked": true}
figure, axes = plt.subplots(figsize=(6, 4))
epochs = range(1, len(history.history["accuracy"]) + 1)
for name, label in {"accuracy": "training", "val_accuracy": "validation"}.items():
    axes.plot(epochs, history.history[name], marker="o", label=label)
axes.set(title="Accuracy of your network", xlabel="epoch", ylabel="accuracy", xticks=epochs)
axes.yaxis.set_major_locator(plt.MultipleLocator(0.01 if min(axes.get_ylim()) > 0.8 else 0.1))
axes.legend()
plt.show()

# %% [markdown]
# ## How good is it? (12 points)
#
# Now use the test set, for the first time. The points rise linearly from 0 at an accuracy of 0.86 (which a network
# without convolutions reaches) to all 12 points at 0.91 and above. With an accuracy of 0.886, the lecture's network
# would get about half of them if it were within the budget. You get points only if your network and its training are
# within both budgets. Grading trains your network again, so the graded accuracy may differ from yours by a few
# thousandths.

# %% nbgrader={"grade_id": "evaluate", "locked": true}
predicted = np.argmax(model.predict(x_test, batch_size=256, verbose=0), axis=1)
print("Test accuracy:", np.mean(predicted == raw_y_test))

# %% nbgrader={"grade_id": "test_accuracy", "grade": true, "locked": true, "points": 12}
expect(
    f"Accuracy, parameters beyond the budget of {max_parameters:,}",
    max(0, model.count_params() - max_parameters),
    0,
    "Exercise 6",
)
expect(
    f"Accuracy, steps of training beyond the budget of {max_epochs} epochs",
    max(0, int(model.optimizer.iterations) - max_epochs * history.params["steps"]),
    0,
    "Exercise 7",
)
if _type == "History":  # else Exercise 7 has said so
    expect(
        f"Accuracy, steps of training beyond the budget of {max_epochs} epochs, for 100 images",
        max(0, _steps - max_epochs * _small.params["steps"]),
        0,
        "Exercise 7, and how often you call `fit`",
    )
### BEGIN HIDDEN TESTS
# What `preprocess` makes of each value of a pixel. It doesn't get the test images themselves: these are looked up.
_values = (np.arange(28 * 28) % 256).reshape(1, 28, 28).astype("uint8")
_prepared = np.asarray(preprocess(_values))
_number_of = _prepared.reshape(-1)[:256]
expect(
    "Accuracy, what pixels of the same value become, regardless of their position",
    _prepared[..., 0],
    _number_of[_values],
    "Exercise 5: each pixel by itself",
)
MINIMUM, BASELINE, POINTS = 0.91, 0.86, 12
_images, _labels = fashion_mnist.load_data()[1]
_predictions = model.predict(_number_of[_images][..., np.newaxis], batch_size=256, verbose=0)
_accuracy = float(np.mean(np.argmax(_predictions, axis=1) == _labels))
_points = POINTS * min(1.0, max(0.0, (_accuracy - BASELINE) / (MINIMUM - BASELINE)))
print(
    f"Accuracy on {len(_labels):,} test images: expected at least {MINIMUM} (no points up to {BASELINE}), received {_accuracy:.4f}: {_points:.1f} of {POINTS} points."
)
float(_points)
### END HIDDEN TESTS

# %% [markdown]
# ## Which clothes are confused?
#
# A *confusion matrix* counts how often the network predicted each class (column) for the images of each true class (row).
# Correct predictions are on the diagonal. The brighter a cell elsewhere, the more often the network confuses that pair.

# %% nbgrader={"grade_id": "confusion", "locked": true}
confusion = np.zeros((num_classes, num_classes), dtype=int)
np.add.at(confusion, (raw_y_test, predicted), 1)

figure, axes = plt.subplots(figsize=(7, 6))
axes.imshow(np.sqrt(confusion), cmap="viridis")  # with the square root, small numbers stay visible beside large ones
for i in range(num_classes):
    for j in range(num_classes):
        if confusion[i, j]:
            color = "black" if confusion[i, j] > confusion.max() / 4 else "white"
            axes.text(j, i, confusion[i, j], ha="center", va="center", color=color, fontsize=8)
axes.set(title="Confusion matrix (number of test images)", xlabel="predicted class", ylabel="true class")
axes.set_xticks(range(num_classes), class_names, rotation=45, ha="right")
axes.set_yticks(range(num_classes), class_names)
figure.tight_layout()
plt.show()

_wrong = confusion - np.diag(np.diag(confusion))
for place in np.argsort(_wrong, axis=None)[::-1][:5]:
    i, j = divmod(int(place), num_classes)
    print(f"{_wrong[i, j]:4} times {class_names[i]} was mistaken for {class_names[j]}")

# %% [markdown]
# ## Exercise 8: recall (5 points)
#
# The aim: one number per class, to show what the accuracy over all classes hides.
#
# The *recall* of a class is the share of its images that the network recognizes: of all shirts, how many did it call
# shirts? (*Precision* asks the opposite: of all images that it called shirts, how many are shirts?)
#
# Write `recall_per_class(labels, predictions, num_classes)`: `labels` holds the true classes and `predictions` the
# predicted ones, both arrays of whole numbers of shape (n,). Return an array of shape (num_classes,) with the recall of
# each class. Every class occurs in `labels`. `predictions[labels == k]` selects the predictions for the images of class
# `k`.
#
# Then look at the recalls of your network, and set `answer_hardest` to the name of the class with the lowest one, as
# spelled in `class_names`.


# %% nbgrader={"grade_id": "recall_per_class", "solution": true}
def recall_per_class(labels, predictions, num_classes):
    """Return for each class the share of its images that are recognized, an array (num_classes,)."""
    ### BEGIN SOLUTION
    return np.array([np.mean(predictions[labels == k] == k) for k in range(num_classes)])
    ### END SOLUTION


# %% nbgrader={"grade_id": "show_recall", "locked": true}
for name, recall in zip(class_names, recall_per_class(raw_y_test, predicted, num_classes), strict=True):
    print(f"{name:12} {recall:.3f}")

# %% nbgrader={"grade_id": "hardest", "solution": true}
# answer_hardest = …
### BEGIN SOLUTION
answer_hardest = "Shirt"
### END SOLUTION

# %% nbgrader={"grade_id": "test_recall", "grade": true, "locked": true, "points": 3}
_labels, _said = np.array([0, 0, 0, 0, 1, 1]), np.array([0, 0, 0, 1, 1, 1])
expect(
    "Exercise 8, recalls where one of four zeros is missed",
    recall_per_class(_labels, _said, 2),
    [0.75, 1],
    "what you divide by",
)
### BEGIN HIDDEN TESTS
_labels, _said = np.array([2, 0, 1, 2, 2, 0, 2, 1, 0, 3]), np.array([2, 1, 1, 0, 2, 0, 3, 1, 1, 2])
expect(
    "Exercise 8, recalls of four classes",
    recall_per_class(_labels, _said, 4),
    [1 / 3, 1, 1 / 2, 0],
    "the class of the row, and what you divide by",
    tolerance=1e-6,
)
expect(
    "Exercise 8, labels and predictions given, after the call",
    [_labels.tolist(), _said.tolist()],
    [[2, 0, 1, 2, 2, 0, 2, 1, 0, 3], [2, 1, 1, 0, 2, 0, 3, 1, 1, 2]],
    "what changes an array in place, such as `-=`",
)
### END HIDDEN TESTS

# %% nbgrader={"grade_id": "test_hardest", "grade": true, "locked": true, "points": 2}
expect(
    "Exercise 8, answer_hardest",
    answer_hardest,
    answer_hardest if answer_hardest in class_names else f"one of {', '.join(class_names)}",
    "the spelling in `class_names`",
)
### BEGIN HIDDEN TESTS
_said = np.argmax(model.predict(preprocess(raw_x_test), batch_size=256, verbose=0), axis=1)
_right = [sum(_said[raw_y_test == k] == k) / sum(raw_y_test == k) for k in range(10)]
if _right[class_names.index(answer_hardest)] > min(_right) + 0.02:  # training anew may swap two that are close
    raise WrongAnswer(
        f"Exercise 8, answer_hardest: {answer_hardest!r} isn't right. Look at the smallest number from `recall_per_class`."
    )
### END HIDDEN TESTS

# %% [markdown]
# At 28×28 pixels, a shirt, a T-shirt, a pullover, and a coat differ by a collar or a row of buttons. The accuracy over
# all classes hides this: the same network is almost never wrong about trousers and bags.
#
# Your trained network is saved in the file `fashion_mnist.keras`, next to the notebook.
#
# # Part 3: transfer
#
# Your network has never seen a digit. Does what it learned from clothes help it recognize digits? It may, because edges
# and corners occur in both. Using a trained network for another task is called **transfer learning**. People do it when
# they have only a few labeled images of their own, because labels cost time and money.
#
# The layers before the last one, the **body**, turn an image into numbers, its **features**. The last layer, the
# **head**, turns these into probabilities of the classes. For a new task, you keep the features and train a new head.
# The features can stay as they are (**frozen**) or be trained further (**fine-tuned**).
#
# ## Exercise 9: the features (3 points)
#
# The aim: your network without its head.
#
# Write `features(model)`: return a network that takes the same input as `model` and gives the output of its
# next-to-last layer. `keras.Model(inputs, outputs)` makes a network from the input of another (`model.inputs`) to the
# output of any of its layers (`model.layers` is a list, and each layer has an `output`). `model` itself stays as it is.


# %% nbgrader={"grade_id": "features", "solution": true}
def features(model):
    """Return the network from the input of `model` to the output of its next-to-last layer."""
    ### BEGIN SOLUTION
    return keras.Model(model.inputs, model.layers[-2].output)
    ### END SOLUTION


# %% nbgrader={"grade_id": "test_features", "grade": true, "locked": true, "points": 3}
def _with_head(shape, hidden, classes, *more):
    """A small network of three layers and `more` before the last, images for it, and the numbers after its first two."""
    network = Sequential(
        [
            keras.Input(shape=shape),
            Flatten(),
            Dense(hidden, activation="tanh"),
            *more,
            Dense(classes, activation="softmax"),
        ]
    )
    pixels = int(np.prod(shape))
    kernel, bias = np.linspace(-1, 1, pixels * hidden).reshape(pixels, hidden), np.linspace(0, 1, hidden)
    network.layers[1].set_weights([kernel, bias])
    images = np.linspace(0, 1, 3 * pixels, dtype="float32").reshape(3, *shape)
    return network, images, np.tanh(images.reshape(3, -1) @ kernel + bias)


_network, _images, _expected = _with_head((3, 2, 1), hidden=5, classes=4)
_found = features(_network)
if hasattr(_found, "predict"):
    _found = np.asarray(_found.predict(_images, verbose=0))
elif _found is not None:
    _found = f"a {type(_found).__name__}, not a network"
expect(
    "Exercise 9, the features of three images",
    _found,
    _expected,
    "which layer is the next to last, and what you return",
    tolerance=1e-5,
)
expect(
    "Exercise 9, the layers of the network given, after the call",
    [type(layer).__name__ for layer in _network.layers],
    ["Flatten", "Dense", "Dense"],
    "`pop` and other methods that change the network",
)
### BEGIN HIDDEN TESTS
_network, _images, _tanh = _with_head((4, 3, 2), 7, 3, keras.layers.Rescaling(2.0))
expect(
    "Exercise 9, the features of three images, from a network with one layer more",
    np.asarray(features(_network).predict(_images, verbose=0)),
    2 * _tanh,
    "which layer is the next to last",
    tolerance=1e-5,
)
### END HIDDEN TESTS

# %% [markdown]
# ## Exercise 10: a few examples (3 points)
#
# The aim: small training sets in which every class is equally frequent.
#
# Write `few(x, y, per_class, seed)`: `x` is an array of n examples, and `y` (n,) holds their labels, whole numbers. Draw
# `per_class` different examples of each class in `y` **at random**, and return the pair `(x_few, y_few)`. The order is up
# to you. The same `seed` always gives the same examples.
#
# `np.unique(y)` gives the classes, `np.flatnonzero(y == k)` the positions of class `k`, and
# `np.random.default_rng(seed).choice(positions, per_class, replace=False)` draws from them.


# %% nbgrader={"grade_id": "few", "solution": true}
def few(x, y, per_class, seed):
    """Return `per_class` random examples of each class, and their labels."""
    ### BEGIN SOLUTION
    generator = np.random.default_rng(seed)
    chosen = [generator.choice(np.flatnonzero(y == k), per_class, replace=False) for k in np.unique(y)]
    return x[np.concatenate(chosen)], y[np.concatenate(chosen)]
    ### END SOLUTION


# %% nbgrader={"grade_id": "test_few", "grade": true, "locked": true, "points": 3}
_y = np.arange(60) ** 2 % 3  # 20 times class 0, 40 times class 1
_x = np.arange(60 * 4).reshape(60, 2, 2, 1) // 4  # the pixels of image i are i
_few = few(_x, _y, 5, 1)
expect(
    "Exercise 10, what few returns",
    _few if _few is None else f"{type(_few).__name__} of {len(_few)}",
    f"{type(_few).__name__} of 2",
    "the pair: images, labels",
)
_x_few, _y_few = _few
expect("Exercise 10, the shape of 5 images of each of 2 classes", np.shape(_x_few), (10, 2, 2, 1), "`per_class`")
expect("Exercise 10, the labels, sorted", np.sort(_y_few), np.repeat([0, 1], 5), "how many of each class")
_positions = np.asarray(_x_few)[:, 0, 0, 0].astype(int)
expect(
    "Exercise 10, the labels of the images drawn", np.asarray(_y_few), _positions**2 % 3, "which label belongs to which"
)
expect("Exercise 10, the labels given, after the call", _y, np.arange(60) ** 2 % 3, "what changes an array in place")
expect(
    "Exercise 10, the images given, after the call",
    _x[:, 0, 0, 0],
    np.arange(60),
    "what changes an array in place, such as `shuffle`",
)
_again = np.asarray(few(_x, _y, 5, 1)[0])[:, 0, 0, 0]
expect("Exercise 10, the images of the same seed, drawn again", np.sort(_again), np.sort(_positions), "the seed")
_all = np.asarray(few(_x, _y, 20, 2)[0])[:, 0, 0, 0]
expect("Exercise 10, how many of 40 images are different", len(np.unique(_all)), 40, "`replace=False`")
### BEGIN HIDDEN TESTS
_drawn = np.concatenate([np.asarray(few(_x, _y, 5, seed)[0])[:, 0, 0, 0] for seed in range(10)])
expect(
    "Exercise 10, how many different images ten seeds draw (at least 20)",
    len(np.unique(_drawn)),
    max(20, len(np.unique(_drawn))),
    "whether you draw from all images, and whether `seed` matters",
)
### END HIDDEN TESTS

# %% [markdown]
# ## Exercise 11: a new head (4 points)
#
# The aim: one function for all ways to train, so that they differ only in the weights they start from and in whether
# the body is trained.
#
# Write `transfer(body, num_classes, trainable, x, y, epochs)`, where `body` is a network that gives features:
#
# 1. copy it, so that `body` itself stays as it is: `keras.models.clone_model(body)` makes a network with the same layers
#    and **new** weights, and `set_weights(body.get_weights())` gives it those of `body`;
# 2. set `trainable` of the copy: `False` freezes its weights, `True` lets them be trained;
# 3. make a network of the copy and a `Dense(num_classes, activation="softmax")`: a `Sequential` takes a network as a
#    layer;
# 4. compile it with `loss="sparse_categorical_crossentropy"`, `optimizer="adam"` and `metrics=["accuracy"]`;
# 5. `fit` it on `x` and `y` with `batch_size=32`, the `epochs` given, and `verbose=0`, and return the **network**.


# %% nbgrader={"grade_id": "transfer", "solution": true}
def transfer(body, num_classes, trainable, x, y, epochs):
    """Train a copy of `body` with a new head on images `x` and labels `y` (n,). Returns the trained network."""
    ### BEGIN SOLUTION
    copy = keras.models.clone_model(body)
    copy.set_weights(body.get_weights())
    copy.trainable = trainable
    network = Sequential([copy, Dense(num_classes, activation="softmax")])
    network.compile(loss="sparse_categorical_crossentropy", optimizer="adam", metrics=["accuracy"])
    network.fit(x, y, batch_size=32, epochs=epochs, verbose=0)
    return network
    ### END SOLUTION


# %% nbgrader={"grade_id": "test_transfer", "grade": true, "locked": true, "points": 4}
def _small_body():
    """A network that gives 5 features, of 20 + 4 + 165 parameters that can be trained."""
    body = Sequential(
        [
            keras.Input(shape=(6, 6, 1)),
            Conv2D(2, (3, 3), activation="tanh"),
            BatchNormalization(),
            Flatten(),
            Dense(5, activation="tanh"),
        ]
    )
    body.layers[0].set_weights([np.linspace(-1, 1, 18).reshape(3, 3, 1, 2), np.array([0.25, -0.25])])
    body.layers[3].set_weights([np.linspace(-1, 1, 160).reshape(32, 5) ** 3, np.linspace(-0.5, 0.5, 5)])
    return body


def _trained(network):
    """The number of parameters of `network` that training changes."""
    return int(sum(np.prod(weights.shape) for weights in network.trainable_variables))


_body = _small_body()
_before = _body.get_weights()
_images, _labels = np.linspace(0, 1, 40 * 36, dtype="float32").reshape(40, 6, 6, 1), np.arange(40) % 4
_frozen = transfer(_body, 4, False, _images, _labels, 3)
expect(
    "Exercise 11, the shape of the returned network's output",
    getattr(_frozen, "output_shape", _frozen if _frozen is None else type(_frozen).__name__),
    (None, 4),
    "the head, and what you return",
)
expect("Exercise 11, trainable parameters with a frozen body", _trained(_frozen), 5 * 4 + 4, "step 2: only the head's")
expect(
    "Exercise 11, steps of training for 40 images and 3 epochs",
    int(_frozen.optimizer.iterations),
    6,
    "the arguments `batch_size` and `epochs`",
)
_moved = max(float(np.max(np.abs(a - b))) for a, b in zip(_frozen.get_weights(), _before))
expect(
    "Exercise 11, how far a frozen body's weights are from those given", _moved, 0.0, "`set_weights` and `trainable`"
)
_tuned = transfer(_body, 4, True, _images, _labels, 3)
expect("Exercise 11, trainable parameters in fine-tuning", _trained(_tuned), 20 + 4 + 165 + 24, "step 2")
_moved = max(float(np.max(np.abs(a - b))) for a, b in zip(_body.get_weights(), _before))
expect("Exercise 11, how far the weights of the body given have changed", _moved, 0.0, "step 1: the copy")
### BEGIN HIDDEN TESTS
_distance = float(np.max(np.abs(_tuned.get_weights()[0] - _before[0])))
expect(
    "Exercise 11, how far fine-tuning takes the first convolution's weights (more than 0, at most 0.05)",
    _distance,
    min(0.05, max(_distance, 1e-4)),
    "step 1: the weights to start from",
)
_measured = _frozen.evaluate(_images, _labels, verbose=0, return_dict=True)
expect(
    "Exercise 11, what evaluate measures (and perhaps more)",
    [_name for _name in ("accuracy", "loss") if _name in _measured],
    ["accuracy", "loss"],
    "the argument `metrics`",
)
expect(
    "Exercise 11, the loss of 40 known predictions",
    _measured["loss"],
    float(-np.log(_frozen.predict(_images, verbose=0)[np.arange(40), _labels]).mean()),
    "the argument `loss`",
    tolerance=1e-4,
)
_other = transfer(_body, 7, False, _images, _labels, 1)
expect("Exercise 11, the output's shape for 7 classes", _other.output_shape, (None, 7), "the argument `num_classes`")
expect(
    "Exercise 11, steps of training for 40 images and 1 epoch",
    int(_other.optimizer.iterations),
    2,
    "the argument `epochs`",
)
expect(
    "Exercise 11, trainable parameters of the body given, after the call",
    _trained(_body),
    20 + 4 + 165,
    "step 2: `trainable` of the copy, not of `body`",
)
### END HIDDEN TESTS

# %% [markdown]
# Now the experiment, on MNIST's digits: from 1 to 100 labeled images per digit, and three ways to use them.
#
# | | starts from | trains |
# |---|---|---|
# | frozen | your network's features | the new head |
# | fine-tuned | your network's features | everything |
# | from scratch | the same layers with random weights | everything |
#
# The few images are repeated, so that all training runs take about the same number of steps. The accuracy is measured
# on 1,000 other training images of MNIST. The first time, `load_data` downloads 11 MB. The experiment takes about a
# minute on two CPU cores.

# %% nbgrader={"grade_id": "load_digits", "locked": true}
from keras.datasets import mnist

labels_per_class = [1, 10] if QUICK else [1, 3, 10, 30, 100]
transfer_steps = 40 if QUICK else 200

(raw_x_digits, raw_y_digits), _ = mnist.load_data()
x_digits, y_digits = preprocess(raw_x_digits[:-1000][:10_000]), raw_y_digits[:-1000][:10_000]
x_check, y_check = preprocess(raw_x_digits[-1000:]), raw_y_digits[-1000:]
print(f"digits: {len(x_digits):,} images to draw from, {len(x_check):,} to check with")

# %% nbgrader={"grade_id": "run_transfer", "locked": true}
body = features(model)
print("features per image:", np.prod(body.predict(x_check[:1], verbose=0).shape[1:]))
for layer in body.layers:
    if isinstance(layer, BatchNormalization):
        layer.momentum = 0.9  # its running means have to settle within few steps

transfer_accuracy = {"frozen": [], "fine-tuned": [], "from scratch": []}
for count in labels_per_class:
    x_few, y_few = few(x_digits, y_digits, count, SEED)
    times = max(1, 640 // len(x_few))
    x_few, y_few = np.concatenate([x_few] * times), np.concatenate([y_few] * times)
    epochs = round(transfer_steps * 32 / len(x_few))
    for way, accuracies in transfer_accuracy.items():
        keras.utils.set_random_seed(SEED)
        start = keras.models.clone_model(body) if way == "from scratch" else body
        network = transfer(start, 10, way != "frozen", x_few, y_few, epochs)
        accuracies.append(np.mean(np.argmax(network.predict(x_check, verbose=0), axis=1) == y_check))
    found = ", ".join(f"{way} {accuracies[-1]:.3f}" for way, accuracies in transfer_accuracy.items())
    print(f"{count:3} labels per digit: {found}")

# %% nbgrader={"grade_id": "show_transfer", "locked": true}
figure, axes = plt.subplots(figsize=(6, 4))
for way, accuracies in transfer_accuracy.items():
    axes.plot(labels_per_class, accuracies, marker="o", label=way)
axes.set(title="Digits read with features learned from clothes", xlabel="labels per digit", ylabel="accuracy")
axes.set(xscale="log", ylim=(0, 1), yticks=np.linspace(0, 1, 6))
axes.set_xticks(labels_per_class, [str(count) for count in labels_per_class])
axes.minorticks_off()
axes.legend(loc="lower right")
plt.show()

# %% [markdown]
# Transfer isn't a free lunch. For one network of 80,794 parameters, with a single seed, the accuracies were
#
# | labels per digit | frozen | fine-tuned | from scratch |
# |---|---|---|---|
# | 1 | 0.22 | 0.31 | 0.52 |
# | 3 | 0.28 | 0.57 | 0.67 |
# | 10 | 0.29 | 0.77 | 0.88 |
# | 30 | 0.31 | 0.89 | 0.94 |
# | 100 | 0.29 | 0.93 | 0.94 |
#
# In this run, the features from clothes did not help. There may be two reasons: just before the head, a network keeps
# what tells clothes apart and drops the rest, which a frozen body can't get back; and 200 steps may be too few for a
# new head to fit even the images that it trains on. Does your own network do better? If you have time, test each
# reason, one at a time: take features from an earlier layer, such as the output of `Flatten` (change `body` in a copy
# of the cell above), or raise `transfer_steps`.
#
# # Glossary
#
# The slides are in Russian. These are their terms, as far as this notebook uses them. The last two are not on the slides.
#
# | Russian | English | in one line |
# |---|---|---|
# | свёрточный слой | convolutional layer | kernels that slide over an image, with one feature map per kernel |
# | ядро свёртки | kernel | the small array of weights that slides over the image |
# | карта признаков | feature map | the output of one kernel |
# | сохранение размера | "same" padding | zeros around the image, so that the map keeps its size |
# | слой подвыборки, пулинга | pooling layer | a layer that keeps the largest number of each block |
# | полносвязный слой | dense, fully connected layer | a layer in which each neuron is connected to every input |
# | параметры | parameters | the weights and biases, which training changes |
# | dropout | dropout | setting a random share of a layer's inputs to 0 in each training step |
# | batch normalization | batch normalization | bringing each feature to mean 0 and standard deviation 1 within a batch |
# | эпоха | epoch | one pass through all training data |
# | скорость обучения | learning rate | the factor by which a step multiplies the gradient |
# | обучающая выборка | training set | the examples that the network learns from |
# | валидационная выборка | validation set | the examples that choices are based on |
# | тестовая выборка | test set | the examples that nobody touches until the very end |
# | доля верных ответов | accuracy | the fraction of answers that are right |
# | точность | precision | the fraction of the selected items that are relevant |
# | полнота | recall | the fraction of the relevant items that are selected |
# | признаки | features | the numbers that describe an example, $X$ |
# | матрица ошибок | confusion matrix | a table of how often each true class (row) was predicted as each class (column) |
# | перенос обучения | transfer learning | using a network that was trained for one task for another task |
#
# # Before you submit
#
# Choose *Kernel → Restart Kernel and Run All Cells* (in Colab: *Runtime → Restart session and run all*) with
# `QUICK = False`, and check that no cell fails that worked before, and that the numbers in your conclusion are still
# those of your table. Then save.
