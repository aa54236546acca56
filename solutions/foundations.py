# %% [markdown]
# # Homework 1: the foundations, in NumPy
#
# Everything that the lecture names before its practical part, built from arrays: a neuron, layers, losses, metrics,
# gradient descent and its variations, back-propagation, regularisation, convolution, pooling. From Homework 2 on Keras
# does all this for you; here you see that there is nothing in it that you couldn't write yourself.
#
# **You will** write each part in a few lines, check it on numbers worked by hand, look at small experiments, and count
# the parameters of the lecture's network.
#
# **Time**: 3 to 4 hours, of which the computer needs some seconds. **Points**: 100.
#
# **How to work**: run the cells from top to bottom (Shift+Enter). Write your code where `raise NotImplementedError`
# stands, then run the test cell below it: silence means that the visible tests pass. Grading runs further tests on
# other inputs, so solve the exercise rather than its tests. No exercise needs another one to be solved.
# *Run All* stops at the first cell that fails. To leave an exercise for later, select the cell after its tests and
# choose *Run → Run Selected Cell and All Below* (in Colab: *Runtime → Run cell and below*). If a test cell shows a
# warning, find its cause: this course's grader takes no points for one, but plain nbgrader does. Before you hand in,
# choose *Kernel → Restart & Run All* (in Colab: *Runtime → Restart session and run all*), check that everything still
# works, and save. Don't rename the file.
#
# **One rule for all functions**: return new arrays, and leave the arguments as they were (`w = w - g` makes a new
# array; `w -= g` changes the caller's).

# %% nbgrader={"grade_id": "setup", "locked": true}
import copy
import math

import matplotlib.pyplot as plt
import numpy as np

QUICK = False  # True: fewer guessers in the experiment of exercise 12; all else takes no time anyway
SEED = 1


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


# %% nbgrader={"grade_id": "unchanged", "locked": true}
def unchanged(what, function, *arguments, **options):
    """Return what `function` returns; raise AssertionError if it changes an array, list or dictionary given to it."""
    before = [copy.deepcopy(given) if isinstance(given, (np.ndarray, list, dict)) else None for given in arguments]
    received = function(*arguments, **options)
    for number, (now, then) in enumerate(zip(arguments, before), start=1):
        if then is not None and not (np.array_equal(now, then) if isinstance(then, np.ndarray) else now == then):
            raise AssertionError(
                f"{what}, its argument number {number}, which it has changed in place:\n  expected {then}\n  received {now}\nLook at operators and methods that change their object, as `-=`: return a new one."
            )
    return received


# %% [markdown]
# # Part 1: learning from examples
#
# The first ideas of neural networks are of the 1950s and 60s; disappointment lasted until the 1990s; since 2012 they are
# deep, and in 2015 they recognised the images of ImageNet better than people do.
#
# **Machine learning** is methods that do a task without an exact description of how: they learn from **examples**, by
# **minimising an error**, and a **quality metric** says how well it went. **Neural networks** are one family of such
# methods. They are everywhere now for three reasons: hardware that is fast enough, data that is plentiful enough, and
# fashion. This course is about **convolutional** networks; there are others: **Hopfield** networks recall stored
# patterns, **Kohonen** maps arrange unlabelled examples on a grid, **recurrent** networks read sequences, and **spiking**
# networks exchange pulses in time as biological neurons do.
#
# | task | what is asked for |
# |---|---|
# | classification | one of a few known classes |
# | regression | a number |
# | clustering | groups of similar examples, where nobody gave the groups |
# | ranking | an order |
# | prediction | the next values of a series, from its past |

# %% [markdown]
# ## Exercise 1: examples as arrays (5 points)
#
# The slide's table of people: the first five columns are the **features** $X$, the last two are **targets** $y$.
#
# | height | IQ | beers a day | sex | school grade | university grade | smokes? |
# |---|---|---|---|---|---|---|
# | 170 | 128 | 0 | m | 4.7 | 4.4 | no |
# | 195 | 90 | 40 | m | 3.3 | 3.1 | yes |
# | 160 | 111 | 2 | f | 4.0 | 3.9 | no |
# | 183 | 143 | 0 | m | 4.8 | 4.7 | yes |
#
# **a)** Write `encode_people(rows)`: from a list of n such rows, each a tuple of seven in this order, to three arrays
# `X, y_classification, y_regression`. `X` has shape (n, 5), with sex as a number: `"f"` is 0 and `"m"` is 1. Each
# target has shape (n,): which column is the target of a classification (`"no"` is 0, `"yes"` is 1), and which is that
# of a regression, is for you to see.
#
# **b)** `answer_tasks`: a dictionary from letter to task (a word of the table in Part 1), as in `{"a": "ranking", …}`.
#
# - a: is there a tumour on this scan?
# - b: the price of a flat, from its area and district
# - c: split 10,000 customers into groups of similar ones; no groups are known
# - d: which of the found pages to show first, second, third, …
# - e: the temperature of the next three days, from the last thirty
# - f: which digit is on this image?

# %% nbgrader={"grade_id": "people", "locked": true}
people = [
    (170, 128, 0, "m", 4.7, 4.4, "no"),
    (195, 90, 40, "m", 3.3, 3.1, "yes"),
    (160, 111, 2, "f", 4.0, 3.9, "no"),
    (183, 143, 0, "m", 4.8, 4.7, "yes"),
]


# %% nbgrader={"grade_id": "encode_people", "solution": true}
def encode_people(rows):
    """Turn n rows of seven into X (n, 5), y_classification (n,) and y_regression (n,)."""
    ### BEGIN SOLUTION
    X = np.array([[*row[:3], float(row[3] == "m"), row[4]] for row in rows])
    y_classification = np.array([int(row[6] == "yes") for row in rows])
    y_regression = np.array([row[5] for row in rows])
    return X, y_classification, y_regression
    ### END SOLUTION


# %% nbgrader={"grade_id": "test_encode_people", "grade": true, "locked": true, "points": 3}
_X, _y_class, _y_number = encode_people(people)
expect("Exercise 1, encode_people(people), the shape of X", np.shape(_X), (4, 5), "which columns are features")
expect("Exercise 1, encode_people(people), the woman's row of X", _X[2], [160, 111, 2, 0, 4.0], "sex as a number")
### BEGIN HIDDEN TESTS
expect("Exercise 1, encode_people(people), X of the first person", _X[0], [170, 128, 0, 1, 4.7], "sex as a number")
expect("Exercise 1, encode_people(people), y_classification", _y_class, [0, 1, 0, 1], "which target is a class")
expect("Exercise 1, encode_people(people), y_regression", _y_number, [4.4, 3.1, 3.9, 4.7], "which target is a number")
_X, _y_class, _y_number = unchanged(
    "Exercise 1, encode_people",
    encode_people,
    [(150, 100, 1, "f", 3.5, 5.0, "yes"), (201, 99, 3, "m", 3.6, 4.0, "no")],
)
expect(
    "Exercise 1, encode_people of two others, X",
    _X,
    [[150, 100, 1, 0, 3.5], [201, 99, 3, 1, 3.6]],
    "numbers that should come from `rows`",
)
expect("Exercise 1, encode_people of two others, y_classification", _y_class, [1, 0], "the code of yes and no")
expect("Exercise 1, encode_people of two others, y_regression", _y_number, [5.0, 4.0], "the university grade")
### END HIDDEN TESTS

# %% nbgrader={"grade_id": "tasks", "solution": true}
### BEGIN SOLUTION
answer_tasks = {
    "a": "classification",
    "b": "regression",
    "c": "clustering",
    "d": "ranking",
    "e": "prediction",
    "f": "classification",
}
### END SOLUTION

# %% nbgrader={"grade_id": "test_tasks", "grade": true, "locked": true, "points": 2}
expect("Exercise 1, the letters of answer_tasks", sorted(answer_tasks), list("abcdef"), "the six letters")
_kinds = {"classification", "regression", "clustering", "ranking", "prediction"}
expect("Exercise 1, words that are no task", sorted(set(answer_tasks.values()) - _kinds), [], "the words of the table")
### BEGIN HIDDEN TESTS
_right = dict(zip("abcdef", ["classification", "regression", "clustering", "ranking", "prediction", "classification"]))
_wrong = [letter for letter in "abcdef" if answer_tasks[letter] != _right[letter]]
if _wrong:
    raise AssertionError(
        f"Exercise 1, answer_tasks: {', '.join(_wrong)} not right. Look at what comes out: a class, a number, a group, an order, or what comes next."
    )
### END HIDDEN TESTS

# %% [markdown]
# Five numbers are one example to a network, and it never sees more. What a column means, and that 40 beers a day look
# like a slip of the pen, only you know.

# %% [markdown]
# # Part 2: from a neuron to a network
#
# ## Exercise 2: activation functions (5 points)
#
# What a neuron has summed up, it sends through an **activation function**; without one, a network of many layers could
# do no more than one layer.
#
# $$\text{step}(z) = \begin{cases}1 & z \ge 0\\ 0 & z < 0\end{cases} \qquad
# \text{sigmoid}(z) = \frac{1}{1 + e^{-z}} \qquad
# \tanh(z) = \frac{e^z - e^{-z}}{e^z + e^{-z}} \qquad \text{relu}(z) = \max(0, z)$$
#
# Write `activation(z, kind)`: `z` is an array of any shape, `kind` is `"step"`, `"sigmoid"`, `"tanh"` or `"relu"`; it
# returns an array of the same shape. `np.tanh` exists. The sigmoid has to be **numerically stable**: $e^{720}$
# overflows in float64, and then $\text{sigmoid}(-720) \approx 2 \cdot 10^{-313}$ comes out as exactly 0, with a
# warning. For $z < 0$ use $e^z / (1 + e^z)$, which is the same number and never exponentiates anything positive.
# (`np.where` computes both branches everywhere, so let neither of them overflow: $e^{-|z|}$ never does.)


# %% nbgrader={"grade_id": "activation", "solution": true}
def activation(z, kind):
    """Apply "step", "sigmoid", "tanh" or "relu" to each element of the array `z`."""
    ### BEGIN SOLUTION
    if kind == "step":
        return np.where(z >= 0, 1.0, 0.0)
    if kind == "sigmoid":
        small = np.exp(-np.abs(z))
        return np.where(z >= 0, 1.0, small) / (1.0 + small)
    if kind == "tanh":
        return np.tanh(z)
    return np.maximum(z, 0.0)
    ### END SOLUTION


# %% nbgrader={"grade_id": "test_activation", "grade": true, "locked": true, "points": 3}
_z = np.array([-2.0, 0.0, 3.0])
expect("Exercise 2, step of [-2, 0, 3]", activation(_z, "step"), [0, 1, 1], "what happens at 0")
expect("Exercise 2, relu of [-2, 0, 3]", activation(_z, "relu"), [0, 0, 3], "the maximum")
_z = np.log(np.array([1.0, 3.0]))
expect("Exercise 2, sigmoid of [ln 1, ln 3]", activation(_z, "sigmoid"), [1 / 2, 3 / 4], "the sign of the exponent")
_z = np.log(np.array([1.0, 2.0]))
expect("Exercise 2, tanh of [ln 1, ln 2]", activation(_z, "tanh"), [0, 3 / 5], "the formula")
### BEGIN HIDDEN TESTS
_z = np.linspace(-4, 4, 12).reshape(3, 4)
_oracles = {
    "step": lambda z: 0.0 if z < 0 else 1.0,
    "sigmoid": lambda z: 1 / (1 + math.exp(-z)),
    "tanh": lambda z: (math.exp(2 * z) - 1) / (math.exp(2 * z) + 1),
    "relu": lambda z: z if z > 0 else 0.0,
}
_expected = {kind: [[oracle(z) for z in row] for row in _z.tolist()] for kind, oracle in _oracles.items()}
for _kind in _oracles:
    expect(
        f"Exercise 2, {_kind} of 3×4 numbers from -4 to 4",
        unchanged(f"Exercise 2, {_kind}", activation, _z, _kind),
        _expected[_kind],
        "the formula, element by element",
        tolerance=1e-5,
    )
### END HIDDEN TESTS

# %% nbgrader={"grade_id": "test_stable_sigmoid", "grade": true, "locked": true, "points": 2}
with np.errstate(all="ignore"):
    _ends = activation(np.array([-1000.0, 0.0, 1000.0]), "sigmoid")
expect("Exercise 2, sigmoid of [-1000, 0, 1000]", _ends, [0, 0.5, 1], "an overflow of the exponential")
### BEGIN HIDDEN TESTS
with np.errstate(all="ignore"):
    _far = unchanged("Exercise 2, sigmoid", activation, np.array([-720.0, -50.0, 720.0]), "sigmoid")
expect("Exercise 2, whether sigmoid(-720) is above 0", bool(_far[0] > 0), True, "which exponent is positive there")
expect("Exercise 2, sigmoid(-50) / e^-50", float(_far[1]) / math.exp(-50), 1.0, "the formula for z < 0")
expect("Exercise 2, sigmoid(720)", float(_far[2]), 1.0, "an overflow of the exponential")
### END HIDDEN TESTS

# %% nbgrader={"grade_id": "plot_activations", "locked": true}
_z = np.linspace(-4, 4, 401)
figure, axes = plt.subplots(figsize=(6, 3.5))
for _kind in ["step", "sigmoid", "tanh", "relu"]:
    try:
        axes.plot(_z, activation(_z, _kind), label=_kind)
    except Exception as error:  # not solved yet
        print(f"{_kind} is not drawn: {error!r}")
axes.set(title="Activation functions", xlabel="z", ylabel="activation(z)", ylim=(-1.2, 2.2))
axes.grid(alpha=0.3)
if axes.lines:
    axes.legend()
plt.show()

