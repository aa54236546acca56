"""`autograder build` and `autograder unbuild`."""

from typing import Any, ClassVar

from traitlets import Bool

from autograder import course
from autograder.apps.base import CourseApp


class BuildApp(CourseApp):
    """Make `source/` and `release/` from `solutions/`."""

    name = "autograder-build"
    description = "Build source/ and release/ from the text in solutions/ (all assignments, or those named)"
    force = Bool(False, help="also where that discards edits made in source/").tag(config=True)
    flags: ClassVar[dict[str, Any]] = {
        **CourseApp.flags,
        "force": ({"BuildApp": {"force": True}}, "Build also where that discards edits made in source/."),
    }

    def start(self) -> None:
        """Build each assignment; the gradebook learns its cells and points on the way."""
        super().start()
        names = self.chosen()
        try:
            for number, name in enumerate(course.build(self.root, names, self.force), start=1):
                print(f"[{number}/{len(names)}] {name}: source/{name}/{name}.ipynb and release/{name}/{name}.ipynb")
        except course.CourseError as error:
            self.fail(str(error))
        print("Next: nbgrader release_assignment NAME, or hand out the notebooks in release/.")


class UnbuildApp(CourseApp):
    """Bring an edited `source/` back into `solutions/`."""

    name = "autograder-unbuild"
    description = "Write notebooks edited in source/ back into solutions/ (all assignments, or those named)"

    def start(self) -> None:
        """Rewrite the text of each assignment whose notebook differs from it."""
        super().start()
        try:
            for name in self.chosen():
                changed = course.unbuild(self.root, name)
                print(f"solutions/{name}.py: {'rewritten from source/' if changed else 'unchanged'}")
        except course.CourseError as error:
            self.fail(str(error))
        print("Next: autograder build, which also renews release/.")
