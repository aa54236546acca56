"""`autograder accuracy`: measure the references, propose minimum and baseline."""

from traitlets import Int

from autograder import accuracy
from autograder.apps.base import CourseApp


class AccuracyApp(CourseApp):
    """Train references and baselines over many seeds."""

    name = "autograder-accuracy"
    description = "Train each reference and baseline over many seeds; print mean, spread, proposed minimum"
    seeds = Int(10, help="how many seeds each network is trained with").tag(config=True)
    aliases = {**CourseApp.aliases, "seeds": "AccuracyApp.seeds"}  # noqa: RUF012 (traitlets' own form)

    def start(self) -> None:
        """Measure what isn't measured yet, a line each, then print the table."""
        super().start()
        names = [name for name in self.chosen() if name in accuracy.PLANS]
        for m in accuracy.measure_missing(self.root, names, self.seeds):
            print(f"{m.assignment} {m.network} seed {m.seed}: {m.accuracy:.4f} in {m.seconds:.0f} s", flush=True)
        print(accuracy.table(self.root))
        print("Kept in solutions/accuracy.json. Next: put minimum and baseline into solutions/, then autograder build.")
