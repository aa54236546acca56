"""A folder is a submission when nothing in it changes any more and its notebooks are whole."""

import os
from pathlib import Path

import pytest

from autograder.watch.arrivals import Arrivals, digest
from autograder.watch.attempts import Attempt, AttemptStore, Changed, copy

ATTEMPT = Attempt("ada", "ps1", 0, "submitted", "d", 1.0)


def test_a_folder_is_complete_when_it_lies_still_and_its_notebook_is_json(tmp_path: Path) -> None:
    path = tmp_path / "p1.ipynb"
    path.write_text('{"cells": [')
    at_once, patient = Arrivals(0.0), Arrivals(1000.0)
    assert at_once.digest(tmp_path) == ""
    path.write_text('{"cells": []}')
    assert at_once.digest(tmp_path) == digest(tmp_path)
    assert patient.digest(tmp_path) == ""  # it may be going on


def test_a_notebook_with_numbers_that_only_python_writes_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "p1.ipynb"
    path.write_text('{"cells": [NaN, Infinity, -Infinity, "NaN"]}')
    assert Arrivals(0.0).digest(tmp_path) == digest(tmp_path)
    path.write_text('{"cells": [NaN, Infin')
    assert Arrivals(0.0).digest(tmp_path) == ""


def test_an_empty_folder_is_no_submission(tmp_path: Path) -> None:
    assert Arrivals(0.0).digest(tmp_path) == ""
    assert Arrivals(0.0).digest(tmp_path / "gone") == ""


def test_a_digest_is_of_names_contents_and_links_and_reads_through_none(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    os.mkfifo(tmp_path / "a" / "pipe")  # which nobody would ever write
    (tmp_path / "a" / "x").write_text("1")
    found = {digest(tmp_path)}
    (tmp_path / "a" / "x").rename(tmp_path / "a" / "y")
    found.add(digest(tmp_path))
    (tmp_path / "link").symlink_to("/etc/passwd")
    found.add(digest(tmp_path))
    assert len(found) == 3
    copy(tmp_path, tmp_path.with_name("copied"))
    assert os.readlink(tmp_path.with_name("copied") / "link") == "/etc/passwd"
    assert digest(tmp_path.with_name("copied")) == digest(tmp_path)


def test_attempts_are_kept_with_their_files_and_a_damaged_one_hides_no_other(tmp_path: Path) -> None:
    handed_in = tmp_path / "handed in"
    handed_in.mkdir()
    (handed_in / "p1.ipynb").write_text("{}")
    store = AttemptStore(tmp_path)
    first, second = (store.add(ATTEMPT, handed_in, lambda: True) for _ in range(2))
    store.change(second, graded=True, points=2.0)
    with pytest.raises(Changed):
        store.add(ATTEMPT, handed_in, lambda: False)
    store.files(first).with_name("attempt.json").write_text("{")
    again = AttemptStore(tmp_path)
    assert [(one.number, one.points) for one in again.of("ps1", "ada")] == [(2, 2.0)]
    assert again.add(ATTEMPT, handed_in, lambda: True).number == 3
    assert (again.files(again.of("ps1", "ada")[0]) / "p1.ipynb").read_text() == "{}"
