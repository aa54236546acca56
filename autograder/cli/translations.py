"""`autograder translations`: the catalogues of translated notebooks, brought up to date and checked."""

from shlex import quote

from autograder.cli.base import CourseApp
from autograder.cli.console import Table
from autograder.course import build


class TranslationsApp(CourseApp):
    """Bring the catalogues of translations up to date, and check them."""

    name = "autograder-translations"
    description = "Bring locale/ up to date with solutions/; list what is missing or wrong in the translations"
    arguments = "[ASSIGNMENT…]"

    def start(self) -> None:
        """Update each catalogue, and print how many texts are translated, and each fault with its line."""
        from autograder.course.translation.checks import faults  # of the extra `course`

        super().start()
        names = self.chosen()
        table = Table("catalog", "texts", "translated", "faults")
        found = []
        try:
            for edition in (edition for name in names for edition in build.editions(self.root, name)):
                path = edition.path.relative_to(self.root)
                wrong = faults(edition)
                texts = sum(1 for message in edition.catalogue if message.id)
                table.add_row(str(path), str(texts), str(texts - len(edition.missing)), str(len(wrong)))
                found += [f"{path}:{fault.line}: {fault.message}" for fault in wrong]
        except build.CourseError as error:
            self.fail(str(error), then="autograder translations", why="once that is fixed")
        for line in found:
            self.out.say(line)
        self.out.show(table)
        if found:
            self.stop(" ".join(["autograder translations", *map(quote, self.extra_args)]), "checks again")
        self.next(" ".join(["autograder build", *map(quote, self.extra_args)]), "builds the notebooks")
