"""The demo: a small class, graded for real.

Makes a course of its own in a folder, with the built notebooks and submissions of made-up students, and runs the
instructor's commands on it: grade, generate_feedback, export. Real MNIST, real training; nothing is left out.
"""

import csv
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from autograder.course import build, sample_class

# Who hands in: one student trains for all ten epochs, one for two; more would take more minutes.
CLASS = {
    "foundations": ("perfect", "syntax_error", "empty", "colab", "cut_off"),
    "mnist": ("perfect", "hasty", "untrained", "empty"),
}


@dataclass(frozen=True)
class DemoGrade:
    """One exported grade; `score` is None where nobody has graded, and `status` says why."""

    student: str
    assignment: str
    score: float | None
    max_score: float
    status: str
    reason: str


def make_course(root: Path, folder: Path) -> list[tuple[str, str]]:
    """Make the demo's course in `folder`; returns (student, assignment) of each submission.

    An earlier demo there is replaced. Raises CourseError where the folder holds anything else.
    """
    marker = folder / ".autograder-demo"
    if folder.exists() and not marker.exists():
        raise build.CourseError(f"{folder} is not an earlier demo: move it away, the demo needs a folder of that name")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    marker.touch()
    shutil.copy(root / "nbgrader_config.py", folder)
    for name in CLASS:
        shutil.copytree(root / "source" / name, folder / "source" / name)
    submissions = [(student, name) for name, students in CLASS.items() for student in students]
    for student, name in submissions:
        sample_class.hand_in(root, folder, student, name)
    return submissions


def prepare(folder: Path) -> None:
    """Let nbgrader generate the released notebooks, which fills the gradebook."""
    for name in CLASS:
        build.nbgrader(folder, "generate_assignment", name, "--create")


def grade(folder: Path, assignment: str) -> None:
    """Grade a whole class at once; what `autograder grade` shows goes to the terminal."""
    _autograder(folder, "grade", assignment)
    if not any((folder / "autograded").glob(f"*/{assignment}")):
        raise build.CourseError(f"`autograder grade {assignment}` in {folder} graded nothing; see the reason above")


def publish(folder: Path) -> list[DemoGrade]:
    """Write the feedback pages, export the gradebook to `grades.csv` in `folder`, and read that."""
    for name in CLASS:
        build.nbgrader(folder, "generate_feedback", name)
    _autograder(folder, "export")
    with (folder / "grades.csv").open(newline="", encoding="utf-8-sig") as file:
        return [
            DemoGrade(
                row["student_id"],
                row["assignment"],
                float(row["score"]) if row["score"] else None,
                float(row["max_score"]),
                row["status"],
                row["reason"],
            )
            for row in csv.DictReader(file)
        ]


def _autograder(folder: Path, *arguments: str) -> None:
    # It exits with 1 where a submission needs a person, which is no failure of the demo.
    subprocess.run([sys.executable, "-m", "autograder", *arguments], cwd=folder, check=False)
