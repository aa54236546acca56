"""Where tests on a GPU put what they measure: `config.stash[ROWS]`, rows of a table by name."""

import pytest

ROWS = pytest.StashKey[dict[str, str]]()
