# %% [markdown]
# # Gallery: what else networks do
#
# The lecture ends with a list: detectors, segmentation, generation, deepfakes, and "besides that": text, translation,
# music, medicine, weather, recommendations. This notebook has one small example of each that runs on your computer.
# Some are networks on MNIST digits, others are a few lines of NumPy that show the idea on a small scale.
#
# **Nothing here is graded**, and there is nothing to submit. Read it, run it, change it.
#
# **Time**: about an hour to read. Everything together runs in about 5 minutes on two CPU cores; four cells train a network
# for more than a few seconds, and the text above each of them says for how long. **Memory**: 2 GB.
#
# **How to work**: run the next two code cells, then any part you like, from top to bottom. The parts don't depend on each
# other, except that Part 7 uses the functions of Part 6. With `QUICK = True` everything runs in about a minute, and the
# networks are worse than they need to be.

# %% nbgrader={"grade_id": "setup", "locked": true}
import os
from itertools import groupby

# Before TensorFlow: only errors in its log, and the faster convolutions on CPUs.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")

import keras
import matplotlib.pyplot as plt
import numpy as np
import tensorflow as tf
from IPython.display import Audio, display
from keras import layers
from keras.datasets import mnist
from matplotlib.colors import ListedColormap

QUICK = False  # True: fewer images and epochs, for a first look
SEED = 1

tf.get_logger().setLevel("ERROR")
tf.config.experimental.enable_op_determinism()  # the same training twice gives the same network
keras.utils.set_random_seed(SEED)

# %% [markdown]
# The digits, with values from 0 to 1; a function that shows a row of images; and one that puts digits into larger
# images, for Parts 2 and 3.


# %%
(x_train, y_train), (x_test, y_test) = mnist.load_data()
x_train, x_test = (images.astype("float32") / 255.0 for images in (x_train, x_test))


def show_row(images, title=""):
    """Show gray `images` (n, height, width) side by side, each in a frame."""
    plt.figure(figsize=(len(images), 1.3))
    plt.imshow(np.hstack([np.pad(image, 1, constant_values=0.4) for image in images]), cmap="gray", vmin=0, vmax=1)
    plt.title(title, fontsize=10)
    plt.axis("off")
    plt.show()


BACKGROUND = 10
SIDE = 28  # pixels of a digit's box


def make_scenes(images, labels, count, size, most, rng):
    """Put 1 to `most` digits into each of `count` scenes of `size`×`size` pixels.

    Returns the scenes (count, size, size), the class of each pixel (the same shape), and for each scene a list of the
    digits in it, as (top, left, label).
    """
    scenes = np.zeros((count, size, size), "float32")
    classes = np.full((count, size, size), BACKGROUND, "uint8")
    digits = []
    for scene, pixels in zip(scenes, classes, strict=True):
        placed = []
        wanted = rng.integers(1, most + 1)
        for _ in range(20):  # tries: some places are taken
            top, left = (int(corner) for corner in rng.integers(0, size - SIDE + 1, 2))
            free = all(max(abs(top - y), abs(left - x)) >= 22 for y, x, _ in placed)
            if free and len(placed) < wanted:
                chosen = rng.integers(len(images))
                here = slice(top, top + SIDE), slice(left, left + SIDE)
                scene[here] = np.maximum(scene[here], images[chosen])
                pixels[here][images[chosen] > 0.25] = labels[chosen]
                placed.append((top, left, int(labels[chosen])))
        digits.append(placed)
    return scenes, classes, digits


show_row(x_train[:12], "Training images")

# %% [markdown]
# ## 1. A short history
#
# | year | what happened | where to read it |
# |---|---|---|
# | 1943 | a neuron as a logical formula | McCulloch and Pitts, *A logical calculus of the ideas immanent in nervous activity* |
# | 1958 | the perceptron, which learns its weights | Rosenblatt, *The perceptron*, Psychological Review |
# | 1969 | what one layer can't do (XOR); interest falls | Minsky and Papert, *Perceptrons* |
# | 1980 | layers of local features and pooling, for images | Fukushima, *Neocognitron*, Biological Cybernetics |
# | 1982 | memories as states in which a network comes to rest | Hopfield, *Neural networks and physical systems with emergent collective computational abilities*, PNAS |
# | 1982 | maps that organize themselves without labels | Kohonen, *Self-organized formation of topologically correct feature maps*, Biological Cybernetics |
# | 1986 | back-propagation becomes the way to train hidden layers | Rumelhart, Hinton and Williams, *Learning representations by back-propagating errors*, Nature |
# | 1989 | a convolutional network reads handwritten zip codes | LeCun et al., *Backpropagation applied to handwritten zip code recognition*, Neural Computation |
# | 1997 | recurrent networks that remember for long | Hochreiter and Schmidhuber, *Long short-term memory*, Neural Computation; and spiking networks as the "third generation": Maass, *Networks of spiking neurons*, Neural Networks |
# | 1998 | LeNet-5 and the MNIST data | LeCun et al., *Gradient-based learning applied to document recognition*, Proceedings of the IEEE |
# | 2009 | ImageNet: millions of labeled photographs | Deng et al., *ImageNet: a large-scale hierarchical image database*, CVPR |
# | 2012 | a deep network on two graphics cards wins the ImageNet challenge by far | Krizhevsky, Sutskever and Hinton, *ImageNet classification with deep convolutional neural networks*, NIPS |
# | 2014 | networks that compete: GANs | Goodfellow et al., *Generative adversarial nets*, NIPS |
# | 2015 | below the error of a trained person on ImageNet | He et al., *Delving deep into rectifiers*, ICCV; then *Deep residual learning for image recognition*, CVPR 2016 |
# | 2017 | attention instead of recurrence: the transformer | Vaswani et al., *Attention is all you need*, NIPS |
# | 2020 | a language model of 175 billion parameters; images from noise by diffusion | Brown et al., *Language models are few-shot learners*, NeurIPS; Ho et al., *Denoising diffusion probabilistic models*, NeurIPS |
# | 2021 | the shapes of proteins | Jumper et al., *Highly accurate protein structure prediction with AlphaFold*, Nature |
#
# That is the lecture's outline with its sources: first ideas in the 1950s and 1960s, disappointment until the 1990s, growth
# from 2000 on, deep networks in 2012, and in 2015 fewer errors than a person on ImageNet.
#
# Why now, when the ideas are that old? The lecture's answer has three parts: hardware, data, and fashion. The jump of
# 2012 shows the first two at once: graphics cards, and ImageNet. The task there is to name the object in a photograph
# with five guesses among 1,000 classes ("top-5").

# %%
# The winner's top-5 error in percent. 2010 to 2014: Russakovsky et al., "ImageNet large scale visual recognition
# challenge", IJCV 2015, which also measured a trained person. 2015: He et al., "Deep residual learning", CVPR 2016.
errors = {2010: 28.2, 2011: 25.8, 2012: 16.4, 2013: 11.7, 2014: 6.7, 2015: 3.6}
person = 5.1

