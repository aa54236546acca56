"""Which of the files that a student handed in counts as which notebook of the assignment.

    folder --`files_below`--> files called like notebooks --`identify`: by their cells, else by name--> candidates
           --`_rank`--> for each notebook the file that counts, and a remark for each file that does not

A file of just the notebook's name, alone, counts as it ever did, and is not even read here. Nothing is chosen silently.
"""

import enum
import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from autograder.common.language import english
from autograder.common.text import printable
from autograder.notebooks.cell_text import key
from autograder.notebooks.identification import CellSet, identify
from autograder.notebooks.instructor import Version
from autograder.notebooks.mending import mend
from autograder.notebooks.notebook_names import is_called_notebook, notebook_of
from autograder.notebooks.reading import Unreadable, read_notebook, read_regular

MAX_ENTRIES = 10_000  # files and folders that are looked at
MAX_READ = 20  # files that are read
PASSED_OVER = re.compile(r"\.|__MACOSX$")  # hidden, Jupyter's checkpoints among them; what macOS puts into archives
_PERHAPS = ("", ".json", ".txt")  # of files that may be notebooks, where none is called like one


class FileState(enum.IntEnum):
    """What a file holds of a student's: the more, the rather it counts. What can't be read may hold answers."""

    RELEASED = 0  # nothing: it is as released
    UNREADABLE = 1
    CHANGED = 2  # cells that are no answers
    ANSWERED = 3


@dataclass(frozen=True)
class Selection:
    """For each notebook that was handed in, the file that counts; what is to be told; and the other notebooks."""

    files: dict[str, Path] = field(default_factory=dict)
    remarks: tuple[str, ...] = ()
    others: tuple[Path, ...] = ()


@dataclass(eq=False)
class _Candidate:
    path: Path
    folder: Path

    @property
    def name(self) -> str:
        return self.path.relative_to(self.folder).as_posix()

    @property
    def depth(self) -> int:
        return len(self.path.relative_to(self.folder).parts)

    @cached_property
    def raw(self) -> bytes | None:
        try:
            return read_regular(self.path)
        except Unreadable:
            return None

    @cached_property
    def cells(self) -> CellSet | None:
        """None where the file is no notebook."""
        try:
            return None if self.raw is None else CellSet.of(read_notebook(self.raw).cells)
        except Unreadable:
            return None

    def notebook(self, versions: Mapping[str, Version]) -> str | None:
        """Which one it is: by its cells, else by its name."""
        called = notebook_of(self.path.name, list(versions))
        name = called[0] if called else None
        return identify(self.cells, name, versions) if self.cells is not None else name


def file_state(raw: bytes, version: Version) -> FileState:
    """What a file holds of a student's, beside the notebook as released."""
    try:
        cells = mend(raw, version).notebook.cells
    except Unreadable:
        return FileState.UNREADABLE
    state = FileState.RELEASED
    for cell in cells:
        position = cell.metadata.get("autograder", {}).get("position")
        wanted = None if position is None else version.cells[position]
        if key(cell.source) != ("" if wanted is None else key(wanted.released)):
            state = max(state, FileState.ANSWERED if wanted is not None and wanted.solution else FileState.CHANGED)
    return state


