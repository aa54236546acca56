"""`autograder forget`: what the trainer remembers of a student."""

from pathlib import Path
from typing import Any, ClassVar

from nbgrader.apps.baseapp import NbGrader

from autograder.trainer.client import memory
from autograder.trainer.settings import Trainer


class ForgetApp(NbGrader):  # type: ignore[misc]
    """Delete the remembered trainings that only one student asked for."""

    name = "autograder-forget"
    description = "Delete the remembered trainings that only this student asked for (autograder forget STUDENT)"
    classes: ClassVar[list[Any]] = [NbGrader, Trainer]

    def start(self) -> None:
        """Forget one student."""
        super().start()
        if len(self.extra_args) != 1:
            self.fail("Give one student: autograder forget STUDENT")
        student = self.extra_args[0]
        gone = memory(Path(self.coursedir.root).resolve(), Trainer(parent=self)).forget(student)
        print(
            f"Deleted: {gone} remembered trainings that only {student} asked for, and the list of what they asked for."
        )
        print(f"Grades stay. For those: nbgrader db student remove {student} --force, and the student's folders.")
