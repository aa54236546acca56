"""What our commands share: nbgrader's configuration and course folder, assignment names as arguments."""

from pathlib import Path

from nbgrader.apps.baseapp import NbGrader

from autograder import course


class CourseApp(NbGrader):  # type: ignore[misc]
    """A command on the course in nbgrader's course folder (`--course-dir`, or the current one)."""

    @property
    def root(self) -> Path:
        """The course folder."""
        return Path(self.coursedir.root)

    def chosen(self) -> list[str]:
        """The assignments named as arguments, else all of them; fails on a name without text, and without any text."""
        there = course.assignments(self.root)
        if not there:
            self.fail(f"no solutions/*.py in {self.root}: run this in the course folder, or give --course-dir")
        unknown = sorted(set(self.extra_args) - set(there))
        if unknown:
            self.fail(f"no such assignment: {', '.join(unknown)}; there are {', '.join(there)}")
        return list(self.extra_args) or there
