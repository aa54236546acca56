"""Outcomes on disk, by the digest of what they came from."""

from pathlib import Path

from autograder.common.serialization import dump, load
from autograder.common.store import ChecksummedStore
from autograder.grading.job import Outcome


class Store:
    """A folder of outcomes; any number of processes may use it at once."""

    def __init__(self, folder: Path) -> None:
        """Use `folder`, which need not exist yet."""
        self.folder = folder
        self._entries = ChecksummedStore(folder, ".outcome")

    def get(self, digest: str) -> Outcome | None:
        """The outcome stored under a digest; None where none can be read."""
        content = self._entries.get(digest)
        try:
            return None if content is None else load(content, Outcome)
        except ValueError:  # of another version of this package
            return None

    def put(self, digest: str, outcome: Outcome) -> None:
        """Store a final outcome, in the place of a damaged one. Raises OSError where that can't be done."""
        self._entries.put(digest, dump(outcome).encode())
