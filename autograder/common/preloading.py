"""Imports, before processes are forked for notebooks, what these would import each for itself."""

import contextlib
import importlib
import sys
from collections.abc import Iterable

# Library -> what it imports only once it is used, and nearly every notebook that imports it uses: drawing of plots as
# PNG, random numbers.
_LATER = {
    "numpy": ("numpy.random", "numpy.polynomial"),
    "matplotlib.pyplot": (
        *("matplotlib.backends.backend_agg", "matplotlib.contour", "contourpy", "IPython.core.pylabtools"),
        *(f"PIL.{name}ImagePlugin" for name in ("Bmp", "Gif", "Jpeg", "Png", "Ppm")),  # all, for one that is written
    ),
}


def preload(modules: Iterable[str]) -> None:
    """Import those of these modules that can be imported, and what the libraries among all that are loaded need later.

    Nothing is done with them: no random number is drawn, no figure or backend is chosen.
    """
    for name in modules:
        _import(name)
    for library, later in _LATER.items():
        if library in sys.modules:
            for name in later:
                _import(name)


def _import(name: str) -> None:
    with contextlib.suppress(Exception):
        importlib.import_module(name)
