"""The environment variables that cells see, in the candidate and in the examiner: settings, never secrets."""

import os

PREFIXES = ("TF_", "KERAS_", "OMP_", "OPENBLAS_", "MKL_", "XLA_", "LC_")
NAMES = ("LANG", "MPLBACKEND", "PYTHONHASHSEED", "TZ")


def environment() -> dict[str, str]:
    """Those of this process that numeric libraries and pictures depend on."""
    return {k: v for k, v in os.environ.items() if k.startswith(PREFIXES) or k in NAMES}
