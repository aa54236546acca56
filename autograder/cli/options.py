"""The options that commands share, and how the command line is read."""

from typing import Any, NoReturn

from traitlets.config import ArgumentError
from traitlets.config.loader import KVArgParseConfigLoader

FLAGS: dict[str, Any] = {
    "debug": ({"Application": {"log_level": "DEBUG"}}, "Print more, and show where in the code an error comes from."),
    "quiet": ({"Application": {"log_level": "CRITICAL"}}, "Don't print warnings."),
}
ALIASES = {
    "student": ("CourseDirectory.student_id", "One student's id, or a pattern of ids."),
    "assignment": ("CourseDirectory.assignment_id", "The assignment; its name can also be given without this option."),
    "notebook": ("CourseDirectory.notebook_id", "One notebook's name, or a pattern of names."),
    "db": ("CourseDirectory.db_url", "The gradebook's URL (default: gradebook.db in the course folder)."),
    "course": ("CourseDirectory.course_id", "The course's id."),
    "course-dir": ("CourseDirectory.root", "The course folder (default: the current folder)."),
    "log-level": ("Application.log_level", "How much to log: DEBUG, INFO, WARN, ERROR or CRITICAL."),
}


def aliases(*names: str) -> dict[str, Any]:
    """nbgrader's options of these names, and those that all commands have: names -> (trait, what it does)."""
    return {name: ALIASES[name] for name in (*names, "course-dir", "log-level")}


def force(what: str) -> dict[Any, Any]:
    """nbgrader's flag `--force`, with what it does."""
    return {("f", "force"): ({"BaseConverter": {"force": True}}, what)}


class Loader(KVArgParseConfigLoader):  # type: ignore[misc]
    """Refuses an unknown option, which traitlets would pass over: it may be a typo in one that matters."""

    def _handle_unrecognized_alias(self, arg: str) -> NoReturn:
        raise ArgumentError(f"There is no option {spelled(arg)}.")

    def _create_parser(self) -> None:
        super()._create_parser()
        self.parser.error = self._refuse

    def _refuse(self, message: str) -> NoReturn:
        for name, target in self.aliases.items():
            message = message.replace(f"argument --{target}:", f"{spelled(name)}:")
        raise ArgumentError(message)


def spelled(names: str | tuple[str, ...]) -> str:
    """An option's names as they are typed."""
    both = sorted([names] if isinstance(names, str) else names, key=len)
    return ", ".join(f"-{name}" if len(name) == 1 else f"--{name}" for name in both)
