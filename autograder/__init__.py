"""The autograder: grades nbgrader courses without trusting the students' code.

What other courses import is here; all else is private to the package. `python -m autograder --help` lists the commands.
"""

from __future__ import annotations  # each start of Python imports this, for the datasets: `typing` is too slow

from autograder.version import __version__

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

__all__ = ["__version__", "configure"]


def configure(c: Any) -> None:
    """Have nbgrader's commands and formgrader's buttons grade with this engine, too.

    For nbgrader_config.py, where `c = get_config()`: `configure(c)`. `nbgrader generate_feedback` then writes this
    package's page of feedback, and what formgrader shows of a submission is inert.
    """
    from autograder.cli.nbgrader_commands import replace_converters  # nbgrader is not imported before it is needed

    replace_converters(c)
