"""`autograder`: the list of commands."""

from typing import Any, ClassVar

from nbgrader.apps.baseapp import NbGrader

from autograder import __version__
from autograder.apps.accuracy import AccuracyApp
from autograder.apps.build import BuildApp, UnbuildApp
from autograder.apps.check import CheckApp
from autograder.apps.collect import CollectApp
from autograder.apps.data import DataApp
from autograder.apps.demo import DemoApp
from autograder.apps.export import ExportApp
from autograder.apps.forget import ForgetApp
from autograder.apps.grade import GradeApp
from autograder.apps.report import ReportApp
from autograder.apps.restore import RestoreApp
from autograder.apps.submission import SubmissionApp
from autograder.apps.test import TestApp


class AutograderApp(NbGrader):  # type: ignore[misc]
    """The autograder of the course."""

    name = "autograder"
    description = "Builds, hands out and marks the homework. nbgrader's own commands work beside these."
    version = __version__
    subcommands: ClassVar[dict[str, tuple[type[Any], str]]] = {
        app.name.removeprefix("autograder-"): (app, app.description)
        for app in (
            *(DemoApp, TestApp, BuildApp, UnbuildApp, DataApp, AccuracyApp),
            *(CollectApp, GradeApp, CheckApp, ReportApp, ExportApp, RestoreApp, ForgetApp, SubmissionApp),
        )
    }

    def start(self) -> None:
        """Run the command given; without one, list them."""
        super().start()
        if self.subapp is None:
            self.print_subcommands()
            self.exit(1 if self.extra_args else 0)
