"""Fixtures of all tests."""

import os
import sys
from pathlib import Path

import pytest
from repository import ROOT


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
