"""A cell run and scored as plain nbgrader does: in the student's kernel, by what it shows."""

from collections.abc import Sequence
from typing import Any

from autograder.common.language import english
from autograder.kernel.candidate import Candidate, CellRun
from autograder.notebooks.instructor import InstructorCell
from autograder.sandbox.limits import CellLimit

Output = dict[str, Any]
_TEXT = english("This test's output came after the notebook had reached its output limit.")
LOST: Output = {
    "output_type": "error",
    "ename": "OutputLimit",
    "evalue": _TEXT,
    "traceback": [f"OutputLimit: {_TEXT}"],
}


def outputs_of(run: CellRun) -> list[Output]:
    """The outputs of a cell, as a notebook has them."""
    return [dict(output) for output in run.outputs]


def tested_outputs(run: CellRun) -> list[Output]:
    """The outputs of a grade cell, by which it is scored; an error where some were left out: its points, perhaps."""
    found = outputs_of(run)
    if run.dropped and not any(output["output_type"] == "error" for output in found):
        found.append(dict(LOST))
    return found


def run_beside(
    candidate: Candidate, before: Sequence[tuple[str, CellLimit]], source: str, limit: CellLimit
) -> list[Output]:
    """Run `source` after the cells `before` it, all beside the student's code; closes the candidate."""
    try:
        for cell, its_limit in before:
            candidate.run(cell, its_limit)
        return tested_outputs(candidate.run(source, limit))
    finally:
        candidate.close()


def score_of(outputs: list[Output], cell: InstructorCell) -> tuple[float | None, str]:
    """Points of a grade cell by its outputs, as nbgrader counts them, but for what it prints to stderr."""
    if any(output["output_type"] == "error" for output in outputs):
        return 0.0, ""
    shown = [o["data"].get("text/plain", "") for o in outputs if o["output_type"] == "execute_result"]
    try:
        credit = float(shown[-1]) if shown else cell.points
    except ValueError:
        return cell.points, ""
    if not 0 <= credit <= cell.points:
        return (
            None,
            english(
                "the test gave %(points)s points, but it can only give 0 to %(most)s: the test has a mistake",
                points=f"{credit:g}",
                most=f"{cell.points:g}",
            ),
        )
    return credit, ""
