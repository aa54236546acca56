"""The rehearsal: before the first grading, the reference solution is graded both ways, isolated and plain.

Grade cells that agree are graded in isolation, for good, and what the reference's handles were asked in them is what
any handle may be asked there. Cells that differ can't be graded in isolation: they are not graded until the instructor
has changed them or allowed them by name. Nothing that a student does decides this.

Where a grade cell differs and comes of locked or unmarked cells that the examiner ran with the student's code, or that
made on both sides what solutions use, the solution is graded again with one of these beside that code alone, the last
one first, until the grade cell agrees. So run are only those that made a difference. A grade cell that differs where
the notebook uses `matplotlib.pyplot` or modules of the course's own is graded again with the student's modules in
place of its own: it may look at what the student's code has drawn or set there, or have it draw.

Then the released notebook, in which nothing is solved, is graded both ways, under the same conditions as students'.
What it earns, and where the two ways differ, is told to the instructor.
"""

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from pathlib import PurePosixPath
from typing import Any

from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_raw_cell

from autograder.common.language import english
from autograder.examiner.ownership import Reason
from autograder.examiner.plan import imported
from autograder.grading.advice import advice
from autograder.grading.job import GradingJob, Outcome, RebindableName
from autograder.notebooks.instructor import InstructorCell, Version

# What students may read: what the test does, and its failing line, are the instructor's.
WITHHELD = english("this test can't be graded in isolation; `autograder rehearse` says why")
NEW = {"code": new_code_cell, "markdown": new_markdown_cell, "raw": new_raw_cell}


@dataclass(frozen=True)
class ReleasedScore:
    """What the released notebook gets in a grade cell: in isolation, and as under plain nbgrader."""

    isolated: float | None
    plain: float | None
    points: float

    def __str__(self) -> str:
        """For the instructor."""
        isolated, plain = ("no score" if score is None else f"{score:g}" for score in (self.isolated, self.plain))
        if self.isolated == self.plain:
            return f"the released notebook, with nothing solved, gets {isolated} of {self.points:g}"
        where = f"in isolation but {plain} in the student's kernel"
        return f"the released notebook gets {isolated} of {self.points:g} {where}"


@dataclass(frozen=True)
class Rehearsal:
    """What the rehearsal of one notebook found."""

    permitted: dict[str, tuple[str, ...]]  # grade_id -> what handles may be asked there
    differing: dict[str, str] = field(default_factory=dict)  # grade_id -> why it can't be graded in isolation
    short: dict[str, str] = field(default_factory=dict)  # grade_id -> how the reference itself misses its points
    beside: tuple[int, ...] = ()  # positions of locked or unmarked cells that come out otherwise run by the examiner
    modules: tuple[int, ...] = ()  # positions of grade cells that come out otherwise with modules of their own
    left: dict[str, tuple[RebindableName, ...]] = field(
        default_factory=dict
    )  # grade_id -> names that stay the student's
    # grade_id -> positions of locked or unmarked cells that it comes of: those that run on both sides and make what
    # solutions use, then those that the examiner runs with the student's code
    feeds: dict[str, tuple[int, ...]] = field(default_factory=dict)
    seconds: dict[int, float] = field(default_factory=dict)  # position -> how long the reference's cell took
    written: tuple[str, ...] = ()  # files of the assignment that the reference writes: the student's to write
    released: dict[str, ReleasedScore] = field(default_factory=dict)  # grade_id -> what the released notebook gets

    def left_by_cell(self) -> dict[tuple[str, Reason], tuple[set[str], set[str]]]:
        """By cell and reason, the names that it binds and that stay the student's; and grade cells that use them."""
        found: dict[tuple[str, Reason], tuple[set[str], set[str]]] = {}
        for grade_id, names in self.left.items():
            for one in names:
                bound, used = found.setdefault((one.cell, one.reason), (set(), set()))
                bound.add(one.name)
                used.add(grade_id)
        return found

    def applied(self, job: GradingJob, allowed: Callable[[str], bool]) -> GradingJob:
        """`job` as this rehearsal has it graded; `allowed` says which differing cells may run beside the student's."""
        beside = tuple(grade_id for grade_id in self.differing if allowed(grade_id))
        ungraded = dict.fromkeys((grade_id for grade_id in self.differing if grade_id not in beside), WITHHELD)
        seconds, reference = cell_limits(job, self.seconds)
        return replace(
            job,
            permitted=self.permitted,
            not_isolated=(*job.not_isolated, *beside),
            ungraded=ungraded,
            beside=self.beside,
            modules=self.modules,
            given=without_written(job, self.written).given,
            seconds=seconds,
            reference=reference,
        )


