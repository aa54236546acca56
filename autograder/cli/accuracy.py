"""`autograder accuracy`: measure the references, propose minimum and baseline."""

from typing import Any, ClassVar

from traitlets import Int

from autograder.cli.base import CourseApp
from autograder.cli.console import Table
from autograder.cli.options import aliases
from autograder.course import accuracy


class AccuracyApp(CourseApp):
    """Train references and baselines over many seeds."""

    name = "autograder-accuracy"
    description = "Train each reference and baseline over many seeds; print mean, spread, proposed minimum"
    arguments = "[ASSIGNMENT…]"
    seeds = Int(10, help="How many seeds to train each network with (default: 10).").tag(config=True)
    aliases: ClassVar[dict[str, Any]] = {"seeds": "AccuracyApp.seeds", **aliases()}

    def start(self) -> None:
        """Measure what isn't measured yet, a line each, then print the table."""
        super().start()
        names = [name for name in self.chosen() if name in accuracy.PLANS]
        try:
            for m in accuracy.measure_missing(self.root, names, self.seeds):
                what = f"{m.assignment:14}{m.network:10} seed {m.seed:<3}"
                self.out.say(f"{what} accuracy {m.accuracy:.4f} {m.seconds:6.0f} s")
            found = accuracy.rows(self.root)
        except (KeyError, OSError, ValueError) as error:
            message = error.args[0] if isinstance(error, KeyError) else error
            self.fail(
                f"{message}", then=f"autograder accuracy {' '.join(self.extra_args)}".strip(), why="once that is fixed"
            )
        if self.out.is_terminal:
            self.out.show(_table(found))
        else:
            self.out.say(accuracy.table(self.root))  # Markdown, for a README
        self.out.say("Stored in solutions/accuracy.json.")
        self.next("autograder build", "after you put the minimum and baseline into solutions/")


def _table(rows: list[tuple[str, ...]]) -> Table:
    table = Table(*accuracy.COLUMNS, right=("seeds", "mean", "deviation", *accuracy.COLUMNS[-2:]))
    for row in rows:
        table.add_row(*row)
    return table
