"""Moodle and Canvas as a source of `autograder watch`: fetched in the background, collected once, told once."""

import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import nbformat
import pytest
from lms_course import TOKEN, LmsCourse, lms_course
from lms_servers import COURSE, Attempt, MoodleServer, Person
from nbgrader.api import Gradebook
from watched_course import DOUBLE, SHIFT, Watched, build, hand_in, notebook, points, watching

from autograder.lms.remote.settings import TOKEN_VARIABLE
from autograder.watch.lms_source import FETCHED, PARTS, CourseLms

HOUR = 3600
WRONG = "def double(n):\n    return 2 * n if n < 100 else 0"


@contextmanager
def source_of(course: LmsCourse) -> Iterator[tuple[CourseLms, Watched]]:
    """The source, which is asked all the time, and a watcher that says what goes wrong."""
    course.server.due = int(time.time()) + HOUR
    with watching(course.folder) as watched, pytest.MonkeyPatch.context() as patch:
        patch.setenv(TOKEN_VARIABLE, TOKEN)
        source = CourseLms(watched.app, 0.1, watched.watcher.failures, watched.watcher.deadlines)
        with source.running():
            yield source, watched


def wait_for(done: Callable[[], object]) -> None:
    end = time.monotonic() + 600
    while not done():
        assert time.monotonic() < end
        time.sleep(0.05)


@pytest.mark.parametrize("platform", ["moodle", "canvas"])
def test_where_nothing_is_new_submissions_alone_are_asked_for_and_what_is_new_is_collected(
    tmp_path: Path, platform: str
) -> None:
    with lms_course(tmp_path / "course", platform) as course, source_of(course) as (source, _):
        server, place = course.server, course.folder / FETCHED / "s01" / "ps1"
        for number, content in enumerate((b"[1]", b"[2]")):
            submitted = server.due - HOUR + number
            course.person("s01").attempts.append(Attempt(submitted, {"p1.ipynb": content}))
            wait_for(lambda: source.new("ps1"))
            source.collect("ps1", source.new("ps1")[0])
            assert source.new("ps1") == []
            assert (place / "p1.ipynb").read_bytes() == content
            assert source.arrived("ps1", "s01", place) == submitted
        server.asked.clear()
        wait_for(lambda: len(server.asked) > 6)
        assert len(set(server.asked)) == 1
        assert source.new("ps1") == []
        assert not (course.folder / "submitted").exists()  # where only what counts is put


def test_due_dates_are_asked_for_again_once_the_deadline_has_passed(tmp_path: Path) -> None:
    with lms_course(tmp_path / "course", "canvas") as course, source_of(course) as (source, watched):
        source.new("ps1")
        wait_for(lambda: source.has_dates_since("ps1", 0))
        course.person("s05").extension = course.server.due + HOUR
        deadline = watched.watcher.deadlines.last["ps1"] = time.time() + 1
        assert not source.has_dates_since("ps1", deadline)
        assert ",s05," not in (course.folder / "deadlines.csv").read_text()
        wait_for(lambda: source.has_dates_since("ps1", deadline))
        assert "ps1,s05," in (course.folder / "deadlines.csv").read_text()


def test_what_can_not_be_fetched_of_one_student_is_told_and_comes_later(tmp_path: Path) -> None:
    with lms_course(tmp_path / "course", "moodle") as course, source_of(course) as (source, watched):
        for student in ("s01", "s02"):
            course.person(student).attempts.append(Attempt(int(time.time()), {"p1.ipynb": b"{}"}))
        course.server.broken = ("/4002/",)

        def collected() -> set[str]:
            for new in source.new("ps1"):
                source.collect("ps1", new)
            return {path.parts[-3] for path in (course.folder / FETCHED).glob("*/ps1/p1.ipynb")}

        wait_for(lambda: collected() == {"s01"})
        course.server.asked.clear()
        wait_for(lambda: len(course.server.asked) > 6)
        assert len(set(course.server.asked)) == 1  # it is not asked for all the time
        (said,) = watched.said
        assert said.startswith("ps1: left out of what Moodle has: 4002-")
        assert "fails with status 500" in said
        course.server.broken = ()
        watched.watcher.failures.forget("ps1: left out of what Moodle has")  # as if a minute had passed
        wait_for(lambda: collected() == {"s01", "s02"})
    assert watched.said == [said]
    assert not (course.folder / "downloaded" / "ps1" / "replaced").exists()


