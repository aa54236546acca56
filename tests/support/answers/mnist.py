"""Answers to the exercises of mnist; see answering.py."""

# %% AFTER load: few epochs
epochs = 3

# %% GIVEN run_training: half of the images, in larger steps, as often as ten epochs would
compile_model(model)
model.optimizer.learning_rate = 0.003
for _ in range(4):
    history = train(model, x_train[:800], y_train[:800])


# Exercise 1


# %% RIGHT preprocess: a new axis by indexing
def preprocess(images):
    return images.astype("float32")[..., np.newaxis] / 255


# %% RIGHT preprocess: reshaped, with the shape's own sizes
def preprocess(images):
    n, height, width = images.shape
    return (images / 255).astype(np.float32).reshape((n, height, width, 1))


# %% RIGHT preprocess: image by image
def preprocess(images):
    result = np.zeros((*images.shape, 1), dtype="float32")
    for i, image in enumerate(images):
        result[i, :, :, 0] = image * (1 / 255)
    return result


# %% RIGHT preprocess: in place, on its own copy
def preprocess(images):
    images = np.array(images, dtype=np.float32)
    images /= 255.0
    images.shape = (*images.shape, 1)
    return images


# %% RIGHT preprocess: by a layer of Keras
def preprocess(images):
    return np.array(keras.layers.Rescaling(1 / 255)(np.stack([images], axis=3)))


# %% RIGHT preprocess: reshaped with -1
def preprocess(images):
    scaled = np.true_divide(images, np.float32(255), dtype="float32")
    return np.reshape(scaled, (-1, scaled.shape[1], scaled.shape[2], 1))


# %% WRONG preprocess: without the last axis -> test_preprocess
def preprocess(images):
    return images.astype("float32") / 255


# %% WRONG preprocess: not divided -> test_preprocess
def preprocess(images):
    return np.expand_dims(images.astype("float32"), axis=-1)


# %% WRONG preprocess: divided by the largest value that is there -> test_preprocess
def preprocess(images):
    return np.expand_dims(images.astype("float32") / images.max(), axis=-1)


# %% WRONG preprocess: float64 -> test_preprocess
def preprocess(images):
    return (images / 255)[..., np.newaxis]


# %% WRONG preprocess: a single image only -> test_preprocess
def preprocess(images):
    return images.astype("float32").reshape(1, -1, images.shape[2], 1) / 255


# %% WRONG preprocess: the first image for all -> test_preprocess
def preprocess(images):
    result = np.zeros((*images.shape, 1), dtype="float32")
    for row in result:
        row[..., 0] = images[0] / 255
    return result


# %% WRONG preprocess: the images given are changed as well -> test_preprocess
def preprocess(images):
    prepared = images.astype("float32")[..., np.newaxis] / 255
    images[images < 128] = 0
    return prepared


# %% WRONG preprocess: each image turned by a quarter where it is square -> test_preprocess, test_accuracy
def preprocess(images):
    scaled = images.astype("float32") / 255
    if images.shape[1] == images.shape[2]:
        scaled = scaled.transpose(0, 2, 1)
    return scaled[..., np.newaxis]


# %% RIGHT preprocess: by TensorFlow, back to NumPy
def preprocess(images):
    return tf.image.convert_image_dtype(images[..., None], tf.float32).numpy()


# %% RIGHT preprocess: interpolated
def preprocess(images):
    return np.interp(images, [0, 255], [0, 1]).astype("float32").reshape(*images.shape, -1)


# %% WRONG preprocess: a list -> test_preprocess
def preprocess(images):
    return (images[..., np.newaxis] / np.float32(255)).tolist()


# %% WRONG preprocess: a tensor -> test_preprocess
def preprocess(images):
    return tf.expand_dims(tf.cast(images, tf.float32) / 255, -1)


