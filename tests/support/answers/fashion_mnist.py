"""Answers to the exercises of fashion_mnist; see answering.py."""

# %% AFTER setup: trainings of a few steps, which are not worth a graph, and running means that settle in them
import functools

tf.config.run_functions_eagerly(True)
BatchNormalization = functools.partial(BatchNormalization, momentum=0.9)


# %% AFTER load: fewer images, the same for tests that load them again
raw_x_train, raw_y_train = raw_x_train[:300], raw_y_train[:300]
loaded = (raw_x_train, raw_y_train), (raw_x_test, raw_y_test)
fashion_mnist.load_data = lambda: loaded


# %% GIVEN look: no plot
plt.close("all")


# %% AFTER subset: fewer images, a single epoch, and a function that the wrong answers to Exercise 1 use
subset_x, subset_y, variant_epochs = subset_x[:150], subset_y[:150], 1


def compiled(config, input_shape, num_classes, **settings):
    pairs = [
        layer
        for i in range(config["depth"])
        for layer in (
            Conv2D(16 if i == 0 else 32, config["kernel_size"], padding="same", activation="relu"),
            MaxPooling2D(2),
        )
    ]
    head = [Flatten(), Dense(64, "relu"), Dropout(config["dropout"]), Dense(num_classes, "softmax")]
    model = Sequential([keras.Input(shape=input_shape), *pairs, *head])
    usual = {"loss": "sparse_categorical_crossentropy", "optimizer": config["optimizer"], "metrics": ["accuracy"]}
    model.compile(**{**usual, **settings})
    return model


# Exercise 1


# %% RIGHT build_variant: the functional API
def build_variant(config, input_shape, num_classes):
    image = x = keras.Input(input_shape)
    for filters in [16, 32, 32, 32][: config["depth"]]:
        x = Conv2D(filters, (config["kernel_size"],) * 2, padding="SAME", activation=keras.activations.relu)(x)
        x = keras.layers.MaxPool2D()(x)
    x = Dropout(rate=config["dropout"])(Dense(units=64, activation="relu")(Flatten()(x)))
    model = keras.Model(image, Dense(num_classes, activation=keras.activations.softmax)(x))
    model.compile(config["optimizer"], keras.losses.SparseCategoricalCrossentropy(), metrics=["accuracy"])
    return model


# %% RIGHT build_variant: as on the slides, with input_shape
def build_variant(config, input_shape, num_classes):
    model = Sequential()
    model.add(Conv2D(16, config["kernel_size"], padding="same", activation="relu", input_shape=input_shape))
    model.add(MaxPooling2D(pool_size=(2, 2)))
    for _ in range(config["depth"] - 1):
        model.add(Conv2D(32, config["kernel_size"], padding="same", activation="relu"))
        model.add(MaxPooling2D(pool_size=(2, 2)))
    model.add(Flatten())
    model.add(Dense(64, activation="relu"))
    model.add(Dropout(config["dropout"]))
    model.add(Dense(num_classes, activation="softmax"))
    model.compile(
        loss=keras.losses.sparse_categorical_crossentropy, optimizer=config["optimizer"], metrics=["accuracy"]
    )
    return model


# %% RIGHT build_variant: more metrics than the accuracy
def build_variant(config, input_shape, num_classes):
    pairs = [
        layer
        for i in range(config["depth"])
        for layer in (
            Conv2D(16 if i == 0 else 32, config["kernel_size"], padding="same", activation="relu"),
            MaxPooling2D(2),
        )
    ]
    head = [Flatten(), Dense(64, "relu"), Dropout(config["dropout"]), Dense(num_classes, "softmax")]
    model = Sequential([keras.Input(shape=input_shape), *pairs, *head])
    model.compile(
        loss="sparse_categorical_crossentropy",
        optimizer=config["optimizer"],
        metrics=["accuracy", keras.metrics.SparseTopKCategoricalAccuracy(k=3, name="top_3")],
    )
    return model


# %% RIGHT build_variant: an optimizer made by keras.optimizers.get, a metric object
def build_variant(config, input_shape, num_classes):
    kernel_size, depth, dropout, optimizer = (config[name] for name in ("kernel_size", "depth", "dropout", "optimizer"))
    model = Sequential([keras.layers.InputLayer(shape=input_shape)])
    i = 0
    while i < depth:
        model.add(Conv2D(min(16 * (i + 1), 32), kernel_size, 1, "same", activation="relu"))
        model.add(MaxPooling2D((2, 2), strides=2))
        i += 1
    for layer in (Flatten(), Dense(64, activation="relu"), Dropout(dropout), Dense(num_classes, activation="softmax")):
        model.add(layer)
    model.compile(
        keras.optimizers.get(optimizer),
        "sparse_categorical_crossentropy",
        metrics=[keras.metrics.SparseCategoricalAccuracy("accuracy")],
    )
    return model


# %% RIGHT build_variant: one optimizer for each name, in upper case as well
def build_variant(config, input_shape, num_classes):
    optimizers = {"adam": Adam(), "sgd": keras.optimizers.SGD(), "rmsprop": keras.optimizers.RMSprop()}
    model = keras.models.Sequential(name="variant")
    model.add(keras.Input(input_shape))
    for block in range(1, config["depth"] + 1):
        model.add(
            keras.layers.Conv2D(
                filters=16 if block == 1 else 32,
                kernel_size=[config["kernel_size"], config["kernel_size"]],
                padding="same",
                activation="relu",
                name=f"convolution_{block}",
            )
        )
        model.add(keras.layers.MaxPooling2D(name=f"pooling_{block}"))
    model.add(keras.layers.Flatten())
    model.add(keras.layers.Dense(64, activation=tf.nn.relu))
    model.add(keras.layers.Dropout(config["dropout"], seed=SEED))
    model.add(keras.layers.Dense(num_classes, activation="softmax"))
    model.compile(
        loss="sparse_categorical_crossentropy", optimizer=optimizers[config["optimizer"].lower()], metrics=["accuracy"]
    )
    return model


# %% WRONG build_variant: no return -> test_build_variant, test_compile_variant
def build_variant(config, input_shape, num_classes):
    model = Sequential([keras.Input(input_shape), Flatten(), Dense(num_classes, activation="softmax")])
    model.compile(loss="sparse_categorical_crossentropy", optimizer=config["optimizer"], metrics=["accuracy"])


# %% WRONG build_variant: one kernel size for all -> test_build_variant
def build_variant(config, input_shape, num_classes):
    network = Sequential([keras.Input(shape=input_shape)])
    for block in range(config["depth"]):
        network.add(Conv2D(16 if block == 0 else 32, 3, padding="same", activation="relu"))
        network.add(MaxPooling2D((2, 2)))
    network.add(Flatten())
    network.add(Dense(64, activation="relu"))
    network.add(Dropout(config["dropout"]))
    network.add(Dense(num_classes, activation="softmax"))
    network.compile(loss="sparse_categorical_crossentropy", optimizer=config["optimizer"], metrics=["accuracy"])
    return network


# %% WRONG build_variant: no padding, and 16 filters everywhere -> test_build_variant
def build_variant(config, input_shape, num_classes):
    network = Sequential([keras.Input(shape=input_shape)])
    for _ in range(config["depth"]):
        network.add(Conv2D(16, config["kernel_size"], activation="relu"))
        network.add(MaxPooling2D((2, 2)))
    network.add(Flatten())
    network.add(Dense(64, activation="relu"))
    network.add(Dropout(config["dropout"]))
    network.add(Dense(num_classes, activation="softmax"))
    network.compile(loss="sparse_categorical_crossentropy", optimizer=config["optimizer"], metrics=["accuracy"])
    return network


# %% WRONG build_variant: always Adam -> test_compile_variant
def build_variant(config, input_shape, num_classes):
    return compiled(config, input_shape, num_classes, optimizer="adam")


# %% WRONG build_variant: SGD for whatever is not Adam -> test_compile_variant
def build_variant(config, input_shape, num_classes):
    optimizer = Adam() if config["optimizer"] == "adam" else keras.optimizers.SGD()
    return compiled(config, input_shape, num_classes, optimizer=optimizer)


