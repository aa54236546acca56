"""`autograder watch`: what arrives is graded once and whole, and students are told what the policy gives."""

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import nbformat
import pytest
from feedback_pages import Page
from nbgrader.utils import notebook_hash
from watched_course import (
    DOUBLE,
    HIDDEN,
    SHIFT,
    Exchange,
    Watched,
    build,
    hand_in,
    normalized,
    notebook,
    points,
    set_deadline,
    watching,
)

from autograder.notebooks.selection import MAX_ENTRIES
from autograder.watch.arrivals import MAX_DEPTH
from autograder.watch.exchange import CourseExchange
from autograder.watch.overview import Overview
from autograder.watch.source import NotReached

WRONG = "def double(n):\n    return 2 * n if n < 100 else 0"
PAST = datetime.now(UTC).replace(tzinfo=None) - timedelta(hours=1)
HOSTILE = "<img src=x onerror=alert(1)>.ipynb"


def test_what_arrives_is_graded_when_it_is_complete_and_hidden_tests_are_counted_only(tmp_path: Path) -> None:
    folder = build(tmp_path / "course")
    hand_in(folder, "bob", HOSTILE, double="def double(n):\n    return '<script>alert(2)</script>'", shift=SHIFT)
    path = hand_in(folder, "ada", double=WRONG, shift=SHIFT)
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    with watching(folder) as watched:
        watched.graded("bob")
        assert watched.attempts("ada") == []  # half a notebook is no submission, though it lies still
        path.write_bytes(whole)
        watched.graded("ada")
        assert points(folder, "ada") == 2.0
        page = watched.page("ada")
        assert "1 of 2 cells with hidden tests pass all their tests." in page
        assert str(HIDDEN) not in page
        assert "hidden:" not in page
        told = Page((folder / "feedback" / "bob" / "ps1" / "p1.html").read_text(encoding="utf-8"))
        assert "double(2) is wrong" in told.text
        assert not told.all("script", "img")
        assert watched.said == [
            "bob: ps1, attempt 1: graded, 2 points of tests",
            "ada: ps1, attempt 1: graded, 2 points of tests",
        ]


def test_the_wait_and_the_limit_are_told_with_reason_and_time_and_the_newest_attempt_takes_the_place(
    tmp_path: Path,
) -> None:
    folder = build(tmp_path / "course", settings="c.Watch.wait_seconds = 3600\nc.Watch.kept_attempts = 1")
    with watching(folder) as watched:
        hand_in(folder, "ada", double=WRONG, shift=SHIFT)
        submitted = time.time()
        assert watched.graded("ada").arrived <= submitted  # when it is noticed depends on what else is graded
        for number, answer in ((2, DOUBLE), (3, f"{DOUBLE}  # again")):
            hand_in(folder, "ada", double=answer, shift=SHIFT)
            watched.until(
                lambda number=number: len(watched.attempts("ada")) == number and watched.attempts("ada")[-1].told
            )
        assert "minutes from now: at least 60 minutes lie between two graded attempts" in watched.page("ada", 3)
        assert "Attempt 3 arrived before this one was graded" in watched.page("ada", 2)
        assert [(one.graded, one.replaced) for one in watched.attempts("ada")] == [
            (True, False),
            (False, True),
            (False, False),
        ]
        assert points(folder, "ada") == 2.0
        files = [watched.watcher.store.files(one) for one in watched.attempts("ada")]
        assert [(path / "p1.ipynb").exists() for path in files] == [True, False, True]  # the first one counts
        (told,) = Overview(watched.watcher).of_student("ada")
        assert [bool(one.files) for one in told.attempts] == [True, False, False]  # which one counts is not told
    build_again = folder / "nbgrader_config.py"
    build_again.write_text(build_again.read_text() + "c.Watch.attempts = 1\n")
    with watching(folder) as watched:
        watched.until(lambda: "limit" in watched.attempts("ada")[-1].told)
        assert "Before the deadline, 1 attempt can be graded, and that many were." in watched.page("ada", 3)
        set_deadline(folder, PAST)  # what was handed in counts all the same
        watched.until(lambda: watched.attempts("ada")[-1].final)
    assert points(folder, "ada") == 4.0


