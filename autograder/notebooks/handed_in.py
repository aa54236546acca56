"""Which folders and notebooks of a course nbgrader's options stand for.

nbgrader joins a pattern (`*`, `b*`, a student's name) to the course's path and globs the whole, so that a bracket in
the path or in a name hides what is there. Here paths are taken as they are, and what is called just so comes before
what a pattern could also mean.
"""

import glob
import itertools
import os
import re
from pathlib import Path
from typing import Any

from nbgrader.coursedir import CourseDirectory


def matching_folders(coursedir: CourseDirectory, step: str, student: str, assignment: str) -> list[str]:
    """The folders of a step, as `submitted`, for these students and assignments: names, or nbgrader's patterns."""
    for names in itertools.product((glob.escape(student), student), (glob.escape(assignment), assignment)):
        pattern = coursedir.directory_structure.format(
            nbgrader_step=glob.escape(step), student_id=names[0], assignment_id=names[1]
        )
        paths = [os.path.join(coursedir.root, found) for found in glob.glob(pattern, root_dir=coursedir.root)]
        if folders := sorted(path for path in paths if os.path.isdir(path)):
            return folders
    return []


def students_with(coursedir: CourseDirectory, assignment: str) -> list[str]:
    """The students who have a folder of submissions to the assignment."""
    pattern = re.compile(
        coursedir.format_path(coursedir.submitted_directory, "(?P<student>.*)", re.escape(assignment), escape=True)
    )
    folders = matching_folders(coursedir, coursedir.submitted_directory, "*", assignment)
    found = [match["student"] for folder in folders if (match := pattern.fullmatch(folder))]
    return [student for student in found if is_text(student)]


def is_text(name: str) -> bool:
    """Whether a name from the file system is Unicode; os.fsdecode gives surrogates for other bytes."""
    return not any("\ud800" <= sign <= "\udfff" for sign in name)


def matching_notebooks(folder: str, name: str) -> list[str]:
    """The notebooks in a folder that are called so, or match nbgrader's pattern."""
    exact = Path(folder, f"{name}.ipynb")
    return [str(exact)] if exact.exists() else sorted(map(str, Path(folder).glob(f"{name}.ipynb")))


class FindsNotebooks:
    """For a converter of nbgrader's, before it among the bases: finds what it converts by the functions above."""

    def init_notebooks(self) -> None:
        """As nbgrader's."""
        this: Any = self
        chosen = (this.coursedir.student_id, this.coursedir.assignment_id)
        folders = matching_folders(this.coursedir, this._input_directory, *chosen)
        found = {folder: matching_notebooks(folder, this.coursedir.notebook_id) for folder in folders}
        this.assignments = {folder: notebooks for folder, notebooks in found.items() if notebooks}
        this.notebooks = []
        if not this.assignments:
            super().init_notebooks()  # type: ignore[misc]  # which says what it looked for, and what it may have been