colors = ["tab:gray" if year < 2012 else "tab:blue" for year in errors]
bars = plt.bar(list(errors), list(errors.values()), color=colors)
plt.bar_label(bars, label_type="center", color="white")
plt.axhline(person, color="tab:red", linestyle="--", label=f"a trained person: {person}")
plt.bar([2010], [0], color="tab:gray", label="features designed by hand")
plt.bar([2010], [0], color="tab:blue", label="convolutional networks")
plt.title("ImageNet challenge")
plt.xlabel("year")
plt.ylabel("top-5 error of the winner, %")
plt.legend()
plt.show()

# %% [markdown]
# Be careful with "better than a person": that person was one researcher, and much of the task was knowing names, such as
# those of 120 breeds of dogs.
#
# ### A network of another kind: Hopfield's memory
#
# The lecture lists networks that are not convolutional. This is one of the simplest. Every pixel is a neuron with the
# state +1 or −1, connected to all the others. The weights are computed, not trained, and such that each image to be
# remembered is at rest. Start from a damaged image and let each neuron take the sign of its weighted inputs, again and
# again: the state usually moves to the nearest memory.
#
# Hopfield made the weight between two neurons large if they agree in most images, $W = X^T X / n$. Digits are too much
# alike for that. The *projection rule* (Personnaz, Guyon and Dreyfus, Journal de Physique Lettres 1985) corrects for what
# they have in common: $W = X^+ X$ with the pseudo-inverse of $X$, whose rows are the images.


# %%
def remember(patterns):
    """Weights of a Hopfield network for `patterns` (k, n) of +1 and -1, by the projection rule."""
    return np.linalg.pinv(patterns) @ patterns


def recall(weights, state, rounds=10):
    """The state to which `state` (n,) moves, each neuron following its inputs."""
    for _ in range(rounds):
        state = np.where(weights @ state >= 0, 1, -1)
    return state


rng = np.random.default_rng(SEED)
memories = np.array([np.where(x_train[np.flatnonzero(y_train == digit)[0]] > 0.5, 1, -1) for digit in range(10)])
weights = remember(memories.reshape(10, -1))
damaged = np.where(rng.random(memories.shape) < 0.25, -memories, memories)  # a quarter of the pixels flipped
recalled = np.array([recall(weights, state.ravel()).reshape(28, 28) for state in damaged])
for images, title in ((memories, "Ten memories"), (damaged, "Damaged"), (recalled, "Recalled")):
    show_row((images + 1) / 2, title)

# %% [markdown]
# Try it: use Hopfield's own rule, `patterns.T @ patterns / patterns.shape[1]`, and see the memories run into each other.
#
# ## 2. Detectors
#
# A classifier says *what* is in an image. A detector also says *where*, and for several objects at once: it returns
# boxes, each with a class and a confidence. Here we make one from the simplest idea, a **sliding window**: a
# classifier for images of 28×28 looks at every place of a large image.
#
# It needs an 11th class, "background": windows with no digit in the middle. First, scenes: black images with up to five
# digits in random places.

# %%
rng = np.random.default_rng(SEED)
scenes, _, digits = make_scenes(x_train, y_train, 2000 if QUICK else 6000, 112, 5, rng)
show_row(scenes[:5], "Scenes of 112×112 pixels")

# %% [markdown]
# Windows to learn from: each digit (up to two pixels off the middle, as the steps of the sliding window are four
# pixels), and two windows near it that have no digit in the middle. Half a digit at the border of a window is
# background too: that is what the detector has to learn.


# %%
def cut_windows(scenes, digits, rng):
    """Windows (n, 28, 28, 1) cut from `scenes`, and their classes (n,): the digit in the middle, or BACKGROUND."""
    windows, classes = [], []
    last = scenes.shape[1] - SIDE
    for scene, placed in zip(scenes, digits, strict=True):
        for top, left, label in placed:
            y, x = np.clip([top, left] + rng.integers(-2, 3, 2), 0, last)
            windows.append(scene[y : y + SIDE, x : x + SIDE])
            classes.append(label)
            for _ in range(2):
                y, x = np.clip([top, left] + rng.integers(-24, 25, 2), 0, last)
                if all(max(abs(y - other[0]), abs(x - other[1])) >= 6 for other in placed):
                    windows.append(scene[y : y + SIDE, x : x + SIDE])
                    classes.append(BACKGROUND)
    return np.array(windows)[..., np.newaxis], np.array(classes)


windows, window_classes = cut_windows(scenes, digits, rng)
print(f"{len(windows)} windows, {np.mean(window_classes == BACKGROUND):.0%} of them background")
show_row(
    windows[:12, :, :, 0],
    "Windows, and their classes: " + " ".join(map(str, window_classes[:12])) + " (10: background)",
)

# %% [markdown]
# The network has convolutions only. Its last two do what dense layers do in a classifier: one has kernels of 5×5, as large
# as what is left of a window of 28×28, and one has kernels of 1×1. The gain: the same weights also work on a larger image. On a
# window the output has shape (1, 1, 11); on a scene of 112×112 it has shape (22, 22, 11), the answers for
# 22 × 22 windows that are 4 pixels apart (each of the two pooling layers halves). One call looks everywhere. The idea is
# from Sermanet et al., *OverFeat*, ICLR 2014.
#
# The next cell trains for about half a minute on two cores.

# %%
detector = keras.Sequential(
    [
        keras.Input((None, None, 1)),  # any height and width
        layers.Conv2D(16, 3, activation="relu"),
        layers.MaxPooling2D(2),
        layers.Conv2D(32, 3, activation="relu"),
        layers.MaxPooling2D(2),
        layers.Conv2D(64, 5, activation="relu"),
        layers.Dropout(0.3),
        layers.Conv2D(11, 1, activation="softmax"),
    ]
)
detector.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
detector.fit(windows, window_classes[:, np.newaxis, np.newaxis], batch_size=128, epochs=3 if QUICK else 5, verbose=2)
print("output on a window:", detector(windows[:1]).shape[1:])
print("output on a scene: ", detector(scenes[:1, :, :, np.newaxis]).shape[1:])

# %% [markdown]
# A digit is found by several windows around it. Two boxes are compared by their **IoU** (intersection over union: the
# area that they share, divided by the area that they cover together). **Non-maximum suppression** keeps the most
# confident box and drops those that overlap it.

# %%
STRIDE = 4  # pixels from one window to the next


def iou(box, other):
    """Intersection over union of two boxes of 28×28; a box begins with its top and left."""
    height, width = (max(0, SIDE - abs(box[axis] - other[axis])) for axis in (0, 1))
    return height * width / (2 * SIDE * SIDE - height * width)


