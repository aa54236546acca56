# %% [markdown]
# # Homework 3: play with layers, then train your own network
#
# Homework 1 and 2 of the last slide. The digits are replaced by Fashion-MNIST: clothes in ten classes, with images of
# the same size and in the same number, and harder to tell apart. The lecture's network, untouched, reaches a test
# accuracy of about 0.886 here, after 0.989 on digits.
#
# **You will** vary a network one thing at a time and choose by validation, say what the numbers show and what they
# don't, design and train a network of your own within a budget, and find out which clothes it confuses.
#
# **Time**: about 3 hours, of which your experiment of about a minute and your own training of 1 to 4 minutes on two
# CPU cores. **Memory**: 2 GB. **Points**: 60, of which 8 for a conclusion in words, read by your instructor.
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
# `load_data` downloads 31 MB once and keeps them in `~/.keras`. If the download fails, try again later or on another
# network.

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
# "What happens with a larger kernel?" is a question for an experiment, and an experiment that answers it
#
# - changes **one thing at a time** from a base configuration: if two things change, nobody knows which one did it;
# - keeps all else the same: the images, the number of epochs, the random seed;
# - chooses by **validation**, never by the test set. The test images are for the end: whoever chooses by them has
#   trained on them, if only a little.
#
# To be quick, it all happens on a **subset**: the first 10,000 training images. The first 7,000 of them train and the
# last 3,000 validate (`validation_split=0.3`), for 3 epochs. A run takes 3 to 10 seconds.

# %% nbgrader={"grade_id": "subset", "locked": true}
BASE = {"kernel_size": 3, "depth": 2, "dropout": 0.5, "optimizer": "adam"}
variant_epochs = 1 if QUICK else 3

subset_x = np.expand_dims(raw_x_train[:10_000].astype("float32") / 255.0, axis=-1)
subset_y = raw_y_train[:10_000]
print(f"subset: images {subset_x.shape} {subset_x.dtype}, labels {subset_y.shape}")

# %% [markdown]
# ## Exercise 1: a network from a configuration (8 points)
#
# Write `build_variant(config, input_shape, num_classes)`: return a **compiled** `Sequential` for the dictionary
# `config`, which has the entries of `BASE`:
#
# | layers | how many |
# |---|---|
# | `keras.Input(shape=input_shape)` | 1 |
# | `Conv2D(filters, kernel_size, padding="same", activation="relu")`, then `MaxPooling2D((2, 2))` | `depth` times the two |
# | `Flatten()`, `Dense(64, activation="relu")`, `Dropout(dropout)`, `Dense(num_classes, activation="softmax")` | 1 each |
#
# The first convolution has 16 filters and each further one 32. `padding="same"` puts zeros around the image, so that
# the output is as large as the input, whatever the kernel: without it a larger kernel would make smaller feature maps
# too, two changes at once.
#
# Compile with `config["optimizer"]` (Keras takes a name, such as `"adam"`, for an optimizer with its usual settings),
# the metric `"accuracy"` and the loss `"sparse_categorical_crossentropy"`: the cross-entropy that takes labels as they
# are, whole numbers of shape (n,), and needs no one-hot rows.


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
# A point for each thing that is right in two networks unlike the base one. The table says what is expected and what
# came.

# %% nbgrader={"grade_id": "test_build_variant", "grade": true, "locked": true, "points": 6}
expect(
    "Exercise 1, the base network's output",
    build_variant(BASE, (28, 28, 1), 10).output_shape,
    (None, 10),
    "the last layer",
)
expect(
    "Exercise 1, parameters of the base network",
    build_variant(BASE, (28, 28, 1), 10).count_params(),
    105_866,
    "the filters: 16, then 32",
)
### BEGIN HIDDEN TESTS
_configs = [
    {"kernel_size": 5, "depth": 3, "dropout": 0.25, "optimizer": "sgd"},
    {"kernel_size": 2, "depth": 1, "dropout": 0.125, "optimizer": "rmsprop"},
]
_networks = [build_variant(_configs[0], (28, 28, 1), 10), build_variant(_configs[1], (20, 24, 3), 7)]


def _each(kind, value):
    """What `value` gives for each layer of this `kind`, in both networks."""
    return [[value(layer) for layer in network.layers if type(layer).__name__ == kind] for network in _networks]


def _row(what, received, expected):
    """Print how one row compares; True where it is as expected."""
    print(f"{'✓' if received == expected else '✗'} {what}: expected {expected}, received {received}")
    return received == expected