def test_the_best_attempt_stays_where_nbgrader_looks_and_the_deadline_brings_the_usual_feedback(tmp_path: Path) -> None:
    folder = build(tmp_path / "course", settings="c.Watch.counts = 'best'\nc.Watch.hidden = 'nothing'")
    feedback = folder / "feedback" / "ada" / "ps1" / "p1.html"
    with watching(folder) as watched:
        path = hand_in(folder, "ada", double=DOUBLE, shift=SHIFT)
        best = path.read_bytes()
        watched.graded("ada")
        hand_in(folder, "ada", double=WRONG, shift=SHIFT)
        watched.graded("ada", 2)
        assert path.read_bytes() == best
        assert points(folder, "ada") == 4.0
        assert watched.said[-1] == "ada: ps1, attempt 2: graded, 2 points of tests; attempt 1 counts"
        first, second = (normalized(watched.page("ada", number)) for number in (1, 2))
        assert first == second  # they differ in a hidden test alone
        assert not re.search(r"[\d.]+ of [\d.]+ points", feedback.read_text())
        watched.watcher.look()
        assert len(watched.attempts("ada")) == 2  # what was put back is no attempt
        set_deadline(folder, PAST)
        watched.until(lambda: watched.attempts("ada")[0].final)
        assert "4 of 4 points" in Page(feedback.read_text(encoding="utf-8")).text


REMEMBERS = """
seen = []
def double(n):
    seen.append(n)
    with open("seen.txt", "a") as file:
        file.write(f"{n} ")
    return 2 * n
"""
TELLS = """
print(seen, open("seen.txt").read())
def shift(n):
    raise ValueError(f"{seen} {open('seen.txt').read()}")
"""
ASKS = "import os\ndef double(n):\n    if n == 7919:\n        os._exit(0)\n    return 2 * n"
ENDS = """
import os
seen = []
def double(n):
    seen.append(n)
    if len(seen) > 1 and n % 2:
        os._exit(0)
    return 2 * n
"""
ATTACKS = {"eve": (REMEMBERS, TELLS), "kim": (ASKS, SHIFT), "max": (ENDS, SHIFT), "ned": (DOUBLE, SHIFT)}


def test_attempts_read_no_more_of_a_hidden_test_than_the_policy_gives(tmp_path: Path) -> None:
    pages: dict[str, set[str]] = {student: set() for student in ATTACKS}
    for hidden in (HIDDEN, 6134):
        folder = build(tmp_path / str(hidden), hidden=hidden)
        for student, (double, shift) in ATTACKS.items():
            hand_in(folder, student, double=double, shift=shift)
        with watching(folder) as watched:
            for student in ATTACKS:
                watched.graded(student)
                page = watched.page(student)
                assert str(hidden) not in page
                pages[student].add(normalized(page))
    # What remembers reads nothing; what asks learns how many of the two cells pass, and nothing beside that.
    assert [len(pages[student]) for student in ATTACKS] == [1, 2, 2, 1]
    told = {
        "\n".join(line for line in page.splitlines() if "cells with hidden tests" not in line) for page in pages["kim"]
    }
    assert len(told) == 1


# What `double` does where a hidden test calls it: with more than the 2 of the visible test.
DOES = (
    *("return 2 * n", "return 0", "raise ValueError(n)", "raise SystemExit(n)", "raise KeyboardInterrupt"),
    *("os._exit(n % 256)", "print(n)", "print(n, file=sys.stderr)", "time.sleep(1.5)", "globals().pop('shift')"),
    *("sys.setrecursionlimit(50)", "return [n] * n", "return float('nan')"),
)
WRONG_SHIFT = "def shift(n):\n    return 3"


def test_an_attempt_tells_no_more_bits_than_the_documentation_says(tmp_path: Path) -> None:
    folder = build(tmp_path / "course")
    attempts = [(does, SHIFT) for does in DOES] + [(does, WRONG_SHIFT) for does in DOES[:2]]
    # docs/watch.md allows one answer more, that the hidden tests could not be run; nothing here brings it about.
    for policy, answers in (("nothing", 1), ("count", 3), ("exercises", 4)):
        with (folder / "nbgrader_config.py").open("a") as settings:
            settings.write(f"c.Watch.hidden = {policy!r}\n")
        for number, (does, shift) in enumerate(attempts):
            double = f"import os, sys, time\ndef double(n):\n    if n > 2:\n        {does}\n    return 2 * n"
            hand_in(folder, f"{policy}{number}", double=double, shift=shift)
        pages = set()
        with watching(folder) as watched:
            for number in range(len(attempts)):
                attempt = watched.graded(f"{policy}{number}")
                pages.add(normalized(watched.page(f"{policy}{number}")))
                slots = (attempt.release - attempt.due) / watched.watcher.policy.release_seconds
                assert slots == pytest.approx(round(slots), abs=1e-3)  # else the moment tells how long a test took
        assert len(pages) == answers, pages


def test_a_second_watcher_waits_until_the_first_has_ended(tmp_path: Path) -> None:
    folder = build(tmp_path / "course")
    with contextlib.chdir(folder):
        second = Watched(folder)
        entered = threading.Event()

        def watch() -> None:
            with second.watcher.opened():
                entered.set()

        with Watched(folder).watcher.opened():
            thread = threading.Thread(target=watch)
            thread.start()
            while not second.said:
                time.sleep(0.05)
            assert "`watch`" in second.said[0]
            assert not entered.is_set()
        thread.join(60)
        assert entered.is_set()


