"""What lateness costs: the arithmetic of a rule, in a time zone whose clocks change; and the file of deadlines."""

from datetime import datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from traitlets.config import Config, Configurable

from autograder.grading.deadlines import Deadline, DeadlineError, DueDates, in_utc, merge_deadlines, read_rows
from autograder.grading.lateness import LatePenalties, LatePolicy, Timing

BERLIN = ZoneInfo("Europe/Berlin")  # clocks go forward on March 29, 2026, and back on October 25
HEADER = "assignment,student,due,hours,reason\n"


def timing(due: str, submitted: str, *, extended: bool = False) -> Timing:
    times = (datetime.fromisoformat(time).replace(tzinfo=BERLIN) for time in (submitted, due))
    return Timing(*times, extended)


def test_the_arithmetic_is_told_with_the_extended_deadline() -> None:
    late = timing("2026-03-03 23:59", "2026-03-05 01:59", extended=True)
    charge = LatePolicy(penalty=10.0).charge(late, 48.0, 60.0, 1.0)
    assert charge.points == pytest.approx(9.6)
    assert charge.words == (
        "Submitted 26 h after the deadline (extended to March 3, 2026, 23:59): 2 days × 10 % of 48 points = −9.6."
    )


@pytest.mark.parametrize(
    ("settings", "points", "words"),
    [
        ({"penalty": 10.0, "unit": "percent of maximum"}, 12.0, "2 days × 10 % of 60 possible points = −12."),
        ({"penalty": 3.0, "unit": "points"}, 3.0, "2 days × 3 points × 50 % of the assignment = −3."),
        ({"penalty": 1.0, "period": "hour"}, 12.48, "26 hours × 1 % of 48 points = −12.48."),
        ({"penalty": 10.0, "cap": 15.0}, 7.2, "2 days × 10 %, at most 15 %, of 48 points = −7.2."),
        ({"penalty": 100.0, "unit": "points"}, 48.0, "of the assignment = −100, but only 48 were left."),
        ({"penalty": 10.0, "cutoff_hours": 24.0}, 48.0, "more than 24 h late, so no points are left of 48 points."),
        ({"penalty": 10.0, "grace_minutes": 1560.0}, 0.0, "within 1560 min of grace: no penalty."),
        ({"penalty": 10.0, "grace_minutes": 1559.0}, 9.6, "2 days × 10 % of 48 points = −9.6."),
        ({"penalty_method": "zero"}, 48.0, ": no points are left of 48 points."),
        ({}, 0.0, ""),
    ],
)
def test_units_periods_and_limits(settings: dict[str, Any], points: float, words: str) -> None:
    charge = LatePolicy(**settings).charge(timing("2026-03-03 23:59", "2026-03-05 01:59"), 48.0, 60.0, 0.5)
    assert charge.points == pytest.approx(points)
    assert charge.words.endswith(words)


@pytest.mark.parametrize(
    ("due", "submitted", "days", "hours"),
    [
        ("2026-03-03 12:00", "2026-03-03 12:00", 0, 0),
        ("2026-03-03 12:00", "2026-03-03 12:01", 1, 1),
        ("2026-03-03 12:00", "2026-03-04 12:00", 1, 24),
        ("2026-03-03 12:00", "2026-03-04 12:01", 2, 25),
        ("2026-10-24 12:00", "2026-10-25 12:00", 1, 25),  # this day has 25 hours
        ("2026-03-28 12:00", "2026-03-29 12:00", 1, 23),  # and this one 23
        ("2026-03-28 12:00", "2026-03-29 12:01", 2, 24),
    ],
)
def test_a_day_ends_when_clocks_show_the_same_time_again(due: str, submitted: str, days: int, hours: int) -> None:
    late = timing(due, submitted)
    assert (late.periods("day"), late.periods("hour")) == (days, hours)


def rows(path: Path, text: str) -> list[tuple[int, Deadline]]:
    path.write_text(text, encoding="utf-8")
    return read_rows(path)


