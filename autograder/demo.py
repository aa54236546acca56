"""The demo: a small class, graded for real.

Makes a course of its own in a folder, with the built notebooks and submissions of made-up students, and drives
nbgrader's commands on it: autograde, generate_feedback, export. Real MNIST, real training; nothing is left out.
"""

import csv
import shutil
import time
from dataclasses import dataclass
from pathlib import Path

from autograder import course, sample_class

# Who hands in: one student trains for all ten epochs, one for two; more would take more minutes.
CLASS = {
    "foundations": ("perfect", "syntax_error", "empty", "colab"),
    "mnist": ("perfect", "hasty", "untrained", "empty"),
}


@dataclass(frozen=True)
class Grade:
    """One exported grade; `score` is None where nothing was handed in."""

    student: str
    assignment: str
    score: float | None
    max_score: float


def make_course(root: Path, folder: Path) -> list[tuple[str, str]]:
    """Make the demo's course in `folder`; returns (student, assignment) of each submission.

    An earlier demo there is replaced. Raises CourseError where the folder holds anything else.
    """
    marker = folder / ".autograder-demo"
    if folder.exists() and not marker.exists():
        raise course.CourseError(f"{folder} is not an earlier demo: move it away, the demo needs a folder of that name")
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
        course.nbgrader(folder, "generate_assignment", name, "--create")


def grade(folder: Path, student: str, assignment: str) -> float:
    """Autograde one submission; returns the seconds it took."""
    started = time.monotonic()
    course.nbgrader(folder, "autograde", assignment, "--student", student)
    return time.monotonic() - started


def publish(folder: Path) -> list[Grade]:
    """Write the feedback pages, export the gradebook to `grades.csv` in `folder`, and read that."""
    for name in CLASS:
        course.nbgrader(folder, "generate_feedback", name)
    course.nbgrader(folder, "export", "--to", "grades.csv")
    with (folder / "grades.csv").open(newline="", encoding="utf-8") as file:
        return [
            Grade(
                row["student_id"],
                row["assignment"],
                float(row["score"]) if (row["student_id"] in CLASS[row["assignment"]]) else None,
                float(row["max_score"]),
            )
            for row in csv.DictReader(file)
        ]