def test_a_watcher_that_is_killed_while_it_grades_goes_on_and_notices_new_settings(tmp_path: Path) -> None:
    folder = build(tmp_path / "course")
    hand_in(folder, "ada", double=f"import time\ntime.sleep(3)\n{DOUBLE}", shift=SHIFT)
    attempt = folder / ".autograder" / "attempts" / "ps1" / "ada" / "0001" / "attempt.json"
    command = [sys.executable, "-m", "autograder", "watch", "ps1"]
    with subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, text=True) as first:
        wait_for(attempt.exists)
        time.sleep(1.0)
        first.kill()
    assert not json.loads(attempt.read_text())["graded"]
    with subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, text=True) as second:
        wait_for(lambda: json.loads(attempt.read_text())["released"])
        assert points(folder, "ada") == 4.0
        with (folder / "nbgrader_config.py").open("a") as settings:
            settings.write("c.Watch.hidden = 'nothing'\n")
        assert second.stdout is not None
        said = said_until("starting again", second.stdout)
        hand_in(folder, "bob", double=DOUBLE, shift=SHIFT)
        page = folder / "feedback" / "bob" / "ps1" / "p1.html"
        wait_for(page.exists)
        said += said_until("bob: ps1, attempt 1", second.stdout)  # later than the page, which waits for no hidden test
        second.send_signal(signal.SIGINT)
        said += second.communicate()[0].splitlines()
    assert [line for line in said if " attempt " in line] == [
        "ada: ps1, attempt 1: graded, 4 points of tests",
        "bob: ps1, attempt 1: graded, 4 points of tests",
    ]
    assert "what they say follows after the deadline" in page.read_text()
    assert len(list(attempt.parents[1].iterdir())) == 1


def said_until(text: str, lines: Iterable[str]) -> list[str]:
    """The lines that come until one holds the text, and that one."""
    said = []
    for line in lines:
        said.append(line.rstrip())
        if text in line:
            break
    return said


def wait_for(done: Callable[[], object]) -> None:
    end = time.monotonic() + 120
    while not done():
        assert time.monotonic() < end
        time.sleep(0.1)


READS_DATA = "def double(n):\n    raise ValueError(open('data.txt').read())"


def test_a_link_that_comes_while_a_submission_is_collected_leads_to_nothing(tmp_path: Path) -> None:
    folder = build(tmp_path / "course")
    exchange = Exchange(folder, tmp_path)
    exchange.submit("ada", double=READS_DATA, shift=SHIFT)
    (submission,) = (exchange.root / "c1" / "inbound").iterdir()
    secret, collected = folder / "source" / "ps1", folder / ".autograder" / "collected" / "ada" / "ps1"
    with watching(folder) as watched:
        watched_exchange = CourseExchange(watched.app, 0.0)
        (new,) = watched_exchange.new("ps1")
        for name, target in (("data.txt", secret / "p1.ipynb"), ("data", secret)):
            (submission / name).symlink_to(target)
            with pytest.raises(NotReached, match="links"):
                watched_exchange.collect("ps1", new)
            assert not collected.exists()
            (submission / name).unlink()
        watched_exchange.collect("ps1", new)
    assert (collected / "p1.ipynb").exists()


