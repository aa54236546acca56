"""How a cluster's time falls with its nodes: `python benchmarks/cluster.py` (as root: it makes control groups).

A class hands in `foundations` (60, each in words of its own) and `networks` (24, each with a network of its own,
trained for seconds). It is graded by `autograder grade --cluster` on 1, 2, and 3 nodes, each in a fresh copy of the
course, whose assignments have been rehearsed. A node is a Dask worker of one thread in a control group with a share of
a core (`--cores`): so three nodes are three times as much as one on a machine of two cores, too. The command and Dask's
scheduler are outside of these groups. Timed are the commands; the workers are there before, and have started nothing.

The efficiency of n nodes is the time of one over n times theirs. All outcomes, the trained weights among them, must be
those of a grading without a cluster. What share of its own each node used is printed, too: a machine that is busy with
other work may not have had it.
"""

import argparse
import hashlib
import json
import os
import resource
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import nbformat
import psutil
from distributed import Client
from grading import cell, run
from nbformat.v4 import new_notebook

from autograder.course import sample_class
from autograder.grading.result_store import Store

ROOT = Path(__file__).resolve().parents[1]
GROUPS = Path("/sys/fs/cgroup")
PERIOD = 100_000  # microseconds
GRANTED = 0.9  # of its share that a node should have used
START = """import keras
import numpy as np
x = np.linspace(0, 1, 8 * {rows}, dtype="float32").reshape(-1, 8)
y = (np.sin(9 * x.sum(1)) > 0).astype("float32")"""
BUILD = """def build():
    layers = [keras.Input((8,)), keras.layers.Dense({units}, "relu"), keras.layers.Dense(1, "sigmoid")]
    return keras.Sequential(layers)"""
TRAIN = """model = build()
model.compile("adam", "binary_crossentropy")
history = model.fit(x, y, epochs={epochs}, batch_size=64, verbose=0)"""
TEST = """import hashlib
print(hashlib.sha256(b"".join(weight.tobytes() for weight in model.get_weights())).hexdigest())
assert len(history.history["loss"]) == {epochs}, "it has not been trained"
"""


@dataclass(frozen=True)
class Size:
    """How much there is to grade."""

    foundations: int
    networks: int
    rows: int
    epochs: int

    @property
    def assignments(self) -> list[str]:
        """Those that somebody hands in."""
        return [name for name in ("foundations", "networks") if getattr(self, name)]

    @property
    def submissions(self) -> int:
        """All of them."""
        return self.foundations + self.networks


def course(folder: Path, size: Size) -> None:
    """Make the course in `folder`, with its class, rehearsed."""
    (folder / "source" / "networks").mkdir(parents=True)
    shutil.copytree(ROOT / "source" / "foundations", folder / "source" / "foundations")
    shutil.copytree(ROOT / "release" / "foundations", folder / "release" / "foundations")
    config = (ROOT / "nbgrader_config.py").read_text() + "\nc.Trainer.threads = 1\n"
    (folder / "nbgrader_config.py").write_text(config)
    answer = (
        BUILD.format(units=16).replace("    layers", "    ### BEGIN SOLUTION\n    layers") + "\n    ### END SOLUTION"
    )
    cells = [
        cell(START.format(rows=size.rows), "start", locked=True),
        cell(answer, "build", solution=True),
        cell(TRAIN.format(epochs=size.epochs), "train", locked=True),
        cell(TEST.format(epochs=size.epochs), "test", grade=True, locked=True, points=2),
    ]
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    notebook = new_notebook(cells=cells, metadata={"kernelspec": kernel})
    nbformat.write(notebook, folder / "source" / "networks" / "networks.ipynb")
    for assignment in ("foundations", "networks"):
        run(["nbgrader", "generate_assignment", assignment, "--force"], folder)
    for number in range(size.foundations):
        notebook = sample_class.solved(ROOT, "foundations")
        notebook.cells.append(nbformat.v4.new_code_cell(f"# by student {number}"))
        hand_in(folder, f"student{number:03}", "foundations", notebook)
    for number in range(size.networks):
        notebook = sample_class.released(folder, "networks")
        its = next(one for one in notebook.cells if one.metadata.get("nbgrader", {}).get("grade_id") == "build")
        its.source = BUILD.format(units=16 + number)
        hand_in(folder, f"trainee{number:03}", "networks", notebook)
    for assignment in size.assignments:
        run(["autograder", "rehearse", assignment], folder)


