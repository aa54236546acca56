"""What the rehearsal tells before anybody is graded, on a small course whose source folder is as its author left it."""

from dataclasses import dataclass
from pathlib import Path

import nbformat
import pytest
from engines import Marks, add_config, autograder, hand_in, marks, plain_copy
from graded_course import marked_cell
from nbformat.v4 import new_code_cell, new_notebook

from autograder.course import build
from autograder.grading.advice import Refusal

CELLS = {  # solution, test
    "save": ("open('made.txt', 'w').write('7')", "assert open('made.txt').read() == '7'"),
    "grow": ("open('log.txt', 'a').write('+')", "assert open('log.txt').read().startswith('begun')"),
    "read": ("text = open('given.txt').read()", "assert text == 'given'"),
    "module": ("import statistics", "assert statistics.mean([1, 3]) == 2"),
    "free": ("spare = 1", "assert True"),
}
WITHHELD = {  # likewise, of tests that can't be isolated, with what is advised
    "base": (
        "def first(base):\n    return base.execute('select 7').fetchone()[0]",
        "import sqlite3\nassert first(sqlite3.connect(':memory:')) == 7",
        Refusal.GIVEN,
    ),
    "box": (
        "class Box:\n    pass\nbox = Box()",
        "import pickle\nassert isinstance(pickle.loads(pickle.dumps(box)), Box)",
        Refusal.PICKLED,
    ),
}
LEFT = {"made.txt": "7", "log.txt": "begun", "given.txt": "given"}  # in the source folder


@dataclass
class Graded:
    folder: Path
    said: str
    rehearsed: str
    ours: Marks
    plain: Marks

    def line(self, words: str) -> str:
        (found,) = [line for line in self.said.splitlines() if words in line]
        return found


@pytest.fixture(scope="module")
def graded(tmp_path_factory: pytest.TempPathFactory) -> Graded:
    folder = tmp_path_factory.mktemp("rehearsal") / "ours"
    (folder / "source" / "ps1").mkdir(parents=True)
    cells = []
    written = {name: (solution, test) for name, (solution, test, _) in WITHHELD.items()}
    for name, (solution, test) in {**CELLS, **written}.items():
        text = f"### BEGIN SOLUTION\n{solution}\n### END SOLUTION"
        cells.append(marked_cell(new_code_cell, text, name, solution=True))
        cells.append(marked_cell(new_code_cell, test, f"test_{name}", grade=True, locked=True, points=1.0))
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    nbformat.write(new_notebook(cells=cells, metadata={"kernelspec": kernel}), folder / "source/ps1/p1.ipynb")
    for name, text in LEFT.items():
        (folder / "source" / "ps1" / name).write_text(text)
    add_config(folder)
    build.nbgrader(folder, "generate_assignment", "ps1", "--create")
    hand_in(folder, "solves", "ps1", "p1", **{name: solution for name, (solution, _) in CELLS.items()})
    hand_in(folder, "blank", "ps1", "p1")
    plain = plain_copy(folder, folder.with_name("plain"))
    build.nbgrader(plain, "autograde", "ps1")
    rehearsed = autograder(folder, "rehearse", "ps1", code=1)
    said = autograder(folder, "grade", "ps1")
    return Graded(folder, said, rehearsed, marks(folder, "ps1"), marks(plain, "ps1"))


@pytest.mark.parametrize("name", CELLS)
def test_who_solves_it_has_the_points(graded: Graded, name: str) -> None:
    assert graded.ours["solves", "p1", f"test_{name}"] == (1, False)


@pytest.mark.parametrize(("name", "plain", "here"), [("save", 1, 0), ("grow", 1, 1), ("module", 0, 0), ("free", 1, 1)])
def test_what_the_author_left_behind_gives_no_points(graded: Graded, name: str, plain: float, here: float) -> None:
    """But where the solution needs it."""
    assert graded.plain["blank", "p1", f"test_{name}"][0] == plain
    assert graded.ours["blank", "p1", f"test_{name}"][0] == here


def test_it_is_told_before_anybody_is_graded(graded: Graded) -> None:
    assert "made.txt" in graded.line("the solution writes")
    assert graded.line("p1, test_free: ").endswith("the released notebook, with nothing solved, gets 1 of 1")
    assert graded.said.splitlines().index(graded.line("p1, test_free: ")) < graded.said.splitlines().index(
        graded.line(" to grade; ")
    )
    assert "p1, test_free: the released notebook" in graded.rehearsed


@pytest.mark.parametrize("name", WITHHELD)
def test_of_what_is_withheld_the_instructor_is_advised_and_a_student_is_shown_nothing_of_it(
    graded: Graded, name: str
) -> None:
    _, test, kind = WITHHELD[name]
    (line,) = [line for line in graded.said.splitlines() if line.startswith(f"p1, test_{name}: can't")]
    assert f"{kind.does}; {kind.instead} (" in line
    assert graded.ours["solves", "p1", f"test_{name}"] == (None, True)
    node = nbformat.read(graded.folder / "autograded" / "solves" / "ps1" / "p1.ipynb", as_version=4)
    (shown,) = [c.outputs for c in node.cells if c.metadata.get("nbgrader", {}).get("grade_id") == f"test_{name}"]
    assert "this test can't be graded in isolation" in str(shown)
    assert not [row for row in test.splitlines() if row in str(shown)]