def test_what_can_not_be_collected_of_one_student_delays_nobody(tmp_path: Path) -> None:
    folder = build(tmp_path / "course", settings="c.CourseDirectory.max_dir_size = 100  # KB")
    exchange = Exchange(folder, tmp_path)
    inbound, now = exchange.root / "c1" / "inbound", "2026-01-01 00:00:00.000000 UTC"
    for name in (f"..+ps1+{now}+x", f"+ps1+{now}+x", os.fsdecode(b"\xff+ps1+x"), "eve+ps1+x", f"kim+ps1+{now}+x"):
        (inbound / name).mkdir()
        (inbound / name / "p1.ipynb").write_text("{}")
    (inbound / f"kim+ps1+{now}+x" / "data").write_bytes(bytes(200_000))
    deep = inbound / f"max+ps1+{now}+x"
    for _ in range(MAX_DEPTH + 1):
        deep.mkdir()
        deep /= "f"
    linked = inbound / f"lea+ps1+{now}+x"
    linked.mkdir()
    nbformat.write(notebook(folder, double=READS_DATA, shift=SHIFT), linked / "p1.ipynb")
    (linked / "data.txt").symlink_to(folder / "source" / "ps1" / "p1.ipynb")
    (inbound / f"leo+ps1+{now}+x").symlink_to(folder / "source" / "ps1")
    many = folder / "submitted" / "ned" / "ps1"
    many.mkdir(parents=True)
    for number in range(MAX_ENTRIES + 1):
        (many / str(number)).touch()
    hand_in(folder, "pat", double=DOUBLE, shift=SHIFT)
    (folder / "submitted" / "pat" / "ps1" / "data").write_bytes(bytes(200_000))
    with watching(folder) as watched:
        for student in ("ada", "kim"):  # Ada's later attempt, and Kim's smaller one, are collected at once, too
            exchange.submit(student, double=WRONG, shift=SHIFT)
            watched.graded(student)
            exchange.submit(student, double=DOUBLE, shift=SHIFT)
            watched.graded(student, 2)
            assert points(folder, student) == 4.0
    for words in (
        r"\.\.: ps1, .* can't be collected: this is no student's name",
        r"^ps1 can't be collected: this is no student's name",
        r"\\udcff: ps1, .* this is no student's name",
        r"eve: ps1, .* can't be collected: its folder's name does not say when",
        r"kim: ps1, .* can't be collected: 0.2 MB, .*max_dir_size",
        r"lea: ps1, .* can't be collected: it has links",
        r"leo: ps1, .* can't be collected: it has links",
        r"max: ps1, .* can't be collected: folders in folders",
        r"ned: ps1 is not taken in: more than 10,000 files",
        r"pat: ps1 is not taken in: 0.2 MB, .*max_dir_size",
    ):
        assert len([line for line in watched.said if re.search(words, line)]) == 1, (words, watched.said)
    assert not (folder / ".autograder" / "ps1").exists()  # where `..` would lead
    assert {path.name for path in (folder / ".autograder" / "attempts" / "ps1").iterdir()} == {"ada", "kim"}


def test_what_comes_through_the_exchange_is_collected_once_and_feedback_goes_back_through_it(tmp_path: Path) -> None:
    folder = build(tmp_path / "course")
    exchange = Exchange(folder, tmp_path)
    secrets = []
    with watching(folder) as watched:
        for number, double in ((1, WRONG), (2, DOUBLE)):
            exchange.submit("ada", double=double, shift=SHIFT)
            submitted = time.time()
            watched.graded("ada", number)
            assert watched.attempts("ada")[-1].arrived <= submitted
            assert len(watched.attempts("ada")) == number
            files = watched.watcher.store.files(watched.attempts("ada")[-1])
            secrets.append((files / "submission_secret.txt").read_text())
    assert points(folder, "ada") == 4.0
    for number, secret in enumerate(secrets, 1):
        page = exchange.root / "c1" / "feedback" / f"{notebook_hash(secret=secret, notebook_id='p1')}.html"
        assert f"Attempt {number} at p1" in page.read_text()
    assert os.listdir(folder / "submitted") == ["ada"]


def test_a_page_of_before_the_deadline_does_not_take_the_place_of_the_usual_feedback(tmp_path: Path) -> None:
    folder = build(tmp_path / "course", settings="c.Watch.release_seconds = 3600")
    exchange = Exchange(folder, tmp_path)
    exchange.submit("ada", double=WRONG, shift=SHIFT)
    with watching(folder) as watched:
        watched.until(lambda: watched.attempts("ada") and watched.attempts("ada")[0].graded)
        set_deadline(folder, PAST)
        attempt = watched.until(lambda: [one for one in watched.attempts("ada") if one.final])[0]
        assert not attempt.released
        watched.watcher.store.change(attempt, release=time.time())
        watched.until(lambda: watched.attempts("ada")[0].released)
    (page,) = (exchange.root / "c1" / "feedback").iterdir()
    for path in (page, folder / "feedback" / "ada" / "ps1" / "p1.html"):
        assert "2 of 4 points" in Page(path.read_text(encoding="utf-8")).text


def test_an_extension_moves_its_own_students_deadline_and_the_end_for_all(tmp_path: Path) -> None:
    folder = build(tmp_path / "course")
    rows = "assignment,student,due,hours,reason\nps1,,2026-03-01,,\nps1,ada,2999-01-01T00:00:00Z,,illness\n"
    (folder / "deadlines.csv").write_text(rows)
    for student in ("ada", "bob"):
        hand_in(folder, student, double=DOUBLE)
    with watching(folder) as watched:
        watched.until(lambda: watched.attempts("ada") and watched.attempts("bob"))
        assert [watched.attempts(student)[0].late for student in ("ada", "bob")] == [False, True]
        assert watched.watcher.deadlines.last["ps1"] == datetime(2999, 1, 1, tzinfo=UTC).timestamp()
