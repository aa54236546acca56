"""`autograder data`: fetch the datasets into Keras's cache, and verify them."""

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeElapsedColumn
from traitlets import Bool, Unicode
from traitlets.config import Application

from autograder import datasets


class DataApp(Application):  # type: ignore[misc]
    """Fetch and verify the datasets."""

    name = "autograder-data"
    description = "Fetch the datasets into Keras's cache and verify them (all, or those named)"
    verify = Bool(False, help="only check what is in the cache; change nothing").tag(config=True)
    home = Unicode("", help="Keras's folder; default: KERAS_HOME, else ~/.keras").tag(config=True)
    aliases: ClassVar[dict[str, str]] = {"home": "DataApp.home"}
    flags: ClassVar[dict[str, Any]] = {
        "verify": ({"DataApp": {"verify": True}}, "Only check what is in the cache; change nothing."),
    }

    def start(self) -> None:
        """Print a line for each dataset; exit with 1 where one that is needed isn't there."""
        home = Path(self.home).expanduser() if self.home else datasets.default_home()
        console = Console(highlight=False, soft_wrap=True, markup=False)
        failed = []
        for name in self.extra_args or datasets.NAMES:
            try:
                found = datasets.state(name, home) if self.verify else self._fetch(console, name, home)
                problem = f"{name}: {found.problem}" if found.problem else ""
            except datasets.DataError as error:
                problem = str(error)
            except KeyboardInterrupt:
                console.print(f"{name}: interrupted; the next run goes on with what is kept.")
                self.exit(130)
            if not problem:
                names = ("x_train", "y_train", "x_test", "y_test")
                shapes = ", ".join(f"{part} {shape}" for part, shape in zip(names, found.shapes, strict=True))
                console.print(f"{name}: {shapes}; from {found.source}; verified")
                for remark in found.remarks:
                    console.print(f"  {remark}")
            elif name in datasets.OPTIONAL and name not in self.extra_args:
                console.print(f"{problem}\n{name} is for an optional challenge; nothing else needs it.")
            else:
                console.print(problem)
                failed.append(name)
        if failed:
            console.print(f"Not there: {', '.join(failed)} (cache: {home / 'datasets'}).")
            if self.verify:
                console.print(f"Next: autograder data {' '.join(failed)}")
        else:
            console.print(f"All that is needed is in {home / 'datasets'}: keras.datasets.….load_data() finds it there.")
        self.exit(1 if failed else 0)

    def _fetch(self, console: Console, name: str, home: Path) -> datasets.State:
        with progress(console) as report:
            return datasets.fetch(name, home, report)


@contextlib.contextmanager
def progress(console: Console) -> Iterator[datasets.Report]:
    """A progress bar on `console`, for as long as the context lasts; yields what moves it. Lines without a terminal."""
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("", total=None)
        doing, tenths = "", 0

        def report(what: str, done: int, total: int | None) -> None:
            nonlocal doing, tenths
            if what != doing:
                doing, tenths = what, 0
                bar.reset(task, description=what, total=total)
                if not console.is_terminal:
                    console.print(f"{what} …")
            bar.update(task, completed=done, total=total)
            if total and not console.is_terminal and 10 * done // total > tenths:
                tenths = 10 * done // total
                console.print(f"{what}: {10 * tenths} % of {total / 1e6:.0f} MB")

        yield report


if __name__ == "__main__":
    DataApp.launch_instance()
