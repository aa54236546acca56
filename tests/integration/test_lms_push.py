"""Grades and feedback to Moodle and Canvas by token: a term against a server of each, and what goes wrong."""

import json
import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from lms_course import STRANGER, STUDENTS, TOKEN, TWINS, WAITING, LmsCourse, lms_course
from lms_servers import Answer, Attempt, Closed, LmsServer, MoodleServer
from repository import ROOT

from autograder.lms.remote.settings import TOKEN_VARIABLE

SENT = len(STUDENTS) - 2  # one has no account, one waits for points by hand
EXTENDED, LATE = "s04", "s08"  # both submit 26 h after the due date
HOUR = 3600
BOTH = pytest.mark.parametrize("platform", ["moodle", "canvas"])


@pytest.fixture
def course(tmp_path: Path, platform: str) -> Iterator[LmsCourse]:
    with lms_course(tmp_path / "course", platform) as found:
        yield found


def ledger(course: LmsCourse) -> list[dict[str, object]]:
    path = course.folder / "pushed.jsonl"
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def close_after(server: LmsServer, number: int) -> None:
    """The connection breaks after so many more saves, the last of which is saved all the same."""
    last = len(server.saves) + number

    def on_save(count: int) -> None:
        if count == last:
            raise Closed

    server.on_save = on_save


