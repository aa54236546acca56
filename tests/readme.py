"""Reads the README's commands, so that the tests run what users are told to run."""

import re
import shlex
from pathlib import Path

README = Path(__file__).resolve().parents[1] / "README.md"


def commands(name: str) -> list[list[str]]:
    """The commands of the README's block that follows `<!-- run: name -->`, split into words; comments are left out."""
    block = re.search(rf"<!-- run: {name} -->\n```bash\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)
    if block is None:
        raise LookupError(f"README.md has no block <!-- run: {name} -->")
    return [words for line in block.group(1).splitlines() if (words := shlex.split(line, comments=True))]
