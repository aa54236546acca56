"""`autograder build` and `autograder unbuild`."""

from shlex import quote
from typing import Any, ClassVar

from traitlets import Bool

from autograder.cli.base import CourseApp
from autograder.cli.generate import RemovalRefused, generate
from autograder.cli.options import FLAGS
from autograder.course import build


class BuildApp(CourseApp):
    """Make `source/` and `release/` from `solutions/`."""

    name = "autograder-build"
    description = "Build source/ and release/ from the text in solutions/ (all assignments, or those named)"
    arguments = "[ASSIGNMENT…]"
    force = Bool(False, help="even if this discards edits made in source/").tag(config=True)
    flags: ClassVar[dict[Any, Any]] = {
        **FLAGS,
        "force": ({"BuildApp": {"force": True}}, "Build even if this discards edits made in source/."),
    }

    def start(self) -> None:
        """Build each assignment; the gradebook learns its cells and points on the way."""
        super().start()
        names = self.chosen()
        longest = max(map(len, names))
        name, many = names[0], len(names)
        try:
            for done, name in enumerate(names, start=1):
                build.build_source(self.root, name, self.force)
                changes = generate(self, name).summary()
                made = f"source/{name}/{name}.ipynb, release/{name}/{name}.ipynb"
                self.out.say(f"[{done:{len(str(many))}}/{many}] {name:{longest}}  {made}", *changes)
        except RemovalRefused as error:
            why = "shows it again; without --dry-run, makes the change"
            self.fail(str(error), then=f"autograder generate {quote(name)} --dry-run", why=why)
        except build.CourseError as error:
            if "was edited after" in str(error):
                self.fail(str(error), then=f"autograder unbuild {quote(name)}", why="keeps the edit")
            self.fail(f"{name}: {error}", then=f"autograder build {quote(name)}", why="once that is fixed")
        others = "; the same for the others" if many > 1 else ""
        self.next(f"nbgrader release_assignment {quote(names[0])}", f"or hand out release/{names[0]}/ yourself{others}")


class UnbuildApp(CourseApp):
    """Bring an edited `source/` back into `solutions/`."""

    name = "autograder-unbuild"
    description = "Write notebooks edited in source/ back into solutions/ (all assignments, or those named)"
    arguments = "[ASSIGNMENT…]"

    def start(self) -> None:
        """Rewrite the text of each assignment whose notebook differs from it."""
        super().start()
        names = self.chosen()
        longest = max(map(len, names)) + len("solutions/.py:")
        name = names[0]
        try:
            for name in names:
                changed = build.unbuild(self.root, name)
                outcome = "rewritten from source/" if changed else "unchanged"
                self.out.say(f"{f'solutions/{name}.py:':{longest}} {outcome}")
        except build.CourseError as error:
            self.fail(str(error), then=f"autograder build {quote(name)}", why="builds it from solutions/")
        self.next(" ".join(["autograder build", *self.extra_args]), "updates release/, too")
