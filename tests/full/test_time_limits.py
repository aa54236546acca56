"""How long cells may take: by the reference solution's own time; and when a notebook that took longer is run again."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import tiny_course
from attacks import Submission
from candidates import Start, needs_sandbox
from candidates import fork_servers as fork_servers
from candidates import starter as starter
from engines import add_config
from nbgrader.api import Gradebook
from nbgrader.coursedir import CourseDirectory
from traitlets.config import Config

from autograder.grading.job import Event, GradingJob, GradingRun
from autograder.grading.pipeline import Autograde, ProgressListener
from autograder.grading.rehearsal import cell_limits
from autograder.grading.settings import Grading
from autograder.notebooks.instructor import InstructorCell, Version
from autograder.sandbox.cpu_time import STARVED, _used
from autograder.sandbox.limits import Limits, kill_tree, tree

HANGS = "import time\ndef total(numbers):\n    print('called')\n    time.sleep(600)"
BUSY = "def total(numbers):\n    while True:\n        pass"


def job(took: dict[int, float], most: float = 60.0, **settings: Any) -> tuple[dict[int, float], dict[int, float]]:
    """The limits of a notebook with the cells `square` and `test_square`."""
    cells = (
        InstructorCell("square", "code", "", "", solution=True),
        InstructorCell("test_square", "code", "", "", grade=True, points=1.0),
    )
    made = GradingJob("", "ps1", "p1", {}, Version("ps1", "p1", cells), Limits(cell_seconds=most))
    return cell_limits(Grading(config=Config(Grading=settings)).applied(made), took)


@pytest.mark.parametrize(("took", "limit"), [(0.0, 10), (0.33, 10), (0.34, 20), (1.3, 40)])
def test_a_cell_may_take_a_multiple_of_the_references_time(took: float, limit: float) -> None:
    seconds, reference = job({1: took})
    assert seconds == {1: limit}
    assert reference[1] == pytest.approx(limit / 30)
    assert took <= reference[1]


@pytest.mark.parametrize("took", [1.5, 20.0])
def test_no_cell_may_take_longer_than_cell_seconds(took: float) -> None:
    assert job({1: took}) == ({}, {})
    assert job({1: 0.0}, most=5.0) == ({}, {})


def test_two_rehearsals_of_about_the_same_time_give_the_same_limits() -> None:
    assert job({0: 0.05, 1: 0.4}) == job({0: 0.21, 1: 0.6})


@pytest.mark.parametrize("name", ["test_square", "ps1/test_square"])
def test_the_instructor_says_how_long_a_cell_may_take(name: str) -> None:
    assert job({1: 0.0}, cell_seconds={name: 33}) == ({1: 33}, {})
    assert job({1: 0.0}, cell_seconds={name: 99}) == ({1: 60}, {})


def test_without_a_factor_every_cell_has_cell_seconds() -> None:
    assert job({0: 0.1, 1: 0.1}, reference_factor=0) == ({}, {})


def hog() -> "subprocess.Popen[bytes]":
    """A process that never rests; in a session of its own, as Linux may share a processor out among sessions first."""
    return subprocess.Popen([sys.executable, "-S", "-c", "while True: pass"], start_new_session=True)


@contextmanager
def contended(pid: int) -> Iterator[None]:
    """Within, a process and all below it share one processor with four others that never rest."""
    processor = min(os.sched_getaffinity(0))
    hogs = [hog() for _ in range(4)]
    try:
        for process in [*tree(pid), *(process for one in hogs for process in tree(one.pid))]:
            for thread in process.threads():
                os.sched_setaffinity(thread.id, {processor})
        yield
    finally:
        for one in hogs:
            one.kill()
            one.wait()


def test_the_time_of_what_a_process_has_started_counts() -> None:
    busy = f"import subprocess, sys\nsubprocess.run([sys.executable, '-S', '-c', {'while True: pass'!r}])"
    with subprocess.Popen([sys.executable, "-c", busy], start_new_session=True) as process:
        try:
            ends = time.monotonic() + 60
            while _used(process.pid) < 1:
                assert time.monotonic() < ends
                time.sleep(0.1)
        finally:
            kill_tree(process.pid)


@needs_sandbox
def test_a_cell_that_sleeps_is_to_blame_itself(start: Start) -> None:
    """At most three times: with other work, a machine may well not let it run in one of these spans of two seconds."""
    starved = []
    while not starved or (starved[-1] >= STARVED and len(starved) < 3):
        candidate = start(cell_seconds=2)
        assert not candidate.run("import time\ntime.sleep(60)").ok
        starved.append(candidate.starved)
    assert starved[-1] < STARVED, starved


@needs_sandbox
def test_a_cell_that_the_machine_did_not_let_run_is_not_to_blame(start: Start) -> None:
    candidate = start(cell_seconds=2)
    with contended(candidate._process.pid):
        assert not candidate.run("while True: pass").ok
    assert candidate.starved >= STARVED


@needs_sandbox
def test_a_notebook_that_the_machine_did_not_let_run_is_not_to_blame(start: Start) -> None:
    candidate = start(total_seconds=3)
    with contended(candidate._process.pid):
        candidate.run("while True: pass")
    assert candidate.ended is not None
    assert candidate.ended.limit == "total time"
    assert candidate.starved >= STARVED


@needs_sandbox
def test_a_notebook_that_the_machine_never_lets_run_is_not_graded(tmp_path: Path) -> None:
    never_ending_class(tmp_path, BUSY)
    subprocess.run([sys.executable, "-m", "autograder", "rehearse", "numbers"], cwd=tmp_path, check=True)
    processor = min(os.sched_getaffinity(0))
    hogs = [hog() for _ in range(8)]
    try:
        for one in hogs:
            os.sched_setaffinity(one.pid, {processor})
        done = subprocess.run(
            [sys.executable, "-m", "autograder", "grade", "numbers"],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            preexec_fn=lambda: os.sched_setaffinity(0, {processor}),
        )
    finally:
        for one in hogs:
            one.kill()
            one.wait()
    assert done.returncode == 1, done.stdout + done.stderr
    assert "so busy with other work" in done.stdout + done.stderr
    with Gradebook(f"sqlite:///{tmp_path / 'gradebook.db'}") as gradebook:
        assert gradebook.assignment_submissions("numbers") == []


def never_ending_class(folder: Path, answer: str) -> None:
    """A course in which ada's `answer` never returns."""
    tiny_course.build(folder)
    notebook = tiny_course.released(folder, "numbers")
    tiny_course.solve(notebook, "numbers")
    submission = Submission(notebook, folder / "submitted" / "ada" / "numbers", folder, folder, 0)
    submission.code(answer)
    submission.write()
    add_config(folder, "c.Grading.reference_min_seconds = 1")


