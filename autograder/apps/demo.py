"""`autograder demo`: grade a small class on real data, and show the grades."""

import time

from rich.console import Console
from rich.table import Table

from autograder import course, datasets, demo, sample_class
from autograder.apps.base import CourseApp
from autograder.apps.data import progress
from autograder.exports import NOT_SUBMITTED


class DemoApp(CourseApp):
    """Grade the sample class."""

    name = "autograder-demo"
    description = "Grade a small class on real MNIST and foundations, and show the grades (about 5 minutes)"

    def start(self) -> None:
        """Fetch MNIST, make the class, grade it, show the table and where everything is."""
        super().start()
        console, started = Console(highlight=False, soft_wrap=True), time.monotonic()
        folder = self.root.resolve() / "demo"
        console.rule("1/4  Data: MNIST")
        try:
            with progress(console) as report:
                mnist = datasets.fetch("mnist", report=report)
        except datasets.DataError as error:
            self.fail(str(error))
        console.print(f"  MNIST is there, from the {mnist.source}, verified.", *mnist.remarks, sep="\n  ", markup=False)
        console.rule("2/4  A class hands in")
        try:
            submissions = demo.make_course(self.root, folder)
            for student, assignment in submissions:
                console.print(f"  {assignment:12} {student:20} {sample_class.STUDENTS[student].__doc__}")
            console.rule("3/4  Grading")
            demo.prepare(folder)
            for assignment in demo.CLASS:
                console.print(f"autograder grade {assignment}")
                demo.grade(folder, assignment)
            grades = demo.publish(folder)
        except course.CourseError as error:
            self.fail(str(error))
        console.rule("4/4  Grades")
        console.print(_table(grades))
        console.print(f"Grades     {folder / 'grades.csv'}")
        console.print(f"Gradebook  {folder / 'gradebook.db'}")
        console.print(f"Feedback   {folder / 'feedback'}/<student>/<assignment>/<assignment>.html")
        console.print(f"Records    {folder / 'autograded'}/<student>/<assignment>/<assignment>.record.json")
        console.print(f"Done in {time.monotonic() - started:.0f} s. Next: open a feedback page in a browser.")


def _table(grades: list[demo.Grade]) -> Table:
    """Students down, assignments across; a status where there is no score, nothing where nothing was handed in."""
    table = Table("student")
    for name in demo.CLASS:
        table.add_column(name, justify="right")
    found = {(grade.student, grade.assignment): grade for grade in grades}
    for student in sorted({grade.student for grade in grades}):
        table.add_row(student, *(_cell(found.get((student, name))) for name in demo.CLASS))
    return table


def _cell(grade: demo.Grade | None) -> str:
    if grade is None or grade.status == NOT_SUBMITTED:
        return ""
    return grade.status if grade.score is None else f"{grade.score:g} / {grade.max_score:g}"
