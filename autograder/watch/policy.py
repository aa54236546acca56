"""What an instructor may set about grading before the deadline, in nbgrader_config.py, as `c.Watch.… = …`.

Times are seconds since 1970, UTC.
"""

import enum
import math
from collections.abc import Sequence
from dataclasses import dataclass

from traitlets import Bool, Enum, Float, Integer, List, Unicode
from traitlets.config import Configurable

from autograder.watch.attempts import Attempt


class Delay(enum.StrEnum):
    """Why an attempt is not graded at once."""

    NONE = ""
    WAIT = "wait"  # too soon after the last one
    LIMIT = "limit"  # no gradings are left before the deadline


@dataclass(frozen=True)
class Decision:
    """When an attempt is to be graded (infinite: not before a deadline that nobody has set), and why not at once."""

    at: float
    delay: Delay = Delay.NONE


class Watch(Configurable):  # type: ignore[misc]
    """What `autograder watch` grades, and what students are told before the deadline."""

    hidden = Enum(
        ["nothing", "count", "exercises"],
        "count",
        help="What students are told of hidden tests before the deadline: nothing; count: how many cells with hidden "
        "tests pass; exercises: which ones. Afterwards, they get the usual feedback.",
    ).tag(config=True)
    wait_seconds = Float(
        1800.0, min=0.0, help="Least time between two graded attempts of a student at an assignment, in seconds."
    ).tag(config=True)
    attempts = Integer(
        10, min=0, help="Number of attempts of a student that are graded before the deadline; 0 means any number."
    ).tag(config=True)
    counts = Enum(
        ["last", "best"],
        "last",
        help="Which graded attempt counts: the last, or the best of those in time, by the points of the tests.",
    ).tag(config=True)
    kept_attempts = Integer(
        20,
        min=1,
        help="Number of a student's newest attempts at an assignment whose files are kept; those of the one that "
        "counts always are.",
    ).tag(config=True)
    settle_seconds = Float(
        5.0, min=0.0, help="A submission is complete when nothing in its folder has changed for so many seconds."
    ).tag(config=True)
    scan_seconds = Float(2.0, min=0.1, help="Seconds between two looks for new submissions.").tag(config=True)
    release_seconds = Float(
        30.0,
        min=1.0,
        help="Before the deadline, feedback is released at multiples of so many seconds after the grading was due, so "
        "that the moment says little about how long hidden tests took.",
    ).tag(config=True)
    exchange = Bool(
        True, help="Collect from nbgrader's exchange, where there is one, and release feedback through it."
    ).tag(config=True)
    lms_seconds = Float(
        0.0,
        min=0.0,
        help="How often, in seconds, Moodle or Canvas (c.Lms) is asked for new submissions, such as 60; 0: never.",
    ).tag(config=True)
    serve = Unicode(
        "",
        help="ADDRESS:PORT at which `autograder watch` serves pages for students and instructors; empty: none, or, as "
        "a service of JupyterHub, where the hub expects them.",
    ).tag(config=True)
    url = Unicode(
        "",
        help="Address of these pages as browsers see it, such as https://grades.example.org; empty: that of `serve`.",
    ).tag(config=True)
    instructors = List(Unicode(), help="JupyterHub's users who see the class, and not only their own attempts.").tag(
        config=True
    )

    def decision(self, attempts: Sequence[Attempt], deadline: float | None, now: float) -> Decision:
        """When the last of a student's `attempts`, which is not graded yet, is to be graded.

        That depends on when attempts arrived, never on how long a grading took.
        """
        *earlier, last = attempts
        if deadline is not None and now >= deadline:
            return Decision(last.arrived)
        graded = [attempt for attempt in earlier if attempt.graded]
        if self.attempts and len(graded) >= self.attempts:
            return Decision(math.inf if deadline is None else deadline, Delay.LIMIT)
        if graded and (ready := graded[-1].due + self.wait_seconds) > last.arrived:
            return Decision(ready, Delay.WAIT)
        return Decision(last.arrived)

    def counting(self, attempts: Sequence[Attempt]) -> Attempt | None:
        """The one of a student's attempts that counts, among those with files; None where none is graded.

        Where the best counts, that is the best of those in time that have points; of equal ones, the last.
        """
        graded = [attempt for attempt in attempts if attempt.graded and attempt.kept]
        scored = [attempt for attempt in graded if attempt.points is not None and not attempt.late]
        if self.counts == "best" and scored:
            return max(scored, key=lambda attempt: (attempt.points, attempt.number))
        return graded[-1] if graded else None

    def superfluous(self, attempts: Sequence[Attempt]) -> list[Attempt]:
        """Those of a student's attempts whose files are there, and need not be kept any more."""
        counting = self.counting(attempts)
        return [one for one in attempts[: -self.kept_attempts] if one.kept and one != counting]

    def released_at(self, due: float, now: float) -> float:
        """When a page that is ready `now` is released: the next multiple of `release_seconds` after `due`."""
        slots = math.floor((now - due) / self.release_seconds) + 1
        return float(due + max(1, slots) * self.release_seconds)
