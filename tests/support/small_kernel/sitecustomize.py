"""On a test kernel's PYTHONPATH: `keras.datasets.….load_data()` gives small made-up data, learned in seconds.

Ten patterns plus noise, in the shapes and types of the real data; only the number of images differs. Networks with
batch normalisation get more of them: its running means take some hundred steps to settle.
"""

import os
import sys

TEST = 500
DIGITS = int(os.environ.get("SMALL_DIGITS", "3000"))  # images to train on that look like MNIST's
PHOTOS = int(os.environ.get("SMALL_PHOTOS", "12000"))  # that look like CIFAR-10's
HUNDRED = int(os.environ.get("SMALL_HUNDRED", "0"))  # that look like CIFAR-100's; 0: can't be loaded


def small(shape, train, seed, classes=10):
    """((x_train, y_train), (x_test, y_test)) of uint8 images of `shape`, (h, w) or (h, w, channels)."""
    import numpy as np

    rng = np.random.default_rng(seed)
    # Each pattern is made of 4×4 blocks, so that small kernels can see it.
    coarse = rng.uniform(0, 255, (classes, shape[0] // 4, shape[1] // 4, *shape[2:]))
    patterns = coarse.repeat(4, axis=1).repeat(4, axis=2)
    labels = rng.integers(0, classes, train + TEST).astype("uint8")
    pixels = (patterns[labels] + rng.normal(0, 40, (train + TEST, *shape))).clip(0, 255).astype("uint8")
    if len(shape) == 3:  # cifar10's labels are a column
        labels = labels[:, np.newaxis]
    return (pixels[:train], labels[:train]), (pixels[train:], labels[train:])


def hundred(label_mode="fine"):
    """Made-up CIFAR-100 with its 100 fine labels, or its 20 coarse ones. Without SMALL_HUNDRED raises OSError."""
    if not HUNDRED:
        raise OSError("the host of CIFAR-100 can't be reached")
    parts = small((32, 32, 3), HUNDRED, seed=3, classes=100)
    return parts if label_mode == "fine" else tuple((pixels, labels * 7 % 20) for pixels, labels in parts)


KERNELS = (
    "ipykernel_launcher",
    "autograder.kernel import ",
    "autograder.examiner import fork_server",
    "answering.py",
)
if any(name in " ".join(sys.orig_argv) for name in KERNELS):
    if "ipykernel_launcher" in " ".join(sys.orig_argv):  # which does so too late: Keras imports Matplotlib here
        os.environ.setdefault("MPLBACKEND", "module://matplotlib_inline.backend_inline")
    from keras.datasets import cifar10, cifar100, fashion_mnist, mnist

    mnist.load_data = lambda *_, **__: small((28, 28), DIGITS, seed=0)
    fashion_mnist.load_data = lambda *_, **__: small((28, 28), 12_000, seed=1)
    cifar10.load_data = lambda *_, **__: small((32, 32, 3), PHOTOS, seed=2)
    cifar100.load_data = hundred