_rows = [
    _row("depth, the number of convolutions", [len(kinds) for kinds in _each("Conv2D", id)], [3, 1]),
    _row(
        "kernel sizes",
        [set(sizes) for sizes in _each("Conv2D", lambda layer: tuple(layer.kernel_size))],
        [{(5, 5)}, {(2, 2)}],
    ),
    _row(
        "filters and padding",
        _each("Conv2D", lambda layer: (layer.filters, layer.padding)),
        [[(16, "same"), (32, "same"), (32, "same")], [(16, "same")]],
    ),
    _row(
        "sizes after pooling",
        _each("MaxPooling2D", lambda layer: tuple(layer.output.shape[1:3])),
        [[(14, 14), (7, 7), (3, 3)], [(10, 12)]],
    ),
    _row("dropout", _each("Dropout", lambda layer: layer.rate), [[0.25], [0.125]]),
    _row(
        "dense layers",
        _each(
            "Dense", lambda layer: (layer.units, getattr(layer.activation, "__name__", type(layer.activation).__name__))
        ),
        [[(64, "relu"), (10, "softmax")], [(64, "relu"), (7, "softmax")]],
    ),
]
float(sum(_rows))
### END HIDDEN TESTS

# %% nbgrader={"grade_id": "test_compile_variant", "grade": true, "locked": true, "points": 2}
_network = build_variant(BASE, (28, 28, 1), 10)
expect(
    "Exercise 1, the base network's optimizer", type(_network.optimizer).__name__, "Adam", "the argument `optimizer`"
)
### BEGIN HIDDEN TESTS
for _name, _kind in [("sgd", "SGD"), ("rmsprop", "RMSprop")]:
    _network = build_variant({**BASE, "optimizer": _name}, (28, 28, 1), 10)
    expect(
        f"Exercise 1, the optimizer for {_name!r}",
        type(_network.optimizer).__name__,
        _kind,
        "where its name comes from",
    )
_x = np.linspace(0, 1, 5 * 28 * 28, dtype="float32").reshape(5, 28, 28, 1)
_y = np.array([3, 0, 9, 9, 1])
_p = _network.predict(_x, verbose=0)
try:
    _measured = _network.evaluate(_x, _y, verbose=0, return_dict=True)
except Exception as error:
    raise AssertionError(
        f"Exercise 1, evaluate with labels [3, 0, 9, 9, 1]: expected a loss, received {type(error).__name__}. Look at the argument `loss`."
    ) from None
expect("Exercise 1, what evaluate measures", sorted(_measured), ["accuracy", "loss"], "the argument `metrics`")
expect(
    "Exercise 1, the loss of five known predictions",
    _measured["loss"],
    float(-np.log(_p[np.arange(5), _y]).mean()),
    "the argument `loss`",
    tolerance=1e-4,
)
### END HIDDEN TESTS

# %% [markdown]
# One function now stands for all the networks of this part: the entries of `config` are the only things that differ.
#
# ## Exercise 2: plan the runs (5 points)
#
# Write `plan`: a list of 5 to 10 configurations. The first is `BASE`; each further one differs from `BASE` in
# **exactly one** entry, and no two are the same. Each of the four entries is varied at least once.
# `{**BASE, "depth": 1}` is a copy of `BASE` with another depth.
#
# Allowed are kernel sizes from 1 to 7, depths from 1 to 4, dropout from 0.0 to 0.9, and the optimizers `"adam"`,
# `"sgd"` and `"rmsprop"`. Before you run them, guess: which run will be the best, and which change will matter most?

# %% nbgrader={"grade_id": "plan", "solution": true}
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
expect("Exercise 2, the first run", plan[0], BASE, "where the plan starts")
expect("Exercise 2, there are 5 to 10 runs", 5 <= len(plan) <= 10, True, "how many configurations `plan` has")
expect(
    "Exercise 2, each run has the four entries of BASE",
    all(sorted(run) == sorted(BASE) for run in plan),
    True,
    "the entries' names",
)
### BEGIN HIDDEN TESTS
_changes = [[entry for entry in BASE if run[entry] != BASE[entry]] for run in plan]
for _i, _changed in enumerate(_changes[1:], start=1):
    expect(
        f"Exercise 2, the number of entries that differ from BASE in run {_i} of {len(plan)}, counted from 0",
        len(_changed),
        1,
        "one thing at a time",
    )
