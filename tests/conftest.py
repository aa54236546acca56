"""Fixtures of all tests, and the folder that a run's processes share."""

import functools
import os
import shutil
import signal
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbgrader.api
import pytest
from repository import ROOT
from shared import VARIABLE

HANDLERS = pytest.StashKey[dict[signal.Signals, Any]]()  # of a test's process, before the test

# For each new gradebook nbgrader starts a process that says the same each time.
nbgrader.api.get_alembic_version = functools.cache(nbgrader.api.get_alembic_version)


def pytest_configure(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput"):  # the one process, or the one that starts the others
        os.environ[VARIABLE] = tempfile.mkdtemp(prefix="autograder-tests-")


def pytest_unconfigure(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput"):
        shutil.rmtree(os.environ.pop(VARIABLE), ignore_errors=True)


def _handlers() -> dict[signal.Signals, Any]:
    """All but that of SIGALRM, which pytest-timeout uses."""
    return {one: signal.getsignal(one) for one in signal.Signals if one != signal.SIGALRM}


@pytest.hookimpl(wrapper=True)
def pytest_runtest_setup(item: pytest.Item) -> Iterator[None]:
    item.stash[HANDLERS] = _handlers()
    return (yield)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item: pytest.Item) -> Iterator[None]:
    """No test, and nothing that it imports, takes a signal from the tests after it."""
    result = yield
    before, after = item.stash[HANDLERS], _handlers()
    taken = [one.name for one in before if after[one] != before[one]]
    assert not taken, f"handlers of {taken} are not as they were before this test"
    return result


@pytest.fixture(scope="session")
def root() -> Path:
    """The project's own folder: the course as committed."""
    return ROOT


@pytest.fixture(autouse=True)
def _own_jupyter(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """No test reads or writes this machine's Jupyter or IPython settings."""
    folder = tmp_path_factory.mktemp("jupyter")
    for variable in ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "IPYTHONDIR"):
        monkeypatch.setenv(variable, str(folder / variable.lower()))
    monkeypatch.setenv("PATH", os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]))
