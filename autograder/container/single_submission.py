"""One notebook graded as a class is, by the same engine, in a course folder that is thrown away afterwards."""

import contextlib
import shutil
from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from pathlib import Path

from nbgrader.api import Gradebook
from nbgrader.converters.base import NbGraderException
from nbgrader.coursedir import CourseDirectory
from sqlalchemy.engine import make_url
from traitlets.config import Config

from autograder.common.errors import AutograderError
from autograder.common.language import english, gettext, translated
from autograder.common.text import printable
from autograder.container.requirements import missing_requirement
from autograder.container.submitted_notebook import LONGEST_NAME, NotGradable, SubmittedNotebook
from autograder.grading.deadlines import Deadlines
from autograder.grading.pipeline import Autograde, NotAllGraded, ProgressListener
from autograder.grading.record import RECORD_SUFFIX, SubmissionStatus
from autograder.grading.submission import NotebookTask, Submission
from autograder.notebooks.attachments import attachments
from autograder.notebooks.instructor_version import VersionError, read_version
from autograder.notebooks.known import KnownNotebook
from autograder.notebooks.known import known_notebooks as all_notebooks
from autograder.notebooks.reading import Unreadable, read_regular
from autograder.notebooks.selection import FileState, file_state
from autograder.reports.generate import GenerateFeedback

STUDENT = "submission"
_CACHED = ("results", "trainings")  # the folders of `.autograder` that a cache has


class UnusableCourse(AutograderError):
    """Nothing can be graded here: a mistake in how course or container was set up, never the student's."""


@dataclass
class Graded(ProgressListener):
    """The outcome of the grading, filled in while it goes on."""

    works: list[NotebookTask] = field(default_factory=list)
    status: SubmissionStatus | None = None
    remarks: list[str] = field(default_factory=list)
    feedback: Path | None = None
    record: Path | None = None

    def finished(self, submission: Submission, status: SubmissionStatus) -> None:
        """Store what came of the one submission."""
        self.works, self.status = submission.works, status


def known_notebooks(coursedir: CourseDirectory, assignment: str = "") -> list[KnownNotebook]:
    """The notebooks that a course asks for, in one assignment or in all. Raises UnusableCourse where there are none."""
    with Gradebook(f"sqlite:///{database(coursedir)}", coursedir.course_id) as gradebook:
        found = all_notebooks(gradebook)
    chosen = [one for one in found if assignment in ("", one.assignment)]
    if not chosen:
        there = ", ".join(sorted({one.assignment for one in found})) or "none"
        raise UnusableCourse(f"no such assignment: {assignment!r}; the course in {coursedir.root} has {there}")
    return chosen


def is_released(coursedir: CourseDirectory, config: Config, known: Sequence[KnownNotebook], path: Path) -> bool:
    """Whether a file is one of these notebooks as released, with nothing of the student's in it."""
    with contextlib.suppress(VersionError, Unreadable):
        raw = read_regular(path)
        versions = (read_version(coursedir, one.assignment, one.notebook, config) for one in known)
        return any(file_state(raw, version) == FileState.RELEASED for version in versions)
    return False


def database(coursedir: CourseDirectory) -> Path:
    """The file of the course's gradebook. Raises UnusableCourse where it has none."""
    url = make_url(coursedir.db_url)
    path = Path(url.database) if url.drivername.startswith("sqlite") and url.database else None
    if path is None or not path.is_file():
        raise UnusableCourse(
            f"the course in {coursedir.root} has no gradebook file that tells its assignments: run "
            "`autograder generate ASSIGNMENT` there"
        )
    return path