def suppress(boxes, most=0.3):
    """The boxes (top, left, digit, confidence), surest first, without those that overlap a surer one by `most`."""
    kept = []
    for box in sorted(boxes, key=lambda box: -box[3]):
        if all(iou(box, other) < most for other in kept):
            kept.append(box)
    return kept


def detect(network, scene, threshold=0.9):
    """Boxes (top, left, digit, confidence) of the digits in `scene` (height, width)."""
    scores = np.asarray(network(scene[np.newaxis, :, :, np.newaxis]))[0]
    confidence, found = scores[:, :, :BACKGROUND].max(axis=2), scores[:, :, :BACKGROUND].argmax(axis=2)
    rows, columns = np.nonzero(confidence >= threshold)
    return suppress(
        [
            (int(row) * STRIDE, int(column) * STRIDE, int(found[row, column]), float(confidence[row, column]))
            for row, column in zip(rows, columns, strict=True)
        ]
    )


def precision_recall(network, scenes, digits, threshold):
    """Precision and recall: a box is right where it has the class of a digit and an IoU of 0.5 with it."""
    right = boxes = there = 0
    for scene, placed in zip(scenes, digits, strict=True):
        found = detect(network, scene, threshold)
        right += sum(any(digit == box[2] and iou(box, (y, x)) >= 0.5 for y, x, digit in placed) for box in found)
        boxes, there = boxes + len(found), there + len(placed)
    return right / max(boxes, 1), right / there


new_scenes, _, new_digits = make_scenes(x_test, y_test, 100, 112, 5, np.random.default_rng(SEED + 1))
figure = plt.figure(figsize=(12, 4.2))
for number in range(3):
    axes = figure.add_subplot(1, 3, number + 1, xticks=[], yticks=[])
    axes.imshow(new_scenes[number], cmap="gray")
    for top, left, digit, confidence in detect(detector, new_scenes[number]):
        axes.add_patch(plt.Rectangle((left, top), SIDE, SIDE, fill=False, color="tab:orange"))
        axes.text(left, top + 1, f"{digit}: {confidence:.2f}", color="tab:orange", va="top", fontsize=8)
figure.suptitle("Found in scenes made of test images: digit and confidence")
figure.tight_layout()
plt.show()

thresholds = (0.5, 0.7, 0.9, 0.97, 0.99)
curve = [precision_recall(detector, new_scenes, new_digits, threshold) for threshold in thresholds]
for threshold, (precision, recalled_part) in zip(thresholds, curve, strict=True):
    print(f"threshold {threshold:.2f}: precision {precision:.3f}, recall {recalled_part:.3f}")

# %% [markdown]
# Precision and recall are the lecture's: the higher the threshold, the fewer false boxes, and the more digits are
# missed.
#
# **The real ones** find objects of all sizes and shapes, so a window of one size won't do. R-CNN (Girshick et al.,
# CVPR 2014) classified about 2,000 proposed regions per image. YOLO (Redmon et al., CVPR 2016) predicts all boxes in one
# pass, at 45 images per second on the graphics card of its paper, which is fast enough for video. DETR
# (Carion et al., ECCV 2020) needs no suppression. Cars, X-rays and satellite images use them; so do cameras
# that follow people, which is a question of law and consent before it is one of precision.
#
# **Try it**: put a digit of half its size into a scene, or one that is turned. Does the detector still find it?
#
# ## 3. Segmentation
#
# Segmentation goes further: a class for **each pixel**. The network has to look at large areas (which digit is this?) and
# give detailed answers (which pixel?). So it goes down by pooling and up again by transposed convolutions, and the way
# up also gets the detailed maps from the way down ("skip connections"). The shape gave the U-Net its name (Ronneberger, Fischer and
# Brox, MICCAI 2015); the first such network was the FCN (Long, Shelhamer and Darrell, CVPR 2015).
#
# Accuracy misleads here, as most pixels are background: a network that always says "background" is right for more than nine
# pixels out of ten. So each class is measured by its IoU: of the pixels that have the class or are given it, the share that are
# both. For the same reason a pixel of background counts only a tenth as much as any other pixel in the loss.
#
# The next cell trains for about a minute on two cores.


# %%
def build_segmenter():
    """A small U-Net: from (n, height, width, 1) to the probabilities of 11 classes for each pixel."""

    def convolution(filters, x):
        x = layers.Conv2D(filters, 3, padding="same", use_bias=False)(x)
        return layers.ReLU()(layers.BatchNormalization(momentum=0.9)(x))

    image = keras.Input((None, None, 1))
    x, passed = image, []
    for filters in (8, 16, 32):  # down, to an eighth of the size
        x = convolution(filters, x)
        passed.append(x)
        x = layers.MaxPooling2D(2)(x)
    x = convolution(64, convolution(64, x))
    for filters, fine in zip((32, 16, 16), reversed(passed), strict=True):  # and up again
        x = layers.Conv2DTranspose(filters, 2, strides=2)(x)
        x = convolution(filters, layers.Concatenate()([x, fine]))
    return keras.Model(image, layers.Conv2D(11, 1, activation="softmax")(x))


def class_ious(truth, answer):
    """IoU of each of the 11 classes, over all pixels; not-a-number where a class is in neither."""
    both = np.array([np.sum((truth == k) & (answer == k)) for k in range(11)], float)
    either = np.array([np.sum((truth == k) | (answer == k)) for k in range(11)], float)
    return np.divide(both, either, out=np.full(11, np.nan), where=either > 0)


rng = np.random.default_rng(SEED)
scenes, classes, _ = make_scenes(x_train, y_train, 1000 if QUICK else 4000, 56, 3, rng)
segmenter = build_segmenter()
segmenter.compile(keras.optimizers.Adam(0.002), "sparse_categorical_crossentropy")
importance = np.where(classes == BACKGROUND, 0.1, 1.0)
segmenter.fit(
    scenes[..., np.newaxis], classes, sample_weight=importance, batch_size=16, epochs=5 if QUICK else 6, verbose=2
)

new_scenes, new_classes, _ = make_scenes(x_test, y_test, 200, 56, 3, np.random.default_rng(SEED + 1))
answers = segmenter.predict(new_scenes[..., np.newaxis], verbose=0).argmax(axis=-1)
nothing = np.full_like(new_classes, BACKGROUND)
for what, given in (("only background", nothing), ("the network", answers)):
    ious = class_ious(new_classes, given)
    print(
        f"{what:15}: accuracy {np.mean(new_classes == given):.3f}, mean IoU of the digits {np.nanmean(ious[:10]):.3f}"
    )

# %%
palette = plt.get_cmap("tab10").colors + ((0.1, 0.1, 0.1),)
pixel_colors = ListedColormap(palette)
figure, grid = plt.subplots(3, 6, figsize=(10, 5.2), subplot_kw={"xticks": [], "yticks": []})
for column in range(6):
    grid[0, column].imshow(new_scenes[column], cmap="gray")
    for row, pixels in ((1, new_classes), (2, answers)):
        grid[row, column].imshow(pixels[column], cmap=pixel_colors, vmin=0, vmax=10, interpolation="nearest")
