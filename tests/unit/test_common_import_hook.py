"""A function is called with a module once that is imported; several may wait for one module."""

import importlib
import sys
from pathlib import Path
from types import ModuleType

import pytest

from autograder.common.import_hook import when_imported


def test_all_that_wait_for_a_module_are_called_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "awaited_module.py").write_text("value = 3")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(sys, "meta_path", list(sys.meta_path))
    found: list[tuple[int, ModuleType]] = []
    for number in range(3):
        when_imported("awaited_module", lambda module, number=number: found.append((number, module)))
    module = importlib.import_module("awaited_module")
    assert module.value == 3
    assert sorted(number for number, _ in found) == [0, 1, 2]
    when_imported("awaited_module", lambda module: found.append((3, module)))
    assert [one is module for _, one in found] == [True] * 4
    monkeypatch.delitem(sys.modules, "awaited_module")
