"""Where the course is on its LMS, in nbgrader_config.py, as `c.Lms.… = …`. The token is never there."""

from traitlets import Bool, CaselessStrEnum, Dict, Unicode
from traitlets.config import Configurable

TOKEN_VARIABLE = "AUTOGRADER_LMS_TOKEN"


class Lms(Configurable):  # type: ignore[misc]
    """The course on Moodle or Canvas."""

    platform = CaselessStrEnum(
        ["moodle", "canvas"], None, allow_none=True, help="The LMS: moodle or canvas; `--from` and `--to` also set it."
    ).tag(config=True)
    url = Unicode("", help="Its address, such as https://moodle.example.org, without anything behind it.").tag(
        config=True
    )
    course = Unicode("", help="The number of the course there, as in the address of its page: '1234'.").tag(config=True)
    assignments = Dict(
        help="The number of each assignment there, by its nbgrader name: {'ps1': 4711}; without one, the assignment "
        "with the same title. In Moodle, it is the activity's own number (`cmid`), as in the address of its page."
    ).tag(config=True)
    token_file = Unicode(
        "",
        help=f"File with the access token, readable by its owner alone (mode 0600); the variable {TOKEN_VARIABLE} "
        "comes first. A token in this configuration is refused.",
    ).tag(config=True)
    convert_points = Bool(
        False,
        help="Convert scores where an assignment has another maximum there than here; without it, nothing is sent.",
    ).tag(config=True)