expect(
    "Exercise 2, what is varied",
    ", ".join(sorted({entry for changed in _changes for entry in changed})),
    ", ".join(sorted(BASE)),
    "all four entries",
)
expect(
    "Exercise 2, how often a run comes twice",
    sum(run in plan[:i] for i, run in enumerate(plan)),
    0,
    "equal configurations",
)
for _i, _run in enumerate(plan):
    _allowed = [
        _run["kernel_size"] in range(1, 8),
        _run["depth"] in range(1, 5),
        0.0 <= _run["dropout"] <= 0.9,
        _run["optimizer"] in ("adam", "sgd", "rmsprop"),
    ]
    expect(
        f"Exercise 2, whether run {_i} keeps to the allowed kernel sizes, depths, dropouts and optimizers",
        _allowed,
        [True] * 4,
        "the text",
    )
### END HIDDEN TESTS

# %% [markdown]
# A plan written down before the runs keeps you honest: whoever looks first finds a reason for everything.
#
# ## Exercise 3: one run (5 points)
#
# Write `experiment(config, build)`, where `build` is a function such as your `build_variant`:
#
# 1. reset the random numbers with `keras.utils.set_random_seed(SEED)`, so that a run is the same whatever ran before;
# 2. build the network with `build(config, subset_x.shape[1:], num_classes)`;
# 3. `fit` on `subset_x` and `subset_y` with `batch_size=128`, `epochs=variant_epochs`, `validation_split=0.3` and
#    `verbose=0`, and return the `History`.


# %% nbgrader={"grade_id": "experiment", "solution": true}
def experiment(config, build):
    """Train the network of `config` on the subset, from the same random numbers each time. Returns the History."""
    ### BEGIN SOLUTION
    keras.utils.set_random_seed(SEED)
    network = build(config, subset_x.shape[1:], num_classes)
    return network.fit(subset_x, subset_y, batch_size=128, epochs=variant_epochs, validation_split=0.3, verbose=0)
    ### END SOLUTION


# %% [markdown]
# The test gives it a function that builds a small network, so that it takes a second and needs no Exercise 1.

# %% nbgrader={"grade_id": "test_experiment", "grade": true, "locked": true, "points": 5}
_seen = []


def _small_variant(config, input_shape, num_classes):
    """Note the arguments, and return a network without convolutions that draws its weights when it is fitted."""
    _seen.append((config, tuple(input_shape), num_classes))
    network = Sequential([Flatten(), Dense(num_classes, activation="softmax")])
    network.compile(loss="sparse_categorical_crossentropy", optimizer="adam", metrics=["accuracy"])
    return network


_first, _second = experiment({**BASE, "depth": 1}, _small_variant), experiment({**BASE, "depth": 4}, _small_variant)
expect("Exercise 3, how often two experiments call build", len(_seen), 2, "step 2")
expect("Exercise 3, epochs in the history", len(_first.history["loss"]), variant_epochs, "the argument `epochs`")
expect(
    "Exercise 3, the history has a validation",
    "val_accuracy" in _first.history,
    True,
    "the argument `validation_split`",
)
### BEGIN HIDDEN TESTS
expect(
    "Exercise 3, the depth, input shape and classes that build is given",
    [_seen[1][0]["depth"], *_seen[1][1], _seen[1][2]],
    [4, 28, 28, 1, 10],
    "the arguments of `build`",
)
expect(
    "Exercise 3, steps per epoch",
    _first.params["steps"],
    -(-int(len(subset_x) * 0.7) // 128),
    "the arguments `batch_size` and `validation_split`, and which images train",
)
expect(
    "Exercise 3, the validation accuracy of the same network, trained twice",
    _second.history["val_accuracy"],
    _first.history["val_accuracy"],
    "the seed: reset it before the network is built",
)
### END HIDDEN TESTS

# %% [markdown]
# Now all the runs: 3 to 10 seconds each, **about a minute in all**.


# %% nbgrader={"grade_id": "run_plan", "locked": true}
def describe(config):
    """What `config` changes in BASE, in words."""
    return ", ".join(f"{entry} {config[entry]}" for entry in BASE if config[entry] != BASE[entry]) or "base"


histories = []
for config in plan:
    histories.append(experiment(config, build_variant))
    print(f"{describe(config):20} validation accuracy by epoch:", np.round(histories[-1].history["val_accuracy"], 3))

# %% [markdown]
# ## Exercise 4: table and choice (7 points)
#
# Write `results_table(configs, histories)`: a list with one new dictionary a run, the entries of its configuration and
# `"val_accuracy"`, the validation accuracy of the **last** epoch (a `float`, not rounded). The configurations given
# stay as they are.
#
# Write `best_run(table)`: the dictionary of such a table that has the largest `"val_accuracy"`.


# %% nbgrader={"grade_id": "results_table", "solution": true}
def results_table(configs, histories):
    """Return one dictionary a run: its configuration, and `val_accuracy` of its last epoch."""
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
    _history(accuracy=[0.5, 0.9], val_accuracy=[0.75, 0.625]),
    _history(accuracy=[0.4, 0.6], val_accuracy=[0.5, 0.6875]),
]
_configs = [dict(BASE), {**BASE, "depth": 1}]
_table = results_table(_configs, _made_up)
expect("Exercise 4, rows for two runs", len(_table), 2, "one dictionary a run")
expect("Exercise 4, the entries of a row", sorted(_table[1]), sorted([*BASE, "val_accuracy"]), "`{**config, ...}`")
### BEGIN HIDDEN TESTS
expect(
    "Exercise 4, the validation accuracies of two made-up runs",
    [row["val_accuracy"] for row in _table],
    [0.625, 0.6875],
    "which epoch and which curve",
)
expect("Exercise 4, the depths of two made-up runs", [row["depth"] for row in _table], [2, 1], "the configurations")
expect(
    "Exercise 4, the configurations given, after the call",
    _configs,
    [dict(BASE), {**BASE, "depth": 1}],
    "whether you write into them",
)
### END HIDDEN TESTS

