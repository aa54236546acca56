"""A class submits at once to `autograder watch`, which is killed three times: nobody is lost or passed over."""

import re
import subprocess
import sys
import time
from pathlib import Path

import nbformat
import pytest
from watched_course import DOUBLE, SHIFT, build, notebook, points

from autograder.grading.record import Statuses
from autograder.watch.attempts import AttemptStore
from autograder.watch.watcher import BATCH

STUDENTS = [f"student{number:02}" for number in range(40)]
AGAIN = 4  # that many submit a second time as soon as they are graded, and most others are not
KILLS = (6, 16, 28)  # when so many attempts are graded
LINE = re.compile(r"^(student\d+): ps1, attempt (\d): graded, (\d) points of tests$", re.MULTILINE)


def put(folder: Path, student: str, remark: str) -> None:
    """Submit as students do whose file appears at once; half of them have a wrong answer."""
    wrong = "def double(n):\n    return 5" if int(student[-2:]) % 2 else DOUBLE
    path = folder / "submitted" / student / "ps1" / "p1.ipynb"
    path.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(notebook(folder, double=f"{wrong}  # {student} {remark}", shift=SHIFT), path.with_suffix(".part"))
    path.with_suffix(".part").rename(path)


@pytest.mark.timeout(900)
def test_a_class_that_submits_at_once_is_graded_in_order_though_the_watcher_is_killed(tmp_path: Path) -> None:
    folder = build(tmp_path / "course")
    for student in STUDENTS:
        put(folder, student, "first")
        time.sleep(0.02)
    said, again = "", list[str]()
    for kill in (*KILLS, len(STUDENTS) + AGAIN):
        command = [sys.executable, "-m", "autograder", "watch", "ps1"]
        with subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, text=True) as watcher:
            while len(graded := graded_students(folder)) < kill:
                assert watcher.poll() is None
                if len(graded) >= AGAIN and not again:
                    again = graded[:AGAIN]
                    for student in again:
                        put(folder, student, "second")
                time.sleep(0.2)
            watcher.kill()
            said += watcher.communicate()[0]
    store, statuses = AttemptStore(folder), Statuses(folder)
    for student in STUDENTS:
        assert [one.graded for one in store.of("ps1", student)] == [True] * (2 if student in again else 1)
        assert statuses.get("ps1", student) is not None
        assert points(folder, student) == (2.0 if int(student[-2:]) % 2 else 4.0)
    lines = [(student, int(number)) for student, number, _ in LINE.findall(said)]
    assert len(lines) == len(set(lines))  # nobody is graded twice
    firsts = [student for student, number in lines if number == 1]
    arrived = {student: store.of("ps1", student)[0].arrived for student in STUDENTS}
    order = sorted(arrived, key=lambda student: arrived[student])
    for place, student in enumerate(firsts):  # those of a batch run side by side; a line may be lost in a kill
        assert abs(order.index(student) - place) <= BATCH + len(KILLS)
    assert {number for _, number in lines[: len(STUDENTS) - len(KILLS)]} == {1}  # second attempts come last


def graded_students(folder: Path) -> list[str]:
    """The student of each attempt that is graded."""
    paths = (folder / ".autograder" / "attempts").glob("*/*/*/attempt.json")
    return [path.parts[-3] for path in sorted(paths) if '"graded": true' in path.read_text()]
