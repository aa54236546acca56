"""No test of ours gives a point to a wrong solution made of the reference, whatever it does to its arguments.

Mutants of the assignments that train take five to ten minutes each: `autograder rehearse ASSIGNMENT --mutants` grades
them. What their tests refuse is held by `test_course_answers.py`, with students' wrong answers.
"""

from pathlib import Path

import gates
from submission_courses import foundations


def test_no_mutant_gains_anything_in_foundations(tmp_path: Path) -> None:
    foundations(tmp_path / "course")
    found = gates.mutated(tmp_path / "course", "foundations")
    assert found[0].tested == 38
    assert gates.weak_tests(found) == []