# %% [markdown]
# Look at the slopes: where a curve is flat, its neuron learns nothing. The step is flat everywhere, the sigmoid and tanh
# at both ends, relu on one side only. Which of them would you put into a network of twenty layers?

# %% [markdown]
# ## Exercise 3: the perceptron (5 points)
#
# A **perceptron**, or neuron, weights its inputs, adds a bias, and applies its activation function:
#
# $$y_{out} = F_{act}\Big(b + \sum_{i=1}^n w_i x_i\Big)$$
#
# **a)** Write `perceptron(x, w, b, f_act)` for many examples at once: `x` of shape (examples, n), `w` of shape (n,), `b`
# a number, `f_act` a function of an array. It returns shape (examples,).
#
# **b)** The number of neurons in the last layer equals the number of classes, except in the binary case: there, one
# neuron with a sigmoid gives the probability of class 1, and that of class 0 is the rest. Write
# `predicted_class(outputs)`: `outputs` of shape (examples, 1) are such probabilities, and the class is 1 from 0.5 up
# and 0 below; with (examples, classes) the class is the place of the largest. It returns whole numbers of shape
# (examples,).


# %% nbgrader={"grade_id": "perceptron", "solution": true}
def perceptron(x, w, b, f_act):
    """Outputs (examples,) of one neuron with weights `w` (n,) and bias `b` for `x` (examples, n)."""
    ### BEGIN SOLUTION
    return f_act(x @ w + b)
    ### END SOLUTION


def predicted_class(outputs):
    """Classes (examples,) from outputs (examples, 1), threshold 0.5, or (examples, classes), the largest."""
    ### BEGIN SOLUTION
    if outputs.shape[1] == 1:
        return (outputs[:, 0] >= 0.5).astype(int)
    return outputs.argmax(axis=1)
    ### END SOLUTION


# %% nbgrader={"grade_id": "test_perceptron", "grade": true, "locked": true, "points": 3}
_x = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
expect(
    "Exercise 3, perceptron with w = [1, 1], b = -1.5, F_act = sign (a logical AND)",
    perceptron(_x, np.array([1.0, 1.0]), -1.5, lambda z: np.sign(z)),
    [-1, -1, -1, 1],
    "the bias, and what goes through F_act",
)
### BEGIN HIDDEN TESTS
_x = np.linspace(-1, 2, 15).reshape(5, 3)
_w = np.array([0.5, -2.0, 1.25])
_expected = [math.tanh(0.75 + sum(float(w * x) for w, x in zip(_w, row))) for row in _x]
expect(
    "Exercise 3, perceptron with 3 inputs, 5 examples, F_act = tanh",
    unchanged("Exercise 3, perceptron", perceptron, _x, _w, 0.75, lambda z: np.tanh(z)),
    _expected,
    "the sum over the inputs, and the bias inside of F_act",
    tolerance=1e-5,
)
### END HIDDEN TESTS

# %% nbgrader={"grade_id": "test_predicted_class", "grade": true, "locked": true, "points": 2}
expect(
    "Exercise 3, predicted_class of [[0.2], [0.9]]",
    predicted_class(np.array([[0.2], [0.9]])),
    [0, 1],
    "the threshold, and the shape returned",
)
### BEGIN HIDDEN TESTS
expect(
    "Exercise 3, predicted_class of one output, 0.5 among them",
    unchanged("Exercise 3, predicted_class", predicted_class, np.array([[0.5], [0.49], [0.51], [0.0]])),
    [1, 0, 1, 0],
    "the case of exactly 0.5",
)
expect(
    "Exercise 3, predicted_class of three outputs",
    unchanged(
        "Exercise 3, predicted_class",
        predicted_class,
        np.array([[0.3, 0.45, 0.25], [0.1, 0.3, 0.6], [0.2, 0.7, 0.1], [0.1, 0.2, 0.7]]),
    ),
    [1, 2, 1, 2],
    "the axis of the classes; no threshold here",
)
expect(
    "Exercise 3, predicted_class of two outputs",
    unchanged("Exercise 3, predicted_class", predicted_class, np.array([[0.9, 0.1], [0.3, 0.7]])),
    [0, 1],
    "which outputs a threshold is for",
)
### END HIDDEN TESTS

# %% [markdown]
# One perceptron splits its inputs by a straight line (a plane, with more inputs). XOR can't be split so: that was one
# reason for the disappointment before the 1990s, and it takes a second layer.

# %% [markdown]
# ## Exercise 4: dense layers, softmax, a network (9 points)
#
# A **dense** (fully connected) layer is m neurons with the same n inputs: their weights are the columns of $W$. Several
# outputs become probabilities by **softmax**. Two layers make a small network:
#
# $$\text{dense}(X) = XW + b \qquad \text{softmax}(z)_j = \frac{e^{z_j}}{\sum_k e^{z_k}} \qquad
# P = F_{out}\big(F_{hidden}(X W_1 + b_1)\, W_2 + b_2\big)$$
#
# **a)** `dense(X, W, b)`: `X` (examples, n), `W` (n, m), `b` (m,); returns (examples, m). No activation.
#
# **b)** `softmax(Z)`: `Z` (examples, classes), each row by itself; returns the same shape, rows adding up to 1. It has
# to be stable: subtract a row's largest number from the row first. That changes no result, for numerator and denominator
# are multiplied by the same $e^{-\max z}$, and no exponent is positive any more.
#
# **c)** `two_layer(X, W1, b1, W2, b2, f_hidden, f_out)`: `X` (examples, n), `W1` (n, hidden), `b1` (hidden,), `W2`
# (hidden, classes), `b2` (classes,), and two functions, usually relu and softmax; returns (examples, classes).


# %% nbgrader={"grade_id": "dense", "solution": true}
def dense(X, W, b):
    """Outputs (examples, m) of a dense layer without activation."""
    ### BEGIN SOLUTION
    return X @ W + b
    ### END SOLUTION


def softmax(Z):
    """Each row of `Z` (examples, classes) as probabilities."""
    ### BEGIN SOLUTION
    powers = np.exp(Z - Z.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)
    ### END SOLUTION


def two_layer(X, W1, b1, W2, b2, f_hidden, f_out):
    """Outputs (examples, classes) of a network with one hidden layer."""
    ### BEGIN SOLUTION
    hidden = f_hidden(X @ W1 + b1)
    return f_out(hidden @ W2 + b2)
    ### END SOLUTION


# %% nbgrader={"grade_id": "test_dense", "grade": true, "locked": true, "points": 3}
expect(
    "Exercise 4, dense of 2 examples with 2 inputs and 3 neurons",
    dense(np.array([[1.0, 2.0], [3.0, 4.0]]), np.array([[1.0, 0.0, -1.0], [2.0, 1.0, 0.0]]), np.array([0.5, 0.0, 1.0])),
    [[5.5, 2, 0], [11.5, 4, -2]],
    "the order of X and W in the product",
)
### BEGIN HIDDEN TESTS
for _n, _m in [(4, 2), (3, 3)]:
    _X = np.linspace(-1, 1, 3 * _n).reshape(3, _n)
    _W = np.linspace(2, -3, _n * _m).reshape(_n, _m) ** 2
    _b = np.arange(_m) * 10.0
    _expected = [[sum(_X[i, k] * _W[k, j] for k in range(_n)) + _b[j] for j in range(_m)] for i in range(3)]
    expect(
        f"Exercise 4, dense of 3 examples with {_n} inputs and {_m} neurons",
        unchanged("Exercise 4, dense", dense, _X, _W, _b),
        _expected,
        "which index of W belongs to the input, and that each neuron has its own bias",
        tolerance=1e-5,
    )
### END HIDDEN TESTS

# %% nbgrader={"grade_id": "test_softmax", "grade": true, "locked": true, "points": 3}
expect(
    "Exercise 4, softmax of [[0, ln 3], [ln 4, 0]]",
    softmax(np.log(np.array([[1.0, 3.0], [4.0, 1.0]]))),
    [[0.25, 0.75], [0.8, 0.2]],
    "the sum in the denominator: one a row",
)
### BEGIN HIDDEN TESTS
_Z = np.linspace(-2, 3, 12).reshape(3, 4) ** 2
_powers = [[math.exp(z) for z in row] for row in _Z]
expect(
    "Exercise 4, softmax of 3 rows of 4",
    unchanged("Exercise 4, softmax", softmax, _Z),
    [[p / sum(row) for p in row] for row in _powers],
    "the axis of the sum",
    tolerance=1e-5,
)
_Z = np.array([[1000.0, 1000.0 + math.log(3)], [0.0, 0.0], [-1000.0, -1000.0 - math.log(4)]])
with np.errstate(all="ignore"):
    _far = unchanged("Exercise 4, softmax", softmax, _Z)
expect(
    "Exercise 4, softmax of rows around 1000, 0 and -1000",
    _far,
    [[0.25, 0.75], [0.5, 0.5], [0.8, 0.2]],
    "what is subtracted before the exponential, and from which row",
    tolerance=1e-4,
)
### END HIDDEN TESTS

# %% nbgrader={"grade_id": "test_two_layer", "grade": true, "locked": true, "points": 3}
expect(
    "Exercise 4, two_layer of x = [1, 2] with |z| as hidden and doubling as output function",
    two_layer(
        np.array([[1.0, 2.0]]),
        np.array([[1.0, 0.0], [-1.0, 1.0]]),
        np.array([0.0, 1.0]),
        np.array([[2.0], [1.0]]),
        np.array([-4.0]),
        lambda z: np.abs(z),
        lambda z: 2 * z,
    ),
    [[2.0]],  # hidden |[-1, 3]| = [1, 3]; 1·2 + 3·1 − 4 = 1; doubled
    "the order of product, bias and function, in both layers",
)
### BEGIN HIDDEN TESTS
_X = np.linspace(-1, 1, 10).reshape(5, 2)
_W1 = np.linspace(-2, 3, 8).reshape(2, 4)
_b1 = np.array([0.1, -0.2, 0.3, -0.4])
_W2 = np.cos(np.arange(12.0)).reshape(4, 3)
_b2 = np.array([0.5, 0.0, -0.5])
_expected = []
for _row in _X:
    _hidden = [max(0.0, sum(_row[k] * _W1[k, j] for k in range(2)) + _b1[j]) for j in range(4)]
    _powers = [math.exp(sum(_hidden[k] * _W2[k, j] for k in range(4)) + _b2[j]) for j in range(3)]
    _expected.append([p / sum(_powers) for p in _powers])
expect(
    "Exercise 4, two_layer with 2 inputs, 4 hidden neurons, relu, softmax, 3 classes",
    unchanged(
        "Exercise 4, two_layer",
        two_layer,
        *(_X, _W1, _b1, _W2, _b2),
        lambda z: z * (z > 0),
        lambda z: np.exp(z) / np.exp(z).sum(axis=1, keepdims=True),
    ),
    _expected,
    "which function belongs to which layer",
    tolerance=1e-5,
)
### END HIDDEN TESTS

# %% [markdown]
# That is all a network is: products, sums, and a function now and then. A **deep** network only has more layers.

# %% [markdown]
# # Part 3: error and quality
#
# ## Exercise 5: losses (5 points)
#
# Training looks for those parameters that make the error, the **loss**, smallest. With $a(x)$ for the network's answer:
#
# - the **error indicator** $[a(x) \ne y(x)]$ is 1 for a wrong class and 0 for a right one. It can't be trained on: small
#   changes of the weights don't change it;
# - the **squared error** $(a(x) - y(x))^2$ is the usual loss of a regression;
# - the **cross-entropy** is the usual loss of a classification: how improbable the network thought the right class.
#   With one-hot rows $Y$ and probabilities $P$, averaged over the n examples:
#
# $$-\frac{1}{n}\sum_{i=1}^n \sum_k Y_{ik} \ln \hat P_{ik}, \qquad \hat P = \text{clip}(P, \varepsilon, 1 - \varepsilon)$$
#
# The clipping keeps $\ln 0$ away. Write `error_indicator(y_true, y_pred)` and `squared_error(y_true, y_pred)`, which
# take two arrays (n,) and return the loss **of each example**, (n,), and `cross_entropy(Y, P, epsilon=1e-7)`, which takes
# two arrays (n, classes) and returns **one number**.


# %% nbgrader={"grade_id": "losses", "solution": true}
def error_indicator(y_true, y_pred):
    """1 for each wrong answer and 0 for each right one, shape (n,)."""
    ### BEGIN SOLUTION
    return (y_true != y_pred).astype(int)
    ### END SOLUTION


def squared_error(y_true, y_pred):
    """The squared error of each answer, shape (n,)."""
    ### BEGIN SOLUTION
    return (y_pred - y_true) ** 2
    ### END SOLUTION


def cross_entropy(Y, P, epsilon=1e-7):
    """The mean cross-entropy of probabilities `P` (n, classes) for one-hot `Y`, as one number."""
    ### BEGIN SOLUTION
    clipped = np.clip(P, epsilon, 1 - epsilon)
    return float(-(Y * np.log(clipped)).sum(axis=1).mean())
    ### END SOLUTION


# %% nbgrader={"grade_id": "test_error_indicator", "grade": true, "locked": true, "points": 1}
expect(
    "Exercise 5, error_indicator of [1, 2, 0] against [1, 0, 0]",
    error_indicator(np.array([1, 2, 0]), np.array([1, 0, 0])),
    [0, 1, 0],
    "whether 1 means right or wrong",
)
### BEGIN HIDDEN TESTS
expect(
    "Exercise 5, error_indicator of five classes",
    unchanged("Exercise 5, error_indicator", error_indicator, np.array([4, 3, 2, 1, 0]), np.array([0, 3, 1, 1, 4])),
    [1, 0, 1, 0, 1],
    "that it says wrong, not how wrong",
)
### END HIDDEN TESTS

