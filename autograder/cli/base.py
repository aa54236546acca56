"""What the commands share: help, errors, the closing line; nbgrader's configuration and course folder."""

import difflib
import functools
import glob
import logging
import textwrap
import traceback
import warnings
from pathlib import Path
from shlex import quote
from typing import Any, ClassVar, NoReturn

from nbgrader.apps.baseapp import NbGrader
from nbgrader.coursedir import CourseDirectory
from traitlets import TraitError, default
from traitlets.config import Application

from autograder.cli.console import Console, LogHandler, Table, readable
from autograder.cli.options import FLAGS, Loader, aliases, spelled
from autograder.common.language import gettext
from autograder.course import build
from autograder.notebooks.instructor_version import VersionError, nothing_graded

STOPPED = 130  # exit code, as shells have it for Ctrl-C


class Command(Application):  # type: ignore[misc]
    """A command: how it is called is in `name` (autograder-grade) and `arguments` (ASSIGNMENT)."""

    arguments: ClassVar[str] = ""
    _closed = False  # whether the closing line has been printed

    @property
    def called(self) -> str:
        """The command line that runs it, without arguments: `autograder grade`."""
        return str(self.name).replace("-", " ", 1)

    @functools.cached_property
    def out(self) -> Console:
        """The console for results: stdout."""
        return Console()

    @functools.cached_property
    def err(self) -> Console:
        """The console for errors: stderr."""
        return Console(stderr=True)

    @property
    def here(self) -> str:
        """The option `--course-dir` that the next command needs, too, where it was given; else empty."""
        root = self.cli_config.get("CourseDirectory", {}).get("root")
        return f" --course-dir {quote(str(root))}" if root else ""

    def next(self, command: str, why: str = "") -> None:
        """Print the closing line of a success: the command to run next, and why."""
        self._closed = True
        self.out.closing(command if "--course-dir" in command else command + self.here, why)

    def fail(self, message: str, *values: object, then: str = "", why: str = "", code: int = 1) -> NoReturn:
        """Say what is wrong and what to do next, and exit."""
        self.err.say(message % values if values else message, lead=gettext("Error:"), style="bad")
        self.stop(then, why, code)

    def stop(self, then: str = "", why: str = "", code: int = 1) -> NoReturn:
        """Exit without success, after a closing line; without one given, it tells of `--help`."""
        if not self._closed:
            self._closed = True
            if then:
                self.err.closing(then if "--course-dir" in then else then + self.here, why)
            else:
                self.err.closing(f"{self.called} --help", "shows how to use it")
        self.exit(code)
        raise AssertionError  # exit does not return

    def stopped(self, message: str, then: str = "", why: str = "", code: int = STOPPED) -> NoReturn:
        """Say that the command was interrupted (Ctrl-C), and exit with `code`, 130 by default."""
        self.err.say(message, style="look")
        self.stop(then, why, code)

    def exit(self, exit_status: int | str | None = 0) -> None:
        """Exit; traitlets does so, too, where it can't read the command line."""
        if exit_status and not self._closed:
            self.stop(code=int(exit_status))
        super().exit(exit_status)

    def quiet_log(self, level: int = logging.CRITICAL) -> None:
        """Log nothing below `level`, unless the configuration or an option says so: the command prints it itself."""
        if "log_level" not in self.config.Application:
            self.log.setLevel(level)

    @classmethod
    def launch_instance(cls, argv: Any = None, **kwargs: Any) -> None:
        """Run the command as the command line has it. No error ends in a traceback, unless that is asked for."""
        with warnings.catch_warnings():
            warnings.showwarning = _show_warning  # type: ignore[assignment]
            try:
                super().launch_instance(argv, **kwargs)
            except KeyboardInterrupt:
                cls._running().stopped("Interrupted.")
            except Exception as error:
                cls._running().fail_unexpectedly(error)

    @classmethod
    def _running(cls) -> "Command":
        running: Command = Command.instance() if Command.initialized() else cls.instance()
        return running

    def fail_unexpectedly(self, error: Exception) -> NoReturn:
        """Report an exception that no command handles, in one line with a next step, and exit."""
        if self.log_level <= logging.DEBUG:
            self.err.say("".join(traceback.format_exception(error)))
        again = " ".join([self.called, *(quote(word) for word in self.argv if word != "--debug")])
        message = f"{type(error).__name__}: {error}"
        if place := _in_configuration(error):
            self.fail(f"{place}: {message}", then=again, why="once that file is fixed")
        if isinstance(error, TraitError):
            self.fail(readable(str(error)), then=f"{self.called} --help-all", why="lists every setting")
        if isinstance(error, OSError) and error.strerror:
            self.fail(f"{error.filename or self.called}: {error.strerror}", then=again, why="once that is fixed")
        self.fail(f"internal error: {message}", then=f"{again} --debug", why="shows where the error comes from")

    # traitlets' hooks

    @default("raise_config_file_errors")  # type: ignore[untyped-decorator]
    def _raise_config_file_errors_default(self) -> bool:
        return True  # a course is not graded without its settings

    @default("log_level")  # type: ignore[untyped-decorator]
    def _log_level_default(self) -> int:
        return logging.WARNING

    def get_default_logging_config(self) -> dict[str, Any]:
        """As traitlets', with `LogHandler`, which prints by the console."""
        config: dict[str, Any] = super().get_default_logging_config()
        if "handlers" in config:
            level = config["handlers"]["console"]["level"]
            config["handlers"]["console"] = {"class": f"{LogHandler.__module__}.LogHandler", "level": level}
        return config

    def _create_loader(self, argv: Any, aliases: Any, flags: Any, classes: Any) -> Loader:
        return Loader(argv, aliases, flags, classes=classes, log=self.log, subcommands=self.subcommands)

    def print_help(self, classes: bool = False) -> None:
        """How it is called, its options and examples; with `classes`, traitlets' list of all settings."""
        if classes:
            super().print_help(classes)
            self.next(f"{self.called} --help", "shows the short form")
            return
        self.out.say(" ".join(filter(None, [self.called, self.arguments, "[OPTION…]"])), style="title")
        self.out.say("", f"{self.description}.")
        self.out.heading("Options")
        options = Table("", "")
        for names, (_, description) in self.flags.items():
            options.add_row(spelled(names), description)
        for names, target in self.aliases.items():
            options.add_row(f"{spelled(names)} …", target[1] if isinstance(target, tuple) else self._help(target))
        self.out.show(options, indent=2)
        if self.examples:
            self.out.heading("Examples")
            self.out.say(textwrap.indent(textwrap.dedent(str(self.examples)).strip("\n"), "  "))
        self.out.print()
        self.next(f"{self.called} --help-all", "lists every setting; each is also an option")

    def _help(self, target: str) -> str:
        owner, name = target.split(".")
        kinds = {kind.__name__: kind for one in [type(self), *self.classes] for kind in one.__mro__}
        return str(getattr(kinds[owner], name).help)