for row, name in enumerate(("scene", "truth", "network")):
    grid[row, 0].set_ylabel(name)
handles = [plt.Rectangle((0, 0), 1, 1, color=palette[k]) for k in range(11)]
figure.legend(handles, [*map(str, range(10)), "back-\nground"], loc="center right")
figure.suptitle("A class for each pixel")
plt.show()

# %% [markdown]
# Where the network hesitates, one digit has two colors: it decides pixel by pixel. *Instance* segmentation keeps objects
# together by first detecting them (Mask R-CNN: He et al., ICCV 2017). *Segment anything* (Kirillov et al., ICCV 2023)
# outlines whatever you point at; it was trained on 1.1 billion masks in 11 million images. Doctors measure tumors that
# way, cars find the road, and your phone blurs what is behind you.
#
# ## 4. Generation: a GAN
#
# A **generative adversarial network** is two networks that play against each other (Goodfellow et al., NIPS 2014):
#
# * the **generator** turns random numbers into an image;
# * the **discriminator** gets a real image or a generated one, and says which it is.
#
# The discriminator learns to tell them apart, the generator to be taken for real. The generator never sees a real
# image: all it learns comes back through the discriminator, by back-propagation. Both are small convolutional networks,
# one of them backwards.

# %%
NOISE = 32  # random numbers from which an image is made

generator = keras.Sequential(
    [
        keras.Input((NOISE,)),
        layers.Dense(7 * 7 * 64),
        layers.BatchNormalization(),
        layers.ReLU(),
        layers.Reshape((7, 7, 64)),
        layers.Conv2DTranspose(32, 4, strides=2, padding="same"),  # 14×14
        layers.BatchNormalization(),
        layers.ReLU(),
        layers.Conv2DTranspose(1, 4, strides=2, padding="same", activation="sigmoid"),  # 28×28
    ]
)
discriminator = keras.Sequential(
    [
        keras.Input((28, 28, 1)),
        layers.Conv2D(32, 4, strides=2, padding="same"),  # 14×14
        layers.LeakyReLU(0.2),
        layers.Conv2D(64, 4, strides=2, padding="same"),  # 7×7
        layers.LeakyReLU(0.2),
        layers.Dropout(0.3),
        layers.Flatten(),
        layers.Dense(1),  # large: "real"
    ]
)
print(f"parameters: generator {generator.count_params():,}, discriminator {discriminator.count_params():,}")

# %% [markdown]
# `fit` trains one network with one loss. Two networks with two losses need a step of their own: `GradientTape` records
# what is computed, so that it can give the gradients of each loss. This is what `fit` does inside.
#
# The cell after the next one trains for about 3 minutes on two cores. After each epoch it shows the images that the generator
# makes from the same random numbers.

# %%
cross_entropy = keras.losses.BinaryCrossentropy(from_logits=True)
generator_optimizer = keras.optimizers.Adam(0.0005, beta_1=0.5)
discriminator_optimizer = keras.optimizers.Adam(0.0003, beta_1=0.5)
generator_optimizer.build(generator.trainable_variables)
discriminator_optimizer.build(discriminator.trainable_variables)


@tf.function
def gan_step(real):
    """Train both networks on one batch of real images; returns the loss of the discriminator and of the generator."""
    with tf.GradientTape() as for_discriminator, tf.GradientTape() as for_generator:
        made = generator(tf.random.normal((real.shape[0], NOISE)), training=True)
        on_real, on_made = discriminator(real, training=True), discriminator(made, training=True)
        # 0.9 instead of 1 for "real": a discriminator that is too sure teaches nothing.
        judged = cross_entropy(tf.fill(on_real.shape, 0.9), on_real) + cross_entropy(tf.zeros_like(on_made), on_made)
        fooled = cross_entropy(tf.ones_like(on_made), on_made)
    for tape, loss, network, optimizer in (
        (for_discriminator, judged, discriminator, discriminator_optimizer),
        (for_generator, fooled, generator, generator_optimizer),
    ):
        gradients = tape.gradient(loss, network.trainable_variables)
        optimizer.apply_gradients(zip(gradients, network.trainable_variables, strict=True))
    return judged, fooled


# %%
batch = 128
rng = np.random.default_rng(SEED)
fixed_noise = rng.normal(size=(12, NOISE)).astype("float32")
real_images = x_train[:2000, :, :, np.newaxis] if QUICK else x_train[:, :, :, np.newaxis]
gan_losses = []
for epoch in range(1, 2 if QUICK else 9):
    order = rng.permutation(len(real_images))
    steps = [gan_step(real_images[order[i : i + batch]]) for i in range(0, len(order) - batch + 1, batch)]
    gan_losses.append(np.mean(steps, axis=0))
    show_row(np.asarray(generator(fixed_noise))[..., 0], f"Generated after epoch {epoch}")

# %%
epoch_numbers = np.arange(1, len(gan_losses) + 1)
for losses, name in zip(np.transpose(gan_losses), ("discriminator", "generator"), strict=True):
    plt.plot(epoch_numbers, losses, marker="o", label=name)
plt.xticks(epoch_numbers)
plt.title("Two losses, neither of which just falls")
plt.xlabel("epoch")
plt.ylabel("mean loss")
plt.legend()
plt.show()

# %% [markdown]
# The curves don't tell how good the images are: each network's loss depends on how strong the other one is. People
# therefore look at the images, or compare statistics of many generated and real ones.
#
# Nearby random numbers give similar images. So we can walk from one generated digit to another, through images that nobody
# ever wrote:

# %%
start, end = fixed_noise[0], fixed_noise[1]
walk = np.array([(1 - t) * start + t * end for t in np.linspace(0, 1, 12)], "float32")
show_row(np.asarray(generator(walk))[..., 0], "From one generated digit to another")

# %% [markdown]
# **The real ones.** The slide's faces are NVIDIA's: *Progressive growing of GANs* (Karras et al., ICLR 2018) made faces of
# 1024×1024 pixels, and StyleGAN (Karras, Laine and Aila, CVPR 2019) lets you change pose and hair separately. Most image
# generators today work differently, by **diffusion**: a network learns to remove a little noise from an image, and is applied many
# times to noise alone (Ho, Jain and Abbeel, NeurIPS 2020); told what to draw by text, that became *Stable Diffusion* (Rombach
# et al., CVPR 2022).
#
# ## 5. Deepfakes
#
# A deepfake puts one person's face on another person's movements. The word comes from the name under which somebody
# published such videos in 2017 (Cole, Motherboard, 11 December 2017). The method is short: **one encoder, two
# decoders**. The encoder turns a face into a few numbers; decoder A draws person A from them, decoder B draws person B.
# Both decoders share the encoder, so the numbers come to mean what faces have in common, pose and expression, and each
# decoder adds the identity. To fake, encode A and decode with B.
#
# With digits: person A is the digit 3, person B the digit 8, and the "expression" is the handwriting: its slant and its
# width. The next cell trains for about 10 seconds on two cores.

