"""The image, built for real, and its uses in it: a class, one submission. Skipped where it can't be built."""

import contextlib
import csv
import json
import os
import re
import subprocess
import textwrap
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import containers
import psutil
import pytest
from attacks import catalogue
from attacks.graded import HONEST, LIMITS, MEMORY, Graded, HostileClass, left_over, printed
from clusters import free_port
from containers import USER, command, give, mount, run
from engines import hand_in, quickstart, reference_answers
from launch import launch
from repository import ROOT
from submission_courses import foundations
from tiny_course import ASSIGNMENTS, FULL, SECRET

from autograder import __version__
from autograder.cli.certificates import CertificatesApp
from autograder.course import sample_class

UNMASK = ["--security-opt unmask=/proc/*"]
NAME = "Tesla T4"
CLASS = {"perfect": 100.0, "colab": 100.0, "cut_off": None}


@pytest.fixture(scope="module", autouse=True)
def _image() -> None:
    try:
        containers.image()
    except containers.Unavailable as why:
        pytest.skip(str(why))


@pytest.fixture(scope="module")
def handed_in(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A course folder with what some students handed in."""
    folder = tmp_path_factory.mktemp("class") / "course"
    foundations(folder)
    for student in CLASS:
        sample_class.hand_in(ROOT, folder, student, "foundations")
    return give(folder)


# the image


def test_the_image_says_what_it_is_and_runs_as_an_ordinary_user() -> None:
    inspect = ["podman", "image", "inspect", containers.image()]
    done = subprocess.run(inspect, capture_output=True, text=True, check=True)
    (found,) = json.loads(done.stdout)
    assert found["Config"]["User"] == "1000:1000"
    assert found["Labels"]["org.opencontainers.image.version"] == __version__
    assert found["Healthcheck"]["Test"][-1] == "health"
    print(f"size of the image: {found['Size'] / 1e9:.2f} GB")
    assert found["Size"] < 4e9


def test_no_compiler_and_no_installer_is_left_in_it() -> None:
    done = run("-c", "for each in cc gcc c++ g++ clang ld make pip pip3; do command -v $each; done", options=SHELL)
    assert done.stdout == ""


def test_all_that_is_installed_is_in_the_locks() -> None:
    script = "from importlib.metadata import distributions as d; print(*(f'{x.name}=={x.version}' for x in d()))"
    found = {_plain(name) for name in run("-c", script, options=["--entrypoint=python"]).stdout.split()}
    locks = [ROOT / "requirements.lock", ROOT / "autograder" / "container" / "image.lock"]
    locked = {_plain(line) for path in locks for line in path.read_text().splitlines()}
    assert {_plain("tensorflow==2.21.0"), f"autograder=={__version__}"} <= found | {"tensorflow==2.21.0"}
    assert {name for name in found - locked if not name.startswith("autograder==")} == set()


def test_it_is_healthy_as_the_documentation_starts_it() -> None:
    done = run("health")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "sandbox: works" in done.stdout
    assert "cores" in done.stdout


# the sandbox in it


def test_the_sandbox_lacks_nothing() -> None:
    script = "from autograder.sandbox import bubblewrap; print(bubblewrap.check(), sorted(bubblewrap._weaker()))"
    assert run("-c", script, options=["--entrypoint=python"]).stdout == "None []\n"


def test_where_no_sandbox_can_be_made_it_stops_and_says_so(handed_in: Path, tmp_path: Path) -> None:
    profile = tmp_path / "profile.json"
    refused = {"names": ["mount"], "action": "SCMP_ACT_ERRNO", "errnoRet": 1}
    profile.write_text(json.dumps({"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [refused]}))
    own = [flag for flag in containers.FLAGS if "seccomp" in flag]
    out = _out(tmp_path)
    options = [f"--security-opt=seccomp={profile}", mount(_submitted(handed_in, "perfect"), "/submission"), out[1]]
    done = run("submission", options=options, without=own)
    assert done.returncode == 1
    assert "No sandbox can be made" in done.stderr
    assert "docs/container.md" in done.stderr
    assert "score" not in json.loads((out[0] / "results.json").read_text())


def test_without_a_proc_of_its_own_trainings_on_a_gpu_stop_and_say_so(handed_in: Path, tmp_path: Path) -> None:
    for arguments in (["health"], ["grade", "foundations"]):
        options = [_answering(tmp_path), mount(handed_in, "/course")]
        done = run(*arguments, options=options, without=UNMASK)
        assert done.returncode == 1
        assert "--security-opt unmask=/proc/*" in done.stdout + done.stderr
    assert not (handed_in / "autograded").exists()
    assert f"training on: {NAME} (15360 MiB)" in run("health", options=[_answering(tmp_path)]).stdout


def test_without_a_proc_of_its_own_it_is_healthy_and_says_so() -> None:
    done = run("health", without=UNMASK)
    assert done.returncode == 0
    assert "sandbox: works, without a /proc of its own" in done.stdout


def test_a_gpu_reaches_the_trainer_and_not_the_candidate(tmp_path: Path) -> None:
    """No GPU is needed for that: what stands at its devices' names is /dev/null."""
    script = """
        import subprocess
        from autograder.sandbox.bubblewrap import Sandbox
        from autograder.training.devices import Slot, gpus
        from autograder.training.worker_process import device_files

        listing = ["/bin/sh", "-c", "cd /dev; for each in nvidia*; do test -e $each && : < $each && echo $each; done"]
        for who in (None, *gpus()):
            command = Sandbox(1 << 20, devices=device_files(Slot(who, 1, None))).command(listing)
            print(subprocess.run(command, capture_output=True, text=True).stdout.split())
    """
    names = ["nvidia0", "nvidia1", "nvidiactl", "nvidia-uvm"]
    devices = [f"--device=/dev/null:/dev/{name}" for name in names]
    done = run("-c", textwrap.dedent(script), options=[*devices, _answering(tmp_path), "--entrypoint=python"])
    assert done.stdout.splitlines() == ["[]", "['nvidia-uvm', 'nvidia1', 'nvidiactl']"], done.stderr


def test_the_containers_share_of_the_machine_is_what_counts() -> None:
    script = """
        from autograder.sandbox import cgroups
        from autograder.sandbox.limits import Limits
        from autograder.training.devices import parallel_processes

        print(cgroups.processors(), cgroups.memory() <= 5 << 30, parallel_processes(Limits().memory_bytes))
    """
    options = ["--cpus=1.5", "--memory=5g", "--memory-swap=5g", "--entrypoint=python"]
    done = run("-c", textwrap.dedent(script), options=options)
    assert done.stdout == "1.5 True 1\n", done.stderr


# its uses


def test_one_submission_is_graded(handed_in: Path, tmp_path: Path) -> None:
    out = _out(tmp_path)
    done = run("submission", options=[mount(_submitted(handed_in, "colab"), "/submission", read_only=True), out[1]])
    assert done.returncode == 0, done.stdout + done.stderr
    assert json.loads((out[0] / "results.json").read_text())["score"] == 100
    assert {path.name for path in out[0].iterdir()} == {"results.json", "feedback.html", "record.json"}
    assert {path.stat().st_uid for path in out[0].iterdir()} == {USER}


def test_without_a_proc_of_its_own_a_model_is_graded_the_same(hostile: HostileClass, tmp_path: Path) -> None:
    honest = next(student for student, solved in HONEST.items() if solved)
    out, submitted = _out(tmp_path), hostile.course / "submitted" / honest / "model"
    options = ["--entrypoint=python", mount(submitted, "/submission", read_only=True), mount(hostile.course, "/course")]
    arguments = ["-m", "autograder", "submission", "--course-dir=/course", "model"]
    done = run(*arguments, options=[*options, out[1], "--env=HOME=/tmp"], without=UNMASK)
    assert done.returncode == 0, done.stdout + done.stderr
    assert json.loads((out[0] / "results.json").read_text())["score"] == FULL["model"]


def test_a_submission_that_is_no_notebook_is_told_so(handed_in: Path, tmp_path: Path) -> None:
    out = _out(tmp_path)
    done = run("submission", options=[mount(_submitted(handed_in, "cut_off"), "/submission", read_only=True), out[1]])
    assert done.returncode == 2, done.stdout + done.stderr
    assert "it is not JSON" in json.loads((out[0] / "results.json").read_text())["output"]
    assert "Traceback" not in done.stdout + done.stderr


def test_a_class_is_graded_and_what_is_written_is_the_callers(handed_in: Path) -> None:
    done = run("grade", "foundations", options=[mount(handed_in, "/course")])
    assert done.returncode == 1, done.stdout + done.stderr  # one of them needs a person
    with (handed_in / "grades.csv").open(newline="", encoding="utf-8-sig") as file:
        rows = {row["student_id"]: row for row in csv.DictReader(file)}
    assert {student: float(row["score"]) if row["score"] else None for student, row in rows.items()} == CLASS
    assert rows["cut_off"]["status"] == "needs review"
    pages = {path.parent.parent.name for path in handed_in.glob("feedback/*/foundations/foundations.html")}
    assert pages == {"perfect", "colab"}
    assert "perfect" in (handed_in / "reports" / "foundations.html").read_text()
    assert {path.stat().st_uid for path in handed_in.rglob("*")} == {USER}


SLEEPS = ["sleep", "7.25"]  # that nothing else on the machine runs


def test_a_worker_container_that_is_stopped_ends_at_once_and_another_one_grades_what_it_had(tmp_path: Path) -> None:
    """Scheduler, workers, and grader are containers of the image, as ordinary users, with one file of keys."""
    launch(CertificatesApp, tmp_path, str(tmp_path / "autograder-cluster.json"))
    keys = tmp_path / "keys"
    keys.mkdir()
    (tmp_path / "autograder-cluster.json").rename(keys / "autograder-cluster.json")
    course = quickstart(tmp_path / "course", notebooks=("problem1",))
    solved = reference_answers(course, "ps1", "problem1")
    slow = f"import subprocess\nsubprocess.run({SLEEPS})\n{solved['squares']}"
    hand_in(course, "ada", "ps1", "problem1", **{**solved, "squares": slow})
    options = ["--network=host", mount(give(keys), "/etc/dask", read_only=True), mount(give(course), "/course")]
    port, name = free_port(), f"autograder-{os.getpid()}"
    address = f"tls://127.0.0.1:{port}"
    with contextlib.ExitStack() as stack:

        def start(role: str, *arguments: str, given: Sequence[str] = (), **more: Any) -> subprocess.Popen[str]:
            given = [*options, *given, f"--name={name}-{role}"]
            process = subprocess.Popen(command(*arguments, options=given, without=["--network none"]), **more)
            stack.callback(process.wait)
            stack.callback(subprocess.run, ["podman", "stop", "--ignore", f"{name}-{role}"])
            return process

        place = ["--host=127.0.0.1", f"--port={port}", "--dashboard-address=127.0.0.1:0"]
        start("scheduler", "scheduler", *place)
        first = start("first", "worker", address, "--name=first")
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
        python = ["--entrypoint=python", "--env=HOME=/tmp"]
        grader = start(*("grader", "-m", "autograder", "grade", "ps1", f"--cluster={address}"), given=python, **pipes)
        while not any(process.info["cmdline"] == SLEEPS for process in psutil.process_iter(["cmdline"])):
            assert grader.poll() is None, grader.communicate()[0]
            time.sleep(0.1)
        began = time.monotonic()
        subprocess.run(["podman", "kill", "--signal=TERM", f"{name}-first"], check=True)
        first.wait()
        print(f"ended after {time.monotonic() - began:.1f} s")
        assert time.monotonic() - began < 10
        start("second", "worker", address, "--name=second")
        said = grader.communicate()[0]
    assert grader.returncode == 0, said
    record = json.loads((course / "autograded" / "ada" / "ps1" / "problem1.record.json").read_text())
    assert (sum(record["scores"].values()), record["run"]["machine"]["node"]) == (3.0, "second")


def test_without_keys_no_container_takes_part_in_a_cluster() -> None:
    for arguments in (["scheduler"], ["worker", "tls://127.0.0.1:8786"]):
        done = run(*arguments)
        assert done.returncode == 1
        assert "mount a folder there with the file of `autograder certificates`" in done.stderr


def test_a_course_of_somebody_else_is_not_touched(tmp_path: Path) -> None:
    course = tmp_path / "course"
    course.mkdir(mode=0o755)
    done = run("grade", "foundations", options=[mount(course, "/course")])
    assert done.returncode == 1
    assert "start as its owner (--user UID:GID)" in done.stderr
    assert list(course.iterdir()) == []


def test_a_class_needs_an_assignment() -> None:
    done = run("grade", "--workers=1")
    assert done.returncode == 1
    assert "grade ASSIGNMENT [OPTION…]" in done.stderr


# the hostile class


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HostileClass]:
    """Every eighth attack, all where MEASURE_ATTACKS is set: each of them is tried on the machine in any case."""
    attacks = catalogue() if os.environ.get("MEASURE_ATTACKS") else catalogue()[::8]
    made = HostileClass(tmp_path_factory.mktemp("hostile"), attacks)
    give(made.course.parent)
    yield made
    made.listener.close()
    for process in left_over():
        process.kill()


