"""Mending: every damage of the catalogue, once, on our largest notebook."""

import json

import damage
import mending
import pytest
from mending import Subject

from autograder.notebooks.mending import mend


@pytest.fixture(scope="module")
def subject(tmp_path_factory: pytest.TempPathFactory) -> Subject:
    return mending.foundations(tmp_path_factory.mktemp("course"))


def test_an_untouched_notebook_is_only_stripped_of_outputs(subject: Subject) -> None:
    mended = mend(json.dumps(subject.solved).encode(), subject.version)
    assert mended.mends == ()
    assert [cell.source for cell in mended.notebook.cells] == [cell.source for cell in subject.solved.cells]


@pytest.mark.parametrize("kind", sorted(damage.DAMAGES))
def test_what_is_damaged_is_mended(subject: Subject, kind: str) -> None:
    mending.assert_mended(subject, kind)
