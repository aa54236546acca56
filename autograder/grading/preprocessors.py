"""Two steps of nbgrader's pipeline: the examiner's outputs onto the cells, its scores into the gradebook."""

import html
from collections.abc import Sequence
from typing import Any

import nbformat
from nbformat import NotebookNode
from nbformat.v4 import new_markdown_cell, new_output
from nbgrader.preprocessors import NbGraderPreprocessor, SaveAutoGrades
from nbgrader.utils import determine_grade, is_grade, is_solution

from autograder.grading.job import Outcome
from autograder.grading.student_results import NOT_RUN, not_graded
from autograder.notebooks.mending import Mend

RESOURCE = "autograder"  # where the pipeline puts a notebook's outcome
MENDS = "autograder_mends"  # and what was mended in it


class Examine(NbGraderPreprocessor):  # type: ignore[misc]
    """In the place of nbgrader's `Execute`: the outputs are those that the examination gave; nothing runs here."""

    def preprocess(self, nb: NotebookNode, resources: dict[str, Any]) -> tuple[NotebookNode, dict[str, Any]]:
        """Put the outcome's outputs on the cells; grade cells so that nbgrader reads the outcome's score off them."""
        outcome = _outcome(resources)
        if len(outcome.outputs) != len(nb.cells):
            raise ValueError(f"{len(outcome.outputs)} cells were run, and the notebook has {len(nb.cells)}")
        count = 0
        for cell, raw in zip(nb.cells, outcome.outputs, strict=True):
            if cell.cell_type != "code":
                continue
            count += 1
            cell.execution_count = count
            outputs = [nbformat.from_dict(output) for output in raw]
            if is_scored(cell):
                outputs = graded_outputs(
                    outputs, *score_of(cell, outcome), points=float(cell.metadata.nbgrader["points"])
                )
            cell.outputs = outputs
        if resources.get(MENDS):
            nb.cells.insert(0, mends_cell(resources[MENDS]))
        return nb, resources


class SaveScores(SaveAutoGrades):  # type: ignore[misc]
    """nbgrader's step, but for cells that have no score: they get none, and wait for a person.

    So does an answer that a person grades and that is as it was released, where the student has written something in
    a cell of their own beside it: nbgrader gives it 0.
    """

    def preprocess(self, nb: NotebookNode, resources: dict[str, Any]) -> tuple[NotebookNode, dict[str, Any]]:
        """Save the scores of a notebook."""
        self._cells = list(nb.cells)
        return super().preprocess(nb, resources)  # type: ignore[no-any-return]

    def _add_score(self, cell: NotebookNode, resources: dict[str, Any]) -> None:
        grade_id = cell.metadata.nbgrader["grade_id"]
        if not is_scored(cell):
            super()._add_score(cell, resources)
            grade = self.gradebook.find_grade(grade_id, self.notebook_id, self.assignment_id, self.student_id)
            if is_solution(cell) and not grade.needs_manual_grade and _has_own_beside(self._cells, cell):
                self._ask_a_person(grade)
            return
        score, _ = score_of(cell, _outcome(resources))
        if score is not None:
            super()._add_score(cell, resources)
        grade = self.gradebook.find_grade(grade_id, self.notebook_id, self.assignment_id, self.student_id)
        if score is None:
            self._ask_a_person(grade)
        elif grade.auto_score != score:
            raise ValueError(f"nbgrader read {grade.auto_score} points off {grade_id}, and it has {score}")

    def _ask_a_person(self, grade: Any) -> None:
        grade.auto_score = None
        grade.needs_manual_grade = True
        self.gradebook.db.commit()


def _has_own_beside(cells: Sequence[NotebookNode], cell: NotebookNode) -> bool:
    """Whether a cell that the student added, with something in it, stands next to `cell`, or next to such ones."""
    (at,) = [number for number, other in enumerate(cells) if other is cell]
    for direction in (range(at + 1, len(cells)), range(at - 1, -1, -1)):
        for number in direction:
            if cells[number].metadata.get("autograder", {}).get("position") is not None:
                break
            if cells[number].source.strip():
                return True
    return False


def mends_cell(mends: Sequence[Mend]) -> NotebookNode:
    """A first cell that tells the student, in the feedback, what was put right."""
    lines = [f"- **{html.escape(mend.cell)}**: {html.escape(mend.to_student)}" for mend in mends]
    text = "**Fixed before grading** (your answers were not changed):"
    ours = {"autograder": {"position": -1}}  # no cell of the student's
    return new_markdown_cell("\n".join([text, "", *lines]), id="put-right", metadata=ours)


def is_scored(cell: NotebookNode) -> bool:
    """Whether a cell's points are the autograder's to give."""
    return bool(cell.cell_type == "code" and is_grade(cell) and not is_solution(cell))


def score_of(cell: NotebookNode, outcome: Outcome) -> tuple[float | None, str]:
    """The cell's score, and the reason where it has none."""
    grade_id = cell.metadata.nbgrader["grade_id"]
    return outcome.scores.get(grade_id), outcome.reasons.get(grade_id, NOT_RUN)


def graded_outputs(
    outputs: Sequence[NotebookNode], score: float | None, reason: str, *, points: float
) -> list[NotebookNode]:
    """Outputs off which `nbgrader.utils.determine_grade` reads `score`; what is shown stays.

    nbgrader gives 0 for an error or anything on stderr, the number for a last expression that is one, else all.
    """
    if score is None:
        return [*outputs, new_output("stream", name="stdout", text=f"{not_graded(reason)}\n")]
    if _read(outputs, points) == score:
        return list(outputs)
    fails = score == 0 and any(output.output_type == "error" for output in outputs)
    shown = [output if fails and output.output_type == "error" else _undecided(output) for output in outputs]
    if score != points and not fails:
        shown.append(new_output("execute_result", {"text/plain": repr(float(score))}, execution_count=None))
    return shown


def _outcome(resources: dict[str, Any]) -> Outcome:
    outcome = resources.get(RESOURCE)
    if not isinstance(outcome, Outcome):
        raise TypeError(
            "no examination has been made of this notebook: nbgrader_config.py must call "
            "`autograder.grading.pipeline.configure(c)`, which sets more than the preprocessor"
        )
    return outcome


def _read(outputs: Sequence[NotebookNode], points: float) -> float | None:
    mark = {"grade": True, "solution": False, "points": points}
    cell = NotebookNode(
        cell_type="code", outputs=list(outputs), metadata=NotebookNode(nbgrader=NotebookNode(mark)), source=""
    )
    try:
        score: float = determine_grade(cell)[0]
    except (ValueError, KeyError):
        return None
    return score


def _undecided(output: NotebookNode) -> NotebookNode:
    """The same to read, and nothing to nbgrader."""
    if output.output_type == "stream":
        return new_output("stream", name="stdout", text=output.text)
    if output.output_type == "error":
        return new_output("stream", name="stdout", text="\n".join([*output.traceback, ""]))
    if output.output_type == "execute_result":
        return new_output("display_data", output.data, metadata=output.metadata)
    return output