def without_written(job: GradingJob, written: Collection[str]) -> GradingJob:
    """The job without files of the assignment that its solution writes, as it left them there once."""
    return replace(job, given={name: path for name, path in job.given.items() if name not in written})


def cell_limits(job: GradingJob, took: Mapping[int, float]) -> tuple[dict[int, float], dict[int, float]]:
    """By position, how long a cell may take, and what the reference takes at most where that decides it.

    `took` is the reference's own time. The limit is the least of `reference_min_seconds` doubled so often that it is
    `reference_factor` times that time: coarse, so that another rehearsal of the same solution mostly gives the same.
    """
    most, factor, least = job.limits.cell_seconds, job.cell_time.reference_factor, job.cell_time.reference_min_seconds
    seconds, reference = {}, {}
    for position, cell in enumerate(job.version.cells):
        chosen = job.cell_time.chosen(job.assignment, cell.grade_id)
        if chosen is not None:
            seconds[position] = min(most, float(chosen))
        elif position in took and factor > 0 and least > 0:
            limit = least
            while limit < min(most, factor * took[position]):
                limit *= 2
            if limit < most:
                seconds[position], reference[position] = limit, limit / factor
    return seconds, reference


def reference_job(job: GradingJob) -> GradingJob:
    """The job of grading the reference solution, isolated; limits and settings are those of `job`.

    `job.student` and its notebook are of no account.
    """
    version = job.version
    cells = []
    for position, cell in enumerate(version.cells):
        source = cell.source if cell.solution else cell.released
        made = NEW[cell.cell_type](source, metadata={"autograder": {"position": position}})
        made["id"] = f"cell-{position}"
        cells.append(made)
    notebook: dict[str, Any] = new_notebook(cells=cells, metadata=version.metadata)
    own = replace(job, files={}, permitted=None, not_isolated=(), ungraded={}, seconds={}, reference={})
    return replace(own, student="(reference)", mended=notebook)


def plain_job(job: GradingJob) -> GradingJob:
    """The same, with every grade cell in the kernel of the solution, as plain nbgrader runs it."""
    return replace(reference_job(job), student="(reference, plain)", plain=True, beside=())


def trainings_job(job: GradingJob) -> GradingJob:
    """The job of running a submission for its trainings alone, which go on when it is ended; nothing is scored.

    It needs nothing of what the rehearsal finds: there is no test in it that students do not have. `job.trainer` is not
    None.
    """
    assert job.trainer is not None
    version = replace(job.version, cells=tuple(replace(cell, grade=False) for cell in job.version.cells))
    return replace(job, version=version, plain=True, trainer=replace(job.trainer, detached=True))


def released_job(job: GradingJob) -> GradingJob:
    """The job of grading the released notebook as it is, under the conditions of `job`, which has been rehearsed."""
    version = job.version
    cells = (replace(cell, source=cell.released) if cell.solution else cell for cell in version.cells)
    unsolved = reference_job(replace(job, version=replace(version, cells=tuple(cells))))
    return replace(job, student="(released)", mended=unsolved.mended, files={})


def released_plain_job(job: GradingJob) -> GradingJob:
    """The same, as plain nbgrader runs it."""
    return replace(plain_job(job), student="(released, plain)", mended=released_job(job).mended)


def released_scores(job: GradingJob, isolated: Outcome, plain: Outcome) -> dict[str, ReleasedScore]:
    """What is to be told of the outcomes of `released_job(job)` and `released_plain_job(job)`."""
    found = {
        _grade_id(cell): ReleasedScore(
            isolated.scores.get(_grade_id(cell)), plain.scores.get(_grade_id(cell)), cell.points
        )
        for cell in _graded(job.version)
        if job.plain or _grade_id(cell) not in (*job.ungraded, *job.not_isolated)
    }
    return {cell: score for cell, score in found.items() if score.isolated or score.isolated != score.plain}


