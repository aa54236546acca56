"""Steps of the image's build: `python -m autograder.container.prepare home` and `… prepare course FOLDER`."""

import sys
from pathlib import Path

from autograder.course import build
from autograder.course.datasets import startup


def home() -> None:
    """What a fresh home is to have, so that no start of a container makes it anew; and the check of noted datasets."""
    from matplotlib import font_manager  # makes the list of fonts when it is first imported

    if not font_manager.fontManager.ttflist:
        raise SystemExit("no fonts: plots could not be drawn")
    startup.activate(Path(__file__).parents[2])


def definitions(folder: Path) -> list[str]:
    """Let nbgrader tell the gradebook of each assignment in `folder`/source; what is released stays out of it."""
    names = sorted(path.name for path in (folder / "source").iterdir() if path.is_dir())
    for name in names:
        build.nbgrader(folder, "generate_assignment", name, "--create", "--force")
    return names


def main(arguments: list[str]) -> None:
    """Run the step that the arguments name: `home`, or `course FOLDER`."""
    match arguments:
        case ["home"]:
            home()
        case ["course", folder]:
            print("assignments:", *definitions(Path(folder)))
        case _:
            raise SystemExit(f"prepare: expected `home` or `course FOLDER`, received {' '.join(arguments)!r}")


if __name__ == "__main__":
    main(sys.argv[1:])
