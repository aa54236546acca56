"""`autograder submission`: grade one notebook, a folder in, a folder out; for queues, clusters and LMSs."""

import contextlib
import functools
import logging
import os
import signal
import sys
import tempfile
import traceback
import warnings
from pathlib import Path
from typing import Any, ClassVar, NoReturn

from nbgrader.apps.baseapp import NbGrader, nbgrader_aliases, nbgrader_flags
from nbgrader.converters import BaseConverter
from nbgrader.coursedir import CourseDirectory
from traitlets import Bool, Enum, Unicode

from autograder.common.files import write_atomic
from autograder.common.language import Course, english, gettext, speaking, translated
from autograder.container import single_submission
from autograder.container.single_submission import UnusableCourse
from autograder.container.submitted_notebook import NotGradable, find
from autograder.grading.pipeline import Autograde
from autograder.grading.record import GradeStatus
from autograder.grading.settings import Grading
from autograder.grading.student_results import describe_mends, tests_of
from autograder.lms.platforms import PLATFORMS, Ending, SubmissionResult
from autograder.sandbox.limits import Limits
from autograder.training.settings import Trainer

FORMATS = [name for name, platform in PLATFORMS.items() if not platform.visible_only]
PAGES = ("feedback.html", "record.json")
OUR_FAULT = english("Your submission could not be graded. This is not your fault; your instructor can see why.")
LOOKED_AT = english("Your submission could not be graded automatically, so your instructor has to look at it.")
ZERO = "Write a score of 0 where nothing could be graded, for formats that require a score (gradescope, coursera)."
GRADED, FAULTY, UNGRADABLE = 0, 1, 2  # exit codes


class Stopped(KeyboardInterrupt):
    """SIGTERM was received."""