# %% nbgrader={"grade_id": "test_squared_error", "grade": true, "locked": true, "points": 1}
expect(
    "Exercise 5, squared_error of [4, 3] against [3.5, 5]",
    squared_error(np.array([4.0, 3.0]), np.array([3.5, 5.0])),
    [0.25, 4],
    "the square, and that each example has its own",
)
### BEGIN HIDDEN TESTS
_y, _a = np.linspace(-1, 1, 5), np.linspace(2, -3, 5)
_expected = [abs(a - y) ** 2 for y, a in zip(_y.tolist(), _a.tolist())]
expect(
    "Exercise 5, squared_error of five numbers",
    unchanged("Exercise 5, squared_error", squared_error, _y, _a),
    _expected,
    "the formula",
    tolerance=1e-5,
)
### END HIDDEN TESTS

# %% nbgrader={"grade_id": "test_cross_entropy", "grade": true, "locked": true, "points": 3}
expect(
    "Exercise 5, cross_entropy where the right classes have probabilities 0.5 and 0.25",
    cross_entropy(np.array([[0.0, 1.0], [1.0, 0.0]]), np.array([[0.5, 0.5], [0.25, 0.75]])),
    1.5 * math.log(2),  # (ln 2 + ln 4) / 2
    "the mean over the examples, and the natural logarithm",
)
### BEGIN HIDDEN TESTS
_P = np.array([[0.1, 0.2, 0.7], [0.3, 0.3, 0.4], [0.6, 0.3, 0.1], [0.25, 0.5, 0.25]])
_classes = [2, 0, 1, 1]
_Y = np.array([[float(k == c) for k in range(3)] for c in _classes])
_expected = -sum(math.log(_P[i, c]) for i, c in enumerate(_classes)) / 4
expect(
    "Exercise 5, cross_entropy of 4 examples and 3 classes",
    unchanged("Exercise 5, cross_entropy", cross_entropy, _Y, _P),
    _expected,
    "what is summed, and what the sum is divided by",
    tolerance=1e-5,
)
_first, _second = np.array([[1.0, 0.0]]), np.array([[0.0, 1.0]])
with np.errstate(all="ignore"):
    _zero = unchanged("Exercise 5, cross_entropy", cross_entropy, _first, _second)
    _one = unchanged("Exercise 5, cross_entropy", cross_entropy, _second.copy(), _second, epsilon=1e-3)
expect(
    "Exercise 5, cross_entropy where the right class has probability 0",
    _zero,
    7 * math.log(10),
    "the clipping: it comes before the logarithm",
    tolerance=1e-4,
)
expect(
    "Exercise 5, cross_entropy where the right class has probability 1, with epsilon = 0.001",
    _one,
    -math.log(0.999),
    "both ends of the clipping, and the argument `epsilon`",
    tolerance=1e-5,
)
### END HIDDEN TESTS

# %% [markdown]
# A network that gives every one of ten digits 0.1 has the cross-entropy $\ln 10 \approx 2.303$. A training whose loss
# stays there has learnt nothing: remember the number.

# %% [markdown]
# ## Exercise 6: accuracy, precision, recall (5 points)
#
# A loss is for the training, a **metric** is for people. With the classes 0 and 1 (the *positive* one), and TP, FP, TN,
# FN for the numbers of true and false positives and negatives:
#
# $$\text{accuracy} = \frac{TP + TN}{n} \qquad \text{precision} = \frac{TP}{TP + FP} \qquad
# \text{recall} = \frac{TP}{TP + FN}$$
#
# Accuracy is easy to understand and sometimes useless. Precision: how many of the selected are relevant? Recall: how
# many of the relevant are selected?
#
# **a)** Write `binary_metrics(y_true, y_pred)`: two arrays (n,) of 0 and 1; returns the three numbers
# `accuracy, precision, recall`. A fraction with 0 below is 0 here.
#
# **b)** 20 of 1,000 scans show a tumour (class 1). Network A calls every scan healthy. Network B finds 16 of the 20, and
# raises 44 false alarms. Set `answer_a` and `answer_b` to a tuple (accuracy, precision, recall) each, right to three
# decimals, and `answer_screening` to the letter of the network, `"A"` or `"B"`, that is of use to a doctor.


# %% nbgrader={"grade_id": "binary_metrics", "solution": true}
def binary_metrics(y_true, y_pred):
    """Accuracy, precision and recall of the classes `y_pred` (n,) for the right ones `y_true` (n,)."""
    ### BEGIN SOLUTION
    true_positives = int(np.sum((y_pred == 1) & (y_true == 1)))
    selected, relevant = int(np.sum(y_pred == 1)), int(np.sum(y_true == 1))
    accuracy = float(np.mean(y_pred == y_true))
    precision = true_positives / selected if selected else 0.0
    recall = true_positives / relevant if relevant else 0.0
    return accuracy, precision, recall
    ### END SOLUTION


# %% nbgrader={"grade_id": "test_binary_metrics", "grade": true, "locked": true, "points": 3}
expect(
    "Exercise 6, binary_metrics of TP = 2, FP = 1, TN = 1, FN = 4",
    binary_metrics(np.array([1, 1, 0, 0, 1, 1, 1, 1]), np.array([1, 1, 1, 0, 0, 0, 0, 0])),
    [3 / 8, 2 / 3, 2 / 6],
    "which of the four numbers stands below each fraction",
)
### BEGIN HIDDEN TESTS
_true = np.array([0, 1, 0, 1, 0, 0, 1, 0, 0, 0])
_pred = np.array([1, 1, 0, 1, 1, 0, 0, 1, 0, 0])
_counts = {pair: 0 for pair in [(0, 0), (0, 1), (1, 0), (1, 1)]}
for _t, _p in zip(_true, _pred):
    _counts[int(_t), int(_p)] += 1
expect(
    "Exercise 6, binary_metrics of ten answers",
    unchanged("Exercise 6, binary_metrics", binary_metrics, _true, _pred),
    [
        (_counts[1, 1] + _counts[0, 0]) / 10,
        _counts[1, 1] / (_counts[1, 1] + _counts[0, 1]),
        _counts[1, 1] / (_counts[1, 1] + _counts[1, 0]),
    ],
    "what is positive, and what is true",
)
_zeros, _ones = np.array([0, 0, 0, 0]), np.array([0, 1, 0, 0])
with np.errstate(all="ignore"):
    _none = unchanged("Exercise 6, binary_metrics", binary_metrics, _ones, _zeros)
    _absent = unchanged("Exercise 6, binary_metrics", binary_metrics, _zeros, _ones)
expect("Exercise 6, binary_metrics where nothing is selected", _none, [0.75, 0, 0], "fractions with 0 below")
expect("Exercise 6, binary_metrics where nothing is relevant", _absent, [0.75, 0, 0], "fractions with 0 below")
### END HIDDEN TESTS

# %% nbgrader={"grade_id": "screening", "solution": true}
### BEGIN SOLUTION
answer_a = (0.98, 0.0, 0.0)
answer_b = ((16 + 936) / 1000, 16 / (16 + 44), 16 / 20)
answer_screening = "B"
### END SOLUTION

# %% nbgrader={"grade_id": "test_screening", "grade": true, "locked": true, "points": 2}
expect("Exercise 6, the shape of answer_a", np.shape(answer_a), (3,), "the three numbers of the tuple")
expect("Exercise 6, the shape of answer_b", np.shape(answer_b), (3,), "the three numbers of the tuple")
expect("Exercise 6, answer_screening is A or B", answer_screening in ("A", "B"), True, "the letter")
### BEGIN HIDDEN TESTS
for _name, _answer, (_tp, _fp, _fn) in [("answer_a", answer_a, (0, 0, 20)), ("answer_b", answer_b, (16, 44, 4))]:
    _three = ((1000 - _fp - _fn) / 1000, _tp / max(_tp + _fp, 1), _tp / max(_tp + _fn, 1))
    for _metric, _received, _expected in zip(["accuracy", "precision", "recall"], _answer, _three):
        if not abs(float(_received) - _expected) < 1e-3:
            raise AssertionError(
                f"Exercise 6, {_metric} in {_name}: {_received} is not right. Look at TP, FP, TN, FN: write down all four, they add up to 1,000."
            )
if answer_screening != "B":
    raise AssertionError(
        "Exercise 6, answer_screening: not right. Look at what becomes of the 20 patients, rather than at the share of right answers."
    )
### END HIDDEN TESTS

# %% [markdown]
# Where classes are rare, accuracy mostly says how rare. Ask of every accuracy: what would the dullest answer have got?

# %% [markdown]
# # Part 4: gradient descent
#
# A network has hundreds to tens of millions of parameters $w$. The **gradient** $g = \nabla L(w)$ points to where the
# loss grows fastest, so training goes the other way, in small steps. The step's coefficient $\eta$ is the **learning
# rate**.
#
# ## Exercise 7: gradient descent, momentum, Nesterov (7 points)
#
# With **momentum**, a step remembers the direction of those before it, its velocity $v$ (at first 0), as a rolling ball
# has inertia; $\mu$ says how much of it stays. **Nesterov's** momentum takes the gradient not where it is but where the
# velocity is about to carry it. There are several conventions; here it is this one, with the learning rate inside $v$:
#
# | step | formulas |
# |---|---|
# | gradient descent | $w' = w - \eta\, g$ |
# | momentum | $v' = \mu v - \eta\, g, \quad w' = w + v'$ |
# | Nesterov | $g = \nabla L(w + \mu v), \quad v' = \mu v - \eta\, g, \quad w' = w + v'$ |
#
# Write `gradient_step(w, g, rate)`, which returns $w'$; `momentum_step(w, v, g, rate, mu)`, which returns the two arrays
# $w', v'$; and `nesterov_step(w, v, gradient, rate, mu)`, which gets the **function** `gradient(w)` in place of an array
# and returns $w', v'$ too. `w`, `v`, `g` have one shape, any. (Keras keeps $w + \mu v$ in place of $w$, which is
# the same method, written for the point ahead.)


# %% nbgrader={"grade_id": "steps", "solution": true}
def gradient_step(w, g, rate):
    """The parameters after a step of gradient descent."""
    ### BEGIN SOLUTION
    return w - rate * g
    ### END SOLUTION


def momentum_step(w, v, g, rate, mu):
    """Parameters and velocity after a step with momentum `mu`."""
    ### BEGIN SOLUTION
    velocity = mu * v - rate * g
    return w + velocity, velocity
    ### END SOLUTION


def nesterov_step(w, v, gradient, rate, mu):
    """Parameters and velocity after a step with Nesterov's momentum; `gradient` is a function of the parameters."""
    ### BEGIN SOLUTION
    velocity = mu * v - rate * gradient(w + mu * v)
    return w + velocity, velocity
    ### END SOLUTION


# %% nbgrader={"grade_id": "test_gradient_step", "grade": true, "locked": true, "points": 1}
expect(
    "Exercise 7, gradient_step from [1, 2] with g = [10, -20], rate 0.1",
    gradient_step(np.array([1.0, 2.0]), np.array([10.0, -20.0]), 0.1),
    [0, 4],
    "the direction of the step",
)
### BEGIN HIDDEN TESTS
_w, _g = np.linspace(-1, 1, 6).reshape(2, 3), np.linspace(5, 1, 6).reshape(2, 3)
_expected = [[float(_w[i, j]) - 0.03 * float(_g[i, j]) for j in range(3)] for i in range(2)]
expect(
    "Exercise 7, gradient_step of a 2×3 array, rate 0.03",
    unchanged("Exercise 7, gradient_step", gradient_step, _w, _g, 0.03),
    _expected,
    "the learning rate",
    tolerance=1e-5,
)
### END HIDDEN TESTS

# %% nbgrader={"grade_id": "test_momentum_step", "grade": true, "locked": true, "points": 3}
_w, _v = momentum_step(np.array([1.0]), np.array([2.0]), np.array([10.0]), 0.1, 0.5)
expect("Exercise 7, momentum_step with w = 1, v = 2, g = 10, rate 0.1, mu 0.5: v'", _v, [0], "the formula of v'")
expect("Exercise 7, momentum_step with w = 1, v = 2, g = 10, rate 0.1, mu 0.5: w'", _w, [1], "which v is added")
### BEGIN HIDDEN TESTS
_w, _v, _expected_w, _expected_v = np.array([3.0, -1.0]), np.array([0.0, 0.5]), [3.0, -1.0], [0.0, 0.5]
for _k in range(4):
    _slope = [0.7 * _k + 1, 2.0 - _k]
    _w, _v = unchanged("Exercise 7, momentum_step", momentum_step, _w, _v, np.array(_slope), 0.2, 0.9)
    for _i in range(2):
        _expected_v[_i] = 0.9 * _expected_v[_i] - 0.2 * _slope[_i]
        _expected_w[_i] = _expected_w[_i] + _expected_v[_i]
expect("Exercise 7, v after 4 calls of momentum_step", _v, _expected_v, "the formula of v'", tolerance=1e-5)
expect("Exercise 7, w after 4 calls of momentum_step", _w, _expected_w, "the formula of w'", tolerance=1e-5)
### END HIDDEN TESTS

