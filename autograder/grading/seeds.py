"""Luck of the seed: where a trained model is just short of a test's points, its notebook is trained with further seeds.

The mean of that test's scores counts where it is better than the first, or always where the instructor says so; all
else is of the course's own seed. Each seed is a job of its own, so its outcome is stored as any other.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from statistics import mean

from autograder.grading.job import GradingJob, Outcome, SeedPolicy, SeedScores, Status
from autograder.grading.trainer_link import TRAINED


def further_jobs(job: GradingJob, outcome: Outcome) -> list[GradingJob]:
    """The jobs with further seeds that a job's outcome asks for; none where no test is just short of its points."""
    if job.seed_policy is None or job.trainer is None or not _close(job, outcome):
        return []
    seeds = range(job.trainer.seed + 1, job.trainer.seed + 1 + job.seed_policy.further)
    return [replace(job, seed_policy=None, trainer=replace(job.trainer, seed=seed)) for seed in seeds]


def merged(job: GradingJob, first: Outcome, others: Sequence[Outcome]) -> Outcome:
    """The outcome of all seeds; where one of them has no grade, that one: it is tried again as any other."""
    if missing := next((one for one in others if one.status != Status.GRADED), None):
        return missing
    assert job.seed_policy is not None
    found = {cell: _scores(cell, [first, *others], job.seed_policy) for cell in _close(job, first)}
    scores = {**first.scores, **{cell: one.counts for cell, one in found.items()}}
    return replace(first, scores=scores, run=replace(first.run, seeds=found))


def _close(job: GradingJob, outcome: Outcome) -> list[str]:
    """The tests, by grade_id, of a model that the trainer made, which are just short of their points."""
    if outcome.status != Status.GRADED or job.seed_policy is None:
        return []
    permitted: Mapping[str, tuple[str, ...]] = job.permitted or {}
    most = {cell.grade_id: cell.points for cell in job.version.cells if cell.grade_id in permitted}
    return [
        cell
        for cell, score in outcome.scores.items()
        if score is not None
        and TRAINED in permitted.get(cell, ())
        and (1 - job.seed_policy.margin) * most[cell] <= score < most[cell]
    ]


def _scores(cell: str, outcomes: Sequence[Outcome], policy: SeedPolicy) -> SeedScores:
    models = [one.run.models.get(cell) for one in outcomes]
    scores = tuple(one.scores.get(cell) or 0.0 for one in outcomes)
    average = round(mean(scores), 2)
    counts = average if policy.may_lower else max(scores[0], average)
    return SeedScores(scores, tuple(model.accuracy if model else None for model in models), counts)
