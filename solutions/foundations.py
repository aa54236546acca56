# %% [markdown]
# # Homework 1: the foundations, in NumPy
#
# Everything that the lecture introduces before its practical part, built from arrays: a neuron, layers, losses, metrics,
# gradient descent and its variations, back-propagation, regularization, convolution, pooling. From Homework 2 on, Keras
# does all of this for you. Here you see that none of it is magic.
#
# **You will** write each part in a few lines, check it on numbers worked out by hand, and look at small experiments.
#
# The lecture's homework slide has three items: (1) play with layers and their parameters, (2) train a network of your own
# on Fashion-MNIST, (3) do the same on CIFAR. This notebook prepares you for item 1, because you write the layers yourself.
#
# **Time**: 6 to 8 hours for 28 short functions and some questions; the computer itself needs a few seconds. You can
# stop after any exercise and come back. **Points**: 100.
#
# **How to work**: run the cells from top to bottom (Shift+Enter). Write your code in place of `raise NotImplementedError`,
# then run the test cell below it. If nothing is printed, the visible tests pass. Grading runs further tests on
# other inputs, so solve the exercise rather than its tests. No exercise needs another one to be solved.
# *Run All* stops at the first cell that fails. To leave an exercise for later, select the heading of the next
# exercise and choose *Run → Run Selected Cell and All Below* (in Colab: *Runtime → Run cell and below*).
# If a test cell shows a warning, find its cause: this course's grader takes no points for it unless the test says so, but
# plain nbgrader gives the whole cell 0 points. Before you submit, choose *Kernel → Restart Kernel and Run All Cells* (in Colab:
# *Runtime → Restart session and run all*), check that everything still works, and save. Don't rename the file.
#
# **One rule for all functions**: return new arrays, and leave the arguments as they are. `w = w - g` makes a new
# array; `w -= g` changes the caller's.

# %% nbgrader={"grade_id": "setup", "locked": true}
import copy
import math
import warnings

import matplotlib.pyplot as plt
import numpy as np

QUICK = False  # True: fewer guessers in the experiment of Exercise 12 (nothing else takes any time)
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
    """Return what `function` returns; raise WrongAnswer if it changes an array, list, or dictionary given to it."""
    before = [copy.deepcopy(given) if isinstance(given, (np.ndarray, list, dict)) else None for given in arguments]
    received = function(*arguments, **options)
    for number, (now, then) in enumerate(zip(arguments, before), start=1):
        if then is not None:
            expect(
                f"{what}: argument number {number}, after the call",
                now,
                then,
                "operators and methods that change an array in place, such as `-=` or `x[...] =`: make a new array",
                tolerance=0,
            )
    return received


# %% nbgrader={"grade_id": "several", "locked": true}
def several(what, received, number=None):
    """Return `received`; raise WrongAnswer unless it is a tuple, list or array (of `number` values, if given)."""
    if not hasattr(received, "__len__"):
        wanted = "several values" if number is None else f"{number} values"
        expect(f"{what}: what is returned", received, wanted, "the `return` of the function")
    if number is not None:
        expect(f"{what}: how many values are returned", len(received), number, "the `return` of the function")
    return received


# %% nbgrader={"grade_id": "localized", "locked": true}
LANGUAGE = "en"  # of this notebook
TERMS = {  # English: Russian
    "classification": "классификация",
    "regression": "регрессия",
    "clustering": "кластеризация",
    "ranking": "ранжирование",
    "prediction": "предсказание",
    "gradient descent": "градиентный спуск",
    "momentum": "момент",
    "Nesterov": "Нестеров",
    "too small": "слишком мала",
    "right": "подходит",
    "too large": "слишком велика",
    "training": "обучающая",
    "validation": "валидационная",
    "test": "тестовая",
    "find the weights": "найти веса",
    "choose the number of layers": "выбрать число слоёв",
    "report the quality at the very end": "сообщить качество в самом конце",
    "falls": "падает",
    "rises": "растёт",
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
# # Part 1: learning from examples
#
# The first ideas about neural networks date from the 1940s to the 1960s. A long period of disappointment followed, until the
# 1990s. In 2012 a deep network won the ImageNet competition by a wide margin, and in 2015 another one made fewer
# mistakes there than a trained person.
#
# **Machine learning** lets a computer do a task that nobody can describe step by step. A program learns from
# **examples** by **minimizing an error**, and a **quality metric** tells us how well it does. **Neural networks** are one
# family of such programs. They are everywhere now for three reasons: fast hardware, plenty of data, and fashion. This
# course is about **convolutional** networks. There are others: **Hopfield** networks recall stored patterns, **Kohonen**
# maps arrange unlabeled examples on a grid, **recurrent** networks read sequences, and **spiking** networks exchange
# pulses over time, as biological neurons do.
#
# | task | what is asked for |
# |---|---|
# | classification | one of a few known classes |
# | regression | a number |
# | clustering | groups of similar examples, when nobody has named the groups |
# | ranking | an order |
# | prediction | the next values of a series, from its past |

# %% [markdown]
# ## Exercise 1: examples as arrays (5 points)
#
# Goal: turn a table into the arrays that a network needs, and tell the tasks of machine learning apart.
#
# In the slide's table of people, the first five columns are the **features** $X$, and the last two are **targets** $y$.
#
# | height | IQ | beers per day | sex | school grade | university grade | smokes? |
# |---|---|---|---|---|---|---|
# | 170 | 128 | 0 | m | 4.7 | 4.4 | no |
# | 195 | 90 | 40 | m | 3.3 | 3.1 | yes |
# | 160 | 111 | 2 | f | 4.0 | 3.9 | no |
# | 183 | 143 | 0 | m | 4.8 | 4.7 | yes |
#
# **a)** Write `encode_people(rows)`. It takes a list of n such rows, each a tuple of seven values in this order, and
# returns three arrays of numbers, `X, y_classification, y_regression`:
#
# - `X` has shape (n, 5). The sex becomes a number: `"f"` is 0 and `"m"` is 1.
# - `y_classification` has shape (n,). It is the target that is a class: `"no"` is 0 and `"yes"` is 1.
# - `y_regression` has shape (n,). It is the other target.
#
# *NumPy*: build lists of numbers in a loop or a comprehension, then call `np.array(list)`. (`np.array(rows)` on the
# mixed rows makes an array of text.)
#
# **b)** Set `answer_tasks` to a dictionary from letter to task, using the words of the table in Part 1, as in
# `{"a": "ranking", …}`.
#
# - a: is there a tumor in this scan?
# - b: the price of an apartment, from its area and district
# - c: split 10,000 customers into groups of similar ones; no groups are known
# - d: which of the pages found to show first, second, third, …
# - e: the temperature of the next three days, from the last thirty
# - f: which digit is in this image?

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
_what = "Exercise 1, encode_people(people)"
_received = unchanged(_what, encode_people, list(people))
_X, _y_class, _y_number = several(_what, _received, 3)
expect("Exercise 1, encode_people(people), the shape of X", np.shape(_X), (4, 5), "which columns are features")
expect(
    "Exercise 1, encode_people(people), what X holds (f: floats, i: whole numbers, U: text, O: objects)",
    np.asarray(_X).dtype.kind,
    "f",
    "how the array is made: from numbers only, and with their decimals",
)
expect(
    "Exercise 1, encode_people(people), X of the third person",
    _X[2],
    [160, 111, 2, 0, 4.0],
    "how the sex becomes a number",
)
expect(
    "Exercise 1, encode_people(people), the shapes of the two targets",
    [np.shape(_y_class), np.shape(_y_number)],
    [(4,), (4,)],
    "one number per person",
)
expect(
    "Exercise 1, encode_people(people), the two targets of the third person",
    [_y_class[2], _y_number[2]],
    [0, 3.9],
    "which target is a class, which is a number, and how the class becomes a number",
)
### BEGIN HIDDEN TESTS
_X, _y_class, _y_number = encode_people(
    [(150, 100, 1, "f", 3.5, 5.0, "yes"), (201, 99, 3, "m", 3.6, 4.0, "no"), (180, 98, 0, "f", 4.1, 3.0, "yes")]
)
_expected = [[150, 100, 1, 0, 3.5], [201, 99, 3, 1, 3.6], [180, 98, 0, 0, 4.1]]
expect("Exercise 1, encode_people of three others, X", _X, _expected, "numbers that should come from `rows`")
expect(
    "Exercise 1, encode_people of three others, y_classification", _y_class, [1, 0, 1], "where the classes come from"
)
expect("Exercise 1, encode_people of three others, y_regression", _y_number, [5, 4, 3], "where the grades come from")
### END HIDDEN TESTS

# %% nbgrader={"grade_id": "tasks", "solution": true}
# answer_tasks = …
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
expect("Exercise 1, the letters in answer_tasks", sorted(answer_tasks), list("abcdef"), "the six letters")
_kinds = localized({"classification", "regression", "clustering", "ranking", "prediction"})
expect(
    "Exercise 1, words in answer_tasks that name no task",
    sorted(set(localized(answer_tasks).values()) - _kinds),
    [],
    "the words of the table in Part 1",
)
### BEGIN HIDDEN TESTS
_tasks = ["classification", "regression", "clustering", "ranking", "prediction", "classification"]
_right = dict(zip("abcdef", localized(_tasks)))
_wrong = [letter for letter in "abcdef" if localized(answer_tasks[letter]) != _right[letter]]
if _wrong:
    raise WrongAnswer(
        f"Exercise 1, answer_tasks, not right for: {', '.join(_wrong)}.\n"
        "Look at what the answer is: a class, a number, a group, an order, or what comes next."
    )
### END HIDDEN TESTS

# %% [markdown]
# To a network, a person is now five numbers, and it never sees anything else. Only you know what a column means, and that
# 40 beers per day is probably a typo.

# %% [markdown]
# # NumPy on one page
#
# Most functions from here on take NumPy arrays and return them. If NumPy is new to you, read this page and run its two cells; if
# you know it, come back when an exercise names a call that you have forgotten. In the table, `X` is an array of shape (n, m).
#
# | you want | you write |
# |---|---|
# | the shape, the number of rows | `X.shape`, `len(X)` |
# | arithmetic, element by element | `X + Y`, `X * Y`, `X / 2`, `X**2`, `np.exp(X)`, `np.log(X)`, `np.sqrt(X)`, `np.abs(X)`, `np.sign(X)` |
# | a matrix product | `X @ W`: shapes (n, m) and (m, k) give (n, k); `X.T` is the transpose |
# | a sum (in the same way `mean`, `max`, `var`) | `X.sum()` of everything, `X.sum(axis=0)` per column, `X.sum(axis=1)` per row |
# | the position of the largest number in each row | `X.argmax(axis=1)` |
# | to compare | `X > 0` is an array of `True` and `False`; `(X > 0) & (X < 1)`; `.sum()` counts them, `.astype(int)` makes 1 and 0 |
# | to choose, element by element | `np.where(X > 0, this, that)`, `np.maximum(X, 0)`, `np.clip(X, low, high)` |
# | a part | `X[2:5]` rows 2 to 4, `X[:, 0]` the first column, `X[::2]` every other row, `X[indices]` those rows |
# | an array from a list, an array of zeros | `np.array([[1, 2], [3, 4]])`, `np.zeros((rows, columns))` |
# | a border of zeros | `np.pad(X, 1)` |
# | the numbers 0 to n − 1 in random order | `np.random.default_rng(seed).permutation(n)` |
#
# **`axis`** is the dimension that disappears: `axis=1` of shape (n, m) leaves (n,). With **`keepdims=True`** it stays, with
# size 1: (n, 1).
#
# **Broadcasting**: where two shapes differ, NumPy lines them up from the right and repeats whatever has size 1 or is missing.
# (n, m) with (m,) uses the same m numbers for each row; (n, m) with (n, 1) uses one number for each row. (n, m) with (n,) is
# an error, or a mistake that you don't notice if n and m happen to be equal.

# %% nbgrader={"grade_id": "numpy_primer", "locked": true}
X = np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 9.0]])
print("X.shape:                      ", X.shape)
print("X.sum(axis=0), per column:    ", X.sum(axis=0))
print("X.sum(axis=1), per row:       ", X.sum(axis=1))
print("X.argmax(axis=1):             ", X.argmax(axis=1))
print("X.mean(axis=1, keepdims=True) has the shape", X.mean(axis=1, keepdims=True).shape)
print("X - X.mean(axis=1, keepdims=True), so that each row has mean 0:")
print(X - X.mean(axis=1, keepdims=True))
print("X + [10, 20, 30], the same three numbers for each row:")
print(X + np.array([10.0, 20.0, 30.0]))
print("X @ X.T, a matrix product of (2, 3) and (3, 2); X * X would multiply element by element:")
print(X @ X.T)
print("np.where(X > 3, X, 0):")
print(np.where(X > 3, X, 0))

# %% nbgrader={"grade_id": "numpy_copies", "locked": true}
before = np.array([1.0, 2.0, 3.0])
same = before  # a second name for the same array
same *= 10  # changes it in place, so `before` changes too
print("before, after `same *= 10`:   ", before)
before = np.array([1.0, 2.0, 3.0])
other = before * 10  # a new array
print("before, after `before * 10`:  ", before)
order = np.random.default_rng(SEED).permutation(5)
print("a random order of 0 to 4:     ", order)
print("the same seed, the same order:", np.random.default_rng(SEED).permutation(5))
print("slices of it:                 ", order[:2], order[2:4], order[4:6], "(a slice may end past the end)")