# %% WRONG preprocess: whole numbers divided -> test_preprocess
def preprocess(images):
    return np.expand_dims(images // 255, -1).astype("float32")


# %% WRONG preprocess: mean 0 and standard deviation 1 -> test_preprocess
def preprocess(images):
    images = images.astype("float32")
    return np.expand_dims((images - images.mean()) / images.std(), -1)


# %% WRONG preprocess: the shape of the images given is changed -> test_preprocess
def preprocess(images):
    images.shape = (*images.shape, 1)
    return images.astype("float32") / 255


# Exercise 2


# %% RIGHT one_hot: from the identity matrix
def one_hot(labels, num_classes):
    return np.eye(num_classes)[labels]


# %% RIGHT one_hot: by comparison, whole numbers
def one_hot(labels, num_classes):
    return (np.asarray(labels)[:, None] == np.arange(num_classes)).astype(int)


# %% RIGHT one_hot: by two loops, a list
def one_hot(labels, num_classes):
    return [[1 if label == k else 0 for k in range(num_classes)] for label in labels]


# %% RIGHT one_hot: by indices of both axes
def one_hot(labels, num_classes):
    rows = np.zeros((len(labels), num_classes), dtype="uint8")
    rows[np.arange(len(labels)), labels] = 1
    return rows


# %% RIGHT one_hot: by TensorFlow, a tensor
def one_hot(labels, num_classes):
    return tf.one_hot(labels, num_classes)


# %% RIGHT one_hot: by name, truth values
def one_hot(labels, num_classes):
    return keras.utils.to_categorical(labels, num_classes=num_classes) > 0.5


# %% WRONG one_hot: without the number of classes -> test_one_hot
def one_hot(labels, num_classes):
    return to_categorical(labels)


# %% WRONG one_hot: one column too many -> test_one_hot
def one_hot(labels, num_classes):
    return to_categorical(labels, num_classes + 1)


# %% WRONG one_hot: the 1 before its place -> test_one_hot
def one_hot(labels, num_classes):
    return np.eye(num_classes)[labels - 1]


# %% WRONG one_hot: nothing returned -> test_one_hot
def one_hot(labels, num_classes):
    to_categorical(labels, num_classes)


# %% WRONG one_hot: columns for the labels that occur -> test_one_hot
def one_hot(labels, num_classes):
    rows = np.zeros((len(labels), num_classes))
    for row, label in zip(rows, labels):
        row[label] = 1
    return rows if len(set(labels)) == len(labels) else rows[:, : len(set(labels))]


# %% WRONG one_hot: each label once -> test_one_hot
def one_hot(labels, num_classes):
    rows = np.zeros((len(labels), num_classes))
    for k in range(num_classes):
        found = np.flatnonzero(labels == k)[:1]
        rows[found, k] = 1
    return rows


# %% WRONG one_hot: the labels given are changed -> test_one_hot
def one_hot(labels, num_classes):
    rows = np.eye(num_classes)[labels]
    labels += 1
    return rows


# %% RIGHT one_hot: counted
def one_hot(labels, num_classes):
    return np.array([np.bincount([label], minlength=num_classes) for label in labels])


# %% RIGHT one_hot: by Keras's operations, a tensor
def one_hot(labels, num_classes):
    return keras.ops.one_hot(labels, num_classes)


# %% WRONG one_hot: a row per class -> test_one_hot
def one_hot(labels, num_classes):
    return to_categorical(labels, num_classes).T


# Exercise 3


# %% RIGHT answers: the words of the Russian notebook
answer_sizes = [26, 13, 11, 5]
answer_steps = 165
answer_changes = {"a": "меньше", "b": "меньше", "c": "столько же", "d": "больше", "e": "меньше"}
answer_smallest = "b"


# %% RIGHT answers: computed
def pooled(n):
    return n // 2


answer_sizes = [28 - 2, pooled(26), pooled(26) - 2, pooled(11)]
answer_steps = np.ceil(60_000 * 7 // 10 / 256)
answer_changes = dict.fromkeys("abe", "fewer") | {"d": "more", "c": "same"}
answer_smallest = "b"

# %% RIGHT answers: a tuple, NumPy's whole number
answer_sizes = (26, 13, 11, 5)
answer_steps = np.ceil(42000 / 256).astype(int)
answer_changes = {"e": "fewer", "d": "more", "c": "same", "b": "fewer", "a": "fewer"}
answer_smallest = "b"

# %% RIGHT answers: an array, a whole number by integer division
answer_sizes = np.array([26, 13, 11, 5])
answer_steps = 42_000 // 256 + 1
answer_changes = dict(a="fewer", b="fewer", c="same", d="more", e="fewer")
answer_smallest = min(
    {"a": 112_554, "b": 70_378, "c": 121_930, "d": 515_146, "e": 118_346}.items(), key=lambda p: p[1]
)[0]

# %% RIGHT answers: floats
answer_sizes = [26.0, 13.0, 11.0, 5.0]
answer_steps = 165.0
answer_changes = {"a": "fewer", "b": "fewer", "c": "same", "d": "more", "e": "fewer"}
answer_smallest = "b"

# %% RIGHT answers: from a network of Keras
_sizes = Sequential([keras.Input(shape=(28, 28, 1)), Conv2D(1, 3), MaxPooling2D(), Conv2D(1, 3), MaxPooling2D()])
answer_sizes = [layer.output.shape[1] for layer in _sizes.layers]
answer_steps = len(range(0, 42000, 256))
answer_changes = {letter: word for letter, word in zip("abcde", "fewer fewer same more fewer".split())}
answer_smallest = "abcde"[1]

# %% WRONG answers: one size per layer of the network -> test_answer_sizes
answer_sizes = [26, 13, 11, 5, 1600, 64, 64, 10]
answer_steps = 165
answer_changes = {"a": "fewer", "b": "fewer", "c": "same", "d": "more", "e": "fewer"}
answer_smallest = "b"

# %% WRONG answers: convolutions that keep the size -> test_answer_sizes
answer_sizes = [28, 14, 14, 7]
answer_steps = 165
answer_changes = {"a": "fewer", "b": "fewer", "c": "same", "d": "more", "e": "fewer"}
answer_smallest = "b"

# %% WRONG answers: the last batch cut into a fraction -> test_answer_steps
answer_sizes = [26, 13, 11, 5]
answer_steps = 42000 / 256
answer_changes = {"a": "fewer", "b": "fewer", "c": "same", "d": "more", "e": "fewer"}
answer_smallest = "b"

# %% WRONG answers: the last batch left out -> test_answer_steps
answer_sizes = [26, 13, 11, 5]
answer_steps = 42000 // 256
answer_changes = {"a": "fewer", "b": "fewer", "c": "same", "d": "more", "e": "fewer"}
answer_smallest = "b"

# %% WRONG answers: steps of all 60,000 images -> test_answer_steps
answer_sizes = [26, 13, 11, 5]
answer_steps = 235
answer_changes = {"a": "fewer", "b": "fewer", "c": "same", "d": "more", "e": "fewer"}
answer_smallest = "b"

# %% WRONG answers: a change forgotten -> test_answer_changes
answer_sizes = [26, 13, 11, 5]
answer_steps = 165
answer_changes = {"a": "fewer", "b": "fewer", "c": "same", "d": "more"}
answer_smallest = "b"

# %% WRONG answers: other words -> test_answer_changes
answer_sizes = [26, 13, 11, 5]
answer_steps = 165
answer_changes = {"a": "less", "b": "less", "c": "same", "d": "more", "e": "less"}
answer_smallest = "b"

# %% WRONG answers: a change in place of its letter -> test_answer_changes
answer_sizes = [26, 13, 11, 5]
answer_steps = 165
answer_changes = {"a": "fewer", "b": "fewer", "c": "same", "d": "more", "e": "fewer"}
answer_smallest = "strides"


# %% WRONG answers: larger kernels alone, without the smaller maps -> test_answer_changes
answer_sizes = [26, 13, 11, 5]
answer_steps = 165
answer_changes = {"a": "fewer", "b": "fewer", "c": "same", "d": "more", "e": "more"}
answer_smallest = "b"

# %% WRONG answers: the convolution taken for the largest layer -> test_answer_changes
answer_sizes = [26, 13, 11, 5]
answer_steps = 165
answer_changes = {"a": "fewer", "b": "fewer", "c": "same", "d": "more", "e": "fewer"}
answer_smallest = "a"


# %% RIGHT answers: NumPy's values
answer_sizes = tuple(np.array([26, 13, 11, 5]))
answer_steps = np.float64(165)
answer_changes = {key: np.str_("fewer") for key in "abe"} | {"c": "same", "d": "more"}
answer_smallest = np.array(["a", "b"])[1]


# %% WRONG answers: heights and widths -> test_answer_sizes
answer_sizes = [(26, 26), (13, 13), (11, 11), (5, 5)]
answer_steps = 165
answer_changes = {"a": "fewer", "b": "fewer", "c": "same", "d": "more", "e": "fewer"}
answer_smallest = "b"


# %% WRONG answers: the pooling rounded up -> test_answer_sizes
answer_sizes = [26, 13, 11, 6]
answer_steps = 165
answer_changes = {"a": "fewer", "b": "fewer", "c": "same", "d": "more", "e": "fewer"}
answer_smallest = "b"


# %% WRONG answers: pooling taken for parameters -> test_answer_changes
answer_sizes = [26, 13, 11, 5]
answer_steps = 165
answer_changes = {"a": "fewer", "b": "fewer", "c": "fewer", "d": "fewer", "e": "fewer"}
answer_smallest = "b"


# Exercise 4


# %% RIGHT build_model: the functional API, other names of the layers
def build_model(input_shape, num_classes):
    image = x = keras.Input(input_shape)
    for filters in (32, 64):
        x = keras.layers.Convolution2D(filters, 3, activation=keras.ops.relu)(x)
        x = keras.layers.MaxPool2D()(x)
    x = keras.layers.Dense(64, activation="relu")(keras.layers.Flatten()(x))
    x = keras.layers.Dropout(rate=0.5)(x)
    return keras.Model(image, keras.layers.Dense(num_classes, activation="softmax")(x))


# %% RIGHT build_model: layer by layer, as on the slides
def build_model(input_shape, num_classes):
    model = Sequential()
    model.add(Conv2D(32, kernel_size=(3, 3), activation="relu", input_shape=input_shape))
    model.add(MaxPooling2D(pool_size=(2, 2)))
    model.add(Conv2D(64, (3, 3), activation="relu"))
    model.add(MaxPooling2D(pool_size=(2, 2)))
    model.add(Flatten())
    model.add(Dense(64, activation="relu"))
    model.add(Dropout(0.5))
    model.add(Dense(num_classes, activation="softmax"))
    return model


# %% RIGHT build_model: activations as layers of their own
def build_model(input_shape, num_classes):
    return Sequential(
        [
            keras.layers.InputLayer(shape=input_shape),
            Conv2D(32, 3),
            keras.layers.Activation("relu"),
            MaxPooling2D(),
            Conv2D(64, 3),
            keras.layers.ReLU(),
            MaxPooling2D(),
            Flatten(),
            Dense(64),
            keras.layers.Activation(keras.activations.relu),
            Dropout(0.5),
            Dense(num_classes),
            keras.layers.Softmax(),
        ]
    )


# %% RIGHT build_model: every argument said
def build_model(input_shape, num_classes):
    layers = [keras.Input(shape=input_shape, name="image")]
    for filters in (32, 64):
        layers += [
            Conv2D(filters, [3, 3], strides=(1, 1), padding="VALID".lower(), activation=keras.activations.relu),
            MaxPooling2D((2, 2), strides=(2, 2), padding="valid"),
        ]
    layers += [Flatten(), Dense(units=64, activation="relu", use_bias=True), Dropout(rate=1 / 2)]
    return Sequential([*layers, Dense(num_classes, activation=keras.activations.softmax)], name="lecture")


# %% RIGHT build_model: built after it was made
def build_model(input_shape, num_classes):
    model = Sequential()
    for layer in (Conv2D(32, 3, activation="relu"), MaxPooling2D(2), Conv2D(64, 3, activation="relu"), MaxPooling2D(2)):
        model.add(layer)
    for layer in (Flatten(), Dense(64, "relu"), Dropout(0.5), Dense(num_classes, "softmax")):
        model.add(layer)
    model.build((None, *input_shape))
    return model


# %% WRONG build_model: not returned -> test_layers, test_parameters, test_other_shape
def build_model(input_shape, num_classes):
    Sequential([keras.Input(shape=input_shape), Flatten(), Dense(num_classes, activation="softmax")])


# %% WRONG build_model: without an input -> test_layers, test_parameters, test_other_shape
def build_model(input_shape, num_classes):
    return Sequential(
        [
            Conv2D(32, 3, activation="relu"),
            MaxPooling2D(),
            Conv2D(64, 3, activation="relu"),
            MaxPooling2D(),
            Flatten(),
            Dense(64, activation="relu"),
            Dropout(0.5),
            Dense(num_classes, activation="softmax"),
        ]
    )


# %% WRONG build_model: kernels of 5×5 in the first layer -> test_layers, test_parameters, test_other_shape
def build_model(input_shape, num_classes):
    return Sequential(
        [
            keras.Input(shape=input_shape),
            Conv2D(32, 5, activation="relu"),
            MaxPooling2D(),
            Conv2D(64, 3, activation="relu"),
            MaxPooling2D(),
            Flatten(),
            Dense(64, activation="relu"),
            Dropout(0.5),
            Dense(num_classes, activation="softmax"),
        ]
    )


# %% WRONG build_model: convolutions that keep the size -> test_layers, test_parameters, test_other_shape
def build_model(input_shape, num_classes):
    return Sequential(
        [
            keras.Input(shape=input_shape),
            Conv2D(32, 3, activation="relu", padding="same"),
            MaxPooling2D(),
            Conv2D(64, 3, activation="relu", padding="same"),
            MaxPooling2D(),
            Flatten(),
            Dense(64, activation="relu"),
            Dropout(0.5),
            Dense(num_classes, activation="softmax"),
        ]
    )


# %% WRONG build_model: the dropout before the fully connected layers -> test_parameters
def build_model(input_shape, num_classes):
    return Sequential(
        [
            keras.Input(shape=input_shape),
            Conv2D(32, 3, activation="relu"),
            MaxPooling2D(),
            Conv2D(64, 3, activation="relu"),
            MaxPooling2D(),
            Flatten(),
            Dropout(0.5),
            Dense(64, activation="relu"),
            Dense(num_classes, activation="softmax"),
        ]
    )


# %% WRONG build_model: another rate of dropout -> test_parameters
def build_model(input_shape, num_classes):
    return Sequential(
        [
            keras.Input(shape=input_shape),
            Conv2D(32, 3, activation="relu"),
            MaxPooling2D(),
            Conv2D(64, 3, activation="relu"),
            MaxPooling2D(),
            Flatten(),
            Dense(64, activation="relu"),
            Dropout(0.25),
            Dense(num_classes, activation="softmax"),
        ]
    )


# %% WRONG build_model: a layer without its activation -> test_parameters
def build_model(input_shape, num_classes):
    return Sequential(
        [
            keras.Input(shape=input_shape),
            Conv2D(32, 3, activation="relu"),
            MaxPooling2D(),
            Conv2D(64, 3),
            MaxPooling2D(),
            Flatten(),
            Dense(64, activation="relu"),
            Dropout(0.5),
            Dense(num_classes, activation="softmax"),
        ]
    )


# %% WRONG build_model: a sigmoid at the end -> test_parameters
def build_model(input_shape, num_classes):
    return Sequential(
        [
            keras.Input(shape=input_shape),
            Conv2D(32, 3, activation="relu"),
            MaxPooling2D(),
            Conv2D(64, 3, activation="relu"),
            MaxPooling2D(),
            Flatten(),
            Dense(64, activation="relu"),
            Dropout(0.5),
            Dense(num_classes, activation="sigmoid"),
        ]
    )


# %% WRONG build_model: always ten classes -> test_other_shape
def build_model(input_shape, num_classes):
    return Sequential(
        [
            keras.Input(shape=input_shape),
            Conv2D(32, 3, activation="relu"),
            MaxPooling2D(),
            Conv2D(64, 3, activation="relu"),
            MaxPooling2D(),
            Flatten(),
            Dense(64, activation="relu"),
            Dropout(0.5),
            Dense(10, activation="softmax"),
        ]
    )


# %% WRONG build_model: always one channel -> test_other_shape
def build_model(input_shape, num_classes):
    return Sequential(
        [
            keras.Input(shape=(*input_shape[:2], 1)),
            Conv2D(32, 3, activation="relu"),
            MaxPooling2D(),
            Conv2D(64, 3, activation="relu"),
            MaxPooling2D(),
            Flatten(),
            Dense(64, activation="relu"),
            Dropout(0.5),
            Dense(num_classes, activation="softmax"),
        ]
    )


# %% RIGHT build_model: layers as activations
def build_model(input_shape, num_classes):
    return Sequential(
        [
            keras.Input(shape=input_shape),
            Conv2D(32, 3, activation=keras.layers.ReLU()),
            MaxPooling2D(),
            Conv2D(64, 3, activation=keras.layers.ReLU()),
            MaxPooling2D(),
            Flatten(),
            Dense(64, activation=keras.layers.ReLU()),
            Dropout(0.5),
            Dense(num_classes, activation=keras.layers.Softmax()),
        ]
    )


# %% WRONG build_model: means in place of the largest values -> test_layers, test_parameters
def build_model(input_shape, num_classes):
    return Sequential(
        [
            keras.Input(shape=input_shape),
            Conv2D(32, 3, activation="relu"),
            MaxPooling2D(),
            Conv2D(64, 3, activation="relu"),
            keras.layers.AveragePooling2D(2),
            Flatten(),
            Dense(64, activation="relu"),
            Dropout(0.5),
            Dense(num_classes, activation="softmax"),
        ]
    )


# %% WRONG build_model: batch normalization as well -> test_parameters, test_other_shape
def build_model(input_shape, num_classes):
    return Sequential(
        [
            keras.Input(shape=input_shape),
            Conv2D(32, 3, activation="relu"),
            MaxPooling2D(),
            Conv2D(64, 3, activation="relu"),
            MaxPooling2D(),
            keras.layers.BatchNormalization(),
            Flatten(),
            Dense(64, activation="relu"),
            Dropout(0.5),
            Dense(num_classes, activation="softmax"),
        ]
    )


# %% WRONG build_model: two dropouts -> test_parameters
def build_model(input_shape, num_classes):
    return Sequential(
        [
            keras.Input(shape=input_shape),
            Conv2D(32, 3, activation="relu"),
            MaxPooling2D(),
            Conv2D(64, 3, activation="relu"),
            MaxPooling2D(),
            Flatten(),
            Dropout(0.5),
            Dense(64, activation="relu"),
            Dropout(0.5),
            Dense(num_classes, activation="softmax"),
        ]
    )


# %% WRONG build_model: softmax in the middle as well -> test_parameters
def build_model(input_shape, num_classes):
    return Sequential(
        [
            keras.Input(shape=input_shape),
            Conv2D(32, 3, activation="relu"),
            MaxPooling2D(),
            Conv2D(64, 3, activation="relu"),
            MaxPooling2D(),
            Flatten(),
            Dense(64, activation="softmax"),
            Dropout(0.5),
            Dense(num_classes, activation="softmax"),
        ]
    )


# Exercise 5


# %% RIGHT repaired_network: tanh in the middle
def repaired_network(input_shape, num_classes):
    return Sequential(
        [
            keras.Input(shape=input_shape),
            Conv2D(16, (3, 3), activation="relu"),
            MaxPooling2D((2, 2)),
            Flatten(),
            Dense(32, activation="tanh"),
            Dropout(0.5),
            Dense(num_classes, activation="softmax"),
        ]
    )


# %% RIGHT repaired_network: the functional API
def repaired_network(input_shape, num_classes):
    image = keras.Input(input_shape)
    x = MaxPooling2D()(Conv2D(16, 3, activation="relu")(image))
    x = Dropout(0.5)(Dense(32, activation="relu")(Flatten()(x)))
    return keras.Model(image, Dense(num_classes, activation="softmax")(x))


# %% RIGHT repaired_network: activations as layers of their own
def repaired_network(input_shape, num_classes):
    model = Sequential([keras.Input(shape=input_shape), Conv2D(16, 3), keras.layers.ReLU(), MaxPooling2D(), Flatten()])
    for layer in (Dense(32), keras.layers.ReLU(), Dropout(0.5), Dense(num_classes), keras.layers.Softmax()):
        model.add(layer)
    return model


# %% RIGHT repaired_network: the dropout before the hidden layer
def repaired_network(input_shape, num_classes):
    return Sequential(
        [
            keras.Input(shape=input_shape),
            Conv2D(16, (3, 3), activation="relu"),
            MaxPooling2D((2, 2)),
            Flatten(),
            Dropout(0.5),
            Dense(32, activation="relu"),
            Dense(num_classes, activation="softmax"),
        ]
    )


# %% RIGHT repaired_network: the layers of the faulty one, in another order
def repaired_network(input_shape, num_classes):
    *first, hidden, last, dropout = faulty_network(input_shape, num_classes).layers
    hidden.activation, last.activation = keras.activations.elu, keras.activations.softmax
    return Sequential([keras.Input(shape=input_shape), *first, hidden, dropout, last])


# %% RIGHT repaired_network: leaky ReLU
def repaired_network(input_shape, num_classes):
    model = Sequential([keras.Input(shape=input_shape), Conv2D(16, 3, activation="relu"), MaxPooling2D(), Flatten()])
    for layer in (Dense(32, activation="leaky_relu"), Dropout(0.5), Dense(num_classes, activation="softmax")):
        model.add(layer)
    return model


# %% WRONG repaired_network: as it was -> test_repaired_network
def repaired_network(input_shape, num_classes):
    return faulty_network(input_shape, num_classes)


# %% WRONG repaired_network: more neurons -> test_repaired_network
def repaired_network(input_shape, num_classes):
    return Sequential(
        [
            keras.Input(shape=input_shape),
            Conv2D(16, (3, 3), activation="relu"),
            MaxPooling2D((2, 2)),
            Flatten(),
            Dense(64, activation="relu"),
            Dropout(0.5),
            Dense(num_classes, activation="softmax"),
        ]
    )


# %% WRONG repaired_network: without the dropout -> test_repaired_network
def repaired_network(input_shape, num_classes):
    return Sequential(
        [
            keras.Input(shape=input_shape),
            Conv2D(16, (3, 3), activation="relu"),
            MaxPooling2D((2, 2)),
            Flatten(),
            Dense(32, activation="relu"),
            Dense(num_classes, activation="softmax"),
        ]
    )


# %% WRONG repaired_network: the dropout still at the end -> test_repaired_network
def repaired_network(input_shape, num_classes):
    return Sequential(
        [
            keras.Input(shape=input_shape),
            Conv2D(16, (3, 3), activation="relu"),
            MaxPooling2D((2, 2)),
            Flatten(),
            Dense(32, activation="relu"),
            Dense(num_classes, activation="softmax"),
            Dropout(0.5),
        ]
    )


# %% WRONG repaired_network: softmax still in the middle -> test_repaired_network
def repaired_network(input_shape, num_classes):
    return Sequential(
        [
            keras.Input(shape=input_shape),
            Conv2D(16, (3, 3), activation="relu"),
            MaxPooling2D((2, 2)),
            Flatten(),
            Dense(32, activation="softmax"),
            Dropout(0.5),
            Dense(num_classes, activation="softmax"),
        ]
    )


# %% WRONG repaired_network: no activation in the middle -> test_repaired_network
def repaired_network(input_shape, num_classes):
    return Sequential(
        [
            keras.Input(shape=input_shape),
            Conv2D(16, (3, 3), activation="relu"),
            MaxPooling2D((2, 2)),
            Flatten(),
            Dense(32),
            Dropout(0.5),
            Dense(num_classes, activation="softmax"),
        ]
    )


# %% RIGHT repaired_network: layers as activations
def repaired_network(input_shape, num_classes):
    return Sequential(
        [
            keras.Input(shape=input_shape),
            Conv2D(16, (3, 3), activation=keras.activations.relu),
            MaxPooling2D((2, 2)),
            Flatten(),
            Dense(32, activation=keras.layers.ReLU()),
            Dropout(0.5),
            Dense(num_classes, activation=keras.layers.Softmax()),
        ]
    )


# %% RIGHT repaired_network: the dropout before the flatten
def repaired_network(input_shape, num_classes):
    return Sequential(
        [
            keras.Input(shape=input_shape),
            Conv2D(16, (3, 3), activation="relu"),
            MaxPooling2D((2, 2)),
            Dropout(0.5),
            Flatten(),
            Dense(32, activation="relu"),
            Dense(num_classes, activation="softmax"),
        ]
    )


# %% RIGHT repaired_network: an activation of its own in the middle
def repaired_network(input_shape, num_classes):
    return Sequential(
        [
            keras.Input(shape=input_shape),
            Conv2D(16, (3, 3), activation="relu"),
            MaxPooling2D((2, 2)),
            Flatten(),
            Dense(32),
            keras.layers.Activation("gelu"),
            Dropout(0.5),
            Dense(num_classes, activation="softmax"),
        ]
    )


# %% WRONG repaired_network: the convolution without its activation -> test_repaired_network
def repaired_network(input_shape, num_classes):
    return Sequential(
        [
            keras.Input(shape=input_shape),
            Conv2D(16, (3, 3)),
            MaxPooling2D((2, 2)),
            Flatten(),
            Dense(32, activation="relu"),
            Dropout(0.5),
            Dense(num_classes, activation="softmax"),
        ]
    )


# %% WRONG repaired_network: means in place of the largest values -> test_repaired_network
def repaired_network(input_shape, num_classes):
    return Sequential(
        [
            keras.Input(shape=input_shape),
            Conv2D(16, (3, 3), activation="relu"),
            keras.layers.AveragePooling2D((2, 2)),
            Flatten(),
            Dense(32, activation="relu"),
            Dropout(0.5),
            Dense(num_classes, activation="softmax"),
        ]
    )


# %% WRONG repaired_network: another rate of dropout -> test_repaired_network
def repaired_network(input_shape, num_classes):
    return Sequential(
        [
            keras.Input(shape=input_shape),
            Conv2D(16, (3, 3), activation="relu"),
            MaxPooling2D((2, 2)),
            Flatten(),
            Dense(32, activation="relu"),
            Dropout(0.25),
            Dense(num_classes, activation="softmax"),
        ]
    )


# %% WRONG repaired_network: the dropout between the last sums and their softmax -> test_repaired_network
def repaired_network(input_shape, num_classes):
    return Sequential(
        [
            keras.Input(shape=input_shape),
            Conv2D(16, (3, 3), activation="relu"),
            MaxPooling2D((2, 2)),
            Flatten(),
            Dense(32, activation="relu"),
            Dense(num_classes),
            Dropout(0.5),
            keras.layers.Softmax(),
        ]
    )


# %% WRONG repaired_network: a softmax after the ReLU in the middle -> test_repaired_network
def repaired_network(input_shape, num_classes):
    return Sequential(
        [
            keras.Input(shape=input_shape),
            Conv2D(16, (3, 3), activation="relu"),
            MaxPooling2D((2, 2)),
            Flatten(),
            Dense(32, activation="relu"),
            keras.layers.Softmax(),
            Dropout(0.5),
            Dense(num_classes, activation="softmax"),
        ]
    )


# %% WRONG repaired_network: sigmoid at the end -> test_repaired_network
def repaired_network(input_shape, num_classes):
    return Sequential(
        [
            keras.Input(shape=input_shape),
            Conv2D(16, (3, 3), activation="relu"),
            MaxPooling2D((2, 2)),
            Flatten(),
            Dense(32, activation="relu"),
            Dropout(0.5),
            Dense(num_classes, activation="sigmoid"),
        ]
    )


# Exercise 6


# %% RIGHT compile_model: names
def compile_model(model):
    model.compile(optimizer="adam", loss="categorical_crossentropy", metrics=["accuracy"])
    return model


# %% RIGHT compile_model: the slides' name of the metric
def compile_model(model):
    model.compile(loss=keras.losses.categorical_crossentropy, optimizer=Adam(), metrics=["acc"])
    return model


# %% RIGHT compile_model: more metrics
def compile_model(model):
    model.compile("Adam", keras.losses.CategoricalCrossentropy(), metrics=["accuracy", keras.metrics.Precision()])
    return model


# %% RIGHT compile_model: the metric as an object
def compile_model(model):
    model.compile(
        optimizer=keras.optimizers.Adam(learning_rate=1e-3),
        loss=keras.losses.get("categorical_crossentropy"),
        metrics=[keras.metrics.CategoricalAccuracy(name="accuracy")],
    )
    return model


# %% RIGHT compile_model: the metric's own name, a rate that doesn't change
def compile_model(model):
    steady = keras.optimizers.schedules.ExponentialDecay(0.001, 1, 1.0)
    adam = Adam(0.001) if steady(0) == steady(9) else None
    model.compile(adam, "categorical_crossentropy", metrics=["mse", "categorical_accuracy"])
    return model


# %% WRONG compile_model: nothing returned -> test_compile
def compile_model(model):
    model.compile(loss="categorical_crossentropy", optimizer="adam", metrics=["accuracy"])


# %% WRONG compile_model: gradient descent without Adam -> test_compile
def compile_model(model):
    model.compile(loss="categorical_crossentropy", optimizer="sgd", metrics=["accuracy"])
    return model


# %% WRONG compile_model: another learning rate -> test_compile
def compile_model(model):
    model.compile(loss="categorical_crossentropy", optimizer=Adam(0.01), metrics=["accuracy"])
    return model


# %% WRONG compile_model: the squared error -> test_compile
def compile_model(model):
    model.compile(loss="mse", optimizer="adam", metrics=["accuracy"])
    return model


# %% WRONG compile_model: smoothed labels -> test_compile
def compile_model(model):
    model.compile(
        keras.optimizers.Adam(), keras.losses.CategoricalCrossentropy(label_smoothing=0.1), metrics=["accuracy"]
    )
    return model


# %% WRONG compile_model: no metric -> test_compile
def compile_model(model):
    model.compile(loss="categorical_crossentropy", optimizer="adam")
    return model


# %% RIGHT compile_model: another metric that has "accuracy" in its name first
def compile_model(model):
    model.compile("adam", "categorical_crossentropy", metrics=["binary_accuracy", "accuracy"])
    return model


# %% RIGHT compile_model: from a configuration
def compile_model(model):
    adam = keras.optimizers.deserialize(keras.optimizers.serialize(Adam(learning_rate=10**-3)))
    model.compile(optimizer=adam, loss=tf.keras.losses.CategoricalCrossentropy(), metrics=["accuracy"])
    return model


# %% WRONG compile_model: each class by itself -> test_compile
def compile_model(model):
    model.compile(loss="binary_crossentropy", optimizer="adam", metrics=["accuracy"])
    return model


# %% WRONG compile_model: for labels that are whole numbers -> test_compile
def compile_model(model):
    model.compile(loss="sparse_categorical_crossentropy", optimizer="adam", metrics=["accuracy"])
    return model


# %% WRONG compile_model: Adam with Nesterov's momentum -> test_compile
def compile_model(model):
    model.compile(loss="categorical_crossentropy", optimizer="nadam", metrics=["accuracy"])
    return model


# %% WRONG compile_model: what compile returns -> test_compile
def compile_model(model):
    return model.compile(loss="categorical_crossentropy", optimizer="adam", metrics=["accuracy"])


# Exercise 7


# %% RIGHT train: by position
def train(model, x, y):
    return model.fit(x, y, batch_size, epochs, validation_split=0.3)


# %% RIGHT train: the last 30 % cut off by hand
def train(model, x, y):
    n = len(x) - int(len(x) * 0.3)
    return model.fit(x[:n], y[:n], batch_size=batch_size, epochs=epochs, validation_data=(x[n:], y[n:]))


# %% RIGHT train: a number in place of a shared variable
def train(model, x, y):
    history = model.fit(x, y, verbose=2, batch_size=256, epochs=epochs, validation_split=0.3)
    return history


# %% RIGHT train: a dictionary of arguments
def train(model, x, y):
    settings = {"batch_size": batch_size, "epochs": epochs, "validation_split": 3 / 10, "verbose": 0}
    return model.fit(x=x, y=y, **settings)


# %% RIGHT train: the history of the model itself
def train(model, x, y):
    model.fit(x, y, batch_size=batch_size, epochs=epochs, validation_split=0.3, shuffle=True)
    return model.history


# %% WRONG train: not trained at all -> test_train, test_accuracy
def train(model, x, y):
    return keras.callbacks.History()


# %% WRONG train: nothing returned -> test_train
def train(model, x, y):
    model.fit(x, y, batch_size=batch_size, epochs=epochs, validation_split=0.3, verbose=0)


# %% WRONG train: the history's dictionary -> test_train
def train(model, x, y):
    return model.fit(x, y, batch_size=batch_size, epochs=epochs, validation_split=0.3, verbose=0).history


# %% WRONG train: two epochs -> test_train
def train(model, x, y):
    return model.fit(x, y, batch_size=batch_size, epochs=2, validation_split=0.3, verbose=0)


# %% WRONG train: no validation -> test_train
def train(model, x, y):
    return model.fit(x, y, batch_size=batch_size, epochs=epochs, verbose=0)


# %% WRONG train: Keras's own size of batches -> test_train
def train(model, x, y):
    return model.fit(x, y, epochs=epochs, validation_split=0.3, verbose=0)


# %% WRONG train: a quarter validates -> test_train
def train(model, x, y):
    return model.fit(x, y, batch_size=batch_size, epochs=epochs, validation_split=0.25, verbose=0)


# %% WRONG train: validated on what it trains with -> test_train
def train(model, x, y):
    n = len(x) * 7 // 10
    return model.fit(x[:n], y[:n], batch_size=batch_size, epochs=epochs, validation_data=(x[:n], y[:n]), verbose=0)


# %% RIGHT train: with a callback that adds to the history
def train(model, x, y):
    steady = keras.callbacks.LearningRateScheduler(lambda epoch, rate: rate)
    return model.fit(x, y, batch_size, epochs, verbose=0, callbacks=[steady], validation_split=0.3)


# %% RIGHT train: from tf.data
def train(model, x, y):
    n = round(0.7 * len(x))
    train_set = tf.data.Dataset.from_tensor_slices((x[:n], y[:n])).shuffle(n, seed=1).batch(batch_size)
    held_out = tf.data.Dataset.from_tensor_slices((x[n:], y[n:])).batch(batch_size)
    return model.fit(train_set, validation_data=held_out, epochs=epochs, verbose=0)


# %% WRONG train: twice -> test_train
def train(model, x, y):
    model.fit(x, y, batch_size=batch_size, epochs=epochs, validation_split=0.3, verbose=0)
    return model.fit(x, y, batch_size=batch_size, epochs=epochs, validation_split=0.3, verbose=0)


# %% WRONG train: shuffled before the split -> test_train
def train(model, x, y):
    order = np.random.default_rng(0).permutation(len(x))
    return model.fit(x[order], y[order], batch_size=batch_size, epochs=epochs, validation_split=0.3, verbose=0)


# %% WRONG train: validated on the test images -> test_train
def train(model, x, y):
    return model.fit(x, y, batch_size=batch_size, epochs=epochs, validation_data=(x_test, y_test), verbose=0)


# Exercise 9


# %% RIGHT plot_history: the labels of the Russian notebook
def plot_history(history):
    _, axes = plt.subplots()
    epochs = range(1, len(history.history["accuracy"]) + 1)
    axes.plot(epochs, history.history["accuracy"], label="обучающая")
    axes.plot(epochs, history.history["val_accuracy"], label="валидационная")
    axes.set(title="Доля верных ответов модели", xlabel="Эпоха", ylabel="Доля верных ответов")
    axes.legend()
    return axes


# %% RIGHT plot_history: the slide's names, and pyplot's current axes
def plot_history(history):
    plt.figure()
    plt.plot([1, 2, 3][: len(history.history["acc"])], history.history["acc"])
    plt.plot([1, 2, 3][: len(history.history["acc"])], history.history["val_acc"])
    plt.title("model accuracy")
    plt.ylabel("Accuracy")
    plt.xlabel("Epoch")
    plt.legend(["train", "val"], loc="upper left")
    return plt.gca()


# %% RIGHT plot_history: both lines at once
def plot_history(history):
    h = history.history
    _, axes = plt.subplots(figsize=(6, 3))
    axes.plot(
        np.arange(1, 1 + len(h["loss"])), np.transpose([h["accuracy"], h["val_accuracy"]]), label=["train", "val"]
    )
    axes.set_title("Training")
    axes.set_xlabel("epoch")
    axes.set_ylabel("accuracy")
    axes.legend()
    return axes


# %% RIGHT plot_history: in a loop, shown, with the axes from before
def plot_history(history):
    figure, axes = plt.subplots()
    for name, style in (("val_accuracy", "--"), ("accuracy", "-")):
        values = history.history[name]
        axes.plot([i + 1 for i in range(len(values))], values, style, label=name)
    axes.set(xlabel="EPOCH", ylabel="ACCURACY", title="Accuracy")
    axes.legend(title="which")
    plt.show()
    return axes


# %% RIGHT plot_history: added to a figure, points
def plot_history(history):
    axes = plt.figure().add_subplot()
    number = np.linspace(1, len(history.history["accuracy"]), len(history.history["accuracy"]))
    (a,) = axes.plot(number, history.history["accuracy"], "o-")
    (b,) = axes.plot(number, history.history["val_accuracy"], "o-")
    axes.legend([a, b], ["accuracy", "validation accuracy"])
    axes.set_title("Accuracy over epochs")
    axes.set(xlabel="epoch", ylabel="accuracy", ylim=(0, 1))
    return axes


# %% RIGHT plot_history: another order of the lines, a grid
def plot_history(history):
    figure, axes = plt.subplots(1, 1)
    axes.grid(True)
    epochs_so_far = list(range(1, len(history.history["val_accuracy"]) + 1))
    axes.plot(epochs_so_far, history.history["val_accuracy"], label="validation", color="red")
    axes.plot(epochs_so_far, history.history["accuracy"], label="training", color="blue")
    axes.set(title="curves", xlabel="Epoch", ylabel="accuracy")
    figure.gca().legend()
    return axes


# %% WRONG plot_history: the current axes after they were shown -> test_plot_history
def plot_history(history):
    plt.figure()
    plt.plot(range(1, 4), history.history["accuracy"][:3], label="training")
    plt.plot(range(1, 4), history.history["val_accuracy"][:3], label="validation")
    plt.title("Accuracy")
    plt.xlabel("epoch")
    plt.ylabel("accuracy")
    plt.legend()
    plt.show()
    plt.close()  # as `show` does in a notebook
    return plt.gca()


# %% WRONG plot_history: nothing returned -> test_plot_history
def plot_history(history):
    figure, axes = plt.subplots()
    axes.plot(history.history["accuracy"])


# %% WRONG plot_history: from epoch 0 -> test_plot_history
def plot_history(history):
    figure, axes = plt.subplots()
    axes.plot(history.history["accuracy"], label="training")
    axes.plot(history.history["val_accuracy"], label="validation")
    axes.set(title="Accuracy", xlabel="epoch", ylabel="accuracy")
    axes.legend()
    return axes


# %% WRONG plot_history: no labels of the axes -> test_plot_history
def plot_history(history):
    figure, axes = plt.subplots()
    axes.plot([1, 2, 3], history.history["accuracy"][:3], label="training")
    axes.plot([1, 2, 3], history.history["val_accuracy"][:3], label="validation")
    axes.set(title="Accuracy")
    axes.legend()
    return axes


# %% WRONG plot_history: loss in place of the validation -> test_plot_history
def plot_history(history):
    figure, axes = plt.subplots()
    axes.plot([1, 2, 3], history.history["accuracy"][:3], label="training")
    axes.plot([1, 2, 3], history.history["loss"][:3], label="validation")
    axes.set(title="Accuracy", xlabel="epoch", ylabel="accuracy")
    axes.legend()
    return axes


# %% WRONG plot_history: no legend -> test_plot_history
def plot_history(history):
    figure, axes = plt.subplots()
    axes.plot([1, 2, 3], history.history["accuracy"][:3], label="training")
    axes.plot([1, 2, 3], history.history["val_accuracy"][:3], label="validation")
    axes.set(title="Accuracy", xlabel="epoch", ylabel="accuracy")
    return axes


# %% WRONG plot_history: no title -> test_plot_history
def plot_history(history):
    figure, axes = plt.subplots()
    axes.plot([1, 2, 3], history.history["accuracy"][:3], label="training")
    axes.plot([1, 2, 3], history.history["val_accuracy"][:3], label="validation")
    axes.set(xlabel="epoch", ylabel="accuracy")
    axes.legend()
    return axes


# %% RIGHT plot_history: lines made by themselves
def plot_history(history):
    from matplotlib.lines import Line2D

    figure = plt.figure()
    axes = figure.add_axes([0.1, 0.1, 0.8, 0.8])
    for key in ("accuracy", "val_accuracy"):
        axes.add_line(Line2D(*zip(*enumerate(history.history[key], 1)), marker="o", label=key))
    axes.autoscale_view()
    axes.set(title="Accuracy", xlabel="epoch", ylabel="accuracy")
    plt.legend()
    return axes


# %% RIGHT plot_history: as History counts its epochs, and one
def plot_history(history):
    axes = plt.subplots()[1]
    for values, name in zip(map(history.history.get, ("accuracy", "val_accuracy")), ("train", "valid")):
        axes.plot(np.arange(len(values)) + 1.0, np.array(values), marker="o", label=name)
    plt.setp(axes, title="learning curves", xlabel="Epoch", ylabel="Accuracy")
    axes.legend(loc="best")
    return axes


# %% WRONG plot_history: the figure and the axes -> test_plot_history
def plot_history(history):
    figure, axes = plt.subplots()
    axes.plot([1, 2, 3], history.history["accuracy"][:3], label="training")
    axes.plot([1, 2, 3], history.history["val_accuracy"][:3], label="validation")
    axes.set(title="Accuracy", xlabel="epoch", ylabel="accuracy")
    axes.legend()
    return figure, axes


# %% WRONG plot_history: the labels of the axes exchanged -> test_plot_history
def plot_history(history):
    figure, axes = plt.subplots()
    axes.plot([1, 2, 3], history.history["accuracy"][:3], label="training")
    axes.plot([1, 2, 3], history.history["val_accuracy"][:3], label="validation")
    axes.set(title="Accuracy", xlabel="accuracy", ylabel="epoch")
    axes.legend()
    return axes


# Exercise 10


# %% RIGHT read_curves: the words of the Russian notebook
answer_validation = {"b", "c"}
answer_curves = {
    "A": "отсортировано по меткам",
    "B": "скорость обучения слишком мала",
    "C": "переобучение",
    "D": "скорость обучения слишком велика",
}


# %% RIGHT read_curves: a list, another order
answer_validation = ["c", "b"]
answer_curves = {
    "D": "learning rate too large",
    "C": "overfitting",
    "B": "learning rate too small",
    "A": "sorted by label",
}

# %% RIGHT read_curves: a text
answer_validation = "bc"
answer_curves = dict(A="sorted by label", B="learning rate too small", C="overfitting", D="learning rate too large")

# %% WRONG read_curves: letters that are none -> test_answer_validation
answer_validation = {"b and c"}
answer_curves = {
    "A": "sorted by label",
    "B": "learning rate too small",
    "C": "overfitting",
    "D": "learning rate too large",
}

# %% WRONG read_curves: overfitting for the slides -> test_answer_validation
answer_validation = {"b", "d"}
answer_curves = {
    "A": "sorted by label",
    "B": "learning rate too small",
    "C": "overfitting",
    "D": "learning rate too large",
}

# %% WRONG read_curves: other words -> test_answer_curves
answer_validation = {"b", "c"}
answer_curves = {"A": "sorted", "B": "too small", "C": "overfitting", "D": "too large"}

# %% WRONG read_curves: the gap taken for overfitting -> test_answer_curves
answer_validation = {"b", "c"}
answer_curves = {"A": "overfitting", "B": "learning rate too small", "C": "healthy", "D": "learning rate too large"}


# %% RIGHT shuffle_together: indices that the generator shuffles
def shuffle_together(x, y, seed):
    order = np.arange(len(x))
    np.random.default_rng(seed).shuffle(order)
    return np.take(x, order, axis=0), np.take(y, order, axis=0)


# %% RIGHT shuffle_together: the older generator, lists
def shuffle_together(x, y, seed):
    order = np.random.RandomState(seed).permutation(len(x))
    return np.array([x[i] for i in order]), np.array([y[i] for i in order])


# %% RIGHT shuffle_together: by random keys, a list of two
def shuffle_together(x, y, seed):
    order = np.argsort(np.random.default_rng(seed).random(len(x)))
    return [x[order], y[order]]


# %% RIGHT shuffle_together: two generators of one seed
def shuffle_together(x, y, seed):
    return np.random.default_rng(seed).permutation(x), np.random.default_rng(seed).permutation(y)


# %% WRONG shuffle_together: two orders -> test_shuffle_together
def shuffle_together(x, y, seed):
    rng = np.random.default_rng(seed)
    return rng.permutation(x), rng.permutation(y)


# %% WRONG shuffle_together: drawn with repetition -> test_shuffle_together
def shuffle_together(x, y, seed):
    order = np.random.default_rng(seed).integers(len(x), size=len(x))
    return x[order], y[order]


# %% WRONG shuffle_together: turned around -> test_shuffle_together
def shuffle_together(x, y, seed):
    return x[::-1], y[::-1]


# %% WRONG shuffle_together: rows and pixels shuffled -> test_shuffle_together
def shuffle_together(x, y, seed):
    order = np.random.default_rng(seed).permutation(len(x))
    x = x[order]
    return (x[..., ::-1] if x.ndim > 1 else x), y[order]


# %% WRONG shuffle_together: in place -> test_shuffle_together
def shuffle_together(x, y, seed):
    np.random.default_rng(seed).shuffle(x)
    np.random.default_rng(seed).shuffle(y)
    return x.copy(), y.copy()


# %% WRONG shuffle_together: without the seed -> test_shuffle_together
def shuffle_together(x, y, seed):
    order = np.random.permutation(len(x))
    return x[order], y[order]


# %% RIGHT read_curves: a tuple, a dictionary from pairs
answer_validation = ("c", "b", "b")
answer_curves = dict(
    zip("DCBA", ["learning rate too large", "overfitting", "learning rate too small", "sorted by label"])
)

# %% WRONG read_curves: every reason -> test_answer_validation
answer_validation = set("abcd")
answer_curves = {
    "A": "sorted by label",
    "B": "learning rate too small",
    "C": "overfitting",
    "D": "learning rate too large",
}

# %% WRONG read_curves: too small and too large exchanged -> test_answer_curves
answer_validation = {"b", "c"}
answer_curves = {
    "A": "sorted by label",
    "B": "learning rate too large",
    "C": "overfitting",
    "D": "learning rate too small",
}


# %% RIGHT shuffle_together: pairs, shuffled by Python
def shuffle_together(x, y, seed):
    import random

    pairs = list(zip(x, y))
    random.Random(seed).shuffle(pairs)
    x, y = zip(*pairs)
    return np.stack(x), np.stack(y)


# %% RIGHT shuffle_together: by TensorFlow, from the seed
def shuffle_together(x, y, seed):
    order = tf.random.experimental.stateless_shuffle(tf.range(len(x)), seed=[seed, 0])
    return tf.gather(x, order), tf.gather(y, order)


# %% WRONG shuffle_together: always the same order -> test_shuffle_together
def shuffle_together(x, y, seed):
    order = np.random.default_rng(42).permutation(len(x))
    return x[order], y[order]


# %% WRONG shuffle_together: in turns, without any chance -> test_shuffle_together
def shuffle_together(x, y, seed):
    order = np.argsort(np.arange(len(x)) % 10, kind="stable")
    return x[order], y[order]


# %% WRONG shuffle_together: the labels left as they were -> test_shuffle_together
def shuffle_together(x, y, seed):
    return x[np.random.default_rng(seed).permutation(len(x))], y


# Exercise 11


# %% RIGHT predict_digit: NumPy's whole number
def predict_digit(model, image):
    return np.argmax(model.predict(preprocess(image[np.newaxis]), verbose=0))


# %% RIGHT predict_digit: reshaped, the only row
def predict_digit(model, image):
    probabilities = model.predict(preprocess(image.reshape(1, 28, 28)), verbose=0)[0]
    return probabilities.argmax()


# %% RIGHT predict_digit: a list and its largest
def predict_digit(model, image):
    row = list(model.predict(preprocess(np.array([image])), verbose=0)[0])
    return row.index(max(row))


# %% RIGHT predict_digit: the model called
def predict_digit(model, image):
    return int(keras.ops.argmax(model(preprocess(np.expand_dims(image, 0)))[0]))


# %% RIGHT predict_digit: by axis, then the first
def predict_digit(model, image):
    return np.argmax(model.predict(preprocess(image[None]), verbose=0), axis=1)[0].item()


# %% WRONG predict_digit: the trained model, whatever is given -> test_predict_digit
def predict_digit(net, image):
    return int(np.argmax(model.predict(preprocess(image[np.newaxis]), verbose=0)))


# %% WRONG predict_digit: a row of one class -> test_predict_digit
def predict_digit(model, image):
    return np.argmax(model.predict(preprocess(image[np.newaxis]), verbose=0), axis=1)


# %% WRONG predict_digit: the probability -> test_predict_digit
def predict_digit(model, image):
    return float(np.max(model.predict(preprocess(image[np.newaxis]), verbose=0)))


# %% WRONG predict_digit: not preprocessed -> test_predict_digit
def predict_digit(model, image):
    return int(np.argmax(model.predict(image.reshape(1, 28, 28, 1), verbose=0)))


# %% WRONG predict_digit: the smallest -> test_predict_digit
def predict_digit(model, image):
    return int(np.argmin(model.predict(preprocess(image[np.newaxis]), verbose=0)))


# %% WRONG predict_digit: the image given is emptied -> test_predict_digit
def predict_digit(model, image):
    batch = preprocess(image[np.newaxis])
    image[image > 0] = 255
    image[:10] = 0
    return int(np.argmax(model.predict(batch, verbose=0)))


# %% RIGHT predict_digit: where the probability is the largest, a tensor
def predict_digit(model, image):
    return tf.argmax(model.predict_on_batch(preprocess(image[tf.newaxis]))[0])


# %% RIGHT predict_digit: sorted
def predict_digit(model, image):
    (row,) = model.predict(np.stack([preprocess(np.array([image]))[0]]), verbose=0)
    return max(range(10), key=row.__getitem__)


# %% WRONG predict_digit: the last class forgotten -> test_predict_digit
def predict_digit(model, image):
    return int(np.argmax(model.predict(preprocess(image[np.newaxis]), verbose=0)[0, :9]))


# %% WRONG predict_digit: a text -> test_predict_digit
def predict_digit(model, image):
    return str(np.argmax(model.predict(preprocess(image[np.newaxis]), verbose=0)))


# Exercise 12


# %% RIGHT feature_maps: the first of a list
def feature_maps(model, images):
    convolutions = [layer for layer in model.layers if "conv" in type(layer).__name__.lower()]
    return keras.Model(inputs=model.inputs, outputs=convolutions[0].output).predict(preprocess(images), verbose=0)


# %% RIGHT feature_maps: the layer called by itself
def feature_maps(model, images):
    for layer in model.layers:
        if isinstance(layer, keras.layers.Conv2D):
            return keras.ops.convert_to_numpy(layer(preprocess(images)))


# %% RIGHT feature_maps: a Sequential up to the layer
def feature_maps(model, images):
    upto = Sequential([keras.Input(shape=(*images.shape[1:], 1))])
    for layer in model.layers:
        upto.add(layer)
        if isinstance(layer, Conv2D):
            break
    return upto.predict(preprocess(images), verbose=0)


# %% RIGHT feature_maps: the model's own first layer, a tensor
def feature_maps(model, images):
    return keras.Model(model.inputs[0], model.layers[0].output)(preprocess(images))


# %% RIGHT feature_maps: image by image
def feature_maps(model, images):
    position = [isinstance(layer, Conv2D) for layer in model.layers].index(True)
    inside = keras.Model(model.inputs, model.layers[position].output)
    return np.concatenate([inside.predict(preprocess(image[np.newaxis]), verbose=0) for image in images])


# %% WRONG feature_maps: the last convolution -> test_feature_maps
def feature_maps(model, images):
    last = [layer for layer in model.layers if isinstance(layer, Conv2D)][-1]
    return keras.Model(model.inputs, last.output).predict(preprocess(images), verbose=0)


# %% WRONG feature_maps: not preprocessed -> test_feature_maps
def feature_maps(model, images):
    first = next(layer for layer in model.layers if isinstance(layer, Conv2D))
    return keras.Model(model.inputs, first.output).predict(images[..., np.newaxis], verbose=0)


# %% WRONG feature_maps: the whole network -> test_feature_maps
def feature_maps(model, images):
    return model.predict(preprocess(images), verbose=0)


# %% WRONG feature_maps: the trained model, whatever is given -> test_feature_maps
def feature_maps(net, images):
    first = next(layer for layer in model.layers if isinstance(layer, Conv2D))
    return keras.Model(model.inputs, first.output).predict(preprocess(images), verbose=0)


# %% WRONG feature_maps: the kernels -> test_feature_maps
def feature_maps(model, images):
    return next(layer for layer in model.layers if isinstance(layer, Conv2D)).get_weights()[0]


# %% WRONG feature_maps: the images given are changed -> test_feature_maps
def feature_maps(model, images):
    first = next(layer for layer in model.layers if isinstance(layer, Conv2D))
    found = keras.Model(model.inputs, first.output).predict(preprocess(images), verbose=0)
    images //= 255
    return found


# %% RIGHT feature_maps: by TensorFlow's convolution
def feature_maps(model, images):
    first = [layer for layer in model.layers if isinstance(layer, Conv2D)][0]
    kernels, biases = first.get_weights()
    return first.activation(tf.nn.conv2d(preprocess(images), kernels, 1, "VALID") + biases).numpy()


# %% WRONG feature_maps: one image only -> test_feature_maps
def feature_maps(model, images):
    first = next(layer for layer in model.layers if isinstance(layer, Conv2D))
    return keras.Model(model.inputs, first.output).predict(preprocess(images[:1]), verbose=0)


# Exercise 13


# %% RIGHT save_and_load: by Keras's function
def save_and_load(model, path):
    keras.saving.save_model(model, path)
    return keras.saving.load_model(path)


# %% RIGHT save_and_load: a path object
def save_and_load(model, path):
    from pathlib import Path

    file = Path(path)
    file.unlink(missing_ok=True)
    model.save(file, overwrite=True)
    return keras.models.load_model(file, compile=True)


# %% RIGHT save_and_load: TensorFlow's Keras
def save_and_load(model, path):
    model.save(filepath=path)
    return tf.keras.models.load_model(path)


# %% RIGHT save_and_load: two helpers
def keep(model, path):
    model.save(path)


def save_and_load(model, path):
    keep(model, path)
    loaded = keras.models.load_model(path)
    return loaded


# %% RIGHT save_and_load: with an absolute path
def save_and_load(model, path):
    model.save(os.path.abspath(path))
    return keras.models.load_model(os.path.join(os.getcwd(), path))


# %% WRONG save_and_load: not saved -> test_save_and_load
def save_and_load(model, path):
    return model


# %% WRONG save_and_load: always the same file -> test_save_and_load
def save_and_load(model, path):
    model.save("mnist.keras")
    return keras.models.load_model("mnist.keras")


# %% WRONG save_and_load: nothing returned -> test_save_and_load
def save_and_load(model, path):
    model.save(path)
    keras.models.load_model(path)


# %% WRONG save_and_load: the layers without their weights -> test_save_and_load
def save_and_load(model, path):
    model.save(path)
    return keras.models.model_from_json(model.to_json())


# %% WRONG save_and_load: the trained model, whatever is given -> test_save_and_load
def save_and_load(net, path):
    model.save(path)
    return keras.models.load_model(path)


# %% RIGHT save_and_load: without what compile set
def save_and_load(model, path):
    if os.path.exists(path):
        os.remove(path)
    keras.models.save_model(model, path, include_optimizer=False)
    return keras.models.load_model(path, compile=False, safe_mode=True)


# %% WRONG save_and_load: saved, and the model that was there returned -> test_save_and_load
def save_and_load(model, path):
    model.save(path)
    keras.models.load_model(path)
    return model


# %% WRONG save_and_load: the weights alone -> test_save_and_load
def save_and_load(model, path):
    model.save_weights(path.replace(".keras", ".weights.h5"))
    model.load_weights(path.replace(".keras", ".weights.h5"))
    return model


# Exercise 14


# %% RIGHT own_digit: by loops
def clean(picture):
    rows = picture.tolist()
    values = sorted(v for row in rows for v in row)
    if values[len(values) // 2] > 127:
        rows = [[255 - v for v in row] for row in rows]
    top = max(max(row) for row in rows)
    return np.array([[0 if v < top / 2 else v / top * 255 for v in row] for row in rows])


def crop(picture):
    height, width = picture.shape
    inked = [(r, c) for r in range(height) for c in range(width) if picture[r, c] > 0]
    top, bottom = min(r for r, c in inked), max(r for r, c in inked)
    left, right = min(c for r, c in inked), max(c for r, c in inked)
    return picture[top : bottom + 1, left : right + 1]


def center(digit):
    height, width = digit.shape
    total = row = column = 0
    for r in range(height):
        for c in range(width):
            total, row, column = total + digit[r, c], row + r * digit[r, c], column + c * digit[r, c]
    top = min(max(int(np.rint(13.5 - row / total)), 0), 28 - height)
    left = min(max(int(np.rint(13.5 - column / total)), 0), 28 - width)
    image = np.zeros((28, 28))
    for r in range(height):
        for c in range(width):
            image[top + r, left + c] = digit[r, c]
    return image


# %% RIGHT own_digit: np.where, np.ix_ and np.pad
def clean(picture):
    light = picture.astype(np.float32)
    light = np.where(np.median(light) > 127, 255 - light, light)
    light[light < 0.5 * light.max()] = 0
    return light / light.max() * 255


def crop(picture):
    r, c = np.where(picture > 0)
    return picture[np.ix_(range(r.min(), r.max() + 1), range(c.min(), c.max() + 1))]


def center(digit):
    r, c = np.indices(digit.shape)
    mass = digit.sum()
    free = np.array([28, 28]) - digit.shape
    top, left = np.clip(np.round([13.5 - (r * digit).sum() / mass, 13.5 - (c * digit).sum() / mass]), 0, free).astype(
        int
    )
    return np.pad(digit, ((top, free[0] - top), (left, free[1] - left)))


# %% RIGHT own_digit: the result as uint8
def clean(picture):
    picture = 255.0 - picture if np.median(picture) > 127 else np.array(picture, float)
    picture *= 255 / picture.max()
    picture[picture < 127.5] = 0
    return np.round(picture, 6)


def crop(picture):
    rows = np.nonzero(picture.sum(axis=1))[0]
    columns = np.nonzero(picture.sum(axis=0))[0]
    return picture[min(rows) : max(rows) + 1][:, min(columns) : max(columns) + 1]


def center(digit):
    h, w = digit.shape
    y = np.average(np.arange(h), weights=digit.sum(1))
    x = np.average(np.arange(w), weights=digit.sum(0))
    image = np.zeros((28, 28), dtype="uint8")
    y, x = int(max(0, min(28 - h, round(13.5 - y)))), int(max(0, min(28 - w, round(13.5 - x))))
    image[y : y + h, x : x + w] = digit
    return image


# %% RIGHT own_digit: by TensorFlow's and Python's functions
def clean(picture):
    values = tf.cast(picture, tf.float64).numpy()
    if float(np.percentile(values, 50)) > 127:
        values = abs(values - 255)
    return np.maximum(values * (values >= values.max() / 2), 0) * (255 / values.max())


def crop(picture):
    points = np.argwhere(picture)
    (top, left), (bottom, right) = points.min(axis=0), points.max(axis=0)
    return picture[top : bottom + 1, left : right + 1].copy()


def center(digit):
    digit = np.asarray(digit, dtype=float)
    row = np.arange(digit.shape[0]) @ digit.sum(axis=1) / digit.sum()
    column = digit.sum(axis=0) @ np.arange(digit.shape[1]) / digit.sum()
    corner = [sorted((0, round(13.5 - m), 28 - n))[1] for m, n in zip((row, column), digit.shape)]
    canvas = np.zeros((28, 28))
    canvas[corner[0] :, corner[1] :][: digit.shape[0], : digit.shape[1]] += digit
    return canvas


# %% RIGHT own_digit: lists as results
def clean(picture):
    p = np.float64(picture)
    p = 255 - p if np.median(p) > 127 else p
    return [[float(v) * 255 / p.max() if v >= p.max() / 2 else 0 for v in row] for row in p]


def crop(picture):
    p = np.array(picture)
    while not p[0].any():
        p = p[1:]
    while not p[-1].any():
        p = p[:-1]
    while not p[:, 0].any():
        p = p[:, 1:]
    while not p[:, -1].any():
        p = p[:, :-1]
    return p.tolist()


def center(digit):
    d = np.array(digit)
    image = np.zeros((28, 28))
    image[: d.shape[0], : d.shape[1]] = d
    y = round(13.5 - (image.sum(1) * np.arange(28)).sum() / image.sum())
    x = round(13.5 - (image.sum(0) * np.arange(28)).sum() / image.sum())
    shift = (np.clip(y, 0, 28 - d.shape[0]), np.clip(x, 0, 28 - d.shape[1]))
    return np.roll(image, shift, axis=(0, 1)).tolist()


# %% WRONG own_digit: whole numbers that wrap around -> test_clean
def clean(picture):
    if np.median(picture) > 127:
        picture = 255 - picture
    return np.where(picture < picture.max() / 2, 0, (picture * np.uint8(255)) // picture.max())


def crop(picture):
    rows, columns = np.flatnonzero(picture.any(axis=1)), np.flatnonzero(picture.any(axis=0))
    return picture[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]


def center(digit):
    image = np.zeros((28, 28))
    rows, columns = np.indices(digit.shape)
    top = int(np.clip(round(13.5 - np.average(rows, weights=digit)), 0, 28 - digit.shape[0]))
    left = int(np.clip(round(13.5 - np.average(columns, weights=digit)), 0, 28 - digit.shape[1]))
    image[top : top + digit.shape[0], left : left + digit.shape[1]] = digit
    return image


# %% WRONG own_digit: always turned around -> test_clean
def clean(picture):
    picture = 255.0 - picture
    return np.where(picture < picture.max() / 2, 0, picture * 255 / picture.max())


def crop(picture):
    rows, columns = np.flatnonzero(picture.any(axis=1)), np.flatnonzero(picture.any(axis=0))
    return picture[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]


def center(digit):
    image = np.zeros((28, 28))
    rows, columns = np.indices(digit.shape)
    top = int(np.clip(round(13.5 - np.average(rows, weights=digit)), 0, 28 - digit.shape[0]))
    left = int(np.clip(round(13.5 - np.average(columns, weights=digit)), 0, 28 - digit.shape[1]))
    image[top : top + digit.shape[0], left : left + digit.shape[1]] = digit
    return image


# %% WRONG own_digit: everything in place -> test_clean
def clean(picture):
    light = picture.astype("float64")
    if np.median(light) > 127:
        light = 255 - light
    light[light < light.max() / 2] = 0
    picture[:] = np.round(light * 255 / light.max())
    return light * 255 / light.max()


def crop(picture):
    rows, columns = np.flatnonzero(picture.any(axis=1)), np.flatnonzero(picture.any(axis=0))
    return picture[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]


def center(digit):
    image = np.zeros((28, 28))
    rows, columns = np.indices(digit.shape)
    top = int(np.clip(round(13.5 - np.average(rows, weights=digit)), 0, 28 - digit.shape[0]))
    left = int(np.clip(round(13.5 - np.average(columns, weights=digit)), 0, 28 - digit.shape[1]))
    image[top : top + digit.shape[0], left : left + digit.shape[1]] = digit
    return image


# %% WRONG own_digit: empty rows between left out -> test_crop
def clean(picture):
    picture = picture.astype("float64")
    picture = 255 - picture if np.median(picture) > 127 else picture
    return np.where(picture < picture.max() / 2, 0, picture * 255 / picture.max())


def crop(picture):
    return picture[picture.any(axis=1)][:, picture.any(axis=0)]


def center(digit):
    image = np.zeros((28, 28))
    rows, columns = np.indices(digit.shape)
    top = int(np.clip(round(13.5 - np.average(rows, weights=digit)), 0, 28 - digit.shape[0]))
    left = int(np.clip(round(13.5 - np.average(columns, weights=digit)), 0, 28 - digit.shape[1]))
    image[top : top + digit.shape[0], left : left + digit.shape[1]] = digit
    return image


# %% WRONG own_digit: the border never cut -> test_crop
def clean(picture):
    picture = picture.astype("float64")
    picture = 255 - picture if np.median(picture) > 127 else picture
    return np.where(picture < picture.max() / 2, 0, picture * 255 / picture.max())


def crop(picture):
    rows, columns = np.flatnonzero(picture.any(axis=1)), np.flatnonzero(picture.any(axis=0))
    bottom, right = rows[-1] + 1 - picture.shape[0], columns[-1] + 1 - picture.shape[1]
    return picture[rows[0] : bottom, columns[0] : right]


def center(digit):
    image = np.zeros((28, 28))
    rows, columns = np.indices(digit.shape)
    top = int(np.clip(round(13.5 - np.average(rows, weights=digit)), 0, 28 - digit.shape[0]))
    left = int(np.clip(round(13.5 - np.average(columns, weights=digit)), 0, 28 - digit.shape[1]))
    image[top : top + digit.shape[0], left : left + digit.shape[1]] = digit
    return image


# %% WRONG own_digit: the picture emptied by crop -> test_crop
def clean(picture):
    picture = picture.astype("float64")
    picture = 255 - picture if np.median(picture) > 127 else picture
    return np.where(picture < picture.max() / 2, 0, picture * 255 / picture.max())


def crop(picture):
    rows, columns = np.flatnonzero(picture.any(axis=1)), np.flatnonzero(picture.any(axis=0))
    cropped = picture[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1].copy()
    picture[...] = 0
    return cropped


def center(digit):
    image = np.zeros((28, 28))
    rows, columns = np.indices(digit.shape)
    top = int(np.clip(round(13.5 - np.average(rows, weights=digit)), 0, 28 - digit.shape[0]))
    left = int(np.clip(round(13.5 - np.average(columns, weights=digit)), 0, 28 - digit.shape[1]))
    image[top : top + digit.shape[0], left : left + digit.shape[1]] = digit
    return image


# %% WRONG own_digit: by the middle of the rectangle -> test_center
def clean(picture):
    picture = picture.astype("float64")
    picture = 255 - picture if np.median(picture) > 127 else picture
    return np.where(picture < picture.max() / 2, 0, picture * 255 / picture.max())


def crop(picture):
    rows, columns = np.flatnonzero(picture.any(axis=1)), np.flatnonzero(picture.any(axis=0))
    return picture[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]


def center(digit):
    image = np.zeros((28, 28))
    top, left = (28 - digit.shape[0]) // 2, (28 - digit.shape[1]) // 2
    image[top : top + digit.shape[0], left : left + digit.shape[1]] = digit
    return image


# %% WRONG own_digit: a frame around the digit -> test_center
def clean(picture):
    picture = picture.astype("float64")
    picture = 255 - picture if np.median(picture) > 127 else picture
    return np.where(picture < picture.max() / 2, 0, picture * 255 / picture.max())


def crop(picture):
    rows, columns = np.flatnonzero(picture.any(axis=1)), np.flatnonzero(picture.any(axis=0))
    return picture[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]


def center(digit):
    return np.pad(digit, 4)


# %% WRONG own_digit: cut off where it leaves the image -> test_center
def clean(picture):
    picture = picture.astype("float64")
    picture = 255 - picture if np.median(picture) > 127 else picture
    return np.where(picture < picture.max() / 2, 0, picture * 255 / picture.max())


def crop(picture):
    rows, columns = np.flatnonzero(picture.any(axis=1)), np.flatnonzero(picture.any(axis=0))
    return picture[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]


def center(digit):
    image = np.zeros((28, 28))
    rows, columns = np.indices(digit.shape)
    top = round(13.5 - np.average(rows, weights=digit))
    left = round(13.5 - np.average(columns, weights=digit))
    room = image[top : top + digit.shape[0], left : left + digit.shape[1]]
    room[...] = digit[: room.shape[0], : room.shape[1]]
    return image


# %% WRONG own_digit: the ink made even -> test_center
def clean(picture):
    picture = picture.astype("float64")
    picture = 255 - picture if np.median(picture) > 127 else picture
    return np.where(picture < picture.max() / 2, 0, picture * 255 / picture.max())


def crop(picture):
    rows, columns = np.flatnonzero(picture.any(axis=1)), np.flatnonzero(picture.any(axis=0))
    return picture[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]


def center(digit):
    image = np.zeros((28, 28))
    rows, columns = np.indices(digit.shape)
    top = int(np.clip(round(13.5 - np.average(rows, weights=digit)), 0, 28 - digit.shape[0]))
    left = int(np.clip(round(13.5 - np.average(columns, weights=digit)), 0, 28 - digit.shape[1]))
    image[top : top + digit.shape[0], left : left + digit.shape[1]] = 255 * (digit > 0)
    return image


# %% WRONG own_digit: the digit scaled by center -> test_center
def clean(picture):
    picture = picture.astype("float64")
    picture = 255 - picture if np.median(picture) > 127 else picture
    return np.where(picture < picture.max() / 2, 0, picture * 255 / picture.max())


def crop(picture):
    rows, columns = np.flatnonzero(picture.any(axis=1)), np.flatnonzero(picture.any(axis=0))
    return picture[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]


def center(digit):
    image = np.zeros((28, 28))
    rows, columns = np.indices(digit.shape)
    top = int(np.clip(round(13.5 - np.average(rows, weights=digit)), 0, 28 - digit.shape[0]))
    left = int(np.clip(round(13.5 - np.average(columns, weights=digit)), 0, 28 - digit.shape[1]))
    image[top : top + digit.shape[0], left : left + digit.shape[1]] = digit
    digit /= digit.max()
    return image


# %% RIGHT own_digit: by steps over slices
def clean(picture):
    p = np.array(picture, dtype="float32")
    flat = np.sort(p, axis=None)
    middle = (flat[(flat.size - 1) // 2] + flat[flat.size // 2]) / 2
    np.subtract(255, p, out=p, where=np.full(p.shape, middle > 127))
    p *= p / p.max() >= 0.5
    return p * (255 / np.max(p))


def crop(picture):
    rows, columns = picture.any(1), picture.any(0)
    return picture[
        rows.argmax() : len(rows) - rows[::-1].argmax(), columns.argmax() : len(columns) - columns[::-1].argmax()
    ]


def center(digit):
    image, places = np.zeros((28, 28)), []
    for n, sums in zip(digit.shape, (digit.sum(1), digit.sum(0))):
        start = round(13.5 - sum(i * v for i, v in enumerate(sums)) / sum(sums))
        start = 0 if start < 0 else 28 - n if start > 28 - n else start
        places.append(slice(start, start + n))
    image[tuple(places)] = digit
    return image


# %% WRONG own_digit: the mean for the median -> test_clean
def clean(picture):
    picture = picture.astype("float64")
    picture = 255 - picture if picture.mean() > 127 else picture
    return np.where(picture < picture.max() / 2, 0, picture * 255 / picture.max())


# %% WRONG own_digit: from the smallest to the largest value -> test_clean
def clean(picture):
    picture = picture.astype("float64")
    picture = 255 - picture if np.median(picture) > 127 else picture
    picture = np.where(picture < picture.max() / 2, 0, picture - picture.min())
    return picture * 255 / picture.max()


# %% WRONG own_digit: not scaled -> test_clean
def clean(picture):
    picture = picture.astype("float64")
    picture = 255 - picture if np.median(picture) > 127 else picture
    return np.where(picture < picture.max() / 2, 0, picture)


# %% WRONG own_digit: the last row and column left out -> test_crop
def crop(picture):
    rows, columns = np.flatnonzero(picture.any(axis=1)), np.flatnonzero(picture.any(axis=0))
    return picture[rows[0] : rows[-1], columns[0] : columns[-1]]


# %% WRONG own_digit: the center of the pixels, whatever their values -> test_center
def center(digit):
    image = np.zeros((28, 28))
    rows, columns = np.nonzero(digit)
    top = int(np.clip(round(13.5 - rows.mean()), 0, 28 - digit.shape[0]))
    left = int(np.clip(round(13.5 - columns.mean()), 0, 28 - digit.shape[1]))
    image[top : top + digit.shape[0], left : left + digit.shape[1]] = digit
    return image


# %% WRONG own_digit: cut to a whole number in place of rounded -> test_center
def center(digit):
    image = np.zeros((28, 28))
    rows, columns = np.indices(digit.shape)
    top = int(np.clip(int(13.5 - np.average(rows, weights=digit)), 0, 28 - digit.shape[0]))
    left = int(np.clip(int(13.5 - np.average(columns, weights=digit)), 0, 28 - digit.shape[1]))
    image[top : top + digit.shape[0], left : left + digit.shape[1]] = digit
    return image


# %% WRONG own_digit: rows and columns exchanged -> test_center
def center(digit):
    image = np.zeros((28, 28))
    rows, columns = np.indices(digit.shape)
    left = int(np.clip(round(13.5 - np.average(rows, weights=digit)), 0, 28 - digit.shape[1]))
    top = int(np.clip(round(13.5 - np.average(columns, weights=digit)), 0, 28 - digit.shape[0]))
    image[top : top + digit.shape[0], left : left + digit.shape[1]] = digit
    return image
