"""The benchmark runs, and plain nbgrader and ours give its class the same scores (it stops where they differ)."""

import subprocess
import sys

from repository import ROOT


def test_the_benchmark_prints_its_ratios() -> None:
    command = [sys.executable, str(ROOT / "benchmarks" / "grading.py"), "--students=3", "--rounds=1"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "autograder grade --workers=2" in done.stdout
    assert "rehearsal, once for the assignment" in done.stdout
