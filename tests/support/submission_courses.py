"""Real courses for the tests of `submission`: ours, and nbgrader's quickstart, each with its gradebook."""

import os
import shutil
import sys
from pathlib import Path

import nbformat
import nbgrader
import pytest
from nbformat import NotebookNode
from nbgrader.apps.api import NbGraderAPI
from nbgrader.coursedir import CourseDirectory
from repository import copy_course
from shared import copy_of
from traitlets.config import Config

from autograder.notebooks.instructor_version import Version

_GUIDE = Path(nbgrader.__file__).parent / "docs" / "source" / "user_guide"


def generate(folder: Path, assignment: str, **sections: dict[str, object]) -> tuple[CourseDirectory, Config]:
    """Run nbgrader's generate_assignment on a course; the course and its configuration."""
    coursedir, config = configured(folder, **sections)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PATH", os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]))
        done = NbGraderAPI(coursedir, config=config).generate_assignment(assignment)
    assert done["success"], done["log"]
    return coursedir, config


def configured(folder: Path, **sections: dict[str, object]) -> tuple[CourseDirectory, Config]:
    """A course and its configuration, as `generate` gives them."""
    config = Config({"CourseDirectory": {"root": str(folder)}, **sections})
    return CourseDirectory(config=config), config


def quickstart(folder: Path, autotest: bool = False) -> tuple[CourseDirectory, Config]:
    """nbgrader's quickstart course, with its header."""
    sections: dict[str, dict[str, object]] = {"IncludeHeaderFooter": {"header": "source/header.ipynb"}}

    def make(folder: Path) -> None:
        shutil.copytree(_GUIDE / "source" / ("ps1_autotest" if autotest else "ps1"), folder / "source" / "ps1")
        shutil.copy(_GUIDE / "source" / "header.ipynb", folder / "source")
        if autotest:
            shutil.copy(_GUIDE / "autotests.yml", folder / "source" / "ps1")
        generate(folder, "ps1", **sections)

    return configured(copy_of(f"quickstart {autotest=}", make, folder), **sections)


def foundations(folder: Path) -> tuple[CourseDirectory, Config]:
    """Our own course with the assignment `foundations`."""
    sections: dict[str, dict[str, object]] = {"ClearSolutions": {"code_stub": {"python": "raise NotImplementedError"}}}

    def make(folder: Path) -> None:
        copy_course(folder, "source")
        generate(folder, "foundations", **sections)

    return configured(copy_of("foundations", make, folder), **sections)


def solved(coursedir: CourseDirectory, version: Version) -> NotebookNode:
    """The released notebook with the reference's answers in it."""
    folder = coursedir.format_path(coursedir.release_directory, ".", version.assignment)
    notebook = nbformat.read(Path(folder, f"{version.notebook}.ipynb"), as_version=nbformat.NO_CONVERT)
    sources = {cell.grade_id: cell.source for cell in version.cells if cell.solution}
    for cell in notebook.cells:
        if (grade_id := cell.metadata.get("nbgrader", {}).get("grade_id")) in sources:
            lines = sources[grade_id].split("\n")
            cell["source"] = "\n".join(line for line in lines if " SOLUTION" not in line)
    return notebook
