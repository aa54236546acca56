"""How long grading takes, beside plain nbgrader: `python benchmarks/grading.py`.

One class of 40 on a small NumPy course (8 exercises, visible and hidden tests) is graded in turn by `nbgrader
autograde` without our engine and by `autograder grade` with one worker and with two, each in a fresh copy of the
course, three times over. Wall time of the whole command; medians, and their ratios to plain nbgrader's. All three must
give the same scores. A third of the students solved everything, a third made mistakes, a third left exercises as they
were; no two submissions are equal, since equal ones are graded only once.

The rehearsal, which an assignment has once and a later grading does not repeat, is in our times. How much of them it is
is measured in a copy: grading one student with the rehearsal, less grading another with the rehearsal stored.

Other work on the machine falsifies the ratios, in either direction. How busy the cores are before each run is measured
and printed, and the summary says so where a run is not to be trusted.
"""

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import nbformat
import psutil
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook
from nbgrader.api import Gradebook

# name: arguments, the answer, a common mistake, a visible and a hidden test
EXERCISES = {
    "relu": ("x", "np.maximum(x, 0)", "np.abs(x)", "np.array([1.0, 2.0])", "np.linspace(-3, 3, 13)"),
    "sigmoid": ("x", "1 / (1 + np.exp(-x))", "1 / (1 + np.exp(x))", "np.zeros(3)", "np.linspace(-5, 5, 21)"),
    "softmax": (
        "x",
        "np.exp(x - x.max()) / np.exp(x - x.max()).sum()",
        "np.exp(x) / np.exp(x).max()",
        "np.zeros(1)",
        "np.linspace(0, 900, 7)",
    ),
    "scale": ("x", "(x - x.mean()) / x.std()", "x - x.mean()", "np.array([-1.0, 1.0])", "np.linspace(2, 9, 30)"),
    "distance": (
        "a, b",
        "float(np.sqrt(((a - b) ** 2).sum()))",
        "float(np.abs(a - b).sum())",
        "np.zeros(4), np.eye(4)[0]",
        "np.linspace(0, 1, 50), np.linspace(3, 4, 50)",
    ),
    "dense": (
        "x, w, b",
        "x @ w + b",
        "x @ w",
        "np.eye(2), np.eye(2), np.zeros(2)",
        "np.linspace(0, 1, 600).reshape(20, 30), np.linspace(-1, 1, 120).reshape(30, 4), np.arange(4.0)",
    ),
    "one_hot": (
        "labels, n",
        "np.eye(n)[labels]",
        "np.eye(n)[labels - 1]",
        "np.array([], int), 2",
        "np.arange(100) % 7, 7",
    ),
    "accuracy": (
        "y, p",
        "float(np.mean(y == p))",
        "float(np.sum(y == p))",
        "np.zeros(1), np.zeros(1)",
        "np.arange(100) % 3, np.arange(100) % 5",
    ),
}
BUSY = 10  # per cent of all cores, used by others, that make a run worthless
STUB = "    raise NotImplementedError"
COMMANDS = {
    "nbgrader autograde": ["nbgrader", "autograde", "ps1"],
    "autograder grade --workers=1": ["autograder", "grade", "ps1", "--workers=1"],
    "autograder grade --workers=2": ["autograder", "grade", "ps1", "--workers=2"],
}


def cell(source: str, grade_id: str, **marks: Any) -> NotebookNode:
    """A code cell with nbgrader's metadata."""
    marks = {"grade": False, "solution": False, "locked": False, "task": False, "schema_version": 3, **marks}
    return new_code_cell(source, metadata={"nbgrader": {"grade_id": grade_id, **marks}})


def course(folder: Path, students: int) -> None:
    """Make the course in `folder`, and its class."""
    cells = [cell("import numpy as np", "setup", locked=True)]
    for name, (arguments, answer, _, shown, hidden) in EXERCISES.items():
        cells.append(new_markdown_cell(f"## {name}"))
        solution = f"def {name}({arguments}):\n    ### BEGIN SOLUTION\n    return {answer}\n    ### END SOLUTION"
        cells.append(cell(solution, name, solution=True))
        test = (
            f"def expected_{name}({arguments}):\n    return {answer}\n\n"
            f"np.testing.assert_allclose({name}({shown}), expected_{name}({shown}))\n"
            f"### BEGIN HIDDEN TESTS\nnp.testing.assert_allclose({name}({hidden}), expected_{name}({hidden}))\n"
            "### END HIDDEN TESTS"
        )
        cells.append(cell(test, f"test_{name}", grade=True, locked=True, points=2))
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    (folder / "source" / "ps1").mkdir(parents=True)
    nbformat.write(new_notebook(cells=cells, metadata={"kernelspec": kernel}), folder / "source" / "ps1" / "ps1.ipynb")
    stub = "c = get_config()\nc.ClearSolutions.code_stub = {'python': 'raise NotImplementedError'}\n"
    (folder / "nbgrader_config.py").write_text(stub)
    run(["nbgrader", "generate_assignment", "ps1"], folder)
    for number in range(students):
        hand_in(folder, number)