@dataclass
class Graded(ProgressListener):
    """What came of the class: one whose function hangs."""

    events: list[str] = field(default_factory=list)
    status: Any = None
    run: GradingRun = field(default_factory=GradingRun)
    limits: dict[int, float] = field(default_factory=dict)
    seconds: float = 0.0

    def event(self, event: Event) -> None:
        if not event.student.startswith("("):
            self.events.append(event.what)

    def finished(self, submission: Any, status: Any) -> None:
        work = submission.works[0]
        assert work.outcome is not None
        self.status, self.run = work.outcome, work.outcome.run
        self.limits = work.job.seconds


@pytest.fixture(scope="module")
def hanging(tmp_path_factory: pytest.TempPathFactory) -> Graded:
    folder = tmp_path_factory.mktemp("hanging")
    never_ending_class(folder, HANGS)
    place = {"root": str(folder), "assignment_id": "numbers", "db_url": f"sqlite:///{folder / 'gradebook.db'}"}
    config = Config(CourseDirectory=place, Grading={"reference_min_seconds": 4})
    converter = Autograde(coursedir=CourseDirectory(config=config), config=config)
    graded = Graded()
    converter.watcher = graded
    began = time.monotonic()
    converter.start()
    graded.seconds = time.monotonic() - began
    return graded


@needs_sandbox
def test_a_function_that_hangs_costs_its_own_tests_alone(hanging: Graded) -> None:
    scores = hanging.status.scores
    assert scores == {"test_total": 0, "test_fibonacci": 3, "test_twice": 3, "test_report": 2}
    assert hanging.status.limit == "cell time"


@needs_sandbox
def test_a_function_that_hangs_is_not_run_again(hanging: Graded) -> None:
    assert hanging.events.count("test_total") == 1
    assert not any("again" in what for what in hanging.events)


@needs_sandbox
def test_the_student_is_told_the_limit_and_the_references_time(hanging: Graded) -> None:
    [error] = [output for cell in hanging.status.outputs for output in cell if output.get("ename") == "CellTimeLimit"]
    test = next(most for key, most in hanging.run.cell_limits.items() if key == "test_total")
    assert f"{test:g} s" in error["evalue"]
    assert f"the reference solution takes less than {test / 30:.2g} s" in error["evalue"]


@needs_sandbox
def test_the_record_has_the_limits_and_the_times(hanging: Graded) -> None:
    assert hanging.run.cell_limits["test_total"] < 60
    assert hanging.run.cell_limits.keys() >= {"total", "test_total", "test_report"}
    assert hanging.limits
    assert max(hanging.status.seconds.values()) >= hanging.run.cell_limits["test_total"]
