"""What is submitted to an executor, and what becomes of what comes back: tried again, alone, or somebody's fault."""

import hashlib
import json
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError, Executor, Future
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from autograder.common.serialization import dump, load
from autograder.grading.backend import Backend, BackendError, BackendLost
from autograder.grading.dispatcher import LOSSES, PATIENCE, Dispatcher
from autograder.grading.job import Event, GradingJob, Outcome, Status
from autograder.grading.order import OrderHead
from autograder.notebooks.instructor import InstructorCell, Version
from autograder.sandbox.limits import LimitKind, Limits
from autograder.training.settings import ServerSettings, Trainer, TrainerSettings, WeightsPolicy
from autograder.training.training_record import TrainerStatus

TRAINER = ServerSettings("cache", 1, 1, 1, 1, 1, sandboxed=True)
GRADED = Outcome(Status.GRADED, scores={"test": 1.0})
FAULT = Outcome(Status.FAULT, "the disk is full")
BUSY = Outcome(Status.GRADED, scores={"test": 0.0}, starved=0.5, limit=LimitKind.CELL_TIME)
STARVED = replace(BUSY, starved=0.9)
Answer = Outcome | bytes | BaseException


@dataclass
class Submitted(Executor):
    """An executor, as any engine's, that gives each student's answers in turn, once there is nothing more to submit."""

    answers: dict[str, list[Answer]]
    report: Callable[[bytes], None]
    orders: list[tuple[OrderHead, GradingJob, int]] = field(default_factory=list)
    contents: list[dict[str, Any]] = field(default_factory=list)
    waiting: list[tuple[Future[bytes], str]] = field(default_factory=list)
    futures: list[Future[bytes]] = field(default_factory=list)
    most: int = 0  # at once

    def submit(self, task: Callable[..., bytes], /, *arguments: Any, **_: Any) -> Future[bytes]:  # type: ignore[override]
        _, order, contents, attempt = arguments
        head, job = order.split(b"\n")
        self.orders.append((load(head, OrderHead), load(job, GradingJob), attempt))
        self.contents.append(contents)
        future: Future[bytes] = Future()
        self.futures.append(future)
        self.waiting.append((future, self.orders[-1][1].student))
        self.most = max(self.most, len(self.waiting))
        return future

    def answer(self) -> None:
        future, student = self.waiting.pop(0)
        answer = self.answers[student].pop(0)
        self.report(dump(Event(student, "p1", "running", 0, 1)).encode())
        if isinstance(answer, BaseException):
            future.set_exception(answer)
        else:
            future.set_result(answer if isinstance(answer, bytes) else dump(answer).encode())


class Engine:
    """A backend whose tasks are answered when the dispatcher asks how trainings stand, as it does before it waits."""

    session = "session"
    shares_home = True

    def __init__(self, room: int, **answers: list[Answer]) -> None:
        self.room, self.answers = room, answers
        self.passes: list[Submitted] = []
        self.alone: list[bool] = []  # how each pass was asked for
        self.left = 0
        self.expected: list[int] = []

    @contextmanager
    def executor(self, report: Callable[[bytes], None], *, alone: bool = False) -> Iterator[Executor]:
        self.passes.append(Submitted(self.answers, report))
        self.alone.append(alone)
        try:
            yield self.passes[-1]
        finally:
            self.left += 1

    def content(self, digest: str, path: str) -> Any:
        return Path(path).read_bytes()

    def capacity(self) -> int:
        return 1 if self.alone[-1] else self.room

    def expect(self, notebooks: int) -> None:
        self.expected.append(notebooks)

    def trainings(self) -> TrainerStatus | None:
        if self.passes[-1].waiting:
            self.passes[-1].answer()
        return None

    def close(self) -> None:
        pass


def job(student: str, source: str = "", **more: Any) -> GradingJob:
    version = Version("ps1", "p1", (InstructorCell("test", "code", source, source, grade=True, points=1.0),))
    return GradingJob(student, "ps1", "p1", {}, version, **{"limits": Limits(cell_seconds=8), **more})


def graded(engine: Backend, *jobs: GradingJob) -> tuple[list[tuple[str, Outcome]], list[Event | TrainerStatus]]:
    """The outcomes, by student, in their order; and what was heard."""
    heard: list[Event | TrainerStatus] = []
    found = Dispatcher(engine, TRAINER, heard.append).run(jobs)
    return [(one.student, outcome) for one, outcome in found], heard


