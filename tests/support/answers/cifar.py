"""Answers to the exercises of cifar; see answering.py."""

# %% GIVEN look: no pictures; many small trainings, step by step, as to compile each takes longer; a quick network
tf.config.run_functions_eagerly(True)


def linear(outputs=10, channels=3):
    network = Sequential(
        [
            keras.Input(shape=(32, 32, channels)),
            Rescaling(1 / 255),
            Flatten(),
            Dense(outputs, activation="softmax"),
        ]
    )
    network.compile(loss="sparse_categorical_crossentropy", optimizer=Adam(0.003), metrics=["accuracy"])
    return network


# %% AFTER load: few epochs, enough for a network as small as that
epochs = 2

# %% GIVEN experiment_budget: few epochs
experiment_epochs = 3

# %% GIVEN run_overfit: left out, as it only shows

# %% GIVEN run_sweep: left out, as it only shows

# %% GIVEN devices: left out, as it only shows

# %% GIVEN show_augmentation: left out, as it only shows

# %% GIVEN run_experiment: left out, as it only shows

# %% GIVEN show_experiment: left out, as it only shows

# %% GIVEN show_history: left out, as it only shows

# %% GIVEN show_mistakes: left out, as it only shows

# %% GIVEN show_confused: left out, as it only shows

# %% GIVEN compare_cifar100: left out, as it only shows; tests/full/test_cifar100.py runs it


# %% GIVEN run_training: a network that learns the made-up images in seconds
keras.utils.set_random_seed(SEED)
model = linear()
history = model.fit(x_train, y_train, batch_size=batch_size, epochs=epochs, validation_split=0.1, verbose=0)


# %% RIGHT flatten_labels: ravel
def flatten_labels(labels):
    return labels.ravel()


# %% RIGHT flatten_labels: the only column
def flatten_labels(labels):
    return labels[:, 0]


# %% RIGHT flatten_labels: as int64
def flatten_labels(labels):
    return labels.reshape(-1).astype(int)


# %% RIGHT flatten_labels: the second axis squeezed
def flatten_labels(labels):
    return np.squeeze(labels, axis=1)


# %% RIGHT flatten_labels: row by row
def flatten_labels(labels):
    return np.array([int(row[0]) for row in labels])


# %% RIGHT flatten_labels: by its length
def flatten_labels(labels):
    return labels.reshape((len(labels),)).astype(np.int32)


# %% WRONG flatten_labels: a list -> test_flatten_labels
def flatten_labels(labels):
    return [int(row[0]) for row in labels]


# %% WRONG flatten_labels: nothing returned -> test_flatten_labels
def flatten_labels(labels):
    labels.reshape(-1)


# %% WRONG flatten_labels: still a column -> test_flatten_labels
def flatten_labels(labels):
    return labels.reshape(-1, 1)


# %% WRONG flatten_labels: no whole numbers any more -> test_flatten_labels
def flatten_labels(labels):
    return labels.reshape(-1).astype("float32")


# %% WRONG flatten_labels: all axes of length 1 -> test_flatten_labels
def flatten_labels(labels):
    return np.array(labels.squeeze())


# %% WRONG flatten_labels: too small a type -> test_flatten_labels
def flatten_labels(labels):
    return labels.reshape(-1).astype("int8")


# %% WRONG flatten_labels: changes what it was given -> test_flatten_labels
def flatten_labels(labels):
    flat = labels.reshape(-1).copy()
    labels -= labels.min()
    return flat


# %% RIGHT answers: tuples
answer_first_layer = (320, 896)
answer_megabytes = (153.6, 614.4)

# %% RIGHT answers: arrays
answer_first_layer = np.array([320, 896])
answer_megabytes = np.array([153.6, 614.4], dtype="float32")

# %% RIGHT answers: computed
answer_first_layer = [32 * 9 + 32, 32 * 27 + 32]
answer_megabytes = [50_000 * 32 * 32 * 3 / 1e6, 4 * 50_000 * 32 * 32 * 3 / 1e6]

# %% RIGHT answers: from Keras and NumPy
answer_first_layer = []
for _channels in (1, 3):
    _layer = Conv2D(32, (3, 3))
    _layer.build((None, 32, 32, _channels))
    answer_first_layer.append(_layer.count_params())
answer_megabytes = [np.empty((50_000, 32, 32, 3), dtype=kind).nbytes / 1e6 for kind in ("uint8", "float32")]

# %% RIGHT answers: rounded
answer_first_layer = [320.0, 896.0]
answer_megabytes = [154, 614]

# %% WRONG answers: without biases -> test_answer_first_layer
answer_first_layer = [288, 864]
answer_megabytes = [153.6, 614.4]

# %% WRONG answers: for 3 channels only -> test_answer_first_layer
answer_first_layer = [896]
answer_megabytes = [153.6, 614.4]

# %% WRONG answers: a bias per channel -> test_answer_first_layer
answer_first_layer = [320, 960]
answer_megabytes = [153.6, 614.4]

# %% WRONG answers: float64 -> test_answer_megabytes
answer_first_layer = [320, 896]
answer_megabytes = [153.6, 1228.8]

# %% WRONG answers: uint8 only -> test_answer_megabytes
answer_first_layer = [320, 896]
answer_megabytes = [153.6]

# %% WRONG answers: mebibytes -> test_answer_megabytes
answer_first_layer = [320, 896]
answer_megabytes = [146.5, 585.9]


# %% RIGHT build_model: the lecture's network
def build_model(input_shape, num_classes):
    model = Sequential()
    model.add(Rescaling(1 / 255, input_shape=input_shape))
    model.add(Conv2D(32, kernel_size=(3, 3), activation="relu"))
    model.add(MaxPooling2D(pool_size=(2, 2)))
    model.add(Conv2D(64, (3, 3), activation="relu"))
    model.add(MaxPooling2D(pool_size=(2, 2)))
    model.add(Flatten())
    model.add(Dense(64, activation="relu"))
    model.add(Dropout(0.5))
    model.add(Dense(num_classes, activation="softmax"))
    return model


# %% RIGHT build_model: the functional API
def build_model(input_shape, num_classes):
    inputs = x = keras.Input(input_shape)
    x = Rescaling(scale=1 / 255.0)(x)
    for filters in (32, 64):
        x = keras.layers.ReLU()(BatchNormalization()(Conv2D(filters, 3, padding="same")(x)))
        x = keras.layers.AveragePooling2D(2)(x)
    x = keras.layers.GlobalAveragePooling2D()(x)
    return keras.Model(inputs, keras.layers.Softmax()(Dense(num_classes)(x)))


# %% RIGHT build_model: networks in a network
def build_model(input_shape, num_classes):
    def block(filters):
        return Sequential([Conv2D(filters, 3, activation="relu"), MaxPooling2D()])

    start = Sequential([Rescaling(1 / 255), block(16)])
    end = [Flatten(), Dense(num_classes, activation="softmax")]
    return Sequential([keras.Input(shape=input_shape), start, block(32), *end])


# %% RIGHT build_model: augmentation in it
def build_model(input_shape, num_classes):
    layers = [keras.Input(shape=input_shape), Rescaling(1.0 / 255), keras.layers.RandomFlip("horizontal")]
    layers += [Conv2D(32, 5, strides=2, activation="relu"), Flatten(), Dropout(0.2)]
    return Sequential(layers + [Dense(num_classes), keras.layers.Activation("softmax")])


# %% RIGHT build_model: a convolution in groups and a residual
def build_model(input_shape, num_classes):
    inputs = keras.Input(shape=input_shape, dtype="uint8")
    x = Rescaling(1 / 255)(inputs)
    x = Conv2D(24 if input_shape[2] == 3 else 8, 3, groups=input_shape[2], padding="same", activation="relu")(x)
    x = keras.layers.add([x, Conv2D(x.shape[-1], 3, padding="same", activation="relu")(x)])
    x = Flatten()(MaxPooling2D(4)(x))
    return keras.Model(inputs, Dense(num_classes, "softmax")(x))


# %% WRONG build_model: the size of mnist -> test_channels, test_sizes
def build_model(input_shape, num_classes):
    layers = [keras.Input(shape=(28, 28, 1)), Rescaling(1 / 255), Conv2D(32, 3, activation="relu"), MaxPooling2D(4)]
    return Sequential([*layers, Flatten(), Dense(num_classes, activation="softmax")])


# %% WRONG build_model: the size written out -> test_channels
def build_model(input_shape, num_classes):
    layers = [keras.Input(shape=(32, 32, 3)), Rescaling(1 / 255), Conv2D(32, 3, activation="relu"), MaxPooling2D(4)]
    return Sequential([*layers, Flatten(), Dense(num_classes, activation="softmax")])


# %% WRONG build_model: no convolution -> test_channels
def build_model(input_shape, num_classes):
    layers = [keras.Input(shape=input_shape), Rescaling(1 / 255), Flatten(), Dense(64, activation="relu")]
    return Sequential([*layers, Dense(num_classes, activation="softmax")])


# %% WRONG build_model: still one channel -> test_channels
def build_model(input_shape, num_classes):
    height, width, channels = input_shape
    layers = [keras.Input(shape=input_shape), Rescaling(1 / 255), keras.layers.Reshape((height, width * channels, 1))]
    layers += [Conv2D(16, 3, activation="relu"), MaxPooling2D(4), Flatten()]
    return Sequential([*layers, Dense(num_classes, activation="softmax")])


# %% WRONG build_model: one output too many -> test_sizes, test_classes
def build_model(input_shape, num_classes):
    layers = [keras.Input(shape=input_shape), Rescaling(1 / 255), Conv2D(32, 3, activation="relu"), MaxPooling2D(4)]
    return Sequential([*layers, Flatten(), Dense(num_classes + 1, activation="softmax")])


# %% WRONG build_model: more than the memory -> test_sizes
def build_model(input_shape, num_classes):
    layers = [keras.Input(shape=input_shape), Rescaling(1 / 255), Conv2D(2400, 1), keras.layers.Activation("relu")]
    return Sequential([*layers, keras.layers.GlobalMaxPooling2D(), Dense(num_classes, activation="softmax")])


# %% WRONG build_model: sigmoid -> test_sizes
def build_model(input_shape, num_classes):
    layers = [keras.Input(shape=input_shape), Rescaling(1 / 255), Conv2D(32, 3, activation="relu"), MaxPooling2D(4)]
    return Sequential([*layers, Flatten(), Dense(num_classes, activation="sigmoid")])


