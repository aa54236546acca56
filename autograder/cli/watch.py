"""`autograder watch`: grade what arrives."""

import os
import sys
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from shlex import join
from typing import Any, ClassVar

from nbgrader.apps.baseapp import NbGrader
from nbgrader.converters import BaseConverter
from nbgrader.converters.base import NbGraderException
from nbgrader.coursedir import CourseDirectory

from autograder.cli.base import CourseApp, sources
from autograder.cli.options import FLAGS, aliases
from autograder.cli.progress import Lines
from autograder.common.errors import AutograderError
from autograder.common.language import Course
from autograder.grading.pipeline import Autograde
from autograder.grading.settings import Grading
from autograder.grading.submission import Submission
from autograder.lms.remote import Lms
from autograder.notebooks.instructor_version import VersionError, nothing_graded
from autograder.reports.generate import GenerateFeedback
from autograder.sandbox.limits import Limits
from autograder.training.settings import Trainer
from autograder.watch.pages_server import hub_address, served
from autograder.watch.policy import Watch
from autograder.watch.watcher import Watcher


class _Rehearsals(Lines):
    """Prints what a person should know of rehearsals, and nothing of gradings."""

    def planned(self, submissions: Sequence[Submission], unchanged: Sequence[str]) -> None:
        self.list_withheld()


class WatchApp(CourseApp):
    """Grade submissions as they arrive, until stopped."""

    name = "autograder-watch"
    description = "Grade submissions as they arrive, and release feedback as the course's policy says, until stopped"
    arguments = "[ASSIGNMENT …]"
    examples = """
        autograder watch                        every assignment that is generated
        autograder watch ps1 ps2                these
        autograder watch --Watch.hidden=nothing a setting of the policy (docs/watch.md)
    """
    aliases: ClassVar[dict[str, Any]] = {
        "serve": ("Watch.serve", "Serve pages for students and instructors at this ADDRESS:PORT (docs/watch.md)."),
        "workers": ("Grading.workers", "Notebooks to grade at once (default: as many as cores and memory allow)."),
        **aliases("db", "course"),
    }
    flags: ClassVar[dict[Any, Any]] = FLAGS
    classes = [  # noqa: RUF012  a trait, not a class variable
        NbGrader,
        CourseDirectory,
        BaseConverter,
        Autograde,
        Course,
        GenerateFeedback,
        Grading,
        Limits,
        Lms,
        Trainer,
        Watch,
    ]

    def start(self) -> None:
        """Watch; start again when nbgrader_config.py has changed."""
        environment = dict(os.environ)  # from which a token is taken
        super().start()
        if unknown := sorted(set(self.extra_args) - set(sources(self.coursedir))):
            there = sources(self.coursedir)
            self.fail(
                f"no such assignment: {', '.join(unknown)} (available: {', '.join(there) or 'none'})",
                then=f"{self.called} {there[0] if there else '--course-dir FOLDER'}",
            )
        self.coursedir.root = str(self.root.resolve())
        again = join(["autograder", *sys.argv[1:]])
        if "log_level" not in self.config.Application:
            self.log.setLevel("CRITICAL")
            self.log.disabled = True  # nbgrader logs what it fails with as critical; that is said once, below
        warnings.filterwarnings("ignore", "Object of type .* not in session", module=r"nbgrader\.api")
        watcher = Watcher(self, self._watched, self.out.say, _Rehearsals(self.out))
        self.out.say(f"Watching {', '.join(self.extra_args) or 'all assignments'} (press Ctrl-C to stop).")
        changes = _changes([*map(Path, self.loaded_config_files), self.root / "nbgrader_config.py"])
        try:
            with watcher.opened(), self._pages(watcher):
                watcher.run(changes)
        except KeyboardInterrupt:
            self.stopped("Stopped; finished work is kept.", again, "continues where it stopped")
        except (AutograderError, NbGraderException) as error:
            self.fail("%s", error, then=again, why="once that is fixed; finished work is kept")
        self.out.say("nbgrader_config.py has changed: starting again.")
        os.execve(sys.executable, sys.orig_argv, environment)

    @contextmanager
    def _pages(self, watcher: Watcher) -> Iterator[None]:
        """Serve the pages of a watcher, if the course's settings say so."""
        address = watcher.policy.serve or hub_address()
        if not address:
            yield
            return
        with served(watcher, address) as url:
            self.out.say(f"Pages for students and instructors: {watcher.policy.url or url}")
            yield

    def _watched(self) -> Sequence[str]:
        """The assignments given, else all that are generated and have something to grade."""
        return self.extra_args or [name for name in sources(self.coursedir) if self._is_graded(name)]

    def _is_graded(self, assignment: str) -> bool:
        try:
            return not nothing_graded(self.coursedir, assignment)
        except VersionError:
            return False


def _changes(files: Sequence[Path]) -> Callable[[], bool]:
    """A question: whether files have changed since now, and not since it was asked last."""

    def state() -> list[tuple[int, int] | None]:
        found = [path.stat() if path.is_file() else None for path in files]
        return [(at.st_mtime_ns, at.st_size) if at else None for at in found]

    first = last = state()

    def changed() -> bool:
        nonlocal last
        before, last = last, state()
        return last == before != first

    return changed