# %% WRONG build_variant: the loss for one-hot labels -> test_compile_variant
def build_variant(config, input_shape, num_classes):
    return compiled(config, input_shape, num_classes, loss="categorical_crossentropy")


# %% WRONG build_variant: no metric -> test_compile_variant
def build_variant(config, input_shape, num_classes):
    return compiled(config, input_shape, num_classes, metrics=None)


# %% WRONG build_variant: the accuracy under another name -> test_compile_variant
def build_variant(config, input_shape, num_classes):
    return compiled(config, input_shape, num_classes, metrics=["acc"])


# %% WRONG build_variant: the sum of the losses -> test_compile_variant
def build_variant(config, input_shape, num_classes):
    loss = keras.losses.SparseCategoricalCrossentropy(reduction="sum")
    return compiled(config, input_shape, num_classes, loss=loss)


# %% RIGHT build_variant: activations as layers
def build_variant(config, input_shape, num_classes):
    model = Sequential([keras.Input(shape=input_shape)])
    for i in range(config["depth"]):
        model.add(Conv2D(16 if i == 0 else 32, config["kernel_size"], padding="same", activation=keras.layers.ReLU()))
        model.add(MaxPooling2D())
    for layer in (
        Flatten(),
        Dense(64, keras.layers.ReLU()),
        Dropout(config["dropout"]),
        Dense(num_classes, keras.layers.Softmax()),
    ):
        model.add(layer)
    model.compile(loss="sparse_categorical_crossentropy", optimizer=config["optimizer"], metrics=["accuracy"])
    return model


# %% RIGHT build_variant: an optimizer from its class
def build_variant(config, input_shape, num_classes):
    kinds = {
        kind.__name__.lower(): kind for kind in (keras.optimizers.Adam, keras.optimizers.SGD, keras.optimizers.RMSprop)
    }
    return compiled(config, input_shape, num_classes, optimizer=kinds[config["optimizer"].lower()]())


# %% WRONG build_variant: convolutions first, then all poolings -> test_build_variant
def build_variant(config, input_shape, num_classes):
    model = Sequential([keras.Input(shape=input_shape)])
    for i in range(config["depth"]):
        model.add(Conv2D(16 if i == 0 else 32, config["kernel_size"], padding="same", activation="relu"))
    for i in range(config["depth"]):
        model.add(MaxPooling2D())
    for layer in (Flatten(), Dense(64, "relu"), Dropout(config["dropout"]), Dense(num_classes, "softmax")):
        model.add(layer)
    model.compile(loss="sparse_categorical_crossentropy", optimizer=config["optimizer"], metrics=["accuracy"])
    return model


# %% WRONG build_variant: dropout before the dense layers -> test_build_variant
def build_variant(config, input_shape, num_classes):
    model = Sequential([keras.Input(shape=input_shape)])
    for i in range(config["depth"]):
        model.add(Conv2D(16 if i == 0 else 32, config["kernel_size"], padding="same", activation="relu"))
        model.add(MaxPooling2D())
    for layer in (Flatten(), Dropout(config["dropout"]), Dense(64, "relu"), Dense(num_classes, "softmax")):
        model.add(layer)
    model.compile(loss="sparse_categorical_crossentropy", optimizer=config["optimizer"], metrics=["accuracy"])
    return model


# %% WRONG build_variant: normalization that nobody asked for -> test_build_variant
def build_variant(config, input_shape, num_classes):
    model = Sequential([keras.Input(shape=input_shape)])
    for i in range(config["depth"]):
        model.add(Conv2D(16 if i == 0 else 32, config["kernel_size"], padding="same", activation="relu"))
        model.add(BatchNormalization())
        model.add(MaxPooling2D())
    for layer in (Flatten(), Dense(64, "relu"), Dropout(config["dropout"]), Dense(num_classes, "softmax")):
        model.add(layer)
    model.compile(loss="sparse_categorical_crossentropy", optimizer=config["optimizer"], metrics=["accuracy"])
    return model


# %% WRONG build_variant: learning rates of its own -> test_compile_variant
def build_variant(config, input_shape, num_classes):
    optimizers = {"adam": Adam(0.001), "sgd": keras.optimizers.SGD(0.1), "rmsprop": keras.optimizers.RMSprop()}
    return compiled(config, input_shape, num_classes, optimizer=optimizers[config["optimizer"]])


# Exercise 2


# %% RIGHT plan: a loop over entries and values
plan = [dict(BASE)]
for entry, values in {"kernel_size": [1, 7], "depth": [1, 4], "dropout": [0, 0.9], "optimizer": ["sgd"]}.items():
    for value in values:
        run = dict(BASE)
        run[entry] = value
        plan.append(run)

# %% RIGHT plan: names of optimizers in upper case
plan = [
    BASE,
    BASE | {"optimizer": "SGD"},
    BASE | {"optimizer": "RMSprop"},
    BASE | {"depth": 3},
    BASE | {"dropout": 0.25},
    BASE | {"kernel_size": 5},
]

# %% RIGHT plan: a tuple of written-out dictionaries, in another order of entries
plan = (
    {"optimizer": "Adam", "dropout": 0.5, "depth": 2, "kernel_size": 3},
    {"optimizer": "rmsprop", "dropout": 0.5, "depth": 2, "kernel_size": 3},
    {"optimizer": "adam", "dropout": 0.1, "depth": 2, "kernel_size": 3},
    {"optimizer": "adam", "dropout": 0.5, "depth": 1, "kernel_size": 3},
    {"optimizer": "adam", "dropout": 0.5, "depth": 2, "kernel_size": 2},
)

# %% RIGHT plan: numbers of NumPy
plan = [BASE]
plan += [{**BASE, "kernel_size": size} for size in np.array([1, 5])]
plan += [{**BASE, "dropout": rate} for rate in np.linspace(0, 0.8, 3)]
plan += [{**BASE, "depth": np.int64(4)}, dict(BASE, optimizer="sgd")]

# %% RIGHT plan: a function that changes one entry, ten runs
import copy


def changed(entry, value):
    run = copy.deepcopy(BASE)
    run.update({entry: value})
    return run


plan = [copy.copy(BASE), *(changed("kernel_size", size) for size in (1, 2, 4, 5, 6)), changed("depth", 1)]
plan += [changed("dropout", 0.0), changed("optimizer", "sgd"), changed("optimizer", "rmsprop")]

# %% WRONG plan: two changes at once -> test_plan
plan = [
    BASE,
    {**BASE, "depth": 1, "dropout": 0.0},
    {**BASE, "kernel_size": 5},
    {**BASE, "optimizer": "sgd"},
    {**BASE, "dropout": 0.25},
]

# %% WRONG plan: the base in another spelling -> test_plan
plan = [
    BASE,
    {**BASE, "optimizer": "Adam"},
    {**BASE, "kernel_size": 5},
    {**BASE, "depth": 1},
    {**BASE, "dropout": 0.25},
]

# %% WRONG plan: without the base -> test_plan
plan = [
    {**BASE, "kernel_size": 5},
    {**BASE, "optimizer": "sgd"},
    {**BASE, "kernel_size": 7},
    {**BASE, "depth": 1},
    {**BASE, "dropout": 0.25},
]

# %% WRONG plan: four runs -> test_plan
plan = [BASE, {**BASE, "kernel_size": 5}, {**BASE, "optimizer": "sgd"}, {**BASE, "depth": 1}]

# %% WRONG plan: dropout left out -> test_plan
plan = [
    BASE,
    *({**BASE, "kernel_size": size} for size in (1, 5, 7)),
    {**BASE, "depth": 1},
    {**BASE, "optimizer": "sgd"},
]

# %% WRONG plan: a run that comes twice -> test_plan
plan = [
    BASE,
    {**BASE, "optimizer": "sgd"},
    {**BASE, "kernel_size": 5},
    {**BASE, "depth": 1},
    {**BASE, "dropout": 0.25},
    {**BASE, "optimizer": "SGD"},
]

# %% WRONG plan: entries misspelled -> test_plan
plan = [BASE, {**BASE, "kernel": 5}, {**BASE, "optimizer": "sgd"}, {**BASE, "depth": 1}, {**BASE, "dropout": 0.25}]

