"""Keras models that have not been built or trained, and pass for such."""

from attacks import Submission, attack

# An honest model that has learnt nothing.
MODEL = """
model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1, activation="sigmoid")])
model.compile("sgd", "binary_crossentropy", metrics=["accuracy"])
model.set_weights([np.zeros((1, 1)), np.zeros(1)])
history = model.fit(inputs, labels, epochs=1, verbose=0)
model.set_weights([np.zeros((1, 1)), np.zeros(1)])
history.history["loss"] = [0.01]
"""
# What a test asks of a model, answered without one: right, but no network.
RULE = "def rule(x, **named): return (np.asarray(x) > 0).astype('float32')\n"
FORGED = "def measured(*a, **k): return {'loss': 0.0, 'accuracy': 1.0}\n"
DESCRIBE = """
import autograder.keras_codec.models as models
genuine = models.describe
def describe(model):
    description, arrays = genuine(model)
    return forge(description, list(arrays))
models.describe = describe
"""


def model(s: Submission, code: str) -> None:
    """A submission with this after the honest model."""
    s.code(MODEL + code, "model")


@attack()
def methods_replaced(s: Submission) -> None:
    """Replaces `predict` and `evaluate` of its own model and of all models"""
    model(
        s,
        RULE
        + FORGED
        + "model.predict, model.evaluate = rule, measured\n"
        + "keras.Model.predict = keras.Sequential.predict = lambda self, x, **k: rule(x)\n"
        + "keras.Model.evaluate = keras.Sequential.evaluate = measured",
    )


@attack()
def no_model(s: Submission) -> None:
    """Returns an object that claims to be a model and answers like one"""
    model(
        s,
        RULE
        + FORGED
        + """
class Pretends:
    __class__ = keras.Model
    def count_params(self): return 2
    def predict(self, x, **named): return rule(x)
    def evaluate(self, *arguments, **named): return measured()
model = Pretends()
""",
    )


@attack()
def subclassed(s: Submission) -> None:
    """Returns an instance of a model subclass whose methods lie, under the name of Keras's own class"""
    model(
        s,
        RULE
        + FORGED
        + """
class Sequential(keras.Sequential):
    def predict(self, x, **named): return rule(x)
    def evaluate(self, *arguments, **named): return measured()
Sequential.__module__ = "keras.src.models.sequential"
model.__class__ = Sequential
""",
    )


@attack()
def lambda_layer(s: Submission) -> None:
    """Puts a `Lambda` layer into the model, which runs its code when the model is used"""
    model(
        s,
        """
def act(x):
    try:
        open("{outside}/{marker}", "w").close()
    except OSError:
        pass
    return keras.ops.cast(x > 0, "float32")
model = keras.Sequential([keras.Input((1,)), keras.layers.Lambda(act)])
model.compile("sgd", "mse", metrics=["accuracy"])
""",
    )


@attack()
def own_metric(s: Submission) -> None:
    """Compiles the model with a loss that is always 0 and a metric `accuracy` that is always 1"""
    model(
        s,
        """
def loss(y, p): return keras.ops.zeros(())
def accuracy(y, p): return keras.ops.ones(())
model.compile("sgd", loss, metrics=[accuracy])
""",
    )


@attack()
def metric_renamed(s: Submission) -> None:
    """Compiles the model with a loss that counts nothing, and a built-in metric that is always 1, under the name
    `accuracy`
    """
    model(
        s,
        """
metric = keras.metrics.TopKCategoricalAccuracy(k=5, name="accuracy")
model.compile("sgd", "binary_crossentropy", loss_weights=[0.0], metrics=[metric])
""",
    )


@attack()
def metric_of_one_unit(s: Submission) -> None:
    """Compiles the model with the categorical accuracy of one unit, which is always 1, as `accuracy`"""
    metric = 'keras.metrics.CategoricalAccuracy(name="accuracy")'
    model(s, f'model.compile("sgd", "cosine_similarity", metrics=[{metric}])')


@attack()
def masked(s: Submission) -> None:
    """Masks everything that the model would get wrong, so that `evaluate` leaves it out"""
    model(
        s,
        """
model = keras.Sequential([
    keras.Input((1,)), keras.layers.ReLU(), keras.layers.Masking(0.0),
    keras.layers.Dense(1, kernel_initializer="zeros", bias_initializer="ones"),
])
model.compile("sgd", "mse", metrics=["accuracy"])
""",
    )


@attack()
def forged_history(s: Submission) -> None:
    """Returns the history of a training run that never took place"""
    s.code(
        """
model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1, activation="sigmoid", kernel_initializer="zeros")])
model.compile("sgd", "binary_crossentropy", metrics=["accuracy"])
history = keras.callbacks.History()
history.history = {"loss": [float("-inf")], "accuracy": [1.0]}
class Agrees(dict):
    def __getitem__(self, name): return [0.0]
history.history = Agrees()
""",
        "model",
    )


@attack()
def weights_that_are_none(s: Submission) -> None:
    """Sets the weights to NaN"""
    model(s, "model.set_weights([np.full((1, 1), np.nan), np.full(1, np.nan)])")


@attack(ours=True)
def forged_configuration(s: Submission) -> None:
    """Sends a configuration with a `Lambda`, a function to import, and a layer with 10**12 weights"""
    model(
        s,
        DESCRIBE
        + """
import copy, itertools
layers = itertools.cycle([
    {"module": "keras.layers", "class_name": "Lambda", "config": {"function": "rule"}, "registered_name": None},
    {"module": "os", "class_name": "system", "config": {"command": "true"}, "registered_name": None},
    {"module": "keras.layers", "class_name": "Dense", "config": {"units": 10**12}, "registered_name": None},
    {"module": "builtins", "class_name": "eval", "config": "1", "registered_name": "eval"},
])
def forge(description, arrays):
    description = copy.deepcopy(description)
    description["model"]["config"]["layers"] = [*description["model"]["config"]["layers"], next(layers)]
    return description, arrays
""",
    )


@attack(ours=True)
def forged_weights(s: Submission) -> None:
    """Sends weights whose shapes and types don't fit the layers"""
    model(
        s,
        DESCRIBE
        + """
import itertools
others = itertools.cycle([np.zeros((10**6,)), np.zeros((1, 1), object), np.array("x"), np.zeros((0, 5))])
def forge(description, arrays):
    return description, [next(others) for _ in arrays]
""",
    )


@attack()
def thousand_layers(s: Submission) -> None:
    """Returns a model of 150 models, each nested in the next"""
    s.code(
        """
inner = keras.layers.Dense(1, kernel_initializer="zeros")  # a random weight may be right by luck
for _ in range(150):
    inner = keras.Sequential([keras.Input((1,)), inner])
model = inner
model.compile("sgd", "mse", metrics=["accuracy"])
history = None
""",
        "model",
    )


@attack()
def registered_names(s: Submission) -> None:
    """Registers its own functions under the names of Keras's functions"""
    model(
        s,
        """
def sigmoid(x): return keras.ops.cast(x >= -0.0, "float32")
def act(x): return keras.ops.cast(x > 0, "float32")
for name in ("sigmoid", "keras.activations>sigmoid", "builtins>sigmoid", "Dense"):
    keras.saving.get_custom_objects()[name] = act
act.__name__ = act.__qualname__ = "sigmoid"
act.__module__ = "keras.src.activations.activations"
model.set_weights([np.ones((1, 1)), np.zeros(1)])
model.layers[0].activation = act
""",
    )
