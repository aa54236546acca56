"""Which tests a call of pytest would run, and which of all tests no call of CI does."""

import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

NOT_IN_CI = {"network", "gpu"}  # markers of tests that nothing runs unless it is asked to

COLLECT = """
import json, sys, pytest

class Ids:
    def pytest_collection_finish(self, session):
        self.ids = [item.nodeid for item in session.items]

found = Ids()
code = pytest.main(["--collect-only", "-qqq", "-p", "no:cacheprovider", *sys.argv[1:]], plugins=[found])
assert code in (pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED), code
print("\\n" + json.dumps(found.ids))
"""


def collected(project: Path, call: list[str]) -> set[str]:
    """The ids of the tests that `pytest call` would run in a project."""
    command = [sys.executable, "-c", COLLECT, *call]
    done = subprocess.run(command, cwd=project, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return set(json.loads(done.stdout.splitlines()[-1]))


def never_run(project: Path, call: list[str]) -> set[str]:
    """Tests below `project`/tests that `pytest call` leaves out, but for those of NOT_IN_CI."""
    everything = ["tests", "-m", " and ".join(f"not {marker}" for marker in NOT_IN_CI)]
    with ThreadPoolExecutor(2) as both:
        there, run = both.map(lambda arguments: collected(project, arguments), [everything, call])
    return there - run
