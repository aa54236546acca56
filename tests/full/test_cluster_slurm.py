"""Workers that are jobs of a real Slurm cluster: they come when there is work, and end with it, however it ends."""

import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import dask
import pytest
import yaml
from candidates import needs_sandbox
from cluster_grading import WITH, graded, job, settings
from clusters import Cluster, with_keys
from debian import Unavailable
from engines import hand_in, marks, quickstart, reference_answers
from launch import launch
from repository import ROOT
from slurm import Slurm
from waiting import until

from autograder.cli.certificates import CertificatesApp
from autograder.grading.backend import BackendError
from autograder.grading.cluster import ClusterBackend
from autograder.grading.cluster_jobs import jobqueue
from autograder.grading.job import GradingJob
from autograder.sandbox.limits import Limits

pytestmark = needs_sandbox
JOB = {"cores": 1, "memory": "2GB"}


@pytest.fixture(scope="module")
def slurm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Slurm]:
    try:
        with Slurm(tmp_path_factory.mktemp("slurm") / "slurm") as made:
            yield made
    except Unavailable as error:
        pytest.skip(str(error))


@pytest.fixture(autouse=True)
def at_slurm(slurm: Slurm, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("SLURM_CONF", str(slurm.configuration))
    monkeypatch.setattr("autograder.grading.cluster_jobs.LOOK", 2)
    yield
    slurm.run("scontrol", "update", "partitionname=class", "state=up")


@contextmanager
def grader(folder: Path, said: list[str] | None = None, **about_jobs: Any) -> Iterator[ClusterBackend]:
    """With at most two jobs at once."""
    jobqueue()  # its settings
    own = {f"jobqueue.slurm.{name}": value for name, value in {**JOB, **about_jobs}.items()}
    more = {**WITH, "logs": folder / "jobs", "say": print if said is None else said.append}
    backend = ClusterBackend("slurm", Limits(), settings(folder), **more)
    with dask.config.set({"distributed.adaptive.maximum": 2, **own}), closing(backend):
        yield backend


def notebooks(count: int) -> list[GradingJob]:
    answer = "import time\ntime.sleep(1)\nvalue = {n}"
    return [job(f"s{n}", answer.format(n=n), f"print(value)\nassert value == {n}") for n in range(count)]


def test_jobs_that_end_early_cost_nobody_anything(slurm: Slurm, tmp_path: Path) -> None:
    """One is cancelled in the middle, while Slurm takes no others for a while, and the time of the other one is up."""
    jobs = notebooks(24)
    before: set[str] = set()
    said: list[str] = []

    def end(count: int) -> None:
        if count == 4:
            until(lambda: [*slurm.jobs().values()] == ["RUNNING", "RUNNING"], 60)
            before.update(slurm.jobs())
            first, other = sorted(before)
            slurm.run("scontrol", "update", f"jobid={other}", "EndTime=now+5seconds")
            slurm.run("scontrol", "update", "partitionname=class", "state=inactive")
            slurm.run("scancel", first)
            taking.start()
        if count == len(jobs) - 4:  # Slurm looks twice a minute whose time is up
            until(lambda: not before & slurm.jobs().keys(), 90)

    def take() -> None:
        until(lambda: any("not taken" in what for what in said), 90)
        slurm.run("scontrol", "update", "partitionname=class", "state=up")

    taking = threading.Thread(target=take)
    with grader(tmp_path, said) as backend:
        found = graded(backend, jobs, settings(tmp_path), end)
        after = set(slurm.jobs())
    assert {student: outcome.scores for student, outcome in found.outcomes.items()} == {
        one.student: {"test": 2.0} for one in jobs
    }
    assert len(before) == 2
    assert not before & after
    assert "JobState=TIMEOUT" in slurm.run("scontrol", "show", "job", max(before))
    assert [what for what in said if "not taken" in what and "partition not available" in what], said
    until(lambda: not slurm.jobs(), 30)


def test_jobs_wait_for_slurm_which_says_why_and_end_when_there_is_nothing_left_for_them(
    slurm: Slurm, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("autograder.grading.cluster_jobs.IDLE", 2)
    said: list[str] = []
    [other] = re.findall(r"\d+", slurm.run("sbatch", "--output=/dev/null", "--ntasks=2", "--wrap=sleep 600"))
    until(lambda: slurm.jobs().get(other) == "RUNNING", 30)

    def free() -> None:
        until(lambda: any("Resources" in what for what in said), 60)
        slurm.run("scancel", other)

    freeing = threading.Thread(target=free)
    freeing.start()
    sees = job("ada", "import os\nvalue = [name for name in os.environ if 'DASK' in name]", "assert value == []")
    with grader(tmp_path, said) as backend:
        found = graded(backend, [sees], settings(tmp_path))
        until(lambda: not slurm.jobs(), 30)
    freeing.join()
    assert found.outcomes["ada"].scores == {"test": 2.0}


def test_jobs_that_fail_at_once_end_the_grading_with_their_log(slurm: Slurm, tmp_path: Path) -> None:
    said: list[str] = []
    with (
        grader(tmp_path, said, **{"job-script-prologue": ["echo no such module >&2", "exit 3"]}) as backend,
        pytest.raises(BackendError, match="no such module"),
    ):
        graded(backend, notebooks(4), settings(tmp_path))
    assert all("FAILED, exit code 3:0" in what for what in said if "Job " in what)
    until(lambda: not slurm.jobs(), 30)


@pytest.mark.parametrize(
    ("about", "expected"),
    [
        ({"queue": "nowhere"}, "invalid partition specified: nowhere"),
        ({"cores": None}, "jobqueue.slurm"),
        ({"memory": "much"}, "much"),
    ],
)
def test_jobs_that_can_not_be_are_refused_with_the_reason(tmp_path: Path, about: dict[str, Any], expected: str) -> None:
    with (
        grader(tmp_path, **about) as backend,
        pytest.raises(BackendError, match=expected),
        backend.executor(lambda _: None),
    ):
        pytest.fail("it was connected")


def test_where_slurm_is_not_that_is_said(tmp_path: Path) -> None:
    refused = pytest.raises(BackendError, match="sbatch")
    with pytest.MonkeyPatch.context() as patch, grader(tmp_path) as backend, refused:
        patch.setenv("PATH", str(tmp_path))
        with backend.executor(lambda _: None):
            pytest.fail("it was connected")


@pytest.fixture
def course(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A course with two submissions, in a home where dask-jobqueue has its settings."""
    made = quickstart(tmp_path / "course", notebooks=("problem1",))
    solved = reference_answers(made, "ps1", "problem1")
    hand_in(made, "ada", "ps1", "problem1", **solved)
    hand_in(made, "bob", "ps1", "problem1", **{**solved, "squares": "def squares(n):\n    return [n] * n"})
    own = {"jobqueue": {"slurm": JOB}, "distributed": {"adaptive": {"maximum": 2}}}
    (tmp_path / "dask.yaml").write_text(yaml.safe_dump(own))
    monkeypatch.setenv("DASK_CONFIG", str(tmp_path / "dask.yaml"))
    return made


GRADE = [sys.executable, "-m", "autograder", "grade", "ps1"]


def test_the_command_cancels_its_jobs_and_they_end_when_it_is_killed(slurm: Slurm, course: Path) -> None:
    command = [*GRADE, "--cluster", "slurm"]
    head = subprocess.Popen(command, cwd=course, stdout=subprocess.DEVNULL)
    logs = course / ".autograder" / "jobs"
    until(lambda: ["Registered to" in log.read_text() for log in logs.glob("*.log")] == [True, True], 120)
    head.send_signal(signal.SIGKILL)
    head.wait()
    until(lambda: not slurm.jobs(), 90)
    done = subprocess.run(command, cwd=course, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, ""), done.stdout
    until(lambda: not slurm.jobs(), 20)
    assert {
        student: sum(score or 0 for (one, *_), (score, _) in marks(course, "ps1").items() if one == student)
        for student in ("ada", "bob")
    } == {"ada": 3, "bob": 0.5}
    assert all("tls://" in log.read_text() and "tcp://" not in log.read_text() for log in logs.iterdir())


def test_ctrl_c_cancels_the_jobs_and_is_no_success(slurm: Slurm, course: Path) -> None:
    command = [*GRADE, "--cluster", "slurm"]
    head = subprocess.Popen(command, cwd=course, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    until(lambda: "RUNNING" in slurm.jobs().values(), 120)
    head.send_signal(signal.SIGINT)
    said, errors = head.communicate(timeout=120)
    assert (head.returncode, "Interrupted; finished work is kept." in said + errors) == (1, True), said + errors
    until(lambda: not slurm.jobs(), 20)


def test_workers_that_are_started_by_hand_are_jobs_of_the_script_in_the_documentation(
    slurm: Slurm, tmp_path: Path
) -> None:
    page = (ROOT / "docs" / "cluster.md").read_text(encoding="utf-8")
    [script] = re.findall(r"```bash\n(#!/bin/bash\n#SBATCH.*?)```", page, re.DOTALL)
    launch(CertificatesApp, tmp_path, "keys.json")
    keys = tmp_path / "keys.json"
    with Cluster(tmp_path / "cluster", keys) as cluster, with_keys(keys):
        (tmp_path / "worker.sh").write_text(script.replace("tls://head.example.org:8786", cluster.address))
        less = ["--array=1-2", "--cpus-per-task=1", "--mem=1G", f"--chdir={tmp_path}"]
        variables = f"--export=ALL,DASK_CONFIG={keys}"
        slurm.run("sbatch", *less, variables, str(tmp_path / "worker.sh"))
        with closing(ClusterBackend(cluster.address, Limits(), settings(tmp_path), **WITH)) as backend:
            found = graded(backend, notebooks(6), settings(tmp_path))
        slurm.run("scancel", "--name=autograder")
    assert {student: outcome.scores for student, outcome in found.outcomes.items()} == {
        f"s{n}": {"test": 2.0} for n in range(6)
    }
    assert {outcome.run.machine.node for outcome in found.outcomes.values()} <= {"slurm-1", "slurm-2"}
    until(lambda: not slurm.jobs(), 30)