# %% nbgrader={"grade_id": "test_best_run", "grade": true, "locked": true, "points": 2}
expect(
    "Exercise 4, the type of best_run's answer",
    type(best_run([{"depth": 1, "val_accuracy": 0.5}])).__name__,
    "dict",
    "the whole row",
)
### BEGIN HIDDEN TESTS
_rows = [{"depth": 4, "val_accuracy": 0.25}, {"depth": 1, "val_accuracy": 0.875}, {"depth": 3, "val_accuracy": 0.5}]
expect(
    "Exercise 4, best_run of accuracies 0.25, 0.875 and 0.5",
    best_run(_rows),
    {"depth": 1, "val_accuracy": 0.875},
    "the largest `val_accuracy`",
)
expect(
    "Exercise 4, best_run of the same table, the other way round",
    best_run(_rows[::-1]),
    {"depth": 1, "val_accuracy": 0.875},
    "the largest `val_accuracy`",
)
expect(
    "Exercise 4, depths and accuracies in the table given, after the calls",
    [[row["depth"], row["val_accuracy"]] for row in _rows],
    [[4, 0.25], [1, 0.875], [3, 0.5]],
    "what changes a list or a dictionary in place",
)
### END HIDDEN TESTS

# %% nbgrader={"grade_id": "show_results", "locked": true}
results = results_table(plan, histories)
best = best_run(results)
for row in results:
    print(f"{describe(row):20} {row['val_accuracy']:.4f}{'  <- the best' if row is best else ''}")

# %% nbgrader={"grade_id": "show_runs", "locked": true}
figure, (left, right) = plt.subplots(1, 2, figsize=(11, 4))
for history in histories:
    left.plot(range(1, variant_epochs + 1), history.history["val_accuracy"], marker="o")
left.set(title="Validation accuracy by epoch", xlabel="epoch", ylabel="accuracy", xticks=range(1, variant_epochs + 1))
_heights = [row["val_accuracy"] for row in results]
# The thin lines: two standard errors to each side.
_errors = [2 * np.sqrt(height * (1 - height) / (0.3 * len(subset_x))) for height in _heights]
right.barh([describe(row) for row in results], _heights, xerr=_errors, color=[f"C{i}" for i in range(len(results))])
right.set(
    title="After the last epoch, in the same colours",
    xlabel="accuracy",
    xlim=(max(0, min(_heights) - 0.05), max(_heights) + 0.03),
)
right.invert_yaxis()
figure.tight_layout()
plt.show()