def hand_in(folder: Path, student: str, assignment: str, notebook: nbformat.NotebookNode) -> None:
    """A student's submission."""
    path = folder / "submitted" / student / assignment / f"{assignment}.ipynb"
    path.parent.mkdir(parents=True)
    nbformat.write(notebook, path)


class Group:
    """A control group with a share of a core, of version 2 or of version 1."""

    def __init__(self, name: str, cores: float) -> None:
        """Before other work on the machine, so that it has that share. Exits where none can be made."""
        second = (GROUPS / "cgroup.controllers").exists()
        self._folders = [GROUPS / name] if second else [GROUPS / kind / name for kind in ("cpu", "cpuacct")]
        quota = int(cores * PERIOD)
        try:
            if second:
                (GROUPS / "cgroup.subtree_control").write_text("+cpu")
            for folder in self._folders:
                folder.mkdir()
            if second:
                (self._folders[0] / "cpu.max").write_text(f"{quota} {PERIOD}")
                (self._folders[0] / "cpu.weight").write_text("1000")
            else:
                (self._folders[0] / "cpu.cfs_period_us").write_text(str(PERIOD))
                (self._folders[0] / "cpu.cfs_quota_us").write_text(str(quota))
                (self._folders[0] / "cpu.shares").write_text("10240")
        except OSError as error:
            sys.exit(f"No control group can be made ({error}): run this as root, where /sys/fs/cgroup can be written.")
        self._second = second

    def command(self, words: Sequence[str]) -> list[str]:
        """What runs `words` in it."""
        enter = "".join(f"echo $$ > {folder}/cgroup.procs; " for folder in self._folders)
        return ["sh", "-c", f'{enter}exec "$@"', "sh", *words]

    def seconds(self) -> float:
        """CPU seconds of all that has run in it."""
        if self._second:
            return int((self._folders[0] / "cpu.stat").read_text().split()[1]) / 1e6
        return int((self._folders[1] / "cpuacct.usage").read_text()) / 1e9

    def close(self) -> None:
        """End what runs in it, and remove it."""
        for folder in self._folders:
            while pids := (folder / "cgroup.procs").read_text().split():
                for pid in pids:
                    psutil.Process(int(pid)).kill() if psutil.pid_exists(int(pid)) else None
            folder.rmdir()


@dataclass(frozen=True)
class Cluster:
    """A scheduler and its workers."""

    address: str
    scheduler: psutil.Process
    groups: list[Group]


