"""What makes a test a unit test: it starts no process."""

import multiprocessing
import os
import subprocess
import sys

import pytest


def test_a_process_that_a_unit_test_starts_is_an_error() -> None:
    with pytest.raises(AssertionError, match="subprocess"):
        subprocess.run([sys.executable, "-c", ""], check=True)
    with pytest.raises(AssertionError, match="fork"):
        os.fork()
    with pytest.raises(AssertionError, match="fork"):
        multiprocessing.get_context("spawn").Process(target=print).start()