def test_a_file_saved_by_excel_is_read(tmp_path: Path) -> None:
    text = "\ufeffassignment;student;due;hours;reason\nps1;;2026-03-01;;\nps1;ada;;1,5;болезнь\n;;;;\n"
    found = [row for _, row in rows(tmp_path / "deadlines.csv", text)]
    assert found == [
        Deadline("ps1", due=datetime(2026, 3, 1, 23, 59, 59)),
        Deadline("ps1", "ada", hours=1.5, reason="болезнь"),
    ]


def test_every_wrong_line_is_named(tmp_path: Path) -> None:
    text = HEADER + (
        "ps1,,01.03.2026,,\nps1,ada,2026-03-01 12:00,2,\nps1,bob,,,\nps1,bob,,-1,\nps1,,,5,\n"
        "ps1,cy,,1,\nps1,cy,,2,\n,dan,,1,\nps1,eve,,nan,\n"
    )
    with pytest.raises(DeadlineError) as caught:
        rows(tmp_path / "deadlines.csv", text)
    for line, why in {
        2: "`due` is '01.03.2026'",
        3: "and not both",
        4: "and not both",
        5: "a number of hours above 0",
        6: "the student is missing",
        8: "ps1 has a row for cy in line 7",
        9: "the assignment is missing",
        10: "a number of hours above 0",
    }.items():
        assert f"line {line}: " in str(caught.value)
        assert why in str(caught.value).split(f"line {line}: ")[1].split("; line")[0]
    assert "line 7: " not in str(caught.value)


def test_a_due_date_is_in_the_courses_time_zone_and_an_hour_that_comes_twice_is_the_later_one() -> None:
    assert in_utc(datetime(2026, 3, 1, 23, 59), BERLIN) == datetime(2026, 3, 1, 22, 59)
    assert in_utc(datetime(2026, 7, 1, 23, 59), BERLIN) == datetime(2026, 7, 1, 21, 59)
    assert in_utc(datetime(2026, 10, 25, 2, 30), BERLIN) == datetime(2026, 10, 25, 1, 30)
    assert in_utc(datetime.fromisoformat("2026-03-01T23:59:00+00:00"), BERLIN) == datetime(2026, 3, 1, 23, 59)


def test_hours_are_added_to_the_due_date_of_all() -> None:
    found = {
        ("ps1", ""): Deadline("ps1", due=datetime(2026, 3, 28, 12)),
        ("ps1", "ada"): Deadline("ps1", "ada", hours=24),
    }
    dates, assignment = DueDates(BERLIN, found), SimpleNamespace(name="ps1", duedate=datetime(2020, 1, 1))
    assert dates.of(assignment, "bob") == datetime(2026, 3, 28, 11)
    assert dates.of(assignment, "ada") == datetime(2026, 3, 29, 11)  # 13:00 there: clocks went forward


def test_an_lms_replaces_its_own_rows_and_leaves_those_of_a_person(tmp_path: Path) -> None:
    path = tmp_path / "deadlines.csv"
    by_hand = "ps1,ada,2026-03-09 12:00,,illness\nps2,,2026-05-01 12:00,,Moodle\n"
    path.write_text(HEADER + by_hand, encoding="utf-8")
    due = datetime.fromisoformat("2026-03-01T20:59:00+00:00")
    given = [Deadline("ps1", due=due), Deadline("ps1", "ada", due=due), Deadline("ps1", "bob", hours=2)]
    (said,) = merge_deadlines(path, "ps1", "Moodle", given)
    assert "ada" in said
    merge_deadlines(path, "ps1", "Moodle", given[:1])
    assert [(row.assignment, row.student, row.reason) for _, row in read_rows(path)] == [
        ("ps1", "ada", "illness"),
        ("ps2", "", "Moodle"),
        ("ps1", "", "Moodle"),
    ]
    assert read_rows(path)[2][1].due == due


def test_an_unknown_time_zone_is_an_error() -> None:
    with pytest.raises(DeadlineError, match="Mars/Olympus"):
        LatePenalties(Configurable(config=Config(Deadlines=Config(timezone="Mars/Olympus"))))