# %% nbgrader={"grade_id": "test_nesterov_step", "grade": true, "locked": true, "points": 3}
_w, _v = nesterov_step(np.array([1.0]), np.array([2.0]), lambda w: 10 * w, 0.1, 0.5)
expect("Exercise 7, nesterov_step with w = 1, v = 2, gradient 10 w, rate 0.1, mu 0.5: v'", _v, [-1], "where g is taken")
expect("Exercise 7, nesterov_step with w = 1, v = 2, gradient 10 w, rate 0.1, mu 0.5: w'", _w, [0], "which v is added")
### BEGIN HIDDEN TESTS
_w, _v, _expected_w, _expected_v = np.array([3.0, -1.0]), np.array([0.0, 0.5]), [3.0, -1.0], [0.0, 0.5]
for _k in range(4):
    _w, _v = unchanged("Exercise 7, nesterov_step", nesterov_step, _w, _v, lambda w: w**3 - 2 * w, 0.05, 0.8)
    for _i in range(2):
        _ahead = _expected_w[_i] + 0.8 * _expected_v[_i]
        _expected_v[_i] = 0.8 * _expected_v[_i] - 0.05 * (_ahead**3 - 2 * _ahead)
        _expected_w[_i] += _expected_v[_i]
expect("Exercise 7, v after 4 calls of nesterov_step", _v, _expected_v, "where the gradient is taken", tolerance=1e-5)
expect("Exercise 7, w after 4 calls of nesterov_step", _w, _expected_w, "the formula of w'", tolerance=1e-5)
### END HIDDEN TESTS

# %% [markdown]
# ## Exercise 8: Adam, and a race (8 points)
#
# The next three methods give each parameter its own step size, by how large its gradients have been. All operations
# are element by element, and everything that is remembered starts at 0.
#
# - **AdaGrad**: $s' = s + g^2, \quad w' = w - \eta\, g / (\sqrt{s'} + \varepsilon)$
# - **AdaDelta**: the same idea, with a running mean in place of the sum, and with steps measured in the size of earlier
#   steps; this keeps the network from paralysis: $s' = \rho s + (1 - \rho) g^2$,
#   $\Delta = g \sqrt{u + \varepsilon} / \sqrt{s' + \varepsilon}$, $u' = \rho u + (1 - \rho) \Delta^2$, $w' = w - \eta\, \Delta$
# - **Adam**, practically a mixture of all of these, with the number of the step $t = 1, 2, 3, \dots$:
#
# $$m' = \beta_1 m + (1 - \beta_1)\, g \qquad v' = \beta_2 v + (1 - \beta_2)\, g^2$$
# $$\hat m = \frac{m'}{1 - \beta_1^t} \qquad \hat v = \frac{v'}{1 - \beta_2^t} \qquad
# w' = w - \eta\, \frac{\hat m}{\sqrt{\hat v} + \varepsilon}$$
#
# The two hats are the **bias correction**: $m$ and $v$ start at 0 and would be too small at first. Note that
# $\varepsilon$ stands outside of the root. (Keras adds it to $\sqrt{v'}$ before the correction: a tiny difference.)
#
# **a)** Write `adam_step(w, m, v, t, g, rate=0.001, beta1=0.9, beta2=0.999, epsilon=1e-7)`; it returns $w', m', v'$
# (the uncorrected ones, which the next step needs).
#
# The race below runs down $L(w) = \frac12 (w_0^2 + 30\, w_1^2)$, a valley that is 30 times as steep across as along.
# AdaGrad and AdaDelta are given; the others are yours, each drawn as soon as it is solved. Then answer:
#
# **b)** `answer_zigzag`: the method that jumps from one side of the valley to the other in each of its first steps;
# `answer_shrinking`: the method whose divisor can only ever grow, so that its steps die out however long it runs;
# `answer_first_step`: by how much (a positive number) Adam's first step changes a parameter with $g = 250$ if
# $\eta = 0.4$. The methods are called `"gradient descent"`, `"momentum"`, `"Nesterov"`, `"AdaGrad"`, `"AdaDelta"`,
# `"Adam"`.


# %% nbgrader={"grade_id": "adam_step", "solution": true}
def adam_step(w, m, v, t, g, rate=0.001, beta1=0.9, beta2=0.999, epsilon=1e-7):
    """Parameters and both moments after Adam's step number `t`, counted from 1."""
    ### BEGIN SOLUTION
    m = beta1 * m + (1 - beta1) * g
    v = beta2 * v + (1 - beta2) * g**2
    m_hat = m / (1 - beta1**t)
    v_hat = v / (1 - beta2**t)
    return w - rate * m_hat / (np.sqrt(v_hat) + epsilon), m, v
    ### END SOLUTION


# %% nbgrader={"grade_id": "test_adam_step", "grade": true, "locked": true, "points": 5}
_w, _m, _v = adam_step(np.array([1.0]), np.array([0.0]), np.array([0.0]), 1, np.array([4.0]), rate=0.1, beta2=0.75)
expect("Exercise 8, adam_step 1 with g = 4, beta1 0.9: m'", _m, [0.4], "the formula of m'")
expect("Exercise 8, adam_step 1 with g = 4, beta2 0.75: v'", _v, [4], "the formula of v'")
expect("Exercise 8, adam_step 1 from w = 1 with g = 4, rate 0.1: w'", _w, [0.9], "both hats, and the root")
### BEGIN HIDDEN TESTS
_w, _m, _v = np.array([1.0, -2.0]), np.zeros(2), np.zeros(2)
_expected = [[1.0, 0.0, 0.0], [-2.0, 0.0, 0.0]]
for _t in range(1, 6):
    _slopes = [3.0 - _t, 0.1 * _t**2]
    _given = (_w, _m, _v, _t, np.array(_slopes))
    _w, _m, _v = unchanged("Exercise 8, adam_step", adam_step, *_given, rate=0.05, beta1=0.8, beta2=0.95)
    for _state, _slope in zip(_expected, _slopes):
        _state[1] += (1 - 0.8) * (_slope - _state[1])
        _state[2] += (1 - 0.95) * (_slope * _slope - _state[2])
        _state[0] -= 0.05 * _state[1] / (1 - 0.8**_t) / (math.sqrt(_state[2] / (1 - 0.95**_t)) + 1e-7)
_expected_w, _expected_m, _expected_v = zip(*_expected)
expect("Exercise 8, m after 5 steps", _m, _expected_m, "whether m' or its corrected form is returned", tolerance=1e-5)
expect("Exercise 8, v after 5 steps", _v, _expected_v, "whether v' or its corrected form is returned", tolerance=1e-5)
expect("Exercise 8, w after 5 steps", _w, _expected_w, "the bias correction, and the power t in it", tolerance=1e-5)
_w, _, _ = adam_step(np.array([0.0]), np.array([0.0]), np.array([0.0]), 1, np.array([0.25]), rate=1.0, epsilon=0.75)
expect("Exercise 8, w after step 1 from 0 with g = 0.25, rate 1, epsilon 0.75", _w, [-0.25], "where epsilon stands")
_w, _, _ = adam_step(np.array([0.0]), np.array([0.0]), np.array([0.0]), 1, np.array([-1e-7]))
expect("Exercise 8, w after step 1 with g = -1e-7", _w, [0.0005], "the defaults", tolerance=1e-8)
### END HIDDEN TESTS


# %% nbgrader={"grade_id": "race", "locked": true}
def valley(w):
    """The loss of the race."""
    return 0.5 * (w[0] ** 2 + 30 * w[1] ** 2)


def valley_gradient(w):
    """Its gradient."""
    return np.array([w[0], 30 * w[1]])


def adagrad_step(w, s, g, rate, epsilon=1e-7):
    """AdaGrad, as above."""
    s = s + g**2
    return w - rate * g / (np.sqrt(s) + epsilon), s


def adadelta_step(w, s, u, g, rate=1.0, rho=0.9, epsilon=1e-3):
    """AdaDelta, as above."""
    s = rho * s + (1 - rho) * g**2
    delta = g * np.sqrt(u + epsilon) / np.sqrt(s + epsilon)
    return w - rate * delta, s, rho * u + (1 - rho) * delta**2


def run(step, memories, steps=60):
    """Positions of `step(t, w, *memories)`, which returns the next w and memories, from one start."""
    state = [np.array([-8.0, 1.5])] + [np.zeros(2)] * memories
    path = [state[0]]
    for t in range(1, steps + 1):
        result = step(t, *state)
        state = list(result) if memories else [result]
        path.append(state[0])
    return np.array(path)


_methods = {
    "gradient descent": (lambda t, w: gradient_step(w, valley_gradient(w), 0.06), 0),
    "momentum": (lambda t, w, v: momentum_step(w, v, valley_gradient(w), 0.03, 0.7), 1),
    "Nesterov": (lambda t, w, v: nesterov_step(w, v, valley_gradient, 0.03, 0.7), 1),
    "AdaGrad": (lambda t, w, s: adagrad_step(w, s, valley_gradient(w), 0.8), 1),
    "AdaDelta": (lambda t, w, s, u: adadelta_step(w, s, u, valley_gradient(w)), 2),
    "Adam": (lambda t, w, m, v: adam_step(w, m, v, t, valley_gradient(w), rate=0.4), 2),
}
figure, (left, right) = plt.subplots(1, 2, figsize=(13, 4.5))
_grid = np.meshgrid(np.linspace(-9, 3, 121), np.linspace(-2, 2, 81))
left.contour(*_grid, valley(_grid), levels=np.geomspace(0.3, 90, 9), colors="lightgrey")
for _marker, (_name, (_step, _memories)) in zip("osd^v*", _methods.items()):
    try:
        _path = run(_step, _memories)
        left.plot(*_path.T, marker=_marker, markersize=3, linewidth=1, label=_name)
        right.semilogy([valley(w) for w in _path], marker=_marker, markersize=3, linewidth=1, label=_name)
    except Exception as error:  # not solved yet
        print(f"{_name} is not drawn: {error!r}")
left.set(title="60 steps down the valley", xlabel="$w_0$, along", ylabel="$w_1$, across", xlim=(-9, 3), ylim=(-2, 2))
right.set(title="Loss", xlabel="step", ylabel="L(w)")
left.legend(fontsize=8)
right.legend(fontsize=8)
figure.tight_layout()
plt.show()

# %% nbgrader={"grade_id": "race_answers", "solution": true}
### BEGIN SOLUTION
answer_zigzag = "gradient descent"
answer_shrinking = "AdaGrad"
answer_first_step = 0.4
### END SOLUTION

# %% nbgrader={"grade_id": "test_race", "grade": true, "locked": true, "points": 3}
_names = ["gradient descent", "momentum", "Nesterov", "AdaGrad", "AdaDelta", "Adam"]
expect("Exercise 8, answer_zigzag is one of the six names", answer_zigzag in _names, True, "the names in the text")
expect(
    "Exercise 8, answer_shrinking is one of the six names", answer_shrinking in _names, True, "the names in the text"
)
expect("Exercise 8, answer_first_step is a number above 0", bool(answer_first_step > 0), True, "the size, not the sign")
### BEGIN HIDDEN TESTS
_faults = []
if answer_zigzag != "gradient descent":
    _faults.append("answer_zigzag. Look at the sign of w_1 from step to step, and at 1 − rate · 30.")
if answer_shrinking != "AdaGrad":
    _faults.append(
        "answer_shrinking. Look at what each method divides by: a sum of squares, or a running mean of them."
    )
if not abs(float(answer_first_step) - 0.4) < 1e-3:
    _faults.append("answer_first_step. Look at both hats for t = 1 and m = v = 0: what is left of g?")
for _fault in _faults:
    print(f"Exercise 8, not right: {_fault}")
float(3 - len(_faults))
### END HIDDEN TESTS

# %% [markdown]
# Each has a learning rate that suits it here, so the race says how they move and not which is best. Adam's first step
# doesn't depend on the size of the gradient at all, which is why one rate, 0.001, works for so many networks.

# %% [markdown]
# ## Exercise 9: batches and epochs (6 points)
#
# Frameworks find the gradient for us; how much data to take for it is our choice:
#
# - **full-batch** (batch mode): all examples, one precise and costly step;
# - **stochastic**: one example at a time, many noisy and cheap steps;
# - **mini-batch**: a small part of the examples at a time, usually a power of two: what everybody does.
#
# An **epoch** is one pass through all training data. Each epoch shuffles the examples and cuts them into batches; the last
# batch is smaller if the numbers don't divide.
#
# **a)** Write `minibatches(n, batch_size, seed)`: a **list** of arrays of indices, which hold each of 0, …, n − 1 once,
# in an order shuffled by `np.random.default_rng(seed)`; all have `batch_size` elements but perhaps the last.
#
# **b)** Write `steps_per_epoch(n, batch_size)`: how many batches, so steps, that is; a whole number.


# %% nbgrader={"grade_id": "minibatches", "solution": true}
def minibatches(n, batch_size, seed):
    """The shuffled indices of one epoch, as a list of arrays."""
    ### BEGIN SOLUTION
    order = np.random.default_rng(seed).permutation(n)
    return [order[start : start + batch_size] for start in range(0, n, batch_size)]
    ### END SOLUTION


def steps_per_epoch(n, batch_size):
    """How many steps an epoch of `n` examples has."""
    ### BEGIN SOLUTION
    return (n + batch_size - 1) // batch_size
    ### END SOLUTION


# %% nbgrader={"grade_id": "test_minibatches", "grade": true, "locked": true, "points": 4}
_batches = minibatches(5, 2, SEED)
expect("Exercise 9, the sizes of minibatches(5, 2, seed)", [len(b) for b in _batches], [2, 2, 1], "the last batch")
expect(
    "Exercise 9, all indices of minibatches(5, 2, seed), sorted",
    sorted(i for b in _batches for i in b),
    [0, 1, 2, 3, 4],
    "whether each index comes once",
)
### BEGIN HIDDEN TESTS
for _n, _size, _sizes in [
    (10, 5, [5, 5]),
    (103, 25, [25, 25, 25, 25, 3]),
    (4, 1, [1, 1, 1, 1]),
    (7, 7, [7]),
    (3, 8, [3]),
]:
    _batches = minibatches(_n, _size, 7)
    expect(
        f"Exercise 9, the sizes of minibatches({_n}, {_size}, seed)",
        [len(b) for b in _batches],
        _sizes,
        "the last batch",
    )
    expect(
        f"Exercise 9, all indices of minibatches({_n}, {_size}, seed), sorted",
        sorted(int(i) for b in _batches for i in b),
        list(range(_n)),
        "whether each index comes once",
    )
