"""Dask workers that are jobs of a batch system, such as Slurm: asked for while there is work, given back after it.

dask-jobqueue writes and submits the jobs, by its own configuration; how many there are follows from the work that is
left. The scheduler is in the grader's process. Keys are made for each grading, and a job has them in its script, which
goes to the batch system through a file that nobody else can read, and from there to the job's machine.

A job that ends too early (its time is up, its machine is lost, somebody cancels it) is asked for again by Dask, once
its worker is missed. Dask does not notice one that ends before there is a worker, so Slurm is asked every LOOK seconds.
"""

import contextlib
import json
import math
import os
import re
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import dask
from distributed import Adaptive
from distributed.core import Status

from autograder.grading.backend import BackendError
from autograder.grading.cluster_tls import tls_configuration

CLASSES = {"slurm": "SLURMCluster", "pbs": "PBSCluster"}  # of dask-jobqueue; PBS has not been tried
MOST = 10  # jobs at once, unless distributed.adaptive.maximum is another number
IDLE = 60  # seconds until a job that has nothing to do is given back
LOOK = 30.0  # seconds between questions to Slurm
TRIES = 3  # jobs that end before they have a worker, without any that has one
PATIENCE = 60.0  # seconds for one command
LINES = 15  # of a job's log
DASHBOARD, LINK = "localhost:0", "{scheme}://localhost:{port}/status"  # for nobody else: it is not encrypted


def jobqueue() -> Any:
    """dask-jobqueue. Once imported, it would have Ctrl-C end the process as if all were done."""
    before = signal.getsignal(signal.SIGINT)
    try:
        import dask_jobqueue
    finally:
        signal.signal(signal.SIGINT, before)
    return dask_jobqueue


class Jobs:
    """A Dask cluster, from its scheduler in this process to its workers as jobs of a batch system."""

    def __init__(self, kind: str, logs: Path, say: Callable[[str], object]) -> None:
        """`kind`: one of CLASSES; `logs`: the folder for what Slurm's jobs print, unless dask-jobqueue's settings name
        one; `say` gets what a person should know. Raises BackendError.
        """
        try:
            made = getattr(jobqueue(), CLASSES[kind])
        except ModuleNotFoundError:
            raise BackendError(f'"{kind}" needs dask-jobqueue: run `pip install autograder[cluster]`.') from None
        self._kind, self._say = kind, say
        self._needed = 0  # workers
        self._had_worker = False  # any job
        self._failures = 0  # jobs that ended without one
        self._told = ""  # why jobs wait
        self._looked = time.monotonic()
        if shutil.which(made.job_cls.submit_command) is None:
            raise BackendError(
                f'the cluster is "{kind}", and there is no command `{made.job_cls.submit_command}` here: grade on a '
                "machine that has it, such as a login node, or start the workers yourself (docs/cluster.md)."
            )
        with ExitStack() as own:
            keys = _flat(json.loads(tls_configuration()))
            own.enter_context(dask.config.set({**keys, "distributed.dashboard.link": LINK}))
            self._cluster = _cluster(kind, made, keys, logs)
            own.callback(self._cancel)
            if kind == "slurm":
                self._check()
            most = dask.config.get("distributed.adaptive.maximum")
            self._cluster.adapt(
                partial(_AsNeeded, needed=lambda: self._needed),
                maximum=MOST if math.isinf(most) else most,
                interval="1 s",
                wait_count=IDLE,
            )
            self._cores = int(dask.config.get(f"jobqueue.{kind}.cores"))
            self._own = own.pop_all()

    @property
    def address(self) -> str:
        """The scheduler's."""
        return str(self._cluster.scheduler_address)

    def need(self, notebooks: int, trainings: int = 0, slots: Sequence[Mapping[str, float]] = ()) -> None:
        """So much is left to do: have as many workers as hold all of it at once, or the most that there may be.

        `slots`: those of each worker that is there, by kind.
        """
        work = {"notebook": notebooks, "trainer": trainings}
        each = {"notebook": float(self._cores)}  # until there is a worker
        if slots:
            each = {kind: sum(one[kind] for one in slots) / len(slots) for kind in work}
        self._needed = max(math.ceil(work[kind] / number) for kind, number in each.items() if number)

    def look(self, workers: Collection[str]) -> None:
        """Ask again for jobs that have ended. `workers`: the names of those that are there. Raises BackendError."""
        jobs = dict(self._cluster.workers)
        for name in jobs.keys() & set(workers):
            jobs[name].had_worker = self._had_worker = True
        if time.monotonic() - self._looked < LOOK:
            return
        self._looked = time.monotonic()
        reasons = _queue() if self._kind == "slurm" else dict.fromkeys((job.job_id for job in jobs.values()), "")
        if reasons is None:
            return
        ended = {name: job for name, job in jobs.items() if job.refused or (job.job_id and job.job_id not in reasons)}
        if ended:
            self._cluster.sync(self._cluster.scale_down, list(ended))
        useless = [_useless(job) for job in ended.values() if not job.had_worker]
        self._failures += len(useless)
        if useless and self._failures >= TRIES and not self._had_worker and len(ended) == len(jobs):
            raise BackendError(f"{self._failures} jobs have ended before there was a worker in any. {useless[-1]}")
        for what in useless:
            self._say(what)
        waits = sorted({reasons[job.job_id] for job in jobs.values() if reasons.get(job.job_id)})
        self._tell_waiting(", ".join(waits))

    def _tell_waiting(self, reasons: str) -> None:
        if reasons and reasons != self._told:
            self._say(f"Jobs wait in Slurm's queue, which gives as the reason: {reasons} (Ctrl-C cancels them).")
        self._told = reasons

    def close(self) -> None:
        """Cancel all jobs, and end the scheduler."""
        self._own.close()

    def _cancel(self) -> None:
        with contextlib.suppress(Exception):  # jobs that it can't cancel end by themselves, without a scheduler
            self._cluster.close(timeout=PATIENCE)

    def _check(self) -> None:
        """Have Slurm say whether it would take such a job. Raises BackendError."""
        with _private(self._cluster.job_script()) as script:
            done = _run("sbatch", "--test-only", script)
        if done.returncode:
            raise BackendError(
                f"Slurm does not take the jobs that are to grade: {_line(done.stderr)}. What they ask for is in the "
                "section `jobqueue.slurm` of ~/.config/dask/jobqueue.yaml."
            )


