"""Which of a student's files count: for each notebook of the assignment the last one, and what lies beside it.

What comes in are all files of one student, of all downloads. Two steps:

1. `_candidates`: which notebook of the assignment a file called like one is, by its name. Where no file of an attempt
   has such a name, and assignment and attempt have one notebook each, it is that one.
2. `_rank`: of the candidates for a notebook, one that is as released counts last of all; then the one of the last
   attempt counts, then the one with answers in it, then the one uploaded last, then the one with just the notebook's
   name (not "mnist (1)"), then the one in the fewest folders, then the last by name.

All other files of the attempts that a counting notebook is of go with it. Nothing is chosen silently: each file has its
fate, and where a choice was not obvious the instructor is asked to look.
"""

import enum
import filecmp
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import PurePosixPath

from autograder.lms.collect.downloads import DownloadedFile
from autograder.notebooks.instructor import Version
from autograder.notebooks.notebook_names import is_called_notebook, notebook_of, of_another
from autograder.notebooks.reading import Unreadable, read_regular
from autograder.notebooks.selection import FileState, file_state

_NOTEBOOK = ".ipynb"
# Why a file counts, in the order of `_rank`.
_REASONS = (
    "the other is as released",
    "it came with the last attempt",
    "it has more of the student's work in it",
    "it was uploaded last",
    "it has exactly the notebook's name",
    "it is in fewer nested folders",
    "it comes last by name",
)


class FateKind(enum.Enum):
    """What becomes of a student's file."""

    COUNTS = "counts"  # as a notebook of the assignment
    BESIDE = "beside"  # goes with one that counts
    KEPT = "kept"  # not handed on, and not lost


@dataclass(frozen=True)
class Fate:
    """What became of a file, and the words for it."""

    kind: FateKind
    text: str


@dataclass
class Choice:
    """The outcome for one student.

    counted: the files that count, by their name in the submission
    fates: each file, and what happened to it
    look: what an instructor should check, a sentence each
    """

    counted: dict[str, DownloadedFile] = field(default_factory=dict)
    fates: list[tuple[DownloadedFile, Fate]] = field(default_factory=list)
    look: list[str] = field(default_factory=list)

    @property
    def time(self) -> datetime | None:
        """When the last file that counts was handed in, as far as that is known."""
        return max((file.time for file in self.counted.values() if file.time), default=None)

    @property
    def late(self) -> bool:
        """Whether the LMS marked a file that counts as late."""
        return any(file.late for file in self.counted.values())


@dataclass(frozen=True)
class _Candidate:
    """A file that may be a notebook; whether it has just its name; what is in it."""

    file: DownloadedFile
    exact: bool
    state: FileState = FileState.ANSWERED


def choose(
    files: Iterable[DownloadedFile],
    notebooks: Sequence[str],
    others: Mapping[str, str],
    released: Mapping[str, Version] | None = None,
) -> Choice:
    """Choose among a student's files for the assignment's `notebooks` (names without suffix).

    `others`: notebook -> assignment, for the notebooks of the course's other assignments; `released`: the notebooks as
    released, as far as they are known.
    """
    files = list(files)
    choice = Choice()
    candidates = _with_states(_candidates(files, notebooks, others, choice), released or {})
    attempts = set()
    for notebook, found in candidates.items():
        first = max(found, key=_rank)
        best = first.file
        choice.counted[f"{notebook}{_NOTEBOOK}"] = best
        attempts.add(best.attempt)
        if _base(best) != f"{notebook}{_NOTEBOOK}":
            choice.look.append(f"took “{_base(best)}” as {notebook}{_NOTEBOOK}")
        if rivals := [one for one in found if one.file.attempt >= best.attempt and not _same(one.file, best)]:
            names = "”, “".join(sorted({one.file.name for one in rivals}))
            why = _why(first, max(rivals, key=_rank))
            other = "another " if names == best.name else ""
            choice.look.append(f"took “{best.name}”, not {other}“{names}”, which was submitted with it or later: {why}")
    if missing := [f"{name}{_NOTEBOOK}" for name in notebooks if name not in candidates]:
        choice.look.append(f"submitted no {', '.join(missing)}")
    beside = [file for file in files if file.attempt in attempts and _may_lie_beside(file)]
    for file in sorted(beside, key=lambda file: file.number):
        choice.counted[file.name] = file
    choice.fates = [(file, _fate(file, choice, candidates, others)) for file in files]
    return choice


