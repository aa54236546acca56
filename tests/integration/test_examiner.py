"""The examiner's fork: what it runs, fetches and scores, in its own sandbox, against a student's process."""

import json
import pickle
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from exams import SQUARE, cell, exam, grade

from autograder.common.error_outputs import stands_alone
from autograder.common.serialization import to_data
from autograder.examiner.client import Examiner, ExaminerError
from autograder.examiner.exam_messages import Answer
from autograder.rpc.peer import CHANGES
from autograder.sandbox.bubblewrap import check


@pytest.fixture(scope="module")
def examiner() -> Iterator[Examiner]:
    """One fork server for all tests here; in a sandbox where one can be made."""
    with Examiner(["numpy"], sandboxed=check() is None, environment={}) as server:
        yield server


def test_a_right_answer_gets_all_points(examiner: Examiner) -> None:
    with exam(examiner, SQUARE, "def square(x): return x ** 2") as made:
        made.given(0)
        assert replace(made.answer(30), delay=0.0) == Answer()
        answer = grade(made, 2)
    assert answer.score == 2
    assert answer.outputs == ({"output_type": "stream", "name": "stdout", "text": "fine\n"},)
    assert answer.asked == ("__call__",)


def test_a_wrong_answer_gets_none_and_an_error(examiner: Examiner) -> None:
    with exam(examiner, SQUARE, "def square(x): return x + x\nlimit = 0") as made:
        made.given(0)
        made.answer(30)
        answer = grade(made, 2)
    assert answer.score == 0
    assert answer.outputs[-1]["ename"] == "AssertionError"


def test_a_missing_answer_is_a_name_error(examiner: Examiner) -> None:
    with exam(examiner, SQUARE) as made:
        answer = grade(made, 2)
    assert (answer.score, answer.outputs[-1]["ename"]) == (0, "NameError")


FUNCTION = "def f(x):\n    return x"
GIVEN = [
    cell(FUNCTION, "solution"),
    cell("labels = [1, 2]\nkept = f(labels)\nother = [f]\nlast = 3"),
    cell("assert labels == [1, 2]", "grade", "labels"),
    cell("assert kept", "grade", "kept"),
    cell("assert other and last == 3", "grade", "other"),
]


def graded_after_given(examiner: Examiner, code: str, permitted: list[str]) -> tuple[list[Any], list[Any]]:
    """What was asked at the locked cell of `GIVEN`, and the answers of its grade cells."""
    with exam(examiner, GIVEN, code) as made:
        made.given(1, permitted)
        answer = made.answer(30)
        assert answer is not None
        return answer.asked, [grade(made, index) for index in (2, 3, 4)]


def test_what_a_students_code_changes_at_a_locked_cell_is_changed_only_where_the_references_did(
    examiner: Examiner,
) -> None:
    clears = "def f(x):\n    x.clear()\n    return 1"
    for permitted, expected in (["__call__"], [2, 2, 2]), (["__call__", CHANGES], [0, 2, 2]):
        _, answers = graded_after_given(examiner, clears, permitted)
        assert [answer.score for answer in answers] == expected


def test_a_locked_cells_statement_that_fails_fails_the_tests_of_what_it_binds_and_no_other(examiner: Examiner) -> None:
    _, answers = graded_after_given(examiner, "def f(x):\n    raise ValueError('not yet')", ["__call__"])
    assert [answer.score for answer in answers] == [2, 0, 2]
    assert answers[1].outputs[-1]["evalue"] == "not yet"


DRAWN = [
    cell(
        "class Figure:\n    drawn = 0\n    def _repr_html_(self):\n        Figure.drawn += 1\n"
        "        return '<p>drawn</p>'\ndisplay(Figure())\nFigure()"
    ),
    cell("def f(x):\n    return x", "solution"),
    cell("assert Figure.drawn == 0\ndisplay(Figure())\nassert Figure.drawn == 1\nf(2)", "grade", "drawn"),
]


def test_what_a_locked_cell_displays_is_drawn_by_the_students_kernel_alone_and_what_a_test_displays_here(
    examiner: Examiner,
) -> None:
    with exam(examiner, DRAWN, "def f(x):\n    return x") as made:
        made.given(0)
        assert replace(made.answer(30), delay=0.0) == Answer()
        answer = grade(made, 2)
    assert answer.score == 2
    assert answer.outputs[0]["data"]["text/html"] == "<p>drawn</p>"


def test_a_message_that_stands_alone_does_so_in_the_outputs(examiner: Examiner) -> None:
    setup = (
        "class WrongAnswer(AssertionError):\n    def _render_traceback_(self):\n        return str(self).splitlines()"
    )
    test = "if square(4) != 16:\n    raise WrongAnswer(f'square of 4:\\n  expected 16\\n  received {square(4)}')"
    cells = [cell(setup), *SQUARE[:2], cell(test, "grade", "test_square")]
    with exam(examiner, cells, "def square(x):\n    return x") as made:
        made.given(0, None)
        made.answer(30)
        answer = grade(made, 3)
    (output,) = answer.outputs
    assert answer.score == 0
    assert output["traceback"] == ["square of 4:", "  expected 16", "  received 4"]
    assert stands_alone(output)