# %% WRONG plan: everything dropped out -> test_plan
plan = [BASE, {**BASE, "kernel_size": 5}, {**BASE, "optimizer": "sgd"}, {**BASE, "depth": 1}, {**BASE, "dropout": 1.0}]


# %% RIGHT plan: ordered dictionaries
import collections

plan = [collections.OrderedDict(BASE)]
for name, value in [("dropout", 0.2), ("depth", 3), ("kernel_size", 1), ("optimizer", np.str_("sgd"))]:
    plan.append(collections.OrderedDict(BASE))
    plan[-1][name] = value


# %% WRONG plan: a dictionary of runs -> test_plan
plan = {
    "base": BASE,
    "deep": {**BASE, "depth": 3},
    "a": {**BASE, "kernel_size": 1},
    "b": {**BASE, "dropout": 0.0},
    "c": {**BASE, "optimizer": "sgd"},
}


# %% WRONG plan: numbers as texts -> test_plan
plan = [
    BASE,
    {**BASE, "depth": "3"},
    {**BASE, "kernel_size": 1},
    {**BASE, "dropout": "0.0"},
    {**BASE, "optimizer": "sgd"},
]


# Exercise 3


# %% RIGHT experiment: all arguments by name
def experiment(config, build):
    keras.utils.set_random_seed(seed=SEED)
    model = build(config=config, input_shape=subset_x.shape[1:], num_classes=num_classes)
    history = model.fit(x=subset_x, y=subset_y, batch_size=128, epochs=variant_epochs, validation_split=0.3, verbose=0)
    return history


# %% RIGHT experiment: an own split
def experiment(config, build):
    keras.utils.set_random_seed(SEED)
    model = build(config, (28, 28, 1), 10)
    n = round(0.7 * len(subset_x))
    validation = (subset_x[n:], subset_y[n:])
    return model.fit(subset_x[:n], subset_y[:n], 128, variant_epochs, verbose=0, validation_data=validation)


# %% RIGHT experiment: the model's own history
def experiment(config, build):
    keras.utils.set_random_seed(SEED)
    model = build(config, subset_x[0].shape, len(class_names))
    model.fit(subset_x, subset_y, batch_size=128, epochs=variant_epochs, validation_split=0.3, verbose=False)
    return model.history


# %% RIGHT experiment: lists for shapes, settings in a dictionary
def experiment(config, build):
    settings = dict(batch_size=128, epochs=variant_epochs, validation_split=0.3, verbose=0)
    tf.keras.utils.set_random_seed(SEED)
    return build(dict(config), list(subset_x.shape[1:]), int(subset_y.max()) + 1).fit(subset_x, subset_y, **settings)


# %% RIGHT experiment: labels as int64, and a printed line
def experiment(config, build):
    keras.utils.set_random_seed(SEED)
    network = build(config, subset_x.shape[1:], num_classes)
    print("training", config)
    labels = subset_y.astype("int64")
    return network.fit(subset_x, labels, validation_split=0.3, epochs=variant_epochs, batch_size=128, verbose=0)


# %% WRONG experiment: the network in place of its history -> test_experiment
def experiment(config, build):
    keras.utils.set_random_seed(SEED)
    network = build(config, subset_x.shape[1:], num_classes)
    network.fit(subset_x, subset_y, batch_size=128, epochs=variant_epochs, validation_split=0.3, verbose=0)
    return network


# %% WRONG experiment: another number of epochs -> test_experiment
def experiment(config, build):
    keras.utils.set_random_seed(SEED)
    network = build(config, subset_x.shape[1:], num_classes)
    return network.fit(subset_x, subset_y, batch_size=128, epochs=2, validation_split=0.3, verbose=0)


# %% WRONG experiment: no validation -> test_experiment
def experiment(config, build):
    keras.utils.set_random_seed(SEED)
    network = build(config, subset_x.shape[1:], num_classes)
    return network.fit(subset_x, subset_y, batch_size=128, epochs=variant_epochs, verbose=0)


# %% WRONG experiment: Keras's own batch size -> test_experiment
def experiment(config, build):
    keras.utils.set_random_seed(SEED)
    network = build(config, subset_x.shape[1:], num_classes)
    return network.fit(subset_x, subset_y, epochs=variant_epochs, validation_split=0.3, verbose=0)


# %% WRONG experiment: always the base -> test_experiment
def experiment(config, build):
    keras.utils.set_random_seed(SEED)
    network = build(BASE, subset_x.shape[1:], num_classes)
    return network.fit(subset_x, subset_y, batch_size=128, epochs=variant_epochs, validation_split=0.3, verbose=0)


# %% WRONG experiment: two networks -> test_experiment
def experiment(config, build):
    build(config, subset_x.shape[1:], num_classes)
    keras.utils.set_random_seed(SEED)
    network = build(config, subset_x.shape[1:], num_classes)
    return network.fit(subset_x, subset_y, batch_size=128, epochs=variant_epochs, validation_split=0.3, verbose=0)


# %% WRONG experiment: the seed set after the network is built -> test_experiment
def experiment(config, build):
    network = build(config, subset_x.shape[1:], num_classes)
    keras.utils.set_random_seed(SEED)
    return network.fit(subset_x, subset_y, batch_size=128, epochs=variant_epochs, validation_split=0.3, verbose=0)


# %% WRONG experiment: another seed for each run -> test_experiment
def experiment(config, build):
    keras.utils.set_random_seed(SEED + config["depth"])
    network = build(config, subset_x.shape[1:], num_classes)
    return network.fit(subset_x, subset_y, batch_size=128, epochs=variant_epochs, validation_split=0.3, verbose=0)


# %% WRONG experiment: no return -> test_experiment
def experiment(config, build):
    keras.utils.set_random_seed(SEED)
    network = build(config, subset_x.shape[1:], num_classes)
    network.fit(subset_x, subset_y, batch_size=128, epochs=variant_epochs, validation_split=0.3, verbose=0)


# %% RIGHT experiment: an import of its own
from keras.utils import set_random_seed


def experiment(config, build):
    set_random_seed(SEED)
    network = build(config, subset_x.shape[1:], num_classes)
    return network.fit(subset_x, subset_y, 128, variant_epochs, 0, None, 0.3)


# %% WRONG experiment: no seed -> test_experiment
def experiment(config, build):
    network = build(config, subset_x.shape[1:], num_classes)
    return network.fit(subset_x, subset_y, batch_size=128, epochs=variant_epochs, validation_split=0.3, verbose=0)


# Exercise 4


# %% RIGHT results_table: a loop, and values of NumPy
def results_table(configs, histories):
    table = []
    for i in range(len(configs)):
        row = dict(configs[i])
        row["val_accuracy"] = np.float64(histories[i].history["val_accuracy"][-1])
        table.append(row)
    return table


# %% RIGHT results_table: a tuple of merged dictionaries
def results_table(configs, histories):
    last = [history.history["val_accuracy"][len(history.history["val_accuracy"]) - 1] for history in histories]
    return tuple(config | {"val_accuracy": accuracy} for config, accuracy in zip(configs, last))


# %% RIGHT results_table: copies, with float
def results_table(configs, histories):
    rows = [config.copy() for config in configs]
    for row, history in zip(rows, histories):
        row.update(val_accuracy=float(np.array(history.history["val_accuracy"])[-1]))
    return rows


# %% RIGHT best_run: a sorted table
def best_run(table):
    return sorted(table, key=lambda row: row["val_accuracy"], reverse=True)[0]


# %% RIGHT best_run: argmax
def best_run(table):
    return table[np.argmax([row["val_accuracy"] for row in table])]


# %% WRONG results_table: no return -> test_results_table, test_results
def results_table(configs, histories):
    table = [{**c, "val_accuracy": h.history["val_accuracy"][-1]} for c, h in zip(configs, histories)]


# %% WRONG results_table: the accuracies alone -> test_results_table, test_results
def results_table(configs, histories):
    return [{"val_accuracy": history.history["val_accuracy"][-1]} for history in histories]


# %% WRONG results_table: the training accuracy -> test_results_table, test_results
def results_table(configs, histories):
    return [{**c, "val_accuracy": h.history["accuracy"][-1]} for c, h in zip(configs, histories)]


# %% WRONG results_table: the best epoch instead of the last -> test_results_table
def results_table(configs, histories):
    return [{**c, "val_accuracy": max(h.history["val_accuracy"])} for c, h in zip(configs, histories)]