def _with_states(
    candidates: Mapping[str, list[_Candidate]], released: Mapping[str, Version]
) -> dict[str, list[_Candidate]]:
    """The candidates, with what is in them where there are several and that can be told."""
    return {
        notebook: [_with_state(one, released[notebook]) for one in found]
        if len(found) > 1 and notebook in released
        else found
        for notebook, found in candidates.items()
    }


def _with_state(one: _Candidate, version: Version) -> _Candidate:
    try:
        return replace(one, state=file_state(read_regular(one.file.path), version))
    except Unreadable:
        return replace(one, state=FileState.UNREADABLE)


def _rank(one: _Candidate) -> tuple[object, ...]:
    """What files are compared by: the highest counts."""
    file = one.file
    return (
        *(one.state != FileState.RELEASED, file.attempt, one.state),
        *(file.number, one.exact, -_depth(file), file.name),
    )


def _why(best: _Candidate, other: _Candidate) -> str:
    """Why the one counts, and not the other: the first part of their ranks that differs."""
    differs = [part != other_part for part, other_part in zip(_rank(best), _rank(other), strict=True)]
    return _REASONS[differs.index(True)] if True in differs else _REASONS[-1]


def _depth(file: DownloadedFile) -> int:
    return len(PurePosixPath(file.name).parts)


def _candidates(
    files: Sequence[DownloadedFile], notebooks: Sequence[str], others: Mapping[str, str], choice: Choice
) -> dict[str, list[_Candidate]]:
    """By notebook, the files that may be it; doubts go to `choice.look`."""
    found: dict[str, list[_Candidate]] = {}
    handed_in = [file for file in files if is_called_notebook(file.name) and not _hidden(file)]
    for attempt in sorted({file.attempt for file in handed_in}):
        together = [file for file in handed_in if file.attempt == attempt]
        known = [(file, _notebook(_base(file), notebooks, others)) for file in together]
        for file, notebook in known:
            if notebook:
                found.setdefault(notebook[0], []).append(_Candidate(file, notebook[1]))
        if any(notebook for _, notebook in known):
            continue
        # None of them is called like a notebook of the assignment.
        own = [file for file in together if not of_another(_base(file), others)]
        if len(notebooks) == len(own) == 1:
            found.setdefault(notebooks[0], []).append(_Candidate(own[0], False))
        elif own:
            names = "”, “".join(sorted(file.name for file in own))
            choice.look.append(f"took none of “{names}”: their names do not say which notebook they are")
        for file in together:
            if other := of_another(_base(file), others):
                choice.look.append(f"did not take “{file.name}”, a notebook of {other}")
    return found


def _notebook(file: str, notebooks: Sequence[str], others: Mapping[str, str]) -> tuple[str, bool] | None:
    """The notebook that a file is; None for one that is rather another assignment's."""
    found = notebook_of(file, [*notebooks, *(name for name in others if name not in notebooks)])
    return found if found and found[0] in notebooks else None


def _fate(
    file: DownloadedFile,
    choice: Choice,
    candidates: Mapping[str, list[_Candidate]],
    others: Mapping[str, str],
) -> Fate:
    for target, counted in choice.counted.items():
        if counted is file:
            if target.endswith(_NOTEBOOK):
                return Fate(FateKind.COUNTS, f"counts as {target}")
            return Fate(FateKind.BESIDE, "beside it")
    why = _why_kept(file, choice, candidates, others)
    return Fate(FateKind.KEPT, f"kept: {why}" if why else "kept")


def _why_kept(
    file: DownloadedFile,
    choice: Choice,
    candidates: Mapping[str, list[_Candidate]],
    others: Mapping[str, str],
) -> str:
    for notebook, found in candidates.items():
        if own := [one for one in found if one.file is file]:
            best = choice.counted[f"{notebook}{_NOTEBOOK}"]
            if _same(file, best):
                return f"the same as {best.where}"
            if own[0].state == FileState.RELEASED:
                return "as released"
            return "submitted together" if file.attempt == best.attempt else "an earlier attempt"
    if is_called_notebook(file.name) and (other := of_another(_base(file), others)):
        return f"a notebook of {other}"
    return ""


def _same(one: DownloadedFile, other: DownloadedFile) -> bool:
    return filecmp.cmp(one.path, other.path, shallow=False)


def _may_lie_beside(file: DownloadedFile) -> bool:
    """Whether a file goes with the notebook. nbgrader believes a timestamp.txt, which is not the student's to write."""
    name = file.name.lower()
    return not (is_called_notebook(name) or name == "timestamp.txt" or _hidden(file))


def _hidden(file: DownloadedFile) -> bool:
    return any(part.startswith(".") for part in PurePosixPath(file.name).parts)


def _base(file: DownloadedFile) -> str:
    return PurePosixPath(file.name).name
