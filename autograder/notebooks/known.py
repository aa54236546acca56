"""The notebooks that a course asks for, as its gradebook knows them, and which one a file is by its grade_ids."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from operator import itemgetter

from nbgrader.api import Gradebook

from autograder.notebooks.identification import SHARE


@dataclass(frozen=True)
class KnownNotebook:
    """A notebook that the course asks for, and the grade_ids that nbgrader marked in it."""

    assignment: str
    notebook: str
    grade_ids: frozenset[str]
    graded: bool = True  # whether any cell of it has points

    def share_in(self, ids: Collection[str | None]) -> float:
        """The share of its grade_ids, from 0 to 1, that are among these."""
        return len(self.grade_ids.intersection(ids)) / max(1, len(self.grade_ids))


def known_notebooks(gradebook: Gradebook) -> list[KnownNotebook]:
    """Those of all assignments."""
    return [
        KnownNotebook(
            assigned.name,
            notebook.name,
            frozenset(cell.name for cell in notebook.source_cells),
            bool(notebook.grade_cells or notebook.task_cells),
        )
        for assigned in gradebook.assignments
        for notebook in assigned.notebooks
    ]


def notebook_by_ids(ids: Collection[str | None], known: Sequence[KnownNotebook]) -> KnownNotebook | None:
    """The notebook most of whose grade_ids are among `ids`; None where that is no single one, or less than half."""
    shares = sorted(((one.share_in(ids), one) for one in known), key=itemgetter(0))
    if not shares or shares[-1][0] < SHARE or (len(shares) > 1 and shares[-2][0] == shares[-1][0]):
        return None
    return shares[-1][1]
