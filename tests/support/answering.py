"""Answers to an assignment's exercises, right and wrong ones, and what each of its tests makes of them.

`answers/<assignment>.py` holds a student's text for a solution cell under a header with that cell's `grade_id`:

    # %% RIGHT one_hot: from the identity matrix
    # %% WRONG one_hot: as many columns as there are different labels -> test_one_hot

A right answer gets every point of its exercise; a wrong one loses points in the tests named after the arrow and in no
other. Functions of the cell that an answer leaves out are the reference's.

`python answering.py ASSIGNMENT [CELL…]` prints the verdicts as JSON. It runs the cells of an exercise once for
each answer, in one Python without a kernel, upon what the reference's cells before it made; tests before the answer's
cell and cells that only show pictures are left out. Answers to a named CELL, whose exercise changes objects made before
it (a training), and wrong ones that lose points in another exercise's tests as well, run the whole notebook. Two more
headers make it small for all of them:

    # %% GIVEN run_training: a network that learns in seconds, in place of that given cell
    # %% AFTER load: fewer images; run after that given cell
"""

import ast
import json
import re
import symtable
import sys
import traceback
from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from nbformat import NotebookNode
from repository import source

FOLDER = Path(__file__).parent / "answers"
HEADER = re.compile(r"# %% (RIGHT|WRONG|GIVEN|AFTER) (\w+): (.+?)(?: -> (\w+(?:, \w+)*))?")
CHECKS = ("expect", "unchanged", "several")  # the functions of the setup cells that refuse an answer


@dataclass(frozen=True)
class Answer:
    """A text for the solution cell `cell`, and the tests in which it loses points: none, if it is right."""

    cell: str
    name: str
    code: str
    refused_by: tuple[str, ...]


@dataclass(frozen=True)
class Verdict:
    """What a test makes of an answer: its points of `most`, and the line of the check that refused it, if one did."""

    points: float
    most: float
    line: int | None
    message: str


def answers(assignment: str, kinds: Sequence[str] = ("RIGHT", "WRONG")) -> list[Answer]:
    """The answers to the assignment's exercises; raises ValueError for a header of another form."""
    found = []
    text = (FOLDER / f"{assignment}.py").read_text(encoding="utf-8")
    for part in re.split(r"^(?=# %% )", text, flags=re.MULTILINE)[1:]:
        header, code = part.split("\n", 1)
        matched = HEADER.fullmatch(header)
        if matched is None or (matched[1] == "WRONG") != bool(matched[4]):
            raise ValueError(f"answers/{assignment}.py: {header}\nis not a header as in answering.py")
        refused_by = tuple(matched[4].split(", ")) if matched[4] else ()
        if matched[1] in kinds:
            found.append(Answer(matched[2], matched[3], code, refused_by))
    return found


def grade_id(cell: NotebookNode) -> str:
    return str(cell.metadata.get("nbgrader", {}).get("grade_id", cell.id))


def points(cell: NotebookNode) -> float | None:
    """The points of a test; None for a cell that isn't one."""
    settings = cell.metadata.get("nbgrader", {})
    return float(settings["points"]) if cell.cell_type == "code" and settings.get("grade") else None


def is_solution(cell: NotebookNode) -> bool:
    return bool(cell.metadata.get("nbgrader", {}).get("solution"))


def exercises(assignment: str) -> list[list[NotebookNode]]:
    """The code cells of the reference, split where an exercise begins: first those before the first exercise."""
    parts: list[list[NotebookNode]] = [[]]
    replaced = {one.cell: one.code for one in answers(assignment, ("GIVEN",))}
    added = {one.cell: f"\n{one.code}" for one in answers(assignment, ("AFTER",))}
    for cell in source(assignment).cells:
        if cell.cell_type == "code":
            cell.source = replaced.get(grade_id(cell), cell.source) + added.get(grade_id(cell), "")
            parts[-1].append(cell)
        elif re.search(r"^## Exercise ", cell.source, flags=re.MULTILINE):
            parts.append([])
    return parts


def checks(cell: NotebookNode) -> list[int]:
    """The lines of a test at which an answer can be refused."""
    return sorted(
        node.lineno
        for node in ast.walk(ast.parse(cell.source))
        if isinstance(node, ast.Raise)
        or (isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in CHECKS)
    )


def run_cell(cell: NotebookNode, code: str, namespace: dict[str, Any]) -> object:
    """Run `code` as that cell; returns the value of its last expression, as a notebook shows it."""
    name = f"<{grade_id(cell)}>"
    tree = ast.parse(code, name)
    last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
    exec(compile(tree, name, "exec"), namespace)
    return eval(compile(ast.Expression(last.value), name, "eval"), namespace) if last else None


