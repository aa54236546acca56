"""An assignment is generated again after submissions have been graded: nothing that people did is lost."""

import copy
import csv
import shutil
from collections.abc import Callable
from pathlib import Path

import launch
import nbformat
import pytest
from graded_course import POINTS, Course, marked_cell, notebook
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell
from nbgrader.api import MissingEntry
from tiny_course import cell_of

from autograder.cli.build import BuildApp
from autograder.cli.generate import GenerateApp
from autograder.course import build
from autograder.grading.backup import Backups

ADD, MUL = "def add(a, b):\n    return a + b", "def mul(a, b):\n    return a * b"
SOLVED = {"add": ADD, "mul": MUL, "essay": "Sums come before products.", "summary": "Both are commutative."}
SCORES = {"test_add": 2.0, "test_mul": 3.0, "test_old": 2.0}


def first() -> NotebookNode:
    """The notebook as it is handed out first: with one test and one answer more than the course's."""
    made = notebook()
    made.cells += [
        marked_cell(new_code_cell, "assert add(1, 1) == 2", "test_old", grade=True, locked=True, points=2.0),
        new_markdown_cell("What have you learnt?"),
        marked_cell(new_markdown_cell, "Your answer", "summary", grade=True, solution=True, points=1.0),
    ]
    return made


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Course:
    """A course with two submissions graded, and points and comments given by hand."""
    course = Course(tmp_path_factory.mktemp("course") / "course", made=first())
    course.rehearsed({**POINTS, "test_old": 2.0})
    course.hand_in("ada", SCORES, **SOLVED)
    course.hand_in("bob", {**SCORES, "test_mul": 0.0}, add=ADD)
    course.grade()
    course.score_by_hand("ada", "essay", manual_score=3.5, extra_credit=0.5)
    course.score_by_hand("ada", "summary", manual_score=0.5)
    course.score_by_hand("bob", "test_mul", manual_score=1.5)
    course.score_by_hand("bob", "test_add", manual_score=1.0)
    course.score_by_hand("bob", "test_old", manual_score=1.25)
    with course.gradebook() as gradebook:
        gradebook.find_comment("essay", "p1", "ps1", "ada").manual_comment = "Well said"
        gradebook.find_comment("summary", "p1", "ps1", "ada").manual_comment = "Right"
        gradebook.db.commit()
    return course


@pytest.fixture
def course(made: Course, tmp_path: Path) -> Course:
    return made.copy(tmp_path / "course")


def edit(course: Course, change: Callable[[NotebookNode], None], name: str = "p1") -> None:
    """Change the instructor's notebook as in JupyterLab."""
    path = course.folder / "source" / "ps1" / f"{name}.ipynb"
    node = nbformat.read(path, as_version=4)
    change(node)
    nbformat.write(node, path)


def rename(node: NotebookNode, old: str, new: str) -> None:
    cell_of(node, old).metadata.nbgrader.grade_id = new


def second(node: NotebookNode) -> None:
    """Tests are added, removed, renamed and worth more; answers are removed and renamed."""
    cell_of(node, "test_add").metadata.nbgrader.points = 3.0
    rename(node, "test_mul", "test_product")
    rename(node, "essay", "report")
    more = marked_cell(new_code_cell, "assert add(5, 1) == 6", "test_more", grade=True, locked=True, points=1.0)
    node.cells.insert(3, more)
    gone = [cell_of(node, "test_old"), cell_of(node, "summary")]
    node.cells = [cell for cell in node.cells if cell not in gone]


def grades(course: Course, student: str) -> dict[str, tuple[float | None, float | None, float | None, bool]]:
    """By cell: automatic and manual score, extra credit, and whether a person is to look."""
    with course.gradebook() as gradebook:
        found = gradebook.find_submission_notebook("p1", "ps1", student)
        return {
            one.name: (one.auto_score, one.manual_score, one.extra_credit, one.needs_manual_grade)
            for one in found.grades
        }


def contents(course: Course) -> dict[Path, bytes]:
    """All files of the course but the lock's, and the gradebook as text."""
    return {path: path.read_bytes() for path in course.folder.rglob("*") if path.is_file() and path.name != "lock"}


def generate(course: Course, *arguments: str, code: int = 0) -> str:
    """Run `autograder generate ps1`."""
    return launch.launch(GenerateApp, course.folder, "ps1", *arguments, code=code)


