"""A large class in a real gradebook, with statuses, records and autograded notebooks as grading leaves them.

Written directly, as grading 300 submissions takes minutes. What each made-up student can do is one number, and the
tests differ in how hard they are; one is failed by the strong.
"""

import math
import random
from pathlib import Path
from typing import Any

import nbformat
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook
from nbgrader.api import Gradebook
from records import TIME, grade_record
from submission_courses import generate

from autograder.common.serialization import dump
from autograder.examiner.model_insight import ModelInsight
from autograder.examiner.ownership import Reason
from autograder.grading.job import GradingRun, RebindableName, ReviewItem, ReviewKind, Status
from autograder.grading.record import (
    NotebookStatus,
    Statuses,
    SubmissionStatus,
)
from autograder.notebooks.reading import Mend
from autograder.training.training_record import TrainedBy, TrainingRecord, WeightsOrigin

ASSIGNMENT = "digits"
TESTS = {  # points, and how hard: what a student has to be able to do to pass it
    "test_shapes": (2.0, -2.0),
    "test_loss": (3.0, -0.5),
    "test_gradient": (5.0, 0.8),
    "test_backwards": (2.0, 0.0),  # failed by the strong
    "test_accuracy": (8.0, 0.0),  # partial credit
}
BASELINE, LEAST = 0.965, 0.985  # accuracies: up to which no points, and from which all
HOSTILE = "<script>alert('name')</script>"
REBINDABLE = (
    RebindableName("model", "train", Reason.TRAINS),
    RebindableName("history", "train", Reason.TRAINS),
    RebindableName("table", "cell <9>", Reason.OWN),
)
MESSAGES = {
    "test_shapes": "AssertionError: dense:\n  expected shape (4, {n})\n  received shape ({n}, 4)\nLook at Exercise 1.",
    "test_loss": "AssertionError: cross_entropy:\n  expected [0.1 0.{n}]\n  received [[0.{n}, 2.5], [1]]\nLook at it.",
    "test_gradient": "NotImplementedError",
    "test_backwards": "NameError: name 'answer' is not defined <img src=x onerror=alert(1)> at 0x7f3a{n}",
}


def _notebook() -> Any:
    cells = [new_markdown_cell("# Digits")]
    for number, (name, (points, _)) in enumerate(TESTS.items(), 1):
        heading = f"## Exercise {min(number, 4)}: part <{min(number, 4)}> ({points:g} points)"
        cells.append(new_markdown_cell(heading))
        marks = {"grade": True, "solution": False, "locked": True, "task": False, "schema_version": 3}
        nbgrader = {"grade_id": name, "points": points, **marks}
        cells.append(new_code_cell("assert True", metadata={"nbgrader": nbgrader}))
    marks = {"grade": True, "solution": True, "locked": False, "task": False, "schema_version": 3}
    nbgrader = {"grade_id": "essay", "points": 4.0, **marks}
    cells += [new_markdown_cell("## In words"), new_markdown_cell("Why?", metadata={"nbgrader": nbgrader})]
    return new_notebook(
        cells=cells, metadata={"kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"}}
    )


def build(folder: Path, students: int) -> None:
    """Make the course in `folder`. Student 0 has a hostile name; some need a person, wait or have not handed in."""
    source = folder / "source" / ASSIGNMENT
    source.mkdir(parents=True)
    nbformat.write(_notebook(), source / f"{ASSIGNMENT}.ipynb")
    coursedir, _ = generate(folder, ASSIGNMENT)
    (folder / "nbgrader_config.py").write_text("c = get_config()\nc.CourseDirectory.course_id = 'vision'\n")
    draw, statuses = random.Random(1), Statuses(folder)
    with Gradebook(coursedir.db_url, coursedir.course_id) as gradebook:
        for number in range(students):
            student = f"s{number:03}"
            names = (
                {"first_name": HOSTILE, "last_name": "Ёлкин, Пётр"} if number == 0 else {"first_name": f"Ada{number}"}
            )
            gradebook.add_student(student, **names)
            if number % 50 == 49:
                continue  # has not handed in
            (folder / "submitted" / student / ASSIGNMENT).mkdir(parents=True)
            if number % 40 == 39:
                why = NotebookStatus(Status.NEEDS_PERSON, message=f"The file is not a notebook: {HOSTILE}")
                statuses.put(SubmissionStatus(student, ASSIGNMENT, TIME, {ASSIGNMENT: why}))
                continue
            _grade(folder, gradebook, statuses, student, number, draw)
        gradebook.db.commit()