def grade(
    coursedir: CourseDirectory, config: Config, handed_in: SubmittedNotebook, folder: Path, cache: Path | None = None
) -> Graded:
    """Grade one notebook, in `folder`, which is empty and stays so but for this.

    `cache` has results and trainings that many such gradings share. Raises NotGradable for what the student has to put
    right, and NbGraderException or UnusableCourse for what is our fault.
    """
    known = handed_in.known
    config = _beside(coursedir, config, folder, cache)
    config.CourseDirectory.assignment_id = known.assignment
    config.CourseDirectory.student_id = STUDENT
    config.CourseDirectory.notebook_id = known.notebook
    place = CourseDirectory(config=config)
    converter = Autograde(coursedir=place, config=config)
    if converter.grading.sandbox and (why := missing_requirement()):
        raise UnusableCourse(why)
    submitted = Path(place.format_path(place.submitted_directory, STUDENT, known.assignment))
    graded = Graded(remarks=_copy(handed_in, submitted, converter.grading.attachments))
    converter.watcher = graded
    with contextlib.suppress(NotAllGraded):
        converter.start()
    autograded = Path(place.format_path(place.autograded_directory, STUDENT, known.assignment))
    graded.record = autograded / f"{known.notebook}{RECORD_SUFFIX}"
    with contextlib.suppress(NbGraderException):  # a grade without a page is still a grade
        if graded.record.is_file():
            GenerateFeedback(coursedir=place, config=config).start()
    feedback = Path(place.format_path(place.feedback_directory, STUDENT, known.assignment))
    graded.feedback = feedback / f"{known.notebook}.html"
    return graded


def _beside(coursedir: CourseDirectory, config: Config, folder: Path, cache: Path | None) -> Config:
    """Make a course in `folder` with all that the course has, but for submissions, grades and what was remembered."""
    own = {".autograder", "autograded", "feedback", "submitted", "gradebook.db"}
    own |= {Deadlines(config=config).file}  # nothing here is late: no time of submission is known
    own |= {coursedir.submitted_directory, coursedir.autograded_directory, coursedir.feedback_directory}
    for path in Path(coursedir.root).iterdir():
        if path.name not in own:
            (folder / path.name).symlink_to(path)
    shutil.copyfile(database(coursedir), folder / "gradebook.db")
    if cache is not None:
        (folder / ".autograder").mkdir()
        for name in _CACHED:
            (cache / name).mkdir(parents=True, exist_ok=True)
            (folder / ".autograder" / name).symlink_to(cache / name)
    made: Config = deepcopy(config)
    for section in ("Deadlines", "LatePolicy"):
        made.pop(section, None)
    made.CourseDirectory.root = str(folder)
    made.CourseDirectory.db_url = f"sqlite:///{folder / 'gradebook.db'}"
    return made


def _copy(handed_in: SubmittedNotebook, to: Path, patterns: Sequence[str]) -> list[str]:
    """Hand the notebook in, under its right name, with the files that it may read; returns remarks for the student."""
    name, own = f"{handed_in.known.notebook}.ipynb", handed_in.path.name
    try:
        content = {name: read_regular(handed_in.path)}
    except Unreadable as error:
        raise NotGradable(printable(translated(str(error)), LONGEST_NAME)) from error
    files, refused = attachments(handed_in.path.parent, patterns)
    for file, path in files.items():
        # nbgrader takes timestamp.txt for the time of submission, whatever a student wrote there
        if path.suffix.lower() == ".ipynb" or file == "timestamp.txt":
            continue
        try:
            content[file] = read_regular(path)
        except Unreadable as error:
            refused.append(english("%(place)s: %(reason)s", place=file, reason=error))
    for file, data in content.items():
        (to / file).parent.mkdir(parents=True, exist_ok=True)
        (to / file).write_bytes(data)
    remarks = [
        gettext("Left out: %(file)s", file=printable(translated(what), LONGEST_NAME))
        for what in refused
        if not what.startswith(f"{own}: ")
    ]
    remark = [handed_in.remark] if handed_in.remark else []
    graded_as = gettext("%(file)s was graded as %(name)s.", file=printable(own, LONGEST_NAME), name=name)
    return [*remark, *remarks, *([graded_as] if own != name else [])]
