"""`autograder links`: one-time links to the pages of `autograder watch`."""

from typing import Any, ClassVar

from nbgrader.apps.baseapp import NbGrader
from nbgrader.coursedir import CourseDirectory
from traitlets import Bool

from autograder.cli.base import CourseApp
from autograder.cli.options import FLAGS, aliases
from autograder.common.text import printable
from autograder.watch.one_time_links import VALID_DAYS, OneTimeLinks, Visitor
from autograder.watch.policy import Watch


class LinksApp(CourseApp):
    """Make links with which students, or instructors, sign in to the pages of `autograder watch`."""

    name = "autograder-links"
    description = f"Make one-time links to the pages of `autograder watch`; each works once, within {VALID_DAYS} days"
    arguments = "NAME …"
    examples = """
        autograder links ada bob            a line for each student: the id, and the link to send
        autograder links --instructor carol one that shows the class
    """
    instructor = Bool(False, help="Links for instructors, who see the class.").tag(config=True)
    aliases: ClassVar[dict[str, Any]] = aliases()
    flags: ClassVar[dict[Any, Any]] = {
        **FLAGS,
        "instructor": ({"LinksApp": {"instructor": True}}, "Make links for instructors, who see the class."),
    }
    classes: ClassVar[list[Any]] = [NbGrader, CourseDirectory, Watch]

    def start(self) -> None:
        """Make a link for each name given."""
        super().start()
        policy = Watch(parent=self)
        if not self.extra_args:
            self.fail("Give the ids of students.", then=f"{self.called} ada bob")
        if not (url := policy.url or (f"http://{policy.serve}" if policy.serve else "")):
            self.fail(
                "Where the pages are is not set: c.Watch.url = 'https://…' in nbgrader_config.py (docs/watch.md)."
            )
        links = OneTimeLinks(self.root.resolve())
        for name in self.extra_args:
            token = links.make(Visitor(name, self.instructor))
            self.out.print(f"{printable(name)} {url.rstrip('/')}/enter/{token}")
        self.next("autograder watch", "serves the pages")
