"""Which notebook of the assignment a file is, by its name, though browsers, Colab and LMSs add to names.

What they add (`_ADDED`) is taken off again, one piece at a time and in every order, fewest pieces first, until the
rest is the name of a notebook: "Копия mnist.ipynb (1)" is mnist. So a notebook that is itself called "mnist (1)" is
found first.
"""

import re
import unicodedata
from collections.abc import Mapping, Sequence

# One step at a time off the end or the start of a name: what browsers, systems, Colab, Jupyter and Canvas add to it.
_ADDED = (
    re.compile(r"(?P<rest>.+?)\s*\(\d{1,3}\)", re.DOTALL),  # mnist (1)
    re.compile(r"(?P<rest>.+?)[\s_-]+(?:copy|копия)\s*\d*", re.DOTALL),  # mnist-Copy1, mnist copy 2, mnist — копия
    re.compile(r"(?P<rest>.+?)\s*[-–—]\s*(?:copy|копия)", re.DOTALL),
    re.compile(r"(?P<rest>.+?)[\s_-]+\d{1,2}", re.DOTALL),  # mnist_1, mnist-1
    re.compile(r"(?:a )?(?:copy of|копия)\s+(?:блокнота\s+)?(?P<rest>.+)", re.DOTALL),  # Копия mnist
    re.compile(r"[«\"“„_](?P<rest>.+)[»\"”“_]", re.DOTALL),  # «mnist»
    re.compile(r"(?P<rest>.+)[. ]ipynb", re.DOTALL),  # mnist.ipynb (1).ipynb; Colab's downloads: mnist_ipynb
)
_NOTEBOOK = re.compile(r"\.ipynb(\.(?!zip$|gz$|tar$|tgz$|7z$|rar$)[a-z0-9]{1,8})?$", re.IGNORECASE)
_ENDING = re.compile(r"(\.ipynb(\.[a-z0-9]{1,8})?|\.(json|txt))$", re.IGNORECASE)


def is_called_notebook(file: str) -> bool:
    """Whether a file's name is that of a notebook: `sums.ipynb`, and what systems make of it (`SUMS.IPYNB.txt`)."""
    return bool(_NOTEBOOK.search(file))


def notebook_of(file: str, notebooks: Sequence[str]) -> tuple[str, bool] | None:
    """The notebook that a file is, and whether it has just its name; None where it is the name of none, or of several.

    `file` is a name that ends in .ipynb, or in what systems make of that (`SUMS.IPYNB`, `sums.ipynb.txt`); `notebooks`
    are names without.
    """
    name = _ENDING.sub("", file)
    if name in notebooks:
        return name, file == f"{name}.ipynb"
    known: dict[str, list[str]] = {}
    for notebook in notebooks:
        known.setdefault(_plain(notebook), []).append(notebook)
    seen = [_plain(name)]
    for text in seen:  # grows: each form gives shorter ones
        if text in known:
            alike = known[text]  # of notebooks whose names differ in case, say, the one that stands there as it is
            exact = [notebook for notebook in alike if notebook in unicodedata.normalize("NFC", name)] or alike
            return (exact[0], False) if len(exact) == 1 else None
        shorter = (found["rest"].strip() for pattern in _ADDED if (found := pattern.fullmatch(text)))
        seen += [rest for rest in shorter if rest not in seen][: 100 - len(seen)]
    return None


def of_another(file: str, others: Mapping[str, str]) -> str | None:
    """The assignment among whose notebooks (`others`: assignments by notebook) a file's name is."""
    found = notebook_of(file, list(others))
    return others[found[0]] if found else None


def _plain(name: str) -> str:
    # A name from macOS has its accents as signs of their own; Colab's downloads have underscores for spaces.
    return re.sub(r"[\s_]+", " ", unicodedata.normalize("NFC", name)).strip().casefold()