# %%
CODE = 6  # numbers between encoder and decoder


def dense_pair(inputs, outputs, activation=None):
    """A network of one hidden layer."""
    return keras.Sequential(
        [keras.Input((inputs,)), layers.Dense(256, activation="relu"), layers.Dense(outputs, activation=activation)]
    )


encoder = dense_pair(784, CODE)
decoder_a, decoder_b = dense_pair(CODE, 784, "sigmoid"), dense_pair(CODE, 784, "sigmoid")
image_a, image_b = keras.Input((784,)), keras.Input((784,))
both = keras.Model([image_a, image_b], [decoder_a(encoder(image_a)), decoder_b(encoder(image_b))])
both.compile("adam", ["mse", "mse"])

a, b = (x_train[y_train == digit].reshape(-1, 784) for digit in (3, 8))
count = min(len(a), len(b), 1000 if QUICK else 5000)
both.fit([a[:count], b[:count]], [a[:count], b[:count]], batch_size=64, epochs=3 if QUICK else 15, verbose=0)

originals = x_test[y_test == 3].reshape(-1, 784)
fakes = np.asarray(decoder_b(encoder(originals)))
show_row(originals[:12].reshape(-1, 28, 28), "Person A: real")
show_row(fakes[:12].reshape(-1, 28, 28), "Person B, who never wrote this")


# %% [markdown]
# Is it the same handwriting? Slant is how far the strokes move to the right per pixel downwards, ink is the sum of the pixels.
# Each dot is a real image of A and the fake made from it; a correlation of 1 would mean that the fake follows the
# original exactly, 0 that it doesn't follow it at all.


# %%
def slant(images):
    """Pixels to the right for each pixel down, of images (n, 784), by least squares over their ink."""
    images = images.reshape(-1, 28, 28)
    place, ink = np.arange(28), images.sum(axis=(1, 2))
    down = place - (images.sum(axis=2) @ place / ink)[:, np.newaxis]
    right = place - (images.sum(axis=1) @ place / ink)[:, np.newaxis]
    return np.einsum("nij,ni,nj->n", images, down, right) / np.einsum("nij,ni->n", images, down**2)


figure, (left_axes, right_axes) = plt.subplots(1, 2, figsize=(10, 4))
for axes, name, measure in ((left_axes, "slant", slant), (right_axes, "ink", lambda images: images.sum(axis=1))):
    real, fake = measure(originals), measure(fakes)
    axes.plot(real, fake, ".", alpha=0.4)
    axes.set_title(f"{name}: correlation {np.corrcoef(real, fake)[0, 1]:.2f}")
    axes.set_xlabel(f"{name} of the real 3")
    axes.set_ylabel(f"{name} of the fake 8")
plt.show()

# %% [markdown]
# ### What they are misused for
#
# * **Abuse.** Of 14,678 deepfake videos found online in 2019, 96 % were pornography made without consent, of women
#   (Ajder et al., *The state of deepfakes*, Deeptrace 2019). In more and more countries that is a crime.
# * **Fraud.** In 2024 an employee of the engineering company Arup in Hong Kong transferred 200 million Hong Kong
#   dollars (25 million US dollars) after a video call in which the colleagues were fakes (Financial Times, 17 May 2024).
# * **Politics.** In March 2022 a fake video showed Ukraine's president asking his soldiers to lay down their arms (BBC
#   News, 18 March 2022). The reverse is as harmful: real recordings are called fake, the "liar's dividend" (Chesney and
#   Citron, *Deep fakes*, California Law Review 2019).
#
# ### What helps
#
# Detectors of fakes exist (Rössler et al., *FaceForensics++*, ICCV 2019), but the next generator is trained against
# them, just as in Part 4. Signed recordings help (the C2PA standard says who made an image and what was changed), and
# so do rules: the European Union's AI Act (Regulation 2024/1689, Article 50) requires deepfakes to be labeled. As a
# person: ask who published it first, call back on a number that you know, and don't share what you can't place. As an
# engineer: the face and the voice belong to somebody. Ask before you train on them.
#
# ## 6. Speech
#
# Sound is a list of numbers: the air pressure, measured thousands of times per second. For a network it becomes an image, the
# **spectrogram**: how loud each frequency is in each short piece. From there on speech recognition is image recognition, and
# convolutions work.
#
# Vowels differ by two frequencies at which the mouth resonates, the *formants*. Those below are the means that Peterson
# and Barney measured for men (*Control methods used in a study of the vowels*, JASA 1952). We make vowels from
# them, and listen:

# %%
RATE = 8000  # samples per second
FORMANTS = {"a": (730, 1090), "i": (270, 2290), "u": (300, 870)}  # hertz
WINDOW, HOP = 256, 128  # samples of a piece, and from one piece to the next


def vowel(name, seconds=0.3, pitch=120):
    """The sound of a vowel: overtones of `pitch`, the louder the closer they are to a formant."""
    time = np.arange(int(seconds * RATE)) / RATE
    sound = np.zeros_like(time)
    for overtone in np.arange(pitch, RATE / 2, pitch):
        loudness = sum(1 / (1 + ((overtone - formant) / 80) ** 2) for formant in FORMANTS[name])
        sound += loudness * np.sin(2 * np.pi * overtone * time)
    return sound / np.abs(sound).max()


def spectrogram(sound):
    """Loudness (pieces, frequencies) of each frequency in each piece of `sound`, in decibels."""
    starts = range(0, len(sound) - WINDOW + 1, HOP)
    pieces = np.array([sound[start : start + WINDOW] * np.hanning(WINDOW) for start in starts])
    return 20 * np.log10(np.abs(np.fft.rfft(pieces, axis=1)) + 1e-3)


rng = np.random.default_rng(SEED)
spoken = "aiuauia"
recording = np.concatenate([vowel(name) for name in spoken])
recording += rng.normal(0, 0.05, len(recording))  # a noisy room
picture = spectrogram(recording)
plt.figure(figsize=(10, 3.5))
extent = (0, len(recording) / RATE, 0, RATE / 2)
plt.imshow(picture.T, origin="lower", aspect="auto", extent=extent, cmap="magma")
plt.colorbar(label="loudness, dB")
plt.title(f"Spectrogram of “{spoken}”")
plt.xlabel("time, s")
plt.ylabel("frequency, Hz")
plt.show()
display(Audio(recording, rate=RATE))

# %% [markdown]
# To recognize the vowels, compare each piece with the mean spectrum of each vowel spoken by *another* voice, and take
# the most similar. Then drop repetitions, as many real systems do (they are trained by a method called CTC: Graves et al.,
# ICML 2006).


