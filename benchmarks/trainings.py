"""How long grading a class that trains takes, beside plain nbgrader, and where that time goes.

`python benchmarks/trainings.py`: a class of 24 hands in `mnist`: 16 with the lecture's network (each written in words
of its own), 4 with other networks, 2 that can't train, 1 blank, 1 hostile. The images are made up and few (`--images`),
so that plain nbgrader takes some minutes. In turn, each in a fresh copy of the course: `nbgrader autograde` without our
engine; `autograder grade`; and `autograder rehearse`, as an instructor may run it before the deadline, then `autograder
grade`. All honest students must have the same points from all three. Then the second course is graded again, and again
after a hidden test was changed. Wall time of whole commands; the rehearsal is included where it was not done before.

`--own-networks 8`: so many students, each with a network that nobody else has, the reference neither: nothing is
remembered. In turn, plain and here. `--assignment fashion_mnist` is such a class in that assignment, with the real
images in `~/.keras`, all of them (`autograder data fashion_mnist`): a plain grading takes minutes for each student.

`--bfloat16`: besides, here with that precision, from the start.

Where the time goes: CPU seconds of all processes of `autograder grade`, looked at twice a second, by what they do. What
a process takes after the last look at it is counted as idle.
"""

import argparse
import contextlib
import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from itertools import product
from pathlib import Path

import nbformat
import psutil
from grading import BUSY, run, scores
from nbformat import NotebookNode
from nbgrader.api import Gradebook

from autograder.course import sample_class

ROOT = Path(__file__).resolve().parents[1]
KERNEL = ROOT / "tests" / "support" / "small_kernel"  # a kernel whose MNIST is made up
TEXT_OF_OURS = "configure(c)"
OTHERS = {
    "kernel_5": ("kernel_size=(3, 3)", "kernel_size=(5, 5)"),
    "more_filters": ("Conv2D(64", "Conv2D(48"),
    "less_dropout": ("Dropout(0.5)", "Dropout(0.3)"),
    "wider": ("Dense(64", "Dense(96"),
}
# What a student's own network has in the place of the reference's.
OWN = {
    "mnist": ("build_model", {"Conv2D(64": (40, 48, 56, 72), "Dense(64": (56, 72)}),
    "fashion_mnist": ("build_own_model", {"Conv2D(32": (24, 28, 36, 40), "Dense(48": (40, 44)}),
}
# Whose CPU time it is, by a part of the command.
ROLES = {
    "autograder.training import worker": "trainings",
    "autograder.training.server": "trainer, without them",
    "autograder.examiner import": "examiner",
    "autograder.kernel import": "candidates",
    "autograder.grading.worker": "workers",
    "autograder grade": "head (reads, writes)",
}
LOOK = 0.5  # seconds
ROLE_LOOKS = 2  # after which what a process is, is known: at the first it may not have become that program yet
HOSTILE = "\nimport numpy as np\nnp.mean = lambda *a, **k: 1.0\nexpect = lambda *a, **k: None"


def cell(notebook: NotebookNode, grade_id: str) -> NotebookNode:
    """The cell of that grade_id."""
    return next(c for c in notebook.cells if c.metadata.get("nbgrader", {}).get("grade_id") == grade_id)


def submissions() -> dict[str, NotebookNode]:
    """By student, what is handed in."""
    found = {}
    for number in range(16):
        found[f"lecture_{number:02}"] = notebook = sample_class.solved(ROOT, "mnist")
        cell(notebook, "build_model").source += f"\n# written by student {number}"
        cell(notebook, "train").source = f"# attempt {number + 1}\n" + cell(notebook, "train").source
    for name, (old, new) in OTHERS.items():
        found[name] = notebook = sample_class.solved(ROOT, "mnist")
        replace(cell(notebook, "build_model"), old, new)
    for change in (sample_class.exception_half_way, sample_class.syntax_error):
        found[change.__name__] = change(sample_class.solved(ROOT, "mnist"), "mnist")
    found["blank"] = sample_class.released(ROOT, "mnist")
    found["hostile"] = notebook = sample_class.solved(ROOT, "mnist")
    cell(notebook, "train").source = "def train(model, x, y):\n    return keras.callbacks.History()" + HOSTILE
    return found


