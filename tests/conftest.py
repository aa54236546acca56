"""Fixtures: the course as committed, and temporary copies of it."""

import os
import shutil
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
# With these variables a notebook's kernel gets small made-up datasets from Keras: see small_kernel/sitecustomize.py.
SMALL_DATA = {
    "PYTHONPATH": str(Path(__file__).parent / "small_kernel"),
    "TF_CPP_MIN_LOG_LEVEL": "3",
    "TF_ENABLE_ONEDNN_OPTS": "1",
}


@pytest.fixture(scope="session")
def root() -> Path:
    """The project's own folder: the course as committed."""
    return ROOT


def copy_course(folder: Path, *parts: str) -> Path:
    """Copy nbgrader_config.py and the given folders of the course into `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copy(ROOT / "nbgrader_config.py", folder)
    for part in parts:
        shutil.copytree(ROOT / part, folder / part)
    return folder


@pytest.fixture(autouse=True)
def _own_jupyter(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """No test reads or writes this machine's Jupyter or IPython settings."""
    folder = tmp_path_factory.mktemp("jupyter")
    for variable in ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "IPYTHONDIR"):
        monkeypatch.setenv(variable, str(folder / variable.lower()))
    monkeypatch.setenv("PATH", os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]))
