"""`autograder data`: fetch the datasets into Keras's cache, and verify them."""

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeElapsedColumn
from traitlets import Bool, Unicode

from autograder.cli.base import Command
from autograder.cli.console import Console
from autograder.course import datasets


class DataApp(Command):
    """Fetch and verify the datasets."""

    name = "autograder-data"
    description = "Fetch the datasets into Keras's cache and verify them (all, or those named)"
    arguments = "[DATASET…]"
    examples = """
        autograder data                         all that the assignments need
        autograder data mnist cifar10
        autograder data --verify                check what is there, and fetch nothing
    """
    verify = Bool(False, help="Only check what is in the cache; change nothing.").tag(config=True)
    home = Unicode("", help="Keras's folder (default: KERAS_HOME, or ~/.keras).").tag(config=True)
    aliases: ClassVar[dict[str, Any]] = {"home": "DataApp.home"}
    flags: ClassVar[dict[Any, Any]] = {
        "verify": ({"DataApp": {"verify": True}}, "Only check what is in the cache; change nothing."),
        "debug": ({"Application": {"log_level": "DEBUG"}}, "Show where in the code an error comes from."),
    }

    def start(self) -> None:
        """Say of each dataset what is there; exit with 1 where one that is needed isn't."""
        home = Path(self.home).expanduser() if self.home else datasets.default_home()
        if unknown := [name for name in self.extra_args if name not in datasets.NAMES]:
            self.fail(
                f"no such dataset: {', '.join(map(repr, unknown))} (available: {', '.join(datasets.NAMES)})",
                then=f"autograder data {datasets.NAMES[0]}",
            )
        failed = []
        for name in self.extra_args or datasets.NAMES:
            optional = name in datasets.OPTIONAL and name not in self.extra_args
            style = "look" if optional else "bad"
            try:
                found = datasets.state(name, home) if self.verify else self._fetch(name, home)
            except datasets.DataError as error:
                self.err.say(str(error), lead="Error:", style=style)
            except KeyboardInterrupt:
                again = " ".join(["autograder data", *self.extra_args])
                self.stopped(f"{name}: interrupted; what was downloaded is kept.", again, "continues there")
            else:
                if not found.problem:
                    self._show(found)
                    continue
                self.out.say(found.problem, lead=f"{name}:", style=style)
            if optional:
                self.out.say(f"{name} is for an optional challenge; nothing else needs it.")
            else:
                failed.append(name)
        if failed:
            self.out.say(f"Missing: {', '.join(failed)} (cache: {home / 'datasets'}).")
            self.stop(f"autograder data {' '.join(failed)}", "fetches them" if self.verify else "tries again")
        self.out.say(f"All the data you need is in {home / 'datasets'}, where keras.datasets.….load_data() finds it.")
        self.next("autograder build", "builds the notebooks; run it in the course folder")

    def _show(self, found: datasets.State) -> None:
        names = ("x_train", "y_train", "x_test", "y_test")
        shapes = ", ".join(f"{part} {shape}" for part, shape in zip(names, found.shapes, strict=True))
        self.out.say(f"{shapes}; from {found.source}; verified", lead=f"{found.name}:", style="good")
        self.out.say(*(f"  {remark}" for remark in found.remarks))

    def _fetch(self, name: str, home: Path) -> datasets.State:
        with progress(self.out) as report:
            return datasets.fetch(name, home, report)


@contextlib.contextmanager
def progress(console: Console) -> Iterator[datasets.Report]:
    """A progress bar on `console`, for as long as the context lasts; yields what moves it. Lines without a terminal."""
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_interactive) as bar:
        task = bar.add_task("", total=None)
        doing, tenths = "", 0

        def report(what: str, done: int, total: int | None) -> None:
            nonlocal doing, tenths
            if what != doing:
                doing, tenths = what, 0
                bar.reset(task, description=what, total=total)
                if not console.is_interactive:
                    console.say(f"{what} …")
            bar.update(task, completed=done, total=total)
            if total and not console.is_interactive and 10 * done // total > tenths:
                tenths = 10 * done // total
                console.say(f"{what}: {10 * tenths}% of {total / 1e6:.0f} MB")

        yield report


if __name__ == "__main__":
    DataApp.launch_instance()