def select(folder: Path, versions: Mapping[str, Version]) -> Selection:
    """Select among the files below `folder`; `versions`: the assignment's notebooks, by name. Follows no link."""
    problems: list[str] = []
    files = list(files_below(folder, problems))
    candidates = [_Candidate(path, folder) for path in files if is_called_notebook(path.name)]
    if len(candidates) == len(versions) == 1 and candidates[0].name == f"{next(iter(versions))}.ipynb":
        return Selection({name: candidates[0].path for name in versions}, tuple(problems))
    if not candidates:
        perhaps = (_Candidate(path, folder) for path in files if path.suffix.lower() in _PERHAPS)
        candidates = [one for one in list(perhaps)[:MAX_READ] if one.cells is not None]
    candidates.sort(key=lambda one: (one.depth, one.name))
    if len(candidates) > MAX_READ:
        problems.append(
            english("there are %(count)s notebooks, of which %(read)s were read", count=len(candidates), read=MAX_READ)
        )
    found: dict[str | None, list[_Candidate]] = {name: [] for name in (*versions, None)}
    for one in candidates[:MAX_READ]:
        found[one.notebook(versions)].append(one)
    strangers = [
        english(
            "%(file)s is not a notebook of this assignment (%(notebooks)s)",
            file=_shown(one),
            notebooks=_names(versions),
        )
        for one in found.pop(None) or ()
    ]
    counted, remarks = {}, list[str]()
    for name, own in found.items():
        if name is None or not own:
            continue
        best, said = _best(name, own, versions[name])
        counted[name] = best.path
        remarks += said
    missing = [name for name in versions if name not in counted]
    if counted and missing:
        remarks.append(english("not submitted: %(notebooks)s", notebooks=_names(missing)))
    others = tuple(one.path for one in candidates if one.path not in counted.values())
    return Selection(counted, (*remarks, *strangers, *problems), others)


def files_below(folder: Path, problems: list[str]) -> Iterable[Path]:
    """All but folders below `folder`, in order, through no symbolic link; what can't be looked at is a problem."""
    pending, count = [folder], 0
    while pending:
        here = pending.pop(0)
        try:
            with os.scandir(here) as found:
                entries = sorted(found, key=lambda entry: entry.name)
        except OSError as error:
            problems.append(
                english(
                    "the folder %(folder)s can't be read: %(problem)s",
                    folder=printable(here.name),
                    problem=error.strerror,
                )
            )
            continue
        for entry in entries:
            count += 1
            if count > MAX_ENTRIES:
                problems.append(
                    english(
                        "there are more than %(count)s files and folders; the rest was not looked at",
                        count=f"{MAX_ENTRIES:,}",
                    )
                )
                return
            if PASSED_OVER.match(entry.name):
                continue
            if entry.is_dir(follow_symlinks=False):
                pending.append(Path(entry.path))
            else:
                yield Path(entry.path)


def _rank(name: str, one: _Candidate, state: FileState) -> tuple[object, ...]:
    """What files are compared by: the highest counts."""
    return state, one.path.name == f"{name}.ipynb", -one.depth, one.name


def _best(name: str, candidates: list[_Candidate], version: Version) -> tuple[_Candidate, list[str]]:
    """The file that counts as the notebook `name`, and what is to be told."""
    if len(candidates) == 1:
        best, remarks = candidates[0], list[str]()
    else:
        states = {one: FileState.UNREADABLE if one.raw is None else file_state(one.raw, version) for one in candidates}
        ranks = {one: _rank(name, one, state) for one, state in states.items()}
        best = max(candidates, key=lambda one: ranks[one])
        remarks = [
            english("%(file)s was not graded: %(why)s", file=_shown(one), why=_why(best, one, ranks, states[one]))
            for one in candidates
            if one is not best
        ]
    if best.name != f"{name}.ipynb":
        graded = english("%(file)s was graded as %(notebook)s.ipynb", file=_shown(best), notebook=printable(name))
        remarks.insert(0, graded)
    return best, remarks


def _why(best: _Candidate, other: _Candidate, ranks: Mapping[_Candidate, tuple[object, ...]], state: FileState) -> str:
    if best.raw == other.raw and best.raw is not None:
        return english("it is the same as %(file)s", file=_shown(best))
    if state == FileState.RELEASED:
        return english("it is as released")
    differs = [one != another for one, another in zip(ranks[best], ranks[other], strict=True)]
    file = _shown(best)
    reasons = (  # in the order of `_rank`
        english("%(file)s has more of the student's work in it", file=file),
        english("%(file)s has exactly the notebook's name", file=file),
        english("%(file)s is in fewer nested folders", file=file),
        english("%(file)s comes last by name", file=file),
    )
    return reasons[differs.index(True)]


def _shown(one: _Candidate) -> str:
    return printable(one.name, 200)


def _names(notebooks: Iterable[str]) -> str:
    return ", ".join(f"{name}.ipynb" for name in notebooks)
