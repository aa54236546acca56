"""One submission: a folder in; results.json, feedback.html and record.json out."""

import json
import logging.config
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import jsonschema
import psutil
import pytest
import submissions
import tiny_course
from candidates import needs_sandbox
from graded_course import POINTS, Course
from submission_courses import foundations
from submissions import Answer, hand_in, notebook

from autograder.container import submitted_notebook
from autograder.course import sample_class
from autograder.notebooks.reading import MAX_BYTES

ANY_SCORE = {"score": {"type": "number", "minimum": 0}, "max_score": {"type": "number", "minimum": 0}}
TEXTS = {
    "name": {"type": "string", "minLength": 1},
    "output": {"type": "string"},
    "output_format": {"enum": ["text", "html", "simple_format", "md", "ansi"]},
    "visibility": {"enum": ["hidden", "after_due_date", "after_published", "visible"]},
}
# The parts of Gradescope's documented format that we use.
FORMAT = {
    "type": "object",
    "properties": {
        **ANY_SCORE,
        **TEXTS,
        "tests": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {**ANY_SCORE, **TEXTS},
                "required": ["name", "output", "visibility"],
                "additionalProperties": False,
            },
        },
        "extra_data": {"type": "object"},
    },
    "required": ["output", "tests"],
    "additionalProperties": False,
}
Grade = Callable[..., Answer]


@pytest.fixture(scope="module", autouse=True)
def _logging_as_a_command_finds_it() -> None:
    """TensorFlow, once imported, logs to pytest's own stream, and closes it when a command sets logging up."""
    logging.config.dictConfig({"version": 1, "disable_existing_loggers": False})  # while that stream is in use


