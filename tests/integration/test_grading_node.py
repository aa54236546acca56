"""A node: what it is given and what it gives are bytes, whichever thread brings them; what it started ends with it."""

import hashlib
import threading
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import psutil
import pytest

from autograder.common.serialization import dump, load
from autograder.grading.job import Event, GradingJob, Outcome, Status
from autograder.grading.node import Node
from autograder.grading.order import Equipment, ExaminerSettings, OrderHead
from autograder.grading.rehearsal import reference_job
from autograder.kernel.kernelspec import Kernel
from autograder.notebooks.instructor import InstructorCell, Version
from autograder.sandbox.bubblewrap import check

SANDBOXED = check() is None
EQUIPMENT = Equipment((ExaminerSettings(Kernel().abroad, ()),), SANDBOXED)
SLOW = "import time\nprint('it runs')\ntime.sleep(600)"


def job(answer: str = "value = 3", test: str = "assert value == 3", **more: Any) -> GradingJob:
    """The job of a student's `answer`."""
    cells = (
        InstructorCell("answer", "code", answer, "", solution=True),
        InstructorCell("test", "code", test, test, grade=True, locked=True, points=2.0),
    )
    made = reference_job(GradingJob("ada", "ps1", "p1", {}, Version("ps1", "p1", cells), sandboxed=SANDBOXED, **more))
    return replace(made, student="ada")


def order(made: GradingJob, equipment: Equipment = EQUIPMENT) -> bytes:
    return f"{dump(OrderHead(equipment, made.student, 0))}\n{dump(replace(made, kernel=made.kernel.abroad))}".encode()


def by_a_thread(node: Node, asked: bytes, contents: Mapping[str, str | bytes] = {}) -> Outcome:
    """What a thread gets that ends afterwards."""
    with ThreadPoolExecutor(1) as thread:
        return load(thread.submit(node.grade, asked, contents).result(), Outcome)


@pytest.fixture
def node() -> Iterator[Node]:
    with closing(Node()) as made:
        yield made


def test_what_one_thread_had_started_serves_the_next(node: Node) -> None:
    events: list[bytes] = []
    node.open(events.append)
    before = set(psutil.Process().children())
    assert [by_a_thread(node, order(job())).scores for _ in range(2)] == [{"test": 2.0}] * 2
    assert {load(event, Event).what for event in events} == {"running", "test"}
    started = set(psutil.Process().children()) - before
    assert by_a_thread(node, order(job("value = 4"))).scores == {"test": 0.0}
    assert set(psutil.Process().children()) - before == started
    node.close()
    assert set(psutil.Process().children()) <= before


def test_other_equipment_takes_the_place_of_the_last(node: Node) -> None:
    node.open(lambda _: None)
    test = "import os\nassert value == os.environ['SETTING']"
    for setting in ("first", "second"):
        equipment = replace(EQUIPMENT, variables={"SETTING": setting})
        asked = job(f"value = {setting!r}", test, variables={"SETTING": setting})
        assert by_a_thread(node, order(asked, equipment)).scores == {"test": 2.0}


def test_stopping_it_ends_what_runs_and_it_takes_nothing_until_it_is_opened_again(node: Node) -> None:
    runs = threading.Event()
    node.open(lambda _: runs.set())
    with ThreadPoolExecutor(1) as thread:
        running = thread.submit(node.grade, order(job(SLOW)), {})
        assert runs.wait(60)
        began = time.monotonic()
        node.stop()
        assert load(running.result(), Outcome).status == Status.FAULT
        assert time.monotonic() - began < 10
    assert by_a_thread(node, order(job())).status == Status.FAULT
    node.open(lambda _: None)
    assert by_a_thread(node, order(job())).scores == {"test": 2.0}


def test_a_worker_that_dies_costs_its_own_job_alone(node: Node) -> None:
    runs = threading.Event()
    node.open(lambda _: runs.set())
    with ThreadPoolExecutor(1) as thread:
        running = thread.submit(node.grade, order(job(SLOW)), {})
        assert runs.wait(60)
        workers = [one for one in psutil.Process().children() if "autograder.grading.worker" in one.cmdline()]
        workers[-1].kill()
        outcome = load(running.result(), Outcome)
    assert (outcome.status, outcome.message) == (Status.FAULT, "a worker died (exit code -9)")
    assert by_a_thread(node, order(job())).scores == {"test": 2.0}


@pytest.mark.parametrize("asked", [b"", b"{}\n{}", b"\xff\n{}", order(job()).partition(b"\n")[0]], ids=range(4))
def test_what_is_no_order_is_a_fault(node: Node, asked: bytes) -> None:
    node.open(lambda _: None)
    assert load(node.grade(asked, {}), Outcome).status == Status.FAULT


READS = "assert (value, open('data.csv').read()) == ('mine', 'given')"


@pytest.mark.parametrize("as_bytes", [True, False])
def test_a_jobs_files_come_as_bytes_or_are_here(node: Node, tmp_path: Path, as_bytes: bool) -> None:
    texts = {"own.txt": "mine", "data.csv": "given"}
    digests = {name: hashlib.sha256(text.encode()).hexdigest() for name, text in texts.items()}
    contents: dict[str, str | bytes] = {}
    for name, text in texts.items():
        (tmp_path / name).write_text(text)
        contents[digests[name]] = text.encode() if as_bytes else str(tmp_path / name)
    made = job("value = open('own.txt').read()", READS)
    named = replace(made, files={"own.txt": digests["own.txt"]}, given={"data.csv": digests["data.csv"]})
    node.open(lambda _: None)
    assert by_a_thread(node, order(named), contents).scores == {"test": 2.0}


def test_a_file_of_other_content_or_none_is_a_fault(node: Node) -> None:
    node.open(lambda _: None)
    digest = hashlib.sha256(b"given").hexdigest()
    asked = order(replace(job(), given={"data.csv": digest}))
    assert digest in by_a_thread(node, asked, {digest: b"forged"}).message
    assert by_a_thread(node, asked, {}).status == Status.FAULT
    assert by_a_thread(node, asked, {digest: b"given"}).scores == {"test": 2.0}