# %% [markdown]
# # Part 2: from a neuron to a network
#
# ## Exercise 2: activation functions (5 points)
#
# Goal: write the four classic activation functions, and make one of them safe for large numbers.
#
# A neuron sends its weighted sum through an **activation function**. Without one, a network of many layers could
# do no more than a single layer.
#
# $$\text{step}(z) = \begin{cases}1 & z \ge 0\\ 0 & z < 0\end{cases} \qquad
# \text{sigmoid}(z) = \frac{1}{1 + e^{-z}} \qquad
# \tanh(z) = \frac{e^z - e^{-z}}{e^z + e^{-z}} \qquad \text{relu}(z) = \max(0, z)$$
#
# Write `activation(z, kind)`: `z` is an array of any shape, and `kind` is `"step"`, `"sigmoid"`, `"tanh"`, or `"relu"`. It
# returns an array of the same shape.
#
# The sigmoid has to be **numerically stable**: its result must be accurate for any `z`, and it must not warn. For
# $z = -720$ the formula above computes $e^{720}$, which is too large for a float: NumPy warns of an overflow, and the
# result is exactly 0 instead of $2 \cdot 10^{-313}$. For $z < 0$ use $e^z / (1 + e^z)$, which is the same number. Note that
# `np.where(condition, a, b)` computes both `a` and `b` for every element before it chooses, so neither of them may
# overflow. The power $e^{-|z|}$ never overflows.
#
# *NumPy*: `np.where`, `np.maximum`, `np.exp`, `np.abs`, `np.tanh`.


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
_ln2, _ln3 = math.log(2), math.log(3)
for _kind, _name, _z, _expected, _look in [
    ("step", "[-2, 0, 2.5]", [-2.0, 0.0, 2.5], [0, 1, 1], "what happens at 0"),
    ("relu", "[[-2, 0], [2.5, 1]]", [[-2.0, 0.0], [2.5, 1.0]], [[0, 0], [2.5, 1]], "the maximum, with its decimals"),
    ("sigmoid", "[-ln 3, 0, ln 3]", [-_ln3, 0.0, _ln3], [1 / 4, 1 / 2, 3 / 4], "the sign of the exponent"),
    ("tanh", "[-ln 2, 0, ln 2]", [-_ln2, 0.0, _ln2], [-3 / 5, 0, 3 / 5], "the formula"),
]:
    _what = f"Exercise 2, {_kind} of {_name}"
    _received = unchanged(_what, activation, np.array(_z), _kind)
    expect(_what, _received, _expected, _look)
### BEGIN HIDDEN TESTS
_oracles = {
    "step": lambda z: 0.0 if z < 0 else 1.0,
    "sigmoid": lambda z: 1 / (1 + math.exp(-z)),
    "tanh": lambda z: (math.exp(2 * z) - 1) / (math.exp(2 * z) + 1),
    "relu": lambda z: z if z > 0 else 0.0,
}
for _kind, _oracle in _oracles.items():
    _z = np.linspace(-4, 4, 12).reshape(3, 4)
    _expected = [[_oracle(z) for z in row] for row in _z.tolist()]
    _received = activation(_z, _kind)
    expect(f"Exercise 2, {_kind} of 3×4 numbers from -4 to 4", _received, _expected, "the shape of z", tolerance=1e-5)
### END HIDDEN TESTS

# %% nbgrader={"grade_id": "test_stable_sigmoid", "grade": true, "locked": true, "points": 2}
with warnings.catch_warnings(record=True) as _warned:
    warnings.simplefilter("always")
    _ends = activation(np.array([-720.0, 0.0, 1000.0]), "sigmoid")
expect(
    "Exercise 2, the warnings that sigmoid of [-720, 0, 1000] makes",
    sorted({str(warning.message) for warning in _warned}),
    [],
    "which exponent is a large positive number, and for which elements it is computed",
)
expect(
    "Exercise 2, sigmoid(-720) divided by e^-720",
    float(_ends[0]) / math.exp(-720),
    1.0,
    "the formula for z < 0; cutting z off changes the result",
)
expect("Exercise 2, sigmoid of [0, 1000]", _ends[1:], [0.5, 1], "the formula for z ≥ 0")
### BEGIN HIDDEN TESTS
for _end in (-740.0, -50.0, 740.0):
    _far = activation(np.array([[_end]]), "sigmoid")
    _exact = math.exp(min(_end, 0.0))
    expect(f"Exercise 2, sigmoid({_end:g}) divided by its exact value", _far / _exact, [[1]], "large numbers", 1e-3)
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
# are flat at both ends, and relu is flat on one side only. Which of them would you put into a network of twenty layers?

# %% [markdown]
# ## Exercise 3: the perceptron (5 points)
#
# Goal: compute the output of one neuron for many examples at once, and turn outputs into classes.
#
# A **perceptron**, or neuron, weights its inputs, adds a bias, and applies its activation function:
#
# $$y_{out} = F_{act}\Big(b + \sum_{i=1}^n w_i x_i\Big)$$
#
# **a)** Write `perceptron(x, w, b, f_act)` for many examples at once: `x` has shape (examples, n), `w` has shape (n,), `b`
# is a number, and `f_act` is a function that takes and returns an array. The result has shape (examples,).
#
# *NumPy*: `x @ w` with shapes (examples, n) and (n,) gives one sum per example.
#
# **b)** The last layer has as many neurons as there are classes, except in the binary case. There, one
# neuron with a sigmoid gives the probability of class 1, and class 0 gets the rest. Write
# `predicted_class(outputs)`, which returns whole numbers of shape (examples,):
#
# - if `outputs` has shape (examples, 1), they are such probabilities: the class is 1 if the output is 0.5 or more, else 0;
# - if `outputs` has shape (examples, classes), the class is the position of the largest number in the row.
#
# *NumPy*: `outputs.shape[1]`, `outputs[:, 0]`, a comparison and `.astype(int)`, `.argmax(axis=1)`.


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
_what = "Exercise 3, perceptron with w = [1, 2], b = -2.5, F_act = sign"
_x = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
_received = unchanged(_what, perceptron, _x, np.array([1.0, 2.0]), -2.5, lambda z: np.sign(z))
expect(_what, _received, [-1, -1, -1, 1], "the bias, and what goes through F_act")
### BEGIN HIDDEN TESTS
_x = np.linspace(-1, 2, 15).reshape(5, 3)
_w = np.array([0.5, -2.0, 1.25])
_expected = [math.tanh(0.75 + sum(float(w * x) for w, x in zip(_w, row))) for row in _x]
_what = "Exercise 3, perceptron with 3 inputs, 5 examples, F_act = tanh"
_received = perceptron(_x, _w, 0.75, lambda z: np.tanh(z))
expect(_what, _received, _expected, "the sum over the inputs, and the function f_act", tolerance=1e-5)
### END HIDDEN TESTS

# %% nbgrader={"grade_id": "test_predicted_class", "grade": true, "locked": true, "points": 2}
_what = "Exercise 3, predicted_class of [[0.2], [0.9], [0.5]]"
_received = unchanged(_what, predicted_class, np.array([[0.2], [0.9], [0.5]]))
expect(_what, _received, [0, 1, 1], "the threshold, the case of exactly 0.5, and the shape of the result")
_what = "Exercise 3, predicted_class of [[0.3, 0.45, 0.25], [0.1, 0.3, 0.6]]"
_received = predicted_class(np.array([[0.3, 0.45, 0.25], [0.1, 0.3, 0.6]]))
expect(_what, _received, [1, 2], "the axis of the classes; there is no threshold here")
### BEGIN HIDDEN TESTS
for _outputs, _expected in [
    ([[0.51], [0.49], [0.0], [1.0], [0.5]], [1, 0, 0, 1, 1]),
    ([[0.2, 0.7, 0.1], [0.1, 0.2, 0.7], [0.5, 0.3, 0.2], [0.4, 0.35, 0.25]], [1, 2, 0, 0]),
    ([[0.9, 0.8], [0.1, 0.2]], [0, 1]),
]:
    _received = predicted_class(np.array(_outputs))
    expect(f"Exercise 3, predicted_class of {_outputs}", _received, _expected, "which outputs a threshold is for")
### END HIDDEN TESTS

# %% [markdown]
# One perceptron separates its inputs by a straight line (with more inputs, by a plane). XOR can't be separated like that.
# This was one reason for the disappointment before the 1990s. Solving it takes a second layer.

# %% [markdown]
# ## Exercise 4: dense layers, softmax, a network (9 points)
#
# Goal: build a small network from matrix products.
#
# A **dense** (fully connected) layer is m neurons with the same n inputs: each column of $W$ holds the weights of one
# neuron. **Softmax** turns several outputs into probabilities. Two layers make a small network:
#
# $$\text{dense}(X) = XW + b \qquad \text{softmax}(z)_j = \frac{e^{z_j}}{\sum_k e^{z_k}} \qquad
# P = F_{out}\big(F_{hidden}(X W_1 + b_1)\, W_2 + b_2\big)$$
#
# **a)** Write `dense(X, W, b)`: `X` has shape (examples, n), `W` (n, m), `b` (m,). It returns shape (examples, m),
# without an activation function.
#
# **b)** Write `softmax(Z)`: `Z` has shape (examples, classes). It treats each row on its own and returns an array of
# the same shape whose rows add up to 1. It has to be stable: first subtract from each row the largest number *of that
# row*. This doesn't change the result, because numerator and denominator are multiplied by the same $e^{-\max z}$,
# and then no exponent is positive.
#
# **c)** Write `two_layer(X, W1, b1, W2, b2, f_hidden, f_out)`: `X` has shape (examples, n), `W1` (n, hidden), `b1`
# (hidden,), `W2` (hidden, classes), `b2` (classes,). `f_hidden` and `f_out` are functions of an array, usually relu and
# softmax. It returns shape (examples, classes).
#
# *NumPy*: `@`; broadcasting adds `b` to each row; `Z.max(axis=1, keepdims=True)` and `.sum(axis=1, keepdims=True)` have
# shape (examples, 1), so that they line up with the rows.


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
    "Exercise 4, dense of [[1, 2], [3, 4]], W = [[1, 0, -1], [2, 1, 0]], b = [0.5, 0, 1]",
    dense(np.array([[1.0, 2.0], [3.0, 4.0]]), np.array([[1.0, 0.0, -1.0], [2.0, 1.0, 0.0]]), np.array([0.5, 0.0, 1.0])),
    [[5.5, 2, 0], [11.5, 4, -2]],
    "the order of X and W in the product, and the bias",
)
### BEGIN HIDDEN TESTS
for _n, _m in [(4, 2), (3, 3)]:
    _X = np.linspace(-1, 1, 3 * _n).reshape(3, _n)
    _W = np.linspace(2, -3, _n * _m).reshape(_n, _m) ** 2
    _b = np.arange(_m) * 10.0
    _expected = [[sum(_X[i, k] * _W[k, j] for k in range(_n)) + _b[j] for j in range(_m)] for i in range(3)]
    _received = dense(_X, _W, _b)
    _what = f"Exercise 4, dense of 3 examples with {_n} inputs and {_m} neurons"
    expect(_what, _received, _expected, "which index of W belongs to the input", tolerance=1e-5)
### END HIDDEN TESTS

# %% nbgrader={"grade_id": "test_softmax", "grade": true, "locked": true, "points": 3}
_what = "Exercise 4, softmax of [[0, ln 3], [ln 4, 0]]"
_received = unchanged(_what, softmax, np.log(np.array([[1.0, 3.0], [4.0, 1.0]])))
expect(_what, _received, [[0.25, 0.75], [0.8, 0.2]], "the sum in the denominator: one per row")
with np.errstate(all="ignore"):
    _received = softmax(np.array([[1000.0, 1000.0 + math.log(3)], [0.0, -2000.0]]))
_what = "Exercise 4, softmax of [[1000, 1000 + ln 3], [0, -2000]]"
expect(_what, _received, [[0.25, 0.75], [1, 0]], "what is subtracted from each row", tolerance=1e-4)
### BEGIN HIDDEN TESTS
_Z = np.linspace(-2, 3, 12).reshape(3, 4) ** 2 - np.array([[0.0], [900.0], [0.0]])
_powers = [[math.exp(z - max(row)) for z in row] for row in _Z.tolist()]
_expected = [[p / sum(row) for p in row] for row in _powers]
with np.errstate(all="ignore"):
    _received = softmax(_Z)
expect("Exercise 4, softmax of 3 rows of 4", _received, _expected, "the number of classes, large numbers", 1e-5)
### END HIDDEN TESTS