def test_names_are_fetched_as_they_stand_at_each_cell(examiner: Examiner) -> None:
    cells = [cell("box = []", "solution"), *(cell("box", "grade", name) for name in ("first", "second"))]
    with exam(examiner, cells, "box = [0]\nclass Grow(list):\n    pass") as made:
        first, second = grade(made, 1), grade(made, 2)
    assert first.outputs[0]["data"]["text/plain"] == "[0]"
    assert second.outputs[0]["data"]["text/plain"] == "[0]"


def test_a_value_that_cannot_cross_fails_the_cell_and_says_why(examiner: Examiner) -> None:
    cells = [cell("table = {}", "solution"), cell("assert table", "grade", "test_table")]
    code = "import numpy\ntable = numpy.zeros(2, 'V4')"
    with exam(examiner, cells, code) as made:
        answer = grade(made, 1)
    assert answer.score == 0
    assert answer.outputs[-1]["evalue"].startswith("`table`, numpy.ndarray, can't cross: an array of dtype")


SCORES = {
    "1.5": 1.5,
    "np.float64(0.5)": 0.5,
    "np.array(1)": 1,
    "True": 2,
    "'text'": 2,
    "1;": 2,
    "x = 1": 2,
    "float('nan')": None,
    "-1": None,
    "3": None,
    "np.inf": None,
    "print('1')": 2,
}


@pytest.mark.parametrize("last", SCORES)
def test_the_last_expression_is_partial_credit(examiner: Examiner, last: str) -> None:
    with exam(examiner, [cell("import numpy as np"), cell(last, "grade", "test")]) as made:
        made.given(0)
        made.answer(30)
        answer = grade(made, 1)
    assert answer.score == SCORES[last]
    assert ("the test has a mistake" in answer.reason) == (SCORES[last] is None)


def test_stderr_costs_nothing(examiner: Examiner) -> None:
    with exam(examiner, [cell("import sys\nprint('!', file=sys.stderr)", "grade", "test")]) as made:
        assert grade(made, 0).score == 2


def test_a_test_that_never_ends_can_be_interrupted_and_the_next_one_runs(examiner: Examiner) -> None:
    cells = [cell("while True: pass", "grade", "endless"), cell("1.0", "grade", "next")]
    with exam(examiner, cells) as made:
        assert grade(made, 1).score == 1  # the student's process has started
        assert grade(made, 0, seconds=0.5) is None
        made.interrupt()
        assert made.answer(10).outputs[-1]["ename"] == "KeyboardInterrupt"
        assert grade(made, 1).score == 1


def test_a_test_that_breaks_the_process_is_told_as_such(examiner: Examiner) -> None:
    with exam(examiner, [cell("import os\nos._exit(3)", "grade", "test")]) as made, pytest.raises(ExaminerError):
        grade(made, 0)
    with exam(examiner, [cell("1.0", "grade", "test")]) as made:
        assert grade(made, 0).score == 1


def test_a_notebook_of_which_no_plan_can_be_made_leaves_the_next_one_its_examination(examiner: Examiner) -> None:
    with pytest.raises(ExaminerError), exam(examiner, [cell("-" * 100_000 + "1", "grade", "test")]):
        pass
    with exam(examiner, [cell("1.0", "grade", "test")]) as made:
        assert grade(made, 0).score == 1


def test_each_version_of_a_notebook_has_its_own_plan(examiner: Examiner) -> None:
    for points in (1.0, 0.5, 1.0):
        with exam(examiner, [cell(str(points), "grade", "test")]) as made:
            assert grade(made, 0).score == points


def test_memory_is_bounded(examiner: Examiner) -> None:
    cells = [cell("import numpy as np"), cell("big = np.ones(2_000_000_000, 'uint8')", "grade", "test")]
    with exam(examiner, cells, memory=1 << 30) as made:
        made.given(0)
        made.answer(30)
        assert grade(made, 1).outputs[-1]["ename"] in ("MemoryError", "_ArrayMemoryError")


def test_it_sees_the_assignments_files_and_not_the_course(examiner: Examiner, tmp_path: Path) -> None:
    (tmp_path / "data.csv").write_text("1,2")
    (tmp_path / "helper.py").write_text("answer = 42")
    files = {name: tmp_path / name for name in ("data.csv", "helper.py")}
    code = "import helper, os\nassert open('data.csv').read() == '1,2'\nassert helper.answer == 42"
    if check() is None:
        code += f"\nassert not os.path.exists({str(tmp_path)!r})\nassert os.getuid() != 0"
    with exam(examiner, [cell(code, "grade", "test")], files=files) as made:
        answer = grade(made, 0)
    assert answer.score == 2, answer.outputs


