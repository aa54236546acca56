"""What a source of submissions is to the watcher: nbgrader's exchange is one, an LMS another."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from autograder.common.errors import AutograderError
from autograder.watch.attempts import Attempt


class NotReached(AutograderError):
    """A source did not do what it should; the message says why."""


@dataclass(frozen=True)
class NewSubmission:
    """Something new in a source: a student's; or anybody's, with an empty name, where it is not known whose."""

    student: str = ""
    changed: float = 0.0  # when that was, in seconds since 1970
    problem: str = ""  # why it can't be collected


class Source(ABC):
    """Where students submit. What is new is collected into a folder, nbgrader's step `step`, and taken in from there.

    That folder can be made again at any time: it has each student's newest submission.
    """

    step: ClassVar[str]

    @contextmanager
    def running(self) -> Iterator[None]:
        """Within, the source is used."""
        yield

    @abstractmethod
    def new(self, assignment: str) -> list[NewSubmission]:
        """What there is to collect. This waits for nobody for long."""

    @abstractmethod
    def collect(self, assignment: str, new: NewSubmission) -> None:
        """Collect what is new into the folder. Raises NotReached."""

    @abstractmethod
    def is_new(self, digest: str, known: Sequence[Attempt]) -> bool:
        """Whether files with this digest are another attempt than the student's `known` ones."""

    @abstractmethod
    def arrived(self, assignment: str, student: str, folder: Path) -> float | None:
        """When what is in a student's folder was submitted, in seconds since 1970; None: that is not known."""

    def has_dates_since(self, assignment: str, moment: float) -> bool:
        """Whether the source's due dates are as they were at a moment (seconds since 1970), or later."""
        return True

    def release(self, attempt: Attempt, files: Path, pages: Sequence[Path]) -> bool:
        """Hand an attempt's pages to its student, if the source can; whether it did. Raises NotReached."""
        return False
