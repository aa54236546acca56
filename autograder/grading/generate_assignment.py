"""nbgrader's `generate_assignment`, which also works once submissions have been graded.

    source/ --nbgrader's own conversion--> <release>.new/    and what the gradebook is to have, in memory
    the gradebook is backed up and changed at once, then release/ is replaced

Whatever fails before that leaves release/ and the gradebook as they were.
"""

import os
import shutil
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from shlex import quote
from typing import Any

import nbformat
from nbformat import NotebookNode
from nbgrader.api import MissingEntry
from nbgrader.converters import BaseConverter
from nbgrader.converters import GenerateAssignment as NbgraderGenerateAssignment
from nbgrader.converters.base import NbGraderException
from nbgrader.preprocessors import SaveCells
from nbgrader.utils import rmtree
from traitlets.utils.importstring import import_item

from autograder.common.files import write_atomic
from autograder.common.tables import csv_text
from autograder.common.text import counted
from autograder.grading.backup import BackupError, Backups
from autograder.grading.cell_changes import CellChange, Change, renames, stored
from autograder.grading.gradebook import Mark, open_gradebook
from autograder.grading.lock import BusyError, course_lock
from autograder.notebooks.instructor_version import Stored, read_stored

RESOURCE = "autograder_stored"  # where the step leaves what the gradebook is to have


@contextmanager
def _own_programs_first() -> Iterator[None]:
    """Within, the environment's own programs are found first: nbgrader starts `alembic` by name."""
    before = os.environ.get("PATH", os.defpath)  # nbgrader's `setenv` would remove it at the end
    os.environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), before])
    try:
        yield
    finally:
        os.environ["PATH"] = before


class CollectCells(SaveCells):  # type: ignore[misc]
    """In the place of nbgrader's step, which writes into the gradebook: the converter does so in the end."""

    def preprocess(self, nb: NotebookNode, resources: dict[str, Any]) -> tuple[NotebookNode, dict[str, Any]]:
        """Note what the gradebook is to have of the notebook."""
        resources[RESOURCE] = stored(nb, resources["nbgrader"]["assignment"])
        return nb, resources


