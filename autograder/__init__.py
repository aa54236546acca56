"""The autograder: grades nbgrader courses without trusting the students' code.

What other courses import is here; all else is private to the package. `python -m autograder --help` lists the commands.
"""

from typing import Any

from autograder.version import __version__

__all__ = ["__version__", "configure"]


def configure(c: Any) -> None:
    """Have nbgrader's commands and formgrader's buttons grade with this engine, too.

    For nbgrader_config.py, where `c = get_config()`: `configure(c)`. `nbgrader generate_feedback` then writes this
    package's page of feedback, and what formgrader shows of a submission is inert.
    """
    from autograder.cli.nbgrader_commands import replace_converters  # nbgrader is not imported before it is needed

    replace_converters(c)