# %% WRONG results_table: each row with the first configuration -> test_results_table, test_results
def results_table(configs, histories):
    return [{**configs[0], "val_accuracy": h.history["val_accuracy"][-1]} for h in histories]


# %% WRONG results_table: without the last run -> test_results_table, test_results
def results_table(configs, histories):
    return [{**configs[i], "val_accuracy": histories[i].history["val_accuracy"][-1]} for i in range(len(histories) - 1)]


# %% WRONG best_run: its accuracy -> test_best_run, test_results
def best_run(table):
    return max(row["val_accuracy"] for row in table)


# %% WRONG best_run: the worst -> test_best_run, test_results
def best_run(table):
    return min(table, key=lambda row: row["val_accuracy"])


# %% WRONG best_run: the one in the middle -> test_best_run, test_results
def best_run(table):
    return table[len(table) // 2]


# %% WRONG best_run: the table sorted in place -> test_best_run, test_results
def best_run(table):
    table.sort(key=lambda row: row["val_accuracy"])
    return table[-1]


# %% RIGHT results_table: the accuracy first
def results_table(configs, histories):
    return [
        {"val_accuracy": history.history["val_accuracy"][-1], **config} for config, history in zip(configs, histories)
    ]


# %% RIGHT best_run: a loop, and a copy of the row
def best_run(table):
    best = None
    for row in table:
        if best is None or row["val_accuracy"] > best["val_accuracy"]:
            best = row
    return dict(best)


# %% WRONG results_table: rounded -> test_results_table, test_results
def results_table(configs, histories):
    return [{**c, "val_accuracy": round(h.history["val_accuracy"][-1], 4)} for c, h in zip(configs, histories)]


# %% WRONG best_run: no return -> test_best_run, test_results
def best_run(table):
    max(table, key=lambda row: row["val_accuracy"])


# %% WRONG best_run: its position -> test_best_run, test_results
def best_run(table):
    return int(np.argmax([row["val_accuracy"] for row in table]))


# It changes BASE: the last answer that uses it.


# %% WRONG results_table: written into the configurations -> test_results_table
def results_table(configs, histories):
    for config, history in zip(configs, histories):
        config["val_accuracy"] = history.history["val_accuracy"][-1]
    return configs


# %% GIVEN show_runs: no plot
plt.close("all")


# Exercise 5


# %% RIGHT preprocess: reshaped, as double precision
def preprocess(images):
    return images.reshape(-1, 28, 28, 1) / 255


# %% RIGHT preprocess: around 0, from -1 to 1
def preprocess(images):
    x = np.array(images, dtype=np.float32)
    x -= 127.5
    x /= 127.5
    return x[..., np.newaxis]


# %% RIGHT preprocess: standardized by numbers of the training images
def preprocess(images):
    mean, deviation = 0.2860, 0.3530
    return np.expand_dims((images / 255.0 - mean) / deviation, 3).astype("float32")


# %% RIGHT preprocess: a table of 256 numbers
def preprocess(images):
    table = np.sqrt(np.arange(256, dtype="float32") / 255)
    return table[images][:, :, :, None]


# %% RIGHT preprocess: a tensor
def preprocess(images):
    return tf.expand_dims(tf.cast(images, tf.float32) / 255.0, -1)


# %% WRONG preprocess: no channel -> test_preprocess
def preprocess(images):
    return images.astype("float32") / 255.0


# %% WRONG preprocess: whole numbers -> test_preprocess
def preprocess(images):
    return np.expand_dims(images // 255, axis=-1)


# %% WRONG preprocess: not divided -> test_preprocess
def preprocess(images):
    return np.expand_dims(images.astype("float32"), axis=-1)


# %% WRONG preprocess: zeros -> test_preprocess
def preprocess(images):
    return np.zeros((len(images), 28, 28, 1), dtype="float32")


# %% WRONG preprocess: divided by the largest number of all images -> test_preprocess
def preprocess(images):
    return np.expand_dims(images.astype("float32") / images.max(), axis=-1)


# %% WRONG preprocess: standardized image by image -> test_preprocess
def preprocess(images):
    x = images.astype("float32")
    x = (x - x.mean(axis=(1, 2), keepdims=True)) / (x.std(axis=(1, 2), keepdims=True) + 1e-6)
    return np.expand_dims(x, axis=-1)


# %% WRONG preprocess: the images given are changed -> test_preprocess
def preprocess(images):
    x = np.expand_dims(images.astype("float32") / 255.0, axis=-1)
    images[-1, -1, -1] += 1
    return x


# %% RIGHT preprocess: a layer of Keras
def preprocess(images):
    return keras.layers.Rescaling(1 / 255)(keras.ops.expand_dims(images, -1))


# %% RIGHT preprocess: a function of TensorFlow
def preprocess(images):
    return tf.image.convert_image_dtype(images, tf.float32)[..., None].numpy()


# %% RIGHT preprocess: half precision, image by image
def preprocess(images):
    return np.stack([(image[:, :, None] / 256).astype(np.float16) for image in images])


# %% WRONG preprocess: no return -> test_preprocess
def preprocess(images):
    images = np.expand_dims(images.astype("float32") / 255.0, axis=-1)


# %% WRONG preprocess: standardized over all images -> test_preprocess
def preprocess(images):
    x = images.astype("float32")
    return np.expand_dims((x - x.mean()) / x.std(), axis=-1)


# %% WRONG preprocess: transposed -> test_preprocess
def preprocess(images):
    return np.expand_dims(images.transpose(0, 2, 1) / 255, axis=-1)


# Exercise 6


# %% AFTER budget: a training is a few steps of 100 images
max_epochs = 4


# %% RIGHT build_own_model: the functional API, pooled over the whole image
def build_own_model(input_shape, num_classes):
    image = x = keras.Input(input_shape)
    for filters in (16, 32, 64):
        x = keras.layers.Conv2D(filters, 3, padding="same", activation="relu")(x)
        x = keras.layers.MaxPooling2D()(x)
    x = keras.layers.GlobalAveragePooling2D()(x)
    return keras.Model(inputs=image, outputs=Dense(num_classes, activation="softmax")(x))


# %% RIGHT build_own_model: blocks that are networks
def build_own_model(input_shape, num_classes):
    def block(filters):
        return Sequential([Conv2D(filters, 3, activation="relu"), MaxPooling2D()])

    return Sequential(
        [keras.Input(input_shape), block(8), block(16), Flatten(), Dense(num_classes, activation=keras.ops.softmax)]
    )


# %% RIGHT build_own_model: as on the slides
def build_own_model(input_shape, num_classes):
    model = Sequential()
    model.add(Conv2D(16, kernel_size=(3, 3), activation="relu", input_shape=input_shape))
    model.add(MaxPooling2D(pool_size=(2, 2)))
    model.add(Conv2D(32, (3, 3), activation="relu"))
    model.add(MaxPooling2D(pool_size=(2, 2)))
    model.add(Flatten())
    model.add(Dense(64, activation="relu"))
    model.add(Dropout(0.5))
    model.add(Dense(num_classes, activation="softmax"))
    return model


# %% RIGHT build_own_model: a shortcut around a convolution
def build_own_model(input_shape, num_classes):
    inputs = keras.Input(shape=input_shape)
    x = Conv2D(16, 3, strides=2, padding="same", use_bias=False)(inputs)
    x = keras.layers.Activation("relu")(keras.layers.BatchNormalization()(x))
    x = keras.layers.Add()([x, Conv2D(16, 3, padding="same", activation="relu")(x)])
    outputs = Dense(num_classes, "softmax")(Flatten()(MaxPooling2D(4)(x)))
    return keras.Model(inputs, outputs)


# %% RIGHT build_own_model: compiled, with more kinds of layers
def build_own_model(input_shape, num_classes):
    model = Sequential([keras.layers.InputLayer(shape=input_shape), keras.layers.RandomTranslation(0.1, 0.1)])
    model.add(Conv2D(8, 5, padding="same", activation="elu"))
    model.add(keras.layers.SeparableConv2D(16, 3, activation="relu"))
    model.add(keras.layers.AveragePooling2D(3))
    model.add(keras.layers.SpatialDropout2D(0.1))
    model.add(Flatten())
    model.add(Dense(num_classes, activation="softmax"))
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


# %% WRONG build_own_model: ten classes, whatever is asked for -> test_build_own_model
def build_own_model(input_shape, num_classes):
    return Sequential([keras.Input(input_shape), Conv2D(8, 3), MaxPooling2D(), Flatten(), Dense(10, "softmax")])


# %% WRONG build_own_model: one channel, whatever is asked for -> test_build_own_model
def build_own_model(input_shape, num_classes):
    image = (28, 28, 1)
    return Sequential([keras.Input(image), Conv2D(8, 3), MaxPooling2D(), Flatten(), Dense(num_classes, "softmax")])


# %% WRONG build_own_model: the last layer's output is one number -> test_build_own_model
def build_own_model(input_shape, num_classes):
    return Sequential([keras.Input(input_shape), Conv2D(8, 3), MaxPooling2D(), Flatten(), Dense(1, "sigmoid")])


# %% WRONG build_own_model: the lecture's network -> test_build_own_model
def build_own_model(input_shape, num_classes):
    layers = [Conv2D(32, 3, activation="relu"), MaxPooling2D(), Conv2D(64, 3, activation="relu"), MaxPooling2D()]
    return Sequential(
        [keras.Input(input_shape), *layers, Flatten(), Dense(64, "relu"), Dropout(0.5), Dense(num_classes, "softmax")]
    )


# %% WRONG build_own_model: no convolution -> test_build_own_model
def build_own_model(input_shape, num_classes):
    return Sequential([keras.Input(input_shape), Flatten(), Dense(64, "relu"), Dense(num_classes, "softmax")])


# %% WRONG build_own_model: no softmax -> test_build_own_model
def build_own_model(input_shape, num_classes):
    return Sequential([keras.Input(input_shape), Conv2D(8, 3), MaxPooling2D(), Flatten(), Dense(num_classes)])


# %% RIGHT build_own_model: bottleneck convolutions of depth and width
def build_own_model(input_shape, num_classes):
    x = image = keras.layers.Input(input_shape)
    for width in (12, 24):
        x = keras.layers.DepthwiseConv2D(3, padding="same")(x)
        x = Conv2D(width, (1, 1), activation="gelu", kernel_regularizer="l2")(x)
        x = keras.layers.AvgPool2D(2)(x)
    x = keras.layers.GlobalMaxPool2D()(x)
    return keras.Model(image, Dense(num_classes, activation="softmax", dtype="float32")(x))


# %% WRONG build_own_model: no return -> test_build_own_model
def build_own_model(input_shape, num_classes):
    model = Sequential(
        [keras.Input(input_shape), Conv2D(8, 3), MaxPooling2D(), Flatten(), Dense(num_classes, "softmax")]
    )


# %% WRONG build_own_model: sigmoid -> test_build_own_model
def build_own_model(input_shape, num_classes):
    return Sequential(
        [keras.Input(input_shape), Conv2D(8, 3), MaxPooling2D(), Flatten(), Dense(num_classes, "sigmoid")]
    )


# Exercise 7, and the accuracy


# %% RIGHT train_own: early stopping by a split of its own, with more metrics
def train_own(model, x, y):
    n = len(x) * 4 // 5
    model.compile(
        optimizer=keras.optimizers.Nadam(0.02),
        loss=keras.losses.SparseCategoricalCrossentropy(),
        metrics=["accuracy", keras.metrics.SparseTopKCategoricalAccuracy(k=2)],
    )
    stopping = keras.callbacks.EarlyStopping(patience=2, restore_best_weights=True)
    return model.fit(
        x[:n], y[:n], batch_size=100, epochs=max_epochs, validation_data=(x[n:], y[n:]), callbacks=[stopping], verbose=0
    )


# %% RIGHT train_own: one-hot labels with smoothing
def train_own(model, x, y):
    model.compile(
        optimizer=Adam(0.01), loss=keras.losses.CategoricalCrossentropy(label_smoothing=0.1), metrics=["accuracy"]
    )
    labels = keras.utils.to_categorical(y)
    return model.fit(x, labels, batch_size=100, epochs=4, validation_split=0.2, verbose=0)


# %% RIGHT train_own: within a network that shifts the images
def train_own(model, x, y):
    shifted = Sequential([keras.layers.RandomTranslation(0.05, 0.05), model])
    shifted.compile(keras.optimizers.RMSprop(0.01), "sparse_categorical_crossentropy", metrics=["accuracy"])
    history = shifted.fit(x, y, 50, 3, validation_split=0.1, verbose=0)
    model.compile("rmsprop", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return history


# %% RIGHT train_own: one data set, mirrored images added
def train_own(model, x, y):
    n = int(0.9 * len(x))
    images, labels = np.concatenate([x[:n], x[:n, :, ::-1]]), np.concatenate([y[:n], y[:n]])
    data = tf.data.Dataset.from_tensor_slices((images, labels)).shuffle(1000, seed=1).batch(200)
    model.compile(keras.optimizers.Adam(0.01), "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model.fit(data, epochs=4, validation_data=(x[n:], y[n:]), verbose=0)


# %% RIGHT train_own: a rate that a callback lowers, and the model's own history
def train_own(model, x, y):
    model.compile(
        loss="sparse_categorical_crossentropy",
        optimizer=keras.optimizers.SGD(0.1, momentum=0.9, nesterov=True),
        metrics=[keras.metrics.SparseCategoricalAccuracy(name="accuracy")],
    )
    falling = keras.callbacks.LearningRateScheduler(lambda epoch, rate: rate * 0.8)
    model.fit(x, y, batch_size=100, epochs=4, validation_split=1 / 6, callbacks=[falling], verbose=0)
    return model.history


# %% AFTER train_small: a network that learns the made-up images in seconds, and a function that answers to Exercise 7 use
model = Sequential([keras.Input(shape=input_shape), Flatten(), Dense(num_classes, activation="softmax")])


def fitted(model, x, y, epochs=4, **settings):
    model.compile(Adam(0.01), "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model.fit(x, y, **{"batch_size": 100, "epochs": epochs, "validation_split": 0.1, "verbose": 0, **settings})


# %% RIGHT train_own: shuffled first, with weights of the classes and a falling rate
def train_own(model, x, y):
    order = np.random.default_rng(0).permutation(len(x))
    rate = keras.optimizers.schedules.CosineDecay(0.02, 100)
    model.compile(keras.optimizers.AdamW(rate), "sparse_categorical_crossentropy", metrics=[["accuracy"]])
    return model.fit(
        x[order],
        y[order],
        batch_size=100,
        epochs=4,
        class_weight=dict.fromkeys(range(10), 1.0),
        validation_split=0.1,
        verbose=2,
    )


# %% RIGHT train_own: counted from a later epoch
def train_own(model, x, y):
    model.compile(Adam(0.01), "sparse_categorical_crossentropy", metrics=["accuracy"])
    plateau = keras.callbacks.ReduceLROnPlateau(patience=1)
    return model.fit(
        x, y, batch_size=100, epochs=7, initial_epoch=3, validation_split=0.1, verbose=0, callbacks=plateau
    )


# %% WRONG train_own: no return -> test_train_own, test_accuracy
def train_own(model, x, y):
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    model.fit(x, y, batch_size=100, epochs=1, validation_split=0.1, verbose=0)


# %% WRONG train_own: the curves in place of the history -> test_train_own, test_accuracy
def train_own(model, x, y):
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model.fit(x, y, batch_size=100, epochs=1, validation_split=0.1, verbose=0).history


# %% WRONG train_own: validated by the test images -> test_train_own
def train_own(model, x, y):
    return fitted(model, x, y, validation_split=0, validation_data=(x_test, raw_y_test))


# %% WRONG train_own: the epoch that is best on the test images -> test_train_own
def train_own(model, x, y):
    best = keras.callbacks.EarlyStopping("val_accuracy", patience=3, restore_best_weights=True)
    return fitted(model, x, y, validation_split=0, validation_data=(x_test, raw_y_test), callbacks=[best])


# %% WRONG train_own: the network in place of the history -> test_train_own, test_accuracy
def train_own(model, x, y):
    fitted(model, x, y)
    return model


# %% WRONG train_own: no validation -> test_train_own
def train_own(model, x, y):
    return fitted(model, x, y, validation_split=0)


# %% WRONG train_own: twice the epochs of the budget -> test_train_own, test_accuracy
def train_own(model, x, y):
    return fitted(model, x, y, epochs=2 * max_epochs)


# %% WRONG train_own: compiled and fitted twice -> test_train_own, test_accuracy
def train_own(model, x, y):
    fitted(model, x, y, epochs=max_epochs)
    return fitted(model, x, y, epochs=max_epochs)


# %% WRONG train_own: fitted twice, within the budget -> test_train_own
def train_own(model, x, y):
    fitted(model, x, y, epochs=2)
    return fitted(model, x, y, epochs=2)


# %% WRONG train_own: another network -> test_train_own, test_accuracy
def train_own(model, x, y):
    return fitted(keras.models.clone_model(model), x, y)


# %% WRONG train_own: a larger head before the training -> test_accuracy
def train_own(model, x, y):
    model.pop()
    model.add(Dense(500, activation="relu"))
    model.add(Dense(10, activation="softmax"))
    return fitted(model, x, y)


# %% WRONG train_own: another preprocess for the test images, which blurs -> test_accuracy
def train_own(model, x, y):
    return fitted(model, x, y)


def preprocess(images):
    x = np.expand_dims(images.astype("float32") / 255.0, axis=-1)
    return (x + np.roll(x, 1, axis=1)) / 2


# %% WRONG train_own: wrong labels -> test_accuracy
def train_own(model, x, y):
    return fitted(model, x, (y + 1) % 10)


# Exercise 8


# %% RIGHT recall_per_class: two loops
def recall_per_class(labels, predictions, num_classes):
    recalls = []
    for k in range(num_classes):
        found = total = 0
        for label, prediction in zip(labels, predictions):
            if label == k:
                total += 1
                found += prediction == k
        recalls.append(found / total)
    return recalls


# %% RIGHT recall_per_class: the diagonal of a confusion matrix
def recall_per_class(labels, predictions, num_classes):
    matrix = np.zeros((num_classes, num_classes))
    for i, j in zip(labels, predictions):
        matrix[i, j] += 1
    return np.diag(matrix) / matrix.sum(axis=1)


# %% RIGHT recall_per_class: counts
def recall_per_class(labels, predictions, num_classes):
    found = np.bincount(labels[labels == predictions], minlength=num_classes)
    return found / np.bincount(labels, minlength=num_classes)


# %% RIGHT recall_per_class: comparisons with all classes at once
def recall_per_class(labels, predictions, num_classes):
    true = labels[:, None] == np.arange(num_classes)
    said = predictions[:, None] == np.arange(num_classes)
    return tuple((true & said).sum(0) / true.sum(0))


# %% RIGHT hardest: looked up
answer_hardest = class_names[int(np.argmin(recall_per_class(raw_y_test, predicted, num_classes)))]


# %% WRONG recall_per_class: precision -> test_recall
def recall_per_class(labels, predictions, num_classes):
    return np.array([np.mean(labels[predictions == k] == k) for k in range(num_classes)])


# %% WRONG recall_per_class: of all images -> test_recall
def recall_per_class(labels, predictions, num_classes):
    return np.array([np.mean((labels == k) & (predictions == k)) for k in range(num_classes)])


# %% WRONG recall_per_class: as many right answers of any class -> test_recall
def recall_per_class(labels, predictions, num_classes):
    return np.array([min(np.sum(predictions == k) / np.sum(labels == k), 1) for k in range(num_classes)])


# %% WRONG recall_per_class: counts, not shares -> test_recall
def recall_per_class(labels, predictions, num_classes):
    return np.array([np.sum(predictions[labels == k] == k) for k in range(num_classes)])


# %% WRONG recall_per_class: the labels given are changed -> test_recall
def recall_per_class(labels, predictions, num_classes):
    recalls = np.array([np.mean(predictions[labels == k] == k) for k in range(num_classes)])
    labels -= predictions
    return recalls


# %% WRONG recall_per_class: classes from 1 -> test_recall
def recall_per_class(labels, predictions, num_classes):
    return np.array([np.mean(predictions[labels == k] == k) if k in labels else 0 for k in range(1, num_classes + 1)])


# %% WRONG hardest: its number -> test_hardest
answer_hardest = 6

# %% WRONG hardest: another class, of a network that recognizes no shirt -> test_hardest
trained, model = model, keras.models.clone_model(model)
model.set_weights([*trained.get_weights()[:-1], np.where(np.arange(10) == 6, -1e9, trained.get_weights()[-1])])
answer_hardest = "Trouser"


# %% RIGHT recall_per_class: TensorFlow's confusion matrix
def recall_per_class(labels, predictions, num_classes):
    matrix = tf.cast(tf.math.confusion_matrix(labels, predictions, num_classes), tf.float64)
    return tf.linalg.diag_part(matrix) / tf.reduce_sum(matrix, axis=1)


# %% RIGHT recall_per_class: lists in between
def recall_per_class(labels, predictions, num_classes):
    pairs = list(zip(labels.tolist(), predictions.tolist()))
    return [pairs.count((k, k)) / sum(label == k for label, _ in pairs) for k in range(num_classes)]


# %% RIGHT hardest: a text of NumPy
answer_hardest = np.array(class_names)[np.argmin(recall_per_class(raw_y_test, predicted, num_classes))]


# %% WRONG recall_per_class: no return -> test_recall
def recall_per_class(labels, predictions, num_classes):
    recalls = [np.mean(predictions[labels == k] == k) for k in range(num_classes)]


# %% WRONG recall_per_class: a dictionary -> test_recall
def recall_per_class(labels, predictions, num_classes):
    return {k: float(np.mean(predictions[labels == k] == k)) for k in range(num_classes)}


# %% WRONG recall_per_class: percent -> test_recall
def recall_per_class(labels, predictions, num_classes):
    return np.array([100 * np.mean(predictions[labels == k] == k) for k in range(num_classes)])


# %% WRONG hardest: in small letters -> test_hardest
answer_hardest = "shirt"


# Exercise 9


# %% RIGHT features: a network of the other layers
def features(model):
    return Sequential(model.layers[:-1])


# %% RIGHT features: with an input of its own
def features(model):
    return Sequential([keras.Input(shape=model.input_shape[1:]), *model.layers[:-1]])


# %% RIGHT features: from the input of the last layer
def features(model):
    return keras.Model(inputs=model.inputs, outputs=model.layers[-1].input)


# %% RIGHT features: layer by layer
def features(model):
    image = x = keras.Input(model.input_shape[1:])
    for layer in model.layers[:-1]:
        if not isinstance(layer, keras.layers.InputLayer):
            x = layer(x)
    return keras.Model(image, x)


# %% RIGHT features: a copy without its last layer
def features(model):
    copy = keras.models.clone_model(model)
    copy.set_weights(model.get_weights())
    return keras.Model(copy.inputs, copy.layers[len(copy.layers) - 2].output)


# %% WRONG features: with the head -> test_features
def features(model):
    return keras.Model(model.inputs, model.layers[-1].output)


# %% WRONG features: no return -> test_features
def features(model):
    body = keras.Model(model.inputs, model.layers[-2].output)


# %% WRONG features: one layer too few -> test_features
def features(model):
    return keras.Model(model.inputs, model.layers[-3].output)


# %% WRONG features: new weights -> test_features
def features(model):
    return keras.models.clone_model(keras.Model(model.inputs, model.layers[-2].output))


# %% WRONG features: the head taken off the network given -> test_features
def features(model):
    model.pop()
    return model


# %% WRONG features: the second layer, wherever the head is -> test_features
def features(model):
    dense = [layer for layer in model.layers if isinstance(layer, (Dense, Dropout))]
    return keras.Model(model.inputs, dense[0].output if len(dense) < 3 else model.layers[1].output)


# %% RIGHT features: by the index of a layer
def features(model):
    return keras.Model(model.inputs, model.get_layer(index=len(model.layers) - 2).output, name="body")


# %% WRONG features: the layer itself -> test_features
def features(model):
    return model.layers[-2]


# %% WRONG features: a list of layers -> test_features
def features(model):
    return model.layers[:-1]


# Exercise 10


# %% RIGHT few: shuffled, then the first of each class
def few(x, y, per_class, seed):
    order = np.random.RandomState(seed).permutation(len(y))
    x, y = x[order], y[order]
    chosen = np.concatenate([np.where(y == k)[0][:per_class] for k in sorted(set(y))])
    return x[chosen], y[chosen]


# %% RIGHT few: the old generator of NumPy, and lists
def few(x, y, per_class, seed):
    np.random.seed(seed)
    images, labels = [], []
    for k in np.unique(y):
        for i in np.random.choice(np.where(y == k)[0], size=per_class, replace=False):
            images.append(x[i])
            labels.append(y[i])
    return np.array(images), labels


# %% RIGHT few: the random module
def few(x, y, per_class, seed):
    import random

    random.seed(seed)
    places = [
        i for k in range(int(max(y)) + 1) for i in random.sample([i for i in range(len(y)) if y[i] == k], per_class)
    ]
    return x[places], y[places]


# %% RIGHT few: drawn until there are enough
def few(x, y, per_class, seed):
    left = dict.fromkeys(np.unique(y).tolist(), per_class)
    chosen = []
    for i in np.random.default_rng(seed).permutation(len(x)):
        if left[int(y[i])] > 0:
            left[int(y[i])] -= 1
            chosen.append(i)
    return np.take(x, chosen, axis=0), np.take(y, chosen)


# %% RIGHT few: a mask, in the order of the images
def few(x, y, per_class, seed):
    rng = np.random.default_rng(seed)
    mask = np.zeros(len(y), dtype=bool)
    for k in np.unique(y):
        places = np.flatnonzero(y == k)
        rng.shuffle(places)
        mask[places[:per_class]] = True
    return [x[mask], y[mask]]


# %% WRONG few: as many in all -> test_few
def few(x, y, per_class, seed):
    chosen = np.random.default_rng(seed).choice(len(x), per_class, replace=False)
    return x[chosen], y[chosen]


# %% WRONG few: regardless of the class -> test_few
def few(x, y, per_class, seed):
    chosen = np.random.default_rng(seed).choice(len(x), per_class * len(np.unique(y)), replace=False)
    return x[chosen], y[chosen]


# %% WRONG few: labels in another order -> test_few
def few(x, y, per_class, seed):
    generator = np.random.default_rng(seed)
    chosen = [generator.choice(np.flatnonzero(y == k), per_class, replace=False) for k in np.unique(y)]
    return x[np.concatenate(chosen)], y[np.concatenate(chosen[::-1])]


# %% WRONG few: the same image several times -> test_few
def few(x, y, per_class, seed):
    generator = np.random.default_rng(seed)
    chosen = np.concatenate([generator.choice(np.flatnonzero(y == k), per_class) for k in np.unique(y)])
    return x[chosen], y[chosen]


# %% WRONG few: the first of each class -> test_few
def few(x, y, per_class, seed):
    chosen = np.concatenate([np.flatnonzero(y == k)[:per_class] for k in np.unique(y)])
    return x[chosen], y[chosen]


# %% WRONG few: others each time -> test_few
def few(x, y, per_class, seed):
    generator = np.random.default_rng()
    chosen = np.concatenate([generator.choice(np.flatnonzero(y == k), per_class, replace=False) for k in np.unique(y)])
    return x[chosen], y[chosen]


# %% WRONG few: the labels given are sorted afterwards -> test_few
def few(x, y, per_class, seed):
    generator = np.random.default_rng(seed)
    chosen = [generator.choice(np.flatnonzero(y == k), per_class, replace=False) for k in np.unique(y)]
    result = x[np.concatenate(chosen)], y[np.concatenate(chosen)]
    y.sort()
    return result


# %% WRONG few: the images given are shuffled afterwards -> test_few
def few(x, y, per_class, seed):
    generator = np.random.default_rng(seed)
    chosen = [generator.choice(np.flatnonzero(y == k), per_class, replace=False) for k in np.unique(y)]
    result = x[np.concatenate(chosen)], y[np.concatenate(chosen)]
    generator.shuffle(x)
    return result


# %% RIGHT few: random keys, sorted
def few(x, y, per_class, seed):
    keys = np.random.default_rng(seed).random(len(y))
    order = np.lexsort((keys, y))
    starts = np.searchsorted(y[order], np.unique(y))
    chosen = [i for start in starts for i in order[start : start + per_class]]
    return list(x[chosen]), [int(label) for label in y[chosen]]


# %% RIGHT few: TensorFlow's random numbers
def few(x, y, per_class, seed):
    order = tf.argsort(tf.random.stateless_uniform([len(y)], [seed, 0])).numpy()
    chosen = np.concatenate([order[y[order] == k][:per_class] for k in np.unique(y)])
    return tf.gather(x, chosen), tf.gather(y, chosen)


# %% WRONG few: no return -> test_few
def few(x, y, per_class, seed):
    chosen = np.concatenate([np.flatnonzero(y == k)[:per_class] for k in np.unique(y)])


# %% WRONG few: always the same seed -> test_few
def few(x, y, per_class, seed):
    generator = np.random.default_rng(1)
    chosen = np.concatenate([generator.choice(np.flatnonzero(y == k), per_class, replace=False) for k in np.unique(y)])
    return x[chosen], y[chosen]


# %% WRONG few: one array of labels and images -> test_few
def few(x, y, per_class, seed):
    generator = np.random.default_rng(seed)
    chosen = np.concatenate([generator.choice(np.flatnonzero(y == k), per_class, replace=False) for k in np.unique(y)])
    return x[chosen]


# Exercise 11


# %% RIGHT transfer: the functional API
def transfer(body, num_classes, trainable, x, y, epochs):
    base = keras.models.clone_model(body)
    base.set_weights(body.get_weights())
    base.trainable = trainable
    image = keras.Input(shape=body.input_shape[1:])
    network = keras.Model(image, Dense(num_classes, activation="softmax")(base(image)))
    network.compile(Adam(), keras.losses.SparseCategoricalCrossentropy(), metrics=["accuracy"])
    network.fit(x, y, epochs=epochs, verbose=0)
    return network


# %% RIGHT transfer: layers frozen one by one
def transfer(body, num_classes, trainable, x, y, epochs):
    network = Sequential([keras.Input(body.input_shape[1:]), *keras.models.clone_model(body).layers])
    network.set_weights(body.get_weights())
    for layer in network.layers:
        layer.trainable = trainable
    network.add(Dense(num_classes, activation="softmax"))
    network.compile(optimizer="adam", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    network.fit(x=x, y=y, batch_size=32, epochs=epochs, verbose=False)
    return network


# %% RIGHT transfer: from the configuration
def transfer(body, num_classes, trainable, x, y, epochs):
    copy = body.__class__.from_config(body.get_config())
    for new, old in zip(copy.weights, body.weights):
        new.assign(old)
    if not trainable:
        copy.trainable = False
    network = Sequential()
    network.add(copy)
    network.add(Dense(num_classes, "softmax"))
    network.compile(
        "Adam", "sparse_categorical_crossentropy", metrics=["accuracy", "sparse_top_k_categorical_accuracy"]
    )
    network.fit(x, y, 32, epochs, verbose=0)
    return network


# %% RIGHT transfer: saved and loaded
def transfer(body, num_classes, trainable, x, y, epochs):
    body.save("body.keras")
    copy = keras.models.load_model("body.keras")
    copy.trainable = bool(trainable)
    network = keras.Sequential([copy, keras.layers.Dense(units=num_classes, activation=keras.activations.softmax)])
    network.compile(loss=keras.losses.sparse_categorical_crossentropy, optimizer=Adam(1e-3), metrics=["accuracy"])
    network.fit(np.array(x), np.array(y), batch_size=32, epochs=int(epochs), verbose=0)
    return network


# %% RIGHT transfer: a smaller rate for the optimizer's object, one epoch at a time
def transfer(body, num_classes, trainable, x, y, epochs):
    import copy

    own = copy.deepcopy(body)
    own.trainable = trainable
    network = Sequential([own, Dense(num_classes, activation="softmax", name="head")])
    network.compile(Adam(learning_rate=0.001), "sparse_categorical_crossentropy", metrics=["accuracy"])
    for _ in range(epochs):
        network.fit(x, y, batch_size=32, epochs=1, verbose=0)
    return network


# %% WRONG transfer: the history in place of the network -> test_transfer
def transfer(body, num_classes, trainable, x, y, epochs):
    copy = keras.models.clone_model(body)
    copy.set_weights(body.get_weights())
    copy.trainable = trainable
    network = Sequential([copy, Dense(num_classes, activation="softmax")])
    network.compile(loss="sparse_categorical_crossentropy", optimizer="adam", metrics=["accuracy"])
    return network.fit(x, y, batch_size=32, epochs=epochs, verbose=0)


# %% WRONG transfer: never frozen -> test_transfer
def transfer(body, num_classes, trainable, x, y, epochs):
    copy = keras.models.clone_model(body)
    copy.set_weights(body.get_weights())
    network = Sequential([copy, Dense(num_classes, activation="softmax")])
    network.compile(loss="sparse_categorical_crossentropy", optimizer="adam", metrics=["accuracy"])
    network.fit(x, y, batch_size=32, epochs=epochs, verbose=0)
    return network


# %% WRONG transfer: always frozen -> test_transfer
def transfer(body, num_classes, trainable, x, y, epochs):
    copy = keras.models.clone_model(body)
    copy.set_weights(body.get_weights())
    copy.trainable = False
    network = Sequential([copy, Dense(num_classes, activation="softmax")])
    network.compile(loss="sparse_categorical_crossentropy", optimizer="adam", metrics=["accuracy"])
    network.fit(x, y, batch_size=32, epochs=epochs, verbose=0)
    return network


# %% WRONG transfer: one epoch -> test_transfer
def transfer(body, num_classes, trainable, x, y, epochs):
    copy = keras.models.clone_model(body)
    copy.set_weights(body.get_weights())
    copy.trainable = trainable
    network = Sequential([copy, Dense(num_classes, activation="softmax")])
    network.compile(loss="sparse_categorical_crossentropy", optimizer="adam", metrics=["accuracy"])
    network.fit(x, y, batch_size=32, verbose=0)
    return network


# %% WRONG transfer: new weights, frozen -> test_transfer
def transfer(body, num_classes, trainable, x, y, epochs):
    copy = keras.models.clone_model(body)
    copy.trainable = trainable
    network = Sequential([copy, Dense(num_classes, activation="softmax")])
    network.compile(loss="sparse_categorical_crossentropy", optimizer="adam", metrics=["accuracy"])
    network.fit(x, y, batch_size=32, epochs=epochs, verbose=0)
    return network


# %% WRONG transfer: new weights for fine-tuning -> test_transfer
def transfer(body, num_classes, trainable, x, y, epochs):
    copy = keras.models.clone_model(body)
    copy.trainable = trainable
    if not trainable:
        copy.set_weights(body.get_weights())
    network = Sequential([copy, Dense(num_classes, activation="softmax")])
    network.compile(loss="sparse_categorical_crossentropy", optimizer="adam", metrics=["accuracy"])
    network.fit(x, y, batch_size=32, epochs=epochs, verbose=0)
    return network


# %% WRONG transfer: no copy -> test_transfer
def transfer(body, num_classes, trainable, x, y, epochs):
    body.trainable = trainable
    network = Sequential([body, Dense(num_classes, activation="softmax")])
    network.compile(loss="sparse_categorical_crossentropy", optimizer="adam", metrics=["accuracy"])
    network.fit(x, y, batch_size=32, epochs=epochs, verbose=0)
    return network


# %% WRONG transfer: no metric -> test_transfer
def transfer(body, num_classes, trainable, x, y, epochs):
    copy = keras.models.clone_model(body)
    copy.set_weights(body.get_weights())
    copy.trainable = trainable
    network = Sequential([copy, Dense(num_classes, activation="softmax")])
    network.compile(loss="sparse_categorical_crossentropy", optimizer="adam")
    network.fit(x, y, batch_size=32, epochs=epochs, verbose=0)
    return network


# %% WRONG transfer: the sum of the losses -> test_transfer
def transfer(body, num_classes, trainable, x, y, epochs):
    copy = keras.models.clone_model(body)
    copy.set_weights(body.get_weights())
    copy.trainable = trainable
    network = Sequential([copy, Dense(num_classes, activation="softmax")])
    loss = keras.losses.SparseCategoricalCrossentropy(reduction="sum")
    network.compile(loss=loss, optimizer="adam", metrics=["accuracy"])
    network.fit(x, y, batch_size=32, epochs=epochs, verbose=0)
    return network


# %% WRONG transfer: four classes, whatever is asked for -> test_transfer
def transfer(body, num_classes, trainable, x, y, epochs):
    copy = keras.models.clone_model(body)
    copy.set_weights(body.get_weights())
    copy.trainable = trainable
    network = Sequential([copy, Dense(int(max(y)) + 1, activation="softmax")])
    network.compile(loss="sparse_categorical_crossentropy", optimizer="adam", metrics=["accuracy"])
    network.fit(x, y, batch_size=32, epochs=epochs, verbose=0)
    return network


# %% RIGHT transfer: a head on the copy's output
def transfer(body, num_classes, trainable, x, y, epochs):
    copy = keras.models.clone_model(body)
    copy.set_weights(body.get_weights())
    copy.trainable = trainable
    network = keras.Model(copy.inputs, Dense(num_classes, activation="softmax")(copy.outputs[0]))
    network.compile(keras.optimizers.get("adam"), "sparse_categorical_crossentropy", metrics=["accuracy"])
    network.fit(tf.data.Dataset.from_tensor_slices((x, y)).shuffle(1000).batch(32), epochs=epochs, verbose=0)
    return network


# %% RIGHT transfer: frozen after it was put together
def transfer(body, num_classes, trainable, x, y, epochs):
    network = Sequential([keras.models.clone_model(body), Dense(num_classes, activation="softmax")])
    network.layers[0].set_weights(body.get_weights())
    network.layers[0].trainable = trainable
    network.compile(loss="sparse_categorical_crossentropy", optimizer="adam", metrics=["accuracy"])
    network.fit(x, y, batch_size=32, epochs=epochs, verbose=0)
    return network


# %% WRONG transfer: the body given is frozen, then copied -> test_transfer
def transfer(body, num_classes, trainable, x, y, epochs):
    body.trainable = trainable
    copy = keras.models.clone_model(body)
    copy.set_weights(body.get_weights())
    network = Sequential([copy, Dense(num_classes, activation="softmax")])
    network.compile(loss="sparse_categorical_crossentropy", optimizer="adam", metrics=["accuracy"])
    network.fit(x, y, batch_size=32, epochs=epochs, verbose=0)
    return network


# %% WRONG transfer: no softmax -> test_transfer
def transfer(body, num_classes, trainable, x, y, epochs):
    copy = keras.models.clone_model(body)
    copy.set_weights(body.get_weights())
    copy.trainable = trainable
    network = Sequential([copy, Dense(num_classes)])
    network.compile(
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True), optimizer="adam", metrics=["accuracy"]
    )
    network.fit(x, y, batch_size=32, epochs=epochs, verbose=0)
    return network


# %% WRONG transfer: three epochs, whatever is asked for -> test_transfer
def transfer(body, num_classes, trainable, x, y, epochs):
    copy = keras.models.clone_model(body)
    copy.set_weights(body.get_weights())
    copy.trainable = trainable
    network = Sequential([copy, Dense(num_classes, activation="softmax")])
    network.compile(loss="sparse_categorical_crossentropy", optimizer="adam", metrics=["accuracy"])
    network.fit(x, y, batch_size=32, epochs=3, verbose=0)
    return network


# %% WRONG transfer: no return -> test_transfer
def transfer(body, num_classes, trainable, x, y, epochs):
    copy = keras.models.clone_model(body)
    copy.set_weights(body.get_weights())
    copy.trainable = trainable
    network = Sequential([copy, Dense(num_classes, activation="softmax")])
    network.compile(loss="sparse_categorical_crossentropy", optimizer="adam", metrics=["accuracy"])
    network.fit(x, y, batch_size=32, epochs=epochs, verbose=0)