def own_networks(assignment: str, students: int) -> dict[str, NotebookNode]:
    """By student, what is handed in: the reference's answers, with a network of the student's own."""
    build, places = OWN[assignment]
    sizes = [*product(*places.values())]
    if students > len(sizes):
        raise ValueError(f"expected at most {len(sizes)} students, received {students}")
    found = {}
    for number, chosen in enumerate(sizes[:students]):
        found[f"own_{number}"] = notebook = sample_class.solved(ROOT, assignment)
        for old, size in zip(places, chosen, strict=True):
            replace(cell(notebook, build), old, f"{old.partition('(')[0]}({size}")
    return found


def replace(of: NotebookNode, old: str, new: str) -> None:
    """Change the text of a cell."""
    if old not in of.source:
        raise ValueError(f"{old!r} is not in the reference's network any more")
    of.source = of.source.replace(old, new)


def course(folder: Path, assignment: str, notebooks: dict[str, NotebookNode]) -> None:
    """The course with its class; small data for our engine, too, where there is any."""
    (folder / "source").mkdir(parents=True)
    shutil.copytree(ROOT / "source" / assignment, folder / "source" / assignment)
    settings = (ROOT / "nbgrader_config.py").read_text()
    if assignment == "mnist":
        small = {"PYTHONPATH": str(KERNEL), "SMALL_DIGITS": os.environ["SMALL_DIGITS"]}
        settings += f"\nc.Grading.environment = {small!r}\nc.Grading.visible = [{str(KERNEL)!r}]\n"
    (folder / "nbgrader_config.py").write_text(settings)
    run(["nbgrader", "generate_assignment", assignment], folder)
    for student, notebook in notebooks.items():
        path = folder / "submitted" / student / assignment / f"{assignment}.ipynb"
        path.parent.mkdir(parents=True)
        nbformat.write(notebook, path, version=nbformat.NO_CONVERT)


def plainly(folder: Path) -> None:
    """The same course without our engine."""
    path = folder / "nbgrader_config.py"
    path.write_text(re.sub(f"^{re.escape(TEXT_OF_OURS)}$", "", path.read_text(), flags=re.MULTILINE))


def change_hidden_test(folder: Path) -> None:
    """As an instructor who finds the minimum too high."""
    path = folder / "source" / "mnist" / "mnist.ipynb"
    path.write_text(path.read_text().replace("MINIMUM, BASELINE, POINTS = 0.985", "MINIMUM, BASELINE, POINTS = 0.984"))
    run(["nbgrader", "generate_assignment", "mnist", "--force"], folder)


def trained(folder: Path, assignment: str) -> tuple[int, float, float]:
    """Trainings of the class that were not remembered; seconds of all, and of those that differ."""
    records = [json.loads(path.read_text()) for path in folder.glob(f"autograded/*/{assignment}/*.record.json")]
    trainings = [t for record in records for t in record["run"]["trainings"] if t["by"] == "trainer"]
    seconds = {t["job"]: t["seconds"] for t in trainings}
    return sum(not t["remembered"] for t in trainings), sum(t["seconds"] for t in trainings), sum(seconds.values())


def points(folder: Path, assignment: str) -> dict[str, float]:
    """The points of each student and test, without the hostile one's."""
    return {name: score for name, score in scores(folder, assignment).items() if not name.startswith("hostile")}


class Usage(threading.Thread):
    """What a process and all that it started take: CPU seconds by role, and how much less memory was available."""

    def __init__(self, process: psutil.Process) -> None:
        """Nothing yet."""
        super().__init__(daemon=True)
        self.bytes = 0
        self._available = psutil.virtual_memory().available
        self._process = process
        self._end = threading.Event()
        self._roles: dict[psutil.Process, str] = {}
        self._looks: Counter[psutil.Process] = Counter()
        self._seconds: dict[psutil.Process, float] = {}

    def run(self) -> None:
        """Look again and again."""
        while not self._end.wait(LOOK):
            self.bytes = max(self.bytes, self._available - psutil.virtual_memory().available)
            with contextlib.suppress(psutil.Error):
                for process in [self._process, *self._process.children(recursive=True)]:
                    with contextlib.suppress(psutil.Error):
                        self._look(process)

    def _look(self, process: psutil.Process) -> None:
        if self._looks[process] < ROLE_LOOKS:
            self._looks[process] += 1
            command = " ".join(process.cmdline())
            mark = next((mark for mark in ROLES if mark in command), "")
            parent = process.parent()
            self._roles[process] = ROLES[mark] if mark else self._roles.get(parent, "others") if parent else "others"
        times = process.cpu_times()  # its own: who ended it may not have waited for it
        self._seconds[process] = times.user + times.system

    def seconds(self) -> dict[str, float]:
        """CPU seconds by role."""
        self._end.set()
        self.join()
        found = dict.fromkeys(self._roles.values(), 0.0)
        for process, seconds in self._seconds.items():
            found[self._roles[process]] += seconds
        return found


