"""Submissions of Moodle and Canvas by token: they become submissions as downloads do, and nothing is fetched twice."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from lms_course import TOKEN, LmsCourse, lms_course
from lms_servers import Attempt, FileStore, MoodleServer, Override, Person

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


def extended(course: LmsCourse, **students: int) -> list[str]:
    """The rows of students whose due dates are so many days after MARCH_1."""
    title = {"moodle": "Moodle", "canvas": "Canvas"}[course.platform]
    return [f"ps1,{student},2026-03-{1 + days:02} 00:00:00+00:00,,{title}" for student, days in students.items()]


def fetched_rows(course: LmsCourse) -> list[str]:
    """The rows of deadlines.csv after that of everybody."""
    return (course.folder / "deadlines.csv").read_text(encoding="utf-8-sig").splitlines()[2:]


def override(days: int, **target: int) -> Override:
    return Override(MARCH_1 + days * 86_400, **target)


@pytest.mark.parametrize("platform", ["moodle"])
def test_of_moodles_overrides_a_users_own_counts_then_that_of_the_first_group(course: LmsCourse) -> None:
    course.server.due = MARCH_1
    for number, groups in ((1, (8,)), (2, (7, 8)), (3, (7, 8)), (4, (7,)), (5, (7,)), (6, (9, 8))):
        course.person(f"s{number:02}").groups = groups
    same, never = [Override(None, group=9), Override(None, user=4005)], Override(0, user=4007)
    course.server.overrides = [*same, override(2, group=7), override(5, group=8), override(3, user=4003), never]
    course.person("s04").extension = MARCH_1 + 9 * 86_400
    said = course.collect()
    assert fetched_rows(course) == extended(course, s01=5, s02=2, s03=3, s04=9)
    assert "nothing is ever due for s07." in said


@pytest.mark.parametrize("platform", ["moodle"])
@pytest.mark.parametrize("whole", [True, False])
def test_where_moodle_does_not_tell_of_overrides_extensions_count_and_that_is_told(
    course: LmsCourse, whole: bool
) -> None:
    assert isinstance(course.server, MoodleServer)
    course.server.due = MARCH_1
    course.server.overrides = [override(2, user=4003), override(3, user=4005)]
    course.person("s04").extension = MARCH_1 + 9 * 86_400
    if whole:
        course.server.denied["mod_assign_get_participant"] = "accessexception"
    else:
        course.server.filtered = {4003}
    said = course.collect()
    assert ("does not include mod_assign_get_participant" in said) == whole
    assert ("not known: 4003 (Moodle: error/userisfilteredout)" in said) != whole
    assert fetched_rows(course) == extended(course, s04=9, **({} if whole else {"s05": 3}))


@pytest.mark.parametrize("platform", ["canvas"])
def test_of_canvas_overrides_a_students_own_counts_then_the_latest_of_groups_and_sections(course: LmsCourse) -> None:
    course.server.due = MARCH_1
    for number in range(10, 40):  # more than a page
        course.person(f"s{number}").sections = (5,)
    course.person("s11").groups = course.person("s12").groups = course.person("s08").groups = (7,)
    course.person("s13").extension = MARCH_1 + 86_400
    course.person("s41").sections = (6,)
    same, never = Override(None, section=6), Override(0, group=9)
    course.person("s09").groups = (9,)
    course.server.overrides = [override(4, group=7), override(2, section=5), same, never]
    said = course.collect()
    of_section = {f"s{number}": 2 for number in range(10, 40)} | {"s11": 4, "s12": 4, "s13": 1}
    assert fetched_rows(course) == extended(course, s08=4, **of_section)
    assert "nothing is ever due for s09." in said


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
def test_an_assignment_for_groups_is_refused_with_what_to_do_unless_each_student_has_a_grade(course: LmsCourse) -> None:
    hand_in(course.person("s01"), 0)
    course.server.by_group = True
    said = course.collect(code=1)
    assert "ps1 has one submission or grade for a whole group" in said
    assert "autograder collect ps1 fix" in said
    assert f"autograder export --format {course.platform} --assignment ps1" in said
    assert "for a whole group" in course.push("--dry-run", code=1)
    assert not (course.folder / "submitted").exists()
    if course.platform == "canvas":
        course.server.individually = True
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