def test_cells_are_added_removed_renamed_and_revalued_and_what_people_did_stays(course: Course) -> None:
    edit(course, second)
    said = generate(course)
    assert grades(course, "ada") == {
        "test_add": (2.0, None, None, False),
        "test_more": (None, None, None, True),
        "test_product": (3.0, None, None, False),
        "report": (None, 3.5, 0.5, False),
    }
    assert grades(course, "bob")["test_product"] == (0.0, 1.5, None, False)
    assert grades(course, "bob")["test_add"] == (2.0, 1.0, None, True)  # by hand, of points that are others now
    with course.gradebook() as gradebook:
        assert gradebook.find_submission("ps1", "ada").max_score == 11.0
        assert gradebook.find_comment("report", "p1", "ps1", "ada").comment == "Well said"
        with pytest.raises(MissingEntry):
            gradebook.find_source_cell("test_old", "p1", "ps1")
    for change in ("test_add: 2 → 3 points", "test_mul → test_product", "test_more: new", "test_old: removed"):
        assert change in said
    for lost in ("bob: p1, test_old: 1.25 points", "ada: p1, summary: 0.5 points, 'Right'"):
        assert lost in said
    (table,) = (course.folder / ".autograder" / "removed").iterdir()
    with table.open(encoding="utf-8-sig", newline="") as file:
        rows = {(row["student_id"], row["cell"]): (row["automatic"], row["manual"]) for row in csv.DictReader(file)}
    assert rows == {
        ("ada", "test_old"): ("2.0", ""),
        ("bob", "test_old"): ("2.0", "1.25"),
        ("ada", "summary"): ("", "0.5"),
        ("bob", "summary"): ("0.0", ""),
    }
    released = nbformat.read(course.folder / "release" / "ps1" / "p1.ipynb", as_version=4)
    assert cell_of(released, "test_more").source == "assert add(5, 1) == 6"


def test_what_is_graded_after_that_has_new_scores_and_asks_for_nothing_settled_again(course: Course) -> None:
    edit(course, second)
    generate(course)
    points = {"test_add": 3.0, "test_product": 3.0, "test_more": 1.0}
    course.rehearsed(points)
    for student in ("ada", "bob"):
        path = course.folder / "submitted" / student / "ps1" / "p1.ipynb"
        course.know(path, {**points, "test_old": 0.0}, {}, {})  # handed in as it was released at first
    assert course.grade(dry_run=True).changes["ada"] == (9.0, 11.0)
    status = course.grade().statuses
    assert grades(course, "ada") == {
        "test_add": (3.0, None, None, False),
        "test_more": (1.0, None, None, False),
        "test_product": (3.0, None, None, False),
        "report": (None, 3.5, 0.5, False),
    }
    assert status["ada"].review == ()
    with course.gradebook() as gradebook:
        assert gradebook.find_comment("report", "p1", "ps1", "ada").comment == "Well said"


def test_a_dry_run_shows_all_that_and_writes_nothing(course: Course) -> None:
    edit(course, second)
    before = contents(course)
    said = generate(course, "--dry-run")
    assert contents(course) == before
    assert not (course.folder / "release.new").exists()
    done = generate(course)
    assert [line for line in said.splitlines() if line.startswith("    ")] == [
        line for line in done.splitlines() if line.startswith("    ")
    ]


def test_nbgraders_own_command_does_the_same_but_removes_nothing_that_people_gave(course: Course) -> None:
    (course.folder / "nbgrader_config.py").write_text("from autograder import configure\nconfigure(get_config())\n")
    edit(course, second)
    before = contents(course)
    with pytest.raises(build.CourseError, match="autograder generate ps1"):
        build.nbgrader(course.folder, "generate_assignment", "ps1", "--force")
    assert contents(course) == before
    course.score_by_hand("bob", "test_old", manual_score=None)
    course.score_by_hand("ada", "summary", manual_score=None)
    with course.gradebook() as gradebook:
        gradebook.find_comment("summary", "p1", "ps1", "ada").manual_comment = None
        gradebook.db.commit()
    build.nbgrader(course.folder, "generate_assignment", "ps1", "--force")
    assert grades(course, "ada")["report"] == (None, 3.5, 0.5, False)
    assert "test_old" not in grades(course, "bob")


def test_a_build_stops_where_it_would_remove_what_people_gave(course: Course) -> None:
    edit(course, second)
    (course.folder / "solutions").mkdir()
    (course.folder / "solutions" / "ps1.py").write_text("# %% [markdown]\n# More to read\n")
    before = {path: what for path, what in contents(course).items() if "source" not in path.parts}
    said = launch.launch(BuildApp, course.folder, code=1)
    assert {path: what for path, what in contents(course).items() if "source" not in path.parts} == before
    assert "ada: p1, summary: 0.5 points, 'Right'" in said
    assert "autograder generate ps1 --dry-run" in said.splitlines()[-1]
    generate(course)
    assert "autograder grade" not in launch.launch(BuildApp, course.folder)


