"""The datasets of the course in Keras's cache, fetched and verified; neither Keras nor TensorFlow is imported.

    datasets.fetch("mnist")             # the official host first, then mirrors; DataError says what was tried
    datasets.state("mnist").problem     # "" where the cache holds it, verified

Afterwards `keras.datasets.mnist.load_data()` finds it, in any notebook of this environment.
"""

from dataclasses import replace
from pathlib import Path

from autograder.course.datasets import keras_cache, startup
from autograder.course.datasets.catalog import DATASETS
from autograder.course.datasets.keras_cache import DataError, State, default_home
from autograder.course.datasets.sources import Report

__all__ = ["NAMES", "OPTIONAL", "DataError", "Report", "State", "default_home", "fetch", "state"]

NAMES = tuple(DATASETS)
OPTIONAL = ("cifar100",)
"""Needed by no graded cell, and from its official host only."""


def fetch(
    name: str, home: Path | None = None, report: Report = lambda *_: None, site_packages: Path | None = None
) -> State:
    """Put the dataset `name` into Keras's cache below `home`, where it isn't there yet, and return what is there.

    `home` is by default KERAS_HOME, else ~/.keras. `report` is called with what is being done, the bytes so far and
    in all. `site_packages` is where Keras is made to accept files from mirrors, by default this environment's. Raises
    DataError.
    """
    return keras_cache.fetch(keras_cache.lookup(name), home or default_home(), report, site_packages)


def state(name: str, home: Path | None = None) -> State:
    """What Keras's cache below `home` holds of `name`; nothing is changed. Raises DataError for an unknown name."""
    dataset, home = keras_cache.lookup(name), home or default_home()
    found = keras_cache.state(dataset, home)
    try:
        if not found.problem and keras_cache.needs_startup(dataset, home):
            startup.check()
    except startup.StartupError as error:
        return replace(found, problem=str(error))
    return found