class GenerateAssignment(NbgraderGenerateAssignment):  # type: ignore[misc]
    """Makes release/ from source/, and brings the gradebook's cells up to date.

    After it: `changes` of cells, the marks that are `lost` with them, by student; `submissions` in the gradebook;
    `kept`, the files in which what was before can be found.
    """

    dry_run = False  # find out what would change only
    removes = False  # also what people gave, and whole notebooks; else that stops it
    changes: tuple[CellChange, ...] = ()
    lost: Mapping[str, list[Mark]] = {}
    submissions = 0
    kept: tuple[Path, ...] = ()
    problem = ""  # what went wrong in a notebook
    refused = False  # whether it stopped because `removes` is not set

    def start(self) -> None:
        """Generate what nbgrader's options choose. Raises NbGraderException where that fails."""
        steps = ((import_item(step) if isinstance(step, str) else step) for step in self.preprocessors)
        self.set_trait("preprocessors", [CollectCells if step is SaveCells else step for step in steps])
        self._new: dict[str, tuple[Stored, list[NotebookNode]]] = {}
        doing = f"`generate` of {self.coursedir.assignment_id}"
        try:
            with course_lock(Path(self.coursedir.root).resolve(), doing), _own_programs_first():
                super().start()
        except (BusyError, BackupError) as error:
            self.log.error("%s", error)
            raise NbGraderException(str(error)) from error

    # where it goes

    @property
    def _output_directory(self) -> str:
        return f"{self.coursedir.release_directory}.new"

    def _folder(self, assignment: str, suffix: str = "") -> Path:
        step = f"{self.coursedir.release_directory}{suffix}"
        return Path(os.path.normpath(self.coursedir.format_path(step, ".", assignment)))

    def convert_notebooks(self) -> None:
        """As nbgrader's; release/ is replaced at the end."""
        assignment = self.coursedir.assignment_id
        release, old = self._folder(assignment), self._folder(assignment, ".old")
        if old.is_dir() and not release.exists():  # it was killed while it replaced it
            old.rename(release)
        try:
            super().convert_notebooks()
        finally:
            for suffix in (".new", ".old"):
                _remove(self._folder(assignment, suffix), Path(self.coursedir.root))

    # nbgrader's hooks, called by its convert_notebooks

    def init_destination(self, assignment_id: str, student_id: str) -> bool:
        """Whether it is to be made: without `--force` not where it is there already."""
        release, aside = self._folder(assignment_id), self._folder(assignment_id, ".new")
        whole = self.coursedir.notebook_id == "*"
        there = release.is_dir() and all(
            (release / Path(path).name).is_file() for path in ([] if whole else self.notebooks)
        )
        if there and not self.force and not self.dry_run:
            self.log.info("Skipping existing assignment: %s", release)
            return False
        _remove(aside)
        if release.is_dir() and not whole:  # the other notebooks stay
            shutil.copytree(release, aside, symlinks=True)
            for path in self.notebooks:
                (aside / Path(path).name).unlink(missing_ok=True)
        return True

    def init_assignment(self, assignment_id: str, student_id: str) -> None:
        """As nbgrader's, but what it writes into the gradebook is written at the end."""
        BaseConverter.init_assignment(self, assignment_id, student_id)
        if not self.no_database and not self.create_assignment and self._stored(assignment_id) is None:
            raise NbGraderException(f"No assignment called '{assignment_id}' exists in the database")

    def convert_single_notebook(self, notebook_filename: str) -> None:
        """As nbgrader's."""
        with self._noted(notebook_filename):
            super().convert_single_notebook(notebook_filename)

    @contextmanager
    def _noted(self, where: str) -> Iterator[None]:
        """Keep what goes wrong as `problem`: nbgrader logs it, and raises something else."""
        try:
            yield
        except Exception as error:
            self.problem = f"{where}: {error}"
            raise

    def write_single_notebook(self, output: str, resources: dict[str, Any]) -> None:
        """As nbgrader's."""
        super().write_single_notebook(output, resources)
        if RESOURCE in resources:  # unless the step is switched off, as by --no-db
            cells = nbformat.reads(output, as_version=4).cells
            self._new[resources["nbgrader"]["notebook"]] = resources[RESOURCE], cells

    def run_post_convert_hook(self) -> None:
        """Make it count; then as nbgrader's."""
        assignment = self.coursedir.assignment_id
        with self._noted(assignment):
            if self._new and not self.no_database:
                self._update_gradebook(assignment)
            if not self.dry_run:
                self._replace_release(assignment)
        if not self.dry_run:
            super().run_post_convert_hook()

    def _replace_release(self, assignment: str) -> None:
        release, old = self._folder(assignment), self._folder(assignment, ".old")
        _remove(old)
        if not release.parent.exists():
            release.parent.mkdir(parents=True)
            shutil.copymode(self._folder(assignment, ".new").parent, release.parent)
        if release.exists():
            old.parent.mkdir(parents=True, exist_ok=True)
            release.rename(old)
        self._folder(assignment, ".new").rename(release)

    # the gradebook

    def _stored(self, assignment: str) -> dict[str, Stored] | None:
        """What the gradebook has of the assignment's notebooks; None where it does not know it."""
        with open_gradebook(self.coursedir.db_url, self.coursedir.course_id) as gradebook:
            try:
                names = [notebook.name for notebook in gradebook.find_assignment(assignment).notebooks]
            except MissingEntry:
                return None
        return {name: read_stored(self.coursedir, assignment, name) for name in names}

    def _update_gradebook(self, assignment: str) -> None:
        change = self._change(assignment)
        self.changes = tuple(change.cells())
        with open_gradebook(self.coursedir.db_url, self.coursedir.course_id) as gradebook:
            known = bool(change.old)
            self.submissions = len(gradebook.assignment_submissions(assignment)) if known else 0
            self.lost = change.lost(gradebook) if known else {}
            if self.submissions:
                for line in self.summary():
                    self.log.warning("%s", line)
            if self.dry_run:
                return
            if not self.removes and self._given_goes(change):
                self.refused = True
                raise NbGraderException(
                    "this would remove points or comments given by hand, or a notebook that has submissions, so the "
                    f"release and the gradebook were not changed. `autograder generate {quote(assignment)}` does it, "
                    "and keeps a list of what it removes; with --dry-run, it only shows that list."
                )
            if self.submissions and self.changes:
                self.kept = tuple(self._keep(assignment))
            change.apply(gradebook)
        self._rename_in_autograded(change)

    def _given_goes(self, change: Change) -> bool:
        by_hand = any(mark.by_hand for marks in self.lost.values() for mark in marks)
        return by_hand or bool(self.submissions and change.old.keys() - change.new.keys())

    def _change(self, assignment: str) -> Change:
        old, renamed = self._stored(assignment) or {}, {}
        for name, (version, cells) in self._new.items():
            if name in old:
                before = _cells(self._folder(assignment) / f"{name}.ipynb")
                renamed[name] = renames(old[name], version, before, cells)
        new = {name: version for name, (version, _) in self._new.items()}
        if self.coursedir.notebook_id != "*":  # the others stay
            new = {**old, **new}
        return Change(assignment, old, new, renamed)

    def summary(self) -> list[str]:
        """What changes where submissions have been graded, in lines."""
        if not self.submissions or not self.changes:
            return []
        lines = [f"The gradebook has {counted(self.submissions, 'submission')}. These cells change:"]
        lines += [f"    {change}" for change in self.changes]
        if self.lost:
            given = [(student, mark) for student, marks in self.lost.items() for mark in marks if mark.by_hand]
            by_hand = f"; {len(given)} of these scores were given by hand:" if given else "."
            lines.append(f"This removes scores of {counted(len(self.lost), 'student')}{by_hand}")
            lines += [f"    {student}: {_said(mark)}" for student, mark in given]
        return lines

    def _keep(self, assignment: str) -> list[Path]:
        """Back the gradebook up, and write down the marks that go."""
        root = Path(self.coursedir.root).resolve()
        backup = Backups(root, self.coursedir.db_url).make()
        kept = [backup] if backup else []
        if self.lost:
            path = root / ".autograder" / "removed" / f"{assignment} {datetime.now(UTC):%Y-%m-%dT%H-%M-%S.%fZ}.csv"
            write_atomic(path, _table(self.lost).encode("utf-8-sig"))
            kept.append(path)
        return kept

    def _rename_in_autograded(self, change: Change) -> None:
        """Have the notebooks graded before know the cells as the gradebook does now: formgrader asks it for each."""
        for name in change.old:
            renamed, gone = change.renamed.get(name, {}), change.dropped(name)
            if not renamed and not gone:
                continue
            for path in self._autograded(change.assignment, name):
                with suppress(OSError, ValueError, AttributeError, KeyError, TypeError):  # damaged: it is graded anew
                    _rename(path, renamed, gone)

    def _autograded(self, assignment: str, notebook: str) -> list[Path]:
        with open_gradebook(self.coursedir.db_url, self.coursedir.course_id) as gradebook:
            students = [one.student.id for one in gradebook.assignment_submissions(assignment)]
        step = self.coursedir.autograded_directory
        paths = (Path(self.coursedir.format_path(step, one, assignment), f"{notebook}.ipynb") for one in students)
        return [path for path in paths if path.is_file()]


