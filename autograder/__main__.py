"""`python -m autograder COMMAND` and `autograder COMMAND`."""

import sys
from pathlib import Path

from autograder.cli import bootstrap

COURSE = ("accuracy", "build", "data", "demo", "test", "unbuild")  # commands on this homework itself


def main() -> None:
    """Run the command line; `demo` and `test` first set up `.venv` where the packages they need are missing."""
    if sys.platform == "win32":
        sys.exit("autograder: grading needs Linux. Run it in WSL, or in the container (docs/container.md).")
    command = sys.argv[1] if len(sys.argv) > 1 else ""
    if command in ("demo", "test"):
        bootstrap.run_in_environment(Path(__file__).resolve().parents[1], sys.argv[1:])
    of_course = command in COURSE
    missing = bootstrap.missing_packages(bootstrap.NEEDED_BY_COURSE if of_course else bootstrap.NEEDED)
    if missing:
        project = '".[course]"' if of_course else "."
        sys.exit(
            f"autograder: {', '.join(missing)} can't be imported by {sys.executable}.\n"
            f"Install the project first: python -m pip install -e {project}   (or run `python -m autograder demo`)"
        )
    # jsonschema would have it build a grammar of addresses for a second, which no schema of a notebook needs
    sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]
    from autograder.cli.root import AutograderApp  # imports what bootstrap has just made sure of

    AutograderApp.launch_instance()


if __name__ == "__main__":
    main()