def killed_push(course: LmsCourse, number: int) -> int:
    """Run a push that is killed after so many more saves, before it learns of the last; its exit status."""
    last, running = len(course.server.saves) + number, []

    def on_save(count: int) -> None:
        if count == last:
            os.kill(running[0].pid, signal.SIGKILL)
            raise Closed

    course.server.on_save = on_save
    variables = {**os.environ, TOKEN_VARIABLE: TOKEN, "PYTHONPATH": os.pathsep.join([str(ROOT), *sys.path])}
    command = [sys.executable, "-m", "autograder", "push", "ps1"]
    running.append(
        subprocess.Popen(
            command, cwd=course.folder, env=variables, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
    )
    return running[0].wait()


def submitted_late(course: LmsCourse) -> None:
    """Two submit 26 h late, of whom one has an extension of two days there; they are collected, and graded."""
    due = course.server.due
    course.person(EXTENDED).extension = due + 48 * HOUR
    for student in (EXTENDED, LATE):
        course.person(student).attempts.append(Attempt(due + 26 * HOUR, {"p1.ipynb": course.solved}))
    course.settings("c.LatePolicy.penalty = 10")
    course.roster(code=0)
    assert "2 new" in course.collect()
    course.grade()
    for student, points in ((EXTENDED, 4.0), (LATE, 3.0)):
        course.give(student, "essay", manual_score=points, needs_manual_grade=False)
    course.grade()


@BOTH
def test_a_term(course: LmsCourse) -> None:
    server = course.server
    server.put_off_each = 13
    submitted_late(course)

    said = course.push("--dry-run", code=0)
    assert f"{SENT} grades would be" in said
    assert server.saves == []
    assert not (course.folder / "pushed.jsonl").exists()

    close_after(server, 20)
    said = course.push(code=1)
    assert "Sent 19 of 58 grades" in said
    assert "no answer" in said
    assert [entry["state"] for entry in ledger(course)] == [*["sending", "sent"] * 19, "sending"]

    assert killed_push(course, 15) == -signal.SIGKILL
    assert len(server.saves) == 35

    server.on_save = lambda number: None
    said = course.push(code=1)  # the one without an account needs a person
    assert "Sent 23 of 23 grades" in said
    assert f"no account in {'Moodle' if course.platform == 'moodle' else 'Canvas'}" in said
    assert sorted(server.saves) == sorted(course.person(one).id for one in STUDENTS if one not in (STRANGER, WAITING))
    assert {one: course.person(one).score for one in TWINS} == {"s58": 2 + 2 + 3, "s59": 2 + 3 + 4}
    assert course.person(WAITING).score is None
    assert all(len(one.comments) == 1 for one in server.people.values() if one.score is not None)
    assert {one: course.person(one).score for one in (EXTENDED, LATE)} == {EXTENDED: 2 + 3 + 4, LATE: 0.8 * (2 + 3 + 3)}
    assert "deadline" not in course.person(EXTENDED).comments[0]
    assert "8 points, less 1.6 for lateness." in course.person(LATE).comments[0]
    assert "Submitted 26 h after the deadline" in course.person(LATE).comments[0]
    assert "2 days × 10 % of 8 points = −1.6" in course.person(LATE).comments[0]

    assert "Sent 0 of 0 grades" in course.push(code=1)
    assert len(server.saves) == SENT

    server.change_by_hand(4010, 9.0)
    course.give("s03", "test_add", auto_score=0.5)
    said = course.push("--dry-run")
    assert "1 grade would be" in said
    assert "Sent 1 of 1 grade " in course.push(code=1)
    assert Counter(server.saves).most_common(1) == [(4003, 2)]
    assert course.person("s03").score == 0.5 + 3 + 3
    assert course.person("s10").score == 9.0
    (line,) = [line for line in said.splitlines() if line.strip().startswith("s10 ")]
    assert line.split()[1:3] == ["9", "4"]

    assert "Sent 1 of 1 grade " in course.push("--overwrite", "s10", code=1)
    assert course.person("s10").score == 4.0

    for path, content in course.files():
        assert TOKEN.encode() not in content, path
    assert TOKEN not in "".join([*course.printed, *server.requests])
    print("\n".join(course.printed))


@BOTH
@pytest.mark.parametrize("options", [(), ("--debug",)])
def test_an_expired_token_stops_the_push_with_what_is_done_kept(course: LmsCourse, options: tuple[str, ...]) -> None:
    def expire(count: int) -> None:
        course.server.token = "another" if count == 3 else TOKEN

    course.server.on_save = expire
    said = course.push(*options, code=1)
    assert "does not accept the token" in said
    course.server.token, course.server.on_save = TOKEN, lambda number: None
    assert TOKEN not in said + "".join(course.server.requests) + (course.folder / "pushed.jsonl").read_text()
    course.push(code=1)
    assert Counter(course.server.saves).most_common(1)[0][1] == 1
    assert len(course.server.saves) == SENT


@BOTH
def test_a_grade_that_no_push_has_sent_is_left_alone_and_one_that_is_refused_stops_no_other(course: LmsCourse) -> None:
    course.server.change_by_hand(4001, 1.0)
    course.server.people[4002].excused = True
    del course.server.people[4003]
    said = course.push(code=1)
    assert course.person("s01").score == 1.0
    assert "there is a grade that no push has sent" in said
    assert (course.platform == "canvas") == ("excused" in said)
    assert "s03" in said
    assert len(course.server.saves) == SENT - (3 if course.platform == "canvas" else 2)


@BOTH
def test_other_maximum_points_are_refused_with_both_unless_conversion_is_set(course: LmsCourse) -> None:
    course.server.points = 18
    assert "ps1 has 9 points here and 18 in" in course.push(code=1)
    assert course.server.saves == []
    course.settings(convert_points=True)
    course.push("--student", "s10")
    assert course.person("s10").score == 8.0


@BOTH
def test_feedback_pages_go_with_the_grade_unless_they_are_older_than_it(course: LmsCourse) -> None:
    for student, age in (("s01", 100), ("s02", -100)):
        graded, page = (course.folder / step / student / "ps1" for step in ("autograded", "feedback"))
        for folder, name in ((graded, "p1.ipynb"), (page, "p1.html")):
            folder.mkdir(parents=True)
            (folder / name).write_text("<p>Ада</p>", encoding="utf-8")
        changed = (graded / "p1.ipynb").stat().st_mtime
        os.utime(page / "p1.html", (changed + age, changed + age))
    said = course.push("--student", "s01", "--student", "s02")
    assert course.person("s01").pages == {"p1.html": "<p>Ада</p>".encode()}
    assert course.person("s02").pages == {}
    assert "older than the grade" in said
    assert "The attached page says more." in course.person("s01").comments[0]


@BOTH
@pytest.mark.parametrize("body", [b"<html>A login page</html>", {"assignments": 1}, [1], None])
def test_what_does_not_answer_as_documented_is_a_clear_error(course: LmsCourse, body: object) -> None:
    course.server.answer = lambda *_: Answer(body)  # type: ignore[method-assign]
    said = course.push(code=1)
    assert "is not" in said
    assert "internal error" not in said


@pytest.mark.parametrize("platform", ["moodle"])
def test_a_comment_of_somebody_elses_is_not_replaced(course: LmsCourse) -> None:
    ada = course.person("s01")
    ada.comments, ada.saved = ["<p>Well done</p>"], course.server.tick()
    assert "a comment is there" in course.push("--student", "s01", code=1)
    assert ada.comments == ["<p>Well done</p>"]


@pytest.mark.parametrize("platform", ["moodle"])
def test_a_grade_that_moodle_ignores_is_no_success(course: LmsCourse) -> None:
    assert isinstance(course.server, MoodleServer)
    course.server.rubric = True
    said = course.push("--student", "s01", code=1)
    assert "Moodle has 0 after 4 was sent" in said
    assert "Sent 0 of 1 grade " in said


@BOTH
@pytest.mark.parametrize("damage", ["a token in the configuration", "a readable file", "no token", "plain http"])
def test_a_token_is_not_used_where_it_is_not_safe(course: LmsCourse, damage: str) -> None:
    file = course.folder / "token"
    file.write_text(TOKEN)
    file.chmod(0o644 if damage == "a readable file" else 0o600)
    course.server.token, said = (
        "",
        {
            "a token in the configuration": "must not be in nbgrader_config.py",
            "a readable file": "chmod 600",
            "no token": "There is no token",
            "plain http": "must begin with https://",
        },
    )
    more: dict[str, object] = {"a token in the configuration": {"token": TOKEN}, "no token": {}}.get(
        damage, {"token_file": "token"}
    )
    course.settings(**more, **({"url": "http://moodle.example.org"} if damage == "plain http" else {}))
    assert said[damage] in course.push(code=1)
    assert TOKEN not in course.printed[-1]
    assert course.server.requests == []


@BOTH
def test_a_token_comes_from_a_file_that_only_its_owner_reads(course: LmsCourse) -> None:
    file = course.folder / "token"
    file.write_text(f"{TOKEN}\n")
    file.chmod(0o600)
    course.settings(token_file="token")
    course.server.token, used = "", course.server
    used.token = TOKEN
    assert "1 grade would be" in course.push("--dry-run", "--student", "s01")


@BOTH
def test_a_damaged_ledger_stops_the_push_and_a_torn_line_does_not(course: LmsCourse) -> None:
    course.push("--student", "s01")
    path = course.folder / "pushed.jsonl"
    whole = path.read_bytes()
    path.write_bytes(whole + whole.splitlines()[0][:40])
    assert "Sent 0 of 0 grades" in course.push("--student", "s01")
    course.push("--student", "s02")
    assert len(ledger(course)) == 4
    path.write_bytes(b"junk\n" + whole)
    assert "line 1, is damaged" in course.push("--student", "s03", code=1)
    assert len(course.server.saves) == 2
