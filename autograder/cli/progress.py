"""What `autograder grade` shows: a live table in a terminal, lines elsewhere, and a summary."""

import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from types import TracebackType

from rich.cells import cell_len, set_cell_size
from rich.console import Group, RenderableType
from rich.live import Live
from rich.text import Text

from autograder.cli.console import Console, Table, plain
from autograder.common.text import counted
from autograder.examiner.ownership import BECAUSE
from autograder.grading.job import Event, Status
from autograder.grading.pipeline import ProgressListener
from autograder.grading.record import GradeStatus, SubmissionStatus
from autograder.grading.rehearsal import Rehearsal
from autograder.grading.submission import Submission
from autograder.kernel.kernelspec import Kernel
from autograder.notebooks.misplaced import Misplaced
from autograder.reports.class_data import normalised
from autograder.training.training_record import TrainerStatus

RUNNING = 4  # trainings that the table tells of
FEW = 4  # students, and cells, that the summary names
WIDTH = 40  # of names to which others are aligned
STYLES = {
    GradeStatus.GRADED: "good",
    GradeStatus.MENDED: "good",
    GradeStatus.NEEDS_PERSON: "look",
    GradeStatus.FAULT: "bad",
}
_LABEL = max(map(len, STYLES))


@dataclass
class _Row:
    where: str = "waiting"
    started: float | None = None
    seconds: float | None = None
    score: str = ""
    ended: float | None = None
    style: str = ""

    @property
    def urgency(self) -> float:
        """For a table that does not fit: what runs comes first, then what ended last, then what waits."""
        if self.ended is not None:
            return -self.ended
        return -float("inf") if self.started is not None else float("inf")

    def columns(self) -> tuple[str, str, str]:
        seconds = self.seconds
        if seconds is None and self.started is not None:
            seconds = time.monotonic() - self.started
        return self.where, "" if seconds is None else f"{seconds:.0f} s", self.score


