"""A line in this environment's site-packages, by which each Python that starts there accepts noted files.

So notebooks call plain `keras.datasets.….load_data()` and import nothing of this package. See `verified_datasets`.
"""

import os
import subprocess
import sys
import sysconfig
from pathlib import Path

from autograder.common.errors import AutograderError

# Python runs the .pth files in order of their names; an editable install's begins with "__", so it comes before.
NAME = "autograder_verified_datasets.pth"
# One line that begins with `import`, as .pth files want it. Without our package nothing happens. In a sandbox the
# folder of an installed package is there, and empty: what Python makes of it must not stand for the package later.
LINE = """import sys; exec("try:\\n    import autograder.course.verified_datasets\\n\
except ImportError:\\n    sys.modules.pop('autograder', None)")\n"""


class StartupError(AutograderError):
    """Keras would not accept the noted files; the message says why and what to do."""


def activate(site_packages: Path | None = None) -> str:
    """Put the line into `site_packages` (default: this environment's); returns what was done, "" where it was there.

    Raises StartupError where that folder can't be written, and where Python then starts without our package.
    """
    path = (site_packages or Path(sysconfig.get_path("purelib"))) / NAME
    remark = ""
    if not path.is_file() or path.read_text(encoding="utf-8") != LINE:
        temporary = path.with_name(f"{NAME}.{os.getpid()}.tmp")
        try:
            temporary.write_text(LINE, encoding="utf-8")
            os.replace(temporary, path)
        except OSError as error:
            raise StartupError(
                f"Keras would refuse the file, as this package can't register its check: {path} can't be written"
                f" ({error.strerror}). Run this once as someone who may write there, or use a virtual environment"
                " of your own, or put `import autograder.course.verified_datasets` before load_data()"
            ) from error
        remark = (
            f"wrote {path}: with it, Keras in this environment accepts files from mirrors whose arrays are verified"
        )
    if site_packages is None:
        check()
    return remark


def check() -> None:
    """Start Python as a kernel would, and see that the line works. Raises StartupError."""
    question = "import sys; sys.exit('autograder.course.verified_datasets' not in sys.modules)"
    if subprocess.run([sys.executable, "-c", question], capture_output=True, check=False).returncode:
        raise StartupError(
            f"Keras would refuse the file: {sys.executable} starts without this package."
            " Install it there: python -m pip install -e ."
        )
