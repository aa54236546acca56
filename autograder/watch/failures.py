"""What goes wrong while a course is watched: said once, tried again later, and no reason to stop anything else."""

import time
from collections.abc import Callable
from typing import Any

from nbgrader.converters.base import NbGraderException

from autograder.common.errors import AutograderError

RETRY = 60.0  # seconds until what failed is tried again; each time twice as long, up to an hour


class Failures:
    """What has failed, by a sentence that begins what is said of it. Any thread may use it."""

    def __init__(self, say: Callable[[str], None]) -> None:
        """`say` gets a line for each thing that a person should know."""
        self._say = say
        self._said: dict[str, str] = {}  # by what it is about, what was last said
        self._failures: dict[str, tuple[int, float]] = {}  # of what: how often in a row, and when to try again

    def trial(self, what: str) -> "Trial":
        """A part of the work, of which a failure is no reason to stop: `with failures.trial(what) as may_try`."""
        return Trial(self, what)

    def may_try(self, what: str) -> bool:
        """Whether it is time to try something that failed; always for what has not."""
        return time.time() >= self._failures.get(what, (0, 0.0))[1]

    def failed(self, what: str, why: str) -> None:
        """Something failed: say so, unless that has been said, and try it again later."""
        times = self._failures.get(what, (0, 0.0))[0] + 1
        self._failures[what] = times, time.time() + min(3600.0, RETRY * 2 ** (times - 1))
        self.say_once(what, f"{what}: {why.rstrip('.')}. It is tried again.")

    def succeeded(self, what: str) -> None:
        """Something went well."""
        self._failures.pop(what, None)
        self._said.pop(what, None)

    def say_once(self, about: str, text: str) -> None:
        """Say something, unless it was the last thing said about that."""
        if self._said.get(about) != text:
            self._said[about] = text
            self._say(text)

    def forget(self, what: str) -> None:
        """Try something that failed at the next occasion."""
        self._failures.pop(what, None)

    def problem(self, what: str) -> str:
        """What was said of something that has failed and has not gone well since; else empty."""
        return self._said.get(what, "") if what in self._failures else ""


class Trial:
    """A part of the work whose failure stops no other part."""

    def __init__(self, failures: Failures, what: str) -> None:
        """Of this part."""
        self._failures, self._what = failures, what
        self._may = failures.may_try(what)

    def __enter__(self) -> bool:
        return self._may

    def __exit__(self, kind: Any, error: BaseException | None, at: Any) -> bool:
        if error is None:
            if self._may:
                self._failures.succeeded(self._what)
            return False
        if isinstance(error, AutograderError | NbGraderException | OSError):
            self._failures.failed(self._what, str(error))
            return True
        return False