# %% WRONG build_model: too many parameters -> test_budget
def build_model(input_shape, num_classes):
    layers = [keras.Input(shape=input_shape), Rescaling(1 / 255), Conv2D(32, 3, activation="relu"), MaxPooling2D()]
    return Sequential([*layers, Flatten(), Dense(64, activation="relu"), Dense(num_classes, activation="softmax")])


# %% WRONG build_model: no scaling -> test_raw
def build_model(input_shape, num_classes):
    layers = [keras.Input(shape=input_shape), Conv2D(32, 3, activation="relu"), MaxPooling2D(4)]
    return Sequential([*layers, Flatten(), Dense(num_classes, activation="softmax")])


# %% WRONG build_model: multiplied by 255 -> test_raw
def build_model(input_shape, num_classes):
    layers = [keras.Input(shape=input_shape), Rescaling(255), Conv2D(32, 3, activation="relu"), MaxPooling2D(4)]
    return Sequential([*layers, Flatten(), Dense(num_classes, activation="softmax")])


# %% WRONG build_model: always ten classes -> test_classes
def build_model(input_shape, num_classes):
    layers = [keras.Input(shape=input_shape), Rescaling(1 / 255), Conv2D(32, 3, activation="relu"), MaxPooling2D(4)]
    return Sequential([*layers, Flatten(), Dense(10, activation="softmax")])


