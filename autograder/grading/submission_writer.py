"""Writing a submission's outcomes: nbgrader's conversion into `autograded/` and the gradebook, whole or undone."""

import contextlib
import glob
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

from nbgrader.api import Gradebook
from nbgrader.converters import Autograde as NbgraderAutograde
from nbgrader.preprocessors import Execute, SaveAutoGrades
from nbgrader.utils import remove, setenv, temp_attrs
from traitlets.utils.importstring import import_item

from autograder.common.language import english
from autograder.common.timestamps import parse_timestamp
from autograder.grading.deadlines import DueDates
from autograder.grading.gradebook import Marks, open_gradebook, put_back, read_marks, settle
from autograder.grading.job import FAULTS, Outcome, ReviewItem, ReviewKind
from autograder.grading.lateness import LatePenalties
from autograder.grading.preprocessors import MENDS, RESOURCE, Examine, SaveScores
from autograder.grading.record import RECORD_SUFFIX, Statuses, SubmissionStatus, now, write_record
from autograder.grading.rollback import DamagedError, Rollback
from autograder.grading.submission import NotebookTask, Submission

_KEPT = ("timestamp.txt", "submission_secret.txt")  # nbgrader's, beside a submission: they decide something


class SubmissionWriter(NbgraderAutograde):  # type: ignore[misc]
    """The part of our `Autograde` that writes."""

    root: Path
    statuses: Statuses
    due_dates: DueDates  # of the course, once they have been read
    penalties: LatePenalties
    _works: dict[str, NotebookTask]  # those that are written now, by the path that nbgrader knows

    def write(self, submission: Submission) -> SubmissionStatus:
        """Write what is graded of a submission, all of it or nothing; what is not stays as it was.

        Whatever goes wrong is a fault in this submission's status alone.
        """
        previous = self.previous(submission.assignment, submission.student)
        try:
            status = self._write(submission, previous)
            for work in submission.works:
                if work.outcome:  # a class's files, all at once, would fill the memory
                    work.outcome = replace(work.outcome, written={})
            return status
        except FAULTS as error:
            for work in submission.works:
                if work.graded:
                    work.outcome = Outcome.fault("writing the grade", error)
            self.log.error("%s: not graded: %s", submission.student, error, exc_info=True)
        submission.score = submission.max_score = None
        status = self._status(submission, [])
        with self._noted(submission):  # else the next grading does it first, as what was before is still kept aside
            self._undo(submission, previous)
        with self._noted(submission):
            self.statuses.put(status)
        return status

    @contextlib.contextmanager
    def _noted(self, submission: Submission) -> Iterator[None]:
        try:
            yield
        except FAULTS as error:
            self.log.error("%s: %s", submission.student, error, exc_info=True)

    def _write(self, submission: Submission, previous: Rollback) -> SubmissionStatus:
        self._undo(submission, previous)  # a grading that was killed while it wrote this submission
        works = {str(submission.folder / f"{work.name}.ipynb"): work for work in submission.works if work.graded}
        review: list[ReviewItem] = []
        if works:
            before = self.marks(submission.assignment, submission.student)
            previous.keep(before)
            try:
                self._convert_submission(submission, works, before)
                review = self._settle(submission, previous)
            except KeyboardInterrupt:
                self._undo(submission, previous)
                raise
        status = self._status(submission, [flag for work in works.values() for flag in _flags(work)] + review)
        self.statuses.put(status)
        previous.drop()
        return status

    def _status(self, submission: Submission, review: Sequence[ReviewItem]) -> SubmissionStatus:
        old = self.statuses.get(submission.assignment, submission.student)
        done = {work.name: work.status for work in submission.works}
        for name, was in old.notebooks.items() if old else ():
            if was.path(submission.folder, name).exists():  # one that --notebook leaves out
                done.setdefault(name, was)
        remarks = [ReviewItem(ReviewKind.REMARK, remark) for remark in submission.remarks]
        late, lateness = (submission.late, submission.lateness) if submission.late else ("", ())
        if old and not late:
            late, lateness = old.late, old.lateness
        about = (submission.student, submission.assignment, now(), done, (*remarks, *review))
        return SubmissionStatus(*about, late, lateness)

    def _convert_submission(self, submission: Submission, works: dict[str, NotebookTask], before: Marks | None) -> None:
        """As nbgrader's `convert_notebooks`, of one submission, but what goes wrong is raised."""
        self._works, self.notebooks = works, sorted(works)
        self.init_destination(submission.assignment, submission.student)
        self.run_pre_convert_hook()
        self.init_assignment(submission.assignment, submission.student)
        with open_gradebook(self.coursedir.db_url, self.coursedir.course_id) as gradebook:
            mark_missing(gradebook, submission, before)
            self.due_dates.apply(gradebook.find_submission(submission.assignment, submission.student))
            gradebook.db.commit()
        for path in self.notebooks:
            self.convert_single_notebook(path)
        self.set_permissions(submission.assignment, submission.student)
        self.run_post_convert_hook()

    def marks(self, assignment: str, student: str) -> Marks | None:
        """What the gradebook has of a submission."""
        with open_gradebook(self.coursedir.db_url, self.coursedir.course_id) as gradebook:
            return read_marks(gradebook, assignment, student)

    def _settle(self, submission: Submission, previous: Rollback) -> list[ReviewItem]:
        assignment, student = submission.assignment, submission.student
        autograded = Path(self._format_dest(assignment, student))
        both = {
            work.name: (previous.notebook(work.name), autograded / f"{work.name}.ipynb")
            for work in submission.works
            if work.graded
        }
        with open_gradebook(self.coursedir.db_url, self.coursedir.course_id) as gradebook:
            review = settle(gradebook, assignment, student, previous.marks, both)
            found = gradebook.find_submission(assignment, student)
            submission.score, submission.max_score = found.score, found.max_score
            self.penalties.assign(found)
            gradebook.db.commit()
            submission.late = self.penalties.basis(found)
            submission.lateness = tuple(self.penalties.words(found))
        return review

    def _undo(self, submission: Submission, previous: Rollback) -> None:
        """Bring back what was before, where a grading of this submission is unfinished."""
        if not previous.exists:
            return
        try:
            marks = previous.marks
        except DamagedError as error:
            aside = previous.set_aside()
            submission.remarks.append(
                english(
                    "an earlier grading was interrupted, and the record of what the gradebook had before it can't be "
                    "read (%(problem)s): compare the points and comments given by hand with a backup (`autograder "
                    "restore`); kept in %(folder)s",
                    problem=error,
                    folder=aside,
                )
            )
            self.log.warning("%s: %s", submission.student, submission.remarks[-1])
            return
        with open_gradebook(self.coursedir.db_url, self.coursedir.course_id) as gradebook:
            put_back(gradebook, submission.assignment, submission.student, marks)
        previous.bring_back()

    @property
    def timezone(self) -> str:
        """The zone in which nbgrader's exchange writes timestamps."""
        return str(self.config.Exchange.get("timezone", "UTC"))

    def timestamp(self, folder: str) -> datetime | None:
        """When what is in a folder was handed in, as far as that says so."""
        path = Path(folder, "timestamp.txt")
        text = path.read_text(encoding="utf-8").strip() if path.is_file() else ""
        return parse_timestamp(text, self.timezone) if text else None

    def previous(self, assignment: str, student: str) -> Rollback:
        """Where a submission is kept as it was before."""
        return Rollback(self.root, assignment, student, Path(self._format_dest(assignment, student)))

    # nbgrader's hooks, called by its convert_notebooks

    def init_destination(self, assignment_id: str, student_id: str) -> bool:
        """Make room for the notebooks that are written now; which those are has been decided.

        Where none was chosen by `--notebook`, other files go as well: those that are handed in still are copied anew.
        """
        destination = Path(self._format_dest(assignment_id, student_id))
        for path in map(Path, self.notebooks):
            for name in (path.name, path.stem + RECORD_SUFFIX):
                if (old := destination / name).exists():
                    remove(str(old))
        for old in destination.rglob("*") if self.coursedir.notebook_id == "*" else ():
            graded = old.parent == destination and old.name.endswith((".ipynb", RECORD_SUFFIX))
            if not graded and (old.is_symlink() or old.is_file()):
                remove(str(old))
        return True

    def init_assignment(self, assignment_id: str, student_id: str) -> None:
        """As nbgrader's, but no link or pipe that a student handed in is followed, and no record of theirs kept."""
        source = Path(self._format_source(assignment_id, student_id))
        odd = [
            glob.escape(path.name)
            for path in source.rglob("*")
            if path.is_symlink() or not (path.is_file() or path.is_dir())
        ]
        ignored = [*self.coursedir.ignore, *odd, f"*{RECORD_SUFFIX}"]
        with temp_attrs(self.coursedir, ignore=ignored, get_existing_timestamp=self.timestamp):
            super().init_assignment(assignment_id, student_id)

    def convert_single_notebook(self, notebook_filename: str) -> None:
        """As nbgrader's, but in one pass, from the mended notebook in place of the file."""
        work = self._works[notebook_filename]
        assert work.job is not None
        assert work.outcome is not None
        self.exporter._preprocessors = []
        self.exporter.optimistic_validation = True  # once, after all steps
        for step in [*self.sanitize_preprocessors, *map(replaced, self.autograde_preprocessors)]:
            self.exporter.register_preprocessor(step)
        resources: dict[str, Any] = self.init_single_notebook_resources(notebook_filename)
        resources["metadata"] = {"name": work.name, "path": str(work.path.parent)}
        resources[RESOURCE], resources[MENDS] = work.outcome, work.mends
        with setenv(NBGRADER_EXECUTION="autograde"):
            output, resources = self.exporter.from_notebook_node(work.notebook, resources=resources)
        self.write_single_notebook(output, resources)
        record = Path(self.writer.build_directory, work.name + RECORD_SUFFIX)
        write_record(record, work.job, work.status, work.outcome)
        self._write_files(work.outcome.written, work.job.given, Path(self.writer.build_directory))

    def _write_files(self, files: Mapping[str, bytes], given: Collection[str], folder: Path) -> None:
        """Put files that the notebook wrote beside it, but for those that are the assignment's, nbgrader's or ours.

        One that was handed in under that name stays as it is in `submitted/`.
        """
        for name, content in files.items():
            path, parts = folder / name, Path(name).parts
            ignored = any(fnmatch(part, pattern) for part in parts for pattern in self.coursedir.ignore)
            if ignored or name in given or name.lower() in _KEPT or name.lower().endswith((".ipynb", RECORD_SUFFIX)):
                continue
            try:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.unlink(missing_ok=True)
                path.write_bytes(content)
            except OSError as error:  # a folder of that name has been handed in, say
                self.log.warning("%s, which the notebook wrote, is left out: %s", path, error.strerror)