_first, _again, _other = ([int(i) for b in minibatches(1000, 64, seed) for i in b] for seed in (3, 3, 4))
expect("Exercise 9, whether 1,000 indices are shuffled", _first != sorted(_first), True, "the permutation")
expect(
    "Exercise 9, whether the shuffling goes across batches",
    max(_first[:64]) > 500 and min(_first[-40:]) < 500,
    True,
    "what is shuffled: all indices, before they are cut",
)
expect("Exercise 9, whether one seed gives one order", _first == _again, True, "the argument `seed`")
expect("Exercise 9, whether another seed gives another order", _first != _other, True, "the argument `seed`")
### END HIDDEN TESTS

# %% nbgrader={"grade_id": "test_steps_per_epoch", "grade": true, "locked": true, "points": 2}
expect("Exercise 9, steps_per_epoch(5, 2)", steps_per_epoch(5, 2), 3, "the last batch")
### BEGIN HIDDEN TESTS
for _n, _size, _steps in [
    (42_000, 256, 165),
    (512, 256, 2),
    (513, 256, 3),
    (42_000, 42_000, 1),
    (42_000, 1, 42_000),
    (3, 8, 1),
]:
    expect(
        f"Exercise 9, steps_per_epoch({_n}, {_size})",
        steps_per_epoch(_n, _size),
        _steps,
        "where the numbers divide, and where not",
    )
### END HIDDEN TESTS

# %% [markdown]
# The lecture trains on 42,000 digits in batches of 256: between 100 and 200 steps an epoch, where full-batch has 1 and stochastic
# training 42,000.

# %% [markdown]
# ## Exercise 10: the learning rate (5 points)
#
# Typical learning rates are 0.0001 to 0.1, depending on the network. Too small a rate hardly moves, too large a rate
# jumps over the minimum, each time further. For $L(w) = \frac12 c\, w^2$, with the *curvature* $c > 0$, the gradient is
# $c\,w$ and a step gives $w' = w - \eta\, c\, w = (1 - \eta c)\, w$.
#
# **a)** For which $\eta$ does $|w|$ become smaller? Write `largest_rate(curvatures)`: for a sum of such terms,
# $L(w) = \frac12 \sum_i c_i w_i^2$, return the limit below which gradient descent gets to the minimum from everywhere
# (above it, it does not). `curvatures` is an array (n,) of positive numbers.
#
# **b)** The cell below takes 100 steps down $L(w) = \frac12 (w_0^2 + 10\, w_1^2)$ with six rates. A rate is
# `"too large"` if the loss at the end is above that at the start, else `"too small"` if it is above a hundredth of it,
# else `"right"`. Set `answer_rates` to a list of six such words, for the rates in the order of the legend.


# %% nbgrader={"grade_id": "largest_rate", "solution": true}
def largest_rate(curvatures):
    """The learning rate at which gradient descent on a quadratic stops getting to the minimum."""
    ### BEGIN SOLUTION
    return 2.0 / np.max(curvatures)
    ### END SOLUTION


# %% nbgrader={"grade_id": "test_largest_rate", "grade": true, "locked": true, "points": 2}
expect("Exercise 10, largest_rate([8])", largest_rate(np.array([8.0])), 0.25, "where |1 − rate · c| is 1")
### BEGIN HIDDEN TESTS
for _c in ([0.5, 40.0, 3.0], [5.0, 2.0], [0.01, 0.02]):
    _rate = float(unchanged("Exercise 10, largest_rate", largest_rate, np.array(_c)))
    _shrinks = [max(abs(1 - f * _rate * c) for c in _c) < 1 for f in (0.999, 1.001)]
    expect(
        f"Exercise 10, curvatures {_c}: whether |1 − rate · c| < 1 for all, just below and just above largest_rate",
        _shrinks,
        [True, False],
        "which of the curvatures sets the limit",
    )
### END HIDDEN TESTS

# %% nbgrader={"grade_id": "plot_rates", "locked": true}
rates = [0.0001, 0.001, 0.05, 0.15, 0.19, 0.25]
_curvatures, _steps = np.array([1.0, 10.0]), np.arange(101)
figure, axes = plt.subplots(figsize=(7, 4.5))
for _rate in rates:
    _positions = np.array([4.0, 1.0]) * (1 - _rate * _curvatures) ** _steps[:, None]
    axes.semilogy(_steps, (_positions**2 * _curvatures).sum(axis=1) / 2, label=f"rate {_rate}")
axes.axhline(13, color="black", linewidth=0.8, linestyle="--", label="loss at the start")
axes.axhline(0.13, color="black", linewidth=0.8, linestyle=":", label="a hundredth of it")
axes.set(title="100 steps with six learning rates", xlabel="step", ylabel="loss", ylim=(1e-8, 1e6))
axes.legend(fontsize=8)
plt.show()

# %% nbgrader={"grade_id": "rates", "solution": true}
### BEGIN SOLUTION
answer_rates = ["too small", "too small", "right", "right", "right", "too large"]
### END SOLUTION

# %% nbgrader={"grade_id": "test_rates", "grade": true, "locked": true, "points": 3}
expect("Exercise 10, the length of answer_rates", len(answer_rates), 6, "one word a rate")
expect(
    "Exercise 10, other words in answer_rates",
    sorted(set(answer_rates) - {"too small", "right", "too large"}),
    [],
    "the three words in the text",
)
### BEGIN HIDDEN TESTS
_verdicts = []
for _rate in [0.0001, 0.001, 0.05, 0.15, 0.19, 0.25]:
    _a, _b = 4.0, 1.0
    for _ in range(100):
        _a, _b = _a - _rate * _a, _b - 10 * _rate * _b
    _end = (_a * _a + 10 * _b * _b) / 2
    _verdicts.append("too large" if _end > 13 else "too small" if _end > 0.13 else "right")
_points = 0.0
for _rate, _received, _expected in zip([0.0001, 0.001, 0.05, 0.15, 0.19, 0.25], answer_rates, _verdicts):
    _points += 0.5 * (_received == _expected)
    if _received != _expected:
        print(f"Exercise 10, rate {_rate}: not right. Look at where its line ends, against the two black ones.")
float(_points)
### END HIDDEN TESTS

# %% [markdown]
# The steepest direction sets the limit, and the flattest then decides how long it takes: that is the trouble with
# valleys, and what momentum and Adam are for.

# %% [markdown]
# # Part 5: back-propagation
#
# ## Exercise 11: gradients of a two-layer network (8 points)
#
# How does the error depend on each parameter? **Back-propagation** answers layer by layer, from the last to the first,
# by the chain rule. The network is dense, relu, dense, softmax, and the loss is the mean cross-entropy over n examples:
#
# $$H = \text{relu}(X W_1 + b_1) \qquad P = \text{softmax}(H W_2 + b_2) \qquad
# L = -\frac1n \sum_{i,k} Y_{ik} \ln P_{ik}$$
#
# Softmax and cross-entropy together have a simple derivative, here called $\Delta_2$ (n, classes). From it:
#
# $$\Delta_2 = \frac{1}{n}(P - Y) \qquad
# \frac{\partial L}{\partial W_2} = H^\top \Delta_2 \qquad
# \frac{\partial L}{\partial b_2} = \sum_i (\Delta_2)_i \qquad
# \Delta_1 = (\Delta_2 W_2^\top) \odot [H > 0]$$
#
# where $\odot$ multiplies element by element, $[H > 0]$ is 1 or 0, and $(\Delta_2)_i$ is a row. $W_1$ and $b_1$ follow
# from $\Delta_1$ as $W_2$ and $b_2$ do from $\Delta_2$, with another input in place of $H$.
#
# Write `backward(X, Y, H, P, W2)`: what the network was given, `X` (n, inputs) and one-hot `Y` (n, classes), what it
# has computed, `H` (n, hidden) and `P` (n, classes), and `W2` (hidden, classes). It returns the four gradients
# `dW1, db1, dW2, db2`, with the shapes of $W_1$, $b_1$, $W_2$, $b_2$. Grading compares them with central differences
# $(L(w + h) - L(w - h)) / 2h$ of each single parameter, in float64, with $h = 10^{-5}$ and a tolerance of $10^{-6}$.


# %% nbgrader={"grade_id": "backward", "solution": true}
def backward(X, Y, H, P, W2):
    """Gradients dW1, db1, dW2, db2 of the mean cross-entropy."""
    ### BEGIN SOLUTION
    delta2 = (P - Y) / len(X)
    delta1 = (delta2 @ W2.T) * (H > 0)
    return X.T @ delta1, delta1.sum(axis=0), H.T @ delta2, delta2.sum(axis=0)
    ### END SOLUTION


# %% nbgrader={"grade_id": "test_backward_output", "grade": true, "locked": true, "points": 3}
### BEGIN HIDDEN TESTS
def _network_and_differences(n, inputs, hidden, classes):
    """A network's own forward pass, and the central differences of its loss by each parameter."""
    X = np.sin(np.arange(1.0, n * inputs + 1)).reshape(n, inputs)
    Y = np.array([[float((i * i + 1) % classes == k) for k in range(classes)] for i in range(n)])
    parameters = [
        np.cos(np.arange(inputs * hidden) * 1.7).reshape(inputs, hidden),
        np.linspace(-0.3, 0.4, hidden),
        np.sin(np.arange(hidden * classes) * 2.3).reshape(hidden, classes),
        np.linspace(0.2, -0.1, classes),
    ]

    def forward(W1, b1, W2, b2):
        H = np.einsum("ik,kj->ij", X, W1) + b1
        H = np.where(H < 0, 0.0, H)
        powers = np.exp(np.einsum("ik,kj->ij", H, W2) + b2)
        P = powers / np.add.reduce(powers, axis=1)[:, None]
        return H, P, -np.log(P[Y == 1]).mean()

    differences = []
    for parameter in parameters:
        slope = np.zeros(parameter.shape)
        for place in np.ndindex(parameter.shape):
            kept = parameter[place]
            parameter[place] = kept + 1e-5
            above = forward(*parameters)[2]
            parameter[place] = kept - 1e-5
            slope[place] = (above - forward(*parameters)[2]) / 2e-5
            parameter[place] = kept
        differences.append(slope)
    H, P, _ = forward(*parameters)
    return (X, Y, H, P, parameters[2]), differences


### END HIDDEN TESTS
_X, _Y, _H, _P = np.array([[1.0, 2.0]]), np.array([[1.0, 0.0]]), np.array([[1.0, 0.0]]), np.array([[0.5, 0.5]])
_, _, _dW2, _db2 = backward(_X, _Y, _H, _P, np.array([[1.0, 2.0], [3.0, 5.0]]))
expect("Exercise 11, db2 for one example with P = [0.5, 0.5] and class 0", _db2, [-0.5, 0.5], "the sign of P − Y")
expect("Exercise 11, dW2 for it, with H = [1, 0]", _dW2, [[-0.5, 0.5], [0, 0]], "which factor is transposed")


### BEGIN HIDDEN TESTS
for _sizes in [(6, 3, 5, 4), (3, 3, 3, 3)]:
    _given, _expected = _network_and_differences(*_sizes)
    _received = unchanged("Exercise 11, backward", backward, *_given)
    for _name, _place in [("dW2", 2), ("db2", 3)]:
        expect(
            f"Exercise 11, {_name} against central differences, for (n, inputs, hidden, classes) = {_sizes}",
            _received[_place],
            _expected[_place],
            "the mean over the examples, and the order of the product",
            tolerance=1e-6,
        )
### END HIDDEN TESTS

# %% nbgrader={"grade_id": "test_backward_hidden", "grade": true, "locked": true, "points": 5}
_X, _Y, _H, _P = np.array([[1.0, 2.0]]), np.array([[1.0, 0.0]]), np.array([[1.0, 0.0]]), np.array([[0.5, 0.5]])
_dW1, _db1, _, _ = backward(_X, _Y, _H, _P, np.array([[1.0, 2.0], [3.0, 5.0]]))
expect("Exercise 11, db1 for the same example, with W2 = [[1, 2], [3, 5]]", _db1, [0.5, 0], "W2 transposed; [H > 0]")
expect("Exercise 11, dW1 for it, with X = [1, 2]", _dW1, [[0.5, 0], [1, 0]], "which input the first layer has")
### BEGIN HIDDEN TESTS
for _sizes in [(6, 3, 5, 4), (3, 3, 3, 3)]:
    _given, _expected = _network_and_differences(*_sizes)
    _received = unchanged("Exercise 11, backward", backward, *_given)
    for _name, _place in [("dW1", 0), ("db1", 1)]:
        expect(
            f"Exercise 11, {_name} against central differences, for (n, inputs, hidden, classes) = {_sizes}",
            _received[_place],
            _expected[_place],
            "the derivative of relu, and the order of the products",
            tolerance=1e-6,
        )
### END HIDDEN TESTS

# %% [markdown]
# One pass forward and one back give all gradients, whether a network has ten parameters or ten million; central differences
# need two passes for each parameter. Frameworks do this by themselves, for any network you can write down.