def test_each_job_is_a_task_of_its_own_in_bytes_and_there_are_no_more_at_once_than_there_is_room() -> None:
    engine = Engine(2, ada=[GRADED], bob=[GRADED], eve=[GRADED])
    found, heard = graded(engine, job("ada"), job("bob"), job("eve"))
    assert sorted(found, key=lambda pair: pair[0]) == [("ada", GRADED), ("bob", GRADED), ("eve", GRADED)]
    assert [sent.student for _, sent, _ in engine.passes[0].orders] == ["ada", "bob", "eve"]
    assert engine.passes[0].most == 2
    assert list(dict.fromkeys(engine.expected)) == [3, 2, 1]
    assert [event.student for event in heard if isinstance(event, Event)] == ["ada", "bob", "eve"]


def test_the_next_job_runs_while_what_came_of_one_is_written() -> None:
    engine = Engine(1, ada=[GRADED], bob=[GRADED])
    run = Dispatcher(engine, TRAINER, lambda _: None).run([job("ada"), job("bob")])
    next(run)
    assert [sent.student for _, sent, _ in engine.passes[0].orders] == ["ada", "bob"]


LOST = [RuntimeError("the node is gone"), CancelledError(), FAULT, b"no outcome", b'{"status": "graded", "scores": 3}']


@pytest.mark.parametrize("lost", LOST, ids=lambda lost: type(lost).__name__)
def test_what_is_lost_or_a_fault_is_tried_once_more(lost: Answer) -> None:
    engine = Engine(1, ada=[lost, GRADED], bob=[GRADED])
    found, _ = graded(engine, job("ada"), job("bob"))
    assert dict(found) == {"ada": GRADED, "bob": GRADED}
    attempts = [(sent.student, attempt) for _, sent, attempt in engine.passes[0].orders]
    assert attempts == [("ada", 1), ("ada", 2), ("bob", 1)]


@pytest.mark.parametrize("lost", LOST, ids=lambda lost: type(lost).__name__)
def test_what_is_lost_or_a_fault_twice_is_nobodys_zero(lost: Answer) -> None:
    found, _ = graded(Engine(1, ada=[lost, lost], bob=[GRADED]), job("ada"), job("bob"))
    assert {student: outcome.status for student, outcome in found} == {"ada": Status.FAULT, "bob": Status.GRADED}
    assert dict(found)["ada"].message
    assert dict(found)["ada"].scores == {}


def test_what_breaks_the_examiner_each_time_needs_a_person() -> None:
    broke = replace(FAULT, broke_examiner=True)
    assert graded(Engine(1, ada=[broke, broke]), job("ada"))[0][0][1].status == Status.NEEDS_PERSON
    assert graded(Engine(1, ada=[broke, GRADED]), job("ada"))[0] == [("ada", GRADED)]


def test_what_the_machine_kept_from_running_is_graded_again_alone_and_after_all_others() -> None:
    engine = Engine(3, ada=[BUSY, GRADED], bob=[BUSY, BUSY], eve=[GRADED])
    jobs = [job(student, seconds={0: 2.0}) for student in ("ada", "bob", "eve")]
    found, heard = graded(engine, *jobs)
    assert found == [("eve", GRADED), ("ada", GRADED), ("bob", BUSY)]  # it had its time, now
    first, alone = engine.passes
    assert (first.most, alone.most) == (3, 1)
    assert engine.alone == [False, True]
    for _, sent, _ in alone.orders:
        assert (sent.limits.cell_seconds, sent.seconds) == (8 * PATIENCE, {0: 2.0 * PATIENCE})
    assert [event.what for event in heard if isinstance(event, Event) and "again" in event.what] == [
        "again later, alone (cell time)"
    ] * 2


def test_what_the_machine_never_lets_run_is_not_graded() -> None:
    memory = replace(STARVED, starved=1.0, limit=LimitKind.MEMORY)
    found, _ = graded(Engine(1, ada=[STARVED, STARVED], bob=[memory, memory]), job("ada"), job("bob"))
    said = {student: outcome.message for student, outcome in found if outcome.status == Status.FAULT}
    assert "busy" in said["ada"]
    assert "memory" in said["bob"]


