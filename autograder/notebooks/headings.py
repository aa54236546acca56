"""Under which heading a cell stands, as people read it."""

import re

_HEADING = re.compile(r"^ {0,3}#{1,6}[ \t]+(.+?)[ \t]*#*[ \t]*$", re.MULTILINE)
_POINTS = re.compile(r"\s*\(\d+(?:\.\d+)? points?\)\s*$")
_MARKS = re.compile(r"[*_`]|\[([^]]*)\]\([^)]*\)")
_LONGEST = 200  # characters


def last_heading(text: str) -> str:
    """The last heading in a Markdown text, without its points, emphasis, and links; empty where there is none."""
    found = _HEADING.findall(text)
    if not found:
        return ""
    heading = str(found[-1])
    return _MARKS.sub(r"\1", _POINTS.sub("", heading)).strip()[:_LONGEST] or heading[:_LONGEST]