# %% [markdown]
# # Part 6: does it hold in the real world?
#
# ## Exercise 12: three sets (5 points)
#
# - The **training set** is what the network learns from.
# - The **validation set** is what you check on while you choose: layers, learning rate, when to stop.
# - The **test set** is "the real world". Nobody touches it before everything else is done.
#
# **a)** Write `split(n, n_validation, n_test, seed)`: shuffle the indices 0, …, n − 1 by `np.random.default_rng(seed)` and
# return three arrays `training, validation, test` of them, the last two of the sizes asked for. No index may be in two
# sets, and each is in one. (Keras's `validation_split=0.3` doesn't shuffle: it takes the *last* 30 %. If the data is
# sorted by class, shuffle it yourself.)
#
# **b)** Below, 1,000 "networks" guess the answers to 50 yes-or-no questions, all of them blindly. The best of them is
# chosen *by the test set*. Then it meets 20,000 new questions. `answer_fresh`: the accuracy, to one decimal, to be expected
# of it there. `answer_sets`: a dictionary that says by which set, `"training"`, `"validation"` or `"test"`, one does
# each of `"find the weights"`, `"choose the number of layers"`, `"report the quality at the very end"`.


# %% nbgrader={"grade_id": "split", "solution": true}
def split(n, n_validation, n_test, seed):
    """Shuffled indices of the training, validation and test set."""
    ### BEGIN SOLUTION
    order = np.random.default_rng(seed).permutation(n)
    n_training = n - n_validation - n_test
    return order[:n_training], order[n_training : n - n_test], order[n - n_test :]
    ### END SOLUTION


# %% nbgrader={"grade_id": "test_split", "grade": true, "locked": true, "points": 3}
_sets = split(10, 3, 2, SEED)
expect("Exercise 12, the sizes of split(10, 3, 2, seed)", [len(s) for s in _sets], [5, 3, 2], "the order of the three")
### BEGIN HIDDEN TESTS
for _n, _n_validation, _n_test in [(10, 3, 2), (101, 30, 21), (8, 4, 0), (8, 0, 3)]:
    _sets = split(_n, _n_validation, _n_test, 5)
    expect(
        f"Exercise 12, the sizes of split({_n}, {_n_validation}, {_n_test}, seed)",
        [len(s) for s in _sets],
        [_n - _n_validation - _n_test, _n_validation, _n_test],
        "where each set starts and ends; sizes may be 0",
    )
    expect(
        f"Exercise 12, all indices of split({_n}, {_n_validation}, {_n_test}, seed), sorted",
        sorted(int(i) for s in _sets for i in s),
        list(range(_n)),
        "whether each index is in exactly one set",
    )