class _AsNeeded(Adaptive):  # type: ignore[misc]
    """As many workers as `needed` says: Dask's own guess leaves out tasks that have left its pool of threads."""

    def __init__(self, *args: Any, needed: Callable[[], int], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._needed = needed

    async def target(self) -> int:
        """See `Adaptive`."""
        return self._needed()


class _Job:
    """What dask-jobqueue's own job, the other base of the class that is made with this one, does not do."""

    status: Status
    had_worker = False
    refused = ""  # what the batch system said when it did not take it

    @contextmanager
    def job_file(self) -> Iterator[str]:
        """The script, which has the keys, as a file that only its owner can read."""
        with _private(self.job_script()) as path:  # type: ignore[attr-defined]
            yield path

    async def start(self) -> None:
        """Submit it; one that is not taken is noted, where Dask would stop."""
        try:
            await super().start()  # type: ignore[misc]
        except (OSError, RuntimeError, ValueError) as error:
            self.refused = _line(str(error))
            self.status = Status.running


def _cluster(kind: str, made: Any, keys: Mapping[str, Any], logs: Path) -> Any:
    """dask-jobqueue's cluster by its own configuration, with one worker in a job. Raises BackendError."""
    own = dask.config.get(f"jobqueue.{kind}")
    if own["cores"] is None or own["memory"] is None:
        raise BackendError(
            f"dask-jobqueue has to know what a job is to have: expected `cores` and `memory` in the section "
            f"`jobqueue.{kind}` of ~/.config/dask/jobqueue.yaml, received cores: {own['cores']}, memory: "
            f"{own['memory']} (docs/cluster.md has an example)."
        )
    directives = list(own["job-extra-directives"])
    if kind == "slurm" and own["log-directory"] is None:
        logs.mkdir(parents=True, exist_ok=True)
        directives.append(f'--output="{logs.resolve()}/%j.log"')
    inherited = f"export DASK_INTERNAL_INHERIT_CONFIG={dask.config.serialize(dict(keys))}"
    try:
        return made(
            name=kind,
            job_cls=type("Job", (_Job, made.job_cls), {}),
            processes=1,  # with more, neither Dask nor dask-jobqueue finds out which job a worker was
            protocol="tls://",
            scheduler_options={"dashboard_address": DASHBOARD, **own["scheduler-options"]},
            worker_extra_args=[*own["worker-extra-args"], "--no-dashboard"],
            job_script_prologue=[*own["job-script-prologue"], inherited],
            job_extra_directives=directives,
        )
    except (OSError, RuntimeError, TypeError, ValueError) as error:
        raise BackendError(f"dask-jobqueue can't start a cluster of {kind} jobs: {error}") from None


def _queue() -> dict[str, str] | None:
    """Slurm's jobs of this user that have not ended: by id, the reason for which one waits. None: it can't say."""
    done = _run("squeue", "--noheader", f"--user={os.getuid()}", "--format=%i|%T|%r")
    if done.returncode:
        return None
    lines = [line.split("|", 2) for line in done.stdout.splitlines()]
    return {line[0]: line[2] if line[1] == "PENDING" else "" for line in lines if len(line) == 3}


def _useless(job: Any) -> str:
    """What came of a job that ended before there was a worker in it, as far as Slurm still knows."""
    if job.refused:
        return f"A job was not taken: {job.refused}"
    known = _run("scontrol", "show", "job", job.job_id).stdout
    found = {name: value.strip() for name, value in re.findall(r"\b(JobState|ExitCode)=(\S+)", known)}
    how = ", exit code ".join(found[name] for name in ("JobState", "ExitCode") if name in found)
    text = f"Job {job.job_id} ended before there was a worker in it{how and f' ({how})'}"
    if path := re.search(r"^\s*StdErr=(.+)$", known, re.MULTILINE):
        with contextlib.suppress(OSError):
            lines = Path(path[1]).read_text(errors="replace").splitlines()[-LINES:]
            text += f". The end of its log, {path[1]}:\n" + "\n".join(f"    {line}" for line in lines)
    return text


def _run(*command: str) -> "subprocess.CompletedProcess[str]":
    try:
        return subprocess.run(command, capture_output=True, text=True, check=False, timeout=PATIENCE)
    except (OSError, subprocess.TimeoutExpired) as error:
        return subprocess.CompletedProcess(command, 1, "", str(error))


@contextmanager
def _private(text: str) -> Iterator[str]:
    """A file that only its owner can read."""
    with tempfile.NamedTemporaryFile("w", prefix="autograder-", suffix=".sh") as file:
        file.write(text)
        file.flush()
        yield file.name


def _line(error: str) -> str:
    """A command's error as one line."""
    return "; ".join(line.strip() for line in error.splitlines() if line.strip())


def _flat(nested: Mapping[str, Any], before: str = "") -> dict[str, Any]:
    """Settings of Dask's by their full names."""
    found = {}
    for name, value in nested.items():
        found.update(_flat(value, f"{before}{name}.") if isinstance(value, dict) else {f"{before}{name}": value})
    return found
