"""Numbers in the place of students' names: the same ones each time, in an order that tells nothing.

.autograder/numbers.json    {student's id: number}
"""

import json
import random
from collections.abc import Iterable
from pathlib import Path

from autograder.whole import write_whole


def numbers(root: Path, students: Iterable[str]) -> dict[str, int]:
    """A number for each student of the course in `root`; new ones get new numbers, and they are kept."""
    path = root / ".autograder" / "numbers.json"
    try:
        found = {str(student): int(number) for student, number in json.loads(path.read_text("utf-8")).items()}
    except (OSError, ValueError, TypeError, AttributeError):
        found = {}
    wanted = list(students)
    new = [student for student in wanted if student not in found]
    if new:
        random.SystemRandom().shuffle(new)
        first = max(found.values(), default=0) + 1
        found |= {student: first + count for count, student in enumerate(new)}
        write_whole(path, json.dumps(found, indent=1).encode())
    return {student: found[student] for student in wanted}
