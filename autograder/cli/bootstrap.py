"""Sets up `.venv` from a fresh clone, with Python and pip alone. Standard library only.

`run_in_environment` does nothing where the packages can be imported already; else it makes `.venv`, installs the
project and the versions of `requirements.lock` into it, and runs the command again with that Python.
"""

import hashlib
import importlib.util
import subprocess
import sys
import time
from pathlib import Path

NEEDED = (
    "charset_normalizer",
    "dateutil",
    "filelock",
    "ipykernel",
    "msgspec",
    "nbgrader",
    "nh3",
    "numpy",
    "psutil",
    "rapidfuzz",
    "rich",
    "yaml",
)
NEEDED_BY_COURSE = (*NEEDED, "PIL", "jupytext", "matplotlib", "requests", "tensorflow")  # the extra `course`
NEEDED_TO_TEST = (
    *NEEDED_BY_COURSE,
    "axe_playwright_python",
    "configurable_http_proxy",
    "hypothesis",
    "jupyterhub",
    "kubernetes_validate",
    "material",
    "mkdocs",
    "mkdocstrings_handlers",
    "mypy",
    "pandas",
    "playwright",
    "pytest",
    "pytest_timeout",
    "ruff",
    "spylls",
    "xdist",
)


def missing_packages(names: tuple[str, ...]) -> list[str]:
    """Those of `names` that this Python can't import."""
    return [name for name in names if importlib.util.find_spec(name) is None]


def run_in_environment(root: Path, arguments: list[str]) -> None:
    """Return where this Python has all that is needed; else set up `root`/.venv, run there, and exit as that does."""
    if not (3, 11) <= sys.version_info[:2] <= (3, 13):  # those that TensorFlow is there for
        sys.exit(
            f"autograder: expected Python 3.11, 3.12 or 3.13, received {sys.version.split()[0]} ({sys.executable})"
        )
    if not missing_packages(NEEDED_TO_TEST if arguments[:1] == ["test"] else NEEDED_BY_COURSE):
        return
    python = root / ".venv" / "bin" / "python"
    wanted = hashlib.sha256((root / "pyproject.toml").read_bytes() + (root / "requirements.lock").read_bytes())
    stamp = root / ".venv" / "installed.sha256"
    if not stamp.is_file() or stamp.read_text() != wanted.hexdigest():
        _install(root, python)
        stamp.write_text(wanted.hexdigest())
    if Path(sys.executable).absolute() == python.absolute():
        sys.exit(f"autograder: {missing_packages(NEEDED_TO_TEST)} missing from .venv: delete that folder and try again")
    sys.exit(subprocess.call([str(python), "-m", "autograder", *arguments], cwd=root))


def _install(root: Path, python: Path) -> None:
    started = time.monotonic()
    print("Setting up .venv: about 2 to 4 minutes and 3 GB of disk, once.", flush=True)
    if not python.is_file():
        # Without pip in it: some systems lack ensurepip; the pip that runs this command serves both.
        subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(root / ".venv")], check=True)
    command = [sys.executable, "-m", "pip", "--python", str(python), "--disable-pip-version-check", "install"]
    options = [
        "--quiet",
        "--progress-bar",
        "on",
        "--constraint",
        "requirements.lock",
        "--editable",
        ".[test]",
    ]
    if subprocess.run([*command, *options], cwd=root, check=False).returncode:
        sys.exit("autograder: pip could not install the packages (its message is above); nothing else was changed")
    print(f"Set up in {time.monotonic() - started:.0f} s.", flush=True)
