"""CPU seconds of grading a notebook without training: `python benchmarks/notebook_cpu.py`.

A class hands in `foundations` with the reference's answers, each student with a comment of their own, so that every
notebook is graded. One student is graded before, so that what is measured does not contain the rehearsal.

Each process is looked at until it ends, by Linux's clock of its CPU time. What candidate and examiner use is divided by
the number of notebooks. What a grading uses besides, to start processes, read submissions, and write grades, is given
for all of them together.

`--beside CHECKOUT` measures another checkout of this project in turn with this one.
"""

import argparse
import contextlib
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import nbformat
import psutil
from grading import BUSY, run, scores

from autograder.course import sample_class

ROOT = Path(__file__).resolve().parents[1]
ASSIGNMENT = "foundations"
LOOK = 0.05  # seconds between looks at the processes: what one uses in its last such interval is not seen
ROLE_LOOKS = 2  # after which what a process is, is known: at the first it may not have become that program yet
# command line -> role; of the fork servers, what the processes that they fork are
SERVERS = {"autograder.kernel import forking": "candidate", "autograder.examiner import fork_server": "examiner"}
PROCESSES = {"autograder.grading.worker": "worker", "autograder.training": "trainer"}
OF_NOTEBOOKS = ("candidate", "examiner")
ROLES = (*OF_NOTEBOOKS, "worker", "trainer", "command", "fork servers")


def hand_in(folder: Path, numbers: range) -> None:
    """Submissions of students of these numbers, no two of them equal."""
    for number in numbers:
        notebook = sample_class.solved(ROOT, ASSIGNMENT)
        solution = next(c for c in notebook.cells if c.metadata.get("nbgrader", {}).get("solution"))
        solution.source += f"\n# written by student {number}"
        path = folder / "submitted" / f"student{number:03}" / ASSIGNMENT / f"{ASSIGNMENT}.ipynb"
        path.parent.mkdir(parents=True)
        nbformat.write(notebook, path)


def course(folder: Path, checkout: Path) -> None:
    """A course with one graded student, so rehearsed."""
    (folder / "source").mkdir(parents=True)
    shutil.copytree(ROOT / "source" / ASSIGNMENT, folder / "source" / ASSIGNMENT)
    shutil.copy(ROOT / "nbgrader_config.py", folder)
    run(["nbgrader", "generate_assignment", ASSIGNMENT], folder)
    shutil.copy(checkout / "nbgrader_config.py", folder)  # an older one may have other names of settings
    hand_in(folder, range(1))
    grade(folder, checkout)


def grade(folder: Path, checkout: Path) -> dict[str, float]:
    """Grade what is handed in by the code in `checkout`, with one worker; returns CPU seconds by role."""
    command = [sys.executable, "-m", "autograder", "grade", ASSIGNMENT, "--workers=1"]
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    environment = {**os.environ, "PATH": path, "PYTHONPATH": str(checkout)}
    with tempfile.TemporaryFile() as output:
        started = subprocess.Popen(command, cwd=folder, env=environment, stdout=output, stderr=output)
        used = Processes(started.pid)
        while started.poll() is None:
            used.look()
            time.sleep(LOOK)
        if started.returncode:
            output.seek(0)
            raise RuntimeError(f"exit code {started.returncode}\n{output.read().decode()[-3000:]}")
    return used.by_role()


class Processes:
    """The CPU time of a process and of all below it, by role."""

    def __init__(self, pid: int) -> None:
        """`pid`: the process of `autograder grade`."""
        self._top = psutil.Process(pid)
        self._roles: dict[psutil.Process, list[str]] = {}
        self._used: dict[psutil.Process, float] = {}

    def look(self) -> None:
        """Note what they have used until now."""
        found = [self._top]
        with contextlib.suppress(psutil.Error):
            found += self._top.children(recursive=True)
        for process in found:
            with contextlib.suppress(psutil.Error, OSError):
                seen = self._roles.get(process, [])
                if len(seen) < ROLE_LOOKS:
                    self._roles[process] = [*seen, _role(process)]
                self._used[process] = time.clock_gettime(~process.pid << 3 | 2)  # see clock_getcpuclockid(3)

    def by_role(self) -> dict[str, float]:
        """CPU seconds."""
        totals = dict.fromkeys(ROLES, 0.0)
        for process, seconds in self._used.items():
            totals[self._roles[process][-1]] += seconds
        return totals


def _role(process: psutil.Process) -> str:
    line = " ".join(process.cmdline())
    for part, role in SERVERS.items():
        if part in line:
            parent = process.parent()
            by = [] if parent is None or "bwrap" in parent.name() else parent.cmdline()
            return role if part in " ".join(by) else "fork servers"
    return next((role for part, role in PROCESSES.items() if part in line), "command")


def measure(original: Path, students: int, checkout: Path) -> dict[str, float]:
    """CPU seconds by role, of one notebook, and of a grading of so many for what it has to start and to write."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place, "course")
        shutil.copytree(original, folder)
        hand_in(folder, range(1, 1 + students))
        used = grade(folder, checkout)
        points = scores(folder, ASSIGNMENT)
    if any(score != points[f"student000, {name.partition(', ')[2]}"] for name, score in points.items()):
        sys.exit("Students with the same answers have different points.")
    return {role: seconds / (students if role in OF_NOTEBOOKS else 1) for role, seconds in used.items()}


def main() -> None:
    """Measure, and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--students", type=int, default=5)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--beside", type=Path, help="another checkout of this project, measured in turn with this one")
    given = parser.parse_args()
    checkouts = {"here": ROOT} if given.beside is None else {"beside": given.beside.resolve(), "here": ROOT}
    busiest = 0.0
    found: dict[str, list[dict[str, float]]] = {name: [] for name in checkouts}
    with tempfile.TemporaryDirectory() as place:
        for name, checkout in checkouts.items():
            course(Path(place, name), checkout)
        for _ in range(given.rounds):
            for name, checkout in checkouts.items():
                busiest = max(busiest, psutil.cpu_percent(3))
                found[name].append(measure(Path(place, name), given.students, checkout))
                print(name, {role: round(value, 2) for role, value in found[name][-1].items()}, flush=True)
    grading = f"a grading of {given.students} notebooks, median of {given.rounds} rounds"
    print(f"\nCPU seconds of {grading} ({os.cpu_count()} cores)")
    print(f"{'':16}" + "".join(f"{name:>9}" for name in checkouts))
    for role in ROLES:
        middle = (statistics.median(one[role] for one in found[name]) for name in checkouts)
        label = f"{role}, each" if role in OF_NOTEBOOKS else role
        print(f"{label:16}" + "".join(f"{value:9.2f}" for value in middle))
    if busiest > BUSY:
        print(f"Others used up to {busiest:.0f} % of the cores, which makes caches colder and the figures larger.")


if __name__ == "__main__":
    main()