def _rename(path: Path, renamed: Mapping[str, str], gone: set[str]) -> None:
    notebook = nbformat.read(path, as_version=4)
    for cell in notebook.cells:
        name = cell.metadata.get("nbgrader", {}).get("grade_id")
        if name in gone:
            del cell.metadata["nbgrader"]
        elif name in renamed:
            cell.metadata["nbgrader"]["grade_id"] = renamed[name]
    mode = path.stat().st_mode
    write_atomic(path, nbformat.writes(notebook).encode())
    path.chmod(mode)


def _cells(path: Path) -> list[NotebookNode]:
    try:
        return list(nbformat.read(path, as_version=4).cells)
    except (OSError, ValueError, nbformat.ValidationError):
        return []


def _said(mark: Mark) -> str:
    given = [f"{mark.points:g} point{'' if mark.points == 1 else 's'}"] if mark.manual is not None or mark.extra else []
    return f"{mark.notebook}, {mark.cell}: {', '.join([*given, *([repr(mark.comment)] if mark.comment else [])])}"


def _table(lost: Mapping[str, list[Mark]]) -> str:
    rows: list[tuple[Any, ...]] = [("student_id", "notebook", "cell", "automatic", "manual", "extra_credit", "comment")]
    for student, marks in lost.items():
        for mark in marks:
            rows.append((student, mark.notebook, mark.cell, mark.automatic, mark.manual, mark.extra, mark.comment))
    return csv_text(rows)


def _remove(folder: Path, root: Path | None = None) -> None:
    """Remove a folder, and below `root` those above it that are empty then."""
    if folder.exists():
        rmtree(str(folder))
    with suppress(OSError):
        for parent in folder.parents if root else ():
            if parent == root or root not in parent.parents:
                break
            parent.rmdir()
