"""This repository: its folder, and temporary copies of its course."""

import shutil
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from autograder.course import build

ROOT = Path(__file__).resolve().parents[2]
# With these variables a notebook's kernel gets small made-up datasets from Keras: see small_kernel/sitecustomize.py.
SMALL_DATA = {
    "PYTHONPATH": str(Path(__file__).parent / "small_kernel"),
    "TF_CPP_MIN_LOG_LEVEL": "3",
    "TF_ENABLE_ONEDNN_OPTS": "1",
}


def copy_course(folder: Path, *parts: str) -> Path:
    """Copy nbgrader_config.py and the given folders of the course into `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copy(ROOT / "nbgrader_config.py", folder)
    for part in parts:
        shutil.copytree(ROOT / part, folder / part)
    return folder


ASSIGNMENTS = build.assignments(ROOT)  # the gallery too
UNGRADED = {"gallery"}
GRADED = [name for name in ASSIGNMENTS if name not in UNGRADED]


def source(assignment: str) -> NotebookNode:
    return nbformat.read(ROOT / "source" / assignment / f"{assignment}.ipynb", as_version=4)


def release(assignment: str) -> NotebookNode:
    return nbformat.read(ROOT / "release" / assignment / f"{assignment}.ipynb", as_version=4)
