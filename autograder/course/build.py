"""Assignments as text and as notebooks.

    solutions/<a>.py  --build-->  source/<a>/<a>.ipynb  --nbgrader generate_assignment-->  release/<a>/<a>.ipynb
                      <--unbuild--
    with locale/<language>/…  --build-->  the same in that language; here, <language>/release/<a>/<a>.ipynb

`solutions/` is py:percent text (jupytext), the only hand-written form. A notebook built from it is the same to the
byte each time: a cell's id is its `grade_id`, or its position; the kernelspec is fixed; there are no outputs.
"""

import os
import sys
from pathlib import Path
from subprocess import run
from typing import TYPE_CHECKING

import nbformat
from nbformat import NotebookNode

from autograder.common.errors import AutograderError
from autograder.common.language import ENGLISH
from autograder.common.text import counted

if TYPE_CHECKING:
    from autograder.course.translation.catalogue import Edition

PERCENT = {"extension": ".py", "format_name": "percent"}
METADATA = {
    "kernelspec": {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}
NBGRADER_DEFAULTS = {"grade": False, "locked": False, "solution": False, "task": False, "schema_version": 3}


class CourseError(AutograderError):
    """An assignment can't be built; the message names it and says what to change."""


def assignments(root: Path) -> list[str]:
    """Names of the assignments in `root`/solutions, in the order in which the course gives them."""
    order = ["foundations", "mnist", "fashion_mnist", "cifar", "gallery"]
    names = [path.stem for path in sorted((root / "solutions").glob("*.py"))]
    return sorted(names, key=lambda name: order.index(name) if name in order else len(order))


def notebook_from_text(text: str) -> NotebookNode:
    """The notebook that the py:percent `text` describes, with nbgrader's metadata filled in.

    Raises CourseError where two cells have one `grade_id`.
    """
    import jupytext  # of the extra `course`

    notebook = jupytext.reads(text, fmt=PERCENT)
    notebook.metadata = nbformat.from_dict(METADATA)
    notebook.nbformat, notebook.nbformat_minor = 4, 5
    seen: set[str] = set()
    for position, cell in enumerate(notebook.cells):
        cell.id = f"cell-{position:03d}"
        cell.metadata.pop("lines_to_next_cell", None)  # jupytext's note of unusual blank lines
        if "nbgrader" in cell.metadata:
            given = cell.metadata["nbgrader"]
            cell.id = given["grade_id"].replace(".", "-")
            cell.metadata["nbgrader"] = {**NBGRADER_DEFAULTS, **given}
        if cell.id in seen:
            raise CourseError(f"two cells are called {cell.id!r}: give one of them another `grade_id`")
        seen.add(cell.id)
    nbformat.validate(notebook)
    return notebook


def text_from_notebook(notebook: NotebookNode) -> str:
    """The py:percent text of `notebook`; what the build fills in is left out, so that build and unbuild agree."""
    bare = nbformat.from_dict({**notebook, "cells": [_bare(cell) for cell in notebook.cells], "metadata": {}})
    bare.metadata["jupytext"] = {
        "notebook_metadata_filter": "-all",
        "cell_metadata_filter": "nbgrader,tags,-all",
    }
    import jupytext  # of the extra `course`

    text: str = jupytext.writes(bare, fmt=PERCENT)
    return text


def _bare(cell: NotebookNode) -> NotebookNode:
    metadata = {key: value for key, value in cell.metadata.items() if key in ("nbgrader", "tags")}
    if "nbgrader" in metadata:
        marks = {k: v for k, v in metadata["nbgrader"].items() if NBGRADER_DEFAULTS.get(k, ...) != v}
        marks = {k: v for k, v in marks.items() if k not in ("checksum", "cell_type")}
        metadata["nbgrader"] = dict(sorted(marks.items(), key=lambda item: (item[0] != "grade_id", item[0])))
    return nbformat.from_dict({**cell, "metadata": metadata})


def english_notebook(root: Path, assignment: str) -> NotebookNode:
    """The notebook of `assignment` from its text. Raises CourseError where that is missing, or doesn't describe one."""
    text = root / "solutions" / f"{assignment}.py"
    if not text.is_file():
        raise CourseError(f"assignment {assignment!r}: expected its text at {text}; there are {assignments(root)}")
    try:
        return notebook_from_text(text.read_text(encoding="utf-8"))
    except (CourseError, nbformat.ValidationError, KeyError) as error:
        raise CourseError(f"{text}: {error}") from error


def in_language(root: Path, assignment: str, language: str) -> NotebookNode:
    """The notebook of `assignment` in `language`: "en", or one of those in `locale/`; its metadata says which.

    Raises CourseError where it can't be built, a text is not translated, or a translation fails a check.
    """
    if language == ENGLISH:
        return english_notebook(root, assignment)
    found = [edition for edition in editions(root, assignment) if edition.language == language]
    if not found:
        raise CourseError(f"there are no translations into {language!r}: expected them in {root / 'locale' / language}")
    return translation(found[0])


def translation(edition: "Edition") -> NotebookNode:
    """The notebook of `edition` in its language. Raises CourseError as `in_language`."""
    from autograder.course.translation.checks import faults

    if edition.missing:
        raise CourseError(f"{edition.path}: {counted(len(edition.missing), 'text')} not translated")
    if wrong := faults(edition):
        raise CourseError("\n".join(f"{edition.path}:{fault.line}: {fault.message}" for fault in wrong))
    notebook = edition.translated()
    notebook.metadata["autograder"] = {"language": edition.language}
    return notebook


def editions(root: Path, assignment: str) -> "list[Edition]":
    """The notebook of `assignment` with each of its catalogues in `locale/`, which are brought up to date.

    Raises CourseError where its text is at fault, or a catalogue can't be read.
    """
    from autograder.course.translation.catalogue import edition, languages  # of the extra `course`
    from autograder.course.translation.texts import UntranslatableError

    notebook = english_notebook(root, assignment)
    try:
        return [edition(root, assignment, language, notebook) for language in languages(root)]
    except UntranslatableError as error:
        raise CourseError(f"{root / 'solutions' / f'{assignment}.py'}: {error}") from error


def build_source(root: Path, assignment: str, force: bool = False, language: str = ENGLISH) -> Path:
    """Write `source/<assignment>/<assignment>.ipynb` from its text, in `language`, and return its path.

    Raises CourseError where that notebook is newer than the text and says something else, unless with `force`; and as
    `in_language`.
    """
    notebook = in_language(root, assignment, language)
    path = root / "source" / assignment / f"{assignment}.ipynb"
    if not force and path.is_file() and (edited := _edited_after(root, assignment, path)):
        discards = f"`autograder build --force {assignment}` discards the edit"
        keeps = f"`autograder unbuild {assignment}` keeps the edit, " if edited.suffix == ".py" else ""
        raise CourseError(f"{path} was edited after {edited}: {keeps}{discards}")
    write(path, notebook)
    return path


def write(path: Path, notebook: NotebookNode) -> None:
    """Write `notebook` to `path`; its folder is made where it is missing."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(nbformat.writes(notebook, version=4) + "\n", encoding="utf-8")


def _edited_after(root: Path, assignment: str, path: Path) -> Path | None:
    """What the source notebook at `path` was built from, where it was edited since; in the language that it is in."""
    there = nbformat.read(path, as_version=4)
    language = _language(there)
    origins = [root / "solutions" / f"{assignment}.py"]
    if language != ENGLISH:
        origins.append(root / "locale" / language / "LC_MESSAGES" / f"{assignment}.po")
    if path.stat().st_mtime <= max(origin.stat().st_mtime for origin in origins):
        return None
    built = in_language(root, assignment, language)
    is_same = notebook_from_text(text_from_notebook(there)) == notebook_from_text(text_from_notebook(built))
    return None if is_same else origins[-1]


def _language(notebook: NotebookNode) -> str:
    return str(notebook.metadata.get("autograder", {}).get("language", ENGLISH))


def unbuild(root: Path, assignment: str) -> bool:
    """Write an edited `source/` notebook back into `solutions/`; returns whether the text now says something else."""
    path = root / "source" / assignment / f"{assignment}.ipynb"
    if not path.is_file():
        raise CourseError(f"assignment {assignment!r}: there is no {path} to read")
    notebook = nbformat.read(path, as_version=4)
    if (language := _language(notebook)) != ENGLISH:
        raise CourseError(
            f"{path} is in the language {language!r}: edit solutions/{assignment}.py or locale/{language}/"
        )
    text = text_from_notebook(notebook)
    target = root / "solutions" / f"{assignment}.py"
    if target.is_file() and notebook_from_text(target.read_text(encoding="utf-8")) == notebook_from_text(text):
        return False
    target.write_text(text, encoding="utf-8")
    return True


def nbgrader(root: Path, *arguments: str) -> None:
    """Run one nbgrader command in the course `root`; raises CourseError with its output where it fails."""
    # nbgrader starts `alembic` by name, so the environment's own programs have to be found first.
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    command = [sys.executable, "-m", "nbgrader", *arguments]
    done = run(command, cwd=root, env={**os.environ, "PATH": path}, capture_output=True, text=True, check=False)
    if done.returncode:
        raise CourseError(f"`nbgrader {' '.join(arguments)}` failed:\n{done.stdout}{done.stderr}")
