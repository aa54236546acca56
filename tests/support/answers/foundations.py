"""Answers to the exercises of foundations; see answering.py."""

# %% GIVEN race: without its picture
_methods = {}


# %% GIVEN plot_rates: without its picture
rates = [0.0001, 0.001, 0.05, 0.15, 0.19, 0.25]


# %% GIVEN guessers: without their picture
_guessers = 100


# %% GIVEN polynomials: errors like theirs, without the picture
_degrees = range(1, 13)
_errors = np.array([[1 / degree, abs(degree - 3) + 0.1] for degree in _degrees])


# %% GIVEN plot_maps: without its picture
_edges = {}


# %% RIGHT encode_people: by loops that append
def encode_people(rows):
    X, smokes, grades = [], [], []
    for row in rows:
        features = list(row[:5])
        features[3] = 1 if features[3] == "m" else 0
        X.append(features)
        smokes.append(1 if row[-1] == "yes" else 0)
        grades.append(row[-2])
    return np.array(X), np.array(smokes), np.array(grades)


# %% RIGHT encode_people: as lists
def encode_people(rows):
    codes = {"f": 0, "m": 1, "no": 0, "yes": 1}
    X = [[h, iq, beers, codes[sex], school] for h, iq, beers, sex, school, _, _ in rows]
    return X, [codes[row[6]] for row in rows], [row[5] for row in rows]


# %% RIGHT encode_people: column by column, into float32
def encode_people(rows):
    h, iq, beers, sex, school, university, smokes = zip(*rows)
    sex = np.array(sex) == "m"
    X = np.stack([h, iq, beers, sex, school], axis=1).astype("float32")
    return X, (np.array(smokes) == "yes").astype("float32"), np.array(university, dtype="float32")


# %% RIGHT encode_people: from an array of objects, which becomes numbers at the end
def encode_people(rows):
    table = np.array(rows, dtype=object)
    table[:, 3] = np.where(table[:, 3] == "m", 1, 0)
    return table[:, :5].astype(float), table[:, 6] == "yes", table[:, 5].astype(float)


# %% RIGHT encode_people: by a structured array
def encode_people(rows):
    kinds = [
        ("h", float),
        ("iq", float),
        ("beer", float),
        ("sex", "U1"),
        ("school", float),
        ("uni", float),
        ("s", "U3"),
    ]
    t = np.array([tuple(r) for r in rows], dtype=kinds)
    X = np.vstack([t["h"], t["iq"], t["beer"], (t["sex"] == "m").astype(float), t["school"]]).T
    return X, np.char.equal(t["s"], "yes").astype(np.uint8), t["uni"]


# %% RIGHT encode_people: from text by a dictionary of codes, as a tuple of tuples
def encode_people(rows):
    code = {"f": 0.0, "m": 1.0, "no": 0, "yes": 1}
    X = tuple(tuple(code.get(v, v) for v in row[:5]) for row in rows)
    return X, tuple(code[row[6]] for row in rows), tuple(row[5] for row in rows)


# %% RIGHT encode_people: into an array of zeros
def encode_people(rows):
    X, c, r = np.zeros((len(rows), 5)), np.zeros(len(rows), dtype=np.int8), np.zeros(len(rows))
    for i, row in enumerate(rows):
        X[i, :3], X[i, 3], X[i, 4] = row[:3], ["f", "m"].index(row[3]), row[4]
        c[i], r[i] = row[6] == "yes", row[5]
    return X, c, r


# %% WRONG encode_people: changes the rows in place -> test_encode_people
def encode_people(rows):
    for i, row in enumerate(rows):
        rows[i] = [*row[:3], float(row[3] == "m"), *row[4:6], int(row[6] == "yes")]
    table = np.array(rows)
    return table[:, :5], table[:, 6], table[:, 5]


# %% WRONG encode_people: a target among the features -> test_encode_people
def encode_people(rows):
    X = np.array([[*row[:3], float(row[3] == "m"), *row[4:6]] for row in rows])
    return X, np.array([int(row[6] == "yes") for row in rows]), np.array([row[5] for row in rows])


# %% WRONG encode_people: an array of text -> test_encode_people
def encode_people(rows):
    table = np.array(rows)
    table[:, 3] = np.where(table[:, 3] == "m", "1", "0")
    return table[:, :5], (table[:, 6] == "yes").astype(int), table[:, 5].astype(float)


# %% WRONG encode_people: an array of objects -> test_encode_people
def encode_people(rows):
    table = np.array(rows, dtype=object)
    table[:, 3] = np.where(table[:, 3] == "m", 1, 0)
    return table[:, :5], (table[:, 6] == "yes").astype(int), table[:, 5].astype(float)


# %% WRONG encode_people: the sexes are exchanged -> test_encode_people
def encode_people(rows):
    X = np.array([[*row[:3], float(row[3] == "f"), row[4]] for row in rows])
    return X, np.array([int(row[6] == "yes") for row in rows]), np.array([row[5] for row in rows])


# %% WRONG encode_people: targets as columns -> test_encode_people
def encode_people(rows):
    X = np.array([[*row[:3], float(row[3] == "m"), row[4]] for row in rows])
    return X, np.array([[int(row[6] == "yes")] for row in rows]), np.array([[row[5]] for row in rows])


# %% WRONG encode_people: always the people of the slide -> test_encode_people
def encode_people(rows):
    X = np.array([[*row[:3], float(row[3] == "m"), row[4]] for row in people])
    return X, np.array([int(row[6] == "yes") for row in people]), np.array([row[5] for row in people])


# %% WRONG encode_people: the targets are exchanged -> test_encode_people
def encode_people(rows):
    X = np.array([[*row[:3], float(row[3] == "m"), row[4]] for row in rows])
    return X, np.array([row[5] for row in rows]), np.array([int(row[6] == "yes") for row in rows])


# %% WRONG encode_people: the school grade as target -> test_encode_people
def encode_people(rows):
    X = np.array([[*row[:3], float(row[3] == "m"), row[4]] for row in rows])
    return X, np.array([int(row[6] == "yes") for row in rows]), np.array([row[4] for row in rows])


# %% WRONG encode_people: no return -> test_encode_people
def encode_people(rows):
    X = np.array([[*row[:3], float(row[3] == "m"), row[4]] for row in rows])


# %% WRONG encode_people: numbers cut to whole ones -> test_encode_people
def encode_people(rows):
    X = np.zeros((len(rows), 5), dtype=int)
    for i, row in enumerate(rows):
        X[i] = [*row[:3], row[3] == "m", row[4]]
    return X, np.array([row[6] == "yes" for row in rows]), np.array([row[5] for row in rows])


# %% WRONG encode_people: rows for columns -> test_encode_people
def encode_people(rows):
    X = np.array([[*row[:3], float(row[3] == "m"), row[4]] for row in rows])
    return X.T, np.array([row[6] == "yes" for row in rows]), np.array([row[5] for row in rows])


# %% WRONG encode_people: a target as text -> test_encode_people
def encode_people(rows):
    X = np.array([[*row[:3], float(row[3] == "m"), row[4]] for row in rows])
    return X, np.array([row[6] for row in rows]), np.array([row[5] for row in rows])


# %% WRONG encode_people: the classes of the slide's people -> test_encode_people
def encode_people(rows):
    X = np.array([[*row[:3], float(row[3] == "m"), row[4]] for row in rows])
    return X, np.array([int(row[6] == "yes") for row in people]), np.array([row[5] for row in rows])


# %% WRONG encode_people: the grades of the slide's people -> test_encode_people
def encode_people(rows):
    X = np.array([[*row[:3], float(row[3] == "m"), row[4]] for row in rows])
    return X, np.array([int(row[6] == "yes") for row in rows]), np.array([row[5] for row in people])


# %% RIGHT tasks: the words of the Russian notebook
answer_tasks = {
    "a": "классификация",
    "b": "регрессия",
    "c": "кластеризация",
    "d": "ранжирование",
    "e": "предсказание",
    "f": "классификация",
}


# %% RIGHT tasks: in another order, by dict
answer_tasks = dict(f="classification", e="prediction", d="ranking", c="clustering", b="regression", a="classification")


# %% RIGHT tasks: NumPy's texts
answer_tasks = {
    str(k): np.str_(v)
    for k, v in zip("abcdef", "classification regression clustering ranking prediction classification".split())
}


# %% WRONG tasks: a letter is missing -> test_tasks
answer_tasks = {"a": "classification", "b": "regression", "c": "clustering", "d": "ranking", "e": "prediction"}

# %% WRONG tasks: a capital -> test_tasks
answer_tasks = dict(zip("abcdef", "Classification regression clustering ranking prediction classification".split()))

# %% WRONG tasks: groups that nobody knows taken for classes -> test_tasks
answer_tasks = dict(zip("abcdef", "classification regression classification ranking prediction clustering".split()))


# %% WRONG tasks: a list -> test_tasks
answer_tasks = ["classification", "regression", "clustering", "ranking", "prediction", "classification"]


# %% WRONG tasks: a forecast taken for regression -> test_tasks
answer_tasks = dict(zip("abcdef", "classification regression clustering ranking regression classification".split()))


# %% WRONG tasks: a digit taken for a number -> test_tasks
answer_tasks = dict(zip("abcdef", "classification regression clustering ranking prediction regression".split()))


# %% RIGHT activation: by selections
def activation(z, kind):
    if kind == "step":
        return (z >= 0).astype(float)
    if kind == "sigmoid":
        positive = z >= 0
        powers = np.exp(np.where(positive, -z, z))
        return np.where(positive, 1 / (1 + powers), powers / (1 + powers))
    if kind == "tanh":
        return np.tanh(z)
    return z * (z > 0)


# %% RIGHT activation: element by element
def activation(z, kind):
    def one(number):
        if kind == "step":
            return 1 if number >= 0 else 0
        if kind == "sigmoid":
            if number < 0:
                return math.exp(number) / (1 + math.exp(number))
            return 1 / (1 + math.exp(-number))
        if kind == "tanh":
            return math.tanh(number)
        return max(0, number)

    return np.array([one(number) for number in z.flatten()]).reshape(z.shape)


# %% RIGHT activation: a logarithm that doesn't overflow
def activation(z, kind):
    return {
        "step": lambda: np.heaviside(z, 1),
        "sigmoid": lambda: np.exp(-np.logaddexp(0, -z)),
        "tanh": lambda: np.sinh(z) / np.cosh(z),
        "relu": lambda: np.clip(z, 0, None),
    }[kind]()


# %% RIGHT activation: filled by masks
def activation(z, kind):
    result = np.zeros(np.shape(z))
    if kind == "step":
        result[z >= 0] = 1
    elif kind == "relu":
        result[z > 0] = z[z > 0]
    elif kind == "tanh":
        result[...] = (np.exp(z) - np.exp(-z)) / (np.exp(z) + np.exp(-z))
    else:
        result[z >= 0] = 1 / (1 + np.exp(-z[z >= 0]))
        result[z < 0] = np.exp(z[z < 0]) / (1 + np.exp(z[z < 0]))
    return result


# %% RIGHT activation: both formulas everywhere, the overflow of the other one ignored
def activation(z, kind):
    if kind == "step":
        return np.where(z < 0, 0, 1)
    if kind == "sigmoid":
        with np.errstate(all="ignore"):
            return np.where(z >= 0, 1 / (1 + np.exp(-z)), np.exp(z) / (1 + np.exp(z)))
    if kind == "tanh":
        return np.tanh(z)
    return (z + np.abs(z)) / 2


# %% RIGHT activation: by piecewise and select
def activation(z, kind):
    z = np.asarray(z, dtype=float)
    if kind == "sigmoid":
        return np.piecewise(z, [z >= 0], [lambda p: 1 / (1 + np.exp(-p)), lambda q: np.exp(q) / (1 + np.exp(q))])
    if kind == "tanh":
        e = np.expm1(-2 * np.abs(z))
        return np.sign(z) * -e / (2 + e)
    return np.select([kind == "step", kind == "relu"], [np.heaviside(z, 1.0), np.fmax(z, 0)])


# %% RIGHT activation: by match and the logarithm of 1 + e^z
def activation(z, kind):
    match kind:
        case "step":
            return np.greater_equal(z, 0).astype(np.int8)
        case "sigmoid":
            return np.exp(np.minimum(z, 0) - np.log1p(np.exp(-np.abs(z))))
        case "tanh":
            return 1 - 2 / (np.exp(2 * z) + 1)
        case "relu":
            return (np.sign(z) + 1) / 2 * z


# %% RIGHT activation: vectorized with floats
def activation(z, kind):
    def sigmoid(x):
        return 1 / (1 + math.exp(-x)) if x >= 0 else 1 - 1 / (1 + math.exp(x)) if x > -30 else math.exp(x)

    f = {"step": lambda x: float(x >= 0), "sigmoid": sigmoid, "tanh": math.tanh, "relu": lambda x: max(0.0, x)}[kind]
    return np.vectorize(f, otypes=[float])(z)


# %% WRONG activation: a sigmoid that overflows -> test_stable_sigmoid
def activation(z, kind):
    if kind == "step":
        return np.where(z >= 0, 1.0, 0.0)
    if kind == "sigmoid":
        return 1 / (1 + np.exp(-z))
    if kind == "tanh":
        return np.tanh(z)
    return np.maximum(z, 0.0)


# %% WRONG activation: both formulas everywhere, with a warning -> test_stable_sigmoid
def activation(z, kind):
    if kind == "step":
        return np.where(z >= 0, 1.0, 0.0)
    if kind == "sigmoid":
        return np.where(z >= 0, 1 / (1 + np.exp(-z)), np.exp(z) / (1 + np.exp(z)))
    if kind == "tanh":
        return np.tanh(z)
    return np.maximum(z, 0.0)


# %% WRONG activation: a sigmoid of numbers cut off at 500 -> test_stable_sigmoid
def activation(z, kind):
    if kind == "step":
        return np.where(z >= 0, 1.0, 0.0)
    if kind == "sigmoid":
        return 1 / (1 + np.exp(-np.clip(z, -500, 500)))
    if kind == "tanh":
        return np.tanh(z)
    return np.maximum(z, 0.0)


# %% WRONG activation: a sigmoid from tanh, which rounds to 0 -> test_stable_sigmoid
def activation(z, kind):
    if kind == "step":
        return np.where(z >= 0, 1.0, 0.0)
    if kind == "sigmoid":
        return (1 + np.tanh(z / 2)) / 2
    if kind == "tanh":
        return np.tanh(z)
    return np.maximum(z, 0.0)