@dataclass
class Lines(ProgressListener):
    """Plain lines: one when a submission is finished."""

    console: Console
    rows: dict[str, _Row] = field(default_factory=dict)
    statuses: list[SubmissionStatus] = field(default_factory=list)
    trained: TrainerStatus | None = None
    width: int = 0  # of the longest name, as far as others are aligned to it
    allowed: list[str] = field(default_factory=list)  # tests that run beside the student's code
    withheld: list[str] = field(default_factory=list)  # tests that would have to
    left_alone: list[Misplaced] = field(default_factory=list)  # what lies where no submission does

    def __enter__(self) -> "Lines":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        pass

    def say(self, *lines: str) -> None:
        """Print `lines` as they are."""
        self.console.say(*lines)

    def other_environment(self, notebook: str, kernel: Kernel, *, by_trainer: bool) -> None:
        """Print which environment a notebook runs in, and who trains its models."""
        if kernel.plain is not None:
            how = "as plain nbgrader does, not isolated, as you allowed; the records say so"
            self.say(f"{notebook}: its kernel {kernel.name!r} ({kernel.plain.language}) is graded {how}")
            return
        python = f"{kernel.interpreter.implementation} {kernel.interpreter.version} in {kernel.interpreter.prefix}"
        keras = any(package.startswith("keras==") for package in kernel.packages)
        by_itself = "" if by_trainer or not keras else ". A `fit` is run by the notebook itself, within its limits"
        self.say(f"{notebook}: runs in the environment of the kernel {kernel.name!r}, {python}{by_itself}")

    def rehearsed(self, notebook: str, rehearsal: Rehearsal, allowed: Sequence[str]) -> None:
        """Print tests that can't be isolated, names that students can rebind, and points that the reference misses."""
        for cell, why in rehearsal.differing.items():
            (self.allowed if cell in allowed else self.withheld).append(f"{notebook}/{cell}")
            if cell in allowed:
                self.say(f"{notebook}, {cell}: runs in the student's kernel, as you allowed; the records say so")
                continue
            self.say(f"{notebook}, {cell}: can't be graded in isolation: {why}")
        for (cell, reason), (names, tests) in rehearsal.left_by_cell().items():
            what, where = ", ".join(sorted(names)), ", ".join(sorted(tests))
            self.say(f"{notebook}, {cell}: students can redefine {what} before {where}, because {BECAUSE[reason]}")
        for cell, why in rehearsal.short.items():
            self.say(f"{notebook}, {cell}: {why}")
        if rehearsal.written:
            files = ", ".join(rehearsal.written)
            self.say(
                f"{notebook}: the solution writes {files}; the copy in the assignment's folder is left out of grading"
            )
        for cell, score in rehearsal.released.items():
            self.say(f"{notebook}, {cell}: {score}")

    def list_withheld(self) -> None:
        """Print how the tests that can't be isolated are allowed, all of them."""
        if self.withheld:
            self.say(
                "Tests that can't be graded in isolation are left to grade by hand. Change them, or allow them by name "
                "in nbgrader_config.py:",
                f"    c.Grading.not_isolated = {[*self.allowed, *self.withheld]!r}",
            )

    def planned(self, submissions: Sequence[Submission], unchanged: Sequence[str]) -> None:
        """Print how many submissions are to be graded, and how many are unchanged."""
        self.list_withheld()
        self.rows = {submission.student: _Row() for submission in submissions}
        self.width = min(WIDTH, max((cell_len(student) for student in self.rows), default=0))
        self.say(f"{len(submissions)} to grade; {len(unchanged)} are up to date")

    def event(self, event: Event) -> None:
        """Note which cell a submission is at."""
        if row := self.rows.get(event.student):
            row.started = row.started or time.monotonic()
            node = f" on {event.node}" if event.node else ""
            row.where = f"{event.notebook}: {event.what} {event.done}/{event.total}{node}"

    def trainings(self, trainings: TrainerStatus) -> None:
        """Store the figures, which the live table and the summary show."""
        self.trained = trainings

    def cluster(self, what: str) -> None:
        """Print what there is to know about the cluster."""
        self.say(what)

    def finished(self, submission: Submission, status: SubmissionStatus) -> None:
        """Note the status, time and score of a finished submission, and show them."""
        self.statuses.append(status)
        row = self.rows[submission.student]
        row.where, row.style, row.ended = status.label, STYLES[status.label], time.monotonic()
        if row.started:
            row.seconds = row.ended - row.started
        if submission.score is not None and submission.max_score is not None and status.label.is_graded:
            row.score = f"{submission.score:g} / {submission.max_score:g}"
        self.line(submission.student, row)

    def line(self, student: str, row: _Row) -> None:
        """Print a line on one finished submission."""
        where, seconds, score = row.columns()
        self.say(
            f"{self._count(len(self.statuses))} {self._name(student)}  {where:{_LABEL}}  {seconds:>6}  {score}".rstrip()
        )

    def _count(self, done: int) -> str:
        return f"[{done:{len(str(len(self.rows)))}}/{len(self.rows)}]"

    def _name(self, student: str) -> str:
        return set_cell_size(f"{student}:", max(self.width, cell_len(student)) + 1)

    def misplaced(self, found: Misplaced) -> None:
        """Note what may be a submission and was left alone; the summary lists it."""
        self.left_alone.append(found)

    def waiting(self, why: str) -> None:
        """Say that another command is waited for."""
        self.console.say(why, style="look")

    def would_change(self, submission: Submission, old: float | None, new: float | None) -> None:
        """Print old and new points of a submission, in a dry run."""
        self.rows.pop(submission.student)
        name = self._name(submission.student)
        points = ["no grade" if value is None else f"{value:g}" for value in (old, new)]
        reasons = [
            f"  ({work.name}: {work.outcome.message})" for work in submission.works if work.outcome and not work.graded
        ]
        self.say(f"{name} {points[0]:>8} → {points[1]}{''.join(reasons)}")

    def conclude(self) -> None:
        """Print the summary, each status in its color."""
        for line, style in self.summary():
            self.console.say(line, style=style)

    def summary(self) -> list[tuple[str, str]]:
        """Lines, each with its style: how many ended how; of each that somebody should look at, what it is.

        What is the same of several students is one line.
        """
        lines = []
        unscored: Counter[str] = Counter()
        for label, style in STYLES.items():
            found = [status for status in self.statuses if status.label == label]
            if found:
                lines.append((f"{label}: {len(found)}", style))
            mends, messages = Remarks(), Remarks()
            for status in found:
                for name, notebook in status.notebooks.items():
                    for mend in notebook.mends:
                        mends.add(status.student, name, mend.what, mend.cell)
                    if notebook.status != Status.GRADED:
                        messages.add(status.student, name, notebook.message)
                    missing = [cell for cell, score in notebook.scores.items() if score is None]
                    unscored.update(f"{name}, {cell}: {notebook.reasons.get(cell)}" for cell in missing)
            lines += [(f"    {line}", "") for line in (*mends.lines(), *messages.lines(everybody=True))]
        if self.left_alone:
            lines.append((f"not graded, because it is in the wrong folder: {len(self.left_alone)}", "bad"))
            lines += [(f"    {one.path}: {one.why}", "") for one in self.left_alone]
        if unscored:
            lines.append(("cells without a score, to be graded by hand:", "title"))
            lines += [(f"    {what} ({counted(count, 'submission')})", "") for what, count in unscored.items()]
        if self.trained is not None:
            counts = f"{self.trained.trained} trained, {self.trained.remembered} reused"
            lines.append((f"training runs: {counts}", "title"))
        review = Remarks()
        for status in self.statuses:
            for one in status.review:
                review.add(status.student, "", one.text)
        look = [(f"    {line}", "") for line in review.lines()]
        return [*lines, *([("please check:", "title"), *look] if look else [])]


