"""nbgrader's own tests with this engine; a pytest plugin.

`DIFFERENCES` has the tests that are to fail, each with the reason: docs/differences.md lists them, and how to run it.
"""

import functools
import os
import shutil
import tempfile
from pathlib import Path
from typing import Any

import nbgrader.api
import nbgrader.tests
import pytest
from traitlets.config import Config

from autograder import configure
from autograder.grading import pipeline
from autograder.grading.result_store import Store

_ONE_OF_TWO = "if one notebook of a submission can't be graded, the other one still is; nbgrader removes both"
DIFFERENCES = {
    "test_no_execute": "`--no-execute` would grade the outputs that a student's file claims to have: it is refused",
    "test_infinite_loop": "the reference solution itself loops: the rehearsal stops before any submission",
    "test_missing_files": "an empty folder is reported as not graded, and the exit code is 1",
    "test_missing_source_kernelspec": "a submission that names another kernel is fixed and graded",
    "test_handle_failure": _ONE_OF_TWO,
    "test_handle_failure_single_notebook": _ONE_OF_TWO,
    "test_add_extra_notebooks_with_submissions": "a notebook can be added after grading",
}


def pytest_configure(config: pytest.Config) -> None:
    """This engine in the place of nbgrader's, with one store of results, as the tests grade the same few notebooks."""
    folder = Path(tempfile.mkdtemp(prefix="nbgrader-suite-"))
    config.add_cleanup(lambda: shutil.rmtree(folder, ignore_errors=True))
    pipeline.Store = lambda _: Store(folder)  # type: ignore[assignment, misc]
    configure(Config())
    # For each new gradebook nbgrader starts a process that says the same each time.
    nbgrader.api.get_alembic_version = functools.cache(nbgrader.api.get_alembic_version)
    run = nbgrader.tests.run_nbgrader

    def run_all_cells(args: list[str], *rest: Any, **named: Any) -> str:
        """As nbgrader's, without `--no-execute`, by which its tests of other things save time."""
        its_own = "test_no_execute" in os.environ["PYTEST_CURRENT_TEST"]
        kept = [one for one in args if its_own or one != "--no-execute"]
        return str(run(kept, *rest, **named))

    nbgrader.tests.run_nbgrader = run_all_cells


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests that are to fail have to, by an assertion of theirs."""
    for item in items:
        if reason := DIFFERENCES.get(item.name.partition("[")[0]):
            item.add_marker(pytest.mark.xfail(reason=reason, strict=True, raises=AssertionError))