# %%
def recognize(recording, pitch=140):
    """The vowels of `recording`, as text, by comparison with vowels of another pitch."""
    smooth = np.ones(9) / 9  # so that a voice's own overtones don't matter

    def normed(spectra):
        spectra = np.array([np.convolve(spectrum, smooth, mode="same") for spectrum in spectra])
        spectra = spectra - spectra.mean(axis=1, keepdims=True)
        return spectra / np.linalg.norm(spectra, axis=1, keepdims=True)

    names = list(FORMANTS)
    examples = normed([spectrogram(vowel(name, pitch=pitch)).mean(axis=0) for name in names])
    best = (normed(spectrogram(recording)) @ examples.T).argmax(axis=1)
    # A piece between two vowels holds half of each: what is shorter than three pieces doesn't count.
    return "".join(names[k] for k, run in groupby(best) if len(list(run)) >= 3)


print("spoken:    ", spoken)
print("recognized:", recognize(recording))

# %% [markdown]
# **The real ones**: speech was one of the first successes of deep networks (Hinton et al., *Deep neural networks for
# acoustic modeling in speech recognition*, IEEE Signal Processing Magazine 2012). Whisper (Radford et al., 2022)
# learned from 680,000 hours of recordings. The other direction, from text to sound, made its leap with WaveNet (van den
# Oord et al., 2016), and with it came the faked voices of Part 5.
#
# ## 7. Music: finding a tune
#
# Phones name a song after a few noisy seconds. They keep only the loudest peaks of the spectrogram, which noise hardly
# moves, and look for a song that has the same peaks in the same order (Wang, *An industrial-strength audio search
# algorithm*, ISMIR 2003). The same with made-up tunes:


