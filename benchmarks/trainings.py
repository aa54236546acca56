"""How long grading a class that trains takes, beside plain nbgrader: `python benchmarks/trainings.py`.

A class of 24 hands in `mnist`: 16 with the lecture's network (each written in words of its own), 4 with other networks,
2 that can't train, 1 blank, 1 hostile. The images are made up and few (`--images`), so that plain nbgrader takes some
minutes. In turn, each in a fresh copy of the course: `nbgrader autograde` without our engine; `autograder grade`; the
same again; and again after a hidden test was changed. All honest students must have the same points from both. Wall
time of the whole commands, the rehearsal included.

On full data a training costs 60,000 images instead; that ratio is an estimate: to plain nbgrader's time is added what
the trainer took for each student's training, remembered or not, as if Keras in a notebook took the same; to ours what
it took for those that differ. Plain nbgrader's time without trainings is estimated in the same way; ours is that of the
grading after the change.
"""

import argparse
import contextlib
import json
import os
import re
import shutil
import statistics
import sys
import tempfile
import threading
from pathlib import Path

import nbformat
import psutil
from grading import BUSY, run, scores
from nbformat import NotebookNode
from nbgrader.api import Gradebook

from autograder.course import sample_class

ROOT = Path(__file__).resolve().parents[1]
KERNEL = ROOT / "tests" / "support" / "small_kernel"  # a kernel whose MNIST is made up
FULL = 60_000
TEXT_OF_OURS = "configure(c)"
OTHERS = {
    "kernel_5": ("kernel_size=(3, 3)", "kernel_size=(5, 5)"),
    "more_filters": ("Conv2D(64", "Conv2D(48"),
    "less_dropout": ("Dropout(0.5)", "Dropout(0.3)"),
    "wider": ("Dense(64", "Dense(96"),
}
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
        source = cell(notebook, "build_model").source
        if old not in source:
            raise ValueError(f"{old!r} is not in the reference's network any more")
        cell(notebook, "build_model").source = source.replace(old, new)
    for change in (sample_class.exception_half_way, sample_class.syntax_error):
        found[change.__name__] = change(sample_class.solved(ROOT, "mnist"), "mnist")
    found["blank"] = sample_class.released(ROOT, "mnist")
    found["hostile"] = notebook = sample_class.solved(ROOT, "mnist")
    cell(notebook, "train").source = "def train(model, x, y):\n    return keras.callbacks.History()" + HOSTILE
    return found


def course(folder: Path) -> None:
    """The course with its class, small data for our engine."""
    (folder / "source").mkdir(parents=True)
    shutil.copytree(ROOT / "source" / "mnist", folder / "source" / "mnist")
    settings = (ROOT / "nbgrader_config.py").read_text()
    small = {name: os.environ[name] for name in ("PYTHONPATH", "SMALL_DIGITS")}
    settings += f"\nc.Grading.environment = {small!r}\nc.Grading.visible = [{str(KERNEL)!r}]\n"
    (folder / "nbgrader_config.py").write_text(settings)
    run(["nbgrader", "generate_assignment", "mnist"], folder)
    for student, notebook in submissions().items():
        path = folder / "submitted" / student / "mnist" / "mnist.ipynb"
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


def trained(folder: Path) -> tuple[int, float, float]:
    """Trainings of the class that were not remembered; seconds of all, and of those that differ."""
    records = [json.loads(path.read_text()) for path in folder.glob("autograded/*/mnist/mnist.record.json")]
    trainings = [t for record in records for t in record["run"]["trainings"] if t["by"] == "trainer"]
    seconds = {t["job"]: t["seconds"] for t in trainings}
    return sum(not t["remembered"] for t in trainings), sum(t["seconds"] for t in trainings), sum(seconds.values())


def points(folder: Path) -> dict[str, float]:
    """The points of each student and test, without the hostile one's."""
    return {name: score for name, score in scores(folder, "mnist").items() if not name.startswith("hostile")}