@pytest.fixture(scope="module")
def course(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return submissions.course(tmp_path_factory.mktemp("one") / "course")


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The rehearsals, made once."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture
def grade(tmp_path: Path, course: Path, cache: Path, capfd: pytest.CaptureFixture[str]) -> Grade:
    def graded(*more: str) -> Answer:
        answer = submissions.grade(tmp_path, course, capfd, f"--cache={cache}", *more)
        jsonschema.validate(answer.results, FORMAT)
        return answer

    return graded


@pytest.fixture(name="handed_in")
def folder(tmp_path: Path) -> Iterator[Path]:
    (tmp_path / "in").mkdir()
    yield tmp_path / "in"
    subprocess.run(["rm", "-rf", str(tmp_path / "in")], check=True)  # what is too deep for Python's own


# other platforms


@needs_sandbox
@pytest.mark.parametrize(
    ("platform", "name", "full", "ungraded"),
    [
        ("prairielearn", "results.json", b'"score": 1.0', 0),
        ("coursera", "feedback.json", b'"fractionalScore": 1.0', 2),
        ("manytask", "manytask.form", b"task=numbers&score=1.0000", 2),
    ],
)
def test_another_platform_gets_its_own_files_and_exit_code(
    tmp_path: Path,
    course: Path,
    cache: Path,
    capfd: pytest.CaptureFixture[str],
    handed_in: Path,
    platform: str,
    name: str,
    full: bytes,
    ungraded: int,
) -> None:
    options = (f"--cache={cache}", f"--format={platform}")
    path = hand_in(handed_in, "numbers.ipynb", notebook(course))
    answer = submissions.grade(tmp_path, course, capfd, *options)
    assert answer.code == 0, answer.said
    assert full in (answer.folder / name).read_bytes()
    path.rename(path.with_suffix(".txt"))
    answer = submissions.grade(tmp_path, course, capfd, *options)
    assert (answer.code, "No notebook" in answer.said) == (ungraded, True)
    assert (answer.folder / name).exists() == (platform == "prairielearn")


# graded


@needs_sandbox
def test_a_solved_notebook_has_all_points(grade: Grade, course: Path, handed_in: Path) -> None:
    hand_in(handed_in, "numbers.ipynb", notebook(course))
    answer = grade()
    assert answer.code == 0, answer.said
    assert answer.results["score"] == tiny_course.FULL["numbers"]
    assert {test["name"]: test["score"] for test in answer.results["tests"]} == {
        f"Numbers ({name})": points for name, points in tiny_course.POINTS.items()
    }


@needs_sandbox
def test_feedback_and_record_are_those_of_the_grade(grade: Grade, course: Path, handed_in: Path) -> None:
    hand_in(handed_in, "numbers.ipynb", notebook(course))
    answer = grade()
    page = (answer.folder / "feedback.html").read_text()
    assert "fibonacci" in page
    assert "75025" not in page  # of a hidden test
    record = json.loads((answer.folder / "record.json").read_text())
    assert record["scores"] == tiny_course.POINTS
    assert record["sandboxed"] is True


@needs_sandbox
def test_what_failed_says_why_and_shows_no_hidden_test(grade: Grade, course: Path, handed_in: Path) -> None:
    made = notebook(course)
    tiny_course.cell_of(made, "total").source = "def total(numbers):\n    return 0"
    tiny_course.cell_of(made, "report").source = "def report(path):\n    raise ValueError('\\x1b[31mno paper\\x07')"
    hand_in(handed_in, "numbers.ipynb", made)
    answer = grade()
    assert answer.code == 0, answer.said
    tests = {test["name"]: test for test in answer.results["tests"]}
    assert tests["Numbers (test_total)"]["score"] == 0
    assert tests["Numbers (test_total)"]["output"] == "AssertionError: expected 9.0, received 0"
    assert tests["Numbers (test_report)"]["output"] == "ValueError: no paper"
    assert answer.results["score"] == tiny_course.POINTS["test_fibonacci"] + tiny_course.POINTS["test_twice"]
    assert tiny_course.SECRET not in json.dumps(answer.results)


@needs_sandbox
def test_what_a_person_grades_has_no_score_yet(
    tmp_path: Path, handed_in: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    made = Course(tmp_path / "course")
    path = Path(made.coursedir.format_path(made.coursedir.release_directory, ".", "ps1"), "p1.ipynb")
    (handed_in / "p1.ipynb").write_bytes(path.read_bytes())
    answer = submissions.grade(tmp_path, tmp_path / "course", capfd)
    jsonschema.validate(answer.results, FORMAT)
    assert answer.code == 0, answer.said
    essay = answer.results["tests"][-1]
    assert "score" not in essay
    assert essay["output"] == "This is graded by hand."
    assert answer.results["score"] == 0
    assert "4 points are still to be graded by hand." in answer.told
    assert len(answer.results["tests"]) == len(POINTS) + 1


@needs_sandbox
def test_what_was_mended_is_told(grade: Grade, course: Path, handed_in: Path) -> None:
    made = notebook(course)
    made.cells = [cell for cell in made.cells if cell.metadata.get("nbgrader", {}).get("grade_id") != "test_total"]
    hand_in(handed_in, "numbers.ipynb", made)
    answer = grade()
    assert answer.results["score"] == tiny_course.FULL["numbers"]
    assert answer.results["extra_data"]["status"] == "graded after fixes"
    assert answer.told == "test_total: This cell was missing from your notebook and was restored."


@needs_sandbox
def test_a_renamed_notebook_in_a_folder_counts_beside_the_released_one(
    grade: Grade, course: Path, handed_in: Path
) -> None:
    hand_in(handed_in, "my homework/numbers (1).ipynb", notebook(course))
    hand_in(handed_in, "numbers.ipynb", notebook(course, solved=False))
    answer = grade()
    assert answer.results["score"] == tiny_course.FULL["numbers"], answer.told
    assert "there is no work of yours in numbers.ipynb." in answer.told
    assert answer.told.endswith("numbers (1).ipynb was graded as numbers.ipynb.")


@needs_sandbox
def test_checkpoints_and_what_archives_add_are_passed_over(grade: Grade, course: Path, handed_in: Path) -> None:
    hand_in(handed_in, "numbers.ipynb", notebook(course))
    hand_in(handed_in, ".ipynb_checkpoints/numbers-checkpoint.ipynb", notebook(course, solved=False))
    (handed_in / "__MACOSX").mkdir()
    (handed_in / "__MACOSX" / "._numbers.ipynb").write_bytes(b"\0\5\26\7")
    assert grade().results["score"] == tiny_course.FULL["numbers"]


@needs_sandbox
def test_files_beside_it_are_there_and_links_and_huge_ones_are_left_out(
    grade: Grade, course: Path, handed_in: Path
) -> None:
    made = notebook(course)
    answer_41_5 = tiny_course.cell_of(made, "report")
    answer_41_5.source = answer_41_5.source.replace("answer = 41.5", 'answer = float(open("data/answer.txt").read())')
    hand_in(handed_in, "numbers.ipynb", made)
    (handed_in / "data").mkdir()
    (handed_in / "data" / "answer.txt").write_text("41.5")
    (handed_in / "passwords").symlink_to("/etc/passwd")
    (handed_in / "timestamp.txt").write_text("no time at all")
    with (handed_in / "video.mp4").open("wb") as file:
        file.truncate(1 << 40)
    answer = grade()
    assert answer.results["score"] == tiny_course.FULL["numbers"], answer.results
    assert answer.told.splitlines() == [
        "Left out: passwords: a symbolic link",
        "Left out: video.mp4: the files together have more than 100,000,000 bytes",
    ]


@needs_sandbox
def test_with_the_assignment_given_a_notebook_without_metadata_is_graded(
    grade: Grade, course: Path, handed_in: Path
) -> None:
    made = notebook(course)
    for cell in made.cells:
        cell.metadata.clear()
    hand_in(handed_in, "Untitled.ipynb", made)
    assert grade("numbers").results["score"] == tiny_course.FULL["numbers"]


@needs_sandbox
def test_the_course_stays_as_it_is(grade: Grade, course: Path, handed_in: Path) -> None:
    before = {path: path.read_bytes() for path in course.rglob("*") if path.is_file()}
    hand_in(handed_in, "numbers.ipynb", notebook(course))
    grade()
    assert {path: path.read_bytes() for path in course.rglob("*") if path.is_file()} == before


@needs_sandbox
def test_foundations_is_graded(tmp_path: Path, handed_in: Path, root: Path, capfd: pytest.CaptureFixture[str]) -> None:
    foundations(tmp_path / "course")
    path = sample_class.hand_in(root, tmp_path / "class", "perfect", "foundations")
    assert path is not None
    (handed_in / "foundations.ipynb").write_bytes(next((tmp_path / "class").rglob("*.ipynb")).read_bytes())
    answer = submissions.grade(tmp_path, tmp_path / "course", capfd)
    jsonschema.validate(answer.results, FORMAT)
    assert answer.code == 0, answer.said
    assert answer.results["score"] == 100
    assert "Exercise 15: max pooling" in {test["name"] for test in answer.results["tests"]}


# what a student has to put right


def _nothing(folder: Path, course: Path) -> None:
    pass


def _other_files(folder: Path, course: Path) -> None:
    (folder / "homework.pdf").write_bytes(b"%PDF-1.7")


def _several(folder: Path, course: Path) -> None:
    hand_in(folder, "numbers.ipynb", notebook(course))
    hand_in(folder, "model.ipynb", notebook(course, "model"))


def _two_copies(folder: Path, course: Path) -> None:
    hand_in(folder, "a.ipynb", notebook(course))
    hand_in(folder, "b.ipynb", notebook(course))


def _same_name_twice(folder: Path, course: Path) -> None:
    hand_in(folder, "old/numbers.ipynb", notebook(course))
    hand_in(folder, "new/numbers.ipynb", notebook(course))


def _many(folder: Path, course: Path) -> None:
    for number in range(50):
        (folder / f"{number}.ipynb").write_text("{}")


def _not_json(folder: Path, course: Path) -> None:
    (folder / "numbers.ipynb").write_text('{"cells": [')


def _empty(folder: Path, course: Path) -> None:
    (folder / "numbers.ipynb").touch()


def _no_notebook_in_it(folder: Path, course: Path) -> None:
    (folder / "numbers.ipynb").write_text("[1, 2, 3]")


def _deep(folder: Path, course: Path) -> None:
    (folder / "numbers.ipynb").write_text("[" * 1_000_000)


def _unknown(folder: Path, course: Path) -> None:
    made = notebook(course)
    for cell in made.cells:
        cell.metadata.clear()
    hand_in(folder, "essay.ipynb", made)


def _unknown_and_broken(folder: Path, course: Path) -> None:
    (folder / "essay.ipynb").write_bytes(b"\x80\x04}q\x00.")


def _huge(folder: Path, course: Path) -> None:
    with (folder / "numbers.ipynb").open("wb") as file:
        file.truncate(MAX_BYTES + 1_000_000)


def _link_out(folder: Path, course: Path) -> None:
    (folder / "numbers.ipynb").symlink_to(course / "source" / "numbers" / "numbers.ipynb")


def _folder_link_out(folder: Path, course: Path) -> None:
    (folder / "homework").symlink_to(course / "source" / "numbers")


def _endless(folder: Path, course: Path) -> None:
    (folder / "numbers.ipynb").symlink_to("/dev/zero")


def _pipe(folder: Path, course: Path) -> None:
    os.mkfifo(folder / "numbers.ipynb")


def _a_folder(folder: Path, course: Path) -> None:
    (folder / "numbers.ipynb").mkdir()


def _too_many_files(folder: Path, course: Path) -> None:
    for number in range(submitted_notebook.MAX_ENTRIES + 1):
        (folder / str(number)).touch()


def _deep_folders(folder: Path, course: Path) -> None:
    here = os.getcwd()
    try:
        os.chdir(folder)
        for _ in range(1_500):  # more than a path may be long
            os.mkdir("deep")
            os.chdir("deep")
    finally:
        os.chdir(here)


def _odd_name(folder: Path, course: Path) -> None:
    (folder / os.fsdecode(b"\x1b[2J\xff.txt")).touch()


BAD = {
    _nothing: "No notebook (a file that ends in .ipynb) was submitted. Nothing was submitted.",
    _other_files: "There is only homework.pdf.",
    _several: "2 notebooks were submitted: model.ipynb, numbers.ipynb.",
    _two_copies: "2 notebooks were submitted: a.ipynb, b.ipynb.",
    _same_name_twice: "2 notebooks were submitted: new/numbers.ipynb, old/numbers.ipynb.",
    _many: "50 notebooks were submitted. Submit one: model.ipynb or numbers.ipynb.",
    _not_json: "it is not JSON",
    _empty: "it is not JSON",
    _no_notebook_in_it: "not a notebook",
    _deep: "nested too deeply",
    _unknown: "essay.ipynb is not a notebook of this course",
    _unknown_and_broken: "essay.ipynb can't be read as a notebook.",
    _huge: "the limit is 100 MB",
    _link_out: "numbers.ipynb is a link to another file; the file itself is needed.",
    _folder_link_out: "There is only homework.",
    _endless: "numbers.ipynb is a link to another file; the file itself is needed.",
    _pipe: "numbers.ipynb is not a regular file.",
    _a_folder: "No notebook",
    _too_many_files: "More than 10,000 files and folders were submitted.",
    _deep_folders: "can't be read: File name too long.",
    _odd_name: "There is only \\x1b[2J\\udcff.txt.",
}


@needs_sandbox
@pytest.mark.parametrize("make", BAD, ids=[make.__name__[1:] for make in BAD])
def test_the_student_is_told_what_is_wrong(
    grade: Grade, course: Path, handed_in: Path, make: Callable[[Path, Path], None]
) -> None:
    make(handed_in, course)
    answer = grade()
    assert answer.code == 2, answer.said
    assert answer.told.startswith("Your submission was not graded. ")
    assert BAD[make] in answer.told
    assert "score" not in answer.results
    assert "Traceback" not in answer.said
    assert tiny_course.SECRET not in json.dumps(answer.results)
    assert sorted(path.name for path in answer.folder.iterdir()) == ["results.json"]


@needs_sandbox
def test_where_a_platform_needs_a_score_it_is_zero_with_the_reason(grade: Grade, handed_in: Path) -> None:
    (handed_in / "numbers.ipynb").write_text("junk")
    answer = grade("--zero")
    assert answer.code == 2, answer.said
    assert answer.results["score"] == 0
    assert "it is not JSON" in answer.told
    assert answer.results["extra_data"]["status"] == "not gradable"


# what is our fault


def test_a_folder_that_is_not_mounted_is_our_fault(grade: Grade, handed_in: Path) -> None:
    handed_in.rmdir()
    answer = grade("--zero")
    assert answer.code == 1
    assert "can't be read: mount the folder with the submission there" in answer.said
    assert "Traceback" not in answer.said
    assert "score" not in answer.results


def test_an_assignment_that_the_course_lacks_is_our_fault(grade: Grade, course: Path, handed_in: Path) -> None:
    hand_in(handed_in, "numbers.ipynb", notebook(course))
    answer = grade("letters")
    assert answer.code == 1
    assert "no such assignment: 'letters'" in answer.said
    assert "score" not in answer.results
    assert "letters" not in answer.told


def test_a_course_without_a_gradebook_is_our_fault(
    tmp_path: Path, handed_in: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "course").mkdir()
    answer = submissions.grade(tmp_path, tmp_path / "course", capfd)
    assert answer.code == 1
    assert "autograder generate" in answer.said
    assert "score" not in answer.results


def test_what_an_earlier_run_left_is_gone(
    tmp_path: Path, course: Path, handed_in: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "out").mkdir()
    for name in ("results.json", "feedback.html", "record.json"):
        (tmp_path / "out" / name).write_text("of another student")
    answer = submissions.grade(tmp_path, course, capfd)
    assert sorted(path.name for path in answer.folder.iterdir()) == ["results.json"]
    assert "another" not in json.dumps(answer.results)


def test_results_that_cannot_be_written_are_our_fault(
    tmp_path: Path, course: Path, handed_in: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "out").touch()
    answer = submissions.grade(tmp_path, course, capfd)
    assert answer.code == 1
    assert "can't be written" in answer.said


@needs_sandbox
def test_a_grading_that_is_told_to_end_says_so_and_gives_no_score(
    tmp_path: Path, course: Path, handed_in: Path
) -> None:
    made = notebook(course)
    tiny_course.cell_of(made, "total").source = "import time\ntime.sleep(600)"
    hand_in(handed_in, "numbers.ipynb", made)
    process = submissions.start(tmp_path, course, "--Limits.cell_seconds=600")
    while not psutil.Process(process.pid).children():  # its workers
        assert process.poll() is None
        time.sleep(0.1)
    process.send_signal(signal.SIGTERM)
    answer = submissions.read(tmp_path, process.wait(), process.communicate()[0])
    assert answer.code == 1, answer.said
    assert "received SIGTERM" in answer.said
    assert "Traceback" not in answer.said
    assert "score" not in answer.results