class Remarks:
    """Remarks on students' notebooks; those that differ in numbers, cells and students alone become one line."""

    def __init__(self) -> None:
        """None yet."""
        self._found: dict[tuple[str, str], list[tuple[str, str, str]]] = {}

    def add(self, student: str, notebook: str, text: str, cell: str = "") -> None:
        """Add a remark on a notebook ("": on the submission), and on a cell of it if there is one."""
        self._found.setdefault((notebook, normalised(text)), []).append((student, cell, text))

    def lines(self, *, everybody: bool = False) -> list[str]:
        """A line for each, in the order in which they were added first; with a few of its students, or all."""
        return [self._line(notebook, general, of, everybody) for (notebook, general), of in self._found.items()]

    def _line(self, notebook: str, general: str, of: list[tuple[str, str, str]], everybody: bool) -> str:
        students, cells, texts = (list(dict.fromkeys(parts)) for parts in zip(*of, strict=True))
        where = ", ".join(cells) if len(cells) <= FEW else f"{len(cells)} cells"
        who = students[0] if len(students) == 1 else f"{len(students)} students"
        named = students if everybody or len(students) <= FEW else [*students[:FEW], "…"]
        some = f" ({', '.join(named)})" if len(students) > 1 else ""
        text = texts[0] if len(texts) == 1 else general
        return ": ".join(filter(None, [", ".join(filter(None, [who, notebook])), where, text])) + some


class LiveTable(Lines):
    """A table of all submissions: where each is, its time and score."""

    def __enter__(self) -> "LiveTable":
        self._live = Live(console=self.console, get_renderable=self.fitting, refresh_per_second=4, transient=True)
        self._live.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._live.stop()
        if self.rows:
            self.console.show(_table(self.rows))
            self.console.print()

    def line(self, student: str, row: _Row) -> None:
        """Print nothing: the table has a row for it."""

    def fitting(self) -> RenderableType:
        """As much of the table as the terminal holds."""
        if not self.rows:
            return "reading the submissions …"
        room = max(3, self.console.height - 6 - (1 + RUNNING if self.trained else 0))
        shown = sorted(self.rows, key=lambda student: self.rows[student].urgency)[:room]
        done = sum(row.ended is not None for row in self.rows.values())
        rows = {student: row for student, row in self.rows.items() if student in shown}
        caption = [f"{done} of {len(self.rows)} done", *(_trainings(self.trained) if self.trained else [])]
        return Group(_table(rows), Text(plain("\n".join(caption)), style="quiet"))


def _trainings(trainings: TrainerStatus) -> list[str]:
    """Lines on the trainings: how many wait, were trained or remembered, and those that run now."""
    counts = {"waiting": trainings.waiting, "trained": trainings.trained, "reused": trainings.remembered}
    lines = [f"training runs: {', '.join(f'{count} {what}' for what, count in counts.items())}"]
    for running in trainings.running[:RUNNING]:
        students, left = running.students, running.left
        who = students[0] if len(students) == 1 else f"{students[0]} and {len(students) - 1} more"
        epoch = "starting" if running.epoch is None else f"epoch {running.epoch}/{running.epochs}"
        lines.append(f"{who}: {epoch}" + ("" if left is None else f", about {left:.0f} s left"))
    return lines


def _table(rows: dict[str, _Row]) -> Table:
    table = Table("student", "where", "time", "score", right=("time", "score"))
    for student, row in rows.items():
        where, *numbers = row.columns()
        table.add_row(student, Text(plain(where), style=row.style), *numbers)
    return table
