"""Setting up from a fresh clone. That it works as a whole is shown by CI, which starts from one."""

import subprocess
import sys
from pathlib import Path

import pytest
from repository import ROOT

from autograder.cli import bootstrap


def test_missing_packages_are_those_that_cannot_be_imported() -> None:
    assert bootstrap.missing_packages(("json", "no_such_package", "numpy")) == ["no_such_package"]
    assert bootstrap.missing_packages(bootstrap.NEEDED_TO_TEST) == []


def test_nothing_is_set_up_where_everything_is_there(tmp_path: Path) -> None:
    bootstrap.run_in_environment(tmp_path, ["test"])
    assert list(tmp_path.iterdir()) == []


def test_bootstrap_needs_nothing_but_the_standard_library() -> None:
    code = "import sys; from autograder import __main__; print(set(sys.modules) & {'numpy', 'traitlets'})"
    done = subprocess.run([sys.executable, "-S", "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"


def test_without_the_packages_a_command_says_what_to_install() -> None:
    command = [sys.executable, "-S", "-m", "autograder", "build"]  # -S: no site-packages
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert ", ".join(bootstrap.NEEDED_BY_COURSE) in done.stderr
    assert 'python -m pip install -e ".[course]"' in done.stderr
    done = subprocess.run([*command[:-1], "grade"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert ", ".join(bootstrap.NEEDED) in done.stderr
    assert "python -m pip install -e . " in done.stderr


def test_on_windows_a_command_says_where_grading_runs() -> None:
    code = "import sys; sys.platform = 'win32'; from autograder.__main__ import main; main()"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "autograder: grading needs Linux. Run it in WSL, or in the container (docs/container.md).\n"


@pytest.mark.parametrize(("typed", "then"), [("grad", "autograder grade"), ("xyzzy", "autograder --help")])
def test_a_command_that_does_not_exist_is_refused_with_what_may_be_meant(typed: str, then: str) -> None:
    command = [sys.executable, "-m", "autograder", typed]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (1, "")
    said, last = done.stderr.splitlines()
    assert typed in said
    assert last.startswith(f"Next: {then}")