def test_before_the_next_grading_formgrader_knows_every_cell_of_what_is_graded(course: Course) -> None:
    edit(course, second)
    generate(course)
    marks = {cell.metadata.nbgrader.grade_id for cell in course.autograded("ada").cells if "nbgrader" in cell.metadata}
    assert marks == {"add", "test_add", "mul", "test_product", "report"}


def test_an_answer_that_follows_another_question_is_not_taken_for_the_same_one(course: Course) -> None:
    def other_question(node: NotebookNode) -> None:
        rename(node, "summary", "outlook")
        node.cells[-2].source = "What comes next?"

    edit(course, other_question)
    said = generate(course)
    assert "summary: removed" in said
    assert "outlook: new" in said
    assert grades(course, "ada")["outlook"] == (None, None, None, True)


@pytest.mark.parametrize("fault", ["two cells of one grade_id", "a solution without an end"])
def test_a_release_that_can_not_be_made_leaves_the_old_one_and_the_gradebook(course: Course, fault: str) -> None:
    def wrong(node: NotebookNode) -> None:
        second(node)
        if fault == "two cells of one grade_id":
            node.cells.append(copy.deepcopy(cell_of(node, "test_more")))
        else:
            cell_of(node, "add").source = "### BEGIN SOLUTION\npass"

    edit(course, wrong)
    before = contents(course)
    assert "p1.ipynb" in generate(course, code=1)
    assert contents(course) == before


def test_a_change_that_the_gradebook_does_not_take_is_undone_whole(
    course: Course, monkeypatch: pytest.MonkeyPatch
) -> None:
    edit(course, second)
    before, release = grades(course, "ada"), contents(course)[course.folder / "release" / "ps1" / "p1.ipynb"]
    with course.gradebook() as gradebook:
        gradebook.db.connection().exec_driver_sql(
            "CREATE TRIGGER full BEFORE INSERT ON source_cell BEGIN SELECT RAISE(ABORT, 'disk full'); END"
        )
        gradebook.db.commit()
    assert "disk full" in generate(course, code=1)
    assert grades(course, "ada") == before
    assert (course.folder / "release" / "ps1" / "p1.ipynb").read_bytes() == release
    assert len(Backups(course.folder, course.coursedir.db_url).paths()) > 0


def test_a_release_that_was_being_replaced_when_it_was_killed_is_there_again(course: Course) -> None:
    released = course.folder / "release" / "ps1"
    text = (released / "p1.ipynb").read_bytes()
    shutil.move(released, course.folder / "release.old" / "ps1")
    (course.folder / "source" / "ps1" / "p1.ipynb").write_text("{}")
    generate(course, code=1)
    assert (released / "p1.ipynb").read_bytes() == text
    assert not (course.folder / "release.old").exists()


def test_notebooks_are_added_and_removed_and_the_others_marks_stay(course: Course) -> None:
    source = course.folder / "source" / "ps1"
    shutil.copy(source / "p1.ipynb", source / "p2.ipynb")
    generate(course)
    with course.gradebook() as gradebook:
        assert [book.name for book in gradebook.find_submission("ps1", "ada").notebooks] == ["p1", "p2"]
        assert gradebook.find_grade("test_add", "p2", "ps1", "ada").auto_score is None
    (source / "p2.ipynb").unlink()
    assert "p2, test_add: removed" in generate(course)
    with course.gradebook() as gradebook:
        assert [book.name for book in gradebook.find_assignment("ps1").notebooks] == ["p1"]
    assert grades(course, "ada")["essay"] == (None, 3.5, 0.5, False)


def test_one_notebook_is_generated_and_the_others_stay(course: Course) -> None:
    source = course.folder / "source" / "ps1"
    shutil.copy(source / "p1.ipynb", source / "p2.ipynb")
    generate(course)
    edit(course, second)
    edit(course, second, "p2")
    generate(course, "--notebook", "p2")
    with course.gradebook() as gradebook:
        assert gradebook.find_source_cell("test_more", "p2", "ps1")
    assert "test_old" in grades(course, "ada")
    released = {name: nbformat.read(course.folder / "release" / "ps1" / f"{name}.ipynb", 4) for name in ("p1", "p2")}
    assert {name: any("test_more" in str(cell.metadata) for cell in node.cells) for name, node in released.items()} == {
        "p1": False,
        "p2": True,
    }
