"""The README's table: what each attack gains under plain nbgrader, and here."""

import json
from pathlib import Path

MEASURED = Path(__file__).parent / "measured.json"


def table() -> str:
    """As Markdown."""
    lines = ["| group | attack | plain nbgrader | here |", "| --- | --- | --- | --- |"]
    for row in json.loads(MEASURED.read_text(encoding="utf-8")):
        there = f"{row['there'] or 0:g} of {row['full']:g}" if row["run_there"] else "not run"
        here = "no grade" if row["here"] is None else f"{row['here']:g}"
        lines.append(f"| {row['group']} | {row['attack']} | {there} | {here} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    print(table(), end="")