# %% nbgrader={"grade_id": "test_results", "grade": true, "locked": true, "points": 2}
expect("Exercise 4, the rows of your results", len(results), len(plan), "`results_table`")
### BEGIN HIDDEN TESTS
for _i, (_config, _run, _result) in enumerate(zip(plan, histories, results)):
    _kernels = [layer.kernel_size for layer in _run.model.layers if isinstance(layer, Conv2D)]
    _rates = [layer.rate for layer in _run.model.layers if isinstance(layer, Dropout)]
    _built = [len(_kernels), *_kernels[0], *_rates, type(_run.model.optimizer).__name__.lower()]
    _planned = [
        _config["depth"],
        _config["kernel_size"],
        _config["kernel_size"],
        _config["dropout"],
        _config["optimizer"],
    ]
    expect(
        f"Exercise 4, depth, kernel size, dropout and optimizer of the network trained in run {_i}",
        _built,
        _planned,
        "`build_variant` and `experiment`",
    )
    expect(
        f"Exercise 4, the validation accuracy in row {_i} of your results",
        _result["val_accuracy"],
        _run.history["val_accuracy"][-1],
        "`results_table`",
    )
_largest = max(run.history["val_accuracy"][-1] for run in histories)
expect("Exercise 4, the validation accuracy of the best of your runs", best["val_accuracy"], _largest, "`best_run`")
### END HIDDEN TESTS

# %% [markdown]
# How far can such a number be trusted? An accuracy `a`, measured on `n` images, has a standard error of
# `sqrt(a * (1 - a) / n)`: for 0.80 on 3,000 images 0.0073. The thin lines in the plot are two standard errors to each
# side. Another seed moves it too: five seeds of the base network had a standard deviation of about 0.005, without dropout
# of about 0.01.
#
# ## Conclusion in words (8 points)
#
# What did you find out? About 120 words in the next cell. Two points for each of
#
# 1. **a claim with its numbers**: which change helped or hurt most, from which to which validation accuracy;
# 2. **one thing at a time**: what may be concluded about a single entry, and why about it alone;
# 3. **limits**: which differences are too small to count, with 3,000 validation images, 3 epochs and one seed;
# 4. **what next**: the run that you would make now, and what you expect of it.

# %% [markdown] nbgrader={"grade_id": "conclusion", "grade": true, "points": 8, "solution": true}
# ### BEGIN SOLUTION
# Leaving dropout out helped most: the validation accuracy rose from about 0.78 (base) to 0.82. A single convolution did
# as much (0.82); plain SGD hurt most (0.45), and 1×1 kernels lost 0.06.
#
# Each run differs from the base in one entry, with the same images and seed, so I may lay the 0.04 on dropout. Whether a
# single convolution without dropout would gain twice, I don't know.
#
# Two standard errors are 0.015: the 5×5 kernel (0.80) and RMSprop (0.76) are hardly apart from the base. Three epochs
# favour what learns fast: SGD was still climbing. One seed doesn't show the spread.
#
# Next I would train base, depth 3 and dropout 0 for 10 epochs with three seeds. I expect depth and dropout to catch up.
# ### END SOLUTION

# %% [markdown]
# # Part 2: your own network
#
# Now take what you learnt and train a network of your own on all 60,000 images. Two budgets make it a contest of ideas
# and not of computers:
#
# - at most **100,000 parameters** (the lecture's network has 121,930);
# - at most **10 epochs**. On two CPU cores that should stay below 4 minutes: a network of twice the time isn't
#   forbidden, but your notebook has to end within the time limit of grading.
#
# Ideas, none of them needed: more or fewer filters, `padding="same"`, a third convolution,
# `keras.layers.BatchNormalization()` after a convolution (it keeps a layer's numbers in one range, and training gets
# faster), another batch size, a learning rate that falls from epoch to epoch
# (`ExponentialDecay(start, decay_steps, decay_rate)` in the place of `Adam`'s number). Choose by validation here too.

# %% nbgrader={"grade_id": "budget", "locked": true}
max_parameters = 100_000
max_epochs = 1 if QUICK else 10

# %% [markdown]
# ## Exercise 5: preprocess (3 points)
#
# Write `preprocess(images)`: turn raw uint8 images (n, 28, 28) into what your network takes: floating-point numbers of
# shape (n, 28, 28, 1), small ones (between -10 and 10). All preparation has to happen in here. What a pixel becomes must
# depend on its own value alone, not on its place, on its neighbours or on other images: grading asks your function what
# it makes of each value from 0 to 255, and prepares the test images so. What looks at more than one pixel is the
# network's work (`keras.layers` has layers for it).


