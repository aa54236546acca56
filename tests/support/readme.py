"""Reads the README's commands, so that the tests run what users are told to run."""

import re
import shlex
import subprocess
import sys
from pathlib import Path

from repository import ROOT

README = ROOT / "README.md"


def commands(name: str) -> list[list[str]]:
    """The commands of the README's block that follows `<!-- run: name -->`, split into words; comments are left out."""
    block = re.search(rf"<!-- run: {name} -->\n```bash\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)
    if block is None:
        raise LookupError(f"README.md has no block <!-- run: {name} -->")
    return [words for line in block.group(1).splitlines() if (words := shlex.split(line, comments=True))]


class Place:
    """A folder in which one of the users runs the README's commands."""

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
        """Run every command of a README block; returns what each printed."""
        return [self.run(words) for words in commands(name)]