# %% RIGHT compile_model: by names
def compile_model(model):
    model.compile(optimizer="adam", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


# %% RIGHT compile_model: by objects
def compile_model(model):
    model.compile(
        keras.optimizers.SGD(0.05, momentum=0.9),
        keras.losses.SparseCategoricalCrossentropy(),
        metrics=[keras.metrics.SparseCategoricalAccuracy()],
    )
    return model


# %% RIGHT compile_model: acc
def compile_model(model):
    model.compile(loss=keras.losses.sparse_categorical_crossentropy, optimizer="RMSprop", metrics=["acc"])
    return model


# %% RIGHT compile_model: one metric more
def compile_model(model):
    top = keras.metrics.SparseTopKCategoricalAccuracy(k=2)
    model.compile(loss="sparse_categorical_crossentropy", optimizer="nadam", metrics=[top, "accuracy"])
    return model


# %% RIGHT compile_model: another schedule
def compile_model(model):
    rate = keras.optimizers.schedules.ExponentialDecay(0.01, 100, 0.9)
    model.compile(loss="sparse_categorical_crossentropy", optimizer=keras.optimizers.AdamW(rate), metrics=("accuracy",))
    return model


# %% WRONG compile_model: nothing returned -> test_compile
def compile_model(model):
    model.compile(loss="sparse_categorical_crossentropy", optimizer=Adam(0.001), metrics=["accuracy"])


# %% WRONG compile_model: returns what compile returns -> test_compile
def compile_model(model):
    return model.compile(loss="sparse_categorical_crossentropy", optimizer=Adam(0.001), metrics=["accuracy"])


# %% WRONG compile_model: for one-hot labels -> test_compile
def compile_model(model):
    model.compile(loss="categorical_crossentropy", optimizer=Adam(0.001), metrics=["accuracy"])
    return model


# %% WRONG compile_model: half the loss -> test_compile
def compile_model(model):
    model.compile(
        loss="sparse_categorical_crossentropy", loss_weights=[0.5], optimizer=Adam(0.001), metrics=["accuracy"]
    )
    return model


# %% WRONG compile_model: no metric -> test_compile
def compile_model(model):
    model.compile(loss="sparse_categorical_crossentropy", optimizer=Adam(0.001))
    return model


# %% RIGHT overfit: by NumPy
def overfit(model, x, y, epochs):
    fitted = model.fit(x=np.asarray(x)[0:20], y=np.asarray(y)[0:20], epochs=epochs, batch_size=20, verbose=0)
    return np.max(fitted.history["accuracy"])


# %% RIGHT overfit: sorted
def overfit(model, x, y, epochs):
    history = model.fit(x[:20], y[:20], 20, epochs, verbose=0)
    return sorted(history.history["accuracy"])[-1]


# %% RIGHT overfit: the batch's size left to Keras
def overfit(model, x, y, epochs):
    images, labels = x[:20], y[:20]
    model.fit(images, labels, epochs=epochs, verbose=0)
    return float(np.array(model.history.history["accuracy"]).max())


# %% RIGHT overfit: epoch by epoch
def overfit(model, x, y, epochs):
    best = 0
    for _ in range(epochs):
        best = max(best, model.fit(x[:20], y[:20], batch_size=20, epochs=1, verbose=0).history["accuracy"][0])
    return best


# %% RIGHT overfit: with a dataset
def overfit(model, x, y, epochs):
    data = tf.data.Dataset.from_tensor_slices((x[:20], y[:20])).batch(20)
    return np.float32(max(model.fit(data, epochs=epochs, verbose=0).history["accuracy"]))


# %% WRONG overfit: all images -> test_overfit
def overfit(model, x, y, epochs):
    return max(model.fit(x, y, batch_size=20, epochs=epochs, verbose=0).history["accuracy"])


# %% WRONG overfit: the first epoch -> test_overfit
def overfit(model, x, y, epochs):
    return model.fit(x[:20], y[:20], batch_size=20, epochs=epochs, verbose=0).history["accuracy"][0]


# %% WRONG overfit: the History -> test_overfit
def overfit(model, x, y, epochs):
    return model.fit(x[:20], y[:20], batch_size=20, epochs=epochs, verbose=0)


# %% WRONG overfit: small batches -> test_overfit
def overfit(model, x, y, epochs):
    return max(model.fit(x[:20], y[:20], batch_size=5, epochs=epochs, verbose=0).history["accuracy"])


# %% WRONG overfit: too few epochs -> test_overfit
def overfit(model, x, y, epochs):
    return max(model.fit(x[:20], y[:20], batch_size=20, epochs=epochs // 2, verbose=0).history["accuracy"])


# %% WRONG overfit: the last epoch -> test_overfit
def overfit(model, x, y, epochs):
    return model.fit(x[:20], y[:20], batch_size=20, epochs=epochs, verbose=0).history["accuracy"][-1]


# %% RIGHT sweep: a comprehension
def run(build, rate, x, y):
    keras.utils.set_random_seed(SEED)
    network = build()
    network.compile(optimizer=keras.optimizers.Adam(rate), loss="sparse_categorical_crossentropy")
    return network.fit(x, y, epochs=3, batch_size=batch_size, verbose=0).history["loss"][2]


def sweep(build, rates, x, y):
    return [run(build, rate, x, y) for rate in rates]


def best_rate(rates, losses):
    return min((loss, rate) for loss, rate in zip(losses, rates) if loss == loss)[1]


# %% RIGHT sweep: arrays
def sweep(build, rates, x, y):
    losses = np.zeros(len(rates))
    for i in range(len(rates)):
        keras.utils.set_random_seed(SEED)
        network = build()
        network.compile("adam", "sparse_categorical_crossentropy")
        network.optimizer.learning_rate = rates[i]
        losses[i] = network.fit(x, y, batch_size, 3, verbose=0).history["loss"][-1]
    return losses


def best_rate(rates, losses):
    losses = np.array(losses)
    losses[np.isnan(losses)] = np.inf
    return np.array(rates)[losses.argmin()]


# %% RIGHT sweep: with a metric
def sweep(build, rates, x, y):
    result = {}
    for rate in rates:
        keras.utils.set_random_seed(SEED)
        network = build()
        network.compile(loss="sparse_categorical_crossentropy", optimizer=Adam(rate), metrics=["accuracy"])
        result[rate] = network.fit(x, y, batch_size=batch_size, epochs=3, verbose=0).history
    return [history["loss"][-1] for history in result.values()]


def best_rate(rates, losses):
    best = None
    for rate, loss in zip(rates, losses):
        if not np.isnan(loss) and (best is None or loss < best[1]):
            best = (rate, loss)
    return best[0]


# %% RIGHT sweep: a tuple
def sweep(build, rates, x, y):
    losses = ()
    for rate in rates:
        keras.utils.set_random_seed(SEED)
        model = build()
        model.compile(loss=keras.losses.SparseCategoricalCrossentropy(), optimizer=Adam(learning_rate=float(rate)))
        losses += (model.fit(x, y, batch_size=batch_size, epochs=3, verbose=0).history["loss"].pop(),)
    return losses


def best_rate(rates, losses):
    return rates[losses.index(np.nanmin(losses))]


# %% RIGHT sweep: three fits of one epoch
def sweep(build, rates, x, y):
    losses = []
    for rate in rates:
        keras.utils.set_random_seed(SEED)
        network = build()
        network.compile(loss="sparse_categorical_crossentropy", optimizer=Adam(learning_rate=rate))
        for _ in range(3):
            (loss,) = network.fit(x, y, batch_size=batch_size, verbose=0).history["loss"]
        losses.append(np.float64(loss))
    return losses


def best_rate(rates, losses):
    order = [i for i in np.argsort(losses) if np.isfinite(losses[i])]
    return rates[order[0]]


# %% WRONG sweep: every epoch's loss -> test_sweep
def sweep(build, rates, x, y):
    losses = []
    for rate in rates:
        network = build()
        network.compile(loss="sparse_categorical_crossentropy", optimizer=Adam(learning_rate=rate))
        losses += network.fit(x, y, batch_size=batch_size, epochs=3, verbose=0).history["loss"]
    return losses


def best_rate(rates, losses):
    return rates[np.nanargmin(losses)]


# %% WRONG sweep: one network for all rates -> test_sweep
def sweep(build, rates, x, y):
    losses = []
    network = build()
    for rate in rates:
        network.compile(loss="sparse_categorical_crossentropy", optimizer=Adam(learning_rate=rate))
        losses.append(network.fit(x, y, batch_size=batch_size, epochs=3, verbose=0).history["loss"][-1])
    return losses


def best_rate(rates, losses):
    return rates[np.nanargmin(losses)]


# %% WRONG sweep: always the same rate -> test_sweep
def sweep(build, rates, x, y):
    losses = []
    for rate in rates:
        network = build()
        network.compile(loss="sparse_categorical_crossentropy", optimizer=Adam())
        losses.append(network.fit(x, y, batch_size=batch_size, epochs=3, verbose=0).history["loss"][-1])
    return losses


def best_rate(rates, losses):
    return rates[np.nanargmin(losses)]


# %% WRONG sweep: the first epoch's loss -> test_sweep
def sweep(build, rates, x, y):
    losses = []
    for rate in rates:
        network = build()
        network.compile(loss="sparse_categorical_crossentropy", optimizer=Adam(learning_rate=rate))
        losses.append(network.fit(x, y, batch_size=batch_size, epochs=3, verbose=0).history["loss"][0])
    return losses


def best_rate(rates, losses):
    return rates[np.nanargmin(losses)]


# %% WRONG sweep: another optimizer -> test_sweep
def sweep(build, rates, x, y):
    losses = []
    for rate in rates:
        network = build()
        network.compile(loss="sparse_categorical_crossentropy", optimizer=keras.optimizers.SGD(rate))
        losses.append(network.fit(x, y, batch_size=batch_size, epochs=3, verbose=0).history["loss"][-1])
    return losses


def best_rate(rates, losses):
    return rates[np.nanargmin(losses)]


# %% WRONG sweep: nan is the smallest -> test_best_rate
def sweep(build, rates, x, y):
    losses = []
    for rate in rates:
        keras.utils.set_random_seed(SEED)
        network = build()
        network.compile(loss="sparse_categorical_crossentropy", optimizer=Adam(learning_rate=rate))
        losses.append(network.fit(x, y, batch_size=batch_size, epochs=3, verbose=0).history["loss"][-1])
    return losses


def best_rate(rates, losses):
    return rates[np.argmin(losses)]


# %% WRONG sweep: nan at the start -> test_best_rate
def sweep(build, rates, x, y):
    losses = []
    for rate in rates:
        keras.utils.set_random_seed(SEED)
        network = build()
        network.compile(loss="sparse_categorical_crossentropy", optimizer=Adam(learning_rate=rate))
        losses.append(network.fit(x, y, batch_size=batch_size, epochs=3, verbose=0).history["loss"][-1])
    return losses


def best_rate(rates, losses):
    return min(zip(losses, rates))[1]


# %% RIGHT build_regularized: the functional API
def build_regularized(input_shape, num_classes, augment=False, l2=0.0):
    inputs = keras.Input(input_shape)
    x = Rescaling(1 / 255)(inputs)
    if augment:
        x = keras.layers.RandomFlip("horizontal")(x)
        x = keras.layers.RandomTranslation(height_factor=0.1, width_factor=0.1)(x)
    for filters in (16, 32):
        x = Conv2D(filters, 3, padding="same", use_bias=False, kernel_regularizer=keras.regularizers.l2(l2))(x)
        x = BatchNormalization()(x)
        x = MaxPooling2D()(keras.layers.ReLU()(x))
    return keras.Model(inputs, Dense(num_classes, activation="softmax")(Flatten()(x)))


# %% RIGHT build_regularized: layer by layer
def build_regularized(input_shape, num_classes, augment=False, l2=0.0):
    model = keras.models.Sequential()
    model.add(keras.layers.Input(shape=input_shape))
    model.add(keras.layers.Rescaling(scale=1.0 / 255))
    if augment:
        model.add(keras.layers.RandomTranslation((-0.1, 0.1), (-0.1, 0.1)))
        model.add(keras.layers.RandomFlip(mode="horizontal"))
    for filters in [16, 32]:
        convolution = keras.layers.Convolution2D(
            filters, kernel_size=(3, 3), padding="SAME", use_bias=False, kernel_regularizer=keras.regularizers.L2(l2=l2)
        )
        model.add(convolution)
        model.add(keras.layers.BatchNormalization())
        model.add(keras.layers.Activation(keras.activations.relu))
        model.add(keras.layers.MaxPool2D(pool_size=(2, 2), strides=2))
    model.add(keras.layers.Flatten())
    model.add(keras.layers.Dense(num_classes, keras.activations.softmax))
    return model


# %% RIGHT build_regularized: a regularizer only where wanted
def build_regularized(input_shape, num_classes, augment=False, l2=0.0):
    def block(filters):
        regularizer = keras.regularizers.L1L2(l2=l2) if l2 > 0 else None
        yield Conv2D(filters, 3, 1, "same", use_bias=False, kernel_regularizer=regularizer)
        yield BatchNormalization()
        yield keras.layers.Activation("relu")
        yield MaxPooling2D(2)

    extra = [keras.layers.RandomFlip("horizontal", seed=3), keras.layers.RandomTranslation(0.1, 0.1)] if augment else []
    layers = [keras.Input(shape=input_shape), Rescaling(1 / 255), *extra, *block(16), *block(32)]
    return Sequential(layers + [Flatten(), Dense(num_classes, activation="softmax")])


# %% RIGHT build_regularized: augmentation in a network of its own
def build_regularized(input_shape, num_classes, augment=False, l2=0.0):
    layers = [keras.Input(shape=input_shape), Rescaling(1 / 255)]
    if augment:
        random = [keras.layers.RandomFlip("horizontal"), keras.layers.RandomTranslation(0.1, 0.1, fill_mode="nearest")]
        layers.append(Sequential(random))
    for filters in (16, 32):
        convolution = Conv2D(filters, 3, padding="same", use_bias=False)
        convolution.kernel_regularizer = keras.regularizers.L2(l2)
        layers += [convolution, BatchNormalization(), keras.layers.ReLU(), MaxPooling2D()]
    return Sequential(layers + [Flatten(), Dense(num_classes, activation="softmax")])


# %% RIGHT build_regularized: blocks as networks
def build_regularized(input_shape, num_classes, augment=False, l2=0.0):
    def block(filters):
        convolution = Conv2D(
            filters, 3, padding="same", use_bias=False, kernel_regularizer={"class_name": "L2", "config": {"l2": l2}}
        )
        return Sequential([convolution, BatchNormalization(), keras.layers.Activation("relu"), MaxPooling2D()])

    x = inputs = keras.Input(shape=input_shape)
    x = Rescaling(1 / 255)(x)
    if augment:
        x = keras.layers.RandomTranslation(0.1, 0.1)(keras.layers.RandomFlip("horizontal")(x))
    x = Flatten()(block(32)(block(16)(x)))
    return keras.Model(inputs=inputs, outputs=Dense(num_classes, activation="softmax")(x))


# %% WRONG build_regularized: with biases -> test_normalization
def build_regularized(input_shape, num_classes, augment=False, l2=0.0):
    layers = [keras.Input(shape=input_shape), Rescaling(1 / 255)]
    if augment:
        layers += [keras.layers.RandomFlip("horizontal"), keras.layers.RandomTranslation(0.1, 0.1)]
    for filters in (16, 32):
        layers.append(Conv2D(filters, 3, padding="same", kernel_regularizer=keras.regularizers.L2(l2)))
        layers += [BatchNormalization(), keras.layers.Activation("relu"), MaxPooling2D()]
    return Sequential([*layers, Flatten(), Dense(num_classes, activation="softmax")])


# %% WRONG build_regularized: normalization after the activation -> test_normalization
def build_regularized(input_shape, num_classes, augment=False, l2=0.0):
    layers = [keras.Input(shape=input_shape), Rescaling(1 / 255)]
    if augment:
        layers += [keras.layers.RandomFlip("horizontal"), keras.layers.RandomTranslation(0.1, 0.1)]
    for filters in (16, 32):
        regularizer = keras.regularizers.L2(l2)
        layers.append(Conv2D(filters, 3, padding="same", use_bias=False, kernel_regularizer=regularizer))
        layers += [keras.layers.Activation("relu"), BatchNormalization(), MaxPooling2D()]
    return Sequential([*layers, Flatten(), Dense(num_classes, activation="softmax")])


# %% WRONG build_regularized: another activation -> test_normalization
def build_regularized(input_shape, num_classes, augment=False, l2=0.0):
    layers = [keras.Input(shape=input_shape), Rescaling(1 / 255)]
    if augment:
        layers += [keras.layers.RandomFlip("horizontal"), keras.layers.RandomTranslation(0.1, 0.1)]
    for filters in (16, 32):
        regularizer = keras.regularizers.L2(l2)
        layers.append(Conv2D(filters, 3, padding="same", use_bias=False, kernel_regularizer=regularizer))
        layers += [BatchNormalization(), keras.layers.Activation("tanh"), MaxPooling2D()]
    return Sequential([*layers, Flatten(), Dense(num_classes, activation="softmax")])


# %% WRONG build_regularized: the last layer too -> test_l2
def build_regularized(input_shape, num_classes, augment=False, l2=0.0):
    layers = [keras.Input(shape=input_shape), Rescaling(1 / 255)]
    if augment:
        layers += [keras.layers.RandomFlip("horizontal"), keras.layers.RandomTranslation(0.1, 0.1)]
    for filters in (16, 32):
        regularizer = keras.regularizers.L2(l2)
        layers.append(Conv2D(filters, 3, padding="same", use_bias=False, kernel_regularizer=regularizer))
        layers += [BatchNormalization(), keras.layers.Activation("relu"), MaxPooling2D()]
    last = Dense(num_classes, activation="softmax", kernel_regularizer=keras.regularizers.L2(l2))
    return Sequential([*layers, Flatten(), last])


# %% WRONG build_regularized: by its name, so always 0.01 -> test_l2
def build_regularized(input_shape, num_classes, augment=False, l2=0.0):
    layers = [keras.Input(shape=input_shape), Rescaling(1 / 255)]
    if augment:
        layers += [keras.layers.RandomFlip("horizontal"), keras.layers.RandomTranslation(0.1, 0.1)]
    for filters in (16, 32):
        layers.append(Conv2D(filters, 3, padding="same", use_bias=False, kernel_regularizer="l2"))
        layers += [BatchNormalization(), keras.layers.Activation("relu"), MaxPooling2D()]
    return Sequential([*layers, Flatten(), Dense(num_classes, activation="softmax")])


# %% WRONG build_regularized: another default -> test_l2
def build_regularized(input_shape, num_classes, augment=False, l2=0.01):
    layers = [keras.Input(shape=input_shape), Rescaling(1 / 255)]
    if augment:
        layers += [keras.layers.RandomFlip("horizontal"), keras.layers.RandomTranslation(0.1, 0.1)]
    for filters in (16, 32):
        regularizer = keras.regularizers.L2(l2)
        layers.append(Conv2D(filters, 3, padding="same", use_bias=False, kernel_regularizer=regularizer))
        layers += [BatchNormalization(), keras.layers.Activation("relu"), MaxPooling2D()]
    return Sequential([*layers, Flatten(), Dense(num_classes, activation="softmax")])


# %% WRONG build_regularized: always augmented -> test_normalization, test_augmentation
def build_regularized(input_shape, num_classes, augment=False, l2=0.0):
    layers = [keras.Input(shape=input_shape), Rescaling(1 / 255)]
    layers += [keras.layers.RandomFlip("horizontal"), keras.layers.RandomTranslation(0.1, 0.1)]
    for filters in (16, 32):
        regularizer = keras.regularizers.L2(l2)
        layers.append(Conv2D(filters, 3, padding="same", use_bias=False, kernel_regularizer=regularizer))
        layers += [BatchNormalization(), keras.layers.Activation("relu"), MaxPooling2D()]
    return Sequential([*layers, Flatten(), Dense(num_classes, activation="softmax")])


# %% WRONG build_regularized: augmentation after the convolutions -> test_augmentation
def build_regularized(input_shape, num_classes, augment=False, l2=0.0):
    layers = [keras.Input(shape=input_shape), Rescaling(1 / 255)]
    for filters in (16, 32):
        regularizer = keras.regularizers.L2(l2)
        layers.append(Conv2D(filters, 3, padding="same", use_bias=False, kernel_regularizer=regularizer))
        layers += [BatchNormalization(), keras.layers.Activation("relu"), MaxPooling2D()]
    if augment:
        layers += [keras.layers.RandomFlip("horizontal"), keras.layers.RandomTranslation(0.1, 0.1)]
    return Sequential([*layers, Flatten(), Dense(num_classes, activation="softmax")])


# %% WRONG build_regularized: upside down instead -> test_augmentation
def build_regularized(input_shape, num_classes, augment=False, l2=0.0):
    layers = [keras.Input(shape=input_shape), Rescaling(1 / 255)]
    if augment:
        layers += [keras.layers.RandomFlip("vertical"), keras.layers.RandomTranslation(0.1, 0.1)]
    for filters in (16, 32):
        regularizer = keras.regularizers.L2(l2)
        layers.append(Conv2D(filters, 3, padding="same", use_bias=False, kernel_regularizer=regularizer))
        layers += [BatchNormalization(), keras.layers.Activation("relu"), MaxPooling2D()]
    return Sequential([*layers, Flatten(), Dense(num_classes, activation="softmax")])


# %% WRONG build_regularized: flipped in every direction -> test_augmentation
def build_regularized(input_shape, num_classes, augment=False, l2=0.0):
    layers = [keras.Input(shape=input_shape), Rescaling(1 / 255)]
    if augment:
        layers += [keras.layers.RandomFlip(), keras.layers.RandomTranslation(0.1, 0.1)]
    for filters in (16, 32):
        regularizer = keras.regularizers.L2(l2)
        layers.append(Conv2D(filters, 3, padding="same", use_bias=False, kernel_regularizer=regularizer))
        layers += [BatchNormalization(), keras.layers.Activation("relu"), MaxPooling2D()]
    return Sequential([*layers, Flatten(), Dense(num_classes, activation="softmax")])


# %% WRONG build_regularized: shifted sideways only -> test_augmentation
def build_regularized(input_shape, num_classes, augment=False, l2=0.0):
    layers = [keras.Input(shape=input_shape), Rescaling(1 / 255)]
    if augment:
        layers += [keras.layers.RandomFlip("horizontal"), keras.layers.RandomTranslation(0, 0.1)]
    for filters in (16, 32):
        regularizer = keras.regularizers.L2(l2)
        layers.append(Conv2D(filters, 3, padding="same", use_bias=False, kernel_regularizer=regularizer))
        layers += [BatchNormalization(), keras.layers.Activation("relu"), MaxPooling2D()]
    return Sequential([*layers, Flatten(), Dense(num_classes, activation="softmax")])


# %% RIGHT train_until_best: the mode said
def train_until_best(model, x, y, validation, patience):
    stop = keras.callbacks.EarlyStopping("val_loss", 0, patience, mode="min", restore_best_weights=True)
    settings = {"epochs": experiment_epochs, "batch_size": 64, "verbose": 0, "callbacks": [stop]}
    return model.fit(x, y, validation_data=validation, **settings)


# %% RIGHT train_until_best: the pair taken apart
def train_until_best(model, x, y, validation, patience):
    x_validation, y_validation = validation
    stop = keras.callbacks.EarlyStopping(patience=patience, restore_best_weights=True)
    model.fit(
        x,
        y,
        64,
        experiment_epochs,
        0,
        [stop],
        validation_data=(x_validation, y_validation),
    )
    return model.history


# %% RIGHT train_until_best: a callback without a list
def train_until_best(model, x, y, validation, patience):
    stop = keras.callbacks.EarlyStopping(monitor="val_loss", patience=patience, restore_best_weights=True)
    return model.fit(
        x, y, batch_size=64, epochs=experiment_epochs, validation_data=validation, callbacks=stop, verbose=0
    )


# %% RIGHT train_until_best: one callback more
def train_until_best(model, x, y, validation, patience):
    stop = keras.callbacks.EarlyStopping(monitor="val_loss", patience=patience, restore_best_weights=True, verbose=0)
    guard = keras.callbacks.TerminateOnNaN()
    return model.fit(
        x, y, batch_size=64, epochs=experiment_epochs, validation_data=validation, callbacks=[guard, stop], verbose=2
    )


# %% RIGHT train_until_best: imported where it is used
def train_until_best(model, x, y, validation, patience):
    from keras.callbacks import EarlyStopping

    callbacks = []
    callbacks.append(EarlyStopping(monitor="val_loss", patience=patience, restore_best_weights=1))
    history = model.fit(
        x=x,
        y=y,
        batch_size=64,
        epochs=experiment_epochs,
        validation_data=list(validation),
        callbacks=callbacks,
        verbose=False,
    )
    return history


# %% WRONG train_until_best: never stops -> test_early_stopping
def train_until_best(model, x, y, validation, patience):
    return model.fit(x, y, batch_size=64, epochs=experiment_epochs, validation_data=validation, verbose=0)


# %% WRONG train_until_best: by the training loss -> test_early_stopping
def train_until_best(model, x, y, validation, patience):
    stop = keras.callbacks.EarlyStopping(monitor="loss", patience=patience, restore_best_weights=True)
    return model.fit(
        x, y, batch_size=64, epochs=experiment_epochs, validation_data=validation, callbacks=[stop], verbose=0
    )


# %% WRONG train_until_best: the last weights -> test_early_stopping
def train_until_best(model, x, y, validation, patience):
    stop = keras.callbacks.EarlyStopping(monitor="val_loss", patience=patience)
    return model.fit(
        x, y, batch_size=64, epochs=experiment_epochs, validation_data=validation, callbacks=[stop], verbose=0
    )


# %% WRONG train_until_best: by the accuracy -> test_early_stopping
def train_until_best(model, x, y, validation, patience):
    stop = keras.callbacks.EarlyStopping(monitor="val_accuracy", patience=patience, restore_best_weights=True)
    return model.fit(
        x, y, batch_size=64, epochs=experiment_epochs, validation_data=validation, callbacks=[stop], verbose=0
    )


# %% WRONG train_until_best: its own patience -> test_early_stopping
def train_until_best(model, x, y, validation, patience):
    stop = keras.callbacks.EarlyStopping(monitor="val_loss", patience=4, restore_best_weights=True)
    return model.fit(
        x, y, batch_size=64, epochs=experiment_epochs, validation_data=validation, callbacks=[stop], verbose=0
    )


# %% WRONG train_until_best: a part of the training images validates -> test_early_stopping
def train_until_best(model, x, y, validation, patience):
    stop = keras.callbacks.EarlyStopping(monitor="val_loss", patience=patience, restore_best_weights=True)
    return model.fit(x, y, batch_size=64, epochs=experiment_epochs, validation_split=0.1, callbacks=[stop], verbose=0)


# %% RIGHT at_best_epoch: a list
def at_best_epoch(curves):
    losses = list(curves["val_loss"])
    best = losses.index(min(losses))
    return [best + 1, curves["accuracy"][best], curves["val_accuracy"][best]]


# %% RIGHT at_best_epoch: an array
def at_best_epoch(curves):
    best = np.argmin(curves["val_loss"])
    return np.array([best + 1, curves["accuracy"][best], curves["val_accuracy"][best]])


# %% RIGHT at_best_epoch: the smallest of tuples
def at_best_epoch(curves):
    rows = zip(curves["val_loss"], range(1, 1000), curves["accuracy"], curves["val_accuracy"])
    return min(rows)[1:]


# %% RIGHT at_best_epoch: a loop
def at_best_epoch(curves):
    epoch = 1
    for number, loss in enumerate(curves["val_loss"], start=1):
        if loss < curves["val_loss"][epoch - 1]:
            epoch = number
    return epoch, curves["accuracy"][epoch - 1], curves["val_accuracy"][epoch - 1]


# %% RIGHT at_best_epoch: sorted
def at_best_epoch(curves):
    first = sorted(range(len(curves["val_loss"])), key=curves["val_loss"].__getitem__)[0]
    return np.float64(first + 1), *(curves[name][first] for name in ("accuracy", "val_accuracy"))


# %% WRONG at_best_epoch: counted from 0 -> test_at_best_epoch
def at_best_epoch(curves):
    best = int(np.argmin(curves["val_loss"]))
    return best, curves["accuracy"][best], curves["val_accuracy"][best]


# %% WRONG at_best_epoch: the best accuracy -> test_at_best_epoch
def at_best_epoch(curves):
    best = int(np.argmax(curves["val_accuracy"]))
    return best + 1, curves["accuracy"][best], curves["val_accuracy"][best]


# %% WRONG at_best_epoch: in another order -> test_at_best_epoch
def at_best_epoch(curves):
    best = int(np.argmin(curves["val_loss"]))
    return best + 1, curves["val_accuracy"][best], curves["accuracy"][best]


# %% WRONG at_best_epoch: the last epoch -> test_at_best_epoch
def at_best_epoch(curves):
    return len(curves["val_loss"]), curves["accuracy"][-1], curves["val_accuracy"][-1]


# %% WRONG at_best_epoch: where the loss rises first -> test_at_best_epoch
def at_best_epoch(curves):
    losses = curves["val_loss"]
    for epoch in range(1, len(losses)):
        if losses[epoch] > losses[epoch - 1]:
            return epoch, curves["accuracy"][epoch - 1], curves["val_accuracy"][epoch - 1]


# %% RIGHT train: silent
def train(model, x, y):
    return model.fit(x, y, validation_split=0.1, epochs=epochs, batch_size=batch_size, verbose=0)


# %% RIGHT train: the history of the model
def train(model, x, y):
    model.fit(x, y, batch_size, epochs, validation_split=1 / 10, verbose=0)
    return model.history


# %% RIGHT train: the last tenth cut off by hand
def train(model, x, y):
    last = len(x) // 10
    return model.fit(
        x[:-last], y[:-last], batch_size=batch_size, epochs=epochs, validation_data=(x[-last:], y[-last:]), verbose=0
    )


# %% RIGHT train: with a callback
def train(model, x, y):
    lower = keras.callbacks.ReduceLROnPlateau(patience=50)
    settings = {"batch_size": batch_size, "epochs": epochs, "validation_split": 0.1, "callbacks": [lower]}
    return model.fit(x, y, verbose=0, **settings)


# %% RIGHT train: another type of labels
def train(model, x, y):
    history = model.fit(
        x=x, y=np.asarray(y).astype("int64"), batch_size=batch_size, epochs=epochs, validation_split=0.1, verbose=0
    )
    return history


# %% WRONG train: nothing returned -> test_train
def train(model, x, y):
    model.fit(x, y, batch_size=batch_size, epochs=epochs, validation_split=0.1, verbose=0)


# %% WRONG train: the dictionary of the history -> test_train
def train(model, x, y):
    return model.fit(x, y, batch_size=batch_size, epochs=epochs, validation_split=0.1, verbose=0).history


# %% WRONG train: twice the epochs -> test_train
def train(model, x, y):
    return model.fit(x, y, batch_size=batch_size, epochs=2 * epochs, validation_split=0.1, verbose=0)


# %% WRONG train: no validation -> test_train
def train(model, x, y):
    return model.fit(x, y, batch_size=batch_size, epochs=epochs, verbose=0)


# %% WRONG train: Keras's own size of batches -> test_train
def train(model, x, y):
    return model.fit(x, y, epochs=epochs, validation_split=0.1, verbose=0)


# %% WRONG train: compiled and fitted twice -> test_train
def train(model, x, y):
    model.fit(x, y, batch_size=batch_size, epochs=epochs, validation_split=0.1, verbose=0)
    model.compile(loss="sparse_categorical_crossentropy", optimizer="sgd", metrics=["accuracy"])
    return model.fit(x, y, batch_size=batch_size, epochs=epochs, validation_split=0.1, verbose=0)


# %% WRONG train: 30 % validate -> test_train
def train(model, x, y):
    return model.fit(x, y, batch_size=batch_size, epochs=epochs, validation_split=0.3, verbose=0)


# %% RIGHT run_training: in two parts
model = linear()
model.fit(x_train, y_train, batch_size=batch_size, epochs=epochs // 2, verbose=0)
history = model.fit(x_train, y_train, batch_size=batch_size, epochs=epochs // 2, validation_split=0.1, verbose=0)

# %% RIGHT run_training: a hidden layer
model = Sequential(
    [
        keras.Input((32, 32, 3)),
        Rescaling(1 / 255),
        Flatten(),
        Dense(32, activation="relu"),
        Dense(10, activation="softmax"),
    ]
)
model.compile(loss="sparse_categorical_crossentropy", optimizer="adam", metrics=["acc"])
history = model.fit(x_train, y_train, batch_size=batch_size, epochs=epochs, validation_split=0.1, verbose=0)

# %% RIGHT run_training: the functional API
_inputs = keras.Input((32, 32, 3))
model = keras.Model(_inputs, Dense(10, activation="softmax")(Flatten()(Rescaling(1 / 255)(_inputs))))
model.compile(loss="sparse_categorical_crossentropy", optimizer="nadam", metrics=["sparse_categorical_accuracy"])
history = model.fit(x_train, y_train, batch_size=batch_size, epochs=epochs, validation_split=0.1, verbose=0)

# %% RIGHT run_training: fewer epochs
model = linear()
history = model.fit(x_train, y_train, batch_size=batch_size, epochs=epochs - 1, validation_split=0.1, verbose=0)

# %% RIGHT run_training: without validation
model = linear()
history = model.fit(x_train, y_train, batch_size=batch_size, epochs=epochs, verbose=0)

# %% WRONG run_training: not trained -> test_accuracy
keras.utils.set_random_seed(SEED)
model = linear()
history = model.fit(x_train[:1], y_train[:1], verbose=0)

# %% WRONG run_training: twelve classes -> test_accuracy
model = linear(12)
history = model.fit(x_train, y_train, batch_size=batch_size, epochs=1, verbose=0)

# %% WRONG run_training: too many parameters -> test_accuracy
model = linear(120)
model = keras.Model(model.inputs, Dense(10, activation="softmax")(model.outputs[0]))
model.compile(loss="sparse_categorical_crossentropy", optimizer="adam", metrics=["accuracy"])
history = model.fit(x_train, y_train, batch_size=batch_size, epochs=1, verbose=0)

# %% WRONG run_training: an epoch more -> test_accuracy
model = linear()
history = model.fit(x_train, y_train, batch_size=batch_size, epochs=epochs + 1, verbose=0)

# %% WRONG run_training: for gray images -> test_accuracy, test_saved
model = linear(10, 1)
history = model.fit(x_train[..., :1], y_train, batch_size=batch_size, epochs=1, verbose=0)


# %% WRONG checkpoint: trained on after it was saved -> test_saved
def save_and_load(network, path):
    network.save(path)
    return keras.models.load_model(path)


saved_model = save_and_load(model, "cifar.keras")
model.set_weights([2 * weights for weights in model.get_weights()])


# %% RIGHT most_confused: a matrix
def most_confused(labels, predicted, k):
    size = max(labels.max(), predicted.max()) + 1
    counts = np.zeros((size, size), dtype=int)
    np.add.at(counts, (labels, predicted), 1)
    np.fill_diagonal(counts, 0)
    places = np.argsort(counts, axis=None)[::-1][:k]
    rows, columns = np.unravel_index(places, counts.shape)
    return list(zip(rows, columns, counts[rows, columns]))


# %% RIGHT most_confused: a dictionary
def most_confused(labels, predicted, k):
    counts = {}
    for true, said in zip(labels.tolist(), predicted.tolist()):
        if true != said:
            counts[true, said] = counts.get((true, said), 0) + 1
    ordered = sorted(counts.items(), key=lambda item: item[1], reverse=True)
    return [(*pair, count) for pair, count in ordered[:k]]


# %% RIGHT most_confused: unique rows
def most_confused(labels, predicted, k):
    wrong = labels != predicted
    pairs, counts = np.unique(np.stack([labels, predicted], axis=1)[wrong], axis=0, return_counts=True)
    order = np.argsort(-counts)[:k]
    return [tuple(map(int, (*pairs[i], counts[i]))) for i in order]


# %% RIGHT most_confused: lists of three
def most_confused(labels, predicted, k):
    result = []
    for true in set(labels):
        for said in set(predicted):
            if true != said:
                result.append([true, said, np.sum((labels == true) & (predicted == said))])
    result.sort(key=lambda row: -row[2])
    return result[:k]


# %% RIGHT most_confused: an array
def most_confused(labels, predicted, k):
    import collections

    counter = collections.Counter(zip(labels[labels != predicted].tolist(), predicted[labels != predicted].tolist()))
    return np.array([[a, b, n] for (a, b), n in counter.most_common()][:k])


# %% WRONG most_confused: right ones counted too -> test_most_confused
def most_confused(labels, predicted, k):
    from collections import Counter

    return [(a, b, n) for (a, b), n in Counter(zip(labels, predicted)).most_common(k)]


# %% WRONG most_confused: predicted before true -> test_most_confused
def most_confused(labels, predicted, k):
    from collections import Counter

    pairs = Counter((b, a) for a, b in zip(labels, predicted) if a != b)
    return [(a, b, n) for (a, b), n in pairs.most_common(k)]


# %% WRONG most_confused: the rarest first -> test_most_confused
def most_confused(labels, predicted, k):
    from collections import Counter

    pairs = Counter((a, b) for a, b in zip(labels, predicted) if a != b)
    return [(a, b, n) for (a, b), n in pairs.most_common()[::-1][:k]]


# %% WRONG most_confused: without the counts -> test_most_confused
def most_confused(labels, predicted, k):
    from collections import Counter

    return [pair for pair, _ in Counter((a, b) for a, b in zip(labels, predicted) if a != b).most_common(k)]


# %% WRONG most_confused: always two -> test_most_confused
def most_confused(labels, predicted, k):
    from collections import Counter

    pairs = Counter((a, b) for a, b in zip(labels, predicted) if a != b)
    return [(a, b, n) for (a, b), n in pairs.most_common(2)]


# %% WRONG most_confused: codes that overflow -> test_most_confused
def most_confused(labels, predicted, k):
    wrong = labels != predicted
    codes, counts = np.unique(labels[wrong] * 20 + predicted[wrong], return_counts=True)
    order = np.argsort(counts)[::-1][:k]
    return [(code // 20, code % 20, count) for code, count in zip(codes[order], counts[order])]


# %% RIGHT top_k_accuracy: image by image
def top_k_accuracy(probabilities, labels, k):
    hits = 0
    for row, label in zip(probabilities, labels):
        hits += label in np.argsort(row)[::-1][:k]
    return hits / len(labels)


# %% RIGHT top_k_accuracy: how many are more probable
def top_k_accuracy(probabilities, labels, k):
    own = probabilities[np.arange(len(labels)), labels]
    return ((probabilities > own[:, np.newaxis]).sum(axis=1) < k).mean()


# %% RIGHT top_k_accuracy: negated
def top_k_accuracy(probabilities, labels, k):
    return float(np.any(np.argsort(-probabilities, axis=1)[:, :k] == labels.reshape(-1, 1), axis=1).mean())


# %% RIGHT top_k_accuracy: partly sorted
def top_k_accuracy(probabilities, labels, k):
    best = np.argpartition(probabilities, -k, axis=-1)[:, -k:]
    return np.float32((best == labels[:, None]).sum() / len(best))


# %% RIGHT top_k_accuracy: by TensorFlow
def top_k_accuracy(probabilities, labels, k):
    best = tf.math.top_k(probabilities, k).indices.numpy()
    return sum(label in row for label, row in zip(labels, best)) / labels.size


# %% WRONG top_k_accuracy: the least probable -> test_top_k_accuracy
def top_k_accuracy(probabilities, labels, k):
    return np.mean((np.argsort(probabilities, axis=1)[:, :k] == labels[:, np.newaxis]).any(axis=1))


# %% WRONG top_k_accuracy: the k-th only -> test_top_k_accuracy
def top_k_accuracy(probabilities, labels, k):
    return np.mean(np.argsort(probabilities, axis=1)[:, -k] == labels)


# %% WRONG top_k_accuracy: any label -> test_top_k_accuracy
def top_k_accuracy(probabilities, labels, k):
    return np.mean([any(best in labels for best in row[-k:]) for row in np.argsort(probabilities, axis=1)])


# %% WRONG top_k_accuracy: a count -> test_top_k_accuracy
def top_k_accuracy(probabilities, labels, k):
    return np.sum(np.argsort(probabilities, axis=1)[:, -k:] == labels[:, np.newaxis])


# %% WRONG top_k_accuracy: percent -> test_top_k_accuracy
def top_k_accuracy(probabilities, labels, k):
    return 100 * np.mean((np.argsort(probabilities, axis=1)[:, -k:] == labels[:, np.newaxis]).any(axis=1))


# %% WRONG top_k_accuracy: for three classes only -> test_top_k_accuracy
def top_k_accuracy(probabilities, labels, k):
    return np.mean((np.argsort(probabilities, axis=1)[:, 3 - k :] == labels[:, np.newaxis]).any(axis=1))


# %% RIGHT equal_units: a loop upward
def head_parameters(features, units, classes):
    return features * units + units + units * classes + classes


def equal_units(features, units, classes, other_classes):
    most = 0
    while head_parameters(features, most + 1, other_classes) <= head_parameters(features, units, classes):
        most += 1
    return most


# %% RIGHT equal_units: a loop downward
def head_parameters(features, units, classes):
    return (features + 1) * units + (units + 1) * classes


def equal_units(features, units, classes, other_classes):
    found = units * classes * other_classes
    while head_parameters(features, found, other_classes) > head_parameters(features, units, classes):
        found -= 1
    return found


# %% RIGHT equal_units: NumPy
def head_parameters(features, units, classes):
    return np.prod([features, units]) + units + np.prod([units, classes]) + classes


def equal_units(features, units, classes, other_classes):
    return np.floor((head_parameters(features, units, classes) - other_classes) / (features + 1 + other_classes))


# %% RIGHT equal_units: counted by Keras
def head_parameters(features, units, classes):
    return Sequential([keras.Input((features,)), Dense(units), Dense(classes)]).count_params()


def equal_units(features, units, classes, other_classes):
    budget = head_parameters(features, units, classes)
    return int((budget - other_classes) / (features + other_classes + 1))


# %% RIGHT equal_units: the largest of those that fit
def head_parameters(features, units, classes):
    return sum(n * (m + 1) for m, n in ((features, units), (units, classes)))


def equal_units(features, units, classes, other_classes):
    budget = head_parameters(features, units, classes)
    return max(n for n in range(10 * units) if head_parameters(features, n, other_classes) <= budget)


# %% WRONG equal_units: without biases -> test_equal_units
def head_parameters(features, units, classes):
    return units * features + classes * units


def equal_units(features, units, classes, other_classes):
    return head_parameters(features, units, classes) // (features + other_classes)


# %% WRONG equal_units: one layer's biases -> test_equal_units
def head_parameters(features, units, classes):
    return units * (features + 1) + classes * units


def equal_units(features, units, classes, other_classes):
    return head_parameters(features, units, classes) // (features + 1 + other_classes)


# %% WRONG equal_units: rounded up -> test_equal_units
def head_parameters(features, units, classes):
    return units * (features + 1) + classes * (units + 1)


def equal_units(features, units, classes, other_classes):
    return round((head_parameters(features, units, classes) - other_classes) / (features + 1 + other_classes))


# %% WRONG equal_units: the first that doesn't fit -> test_equal_units
def head_parameters(features, units, classes):
    return units * (features + 1) + classes * (units + 1)


def equal_units(features, units, classes, other_classes):
    most = 0
    while head_parameters(features, most, other_classes) <= head_parameters(features, units, classes):
        most += 1
    return most


# %% WRONG equal_units: never more than before -> test_equal_units
def head_parameters(features, units, classes):
    return units * (features + 1) + classes * (units + 1)


def equal_units(features, units, classes, other_classes):
    budget = head_parameters(features, units, classes)
    return max(n for n in range(units + 1) if head_parameters(features, n, other_classes) <= budget)


# %% RIGHT superclasses: a loop
def superclasses(fine, coarse):
    result = np.zeros(len(set(fine)), dtype="int64")
    for i in range(len(fine)):
        result[fine[i]] = coarse[i]
    return result


def to_superclasses(predicted, superclass):
    return np.array([superclass[label] for label in predicted])


# %% RIGHT superclasses: where each class comes first
def superclasses(fine, coarse):
    return coarse[np.unique(fine, return_index=True)[1]]


def to_superclasses(predicted, superclass):
    return np.take(superclass, predicted)


# %% RIGHT superclasses: a dictionary
def superclasses(fine, coarse):
    table = dict(zip(fine.tolist(), coarse.tolist()))
    return np.array([table[label] for label in sorted(table)])


def to_superclasses(predicted, superclass):
    return np.array(list(map(superclass.__getitem__, predicted)))


# %% RIGHT superclasses: sorted by class
def superclasses(fine, coarse):
    order = np.argsort(fine, kind="stable")
    fine, coarse = fine[order], coarse[order]
    return coarse[np.concatenate([[True], fine[1:] != fine[:-1]])]


def to_superclasses(predicted, superclass):
    return superclass.take(predicted)


# %% RIGHT superclasses: class by class
def superclasses(fine, coarse):
    return np.array([coarse[fine == label][0] for label in range(int(fine.max()) + 1)], dtype="uint8")


def to_superclasses(predicted, superclass):
    one_hot = np.eye(len(superclass), dtype=int)[predicted]
    return one_hot @ superclass


# %% WRONG superclasses: the superclasses that there are -> test_superclasses
def superclasses(fine, coarse):
    return np.unique(coarse)


def to_superclasses(predicted, superclass):
    return superclass[predicted]


# %% WRONG superclasses: an entry per image -> test_superclasses
def superclasses(fine, coarse):
    return coarse[fine]


def to_superclasses(predicted, superclass):
    return superclass[predicted]


# %% WRONG superclasses: in the order of the images -> test_superclasses
def superclasses(fine, coarse):
    return np.array(list(dict(zip(fine.tolist(), coarse.tolist())).values()))


def to_superclasses(predicted, superclass):
    return superclass[predicted]


# %% WRONG superclasses: neighbors belong together -> test_superclasses
def superclasses(fine, coarse):
    result = np.zeros(fine.max() + 1, dtype=int)
    result[fine] = coarse
    return np.sort(result)


def to_superclasses(predicted, superclass):
    return superclass[predicted]


# %% WRONG superclasses: five classes each, in their order -> test_superclasses
def superclasses(fine, coarse):
    result = np.zeros(fine.max() + 1, dtype=int)
    result[fine] = coarse
    return result


def to_superclasses(predicted, superclass):
    return predicted // 5


# %% WRONG superclasses: the classes of a superclass -> test_superclasses
def superclasses(fine, coarse):
    result = np.zeros(fine.max() + 1, dtype=int)
    result[fine] = coarse
    return result


def to_superclasses(predicted, superclass):
    return np.flatnonzero(np.isin(superclass, predicted))


# %% RIGHT flatten_labels: transposed
def flatten_labels(labels):
    (row,) = np.transpose(labels)
    return row


# %% RIGHT flatten_labels: joined
def flatten_labels(labels):
    return np.concatenate(list(labels))


# %% WRONG flatten_labels: the first column of what is flat already -> test_flatten_labels
def flatten_labels(labels):
    return labels[0]


# %% WRONG answers: in the other order -> test_answer_first_layer, test_answer_megabytes
answer_first_layer = [896, 320]
answer_megabytes = [614.4, 153.6]


# %% RIGHT build_model: one pooling layer and one activation used twice
def build_model(input_shape, num_classes):
    pooling, relu = MaxPooling2D(), keras.layers.ReLU()
    inputs = keras.Input(shape=input_shape)
    x = Rescaling(1 / 255)(inputs)
    for filters in (16, 32):
        x = pooling(relu(Conv2D(filters, 3, padding="same")(x)))
    return keras.Model(inputs, Dense(num_classes, activation="softmax")(Flatten()(x)))


# %% RIGHT build_model: the image and its mirror image through the same convolution
def build_model(input_shape, num_classes):
    convolution = Conv2D(16, 5, strides=2, activation="relu")
    inputs = keras.Input(shape=input_shape)
    x = Rescaling(1 / 255)(inputs)
    x = keras.layers.maximum([convolution(x), convolution(keras.ops.flip(x, axis=2))])
    return keras.Model(inputs, Dense(num_classes, activation="softmax")(Flatten()(x)))


# %% RIGHT build_model: separable convolutions after the first
def build_model(input_shape, num_classes):
    model = Sequential(name="mine")
    model.add(keras.layers.InputLayer(shape=input_shape))
    model.add(Rescaling(1 / 255))
    model.add(Conv2D(16, 3, activation="gelu", kernel_initializer="he_normal"))
    model.add(keras.layers.SeparableConv2D(32, 3, activation="gelu"))
    model.add(keras.layers.GlobalAveragePooling2D())
    model.add(keras.layers.LayerNormalization())
    model.add(Dense(units=num_classes, activation=keras.activations.softmax))
    return model


# %% WRONG build_model: scaled to -1 to 1 -> test_raw
def build_model(input_shape, num_classes):
    layers = [keras.Input(shape=input_shape), Rescaling(1 / 127.5, offset=-1), Conv2D(32, 3, activation="relu")]
    return Sequential([*layers, MaxPooling2D(4), Flatten(), Dense(num_classes, activation="softmax")])


# %% WRONG build_model: no activation at the end -> test_sizes
def build_model(input_shape, num_classes):
    layers = [keras.Input(shape=input_shape), Rescaling(1 / 255), Conv2D(32, 3, activation="relu")]
    return Sequential([*layers, MaxPooling2D(4), Flatten(), Dense(num_classes)])


# %% WRONG build_model: a network, but not returned -> test_channels, test_sizes, test_budget, test_raw, test_classes
def build_model(input_shape, num_classes):
    Sequential([keras.Input(shape=input_shape), Rescaling(1 / 255), Conv2D(32, 3), Flatten(), Dense(num_classes)])


# %% WRONG compile_model: a copy is compiled -> test_compile
def compile_model(model):
    compiled = keras.models.clone_model(model)
    compiled.compile(loss="sparse_categorical_crossentropy", optimizer="adam", metrics=["accuracy"])
    return compiled


# %% WRONG compile_model: another metric -> test_compile
def compile_model(model):
    top = keras.metrics.SparseTopKCategoricalAccuracy(k=2)
    model.compile(loss="sparse_categorical_crossentropy", optimizer="adam", metrics=[top])
    return model


# %% RIGHT compile_model: everything by keyword
def compile_model(model):
    rate = keras.optimizers.schedules.PiecewiseConstantDecay([1000, 2000], [0.003, 0.001, 0.0003])
    optimizer = keras.optimizers.Adam(learning_rate=rate, clipnorm=1.0)
    model.compile(optimizer=optimizer, loss=["sparse_categorical_crossentropy"], metrics=[["accuracy"]])
    return model


# %% RIGHT overfit: whichever name the metric has
def overfit(model, x, y, epochs):
    curves = model.fit(x[:20], y[:20], batch_size=20, epochs=epochs, verbose=2, shuffle=False).history
    (name,) = [name for name in curves if "acc" in name]
    best = curves[name][0]
    for accuracy in curves[name][1:]:
        if accuracy > best:
            best = accuracy
    return best


# %% WRONG overfit: in percent -> test_overfit
def overfit(model, x, y, epochs):
    return 100 * max(model.fit(x[:20], y[:20], batch_size=20, epochs=epochs, verbose=0).history["accuracy"])


# %% WRONG overfit: evaluated afterwards -> test_overfit
def overfit(model, x, y, epochs):
    model.fit(x[:20], y[:20], batch_size=20, epochs=epochs, verbose=0)
    return model.evaluate(x[:20], y[:20], verbose=0)[1]


# %% WRONG overfit: the last 20 -> test_overfit
def overfit(model, x, y, epochs):
    return max(model.fit(x[-20:], y[-20:], batch_size=20, epochs=epochs, verbose=0).history["accuracy"])


# %% WRONG overfit: 19 images -> test_overfit
def overfit(model, x, y, epochs):
    return max(model.fit(x[:19], y[:19], batch_size=20, epochs=epochs, verbose=0).history["accuracy"])


# %% WRONG overfit: always ten epochs -> test_overfit
def overfit(model, x, y, epochs):
    return max(model.fit(x[:20], y[:20], batch_size=20, epochs=10, verbose=0).history["accuracy"])


# %% RIGHT sweep: masked
def sweep(build, rates, x, y):
    def last_loss(rate):
        keras.utils.set_random_seed(SEED)
        network = build()
        optimizer = keras.optimizers.get({"class_name": "Adam", "config": {"learning_rate": rate}})
        network.compile(loss="sparse_categorical_crossentropy", optimizer=optimizer)
        network.fit(x, y, batch_size=batch_size, epochs=3, verbose=0)
        return network.history.history["loss"][-1]

    return list(map(last_loss, rates))


def best_rate(rates, losses):
    return dict(zip(losses, rates))[min(loss for loss in losses if loss < float("inf"))]


# %% WRONG sweep: the smallest rate -> test_best_rate
def best_rate(rates, losses):
    return min(rates)


# %% WRONG sweep: the place of the rate -> test_best_rate
def best_rate(rates, losses):
    return np.nanargmin(losses)


# %% WRONG sweep: the smallest loss itself -> test_best_rate
def best_rate(rates, losses):
    return np.nanmin(losses)


# %% WRONG sweep: a rate without a loss counts as 0 -> test_best_rate
def best_rate(rates, losses):
    return rates[np.argmin(np.nan_to_num(losses))]


# %% WRONG sweep: the largest loss -> test_best_rate
def best_rate(rates, losses):
    return rates[np.nanargmax(losses)]


# %% WRONG sweep: two epochs -> test_sweep
def sweep(build, rates, x, y):
    losses = []
    for rate in rates:
        keras.utils.set_random_seed(SEED)
        network = build()
        network.compile(loss="sparse_categorical_crossentropy", optimizer=Adam(learning_rate=rate))
        losses.append(network.fit(x, y, batch_size=batch_size, epochs=2, verbose=0).history["loss"][-1])
    return losses


# %% WRONG sweep: Keras's own size of batches -> test_sweep
def sweep(build, rates, x, y):
    losses = []
    for rate in rates:
        keras.utils.set_random_seed(SEED)
        network = build()
        network.compile(loss="sparse_categorical_crossentropy", optimizer=Adam(learning_rate=rate))
        losses.append(network.fit(x, y, epochs=3, verbose=0).history["loss"][-1])
    return losses


# %% WRONG build_regularized: no softmax -> test_normalization
def build_regularized(input_shape, num_classes, augment=False, l2=0.0):
    layers = [keras.Input(shape=input_shape), Rescaling(1 / 255)]
    if augment:
        layers += [keras.layers.RandomFlip("horizontal"), keras.layers.RandomTranslation(0.1, 0.1)]
    for filters in (16, 32):
        regularizer = keras.regularizers.L2(l2)
        layers.append(Conv2D(filters, 3, padding="same", use_bias=False, kernel_regularizer=regularizer))
        layers += [BatchNormalization(), keras.layers.Activation("relu"), MaxPooling2D()]
    return Sequential([*layers, Flatten(), Dense(num_classes)])


# %% WRONG build_regularized: always the size and the classes of CIFAR-10 -> test_normalization
def build_regularized(input_shape, num_classes, augment=False, l2=0.0):
    layers = [keras.Input(shape=(32, 32, 3)), Rescaling(1 / 255)]
    if augment:
        layers += [keras.layers.RandomFlip("horizontal"), keras.layers.RandomTranslation(0.1, 0.1)]
    for filters in (16, 32):
        regularizer = keras.regularizers.L2(l2)
        layers.append(Conv2D(filters, 3, padding="same", use_bias=False, kernel_regularizer=regularizer))
        layers += [BatchNormalization(), keras.layers.Activation("relu"), MaxPooling2D()]
    return Sequential([*layers, Flatten(), Dense(10, activation="softmax")])


# %% WRONG build_regularized: multiplied by 255 -> test_normalization
def build_regularized(input_shape, num_classes, augment=False, l2=0.0):
    layers = [keras.Input(shape=input_shape), Rescaling(255)]
    if augment:
        layers += [keras.layers.RandomFlip("horizontal"), keras.layers.RandomTranslation(0.1, 0.1)]
    for filters in (16, 32):
        regularizer = keras.regularizers.L2(l2)
        layers.append(Conv2D(filters, 3, padding="same", use_bias=False, kernel_regularizer=regularizer))
        layers += [BatchNormalization(), keras.layers.Activation("relu"), MaxPooling2D()]
    return Sequential([*layers, Flatten(), Dense(num_classes, activation="softmax")])


# %% WRONG build_regularized: no scaling -> test_normalization, test_augmentation
def build_regularized(input_shape, num_classes, augment=False, l2=0.0):
    layers = [keras.Input(shape=input_shape)]
    if augment:
        layers += [keras.layers.RandomFlip("horizontal"), keras.layers.RandomTranslation(0.1, 0.1)]
    for filters in (16, 32):
        regularizer = keras.regularizers.L2(l2)
        layers.append(Conv2D(filters, 3, padding="same", use_bias=False, kernel_regularizer=regularizer))
        layers += [BatchNormalization(), keras.layers.Activation("relu"), MaxPooling2D()]
    return Sequential([*layers, Flatten(), Dense(num_classes, activation="softmax")])


# %% WRONG build_regularized: half the shift -> test_augmentation
def build_regularized(input_shape, num_classes, augment=False, l2=0.0):
    layers = [keras.Input(shape=input_shape), Rescaling(1 / 255)]
    if augment:
        layers += [keras.layers.RandomFlip("horizontal"), keras.layers.RandomTranslation(0.05, 0.05)]
    for filters in (16, 32):
        regularizer = keras.regularizers.L2(l2)
        layers.append(Conv2D(filters, 3, padding="same", use_bias=False, kernel_regularizer=regularizer))
        layers += [BatchNormalization(), keras.layers.Activation("relu"), MaxPooling2D()]
    return Sequential([*layers, Flatten(), Dense(num_classes, activation="softmax")])


# %% WRONG build_regularized: augmented before the scaling -> test_augmentation
def build_regularized(input_shape, num_classes, augment=False, l2=0.0):
    layers = [keras.Input(shape=input_shape)]
    if augment:
        layers += [keras.layers.RandomFlip("horizontal"), keras.layers.RandomTranslation(0.1, 0.1)]
    layers.append(Rescaling(1 / 255))
    for filters in (16, 32):
        regularizer = keras.regularizers.L2(l2)
        layers.append(Conv2D(filters, 3, padding="same", use_bias=False, kernel_regularizer=regularizer))
        layers += [BatchNormalization(), keras.layers.Activation("relu"), MaxPooling2D()]
    return Sequential([*layers, Flatten(), Dense(num_classes, activation="softmax")])


# %% WRONG build_regularized: L1 -> test_l2
def build_regularized(input_shape, num_classes, augment=False, l2=0.0):
    layers = [keras.Input(shape=input_shape), Rescaling(1 / 255)]
    if augment:
        layers += [keras.layers.RandomFlip("horizontal"), keras.layers.RandomTranslation(0.1, 0.1)]
    for filters in (16, 32):
        regularizer = keras.regularizers.L1(l2)
        layers.append(Conv2D(filters, 3, padding="same", use_bias=False, kernel_regularizer=regularizer))
        layers += [BatchNormalization(), keras.layers.Activation("relu"), MaxPooling2D()]
    return Sequential([*layers, Flatten(), Dense(num_classes, activation="softmax")])


# %% WRONG build_regularized: the first convolution only -> test_l2
def build_regularized(input_shape, num_classes, augment=False, l2=0.0):
    layers = [keras.Input(shape=input_shape), Rescaling(1 / 255)]
    if augment:
        layers += [keras.layers.RandomFlip("horizontal"), keras.layers.RandomTranslation(0.1, 0.1)]
    for filters, regularizer in ((16, keras.regularizers.L2(l2)), (32, None)):
        layers.append(Conv2D(filters, 3, padding="same", use_bias=False, kernel_regularizer=regularizer))
        layers += [BatchNormalization(), keras.layers.Activation("relu"), MaxPooling2D()]
    return Sequential([*layers, Flatten(), Dense(num_classes, activation="softmax")])


# %% RIGHT build_regularized: one pooling layer used twice
def build_regularized(input_shape, num_classes, augment=False, l2=0.0):
    relu, pooling = keras.layers.Activation("relu"), MaxPooling2D()
    inputs = keras.Input(shape=input_shape)
    x = Rescaling(1 / 255)(inputs)
    if augment:
        x = keras.layers.RandomTranslation(0.1, 0.1)(keras.layers.RandomFlip("horizontal")(x))
    for filters in (16, 32):
        regularizer = keras.regularizers.L2(l2)
        x = Conv2D(filters, 3, padding="same", use_bias=False, kernel_regularizer=regularizer)(x)
        x = pooling(relu(BatchNormalization()(x)))
    return keras.Model(inputs, Dense(num_classes, activation="softmax")(Flatten()(x)))


# %% WRONG train_until_best: Keras's own size of batches -> test_early_stopping
def train_until_best(model, x, y, validation, patience):
    stop = keras.callbacks.EarlyStopping(monitor="val_loss", patience=patience, restore_best_weights=True)
    return model.fit(x, y, epochs=experiment_epochs, validation_data=validation, callbacks=[stop], verbose=0)


# %% WRONG train_until_best: the training images validate -> test_early_stopping
def train_until_best(model, x, y, validation, patience):
    stop = keras.callbacks.EarlyStopping(monitor="val_loss", patience=patience, restore_best_weights=True)
    return model.fit(x, y, batch_size=64, epochs=experiment_epochs, validation_data=(x, y), callbacks=[stop], verbose=0)


# %% WRONG train_until_best: the largest loss is the best -> test_early_stopping
def train_until_best(model, x, y, validation, patience):
    stop = keras.callbacks.EarlyStopping("val_loss", patience=patience, mode="max", restore_best_weights=True)
    return model.fit(
        x, y, batch_size=64, epochs=experiment_epochs, validation_data=validation, callbacks=[stop], verbose=0
    )


# %% WRONG train_until_best: nothing returned -> test_early_stopping
def train_until_best(model, x, y, validation, patience):
    stop = keras.callbacks.EarlyStopping(monitor="val_loss", patience=patience, restore_best_weights=True)
    model.fit(x, y, batch_size=64, epochs=experiment_epochs, validation_data=validation, callbacks=[stop], verbose=0)


# %% RIGHT at_best_epoch: from a table
def at_best_epoch(curves):
    table = np.array([curves["val_loss"], curves["accuracy"], curves["val_accuracy"]])
    column = table[:, table[0].argmin()]
    return 1 + int(table[0].argmin()), *column[1:].tolist()


# %% WRONG at_best_epoch: accuracies of the epoch after it -> test_at_best_epoch
def at_best_epoch(curves):
    epoch = int(np.argmin(curves["val_loss"])) + 1
    return epoch, curves["accuracy"][epoch], curves["val_accuracy"][epoch]


# %% WRONG at_best_epoch: rounded -> test_at_best_epoch
def at_best_epoch(curves):
    best = int(np.argmin(curves["val_loss"]))
    return best + 1, round(curves["accuracy"][best], 2), round(curves["val_accuracy"][best], 2)


# %% RIGHT train: stops early
def train(model, x, y):
    stop = keras.callbacks.EarlyStopping(patience=3, restore_best_weights=True)
    settings = {"epochs": epochs, "batch_size": batch_size, "validation_split": 0.1, "verbose": 2}
    return model.fit(x, y, callbacks=[stop], **settings)


# %% WRONG train: the last tenth validates, but is learned as well -> test_train
def train(model, x, y):
    last = len(x) // 10
    return model.fit(x, y, batch_size=batch_size, epochs=epochs, validation_data=(x[-last:], y[-last:]), verbose=0)


# %% WRONG train: the test images validate -> test_train
def train(model, x, y):
    return model.fit(x, y, batch_size=batch_size, epochs=epochs, validation_data=(x_test, y_test), verbose=0)


# %% WRONG train: the network and the images of the notebook -> test_train
def train(model, x, y):
    return globals()["model"].fit(
        x_train, y_train, batch_size=batch_size, epochs=epochs, validation_split=0.1, verbose=0
    )


# %% RIGHT most_confused: TensorFlow's matrix
def most_confused(labels, predicted, k):
    matrix = tf.math.confusion_matrix(labels, predicted).numpy()
    found = [(i, j, matrix[i, j]) for i in range(len(matrix)) for j in range(len(matrix)) if i != j]
    return sorted(found, key=lambda one: one[2])[::-1][:k]


# %% RIGHT most_confused: the largest taken out one by one
def most_confused(labels, predicted, k):
    n = int(max(labels.max(), predicted.max())) + 1
    counts = np.bincount(labels.astype(int) * n + predicted, minlength=n * n).reshape(n, n)
    counts[np.diag_indices(n)] = 0
    found = []
    while len(found) < k:
        row, column = np.unravel_index(counts.argmax(), counts.shape)
        found.append((row, column, int(counts[row, column])))
        counts[row, column] = 0
    return found


# %% WRONG most_confused: both directions together -> test_most_confused
def most_confused(labels, predicted, k):
    from collections import Counter

    pairs = Counter(tuple(sorted((int(a), int(b)))) for a, b in zip(labels, predicted) if a != b)
    return [(a, b, n) for (a, b), n in pairs.most_common(k)]


# %% WRONG most_confused: as Counter gives them -> test_most_confused
def most_confused(labels, predicted, k):
    from collections import Counter

    return Counter((int(a), int(b)) for a, b in zip(labels, predicted) if a != b).most_common(k)


# %% WRONG most_confused: for ten classes only -> test_most_confused
def most_confused(labels, predicted, k):
    counts = np.zeros((10, 10), dtype=int)
    np.add.at(counts, (labels, predicted), 1)
    np.fill_diagonal(counts, 0)
    order = np.argsort(counts, axis=None)[::-1][:k]
    return [(i // 10, i % 10, counts[i // 10, i % 10]) for i in order]


# %% RIGHT top_k_accuracy: by Keras
def top_k_accuracy(probabilities, labels, k):
    hits = keras.metrics.sparse_top_k_categorical_accuracy(labels, probabilities.astype("float32"), k=k)
    return keras.ops.mean(hits)


# %% RIGHT top_k_accuracy: the k best one by one, from a copy
def top_k_accuracy(probabilities, labels, k):
    left, rows = probabilities.copy(), np.arange(len(labels))
    hits = np.zeros(len(labels), dtype=bool)
    for _ in range(k):
        best = left.argmax(axis=1)
        hits |= best == labels
        left[rows, best] = -1
    return np.count_nonzero(hits) / len(hits)


# %% RIGHT top_k_accuracy: the place of the label
def top_k_accuracy(probabilities, labels, k):
    places = np.argsort(np.argsort(probabilities)[:, ::-1], axis=1)
    return np.average(np.take_along_axis(places, labels[:, np.newaxis], axis=1) < k)


# %% WRONG top_k_accuracy: changes what it was given -> test_top_k_accuracy
def top_k_accuracy(probabilities, labels, k):
    hits = np.zeros(len(labels), dtype=bool)
    for _ in range(k):
        best = probabilities.argmax(axis=1)
        hits |= best == labels
        probabilities[np.arange(len(labels)), best] = -1
    return hits.mean()


# %% WRONG top_k_accuracy: always five -> test_top_k_accuracy
def top_k_accuracy(probabilities, labels, k):
    return np.mean((np.argsort(probabilities, axis=1)[:, -5:] == labels[:, np.newaxis]).any(axis=1))


# %% RIGHT equal_units: by halving
def head_parameters(features, units, classes):
    return units * (features + 1 + classes) + classes


def equal_units(features, units, classes, other_classes):
    budget, low, high = head_parameters(features, units, classes), 0, 100 * units
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if head_parameters(features, middle, other_classes) <= budget else (low, middle)
    return low


# %% WRONG equal_units: the last biases forgotten -> test_equal_units
def equal_units(features, units, classes, other_classes):
    return head_parameters(features, units, classes) // (features + 1 + other_classes)


# %% WRONG equal_units: as many units -> test_equal_units
def equal_units(features, units, classes, other_classes):
    return units


# %% WRONG equal_units: not a whole number -> test_equal_units
def equal_units(features, units, classes, other_classes):
    return (head_parameters(features, units, classes) - other_classes) / (features + 1 + other_classes)


# %% RIGHT superclasses: the mean of equal numbers
def superclasses(fine, coarse):
    result = np.full(int(max(fine)) + 1, -1)
    for label, one in set(zip(fine.tolist(), coarse.tolist())):
        result[label] = one
    return result


def to_superclasses(predicted, superclass):
    return np.asarray([int(superclass[int(label)]) for label in predicted])


# %% WRONG superclasses: not whole numbers -> test_superclasses
def superclasses(fine, coarse):
    result = np.zeros(fine.max() + 1)
    result[fine] = coarse
    return result


# %% WRONG superclasses: always a hundred classes -> test_superclasses
def superclasses(fine, coarse):
    result = np.zeros(100, dtype=int)
    result[fine] = coarse
    return result


# %% WRONG superclasses: a dictionary, not an array -> test_superclasses
def superclasses(fine, coarse):
    return dict(zip(fine.tolist(), coarse.tolist()))


# %% WRONG superclasses: the superclass first -> test_superclasses
def to_superclasses(predicted, superclass):
    return predicted[superclass]
