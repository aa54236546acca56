"""`autograder demo`: grade a small class on real data, and show the grades."""

import time

from rich.console import Console
from rich.table import Table

from autograder import course, datasets, demo, sample_class
from autograder.apps.base import CourseApp
from autograder.apps.data import progress


class DemoApp(CourseApp):
    """Grade the sample class."""

    name = "autograder-demo"
    description = "Grade a small class on real MNIST and foundations, and show the grades (about 5 minutes)"

    def start(self) -> None:
        """Fetch MNIST, make the class, grade it one by one, show the table and where everything is."""
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
            for number, (student, assignment) in enumerate(submissions, start=1):
                console.print(f"  [{number}/{len(submissions)}] {assignment:12} {student:20} …", end="")
                console.print(f"{demo.grade(folder, student, assignment):5.0f} s")
            grades = demo.publish(folder)
        except course.CourseError as error:
            self.fail(str(error))
        console.rule("4/4  Grades")
        console.print(_table(grades))
        console.print(f"Grades     {folder / 'grades.csv'}")
        console.print(f"Gradebook  {folder / 'gradebook.db'}")
        console.print(f"Feedback   {folder / 'feedback'}/<student>/<assignment>/<assignment>.html")
        console.print(f"Done in {time.monotonic() - started:.0f} s. Next: open a feedback page in a browser.")


def _table(grades: list[demo.Grade]) -> Table:
    """Students down, assignments across; an empty cell where nothing was handed in."""
    table = Table("student")
    for name in demo.CLASS:
        table.add_column(name, justify="right")
    scores = {(g.student, g.assignment): g for g in grades}
    for student in sorted({g.student for g in grades}):
        cells = [scores.get((student, name)) for name in demo.CLASS]
        table.add_row(student, *(f"{g.score:g} / {g.max_score:g}" if g and g.score is not None else "" for g in cells))
    return table
