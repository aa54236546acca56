r"""How LMSs name the submissions they hand out. Read in their sources:

Moodle (`mod/assign/classes/downloader.php`, `mod/assign/locallib.php` of moodle/moodle), with and without folders:

    <full name>_<number>_assignsubmission_file_/<path>      (recent versions: without the last `_`)
    <full name>_<number>_assignsubmission_file_<file>

The number is the student's in this one assignment, not the user's id: only the name says whose it is. An underscore in
the name is a space there. There is no time in it, and only the last attempt.

Canvas (`lib/content_zipper.rb` of instructure/canvas-lms), all files of all students in one folder:

    <lovelaceada>[_LATE]_<user id>_<attachment id>_<file>      anonymous: [LATE_]anon_<code>_<attachment id>_<file>

The name is the sortable one in small letters without signs. Attachments' ids rise with time. Of a file handed in again
under the same name Canvas makes `<file>-1.ipynb`; only the last attempt is in the download.

Gradescope: `submission_<number>/<path>`, and `submission_metadata.yml`, which says of each folder `:submitters:` (each
with `:name:`, `:sid:`, `:email:`) and `:created_at:`. It is YAML as Ruby writes it, sometimes as several documents.

What this package fetches by token has `fetched.json`, which says the same of each folder (see `lms.remote.fetch`).
"""

import re
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import yaml  # type: ignore[import-untyped]

from autograder.common.errors import AutograderError
from autograder.common.serialization import load
from autograder.common.timestamps import parse_timestamp
from autograder.lms.collect.roster import Person

METADATA = "submission_metadata.yml"
FETCHED = "fetched.json"
_LARGEST = 500_000_000  # bytes of it; it has the outputs of all autograder runs

_MOODLE = re.compile(r"(?P<name>.+)_(?P<number>\d+)_assignsubmission_(?:file|onlinetext)(?P<rest>_.*)?", re.DOTALL)
_CANVAS = re.compile(r"(?P<name>.*?)(?P<late>_LATE)?_(?P<user>\d+)_(?P<number>\d+)_(?P<file>.+)", re.DOTALL)
_CANVAS_IDS = re.compile(r"(?=_(\d+)_\d+_)")
_ANONYMOUS = re.compile(r"(?P<late>LATE_)?(?P<name>anon_\w+?)_(?P<number>\d+)_(?P<file>.+)", re.DOTALL)


class MetadataError(AutograderError):
    """The metadata of a download can't be read."""


@dataclass(frozen=True)
class Named:
    """What a name in a download says: whose it is, which attempt, the student's own name of a file ("": a folder)."""

    people: tuple[Person, ...]
    file: str = ""
    number: int = 0  # rises with each upload
    time: datetime | None = None  # UTC
    late: bool = False


def moodle(name: str) -> Named | None:
    """What the name of a folder or file in a Moodle download says; None where Moodle gives no such name."""
    found = _MOODLE.fullmatch(name)
    if found is None:
        return None
    return Named((Person(name=found["name"], by_name=True),), (found["rest"] or "").removeprefix("_"))


def canvas(name: str) -> Named | None:
    """What the name of a file in a Canvas download says; None where Canvas gives no such name."""
    if found := _ANONYMOUS.fullmatch(name):
        return Named((Person(name=found["name"]),), found["file"], int(found["number"]), late=bool(found["late"]))
    found = _CANVAS.fullmatch(name)
    if found is None:
        return None
    # Where a name or a file's name has numbers, too, the roster tells which of them is the student's.
    ids = tuple(dict.fromkeys(_CANVAS_IDS.findall(name)))
    person = Person(ids, name=found["name"], by_name=True)
    return Named((person,), found["file"], int(found["number"]), late=bool(found["late"]))


def gradescope(folder: Path) -> dict[str, Named]:
    """What the metadata of a Gradescope export says, by the name of a folder or file beside it; {} without any.

    Raises MetadataError.
    """
    path = folder / METADATA
    if not path.is_file():
        return {}
    found: dict[str, Named] = {}
    try:
        if path.stat().st_size > _LARGEST:
            raise MetadataError("it is too large")
        # The base loader makes nothing but texts, lists and mappings.
        loader = getattr(yaml, "CBaseLoader", yaml.BaseLoader)
        # It ends documents, and begins the next one without the sign that a parser asks for then.
        text = re.sub(rb"^\.\.\.[ \r]*$", b"---", path.read_bytes(), flags=re.MULTILINE)
        for document in yaml.load_all(text, loader):
            for name, entry in _mapping(document or {}).items():
                entry = _mapping(entry)
                submitters = _value(entry, "submitters")
                people = tuple(_person(_mapping(item)) for item in submitters if item) if submitters else ()
                number = re.search(r"\d+", str(name))
                time = _time(_value(entry, "created_at"))
                found[str(name)] = Named(people, number=int(number[0]) if number else 0, time=time)
    except (OSError, ValueError, RecursionError, yaml.YAMLError) as error:
        raise MetadataError(f"{METADATA} can't be read: {error}") from error
    return found


def fetched(folder: Path) -> dict[str, Named]:
    """What the metadata of fetched submissions says, by the name of a folder beside it; {} without any.

    Raises MetadataError.
    """
    path = folder / FETCHED
    if not path.is_file():
        return {}
    try:
        return load(path.read_bytes(), dict[str, Named])
    except (OSError, ValueError) as error:
        raise MetadataError(f"{FETCHED} can't be read: {error}") from error


def _person(submitter: dict[str, Any]) -> Person:
    sid, email, name = (str(_value(submitter, key) or "").strip() for key in ("sid", "email", "name"))
    return Person(sid=sid, email=email, name=name)


def _value(entry: dict[str, Any], key: str) -> Any:
    return entry.get(f":{key}", entry.get(key))


def _mapping(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise ValueError("it is not as Gradescope writes it")
    return value


def _time(text: Any) -> datetime | None:
    try:
        return parse_timestamp(str(text))
    except ValueError:
        return None
