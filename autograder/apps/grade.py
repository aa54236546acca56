"""`autograder grade`: grade an assignment's submissions."""

import logging
import warnings
from typing import Any, ClassVar

from nbgrader.apps.baseapp import NbGrader, nbgrader_aliases, nbgrader_flags
from nbgrader.converters import BaseConverter
from nbgrader.converters.base import NbGraderException
from rich.console import Console
from traitlets import Bool

from autograder.apps.live import Lines, LiveTable
from autograder.candidate.limits import Limits
from autograder.grading.pipeline import Autograde, NotAllGraded
from autograder.grading.settings import Grading
from autograder.trainer.settings import Trainer

_FORCE = ({"BaseConverter": {"force": True}}, "Grade also what is graded already; stored results are used.")


class GradeApp(NbGrader):  # type: ignore[misc]
    """Grade the submissions of an assignment that are new or would come out differently."""

    name = "autograder-grade"
    description = "Grade an assignment's submissions, isolated and in parallel (in any nbgrader course folder)"
    examples = """
        autograder grade ps1                    all that is new or changed
        autograder grade ps1 --student ada      one student's
        autograder grade ps1 --dry-run          what would change, and nothing written
    """
    dry_run = Bool(False, help="Show old and new points of each student, and write nothing.").tag(config=True)
    aliases: ClassVar[dict[str, Any]] = {
        **nbgrader_aliases,
        "course": "CourseDirectory.course_id",
        "workers": "Grading.workers",
    }
    flags: ClassVar[dict[str, Any]] = {
        **nbgrader_flags,
        "force": _FORCE,
        "f": _FORCE,
        "create": ({"Autograde": {"create_student": True}}, "Create students that the gradebook lacks (the default)."),
        "dry-run": ({"GradeApp": {"dry_run": True}}, "Show old and new points of each student, and write nothing."),
        "no-sandbox": ({"Grading": {"sandbox": False}}, "Run students' code without a sandbox; every record says so."),
    }
    classes = [NbGrader, BaseConverter, Autograde, Grading, Limits, Trainer]  # noqa: RUF012  a trait, not a class variable

    def start(self) -> None:
        """Grade; exit with 0 when all is graded, else with 1."""
        super().start()
        given = [*self.extra_args, *filter(None, [self.coursedir.assignment_id])]
        if len(given) != 1:
            self.fail(f"Give one assignment (received {', '.join(given) or 'none'}): autograder grade ASSIGNMENT")
        self.coursedir.assignment_id = given[0]
        if "log_level" not in self.config.Application:
            self.log.setLevel(logging.CRITICAL)  # what is said there is shown here, in other words
        # nbgrader's models and SQLAlchemy 2 disagree harmlessly, some lines for each new student
        warnings.filterwarnings("ignore", "Object of type .* not in session", module=r"nbgrader\.api")
        console = Console(highlight=False)
        converter = Autograde(coursedir=self.coursedir, parent=self)
        converter.changed_too, converter.dry_run = True, self.dry_run
        converter.watcher = watcher = LiveTable(console) if console.is_terminal else Lines(console)
        again = f"autograder grade {given[0]}"
        try:
            with watcher:
                converter.start()
        except NotAllGraded:
            watcher.say(*watcher.summary(), f"Next: see to those above; then `{again}`, which grades only them.")
            self.exit(1)
        except NbGraderException as error:
            watcher.say(*watcher.summary(), f"Stopped: {error}")
            self.exit(1)
        except KeyboardInterrupt:
            watcher.say(*watcher.summary(), f"Stopped by you; what is done is kept. To go on: {again}")
            self.exit(1)
        if self.dry_run:
            watcher.say("Points before late penalties. Nothing has been written.", f"Next: {again}")
        else:
            watcher.say(*watcher.summary(), f"Next: nbgrader generate_feedback {given[0]}, and autograder export.")
