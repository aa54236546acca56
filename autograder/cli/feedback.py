"""`autograder feedback`: each student's page, whatever nbgrader_config.py says of the engine."""

import logging
from glob import escape
from shlex import quote
from typing import Any, ClassVar

from nbgrader.apps.baseapp import NbGrader
from nbgrader.converters import BaseConverter
from nbgrader.converters.base import NbGraderException
from nbgrader.coursedir import CourseDirectory

from autograder.cli.base import CourseApp
from autograder.cli.options import FLAGS, aliases, force
from autograder.common.language import Course
from autograder.reports.generate import GenerateFeedback


class FeedbackApp(CourseApp):
    """Write the students' pages of an assignment."""

    name = "autograder-feedback"
    description = "Write each student's feedback page: points, messages and models, without hidden tests and scripts"
    arguments = "ASSIGNMENT"
    examples = """
        autograder feedback ps1                     feedback/<student>/ps1/<notebook>.html
        autograder feedback ps1 --student ada       one student's
    """
    aliases: ClassVar[dict[str, Any]] = aliases("student", "assignment", "notebook", "db", "course")
    flags: ClassVar[dict[Any, Any]] = {**force("Write pages again that are already there."), **FLAGS}
    classes = [NbGrader, CourseDirectory, BaseConverter, Course, GenerateFeedback]  # noqa: RUF012  a trait, not a class variable

    def start(self) -> None:
        """Write the pages; exit with 1 where one could not be."""
        super().start()
        assignment = self.coursedir.assignment_id = self.one_assignment()
        if self.says_ungraded(assignment):
            return
        again = f"autograder feedback {quote(assignment)}"
        self.quiet_log(logging.ERROR)
        converter = GenerateFeedback(coursedir=self.coursedir, parent=self)
        try:
            converter.start()
        except NbGraderException as error:
            self.fail("%s", error, then=again, why="once that is fixed; the other pages were written")
        self.out.say(f"Written: {self.coursedir.feedback_directory}/<student>/{assignment}/")
        folders = self.root.glob(f"{escape(self.coursedir.feedback_directory)}/*/{escape(assignment)}")
        if all((folder / "timestamp.txt").is_file() for folder in folders):
            self.next(f"nbgrader release_feedback {quote(assignment)}", "or send the pages another way")
        else:  # nbgrader names a student's folder in the exchange by that time
            self.out.say("Send the pages yourself: not all of these submissions came through nbgrader's exchange.")
            self.next("autograder export --to grades.csv", "the grades")
