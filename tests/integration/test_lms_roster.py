"""The students of a course on Moodle and Canvas come into the gradebook, and nobody is lost."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from lms_course import STRANGER, STUDENTS, TOKEN, TWINS, LmsCourse, lms_course
from lms_servers import COURSE, MoodleServer, Person
from nbgrader.api import Gradebook

from autograder.lms.collect.roster import RosterStudent, gradebook_roster

BOTH = pytest.mark.parametrize("platform", ["moodle", "canvas"])


@pytest.fixture
def course(tmp_path: Path, platform: str) -> Iterator[LmsCourse]:
    with lms_course(tmp_path / "course", platform) as found:
        yield found


def roster(course: LmsCourse) -> dict[str, RosterStudent]:
    return gradebook_roster(f"sqlite:///{course.folder / 'gradebook.db'}", "").students


@BOTH
def test_students_are_added_or_updated_and_nobody_is_deleted(course: LmsCourse) -> None:
    server, before = course.server, roster(course)
    server.put_off_each = 5
    server.add(Person(5001, "Ada Lovelace", login="ada", email="ada@uni.example"))
    server.add(Person(5002, "Ada Lovelace", email="other@uni.example"))  # of the same name, and without a login
    server.add(Person(5003, "Plato", login="../plato"))
    server.add(Person(5004, "Tess Teacher", login="tess", role="teacher"))
    server.add(Person(5005, "Test Student", login="test", role="test student"))
    server.add(Person(5006, "Gone Already", login="gone", active=False))
    course.person("s02").active = False
    course.person("s03").name, course.person("s03").email = "Анна Мария Новая", ""

    said = course.roster("--dry-run")
    assert "3 students would be added, and 58 updated" in said
    assert roster(course) == before

    course.roster()
    after = roster(course)
    assert after.keys() - before.keys() == {"ada", "5002", "5003"}
    assert after["ada"] == RosterStudent("ada", "Ada", "Lovelace", "ada@uni.example", "5001")
    assert after["5002"] == RosterStudent("5002", "Ada", "Lovelace", "other@uni.example", "5002")
    assert after["5003"] == RosterStudent("5003", "", "Plato", "", "5003")
    assert after["s01"] == RosterStudent("s01", "Студент", "№1", "s01@uni.example", "4001")
    assert after["s03"] == RosterStudent("s03", "Анна Мария", "Новая", "", "4003")
    assert after["s31"] == RosterStudent("s31", "Студент", "№31", "s31@uni.example", "4031")
    assert {after[one].lms_user_id for one in TWINS} == {"4058", "4059"}
    assert [after[one] for one in ("s02", STRANGER)] == [before[one] for one in ("s02", STRANGER)]
    for student in ("s02", STRANGER):
        assert f"\n{student} " in said.partition("no longer")[2]

    said = course.roster()
    assert "Added 0 students, updated 0 students, 61 unchanged" in said
    assert roster(course) == after
    with Gradebook(f"sqlite:///{course.folder / 'gradebook.db'}") as gradebook:
        assert len(gradebook.assignment_submissions("ps1")) == len(STUDENTS)
    for path, content in course.files():
        assert TOKEN.encode() not in content, path
    assert TOKEN not in "".join([*course.printed, *server.requests])


@BOTH
def test_who_is_not_clear_is_left_as_it_is_and_the_others_are_not(course: LmsCourse) -> None:
    before = roster(course)
    for student in TWINS:
        course.person(student).email = ""
    for number in (5001, 5002):
        course.server.add(Person(number, f"Student of {number}", login="same"))
    said = course.roster(code=1)
    after = roster(course)
    assert [after[one] for one in TWINS] == [before[one] for one in TWINS]
    assert after.keys() == before.keys()
    assert "it could be Tim Twin (4058) or Tim Twin (4059)" in said
    assert "Student of 5001 (5001)" in said
    assert after["s01"].email == "s01@uni.example"


@BOTH
def test_a_number_of_the_institution_stays(course: LmsCourse) -> None:
    course.roster()
    with Gradebook(f"sqlite:///{course.folder / 'gradebook.db'}") as gradebook:
        gradebook.update_or_create_student("s01", lms_user_id="M-17")
    course.person("s01").institution_id = "M-17"
    course.person("s01").email = "new@uni.example"
    assert "email: s01@uni.example → new@uni.example" in course.roster()
    assert roster(course)["s01"].lms_user_id == "M-17"


@BOTH
def test_without_any_students_or_with_an_assignment_nothing_changes(course: LmsCourse) -> None:
    before = roster(course)
    course.server.people.clear()
    assert f"no students of the course {COURSE}" in course.roster(code=1)
    assert "takes no assignment" in course.roster("ps1", code=1)
    assert roster(course) == before


@pytest.mark.parametrize("platform", ["moodle"])
def test_a_function_that_the_tokens_service_lacks_is_named(course: LmsCourse) -> None:
    assert isinstance(course.server, MoodleServer)
    course.server.denied["core_enrol_get_enrolled_users"] = "accessexception"
    before = roster(course)
    assert "does not include core_enrol_get_enrolled_users" in course.roster(code=1)
    assert roster(course) == before
