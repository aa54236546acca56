"""Right answers in another form get all their points; each common wrong one is refused, by the test meant for it."""

import functools
import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import answering
import pytest
from repository import SMALL_DATA
from shared import made_once

# Solution cells whose exercise changes what was made before it: their answers run from the first cell on.
WHOLE = {"foundations": (), "mnist": (), "fashion_mnist": (), "cifar": ()}
SMALLER = {"SMALL_DIGITS": "1500", "SMALL_PHOTOS": "1000"}  # so many are enough for the reference
ANSWERS = [(assignment, answer) for assignment in WHOLE for answer in answering.answers(assignment)]


@functools.cache
def judged(assignment: str) -> dict[str, Any]:
    """What `answering.judge` gives, on small made-up data: once in a run, for all its processes."""

    def make(folder: Path) -> None:
        script = str(Path(answering.__file__))
        data = {} if assignment == "foundations" else {**SMALL_DATA, **SMALLER}  # without data, no Keras to import
        path = os.pathsep.join([data["PYTHONPATH"], *sys.path] if data else sys.path)
        ran = subprocess.run(
            [sys.executable, script, assignment, *WHOLE[assignment]],
            env={**os.environ, **data, "PYTHONPATH": path},
            cwd=folder,
            capture_output=True,
            text=True,
        )
        assert ran.returncode == 0, ran.stderr[-3000:]
        (folder / "judged.json").write_text(ran.stdout, encoding="utf-8")

    found: dict[str, Any] = json.loads((made_once(f"answers-{assignment}", make) / "judged.json").read_bytes())
    return found


@pytest.mark.parametrize(("assignment", "answer"), ANSWERS, ids=[f"{a}-{b.cell}-{b.name}" for a, b in ANSWERS])
def test_an_answer_loses_points_in_the_tests_meant_for_it_alone(assignment, answer) -> None:
    (found,) = (
        one for one in judged(assignment)["answers"] if (one["cell"], one["name"]) == (answer.cell, answer.name)
    )
    refused = {test: v["message"] for test, v in found["verdicts"].items() if v["points"] < v["most"]}
    assert set(refused) == set(answer.refused_by), refused


@pytest.mark.parametrize("assignment", WHOLE)
def test_the_reference_gets_all_points(assignment: str) -> None:
    assert [t for t, v in judged(assignment)["reference"].items() if v["points"] != v["most"]] == []


@pytest.mark.parametrize("assignment", WHOLE)
def test_each_exercise_has_five_right_and_five_wrong_answers(assignment: str) -> None:
    found = judged(assignment)["answers"]
    right = Counter(one["exercise"] for one in found if not one["refused_by"])
    wrong = Counter(one["exercise"] for one in found if one["refused_by"])
    tested = [
        number
        for number, part in enumerate(answering.exercises(assignment))
        if any(answering.points(cell) for cell in part) and any(answering.is_solution(cell) for cell in part)
    ]
    assert {number: (right[number], wrong[number]) for number in tested if min(right[number], wrong[number]) < 5} == {}


@pytest.mark.parametrize("assignment", WHOLE)
def test_each_check_is_the_one_that_refuses_some_wrong_answer(assignment: str) -> None:
    lines = {
        (test, v["line"])
        for one in judged(assignment)["answers"]
        for test, v in one["verdicts"].items()
        if v["points"] < v["most"]
    }
    checks = {(test, line) for test, found in judged(assignment)["checks"].items() for line in found}
    assert sorted(checks - lines) == []
