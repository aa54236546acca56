"""`autograder demo`: grade a small class on real data, and show the grades."""

import time
from shlex import quote

from autograder.cli.base import CourseApp
from autograder.cli.console import Table
from autograder.cli.data import progress
from autograder.course import build, datasets, demo, sample_class
from autograder.grading.record import GradeStatus


class DemoApp(CourseApp):
    """Grade the sample class."""

    name = "autograder-demo"
    description = "Grade a small class on real MNIST and foundations, and show the grades (about 5 minutes)"

    def start(self) -> None:
        """Fetch MNIST, make the class, grade it, show the table and where everything is."""
        super().start()
        started, folder = time.monotonic(), self.root.resolve() / "demo"
        self.out.say("1/4  Data: MNIST", style="title")
        try:
            with progress(self.out) as report:
                mnist = datasets.fetch("mnist", report=report)
        except datasets.DataError as error:
            self.fail(str(error), then="autograder demo", why="tries again")
        self.out.say(
            f"  MNIST is ready, from the {mnist.source}, verified.", *(f"  {remark}" for remark in mnist.remarks)
        )
        self.out.heading("2/4  Submissions")
        try:
            submissions = demo.make_course(self.root, folder)
            handed_in = Table("", "", "")
            for student, assignment in submissions:
                handed_in.add_row(assignment, student, sample_class.STUDENTS[student].__doc__ or "")
            self.out.show(handed_in, indent=2)
            self.out.heading("3/4  Grading")
            demo.prepare(folder)
            for assignment in demo.CLASS:
                self.out.say(f"autograder grade {quote(assignment)}", style="command")
                demo.grade(folder, assignment)
            grades = demo.publish(folder)
        except build.CourseError as error:
            self.fail(str(error), then="autograder demo", why="once that is fixed")
        self.out.heading("4/4  Grades")
        self.out.show(_table(grades))
        page = "<student>/<assignment>/<assignment>"
        self.out.say(
            "",
            f"Grades     {folder / 'grades.csv'}",
            f"Gradebook  {folder / 'gradebook.db'}",
            f"Feedback   {folder / 'feedback'}/{page}.html",
            f"Records    {folder / 'autograded'}/{page}.record.json",
            f"Done in {time.monotonic() - started:.0f} s.",
        )
        name = next(iter(demo.CLASS))
        self.next(f"autograder report {quote(name)} --course-dir {quote(str(folder))}", "writes the class report")


def _table(grades: list[demo.DemoGrade]) -> Table:
    """Students down, assignments across; a status where there is no score, nothing where nothing was handed in."""
    table = Table("student", *demo.CLASS, right=tuple(demo.CLASS))
    found = {(grade.student, grade.assignment): grade for grade in grades}
    for student in sorted({grade.student for grade in grades}):
        table.add_row(student, *(_cell(found.get((student, name))) for name in demo.CLASS))
    return table


def _cell(grade: demo.DemoGrade | None) -> str:
    if grade is None or grade.status == GradeStatus.NOT_SUBMITTED:
        return ""
    return grade.status if grade.score is None else f"{grade.score:g} / {grade.max_score:g}"
