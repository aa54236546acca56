"""A submission as it was graded before, kept aside until the new grade is whole.

    .autograder/previous/<assignment>/<student>/autograded/   the folder of its autograded notebooks
                                                marks.json    what the gradebook had

While that folder is there, a regrading is unfinished: the next one undoes it first. Where marks.json is damaged, it
can't: it moves the folder to `.autograder/damaged`, grades the submission, and says that a person should look at it.
"""

import contextlib
import shutil
from datetime import UTC, datetime
from pathlib import Path

from nbgrader.utils import rmtree

from autograder.common.errors import AutograderError
from autograder.common.files import sync_folder, write_atomic
from autograder.grading.gradebook import Marks, dump, load


class DamagedError(AutograderError):
    """What the gradebook had can't be read."""


class Rollback:
    """What a submission was before."""

    def __init__(self, root: Path, assignment: str, student: str, autograded: Path) -> None:
        """Of a submission of the course in `root`, with its folder of autograded notebooks."""
        self.folder = root / ".autograder" / "previous" / assignment / student
        self._autograded = autograded

    @property
    def exists(self) -> bool:
        """Whether a regrading is unfinished."""
        return self.folder.exists()

    @property
    def marks(self) -> Marks | None:
        """What the gradebook had. Raises DamagedError."""
        path = self.folder / "marks.json"
        try:
            return load(path.read_text(encoding="utf-8"))
        except (FileNotFoundError, ValueError, TypeError, KeyError) as error:
            raise DamagedError(f"{path.name}: {type(error).__name__}: {error}") from error

    def keep(self, marks: Marks | None) -> None:
        """Set aside what is there."""
        part = self.folder.with_name(f".{self.folder.name}.part")
        _remove(part)
        part.mkdir(parents=True)
        if self._autograded.is_dir():
            shutil.copytree(self._autograded, part / "autograded", symlinks=True)
        write_atomic(part / "marks.json", dump(marks).encode())
        part.rename(self.folder)
        sync_folder(self.folder.parent)

    def notebook(self, name: str) -> Path:
        """Where the autograded notebook is, if there was one."""
        return self.folder / "autograded" / f"{name}.ipynb"

    def bring_back(self) -> None:
        """Undo a regrading that failed, in the autograded folder."""
        _remove(self._autograded)
        self._copy_back()
        self.drop()

    def set_aside(self) -> Path:
        """Where what the gradebook had can't be read: bring back the notebooks, and keep the folder for people."""
        if (self.folder / "autograded").is_dir():
            _remove(self._autograded)
            self._copy_back()
        root, assignment, student = self.folder.parents[2], self.folder.parent.name, self.folder.name
        aside = root / "damaged" / f"{assignment} {student} {datetime.now(UTC):%Y-%m-%dT%H-%M-%S.%fZ}"
        aside.parent.mkdir(parents=True, exist_ok=True)
        self.folder.rename(aside)
        sync_folder(aside.parent)
        return aside

    def _copy_back(self) -> None:
        if (self.folder / "autograded").is_dir():
            shutil.copytree(self.folder / "autograded", self._autograded, symlinks=True)

    def drop(self) -> None:
        """The regrading is whole: forget what was before."""
        if self.exists:
            gone = self.folder.with_name(f".{self.folder.name}.part")
            _remove(gone)
            self.folder.rename(gone)  # at once, as a folder half removed would be half a state
            with contextlib.suppress(OSError):  # the next grading removes what is left
                _remove(gone)


def _remove(folder: Path) -> None:
    if folder.exists():
        rmtree(str(folder))
