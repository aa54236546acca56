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
    """Make nbgrader's own commands and formgrader's buttons grade with this engine.

    Call it in `nbgrader_config.py`:

        from autograder import configure

        c = get_config()
        configure(c)

    Afterwards `nbgrader autograde` and formgrader's button grade as `autograder grade` does, `nbgrader
    generate_assignment` can change an assignment that has submissions, `nbgrader generate_feedback` writes this
    package's feedback page, `nbgrader collect` follows no link that a student put into the exchange, and formgrader
    shows submissions without anything in them that runs.

    Args:
        c: nbgrader's configuration, as `get_config()` returns it.
    """
    from autograder.cli.nbgrader_commands import replace_converters  # nbgrader is not imported before it is needed

    replace_converters(c)