def compare(job: GradingJob, isolated: Outcome, plain: Outcome) -> Rehearsal:
    """What the two outcomes say about each grade cell."""
    differing, short = {}, {}
    index_of = {
        cell["metadata"]["autograder"]["position"]: i for i, cell in enumerate(reference_job(job).mended["cells"])
    }
    version = job.version
    for position, cell in enumerate(version.cells):
        if cell not in _graded(version):
            continue
        grade_id = _grade_id(cell)
        score, plain_score = isolated.scores.get(grade_id), plain.scores.get(grade_id)
        if score != plain_score:
            differing[grade_id] = _why(score, plain_score, isolated.outputs[index_of[position]], cell.source)
        elif score != cell.points:
            short[grade_id] = (
                f"the reference solution gets {'no score' if score is None else f'{score:g}'} of {cell.points:g}"
            )
    return Rehearsal(
        isolated.asked,
        differing,
        short,
        beside=job.beside,
        modules=job.modules,
        left=isolated.run.rebindable,
        feeds=isolated.feeds,
        seconds=isolated.seconds,
        written=isolated.contested,
    )


def with_state(job: GradingJob, found: Rehearsal) -> tuple[int, ...]:
    """Positions of grade cells that differ, and may agree where modules with a state are the student's."""
    own = {PurePosixPath(name).parts[0].removesuffix(".py") for name in job.given if name.endswith(".py")}
    if not {module.partition(".")[0] for module in imported(job.version.cells)} & {"matplotlib", *own}:
        return ()
    return tuple(at for at, cell in enumerate(job.version.cells) if cell.grade_id in found.differing)


class Search:
    """Which locked or unmarked cells have to run beside the student's code so that differing grade cells agree.

    Each round tries one cell more for each grade cell that differs: `beside` is what to try next.
    """

    def __init__(self, found: Rehearsal) -> None:
        """`found`: with all of them run by the examiner as far as the plan has it so."""
        self.found = found
        self._suspects = {name: list(found.feeds.get(name, ())) for name in found.differing}
        self._tried: dict[str, int] = {}

    def beside(self) -> tuple[int, ...]:
        """What to try next; empty where nothing is left to try."""
        left = {name: cells for name, cells in self._suspects.items() if cells and name in self.found.differing}
        self._tried = {name: cells.pop() for name, cells in left.items()}
        return tuple(sorted({*self.found.beside, *self._tried.values()})) if self._tried else ()

    def tried(self, other: Rehearsal) -> tuple[int, ...]:
        """Take what came of it. Where some of it was of no use, returns the rest, which is to be tried by itself."""
        helped = {position for name, position in self._tried.items() if name not in other.differing}
        if not helped or not set(other.differing) <= set(self.found.differing):
            return ()
        useful = tuple(sorted({*self.found.beside, *helped}))
        if useful != other.beside:
            return useful
        self.found = other
        return ()


def _why(score: float | None, plain_score: float | None, outputs: list[dict[str, Any]], test: str) -> str:
    """What the test does that can't be done in isolation, how to rewrite it, and what came of it."""
    errors = [output for output in outputs if output["output_type"] == "error"]
    line = _failing_line(errors[-1]) if errors else ""
    error = f"{errors[-1]['ename']}: {errors[-1]['evalue'] or line}" if errors else ""
    shown = ["no score" if one is None else f"{one:g}" for one in (score, plain_score)]
    came = f"the reference solution gets {shown[0]} in isolation but {shown[1]} in the student's kernel"
    said = advice("\n".join([error, line]), test)
    return f"{said} ({came}{f': {error[:500]}' if error else ''})"


def _failing_line(error: dict[str, Any]) -> str:
    """The line of the test that IPython's traceback points at: all there is to say of a bare `assert`."""
    pointed = re.findall(r"^-+> *\d+ (.*)$", "\n".join(map(str, error.get("traceback", ()))), re.MULTILINE)
    return pointed[-1].strip() if pointed else ""


def _graded(version: Version) -> list[InstructorCell]:
    return [cell for cell in version.cells if cell.grade and not cell.solution and cell.cell_type == "code"]


def _grade_id(cell: InstructorCell) -> str:
    return str(cell.grade_id)
