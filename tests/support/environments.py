"""A virtual environment beside this one: what ipykernel needs, a package of its own, and nothing else."""

import json
import os
import shutil
import sysconfig
import venv
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, distribution, requires
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from shared import made_once

OTHER = (
    "AUTOGRADER_TESTS_ENVIRONMENT"  # the prefix of an environment with ipykernel, say of another Python's, to test in
)
NAME = "only_here"  # a module that no other environment has
CONTENT = "def half(x):\n    return x / 2\n"


def required(*names: str) -> set[str]:
    """The distributions of this environment that an installation of `names` brings."""
    found, pending = set[str](), [canonicalize_name(name) for name in names]
    while pending:
        if (name := pending.pop()) in found:
            continue
        try:
            wanted = [Requirement(text) for text in requires(name) or []]
        except PackageNotFoundError:  # for another system or Python
            continue
        found.add(name)
        pending += [canonicalize_name(one.name) for one in wanted if one.marker is None or one.marker.evaluate()]
    return found


def _make(folder: Path) -> None:
    venv.create(folder, symlinks=True, with_pip=False)
    packages = Path(sysconfig.get_path("purelib", vars={"base": str(folder), "platbase": str(folder)}))
    for name in required("ipykernel") - {"debugpy"}:  # the largest by far, and nobody debugs there
        for file in distribution(name).files or []:
            source = Path(str(file.locate()))
            if ".." not in file.parts and source.suffix != ".pyc":
                (packages / file).parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(source, packages / file)
    (packages / f"{NAME}.py").write_text(CONTENT)
    (packages / "autograder").mkdir()  # another copy of this package, imported at each start of Python
    (packages / "autograder" / "__init__.py").touch()
    (packages / "autograder.pth").write_text("import autograder\n")


def other_environment() -> Path:
    """The prefix of an environment with ipykernel; without NumPy, msgspec, or a whole copy of this package."""
    return Path(os.environ[OTHER]) if OTHER in os.environ else made_once("other environment", _make)


def add_kernel(folder: Path, name: str, argv: list[str], language: str = "python", **more: object) -> None:
    """Add a kernelspec to `folder`, which is to be on JUPYTER_PATH."""
    place = folder / "kernels" / name
    place.mkdir(parents=True)
    spec = {"argv": argv, "display_name": name, "language": language, **more}
    (place / "kernel.json").write_text(json.dumps(spec))


def add_environment(folder: Path, name: str, prefix: Path, env: Mapping[str, str]) -> None:
    """Add the kernelspec that `python -m ipykernel install --name NAME` adds in the environment in `prefix`."""
    command = [str(prefix / "bin" / "python"), "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    add_kernel(folder, name, command, env=dict(env))