def test_a_students_file_is_data_and_never_a_module(examiner: Examiner, tmp_path: Path) -> None:
    code = "def save():\n    open('helper.py', 'w').write('x = 1')\n    open('numbers.txt', 'w').write('7')"
    test = "save()\nassert open('numbers.txt').read() == '7'\nimport helper"
    with exam(examiner, [cell(code, "solution"), cell(test, "grade", "test")], code, folder=tmp_path) as made:
        answer = grade(made, 1)
    assert answer.outputs[-1]["ename"] == "ModuleNotFoundError"


class Harmful:
    """Runs code when it is unpickled."""

    def __reduce__(self) -> Any:
        return print, ("unpickled",)


def test_a_pickle_that_a_student_wrote_gives_plain_data_or_an_error(examiner: Examiner, tmp_path: Path) -> None:
    good, bad = pickle.dumps({"a": [1, 2.5]}), pickle.dumps(Harmful())
    code = f"def save():\n    open('g.pkl', 'wb').write({good!r})\n    open('b.pkl', 'wb').write({bad!r})"
    test = "import pickle\nsave()\nassert pickle.load(open('g.pkl', 'rb')) == {'a': [1, 2.5]}\n"
    test += "pickle.load(open('b.pkl', 'rb'))"
    with exam(examiner, [cell(code, "solution"), cell(test, "grade", "test")], code, folder=tmp_path) as made:
        answer = grade(made, 1)
    assert "can't be unpickled: it asks for builtins.print" in answer.outputs[-1]["evalue"]
    assert not any("unpickled" in output.get("text", "") for output in answer.outputs)


def test_it_ends_with_the_grader(tmp_path: Path) -> None:
    import subprocess
    import sys
    import time

    import psutil

    script = tmp_path / "grader.py"
    script.write_text(
        "import sys, time\nfrom autograder.sandbox.bubblewrap import check\n"
        "from autograder.examiner.client import Examiner\n"
        "e = Examiner(['numpy'], sandboxed=check() is None, environment={'MARK': sys.argv[1]})\n"
        "print(e._process.pid, flush=True)\ntime.sleep(600)\n"
    )
    with subprocess.Popen([sys.executable, str(script), "here"], stdout=subprocess.PIPE, text=True) as grader:
        assert grader.stdout is not None
        top = psutil.Process(int(grader.stdout.readline()))
        deadline = time.monotonic() + 20
        while not (below := top.children(recursive=True)) and time.monotonic() < deadline and check() is None:
            time.sleep(0.05)
        grader.kill()
    _, alive = psutil.wait_procs([top, *below], timeout=10)
    assert alive == []


def test_it_accepts_verified_datasets_from_mirrors_as_notebooks_do(examiner: Examiner) -> None:
    code = "import sys\nassert 'autograder.course.verified_datasets' in sys.modules"
    with exam(examiner, [cell(code, "grade", "test")]) as made:
        assert grade(made, 0).score == 2


SAID = {
    "a text": ("print('\\ud800')", "stream"),
    "an error": ("raise ValueError('\\ud800')", "error"),
    "a value": ("class V:\n    def __repr__(self): return '\\ud800'\nV()", "execute_result"),
    "json": (
        "from IPython.display import display\n"
        "deep = []\nfor _ in range(500): deep = [deep]\n"
        "display({'application/json': {1: '\\ud800', (2, 3): float('nan'), 'big': 10**4000, 'deep': deep, 'no': {4}}}, "
        "raw=True)",
        "display_data",
    ),
    "an error without a text": ("class E(Exception):\n    def __str__(self): raise OSError\nraise E", "error"),
    "a long error": ("raise ValueError('ы' * 20_000_000)", "error"),
    "a long text": ("for _ in range(30): print('ы' * 1_000_000)", "stream"),
    "many pictures": (
        "from IPython.display import display\n"
        "for _ in range(10): display({'image/png': 'x' * 5_000_000}, raw=True)\n2.0",
        "execute_result",
    ),
    "many outputs": (
        "import sys\nfor _ in range(3000): print(1); print(2, file=sys.stderr)\n2.0",
        "execute_result",
    ),
}


@pytest.mark.parametrize("what", SAID)
def test_whatever_a_test_shows_is_an_answer_that_can_be_stored(examiner: Examiner, what: str) -> None:
    code, kind = SAID[what]
    cells = [cell(code, "grade", "test"), cell("print('next')", "grade", "next")]
    with exam(examiner, cells) as made:
        answer = grade(made, 0, seconds=60)
        assert answer is not None
        assert answer.outputs[-1]["output_type"] == kind
        assert (answer.score == 0) == (kind == "error")
        json.dumps(to_data(answer), ensure_ascii=False, allow_nan=False).encode()
        assert grade(made, 1).outputs[0]["text"] == "next\n"


def test_the_time_that_a_test_spends_by_itself_can_be_told_while_it_does(examiner: Examiner) -> None:
    with exam(examiner, [cell("while True: pass", "grade", "test")]) as made:
        assert grade(made, 0, seconds=2) is None
        assert made.cpu_seconds() > 0.2
        made.interrupt()
        assert made.answer(10) is not None
    deadline = time.monotonic() + 10  # the fork server ends it when the examination's socket closes
    while made.cpu_seconds() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert made.cpu_seconds() == 0