# %% WRONG activation: the formula for negative numbers everywhere, warnings switched off -> test_stable_sigmoid
def activation(z, kind):
    if kind == "step":
        return np.where(z >= 0, 1.0, 0.0)
    if kind == "sigmoid":
        with np.errstate(all="ignore"):
            return np.exp(z) / (1 + np.exp(z))
    if kind == "tanh":
        return np.tanh(z)
    return np.maximum(z, 0.0)


# %% WRONG activation: cut off where the visible test asks -> test_stable_sigmoid
def activation(z, kind):
    if kind == "step":
        return np.where(z >= 0, 1.0, 0.0)
    if kind == "sigmoid":
        small = np.exp(-np.minimum(np.abs(z), 720))
        return np.where(z >= 0, 1.0, small) / (1.0 + small)
    if kind == "tanh":
        return np.tanh(z)
    return np.maximum(z, 0.0)


# %% WRONG activation: the step at 0 -> test_activation
def activation(z, kind):
    if kind == "step":
        return np.where(z > 0, 1.0, 0.0)
    if kind == "sigmoid":
        small = np.exp(-np.abs(z))
        return np.where(z >= 0, 1.0, small) / (1.0 + small)
    if kind == "tanh":
        return np.tanh(z)
    return np.maximum(z, 0.0)


# %% WRONG activation: relu in place -> test_activation
def activation(z, kind):
    if kind == "step":
        return np.where(z >= 0, 1.0, 0.0)
    if kind == "sigmoid":
        small = np.exp(-np.abs(z))
        return np.where(z >= 0, 1.0, small) / (1.0 + small)
    if kind == "tanh":
        return np.tanh(z)
    z[z < 0] = 0
    return z


# %% WRONG activation: a leaky relu -> test_activation
def activation(z, kind):
    if kind == "step":
        return np.where(z >= 0, 1.0, 0.0)
    if kind == "sigmoid":
        small = np.exp(-np.abs(z))
        return np.where(z >= 0, 1.0, small) / (1.0 + small)
    if kind == "tanh":
        return np.tanh(z)
    return np.maximum(z, 0.01 * z)


# %% WRONG activation: the sign of the sigmoid's exponent -> test_activation, test_stable_sigmoid
def activation(z, kind):
    if kind == "step":
        return np.where(z >= 0, 1.0, 0.0)
    if kind == "sigmoid":
        return 1 / (1 + np.exp(z))
    if kind == "tanh":
        return np.tanh(z)
    return np.maximum(z, 0.0)


# %% WRONG activation: tanh from the sigmoid, without the factor 2 -> test_activation
def activation(z, kind):
    small = np.exp(-np.abs(z))
    sigmoid = np.where(z >= 0, 1.0, small) / (1.0 + small)
    if kind == "step":
        return np.where(z >= 0, 1.0, 0.0)
    if kind == "sigmoid":
        return sigmoid
    if kind == "tanh":
        return 2 * sigmoid - 1
    return np.maximum(z, 0.0)


# %% WRONG activation: a sigmoid that is the same on both sides -> test_activation, test_stable_sigmoid
def activation(z, kind):
    if kind == "step":
        return np.where(z >= 0, 1.0, 0.0)
    if kind == "sigmoid":
        return 1.0 / (1.0 + np.exp(-np.abs(z)))
    if kind == "tanh":
        return np.tanh(z)
    return np.maximum(z, 0.0)


# %% WRONG activation: vectorized, so that whole numbers come out -> test_activation
def activation(z, kind):
    if kind == "step":
        return np.where(z >= 0, 1.0, 0.0)
    if kind == "sigmoid":
        small = np.exp(-np.abs(z))
        return np.where(z >= 0, 1.0, small) / (1.0 + small)
    if kind == "tanh":
        return np.tanh(z)
    return np.vectorize(lambda x: max(0, x))(z)


# %% WRONG activation: the step in place -> test_activation
def activation(z, kind):
    if kind == "step":
        z[z >= 0] = 1
        z[z < 0] = 0
        return z
    if kind == "sigmoid":
        small = np.exp(-np.abs(z))
        return np.where(z >= 0, 1.0, small) / (1.0 + small)
    if kind == "tanh":
        return np.tanh(z)
    return np.maximum(z, 0)


# %% WRONG activation: the sigmoid in place -> test_activation
def activation(z, kind):
    if kind == "step":
        return np.where(z >= 0, 1.0, 0.0)
    if kind == "sigmoid":
        m = z >= 0
        z[m] = 1 / (1 + np.exp(-z[m]))
        z[~m] = np.exp(z[~m]) / (1 + np.exp(z[~m]))
        return z
    if kind == "tanh":
        return np.tanh(z)
    return np.maximum(z, 0)


# %% WRONG activation: tan for tanh -> test_activation
def activation(z, kind):
    if kind == "step":
        return np.where(z >= 0, 1.0, 0.0)
    if kind == "sigmoid":
        small = np.exp(-np.abs(z))
        return np.where(z >= 0, 1.0, small) / (1.0 + small)
    if kind == "tanh":
        return np.tan(z)
    return np.maximum(z, 0)


# %% WRONG activation: a flat step -> test_activation
def activation(z, kind):
    if kind == "step":
        return np.array([1 if number >= 0 else 0 for number in z.ravel()])
    if kind == "sigmoid":
        small = np.exp(-np.abs(z))
        return np.where(z >= 0, 1.0, small) / (1.0 + small)
    if kind == "tanh":
        return np.tanh(z)
    return np.maximum(z, 0.0)


# %% RIGHT perceptron: by loops
def perceptron(x, w, b, f_act):
    sums = []
    for row in x:
        total = b
        for number, weight in zip(row, w):
            total += number * weight
        sums.append(total)
    return f_act(np.array(sums))


def predicted_class(outputs):
    classes = []
    for row in outputs:
        if len(row) == 1:
            classes.append(1 if row[0] >= 0.5 else 0)
        else:
            classes.append(list(row).index(max(row)))
    return classes


# %% RIGHT perceptron: by dot and where
def perceptron(x, w, b, f_act):
    return f_act(np.dot(x, w) + b)


def predicted_class(outputs):
    if outputs.shape[-1] > 1:
        return np.argmax(outputs, axis=-1)
    return np.where(outputs.squeeze(axis=1) < 0.5, 0, 1)


# %% RIGHT perceptron: by products and a sum, with truth values as classes
def perceptron(x, w, b, f_act):
    return f_act((x * w).sum(axis=1) + b)


def predicted_class(outputs):
    return outputs[:, 0] >= 0.5 if outputs.shape[1] == 1 else outputs.argmax(axis=1)


# %% RIGHT perceptron: by einsum, with the other class put in
def perceptron(x, w, b, f_act):
    return f_act(np.einsum("ei,i->e", x, w) + b)


def predicted_class(outputs):
    if outputs.shape[1] == 1:
        outputs = np.hstack([np.nextafter(1 - outputs, 0), outputs])
    return np.argmax(outputs, axis=1)


# %% RIGHT perceptron: the bias as one more weight
def perceptron(x, w, b, f_act):
    return f_act(np.column_stack([x, np.ones(len(x))]) @ np.append(w, b))


def predicted_class(outputs):
    n, classes = outputs.shape
    if classes == 1:
        return (outputs.reshape(n) >= 0.5) * 1
    return np.array([np.argsort(-row)[0] for row in outputs])


# %% RIGHT perceptron: by vectorize and round
def perceptron(x, w, b, f_act):
    return np.array([f_act(np.sum(np.multiply(row, w)) + b) for row in x])


def predicted_class(outputs):
    if outputs.shape[1] == 1:
        return np.floor(outputs.flatten() + 0.5)
    return np.array([max(range(len(r)), key=lambda k: r[k]) for r in outputs])


# %% RIGHT perceptron: by tensordot and where
def perceptron(x, w, b, f_act):
    return f_act(np.tensordot(x, w, axes=1) + np.full(len(x), b))


def predicted_class(outputs):
    return [int(row[0] >= 0.5) if row.size == 1 else int(np.where(row == row.max())[0][0]) for row in outputs]


# %% WRONG perceptron: the bias outside of the function -> test_perceptron
def perceptron(x, w, b, f_act):
    return f_act(x @ w) + b


# %% WRONG perceptron: the inputs weighted in place -> test_perceptron
def perceptron(x, w, b, f_act):
    x *= w
    return f_act(x.sum(axis=1) + b)


# %% WRONG perceptron: always the sign -> test_perceptron
def perceptron(x, w, b, f_act):
    return np.sign(x @ w + b)


# %% WRONG perceptron: one half is class 0 -> test_predicted_class
def predicted_class(outputs):
    if outputs.shape[1] == 1:
        return (outputs[:, 0] > 0.5).astype(int)
    return outputs.argmax(axis=1)


# %% WRONG perceptron: classes as a column -> test_predicted_class
def predicted_class(outputs):
    if outputs.shape[1] == 1:
        return (outputs >= 0.5).astype(int)
    return outputs.argmax(axis=1)


# %% WRONG perceptron: the threshold in place -> test_predicted_class
def predicted_class(outputs):
    if outputs.shape[1] == 1:
        outputs[outputs >= 0.5] = 1
        outputs[outputs < 0.5] = 0
        return outputs[:, 0].astype(int)
    return outputs.argmax(axis=1)


# %% WRONG perceptron: the largest of each column -> test_predicted_class
def predicted_class(outputs):
    if outputs.shape[1] == 1:
        return (outputs[:, 0] >= 0.5).astype(int)
    return outputs.argmax(axis=0)


# %% WRONG perceptron: a threshold for two outputs too -> test_predicted_class
def predicted_class(outputs):
    if outputs.shape[1] <= 2:
        return (outputs[:, -1] >= 0.5).astype(int)
    return outputs.argmax(axis=1)


# %% WRONG perceptron: rounded to even -> test_predicted_class
def predicted_class(outputs):
    if outputs.shape[1] == 1:
        return np.round(outputs[:, 0]).astype(int)
    return outputs.argmax(axis=1)


# %% WRONG perceptron: the largest outputs themselves -> test_predicted_class
def predicted_class(outputs):
    if outputs.shape[1] == 1:
        return (outputs[:, 0] >= 0.5).astype(int)
    return outputs.max(axis=1)


# %% WRONG perceptron: outputs as a column -> test_perceptron
def perceptron(x, w, b, f_act):
    return f_act(x @ w.reshape(-1, 1) + b)


# %% WRONG perceptron: the bias once for each input -> test_perceptron
def perceptron(x, w, b, f_act):
    return f_act(np.sum(x * w + b, axis=1))


# %% WRONG perceptron: one-hot rows -> test_predicted_class
def predicted_class(outputs):
    if outputs.shape[1] == 1:
        return (outputs[:, 0] >= 0.5).astype(int)
    return (outputs == outputs.max(axis=1, keepdims=True)).astype(int)


# %% RIGHT dense: by einsum and logarithms
def dense(X, W, b):
    return np.einsum("ni,im->nm", X, W) + b


def softmax(Z):
    return np.exp(Z - np.logaddexp.reduce(Z, axis=1)[:, None])


def two_layer(X, W1, b1, W2, b2, f_hidden, f_out):
    return f_out(dense(f_hidden(dense(X, W1, b1)), W2, b2))


# %% RIGHT dense: by loops, as lists
def dense(X, W, b):
    rows = []
    for x in X:
        rows.append([])
        for j in range(W.shape[1]):
            rows[-1].append(float(b[j]) + sum(float(x[k]) * float(W[k, j]) for k in range(W.shape[0])))
    return rows


def softmax(Z):
    rows = []
    for row in Z:
        powers = [math.exp(z - max(row)) for z in row]
        rows.append([p / sum(powers) for p in powers])
    return rows


def two_layer(X, W1, b1, W2, b2, f_hidden, f_out):
    return f_out(np.array(dense(f_hidden(np.array(dense(X, W1, b1))), W2, b2)))


# %% RIGHT dense: by dot, with transposed rows
def dense(X, W, b):
    return np.add(np.dot(X, W), b.reshape(1, -1))


def softmax(Z):
    powers = np.exp(Z.T - Z.max(axis=1))
    return (powers / powers.sum(axis=0)).T


def two_layer(X, W1, b1, W2, b2, f_hidden, f_out):
    hidden = np.matmul(X, W1)
    hidden = f_hidden(hidden + b1)
    return f_out(np.matmul(hidden, W2) + b2)


# %% RIGHT dense: neuron by neuron
def dense(X, W, b):
    return np.column_stack([X @ weights + bias for weights, bias in zip(W.T, b)])


def softmax(Z):
    shifted = Z - np.amax(Z, 1).reshape(len(Z), 1)
    powers = np.exp(shifted)
    return np.divide(powers, np.sum(powers, 1)[:, np.newaxis])


def two_layer(X, W1, b1, W2, b2, f_hidden, f_out):
    return f_out(dense(f_hidden(dense(X, W1, b1)), W2, b2))


# %% RIGHT dense: example by example
def dense(X, W, b):
    return np.array([W.T @ x + b for x in X])


def softmax(Z):
    def one(z):
        powers = np.exp(z - z.max())
        return powers / powers.sum()

    return np.apply_along_axis(one, 1, Z)


def two_layer(X, W1, b1, W2, b2, f_hidden, f_out):
    return np.vstack([f_out(f_hidden(x[None] @ W1 + b1) @ W2 + b2) for x in X])


# %% RIGHT dense: by broadcasting, softmax by differences
def dense(X, W, b):
    return (X[:, :, None] * W[None]).sum(axis=1) + b[None, :]


def softmax(Z):
    with np.errstate(over="ignore"):
        return 1 / np.exp(Z[:, None, :] - Z[:, :, None]).sum(axis=2)


def two_layer(X, W1, b1, W2, b2, f_hidden, f_out):
    for W, b, f in ((W1, b1, f_hidden), (W2, b2, f_out)):
        X = f(X @ W + b)
    return X


# %% RIGHT dense: the bias as a row of W
def dense(X, W, b):
    return np.hstack([X, np.ones((len(X), 1))]) @ np.vstack([W, b])


def softmax(Z):
    Z = Z - np.max(Z, axis=-1)[..., np.newaxis]
    return np.array([np.exp(r) / np.exp(r).sum() for r in Z])


# %% WRONG dense: no bias -> test_dense
def dense(X, W, b):
    return X @ W


# %% WRONG dense: two inputs only -> test_dense
def dense(X, W, b):
    return np.array([[x[0] * W[0, j] + x[1] * W[1, j] + b[j] for j in range(W.shape[1])] for x in X])


