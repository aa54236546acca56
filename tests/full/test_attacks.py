"""The hostile class: nothing that a submission does gains a point, tells a secret, or touches anybody else.

All attacks are graded in one run, as students of one course; and once more by plain nbgrader, to see what
each gains there (`measured.json`; `python tests/support/attacks/table.py` prints the table).
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import tiny_course
from attacks import GROUPS, Attack, catalogue
from attacks.graded import HONEST, Graded, HostileClass, left_over, printed
from attacks.table import MEASURED, table
from candidates import needs_sandbox
from repository import ROOT

ATTACKS = catalogue()
each = pytest.mark.parametrize("attack", ATTACKS, ids=[f"{attack.group}-{attack.name}" for attack in ATTACKS])
PERSON = {"notebook_is_a_link", "no_notebook", "broken_notebook", "deep_notebook", "colliding_keys"}
PERSON |= {"configuration_beside"}  # one of its two notebooks can't be read
MISTAKES = {"NameError", "SyntaxError", "IndentationError", "UnboundLocalError", "KeyError", "ImportError"}


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HostileClass]:
    made = HostileClass(tmp_path_factory.mktemp("hostile"), ATTACKS)
    yield made
    made.listener.close()
    for process in left_over():
        process.kill()


@pytest.fixture(scope="module")
def graded(hostile: HostileClass) -> Graded:
    return hostile.grade()


@needs_sandbox
@each
def test_it_gains_nothing_and_tells_nothing(graded: Graded, attack: Attack) -> None:
    key = f"{attack.name}/{attack.assignment}"
    assert not graded.scores[key], attack.summary
    outputs = graded.outputs.get(key, [])
    shown = printed(outputs)
    assert tiny_course.SECRET not in shown
    assert "LEAKED" not in shown
    # it ran as it is meant to: an attack with a slip in it would prove nothing
    for is_test, cell in outputs:
        for output in cell:
            if not is_test and output.output_type == "error" and "NotImplementedError" not in output.ename:
                assert output.ename not in MISTAKES, output.evalue


@needs_sandbox
def test_honest_students_have_what_they_earned(graded: Graded) -> None:
    for assignment, full in tiny_course.FULL.items():
        for student, solved in HONEST.items():
            assert graded.scores[f"{student}/{assignment}"] == (full if solved else 0)


@needs_sandbox
def test_everybody_is_graded_but_those_who_need_a_person(graded: Graded) -> None:
    assert len(graded.statuses) == len(ATTACKS) + len(HONEST) * len(tiny_course.ASSIGNMENTS), graded.log
    others = {
        key.split("/")[0]: notebook["message"]
        for key, status in graded.statuses.items()
        for notebook in status["notebooks"].values()
        if notebook["status"] != "graded"
    }
    assert {name: why for name, why in others.items() if name not in PERSON} == {}


@needs_sandbox
@pytest.mark.usefixtures("graded")
def test_no_process_is_left() -> None:
    assert [process.info["cmdline"] for process in left_over()] == []


@needs_sandbox
@pytest.mark.usefixtures("graded")
def test_no_file_is_changed_or_left(hostile: HostileClass) -> None:
    after = hostile.state()
    names = after.keys() | hostile.before.keys()
    assert {name for name in names if after.get(name) != hostile.before.get(name)} == set()
    marked = [path for top in ("/tmp", "/var/tmp", "/dev/shm", "/run") for path in Path(top).glob("attack *")]
    assert marked == []


@needs_sandbox
@pytest.mark.usefixtures("graded")
def test_no_listener_is_reached(hostile: HostileClass) -> None:
    assert hostile.listener.reached == []


@needs_sandbox
def test_plain_nbgrader_gives_points_for_many_of_them(graded: Graded, tmp_path: Path) -> None:
    """Every twelfth, as some take nbgrader its time limit; all, into `measured.json`, where MEASURE_ATTACKS is set."""
    runnable = [attack for attack in ATTACKS if not (attack.dangerous or attack.ours)]
    chosen = runnable if os.environ.get("MEASURE_ATTACKS") else runnable[::12]
    numbers = [attack.name for attack in chosen if attack.assignment == "numbers"]
    models = [attack.name for attack in chosen if attack.assignment == "model"]
    parts = [("numbers", numbers[::2]), ("numbers", numbers[1::2]), ("model", models)]

    def run(part: tuple[int, tuple[str, list[str]]]) -> dict[str, float | None]:
        number, (assignment, students) = part
        # the attacks' texts name their course: each copy of it has to stand in the same place
        other = HostileClass(tmp_path / str(number), [attack for attack in chosen if attack.name in students])
        try:
            command = [sys.executable, "-m", "attacks.plain", str(other.course), assignment, *HONEST, *students]
            environment = {**other.environment(), "PYTHONPATH": str(ROOT / "tests" / "support")}
            done = subprocess.run(
                command, env=environment, cwd=other.course, capture_output=True, text=True, check=True
            )
            return dict(json.loads(line) for line in done.stdout.splitlines())
        finally:
            other.listener.close()

    with ThreadPoolExecutor(2) as both:
        found = list(both.map(run, enumerate(parts)))
    for (assignment, _), scores in zip(parts, found, strict=True):
        assert scores.pop("ada") == tiny_course.FULL[assignment]
        assert not scores.pop("empty")
    there = {name: score for scores in found for name, score in scores.items()}
    assert there.keys() == {attack.name for attack in chosen}
    if os.environ.get("MEASURE_ATTACKS"):
        measured = [
            {
                "group": GROUPS[attack.group],
                "attack": attack.summary,
                "full": tiny_course.FULL[attack.assignment],
                "there": there.get(attack.name),
                "run_there": attack.name in there,
                "here": graded.scores[f"{attack.name}/{attack.assignment}"],
            }
            for attack in ATTACKS
        ]
        MEASURED.write_text(json.dumps(measured, indent=1) + "\n", encoding="utf-8")
    known = {row["attack"]: row["there"] for row in json.loads(MEASURED.read_text(encoding="utf-8"))}
    as_measured = [attack.name for attack in chosen if bool(there[attack.name]) == bool(known[attack.summary])]
    assert len(as_measured) >= 0.9 * len(chosen), there  # some race with nbgrader, and win now and then
    assert sum(1 for score in there.values() if score) >= len(chosen) / 5


def test_what_was_measured_is_of_these_attacks() -> None:
    assert [row["attack"] for row in json.loads(MEASURED.read_text())] == [attack.summary for attack in ATTACKS]
    assert [row["attack"] for row in json.loads(MEASURED.read_text()) if row["here"]] == []
    assert table().count("\n") > len(ATTACKS)


def test_there_are_attacks_of_every_group() -> None:
    assert len(ATTACKS) >= 60
    assert {attack.group for attack in ATTACKS} == set(GROUPS)
    assert len({attack.name for attack in ATTACKS}) == len(ATTACKS)
    assert all(attack.summary for attack in ATTACKS)
