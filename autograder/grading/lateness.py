"""Late penalties: what a submission loses, by which rule, and the arithmetic of it, in words.

    due dates, time of submission --the course's rule--> points that each notebook loses --`assign`--> gradebook

The rule is the plugin of nbgrader's step `AssignLatePenalties`; where a course has not chosen one, it is `LatePolicy`,
for which nbgrader's step knows too little: that one's penalties are assigned here, after nbgrader's steps. A grade
given by another deadline or rule, or before points were given by hand, is out of date.
"""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from nbgrader.api import Gradebook, SubmittedAssignment, SubmittedNotebook
from nbgrader.converters import Autograde
from nbgrader.plugins import LateSubmissionPlugin
from nbgrader.preprocessors import AssignLatePenalties
from traitlets import Enum, Float
from traitlets.utils.importstring import import_item

from autograder.common.text import counted
from autograder.grading.deadlines import Deadlines, DueDates, in_zone

SCORE, MAXIMUM, POINTS = "percent of score", "percent of maximum", "points"
NO_TIME = "No time of submission is known (there is no timestamp.txt), so there is no late penalty."
MINUTE, HOUR, DAY = 60.0, 3600.0, 86_400.0


@dataclass(frozen=True)
class Timing:
    """When a notebook was submitted, and when it was due, as clocks of the course show it."""

    submitted: datetime
    due: datetime
    extended: bool

    @property
    def seconds_late(self) -> float:
        """Seconds that it was late; 0 if it was in time."""
        return max(0.0, self.submitted.timestamp() - self.due.timestamp())

    def periods(self, period: Literal["day", "hour"]) -> int:
        """Hours or days that have begun since it was due. A day ends when clocks show the time at which it was due."""
        if period == "hour":
            return math.ceil(self.seconds_late / HOUR)
        shown = self.submitted.replace(tzinfo=None) - self.due.replace(tzinfo=None)
        return max(1, math.ceil(shown / timedelta(days=1))) if self.seconds_late else 0


@dataclass(frozen=True)
class Charge:
    """Points that lateness takes off a notebook, and how they come about; empty where there is nothing to say."""

    points: float = 0.0
    words: str = ""


class LatePolicy(LateSubmissionPlugin):  # type: ignore[misc]
    """What late submissions lose. nbgrader's `c.LateSubmissionPlugin.penalty_method = "zero"` works as ever."""

    penalty = Float(
        0.0, min=0.0, help="What each day or hour that has begun after the deadline costs, in c.LatePolicy.unit."
    ).tag(config=True)
    unit = Enum(
        [SCORE, MAXIMUM, POINTS],
        SCORE,
        help="Unit of the penalty: percent of the points that the submission got, percent of the points that it could "
        "get, or points of the assignment.",
    ).tag(config=True)
    period = Enum(["day", "hour"], "day", help="What the penalty is for: each day, or each hour, that has begun.").tag(
        config=True
    )
    cap = Float(
        None, allow_none=True, min=0.0, help="Most that lateness costs, in c.LatePolicy.unit; None: all points."
    ).tag(config=True)
    grace_minutes = Float(
        0.0,
        min=0.0,
        help="Minutes after the deadline in which lateness costs nothing. Later, all time since the deadline counts.",
    ).tag(config=True)
    cutoff_hours = Float(
        None, allow_none=True, min=0.0, help="Hours after the deadline from which on nothing has points; None: never."
    ).tag(config=True)

    @property
    def costs(self) -> bool:
        """Whether a late submission may lose anything."""
        return self.penalty_method == "zero" or self.penalty > 0 or self.cutoff_hours is not None

    def charge(self, timing: Timing, score: float, most: float, share: float) -> Charge:
        """What a notebook loses: `score` of `most` points, which are a `share` (0 to 1) of the assignment's."""
        late = timing.seconds_late
        if not late or not self.costs:
            return Charge()
        ago = f"Submitted {_duration(late)} after the deadline{_extended(timing)}"
        if self.penalty_method == "zero" or (self.cutoff_hours is not None and late > self.cutoff_hours * HOUR):
            limit = "" if self.penalty_method == "zero" else f" more than {_number(self.cutoff_hours)} h late, so"
            return Charge(score, f"{ago}:{limit} no points are left of {_points(score)}.")
        if late <= self.grace_minutes * MINUTE:
            return Charge(0.0, f"{ago}, within {_number(self.grace_minutes)} min of grace: no penalty.")
        periods = timing.periods(self.period)
        rate = periods * self.penalty
        capped = self.cap is not None and rate > self.cap
        units = min(rate, self.cap) if self.cap is not None else rate
        if self.unit == POINTS:
            each, found = _points(self.penalty), units * share
            what = "" if share == 1 else f" × {_number(100 * share)} % of the assignment"
        else:
            base, kind = (score, "") if self.unit == SCORE else (most, "possible ")
            each, found = f"{_number(self.penalty)} %", units / 100 * base
            what = f" of {_number(base)} {kind}points"
        most_of_it = f", at most {_number(self.cap)}{'' if self.unit == POINTS else ' %'}," if capped else ""
        taken = min(found, score)
        left = f", but only {_number(score)} were left" if found > taken else ""
        sum_ = f"{counted(periods, self.period)} × {each}{most_of_it}{what}"
        return Charge(taken, f"{ago}: {sum_} = −{_number(found)}{left}.")