def test_an_event_that_is_none_costs_nothing() -> None:
    engine = Engine(1, ada=[GRADED])
    heard: list[Event | TrainerStatus] = []
    run = Dispatcher(engine, TRAINER, heard.append).run([job("ada")])
    engine.trainings = lambda: engine.passes[0].report(b"none") or Engine.trainings(engine)  # type: ignore[method-assign,func-returns-value]
    assert [outcome for _, outcome in run] == [GRADED]
    assert len(heard) == 1


def test_closing_the_iterator_ends_what_runs() -> None:
    engine = Engine(2, ada=[GRADED], bob=[GRADED])
    run = Dispatcher(engine, TRAINER, lambda _: None).run([job("ada"), job("bob")])
    next(run)
    assert engine.left == 0
    run.close()
    assert engine.left == 1


class Interrupted(Engine):
    """A backend for which somebody presses Ctrl-C while it ends what it started."""

    @contextmanager
    def executor(self, report: Callable[[bytes], None], *, alone: bool = False) -> Iterator[Executor]:
        with super().executor(report, alone=alone) as executor:
            try:
                yield executor
            finally:
                raise KeyboardInterrupt


def test_an_interrupt_while_the_last_jobs_executor_ends_is_not_lost() -> None:
    run = Dispatcher(Interrupted(1, ada=[GRADED]), TRAINER, lambda _: None).run([job("ada")])
    assert next(run)[1] == GRADED
    with pytest.raises(KeyboardInterrupt):
        next(run)


class Unsteady(Engine):
    """A backend whose machines are lost when a task of theirs answers so, and found again by `executor`."""

    def capacity(self) -> int:
        if self.lost():
            raise BackendLost("the scheduler was lost")
        return self.room

    def lost(self) -> bool:
        return any(future.done() and isinstance(future.exception(), CancelledError) for future in self.futures())

    def futures(self) -> list[Future[bytes]]:
        return self.passes[-1].futures if self.passes else []


def test_what_ran_when_the_machines_were_lost_is_run_again_however_often_and_is_no_jobs_fault() -> None:
    lost = CancelledError()
    engine = Unsteady(2, ada=[GRADED], bob=[lost, lost, lost, GRADED], eve=[GRADED, GRADED])
    found, _ = graded(engine, job("ada"), job("bob"), job("eve"))
    assert dict(found) == {"ada": GRADED, "bob": GRADED, "eve": GRADED}
    assert {attempt for one in engine.passes for _, _, attempt in one.orders} == {1}
    assert engine.left == len(engine.passes) == 4


def test_machines_that_are_lost_again_and_again_end_the_run() -> None:
    engine = Unsteady(2, ada=[GRADED], bob=[CancelledError()] * 100, eve=[GRADED] * 100)
    run = Dispatcher(engine, TRAINER, lambda _: None).run([job("bob"), job("ada"), job("eve")])
    with pytest.raises(BackendError, match=f"lost, {LOSSES} times"):
        list(run)
    assert engine.left == LOSSES


def test_what_is_submitted_just_when_the_machines_are_lost_is_no_jobs_fault() -> None:
    engine = Unsteady(1, ada=[GRADED], bob=[GRADED])
    gone = [True]

    def content(digest: str, path: str) -> Any:
        if gone.pop() if gone else False:
            engine.lost = lambda: len(engine.passes) == 1  # type: ignore[method-assign]
            raise RuntimeError("closed")
        return b""

    engine.content = content  # type: ignore[method-assign]
    given = {"here": __file__}
    found, _ = graded(engine, job("ada", given=given), job("bob", given=given))
    assert sorted(found, key=lambda pair: pair[0]) == [("ada", GRADED), ("bob", GRADED)]
    assert engine.left == 2


def test_a_backend_that_has_nothing_ends_the_run_and_is_no_jobs_fault() -> None:
    engine = Engine(1, ada=[GRADED], bob=[CancelledError()])
    run = Dispatcher(engine, TRAINER, lambda _: None).run([job("ada"), job("bob"), job("eve")])
    assert next(run)[1] == GRADED

    def capacity() -> int:
        raise BackendError("the scheduler was lost")

    engine.capacity = capacity  # type: ignore[method-assign]
    with pytest.raises(BackendError, match="lost"):
        next(run)
    assert engine.left == 1