# %%
def tune(notes):
    """The sound of `notes` (semitones above 220 Hz), a fifth of a second each."""
    time = np.arange(RATE // 5) / RATE
    return np.concatenate([np.sin(2 * np.pi * 220 * 2 ** (note / 12) * time) * np.exp(-4 * time) for note in notes])


def peaks(sound):
    """The loudest frequency of each piece of `sound`."""
    return spectrogram(sound).argmax(axis=1)


def find_tune(clip, library):
    """Name and place of the tune in `library` (name → peaks) that agrees with most of the clip's peaks, and how many."""
    wanted = peaks(clip)
    matches = [
        (int(np.sum(np.abs(song[start : start + len(wanted)] - wanted) <= 1)), name, start)
        for name, song in library.items()
        for start in range(len(song) - len(wanted) + 1)
    ]
    agreeing, name, start = max(matches)
    return name, start, agreeing


rng = np.random.default_rng(SEED)
songs = {f"tune {number}": tune(rng.integers(0, 24, 40)) for number in range(1, 31)}
library = {name: peaks(sound) for name, sound in songs.items()}
begin = int(3.3 * RATE)
clip = songs["tune 17"][begin : begin + 2 * RATE] + rng.normal(0, 0.5, 2 * RATE)  # 2 seconds in a noisy room
name, start, agreeing = find_tune(clip, library)
print(f"{name}, {start * HOP / RATE:.1f} s from its start: {agreeing} of {len(peaks(clip))} peaks agree")
display(Audio(clip, rate=RATE))

# %% [markdown]
# Writing music works like writing text in the next part: predict the next note. *MusicLM* (Agostinelli et al., 2023)
# makes music from a description.
#
# ## 8. Text
#
# A language model answers one question: which letter (or word) comes next, and how probable is it? Claude Shannon did it
# by hand in 1948 (*A mathematical theory of communication*, Part I, Section 3), opening books at random places. We count, in
# the names of capitals, which letter follows after one, two or three letters, and draw new names from the counts:

# %%
CAPITALS = """Accra Algiers Amman Amsterdam Andorra Ankara Antananarivo Apia Ashgabat Asmara Asuncion Athens Baghdad Baku
Bamako Bangkok Bangui Banjul Beijing Beirut Belgrade Belmopan Berlin Bern Bishkek Bissau Bogota Brasilia Bratislava
Brazzaville Bridgetown Brussels Bucharest Budapest Bujumbura Cairo Canberra Caracas Castries Chisinau Colombo Conakry
Copenhagen Dakar Damascus Dhaka Dili Djibouti Dodoma Doha Dublin Dushanbe Freetown Funafuti Gaborone Georgetown Gitega
Hanoi Harare Havana Helsinki Honiara Islamabad Jakarta Jerusalem Juba Kabul Kampala Kathmandu Khartoum Kigali Kingston
Kinshasa Kyiv Libreville Lilongwe Lima Lisbon Ljubljana Lome London Luanda Lusaka Luxembourg Madrid Majuro Malabo
Managua Manama Manila Maputo Maseru Mbabane Melekeok Minsk Mogadishu Monaco Monrovia Montevideo Moroni Moscow Muscat
Nairobi Nassau Naypyidaw Niamey Nicosia Nouakchott Oslo Ottawa Ouagadougou Palikir Paramaribo Paris Podgorica Prague
Praia Pretoria Pristina Pyongyang Quito Rabat Reykjavik Riga Riyadh Rome Roseau Santiago Sarajevo Seoul Singapore
Skopje Sofia Stockholm Sucre Suva Taipei Tallinn Tarawa Tashkent Tbilisi Tegucigalpa Tehran Thimphu Tirana Tokyo
Tripoli Tunis Ulaanbaatar Vaduz Valletta Victoria Vienna Vientiane Vilnius Warsaw Washington Wellington Windhoek
Yamoussoukro Yaounde Yerevan Zagreb""".split()


def count_letters(words, length):
    """For each `length` letters, how often each letter follows them: {letters: {letter: count}}. A dot ends a word."""
    counts = {}
    for word in words:
        text = "." * length + word.lower() + "."
        for i in range(length, len(text)):
            follows = counts.setdefault(text[i - length : i], {})
            follows[text[i]] = follows.get(text[i], 0) + 1
    return counts


def invent(counts, length, rng):
    """Draw a new word, letter by letter, from the counts."""
    text = "." * length
    while True:
        follows = counts[text[-length:]]
        chances = np.array(list(follows.values())) / sum(follows.values())
        letter = rng.choice(list(follows), p=chances)
        if letter == ".":
            return text[length:].capitalize()
        text += letter


for length in (1, 2, 3):
    counts = count_letters(CAPITALS, length)
    rng = np.random.default_rng(SEED)
    names = [invent(counts, length, rng) for _ in range(200)]
    known = np.mean([name in CAPITALS for name in names])
    print(f"by the last {length} letter(s): {', '.join(names[:7])} … ({known:.0%} are real capitals)")

# %% [markdown]
# With more letters to look back at, the names sound better, and more of them are copied: overfitting, as in the
# `foundations` assignment. Counting ends there, because most sequences of ten letters never occur. A network goes on,
# as it learns which contexts are *alike*.
#
# The table of counts after one letter, divided by the sums of its rows, is already a network: a dense layer with softmax, from
# a one-hot letter to the probabilities of the next.

# %%
counts = count_letters(CAPITALS, 1)
letters = ".abcdefghijklmnopqrstuvwxyz"
letter_table = np.array([[counts.get(before, {}).get(after, 0) for after in letters] for before in letters], float)
letter_table /= np.maximum(letter_table.sum(axis=1, keepdims=True), 1)
plt.figure(figsize=(7, 6))
plt.imshow(letter_table, cmap="viridis", vmin=0)
plt.xticks(range(27), letters)
plt.yticks(range(27), letters)
plt.xlabel("next letter (a dot: the word ends)")
plt.ylabel("letter (a dot: the word begins)")
plt.title("What follows what in capitals")
plt.colorbar(label="probability")
plt.show()

# %% [markdown]
# **The real ones** predict parts of words, with a transformer, from thousands of parts before. GPT-3 has 175 billion
# parameters (Brown et al., NeurIPS 2020). They are trained to continue text plausibly, not to be right: what they say has to be
# checked like these capitals.
#
# ## 9. Translation
#
# How can a machine find out which words belong together, with no dictionary, only from sentences and their
# translations? Start with no idea: each word may be translated by any word of the other sentence. Then repeat: every
# Spanish word has one vote and splits it among the English words of its sentence, in proportion to how probable each
# translation is now. The votes, divided by their sum, are the new probabilities. That is *IBM Model 1* (Brown et al., *The
# mathematics of statistical machine translation*, Computational Linguistics 1993), here on ten sentences:


# %%
PAIRS = [
    ("the house", "la casa"),
    ("the flower", "la flor"),
    ("the green house", "la casa verde"),
    ("the white flower", "la flor blanca"),
    ("a white house", "una casa blanca"),
    ("a flower", "una flor"),
    ("the cat sleeps", "la gata duerme"),
    ("a cat eats", "una gata come"),
    ("the cow sleeps", "la vaca duerme"),
    ("a cow eats", "una vaca come"),
]


def learn_translations(pairs, rounds=30):
    """Probabilities (source words, target words) of each translation; also the two lists of words."""
    pairs = [(source.split(), target.split()) for source, target in pairs]
    sources, targets = (sorted({word for pair in pairs for word in pair[side]}) for side in (0, 1))
    table = np.full((len(sources), len(targets)), 1 / len(targets))
    for _ in range(rounds):
        votes = np.zeros_like(table)
        for source, target in pairs:
            rows, columns = [sources.index(word) for word in source], [targets.index(word) for word in target]
            part = table[np.ix_(rows, columns)]
            votes[np.ix_(rows, columns)] += part / part.sum(axis=0)  # one vote per target word
        table = votes / votes.sum(axis=1, keepdims=True)
    return table, sources, targets


translations, sources, targets = learn_translations(PAIRS)
plt.figure(figsize=(7, 5))
plt.imshow(translations, cmap="Blues", vmin=0, vmax=1)
plt.xticks(range(len(targets)), targets, rotation=60)
plt.yticks(range(len(sources)), sources)
plt.xlabel("Spanish")
plt.ylabel("English")
plt.title("Which word translates which")
plt.colorbar(label="probability")
plt.tight_layout()
plt.show()

# %% [markdown]
# Nobody told it a single pair of words. (Try it: add `("the dog barks", "el perro ladra")`. What happens to "the", and why
# can nobody tell "dog" from "barks" from these sentences alone?)
#
# Networks translate by the same kind of table, made anew for each sentence:
# **attention** says, for each word to be written, which words to look at (Bahdanau, Cho and Bengio, ICLR 2015). The
# transformer keeps attention and drops recurrence (Vaswani et al., NIPS 2017), and today's language models are
# transformers.
#
# ## 10. Medicine
#
# A network that looks at photographs of the retina finds a disease of the eye about as well as doctors do: 97.5 % of the
# sick (its recall, called sensitivity), with 93.4 % of the healthy rightly sent home (specificity), in one of its two
# tests (Gulshan et al., JAMA 2016). So if it says "sick", how probable is it that you are?
#
# That depends on how common the disease is among those who are tested. Of people with prevalence $p$,
# $0.975\,p$ are sick and found, $(1 - 0.934)(1 - p)$ are healthy and frightened. The lecture's precision is the first
# divided by both together:

# %%
SENSITIVITY, SPECIFICITY = 0.975, 0.934


def precision_at(prevalence):
    """The share of positive answers that are right, if a share `prevalence` of those tested are sick."""
    found, frightened = SENSITIVITY * prevalence, (1 - SPECIFICITY) * (1 - prevalence)
    return found / (found + frightened)


prevalences = np.linspace(0.001, 0.5, 200)
plt.plot(100 * prevalences, precision_at(prevalences))
plt.title("The same network, other patients")
plt.xlabel("sick among those tested, %")
plt.ylabel("precision: sick among those called sick")
plt.ylim(0, 1)
plt.grid(alpha=0.3)
plt.show()
for prevalence in (0.001, 0.01, 0.1, 0.5):
    print(f"{prevalence:5.1%} sick: a positive answer is right in {precision_at(prevalence):.0%} of cases")

# %% [markdown]
# Accuracy alone would hide that, as the lecture warns. There is a second trap: networks take what is easiest. One that found
# pneumonia in X-rays did worse in other hospitals, as it had partly learned to recognize the hospital (Zech et al., PLOS
# Medicine 2018). Keep test data from *elsewhere*.
#
# Networks also find skin cancer in photographs (Esteva et al., Nature 2017) and breast cancer in X-rays (McKinney et al.,
# Nature 2020), and AlphaFold predicts the shapes of proteins (Jumper et al., Nature 2021), which earned half of the Nobel Prize in Chemistry of
# 2024.
#
# ## 11. Weather
#
# A rain radar records a film, and the forecast is its next image. Below, clouds drift with a wind that the program is not told. Suppose
# that each pixel of the next image is a weighted sum of the 5×5 pixels around it now: that is one convolution, and the
# best kernel follows by least squares. Its largest weight shows where the wind comes from.


# %%
def rain_film(steps, size, wind, rng):
    """A film (steps, size, size) of clouds that drift by `wind` (down, right) per step, fade, and are noisy."""
    noise = np.fft.fft2(rng.normal(size=(size, size)))
    frequency = np.fft.fftfreq(size)
    smooth = np.exp(-400 * (frequency[:, np.newaxis] ** 2 + frequency**2))
    clouds = np.maximum(np.fft.ifft2(noise * smooth).real, 0)
    clouds /= clouds.max()
    film = [np.roll(clouds * 0.98**step, (wind[0] * step, wind[1] * step), axis=(0, 1)) for step in range(steps)]
    return np.array(film) + rng.normal(0, 0.01, (steps, size, size))


SHIFTS = [(down, right) for down in range(-2, 3) for right in range(-2, 3)]


def neighbors(image):
    """For each pixel of `image` its 5×5 neighbors: an array (pixels, 25). The world is round: edges meet."""
    return np.stack([np.roll(image, (-down, -right), axis=(0, 1)).ravel() for down, right in SHIFTS], axis=1)


def learn_kernel(film):
    """The 5×5 kernel that best predicts each image of `film` from the one before."""
    before = np.concatenate([neighbors(image) for image in film[:-1]])
    after = np.concatenate([image.ravel() for image in film[1:]])
    return np.linalg.lstsq(before, after, rcond=None)[0].reshape(5, 5)


def forecast(image, kernel, steps):
    """The images 1 to `steps` after `image`, each made from the one before it."""
    images = []
    for _ in range(steps):
        image = (neighbors(image) @ kernel.ravel()).reshape(image.shape)
        images.append(image)
    return np.array(images)


wind = (1, -2)  # a pixel down and two to the left in each step
film = rain_film(31, 64, wind, np.random.default_rng(SEED))
kernel = learn_kernel(film[:21])
predicted = forecast(film[20], kernel, 10)
figure, grid = plt.subplots(1, 4, figsize=(13, 3.3), layout="constrained")
limit = np.abs(kernel).max()
shown = grid[0].imshow(kernel, cmap="RdBu", vmin=-limit, vmax=limit, extent=(-2.5, 2.5, 2.5, -2.5))
figure.colorbar(shown, ax=grid[0], label="weight")
grid[0].set(title="The kernel", xlabel="pixels to the right", ylabel="pixels down")
for axes, image, title in zip(
    grid[1:], (film[20], film[30], predicted[9]), ("now", "10 steps later", "forecast"), strict=True
):
    axes.imshow(image, cmap="Blues", vmin=0, vmax=1)
    axes.set(title=title, xticks=[], yticks=[])
plt.show()

ahead = np.arange(1, 11)
plt.plot(ahead, [np.sqrt(np.mean((predicted[k] - film[21 + k]) ** 2)) for k in range(10)], marker="o", label="forecast")
plt.plot(ahead, [np.sqrt(np.mean((film[20] - film[21 + k]) ** 2)) for k in range(10)], marker="o", label="“as now”")
plt.xticks(ahead)
plt.ylim(bottom=0)
plt.title("A forecast is worth what it beats")
plt.xlabel("steps ahead")
plt.ylabel("error (root mean square)")
plt.legend()
plt.show()

# %% [markdown]
# "Tomorrow as today" is the baseline that every weather service has to beat. Real winds turn and clouds grow, so a real
# network has many layers: for rain radar, convolutions in a recurrent network (Shi et al., *Convolutional LSTM network*, NIPS
# 2015); for the whole planet, GraphCast (Lam et al., Science 2023), which forecasts ten days in under a minute and was
# more accurate than the best conventional forecast in 90 % of 1,380 comparisons. It learned from 39 years of weather that
# conventional models had reconstructed: they are still needed.
#
# ## 12. Recommendations
#
# Which film will you like? A table of ratings has a row per person and a column per film, and most of it is empty. **Matrix
# factorization** gives each person and each film a few numbers, and says that a rating is their product: what the
# film is, times how much the person likes that. The numbers are learned by the lecture's gradient descent from
# the ratings that are there (Koren, Bell and Volinsky, *Matrix factorization techniques for recommender systems*,
# IEEE Computer 2009).
#
# The ratings below are made up: 200 people and 60 films with two hidden tastes, and one rating in five is known.


# %%
def factorize(people, films, ratings, factors=2, steps=3000, rate=20.0, strength=0.0003):
    """Learn to predict `ratings` (n,) that `people` (n,) gave to `films` (n,), by gradient descent.

    Returns the table of all predictions (people, films). `strength` is that of the L2 regularization.
    """
    rng = np.random.default_rng(SEED)
    mean = ratings.mean()
    tastes = rng.normal(0, 0.3, (people.max() + 1, factors))
    contents = rng.normal(0, 0.3, (films.max() + 1, factors))
    for _ in range(steps):
        error = (tastes[people] * contents[films]).sum(axis=1) + mean - ratings
        for table, rows, other in ((tastes, people, contents[films]), (contents, films, tastes[people].copy())):
            gradient = np.zeros_like(table)
            np.add.at(gradient, rows, error[:, np.newaxis] * other / len(error))
            table -= rate * (gradient + strength * table)
    return tastes @ contents.T + mean


rng = np.random.default_rng(SEED)
true_tastes, true_contents = rng.normal(size=(200, 2)), rng.normal(size=(60, 2))
true_ratings = np.clip(np.round(3 + true_tastes @ true_contents.T + rng.normal(0, 0.3, (200, 60))), 1, 5)
known = rng.random(true_ratings.shape) < 0.2
people, films = np.nonzero(known)
predicted_ratings = np.clip(factorize(people, films, true_ratings[known]), 1, 5)

film_means = np.nanmean(np.where(known, true_ratings, np.nan), axis=0)
for what, guess in (
    ("the film's mean", np.broadcast_to(film_means, known.shape)),
    ("factorization", predicted_ratings),
):
    error = np.sqrt(np.mean((guess - true_ratings)[~known] ** 2))
    print(f"{what:15}: off by {error:.2f} stars (root mean square) on ratings that it has not seen")

# %%
figure, grid = plt.subplots(1, 3, figsize=(13, 4.5), sharey=True, layout="constrained")
tables = (np.where(known, true_ratings, np.nan), predicted_ratings, true_ratings)
for axes, table, title in zip(grid, tables, ("known", "predicted", "true"), strict=True):
    shown = axes.imshow(table[:60], cmap="viridis", vmin=1, vmax=5)  # white: not known
    axes.set(title=title, xlabel="film")
grid[0].set_ylabel("person (the first 60 of 200)")
figure.colorbar(shown, ax=list(grid), label="stars", ticks=range(1, 6))
plt.show()

# %% [markdown]
# From 2006 to 2009 Netflix offered a million dollars for predictions that were 10 % better than its own (Bennett and
# Lanning, *The Netflix Prize*, KDD Cup 2007); factorization was the core of the winner. It isn't all good: what is
# recommended is watched, what is watched becomes data, and a system that maximizes clicks may find that anger brings
# the most. Choosing the metric is the real decision. Who should make it?
#
# ## Where to go from here
#
# * Everything in this notebook is one of three things you know: a network with a loss, gradient descent on a table of
#   numbers, or counting. What differs is what goes in, what comes out, and what the loss asks for.
# * The lecture's homework: items 1 and 2 of its slide (layers and their parameters; fashion_mnist) are the assignment
#   `fashion_mnist`, item 3 (color photographs) is `cifar`.
# * Ideas to try here: a detector for your own handwriting; a GAN of `fashion_mnist` (only the data changes); names of
#   streets in your town; the handwriting of other pairs of digits.
