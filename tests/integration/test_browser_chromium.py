"""Which browser the tests use, of those that a computer has."""

from pathlib import Path

import pytest
from browser import CHROMIUM

from autograder.cli.test import find_chromium


@pytest.fixture
def on_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The only folder with commands; Playwright has no browser of its own."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("PLAYWRIGHT_BROWSERS_PATH", str(tmp_path / "none"))
    return tmp_path


def add(folder: Path, name: str, does: str) -> Path:
    """A command of that name, and what it does when asked for its version."""
    (path := folder / name).write_text(f"#!/bin/sh\n{does}\n", encoding="utf-8")
    path.chmod(0o755)
    return path


def test_where_a_browser_is_found_the_tests_use_it() -> None:
    assert find_chromium() == CHROMIUM


def test_without_any_browser_there_is_none(on_path: Path) -> None:
    assert find_chromium() is None


def test_a_chrome_is_taken_where_there_is_no_chromium(on_path: Path) -> None:
    chrome = add(on_path, "google-chrome", "echo Google Chrome 140.0.7000.1")
    assert find_chromium() == str(chrome)


@pytest.mark.parametrize("does", ["exit 1", "echo Chromium 140.0.7000.1 snap"])
def test_one_that_does_not_start_or_sees_no_files_is_passed_over(on_path: Path, does: str) -> None:
    add(on_path, "chromium", does)
    assert find_chromium() is None
    chrome = add(on_path, "google-chrome", "echo Google Chrome 140.0.7000.1")
    assert find_chromium() == str(chrome)
