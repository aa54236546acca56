"""Stored results: whole or not there; and what their digest depends on."""

import re
import shutil
import tomllib
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from repository import ROOT

from autograder.grading import result_digest
from autograder.grading.job import GradingJob, Outcome, Status
from autograder.grading.result_digest import TOOLS, code, digest, environment
from autograder.grading.result_store import Store
from autograder.notebooks.instructor import InstructorCell, Version
from autograder.sandbox.limits import Limits

KEY = "ab" * 32
OUTCOME = Outcome(
    Status.GRADED, outputs=[[], [{"output_type": "stream", "name": "stdout", "text": "привет"}]], scores={"t": 0.1}
)


def job(**fields: Any) -> GradingJob:
    return GradingJob("ada", "ps1", "p1", {"cells": [{"source": "1"}]}, version(1.0), **fields)


def version(points: float) -> Version:
    return Version("ps1", "p1", (InstructorCell("t", "code", "1", "1", grade=True, points=points),))


def test_what_is_put_comes_back(tmp_path: Path) -> None:
    store = Store(tmp_path / "results")
    assert store.get(KEY) is None
    store.put(KEY, OUTCOME)
    assert store.get(KEY) == OUTCOME


@pytest.mark.parametrize("length", [0, 1, 65, -1, -20])
def test_a_truncated_entry_counts_as_missing_and_is_removed(tmp_path: Path, length: int) -> None:
    Store(tmp_path).put(KEY, OUTCOME)
    (entry,) = tmp_path.rglob("*.outcome")
    entry.write_bytes(entry.read_bytes()[:length])
    assert Store(tmp_path).get(KEY) is None
    assert not entry.exists()


def test_an_entry_with_one_changed_byte_counts_as_missing(tmp_path: Path) -> None:
    Store(tmp_path).put(KEY, OUTCOME)
    (entry,) = tmp_path.rglob("*.outcome")
    entry.write_bytes(entry.read_bytes().replace(b'"t": 0.1', b'"t": 0.9'))
    assert Store(tmp_path).get(KEY) is None


def test_a_name_that_is_no_digest_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="64 hexadecimal digits"):
        Store(tmp_path).get("../../gradebook")


def test_equal_jobs_have_equal_digests_whoever_the_student_is() -> None:
    assert digest(job()) == digest(replace(job(), student="bob")) == digest(job(permitted=None))


@pytest.mark.parametrize(
    "change",
    [
        {"mended": {"cells": [{"source": "2"}]}},
        {"version": version(2.0)},
        {"limits": Limits(cell_seconds=1)},
        {"sandboxed": False},
        {"not_isolated": ("t",)},
        {"ungraded": {"t": "why"}},
        {"permitted": {}},
        {"plain": True},
    ],
    ids=lambda change: next(iter(change)),
)
def test_each_thing_that_goes_in_changes_the_digest(change: dict[str, Any]) -> None:
    assert digest(replace(job(), **change)) != digest(job())


def test_the_content_of_a_file_changes_the_digest_and_its_place_does_not(tmp_path: Path) -> None:
    for name, text in (("a.csv", "1"), ("b.csv", "1"), ("c.csv", "2")):
        (tmp_path / name).write_text(text)
    one, same, other = (digest(job(files={"data.csv": str(tmp_path / name)})) for name in ("a.csv", "b.csv", "c.csv"))
    assert one == same != other


def test_a_flag_of_tensorflow_changes_the_digest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TF_ENABLE_ONEDNN_OPTS", "0")
    before = digest(job())
    monkeypatch.setenv("TF_ENABLE_ONEDNN_OPTS", "1")
    assert digest(job()) != before


@pytest.mark.parametrize(
    ("changed", "regrades"),
    [
        ("examiner/plan.py", True),
        ("rpc/decoder.py", True),
        ("keras_codec/allow_list.py", True),
        ("kernel/agent.py", True),
        ("training/worker.py", True),
        ("notebooks/mending.py", True),
        ("grading/grade_notebook.py", True),
        ("reports/feedback.py", False),
        ("reports/templates/class.html.j2", False),
        ("cli/progress.py", False),
        ("lms/export/canvas.py", False),
        ("course/demo.py", False),
        ("grading/backup.py", False),
    ],
)
def test_what_grades_is_in_the_digest_and_what_shows_a_grade_is_not(
    tmp_path: Path, changed: str, regrades: bool
) -> None:
    copy = Path(shutil.copytree(ROOT / "autograder", tmp_path / "autograder"))
    with (copy / changed).open("a", encoding="utf-8") as file:
        file.write("\n")
    assert (code(copy) != code(ROOT / "autograder")) == regrades


def test_no_tool_of_the_tests_is_in_the_digest_and_every_library_is() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert {re.split("[<>=]", one)[0] for one in project["optional-dependencies"]["test"]} >= TOOLS
    names = {one.partition("==")[0] for one in environment()["distributions"]}
    assert not names & TOOLS
    assert {"numpy", "keras", "tensorflow", "ipykernel", "pandas", "nbconvert"} <= names


@pytest.mark.parametrize(("folder", "counts"), [("_vendor", False), ("site-packages", True)])
def test_what_setuptools_carries_with_it_is_no_library(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, folder: str, counts: bool
) -> None:
    metadata = tmp_path / folder / "onlythere-1.0.dist-info" / "METADATA"
    metadata.parent.mkdir(parents=True)
    metadata.write_text("Metadata-Version: 2.1\nName: onlythere\nVersion: 1.0\n")
    monkeypatch.syspath_prepend(tmp_path / folder)
    result_digest._installed.cache_clear()
    assert ("onlythere==1.0" in environment()["distributions"]) == counts
    result_digest._installed.cache_clear()
