"""What a notebook's file says about its cells: tags, marks, types, order, outputs."""

from collections.abc import Iterator
from copy import deepcopy

from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_output

from attacks import Submission, attack
from attacks.kernel import NOTHING


def tests(s: Submission) -> Iterator[NotebookNode]:
    """The grade cells."""
    return (cell for cell in list(s.notebook.cells) if cell.metadata.get("nbgrader", {}).get("grade"))


@attack()
def skip_execution(s: Submission) -> None:
    """Tags the tests `skip-execution`"""
    for cell in tests(s):
        cell.metadata.tags = ["skip-execution"]


@attack()
def raises_exception(s: Submission) -> None:
    """Tags the tests `raises-exception`"""
    for cell in tests(s):
        cell.metadata.tags = ["raises-exception"]


@attack()
def points_raised(s: Submission) -> None:
    """Sets a test's points to 1000 and empties its text"""
    for cell in tests(s):
        cell.metadata.nbgrader.points = 1000
        cell.source = ""


@attack()
def points_that_are_none(s: Submission) -> None:
    """Sets the tests' points to NaN, infinite, and negative numbers"""
    for cell, points in zip(tests(s), (float("nan"), float("inf"), -5.0, 1e308), strict=True):
        cell.metadata.nbgrader.points = points


@attack()
def emptied_tests(s: Submission) -> None:
    """Empties the tests"""
    for cell in tests(s):
        cell.source = "pass"
        cell.metadata.nbgrader.checksum = "0" * 32


@attack()
def tests_as_text(s: Submission) -> None:
    """Turns the tests into Markdown cells"""
    for cell in tests(s):
        cell.cell_type = "markdown"
        cell.metadata.nbgrader.cell_type = "markdown"
        del cell["outputs"], cell["execution_count"]


@attack()
def tests_as_answers(s: Submission) -> None:
    """Marks the tests as solutions, so that they are graded by hand"""
    for cell in tests(s):
        cell.metadata.nbgrader.solution = True
        cell.metadata.nbgrader.locked = False
        cell.source = "2.0"


@attack()
def tests_unmarked(s: Submission) -> None:
    """Removes nbgrader's metadata from the tests and empties their text"""
    for cell in tests(s):
        cell.metadata.pop("nbgrader")
        cell.source = ""


@attack()
def tests_deleted(s: Submission) -> None:
    """Deletes the tests"""
    for cell in tests(s):
        s.notebook.cells.remove(cell)


@attack()
def tests_renamed(s: Submission) -> None:
    """Renames the tests, and gives their names to empty cells"""
    for cell in tests(s):
        other = deepcopy(cell)
        other.id, other.source = cell.id[::-1], "pass"
        cell.metadata.nbgrader.grade_id += "_"
        s.notebook.cells.append(other)


@attack()
def tests_duplicated(s: Submission) -> None:
    """Puts an empty copy of each test, with the same name, before it"""
    for cell in tests(s):
        other = deepcopy(cell)
        other.id, other.source = cell.id[::-1], "pass"
        s.notebook.cells.insert(s.notebook.cells.index(cell), other)


@attack()
def forged_outputs(s: Submission) -> None:
    """Includes outputs that claim full marks, in cells that do not run"""
    for cell in tests(s):
        cell.metadata.tags = ["skip-execution"]
        cell.outputs = [new_output("execute_result", {"text/plain": str(cell.metadata.nbgrader.points)})]
        cell.execution_count = 1


@attack(ours=True)
def forged_position(s: Submission) -> None:
    """Forges the autograder's own metadata: the tests claim to be the setup, and empty cells claim to be the tests"""
    for cell in tests(s):
        position = s.notebook.cells.index(cell)
        cell.metadata.autograder = {"position": 1}
        s.append("pass")
        s.notebook.cells[-1].metadata = {"autograder": {"position": position}}


@attack()
def changed_setup(s: Submission) -> None:
    """Changes the locked setup cell: its helper function and its data"""
    s.cell("setup").source += "\ncheck = lambda *a: None\nwanted_sum = 0\nvalues = values * 0"
    s.code(NOTHING)


@attack()
def tests_first(s: Submission) -> None:
    """Moves the tests to the top of the notebook, before the setup"""
    found = list(tests(s))
    s.notebook.cells = [*found, *(cell for cell in s.notebook.cells if cell not in found)]


@attack()
def other_kernel(s: Submission) -> None:
    """Names a kernel that runs nothing"""
    s.notebook.metadata.kernelspec = {"name": "nothing", "display_name": "Nothing", "language": "nothing"}
    s.notebook.metadata.language_info = {"name": "nothing"}


@attack()
def old_schema(s: Submission) -> None:
    """Claims a version of the metadata that makes nbgrader stop"""
    for cell in tests(s):
        cell.metadata.nbgrader.schema_version = 0


@attack()
def one_cell_holds_all(s: Submission) -> None:
    """Copies every test into an answer, after a `return` that skips it"""
    texts = "\n".join(cell.source for cell in tests(s))
    s.code(NOTHING + "if False:\n    pass\n" + texts.replace("assert", "None and"))
    for cell in tests(s):
        s.notebook.cells.remove(cell)
    s.notebook.cells.append(new_markdown_cell("Done."))


@attack()
def answer_as_test(s: Submission) -> None:
    """Marks an answer as a test that has points of its own"""
    s.cell("total").metadata.nbgrader.update(grade=True, points=50, solution=False, locked=True)
    s.cell("total").source = "50.0"


@attack()
def new_test(s: Submission) -> None:
    """Adds its own test, which gives 50 points"""
    mark = {"grade": True, "solution": False, "locked": True, "task": False, "schema_version": 3}
    cell = new_code_cell("50.0")
    cell.metadata.nbgrader = {**mark, "grade_id": "bonus", "points": 50, "cell_type": "code"}
    s.notebook.cells.append(cell)