@contextmanager
def cluster(nodes: int, cores: float, folder: Path) -> Iterator[Cluster]:
    """Within, a scheduler and so many nodes are there."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        address = f"tcp://127.0.0.1:{sock.getsockname()[1]}"
    with ExitStack() as stack, open(folder / "dask.log", "ab") as log:

        def start(*words: str, group: Group | None = None) -> psutil.Process:
            command = [sys.executable, "-m", f"distributed.cli.{words[0]}", *words[1:]]
            command = group.command(command) if group else command
            process = subprocess.Popen(command, cwd=folder, stdout=log, stderr=log, start_new_session=True)
            stack.callback(process.wait)
            stack.callback(process.kill)
            return psutil.Process(process.pid)

        host, _, port = address.removeprefix("tcp://").partition(":")
        scheduler = start("dask_scheduler", "--host", host, "--port", port, "--no-dashboard")
        groups = []
        for number in range(nodes):
            groups.append(Group(f"cluster-benchmark-{os.getpid()}-{number}", cores))
            stack.callback(groups[-1].close)
            words = ("dask_worker", address, "--nthreads", "1", "--name", f"node-{number}", "--no-dashboard")
            start(*words, "--local-directory", str(folder / f"node-{number}"), group=groups[-1])
        with Client(address, timeout=60) as client:
            client.wait_for_workers(nodes, timeout=300)
        yield Cluster(address, scheduler, groups)


def outcomes(folder: Path) -> dict[str, str]:
    """Digests of what was found, by the digest of what it was found of."""
    found = {}
    store = Store(folder / ".autograder" / "results")
    for path in store.folder.rglob("*.outcome"):
        outcome = store.get(path.stem)
        if outcome is None:
            sys.exit(f"{path} can't be read.")
        said = json.dumps([outcome.status, outcome.scores, outcome.outputs])
        found[path.stem] = hashlib.sha256(said.encode()).hexdigest()
    return found


def used() -> float:
    """CPU seconds of this process's commands that have ended."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def measure(original: Path, size: Size, nodes: int, cores: float, expected: dict[str, str]) -> float:
    """Grade the class on so many nodes, print what that took, and return its seconds. Exits where outcomes differ."""
    with tempfile.TemporaryDirectory() as place, cluster(nodes, cores, Path(place)) as made:
        copy = Path(shutil.copytree(original, Path(place, "course")))
        before = [group.seconds() for group in made.groups]
        head, scheduler = used(), sum(made.scheduler.cpu_times()[:2])
        seconds = sum(run(["autograder", "grade", name, "--cluster", made.address], copy) for name in size.assignments)
        head, scheduler = used() - head, sum(made.scheduler.cpu_times()[:2]) - scheduler
        nodes_cpu = [group.seconds() - start for group, start in zip(made.groups, before, strict=True)]
        if outcomes(copy) != expected:
            sys.exit(f"On {nodes} nodes the outcomes were others.")
    shares = ", ".join(f"{cpu / seconds / cores:.2f}" for cpu in nodes_cpu)
    print(
        f"{nodes} nodes: {seconds:6.1f} s; CPU seconds a submission: {sum(nodes_cpu) / size.submissions:.2f} of the "
        f"nodes, {head / size.submissions:.3f} of the command, {scheduler / size.submissions:.3f} of the scheduler; "
        f"each node used {shares} of its share",
        flush=True,
    )
    return seconds


def main() -> None:
    """Measure, and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--foundations", type=int, default=60, help="submissions of `foundations`")
    parser.add_argument("--networks", type=int, default=24, help="submissions of `networks`")
    parser.add_argument("--rows", type=int, default=120_000, help="that each network is trained on")
    parser.add_argument("--epochs", type=int, default=4)
    parser.add_argument("--cores", type=float, default=0.5, help="a node's share")
    parser.add_argument("--nodes", type=int, nargs="+", default=[1, 2, 3])
    given = parser.parse_args()
    size = Size(given.foundations, given.networks, given.rows, given.epochs)
    with tempfile.TemporaryDirectory() as place:
        original = Path(place, "original")
        course(original, size)
        here = Path(shutil.copytree(original, Path(place, "here")))
        before = used()
        seconds = sum(run(["autograder", "grade", name], here) for name in size.assignments)
        print(
            f"without a cluster: {seconds:6.1f} s; {(used() - before) / size.submissions:.2f} CPU seconds a submission"
        )
        expected = outcomes(here)
        times = {nodes: measure(original, size, nodes, given.cores, expected) for nodes in given.nodes}
    print(f"\n{size.foundations} of foundations, {size.networks} of networks; nodes of {given.cores} cores")
    first = min(times)
    for nodes, seconds in times.items():
        efficiency = times[first] * first / seconds / nodes
        faster = times[first] / seconds
        print(f"{nodes} nodes {seconds:8.1f} s   {faster:5.2f} times as fast   efficiency {efficiency:.2f}")
    print(f"All {len(expected)} outcomes were those without a cluster, also the trained weights.")


if __name__ == "__main__":
    main()