_first, _again, _other = ([[int(i) for i in s] for s in split(900, 300, 300, seed)] for seed in (3, 3, 4))
for _name, _set in zip(["training", "validation", "test"], _first):
    expect(
        f"Exercise 12, whether the {_name} set has indices below 300, from 300 to 599, and from 600",
        sorted({i // 300 for i in _set}),
        [0, 1, 2],
        "what is shuffled: all indices, before they are cut",
    )
expect("Exercise 12, whether one seed gives one split", _first == _again, True, "the argument `seed`")
expect("Exercise 12, whether another seed gives another split", _first != _other, True, "the argument `seed`")
### END HIDDEN TESTS

# %% nbgrader={"grade_id": "guessers", "locked": true}
_rng = np.random.default_rng(SEED)
_guessers = 100 if QUICK else 1000
_test_accuracies = (_rng.integers(2, size=(_guessers, 50)) == _rng.integers(2, size=50)).mean(axis=1)
figure, axes = plt.subplots(figsize=(6, 3.5))
axes.hist(_test_accuracies, bins=np.arange(0.25, 0.8, 0.02), label="all the guessers")
axes.axvline(_test_accuracies.max(), color="tab:red", label=f"the chosen one: {_test_accuracies.max():.2f}")
axes.set(title="Guessers, measured by 50 test questions", xlabel="test accuracy", ylabel="guessers")
axes.legend()
plt.show()

# %% nbgrader={"grade_id": "sets", "solution": true}
### BEGIN SOLUTION
answer_fresh = 0.5
answer_sets = {
    "find the weights": "training",
    "choose the number of layers": "validation",
    "report the quality at the very end": "test",
}
### END SOLUTION

# %% nbgrader={"grade_id": "test_sets", "grade": true, "locked": true, "points": 2}
expect("Exercise 12, answer_fresh is from 0 to 1", bool(0 <= answer_fresh <= 1), True, "what an accuracy is")
_uses = ["choose the number of layers", "find the weights", "report the quality at the very end"]
expect("Exercise 12, the keys of answer_sets", sorted(answer_sets), _uses, "the three uses in the text")
expect(
    "Exercise 12, values of answer_sets that name no set",
    sorted(set(answer_sets.values()) - {"training", "validation", "test"}),
    [],
    "the names in the text",
)
### BEGIN HIDDEN TESTS
if not abs(float(answer_fresh) - 0.5) < 0.02:
    raise AssertionError(
        f"Exercise 12, answer_fresh: {answer_fresh} is not right. Look at how the guessers differ: is one of them better, or was it lucky?"
    )
for _use, _name in [(_uses[1], "training"), (_uses[0], "validation"), (_uses[2], "test")]:
    if answer_sets[_use] != _name:
        raise AssertionError(
            f"Exercise 12, answer_sets: the set to {_use} by is not right. Look at which data has already had its say in a choice."
        )
### END HIDDEN TESTS

# %% [markdown]
# Whoever chooses by a set has learnt from it, if only a little, and its number is too good from then on. This is why the
# test set stays untouched, and why choosing has a set of its own.

# %% [markdown]
# ## Exercise 13: overfitting, and what helps (10 points)
#
# A model with many parameters can learn its training examples by heart, noise and all: it **overfits**. Below,
# polynomials of degree 1 to 12 are fitted to 15 noisy points of a curve, and measured on 40 other points.
#
# **a)** `answer_degree`: the degree you would choose. `answer_beyond`: a tuple of two words, `"falls"` or `"rises"`: what
# the training error and the validation error do from there to degree 12, on the whole.
#
# The naive way out is to keep the network stupid. The right way is regularisation. **L1 and L2** add a penalty on large
# weights to the loss; $\text{sign}(0) = 0$:
#
# $$R(w) = \lambda_1 \sum_i |w_i| + \lambda_2 \sum_i w_i^2 \qquad
# \frac{\partial R}{\partial w_i} = \lambda_1\, \text{sign}(w_i) + 2 \lambda_2 w_i$$
#
# **b)** Write `penalty(w, l1, l2)`, which returns one number, and `penalty_gradient(w, l1, l2)`, which returns an array of
# the shape of `w` (any shape).
#
# **Dropout** sets a share of a layer's inputs to 0 in each training step, so that no neuron can rely on one other. What
# remains is multiplied up, so that the sum stays the same on average (*inverted* dropout); in use, nothing is dropped:
#
# $$\text{training:}\quad y_i = \begin{cases} x_i / (1 - \text{rate}) & u_i \ge \text{rate} \\ 0 & u_i < \text{rate}
# \end{cases} \qquad\qquad \text{in use:}\quad y = x$$
#
# **c)** Write `dropout(x, rate, u, training)`: `u` has the shape of `x` and holds random numbers, uniform from 0 to 1;
# `training` is `True` or `False`.
#
# **Batch normalisation** brings each feature to mean 0 and standard deviation 1 within the batch, then lets the network
# learn a scale $\gamma$ and a shift $\beta$. It is given below.
#
# **d)** `answer_normalised`: a tuple (mean, standard deviation) of a feature after it, for $\gamma = 2$, $\beta = 3$.
# `answer_single`: what would come out in use for a batch of one single example, if its own batch statistics were used?
# `"a"`: the example unchanged; `"b"`: $\beta$, whatever the example is; `"c"`: $\gamma$ times the example.

# %% nbgrader={"grade_id": "polynomials", "locked": true}
_x_train, _x_valid = np.linspace(-1, 1, 15), np.linspace(-0.95, 0.95, 40)
_rng = np.random.default_rng(14)
_y_train = np.sin(3 * _x_train) + _rng.normal(0, 0.2, size=15)
_y_valid = np.sin(3 * _x_valid) + _rng.normal(0, 0.2, size=40)
_degrees, _fine = range(1, 13), np.linspace(-1, 1, 301)
_fits = {d: np.polynomial.Polynomial.fit(_x_train, _y_train, d) for d in _degrees}
_errors = np.array(
    [[np.mean((f(x) - y) ** 2) for x, y in [(_x_train, _y_train), (_x_valid, _y_valid)]] for f in _fits.values()]
)
figure, (left, right) = plt.subplots(1, 2, figsize=(12, 4.2))
left.plot(_x_train, _y_train, "ko", label="training points")
left.plot(_x_valid, _y_valid, "k+", label="validation points")
for _degree in (1, 3, 12):
    left.plot(_fine, _fits[_degree](_fine), label=f"degree {_degree}")
left.set(title="Three of the polynomials", xlabel="x", ylabel="y", ylim=(-2.2, 2.2))
right.semilogy(_degrees, _errors[:, 0], "o-", label="training")
right.semilogy(_degrees, _errors[:, 1], "s-", label="validation")
right.set(title="Mean squared error", xlabel="degree", ylabel="error", xticks=_degrees)
left.legend(fontsize=8)
right.legend()
figure.tight_layout()
plt.show()
for _degree, (_training, _validation) in zip(_degrees, _errors):
    print(f"degree {_degree:2}: training error {_training:.4f}, validation error {_validation:.4f}")

# %% nbgrader={"grade_id": "overfitting", "solution": true}
### BEGIN SOLUTION
answer_degree = 3
answer_beyond = ("falls", "rises")
### END SOLUTION

# %% nbgrader={"grade_id": "test_overfitting", "grade": true, "locked": true, "points": 2}
expect("Exercise 13, answer_degree is from 1 to 12", answer_degree in range(1, 13), True, "the degrees in the plot")
expect(
    "Exercise 13, answer_beyond is two words",
    [word in ("falls", "rises") for word in answer_beyond],
    [True, True],
    "the two words in the text",
)
### BEGIN HIDDEN TESTS
if answer_degree != 3:
    raise AssertionError(
        f"Exercise 13, answer_degree: {answer_degree} is not right. Look at which of the two errors says something about new points, and at where it is smallest."
    )
if tuple(answer_beyond) != ("falls", "rises"):
    raise AssertionError(
        "Exercise 13, answer_beyond: not right. Look at the right end of both lines; training error first, then validation."
    )
### END HIDDEN TESTS


# %% nbgrader={"grade_id": "penalty", "solution": true}
def penalty(w, l1, l2):
    """The L1 and L2 penalty of the weights `w`, as one number."""
    ### BEGIN SOLUTION
    return float(l1 * np.abs(w).sum() + l2 * (w**2).sum())
    ### END SOLUTION


def penalty_gradient(w, l1, l2):
    """Its gradient, of the shape of `w`."""
    ### BEGIN SOLUTION
    return l1 * np.sign(w) + 2 * l2 * w
    ### END SOLUTION


# %% nbgrader={"grade_id": "test_penalty", "grade": true, "locked": true, "points": 1}
expect(
    "Exercise 13, penalty([3, -4], l1 = 1, l2 = 0)", penalty(np.array([3.0, -4.0]), 1.0, 0.0), 7, "the absolute values"
)
expect(
    "Exercise 13, penalty([3, -4], l1 = 0, l2 = 1)",
    penalty(np.array([3.0, -4.0]), 0.0, 1.0),
    25,
    "the squares; no root, no half",
)
### BEGIN HIDDEN TESTS
_w = np.linspace(-2, 3, 12).reshape(3, 4)
_expected = sum(0.3 * abs(x) + 0.02 * x * x for row in _w.tolist() for x in row)
expect(
    "Exercise 13, penalty of 3×4 weights, l1 = 0.3, l2 = 0.02",
    unchanged("Exercise 13, penalty", penalty, _w, 0.3, 0.02),
    _expected,
    "that it sums, over all weights, both parts",
    tolerance=1e-5,
)
### END HIDDEN TESTS

# %% nbgrader={"grade_id": "test_penalty_gradient", "grade": true, "locked": true, "points": 2}
expect(
    "Exercise 13, penalty_gradient([3, 0, -4], l1 = 1, l2 = 0.5)",
    penalty_gradient(np.array([3.0, 0.0, -4.0]), 1.0, 0.5),
    [4, 0, -5],
    "the sign, and its value at 0",
)
### BEGIN HIDDEN TESTS
_w = np.linspace(-2, 3, 12).reshape(3, 4)
_h = 1e-5
_differences = [
    [(0.3 * (abs(x + _h) - abs(x - _h)) + 0.02 * ((x + _h) ** 2 - (x - _h) ** 2)) / (2 * _h) for x in row]
    for row in _w.tolist()
]
expect(
    "Exercise 13, penalty_gradient of 3×4 weights, l1 = 0.3, l2 = 0.02, against central differences",
    unchanged("Exercise 13, penalty_gradient", penalty_gradient, _w, 0.3, 0.02),
    _differences,
    "the derivative of a square, and which part has which factor",
    tolerance=1e-5,
)
### END HIDDEN TESTS


# %% nbgrader={"grade_id": "dropout", "solution": true}
def dropout(x, rate, u, training):
    """Inverted dropout of `x`, which drops where `u` is below `rate`, in training only."""
    ### BEGIN SOLUTION
    if not training:
        return x.copy()
    return np.where(u >= rate, x / (1 - rate), 0.0)
    ### END SOLUTION


# %% nbgrader={"grade_id": "test_dropout", "grade": true, "locked": true, "points": 3}
_x, _u = np.array([1.0, 2.0, 3.0, 4.0]), np.array([0.1, 0.6, 0.5, 0.9])
expect(
    "Exercise 13, dropout of [1, 2, 3, 4], rate 0.5, u = [0.1, 0.6, 0.5, 0.9]",
    dropout(_x, 0.5, _u, True),
    [0, 4, 6, 8],
    "what remains, and how it is scaled",
)
expect("Exercise 13, the same in use", dropout(_x, 0.5, _u, False), [1, 2, 3, 4], "the argument `training`")
### BEGIN HIDDEN TESTS
_x = np.linspace(-3, 5, 20).reshape(4, 5)
_u = np.linspace(0, 0.95, 20)[::-1].reshape(5, 4).T
_pairs = [list(zip(*rows)) for rows in zip(_x.tolist(), _u.tolist())]
for _rate in (0.2, 0.75, 0.0):
    expect(
        f"Exercise 13, dropout of 4×5 numbers, rate {_rate}",
        unchanged("Exercise 13, dropout", dropout, _x, _rate, _u, True),
        [[0.0 if u < _rate else x / (1 - _rate) for x, u in row] for row in _pairs],
        "the divisor: the share that is kept",
        tolerance=1e-5,
    )
_received = unchanged("Exercise 13, dropout", dropout, _x, 0.75, _u, False)
expect(
    "Exercise 13, dropout of 4×5 numbers in use",
    _received,
    [[x for x, u in row] for row in _pairs],
    "the argument `training`",
)
### END HIDDEN TESTS


# %% nbgrader={"grade_id": "batch_normalisation", "locked": true}
def batch_normalisation(X, gamma, beta, epsilon=1e-3):
    """Normalise each feature of `X` (examples, features) by its batch, as in training."""
    return gamma * (X - X.mean(axis=0)) / np.sqrt(X.var(axis=0) + epsilon) + beta


# In use there is no batch to speak of: running averages of means and variances, kept in training, take their place.
_normalised = batch_normalisation(np.random.default_rng(SEED).normal(100, 30, size=(256, 2)), gamma=1.0, beta=0.0)
print("means with gamma = 1, beta = 0:              ", _normalised.mean(axis=0).round(3) + 0.0)
print("standard deviations with gamma = 1, beta = 0:", _normalised.std(axis=0).round(3))

# %% nbgrader={"grade_id": "normalised", "solution": true}
### BEGIN SOLUTION
answer_normalised = (3.0, 2.0)
answer_single = "b"
### END SOLUTION

# %% nbgrader={"grade_id": "test_normalised", "grade": true, "locked": true, "points": 2}
expect("Exercise 13, the shape of answer_normalised", np.shape(answer_normalised), (2,), "mean and standard deviation")
expect("Exercise 13, answer_single is a, b or c", answer_single in ("a", "b", "c"), True, "the letters in the text")
### BEGIN HIDDEN TESTS
if not np.allclose(answer_normalised, (3.0, 2.0), atol=0.01):
    raise AssertionError(
        f"Exercise 13, answer_normalised: {answer_normalised} is not right. Look at what gamma and beta each do to numbers of mean 0 and standard deviation 1."
    )
if answer_single != "b":
    raise AssertionError(
        f"Exercise 13, answer_single: {answer_single} is not right. Look at what X − mean is when the batch is one example."
    )
### END HIDDEN TESTS

# %% [markdown]
# The sign of overfitting is the gap: training gets better while validation gets worse. L1 drives small weights
# to 0, L2 shrinks the large ones most, dropout spreads the work, batch normalisation adds a little noise and makes
# training faster.

# %% [markdown]
# # Part 7: convolutional networks
#
# A dense layer on an image of 28×28 has 784 weights a neuron, and would have to learn a cat anew for each place on the
# image. A **convolutional** layer slides one small set of weights, the **kernel**, over all places; the result is a
# **feature map**. **Pooling** layers make maps smaller, and **dense** layers at the end decide.
#
# ## Exercise 14: convolution (8 points)
#
# With a kernel $K$ of k×k, the map's entry at row i, column j is
#
# $$M_{ij} = \sum_{a=0}^{k-1} \sum_{b=0}^{k-1} K_{ab}\, I_{i s + a,\; j s + b}$$
#
# - **kernel size** k: usually 3 or 5, odd;
# - **padding**: with `"valid"`, none: the kernel stays within the image, and the map is smaller than that. With
#   `"same"`, (k − 1) / 2 rows and columns of zeros are put around the image first, which keeps the size for s = 1;
# - **stride** s: the step from one place to the next, down and to the right. What doesn't fit at the end is left out.
#
# | input | kernel | feature map |
# |---|---|---|
# | $\begin{matrix}1&2&-4&0&7\\-3&5&0&4&-2\\1&4&-6&8&5\\3&7&-1&0&2\\6&1&2&-2&1\end{matrix}$ | $\begin{matrix}-1&0&-1\\0&2&0\\-1&0&-1\end{matrix}$ | $\begin{matrix}18&-14&6\\9&-28&17\\11&-13&-2\end{matrix}$ |
#
# This is the slide's example, but for one number: the slide has −11 in the middle of the map's top row. That is a
# misprint: $2 \cdot 0 - (2 + 0 + 4 + 8) = -14$. The other eight are right.
#
# Mathematicians call the formula above **cross-correlation**; their *convolution* turns the kernel by 180° first. Deep
# learning says convolution and computes cross-correlation: the kernel is learned, so it may as well be learned turned.
# The slide's kernel looks the same turned, so it can't tell the two apart. The tests can.
#
# Write `conv2d(image, kernel, padding="valid", stride=1)`: `image` (height, width) and `kernel` (k, k), k odd, arrays of
# floats; returns the map. Loops over the places are fine.
#
# (*Channels*: an image with c channels needs a kernel k×k×c, and the products are summed over the channels too: one map
# for each kernel, however many channels. A layer has f kernels, each with its own bias, so its output has f channels.
# And with a stride above 1, Keras's `"same"` may put its zeros elsewhere; the output size is the same.)


# %% nbgrader={"grade_id": "conv2d", "solution": true}
def conv2d(image, kernel, padding="valid", stride=1):
    """The feature map of `kernel` (k, k) on `image` (height, width), by cross-correlation."""
    ### BEGIN SOLUTION
    size = len(kernel)
    if padding == "same":
        image = np.pad(image, (size - 1) // 2)
    windows = np.lib.stride_tricks.sliding_window_view(image, (size, size))
    return (windows[::stride, ::stride] * kernel).sum(axis=(2, 3))
    ### END SOLUTION


# %% nbgrader={"grade_id": "test_conv2d_valid", "grade": true, "locked": true, "points": 3}
_slide = np.array(
    [[1, 2, -4, 0, 7], [-3, 5, 0, 4, -2], [1, 4, -6, 8, 5], [3, 7, -1, 0, 2], [6, 1, 2, -2, 1]], dtype=float
)
_kernel = np.array([[-1, 0, -1], [0, 2, 0], [-1, 0, -1]], dtype=float)
expect(
    "Exercise 14, conv2d of the slide's image and kernel",
    conv2d(_slide, _kernel),
    [[18, -14, 6], [9, -28, 17], [11, -13, -2]],
    "the first place, worked by hand: 2·5 − (1 − 4 + 1 − 6) = 18",
)
_right_neighbour = np.array([[0, 0, 0], [0, 0, 1], [0, 0, 0]], dtype=float)
expect(
    "Exercise 14, conv2d of the slide's image and a kernel with a 1 right of its middle",
    conv2d(_slide, _right_neighbour),
    [[0, 4, -2], [-6, 8, 5], [-1, 0, 2]],
    "whether the kernel is turned",
)
### BEGIN HIDDEN TESTS
_image = np.sin(np.arange(42.0)).reshape(6, 7)
for _size in (3, 5, 1):
    _kernel = np.linspace(-1, 2, _size * _size).reshape(_size, _size) ** 2
    _map = [
        [
            sum(_kernel[a, b] * _image[i + a, j + b] for a in range(_size) for b in range(_size))
            for j in range(7 - _size + 1)
        ]
        for i in range(6 - _size + 1)
    ]
    expect(
        f"Exercise 14, conv2d of a 6×7 image and a {_size}×{_size} kernel",
        unchanged("Exercise 14, conv2d", conv2d, _image, _kernel),
        _map,
        "how many places there are, down and to the right, and which pixel meets which weight",
        tolerance=1e-5,
    )
### END HIDDEN TESTS

# %% nbgrader={"grade_id": "test_conv2d_same", "grade": true, "locked": true, "points": 3}
_ones = np.ones((3, 4))
expect(
    'Exercise 14, conv2d of 3×4 ones with a 3×3 kernel of ones, padding="same"',
    conv2d(_ones, np.ones((3, 3)), padding="same"),
    [[4, 6, 6, 4], [6, 9, 9, 6], [4, 6, 6, 4]],
    "the zeros around the image",
)
### BEGIN HIDDEN TESTS
_image = np.sin(np.arange(42.0)).reshape(6, 7) + 2
for _size in (3, 5):
    _kernel = np.linspace(-1, 2, _size * _size).reshape(_size, _size) ** 2
    _half = _size // 2
    _map = np.zeros((6, 7))
    for _i, _j, _a, _b in np.ndindex(6, 7, _size, _size):
        if 0 <= _i + _a - _half < 6 and 0 <= _j + _b - _half < 7:
            _map[_i, _j] += _kernel[_a, _b] * _image[_i + _a - _half, _j + _b - _half]
    expect(
        f'Exercise 14, conv2d of a 6×7 image and a {_size}×{_size} kernel, padding="same"',
        unchanged("Exercise 14, conv2d", conv2d, _image, _kernel, padding="same"),
        _map,
        "how many zeros a kernel of this size needs on each side",
        tolerance=1e-5,
    )
### END HIDDEN TESTS

# %% nbgrader={"grade_id": "test_conv2d_stride", "grade": true, "locked": true, "points": 2}
_slide = np.array(
    [[1, 2, -4, 0, 7], [-3, 5, 0, 4, -2], [1, 4, -6, 8, 5], [3, 7, -1, 0, 2], [6, 1, 2, -2, 1]], dtype=float
)
_kernel = np.array([[-1, 0, -1], [0, 2, 0], [-1, 0, -1]], dtype=float)
expect(
    "Exercise 14, conv2d of the slide, stride 2",
    conv2d(_slide, _kernel, stride=2),
    [[18, 6], [11, -2]],
    "the places that are left",
)
### BEGIN HIDDEN TESTS
_image = np.cos(np.arange(56.0)).reshape(7, 8)
_kernel = np.array([[1.0, 2.0, 3.0], [-1.0, 0.5, 0.0], [0.0, -2.0, 4.0]])
for _padding, _frame in [("valid", 0), ("same", 1)]:
    for _stride in (2, 3):
        _padded = [[0.0] * (8 + 2 * _frame) for _ in range(7 + 2 * _frame)]
        for _i, _j in np.ndindex(7, 8):
            _padded[_i + _frame][_j + _frame] = float(_image[_i, _j])
        _map = [
            [
                sum(float(_kernel[a, b]) * _padded[i + a][j + b] for a in range(3) for b in range(3))
                for j in range(0, len(_padded[0]) - 2, _stride)
            ]
            for i in range(0, len(_padded) - 2, _stride)
        ]
        expect(
            f'Exercise 14, conv2d of a 7×8 image, padding="{_padding}", stride {_stride}',
            unchanged("Exercise 14, conv2d", conv2d, _image, _kernel, _padding, _stride),
            _map,
            "the last places that fit, in both directions",
            tolerance=1e-5,
        )
### END HIDDEN TESTS

# %% nbgrader={"grade_id": "plot_maps", "locked": true}
_rows, _columns = np.mgrid[:28, :28]
_ring = (np.abs(np.hypot(_rows - 13.5, _columns - 13.5) - 8) < 2).astype(float)
_edges = {
    "vertical edges": np.array([[-1.0, 0.0, 1.0], [-2.0, 0.0, 2.0], [-1.0, 0.0, 1.0]]),
    "horizontal edges": np.array([[-1.0, -2.0, -1.0], [0.0, 0.0, 0.0], [1.0, 2.0, 1.0]]),
}
figure, axes = plt.subplots(1, 3, figsize=(9.5, 3))
axes[0].imshow(_ring, cmap="gray")
axes[0].set(title="image", xlabel="column", ylabel="row")
for _panel, (_name, _kernel) in zip(axes[1:], _edges.items()):
    _panel.set(title=f"feature map: {_name}", xlabel="column", ylabel="row")
    try:
        _drawn = _panel.imshow(conv2d(_ring, _kernel), cmap="coolwarm", vmin=-4, vmax=4)
        figure.colorbar(_drawn, ax=_panel, shrink=0.8)
    except Exception as error:  # not solved yet
        print(f"{_name} are not drawn: {error!r}")
figure.tight_layout()
plt.show()

# %% [markdown]
# These kernels were made by hand; a network finds its own, and the first layer's often end up as edges like these. Why is
# an edge red on one side of the ring and blue on the other, and what would relu leave of it?

# %% [markdown]
# ## Exercise 15: max pooling (3 points)
#
# A pooling layer keeps the largest number of each block of the map: fewer computations afterwards, at the cost of losing
# information (where in the block it was, and what else was there). Its size is usually 2 to 4, and its stride the size,
# or a multiple of it.
#
# Write `max_pool(image, size, stride)`: from `image` (height, width) to the largest number of each block of size×size, the
# blocks starting every `stride` rows and columns from the top left. Blocks that don't fit in are left out, no padding.


# %% nbgrader={"grade_id": "max_pool", "solution": true}
def max_pool(image, size, stride):
    """The largest number of each block of size×size of `image` (height, width)."""
    ### BEGIN SOLUTION
    windows = np.lib.stride_tricks.sliding_window_view(image, (size, size))
    return windows[::stride, ::stride].max(axis=(2, 3))
    ### END SOLUTION


# %% nbgrader={"grade_id": "test_max_pool", "grade": true, "locked": true, "points": 3}
expect(
    "Exercise 15, max_pool of a 4×4 map, size 2, stride 2",
    max_pool(np.array([[1, 3, 2, 0], [5, 4, 1, 1], [0, 0, 7, 8], [2, 1, 9, 6]], dtype=float), 2, 2),
    [[5, 2], [2, 9]],
    "which four numbers make a block",
)
### BEGIN HIDDEN TESTS
for _height, _width, _size, _stride in [(5, 7, 2, 2), (9, 6, 3, 3), (8, 9, 2, 4), (4, 8, 4, 4), (11, 10, 3, 6)]:
    _image = np.cos(np.arange(_height * _width) * 1.3).reshape(_height, _width) - 5
    _maxima = []
    for _top in range(0, _height - _size + 1, _stride):
        _maxima.append([])
        for _left in range(0, _width - _size + 1, _stride):
            _block = [float(_image[_top + a, _left + b]) for a in range(_size) for b in range(_size)]
            _maxima[-1].append(sorted(_block)[-1])
    expect(
        f"Exercise 15, max_pool of a {_height}×{_width} map of negative numbers, size {_size}, stride {_stride}",
        unchanged("Exercise 15, max_pool", max_pool, _image, _size, _stride),
        _maxima,
        "where blocks start, which of them fit, and what is kept",
        tolerance=1e-5,
    )
### END HIDDEN TESTS

# %% [markdown]
# A pooling of 2×2 leaves a quarter of the numbers, so the next convolution costs a quarter; it has nothing to learn.

# %% [markdown]
# ## Exercise 16: sizes and parameters (6 points)
#
# A convolution or pooling of size k and stride s turns n rows (or columns) into
#
# $$\text{valid: } \Big\lfloor \frac{n - k}{s} \Big\rfloor + 1 \qquad\qquad \text{same: } \Big\lceil \frac{n}{s} \Big\rceil$$
#
# A convolution of f kernels k×k on c channels has $f\,(k^2 c + 1)$ parameters, the 1 being each kernel's bias. A dense
# layer of m neurons with n inputs has $m\,(n + 1)$. Pooling, flattening and dropout have none.
#
# **a)** `output_size(n, k, stride, padding)`, with `padding` `"valid"` or `"same"`.
#
# **b)** `conv_parameters(k, channels, filters)` and `dense_parameters(inputs, neurons)`.
#
# **c)** `network_parameters(height, width, channels, classes)`: for the lecture's network on images of that size, the list of
# the parameters of its eight layers. No padding anywhere; pooling has stride 2; `Flatten` makes one row of height × width ×
# channels numbers. The slide has this `summary()` for 28×28 images with 1 channel and 10 classes:
#
# | layer | output shape | parameters |
# |---|---|---|
# | `Conv2D(32, (3, 3))` | 26×26×32 | 320 |
# | `MaxPooling2D((2, 2))` | 13×13×32 | 0 |
# | `Conv2D(64, (3, 3))` | 11×11×64 | 18,496 |
# | `MaxPooling2D((2, 2))` | 5×5×64 | 0 |
# | `Flatten()` | 1,600 | 0 |
# | `Dense(64)` | 64 | 102,464 |
# | `Dropout(0.5)` | 64 | 0 |
# | `Dense(10)` | 10 | 650 |
# | all | | 121,930 |


# %% nbgrader={"grade_id": "sizes", "solution": true}
def output_size(n, k, stride, padding):
    """Rows (or columns) that come out of a convolution or pooling, for `n` that go in."""
    ### BEGIN SOLUTION
    if padding == "same":
        return math.ceil(n / stride)
    return (n - k) // stride + 1
    ### END SOLUTION


def conv_parameters(k, channels, filters):
    """Parameters of a convolution with `filters` kernels of k×k on `channels` channels."""
    ### BEGIN SOLUTION
    return filters * (k * k * channels + 1)
    ### END SOLUTION


def dense_parameters(inputs, neurons):
    """Parameters of a dense layer."""
    ### BEGIN SOLUTION
    return neurons * (inputs + 1)
    ### END SOLUTION


def network_parameters(height, width, channels, classes):
    """Parameters of the eight layers of the lecture's network, for images of this shape, as a list."""
    ### BEGIN SOLUTION
    rows, columns = (((side - 2) // 2 - 2) // 2 for side in (height, width))
    first, second = 32 * (9 * channels + 1), 64 * (9 * 32 + 1)
    return [first, 0, second, 0, 0, 64 * (rows * columns * 64 + 1), 0, classes * (64 + 1)]
    ### END SOLUTION


# %% nbgrader={"grade_id": "test_output_size", "grade": true, "locked": true, "points": 2}
expect('Exercise 16, output_size(28, 3, 1, "valid")', output_size(28, 3, 1, "valid"), 26, "the + 1")
expect('Exercise 16, output_size(11, 2, 2, "valid")', output_size(11, 2, 2, "valid"), 5, "the rounding")
expect('Exercise 16, output_size(28, 3, 1, "same")', output_size(28, 3, 1, "same"), 28, "the padding")
### BEGIN HIDDEN TESTS
for _n, _k, _stride in [(28, 5, 1), (28, 5, 2), (29, 3, 2), (32, 3, 3), (7, 7, 2), (13, 2, 2), (10, 4, 4), (9, 2, 4)]:
    expect(
        f'Exercise 16, output_size({_n}, {_k}, {_stride}, "valid")',
        output_size(_n, _k, _stride, "valid"),
        len(range(0, _n - _k + 1, _stride)),
        "the last place that fits",
    )
    expect(
        f'Exercise 16, output_size({_n}, {_k}, {_stride}, "same")',
        output_size(_n, _k, _stride, "same"),
        len(range(0, _n, _stride)),
        "which way it is rounded, and what it doesn't depend on",
    )
### END HIDDEN TESTS

# %% nbgrader={"grade_id": "test_parameters", "grade": true, "locked": true, "points": 1}
expect("Exercise 16, conv_parameters(3, 1, 32)", conv_parameters(3, 1, 32), 320, "the biases")
expect("Exercise 16, dense_parameters(64, 10)", dense_parameters(64, 10), 650, "the biases")
### BEGIN HIDDEN TESTS
expect(
    "Exercise 16, conv_parameters(3, 32, 64)",
    conv_parameters(3, 32, 64),
    18_496,
    "what has channels, and what has a bias",
)
expect(
    "Exercise 16, conv_parameters(5, 3, 8)",
    conv_parameters(5, 3, 8),
    np.ones((8, 5, 5, 3)).size + 8,
    "both sides of the kernel",
)
expect("Exercise 16, dense_parameters(1600, 64)", dense_parameters(1600, 64), 102_464, "whose bias it is: the neuron's")
expect(
    "Exercise 16, dense_parameters(7, 300)", dense_parameters(7, 300), np.ones((300, 7)).size + 300, "whose bias it is"
)
### END HIDDEN TESTS

# %% nbgrader={"grade_id": "test_network_parameters", "grade": true, "locked": true, "points": 3}
expect(
    "Exercise 16, network_parameters(28, 28, 1, 10)",
    network_parameters(28, 28, 1, 10),
    [320, 0, 18_496, 0, 0, 102_464, 0, 650],
    "the table, row by row",
)
expect(
    "Exercise 16, the sum of network_parameters(28, 28, 1, 10)",
    sum(network_parameters(28, 28, 1, 10)),
    121_930,
    "the table's last row",
)
### BEGIN HIDDEN TESTS
expect(
    "Exercise 16, network_parameters(32, 32, 3, 10), for CIFAR-10",
    network_parameters(32, 32, 3, 10),
    [896, 0, 18_496, 0, 0, 147_520, 0, 650],
    "what depends on the channels, and what on the size of the image",
)
# 20×45: 18×43, 9×21, 7×19, 3×9
expect(
    "Exercise 16, network_parameters(20, 45, 2, 4)",
    network_parameters(20, 45, 2, 4),
    [608, 0, 18_496, 0, 0, 110_656, 0, 260],
    "height and width, each by itself, and the number of classes",
)
### END HIDDEN TESTS

# %% [markdown]
# Most parameters sit in the first dense layer, 102,464 of 121,930, although the convolutions do most of the work: they
# use each of their weights at hundreds of places.

# %% [markdown]
# # All together
#
# If exercises 2, 4, 5, 7, 9 and 11 are solved, the next cell trains a network, all of it yours: 2 inputs, 16 hidden
# neurons, 2 classes, mini-batches of 32 with momentum, 60 epochs. No points: look whether the border follows the moons.

# %% nbgrader={"grade_id": "all_together", "locked": true}
_rng = np.random.default_rng(SEED)
_angles = _rng.uniform(0, np.pi, size=300)
_labels = np.arange(300) % 2
_points = np.stack([np.cos(_angles) + _labels, np.sin(_angles) * (1 - 2 * _labels) + 0.4 * _labels], axis=1)
_points = _points + _rng.normal(0, 0.15, size=(300, 2))
_targets = np.eye(2)[_labels]
_weights = [_rng.normal(0, 1, size=(2, 16)), np.zeros(16), _rng.normal(0, 0.35, size=(16, 2)), np.zeros(2)]
_velocities = [np.zeros_like(w) for w in _weights]
_history = []
try:
    for _epoch in range(60):
        for _batch in minibatches(300, 32, _epoch):
            _hidden = activation(dense(_points[_batch], _weights[0], _weights[1]), "relu")
            _probabilities = softmax(dense(_hidden, _weights[2], _weights[3]))
            _gradients = backward(_points[_batch], _targets[_batch], _hidden, _probabilities, _weights[2])
            _steps = [momentum_step(w, v, g, 0.1, 0.9) for w, v, g in zip(_weights, _velocities, _gradients)]
            _weights, _velocities = [w for w, v in _steps], [v for w, v in _steps]
        _probabilities = two_layer(_points, *_weights, lambda z: activation(z, "relu"), softmax)
        _history.append(cross_entropy(_targets, _probabilities))
    _across, _up = np.meshgrid(np.linspace(-1.8, 2.8, 120), np.linspace(-1.4, 1.8, 90))
    _plane = two_layer(
        np.stack([_across.ravel(), _up.ravel()], axis=1), *_weights, lambda z: activation(z, "relu"), softmax
    )
    figure, (left, right) = plt.subplots(1, 2, figsize=(11, 4))
    left.contourf(_across, _up, _plane[:, 1].reshape(_across.shape), levels=11, cmap="coolwarm", alpha=0.5)
    for _class, _colour in [(0, "tab:blue"), (1, "tab:red")]:
        left.scatter(*_points[_labels == _class].T, s=10, color=_colour, label=f"class {_class}")
    left.set(title="Two moons, and the probability of class 1", xlabel="$x_0$", ylabel="$x_1$")
    left.legend()
    right.plot(range(1, 61), _history, label="training")
    right.set(title="Cross-entropy", xlabel="epoch", ylabel="loss")
    right.legend()
    figure.tight_layout()
    plt.show()
except Exception as error:  # not solved yet
    print(f"Not all of the exercises are there yet: {error!r}")

# %% [markdown]
# # Glossary
#
# The slides are in Russian; these are their terms.
#
# | Russian | English | in one line |
# |---|---|---|
# | нейрон, персептрон | neuron, perceptron | weighted sum of inputs and a bias, through an activation function |
# | функция активации | activation function | what a neuron applies to its sum |
# | глубокая нейросеть | deep neural network | a network of many layers |
# | свёрточная сеть | convolutional network | a network with kernels that slide over its input |
# | рекуррентная сеть | recurrent network | a network that reads a sequence and remembers |
# | спайковая сеть | spiking network | a network whose neurons send pulses in time |
# | обучение на прецедентах (на примерах) | learning from examples | what to do is learned from examples, not written down |
# | признаки | features | the numbers that describe an example, $X$ |
# | целевая переменная | target | the number or class to be found, $y$ |
# | классификация | classification | to find a class |
# | регрессия | regression | to find a number |
# | кластеризация | clustering | to find groups that nobody gave |
# | ранжирование | ranking | to find an order |
# | предсказание | prediction, forecasting | to find what comes next |
# | ошибка, функция потерь | error, loss function | what training makes small |
# | индикатор ошибки | error indicator | 1 if wrong, 0 if right |
# | квадратичная ошибка | squared error | the square of the difference |
# | метрика качества | quality metric | what tells people how good it is |
# | доля верных ответов | accuracy | the share of right answers |
# | точность | precision | the share of the selected that is relevant |
# | полнота | recall | the share of the relevant that is selected |
# | градиентный спуск | gradient descent | small steps against the gradient |
# | момент, инерция | momentum | remembering the direction of earlier steps |
# | скорость обучения | learning rate | the coefficient of a step |
# | паралич сети | network paralysis | steps so small that nothing is learned any more |
# | пакетный режим | full-batch mode | all examples for one step |
# | стохастический режим | stochastic mode | one example for one step |
# | мини-пакет | mini-batch | a small part of the examples for one step |
# | эпоха | epoch | one pass through all training data |
# | обратное распространение ошибки | back-propagation | the gradient, layer by layer, from the last to the first |
# | обучающая выборка | training set | what the network learns from |
# | валидационная выборка | validation set | what choices are made by |
# | тестовая выборка | test set | what is untouched until the end |
# | переобучение | overfitting | learning the examples by heart |
# | регуляризация | regularisation | what works against it |
# | свёрточный слой | convolutional layer | kernels over an image, one map each |
# | ядро свёртки | kernel | the small array of weights that slides |
# | карта признаков | feature map | the result of one kernel |
# | сохранение размера | "same" padding | zeros around the image that keep its size |
# | шаг | stride | how far the kernel or block moves |
# | слой подвыборки, пулинга | pooling layer | the largest number of each block |
# | полносвязный слой | dense, fully connected layer | every neuron has every input |
#
# # At the end
#
# Choose *Kernel → Restart & Run All*, look whether every test cell stays silent, save, and hand in the file under the name
# it has.
