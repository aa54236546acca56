"""Prints what the tests on a GPU measured."""

import pytest
from measured import ROWS


def pytest_configure(config: pytest.Config) -> None:
    config.stash[ROWS] = {}


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    if rows := config.stash[ROWS]:
        terminalreporter.section("measured")
        for name, value in rows.items():
            terminalreporter.write_line(f"{name:<44} {value}")
