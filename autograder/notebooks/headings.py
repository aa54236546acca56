"""Under which heading a cell stands, as people read it."""

import re
from pathlib import Path

import nbformat
from nbgrader.coursedir import CourseDirectory

_HEADING = re.compile(r"^ {0,3}#{1,6}[ \t]+(.+?)[ \t]*#*[ \t]*$", re.MULTILINE)
_POINTS = re.compile(r"\s*\(\d+(?:\.\d+)? (?:points?|балл(?:а|ов)?)\)\s*$")
_MARKS = re.compile(r"[*_`]|\[([^]]*)\]\([^)]*\)")
_LONGEST = 200  # characters


def last_heading(text: str) -> str:
    """The last heading in a Markdown text, without its points, emphasis, and links; empty where there is none."""
    found = _HEADING.findall(text)
    if not found:
        return ""
    heading = str(found[-1])
    return _MARKS.sub(r"\1", _POINTS.sub("", heading)).strip()[:_LONGEST] or heading[:_LONGEST]


def headings_of_cells(coursedir: CourseDirectory, assignment: str, name: str) -> dict[str, str]:
    """The heading above each marked cell, in order; {} where no instructor's notebook is there."""
    for step in (coursedir.source_directory, coursedir.release_directory):
        path = Path(coursedir.format_path(step, ".", assignment), f"{name}.ipynb")
        try:
            cells = nbformat.read(path, as_version=4).cells
        except (OSError, ValueError, nbformat.ValidationError):
            continue
        heading, found = "", {}
        for cell in cells:
            grade_id = cell.metadata.get("nbgrader", {}).get("grade_id")
            if cell.cell_type == "markdown":
                heading = last_heading(cell.source) or heading
            if grade_id:
                found[grade_id] = heading
        return found
    return {}