# %% nbgrader={"grade_id": "preprocess", "solution": true}
def preprocess(images):
    """Turn raw uint8 images (n, 28, 28) into the float array (n, height, width, channels) for the network."""
    ### BEGIN SOLUTION
    return np.expand_dims(images.astype("float32") / 255.0, axis=-1)
    ### END SOLUTION


# %% nbgrader={"grade_id": "test_preprocess", "grade": true, "locked": true, "points": 3}
_prepared = preprocess(raw_x_test[:4])
expect("Exercise 5, the shape of 4 images after preprocess", np.shape(_prepared), (4, 28, 28, 1), "the channels")
### BEGIN HIDDEN TESTS
_raw = (np.arange(3 * 28 * 28) // 10).reshape(3, 28, 28).astype("uint8")
_before = _raw.copy()
_prepared = np.asarray(preprocess(_raw))
expect("Exercise 5, there are floating-point numbers after preprocess", _prepared.dtype.kind, "f", "`astype`")
expect("Exercise 5, all numbers are between -10 and 10", bool(np.all(np.abs(_prepared) <= 10)), True, "the division")
expect(
    "Exercise 5, another image gives other numbers", bool(np.any(_prepared[0] != _prepared[1])), True, "what you return"
)
_difference = float(np.max(np.abs(np.asarray(preprocess(_raw[:1]))[0] - _prepared[0])))
expect(
    "Exercise 5, the largest difference between an image alone and the same among three",
    _difference,
    0.0,
    "means and maxima over all images",
    tolerance=1e-5,
)
_values = (np.arange(28 * 28) % 256).reshape(1, 28, 28).astype("uint8")
_number_of = np.asarray(preprocess(_values)).reshape(-1)[:256]
expect(
    "Exercise 5, what each pixel of three images becomes by its own value",
    _prepared[..., 0],
    _number_of[_raw],
    "what looks at more than one pixel: means, maxima, places",
    tolerance=1e-5,
)
expect("Exercise 5, the images given, after the call", _raw, _before, "operators that change their array, as `/=`")
### END HIDDEN TESTS

# %% nbgrader={"grade_id": "prepare", "locked": true}
x_train, x_test = preprocess(raw_x_train), preprocess(raw_x_test)
input_shape = x_train.shape[1:]
print("input_shape:", input_shape)

# %% [markdown]
# Grading and everybody else who uses your network can now give it raw images, one or a thousand.
#
# ## Exercise 6: the network (4 points)
#
# Write `build_own_model(input_shape, num_classes)`: return your network, not compiled, with at least one `Conv2D`, at
# most `max_parameters` parameters, and as its last layer a `Dense(num_classes, activation="softmax")`. The sizes of
# input and output come from the arguments.


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
expect("Exercise 6, the output's shape", _own.output_shape, (None, 10), "the last layer")
_count = _own.count_params()
expect(
    f"Exercise 6, your {_count:,} parameters are within the budget of {max_parameters:,}",
    _count <= max_parameters,
    True,
    "the layer with the most parameters in `summary()`: often the first `Dense`",
)
### BEGIN HIDDEN TESTS
expect("Exercise 6, there is a convolution", any(isinstance(layer, Conv2D) for layer in _own.layers), True, "`Conv2D`")
_other = build_own_model((28, 28, 3), 7)
expect(
    "Exercise 6, the input's shape for 3 channels", _other.input_shape, (None, 28, 28, 3), "the argument `input_shape`"
)
expect("Exercise 6, the output's shape for 7 classes", _other.output_shape, (None, 7), "the argument `num_classes`")
_sums = keras.ops.convert_to_numpy(
    _other(np.linspace(0, 1, 2 * 28 * 28 * 3, dtype="float32").reshape(2, 28, 28, 3))
).sum(axis=1)
expect("Exercise 6, the sum of an image's outputs", _sums, [1, 1], "the last layer's activation", tolerance=1e-5)
### END HIDDEN TESTS

# %% nbgrader={"grade_id": "own_summary", "locked": true}
keras.utils.set_random_seed(SEED)  # the starting weights don't depend on what ran before
model = build_own_model(input_shape, num_classes)
model.summary()

# %% [markdown]
# Most parameters sit in the first dense layer: pooling before it, or fewer filters, saves more than small kernels.
#
# ## Exercise 7: compile and train (3 points)
#
# Write `train_own(model, x, y)`: compile `model` and `fit` it on the prepared images `x` and the labels `y` (whole
# numbers of shape (n,)), for **at most `max_epochs` epochs**, and return the `History`. Loss, optimizer, learning
# rate, batch size and number of epochs are yours; the history has to hold `accuracy` and `val_accuracy`. Call `fit`
# once: the epochs of several calls add up.
#
# **Before you start**: the reference network of 80,794 parameters takes about 1 to 2 minutes on two CPU cores.


# %% nbgrader={"grade_id": "train_own", "solution": true}
def train_own(model, x, y):
    """Compile and fit `model` on images `x` and labels `y` (n,), within the budget. Returns the History."""
    ### BEGIN SOLUTION
    steps = -(-int(0.9 * len(x)) // 128)  # an epoch's
    falling = ExponentialDecay(0.003, decay_steps=steps, decay_rate=0.6, staircase=True)
    model.compile(loss="sparse_categorical_crossentropy", optimizer=Adam(falling), metrics=["accuracy"])
    return model.fit(x, y, batch_size=128, epochs=min(8, max_epochs), validation_split=0.1, verbose=2)
    ### END SOLUTION


# %% nbgrader={"grade_id": "test_train_own", "grade": true, "locked": true, "points": 3}
_tiny = Sequential([keras.Input(shape=(28, 28, 1)), Flatten(), Dense(10, activation="softmax")])
_weights = _tiny.get_weights()[0].copy()
_x = np.linspace(0, 1, 100 * 28 * 28, dtype="float32").reshape(100, 28, 28, 1)
_trained = train_own(_tiny, _x, np.arange(100) % 10)
expect("Exercise 7, train_own returns a History", type(_trained).__name__, "History", "what `fit` returns")
expect(
    "Exercise 7, the history has accuracy and val_accuracy",
    {"accuracy", "val_accuracy"} <= set(_trained.history),
    True,
    "the metric, and `validation_split`",
)
### BEGIN HIDDEN TESTS
expect(
    "Exercise 7, the model given was trained",
    bool(np.any(_tiny.get_weights()[0] != _weights)),
    True,
    "which model you fit",
)
_steps = int(_tiny.optimizer.iterations)
expect(
    f"Exercise 7, {_steps} steps of {_trained.params['steps']} an epoch are within the budget of {max_epochs} epochs",
    _steps <= max_epochs * _trained.params["steps"],
    True,
    "`epochs`, and how often you call `fit`",
)
### END HIDDEN TESTS

# %% nbgrader={"grade_id": "run_training", "locked": true}
keras.utils.set_random_seed(SEED)
history = train_own(model, x_train, raw_y_train)
model.save("fashion_mnist.keras")  # after a restart: model = keras.models.load_model("fashion_mnist.keras")

# %% nbgrader={"grade_id": "show_history", "locked": true}
figure, axes = plt.subplots(figsize=(6, 4))
for name, label in {"accuracy": "training", "val_accuracy": "validation"}.items():
    axes.plot(history.history[name], label=label)
axes.set(title="Accuracy of your network", xlabel="epoch", ylabel="accuracy")
axes.legend()
plt.show()

# %% [markdown]
# ## How good is it? (12 points)
#
# Now the test set, for the first time. The points rise in a straight line: none at an accuracy of 0.86 (what a network
# without convolutions reaches), all 12 from 0.91 up; the accuracy of the lecture's network would be worth about half of
# them, were it within the budget. They are given within both budgets only. Grading trains your network anew, so your
# own number and the graded one may differ by a few thousandths.

# %% nbgrader={"grade_id": "evaluate", "locked": true}
predicted = np.argmax(model.predict(x_test, batch_size=256, verbose=0), axis=1)
print("Test accuracy:", np.mean(predicted == raw_y_test))

# %% nbgrader={"grade_id": "test_accuracy", "grade": true, "locked": true, "points": 12}
expect(
    "Accuracy, the shape of the predictions",
    model.predict(preprocess(raw_x_test[:16]), verbose=0).shape,
    (16, 10),
    "the last layer",
)
expect(
    f"Accuracy, {model.count_params():,} parameters are within the budget of {max_parameters:,}",
    model.count_params() <= max_parameters,
    True,
    "Exercise 6",
)
expect(
    f"Accuracy, the training was within the budget of {max_epochs} epochs",
    int(model.optimizer.iterations) <= max_epochs * history.params["steps"],
    True,
    "Exercise 7",
)
### BEGIN HIDDEN TESTS
# What `preprocess` makes of each value of a pixel. It doesn't get the test images themselves: these are looked up.
_values = (np.arange(28 * 28) % 256).reshape(1, 28, 28).astype("uint8")
_prepared = np.asarray(preprocess(_values))
expect("Accuracy, the shape of an image after preprocess", _prepared.shape, (1, 28, 28, 1), "Exercise 5")
_number_of = _prepared.reshape(-1)[:256]
expect(
    "Accuracy, what pixels of the same value become, wherever they are",
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
# A *confusion matrix* counts, for each true class (row), what the network said (column). The diagonal is right; the
# brighter a place off it, the more often those two are confused.

# %% nbgrader={"grade_id": "confusion", "locked": true}
confusion = np.zeros((num_classes, num_classes), dtype=int)
np.add.at(confusion, (raw_y_test, predicted), 1)

figure, axes = plt.subplots(figsize=(7, 6))
axes.imshow(np.sqrt(confusion), cmap="viridis")  # the root: small numbers show beside large ones
for i in range(num_classes):
    for j in range(num_classes):
        if confusion[i, j]:
            color = "black" if confusion[i, j] > confusion.max() / 4 else "white"
            axes.text(j, i, confusion[i, j], ha="center", va="center", color=color, fontsize=8)
axes.set(title="Confusion matrix", xlabel="the network says", ylabel="true class")
axes.set_xticks(range(num_classes), class_names, rotation=45, ha="right")
axes.set_yticks(range(num_classes), class_names)
figure.tight_layout()
plt.show()

_wrong = confusion - np.diag(np.diag(confusion))
for place in np.argsort(_wrong, axis=None)[::-1][:5]:
    i, j = divmod(int(place), num_classes)
    print(f"{_wrong[i, j]:4} times {class_names[i]} was taken for {class_names[j]}")

# %% [markdown]
# ## Exercise 8: recall (5 points)
#
# The *recall* of a class is the share of its images that the network recognises: of all the shirts, how many did it
# call shirts? (Not to be confused with *precision*: of all that it called shirts, how many are.)
#
# Write `recall_per_class(labels, predictions, num_classes)`: from the true classes `labels` (n,) and the classes
# `predictions` (n,) that the network said to an array (num_classes,) of recalls. Each class occurs in `labels`.
#
# Then look at your network's recalls and set `answer_hardest` to the name, from `class_names`, of the class with the
# lowest one.


# %% nbgrader={"grade_id": "recall_per_class", "solution": true}
def recall_per_class(labels, predictions, num_classes):
    """Return for each class the share of its images that are recognised, an array (num_classes,)."""
    ### BEGIN SOLUTION
    return np.array([np.mean(predictions[labels == k] == k) for k in range(num_classes)])
    ### END SOLUTION


# %% nbgrader={"grade_id": "show_recall", "locked": true}
for name, recall in zip(class_names, recall_per_class(raw_y_test, predicted, num_classes), strict=True):
    print(f"{name:12} {recall:.3f}")

# %% nbgrader={"grade_id": "hardest", "solution": true}
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
    "what changes an array in place, as `-=`",
)
### END HIDDEN TESTS

# %% nbgrader={"grade_id": "test_hardest", "grade": true, "locked": true, "points": 2}
expect("Exercise 8, answer_hardest is a name from class_names", answer_hardest in class_names, True, "`class_names`")
### BEGIN HIDDEN TESTS
_said = np.argmax(model.predict(preprocess(raw_x_test), batch_size=256, verbose=0), axis=1)
_right = [sum(_said[raw_y_test == k] == k) / sum(raw_y_test == k) for k in range(10)]
if _right[class_names.index(answer_hardest)] > min(_right) + 0.02:  # training anew may swap two that are close
    raise AssertionError(
        f"Exercise 8, answer_hardest: {answer_hardest!r} is not right. Look at the smallest number that `recall_per_class` gives."
    )
### END HIDDEN TESTS

# %% [markdown]
# At 28×28 pixels a shirt, a T-shirt, a pullover and a coat differ by a collar or a row of buttons. A mean accuracy
# hides that: on trousers and bags the same network is almost never wrong.
#
# Your network stays in the file `fashion_mnist.keras` beside the notebook.
#
# ## Before you hand in
#
# Choose *Kernel → Restart & Run All*, with `QUICK = False`, and see that no cell fails that worked before. Look
# whether the numbers in your conclusion are still those of the table. Then save.