def environment() -> dict[str, str]:
    """Of a command, whose nbgrader is this Python's."""
    return {**os.environ, "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])}


def grade(folder: Path, assignment: str) -> tuple[dict[str, float], dict[str, float]]:
    """Have the class graded: wall seconds of the whole and of the rehearsal, and memory; and CPU seconds by role."""
    started = time.monotonic()
    command = [sys.executable, "-u", "-m", "autograder", "grade", assignment]
    lines, rehearsal = [], 0.0
    with subprocess.Popen(
        command, cwd=folder, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        usage = Usage(psutil.Process(process.pid))
        usage.start()
        assert process.stdout is not None
        for line in process.stdout:
            lines.append(line)
            if " to grade; " in line:
                rehearsal = time.monotonic() - started
    seconds = time.monotonic() - started
    if process.returncode:
        raise RuntimeError(f"autograder grade: exit code {process.returncode}\n{''.join(lines)[-3000:]}")
    wall = {"autograder grade": seconds, "of that, the rehearsal": rehearsal, "GiB": usage.bytes / 2**30}
    return wall, usage.seconds()


def rehearse(folder: Path, assignment: str) -> float:
    """Have the assignment rehearsed: wall seconds. On made-up images, the reference may miss points: exit code 1."""
    started = time.monotonic()
    command = [sys.executable, "-m", "autograder", "rehearse", assignment]
    done = subprocess.run(command, cwd=folder, env=environment(), capture_output=True, text=True, check=False)
    if done.returncode not in (0, 1):
        raise RuntimeError(f"autograder rehearse: exit code {done.returncode}\n{done.stderr[-3000:]}")
    return time.monotonic() - started


def both(original: Path, place: Path, assignment: str, *, bfloat16: bool) -> tuple[dict[str, float], dict[str, float]]:
    """Grade the class plainly and here, in folders of `place`: seconds. Exits where the points differ."""
    seconds: dict[str, float] = {}
    shutil.copytree(original, place / "plain")
    plainly(place / "plain")
    seconds["nbgrader autograde"] = run(
        ["nbgrader", "autograde", assignment, "--Execute.timeout=3600"], place / "plain"
    )
    shutil.copytree(original, place / "ours")
    wall, roles = grade(place / "ours", assignment)
    if points(place / "ours", assignment) != points(place / "plain", assignment):
        sys.exit(f"The points differ:\n{points(place / 'ours', assignment)}\n{points(place / 'plain', assignment)}")
    shutil.copytree(original, place / "rehearsed")
    seconds["autograder rehearse"] = rehearse(place / "rehearsed", assignment)
    seconds["autograder grade after it"] = grade(place / "rehearsed", assignment)[0]["autograder grade"]
    if points(place / "rehearsed", assignment) != points(place / "ours", assignment):
        sys.exit("The points differ where the rehearsal was done before.")
    _, every, different = trained(place / "ours", assignment)
    trainings = {"trainings of all": every, "trainings that differ": different}
    if bfloat16:
        shutil.copytree(original, place / "bfloat16")
        with (place / "bfloat16" / "nbgrader_config.py").open("a") as settings:
            settings.write("\nc.Trainer.precision = 'bfloat16'\n")
        trainings["autograder grade, bfloat16"] = grade(place / "bfloat16", assignment)[0]["autograder grade"]
        here, others = points(place / "ours", assignment), points(place / "bfloat16", assignment)
        print(f"tests with other points by bfloat16: {sum(here[name] != others[name] for name in here)} of {len(here)}")
    return {**seconds, **wall, **trainings}, roles


def measure(original: Path, place: Path, *, bfloat16: bool) -> tuple[dict[str, float], dict[str, float]]:
    """One round of the class of 24. Exits where the points differ, or something is trained that needn't be."""
    seconds, roles = both(original, place, "mnist", bfloat16=bfloat16)
    ours = place / "ours"
    seconds["again"] = run(["autograder", "grade", "mnist"], ours)
    change_hidden_test(ours)
    seconds["after a change of a hidden test"] = run(["autograder", "grade", "mnist"], ours)
    if number := trained(ours, "mnist")[0]:
        sys.exit(f"After a change of a hidden test {number} trainings were not remembered.")
    with Gradebook(f"sqlite:///{ours / 'gradebook.db'}") as gradebook:
        print(f"the hostile one: {gradebook.find_submission('mnist', 'hostile').score:g} points here", end="")
    with Gradebook(f"sqlite:///{place / 'plain' / 'gradebook.db'}") as gradebook:
        print(f", {gradebook.find_submission('mnist', 'hostile').score:g} by plain nbgrader")
    return seconds, roles


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--images", type=int, default=6000, help="of made-up MNIST")
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--own-networks", type=int, default=0, metavar="STUDENTS")
    parser.add_argument("--bfloat16", action="store_true", help="here also with trainings in bfloat16")
    parser.add_argument("--assignment", choices=[*OWN], default="mnist", help="of --own-networks")
    given = parser.parse_args()
    if given.assignment == "mnist":
        os.environ.update(PYTHONPATH=os.pathsep.join([str(KERNEL), *filter(None, [os.environ.get("PYTHONPATH")])]))
        os.environ["SMALL_DIGITS"] = str(given.images)
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
    os.environ.setdefault("CUDA_VISIBLE_DEVICES", "")
    rounds: list[dict[str, float]] = []
    used: list[dict[str, float]] = []
    own = given.own_networks
    notebooks = own_networks(given.assignment, own) if own else submissions()
    with tempfile.TemporaryDirectory() as folder:
        original = Path(folder, "original")
        course(original, given.assignment, notebooks)
        for number in range(given.rounds):
            busy = psutil.cpu_percent(3)
            place = Path(folder, str(number))
            if own:
                seconds, roles = both(original, place, given.assignment, bfloat16=given.bfloat16)
            else:
                seconds, roles = measure(original, place, bfloat16=given.bfloat16)
            rounds.append(seconds)
            used.append(roles)
            shutil.rmtree(place)
            print(f"round {number + 1} (others before it used {busy:.0f} %): {seconds}", flush=True)
            if busy > BUSY:
                print("Not to be trusted: the machine is busy. Repeat it on an idle one.")
    images = f"{given.images} made-up images" if given.assignment == "mnist" else "real images"
    what = "each with a network of their own" if own else "the class of 24"
    print(f"\n{len(notebooks)} submissions of {given.assignment}, {what}, {images}, {os.cpu_count()} cores: medians")
    middle = {name: statistics.median(one[name] for one in rounds) for name in rounds[0]}
    memory = middle.pop("GiB")
    for name, value in middle.items():
        print(f"{name:34} {value:8.1f} s")
    print(f"most memory of it all              {memory:8.2f} GiB")
    plain = middle["nbgrader autograde"]
    print(f"plain / ours                       {plain / middle['autograder grade']:8.2f}")
    print(f"plain / ours, rehearsed before     {plain / middle['autograder grade after it']:8.2f}")
    if not own:
        print(f"again / first                      {middle['again'] / middle['autograder grade']:8.3f}")
    show_roles(used, middle["autograder grade"])


def show_roles(used: list[dict[str, float]], wall: float) -> None:
    """Where the time of `autograder grade` goes: medians."""
    names = dict.fromkeys(name for one in used for name in one)
    middle = {name: statistics.median(one.get(name, 0.0) for one in used) for name in names}
    there = wall * (os.cpu_count() or 1)
    middle["cores that were idle, or others'"] = max(0.0, there - sum(middle.values()))
    print(f"\nautograder grade: where {there:.0f} CPU seconds go")
    for name, seconds in sorted(middle.items(), key=lambda item: -item[1]):
        print(f"{name:34} {seconds:8.1f} s {100 * seconds / there:5.0f} %")


if __name__ == "__main__":
    main()
