"""The heading that a test's points stand under, as results.json, the feedback, and the class report name it."""

import pytest

from autograder.notebooks.headings import last_heading


@pytest.mark.parametrize(
    ("text", "heading"),
    [
        ("", ""),
        ("Words.\n#no heading", ""),
        ("# One\n\n## Exercise 2: part (4 points)\nWords.", "Exercise 2: part"),
        ("### *Loss* of `f` and [data](https://example.org) (0.5 points) ##", "Loss of f and data"),
        ("## Упражнение 2: слои (4 балла)", "Упражнение 2: слои"),
        ("## Упражнение 3: сети (5 баллов)", "Упражнение 3: сети"),
        ("# (2 points)", "(2 points)"),
        ("    # code, not a heading", ""),
        ("# " + "x" * 300, "x" * 200),
    ],
)
def test_the_last_heading_is_read_without_points_and_marks(text: str, heading: str) -> None:
    assert last_heading(text) == heading
