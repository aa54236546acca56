"""`autograder grade`, killed at random moments or stopped by Ctrl-C, and resumed: nothing is lost or left over."""

import os
import random
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest
from engines import Marks, add_config, hand_in, marks, quickstart, reference_answers

MARK = "KILLED_GRADING"  # an environment variable by which all that a grading started is found
RANDOM = random.Random(20)
MOMENTS = [RANDOM.random() for _ in range(6)]  # as shares of an undisturbed grading's time
STUDENTS = [f"student{number}" for number in range(8)]
COMMAND = [sys.executable, "-m", "autograder", "grade", "ps1", "--workers=2"]


@dataclass(frozen=True)
class Undisturbed:
    """A course before its grading, how long that takes, and what it gives."""

    folder: Path
    seconds: float
    marks: Marks


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Undisturbed:
    base = tmp_path_factory.mktemp("kills")
    folder = quickstart(base / "course", notebooks=("problem1",))
    add_config(folder, f"c.Grading.environment = {{{MARK!r}: {str(base)!r}}}")
    solved = reference_answers(folder, "ps1", "problem1")
    for number, student in enumerate(STUDENTS):
        wrong = f"def squares(n):\n    return [{number}] * n"
        hand_in(folder, student, "ps1", "problem1", **{**solved, **({"squares": wrong} if number % 2 else {})})
        hand_in_unlike(folder, student)
    graded = Path(shutil.copytree(folder, base / "undisturbed"))
    started = time.monotonic()
    said = finish(graded)
    assert said.count(" graded ") == len(STUDENTS)
    return Undisturbed(folder, time.monotonic() - started, marks(graded, "ps1"))


def hand_in_unlike(folder: Path, student: str) -> None:
    """Make a submission unlike all others, as equal ones are computed once."""
    path = folder / "submitted" / student / "ps1" / "problem1.ipynb"
    path.write_text(path.read_text().replace("squares(10)", f"squares(10)  # {student}", 1))


@pytest.fixture
def course(undisturbed: Undisturbed, tmp_path: Path) -> Path:
    return Path(shutil.copytree(undisturbed.folder, tmp_path / "course"))


def start(folder: Path) -> subprocess.Popen[str]:
    """Start a grading, which a terminal's Ctrl-C would reach as a group."""
    environment = {**os.environ, MARK: str(folder)}
    pipe = subprocess.PIPE
    return subprocess.Popen(
        COMMAND, cwd=folder, stdout=pipe, stderr=pipe, text=True, env=environment, start_new_session=True
    )


def finish(folder: Path) -> str:
    """Grade all that is left; what it said."""
    done = subprocess.run(COMMAND, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def of_a_grading() -> list[psutil.Process]:
    """All processes that a killed grading has started: by their environment, else by their folder."""
    found = []
    for process in psutil.process_iter():
        try:
            if MARK in process.environ() and process.pid != os.getpid() and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
        except psutil.Error:
            continue
    return found


def runs(process: psutil.Process) -> bool:
    """Whether it does; it may end while it is looked at."""
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def left_over(started: list[psutil.Process], patience: float) -> list[psutil.Process]:
    """What still runs, of these and of all that can be found, after so many seconds at the most."""
    deadline = time.monotonic() + patience
    while True:
        running = [process for process in started if runs(process)]
        if not (left := running + of_a_grading()) or time.monotonic() > deadline:
            return left
        time.sleep(0.1)


def finished(said: str) -> set[str]:
    """The students that a grading said it had finished."""
    return set(re.findall(r"^\[\d+/\d+\] (\w+):", said, re.MULTILINE))


def stored(folder: Path) -> dict[str, int]:
    """Stored results, and when each was written."""
    return {path.name: path.stat().st_mtime_ns for path in (folder / ".autograder/results").rglob("*.outcome")}


def integrity(folder: Path) -> str:
    """What SQLite says of the gradebook."""
    with sqlite3.connect(folder / "gradebook.db") as database:
        return str(database.execute("PRAGMA integrity_check").fetchone()[0])


@pytest.mark.parametrize("moment", MOMENTS)
def test_a_killed_grading_is_resumed_to_the_same_grades(undisturbed: Undisturbed, course: Path, moment: float) -> None:
    grading = start(course)
    time.sleep(moment * undisturbed.seconds)
    started = psutil.Process(grading.pid).children(recursive=True)
    grading.kill()
    said, _ = grading.communicate()
    assert left_over(started, patience=30) == []
    assert integrity(course) == "ok"
    kept = stored(course)
    done = finished(said)

    resumed = finish(course)
    assert marks(course, "ps1") == undisturbed.marks
    assert finished(resumed) & done == set()  # what was finished is not graded again
    after = stored(course)
    assert {name: after.get(name) for name in kept} == kept  # and what was stored is not computed again
    assert len(after) == len(STUDENTS) + 4  # the rehearsal's four
    assert integrity(course) == "ok"
    assert list((course / ".autograder" / "previous").rglob("*.json")) == []
    assert left_over([], patience=30) == []


def test_ctrl_c_stops_at_once_and_keeps_what_is_done(undisturbed: Undisturbed, course: Path) -> None:
    for student in STUDENTS[4:]:  # these take longer than the grading may, once it is interrupted
        path = course / "submitted" / student / "ps1" / "problem1.ipynb"
        path.write_text(path.read_text().replace("squares(10)", "__import__('time').sleep(50) or squares(10)", 1))
    grading = start(course)
    assert grading.stdout is not None
    said = ""
    while "[2/8]" not in said:
        line = grading.stdout.readline()
        assert line, f"the grading ended: {said}"
        said += line
    started = psutil.Process(grading.pid).children(recursive=True)
    assert len(started) >= 2
    os.killpg(grading.pid, signal.SIGINT)
    rest, errors = grading.communicate(timeout=30)
    assert left_over(started, patience=30) == []
    assert grading.returncode == 1
    assert errors.endswith(
        "Interrupted; finished work is kept.\nNext: autograder grade ps1   # continues where it stopped\n"
    )
    assert "Traceback" not in rest + errors
    done, kept = finished(said + rest), {student for student, _, _ in marks(course, "ps1")}
    assert 2 <= len(done) < len(STUDENTS)
    assert done <= kept
    assert len(kept - done) <= 1  # it is written, then it is said

    for student in STUDENTS[4:]:
        name = f"submitted/{student}/ps1/problem1.ipynb"
        shutil.copy2(undisturbed.folder / name, course / name)
    again = finished(finish(course))
    assert again & done == set()
    assert again | kept == set(STUDENTS)
    assert marks(course, "ps1") == undisturbed.marks
