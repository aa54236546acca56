"""Waiting for what another process or thread does."""

import time
from collections.abc import Callable

import pytest


def until(condition: Callable[[], bool], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            pytest.fail(f"it did not come to that within {seconds:g} seconds")
        time.sleep(0.05)