class LatePenalties:
    """The late penalties of a course: by its rule, and by its due dates."""

    def __init__(self, parent: Any, due_dates: DueDates | None = None) -> None:
        """`parent`: nbgrader's converter or plugin, with the course's configuration.

        `due_dates`: those that are to count now; else those by which the gradebook's penalties were given. Raises
        DeadlineError where the course's time zone is not known.
        """
        steps = getattr(parent, "autograde_preprocessors", None) or parent.config.Autograde.get(
            "autograde_preprocessors", Autograde.autograde_preprocessors.default()
        )
        types = [import_item(step) if isinstance(step, str) else step for step in steps]
        found = [step for step in types if isinstance(step, type) and issubclass(step, AssignLatePenalties)]
        self._due_dates = due_dates
        self._zone = due_dates.zone if due_dates else Deadlines(parent=parent).zone()
        self._rule = None
        if found:
            step = found[0](parent=parent)
            is_default = found[0] is AssignLatePenalties and step.plugin_class is LateSubmissionPlugin
            self._rule = (LatePolicy if is_default else step.plugin_class)(parent=step)

    def _timing(self, submission: SubmittedAssignment) -> Timing | None:
        """None: no time of submission, or no due date, is known."""
        due = self._due_dates.of_submission(submission) if self._due_dates else submission.duedate
        general = self._due_dates.of_all(submission.assignment) if self._due_dates else submission.assignment.duedate
        if submission.timestamp is None or due is None:
            return None
        return Timing(in_zone(submission.timestamp, self._zone), in_zone(due, self._zone), due != general)

    def charge(self, notebook: SubmittedNotebook, score: float) -> Charge:
        """What a notebook in the gradebook loses if it has so many points."""
        submission, rule = notebook.assignment, self._rule
        timing = self._timing(submission)
        if rule is None or timing is None:
            unknown = isinstance(rule, LatePolicy) and rule.costs and submission.timestamp is None
            has_due = submission.duedate if self._due_dates is None else self._due_dates.of_submission(submission)
            return Charge(words=NO_TIME) if unknown and has_due else Charge()
        if isinstance(rule, LatePolicy):
            most = submission.max_score
            return rule.charge(timing, score, notebook.max_score, notebook.max_score / most if most else 1.0)
        if not timing.seconds_late:
            return Charge()
        given = rule.late_submission_penalty(submission.student.id, score, timing.seconds_late)
        return Charge(min(max(0.0, float(given or 0.0)), score))

    def basis(self, submission: SubmittedAssignment) -> str:
        """What the penalty of a submission depends on: how late it is, and by which rule if it is.

        It is another one where the gradebook's penalty is not that of the points that it has.
        """
        timing, rule = self._timing(submission), self._rule
        if timing is None or not timing.seconds_late or rule is None:
            return "in time"
        settings = {name: getattr(rule, name) for name in sorted(rule.trait_names(config=True))}
        kind = f"{type(rule).__module__}.{type(rule).__qualname__}"
        old = "" if self.is_current(submission) else "; not of these points"
        return f"{timing.seconds_late:.0f} s late; {kind} {settings}, {self._zone.key}{old}"

    def bases(self, gradebook: Gradebook, assignment: str) -> dict[str, str]:
        """The same, by student, of all submissions of an assignment."""
        return {found.student.id: self.basis(found) for found in gradebook.assignment_submissions(assignment)}

    def is_current(self, submission: SubmittedAssignment) -> bool:
        """Whether the gradebook's penalties are those of the points that it has: some may have been given by hand."""
        return not isinstance(self._rule, LatePolicy) or all(
            math.isclose(
                notebook.late_submission_penalty or 0.0, self.charge(notebook, notebook.score).points, abs_tol=1e-6
            )
            for notebook in submission.notebooks
        )

    def assign(self, submission: SubmittedAssignment) -> None:
        """Put the penalties of a submission into the gradebook, whose changes the caller commits."""
        for notebook in submission.notebooks if isinstance(self._rule, LatePolicy) else ():
            notebook.late_submission_penalty = self.charge(notebook, notebook.score).points or None

    def words(self, submission: SubmittedAssignment) -> Iterator[str]:
        """How the penalties of its notebooks come about."""
        said = {notebook.name: self.charge(notebook, notebook.score).words for notebook in submission.notebooks}
        if len(set(said.values())) == 1:  # one notebook, or the same of all
            yield from filter(None, list(said.values())[:1])
        else:
            yield from (f"{name}: {words}" for name, words in said.items() if words)

    def penalty(self, submission: SubmittedAssignment, points: Callable[[str], float]) -> float:
        """The penalty that a submission in the gradebook would get now. `points`: of a notebook of that name."""
        return sum(self.charge(notebook, points(notebook.name)).points for notebook in submission.notebooks)


def _duration(seconds: float) -> str:
    if seconds < HOUR:
        return f"{_number(math.ceil(seconds / MINUTE))} min"
    return f"{_number(math.floor(10 * seconds / HOUR) / 10)} h"


def _extended(timing: Timing) -> str:
    due = timing.due
    shown = f"{due:%B} {due.day}, {due.year}, {due:%H:%M}"
    return f" (extended to {shown})" if timing.extended else f" ({shown})"


def _points(value: float) -> str:
    return f"{_number(value)} point{'' if value == 1 else 's'}"


def _number(value: float) -> str:
    return f"{value:.4f}".rstrip("0").rstrip(".")
