"""Late penalties: what a submission loses, by which rule, and the arithmetic of it, in words.

    due dates, time of submission --the course's rule--> points that each notebook loses --`assign`--> gradebook

The rule is the plugin of nbgrader's step `AssignLatePenalties`; where a course has not chosen one, it is `LatePolicy`,
for which nbgrader's step knows too little: that one's penalties are assigned here, after nbgrader's steps. A grade
given by another deadline or rule, or before points were given by hand, is out of date.
"""

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from nbgrader.api import Gradebook, SubmittedAssignment, SubmittedNotebook
from nbgrader.converters import Autograde
from nbgrader.plugins import LateSubmissionPlugin
from nbgrader.preprocessors import AssignLatePenalties
from traitlets import Enum, Float
from traitlets.utils.importstring import import_item

from autograder.common.language import english
from autograder.grading.deadlines import Deadlines, DueDates, in_zone

SCORE, MAXIMUM, POINTS = "percent of score", "percent of maximum", "points"
NO_TIME = english("No time of submission is known (there is no timestamp.txt), so there is no late penalty.")
MONTHS = (
    *(english("January"), english("February"), english("March"), english("April"), english("May"), english("June")),
    *(english("July"), english("August"), english("September"), english("October"), english("November")),
    english("December"),
)
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
        ago, left = _ago(timing), _points(score)
        if self.penalty_method == "zero":
            return Charge(score, english("%(ago)s: no points are left of %(points)s.", ago=ago, points=left))
        if self.cutoff_hours is not None and late > self.cutoff_hours * HOUR:
            over = english("more than %(hours)s h late", hours=_number(self.cutoff_hours))
            text = english("%(ago)s: %(over)s, so no points are left of %(points)s.", ago=ago, over=over, points=left)
            return Charge(score, text)
        if late <= self.grace_minutes * MINUTE:
            grace = _number(self.grace_minutes)
            return Charge(0.0, english("%(ago)s, within %(grace)s min of grace: no penalty.", ago=ago, grace=grace))
        periods = timing.periods(self.period)
        rate = periods * self.penalty
        units = rate if self.cap is None else min(rate, self.cap)
        capped = self.cap is not None and rate > self.cap
        base = score if self.unit == SCORE else most
        found = units * share if self.unit == POINTS else units / 100 * base
        values = {
            "periods": _periods(periods, self.period),
            "each": _points(self.penalty) if self.unit == POINTS else f"{_number(self.penalty)} %",
            "cap": f"{_number(self.cap or 0.0)}{'' if self.unit == POINTS else ' %'}",
            "of": _number(100 * share if self.unit == POINTS else base),
        }
        unit = "" if self.unit == POINTS and share == 1 else self.unit
        words = {"ago": ago, "sum": _sum(unit, capped, values), "found": _number(found)}
        if found > score:
            text = english("%(ago)s: %(sum)s = −%(found)s, but only %(left)s were left.", **words, left=_number(score))
        else:
            text = english("%(ago)s: %(sum)s = −%(found)s.", **words)
        return Charge(min(found, score), text)


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


def _ago(timing: Timing) -> str:
    late, due = timing.seconds_late, timing.due
    if late < HOUR:
        time = english("%(number)s min", number=_number(math.ceil(late / MINUTE)))
    else:
        time = english("%(number)s h", number=_number(math.floor(10 * late / HOUR) / 10))
    date = {"month": MONTHS[due.month - 1], "day": due.day, "year": due.year, "clock": f"{due:%H:%M}"}
    if timing.extended:
        return english(
            "Submitted %(time)s after the deadline (extended to %(month)s %(day)s, %(year)s, %(clock)s)",
            time=time,
            **date,
        )
    return english("Submitted %(time)s after the deadline (%(month)s %(day)s, %(year)s, %(clock)s)", time=time, **date)


def _sum(unit: str, capped: bool, values: Mapping[str, str]) -> str:
    """What is counted; `unit` is empty where it is the whole assignment's points."""
    texts = {
        (SCORE, False): english("%(periods)s × %(each)s of %(of)s points", **values),
        (SCORE, True): english("%(periods)s × %(each)s, at most %(cap)s, of %(of)s points", **values),
        (MAXIMUM, False): english("%(periods)s × %(each)s of %(of)s possible points", **values),
        (MAXIMUM, True): english("%(periods)s × %(each)s, at most %(cap)s, of %(of)s possible points", **values),
        (POINTS, False): english("%(periods)s × %(each)s × %(of)s %% of the assignment", **values),
        (POINTS, True): english("%(periods)s × %(each)s, at most %(cap)s, × %(of)s %% of the assignment", **values),
        ("", False): english("%(periods)s × %(each)s", **values),
        ("", True): english("%(periods)s × %(each)s, at most %(cap)s,", **values),
    }
    return texts[unit, capped]


def _periods(number: int, period: Literal["day", "hour"]) -> str:
    if period == "hour":
        return english("1 hour") if number == 1 else english("%(number)s hours", number=number)
    return english("1 day") if number == 1 else english("%(number)s days", number=number)


def _points(value: float) -> str:
    return english("1 point") if value == 1 else english("%(points)s points", points=_number(value))


def _number(value: float) -> str:
    return f"{value:.4f}".rstrip("0").rstrip(".")