@pytest.fixture(scope="module")
def graded(hostile: HostileClass) -> Graded:
    """Graded in the container: at the same path, which attacks name, and with the host's network, which they try."""
    found = Graded()
    for assignment in ASSIGNMENTS:
        limits = {**LIMITS, "memory_bytes": MEMORY[assignment]}
        if assignment == "model":
            limits |= {"cell_seconds": 40, "total_seconds": 120}
        chosen = [f"--Limits.{name}={value}" for name, value in limits.items()]
        place = [mount(hostile.course.parent, str(hostile.course.parent)), f"--workdir={hostile.course}"]
        options = [*place, "--network=host", "--env=HOME=/tmp", "--env=GRADER_TOKEN=token", "--entrypoint=python"]
        arguments = ["-m", "autograder", "grade", assignment, *chosen, "--workers=2"]
        done = run(*arguments, options=options, without=["--network none"])
        found.log += done.stdout + done.stderr
        hostile._collect(found, assignment)
    return found


def test_no_attack_gains_or_tells_anything(graded: Graded, hostile: HostileClass) -> None:
    attacks = {f"{attack.name}/{attack.assignment}" for attack in hostile.attacks}
    assert attacks <= graded.statuses.keys(), graded.log
    assert {key: graded.scores[key] for key in attacks if graded.scores[key]} == {}
    shown = {key: printed(graded.outputs.get(key, [])) for key in attacks}
    assert {key for key, text in shown.items() if SECRET in text or "LEAKED" in text} == set()