# %% nbgrader={"grade_id": "test_two_layer", "grade": true, "locked": true, "points": 3}
expect(
    "Exercise 4, two_layer of x = [1, 2], with |z| as hidden function and doubling as output function",
    two_layer(
        np.array([[1.0, 2.0]]),
        np.array([[1.0, 0.0], [-1.0, 1.0]]),
        np.array([0.0, 1.0]),
        np.array([[2.0], [1.0]]),
        np.array([-3.0]),
        lambda z: np.abs(z),
        lambda z: 2 * z,
    ),
    [[4.0]],  # hidden |[-1, 3]| = [1, 3]; 1·2 + 3·1 − 3 = 2; doubled
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
    _sums = [sum(_hidden[k] * _W2[k, j] for k in range(4)) + _b2[j] for j in range(3)]
    _expected.append([math.tanh(z) for z in _sums])
_received = two_layer(_X, _W1, _b1, _W2, _b2, lambda z: z * (z > 0), lambda z: np.tanh(z))
_what = "Exercise 4, two_layer of 5 examples with 2 inputs, 4 hidden neurons, relu, 3 outputs, tanh"
expect(_what, _received, _expected, "which function belongs to which layer, all examples", tolerance=1e-5)
### END HIDDEN TESTS

# %% [markdown]
# That is all a network is: products and sums, with a function after each layer. A **deep** network simply has more
# layers.

# %% [markdown]
# # Part 3: error and quality
#
# ## Exercise 5: losses (5 points)
#
# Goal: write the three losses of the lecture.
#
# Training looks for the parameters that make the error, the **loss**, as small as possible. Let $a(x)$ be the network's
# answer:
#
# - the **error indicator** $[a(x) \ne y(x)]$ is 1 for a wrong class and 0 for a right one. A network can't be trained
#   on it, because a small change in the weights usually leaves the indicator exactly as it was, so its gradient is 0;
# - the **squared error** $(a(x) - y(x))^2$ is the usual loss for regression;
# - the **cross-entropy** is the usual loss for classification. It is large if the network gave the correct class a small
#   probability. Let $P$ hold the probabilities, and let the rows of $Y$ be **one-hot**: 1 in the column of the right
#   class and 0 in the others. Averaged over the n examples, the cross-entropy is
#
# $$-\frac{1}{n}\sum_{i=1}^n \sum_k Y_{ik} \ln \hat P_{ik}, \qquad \hat P = \text{clip}(P, \varepsilon, 1 - \varepsilon)$$
#
# The clipping avoids $\ln 0$. Write `error_indicator(y_true, y_pred)` and `squared_error(y_true, y_pred)`, which
# take two arrays (n,) and return the loss **of each example**, shape (n,), and `cross_entropy(Y, P, epsilon=1e-7)`, which
# takes two arrays (n, classes) and returns **one number**.
#
# *NumPy*: `!=` and `.astype(int)`; `**2`; `np.clip(P, low, high)` (both ends), `np.log`, `.sum(axis=1)`, `.mean()`.


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
    "Exercise 5, error_indicator of the classes [1, 2, 0] and the answers [1, 0, 2]",
    error_indicator(np.array([1, 2, 0]), np.array([1, 0, 2])),
    [0, 1, 1],
    "whether 1 means right or wrong, and that each example has its own",
)
### BEGIN HIDDEN TESTS
_what = "Exercise 5, error_indicator of five classes"
_received = error_indicator(np.array([4, 3, 2, 1, 0]), np.array([0, 3, 1, 1, 4]))
expect(_what, _received, [1, 0, 1, 0, 1], "how many examples there are")
### END HIDDEN TESTS

# %% nbgrader={"grade_id": "test_squared_error", "grade": true, "locked": true, "points": 1}
_what = "Exercise 5, squared_error of the targets [4, 3] and the answers [3.5, 5]"
_received = unchanged(_what, squared_error, np.array([4.0, 3.0]), np.array([3.5, 5.0]))
expect(_what, _received, [0.25, 4], "the square, and that each example has its own")
### BEGIN HIDDEN TESTS
_y, _a = np.linspace(-1, 1, 5), np.linspace(2, -3, 5)
_expected = [abs(a - y) ** 2 for y, a in zip(_y.tolist(), _a.tolist())]
expect(
    "Exercise 5, squared_error of five numbers", squared_error(_y, _a), _expected, "how many examples there are", 1e-5
)
### END HIDDEN TESTS

# %% nbgrader={"grade_id": "test_cross_entropy", "grade": true, "locked": true, "points": 3}
expect(
    "Exercise 5, cross_entropy of 3 examples whose right classes have the probabilities 0.5, 0.25, and 0.5",
    cross_entropy(np.array([[0.0, 1.0], [1.0, 0.0], [1.0, 0.0]]), np.array([[0.5, 0.5], [0.25, 0.75], [0.5, 0.5]])),
    4 / 3 * math.log(2),  # (ln 2 + ln 4 + ln 2) / 3
    "the mean over the examples, and the natural logarithm",
)
_what = "Exercise 5, cross_entropy of Y = [[1, 0]], P = [[0, 1]]"
with np.errstate(all="ignore"):
    _received = unchanged(_what, cross_entropy, np.array([[1.0, 0.0]]), np.array([[0.0, 1.0]]))
expect(_what, _received, 7 * math.log(10), "the clipping: it comes before the logarithm", tolerance=1e-4)
_what = "Exercise 5, cross_entropy of Y = [[1, 0]], P = [[1, 0]], epsilon = 0.25"
with np.errstate(all="ignore"):
    _received = cross_entropy(np.array([[1.0, 0.0]]), np.array([[1.0, 0.0]]), epsilon=0.25)
expect(_what, _received, -math.log(0.75), "both ends of the clipping, and the argument `epsilon`")
### BEGIN HIDDEN TESTS
_P = np.array([[0.1, 0.2, 0.7], [0.3, 0.3, 0.4], [0.6, 0.3, 0.1], [0.25, 0.5, 0.25], [0.0, 0.0, 1.0]])
_classes = [2, 0, 1, 1, 2]
for _epsilon in (1e-7, 1e-3):
    _Y = np.array([[float(k == c) for k in range(3)] for c in _classes])
    _expected = -sum(math.log(min(_P[i, c], 1 - _epsilon)) for i, c in enumerate(_classes)) / 5
    with np.errstate(all="ignore"):
        _received = cross_entropy(_Y, _P.copy(), epsilon=_epsilon)
    _what = f"Exercise 5, cross_entropy of 5 examples and 3 classes, one of probability 1, epsilon {_epsilon}"
    expect(
        _what, _received, _expected, "the sum over the classes, both ends of the clipping, and the argument `epsilon`"
    )
### END HIDDEN TESTS

# %% [markdown]
# A network that gives each of ten digits the probability 0.1 has the cross-entropy $\ln 10 \approx 2.303$. Remember this
# number: if the loss stays there, the network has learned nothing.

# %% [markdown]
# ## Exercise 6: accuracy, precision, recall (5 points)
#
# Goal: compute three metrics, and see when accuracy is useless.
#
# A loss is for training; a **metric** is for people. Let the classes be 0 (*negative*) and 1 (*positive*). Each answer
# is one of four kinds: a true positive (TP) says 1 and is right, a false positive (FP) says 1 and is wrong, a true
# negative (TN) says 0 and is right, a false negative (FN) says 0 and is wrong. From the number of each:
#
# $$\text{accuracy} = \frac{TP + TN}{n} \qquad \text{precision} = \frac{TP}{TP + FP} \qquad
# \text{recall} = \frac{TP}{TP + FN}$$
#
# Accuracy is easy to understand and sometimes useless. Precision asks how many of the selected items are relevant. Recall
# asks how many of the relevant items are selected.
#
# **a)** Write `binary_metrics(y_true, y_pred)`: it takes two arrays (n,) of 0 and 1 and returns the three numbers
# `accuracy, precision, recall`. If a denominator is 0, return 0 for that fraction.
#
# *NumPy*: `(y_pred == 1) & (y_true == 1)` (with the parentheses) is an array of `True` and `False`; `np.sum` counts the
# `True`, `np.mean` gives their fraction.
#
# **b)** 20 of 1,000 scans show a tumor (class 1). Network A calls every scan healthy. Network B finds 16 of the 20 and
# raises 44 false alarms. Set `answer_a` and `answer_b` each to a tuple (accuracy, precision, recall), correct to three
# decimals, and `answer_screening` to the letter of the network, `"A"` or `"B"`, that a doctor could use.


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
    "the denominator of each fraction",
)
for _name, _true, _pred in [("selected", [0, 1, 0, 0], [0, 0, 0, 0]), ("relevant", [0, 0, 0, 0], [0, 1, 0, 0])]:
    with np.errstate(all="ignore"):
        _received = binary_metrics(np.array(_true), np.array(_pred))
    expect(f"Exercise 6, binary_metrics where nothing is {_name}", _received, [0.75, 0, 0], "denominators of 0")
### BEGIN HIDDEN TESTS
for _true, _pred in [
    ([0, 1, 0, 1, 0, 0, 1, 0, 0, 0], [1, 1, 0, 1, 1, 0, 0, 1, 0, 0]),
    ([0, 0, 0], [0, 1, 1]),
    ([1, 0, 1], [1, 0, 1]),
]:
    _pairs = list(zip(_true, _pred))
    _tp, _fp, _fn = _pairs.count((1, 1)), _pairs.count((0, 1)), _pairs.count((1, 0))
    _expected = [(len(_pairs) - _fp - _fn) / len(_pairs), _tp / max(_tp + _fp, 1), _tp / max(_tp + _fn, 1)]
    with np.errstate(all="ignore"):
        _received = binary_metrics(np.array(_true), np.array(_pred))
    expect(f"Exercise 6, binary_metrics of {_true}, {_pred}", _received, _expected, "TP, FP, FN, and denominators of 0")
### END HIDDEN TESTS

# %% nbgrader={"grade_id": "screening", "solution": true}
# answer_a, answer_b, answer_screening = …
### BEGIN SOLUTION
answer_a = (0.98, 0.0, 0.0)
answer_b = ((16 + 936) / 1000, 16 / (16 + 44), 16 / 20)
answer_screening = "B"
### END SOLUTION

# %% nbgrader={"grade_id": "test_screening", "grade": true, "locked": true, "points": 2}
expect(
    "Exercise 6, how many numbers are in answer_a and in answer_b",
    [np.size(answer_a), np.size(answer_b)],
    [3, 3],
    "the tuples: accuracy, precision, recall",
)
_received = "A or B" if answer_screening in ("A", "B") else str(answer_screening)
expect("Exercise 6, answer_screening", _received, "A or B", "the letter of the network, and nothing else")
### BEGIN HIDDEN TESTS
_faults = []
for _name, _answer, (_tp, _fp, _fn) in [("answer_a", answer_a, (0, 0, 20)), ("answer_b", answer_b, (16, 44, 4))]:
    _three = ((1000 - _fp - _fn) / 1000, _tp / max(_tp + _fp, 1), _tp / max(_tp + _fn, 1))
    for _metric, _received, _expected in zip(["accuracy", "precision", "recall"], _answer, _three):
        if not abs(float(_received) - _expected) < 1e-3:
            _faults.append(f"{_metric} in {_name}")
if _faults:
    raise WrongAnswer(
        f"Exercise 6, not right: {', '.join(_faults)}.\n"
        "Look at TP, FP, TN, FN: write down all four; they add up to 1,000."
    )
if str(answer_screening) != "B":
    raise WrongAnswer(
        "Exercise 6, answer_screening: not right.\n"
        "Look at what becomes of the 20 patients, rather than at the share of right answers."
    )
### END HIDDEN TESTS

# %% [markdown]
# If one class is rare, accuracy mostly tells you how rare it is. Whenever you read an accuracy, ask what you would get by
# always giving the most frequent answer.

# %% [markdown]
# # Part 4: gradient descent
#
# A network has hundreds, millions, or even billions of parameters $w$. The **gradient** $g = \nabla L(w)$ points in the
# direction in which the loss grows fastest, so training goes the other way, in small steps. The coefficient $\eta$ of
# the step is the **learning rate**.
#
# ## Exercise 7: gradient descent, momentum, Nesterov (7 points)
#
# Goal: write one step of three methods.
#
# With **momentum**, a step remembers the direction of the steps before it, its velocity $v$ (0 at first), like a ball
# that keeps rolling; $\mu$ is the share of the velocity that is kept. **Nesterov's** momentum takes the gradient not at
# the current position but at the position to which the velocity is about to carry it. There are several conventions. We
# use this one, with the learning rate inside $v$:
#
# | step | formulas |
# |---|---|
# | gradient descent | $w' = w - \eta\, g$ |
# | momentum | $v' = \mu v - \eta\, g, \quad w' = w + v'$ |
# | Nesterov | $g = \nabla L(w + \mu v), \quad v' = \mu v - \eta\, g, \quad w' = w + v'$ |
#
# Write `gradient_step(w, g, rate)`, which returns $w'$; `momentum_step(w, v, g, rate, mu)`, which returns the two arrays
# $w', v'$; and `nesterov_step(w, v, gradient, rate, mu)`, which takes a **function** `gradient(w)` in place of `g` and
# also returns $w', v'$. `w`, `v`, and `g` all have the same shape, with any number of dimensions. (Keras stores
# $w + \mu v$ instead of $w$, which is the same method, seen from the point ahead.)
#
# *NumPy*: `+`, `-`, `*` work element by element on any shape. Remember the one rule: `w - rate * g`, not `w -= rate * g`.


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
_what = "Exercise 7, gradient_step from [1, 2] with g = [10, -20], rate 0.1"
_received = unchanged(_what, gradient_step, np.array([1.0, 2.0]), np.array([10.0, -20.0]), 0.1)
expect(_what, _received, [0, 4], "the direction of the step")
### BEGIN HIDDEN TESTS
_w, _g = np.linspace(-1, 1, 6).reshape(2, 3), np.linspace(5, 1, 6).reshape(2, 3)
_expected = [[float(_w[i, j]) - 0.03 * float(_g[i, j]) for j in range(3)] for i in range(2)]
expect("Exercise 7, gradient_step of a 2×3 array, rate 0.03", gradient_step(_w, _g, 0.03), _expected, "the rate", 1e-5)
### END HIDDEN TESTS