def mark_missing(gradebook: Gradebook, submission: Submission, before: Marks | None) -> None:
    """Give a notebook that was not handed in 0, as nbgrader does, and leave one that is not written now as it was.

    nbgrader itself looks for a file of the notebook's name, which may be another notebook, or may have another name.
    """
    written = {work.name for work in submission.works if work.graded}
    for notebook in gradebook.find_submission(submission.assignment, submission.student).notebooks:
        if notebook.name in written:
            continue
        handed_in = notebook.name in submission.selected
        for grade in notebook.grades:
            mark = (before or {}).get((notebook.name, grade.name))
            grade.auto_score = 0 if not handed_in else mark.automatic if mark else None
            grade.needs_manual_grade = bool(handed_in and mark and mark.needs_manual_grade)
    gradebook.db.commit()


def _flags(work: NotebookTask) -> list[ReviewItem]:
    flags = work.outcome.run.flags if work.outcome and work.graded else ()
    return [replace(flag, text=f"{work.name}, {flag.text}") for flag in flags]


def replaced(step: Any) -> Any:
    """Our step in the place of nbgrader's; every other one, an instructor's own too, is kept."""
    replaced: dict[Any, Callable[..., Any]] = {Execute: Examine, SaveAutoGrades: SaveScores}
    found = import_item(step) if isinstance(step, str) else step
    return replaced.get(found, step)
