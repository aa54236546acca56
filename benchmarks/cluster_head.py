"""Where the head of a cluster becomes its limit: `python benchmarks/cluster_head.py`.

`autograder grade --cluster` on 500 slots is simulated for 10,000 submissions of `foundations`. The scheduler, Dask's
workers, what crosses, and all that runs at the head are real; only, nodes sleep instead of grading, and then give the
outcome and the events of the reference solution, which is graded first, as long as that took (`--seconds` sets another
time). The slots are in a few worker processes. So one machine shows what its head could do for a cluster of many.

    dispatch    orders and outcomes alone (`Dispatcher` and `ClusterBackend`, as they are)
    write       `autograder grade --force` without a cluster of submissions whose outcomes are stored: reading them,
                and writing grades (the class is that of benchmarks/grading.py)

CPU seconds are printed: those of wall time mean nothing where other work runs on the machine.
"""

import argparse
import os
import re
import resource
import shutil
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import grading
import psutil
from distributed import Client
from grading import run
from nbgrader.coursedir import CourseDirectory
from traitlets.config import Config

from autograder.common.serialization import dump, load
from autograder.grading import cluster_node
from autograder.grading.backend import LocalBackend
from autograder.grading.cluster import ClusterBackend
from autograder.grading.dispatcher import Dispatcher
from autograder.grading.job import Event, GradingJob, Status
from autograder.grading.order import OrderHead
from autograder.grading.rehearsal import reference_job
from autograder.notebooks.instructor_version import read_version
from autograder.sandbox.limits import Limits
from autograder.training.settings import ServerSettings, Trainer

ROOT = Path(__file__).resolve().parents[1]
MEASURED = "AUTOGRADER_MEASURED"  # the variable with the path of the file that nodes read
STUDENT = re.compile(rb'"student": "([^"]*)"')
PARTS = 10  # into which progress is divided


@dataclass(frozen=True)
class Measured:
    """What was measured of one notebook: its outcome, and its events with the seconds before each."""

    outcome: str
    events: list[tuple[float, str]]
    seconds: float


class SleepingNode(cluster_node.ClusterNode):
    """Grades nothing, and takes as long."""

    def _graded(self, head: OrderHead, job: bytes, places: dict[str, str]) -> bytes:
        measured = _measured()
        student = STUDENT.search(job)
        assert student is not None
        began = time.monotonic()
        for seconds, event in measured.events:
            time.sleep(max(0.0, began + seconds - time.monotonic()))
            if self._report is not None:
                self._report(STUDENT.sub(b'"student": "%s"' % student[1], event.encode()))
        time.sleep(max(0.0, began + measured.seconds - time.monotonic()))
        return measured.outcome.encode()


def _measured(found: list[Measured] = []) -> Measured:  # noqa: B006  read once
    if not found:
        found.append(load(Path(os.environ[MEASURED]).read_bytes(), Measured))
    return found[0]


def dask_setup(worker: Any) -> None:
    """This file is Dask's `--preload`: in a worker's process, nodes are such."""
    cluster_node.ClusterNode = SleepingNode  # type: ignore[misc]


def course(folder: Path) -> None:
    """A course with `foundations`."""
    for kind in ("source", "release"):
        shutil.copytree(ROOT / kind / "foundations", folder / kind / "foundations")
    shutil.copy(ROOT / "nbgrader_config.py", folder)
    run(["nbgrader", "generate_assignment", "foundations", "--force"], folder)


def job_of(folder: Path) -> GradingJob:
    """The job of grading the reference solution."""
    coursedir = CourseDirectory(root=str(folder))
    version = read_version(coursedir, "foundations", "foundations", Config())
    limits = Limits(cell_seconds=1800, total_seconds=5400)
    return reference_job(GradingJob("", "foundations", "foundations", {}, version, limits))


def measure(job: GradingJob, trainer: ServerSettings) -> Measured:
    """Grade the job on this machine, the second time, when what it needs is running."""
    with closing(LocalBackend(Limits(), 1)) as backend:
        for _ in range(2):
            events: list[tuple[float, str]] = []
            began = time.monotonic()

            def heard(event: Any, events: list[tuple[float, str]] = events, began: float = began) -> None:
                if isinstance(event, Event):
                    events.append((time.monotonic() - began, dump(event)))

            with closing(Dispatcher(backend, trainer, heard).run([job])) as graded:
                ((_, outcome),) = graded
    if outcome.status != Status.GRADED:
        sys.exit(f"The reference solution was not graded: {outcome.message}")
    return Measured(dump(outcome), events, time.monotonic() - began)