# %% nbgrader={"grade_id": "test_momentum_step", "grade": true, "locked": true, "points": 3}
_what = "Exercise 7, momentum_step with w = 1, v = 4, g = 10, rate 0.1, mu 0.5"
_received = unchanged(_what, momentum_step, np.array([1.0]), np.array([4.0]), np.array([10.0]), 0.1, 0.5)
_w, _v = several(_what, _received, 2)
expect(f"{_what}: v'", _v, [1], "the formula of v', and what is returned first")
expect(f"{_what}: w'", _w, [2], "which v is added")
### BEGIN HIDDEN TESTS
_w, _v, _expected_w, _expected_v = np.array([3.0, -1.0]), np.array([0.0, 0.5]), [3.0, -1.0], [0.0, 0.5]
for _k in range(4):
    _slope = [0.7 * _k + 1, 2.0 - _k]
    for _i in range(2):
        _expected_v[_i] = 0.9 * _expected_v[_i] - 0.2 * _slope[_i]
        _expected_w[_i] = _expected_w[_i] + _expected_v[_i]
    _w, _v = momentum_step(np.array(_w), np.array(_v), np.array(_slope), 0.2, 0.9)
_what = "Exercise 7, w and v after 4 calls of momentum_step"
expect(_what, np.array([_w, _v]), [_expected_w, _expected_v], "the rate and mu", tolerance=1e-5)
### END HIDDEN TESTS

# %% nbgrader={"grade_id": "test_nesterov_step", "grade": true, "locked": true, "points": 3}
_what = "Exercise 7, nesterov_step with w = 1, v = 4, gradient(w) = 10 w, rate 0.1, mu 0.5"
_received = unchanged(_what, nesterov_step, np.array([1.0]), np.array([4.0]), lambda w: 10 * w, 0.1, 0.5)
_w, _v = several(_what, _received, 2)
expect(f"{_what}: v'", _v, [-1], "where the gradient is taken, and what is returned first")
expect(f"{_what}: w'", _w, [0], "which v is added")
### BEGIN HIDDEN TESTS
_w, _v, _expected_w, _expected_v = np.array([3.0, -1.0]), np.array([0.0, 0.5]), [3.0, -1.0], [0.0, 0.5]
for _k in range(4):
    for _i in range(2):
        _ahead = _expected_w[_i] + 0.8 * _expected_v[_i]
        _expected_v[_i] = 0.8 * _expected_v[_i] - 0.05 * (_ahead**3 - 2 * _ahead)
        _expected_w[_i] += _expected_v[_i]
    _w, _v = nesterov_step(np.array(_w), np.array(_v), lambda w: w**3 - 2 * w, 0.05, 0.8)
_what = "Exercise 7, w and v after 4 calls of nesterov_step"
expect(_what, np.array([_w, _v]), [_expected_w, _expected_v], "the rate and mu", tolerance=1e-5)
### END HIDDEN TESTS

# %% [markdown]
# All three methods use the same learning rate for all parameters. The methods of the next exercise don't.

# %% [markdown]
# ## Exercise 8: Adam, and a race (8 points)
#
# Goal: write one step of Adam, and see how six methods move on the same loss.
#
# The next three methods give each parameter a step size of its own, depending on how large its gradients have been. All
# operations are element by element, and everything that is remembered starts at 0.
#
# - **AdaGrad**: $s' = s + g^2, \quad w' = w - \eta\, g / (\sqrt{s'} + \varepsilon)$
# - **AdaDelta**: the same idea, with a running mean instead of the sum, and with steps measured by the size of earlier
#   steps, which keeps the network from paralysis: $s' = \rho s + (1 - \rho) g^2$,
#   $\Delta = g \sqrt{u + \varepsilon} / \sqrt{s' + \varepsilon}$, $u' = \rho u + (1 - \rho) \Delta^2$, $w' = w - \eta\, \Delta$
# - **Adam**, practically a mixture of all of these, with the step number $t = 1, 2, 3, \dots$:
#
# $$m' = \beta_1 m + (1 - \beta_1)\, g \qquad v' = \beta_2 v + (1 - \beta_2)\, g^2$$
# $$\hat m = \frac{m'}{1 - \beta_1^t} \qquad \hat v = \frac{v'}{1 - \beta_2^t} \qquad
# w' = w - \eta\, \frac{\hat m}{\sqrt{\hat v} + \varepsilon}$$
#
# The two hats are the **bias correction**: $m$ and $v$ start at 0 and would be too small at first. Note that
# $\varepsilon$ stands outside the root. (Keras adds it to $\sqrt{v'}$ before the correction, a tiny difference.)
#
# **a)** Write `adam_step(w, m, v, t, g, rate=0.001, beta1=0.9, beta2=0.999, epsilon=1e-7)`, where `w`, `m`, `v`, `g` are
# arrays of the same shape and `t` is a whole number. It returns $w', m', v'$ (without the hats: the next step needs them
# uncorrected).
#
# *NumPy*: `np.sqrt`, `g**2`; `beta1**t` is a plain power.
#
# The race below runs down $L(w) = \frac12 (w_0^2 + 30\, w_1^2)$, a valley that is 30 times as steep across as along.
# AdaGrad and AdaDelta are given. The others are yours, and each is drawn as soon as it is solved. Then answer:
#
# **b)** All three answers follow from the formulas. The plot shows the first one as well, if Exercise 7 is solved:
#
# - `answer_zigzag`: the method that jumps from one side of the valley to the other in each of its first steps;
# - `answer_shrinking`: the method that divides by something that can only grow, so that its steps die out;
# - `answer_first_step`: by how much (a positive number) Adam's first step changes a parameter with $g = 250$ if
#   $\eta = 0.4$.
#
# The methods are called `"gradient descent"`, `"momentum"`, `"Nesterov"`, `"AdaGrad"`, `"AdaDelta"`, `"Adam"`.


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
_what = "Exercise 8, adam_step from w = 1, m = 0, v = 0, t = 1, g = 4, rate 0.1, beta1 0.9, beta2 0.75"
_given = (np.array([1.0]), np.array([0.0]), np.array([0.0]), 1, np.array([4.0]))
_received = unchanged(_what, adam_step, *_given, rate=0.1, beta1=0.9, beta2=0.75)
_w, _m, _v = several(_what, _received, 3)
expect(f"{_what}: m'", _m, [0.4], "the formula of m'; m' is returned without its hat")
expect(f"{_what}: v'", _v, [4], "the formula of v'; v' is returned without its hat")
expect(f"{_what}: w'", _w, [0.9], "both hats, and the root")
_w, _, _ = adam_step(np.array([0.9]), np.array([0.4]), np.array([4.0]), 2, np.array([4.0]), rate=0.1, beta2=0.75)
# m' = 0.76, its hat 0.76 / 0.19 = 4; v' = 7, its hat 7 / 0.4375 = 16
expect("Exercise 8, the next step, t = 2, with g = 4 again: w'", _w, [0.8], "the power t in both hats")
_w, _, _ = adam_step(np.array([0.0]), np.array([0.0]), np.array([0.0]), 1, np.array([0.25]), rate=1.0, epsilon=0.75)
expect("Exercise 8, w' after step 1 from 0 with g = 0.25, rate 1, epsilon 0.75", _w, [-0.25], "where epsilon stands")
### BEGIN HIDDEN TESTS
_w, _m, _v = np.array([1.0, -2.0]), np.zeros(2), np.zeros(2)
_expected = [[1.0, 0.0, 0.0], [-2.0, 0.0, 0.0]]
for _t in range(1, 6):
    _slopes = [3.0 - _t, 0.1 * _t**2]
    for _state, _slope in zip(_expected, _slopes):
        _state[1] += (1 - 0.8) * (_slope - _state[1])
        _state[2] += (1 - 0.95) * (_slope * _slope - _state[2])
        _state[0] -= 0.05 * _state[1] / (1 - 0.8**_t) / (math.sqrt(_state[2] / (1 - 0.95**_t)) + 1e-7)
    _given = (np.array(_w), np.array(_m), np.array(_v), _t, np.array(_slopes))
    _w, _m, _v = adam_step(*_given, rate=0.05, beta1=0.8, beta2=0.95)
_what = "Exercise 8, w, m and v of two parameters after 5 steps"
expect(_what, np.transpose([_w, _m, _v]), _expected, "the arguments beta1 and beta2", tolerance=1e-5)
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
for _number, (_name, (_step, _memories)) in enumerate(_methods.items()):
    _style = {"color": f"C{_number}", "marker": "osd^v*"[_number], "markersize": 3, "linewidth": 1}
    _style["label"] = localized(_name)
    try:
        _path = run(_step, _memories)
        left.plot(*_path.T, **_style)
        right.semilogy([valley(w) for w in _path], **_style)
    except Exception as error:  # not solved yet
        print(f"{localized(_name)} is not drawn: {error!r}")
left.set(title="60 steps down the valley", xlabel="$w_0$, along", ylabel="$w_1$, across", xlim=(-9, 3), ylim=(-2, 2))
right.set(title="Loss", xlabel="step", ylabel="L(w)")
left.legend(fontsize=8)
right.legend(fontsize=8)
figure.tight_layout()
plt.show()

# %% nbgrader={"grade_id": "race_answers", "solution": true}
# answer_zigzag, answer_shrinking, answer_first_step = …
### BEGIN SOLUTION
answer_zigzag = "gradient descent"
answer_shrinking = "AdaGrad"
answer_first_step = 0.4
### END SOLUTION

# %% nbgrader={"grade_id": "test_race", "grade": true, "locked": true, "points": 3}
_names = localized({"gradient descent", "momentum", "Nesterov", "AdaGrad", "AdaDelta", "Adam"})
expect(
    "Exercise 8, answers that name no method",
    sorted({localized(str(answer_zigzag)), localized(str(answer_shrinking))} - _names),
    [],
    "the six names in the text",
)
_kind = "a positive number"
_is_number = hasattr(answer_first_step, "__float__")
_received = _kind if _is_number and answer_first_step > 0 else repr(answer_first_step)
expect("Exercise 8, answer_first_step", _received, _kind, "the size of the step, whatever its direction")
### BEGIN HIDDEN TESTS
_faults = []
if localized(str(answer_zigzag)) != localized("gradient descent"):
    _faults.append("answer_zigzag. Look at the sign of w_1 from step to step, and at 1 − rate · 30.")
if str(answer_shrinking) != "AdaGrad":
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
# Each method has a learning rate that suits it here, so the race shows how the methods move, not which one is best. Adam's
# first step doesn't depend on the size of the gradient at all, which is one reason why the same learning rate, 0.001,
# works for so many networks.

# %% [markdown]
# ## Exercise 9: batches and epochs (6 points)
#
# Goal: cut the training data into shuffled batches.
#
# Frameworks find the gradient for us, but we choose how much data to use for each step:
#
# - **full-batch** (batch mode): all examples, for one precise and expensive step;
# - **stochastic**: one example at a time, for many noisy and cheap steps;
# - **mini-batch**: a small part of the examples at a time, usually a power of two. This is what almost everybody does.
#
# An **epoch** is one pass through all training data. Each epoch shuffles the examples and cuts them into batches.
#
# **a)** Write `minibatches(n, batch_size, seed)`: it shuffles the indices 0, …, n − 1 with `np.random.default_rng(seed)`, cuts
# them into batches, and returns a **list** of arrays of indices. Each index is in exactly one batch. Every batch has
# `batch_size` elements, except the last one: if n isn't divisible by `batch_size`, it holds what is left. The same seed
# gives the same batches, another seed gives others.
#
# **b)** Write `steps_per_epoch(n, batch_size)`: the number of these batches, a whole number. There is one step per batch.
#
# *NumPy*: the generator's `.permutation(n)`; slices `order[start : start + batch_size]` for each `start` in
# `range(0, n, batch_size)`. (`np.array_split` makes parts of nearly equal size, which is something else.)


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
for _n, _size, _sizes in [(10, 4, [4, 4, 2]), (6, 3, [3, 3])]:
    _what = f"Exercise 9, minibatches({_n}, {_size}, seed)"
    _batches = several(_what, minibatches(_n, _size, SEED))
    expect(f"{_what}, the sizes of the batches", [len(b) for b in _batches], _sizes, "the last batch")
    _kinds = sorted({np.asarray(b).dtype.kind for b in _batches} - {"i", "u"})
    expect(f"{_what}, kinds of numbers other than whole ones (f: floats)", _kinds, [], "how the indices are made")
    _all = sorted(int(i) for b in _batches for i in b)
    expect(f"{_what}, all indices, sorted", _all, list(range(_n)), "whether each index comes once")
