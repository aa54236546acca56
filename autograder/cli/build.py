"""`autograder build` and `autograder unbuild`.

The English build also makes the releases in other languages: those of an assignment whose texts are all translated."""

import shutil
from copy import deepcopy
from pathlib import Path
from shlex import quote
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, ClassVar

from nbgrader.apps.baseapp import NbGrader
from nbgrader.converters.base import NbGraderException
from nbgrader.coursedir import CourseDirectory
from traitlets import Bool

from autograder.cli.base import CourseApp
from autograder.cli.generate import RemovalRefused, generate
from autograder.cli.options import FLAGS, aliases
from autograder.common.language import ENGLISH, Course
from autograder.common.text import counted
from autograder.course import build
from autograder.course.colab import ColabBadge
from autograder.grading.generate_assignment import GenerateAssignment

if TYPE_CHECKING:
    from autograder.course.translation.catalogue import Edition


class BuildApp(CourseApp):
    """Make `source/` and `release/` from `solutions/`."""

    name = "autograder-build"
    description = "Build source/ and release/ from the text in solutions/ (all assignments, or those named)"
    arguments = "[ASSIGNMENT…]"
    examples = """
        autograder build mnist                source/ and release/ in English; ru/release/, if translated
        autograder build --language ru        source/ and release/ in Russian
    """
    classes = [NbGrader, CourseDirectory, Course, GenerateAssignment, ColabBadge]  # noqa: RUF012  a trait, not a class variable
    aliases: ClassVar[dict[str, Any]] = {**aliases(), "language": "Course.language"}
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
        language = Course(parent=self).language
        try:
            for done, name in enumerate(names, start=1):
                build.build_source(self.root, name, self.force, language)
                changes = generate(self, name).summary()
                made = [f"source/{name}/{name}.ipynb", f"release/{name}/{name}.ipynb"]
                if language == ENGLISH:
                    for edition in build.editions(self.root, name):
                        if missing := len(edition.missing):
                            changes.append(f"In {edition.language!r}, {counted(missing, 'text')} not translated yet.")
                        else:
                            made.append(self._release_translation(edition))
                self.out.say(f"[{done:{len(str(many))}}/{many}] {name:{longest}}  {', '.join(made)}", *changes)
        except RemovalRefused as error:
            why = "shows it again; without --dry-run, makes the change"
            self.fail(str(error), then=f"autograder generate {quote(name)} --dry-run", why=why)
        except build.CourseError as error:
            if "was edited after" in str(error):
                self.fail(str(error), then=f"autograder unbuild {quote(name)}", why="keeps the edit")
            self.fail(f"{name}: {error}", then=f"autograder build {quote(name)}", why="once that is fixed")
        others = "; the same for the others" if many > 1 else ""
        self.next(f"nbgrader release_assignment {quote(names[0])}", f"or hand out release/{names[0]}/ yourself{others}")

    def _release_translation(self, edition: "Edition") -> str:
        """Make the release of `edition` as that in English is made, in a folder of its own; returns where it is."""
        name, language = edition.assignment, edition.language
        made = f"{language}/release/{name}/{name}.ipynb"
        notebook = build.translation(edition)
        config = deepcopy(self.config)
        config.Course.language = language
        config.GenerateAssignment.no_database = config.GenerateAssignment.force = True
        if repository := str(config.ColabBadge.get("repository", "")).rstrip("/"):
            config.ColabBadge.repository = f"{repository}/{language}"
        with TemporaryDirectory() as folder:
            config.CourseDirectory.root = folder
            config.CourseDirectory.assignment_id = name
            build.write(Path(folder, "source", name, f"{name}.ipynb"), notebook)
            converter = GenerateAssignment(coursedir=CourseDirectory(config=config), config=config)
            try:
                converter.start()
            except NbGraderException as error:
                raise build.CourseError(f"{made}: {converter.problem or error}") from error
            released = Path(folder, converter.coursedir.release_directory, name)
            shutil.rmtree(self.root / language / "release" / name, ignore_errors=True)
            shutil.copytree(released, self.root / language / "release" / name)
        return made


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