def test_what_is_done_when_the_backend_ends_is_not_lost() -> None:
    engine = Engine(2, ada=[GRADED], bob=[GRADED])

    def capacity() -> int:
        if any(future.done() for future in engine.passes[-1].futures):
            raise BackendError("the scheduler was lost")
        return 2

    engine.capacity = capacity  # type: ignore[method-assign]
    run = Dispatcher(engine, TRAINER, lambda _: None).run([job("ada"), job("bob"), job("eve")])
    found = [next(run)[0].student]
    with pytest.raises(BackendError, match="lost"):
        found += [one.student for one, _ in run]
    assert found == ["ada"]


def test_an_order_has_the_job_and_what_all_jobs_of_the_run_need_of_a_node_and_no_other_submission() -> None:
    trains = TrainerSettings(0, Trainer().budget(), WeightsPolicy.FLAG, "")
    one = replace(job("ada", "import numpy"), mended={"cells": ["ADAS"]})
    other = replace(job("bob", "import keras", trainer=trains), notebook="p2", mended={"cells": ["BOBS"]})
    engine = Engine(2, ada=[GRADED], bob=[GRADED])
    graded(engine, one, other)
    (ada, _, _), (bob, _, _) = engine.passes[0].orders
    assert ada == replace(bob, student="ada")
    assert ada.equipment.trainer == TRAINER
    [examiner] = ada.equipment.examiners
    assert examiner.modules == ("keras", "numpy")
    sent = json.loads(dump(engine.passes[0].orders[0][1]))
    assert sent["mended"] == {"cells": ["ADAS"]}
    assert "BOBS" not in json.dumps(sent)


def test_no_trainer_is_asked_for_where_nothing_trains() -> None:
    trains = TrainerSettings(0, Trainer().budget(), WeightsPolicy.FLAG, "")
    engine = Engine(1, ada=[GRADED], bob=[GRADED])
    graded(engine, job("ada", "import numpy", trainer=trains), job("bob", "import numpy"))
    assert engine.passes[0].orders[0][0].equipment.trainer is None


def test_a_jobs_files_go_beside_it_by_digest_and_no_path_of_this_machine_goes(tmp_path: Path) -> None:
    for name in ("own", "given"):
        (tmp_path / name).write_text(name)
    engine = Engine(1, ada=[GRADED], bob=[GRADED])
    given = {"data.csv": str(tmp_path / "given")}
    graded(engine, replace(job("ada", files={"own.txt": str(tmp_path / "own")}), given=given), job("bob"))
    digests = [hashlib.sha256(text).hexdigest() for text in (b"own", b"given")]
    (ours, others), (sent, _) = engine.passes[0].contents, (sent for _, sent, _ in engine.passes[0].orders)
    assert (ours, others) == (dict(zip(digests, (b"own", b"given"), strict=True)), {})
    assert (sent.files, sent.given) == ({"own.txt": digests[0]}, {"data.csv": digests[1]})
    assert str(tmp_path) not in dump(sent)
    assert sys.prefix not in dump(sent)


def test_a_file_that_is_gone_is_a_fault_of_its_job_alone(tmp_path: Path) -> None:
    gone = job("ada", files={"own.txt": str(tmp_path / "gone")})
    found, _ = graded(Engine(1, bob=[GRADED]), gone, job("bob"))
    assert {student: outcome.status for student, outcome in found} == {"ada": Status.FAULT, "bob": Status.GRADED}


def test_datasets_go_to_machines_that_have_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "datasets").mkdir()
    (tmp_path / "datasets" / "mnist.npz").write_text("images")
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    monkeypatch.setenv("MPLCONFIGDIR", str(tmp_path / "none"))
    digest = hashlib.sha256(b"images").hexdigest()
    for shares_home, source in ((True, "import keras"), (False, "import keras"), (False, "import numpy")):
        engine = Engine(1, ada=[GRADED])
        engine.shares_home = shares_home
        graded(engine, job("ada", source))
        [(head, _, _)], sent = engine.passes[0].orders, not shares_home and "keras" in source
        assert head.equipment.home == ({".keras/datasets/mnist.npz": digest} if sent else {})
        assert engine.passes[0].contents == [{digest: b"images"} if sent else {}]