# %% WRONG dense: softmax over the columns -> test_softmax
def softmax(Z):
    powers = np.exp(Z - Z.max(axis=0))
    return powers / powers.sum(axis=0)


# %% WRONG dense: softmax in place -> test_softmax
def softmax(Z):
    Z -= Z.max(axis=1, keepdims=True)
    powers = np.exp(Z)
    return powers / powers.sum(axis=1, keepdims=True)


# %% WRONG dense: softmax by the largest number of all rows -> test_softmax
def softmax(Z):
    powers = np.exp(Z - Z.max())
    return powers / powers.sum(axis=1, keepdims=True)


# %% WRONG dense: softmax that overflows -> test_softmax
def softmax(Z):
    powers = np.exp(Z)
    return powers / powers.sum(axis=1, keepdims=True)


# %% WRONG dense: softmax for two classes -> test_softmax
def softmax(Z):
    p = 1 / (1 + np.exp(Z[:, 1] - Z[:, 0]))
    return np.stack([p, 1 - p], axis=1)


# %% WRONG dense: two layers with the functions exchanged -> test_two_layer
def two_layer(X, W1, b1, W2, b2, f_hidden, f_out):
    return f_hidden(f_out(X @ W1 + b1) @ W2 + b2)


# %% WRONG dense: two layers for the first example -> test_two_layer
def two_layer(X, W1, b1, W2, b2, f_hidden, f_out):
    return f_out(f_hidden(X[:1] @ W1 + b1) @ W2 + b2)


