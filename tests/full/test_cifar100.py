"""CIFAR-100 in `cifar`: its part runs with the data and without them, and costs nothing where they can't be had."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from repository import SMALL_DATA, source

# What the part about CIFAR-100 needs of the cells before it.
NEEDED = ("setup", "expect", "load", "flatten_labels", "preprocess", "prepare", "most_confused")
LAST = "compare_cifar100"


@pytest.mark.parametrize(
    ("images", "said"),
    [
        ("0", "CIFAR-100 is not there: nothing to compare, and nothing lost."),
        ("300", "superclass right: trained on fine labels"),
    ],
    ids=["without data", "with made-up data"],
)
def test_the_part_about_cifar100_runs_and_its_tests_pass(images: str, said: str, tmp_path: Path) -> None:
    cells = {c.metadata.nbgrader.grade_id: c.source for c in source("cifar").cells if c.cell_type == "code"}
    names = list(cells)
    part = names[names.index("load_cifar100") : names.index(LAST) + 1]
    tests = [name for name in part if name.startswith("test_")]
    assert len(tests) == 3
    script = tmp_path / "ipykernel_launcher.py"  # by this name it gets small data
    script.write_text("\n".join(cells[name] for name in (*NEEDED, *part)))
    ran = subprocess.run(
        [sys.executable, str(script)],
        env={**os.environ, **SMALL_DATA, "SMALL_PHOTOS": "300", "SMALL_HUNDRED": images, "MPLBACKEND": "agg"},
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert ran.returncode == 0, ran.stderr[-3000:]
    assert ("could not be loaded (OSError)" in ran.stdout) == (images == "0")
    assert said in ran.stdout
