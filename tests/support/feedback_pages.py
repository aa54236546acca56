"""The student's page, made and taken apart."""

from html.parser import HTMLParser
from typing import Any

from graded_course import Course
from nbgrader.coursedir import CourseDirectory
from traitlets.config import Config

from autograder.reports.generate import GenerateFeedback

MESSAGE = "Exercise 2, mul of 2 and 3:\n  expected 6\n  received 5\nLook at the sign."


HIDDEN_LINE = "----> 3 assert mul(2, 3) == 2 * 3"


FAILED = [{"output_type": "error", "ename": "AssertionError", "evalue": MESSAGE, "traceback": [HIDDEN_LINE, MESSAGE]}]


class Page(HTMLParser):
    """A page, taken apart."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.html = html
        self.tags: list[tuple[str, dict[str, str]]] = []
        self.texts: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self.tags.append((tag, {name: value or "" for name, value in attrs}))
        self.texts.append("" if tag in ("span", "code", "strong", "em", "a") else " ")

    def handle_data(self, data: str) -> None:
        self.texts.append(data)

    @property
    def text(self) -> str:
        return " ".join("".join(self.texts).split())

    def all(self, *names: str) -> list[dict[str, str]]:
        return [attributes for tag, attributes in self.tags if tag in names]


def generate(course: Course, student: str, **settings: Any) -> None:
    """Run nbgrader's feedback with our page."""
    chosen = {"assignment_id": "ps1", "student_id": student, "root": str(course.folder)}
    given = {"CourseDirectory": chosen, "GenerateFeedback": settings}
    config = Config({**course.config, **given})
    converter = GenerateFeedback(coursedir=CourseDirectory(config=config), config=config)
    converter.force = True
    converter.start()


def page(course: Course, student: str, **settings: Any) -> Page:
    """A student's page, made now."""
    generate(course, student, **settings)
    return Page((course.folder / "feedback" / student / "ps1" / "p1.html").read_text(encoding="utf-8"))