def test_what_was_fetched_before_is_collected_while_the_lms_is_down(tmp_path: Path) -> None:
    with lms_course(tmp_path / "course", "canvas") as course:
        with source_of(course) as (source, _):
            course.person("s01").attempts.append(Attempt(int(time.time()), {"p1.ipynb": b"{}"}))
            source.new("ps0")  # of which nothing is there
            wait_for(lambda: source.new("ps1"))
        course.server.broken = ("",)
        with source_of(course) as (source, watched):
            source.new("ps0")
            wait_for(lambda: source.new("ps1"))
            source.collect("ps1", source.new("ps1")[0])
            course.server.asked.clear()
            time.sleep(0.5)
            assert source.new("ps1") == []
    assert (course.folder / FETCHED / "s01" / "ps1" / "p1.ipynb").is_file()
    (said,) = watched.said
    assert said.startswith("Canvas can't be asked: 127.0.0.1 fails with status 500")


def test_a_token_that_expired_is_told_once_for_all_assignments_and_due_dates_are_not_waited_for(tmp_path: Path) -> None:
    with lms_course(tmp_path / "course", "moodle") as course:
        course.settings(assignments={"ps1": 77, "ps2": 77})
        with source_of(course) as (source, watched):
            for name in ("ps1", "ps2", "ps3"):
                source.new(name)
            wait_for(lambda: source.has_dates_since("ps1", 0) and source.has_dates_since("ps2", 0) and watched.said)
            assert "ps3 can't be fetched from Moodle: In Moodle, no assignment has the title ps3" in watched.said[0]
            assert not source.has_dates_since("ps1", time.time() + HOUR)
            course.server.token = "another"
            wait_for(lambda: source.has_dates_since("ps1", time.time() + HOUR))
            time.sleep(0.5)
    assert [line for line in watched.said if "token" in line] == watched.said[1:]
    assert watched.said[1].startswith("Moodle can't be asked: Moodle does not accept the token")
    assert len(watched.said) == 2
    assert TOKEN not in "".join(watched.said)


def test_attempts_are_graded_as_others_are_and_a_watcher_that_is_killed_loses_none(tmp_path: Path) -> None:
    folder, now = build(tmp_path / "course"), int(time.time())
    with Gradebook(f"sqlite:///{folder / 'gradebook.db'}") as gradebook:
        gradebook.add_student("ada")
    secret = folder / "token"
    secret.write_text(TOKEN)
    secret.chmod(0o600)
    server = MoodleServer(TOKEN, points=4)
    server.due = now + HOUR
    ada = server.add(Person(4001, "Ada", login="ada"))

    def submit(seconds: int, double: str) -> None:
        whole = nbformat.writes(notebook(folder, double=double, shift=SHIFT)).encode()
        ada.attempts.append(Attempt(now + seconds, {"p1.ipynb": whole}))

    with server.running():
        with (folder / "nbgrader_config.py").open("a") as file:
            file.write(f"c.Lms.platform, c.Lms.url, c.Lms.course = 'moodle', {server.url!r}, '{COURSE}'\n")
            file.write(f"c.Lms.token_file, c.Watch.lms_seconds = {str(secret)!r}, 0.2\n")
        submit(-60, WRONG)
        fetching, answering = threading.Event(), threading.Event()

        def hold(target: str) -> None:
            if "p1.ipynb" in target:
                fetching.set()
            if fetching.is_set():
                answering.wait(60)

        server.before = hold
        command = [sys.executable, "-m", "autograder", "watch", "ps1"]
        with subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL) as process:
            assert fetching.wait(60)
            process.kill()
        answering.set()
        assert [*(folder / PARTS).iterdir()]
        with watching(folder) as watched:
            assert not (folder / PARTS).exists()
            attempt = watched.graded("ada")
            assert (attempt.source, attempt.arrived) == (FETCHED, now - 60)
            assert points(folder, "ada") == 2.0
            server.token = "another"
            watched.until(lambda: any("can't be asked" in line for line in watched.said))
            hand_in(folder, "bob", double=DOUBLE, shift=SHIFT)
            watched.graded("bob")
        server.token = TOKEN
        submit(-30, DOUBLE)
        with watching(folder) as watched:
            watched.graded("ada", 2)
            assert points(folder, "ada") == 4.0
            assert len(watched.attempts("ada")) == 2
            assert [*(folder / PARTS).iterdir()] == []
            answering.clear()
            due = datetime.now(UTC).isoformat(" ", "seconds")
            (folder / "deadlines.csv").write_text(f"assignment,student,due,hours,reason\nps1,,{due},,mine\n")
            hand_in(folder, "bob", double=WRONG, shift=SHIFT)
            attempt = watched.graded("bob", 2)  # as before the deadline: somebody may have an extension there
            assert not attempt.final
            answering.set()
            watched.until(lambda: watched.attempts("bob")[1].final)
    assert (folder / "submitted" / "ada" / "ps1" / "p1.ipynb").is_file()
