"""Late penalties, and what they depend on: a grade given by another deadline or rule is out of date."""

from collections.abc import Callable
from typing import Any

from nbgrader.api import Gradebook
from nbgrader.preprocessors import AssignLatePenalties
from traitlets.utils.importstring import import_item


class LatePenalties:
    """nbgrader's step that assigns them, as a course has it."""

    def __init__(self, converter: Any) -> None:
        """`converter`: nbgrader's, with its `autograde_preprocessors` and configuration."""
        steps = [import_item(step) if isinstance(step, str) else step for step in converter.autograde_preprocessors]
        found = [step for step in steps if isinstance(step, type) and issubclass(step, AssignLatePenalties)]
        self._step = found[0](parent=converter) if found else None
        if self._step is not None:
            self._step.init_plugin()

    def _rule(self, step: Any) -> str:
        plugin = step.plugin_inst
        settings = {name: getattr(plugin, name) for name in sorted(plugin.trait_names(config=True))}
        return f"{type(plugin).__module__}.{type(plugin).__qualname__} {settings}"

    def basis(self, submission: Any) -> str:
        """What the penalty of a submission in the gradebook depends on: how late it is, and by which rule if it is."""
        seconds = submission.total_seconds_late
        late = seconds > 0 and self._step is not None
        return f"{seconds:.0f} s late; {self._rule(self._step)}" if late else "in time"

    def bases(self, gradebook: Gradebook, assignment: str) -> dict[str, str]:
        """The same, by student, of all submissions of an assignment."""
        return {found.student.id: self.basis(found) for found in gradebook.assignment_submissions(assignment)}

    def penalty(self, submission: Any, points: Callable[[str], float]) -> float:
        """The penalty that a submission in the gradebook would get now. `points`: of a notebook of that name."""
        if self._step is None or submission.total_seconds_late <= 0:
            return 0.0
        total = 0.0
        for notebook in submission.notebooks:
            score = points(notebook.name)
            given = self._step.plugin_inst.late_submission_penalty(
                submission.student.id, score, submission.total_seconds_late
            )
            total += min(max(0.0, float(given or 0.0)), score)
        return total
