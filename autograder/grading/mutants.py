"""Mutants of the reference solution: how many points does a grade cell give to what solves nothing?

Mutation testing, of tests. A mutant is the reference solution in whose place, while a grade cell runs, each function
and method that the cell uses answers the same wrong thing, and each variable is replaced likewise. Between grade cells
everything is the reference's, so that one weak test hides no other. A mutant is a notebook like any other: graded
isolated, as a submission would be, and stored by its digest.

Students see the visible tests, and can have their answers by heart. So where a grade cell has hidden tests, a mutant
answers the calls that the visible ones make as the reference does: it is the hidden ones that have to find it out.

Each is held against what is earned anyway: by the released notebook as it is, and by the visible tests alone, where
they are worth a part of the points.
"""

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from nbformat.v4 import new_code_cell

from autograder.examiner.bindings import effects
from autograder.examiner.plan import plan
from autograder.examiner.statements import parse
from autograder.grading.job import GradingJob, Outcome, Status
from autograder.grading.rehearsal import reference_job, released_job
from autograder.notebooks.instructor import InstructorCell, Version

# What a function of each mutant does, as an instructor reads it.
MUTANTS = {
    "none": "returns None",
    "true": "returns True",
    "list": "returns []",
    "empty": "returns np.empty((0, 1))",
    "argument": "returns its first argument",
    "equal": "returns an object that equals everything",
    "raises": "raises ValueError",
    "zero": "sets its arguments to 0 in place and returns zeros",
    "others": "sets its arguments but the first to 0 in place and returns the first",
    "nan": "sets its arguments to NaN in place and returns NaN",
    "inf": "sets its arguments to infinity in place and returns infinity",
}
EMPTY, VISIBLE = "released", "visible tests"  # what mutants are held against: no solution, and no hidden test
_MODULE = "autograder_mutation"
_TEXT = Path(__file__).with_name("mutation.py").read_text(encoding="utf-8")
_LOADED = f"__import__('sys').modules[{_MODULE!r}]"


@dataclass(frozen=True)
class Weakness:
    """A grade cell that gives points to mutants."""

    grade_id: str
    points: float
    hidden: bool  # whether it has hidden tests; then the mutants know what the visible ones ask
    anyway: float  # points that are earned without a solution, or by the visible tests
    earned: dict[str, float]  # mutant -> its points, which are more


@dataclass(frozen=True)
class Mutated:
    """What came of the mutants of one notebook."""

    notebook: str
    tested: int  # grade cells that use something of the solution
    weak: list[Weakness] = field(default_factory=list)
    ungraded: dict[str, str] = field(default_factory=dict)  # mutant, EMPTY or VISIBLE -> why it has no grade


def mutated_jobs(job: GradingJob, mutants: Collection[str] = MUTANTS) -> dict[str, GradingJob]:
    """What has to be graded, by mutant, with EMPTY and VISIBLE. `job` lacks a student, and has been rehearsed."""
    notebooks = {EMPTY: released_job(job).mended, VISIBLE: reference_job(job).mended}
    notebooks |= {mutant: _mutated(job, mutant) for mutant in mutants}
    jobs = {name: replace(job, student=f"({name})", mended=mended, files={}) for name, mended in notebooks.items()}
    version = job.version
    cells = (replace(cell, source=cell.released) if cell.grade else cell for cell in version.cells)
    return {**jobs, VISIBLE: replace(jobs[VISIBLE], version=replace(version, cells=tuple(cells)))}


def mutated(job: GradingJob, outcomes: Mapping[str, Outcome]) -> Mutated:
    """What the outcomes of `mutated_jobs(job)` say about each grade cell."""
    version = job.version
    weak, tested = [], 0
    for cell, names in zip(version.cells, _targets(version), strict=True):
        if not names:
            continue
        tested += 1
        scores = {name: outcome.scores.get(str(cell.grade_id)) or 0.0 for name, outcome in outcomes.items()}
        # Visible tests that give all points are such that fail or don't, and not worth points of their own.
        visible = scores[VISIBLE] if scores[VISIBLE] < cell.points else 0.0
        anyway = max(scores[EMPTY], visible)
        if earned := {mutant: scores[mutant] for mutant in MUTANTS if scores.get(mutant, 0.0) > anyway}:
            weak.append(Weakness(str(cell.grade_id), cell.points, _has_hidden(cell), anyway, earned))
    ungraded = {name: outcome.message for name, outcome in outcomes.items() if outcome.status != Status.GRADED}
    return Mutated(job.notebook, tested, weak, ungraded)


def _mutated(job: GradingJob, mutant: str) -> dict[str, Any]:
    """The reference's notebook, with cells that switch the mutant on before each grade cell, and off after it."""
    version = job.version
    notebook = reference_job(job).mended
    load = f"exec({_TEXT!r}, {_LOADED}.__dict__)"
    made = f"__import__('sys').modules[{_MODULE!r}] = __import__('types').ModuleType({_MODULE!r})"
    cells = [_cell("load", f"{made}\n{load}")]
    targets = _targets(version)
    for position, (cell, names) in enumerate(zip(version.cells, targets, strict=True)):
        if names and _has_hidden(cell):
            cells.append(_cell(f"listen-{position}", f"{_LOADED}.listen()"))
            cells.append(_cell(f"visible-{position}", cell.released))
        if names:
            cells.append(_cell(f"start-{position}", f"{_LOADED}.start(globals(), {names}, {mutant!r})"))
        cells.append(notebook["cells"][position])
        if names:
            cells.append(_cell(f"stop-{position}", f"{_LOADED}.stop(globals())"))
        if cell.solution and (bound := sorted(_bound(cell))):
            cells.append(_cell(f"instrument-{position}", f"{_LOADED}.instrument(globals(), {bound})"))
    return {**notebook, "cells": json.loads(json.dumps(cells))}


def _cell(name: str, source: str) -> Any:
    cell = new_code_cell(source)
    cell["id"] = f"mutant-{name}"
    return cell


def _targets(version: Version) -> list[list[str]]:
    """For each cell, if it is a grade cell: the names of the solution that it uses.

    Where it uses none that solution cells bind, those that locked cells have made with them.
    """
    solved = set[str]().union(*(_bound(cell) for cell in version.cells if cell.solution))
    steps = plan(version.cells)
    fetched = [set(step.fetch) if step.kind == "grade" and step.grade_id else set[str]() for step in steps]
    return [sorted(names & solved or names) for names in fetched]


def _has_hidden(cell: InstructorCell) -> bool:
    return cell.source.strip() != cell.released.strip()


def _bound(cell: InstructorCell) -> set[str]:
    """The names that a solution cell binds, but for what it imports."""
    parsed = parse(cell.source) if cell.cell_type == "code" else None
    found = effects(parsed) if parsed is not None else []
    return {name for effect in found for name in effect.now.binds | effect.defines}
