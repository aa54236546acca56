"""A submission as it was graded before, kept aside until the new grade is whole.

    .autograder/previous/<assignment>/<student>/autograded/   the folder of its autograded notebooks
                                                marks.json    what the gradebook had

While that folder is there, a regrading is unfinished: the next one undoes it first.
"""

import contextlib
import shutil
from pathlib import Path

from nbgrader.utils import rmtree

from autograder.common.files import sync_folder, write_atomic
from autograder.grading.gradebook import Marks, dump, load


class Previous:
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
        """What the gradebook had."""
        return load((self.folder / "marks.json").read_text(encoding="utf-8"))

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
        if (self.folder / "autograded").is_dir():
            shutil.copytree(self.folder / "autograded", self._autograded, symlinks=True)
        self.drop()

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
