"""What a notebook sees of the machine's environment: variables, and folders of the grader's home."""

import os
from collections.abc import Mapping
from pathlib import Path

from autograder.kernel.kernelspec import Kernel, substituted
from autograder.sandbox import bubblewrap

# What of the grader's environment a notebook may see: no token, no path of a home.
_VARIABLES = ("LANG", "LANGUAGE", "TZ", "MPLBACKEND", "KERAS_BACKEND", "XLA_FLAGS", "PYTHONHASHSEED")
_PREFIXES = (
    *("LC_", "OMP_", "MKL_", "OPENBLAS_", "NUMEXPR_"),
    *("TF_CPP_", "TF_DETERMINISTIC_", "TF_ENABLE_", "TF_NUM_", "TF_USE_", "TF_XLA_"),
)


def variables(outside: Mapping[str, str] = os.environ) -> dict[str, str]:
    """The grader's environment variables that a notebook may see, with defaults for language and hash seed."""
    allowed = {name: value for name, value in outside.items() if is_shown(name)}
    # with a hash seed, sets come in the same order each time
    return {"LANG": "C.UTF-8", "PYTHONHASHSEED": "0", **allowed}


def is_shown(name: str) -> bool:
    """Whether a notebook may see the grader's environment variable of that name."""
    return name in _VARIABLES or name.startswith(_PREFIXES)


def environment(
    home: str, kernel: Kernel, given: Mapping[str, str], outside: Mapping[str, str] = os.environ
) -> dict[str, str]:
    """All environment variables of a notebook whose home folder is `home`; `given` ones take precedence.

    `outside`: the grader's own.

    What the kernelspec sets may refer to what else is set here, and to no other variable of the grader's.
    """
    python = {"PYTHONUSERBASE": kernel.interpreter.user_base} if kernel.interpreter.user_base else {}
    folders = [f"{folder}/bin" for folder in (*kernel.shown, kernel.interpreter.prefix)]
    path = {"PATH": ":".join([*folders, "/usr/local/bin", "/usr/bin", "/bin"])}
    known = {**variables(outside), **path, "HOME": home}
    return {
        **known,
        **substituted(kernel.variables, known),
        **python,
        "HOME": home,
        "USER": "student",
        "LOGNAME": "student",
        "TMPDIR": "/tmp" if home == bubblewrap.HOME else f"{home}/tmp",
        "KERAS_HOME": f"{home}/.keras",
        "CUDA_VISIBLE_DEVICES": "",
        "HDF5_USE_FILE_LOCKING": "BEST_EFFORT",  # there is no flock
        "NBGRADER_EXECUTION": "autograde",  # as under `nbgrader autograde`
        **given,
    }


def shared(outside: Mapping[str, str] = os.environ) -> dict[Path, str]:
    """What notebooks may read of the grader's home, and its path in theirs: Keras's datasets, Matplotlib's fonts.

    `outside`: the grader's environment variables.
    """
    keras = Path(outside.get("KERAS_HOME") or "~/.keras").expanduser() / "datasets"
    cache = Path(outside.get("MPLCONFIGDIR") or "~/.cache/matplotlib").expanduser()
    return {
        **{path.resolve(): f".keras/datasets/{path.name}" for path in _datasets(keras)},
        **{path: f".cache/matplotlib/{path.name}" for path in cache.glob("fontlist-*.json")},
    }


def _datasets(folder: Path) -> list[Path]:
    """What is in Keras's folder of datasets, but for what Keras extracts from an archive there each time it loads it.

    So the folder itself is the notebook's own, as Keras needs it to be: `keras.utils.get_file`, which all of its
    datasets load by, extracts `name_archive` to `name`, and `name.ext` to `name_extracted`, whatever is there already.
    """
    try:
        names = {path.name: path for path in sorted(folder.iterdir())}
    except OSError:
        return []
    stems = {name.partition(".")[0] for name in names if "." in name}

    def is_extracted(name: str) -> bool:
        stem = name.removesuffix("_extracted")
        return f"{name}_archive" in names or (stem != name and stem in stems)

    return [path for name, path in names.items() if path.is_file() or (path.is_dir() and not is_extracted(name))]
