"""Mending: every damage of the catalogue on nbgrader's quickstart, with autotests and without."""

from pathlib import Path

import damage
import mending
import pytest
from mending import Subject


@pytest.fixture(scope="module", params=["problem1", "problem2", "autotest"])
def subject(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Subject:
    folder: Path = tmp_path_factory.mktemp("course")
    if request.param == "autotest":
        return mending.quickstart(folder, "problem1", autotest=True)
    return mending.quickstart(folder, request.param)


@pytest.mark.parametrize("kind", sorted(damage.DAMAGES))
def test_what_is_damaged_is_mended(subject: Subject, kind: str) -> None:
    mending.assert_mended(subject, kind)