# %% WRONG dense: softmax by the smallest number of each row -> test_softmax
def softmax(Z):
    powers = np.exp(Z - Z.min(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


# %% WRONG dense: softmax by the mean of each row -> test_softmax
def softmax(Z):
    powers = np.exp(Z - Z.mean(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


# %% WRONG dense: softmax divided by the largest number -> test_softmax
def softmax(Z):
    powers = np.exp(Z / Z.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


# %% WRONG dense: softmax cut off -> test_softmax
def softmax(Z):
    powers = np.exp(np.clip(Z, -700, 700))
    return powers / powers.sum(axis=1, keepdims=True)


# %% WRONG dense: the weights by rows -> test_dense
def dense(X, W, b):
    return X @ W.T + b if W.shape[0] == W.shape[1] else X @ W + b


# %% WRONG dense: no bias in the second layer -> test_two_layer
def two_layer(X, W1, b1, W2, b2, f_hidden, f_out):
    return f_out(f_hidden(X @ W1 + b1) @ W2)


# %% WRONG dense: f_out before the second bias -> test_two_layer
def two_layer(X, W1, b1, W2, b2, f_hidden, f_out):
    return f_out(f_hidden(X @ W1 + b1) @ W2) + b2


# %% WRONG dense: relu for every hidden function -> test_two_layer
def two_layer(X, W1, b1, W2, b2, f_hidden, f_out):
    return f_out(np.maximum(X @ W1 + b1, 0) @ W2 + b2)


# %% WRONG dense: the bias in place -> test_dense
def dense(X, W, b):
    b += X @ W
    return b


# %% RIGHT losses: by loops, as lists
def error_indicator(y_true, y_pred):
    return [0 if t == p else 1 for t, p in zip(y_true, y_pred)]


def squared_error(y_true, y_pred):
    return [(float(t) - float(p)) ** 2 for t, p in zip(y_true, y_pred)]


def cross_entropy(Y, P, epsilon=1e-7):
    total = 0
    for y, p in zip(Y, P):
        for k in range(len(y)):
            if y[k] == 1:
                total -= math.log(min(max(p[k], epsilon), 1 - epsilon))
    return total / len(Y)


# %% RIGHT losses: of the right classes alone
def error_indicator(y_true, y_pred):
    return np.where(y_true == y_pred, 0, 1)


def squared_error(y_true, y_pred):
    return np.square(y_true - y_pred)


def cross_entropy(Y, P, epsilon=1e-7):
    return -np.log(np.clip(P, epsilon, 1 - epsilon))[Y == 1].mean()


# %% RIGHT losses: by minimum and maximum
def error_indicator(y_true, y_pred):
    return np.not_equal(y_true, y_pred)


def squared_error(y_true, y_pred):
    return abs(y_pred - y_true) ** 2


def cross_entropy(Y, P, epsilon=1e-7):
    clipped = np.minimum(np.maximum(P, epsilon), 1 - epsilon)
    return -np.sum(Y * np.log(clipped)) / Y.shape[0]


# %% RIGHT losses: by indices
def error_indicator(y_true, y_pred):
    return 1.0 * (y_true != y_pred)


def squared_error(y_true, y_pred):
    difference = y_pred - y_true
    return difference * difference


def cross_entropy(Y, P, epsilon=1e-7):
    likely = P[np.arange(len(P)), Y.argmax(axis=1)]
    return np.mean(-np.log(likely.clip(epsilon, 1 - epsilon)))


# %% RIGHT losses: on copies, by einsum
def error_indicator(y_true, y_pred):
    return np.minimum(np.abs(y_true - y_pred), 1)


def squared_error(y_true, y_pred):
    result = y_pred.copy()
    result -= y_true
    result **= 2
    return result


def cross_entropy(Y, P, epsilon=1e-7):
    P = P.copy()
    P[P < epsilon] = epsilon
    P[P > 1 - epsilon] = 1 - epsilon
    return -np.einsum("ik,ik->", Y, np.log(P)) / len(P)


# %% RIGHT losses: by truth values and a trace
def error_indicator(y_true, y_pred):
    return (y_true - y_pred).astype(bool)


def squared_error(y_true, y_pred):
    return np.power(np.subtract(y_true, y_pred), 2)


def cross_entropy(Y, P, epsilon=1e-7):
    return -np.trace(Y @ np.log(np.clip(P, epsilon, 1 - epsilon)).T) / np.shape(Y)[0]


# %% RIGHT losses: by average and tensordot
def error_indicator(y_true, y_pred):
    return np.array([int(a != b) for a, b in zip(y_true.tolist(), y_pred.tolist())], dtype=np.uint8)


def squared_error(y_true, y_pred):
    return y_true**2 - 2 * y_true * y_pred + y_pred**2


def cross_entropy(Y, P, epsilon=1e-7):
    return np.average(
        [-np.dot(y, np.log(np.median([p, 0 * p + epsilon, 0 * p + 1 - epsilon], axis=0))) for y, p in zip(Y, P)]
    )


# %% WRONG losses: 1 for a right answer -> test_error_indicator
def error_indicator(y_true, y_pred):
    return (y_true == y_pred).astype(int)


# %% WRONG losses: errors to one side only -> test_error_indicator
def error_indicator(y_true, y_pred):
    return (y_true > y_pred).astype(int)


# %% WRONG losses: the mean squared error -> test_squared_error
def squared_error(y_true, y_pred):
    return np.mean((y_pred - y_true) ** 2)


# %% WRONG losses: the squared error in place -> test_squared_error
def squared_error(y_true, y_pred):
    y_pred -= y_true
    return y_pred**2


# %% WRONG losses: the squared error of two examples -> test_squared_error
def squared_error(y_true, y_pred):
    return np.array([(y_pred[i] - y_true[i]) ** 2 for i in range(2)])


# %% WRONG losses: the sum over the examples -> test_cross_entropy
def cross_entropy(Y, P, epsilon=1e-7):
    return -np.sum(Y * np.log(np.clip(P, epsilon, 1 - epsilon)))


# %% WRONG losses: the mean over examples and classes -> test_cross_entropy
def cross_entropy(Y, P, epsilon=1e-7):
    return -np.mean(Y * np.log(np.clip(P, epsilon, 1 - epsilon)))


# %% WRONG losses: divided by the number of classes -> test_cross_entropy
def cross_entropy(Y, P, epsilon=1e-7):
    return -np.sum(Y * np.log(np.clip(P, epsilon, 1 - epsilon))) / Y.shape[1]


# %% WRONG losses: the binary logarithm -> test_cross_entropy
def cross_entropy(Y, P, epsilon=1e-7):
    return -np.sum(Y * np.log2(np.clip(P, epsilon, 1 - epsilon))) / len(Y)


# %% WRONG losses: clipped in place -> test_cross_entropy
def cross_entropy(Y, P, epsilon=1e-7):
    np.clip(P, epsilon, 1 - epsilon, out=P)
    return -np.sum(Y * np.log(P)) / len(Y)


# %% WRONG losses: not clipped -> test_cross_entropy
def cross_entropy(Y, P, epsilon=1e-7):
    return -np.log(P[Y == 1]).mean()


# %% WRONG losses: clipped at one end -> test_cross_entropy
def cross_entropy(Y, P, epsilon=1e-7):
    return -np.sum(Y * np.log(np.maximum(P, epsilon))) / len(Y)


# %% WRONG losses: epsilon added -> test_cross_entropy
def cross_entropy(Y, P, epsilon=1e-7):
    return -np.sum(Y * np.log(P + epsilon)) / len(Y)


# %% WRONG losses: the sign -> test_cross_entropy
def cross_entropy(Y, P, epsilon=1e-7):
    return np.sum(Y * np.log(np.clip(P, epsilon, 1 - epsilon))) / len(Y)


# %% WRONG losses: a loss for each example -> test_cross_entropy
def cross_entropy(Y, P, epsilon=1e-7):
    return -np.sum(Y * np.log(np.clip(P, epsilon, 1 - epsilon)), axis=1)


# %% WRONG losses: the other classes too -> test_cross_entropy
def cross_entropy(Y, P, epsilon=1e-7):
    P = np.clip(P, epsilon, 1 - epsilon)
    return -np.sum(Y * np.log(P) + (1 - Y) * np.log(1 - P)) / len(Y)


# %% WRONG losses: epsilon always 1e-7 -> test_cross_entropy
def cross_entropy(Y, P, epsilon=1e-7):
    return -np.sum(Y * np.log(np.clip(P, 1e-7, 1 - 1e-7))) / len(Y)


# %% WRONG losses: the share of errors -> test_error_indicator
def error_indicator(y_true, y_pred):
    return np.mean(y_true != y_pred)


# %% WRONG losses: the absolute error -> test_squared_error
def squared_error(y_true, y_pred):
    return np.abs(y_true - y_pred)


# %% WRONG losses: the indicator of three examples -> test_error_indicator
def error_indicator(y_true, y_pred):
    return np.array([int(y_true[i] != y_pred[i]) for i in range(3)])


# %% WRONG losses: the loss of two classes -> test_cross_entropy
def cross_entropy(Y, P, epsilon=1e-7):
    P = np.clip(P, epsilon, 1 - epsilon)
    return -np.mean(Y[:, 1] * np.log(P[:, 1]) + (1 - Y[:, 1]) * np.log(1 - P[:, 1]))


# %% RIGHT binary_metrics: by a loop
def binary_metrics(y_true, y_pred):
    tp = fp = tn = fn = 0
    for t, p in zip(y_true, y_pred):
        if p == 1 and t == 1:
            tp += 1
        elif p == 1:
            fp += 1
        elif t == 1:
            fn += 1
        else:
            tn += 1
    precision = 0 if tp + fp == 0 else tp / (tp + fp)
    recall = 0 if tp + fn == 0 else tp / (tp + fn)
    return [(tp + tn) / len(y_true), precision, recall]


# %% RIGHT binary_metrics: by products
def binary_metrics(y_true, y_pred):
    tp = np.sum(y_true * y_pred)
    return np.array([np.mean(y_true == y_pred), tp / max(y_pred.sum(), 1), tp / max(y_true.sum(), 1)])


# %% RIGHT binary_metrics: by a table of counts, with an exception for 0
def binary_metrics(y_true, y_pred):
    (tn, fp), (fn, tp) = np.bincount(2 * y_true + y_pred, minlength=4).reshape(2, 2).tolist()

    def fraction(above, below):
        try:
            return above / below
        except ZeroDivisionError:
            return 0.0

    return fraction(tp + tn, tp + tn + fp + fn), fraction(tp, tp + fp), fraction(tp, tp + fn)


# %% RIGHT binary_metrics: by means of selections
def binary_metrics(y_true, y_pred):
    accuracy = np.count_nonzero(y_true == y_pred) / y_true.size
    precision = np.mean(y_true[y_pred == 1]) if np.any(y_pred == 1) else 0
    recall = np.mean(y_pred[y_true == 1]) if np.any(y_true == 1) else 0
    return accuracy, precision, recall


# %% RIGHT binary_metrics: by logical functions
def binary_metrics(y_true, y_pred):
    tp = np.logical_and(y_true, y_pred).sum()
    fp = np.logical_and(np.logical_not(y_true), y_pred).sum()
    fn = np.logical_and(y_true, np.logical_not(y_pred)).sum()
    with np.errstate(all="ignore"):
        precision, recall = np.nan_to_num(np.float64(tp) / (tp + fp)), np.nan_to_num(np.float64(tp) / (tp + fn))
    return 1 - (fp + fn) / len(y_true), precision, recall


# %% RIGHT binary_metrics: by sets of places
def binary_metrics(y_true, y_pred):
    relevant, selected = set(np.flatnonzero(y_true).tolist()), set(np.flatnonzero(y_pred).tolist())
    hits = len(relevant & selected)
    return (
        1 - len(relevant ^ selected) / len(y_true),
        hits / len(selected) if selected else 0,
        hits and hits / len(relevant),
    )


# %% RIGHT binary_metrics: by bits
def binary_metrics(y_true, y_pred):
    tp = (y_true & y_pred).sum()
    precision = np.divide(tp, y_pred.sum(), out=np.zeros(1), where=y_pred.sum() > 0)[0]
    recall = np.divide(tp, y_true.sum(), out=np.zeros(1), where=y_true.sum() > 0)[0]
    return (y_true ^ y_pred ^ 1).mean(), precision, recall


# %% RIGHT screening: rounded, as lists
answer_a = [0.98, 0, 0]
answer_b = [0.952, 0.267, 0.8]
answer_screening = "B"

# %% RIGHT screening: as arrays
answer_a = np.array([980 / 1000, 0, 0])
answer_b = np.array([952 / 1000, 16 / 60, 16 / 20])
answer_screening = np.str_("B")


# %% RIGHT screening: from fractions
from fractions import Fraction

answer_a = (Fraction(980, 1000), Fraction(0), Fraction(0))
answer_b = (Fraction(952, 1000), Fraction(16, 60), Fraction(4, 5))
answer_screening = "B"


# %% WRONG binary_metrics: precision and recall exchanged -> test_binary_metrics
def binary_metrics(y_true, y_pred):
    tp = np.sum(y_true * y_pred)
    return np.mean(y_true == y_pred), tp / max(y_true.sum(), 1), tp / max(y_pred.sum(), 1)


# %% WRONG binary_metrics: the accuracy of the positive class alone -> test_binary_metrics
def binary_metrics(y_true, y_pred):
    tp = np.sum(y_true * y_pred)
    return tp / len(y_true), tp / max(y_pred.sum(), 1), tp / max(y_true.sum(), 1)


# %% WRONG binary_metrics: not a number where nothing is selected -> test_binary_metrics
def binary_metrics(y_true, y_pred):
    tp = np.sum(y_true * y_pred)
    return np.mean(y_true == y_pred), tp / np.sum(y_pred), tp / max(y_true.sum(), 1)


# %% WRONG binary_metrics: not a number where nothing is relevant -> test_binary_metrics
def binary_metrics(y_true, y_pred):
    tp = np.sum(y_true * y_pred)
    return np.mean(y_true == y_pred), tp / max(y_pred.sum(), 1), tp / np.sum(y_true)


# %% WRONG binary_metrics: without its zeros -> test_binary_metrics
def binary_metrics(y_true, y_pred):
    tp = sum(1 for t, p in zip(y_true, y_pred) if t and p)
    return np.mean(y_true == y_pred), tp / sum(y_pred.tolist()), tp / sum(y_true.tolist())


# %% WRONG binary_metrics: 1 where nothing is selected -> test_binary_metrics
def binary_metrics(y_true, y_pred):
    tp = np.sum(y_true * y_pred)
    return np.mean(y_true == y_pred), tp / y_pred.sum() if y_pred.sum() else 1, tp / max(y_true.sum(), 1)


# %% WRONG binary_metrics: counts in place of fractions -> test_binary_metrics
def binary_metrics(y_true, y_pred):
    return np.sum(y_true == y_pred), np.sum(y_true * y_pred), np.sum(y_true)


# %% WRONG binary_metrics: specificity for recall -> test_binary_metrics
def binary_metrics(y_true, y_pred):
    tp = np.sum(y_true * y_pred)
    tn, fp = np.sum((1 - y_true) * (1 - y_pred)), np.sum((1 - y_true) * y_pred)
    return np.mean(y_true == y_pred), tp / max(y_pred.sum(), 1), tn / max(tn + fp, 1)


# %% WRONG binary_metrics: 0 where there are no false answers of a kind -> test_binary_metrics
def binary_metrics(y_true, y_pred):
    tp, fp, fn = np.sum(y_true * y_pred), np.sum((1 - y_true) * y_pred), np.sum(y_true * (1 - y_pred))
    return np.mean(y_true == y_pred), tp / (tp + fp) if fp else 0, tp / (tp + fn) if fn else 0


# %% WRONG screening: one number -> test_screening
answer_a = 0.98
answer_b = (0.952, 0.267, 0.8)
answer_screening = "B"

# %% WRONG screening: a network that isn't there -> test_screening
answer_a = (0.98, 0, 0)
answer_b = (0.952, 0.267, 0.8)
answer_screening = "network B"

# %% WRONG screening: percentages -> test_screening
answer_a = (98, 0, 0)
answer_b = (95.2, 26.7, 80)
answer_screening = "B"

# %% WRONG screening: the network that is right more often -> test_screening
answer_a = (0.98, 0, 0)
answer_b = (0.952, 0.267, 0.8)
answer_screening = "A"


# %% WRONG screening: precision and recall exchanged -> test_screening
answer_a = (0.98, 0, 0)
answer_b = (0.952, 0.8, 0.267)
answer_screening = "B"


# %% WRONG screening: accuracy of B without the false alarms -> test_screening
answer_a = (0.98, 0, 0)
answer_b = (0.996, 0.267, 0.8)
answer_screening = "B"


# %% RIGHT steps: by functions of NumPy
def gradient_step(w, g, rate):
    return np.subtract(w, np.multiply(rate, g))


def momentum_step(w, v, g, rate, mu):
    v = np.multiply(mu, v) - np.multiply(rate, g)
    w = np.add(w, v)
    return w, v


def nesterov_step(w, v, gradient, rate, mu):
    ahead = w + mu * v
    v = mu * v - rate * gradient(ahead)
    w = w + v
    return w, v


# %% RIGHT steps: in place, on copies
def gradient_step(w, g, rate):
    w = w.copy()
    w -= rate * g
    return w


def momentum_step(w, v, g, rate, mu):
    w, v = np.array(w), np.array(v)
    v *= mu
    v -= rate * g
    w += v
    return [w, v]


def nesterov_step(w, v, gradient, rate, mu):
    w, v = np.array(w), np.array(v)
    g = gradient(w + mu * v)
    v *= mu
    v -= rate * g
    w += v
    return [w, v]


# %% RIGHT steps: written out
def gradient_step(w, g, rate):
    return w + (-rate) * g


def momentum_step(w, v, g, rate, mu):
    return w + mu * v - rate * g, mu * v - rate * g


def nesterov_step(w, v, gradient, rate, mu):
    g = gradient(w + mu * v)
    return w + mu * v - rate * g, mu * v - rate * g


# %% RIGHT steps: as one array of both
def momentum_step(w, v, g, rate, mu):
    v = mu * v - rate * g
    return np.stack([w + v, v])


def nesterov_step(w, v, gradient, rate, mu):
    v = mu * v - rate * gradient(w + mu * v)
    return np.stack([w + v, v])


# %% RIGHT steps: one by means of another
def momentum_step(w, v, g, rate, mu):
    velocity = gradient_step(mu * v, g, rate)
    return w + velocity, velocity


def nesterov_step(w, v, gradient, rate, mu):
    return momentum_step(w, v, gradient(w + mu * v), rate, mu)


# %% RIGHT steps: as lists of numbers
def momentum_step(w, v, g, rate, mu):
    v = [mu * float(a) - rate * float(b) for a, b in zip(v, g)]
    return [float(a) + b for a, b in zip(w, v)], v


def nesterov_step(w, v, gradient, rate, mu):
    g = gradient(np.array([a + mu * b for a, b in zip(w, v)]))
    v = [mu * float(a) - rate * float(b) for a, b in zip(v, g)]
    return [float(a) + b for a, b in zip(w, v)], v


# %% RIGHT steps: as lambdas
gradient_step = lambda w, g, rate: w - rate * g
momentum_step = lambda w, v, g, rate, mu: (w + mu * v - rate * g, mu * v - rate * g)
nesterov_step = lambda w, v, gradient, rate, mu: momentum_step(w, v, gradient(w + mu * v), rate, mu)


# %% WRONG steps: uphill -> test_gradient_step
def gradient_step(w, g, rate):
    return w + rate * g


# %% WRONG steps: in place -> test_gradient_step
def gradient_step(w, g, rate):
    w -= rate * g
    return w


# %% WRONG steps: a rate of its own -> test_gradient_step
def gradient_step(w, g, rate):
    return w - 0.1 * g


# %% WRONG steps: momentum uphill -> test_momentum_step
def momentum_step(w, v, g, rate, mu):
    v = mu * v + rate * g
    return w + v, v


# %% WRONG steps: momentum by the old velocity -> test_momentum_step
def momentum_step(w, v, g, rate, mu):
    return w + v, mu * v - rate * g


# %% WRONG steps: the velocity first -> test_momentum_step
def momentum_step(w, v, g, rate, mu):
    v = mu * v - rate * g
    return v, w + v


# %% WRONG steps: momentum in place -> test_momentum_step
def momentum_step(w, v, g, rate, mu):
    v *= mu
    v -= rate * g
    return w + v, v


# %% WRONG steps: half of the velocity stays, whatever mu is -> test_momentum_step
def momentum_step(w, v, g, rate, mu):
    v = v / 2 - rate * g
    return w + v, v


# %% WRONG steps: momentum returns the parameters alone -> test_momentum_step
def momentum_step(w, v, g, rate, mu):
    return w + mu * v - rate * g


# %% WRONG steps: Nesterov's gradient taken here -> test_nesterov_step
def nesterov_step(w, v, gradient, rate, mu):
    v = mu * v - rate * gradient(w)
    return w + v, v


# %% WRONG steps: Nesterov by the old velocity -> test_nesterov_step
def nesterov_step(w, v, gradient, rate, mu):
    return w + v, mu * v - rate * gradient(w + mu * v)


# %% WRONG steps: Nesterov in place -> test_nesterov_step
def nesterov_step(w, v, gradient, rate, mu):
    g = gradient(w + mu * v)
    v *= mu
    v -= rate * g
    w += v
    return w, v


# %% WRONG steps: half of the velocity stays in Nesterov's step -> test_nesterov_step
def nesterov_step(w, v, gradient, rate, mu):
    v = v / 2 - rate * gradient(w + v / 2)
    return w + v, v


# %% WRONG steps: no return in Nesterov's step -> test_nesterov_step
def nesterov_step(w, v, gradient, rate, mu):
    velocity = mu * v - rate * gradient(w + mu * v)


# %% WRONG steps: momentum with the rate outside -> test_momentum_step
def momentum_step(w, v, g, rate, mu):
    v = mu * v + g
    return w - rate * v, v


# %% WRONG steps: momentum as a running mean -> test_momentum_step
def momentum_step(w, v, g, rate, mu):
    v = mu * v - (1 - mu) * rate * g
    return w + v, v


# %% WRONG steps: Nesterov looks a whole velocity ahead -> test_nesterov_step
def nesterov_step(w, v, gradient, rate, mu):
    v = mu * v - rate * gradient(w + v)
    return w + v, v


# %% WRONG steps: Nesterov goes from the point ahead -> test_nesterov_step
def nesterov_step(w, v, gradient, rate, mu):
    ahead = w + mu * v
    v = mu * v - rate * gradient(ahead)
    return ahead + v, v


# %% WRONG steps: uphill, as a lambda -> test_gradient_step
gradient_step = lambda w, g, rate: w + rate * g


# %% RIGHT adam_step: with both corrections in the rate
def adam_step(w, m, v, t, g, rate=0.001, beta1=0.9, beta2=0.999, epsilon=1e-7):
    m = beta1 * m + (1 - beta1) * g
    v = beta2 * v + (1 - beta2) * np.square(g)
    root = np.sqrt(1 - beta2**t)
    return w - rate * root / (1 - beta1**t) * m / (np.sqrt(v) + epsilon * root), m, v


# %% RIGHT adam_step: by differences, as a list
def adam_step(w, m, v, t, g, rate=0.001, beta1=0.9, beta2=0.999, epsilon=1e-7):
    m = m + (1 - beta1) * (g - m)
    v = v + (1 - beta2) * (g * g - v)
    step = m / (1 - pow(beta1, t)) / ((v / (1 - pow(beta2, t))) ** 0.5 + epsilon)
    return [w - rate * step, m, v]


# %% RIGHT adam_step: parameter by parameter
def adam_step(w, m, v, t, g, rate=0.001, beta1=0.9, beta2=0.999, epsilon=1e-7):
    new_w, new_m, new_v = np.zeros(len(w)), np.zeros(len(w)), np.zeros(len(w))
    for i in range(len(w)):
        new_m[i] = beta1 * m[i] + (1 - beta1) * g[i]
        new_v[i] = beta2 * v[i] + (1 - beta2) * g[i] ** 2
        new_w[i] = w[i] - rate * (new_m[i] / (1 - beta1**t)) / (math.sqrt(new_v[i] / (1 - beta2**t)) + epsilon)
    return new_w, new_m, new_v


# %% RIGHT adam_step: in place, on copies
def adam_step(w, m, v, t, g, rate=0.001, beta1=0.9, beta2=0.999, epsilon=1e-7):
    w, m, v = w.copy(), m.copy(), v.copy()
    m *= beta1
    m += (1 - beta1) * g
    v *= beta2
    v += (1 - beta2) * g**2
    w -= rate * m / (1 - beta1**t) / (np.sqrt(v / (1 - beta2**t)) + epsilon)
    return w, m, v


# %% RIGHT adam_step: by a class
class _Moment:
    def __init__(self, beta):
        self.beta = beta

    def next(self, old, new):
        return self.beta * old + (1.0 - self.beta) * new


def adam_step(w, m, v, t, g, rate=0.001, beta1=0.9, beta2=0.999, epsilon=1e-7):
    m, v = _Moment(beta1).next(m, g), _Moment(beta2).next(v, np.power(g, 2))
    hats = [x / -np.expm1(t * math.log(b)) for x, b in ((m, beta1), (v, beta2))]
    return np.array([w - np.multiply(rate, hats[0]) / (hats[1] ** (1 / 2) + epsilon), m, v])


# %% RIGHT race_answers: the words of the Russian notebook
answer_zigzag, answer_shrinking, answer_first_step = "градиентный спуск", "AdaGrad", 0.4


# %% RIGHT race_answers: computed
answer_zigzag = ["gradient descent", "momentum"][0]
answer_shrinking = "AdaGrad"
answer_first_step = 0.4 * 250 / (np.sqrt(250**2) + 1e-7)


# %% RIGHT race_answers: NumPy's text and a fraction
answer_zigzag, answer_shrinking, answer_first_step = np.str_("gradient descent"), "AdaGrad", 2 / 5


# %% WRONG adam_step: no bias correction -> test_adam_step
def adam_step(w, m, v, t, g, rate=0.001, beta1=0.9, beta2=0.999, epsilon=1e-7):
    m = beta1 * m + (1 - beta1) * g
    v = beta2 * v + (1 - beta2) * g**2
    return w - rate * m / (np.sqrt(v) + epsilon), m, v


# %% WRONG adam_step: returns the corrected moments -> test_adam_step
def adam_step(w, m, v, t, g, rate=0.001, beta1=0.9, beta2=0.999, epsilon=1e-7):
    m = (beta1 * m + (1 - beta1) * g) / (1 - beta1**t)
    v = (beta2 * v + (1 - beta2) * g**2) / (1 - beta2**t)
    return w - rate * m / (np.sqrt(v) + epsilon), m, v


# %% WRONG adam_step: g isn't squared -> test_adam_step
def adam_step(w, m, v, t, g, rate=0.001, beta1=0.9, beta2=0.999, epsilon=1e-7):
    m = beta1 * m + (1 - beta1) * g
    v = beta2 * v + (1 - beta2) * g
    return w - rate * m / (1 - beta1**t) / (np.sqrt(v / (1 - beta2**t)) + epsilon), m, v


# %% WRONG adam_step: moments in place -> test_adam_step
def adam_step(w, m, v, t, g, rate=0.001, beta1=0.9, beta2=0.999, epsilon=1e-7):
    m *= beta1
    m += (1 - beta1) * g
    v *= beta2
    v += (1 - beta2) * g**2
    return w - rate * m / (1 - beta1**t) / (np.sqrt(v / (1 - beta2**t)) + epsilon), m, v


# %% WRONG adam_step: no power t in the correction -> test_adam_step
def adam_step(w, m, v, t, g, rate=0.001, beta1=0.9, beta2=0.999, epsilon=1e-7):
    m = beta1 * m + (1 - beta1) * g
    v = beta2 * v + (1 - beta2) * g**2
    return w - rate * m / (1 - beta1) / (np.sqrt(v / (1 - beta2)) + epsilon), m, v


# %% WRONG adam_step: beta1 is always 0.9 -> test_adam_step
def adam_step(w, m, v, t, g, rate=0.001, beta1=0.9, beta2=0.999, epsilon=1e-7):
    m = 0.9 * m + 0.1 * g
    v = beta2 * v + (1 - beta2) * g**2
    return w - rate * m / (1 - 0.9**t) / (np.sqrt(v / (1 - beta2**t)) + epsilon), m, v


# %% WRONG adam_step: epsilon within the root -> test_adam_step
def adam_step(w, m, v, t, g, rate=0.001, beta1=0.9, beta2=0.999, epsilon=1e-7):
    m = beta1 * m + (1 - beta1) * g
    v = beta2 * v + (1 - beta2) * g**2
    return w - rate * m / (1 - beta1**t) / np.sqrt(v / (1 - beta2**t) + epsilon), m, v


# %% WRONG adam_step: returns the parameters alone -> test_adam_step
def adam_step(w, m, v, t, g, rate=0.001, beta1=0.9, beta2=0.999, epsilon=1e-7):
    m = beta1 * m + (1 - beta1) * g
    v = beta2 * v + (1 - beta2) * g**2
    return w - rate * m / (1 - beta1**t) / (np.sqrt(v / (1 - beta2**t)) + epsilon)


# %% WRONG adam_step: the betas exchanged -> test_adam_step
def adam_step(w, m, v, t, g, rate=0.001, beta1=0.9, beta2=0.999, epsilon=1e-7):
    m = beta2 * m + (1 - beta2) * g
    v = beta1 * v + (1 - beta1) * g**2
    return w - rate * m / (1 - beta2**t) / (np.sqrt(v / (1 - beta1**t)) + epsilon), m, v


# %% WRONG adam_step: no root -> test_adam_step
def adam_step(w, m, v, t, g, rate=0.001, beta1=0.9, beta2=0.999, epsilon=1e-7):
    m = beta1 * m + (1 - beta1) * g
    v = beta2 * v + (1 - beta2) * g**2
    return w - rate * m / (1 - beta1**t) / (v / (1 - beta2**t) + epsilon), m, v


# %% WRONG adam_step: t counted from 0 -> test_adam_step
def adam_step(w, m, v, t, g, rate=0.001, beta1=0.9, beta2=0.999, epsilon=1e-7):
    m = beta1 * m + (1 - beta1) * g
    v = beta2 * v + (1 - beta2) * g**2
    return w - rate * m / (1 - beta1 ** (t + 1)) / (np.sqrt(v / (1 - beta2 ** (t + 1))) + epsilon), m, v


# %% WRONG adam_step: another order -> test_adam_step
def adam_step(w, m, v, t, g, rate=0.001, beta1=0.9, beta2=0.999, epsilon=1e-7):
    m = beta1 * m + (1 - beta1) * g
    v = beta2 * v + (1 - beta2) * g**2
    return m, v, w - rate * m / (1 - beta1**t) / (np.sqrt(v / (1 - beta2**t)) + epsilon)


# %% WRONG adam_step: Keras's epsilon before the correction -> test_adam_step
def adam_step(w, m, v, t, g, rate=0.001, beta1=0.9, beta2=0.999, epsilon=1e-7):
    m = beta1 * m + (1 - beta1) * g
    v = beta2 * v + (1 - beta2) * g**2
    return w - rate * np.sqrt(1 - beta2**t) / (1 - beta1**t) * m / (np.sqrt(v) + epsilon), m, v


# %% WRONG race_answers: another name -> test_race
answer_zigzag = "SGD"
answer_shrinking = "AdaGrad"
answer_first_step = 0.4

# %% WRONG race_answers: with its sign -> test_race
answer_zigzag = "gradient descent"
answer_shrinking = "AdaGrad"
answer_first_step = -0.4

# %% WRONG race_answers: as if Adam had no divisor -> test_race
answer_zigzag = "momentum"
answer_shrinking = "AdaDelta"
answer_first_step = 100


# %% WRONG race_answers: as a text -> test_race
answer_zigzag, answer_shrinking, answer_first_step = "gradient descent", "AdaGrad", "0.4"


# %% WRONG race_answers: the slowest curve -> test_race
answer_zigzag, answer_shrinking, answer_first_step = "gradient descent", "AdaDelta", 0.4


# %% RIGHT minibatches: by shuffle and a loop
def minibatches(n, batch_size, seed):
    order = np.arange(n)
    np.random.default_rng(seed).shuffle(order)
    batches, start = [], 0
    while start < n:
        batches.append(order[start : start + batch_size])
        start += batch_size
    return batches


def steps_per_epoch(n, batch_size):
    return math.ceil(n / batch_size)


# %% RIGHT minibatches: by split
def minibatches(n, batch_size, seed):
    order = np.random.default_rng(seed).permutation(np.arange(n))
    return np.split(order, range(batch_size, n, batch_size))


def steps_per_epoch(n, batch_size):
    return -(-n // batch_size)


# %% RIGHT minibatches: as lists of a list
def minibatches(n, batch_size, seed):
    order = np.random.default_rng(seed).permutation(n).tolist()
    return [order[i * batch_size : (i + 1) * batch_size] for i in range(math.ceil(n / batch_size))]


def steps_per_epoch(n, batch_size):
    return np.ceil(n / batch_size)


# %% RIGHT minibatches: by choice, with the remainder
def minibatches(n, batch_size, seed):
    order = np.random.default_rng(seed).choice(n, size=n, replace=False)
    whole = n - n % batch_size
    batches = list(order[:whole].reshape(-1, batch_size))
    if whole < n:
        batches.append(order[whole:])
    return batches


def steps_per_epoch(n, batch_size):
    return n // batch_size + (n % batch_size > 0)


# %% RIGHT minibatches: by sorting random numbers, as a tuple
def minibatches(n, batch_size, seed):
    order = np.random.default_rng(seed).random(n).argsort()
    return tuple(order[i : min(i + batch_size, n)] for i in range(0, n, batch_size))


def steps_per_epoch(n, batch_size):
    return len(range(0, n, batch_size))


# %% RIGHT minibatches: by Python's random and a deque
def minibatches(n, batch_size, seed):
    import random

    order = list(range(n))
    random.Random(seed).shuffle(order)
    batches = []
    while order:
        batches.append(np.array(order[:batch_size]))
        order = order[batch_size:]
    return batches


def steps_per_epoch(n, batch_size):
    whole, rest = divmod(n, batch_size)
    return whole + bool(rest)


# %% RIGHT minibatches: by the numbers of the batches
def minibatches(n, batch_size, seed):
    rank = np.random.default_rng(seed).permutation(n)
    return [np.flatnonzero(rank // batch_size == k) for k in range(steps_per_epoch(n, batch_size))]


def steps_per_epoch(n, batch_size):
    return math.floor((n + batch_size - 1) / batch_size)


# %% WRONG minibatches: parts of about one size -> test_minibatches
def minibatches(n, batch_size, seed):
    order = np.random.default_rng(seed).permutation(n)
    return np.array_split(order, math.ceil(n / batch_size))


# %% WRONG minibatches: the last batch is dropped -> test_minibatches
def minibatches(n, batch_size, seed):
    order = np.random.default_rng(seed).permutation(n)
    return [order[i * batch_size : (i + 1) * batch_size] for i in range(n // batch_size)]


# %% WRONG minibatches: an empty batch where the numbers divide -> test_minibatches
def minibatches(n, batch_size, seed):
    order = np.random.default_rng(seed).permutation(n)
    return [order[i * batch_size : (i + 1) * batch_size] for i in range(n // batch_size + 1)]


# %% WRONG minibatches: a last batch of one is left out -> test_minibatches
def minibatches(n, batch_size, seed):
    order = np.random.default_rng(seed).permutation(n)
    batches = [order[start : start + batch_size] for start in range(0, n, batch_size)]
    return [batch for batch in batches if len(batch) > 1 or batch_size == 1]


# %% WRONG minibatches: drawn with replacement -> test_minibatches
def minibatches(n, batch_size, seed):
    order = np.random.default_rng(seed).integers(n, size=n)
    return [order[start : start + batch_size] for start in range(0, n, batch_size)]


# %% WRONG minibatches: not shuffled -> test_minibatches
def minibatches(n, batch_size, seed):
    order = np.arange(n)
    return [order[start : start + batch_size] for start in range(0, n, batch_size)]


# %% WRONG minibatches: the result of permutation is thrown away -> test_minibatches
def minibatches(n, batch_size, seed):
    order = np.arange(n)
    np.random.default_rng(seed).permutation(order)
    return [order[start : start + batch_size] for start in range(0, n, batch_size)]


# %% WRONG minibatches: shuffled within each batch -> test_minibatches
def minibatches(n, batch_size, seed):
    rng = np.random.default_rng(seed)
    return [rng.permutation(np.arange(n)[start : start + batch_size]) for start in range(0, n, batch_size)]


# %% WRONG minibatches: another order at each call -> test_minibatches
def minibatches(n, batch_size, seed):
    order = np.random.default_rng().permutation(n)
    return [order[start : start + batch_size] for start in range(0, n, batch_size)]


# %% WRONG minibatches: a seed of its own -> test_minibatches
def minibatches(n, batch_size, seed):
    order = np.random.default_rng(0).permutation(n)
    return [order[start : start + batch_size] for start in range(0, n, batch_size)]


# %% WRONG minibatches: no return -> test_minibatches
def minibatches(n, batch_size, seed):
    batches = np.split(np.random.default_rng(seed).permutation(n), range(batch_size, n, batch_size))


# %% WRONG minibatches: whole batches only -> test_steps_per_epoch
def steps_per_epoch(n, batch_size):
    return n // batch_size


# %% WRONG minibatches: always one more -> test_steps_per_epoch
def steps_per_epoch(n, batch_size):
    return n // batch_size + 1


# %% WRONG minibatches: a half is rounded to the even number -> test_steps_per_epoch
def steps_per_epoch(n, batch_size):
    return round(n / batch_size + 0.5)


# %% WRONG minibatches: as floats -> test_minibatches
def minibatches(n, batch_size, seed):
    order = np.linspace(0, n - 1, n)
    np.random.default_rng(seed).shuffle(order)
    return [order[i : i + batch_size] for i in range(0, n, batch_size)]


# %% WRONG minibatches: the batches shuffled, not the indices -> test_minibatches
def minibatches(n, batch_size, seed):
    batches = [np.arange(i, min(i + batch_size, n)) for i in range(0, n, batch_size)]
    return [batches[k] for k in np.random.default_rng(seed).permutation(len(batches))]


# %% WRONG minibatches: the rest first -> test_minibatches
def minibatches(n, batch_size, seed):
    order = np.random.default_rng(seed).permutation(n)
    first = n % batch_size or batch_size
    return [order[:first]] + [order[i : i + batch_size] for i in range(first, n, batch_size)]


# %% WRONG minibatches: the rest joins the last batch -> test_minibatches
def minibatches(n, batch_size, seed):
    order = np.random.default_rng(seed).permutation(n)
    k = max(n // batch_size, 1)
    return [order[i * batch_size : (i + 1) * batch_size if i < k - 1 else n] for i in range(k)]


# %% WRONG minibatches: not a whole number -> test_steps_per_epoch
def steps_per_epoch(n, batch_size):
    return n / batch_size


# %% WRONG minibatches: filled up from the start -> test_minibatches
def minibatches(n, batch_size, seed):
    order = np.random.default_rng(seed).permutation(n)
    steps = math.ceil(n / batch_size)
    return list(np.resize(order, steps * batch_size).reshape(steps, batch_size))


# %% RIGHT largest_rate: by Python's max
def largest_rate(curvatures):
    return 2 / max(curvatures)


# %% RIGHT largest_rate: the smallest of the limits
def largest_rate(curvatures):
    return np.min(2 / curvatures)


# %% RIGHT largest_rate: by sorting a copy
def largest_rate(curvatures):
    return 2 / float(np.sort(curvatures)[-1])


# %% RIGHT largest_rate: by a loop
def largest_rate(curvatures):
    rate = float("inf")
    for c in curvatures:
        rate = min(rate, 2 / c)
    return rate


# %% RIGHT largest_rate: by eigenvalues
def largest_rate(curvatures):
    return np.float32(2) / np.linalg.eigvalsh(np.diag(curvatures))[-1]


# %% RIGHT largest_rate: as an array without dimensions
def largest_rate(curvatures):
    return np.asarray(2 / curvatures.max())


# %% RIGHT rates: the words of the Russian notebook
answer_rates = ["слишком мала", "слишком мала", "подходит", "подходит", "подходит", "слишком велика"]


# %% RIGHT rates: as a tuple
answer_rates = ("too small", "too small", "right", "right", "right", "too large")

# %% RIGHT rates: as an array
answer_rates = np.array(["too small"] * 2 + ["right"] * 3 + ["too large"])


# %% WRONG largest_rate: the rate that gets there in one step -> test_largest_rate
def largest_rate(curvatures):
    return 1 / np.max(curvatures)


# %% WRONG largest_rate: by the flattest direction -> test_largest_rate
def largest_rate(curvatures):
    return 2 / np.min(curvatures)


# %% WRONG largest_rate: by the sum of the curvatures -> test_largest_rate
def largest_rate(curvatures):
    return 2 / np.sum(curvatures)


# %% WRONG largest_rate: sorted in place -> test_largest_rate
def largest_rate(curvatures):
    curvatures.sort()
    return 2 / curvatures[-1]


# %% WRONG largest_rate: by the mean -> test_largest_rate
def largest_rate(curvatures):
    return 2 / np.mean(curvatures)


# %% WRONG largest_rate: one for each -> test_largest_rate
def largest_rate(curvatures):
    return 2 / curvatures


# %% WRONG largest_rate: just below -> test_largest_rate
def largest_rate(curvatures):
    return 1.99 / max(curvatures)


# %% WRONG rates: one is missing -> test_rates
answer_rates = ["too small", "too small", "right", "right", "too large"]

# %% WRONG rates: another word -> test_rates
answer_rates = ["too small", "too small", "right", "right", "right", "too big"]

# %% WRONG rates: the rate near the limit -> test_rates
answer_rates = ["too small", "too small", "right", "right", "too large", "too large"]


# %% WRONG rates: the line that hardly falls -> test_rates
answer_rates = ["too small", "right", "right", "right", "right", "too large"]


# %% RIGHT backward: by loops over the examples
def backward(X, Y, H, P, W2):
    n = len(X)
    dW1, db1 = np.zeros((X.shape[1], H.shape[1])), np.zeros(H.shape[1])
    dW2, db2 = np.zeros(W2.shape), np.zeros(W2.shape[1])
    for x, y, h, p in zip(X, Y, H, P):
        delta2 = (p - y) / n
        delta1 = W2 @ delta2
        delta1[h <= 0] = 0
        dW2 += np.outer(h, delta2)
        db2 += delta2
        dW1 += np.outer(x, delta1)
        db1 += delta1
    return dW1, db1, dW2, db2


# %% RIGHT backward: by einsum, as a list
def backward(X, Y, H, P, W2):
    delta2 = (P - Y) / X.shape[0]
    delta1 = np.einsum("nk,hk->nh", delta2, W2) * np.sign(H)
    return [np.einsum("ni,nh->ih", X, delta1), delta1.sum(0), np.einsum("nh,nk->hk", H, delta2), delta2.sum(0)]


# %% RIGHT backward: divided at the end
def backward(X, Y, H, P, W2):
    n = Y.shape[0]
    error = P - Y
    back = np.where(H > 0, np.dot(error, W2.transpose()), 0)
    return np.dot(X.T, back) / n, np.mean(back, axis=0), np.dot(H.T, error) / n, np.mean(error, axis=0)


# %% RIGHT backward: sums as products with ones
def backward(X, Y, H, P, W2):
    ones = np.ones(len(X))
    delta2 = np.subtract(P, Y) / len(X)
    delta1 = np.matmul(W2, delta2.T).T * np.heaviside(H, 0)
    return (delta1.T @ X).T, ones @ delta1, (delta2.T @ H).T, ones @ delta2


# %% RIGHT backward: in place, on copies
def backward(X, Y, H, P, W2):
    delta2 = P.copy()
    delta2[np.arange(len(Y)), Y.argmax(axis=1)] -= 1
    delta2 /= len(Y)
    delta1 = delta2 @ W2.T
    delta1[H == 0] = 0
    return X.T @ delta1, delta1.sum(axis=0), H.T @ delta2, delta2.sum(axis=0)


# %% RIGHT backward: with ones beside the inputs
def backward(X, Y, H, P, W2):
    ones = np.ones((X.shape[0], 1))
    D2 = (P - Y) / len(X)
    D1 = np.where(H > 0, (W2 @ D2.T).T, 0.0)
    G1, G2 = np.hstack([X, ones]).T @ D1, np.hstack([H, ones]).T @ D2
    return G1[:-1], G1[-1], G2[:-1], G2[-1]


# %% RIGHT backward: entry by entry
def backward(X, Y, H, P, W2):
    n, d, h, c = len(X), X.shape[1], H.shape[1], W2.shape[1]
    d2 = [[(P[i, k] - Y[i, k]) / n for k in range(c)] for i in range(n)]
    d1 = [[sum(d2[i][k] * W2[j, k] for k in range(c)) if H[i, j] > 0 else 0 for j in range(h)] for i in range(n)]
    return (
        [[sum(X[i, a] * d1[i][j] for i in range(n)) for j in range(h)] for a in range(d)],
        [sum(d1[i][j] for i in range(n)) for j in range(h)],
        [[sum(H[i, j] * d2[i][k] for i in range(n)) for k in range(c)] for j in range(h)],
        [sum(d2[i][k] for i in range(n)) for k in range(c)],
    )


# %% WRONG backward: no mean over the examples -> test_backward_output, test_backward_hidden
def backward(X, Y, H, P, W2):
    delta2 = P - Y
    delta1 = (delta2 @ W2.T) * (H > 0)
    return X.T @ delta1, delta1.sum(axis=0), H.T @ delta2, delta2.sum(axis=0)


# %% WRONG backward: the sign of the error -> test_backward_output, test_backward_hidden
def backward(X, Y, H, P, W2):
    delta2 = (Y - P) / len(X)
    delta1 = (delta2 @ W2.T) * (H > 0)
    return X.T @ delta1, delta1.sum(axis=0), H.T @ delta2, delta2.sum(axis=0)


# %% WRONG backward: the probabilities in place -> test_backward_output
def backward(X, Y, H, P, W2):
    P -= Y
    P /= len(X)
    delta1 = (P @ W2.T) * (H > 0)
    return X.T @ delta1, delta1.sum(axis=0), H.T @ P, P.sum(axis=0)


# %% WRONG backward: dW2 transposed -> test_backward_output
def backward(X, Y, H, P, W2):
    delta2 = (P - Y) / len(X)
    delta1 = (delta2 @ W2.T) * (H > 0)
    return X.T @ delta1, delta1.sum(axis=0), delta2.T @ H, delta2.sum(axis=0)


# %% WRONG backward: divided by the number of classes -> test_backward_output, test_backward_hidden
def backward(X, Y, H, P, W2):
    delta2 = (P - Y) / Y.shape[1]
    delta1 = (delta2 @ W2.T) * (H > 0)
    return X.T @ delta1, delta1.sum(axis=0), H.T @ delta2, delta2.sum(axis=0)


# %% WRONG backward: without the derivative of relu -> test_backward_hidden
def backward(X, Y, H, P, W2):
    delta2 = (P - Y) / len(X)
    delta1 = delta2 @ W2.T
    return X.T @ delta1, delta1.sum(axis=0), H.T @ delta2, delta2.sum(axis=0)


# %% WRONG backward: W2 not transposed -> test_backward_hidden
def backward(X, Y, H, P, W2):
    delta2 = (P - Y) / len(X)
    delta1 = (delta2 @ (W2.T if W2.shape[0] != W2.shape[1] else W2)) * (H > 0)
    return X.T @ delta1, delta1.sum(axis=0), H.T @ delta2, delta2.sum(axis=0)


# %% WRONG backward: H as the first layer's input -> test_backward_hidden
def backward(X, Y, H, P, W2):
    delta2 = (P - Y) / len(X)
    delta1 = (delta2 @ W2.T) * (H > 0)
    return H.T @ delta1, delta1.sum(axis=0), H.T @ delta2, delta2.sum(axis=0)


# %% WRONG backward: the gradients of one layer -> test_backward_output, test_backward_hidden
def backward(X, Y, H, P, W2):
    delta2 = (P - Y) / len(X)
    return H.T @ delta2, delta2.sum(axis=0)


# %% WRONG backward: biases as rows -> test_backward_output, test_backward_hidden
def backward(X, Y, H, P, W2):
    D2 = (P - Y) / len(X)
    D1 = (D2 @ W2.T) * (H > 0)
    return X.T @ D1, D1.sum(axis=0, keepdims=True), H.T @ D2, D2.sum(axis=0, keepdims=True)


# %% WRONG backward: the second layer first -> test_backward_output, test_backward_hidden
def backward(X, Y, H, P, W2):
    D2 = (P - Y) / len(X)
    D1 = (D2 @ W2.T) * (H > 0)
    return H.T @ D2, D2.sum(axis=0), X.T @ D1, D1.sum(axis=0)


# %% WRONG backward: divided by the number of inputs -> test_backward_output, test_backward_hidden
def backward(X, Y, H, P, W2):
    D2 = (P - Y) / X.shape[1]
    D1 = (D2 @ W2.T) * (H > 0)
    return X.T @ D1, D1.sum(axis=0), H.T @ D2, D2.sum(axis=0)


# %% WRONG backward: H in place of its sign -> test_backward_hidden
def backward(X, Y, H, P, W2):
    D2 = (P - Y) / len(X)
    D1 = (D2 @ W2.T) * H
    return X.T @ D1, D1.sum(axis=0), H.T @ D2, D2.sum(axis=0)


# %% WRONG backward: a mean for the biases on top of 1/n -> test_backward_output, test_backward_hidden
def backward(X, Y, H, P, W2):
    D2 = (P - Y) / len(X)
    D1 = (D2 @ W2.T) * (H > 0)
    return X.T @ D1, D1.mean(axis=0), H.T @ D2, D2.mean(axis=0)


# %% WRONG backward: relu of the gradient -> test_backward_hidden
def backward(X, Y, H, P, W2):
    D2 = (P - Y) / len(X)
    D1 = D2 @ W2.T
    D1 = D1 * (D1 > 0)
    return X.T @ D1, D1.sum(axis=0), H.T @ D2, D2.sum(axis=0)


# %% RIGHT split: by numpy's split
def split(n, n_validation, n_test, seed):
    order = np.random.default_rng(seed).permutation(n)
    return np.split(order, [n - n_validation - n_test, n - n_test])


# %% RIGHT split: the test set first, as lists
def split(n, n_validation, n_test, seed):
    order = list(range(n))
    np.random.default_rng(seed).shuffle(order)
    return order[n_test + n_validation :], order[n_test : n_test + n_validation], order[:n_test]


# %% RIGHT split: by choice
def split(n, n_validation, n_test, seed):
    rng = np.random.default_rng(seed)
    test = rng.choice(n, n_test, replace=False)
    rest = np.setdiff1d(np.arange(n), test)
    validation = rng.choice(rest, n_validation, replace=False)
    return np.setdiff1d(rest, validation), validation, test


# %% RIGHT split: one after the other
def split(n, n_validation, n_test, seed):
    order = iter(np.random.default_rng(seed).permutation(n))
    test = [next(order) for _ in range(n_test)]
    validation = [next(order) for _ in range(n_validation)]
    return np.array(list(order)), np.array(validation), np.array(test)


# %% RIGHT split: by ranks
def split(n, n_validation, n_test, seed):
    rank = np.argsort(np.random.default_rng(seed).random(n))
    n_train = n - n_validation - n_test
    return [
        np.where((low <= rank) & (rank < high))[0]
        for low, high in [(0, n_train), (n_train, n - n_test), (n - n_test, n)]
    ]


# %% RIGHT split: by sets
def split(n, n_validation, n_test, seed):
    order = np.random.default_rng(seed).permutation(n).tolist()
    t, v = order[:n_test], order[n_test : n_test + n_validation]
    return np.array(sorted(set(range(n)) - set(t) - set(v))), np.array(v), np.array(t)


# %% RIGHT sets: the words of the Russian notebook
answer_fresh = 0.5
answer_sets = {
    "найти веса": "обучающая",
    "выбрать число слоёв": "валидационная",
    "сообщить качество в самом конце": "тестовая",
}


# %% RIGHT sets: as a fraction
answer_fresh = 1 / 2
answer_sets = dict(
    zip(
        ["report the quality at the very end", "choose the number of layers", "find the weights"],
        ["test", "validation", "training"],
    )
)


# %% WRONG split: not shuffled -> test_split
def split(n, n_validation, n_test, seed):
    order = np.arange(n)
    return order[: n - n_validation - n_test], order[n - n_validation - n_test : n - n_test], order[n - n_test :]


# %% WRONG split: each part shuffled by itself -> test_split
def split(n, n_validation, n_test, seed):
    rng = np.random.default_rng(seed)
    parts = np.split(np.arange(n), [n - n_validation - n_test, n - n_test])
    return [rng.permutation(part) for part in parts]


# %% WRONG split: the sets in another order -> test_split
def split(n, n_validation, n_test, seed):
    order = np.random.default_rng(seed).permutation(n)
    return order[:n_validation], order[n_validation : n_validation + n_test], order[n_validation + n_test :]


# %% WRONG split: counted from the end, so that a size of 0 takes all -> test_split
def split(n, n_validation, n_test, seed):
    order = np.random.default_rng(seed).permutation(n)
    return order[: n - n_validation - n_test], order[n - n_validation - n_test : n - n_test], order[-n_test:]


# %% WRONG split: the sets overlap -> test_split
def split(n, n_validation, n_test, seed):
    order = np.random.default_rng(seed).permutation(n)
    return order[: n - n_validation - n_test], order[:n_validation], order[n - n_test :]


# %% WRONG split: another order at each call -> test_split
def split(n, n_validation, n_test, seed):
    order = np.random.default_rng().permutation(n)
    return np.split(order, [n - n_validation - n_test, n - n_test])


# %% WRONG split: a seed of its own -> test_split
def split(n, n_validation, n_test, seed):
    order = np.random.default_rng(42).permutation(n)
    return np.split(order, [n - n_validation - n_test, n - n_test])


# %% WRONG split: no training set where both others are empty -> test_split
def split(n, n_validation, n_test, seed):
    order = np.random.default_rng(seed).permutation(n)
    held_out = n_validation + n_test
    return order[:-held_out], order[n - held_out : n - n_test], order[n - n_test :]


# %% WRONG split: two sets -> test_split
def split(n, n_validation, n_test, seed):
    order = np.random.default_rng(seed).permutation(n)
    return order[: n - n_test], order[n - n_test :]


# %% WRONG split: fractions of n -> test_split
def split(n, n_validation, n_test, seed):
    order = np.random.default_rng(seed).permutation(n)
    a, b = int(n * 0.5), int(n * 0.8)
    return order[:a], order[a:b], order[b:]


# %% WRONG split: the test set always the last examples -> test_split
def split(n, n_validation, n_test, seed):
    order = np.random.default_rng(seed).permutation(n - n_test)
    return order[n_validation:], order[:n_validation], np.arange(n - n_test, n)


# %% WRONG split: validation and test exchanged -> test_split
def split(n, n_validation, n_test, seed):
    order = np.random.default_rng(seed).permutation(n)
    k = n - n_validation - n_test
    return order[:k], order[k : k + n_test], order[k + n_test :]


# %% WRONG split: as floats -> test_split
def split(n, n_validation, n_test, seed):
    order = np.linspace(0, n - 1, n)
    np.random.default_rng(seed).shuffle(order)
    k = n - n_validation - n_test
    return order[:k], order[k : k + n_validation], order[k + n_validation :]


# %% WRONG sets: a percentage -> test_sets
answer_fresh = 50
answer_sets = {
    "find the weights": "training",
    "choose the number of layers": "validation",
    "report the quality at the very end": "test",
}

# %% WRONG sets: shortened keys -> test_sets
answer_fresh = 0.5
answer_sets = {"weights": "training", "layers": "validation", "quality": "test"}

# %% WRONG sets: a shortened name -> test_sets
answer_fresh = 0.5
answer_sets = {
    "find the weights": "train",
    "choose the number of layers": "validation",
    "report the quality at the very end": "test",
}

# %% WRONG sets: what the chosen one had -> test_sets
answer_fresh = 0.7
answer_sets = {
    "find the weights": "training",
    "choose the number of layers": "validation",
    "report the quality at the very end": "test",
}

# %% WRONG sets: chosen by the test set -> test_sets
answer_fresh = 0.5
answer_sets = {
    "find the weights": "training",
    "choose the number of layers": "test",
    "report the quality at the very end": "validation",
}


# %% WRONG sets: as a text -> test_sets
answer_fresh = "0.5"
answer_sets = {
    "find the weights": "training",
    "choose the number of layers": "validation",
    "report the quality at the very end": "test",
}


# %% RIGHT overfitting: the words of the Russian notebook, in an array
answer_degree, answer_beyond = 3, np.array(["падает", "растёт"])


# %% RIGHT overfitting: a NumPy number and a list
answer_degree = _degrees[int(np.argmin(_errors[:, 1]))] + np.int64(0)
answer_beyond = ["falls", "rises"]


# %% RIGHT overfitting: as a float and an array
answer_degree, answer_beyond = 3.0, np.array(["falls", "rises"])


# %% RIGHT penalty: by loops
def penalty(w, l1, l2):
    total = 0
    for number in w.ravel():
        total += l1 * abs(number) + l2 * number * number
    return total


def penalty_gradient(w, l1, l2):
    signs = np.zeros(w.shape)
    signs[w > 0] = 1
    signs[w < 0] = -1
    return l1 * signs + l2 * (w + w)


# %% RIGHT penalty: by norms
def penalty(w, l1, l2):
    return l1 * np.linalg.norm(w.flatten(), 1) + l2 * np.linalg.norm(w.flatten()) ** 2


def penalty_gradient(w, l1, l2):
    return l1 * ((w > 0).astype(int) - (w < 0).astype(int)) + 2 * l2 * w


# %% RIGHT penalty: by products
def penalty(w, l1, l2):
    return l1 * np.vdot(w, np.sign(w)) + l2 * np.vdot(w, w)


def penalty_gradient(w, l1, l2):
    return np.where(w == 0, 0, l1 * w / np.where(w == 0, 1, np.abs(w))) + np.multiply(2 * l2, w)


# %% RIGHT dropout: by a mask
def dropout(x, rate, u, training):
    if training:
        mask = (u >= rate).astype(x.dtype)
        return x * mask / (1 - rate)
    return x


# %% RIGHT dropout: element by element
def dropout(x, rate, u, training):
    if training is False:
        return x.tolist()
    kept = [0.0 if chance < rate else number / (1 - rate) for number, chance in zip(x.flat, u.flat)]
    return np.array(kept).reshape(x.shape)


# %% RIGHT dropout: in place, on a copy
def dropout(x, rate, u, training):
    y = np.array(x)
    if training:
        y /= 1 - rate
        y[u < rate] = 0
    return y


# %% RIGHT dropout: by choose
def dropout(x, rate, u, training):
    keep = 1 - rate
    return np.choose((u >= rate) & bool(training), [x * (not training), x / keep])


# %% RIGHT normalised: as a list of whole numbers
answer_normalized = [3, 2]
answer_single = "b"

# %% WRONG overfitting: no such degree -> test_overfitting
answer_degree = 15
answer_beyond = ("falls", "rises")

# %% WRONG overfitting: other words -> test_overfitting
answer_degree = 3
answer_beyond = ("down", "up")

# %% WRONG overfitting: the smallest training error -> test_overfitting
answer_degree = 12
answer_beyond = ("falls", "rises")

# %% WRONG overfitting: both fall -> test_overfitting
answer_degree = 3
answer_beyond = ("falls", "falls")


# %% WRONG overfitting: exchanged -> test_overfitting
answer_degree, answer_beyond = 3, ("rises", "falls")


# %% WRONG overfitting: as a text -> test_overfitting
answer_degree, answer_beyond = "3", ("falls", "rises")


# %% WRONG penalty: L1 without absolute values -> test_penalty
def penalty(w, l1, l2):
    return l1 * w.sum() + l2 * (w**2).sum()


# %% WRONG penalty: half of the squares -> test_penalty
def penalty(w, l1, l2):
    return l1 * np.abs(w).sum() + l2 / 2 * (w**2).sum()


# %% WRONG penalty: squared in place -> test_penalty
def penalty(w, l1, l2):
    first = l1 * np.abs(w).sum()
    w **= 2
    return first + l2 * w.sum()


# %% WRONG penalty: a sum for each column -> test_penalty
def penalty(w, l1, l2):
    return l1 * sum(np.abs(w)) + l2 * sum(w**2)


# %% WRONG penalty: a gradient without its 2 -> test_penalty_gradient
def penalty_gradient(w, l1, l2):
    return l1 * np.sign(w) + l2 * w


# %% WRONG penalty: a sign of 1 at 0 -> test_penalty_gradient
def penalty_gradient(w, l1, l2):
    return l1 * np.where(w >= 0, 1, -1) + 2 * l2 * w


# %% WRONG penalty: a gradient in place -> test_penalty_gradient
def penalty_gradient(w, l1, l2):
    signs = np.sign(w)
    w *= 2 * l2
    w += l1 * signs
    return w


# %% WRONG penalty: a flat gradient -> test_penalty_gradient
def penalty_gradient(w, l1, l2):
    return np.array([l1 * np.sign(number) + 2 * l2 * number for number in w.ravel()])


# %% WRONG penalty: by the norm of a matrix -> test_penalty
def penalty(w, l1, l2):
    return l1 * np.linalg.norm(w, 1) + l2 * (w**2).sum()


# %% WRONG penalty: the mean -> test_penalty
def penalty(w, l1, l2):
    return l1 * np.abs(w).mean() + l2 * (w**2).mean()


# %% WRONG penalty: the norm, not its square -> test_penalty
def penalty(w, l1, l2):
    return l1 * np.abs(w).sum() + l2 * np.sqrt((w**2).sum())


# %% WRONG penalty: a gradient of the numbers, not of signs -> test_penalty_gradient
def penalty_gradient(w, l1, l2):
    return l1 * np.abs(w) + 2 * l2 * w


# %% WRONG penalty: a division by 0 -> test_penalty_gradient
def penalty_gradient(w, l1, l2):
    with np.errstate(all="ignore"):
        return l1 * w / np.abs(w) + 2 * l2 * w


# %% WRONG penalty: l2 within the square -> test_penalty
def penalty(w, l1, l2):
    return l1 * np.abs(w).sum() + ((l2 * w) ** 2).sum()


# %% WRONG penalty: a gradient without its factor l2 -> test_penalty_gradient
def penalty_gradient(w, l1, l2):
    return l1 * np.sign(w) + w


# %% WRONG dropout: what remains isn't scaled -> test_dropout
def dropout(x, rate, u, training):
    return np.where(u >= rate, x, 0.0) if training else x


# %% WRONG dropout: divided by the rate -> test_dropout
def dropout(x, rate, u, training):
    return np.where(u >= rate, x / rate, 0.0) if training else x


# %% WRONG dropout: drops where u equals the rate -> test_dropout
def dropout(x, rate, u, training):
    return np.where(u > rate, x / (1 - rate), 0.0) if training else x


# %% WRONG dropout: in place -> test_dropout
def dropout(x, rate, u, training):
    if training:
        x[u < rate] = 0
        return x / (1 - rate)
    return x


# %% WRONG dropout: scaled in use, as the older dropout does -> test_dropout
def dropout(x, rate, u, training):
    return np.where(u >= rate, x / (1 - rate), 0.0) if training else x * (1 - rate)


# %% WRONG dropout: a factor that is always that of the visible test -> test_dropout
def dropout(x, rate, u, training):
    return np.where(u >= rate, x * 4 / 3, 0.0) if training else x


# %% WRONG dropout: random numbers of its own -> test_dropout
def dropout(x, rate, u, training):
    return np.where(np.random.default_rng(0).random(x.shape) >= rate, x / (1 - rate), 0) if training else x


# %% WRONG dropout: kept and dropped exchanged -> test_dropout
def dropout(x, rate, u, training):
    return np.where(u < rate, x / (1 - rate), 0) if training else x


# %% WRONG dropout: in training and in use -> test_dropout
def dropout(x, rate, u, training):
    return np.where(u >= rate, x / (1 - rate), 0)


# %% WRONG dropout: what is dropped leaves -> test_dropout
def dropout(x, rate, u, training):
    return x[u >= rate] / (1 - rate) if training else x


# %% WRONG normalised: one number -> test_normalised
answer_normalized = 3
answer_single = "b"

# %% WRONG normalised: a word -> test_normalised
answer_normalized = (3, 2)
answer_single = "beta"

# %% WRONG normalised: exchanged -> test_normalised
answer_normalized = (2, 3)
answer_single = "b"

# %% WRONG normalised: the example unchanged -> test_normalised
answer_normalized = (3, 2)
answer_single = "a"


# %% WRONG normalised: the variance -> test_normalised
answer_normalized, answer_single = (3, 4), "b"


# %% WRONG normalised: a capital -> test_normalised
answer_normalized, answer_single = (3, 2), "B"


# %% WRONG normalised: gamma times the example -> test_normalised
answer_normalized, answer_single = (3, 2), "c"


# %% RIGHT conv2d: by loops over the places
def conv2d(image, kernel, padding="valid", stride=1):
    k = kernel.shape[0]
    if padding == "same":
        image = np.pad(image, (k - 1) // 2)
    rows, columns = (image.shape[0] - k) // stride + 1, (image.shape[1] - k) // stride + 1
    result = np.zeros((rows, columns))
    for i in range(rows):
        for j in range(columns):
            result[i, j] = (image[i * stride : i * stride + k, j * stride : j * stride + k] * kernel).sum()
    return result


# %% RIGHT conv2d: by loops over the weights
def conv2d(image, kernel, padding="valid", stride=1):
    k = len(kernel)
    frame = k // 2 if padding == "same" else 0
    padded = np.zeros((image.shape[0] + 2 * frame, image.shape[1] + 2 * frame))
    padded[frame : frame + image.shape[0], frame : frame + image.shape[1]] = image
    height, width = padded.shape[0] - k + 1, padded.shape[1] - k + 1
    whole = sum(kernel[a, b] * padded[a : a + height, b : b + width] for a in range(k) for b in range(k))
    return whole[::stride, ::stride]


# %% RIGHT conv2d: as lists, with single numbers
def conv2d(image, kernel, padding="valid", stride=1):
    k, (height, width) = len(kernel), image.shape
    shift = (k - 1) // 2 if padding == "same" else 0

    def pixel(i, j):
        return float(image[i, j]) if 0 <= i < height and 0 <= j < width else 0.0

    result = []
    for i in range(-shift, height + shift - k + 1, stride):
        result.append([])
        for j in range(-shift, width + shift - k + 1, stride):
            result[-1].append(sum(float(kernel[a, b]) * pixel(i + a, j + b) for a in range(k) for b in range(k)))
    return result


# %% RIGHT conv2d: by one matrix product
def conv2d(image, kernel, padding="valid", stride=1):
    k = kernel.shape[0]
    if padding == "same":
        image = np.pad(image, ((k // 2, k // 2), (k // 2, k // 2)), mode="constant", constant_values=0)
    tops, lefts = (range(0, n - k + 1, stride) for n in image.shape)
    patches = np.array([image[t : t + k, l : l + k].ravel() for t in tops for l in lefts])
    return (patches @ kernel.ravel()).reshape(len(tops), len(lefts))


# %% RIGHT conv2d: by windows and einsum
def conv2d(image, kernel, padding="valid", stride=1):
    if padding != "valid":
        image = np.pad(image, kernel.shape[0] // 2)
    windows = np.lib.stride_tricks.sliding_window_view(image, kernel.shape)
    return np.einsum("ijab,ab->ij", windows, kernel)[::stride, ::stride]


# %% RIGHT conv2d: by Fourier transforms
def conv2d(image, kernel, padding="valid", stride=1):
    k = len(kernel)
    if padding == "same":
        image = np.pad(image, k // 2)
    size = [a + k - 1 for a in image.shape]
    full = np.fft.irfft2(np.fft.rfft2(image, size) * np.fft.rfft2(kernel[::-1, ::-1], size), size)
    return full[k - 1 : image.shape[0], k - 1 : image.shape[1]][::stride, ::stride]


# %% RIGHT conv2d: by numpy.correlate, row by row
def conv2d(image, kernel, padding="valid", stride=1):
    k = kernel.shape[1]
    if padding == "same":
        image = np.vstack([np.zeros((k // 2, image.shape[1])), image, np.zeros((k // 2, image.shape[1]))])
        image = np.hstack([np.zeros((len(image), k // 2)), image, np.zeros((len(image), k // 2))])
    out = []
    for i in range(0, len(image) - k + 1, stride):
        out.append(sum(np.correlate(image[i + a], kernel[a], "valid") for a in range(k))[::stride])
    return np.array(out)


# %% WRONG conv2d: the kernel turned -> test_conv2d_valid, test_conv2d_same, test_conv2d_stride
def conv2d(image, kernel, padding="valid", stride=1):
    k = len(kernel)
    if padding == "same":
        image = np.pad(image, k // 2)
    windows = np.lib.stride_tricks.sliding_window_view(image, (k, k))
    return (windows[::stride, ::stride] * kernel[::-1, ::-1]).sum(axis=(2, 3))


# %% WRONG conv2d: a matrix product -> test_conv2d_valid, test_conv2d_same, test_conv2d_stride
def conv2d(image, kernel, padding="valid", stride=1):
    k = len(kernel)
    if padding == "same":
        image = np.pad(image, k // 2)
    windows = np.lib.stride_tricks.sliding_window_view(image, (k, k))
    return (windows[::stride, ::stride] @ kernel).sum(axis=(2, 3))


# %% WRONG conv2d: a square map -> test_conv2d_valid, test_conv2d_same, test_conv2d_stride
def conv2d(image, kernel, padding="valid", stride=1):
    k = len(kernel)
    if padding == "same":
        image = np.pad(image, k // 2)
    places = range(0, image.shape[0] - k + 1, stride)
    return np.array([[(image[i : i + k, j : j + k] * kernel).sum() for j in places] for i in places])


# %% WRONG conv2d: no padding -> test_conv2d_same, test_conv2d_stride
def conv2d(image, kernel, padding="valid", stride=1):
    k = len(kernel)
    windows = np.lib.stride_tricks.sliding_window_view(image, (k, k))
    return (windows[::stride, ::stride] * kernel).sum(axis=(2, 3))


# %% WRONG conv2d: one row of zeros for each kernel -> test_conv2d_same
def conv2d(image, kernel, padding="valid", stride=1):
    k = len(kernel)
    if padding == "same":
        image = np.pad(image, 1)
    windows = np.lib.stride_tricks.sliding_window_view(image, (k, k))
    return (windows[::stride, ::stride] * kernel).sum(axis=(2, 3))


# %% WRONG conv2d: without its stride -> test_conv2d_stride
def conv2d(image, kernel, padding="valid", stride=1):
    k = len(kernel)
    if padding == "same":
        image = np.pad(image, k // 2)
    windows = np.lib.stride_tricks.sliding_window_view(image, (k, k))
    return (windows * kernel).sum(axis=(2, 3))


# %% WRONG conv2d: the size of the map rounded down -> test_conv2d_stride
def conv2d(image, kernel, padding="valid", stride=1):
    k = len(kernel)
    rows, columns = ((n if padding == "same" else n - k + stride) // stride for n in image.shape)
    if padding == "same":
        image = np.pad(image, k // 2)
    windows = np.lib.stride_tricks.sliding_window_view(image, (k, k))
    return (windows[::stride, ::stride] * kernel).sum(axis=(2, 3))[:rows, :columns]


# %% WRONG conv2d: whole numbers -> test_conv2d_valid, test_conv2d_same, test_conv2d_stride
def conv2d(image, kernel, padding="valid", stride=1):
    k = len(kernel)
    if padding == "same":
        image = np.pad(image, k // 2)
    windows = np.lib.stride_tricks.sliding_window_view(image, (k, k))
    return (windows[::stride, ::stride] * kernel).sum(axis=(2, 3)).astype(int)


# %% WRONG conv2d: the border repeated -> test_conv2d_same, test_conv2d_stride
def conv2d(image, kernel, padding="valid", stride=1):
    k = len(kernel)
    if padding == "same":
        image = np.pad(image, k // 2, mode="edge")
    windows = np.lib.stride_tricks.sliding_window_view(image, (k, k))
    return (windows[::stride, ::stride] * kernel).sum(axis=(2, 3))


# %% WRONG conv2d: the kernel transposed -> test_conv2d_valid, test_conv2d_same, test_conv2d_stride
def conv2d(image, kernel, padding="valid", stride=1):
    k = len(kernel)
    if padding == "same":
        image = np.pad(image, k // 2)
    windows = np.lib.stride_tricks.sliding_window_view(image, (k, k))
    return (windows[::stride, ::stride] * kernel.T).sum(axis=(2, 3))


# %% WRONG conv2d: stride to the right only -> test_conv2d_stride
def conv2d(image, kernel, padding="valid", stride=1):
    k = len(kernel)
    if padding == "same":
        image = np.pad(image, k // 2)
    windows = np.lib.stride_tricks.sliding_window_view(image, (k, k))
    return (windows[:, ::stride] * kernel).sum(axis=(2, 3))


# %% WRONG conv2d: zeros at the bottom and on the right alone -> test_conv2d_same, test_conv2d_stride
def conv2d(image, kernel, padding="valid", stride=1):
    k = len(kernel)
    if padding == "same":
        image = np.pad(image, (0, k - 1))
    windows = np.lib.stride_tricks.sliding_window_view(image, (k, k))
    return (windows[::stride, ::stride] * kernel).sum(axis=(2, 3))


# %% WRONG conv2d: the kernel in place -> test_conv2d_valid, test_conv2d_same
def conv2d(image, kernel, padding="valid", stride=1):
    k = len(kernel)
    if padding == "same":
        image = np.pad(image, k // 2)
    windows = np.lib.stride_tricks.sliding_window_view(image, (k, k))
    result = (windows[::stride, ::stride] * kernel).sum(axis=(2, 3))
    kernel[...] = 0
    return result


# %% WRONG conv2d: the image in place where nothing is padded -> test_conv2d_valid
def conv2d(image, kernel, padding="valid", stride=1):
    k = len(kernel)
    if padding == "same":
        image = np.pad(image, k // 2)
    windows = np.lib.stride_tricks.sliding_window_view(image, (k, k))
    result = (windows[::stride, ::stride] * kernel).sum(axis=(2, 3))
    image[...] = 0
    return result


# %% RIGHT max_pool: by lists
def max_pool(image, size, stride):
    rows, columns = (range(0, n - size + 1, stride) for n in image.shape)
    return [[image[i : i + size, j : j + size].max() for j in columns] for i in rows]


# %% RIGHT max_pool: the size of the map first
def max_pool(image, size, stride):
    rows, columns = (image.shape[0] - size) // stride + 1, (image.shape[1] - size) // stride + 1
    result = np.zeros((rows, columns))
    for i in range(rows):
        for j in range(columns):
            result[i, j] = np.max(image[i * stride : i * stride + size, j * stride : j * stride + size])
    return result


# %% RIGHT max_pool: by shifted maps
def max_pool(image, size, stride):
    height, width = image.shape[0] - size + 1, image.shape[1] - size + 1
    shifted = [image[a : a + height : stride, b : b + width : stride] for a in range(size) for b in range(size)]
    return np.maximum.reduce(shifted)


# %% RIGHT max_pool: compared with minus infinity
def max_pool(image, size, stride):
    rows, columns = [(n - size) // stride + 1 for n in image.shape]
    result = np.full((rows, columns), -np.inf)
    for i in range(rows):
        for j in range(columns):
            for a in range(size):
                for b in range(size):
                    if image[i * stride + a, j * stride + b] > result[i, j]:
                        result[i, j] = image[i * stride + a, j * stride + b]
    return result


# %% RIGHT max_pool: rows, then columns
def max_pool(image, size, stride):
    tops, lefts = range(0, len(image) - size + 1, stride), range(0, len(image[0]) - size + 1, stride)
    rows = np.array([image[top : top + size].max(axis=0) for top in tops])
    return np.array([rows[:, left : left + size].max(axis=1) for left in lefts]).T


# %% RIGHT max_pool: by reshaping where size and stride agree
def max_pool(image, size, stride):
    if size == stride:
        h, w = image.shape[0] // size, image.shape[1] // size
        return image[: h * size, : w * size].reshape(h, size, w, size).max(axis=(1, 3))
    return np.lib.stride_tricks.sliding_window_view(image, (size, size)).max(axis=(2, 3))[::stride, ::stride]


# %% RIGHT max_pool: by sorting
def max_pool(image, size, stride):
    out = []
    for i in range(0, image.shape[0], stride):
        if i + size > image.shape[0]:
            continue
        out.append(
            [
                sorted(image[i : i + size, j : j + size].flatten().tolist())[-1]
                for j in range(0, image.shape[1], stride)
                if j + size <= image.shape[1]
            ]
        )
    return out


# %% WRONG max_pool: the mean -> test_max_pool
def max_pool(image, size, stride):
    windows = np.lib.stride_tricks.sliding_window_view(image, (size, size))
    return windows[::stride, ::stride].mean(axis=(2, 3))


# %% WRONG max_pool: compared with 0 -> test_max_pool
def max_pool(image, size, stride):
    rows, columns = (image.shape[0] - size) // stride + 1, (image.shape[1] - size) // stride + 1
    result = np.zeros((rows, columns))
    for i in range(rows):
        for j in range(columns):
            for number in image[i * stride : i * stride + size, j * stride : j * stride + size].ravel():
                result[i, j] = max(result[i, j], number)
    return result


# %% WRONG max_pool: a block at each place -> test_max_pool
def max_pool(image, size, stride):
    return np.lib.stride_tricks.sliding_window_view(image, (size, size)).max(axis=(2, 3))


# %% WRONG max_pool: blocks that stick out -> test_max_pool
def max_pool(image, size, stride):
    rows, columns = (range(0, n, stride) for n in image.shape)
    return np.array([[image[i : i + size, j : j + size].max() for j in columns] for i in rows])


# %% WRONG max_pool: the size is the stride -> test_max_pool
def max_pool(image, size, stride):
    windows = np.lib.stride_tricks.sliding_window_view(image, (size, size))
    return windows[::size, ::size].max(axis=(2, 3))


# %% WRONG max_pool: blocks that don't overlap -> test_max_pool
def max_pool(image, size, stride):
    windows = np.lib.stride_tricks.sliding_window_view(image, (size, size))
    return windows[:: max(stride, size), :: max(stride, size)].max(axis=(2, 3))


# %% WRONG max_pool: as many blocks as strides -> test_max_pool
def max_pool(image, size, stride):
    rows, columns = image.shape[0] // stride, image.shape[1] // stride
    return np.array(
        [
            [image[i * stride : i * stride + size, j * stride : j * stride + size].max() for j in range(columns)]
            for i in range(rows)
        ]
    )


# %% WRONG max_pool: in place -> test_max_pool
def max_pool(image, size, stride):
    rows, columns = (range(0, n - size + 1, stride) for n in image.shape)
    for i in rows:
        for j in columns:
            image[i : i + size, j : j + size] = image[i : i + size, j : j + size].max()
    return image[rows.start : rows.stop : stride, columns.start : columns.stop : stride]


# %% WRONG max_pool: rows for columns -> test_max_pool
def max_pool(image, size, stride):
    rows, columns = (range(0, n - size + 1, stride) for n in image.shape)
    return np.array([[image[i : i + size, j : j + size].max() for i in rows] for j in columns])


# %% WRONG max_pool: the largest of the diagonal -> test_max_pool
def max_pool(image, size, stride):
    rows, columns = (range(0, n - size + 1, stride) for n in image.shape)
    return np.array([[max(image[i + a, j + a] for a in range(size)) for j in columns] for i in rows])


# %% WRONG max_pool: a square map -> test_max_pool
def max_pool(image, size, stride):
    places = range(0, image.shape[0] - size + 1, stride)
    return np.array([[image[i : i + size, j : j + size].max() for j in places] for i in places])


# %% RIGHT sizes: rounded by NumPy
def output_size(n, k, stride, padding):
    return np.ceil(n / stride) if padding == "same" else np.floor((n - k) / stride) + 1


def conv_parameters(k, channels, filters):
    return np.prod([filters, k, k, channels]) + filters


def dense_parameters(inputs, neurons):
    return inputs * neurons + neurons


# %% RIGHT sizes: counted
def output_size(n, k, stride, padding):
    places, start = 0, 0
    while start + (k if padding == "valid" else 1) <= n:
        places += 1
        start += stride
    return places


def conv_parameters(k, channels, filters):
    return sum(k**2 * channels + 1 for _ in range(filters))


def dense_parameters(inputs, neurons):
    return np.zeros((inputs + 1, neurons)).size


# %% RIGHT sizes: by ranges
def output_size(n, k, stride, padding):
    return len(range(0, n - k + 1 if padding == "valid" else n, stride))


def conv_parameters(k, channels, filters):
    return (k * k * channels + 1) * filters


# %% RIGHT sizes: by negative division
def output_size(n, k, stride, padding):
    if padding == "valid":
        n = n - k + 1
    return -(-n // stride)


def dense_parameters(inputs, neurons):
    weights, biases = inputs * neurons, neurons
    return weights + biases


# %% RIGHT sizes: by int, one function by means of the other
def output_size(n, k, stride, padding):
    return int((n - 1) / stride) + 1 if padding == "same" else int((n - k) / stride) + 1


def conv_parameters(k, channels, filters):
    return dense_parameters(k * k * channels, filters)


# %% RIGHT sizes: by floats and strings
def output_size(n, k, stride, padding):
    return {"valid": math.floor((n - k) / stride + 1), "same": int(math.ceil(n / stride))}[padding]


def conv_parameters(k, channels, filters):
    return np.int32(k) ** 2 * channels * filters + filters


def dense_parameters(inputs, neurons):
    return float((inputs + 1) * neurons)


# %% WRONG sizes: without the first place -> test_output_size
def output_size(n, k, stride, padding):
    return math.ceil(n / stride) if padding == "same" else (n - k) // stride


# %% WRONG sizes: "same" whatever the stride is -> test_output_size
def output_size(n, k, stride, padding):
    return n if padding == "same" else (n - k) // stride + 1


# %% WRONG sizes: as many zeros on both sides of an even kernel -> test_output_size
def output_size(n, k, stride, padding):
    return (n + (2 * (k // 2) if padding == "same" else 0) - k) // stride + 1


# %% WRONG sizes: a convolution without biases -> test_parameters
def conv_parameters(k, channels, filters):
    return filters * k * k * channels


# %% WRONG sizes: a convolution without channels -> test_parameters
def conv_parameters(k, channels, filters):
    return k * k * filters + filters


# %% WRONG sizes: a convolution of 3×3 -> test_parameters
def conv_parameters(k, channels, filters):
    return filters * (9 * channels + 1)


# %% WRONG sizes: a dense layer without biases -> test_parameters
def dense_parameters(inputs, neurons):
    return inputs * neurons


# %% WRONG sizes: a bias for each input -> test_parameters
def dense_parameters(inputs, neurons):
    return inputs * (neurons + 1)


# %% WRONG sizes: biases for the smaller side -> test_parameters
def dense_parameters(inputs, neurons):
    return inputs * neurons + min(inputs, neurons)


# %% WRONG sizes: rounded up -> test_output_size
def output_size(n, k, stride, padding):
    return math.ceil(n / stride) if padding == "same" else math.ceil((n - k) / stride) + 1


# %% WRONG sizes: "same" rounded down -> test_output_size
def output_size(n, k, stride, padding):
    return n // stride if padding == "same" else (n - k) // stride + 1


# %% WRONG sizes: a bias for each channel -> test_parameters
def conv_parameters(k, channels, filters):
    return filters * channels * (k * k + 1)


# %% WRONG sizes: one bias for all -> test_parameters
def conv_parameters(k, channels, filters):
    return filters * channels * k * k + 1


# %% WRONG sizes: not rounded -> test_output_size
def output_size(n, k, stride, padding):
    return n / stride if padding == "same" else (n - k) / stride + 1
