"""A package that is installed as others are (`pip install .`), not as a link to this folder, grades in a sandbox."""

import os
import shutil
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

import pytest
import submissions
import tiny_course
from candidates import needs_sandbox
from repository import ROOT

ENVIRONMENT = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Python of an environment with this project in it, and what it needs from this one."""
    folder = tmp_path_factory.mktemp("installed")
    venv.create(folder / "venv", with_pip=False)
    packages = folder / "venv" / "lib" / f"python{sys.version_info.major}.{sys.version_info.minor}" / "site-packages"
    (packages / "others.pth").write_text(sysconfig.get_path("purelib"))  # without the .pth files that are there
    copied = shutil.copytree(ROOT / "autograder", folder / "source" / "autograder").parent  # a build writes beside it
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, copied)
    pip = [getattr(sys, "_base_executable", sys.executable), "-m", "pip", "--python", str(folder / "venv")]
    options = ["--quiet", "--no-deps", "--no-build-isolation", "--no-index", "--disable-pip-version-check"]
    subprocess.run([*pip, "install", *options, str(copied)], check=True)
    made = folder / "venv" / "bin" / "python"
    activate = "from autograder.course.datasets import startup; startup.activate()\n"
    activate += "import autograder; print(autograder.__file__)"
    done = subprocess.run(
        [made, "-c", activate], cwd=folder, env=ENVIRONMENT, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == str(packages / "autograder" / "__init__.py")
    return made


@needs_sandbox
def test_a_class_is_graded_by_an_installed_package(python: Path, tmp_path: Path) -> None:
    course = submissions.course(tmp_path / "course")
    submissions.hand_in(course, "submitted/ada/numbers/numbers.ipynb", submissions.notebook(course))
    command = [python, "-m", "autograder", "grade", "numbers", f"--Grading.visible={sysconfig.get_path('purelib')}"]
    done = subprocess.run(command, cwd=course, env=ENVIRONMENT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{tiny_course.FULL['numbers']:g} / {tiny_course.FULL['numbers']:g}" in done.stdout
