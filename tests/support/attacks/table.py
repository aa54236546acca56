"""The tables of docs/attacks.md: what each attack gains under plain nbgrader, and here."""

import json
from pathlib import Path

MEASURED = Path(__file__).parent / "measured.json"
GIVEN = Path(__file__).parent / "measured_given.json"  # of locked cells that hold a student's function


def table() -> str:
    """Of the attacks, as Markdown."""
    lines = ["| group | attack | plain nbgrader | here |", "| --- | --- | --- | --- |"]
    for row in json.loads(MEASURED.read_text(encoding="utf-8")):
        there = f"{row['there'] or 0:g} of {row['full']:g}" if row["run_there"] else "not run"
        here = "no grade" if row["here"] is None else f"{row['here']:g}"
        lines.append(f"| {row['group']} | {row['attack']} | {there} | {here} |")
    return "\n".join(lines) + "\n"


def given_table() -> str:
    """Of locked cells whose names a student rebinds, as Markdown."""
    lines = ["| kind | the locked cell | plain nbgrader | here |", "| --- | --- | --- | --- |"]
    for row in json.loads(GIVEN.read_text(encoding="utf-8")):
        cell = "<br>".join(f"`{line}`" for line in row["cell"].split("\n"))
        lines.append(f"| {row['kind']} | {cell} | {row['there'] or 0:g} of 1 | {row['here'] or 0:g} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    print(table(), given_table(), sep="\n", end="")
