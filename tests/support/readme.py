"""Reads the commands of the README and of some pages, so that the tests run what users are told to run."""

import re
import shlex
import subprocess
import sys
from pathlib import Path

from repository import ROOT

PAGES = ("README.md", "docs/student.md", "docs/operator.md")


def commands(name: str) -> list[list[str]]:
    """The commands of the block that follows `<!-- run: name -->`, split into words; comments are left out.

    Raises LookupError where no page has such a block, or where two pages have different ones.
    """
    text = "\n".join((ROOT / page).read_text(encoding="utf-8") for page in PAGES)
    blocks = set(re.findall(rf"<!-- run: {name} -->\n```bash\n(.*?)```", text, re.DOTALL))
    if len(blocks) != 1:
        raise LookupError(f"{', '.join(PAGES)} have {len(blocks) or 'no'} block <!-- run: {name} -->")
    return [words for line in blocks.pop().splitlines() if (words := shlex.split(line, comments=True))]


class Place:
    """A folder in which one of the users runs the commands."""

    def __init__(self, folder: Path) -> None:
        """Use `folder`."""
        self.folder = folder
        self.ran: list[str] = []

    def run(self, words: list[str]) -> str:
        """Run one command; returns what it printed. Fails with that where the command fails."""
        program = [sys.executable, "-m", words[0]] if words[0] in ("nbgrader", "autograder") else words
        done = subprocess.run([*program, *words[1:]], cwd=self.folder, capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"`{' '.join(words)}` in {self.folder}:\n{done.stdout}{done.stderr}"
        self.ran.append(" ".join(words[:2]))
        return done.stdout + done.stderr

    def block(self, name: str) -> list[str]:
        """Run every command of a block; returns what each printed."""
        return [self.run(words) for words in commands(name)]
