"""`autograder forget`: what the trainer remembers of a student."""

from shlex import quote
from typing import Any, ClassVar

from nbgrader.apps.baseapp import NbGrader
from nbgrader.coursedir import CourseDirectory

from autograder.cli.base import CourseApp
from autograder.common.text import counted
from autograder.training.client import training_cache
from autograder.training.settings import Trainer


class ForgetApp(CourseApp):
    """Delete the stored training runs that only one student asked for."""

    name = "autograder-forget"
    description = "Delete the stored training runs that only this student requested"
    arguments = "STUDENT"
    classes: ClassVar[list[Any]] = [NbGrader, CourseDirectory, Trainer]

    def start(self) -> None:
        """Forget one student."""
        super().start()
        if len(self.extra_args) != 1:
            self.fail(f"Give one student (received {', '.join(self.extra_args) or 'none'}): autograder forget STUDENT")
        student = self.extra_args[0]
        gone = training_cache(self.root.resolve(), Trainer(parent=self)).forget(student)
        self.out.say(
            f"Deleted {counted(gone, 'stored training run')} that only {student} requested, and the list of requests.",
            "Grades are kept. To remove those as well, delete the student's folders and the rows in the gradebook.",
        )
        self.next(f"nbgrader db student remove {quote(student)} --force", "removes the student from the gradebook")
