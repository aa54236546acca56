"""Moodle and Canvas by token: students, submissions and due dates in, grades and feedback out.

    settings (`c.Lms`), a token --`patient_session`--> `moodle_api` or `canvas_api`, each a `lms_api.LmsApi`
    students     --`enrollment`--> what becomes of the gradebook's roster
    submissions  --`fetch`--> a download, as `autograder collect` takes it from a file
    gradebook    --`push`--> what is to be sent, and why the rest is not; sent, with a ledger

Whose an account is: `accounts`. `open_lms` has the platform that the settings name.
"""

from collections.abc import Callable
from pathlib import Path

from autograder.lms.remote.lms_api import LmsApi, LmsError
from autograder.lms.remote.settings import Lms

__all__ = ["Lms", "LmsApi", "LmsError", "open_lms"]


def open_lms(settings: Lms, root: Path, say: Callable[[str], object]) -> LmsApi:
    """The course on the LMS that the settings of the course in `root` name; `say` is told when something is waited for.

    Raises LmsError where a setting, the token, or a package is missing.
    """
    if not settings.platform:
        raise LmsError('Say which LMS: c.Lms.platform = "moodle" or "canvas"')
    if not settings.course.strip().isdigit():
        raise LmsError(f"c.Lms.course is not the number of a course: {settings.course!r}")
    try:  # the packages are those of an extra
        from autograder.lms.remote.canvas_api import CanvasApi
        from autograder.lms.remote.moodle_api import MoodleApi
        from autograder.lms.remote.patient_session import checked_url, read_token
    except ModuleNotFoundError as error:
        raise LmsError(f"{error.name} is not installed: python -m pip install 'autograder[lms]'") from None
    url, token = checked_url(settings), read_token(settings, root)
    kind = {"moodle": MoodleApi, "canvas": CanvasApi}[settings.platform]
    return kind(url, settings.course.strip(), token, say)