def test_honest_students_have_what_they_earned(graded: Graded) -> None:
    for assignment, full in FULL.items():
        for student, solved in HONEST.items():
            assert graded.scores[f"{student}/{assignment}"] == (full if solved else 0)


@pytest.mark.usefixtures("graded")
def test_nothing_is_left_changed_or_reached(hostile: HostileClass) -> None:
    assert [process.info["cmdline"] for process in left_over()] == []
    after = hostile.state()
    assert {
        name for name in after.keys() | hostile.before.keys() if after.get(name) != hostile.before.get(name)
    } == set()
    assert hostile.listener.reached == []


def _answering(folder: Path) -> str:
    """The option that mounts an `nvidia-smi`, which tells of one GPU as the real one does: /dev/nvidia1."""
    gpu = f"<product_name>{NAME}</product_name><uuid>GPU-128ab6fb</uuid><minor_number>1</minor_number>"
    gpu += "<fb_memory_usage><total>15360 MiB</total></fb_memory_usage>"
    program = folder / "nvidia-smi"
    program.write_text(f"#!/bin/sh\necho '<nvidia_smi_log><gpu>{gpu}</gpu></nvidia_smi_log>'\n")
    program.chmod(0o755)
    return mount(program, "/usr/local/bin/nvidia-smi", read_only=True)


SHELL = ["--entrypoint=sh"]


def _out(folder: Path) -> tuple[Path, str]:
    """A folder for results, and the option that mounts it."""
    made = folder / "out"
    made.mkdir()
    return give(made), mount(made, "/results")


def _submitted(course: Path, student: str) -> Path:
    return course / "submitted" / student / "foundations"


def _plain(requirement: str) -> str:
    name, _, version = requirement.partition("==")
    return f"{re.sub(r'[-_.]+', '-', name.lower())}=={version}"
