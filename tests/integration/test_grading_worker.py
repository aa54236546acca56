"""How light a worker process is, and what a student sees of it."""

import subprocess
import sys

from exams import SQUARE, exam, grade

from autograder.examiner.client import Examiner
from autograder.sandbox.bubblewrap import check


def test_a_worker_imports_neither_nbgrader_nor_nbformat() -> None:
    heavy = "{'nbformat', 'nbconvert', 'nbgrader', 'sqlalchemy', 'tensorflow'}"
    program = f"import sys, autograder.grading.worker; print({heavy} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"


def test_a_traceback_shows_the_test_and_the_students_error_and_nothing_of_the_wire() -> None:
    student = "def square(x):\n    raise NotImplementedError('not yet')"
    with (
        Examiner([], sandboxed=check() is None, environment={}) as examiner,
        exam(examiner, SQUARE, student) as made,
    ):
        shown = "\n".join(grade(made, 2).outputs[-1]["traceback"])
    assert "assert square(4) == 16" in shown
    assert "not yet" in shown
    assert "autograder" not in shown
