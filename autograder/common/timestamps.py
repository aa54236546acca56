"""What time a text says: of timestamp.txt, of an LMS's lists."""

import re
import warnings
from datetime import datetime, tzinfo

from dateutil import parser, tz

_OFFSET = re.compile(r"(.*\d)\s+([+-])(0\d|1[0-4]):?([0-5]\d)")
_SECONDS = re.compile(r"(.*\d)\s+([+-]\d+)")
_ZONE = re.compile(r"(.*\d(?:\s*[AP]M)?)\s+(?![AP]M$)([A-Z][\w/+-]*)", re.IGNORECASE)


def parse_timestamp(text: str, timezone: str = "UTC") -> datetime:
    """The time in UTC, without a zone, as nbgrader keeps times; a text without a zone is in UTC.

    `nbgrader.utils.parse_utc` reads "… +0300" as 300 seconds, and the abbreviation of a zone ("… MSK") as UTC. Here an
    offset is one, and an abbreviation is looked up in `timezone`, in which `c.Exchange.timezone` has nbgrader write.
    Raises ValueError for what is no time, and for a zone that is not known.
    """
    text = text.strip()
    try:
        if found := _OFFSET.fullmatch(text):
            return _in_utc(parser.parse(f"{found[1]}{found[2]}{found[3]}{found[4]}"))
        if found := _SECONDS.fullmatch(text):  # as nbgrader reads other numbers
            return _in_utc(parser.parse(found[1]).replace(tzinfo=tz.tzoffset(None, int(found[2]))))
        if found := _ZONE.fullmatch(text):
            return _in_utc(_located(parser.parse(found[1]), found[2], timezone))
        with warnings.catch_warnings():
            warnings.simplefilter("error", parser.UnknownTimezoneWarning)
            return _in_utc(parser.parse(text))
    except OverflowError as error:
        raise ValueError(str(error)) from None
    except parser.UnknownTimezoneWarning:
        raise ValueError("its time zone is not known") from None


def _in_utc(time: datetime) -> datetime:
    return time if time.tzinfo is None else time.astimezone(tz.UTC).replace(tzinfo=None)


def _located(time: datetime, zone: str, timezone: str) -> datetime:
    """A time in a zone that is given by its name, or by its abbreviation in `timezone` (MSK, CEST)."""
    place: tzinfo | None = tz.gettz(timezone)
    for fold in (0, 1):  # when clocks are put back an hour comes twice, under two abbreviations
        if place is not None and place.tzname(time.replace(fold=fold, tzinfo=place)) == zone:
            return time.replace(fold=fold, tzinfo=place)
    named: tzinfo | None = tz.UTC if zone.upper() == "Z" else tz.gettz(zone)
    if named is None:
        raise ValueError(f"the time zone {zone!r} is not known; c.Exchange.timezone says which one it stands for")
    return time.replace(tzinfo=named)