def _grade(
    folder: Path, gradebook: Gradebook, statuses: Statuses, student: str, number: int, draw: random.Random
) -> None:
    ability = draw.gauss(0, 1)
    scores: dict[str, float] = {}
    for name, (points, hard) in TESTS.items():
        can = -ability if name == "test_backwards" else ability
        chance = 1 / (1 + math.exp(-3 * (can - hard)))
        scores[name] = round(points * chance, 2) if name == "test_accuracy" else points * (draw.random() < chance)
    if number % 30 == 11:
        scores["test_accuracy"] = 0.0  # a network that was never trained
    submission = gradebook.add_submission(ASSIGNMENT, student)
    for notebook in submission.notebooks:
        for grade in notebook.grades:
            if grade.name in scores:
                grade.auto_score, grade.needs_manual_grade = scores[grade.name], False
            else:
                waits = number % 10 == 3
                grade.manual_score, grade.needs_manual_grade = None if waits else 3.0, waits
    mends = (Mend("test_loss", "missing; restored", "It was restored."),) if number % 20 == 5 else ()
    text = f"{ASSIGNMENT}, test_accuracy: the test gave points, but of the model, its weights were not made here"
    flags = (ReviewItem(ReviewKind.WEIGHTS, text),)
    notes = (ReviewItem(ReviewKind.REMARK, "notes of the model.ipynb is not a notebook of this assignment (nn)"),)
    review = flags if number % 60 == 7 else notes if number % 60 == 11 else ()
    kept = NotebookStatus(Status.GRADED, "digest", mends=mends, scores=scores)
    statuses.put(SubmissionStatus(student, ASSIGNMENT, TIME, {ASSIGNMENT: kept}, review))
    _files(folder, student, number, scores, draw)


def _files(folder: Path, student: str, number: int, scores: dict[str, float], draw: random.Random) -> None:
    notebook, to = _notebook(), folder / "autograded" / student / ASSIGNMENT
    share = scores["test_accuracy"] / TESTS["test_accuracy"][0]
    accuracy = round(BASELINE + (LEAST - BASELINE) * share, 4) if share else 0.1 + number / 1000
    for cell in notebook.cells:
        name = cell.metadata.get("nbgrader", {}).get("grade_id")
        if name in MESSAGES and not scores[name]:
            ename, _, evalue = MESSAGES[name].format(n=draw.randint(10, 99)).partition(": ")
            cell.outputs = [nbformat.v4.new_output("error", ename=ename, evalue=evalue, traceback=[])]
        if name == "test_accuracy":
            text = (
                f"expected at least {LEAST} (no points up to {BASELINE}), received {accuracy}: {scores[name]} points."
            )
            cell.outputs = [nbformat.v4.new_output("stream", text=f"Accuracy: {text}")]
    to.mkdir(parents=True)
    nbformat.write(notebook, to / f"{ASSIGNMENT}.ipynb")
    weights = WeightsOrigin.GIVEN if number % 60 == 11 else WeightsOrigin.FRESH
    job, seconds = f"job{number % 7}", round(draw.uniform(3, 9), 2)
    trainings = (
        TrainingRecord(TrainedBy.TRAINER, job, weights, remembered=number >= 7, seconds=120.0),
        TrainingRecord(TrainedBy.CANDIDATE, reason="a callback in Python"),
    )
    run = GradingRun(
        seconds=seconds,
        trainings=trainings[: 1 + (number % 30 == 0)],
        rebindable={"test_accuracy": REBINDABLE, "test_gone": REBINDABLE},
        models={
            "test_accuracy": ModelInsight("cnn", (), 10, accuracy=accuracy, further_accuracy=round(accuracy / 2, 4))
        },
    )
    record = grade_record(student, ASSIGNMENT, run)
    (to / f"{ASSIGNMENT}.record.json").write_text(dump(record), encoding="utf-8")
    page = folder / "feedback" / student / ASSIGNMENT / f"{ASSIGNMENT}.html"
    page.parent.mkdir(parents=True)
    page.write_text("<!doctype html><title>feedback</title>", encoding="utf-8")