def completed(code: str, reference: str) -> str:
    """An answer, with the functions of `reference` that it leaves out."""
    body = ast.parse(code).body
    given = {node.name for node in body if isinstance(node, ast.FunctionDef)}
    given |= {name.id for node in body if isinstance(node, ast.Assign) for name in node.targets if hasattr(name, "id")}
    functions = [node for node in ast.parse(reference).body if isinstance(node, ast.FunctionDef)]
    return "\n\n".join([code, *(ast.unparse(node) for node in functions if node.name not in given)])


def verdict(cell: NotebookNode, most: float, namespace: dict[str, Any]) -> Verdict:
    try:
        value = run_cell(cell, cell.source, namespace)
    except Exception as error:
        here = f"<{grade_id(cell)}>"
        lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == here]
        return Verdict(0, most, lines[-1] if lines else None, f"{type(error).__name__}: {error}")
    return Verdict(value if isinstance(value, float) else most, most, None, "")


def bound_and_read(cell: NotebookNode) -> tuple[set[str], set[str]]:
    """The names that a cell binds, and those that it reads, also in functions."""
    symbols = symtable.symtable(cell.source, grade_id(cell), "exec").get_symbols()
    loaded = (node for node in ast.walk(ast.parse(cell.source)) if isinstance(node, ast.Name))
    return (
        {symbol.get_name() for symbol in symbols if symbol.is_assigned() or symbol.is_imported()},
        {node.id for node in loaded if isinstance(node.ctx, ast.Load)},
    )


def needed(cells: Sequence[NotebookNode], answer: Answer, known: Collection[str]) -> list[NotebookNode]:
    """Those of `cells` on which a verdict on `answer` depends; `known` names have their values from before it."""
    here = [grade_id(cell) for cell in cells].index(answer.cell)
    last = max(place for place, cell in enumerate(cells) if points(cell) is not None)
    found, read_later = [], set[str]()
    for place, cell in reversed(list(enumerate(cells[: last + 1]))):
        bound, read = bound_and_read(cell)
        is_picture = points(cell) is None and not is_solution(cell) and "plt.show()" in cell.source
        if place < here:
            bound -= set(known)
        if (points(cell) is not None and place < here) or (is_picture and not bound & read_later):
            continue
        found.insert(0, cell)
        read_later |= read
    return found


def run(
    cells: Sequence[NotebookNode],
    namespace: dict[str, Any],
    answer: Answer | None = None,
    before: dict[str, dict[str, Any]] | None = None,
) -> dict[str, Verdict]:
    """Run `cells`, with `answer` in place of the reference's; returns each test's verdict by its `grade_id`.

    Into `before` goes what the names stood for before each cell.

    With an answer, a given cell that fails is passed over, as a notebook's are that go on after an error.
    """
    from matplotlib import pyplot

    verdicts = {}
    for cell in cells:
        most = points(cell)
        if before is not None:
            before[grade_id(cell)] = dict(namespace)
        try:
            if most is not None:
                verdicts[grade_id(cell)] = verdict(cell, most, namespace)
            else:
                mine = answer.code if answer and grade_id(cell) == answer.cell else None
                run_cell(cell, cell.source if mine is None else completed(mine, cell.source), namespace)
        except Exception:
            if answer is None:
                raise
    pyplot.close("all")
    return verdicts


def judge(assignment: str, whole: Sequence[str] = ()) -> dict[str, Any]:
    """The verdicts on the reference and on each answer, and the lines of each test's checks.

    Answers to the cells in `whole`, and those to be refused by another exercise's tests as well, run all cells of the
    notebook, others the cells of their exercise.
    """
    parts = exercises(assignment)
    while points(parts[-1][-1]) is None:  # what comes after the notebook's last test
        del parts[-1][-1]
    namespace: dict[str, Any] = {"__name__": "__main__"}
    before: dict[str, dict[str, Any]] = {}
    cells = [cell for part in parts for cell in part]
    reference = run(cells, namespace, before=before)
    judged = []
    for answer in answers(assignment):
        place = next(i for i, part in enumerate(parts) if answer.cell in map(grade_id, part))
        own = set(map(grade_id, parts[place]))
        all_cells = answer.cell in whole or not own.issuperset(answer.refused_by)
        namespace.clear()  # the same dictionary, as functions made before the exercise look names up in it
        namespace.update(before[grade_id(cells[0]) if all_cells else answer.cell])
        run_again = needed(cells if all_cells else parts[place], answer, namespace.keys())
        verdicts = run(run_again, namespace, answer)
        judged.append({**asdict(answer), "exercise": place, "verdicts": {k: asdict(v) for k, v in verdicts.items()}})
    return {
        "reference": {name: asdict(found) for name, found in reference.items()},
        "answers": judged,
        "checks": {grade_id(cell): checks(cell) for cell in cells if points(cell) is not None},
    }


if __name__ == "__main__":
    import matplotlib

    matplotlib.use("agg")
    out, sys.stdout = sys.stdout, sys.stderr  # what the cells print
    json.dump(judge(sys.argv[1], sys.argv[2:]), out)