@contextmanager
def cluster(slots: int, processes: int, folder: Path) -> Iterator[tuple[str, list[psutil.Process]]]:
    """Within, a scheduler and so many worker processes are there: its address, and the processes, it first."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port = sock.getsockname()[1]
    address = f"tcp://127.0.0.1:{port}"
    started: list[subprocess.Popen[bytes]] = []
    with open(folder / "dask.log", "ab") as log:

        def start(*words: str) -> None:
            command = [sys.executable, "-m", f"distributed.cli.{words[0]}", *words[1:]]
            started.append(subprocess.Popen(command, cwd=folder, stdout=log, stderr=log, start_new_session=True))

        try:
            start("dask_scheduler", "--host", "127.0.0.1", "--port", str(port), "--no-dashboard")
            for number in range(processes):
                own = slots * (number + 1) // processes - slots * number // processes
                more = ("--nthreads", str(own), "--no-nanny", "--no-dashboard", "--memory-limit", "0")
                more += ("--local-directory", str(folder / f"worker-{number}"), "--preload", __file__)
                start("dask_worker", address, *more, "--resources", f"notebook={own}")
            with Client(address, timeout=60) as client:
                client.wait_for_workers(processes, timeout=300)
            yield address, [psutil.Process(process.pid) for process in started]
        finally:
            for process in reversed(started):
                process.kill()
                process.wait()


def cpu(process: psutil.Process) -> float:
    """CPU seconds of a process."""
    return sum(process.cpu_times()[:2])


class Counter:
    """Events that were heard."""

    def __init__(self) -> None:
        """None yet."""
        self.count = 0

    def __call__(self, event: Any) -> None:
        """One more."""
        self.count += isinstance(event, Event)


def dispatch(folder: Path, submissions: int, slots: int, processes: int, seconds: float) -> None:
    """Simulate a cluster, and print what its head took."""
    course(folder)
    trainer = Trainer().server_settings(folder / "trainings", sandboxed=True)
    job = job_of(folder)
    measured = measure(job, trainer)
    if seconds:
        events = [(at * seconds / measured.seconds, event) for at, event in measured.events]
        measured = replace(measured, events=events, seconds=seconds)
    (folder / "measured.json").write_text(dump(measured))
    os.environ[MEASURED] = str(folder / "measured.json")
    ideal = submissions * measured.seconds / slots
    print(
        f"{submissions:,} submissions of {measured.seconds:.1f} s, {len(measured.events)} events, and "
        f"{len(measured.outcome):,} bytes of outcome each; {slots} slots: {ideal:.0f} s if the head took no time"
    )
    jobs = [replace(job, student=f"student{number:05}") for number in range(submissions)]
    heard, me = Counter(), psutil.Process()
    with (
        cluster(slots, processes, folder) as (address, (scheduler, *workers)),
        closing(ClusterBackend(address, Limits(), trainer, sandboxed=True, say=print)) as backend,
        backend.executor(lambda _: None),
    ):
        while backend.capacity() < slots:
            time.sleep(0.1)
        began, before = time.monotonic(), [cpu(one) for one in (me, scheduler, *workers)]
        last, done = time.monotonic(), 0
        with closing(Dispatcher(backend, trainer, heard).run(jobs)) as run_:
            for _, outcome in run_:
                if outcome.status != Status.GRADED:
                    sys.exit(f"A fault: {outcome.message}")
                done += 1
                if done % max(1, submissions // PARTS) == 0:
                    now = time.monotonic()
                    took = [cpu(one) - was for one, was in zip((me, scheduler, *workers), before, strict=True)]
                    rate = submissions // PARTS / (now - last)
                    print(
                        f"{done:6}: {rate:5.1f} a second; ms of CPU each: {1000 * took[0] / done:.1f} head, "
                        f"{1000 * took[1] / done:.1f} scheduler, {1000 * sum(took[2:]) / done:.1f} workers; "
                        f"memory: {me.memory_info().rss >> 20} MiB head, {scheduler.memory_info().rss >> 20} scheduler",
                        flush=True,
                    )
                    last = now
        print(f"{time.monotonic() - began:.0f} s; {heard.count:,} events came to the head")


def used() -> float:
    """CPU seconds of this process's commands that have ended."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def fill(database: Path, like: str, count: int) -> None:
    """Give a gradebook so many more submissions, each with the rows of a student's one."""
    with closing(sqlite3.connect(database)) as db, db:
        db.row_factory = sqlite3.Row

        def rows(table: str, column: str, value: str) -> list[dict[str, Any]]:
            return [dict(row) for row in db.execute(f"SELECT * FROM {table} WHERE {column} = ?", (value,))]

        def put(table: str, row: dict[str, Any], **changed: str) -> str:
            row = {**row, "id": uuid.uuid4().hex, **changed}
            db.execute(f"INSERT INTO {table} ({', '.join(row)}) VALUES ({', '.join('?' * len(row))})", [*row.values()])
            return str(row["id"])

        (student,) = rows("student", "id", like)
        (submission,) = rows("submitted_assignment", "student_id", like)
        (notebook,) = rows("submitted_notebook", "assignment_id", submission["id"])
        parts = {table: rows(table, "notebook_id", notebook["id"]) for table in ("grade", "comment")}
        for number in range(count):
            other = put("student", student, id=f"earlier{number:05}")
            made = put("submitted_assignment", submission, student_id=other)
            made = put("submitted_notebook", notebook, assignment_id=made)
            for table, of_cells in parts.items():
                for row in of_cells:
                    put(table, row, notebook_id=made)


def write(folder: Path, submissions: int, earlier: int) -> None:
    """Print what reading and writing takes."""
    grading.course(folder, submissions)
    run(["autograder", "grade", "ps1"], folder)
    fill(folder / "gradebook.db", "student00", earlier)
    again = ["autograder", "grade", "ps1", "--force"]
    before = used()
    run([*again, "--student=student00"], folder)
    one, before = used() - before, used()
    run(again, folder)
    each = (used() - before - one) / (submissions - 1)
    print(
        f"{1000 * each:.0f} ms of CPU for each submission that is read and written, after the first "
        f"({submissions} of 8 exercises, {earlier:,} others in the gradebook)"
    )


def main() -> None:
    """Measure, and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("part", choices=["dispatch", "write"])
    parser.add_argument("--submissions", type=int, help="10,000, and 40 to write")
    parser.add_argument("--earlier", type=int, default=0, help="submissions that the gradebook has already, to write")
    parser.add_argument("--slots", type=int, default=500)
    parser.add_argument("--processes", type=int, default=4, help="of Dask's, that have the slots")
    parser.add_argument("--seconds", type=float, default=0.0, help="that a notebook takes (0: as measured)")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        if given.part == "write":
            write(folder, given.submissions or 40, given.earlier)
        else:
            dispatch(folder, given.submissions or 10_000, given.slots, given.processes, given.seconds)


if __name__ == "__main__":
    main()