class CourseApp(Command, NbGrader):  # type: ignore[misc]
    """A command on the course in nbgrader's course folder (`--course-dir`, or the current one)."""

    flags: ClassVar[dict[Any, Any]] = FLAGS
    aliases: ClassVar[dict[str, Any]] = aliases()

    @property
    def root(self) -> Path:
        """The course folder."""
        return Path(self.coursedir.root)

    def chosen(self) -> list[str]:
        """The assignments named as arguments, else all of them; fails on a name without text, and without any text."""
        there = build.assignments(self.root)
        if not there:
            self.fail(
                f"no solutions/*.py in {self.root}: run this in the course folder, or give --course-dir",
                then=f"{self.called} --course-dir FOLDER",
            )
        unknown = sorted(set(self.extra_args) - set(there))
        if unknown:
            self.fail(
                f"no such assignment: {', '.join(unknown)} (available: {', '.join(there)})",
                then=f"{self.called} {quote(there[0])}",
            )
        return list(self.extra_args) or there

    def given_assignment(self) -> str:
        """The one assignment given, as an argument or by `--assignment`; fails where there is none, or another one."""
        given = [*self.extra_args, *filter(None, [self.coursedir.assignment_id])]
        if len(given) != 1:
            there = sources(self.coursedir)
            one = f"Give one assignment (received {', '.join(given) or 'none'})"
            then = f"{self.called} {quote(there[0]) if there else 'ASSIGNMENT'}"
            self.fail(f"{one} (available: {', '.join(there)})" if there else one, then=then)
        return str(given[0])

    def one_assignment(self) -> str:
        """As `given_assignment`; fails also where it has no folder in `source/`."""
        given, there = self.given_assignment(), sources(self.coursedir)
        if not there:
            where = Path(self.coursedir.root).resolve() / self.coursedir.source_directory
            message = f"no assignment in {where}: run this in the course folder, or give --course-dir"
            self.fail(message, then=f"{self.called} {quote(given)} --course-dir FOLDER")
        if given not in there:
            near = difflib.get_close_matches(given, there, n=1) or there
            self.fail(
                f"no such assignment: {given} (available: {', '.join(there)})", then=f"{self.called} {quote(near[0])}"
            )
        return given

    def says_ungraded(self, assignment: str) -> bool:
        """Say so where nothing in the assignment is graded; a command has nothing to do then, which is no failure."""
        try:
            said = nothing_graded(self.coursedir, assignment)
        except VersionError:  # the command itself says what is wrong
            return False
        if said:
            self.out.say(said)
            self.next(f"nbgrader release_assignment {quote(assignment)}", f"or hand out release/{assignment}/ yourself")
        return bool(said)


def sources(coursedir: CourseDirectory) -> list[str]:
    """The assignments that have a folder in `source/`."""
    step = str(coursedir.source_directory)
    pattern = coursedir.directory_structure.format(nbgrader_step=step, student_id=".", assignment_id="*")
    found = (Path(path) for path in glob.glob(pattern, root_dir=coursedir.root))
    return sorted(path.name for path in found if (Path(coursedir.root) / path).is_dir())


def likely(coursedir: CourseDirectory) -> str:
    """An assignment that a next command may be about: the first that has been graded, else the first."""
    there = sources(coursedir)
    graded = Path(coursedir.root) / ".autograder" / "status"
    return next((name for name in there if (graded / name).is_dir()), there[0] if there else "ASSIGNMENT")


def _in_configuration(error: Exception) -> str:
    """File and line of nbgrader_config.py where an error comes from there; else nothing."""
    if isinstance(error, SyntaxError) and str(error.filename).endswith("_config.py"):
        return f"{error.filename}, line {error.lineno}"
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        if frame.filename.endswith("_config.py"):
            return f"{frame.filename}, line {frame.lineno}"
    return ""


def _show_warning(message: Warning | str, *_: object) -> None:
    Console(stderr=True).say(str(message), lead="Warning:", style="look")
