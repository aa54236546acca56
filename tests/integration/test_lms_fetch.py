"""Submissions of Moodle and Canvas by token: they become submissions as downloads do, and nothing is fetched twice."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from lms_course import TOKEN, LmsCourse, lms_course
from lms_servers import Attempt, FileStore, Person

BOTH = pytest.mark.parametrize("platform", ["moodle", "canvas"])
MARCH_1 = 1_772_323_200  # 2026-03-01 00:00 UTC


@pytest.fixture
def course(tmp_path: Path, platform: str) -> Iterator[LmsCourse]:
    with lms_course(tmp_path / "course", platform) as found:
        yield found


def hand_in(person: Person, seconds: int, **files: bytes) -> None:
    named = {f"{name}.ipynb": content for name, content in (files or {"p1": b"{}"}).items()}
    person.attempts.append(Attempt(MARCH_1 + seconds, named))


def submitted(course: LmsCourse) -> dict[str, str]:
    root = course.folder / "submitted"
    return {path.relative_to(root).as_posix(): path.read_text() for path in root.rglob("*") if path.is_file()}


@BOTH
def test_attempts_become_submissions_with_their_times(course: LmsCourse) -> None:
    course.server.put_off_each = 5
    hand_in(course.person("s01"), 0, p1=b"[1]")
    hand_in(course.person("s01"), 3600, p1=b"[2]")
    hand_in(course.person("s58"), 60, p1=b'{"errorcode": "invalidtoken"}')  # no answer, but a student's file
    hand_in(course.person("s59"), 120, solution=b"[4]")
    said = course.collect()
    assert "3 of 60 students have a submission" in said
    assert submitted(course) == {
        "s01/ps1/p1.ipynb": "[2]",
        "s01/ps1/timestamp.txt": "2026-03-01 01:00:00",
        "s58/ps1/p1.ipynb": '{"errorcode": "invalidtoken"}',
        "s58/ps1/timestamp.txt": "2026-03-01 00:01:00",
        "s59/ps1/p1.ipynb": "[4]",
        "s59/ps1/timestamp.txt": "2026-03-01 00:02:00",
    }
    for path, content in course.files():
        assert TOKEN.encode() not in content, path
    assert TOKEN not in "".join([*course.printed, *course.server.requests])


@BOTH
def test_what_was_fetched_is_kept_and_only_what_is_new_is_fetched(course: LmsCourse) -> None:
    archive = course.folder / "downloaded" / "ps1" / "archive"
    hand_in(course.person("s01"), 0, p1=b"[1]")
    hand_in(course.person("s02"), 0)
    course.collect()
    course.server.requests.clear()
    assert "2 unchanged" in course.collect()
    assert not any("/p1.ipynb" in request for request in course.server.requests)
    hand_in(course.person("s01"), 3600, p1=b"[2]")
    assert "1 replaced" in course.collect()
    assert sum("/p1.ipynb" in request for request in course.server.requests) == 1
    assert sorted(path.read_text() for path in archive.rglob("p1.ipynb")) == ["[1]", "[2]", "{}"]


@BOTH
def test_due_dates_and_extensions_are_those_of_the_lms_but_for_rows_of_ones_own(course: LmsCourse) -> None:
    title = {"moodle": "Moodle", "canvas": "Canvas"}[course.platform]
    course.server.due = MARCH_1
    course.person("s05").extension = MARCH_1 + 2 * 86_400
    course.person("s06").extension = MARCH_1 + 86_400
    path = course.folder / "deadlines.csv"
    path.write_text("assignment,student,due,hours,reason\nps1,s06,,72,illness\n", encoding="utf-8")
    said = course.collect()
    assert f"a row of your own for s06 in ps1: {title}'s is not used" in said
    rows = path.read_text(encoding="utf-8-sig").splitlines()
    assert rows[1:] == [
        "ps1,s06,,72,illness",
        f"ps1,,2026-03-01 00:00:00+00:00,,{title}",
        f"ps1,s05,2026-03-03 00:00:00+00:00,,{title}",
    ]
    course.person("s05").extension = 0
    course.collect()
    assert path.read_text(encoding="utf-8-sig").splitlines() == rows[:-1]


@BOTH
def test_one_name_of_two_accounts_decides_nothing(course: LmsCourse) -> None:
    for student in ("s58", "s59"):
        course.person(student).email = ""
        hand_in(course.person(student), 0)
    said = course.collect(code=1)
    assert "Not matched (2)" in said
    assert submitted(course) == {}
    assert "it could be Tim Twin (4058) or Tim Twin (4059)" in course.push("--dry-run", "--student", "s58")


@BOTH
def test_nothing_submitted_yet_is_no_failure(course: LmsCourse) -> None:
    assert "Nothing has been submitted there yet" in course.collect()


@BOTH
def test_a_name_that_a_stranger_has_too_decides_nothing(course: LmsCourse) -> None:
    course.person("s40").email = ""
    stranger = course.server.add(Person(9999, course.person("s40").name))
    hand_in(course.person("s40"), 0)
    hand_in(stranger, 60)
    assert "Not matched (2)" in course.collect(code=1)
    assert submitted(course) == {}


@BOTH
def test_what_is_too_large_or_called_like_a_way_out_is_left_out_and_tried_again(course: LmsCourse) -> None:
    hand_in(course.person("s01"), 0)
    course.person("s02").attempts.append(Attempt(MARCH_1, {"..\\..\\p1.ipynb": b"{}"}))
    hand_in(course.person("s03"), 0, p1=b" " * 2000)
    said = course.collect("--CourseDirectory.max_file_size=1", code=1)
    assert "Left out (2)" in said
    assert [path for path in submitted(course) if path.endswith(".ipynb")] == ["s01/ps1/p1.ipynb"]
    assert "larger than" in said
    course.person("s02").attempts.clear()
    course.collect()
    assert "s03/ps1/p1.ipynb" in submitted(course)


@BOTH
def test_what_can_not_be_fetched_of_one_student_stops_nobody_else(course: LmsCourse) -> None:
    for student in ("s01", "s02"):
        hand_in(course.person(student), 0)
    course.person("s03").attempts.append(Attempt(MARCH_1, {"a": b"1", "a/p1.ipynb": b"{}"}))
    course.server.broken = ("/4002/",)
    said = course.collect(code=1)
    assert "Left out (2)" in said
    assert "fails with status 500" in said
    assert "a file is called 'a/p1.ipynb', which does not fit the others" in said
    assert [path for path in submitted(course) if path.endswith(".ipynb")] == ["s01/ps1/p1.ipynb"]
    course.server.broken = ()
    assert "1 new" in course.collect(code=1)
    course.server.broken = ("",)
    course.person("s01").attempts.append(Attempt(MARCH_1 + 1, {"p1.ipynb": b"[]"}))
    assert "nothing was collected" in course.collect(code=1)
    assert submitted(course)["s01/ps1/p1.ipynb"] == "{}"


@BOTH
def test_an_assignment_is_found_by_its_title_or_number_and_else_nothing_changes(course: LmsCourse) -> None:
    hand_in(course.person("s01"), 0)
    course.server.title = "Renamed"
    said = course.collect(code=1)
    assert "no assignment has the title ps1" in said
    assert "Renamed (77), Another (78)" in said
    assert not (course.folder / "submitted").exists()
    course.settings(assignments={"ps1": 77})
    assert "1 new" in course.collect()


@BOTH
def test_a_download_names_whose_each_attempt_is(course: LmsCourse) -> None:
    hand_in(course.person("s40"), 0)
    course.collect()
    (path,) = (course.folder / "downloaded" / "ps1" / "archive").rglob("fetched.json")
    ((name, found),) = json.loads(path.read_text()).items()
    assert name == "4040-20260301T000000Z"
    assert found["people"][0]["email"] == "s40@uni.example"


@BOTH
def test_files_elsewhere_are_fetched_without_the_token_or_not_at_all(course: LmsCourse) -> None:
    hand_in(course.person("s01"), 0)
    with FileStore("", points=0).running() as store:
        course.server.store_url = store.url
        said = course.collect(code=1 if course.platform == "moodle" else 0)
        assert ("was not fetched" in said) == (course.platform == "moodle")
        assert len(store.requests) == (0 if course.platform == "moodle" else 1)
