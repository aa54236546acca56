"""A kernel in which only what Colab surely has can be imported.

    python colab_kernel.py ipykernel_launcher -f CONNECTION_FILE

That is TensorFlow, NumPy, Matplotlib, IPython, ipykernel, and what these require; nothing else of this environment, and
no word of this project. Datasets are small: see small_kernel/sitecustomize.py.
"""

import runpy
import sys
from collections.abc import Iterable
from importlib.metadata import PackageNotFoundError, packages_distributions, requires
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

INSTALLED = ("tensorflow", "numpy", "matplotlib", "ipython", "ipykernel")


def required(names: Iterable[str]) -> set[str]:
    """The distributions that an installation of `names` brings."""
    found: set[str] = set()
    pending = list(names)
    while pending:
        name = canonicalize_name(pending.pop())
        if name in found:
            continue
        try:
            wanted = [Requirement(text) for text in requires(name) or []]
        except PackageNotFoundError:  # for another system or Python
            continue
        found.add(name)
        pending += [one.name for one in wanted if one.marker is None or one.marker.evaluate({"extra": ""})]
    return found


class Refused:
    """A finder that lets no module be found of other distributions than those given, nor of this project."""

    def __init__(self, installed: set[str]) -> None:
        """Refuse what is of no distribution in `installed`."""
        self.modules = {"autograder"}
        for module, owners in packages_distributions().items():
            if installed.isdisjoint(map(canonicalize_name, owners)):
                self.modules.add(module)

    def find_spec(self, name: str, path: object = None, target: object = None) -> None:
        """Raises ModuleNotFoundError, or leaves it to the next finder."""
        if name.partition(".")[0] in self.modules:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)


refused = Refused(required(INSTALLED))
sys.meta_path.insert(0, refused)
for name in [name for name in sys.modules if name.partition(".")[0] in refused.modules]:
    del sys.modules[name]
del sys.argv[0], sys.path[0]
small = runpy.run_path(str(Path(__file__).parent / "small_kernel" / "sitecustomize.py"))["small"]
for dataset, shape in (("mnist", (28, 28)), ("fashion_mnist", (28, 28)), ("cifar10", (32, 32, 3))):
    data = small(shape, 600 if dataset != "mnist" else 1600, seed=0)  # nothing has to be learned here
    vars(sys.modules[f"keras.datasets.{dataset}"])["load_data"] = lambda data=data: data
runpy.run_module("ipykernel_launcher", run_name="__main__", alter_sys=True)
