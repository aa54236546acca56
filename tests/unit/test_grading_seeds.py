"""Which tests are just short of their points, and what counts of several seeds."""

from dataclasses import replace

import pytest

from autograder.examiner.model_insight import ModelInsight
from autograder.grading.job import GradingJob, GradingRun, Outcome, SeedPolicy, Status
from autograder.grading.seeds import further_jobs, merged
from autograder.grading.trainer_link import TRAINED
from autograder.notebooks.instructor import InstructorCell, Version
from autograder.reports.trained_models import seed_words
from autograder.training.settings import Trainer, TrainerSettings, WeightsPolicy

CELLS = tuple(
    InstructorCell(name, "code", "", "", grade=True, locked=True, points=20.0)
    for name in ("test_shape", "test_accuracy")
)
SETTINGS = TrainerSettings(7, Trainer().budget(), WeightsPolicy.FLAG, "")
POLICY = SeedPolicy(2, 0.1, may_lower=False)
JOB = GradingJob(
    *("ada", "ps1", "p1", {}, Version("ps1", "p1", CELLS)),
    trainer=SETTINGS,
    permitted={"test_accuracy": (TRAINED,), "test_shape": ()},
    seed_policy=POLICY,
)


def outcome(accuracy: float, shape: float = 20.0, status: Status = Status.GRADED) -> Outcome:
    insight = ModelInsight("model", (), 1, rows=10_000, accuracy=accuracy / 20)
    run = GradingRun(models={"test_accuracy": insight})
    return Outcome(status, scores={"test_accuracy": accuracy, "test_shape": shape}, run=run)


def test_what_is_just_short_of_its_points_is_trained_with_the_next_seeds() -> None:
    found = further_jobs(JOB, outcome(18.0))
    assert [job.trainer and job.trainer.seed for job in found] == [8, 9]
    assert [replace(job, trainer=SETTINGS, seed_policy=POLICY) for job in found] == [JOB, JOB]
    assert further_jobs(found[0], outcome(18.0)) == []


@pytest.mark.parametrize(
    ("job", "first"),
    [
        (JOB, outcome(20.0)),
        (JOB, outcome(17.9)),
        (JOB, outcome(20.0, shape=19.0)),
        (JOB, outcome(19.0, status=Status.FAULT)),
        (replace(JOB, seed_policy=None), outcome(19.0)),
        (replace(JOB, trainer=None), outcome(19.0)),
        (replace(JOB, permitted=None), outcome(19.0)),
    ],
    ids=["all points", "too few", "not of a trained model", "fault", "off", "no trainer", "rehearsal"],
)
def test_nothing_else_is(job: GradingJob, first: Outcome) -> None:
    assert further_jobs(job, first) == []


@pytest.mark.parametrize(
    ("others", "may_lower", "counts"),
    [((19.0, 20.0), False, 19.0), ((17.0, 16.0), False, 18.0), ((17.0, 16.0), True, 17.0)],
    ids=["better", "worse", "worse-counts"],
)
def test_the_mean_counts_where_it_is_better_or_may_lower(
    others: tuple[float, float], may_lower: bool, counts: float
) -> None:
    job = replace(JOB, seed_policy=replace(POLICY, may_lower=may_lower))
    found = merged(job, outcome(18.0, shape=3.0), [outcome(one, shape=20.0) for one in others])
    assert found.scores == {"test_accuracy": counts, "test_shape": 3.0}
    seeds = found.run.seeds["test_accuracy"]
    assert (seeds.scores, seeds.counts) == ((18.0, *others), counts)
    assert seeds.accuracies == (0.9, *(one / 20 for one in others))
    words = seed_words(seeds, 10_000)
    assert f"You get {counts:.2f}." in words
    assert "3 different seeds" in words


def test_a_test_that_another_seed_fails_is_worth_nothing_there() -> None:
    failed = replace(outcome(0.0), scores={"test_accuracy": None})
    found = merged(JOB, outcome(18.0), [failed, outcome(20.0)])
    assert found.run.seeds["test_accuracy"].scores == (18.0, 0.0, 20.0)
    assert found.scores["test_accuracy"] == 18.0


def test_the_words_say_how_far_seeds_and_test_images_scatter() -> None:
    found = merged(JOB, outcome(18.0), [outcome(18.4), outcome(18.8)])
    words = seed_words(found.run.seeds["test_accuracy"], 10_000)
    assert "0.9000, 0.9200, 0.9400, on average 0.9200 ± 0.0200 (standard deviation)" in words
    assert "10,000 of them, would change it by about ± 0.0027" in words


def test_a_fault_with_another_seed_is_no_grade() -> None:
    fault = Outcome(Status.FAULT, "the disk is full")
    assert merged(JOB, outcome(18.0), [outcome(19.0), fault]) == fault