_what = "Exercise 9, minibatches(1000, 100, seed)"
_first, _again, _other = ([[int(i) for i in b] for b in minibatches(1000, 100, s)] for s in (SEED, SEED, SEED + 1))
expect(
    f"{_what}, the hundreds from which the first batch has indices (0: 0 to 99, 1: 100 to 199, …)",
    sorted({i // 100 for i in _first[0]}),
    list(range(10)),
    "what is shuffled: all indices, before they are cut",
)
expect(f"{_what}, the first five indices of a second call", _again[0][:5], _first[0][:5], "the argument `seed`")
_same = sum(a == b for x, y in zip(_first, _other) for a, b in zip(x, y))
expect(
    f"{_what}, how many of 1,000 places hold the same index for two seeds (20 or fewer is fine)",
    max(_same, 20),
    20,
    "the argument `seed`",
)
### BEGIN HIDDEN TESTS
for _n, _size, _sizes in [
    (103, 25, [25, 25, 25, 25, 3]),
    (4, 1, [1, 1, 1, 1]),
    (7, 7, [7]),
    (3, 8, [3]),
    (9, 4, [4, 4, 1]),
]:
    _batches = minibatches(_n, _size, 7)
    expect(
        f"Exercise 9, minibatches({_n}, {_size}, seed), the sizes, and all indices, sorted",
        [len(b) for b in _batches] + sorted(int(i) for b in _batches for i in b),
        _sizes + list(range(_n)),
        "the last batch, and whether each index comes once",
    )
### END HIDDEN TESTS

# %% nbgrader={"grade_id": "test_steps_per_epoch", "grade": true, "locked": true, "points": 2}
for _n, _size, _steps in [(5, 2, 3), (6, 3, 2)]:
    expect(f"Exercise 9, steps_per_epoch({_n}, {_size})", steps_per_epoch(_n, _size), _steps, "the last batch")
### BEGIN HIDDEN TESTS
for _n, _size, _steps in [(42_000, 256, 165), (512, 256, 2), (513, 256, 3), (42_000, 1, 42_000), (3, 8, 1), (9, 3, 3)]:
    _what = f"Exercise 9, steps_per_epoch({_n}, {_size})"
    expect(_what, steps_per_epoch(_n, _size), _steps, "what happens if n is divisible by batch_size, and if not")
### END HIDDEN TESTS

# %% [markdown]
# The lecture trains on 42,000 digits in batches of 256. Your function tells you how many steps that makes per epoch, while
# full-batch training makes 1 and stochastic training 42,000.

# %% [markdown]
# ## Exercise 10: the learning rate (5 points)
#
# Goal: see why a learning rate can be too small or too large, and compute the limit.
#
# Typical learning rates are 0.0001 to 0.1, depending on the network. With a rate that is too small, training hardly moves.
# With one that is too large, it jumps over the minimum, farther each time. For $L(w) = \frac12 c\, w^2$, with the
# *curvature* $c > 0$, the gradient is $c\,w$, and a step gives $w' = w - \eta\, c\, w = (1 - \eta c)\, w$.
#
# **a)** For which $\eta$ does $|w|$ become smaller? Write `largest_rate(curvatures)`: for a sum of such terms,
# $L(w) = \frac12 \sum_i c_i w_i^2$, return the limit below which gradient descent reaches the minimum from any starting
# point (above the limit, it doesn't). `curvatures` is an array (n,) of positive numbers.
#
# *NumPy*: one of `np.min`, `np.max`, `np.sum`, `np.mean`; decide which.
#
# **b)** The cell below takes 100 steps down $L(w) = \frac12 (w_0^2 + 10\, w_1^2)$ with six rates. Compare the loss
# after the last step with the loss at the start. If it is larger, we call the rate `"too large"`. If it has become
# smaller, but not smaller than a hundredth of the loss at the start, the rate is `"too small"`. Otherwise the rate is
# `"right"`. Set `answer_rates` to a list of six of these words, one per rate, in the order of the legend.


# %% nbgrader={"grade_id": "largest_rate", "solution": true}
def largest_rate(curvatures):
    """The learning rate at which gradient descent on a quadratic stops getting to the minimum."""
    ### BEGIN SOLUTION
    return 2.0 / np.max(curvatures)
    ### END SOLUTION


# %% nbgrader={"grade_id": "test_largest_rate", "grade": true, "locked": true, "points": 2}
expect("Exercise 10, largest_rate([8])", largest_rate(np.array([8.0])), 0.25, "where |1 − rate · c| is 1")
### BEGIN HIDDEN TESTS
for _c, _limit in [([0.5, 40.0, 3.0], 0.05), ([5.0, 2.0], 0.4), ([0.01, 0.02], 100.0)]:
    _what = f"Exercise 10, largest_rate({_c})"
    _received = unchanged(_what, largest_rate, np.array(_c))
    expect(_what, _received, _limit, "the rates for which |1 − rate · c| < 1 holds for every c")
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
# answer_rates = …
### BEGIN SOLUTION
answer_rates = ["too small", "too small", "right", "right", "right", "too large"]
### END SOLUTION

# %% nbgrader={"grade_id": "test_rates", "grade": true, "locked": true, "points": 3}
expect("Exercise 10, the length of answer_rates", len(answer_rates), 6, "one word per rate")
expect(
    "Exercise 10, other words in answer_rates",
    sorted(set(localized(answer_rates)) - localized({"too small", "right", "too large"})),
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
_answers = zip([0.0001, 0.001, 0.05, 0.15, 0.19, 0.25], localized(answer_rates), localized(_verdicts))
for _rate, _received, _expected in _answers:
    _points += 0.5 * (_received == _expected)
    if _received != _expected:
        print(f"Exercise 10, rate {_rate}: not right. Look at where its line ends, compared to the two black ones.")
float(_points)
### END HIDDEN TESTS

# %% [markdown]
# The steepest direction sets the limit, and the flattest one then decides how long it takes. That is the trouble with
# valleys, and the reason for momentum and Adam.

# %% [markdown]
# # Part 5: back-propagation
#
# ## Exercise 11: gradients of a two-layer network (10 points)
#
# Goal: compute the gradient of every parameter of a network, and check it numerically.
#
# How does the error depend on each parameter? **Back-propagation** answers this layer by layer, from the last to the first,
# by the chain rule. Our network is dense, relu, dense, softmax, and the loss is the mean cross-entropy over n examples:
#
# $$H = \text{relu}(X W_1 + b_1) \qquad P = \text{softmax}(H W_2 + b_2) \qquad
# L = -\frac1n \sum_{i,k} Y_{ik} \ln P_{ik}$$
#
# Softmax and cross-entropy together have a simple derivative, here called $\Delta_2$, of shape (n, classes). The rest
# follows from it:
#
# $$\Delta_2 = \frac{1}{n}(P - Y) \qquad
# \frac{\partial L}{\partial W_2} = H^\top \Delta_2 \qquad
# \frac{\partial L}{\partial b_2} = \sum_i (\Delta_2)_i \qquad
# \Delta_1 = (\Delta_2 W_2^\top) \odot [H > 0]$$
#
# where $\odot$ multiplies element by element, $[H > 0]$ is 1 where $H$ is positive and 0 elsewhere, and $(\Delta_2)_i$ is
# row i. $W_1$ and $b_1$ follow from $\Delta_1$ just as $W_2$ and $b_2$ follow from $\Delta_2$, but the first layer has
# another input than $H$.
#
# Write `backward(X, Y, H, P, W2)`. It takes what the network was given, `X` (n, inputs) and one-hot `Y` (n, classes); what
# it has computed, `H` (n, hidden) and `P` (n, classes); and `W2` (hidden, classes). It returns the four gradients
# `dW1, db1, dW2, db2`, with the shapes of $W_1$, $b_1$, $W_2$, $b_2$.
#
# *NumPy*: `@`, `.T`, `.sum(axis=0)`, `H > 0` (an array of `True` and `False` can be multiplied like 1 and 0). If you
# get lost, write down the shape of each factor in letters, as here: there is only one order in which they fit together.
#
# **The numerical check.** Compare every backward pass that you write by hand with **central differences**: change one parameter a little,
# up and down, and see how the loss changes, $(L(w + h) - L(w - h)) / 2h$. This is slow, but it needs no formula. The
# next cell defines it, `numerical_gradient`, and a small network to try it on. The cell after your solution calls
# `check_gradients(backward)`, which prints the largest difference in each of the four gradients. Grading makes the same
# comparison with networks of other sizes.


# %% nbgrader={"grade_id": "gradient_check", "locked": true}
def numerical_gradient(loss, w, h=1e-5):
    """Central differences of the function `loss(w)` for each element of the array `w`."""
    slope = np.zeros(w.shape)
    for place in np.ndindex(w.shape):
        above, below = w.copy(), w.copy()
        above[place] += h
        below[place] -= h
        slope[place] = (loss(above) - loss(below)) / (2 * h)
    return slope


def small_network(n, inputs, hidden, classes):
    """Examples X, Y, and parameters {"W1", "b1", "W2", "b2"}, all made up without random numbers."""
    X = np.sin(np.arange(1.0, n * inputs + 1)).reshape(n, inputs)
    Y = np.array([[float((i * i + 1) % classes == k) for k in range(classes)] for i in range(n)])
    return (
        X,
        Y,
        {
            "W1": np.cos(np.arange(inputs * hidden) * 1.7).reshape(inputs, hidden),
            "b1": np.linspace(-0.3, 0.4, hidden),
            "W2": np.sin(np.arange(hidden * classes) * 2.3).reshape(hidden, classes),
            "b2": np.linspace(0.2, -0.1, classes),
        },
    )


def network_forward(X, Y, W1, b1, W2, b2):
    """The hidden layer H, the probabilities P and the loss of the network, one example after the other."""
    H, P, losses = [], [], []
    for x, y in zip(X, Y):
        h = np.array([max(float(z), 0.0) for z in x.dot(W1) + b1])
        powers = np.array([math.exp(z) for z in h.dot(W2) + b2])
        H.append(h)
        P.append(powers / sum(powers))
        losses.append(-math.log(P[-1][y.argmax()]))
    return np.array(H), np.array(P), sum(losses) / len(losses)


def numerical_gradients(X, Y, parameters):
    """Central differences of the network's loss for each parameter array: dW1, db1, dW2, db2."""

    def loss_with(name):
        return lambda w: network_forward(X, Y, **{**parameters, name: w})[2]

    return {f"d{name}": numerical_gradient(loss_with(name), value) for name, value in parameters.items()}


def check_gradients(backward):
    """Print how far the gradients of `backward` are from central differences, for a small network."""
    X, Y, parameters = small_network(n=5, inputs=3, hidden=4, classes=3)
    H, P, _ = network_forward(X, Y, **parameters)
    received = several("Exercise 11, backward", backward(X, Y, H, P, parameters["W2"]), 4)
    for (name, numerical), gradient in zip(numerical_gradients(X, Y, parameters).items(), received):
        if np.shape(gradient) != numerical.shape:
            print(f"{name}: its shape should be {numerical.shape}, and is {np.shape(gradient)}")
            continue
        off = np.abs(gradient - numerical).max()
        verdict = "" if off < 1e-6 else ", too much (the limit is 1e-06)"
        print(f"{name}: the largest difference is {off:.0e}{verdict}")


# %% nbgrader={"grade_id": "backward", "solution": true}
def backward(X, Y, H, P, W2):
    """Gradients dW1, db1, dW2, db2 of the mean cross-entropy."""
    ### BEGIN SOLUTION
    delta2 = (P - Y) / len(X)
    delta1 = (delta2 @ W2.T) * (H > 0)
    return X.T @ delta1, delta1.sum(axis=0), H.T @ delta2, delta2.sum(axis=0)
    ### END SOLUTION


# %% nbgrader={"grade_id": "try_backward", "locked": true}
try:
    check_gradients(backward)
except NotImplementedError:
    print("Once backward is solved, this cell checks it.")
except Exception as error:
    print(f"backward stops with an error: {type(error).__name__}: {error}")

# %% nbgrader={"grade_id": "test_backward_output", "grade": true, "locked": true, "points": 4}
# Two examples, so Δ2 = (P − Y) / 2 = [[-0.25, 0.25], [0.125, -0.125]].
_X, _Y = np.array([[1.0, 2.0], [3.0, 4.0]]), np.array([[1.0, 0.0], [0.0, 1.0]])
_H, _P = np.array([[1.0, 0.0], [0.0, 4.0]]), np.array([[0.5, 0.5], [0.25, 0.75]])
_what = "Exercise 11, backward of the two examples in this test"
_received = unchanged(_what, backward, _X, _Y, _H, _P, np.array([[1.0, 2.0], [3.0, 5.0]]))
_, _, _dW2, _db2 = several(_what, _received, 4)
expect(f"{_what}: db2", _db2, [-0.125, 0.125], "the sign of P − Y, the factor 1/n, and the sum over the examples")
expect(f"{_what}: dW2", _dW2, [[-0.25, 0.25], [0.5, -0.5]], "which factor is transposed")
### BEGIN HIDDEN TESTS
for _sizes in [(6, 3, 5, 4), (3, 3, 3, 3)]:
    _X, _Y, _parameters = small_network(*_sizes)
    _expected = numerical_gradients(_X, _Y, _parameters)
    _H, _P, _ = network_forward(_X, _Y, **_parameters)
    _gradients = backward(_X, _Y, _H, _P, _parameters["W2"])
    for _name, _place in [("dW2", 2), ("db2", 3)]:
        _what = f"Exercise 11, {_name} against central differences, (n, inputs, hidden, classes) = {_sizes}"
        expect(_what, _gradients[_place], _expected[_name], "the mean over the examples, and the order of the product")
### END HIDDEN TESTS

# %% nbgrader={"grade_id": "test_backward_hidden", "grade": true, "locked": true, "points": 6}
_X, _Y = np.array([[1.0, 2.0], [3.0, 4.0]]), np.array([[1.0, 0.0], [0.0, 1.0]])
_H, _P = np.array([[1.0, 0.0], [0.0, 4.0]]), np.array([[0.5, 0.5], [0.25, 0.75]])
_what = "Exercise 11, backward of the two examples in this test"
_received = backward(_X, _Y, _H, _P, np.array([[1.0, 2.0], [3.0, 5.0]]))
_dW1, _db1, _, _ = several(_what, _received, 4)
# Δ2 W2ᵀ = [[0.25, 0.5], [-0.125, -0.25]], and [H > 0] = [[1, 0], [0, 1]].
expect(f"{_what}: db1", _db1, [0.25, -0.25], "Δ1: W2 transposed, and [H > 0]")
expect(f"{_what}: dW1", _dW1, [[0.25, -0.75], [0.5, -1]], "which input the first layer has")
### BEGIN HIDDEN TESTS
for _sizes in [(6, 3, 5, 4), (3, 3, 3, 3)]:
    _X, _Y, _parameters = small_network(*_sizes)
    _expected = numerical_gradients(_X, _Y, _parameters)
    _H, _P, _ = network_forward(_X, _Y, **_parameters)
    _gradients = backward(_X, _Y, _H, _P, _parameters["W2"])
    for _name, _place in [("dW1", 0), ("db1", 1)]:
        _what = f"Exercise 11, {_name} against central differences, for the sizes {_sizes}"
        expect(_what, _gradients[_place], _expected[_name], "the derivative of relu, and the order of the products")
### END HIDDEN TESTS

# %% [markdown]
# One pass forward and one pass back give all gradients, whether a network has ten parameters or ten million. Central
# differences need two passes forward for each parameter. Frameworks do the backward pass for any network that you can
# write down.

# %% [markdown]
# # Part 6: does it hold in the real world?
#
# ## Exercise 12: three sets (5 points)
#
# Goal: split the data, and see what happens if you choose by the test set.
#
# - The **training set** is what the network learns from.
# - The **validation set** is what you look at while you choose the layers, the learning rate, and when to stop.
# - The **test set** is "the real world". Nobody touches it before everything else is done.
#
# **a)** Write `split(n, n_validation, n_test, seed)`: shuffle the indices 0, …, n − 1 with `np.random.default_rng(seed)` and
# return three arrays `training, validation, test` of them. The last two have the sizes asked for (**either may be 0**),
# and the training set gets the rest. Each index is in exactly one set. The same seed gives the same split, another seed
# another one. (Keras's `validation_split=0.3` doesn't shuffle: it takes the *last* 30%. If the data is sorted by class,
# you have to shuffle it yourself.)
#
# *NumPy*: the generator's `.permutation(n)`, and slices. Count from the front: `order[-0:]` is everything, not nothing.
#
# **b)** Below, 1,000 "networks" guess the answers to 50 yes-or-no questions, all of them blindly. The best of them is
# chosen *by the test set*. Then it meets 20,000 new questions. Set `answer_fresh` to the accuracy that you expect on
# those new questions (a fraction, to one decimal). Set `answer_sets` to a dictionary that says which set, `"training"`,
# `"validation"`, or `"test"`, you use for each of `"find the weights"`, `"choose the number of layers"`, and
# `"report the quality at the very end"`.


# %% nbgrader={"grade_id": "split", "solution": true}
def split(n, n_validation, n_test, seed):
    """Shuffled indices of the training, validation and test set."""
    ### BEGIN SOLUTION
    order = np.random.default_rng(seed).permutation(n)
    n_training = n - n_validation - n_test
    return order[:n_training], order[n_training : n - n_test], order[n - n_test :]
    ### END SOLUTION


# %% nbgrader={"grade_id": "test_split", "grade": true, "locked": true, "points": 3}
for _given, _sizes in [((10, 3, 2), [5, 3, 2]), ((8, 4, 0), [4, 4, 0]), ((8, 0, 3), [5, 0, 3])]:
    _what = f"Exercise 12, split({', '.join(map(str, _given))}, seed)"
    _sets = several(_what, split(*_given, SEED), 3)
    expect(f"{_what}, the sizes of the sets", [len(s) for s in _sets], _sizes, "where each set starts and ends")
    _kinds = sorted({np.asarray(s).dtype.kind for s in _sets if len(s)} - {"i", "u"})
    expect(f"{_what}, kinds of numbers other than whole ones (f: floats)", _kinds, [], "how the indices are made")
    _all = sorted(int(i) for s in _sets for i in s)
    expect(f"{_what}, all indices, sorted", _all, list(range(_given[0])), "whether each index is in exactly one set")
_what = "Exercise 12, split(900, 300, 300, seed)"
_first, _again, _other = ([[int(i) for i in s] for s in split(900, 300, 300, seed)] for seed in (3, 3, 4))
expect(
    f"{_what}, the hundreds from which each set has indices (0: 0 to 99, 1: 100 to 199, …)",
    [sorted({i // 100 for i in s}) for s in _first],
    [list(range(9))] * 3,
    "what is shuffled: all indices, before they are cut",
)
expect(f"{_what}, the first five test indices of a second call", _again[2][:5], _first[2][:5], "the argument `seed`")
_same = sum(a == b for x, y in zip(_first, _other) for a, b in zip(x, y))
expect(
    f"{_what}, how many of 900 places hold the same index for two seeds (20 or fewer is fine)",
    max(_same, 20),
    20,
    "the argument `seed`",
)
### BEGIN HIDDEN TESTS
for _given in [(101, 30, 21), (6, 0, 0), (5, 2, 3)]:
    _sets = split(*_given, 5)
    expect(
        f"Exercise 12, split of {_given}, the sizes, and all indices, sorted",
        [len(s) for s in _sets] + sorted(int(i) for s in _sets for i in s),
        [_given[0] - _given[1] - _given[2], *_given[1:], *range(_given[0])],
        "where each set starts and ends, also if it is empty",
    )
### END HIDDEN TESTS

# %% nbgrader={"grade_id": "guessers", "locked": true}
_rng = np.random.default_rng(SEED)
_guessers = 100 if QUICK else 1000
_test_accuracies = (_rng.integers(2, size=(_guessers, 50)) == _rng.integers(2, size=50)).mean(axis=1)
figure, axes = plt.subplots(figsize=(6, 3.5))
axes.hist(_test_accuracies, bins=np.arange(0.25, 0.8, 0.02), label="all the guessers")
axes.axvline(_test_accuracies.max(), color="tab:red", label=f"the chosen one: {_test_accuracies.max():.2f}")
axes.set(title="Guessers, measured by 50 test questions", xlabel="test accuracy", ylabel="number of guessers")
axes.set(xticks=np.arange(0.2, 0.9, 0.1), ylim=(0, 1.4 * axes.get_ylim()[1]))
axes.legend(loc="upper left")
plt.show()

# %% nbgrader={"grade_id": "sets", "solution": true}
# answer_fresh, answer_sets = …
### BEGIN SOLUTION
answer_fresh = 0.5
answer_sets = {
    "find the weights": "training",
    "choose the number of layers": "validation",
    "report the quality at the very end": "test",
}
### END SOLUTION

# %% nbgrader={"grade_id": "test_sets", "grade": true, "locked": true, "points": 2}
_kind = "a number from 0 to 1"
_received = _kind if hasattr(answer_fresh, "__float__") and 0 <= answer_fresh <= 1 else repr(answer_fresh)
expect("Exercise 12, answer_fresh", _received, _kind, "what an accuracy is: a fraction, not a percentage")
_uses = localized(["choose the number of layers", "find the weights", "report the quality at the very end"])
expect(
    "Exercise 12, the keys of answer_sets", sorted(localized(answer_sets)), sorted(_uses), "the three uses in the text"
)
expect(
    "Exercise 12, values of answer_sets that name no set",
    sorted(set(localized(answer_sets).values()) - localized({"training", "validation", "test"})),
    [],
    "the names in the text",
)
### BEGIN HIDDEN TESTS
if not abs(float(answer_fresh) - 0.5) < 0.02:
    raise WrongAnswer(
        f"Exercise 12, answer_fresh: {answer_fresh} is not right.\n"
        "Look at how the guessers differ: is one of them better, or was it lucky?"
    )
_sets = localized(answer_sets)
_wrong = [_use for _use, _name in zip(_uses, localized(["validation", "training", "test"])) if _sets[_use] != _name]
if _wrong:
    raise WrongAnswer(
        f"Exercise 12, answer_sets, not right for: {', '.join(_wrong)}.\n"
        "Look at which data has already influenced a choice."
    )
### END HIDDEN TESTS

# %% [markdown]
# If you choose by a set, you have learned from it, if only a little, and from then on its accuracy looks better than it is.
# This is why the test set stays untouched, and why choosing has a set of its own.

# %% [markdown]
# ## Exercise 13: overfitting, and what helps (10 points)
#
# Goal: recognize overfitting in a plot, and write two remedies.
#
# A model with many parameters can memorize its training examples, including their noise: it **overfits**. Below,
# polynomials of degree 1 to 12 are fitted to 15 noisy points of a curve, and measured on 40 other points.
#
# **a)** Set `answer_degree` to the degree that you would choose. Set `answer_beyond` to a tuple of two words, `"falls"` or
# `"rises"`: what the training error and the validation error do from there to degree 12, on the whole.
#
# The naive way out is a network that is too small to memorize. The right way is regularization. **L1 and L2** add a penalty
# on large weights to the loss (with $\text{sign}(0) = 0$):
#
# $$R(w) = \lambda_1 \sum_i |w_i| + \lambda_2 \sum_i w_i^2 \qquad
# \frac{\partial R}{\partial w_i} = \lambda_1\, \text{sign}(w_i) + 2 \lambda_2 w_i$$
#
# **b)** Write `penalty(w, l1, l2)`, which returns one number, and `penalty_gradient(w, l1, l2)`, which returns an array of
# the shape of `w`. `w` is an array of any shape.
#
# *NumPy*: `np.abs`, `.sum()` without an axis, `np.sign`.
#
# **Dropout** sets a share of a layer's inputs to 0 in each training step, so that no neuron can rely on a single other one.
# What remains is scaled up, so that the sum stays the same on average (*inverted* dropout). When the trained network is
# used, nothing is dropped, and $y = x$. In training:
#
# $$y_i = \begin{cases} x_i / (1 - \text{rate}) & u_i \ge \text{rate} \\ 0 & u_i < \text{rate} \end{cases}$$
#
# **c)** Write `dropout(x, rate, u, training)`: `u` has the shape of `x` and holds random numbers, uniform from 0 to 1;
# `training` is `True` or `False`.
#
# *NumPy*: `np.where(u >= rate, …, …)`.
#
# **Batch normalization** brings each feature to mean 0 and standard deviation 1 within the batch, then lets the network
# learn a scale $\gamma$ and a shift $\beta$. It is given below.
#
# **d)** Set `answer_normalized` to a tuple (mean, standard deviation) of a feature after batch normalization with
# $\gamma = 2$, $\beta = 3$. Now suppose that a network in use normalizes a single example by the mean and standard
# deviation of a batch that holds this example alone. Set `answer_single` to the letter of what comes out: `"a"`, the
# example unchanged; `"b"`, $\beta$, whatever the example is; `"c"`, $\gamma$ times the example.

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
right.set_yticks([0.01, 0.03, 0.1, 0.3, 1.0], ["0.01", "0.03", "0.1", "0.3", "1"])
right.minorticks_off()
left.legend(fontsize=8)
right.legend()
figure.tight_layout()
plt.show()
for _degree, (_training, _validation) in zip(_degrees, _errors):
    print(f"degree {_degree:2}: training error {_training:.4f}, validation error {_validation:.4f}")

# %% nbgrader={"grade_id": "overfitting", "solution": true}
# answer_degree, answer_beyond = …
### BEGIN SOLUTION
answer_degree = 3
answer_beyond = ("falls", "rises")
### END SOLUTION

# %% nbgrader={"grade_id": "test_overfitting", "grade": true, "locked": true, "points": 2}
_kind = "a whole number from 1 to 12"
_received = _kind if answer_degree in range(1, 13) else repr(answer_degree)
expect("Exercise 13, answer_degree", _received, _kind, "the degrees in the plot")
expect(
    f"Exercise 13, words in answer_beyond other than {', '.join(localized(['falls', 'rises']))}",
    sorted(set(localized(answer_beyond)) - localized({"falls", "rises"})),
    [],
    "the two words in the text",
)
### BEGIN HIDDEN TESTS
if answer_degree != 3:
    raise WrongAnswer(
        f"Exercise 13, answer_degree: {answer_degree} is not right.\n"
        "Look at which of the two errors says something about new points, and at where it is smallest."
    )
if localized(tuple(answer_beyond)) != localized(("falls", "rises")):
    raise WrongAnswer(
        "Exercise 13, answer_beyond: not right.\n"
        "Look at the right end of both lines; the training error comes first, then the validation error."
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
_w = np.array([[3.0, 0.0], [0.0, -4.0]])
_what = "Exercise 13, penalty([[3, 0], [0, -4]], l1 = 1, l2 = 0)"
expect(_what, penalty(_w.copy(), 1.0, 0.0), 7, "the absolute values, and the sum over all weights")
_what = "Exercise 13, penalty([[3, 0], [0, -4]], l1 = 0, l2 = 1)"
_received = unchanged(_what, penalty, _w, 0.0, 1.0)
expect(_what, _received, 25, "the squares; there is no root, and no factor 1/2")
### BEGIN HIDDEN TESTS
_w = np.linspace(-2, 3, 12).reshape(3, 4)
_expected = sum(0.3 * abs(x) + 0.02 * x * x for row in _w.tolist() for x in row)
_received = penalty(_w, 0.3, 0.02)
_what = "Exercise 13, penalty of 3×4 weights, l1 = 0.3, l2 = 0.02"
expect(_what, _received, _expected, "the factors l1 and l2, and the sums over all weights", tolerance=1e-5)
### END HIDDEN TESTS

# %% nbgrader={"grade_id": "test_penalty_gradient", "grade": true, "locked": true, "points": 2}
_what = "Exercise 13, penalty_gradient([[3, 0], [0, -4]], l1 = 1, l2 = 0.5)"
_received = unchanged(_what, penalty_gradient, np.array([[3.0, 0.0], [0.0, -4.0]]), 1.0, 0.5)
expect(_what, _received, [[4, 0], [0, -5]], "the sign and its value at 0, and the derivative of a square")
### BEGIN HIDDEN TESTS
_w = np.linspace(-2, 3, 12).reshape(3, 4)
_h = 1e-5
_differences = [
    [(0.3 * (abs(x + _h) - abs(x - _h)) + 0.02 * ((x + _h) ** 2 - (x - _h) ** 2)) / (2 * _h) for x in row]
    for row in _w.tolist()
]
_received = penalty_gradient(_w, 0.3, 0.02)
_what = "Exercise 13, penalty_gradient of 3×4 weights, l1 = 0.3, l2 = 0.02, against central differences"
expect(_what, _received, _differences, "the shape of w, and which term has which factor", tolerance=1e-5)
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
_what = "Exercise 13, dropout of [3, 6, 9, 12], rate 0.25, u = [0.1, 0.6, 0.25, 0.9]"
_x, _u = np.array([3.0, 6.0, 9.0, 12.0]), np.array([0.1, 0.6, 0.25, 0.9])
_received = unchanged(f"{_what}, in training", dropout, _x, 0.25, _u, True)
expect(f"{_what}, in training", _received, [0, 8, 12, 16], "what remains, and how it is scaled")
expect(f"{_what}, in use", dropout(_x, 0.25, _u, False), [3, 6, 9, 12], "the argument `training`")
### BEGIN HIDDEN TESTS
for _rate in (0.2, 0.75, 0.0):
    _x = np.linspace(-3, 5, 20).reshape(4, 5)
    _u = np.linspace(0, 0.95, 20)[::-1].reshape(5, 4).T
    _pairs = [list(zip(*rows)) for rows in zip(_x.tolist(), _u.tolist())]
    _expected = [[0.0 if u < _rate else x / (1 - _rate) for x, u in row] for row in _pairs]
    _received = dropout(_x, _rate, _u, True)
    expect(f"Exercise 13, dropout of 4×5 numbers, rate {_rate}", _received, _expected, "the argument `rate`", 1e-5)
### END HIDDEN TESTS


# %% nbgrader={"grade_id": "batch_normalisation", "locked": true}
def batch_normalization(X, gamma, beta, epsilon=1e-3):
    """Normalize each feature of `X` (examples, features) by its batch, as in training."""
    return gamma * (X - X.mean(axis=0)) / np.sqrt(X.var(axis=0) + epsilon) + beta


# In use there may be no batch: running averages of means and variances, kept during training, take their place.
_normalized = batch_normalization(np.random.default_rng(SEED).normal(100, 30, size=(256, 2)), gamma=1.0, beta=0.0)
print("means with gamma = 1, beta = 0:              ", _normalized.mean(axis=0).round(3) + 0.0)
print("standard deviations with gamma = 1, beta = 0:", _normalized.std(axis=0).round(3))

# %% nbgrader={"grade_id": "normalised", "solution": true}
# answer_normalized, answer_single = …
### BEGIN SOLUTION
answer_normalized = (3.0, 2.0)
answer_single = "b"
### END SOLUTION

# %% nbgrader={"grade_id": "test_normalised", "grade": true, "locked": true, "points": 2}
expect("Exercise 13, how many numbers are in answer_normalized", np.size(answer_normalized), 2, "the two numbers")
_received = "a, b, or c" if answer_single in ("a", "b", "c") else str(answer_single)
expect("Exercise 13, answer_single", _received, "a, b, or c", "the letters in the text")
### BEGIN HIDDEN TESTS
if not np.allclose(answer_normalized, (3.0, 2.0), atol=0.01):
    raise WrongAnswer(
        f"Exercise 13, answer_normalized: {answer_normalized} is not right.\n"
        "Look at what gamma and beta each do to numbers of mean 0 and standard deviation 1."
    )
if str(answer_single) != "b":
    raise WrongAnswer(
        f"Exercise 13, answer_single: {answer_single} is not right.\n"
        "Look at what X − mean is when the batch is one example."
    )
### END HIDDEN TESTS

# %% [markdown]
# The sign of overfitting is a growing gap: training gets better while validation gets worse. L1 drives small weights
# to 0, L2 shrinks large weights the most, dropout spreads the work over many neurons, and batch normalization adds a little
# noise and makes training faster.

# %% [markdown]
# # Part 7: convolutional networks
#
# A dense layer on an image of 28×28 has 784 weights per neuron, and it would have to learn a cat anew for each place in the
# image. A **convolutional** layer slides one small set of weights, the **kernel**, over all places; the result is a
# **feature map**. **Pooling** layers make the maps smaller, and **dense** layers at the end decide.
#
# ## Exercise 14: convolution (8 points)
#
# Goal: slide a kernel over an image, with padding and stride.
#
# With a kernel $K$ of k×k, the entry of the map at row i, column j is
#
# $$M_{ij} = \sum_{a=0}^{k-1} \sum_{b=0}^{k-1} K_{ab}\, I_{i s + a,\; j s + b}$$
#
# - **kernel size** k: usually 3 or 5, odd;
# - **padding**: `"valid"` means none. The kernel stays within the image, and the map is smaller than the image. With
#   `"same"`, (k − 1) / 2 rows and columns of zeros are put on each side of the image first, which keeps the size for s = 1;
# - **stride** s: the step from one place to the next, down and to the right. Places where the kernel would extend past
#   the bottom or right edge (of the padded image, with `"same"`) are left out.
#
# | input | kernel | feature map |
# |---|---|---|
# | $\begin{matrix}1&2&-4&0&7\\-3&5&0&4&-2\\1&4&-6&8&5\\3&7&-1&0&2\\6&1&2&-2&1\end{matrix}$ | $\begin{matrix}-1&0&-1\\0&2&0\\-1&0&-1\end{matrix}$ | $\begin{matrix}18&-14&6\\9&-28&17\\11&-13&-2\end{matrix}$ |
#
# This is the slide's example with one number corrected. In the middle of the top row of the map the slide has −11, a
# misprint: $2 \cdot 0 - (2 + 0 + 4 + 8) = -14$. The other eight numbers are right.
#
# Mathematicians call the formula above **cross-correlation**; their *convolution* first turns the kernel by 180°. Deep
# learning says convolution and computes cross-correlation. The kernel is learned either way, so the difference doesn't
# matter there. It matters here: the tests use kernels that look different when turned (the slide's doesn't).
#
# Write `conv2d(image, kernel, padding="valid", stride=1)`: `image` (height, width) and `kernel` (k, k), with k odd, are
# arrays of floats. It returns the map. Two loops over the places are fine.
#
# *NumPy*: `np.pad(image, width)` adds that many zeros on each side; `image[top : top + k, left : left + k]` is the part
# under the kernel; `(part * kernel).sum()`; start from `np.zeros((rows, columns))` or a list of lists.
#
# (*Channels*: for an image with c channels the kernel is k×k×c, and the products are summed over the channels too. So each
# kernel gives one map, however many channels there are. A layer has f kernels, each with its own bias, so its output has f
# channels. With a stride above 1, Keras's `"same"` may place its zeros differently; the size of the output is the same.)


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
_what = "Exercise 14, conv2d of the slide's image and kernel"
_received = unchanged(_what, conv2d, _slide, _kernel)
expect(
    _what,
    _received,
    [[18, -14, 6], [9, -28, 17], [11, -13, -2]],
    "the first place, worked out by hand: 2·5 − (1 − 4 + 1 − 6) = 18",
)
_right_neighbor = np.array([[0, 0, 0], [0, 0, 0.5], [0, 0, 0]])
expect(
    "Exercise 14, conv2d of the slide's image and a kernel with 0.5 to the right of its middle",
    conv2d(_slide, _right_neighbor),
    [[0, 2, -1], [-3, 4, 2.5], [-0.5, 0, 1]],
    "whether the kernel is turned, and the decimals",
)
### BEGIN HIDDEN TESTS
for _size in (3, 5, 1):
    _image = np.sin(np.arange(42.0)).reshape(6, 7)
    _kernel = np.linspace(-1, 2, _size * _size).reshape(_size, _size) ** 2
    _map = [
        [
            sum(_kernel[a, b] * _image[i + a, j + b] for a in range(_size) for b in range(_size))
            for j in range(7 - _size + 1)
        ]
        for i in range(6 - _size + 1)
    ]
    _what = f"Exercise 14, conv2d of a 6×7 image and a {_size}×{_size} kernel"
    expect(_what, conv2d(_image, _kernel), _map, "how many places there are, down and to the right", tolerance=1e-5)
### END HIDDEN TESTS

# %% nbgrader={"grade_id": "test_conv2d_same", "grade": true, "locked": true, "points": 3}
for _size, _map in [(3, [[4, 6, 6, 4], [6, 9, 9, 6], [4, 6, 6, 4]]), (5, [[9, 12, 12, 9]] * 3)]:
    _what = f'Exercise 14, conv2d of 3×4 ones with a {_size}×{_size} kernel of ones, padding="same"'
    _received = unchanged(_what, conv2d, np.ones((3, 4)), np.ones((_size, _size)), padding="same")
    expect(_what, _received, _map, "how many zeros are put around the image for a kernel of this size")
### BEGIN HIDDEN TESTS
for _size in (3, 5):
    _image = np.sin(np.arange(42.0)).reshape(6, 7) + 2
    _kernel = np.linspace(-1, 2, _size * _size).reshape(_size, _size) ** 2
    _half = _size // 2
    _map = np.zeros((6, 7))
    for _i, _j, _a, _b in np.ndindex(6, 7, _size, _size):
        if 0 <= _i + _a - _half < 6 and 0 <= _j + _b - _half < 7:
            _map[_i, _j] += _kernel[_a, _b] * _image[_i + _a - _half, _j + _b - _half]
    _received = conv2d(_image, _kernel, padding="same")
    _what = f'Exercise 14, conv2d of a 6×7 image and a {_size}×{_size} kernel, padding="same"'
    expect(_what, _received, _map, "which number of the kernel meets which of the image", tolerance=1e-5)
### END HIDDEN TESTS

# %% nbgrader={"grade_id": "test_conv2d_stride", "grade": true, "locked": true, "points": 2}
_slide = np.array(
    [[1, 2, -4, 0, 7], [-3, 5, 0, 4, -2], [1, 4, -6, 8, 5], [3, 7, -1, 0, 2], [6, 1, 2, -2, 1]], dtype=float
)
_kernel = np.array([[-1, 0, -1], [0, 2, 0], [-1, 0, -1]], dtype=float)
expect(
    "Exercise 14, conv2d of the slide's image and kernel, stride 2",
    conv2d(_slide, _kernel, stride=2),
    [[18, 6], [11, -2]],
    "the places that are left",
)
expect(
    'Exercise 14, conv2d of 3×4 ones with a 3×3 kernel of ones, padding="same", stride 2',
    conv2d(np.ones((3, 4)), np.ones((3, 3)), padding="same", stride=2),
    [[4, 6], [4, 6]],
    "the places that fit, after the zeros are put around the image",
)
### BEGIN HIDDEN TESTS
for _padding, _frame, _stride in [("valid", 0, 2), ("valid", 0, 3), ("same", 1, 2), ("same", 1, 3)]:
    _image = np.cos(np.arange(63.0)).reshape(7, 9)
    _kernel = np.array([[1.0, 2.0, 3.0], [-1.0, 0.5, 0.0], [0.0, -2.0, 4.0]])
    _padded = [[0.0] * (9 + 2 * _frame) for _ in range(7 + 2 * _frame)]
    for _i, _j in np.ndindex(7, 9):
        _padded[_i + _frame][_j + _frame] = float(_image[_i, _j])
    _map = [
        [
            sum(float(_kernel[a, b]) * _padded[i + a][j + b] for a in range(3) for b in range(3))
            for j in range(0, len(_padded[0]) - 2, _stride)
        ]
        for i in range(0, len(_padded) - 2, _stride)
    ]
    _received = conv2d(_image, _kernel, _padding, _stride)
    _what = f'Exercise 14, conv2d of a 7×9 image, padding="{_padding}", stride {_stride}'
    expect(_what, _received, _map, "the last places that fit, in both directions", tolerance=1e-5)
### END HIDDEN TESTS

# %% nbgrader={"grade_id": "plot_maps", "locked": true}
_rows, _columns = np.mgrid[:28, :28]
_ring = (np.abs(np.hypot(_rows - 13.5, _columns - 13.5) - 8) < 2).astype(float)
_edges = {
    "vertical edges": np.array([[-1.0, 0.0, 1.0], [-2.0, 0.0, 2.0], [-1.0, 0.0, 1.0]]),
    "horizontal edges": np.array([[-1.0, -2.0, -1.0], [0.0, 0.0, 0.0], [1.0, 2.0, 1.0]]),
}
figure, axes = plt.subplots(1, 5, figsize=(15, 3), width_ratios=[1, 0.5, 1, 0.5, 1])
axes[0].imshow(_ring, cmap="gray")
axes[0].set(title="image", xlabel="column", ylabel="row")
for _small, _panel, (_name, _kernel) in zip(axes[1::2], axes[2::2], _edges.items()):
    _small.imshow(_kernel, cmap="coolwarm", vmin=-4, vmax=4)
    _small.set(title=f"kernel: {_name}", xticks=range(3), yticks=range(3))
    for _place in np.ndindex(3, 3):
        _small.text(_place[1], _place[0], f"{_kernel[_place]:g}", ha="center", va="center")
    _panel.set(title=f"feature map: {_name}", xlabel="column", ylabel="row")
    try:
        _drawn = _panel.imshow(conv2d(_ring, _kernel), cmap="coolwarm", vmin=-4, vmax=4)
        figure.colorbar(_drawn, ax=_panel, shrink=0.8)
    except Exception as error:  # not solved yet
        print(f"{_name} are not drawn: {error!r}")
figure.tight_layout()
plt.show()

# %% [markdown]
# These kernels were made by hand. A network finds its own, and those of the first layer often turn into edge detectors like
# these. Why is an edge red on one side of the ring and blue on the other, and what would relu leave of it?

# %% [markdown]
# ## Exercise 15: max pooling (3 points)
#
# Goal: make a map smaller.
#
# A pooling layer keeps the largest number of each block of the map. This saves computations later, and it loses
# information: where in the block the number was, and what else was there. The size of the blocks is usually 2 to 4, and the
# stride usually equals the size; if it is smaller, the blocks overlap.
#
# Write `max_pool(image, size, stride)`: from `image` (height, width), take the largest number of each block of size×size.
# Blocks start every `stride` rows and every `stride` columns from the top left. Blocks that would extend past the edge are left out;
# there is no padding.
#
# *NumPy*: slices and `.max()`, as in Exercise 14.


# %% nbgrader={"grade_id": "max_pool", "solution": true}
def max_pool(image, size, stride):
    """The largest number of each block of size×size of `image` (height, width)."""
    ### BEGIN SOLUTION
    windows = np.lib.stride_tricks.sliding_window_view(image, (size, size))
    return windows[::stride, ::stride].max(axis=(2, 3))
    ### END SOLUTION


# %% nbgrader={"grade_id": "test_max_pool", "grade": true, "locked": true, "points": 3}
_image = [[1, 3, 2, 0], [5, 4, 1, 1], [0, 0, 7, 8], [2, 1, 9, 6]]
for _stride, _maxima in [(2, [[5, 2], [2, 9]]), (1, [[5, 4, 2], [5, 7, 8], [2, 9, 9]])]:
    _what = f"Exercise 15, max_pool of {_image}, size 2, stride {_stride}"
    _received = unchanged(_what, max_pool, np.array(_image, dtype=float), 2, _stride)
    expect(_what, _received, _maxima, "which four numbers make a block, and where blocks start")
expect(
    "Exercise 15, max_pool of [[-5, -3, -9], [-4, -6, -1]], size 2, stride 2",
    max_pool(np.array([[-5.0, -3.0, -9.0], [-4.0, -6.0, -1.0]]), 2, 2),
    [[-3]],
    "negative numbers, and a column that fills no block",
)
### BEGIN HIDDEN TESTS
for _height, _width, _size, _stride in [(5, 7, 2, 2), (9, 6, 3, 3), (8, 9, 2, 4), (11, 10, 3, 6), (8, 10, 3, 2)]:
    _image = np.cos(np.arange(_height * _width) * 1.3).reshape(_height, _width) - 5
    _maxima = []
    for _top in range(0, _height - _size + 1, _stride):
        _maxima.append([])
        for _left in range(0, _width - _size + 1, _stride):
            _block = [float(_image[_top + a, _left + b]) for a in range(_size) for b in range(_size)]
            _maxima[-1].append(sorted(_block)[-1])
    _what = f"Exercise 15, max_pool of a {_height}×{_width} map, size {_size}, stride {_stride}"
    _received = max_pool(_image, _size, _stride)
    expect(_what, _received, _maxima, "how many blocks fit, down and to the right", tolerance=1e-5)
### END HIDDEN TESTS

# %% [markdown]
# Pooling with size 2 and stride 2 leaves a quarter of the numbers, so the next convolution costs about a quarter as
# much. Pooling has nothing to learn.

# %% [markdown]
# ## Exercise 16: sizes and parameters (4 points)
#
# Goal: work out the size of a layer's output and the number of its parameters before you build it.
#
# A convolution or pooling of size k and stride s turns n rows (or columns) into
#
# $$\text{valid: } \Big\lfloor \frac{n - k}{s} \Big\rfloor + 1 \qquad\qquad \text{same: } \Big\lceil \frac{n}{s} \Big\rceil$$
#
# A convolution with f kernels of k×k on c channels has $f\,(k^2 c + 1)$ parameters; the 1 is the bias of each kernel. A
# dense layer has (inputs + 1) parameters per neuron. Pooling, flattening, and dropout have none.
#
# **a)** Write `output_size(n, k, stride, padding)`, with `padding` either `"valid"` or `"same"`.
#
# **b)** Write `conv_parameters(k, channels, filters)` and `dense_parameters(inputs, neurons)`.
#
# *Python*: `//` rounds down, `math.ceil` rounds up.
#
# The lecture's network makes a good check. Its slide has this `summary()` for 28×28 images with one channel; pooling has
# stride 2 and there is no padding. In Homework 2 you build it with Keras.
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


# %% nbgrader={"grade_id": "test_output_size", "grade": true, "locked": true, "points": 2}
for _given, _size in [
    ((28, 3, 1, "valid"), 26),
    ((11, 2, 2, "valid"), 5),
    ((28, 3, 1, "same"), 28),
    ((11, 3, 2, "same"), 6),
]:
    expect(f"Exercise 16, output_size{_given}", output_size(*_given), _size, "the + 1, and which way it is rounded")
### BEGIN HIDDEN TESTS
for _n, _k, _stride in [(28, 5, 1), (28, 5, 2), (29, 3, 2), (32, 3, 3), (7, 7, 2), (13, 2, 2), (10, 4, 4), (8, 2, 2)]:
    for _padding, _last in [("valid", _n - _k), ("same", _n - 1)]:
        _what = f"Exercise 16, output_size({_n}, {_k}, {_stride}, {_padding!r})"
        _received = output_size(_n, _k, _stride, _padding)
        expect(_what, _received, len(range(0, _last + 1, _stride)), "what the size depends on, and the rounding")
### END HIDDEN TESTS

# %% nbgrader={"grade_id": "test_parameters", "grade": true, "locked": true, "points": 2}
for _given, _number in [((3, 1, 32), 320), ((3, 32, 64), 18_496)]:
    _received = conv_parameters(*_given)
    expect(f"Exercise 16, conv_parameters{_given}", _received, _number, "what has channels, and what has a bias")
for _given, _number in [((64, 10), 650), ((1600, 64), 102_464)]:
    _received = dense_parameters(*_given)
    expect(f"Exercise 16, dense_parameters{_given}", _received, _number, "whose bias it is: the neuron's")
### BEGIN HIDDEN TESTS
_expected = np.ones((8, 5, 5, 3)).size + 8
expect("Exercise 16, conv_parameters(5, 3, 8)", conv_parameters(5, 3, 8), _expected, "both sides of the kernel")
_expected = np.ones((300, 7)).size + 300
expect("Exercise 16, dense_parameters(7, 300)", dense_parameters(7, 300), _expected, "the arguments, and the bias")
### END HIDDEN TESTS

# %% [markdown]
# Most parameters are in the first dense layer, 102,464 of 121,930, although the convolutions do most of the work: they
# use each of their weights at hundreds of places.

# %% [markdown]
# # All together
#
# If exercises 2, 4, 5, 7, 9, and 11 are solved, the next cell trains a network that you wrote yourself: 2 inputs, 16 hidden
# neurons, 2 classes, mini-batches of 32 with momentum, 60 epochs. There are no points for it. See whether the border between
# the colors follows the two moons.

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
    _drawn = left.contourf(
        _across, _up, _plane[:, 1].reshape(_across.shape), levels=np.linspace(0, 1, 11), cmap="coolwarm", alpha=0.5
    )
    figure.colorbar(_drawn, ax=left, ticks=[0, 0.5, 1], label="probability of class 1")
    for _class, _color in [(0, "tab:blue"), (1, "tab:red")]:
        left.scatter(*_points[_labels == _class].T, s=10, color=_color, label=f"class {_class}")
    left.set(title="Two moons", xlabel="$x_0$", ylabel="$x_1$")
    left.legend()
    right.plot(range(1, 61), _history, label="training")
    right.set(title="Cross-entropy", xlabel="epoch", ylabel="loss", xticks=[1, *range(10, 61, 10)], ylim=(0, None))
    right.legend()
    figure.tight_layout()
    plt.show()
except NotImplementedError:
    print("Not all of the exercises that this plot needs are solved yet.")
except Exception as error:
    print(f"One of the functions stops with an error: {type(error).__name__}: {error}")

# %% [markdown]
# # Glossary
#
# The slides are in Russian. These are their terms, in the order of this notebook.
#
# | Russian | English | in one line |
# |---|---|---|
# | нейрон, персептрон | neuron, perceptron | a weighted sum of inputs plus a bias, sent through an activation function |
# | функция активации | activation function | the function that a neuron applies to its sum |
# | параметры | parameters | the weights and biases, which training changes |
# | глубокая нейросеть | deep neural network | a network of many layers |
# | свёрточная сеть | convolutional network | a network with kernels that slide over its input |
# | рекуррентная сеть | recurrent network | a network that reads a sequence and remembers what it has read |
# | спайковая сеть | spiking network | a network whose neurons send pulses over time |
# | обучение на прецедентах (на примерах) | learning from examples | finding a rule in examples instead of writing it down |
# | признаки | features | the numbers that describe an example, $X$ |
# | целевая переменная | target | the number or class to be predicted, $y$ |
# | классификация | classification | predicting a class |
# | регрессия | regression | predicting a number |
# | кластеризация | clustering | finding groups of similar examples that nobody has named |
# | ранжирование | ranking | putting things in order |
# | предсказание | prediction, forecasting | predicting the next values of a series |
# | ошибка, функция потерь | error, loss function | the number that training makes as small as possible |
# | индикатор ошибки | error indicator | 1 for a wrong answer, 0 for a right one |
# | квадратичная ошибка | squared error | the square of the difference between answer and target |
# | метрика качества | quality metric | a number that tells people how good a network is |
# | доля верных ответов | accuracy | the fraction of answers that are right |
# | точность | precision | the fraction of the selected items that are relevant |
# | полнота | recall | the fraction of the relevant items that are selected |
# | градиентный спуск | gradient descent | many small steps against the gradient of the loss |
# | момент, инерция | momentum | a step that remembers the direction of the steps before it |
# | скорость обучения | learning rate | the factor by which a step multiplies the gradient |
# | паралич сети | network paralysis | steps so small that nothing more is learned |
# | пакетный режим | full-batch mode | all examples for each step |
# | стохастический режим | stochastic mode | one example for each step |
# | мини-пакет | mini-batch | a small part of the examples for each step |
# | эпоха | epoch | one pass through all training data |
# | обратное распространение ошибки | back-propagation | computing the gradient layer by layer, from the last to the first |
# | обучающая выборка | training set | the examples that the network learns from |
# | валидационная выборка | validation set | the examples that choices are based on |
# | тестовая выборка | test set | the examples that nobody touches until the very end |
# | переобучение | overfitting | memorizing the training examples, including their noise |
# | регуляризация | regularization | whatever works against overfitting |
# | dropout | dropout | setting a random share of a layer's inputs to 0 in each training step |
# | batch normalization | batch normalization | bringing each feature to mean 0 and standard deviation 1 within a batch |
# | свёрточный слой | convolutional layer | kernels that slide over an image, with one feature map per kernel |
# | ядро свёртки | kernel | the small array of weights that slides over the image |
# | карта признаков | feature map | the output of one kernel |
# | сохранение размера | "same" padding | zeros around the image, so that the map keeps its size |
# | шаг | stride | how far the kernel or block moves from one place to the next |
# | слой подвыборки, пулинга | pooling layer | a layer that keeps the largest number of each block |
# | полносвязный слой | dense, fully connected layer | a layer in which each neuron is connected to every input |
#
# # At the end
#
# Choose *Kernel → Restart Kernel and Run All Cells* (in Colab: *Runtime → Restart session and run all*), check that every
# test cell stays silent, save, and submit the file. Keep its name. If you have left an exercise out, run the rest with *Run
# Selected Cell and All Below*, and hand the notebook in anyway: each exercise is graded on its own.
