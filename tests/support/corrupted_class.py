"""A class of students who all solved nbgrader's ps1, whose notebooks were damaged on the way.

`python tests/support/corrupted_class.py` grades it with plain nbgrader, and writes what that gives into
measured_damage.json: by kind of damage, the points that were kept, or null where no test was scored; first one by one,
then as one class.
"""

import json
import shutil
import tempfile
from pathlib import Path

import damage
from engines import marks, plain_copy, quickstart, reference_answers, released

from autograder.course import build

MEASURED = Path(__file__).parent / "measured_damage.json"
POINTS = {
    "correct_squares": 1.0,
    "squares_invalid_input": 1.0,
    "correct_sum_of_squares": 0.5,
    "sum_of_squares_uses_squares": 0.5,
}
BY_HAND = {"sum_of_squares_equation", "sum_of_squares_application", "cell-938593c4a215c6cc"}
UNREADABLE = {
    "empty_file": b"",
    "zeros": bytes(5000),
    "not_json": b"def squares(n): ...",
    "web_page": b"<!DOCTYPE html><title>Sign in</title>",
    "archive": b"PK\x03\x04\x14\x00\x00\x00\x08\x00",
    "list": b"[]",
    "number": b"42",
    "no_cells": b'{"nbformat": 4, "nbformat_minor": 5, "metadata": {}}',
    "nested": b"[" * 100_000,
}


def make(folder: Path) -> Path:
    """The course in `folder`, with a submission of each kind; `whole` is not damaged."""
    quickstart(folder, notebooks=("problem1",))
    solved = json.loads(json.dumps(released(folder, "ps1", "problem1")))
    answers = reference_answers(folder, "ps1", "problem1")
    for cell in solved["cells"]:
        if (grade_id := cell["metadata"].get("nbgrader", {}).get("grade_id")) in answers:
            cell["source"] = answers[grade_id]
    whole = json.dumps(solved).encode()
    files = {"whole": whole, "truncated": whole[: len(whole) // 2], **UNREADABLE}
    files |= {kind: change(solved) for kind, change in damage.DAMAGES.items()}
    for student, data in files.items():
        path = folder / "submitted" / student / "ps1" / "problem1.ipynb"
        path.parent.mkdir(parents=True)
        path.write_bytes(data)
    return folder


def automatic(folder: Path) -> dict[str, dict[str, float | None]]:
    """By student, the automatic score of each cell that is tested."""
    found: dict[str, dict[str, float | None]] = {}
    for (student, _, cell), (score, _) in marks(folder, "ps1").items():
        if cell in POINTS:
            found.setdefault(student, {})[cell] = score
    return found


def measure() -> dict[str, dict[str, float | None]]:
    """What plain nbgrader gives: by kind, the points kept; one by one, and as one class in one command."""
    kinds = ["whole", *damage.DAMAGES]
    with tempfile.TemporaryDirectory() as base:
        folder = make(Path(base) / "ours")
        for student in (folder / "submitted").iterdir():
            if student.name not in kinds:
                shutil.rmtree(student)
        alone, together = (plain_copy(folder, Path(base) / name) for name in ("alone", "together"))
        for number, kind in enumerate(kinds, 1):
            print(f"[{number}/{len(kinds)}] {kind}", flush=True)
            _try(alone, "autograde", "ps1", "--student", kind)
        print(f"all {len(kinds)} in one command", flush=True)
        _try(together, "autograde", "ps1")
        return {"one by one": _kept(alone, kinds), "as one class": _kept(together, kinds)}


def _try(folder: Path, *command: str) -> None:
    try:
        build.nbgrader(folder, *command)
    except build.CourseError as error:
        print("   ", str(error).strip().splitlines()[-1])


def _kept(folder: Path, kinds: list[str]) -> dict[str, float | None]:
    found = automatic(folder)
    scores = {kind: [score for score in found.get(kind, {}).values() if score is not None] for kind in kinds}
    return {kind: sum(scores[kind]) if scores[kind] else None for kind in kinds}


if __name__ == "__main__":
    result = measure()
    MEASURED.write_text(json.dumps(result, indent=1) + "\n")
    for how, kept in result.items():
        whole = sum(points == sum(POINTS.values()) for points in kept.values())
        print(f"{how}: {whole} of {len(kept)} notebooks keep all their points")