class Peak(threading.Thread):
    """The most memory that this process's children had together, shared pages counted once."""

    def __init__(self) -> None:
        """Nothing yet."""
        super().__init__(daemon=True)
        self.bytes = 0
        self._end = threading.Event()

    def run(self) -> None:
        """Look every other second."""
        while not self._end.wait(2):
            total = 0
            for process in psutil.Process().children(recursive=True):
                with contextlib.suppress(psutil.Error):
                    total += process.memory_full_info().pss
            self.bytes = max(self.bytes, total)

    def __enter__(self) -> "Peak":
        """Start."""
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop."""
        self._end.set()
        self.join()


def measure(original: Path, place: Path) -> dict[str, float]:
    """One round: seconds by what was run. Exits where the points differ, or something is trained that needn't be."""
    seconds: dict[str, float] = {}
    shutil.copytree(original, place / "plain")
    plainly(place / "plain")
    seconds["nbgrader autograde"] = run(["nbgrader", "autograde", "mnist", "--Execute.timeout=600"], place / "plain")
    ours = place / "ours"
    shutil.copytree(original, ours)
    with Peak() as peak:
        seconds["autograder grade"] = run(["autograder", "grade", "mnist"], ours)
    seconds["GiB"] = peak.bytes / 2**30
    if points(ours) != points(place / "plain"):
        sys.exit(f"The points differ:\n{points(ours)}\n{points(place / 'plain')}")
    _, seconds["trainings of all"], seconds["trainings that differ"] = trained(ours)
    seconds["again"] = run(["autograder", "grade", "mnist"], ours)
    change_hidden_test(ours)
    seconds["after a change of a hidden test"] = run(["autograder", "grade", "mnist"], ours)
    if number := trained(ours)[0]:
        sys.exit(f"After a change of a hidden test {number} trainings were not remembered.")
    with Gradebook(f"sqlite:///{ours / 'gradebook.db'}") as gradebook:
        print(f"the hostile one: {gradebook.find_submission('mnist', 'hostile').score:g} points here", end="")
    with Gradebook(f"sqlite:///{place / 'plain' / 'gradebook.db'}") as gradebook:
        print(f", {gradebook.find_submission('mnist', 'hostile').score:g} by plain nbgrader")
    for name in ("plain", "ours"):
        shutil.rmtree(place / name)
    return seconds


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--images", type=int, default=6000)
    parser.add_argument("--rounds", type=int, default=1)
    given = parser.parse_args()
    os.environ.update(PYTHONPATH=str(KERNEL), SMALL_DIGITS=str(given.images), TF_CPP_MIN_LOG_LEVEL="3")
    os.environ.setdefault("CUDA_VISIBLE_DEVICES", "")
    rounds: list[dict[str, float]] = []
    with tempfile.TemporaryDirectory() as folder:
        original = Path(folder, "original")
        course(original)
        for number in range(given.rounds):
            busy = psutil.cpu_percent(3)
            rounds.append(measure(original, Path(folder)))
            print(f"round {number + 1} (others before it used {busy:.0f} %): {rounds[-1]}", flush=True)
            if busy > BUSY:
                print("Not to be trusted: the machine is busy. Repeat it on an idle one.")
    show({name: statistics.median(one[name] for one in rounds) for name in rounds[0]}, given.images)


def show(middle: dict[str, float], images: int) -> None:
    """Medians, and what they say."""
    plain, ours = middle["nbgrader autograde"], middle["autograder grade"]
    print(f"\n24 submissions of mnist, {images} images, {os.cpu_count()} cores: medians")
    memory = middle.pop("GiB")
    for name, seconds in middle.items():
        print(f"{name:34} {seconds:8.1f} s")
    print(f"most memory of it all              {memory:8.2f} GiB")
    print(f"plain / ours                       {plain / ours:8.2f}")
    print(f"again / first                      {middle['again'] / ours:8.3f}")
    more, every, different = FULL / images - 1, middle["trainings of all"], middle["trainings that differ"]
    untrained = middle["after a change of a hidden test"]
    print(f"plain / ours, trainings alone      {every / different:8.2f}")
    print(f"plain / ours, without trainings    {(plain - every) / untrained:8.2f}")
    print(f"estimate for {FULL:,} images        {(plain + every * more) / (ours + different * more):8.2f}")


if __name__ == "__main__":
    main()
