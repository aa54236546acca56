"""`autograder grade`: grade an assignment's submissions."""

import warnings
from shlex import quote
from typing import Any, ClassVar

from nbgrader.apps.baseapp import NbGrader
from nbgrader.converters import BaseConverter
from nbgrader.converters.base import NbGraderException
from nbgrader.coursedir import CourseDirectory
from traitlets import Bool

from autograder.cli.base import CourseApp
from autograder.cli.options import FLAGS, aliases, force
from autograder.cli.progress import Lines, LiveTable
from autograder.grading.pipeline import Autograde, NotAllGraded, NothingHandedIn
from autograder.grading.settings import Grading
from autograder.sandbox.limits import Limits
from autograder.training.settings import Trainer


class GradeApp(CourseApp):
    """Grade the submissions of an assignment that are new or would come out differently."""

    name = "autograder-grade"
    description = "Grade an assignment's submissions in isolation and in parallel (in any nbgrader course folder)"
    arguments = "ASSIGNMENT"
    examples = """
        autograder grade ps1                    all that are new or changed
        autograder grade ps1 --student ada      one student's
        autograder grade ps1 --dry-run          show what would change; write nothing
    """
    dry_run = Bool(False, help="Show each student's old and new points, and write nothing.").tag(config=True)
    aliases: ClassVar[dict[str, Any]] = {
        "cluster": (
            "Grading.cluster",
            "Address of a Dask scheduler whose workers grade, not this machine; or slurm.",
        ),
        "workers": ("Grading.workers", "Notebooks to grade at once (default: as many as cores and memory allow)."),
        **aliases("student", "assignment", "notebook", "db", "course"),
    }
    flags: ClassVar[dict[Any, Any]] = {
        **force("Grade again what is already graded, from stored results where possible."),
        "dry-run": ({"GradeApp": {"dry_run": True}}, "Show each student's old and new points, and write nothing."),
        "create": ({"Autograde": {"create_student": True}}, "Add students who are not in the gradebook (the default)."),
        "no-sandbox": ({"Grading": {"sandbox": False}}, "Run students' code without a sandbox; every record says so."),
        **FLAGS,
    }
    classes = [NbGrader, CourseDirectory, BaseConverter, Autograde, Grading, Limits, Trainer]  # noqa: RUF012  a trait, not a class variable

    def start(self) -> None:
        """Grade; exit with 0 when all is graded (in a dry run: would be), else with 1."""
        super().start()
        assignment = self.coursedir.assignment_id = self.one_assignment()
        if self.says_ungraded(assignment):
            return
        again = f"autograder grade {quote(assignment)}"
        self.quiet_log()
        # nbgrader's models and SQLAlchemy 2 disagree harmlessly, some lines for each new student
        warnings.filterwarnings("ignore", "Object of type .* not in session", module=r"nbgrader\.api")
        converter = Autograde(coursedir=self.coursedir, parent=self)
        converter.changed_too, converter.dry_run, converter.waits = True, self.dry_run, True
        converter.watcher = watcher = LiveTable(self.out) if self.out.is_interactive else Lines(self.out)
        try:
            with watcher:
                converter.start()
        except NotAllGraded:
            watcher.conclude()
            if self.dry_run:
                self._say_dry()
                self.stop(f"{again} --dry-run", "once you have dealt with those")
            self.stop(again, "once you have dealt with those; the others are graded")
        except NothingHandedIn as error:
            self.fail("%s", error, then=f"autograder collect {quote(assignment)} DOWNLOAD")
        except NbGraderException as error:
            watcher.conclude()
            self.fail("%s", error, then=again, why="once that is fixed; finished work is kept")
        except KeyboardInterrupt:
            watcher.conclude()
            self.stopped("Interrupted; finished work is kept.", again, "continues where it stopped", code=1)
        if self.dry_run:
            self._say_dry()
            self.next(again)
        else:
            watcher.conclude()
            self.next(f"autograder report {quote(assignment)}", f"then autograder feedback {quote(assignment)}")

    def _say_dry(self) -> None:
        self.out.say("Points before late penalties. Nothing was written.")