class SubmissionApp(NbGrader):  # type: ignore[misc]
    """Grade the one notebook in a folder."""

    name = "autograder-submission"
    arguments = "[ASSIGNMENT]"
    description = "Grade one submission: a folder in; results in a platform's format, feedback.html and record.json out"
    examples = """
        autograder submission                   the notebook in /submission, whichever assignment it is for
        autograder submission ps1               that of ps1
        autograder submission --submission=in --results=out
        autograder submission --format prairielearn

    Exit code 0: graded. 1: not graded because of an error in the grader; try again. 2: not graded because of what was
    submitted. Only a graded submission has a score in results.json, unless --zero is given. With --format prairielearn
    or coursera: 0 wherever results were written, as these take any other code for a failed grader.
    """
    format = Enum(
        FORMATS, "gradescope", help=f"Platform in whose format the results are written: {', '.join(FORMATS)}."
    ).tag(config=True)
    submission = Unicode(
        help="Folder with what a student submitted; only read. The default is /submission, or the platform's folder."
    ).tag(config=True)
    results = Unicode(help="Folder for the results. The default is /results, or the platform's folder.").tag(
        config=True
    )
    cache = Unicode(
        "",
        help="Folder of stored results and training runs that many runs can share; empty: nothing is stored.",
    ).tag(config=True)
    zero = Bool(False, help=ZERO).tag(config=True)
    aliases: ClassVar[dict[str, Any]] = {
        **nbgrader_aliases,
        "format": "SubmissionApp.format",
        "submission": "SubmissionApp.submission",
        "results": "SubmissionApp.results",
        "cache": "SubmissionApp.cache",
    }
    flags: ClassVar[dict[str, Any]] = {**nbgrader_flags, "zero": ({"SubmissionApp": {"zero": True}}, ZERO)}
    classes = [NbGrader, CourseDirectory, BaseConverter, Autograde, Course, Grading, Limits, Trainer]  # noqa: RUF012  a trait, not a class variable

    def _submission_default(self) -> str:
        return PLATFORMS[self.format].submission

    def _results_default(self) -> str:
        return PLATFORMS[self.format].results

    def start(self) -> None:
        """Grade, write results.json (and feedback and record), and exit with 0, 1 or 2 (see `examples`)."""
        super().start()
        if len(self.extra_args) > 1:
            self.fail(f"Give one assignment, or none (received {', '.join(self.extra_args)})")
        signal.signal(signal.SIGTERM, _stop)
        if "log_level" not in self.config.Application:
            self.log.setLevel(logging.CRITICAL)  # what the student and the operator need is printed below
        warnings.filterwarnings("ignore", "Object of type .* not in session", module=r"nbgrader\.api")
        to, platform = Path(self.results), PLATFORMS[self.format]
        if self.results == platform.results and platform.by_file:  # nobody has made it
            with contextlib.suppress(OSError):
                to.mkdir(parents=True, exist_ok=True)
        if not (to.is_dir() and os.access(to, os.W_OK | os.X_OK)):
            print(f"{self.name}: {to} can't be written: mount a folder for the results there", file=sys.stderr)
            self.exit(FAULTY)
        with speaking(Course(parent=self).language):
            code = self._run(to)
        self.exit(code)

    def _run(self, to: Path) -> int:
        """Grade, and write what came of it; returns the exit code."""
        try:
            for name in (*PLATFORMS[self.format].files, *PAGES):  # those of an earlier run
                (to / name).unlink(missing_ok=True)
            return self._grade(to)
        except NotGradable as error:
            told = gettext("Your submission was not graded. %(reason)s", reason=translated(str(error)))
            return self._write(to, self._result(Ending.TO_CORRECT, told, "not gradable"), UNGRADABLE)
        except (Exception, KeyboardInterrupt) as error:
            is_plain = isinstance(error, Stopped | UnusableCourse)  # its message says it all
            if not is_plain:
                traceback.print_exc()
            print(f"{self.name}: not graded: {'' if is_plain else f'{type(error).__name__}: '}{error}", file=sys.stderr)
            return self._write(to, self._result(Ending.FAULT, translated(OUR_FAULT), GradeStatus.FAULT), FAULTY)

    def _grade(self, to: Path) -> int:
        if not os.access(self.submission, os.R_OK | os.X_OK):
            raise UnusableCourse(f"{self.submission} can't be read: mount the folder with the submission there")
        known = single_submission.known_notebooks(self.coursedir, *self.extra_args)
        is_released = functools.partial(single_submission.is_released, self.coursedir, self.config, known)
        handed_in = find(Path(self.submission), known, is_released)
        cache = Path(self.cache).resolve() if self.cache else None
        with tempfile.TemporaryDirectory(prefix="autograder-") as folder:
            graded = single_submission.grade(self.coursedir, self.config, handed_in, Path(folder), cache)
            (work,), status = graded.works, graded.status
            assert status is not None
            assert work.outcome is not None
            if status.label == GradeStatus.FAULT:
                raise RuntimeError(work.outcome.message)
            if status.label == GradeStatus.NEEDS_PERSON:
                if work.job is None:  # it could not be read
                    raise NotGradable(work.outcome.message)
                print(f"{self.name}: needs review: {work.outcome.message}", file=sys.stderr)
                result = self._result(Ending.TO_REVIEW, translated(LOOKED_AT), GradeStatus.NEEDS_PERSON)
                return self._write(to, result, UNGRADABLE)
            for name, path in zip(PAGES, (graded.feedback, graded.record), strict=True):
                if path is not None and path.is_file():
                    _put(to / name, path.read_bytes())
            remarks = [*graded.remarks, *describe_mends(work.mends)]
            tests, name = tests_of(work, told=()), handed_in.known.assignment
            return self._write(to, SubmissionResult(name, Ending.GRADED, status.label, remarks, tests), GRADED)

    def _result(self, ending: Ending, told: str, status: str) -> SubmissionResult:
        assignment = self.extra_args[0] if self.extra_args else ""
        return SubmissionResult(assignment, ending, status, [told], zero=self.zero)

    def _write(self, to: Path, result: SubmissionResult, code: int) -> int:
        """Write the results, last of all; returns the exit code."""
        platform = PLATFORMS[self.format]
        shown = f"{result.score:g} points" if result.score is not None and code == GRADED else result.told
        files = platform.write(result)
        try:
            for name, content in files.items():
                _put(to / name, content)
        except OSError as error:
            print(f"{self.name}: {to} can't be written: {error.strerror}", file=sys.stderr)
            return FAULTY
        print(f"{self.name}: {result.status}: {shown}")
        return GRADED if files and platform.by_file else code


def _put(path: Path, content: bytes) -> None:
    write_atomic(path, content)
    path.chmod(0o644)  # others read it


def _stop(*_: object) -> NoReturn:
    raise Stopped("received SIGTERM before it was done")


if __name__ == "__main__":
    SubmissionApp.launch_instance()
