"""No test of ours gives a point to a wrong solution made of the reference, whatever it does to its arguments.

Mutants of fashion_mnist and cifar take ten minutes each: `autograder rehearse ASSIGNMENT --mutants` grades them. What
their tests refuse is held by `test_course_answers.py`, with students' wrong answers.
"""

from pathlib import Path

import gates
from repository import SMALL_DATA, copy_course
from submission_courses import foundations, generate

STUB = {"code_stub": {"python": "raise NotImplementedError"}}
# Gradings with trainings take long: these mutants only; `autograder rehearse mnist --mutants` grades them all.
IN_PLACE = ("zero", "nan")
SMALL = {"environment": SMALL_DATA, "visible": [SMALL_DATA["PYTHONPATH"]]}


def test_no_mutant_gains_anything_in_foundations(tmp_path: Path) -> None:
    foundations(tmp_path / "course")
    found = gates.mutated(tmp_path / "course", "foundations")
    assert found[0].tested == 38
    assert gates.weak_tests(found) == []


def test_no_mutant_gains_anything_in_mnist_but_by_the_references_trained_model(tmp_path: Path) -> None:
    folder = copy_course(tmp_path / "course", "source")
    generate(folder, "mnist", ClearSolutions=STUB)
    found = gates.weak_tests(gates.mutated(folder, "mnist", IN_PLACE, Grading=SMALL))
    # The model is there before `preprocess` is replaced, and reads the made-up digits unprepared as well.
    assert [fault for fault in found if not fault.startswith("test_accuracy:")] == []
