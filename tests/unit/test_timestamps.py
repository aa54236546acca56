"""What time a timestamp says: offsets, names of zones and their abbreviations; all else is no time."""

import pytest

from autograder.common.timestamps import parse_timestamp


@pytest.mark.parametrize(
    ("text", "timezone", "utc"),
    [
        ("2026-02-02 15:58:23.9 UTC", "UTC", "2026-02-02 15:58:23.900000"),
        ("2026-02-02 15:58:23", "Europe/Moscow", "2026-02-02 15:58:23"),
        ("2026-02-02 15:58:23 MSK", "Europe/Moscow", "2026-02-02 12:58:23"),
        ("2026-02-02 3:58 PM MSK", "Europe/Moscow", "2026-02-02 12:58:00"),
        ("2026-02-02 3:58 PM", "UTC", "2026-02-02 15:58:00"),
        ("2026-07-02 15:58:23 CEST", "Europe/Berlin", "2026-07-02 13:58:23"),
        ("2026-10-25 02:30:00 CEST", "Europe/Berlin", "2026-10-25 00:30:00"),  # the hour that comes twice
        ("2026-10-25 02:30:00 CET", "Europe/Berlin", "2026-10-25 01:30:00"),
        ("2026-02-02 15:58:23 Europe/Moscow", "UTC", "2026-02-02 12:58:23"),
        ("2026-02-02 15:58:23 +0300", "UTC", "2026-02-02 12:58:23"),
        ("2026-02-02 15:58:23 -03:30", "UTC", "2026-02-02 19:28:23"),
        ("2026-02-02 15:58:23+0300", "UTC", "2026-02-02 12:58:23"),
        ("2026-02-02 15:58:23 +10800", "UTC", "2026-02-02 12:58:23"),  # seconds, as nbgrader reads numbers
        ("2026-02-02T15:58:23+03:00", "UTC", "2026-02-02 12:58:23"),
        ("2026-02-02T15:58:23Z", "UTC", "2026-02-02 15:58:23"),
        ("2026-02-02 15:58:23 Z\n", "UTC", "2026-02-02 15:58:23"),
    ],
)
def test_a_time_is_read_in_its_zone(text: str, timezone: str, utc: str) -> None:
    assert str(parse_timestamp(text, timezone)) == utc


@pytest.mark.parametrize(
    "text",
    [
        *("", "yesterday", "MSK", "+0300", "9" * 400, "2026-13-45 00:00 UTC", "2026-02-02 +0300 UTC"),
        *("2026-02-02 15:58:23 MSK", "Thu Jul 2 15:58:23 MSK 2026", "2026-02-02 15:58:23 ../../etc/passwd"),
        "0001-01-01 00:00:00 +1400",
    ],
)
def test_all_else_is_no_time(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  of dateutil's parser, or ours
        parse_timestamp(text)
