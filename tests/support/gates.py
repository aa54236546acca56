"""What must hold for every assignment. A gate returns the faults it finds, so that a test can plant one."""

import ast
import contextlib
import re
from collections import Counter
from collections.abc import Collection, Iterable
from itertools import chain
from pathlib import Path

from babel.messages import Catalog
from nbformat import NotebookNode
from nbgrader.coursedir import CourseDirectory
from traitlets.config import Config

from autograder.grading.mutants import MUTANTS, Mutated
from autograder.grading.pipeline import Autograde

REGION = re.compile(r"### BEGIN (?:SOLUTION|HIDDEN TESTS)\n(.*?)### END (?:SOLUTION|HIDDEN TESTS)", re.DOTALL)


def outputs(notebook: NotebookNode) -> list[str]:
    """Code cells that keep an output or an execution count."""
    cells = (cell for cell in notebook.cells if cell.cell_type == "code")
    return [cell.id for cell in cells if cell.outputs or cell.execution_count is not None]


def repeated_ids(notebook: NotebookNode) -> list[str]:
    """Cell ids and grade_ids that occur more than once."""
    ids = [cell.id for cell in notebook.cells]
    grade_ids = [cell.metadata.nbgrader.grade_id for cell in notebook.cells if "nbgrader" in cell.metadata]
    return [name for name, times in (Counter(ids) + Counter()).items() if times > 1] + [
        name for name, times in Counter(grade_ids).items() if times > 1
    ]


def unparsable(notebook: NotebookNode) -> list[str]:
    """Code cells that Python can't parse."""
    faults = []
    for cell in notebook.cells:
        if cell.cell_type == "code":
            try:
                ast.parse(cell.source)
            except SyntaxError as error:
                faults.append(f"{cell.id}: {error}")
    return faults


def secrets(source: NotebookNode, shortest: int) -> set[str]:
    """Lines of `shortest` characters or more that stand only in solutions and hidden tests of `source`."""
    shown = "\n".join(REGION.sub("", cell.source) for cell in source.cells)
    regions = [region for cell in source.cells for region in REGION.findall(cell.source)]
    lines = {line.strip() for region in regions for line in region.splitlines()}
    return {line for line in lines if len(line) >= shortest and line not in shown}


def leaks(source: NotebookNode, released: str, shortest: int = 16) -> list[str]:
    """Delimiters and secret lines of `source` in the text of a released file (JSON text or plain).

    `shortest` leaves out lines that are too short to be anyone's: `except Exception as error:`.
    """
    plain = released.replace('\\"', '"').replace("\\\\", "\\").replace("\\n", "\n")
    return [mark for mark in ("BEGIN SOLUTION", "BEGIN HIDDEN", *secrets(source, shortest)) if mark in plain]


def points(notebook: NotebookNode) -> float:
    """The sum of the points of all graded cells."""
    return sum(cell.metadata.get("nbgrader", {}).get("points", 0) for cell in notebook.cells)


def misnumbered(notebook: NotebookNode) -> list[str]:
    """Headings whose `(N points)` isn't the sum of the graded cells up to the next such heading."""
    faults, heading, expected, found = [], "", 0.0, 0.0
    for cell in [*notebook.cells, None]:
        heads = re.findall(r"^#+ (.*)\((\d+) points?\)$", cell.source, re.MULTILINE) if cell is not None else [("", 0)]
        if cell is None or (cell.cell_type == "markdown" and heads):
            if heading and expected != found:
                faults.append(f"{heading}: says {expected:g}, its cells add up to {found:g}")
            (heading, said), found = heads[-1], 0.0
            expected = float(said)
        if cell is not None:
            found += cell.metadata.get("nbgrader", {}).get("points", 0)
    return faults


def points_in_readme(readme: str) -> dict[str, float]:
    """Assignment → points, as the README's table of assignments says."""
    table = readme.split("\n\n| assignment | what a student does |")[1].split("\n\n")[0]
    rows = re.findall(r"^\| `(\w+)` \|.*\| (\d+) \|$", table, re.MULTILINE)
    return {name: float(number) for name, number in rows}


def differing_files(committed: Path, rebuilt: Path) -> list[str]:
    """Files under `source/`, `release/`, and `ru/` that differ between two courses, or are in one only."""
    files = {
        path.relative_to(folder).as_posix()
        for folder in (committed, rebuilt)
        for part in ("source", "release", "ru")
        for path in (folder / part).rglob("*")
        if path.is_file()
    }
    return sorted(
        name
        for name in files
        if not (committed / name).is_file()
        or not (rebuilt / name).is_file()
        or (committed / name).read_bytes() != (rebuilt / name).read_bytes()
    )


def translated_differently(catalogues: Iterable[Catalog]) -> list[str]:
    """The texts that one catalogue translates otherwise than another, in the same context."""
    found: dict[tuple[str, str | None], set[str]] = {}
    for message in chain.from_iterable(catalogues):
        if message.id:
            found.setdefault((message.id, message.context), set()).add(message.string)
    return [text for (text, _), translations in found.items() if len(translations) > 1]


def first_error(notebook: NotebookNode) -> str | None:
    """Name of the first exception in an executed notebook."""
    outputs = (output for cell in notebook.cells for output in cell.get("outputs", []))
    return next((output.ename for output in outputs if output.output_type == "error"), None)


def mutated(
    folder: Path, assignment: str, mutants: Collection[str] = MUTANTS, **sections: dict[str, object]
) -> list[Mutated]:
    """What mutants of the reference solutions gain by the tests of a generated assignment: see `grading.mutants`.

    `sections` are settings, as in nbgrader_config.py.
    """
    config = Config({"CourseDirectory": {"root": str(folder)}, **sections})
    converter = Autograde(coursedir=CourseDirectory(config=config), config=config)
    with contextlib.closing(converter.engine) as engine:
        return engine.mutate(list(converter.settings(assignment).values()), mutants)


def weak_tests(notebooks: list[Mutated]) -> list[str]:
    """Grade cells that give points to a mutant, with the mutant; and mutants that could not be graded."""
    weak = [
        f"{weakness.grade_id}: {mutant}" for one in notebooks for weakness in one.weak for mutant in weakness.earned
    ]
    return weak + [f"{mutant}: {why}" for one in notebooks for mutant, why in one.ungraded.items()]
