"""`autograder`: the list of commands."""

import difflib
from typing import Any, ClassVar

from nbgrader.apps.baseapp import NbGrader

from autograder.cli.accuracy import AccuracyApp
from autograder.cli.base import Command
from autograder.cli.build import BuildApp, UnbuildApp
from autograder.cli.certificates import CertificatesApp
from autograder.cli.check import CheckApp
from autograder.cli.collect import CollectApp
from autograder.cli.console import Table
from autograder.cli.data import DataApp
from autograder.cli.demo import DemoApp
from autograder.cli.export import ExportApp
from autograder.cli.feedback import FeedbackApp
from autograder.cli.forget import ForgetApp
from autograder.cli.generate import GenerateApp
from autograder.cli.grade import GradeApp
from autograder.cli.health import HealthApp
from autograder.cli.links import LinksApp
from autograder.cli.push import PushApp
from autograder.cli.rehearse import RehearseApp
from autograder.cli.report import ReportApp
from autograder.cli.restore import RestoreApp
from autograder.cli.roster import RosterApp
from autograder.cli.submission import SubmissionApp
from autograder.cli.test import TestApp
from autograder.cli.translations import TranslationsApp
from autograder.cli.watch import WatchApp
from autograder.version import __version__

GROUPS: dict[str, tuple[type[Any], ...]] = {
    "Try it": (DemoApp, TestApp),
    "Release": (BuildApp, UnbuildApp, TranslationsApp, GenerateApp, DataApp, AccuracyApp),
    "Check before submitting": (CheckApp,),
    "Grade": (RosterApp, CollectApp, RehearseApp, GradeApp, ReportApp, FeedbackApp, ExportApp, PushApp),
    "Undo": (RestoreApp, ForgetApp),
    "Automate": (WatchApp, LinksApp, HealthApp, SubmissionApp, CertificatesApp),
}


class AutograderApp(Command, NbGrader):  # type: ignore[misc]
    """The autograder of the course."""

    name = "autograder"
    description = "Builds, releases and grades the homework. nbgrader's own commands work as well."
    version = __version__
    subcommands: ClassVar[dict[str, tuple[type[Any], str]]] = {
        app.name.removeprefix("autograder-"): (app, app.description) for apps in GROUPS.values() for app in apps
    }

    def start(self) -> None:
        """Run the command given; without one, list them."""
        super().start()
        if self.extra_args:
            near = difflib.get_close_matches(self.extra_args[0], self.subcommands, n=1)
            self.fail(
                f"There is no command {self.extra_args[0]}.",
                then=f"autograder {near[0]}" if near else "autograder --help",
                why="" if near else "lists them",
            )
        self.print_help()

    def print_help(self, classes: bool = False) -> None:
        """The commands; with `classes`, traitlets' list of all settings."""
        if classes:
            super().print_help(classes)
            return
        self.out.say("autograder COMMAND", style="title")
        self.out.say("", str(self.description))
        for group, apps in GROUPS.items():
            self.out.heading(group)
            commands = Table("", "")
            for app in apps:
                commands.add_row(f"{app.name.removeprefix('autograder-'):10}", app.description)
            self.out.show(commands, indent=2)
        self.out.print()
        self.next("autograder grade --help", "shows how to use a command; the same for the others")
