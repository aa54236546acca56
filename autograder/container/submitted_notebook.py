"""What was handed in: the one notebook of a known assignment in a folder that a student filled.

Messages are in the language spoken.
"""

import os
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from autograder.common.errors import AutograderError
from autograder.common.language import gettext, grouped, ngettext, translated
from autograder.common.text import printable
from autograder.notebooks.known import KnownNotebook, notebook_by_ids
from autograder.notebooks.reading import Unreadable, read_notebook, read_regular

LONGEST_NAME = 200  # characters of a file's name that are shown
MAX_ENTRIES = 10_000  # files and folders that are looked at
MAX_NOTEBOOKS = 20
_PASSED_OVER = re.compile(r"\.|__MACOSX$")  # hidden, Jupyter's checkpoints among them; what macOS puts into archives


class NotGradable(AutograderError):
    """Nothing in the folder can be graded; the message tells the student what is wrong, and what to do."""


@dataclass(frozen=True)
class SubmittedNotebook:
    """The file that is to be graded, and as what."""

    path: Path
    known: KnownNotebook
    remark: str = ""  # why this file, where others were handed in with it


def find(
    folder: Path, known: Sequence[KnownNotebook], is_released: Callable[[Path], bool] = lambda path: False
) -> SubmittedNotebook:
    """The one file in `folder` that is one of the `known` notebooks: by its name, else by the grade_ids in it.

    Of several that have just one notebook's name, the one in the fewest folders. One of which `is_released` says that
    nothing of the student's is in it counts only where there is no other. Raises NotGradable where there is none, or
    more than one that could count.
    """
    files = list(_files(folder))
    found = sorted(path for path in files if path.suffix.lower() == ".ipynb")
    if not found:
        there = gettext("Nothing was submitted.")
        if files:
            there = gettext("There is only %(files)s.", files=_listed(files, folder))
        raise NotGradable(
            gettext(
                "No notebook (a file that ends in .ipynb) was submitted. %(there)s Submit %(wanted)s.",
                there=there,
                wanted=_wanted(known),
            )
        )
    if len(found) > MAX_NOTEBOOKS:
        raise NotGradable(
            ngettext(
                "%(count)s notebook was submitted. Submit one: %(wanted)s.",
                "%(count)s notebooks were submitted. Submit one: %(wanted)s.",
                len(found),
                wanted=_wanted(known),
            )
        )
    untouched = [path for path in found if len(found) > 1 and is_released(path)]
    worked = [path for path in found if path not in untouched] or found
    why = gettext("its name is the right one")
    fitting = [path for path in worked if any(path.stem == one.notebook for one in known)]
    if len(fitting) > 1 and len({path.name for path in fitting}) == 1:
        why = gettext("its name is the right one, and it is in the fewest nested folders")
        fewest = min(len(path.parts) for path in fitting)
        fitting = [path for path in fitting if len(path.parts) == fewest]
    if not fitting:
        why = gettext("its cells are those of the assignment")
        fitting = worked if len(worked) == 1 else [path for path in worked if _fits(path, known)]
    if not fitting:
        raise NotGradable(
            gettext(
                "None of %(files)s is a notebook of this course. Submit %(wanted)s.",
                files=_listed(found, folder),
                wanted=_wanted(known),
            )
        )
    if len(fitting) > 1:
        raise NotGradable(
            ngettext(
                "%(count)s notebook was submitted: %(files)s. Which one counts is not clear: submit one, %(wanted)s.",
                "%(count)s notebooks were submitted: %(files)s. Which one counts is not clear: submit one, %(wanted)s.",
                len(fitting),
                files=_listed(fitting, folder),
                wanted=_wanted(known),
            )
        )
    others = [path for path in found if path != fitting[0]]
    if worked != found:
        why += gettext("; there is no work of yours in %(files)s", files=_listed(untouched, folder))
    remark = gettext(
        "%(file)s was graded, not %(others)s: %(why)s.",
        file=_listed(fitting, folder),
        others=_listed(others, folder),
        why=why,
    )
    found_as = _as_what(fitting[0], known)
    if not found_as.graded:
        raise NotGradable(
            gettext("Nothing in %(file)s is graded, so it need not be submitted.", file=f"{found_as.notebook}.ipynb")
        )
    return SubmittedNotebook(fitting[0], found_as, remark if others else "")


def _as_what(path: Path, known: Sequence[KnownNotebook]) -> KnownNotebook:
    named = [one for one in known if one.notebook == path.stem]
    if len(named) == 1:
        return named[0]
    if len(known) == 1:  # renamed, and perhaps with its metadata lost: only this is asked for
        return known[0]
    try:
        best = _by_ids(path, named or known)
    except Unreadable as error:
        raise NotGradable(
            gettext(
                "%(file)s can't be read as a notebook. %(problem)s",
                file=_shown(path.name),
                problem=translated(str(error)),
            )
        ) from error
    if best is not None:
        return best
    if len(named) > 1:
        names = ", ".join(one.assignment for one in named)
        raise NotGradable(
            gettext(
                "%(file)s belongs to several assignments (%(names)s), and its cells do not show which one it is.",
                file=_shown(path.name),
                names=names,
            )
        )
    raise NotGradable(
        gettext(
            "%(file)s is not a notebook of this course: neither its name nor what is in it is that of %(wanted)s.",
            file=_shown(path.name),
            wanted=_wanted(known),
        )
    )


def _by_ids(path: Path, known: Sequence[KnownNotebook]) -> KnownNotebook | None:
    """The notebook that this file is by its grade_ids; None where they do not show it. Raises Unreadable."""
    return notebook_by_ids({cell.grade_id for cell in read_notebook(read_regular(path)).cells}, known)


def _fits(path: Path, known: Sequence[KnownNotebook]) -> bool:
    try:
        return _by_ids(path, known) is not None
    except Unreadable:
        return False


def _files(folder: Path) -> Iterator[Path]:
    """All but folders below `folder`, through no symbolic link. Raises NotGradable where there are too many."""
    pending, count = [folder], 0
    while pending:
        here = pending.pop()
        try:
            with os.scandir(here) as entries:
                for entry in entries:
                    count += 1
                    if count > MAX_ENTRIES:
                        raise NotGradable(
                            gettext(
                                "More than %(count)s files and folders were submitted. Submit the notebook and the "
                                "files that it reads.",
                                count=grouped(MAX_ENTRIES),
                            )
                        )
                    if _PASSED_OVER.match(entry.name):
                        continue
                    if entry.is_dir(follow_symlinks=False):
                        pending.append(Path(entry.path))
                    else:
                        yield Path(entry.path)
        except OSError as error:
            if here == folder:
                raise
            raise NotGradable(
                gettext(
                    "The folder %(folder)s can't be read: %(problem)s.",
                    folder=_shown(here.name),
                    problem=error.strerror,
                )
            ) from error


def _listed(paths: Sequence[Path], folder: Path) -> str:
    names = [_shown(str(path.relative_to(folder))) for path in sorted(paths)]
    shown = ", ".join(names[:10])
    return gettext("%(files)s and %(count)s more", files=shown, count=len(names) - 10) if len(names) > 10 else shown


def _wanted(known: Sequence[KnownNotebook]) -> str:
    return gettext(" or ").join(f"{name}.ipynb" for name in sorted({one.notebook for one in known if one.graded}))


def _shown(name: str) -> str:
    return printable(name, LONGEST_NAME)