def hand_in(folder: Path, number: int) -> None:
    """A student's submission, in `submitted/`."""
    path = folder / "submitted" / f"student{number:02}" / "ps1" / "ps1.ipynb"
    path.parent.mkdir(parents=True)
    nbformat.write(answered(folder, number), path)


def answered(folder: Path, number: int) -> NotebookNode:
    """The released notebook with a student's answers: all solved, mistakes, or exercises left out, in turn."""
    notebook = nbformat.read(folder / "release" / "ps1" / "ps1.ipynb", as_version=4)
    for place, (name, (arguments, answer, mistake, *_)) in enumerate(EXERCISES.items()):
        odd = (number + place) % 3 == 0
        body = STUB if number % 3 == 2 and odd else f"    return {mistake if number % 3 == 1 and odd else answer}"
        its = next(c for c in notebook.cells if c.metadata.get("nbgrader", {}).get("grade_id") == name)
        its.source = f"def {name}({arguments}):  # by student {number}\n{body}"
    return notebook


def run(command: list[str], folder: Path) -> float:
    """The wall time of `python -m command` in a course folder, in seconds. Raises where it fails."""
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    started = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-m", *command],
        cwd=folder,
        env={**os.environ, "PATH": path},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)}: exit code {done.returncode}\n{done.stdout[-3000:]}")
    return time.monotonic() - started


def scores(folder: Path, assignment: str = "ps1") -> dict[str, float]:
    """The points of each student and test."""
    with Gradebook(f"sqlite:///{folder / 'gradebook.db'}", "") as gradebook:
        return {
            f"{submission.student.id}, {grade.name}": grade.score
            for submission in gradebook.assignment_submissions(assignment)
            for notebook in submission.notebooks
            for grade in notebook.grades
        }


def main() -> None:
    """Measure, and print."""
    parser = argparse.ArgumentParser(description="Times grading beside plain nbgrader.")
    parser.add_argument("--students", type=int, default=40)
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    seconds: dict[str, list[float]] = {name: [] for name in COMMANDS}
    rehearsals = []
    busiest = 0.0
    with tempfile.TemporaryDirectory() as place:
        original, copy = Path(place, "original"), Path(place, "copy")
        course(original, given.students)
        for round_ in range(given.rounds):
            found = []
            for name, command in COMMANDS.items():
                shutil.copytree(original, copy)
                busy = psutil.cpu_percent(3)
                busiest = max(busiest, busy)
                seconds[name].append(run(command, copy))
                found.append(scores(copy))
                shutil.rmtree(copy)
                print(
                    f"round {round_ + 1}: {seconds[name][-1]:6.1f} s  {name}  (others before it: {busy:.0f} %)",
                    flush=True,
                )
            if not found[0] or any(other != found[0] for other in found):
                sys.exit("The scores differ.")
            shutil.copytree(original, copy)
            first, again = "--student=student00", "--student=student01"
            one = COMMANDS["autograder grade --workers=1"]
            rehearsals.append(run([*one, first], copy) - run([*one, again], copy))
            shutil.rmtree(copy)
    middle = {name: statistics.median(times) for name, times in seconds.items()}
    plain = middle["nbgrader autograde"]
    rehearsal = statistics.median(rehearsals)
    print(f"\n{given.students} submissions, median of {given.rounds} rounds ({os.cpu_count()} cores)")
    print(f"{'':30} {'seconds':>8} {'ratio':>6} {'without rehearsal':>18}")
    for name, time_ in middle.items():
        without = "" if time_ is plain else f"{(time_ - rehearsal) / plain:18.2f}"
        print(f"{name:30} {time_:8.1f} {time_ / plain:6.2f} {without}")
    print(f"rehearsal, once for the assignment: {rehearsal:.1f} s")
    if busiest > BUSY:
        print(f"Not to be trusted: others used up to {busiest:.0f} % of the cores. Repeat it on an idle machine.")


if __name__ == "__main__":
    main()
